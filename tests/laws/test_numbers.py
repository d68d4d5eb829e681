"""Every kind: nothing with a size is empty, no whole number is rounded, no mask is ignored."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import overlap as ov

BIG = 2**53


def _square(s, dtype=float):
    return np.array([[0, 0], [s, 0], [s, s], [0, s]], dtype)


# A region whose every side is s, and another beside it of which they share a part.
SIZED = {
    "intervals": lambda s: ov.Intervals([[0.0, s]]),
    "arcs": lambda s: ov.Intervals([[0.0, s]], period=3.0 * s),
    "interval sets": lambda s: ov.IntervalSets([[[0.0, s]]]),
    "boxes-1": lambda s: ov.Boxes([[0.0, s]]),
    "boxes-2": lambda s: ov.Boxes([[0.0, 0.0, s, s]]),
    "boxes-3": lambda s: ov.Boxes([[0.0] * 3 + [s] * 3]),
    "rotated": lambda s: ov.RotatedBoxes([[0.0, 0.0, s, s, 0.3]]),
    "upright": lambda s: ov.UprightBoxes([[0.0, 0.0, 0.0, s, s, s, 0.3]]),
    "product": lambda s: ov.Product(ov.Boxes([[0.0, 0.0, s, s]]), ov.Intervals([[0.0, s]])),
    "smooth": lambda s: ov.Boxes([[0.0, 0.0, s, s]]).smooth_min(0.1),
    "polygons": lambda s: ov.Polygons([_square(s)]),
    "masks": lambda s: ov.Masks([[[True]]], spacing=(s, s)),
    "soft masks": lambda s: ov.Masks([[min(s, 1.0)]], soft="squared", axes=1),
    "labels": lambda s: ov.contingency([[1]], [[1]], spacing=(s, s)).regions([1], [1])[0],
    "sets": lambda s: ov.FiniteSets([[1, 1]], weights=[s, s]),
    "gaussians": lambda s: ov.Gaussians([[0.0, 0.0, s * s, 0.0, s * s]]),
}


@pytest.mark.parametrize("size", [5e-324, 1e-300, 1e-170, 1e-160, 1e-120, 1e120, 1e155, 1.7e308])
@pytest.mark.parametrize("kind", SIZED)
def test_nothing_with_a_size_is_empty(kind: str, size: float) -> None:
    """It has a normal measure, or building it is an error that says to use other numbers."""
    if kind == "gaussians" and (size * size in (0.0, np.inf)):
        return  # the covariance itself is none of this size
    message, measure = "", np.ones(1)
    try:
        measure = SIZED[kind](size).measure()
    except ValueError as error:
        message = str(error)
    if message:
        clear = "multiply", "unit", "overflow", "not finite", "not a positive number"
        assert any(words in message for words in clear)
    assert np.isfinite(measure).all()
    assert (measure > 0).all()


def test_a_flat_box_is_empty_or_refused() -> None:
    """Infinity times a side of 0 is NaN."""
    flat = [[0.0, 0.0, 0.0, 1e200, 1e200, 0.0]]
    with pytest.raises(ValueError, match=r"box 0 has sides 1e\+200 x 1e\+200 x 0: .*too large"):
        ov.Boxes(flat)
    assert ov.Boxes([[0.0, 0.0, 0.0, 0.0, 1e200, 1e200]]).measure()[0] == 0.0
    assert ov.Boxes([[0.0, 0.0, 0.0, 1e-200, 1e-200, 0.0]]).measure()[0] == 0.0


@pytest.mark.kernels
@pytest.mark.filterwarnings("ignore:overflow encountered")  # of kernels that are interpreted
@pytest.mark.parametrize("kind", ["intervals", "interval sets", "arcs", "sets"])
@pytest.mark.parametrize("size", [5e-324, 1e-170, 1e160])
def test_lengths_and_weights_have_ratios_at_any_scale(kind: str, size: float) -> None:
    batch = SIZED[kind](size)
    assert ov.iou(batch, batch)[0] == ov.dice(batch, batch)[0] == 1.0


READERS = {
    "boxes": (ov.Boxes, [[BIG, 0, BIG + 1, 1]]),
    "boxes, sorted": (ov.Boxes.sorted, [[BIG, 0, BIG + 1, 1]]),
    "boxes, sizes": (ov.Boxes.from_xywh, [[BIG + 1, 0, 1, 1]]),
    "boxes, centers": (ov.Boxes.from_cxcywh, [[BIG + 1, 0, 1, 1]]),
    "intervals": (ov.Intervals, [[BIG, BIG + 1]]),
    "intervals, wrapped": (lambda v: ov.Intervals.from_wrapped(v, period=2**60), [[BIG, BIG + 1]]),
    "intervals, frames": (lambda v: ov.Intervals.from_frames(v, fps=25), [[BIG, BIG + 1]]),
    "rotated": (ov.RotatedBoxes, [[BIG + 1, 0, 1, 1, 0]]),
    "corners": (ov.RotatedBoxes.from_corners, [[[BIG + 1, 0], [0, 0], [0, 1], [BIG + 1, 1]]]),
    "upright": (ov.UprightBoxes, [[BIG + 1, 0, 0, 1, 1, 1, 0]]),
    "gaussians": (ov.Gaussians, [[BIG + 1, 0, 1, 0, 1]]),
    "weights": (lambda v: ov.FiniteSets([[1, 1]], weights=v), [BIG + 1, 1]),
    "rectangles": (ov.Polygons.from_rectangles, [[BIG, 0, BIG + 1, 1]]),
    "confidence": (lambda v: ov.nms(ov.Intervals([[0, 1]] * 2), v), [BIG + 1, 1]),
}


@pytest.mark.parametrize(
    "form", ["list", "int64", "uint64", "object", "mixed", "frame", "mixed frame"]
)
@pytest.mark.parametrize("reader", READERS)
def test_whole_numbers_that_float64_cannot_hold(reader: str, form: str) -> None:
    import pandas as pd

    read, values = READERS[reader]
    flat = np.ndim(values) == 1
    given = {
        "list": lambda: values,
        "int64": lambda: np.array(values, np.int64),
        "uint64": lambda: np.array(values, np.uint64),
        "object": lambda: np.array(values, object),
        "mixed": lambda: _mixed(values),
        "frame": lambda: pd.Series(values) if flat else pd.DataFrame(values),
        "mixed frame": lambda: pd.Series(_mixed(values)) if flat else pd.DataFrame(_mixed(values)),
    }[form]
    if "frame" in form and (np.ndim(values) > 2 or (flat and "mixed" in form)):
        return  # no table; and a column has one type
    with pytest.raises(ValueError, match=r"whole number 900719925474099\d .*float64.*origin"):
        read(given())


def _mixed(values):
    """Return the same with floats for all numbers but those that matter."""
    if isinstance(values, list):
        return [_mixed(value) for value in values]
    return values if values > BIG else float(values)


def test_whole_numbers_that_float64_holds() -> None:
    assert ov.Boxes([[BIG, 0, BIG + 2, 1]]).to_array()[0, 2] == float(BIG + 2)
    assert ov.Intervals(np.array([[0, 2**62]])).stop[0] == 2.0**62
    assert ov.Intervals([[-(2**53), 2**53]]).measure()[0] == 2.0**54
    rng = np.random.default_rng(0)
    kept = 0
    for value in (rng.integers(2**52, 2**54, 200) & ~np.int64(1)).tolist():
        exact = Fraction(float(value)) == value
        try:
            ov.Intervals([[0, value]])
        except ValueError:
            assert not exact
        else:
            assert exact
            kept += 1
    assert kept > 100


def _masked(shape, dtype=float):
    mask = np.zeros(shape, bool)
    mask[-1] = True
    return np.ma.array(np.ones(shape, dtype), mask=mask)


MASKED = {
    "boxes": lambda: ov.Boxes(_masked((2, 4))),
    "intervals": lambda: ov.Intervals(_masked((2, 2))),
    "list of rows": lambda: ov.Intervals([_masked(2), np.ma.array([0.0, 1.0])]),
    "rotated": lambda: ov.RotatedBoxes(_masked((2, 5))),
    "interval sets": lambda: ov.IntervalSets([_masked((2, 2))]),
    "frames": lambda: ov.IntervalSets.from_frames(_masked(3, bool), fps=1.0),
    "polygons": lambda: ov.Polygons([_masked((3, 2))]),
    "masks": lambda: ov.Masks(_masked((2, 3), bool)),
    "labels": lambda: ov.Masks.from_labels(_masked((2, 3), int)),
    "sets": lambda: ov.FiniteSets(_masked((2, 3), bool)),
    "weights": lambda: ov.FiniteSets([[1, 1]], weights=_masked(2)),
    "confidence": lambda: ov.nms(ov.Intervals([[0, 1]] * 2), _masked(2)),
    "groups": lambda: ov.nms(ov.Intervals([[0, 1]] * 2), [0.5, 0.4], groups=_masked(2, int)),
    "match": lambda: ov.match(
        ov.Intervals([[0, 1]] * 2), ov.Intervals([[0, 1]]), confidence=_masked(2)
    ),
    "pairs of groups": lambda: ov.iou.pairs(
        ov.Intervals([[0, 1]] * 2),
        ov.Intervals([[0, 1]] * 2),
        at_least=0.5,
        groups=(_masked(2, int), [0, 1]),
    ),
    "thresholds": lambda: ov.threshold_dial(
        ov.Intervals([[0, 1]]), ov.Intervals([[0, 1]]), thresholds=_masked(2)
    ),
    "index": lambda: ov.Intervals([[0, 1]] * 3)[_masked(2, int)],
}


@pytest.mark.parametrize("entry", MASKED)
def test_masked_values_are_not_ignored(entry: str) -> None:
    with pytest.raises((ValueError, IndexError), match="masked"):
        MASKED[entry]()


def test_masked_arrays_without_a_masked_value_are_data() -> None:
    assert ov.Boxes(np.ma.array([[0.0, 0.0, 1.0, 1.0]])) == ov.Boxes([[0, 0, 1, 1]])
    assert ov.Masks(np.ma.array([[True, False]]), axes=1) == ov.Masks([[True, False]], axes=1)


TEXTS = {
    "nms": lambda b, t: ov.nms(b, [0.5], threshold=t),
    "nms, least": lambda b, t: ov.nms(b, [0.5], min_confidence=t),
    "nms, sigma": lambda b, t: ov.nms(b, [0.5], soft="gaussian", sigma=t),
    "match": lambda b, t: ov.match(b, b, at_least=t),
    "pairs": lambda b, t: ov.iou.pairs(b, b, at_least=t),
    "assign": lambda b, t: ov.assign(b, b, positive=t),
    "assign, negative": lambda b, t: ov.assign(b, b, negative=t),
    "assign, ignored": lambda b, t: ov.assign(b, b, ignore=b, ignore_at_least=t),
    "dial": lambda b, t: ov.threshold_dial(b, b, thresholds=[t]),
    "masks": lambda b, t: ov.Masks([[0.5]], support=t, axes=1),
    "scaled": lambda b, t: b.scaled(t),
    "blurred": lambda b, t: b.blurred(t),
    "smooth": lambda b, t: b.smooth_min(t),
    "tolerance": lambda b, t: ov.tolerance(ov.iou, b, b, eps=t),
    "period": lambda b, t: ov.Intervals([[0, 1]], period=t),
    "fps": lambda b, t: ov.Intervals.from_frames([[0, 1]], fps=t),
    "parameter": lambda b, t: ov.tversky(alpha=t),
    "scale": lambda b, t: ov.Product(b, b, scale=t),
    "gap": lambda b, t: ov.IntervalSets([[[0, 1]]]).filled(t),
}


@pytest.mark.parametrize("entry", TEXTS)
@pytest.mark.parametrize("text", ["0.5", b"0.5", np.str_("0.5")])
def test_text_is_no_number(entry: str, text: object) -> None:
    with pytest.raises((TypeError, ValueError), match=r"not a (finite )?number|real numbers"):
        TEXTS[entry](ov.Boxes([[0, 0, 1, 1]]), text)


def test_labels_of_groups_are_never_merged_by_a_change_of_type() -> None:
    two = ov.Intervals([[0, 1]] * 2)
    labels = np.array([2**64 - 1, 7], np.uint64), np.array([-1, 7])
    assert ov.match(two, two, groups=labels).found.tolist() == [1]
    labels = np.array([2**53 + 1, 2**53]), np.array([float(2**53), 0.5])
    assert ov.match(two, two, groups=labels).found.tolist() == [1]
