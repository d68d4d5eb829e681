"""Border points of two sets on one grid: voxels, surfels with areas, or all voxels."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np

from overlap._common.values import ByValue

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["FOUND", "TRUTH", "Borders", "Kind", "border_points"]

Kind = Literal["voxel", "surfel", "region"]

#: Bits of the two sets.
FOUND, TRUTH = 1, 2


@dataclass(frozen=True, eq=False)
class Borders(ByValue):
    """Points of both sets, on a grid that has a margin of one cell around the sets.

    Attributes
    ----------
    marks : ndarray of uint8, shape (*grid)
        Bits of the sets that have a point there.
    at : ndarray of int64, shape (N,)
        Places of all points in the flat grid.
    which : ndarray of uint8, shape (N,)
        Bits of these points.
    weights : dict of int to ndarray of float64, shape (N,)
        Area of every point by set; empty if all points count alike.
    shift : float
        From the index of a cell to its point, in cells of the sets' own box: -0.5 for the center
        of a voxel after the margin, 0 for a corner.
    """

    marks: NDArray[np.uint8]
    at: NDArray[np.int64]
    which: NDArray[np.uint8]
    weights: dict[int, NDArray[np.float64]]
    shift: float


def border_points(
    found: NDArray[np.bool_], truth: NDArray[np.bool_], kind: Kind, spacing: tuple[float, ...]
) -> Borders:
    """Find the border points of two sets of voxels; outside the arrays there is nothing.

    Parameters
    ----------
    found, truth : ndarray of bool, shape (*grid)
    kind : {"voxel", "surfel", "region"}
        Voxels of the set with a neighbor, across a face, that is not in it; corners of voxels
        around which some voxels are in the set and some are not, with the area of the surface
        there; or all voxels of the set.
    spacing : tuple of float
        Side of a voxel per axis.
    """
    both = np.zeros([n + 2 for n in found.shape], np.uint8)
    inner = both[(slice(1, -1),) * both.ndim]
    inner[...] = found
    inner |= truth.view(np.uint8) << 1
    flat = both.reshape(-1)
    steps = [int(np.prod(both.shape[k + 1 :])) for k in range(both.ndim)]
    if kind == "region":
        marks = flat
    elif kind == "voxel":
        marks = _voxels(flat, steps)
    else:
        marks = _surfels(flat, steps)
    at = np.flatnonzero(marks != 0)
    weights = {}
    if kind == "surfel":
        weights = _areas(flat, at, steps, spacing)
    shift = 0.0 if kind == "surfel" else -0.5
    return Borders(marks.reshape(both.shape), at, marks[at], weights, shift)


def _voxels(flat: NDArray[np.uint8], steps: list[int]) -> NDArray[np.uint8]:
    margin = max(steps)
    middle = slice(margin, len(flat) - margin)
    inside = flat[middle].copy()
    for step in steps:
        for shift in (-step, step):
            inside &= flat[margin + shift : len(flat) - margin + shift]
    marks = np.zeros_like(flat)
    np.bitwise_xor(flat[middle], inside, out=marks[middle])
    return marks


def _surfels(flat: NDArray[np.uint8], steps: list[int]) -> NDArray[np.uint8]:
    """Mark the lowest cell of every block of 2 cells per axis that is partly in a set."""
    some, every = flat.copy(), flat.copy()
    for step in steps:
        # what would wrap around meets the margin only
        some[:-step] |= some[step:].copy()
        every[:-step] &= every[step:].copy()
    return some ^ every


def _areas(
    flat: NDArray[np.uint8], at: NDArray[np.int64], steps: list[int], spacing: tuple[float, ...]
) -> dict[int, NDArray[np.float64]]:
    """Return the area of the surface in every block, by set."""
    table = surfel_areas(spacing)
    codes = {bit: np.zeros(len(at), np.intp) for bit in (FOUND, TRUTH)}
    for place, corner in enumerate(itertools.product((0, 1), repeat=len(steps))):
        values = flat[at + sum(step for step, one in zip(steps, corner, strict=True) if one)]
        for bit, code in codes.items():
            code |= ((values & bit) != 0).astype(np.intp) << place
    return {bit: table[code] for bit, code in codes.items()}


@lru_cache(maxsize=64)
def surfel_areas(spacing: tuple[float, ...]) -> NDArray[np.float64]:
    """Return the area of the surface through a block of 2 voxels per axis, by its code.

    Bit k of a code is the k-th corner in the order of `itertools.product`.

    In 3 dimensions it is the area of the triangles of marching cubes (Lorensen and Cline, 1987),
    for the code or for its complement, whichever is smaller; in 2 dimensions the length of the
    contour through the middles of the sides. This is what the program surface-distance takes.

    Parameters
    ----------
    spacing : tuple of float
        Side of a voxel per axis, 2 or 3 of them.
    """
    if len(spacing) == 2:
        p, r = spacing
        corner = 0.5 * math.hypot(p, r)
        lengths = np.full(16, corner)
        # corners are 00, 01, 10, 11 from bit 0 on
        lengths[[0, 15]] = 0.0
        lengths[[0b0011, 0b1100]] = r
        lengths[[0b0101, 0b1010]] = p
        lengths[[0b0110, 0b1001]] = 2.0 * corner
        return lengths
    if len(spacing) != 3:
        raise ValueError(
            f"surfels are known for 2 and 3 axes, not for {len(spacing)}; take border='voxel'"
        )
    areas = np.zeros(256)
    for code, triangles in enumerate(_triangles()):
        sides = np.diff(triangles * np.array(spacing), axis=1)
        areas[code] = 0.5 * np.linalg.norm(np.cross(sides[:, 0], sides[:, 1]), axis=-1).sum()
    areas.flags.writeable = False
    return np.minimum(areas, areas[::-1])


@cache
def _triangles() -> tuple[NDArray[np.float64], ...]:
    """Return the triangles of marching cubes by code, each of shape (N, 3, 3)."""
    from skimage.measure import marching_cubes

    result = [np.empty((0, 3, 3))] * 256
    for code in range(1, 255):
        block = np.array([code >> k & 1 for k in range(8)], np.float64).reshape(2, 2, 2)
        points, faces, _, _ = marching_cubes(block, 0.5, method="lorensen")
        result[code] = points[faces].astype(np.float64)
    return tuple(result)
