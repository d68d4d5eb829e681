"""The grid of suppression: outer boxes, cells that fit them, and what a pair must share."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from overlap._kernels import formulas as _formulas

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from overlap.regions.base import Regions
    from overlap.scores.score import Score

__all__ = ["Bounds", "boxes", "interleaved", "layout", "shares"]

Bounds = tuple["NDArray[np.float64]", "NDArray[np.float64]"]

_LEVELS = 30  # sizes that differ by more than 2^30 share the smallest cells
_FINER = 1  # cells are half as wide as the regions in them


def boxes(bounds: Bounds | None, n: int) -> NDArray[np.float64]:
    """Return ``(x0, x1, y0, y1)`` of outer boxes; infinite where every pair counts."""
    if bounds is None:
        return np.tile([-np.inf, np.inf], (n, 2))
    box = np.empty((n, 4)) if len(bounds[0]) > 1 else np.zeros((n, 4))
    for axis in range(min(len(bounds[0]), 2)):
        box[:, 2 * axis], box[:, 2 * axis + 1] = bounds[0][axis], bounds[1][axis]
    return box


def interleaved(columns: tuple) -> tuple:
    """Return the columns side by side in memory: suppression jumps from region to region."""
    if any(not isinstance(column, np.ndarray) or column.ndim > 1 for column in columns):
        return columns
    return tuple(np.stack(columns, axis=1).T)


def shares(
    regions: Regions, score: Score, threshold: float, sides: NDArray[np.float64]
) -> tuple[float, float]:
    """Return the least share of a candidate's sides, and the largest ratio of sides to them.

    That is of the sides of what suppresses it, with which it shares the former.
    A box of which more than a share t lies in another one also shares more than t of its
    extent on every axis, so that nothing else needs to be looked at. Zero and infinite where
    the score does not say, and among boxes so small that their measure has no precision.
    """
    unknown = 0.0, math.inf
    positive = [part for part in score.parts if part.coefficient > 0]
    if len(positive) != 1 or not regions.side_share(1.0):
        return unknown
    part = positive[0]
    t = min(threshold / part.coefficient, 1.0)
    if not t > 1e-12 or sides.min() < 1e-270 ** (1.0 / len(sides)):
        return unknown
    formula, parameters = part.component.formula, part.parameters
    if formula is _formulas.iou:
        own, other = 1.0, 1.0
    elif formula is _formulas.dice:
        own, other = 0.5, 0.5
    elif formula is _formulas.coverage:
        own, other = 1.0, 0.0
    elif formula is _formulas.tversky:
        own, other = parameters
    elif formula is _formulas.f_score:
        own = 1.0 / (1.0 + parameters[0] ** 2)
        other = 1.0 - own
    else:
        return unknown
    # I / (I + own (A - I)) > t, solved for I / A; the margin is for rounding.
    own, other = ((1 - 1e-9) * t * w / (1.0 - t + t * w) if w else 0.0 for w in (own, other))
    own, other = regions.side_share(own), regions.side_share(other)
    return own, 1.0 / other if other else math.inf


def layout(
    bounds: Bounds, sides: NDArray[np.float64]
) -> tuple[NDArray, NDArray, int, NDArray] | None:
    """Return origin, scale of the sides, lowest level, and inverse cell widths by level.

    None where the coordinates reach so far that cells cannot be computed.
    """
    lower, upper, sides = bounds[0][:2], bounds[1][:2], sides[:2]
    axes = len(lower)
    origin, unit = np.zeros(2), np.ones(2)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        mean = sides.sum(axis=1) / sides.shape[1]
        unit[:axes] = np.where(mean > 0, mean, 1.0)
        origin[:axes] = lower.min(axis=1)
        reach = upper.max(axis=1) - origin[:axes]
        scale = 1.0 / unit
        top = int(np.frexp((sides.max(axis=1) * scale[:axes]).max())[1])
        lowest = top - _LEVELS
        inverse = 1.0 / np.ldexp(unit, np.arange(lowest, top + 1)[:, None] - _FINER)
    if not all(np.isfinite(array).all() for array in (unit, scale, inverse, reach)):
        return None
    return origin, scale, lowest, inverse
