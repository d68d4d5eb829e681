"""Truths and predictions of one video, for a picture along the time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from overlap.evaluate._ranking.curves import TRUE
from overlap.io.name_match import closest
from overlap.io.segments import SegmentTable
from overlap.plot.segment_timelines import Bar

from .matches import Matches

__all__ = ["shown_predictions", "timeline_of"]

_LEAST, _MOST = 10, 40  # predictions of a picture


def shown_predictions(truths: int) -> int:
    """Return the number of predictions that are drawn: twice the truths, within limits.

    Parameters
    ----------
    truths : int
    """
    return min(max(2 * truths, _LEAST), _MOST)


def timeline_of(
    matches: Matches, level: int, hit: NDArray[np.bool_], video: str
) -> tuple[list[Bar], list[Bar]]:
    """Return the truths of a video, and its most confident predictions.

    Parameters
    ----------
    matches : Matches
    level : int
        Place of the threshold.
    hit : ndarray, dtype=bool, shape (M,)
        Truths that are found at this threshold.
    video : str

    Raises
    ------
    ValueError
        There is no such video.
    """
    scene = matches.scene
    if video not in scene.items:
        raise ValueError(f"there is no video {video!r}{closest(video, scene.items)}")
    item = scene.items.index(video)
    truths = np.flatnonzero((scene.truth.item == item) & (scene.truth.label >= 0))
    rows = np.flatnonzero((scene.found.item == item) & (scene.found.label >= 0))
    order = np.lexsort((scene.found.place[rows], -scene.confidence[rows]))
    rows = rows[order[: shown_predictions(len(truths))]]
    true = matches.ranked.outcome[level] == TRUE

    def bars(
        table: SegmentTable, label: NDArray[np.int64], chosen: NDArray[np.int64],
        matched: NDArray[np.bool_],
    ) -> list[Bar]:  # fmt: skip
        return [
            Bar(
                scene.labels[label[k]], float(table.start[k]), float(table.stop[k]),
                bool(matched[k]),
            )
            for k in chosen.tolist()
        ]  # fmt: skip

    return (
        bars(matches.truth, scene.truth.label, truths, hit),
        bars(matches.found, scene.found.label, rows, true),
    )
