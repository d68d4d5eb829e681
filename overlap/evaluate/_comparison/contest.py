"""Who is ahead: one number per report with its draws, turned into rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap._common.values import ByValue
from overlap.evaluate.bootstrap import draw_weights, interval_notes, resampled_interval
from overlap.evaluate.numbers import Interval
from overlap.evaluate.report import Report
from overlap.io.name_match import closest

from .case_scores import CaseScores
from .places import kendall_tau, rank_shares, shared_ranks
from .significance import holm, signed_rank

__all__ = ["Contest"]


@dataclass(frozen=True, eq=False)
class Contest(ByValue):
    """Reports with one number each.

    Attributes
    ----------
    names : tuple of str
        The reports.
    metric : str
        What the numbers are.
    higher_is_better : bool
        Which end is rank 1.
    values : ndarray, dtype=float64, shape (K,)
        The numbers.
    draws : ndarray, dtype=float64, shape (K, B)
        The numbers in each draw of the items, the same draws for all.
    level : float
        Confidence level of intervals; tests are at 1 minus this.
    scores : CaseScores, optional
        Numbers per case; None where the number is not made of such.
    zero_method : str, optional
        Of the signed-rank test; None for no test.
    items : int, optional
        Number of items that were drawn, of numbers that are not made of cases.
    """

    names: tuple[str, ...]
    metric: str
    higher_is_better: bool
    values: NDArray[np.float64]
    draws: NDArray[np.float64]
    level: float
    scores: CaseScores | None = None
    zero_method: str | None = None
    items: int | None = None

    @classmethod
    def of_scores(cls, metric: str, scores: CaseScores, zero_method: str | None) -> Contest:
        """Return the contest of numbers per case."""
        return cls(
            scores.names,
            metric,
            scores.higher_is_better,
            scores.numbers(),
            scores.draws(),
            scores.level,
            scores,
            zero_method,
        )

    @classmethod
    def of_evidence(
        cls,
        reports: Sequence[Report],
        names: tuple[str, ...],
        metric: str | None,
        resamples: int,
        level: float,
        generator: np.random.Generator,
        agree: Callable[[str], object],
    ) -> tuple[Contest, int]:
        """Return the contest of numbers that evidence gives for draws of items, and their count.

        `agree` raises if the reports are not comparable by the number that it is called with.
        """
        metric = reports[0].items[0][0] if metric is None else metric
        for report, name in zip(reports, names, strict=True):
            known = report.evidence.statistics(np.ones((1, len(report.evidence.items))))
            if metric not in known:
                raise ValueError(
                    f"compare: report {name!r} has no metric {metric!r}{closest(metric, known)}; "
                    f"it has {', '.join(known)}"
                )
        agree(metric)
        items = sorted({item for report in reports for item in report.evidence.items})
        place = {item: k for k, item in enumerate(items)}
        weights = draw_weights(len(items), resamples, generator)
        draws = []
        for report in reports:
            chosen = weights[:, [place[item] for item in report.evidence.items]]
            draws.append(report.evidence.statistics(chosen)[metric])
        values = np.array([dict(report.items)[metric] for report in reports])
        better = {number.name: number.better for number in reports[0].numbers}
        higher = better.get(metric) != "lower"
        contest = cls(names, metric, higher, values, np.stack(draws), level, items=len(items))
        return contest, len(items)

    @cached_property
    def ranks(self) -> NDArray[np.int64]:
        """Ranks of the numbers, shape (K,)."""
        return shared_ranks(self.values, higher_is_better=self.higher_is_better)

    @property
    def order(self) -> list[int]:
        """Reports from the best to the worst; equal ones as they were given."""
        return [int(k) for k in np.argsort(self.ranks, kind="stable")]

    @cached_property
    def rankings(self) -> dict[str, tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Ranks in the whole and in each draw, by values and, of cases, by ranks."""
        drawn = shared_ranks(self.draws, higher_is_better=self.higher_is_better)
        result = {"values": (self.ranks, drawn)}
        if self.scores is not None:
            means = self.scores.numbers(self.scores.ranks), self.scores.draws(self.scores.ranks)
            whole, parts = (shared_ranks(mean, higher_is_better=False) for mean in means)
            result["ranks"] = whole, parts
        return result

    def table(self) -> list[dict[str, Any]]:
        """One row per report, the best first."""
        drawn = self.rankings["values"][1]
        case_ranks = None if self.scores is None else self.scores.numbers(self.scores.ranks)
        rows = []
        for k in self.order:
            interval = self._interval(self.metric, float(self.values[k]), self.draws[k], k)
            row = {
                "rank": int(self.ranks[k]),
                "name": self.names[k],
                self.metric: float(self.values[k]),
                "low": interval.low,
                "high": interval.high,
                "best_in": float(np.mean(drawn[k] == 1)),
            }
            if self.scores is not None and case_ranks is not None:
                row["rank_by_cases"] = int(self.rankings["ranks"][0][k])
                row["case_rank"] = float(case_ranks[k])
                row["defined"] = int((~np.isnan(self.scores.values[k])).sum())
            rows.append(row)
        return rows

    def pairs(self) -> list[dict[str, Any]]:
        """One row per pair, the better report first."""
        rows = []
        sign = 1.0 if self.higher_is_better else -1.0
        order = self.order
        for k, j in [(k, j) for x, k in enumerate(order) for j in order[x + 1 :]]:
            change = self.draws[k] - self.draws[j]
            difference = float(self.values[k] - self.values[j])
            interval = self._interval("difference", difference, change, k, j)
            row: dict[str, Any] = {
                "better": self.names[k],
                "worse": self.names[j],
                "difference": difference,
                "low": interval.low,
                "high": interval.high,
                "better_in": float(np.mean(sign * change > 0)),
            }
            if self.scores is not None and self.zero_method is not None:
                test = signed_rank(sign * self.scores.change(k, j), zero_method=self.zero_method)
                row |= {
                    "median_difference": sign * test.median,
                    "pairs": test.pairs,
                    "zeros": test.zeros,
                    "p": test.p,
                    "favors": {1: self.names[k], -1: self.names[j], 0: ""}[test.favors],
                }
            rows.append(row)
        if rows and "p" in rows[0]:
            for row, p in zip(rows, holm([row["p"] for row in rows]).tolist(), strict=True):
                row["p_holm"] = p
                row["significant"] = bool(p < 1 - self.level and row["favors"])
        return rows

    def stability(self) -> list[dict[str, Any]]:
        """Share of draws in which each report has each rank."""
        return [
            {"by": by, "name": self.names[k], "rank": place + 1, "share": float(share)}
            for by, (_, drawn) in self.rankings.items()
            for k, shares in [(k, rank_shares(drawn)[k]) for k in self.order]
            for place, share in enumerate(shares)
        ]

    def agreement(self) -> list[dict[str, Any]]:
        """Kendall's tau between the ranking of each draw and that of all items."""
        rows = []
        for by, (whole, drawn) in self.rankings.items():
            tau = kendall_tau(whole, drawn)
            known = tau[~np.isnan(tau)]
            tail = (1 - self.level) / 2
            low, high = np.quantile(known, [tail, 1 - tail]) if len(known) else (np.nan, np.nan)
            rows.append(
                {
                    "by": by,
                    "tau": float(known.mean()) if len(known) else float("nan"),
                    "low": float(low),
                    "high": float(high),
                    "same_ranking_in": float((drawn == whole[:, None]).all(axis=0).mean()),
                    "undefined": int(np.isnan(tau).sum()),
                }
            )
        return rows

    def notes(self) -> list[str]:
        """Say which intervals are missing, or leave their own number out."""
        made = [
            self._interval(name, float(self.values[k]), self.draws[k], k)
            for k, name in enumerate(self.names)
        ]
        return interval_notes(
            [replace(one, name=name) for one, name in zip(made, self.names, strict=True)]
        )

    def _interval(
        self, name: str, estimate: float, draws: NDArray[np.float64], k: int, j: int | None = None
    ) -> Interval:
        if self.scores is not None:
            return self.scores.interval(name, estimate, draws, k, j)
        return resampled_interval(
            name, estimate, draws, items=self.items, confidence_level=self.level
        )
