"""Coders say what is wrong with their input, and where."""

from __future__ import annotations

import math

import numpy as np
import pytest

import overlap as ov

BOX = ov.Boxes([[0.0, 0.0, 2.0, 4.0]])
FLAT = ov.Boxes([[0.0, 0.0, 2.0, 4.0], [0.0, 0.0, 2.0, 0.0]])
SPAN = ov.Intervals([[1.0, 3.0]])
TURNED = ov.RotatedBoxes([[0.0, 0.0, 2.0, 4.0, 0.1]])
c = ov.coders


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: c.CenterSize(ov.Masks), TypeError, "expected Boxes or Intervals"),
        (lambda: c.CenterSize(period=3.0), ValueError, "only intervals have a period"),
        (
            lambda: c.CenterSize().decode([[0, 0, 1, -1]]),
            ValueError,
            "size -1.0 on axis 1 of box 0",
        ),
        (lambda: c.CenterSize().encode(SPAN), TypeError, "expected Boxes, got Intervals"),
        (
            lambda: c.CenterSize(ov.Intervals).encode(ov.Intervals([[0, 1]], period=3)),
            ValueError,
            "period 3.0, the coder None",
        ),
        (lambda: c.LogSize(ov.Intervals).encode(SPAN.scaled(0)), ValueError, "interval 0 has size"),
        (lambda: c.LogSize(ov.Intervals).decode([[0, 1, 2]]), ValueError, r"\(N, 2\)"),
        (lambda: c.Deltas(TURNED), TypeError, "anchors: expected Boxes or Intervals"),
        (lambda: c.Deltas(FLAT), ValueError, "anchor 1 has size 0 on axis 1"),
        (lambda: c.Deltas(BOX).encode(FLAT), ValueError, "box 1 has size 0 on axis 1"),
        (lambda: c.Deltas(BOX).encode(SPAN), TypeError, "expected Boxes, got Intervals"),
        (
            lambda: c.Deltas(BOX).encode(ov.Boxes([[0, 0, 0, 1, 1, 1]])),
            ValueError,
            "2 dimensions and regions in 3",
        ),
        (
            lambda: c.Deltas(SPAN[[0, 0, 0]]).encode(SPAN[[0, 0]]),
            ValueError,
            "2 rows for 3 anchors",
        ),
        (lambda: c.Deltas(SPAN[[0, 0]]).decode([[0, 0]]), ValueError, "1 rows for 2 anchors"),
        (lambda: c.Deltas(BOX).decode([[0, 0, 0]]), ValueError, r"shape \(N, 4\).*got \(1, 3\)"),
        (lambda: c.Deltas(BOX).decode([[0, 0, math.inf, 0]]), ValueError, "row 0, column 2"),
        (lambda: c.Deltas(BOX, clamp=None).decode([[0, 0, 999, 0]]), ValueError, "not finite"),
        (lambda: c.Deltas(BOX, stds=[1, 1, 1]), ValueError, "stds.*expected 4 finite numbers"),
        (lambda: c.Deltas(BOX, stds=[1, 1, 0, 1]), ValueError, "stds.*> 0"),
        (lambda: c.Deltas(BOX, weights=[1, 1, 1, -1]), ValueError, "weights.*> 0"),
        (lambda: c.Deltas(BOX, weights=[1] * 4, means=[0] * 4), ValueError, "not both"),
        (lambda: c.Deltas(BOX, clamp=(1.0, -1.0)), ValueError, "first must be below"),
        (lambda: c.Deltas(BOX, clamp=math.nan), ValueError, "clamp = nan"),
        (lambda: c.Deltas(BOX).pullback([[0] * 4], [[0] * 3]), ValueError, r"shape \(1, 4\)"),
        (lambda: c.AngleVector(0), ValueError, "fold = 0"),
        (lambda: c.AngleVector(1.5), TypeError, "whole number"),
        (lambda: c.AngleVector().encode([[1.0]]), ValueError, r"\(N,\)"),
        (lambda: c.AngleVector().encode([0.0, math.nan]), ValueError, r"angle\[1\] = nan"),
        (lambda: c.AngleVector().decode([[1.0]]), ValueError, "cosine and sine"),
        (lambda: c.RotatedVector().encode(BOX), TypeError, "expected RotatedBoxes, got Boxes"),
        (lambda: c.RotatedVector().encode(TURNED.scaled(0)), ValueError, "box 0 has w = 0"),
        (lambda: c.RotatedVector().decode([[0, 0, 800, 0, 1, 0]]), ValueError, "not finite"),
        (lambda: c.RotatedDeltas(BOX), TypeError, "anchors: expected RotatedBoxes"),
        (lambda: c.RotatedDeltas(TURNED.scaled(0)), ValueError, "anchors: box 0 has w = 0"),
        (lambda: c.RotatedDeltas(TURNED, frame="both"), ValueError, "'image' or 'anchor'"),
        (lambda: c.RotatedDeltas(TURNED, period=0), ValueError, "an angle > 0"),
        (lambda: c.RotatedDeltas(TURNED, stds=[1] * 4), ValueError, "expected 5 finite"),
        (lambda: c.EdgeDistances([[[1.0]]]), ValueError, r"\(N, D\) for boxes or \(N,\)"),
        (lambda: c.EdgeDistances([1.0, math.nan]), ValueError, r"points\[1\] is not finite"),
        (lambda: c.EdgeDistances([1.0], scale=0.0), ValueError, "scale must be finite and > 0"),
        (lambda: c.EdgeDistances([1.0, 2.0], scale=[1.0]), ValueError, r"shape \(2,\)"),
        (lambda: c.EdgeDistances([1.0], form="relu"), ValueError, "linear, clip, log"),
        (lambda: c.EdgeDistances([1.0]).encode(BOX), TypeError, "expected Intervals"),
        (lambda: c.EdgeDistances([[1.0]]).encode(BOX), ValueError, "points in 1 dim.*boxes in 2"),
        (
            lambda: c.EdgeDistances([1.0]).encode(ov.Intervals([[0, 1]], period=3.0)),
            ValueError,
            "use Deltas",
        ),
        (
            lambda: c.EdgeDistances([9.0], form="clip").encode(SPAN),
            ValueError,
            "point 0 is not inside interval 0.*upper end of axis 0 is -6.0",
        ),
        (lambda: c.EdgeDistances([1.0], form="log").encode(SPAN), ValueError, "axis 0 is 0.0"),
        (lambda: c.EdgeDistances([9.0]).decode([[1.0, -2.0]]), ValueError, "before start"),
        (lambda: c.HiddenSide("x0", kind=ov.Masks), TypeError, "expected Boxes or Intervals"),
        (lambda: c.HiddenSide("x0", most=1.0), ValueError, "most = 1.0"),
        (lambda: c.HiddenSide("left").decode([[0, 0, 1, 1, 0]]), ValueError, "x0, y0, x1, y1"),
        (lambda: c.HiddenSide([0, 7]).decode([[0, 0, 1, 1, 0]] * 2), ValueError, "7 of row 1"),
        (lambda: c.HiddenSide([0, 1]).decode([[0, 0, 1, 1, 0]]), ValueError, "2 sides"),
        (lambda: c.HiddenSide(0).decode([[0, 0, 1, 1]]), ValueError, "2 D . 1"),
        (lambda: c.HiddenSide(0).decode([[1, 0, 0, 1, 0]]), ValueError, "row 0 ends before"),
        (
            lambda: c.HiddenSide(0, kind=ov.Intervals).decode([[1, 0, 0, 1, 0]]),
            ValueError,
            r"\(N, 3\)",
        ),
        (lambda: c.HiddenSide("x0").encode(BOX, BOX.scaled(2)), ValueError, "end y0 of visible"),
        (lambda: c.HiddenSide("x1").encode(BOX, ov.Boxes([[0, 0, 1, 4]])), ValueError, "end x1"),
        (lambda: c.HiddenSide("y1").encode(FLAT[1], BOX), ValueError, "nothing of visible.0."),
        (lambda: c.HiddenSide("x1").encode(BOX, SPAN), TypeError, "expected Boxes"),
    ],
)
def test_bad_input(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_options_are_shown():
    assert repr(c.LogSize()) == f"LogSize(kind={ov.Boxes!r}, period=None)"
    text = repr(c.Deltas(BOX, weights=(10.0, 10.0, 5.0, 5.0)))
    assert "Boxes([[0.0, 0.0, 2.0, 4.0]])" in text
    assert "weights=(10.0, 10.0, 5.0, 5.0)" in text
    assert "_scaling" not in text


def test_input_is_not_changed():
    points = np.array([[1.0, 1.0]])
    coder = c.EdgeDistances(points)
    points[:] = 9.0
    assert coder.decode([[1.0, 1.0, 1.0, 1.0]]).to_array().tolist() == [[0.0, 0.0, 2.0, 2.0]]
    hidden = c.HiddenSide("x1")
    values = np.array([[0.0, 0.0, 1.0, 1.0, 0.5]])
    grad = np.ones((1, 4))
    hidden.decode(values)
    hidden.pullback(values, grad)
    assert values.tolist() == [[0.0, 0.0, 1.0, 1.0, 0.5]]
    assert grad.tolist() == [[1.0] * 4]
