"""Matching and ranking of measured predictions, under one order of ties."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import permutations, product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap._common.values import ByValue
from overlap.evaluate._ranking.curves import Ranking, average_precision

from .matching import FALSE, IGNORED, TRUE, match_greedily
from overlap.evaluate._temporal.measure import Measured
from overlap.evaluate._temporal.protocol import Protocol

__all__ = ["Scene", "tie_spread"]

_ALL_ORDERS = 24  # of the truths of a class, up to which all are tried


@dataclass(frozen=True, eq=False)
class Scene(ByValue):
    """Measured predictions in the numbering of the whole evaluation.

    Attributes
    ----------
    protocol : Protocol
        The rules.
    thresholds : ndarray, dtype=float64, shape (T,)
        IoU thresholds.
    classes, videos : tuple of str
        Classes in the order of the mean; videos sorted by name.
    measured : Measured
        Tables and pairs.
    truth_class, found_class : ndarray, dtype=int64
        Class of each row; -1 for none of `classes`.
    truth_item, found_item : ndarray, dtype=int64
        Video of each row.
    """

    protocol: Protocol
    thresholds: NDArray[np.float64]
    classes: tuple[str, ...]
    videos: tuple[str, ...]
    measured: Measured
    truth_class: NDArray[np.int64]
    found_class: NDArray[np.int64]
    truth_item: NDArray[np.int64]
    found_item: NDArray[np.int64]

    def positives(self) -> NDArray[np.float64]:
        """Return the number of truths by class and video, shape (C, V)."""
        inside = self.truth_class >= 0
        cell = self.truth_class[inside] * len(self.videos) + self.truth_item[inside]
        shape = len(self.classes), len(self.videos)
        return np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape).astype(np.float64)

    def order(
        self, rule: str, shuffle: NDArray[np.int64] | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rank the predictions of each class.

        Parameters
        ----------
        rule : str
            A `tie_rule`; ``"shuffle"`` breaks ties by `shuffle`.
        shuffle : ndarray, dtype=int64, optional
            A number for each prediction.

        Returns
        -------
        visit : ndarray, dtype=int64
            Predictions, class after class, best first.
        pointer : ndarray, dtype=int64, shape (C + 1,)
            Where each class begins.
        """
        confidence = self.measured.found.confidence
        assert confidence is not None
        place = self.measured.found_place if shuffle is None else shuffle
        rows = np.flatnonzero(self.found_class >= 0)
        label = self.found_class[rows]
        keys: list[NDArray]
        if rule == "argsort_reversed":
            keys = [place[rows], label]
        elif rule == "video_name":
            keys = [place[rows], self.found_item[rows], -confidence[rows], label]
        else:
            keys = [place[rows], -confidence[rows], label]
        order = np.lexsort(keys)
        visit = rows[order]
        pointer = np.searchsorted(label[order], np.arange(len(self.classes) + 1))
        if rule == "argsort_reversed":
            for c in range(len(self.classes)):
                some = visit[pointer[c] : pointer[c + 1]]
                visit[pointer[c] : pointer[c + 1]] = some[confidence[some].argsort()[::-1]]
        return visit, pointer

    def match(
        self,
        visit: NDArray[np.int64],
        candidate: NDArray[np.int64],
        truths: NDArray[np.int64] | None = None,
    ) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
        """Match at every threshold.

        Parameters
        ----------
        visit : ndarray, dtype=int64
            Predictions in the order in which they choose; not used where truths choose.
        candidate : ndarray, dtype=int64
            An order of ``measured.pairs.candidate``.
        truths : ndarray, dtype=int64, optional
            Truths in the order in which they choose; by default that of the file.

        Returns
        -------
        pair : ndarray, dtype=int64, shape (T, N)
            The pair that each prediction is in, -1 for none.
        outcome : ndarray, dtype=uint8, shape (T, N)
            What it counts as.
        """
        measured = self.measured
        if self.protocol.order == "confidence":
            agents, candidates = visit, len(measured.truth)
        else:
            agents = np.argsort(measured.truth_place) if truths is None else truths
            candidates = len(measured.found)
        pair = match_greedily(
            measured.pairs, candidate, agents, candidates, self.thresholds, self.protocol
        )
        outcome = np.where(pair >= 0, TRUE, FALSE)
        if self.protocol.ambiguous_rows == "ignore" and measured.ambiguous.any():
            outcome[(pair < 0) & measured.ambiguous] = IGNORED
        return pair, outcome

    def blocks(self, visit: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the numbers of the runs of equal class and confidence of ranked predictions."""
        confidence = self.measured.found.confidence
        assert confidence is not None
        score, label = confidence[visit], self.found_class[visit]
        return np.cumsum(np.r_[False, (score[1:] != score[:-1]) | (label[1:] != label[:-1])])[
            : len(visit)
        ]

    def rank(
        self,
        visit: NDArray[np.int64],
        pointer: NDArray[np.int64],
        outcome: NDArray[np.uint8],
        positives: NDArray[np.float64],
        first: str | None = None,
    ) -> Ranking:
        """Put outcomes into ranked order.

        Parameters
        ----------
        visit, pointer : ndarray
            As `order` returns them.
        outcome : ndarray, dtype=uint8, shape (T, N)
            As `match` returns it.
        positives : ndarray, dtype=float64, shape (C, V)
            As `positives` returns it.
        first : {"true", "false"}, optional
            Which of the predictions of equal confidence come first.

        Returns
        -------
        Ranking
        """
        ranked, item = outcome[:, visit], self.found_item[visit][None, :]
        block = self.blocks(visit) if first else None
        if block is not None and len(block) and block[-1] + 1 < len(block):
            last = (ranked != TRUE) if first == "true" else (ranked == TRUE)
            order = np.stack([np.lexsort((row, block)) for row in last])
            ranked, item = np.take_along_axis(ranked, order, axis=1), item[0][order]
        return Ranking(ranked, pointer, np.ascontiguousarray(item), positives)

    def precision(self, ranking: Ranking, weights: NDArray | None = None) -> NDArray[np.float64]:
        """AP per threshold and class by the protocol's rule; see `average_precision`."""
        protocol = self.protocol
        return average_precision(ranking, protocol.interpolation, protocol.grid(), weights)


def tie_spread(
    scene: Scene,
    ap: NDArray[np.float64],
    visit: NDArray[np.int64],
    candidate: NDArray[np.int64],
    samples: int,
) -> dict[str, NDArray[Any]]:
    """Recompute the AP under other orders of ties, and of truths that choose.

    Parameters
    ----------
    scene : Scene
        Predictions.
    ap : ndarray, dtype=float64, shape (T, C)
        The AP as reported; classes without ties keep it.
    visit, candidate : ndarray, dtype=int64
        The reported order of predictions and of candidates.
    samples : int
        Number of random orders.

    Returns
    -------
    dict
        ``low`` and ``high`` (K, T, C): the AP with, in each run of equal confidence, all
        false and all true positives first, for matchings made in the reported order, in file
        order, in reversed file order and in random ones, and where truths choose also for
        other orders of truths; ``random`` (samples, T, C): the AP of the random orders of
        ties; ``tried_all``: whether these are all orders there are. Without ties all
        are `ap`.
    """
    measured = scene.measured
    result = _spread_of_ties(scene, ap, visit, candidate, samples)
    if scene.protocol.order == "confidence":
        return result
    contested = _contested(scene, float(scene.thresholds.min()))
    if not contested.any():
        return result
    # Only at some thresholds, and in some classes, truths can take predictions from each other.
    levels = np.array([_contested(scene, level).any() for level in scene.thresholds.tolist()])
    classes = np.unique(scene.truth_class[contested])
    part = replace(_only(scene, classes), thresholds=scene.thresholds[levels])
    orders, tried_all = _orders_of_truths(part, contested, samples)
    place = np.empty(len(measured.found), np.int64)
    place[visit] = np.arange(len(visit))
    order = part.order("shuffle", place)
    repeated = bool((np.diff(part.blocks(order[0])) == 0).any())
    positives = part.positives()
    low, high = (np.repeat(ap[None], len(orders), axis=0) for _ in range(2))
    for k, truths in enumerate(orders):
        outcome = part.match(order[0], candidate, truths)[1]
        for ends, first in ((low, "false"), (high, "true")):
            if repeated or first == "false":
                found = part.precision(
                    part.rank(*order, outcome, positives, first if repeated else None)
                )
            ends[k][np.ix_(levels, classes)] = found
    return {
        "low": np.concatenate([result["low"], low]),
        "high": np.concatenate([result["high"], high]),
        "random": result["random"],
        "tried_all": result["tried_all"] & np.array(tried_all),
    }


def _contested(scene: Scene, level: float) -> NDArray[np.bool_]:
    """Return the truths that want a prediction which another one wants, from an IoU on."""
    pairs = scene.measured.pairs
    agent = np.repeat(np.arange(len(pairs.pointer) - 1), np.diff(pairs.pointer))
    near = pairs.iou >= level
    wanted = np.bincount(pairs.candidate[near], minlength=len(scene.measured.found))
    result = np.zeros(len(scene.measured.truth), dtype=bool)
    result[agent[near][wanted[pairs.candidate[near]] > 1]] = True
    return result & (scene.truth_class >= 0)


def _orders_of_truths(
    scene: Scene, contested: NDArray[np.bool_], samples: int
) -> tuple[list[NDArray[np.int64]], bool]:
    """Return orders in which truths may choose, and whether these are all that matter.

    Contested truths of a class and video can take predictions from each other. Classes do not
    meet, so that one order serves all of them at once.
    """
    measured = scene.measured
    base = np.argsort(measured.truth_place)
    position = np.empty_like(base)
    position[base] = np.arange(len(base))
    best = _most_confident(scene)
    rng = np.random.default_rng(0)
    tried_all = True
    choices: list[tuple[list[NDArray], list[tuple[NDArray, ...]]]] = []
    for label in np.unique(scene.truth_class[contested]).tolist():
        rows = base[contested[base] & (scene.truth_class[base] == label)]
        groups = [rows[scene.truth_item[rows] == v] for v in np.unique(scene.truth_item[rows])]
        if math.prod(math.factorial(len(group)) for group in groups) <= _ALL_ORDERS:
            each = [[group[list(p)] for p in permutations(range(len(group)))] for group in groups]
            choices.append((groups, list(product(*each))))
            continue
        tried_all = False
        drawn = [
            tuple(group[::-1] for group in groups),
            tuple(group[np.argsort(best[group], kind="stable")] for group in groups),
            tuple(group[np.argsort(-best[group], kind="stable")] for group in groups),
        ]
        drawn += [tuple(rng.permutation(group) for group in groups) for _ in range(samples)]
        choices.append((groups, drawn))
    orders = []
    for k in range(max((len(drawn) for _, drawn in choices), default=0)):
        order = base.copy()
        for groups, drawn in choices:
            for group, again in zip(groups, drawn[k % len(drawn)], strict=True):
                order[position[group]] = again
        orders.append(order)
    return orders, tried_all


def _most_confident(scene: Scene) -> NDArray[np.float64]:
    """Return the highest confidence among the candidates of each truth."""
    measured, pairs = scene.measured, scene.measured.pairs
    assert measured.found.confidence is not None
    result = np.full(len(measured.truth), -np.inf)
    agent = np.repeat(np.arange(len(measured.truth)), np.diff(pairs.pointer))
    np.maximum.at(result, agent, measured.found.confidence[pairs.candidate])
    return result


def _spread_of_ties(
    scene: Scene,
    ap: NDArray[np.float64],
    visit: NDArray[np.int64],
    candidate: NDArray[np.int64],
    samples: int,
) -> dict[str, NDArray[Any]]:
    """Return the AP under other orders of equal values, with truths as in the file."""
    measured = scene.measured
    ranked, _ = scene.order("file")
    block = scene.blocks(ranked)
    repeated = np.flatnonzero(block[1:] == block[:-1])
    touched = np.zeros(len(scene.classes) + 1, dtype=bool)  # the last is "no class"
    touched[scene.found_class[ranked[repeated]]] = True
    if scene.protocol.order == "confidence":
        touched[scene.found_class[measured.pairs.tied]] = True
    some = np.flatnonzero(touched[:-1])
    if not len(some):
        same = ap[None]
        return {"low": same, "high": same, "random": same, "tried_all": np.array(True)}
    part = _only(scene, some)
    positives = part.positives()
    rng = np.random.default_rng(0)
    count = len(measured.found)
    reported = np.zeros(count, dtype=np.int64)
    reported[visit] = np.arange(len(visit))
    place = measured.found_place
    shuffles = [reported, place, -place, *(rng.permutation(count) for _ in range(samples))]
    ties = _Ties(part)
    result = {name: np.repeat(ap[None], len(shuffles), axis=0) for name in ("low", "high")}
    random = result["low"].copy()
    order = part.order("file")
    for k, shuffle in enumerate(shuffles):
        if len(repeated):
            order = part.order("shuffle", shuffle)
        outcome = part.match(order[0], candidate if k == 0 else ties.reorder(shuffle, k, rng))[1]
        random[k][:, some] = part.precision(part.rank(*order, outcome, positives))
        for name, first in (("low", "false"), ("high", "true")):
            if len(repeated):
                ranking = part.rank(*order, outcome, positives, first)
                result[name][k][:, some] = part.precision(ranking)
            else:
                result[name][k] = random[k]
    return {**result, "random": random[3:], "tried_all": np.array(False)}


def _only(scene: Scene, classes: NDArray[np.int64]) -> Scene:
    """Return the scene with some of its classes."""
    number = np.full(len(scene.classes) + 1, -1)  # the last entry is that of class -1
    number[classes] = np.arange(len(classes))
    return replace(
        scene,
        classes=tuple(scene.classes[k] for k in classes),
        truth_class=number[scene.truth_class],
        found_class=number[scene.found_class],
    )


class _Ties:
    """Pairs of agents that have candidates of equal IoU, to be put into other orders."""

    def __init__(self, scene: Scene) -> None:
        pairs = self.pairs = scene.measured.pairs
        self.by_truth = scene.protocol.order == "truth"
        width = np.diff(pairs.pointer)[pairs.tied]
        first = np.repeat(pairs.pointer[pairs.tied] - np.cumsum(width) + width, width)
        self.rows = first + np.arange(width.sum())
        self.agent = np.repeat(pairs.tied, width)
        self.confidence = scene.measured.found.confidence

    def reorder(
        self, shuffle: NDArray[np.int64], k: int, rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """Order equal candidates: as in the file (k = 1), reversed (2), or at random."""
        pairs, rows = self.pairs, self.rows
        if not len(rows):
            return pairs.candidate
        chosen = pairs.candidate[rows]
        keys: list[NDArray] = [-pairs.iou[rows], self.agent]
        if self.by_truth:  # the more confident comes first; only equal ones are free
            assert self.confidence is not None
            keys = [shuffle[chosen], -self.confidence[chosen], *keys]
        elif k > 1:
            keys = [-chosen if k == 2 else rng.permutation(len(rows)), *keys]
        candidate = pairs.candidate.copy()
        candidate[rows] = chosen[np.lexsort(keys)]
        return candidate
