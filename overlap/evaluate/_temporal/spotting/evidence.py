"""Hits and confidences of all videos, and the numbers that follow from weighed videos."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap.evaluate.numbers import Intervals, Number
from overlap.evaluate.value_range import UNIT, Range

from ..tally import Drawn, Weighed
from .matching import Measured
from .protocol import SpottingProtocol

__all__ = ["SpottingEvidence", "evidence_of"]

_BLOCK = 1 << 23  # values of a table of weights
_RECALLS = np.arange(11) / 10
_SIDES = ("", "_visible", "_unshown")


@dataclass(frozen=True, eq=False)
class _Class:
    """Predictions of one class, the most confident first."""

    score: NDArray[np.float64]
    item: NDArray[np.int64]
    near: NDArray[np.int64]
    hit: NDArray[np.bool_]
    truths: NDArray[np.float64]  # (2, items): shown, and not


@dataclass(frozen=True, eq=False, kw_only=True)
class SpottingEvidence(Weighed):
    """Hits of all videos.

    Attributes
    ----------
    protocol : SpottingProtocol
    classes : tuple of str
        Classes of the mean.
    videos : tuple of Measured
    of : tuple
        Predictions by class.
    told : bool
        Whether the truth says what is shown.
    inputs : Any
        What the task knows of the inputs.
    """

    protocol: SpottingProtocol
    classes: tuple[str, ...]
    videos: tuple[Measured, ...]
    of: tuple[_Class, ...]
    told: bool
    inputs: Any = None

    def precisions(
        self, weights: NDArray[np.float64], side: str = ""
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return AP of each class at each tolerance, and the number of truths.

        Parameters
        ----------
        weights : ndarray, shape (B, items)
        side : {"", "_visible", "_unshown"}
            Which actions.

        Returns
        -------
        ndarray, shape (B, classes, tolerances)
        ndarray, shape (B, classes)
        """
        sides = {"": (0, 1), "_visible": (0,), "_unshown": (1,)}[side]
        result = np.zeros((len(weights), len(self.classes), len(self.protocol.tolerances)))
        totals = np.zeros(result.shape[:2])
        for k, one in enumerate(self.of):
            keep = np.ones(len(one.score), dtype=bool)
            if side:
                keep = one.near == (1 if side == "_visible" else -1)
            step = max(1, _BLOCK // max(1, int(keep.sum())))
            for low in range(0, len(weights), step):
                some = weights[low : low + step]
                total = some @ one.truths[list(sides)].sum(axis=0)
                totals[low : low + step, k] = total
                result[low : low + step, k] = self._precision(one, keep, some, total)
        return result, totals

    def _precision(
        self, one: _Class, keep: NDArray, weights: NDArray, total: NDArray
    ) -> NDArray[np.float64]:
        drawn = weights[:, one.item[keep]]
        score, hit = one.score[keep], one.hit[keep]
        count = np.cumsum(drawn, axis=1)
        result = np.zeros((len(weights), hit.shape[1]))
        levels = np.linspace(0, 1, self.protocol.score_levels)
        # how many predictions are as confident as each level
        at = np.searchsorted(-score, -levels, side="right")
        for d in range(hit.shape[1]):
            true = np.cumsum(drawn * hit[:, d], axis=1)
            if self.protocol.curve == "levels":
                n, t = (np.pad(x, ((0, 0), (1, 0)))[:, at] for x in (count, true))
                precision, recall = _divided(t, n), _divided(t, total[:, None])
                best = [np.where(recall >= r, precision, 0.0).max(axis=1) for r in _RECALLS]
                # added one after the other, as the program does
                result[:, d] = sum(best) / 11
            else:
                precision = np.where(hit[:, d], _divided(true, count), 0.0)
                behind = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
                result[:, d] = _divided((behind * drawn * hit[:, d]).sum(axis=1), total)
        return result

    def averaged(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return one number for values at all tolerances, which are the last axis.

        Parameters
        ----------
        values : ndarray, shape (..., tolerances)
        """
        if values.shape[-1] == 1:
            return values[..., 0]
        if self.protocol.average == "mean":
            return np.asarray(values.mean(axis=-1))
        parts = (values[..., 1:] + values[..., :-1]) / 2
        return np.asarray(parts.sum(axis=-1) / (values.shape[-1] - 1))

    def drawn(self, weights: NDArray[np.float64]) -> Drawn:
        """Return the numbers, with their values in each draw of videos."""
        weights = np.asarray(weights, dtype=np.float64)
        made: dict[str, tuple[Number, NDArray[np.float64]]] = {}
        for side in _SIDES if self.told else _SIDES[:1]:
            at = self._means(*self.precisions(weights, side))
            whole = self.averaged(at)
            bounds = UNIT
            if side == "_unshown" and at.shape[1] > 1:
                whole, bounds = whole * self.protocol.unshown_factor, Range(0.0, math.inf)
            name = f"a_mAP{side}"
            made[name] = _number(name, whole, bounds), whole
            if not side:
                for k, tolerance in enumerate(self.protocol.tolerance_names()):
                    name = f"mAP@{tolerance}"
                    made[name] = _number(name, at[:, k], UNIT), at[:, k]
        order = sorted(made, key=lambda name: not name.startswith("a_mAP"))
        return {name: made[name] for name in order}

    def _means(self, values: NDArray, totals: NDArray) -> NDArray[np.float64]:
        """Return the mean over classes, shape (B, tolerances)."""
        if not self.classes:
            return np.full((values.shape[0], values.shape[2]), math.nan)
        if self.protocol.classes == "soccernet":
            return np.asarray(values.mean(axis=1))
        there = (totals > 0)[:, :, None]
        count = there.sum(axis=1)
        mean = np.divide((values * there).sum(axis=1), count, where=count > 0,
                         out=np.full((values.shape[0], values.shape[2]), math.nan))  # fmt: skip
        return np.asarray(mean)

    def rows(self, intervals: Intervals) -> Sequence[dict[str, Any]]:
        """Return AP of each class at each tolerance."""
        values, _ = self.precisions(np.ones((1, len(self.items))))
        rows = []
        for k, (name, one) in enumerate(zip(self.classes, self.of, strict=True)):
            shown, hidden = one.truths.sum(axis=1)
            counts = {"n_truth": int(shown + hidden)}
            if self.told:
                counts |= {"n_visible": int(shown), "n_unshown": int(hidden)}
            for d, tolerance in enumerate(self.protocol.tolerances):
                rows.append(
                    {"class": name, "tolerance": tolerance, "metric": "AP",
                     "value": float(values[0, k, d]), **counts, "n_found": len(one.score),
                     "n_true": int(one.hit[:, d].sum())}
                )  # fmt: skip
        return rows


def _number(name: str, values: NDArray[np.float64], bounds: Range) -> Number:
    unit = "1" if bounds.bounded else "ratio"
    return Number(name, float(values[0]), unit=unit, range=bounds, better="higher")


def _divided(part: NDArray, whole: NDArray) -> NDArray[np.float64]:
    """Divide; 0 where there is nothing."""
    part, whole = np.broadcast_arrays(part, whole)
    return np.divide(part, whole, out=np.zeros(part.shape), where=whole > 0)


def evidence_of(
    protocol: SpottingProtocol,
    videos: Sequence[Measured],
    classes: Sequence[str],
    told: bool,
    inputs: Any,
) -> SpottingEvidence:
    """Put videos together.

    Parameters
    ----------
    protocol : SpottingProtocol
    videos : sequence of Measured
    classes : sequence of str
        Classes of the mean.
    told : bool
        Whether the truth says what is shown.
    inputs : Any
        What the task knows of the inputs.
    """
    names = {name: k for k, name in enumerate(classes)}
    truths = np.zeros((len(classes), 2, len(videos)))
    for k, one in enumerate(videos):
        for label, shown in zip(one.truth.label.tolist(), one.truth.shown.tolist(), strict=True):
            number = names.get(one.truth.labels[label])
            if number is not None:
                truths[number, 0 if shown else 1, k] += 1

    def joined(get: Any, dtype: Any, shape: tuple[int, ...] = (0,)) -> Any:
        arrays = [np.asarray(get(k, one)) for k, one in enumerate(videos)]
        return np.concatenate(arrays).astype(dtype) if arrays else np.empty(shape, dtype)

    label = joined(
        lambda k, one: [names.get(one.found.labels[x], -1) for x in one.found.label.tolist()],
        np.int64,
    )
    item = joined(lambda k, one: np.full(len(one.found), k), np.int64)
    score = joined(lambda k, one: one.found.confidence, np.float64)
    row = joined(lambda k, one: one.found.row, np.int64)
    near = joined(lambda k, one: one.near, np.int64)
    hit = joined(lambda k, one: one.hit, bool, (0, len(protocol.tolerances)))
    of = []
    for number in range(len(classes)):
        rows = np.flatnonzero(label == number)
        rows = rows[np.lexsort((row[rows], -score[rows]))]
        of.append(_Class(score[rows], item[rows], near[rows], hit[rows], truths[number]))
    counted = {
        "video": np.array([videos[k].name for k in item.tolist()], dtype=object),
        "part": joined(lambda k, one: one.found.part, np.int64),
        "label": np.array(
            [one.found.labels[x] for one in videos for x in one.found.label.tolist()], dtype=object
        ),
        "frame": joined(lambda k, one: one.found.frame, np.int64),
        "confidence": score,
        **{f"hit@{name}": hit[:, k] for k, name in enumerate(protocol.tolerance_names())},
    }
    return SpottingEvidence(
        items=tuple(one.name for one in videos),
        counted=counted,
        protocol=protocol,
        classes=tuple(classes),
        videos=tuple(videos),
        of=tuple(of),
        told=told,
        inputs=inputs,
    )
