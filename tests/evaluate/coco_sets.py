"""Random data sets in COCO's form, and their numbers by COCOeval."""

from __future__ import annotations

import contextlib
import copy
import io

import numpy as np

SIZES = ((60, 40), (40, 60))


def random_boxes(seed):
    """Boxes on a grid: equal ratios and confidences, crowds, areas at the borders, empty images."""
    rng = np.random.default_rng(seed)

    def boxes(count):
        corner, size = rng.integers(0, 8, (count, 2)) * 8, rng.integers(1, 16, (count, 2)) * 8
        image, label = rng.integers(1, 5, count), rng.integers(1, 4, count)
        return [
            {"image_id": int(i), "category_id": int(c), "bbox": [float(x) for x in (*low, *wide)]}
            for i, c, low, wide in zip(image, label, corner, size, strict=True)
        ]

    truths = boxes(int(rng.integers(5, 40)))
    for k, row in enumerate(truths):
        _, _, width, height = row["bbox"]
        row |= {"id": k + 1, "iscrowd": int(rng.random() < 0.2), "area": width * height}
    found = boxes(int(rng.integers(1, 60)))
    for row in found:
        row["score"] = int(rng.integers(0, 5)) / 5
    for row in truths:
        if rng.random() < 0.6:
            near = {key: row[key] for key in ("image_id", "category_id")}
            shift = rng.integers(-1, 2, 4) * [8, 8, 0, 0]
            near |= {"bbox": (row["bbox"] + shift).tolist(), "score": int(rng.integers(0, 9)) / 9}
            found.append(near)
    truth = {
        "images": [{"id": k} for k in range(1, 7)],
        "categories": [{"id": k, "name": f"c{k}"} for k in range(1, 5)],
        "annotations": truths,
    }
    return truth, found


def random_masks(seed):
    """Masks of one run or several in images of two sizes, as run lengths in both forms."""
    from pycocotools import mask

    rng = np.random.default_rng(seed)
    truth, found = random_boxes(seed)
    sizes = {k: SIZES[k % 2] for k in range(1, 7)}
    for image in truth["images"]:
        image["height"], image["width"] = sizes[image["id"]]
    blobs = rng.random((6, 2400)) < 0.6
    for row in truth["annotations"] + found:
        height, width = sizes[row["image_id"]]
        cells = blobs[rng.integers(0, 6)].copy()
        cells[rng.integers(0, 2000) :][:300] ^= True
        rle = mask.encode(np.asfortranarray(cells.reshape(height, width).astype(np.uint8)))
        row["segmentation"] = {"size": [height, width], "counts": rle["counts"].decode()}
        if "score" in row:
            del row["bbox"]
        else:
            row["area"] = float(mask.area(rle))
    row = truth["annotations"][0]
    row["segmentation"] = [[5.0, 5.5, 30.2, 5.0, 30.0, 31.0], [1.0, 1.0, 4.0, 1.0, 4.0, 4.0]]
    return truth, found


def evaluated(kind, truth, found, what="bbox", **params):
    """Return an evaluation by a class COCOeval with these parameters, and what it prints."""
    from pycocotools.coco import COCO

    printed = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()):
        reader = COCO()
        reader.dataset = truth
        reader.createIndex()
        evaluation = kind(reader, reader.loadRes(copy.deepcopy(found)), what)
        for name, value in params.items():
            setattr(evaluation.params, name, value)
        evaluation.evaluate()
        evaluation.accumulate()
        with contextlib.redirect_stdout(printed):
            evaluation.summarize()
    return evaluation, printed.getvalue()


def pycocotools_numbers(truth, found, what="bbox", **params):
    """Return the twelve numbers of pycocotools."""
    from pycocotools.cocoeval import COCOeval

    return evaluated(COCOeval, truth, found, what, **params)[0].stats
