"""Overlap losses: any score as a loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from overlap import _engine
from overlap._terms import Groups
from overlap.losses.result import Loss, reduce_items
from overlap.regions.base import Regions
from overlap.scores import Part, Score

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["overlap_loss"]

_LARGEST = np.finfo(np.float64).max
_PENALTIES = Groups.ENCLOSURE | Groups.OUTSIDE | Groups.EXTENT


def overlap_loss(
    score: Score,
    pred: Regions,
    target: Regions,
    *,
    form: Literal["linear", "log", "power"] = "linear",
    power: float = 3.0,
    floor: float = 1e-6,
    focal: float | None = None,
    focus: Literal["near", "far"] = "near",
    focal_grad: bool = False,
    weights: ArrayLike | None = None,
    reduction: Literal["mean", "sum", "none"] = "mean",
    wrt: Literal["pred", "target", "both"] = "pred",
) -> Loss:
    """Return a score as a loss, with its exact gradient."""
    value, grad = score.value_and_grad(pred, target)
    return reduce_items(str(score), 1.0 - value, -grad, weights=weights, reduction=reduction)
