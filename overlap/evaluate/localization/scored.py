"""Matching and ranking of measured predictions, under one order of ties."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overlap.evaluate.ranking import Ranking, average_precision

from .matching import FALSE, IGNORED, TRUE, match_greedily
from .measure import Measured
from .protocol import Protocol

__all__ = ["Scene", "tie_spread"]


@dataclass(frozen=True, eq=False)
class Scene:
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
        """Number of truths by class and video, shape (C, V)."""
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
        found = self.measured.found
        assert found.confidence is not None
        place = self.measured.found_place if shuffle is None else shuffle
        if rule == "argsort_reversed":
            visit = np.lexsort((place, self.found_class))
        elif rule == "video_name":
            visit = np.lexsort((place, self.found_item, -found.confidence, self.found_class))
        else:
            visit = np.lexsort((place, -found.confidence, self.found_class))
        ends = np.searchsorted(self.found_class[visit], np.arange(len(self.classes) + 1))
        visit, pointer = visit[ends[0] :], ends - ends[0]
        if rule == "argsort_reversed":
            for lo, hi in zip(pointer[:-1], pointer[1:], strict=True):
                rows = visit[lo:hi]
                visit[lo:hi] = rows[found.confidence[rows].argsort()[::-1]]
        return visit, pointer

    def match(
        self, visit: NDArray[np.int64], candidate: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
        """Match at every threshold.

        Parameters
        ----------
        visit : ndarray, dtype=int64
            Predictions in the order in which they choose; not used where truths choose.
        candidate : ndarray, dtype=int64
            An order of ``measured.pairs.candidate``.

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
            agents, candidates = np.argsort(measured.truth_place), len(measured.found)
        pair = match_greedily(
            measured.pairs, candidate, agents, candidates, self.thresholds, self.protocol
        )
        outcome = np.where(pair >= 0, TRUE, FALSE)
        if self.protocol.ambiguous == "ignore" and measured.ambiguous.any():
            outcome[(pair < 0) & measured.ambiguous] = IGNORED
        return pair, outcome

    def blocks(self, visit: NDArray[np.int64]) -> NDArray[np.int64]:
        """Number the runs of equal class and confidence of ranked predictions."""
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


def tie_spread(scene: Scene, ap: NDArray[np.float64], samples: int) -> dict[str, NDArray]:
    """Recompute the AP under other orders of ties.

    Parameters
    ----------
    scene : Scene
        Predictions.
    ap : ndarray, dtype=float64, shape (T, C)
        The AP as reported; classes without ties keep it.
    samples : int
        Number of random orders.

    Returns
    -------
    dict
        ``low`` and ``high`` (samples + 2, T, C): the AP with, in each run of equal
        confidence, all false and all true positives first, for matchings made in file
        order, in reversed file order and in random ones; ``random`` (samples, T, C): the
        AP of the random orders. Without ties all are `ap` itself.
    """
    measured = scene.measured
    visit, pointer = scene.order("file")
    block = scene.blocks(visit)
    repeated = np.flatnonzero(block[1:] == block[:-1])
    touched = np.zeros(len(scene.classes) + 1, dtype=bool)  # the last is "no class"
    touched[scene.found_class[visit[repeated]]] = True
    if scene.protocol.order == "confidence":
        touched[scene.found_class[measured.pairs.tied]] = True
    some = np.flatnonzero(touched[:-1])
    result = {"low": ap[None], "high": ap[None], "random": ap[None]}
    if not len(some):
        return result
    # Only the classes that have ties are matched and ranked again.
    number = np.full(len(scene.classes) + 1, -1)
    number[some] = np.arange(len(some))
    part = Scene(
        scene.protocol,
        scene.thresholds,
        tuple(scene.classes[k] for k in some),
        scene.videos,
        measured,
        number[scene.truth_class],
        number[scene.found_class],
        scene.truth_item,
        scene.found_item,
    )
    positives = part.positives()
    rng = np.random.default_rng(0)
    count = len(measured.found)
    place = measured.found_place
    shuffles = [place, -place, *(rng.permutation(count) for _ in range(samples))]
    agent = np.repeat(np.arange(len(measured.pairs.pointer) - 1), np.diff(measured.pairs.pointer))
    result = {name: np.repeat(ap[None], len(shuffles), axis=0) for name in result}
    for k, shuffle in enumerate(shuffles):
        visit, pointer = part.order("shuffle", shuffle)
        candidate = _reorder(part, agent, shuffle, k, rng)
        outcome = part.match(visit, candidate)[1]
        for name, first in (("low", "false"), ("high", "true"), ("random", None)):
            if name == "random" or len(repeated):
                ranking = part.rank(visit, pointer, outcome, positives, first)
                result[name][k][:, some] = part.precision(ranking)
    if not len(repeated):
        result["low"] = result["high"] = result["random"]
    result["random"] = result["random"][2:]
    return result


def _reorder(scene: Scene, agent: NDArray, shuffle: NDArray, k: int, rng: np.random.Generator):
    """Order candidates of equal IoU: as in the file (k = 0), reversed (1), or at random."""
    pairs = scene.measured.pairs
    if not len(pairs.tied) or (k == 0 and scene.protocol.order == "confidence"):
        return pairs.candidate
    rows = np.flatnonzero(np.isin(agent, pairs.tied))
    chosen = pairs.candidate[rows]
    if scene.protocol.order == "confidence":
        later = -chosen if k == 1 else rng.permutation(len(rows))
        order = np.lexsort((later, -pairs.iou[rows], agent[rows]))
    else:  # the more confident prediction comes first; only equal ones are free
        confidence = scene.measured.found.confidence
        assert confidence is not None
        keys = (shuffle[chosen], -confidence[chosen], -pairs.iou[rows], agent[rows])
        order = np.lexsort(keys)
    candidate = pairs.candidate.copy()
    candidate[rows] = chosen[order]
    return candidate
