"""Wise-IoU: an IoU loss whose weight of a pair follows its loss among the recent ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from overlap._kernels import formulas
from overlap._kernels.jit import scalar
from overlap.losses._checks import checked_number
from overlap.losses._gradients import gradients, item_of, spread
from overlap.losses.overlaps import engine_side, finished, share
from overlap.losses.result import Loss, item_factors
from overlap.regions.base import Regions
from overlap.scores.penalties import diou
from overlap.scores.ratios import iou
from overlap.scores.score import component

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["RunningMean", "wiou_loss"]


@scalar
def held_center_gap(o, e, s, x, p):
    """Return the center gap with the diameter held constant in the partials."""
    v, do, de, ds, dx = formulas.center_gap(o, e, s, x, p)
    return v, do, (0.0, de[1], 0.0), ds, dx


_HELD = component(held_center_gap, needs=("enclosure", "centers"))


@dataclass
class RunningMean:
    """The exponential running mean of IoU losses, which is the state of Wise-IoU v2 and v3.

    Parameters
    ----------
    value : float
        The mean so far, > 0; it begins at 1 in the authors' program.
    momentum : float
        The share of a new batch, in [0, 1]; by default half of the mean is forgotten in 7000
        batches, as there.

    Examples
    --------
    >>> import overlap as ov
    >>> mean = ov.losses.RunningMean(momentum=0.1)
    >>> mean.update([0.2, 0.4])
    >>> mean
    RunningMean(value=0.93, momentum=0.1)
    """

    value: float = 1.0
    momentum: float = 1.0 - 0.5 ** (1.0 / 7000.0)

    def __post_init__(self) -> None:
        if not 0.0 < self.value < np.inf:
            raise ValueError(f"RunningMean: value = {self.value!r} is not a finite number > 0")
        if not 0.0 <= self.momentum <= 1.0:
            raise ValueError(f"RunningMean: momentum = {self.momentum!r} is not in [0, 1]")

    def update(self, losses: ArrayLike) -> None:
        """Add the losses of a batch; an empty batch changes nothing."""
        array = np.asarray(losses, np.float64)
        if array.size:
            self.value += self.momentum * (float(array.mean()) - self.value)


def wiou_loss(
    pred: Regions,
    target: Regions,
    *,
    version: Literal["v1", "v2", "v3"] = "v1",
    state: RunningMean | None = None,
    update: bool = True,
    gamma: float = 0.5,
    alpha: float = 1.9,
    delta: float = 3.0,
    weights: ArrayLike | None = None,
    reduction: Literal["mean", "sum", "none"] = "mean",
    wrt: Literal["pred", "target", "both"] = "pred",
) -> Loss:
    """Return the Wise-IoU loss (Tong et al. 2023, arXiv:2301.10051) with its gradient.

    ``v1 = exp(d^2 / c^2) (1 - IoU)``, with the distance d of the centers and the diameter c of
    the enclosure, in [0, e]. The diameter is constant in the gradient. With
    ``b = (1 - IoU) / mean``, also constant, ``v2 = b^gamma v1`` and
    ``v3 = b / (delta alpha^(b - delta)) v1``: v3 looks most at pairs of a middling loss.

    Parameters
    ----------
    pred, target : Regions
        Of a kind with centers and an enclosure, of the same length; a batch of one region is
        repeated.
    version : {"v1", "v2", "v3"}
    state : RunningMean, optional
        The mean of ``1 - IoU`` over recent batches; v2 and v3 need it.
    update : bool
        Take this batch into the mean first, as in training; False for validation.
    gamma, alpha, delta : float
        Exponent >= 0 of v2; base and shift > 0 of v3.
    weights, reduction, wrt
        As in `overlap.losses.overlap_loss`.

    Returns
    -------
    Loss
        As `overlap.losses.overlap_loss` returns it, with the same limits.

    Examples
    --------
    >>> import overlap as ov
    >>> pred, target = ov.Boxes([[0.0, 0.0, 2.0, 2.0]]), ov.Boxes([[1.0, 1.0, 3.0, 3.0]])
    >>> round(ov.losses.wiou_loss(pred, target).value, 6)
    0.957873
    >>> mean = ov.losses.RunningMean(value=0.5)
    >>> round(ov.losses.wiou_loss(pred, target, version="v3", state=mean).value, 3)
    1.249
    """
    side = engine_side("wiou_loss", wrt)
    factor = _focus(version, state, gamma, alpha, delta)
    pair = pred, target
    value, grad = gradients(iou.plan, pair, side)
    gap, slopes = gradients(_HELD.plan, pair, side)
    loss = 1.0 - share(value, 1.0, pair)
    if state is not None and update and version != "v1":
        state.update(loss)
    far = np.exp(gap)
    if state is not None and factor is not None:
        far *= factor(loss / state.value if state.value > 0.0 else np.zeros_like(loss))
    with np.errstate(invalid="ignore", over="ignore"):  # limits are taken at the end
        items = item_of(pair, side)
        grad *= -spread(far, items)
        grad += spread(far * loss, items) * slopes
    weighing = item_factors("wiou_loss", weights, len(loss), reduction)
    return finished(diou.plan, pair, far * loss, (0.0, 1.0), grad, weighing, reduction, side)


def _focus(
    version: str, state: RunningMean | None, gamma: float, alpha: float, delta: float
) -> Any:
    """Return the factor of a pair as a function of its relative loss, or None for v1."""
    if version not in ("v1", "v2", "v3"):
        raise ValueError(f"wiou_loss: version = {version!r}; expected 'v1', 'v2' or 'v3'")
    gamma = checked_number("wiou_loss", "gamma", gamma, 0.0)
    alpha = checked_number("wiou_loss", "alpha", alpha, 0.0, strict=True)
    delta = checked_number("wiou_loss", "delta", delta, 0.0, strict=True)
    if version == "v1":
        return None
    if not isinstance(state, RunningMean):
        raise TypeError(
            f"wiou_loss: {version} compares losses with their running mean; give "
            "state=overlap.losses.RunningMean() and keep it from batch to batch"
        )

    def relative(b: NDArray[np.float64]) -> NDArray[np.float64]:
        if version == "v2":
            return b**gamma
        return b / delta * np.power(alpha, np.clip(delta - b, -700.0, 700.0))

    return relative
