"""Ramachandran plots: what is filled, where lines are, and which residues are named."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch

import overlap as ov
from overlap.plot import RamachandranPanel, draw_panel, draw_ramachandran
from overlap.plot._seams import outline

WINDOW = np.array([[-180.0, -180.0], [180.0, 180.0]])
TORUS = (360.0, 360.0)


def grid(*turns: tuple[int, int], origin: tuple[float, float] = (-176.0, -176.0)):
    """Return a sum of cosines with these turns along both axes."""
    x, y = (np.radians(start + 8.0 * np.arange(45)) for start in origin)
    total = sum(np.cos(p * x[:, None] + q * y) for p, q in turns)
    return ov.PeriodicGrid(total, origin=origin, quantity="other")


def rectangle(x0: float, y0: float, x1: float, y1: float) -> list[tuple[float, float]]:
    return [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]


def drawn(panel: RamachandranPanel):
    return draw_panel(panel, Figure().subplots())


@pytest.mark.parametrize(
    "turns",
    [[(1, 0), (0, 1)], [(1, 0)], [(0, 1)], [(1, 1)], [(2, -1)], [(2, 0), (0, 2), (1, 0)]],
    ids=["spot", "band", "other band", "diagonal", "steep", "many"],
)
def test_what_is_filled_is_the_region(turns) -> None:
    function = grid(*turns)
    ax = drawn(RamachandranPanel(found=function.region([0.5, -0.25])))
    wide, narrow = (patch for patch in ax.patches if isinstance(patch, PathPatch))
    assert narrow.get_zorder() > wide.get_zorder()
    places = np.random.default_rng(1).uniform(-180.0, 180.0, (2000, 2))
    values = function.at(*places.T)
    for patch, level in ((narrow, 0.5), (wide, -0.25)):
        filled = patch.get_path().contains_points(places)
        sure = abs(values - level) > 0.05  # chords are not the bilinear function
        np.testing.assert_array_equal(filled[sure], values[sure] > level)
        assert 0 < filled.sum() < len(filled)


@pytest.mark.parametrize(
    "turns",
    [[(1, 0)], [(0, 1)], [(1, 1)], [(2, -1)]],
    ids=["band", "other band", "diagonal", "steep"],
)
def test_cuts_are_not_drawn(turns) -> None:
    function = grid(*turns)
    region = function.region(0.3)
    for line in outline(region, WINDOW):
        middles = 0.5 * (line[1:] + line[:-1])
        # On the border everywhere; a cut would run through the inside.
        assert abs(function.at(*middles.T) - 0.3).max() < 0.05
    # Both sides of all stripes, once across the plot.
    ((p, q),) = turns
    length = sum(np.hypot(*np.diff(line, axis=0).T).sum() for line in outline(region, WINDOW))
    assert length >= 2.0 * 360.0 * np.hypot(p, q) - 1e-6


def test_the_whole_torus_has_no_border() -> None:
    everything = ov.PeriodicGrid(np.ones((4, 5))).region(0.5)
    assert outline(everything, WINDOW) == []


def test_parts_of_edges_that_two_parts_share_are_cuts() -> None:
    # One above the other, the upper one shifted; and one that ends where another begins.
    for period in (None, TORUS):
        parts = [[rectangle(-50, -20, 10, 0)], [rectangle(-30, 0, 30, 40)]]
        region = ov.Polygons([parts], period=period)
        lines = outline(region, WINDOW)
        total = sum(np.hypot(*np.diff(line, axis=0).T).sum() for line in lines)
        assert total == pytest.approx(2 * 60 + 2 * 20 + 2 * 60 + 2 * 40 - 2 * 40)
        level = [line for line in lines if (line[:, 1] == 0.0).all()]
        ends = sorted(sorted(line[:, 0].tolist()) for line in level)
        np.testing.assert_allclose(ends, [[-50.0, -30.0], [10.0, 30.0]], atol=1e-3)
    meeting = [[rectangle(100, 0, 180, 10)], [rectangle(-180, 0, -150, 10)]]
    lines = outline(ov.Polygons([meeting], period=TORUS), WINDOW)
    upright = [line for line in lines if (line[:, 0] == line[0, 0]).all()]
    assert not [line for line in upright if abs(line[0, 0]) == 180.0]


def test_what_both_share_is_cut_out_of_one_by_the_other() -> None:
    found = ov.Polygons([rectangle(-30, -30, 30, 30)], period=TORUS)
    truth = ov.Polygons([rectangle(0, 0, 60, 60)], period=TORUS)
    ax = drawn(RamachandranPanel(found=found, truth=truth))
    shared = [patch for patch in ax.patches if patch.get_clip_path() is not None][-1]
    clip, transform = shared.get_clip_path().get_transformed_path_and_affine()
    inside = shared.get_path().contains_points([[15.0, 15.0], [-15.0, -15.0], [45.0, 45.0]])
    np.testing.assert_array_equal(inside, [True, True, False])
    places = ax.transData.transform([[15.0, 15.0], [-15.0, -15.0], [45.0, 45.0]])
    np.testing.assert_array_equal(clip.contains_points(places, transform), [True, False, True])


def test_residues_and_names_of_outliers() -> None:
    points = [[-60.0, -45.0], [50.0, 20.0], [np.nan, 3.0], [60.0, -100.0], [0.0, 300.0]]
    panel = RamachandranPanel(
        "general",
        points=points,
        outliers=[False, True, True, False, True],
        labels=["A 1 ALA", "A 2 SER", "A 3 SER", "A 4 LYS", "B 9 TRP"],
        note="2 outliers",
    )
    ax = drawn(panel)
    usual, wrong = (c for c in ax.collections if isinstance(c, PathCollection))
    np.testing.assert_array_equal(usual.get_offsets(), [[-60.0, -45.0], [60.0, -100.0]])
    np.testing.assert_array_equal(wrong.get_offsets(), [[50.0, 20.0], [0.0, -60.0]])
    assert [text.get_text() for text in ax.texts] == ["A 2 SER", "B 9 TRP"]
    assert ax.get_title() == "general\n2 outliers"
    assert ax.get_xlim() == ax.get_ylim() == (-180.0, 180.0)


def test_names_without_room_are_counted() -> None:
    places = np.random.default_rng(0).normal(0.0, 4.0, (30, 2))
    names = [f"A {k} SER" for k in range(30)]
    ax = drawn(RamachandranPanel(points=places, outliers=np.ones(30, bool), labels=names))
    written = [text.get_text() for text in ax.texts]
    assert set(written) <= set(names)
    assert 0 < len(written) < 20
    assert ax.get_title() == f"{30 - len(written)} of the outliers without a name"


def test_names_lie_on_no_other_name_or_outlier() -> None:
    rng = np.random.default_rng(5)
    places = rng.uniform(-180.0, 180.0, (60, 2))
    names = [f"A {100 + k} TRP" for k in range(60)]
    panel = RamachandranPanel(points=places, outliers=np.ones(60, bool), labels=names)
    figure = draw_ramachandran([panel])
    (ax,) = figure.axes
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in ax.texts]
    assert len(boxes) > 15
    marks = ax.transData.transform(places)
    frame = ax.get_window_extent()
    for k, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:k])
        assert not any(box.contains(*mark) for mark in marks)
        assert frame.x0 <= box.x0
        assert box.x1 <= frame.x1


def test_names_hide_few_residues() -> None:
    crowd = np.random.default_rng(3).normal((0.0, 0.0), 30.0, (3000, 2))
    points = np.concatenate([crowd, [[0.0, 0.0], [150.0, 150.0]]])
    wrong = np.arange(3002) >= 3000
    labels = [f"A {k} SER" for k in range(3002)]
    ax = drawn(RamachandranPanel(points=points, outliers=wrong, labels=labels))
    assert [text.get_text() for text in ax.texts] == ["A 3001 SER"]


def test_dots_have_one_size_and_plots_one_frame() -> None:
    rng = np.random.default_rng(0)
    panels = [
        RamachandranPanel(str(count), points=rng.uniform(-180, 180, (count, 2)))
        for count in (10, 300, 2000, 5)
    ]
    figure = draw_ramachandran(panels, heading=["model.pdb against the library"])
    sizes = {
        float(dots.get_sizes()[0])
        for ax in figure.axes
        for dots in ax.collections
        if isinstance(dots, PathCollection) and len(dots.get_offsets())
    }
    assert len(sizes) == 1
    sides = [ax.get_position().size * figure.get_size_inches() for ax in figure.axes]
    np.testing.assert_allclose(sides, sides[0].repeat(4).reshape(2, 4).T)
    for ax in figure.axes:
        assert ax.get_xticks().tolist() == ax.get_yticks().tolist() == list(range(-180, 181, 60))
    assert [text.get_text() for text in figure.texts] == ["model.pdb against the library"]
    alone = RamachandranPanel("few", points=np.zeros((5, 2)), dot=7.0)
    (dots, _) = drawn(alone).collections
    assert dots.get_sizes().tolist() == [7.0]


def test_long_headings_and_titles_are_wrapped() -> None:
    name = "a_file_with_a_name_that_is_much_longer_than_a_panel_is_wide_in_any_font.cif"
    panel = RamachandranPanel(name, note=name)
    figure = draw_ramachandran([panel], heading=[name, "library"])
    figure.draw_without_rendering()
    for text in (*figure.texts, figure.axes[0].title):
        box = text.get_window_extent()
        assert box.x0 >= 0.0
        assert box.x1 <= figure.bbox.x1
    assert figure.texts[0].get_text().replace("\n", "") == name + "library"
    assert figure.axes[0].title.get_window_extent().y1 < figure.texts[0].get_window_extent().y0


def test_every_format_cuts_regions_at_the_axes(tmp_path: Path) -> None:
    """Regions end at the axes themselves: not every format clips what is clipped by a region."""
    around = grid((1, 0), (0, 1))
    function = ov.PeriodicGrid(-around.values, origin=around.origin, quantity="other")
    regions = function.region([0.5, -0.5])
    ax = drawn(RamachandranPanel(found=regions, truth=function.region([0.8, -0.9])))
    patches = [patch for patch in ax.patches if isinstance(patch, PathPatch)]
    assert len(patches) == 5
    for patch in patches:
        vertices = patch.get_path().vertices
        assert len(vertices) > 10
        assert abs(vertices).max() == 180.0
    panel = RamachandranPanel(found=regions, truth=regions)
    draw_ramachandran([panel], path=tmp_path / "both.svg")
    text = (tmp_path / "both.svg").read_text()
    frame = re.search(r'id="patch_2">\s*<path d="([^"]*)"', text)[1]
    corners = np.array(re.findall(r"[ML] (\S+) (\S+)", frame), float)
    clips = dict(re.findall(r'<clipPath id="(\w+)">\s*<(\w+)', text))
    seen = set()
    for path, clip in re.findall(r'<path d="([^"]*)" clip-path="url\(#(\w+)\)"', text):
        seen.add(clips[clip])
        if clips[clip] != "rect":  # a region clips this one, and the axes do not
            pairs = np.array(re.findall(r"[ML] (\S+) (\S+)", path), float)
            assert (pairs >= corners.min(axis=0) - 0.01).all()
            assert (pairs <= corners.max(axis=0) + 0.01).all()
    assert seen == {"rect", "path"}


def test_a_figure_of_all_categories(tmp_path: Path) -> None:
    function = grid((1, 0), (0, 1))
    regions = function.region([1.0, 0.2])
    panels = [RamachandranPanel(name, found=regions, truth=regions) for name in "abcdef"]
    path = tmp_path / "six.png"
    figure = draw_ramachandran(panels, path=path, names=("model", "library"))
    assert path.read_bytes()[:4] == b"\x89PNG"
    assert [ax.get_title() for ax in figure.axes] == list("abcdef")
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [
        "model, favored",
        "model, allowed",
        "library, favored",
        "library, allowed",
        "both, favored",
    ]
    dashed = [c for c in figure.axes[0].collections if isinstance(c, LineCollection)]
    assert len(dashed) == 4


def test_legends_name_what_there_is() -> None:
    regions = grid((1, 0)).region([0.5])
    panel = RamachandranPanel(truth=regions, points=[[0.0, 0.0]], outliers=[True])
    figure = draw_ramachandran([panel], names=("model", "library"))
    (legend,) = figure.legends
    words = [text.get_text() for text in legend.get_texts()]
    assert words == ["library, favored", "residues", "outliers"]
    assert draw_ramachandran([RamachandranPanel("empty")]).legends == []


def test_errors() -> None:
    with pytest.raises(ValueError, match="no panels; give at least one"):
        draw_ramachandran([])
    for field, message in (("outliers", "1 outliers for 2 points"), ("labels", "1 labels for 2")):
        panel = RamachandranPanel("glycine", points=np.zeros((2, 2)), **{field: [1]})
        with pytest.raises(ValueError, match=f"glycine: {message}"):
            drawn(panel)


def test_empty_regions_are_drawn_as_nothing() -> None:
    nothing = grid((1, 0)).region([5.0, 3.0])
    ax = drawn(RamachandranPanel(found=nothing, truth=nothing))
    places = np.random.default_rng(1).uniform(-180.0, 180.0, (50, 2))
    for patch in ax.patches:
        assert not patch.get_path().contains_points(places).any()
