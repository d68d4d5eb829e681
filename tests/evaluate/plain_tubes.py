"""Evaluators of tubes, written down once more from their definitions, one pair at a time."""

from __future__ import annotations

import numpy as np

#: A tube: video, class, confidence, rows of frame, x1, y1, x2, y2.
Tube = tuple[str, str, float, np.ndarray]


def box_iou(a, b, more=0.0):
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]) + more)
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]) + more)
    shared = width * height
    area = [(x[2] - x[0] + more) * (x[3] - x[1] + more) for x in (a, b)]
    union = area[0] + area[1] - shared
    return shared / union if union else np.nan


def span_iou(a, b, more):
    shared = min(a[-1, 0], b[-1, 0]) - max(a[0, 0], b[0, 0]) + more
    whole = max(a[-1, 0], b[-1, 0]) - min(a[0, 0], b[0, 0]) + more
    return shared / whole if whole else np.nan


def tube_iou(a, b, more_time, more_space, one_frame_counts=True):
    first, last = max(a[0, 0], b[0, 0]), min(a[-1, 0], b[-1, 0])
    if last < first or (last == first and not one_frame_counts):
        return 0.0
    boxes = [{row[0]: row[1:] for row in tube} for tube in (a, b)]
    values = [box_iou(boxes[0][t], boxes[1][t], more_space) for t in np.arange(first, last + 1)]
    return np.mean(values) * span_iou(a, b, more_time)


def average_precision(truths, found, iou, threshold, *, delete, strict, linear, unstable=True):
    """AP of one class; truths and found are lists of (group, confidence, region)."""
    left = {}
    for group, _, region in truths:
        left.setdefault(group, []).append([region, False])
    scores = np.array([confidence for _, confidence, _ in found])
    order = np.argsort(-scores) if unstable else np.argsort(-scores, kind="stable")
    true, points = 0, []
    for count, k in enumerate(order.tolist(), start=1):
        group, _, region = found[k]
        others = left.get(group, [])
        if delete:
            others = [entry for entry in others if not entry[1]]
        if others:
            values = [iou(entry[0], region) for entry in others]
            best = int(np.argmax(values))
            reached = values[best] > threshold if strict else values[best] >= threshold
            if reached and not others[best][1]:
                others[best][1] = True
                true += 1
        points.append((true / count, true / len(truths)))
    if linear:
        curve = np.array([(1.0, 0.0), *points], dtype=np.float32)
        steps, heights = np.diff(curve[:, 1]), curve[1:, 0] + curve[:-1, 0]
        return float((steps * heights * np.float32(0.5)).sum())
    precision = np.array([0.0, *(p for p, _ in points), 0.0])
    recall = np.array([0.0, *(r for _, r in points), 1.0])
    precision = np.maximum.accumulate(precision[::-1])[::-1]
    where = np.flatnonzero(recall[1:] != recall[:-1]) + 1
    return float(np.sum((recall[where] - recall[where - 1]) * precision[where]))


def mean_ap(truths, found, iou, threshold, **rules):
    values = []
    for label in dict.fromkeys(label for _, label, *_ in truths):
        sides = [[(v, c, region) for v, k, c, region in side if k == label]
                 for side in (truths, found)]  # fmt: skip
        values.append(average_precision(*sides, iou, threshold, **rules))
    return float(np.mean(values)) if values else np.nan


def as_boxes(tubes):
    return [((v, row[0]), k, c, row[1:]) for v, k, c, rows in tubes for row in rows]


def grounding(truths, found, thresholds):
    """m_tIoU, m_vIoU and vIoU@R, of the most confident tube of each query."""
    spans, volumes = [], []
    for query, _, _, tube in truths:
        mine = [entry for entry in found if entry[0] == query]
        if not mine:
            spans.append(0.0)
            volumes.append(0.0)
            continue
        other = max(mine, key=lambda entry: entry[2])[3]
        span, volume = span_iou(tube, other, 1.0), 0.0
        boxes = [{row[0]: row[1:] for row in rows} for rows in (tube, other)]
        for frame in boxes[0].keys() & boxes[1].keys():
            volume += box_iou(boxes[0][frame], boxes[1][frame])
        volume = 0.0 if np.isnan(volume) else volume
        spans.append(max(span, 0.0))
        first = min(tube[0, 0], other[0, 0])
        volumes.append(volume / (max(tube[-1, 0], other[-1, 0]) - first + 1))
    shares = [float(np.mean([volume > x for volume in volumes])) for x in thresholds]
    return [float(np.mean(spans)), float(np.mean(volumes)), *shares]


def random_tubes(rng, *, confidences, one_each=False):
    """Make tubes without gaps, with ties, single frames and flat boxes."""
    result = []
    for k in range(int(rng.integers(1, 9))):
        video = f"v{k}" if one_each else f"v{rng.integers(3)}"
        first = int(rng.integers(1, 5))
        frames = np.arange(first, first + int(rng.integers(1, 6)))
        corner = rng.integers(0, 4, (1, 2)) + rng.integers(0, 2, (len(frames), 2))
        size = rng.integers(0 if rng.random() < 0.1 else 2, 6, (len(frames), 2))
        rows = np.column_stack([frames, corner, corner + size]).astype(float)
        confidence = float(rng.integers(1, 6)) / 8 if confidences else 1.0
        result.append((video, "all" if one_each else f"c{rng.integers(2)}", confidence, rows))
    return result


def moved_tubes(rng, tubes):
    """Make predictions that are near to some truths, beside others that are not."""
    result = random_tubes(rng, confidences=True)
    for video, label, _, rows in tubes:
        if rng.random() < 0.8:
            shift = rng.integers(-1, 2, 3)[[0, 1, 2, 1, 2]] * (rng.random() < 0.5)
            result.append((video, label, float(rng.integers(1, 6)) / 8, rows + shift))
    return result


def columns(tubes, *, confidences):
    """Return the columns of a table of tubes."""
    names = ("video", "label", "score", "tube", "frame", "x1", "y1", "x2", "y2")
    rows = [(v, k, c, n, *row) for n, (v, k, c, boxes) in enumerate(tubes) for row in boxes]
    table = {name: [row[i] for row in rows] for i, name in enumerate(names)}
    if not confidences:
        del table["score"]
    return table
