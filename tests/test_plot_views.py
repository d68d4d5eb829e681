"""Planes as radiologists read them: sides, letters, millimeters, and unknown directions."""

from __future__ import annotations

import numpy as np
import pytest

from overlap.plot import draw_planes, worst_place
from overlap.plot.cells import area_of, outlines
from overlap.plot.views import views_of

SHAPE = (22, 26, 18)  # of the volume in RAS+
SPACING = (1.0, 0.8, 2.0)
#: Left, right, lower and upper border, by plane.
BORDERS = {"axial": "RLPA", "coronal": "RLIS", "sagittal": "APIS"}
#: Orders of the axes, and which run against RAS+, among them LPS and planes that others cut.
STORED = [
    ((0, 1, 2), (False, False, False)),
    ((0, 1, 2), (True, True, False)),
    ((2, 0, 1), (False, True, False)),
    ((1, 2, 0), (True, True, True)),
]


def patient(order, flips, angle=0.0):
    """A body with a mark at its left, front and top, stored with some axes; and its affine."""
    body, mark = np.zeros((2, *SHAPE), bool)
    body[4:18, 4:22, 3:15] = True
    mark[4:7, 18:21, 12:15] = True  # RAS+: left is where x is small
    affine = np.diag([*SPACING, 1.0])
    affine[:3, 3] = -20.0, -30.0, -10.0
    cosine, sine = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    turn = np.eye(4)
    turn[:2, :2] = [[cosine, -sine], [sine, cosine]]
    affine = turn @ affine
    stored = affine.copy()
    stored[:, :3] = affine[:, list(order)]
    for k, axis in enumerate(order):
        if flips[k]:
            stored[:, 3] += (SHAPE[axis] - 1) * stored[:, k]
            stored[:, k] *= -1.0
    back = tuple(slice(None, None, -1 if flip else None) for flip in flips)
    volumes = [volume.transpose(order)[back] for volume in (body, mark)]
    return (*volumes, stored, tuple(SPACING[axis] for axis in order))


@pytest.mark.parametrize(("order", "flips"), STORED)
@pytest.mark.parametrize("angle", [0.0, 12.0])
def test_a_mark_at_the_left_front_and_top_is_there_in_every_plane(order, flips, angle):
    body, mark, affine, spacing = patient(order, flips, angle)
    figure = draw_planes(body & ~mark, body, spacing=spacing, affine=affine)
    assert len(figure.axes) == 3
    seen = {}
    for ax in figure.axes:
        name = ax.get_title(loc="left").partition(",")[0]
        letters = {text.get_position(): text.get_text() for text in ax.texts}
        at = [letters[spot] for spot in ((0.015, 0.5), (0.985, 0.5), (0.5, 0.02), (0.5, 0.98))]
        seen[name] = "".join(at)
        truth = np.concatenate(ax.collections[0].get_segments())
        (missed,) = ax.patches
        mean = missed.get_path().vertices.mean(axis=0)
        middle = 0.5 * (truth.min(axis=0) + truth.max(axis=0))
        # front is left on sagittal planes, and the patient's left is right on the others
        assert np.sign(mean - middle).tolist() == [-1.0 if name == "sagittal" else 1.0, 1.0]
        cell = missed.get_path().vertices
        cross = float(ax.lines[1].get_xdata()[0]), float(ax.lines[2].get_ydata()[0])
        assert missed.get_path().contains_point(cross)
        shown = np.concatenate([ax.get_xlim(), ax.get_ylim()])
        assert shown[0] <= cell[:, 0].min() < cell[:, 0].max() <= shown[1]
        assert shown[2] <= cell[:, 1].min() < cell[:, 1].max() <= shown[3]
    assert seen == BORDERS


@pytest.mark.parametrize("seed", range(6))
def test_letters_say_where_the_voxels_lie(seed):
    rng = np.random.default_rng(seed)
    rotation = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    affine = np.eye(4)
    affine[:3, :3] = rotation * rng.uniform(0.5, 3.0, 3)
    affine[:3, 3] = rng.normal(size=3) * 50.0
    index = np.moveaxis(np.indices((5, 6, 7)), 0, -1)
    places = index @ affine[:3, :3].T + affine[:3, 3]
    toward = {"R": (0, 1), "L": (0, -1), "A": (1, 1), "P": (1, -1), "S": (2, 1), "I": (2, -1)}
    views = views_of(3, affine)
    assert sorted(view.cut for view in views) == [0, 1, 2]
    for view in views:
        x, y, z = (view.plane(places[..., k], 2) for k in range(3))
        plane = np.stack([x, y, z], axis=-1)
        steps = (plane[-1, 0] - plane[0, 0]), (plane[0, -1] - plane[0, 0])
        for step, low, high in zip(steps, view.letters[::2], view.letters[1::2], strict=True):
            step = step / np.linalg.norm(step)
            for letters, sign in ((low, -1.0), (high, 1.0)):
                parts = [sign * step[toward[letter][0]] * toward[letter][1] for letter in letters]
                assert parts == sorted(parts, reverse=True)
                assert min(parts) >= np.sin(np.radians(22.5))
                strongest = np.abs(step).max()
                assert parts[0] == pytest.approx(strongest)
        normal = np.cross(*steps)
        tilt = np.degrees(np.arccos(abs(normal[view.patient]) / np.linalg.norm(normal)))
        assert view.tilt == pytest.approx(tilt, abs=1e-6)


def test_places_are_those_of_the_affine():
    body, mark, affine, spacing = patient((2, 0, 1), (False, True, False))
    figure = draw_planes(body & ~mark, body, spacing=spacing, affine=affine)
    place = worst_place(body & ~mark, body, spacing)
    assert mark[place]
    x, y, z = (affine @ [*place, 1.0])[:3]
    titles = {ax.get_title(loc="left") for ax in figure.axes}
    # x is stored second, y third, z first
    assert titles == {
        f"sagittal, {'R' if x >= 0 else 'L'} {abs(x):.1f} mm (y {place[1]})",
        f"coronal, {'A' if y >= 0 else 'P'} {abs(y):.1f} mm (z {place[2]})",
        f"axial, {'S' if z >= 0 else 'I'} {abs(z):.1f} mm (x {place[0]})",
    }
    # across the longest side of a voxel
    assert figure.axes[0].get_title(loc="left").startswith("axial")


def test_a_tilt_is_said():
    body, mark, affine, spacing = patient((0, 1, 2), (False, False, False), 30.0)
    views = views_of(3, affine)
    assert [round(view.tilt) for view in views] == [0, 30, 30]
    assert views[0].letters == ("RA", "LP", "PR", "AL")
    figure = draw_planes(body & ~mark, body, spacing=spacing, affine=affine)
    assert figure.axes[1].get_title(loc="left").endswith("\ntilted by 30°")
    assert "tilted" not in figure.axes[0].get_title(loc="left")


def test_sides_and_bars_are_to_scale():
    body, mark, affine, spacing = patient((0, 1, 2), (True, True, False))
    figure = draw_planes(body & ~mark, body, spacing=spacing, affine=affine, width=4.6)
    assert figure.get_size_inches()[0] == 4.6
    for ax in figure.axes:
        box = ax.get_position()
        inches = np.array([box.width, box.height]) * figure.get_size_inches()
        shown = np.array([np.ptp(ax.get_xlim()), np.ptp(ax.get_ylim())])
        scale = inches / shown
        assert scale[0] == pytest.approx(scale[1], rel=1e-6)
        bar = np.ptp(ax.lines[0].get_xdata()) * shown[0]
        (label,) = [text.get_text() for text in ax.texts if text.get_text().endswith(" mm")]
        assert bar == pytest.approx(float(label.split()[0]))
        assert label in ("1 mm", "2 mm", "5 mm", "10 mm")
    assert {text.get_fontsize() for ax in figure.axes for text in (*ax.texts, ax.title)} >= {10.0}
    sizes = [text.get_fontsize() for ax in figure.axes for text in ax.texts]
    assert min(sizes) >= 10.0


def test_without_an_orientation_there_are_no_letters():
    body, mark, _, spacing = patient((0, 1, 2), (False, False, False))
    figure = draw_planes(body & ~mark, body, spacing=spacing, unit="voxels")
    texts = [text.get_text() for ax in figure.axes for text in ax.texts]
    assert len(texts) == 3
    assert all(text.endswith(" voxels") for text in texts)
    assert figure.texts[0].get_text() == "orientation unknown: axes as stored"
    assert figure.axes[0].get_title(loc="left").startswith("slice 12 of axis z")


def test_pictures_have_letters_only_where_they_lie_in_a_patient():
    flat = np.diag([-2.0, -2.0, 1.0, 1.0])  # what libraries make of two axes
    coronal = np.array([[0, -2.0, 0, 5], [0, 0, 1, 8], [-2.0, 0, 0, 3], [0, 0, 0, 1]])
    assert [view.letters for view in views_of(2, flat)] == [("", "", "", "")]
    assert [view.letters for view in views_of(2)] == [("", "", "", "")]
    assert [view.backwards for view in views_of(2)] == [(False, True)]  # rows run down
    (view,) = views_of(2, coronal)
    assert (view.name, view.letters) == ("coronal", ("R", "L", "I", "S"))
    # the second axis runs to the left of the patient, and the first down
    assert (view.axes, view.backwards) == ((1, 0), (False, True))
    assert view.where(0, coronal[:3, 3]) == "coronal, A 8.0 mm"


@pytest.mark.parametrize("seed", range(4))
def test_outlines_and_areas_are_those_of_the_cells(seed):
    cells = np.random.default_rng(seed).random((9, 7)) < 0.5
    lines = outlines(cells)
    padded = np.pad(cells, 1)
    edges = sum(np.count_nonzero(padded != np.roll(padded, 1, axis)) for axis in (0, 1))
    assert sum(np.abs(np.diff(line, axis=0)).sum() for line in lines) == edges
    area = 0.0
    for line in lines:
        assert (line[0] == line[-1]).all()
        (x, y), (u, v) = line[:-1].T, line[1:].T
        area += 0.5 * float((x * v - u * y).sum())  # holes run the other way
    assert area == np.count_nonzero(cells)
    path = area_of(cells, (2.0, 3.0))
    corners = path.vertices.reshape(-1, 5, 2)
    assert np.prod(corners[:, 2] - corners[:, 0], axis=1).sum() == 6.0 * np.count_nonzero(cells)
    inside = [path.contains_point((2.0 * i + 1.0, 3.0 * j + 1.5)) for i, j in np.ndindex(9, 7)]
    assert inside == cells.ravel().tolist()
