"""Scores within groups, against all pairs and labels compared one by one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import overlap as ov

pytestmark = pytest.mark.kernels


def boxes(rng, n):
    lower = rng.integers(0, 6, (n, 2))
    return ov.Boxes(np.hstack([lower, lower + rng.integers(1, 5, (n, 2))]))


def plain(matrix, found, truth):
    """By label: rows, columns and the block of a matrix."""
    labels = sorted(set(found) | set(truth))
    result = []
    for label in labels:
        i = [k for k, own in enumerate(found) if own == label]
        j = [k for k, own in enumerate(truth) if own == label]
        result.append((label, i, j, [[matrix[r, c] for c in j] for r in i]))
    return result


def same(got, wanted):
    assert len(got) == len(wanted)
    for block, (label, i, j, values) in zip(got, wanted, strict=True):
        assert block.group == label
        assert (block.found.tolist(), block.truth.tolist()) == (i, j)
        assert block.score.shape == (len(i), len(j))
        assert block.score.tolist() == (values if j else [[]] * len(i))


@pytest.mark.parametrize("score", [ov.iou, ov.giou])
def test_one_matrix_for_each_image(score):
    rng = np.random.default_rng(0)
    found, truth = boxes(rng, 60), boxes(rng, 40)
    matrix = score.pairwise(found, truth)
    one, other = rng.integers(0, 9, 60), rng.integers(3, 12, 40)  # some on one side only
    same(
        score.pairwise(found, truth, groups=(one, other)),
        plain(matrix, one.tolist(), other.tolist()),
    )
    names = [np.array([f"{k}.png" for k in side]) for side in (one, other)]
    wanted = plain(matrix, names[0].tolist(), names[1].tolist())
    same(score.pairwise(found, truth, groups=tuple(names)), wanted)
    assert sum(block.score.size == 0 for block in score.pairwise(found, truth, groups=names)) > 3


def test_images_and_classes():
    rng = np.random.default_rng(1)
    found, truth = boxes(rng, 50), boxes(rng, 50)
    matrix = ov.iou.pairwise(found, truth)
    images = [rng.integers(0, 5, 50) for _ in range(2)]
    labels = [rng.choice(["cat", "dog"], 50) for _ in range(2)]
    sides = [
        list(zip(i.tolist(), c.tolist(), strict=True)) for i, c in zip(images, labels, strict=True)
    ]
    wanted = plain(matrix, *sides)
    tuples = tuple(zip(images, labels, strict=True))
    frames = [pd.DataFrame({"image": i, "label": c}) for i, c in tuples]
    for groups in (tuples, sides, frames):
        same(ov.iou.pairwise(found, truth, groups=groups), wanted)
        sparse = ov.iou.pairs(found, truth, at_least=0.2, groups=groups).toarray()
        together = np.array([[a == b for b in sides[1]] for a in sides[0]])
        np.testing.assert_array_equal(sparse, np.where(together & (matrix >= 0.2), matrix, 0.0))
    one = np.array([hash(side) for side in sides[0]]), np.array([hash(side) for side in sides[1]])
    pairs = [ov.match(found, truth, at_least=0.2, groups=g) for g in (tuples, one)]
    assert pairs[0] == pairs[1]


def test_kinds_whose_terms_come_in_blocks():
    rng = np.random.default_rng(2)
    masks = ov.Masks(rng.random((12, 4, 5)) < 0.5)
    labels = rng.integers(0, 3, 12)
    matrix = ov.iou.pairwise(masks, masks)
    same(
        ov.iou.pairwise(masks, masks, groups=(labels, labels)),
        plain(matrix, labels.tolist(), labels.tolist()),
    )
    assert ov.iou.pairwise(masks[:0], masks[:0], groups=([], [])) == []


def test_clear_errors():
    rng = np.random.default_rng(3)
    found = boxes(rng, 4)
    for groups, error, message in (
        ([1, 2, 3, 4], TypeError, "a pair of arrays of labels"),
        (([1, 2, 3], [1, 2, 3, 4]), ValueError, r"expected shapes \(4,\) and \(4,\)"),
        (([1] * 4, ["a"] * 4), TypeError, "found are int64 and those of truth <U1, which cannot"),
        (((["a"] * 4, [1] * 4), ["a"] * 4), ValueError, r"got 2 columns of \(4,\) and \(4,\)"),
    ):
        with pytest.raises(error, match=message):
            ov.iou.pairwise(found, found, groups=groups)
    with pytest.raises(TypeError, match="out= is for one matrix"):
        ov.iou.pairwise(found, found, groups=([1] * 4, [1] * 4), out=np.empty((4, 4)))
    with pytest.raises(ValueError, match="2 dimensions"):
        ov.iou.pairwise(found, ov.Boxes([[0.0] * 6], dimension=3), groups=([1] * 4, [2]))
