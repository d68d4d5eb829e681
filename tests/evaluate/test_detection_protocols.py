"""Protocols of detection beside plain re-expressions of their programs."""

from __future__ import annotations

import numpy as np
import pytest

import overlap as ov
from overlap.evaluate import Detections, detection

from . import detection_programs as programs

SEEDS = [range(6), pytest.param(range(6, 300), marks=pytest.mark.slow)]


def random_sides(seed, regions, near):
    """Truths and detections on a grid: equal ratios and confidences, difficult ones, empty images.

    `regions` draws boxes of a count, `near` moves some of them a little.
    """
    rng = np.random.default_rng(seed)
    images, labels = [f"i{k}" for k in range(5)], ["a", "b", "c"]
    many = int(rng.integers(3, 30))
    boxes = regions(rng, many)
    item, label = rng.integers(0, 4, many), rng.integers(0, 3, many)
    again = rng.integers(0, many, int(rng.integers(0, 40)))
    alone = int(rng.integers(0, 15))
    found = np.concatenate([near(rng, boxes[again]), regions(rng, alone)])
    items = np.concatenate([item[again], rng.integers(0, 5, alone)])
    classes = np.concatenate([label[again], rng.integers(0, 3, alone)])
    mixed = rng.permutation(len(found))
    steps = int(rng.choice([3, 10, 1000]))
    score = rng.integers(0, steps, len(found)) / steps
    difficult = rng.random(many) < 0.2
    return (
        (item, label, boxes, difficult), (items[mixed], classes[mixed], found[mixed], score),
        images, labels,
    )  # fmt: skip


def tables(seed, regions, near, build):
    (item, label, boxes, difficult), found, images, labels = random_sides(seed, regions, near)
    names = {"items": images, "labels": labels}

    def words(index, known):
        return np.array(known, dtype=object)[index]

    truth = Detections.of(
        words(item, images), words(label, labels), build(boxes), difficult=difficult, **names
    )
    item, label, boxes, score = found
    return {
        "truth": truth,
        "found": Detections.of(
            words(item, images), words(label, labels), build(boxes), score, **names
        ),
    }


def corners(rng, count):
    low = rng.integers(0, 6, (count, 2)) * 3.0
    return np.hstack([low, low + rng.integers(0, 6, (count, 2)) * 3.0])


def moved(rng, boxes):
    shifted = boxes + rng.integers(-1, 2, boxes.shape) * 1.0
    return np.hstack([shifted[:, :2], np.maximum(shifted[:, :2], shifted[:, 2:])])


def ap_of(report):
    """AP of each class at the first threshold."""
    rows = [row for row in report.rows() if "area" not in row or row["area"] == "all"]
    first = rows[0].get("iou", rows[0].get("distance"))
    return [row["value"] for row in rows if row.get("iou", row.get("distance")) == first]


PYTHON = {"comparison": ">", "tie_rule": "argsort_negated"}


@pytest.mark.parametrize("seeds", SEEDS)
@pytest.mark.parametrize("year", [2007, 2012])
@pytest.mark.parametrize("python", [False, True])
def test_voc(seeds, year, python):
    """Of the development kits, and of py-faster-rcnn as changed fields."""
    fields = dict(PYTHON) if python else {}
    if python and year == 2007:
        fields["recalls"] = tuple(np.arange(0.0, 1.1, 0.1).tolist())
    for seed in seeds:
        both = tables(seed, corners, moved, ov.Boxes)
        report = detection(**both, protocol=f"voc{year}", **fields)
        wanted = programs.voc(**both, year=year, python=python)
        np.testing.assert_array_equal(ap_of(report), wanted, str(seed))
        assert report.summary["mAP"] == pytest.approx(np.mean(wanted), abs=1e-15)


def quads(rng, count):
    """Rectangles that stand upright on a grid, or turned ones, of which no two ratios are equal."""
    boxes = corners(rng, count) + np.array([0, 0, 3, 3])
    center, half = 0.5 * (boxes[:, :2] + boxes[:, 2:]), 0.5 * (boxes[:, 2:] - boxes[:, :2])
    turn = rng.uniform(0, np.pi, count) if count % 2 else np.zeros(count)
    signs = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    x, y = (half[:, None] * signs).transpose(2, 0, 1)
    cos, sin = np.cos(turn)[:, None], np.sin(turn)[:, None]
    turned = np.stack([cos * x - sin * y, sin * x + cos * y], axis=2)
    return (center[:, None] + turned).reshape(-1, 8)


def pushed(rng, quads):
    shift = rng.integers(-1, 2, (len(quads), 2)).astype(float)
    return quads + np.tile(shift, 4)


def polygons(quads):
    offsets = np.arange(len(quads) + 1)
    x, y = quads[:, ::2].ravel(), quads[:, 1::2].ravel()
    return ov.Polygons.from_rings(x, y, 4 * offsets, offsets)


@pytest.mark.parametrize("seeds", SEEDS)
def test_dota(seeds):
    for seed in seeds:
        both = tables(seed, quads, pushed, polygons)
        report = detection(**both, protocol="dota")
        np.testing.assert_array_equal(ap_of(report), programs.dota(**both), str(seed))
