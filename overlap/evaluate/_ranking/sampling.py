"""Precision at chosen confidences, with detections matched anew at each of them (KITTI)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overlap._kernels.jit import specialise
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

    def cuts(self, confidence: NDArray[np.float64], count: float) -> list[float]:
        """Return the confidences at which the curve is sampled.

        Parameters
        ----------
        confidence : ndarray, dtype=float64
            Of detections that are matched.
        count : float
            Number of truths.
        """
        falling = np.sort(confidence)[::-1].tolist()
        result: list[float] = []
        recall = 0.0
        for k, one in enumerate(falling):
            left = (k + 1) / count
            last = k == len(falling) - 1
            right = left if last else (k + 2) / count
            if right - recall < recall - left and not last:
                continue
            result.append(one)
            recall += 1.0 / self.steps
        return result

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


def _choose(
    order, pointer, candidate, value, level, truth_state, found_state, confidence, place, cut,
    first, taken, partner,
):  # fmt: skip
    """Let truths take detections: the first of their candidates, or the one of the largest value.

    States are 0 for regions that count, 1 for those that do not, and -1 for those that take no
    part. Detections that do not count are taken where no other is there.
    """
    for v in range(len(order)):
        i = order[v]
        if truth_state[i] < 0:
            continue
        best = -1
        most = 0.0
        spare = -1
        for p in range(pointer[i], pointer[i + 1]):
            c = candidate[p]
            x = value[p]
            if found_state[c] < 0 or taken[c] or x <= level or confidence[c] < cut:
                continue
            if first:
                best = c
                break
            if found_state[c] == 0:
                if best < 0 or x > most or (x == most and place[c] < place[best]):
                    best = c
                    most = x
            elif spare < 0 or place[c] < place[spare]:
                spare = c
        if best < 0:
            best = spare
        if best >= 0:
            taken[best] = True
            partner[i] = best


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
    item = scene.truth.item
    for c in range(len(scene.labels)):
        one = _Class.of(scene, crossing, c)
        for t, level in enumerate(scene.thresholds.tolist()):
            partner, _ = one.choose(level, -np.inf, first=True)
            true = np.flatnonzero(one.true(partner))
            known: dict[float, tuple[NDArray, NDArray, NDArray]] = {}
            for b, weight in enumerate(draws):
                count = float(weight[item[one.truth_state == 0]].sum())
                if count <= 0.0:
                    continue
                drawn = np.repeat(
                    scene.confidence[partner[true]], weight[item[true]].astype(np.int64)
                )
                precision = []
                for cut in rule.cuts(drawn, count):
                    if cut not in known:
                        known[cut] = one.items(level, cut)
                    hit, missed, similarity = known[cut]
                    hits, misses = float(weight[hit].sum()), float(weight[missed].sum())
                    gain = float((weight[hit] * similarity).sum()) if by_angle else hits
                    precision.append(gain / (hits + misses) if hits > 0.0 else 0.0)
                result[b, t, c] = rule.average(np.array(precision))
    return result[0] if weights is None else result


@dataclass(frozen=True)
class _Class:
    """Truths and detections of one class, with those of others that take part."""

    scene: Scene
    crossing: Pairs
    order: NDArray[np.int64]
    truth_state: NDArray[np.int64]
    found_state: NDArray[np.int64]

    @classmethod
    def of(cls, scene: Scene, crossing: Pairs, label: int) -> _Class:
        truth, found = scene.truth, scene.found
        idle, outside = scene.ignored(truth), found.flagged((OUTSIDE,))
        return cls(
            scene,
            crossing,
            np.argsort(truth.place, kind="stable"),
            np.where(truth.label == label, np.where(idle, 1, 0), -1),
            np.where(outside, 1, np.where(found.label == label, 0, -1)),
        )

    def choose(self, level: float, cut: float, *, first: bool) -> tuple[NDArray, NDArray]:
        """Return the detection of each truth, -1 for none, and which ones are taken."""
        taken = np.zeros(len(self.found_state), dtype=bool)
        partner = np.full(len(self.truth_state), -1, dtype=np.int64)
        pairs = self.crossing
        suited(specialise(_choose), len(pairs.value) + len(self.order))(
            self.order, pairs.pointer, pairs.candidate, pairs.value, level, self.truth_state,
            self.found_state, self.scene.confidence, self.scene.found.place, cut, first, taken,
            partner,
        )  # fmt: skip
        return partner, taken

    def true(self, partner: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which truths are found by a detection that counts."""
        result: NDArray[np.bool_] = (self.truth_state == 0) & (partner >= 0)
        result[result] = self.found_state[partner[result]] == 0
        return result

    def items(self, level: float, cut: float) -> tuple[NDArray, NDArray, NDArray]:
        """Return the items of the true and of the false detections from a confidence on.

        The last array is how alike the angles of each true one and of its truth are, in [0, 1]: 1
        where the input has no angles.
        """
        partner, taken = self.choose(level, cut, first=False)
        truth, found = self.scene.truth, self.scene.found
        false = (self.found_state == 0) & ~taken & (self.scene.confidence >= cut)
        if COVERED in found.sizes:
            false &= ~(found.sizes[COVERED] > level)
        true = np.flatnonzero(self.true(partner))
        similarity = np.ones(len(true))
        if ANGLE in truth.sizes and ANGLE in found.sizes:
            turn = truth.sizes[ANGLE][true] - found.sizes[ANGLE][partner[true]]
            similarity = (1.0 + np.cos(turn)) / 2.0
        return truth.item[true], found.item[false], similarity


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
