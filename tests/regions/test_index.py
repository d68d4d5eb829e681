"""What an index of a batch may be, in every kind."""

from __future__ import annotations

import numpy as np
import pytest

import overlap as ov

LINE = ov.Intervals([[0.0, 2.0], [1.0, 3.0], [5.0, 6.0]])
PLANE = ov.Boxes([[0, 0, 2, 2], [1, 1, 3, 3], [5, 5, 6, 6]])
TURNED = ov.RotatedBoxes.from_boxes(PLANE)
KINDS = {
    "intervals": LINE,
    "interval sets": ov.IntervalSets([[[0, 1]], [[2, 3]], []]),
    "boxes": PLANE,
    "rotated": TURNED,
    "upright": ov.UprightBoxes([[0, 0, 0, 1, 1, 1, 0]] * 3),
    "gaussians": ov.Gaussians.from_boxes(PLANE, variance=0.25),
    "product": ov.Product(PLANE, LINE),
    "blurred": PLANE.blurred(0.1),
    "polygons": ov.Polygons.from_boxes(PLANE),
    "sets": ov.FiniteSets([[1, 1, 0], [0, 1, 1], [0, 0, 1]]),
    "masks": ov.Masks([[True, False], [True, True], [False, True]], axes=1),
    "soft masks": ov.Masks([[0.5, 0.1], [0.2, 0.3], [0.4, 0.9]], axes=1),
    "label masks": ov.Masks.from_labels([[1, 2, 3]]),
    "labels": ov.contingency([[1, 2, 3]], [[1, 2, 3]]).regions([1, 2, 3], [1, 2, 3])[0],
}
BAD = [
    None,
    ...,
    (0,),
    (0, 1),
    "0",
    1.0,
    True,
    [[0, 1]],
    np.array([[0], [1]]),
    np.array([0.0, 1.0]),
    [True, False],
    np.zeros(4, bool),
    np.zeros((3, 1), bool),
    [None, 1],
    ["a"],
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("index", BAD, ids=repr)
def test_other_indices_are_errors_at_once(kind: str, index: object) -> None:
    with pytest.raises(IndexError, match=r"expected a whole number, a slice|Booleans for 3"):
        KINDS[kind][index]


@pytest.mark.parametrize("kind", KINDS)
def test_indices(kind: str) -> None:
    batch = KINDS[kind]
    wanted = batch.measure()[[2, 0]].tolist()
    for index in ([2, 0], np.array([2, 0]), np.array([2, 0], np.uint8), np.array([-1, 0])):
        assert batch[index].measure().tolist() == wanted
    assert batch[[True, False, True]].measure().tolist() == wanted[::-1]
    assert len(batch[[]]) == len(batch[np.empty(0, np.int64)]) == len(batch[np.zeros(3, bool)]) == 0
    assert len(batch[np.array(1)]) == len(batch[np.uint8(1)]) == 1
