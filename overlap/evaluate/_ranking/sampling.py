"""Precision at chosen confidences, with detections matched anew at each of them (KITTI)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overlap._kernels.jit import scalar, specialise
from overlap._kernels.plain import suited

from .pairs import Pairs
from .scene import Scene
from .table import OUTSIDE

__all__ = ["ANGLE", "COVERED", "SampledRule", "pairs_of_one_class", "sampled_average"]

#: Name of the size that says how much of a detection regions without annotation cover.
COVERED = "covered"

#: Name of the size that is the angle at which an object is seen, in radians.
ANGLE = "alpha"


@dataclass(frozen=True)
class SampledRule:
    """How a curve is sampled and becomes one number.

    Truths choose, in the order of the input. First each takes the most confident detection that it
    overlaps enough; the confidences of these pairs, falling, are thinned to about one for each step
    of recall. Then, with the detections from each such confidence on, each truth takes the one that
    it overlaps most. The AP is the mean of the best precision at that recall or above.

    Parameters
    ----------
    steps : int
        Steps of recall from 0 to 1.
    recalls : tuple of float
        Multiples of ``1 / steps``, over which the mean is.
    """

    steps: int
    recalls: tuple[float, ...]

    def cuts(self, falling: NDArray[np.float64], count: float) -> NDArray[np.float64]:
        """Return the confidences at which the curve is sampled.

        Parameters
        ----------
        falling : ndarray, dtype=float64
            Confidences of detections that are matched, from the greatest on.
        count : float
            Number of truths.
        """
        last = len(falling) - 1
        result: list[int] = []
        recall = 0.0
        while not result or result[-1] < last:
            # the first whose recall is nearer than that of the next one: none before this is
            k = max(int(recall * count - 2.5), result[-1] + 1 if result else 0)
            k = min(k, last)
            while k < last and (k + 2) / count - recall < recall - (k + 1) / count:
                k += 1
            result.append(k)
            recall += 1.0 / self.steps
        return falling[result]

    def average(self, precision: NDArray[np.float64]) -> float:
        """Return the mean over recalls of the best precision there or above.

        Parameters
        ----------
        precision : ndarray, dtype=float64
            At each cut.
        """
        slots = np.zeros(max(self.steps + 1, len(precision)))
        slots[: len(precision)] = precision
        best = np.maximum.accumulate(slots[::-1])[::-1]
        total = 0.0
        for recall in self.recalls:
            total += best[round(self.steps * recall)]
        return float(total / len(self.recalls))


@scalar
def _chosen(begin, end, candidate, value, idle, confidence, place, cut, first, taken):
    """Return the pair that a truth takes, -1 for none.

    It is the first of its candidates, or the one of the largest value. Detections that do not count
    are taken where no other is there.
    """
    best = -1
    spare = -1
    for p in range(begin, end):
        c = candidate[p]
        if taken[c] or confidence[c] < cut:
            continue
        if first:
            return p
        if idle[c]:
            if spare < 0 or place[c] < place[candidate[spare]]:
                spare = p
        elif (
            best < 0
            or value[p] > value[best]
            or (value[p] == value[best] and place[c] < place[candidate[best]])
        ):
            best = p
    return best if best >= 0 else spare


def _first_choices(pointer, candidate, value, idle, confidence, place, taken, pair):
    """Let truths in turn take the most confident detection."""
    for k in range(len(pointer) - 1):
        p = _chosen(
            pointer[k], pointer[k + 1], candidate, value, idle, confidence, place, -np.inf, True,
            taken,
        )  # fmt: skip
        pair[k] = p
        if p >= 0:
            taken[candidate[p]] = True


def _changes(
    truths, founds, pointer, candidate, value, gain, idle_truth, idle, covered, confidence, place,
    taken, true, false, similarity,
):  # fmt: skip
    """Count what each detection adds when it and those before it take part, item after item.

    Truths and detections `truths[v]` to `truths[v + 1]` and `founds[v]` to `founds[v + 1]` are
    those of an item, detections by falling confidence. Of equal confidences the last has the
    change.
    """
    for v in range(len(truths) - 1):
        hits = 0
        misses = 0
        sum_ = 0.0
        for d in range(founds[v], founds[v + 1]):
            cut = confidence[d]
            if d + 1 < founds[v + 1] and confidence[d + 1] == cut:
                continue
            for c in range(founds[v], d + 1):
                taken[c] = False
            now = 0
            now_sum = 0.0
            for k in range(truths[v], truths[v + 1]):
                p = _chosen(
                    pointer[k], pointer[k + 1], candidate, value, idle, confidence, place, cut,
                    False, taken,
                )  # fmt: skip
                if p < 0:
                    continue
                taken[candidate[p]] = True
                if not idle_truth[k] and not idle[candidate[p]]:
                    now += 1
                    now_sum += gain[p]
            missed = 0
            for c in range(founds[v], d + 1):
                missed += not (taken[c] or idle[c] or covered[c])
            true[d] = now - hits
            false[d] = missed - misses
            similarity[d] = now_sum - sum_
            hits = now
            misses = missed
            sum_ = now_sum


def sampled_average(
    scene: Scene,
    crossing: Pairs,
    rule: SampledRule,
    weights: NDArray[np.float64] | None = None,
    *,
    by_angle: bool = False,
) -> NDArray[np.float64]:
    """Average precision, or average orientation similarity, per threshold and class.

    Parameters
    ----------
    scene : Scene
        One stratum. Detections outside it take part in every class, and do not count.
    crossing : Pairs
        Of truths and detections of any class; candidates of a truth by falling confidence.
    rule : SampledRule
    weights : ndarray, dtype=float64, shape (B, V), optional
        How often each item is drawn.
    by_angle : bool
        Whether a true detection counts by ``(1 + cos(d)) / 2``, where d is the difference of its
        angle and that of its truth, in place of 1.

    Returns
    -------
    ndarray, dtype=float64, shape (T, C), or (B, T, C) with `weights`
        NaN for a class without truths.
    """
    draws = np.ones((1, len(scene.items))) if weights is None else weights
    result = np.full((len(draws), len(scene.thresholds), len(scene.labels)), np.nan)
    for c in range(len(scene.labels)):
        one = _Class.of(scene, crossing, c)
        counts = draws @ np.bincount(one.counted, minlength=len(scene.items))
        for t, level in enumerate(scene.thresholds.tolist()):
            steps = one.steps(level)
            for b in np.flatnonzero(counts > 0.0):
                result[b, t, c] = steps.average(rule, draws[b], counts[b], by_angle=by_angle)
    return result[0] if weights is None else result


@dataclass(frozen=True)
class _Steps:
    """How true and false detections of one class grow as the least confidence falls.

    Attributes
    ----------
    confidence, item, true, false, similarity : ndarray
        At each confidence of an item, from the greatest on: how many more are true, and false, and
        by how much the similarity of angles grows.
    matched, matched_item : ndarray
        Confidences, from the greatest on, that say where the curve is sampled, and their items.
    """

    confidence: NDArray[np.float64]
    item: NDArray[np.int64]
    true: NDArray[np.int64]
    false: NDArray[np.int64]
    similarity: NDArray[np.float64]
    matched: NDArray[np.float64]
    matched_item: NDArray[np.int64]

    def average(
        self, rule: SampledRule, weight: NDArray[np.float64], count: float, *, by_angle: bool
    ) -> float:
        """Return the average for one weight of each item."""
        drawn = np.repeat(self.matched, weight[self.matched_item].astype(np.int64))
        if not len(drawn):
            return 0.0
        cuts = rule.cuts(drawn, count)
        until = np.searchsorted(-self.confidence, -cuts, side="right") - 1
        weight = weight[self.item]
        hits, misses = (np.cumsum(weight * some)[until] for some in (self.true, self.false))
        gain = np.cumsum(weight * self.similarity)[until] if by_angle else hits
        precision = np.zeros(len(cuts))
        return rule.average(np.divide(gain, hits + misses, out=precision, where=hits > 0.0))


@dataclass(frozen=True)
class _Class:
    """Truths and detections of one class, with those of others that take part."""

    scene: Scene
    crossing: Pairs
    truths: NDArray[np.int64]
    founds: NDArray[np.int64]
    idle_truth: NDArray[np.bool_]
    idle: NDArray[np.bool_]

    @classmethod
    def of(cls, scene: Scene, crossing: Pairs, label: int) -> _Class:
        truth, found = scene.truth, scene.found
        idle_truth, idle = scene.ignored(truth), found.flagged((OUTSIDE,))
        truths = np.flatnonzero(truth.label == label)
        founds = np.flatnonzero((found.label == label) | idle)
        truths = truths[np.lexsort((truth.place[truths], truth.item[truths]))]
        keys = (found.place[founds], -scene.confidence[founds], found.item[founds])
        founds = founds[np.lexsort(keys)]
        return cls(scene, crossing, truths, founds, idle_truth[truths], idle[founds])

    @property
    def counted(self) -> NDArray[np.int64]:
        """Items of the truths that count."""
        return self.scene.truth.item[self.truths[~self.idle_truth]]

    def steps(self, level: float) -> _Steps:
        """Match at one threshold, for every least confidence."""
        scene, truth, found = self.scene, self.scene.truth, self.scene.found
        pointer, candidate, value, gain = self._pairs(level)
        confidence, place = scene.confidence[self.founds], found.place[self.founds]
        item, true_item = found.item[self.founds], truth.item[self.truths]
        covered = np.zeros(len(self.founds), dtype=bool)
        if COVERED in found.sizes:
            covered = found.sizes[COVERED][self.founds] > level
        common = candidate, value, self.idle, confidence, place
        taken = np.zeros(len(self.founds), dtype=bool)
        pair = np.empty(len(self.truths), dtype=np.int64)
        suited(specialise(_first_choices), len(value) + len(pair))(pointer, *common, taken, pair)
        matched = np.flatnonzero((pair >= 0) & ~self.idle_truth)
        matched = matched[~self.idle[candidate[pair[matched]]]]
        sure = confidence[candidate[pair[matched]]]
        falling = np.argsort(-sure, kind="stable")
        edges = np.arange(len(scene.items) + 1)
        ends = np.searchsorted(item, edges)
        true, false = np.zeros((2, len(item)), dtype=np.int64)
        similarity = np.zeros(len(item))
        taken[:] = False
        tried = np.diff(ends)[item]
        suited(specialise(_changes), float(tried.sum() + tried[candidate].sum()))(
            np.searchsorted(true_item, edges), ends, pointer, candidate, value, gain,
            self.idle_truth, self.idle, covered, confidence, place, taken, true, false, similarity,
        )  # fmt: skip
        order = np.argsort(-confidence, kind="stable")
        return _Steps(
            confidence[order], item[order], true[order], false[order], similarity[order],
            sure[falling], true_item[matched[falling]],
        )  # fmt: skip

    def _pairs(self, level: float) -> tuple[NDArray, NDArray, NDArray, NDArray]:
        """Return the pairs above a threshold, by truths, and how alike the angles of each are.

        Alike is 1 for the same angle and 0 for opposite ones; 1 where the input has no angles.
        """
        scene, pairs = self.scene, self.crossing
        row = np.full(len(scene.truth), -1)
        row[self.truths] = np.arange(len(self.truths))
        column = np.full(len(scene.found), -1)
        column[self.founds] = np.arange(len(self.founds))
        agent, candidate = row[pairs.agent], column[pairs.candidate]
        keep = np.flatnonzero((agent >= 0) & (candidate >= 0) & (pairs.value > level))
        keep = keep[np.argsort(agent[keep], kind="stable")]
        agent, candidate = agent[keep], candidate[keep]
        gain = np.ones(len(keep))
        if ANGLE in scene.truth.sizes and ANGLE in scene.found.sizes:
            angles = scene.truth.sizes[ANGLE][self.truths], scene.found.sizes[ANGLE][self.founds]
            gain = (1.0 + np.cos(angles[0][agent] - angles[1][candidate])) / 2.0
        pointer = np.searchsorted(agent, np.arange(len(self.truths) + 1))
        return pointer, candidate, pairs.value[keep], gain


def pairs_of_one_class(
    pairs: Pairs, agents: NDArray[np.int64], candidates: NDArray[np.int64]
) -> Pairs:
    """Return the pairs whose two sides have the same class.

    Parameters
    ----------
    pairs : Pairs
    agents, candidates : ndarray, dtype=int64
        Class of each; negative for none.
    """
    agent = pairs.agent
    keep = (agents[agent] == candidates[pairs.candidate]) & (agents[agent] >= 0)
    pointer = np.searchsorted(agent[keep], np.arange(len(pairs.pointer)))
    candidate = pairs.candidate[keep]
    return Pairs(pointer, candidate, candidate, pairs.value[keep], pairs.tied)
