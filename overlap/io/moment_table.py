"""A table of moments: time windows of videos that answer queries, with scores of clips."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from overlap._common.values import ByValue

__all__ = ["Clips", "MomentTable"]


@dataclass(frozen=True, eq=False)
class Clips(ByValue):
    """Scores of clips of the videos of queries.

    Attributes
    ----------
    pointer : ndarray, dtype=int64, shape (Q + 1,)
        Query `q` has the rows ``pointer[q]`` to ``pointer[q + 1]``.
    place : ndarray, dtype=int64, shape (K,)
        Number of the clip in its video, from 0.
    score : ndarray, dtype=float64, shape (K, R)
        Scores, one for each rater; of predictions there is one.
    """

    pointer: NDArray[np.int64]
    place: NDArray[np.int64]
    score: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class MomentTable(ByValue):
    """Windows by query; rows keep the order of the input.

    Attributes
    ----------
    queries : tuple of str, length Q
        Distinct names of queries in order of first appearance, those without windows included.
    videos : tuple of str, length Q
        Video of each query; empty where the input does not say.
    query : ndarray, dtype=int64, shape (N,)
        Index into `queries`.
    start, stop : ndarray, dtype=float64, shape (N,)
        Seconds, finite, ``start <= stop``.
    confidence : ndarray, dtype=float64, shape (N,), or None
        None where the input has none.
    duration : ndarray, dtype=float64, shape (Q,)
        Seconds of the video; NaN where unknown.
    row : ndarray, dtype=int64, shape (N,)
        Row in the input.
    source : str
    sha256 : str or None
    clips : Clips, optional
        Scores of clips (QVHighlights).
    findings : tuple of str
    """

    queries: tuple[str, ...]
    videos: tuple[str, ...]
    query: NDArray[np.int64]
    start: NDArray[np.float64]
    stop: NDArray[np.float64]
    confidence: NDArray[np.float64] | None
    duration: NDArray[np.float64]
    row: NDArray[np.int64]
    source: str
    sha256: str | None
    clips: Clips | None = None
    findings: tuple[str, ...] = field(default=())

    def __len__(self) -> int:
        return len(self.start)

    def __repr__(self) -> str:
        return f"<MomentTable {self.source}: {len(self)} windows of {len(self.queries)} queries>"

    def of_queries(self, keep: NDArray[np.int64]) -> MomentTable:
        """Return the table of some queries, in the order of `keep`.

        Parameters
        ----------
        keep : ndarray, dtype=int64
            Numbers of queries.
        """
        number = np.full(len(self.queries), -1)
        number[keep] = np.arange(len(keep))
        rows = np.flatnonzero(number[self.query] >= 0)
        rows = rows[np.argsort(number[self.query[rows]], kind="stable")]
        clips = None
        if self.clips is not None:
            width = np.diff(self.clips.pointer)[keep]
            pointer = np.append(0, np.cumsum(width))
            at = np.repeat(self.clips.pointer[keep] - pointer[:-1], width) + np.arange(pointer[-1])
            clips = Clips(pointer, self.clips.place[at], self.clips.score[at])
        return MomentTable(
            tuple(self.queries[k] for k in keep.tolist()),
            tuple(self.videos[k] for k in keep.tolist()),
            number[self.query[rows]],
            self.start[rows],
            self.stop[rows],
            None if self.confidence is None else self.confidence[rows],
            self.duration[keep],
            self.row[rows],
            self.source,
            self.sha256,
            clips,
            self.findings,
        )
