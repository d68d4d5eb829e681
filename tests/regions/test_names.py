"""Tables with names: read by them wherever they are understood, never against them."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pandas as pd
import pytest

import overlap as ov

# Each layout with the box (1, 2) to (4, 6).
CORNERS = {
    "x0 y0 x1 y1": (1, 2, 4, 6),
    "x1 y1 x2 y2": (1, 2, 4, 6),
    "xmin ymin xmax ymax": (1, 2, 4, 6),
    "x_min y_min x_max y_max": (1, 2, 4, 6),
    "minx miny maxx maxy": (1, 2, 4, 6),
    "left top right bottom": (1, 2, 4, 6),
    "XTL YTL XBR YBR": (1, 2, 4, 6),
    "x y x2 y2": (1, 2, 4, 6),
    "x y xmax ymax": (1, 2, 4, 6),
    "x_lo y_lo x_hi y_hi": (1, 2, 4, 6),
    "lon_min lat_min lon_max lat_max": (1, 2, 4, 6),
}
SIZES = {
    "x y w h": (1, 2, 3, 4),
    "x y width height": (1, 2, 3, 4),
    "left top width height": (1, 2, 3, 4),
    "bb_left bb_top bb_width bb_height": (1, 2, 3, 4),
    "xmin ymin w h": (1, 2, 3, 4),
    "bbox_x bbox_y bbox_w bbox_h": (1, 2, 3, 4),
}
CENTERS = {
    "cx cy w h": (2.5, 4, 3, 4),
    "xc yc w h": (2.5, 4, 3, 4),
    "x_center y_center width height": (2.5, 4, 3, 4),
}
BOX = [[1.0, 2.0, 4.0, 6.0]]


def _forms(names: list[str], row: tuple):
    frame = pd.DataFrame([row], columns=names)
    yield frame
    yield frame.assign(label="cat")[["label", *names]]
    yield dict(zip(names, ([value] for value in row), strict=True))
    yield [dict(zip(names, row, strict=True))]
    yield np.array([tuple(row)], dtype=[(name, float) for name in names])


@pytest.mark.parametrize(
    ("layouts", "build"),
    [(CORNERS, ov.Boxes), (SIZES, ov.Boxes.from_xywh), (CENTERS, ov.Boxes.from_cxcywh)],
    ids=["corners", "sizes", "centers"],
)
def test_columns_are_found_in_any_order(layouts, build) -> None:
    for text, row in layouts.items():
        for order in permutations(range(4)):
            names = [text.split()[k] for k in order]
            for table in _forms(names, tuple(row[k] for k in order)):
                assert build(table).to_array().tolist() == BOX, (names, type(table))


@pytest.mark.parametrize(
    ("build", "layouts", "advice"),
    [
        (ov.Boxes, SIZES, "use Boxes.from_xywh, or Boxes.from_cxcywh if"),
        (ov.Boxes, CENTERS, "use Boxes.from_cxcywh"),
        (ov.Boxes.sorted, SIZES, "use Boxes.from_xywh"),
        (ov.Boxes.from_xywh, CORNERS, r"these are corners: use Boxes\("),
        (ov.Boxes.from_xywh, CENTERS, "use Boxes.from_cxcywh"),
        (ov.Boxes.from_cxcywh, CORNERS, r"these are corners: use Boxes\("),
    ],
)
def test_columns_of_another_layout_are_refused(build, layouts, advice) -> None:
    for text, row in layouts.items():
        for table in _forms(text.split(), row):
            with pytest.raises(ValueError, match=advice):
                build(table)


def test_columns_half_of_another_layout() -> None:
    for build, text, advice in (
        (
            ov.Boxes,
            "x_topleft y_topleft w h",
            "where w and h are not expected; use Boxes.from_xywh",
        ),
        (ov.Boxes.from_xywh, "a b x2 y2", r"x2 and y2 are not expected; these are corners"),
        (ov.Boxes.from_cxcywh, "x y right bottom", "right and bottom are not expected"),
    ):
        with pytest.raises(ValueError, match=advice):
            build(pd.DataFrame([[1, 2, 3, 4]], columns=text.split()))


def test_columns_half_understood() -> None:
    for text in ("x1 x2 y1 y2x", "x1 y1 y2 x2x", "a x2 b x1"):
        with pytest.raises(ValueError, match="is not where it is expected; call them x0, y0"):
            ov.Boxes(pd.DataFrame([[1, 2, 3, 4]], columns=text.split()))
    for names in (list("abcd"), range(4), ["x", "y", "x2", "y2"]):  # nothing says otherwise
        frame = pd.DataFrame([[1, 2, 4, 6]], columns=names)
        assert ov.Boxes(frame).to_array().tolist() == BOX
    with pytest.raises(ValueError, match="columns are a, b; expected start, stop"):
        ov.Intervals({"a": [0], "b": [1]})
    with pytest.raises(ValueError, match="columns start and begin mean the same; keep one"):
        ov.Intervals(pd.DataFrame([[0, 0, 1]], columns=["start", "begin", "stop"]))


def test_boxes_in_space_by_name() -> None:
    names = "zmax ymax xmax zmin ymin xmin".split()
    boxes = ov.Boxes(pd.DataFrame([[6, 5, 4, 3, 2, 1]], columns=names))
    assert boxes.to_array().tolist() == [[1, 2, 3, 4, 5, 6]]
    assert ov.Boxes(boxes.to_frame()[boxes.to_frame().columns[::-1]]) == boxes


def test_other_kinds_by_name() -> None:
    frame = pd.DataFrame([[3.0, 1.0, "a"]], columns=["End", "t-start", "label"])
    assert ov.Intervals(frame).to_array().tolist() == [[1.0, 3.0]]
    with pytest.raises(ValueError, match=r"use Intervals\.from_center_duration"):
        ov.Intervals(pd.DataFrame([[1, 2]], columns=["center", "duration"]))
    with pytest.raises(ValueError, match=r"give start, and start \+ duration"):
        ov.Intervals(pd.DataFrame([[1, 2]], columns=["start", "duration"]))
    with pytest.raises(ValueError, match=r"use Intervals\(\.\.\.\)"):
        ov.Intervals.from_center_duration(pd.DataFrame([[1, 2]], columns=["start", "stop"]))
    turned = {"angle": [0.5], "h": [2.0], "w": [4.0], "y": [1.0], "x": [0.0]}
    assert ov.RotatedBoxes(turned).to_array().tolist() == [[0.0, 1.0, 4.0, 2.0, 0.5]]
    with pytest.raises(ValueError, match=r"use RotatedBoxes\.from_degrees"):
        ov.RotatedBoxes({"cx": [0], "cy": [0], "w": [1], "h": [1], "degrees": [30]})
    upright = dict(zip("x y z w l h yaw".split(), [[k] for k in range(1, 8)], strict=True))
    assert ov.UprightBoxes(upright).to_array().tolist() == [[1, 2, 3, 5, 4, 6, 7]]


def test_whole_numbers_of_tables_are_kept_or_refused() -> None:
    frame = pd.DataFrame({"start": [2**53 + 1], "stop": [2.0**54]})
    for table in (frame, frame.to_records(index=False), dict(frame)):
        with pytest.raises(ValueError, match="whole number 9007199254740993"):
            ov.Intervals(table)


# ------------------------------------------------------------------------- detections

YOLO = [[0, 0.5, 0.5, 0.2, 0.2, 0.9], [2, 0.3, 0.4, 0.6, 0.5, 0.8]]


@pytest.mark.parametrize("build", [ov.Boxes, ov.Boxes.from_xywh, ov.Boxes.from_cxcywh])
def test_rows_of_a_detector_are_no_boxes_in_space(build) -> None:
    for rows in (YOLO, YOLO[1:], np.array(YOLO), np.array(YOLO, np.float32)):
        with pytest.raises(ValueError, match=r"six numbers.*rows\[:, 1:5\] with Boxes.from_cxcywh"):
            build(rows)
    with pytest.raises(ValueError, match=r"got \(2, 5\); of rows of class, center, size"):
        build(np.array(YOLO)[:, :5])
    with pytest.raises(ValueError, match=r"expected shape \(N, 4\) for dimension = 2"):
        build(YOLO, dimension=2)
    assert build(YOLO[1:], dimension=3).dimension == 3 if build is not ov.Boxes else True


def test_rows_of_corners_and_confidence() -> None:
    with pytest.raises(ValueError, match=r"below lower corner.*rows of corners.*rows\[:, :4\]"):
        ov.Boxes([[100, 100, 200, 200, 0.9, 0]])


def test_boxes_in_the_unit_cube_are_boxes() -> None:
    rng = np.random.default_rng(0)
    lower = rng.random((200, 3)) * 0.5
    table = np.hstack([lower, lower + rng.random((200, 3)) * 0.5])
    assert ov.Boxes(table).dimension == 3
    for row in ([0, 0, 0, 1, 1, 1], [0, 0, 0, 0.5, 0.5, 0.5], [0, 0.1, 0.1, 0.9, 0.9, 0.9]):
        assert ov.Boxes([row]).dimension == 3
    odd = [0, 0.5, 0.5, 0.2, 0.6, 0.9]  # on the face x = 0, and as a row of a detector possible
    with pytest.raises(ValueError, match="say dimension=3"):
        ov.Boxes([odd])
    box = ov.Boxes([odd], dimension=3)
    assert box.dimension == 3
    assert box[[0]] == box == box.with_ends(box.ends) == ov.Boxes.concat([box])
    assert box.scaled(0.5).dimension == 3


# --------------------------------------------------------------------- no boxes at all


@pytest.mark.kernels
@pytest.mark.parametrize("axes", [1, 2, 3])
def test_no_boxes_stand_beside_any(axes: int) -> None:
    boxes = ov.Boxes([[0.0] * axes + [1.0] * axes])
    none = ov.Boxes([])
    assert len(ov.Boxes.from_xywh([])) == len(ov.Boxes.sorted([])) == 0
    for score in (ov.iou, ov.giou):
        for empty in (none, none[:0], ov.Boxes.from_cxcywh([])):
            assert score.pairwise(empty, boxes).shape == (0, 1)
            assert score.pairwise(boxes, empty).shape == (1, 0)
            assert score(empty, boxes).shape == score(empty, empty).shape == (0,)
            assert score.value_and_grad(empty, boxes)[0].shape == (0,)
    assert ov.iou.pairs(none, boxes, at_least=0.5).nnz == 0
    assert ov.match(boxes, none).unmatched_found.tolist() == [0]
    assert ov.assign(boxes, none, low_quality="truth").label.tolist() == [0]
    assert ov.terms(none, boxes).intersection.shape == (0,)
    assert ov.tolerance(ov.iou, none, boxes, eps=0.1).shape == (0,)
    assert ov.Boxes.concat([none, boxes, none]) == boxes
    tubes = [ov.Product(part, ov.Intervals([[0, 1]] * len(part))) for part in (none, boxes)]
    assert ov.iou.pairwise(*tubes).shape == (0, 1)
    assert len(ov.Product.concat(tubes)) == 1
    if axes != 2:
        for empty in (ov.Boxes(np.empty((0, 4))), ov.Boxes([], dimension=2)):
            with pytest.raises(ValueError, match="boxes in 2 dimensions"):
                ov.iou.pairwise(empty, boxes)
