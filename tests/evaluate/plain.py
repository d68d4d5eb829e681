"""The evaluators' definitions, written as plainly as possible: slow oracles for the tests.

Rows are tuples: truth (video, label, start, stop), found the same and a confidence.
"""

from __future__ import annotations

import numpy as np


def classes_of(truth):
    return list(dict.fromkeys(row[1] for row in truth))


def iou_by_sum(one, other, floor=None):
    shared = max(0.0, min(one[1], other[1]) - max(one[0], other[0]))
    union = (other[1] - other[0]) + (one[1] - one[0]) - shared
    if floor is not None:
        union = max(union, floor)
    return shared / union if union != 0 else float("nan")


def area_under_envelope(hits, positives):
    """VOC 2011: recall steps times the best precision from there on."""
    hits = np.asarray(hits, dtype=float)
    true, false = np.cumsum(hits), np.cumsum(1 - hits)
    recall = np.concatenate([[0.0], true / positives, [1.0]])
    precision = np.concatenate([[0.0], true / (true + false), [0.0]])
    for k in range(len(precision) - 1, 0, -1):
        precision[k - 1] = max(precision[k - 1], precision[k])
    steps = np.flatnonzero(recall[1:] != recall[:-1]) + 1
    return np.sum((recall[steps] - recall[steps - 1]) * precision[steps])


def activitynet(truth, found, thresholds, floor=None):
    """AP per threshold (rows) and class (columns)."""
    labels = classes_of(truth)
    table = np.zeros((len(thresholds), len(labels)))
    for column, label in enumerate(labels):
        truths = [row for row in truth if row[1] == label]
        guesses = [row for row in found if row[1] == label]
        if not guesses:
            continue
        order = np.array([row[4] for row in guesses]).argsort()[::-1]
        for line, threshold in enumerate(thresholds):
            taken, hits = set(), []
            for guess in (guesses[k] for k in order):
                here = [k for k, row in enumerate(truths) if row[0] == guess[0]]
                values = np.array([iou_by_sum(guess[2:4], truths[k][2:4], floor) for k in here])
                hit = False
                for k in values.argsort()[::-1]:
                    if values[k] < threshold:
                        break
                    if here[k] not in taken:
                        taken.add(here[k])
                        hit = True
                        break
                hits.append(hit)
            table[line, column] = area_under_envelope(hits, len(truths))
    return table


def without_repeats(truth, tolerance=1e-3):
    """OpenTAD's cleaning: per video, in order."""
    kept = []
    for row in truth:
        video, label, start, stop = row
        if stop - start <= 0:
            continue
        if not any(
            other[:2] == (video, label)
            and abs(start - other[2]) <= tolerance
            and abs(stop - other[3]) <= tolerance
            for other in kept
        ):
            kept.append(row)
    return kept


def opentad(truth, found, thresholds):
    return activitynet(without_repeats(truth), found, thresholds, floor=1e-8)


def iou_by_hull(one, other):
    shared = min(one[1], other[1]) - max(one[0], other[0])
    if shared <= 0:
        return 0.0
    return shared / (max(one[1], other[1]) - min(one[0], other[0]))


def thumos(truth, found, thresholds, program, grid="matlab"):
    """Both MATLAB programs; truth rows labelled Ambiguous are intervals to ignore."""
    unsure = [row for row in truth if row[1] == "Ambiguous"]
    truth = [row for row in truth if row[1] != "Ambiguous"]
    labels = classes_of(truth)
    videos = sorted({row[0] for row in truth} | {row[0] for row in found})
    table = np.zeros((len(thresholds), len(labels)))
    for column, label in enumerate(labels):
        positives = sum(row[1] == label for row in truth)
        for line, threshold in enumerate(thresholds):
            pooled = []  # (confidence, hit), video after video
            for video in videos:
                truths = [row for row in truth if row[:2] == (video, label)]
                guesses = [row for row in found if row[:2] == (video, label)]
                guesses.sort(key=lambda row: -row[4])  # stable
                hit = [False] * len(guesses)
                for row in truths:
                    best, choice = 0.0, None
                    for k, guess in enumerate(guesses):
                        value = iou_by_hull(row[2:4], guess[2:4])
                        if not hit[k] and value > best:
                            best, choice = value, k
                    if choice is not None and best > threshold:
                        hit[choice] = True
                for k, guess in enumerate(guesses):
                    near = any(
                        row[0] == video and iou_by_hull(row[2:4], guess[2:4]) > 0 for row in unsure
                    )
                    if hit[k] or not near:
                        pooled.append((guess[4], hit[k]))
            if program == "thumos14":
                pooled = [p for p in pooled if p[1]] + [p for p in pooled if not p[1]]
            pooled.sort(key=lambda entry: -entry[0])  # stable
            hits = np.array([entry[1] for entry in pooled], dtype=float)
            true = np.cumsum(hits)
            precision = true / np.arange(1, len(hits) + 1)
            if program == "thumos14":
                table[line, column] = eleven_points(true / positives, precision, grid)
            else:
                table[line, column] = sum(precision[hits == 1]) / positives
    return table


def eleven_points(recall, precision, grid):
    points = [k * 0.1 for k in range(11)]
    if grid == "matlab":
        points[6:] = [0.6, 0.7, 0.8, 0.9, 1.0]
    total = 0.0
    for point in points:
        best = precision[recall >= point]
        total += (best.max() if best.size else 0.0) / 11
    return total
