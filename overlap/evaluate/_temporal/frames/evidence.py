"""Evidence of action segmentation: counts of videos, whose sums give the numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap.evaluate.numbers import Number
from overlap.evaluate.value_range import UNIT

from ..tally import Tally
from .measure import VideoCounts
from .reading import Sources

__all__ = ["FrameEvidence", "evidence_of", "f1_name", "f1_of", "quotient"]


def f1_name(threshold: float) -> str:
    """Return the name of the F1 at an IoU, which the field writes in per cent.

    Parameters
    ----------
    threshold : float

    Examples
    --------
    >>> f1_name(0.25)
    'F1@25'
    """
    return f"F1@{round(100 * threshold, 6):g}"


def quotient(over: Any, under: Any) -> NDArray[np.float64]:
    """Divide; NaN where the denominator is 0.

    Parameters
    ----------
    over, under : array_like
    """
    over, under = np.broadcast_arrays(np.asarray(over, float), np.asarray(under, float))
    return np.divide(over, under, out=np.full(under.shape, np.nan), where=under > 0)


def f1_of(right: Any, truths: Any, found: Any) -> NDArray[np.float64]:
    """Return the F1 of counts: twice the right ones over all of both sides.

    Parameters
    ----------
    right, truths, found : array_like
    """
    return quotient(2 * np.asarray(right, float), np.asarray(truths) + np.asarray(found))


@dataclass(frozen=True, eq=False, kw_only=True)
class FrameEvidence(Tally):
    """Counts of every video.

    Attributes
    ----------
    thresholds : tuple of float
    parts : mapping from str to VideoCounts
    sources : Sources
    """

    thresholds: tuple[float, ...]
    parts: Mapping[str, VideoCounts]
    sources: Sources = field(default_factory=Sources)

    def finalised(
        self, sums: Mapping[str, NDArray[np.float64]]
    ) -> Mapping[str, tuple[Number, NDArray[np.float64]]]:
        """Return accuracy, edit score and F1, with their values in each draw.

        Parameters
        ----------
        sums : mapping from str to ndarray, shape (B, ...)
        """
        values = {
            "accuracy": quotient(sums["right"], sums["frames"]),
            "edit": quotient(sums["edit"], sums["edited"]),
        }
        for k, threshold in enumerate(self.thresholds):
            right = sums["hits"][:, k]
            values[f1_name(threshold)] = f1_of(right, sums["truths"], sums["found"])
        return {
            name: (Number(name, float(each[0]), range=UNIT, better="higher"), each)
            for name, each in values.items()
        }


def evidence_of(
    parts: Mapping[str, VideoCounts], thresholds: Sequence[float], background: Sequence[str]
) -> FrameEvidence:
    """Put the counts of videos together.

    Parameters
    ----------
    parts : mapping from str to VideoCounts
    thresholds : sequence of float
    background : sequence of str
        Labels that make no segment.
    """
    videos = list(parts.values())
    edits = np.array([part.edits for part in videos], dtype=np.float64).reshape(-1, 2)
    edit = 1.0 - quotient(edits[:, 0], edits[:, 1])
    hits = np.array([part.hits.sum(axis=1) for part in videos], dtype=np.float64)
    totals = np.array([part.frames.sum(axis=1) for part in videos], dtype=np.float64)
    segments = np.array([part.segments.sum(axis=1) for part in videos], dtype=np.float64)
    hits, totals = hits.reshape(-1, len(thresholds)), totals.reshape(-1, 3)
    segments = segments.reshape(-1, 2)
    sums = {
        "right": totals[:, 2],
        "frames": totals[:, 0],
        "edit": np.nan_to_num(edit),
        "edited": (edits[:, 1] > 0).astype(np.float64),
        "hits": hits,
        "truths": segments[:, 0],
        "found": segments[:, 1],
    }
    counted: dict[str, Any] = {
        "video": list(parts),
        "frames": totals[:, 0].astype(np.int64),
        "accuracy": quotient(totals[:, 2], totals[:, 0]),
        "edit": edit,
        "n_truth": segments[:, 0].astype(np.int64),
        "n_found": segments[:, 1].astype(np.int64),
    }
    for k, threshold in enumerate(thresholds):
        counted[f1_name(threshold)] = f1_of(hits[:, k], segments[:, 0], segments[:, 1])
    return FrameEvidence(
        items=tuple(parts),
        sums=sums,
        table_rows=tuple(_rows(videos, thresholds, background)),
        counted=counted,
        thresholds=tuple(thresholds),
        parts=parts,
    )


def _rows(
    videos: Sequence[VideoCounts], thresholds: Sequence[float], background: Sequence[str]
) -> list[dict[str, Any]]:
    """Return a row for each label: its frames and its segments."""
    labels = list(dict.fromkeys(name for part in videos for name in part.labels))
    place = {name: k for k, name in enumerate(labels)}
    frames = np.zeros((3, len(labels)))
    segments = np.zeros((2, len(labels)))
    hits = np.zeros((len(thresholds), len(labels)))
    for part in videos:
        here = [place[name] for name in part.labels]
        for whole, own in ((frames, part.frames), (segments, part.segments), (hits, part.hits)):
            whole[:, here] += own
    rows = []
    for k, name in enumerate(labels):
        truth, found, right = frames[:, k]
        row: dict[str, Any] = {
            "class": name,
            "frames": int(truth),
            "recall": float(quotient(right, truth)),
            "precision": float(quotient(right, found)),
            "iou": float(quotient(right, truth + found - right)),
            "n_truth": int(segments[0, k]),
            "n_found": int(segments[1, k]),
        }
        for t, threshold in enumerate(thresholds):
            value = f1_of(hits[t, k], *segments[:, k])
            row[f1_name(threshold)] = np.nan if name in background else float(value)
        rows.append(row)
    return rows
