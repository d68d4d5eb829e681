"""Laws of gradients: equal to central differences away from ties, finite at them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

import overlap as ov
from overlap.regions.base import Regions
from overlap.scores.score import Score
from overlap.testing._sample import ROUNDING, Sample, rebuild, same

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["central_difference", "gradient", "gradient_at_ties", "no_gradient"]

_GRADIENT = 1e-6  # relative, between a gradient and a central difference
_STEP_OUT = 1e-6  # more than what masks cut off as rounding


def central_difference(
    function: Callable[[Regions], NDArray], batch: Regions, rebuild: Callable = rebuild
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return central differences of a function of N regions, and where they can be trusted.

    Parameters
    ----------
    function : callable
        From a batch of N regions to N numbers, region by region.
    batch : Regions
        Where to differentiate.
    rebuild : callable
        ``(batch, table)`` -> a batch of the same kind from a table of parameters.

    Returns
    -------
    gradient : ndarray, shape (N, P)
        Five-point differences.
    smooth : ndarray of bool, shape (N, P)
        False where two step sizes disagree: near a tie, where the derivative jumps.
    """
    table = batch.to_array()
    gradient, other = np.empty_like(table), np.empty_like(table)
    spread = table.std(axis=0)
    for column, size in enumerate(np.where(spread > 0, spread, 1.0)):
        at = {}
        for step in (-2.0, -1.0, -0.5, 0.5, 1.0, 2.0):
            moved = table.copy()
            moved[:, column] += step * 1e-4 * size
            at[step] = function(rebuild(batch, moved))
        for result, h in ((other, 1.0), (gradient, 0.5)):
            near, far = at[h] - at[-h], at[2 * h] - at[-2 * h]
            result[:, column] = (8.0 * near - far) / (12.0 * h * 1e-4 * size)
    return gradient, abs(gradient - other) <= 0.1 * _GRADIENT * _sizes(gradient)


def _sizes(gradient: NDArray) -> NDArray:
    """Return the largest entry of a gradient, pair by pair, to which errors are relative."""
    return np.maximum(abs(gradient).max(axis=1, keepdims=True), 1e-3 * abs(gradient).max())


def _frozen(score: Score, found: Regions, truth: Regions) -> Callable[[Regions], NDArray]:
    """Return the score as a function of found, with the weight of every aspect gap held."""
    rest = tuple(part for part in score.parts if part.component.name != "aspect_gap")
    weight = sum(part.coefficient for part in score.parts if part not in rest)

    def difference(regions: Regions) -> tuple[NDArray, NDArray]:
        gap, distance = ov.aspect_gap(regions, truth), 1.0 - ov.iou(regions, truth)
        v = 0.5 * (gap + np.sqrt(gap * gap + 4.0 * gap * distance))  # gap = v^2 / (distance + v)
        return v, np.divide(v, distance + v, out=np.zeros_like(v), where=v > 0)

    alpha = difference(found)[1]
    others = Score(rest, score.enclosure)
    return lambda regions: others(regions, truth) + weight * alpha * difference(regions)[0]


def gradient(sample: Sample, score: Score) -> None:
    """Compare gradients with central differences, where those can be trusted."""
    sizes = [batch.measure() for batch in (sample.found, sample.truth)]
    large = np.logical_and(*(size > 0.05 * np.median(size) for size in sizes))
    found, truth = sample.found[large], sample.truth[large]
    aspect = any(part.component.name == "aspect_gap" for part in score.parts)
    # Alpha as published is constant in the gradient; the score itself has alpha_grad=True.
    cases = [(score(alpha_grad=1.0) if aspect else score, lambda regions: score(regions, truth))]
    if aspect:
        cases.append((score, _frozen(score, found, truth)))
    for variant, function in cases:
        value, (grad, swapped) = variant.value_and_grad(found, truth, wrt="both")
        sample.hold("value_and_grad's value", same(value, score(found, truth)), score, found)
        wanted, smooth = central_difference(function, found, sample.rebuild)
        sample.hold("few pairs are near ties", smooth.mean() > 0.8, score, smooth=smooth.mean())
        ok = abs(grad - wanted) <= _GRADIENT * _sizes(wanted)
        sample.hold(
            "gradient = central difference",
            ok | ~smooth,
            variant, found, truth, gradient=grad, difference=wanted,
        )  # fmt: skip
        if score.symmetric:
            back = variant.value_and_grad(truth, found, wrt="both")[1][0]
            ok = abs(swapped - back) <= ROUNDING * _sizes(back)
            sample.hold("wrt truth = found exchanged", ok, variant, found, truth, wrt_truth=swapped)


def gradient_at_ties(sample: Sample, score: Score) -> None:
    """Check gradients of identical regions and of regions that share one parameter."""
    found, truth = sample.found, sample.truth
    grad = score.value_and_grad(found, found, wrt="both")[1][0]
    sample.hold("finite gradient of identical regions", np.isfinite(grad), score, found)
    # Where regions do not fill their enclosure, its gap is not smallest for equal ones.
    gap = any(part.component.filled for part in score.parts)
    best = found.geometry().reflexive and (not gap or found.geometry(score.enclosure).filled)
    if score.symmetric and best:
        general = score.value_and_grad(found, truth, wrt="both")[1][0]
        room = ROUNDING * max(1.0, abs(general).max(initial=0.0))
        ok = abs(grad) <= room
        for row, column in np.argwhere(~ok):  # the end of a range: a step that way is no region
            table = found.to_array()[row : row + 1].copy()
            table.reshape(-1)[column] += _STEP_OUT * np.sign(grad[row, column])
            ok[row, column] = not sample.legal(found, table)
        sample.hold("zero gradient of identical regions", ok, score, found, gradient=grad)
    for column in range(found.to_array().shape[1]):
        table = found.to_array()
        table[:, column] = truth.to_array()[:, column]
        tied, rows = sample.build(found, table)
        partner = truth[rows]
        first, second = score.value_and_grad(tied, partner, wrt="both")[1]
        grad = np.hstack([first, second])
        sample.hold("finite gradient at ties", np.isfinite(grad), score, tied, partner)


def no_gradient(sample: Sample, score: Score) -> None:
    """Check that a kind without a pullback says so."""
    try:
        score.value_and_grad(sample.found, sample.truth)
    except TypeError as error:
        clear = sample.kind in str(error) and "gradient" in str(error)
        sample.hold("a refused gradient names the kind", clear, score, message=error)
    else:
        sample.hold("a gradient without a pullback is refused", False, score)
