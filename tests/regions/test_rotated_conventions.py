"""Angles and corners of other programs, in the precision in which they were written."""

from __future__ import annotations

import math

import numpy as np
import pytest

import overlap as ov

NAMES = ("le90", "le135", "oc", "opencv", "detectron2", "mmcv", "kitti")
ENDS = {"le90": (-2, 2), "le135": (-1, 3), "oc": (0, 2)}  # in eighths of a turn


def boxes(rng: np.random.Generator, n: int, place: float = 100.0) -> np.ndarray:
    """Return boxes, shape (n, 5), of which some have angles at the ends of ranges."""
    angle = rng.uniform(-7.0, 7.0, n)
    angle[::3] = rng.integers(-9, 10, len(angle[::3])) * (math.pi / 4)
    size = rng.uniform(1.0, 50.0, (n, 2))
    size[::7, 1] = size[::7, 0]
    return np.column_stack([rng.uniform(-place, place, (n, 2)), size, angle])


def plain_corners(row: np.ndarray) -> list[tuple[float, float]]:
    x, y, w, h, angle = map(float, row)
    c, s = math.cos(angle), math.sin(angle)
    return [
        (x + c * u * w / 2 - s * v * h / 2, y + s * u * w / 2 + c * v * h / 2)
        for u, v in ((-1, -1), (1, -1), (1, 1), (-1, 1))
    ]


def farthest_corner(one: np.ndarray, other: np.ndarray) -> float:
    """Return how far the corners of two boxes are from each other, in any order."""
    return max(min(math.dist(p, q) for q in plain_corners(other)) for p in plain_corners(one))


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("name", NAMES)
def test_there_and_back(name: str, kind: type) -> None:
    table = boxes(np.random.default_rng(1), 300)
    written = ov.RotatedBoxes(table).to_convention(name).astype(kind)
    # through a list, as numbers of a float32 tensor come
    again = ov.RotatedBoxes.from_convention(written.tolist(), name)
    room = 1e-12 if kind is np.float64 else 1e-3
    for k, row in enumerate(again.to_array()):
        assert farthest_corner(table[k], row) < room
    second = again.to_convention(name)
    wrong = np.abs(second - written) > 1e-9
    angle = wrong[:, 4]  # an end of a range may come back as the other one
    assert not wrong[~angle].any()
    assert angle.sum() < 60
    for k in np.flatnonzero(angle):
        period = 90.0 if name == "opencv" else 180.0 if name == "detectron2" else math.pi / 2
        turns = (second[k, 4] - written[k, 4]) / period
        assert turns == pytest.approx(round(turns), abs=1e-6)


def test_ranges_that_are_written() -> None:
    table = boxes(np.random.default_rng(2), 500)
    found = ov.RotatedBoxes(table)
    angle = {name: found.to_convention(name)[:, 4] for name in NAMES}
    assert (-math.pi / 2 <= angle["le90"]).all()
    assert (angle["le90"] < math.pi / 2).all()
    assert (-math.pi / 4 <= angle["le135"]).all()
    assert (angle["le135"] < 3 * math.pi / 4).all()
    assert (angle["oc"] > 0.0).all()
    assert (angle["oc"] <= math.pi / 2).all()
    assert (angle["opencv"] > 0.0).all()
    assert (angle["opencv"] <= 90.0).all()
    assert (angle["detectron2"] >= -180.0).all()
    assert (angle["detectron2"] < 180.0).all()
    for name in ("le90", "le135"):
        written = found.to_convention(name)
        assert (written[:, 2] >= written[:, 3]).all()
    with pytest.raises(ValueError, match="to_convention: 'le45' is none of le90, le135, oc"):
        found.to_convention("le45")


def test_written_by_hand() -> None:
    box = ov.RotatedBoxes([[1.0, 2.0, 3.0, 5.0, 0.0]])
    quarter = math.pi / 2
    for name, wanted in (
        ("le90", [1, 2, 5, 3, -quarter]),
        ("le135", [1, 2, 5, 3, quarter]),
        ("oc", [1, 2, 5, 3, quarter]),
        ("opencv", [1, 2, 5, 3, 90]),
        ("detectron2", [1, 2, 3, 5, 0]),
        ("mmcv", [1, 2, 3, 5, 0]),
        ("kitti", [1, 2, 3, 5, 0]),
    ):
        np.testing.assert_array_equal(box.to_convention(name), [wanted], name)
    turned = ov.RotatedBoxes([[1.0, 2.0, 3.0, 5.0, math.radians(30.0)]])
    assert turned.to_convention("opencv")[0].tolist() == pytest.approx([1, 2, 3, 5, 30])
    assert turned.to_convention("detectron2")[0].tolist() == pytest.approx([1, 2, 3, 5, -30])
    assert turned.to_convention("kitti")[0, 4] == -math.radians(30.0)


@pytest.mark.parametrize("name", ENDS)
def test_ends_of_a_range_in_float32(name: str) -> None:
    low, high = (part * math.pi / 4 for part in ENDS[name])
    row = [0.0, 0.0, 2.0, 1.0]
    single = [*row, np.float32(high if name == "oc" else low)]
    for values in (np.array([single], np.float32), np.array([single]), [list(map(float, single))]):
        assert len(ov.RotatedBoxes.from_convention(values, name)) == 1
    # a number of float64 just below the upper end, rounded to float32
    near = np.array([[*row, high - 1e-9]], np.float32)
    assert len(ov.RotatedBoxes.from_convention(near, name)) == 1
    for angle in (low - 1e-8, high + 1e-8, np.float32(low) - np.float32(1e-6)):
        with pytest.raises(ValueError, match=f"is not in {name}: .*its angle must be in"):
            ov.RotatedBoxes.from_convention([[*row, angle]], name)
    closed = [*row, low if name == "oc" else high]
    with pytest.raises(ValueError, match="is not in"):
        ov.RotatedBoxes.from_convention([closed], name)


@pytest.mark.parametrize("place", [1.0, 1e3, 1e5])
def test_corners_in_float32(place: float) -> None:
    table = boxes(np.random.default_rng(3), 2000, place)
    corners = np.array([plain_corners(row) for row in table])
    for given in (corners, corners.astype(np.float32), corners.astype(np.float32).tolist()):
        found = ov.RotatedBoxes.from_corners(given).to_array()
        room = 1e-9 if given is corners else 4e-7 * (place + 100.0)
        assert max(map(farthest_corner, table[::20], found[::20])) < room
    first_side = np.hypot(*(corners[:, 1] - corners[:, 0]).T)
    np.testing.assert_allclose(found[:, 2], first_side, atol=1e-6 * (place + 100.0))


def test_corners_that_were_rounded() -> None:
    table = boxes(np.random.default_rng(4), 500, 1000.0)
    table[:, 2:4] += 10.0
    corners = np.array([plain_corners(row) for row in table])
    pixels = np.round(corners)
    with pytest.raises(ValueError, match=r"one is 0\.\d+ off, allowed is .*Give tolerance="):
        ov.RotatedBoxes.from_corners(pixels)
    found = ov.RotatedBoxes.from_corners(pixels, tolerance=1.0).to_array()
    assert max(map(farthest_corner, table, found)) < 1.5
    six_digits = np.round(corners / 1280.0, 6) * 1280.0  # as in labels of YOLO-OBB
    found = ov.RotatedBoxes.from_corners(six_digits, tolerance=0.01).to_array()
    assert max(map(farthest_corner, table, found)) < 0.005
    for bad in (-1.0, math.nan, math.inf):
        with pytest.raises(ValueError, match=r"tolerance = .* is not a finite number >= 0"):
            ov.RotatedBoxes.from_corners(pixels, tolerance=bad)


def test_no_rectangle_is_still_refused() -> None:
    leaning = np.array([[[0, 0], [10, 0], [11, 5], [1, 5]]])
    crossed = np.array([[[0, 0], [10, 5], [10, 0], [0, 5]]])
    for given in (leaning, crossed, leaning.astype(np.float32)):
        with pytest.raises(ValueError, match="fit='min_rect' for the smallest rectangle"):
            ov.RotatedBoxes.from_corners(given)
    with pytest.raises(ValueError, match="are not those of a rectangle in order"):
        ov.RotatedBoxes.from_corners(crossed, tolerance=1.0)


def plain_min_area(points: np.ndarray) -> float:
    """Return the least area of a rectangle with a side along any two of the points."""
    best = math.inf
    for p in points:
        for q in points:
            length = math.dist(p, q)
            if length > 0.0:
                u, v = (q - p) / length
                along, across = points @ [u, v], points @ [-v, u]
                best = min(best, np.ptp(along) * np.ptp(across))
    return best


def test_min_rect_of_any_points() -> None:
    rng = np.random.default_rng(5)
    sets = [rng.normal(size=(rng.integers(3, 12), 2)) * [3.0, 1.0] + 50.0 for _ in range(200)]
    found = ov.RotatedBoxes.from_corners(sets, fit="min_rect")
    table = found.to_array()
    assert (table[:, 2] >= table[:, 3]).all()
    assert (np.abs(table[:, 4]) <= math.pi / 2).all()
    np.testing.assert_allclose(found.measure(), [plain_min_area(p) for p in sets], rtol=1e-12)
    for row, points in zip(table, sets, strict=True):
        c, s = math.cos(row[4]), math.sin(row[4])
        local = (points - row[:2]) @ np.array([[c, -s], [s, c]])
        assert (np.abs(local) <= 0.5 * row[2:4] + 1e-12).all()


def test_min_rect_is_that_of_shapely() -> None:
    shapely = pytest.importorskip("shapely")
    rng = np.random.default_rng(6)
    points = rng.uniform(0.0, 9.0, (300, 4, 2))
    found = ov.RotatedBoxes.from_corners(points, fit="min_rect")
    shapes = shapely.minimum_rotated_rectangle(shapely.multipoints(points))
    np.testing.assert_allclose(found.measure(), shapely.area(shapes), rtol=1e-9)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_min_rect_of_rectangles(kind: type) -> None:
    table = boxes(np.random.default_rng(7), 300)
    corners = np.array([plain_corners(row) for row in table])
    corners = corners[:, [2, 0, 3, 1]]
    found = ov.RotatedBoxes.from_corners(corners.astype(kind).reshape(-1, 8), fit="min_rect")
    room = 1e-9 if kind is np.float64 else 1e-3
    assert max(map(farthest_corner, table, found.to_array())) < room


def test_min_rect_of_little() -> None:
    few = [[[1.0, 2.0]], [[0.0, 0.0], [3.0, 4.0]], [[5.0, 5.0]] * 3, [[0, 0], [2, 0], [1, 0]]]
    found = ov.RotatedBoxes.from_corners(few, fit="min_rect").to_array()
    np.testing.assert_allclose(
        found,
        [
            [1, 2, 0, 0, 0],
            [1.5, 2, 5, 0, math.atan2(4, 3)],
            [5, 5, 0, 0, 0],
            [1, 0, 2, 0, 0],
        ],
        atol=1e-15,
    )
    assert len(ov.RotatedBoxes.from_corners([], fit="min_rect")) == 0
    upright = ov.RotatedBoxes.from_corners([[[0, 0], [2, 0], [2, 2], [0, 2]]], fit="min_rect")
    assert upright.to_array().tolist() == [[1.0, 1.0, 2.0, 2.0, 0.0]]
    for bad, words in (
        ([[[0.0, 1.0, 2.0]]], r"set 0 has shape \(1, 3\); expected \(K, 2\)"),
        ([[[0, 0], [1, 1]], np.empty((0, 2))], r"set 1 has shape \(0, 2\)"),
        ([[[0.0, np.nan]]], "points of set 0 are not finite"),
    ):
        with pytest.raises(ValueError, match=words):
            ov.RotatedBoxes.from_corners(bad, fit="min_rect")
    with pytest.raises(ValueError, match="takes any points and no tolerance"):
        ov.RotatedBoxes.from_corners(few, fit="min_rect", tolerance=1.0)
    with pytest.raises(ValueError, match="fit = 'best'; expected 'corners' or 'min_rect'"):
        ov.RotatedBoxes.from_corners(few, fit="best")  # type: ignore[arg-type]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_degrees_given_as_radians_are_noticed(dtype) -> None:
    rows = np.array([[0, 0, 4, 2, 0.5], [0, 0, 4, 2, 90]], dtype=dtype)
    with pytest.warns(UserWarning, match=r"angle\[1\] = 90 is more than four turns.*from_degrees"):
        ov.RotatedBoxes(rows)
    with pytest.warns(UserWarning, match=r"angle\[1\] = 90 is more than four turns"):
        ov.UprightBoxes(np.insert(rows, [2, 4], 1.0, axis=1))
    ov.RotatedBoxes.from_degrees(rows, towards="+y")
    ov.RotatedBoxes([[0, 0, 4, 2, 8 * math.pi]])
