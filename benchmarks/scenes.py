"""Inputs: random, but the same every time."""

from __future__ import annotations

import numpy as np

__all__ = [
    "boxes",
    "close_boxes",
    "detections",
    "intervals",
    "rotated",
    "rotated_detections",
    "videos",
]


def boxes(count: int, seed: int, span: float = 1000.0) -> np.ndarray:
    """Corners of boxes with sides of 1 to 100, scattered over a square, shape (N, 4)."""
    rng = np.random.default_rng(seed)
    lower = rng.uniform(0.0, span, (count, 2))
    return np.hstack([lower, lower + rng.uniform(1.0, 100.0, (count, 2))])


def close_boxes(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Two lists of boxes of which the k-th mostly overlap, as in training."""
    truth = boxes(count, seed)
    rng = np.random.default_rng(seed + 1)
    size = np.tile(truth[:, 2:] - truth[:, :2], 2)
    found = truth + rng.normal(0.0, 0.15, (count, 4)) * size
    return np.hstack(
        [np.minimum(found[:, :2], found[:, 2:]), np.maximum(found[:, :2], found[:, 2:])]
    ), truth


def rotated(count: int, seed: int, dense: bool) -> np.ndarray:
    """Rotated boxes, the angle in degrees, shape (N, 5).

    About 1.5 % of all pairs overlap, or where `dense`, 93 %.
    """
    rng = np.random.default_rng(seed)
    center = rng.uniform(0.0, 100.0 if dense else 1000.0, (count, 2))
    size = rng.uniform(60.0, 160.0, (count, 2)) * ([1.0, 0.7] if dense else [0.65, 0.45])
    return np.column_stack([center, size, rng.uniform(0.0, 180.0, count)])


def rotated_detections(
    count: int, per_object: int, seed: int, span: float
) -> tuple[np.ndarray, np.ndarray]:
    """Rotated boxes and confidences of a detector that finds every object `per_object` times."""
    rng = np.random.default_rng(seed)
    objects = -(-count // per_object)
    center, angle = rng.uniform(0.0, span, (objects, 2)), rng.uniform(0.0, 180.0, objects)
    size = np.column_stack([rng.uniform(20.0, 100.0, objects), rng.uniform(10.0, 50.0, objects)])
    which = np.resize(np.arange(objects), count)
    center = center[which] + rng.normal(0.0, 0.08, (count, 2)) * size[which]
    size = size[which] * rng.uniform(0.85, 1.15, (count, 2))
    angle = angle[which] + rng.normal(0.0, 4.0, count)
    return np.column_stack([center, size, angle]), rng.permutation(count) / count


def intervals(count: int, seed: int, huge: int = 0) -> np.ndarray:
    """Intervals with whole ends, of mean length 20 at a density of one in ten; shape (N, 2).

    The first `huge` of them cover everything.
    """
    rng = np.random.default_rng(seed)
    start = rng.integers(0, 10 * count, count)
    stop = start + 1 + rng.geometric(1 / 20, count)
    start[:huge], stop[:huge] = 0, 10 * count + 1000
    return np.stack([start, stop], axis=1).astype(np.float64)


def detections(count: int, per_object: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Boxes and confidences of a detector that finds every object `per_object` times."""
    rng = np.random.default_rng(seed)
    objects = boxes(-(-count // per_object), seed + 1, span=4.0 * count**0.5 * 10)
    which = np.resize(np.arange(len(objects)), count)
    size = objects[which, 2:] - objects[which, :2]
    lower = objects[which, :2] + rng.normal(0.0, 0.08, (count, 2)) * size
    sides = size * rng.uniform(0.85, 1.15, (count, 2))
    return np.hstack([lower, lower + sides]), rng.permutation(count) / count


def videos(count: int, seed: int, classes: int = 20) -> tuple[dict[str, list], dict[str, list]]:
    """Columns of annotated and of found segments: 200 videos, 12 found per truth."""
    rng = np.random.default_rng(seed)
    start = rng.uniform(0.0, 600.0, count)
    length = rng.gamma(2.0, 4.0, count) + 0.5
    video, label = rng.integers(0, 200, count), rng.integers(0, classes, count)
    which = np.repeat(np.arange(count), 12)
    found = start[which] + rng.normal(0.0, 3.0, len(which))
    stop = found + length[which] * rng.uniform(0.4, 1.8, len(which))
    right, other = rng.random(len(which)) < 0.8, rng.integers(0, classes, len(which))
    guess = np.where(right, label[which], other)

    def columns(v: np.ndarray, a: np.ndarray, b: np.ndarray, c: np.ndarray) -> dict[str, list]:
        return {
            "video-id": [f"video_{k:04d}" for k in v],
            "t-start": a.tolist(),
            "t-end": b.tolist(),
            "label": [f"class_{k:02d}" for k in c],
        }

    truth = columns(video, start, start + length, label)
    scores = {"score": rng.random(len(which)).tolist()}
    return truth, {**columns(video[which], found, stop, guess), **scores}
