"""A report on segmentation: it knows its failures, its worst cases and their pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap.evaluate.report import Report
from overlap.io.name_match import closest

from .cases import Failed
from .evidence import SegmentationEvidence

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SegmentationReport"]


@dataclass(frozen=True, eq=False, repr=False)
class SegmentationReport(Report):
    """A `Report` on segmentation.

    Parameters
    ----------
    items, table_rows, settings, sentence, evidence, intervals
        As in `Report`.
    failed : tuple of Failed
        Cases that could not be evaluated.
    strata : mapping
        What is known of the cases besides, by case and column.
    """

    evidence: SegmentationEvidence = field(repr=False)
    failed: tuple[Failed, ...] = ()
    strata: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @cached_property
    def failures(self) -> pd.DataFrame:
        """Cases that could not be evaluated: columns case, reason and counts, how they count."""
        import pandas as pd

        return pd.DataFrame(self.settings["failures"], columns=["case", "reason", "counts"])

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
        import pandas as pd

        return pd.DataFrame(self.worst_rows(metric, n), columns=list(self.table.columns))

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
        numbers, counts = self.evidence.statistics(weights), self.evidence.denominators(weights)
        rows = []
        for row, key in enumerate(keys):
            for metric in self.evidence.metrics:
                for label in ("", *self.evidence.groups):
                    name = f"{metric.name}[{label}]" if label else metric.name
                    rows.append(
                        {
                            "stratum": key[0],
                            "level": key[1],
                            "metric": metric.name,
                            "label": label,
                            "value": float(numbers[name][row]),
                            "n": int(counts[name][row]),
                        }
                    )
        return rows

    @cached_property
    def by_stratum(self) -> pd.DataFrame:
        """Means of every metric by stratum; see `strata_rows`."""
        import pandas as pd

        return pd.DataFrame(self.strata_rows())

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
            Whose worst case it is, unless `case` and `label` say which; by default the report's
            first.
        case, label : str, optional
            Names in the table.
        images : path or mapping, optional
            What was segmented, for the background: a folder with one file per case, a path with
            ``*`` (see `overlap.io.folders.find_image`), or a mapping from case to file or array.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        ValueError
            There is no such row, or the volumes have changed.
        """
        from .picture import draw_worst

        return draw_worst(self, path, metric=metric, case=case, label=label, images=images)
