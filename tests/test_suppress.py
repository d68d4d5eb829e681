"""Suppression against its definition, written here as plain loops over a matrix of scores."""

from __future__ import annotations

import math
from unittest.mock import Mock

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import overlap as ov
from overlap.pairing import suppression as suppress
from overlap.pairing._confidence import _by_keys, descending

pytestmark = pytest.mark.kernels


def plain_iou(corners):
    """Intersection over union of all pairs, shape (N, N), from an (N, 2 D) table."""
    lower, upper = np.split(np.asarray(corners, float), 2, axis=1)
    shared = np.minimum(upper[:, None], upper[None]) - np.maximum(lower[:, None], lower[None])
    intersection = np.clip(shared, 0, None).prod(axis=2)
    measure = (upper - lower).prod(axis=1)
    union = measure[:, None] + measure[None] - intersection
    with np.errstate(invalid="ignore"):
        return np.where(union > 0, intersection / np.where(union > 0, union, 1), np.nan)


def plain_hard(matrix, confidence, threshold, groups=None):
    """Row: candidate; column: what suppresses it."""
    groups = np.zeros(len(confidence)) if groups is None else np.asarray(groups)
    left = sorted(range(len(confidence)), key=lambda k: (-confidence[k], k))
    kept = []
    for k in left:
        if not any(groups[k] == groups[m] and matrix[k, m] > threshold for m in kept):
            kept.append(k)
    return kept


def plain_soft(matrix, confidence, rule, threshold, sigma, least=-np.inf, groups=None):
    groups = np.zeros(len(confidence)) if groups is None else np.asarray(groups)
    current = [float(c) for c in confidence]
    left, result = list(range(len(current))), []
    while True:
        left = [k for k in left if current[k] >= least]
        if not left:
            break
        best = min(left, key=lambda k: (-current[k], k))
        left.remove(best)
        result.append((best, current[best]))
        for k in left:
            s = matrix[k, best]
            if groups[k] != groups[best] or np.isnan(s):
                continue
            s_clipped = min(max(s, 0.0), 1.0)
            if rule == "gaussian":
                current[k] *= math.exp(-s_clipped * s_clipped / sigma)
            elif s > threshold:
                current[k] *= 1 - s_clipped
    return sorted(result, key=lambda row: (-row[1], row[0]))


def random_boxes(rng, n, axes=2, whole=False):
    if whole:  # many ties, touching, identical and empty boxes
        lower = rng.integers(0, 5, (n, axes)).astype(float)
        return np.hstack([lower, lower + rng.integers(0, 4, (n, axes))])
    center, size = rng.random((n, axes)) * 3, np.exp(rng.normal(-0.7, 1.0, (n, axes)))
    return np.hstack([center - size / 2, center + size / 2])


def random_confidence(rng, n, whole=False):
    return rng.integers(0, 4, n) / 4 if whole else rng.random(n)


def in_grid(monkeypatch, size=1):
    """Send groups of more than `size` regions through the grid."""
    one_by_one(monkeypatch)
    monkeypatch.setattr(suppress, "_SMALL_BATCH", 0)
    monkeypatch.setattr(suppress, "_SMALL_GROUP", size)


def in_tiles(monkeypatch):
    """Send groups of more than one region through the grid, tile by tile."""
    in_grid(monkeypatch)
    for name, value in (("_NEAR", 1), ("_IN_TILE", 4), ("_NARROWEST", 1e-3)):
        monkeypatch.setattr(suppress, name, value)


def one_by_one(monkeypatch):
    """Compare candidates with kept regions one by one, as of large batches."""
    monkeypatch.setattr(suppress, "_FEW", 0)


# ------------------------------------------------------------------------------- hard


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize(
    "axes", [2, *(pytest.param(axes, marks=pytest.mark.slow) for axes in (1, 3))]
)
@pytest.mark.parametrize("way", [None, one_by_one, in_grid, in_tiles])
def test_boxes_follow_the_definition(axes, whole, way, monkeypatch):
    if way is not None:
        way(monkeypatch)
    rng = np.random.default_rng(axes)
    for trial in range(12):
        n = int(rng.integers(0, 40))
        corners = random_boxes(rng, n, axes, whole)
        confidence = random_confidence(rng, n, whole)
        threshold = float(rng.choice([0.0, 0.1, 0.25, 1 / 3, 0.5, 0.75, 1.0]))
        groups = rng.integers(0, 3, n) if trial % 2 else None
        least = float(rng.choice([0.0, 0.5])) if trial % 3 == 1 else None
        boxes = ov.Boxes(corners) if n else ov.Boxes(np.empty((0, 2 * axes)))
        kept = ov.nms(boxes, confidence, threshold, groups=groups, min_confidence=least)
        wanted = plain_hard(plain_iou(corners), confidence, threshold, groups)
        wanted = [k for k in wanted if least is None or confidence[k] >= least]
        assert kept.index.tolist() == wanted
        assert kept.confidence.tolist() == confidence[wanted].tolist()


SCORES = {
    "dice": ov.dice,
    "coverage": ov.coverage,
    "overlap_coefficient": ov.overlap_coefficient,
    "tversky": ov.tversky(alpha=0.2, beta=1.5),
    "tversky_one_sided": ov.tversky(alpha=0.0, beta=1.0),
    "f_score": ov.f_score(beta=2),
    "giou": ov.giou,
    "own": ov.dice - 0.5 * ov.center_gap,
    "doubled": 2 * ov.iou,
    "two_ratios": 0.5 * ov.iou + 0.5 * ov.coverage,
    "volumetric_similarity": ov.volumetric_similarity,
}


# Each has kernels of its own; of these one is asymmetric and one may be negative.
USUAL = ("iou", "coverage", "giou")


def usual(*names):
    return [name if name in USUAL else pytest.param(name, marks=pytest.mark.slow) for name in names]


@pytest.mark.parametrize("name", usual(*SCORES))
@pytest.mark.parametrize("threshold", [-0.3, 0.0, 0.2, 0.6])
@pytest.mark.slow  # to compile
def test_every_score_with_and_without_grid(name, threshold, monkeypatch):
    rng = np.random.default_rng(5)
    score = SCORES[name]
    for whole in (False, True):
        boxes = ov.Boxes(random_boxes(rng, 36, whole=whole))
        confidence = random_confidence(rng, 36, whole)
        wanted = plain_hard(score.pairwise(boxes, boxes), confidence, threshold)
        assert ov.nms(boxes, confidence, threshold, score=score).index.tolist() == wanted
        for way in (in_grid, in_tiles):
            with monkeypatch.context() as patch:
                way(patch)
                assert ov.nms(boxes, confidence, threshold, score=score).index.tolist() == wanted


def test_asymmetric_scores_look_at_the_candidate():
    boxes = ov.Boxes([[0, 0, 10, 10], [2, 2, 4, 4]])
    inside_last = ov.nms(boxes, [0.9, 0.8], 0.5, score=ov.coverage)
    assert inside_last.index.tolist() == [0]
    outside_last = ov.nms(boxes, [0.8, 0.9], 0.5, score=ov.coverage)
    assert outside_last.index.tolist() == [1, 0]


def test_equality_with_the_threshold_keeps_both():
    boxes = ov.Boxes([[0, 0, 1, 1], [0, 0, 1, 2]])
    assert len(ov.nms(boxes, [0.9, 0.8], 0.5)) == 2
    assert len(ov.nms(boxes, [0.9, 0.8], np.nextafter(0.5, 0))) == 1


def test_ties_go_by_index():
    boxes = ov.Boxes([[0, 0, 2, 2], [0, 0, 2, 2], [5, 5, 6, 6], [0, 0, 2, 2]])
    assert ov.nms(boxes, [0.5, 0.7, 0.7, 0.7]).index.tolist() == [1, 2]
    assert ov.nms(boxes, [0.7] * 4, groups=[1, 0, 0, 0]).index.tolist() == [0, 1, 2]


@pytest.mark.parametrize("n", [1, 7, 8, 9, 128, 129, 300])
def test_confidences_of_every_size_are_put_in_order(n):
    rng = np.random.default_rng(n)
    corners, groups = random_boxes(rng, n), rng.integers(0, 3, n)
    score, boxes = plain_iou(corners), ov.Boxes(corners)
    for confidence in (
        rng.random(n),
        rng.integers(0, 4, n) / 3,
        rng.normal(0.0, 1e3, n),
        rng.choice([-np.inf, -1e-310, 0.0, 1.0, 1e308, np.inf], n),
        np.zeros(n),
    ):
        given = confidence.copy()
        given.setflags(write=False)
        kept = ov.nms(boxes, given, 0.3, groups=groups)
        assert kept.index.tolist() == plain_hard(score, confidence, 0.3, groups)
        assert kept.confidence.tolist() == confidence[kept.index].tolist()
        assert (given == confidence).all()
        given = np.repeat(confidence, 2)
        given[2 * n // 3 * 2] = np.nan
        with pytest.raises(ValueError, match=rf"confidence\[{2 * n // 3}\] is NaN"):
            ov.nms(boxes, given[::2], 0.3)


@pytest.mark.parametrize("n", [0, 1, 2, 3, 64, 1000, 5000])
def test_order_of_confidences_is_exact(n):
    rng = np.random.default_rng(n)
    wide = rng.normal(size=n) * 10.0 ** rng.integers(-320, 308, n)
    special = rng.choice([np.inf, -np.inf, 0.0, -0.0, 5e-324, -5e-324, 1e308, 1.0], n)
    near = 1.0 + rng.integers(-3, 4, n) * 2.0**-52  # differ in bits that are cut off
    for confidence in (rng.random(n), rng.random(n).round(2), wide, special, near, -near):
        wanted = np.lexsort((np.arange(n), -confidence))
        assert descending(confidence).tolist() == wanted.tolist()
        assert _by_keys(confidence).tolist() == wanted.tolist()


def test_intervals_on_the_line_and_on_the_circle(monkeypatch):
    rng = np.random.default_rng(8)
    start, length = rng.random(60) * 10, rng.random(60) * 4
    confidence = rng.random(60)
    line = ov.Intervals(np.stack([start, start + length], 1))
    wanted = plain_hard(plain_iou(line.to_array()), confidence, 0.4)
    assert ov.nms(line, confidence, 0.4).index.tolist() == wanted
    for way in (in_grid, in_tiles):
        way(monkeypatch)
        assert ov.nms(line, confidence, 0.4).index.tolist() == wanted
    circle = ov.Intervals(line.to_array(), period=10.0)
    groups = rng.integers(0, 2, 60)
    for labels in (None, groups):
        matrix = ov.iou.pairwise(circle, circle)
        kept = ov.nms(circle, confidence, 0.4, groups=labels)
        assert kept.index.tolist() == plain_hard(matrix, confidence, 0.4, labels)
    across = ov.Intervals([[9.0, 11.0], [-0.8, 1.0]], period=10.0)
    assert ov.nms(across, [0.5, 0.6]).index.tolist() == [1]


@pytest.mark.parametrize("score", [ov.iou, ov.diou, ov.volumetric_similarity])
@pytest.mark.parametrize("block", [7, 2048])
def test_kinds_without_fused_kernels(score, block, monkeypatch):
    monkeypatch.setattr(suppress, "_BLOCK", block)
    rng = np.random.default_rng(9)
    for trial in range(6):
        values = rng.integers(0, 12, (40, 2))
        values[:, 1] = values[:, 0] + rng.integers(0, 8, 40)
        arcs = ov.Intervals(values, period=12.0)
        confidence = random_confidence(rng, 40, True)
        groups = np.array(["a", "b", "c"])[rng.integers(0, 3, 40)] if trial % 2 else None
        matrix = score.pairwise(arcs, arcs)
        wanted = plain_hard(matrix, confidence, 0.3, groups)
        assert ov.nms(arcs, confidence, 0.3, score=score, groups=groups).index.tolist() == wanted


@pytest.mark.slow  # to compile
def test_products_and_finite_sets():
    rng = np.random.default_rng(10)
    membership = rng.random((30, 8)) < 0.4
    sets = ov.FiniteSets(membership)
    confidence = rng.random(30)
    both = (membership[:, None] & membership[None]).sum(axis=2)
    either = (membership[:, None] | membership[None]).sum(axis=2)
    matrix = both / np.maximum(either, 1)
    assert ov.nms(sets, confidence, 0.3).index.tolist() == plain_hard(matrix, confidence, 0.3)
    corners = random_boxes(rng, 30, axes=3)
    tubes = ov.Product(ov.Boxes(corners[:, [0, 1, 3, 4]]), ov.Intervals(corners[:, [2, 5]]))
    wanted = plain_hard(plain_iou(corners), confidence, 0.2)
    assert ov.nms(tubes, confidence, 0.2).index.tolist() == wanted


@pytest.mark.parametrize(
    "labels",
    [
        lambda codes: codes,
        lambda codes: codes * 10**12 - 7,
        lambda codes: codes + 2**60,  # which float64 does not tell apart
        lambda codes: np.array(["zebra", "ant", "cat", "dog"])[codes],
        lambda codes: [["x", "y", "z", ""][code] for code in codes],
        lambda codes: np.array([0.5, np.inf, -1.0, 3.0])[codes],
        lambda codes: np.array(["p", "q", "r", "s"], object)[codes],
    ],
)
def test_any_labels_make_groups(labels):
    rng = np.random.default_rng(11)
    corners, confidence = random_boxes(rng, 50, whole=True), rng.random(50)
    codes = rng.integers(0, 4, 50)
    wanted = plain_hard(plain_iou(corners), confidence, 0.3, codes)
    kept = ov.nms(ov.Boxes(corners), confidence, 0.3, groups=labels(codes))
    assert kept.index.tolist() == wanted


def test_groups_of_all_sizes_in_one_call(monkeypatch):
    in_grid(monkeypatch, 12)
    rng = np.random.default_rng(12)
    codes = np.repeat([3, 9, 1, 70000], [40, 12, 1, 13])
    rng.shuffle(codes)
    corners, confidence = random_boxes(rng, len(codes)), rng.random(len(codes))
    wanted = plain_hard(plain_iou(corners), confidence, 0.3, codes)
    assert ov.nms(ov.Boxes(corners), confidence, 0.3, groups=codes).index.tolist() == wanted


@np.errstate(all="ignore")  # without compilation, NumPy warns of overflow
@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.slow  # to compile
def test_grid_of_extreme_coordinates(axes, monkeypatch):
    rng = np.random.default_rng(13)
    huge = 1e150 if axes < 3 else 1e100
    scenes = []
    for scale in (1 / huge, 1e-7, 1e9, huge):
        scenes.append(random_boxes(rng, 25, axes) * scale)
    far = random_boxes(rng, 25, axes)
    far[:5] += 1e15  # a few far away: all others share a corner of the space
    mixed = random_boxes(rng, 30, axes) * np.repeat([1e-9, 1.0, 1e6], 10)[:, None]
    lines = random_boxes(rng, 25, axes)
    lines[:, axes] = lines[:, 0]  # empty on the first axis
    near = random_boxes(rng, 4, axes)[rng.integers(0, 4, 40)] * (
        1 + 1e-15 * rng.normal(size=(40, 1))
    )
    reach = {1: 5e306, 2: 4e149, 3: 1e99}[axes]
    wide = np.vstack([far, np.repeat([[-reach, reach]], axes, 1).reshape(1, -1)])
    scenes += [far, mixed, lines, near, wide]
    for corners in scenes:
        boxes, confidence = ov.Boxes(corners), rng.random(len(corners))
        for score in (ov.iou, ov.coverage, ov.overlap_coefficient)[: 3 if axes == 2 else 1]:
            matrix = score.pairwise(boxes, boxes)
            for threshold in (0.0, 0.3, 0.5, 0.9):
                wanted = plain_hard(matrix, confidence, threshold)
                for way in (in_grid, in_tiles):
                    with monkeypatch.context() as patch:
                        way(patch)
                        kept = ov.nms(boxes, confidence, threshold, score=score)
                    assert kept.index.tolist() == wanted


@pytest.mark.parametrize("way", [in_grid, in_tiles])
def test_grid_agrees_near_the_threshold(way, monkeypatch):
    """Shifts whose score is the threshold but for rounding, at coordinates of low precision."""
    rng = np.random.default_rng(14)
    way(monkeypatch)
    for threshold in (0.5, 0.6, 0.25):
        base = np.float64(rng.integers(-3, 3, 12)) * 2.0**30 + rng.random(12)
        shift = (1 - threshold) / (1 + threshold)  # of unit intervals with that ratio
        start = np.concatenate([base, base + shift, base - shift])
        intervals = ov.Intervals(np.stack([start, start + 1.0], 1))
        confidence = rng.random(36)
        matrix = ov.iou.pairwise(intervals, intervals)
        wanted = plain_hard(matrix, confidence, threshold)
        assert ov.nms(intervals, confidence, threshold).index.tolist() == wanted


@pytest.mark.parametrize("name", usual("iou", "dice", "coverage", "tversky", "f_score", "doubled"))
@pytest.mark.parametrize("base", [0.0, 2.0**33])
@pytest.mark.parametrize("way", [in_grid, in_tiles])
def test_grid_misses_no_part_of_a_candidate(way, name, base, monkeypatch):
    """One interval at an end of another, with all ratios of their lengths."""
    way(monkeypatch)
    score = {"iou": ov.iou, **SCORES}[name]
    for threshold in (0.1, 0.3, 0.5, 0.7):
        exact = threshold / np.array([1.0, 2.0, 2.0 - threshold, 1.0 / threshold])
        ratio = np.concatenate([np.linspace(0.02, 1, 50), exact, exact + 1e-6])
        start = base + 50.0 * np.arange(len(ratio))
        long, first, last = (
            np.stack([start + a, start + b], 1)
            for a, b in ((0.0, 1.0), (0.0, ratio), (1.0 - ratio, 1.0))
        )
        for part in (first, last):
            for values in (np.vstack([part, long]), np.vstack([long, part])):
                intervals = ov.Intervals(values)
                confidence = -np.arange(len(values))
                wanted = plain_hard(score.pairwise(intervals, intervals), confidence, threshold)
                kept = ov.nms(intervals, confidence, threshold, score=score)
                assert kept.index.tolist() == wanted


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), threshold=st.floats(0, 1))
def test_order_of_the_input_does_not_matter(seed, threshold):
    rng = np.random.default_rng(seed)
    corners, confidence = random_boxes(rng, 30), rng.permutation(30) / 30
    shuffled = rng.permutation(30)
    for soft in (None, "linear", "gaussian"):
        first = ov.nms(ov.Boxes(corners), confidence, threshold, soft=soft)
        second = ov.nms(ov.Boxes(corners[shuffled]), confidence[shuffled], threshold, soft=soft)
        assert shuffled[second.index].tolist() == first.index.tolist()
        assert second.confidence.tolist() == first.confidence.tolist()


@pytest.mark.parametrize("span", [5.0, 100.0])
@pytest.mark.parametrize("score", [ov.iou, ov.coverage])
def test_tiles_change_nothing(span, score, monkeypatch):
    """Crowds, large regions and groups, at borders of tiles as wide as a few sides."""
    rng = np.random.default_rng(17)
    for trial in range(12):
        place = rng.uniform(0.0, span, (40, 2))[rng.integers(0, 40, 500)]
        lower = (place + rng.normal(0.0, 0.1, (500, 2))).round(trial % 3)
        corners = np.hstack([lower, lower + rng.uniform(0.5, 1.5, (500, 2))])
        corners[: trial % 4, 2:] += span / 2
        confidence = random_confidence(rng, 500, trial % 2 == 1)
        groups = rng.choice(3, 500, p=[0.7, 0.2, 0.1]) if trial % 4 == 3 else None
        least = 0.2 if trial % 5 == 4 else None
        boxes, threshold = ov.Boxes(corners), float(rng.choice([0.05, 0.3, 0.5, 0.8]))
        wanted = ov.nms(
            boxes, confidence, threshold, score=score, groups=groups, min_confidence=least
        )
        by_tile = Mock(wraps=suppress._by_tile)
        with monkeypatch.context() as patch:
            in_tiles(patch)
            patch.setattr(suppress, "_SMALL_GROUP", 20)
            patch.setattr(suppress, "_NEAR", 150)
            patch.setattr(suppress, "_by_tile", by_tile)
            kept = ov.nms(
                boxes, confidence, threshold, score=score, groups=groups, min_confidence=least
            )
        assert by_tile.called
        assert kept.index.tolist() == wanted.index.tolist()
        assert kept.confidence.tolist() == wanted.confidence.tolist()


def test_a_large_scene_equals_the_definition(monkeypatch):
    one_by_one(monkeypatch)
    rng = np.random.default_rng(15)
    n = 300
    corners, confidence = random_boxes(rng, n), rng.random(n)
    groups = rng.integers(0, 2, n)
    assert n / 2 > suppress._SMALL_GROUP
    for labels in (None, groups):
        wanted = plain_hard(plain_iou(corners), confidence, 0.5, labels)
        assert ov.nms(ov.Boxes(corners), confidence, groups=labels).index.tolist() == wanted


# ------------------------------------------------------------------------------- soft


@pytest.mark.parametrize("rule", ["linear", "gaussian"])
@pytest.mark.parametrize("name", ["iou", "giou", "coverage", "doubled", "volumetric_similarity"])
def test_soft_follows_the_definition(rule, name):
    rng = np.random.default_rng(16)
    score = {"iou": ov.iou, **SCORES}[name]
    for trial in range(8):
        whole = trial % 2 == 1
        corners = random_boxes(rng, 25, whole=whole)
        boxes = ov.Boxes(corners)
        arcs = ov.Intervals(corners[:, [0, 2]] * [1, 1], period=100.0)
        confidence = random_confidence(rng, 25, whole)
        groups = rng.integers(0, 3, 25) if trial % 3 else None
        threshold, sigma = rng.choice([-0.2, 0.0, 0.3]), rng.choice([0.1, 0.5, 2.0])
        least = rng.choice([0.0, 0.05, 0.3])
        for regions in (boxes, arcs):
            matrix = score.pairwise(regions, regions)
            wanted = plain_soft(matrix, confidence, rule, threshold, sigma, least, groups)
            kept = ov.nms(
                regions,
                confidence,
                threshold,
                score=score,
                groups=groups,
                soft=rule,
                sigma=sigma,
                min_confidence=least,
            )
            assert kept.index.tolist() == [k for k, _ in wanted]
            np.testing.assert_allclose(kept.confidence, [c for _, c in wanted], rtol=1e-12)


def test_soft_numbers_by_hand():
    boxes = ov.Boxes([[0, 0, 10, 10], [0, 0, 10, 8], [20, 20, 30, 30]])
    linear = ov.nms(boxes, [0.9, 0.5, 0.2], soft="linear")
    assert linear.index.tolist() == [0, 2, 1]
    np.testing.assert_allclose(linear.confidence, [0.9, 0.2, 0.5 * (1 - 0.8)])
    gaussian = ov.nms(boxes, [0.9, 0.5, 0.2], soft="gaussian", sigma=0.5)
    np.testing.assert_allclose(gaussian.confidence, [0.9, 0.2, 0.5 * np.exp(-0.64 / 0.5)])
    assert ov.nms(boxes, [0.9, 0.5, 0.2], soft="linear", min_confidence=0.15).index.tolist() == [
        0,
        2,
    ]


def test_min_confidence_cuts_before_hard_suppression_too():
    boxes = ov.Boxes([[0, 0, 1, 1], [0, 0, 1, 1], [5, 5, 6, 6]])
    assert ov.nms(boxes, [0.1, 0.3, 0.2], min_confidence=0.2).index.tolist() == [1, 2]
    assert len(ov.nms(boxes, [0.1, 0.3, 0.2], min_confidence=0.9)) == 0
    assert ov.nms(boxes, [-2.0, -1.0, -3.0]).index.tolist() == [1, 2]  # logits are fine


# ------------------------------------------------------------------------- bad input

BOXES = ov.Boxes([[0, 0, 1, 1], [2, 2, 3, 3]])


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"confidence": [0.5]}, ValueError, r"shape \(2,\).*got \(1,\)"),
        ({"confidence": [[0.5, 0.2]]}, ValueError, r"got \(1, 2\)"),
        ({"confidence": [0.5, np.nan]}, ValueError, r"confidence\[1\] is NaN"),
        ({"confidence": ["high", "low"]}, TypeError, "confidence: "),
        ({"threshold": np.nan}, ValueError, "threshold = nan is not finite"),
        ({"threshold": np.inf}, ValueError, "threshold = inf is not finite"),
        ({"threshold": "half"}, TypeError, "threshold = 'half' is not a number"),
        ({"threshold": 10**400}, ValueError, "threshold = 1000.* does not fit into float64"),
        ({"soft": "cubic"}, ValueError, "soft = 'cubic'; expected 'linear', 'gaussian'"),
        ({"soft": "gaussian", "sigma": 0.0}, ValueError, "sigma = 0.0 is not positive"),
        ({"soft": "linear", "confidence": [0.5, -0.1]}, ValueError, r"confidence\[1\] = -0.1"),
        ({"soft": "linear", "confidence": [np.inf, 0.1]}, ValueError, r"confidence\[0\] = inf"),
        ({"groups": [1]}, ValueError, r"groups: expected shape \(2,\)"),
        ({"groups": np.array(["a", 1], object)}, TypeError, "groups: labels of different types"),
        ({"score": "iou"}, TypeError, "expected a Score such as overlap.iou"),
        ({"regions": [[0, 1], [2, 3]]}, TypeError, "expected a batch of regions, got list"),
        ({"min_confidence": np.nan}, ValueError, "min_confidence = nan"),
    ],
)
def test_bad_input(arguments, error, words):
    with pytest.raises(error, match=words):
        ov.nms(**{"regions": BOXES, "confidence": [0.5, 0.4], **arguments})


def test_nothing_to_suppress():
    for soft in (None, "linear"):
        kept = ov.nms(ov.Intervals([]), [], soft=soft, groups=[])
        assert len(kept) == 0
        assert kept.index.dtype == np.int64
    only = ov.nms(ov.Boxes([[0, 0, 0, 0]]), [0.3])
    assert only.index.tolist() == [0]


def test_empty_regions_suppress_nothing():
    boxes = ov.Boxes([[1, 1, 1, 1]] * 3)
    assert ov.nms(boxes, [0.1, 0.2, 0.3], 0.0).index.tolist() == [2, 1, 0]
    assert ov.nms(boxes, [0.1, 0.2, 0.3], soft="gaussian").confidence.tolist() == [0.3, 0.2, 0.1]


# ------------------------------------------------------------------------------ groups


def scene(rng, n=300, whole=True):
    corners = random_boxes(rng, n, whole=whole)
    image, label = rng.integers(0, 4, n), rng.choice(["cat", "dog", "owl"], n)
    return corners, random_confidence(rng, n, whole=True), image, label


@pytest.mark.parametrize("soft", [None, "linear", "gaussian"])
def test_groups_of_several_columns_a_threshold_per_class_and_a_limit(soft):
    rng = np.random.default_rng(11)
    thresholds = {"cat": 0.1, "dog": 0.3, "owl": 0.7, "elk": 0.5}
    for _ in range(5):
        corners, confidence, image, label = scene(rng)
        matrix = plain_iou(corners)
        wanted: list[tuple[int, float]] = []
        for pair in sorted(set(zip(image.tolist(), label.tolist(), strict=True))):
            rows = np.flatnonzero((image == pair[0]) & (label == pair[1]))
            own, limit = matrix[np.ix_(rows, rows)], thresholds[pair[1]]
            if soft is None:
                part = [(k, confidence[rows[k]]) for k in plain_hard(own, confidence[rows], limit)]
            else:
                part = plain_soft(own, confidence[rows], soft, limit, 0.5, least=1e-3)
            wanted += [(int(rows[k]), value) for k, value in part[:7]]
        wanted.sort(key=lambda row: (-row[1], row[0]))
        boxes = ov.Boxes(corners)
        by_region = np.array([thresholds[name] for name in label])
        by_pair = {(i, name): thresholds[name] for i in range(4) for name in thresholds}
        options = {"soft": soft, "max_per_group": 7}
        options |= {} if soft is None else {"min_confidence": 1e-3}
        for groups in (
            (image, label),
            (image.tolist(), label.tolist()),
            list(zip(image.tolist(), label.tolist(), strict=True)),
            pd.DataFrame({"image": image, "label": label}),
            np.stack([image, np.unique(label, return_inverse=True)[1]], 1),
        ):
            coded = isinstance(groups, np.ndarray)
            for threshold in (by_region,) if coded else (thresholds, by_pair, by_region):
                kept = ov.nms(boxes, confidence, threshold, groups=groups, **options)
                assert kept.index.tolist() == [k for k, _ in wanted]
                np.testing.assert_allclose(kept.confidence, [c for _, c in wanted], rtol=1e-12)


def test_one_column_in_a_tuple_is_that_column():
    corners, confidence, _, label = scene(np.random.default_rng(12))
    boxes = ov.Boxes(corners)
    one = ov.nms(boxes, confidence, groups=label)
    assert ov.nms(boxes, confidence, groups=(label,)) == one
    assert ov.nms(boxes, confidence, groups=label[:, None]) == one
    assert ov.nms(boxes, confidence, dict.fromkeys(["cat", "dog", "owl"], 0.5), groups=label) == one
    assert ov.nms(boxes, confidence, groups=tuple(label.tolist())) == one  # labels, not columns
    mixed = [(1, "1"), (1, 1), (1.0, "1")] * 100  # equal numbers are one image
    with pytest.raises(TypeError, match="different types cannot be compared"):
        ov.nms(boxes, confidence, groups=mixed)


def test_a_limit_without_groups_and_an_empty_batch():
    boxes = ov.Boxes([[0, 0, 1, 1], [5, 0, 6, 1], [9, 0, 10, 1]])
    assert ov.nms(boxes, [0.1, 0.9, 0.5], max_per_group=2).index.tolist() == [1, 2]
    for groups in ([], ([], [])):
        assert len(ov.nms(boxes[:0], [], {"cat": 0.5}, groups=groups, max_per_group=1)) == 0


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"groups": ([1, 2], [1, 2, 3])}, ValueError, r"a tuple of K columns of one length; got"),
        ({"groups": ([1, 2], ["a", "b"])}, ValueError, r"groups: expected shape \(3,\).*\(2,\)"),
        ({"groups": np.zeros((3, 2, 2))}, ValueError, r"groups: .*got \(3, 2, 2\)"),
        ({"groups": [1.0, math.nan, 2.0]}, ValueError, "the label at 1 is NaN"),
        ({"groups": (["a"] * 3, [1.0, math.nan, 2.0])}, ValueError, "the label at 1 is NaN"),
        ({"threshold": {"cat": 0.5}}, ValueError, "several thresholds need groups="),
        ({"threshold": [0.5, 0.5, 0.5]}, ValueError, "several thresholds need groups="),
        (
            {"threshold": {"cat": 0.5}, "groups": ["cat", "Cat", "dog"]},
            ValueError,
            "there is none for the label 'Cat'; the mapping has 'cat'",
        ),
        (
            {"threshold": {(1, "a"): 0.5}, "groups": ([1, 1, 2], ["a", "a", "a"])},
            ValueError,
            r"none for the label \(2, 'a'\)",
        ),
        ({"threshold": {}, "groups": [1, 1, 1]}, ValueError, "the mapping has none"),
        ({"threshold": {1: "high"}, "groups": [1, 1, 1]}, TypeError, "threshold of 1 = 'high'"),
        ({"threshold": [0.5, 0.6], "groups": [1, 1, 1]}, ValueError, r"or shape \(3,\)"),
        (
            {"threshold": [0.5, 0.6, 0.5], "groups": [1, 2, 2]},
            ValueError,
            r"threshold\[1\] = 0.6 and threshold\[2\] = 0.5 are of one group",
        ),
        ({"threshold": [0.5, math.nan, 0.5], "groups": [1, 2, 3]}, ValueError, r"\[1\] = nan"),
        ({"max_per_group": 0}, ValueError, "max_per_group = 0; expected a whole number >= 1"),
        ({"max_per_group": 2.5}, TypeError, "max_per_group = 2.5 is not a whole number"),
    ],
)
def test_clear_errors_of_groups(options, error, message):
    boxes = ov.Boxes([[0, 0, 1, 1], [5, 0, 6, 1], [9, 0, 10, 1]])
    with pytest.raises(error, match=message):
        ov.nms(boxes, [0.1, 0.9, 0.5], **options)


def test_percentages_as_thresholds_are_refused() -> None:
    boxes = ov.Boxes([[0, 0, 4, 4], [0, 0, 4, 3], [9, 9, 10, 10]])
    confidence, groups = [0.9, 0.8, 0.7], [0, 0, 1]
    message = "= 50, and no score is above 1; write a percentage as 0.5"
    for call in (
        lambda: ov.nms(boxes, confidence, threshold=50),
        lambda: ov.nms(boxes, confidence, threshold={0: 50, 1: 0.5}, groups=groups),
        lambda: ov.match(boxes, boxes, at_least=50),
        lambda: ov.iou.pairs(boxes, boxes, at_least=50),
        lambda: ov.assign(boxes, boxes, positive=50),
    ):
        with pytest.raises(ValueError, match=message):
            call()
    assert ov.nms(boxes, confidence, threshold=1.5).index.tolist() == [0, 1, 2]
    assert ov.nms(boxes, confidence, threshold=5, score=10 * ov.iou).index.tolist() == [0, 2]
