"""Proposals, moments, highlights and matched segments by plain loops over their definitions."""

from __future__ import annotations

import itertools
import math

import numpy as np


def iou(a, b, union="sum"):
    """Temporal IoU; NaN for 0/0."""
    shared = max(0.0, min(a[1], b[1]) - max(a[0], b[0]))
    if union == "sum":
        whole = (a[1] - a[0]) + (b[1] - b[0]) - shared
    else:
        whole = max(a[1], b[1]) - min(a[0], b[0])
    return shared / whole if whole else math.nan


def argsort_reversed(scores):
    return np.array(scores, dtype=float).argsort()[::-1].tolist()


def average_recall(truth, found, thresholds, most, points):
    """AR@AN of ActivityNet: numbers of proposals, recall by threshold, area in 0 to 1.

    `truth` has lists of segments by video, `found` lists of (segment, score).
    """
    videos = list(truth)
    total = sum(map(len, found.values()))
    ratio = most * len(videos) / total
    kept, all_kept = {}, 0
    for video in videos:
        some = found.get(video, [])
        order = argsort_reversed([score for _, score in some])
        count = min(int(len(some) * ratio), len(some))
        kept[video] = [some[k][0] for k in order][:count]
        all_kept += count
    share = np.arange(1, points + 1) / points * (most * len(videos) / all_kept)
    recall = np.zeros((len(thresholds), points))
    count = sum(map(len, truth.values()))
    for t, level in enumerate(thresholds):
        for k in range(points):
            hits = 0
            for video in videos:
                best = kept[video][: min(int(len(kept[video]) * share[k]), len(kept[video]))]
                for segment in truth[video]:
                    hits += any(iou(one, segment) >= level for one in best)
            recall[t, k] = hits / count
    proposals = share * (all_kept / len(videos))
    return proposals, recall, float(np.trapezoid(recall.mean(0), proposals) / proposals[-1])


def thumos_recall(truth, found, thresholds, points, added):
    """AR@AN of papers on THUMOS14, over the videos that have proposals."""
    recall = np.zeros((len(thresholds), points))
    positives = sum(len(truth.get(video, [])) for video in found)
    for t, level in enumerate(thresholds):
        for k in range(points):
            hits = 0
            for video, some in found.items():
                order = argsort_reversed([score for _, score in some])
                best = [some[n][0] for n in order][: int(len(some) * ((k + 1) / points))]
                for segment in truth.get(video, []):
                    hits += any(
                        iou((a, b + added), (segment[0], segment[1] + added)) >= level
                        for a, b in best
                    )
            recall[t, k] = hits / positives
    return recall


def recall_kx(truth, found, thresholds, ks, *, in_file=False, strict=False, union="sum"):
    """Recall of the best k x n predictions by class: hits and truths."""
    classes = sorted({label for rows in truth.values() for _, label in rows})
    hits = np.zeros((len(classes), len(thresholds), len(ks)))
    truths = np.zeros(len(classes))
    for c, label in enumerate(classes):
        for video, rows in truth.items():
            mine = [segment for segment, name in rows if name == label]
            truths[c] += len(mine)
            some = [row for row in found.get(video, []) if row[2] == label]
            order = range(len(some)) if in_file else argsort_reversed([row[1] for row in some])
            best = [some[k][0] for k in order]
            for t, level in enumerate(thresholds):
                for n, k in enumerate(ks):
                    for segment in mine:
                        values = [iou(one, segment, union) for one in best[: k * len(mine)]]
                        hits[c, t, n] += any(v > level if strict else v >= level for v in values)
    return hits, truths


def retrieval(truth, found, thresholds, ks, *, strict=True, union="hull", truths=1):
    """Hits of each query, and the IoU of its first window."""
    hits = {(k, level): 0 for k in ks for level in thresholds}
    total = 0.0
    for query, mine in truth.items():
        windows = found.get(query, [])
        table = [[iou(one, other, union) for other in mine] for one in windows]
        if table:
            best = sorted((0.0 if v != v else v for v in table[0]), reverse=True)[:truths]
            total += sum(best) / len(best)
        for k, level in hits:
            flat = [v for row in table[:k] for v in row]
            hits[k, level] += any(v > level if strict else v >= level for v in flat)
    return hits, total


def average_precision(truth, windows, level):
    """AP of one query as QVHighlights has it; predictions take their best free truth."""
    order = sorted(range(len(windows)), key=lambda k: -windows[k][2])
    taken, true = set(), []
    for k in order:
        values = np.array([iou(windows[k], one) for one in truth])
        hit = False
        for j in values.argsort()[::-1].tolist():
            if values[j] < level:
                break
            if j not in taken:
                taken.add(j)
                hit = True
                break
        true.append(hit)
    recall = np.hstack([[0], np.cumsum(true) / len(truth), [1]])
    precision = np.hstack([[0], np.cumsum(true) / np.arange(1, len(true) + 1), [0]])
    for k in range(len(precision) - 2, -1, -1):
        precision[k] = max(precision[k], precision[k + 1])
    step = np.where(recall[1:] != recall[:-1])[0] + 1
    return float(np.sum((recall[step] - recall[step - 1]) * precision[step]))


def clip_precision(positive, scores):
    """AP of the clips of one video for one rater."""
    scores = list(scores[: len(positive)]) + [0.0] * (len(positive) - len(scores))
    if not any(positive):
        return 0.0
    if all(positive):
        return 1.0
    points = []
    for cut in sorted(set(scores)):
        chosen = [p for p, s in zip(positive, scores, strict=True) if s >= cut]
        points.append((sum(chosen) / len(chosen), sum(chosen)))
    points.append((1.0, 0))
    best, values = 0.0, []
    for (precision, true), (_, after) in itertools.pairwise(points):
        best = max(best, precision)
        if true != after:
            values.append(best)
    return sum(values) / len(values)


def qvhighlights(truth, found, windows=10):
    """All numbers in per cent with two decimals, from records of both sides."""
    levels = [float(f"{x:.2f}") for x in np.linspace(0.5, 0.95, 10)]
    by_query = {record["qid"]: record for record in truth}
    result = {}
    for name, low, high in (
        ("short", 0, 10),
        ("middle", 10, 30),
        ("long", 30, 150),
        ("full", 0, 150),
    ):
        precision, hits = [], []
        for record in found:
            mine = by_query[record["qid"]]["relevant_windows"]
            if name != "full":
                mine = [one for one in mine if low < one[1] - one[0] <= high]
                if not mine:
                    continue
            some = record["pred_relevant_windows"]
            precision.append([average_precision(mine, some[:windows], x) for x in levels])
            values = np.array([iou(some[0], one) for one in mine])
            best = mine[int(np.argmax(values))]
            value = iou(some[0], best, "hull")
            hits.append([(0.0 if value != value else value) >= x for x in levels])
        if not precision:
            continue
        mean, share = np.mean(precision, axis=0), np.mean(hits, axis=0)
        result[f"MR-{name}-mAP"] = float(mean.mean())
        for k, level in enumerate(levels):
            result[f"MR-{name}-mAP@{level:g}"] = float(mean[k])
            result[f"MR-{name}-R1@{level:g}"] = float(share[k])
    for name, least in (("Fair", 2), ("Good", 3), ("VeryGood", 4)):
        precision, hits = [], []
        for record in found:
            mine, scores = by_query[record["qid"]], record["pred_saliency_scores"]
            rating = np.zeros((int(mine["duration"] / 2), 3))
            rating[mine["relevant_clip_ids"]] = np.reshape(mine["saliency_scores"], (-1, 3))
            positive = rating >= least
            precision.append([clip_precision(positive[:, r].tolist(), scores) for r in range(3)])
            best = int(np.argmax(scores))
            hits.append(bool(best < len(positive) and positive[best].any()))
        result[f"HL-min-{name}-mAP"] = float(np.mean(precision))
        result[f"HL-min-{name}-Hit1"] = float(np.mean(hits))
    return result


def matched(truth, found, level, method):
    """Largest number of pairs, and largest sum of IoU (of as many pairs, for ``maximum``)."""
    best = (0, 0.0)

    def search(k, used, count, total):
        nonlocal best
        if k == len(found):
            entry = (count, total) if method == "maximum" else (0, total, count)
            best = max(best, entry)
            return
        search(k + 1, used, count, total)
        for j, one in enumerate(truth):
            value = iou(found[k], one)
            if j not in used and value >= level:
                search(k + 1, used | {j}, count + 1, total + value)

    best = (0, 0.0) if method == "maximum" else (0, 0.0, 0)
    search(0, frozenset(), 0, 0.0)
    return best if method == "maximum" else (best[2], best[1])


def greedy(truth, found, level):
    """Pairs by falling IoU, each segment once: number and sum of IoU."""
    pairs = sorted(
        ((-iou(a, b), i, j) for i, a in enumerate(found) for j, b in enumerate(truth)
         if iou(a, b) >= level),
    )  # fmt: skip
    rows, columns, total = set(), set(), 0.0
    for value, i, j in pairs:
        if i not in rows and j not in columns:
            rows.add(i)
            columns.add(j)
            total -= value
    return len(rows), total
