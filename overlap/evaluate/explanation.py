"""Why two numbers differ: a walk from one set of rules to another, a field at a time."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from overlap._common.frames import frame
from overlap._common.values import ByValue, same
from overlap.io import write_text
from overlap.io.name_match import closest
from overlap.io.printable import brief

from .page import Page, Picture, Result, Section
from .protocol import Rules
from .recipe import Recipe
from .report import Report, csv_text, json_text, plain
from .several_reports import SeveralProtocols
from .thresholds import threshold_values

if TYPE_CHECKING:
    import pandas as pd

_LONGEST = 60  # characters of a value in the table of steps

__all__ = ["Explanation", "explain"]


@dataclass(frozen=True, eq=False)
class Explanation(ByValue):
    """The gap between two reports, split into steps that add up to it.

    Attributes
    ----------
    metric : str
        The number that is explained.
    step_rows : tuple of dict
        One per step: ``field``, ``before`` and ``after`` (its values), the number after
        the step, and its ``change``.
    names : tuple of str
        Names of both reports.
    """

    metric: str
    step_rows: tuple[dict[str, Any], ...]
    names: tuple[str, str] = ("a", "b")

    @cached_property
    def table(self) -> pd.DataFrame:
        """The steps as a DataFrame."""
        return frame(list(self.step_rows))

    def rows(self) -> list[dict[str, Any]]:
        """Return the steps."""
        return [dict(row) for row in self.step_rows]

    def to_json(self, path: str | Path | None = None) -> str:
        """Return metric and steps as JSON; with `path`, write it there (whole or not at all)."""
        return json_text(plain({"metric": self.metric, "table": self.step_rows}), path)

    def to_csv(self, path: str | Path | None = None) -> str:
        """Return the steps as CSV; with `path`, write them there (whole or not at all)."""
        return csv_text(self.step_rows, path)

    def to_html(self, path: str | Path | None = None) -> str:
        """Return the steps as one HTML page; with `path`, write it there.

        Raises
        ------
        ImportError
            jinja2 is not installed.
        """
        text = Page(
            kind=f"Why {self.metric} differs",
            title=f"From {self.names[0]} to {self.names[1]}",
            headline=self.headline(),
            results=self._results(),
            findings=(),
            content=[self.section(), self._picture()],
            notes=(),
            methods="The rules of the first report are exchanged for those of the second, one "
            "field at a time in the order of the table, and the number is computed again after "
            "each. The changes add up to the gap. Where fields interact, the share of each "
            "depends on this order.",
            terms=_TERMS | {f"{self.metric} %": "The number after the step."},
            rows=self.rows(),
            settings={"metric": self.metric, "reports": list(self.names)},
        ).html()
        if path is not None:
            write_text(path, text)
        return text

    def plot(self, path: str | Path | None = None) -> Any:
        """Draw the number after each step.

        Parameters
        ----------
        path : str or Path, optional
            File to write, all or nothing; the suffix is the format.

        Returns
        -------
        matplotlib.figure.Figure
        """
        from overlap.plot.figures import panel, save
        from overlap.plot.steps import draw_steps

        rows = self.step_rows
        figure = panel(
            partial(
                draw_steps,
                names=[self.names[0], *(str(row["field"]) for row in rows[1:])],
                values=[100 * row[self.metric] for row in rows],
                axis=f"{self.metric}, %",
            ),
            1.2 + 0.3 * len(rows),
        )
        save(figure, path)
        return figure

    def headline(self) -> str:
        """Return both numbers, and the field that changes most."""
        first, *steps = self.step_rows
        before, after = (100 * row[self.metric] for row in (first, self.step_rows[-1]))
        line = f"{self.metric} {before:.2f} % becomes {after:.2f} %"
        if not steps:
            return f"{line}: no rule and no input differs"
        most = max(steps, key=lambda row: abs(row["change"]))
        return f"{line}; {most['field']} changes most, by {100 * most['change']:+.2f} points"

    def section(self) -> Section:
        """Return the steps as a table."""
        rows = [
            [
                str(row["field"]),
                _cell(row["before"]),
                _cell(row["after"]),
                f"{100 * row[self.metric]:.2f}",
                f"{100 * row['change']:+.2f}",
            ]
            for row in self.step_rows
        ]
        return Section("Steps", ("field", "from", "to", f"{self.metric} %", "change"), rows, keys=1)

    def _results(self) -> list[Result]:
        first, last = self.step_rows[0][self.metric], self.step_rows[-1][self.metric]
        return [
            Result(self.names[0], f"{100 * first:.2f} %", self.metric),
            Result(self.names[1], f"{100 * last:.2f} %", self.metric),
            Result("gap", f"{100 * (last - first):+.2f}", "points, the sum of all changes"),
        ]

    def _picture(self) -> Picture:
        return Picture(
            "The number after each step",
            self.plot,
            "Bars from the number before a step to that after it: "
            + ", ".join(f"{row['field']} {100 * row['change']:+.2f}" for row in self.step_rows[1:]),
            "From top to bottom. A bar to the right raises the number, one to the left lowers it.",
        )


_TERMS = {
    "field": "Rule, or input, that is exchanged.",
    "from": "Its value in the first report.",
    "to": "Its value in the second report.",
    "change": "How much the step moves the number, in points (hundredths).",
    "gap": "Number of the second report minus that of the first.",
}


def _cell(value: Any) -> str:
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST // 2]} ... {text[-8:]}"


def explain(
    a: Report,
    b: Report,
    *,
    metric: str | None = None,
    names: Sequence[str] = ("a", "b"),
) -> Explanation:
    """Walk from the rules of one report to those of another, one field at a time.

    Parameters
    ----------
    a, b : Report
        Reports of `temporal`, or both of `detection`.
    metric : str, optional
        A name that both summaries have; by default the first of `a`. The AP of COCO's summary is
        the mAP of others, and AP50 is mAP@0.50.
    names : sequence of str
        Two names for the page.

    Returns
    -------
    Explanation
        Steps in the order of the protocol's fields, then options such as subset, ties and labels,
        all on the input of `a`; last, if the inputs differ, that of `a` is exchanged for that of
        `b`. The changes add up to the gap. How much each field gets depends on this order where
        fields interact. Fields that only make sense together are one step.

    Raises
    ------
    ValueError
        If a report cannot be computed again (it came from a study), or lacks the metric.

    Examples
    --------
    >>> import pandas as pd
    >>> from overlap import evaluate
    >>> truth = pd.DataFrame({"video": ["a"], "label": "jump", "start": [0.0], "stop": [4.0]})
    >>> found = truth.assign(stop=2.0, score=0.5)
    >>> a = evaluate.temporal(truth=truth, found=found, iou=0.5)
    >>> b = evaluate.temporal(truth=truth, found=found, iou=0.5, protocol="thumos14")
    >>> steps = evaluate.explain(a, b).table.set_index("field")["change"]
    >>> float(steps["comparison"])
    -1.0
    """
    if isinstance(names, str) or len(names) != 2:
        raise ValueError(f"explain: names = {names!r}; wanted two names")
    metric = a.items[0][0] if metric is None else metric
    walk = _Walk(metric, *(_end(report, name, metric) for report, name in ((a, "a"), (b, "b"))))
    return Explanation(metric, tuple(walk.steps()), (str(names[0]), str(names[1])))


@dataclass(frozen=True)
class _End:
    """A report at one end: what it was computed from, its number, and what it calls this."""

    recipe: Recipe
    own: str
    value: float


def _end(report: Report, name: str, metric: str) -> _End:
    own = metric
    if isinstance(report.evidence, SeveralProtocols):
        if metric not in dict(report.items):
            raise ValueError(_lacks(name, metric, dict(report.items)))
        report, own = report.evidence.part(metric)
    if report.recipe is None:
        if own not in dict(report.items):
            raise ValueError(_lacks(name, own, dict(report.items)))
        raise ValueError(
            f"explain: report {name} cannot be computed again; make it with "
            "overlap.evaluate.temporal or overlap.evaluate.detection, of files or tables"
        )
    known = {**report.recipe.aliases(dict(report.items)), **dict(report.items)}
    if own not in known:
        raise ValueError(_lacks(name, own, dict(report.items)))
    return _End(report.recipe, own, known[own])


def _lacks(name: str, metric: str, known: Mapping[str, float]) -> str:
    return (
        f"explain: report {name} has no metric {metric!r}{closest(metric, known)}; it has "
        f"{', '.join(known)}"
    )


def _plain(value: Any) -> Any:
    """Return a value as files can have it."""
    usual = str | int | float | list | tuple | dict | None
    return value if isinstance(value, usual) else str(value)


def _differ(a: Rules, b: Rules, name: str) -> bool:
    return bool(getattr(a, name) != getattr(b, name))


class _Walk:
    """The way from one recipe to another.

    Parameters
    ----------
    metric : str
        What the number is called.
    first, last : _End
    """

    def __init__(self, metric: str, first: _End, last: _End) -> None:
        if type(first.recipe.rules) is not type(last.recipe.rules):
            raise ValueError(
                "explain: the reports are of different kinds of evaluation, whose rules have no "
                "fields in common"
            )
        self.metric, self.first, self.last = metric, first, last
        self.rules, self.value = first.recipe.rules, first.value
        self.options = dict(first.recipe.options)
        start = {"field": "(a)", "before": "", "after": self.rules.name, metric: self.value}
        self.rows: list[dict[str, Any]] = [{**start, "change": 0.0}]

    def steps(self) -> list[dict[str, Any]]:
        """Return the rows of all steps."""
        first, last = self.first.recipe, self.last.recipe
        for fields in self._groups():
            self._exchange(fields)
        roles = dict.fromkeys((*first.inputs, *last.inputs))
        changed = [x for x in roles if not first.same(first.inputs.get(x), last.inputs.get(x))]
        for option, value in last.options.items():
            if first.part_of.get(option) in changed or same(self.options[option], value):
                continue
            before, self.options[option] = self.options[option], value
            self._add(option, before, value)
        if changed:
            before, after = (
                ", ".join(recipe.source(role) for role in changed) for recipe in (first, last)
            )
            self._append("input", before, after, self.last.value)
        return self.rows

    def _groups(self) -> list[tuple[str, ...]]:
        """Return the fields that differ, those that belong together in one step."""
        goal = self.last.recipe.rules
        skipped = ("name", "description")
        names = [entry.name for entry in dataclasses.fields(goal) if entry.name not in skipped]
        differ = [name for name in names if getattr(self.rules, name) != getattr(goal, name)]
        result, done = list[tuple[str, ...]](), set[str]()
        for name in differ:
            groups = (group for group in self.first.recipe.together if name in group)
            group = next(
                (group for group in groups if _differ(self.rules, goal, group[0])), (name,)
            )
            if name not in done:
                result.append(tuple(one for one in group if one in differ))
                done.update(group)
        return result

    def _exchange(self, fields: tuple[str, ...]) -> None:
        goal = self.last.recipe.rules
        pairs = [(getattr(self.rules, name), getattr(goal, name)) for name in fields]
        self.rules = dataclasses.replace(
            self.rules, **{name: after for name, (_, after) in zip(fields, pairs, strict=True)}
        )
        for k, (name, (before, after)) in enumerate(zip(fields, pairs, strict=True)):
            if name == "thresholds" and threshold_values(before) != threshold_values(after):
                pairs[k] = threshold_values(before), threshold_values(after)
        if len(fields) == 1:
            self._add(fields[0], *pairs[0])
        else:
            before, after = (
                "; ".join(brief(self.rules.shown(side))[1:-1] or "none" for side in sides)
                for sides in zip(*pairs, strict=True)
            )
            self._add(", ".join(fields), before, after)

    def _add(self, field: str, before: Any, after: Any) -> None:
        """Compute the number again after a step."""
        inputs, own = self.first.recipe.inputs, self.first.own
        known = dict(self.first.recipe.numbers(self.rules, self.options, inputs))
        known = {**self.first.recipe.aliases(known), **known}
        if own not in known:
            raise ValueError(f"explain: {self.metric!r} is undefined once {field} is {after!r}")
        self._append(field, before, after, known[own])

    def _append(self, field: str, before: Any, after: Any, value: float) -> None:
        row = {"field": field, "before": _plain(before), "after": _plain(after), self.metric: value}
        self.rows.append({**row, "change": value - self.value})
        self.value = value
