"""Do two volumes lie on the same grid?"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from overlap.io.volumes.volume import Volume

__all__ = ["GridAgreement", "GridMismatchError", "check_same_grid"]

_AXES = "xyz"
_Affine = NDArray[np.float64]


class GridMismatchError(ValueError):
    """Two volumes whose voxels are not the same places."""


@dataclass(frozen=True)
class GridAgreement:
    """How well two grids agree.

    Attributes
    ----------
    difference : float
        The largest difference of spacing, direction or origin, as `check_same_grid` measures
        them.
    compared : tuple of str
        What both files know: of ``"shape"``, ``"spacing"``, ``"direction"``, ``"origin"``.
    """

    difference: float
    compared: tuple[str, ...]


def check_same_grid(truth: Volume, found: Volume, tolerance: float = 1e-3) -> GridAgreement:
    """Check that two volumes have the same shape, spacing, direction and origin.

    Parameters
    ----------
    truth, found : Volume
        The two volumes.
    tolerance : float, default 1e-3
        Largest difference that is accepted: of a spacing relative to it, of a component of an
        axis' unit vector, and of the origin relative to the diagonal of a voxel. Programs that
        round an affine, or store it as a quaternion, change it by less.

    Returns
    -------
    GridAgreement
        The largest difference, and what could be compared: a file that says nothing of its
        position agrees with any.

    Raises
    ------
    GridMismatchError
        Something differs. The message says what, with both numbers, and whether exchanging or
        flipping axes of `found` would make the two equal. It is a ValueError.

    Examples
    --------
    >>> from overlap.io import check_same_grid, read_volume, sample_path
    >>> truth = read_volume(sample_path("volumes_truth") / "case_1.mha")
    >>> found = read_volume(sample_path("volumes_found") / "case_1.mha")
    >>> check_same_grid(truth, found)
    GridAgreement(difference=0.0, compared=('shape', 'spacing', 'direction', 'origin'))
    """
    if not (np.isfinite(tolerance) and tolerance >= 0):
        raise ValueError(f"tolerance is {tolerance!r}; wanted a number of at least 0")
    grids = _Grid.of(truth), _Grid.of(found)
    compared, faults, difference = _compare(*grids, tolerance)
    if faults:
        raise GridMismatchError(
            f"{found.path} is not on the grid of {truth.path}: {'; '.join(faults)}; "
            f"{_hint(*grids, tolerance)}"
        )
    return GridAgreement(difference, compared)


class _Grid(NamedTuple):
    """What a file says about its grid; None for what it does not say."""

    shape: tuple[int, ...]
    spacing: tuple[float, ...] | None
    affine: _Affine | None

    @classmethod
    def of(cls, volume: Volume) -> _Grid:
        return cls(volume.shape, volume.spacing if volume.unit else None, volume.affine)


def _compare(
    truth: _Grid, found: _Grid, tolerance: float
) -> tuple[tuple[str, ...], list[str], float]:
    """Return what was compared, what differs, and the largest difference."""
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


def _hint(truth: _Grid, found: _Grid, tolerance: float) -> str:
    """Say what would make the grids equal, if something simple does."""
    ndim = len(found.shape)
    if ndim != len(truth.shape):
        return "give both the same number of axes"
    for order, flips in _changes(ndim):
        if found.affine is None and any(flips):
            continue
        changed = _changed(found, order, flips)
        if not _compare(truth, changed, tolerance)[1]:
            return f"the grids are the same if it is read with {_words(order, flips)}"
    if found.affine is not None:
        turned = found._replace(affine=np.diag([-1.0, -1.0, 1.0, 1.0]) @ found.affine)
        if not _compare(truth, turned, tolerance)[1]:
            return "x and y of its affine have the opposite sign (LPS stored as if it were RAS)"
    return "resample one of them to the grid of the other"


def _changes(ndim: int) -> Iterator[tuple[tuple[int, ...], tuple[bool, ...]]]:
    """All orders and flips of axes but the one that changes nothing, small changes first."""
    orders = itertools.permutations(range(ndim))
    changes = itertools.product(orders, itertools.product((False, True), repeat=ndim))

    def size(change: tuple[tuple[int, ...], tuple[bool, ...]]) -> int:
        order, flips = change
        return sum(flips) + 2 * sum(axis != place for place, axis in enumerate(order))

    return iter(sorted(changes, key=size)[1:])


def _changed(grid: _Grid, order: tuple[int, ...], flips: tuple[bool, ...]) -> _Grid:
    """Return the grid of the array with its axes in another order and then flipped."""
    shape = tuple(grid.shape[axis] for axis in order)
    spacing = grid.spacing and tuple(grid.spacing[axis] for axis in order)
    if grid.affine is None:
        return _Grid(shape, spacing, None)
    affine = grid.affine.copy()
    affine[:, : len(order)] = grid.affine[:, list(order)]
    for axis, flip in enumerate(flips):
        if flip:
            affine[:, 3] += (shape[axis] - 1) * affine[:, axis]
            affine[:, axis] *= -1.0
    return _Grid(shape, spacing, affine)


def _words(order: tuple[int, ...], flips: tuple[bool, ...]) -> str:
    moved = [axis for axis, place in enumerate(order) if axis != place]
    parts = []
    if len(moved) == 2:
        parts.append(f"its axes swapped ({_AXES[moved[0]]} <-> {_AXES[moved[1]]})")
    elif moved:
        parts.append(f"its axes in the order {', '.join(_AXES[axis] for axis in order)}")
    flipped = [_AXES[axis] for axis, flip in enumerate(flips) if flip]
    if flipped:
        parts.append(f"{' and '.join(flipped)} flipped")
    return ", then ".join(parts)
