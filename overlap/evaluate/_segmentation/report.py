"""The report on segmentation: means, failures, worst cases and their pictures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap._common.frames import frame
from overlap.evaluate.numbers import Number
from overlap.evaluate.page import Section
from overlap.evaluate.report import Report
from overlap.io.name_match import closest

from .cases import Failed
from .evidence import SegmentationEvidence

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SegmentationReport"]

_WORST = 10  # rows of the page
_FAILURES = "Cases that could not be evaluated"
_EMPTY = {
    "both": "both empty",
    "truth": "truth empty",
    "found": "nothing found",
    "failed": "could not be evaluated",
}
_TOUCHED = {
    "both": "with both sides empty",
    "truth": "with an empty truth",
    "found": "with nothing found",
    "undefined": "undefined",
}


@dataclass(frozen=True, eq=False, repr=False)
class SegmentationReport(Report):
    """A `Report` on segmentation, with failures, worst cases and strata.

    Parameters
    ----------
    numbers, table_rows, settings, sentence, evidence
        As in `Report`.
    """

    evidence: SegmentationEvidence = field(repr=False)

    @property
    def failed(self) -> tuple[Failed, ...]:
        """Cases that could not be evaluated."""
        return self.evidence.failed

    @property
    def strata(self) -> Mapping[str, Mapping[str, str]]:
        """Levels of each case by column."""
        return self.evidence.cohort.strata

    @cached_property
    def failures(self) -> pd.DataFrame:
        """Cases that could not be evaluated: columns case, reason and counts, how they count."""
        return frame(self.settings["failures"], columns=["case", "reason", "counts"])

    def worst_rows(self, metric: str | None = None, n: int | None = 10) -> list[dict[str, Any]]:
        """Return the rows of the table with the worst values of a metric, the worst first.

        Parameters
        ----------
        metric : str, optional
            By default the report's first.
        n : int, optional
            How many; None for all.

        Raises
        ------
        ValueError
            There is no such metric, or no value of it is better than another.
        """
        known = {entry.name: entry for entry in self.evidence.metrics}
        metric = self.evidence.metrics[0].name if metric is None else metric
        if metric not in known:
            raise ValueError(
                f"there is no metric {metric!r}{closest(metric, known)}; there are "
                f"{', '.join(known)}"
            )
        rows = [row for row in self.rows() if row["metric"] == metric]
        badness = known[metric].badness(np.array([row["value"] for row in rows], np.float64))
        # undefined values are neither good nor bad: they come last
        order = np.argsort(np.where(np.isnan(badness), np.inf, -badness), kind="stable")
        return [rows[k] for k in order[:n].tolist()]

    def worst(self, metric: str | None = None, n: int | None = 10) -> pd.DataFrame:
        """Return the rows of the table with the worst values of a metric, the worst first.

        Parameters
        ----------
        metric, n
            As in `worst_rows`.
        """
        return frame(self.worst_rows(metric, n), columns=list(self.table.columns))

    def strata_rows(self) -> list[dict[str, Any]]:
        """Return the means of every metric by stratum.

        Returns
        -------
        list of dict
            stratum (a column of the strata), level, metric, label (``""`` for the mean over
            labels), value, and n: the cases of the level that have a value.
        """
        levels: dict[tuple[str, str], list[int]] = {}
        for k, case in enumerate(self.evidence.items):
            for column, level in self.strata.get(case, {}).items():
                levels.setdefault((column, level), []).append(k)
        columns = list(dict.fromkeys(column for column, _ in levels))
        keys = sorted(levels, key=lambda key: (columns.index(key[0]), key[1]))
        weights = np.zeros((len(keys), len(self.evidence.items)))
        for row, key in enumerate(keys):
            weights[row, levels[key]] = 1.0
        means, counts = self.evidence.means(weights), self.evidence.denominators(weights)
        rows = []
        for row, (stratum, level) in enumerate(keys):
            for m, metric in enumerate(self.evidence.metrics):
                for k, label in enumerate(("", *self.evidence.groups)):
                    value, n = float(means[row, m, k]), int(counts[row, m, k])
                    rows.append({"stratum": stratum, "level": level, "metric": metric.name,
                                 "label": label, "value": value, "n": n})  # fmt: skip
        return rows

    @cached_property
    def by_stratum(self) -> pd.DataFrame:
        """Means of every metric by stratum; see `strata_rows`."""
        return frame(self.strata_rows())

    def picture(
        self,
        path: str | Path | None = None,
        *,
        metric: str | None = None,
        case: str | None = None,
        label: str | None = None,
        images: Any = None,
    ) -> Any:
        """Draw the slice with the largest wrong area of a case: contours and errors.

        Parameters
        ----------
        path : str or Path, optional
            File to write, all or nothing; the suffix is the format.
        metric : str, optional
            Metric of the worst case, unless `case` and `label` choose one; by default the report's
            first.
        case, label : str, optional
            Names in the table.
        images : path or mapping, optional
            Images that were segmented, for the background: a folder with one file per case, a
            path with ``*`` (see `overlap.io.folders.find_image`), or a mapping from case to file
            or array.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        ValueError
            There is no such row, or the volumes have changed.
        """
        from .picture import draw_case

        lost = [failure.case for failure in self.evidence.lost]
        if case in lost:
            raise ValueError(f"{case}: could not be evaluated, so that there is nothing to draw")
        for row in self.worst_rows(metric, None):
            wanted = case in (None, row["case"]) and label in (None, row["label"])
            if wanted and row["case"] not in lost:
                return draw_case(self.evidence, row, images, path)
        raise ValueError(
            f"there is no row of case {case!r} and label {label!r}; cases are "
            f"{', '.join(self.evidence.items[:5])} ..., labels {', '.join(self.evidence.groups)}"
        )

    def draw(self, path: str | Path | None, ax: Any, **options: Any) -> Any:
        """Draw the values of every case; see `plot`."""
        from overlap.plot import draw_values

        return draw_values(self, path=path, ax=ax, **options)

    def headline(self) -> str:
        """Return the first metric and the number of cases."""
        first = self.numbers[0]
        worst, out = len(self.evidence.lost), len(self.failed) - len(self.evidence.lost)
        words = [_counted(len(self.evidence.items), "case")]
        if worst:
            words.append(f"{worst} of them failed and count{'s' * (worst == 1)} as the worst")
        if out:
            words.append(f"{out} more failed and {'is' if out == 1 else 'are'} left out")
        return f"segmentation: {first.name} {_text(first.value)} ({', '.join(words)})"

    def sections(self) -> list[Section]:
        """Return means by label, the worst rows, then strata and failures where there are any."""
        parts = self._labels(), self._worst(), self._strata(), self._failures()
        return [section for section in parts if section.rows]

    def brief(self) -> list[Section]:
        """Return the tables of the screen, on which failures stand apart, then counts."""
        settings = self.settings
        counts = f"{_counted(settings['truth']['cases'], 'case')}, " + _counted(
            len(settings["labels"]), "label"
        )
        if self.failed:
            worst, out = len(self.evidence.lost), len(self.failed) - len(self.evidence.lost)
            fates = [f"{worst} as the worst"] * (worst > 0) + [f"{out} left out"] * (out > 0)
            counts += f"; {len(self.failed)} could not be evaluated: {', '.join(fates)}"
        policy = f"policy {settings['empty']['name']}"
        name, touched = next(iter(settings["touched"].items()))
        answered = [f"{touched[key]} {words}" for key, words in _TOUCHED.items() if touched[key]]
        if answered:
            policy += f"; of {name}: {', '.join(answered)}"
        facts = [[role, settings[role]["source"]] for role in ("truth", "found")]
        facts += [["counts", counts], ["empty sets", policy]]
        tables = [section for section in self.sections() if section.title != _FAILURES]
        return [*tables, Section("", (), facts)]

    def _labels(self) -> Section:
        """Return the means of every label, and over labels, with their intervals."""
        metrics = [metric.name for metric in self.evidence.metrics]
        means = {
            (number.metric, number.where.get("label")): number
            for number in self.numbers
            if number.n is not None
        }
        columns = ["label", "cases"]
        for name in metrics:
            unit = means[name, None].unit
            columns.append(name if unit == "1" else f"{name}, {unit}")
        rows = []
        for label in (*self.evidence.groups, None):
            row = [means[name, label] for name in metrics]
            cells = _with_counts([_mean(x) for x in row], [int(x.n or 0) for x in row])
            rows.append(["mean over labels" if label is None else label, *cells])
        title = "Means over cases"
        if self.evidence.lost:
            title += ", failed ones as the worst"
        if self.intervals:
            title += f", with {100 * self.intervals[0].level:g} % intervals"
        return Section(title, columns, rows)

    def _worst(self) -> Section:
        """Return the worst rows of the first metric with a better direction."""
        metric = next((entry.name for entry in self.evidence.metrics if entry.better), None)
        if metric is None:
            return Section("", (), ())
        rows = [
            [row["case"], row["label"], _text(row["value"]), _EMPTY.get(row["empty"], row["empty"])]
            for row in self.worst_rows(metric, _WORST)
        ]
        return Section(f"Worst first, by {metric}", ("case", "label", metric, ""), rows)

    def _strata(self) -> Section:
        """Return the mean over labels of every metric by stratum."""
        lines: dict[tuple[str, str], tuple[list[str], list[int]]] = {}
        for row in self.strata_rows():
            if not row["label"]:
                cells, counts = lines.setdefault((row["stratum"], row["level"]), ([], []))
                cells.append(_text(row["value"]))
                counts.append(row["n"])
        names = [metric.name for metric in self.evidence.metrics]
        rows = [[*key, *_with_counts(*line)] for key, line in lines.items()]
        columns = ("stratum", "level", "cases", *names)
        return Section("Strata, means over labels", columns, rows, keys=3)

    def _failures(self) -> Section:
        """Return the cases that could not be evaluated."""
        rows = [list(failure.values()) for failure in self.settings["failures"]]
        return Section(_FAILURES, ("case", "reason", "counts as"), rows)


def _counted(count: int, word: str) -> str:
    return f"{count} {word}{'s' * (count != 1)}"


def _text(value: float) -> str:
    """Write a value with as many digits as are read."""
    if math.isnan(value):
        return "undefined"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    size = abs(value)
    return f"{value:.{4 if size < 10.0 else 2 if size < 1000.0 else 0}f}"


def _mean(number: Number) -> str:
    """Write a number with its interval."""
    ends = number.interval
    if ends is None or math.isnan(ends.low):
        return _text(number.value)
    return f"{_text(number.value)} ({_text(ends.low)} to {_text(ends.high)})"


def _with_counts(cells: Sequence[str], counts: Sequence[int]) -> list[str]:
    """Return the usual number of cases, then the cells; those of other numbers say theirs."""
    usual = max(set(counts), key=lambda count: (counts.count(count), count))
    own = [
        cell if count == usual else f"{cell} [{_counted(count, 'case')}]"
        for cell, count in zip(cells, counts, strict=True)
    ]
    return [str(usual), *own]
