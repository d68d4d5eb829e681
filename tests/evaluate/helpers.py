"""Small data sets for the tests of evaluation."""

from __future__ import annotations

import numpy as np
import pandas as pd

from overlap.evaluate._ranking.positives import Positives

TRUTH = ["video", "label", "start", "stop"]
FOUND = [*TRUTH, "score"]


def frames(truth, found):
    """Rows as the two DataFrames that users hold."""
    columns = {"start": float, "stop": float}
    return (
        pd.DataFrame(truth, columns=TRUTH).astype(columns),
        pd.DataFrame(found, columns=FOUND).astype({**columns, "score": float}),
    )


def positives_of(counts):
    """Truths of which there are some number in each class (row) and item (column)."""
    counts = np.asarray(counts)
    label, item = (np.repeat(index.ravel(), counts.ravel()) for index in np.indices(counts.shape))
    return Positives(label, item, *counts.shape)


def wide_scene(seed):
    """Two random scenes in videos of their own: enough of them for intervals."""
    parts = random_scene(seed), random_scene(seed + 1000)
    other = [[(f"other {video}", *rest) for video, *rest in rows] for rows in parts[1]]
    return parts[0][0] + other[0], parts[0][1] + other[1]


def random_scene(seed, *, ambiguous=False):
    """Few videos and labels on a coarse grid: ties, repeats, zero lengths, overlaps, gaps."""
    rng = np.random.default_rng(seed)
    videos, labels = [f"v{k}" for k in rng.permutation(5)], ["jump", "throw", "dive"]

    def segments(count, extra):
        rows = []
        for _ in range(count):
            start = float(rng.integers(0, 12)) / 2
            stop = start + float(rng.choice([0, 1, 2, 3, 8], p=[0.15, 0.25, 0.25, 0.2, 0.15])) / 2
            rows.append(
                (str(rng.choice(videos[: 4 + extra])), str(rng.choice(labels)), start, stop)
            )
        return rows

    truth = segments(int(rng.integers(1, 25)), 0)
    if len(truth) > 3:  # repeats, exact and nearly
        truth.append(truth[0])
        video, label, start, stop = truth[1]
        truth.append((video, label, start + 5e-4, stop + 5e-4))
    if ambiguous:
        truth += [(video, "Ambiguous", start, stop) for video, _, start, stop in segments(3, 0)]
        truth = [truth[k] for k in rng.permutation(len(truth))]
        if all(row[1] == "Ambiguous" for row in truth):
            truth.append(("v0", "jump", 0.0, 1.0))
    found = segments(int(rng.integers(0, 25)), 1)
    for video, label, start, stop in truth:  # hits and near misses
        if rng.random() < 0.7:
            label = str(rng.choice(labels)) if label == "Ambiguous" else label
            first, last = np.sort([start, stop] + rng.integers(-1, 2, 2) / 2)
            found.append((video, label, float(first), float(last)))
    found = [found[k] for k in rng.permutation(len(found))] if rng.random() < 0.95 else []
    levels = int(rng.choice([1, 3, 1000]))
    return truth, [(*row, float(rng.integers(0, levels)) / levels) for row in found]


def ap_table(report):
    """AP as an array (thresholds, classes)."""
    table = report.table
    classes = list(dict.fromkeys(table["class"]))
    wide = table.pivot(index="iou", columns="class", values="value")
    return wide[classes].loc[list(dict.fromkeys(table["iou"]))].to_numpy(), classes
