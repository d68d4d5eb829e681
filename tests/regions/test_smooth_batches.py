"""Smoothed batches are batches like others: containers, pairs, suppression, errors."""

from __future__ import annotations

import math

import numpy as np
import pytest

import overlap as ov

from .test_smooth import boxes, intervals

pytestmark = pytest.mark.kernels


def test_all_pairs_are_looked_at() -> None:
    rng = np.random.default_rng(12)
    found, truth = boxes(rng, 40).blurred(0.5), boxes(rng, 30).blurred(0.5)
    dense = ov.iou.pairwise(found, truth)
    apart = ov.iou.pairwise(found.base, truth.base) == 0.0
    assert dense[apart].max() > 0.1  # exact pruning would lose these
    sparse = ov.iou.pairs(found, truth, at_least=0.05)
    np.testing.assert_array_equal(sparse.toarray(), np.where(dense >= 0.05, dense, 0.0))
    confidence = rng.random(40)
    kept, alive = [], np.ones(40, bool)
    matrix = ov.iou.pairwise(found, found)
    for k in np.argsort(-confidence):
        if alive[k]:
            kept.append(k)
            alive &= matrix[:, k] <= 0.3
    np.testing.assert_array_equal(ov.nms(found, confidence, 0.3).index, kept)
    matches = ov.match(found, truth, at_least=0.05, confidence=confidence)
    np.testing.assert_array_equal(matches.score, dense[matches.found, matches.truth])


def test_container() -> None:
    rng = np.random.default_rng(13)
    tube = ov.Product(boxes(rng, 5), intervals(rng, 5), scale=2.0)
    for batch in (
        boxes(rng, 5).blurred(0.25),
        tube.blurred((0.1, 0.5)),
        tube.smooth_min(0.1),
        intervals(rng, 5).smooth_min(0.1, relative=False),
    ):
        names = {name: getattr(ov, name) for name in dir(ov)}
        assert eval(repr(batch), names) == batch
        assert type(batch).concat([batch[:2], batch[2:]]) == batch
        assert batch != batch.base
        assert batch.scaled(2.0).base == batch.base.scaled(2.0)
        np.testing.assert_array_equal(batch.to_array(), batch.base.to_array())
        assert list(batch.to_frame()) == list(batch.base.to_frame())
    line = intervals(rng, 5).blurred(0.1)
    assert np.isfinite(ov.tolerance(ov.iou, line, line[::-1], eps=0.1)).all()
    assert ov.Boxes([[0, 0, 1, 1]], unit="px").blurred(1).unit == "px"


def test_errors() -> None:
    box, line = ov.Boxes([[0, 0, 1, 1]], unit="px"), ov.Intervals([[0, 1]], unit="s")
    with pytest.raises(ValueError, match="sigma = 0 is not a positive number"):
        box.blurred(0)
    with pytest.raises(ValueError, match="alpha = nan is not a positive number"):
        box.smooth_min(math.nan)
    with pytest.raises(TypeError, match="is not a number"):
        box.blurred((1.0, 2.0))
    with pytest.raises(TypeError, match=r"factors are in 'px' and 's'; give a pair"):
        ov.Product(box, line).blurred(0.1)
    with pytest.raises(TypeError, match="Intervals with a period cannot be smoothed"):
        ov.Intervals([[0, 1]], period=4).blurred(0.1)
    with pytest.raises(TypeError, match="RotatedBoxes cannot be smoothed"):
        ov.RotatedBoxes([[0, 0, 1, 1, 0]]).smooth_min(0.1)
    with pytest.raises(ValueError, match=r"sigma = 0\.1 and truth has sigma = 0\.2"):
        ov.iou(box.blurred(0.1), box.blurred(0.2))
    with pytest.raises(TypeError, match="found is Blurred and truth is Boxes"):
        ov.iou(box.blurred(0.1), box)
    for score in (ov.coverage, ov.overlap_coefficient):
        with pytest.raises(TypeError, match=f"{score}: Blurred can share more"):
            score(box.blurred(0.1), box.blurred(0.1))
    mixed = ov.Product(box.blurred(0.1), line)
    with pytest.raises(TypeError, match="coverage: Product can share more"):
        ov.coverage(mixed, mixed)
    np.testing.assert_array_equal(ov.iou(mixed, mixed), 1.0)
    np.testing.assert_allclose(ov.coverage(box.smooth_min(1e-9), box.smooth_min(1e-9)), 1.0)
