"""Measures of agreement of a detection and a truth: scores, and a protocol's own ratios."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from overlap._kernels.jit import specialise
from overlap._kernels.plain import suited
from overlap.scores.score import Score

from .table import Table

__all__ = ["Measure", "Ratio", "WithCrowds", "levels_of", "listed_values"]


@dataclass(frozen=True)
class Ratio:
    """A protocol's own ratio or distance of a detection and a truth.

    Parameters
    ----------
    formula : callable
        Jitted scalar ``(found, i, truth, j, parameters) -> float`` of two tuples of columns.
        An infinite ratio matches at every threshold; NaN never matches.
    parameters : tuple of float
        Numbers that the formula reads.
    distance : bool
        Whether smaller is better. Thresholds are then the largest distances that match.
    steps : float
        How many steps the formula takes for a pair, about; see `overlap._kernels.plain.suited`.
    """

    formula: Callable[..., float]
    parameters: tuple[float, ...] = ()
    distance: bool = False
    steps: float = 4.0


@dataclass(frozen=True)
class WithCrowds:
    """A score of most truths, and another one of those with a flag.

    Parameters
    ----------
    usual, crowds : Score
        Called as ``score(found, truth)``, such as `iou`, and `coverage` for crowds.
    flag : str
        Flag of the truths that `crowds` is for.
    """

    usual: Score
    crowds: Score
    flag: str = "crowd"


Measure: TypeAlias = Score | Ratio | WithCrowds

FORMULA: Any  # bound by specialise


def _listed(found, truth, i, j, parameters, value):
    for k in range(len(i)):
        value[k] = FORMULA(found, i[k], truth, j[k], parameters)


def levels_of(measure: Measure, thresholds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return thresholds such that larger values are better: those of distances are negated."""
    return -thresholds if isinstance(measure, Ratio) and measure.distance else thresholds


def columns_of(
    table: Table, rows: NDArray[np.int64] | None = None
) -> tuple[NDArray[np.float64], ...]:
    """Return the columns that a `Ratio` reads, of all rows or of some."""
    regions = table.regions
    if isinstance(regions, tuple):
        return regions if rows is None else tuple(column[rows] for column in regions)
    return (regions if rows is None else regions[rows]).kernel_columns()


def listed_values(
    measure: Measure, found: Table, truth: Table, i: NDArray[np.int64], j: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Values of listed pairs, larger is better.

    Parameters
    ----------
    measure : Score, Ratio or WithCrowds
    found, truth : Table
        With regions.
    i, j : ndarray, dtype=int64, shape (P,)
        Rows of `found` and of `truth`.

    Returns
    -------
    ndarray, dtype=float64, shape (P,)
    """
    if isinstance(measure, Ratio):
        value = np.empty(len(i))
        kernel = suited(specialise(_listed, FORMULA=measure.formula), measure.steps * len(i))
        kernel(columns_of(found), columns_of(truth), i, j, measure.parameters, value)
        return -value if measure.distance else value
    if isinstance(measure, Score):
        return measure(found.regions[i], truth.regions[j]) if len(i) else np.empty(0)
    value = np.empty(len(i))
    crowd = truth.flagged((measure.flag,))[j]
    for score, rows in ((measure.usual, ~crowd), (measure.crowds, crowd)):
        value[rows] = listed_values(score, found, truth, i[rows], j[rows])
    return value
