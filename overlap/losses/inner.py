"""Inner-IoU losses: the overlap of scaled regions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from overlap.losses._checks import checked_number
from overlap.losses.overlaps import anatomy, engine_side, finished, linear_losses, share
from overlap.losses.result import Loss, item_factors
from overlap.regions.base import Regions, check_pair
from overlap.scores import evaluation
from overlap.scores.score import Score

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["inner_loss"]


def inner_loss(
    score: Score,
    pred: Regions,
    target: Regions,
    *,
    ratio: float,
    weights: ArrayLike | None = None,
    reduction: Literal["mean", "sum", "none"] = "mean",
    wrt: Literal["pred", "target", "both"] = "pred",
) -> Loss:
    """Return an Inner-IoU loss (Zhang et al. 2023, arXiv:2311.02877) with its gradient.

    ``L + r - r_inner``: the loss ``L = best - s`` of the score, in which the ratio, such as the
    IoU, is exchanged for that of regions scaled by `ratio` about their centers. Penalties
    stay those of the regions themselves. The score of scaled regions alone is
    ``score(pred.scaled(ratio), target.scaled(ratio))``.

    Parameters
    ----------
    score : Score
        `overlap.iou` for Inner-IoU, `overlap.ciou` for Inner-CIoU, and so on.
    pred, target : Intervals, Boxes, RotatedBoxes, UprightBoxes, or a Product of them
        Of the same kind and length; a batch of one region is repeated.
    ratio : float
        > 0; the authors take 0.5 to 1.5. Below 1 the gradient of pairs that overlap well is
        larger, above 1 pairs that do not touch may have one.
    weights, reduction, wrt
        As in `overlap.losses.overlap_loss`.

    Returns
    -------
    Loss
        As `overlap.losses.overlap_loss` returns it, with the same limits.

    Examples
    --------
    >>> import overlap as ov
    >>> pred, target = ov.Intervals([[0.0, 2.0]]), ov.Intervals([[2.5, 4.5]])
    >>> loss = ov.losses.inner_loss(ov.iou, pred, target, ratio=1.5)
    >>> loss.value, loss.grad.round(3)
    (0.9090909090909091, array([[ 0.025, -0.223]]))
    """
    side = engine_side("inner_loss", wrt)
    ratio = checked_number("inner_loss", "ratio", ratio, 0.0, strict=True)
    check_pair(pred, target, "pred", "target")
    plan, pair = score.plan, (pred, target)
    parts = anatomy(plan)
    if parts.ratio is None:
        raise ValueError(f"inner_loss: {score} has no ratio to exchange")
    inner = pred.scaled(ratio), target.scaled(ratio)
    with np.errstate(invalid="ignore", over="ignore"):  # limits are taken at the end
        item, grad = linear_losses(plan, parts, pair, side)
        for sign, regions in ((1.0, pair), (-1.0, inner)):
            value, slopes = evaluation.value_and_grad(parts.ratio, *regions, side)
            if regions is inner:
                halves = np.split(slopes, 2) if wrt == "both" else (slopes,)
                slopes = np.concatenate([pred.pull_scaled(half, ratio) for half in halves])
            item += sign * parts.best * share(value, parts.best, regions)
            grad += sign * slopes
    weighing = item_factors("inner_loss", weights, len(item), reduction)
    return finished(plan, pair, item, (0.0, 1.0), grad, weighing, reduction, side)
