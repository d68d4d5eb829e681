"""Why two numbers differ: a walk from one set of rules to another, a field at a time."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from overlap._common.frames import frame
from overlap._common.values import ByValue
from overlap.evaluate.page import Page, Picture, Result, Section
from overlap.evaluate.report import Report, csv_text, json_text, plain
from overlap.evaluate.runner import run
from overlap.evaluate.thresholds import threshold_values
from overlap.io import write_text
from overlap.io.name_match import closest

from .digests import same_input
from .every import SeveralProtocols
from .protocol import Protocol
from .task import TemporalTask

if TYPE_CHECKING:
    import pandas as pd

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
                str(row["before"]),
                str(row["after"]),
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
        Reports of `temporal`.
    metric : str, optional
        A name that both summaries have; by default the first of `a`.
    names : sequence of str
        Two names for the page.

    Returns
    -------
    Explanation
        Steps in the order of the protocol's fields, then subset, ties and labels, all on the
        input of `a`; last, if the inputs differ, that of `a` is exchanged for that of `b`. The
        changes add up to the gap. How much each field gets depends on this order where fields
        interact.

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
    inputs, ends, own = [], [], metric
    for name, report in (("a", a), ("b", b)):
        if metric not in dict(report.items):
            raise ValueError(
                f"explain: report {name} has no metric {metric!r}"
                f"{closest(metric, dict(report.items))}; it has {', '.join(dict(report.items))}"
            )
        if isinstance(report.evidence, SeveralProtocols):
            report, own = report.evidence.part(metric)
        kept = getattr(report.evidence, "inputs", None)
        if kept is None:
            raise ValueError(
                f"explain: report {name} cannot be computed again; make it with "
                "overlap.evaluate.temporal"
            )
        inputs.append(kept)
        ends.append(dict(report.items)[own])
    first, last = inputs
    current = dict(first)
    value = ends[0]
    rows = [{"field": "(a)", "before": "", "after": first["protocol"].name, metric: value}]
    rows[0]["change"] = 0.0
    goal: Protocol = last["protocol"]
    for field in (f.name for f in dataclasses.fields(Protocol)):
        protocol: Protocol = current["protocol"]
        before, after = getattr(protocol, field), getattr(goal, field)
        if field in ("name", "description") or before == after:
            continue
        current["protocol"] = dataclasses.replace(protocol, **{field: after})
        if field == "thresholds" and threshold_values(before) != threshold_values(after):
            before, after = threshold_values(before), threshold_values(after)
        value = _step(rows, field, before, after, current, (metric, own), value)
    roles = ("truth", "found", "ambiguous")
    changed = [role for role in roles if not same_input(first.get(role), last.get(role))]
    # the subset of another truth is part of that input
    for option in ("subset", "ties", "labels") if "truth" not in changed else ("ties", "labels"):
        if first[option] != last[option]:
            before, current[option] = current[option], last[option]
            value = _step(rows, option, before, last[option], current, (metric, own), value)
    if changed:
        rows.append(
            {
                "field": "input",
                "before": ", ".join(_source(first, role) for role in changed),
                "after": ", ".join(_source(last, role) for role in changed),
                metric: ends[1],
                "change": ends[1] - value,
            }
        )
    return Explanation(metric, tuple(rows), (str(names[0]), str(names[1])))


def _source(inputs: dict[str, Any], role: str) -> str:
    if inputs.get(role) is None:
        return "none"
    subset = inputs["subset"] if role == "truth" else None
    return f"{inputs[role].source}" + (f" (subset {subset})" if subset is not None else "")


def _step(
    rows: list[dict[str, Any]],
    field: str,
    before: Any,
    after: Any,
    options: dict[str, Any],
    metric: tuple[str, str],
    value: float,
) -> float:
    rules = {name: options[name] for name in ("protocol", "ties", "labels", "subset", "reading")}
    roles = ["truth", "found"]
    if options["protocol"].ambiguous_rows == "ignore" and "ambiguous" in options:
        roles.append("ambiguous")
    tables = {role: options[role] for role in roles}
    shown, own = metric
    result = dict(run(TemporalTask(**rules), tables, progress=False).items)
    if own not in result:
        raise ValueError(f"explain: {shown!r} is undefined once {field} is {after!r}")
    rows.append(
        {
            "field": field,
            "before": before,
            "after": after,
            shown: result[own],
            "change": result[own] - value,
        }
    )
    return result[own]
