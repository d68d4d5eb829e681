"""Tolerance of scores: the change of a score when boundaries move a little."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from overlap._common.numbers import one_number
from overlap.regions.base import Regions, check_pair
from overlap.scores.evaluation import broadcast
from overlap.scores.score import Score

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["tolerance"]


def tolerance(
    score: Score,
    found: Regions,
    truth: Regions,
    *,
    eps: float,
    wrt: Literal["found", "truth"] = "found",
) -> NDArray[np.float64]:
    """Return the largest first-order change of a score when boundaries move by `eps`.

    ``eps * sum |grad|`` where the score is smooth. At a tie, such as a shared edge, the
    averaged gradient says nothing (it is zero for identical regions), and the largest
    one-sided change over all combinations of inward and outward moves is taken. All ends of
    interval sets are boundaries.

    Parameters
    ----------
    score : Score
    found, truth : Regions
        Batches of the same kind and length; a batch of one region is repeated.
    eps : float
        Largest move of each boundary coordinate, >= 0, in the unit of the regions.
    wrt : {"found", "truth"}
        Whose boundaries move.

    Returns
    -------
    ndarray, shape (N,)
        NaN where the score is undefined.

    Raises
    ------
    TypeError
        For kinds whose parameters are not coordinates of a boundary.

    Examples
    --------
    >>> import overlap as ov
    >>> truth = ov.Intervals([[0.0, 10.0]])
    >>> ov.tolerance(ov.iou, ov.Intervals([[1.0, 9.0]]), truth, eps=0.5)
    array([0.1])
    >>> ov.tolerance(ov.iou, truth, truth, eps=0.5)
    array([0.1])
    """
    check_pair(found, truth)
    if not found.boundary or (found.ragged and found.row_counts() is None):
        advice = ""
        if found.ragged:
            advice = (
                "; eps * abs(grad).sum() over the rows that value_and_grad returns bounds the "
                "change where no two boundaries coincide, as a vertex of polygons moves two edges"
            )
        raise TypeError(
            f"tolerance: the parameters of {type(found).__name__} are not boundary coordinates"
            f"{advice}"
        )
    if not 0 <= one_number(eps, "tolerance: eps") < np.inf:
        raise ValueError(f"tolerance: eps = {eps!r} is not a finite number >= 0")
    if wrt not in ("found", "truth"):
        raise ValueError(f"wrt = {wrt!r}; expected 'found' or 'truth'")
    found, truth = broadcast(found, truth)
    if not len(found):
        return np.empty(0)
    value, grad = score.value_and_grad(found, truth, wrt=wrt)
    moving, fixed = (found, truth) if wrt == "found" else (truth, found)
    ends: Any = moving  # `Bounded`, as are all kinds with a boundary
    change = _sums(moving, np.abs(grad).sum(axis=1))
    # Some scores take the smaller of the measures.
    tied = np.flatnonzero(ends.ties(fixed) | (moving.measure() == fixed.measure()))
    if tied.size:
        one_sided = _one_sided_ragged if moving.ragged else _one_sided
        change[tied] = one_sided(score, ends[tied], fixed[tied], wrt)
    return np.where(np.isnan(value), np.nan, eps * change)


def _sums(regions: Regions, rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sum over each region's rows of a gradient, shape (N,)."""
    counts = regions.row_counts()
    if counts is None:
        return rows
    return np.bincount(_regions_of(counts), rows, len(regions)).astype(np.float64)


def _regions_of(counts: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the region to which each row of parameters belongs."""
    return np.repeat(np.arange(len(counts)), counts)


def _one_sided_ragged(
    score: Score, moving: Any, fixed: Regions, wrt: Literal["found", "truth"]
) -> NDArray[np.float64]:
    """Return the largest one-sided change of sets with many ends, too many for all their corners.

    What an end contributes depends on its own move alone, so a shift of all ends to either side
    gives every one-sided derivative. Only where both measures are equal do ends depend on each
    other, and growing and shrinking are looked at as well.
    """
    ends, region = moving.ends, _regions_of(moving.row_counts())
    size = np.full(len(moving), np.inf)
    np.minimum.at(size, region, ends[:, 1] - ends[:, 0])
    size = np.where(np.isfinite(size), size, 0.0)
    reach = np.maximum(size[region] * 2.0**-30, 8.0 * np.spacing(np.abs(ends).max(axis=1)))

    def slopes(*signs: float) -> NDArray[np.float64]:
        moved = ends + reach[:, None] * signs
        legal = moving.legal_ends(moved)[region]
        shifted = moving.with_ends(np.where(legal[:, None], moved, ends))
        pair = (shifted, fixed) if wrt == "found" else (fixed, shifted)
        return np.asarray(score.value_and_grad(*pair, wrt=wrt)[1])

    ahead, behind = slopes(1.0, 1.0), slopes(-1.0, -1.0)
    best = np.zeros(len(moving))
    for sign in (1.0, -1.0):
        rows = np.maximum(sign * ahead, -sign * behind).sum(axis=1)
        grown = slopes(-sign, sign) @ (-sign, sign)
        best = np.maximum(best, np.maximum(_sums(moving, rows), abs(_sums(moving, grown))))
    return best


def _one_sided(
    score: Score, moving: Any, fixed: Regions, wrt: Literal["found", "truth"]
) -> NDArray[np.float64]:
    """Return the largest directional derivative over the corners of the unit cube.

    A move far below the size of the regions, but above rounding, decides every tie; the
    derivative there is that of the cell of the piecewise smooth score.
    """
    ends = moving.ends
    side = ends[..., 1] - ends[..., 0]
    smallest = np.where(side > 0, side, np.inf).min(axis=1)
    reach = np.where(np.isfinite(smallest), smallest * 2.0**-30, 0.0)
    reach = np.maximum(reach, 8.0 * np.spacing(np.abs(ends).max(axis=(1, 2))))
    axes = ends.shape[1]
    best = np.zeros(len(moving))
    for signs in itertools.product((-1.0, 1.0), repeat=2 * axes):
        direction = np.array(signs).reshape(axes, 2)
        moved = ends + reach[:, None, None] * direction
        legal = moving.legal_ends(moved)
        if not legal.any():
            continue
        shifted = moving[legal].with_ends(moved[legal])
        pair = (shifted, fixed[legal]) if wrt == "found" else (fixed[legal], shifted)
        _, grad = score.value_and_grad(*pair, wrt=wrt)
        slope = np.abs(grad @ moving.ends_to_parameters(direction))
        best[legal] = np.maximum(best[legal], slope)
    return best
