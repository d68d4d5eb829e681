"""Rasters: regions of any kind as cells of a grid."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from overlap._common.limits import MOST_BYTES, in_bytes
from overlap.regions.base import Regions
from overlap.regions.grid import Grid

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["rastered"]

_POINTS = 1 << 20  # tested in one go
_TESTS = 1 << 22  # regions times points in one go


def rastered(regions: Regions, grid: Grid, supersample: int, soft: bool) -> tuple[NDArray, Grid]:
    """Return the cells of regions, shape (N, *grid), and the grid that they are on.

    Parameters
    ----------
    regions : Regions
    grid : Grid
    supersample : int
        Parts of a cell per axis.
    soft : bool
        Stay on `grid` and return the share of the parts of every cell; otherwise every part
        is a cell of a finer grid.
    """
    fine = grid.finer(supersample) if supersample > 1 else grid
    target, parts = (grid, supersample) if soft else (fine, 1)
    size = len(regions) * math.prod(target.shape) * (8 if soft else 1)
    if size > MOST_BYTES:
        raise ValueError(
            f"Masks.from_regions: {len(regions):,} regions on {' x '.join(map(str, target.shape))} "
            f"cells need {in_bytes(size)}, at most {in_bytes(MOST_BYTES)} are possible; take fewer "
            "regions at a time, or a coarser grid"
        )
    cells = np.empty((len(regions), *target.shape), np.float64 if soft else bool)
    per_line = math.prod(fine.shape[1:]) * parts
    lines = max(_POINTS // per_line, 1)
    step = max(_TESTS // (lines * per_line), 1)
    for start in range(0, target.shape[0], lines):
        stop = min(start + lines, target.shape[0])
        points = fine.centers(slice(start * parts, stop * parts))
        slab = (stop - start, *target.shape[1:])
        for n in range(0, len(regions), step):
            inside = regions[n : n + step].contains(points)
            cells[n : n + step, start:stop] = _shares(inside, slab, parts)
    return cells, target


def _shares(inside: NDArray[np.bool_], slab: tuple[int, ...], parts: int) -> NDArray:
    if parts == 1:
        return inside.reshape(-1, *slab)
    split = [size for count in slab for size in (count, parts)]
    others = tuple(range(2, 2 * len(slab) + 1, 2))
    return inside.reshape(-1, *split).mean(axis=others)
