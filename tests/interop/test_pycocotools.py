"""COCOeval beside pycocotools' own: every array, every number, every printed line."""

from __future__ import annotations

import contextlib
import copy
import io

import numpy as np
import pytest

from overlap.interop.pycocotools import COCOeval, patch

coco = pytest.importorskip("pycocotools.coco")
cocoeval = pytest.importorskip("pycocotools.cocoeval")

SIZES = ((60, 40), (40, 60))


def random_set(seed, masks=False):
    """Boxes or masks with ties, crowds, empty images, areas at the borders."""
    rng = np.random.default_rng(seed)

    def rows(count):
        corner, size = rng.integers(0, 8, (count, 2)) * 8, rng.integers(1, 16, (count, 2)) * 8
        image, label = rng.integers(1, 5, count), rng.integers(1, 4, count)
        return [
            {"image_id": int(i), "category_id": int(c), "bbox": [float(x) for x in (*low, *wide)]}
            for i, c, low, wide in zip(image, label, corner, size, strict=True)
        ]

    truths, found = rows(int(rng.integers(4, 40))), rows(int(rng.integers(1, 60)))
    for row in found:
        row["score"] = int(rng.integers(0, 5)) / 5
    for k, row in enumerate(truths):
        row |= {"id": k + 1, "iscrowd": int(rng.random() < 0.2)}
        row["area"] = row["bbox"][2] * row["bbox"][3]
        if rng.random() < 0.6:
            near = {key: row[key] for key in ("image_id", "category_id")}
            shift = rng.integers(-1, 2, 4) * [8, 8, 0, 0]
            near |= {"bbox": (row["bbox"] + shift).tolist(), "score": int(rng.integers(0, 9)) / 9}
            found.append(near)
    images = [{"id": k, "height": SIZES[k % 2][0], "width": SIZES[k % 2][1]} for k in range(1, 7)]
    if masks:
        from pycocotools import mask

        blobs = rng.random((6, 2400)) < 0.6
        for row in truths + found:
            cells = blobs[rng.integers(0, 6)].copy()
            cells[rng.integers(0, 2000) :][:300] ^= True
            size = SIZES[row["image_id"] % 2]
            rle = mask.encode(np.asfortranarray(cells.reshape(size).astype(np.uint8)))
            row["segmentation"] = {"size": list(size), "counts": rle["counts"].decode()}
            if "score" in row:
                del row["bbox"]
    return {
        "images": images,
        "categories": [{"id": k, "name": f"c{k}"} for k in range(1, 5)],
        "annotations": truths,
    }, found


def evaluated(kind, seed, what="bbox", **params):
    truth, found = random_set(seed, what == "segm")
    printed = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()):
        reader = coco.COCO()
        reader.dataset = truth
        reader.createIndex()
        results = reader.loadRes(copy.deepcopy(found))
        one = kind(reader, results, what)
        for name, value in params.items():
            setattr(one.params, name, value)
        one.evaluate()
        one.accumulate()
        with contextlib.redirect_stdout(printed):
            one.summarize()
    return one, printed.getvalue()


CHANGES = [
    {},
    {"maxDets": [1, 2, 3]},
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
            mine, said = evaluated(COCOeval, seed, what, **change)
            theirs, printed = evaluated(cocoeval.COCOeval, seed, what, **change)
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
        mine, theirs = (evaluated(kind, seed, what)[0] for kind in (COCOeval, cocoeval.COCOeval))
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


def test_the_demo_runs_with_the_class_exchanged():
    before = cocoeval.COCOeval
    with patch():
        from pycocotools.cocoeval import COCOeval as used

        assert used is COCOeval
        one, printed = evaluated(used, 1)
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
