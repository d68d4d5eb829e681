"""Kinds of error and their costs, written plainly from the definitions of TIDE's program, tidecv.

Its numbers were compared with those of tidecv 1.0.1 on 300 random sets and COCO's sample.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np


def ratio(a, b, crowd=False):
    wide, high = (min(a[k] + a[k + 2], b[k] + b[k + 2]) - max(a[k], b[k]) for k in (0, 1))
    shared = max(wide, 0.0) * max(high, 0.0)
    area = a[2] * a[3]
    return shared / (area if crowd else area + b[2] * b[3] - shared)


def average(rows, truths):
    """AP of one class at 101 recalls; rows are (confidence, true) in the order of ties."""
    if not truths:
        return 0.0
    true = np.cumsum([hit for _, hit in sorted(rows, key=lambda row: -row[0])])
    precision = true / np.arange(1, len(true) + 1)
    best = np.append(np.maximum.accumulate(precision[::-1])[::-1], 0.0)
    return best[np.searchsorted(true / truths, np.arange(101) / 100)].mean()


def mean_average(rows, truths):
    names = {name for name, count in truths.items() if count} | set(rows)
    return np.mean([average(rows.get(name, []), truths.get(name, 0)) for name in names])


def tide(truth, found, iou=0.5, near=0.1):
    counts, truths = dict.fromkeys(KINDS, 0), defaultdict(int)
    right, wrong, lost, unfound = [], [], [], []
    ranked = defaultdict(list)
    for image in sorted(row["id"] for row in truth["images"]):
        known = [row for row in truth["annotations"] if row["image_id"] == image]
        real = [row for row in known if not row["iscrowd"]]
        crowds = [row for row in known if row["iscrowd"]]
        some = sorted((row for row in found if row["image_id"] == image), key=lambda r: -r["score"])
        some, owner, chosen = some[:100], {}, {}
        value = np.array([[ratio(a["bbox"], b["bbox"]) for b in real] for a in some])
        value = value.reshape(len(some), len(real))
        label = [row["category_id"] for row in real]
        for row in real:
            truths[row["category_id"]] += 1
        for i, row in enumerate(some):
            free = [
                j for j in range(len(real)) if label[j] == row["category_id"] and j not in owner
            ]
            if free and value[i, j := max(free, key=lambda j: value[i, j])] >= iou:
                owner[j] = i
        for i, row in enumerate(some):
            if i in owner.values():
                right.append((row["category_id"], row["score"]))
                ranked[row["category_id"]].append((row["score"], True))
                continue
            ignored = any(
                ratio(row["bbox"], crowd["bbox"], crowd=True) > iou
                for crowd in crowds
                if crowd["category_id"] == row["category_id"]
            )
            if not ignored:
                ranked[row["category_id"]].append((row["score"], False))
            same = [j for j in range(len(real)) if label[j] == row["category_id"]]
            other = [j for j in range(len(real)) if label[j] != row["category_id"]]
            own = max(same, key=lambda j: value[i, j], default=None)
            alien = max(other, key=lambda j: value[i, j], default=None)
            partner = None
            if own is not None and near <= value[i, own] <= iou:
                kind, partner = "location", own
            elif alien is not None and value[i, alien] >= iou:
                kind, partner = "class", alien
            elif any(j in owner and value[i, j] >= iou for j in same):
                kind = "duplicate"
            elif not real or value[i].max() <= near:
                kind = "background"
            else:
                kind = "both"
            counts[kind] += 1
            fixed = None
            if partner is not None and partner not in owner:
                chosen.setdefault(partner, i)
                if chosen[partner] == i:
                    fixed = label[partner]
            wrong.append((kind, row["category_id"], row["score"], ignored, fixed))
        unfound += [label[j] for j in range(len(real)) if j not in owner]
        lost += [label[j] for j in range(len(real)) if j not in owner and j not in chosen]
    counts["missed"] = len(lost)

    def mean(kind=None, without=(), last=False):
        rows, left = defaultdict(list), dict(truths)
        for name, own, score, ignored, fixed in wrong:
            if name == kind:
                if fixed is not None:
                    rows[fixed].append((score, True))
            elif not ignored:
                rows[own].append((0.0 if last else score, False))
        for own, score in right:
            rows[own].append((1.0 if last else score, True))
        for name in without:
            left[name] -= 1
        return mean_average(rows, left)

    ap = mean_average(ranked, truths)
    costs = {kind: max(mean(kind) - ap, 0.0) for kind in KINDS}
    costs["missed"] = max(mean(without=lost) - ap, 0.0)
    costs["false"] = mean(last=True) - ap
    costs["false negative"] = mean(without=unfound) - ap
    return ap, counts, costs


KINDS = ("class", "location", "both", "duplicate", "background", "missed")
