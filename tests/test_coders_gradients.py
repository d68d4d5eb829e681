"""All coders: their laws, their definitions, and the check of the laws itself."""

from __future__ import annotations

import math

import numpy as np
import pytest

import overlap as ov
from overlap.testing import check_coder

ROWS = 12


def sample(name):
    """Return a coder and numbers that it can decode, of `ROWS` rows."""
    rng = np.random.default_rng(sum(map(ord, name)))
    low = rng.uniform(-5, 5, (ROWS, 3))
    corners = np.hstack([low, low + rng.uniform(0.5, 4, (ROWS, 3))])
    boxes, boxes3 = ov.Boxes(corners[:, [0, 1, 3, 4]], unit="px"), ov.Boxes(corners)
    spans = ov.Intervals(corners[:, [0, 3]])
    arcs = ov.Intervals(corners[:, [0, 3]], period=8.0)
    table = np.column_stack([rng.normal(size=(ROWS, 2)), rng.uniform(0.5, 4, (ROWS, 2))])
    rotated = ov.RotatedBoxes(np.column_stack([table, rng.uniform(-1, 1, ROWS)]))
    stds = (0.1, 0.2, 0.3, 0.4)
    means = (0.5, -0.5, 0.25, 0.0)
    wide, deltas = rng.uniform(-0.6, 0.6, (ROWS, 6)), rng.uniform(-0.5, 0.5, (ROWS, 5))
    positive = rng.uniform(0.2, 3, (ROWS, 6))
    kind = ov.coders
    return {
        "center size": (kind.CenterSize(), positive[:, :4]),
        "center size of intervals": (kind.CenterSize(ov.Intervals), positive[:, :2]),
        "center size of arcs": (kind.CenterSize(ov.Intervals, period=8.0), positive[:, :2]),
        "log size in space": (kind.LogSize(), wide),
        "log size of intervals": (kind.LogSize(ov.Intervals), wide[:, :2]),
        "deltas": (kind.Deltas(boxes), wide[:, :4]),
        "deltas in space": (kind.Deltas(boxes3), wide),
        "deltas with stds": (kind.Deltas(boxes, means=means, stds=stds), wide[:, :4]),
        "deltas with weights": (kind.Deltas(boxes, weights=(10.0, 10.0, 5.0, 5.0)), wide[:, :4]),
        "deltas of one anchor": (kind.Deltas(boxes[3]), wide[:, :4]),
        "deltas of intervals": (kind.Deltas(spans, clamp=None), wide[:, :2]),
        "deltas of arcs": (kind.Deltas(arcs), 0.5 * wide[:, :2]),
        "rotated vector": (kind.RotatedVector(), wide),
        "rotated vector of headings": (kind.RotatedVector(fold=1), wide),
        "rotated deltas": (kind.RotatedDeltas(rotated), deltas),
        "rotated deltas in the anchor's frame": (
            kind.RotatedDeltas(rotated, stds=(0.1, 0.1, 0.2, 0.2, 0.1), frame="anchor"),
            deltas,
        ),
        "rotated deltas of headings": (
            kind.RotatedDeltas(rotated, period=2 * math.pi),
            deltas * [1, 1, 1, 1, 6.0],
        ),
        "distances": (kind.EdgeDistances(corners[:, :2], scale=table[:, 2]), positive[:, :4]),
        "distances outside": (
            kind.EdgeDistances(corners[:, :1]),
            positive[:, :2] * [-0.1, 1] + [0, 1],
        ),
        "distances of intervals": (kind.EdgeDistances(corners[:, 0], scale=8.0), positive[:, :2]),
        "clipped distances": (kind.EdgeDistances(corners[:, :2], form="clip"), positive[:, :4]),
        "log distances": (kind.EdgeDistances(corners[:, :3], form="log"), wide),
        "hidden sides": (
            kind.HiddenSide(["x0", "y0", "x1", "y1"] * (ROWS // 4)),
            np.column_stack([boxes.to_array(), positive[:, 0] / 4]),
        ),
        "hidden side of all": (
            kind.HiddenSide(5),
            np.column_stack([corners, positive[:, 0] / 4]),
        ),
        "hidden ends of intervals": (
            kind.HiddenSide(["start", "stop"] * (ROWS // 2), kind=ov.Intervals),
            np.column_stack([spans.to_array(), positive[:, 0] / 4]),
        ),
    }[name]


NAMES = [
    "center size",
    "center size of intervals",
    "center size of arcs",
    "log size in space",
    "log size of intervals",
    "deltas",
    "deltas in space",
    "deltas with stds",
    "deltas with weights",
    "deltas of one anchor",
    "deltas of intervals",
    "deltas of arcs",
    "rotated vector",
    "rotated vector of headings",
    "rotated deltas",
    "rotated deltas in the anchor's frame",
    "rotated deltas of headings",
    "distances",
    "distances outside",
    "distances of intervals",
    "clipped distances",
    "log distances",
    "hidden sides",
    "hidden side of all",
    "hidden ends of intervals",
]


@pytest.mark.parametrize("name", NAMES)
def test_the_laws_of_coders(name):
    coder, values = sample(name)
    check_coder(coder, values, round_trip=not isinstance(coder, ov.coders.HiddenSide))


@pytest.mark.parametrize("name", NAMES)
def test_decode_then_encode_gives_the_values_back(name):
    coder, values = sample(name)
    regions = coder.decode(values)
    if isinstance(coder, ov.coders.HiddenSide):
        line = coder.kind is ov.Intervals
        visible = coder.kind(values[:, :-1])
        again = coder.encode(visible, regions)
        # the hidden fraction is that of the measure
        share = visible.measure() / regions.measure()
        np.testing.assert_allclose(1 - share, values[:, -1], rtol=1e-12)
        assert line or regions.dimension in (2, 3)
    else:
        again = coder.encode(regions)
    wanted = values
    if isinstance(coder, ov.coders.RotatedVector):  # the length of the vector is forgotten
        length = np.hypot(values[:, 4], values[:, 5])
        wanted = np.column_stack([values[:, :4], values[:, 4] / length, values[:, 5] / length])
    np.testing.assert_allclose(again, wanted, rtol=0, atol=1e-12)


NONE = ov.Boxes(np.empty((0, 4)))


@pytest.mark.parametrize(
    ("coder", "width", "parameters"),
    [
        (ov.coders.CenterSize(), 6, 6),
        (ov.coders.LogSize(ov.Intervals), 2, 2),
        (ov.coders.Deltas(NONE), 4, 4),
        (ov.coders.Deltas(ov.Boxes([[0, 0, 1, 1]])), 4, 4),
        (ov.coders.RotatedVector(), 6, 5),
        (ov.coders.RotatedDeltas(ov.RotatedBoxes(np.empty((0, 5)))), 5, 5),
        (ov.coders.EdgeDistances(np.empty((0, 2)), scale=[]), 4, 4),
        (ov.coders.EdgeDistances([], form="log"), 2, 2),
        (ov.coders.HiddenSide("x0"), 5, 4),
        (ov.coders.HiddenSide([], kind=ov.Intervals), 3, 2),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, int) else None,
)
def test_no_rows(coder, width, parameters):
    empty = np.empty((0, width))
    assert coder.decode(empty).to_array().shape == (0, parameters)
    assert coder.pullback(empty, np.empty((0, parameters))).shape == (0, width)
    if not isinstance(coder, ov.coders.HiddenSide):
        assert coder.encode(coder.decode(empty)).shape == (0, width)


@pytest.mark.parametrize("fold", [1, 2, 4])
def test_angle_vectors(fold):
    rng = np.random.default_rng(fold)
    coder = ov.coders.AngleVector(fold)
    angles = rng.uniform(-math.pi / fold, math.pi / fold, 20)
    values = coder.encode(angles)
    np.testing.assert_allclose(values[:, 0], np.cos(fold * angles), atol=1e-15)
    np.testing.assert_allclose(coder.decode(values * rng.uniform(0.1, 9, (20, 1))), angles)
    # a region that is turned onto itself has the same code
    np.testing.assert_allclose(coder.encode(angles + 2 * math.pi / fold), values, atol=1e-14)
    weight, step = rng.normal(size=20), 1e-6
    values *= rng.uniform(0.5, 2, (20, 1))
    values = values[np.abs(np.pi - np.abs(fold * angles)) > 0.01]  # not across the cut
    weight = weight[: len(values)]
    pulled = coder.pullback(values, weight)
    for column, move in enumerate(np.eye(2) * step):
        slope = (coder.decode(values + move) - coder.decode(values - move)) / (2 * step)
        np.testing.assert_allclose(pulled[:, column], weight * slope, rtol=1e-6, atol=1e-8)


def test_a_vector_of_no_length_has_no_direction():
    coder = ov.coders.AngleVector()
    assert coder.decode([[0.0, 0.0], [-0.0, 0.0], [-1.0, -0.0]]).tolist() == [0, 0, math.pi / 2]
    assert coder.pullback([[0.0, 0.0]], [3.0]).tolist() == [[0.0, 0.0]]
    tiny = coder.pullback([[5e-324, 0.0], [0.0, 1e-310]], [3.0, -3.0])
    assert np.isfinite(tiny).all()
    assert tiny[0, 1] > 1e300


# ------------------------------------------------------------------------------ definitions


def test_deltas_by_hand():
    # Girshick et al. 2014, with g the truth and p the proposal: t_x = (g_x - p_x) / p_w, ...
    anchor, truth = ov.Boxes([[10.0, 20.0, 30.0, 60.0]]), ov.Boxes([[15.0, 20.0, 25.0, 100.0]])
    plain = [0.0, 0.5, math.log(10 / 20), math.log(80 / 40)]
    coder = ov.coders.Deltas(anchor)
    np.testing.assert_allclose(coder.encode(truth), [plain], atol=1e-15)
    weighted = ov.coders.Deltas(anchor, weights=(10.0, 10.0, 5.0, 5.0))
    np.testing.assert_allclose(weighted.encode(truth), [np.multiply(plain, [10, 10, 5, 5])])
    stds = ov.coders.Deltas(anchor, means=[0, 0, 1, 1], stds=[0.1, 0.1, 0.2, 0.2])
    np.testing.assert_allclose(
        stds.encode(truth), [np.subtract(plain, [0, 0, 1, 1]) / [0.1, 0.1, 0.2, 0.2]], rtol=1e-14
    )
    assert weighted.decode(weighted.encode(truth)).unit is None
    np.testing.assert_allclose(weighted.decode([[0.0] * 4]).to_array(), anchor.to_array())


@pytest.mark.parametrize(
    ("clamp", "value", "size", "slope"),
    [
        (math.log(1000 / 16), 9.0, 62.5, 0.0),
        (math.log(1000 / 16), -9.0, math.exp(-9.0), 1.0),
        (1.0, 1.0, math.e, 0.5),
        ((-1.0, 1.0), -2.0, math.exp(-1.0), 0.0),
        ((-1.0, 1.0), -1.0, math.exp(-1.0), 0.5),
        (None, 9.0, math.exp(9.0), 1.0),
    ],
)
def test_the_clamp_holds_the_size_and_its_gradient(clamp, value, size, slope):
    coder = ov.coders.Deltas(ov.Intervals([[-0.5, 0.5]]), clamp=clamp)
    assert coder.decode([[0.0, value]]).measure()[0] == pytest.approx(size, rel=1e-14)
    assert coder.pullback([[0.0, value]], [[0.0, 2.0]])[0, 1] == pytest.approx(slope * size)
    boxes = ov.RotatedBoxes([[0.0, 0.0, 1.0, 1.0, 0.0]])
    turned = ov.coders.RotatedDeltas(boxes, clamp=clamp)
    values = [[0.0, 0.0, value, 0.0, 0.0]]
    assert turned.decode(values).to_array()[0, 2] == pytest.approx(size, rel=1e-14)
    assert turned.pullback(values, [[0, 0, 2.0, 0, 0]])[0, 2] == pytest.approx(2 * slope * size)


def test_deltas_go_the_shorter_way_round_a_circle():
    coder = ov.coders.Deltas(ov.Intervals([[22.0, 24.0]], period=24.0))
    midnight = ov.Intervals([[0.0, 2.0]], period=24.0)
    assert coder.encode(midnight).tolist() == [[1.0, 0.0]]
    assert ov.iou(coder.decode([[1.0, 0.0]]), midnight).tolist() == [1.0]
    full = coder.decode([[0.0, 4.0]])  # 2 exp(4) is more than a turn
    assert full.measure()[0] == pytest.approx(24.0, rel=1e-11)
    assert coder.pullback([[0.0, 4.0]], [[0.0, 1.0]]).tolist() == [[2.0, 0.0]]


def test_rotated_deltas_are_those_of_the_turned_plane():
    rng = np.random.default_rng(8)
    table = np.column_stack(
        [rng.normal(size=(9, 2)), rng.uniform(1, 3, (9, 2)), rng.uniform(-9, 9, 9)]
    )
    anchors, boxes = ov.RotatedBoxes(table), ov.RotatedBoxes(rng.permutation(table))
    coder = ov.coders.RotatedDeltas(anchors, frame="anchor")
    values = coder.encode(boxes)
    assert (np.abs(values[:, 4]) <= math.pi / 2).all()
    turn = 0.7
    rotation = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])

    def turned(batch):
        numbers = batch.to_array()
        return ov.RotatedBoxes(
            np.column_stack([numbers[:, :2] @ rotation.T, numbers[:, 2:4], numbers[:, 4] + turn])
        )

    again = ov.coders.RotatedDeltas(turned(anchors), frame="anchor").encode(turned(boxes))
    np.testing.assert_allclose(again, values, atol=1e-12)
    np.testing.assert_allclose(coder.decode(values).corners()[:, ::2].mean(axis=1),
                               boxes.corners()[:, ::2].mean(axis=1), atol=1e-12)  # fmt: skip
    np.testing.assert_allclose(ov.iou(coder.decode(values), boxes), 1.0, rtol=1e-12)


def test_exchanged_edges_are_the_same_box_with_a_smaller_turn():
    anchors = ov.RotatedBoxes([[0.0, 0.0, 4.0, 2.0, 0.1]])
    boxes = ov.RotatedBoxes([[0.0, 0.0, 2.0, 4.0, 0.2 + math.pi / 2]])
    plain = ov.coders.RotatedDeltas(anchors).encode(boxes)
    swapped = ov.coders.RotatedDeltas(anchors, swap_edges=True)
    np.testing.assert_allclose(plain[0, 2:], [-math.log(2), math.log(2), 0.1 - math.pi / 2])
    np.testing.assert_allclose(swapped.encode(boxes), [[0, 0, 0, 0, 0.1]], atol=1e-15)
    np.testing.assert_allclose(ov.iou(swapped.decode(swapped.encode(boxes)), boxes), 1.0)


def test_distances_by_hand():
    box = ov.Boxes([[0.0, 2.0, 10.0, 6.0]])
    coder = ov.coders.EdgeDistances([[4.0, 3.0]], unit="px")
    assert coder.encode(box).tolist() == [[4.0, 1.0, 6.0, 3.0]]  # left, top, right, bottom
    assert coder.decode([[4.0, 1.0, 6.0, 3.0]]).unit == "px"
    # FCOS: sqrt(min(l, r) / max(l, r) * min(t, b) / max(t, b))
    assert coder.centerness(box)[0] == pytest.approx(math.sqrt(4 / 6 * 1 / 3))
    points = [[5.0, 4.0], [0.0, 4.0], [-1.0, 4.0], [11.0, 9.0]]
    assert ov.coders.EdgeDistances(points).centerness(box).tolist() == [1.0, 0.0, 0.0, 0.0]
    clip = ov.coders.EdgeDistances([[4.0, 3.0]], form="clip")
    assert clip.decode([[-1.0, 1.0, 6.0, 3.0]]).to_array().tolist() == [[4.0, 2.0, 10.0, 6.0]]
    pulled = clip.pullback([[-1.0, 0.0, 6.0, 3.0]], [[1.0, 1.0, 1.0, 1.0]])
    assert pulled.tolist() == [[0.0, -0.5, 1.0, 1.0]]


def test_hidden_fractions_are_clamped():
    coder = ov.coders.HiddenSide("stop", kind=ov.Intervals, most=0.5, unit="s")
    values = [[0.0, 1.0, -0.2], [0.0, 1.0, 0.0], [0.0, 1.0, 0.5], [0.0, 1.0, 0.9]]
    whole = coder.decode(values)
    assert whole == ov.Intervals([[0, 1], [0, 1], [0, 2], [0, 2]], unit="s")
    pulled = coder.pullback(values, [[0.0, 1.0]] * 4)
    assert pulled[:, 2].tolist() == [0.0, 0.5, 2.0, 0.0]


# ------------------------------------------------------------------- the check of the laws


class Faulty:
    """A coder of intervals with one thing wrong."""

    def __init__(self, fault):
        self.fault = fault
        self.right = ov.coders.LogSize(ov.Intervals)

    def encode(self, regions):
        values = self.right.encode(regions)
        if self.fault == "encode":
            values[:, 1] += 1e-6
        return values[:, :1] if self.fault == "width" else values

    def decode(self, values):
        regions = self.right.decode(values)
        if self.fault == "input":
            values[0, 0] = 7.0
        return regions[:1] if self.fault == "rows" else regions

    def pullback(self, values, grad):
        pulled = self.right.pullback(values, grad)
        if self.fault == "grad":
            values[:] = 0.0
        if self.fault == "slope":
            pulled[:, 1] *= 1.0 + 1e-5
        return pulled.astype(np.float32) if self.fault == "type" else pulled


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("encode", "row 0, .* is encoded back as .*another region by"),
        ("width", r"encode gives float64 of shape \(2, 1\)"),
        ("rows", "2 rows decode to 1 regions"),
        ("slope", "gradient of row 0 with respect to column 1"),
        ("type", "pullback gives float32"),
        ("grad", "pullback changes its input"),
        ("input", "decode changes its input"),
    ],
)
def test_what_is_wrong_with_a_coder_is_said(fault, words):
    values = [[0.5, 0.1], [1.0, -0.3]]
    check_coder(Faulty(None), values)
    with pytest.raises(AssertionError, match=words):
        check_coder(Faulty(fault), values)
