"""Schedule of losses from coarse to fine: offsets first, the overlap itself later."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from overlap._common.values import ByValue
from overlap.losses._checks import checked_number
from overlap.losses.overlaps import overlap_loss
from overlap.losses.regression import smooth_l1
from overlap.losses.result import Loss, Reduction
from overlap.scores.penalties import ciou
from overlap.scores.score import Score, check_score

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from overlap.coders import Coder
    from overlap.regions.base import Regions

__all__ = ["CoarseToFine"]


@dataclass(frozen=True, eq=False)
class CoarseToFine(ByValue):
    """A loss that starts as smooth L1 of a coder's numbers and ends as an overlap loss.

    While predictions are far off, offsets have gradients of an even size everywhere, and an
    overlap has small ones or none; once they are near, the overlap counts. Up to the
    step `start` the loss is ``coarse_weight * smooth_l1``, from `stop` on
    ``fine_weight * overlap_loss``, and in between the one fades into the other.

    Parameters
    ----------
    start, stop : float
        Steps between which the losses are blended, ``start <= stop``. Equal ones switch at
        once, at that step.
    score : Score
        Of the fine loss.
    beta : float
        Of the coarse loss, see `smooth_l1`.
    coarse_weight, fine_weight : float
        What the two are multiplied with, >= 0, so that both have the size that is wanted.
    fade : {"linear", "cosine"}
        How the share of the fine loss rises from 0 to 1: evenly, or as
        ``(1 - cos(pi t)) / 2``, which begins and ends gently.
    options : mapping
        Further options of `overlap_loss`, such as ``{"form": "log"}``.

    Examples
    --------
    >>> import overlap as ov
    >>> plan = ov.losses.CoarseToFine(start=100, stop=200)
    >>> plan.weights(0), plan.weights(150), plan.weights(1000)
    ((1.0, 0.0), (0.5, 0.5), (0.0, 1.0))
    >>> coder = ov.coders.LogSize()
    >>> truth = ov.Boxes([[2.0, 2.0, 6.0, 6.0]])
    >>> values = coder.encode(ov.Boxes([[0.0, 0.0, 4.0, 4.0]]))
    >>> for step in range(300):
    ...     loss = plan.loss(step, coder, values, truth)
    ...     values = values - 0.1 * loss.grad
    >>> ov.iou(coder.decode(values), truth).round(2)
    array([0.99])
    """

    start: float
    stop: float
    score: Score = ciou
    beta: float = 1.0
    coarse_weight: float = 1.0
    fine_weight: float = 1.0
    fade: Literal["linear", "cosine"] = "linear"
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        start, stop = (
            checked_number("CoarseToFine", name, getattr(self, name), -math.inf)
            for name in ("start", "stop")
        )
        if start > stop:
            raise ValueError(f"CoarseToFine: start = {start:g} is after stop = {stop:g}")
        check_score(self.score)
        for name in ("beta", "coarse_weight", "fine_weight"):
            checked_number("CoarseToFine", name, getattr(self, name), 0.0)
        if self.fade not in ("linear", "cosine"):
            raise ValueError(f"CoarseToFine: fade = {self.fade!r}; expected 'linear' or 'cosine'")
        reserved = sorted({"weights", "reduction", "wrt", "score"} & set(self.options))
        if reserved:
            raise ValueError(
                f"CoarseToFine: options has {', '.join(reserved)}; these are given to the schedule "
                "and to its loss"
            )

    def weights(self, step: float) -> tuple[float, float]:
        """Return the weights of the coarse and of the fine loss at a step."""
        if not math.isfinite(step):
            raise ValueError(f"CoarseToFine: step = {step!r} is not finite")
        if step >= self.stop or step <= self.start:
            share = float(step >= self.stop)
        else:
            share = (step - self.start) / (self.stop - self.start)
        if self.fade == "cosine":
            share = 0.5 - 0.5 * math.cos(math.pi * share)
        return self.coarse_weight * (1.0 - share), self.fine_weight * share

    def loss(
        self,
        step: float,
        coder: Coder,
        values: ArrayLike,
        target: Regions,
        *,
        weights: ArrayLike | None = None,
        reduction: Reduction = "mean",
    ) -> Loss:
        """Return the loss of predicted numbers at a step.

        Parameters
        ----------
        step : float
            Number of the step, in the unit of `start` and `stop`.
        coder : coder
            One of `overlap.coders`: says which regions the numbers are.
        values : array_like, shape (N, P)
            What the model predicted.
        target : Regions
            N true regions.
        weights : array_like, shape (N,), optional
            Weight of every item, >= 0.
        reduction : {"mean", "sum", "none"}

        Returns
        -------
        Loss
            The gradient is with respect to `values`, shape (N, P). A loss of weight 0 is not
            computed: up to `start` numbers need not be legal regions, and from `stop` on
            targets need no code.
        """
        coarse, fine = self.weights(step)
        given: dict[str, Any] = {"weights": weights, "reduction": reduction}
        parts = []
        if coarse > 0.0 or fine == 0.0:
            wanted = coder.encode(target)
            parts.append((coarse, smooth_l1(values, wanted, beta=self.beta, **given)))
        if fine > 0.0:
            near = overlap_loss(self.score, coder.decode(values), target, **self.options, **given)
            pulled = coder.pullback(values, near.grad)
            parts.append((fine, Loss(near.value, pulled, near.per_item)))
        value, grad, per_item = (
            sum(weight * np.asarray(getattr(part, name)) for weight, part in parts)
            for name in ("value", "grad", "per_item")
        )
        return Loss(value if reduction == "none" else float(value), grad, np.asarray(per_item))
