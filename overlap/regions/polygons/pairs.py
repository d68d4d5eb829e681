"""Terms of pairs of polygons, always computed in one order of the two."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from overlap._common.ragged import offsets_of
from overlap._kernels.jit import specialise
from overlap._kernels.plain import suited
from overlap._kernels.terms import Geometry, Groups
from overlap.regions.polygons.enclosure import fill_covers
from overlap.regions.polygons.enclosure_gradient import pull_covers, swapped
from overlap.regions.polygons.masses import grid_of, masses_of, shared_masses, uniform
from overlap.regions.polygons.overlap import shared_areas, slabs_of
from overlap.regions.polygons.overlap_gradient import pull_overlap

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from overlap.regions.polygons.rings import Rings

__all__ = [
    "BOX",
    "CONVEX",
    "UNROLLED",
    "enclosure_name",
    "fill_polygon_terms",
    "measures",
    "overlap_of",
    "pull_polygon_terms",
]


def compare(a, rows, b, columns, out):
    """Write -1, 0 or 1: the first region of a pair is before the second, the same, or after.

    The order is that of the lowest and highest coordinates, then of the vertices.
    """
    bounds, x, y, following, offsets = a
    bounds_b, x_b, y_b, following_b, offsets_b = b
    for k in range(out.shape[0]):
        i, j = rows[k], columns[k]
        sign = 0
        for c in range(4):
            if sign == 0:
                p, q = bounds[c, i], bounds_b[c, j]
                sign = int(p > q) - int(p < q)
        if sign == 0:
            u, v = offsets[i], offsets_b[j]
            size, size_b = offsets[i + 1] - u, offsets_b[j + 1] - v
            sign = int(size > size_b) - int(size < size_b)
            at = 0
            while sign == 0 and at < size:
                p, q = x[u + at], x_b[v + at]
                r, s = y[u + at], y_b[v + at]
                m, n = following[u + at] - u, following_b[v + at] - v
                if p != q:
                    sign = 1 if p > q else -1
                elif r != s:
                    sign = 1 if r > s else -1
                elif m != n:
                    sign = 1 if m > n else -1
                at += 1
        out[k] = sign


def compared(
    a: Rings, rows: NDArray[np.intp], b: Rings, columns: NDArray[np.intp]
) -> NDArray[np.int8]:
    """Return which region of a pair comes first in an order of all regions; 0 for equal ones."""
    out = np.empty(len(rows), np.int8)
    sides = [(r.bounds, r.x, r.y, r.following, r.vertex_offsets) for r in (a, b)]
    suited(specialise(compare), 4 * len(rows))(sides[0], rows, sides[1], columns, out)
    return out


def measures(rings: Rings) -> NDArray[np.float64]:
    """Return the areas of all regions, or their masses under the density, shape (N,)."""
    return rings.areas if rings.density is None else rings.derived("masses", masses_of)


def overlap_of(
    a: Rings, rows: NDArray[np.intp], b: Rings, columns: NDArray[np.intp], *, area: bool = False
) -> NDArray[np.float64]:
    """Return the intersections of listed pairs: areas, or masses under the density.

    Equal regions share their measure, and exchanging two changes no bit. With `area`, areas
    are returned whether or not there is a density.
    """
    by_mass = a.density is not None and not area
    own = [measures(r) if by_mass else r.areas for r in (a, b)]
    first, second = own[0][rows], own[1][columns]
    order = compared(a, rows, b, columns)
    out = np.minimum(first, second)
    for sign, one, i, two, j in ((-1, a, rows, b, columns), (1, b, columns, a, rows)):
        at = np.flatnonzero(order == sign)
        if at.size:
            shared = _direct(one, i[at], two, j[at], by_mass)
            out[at] = np.minimum(np.maximum(shared, 0.0), out[at])
    return out


def _direct(
    a: Rings, rows: NDArray[np.intp], b: Rings, columns: NDArray[np.intp], by_mass: bool
) -> NDArray[np.float64]:
    if by_mass:
        assert a.density is not None
        return shared_masses(a, rows, b, columns, grid_of(a.density))
    if all(rings.derived("slabs", slabs_of)[2] for rings in (a, b)):
        return shared_areas(a, rows, b, columns)
    return shared_masses(a, rows, b, columns, uniform(a, b))  # of lists in no order


def fill_polygon_terms(
    a: Rings,
    rows: NDArray[np.intp],
    b: Rings,
    columns: NDArray[np.intp],
    enclosure: str,
    needs: Groups,
    block: NDArray[np.float64],
) -> None:
    """Write the terms of listed pairs; see `Regions.fill_block`."""
    if Groups.OVERLAP in needs:
        block[0] = measures(a)[rows]
        block[1] = measures(b)[columns]
        block[2] = overlap_of(a, rows, b, columns)
    if needs & ~Groups.OVERLAP:
        fill_covers(a, rows, b, columns, enclosure, needs, block)
        if a.density is not None and needs & (Groups.ENCLOSURE | Groups.OUTSIDE):
            share, _ = _by_mass(a, rows, b, columns)
            block[3] *= share
            block[6] *= share


def _by_mass(
    a: Rings, rows: NDArray[np.intp], b: Rings, columns: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mass of unions over their area, and the area.

    Enclosures are multiplied by it, so that the gap is the share of their area outside the union.
    """
    mass = measures(a)[rows] + measures(b)[columns] - overlap_of(a, rows, b, columns)
    area = a.areas[rows] + b.areas[columns] - overlap_of(a, rows, b, columns, area=True)
    return np.divide(mass, area, out=np.zeros(len(rows)), where=area > 0), area


def pull_polygon_terms(
    a: Rings,
    rows: NDArray[np.intp],
    b: Rings,
    columns: NDArray[np.intp],
    enclosure: str,
    needs: Groups,
    wrt: str,
    block: NDArray[np.float64],
    partials: NDArray[np.float64],
) -> tuple[NDArray[np.float64], ...]:
    """Return the gradients of listed pairs with respect to the vertices of one or of both.

    Each has shape (vertices, 2), with the vertices of the pairs one after the other.
    """
    same = compared(a, rows, b, columns) == 0
    result = []
    for side in ("found", "truth") if wrt == "both" else (wrt,):
        if side == "found":
            pulled = _pull(a, rows, b, columns, enclosure, needs, block, partials, same)
        else:
            exchanged = swapped(partials)
            pulled = _pull(b, columns, a, rows, enclosure, needs, block, exchanged, same)
        result.append(pulled)
    return tuple(result)


def _pull(
    a: Rings,
    rows: NDArray[np.intp],
    b: Rings,
    columns: NDArray[np.intp],
    enclosure: str,
    needs: Groups,
    block: NDArray[np.float64],
    partials: NDArray[np.float64],
    same: NDArray[np.bool_],
) -> NDArray[np.float64]:
    starts = offsets_of(np.diff(a.vertex_offsets)[rows])
    grad = np.zeros((2, starts[-1]))
    pair = a, rows, b, columns
    around = bool(needs & ~Groups.OVERLAP)
    if around and a.density is not None:
        partials = partials.copy()
        share, area = _by_mass(*pair)
        # Hull and outside are multiples of the mass of the union over its area.
        scaled = partials[3] * block[3] + partials[6] * block[6]
        through = np.divide(scaled, share * area, out=np.zeros(len(rows)), where=share * area > 0)
        partials[0] += through
        partials[2] -= through
        partials[[3, 6]] *= share
        through *= -share
        pull_overlap(*pair, through, -through, same, starts[:-1], None, grad)
    grid = None if a.density is None else grid_of(a.density)
    pull_overlap(*pair, partials[0], partials[2], same, starts[:-1], grid, grad)
    if around:
        pull_covers(*pair, enclosure, partials, starts[:-1], grad)
    return grad.T


# ------------------------------------------------------------------------- geometries


def _geometry(*, sides: bool, pulls_outside: bool = True) -> Geometry:
    return Geometry(
        written=Groups.OVERLAP | Groups.ENCLOSURE | Groups.OUTSIDE | Groups.EXTENT,
        pulls=True,
        axes=2,
        fills=False,
        sides=sides,
        pulls_outside=pulls_outside,
    )


CONVEX, BOX = _geometry(sides=False), _geometry(sides=True)
UNROLLED = _geometry(sides=False, pulls_outside=False)  # hulls with a period


def enclosure_name(geometry: Geometry) -> str:
    """Return the name of the enclosure of a geometry."""
    return "box" if geometry.sides else "hull"
