"""Boundary IoU: the overlap of the bands of two masks along their boundaries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from overlap._common.decimals import as_meant, below
from overlap._common.label_arrays import read_label_pair

from .borders import FOUND, TRUTH, border_points
from .nearest import Targets

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["boundary_iou", "default_width"]


def boundary_iou(
    found: ArrayLike,
    truth: ArrayLike,
    *,
    width: float | None = None,
    spacing: Sequence[float] | None = None,
    band: Literal["chessboard", "euclidean"] = "chessboard",
) -> float:
    """Return the IoU of the bands of two masks along their boundaries, inside of them.

    Parameters
    ----------
    found, truth : array_like of bool, shape (*grid), or image
        Masks with any number of axes; every value other than 0 is inside. Images of SimpleITK,
        ITK and nibabel, and `overlap.io.Volume`, are read with x first and with their spacing.
    width : float, optional
        Of the band, in the unit of the spacing for ``"euclidean"`` and a whole number of voxels
        for ``"chessboard"``; by default 2 % of the diagonal of the grid, in voxels rounded to at
        least 1. Masks with more than three axes need it, because most of them are batches.
    spacing : sequence of float, optional
        Side of a voxel per axis of arrays, for ``"euclidean"``; 1 where not given.
    band : {"chessboard", "euclidean"}
        What `width` erosions with all 3^D - 1 neighbors take away, the image being surrounded by
        background (Cheng et al., Boundary IoU, CVPR 2021); or voxels of the mask that are less
        than `width` from one of its border voxels, as in MetricsReloaded, which takes voxels as
        the unit.

    Returns
    -------
    float
        In [0, 1]; NaN for two empty masks, 0 if one is empty.

    Raises
    ------
    TypeError, ValueError
        For masks of different shapes or grids, and a width or spacing that is not positive.

    Examples
    --------
    >>> import numpy as np
    >>> import overlap as ov
    >>> truth = np.zeros((12, 12), bool)
    >>> truth[2:10, 2:10] = True
    >>> found = truth.copy()
    >>> found[2] = False
    >>> round(ov.boundary_iou(found, truth, width=1), 3)
    0.588
    >>> round(ov.boundary_iou(found, truth, width=1.5, spacing=(1.0, 0.5), band="euclidean"), 3)
    0.828
    """
    if band == "chessboard" and spacing is not None:
        raise ValueError("spacing is for band='euclidean'; a chessboard counts voxels")
    pair = read_label_pair(found, truth, spacing)
    masks = [pair.found != 0, pair.truth != 0]
    shape, spacing = masks[0].shape, pair.spacing
    sides = (1.0,) * len(shape)
    if spacing is not None:
        sides = tuple(as_meant(float(side)) for side in spacing)
    if len(sides) != len(shape) or not all(np.isfinite(sides)) or min(sides) <= 0.0:
        raise ValueError(f"spacing = {spacing!r}; wanted {len(shape)} positive numbers")
    if band not in ("chessboard", "euclidean"):
        raise ValueError(f"band = {band!r}; wanted 'chessboard' or 'euclidean'")
    if width is None:
        if len(shape) > 3:
            raise ValueError(
                f"found and truth have shape {shape}: call once for each case of a batch, or give "
                f"width= if they are one mask with {len(shape)} axes"
            )
        width = default_width(shape) if band == "chessboard" else _share(shape, sides)
    if not width > 0.0 or (band == "chessboard" and width != int(width)):
        wanted = "a whole number of voxels" if band == "chessboard" else "a positive number"
        raise ValueError(f"width = {width!r}; wanted {wanted}")
    window = _box(masks[0] | masks[1])
    cut = [np.ascontiguousarray(mask[window]) for mask in masks]
    bands = _eroded(cut, int(width)) if band == "chessboard" else _near(cut, width, sides)
    union = np.count_nonzero(bands[0] | bands[1])
    if not union:
        # a mask that is not empty has border voxels
        return float("nan")
    return float(np.count_nonzero(bands[0] & bands[1]) / union)


def default_width(shape: Sequence[int]) -> int:
    """Return 2 % of the diagonal of a grid, in voxels, at least 1.

    Parameters
    ----------
    shape : sequence of int
    """
    return max(round(_share(shape, (1.0,) * len(shape))), 1)


def _share(shape: Sequence[int], sides: Sequence[float]) -> float:
    return 0.02 * float(np.linalg.norm(np.multiply(shape, sides)))


def _box(mask: NDArray[np.bool_]) -> tuple[slice, ...]:
    window = []
    for axis in range(mask.ndim):
        others = tuple(k for k in range(mask.ndim) if k != axis)
        places = np.flatnonzero(mask.any(axis=others))
        window.append(slice(places[0], places[-1] + 1) if len(places) else slice(0, 0))
    return tuple(window)


def _eroded(masks: list[NDArray[np.bool_]], width: int) -> list[NDArray[np.bool_]]:
    from scipy.ndimage import minimum_filter

    size = 2 * width + 1
    return [
        mask & (minimum_filter(mask.view(np.uint8), size, mode="constant", cval=0) == 0)
        for mask in masks
    ]


def _near(
    masks: list[NDArray[np.bool_]], width: float, spacing: tuple[float, ...]
) -> list[NDArray[Any]]:
    borders = border_points(masks[0], masks[1], "voxel", spacing)
    bands = []
    for mask, bit in zip(masks, (FOUND, TRUTH), strict=True):
        at = np.flatnonzero(np.pad(mask, 1))
        band = np.zeros(borders.marks.size, np.bool_)
        band[at] = Targets(borders.marks, bit, spacing).distances(at, width) < below(width)
        bands.append(band)
    return bands
