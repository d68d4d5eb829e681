"""Counting: two label volumes to a contingency, in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap._common.decimals import as_meant
from overlap._common.label_arrays import read_label_pair
from overlap._common.numbers import as_numbers
from overlap._kernels.label_pairs import count_label_pairs
from overlap.labels.contingency import Contingency, checked_labels
from overlap.regions.grid import check_cells

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["contingency"]


def contingency(
    found: ArrayLike,
    truth: ArrayLike,
    *,
    spacing: Sequence[float] | None = None,
    origin: Sequence[float] | None = None,
    unit: str | None = None,
    ignore: int | Sequence[int] = (),
    ignore_found: int | Sequence[int] = (),
    offset: Sequence[int] | None = None,
) -> Contingency:
    """Count two label volumes in one pass: everything that overlap scores need.

    Both volumes are walked once, in the memory order of `truth`, by runs of equal labels. They
    are read where they lie (memory maps as well) if they are stored in the same order, rows
    are contiguous and made of whole 64-bit words, and labels are equally wide; otherwise
    blocks of a quarter of a megabyte are copied as they are needed. Only floating-point
    volumes are converted whole first.

    Parameters
    ----------
    found, truth : array_like of bool or integers, shape (*grid), or image
        Label volumes with any number of axes; 0 is the background. Floating-point values
        must be whole numbers. Images of SimpleITK, ITK and nibabel, and `overlap.io.Volume`, are
        read with x first and with their spacing; they must lie on one grid.
    spacing : sequence of float, optional
        Side of a voxel per axis of arrays; 1 where not given.
    origin : sequence of float, optional
        Lower corner of the voxel with index 0; 0 where not given.
    unit : str, optional
        Unit of the spacing, such as ``"mm"``, which it is for images.
    ignore : int or sequence of int
        Labels of `truth` whose voxels are left out of everything.
    ignore_found : int or sequence of int
        The same for `found`.
    offset : sequence of int, optional
        Index of the first voxel, for parts of a larger volume; parts add up exactly.

    Returns
    -------
    Contingency

    Raises
    ------
    TypeError, ValueError
        For volumes of different shapes or grids, values that are not whole numbers (with the
        first index), layers of classes in one-hot form, a list of volumes, and a spacing that is
        not positive.

    Examples
    --------
    >>> import numpy as np
    >>> import overlap as ov
    >>> truth = np.array([[0, 1, 1, 1], [0, 2, 2, 1]])
    >>> found = np.array([[0, 0, 1, 1], [0, 2, 2, 2]])
    >>> counts = ov.contingency(found, truth, spacing=(2.0, 0.5), unit="mm")
    >>> counts.score(ov.iou).to_dict()
    {1: 0.5, 2: 0.6666666666666666}
    >>> counts.table()[["tp", "fp", "fn", "tn"]].loc[2].tolist()
    [2, 1, 0, 5]
    >>> counts.boxes_truth
    Boxes([[0.0, 0.5, 4.0, 2.0], [2.0, 0.5, 4.0, 1.5]], unit='mm')
    >>> halves = [ov.contingency(found[k : k + 1], truth[k : k + 1], spacing=(2.0, 0.5),
    ...                          unit="mm", offset=(k, 0)) for k in (0, 1)]
    >>> halves[0] + halves[1] == counts
    True
    """
    sides = read_label_pair(found, truth, spacing)
    axes = sides.found.ndim
    start = tuple(int(k) for k in ((0,) * axes if offset is None else offset))
    if len(start) != axes:
        raise ValueError(f"offset = {offset!r}; expected {axes} whole numbers")
    grid = (
        tuple(map(as_meant, _per_axis(sides.spacing, 1.0, axes, "spacing", positive=True))),
        _per_axis(origin, 0.0, axes, "origin", positive=False),
    )
    check_cells(sides.found.shape, grid[0], "contingency")
    cells = count_label_pairs(sides.found, sides.truth, start)
    out = np.isin(cells.truth, checked_labels(ignore, "ignore", ordered=False))
    out |= np.isin(cells.found, checked_labels(ignore_found, "ignore_found", ordered=False))
    ignored = int(cells.count[out].sum())
    return Contingency(cells.take(~out) if out.any() else cells, *grid, unit or sides.unit, ignored)


def _per_axis(
    values: Sequence[float] | None, default: float, axes: int, name: str, positive: bool
) -> tuple[float, ...]:
    if values is None:
        return (default,) * axes
    array: NDArray[Any] = as_numbers(values, name)
    good = np.isfinite(array) & ((array > 0.0) | (not positive))
    if array.shape != (axes,) or not good.all():
        wanted = "positive" if positive else "finite"
        raise ValueError(f"{name} = {values!r}; expected {axes} {wanted} numbers, one per axis")
    return tuple(array.tolist())
