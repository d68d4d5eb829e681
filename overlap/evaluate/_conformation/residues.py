"""Residues that were scored against a library: what a report on a structure keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from overlap._common.values import ByValue
from overlap.evaluate.page import Section
from overlap.evaluate.report import Report
from overlap.io.residues import ResidueTable

from .cutoffs import Cutoffs
from .drawing_units import Units

if TYPE_CHECKING:
    from overlap.torus import PeriodicGrid

__all__ = ["VERDICTS", "ClassifiedResidues", "classify"]

#: What a residue can be, by its number.
VERDICTS = ("outlier", "allowed", "favored")


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
        What is drawn.
    grids : mapping from str to PeriodicGrid
        Ranks by category.
    cutoffs : Cutoffs
    """

    table: ResidueTable
    score: NDArray[np.float64]
    verdict: NDArray[np.int8]
    units: Units
    grids: Mapping[str, PeriodicGrid]
    cutoffs: Cutoffs

    @property
    def items(self) -> tuple[str, ...]:
        """Names of the units."""
        return self.units.names

    @cached_property
    def categories(self) -> tuple[str, ...]:
        """Categories that residues have, in the order of tables."""
        return self.table.categories

    def totals(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Weight of the residues of each verdict and category, shape (B, categories, 3).

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
        """Share of each verdict, of all residues and by category, for each row of `weights`.

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

    def columns(self) -> dict[str, Any]:
        """One entry per residue: its names and angles, score and verdict."""
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

    def headline(self, report: Report) -> str:
        """Return the shares and the number of residues."""
        from .shown_residues import headline_of

        return headline_of(report)

    def sections(self, report: Report) -> list[Section]:
        """Return counts by category, outliers, and counts by structure."""
        from .shown_residues import sections_of

        return sections_of(report)

    def draw(self, report: Report, path: str | Path | None, ax: Any, **options: Any) -> Any:
        """Draw the plots of all categories, with the residues as points."""
        from .pictures import draw_residues

        return draw_residues(self, path, ax, **options)


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
