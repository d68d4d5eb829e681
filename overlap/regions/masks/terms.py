"""The jitted scalars of masks, and the geometries made of them.

Columns: measures of the supports, (cell volume,), then lower ends, upper ends and centroids
of every axis; where cells are compared one pair at a time, also the columns of packed bits.
An empty mask has lower ends of +inf and upper ends of -inf. `LabelRegions` keep measures, ends
and centroids in the same places, and have all but the overlap from here.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from overlap._kernels.jit import compose, scalar
from overlap._kernels.terms import Geometry, Groups, each_axis
from overlap.regions.masks.words import popcount

__all__ = ["mask_geometry"]


@scalar
def mask_overlap(a, i, b, j):
    """Return ``(measure_a, measure_b, intersection)`` by counting common bits."""
    low = max(a[6][i], b[6][j])
    high = min(a[6][i] + a[7][i], b[6][j] + b[7][j])
    p, q = a[5][i] + low - a[6][i], b[5][j] + low - b[6][j]
    count = np.uint64(0)
    for w in range(high - low):
        count += popcount(a[8][p + w] & b[8][q + w])
    return a[0][i], b[0][j], np.float64(count) * a[1][0]


def _mask_extent(a, i, b, j):
    low = min(a[2][K][i], b[2][K][j])
    high = max(a[3][K][i], b[3][K][j])
    side_a = max(a[3][K][i] - a[2][K][i], 0.0)
    side_b = max(b[3][K][j] - b[2][K][j], 0.0)
    return (a[4][K][i] - b[4][K][j], side_a, side_b, max(high - low, 0.0))


def _mask_enclosure(a, i, b, j):
    hull, gap, diameter = 1.0, 0.0, 0.0
    for offset, _, _, cover in EXTENT(a, i, b, j):
        hull *= cover
        gap += offset * offset
        diameter += cover * cover
    empty_a, empty_b = a[0][i] == 0.0, b[0][j] == 0.0
    if empty_a and empty_b:
        gap = 0.0
    elif empty_a or empty_b:
        gap = diameter  # a set without a centre is as far as can be
    return hull, gap, diameter


def _mask_outside(a, i, b, j):
    hull, first, second, shared = 1.0, 1.0, 1.0, 1.0
    for k in range(len(a[2])):
        low_a, high_a, low_b, high_b = a[2][k][i], a[3][k][i], b[2][k][j], b[3][k][j]
        hull *= max(max(high_a, high_b) - min(low_a, low_b), 0.0)
        first *= max(high_a - low_a, 0.0)
        second *= max(high_b - low_b, 0.0)
        shared *= max(min(high_a, high_b) - max(low_a, low_b), 0.0)
    return max(hull - (first + second - shared), 0.0)


@cache
def mask_geometry(axes: int, form: str | None = None, convex: bool = False) -> Geometry:
    """Return the geometry of masks.

    Parameters
    ----------
    axes : int
    form : str or None
        Name of the soft form of a pair with a soft mask, whose terms have no scalars.
    convex : bool
        The enclosure is the convex hull instead of the box.
    """
    measured = not (convex and axes > 2)  # what lies outside a hull in space is not
    if form is not None:
        known = Groups.OVERLAP | Groups.ENCLOSURE | Groups.EXTENT
        return Geometry(
            written=known | Groups.OUTSIDE if measured else known,
            pulls=True,
            axes=axes,
            fills=False,
            sides=not convex,
            reflexive=form != "product",
            bounded=form != "squared",
        )
    extent = each_axis(_mask_extent, axes)
    return Geometry(
        overlap=mask_overlap,
        enclosure=compose(_mask_enclosure, EXTENT=extent),
        outside=scalar(_mask_outside) if measured else None,
        extent=extent,
        axes=axes,
        fills=False,
        sides=not convex,
    )
