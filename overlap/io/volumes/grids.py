"""Grids of volumes: whether two are the same, and axes brought into one order."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from overlap._common.values import ByValue
from overlap._common.voxel_grid import (
    GridMismatchError,
    axis_change,
    compare_grids,
    mismatch,
)
from overlap.io.volumes.volume import Volume, VolumeHeader

__all__ = ["GridAgreement", "GridMismatchError", "check_same_grid", "reorient"]


@dataclass(frozen=True, eq=False)
class GridAgreement(ByValue):
    """Agreement of two grids.

    Attributes
    ----------
    difference : float
        The largest difference of spacing, direction or origin, as `check_same_grid` measures
        them.
    compared : tuple of str
        Properties that both files know, of ``"shape"``, ``"spacing"``, ``"direction"`` and
        ``"origin"``.
    """

    difference: float
    compared: tuple[str, ...]


def check_same_grid(
    truth: Volume | VolumeHeader, found: Volume | VolumeHeader, tolerance: float = 1e-3
) -> GridAgreement:
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
        The largest difference, and the properties compared: a file that says nothing of its
        position agrees with any.

    Raises
    ------
    GridMismatchError
        A property differs. The message names it, with both numbers, and says whether exchanging or
        flipping axes of `found` would make the two equal. It is a ValueError.

    Examples
    --------
    >>> from overlap.io import check_same_grid, read_volume, sample_path
    >>> truth = read_volume(sample_path("volumes_truth") / "case_1.mha")
    >>> found = read_volume(sample_path("volumes_found") / "case_1.mha")
    >>> check_same_grid(truth, found)
    GridAgreement(difference=0.0, compared=('shape', 'spacing', 'direction', 'origin'))
    """
    _check_tolerance(tolerance)
    grids = truth.grid, found.grid
    compared, faults, difference = compare_grids(*grids, tolerance)
    if faults:
        names = truth.path, found.path
        raise GridMismatchError(mismatch(*grids, names, tolerance, "reorient=True (--reorient)"))
    return GridAgreement(difference, compared)


def reorient(found: Volume, truth: Volume, tolerance: float = 1e-3) -> Volume:
    """Put the axes of a volume into the order and direction of another one's.

    No value is changed or interpolated: axes are exchanged and reversed. Where both volumes are
    on one grid already, where one of them has no affine, or where no such change puts `found` onto
    the grid of `truth`, it is returned as it is.

    Parameters
    ----------
    found : Volume
        The volume to turn.
    truth : Volume
        The volume with the wanted grid.
    tolerance : float, default 1e-3
        As in `check_same_grid`.

    Returns
    -------
    Volume
        With a view of the values, and a note that names the change.

    Examples
    --------
    >>> from dataclasses import replace
    >>> import numpy as np
    >>> from overlap.io import read_volume, reorient, sample_path
    >>> truth = read_volume(sample_path("volumes_truth") / "case_1.mha")
    >>> affine = truth.affine @ np.diag([-1.0, 1.0, 1.0, 1.0])
    >>> affine[:3, 3] += 23 * truth.affine[:3, 0]
    >>> flipped = replace(truth, values=truth.values[::-1], affine=affine)
    >>> turned = reorient(flipped, truth)
    >>> turned.notes, bool((turned.values == truth.values).all())
    (('was read with x flipped, to lie on the grid of the truth',), True)
    """
    _check_tolerance(tolerance)
    grids = truth.grid, found.grid
    known = truth.affine is not None and found.affine is not None
    if not known or len(truth.shape) != len(found.shape):
        return found
    if not compare_grids(*grids, tolerance)[1]:
        return found
    change = axis_change(*grids, tolerance)
    if change is None:
        return found
    grid = change.grid(found.grid)
    assert grid.spacing is not None
    note = f"was read with {change}, to lie on the grid of the truth"
    return replace(
        found, values=change.array(found.values), affine=grid.affine, spacing=grid.spacing,
        notes=(*found.notes, note),
    )  # fmt: skip


def _check_tolerance(tolerance: float) -> None:
    if not (np.isfinite(tolerance) and tolerance >= 0):
        raise ValueError(f"tolerance is {tolerance!r}; wanted a number of at least 0")
