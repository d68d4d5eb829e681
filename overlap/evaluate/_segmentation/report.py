"""The report on segmentation: means, failures, worst cases and their pictures."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap._common.frames import frame
from overlap.evaluate.number_texts import interval_text
from overlap.evaluate.page import Picture, Result, Section, title_of
from overlap.evaluate.report import Report
from overlap.io.name_match import closest
from overlap.io.printable import number_of

from .cases import Failed
from .evidence import SegmentationEvidence
from .glossary import terms_of
from .metrics import Metric
from .tables import (
    case_table,
    failure_table,
    label_table,
    large_text,
    ranking_metric,
    spread_table,
    stratum_table,
    value_text,
    with_unit,
    worst_table,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SegmentationReport"]

_WORST = 10  # rows of the screen
_LISTED = 30  # rows of the page
_RESULTS = 4  # metrics at its head
_SOURCELESS = re.compile(r"(an array|a mapping|a list) \(\w+\)|added case by case")
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
    numbers, table_rows, settings, sentence, evidence, recipe
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
        if n is not None and (not isinstance(n, int | np.integer) or n < 0):
            raise ValueError(f"n = {n!r}: wanted a whole number of rows, or None for all")
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
        """Draw the planes through the worst place of a case: outlines and errors.

        Slices are those of the voxels. Where the volumes say how they lie, they are shown as
        radiologists read them, with letters: the patient's right is on the left.

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
        """Return the first metric, its labels and cases, and the fate of failed ones."""
        first = self.numbers[0]
        labels = number_of(len(self.evidence.groups), "label")
        cases = number_of(len(self.evidence.items), "case")
        words = [f"{first.name} {value_text(first.value)} over {labels} and {cases}"]
        worst, out = len(self.evidence.lost), len(self.failed) - len(self.evidence.lost)
        total = number_of(len(self.evidence.cases) + len(self.failed), "case")
        if worst:
            words.append(f"{worst:,} of {total} failed and count{'s' * (worst == 1)} as the worst")
        if out:
            fate = f"failed and {'is' if out == 1 else 'are'} left out"
            words.append(f"{out:,} more {fate}" if worst else f"{out:,} of {total} {fate}")
        return "; ".join(words)

    def title(self) -> str:
        """Return the names of both inputs; the sides themselves where they have none."""
        settings = {
            role: {} if _SOURCELESS.fullmatch(self.settings[role]["source"]) else
            self.settings[role]
            for role in ("found", "truth")
        }  # fmt: skip
        return title_of(settings["found"], settings["truth"])

    def results(self) -> list[Result]:
        """Return the means over labels of the first metrics that can be better or worse."""
        whole = {number.metric: number for number in self.numbers if number.n is not None
                 and not number.where}  # fmt: skip
        metrics = [metric for metric in self.evidence.metrics if metric.better]
        labels = len(self.evidence.groups)
        results = []
        for metric in (metrics or list(self.evidence.metrics))[:_RESULTS]:
            number = whole[metric.name]
            used = self.evidence.used[self.evidence.metrics.index(metric)]
            known = int((~np.isnan(used)).sum())
            count = f"{number_of(labels, 'label')} x {number_of(len(used), 'case')}"
            if known != used.size:
                count += f", {known:,} of {used.size:,} values"
            words = filter(None, [interval_text(number.interval, value_text), count])
            results.append(
                Result(number.name, large_text(number.value, number.unit), "; ".join(words))
            )
        return results

    def terms(self) -> Mapping[str, str]:
        """Return definitions of metrics, columns and other words."""
        return terms_of(self.evidence, self.settings)

    def pictures(self) -> list[Picture]:
        """Return one picture per metric: the values of all cases, label by label."""
        from overlap.plot import draw_values

        if not self.evidence.groups:
            return []
        pictures = []
        for metric, values in zip(self.evidence.metrics, self.evidence.values, strict=True):
            absent = int((~np.isfinite(values)).sum())
            note = f"{number_of(absent, 'value')} undefined or infinite, not drawn." * bool(absent)
            draw = partial(draw_values, self, metric=metric.name, width=4.6, titled=False)
            pictures.append(Picture(self._headed(metric), draw, self._seen(metric), note))
        return pictures

    def _headed(self, metric: Metric) -> str:
        return with_unit(metric.name, self.evidence.unit_of(metric))

    def _seen(self, metric: Metric) -> str:
        """Describe the picture of a metric: its means, or the ends of many."""
        means = [(number.value, number.where["label"]) for number in self.numbers
                 if number.metric == metric.name and number.n is not None and number.where
                 and not math.isnan(number.value)]  # fmt: skip
        told = means if len(means) <= 6 else [min(means), max(means)]
        words = ", ".join(f"{label} {value_text(value)}" for value, label in told)
        many = f" from {min(means)[1]} to {max(means)[1]}" if told != means else ""
        return (
            f"{self._headed(metric)} of {number_of(len(self.evidence.items), 'case')} for "
            f"{number_of(len(self.evidence.groups), 'label')}; means{many}: {words or 'none'}."
        )

    def sections(self) -> list[Section]:
        """Return means by label, the worst rows, then strata and failures where there are any."""
        metric = ranking_metric(self.evidence.metrics)
        parts = [label_table(self.evidence, self.numbers)]
        if metric is not None:
            parts.append(worst_table(self.worst_rows(metric.name, _WORST), metric))
        parts.append(stratum_table(self.strata_rows(), self.evidence.metrics))
        parts.append(failure_table(self.settings["failures"], None))
        return [section for section in parts if section.rows]

    def content(self, *, worst: int = 4, images: Any = None) -> list[Section | Picture]:
        """Return the tables and pictures of the page.

        Parameters
        ----------
        worst, images
            As in `to_html`.
        """
        from .picture import worst_pictures

        parts: list[Section | Picture] = [failure_table(self.settings["failures"])]
        parts += [label_table(self.evidence, self.numbers), *self.pictures()]
        keys: dict[tuple[str, str], str] = {}
        metric = ranking_metric(self.evidence.metrics)
        if metric is not None:
            lost = {failure.case for failure in self.evidence.lost}
            # failed cases are a table of their own, and would fill this one
            rows = [row for row in self.worst_rows(metric.name, None) if row["case"] not in lost]
            drawn = (row for row in rows if row["value"] != metric.best)
            pictures, keys, missing = worst_pictures(self.evidence, drawn, images, worst)
            parts += [self._ranked(rows, metric, keys, missing), *pictures]
        if len(self.evidence.groups) > 1 and len(self.evidence.items) > 1:
            cases = case_table(self.evidence)
            first = {case: key for (case, _), key in reversed(keys.items())}
            parts.append(replace(cases, links=[first.get(row[0], "") for row in cases.rows]))
        parts.append(stratum_table(self.strata_rows(), self.evidence.metrics))
        if len(self.evidence.items) > 1:
            parts.append(spread_table(self.evidence))
        return [part for part in parts if isinstance(part, Picture) or part.rows]

    def _ranked(
        self,
        rows: Sequence[Mapping[str, Any]],
        metric: Metric,
        keys: Mapping[tuple[str, str], str],
        missing: Sequence[str],
    ) -> Section:
        """Return the worst rows with all metrics side by side, linked to their pictures."""
        shown = rows[:_LISTED]
        wanted = {(row["case"], row["label"]) for row in shown}
        cells: dict[tuple[str, str], list[str]] = {key: [] for key in wanted}
        for row in self.table_rows:
            if (row["case"], row["label"]) in wanted:
                cells[row["case"], row["label"]].append(value_text(row["value"]))
        names = [self._headed(metric) for metric in self.evidence.metrics]
        words = [f"The worst {len(shown):,} of {number_of(len(rows), 'row')}."] * (
            len(shown) < len(rows)
        )
        words += ["Linked cases have pictures below."] * bool(keys)
        links = [keys.get((row["case"], row["label"]), "") for row in shown]
        table = worst_table(shown, metric, cells, names)
        return replace(table, links=links, note=" ".join([*words, *missing]), words=(1,))

    def to_html(self, path: str | Path | None = None, *, worst: int = 4, images: Any = None) -> str:
        """Return the report as one HTML page with its pictures; with `path`, write it there.

        Parameters
        ----------
        path : str or Path, optional
        worst : int
            Number of the worst rows that are drawn as pictures, from their volumes. Where these
            cannot be read any more, the page says why.
        images : path or mapping, optional
            Images that were segmented, for their background; as in `picture`.

        Raises
        ------
        ImportError
            jinja2 is not installed.
        """
        return self._page_of(self.content(worst=worst, images=images), path)

    def brief(self) -> list[Section]:
        """Return the tables of the screen, on which failures stand apart, then counts."""
        settings = self.settings
        counts = f"{number_of(settings['truth']['cases'], 'case')}, " + number_of(
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
        failures = failure_table(settings["failures"]).title
        tables = [section for section in self.sections() if section.title != failures]
        return [*tables, Section("", (), facts)]
