"""Suppression of time segments as programs of temporal localization do it, to the same digits.

`overlap.nms` is the general function. Here are the loops that published numbers come from: they
compute in float32, add 1e-6 to each length, and break ties by where removed segments left a gap.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from overlap._common.numbers import checked_number
from overlap._common.values import ByValue

__all__ = ["SegmentNms", "SuppressedSegments", "named_rules", "parse_nms", "suppress_segments"]

#: Methods, with what their parameter is.
METHODS = {
    "hard": "IoU from which a segment is dropped, in the loop of soft suppression",
    "sorted": "the same, in one order by confidence",
    "linear": "IoU from which a confidence is multiplied by 1 - IoU",
    "gaussian": "sigma: confidences are multiplied by exp(-IoU^2 / sigma)",
    "opentad_bmn": "sigma; only from the IoU t1 + t2 * length of the winner on",
    "bmn": "sigma; only above the IoU t1 + (t2 - t1) * width of the winner, in double precision",
}
_BMN_MOST = 101
_EXTRA = np.float32(1e-6)
VOTES = ("", "actionformer", "opentad")
#: As BMN's program has them for ActivityNet.
_USUAL: dict[str, dict[str, Any]] = {"bmn": {"parameter": 0.4, "t1": 0.5, "t2": 0.9}}


@dataclass(frozen=True)
class SegmentNms:
    """One way to suppress segments.

    Parameters
    ----------
    method : {"hard", "sorted", "linear", "gaussian", "opentad_bmn", "bmn"}
        ``"hard"``, ``"linear"``, ``"gaussian"`` and ``"opentad_bmn"`` are the soft loop of
        ActionFormer and OpenTAD with their methods 0 to 3, ``"sorted"`` their other function,
        ``"bmn"`` that of BMN.
    parameter : float
        IoU threshold, or sigma > 0.
    least : float
        Confidence below which a segment is dropped, after it was lowered. The first one chosen is
        never tested. ``"sorted"`` keeps those above; BMN has none.
    most : int
        Number of segments of a video that are kept, and of each class of it; 0 for all (of BMN
        101 of each group).
    t1, t2 : float
        Of the two BMN methods; `parse_nms` takes 0.5 and 0.9 for ``bmn``.
    agnostic : bool
        Whether classes of a video suppress each other.
    vote : {"", "actionformer", "opentad"}
        Whether each kept segment becomes the weighted mean of all that reach `vote_iou` with it:
        by confidence times IoU, or by confidence. Only for ``agnostic``.
    vote_iou : float

    Raises
    ------
    ValueError
        A choice is unknown, or a number is out of its range.

    Examples
    --------
    >>> SegmentNms("gaussian", 0.5, most=200).text
    'gaussian:0.5+most=200'
    """

    method: str
    parameter: float = 0.5
    least: float = 0.001
    most: int = 0
    t1: float = 0.0
    t2: float = 0.0
    agnostic: bool = False
    vote: str = ""
    vote_iou: float = 0.75

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise ValueError(f"nms: {self.method!r} is not one of {', '.join(METHODS)}")
        if self.vote not in VOTES:
            raise ValueError(f"nms: vote = {self.vote!r} is not one of {', '.join(VOTES[1:])}")
        for name in ("parameter", "least", "t1", "t2", "vote_iou"):
            object.__setattr__(self, name, checked_number(getattr(self, name), f"nms: {name}"))
        if self.parameter <= 0:
            raise ValueError(f"nms: the parameter of {self.method} is {self.parameter}; wanted > 0")
        if self.parameter > 1 and self.method in ("hard", "sorted", "linear"):
            raise ValueError(
                f"nms: the parameter of {self.method} is {self.parameter:g}, an IoU from 0 to 1; "
                f"write a percentage as {self.parameter / 100:g}"
            )
        if self.most < 0:
            raise ValueError(f"nms: most = {self.most} is negative")
        if self.vote and not self.agnostic:
            raise ValueError("nms: vote needs agnostic, because programs vote over all classes")

    @property
    def text(self) -> str:
        """The setting as `parse_nms` reads it."""
        parts = [f"{self.method}:{self.parameter:g}"]
        usual = SegmentNms(self.method, **_USUAL.get(self.method, {}))
        for name in ("least", "most", "t1", "t2"):
            if getattr(self, name) != getattr(usual, name):
                parts.append(f"{name}={getattr(self, name):g}")
        if self.agnostic and not self.vote:
            parts.append("agnostic")
        if self.vote:
            parts.append(f"vote={self.vote}:{self.vote_iou:g}")
        return "+".join(parts)


def parse_nms(text: str) -> SegmentNms | None:
    """Read a setting.

    Parameters
    ----------
    text : str
        ``METHOD:PARAMETER``, with ``+least=X``, ``+most=N``, ``+t1=X``, ``+t2=X``, ``+agnostic``
        or ``+vote=PROGRAM:IOU`` behind it; ``none`` for no suppression.

    Returns
    -------
    SegmentNms or None

    Raises
    ------
    ValueError
        It cannot be read.

    Examples
    --------
    >>> parse_nms("linear:0.6+vote=opentad:0.7").vote_iou
    0.7
    """
    head, *parts = text.strip().split("+")
    if head == "none" and not parts:
        return None
    method, _, parameter = head.partition(":")
    fields: dict[str, Any] = {**_USUAL.get(method, {})}
    if parameter:
        fields["parameter"] = _number(parameter, text)
    for part in parts:
        name, _, value = part.partition("=")
        if name == "agnostic" and not value:
            fields["agnostic"] = True
        elif name == "vote":
            fields["vote"], _, iou = value.partition(":")
            fields["agnostic"] = True
            if iou:
                fields["vote_iou"] = _number(iou, text)
        elif name == "most":
            fields["most"] = _whole(value, text)
        elif name in ("least", "t1", "t2"):
            fields[name] = _number(value, text)
        else:
            raise ValueError(
                f"nms: {part!r} in {text!r}; wanted METHOD:PARAMETER with +least=X, +most=N, "
                "+t1=X, +t2=X, +agnostic or +vote=actionformer:IOU"
            )
    return SegmentNms(method, **fields)


def _number(value: str, text: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise ValueError(f"nms: {value!r} in {text!r} is not a number") from None


def _whole(value: str, text: str) -> int:
    number = _number(value, text)
    if not number.is_integer():
        raise ValueError(f"nms: most = {value} in {text!r}; wanted a whole number")
    return int(number)


@dataclass(frozen=True, eq=False)
class SuppressedSegments(ByValue):
    """Kept segments, the most confident of each video first.

    Attributes
    ----------
    index : ndarray, dtype=int64, shape (K,)
        Rows of the input.
    start, stop, confidence : ndarray, dtype=float64, shape (K,)
        Times, which votes move, and lowered confidences.
    """

    index: NDArray[np.int64]
    start: NDArray[np.float64]
    stop: NDArray[np.float64]
    confidence: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.index)


def suppress_segments(
    start: ArrayLike,
    stop: ArrayLike,
    confidence: ArrayLike,
    rule: SegmentNms | str,
    *,
    video: ArrayLike | None = None,
    label: ArrayLike | None = None,
    duration: ArrayLike | None = None,
) -> SuppressedSegments:
    """Suppress segments by the rules of a program.

    Parameters
    ----------
    start, stop, confidence : array_like, shape (N,)
    rule : SegmentNms or str
        See `parse_nms`.
    video, label : array_like of int, shape (N,), optional
        Numbers of the video and the class; others do not suppress each other.
    duration : array_like, shape (N,), optional
        Length of the video, for BMN, whose widths are shares of it; by default 1.

    Returns
    -------
    SuppressedSegments

    Raises
    ------
    ValueError
        The setting is ``none`` or cannot be read, or columns are of different lengths.

    Examples
    --------
    Of two segments of equal confidence, that which is kept depends on earlier removals:

    >>> start, stop = [0, 1, 5, 20, 21], [10, 11, 15, 30, 29]
    >>> confidence = [0.9, 0.8, 0.7, 0.5, 0.5]
    >>> suppress_segments(start, stop, confidence, "hard:0.5").index
    array([0, 2, 4])
    >>> suppress_segments(start, stop, confidence, "sorted:0.5").index
    array([0, 2, 3])
    >>> suppress_segments(start, stop, confidence, "linear:0.5").confidence.round(3)
    array([0.9  , 0.7  , 0.5  , 0.145, 0.1  ])
    """
    chosen = parse_nms(rule) if isinstance(rule, str) else rule
    if chosen is None:
        raise ValueError("nms: none is no suppression; leave it out")
    given: list[NDArray[Any]] = [np.asarray(x, dtype=np.float64) for x in (start, stop, confidence)]
    count = len(given[0])
    zeros, ones = np.zeros(count, np.int64), np.ones(count)
    given += [zeros if x is None else np.asarray(x) for x in (video, label)]
    given.append(ones if duration is None else np.asarray(duration, dtype=np.float64))
    if any(x.shape != (count,) for x in given):
        raise ValueError(f"nms: columns have the shapes {[x.shape for x in given]}")
    first, last, score, videos, labels, whole = given
    loop = _METHODS[chosen.method]
    rows, values, ends = [], [], []
    for some in _groups(videos):
        kept, lowered = [], []
        for own in [some] if chosen.agnostic else [some[k] for k in _groups(labels[some])]:
            place, left = loop(chosen, first[own], last[own], score[own], whole[own])
            most = chosen.most or len(place)
            kept.append(own[place[:most]])
            lowered.append(left[:most])
        index, left = np.concatenate(kept), np.concatenate(lowered)
        order = np.argsort(-left, kind="stable")[: chosen.most or len(left)]
        index, left = index[order], left[order]
        times = np.stack([first[index], last[index]], axis=1)
        if chosen.vote:
            times = _voted(chosen, times, np.stack([first[some], last[some]], 1), score[some])
        rows.append(index)
        values.append(left.astype(np.float64))
        ends.append(times)
    if not rows:
        return SuppressedSegments(zeros, *(np.empty(0) for _ in range(3)))
    times = np.concatenate(ends)
    return SuppressedSegments(
        np.concatenate(rows), times[:, 0], times[:, 1], np.concatenate(values)
    )


def _groups(numbers: NDArray[Any]) -> list[NDArray[np.int64]]:
    """Return the rows of each number, rising, in the order of the input."""
    order = np.argsort(numbers, kind="stable")
    cuts = np.flatnonzero(np.diff(numbers[order])) + 1
    return [part for part in np.split(order, cuts) if len(part)]


_Kept = tuple[NDArray[np.int64], NDArray[Any]]
_Loop = Callable[..., _Kept]


def _weights(rule: SegmentNms, iou: NDArray[np.float32], length: np.float32) -> NDArray[np.float32]:
    """Return what confidences are multiplied by."""
    one, parameter = np.float32(1), np.float32(rule.parameter)
    if rule.method == "hard":
        return np.where(iou >= parameter, np.float32(0), one)
    if rule.method == "linear":
        return np.where(iou >= parameter, one - iou, one)
    lowered = np.exp(-(iou * iou) / parameter)
    if rule.method == "gaussian":
        return lowered
    return np.where(iou >= np.float32(rule.t1) + np.float32(rule.t2) * length, lowered, one)


def _swapping(
    rule: SegmentNms, start: NDArray, stop: NDArray, score: NDArray, whole: NDArray
) -> _Kept:
    """Choose the first maximum again and again; what is dropped gets the last one in its place."""
    x, y, left = (column.astype(np.float32) for column in (start, stop, score))
    length = y - x + _EXTRA
    columns = x, y, left, length, (index := np.arange(len(x)))
    least, count, i = np.float32(rule.least), len(x), 0
    while i < count:
        best = i + int(np.argmax(left[i:count]))
        for column in columns:
            column[[i, best]] = column[[best, i]]
        rest = slice(i + 1, count)
        shared = np.minimum(y[i], y[rest]) - np.maximum(x[i], x[rest])
        shared = np.maximum(np.float32(0), shared)
        left[rest] *= _weights(rule, shared / (length[i] + length[rest] - shared), length[i])
        stays = left[rest] >= least
        number = int(np.count_nonzero(stays))
        if number < len(stays):
            order = np.arange(number)
            order[~stays[:number]] = number + np.flatnonzero(stays[number:])[::-1]
            for column in columns:
                column[i + 1 : i + 1 + number] = column[rest][order]
            count = i + 1 + number
        i += 1
    return index[:count], left[:count]


def _in_one_order(
    rule: SegmentNms, start: NDArray, stop: NDArray, score: NDArray, whole: NDArray
) -> _Kept:
    """Drop what reaches the threshold with a more confident one; equals keep their order."""
    x, y, left = (column.astype(np.float32) for column in (start, stop, score))
    length = y - x + _EXTRA
    order = np.argsort(-left, kind="stable")
    if rule.least > 0:
        order = order[left[order] > np.float32(rule.least)]
    kept = []
    while len(order):
        i, order = order[0], order[1:]
        kept.append(int(i))
        shared = np.minimum(y[i], y[order]) - np.maximum(x[i], x[order])
        shared = np.maximum(np.float32(0), shared)
        iou = shared / (length[i] + length[order] - shared)
        order = order[~(iou >= np.float32(rule.parameter))]
    index = np.array(kept, dtype=np.int64)
    return index, left[index]


def _of_bmn(
    rule: SegmentNms, start: NDArray, stop: NDArray, score: NDArray, whole: NDArray
) -> _Kept:
    """Lower confidences in double precision; the last segment that remains is never kept."""
    order = np.argsort(-score, kind="stable")
    x, y, left = start[order] / whole[order], stop[order] / whole[order], score[order].copy()
    kept: list[int] = []
    values: list[float] = []
    while len(order) > 1 and len(kept) < (rule.most or _BMN_MOST):
        best = int(np.argmax(left))
        shared = np.maximum(np.minimum(y, y[best]) - np.maximum(x, x[best]), 0.0)
        with np.errstate(invalid="ignore"):
            iou = shared / ((y - x) - shared + y[best] - x[best])
        low = iou > rule.t1 + (rule.t2 - rule.t1) * (y[best] - x[best])
        low[best] = False
        left[low] *= np.exp(-np.square(iou[low]) / rule.parameter)
        kept.append(int(order[best]))
        values.append(left[best])
        order, x, y, left = (np.delete(column, best) for column in (order, x, y, left))
    return np.array(kept, dtype=np.int64), np.array(values)


_METHODS: dict[str, _Loop] = {
    **dict.fromkeys(("hard", "linear", "gaussian", "opentad_bmn"), _swapping),
    "sorted": _in_one_order,
    "bmn": _of_bmn,
}


def _voted(rule: SegmentNms, kept: NDArray, every: NDArray, score: NDArray) -> NDArray[np.float64]:
    """Return the weighted mean of the segments near each kept one."""
    a, b = kept.astype(np.float32), every.astype(np.float32)
    weight = np.broadcast_to(score.astype(np.float32), (len(a), len(b)))
    shared = np.minimum(a[:, None, 1], b[:, 1]) - np.maximum(a[:, None, 0], b[:, 0])
    shared = np.maximum(shared, np.float32(0))
    lengths = a[:, 1] - a[:, 0], b[:, 1] - b[:, 0]
    with np.errstate(invalid="ignore"):
        iou = shared / (lengths[0][:, None] + lengths[1] - shared)
    near = np.where(iou >= np.float32(rule.vote_iou), weight, np.float32(0))
    if rule.vote == "actionformer":
        near = near * np.nan_to_num(iou)
    total = near.sum(axis=1, keepdims=True)
    alone = total[:, 0] <= 0  # empty segments reach nothing
    with np.errstate(invalid="ignore"):
        moved = (near / total) @ b
    moved[alone] = a[alone]
    return moved.astype(np.float64)


def named_rules(settings: Any) -> dict[str, SegmentNms | None]:
    """Read settings, by their texts.

    Parameters
    ----------
    settings : str, SegmentNms, None, or iterable of these
        A text may have several, with commas.

    Raises
    ------
    ValueError
        A setting cannot be read, or is given twice.
    """
    if isinstance(settings, str):
        settings = settings.split(",")
    elif settings is None or isinstance(settings, SegmentNms):
        settings = [settings]
    result: dict[str, SegmentNms | None] = {}
    for one in settings:
        rule = parse_nms(one) if isinstance(one, str) else one
        name = "none" if rule is None else rule.text
        if name in result:
            raise ValueError(f"nms: the setting {name} is given twice")
        result[name] = rule
    if not result:
        raise ValueError("nms: there is no setting")
    return result
