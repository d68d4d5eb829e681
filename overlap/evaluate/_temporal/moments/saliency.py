"""Scores of clips against ratings: average precision, and whether the best clip is a highlight."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from overlap.io.moment_table import Clips, MomentTable

__all__ = ["LEVELS", "clip_values"]

#: Least rating of a highlight, by name.
LEVELS = {"Fair": 2.0, "Good": 3.0, "VeryGood": 4.0}
_CELLS = 1 << 21


def clip_values(
    truth: MomentTable, found: MomentTable, clip_length: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Score the clips of every query.

    Parameters
    ----------
    truth, found : MomentTable
        Of the same queries, with clips.
    clip_length : float
        Seconds.

    Returns
    -------
    precision : ndarray, shape (Q, levels)
        Average precision, mean over the raters.
    hit : ndarray, shape (Q, levels)
        1 where some rater finds the clip of the highest score a highlight.
    """
    rated, scored = truth.clips, found.clips
    assert rated is not None
    assert scored is not None
    if np.isnan(truth.duration).any():
        k = int(np.flatnonzero(np.isnan(truth.duration))[0])
        raise ValueError(
            f"{truth.source}: query {truth.queries[k]!r} has no duration, which says how many "
            "clips there are"
        )
    count = (truth.duration / clip_length).astype(np.int64)
    owner = np.repeat(np.arange(len(count)), np.diff(rated.pointer))
    outside = np.flatnonzero(rated.place >= count[owner])
    if len(outside):
        k = int(owner[outside[0]])
        raise ValueError(
            f"{truth.source}: query {truth.queries[k]!r} rates clip {rated.place[outside[0]]}, "
            f"and its video of {truth.duration[k]:g} s has {count[k]} clips of {clip_length:g} s"
        )
    raters = rated.score.shape[1]
    precision, hit = (np.zeros((len(count), len(LEVELS))) for _ in range(2))
    step = max(1, _CELLS // max(1, int(count.max(initial=1)) * raters * len(LEVELS)))
    for begin in range(0, len(count), step):
        some = slice(begin, min(begin + step, len(count)))
        precision[some], hit[some] = _some(rated, scored, count, some)
    return precision, hit


def _some(
    rated: Clips, scored: Clips, count: NDArray[np.int64], some: slice
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    queries, clips = count[some], int(max(count[some].max(), 1))
    rows, width = np.arange(len(queries)), np.diff(scored.pointer)[some]
    raters = rated.score.shape[1]
    rating = np.zeros((len(queries), clips, raters))
    at = slice(rated.pointer[some.start], rated.pointer[some.stop])
    owner = np.repeat(rows, np.diff(rated.pointer)[some])
    rating[owner, rated.place[at]] = rated.score[at]
    # clips without a score have 0, and scores beyond the end are left out; but not for the best
    longest = max(int(width.max(initial=1)), 1)
    every = np.full((len(queries), longest), -np.inf)
    at = slice(scored.pointer[some.start], scored.pointer[some.stop])
    every[np.repeat(rows, width), scored.place[at]] = scored.score[at, 0]
    best = every.argmax(axis=1)
    inside = np.arange(clips) < queries[:, None]
    score = np.where(inside, 0.0, -np.inf)
    shared = min(clips, longest)
    known = inside[:, :shared] & (np.arange(shared) < width[:, None])
    score[:, :shared] = np.where(known, every[:, :shared], score[:, :shared])
    positive = rating[..., None] >= np.array(list(LEVELS.values()))  # (Q, L, R, levels)
    there = (best < queries) & (width > 0)
    hit = np.zeros((len(queries), len(LEVELS)))
    hit[there] = positive[rows[there], best[there]].any(axis=1)
    order = np.argsort(-score, axis=1, kind="stable")
    ranked = np.take_along_axis(score, order, axis=1)
    ends = np.ones(score.shape, dtype=bool)
    ends[:, :-1] = ranked[:, 1:] != ranked[:, :-1]
    ends &= inside
    shape = len(queries), clips, raters * len(LEVELS)
    flat = np.take_along_axis(positive.reshape(shape), order[..., None], axis=1)
    true = np.cumsum(flat, axis=1, dtype=np.float64)
    level = true / np.arange(1, clips + 1)[:, None]
    level[~ends] = 0.0
    level = np.maximum.accumulate(level[:, ::-1], axis=1)[:, ::-1]
    # a point counts where its clips of equal score have a positive one
    before = np.maximum.accumulate(np.where(ends[..., None], true, 0.0), axis=1)
    before = np.concatenate([np.zeros((len(queries), 1, shape[2])), before[:, :-1]], axis=1)
    new = ends[..., None] & (true > before)
    points = new.sum(axis=1)
    total = np.where(new, level, 0.0).sum(axis=1)
    average = np.divide(total, points, out=np.zeros(total.shape), where=points > 0)
    # where all clips are positive, the program says 1 without looking at scores
    whole = (flat & inside[..., None]).sum(axis=1) == np.maximum(queries, 1)[:, None]
    average[whole] = 1.0
    return average.reshape(len(queries), raters, len(LEVELS)).mean(axis=1), hit
