"""COCOeval beside pycocotools' own: every array, every number, every printed line."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from overlap.evaluate import detection
from overlap.interop.pycocotools import COCOeval, patch
from tests.evaluate.coco_sets import evaluated, random_boxes, random_masks

cocoeval = pytest.importorskip("pycocotools.cocoeval")

SETS = {"bbox": random_boxes, "segm": random_masks}


CHANGES = [
    {},
    {"maxDets": np.array([2, 1, 3])},
    {"useCats": 0},
    {"imgIds": [2, 4, 1], "catIds": [3, 1]},
    {"iouThrs": np.array([0.3, 0.5]), "recThrs": np.linspace(0, 1, 11)},
    {"areaRng": [[0, 1e10], [0, 64], [64, 4096], [4096, 1e10]]},
]


@pytest.mark.parametrize("what", ["bbox", "segm"])
@pytest.mark.parametrize("seeds", [range(3), pytest.param(range(3, 50), marks=pytest.mark.slow)])
def test_every_array(what, seeds):
    for seed in seeds:
        for change in CHANGES:
            mine, said = evaluated(COCOeval, *SETS[what](seed), what, **change)
            theirs, printed = evaluated(cocoeval.COCOeval, *SETS[what](seed), what, **change)
            for name in ("precision", "recall", "scores"):
                np.testing.assert_array_equal(
                    mine.eval[name], theirs.eval[name], f"{seed} {change} {name}"
                )
            np.testing.assert_array_equal(mine.stats, theirs.stats)
            assert said == printed
            assert mine.eval["counts"] == theirs.eval["counts"]


@pytest.mark.parametrize("what", ["bbox", "segm"])
def test_matches_of_every_image(what):
    for seed in range(3):
        mine, theirs = (
            evaluated(kind, *SETS[what](seed), what)[0] for kind in (COCOeval, cocoeval.COCOeval)
        )
        assert len(mine.evalImgs) == len(theirs.evalImgs)
        for a, b in zip(mine.evalImgs, theirs.evalImgs, strict=True):
            assert (a is None) == (b is None)
            if a is None:
                continue
            assert set(a) == set(b)
            for name, value in b.items():
                np.testing.assert_array_equal(a[name], value, name)
        assert set(mine.ious) == set(theirs.ious)
        for key, value in theirs.ious.items():
            np.testing.assert_allclose(mine.ious[key], value, rtol=1e-15, err_msg=str(key))


@pytest.mark.parametrize("what", ["bbox", "segm"])
@pytest.mark.parametrize("seeds", [range(3), pytest.param(range(3, 50), marks=pytest.mark.slow)])
def test_annotations_with_the_id_0(what, seeds):
    """pycocotools counts what matches them as false; the mode strict does so, too."""
    moved = 0
    for seed in seeds:
        truth, found = SETS[what](seed)
        for row in truth["annotations"]:
            row["id"] -= 1
        theirs, printed = evaluated(cocoeval.COCOeval, truth, found, what)
        mine, said = evaluated(partial(COCOeval, mode="strict"), truth, found, what)
        for name in ("precision", "recall", "scores"):
            np.testing.assert_array_equal(mine.eval[name], theirs.eval[name], f"{seed} {name}")
        assert said == printed
        report = detection(truth=truth, found=found, mode="strict")
        values = [-1.0 if x != x else x for x in (number.value for number in report.numbers)]
        np.testing.assert_array_equal(values, theirs.stats)
        usual = detection(truth=truth, found=found)
        assert any("1 annotation with the id 0" in x for x in usual.findings)
        moved += usual.numbers[0].value > report.numbers[0].value
    assert moved or what == "segm"  # few masks match


def test_the_demo_runs_with_the_class_exchanged():
    before = cocoeval.COCOeval
    with patch():
        from pycocotools.cocoeval import COCOeval as used

        assert used is COCOeval
        one, printed = evaluated(used, *random_boxes(1))
    assert cocoeval.COCOeval is before
    assert len(one.stats) == 12
    assert printed.count("Average") == 12


def test_steps_in_the_wrong_order_and_keypoints_say_what_to_do():
    with pytest.raises(ValueError, match="keypoints is not supported; use pycocotools"):
        COCOeval(iouType="keypoints")
    with pytest.raises(RuntimeError, match="call evaluate\\(\\) before accumulate"):
        COCOeval().accumulate()
    with pytest.raises(RuntimeError, match="call accumulate\\(\\) before summarize"):
        COCOeval().summarize()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"areaRng": [[0, 9], [9, 99]]}, "areaRng has 2 ranges, and params.areaRngLbl 4 names"),
        ({"iouThrs": [50.0]}, r"50.0 is not in \[0, 1\]"),
    ],
)
def test_parameters_that_do_not_fit(change, message):
    with pytest.raises(ValueError, match=message):
        evaluated(COCOeval, *random_boxes(0), "bbox", **change)


def test_no_images_are_no_numbers():
    """An empty part of a data set has -1, as in pycocotools."""
    for kind in ("bbox", "segm"):
        one, _ = evaluated(COCOeval, *random_boxes(0), kind, imgIds=[])
        assert (one.stats == -1.0).all()
        assert one.evalImgs == []
