"""What all kinds share: containers, comparisons, and the errors of a pair that cannot be."""

from __future__ import annotations

import numpy as np
import pytest

import overlap as ov

LINE = ov.Intervals([[0.0, 2.0], [1.0, 3.0], [5.0, 6.0]])
PLANE = ov.Boxes([[0.0, 0.0, 2.0, 2.0], [1.0, 1.0, 3.0, 3.0], [5.0, 5.0, 6.0, 6.0]])
SETS = ov.FiniteSets([[1, 1, 0], [0, 1, 1], [0, 0, 1]])
CELLS = ov.Masks([[[True, False]], [[True, True]], [[False, True]]])
TUBES = ov.Product(PLANE, LINE, scale=2.0)
KINDS = [LINE, ov.Intervals(LINE.to_array(), period=9.0, unit="h"), PLANE, SETS, CELLS, TUBES]
IDS = ["intervals", "arcs", "boxes", "sets", "masks", "product"]
each_kind = pytest.mark.parametrize("batch", KINDS, ids=IDS)


@each_kind
def test_repr_evaluates_back(batch: ov.Regions) -> None:
    names = {"array": np.array, **{name: getattr(ov, name) for name in ov.__all__}}
    assert eval(repr(batch), names) == batch


@each_kind
def test_indexing(batch: ov.Regions) -> None:
    assert len(batch) == 3
    assert len(batch[1]) == 1
    assert batch[-1] == batch[2] == batch[[2]] == batch[np.array([False, False, True])]
    assert batch[::-1][0] == batch[2]
    assert len(batch[:0]) == 0
    assert batch[np.int64(1)] == batch[1:2]
    for index in (3, -4):
        with pytest.raises(IndexError, match=f"index {index} is out of range for 3"):
            batch[index]
    with pytest.raises(IndexError):
        batch[[0, 17]]


@each_kind
def test_concat(batch: ov.Regions) -> None:
    assert type(batch).concat([batch[:1], batch[1:]]) == batch
    assert len(type(batch).concat([batch] * 3)) == 9
    with pytest.raises(ValueError, match=r"concat: needs at least one batch"):
        type(batch).concat([])


@each_kind
def test_equality_looks_at_values(batch: ov.Regions) -> None:
    assert batch == batch[:]
    assert batch != batch[[0, 2, 1]]
    assert batch != batch[:2]
    assert batch != "batch"
    assert hash(batch) == hash(batch[:])
    assert hash(batch) != hash(batch[[0, 2, 1]])


@each_kind
def test_iteration_ends(batch: ov.Regions) -> None:
    assert [len(region) for region in batch] == [1, 1, 1]


@each_kind
def test_wrong_number_of_partners(batch: ov.Regions) -> None:
    with pytest.raises(
        ValueError, match=r"found has 3 regions and truth 2; .*1 on one side.*pairw"
    ):
        ov.iou(batch, batch[:2])
    assert ov.iou(batch, batch[0]).shape == ov.iou(batch[0], batch).shape == (3,)


@pytest.mark.parametrize("raw", [[[0.0, 10.0]], np.zeros((1, 2)), None, "x", 3.0], ids=repr)
def test_raw_arrays_are_never_scored(raw: object) -> None:
    """The message names the classes to wrap them in."""
    for call in (ov.iou, ov.iou.pairwise, ov.terms, ov.iou.value_and_grad):
        for pair in ((raw, LINE), (LINE, raw)):
            with pytest.raises(
                TypeError,
                match=r"expected a batch of regions, got .*; .*(overlap|FiniteSets|both sides)",
            ):
                call(*pair)  # type: ignore[operator]
    with pytest.raises(TypeError, match="truth: expected a batch"):
        ov.iou.pairs(LINE, raw, at_least=0.5)  # type: ignore[arg-type]


def test_kinds_do_not_mix() -> None:
    with pytest.raises(TypeError, match="found is Intervals and truth is Boxes; convert one"):
        ov.iou(LINE, PLANE)
    with pytest.raises(TypeError, match=r"batches\[0\] is Intervals and a later batch is Boxes"):
        ov.Intervals.concat([LINE, PLANE])  # type: ignore[list-item]


def test_units_do_not_mix() -> None:
    seconds, frames = (ov.Intervals([[0, 1]], unit=unit) for unit in ("s", "frames"))
    with pytest.raises(ValueError, match="found is in 's' and truth in 'frames'; convert one"):
        ov.iou(seconds, frames)
    assert ov.iou(seconds, ov.Intervals([[0, 1]]))[0] == 1.0


def test_periods_do_not_mix() -> None:
    turn = ov.Intervals([[0, 1]], period=24)
    with pytest.raises(ValueError, match=r"found has period 24.0 and truth has period None; build"):
        ov.giou(turn, ov.Intervals([[0, 1]]))
    with pytest.raises(ValueError, match=r"period 12.0"):
        ov.iou.pairwise(turn, ov.Intervals([[0, 1]], period=12))


def test_enclosures() -> None:
    with pytest.raises(ValueError, match="enclosure = 'round'; expected one of natural, box, hull"):
        ov.giou.with_enclosure("round")
    with pytest.raises(TypeError, match="Intervals has no 'hull' enclosure; it has 'natural', 'b"):
        ov.giou.with_enclosure("hull")(LINE, LINE)
    with pytest.raises(TypeError, match=r"giou: FiniteSets have no common enclosure"):
        ov.giou(SETS, SETS)
    with pytest.raises(TypeError, match=r"ciou: Masks have no width and height"):
        ov.ciou(CELLS, CELLS)


def test_a_kind_says_what_it_does_not_have() -> None:
    with pytest.raises(TypeError, match=r"FiniteSets has no scaled"):
        SETS.scaled(2.0)
    with pytest.raises(TypeError, match=r"FiniteSets has no contains"):
        SETS.contains(np.zeros((1, 1)))
    with pytest.raises(TypeError, match=r"iou: Masks give no gradient"):
        ov.iou.value_and_grad(CELLS, CELLS)
