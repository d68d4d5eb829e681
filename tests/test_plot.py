import numpy as np
import pytest
from matplotlib.figure import Figure

from overlap import evaluate
from overlap.io import sample_path
from overlap.plot import draw_classes, draw_curves, draw_report
from overlap.plot.figures import panel, short_caption


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


@pytest.mark.filterwarnings("ignore:Glyph .* missing from font")
def test_a_panel_for_a_phone_has_no_small_text_and_room_for_wide_letters():
    def drawn(name):
        def draw(axes):
            axes.barh([0], [1.0])
            axes.set_yticks([0], [name], fontsize=6)
            axes.set_xlabel("time", fontsize=13)

        figure = panel(draw)
        figure.draw_without_rendering()
        return figure.axes[0]

    latin, wide = drawn("m" * 10), drawn("心" * 10)
    assert [text.get_text() for text in wide.get_yticklabels()] == ["心" * 10]
    assert {text.get_fontsize() for text in wide.get_yticklabels()} == {10.0}
    assert wide.xaxis.label.get_fontsize() == 13.0
    # ten letters as wide as high, where a missing one is drawn narrower
    room = wide.get_position().x0 * 4.6 * 72
    assert room >= 100
    assert latin.get_position().x0 * 4.6 * 72 >= 90


def test_long_names_leave_out_their_middle():
    assert short_caption("a" * 28) == "a" * 28
    assert short_caption("a" * 20 + "b" * 20) == "a" * 14 + "…" + "b" * 14
    assert short_caption("心" * 40) == "心" * 7 + "…" + "心" * 7
    assert short_caption("$" * 40) == r"\$" * 14 + "…" + r"\$" * 14
