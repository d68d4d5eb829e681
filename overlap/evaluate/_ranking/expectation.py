"""Exact mean of the average precision over all orders of equal confidences."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from overlap._kernels.jit import specialise
from overlap._kernels.plain import suited

from .curves import IGNORED, TRUE, CurveRule
from .scene import Ranked, Scene
from .table import order_by

__all__ = ["expected_precision", "shared_candidates", "shared_in_order"]

_MOST_STEPS = 5e8  # of the kernel, over all classes and thresholds: about a second


def _expected(size, true, gain, spacing, values, mass, moved):
    """Sum of gains times the best precision from each true positive on, in the mean.

    Runs are gone through from the last rank to the first. ``mass[a, m]`` is the probability
    that `a` of the ranks not yet seen in the run are true, and that the best precision behind
    them is ``values[m]``. The next rank, of j left, is then true with probability a / j.
    """
    # Plain loops: slices, sums and searches of NumPy take six times as long to compile.
    count = len(values)
    before, hits = 0, 0
    for b in range(len(size)):
        before += size[b]
        hits += true[b]
    total = 0.0
    for m in range(count):
        mass[0, m] = 0.0
    mass[0, 0] = 1.0
    for b in range(len(size) - 1, -1, -1):
        before -= size[b]
        hits -= true[b]
        most = true[b]
        if most == 0:
            continue
        for m in range(count):
            mass[most, m] = mass[0, m]
            for a in range(most):
                mass[a, m] = 0.0
        for j in range(size[b], 0, -1):
            for a in range(most + 1):
                for m in range(count):
                    moved[a, m] = 0.0
            for a in range(max(0, most - (size[b] - j)), min(most, j) + 1):
                false = (j - a) / j
                for m in range(count):
                    moved[a, m] += false * mass[a, m]
                if a == 0:
                    continue
                here = (hits + a) / (before + j + spacing)
                at, end = 0, count  # the first value that is not less
                while at < end:
                    middle = (at + end) // 2
                    if values[middle] < here:
                        at = middle + 1
                    else:
                        end = middle
                for m in range(count):
                    part = mass[a, m] * (a / j)
                    if part > 0.0:
                        best = max(m, at)
                        moved[a - 1, best] += part
                        total += part * gain[hits + a - 1] * values[best]
            for a in range(most + 1):
                for m in range(count):
                    mass[a, m] = moved[a, m]
    return total


def expected_precision(
    ranked: Ranked, wanted: NDArray[np.bool_] | None = None
) -> NDArray[np.float64]:
    r"""Mean AP over all orders of detections of equal class and confidence, each as likely.

    Parameters
    ----------
    ranked : Ranked
        The outcome of each detection stays what it is; see `shared_candidates`.
    wanted : ndarray, dtype=bool, shape (T, C), optional
        Thresholds and classes whose mean is wanted; by default all.

    Returns
    -------
    ndarray, dtype=float64, shape (T, C)
        NaN for a class without truths. Nor is it known where runs are so long that the exact
        sums took more than seconds: the shortest ones are made first.

    Raises
    ------
    ValueError
        For a curve between points (``"linear"``, ``"trapezoid"``).

    Notes
    -----
    Without an envelope the mean is a sum over runs (McSherry & Najork, ECIR 2008). With
    :math:`N_0` detections before a run of n, :math:`T_0` of them true, and t in the run,

    .. math:: \frac{t}{n P} \left[(T_0 + 1) S_1 + \frac{t - 1}{n - 1} S_2\right], \quad
              S_1 = \sum_{r=N_0+1}^{N_0+n} \frac1r, \quad S_2 = n - (N_0 + 1) S_1.

    With an envelope, mean and maximum do not commute, and the distribution of the best precision
    behind each rank is carried from the last rank to the first.
    """
    scene, ranking = ranked.scene, ranked.ranking
    rule = scene.rules.curve
    if rule.joins:
        raise ValueError("the mean over orders of ties is not known for curves between points")
    result = ranked.precision().copy()
    block = ranked.block
    cells = []
    for t, c in np.ndindex(*result.shape):
        part = slice(ranking.pointer[c], ranking.pointer[c + 1])
        outcome = ranking.outcome_of(t, c)
        counted = outcome != IGNORED
        run = block[part][counted]
        truths = ranking.truths[c]
        if not truths or len(run) < 2 or (run[1:] != run[:-1]).all():
            continue
        _, first, size = np.unique(run, return_index=True, return_counts=True)
        true = np.add.reduceat((outcome[counted] == TRUE).astype(np.int64), first)
        result[t, c] = np.nan
        if wanted is not None and not wanted[t, c]:
            continue
        cells.append((_steps(size, true, rule), t, c, size, true, int(truths)))
    left = _MOST_STEPS
    for steps, t, c, size, true, count in sorted(cells, key=lambda cell: cell[:3]):
        left -= steps
        if left < 0:
            break
        result[t, c] = _mean_of_class(size, true, count, rule)
    return result


def _steps(size: NDArray[np.int64], true: NDArray[np.int64], rule: CurveRule) -> float:
    """Return an upper bound of the steps of the kernel."""
    if rule.kind == "raw":
        return 0.0
    size, true = size.astype(np.float64), true.astype(np.float64)
    values = (true * (size - true + 1)).sum()
    return float((size * true).sum() * values)


def _mean_of_class(
    size: NDArray[np.int64], true: NDArray[np.int64], truths: int, rule: CurveRule
) -> float:
    before, hits = np.cumsum(size) - size, np.cumsum(true) - true
    if rule.kind == "raw":
        inverse = np.cumsum(1.0 / (np.arange(1, size.sum() + 1) + rule.spacing))
        first = inverse[before + size - 1] - np.where(before > 0, inverse[before - 1], 0.0)
        second = size - (before + 1 + rule.spacing) * first
        rest = np.where(size > 1, (true - 1) / np.maximum(size - 1, 1), 0.0)
        return float((true / size * ((hits + 1) * first + rest * second)).sum() / truths)
    count = int(true.sum())
    gain = np.full(count, 1.0 / truths)
    if rule.kind == "grid":
        reached = np.searchsorted(np.arange(1, count + 1) / truths, rule.recalls)
        gain = np.bincount(reached, minlength=count + 1)[:count] / len(rule.recalls)
    values = [np.zeros(1)]
    for n, t, n0, t0 in zip(size, true, before, hits, strict=True):
        a = np.arange(1, t + 1)[:, None]
        values.append(((t0 + a) / (n0 + a + np.arange(n - t + 1) + rule.spacing)).ravel())
    known = np.unique(np.concatenate(values))
    mass = np.zeros((int(true.max(initial=0)) + 1, len(known)))
    steps = 3.0 * float((size * true).sum()) * len(known)
    kernel = suited(specialise(_expected), steps)
    return float(kernel(size, true, gain, rule.spacing, known, mass, np.zeros_like(mass)))


def shared_candidates(ranked: Ranked) -> NDArray[np.bool_]:
    """Return where another order of ties can change who matches what.

    Parameters
    ----------
    ranked : Ranked

    Returns
    -------
    ndarray, dtype=bool, shape (T, C)
        Whether detections of equal confidence could take the same truth, at each threshold and in
        each class. `expected_precision` is the mean over all evaluations of permuted input where
        this is False.
    """
    return shared_in_order(ranked.scene, ranked.visit)


def shared_in_order(scene: Scene, visit: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return `shared_candidates` of a scene, which is the same for all strata that drop no truth.

    Parameters
    ----------
    scene : Scene
    visit : ndarray, dtype=int64
        Detections in ranked order.
    """
    given = scene.pairs, scene.truth.label
    return scene.once(visit, "shared", given, lambda: _shared(scene, visit))


def _shared(scene: Scene, visit: NDArray[np.int64]) -> NDArray[np.bool_]:
    pairs, same = scene.pairs, scene.repeats(visit)
    result = np.zeros((len(scene.levels), len(scene.labels)), dtype=bool)
    if not same.any():
        return result
    found, truth = (
        (pairs.candidate, pairs.agent) if scene.by_truth else (pairs.agent, pairs.candidate)
    )
    tied = np.zeros(len(scene.found), dtype=bool)
    tied[visit[1:][same]] = tied[visit[:-1][same]] = True
    rows = np.flatnonzero(tied[found])
    rows = rows[scene.truth.label[truth[rows]] >= 0]
    if not scene.by_truth:  # crowds are there for all
        rule = scene.rules.match
        rows = rows[~scene.truth.flagged(rule.crowds)[truth[rows]] & rule.once]
    if not len(rows):
        return result
    run = np.empty(len(scene.found), dtype=np.int64)
    run[visit] = scene.blocks(visit)
    code = truth[rows] * len(scene.found) + run[found[rows]]
    order = order_by(np.arange(len(rows)), code)
    same = code[order[1:]] == code[order[:-1]]
    several = np.append(same, False) | np.append(False, same)  # sorted below, and mostly few
    rows = rows[order[several[: len(order)]]]
    keys = truth[rows], scene.confidence[found[rows]]
    order = np.lexsort((-pairs.value[rows], *keys))
    same = np.ones(max(len(order) - 1, 0), dtype=bool)
    for key in keys:
        same &= key[order[1:]] == key[order[:-1]]
    second = rows[order[1:][same]]  # its value is that of the pair that is further from the truth
    t, k = np.nonzero(pairs.value[second] >= scene.levels[:, None])
    result[t, scene.found.label[found[second[k]]]] = True
    return result
