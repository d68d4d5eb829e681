"""Centerline Dice of tubes: vessels, nerves, roads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap._common.label_arrays import read_label_pair
from overlap._kernels.jit import scalar, specialise, subroutine

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["CenterlineDice", "cldice"]

# ------------------------------------------------------------------------------- thinning
# The 3 x 3 x 3 cells around a cell are bits 9 z + 3 y + x of a number, its own is bit 13. Sets of
# them move by shifts, without the cells that would leave the cube; X0 are those
# with x = 0.


def _bits(inside: Callable[[int, int, int], bool]) -> int:
    cells = [(z, y, x) for z in range(3) for y in range(3) for x in range(3)]
    return sum(1 << k for k, cell in enumerate(cells) if inside(*cell))


_CENTER = 1 << 13
_NOT_X0, _NOT_X2 = _bits(lambda z, y, x: x != 0), _bits(lambda z, y, x: x != 2)
_NOT_Y0, _NOT_Y2 = _bits(lambda z, y, x: y != 0), _bits(lambda z, y, x: y != 2)
_FACES = _bits(lambda z, y, x: abs(z - 1) + abs(y - 1) + abs(x - 1) == 1)
_NO_CORNERS = _bits(lambda z, y, x: 1 <= abs(z - 1) + abs(y - 1) + abs(x - 1) <= 2)
# The six sides of a cell in the order of skimage, and the four of a plane.
_SIDES = ((0, -1, 0), (0, 0, 1), (1, 0, 0), (0, 1, 0), (0, 0, -1), (-1, 0, 0))


@scalar
def _beside_x(c):
    return ((c & _NOT_X2) << 1) | ((c & _NOT_X0) >> 1)


@scalar
def _beside_y(c):
    return ((c & _NOT_Y2) << 3) | ((c & _NOT_Y0) >> 3)


@subroutine
def _removable(cells):
    """Tell whether a cell is neither the end of a line nor needed for the topology.

    It is not needed if the cells around it touch each other (over corners), and so do the empty
    cells at its faces (over faces, without the corners of the cube): it is simple.
    """
    solid = cells & ~_CENTER
    if (solid & (solid - 1)) == 0:  # alone, or with one neighbor
        return False
    part, before = solid & -solid, 0
    while part != before:
        before = part
        part |= _beside_x(part)
        part |= _beside_y(part)
        part = (part | (part << 9) | (part >> 9)) & solid
    if part != solid:
        return False
    empty = ~cells & _NO_CORNERS
    faces = empty & _FACES
    part, before = faces & -faces, 0
    while part != before:
        before = part
        part |= _beside_x(part) | _beside_y(part) | (part << 9) | (part >> 9)
        part &= empty
    return (faces & ~part) == 0


def thin(image, lists, plane, row, sides):
    """Thin cells to lines in place.

    Parameters
    ----------
    image : ndarray of uint8, shape (cells,)
        1 inside; not inside at the ends of any axis.
    lists : ndarray of int64, shape (2, inside)
        The first row holds the places that are inside, in ascending order.
    plane, row : int
        How far two cells are apart on the first and on the second axis.
    sides : ndarray of int64
        How far the neighbors are from which cells are removed by turns.
    """
    count, changed = lists.shape[1], True
    while changed:
        changed = False
        for j in range(sides.shape[0]):
            # First the cells that could all be removed, then one by one those that still can.
            waiting = 0
            for turn in range(2):
                for k in range(count if turn == 0 else waiting):
                    at = lists[turn, k]
                    if image[at] == 0 or image[at + sides[j]] != 0:
                        continue
                    cells, bit = np.int64(0), 0
                    for z in range(-1, 2):
                        for y in range(-1, 2):
                            start = at + z * plane + y * row
                            for x in range(-1, 2):
                                cells |= np.int64(image[start + x]) << bit
                                bit += 1
                    if _removable(cells):
                        if turn == 0:
                            lists[1, waiting] = at
                            waiting += 1
                        else:
                            image[at] = 0
                            changed = True
        left = 0
        for k in range(count):
            if image[lists[0, k]] != 0:
                lists[0, left] = lists[0, k]
                left += 1
        count = left


def _thinned(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the skeleton of a mask with 2 or 3 axes."""
    result = np.zeros(mask.shape, np.bool_)
    places = np.nonzero(mask)
    if not places[0].size:
        return result
    box = tuple(slice(int(at.min()), int(at.max()) + 1) for at in places)
    inner = mask[box]
    image = np.pad(inner.reshape((1,) * (3 - inner.ndim) + inner.shape), 1).astype(np.uint8)
    flat, step = image.reshape(-1), np.array(image.strides, np.int64)
    inside = np.flatnonzero(flat)
    sides = np.array([side for side in _SIDES if mask.ndim == 3 or side[0] == 0], np.int64) @ step
    specialise(thin)(flat, np.stack([inside, inside]), int(step[0]), int(step[1]), sides)
    result[box] = image[1:-1, 1:-1, 1:-1].reshape(inner.shape)
    return result


# ------------------------------------------------------------------------------- functions


@dataclass(frozen=True)
class CenterlineDice:
    """Centerline Dice, with its precision and sensitivity.

    Attributes
    ----------
    value : float
        Harmonic mean of the other two, in [0, 1].
    precision : float
        Topology precision: share of the found skeleton that lies in the true mask.
    sensitivity : float
        Topology sensitivity: share of the true skeleton that lies in the found mask.
    skeleton_found, skeleton_truth : int
        Voxels of the skeletons.
    """

    value: float
    precision: float
    sensitivity: float
    skeleton_found: int
    skeleton_truth: int

    def __float__(self) -> float:
        return self.value


def cldice(
    found: ArrayLike,
    truth: ArrayLike,
    *,
    skeleton: Callable[[NDArray[np.bool_]], ArrayLike] | None = None,
) -> CenterlineDice:
    """Compare tubes by their centerlines (clDice).

    ``2 P S / (P + S)`` with the topology precision ``P = |S(found) n truth| / |S(found)|`` and
    the topology sensitivity ``S = |S(truth) n found| / |S(truth)|``, where S(.) is the
    skeleton. Skeletons are counted in voxels, so the spacing plays no part.

    Parameters
    ----------
    found, truth : array_like of bool, shape (*grid), or image
        Masks with 2 or 3 axes; numbers are inside where they are not 0. Images of SimpleITK, ITK
        and nibabel have to lie on one grid.
    skeleton : callable, optional
        From a mask, an array of bool, to its skeleton. By default cells are removed from one
        side after another as Lee et al. do (1994), only where this changes no component, hole
        or cavity, and never the end of a line: every component keeps a centerline along its
        whole length but for about half its width at the ends. With
        `skimage.morphology.skeletonize`, which published programs take, come their numbers; it
        loses many tubes of an even or slanting cross-section, in part or whole.

    Returns
    -------
    CenterlineDice
        All three are NaN for two empty masks and 0 if one of them is empty.

    Raises
    ------
    ValueError
        For other numbers of axes, different shapes, NaN, and a skeleton that is not one of the
        mask.

    Notes
    -----
    Shit et al., clDice, CVPR 2021 (arXiv 2003.07311). Lee, Kashyap and Chu, Building skeleton
    models via 3-D medial surface/axis thinning algorithms, CVGIP 56 (1994).

    Examples
    --------
    >>> import numpy as np
    >>> import overlap as ov
    >>> truth = np.zeros((7, 20), bool)
    >>> truth[2:5] = True
    >>> found = truth.copy()
    >>> found[:, 10:] = False
    >>> result = ov.cldice(found, truth)
    >>> result.precision, round(result.sensitivity, 2)
    (1.0, 0.53)
    """
    pair = read_label_pair(found, truth, labels=False)
    masks = _mask(pair.found, "found"), _mask(pair.truth, "truth")
    lines = [_skeleton(mask, skeleton) for mask in masks]
    sizes = [int(np.count_nonzero(line)) for line in lines]
    inside = [int(np.count_nonzero(lines[k] & masks[1 - k])) for k in (0, 1)]
    if 0 in sizes:
        value = float("nan") if sizes == [0, 0] else 0.0
        return CenterlineDice(value, value, value, *sizes)
    precision, sensitivity = inside[0] / sizes[0], inside[1] / sizes[1]
    total = precision + sensitivity
    value = 2.0 * precision * sensitivity / total if total > 0.0 else 0.0
    return CenterlineDice(value, precision, sensitivity, *sizes)


def _mask(array: NDArray[Any], what: str) -> NDArray[np.bool_]:
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{what}: expected a mask, got an array of {array.dtype}")
    if array.ndim not in (2, 3):
        raise ValueError(f"{what}: expected a mask with 2 or 3 axes, got shape {array.shape}")
    if array.dtype.kind == "f":
        bad = (array != np.floor(array)) | np.isinf(array)  # the first is true for NaN
        if bad.any():
            at = tuple(np.argwhere(bad)[0].tolist())
            shown = "NaN" if np.isnan(array[at]) else f"{array[at]:g}"
            raise ValueError(
                f"{what}{list(at)} is {shown}; say what is inside, for example values > 0.5"
            )
    return array != 0


def _skeleton(
    mask: NDArray[np.bool_], function: Callable[[NDArray[np.bool_]], ArrayLike] | None
) -> NDArray[np.bool_]:
    if function is None or not mask.any():
        return _thinned(mask)
    line = np.asarray(function(mask.copy()))
    if line.shape != mask.shape or ((line != 0) & ~mask).any():
        raise ValueError(
            f"skeleton: gave an array of shape {line.shape} for a mask of shape {mask.shape}; "
            "expected some of the cells of the mask, in its shape"
        )
    return line != 0
