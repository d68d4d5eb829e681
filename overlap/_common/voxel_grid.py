"""Voxel grids: where the voxels of a volume lie, and whether two volumes lie on the same."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from overlap._common.decimals import as_meant, shortest_decimal

__all__ = ["AxisChange", "GridMismatchError", "VoxelGrid", "affine_from_lps", "axis_change",
           "axis_length", "compare_grids", "mismatch"]  # fmt: skip

_AXES = "xyz"
# An affine and a stated spacing differ by less if they are the same one.
_AGREES = 1e-5
_Affine = NDArray[np.float64]


class GridMismatchError(ValueError):
    """Two volumes whose voxels are not the same places."""


class VoxelGrid(NamedTuple):
    """The grid of a volume, as far as the volume says it.

    Attributes
    ----------
    shape : tuple of int
    spacing : tuple of float or None
        In millimeters; None where it is not known.
    affine : ndarray, shape (4, 4), or None
        From voxel indices to millimeters in RAS+; None where it is not known.
    """

    shape: tuple[int, ...]
    spacing: tuple[float, ...] | None
    affine: _Affine | None


def affine_from_lps(
    direction: NDArray[np.float64], spacing: Sequence[float], origin: Sequence[float]
) -> NDArray[np.float64]:
    """Build the RAS+ affine of an image that is described in LPS.

    Parameters
    ----------
    direction : ndarray, shape (D, D)
        Column k is the unit vector of axis k.
    spacing : sequence of float, length D
        Distance of neighbors along each axis.
    origin : sequence of float, length D
        Center of the first voxel.

    Returns
    -------
    ndarray, shape (4, 4)
        Axes after the third are left out; for two-dimensional images the third is that of the
        identity.
    """
    count = min(len(spacing), 3)
    affine = np.eye(4)
    affine[:count, :count] = direction[:count, :count] * np.asarray(spacing[:count])
    affine[:count, 3] = origin[:count]
    # left to right and posterior to anterior; 0 - x so that no zero becomes -0
    affine[:2] = 0.0 - affine[:2]
    if count < 2:
        affine[1, 1] = 1.0
    return affine


def axis_length(column: NDArray[np.float64], stated: float, single: bool) -> float:
    """Return the length of an axis: the stated one if the affine agrees, as a decimal.

    Parameters
    ----------
    column : ndarray
        Of an affine.
    stated : float
        What a header says, or infinity.
    single : bool
        The affine was stored as float32.
    """
    length = float(np.linalg.norm(column))
    if abs(length - stated) <= _AGREES * stated < np.inf:
        length = stated
    # a field of view over a power of two, such as 250 / 2048, is as it stands
    if np.count_nonzero(column) == 1 or (length * 2.0**20).is_integer():
        return as_meant(length)
    # the components of an oblique axis are rounded one by one, and programs state what they give
    return shortest_decimal(as_meant(length), 2.0**-22 if single else 2.0**-50)


def compare_grids(
    truth: VoxelGrid, found: VoxelGrid, tolerance: float
) -> tuple[tuple[str, ...], list[str], float]:
    """Return properties that were compared, those that differ, and the largest difference."""
    if truth.shape != found.shape:
        sizes = [" x ".join(map(str, grid.shape)) for grid in (found, truth)]
        return ("shape",), [f"its shape is {sizes[0]}, that of the truth {sizes[1]}"], np.inf
    compared, faults, largest = ["shape"], [], 0.0
    if truth.spacing is not None and found.spacing is not None:
        compared.append("spacing")
        ours, theirs = np.array(found.spacing), np.array(truth.spacing)
        apart = float(np.max(np.abs(ours - theirs) / theirs))
        largest = max(largest, apart)
        if apart > tolerance:
            faults.append(
                f"its spacing is {_show(ours)} mm, that of the truth {_show(theirs)} "
                f"({apart:.3g} of it)"
            )
    if truth.affine is None or truth.spacing is None or found.affine is None:
        return tuple(compared), faults, largest
    compared += ["direction", "origin"]
    if np.array_equal(found.affine, truth.affine):  # as a rule
        return tuple(compared), faults, largest
    ndim = len(truth.shape)
    ours, theirs = _directions(found.affine, ndim), _directions(truth.affine, ndim)
    apart = float(np.abs(ours - theirs).max())
    largest = max(largest, apart)
    if apart > tolerance:
        axis = int(np.abs(ours - theirs).max(axis=0).argmax())
        faults.append(
            f"its {_AXES[axis]} axis points to {_show(ours[:, axis])}, that of the truth "
            f"to {_show(theirs[:, axis])} (right, front, up)"
        )
    ours, theirs = found.affine[:3, 3], truth.affine[:3, 3]
    apart = float(np.linalg.norm(ours - theirs) / np.linalg.norm(truth.spacing))
    largest = max(largest, apart)
    if apart > tolerance:
        faults.append(
            f"its first voxel is at {_show(ours)} mm, that of the truth at {_show(theirs)} "
            f"({apart:.3g} of a voxel's diagonal)"
        )
    return tuple(compared), faults, largest


def _directions(affine: _Affine, ndim: int) -> _Affine:
    columns = affine[:3, :ndim]
    return columns / np.linalg.norm(columns, axis=0)


def _show(numbers: _Affine) -> str:
    return "(" + ", ".join(f"{number:.7g}" for number in numbers) + ")"


def mismatch(
    truth: VoxelGrid, found: VoxelGrid, names: tuple[str, str], tolerance: float, how: str = ""
) -> str:
    """Describe the difference of two grids, and a way to make them equal; "" for equal ones.

    Parameters
    ----------
    truth, found : VoxelGrid
    names : tuple of str
        Names of truth and found.
    tolerance : float
        As in `overlap.io.check_same_grid`.
    how : str, optional
        What exchanges and flips axes of volumes whose place is known.
    """
    faults = compare_grids(truth, found, tolerance)[1]
    if not faults:
        return ""
    return (
        f"{names[1]} is not on the grid of {names[0]}: {'; '.join(faults)}; "
        f"{_hint(truth, found, tolerance, how)}"
    )


def _hint(truth: VoxelGrid, found: VoxelGrid, tolerance: float, how: str) -> str:
    """Describe a simple way to make the grids equal, if there is one."""
    if len(found.shape) != len(truth.shape):
        return "give both the same number of axes"
    change = axis_change(truth, found, tolerance)
    if change is not None:
        sure = truth.affine is not None and found.affine is not None
        more = f"; {how} does that" if how and sure else ""
        return f"the grids are the same if it is read with {change}{more}"
    if found.affine is not None:
        turned = found._replace(affine=np.diag([-1.0, -1.0, 1.0, 1.0]) @ found.affine)
        if not compare_grids(truth, turned, tolerance)[1]:
            return "x and y of its affine have the opposite sign (LPS stored as if it were RAS)"
    return "resample one of them to the grid of the other"


class AxisChange(NamedTuple):
    """Another order and other directions of the axes of an array.

    Attributes
    ----------
    order : tuple of int
        Which axis comes to each place.
    flips : tuple of bool
        Which axes are then reversed.
    """

    order: tuple[int, ...]
    flips: tuple[bool, ...]

    def __str__(self) -> str:
        moved = [axis for axis, place in enumerate(self.order) if axis != place]
        parts = []
        if len(moved) == 2:
            parts.append(f"its axes swapped ({_AXES[moved[0]]} <-> {_AXES[moved[1]]})")
        elif moved:
            parts.append(f"its axes in the order {', '.join(_AXES[axis] for axis in self.order)}")
        flipped = [_AXES[axis] for axis, flip in enumerate(self.flips) if flip]
        if flipped:
            parts.append(f"{' and '.join(flipped)} flipped")
        return ", then ".join(parts)

    def array(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return a view of an array with its axes in this order and direction.

        Parameters
        ----------
        values : ndarray
        """
        flips = tuple(slice(None, None, -1) if flip else slice(None) for flip in self.flips)
        return values.transpose(self.order)[flips]

    def grid(self, grid: VoxelGrid) -> VoxelGrid:
        """Return the grid of such a view.

        Parameters
        ----------
        grid : VoxelGrid
        """
        shape = tuple(grid.shape[axis] for axis in self.order)
        spacing = grid.spacing and tuple(grid.spacing[axis] for axis in self.order)
        if grid.affine is None:
            return VoxelGrid(shape, spacing, None)
        affine = grid.affine.copy()
        affine[:, : len(self.order)] = grid.affine[:, list(self.order)]
        for axis, flip in enumerate(self.flips):
            if flip:
                affine[:, 3] += (shape[axis] - 1) * affine[:, axis]
                affine[:, axis] *= -1.0
        return VoxelGrid(shape, spacing, affine)


def axis_change(truth: VoxelGrid, found: VoxelGrid, tolerance: float) -> AxisChange | None:
    """Return the smallest change of axes that puts one grid onto another; None if none does.

    Parameters
    ----------
    truth, found : VoxelGrid
        Without an affine, axes are exchanged and never flipped.
    tolerance : float
        As in `overlap.io.check_same_grid`.
    """
    ndim = len(found.shape)
    orders = itertools.permutations(range(ndim))
    changes = itertools.starmap(
        AxisChange, itertools.product(orders, itertools.product((False, True), repeat=ndim))
    )

    def size(change: AxisChange) -> int:
        moved = sum(axis != place for place, axis in enumerate(change.order))
        return sum(change.flips) + 2 * moved

    for change in sorted(changes, key=size)[1:]:
        if found.affine is None and any(change.flips):
            continue
        if not compare_grids(truth, change.grid(found), tolerance)[1]:
            return change
    return None
