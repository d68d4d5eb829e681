"""Hausdorff distances of polygons, on the plane and on the torus."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from overlap._common.numbers import one_number
from overlap._common.values import ByValue
from overlap.regions.base import check_pair
from overlap.regions.polygons import Polygons
from overlap.regions.polygons.distances import border_percentile, find_reaches
from overlap.regions.polygons.enclosure import covers_of
from overlap.scores.evaluation import broadcast

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["HausdorffDistances", "hausdorff"]

_SHARE = 1e-4  # of the larger side of a pair: the default bound


@dataclass(frozen=True, eq=False)
class HausdorffDistances(ByValue):
    """Hausdorff distances of N pairs of regions, with the points where they are attained.

    Attributes
    ----------
    distance : ndarray, shape (N,)
        The larger of the two directed distances.
    found_to_truth : ndarray, shape (N,)
        How far the points of the found region get from the true one: 0 if it is inside.
    truth_to_found : ndarray, shape (N,)
        How far the points of the true region get from the found one.
    error : ndarray, shape (N,)
        The exact value of each of the three is at least the one given, and at most this much
        larger; a percentile may be off by as much either way.
    found_point : ndarray, shape (N, 2)
        A point of the found region that is as far as `found_to_truth` from the true one.
    truth_point : ndarray, shape (N, 2)
        A point of the true region that is as far as `truth_to_found` from the found one.
    """

    distance: NDArray[np.float64]
    found_to_truth: NDArray[np.float64]
    truth_to_found: NDArray[np.float64]
    error: NDArray[np.float64]
    found_point: NDArray[np.float64]
    truth_point: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.distance)


def hausdorff(
    found: Polygons,
    truth: Polygons,
    *,
    bound: float | None = None,
    percentile: float | None = None,
) -> HausdorffDistances:
    """Return the Hausdorff distances of polygons, pair by pair.

    The distance of two regions A and B is the larger of ``sup {d(a, B) : a in A}`` and
    ``sup {d(b, A) : b in B}``. It is one of regions, not of borders: points of A inside of B are
    at distance 0, and the farthest point may lie inside of A, as where A covers a hole of B. With
    a period, ways may lead around it.

    Parameters
    ----------
    found, truth : Polygons
        Of equal length, or one of length 1; with the same period and unit.
    bound : float, optional
        How much too small a distance may be, in the unit of the coordinates; by default 1e-4 of
        the longer side of the box around the pair.
    percentile : float, optional
        In (0, 100): instead of the farthest point, so much of the length of a region's border is
        at most that far from the other region. The inside is not looked at.

    Returns
    -------
    HausdorffDistances
        NaN for two empty regions and infinite if exactly one is empty. A percentile is also NaN
        for a region that covers a torus and has no border.

    Raises
    ------
    TypeError
        For other kinds of regions.
    ValueError
        For a bound that is not positive, a percentile outside of (0, 100), different periods or
        units, and unequal lengths.

    Notes
    -----
    The search leaves out pieces that cannot beat the farthest point known, because distances are
    1-Lipschitz and the distance to an edge is convex. Every value is attained at a point that was
    found; `HausdorffDistances.error` states how much larger the exact one can be. It is
    mostly far below `bound`. Where a region runs along another at one distance over a great
    length, 200,000 pieces may be too few to get there, and the error is then larger.

    Examples
    --------
    >>> import overlap as ov
    >>> square = [(0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 4.0)]
    >>> hole = [(1.0, 1.0), (3.0, 1.0), (3.0, 3.0), (1.0, 3.0)]
    >>> result = ov.hausdorff(ov.Polygons([square]), ov.Polygons([[square, hole]]))
    >>> result.distance.round(3), result.found_point.round(2)
    (array([1.]), array([[2., 2.]]))
    """
    for name, batch in (("found", found), ("truth", truth)):
        if not isinstance(batch, Polygons):
            raise TypeError(
                f"hausdorff: {name} is {type(batch).__name__}; give Polygons, or use "
                "surface_distances for masks"
            )
    check_pair(found, truth)
    if bound is not None and not 0.0 < one_number(bound, "bound") < np.inf:
        raise ValueError(f"hausdorff: bound = {bound!r} is not a positive number")
    if percentile is not None and not 0.0 < percentile < 100.0:
        raise ValueError(
            f"hausdorff: percentile = {percentile!r} is not between 0 and 100; leave it out for "
            "the farthest point"
        )
    first, second = broadcast(found, truth)
    assert isinstance(first, Polygons)
    assert isinstance(second, Polygons)
    a, ia, b, jb = first._rings, first._rows, second._rings, second._rows
    mine, theirs = covers_of(a), covers_of(b)
    if bound is None:
        sides = mine.enclose(ia, theirs, jb)
        bounds = _SHARE * np.maximum(sides[0].side, sides[1].side)
    else:
        bounds = np.full(len(ia), float(bound))
    empty = mine.empty[ia], theirs.empty[jb]
    both = ~(empty[0] | empty[1])
    there, back, error = (np.full(len(ia), np.inf) for _ in range(3))
    points = np.full((2, len(ia), 2), np.nan)
    there[empty[0] & empty[1]] = back[empty[0] & empty[1]] = np.nan
    error[~both] = 0.0
    if percentile is None:
        reach = find_reaches(a, ia[both], b, jb[both], bounds[both])
        (there[both], back[both]), error[both] = reach.distances, reach.slack.max(axis=0)
        points[:, both] = reach.points
    else:
        share = percentile / 100.0
        for k in np.flatnonzero(both):
            there[k], first_error, points[0, k] = border_percentile(
                a, ia[k], b, jb[k], share, bounds[k]
            )
            back[k], second_error, points[1, k] = border_percentile(
                b, jb[k], a, ia[k], share, bounds[k]
            )
            error[k] = max(first_error, second_error)
    return HausdorffDistances(np.maximum(there, back), there, back, error, *points)
