"""Losses for soft masks: Dice, Jaccard, Tversky, focal Tversky, generalized Dice.

They take masks whose cells hold probabilities, one mask per class and image, and give the exact
gradient with respect to every value. The form of the masks (`overlap.Masks`, ``soft=``) decides
what an intersection is: ``"minmax"``, for which equal fuzzy masks have the loss 0, or one of the
usual sums of products. All of them serve any other kind with gradients as well.

``groups=`` says over which pairs measures are summed before the ratio is taken: by default
every pair is on its own; the class of every mask gives the loss of a whole batch per class; and
a constant, of everything together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from overlap._common.values import ByValue
from overlap._kernels.jit import specialise
from overlap._kernels.terms import Groups
from overlap.losses._checks import checked_number
from overlap.losses._gradients import NEAR, identical, settle, sides_of, stacked
from overlap.losses.overlaps import engine_side
from overlap.losses.result import Loss, Reduction, item_factors
from overlap.regions.base import Regions
from overlap.scores import evaluation
from overlap.scores.ratios import dice, tversky
from overlap.scores.score import Score

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Formula = Callable[["Sums"], tuple[NDArray, tuple[NDArray, NDArray, NDArray]]]

__all__ = [
    "Sums",
    "dice_loss",
    "focal_tversky_loss",
    "generalized_dice_loss",
    "group_weights",
    "grouped",
    "grouped_loss",
    "jaccard_loss",
    "tversky_loss",
]

_NONE = np.empty(0)

Side = Literal["pred", "target", "both"]


def _over(x: NDArray, y: NDArray) -> NDArray:
    """Return ``x / y``, and 0 where y is 0."""
    return np.divide(x, y, out=np.zeros_like(x), where=y > 0.0)


def _tversky(
    name: str,
    pred: Regions,
    target: Regions,
    alpha: float,
    beta: float,
    power: float,
    options: dict[str, Any],
) -> Loss:
    def formula(sums: Sums) -> tuple[NDArray, tuple[NDArray, NDArray, NDArray]]:
        a, b, shared = map(sums.total, (sums.pred, sums.target, sums.shared))
        above = shared + sums.smooth
        below = shared + (alpha * (a - shared) + beta * (b - shared)) + sums.smooth
        index = _over(above, below)
        miss = np.clip(1.0 - index, 0.0, 1.0)
        outer = np.ones_like(miss)
        if power != 1.0:  # without a direction where nothing is missed
            outer = power * np.where(miss > 0.0, miss ** (power - 1.0), 0.0)
        outer = _over(outer, below)[sums.group]
        index = index[sums.group]
        return miss**power, (
            outer * alpha * index,
            outer * beta * index,
            outer * (index * (1.0 - alpha - beta) - 1.0),
        )

    alpha = checked_number(name, "alpha", alpha, 0.0)
    beta = checked_number(name, "beta", beta, 0.0)
    score = tversky(alpha=alpha, beta=beta)
    return grouped_loss(name, score, formula, pred, target, **options)


def tversky_loss(
    pred: Regions,
    target: Regions,
    *,
    alpha: float,
    beta: float,
    smooth: float = 0.0,
    groups: ArrayLike | None = None,
    weights: Any = None,
    reduction: Reduction = "mean",
    wrt: Side = "pred",
) -> Loss:
    """Return the Tversky loss (Salehi et al. 2017, arXiv:1706.05721) with its gradient.

    ``1 - (I + e) / (I + alpha (A - I) + beta (B - I) + e)`` of every group, in [0, 1]: alpha
    weighs false positives (predicted and not there), beta false negatives.

    Parameters
    ----------
    pred, target : Regions
        Usually soft `overlap.Masks`; the target's may be hard.
    alpha, beta : float
        Weights >= 0.
    smooth : float
        The number e >= 0, in cells of masks and else in the unit of the measures. With e > 0
        a class that is not there has a gradient, against predictions of it; at e = 0 its loss
        is 1 wherever anything is predicted.
    groups : array_like, shape (N,), optional
        Labels of the groups over which measures are summed; every pair is one by default.
    weights : mapping or array_like, optional
        A weight >= 0 for every group, by its label or in the order of the sorted labels.
    reduction : {"mean", "sum", "none"}
        Weighted mean or sum over the groups, or one value for each of them.
    wrt : {"pred", "target", "both"}
        Whose values the gradient is for.

    Returns
    -------
    Loss
        ``per_item`` has one loss per group. A group of identical pairs has the gradient 0 where
        its loss is 0, empty ones included; in the form ``"product"`` the loss of identical maps
        is above 0, as it is beside them.

    Examples
    --------
    >>> import overlap as ov
    >>> pred, target = ov.Masks([[0.8, 0.4, 0.1]], axes=1), ov.Masks([[1.0, 0.0, 0.0]], axes=1)
    >>> loss = ov.losses.tversky_loss(pred, target, alpha=0.3, beta=0.7)
    >>> round(loss.value, 6)
    0.266055
    """
    options = {"groups": groups, "smooth": smooth, "weights": weights}
    options |= {"reduction": reduction, "wrt": wrt}
    return _tversky("tversky_loss", pred, target, alpha, beta, 1.0, options)


def dice_loss(
    pred: Regions,
    target: Regions,
    *,
    smooth: float = 0.0,
    groups: ArrayLike | None = None,
    weights: Any = None,
    reduction: Reduction = "mean",
    wrt: Side = "pred",
) -> Loss:
    """Return the soft Dice loss, ``1 - (2 I + 2 e) / (A + B + 2 e)``, with its gradient.

    That of masks with ``soft="squared"`` is the loss of V-Net (Milletari et al. 2016,
    arXiv:1606.04797). Parameters and result are those of `tversky_loss` with
    ``alpha = beta = 0.5``.

    Examples
    --------
    >>> import overlap as ov
    >>> pred, target = ov.Masks([[0.8, 0.4, 0.1]], axes=1), ov.Masks([[1.0, 0.0, 0.0]], axes=1)
    >>> loss = ov.losses.dice_loss(pred, target)
    >>> loss.value, loss.grad.round(3)
    (0.30434782608695654, array([[-0.567,  0.302,  0.302]]))
    """
    options = {"groups": groups, "smooth": smooth, "weights": weights}
    options |= {"reduction": reduction, "wrt": wrt}
    return _tversky("dice_loss", pred, target, 0.5, 0.5, 1.0, options)


def jaccard_loss(
    pred: Regions,
    target: Regions,
    *,
    smooth: float = 0.0,
    groups: ArrayLike | None = None,
    weights: Any = None,
    reduction: Reduction = "mean",
    wrt: Side = "pred",
) -> Loss:
    """Return the soft Jaccard loss, ``1 - (I + e) / (A + B - I + e)``, with its gradient.

    With masks of the form ``"minmax"`` it is the Jaccard metric loss, which is 0 only for equal
    fuzzy masks (Wang et al. 2023, arXiv:2302.05666). Parameters and result are those of
    `tversky_loss` with ``alpha = beta = 1``.

    Examples
    --------
    >>> import overlap as ov
    >>> pred, target = ov.Masks([[0.8, 0.4, 0.1]], axes=1), ov.Masks([[1.0, 0.0, 0.0]], axes=1)
    >>> round(ov.losses.jaccard_loss(pred, target).value, 6)
    0.466667
    """
    options = {"groups": groups, "smooth": smooth, "weights": weights}
    options |= {"reduction": reduction, "wrt": wrt}
    return _tversky("jaccard_loss", pred, target, 1.0, 1.0, 1.0, options)


def focal_tversky_loss(
    pred: Regions,
    target: Regions,
    *,
    alpha: float = 0.3,
    beta: float = 0.7,
    gamma: float = 4.0 / 3.0,
    smooth: float = 0.0,
    groups: ArrayLike | None = None,
    weights: Any = None,
    reduction: Reduction = "mean",
    wrt: Side = "pred",
) -> Loss:
    """Return the focal Tversky loss (Abraham and Khan 2018, arXiv:1810.07842) with its gradient.

    ``(1 - T)^(1 / gamma)`` with the Tversky index T. The paper's alpha = 0.7 weighs what is
    missed, which is `beta` here, as in `overlap.tversky`; gamma is 1 to 3 there, best 4/3.

    Parameters
    ----------
    pred, target, smooth, groups, weights, reduction, wrt
        As in `tversky_loss`.
    alpha, beta : float
        Weights >= 0 of false positives and of false negatives.
    gamma : float
        > 0. Above 1 the gradient grows without bound towards T = 1; at 1 it is 0.

    Examples
    --------
    >>> import overlap as ov
    >>> pred, target = ov.Masks([[0.8, 0.4, 0.1]], axes=1), ov.Masks([[1.0, 0.0, 0.0]], axes=1)
    >>> round(ov.losses.focal_tversky_loss(pred, target).value, 6)
    0.370449
    """
    gamma = checked_number("focal_tversky_loss", "gamma", gamma, 0.0, strict=True)
    options = {"groups": groups, "smooth": smooth, "weights": weights}
    options |= {"reduction": reduction, "wrt": wrt}
    return _tversky("focal_tversky_loss", pred, target, alpha, beta, 1.0 / gamma, options)


def generalized_dice_loss(
    pred: Regions,
    target: Regions,
    *,
    groups: ArrayLike | None = None,
    class_weights: Literal["square", "simple", "uniform"] | ArrayLike = "square",
    weights: Any = None,
    reduction: Reduction = "mean",
    wrt: Side = "pred",
) -> Loss:
    """Return the generalized Dice loss (Sudre et al. 2017, arXiv:1707.03237) with its gradient.

    ``1 - 2 sum(w I) / sum(w (A + B))`` over the classes of a group, in [0, 1]. The
    weights of the classes are constant in the gradient.

    Parameters
    ----------
    pred, target : Regions
        One pair per class of every image, usually soft `overlap.Masks`.
    groups : array_like, shape (N,), optional
        The image of every pair; all pairs belong to one by default.
    class_weights : {"square", "simple", "uniform"} or array_like, shape (N,)
        ``1 / B^2``, ``1 / B`` of the target's measure B, or 1; or a weight >= 0 for every pair.
        A class that is not in the target has the largest of the other weights of its group.
    weights, reduction, wrt
        As in `tversky_loss`.

    Examples
    --------
    >>> import overlap as ov
    >>> pred = ov.Masks([[0.8, 0.4, 0.0, 0.0], [0.2, 0.6, 1.0, 1.0]], axes=1)
    >>> target = ov.Masks([[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 1.0, 1.0]], axes=1)
    >>> loss = ov.losses.generalized_dice_loss(pred, target)
    >>> round(loss.value, 6)
    0.234375
    """
    name = "generalized_dice_loss"
    named = class_weights if isinstance(class_weights, str) else None
    if named not in (None, "square", "simple", "uniform"):
        raise ValueError(
            f"{name}: class_weights = {named!r}; expected 'square', 'simple', 'uniform' or numbers"
        )

    def formula(sums: Sums) -> tuple[NDArray, tuple[NDArray, NDArray, NDArray]]:
        w = _class_weights(sums, named) if named else _given(name, class_weights, len(sums.group))
        above = sums.total(w * sums.shared)
        below = 0.5 * sums.total(w * (sums.pred + sums.target))
        index = _over(above, below)
        share = w * _over(np.ones_like(below), below)[sums.group]
        half = 0.5 * share * index[sums.group]
        return np.clip(1.0 - index, 0.0, 1.0), (half, half, -share)

    if groups is None:
        groups = np.zeros(max(len(pred), len(target)) if len(pred) and len(target) else 0, int)
    return grouped_loss(
        name,
        dice,
        formula,
        pred,
        target,
        groups=groups,
        smooth=0.0,
        weights=weights,
        reduction=reduction,
        wrt=wrt,
    )


def _class_weights(sums: Sums, named: str) -> NDArray[np.float64]:
    """Return the weights by the target's measure, with the largest at most 1 in each group."""
    if named == "uniform":
        return np.ones_like(sums.target)
    there = sums.target > 0.0
    smallest = np.full(sums.count, np.inf)
    np.minimum.at(smallest, sums.group[there], sums.target[there])
    smallest = smallest[sums.group]
    share = np.where(there, smallest / np.where(there, sums.target, 1.0), 1.0)
    return share * share if named == "square" else share


def _given(name: str, weights: Any, count: int) -> NDArray[np.float64]:
    array = np.asarray(weights, np.float64)
    if array.shape != (count,) or not (np.isfinite(array) & (array >= 0.0)).all():
        raise ValueError(f"{name}: class_weights must be {count} finite numbers >= 0, one per pair")
    return array


# -------------------------------------------------------------------------------- sums over groups


@dataclass(frozen=True, eq=False)
class Sums(ByValue):
    """Terms of a loss: one number per pair of regions, in float64.

    Attributes
    ----------
    pred, target, shared : ndarray, shape (N,)
        Measures and intersections.
    smooth : float
        What is added to numerators and denominators, in the unit of the measures.
    group : ndarray of int, shape (N,)
        The group of every pair, from 0 on.
    count : int
        Number of groups.
    """

    pred: NDArray[np.float64]
    target: NDArray[np.float64]
    shared: NDArray[np.float64]
    smooth: float
    group: NDArray[np.intp]
    count: int

    def total(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the sums of `values` over the groups, shape (count,)."""
        return np.bincount(self.group, values, self.count).astype(np.float64)


def grouped(
    name: str, groups: ArrayLike | None, count: int
) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """Return the labels of the groups in order, and the number of each pair's group."""
    if groups is None:
        index = np.arange(count)
        return index, index
    array = np.asarray(groups)
    if array.shape != (count,):
        raise ValueError(
            f"{name}: groups have shape {array.shape}; expected one label per pair, ({count},)"
        )
    return np.unique(array, return_inverse=True)


def group_weights(name: str, weights: Any, labels: NDArray[Any]) -> ArrayLike | None:
    """Return one weight per group, from a mapping of labels or from numbers in their order."""
    if not isinstance(weights, Mapping):
        return weights
    missing = [label for label in labels.tolist() if label not in weights]
    if missing:
        raise ValueError(f"{name}: weights have no entry for group {missing[0]!r}")
    return [weights[label] for label in labels.tolist()]


def grouped_loss(
    name: str,
    score: Score,
    formula: Formula,
    pred: Regions,
    target: Regions,
    *,
    groups: ArrayLike | None,
    smooth: float,
    weights: Any,
    reduction: str,
    wrt: str,
) -> Loss:
    """Return a loss of sums over groups.

    Parameters
    ----------
    name : str
        For messages.
    score : Score
        A ratio that needs the same terms as the loss.
    formula : callable
        From `Sums` to the losses of the groups, shape (count,), and to the partials of
        those with respect to each pair's measures and intersection, three times (N,).
    """
    side = engine_side(name, wrt)
    smooth = checked_number(name, "smooth", smooth, 0.0)
    geometry = score.plan.differentiable(pred, target)
    first: Any
    first, second = evaluation.broadcast(pred, target)
    count = len(first)
    labels, group = grouped(name, groups, count)
    index, needs = np.arange(count), Groups.OVERLAP
    block = evaluation.fill_block(first, index, second, index, geometry, needs)
    cell = first.cell_measure
    sums = Sums(block[0], block[1], block[2], smooth * cell, group, len(labels))
    factors, common = item_factors(
        name, group_weights(name, weights, labels), len(labels), reduction
    )
    scale = np.full(len(labels), common) if factors is None else factors * common
    outer = np.zeros_like(block)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        losses, partials = formula(sums)
        empty = sums.total(sums.pred) + sums.total(sums.target) == 0.0
        near = ((losses <= NEAR) & geometry.reflexive) | empty
        rows = np.flatnonzero(near[group])
        differ = ~identical(first[rows], second[rows])
        equal = near & (np.bincount(group[rows], differ, len(labels)) == 0.0)
        losses = np.clip(np.where(equal, 0.0, losses), 0.0, None)
        for row, values in zip(outer[:3], partials, strict=True):
            row[:] = np.where(equal[group], 0.0, values) * scale[group]
    if first.ragged:
        pulled = first.pull_ragged(index, second, index, geometry, needs, side, block, outer)
        grad = stacked(pulled)
    else:
        size = first.parameter_count * (2 if side == "both" else 1)
        grad = np.empty((size, count), order="F" if size > 256 else "C")
        first.pull_block(index, second, index, geometry, needs, side, block, outer, grad)
    lines = grad if grad.flags.c_contiguous else grad.T
    specialise(settle)(np.empty(0), 0.0, 1.0, _NONE, 1.0, lines)  # no infinite number
    weighted = losses if factors is None else losses * factors
    value: Any = weighted if reduction == "none" else common * float(weighted.sum())
    return Loss(value, sides_of(grad, (first, second), side), losses)
