"""Pictures of comparisons show the numbers of their tables."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from overlap.evaluate import compare, temporal
from overlap.io import sample_path
from overlap.plot.comparison import draw_beats, draw_comparison, draw_podium, draw_stability

from .evaluate.test_comparison import report, scores


@pytest.fixture(scope="module")
def comparison():
    values = scores(4, 20, labels=2)
    values[2][0, 5] = np.nan
    reports = [report(x, labels=("liver", "spleen")) for x in values]
    return compare(*reports, names=["a", "b", "c", "d"], resamples=100)


def test_dots_stand_at_their_places(comparison):
    ax, bars = Figure().subplots(2)
    draw_podium(comparison, ax, bars=bars)
    order = [row["name"] for row in comparison.table_rows]
    dots = {line.get_label(): line for line in ax.get_lines() if line.get_marker() == "o"}
    assert list(dots) == order
    scored = comparison.scores
    defined = ~np.isnan(scored.values).any(axis=0)
    for name, line in dots.items():
        k = scored.names.index(name)
        assert np.sort(line.get_ydata()) == pytest.approx(np.sort(scored.values[k][defined]))
        better = (scored.values > scored.values[k]).sum(axis=0)[defined]
        places = np.floor(line.get_xdata()).astype(int)
        assert sorted(places) == sorted(better)
    heights = [bar.get_height() for bar in bars.patches]
    assert sum(heights) == 4 * defined.sum()
    first = np.floor(dots[order[0]].get_xdata()).astype(int)
    assert heights[:4] == [(first == place).sum() for place in range(4)]
    assert [text.get_text() for text in bars.get_xticklabels(minor=True)] == [
        "1.",
        "2.",
        "3.",
        "4.",
    ]


@pytest.mark.parametrize("by", ["values", "ranks"])
def test_areas_of_blobs_are_shares(comparison, by):
    ax = Figure().subplots()
    draw_stability(comparison, ax, by=by)
    for blob, name in zip(ax.collections[::2], comparison.table["name"], strict=True):
        rows = comparison.stability
        rows = rows[(rows["by"] == by) & (rows["name"] == name) & (rows["share"] > 0)]
        assert blob.get_offsets()[:, 1].tolist() == rows["rank"].tolist()
        sizes = blob.get_sizes()
        wide = sizes > 2  # smaller ones are drawn as large as can be seen
        expected = rows["share"].to_numpy() / rows["share"].max()
        assert (sizes / sizes.max())[wide] == pytest.approx(expected[wide])
    with pytest.raises(ValueError, match="no ranking by 'means'"):
        draw_stability(comparison, ax, by="means")


def test_filled_squares_are_significant(comparison):
    ax = Figure().subplots()
    draw_beats(comparison, ax)
    beats = comparison.beats().to_numpy()
    filled = {
        tuple((square.get_xy().min(axis=0) - 0.5).astype(int)[::-1])
        for square in ax.patches
        if to_rgb(square.get_facecolor()) == to_rgb("#3b6ea8")
    }
    assert filled == {(int(k), int(j)) for k, j in np.argwhere(beats)}
    assert 0 < len(filled) < 6
    assert len(ax.patches) == len(ax.texts) == 6


@pytest.mark.parametrize("count", [2, pytest.param(12, marks=pytest.mark.slow)])
def test_panels_follow_what_there_is(count, tmp_path):
    reports = [report(x) for x in scores(count, 10)]
    names = [f"report number {k}" for k in range(count)]
    tested = compare(*reports, names=names, resamples=50)
    assert len(tested.plot(tmp_path / "x.svg").axes) == 4
    assert (tmp_path / "x.svg").read_text().startswith("<?xml")
    untested = compare(*reports, names=names, resamples=50, test=None)
    assert len(draw_comparison(untested).axes) == 3


def test_localization_has_ranks_only():
    sample = {name: sample_path(f"temporal_{name}") for name in ("truth", "found")}
    reports = [temporal(**sample, iou=iou) for iou in (0.3, 0.5)]
    result = compare(*reports, metric="mAP", names=["a", "b"], resamples=50, allow="iou")
    assert len(result.plot().axes) == 1
    assert "p" not in result.pairs.columns
    assert "no test and no ranks of items" in result.settings["notes"][0]
    with pytest.raises(ValueError, match="no numbers per case"):
        draw_podium(result, Figure().subplots())
    with pytest.raises(ValueError, match="label, cases, missing and aggregate are for reports"):
        compare(*reports, label="jump")
