"""Pictures of slices: which slice, and where contours and colors are."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from overlap.evaluate import segmentation
from overlap.plot import draw_slice, draw_values, worst_slice

from .evaluate.volume_cases import random_cases


@pytest.fixture
def pair():
    truth = np.zeros((30, 20, 6), bool)
    truth[5:15, 5:12, 1:5] = True
    found = truth.copy()
    found[5:8, 5:12, 3] = False  # 21 missed
    found[20:22, 5:7, 2] = True  # 4 false
    return found, truth


def test_the_slice_with_most_errors_across_the_thickest_axis(pair):
    assert worst_slice(*pair, (1.0, 1.0, 3.0)) == (2, 3)
    assert worst_slice(*pair, (2.0, 1.0, 1.0))[0] == 0
    assert worst_slice(*pair, (1.0, 1.0, 1.0))[0] == 2
    assert worst_slice(pair[1], pair[1], (1.0, 1.0, 3.0)) == (2, 1)
    assert worst_slice(pair[0][..., 3], pair[1][..., 3], (1.0, 1.0)) == (-1, 0)


def test_contours_and_colors_lie_where_the_voxels_are(pair):
    found, truth = pair
    ax = Figure().subplots()
    draw_slice(found, truth, spacing=(0.5, 2.0, 3.0), ax=ax)
    (image,) = ax.get_images()
    left, right, bottom, top = image.get_extent()
    pixels = np.asarray(image.get_array())
    assert pixels.shape[0] * 2.0 == pytest.approx(top - bottom)
    assert pixels.shape[1] * 0.5 == pytest.approx(right - left)

    def color(x, y):
        """Color of a voxel, by its index."""
        return pixels[int(y - bottom / 2.0), int(x - left / 0.5)]

    red, gray, dark = color(6, 8), color(10, 8), color(2, 3)
    assert red[0] > 2 * red[1]
    assert gray[0] == gray[1] == gray[2] > dark[0]
    ends = []
    for lines in ax.collections:
        assert isinstance(lines, LineCollection)
        points = np.concatenate(lines.get_segments())
        ends.append([*points.min(axis=0), *points.max(axis=0)])
    # truth, then found: edges of cells in millimeters
    assert ends[0] == pytest.approx([2.5, 10.0, 7.5, 24.0])
    assert ends[1] == pytest.approx([4.0, 10.0, 7.5, 24.0])


def test_length_of_a_contour_is_the_perimeter(pair):
    ax = Figure().subplots()
    draw_slice(*pair, spacing=(1.0, 1.0, 3.0), ax=ax)
    lengths = [
        sum(np.abs(np.diff(line, axis=0)).sum() for line in lines.get_segments())
        for lines in ax.collections
    ]
    assert lengths == pytest.approx([2 * (10 + 7), 2 * (7 + 7)])


def test_pictures_of_planes_lines_and_nothing(tmp_path):
    for shape in ((9, 8), (9,)):
        truth, found = np.zeros((2, *shape), bool)
        truth[3:5], found[4:7] = True, True
        path = tmp_path / f"{len(shape)}.png"
        draw_slice(found, truth, spacing=(1.0,) * len(shape), path=path)
        assert path.read_bytes()[:4] == b"\x89PNG"
    draw_slice(np.zeros((4, 4, 4), bool), np.zeros((4, 4, 4), bool), spacing=(1.0, 1.0, 1.0))


def test_picture_of_a_report(tmp_path):
    truth, found = random_cases(4)
    report = segmentation(truth=truth, found=found, labels={"liver": 1, "tumor": 2})
    worst = report.worst("dice", 1).iloc[0]
    figure = report.picture(tmp_path / "worst.png")
    assert figure.texts[0].get_text().startswith(f"{worst.case}, {worst.label}: dice")
    chosen = report.picture(case="case_2", label="liver", metric="iou", images=truth)
    assert chosen.texts[0].get_text().startswith("case_2, liver: iou")
    with pytest.raises(ValueError, match="no row of case 'x' and label None"):
        report.picture(case="x")
    with pytest.raises(ValueError, match="has no image of the case"):
        report.picture(images={})
    with pytest.raises(ValueError, match="has shape"):
        report.picture(images={case: np.zeros((2, 2)) for case in truth})
    found[worst.case][0, 0, 0] += 1
    with pytest.raises(ValueError, match="has changed since it was evaluated"):
        report.picture()


def test_values_of_every_case_are_drawn(tmp_path):
    truth, found = random_cases(4)
    report = segmentation(truth=truth, found=found, bootstrap=50)
    figure = draw_values(report, path=tmp_path / "values.png", metric="iou")
    (ax,) = figure.axes
    drawn = np.concatenate([line.get_xdata() for line in ax.get_lines()[::2]])
    values = report.table.query("metric == 'iou'")["value"].dropna()
    assert sorted(drawn) == pytest.approx(sorted(values))
    means = [float(line.get_xdata()[0]) for line in ax.get_lines()[1::2]]
    assert means == pytest.approx([report.summary[f"iou[{label}]"] for label in (1, 2, 9)])
    assert [text.get_text() for text in ax.get_yticklabels()] == ["1", "2", "9"]
    assert [text.get_text() for text in ax.texts][2:] == ["1 of 6", "cases"]
    with pytest.raises(ValueError, match="no metric 'hd'"):
        draw_values(report, metric="hd")
    assert draw_values(report, ax=ax) is ax


def test_all_metrics_are_drawn_unless_one_is_chosen():
    truth, found = random_cases(4)
    report = segmentation(truth=truth, found=found, metrics="dice,volume_truth,hd95")
    figure = report.plot()
    assert [ax.get_title() for ax in figure.axes] == ["dice", "volume_truth", "hd95"]
    assert [ax.get_xlabel() for ax in figure.axes][1:] == ["volume_truth, voxels", "hd95, voxels"]
    assert [ax.get_xlabel() for ax in report.plot(metric="hd95").axes] == ["hd95, voxels"]
