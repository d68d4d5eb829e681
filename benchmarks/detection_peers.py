"""Detections in COCO's form, and their evaluation by programs of COCO's kind.

Every function imports its peer inside and returns a call without arguments, or raises
ImportError. A call returns the 12 numbers.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

__all__ = [
    "box_files",
    "cocoeval",
    "cocoeval_of_files",
    "mask_files",
    "results",
    "truth",
    "vernier_of_files",
    "with_masks",
]

Call = Callable[[], Any]

#: Modules that have ``COCO`` and ``COCOeval``, and the name of the latter.
_MODULES = {
    "pycocotools": ("pycocotools.coco", "pycocotools.cocoeval", "COCOeval"),
    "faster-coco-eval": ("faster_coco_eval", "faster_coco_eval", "COCOeval_faster"),
    "hotcoco": ("hotcoco", "hotcoco", "COCOeval"),
    "ultrafast-pycocotools": ("ultrafast_pycocotools", "ultrafast_pycocotools", "COCOeval"),
}


def truth(count: int, seed: int) -> dict[str, Any]:
    """Return annotated boxes as COCO's validation set has them: 7.2 an image, 80 categories."""
    rng = np.random.default_rng(seed)
    images = max(count * 5 // 36, 1)
    share = 1.0 / np.arange(1, 81)
    label = rng.choice(80, count, p=share / share.sum())
    side = np.exp(rng.normal(4.0, 1.0, (count, 2))).clip(4.0, 400.0)
    corner = rng.uniform(0.0, 1.0, (count, 2)) * (640.0 - side)
    boxes = np.hstack([corner, side]).round(2)
    image, crowd = rng.integers(0, images, count), rng.random(count) < 0.01
    return {
        "images": [{"id": k, "width": 640, "height": 640} for k in range(images)],
        "categories": [{"id": k + 1, "name": f"class {k}"} for k in range(80)],
        "annotations": [
            {
                "id": k + 1,
                "image_id": int(image[k]),
                "category_id": int(label[k]) + 1,
                "bbox": boxes[k].tolist(),
                "area": float(boxes[k, 2] * boxes[k, 3]),
                "iscrowd": int(crowd[k]),
            }
            for k in range(count)
        ],
    }


def results(given: dict[str, Any], count: int, seed: int) -> list[dict[str, Any]]:
    """Return detections near the annotations, of which half are in a wrong image or category."""
    rng = np.random.default_rng(seed)
    rows = given["annotations"]
    pick = rng.integers(0, len(rows), count)
    boxes = np.array([row["bbox"] for row in rows])[pick]
    boxes += rng.normal(0.0, 0.12, boxes.shape) * np.tile(boxes[:, 2:], 2)
    boxes[:, 2:] = np.abs(boxes[:, 2:]) + 1.0
    boxes, score = boxes.round(2), rng.random(count).round(5)
    image = np.array([row["image_id"] for row in rows])[pick]
    image = np.where(rng.random(count) < 0.7, image, rng.integers(0, len(given["images"]), count))
    label = np.array([row["category_id"] for row in rows])[pick]
    label = np.where(rng.random(count) < 0.8, label, rng.integers(1, 81, count))
    columns = image.tolist(), label.tolist(), boxes.tolist(), score.tolist()
    names = "image_id", "category_id", "bbox", "score"
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def with_masks(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return rows with the ellipse in each box, as compressed run lengths of 640 x 640 cells."""
    from pycocotools import mask

    center = np.arange(640) + 0.5
    result = []
    for row in rows:
        x, y, width, height = row["bbox"]
        across = ((center - x) / width * 2.0 - 1.0) ** 2
        down = ((center - y) / height * 2.0 - 1.0) ** 2
        column, line = np.flatnonzero(across <= 1.0), np.flatnonzero(down <= 1.0)
        inside = down[line, None] + across[column] <= 1.0
        column = column[inside.any(axis=0)]
        inside = inside[:, inside.any(axis=0)]
        # one run of each column: where it starts in the mask, and where it ends
        start = 640 * column + (line[inside.argmax(axis=0)] if len(column) else 0)
        ends = np.stack([start, start + inside.sum(axis=0)], axis=1).ravel()
        counts = np.diff(ends, prepend=0, append=640 * 640)
        rle = mask.frPyObjects({"size": [640, 640], "counts": counts.tolist()}, 640, 640)
        rle["counts"] = rle["counts"].decode()
        # results without bbox: with it, programs take the size of the box for that of the mask
        kept = {name: value for name, value in row.items() if name != "bbox" or "id" in row}
        result.append({**kept, "segmentation": rle})
    return result


def box_files(folder: Path, truths: int, found: int) -> list[Path]:
    """Write truths and results with boxes."""
    known = truth(truths, 0)
    return _written(folder, known, results(known, found, 1))


def mask_files(folder: Path, truths: int, found: int) -> list[Path]:
    """Write truths and results with masks."""
    known = truth(truths, 0)
    rows = with_masks(results(known, found, 1))
    return _written(folder, {**known, "annotations": with_masks(known["annotations"])}, rows)


def _written(folder: Path, *contents: Any) -> list[Path]:
    paths = [folder / name for name in ("truth.json", "found.json")]
    for path, content in zip(paths, contents, strict=True):
        path.write_text(json.dumps(content))
    return paths


def _program(name: str) -> tuple[Any, Any]:
    of_files, of_numbers, word = _MODULES[name]
    return importlib.import_module(of_files).COCO, getattr(
        importlib.import_module(of_numbers), word
    )


def _evaluated(program: Any, known: Any, found: Any, kind: str) -> list[float]:
    one = program(known, found, kind)
    one.evaluate()
    one.accumulate()
    one.summarize()
    return [float(value) for value in one.stats[:12]]


def cocoeval(name: str, truth_file: Path, found_file: Path, kind: str = "bbox") -> Call:
    """``evaluate``, ``accumulate`` and ``summarize`` of inputs that are read."""
    reader, program = _program(name)
    with contextlib.redirect_stdout(io.StringIO()):
        known = reader(str(truth_file))
        found = known.loadRes(str(found_file))

    def call() -> list[float]:
        with contextlib.redirect_stdout(io.StringIO()):
            return _evaluated(program, known, found, kind)

    return call


def cocoeval_of_files(name: str, truth_file: Path, found_file: Path, kind: str = "bbox") -> Call:
    """The same with reading."""
    _program(name)

    def call() -> list[float]:
        return cocoeval(name, truth_file, found_file, kind)()

    return call


def vernier_of_files(truth_file: Path, found_file: Path) -> Call:
    """``vernier.instance.Evaluator``, which has no step of reading."""
    from vernier import instance

    program = instance.Evaluator(iou=instance.Bbox(), parity_mode="strict")

    def call() -> list[float]:
        summary = program.evaluate(truth_file.read_bytes(), found_file.read_bytes())
        return [float(value) for value in summary.stats]

    return call
