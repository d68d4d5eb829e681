from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import overlap as ov


def test_constructors_agree() -> None:
    wanted = ov.Boxes([[1.0, 2.0, 4.0, 6.0], [0.0, 0.0, 1.0, 1.0]])
    assert ov.Boxes.sorted([[4.0, 2.0, 1.0, 6.0], [1.0, 1.0, 0.0, 0.0]]) == wanted
    assert ov.Boxes.from_xywh(wanted.to_xywh()) == wanted
    assert ov.Boxes.from_cxcywh(wanted.to_cxcywh()) == wanted
    coded = wanted.to_cxcywh()
    coded[:, 2:] = np.log(coded[:, 2:])
    logarithmic = ov.Boxes.from_log_cxcywh(coded)
    np.testing.assert_allclose(logarithmic.to_array(), wanted.to_array(), rtol=1e-15, atol=1e-15)
    assert ov.Boxes([[1, 2, 3, 5], [0, 0, 0, 0]], inclusive=True) == wanted
    assert ov.Boxes.from_xywh([[1, 2, 2, 3], [0, 0, 0, 0]], inclusive=True) == wanted
    line = ov.Intervals([[1.0, 4.0]], unit="px")
    assert ov.Boxes.from_intervals(line) == ov.Boxes([[1.0, 4.0]], unit="px")


@pytest.mark.parametrize("axes", [1, 2, 3, 5])
def test_any_dimension(axes: int) -> None:
    batch = ov.Boxes(np.hstack([np.zeros((3, axes)), np.full((3, axes), 2.0)]))
    assert batch.dimension == axes
    assert batch.lower.shape == batch.upper.shape == (3, axes)
    np.testing.assert_array_equal(batch.measure(), 2.0**axes)
    assert batch.scaled(0.5) == ov.Boxes(
        np.hstack([np.full((3, axes), 0.5), np.full((3, axes), 1.5)])
    )
    assert len(set(batch.to_frame().columns)) == 2 * axes


def test_names_of_the_columns() -> None:
    assert list(ov.Boxes([[0, 0, 1, 1]]).to_frame().columns) == ["x0", "y0", "x1", "y1"]
    frame = pd.DataFrame({"a": [0], "b": [1], "c": [2], "d": [3]})
    assert ov.Boxes(frame) == ov.Boxes([[0, 1, 2, 3]])


def test_no_boxes() -> None:
    assert len(ov.Boxes([])) == 0
    assert ov.Boxes(np.empty((0, 6))).dimension == 3
    assert ov.iou.pairwise(ov.Boxes([]), ov.Boxes([[0, 0, 1, 1]])).shape == (0, 1)


def test_the_batch_cannot_be_changed() -> None:
    values = np.array([[0.0, 0.0, 1.0, 1.0]])
    batch = ov.Boxes(values)
    values[:] = 9.0
    assert batch.measure()[0] == 1.0
    for column in batch.kernel_columns():
        with pytest.raises(ValueError, match="read-only"):
            column[0] = 1.0


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([[0, 0, 1, 1], [5, 0, 3, 1]],
         r"upper corner 3.0 is below lower corner 5.0 on axis 0 of box 1; use Boxes.sorted"),
        ([[0, np.nan, 1, 1]], r"column 1 of row \[?0\]? = nan is not finite; remove"),
        ([[0, 0, np.inf, 1]], "inf is not finite"),
        ([[-1.7e308, 0, 1.7e308, 1]], "side 0 of box 0 overflows"),
        ([[0, 1, 2]], r"expected shape \(N, 2 D\), lower corner then upper corner; got \(1, 3\)"),
        ([0, 0, 1, 1], r"expected shape \(N, 2 D\).*got shape \(4,\)"),
    ],
)  # fmt: skip
def test_bad_input(values: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ov.Boxes(values)  # type: ignore[arg-type]


@pytest.mark.parametrize("build", [ov.Boxes.from_xywh, ov.Boxes.from_cxcywh])
def test_negative_sizes(build) -> None:
    with pytest.raises(ValueError, match=r"size -2.0 on axis 1 of box 1 is negative"):
        build([[0, 0, 1, 1], [5, 5, 1, -2]])


def test_log_sizes_that_overflow() -> None:
    with pytest.raises(ValueError, match="not finite"):
        ov.Boxes.from_log_cxcywh([[0, 0, 800.0, 0]])


def test_arcs_are_no_boxes() -> None:
    with pytest.raises(ValueError, match="the intervals have a period; boxes do not wrap"):
        ov.Boxes.from_intervals(ov.Intervals([[0, 1]], period=2))


def test_dimensions_do_not_mix() -> None:
    with pytest.raises(ValueError, match="found has boxes in 2 dimensions and truth in 3"):
        ov.iou(ov.Boxes([[0, 0, 1, 1]]), ov.Boxes([[0, 0, 0, 1, 1, 1]]))
