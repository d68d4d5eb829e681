"""Protocols of detection beside plain re-expressions of their programs."""

from __future__ import annotations

import copy
import logging
from dataclasses import replace

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


def solid(rng, count):
    return corners(rng, count) + np.array([0, 0, 1, 1])


@pytest.mark.parametrize("seeds", SEEDS)
def test_openimages(seeds):
    """Confidences differ: the program's order of equal ones is that of an unstable sort."""
    for seed in seeds:
        both = tables(seed, solid, moved_apart, ov.Boxes)
        rng = np.random.default_rng(seed)
        truth, found = both["truth"], both["found"]
        flags = {**truth.flags, "crowd": rng.random(len(truth)) < 0.3}
        score = rng.permutation(len(found)) / max(len(found), 1)
        both = {"truth": replace(truth, flags=flags), "found": replace(found, confidence=score)}
        report = detection(**both, protocol="openimages")
        np.testing.assert_array_equal(ap_of(report), programs.openimages(**both), str(seed))


def moved_apart(rng, boxes):
    return np.hstack([moved(rng, boxes)[:, :2], boxes[:, 2:] + 1])


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
        if python and year == 2007:  # DOTA's task 2 has the same rules
            assert ap_of(detection(**both, protocol="dota_task2")) == ap_of(report)


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


def random_lvis(seed):
    """Boxes on a grid, with ignored ones, images that are judged for some categories alone."""
    rng = np.random.default_rng(seed)

    def boxes(count):
        corner, size = rng.integers(0, 8, (count, 2)) * 8, rng.integers(1, 16, (count, 2)) * 8
        image, label = rng.integers(1, 5, count), rng.integers(1, 7, count)
        return [
            {"image_id": int(i), "category_id": int(c), "bbox": [float(x) for x in (*low, *wide)]}
            for i, c, low, wide in zip(image, label, corner, size, strict=True)
        ]

    truths = boxes(int(rng.integers(5, 40)))
    for k, row in enumerate(truths):
        row |= {"id": k + 1, "area": row["bbox"][2] * row["bbox"][3], "segmentation": []}
        if seed % 2:
            row["ignore"] = int(rng.random() < 0.2)
    found = boxes(int(rng.integers(1, 60)))
    for row in truths * 2:
        near = {key: row[key] for key in ("image_id", "category_id")}
        found.append(near | {"bbox": (np.array(row["bbox"]) + rng.integers(0, 2, 4) * 8).tolist()})
    found = [found[k] for k in rng.permutation(len(found))]
    for row in found:
        row["score"] = int(rng.integers(0, 7)) / 7

    def some():
        return rng.permutation(np.arange(1, 7))[: rng.integers(0, 4)].tolist()

    truth = {
        "images": [
            {"id": k, "neg_category_ids": some(), "not_exhaustive_category_ids": some()}
            for k in (3, 1, 2, 4, 6)
        ],
        "categories": [
            {"id": k, "name": f"c{k}", "frequency": str(rng.choice(list("rcf")))}
            for k in (2, 1, 3, 4, 5, 6)
        ],
        "annotations": truths,
    }
    return truth, found


THIRTEEN = {
    "AP": "AP", "AP50": "AP50", "AP75": "AP75", "APs": "AP[small]", "APm": "AP[medium]",
    "APl": "AP[large]", "APr": "AP[rare]", "APc": "AP[common]", "APf": "AP[frequent]",
    "AR@{}": "AR@{}", "ARs@{}": "AR[small]", "ARm@{}": "AR[medium]", "ARl@{}": "AR[large]",
}  # fmt: skip


@pytest.mark.parametrize("seeds", [range(3), pytest.param(range(3, 300), marks=pytest.mark.slow)])
def test_lvis(seeds):
    for seed in seeds:
        truth, found = random_lvis(seed)
        most = (300, 12)[seed % 2]
        report = detection(truth=truth, found=found, protocol="lvis", max_detections=str(most))
        mine = [report.summary[name.format(most)] for name in THIRTEEN.values()]
        wanted = programs.lvis(truth, found, most=most)
        np.testing.assert_array_equal(np.nan_to_num(mine, nan=-1.0), wanted, str(seed))


@pytest.mark.parametrize("seeds", SEEDS)
@pytest.mark.parametrize("most", [300, 12])
@pytest.mark.filterwarnings("ignore:.*warn. method is deprecated")
def test_every_digit_of_the_package_lvis(seeds, most, monkeypatch):
    lvis = pytest.importorskip("lvis")
    monkeypatch.setattr(np, "float", float, raising=False)  # which NumPy had once
    for seed in seeds:
        truth, found = random_lvis(seed)
        report = detection(truth=truth, found=found, protocol="lvis", max_detections=str(most))
        data = object.__new__(lvis.LVIS)
        data.logger = logging.getLogger("lvis")
        data.dataset = copy.deepcopy(truth)
        data._create_index()
        results = lvis.LVISResults(data, copy.deepcopy(found), max_dets=most)
        evaluation = lvis.LVISEval(data, results, "bbox")
        evaluation.params.max_dets = most
        evaluation.run()
        for theirs, mine in THIRTEEN.items():
            value = report.summary[mine.format(most)]
            wanted = evaluation.results[theirs.format(most)]
            assert (-1.0 if np.isnan(value) else value) == wanted, (seed, mine)


def test_lvis_asks_what_was_judged():
    truth, found = random_lvis(0)
    report = detection(truth=truth, found=found, protocol="lvis")
    assert report.settings["found"]["unjudged"] > 0
    assert any("that nobody looked for" in note for note in report.settings["notes"])
    for image in truth["images"]:
        del image["neg_category_ids"]
    with pytest.raises(ValueError, match="does not say which classes were looked for"):
        detection(truth=truth, found=found, protocol="lvis")
    truth["images"][0]["not_exhaustive_category_ids"] = [77]
    with pytest.raises(ValueError, match=r"images\[0\]: not_exhaustive_category_ids is \[77\]"):
        detection(truth=truth, found=found)


def upright(rng, count):
    rows = np.zeros((count, 7))
    rows[:, :2] = rng.integers(0, 12, (count, 2)) / 2
    rows[:, 3:6] = 1.0
    rows[:, 6] = rng.uniform(-3, 3, count)
    return rows


def driven(rng, rows):
    rows = rows.copy()
    rows[:, :2] += rng.integers(-2, 3, (len(rows), 2)) / 4
    return rows


@pytest.mark.parametrize("seeds", SEEDS)
def test_nuscenes(seeds):
    """Centers on a grid: distances of 0.5, 1 and 2 do not match, and many are equal."""
    for seed in seeds:
        both = tables(seed, upright, driven, ov.UprightBoxes)
        report = detection(**both, protocol="nuscenes")
        rows = report.rows()
        wanted = []
        for distance in (0.5, 1.0, 2.0, 4.0):
            mine = [row["value"] for row in rows if row["distance"] == distance]
            wanted.append(programs.nuscenes(**both, distance=distance))
            np.testing.assert_array_equal(mine, wanted[-1], f"{seed} {distance}")
        assert report.summary["mAP"] == pytest.approx(np.mean(wanted), abs=1e-15)
