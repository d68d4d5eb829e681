"""Masks of label maps and of COCO run lengths against dense masks and other programs."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import overlap as ov
from overlap.regions.masks import label_map
from overlap.testing import all_scores

SCORES = (ov.iou, ov.giou, ov.diou, ov.eiou, ov.iou - ov.enclosed_gap)


def layers(label_map: np.ndarray, labels: np.ndarray, **settings) -> ov.Masks:
    """The same masks, one-hot."""
    return ov.Masks(np.stack([label_map == label for label in labels]), **settings)


@pytest.fixture(params=["C", "F", "mixed"])
def maps(request: pytest.FixtureRequest) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    found = rng.integers(-1, 5, (5, 6, 7)).repeat(3, axis=2)
    truth = np.where(rng.random(found.shape) < 0.7, found, rng.integers(0, 7, found.shape))
    found, truth = found.astype(np.int16), truth.astype(np.int32)
    if request.param != "C":
        found = np.asfortranarray(found)
    return found, np.asfortranarray(truth) if request.param == "F" else truth


@pytest.mark.slow  # to compile
def test_labels_are_layers(maps: tuple[np.ndarray, np.ndarray]) -> None:
    spacing = (1.0, 2.0, 0.5)
    found = ov.Masks.from_labels(maps[0], spacing=spacing)
    truth = ov.Masks.from_labels(maps[1], [3, 1, 9, 2, 0, 3], spacing=spacing)
    assert found.labels is not None
    assert found.labels.tolist() == [-1, 1, 2, 3, 4]
    dense = [
        layers(table, batch.labels, spacing=spacing)
        for table, batch in zip(maps, (found, truth), strict=True)
    ]
    assert dense[0] == found
    assert dense[1] == truth
    np.testing.assert_array_equal(truth.to_array(), dense[1].to_array())
    for score in SCORES:
        wanted = score.pairwise(*dense)
        for pair in ((found, truth), (found, dense[1]), (dense[0], truth)):
            np.testing.assert_array_equal(score.pairwise(*pair), wanted)
        np.testing.assert_array_equal(score.pairwise(truth, found), score.pairwise(*dense[::-1]))
        np.testing.assert_array_equal(score(found, truth[:5]), np.diagonal(wanted[:, :5]))


def test_sparse_pairs_are_those_that_meet(maps: tuple[np.ndarray, np.ndarray]) -> None:
    found = ov.Masks.from_labels(maps[0])[::-1]
    truth = ov.Masks.from_labels(maps[1], [3, 1, 9, 2, 3])
    dense = ov.iou.pairwise(found, truth)
    sparse = ov.iou.pairs(found, truth, at_least=0.05)
    np.testing.assert_array_equal(sparse.toarray(), np.where(dense >= 0.05, dense, 0.0))
    everything = ov.iou.pairs(found, truth, at_least=0.0, strict=True)
    assert everything.nnz == np.count_nonzero(dense > 0)


def test_one_pass_for_all_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    passes = []
    count = label_map.count_label_pairs

    def counted(*args):
        passes.append(1)
        return count(*args)

    monkeypatch.setattr(label_map, "count_label_pairs", counted)
    rng = np.random.default_rng(1)
    tables = rng.integers(0, 30, (2, 40, 50))
    found, truth = (ov.Masks.from_labels(table, range(1, 30)) for table in tables)
    for score in SCORES:
        score.pairwise(found, truth)
        score(found[3:9], truth[1:7])
        score.pairwise(found[::2], truth)
    ov.iou.pairs(found, truth, at_least=0.1)
    assert len(passes) == 1


def test_many_labels_and_none() -> None:
    rng = np.random.default_rng(2)
    tables = rng.integers(0, 3000, (2, 60, 70)).repeat(2, axis=2)
    found, truth = (ov.Masks.from_labels(table.astype(np.uint16)) for table in tables)
    sparse = ov.iou.pairs(found, truth, at_least=0.0, strict=True).tocsr()
    assert found.labels is not None
    for k in (0, 17, len(found) - 1):
        wanted = ov.iou.pairwise(layers(tables[0], found.labels[k : k + 1]), truth)[0]
        np.testing.assert_array_equal(sparse[[k]].toarray()[0], wanted)
    empty = ov.Masks.from_labels(np.zeros((3, 3), int))
    assert len(empty) == 0
    assert ov.iou.pairwise(empty, empty).shape == (0, 0)
    absent = ov.Masks.from_labels(np.zeros((3, 3), int), [5])
    assert absent.measure() == 0
    assert np.isnan(ov.iou(absent, absent)[0])


def test_label_maps_are_kept_whole() -> None:
    table = np.arange(6).reshape(2, 3)
    masks, referred = ov.Masks.from_labels(table), ov.Masks.from_labels(table, copy=False)
    assert np.shares_memory(referred._cells.data.map, table)  # type: ignore[union-attr]
    table[:] = 0
    assert masks.labels is not None
    assert masks.labels.tolist() == [1, 2, 3, 4, 5]
    assert masks.measure().tolist() == [1.0] * 5
    assert pickle.loads(pickle.dumps(masks)) == masks
    assert ov.Masks.from_labels(np.array([[0.0, 2.0]])) == ov.Masks([[[False, True]]])


@pytest.mark.parametrize(
    ("table", "labels", "error", "message"),
    [
        (np.array([[1.0, 2.5]]), None, ValueError, r"label_map\[0, 1\] = 2.5 is not a whole"),
        (np.array([[np.nan, 2.0]]), None, ValueError, r"label_map\[0, 0\] = nan is not a whole"),
        (np.array(["a"]), None, TypeError, "expected integer labels"),
        (np.array([[1, 2]]), [1.5], TypeError, r"labels = \[1.5\]; expected whole numbers"),
    ],
)
def test_bad_labels(table: np.ndarray, labels: list, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        ov.Masks.from_labels(table, labels)


# ----------------------------------------------------------------------------- run lengths


@pytest.mark.kernels
@settings(max_examples=60, deadline=None, database=None, derandomize=True)
@given(
    st.tuples(st.integers(1, 30), st.integers(1, 30)).flatmap(
        lambda shape: hnp.arrays(np.bool_, (2, *shape))
    )
)
def test_run_lengths_are_those_of_coco(cells: np.ndarray) -> None:
    from pycocotools import mask as coco

    masks = ov.Masks(cells)
    table = np.asfortranarray(np.moveaxis(cells, 0, -1).astype(np.uint8))
    theirs = coco.encode(table)
    text = [{"size": rle["size"], "counts": rle["counts"].decode()} for rle in theirs]
    assert masks.to_rle() == text
    for rles in (theirs, text, masks.to_rle(compressed=False)):
        again = ov.Masks.from_rle(rles)
        assert again == masks
        np.testing.assert_array_equal(again.to_array(), cells)
    np.testing.assert_array_equal(
        np.nan_to_num(ov.iou.pairwise(masks, ov.Masks.from_rle(theirs))),
        coco.iou(theirs, theirs, [0, 0]),
    )


@pytest.mark.kernels
def test_runs_and_packed_cells_are_the_same_words() -> None:
    rng = np.random.default_rng(5)
    share = np.array([0.0, 0.002, 0.05, 0.5, 0.97, 1.0])[:, None, None]
    cells = rng.random((6, 90, 301)) < share  # in memory: 90 columns of 301 cells
    cells[3] = np.arange(301) % 200 < rng.integers(0, 200, (90, 1))  # runs of several words
    turned = cells.transpose(0, 2, 1)
    rles = ov.Masks(turned).to_rle()
    packed, filled = ov.Masks(turned)._cells.bits, ov.Masks.from_rle(rles)._cells.bits
    assert packed.order == filled.order == "F"
    for name in ("first", "length", "words", "count"):
        np.testing.assert_array_equal(getattr(packed, name), getattr(filled, name), name)
    for one, (low, high) in zip(cells, filled.span, strict=True):
        there = np.flatnonzero(one.any(axis=0))
        assert there.size == 0 or low <= there[0] < there[-1] < high <= 301


def test_long_counts() -> None:
    """Counts of several digits, and differences below 0."""
    from pycocotools import mask as coco

    cells = np.zeros((1, 3000, 2000), bool)
    cells[0, 100:2900, 300:1500] = True
    cells[0, ::7, 1600] = True
    rle = ov.Masks(cells).to_rle()
    (theirs,) = coco.encode(np.asfortranarray(np.moveaxis(cells, 0, -1).astype(np.uint8)))
    assert rle == [{**theirs, "counts": theirs["counts"].decode()}]
    assert ov.Masks.from_rle(rle).measure()[0] == cells.sum()


@pytest.mark.parametrize(
    ("rles", "error", "message"),
    [
        ({"size": [2, 2], "counts": [4]}, TypeError, "put the one in a list"),
        ([], ValueError, "at least one mask"),
        ([{"size": [2, 2]}], TypeError, r"rles\[0\] = .*expected"),
        ([{"size": [2, 2], "counts": [4]}, {"size": [2, 2]}], TypeError, r"rles\[1\] = .*expected"),
        ([{"size": [2, 2], "counts": [4]}, [0, 0, 1]], TypeError, r"rles\[1\] = .*Polygons"),
        ([{"size": [2, 2], "counts": [4]}, np.zeros(3)], TypeError, r"rles\[1\] = .*expected"),
        ([{"size": [2, 0], "counts": []}], ValueError, r"size \[2, 0\]; it must be >= 1"),
        (
            [{"size": [2, 2], "counts": [3]}],
            ValueError,
            r"add up to 3, and its size \[2, 2\] has 4",
        ),
        ([{"size": [2, 2], "counts": [5, -1]}], ValueError, r"counts\[1\] of rles\[0\] is -1"),
        ([{"size": [2, 2], "counts": [1.5]}], TypeError, "whole numbers"),
        ([{"size": [2, 2], "counts": b"4\x01"}], ValueError, "damaged at character 1"),
        ([{"size": [2, 2], "counts": b"3T"}], ValueError, "damaged at character 2"),
        (
            [{"size": [2, 2], "counts": [4]}, {"size": [2, 3], "counts": [6]}],
            ValueError,
            r"rles\[1\] has size \(2, 3\) and rles\[0\] \(2, 2\)",
        ),
    ],
)
def test_bad_run_lengths(rles: object, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        ov.Masks.from_rle(rles)  # type: ignore[arg-type]


def test_run_lengths_that_end_early() -> None:
    """What is left is outside; pycocotools decodes it to what happens to lie in memory."""
    from pycocotools import mask as coco

    rng = np.random.default_rng(4)
    for _ in range(200):
        height, width = rng.integers(1, 7, 2).tolist()
        total = height * width
        ends = np.sort(rng.integers(0, total + 1, rng.integers(0, 6)))
        counts = np.diff(ends, prepend=0).tolist()
        flat = np.zeros(total, bool)
        for k in range(1, len(ends), 2):
            flat[ends[k - 1] : ends[k]] = True
        wanted = flat.reshape(width, height).T
        plain = {"size": [height, width], "counts": counts}
        full = ov.Masks.from_rle([plain], pad=True)
        np.testing.assert_array_equal(full.to_array()[0], wanted)
        if sum(counts) < total:
            with pytest.raises(ValueError, match=r"add up to .*; pad=True takes the rest"):
                ov.Masks.from_rle([plain])
        else:
            assert ov.Masks.from_rle([plain]) == full
    whole = coco.encode(np.asfortranarray(np.eye(4, 6, dtype=np.uint8)))
    cut = {"size": [4, 6], "counts": whole["counts"][:-1]}  # without the last count, of outside
    for text in (cut["counts"], cut["counts"].decode()):
        with pytest.raises(ValueError, match=r"add up to 16, .* 24 cells; pad=True"):
            ov.Masks.from_rle([{"size": [4, 6], "counts": text}])
        padded = ov.Masks.from_rle([{"size": [4, 6], "counts": text}], pad=True)
        np.testing.assert_array_equal(padded.to_array()[0], np.eye(4, 6, dtype=bool))
    for counts in ([3, 2], coco.encode(np.asfortranarray(np.eye(3, dtype=np.uint8)))["counts"]):
        with pytest.raises(ValueError, match=r"add up to \d+, and its size \[2, 2\] has 4 cells$"):
            ov.Masks.from_rle([{"size": [2, 2], "counts": counts}], pad=True)


def test_what_has_no_run_lengths() -> None:
    with pytest.raises(TypeError, match="these are soft, on 2 axes"):
        ov.Masks(np.zeros((1, 2, 2))).to_rle()
    with pytest.raises(TypeError, match="these are hard, on 3 axes"):
        ov.Masks(np.zeros((1, 2, 2, 2), bool)).to_rle()


@pytest.mark.reference
def test_published_masks_of_coco(reference_data: Path) -> None:
    """IoU, crowd IoU, areas and boxes of every image, as pycocotools has them."""
    wanted = json.loads((reference_data / "masks/reference_pycocotools_rle.json").read_text())
    name = "boxes/coco_val2014_100/instances_val2014_fakesegm100_results.json"
    found = json.loads((reference_data / name).read_text())
    images = [image for image in wanted if image != "_meta"]
    assert images
    for image in images:
        numbers = wanted[image]
        rles = [found[k]["segmentation"] for k in numbers["index"]]
        masks = ov.Masks.from_rle(rles)
        np.testing.assert_array_equal(masks.measure(), numbers["area"])
        np.testing.assert_allclose(ov.iou.pairwise(masks, masks), numbers["iou"], atol=1e-11)
        crowd = ov.coverage.pairwise(masks, masks)
        np.testing.assert_allclose(crowd, numbers["iou_crowd"], atol=1e-11)
        lower, upper = masks.bounds() or ()
        corner = np.vstack([lower[::-1], (upper - lower)[::-1]]).T
        np.testing.assert_array_equal(corner, numbers["bbox_xywh"])
        assert [rle["counts"] for rle in masks.to_rle()] == [rle["counts"] for rle in rles]


def test_every_storage_gives_one_answer() -> None:
    """Dense, soft, labels and run lengths, under every score that they have."""
    rng = np.random.default_rng(3)
    table = rng.integers(0, 6, (9, 11)).repeat(2, axis=0)
    other = np.where(rng.random(table.shape) < 0.6, table, 0)
    labels = np.arange(1, 6)
    batches = []
    for cells in (table, other):
        dense = layers(cells, labels)
        batches.append(
            (
                dense,
                ov.Masks.from_labels(cells, labels),
                ov.Masks.from_rle(dense.to_rle()),
                ov.Masks(dense.to_array().astype(np.float32)),
            )
        )
    compared = 0
    for score in all_scores():
        try:
            wanted = score.pairwise(batches[0][0], batches[1][0])
        except TypeError:
            continue
        compared += 1
        for first in batches[0]:
            for second in batches[1]:
                got = score.pairwise(first, second)
                np.testing.assert_allclose(got, wanted, atol=1e-14, err_msg=str(score))
    assert compared >= 11
