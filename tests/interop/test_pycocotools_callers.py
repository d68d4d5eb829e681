"""Libraries that call COCOeval: their numbers do not change when `patch` exchanges the class."""

from __future__ import annotations

import contextlib
import copy
import importlib.util
import io
import sys
import types

import numpy as np
import pytest

from overlap.interop.pycocotools import COCOeval, patch
from tests.evaluate.coco_sets import random_boxes, random_masks

pycocotools = pytest.importorskip("pycocotools.cocoeval")


def as_detectron2(truth, results, kind):
    """The calls of detectron2's COCOEvaluator, and its numbers: of all and of each category."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval as Used

    results = copy.deepcopy(results)
    if kind == "segm":
        for row in results:
            row.pop("bbox", None)
    with contextlib.redirect_stdout(io.StringIO()):
        api = COCO()
        api.dataset = {"info": {}, **truth}
        api.createIndex()
        loaded = api.loadRes(results)
        one = Used(api, loaded, kind)
        one.params.imgIds = sorted(api.getImgIds())[1:]
        one.evaluate()
        one.accumulate()
        one.summarize()
    names = ("AP", "AP50", "AP75", "APs", "APm", "APl")
    found = {name: float(one.stats[k] * 100) for k, name in enumerate(names)}
    precisions = one.eval["precision"]
    ids = api.getCatIds()
    assert len(ids) == precisions.shape[2]
    for k, name in enumerate(ids):
        precision = precisions[:, :, k, 0, -1]
        precision = precision[precision > -1]
        found[f"AP-{name}"] = float(np.mean(precision) * 100) if precision.size else float("nan")
    return type(one), found


@pytest.mark.parametrize(("kind", "draw"), [("bbox", random_boxes), ("segm", random_masks)])
def test_detectron2(kind, draw):
    truth, results = draw(2)
    theirs, before = as_detectron2(truth, results, kind)
    with patch():
        mine, after = as_detectron2(truth, results, kind)
    assert mine is COCOeval is not theirs
    np.testing.assert_equal(after, before)


def batches():
    import torch

    rng = np.random.default_rng(0)
    sides = [], []
    for _ in range(6):
        many = int(rng.integers(0, 9))
        low = rng.integers(0, 60, (many, 2)).astype(float)
        boxes = np.hstack([low, low + rng.integers(4, 40, (many, 2))])
        near = np.repeat(boxes, 2, axis=0) + rng.integers(-1, 2, (2 * many, 4))
        labels = rng.integers(0, 3, many)
        sides[1].append({
            "boxes": torch.tensor(boxes, dtype=torch.float32), "labels": torch.tensor(labels),
            "iscrowd": torch.tensor((rng.random(many) < 0.2).astype(int)),
        })  # fmt: skip
        sides[0].append({
            "boxes": torch.tensor(near, dtype=torch.float32),
            "scores": torch.tensor(rng.integers(0, 5, 2 * many) / 5, dtype=torch.float32),
            "labels": torch.tensor(np.repeat(labels, 2)),
        })  # fmt: skip
    for side in sides:
        for one in side:
            masks = np.zeros((len(one["boxes"]), 110, 110), dtype=bool)
            for k, (left, top, right, bottom) in enumerate(one["boxes"].int().tolist()):
                masks[k, max(top, 0) : bottom, max(left, 0) : right] = True
            one["masks"] = torch.tensor(masks)
    return sides


@pytest.fixture
def mean_average_precision(monkeypatch):
    """The class of torchmetrics, also without torchvision, of which it calls one function here.

    torchvision's wheel on PyPI is built for the torch of a GPU, and does not load beside another.
    """
    torch = pytest.importorskip("torch")
    module = pytest.importorskip("torchmetrics.detection.mean_ap")
    if importlib.util.find_spec("torchvision") is None:

        def box_convert(boxes, in_fmt, out_fmt):
            assert (in_fmt, out_fmt) == ("xyxy", "xywh")
            return torch.cat([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], dim=1)

        ops = types.ModuleType("torchvision.ops")
        ops.box_convert = box_convert
        monkeypatch.setitem(sys.modules, "torchvision", types.ModuleType("torchvision"))
        monkeypatch.setitem(sys.modules, "torchvision.ops", ops)
        monkeypatch.setattr(module, "_TORCHVISION_AVAILABLE", True)
    return module.MeanAveragePrecision


@pytest.mark.filterwarnings("ignore")  # of the other libraries
@pytest.mark.parametrize("kind", ["bbox", "segm"])
def test_torchmetrics(kind, mean_average_precision):
    found, truth = batches()

    def computed(**options):
        metric = mean_average_precision(
            iou_type=kind, class_metrics=True, extended_summary=True, **options
        )
        for some in (slice(0, 3), slice(3, 6)):
            metric.update(found[some], truth[some])
        return metric.compute()

    for options in (
        {}, {"max_detection_thresholds": [1, 2, 3]}, {"iou_thresholds": [0.3, 0.75]},
        {"average": "micro"},
    ):  # fmt: skip
        before = computed(**options)
        with patch():
            after = computed(**options)
        assert set(before) == set(after)
        assert before["map_50" if "iou_thresholds" not in options else "map"] > 0.2
        for name, value in before.items():
            if name != "ious":
                np.testing.assert_array_equal(np.asarray(value), np.asarray(after[name]), name)
                continue
            assert set(value) == set(after[name])
            for key, ratios in value.items():
                mine, theirs = (np.asarray(x, dtype=float) for x in (after[name][key], ratios))
                np.testing.assert_allclose(mine, theirs, rtol=1e-6)
