"""Terms of pairs of masks, and gradients with respect to the values of soft ones.

Columns of the scalars: measures of the supports, (cell volume,), then lower ends, upper ends and
centroids of every axis; where cells are compared one pair at a time, also the columns of packed
bits. An empty mask has lower ends of +inf and upper ends of -inf. `LabelRegions` keep measures,
ends and centroids in the same places, and have all but the overlap from here.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from overlap._kernels.jit import compose, scalar, specialise
from overlap._kernels.loops import term_block
from overlap._kernels.terms import Geometry, Groups, each_axis, terms_scalar
from overlap._kernels.words import popcount
from overlap.regions.masks.bits import Bits
from overlap.regions.masks.cells import Cells
from overlap.regions.masks.label_map import LabelMap
from overlap.regions.masks.shares import Shares

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["fill_terms", "mask_geometry", "pull_terms", "same_cells"]


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


def fill_terms(
    a: Cells,
    rows: NDArray[np.intp],
    b: Cells,
    columns: NDArray[np.intp],
    geometry: Geometry,
    needs: Groups,
    block: NDArray[np.float64],
) -> None:
    """Write the terms of listed pairs; see `Regions.fill_block`."""
    packed = isinstance(a.data, Bits) and isinstance(b.data, Bits)
    # The first pass over label maps gives all else that is asked of them.
    shared = _shared(a, rows, b, columns) if Groups.OVERLAP in needs and not packed else None
    around = needs & ~Groups.OVERLAP
    if around:
        boxes = mask_geometry(len(a.grid.shape))
        kernel = specialise(term_block, TERMS=terms_scalar(boxes, around))
        kernel(a.columns, rows, b.columns, columns, block)
        if not geometry.sides and Groups.ENCLOSURE in around:
            _enclose_in_hulls(a, rows, b, columns, Groups.OUTSIDE in around, block)
    volume = a.grid.volume
    if Groups.OVERLAP in needs and isinstance(a.data, Bits) and isinstance(b.data, Bits):
        a.data.fill(rows, b.data, columns, volume, block)
    if shared is None:
        return
    block[0] = a.measures[rows] * volume
    block[1] = b.measures[columns] * volume
    block[2] = shared * volume
    if around and (a.form or b.form):
        _scale_enclosures(a, rows, b, columns, block)


def _shared(
    a: Cells, rows: NDArray[np.intp], b: Cells, columns: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Return the intersections of listed pairs, in cells."""
    first, second = a.data, b.data
    if isinstance(first, Shares) and isinstance(second, Shares):
        return first.shared(rows, second, columns, str(a.form))
    if isinstance(first, Shares):
        return first.inside(rows, b.bits, columns)
    if isinstance(second, Shares):
        return second.inside(columns, a.bits, rows)
    if isinstance(first, LabelMap) and isinstance(second, LabelMap):
        return first.shared(rows, second, columns)
    return a.bits.shared(rows, b.bits, columns)


def same_cells(a: Cells, rows: NDArray[np.intp], b: Cells, columns: NDArray[np.intp]) -> bool:
    """Return whether two batches of one form are equal, mask by mask."""
    if len(rows) != len(columns):
        return False
    if a.form is not None:
        return np.array_equal(a.data.dense(rows), b.data.dense(columns))
    shared = _shared(a, rows, b, columns)
    return all(np.array_equal(shared, x.measures[at]) for x, at in ((a, rows), (b, columns)))


def _enclose_in_hulls(
    a: Cells,
    rows: NDArray[np.intp],
    b: Cells,
    columns: NDArray[np.intp],
    outside: bool,
    block: NDArray[np.float64],
) -> None:
    hull, diameter, rest = a.hulls.enclose(rows, b.hulls, columns, a.grid.spacing, outside)
    alone = (a.columns[0][rows] == 0) != (b.columns[0][columns] == 0)
    block[3], block[5], block[6] = hull, diameter, rest
    block[4] = np.where(alone, diameter, block[4])


def _scale_enclosures(
    a: Cells,
    rows: NDArray[np.intp],
    b: Cells,
    columns: NDArray[np.intp],
    block: NDArray[np.float64],
) -> None:
    """Scale hull and outside from the union of the supports to the soft union."""
    union = a.bits.count[rows] + b.bits.count[columns] - a.bits.shared(rows, b.bits, columns)
    union *= a.grid.volume
    soft = block[0] + block[1] - block[2]
    for row, without in ((3, 1.0), (6, 0.0)):  # without supports the enclosure is the union
        share = np.divide(block[row], union, out=np.full(len(union), without), where=union > 0)
        block[row] = share * soft


def pull_terms(
    a: Cells,
    rows: NDArray[np.intp],
    b: Cells,
    columns: NDArray[np.intp],
    wrt: str,
    block: NDArray[np.float64],
    partials: NDArray[np.float64],
    grad: NDArray[np.float64],
) -> None:
    """Write the gradients with respect to the values of soft masks; see `Regions.pull_block`."""
    sides = ("found", "truth") if wrt == "both" else (wrt,)
    for name in sides:
        if (a if name == "found" else b).form is None:
            raise TypeError(
                f"Masks: the {name} masks are hard and have no gradient; give their values as "
                "floats to differentiate with respect to them"
            )
    union = block[0] + block[1] - block[2]
    # Hull and outside are multiples of the soft union.
    scaled = partials[3] * block[3] + partials[6] * block[6]
    through = np.divide(scaled, union, out=np.zeros_like(union), where=union > 0)
    size = grad.shape[0] // len(sides)
    for k, (i, j) in enumerate(zip(rows, columns, strict=True)):
        shared, gap = partials[2, k] - through[k], partials[4, k]
        for part, name in enumerate(sides):
            mine, row, theirs, other = (a, i, b, j) if name == "found" else (b, j, a, i)
            own = partials[0 if name == "found" else 1, k] + through[k]
            target = grad[part * size : (part + 1) * size, k]
            out = target if target.flags.c_contiguous else np.empty(size)
            mine.pull(row, theirs, other, (own, shared, gap), out)
            if out is not target:
                target[:] = out
