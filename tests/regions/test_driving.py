"""Boxes of KITTI and nuScenes, boxes from corners and from YOLO's shares, by their definitions."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import shapely
from scipy.spatial.transform import Rotation

import overlap as ov

pytestmark = pytest.mark.kernels


def kitti_rows(rng, n):
    size = rng.uniform(0.5, 4.0, (n, 3))
    where = rng.uniform([-2, 1, 8], [2, 2.5, 12], (n, 3))
    return np.column_stack([size, where, rng.uniform(-math.pi, math.pi, n)])


def kitti_iou(a, b):
    """The overlap as KITTI's kit defines it: ground polygons in x and z, heights along y."""

    def ground(row):
        _, w, length, x, _, z, turn = row
        c, s = math.cos(turn), math.sin(turn)
        corners = [(0.5, 0.5), (0.5, -0.5), (-0.5, -0.5), (-0.5, 0.5)]
        return shapely.Polygon(
            [(x + c * p * length + s * q * w, z - s * p * length + c * q * w) for p, q in corners]
        )

    plane = ground(a).intersection(ground(b)).area
    height = max(min(a[4], b[4]) - max(a[4] - a[0], b[4] - b[0]), 0.0)
    volumes = a[0] * a[1] * a[2] + b[0] * b[1] * b[2]
    return plane * height / (volumes - plane * height)


def test_kitti_by_its_own_definition():
    rng = np.random.default_rng(0)
    a, b = kitti_rows(rng, 200), kitti_rows(rng, 200)
    got = ov.iou(ov.UprightBoxes.from_kitti(a), ov.UprightBoxes.from_kitti(b, unit=None))
    wanted = [kitti_iou(p, q) for p, q in zip(a, b, strict=True)]
    assert np.count_nonzero(wanted) > 50
    np.testing.assert_allclose(got, wanted, rtol=1e-9, atol=1e-12)


def test_kitti_axes_by_hand():
    """A car straight ahead that drives away: its length lies along our x."""
    (row,) = ov.UprightBoxes.from_kitti([[1.5, 1.6, 4.0, 0.0, 1.7, 10.0, -math.pi / 2]]).to_array()
    np.testing.assert_allclose(row, [10.0, 0.0, -0.95, 4.0, 1.6, 1.5, 0.0], atol=1e-15)
    # to the right of the camera, and facing right: to our -y
    (row,) = ov.UprightBoxes.from_kitti([[1.5, 1.6, 4.0, 3.0, 1.7, 10.0, 0.0]]).to_array()
    np.testing.assert_allclose(row[[0, 1, 6]], [10.0, -3.0, -math.pi / 2])


def test_kitti_there_and_back():
    rows = kitti_rows(np.random.default_rng(1), 300)
    rows[:3, 6] = math.pi, -math.pi, 0.0
    boxes = ov.UprightBoxes.from_kitti(rows)
    back = boxes.to_kitti()
    np.testing.assert_allclose(back[:, :6], rows[:, :6], atol=1e-14)
    turned = np.exp(1j * back[:, 6]) - np.exp(1j * rows[:, 6])
    assert np.abs(turned).max() < 1e-14
    assert np.abs(back[:, 6]).max() <= math.pi
    np.testing.assert_allclose(ov.UprightBoxes.from_kitti(back).to_array(), boxes.to_array())
    assert len(ov.UprightBoxes.from_kitti([])) == 0
    frame = pd.DataFrame(rows, columns=["h", "w", "l", "x", "y", "z", "ry"])
    assert ov.UprightBoxes.from_kitti(frame[["x", "y", "z", "ry", "l", "w", "h"]]) == boxes


CAR = [1.5, 1.6, 4.0, 0.0, 1.7, 10.0, 0.1]


@pytest.mark.parametrize(
    ("rows", "error", "message"),
    [
        ([CAR[:6]], ValueError, r"shape \(N, 7\) with height, width, length, x, y, z, rotation_y"),
        ([[0.0] * 8 + CAR], ValueError, r"got \(1, 15\); .* these are fields 8 to 14"),
        ([["Car", *map(str, [0.0] * 7 + CAR)]], TypeError, "fields 8 to 14"),
        ([CAR, [-1, -1, -1, -1000, -1000, -1000, -10]], ValueError, r"height\[1\] = -1.*DontCare"),
        ([[*CAR[:6], math.nan]], ValueError, r"rotation_y\[0\] = nan is not finite"),
        ([CAR, [*CAR[:6], -90]], ValueError, r"rotation_y\[1\] = -90 is more .* expected radians"),
    ],
)
def test_what_is_not_kitti(rows, error, message):
    with pytest.raises(error, match=message):
        ov.UprightBoxes.from_kitti(rows)


# ------------------------------------------------------------------------------ nuScenes


def as_set(corners):
    return sorted(map(tuple, np.round(corners, 9) + 0.0))


def test_nuscenes_corners_are_those_of_its_kit():
    rng = np.random.default_rng(2)
    n = 100
    where, size = rng.uniform(-50, 50, (n, 3)), rng.uniform(0.5, 5.0, (n, 3))
    yaw = rng.uniform(-math.pi, math.pi, n)
    rotation = np.column_stack([np.cos(yaw / 2), np.zeros((n, 2)), np.sin(yaw / 2)])
    rotation *= rng.choice([-1.0, 1.0], n)[:, None]  # q and -q are the same rotation
    boxes = ov.UprightBoxes.from_nuscenes(where, size, rotation)
    signs = np.array([[x, y, z] for x in (1, -1) for y in (1, -1) for z in (1, -1)])
    for k in range(n):
        w, length, h = size[k]
        turn = Rotation.from_quat(rotation[k, [1, 2, 3, 0]])
        wanted = turn.apply(0.5 * signs * [length, w, h]) + where[k]
        assert as_set(boxes.corners()[k]) == as_set(wanted)
    center, sides, back = boxes.to_nuscenes()
    np.testing.assert_array_equal(center, where)
    np.testing.assert_array_equal(sides, size)
    np.testing.assert_allclose(np.abs((back * rotation).sum(axis=1)), 1.0, atol=1e-14)
    np.testing.assert_allclose(
        ov.UprightBoxes.from_nuscenes(center, sides, back).to_array(), boxes.to_array(), atol=1e-14
    )


def test_boxes_that_lean_are_refused_and_can_be_set_upright():
    lean = Rotation.from_euler("zyx", [0.7, 0.01, 0.0]).as_quat()[[3, 0, 1, 2]]
    record = [[1.0, 2.0, 3.0]], [[2.0, 4.0, 1.5]], [lean]
    with pytest.raises(ValueError, match=r"rotation\[0\] = .* tilts the box by 0.01 rad, allowed"):
        ov.UprightBoxes.from_nuscenes(*record)
    boxes = ov.UprightBoxes.from_nuscenes(*record, tolerance=0.02)
    assert boxes.to_array()[0, 6] == pytest.approx(0.7, abs=1e-4)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rotation": [[0.0, 0.0, 0.6, 0.8]]}, r"tilts .* Check the order w, x, y, z"),
        ({"rotation": [[2.0, 0.0, 0.0, 0.0]]}, "has length 2; expected a unit quaternion"),
        ({"rotation": [[0.0] * 4]}, "has length 0"),
        ({"rotation": [1.0, 0.0, 0.0, 0.0]}, r"shape \(4,\); .*put the one of a single box"),
        ({"size": [[1.0, -2.0, 1.0]]}, r"size\[0\]\[1\] = -2.0 is negative"),
        ({"size": [[1.0, 2.0]]}, r"size has shape \(1, 2\); expected \(N, 3\) with width, length"),
        ({"translation": [[0.0] * 3] * 2}, "2 translations, 1 sizes and 1 rotations"),
        ({"translation": [[0.0, math.inf, 0.0]]}, r"translation: y\[0\] = inf"),
        ({"tolerance": -1.0}, "tolerance = -1.0 is not"),
    ],
)
def test_what_is_not_nuscenes(change, message):
    record = {
        "translation": [[0.0, 0.0, 0.0]],
        "size": [[1.0, 2.0, 1.0]],
        "rotation": [[1.0, 0.0, 0.0, 0.0]],
    }
    with pytest.raises(ValueError, match=message):
        ov.UprightBoxes.from_nuscenes(**{**record, **change})


# ------------------------------------------------------------------------------- corners


def test_corners_in_any_order():
    rng = np.random.default_rng(3)
    n = 200
    table = np.column_stack(
        [rng.uniform(-50, 50, (n, 3)), rng.uniform(0.2, 5.0, (n, 3)), rng.uniform(-4, 4, n)]
    )
    table[:5, 5] = 0.0  # flat, thin and square ones
    table[5:8, 4] = 0.0
    table[8:12, 4] = table[8:12, 3]
    table[12, 3:6] = 0.0
    boxes = ov.UprightBoxes(table)
    order = rng.permuted(np.tile(np.arange(8), (n, 1)), axis=1)
    corners = np.take_along_axis(boxes.corners(), order[:, :, None], axis=1)
    again = ov.UprightBoxes.from_corners(corners)
    got = again.to_array()
    solid = boxes.measure() > 0
    np.testing.assert_allclose(ov.iou(again, boxes)[solid], 1.0, atol=1e-12)
    long, short = np.sort(table[:, 3:5], axis=1).T[::-1]
    np.testing.assert_allclose(got[:, 3:6], np.column_stack([long, short, table[:, 5]]), atol=1e-13)
    np.testing.assert_allclose(got[:, :3], table[:, :3], atol=1e-13)
    assert (got[:, 6] >= -math.pi / 2).all()
    assert (got[:, 6] < math.pi / 2).all()
    assert [as_set(x) for x in again.corners()] == [as_set(x) for x in corners]
    assert len(ov.UprightBoxes.from_corners(np.empty((0, 8, 3)))) == 0


def test_corners_of_float32_and_rounded_ones():
    boxes = ov.UprightBoxes([[500.0, 300.0, 1.0, 4.0, 2.0, 1.5, 0.3]])
    single = ov.UprightBoxes.from_corners(boxes.corners().astype(np.float32))
    assert ov.iou(single, boxes)[0] > 0.9999
    rounded = boxes.corners().round(2)
    with pytest.raises(ValueError, match=r"corners of box 0 are not those of an upright box"):
        ov.UprightBoxes.from_corners(rounded)
    assert ov.iou(ov.UprightBoxes.from_corners(rounded, tolerance=0.01), boxes)[0] > 0.98


@pytest.mark.parametrize("axis", [0, 1])
def test_boxes_that_lean_have_other_corners(axis):
    """Also in the camera's frame, where y is the vertical."""
    corners = ov.UprightBoxes([[0.0, 0.0, 0.0, 4.0, 2.0, 1.5, 0.3]]).corners()
    order = [1, 2, 0] if axis else [0, 2, 1]
    with pytest.raises(ValueError, match=r"not those of an upright box: .*z must be the vertical"):
        ov.UprightBoxes.from_corners(corners[..., order])


def test_points_that_are_no_box():
    corners = ov.UprightBoxes([[0.0, 0.0, 0.0, 4.0, 2.0, 1.5, 0.3]]).corners()
    twice = corners.copy()
    twice[0, 0] = twice[0, 1]  # one corner twice, and another missing
    moved = corners + np.eye(8)[0][:, None] * [0.0, 0.1, 0.0]
    for bad in (twice, moved):
        with pytest.raises(ValueError, match="box 0 are not those"):
            ov.UprightBoxes.from_corners(bad)
    for shape, advice in (((1, 3, 8), "np.swapaxes"), ((8, 3), "into a list"), ((2, 4, 3), "got")):
        with pytest.raises(ValueError, match=advice):
            ov.UprightBoxes.from_corners(np.zeros(shape))
    corners[0, 2, 1] = math.nan
    with pytest.raises(ValueError, match="corners of box 0 are not finite"):
        ov.UprightBoxes.from_corners(corners)


# ---------------------------------------------------------------------------------- YOLO


def test_yolo_by_hand_and_there_and_back():
    boxes = ov.Boxes.from_yolo([[0.5, 0.5, 0.25, 0.5], [1.0, 0.0, 0.0, 0.0]], (640, 480))
    assert boxes.to_array().tolist() == [[240.0, 120.0, 400.0, 360.0], [640.0, 0.0, 640.0, 0.0]]
    rng = np.random.default_rng(4)
    half = rng.uniform(0.0, 0.4, (50, 2))
    shares = np.hstack([rng.uniform(half, 1.0 - half), 2.0 * half])
    sizes = rng.integers(100, 2000, (50, 2))
    boxes = ov.Boxes.from_yolo(shares, sizes, unit="px")
    np.testing.assert_allclose(boxes.to_yolo(sizes), shares, atol=1e-15)
    w, h = sizes.T
    np.testing.assert_allclose(boxes.lower[:, 0], (shares[:, 0] - half[:, 0]) * w, atol=1e-9)
    np.testing.assert_allclose(boxes.upper[:, 1], (shares[:, 1] + half[:, 1]) * h, atol=1e-9)
    assert len(ov.Boxes.from_yolo([], (640, 480))) == 0
    frame = pd.DataFrame(shares, columns=["cx", "cy", "w", "h"])
    frame.insert(0, "class", 3)
    assert ov.Boxes.from_yolo(frame, sizes, unit="px") == boxes


@pytest.mark.parametrize(
    ("values", "size", "message"),
    [
        ([[3, 0.5, 0.5, 0.2, 0.2]], (640, 480), r"got \(1, 5\). Leave out the class.*\[:, 1:5\]"),
        ([[3, 0.5, 0.5, 0.2, 0.2, 0.9]], (640, 480), "and the confidence"),
        ([[0.5, 0.5]], (640, 480), r"expected shape \(N, 4\)"),
        ([[0.5, 0.5, 0.2, 0.2], [320, 240, 9, 9]], (640, 480), r"cx\[1\] = 320.0 .*from_cxcywh"),
        ([[0.5, 0.5, 0.2, -0.2]], (640, 480), "h.*-0.2"),
        ([[0.5, 0.5, 0.2, 0.2]], (480, 640, 3), "the shape of an array has the height first"),
        ([[0.5, 0.5, 0.2, 0.2]], 640, r"size has shape \(\); expected \(width, height\)"),
        ([[0.5, 0.5, 0.2, 0.2]], (640, 0), r"size\[1\] = 0.0 is not a finite number > 0"),
    ],
)
def test_what_is_not_yolo(values, size, message):
    with pytest.raises(ValueError, match=message):
        ov.Boxes.from_yolo(values, size)


def test_boxes_outside_the_image_have_no_shares():
    boxes = ov.Boxes([[0.0, 0.0, 10.0, 10.0], [600.0, 0.0, 640.0, 10.0]])
    assert boxes.to_yolo((640, 480)).max() < 1.0
    with pytest.raises(ValueError, match=r"box 1 has cx = 620 in an image of 480 x 640 .*order"):
        boxes.to_yolo((480, 640))
    with pytest.raises(ValueError, match="3 axes; an image has two"):
        ov.Boxes([[0.0] * 6]).to_yolo((640, 480))
