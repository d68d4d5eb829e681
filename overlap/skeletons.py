"""Centreline Dice of tubes: vessels, nerves, roads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["CenterlineDice", "cldice"]


@dataclass(frozen=True)
class CenterlineDice:
    """Centreline Dice and what it is made of.

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


def cldice(found: ArrayLike, truth: ArrayLike) -> CenterlineDice:
    """Compare tubes by their centrelines (clDice).

    ``2 P S / (P + S)`` with the topology precision ``P = |S(found) n truth| / |S(found)|`` and
    the topology sensitivity ``S = |S(truth) n found| / |S(truth)|``, where S(.) is the skeleton
    of `skimage.morphology.skeletonize`: Zhang's in the plane and Lee's in space. Skeletons are
    counted in voxels, so the spacing plays no part.

    Parameters
    ----------
    found, truth : array_like of bool, shape (*grid)
        Masks with 2 or 3 axes; numbers are inside where they are not 0.

    Returns
    -------
    CenterlineDice
        All three are NaN for two empty masks and 0 if one of them is empty.

    Raises
    ------
    ValueError
        For other numbers of axes, different shapes, and NaN.

    Notes
    -----
    Shit et al., clDice, CVPR 2021 (arXiv 2003.07311).

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
    masks = _mask(found, "found"), _mask(truth, "truth")
    if masks[0].shape != masks[1].shape:
        raise ValueError(
            f"found has shape {masks[0].shape} and truth {masks[1].shape}; resample one"
        )
    lines = [_skeleton(mask) for mask in masks]
    sizes = [int(np.count_nonzero(line)) for line in lines]
    inside = [int(np.count_nonzero(lines[k] & masks[1 - k])) for k in (0, 1)]
    if 0 in sizes:
        value = float("nan") if sizes == [0, 0] else 0.0
        return CenterlineDice(value, value, value, *sizes)
    precision, sensitivity = inside[0] / sizes[0], inside[1] / sizes[1]
    total = precision + sensitivity
    value = 2.0 * precision * sensitivity / total if total > 0.0 else 0.0
    return CenterlineDice(value, precision, sensitivity, *sizes)


def _mask(values: ArrayLike, what: str) -> NDArray[np.bool_]:
    array = np.asarray(values)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{what}: expected a mask, got an array of {array.dtype}")
    if array.ndim not in (2, 3):
        raise ValueError(f"{what}: expected a mask with 2 or 3 axes, got shape {array.shape}")
    if array.dtype.kind == "f" and np.isnan(array).any():
        at = np.argwhere(np.isnan(array))[0].tolist()
        raise ValueError(f"{what}{at} is NaN; say what is inside, for example values > 0.5")
    return array != 0


def _skeleton(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    from skimage.morphology import skeletonize

    if not mask.any():
        return mask
    return skeletonize(mask).astype(np.bool_)
