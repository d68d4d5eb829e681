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


def lvis(truth, found, *, most=300):
    """The thirteen numbers of LVIS' evaluator, from its JSON; -1 for undefined ones."""
    images = sorted(image["id"] for image in truth["images"])
    cats = {cat["id"]: cat["frequency"] for cat in truth["categories"]}
    about = {image["id"]: image for image in truth["images"]}
    gts = {(i, c): [] for i in images for c in cats}
    dts = {(i, c): [] for i in images for c in cats}
    for row in truth["annotations"]:
        gts[row["image_id"], row["category_id"]].append(row)
    for image in images:
        rows = [row for row in found if row["image_id"] == image]
        for row in sorted(rows, key=lambda row: -row["score"])[:most]:
            cat = row["category_id"]
            if gts[image, cat] or cat in about[image]["neg_category_ids"]:
                dts[image, cat].append(row)

    def iou(a, b):
        width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
        height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
        shared = max(width, 0) * max(height, 0)
        return shared / (a[2] * a[3] + b[2] * b[3] - shared)

    def matched(gt, dt, threshold, outside):
        """Whether each detection is true, false or not counted (None)."""
        gt = sorted(gt, key=lambda row: row.get("ignore", 0) or outside(row["area"]))
        idle = [row.get("ignore", 0) or outside(row["area"]) for row in gt]
        taken, result = set(), []
        for row in dt:
            best, at = min(threshold, 1 - 1e-10), None
            for k, other in enumerate(gt):
                if k in taken:
                    continue
                if at is not None and not idle[at] and idle[k]:
                    break
                value = iou(row["bbox"], other["bbox"])
                if value >= best:
                    best, at = value, k
            partial = about[row["image_id"]]["not_exhaustive_category_ids"]
            if at is not None:
                taken.add(at)
                result.append(None if idle[at] else True)
            else:
                alone = outside(row["bbox"][2] * row["bbox"][3]) or row["category_id"] in partial
                result.append(None if alone else False)
        return result, sum(not x for x in idle)

    levels, grid = np.linspace(0.5, 0.95, 10), np.linspace(0, 1, 101)
    areas = [(0, 1e10), (0, 32**2), (32**2, 96**2), (96**2, 1e10)]
    precision = -np.ones((10, 101, len(cats), 4))
    recall = -np.ones((10, len(cats), 4))
    for k, cat in enumerate(sorted(cats)):
        for m, (low, high) in enumerate(areas):
            for t, level in enumerate(levels):
                score, hits, count = [], [], 0
                for image in images:
                    some, there = matched(
                        gts[image, cat], dts[image, cat], level,
                        lambda area, low=low, high=high: area < low or area > high,
                    )  # fmt: skip
                    hits += some
                    score += [row["score"] for row in dts[image, cat]]
                    count += there
                if not count:
                    continue
                order = np.argsort(-np.array(score), kind="mergesort")
                tp = np.cumsum([hits[i] is True for i in order])
                fp = np.cumsum([hits[i] is False for i in order])
                rc, pr = tp / count, tp / (fp + tp + np.spacing(1))
                pr = np.maximum.accumulate(pr[::-1])[::-1]
                at = np.searchsorted(rc, grid)
                precision[t, :, k, m] = [pr[i] if i < len(pr) else 0 for i in at]
                recall[t, k, m] = rc[-1] if len(rc) else 0

    def mean(values):
        return np.mean(values[values > -1]) if (values > -1).any() else -1.0

    kinds = [[k for k, cat in enumerate(sorted(cats)) if cats[cat] == one] for one in "rcf"]
    return [
        mean(precision[..., 0]), mean(precision[0, ..., 0]), mean(precision[5, ..., 0]),
        *(mean(precision[..., m]) for m in (1, 2, 3)),
        *(mean(precision[:, :, kind, 0]) for kind in kinds),
        *(mean(recall[..., m]) for m in range(4)),
    ]  # fmt: skip


def nuscenes(truth, found, *, distance):
    """Algo.py of nuScenes' devkit: accumulate and calc_ap."""
    a, b = found.regions.to_array()[:, :2], truth.regions.to_array()[:, :2]
    result = []
    for label in range(len(truth.labels)):
        count = len(rows_of(truth, label))
        rows = rows_of(found, label)
        confidence = [found.confidence[i] for i in rows]
        order = [i for _, i in sorted((v, i) for i, v in enumerate(confidence))][::-1]
        taken, tp, fp = set(), [], []
        for i in (rows[k] for k in order):
            least, at = np.inf, None
            for j in rows_of(truth, label, found.item[i]):
                if j not in taken and (d := np.linalg.norm(b[j] - a[i])) < least:
                    least, at = d, j
            hit = least < distance
            if hit:
                taken.add(at)
            tp.append(hit)
            fp.append(not hit)
        if not count or not taken:
            result.append(0.0)
            continue
        tp, fp = np.cumsum(tp).astype(float), np.cumsum(fp).astype(float)
        prec = np.interp(np.linspace(0, 1, 101), tp / count, tp / (fp + tp), right=0)
        prec = prec[round(100 * 0.1) + 1 :] - 0.1
        prec[prec < 0] = 0
        result.append(float(np.mean(prec)) / (1.0 - 0.1))
    return result


def kitti(truth, found, label, difficulty, threshold, overlap):
    """Precision and orientation similarity of KITTI's evaluation at 41 recalls.

    As eval.py of kitti-object-eval-python. Truth and found have their own names of classes;
    `overlap` is a table of all pairs.
    """
    height, occlusion, truncation = [(40, 0, 0.15), (25, 1, 0.3), (25, 2, 0.5)][difficulty]
    near = {"Car": "Van", "Pedestrian": "Person_sitting"}.get(label)
    gt, dt = [], []
    for j in range(len(truth)):
        name = truth.labels[truth.label[j]] if truth.label[j] >= 0 else "DontCare"
        far = (
            truth.sizes["occlusion"][j] > occlusion or truth.sizes["truncation"][j] > truncation
            or truth.sizes["height"][j] <= height
        )  # fmt: skip
        gt.append((0 if not far else 1) if name == label else 1 if name == near else -1)
    for i in range(len(found)):
        small = found.sizes["height"][i] < height
        dt.append(1 if small else 0 if found.labels[found.label[i]] == label else -1)

    def counts(image, cut=None):
        """True and false positives of an image, confidences and similarity of the true ones."""
        taken, scores, tp, similarity = set(), [], 0, 0.0
        mine = [i for i in range(len(found)) if found.items[found.item[i]] == image and dt[i] >= 0]
        if cut is not None:
            mine = [i for i in mine if found.confidence[i] >= cut]
        for j in range(len(truth)):
            if truth.items[truth.item[j]] != image or gt[j] < 0:
                continue
            best, most, spare = None, -np.inf, False
            for i in mine:
                if i in taken or not overlap[i, j] > threshold:
                    continue
                if cut is None:
                    if found.confidence[i] > most:
                        best, most = i, found.confidence[i]
                elif dt[i] == 0 and (overlap[i, j] > most or spare):
                    best, most, spare = i, overlap[i, j], False
                elif dt[i] == 1 and best is None:
                    best, spare = i, True
            if best is None:
                continue
            taken.add(best)
            if gt[j] == 0 and dt[best] == 0:
                tp += 1
                scores.append(found.confidence[best])
                if "alpha" in truth.sizes:
                    delta = truth.sizes["alpha"][j] - found.sizes["alpha"][best]
                    similarity += (1.0 + np.cos(delta)) / 2.0
        free = [i for i in mine if dt[i] == 0 and i not in taken]
        idle = [
            j for j in range(len(truth))
            if truth.flags["dontcare"][j] and truth.items[truth.item[j]] == image
        ]  # fmt: skip
        free = [i for i in free if not any(cover(i, j) > threshold for j in idle)]
        return tp, len(free), scores, similarity

    def cover(i, j):
        if not hasattr(found.regions, "lower"):
            return 0.0
        a, b = found.regions.to_array()[i], truth.regions.to_array()[j]
        width, high = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
        return max(width, 0) * max(high, 0) / ((a[2] - a[0]) * (a[3] - a[1]))

    images = list(truth.items)
    scores = sorted((x for image in images for x in counts(image)[2]), reverse=True)
    count, recall, cuts = gt.count(0), 0.0, []
    for k, score in enumerate(scores):
        left = (k + 1) / count
        right = (k + 2) / count if k < len(scores) - 1 else left
        if right - recall < recall - left and k < len(scores) - 1:
            continue
        cuts.append(score)
        recall += 1 / 40
    curves = np.zeros((2, 41))
    for k, cut in enumerate(cuts):
        every = [counts(image, cut) for image in images]
        tp, fp, similarity = (sum(one[m] for one in every) for m in (0, 1, 3))
        if tp:
            curves[:, k] = tp / (tp + fp), similarity / (tp + fp)
    return [np.array([curve[k:].max() for k in range(41)]) for curve in curves]


def openimages(truth, found, *, threshold=0.5):
    """per_image_evaluation.py and metrics.py of TensorFlow's models, groups with a weight of 0."""
    a, b = found.regions.to_array(), truth.regions.to_array()

    def shared(i, j):
        width = min(a[i][2], b[j][2]) - max(a[i][0], b[j][0])
        height = min(a[i][3], b[j][3]) - max(a[i][1], b[j][1])
        return max(width, 0.0) * max(height, 0.0)

    def area(box):
        return (box[2] - box[0]) * (box[3] - box[1])

    group, difficult = truth.flags["crowd"], truth.flags["difficult"]
    result = []
    for label in range(len(truth.labels)):
        scores, labels = [], []
        for item in range(len(truth.items)):
            mine = sorted(rows_of(found, label, item), key=lambda i: -found.confidence[i])
            there = rows_of(truth, label, item)
            single, groups = ([j for j in there if group[j] == x] for x in (False, True))
            true, idle, taken = set(), set(), set()
            for i in mine:
                iou = [shared(i, j) / (area(a[i]) + area(b[j]) - shared(i, j)) for j in single]
                if not iou or max(iou) < threshold:
                    continue
                j = single[int(np.argmax(iou))]
                if difficult[j]:
                    idle.add(i)
                elif j not in taken:
                    taken.add(j)
                    true.add(i)
            for i in mine:
                ioa = [shared(i, j) / area(a[i]) for j in groups]
                if i not in true and i not in idle and ioa and max(ioa) >= threshold:
                    idle.add(i)
            scores += [found.confidence[i] for i in mine if i not in idle]
            labels += [i in true for i in mine if i not in idle]
        count = sum(not group[j] and not difficult[j] for j in rows_of(truth, label))
        if not count:
            result.append(np.nan)
            continue
        order = np.argsort(np.array(scores))[::-1]
        tp = np.cumsum(np.array(labels, dtype=bool)[order])
        recall, precision = tp / count, tp / np.arange(1, len(tp) + 1)
        recall = np.concatenate([[0], recall, [1]])
        precision = np.concatenate([[0], precision, [0]])
        precision = np.maximum.accumulate(precision[::-1])[::-1]
        steps = np.flatnonzero(recall[1:] != recall[:-1]) + 1
        result.append(((recall[steps] - recall[steps - 1]) * precision[steps]).sum())
    return result
