"""Programs that score detections, written anew from their definitions, as plain as they can be.

Each takes a truth and a found of `overlap.evaluate.Detections`, whose rows are in the order of the
program's files, and returns the AP of each class.
"""

from __future__ import annotations

import math

import numpy as np


def rows_of(table, label, item=None):
    here = (table.label == label) & ((table.item == item) if item is not None else True)
    return np.flatnonzero(here).tolist()


def pixel_iou(a, b, one=1.0):
    width = min(a[2], b[2]) - max(a[0], b[0]) + one
    height = min(a[3], b[3]) - max(a[1], b[1]) + one
    if width <= 0 or height <= 0:
        return None
    whole = (a[2] - a[0] + one) * (a[3] - a[1] + one) + (b[2] - b[0] + one) * (b[3] - b[1] + one)
    return width * height / (whole - width * height)


def voc_curve(truth, found, label, order, matches, overlap):
    """True and false positives of a class after each detection, and the number of truths."""
    taken = set()
    tp, fp = np.zeros(len(order)), np.zeros(len(order))
    difficult = truth.flags["difficult"]
    for d, i in enumerate(order):
        best, at = -math.inf, None
        for j in rows_of(truth, label, found.item[i]):
            value = overlap(i, j)
            if value is not None and value > best:
                best, at = value, j
        if not matches(best):
            fp[d] = 1
        elif not difficult[at]:
            if at in taken:
                fp[d] = 1
            else:
                tp[d] = 1
                taken.add(at)
    count = sum(not difficult[j] for j in rows_of(truth, label))
    return np.cumsum(tp), np.cumsum(fp), count


def eleven_points(rec, prec, recalls):
    ap = 0.0
    for t in recalls:
        some = prec[rec >= t]
        some = some[~np.isnan(some)]  # max of MATLAB skips 0 / 0
        ap += (some.max() if len(some) else 0.0) / 11
    return ap


def all_points(rec, prec):
    mrec = np.concatenate([[0.0], rec, [1.0]])
    mpre = np.concatenate([[0.0], prec, [0.0]])
    for k in range(len(mpre) - 2, -1, -1):
        mpre[k] = np.fmax(mpre[k], mpre[k + 1])
    steps = np.flatnonzero(mrec[1:] != mrec[:-1]) + 1
    return ((mrec[steps] - mrec[steps - 1]) * mpre[steps]).sum()


def matlab_tenths():
    """0:0.1:1 of MATLAB, which counts from both ends."""
    return [k * 0.1 for k in range(6)] + [1 - k * 0.1 for k in range(4, -1, -1)]


def voc(truth, found, *, year, python=False, threshold=0.5):
    """VOCevaldet.m of the development kits, or voc_eval.py of py-faster-rcnn."""
    a, b = found.regions.to_array().tolist(), truth.regions.to_array().tolist()
    result = []
    for label in range(len(truth.labels)):
        rows = np.array(rows_of(found, label), dtype=int)
        order = np.argsort(-found.confidence[rows], kind=None if python else "stable")
        tp, fp, count = voc_curve(
            truth, found, label, rows[order].tolist(),
            (lambda x: x > threshold) if python else (lambda x: x >= threshold),
            lambda i, j: pixel_iou(a[i], b[j]),
        )  # fmt: skip
        if not count:
            result.append(0.0)
            continue
        with np.errstate(invalid="ignore"):
            prec = tp / (np.maximum(tp + fp, np.finfo(float).eps) if python else tp + fp)
        rec = tp / count
        if year == 2007:
            recalls = np.arange(0.0, 1.1, 0.1) if python else matlab_tenths()
            result.append(eleven_points(rec, prec, recalls))
        else:
            result.append(all_points(rec, prec))
    return result


def dota(truth, found, *, threshold=0.5):
    """dota_evaluation_task1.py, with polygons of shapely."""
    from shapely.geometry import Polygon

    a, b = ([Polygon(rings[0]) for rings in side.regions.to_list()] for side in (found, truth))
    result = []
    for label in range(len(truth.labels)):
        rows = np.array(rows_of(found, label), dtype=int)
        order = rows[np.argsort(-found.confidence[rows])].tolist()

        def overlap(i, j):
            if not pixel_iou(a[i].bounds, b[j].bounds):
                return None
            shared = a[i].intersection(b[j]).area
            return shared / (a[i].area + b[j].area - shared)

        tp, fp, count = voc_curve(truth, found, label, order, lambda x: x > threshold, overlap)
        if not count:
            result.append(0.0)
            continue
        prec = tp / np.maximum(tp + fp, np.finfo(float).eps)
        result.append(eleven_points(tp / count, prec, np.arange(0.0, 1.1, 0.1)))
    return result
