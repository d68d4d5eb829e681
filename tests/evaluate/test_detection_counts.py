"""Precision, recall, F1 and mean IoU of optimal matching, beside scipy's assignment."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

import overlap as ov
from overlap.evaluate import Detections, compare, detection


def random_set(seed):
    """Boxes on a grid with crowds, ignored and difficult truths, and no confidences."""
    rng = np.random.default_rng(seed)

    def boxes(count):
        low = rng.integers(0, 5, (count, 2))
        return ov.Boxes(np.hstack([low, low + rng.integers(1, 6, (count, 2))]).astype(float))

    def columns(count):
        return rng.integers(0, 3, count), rng.integers(0, 2, count), boxes(count)

    names = {"items": range(4), "labels": range(3)}
    n, m = rng.integers(1, 25, 2)
    flags = {name: rng.random(m) < 0.1 for name in ("crowd", "ignore", "difficult")}
    return Detections.of(*columns(m), **flags, **names), Detections.of(*columns(n), **names)


def plain(truth, found, method, threshold):
    """Counts of each class: true, found that count, truths that count, and the sum of IoU."""
    a, b = found.regions.to_array(), truth.regions.to_array()
    low, high = np.maximum(a[:, None, :2], b[:, :2]), np.minimum(a[:, None, 2:], b[:, 2:])
    shared = np.prod(np.maximum(high - low, 0), axis=2)
    sizes = [np.prod(x[:, 2:] - x[:, :2], axis=1) for x in (a, b)]
    iou = shared / (sizes[0][:, None] + sizes[1] - shared)
    iou = np.where(truth.flags["crowd"], shared / sizes[0][:, None], iou)
    unwanted = np.any(list(truth.flags.values()), axis=0)
    same = (found.item[:, None] == truth.item) & (found.label[:, None] == truth.label)
    near = same & (iou >= threshold)
    worth = np.where(near & ~unwanted, iou + (100.0 if method == "most" else 0.0), 0.0)
    rows, columns = linear_sum_assignment(worth, maximize=True)
    taken = worth[rows, columns] > 0
    rows, columns = rows[taken], columns[taken]
    ignored = (near & unwanted).any(axis=1)
    ignored[rows] = False
    result = []
    for c in range(3):
        hits = found.label[rows] == c
        result.append((
            hits.sum(), ((found.label == c) & ~ignored).sum(),
            ((truth.label == c) & ~unwanted).sum(), iou[rows[hits], columns[hits]].sum(),
        ))  # fmt: skip
    return np.array(result)


@pytest.mark.parametrize("method", ["optimal", "most"])
@pytest.mark.parametrize("seeds", [range(10), pytest.param(range(10, 300), marks=pytest.mark.slow)])
def test_beside_linear_sum_assignment(method, seeds):
    differ = 0
    for seed in seeds:
        truth, found = random_set(seed)
        report = detection(
            truth=truth, found=found, protocol="f1", matching=method, iou=[0.05, 0.5]
        )
        for t, threshold in enumerate((0.05, 0.5)):
            counts = plain(truth, found, method, threshold)
            rows = [row for row in report.rows() if row["iou"] == threshold]
            mine = [[row["n_true"], row["n_true"] + row["n_false"], row["n_truth"]] for row in rows]
            assert mine == counts[:, :3].astype(int).tolist()
            true, kept, wanted, shared = counts.sum(axis=0)
            with np.errstate(invalid="ignore"):
                values = [2 * true / (kept + wanted), true / kept, true / wanted, shared / true]
            names = [
                f"{name}@{threshold:.2f}" for name in ("F1", "precision", "recall", "mean IoU")
            ]
            np.testing.assert_allclose(report.summary[names], values, rtol=0, atol=1e-11)
            differ += (plain(truth, found, "most", threshold) != counts).any() and t == 0
    assert method == "most" or differ or len(seeds) < 100


def test_only_counts_need_no_confidences(tmp_path):
    truth, found = random_set(1)
    with pytest.raises(ValueError, match="has no confidences; give one for each region, or use"):
        detection(truth=truth, found=found)
    with pytest.raises(ValueError, match="has no confidences"):
        detection(truth=truth, found=found, protocol="f1", matching="greedy")
    report = detection(truth=truth, found=found, protocol="f1")
    assert np.isnan(report.matches["confidence"]).all()
    assert report.summary["F1@0.50"] == report.numbers[0].value
    page = report.to_html(tmp_path / "page.html")
    assert "Mean IoU of matched pairs" in page
    assert "Calibration" not in page
    assert "F1@0.50" in str(report)
    with pytest.raises(ValueError, match="no curves without confidences"):
        report.plot(tmp_path / "curves.png")
    other = detection(truth=truth, found=found.select(np.arange(len(found) // 2)), protocol="f1")
    assert compare(other, report, names=["half", "whole"]).metric == "F1@0.50"


def test_results_of_coco_without_scores():
    truth = {
        "images": [{"id": 1}],
        "categories": [{"id": 1, "name": "a"}],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 1, "bbox": [0, 0, 4, 4], "iscrowd": 0,
             "area": 16},
        ],
    }  # fmt: skip
    found = [{"image_id": 1, "category_id": 1, "bbox": [0, 0, 4, 3]}]
    with pytest.raises(ValueError, match="no result has a score; give one"):
        detection(truth=truth, found=found)
    with pytest.raises(ValueError, match="rename 'conf' to 'score'"):
        detection(truth=truth, found=[{**found[0], "conf": 0.0}])
    report = detection(truth=truth, found=found, protocol="f1", bootstrap=0)
    assert report.summary.tolist() == [1.0, 1.0, 1.0, 0.75, 1.0]


def test_names_in_the_place_of_ids():
    truth = {
        "images": [{"id": 7, "file_name": "x/y.jpg"}],
        "categories": [{"id": 3, "name": "cat"}],
        "annotations": [],
    }
    row = {"image_id": 7, "category_id": "cat", "bbox": [0, 0, 4, 3], "score": 1.0}
    (said, *_) = detection(truth=truth, found=[row]).findings
    assert "(first: 'cat'); they belong to no class. Write the ids of categories" in said
    with pytest.raises(ValueError, match="it is the file of image 7: write ids"):
        detection(truth=truth, found=[{**row, "image_id": "x/y.jpg"}])


def test_intervals_of_counts():
    rng = np.random.default_rng(0)
    corner = rng.uniform(0, 100, (40, 2))
    item = np.repeat(np.arange(20), 2)
    truth = Detections.of(item, item % 2, ov.Boxes(np.hstack([corner, corner + 10])))
    moved = corner + rng.uniform(0, 6, (40, 1))
    found = Detections.of(item, item % 2, ov.Boxes(np.hstack([moved, moved + 10])))
    report = detection(truth=truth, found=found, protocol="f1", bootstrap=100)
    for number in report.numbers:
        assert number.interval.low < number.value < number.interval.high
