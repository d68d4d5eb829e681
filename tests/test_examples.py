"""Scripts of the gallery: they run, and what they say is so."""

from __future__ import annotations

import runpy
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
    assert [line.split()[0] for line in lines] == ["iou", "giou", "diou", "kept", "all"]
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
    page = (EXAMPLES.parent / "docs/possession.md").read_text()
    ious = []
    for report in example["reports"].values():
        numbers = report.summary
        ious.append(numbers["iou"])
        spells, seconds = report.found.counts.sum(), numbers["possession"]
        row = f"| {spells} | {seconds:.2f} | {ious[-1]:.3f} | {numbers['F1@0.50']:.3f} |"
        assert row in page
    assert (np.diff(ious) > 0.05).all()
