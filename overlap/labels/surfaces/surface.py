"""Surface distances of one label, in both directions, and numbers made of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from overlap._common.decimals import above
from overlap._common.values import ByValue

from .conventions import Convention

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Directed", "Surface", "WorstPoint"]

_BINS = 4096


class WorstPoint(NamedTuple):
    """The point of one surface that is farthest from the other.

    Attributes
    ----------
    distance : float
    point : tuple of float
        Place in the unit of the spacing, from the lower corner of the first voxel: the center of
        voxel i is at (i + 0.5) times the spacing.
    side : {"found", "truth"}
        Whose surface it is on.
    label : int or str
    """

    distance: float
    point: tuple[float, ...]
    side: str
    label: int | str


@dataclass(frozen=True, eq=False)
class Directed(ByValue):
    """Distances from the points of one surface to the other.

    Attributes
    ----------
    distances : ndarray of float64, shape (N,)
        Infinite if the other surface has no point.
    weights : ndarray of float64, shape (N,)
        Area of every point; 1 where points are counted.
    at : ndarray of int64, shape (N,)
        Places of the points in a flat grid.
    shape, corner, spacing : tuple
        Of that grid: cells per axis, place of the first point in cells, side of a cell.
    axes : tuple of int
        Where each axis of the volume is among those of the grid.
    """

    distances: NDArray[np.float64]
    weights: NDArray[np.float64]
    at: NDArray[np.int64]
    shape: tuple[int, ...]
    corner: tuple[float, ...]
    spacing: tuple[float, ...]
    axes: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.distances)

    @property
    def points(self) -> NDArray[np.float64]:
        """Places of all points, shape (N, D)."""
        return self._places(self.at)

    def _places(self, at: NDArray[np.int64]) -> NDArray[np.float64]:
        index = np.stack(np.unravel_index(at, self.shape), axis=-1)
        return ((index + np.array(self.corner)) * np.array(self.spacing))[:, self.axes]

    @cached_property
    def size(self) -> float:
        """Area of the surface, or number of its points."""
        return float(self.weights.sum())

    @cached_property
    def total(self) -> float:
        """Sum of distances times weights."""
        return float((self.distances * self.weights).sum())

    @property
    def mean(self) -> float:
        """Mean distance; NaN without points."""
        if not len(self):
            return float("nan")
        return self.total / self.size

    def within(self, tolerance: float) -> float:
        """Return the area of the surface that is not farther than a tolerance.

        Parameters
        ----------
        tolerance : float
        """
        return float(self.weights[self.distances <= above(tolerance)].sum())

    def quantile(self, share: float, rule: str) -> float:
        """Return the distance within which a share of the surface is; NaN without points.

        Parameters
        ----------
        share : float
            In [0, 1].
        rule : {"linear", "weighted"}
            As in `Convention`.
        """
        return quantile(self.distances, self.weights, share, rule)

    def worst(self) -> tuple[float, tuple[float, ...]]:
        """Return the largest distance and the first point that has it."""
        k = int(np.argmax(self.distances))
        return float(self.distances[k]), tuple(self._places(self.at[k : k + 1])[0].tolist())


def quantile(
    distances: NDArray[np.float64], weights: NDArray[np.float64], share: float, rule: str
) -> float:
    """Return a quantile of distances; NaN of none.

    Parameters
    ----------
    distances, weights : ndarray of float64, shape (N,)
    share : float
        In [0, 1].
    rule : {"linear", "weighted"}
        As in `Convention`.
    """
    if not len(distances):
        return float("nan")
    if share == 1.0 or np.isinf(distances[0]):  # infinite are all or none
        return float(distances.max())
    if rule == "linear":
        return float(np.quantile(distances, share))
    return _weighted(distances, weights, share)


def _weighted(distances: NDArray[np.float64], weights: NDArray[np.float64], share: float) -> float:
    """Return the smallest distance up to which there is a share of the weight.

    Only distances in the same one of some thousand bins are sorted, unless rounding decides.
    """
    top = float(distances.max())
    if len(distances) > _BINS and top > 0.0:
        place = (distances * ((_BINS - 1) / top)).astype(np.intp)
        total = np.cumsum(np.bincount(place, weights, _BINS))
        wanted = share * total[-1]
        k = min(int(np.searchsorted(total, wanted)), _BINS - 1)
        before = total[k - 1] if k else 0.0
        own, mass = distances[place == k], weights[place == k]
        order = np.argsort(own, kind="stable")
        sums = np.append(before, before + np.cumsum(mass[order]))
        if np.abs(sums - wanted).min() > 1e-9 * total[-1]:
            return float(own[order[np.searchsorted(sums, wanted) - 1]])
    # equal distances by area: the sums are then rounded as in the program surface-distance
    ranks = np.lexsort((weights, distances))
    mass = weights[ranks]
    at = int(np.searchsorted(np.cumsum(mass) / np.sum(mass), share))
    return float(distances[ranks[min(at, len(ranks) - 1)]])


@dataclass(frozen=True, eq=False)
class Surface(ByValue):
    """Surface distances of one label, both ways.

    Distances are in the unit of the spacing. Those of both sides are NaN if both sets are empty,
    and infinite if one is.

    Attributes
    ----------
    label : int or str
    found, truth : Directed
        From the found surface to the true one, and back.
    convention : Convention
    """

    label: int | str
    found: Directed
    truth: Directed
    convention: Convention

    @property
    def _empty(self) -> bool:
        return not len(self.found) or not len(self.truth)

    @property
    def _apart(self) -> float:
        return float("inf") if len(self.found) or len(self.truth) else float("nan")

    def hd(self, percentile: float = 100.0) -> float:
        """Return the Hausdorff distance, or a percentile in place of its maximum.

        Parameters
        ----------
        percentile : float
            0, or in [1, 100].

        Raises
        ------
        ValueError
            For a percentile outside this range.
        """
        _check_percentile(percentile)
        if self._empty:
            return self._apart
        share, rule = percentile / 100.0, self.convention.quantile
        if self.convention.percentile == "max" or share == 1.0:
            return max(side.quantile(share, rule) for side in (self.found, self.truth))
        distances, weights = (
            np.concatenate([getattr(side, name) for side in (self.found, self.truth)])
            for name in ("distances", "weights")
        )
        return quantile(distances, weights, share, rule)

    @cached_property
    def hd95(self) -> float:
        """Hausdorff distance at the 95th percentile."""
        return self.hd(95.0)

    @property
    def assd(self) -> float:
        """Average symmetric surface distance, by the convention's rule for means."""
        if self.convention.mean == "directions":
            return self.masd
        if self._empty:
            return self._apart
        sides = self.found, self.truth
        return sum(side.total for side in sides) / sum(side.size for side in sides)

    @property
    def masd(self) -> float:
        """Mean of the mean distances of both directions."""
        return self._apart if self._empty else 0.5 * self.found.mean + 0.5 * self.truth.mean

    def one_sided(self, side: str, percentile: float | None = None) -> float:
        """Return the mean distance, or a percentile, from one surface to the other.

        NaN if this side has no points, and infinite if only the other one has none.

        Parameters
        ----------
        side : {"found", "truth"}
            Whose points are taken.
        percentile : float, optional
            0, or in [1, 100]; 100 gives the directed Hausdorff distance. By default the mean.
        """
        if side not in ("found", "truth"):
            raise ValueError(f"side = {side!r}; wanted 'found' or 'truth'")
        if percentile is not None:
            _check_percentile(percentile)
        directed = self.found if side == "found" else self.truth
        if percentile is None:
            return directed.mean
        return directed.quantile(percentile / 100.0, self.convention.quantile)

    def nsd(self, tolerance: float) -> float:
        """Return the normalized surface distance (surface Dice) at a tolerance.

        The share of both surfaces that is within the tolerance of the other one (Nikolov et al.,
        arXiv:1809.04430). NaN if both sets are empty, 0 if one is.

        Parameters
        ----------
        tolerance : float
            Not negative, in the unit of the spacing.
        """
        if not tolerance >= 0.0:
            raise ValueError(f"tolerance = {tolerance!r}; wanted a number that is not negative")
        if self._empty:
            return 0.0 if len(self.found) or len(self.truth) else float("nan")
        within = self.found.within(tolerance), self.truth.within(tolerance)
        if self.convention.nsd == "directions":
            return 0.5 * (within[0] / self.found.size) + 0.5 * (within[1] / self.truth.size)
        return (within[0] + within[1]) / (self.found.size + self.truth.size)

    def worst(self) -> WorstPoint | None:
        """Return the point that is farthest from the other surface; None if one is empty."""
        if self._empty:
            return None
        sides = {"found": self.found.worst(), "truth": self.truth.worst()}
        side = max(sides, key=lambda name: sides[name][0])
        return WorstPoint(*sides[side], side, self.label)


def _check_percentile(percentile: float) -> None:
    if not (percentile == 0.0 or 1.0 <= percentile <= 100.0):
        raise ValueError(
            f"percentile = {percentile!r}; wanted a number from 0 to 100, such as 95 (and not 0.95)"
        )
