"""Hidden parts of regions: the bound, its proof in numbers, and errors taken apart."""

from __future__ import annotations

import math

import numpy as np
import pytest

import overlap as ov

ROWS = 60


def triples(kind):
    """Return parts of visible parts, visible parts, whole regions, and any regions."""
    rng = np.random.default_rng(len(kind))
    axes = {"intervals": 1, "boxes": 2, "masks": 2}[kind]
    low = rng.integers(0, 4, (ROWS, axes))
    ends = np.sort(rng.integers(0, 9, (ROWS, 4, axes)), axis=1) + low[:, None]
    ends[:, 3] += 1
    whole = np.hstack([ends[:, 0], ends[:, 3]])
    visible = np.hstack([ends[:, 0], ends[:, 2] + 1])
    visible[::3] = whole[::3]  # nothing is hidden
    part = visible.copy()
    part[1::2, :axes] = ends[1::2, 1]
    other = rng.permutation(whole)
    if kind == "intervals":
        return tuple(map(ov.Intervals, (part, visible, whole, other)))
    batches = tuple(map(ov.Boxes, (part, visible, whole, other)))
    if kind == "boxes":
        return batches
    grid = ov.Grid((14, 14), (1.0, 1.0), (0.0, 0.0))
    return tuple(ov.Masks.from_regions(batch, grid) for batch in batches)


@pytest.mark.parametrize("kind", ["intervals", "boxes", "masks"])
def test_no_part_of_the_visible_part_beats_the_bound(kind):
    part, visible, whole, other = triples(kind)
    hidden = ov.amodal.hidden_fraction(visible, whole)
    np.testing.assert_allclose(hidden, 1 - visible.measure() / whole.measure(), atol=1e-15)
    bound = ov.amodal.iou_bound(hidden)
    assert (ov.iou(part, whole) <= bound + 1e-15).all()
    np.testing.assert_allclose(ov.iou(visible, whole), bound, rtol=1e-14)
    smaller = part.measure() < visible.measure()
    assert smaller.any()
    assert (ov.iou(part, whole) < bound - 1e-12)[smaller].all()
    # of any other region the two scores differ by the hidden fraction at most
    change = np.abs(ov.iou(other, visible) - ov.iou(other, whole))
    assert (change <= hidden + 1e-15).all()
    assert (change > 0).any()


@pytest.mark.parametrize("kind", ["intervals", "boxes", "masks"])
def test_the_parts_of_the_loss(kind):
    part, visible, whole, other = triples(kind)
    hidden = ov.amodal.hidden_fraction(visible, whole)
    for found in (part, other):
        errors = ov.amodal.occlusion_errors(found, visible, whole)
        with_visible, with_whole = ov.iou(found, visible), ov.iou(found, whole)
        np.testing.assert_array_equal(errors.loss, 1 - with_whole)
        nearer = [max(pair) for pair in zip(with_visible, with_whole, strict=True)]
        np.testing.assert_allclose(errors.localization, [1 - x for x in nearer], atol=1e-15)
        np.testing.assert_allclose(errors.occlusion + errors.localization, errors.loss, atol=1e-15)
        assert (errors.occlusion >= 0).all()
        assert (errors.localization >= 0).all()
        assert (errors.occlusion <= hidden + 1e-15).all()
        assert errors.explained == pytest.approx(errors.occlusion.sum() / errors.loss.sum())
    perfect = ov.amodal.occlusion_errors(visible, visible, whole)
    np.testing.assert_allclose(perfect.occlusion, hidden, atol=1e-15)
    assert not perfect.localization.any()
    assert perfect.explained == 1.0
    np.testing.assert_allclose(perfect.iou_whole, perfect.bound, rtol=1e-14)
    amodal = ov.amodal.occlusion_errors(whole, visible, whole)
    assert not amodal.loss.any()
    assert not amodal.occlusion.any()
    assert math.isnan(amodal.explained)


def test_a_report_of_matches():
    whole = ov.Boxes([[0, 0, 10, 4], [20, 0, 24, 4], [40, 0, 44, 4]])
    visible = ov.Boxes([[0, 0, 3, 4], [20, 0, 24, 4], [40, 0, 44, 3]])
    found = ov.Boxes([[21, 0, 25, 4], [0, 0, 3, 4]])
    # with the whole, the object of which 3/10 is visible is not found at all
    assert ov.match(found, whole).truth.tolist() == [1]
    matches = ov.match(found, visible)
    errors = ov.amodal.occlusion_errors(found, visible, whole, matches=matches)
    assert (errors.found.tolist(), errors.truth.tolist()) == ([0, 1], [1, 0])
    assert len(errors) == 2
    np.testing.assert_allclose(errors.hidden, [0, 0.7])
    np.testing.assert_allclose(errors.loss, [0.4, 0.7])
    np.testing.assert_allclose(errors.occlusion, [0, 0.7])
    np.testing.assert_allclose(errors.localization, [0.4, 0], atol=1e-15)
    frame = errors.to_frame()
    assert frame.columns[:3].tolist() == ["found", "truth", "hidden"]
    assert frame.loc[1, "bound"] == pytest.approx(0.3)
    summary = errors.summary()
    assert summary["matches"] == 2
    assert summary["undefined"] == 0
    assert summary["loss"] == pytest.approx(0.55)
    assert summary["explained"] == pytest.approx(0.7 / 1.1)


def test_regions_without_a_measure_are_counted_and_left_out():
    whole = ov.Intervals([[0, 4], [5, 5], [8, 10]])
    visible = ov.Intervals([[0, 4], [5, 5], [8, 8]])
    found = ov.Intervals([[0, 2], [5, 5], [8, 10]])
    assert ov.amodal.hidden_fraction(visible, whole).tolist()[::2] == [0.0, 1.0]
    errors = ov.amodal.occlusion_errors(found, visible, whole)
    assert np.isnan(errors.loss).tolist() == [False, True, False]
    assert errors.summary()["undefined"] == 1
    assert errors.summary()["loss"] == pytest.approx(0.25)
    assert errors.explained == 0.0
    none = ov.amodal.occlusion_errors(found[:0], visible[:0], whole[:0])
    assert len(none) == 0
    assert math.isnan(none.summary()["loss"])
    assert math.isnan(none.explained)
    assert ov.amodal.hidden_sides(visible, whole)[2].tolist() == [0.0, 1.0]
    assert np.isnan(ov.amodal.hidden_sides(visible, whole)[1]).all()


def test_hidden_sides_multiply_to_the_hidden_fraction():
    _, visible, whole, _ = triples("boxes")
    sides = ov.amodal.hidden_sides(visible, whole)
    seen = 1 - sides.reshape(ROWS, 2, 2).sum(axis=1)
    np.testing.assert_allclose(1 - seen.prod(axis=1), ov.amodal.hidden_fraction(visible, whole))
    # a box that is hidden on one side is what the coder says
    one = np.flatnonzero((sides > 0).sum(axis=1) == 1)
    assert len(one) > 5
    coder = ov.coders.HiddenSide(sides[one].argmax(axis=1))
    values = coder.encode(visible[one], whole[one])
    np.testing.assert_allclose(values[:, -1], sides[one].max(axis=1), rtol=1e-12)
    np.testing.assert_allclose(coder.decode(values).to_array(), whole[one].to_array(), rtol=1e-12)


def test_no_detector_of_visible_parts_beats_the_bound_of_the_recall():
    part, visible, whole, _ = triples("intervals")
    hidden = ov.amodal.hidden_fraction(visible, whole)
    thresholds = np.array([0.25, 0.4, 0.55, 0.7, 0.95])
    bound = ov.amodal.recall_bound(hidden, thresholds)
    for k, threshold in enumerate(thresholds):
        assert (ov.iou(visible, whole) >= threshold).mean() == bound[k]
        assert (ov.iou(part, whole) >= threshold).mean() <= bound[k]
    assert (np.diff(bound) < 0).any()
    assert np.isnan(ov.amodal.recall_bound([], [0.5])).all()
    assert ov.amodal.recall_bound([0.5], []).shape == (0,)


def test_clipped_parts_are_inside():
    rng = np.random.default_rng(3)
    corners = np.sort(rng.integers(0, 9, (40, 2, 2)), axis=1)
    visible = ov.Boxes(corners[:20].reshape(20, 4).astype(float))
    whole = ov.Boxes(corners[20:].reshape(20, 4).astype(float))
    cut = ov.amodal.clipped(visible, whole)
    shared = ov.terms(visible, whole).intersection
    np.testing.assert_array_equal(cut.measure(), shared)
    np.testing.assert_array_equal(ov.terms(cut, whole).intersection, shared)
    assert (cut.lower >= whole.lower).all()
    assert (cut.upper <= whole.upper).all()


SPAN, BOX = ov.Intervals([[0.0, 1.0]]), ov.Boxes([[0.0, 0.0, 1.0, 1.0]])
a = ov.amodal


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: a.hidden_fraction(SPAN, BOX), TypeError, "visible is Intervals and whole"),
        (
            lambda: a.hidden_fraction(SPAN[[0, 0]], ov.Intervals([[0, 1], [0.5, 1]])),
            ValueError,
            r"visible\[1\] is not inside whole\[1\]: 0.5 of it.*clipped",
        ),
        (lambda: a.hidden_fraction(SPAN, SPAN[[0, 0]]), ValueError, "1 visible parts of 2 whole"),
        (lambda: a.iou_bound([0.5, 1.5]), ValueError, r"1.5 is not in \[0, 1\]"),
        (lambda: a.recall_bound(0.5, [0.5]), ValueError, r"shapes \(\) and \(1,\)"),
        (lambda: a.recall_bound([-0.5], [0.5]), ValueError, "-0.5 is not in"),
        (lambda: a.hidden_sides(BOX, BOX.scaled(0.5)), ValueError, "is not inside"),
        (lambda: a.clipped(SPAN, SPAN[[0, 0]]), ValueError, "1 visible parts of 2 whole"),
        (
            lambda: a.clipped(*[ov.RotatedBoxes([[0, 0, 1, 1, 0]])] * 2),
            TypeError,
            "expected Boxes, or Intervals without a period, got RotatedBoxes",
        ),
        (
            lambda: a.hidden_sides(*[ov.Intervals([[0, 1]], period=2)] * 2),
            TypeError,
            "without a period",
        ),
        (lambda: a.occlusion_errors(BOX, SPAN, SPAN), TypeError, "found is Boxes and whole"),
        (lambda: a.occlusion_errors(SPAN[:0], SPAN, SPAN), ValueError, "give matches="),
        (lambda: a.occlusion_errors(SPAN, SPAN, SPAN, matches=[0]), TypeError, "expected Matches"),
        (
            lambda: a.occlusion_errors(
                SPAN, SPAN, SPAN, matches=ov.match(SPAN[[0, 0]], SPAN[[0, 0]])
            ),
            ValueError,
            "found 1 is out of range for 1 regions",
        ),
    ],
)
def test_bad_input(call, error, words):
    with pytest.raises(error, match=words):
        call()
