"""Pairs of masks, of whatever sort: their terms, and gradients with respect to soft values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from overlap._kernels.jit import specialise
from overlap._kernels.loops import term_block
from overlap._kernels.terms import Geometry, Groups, terms_scalar
from overlap.regions.masks.cells import Cells
from overlap.regions.masks.label_map import LabelMap
from overlap.regions.masks.shares import Shares
from overlap.regions.masks.terms import mask_geometry

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["fill_terms", "pull_terms", "same_cells"]


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
    # The first pass over label maps gives all else that is asked of them.
    shared = _shared(a, rows, b, columns) if Groups.OVERLAP in needs else None
    around = needs & ~Groups.OVERLAP
    if around:
        boxes = mask_geometry(len(a.grid.shape))
        kernel = specialise(term_block, TERMS=terms_scalar(boxes, around))
        kernel(a.columns, rows, b.columns, columns, block)
        if not geometry.sides and Groups.ENCLOSURE in around:
            _enclose_in_hulls(a, rows, b, columns, Groups.OUTSIDE in around, block)
    if shared is None:
        return
    volume = a.grid.volume
    block[0] = a.measures[rows] * volume
    block[1] = b.measures[columns] * volume
    block[2] = shared * volume
    if around and (a.form or b.form):
        _scale_enclosures(a, rows, b, columns, block)


def _shared(
    a: Cells, rows: NDArray[np.intp], b: Cells, columns: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Return what listed pairs share, in cells."""
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
    """Make hull and outside relate to the soft union as they do to that of the supports."""
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
            pulled = mine.pull(row, theirs, other, (own, shared, gap))
            grad[part * size : (part + 1) * size, k] = pulled
