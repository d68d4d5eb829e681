"""Paired comparison of reports on the same items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .bootstrap import Seed, draw_weights, resampled_interval
from .report import Report

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Comparison", "compare"]


@dataclass(frozen=True, eq=False)
class Comparison:
    """Reports ranked by one number, with paired bootstrap intervals.

    Attributes
    ----------
    metric : str
        The number compared.
    table_rows : tuple of dict
        One row per report, best first.
    pair_rows : tuple of dict
        One row per pair of reports, the better one first.
    settings : dict
        How it was done.
    """

    metric: str
    table_rows: tuple[dict[str, Any], ...]
    pair_rows: tuple[dict[str, Any], ...]
    settings: dict[str, Any]

    @cached_property
    def table(self) -> pd.DataFrame:
        """Rank, name, number, its interval, and how often the report is the best."""
        import pandas as pd

        return pd.DataFrame(list(self.table_rows))

    @cached_property
    def pairs(self) -> pd.DataFrame:
        """Difference of each pair, its interval, and how often it has this sign."""
        import pandas as pd

        return pd.DataFrame(list(self.pair_rows))

    def rows(self) -> list[dict[str, Any]]:
        """Return the rows of the table."""
        return [dict(row) for row in self.table_rows]


def compare(
    *reports: Report,
    names: Sequence[str] | None = None,
    metric: str | None = None,
    resamples: int = 1000,
    confidence_level: float = 0.95,
    rng: Seed = 0,
) -> Comparison:
    """Rank reports on the same items; each draw of items is used for all of them.

    Parameters
    ----------
    *reports : Report
        Two or more, whose truths are of the same items.
    names : sequence of str, optional
        Their names; by default the sources of the predictions.
    metric : str, optional
        A name of the summaries; by default the first.
    resamples : int
        Number of draws.
    confidence_level : float
        In (0, 1).
    rng : int, Generator, SeedSequence or None
        Source of randomness.

    Returns
    -------
    Comparison
        Differences are between the better and the worse report; percentile intervals of
        them over items. Variation that both share cancels.

    Raises
    ------
    ValueError
        If there are fewer than two reports, their items differ, or one lacks the metric.

    Examples
    --------
    >>> import pandas as pd
    >>> from overlap import evaluate
    >>> truth = pd.DataFrame(
    ...     {"video": list("abc"), "label": "jump", "start": 0.0, "stop": [4.0, 5.0, 6.0]}
    ... )
    >>> good = evaluate.temporal(truth=truth, found=truth.assign(score=0.9))
    >>> poor = evaluate.temporal(truth=truth, found=truth.assign(score=0.9, stop=4.0))
    >>> evaluate.compare(poor, good, names=["poor", "good"]).table["name"].tolist()
    ['good', 'poor']
    """
    if len(reports) < 2:
        raise ValueError(f"compare: got {len(reports)} report; give at least two")
    if names is None:
        names = [str(report.settings.get("found", {}).get("source", "")) for report in reports]
        if len(set(names)) < len(names):
            names = [f"{k + 1}: {name}" for k, name in enumerate(names)]
    if len(names) != len(reports) or len(set(names)) < len(names):
        raise ValueError(f"compare: names {list(names)} must be {len(reports)} different names")
    metric = reports[0].items[0][0] if metric is None else metric
    _check(reports, names, metric)
    items = sorted({item for report in reports for item in report.evidence.items})
    place = {item: k for k, item in enumerate(items)}
    weights = draw_weights(len(items), resamples, rng)
    draws = np.stack(
        [
            report.evidence.statistics(weights[:, [place[i] for i in report.evidence.items]])[
                metric
            ]
            for report in reports
        ]
    )
    values = np.array([dict(report.items)[metric] for report in reports])
    order = np.argsort(-values, kind="stable")
    best = np.argmax(np.where(np.isnan(draws), -np.inf, draws), axis=0)
    table = []
    for rank, k in enumerate(order.tolist()):
        interval = resampled_interval(
            metric, float(values[k]), draws[k], confidence_level=confidence_level
        )
        table.append(
            {
                "rank": rank + 1,
                "name": names[k],
                metric: float(values[k]),
                "low": interval.low,
                "high": interval.high,
                "best_in": float(np.mean(best == k)),
            }
        )
    settings = {
        "metric": metric,
        "method": "paired percentile bootstrap over items",
        "resamples": resamples,
        "confidence_level": confidence_level,
        "items": len(items),
    }
    pairs = _pairs(names, values, draws, order, confidence_level)
    return Comparison(metric, tuple(table), tuple(pairs), settings)


def _pairs(
    names: Sequence[str],
    values: NDArray[np.float64],
    draws: NDArray[np.float64],
    order: NDArray[np.int64],
    level: float,
) -> list[dict[str, Any]]:
    result = []
    for x, k in enumerate(order.tolist()):
        for j in order[x + 1 :].tolist():
            change = draws[k] - draws[j]
            interval = resampled_interval(
                "difference", float(values[k] - values[j]), change, confidence_level=level
            )
            result.append(
                {
                    "better": names[k],
                    "worse": names[j],
                    "difference": interval.estimate,
                    "low": interval.low,
                    "high": interval.high,
                    "better_in": float(np.mean(change > 0)),
                }
            )
    return result


def _check(reports: Sequence[Report], names: Sequence[str], metric: str) -> None:
    for report, name in zip(reports, names, strict=True):
        known = report.evidence.statistics(np.ones((1, len(report.evidence.items))))
        if metric not in known:
            raise ValueError(
                f"compare: report {name!r} has no metric {metric!r}; it has {', '.join(known)}"
            )
    first = set(reports[0].evidence.annotated())
    for report, name in zip(reports[1:], names[1:], strict=True):
        odd = sorted(first ^ set(report.evidence.annotated()))
        if odd:
            raise ValueError(
                f"compare: reports {names[0]!r} and {name!r} are not on the same truth: "
                f"{len(odd)} items are in one of them only (first: {odd[0]!r})"
            )
