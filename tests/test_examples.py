"""Scripts of the gallery: they run, and what they say is so."""

from __future__ import annotations

import itertools
import re
import runpy
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import overlap as ov

EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.fixture(scope="module")
def discs() -> dict:
    return runpy.run_path(str(EXAMPLES / "discs.py"))


def test_it_runs(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(EXAMPLES / "discs.py"))
    lines = capsys.readouterr().out.splitlines()
    words = [line.split()[0] for line in lines]
    assert words[:5] == ["iou", "giou", "diou", "kept", "all"]
    assert set(words[5:]) == {"no"}  # what the kind lacks, and what it loses by that
    assert lines[3] == "kept [1 2 3]"


def test_against_polygons(discs: dict) -> None:
    import shapely

    rng = np.random.default_rng(4)
    tables = np.concatenate([rng.random((2, 300, 2)), rng.uniform(0.02, 0.6, (2, 300, 1))], axis=2)
    terms = ov.terms(*(discs["Discs"](table) for table in tables))
    a, b = (
        shapely.buffer(shapely.points(table[:, :2]), table[:, 2], quad_segs=256) for table in tables
    )
    np.testing.assert_allclose(terms.intersection, shapely.area(shapely.intersection(a, b)),
                               rtol=1e-4, atol=1e-5)  # fmt: skip
    hull = shapely.area(shapely.convex_hull(shapely.union(a, b)))
    np.testing.assert_allclose(terms.hull, hull, rtol=1e-4)
    circle = shapely.minimum_bounding_radius(shapely.union(a, b))
    np.testing.assert_allclose(terms.diameter2, (2.0 * circle) ** 2, rtol=1e-4)


def test_two_cars(tmp_path: Path) -> None:
    cars = runpy.run_path(str(EXAMPLES / "two_cars.py"))
    cars["draw"](str(tmp_path / "cars.svg"))
    # The outline of the one that is dropped, and no other, is dashed.
    assert (tmp_path / "cars.svg").read_text().count("stroke-dasharray") == 1


def test_fuzzy_lesion(tmp_path: Path) -> None:
    lesion = runpy.run_path(str(EXAMPLES / "fuzzy_lesion.py"))
    lesion["draw"](str(tmp_path / "lesion.svg"))
    assert (tmp_path / "lesion.svg").stat().st_size > 10_000
    sides = lesion["best_sides"]
    # The softer the edge, the larger the best square, and the same one for Dice and IoU.
    assert (np.diff(sides["soft Dice"][3:]) > 0.2).all()
    np.testing.assert_allclose(sides["soft IoU"], sides["soft Dice"], atol=0.1)
    assert abs(sides["soft Dice, squared"] - lesion["natural"]).max() < 1.0
    # By hand, cell by cell, for one square.
    truth = lesion["lesion"](5.0).to_array()[0]
    square = np.zeros(truth.shape)
    square[36:60, 36:60] = 1.0
    k = int(np.flatnonzero(lesion["SIDES"] == 24.0)[0])
    wanted = 2.0 * (square * truth).sum() / (square.sum() + truth.sum())
    assert ov.dice(lesion["masks"][k], ov.Masks(truth[None]))[0] == pytest.approx(wanted)


def test_possession_time(tmp_path: Path) -> None:
    example = runpy.run_path(str(EXAMPLES / "possession_time.py"))
    example["draw"](str(tmp_path / "spells.svg"))
    assert (tmp_path / "spells.svg").stat().st_size > 10_000
    # Every rule helps, and the page shows these numbers.
    page = (EXAMPLES.parent / "docs/guides/possession.md").read_text()
    ious = []
    for report in example["reports"].values():
        numbers = report.summary
        ious.append(numbers["iou"])
        spells, seconds = report.found.counts.sum(), numbers["possession"]
        row = f"| {spells} | {seconds:.2f} | {ious[-1]:.3f} | {numbers['F1@0.50']:.3f} |"
        assert row in page
    assert (np.diff(ious) > 0.05).all()


def dihedral(a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray) -> float:
    """Return the angle between two planes in degrees, by their normals."""
    u, v, w = b - a, c - b, d - c
    x = np.linalg.norm(v) * u @ np.cross(v, w)
    return float(np.degrees(np.arctan2(x, np.cross(u, v) @ np.cross(v, w))))


def test_alanine_dipeptide(tmp_path: Path) -> None:
    example = runpy.run_path(str(EXAMPLES / "alanine_dipeptide.py"))
    example["draw"](str(tmp_path / "map.png"))
    assert (tmp_path / "map.png").stat().st_size > 10_000
    phi, psi = -57.0, 141.0
    atoms = example["atoms"](np.array(phi), np.array(psi), 112.0)
    assert dihedral(*(atoms[k] for k in ("C-", "N", "CA", "C"))) == pytest.approx(phi)
    assert dihedral(*(atoms[k] for k in ("N", "CA", "C", "N+"))) == pytest.approx(psi)
    for peptide in (("CA-", "C-", "N", "CA"), ("CA", "C", "N+", "CA+"), ("O", "C", "N+", "H+")):
        assert abs(dihedral(*(atoms[k] for k in peptide))) == pytest.approx(180.0)
    # The alpha carbon is left-handed: seen from H, the rest reads CO, R, N clockwise.
    sides = [atoms[k] - atoms["CA"] for k in ("C", "CB", "N")]
    assert np.linalg.det(sides) > 0.0
    assert np.linalg.norm(atoms["CA+"] - atoms["CA"]) == pytest.approx(3.8, abs=0.05)
    # One pair of angles by hand: the closest pair, among those that turn.
    atoms = {k: place.reshape(3) for k, place in example["atoms"](np.array([-59.0]), -45.0).items()}
    turned = {k: place.reshape(3) for k, place in example["atoms"](np.array([20.0]), 75.0).items()}
    rooms = []
    for a, b in itertools.combinations(atoms, 2):
        gap, other = (np.linalg.norm(where[a] - where[b]) for where in (atoms, turned))
        if abs(gap - other) > 1e-9:
            rooms.append(gap - example["LIMITS"]["".join(sorted(a[0] + b[0]))][1])
    assert example["maps"][110.0][1].at(-59.0, -45.0) == pytest.approx(min(rooms))
    # The page shows these numbers.
    page = (EXAMPLES.parent / "docs/guides/ramachandran.md").read_text()
    for tau, regions in example["allowed"].items():
        for limit, area in zip(("normal", "outer"), regions.area(), strict=True):
            assert f"| {tau:.0f}° | {limit} | {100 * area / 360**2:.1f} |" in page


@pytest.mark.reference
def test_alanine_dipeptide_against_proteins(
    reference_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    example = runpy.run_path(str(EXAMPLES / "alanine_dipeptide.py"))
    capsys.readouterr()
    example["compare"](reference_data / "rama" / "top8000")
    page = (EXAMPLES.parent / "docs/guides/ramachandran.md").read_text()
    for line in capsys.readouterr().out.splitlines():
        tau, limit, iou, share = re.match(r"\S+ (\d+), (\w+): IoU (\S+), (\S+) %", line).groups()
        assert re.search(rf"\| {tau}° \| {limit} \| \S+ \| {iou} \| {share} \|", page)


@pytest.fixture
def example(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[[str], tuple]:
    """Run a script and draw its picture; return its names and its words."""

    def run(name: str, suffix: str = "svg") -> tuple[dict, str]:
        names = runpy.run_path(str(EXAMPLES / f"{name}.py"))
        picture = tmp_path / f"{name}.{suffix}"
        names["draw"](str(picture))
        assert picture.stat().st_size > 20_000
        return names, capsys.readouterr().out

    return run


def test_equal_distance(example: Callable) -> None:
    names, words = example("equal_distance")
    assert "shifted: L2 5.0 px, IoU 0.391, GIoU 0.311" in words
    # The best constants are the median of the measurements and their mean.
    edges, fits = np.sort(names["edges"]), names["fits"]
    assert edges[4] - 0.01 <= fits["L1"] <= edges[5]
    assert fits["L2"] == pytest.approx(edges.mean(), abs=0.01)
    assert fits["L1"] < fits["smooth L1"] < fits["L2"]


def test_loss_landscapes(example: Callable) -> None:
    names, _ = example("loss_landscapes", "png")
    # IoU has a slope where the boxes share something but none holds the other: by areas.
    (w, h), reach = names["SIZE"] / 2, names["REACH"]
    share = (1 + w) * (1 + h) - (1 - w) * (1 - h)
    assert names["flat"]["place", "IoU"] == pytest.approx(1 - share / reach**2, abs=0.02)
    assert names["flat"]["place", "GIoU"] == pytest.approx((1 - w) * (1 - h) / reach**2, abs=0.01)
    assert max(names["flat"]["place", name] for name in ("DIoU", "CIoU")) < 1e-3


def test_trajectories(example: Callable) -> None:
    names, words = example("trajectories")
    assert "IoU: 0 of 60 touch the truth" in words
    assert words.count("60 of 60 touch") == 3
    for name in ("GIoU", "DIoU", "CIoU"):
        assert names["ious"][name][-1].min() > 0.95
        growth = names["areas"][name] / names["areas"][name][0]
        assert growth.max(axis=0).mean() > 3.0
    assert (names["alpha"] >= 0.0).all()
    assert names["alpha"][-1].max() < 0.01


def test_pixels(example: Callable) -> None:
    names, words = example("pixels")
    assert "20 px: IoU 0.600" in words
    assert "100 px: IoU 0.905" in words
    np.testing.assert_allclose(names["slack"], 4.0 / names["SIZES"])
    # Where both gradients stand: d / d ln w = w d / d w, and w is 1.1 sizes.
    by_width, by_log = names["slope_of"].values()
    np.testing.assert_allclose(by_log, by_width * [22.0, 220.0])
    assert by_log[0] == pytest.approx(by_log[1])


def test_threshold_dial(example: Callable) -> None:
    names, _ = example("threshold_dial")
    dial = names["dial"]
    assert (np.diff(dial.recall) <= 0).all()
    assert (np.diff(dial.precision[:13]) > 0).all()
    assert names["rescued"] == [1.0] * len(dial.threshold)


def test_rotated_surrogates(example: Callable) -> None:
    names, _ = example("rotated_surrogates")
    for name, history in names["histories"].items():
        reached = history[-1].mean()
        assert reached < 0.6 if name == "KFIoU x 3" else reached > 0.98
    # Slopes are those of the curves, away from the kink at 0.
    for value, grad in names["curves"].values():
        middle = np.gradient(value, np.radians(names["ANGLES"]))
        np.testing.assert_allclose(grad[100:300, 4], middle[100:300], atol=0.02)


def test_occlusion(example: Callable) -> None:
    names, _ = example("occlusion")
    whole, visible, fraction = names["whole"], names["visible"], names["fraction"]
    np.testing.assert_allclose(ov.iou(visible, whole), 1.0 - fraction)
    inside = ov.coverage(names["seen"], visible) >= 1.0 - 1e-12
    assert inside.any()
    assert (ov.iou(names["seen"], whole)[inside] <= 1.0 - fraction[inside] + 1e-12).all()
    assert (ov.iou(names["completed"], whole) >= 0.5).mean() > 0.9
