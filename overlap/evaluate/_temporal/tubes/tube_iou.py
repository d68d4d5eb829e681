"""Overlap of two tubes, by each of the definitions of the field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap.io.tube_files import as_tubes
from overlap.io.tubes import TubeTable

from .protocol import CHOICES, SIMILARITIES

__all__ = ["Overlaps", "overlaps", "tube_iou"]


def tube_iou(
    a: Any,
    b: Any,
    similarity: str = "mean_iou_x_tiou",
    *,
    frames: str = "inclusive",
    pixels: str = "exclusive",
) -> NDArray[np.float64]:
    r"""IoU of every tube of one table with every tube of another, of the same video and class.

    With :math:`S` the frames in which both tubes have a box, and :math:`U` those in which at least
    one has:

    - ``"mean_iou_x_tiou"``: the mean of the box IoU over :math:`S`, times the temporal IoU of the
      two spans from first to last frame (ACT, MultiSports);
    - ``"viou"``: :math:`\sum_{t \in S} \text{IoU}_t / |U|` (VidSTG, HC-STVG);
    - ``"ratio_of_sums"``: :math:`\sum_{t \in S} |a_t \cap b_t| / \sum_{t \in U} |a_t \cup b_t|`
      (tracking).

    The first two are equal where no frame is missing and frames are inclusive.

    Parameters
    ----------
    a, b : path, mapping, DataFrame or TubeTable
        As `overlap.io.as_tubes` takes them.
    similarity : str
        One of the three.
    frames, pixels : {"inclusive", "exclusive"}
        Whether the length of a span, and of a side of a box, counts both ends: last - first + 1.

    Returns
    -------
    ndarray, dtype=float64, shape (len(a), len(b))
        In [0, 1]; 0 for tubes of different videos or classes, NaN for 0/0.

    Raises
    ------
    ValueError
        A choice is unknown.

    Examples
    --------
    >>> names = ["video", "tube", "frame", "x1", "y1", "x2", "y2"]
    >>> a = dict(zip(names, zip(["v", 0, 1, 0, 0, 4, 4], ["v", 0, 2, 0, 0, 4, 4])))
    >>> b = dict(zip(names, zip(["v", 0, 2, 0, 0, 4, 2], ["v", 0, 3, 0, 0, 2, 4])))
    >>> for name in ("mean_iou_x_tiou", "viou", "ratio_of_sums"):
    ...     print(name, tube_iou(a, b, name).round(4))
    mean_iou_x_tiou [[0.1667]]
    viou [[0.1667]]
    ratio_of_sums [[0.2]]
    >>> tube_iou(a, b, frames="exclusive")
    array([[0.]])
    """
    for name, value in (("similarity", similarity), ("frames", frames), ("pixels", pixels)):
        if value not in CHOICES[name]:
            raise ValueError(f"{name} = {value!r} is not one of {', '.join(CHOICES[name])}")
    first, second = (as_tubes(table, role="truth") for table in (a, b))
    shared = overlaps(first, second, pixels == "inclusive")
    result = np.zeros((len(first), len(second)))
    result[shared.a, shared.b] = shared.iou(similarity, frames == "inclusive")
    return result


@dataclass(frozen=True, eq=False)
class Overlaps:
    """Pairs of tubes of one video and class that have a frame in common.

    Attributes
    ----------
    a, b : ndarray, dtype=int64, shape (P,)
        Rows of the two tables.
    frames : ndarray, dtype=float64, shape (P,)
        Number of common frames.
    iou_sum, intersection : ndarray, dtype=float64, shape (P,)
        Sums over the common frames.
    mean : ndarray, dtype=float64, shape (P,)
        Mean IoU over the common frames.
    spans : ndarray, dtype=float64, shape (4, P)
        First and last frames of both: ``a.first, a.last, b.first, b.last``.
    sizes : ndarray, dtype=float64, shape (4, P)
        Numbers of boxes of both, and sums of their areas.
    """

    a: NDArray[np.int64]
    b: NDArray[np.int64]
    frames: NDArray[np.float64]
    iou_sum: NDArray[np.float64]
    mean: NDArray[np.float64]
    intersection: NDArray[np.float64]
    spans: NDArray[np.float64]
    sizes: NDArray[np.float64]

    def temporal(self, inclusive: bool) -> NDArray[np.float64]:
        """Return the temporal IoU of the spans from first to last frame.

        Parameters
        ----------
        inclusive : bool
            Whether a span counts both of its ends.
        """
        first, last, other_first, other_last = self.spans
        more = float(inclusive)
        shared = np.minimum(last, other_last) - np.maximum(first, other_first) + more
        whole = np.maximum(last, other_last) - np.minimum(first, other_first) + more
        with np.errstate(invalid="ignore"):
            return shared / whole

    def iou(self, similarity: str, inclusive: bool) -> NDArray[np.float64]:
        """Return the IoU of the pairs.

        Parameters
        ----------
        similarity : str
            One of `SIMILARITIES`.
        inclusive : bool
            Whether a span counts both of its ends.
        """
        assert similarity in SIMILARITIES
        if similarity == "mean_iou_x_tiou":
            return self.mean * self.temporal(inclusive)
        if similarity == "viou":
            return self.iou_sum / (self.sizes[0] + self.sizes[1] - self.frames)
        with np.errstate(invalid="ignore"):
            return self.intersection / (self.sizes[2] + self.sizes[3] - self.intersection)


def overlaps(a: TubeTable, b: TubeTable, inclusive: bool) -> Overlaps:
    """Compare tubes of one video and class in their common frames.

    Parameters
    ----------
    a, b : TubeTable
    inclusive : bool
        Whether a side of a box counts both of its ends.
    """
    i, j = _same_frame(a, b)
    area_a, area_b = _areas(a.box, inclusive), _areas(b.box, inclusive)
    sides = np.minimum(a.box[i, 2:], b.box[j, 2:]) - np.maximum(a.box[i, :2], b.box[j, :2])
    sides = np.maximum(0.0, sides + float(inclusive))
    shared = sides[:, 0] * sides[:, 1]
    with np.errstate(invalid="ignore"):
        iou = shared / (area_a[i] + area_b[j] - shared)
    one, other = a.owner[i], b.owner[j]
    order = np.lexsort((i, other, one))
    one, other, iou, shared = one[order], other[order], iou[order], shared[order]
    starts = np.flatnonzero(
        np.append(True, (np.diff(one) != 0) | (np.diff(other) != 0))[: len(one)]
    )
    counts = np.diff(np.append(starts, len(one)))
    if (counts == 1).all():
        sums, total = iou, shared
    else:  # NumPy's own sum of each tube, as programs compute it
        stops = (starts + counts).tolist()
        slices = [slice(x, y) for x, y in zip(starts.tolist(), stops, strict=True)]
        sums = np.array([iou[part].sum() for part in slices])
        total = np.array([shared[part].sum() for part in slices])
    one, other = one[starts], other[starts]
    spans = np.stack([a.first[one], a.last[one], b.first[other], b.last[other]])
    sizes = np.stack(
        [
            np.diff(a.pointer)[one], np.diff(b.pointer)[other],
            np.add.reduceat(area_a, a.pointer[:-1])[one] if len(a) else np.empty(0),
            np.add.reduceat(area_b, b.pointer[:-1])[other] if len(b) else np.empty(0),
        ]
    )  # fmt: skip
    return Overlaps(one, other, counts.astype(float), sums, sums / counts, total, spans, sizes)


def _areas(box: NDArray[np.float64], inclusive: bool) -> NDArray[np.float64]:
    sides = box[:, 2:] - box[:, :2] + float(inclusive)
    return sides[:, 0] * sides[:, 1]


def _same_frame(a: TubeTable, b: TubeTable) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the boxes of both tables that are of one video, class and frame."""
    video = {name: k for k, name in enumerate(a.videos)}
    label = {name: k for k, name in enumerate(a.labels)}
    of_b = (
        np.array([video.get(name, -1) for name in b.videos], np.int64)[b.video],
        np.array([label.get(name, -1) for name in b.labels], np.int64)[b.label],
    )
    frames, number = np.unique(np.concatenate([a.frame, b.frame]), return_inverse=True)
    own, others = number[: len(a.frame)], number[len(a.frame) :]
    width = max(len(a.labels), 1), max(len(frames), 1)
    code_a = (a.video * width[0] + a.label)[a.owner] * width[1] + own
    code_b = (of_b[0] * width[0] + of_b[1])[b.owner] * width[1] + others
    code_b[((of_b[0] < 0) | (of_b[1] < 0))[b.owner]] = -1
    order = np.argsort(code_b, kind="stable")
    ordered = code_b[order]
    low, high = (np.searchsorted(ordered, code_a, side=side) for side in ("left", "right"))
    count = high - low
    i = np.repeat(np.arange(len(code_a)), count)
    inside = np.arange(len(i)) - np.repeat(np.cumsum(count) - count, count)
    return i, order[np.repeat(low, count) + inside]
