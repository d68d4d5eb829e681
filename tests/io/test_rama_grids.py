"""Ramachandran grids: both layouts, folders, messages; published scores, areas and parts."""

from __future__ import annotations

import gzip
import hashlib
import itertools
import json
from pathlib import Path

import numpy as np
import pytest

import overlap as ov
from overlap.io import RamaGrids, read_rama_grids
from overlap.torus.level_sets import level_set

HEADER = """# Table name/description: "cis Pro, made up"
# Number of dimensions: 2
# For each dimension, 1 to 2: lower_bound  upper_bound  number_of_bins  wrapping
#   x1: -180.0 180.0 4 true
#   x2: -180.0 180.0 6 true
# List of table coordinates and values. (Value is last number on each line.)
"""
ROWS = """-135.0 -150.0 0.5
-45.0 150.0 1.0
135.0 30.0 2.736726874657909E-4
"""


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    data = text.encode()
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return path


def combined(rows: int = 4, columns: int = 4) -> str:
    """Return a file without a header, with lines of value, phi and psi."""
    places = [(-180 + 360 / n * (np.arange(n) + 0.5)).round(6) for n in (rows, columns)]
    lines = [f"{-0.25 * k:.3f} {x:g} {y:g}" for k, (x, y) in enumerate(np.array(
        np.meshgrid(*places, indexing="ij")).reshape(2, -1).T)]  # fmt: skip
    return "\n".join(lines) + "\n"


# ------------------------------------------------------------------------------------ layouts


@pytest.mark.parametrize("name", ["rama8000-cispro.data", "rama8000-cispro.data.gz"])
def test_a_file_with_a_header(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, name, HEADER + ROWS)
    found = read_rama_grids(path)
    (grid,) = found.grids.values()
    assert list(found.grids) == ["cispro"]
    assert grid.values.shape == (4, 6)
    assert grid.origin == (-135.0, -150.0)
    assert grid.quantity == "rank"
    wanted = np.zeros((4, 6))
    wanted[0, 0], wanted[1, 5], wanted[3, 3] = 0.5, 1.0, 2.736726874657909e-4
    np.testing.assert_array_equal(grid.values, wanted)
    assert found.titles == {"cispro": "cis Pro, made up"}
    assert found.files == {"cispro": str(path)}
    assert found.digests == {"cispro": hashlib.sha256(path.read_bytes()).hexdigest()}
    assert found.ignored == ()


def test_blank_lines_and_remarks_are_no_rows(tmp_path: Path) -> None:
    text = HEADER + "\n# a remark\n  # another\n" + ROWS.replace("0.5", "0.5  # a third") + "\n \n"
    one = read_rama_grids(write(tmp_path, "rama8000-cispro.data", text))
    other = read_rama_grids(write(tmp_path, "cispro.data", HEADER + ROWS.replace("\n", "\r\n")))
    assert one.grids["cispro"] == other.grids["cispro"]


def test_a_file_with_the_value_first(tmp_path: Path) -> None:
    found = read_rama_grids(write(tmp_path, "gly.rama.combined.data", combined(4, 6)))
    grid = found.grids["glycine"]
    assert grid.quantity == "other"
    np.testing.assert_array_equal(grid.values, -0.25 * np.arange(24.0).reshape(4, 6))
    assert grid.origin == (-135.0, -150.0)
    assert found.titles == {"glycine": ""}


def test_a_file_without_a_header_and_the_value_last(tmp_path: Path) -> None:
    turned = "\n".join(
        " ".join((*line.split()[1:], line.split()[0])) for line in combined().split("\n")[:-1]
    )
    one = read_rama_grids(write(tmp_path, "gly.data", turned)).grids["glycine"]
    assert (
        one
        == read_rama_grids(write(tmp_path, "gly.rama.combined.data", combined())).grids["glycine"]
    )


def test_what_the_values_are_can_be_said(tmp_path: Path) -> None:
    path = write(tmp_path, "table.data", HEADER + ROWS.replace("1.0", "7.0"))
    grid = read_rama_grids(path, category="Gly", quantity="density").grids["glycine"]
    assert (grid.quantity, grid.values.max()) == ("density", 7.0)


def test_ranks_go_up_to_1(tmp_path: Path) -> None:
    for values in ("0.02", "0"):
        path = write(
            tmp_path, "rama8000-cispro.data", HEADER + ROWS.replace("1.0\n", values + "\n")
        )
        path.write_text(path.read_text().replace("0.5", "0.01"))
        with pytest.raises(
            ValueError, match=r"its highest value is 0.0\d, and the highest rank of a"
        ):
            read_rama_grids(path)
        assert read_rama_grids(path, quantity="density").grids["cispro"].quantity == "density"


# ------------------------------------------------------------------------------------ folders


def test_a_folder_has_up_to_six_grids(tmp_path: Path) -> None:
    for name in ("gly-sym", "general-noGPIVpreP", "transpro"):
        write(tmp_path, f"rama8000-{name}.data.gz", HEADER + ROWS)
    write(tmp_path, "gly.rama.combined.data", combined())
    write(tmp_path, "README", "words")
    (tmp_path / "rama8000-cispro.data").mkdir()
    found = read_rama_grids(str(tmp_path))
    assert list(found.grids) == ["general", "glycine", "transpro"]
    assert found.missing == ("cispro", "prepro", "ileval")
    assert found.ignored == ("README", "gly.rama.combined.data", "rama8000-cispro.data")


def test_two_files_of_a_category(tmp_path: Path) -> None:
    for name in ("rama8000-cispro.data", "rama8000-cispro.data.gz"):
        write(tmp_path, name, HEADER + ROWS)
    with pytest.raises(ValueError, match=r"cispro\.data\.gz: .*cispro\.data is another grid"):
        read_rama_grids(tmp_path)


def test_a_folder_without_grids(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"holds no file rama8000-\*\.data, .*\(empty\)"):
        read_rama_grids(tmp_path)
    write(tmp_path, "notes.txt", "words")
    with pytest.raises(ValueError, match=r"\(notes\.txt\); give such a folder"):
        read_rama_grids(tmp_path)
    with pytest.raises(ValueError, match="category = 'glycine' is for one file"):
        read_rama_grids(tmp_path, category="glycine")


# ------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEADER, "holds no lines of phi, psi and value"),
        (HEADER + ROWS + "-45.0 150.0\n", "line 10: '-45.0 150.0' is not three numbers"),
        (HEADER + "-45.0 x 0.1\n" + ROWS, "line 7: '-45.0 x 0.1' is not three numbers"),
        # Together six numbers, as on two good lines.
        (HEADER + "-45.0 150.0\n-45.0 30.0 0.1 0.2\n", "line 7: '-45.0 150.0' is not three"),
        (HEADER + ROWS + "-44.0 30.0 0.1\n", "line 10: phi = -44 is none of the 4 nodes -135"),
        (HEADER + ROWS + "225.0 30.0 0.1\n", "line 10: phi = 225 is none of the 4 nodes"),
        (HEADER + ROWS + "-45.0 -210.0 0.1\n", "line 10: psi = -210 is none of the 6 nodes"),
        (HEADER + ROWS + "nan 30.0 0.1\n", "line 10: phi = nan is none of the 4 nodes"),
        (HEADER + "\n" + ROWS + "-45.0 150.0 0.1\n", "line 11: .* a second time, after line 9"),
        (HEADER + ROWS + "-45.0 30.0 nan\n", "line 10: the value nan is not a finite number"),
        (HEADER + ROWS + "-45.0 30.0 1.5\n", "has 4 of 24 nodes; only grids of ranks or densities"),
        (HEADER.replace("4 true", "4 false") + ROWS, "its header says that x1 does not wrap"),
        (HEADER.replace("x2: -180.0", "x2: 0.0") + ROWS, "wanted a range of 360 degrees"),
        (HEADER.replace("#   x2", "#   y2") + ROWS, "its header has the axes .'1'.; wanted 1"),
        ("0.1 -135 7\n0.23 -45 20\n0.7 45 60\n", "neither the first nor the last two columns"),
        (combined().replace("-0.250 -135 -45\n", ""), "has 15 of 16 nodes; only grids of ranks"),
        ("\xff\xfe", "is not a text file"),
    ],
    ids=range(17),
)  # fmt: skip
def test_errors_name_the_line(tmp_path: Path, text: str, message: str) -> None:
    path = write(tmp_path, "rama8000-cispro.data", text)
    with pytest.raises(ValueError, match=rf"rama8000-cispro\.data.*({message})"):
        read_rama_grids(path)


def test_values_that_a_quantity_cannot_have(tmp_path: Path) -> None:
    path = write(tmp_path, "rama8000-cispro.data", HEADER + ROWS + "-45.0 30.0 1.5\n")
    with pytest.raises(ValueError, match=r"line 10: the value 1.5 is not in \[0, 1\], as a rank"):
        read_rama_grids(path, quantity="rank")


def test_names_that_tell_no_category(tmp_path: Path) -> None:
    path = write(tmp_path, "rama8000-alanine.data", HEADER + ROWS)
    with pytest.raises(ValueError, match="there is no category 'alanine'"):
        read_rama_grids(path)
    path = write(tmp_path, "table 1.txt", HEADER + ROWS)
    with pytest.raises(ValueError, match="its name does not tell a category, as rama8000-cispro"):
        read_rama_grids(path)
    assert list(read_rama_grids(path, category="pre-Pro").grids) == ["prepro"]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no such file"):
        read_rama_grids(tmp_path / "rama8000-cispro.data")
    path = write(tmp_path, "rama8000-cispro.data.gz", HEADER + ROWS)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(ValueError, match="truncated gzip file"):
        read_rama_grids(path)


# --------------------------------------------------------------------------------- real grids


@pytest.fixture(scope="module")
def rama(reference_data: Path) -> Path:
    return reference_data / "rama"


@pytest.fixture(scope="module")
def library(rama: Path) -> RamaGrids:
    return read_rama_grids(rama / "top8000")


def levels(rama: Path) -> dict[tuple[str, str], float]:
    known = json.loads((rama / "reference_regions_top8000.json").read_text())
    return {
        **{
            (name, "favoured"): known["favoured_level"]
            for name in known["allowed_levels"]["top8000"]
        },
        **{(name, "allowed"): x for name, x in known["allowed_levels"]["top8000"].items()},
    }


@pytest.mark.reference
def test_published_scores_of_residues(rama: Path, library: RamaGrids) -> None:
    rows = json.loads((rama / "reference_golden_cctbx.json").read_text())["top8000"]
    assert len(rows) == 25
    for row in rows:
        score = 100.0 * library.grids[row["category"]].at(row["phi"], row["psi"])
        assert score == pytest.approx(row["score_pct"], abs=0.06), row["id"]


@pytest.mark.reference
def test_published_peaks_lie_in_parts_of_their_own(rama: Path, library: RamaGrids) -> None:
    published = json.loads((rama / "reference_golden_cctbx.json").read_text())
    for name, peaks in published["favored_peaks_top8000"].items():
        grid = library.grids[name]
        labels = level_set(grid.values, 0.02).labels
        parts = set()
        for peak in peaks:
            i, j = round((peak["phi"] + 179) / 2), round((peak["psi"] + 179) / 2)
            assert float(f"{grid.values[i, j]:.6g}") == peak["value"]
            parts.add(int(labels[i, j]))
        assert parts == set(range(len(peaks))) == set(range(len(grid.components(0.02))))


@pytest.mark.reference
def test_areas_of_the_regions(rama: Path, library: RamaGrids) -> None:
    known = json.loads((rama / "reference_regions_top8000.json").read_text())["regions"]
    for (name, which), level in levels(rama).items():
        area = library.grids[name].region(level).area()[0]
        assert area == pytest.approx(known[f"top8000/{name}/{which}"]["area_deg2"], abs=1e-6)


@pytest.mark.reference
def test_parts_of_the_regions(rama: Path, library: RamaGrids) -> None:
    known = json.loads((rama / "reference_topology_abego.json").read_text())["topology"]
    bands = []
    for (name, which), level in levels(rama).items():
        parts = library.grids[name].components(level)
        wanted = known[f"top8000/{name}/{which}"]["components"]
        found = [[part.nodes, [list(turn) for turn in part.turns]] for part in parts]
        assert found == wanted, (name, which)
        bands += [(name, which) for part in parts if part.winds]
    assert bands == [("general", "allowed"), ("glycine", "allowed")]


@pytest.mark.reference
def test_ranks_give_points_and_masses(library: RamaGrids) -> None:
    counts = {name: grid.point_count for name, grid in library.grids.items()}
    assert counts == {
        "general": 1_061_639,
        "glycine": 116_589,
        "cispro": 3_654,
        "transpro": 66_364,
        "prepro": 61_568,
        "ileval": 195_083,
    }
    for grid in library.grids.values():
        assert grid.masses().masses.sum() == pytest.approx(1.0)


@pytest.mark.reference
def test_density_of_real_angles_has_the_published_region(rama: Path, library: RamaGrids) -> None:
    angles = np.loadtxt(rama / "points" / "cispro_phi_psi.csv.gz", delimiter=",", skiprows=1)
    favored = library.grids["cispro"].region(0.02)
    wanted = {50.0: (0.936, 0.714), 100.0: (0.886, 0.859)}
    for kappa, scores in wanted.items():
        grid = ov.PeriodicGrid.from_angles(*angles.T, kappa=kappa)
        found = grid.region([grid.level(0.98, by=by) for by in ("points", "mass")])
        np.testing.assert_allclose(ov.iou(found, favored), scores, atol=0.0015)


@pytest.mark.reference
def test_the_rest_of_the_torus_winds_as_published(rama: Path, library: RamaGrids) -> None:
    known = json.loads((rama / "reference_topology_abego.json").read_text())["topology"]
    for (name, which), level in levels(rama).items():
        rest = ov.PeriodicGrid(-library.grids[name].values, quantity="other")
        parts = rest.components(np.nextafter(-level, 0.0))
        wanted = known[f"top8000/{name}/{which}"]["complement_components"]
        assert [part.nodes for part in parts] == [nodes for nodes, _ in wanted]
        for part, (_, ways) in zip(parts, wanted, strict=True):
            # Listed are some ways around, ours are a basis: equal if the determinants are.
            assert len(part.turns) == np.linalg.matrix_rank(np.array(ways).reshape(-1, 2))
            if len(part.turns) == 2:
                corners = [a * d - b * c for (a, b) in ways for (c, d) in ways]
                assert np.gcd.reduce(corners) == abs(np.linalg.det(part.turns).round())
            elif part.turns:
                assert np.gcd.reduce(ways, axis=0).tolist() == [abs(k) for k in part.turns[0]]


@pytest.mark.reference
def test_shares_of_the_four_rectangles(rama: Path, library: RamaGrids) -> None:
    known = json.loads((rama / "reference_topology_abego.json").read_text())["abego"]
    corners = {
        "A": (-180.0, -75.0, 0.0, 50.0),
        "B": (-180.0, 50.0, 0.0, 285.0),
        "G": (0.0, -100.0, 180.0, 100.0),
        "E": (0.0, 100.0, 180.0, 260.0),
    }
    rings = [[(a, b), (c, b), (c, d), (a, d)] for a, b, c, d in corners.values()]
    rectangles = ov.Polygons(rings, period=(360.0, 360.0))
    for name in ("general", "glycine"):
        favored = library.grids[name].region(0.02)
        iou, part = ov.iou(favored, rectangles), ov.coverage(favored, rectangles)
        for k, key in enumerate(corners):
            wanted = known[key][f"{name}_favoured"]
            assert rectangles.area()[k] == known[key]["area"]
            assert iou[k] == pytest.approx(wanted["iou"], abs=1e-10)
            assert part[k] == pytest.approx(wanted["fraction_of_favoured"], abs=1e-10)


@pytest.mark.reference
def test_masses_of_published_ranks(rama: Path, library: RamaGrids) -> None:
    grids = library.grids
    for name, grid in grids.items():
        masses = grid.masses().masses
        assert masses[grid.values >= 0.02].sum() == pytest.approx(0.98, abs=0.001), name
        assert masses[grid.values >= 0.002].sum() == pytest.approx(0.998, abs=0.001), name
    # Categories differ, and not all alike; isoleucine and valine are most like general residues.
    shared = {
        (one, other): grids[one].overlap_with(grids[other])
        for one, other in itertools.combinations(grids, 2)
    }
    assert max(shared, key=lambda pair: shared[pair]) == ("general", "ileval")
    assert shared["general", "ileval"] == pytest.approx(0.645, abs=0.01)
    assert min(shared.values()) < 0.15
    # Angles of cis-prolines themselves against their published table.
    with gzip.open(rama / "points" / "cispro_phi_psi.csv.gz", "rt") as file:
        points = np.loadtxt(file, delimiter=",", skiprows=1, usecols=(0, 1))
    density = ov.PeriodicGrid.from_angles(*points.T, kappa=200.0)
    assert density.overlap_with(grids["cispro"]) > 0.9
