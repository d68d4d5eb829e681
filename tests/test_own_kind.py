"""A kind of region in somebody else's package: one file, and all that scores are used for."""

from __future__ import annotations

import math
import pickle
from typing import Any

import numpy as np
import pytest

import overlap as ov
from overlap.regions.base import Geometry, Groups
from overlap.testing import check_regions

pytestmark = pytest.mark.kernels


@ov.scalar
def disc_overlap(a, i, b, j):
    """Return both areas and the area of the lens that two discs share."""
    r, s = max(a[2][i], b[2][j]), min(a[2][i], b[2][j])
    d = math.hypot(a[0][i] - b[0][j], a[1][i] - b[1][j])
    lens = math.pi * s * s if d <= r - s else 0.0
    if r - s < d < r + s:
        t = 2.0 * math.acos(min((d * d + r * r - s * s) / (2.0 * d * r), 1.0))
        u = 2.0 * math.acos(max((d * d + s * s - r * r) / (2.0 * d * s), -1.0))
        lens = 0.5 * (r * r * (t - math.sin(t)) + s * s * (u - math.sin(u)))
    return math.pi * a[2][i] * a[2][i], math.pi * b[2][j] * b[2][j], min(lens, math.pi * s * s)


@ov.scalar
def disc_enclosure(a, i, b, j):
    """Return the area of the smallest disc around both, the squared gap and its diameter."""
    r, s = max(a[2][i], b[2][j]), min(a[2][i], b[2][j])
    d = math.hypot(a[0][i] - b[0][j], a[1][i] - b[1][j])
    around = max(0.5 * (d + (r + s)), r)
    return math.pi * around * around, d * d, 4.0 * around * around


class Discs(ov.Regions):
    """Discs in the plane, one ``x, y, r`` per row."""

    columns = ("x", "y", "r")
    overlap = disc_overlap
    enclosure = disc_enclosure


class QuickDiscs(Discs):
    """Discs that say what else they can do."""

    @property
    def dimension(self) -> int:
        return 2

    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        x, y, r = self._arrays
        return np.stack([x - r, y - r]), np.stack([x + r, y + r])

    def contains(self, points: np.ndarray) -> np.ndarray:
        x, y, r = (column[:, None] for column in self._arrays)
        return np.hypot(points[:, 0] - x, points[:, 1] - y) < r


class WrittenDiscs(ov.Regions):
    """Discs whose terms are written for many pairs at once."""

    columns = ("x", "y", "r")

    def geometry(self, enclosure: str = "natural") -> Geometry:
        return Geometry(written=Groups.OVERLAP)

    def fill_block(self, index, other, other_index, geometry, needs, block) -> None:
        a = tuple(column[index] for column in self._arrays)
        b = tuple(column[other_index] for column in other._arrays)
        for k in range(len(index)):
            block[:3, k] = disc_overlap(a, k, b, k)


def discs(rng: np.random.Generator, n: int, kind: Any = QuickDiscs) -> Any:
    return kind(np.column_stack([2.0 * rng.random((n, 2)), rng.uniform(0.2, 0.6, n)]))


FOUND, TRUTH = (discs(np.random.default_rng(seed), 40) for seed in (1, 2))
MATRIX = ov.iou.pairwise(FOUND, TRUTH)


def test_laws_hold_and_name_what_is_missing() -> None:
    scores = [ov.iou, ov.giou]
    summary = check_regions(discs, scores=scores, pairs=40)
    assert summary.has == ("bounds", "contains")
    assert set(summary.lacks) == {
        "scores", "gradient", "boundary", "scaled", "pull_scaled", "blurred",
    }  # fmt: skip
    assert "ciou" in summary.lacks["scores"]
    assert "giou" not in summary.lacks["scores"].replace("mpdiou", "")
    text = str(check_regions(discs(np.random.default_rng(3), 40, Discs), scores=[ov.iou], pairs=40))
    assert "no bounds: Score.pairs, nms and match look at all pairs" in text


def test_overlaps_are_those_of_fine_grids() -> None:
    grid = ov.Grid((200, 200), (0.017, 0.017), (-0.7, -0.7))
    drawn = (ov.Masks.from_regions(batch, grid) for batch in (FOUND, TRUTH))
    np.testing.assert_allclose(ov.iou(FOUND, TRUTH), ov.iou(*drawn), atol=0.02)


@pytest.mark.parametrize("kind", [Discs, QuickDiscs])
def test_sparse_pairs_are_those_of_the_matrix(kind: Any) -> None:
    batches = (kind(batch.to_array()) for batch in (FOUND, TRUTH))
    got = ov.iou.pairs(*batches, at_least=0.2)
    np.testing.assert_array_equal(got.toarray(), np.where(MATRIX >= 0.2, MATRIX, 0.0))


class SparseDiscs(WrittenDiscs):
    """Discs that write what is not 0, and leave anything where no score of the overlap reads."""

    def fill_block(self, index, other, other_index, geometry, needs, block) -> None:
        whole = np.empty_like(block)
        super().fill_block(index, other, other_index, geometry, needs, whole)
        block[:3] += whole[:3]
        block[3:] = np.nan


def test_rows_that_are_read_begin_as_zeros_and_the_others_are_not_read() -> None:
    batches = [SparseDiscs(batch.to_array()) for batch in (FOUND, TRUTH)]
    np.full((11, len(FOUND) * len(TRUTH)), np.nan)  # what new memory may hold
    np.testing.assert_array_equal(ov.iou.pairwise(*batches), MATRIX)
    np.testing.assert_array_equal((ov.iou + ov.dice).pairwise(*batches) > 0.0, MATRIX > 0.0)


def test_suppression_keeps_the_best_of_every_crowd() -> None:
    confidence = np.random.default_rng(4).random(len(FOUND))
    own = ov.iou.pairwise(FOUND, FOUND)
    kept: list[int] = []
    for k in np.argsort(-confidence):
        if not any(own[k, other] > 0.3 for other in kept):
            kept.append(int(k))
    assert ov.nms(FOUND, confidence, threshold=0.3).index.tolist() == kept


def test_matches_are_the_best_that_are_free() -> None:
    free = MATRIX.copy()
    wanted = []
    for k in range(len(FOUND)):
        best = int(free[k].argmax())
        if free[k, best] >= 0.3:
            wanted.append((k, best))
            free[:, best] = -1.0
    confidence = -np.arange(len(FOUND), dtype=float)
    matches = ov.match(FOUND, TRUTH, at_least=0.3, confidence=confidence)
    pairs = zip(matches.found.tolist(), matches.truth.tolist(), strict=True)
    assert sorted(pairs) == wanted


def test_terms_can_be_written_for_many_pairs() -> None:
    found, truth = (WrittenDiscs(batch.to_array()) for batch in (FOUND, TRUTH))
    np.testing.assert_array_equal(ov.iou.pairwise(found, truth), MATRIX)
    pairs = ov.iou.pairs(found, truth, at_least=0.2)
    np.testing.assert_array_equal(pairs.toarray(), np.where(MATRIX >= 0.2, MATRIX, 0.0))
    confidence = np.random.default_rng(4).random(len(FOUND))
    kept = (ov.nms(batch, confidence, threshold=0.3).index.tolist() for batch in (FOUND, found))
    assert next(kept) == next(kept)
    with pytest.raises(TypeError, match="WrittenDiscs have no common enclosure"):
        ov.giou(found, truth)
    with pytest.raises(TypeError, match="WrittenDiscs give no gradient"):
        ov.iou.value_and_grad(found, truth)


def test_batches_are_batches() -> None:
    assert pickle.loads(pickle.dumps(FOUND)) == FOUND
    assert Discs.concat([FOUND[:3], FOUND[3:]]) == FOUND
    span = ov.Intervals(np.tile([0.0, 2.0], (len(FOUND), 1)))
    tubes = ov.Product(FOUND, span), ov.Product(TRUTH, span)
    np.testing.assert_allclose(ov.iou(*tubes), ov.iou(FOUND, TRUTH), rtol=1e-12)


def test_missing_capabilities_are_named() -> None:
    for call, message in (
        (lambda: ov.iou.value_and_grad(FOUND, TRUTH), "QuickDiscs give no gradient"),
        (lambda: ov.ciou(FOUND, TRUTH), "QuickDiscs have no"),
        (lambda: FOUND.blurred(0.1), r"QuickDiscs has no blurred\(\)"),
        (lambda: ov.Blurred(FOUND, 0.1), "QuickDiscs cannot be smoothed this way"),
        (lambda: ov.tolerance(ov.iou, FOUND, TRUTH, eps=0.1), "not boundary coordinates"),
        (lambda: FOUND.scaled(2.0), r"QuickDiscs has no scaled\(\)"),
    ):
        with pytest.raises(TypeError, match=message):
            call()
