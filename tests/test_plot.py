import numpy as np
import pytest
from matplotlib.figure import Figure

from overlap import evaluate
from overlap.io import sample_path
from overlap.plot import draw_classes, draw_curves, draw_report


@pytest.fixture(scope="module")
def report():
    return evaluate.temporal(
        truth=sample_path("temporal_truth"),
        found=sample_path("temporal_found"),
        iou=[0.3, 0.5],
        bootstrap=50,
    )


def test_file_is_written_whole(report, tmp_path):
    path = tmp_path / "figure.png"
    figure = draw_report(report, path=path)
    assert path.read_bytes()[:4] == b"\x89PNG"
    assert [entry.name for entry in tmp_path.iterdir()] == ["figure.png"]
    assert len(figure.axes) == 2


def test_unknown_format_leaves_nothing_behind(report, tmp_path):
    with pytest.raises(ValueError, match="abc"):
        draw_report(report, path=tmp_path / "figure.abc")
    assert list(tmp_path.iterdir()) == []


def test_mean_height_of_a_curve_is_the_map(report):
    ax = Figure().subplots()
    draw_curves(report, ax)
    strong = [line for line in ax.get_lines() if line.get_linewidth() > 1]
    assert len(strong) == 2
    for line, name in zip(strong, ("mAP@0.30", "mAP@0.50"), strict=True):
        # a grid of 101 recalls instead of every recall: close, not equal
        assert np.mean(line.get_ydata()) == pytest.approx(report.summary[name], abs=0.02)
    faint = [line for line in ax.get_lines() if line.get_linewidth() < 1]
    assert len(faint) == 8


def test_given_axes_hold_the_curves_only(report):
    figure = Figure()
    ax = figure.subplots()
    assert draw_report(report, ax=ax, iou=0.5) is ax
    assert figure.axes == [ax]


def test_bars_are_the_values_of_the_table(report):
    ax = Figure().subplots()
    draw_classes(report, ax, iou=0.5)
    wanted = sorted(100 * row["value"] for row in report.rows() if row["iou"] == 0.5)
    assert sorted(bar.get_width() for bar in ax.patches) == pytest.approx(wanted)
    assert "95 % intervals" in ax.get_title()
    assert len(ax.get_yticklabels()) == 8


def test_unknown_threshold_lists_those_there_are(report):
    with pytest.raises(ValueError, match=r"IoU 0\.4 is not one of the thresholds 0\.3, 0\.5"):
        draw_report(report, iou=0.4)
