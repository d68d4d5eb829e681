"""Evidence of a report on residues: those that were scored against a library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from overlap._common.values import ByValue
from overlap.evaluate.bootstrap import Bootstrap, draw_weights, share_interval
from overlap.evaluate.numbers import Interval, Intervals, Number
from overlap.evaluate.value_range import UNIT
from overlap.io.rama_grids import RamaGrids
from overlap.io.residues import ResidueTable

from .cutoffs import Cutoffs
from .units import FEW_UNITS, Units

if TYPE_CHECKING:
    from overlap.torus import PeriodicGrid

__all__ = ["VERDICTS", "ClassifiedResidues", "classify"]

#: Verdicts on a residue, by their number.
VERDICTS = ("outlier", "allowed", "favored")
_METHOD = (
    "exact binomial (Clopper-Pearson), for as many independent residues as the draws are worth"
)
_NOT_A_Z_SCORE = (
    "shares of favored and outlier residues are no Ramachandran Z-score: they say how many angles "
    "are unusual, not whether their distribution is"
)
_WEIGHED = (
    "residues have weights (of the table, or of conformers): shares are of weights, and counts of "
    "residues"
)
_DRAWS = 256  # at a time


@dataclass(frozen=True, eq=False)
class ClassifiedResidues(ByValue):
    """Scores of the residues of a table.

    Attributes
    ----------
    table : ResidueTable
        Those that were scored.
    score : ndarray of float64
        Rank of each: the fraction of the reference at the same or a lower density.
    verdict : ndarray of int8
        Place in `VERDICTS`.
    units : Units
        Units of the bootstrap.
    grids : mapping from str to PeriodicGrid
        Ranks by category.
    cutoffs : Cutoffs
    source : ResidueTable
        All residues that were read.
    library : RamaGrids
    notes, findings : tuple of str
        Remarks on residues that are in other categories, or have no grid.
    """

    table: ResidueTable
    score: NDArray[np.float64]
    verdict: NDArray[np.int8]
    units: Units
    grids: Mapping[str, PeriodicGrid]
    cutoffs: Cutoffs
    source: ResidueTable
    library: RamaGrids
    notes: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()

    @property
    def items(self) -> tuple[str, ...]:
        """Names of the units."""
        return self.units.names

    @cached_property
    def categories(self) -> tuple[str, ...]:
        """Categories that residues have, in the order of tables."""
        return self.table.categories

    def totals(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the weight of the residues of each verdict and category, shape (B, categories, 3).

        Parameters
        ----------
        weights : ndarray of float64, shape (B, units)
        """
        count = len(self.items)
        result = np.zeros((len(weights), len(self.categories), len(VERDICTS)))
        for c, category in enumerate(self.categories):
            for v in range(len(VERDICTS)):
                rows = (self.table.category == category) & (self.verdict == v)
                sums = np.bincount(self.units.index[rows], self.table.weight[rows], count)
                result[:, c, v] = weights @ sums
        return result

    def statistics(self, weights: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """Return the share of each verdict, of all residues and by category.

        Parameters
        ----------
        weights : ndarray of float64, shape (B, units)

        Returns
        -------
        dict
            ``favored``, ``allowed``, ``outlier``, and each as ``favored[general]``.
        """
        totals = self.totals(np.asarray(weights, np.float64))
        result = {}
        for names, sums in [
            (VERDICTS, totals.sum(axis=1)),
            *(
                (tuple(f"{name}[{category}]" for name in VERDICTS), totals[:, c])
                for c, category in enumerate(self.categories)
            ),
        ]:
            whole = sums.sum(axis=1, keepdims=True)
            shares = np.divide(sums, whole, out=np.full(sums.shape, np.nan), where=whole > 0.0)
            result.update({names[v]: shares[:, v] for v in (2, 1, 0)})
        return result

    def units_with_residues(self) -> dict[str, int]:
        """Count the units that say something of each number of `statistics`."""
        result = dict.fromkeys(VERDICTS, len(self.items))
        for category in self.categories:
            rows = self.table.category == category
            count = len(np.unique(self.units.index[rows]))
            result.update({f"{name}[{category}]": count for name in VERDICTS})
        return result

    def numbers(self) -> list[Number]:
        """Return the shares, of all residues and by category, and the number of residues."""
        result = []
        values = self.statistics(np.ones((1, len(self.items))))
        for category in ("", *self.categories):
            for verdict in VERDICTS[::-1]:
                where = {"category": category} if category else {}
                value = values[_name(verdict, category)]
                result.append(Number(verdict, float(value[0]), where, range=UNIT))
        return [*result, Number("n", float(len(self.table)))]

    def intervals(self, numbers: Sequence[Number], bootstrap: Bootstrap) -> Intervals:
        """Return exact binomial intervals of all shares, for the effective number of residues.

        Parameters
        ----------
        numbers : sequence of Number
        bootstrap : Bootstrap
        """
        notes = (_WEIGHED, _NOT_A_Z_SCORE) if np.ptp(self.table.weight) else (_NOT_A_Z_SCORE,)
        if not bootstrap.resamples:
            return Intervals(notes=notes)
        drawn = self._drawn(bootstrap)
        shown = self.units_with_residues()
        weight = self.table.weight
        made: list[Interval] = []
        for number in numbers:
            if shown.get(number.name, 0) < FEW_UNITS:
                continue
            category = number.where.get("category")
            own = weight[self.table.category == category] if category else weight
            error, bias = None, 0.0
            if drawn:
                values = drawn[number.name][~np.isnan(drawn[number.name])]
                error, bias = float(values.std(ddof=1)), float(values.mean() - number.value)
            made.append(
                share_interval(
                    number.name,
                    number.value,
                    float(own.sum() ** 2 / (own**2).sum()),
                    items=shown[number.name],
                    error=error,
                    bias=bias,
                    confidence_level=bootstrap.level,
                )
            )
        return Intervals(tuple(made), facts={"method": _METHOD}, notes=notes)

    def _drawn(self, bootstrap: Bootstrap) -> dict[str, NDArray[np.float64]]:
        """Return all shares of all draws; none where residues are independent.

        Those of one weight that are drawn one by one are: there is nothing to draw.
        """
        if len(self.items) == len(self.table) and not np.ptp(self.table.weight) > 0.0:
            return {}
        generator = np.random.default_rng(bootstrap.rng)
        parts = []
        for start in range(0, bootstrap.resamples, _DRAWS):
            count = min(_DRAWS, bootstrap.resamples - start)
            parts.append(self.statistics(draw_weights(len(self.items), count, generator)))
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def rows(self, intervals: Intervals) -> list[dict[str, Any]]:
        """Return one row per category, then one of all residues: counts and shares of verdicts.

        Parameters
        ----------
        intervals : Intervals
            Of shares.
        """
        ends = {interval.name: interval for interval in intervals.numbers}
        table, verdict = self.table, self.verdict
        rows = []
        for category in (*self.categories, ""):
            mine = table.category == category if category else np.ones(len(table), dtype=bool)
            counts = np.bincount(verdict[mine], minlength=len(VERDICTS))
            sums = np.bincount(verdict[mine], table.weight[mine], len(VERDICTS))
            row: dict[str, Any] = {"category": category or "all residues"}
            row["residues"] = int(mine.sum())
            row |= {VERDICTS[v]: int(counts[v]) for v in (2, 1, 0)}
            for v in (2, 1, 0):
                name = _name(VERDICTS[v], category)
                row[f"{VERDICTS[v]}_share"] = float(sums[v] / sums.sum())
                if name in ends:
                    row[f"{VERDICTS[v]}_low"] = ends[name].low
                    row[f"{VERDICTS[v]}_high"] = ends[name].high
            row["unit"] = "1"
            rows.append(row)
        return rows

    def columns(self) -> dict[str, Any]:
        """Return one entry per residue: its names and angles, score and verdict."""
        names = np.array([name for name, _ in self.table.sources], dtype=object)
        kept = ("structure", "model", "chain", "seqid", "icode", "altloc", "resname", "category",
                "phi", "psi", "omega")  # fmt: skip
        return {
            "file": names[self.table.source],
            **{name: getattr(self.table, name) for name in kept},
            "score": self.score,
            "verdict": np.array(VERDICTS, dtype=object)[self.verdict],
            "weight": self.table.weight,
        }


def _name(verdict: str, category: str) -> str:
    return f"{verdict}[{category}]" if category else verdict


def classify(
    table: ResidueTable, grids: Mapping[str, PeriodicGrid], cutoffs: Cutoffs
) -> tuple[NDArray[np.float64], NDArray[np.int8]]:
    """Score residues by the grid of their category.

    Parameters
    ----------
    table : ResidueTable
        Each row with both angles, and with a category that has a grid.
    grids : mapping from str to PeriodicGrid
        Ranks.
    cutoffs : Cutoffs

    Returns
    -------
    score : ndarray of float64
    verdict : ndarray of int8
        A score that is a cutoff is on its good side.
    """
    score = np.zeros(len(table))
    verdict = np.zeros(len(table), dtype=np.int8)
    for category in table.categories:
        rows = table.category == category
        score[rows] = grids[category].at(table.phi[rows], table.psi[rows])
        high, low = score[rows] >= cutoffs.favored, score[rows] >= cutoffs.allowed[category]
        verdict[rows] = np.where(high, 2, np.where(low, 1, 0))
    return score, verdict
