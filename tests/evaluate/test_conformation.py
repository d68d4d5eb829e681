"""Regions of backbone angles: areas, scores, masses, islands, intervals, and what is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest

import overlap as ov
from overlap.evaluate._conformation.cutoffs import Cutoffs, read_levels
from overlap.evaluate._conformation.islands import abego
from overlap.io import read_angles, sample_path

PERIOD = (360.0, 360.0)


def box(left, low, right, high):
    return [(left, low), (right, low), (right, high), (left, high)]


def polygons(*rings):
    """One region of several parts."""
    return ov.Polygons([[[ring] for ring in rings]], period=PERIOD)


def blocks(*spans):
    """A grid of ranks, 1 at the nodes of blocks (i0, i1, j0, j1) and 0 elsewhere."""
    values = np.zeros((36, 36))
    for i0, i1, j0, j1 in spans:
        values[np.ix_(np.arange(i0, i1) % 36, np.arange(j0, j1) % 36)] = 1.0
    return ov.PeriodicGrid(values, quantity="rank")


def sampled(seed, parts, count):
    """Angles drawn around places: share, phi, psi and spread of each."""
    rng = np.random.default_rng(seed)
    which = rng.choice(len(parts), count, p=[part[0] for part in parts])
    places = np.array([part[1:3] for part in parts])[which]
    angles = rng.normal(places, np.array([part[3] for part in parts])[which, None])
    phi, psi = (angles.T + 180.0) % 360.0 - 180.0
    return {"phi": phi, "psi": psi}


ONE = [(0.6, -63.0, -42.0, 12.0), (0.4, -110.0, 140.0, 20.0)]
TWO = [(0.5, -60.0, -38.0, 13.0), (0.4, -105.0, 145.0, 18.0), (0.1, 57.0, 42.0, 7.0)]


def test_boxes_by_hand():
    found, truth = polygons(box(-100, -50, -40, 10)), polygons(box(-80, -60, -20, 0))
    report = ov.evaluate.conformation(
        found={("general", "favored"): found}, truth={("general", "favored"): truth},
        levels="favored",
    )  # fmt: skip
    row = report.table.iloc[0]
    shared, union, hull = 40.0 * 50.0, 2 * 3600.0 - 2000.0, 80.0 * 70.0
    assert (row["category"], row["level"]) == ("general", "favored")
    assert row[["area_a", "area_b", "intersection"]].tolist() == pytest.approx([3600, 3600, shared])
    assert row["iou"] == pytest.approx(shared / union)
    assert row["giou"] == pytest.approx(shared / union - (hull - union) / hull)
    assert row["diou"] == pytest.approx(shared / union - (20**2 + 10**2) / (80**2 + 70**2))
    assert row["covered_a"] == row["covered_b"] == pytest.approx(shared / 3600.0)
    distance = np.hypot(20.0, 10.0)  # from a corner to the nearest one of the other box
    assert distance - 0.05 <= row["hausdorff"] <= distance + 1e-9
    assert np.isnan(row[["mass_iou", "density_overlap", "mass_a_only"]].astype(float)).all()
    assert row["reason"] == (
        "no side has a density: masses are undefined; densities are not both known on the same "
        "nodes"
    )
    assert report.summary["iou[favored]"] == report.summary["iou[general favored]"] == row["iou"]
    assert (row["matched"], row["missing"], row["spurious"]) == (1, 0, 0)


def test_a_region_that_crosses_both_edges_of_the_plot():
    here, there = polygons(box(-90, -50, -10, 20)), polygons(box(-70, -40, -5, 30))
    moved = [polygons([(x + 215.0, y - 150.0) for x, y in ring]) for ring in
             (box(-90, -50, -10, 20), box(-70, -40, -5, 30))]  # fmt: skip
    first = ov.evaluate.conformation(found=here, truth=there, levels="favored").table.iloc[0]
    second = ov.evaluate.conformation(found=moved[0], truth=moved[1], levels="favored").table.iloc[
        0
    ]
    names = ["area_a", "intersection", "iou", "giou", "diou", "giou_enclosed", "hausdorff"]
    np.testing.assert_allclose(
        second[names].astype(float), first[names].astype(float), rtol=1e-9, atol=1e-9
    )


def test_a_side_against_itself():
    table = read_angles(sample_path("angles_truth"))
    report = ov.evaluate.conformation(found=table, truth=table, levels="favored,allowed,0.5")
    known = report.table[report.table["category"] != "cispro"]
    assert len(known) == 6
    for name in ("iou", "giou_enclosed", "covered_a", "mass_iou", "density_overlap"):
        assert (known[name] == 1.0).all(), name
    for name in ("mass_a_only", "mass_b_only", "missing", "spurious", "split"):
        assert (known[name] == 0.0).all(), name
    assert (known["hausdorff"] < 1e-6).all()
    assert (known["area_a"] == known["area_b"]).all()
    assert (known["islands_a"] == known["matched"]).all()
    assert (report.matches["kind"] == "matched").all()
    assert (report.matches["iou"] == 1.0).all()


def density_by_hand(angles, kappa, nodes=180):
    """Sum of von Mises kernels, point by point, divided by its sum over the nodes."""
    at = np.radians((np.arange(nodes) + 0.5) * 360.0 / nodes - 180.0)
    x, y = (np.exp(kappa * (np.cos(at[:, None] - np.radians(angles[name])) - 1.0))
            for name in ("phi", "psi"))  # fmt: skip
    values = np.einsum("ip,jp->ij", x, y)
    return values / values.sum()


def test_angles_against_a_raster():
    """Densities, levels, areas, masses and scores of angles, by counting nodes."""
    found, truth = sampled(1, ONE, 1500), sampled(2, TWO, 2500)
    report = ov.evaluate.conformation(
        found=found, truth=truth, levels="favored,0.8", level_by="mass", category="general"
    )
    masses = [density_by_hand(side, 50.0) for side in (found, truth)]
    overlap = np.minimum(*masses).sum()
    for number, share in (("favored", 0.98), ("0.8", 0.8)):
        inside = []
        for mass in masses:
            order = np.sort(mass.ravel())[::-1]
            inside.append(mass >= order[np.searchsorted(np.cumsum(order), share)])
        a, b = inside
        row = report.table.set_index("level").loc[number]
        assert row["area_a"] == pytest.approx(4.0 * a.sum(), rel=0.01)
        assert row["area_b"] == pytest.approx(4.0 * b.sum(), rel=0.01)
        assert row["iou"] == pytest.approx((a & b).sum() / (a | b).sum(), abs=0.01)
        assert row["mass_b"] == pytest.approx(share, abs=0.003)
        assert row["mass_a"] == pytest.approx(masses[1][a].sum(), abs=0.005)
        assert row["mass_a_only"] == pytest.approx(masses[1][a & ~b].sum(), abs=0.003)
        assert row["mass_b_only"] == pytest.approx(masses[1][b & ~a].sum(), abs=0.005)
        both = masses[1][a & b].sum()
        assert row["mass_iou"] == pytest.approx(both / masses[1][a | b].sum(), abs=0.005)
        assert row["density_overlap"] == pytest.approx(overlap, abs=1e-9)
    assert report.settings["found"]["kappa"] == {"general": 50.0}
    by_found = ov.evaluate.conformation(found=found, truth=truth, levels="0.8", level_by="mass",
                                        category="general", mass="found")  # fmt: skip
    assert by_found.table["mass_a"].iloc[0] == pytest.approx(0.8, abs=0.003)


def test_levels_by_points_hold_their_share_of_residues():
    found = sampled(3, ONE, 4000)
    report = ov.evaluate.conformation(
        found=found, truth=sampled(4, TWO, 400), levels="0.9,0.5", category="general"
    )
    regions = report.regions("found")
    for level in ("0.9", "0.5"):
        pair = regions["general", level], report.regions("truth")["general", level]
        row = report.table.set_index("level").loc[level]
        for name, score in {"iou": ov.iou, "giou": ov.giou, "diou": ov.diou,
                            "giou_enclosed": ov.iou - ov.enclosed_gap}.items():  # fmt: skip
            assert row[name] == pytest.approx(score(*pair)[0], abs=1e-15)
    from shapely import MultiPolygon, Polygon, points

    for level in ("0.9", "0.5"):
        rings = regions["general", level].to_list()[0]
        shape = MultiPolygon([Polygon(ring) for ring in rings])
        inside = shape.contains(points(found["phi"], found["psi"])).mean()
        assert inside == pytest.approx(float(level), abs=0.02)


def test_islands_are_matched_merged_missing_split_and_spurious():
    truth = blocks((2, 6, 2, 6), (10, 14, 2, 6), (2, 6, 12, 16), (20, 32, 20, 24), (20, 23, 8, 10))
    found = blocks((2, 14, 2, 6), (2, 6, 12, 16), (20, 25, 20, 24), (27, 32, 20, 24),
                   (14, 17, 28, 30))  # fmt: skip
    report = ov.evaluate.conformation(
        found={"general": found}, truth={"general": truth}, levels="0.5"
    )
    row = report.table.iloc[0]
    kinds = ["matched", "merged", "missing", "split", "spurious"]
    assert row[kinds].tolist() == [3, 1, 1, 1, 1]
    assert (row["islands_a"], row["islands_b"]) == (5, 5)
    islands = report.matches.set_index("kind")
    # level 0.5 between nodes at 0 and 1: half a step beyond the blocks, with cut corners
    assert islands.loc["missing", "area_b"] == pytest.approx(300.0 * 2 - 50.0)
    assert islands.loc["merged", "covered_b"] > 0.85
    assert islands.loc["split", "covered_a"] > 0.85
    assert islands.loc["spurious", "covered_a"] == 0.0
    assert islands.loc["missing", ["phi", "psi"]].tolist() == [25.0, -95.0]
    assert islands.loc["missing", "mass_b"] == pytest.approx(6.0 / (48 + 48 + 6), abs=0.02)
    content = json.loads(report.to_json())
    assert [row["kind"] for row in content["islands"]] == report.matches["kind"].tolist()
    assert content["islands"][-1]["area_b"] is None


def test_an_island_across_the_edge_is_one():
    report = ov.evaluate.conformation(
        found=blocks((34, 38, 33, 39)), truth=blocks((34, 38, 34, 39)), levels="0.5"
    )
    assert report.table["matched"].tolist() == [1.0]
    assert report.matches["iou"].iloc[0] == pytest.approx(report.table["iou"].iloc[0])


def test_abego_regions():
    """A point of each; the areas of the regions are those of the rectangles."""
    at = np.arange(-179.5, 180.0)
    names = np.array([[abego(x, y) for y in at] for x in at[::10]])
    areas = {name: 10 * int((names == name).sum()) for name in "ABGE"}
    assert areas == {"A": 22500, "B": 42300, "G": 36000, "E": 28800}
    assert abego(float("nan"), 0.0) == ""
    assert abego(297.0, 318.0) == "A"


def test_few_residues_are_undefined_with_the_reason():
    report = ov.evaluate.conformation(
        found=sample_path("angles_found"), truth=sample_path("angles_truth"), levels="favored"
    )
    table = report.table.set_index("category")
    assert np.isnan(table.loc["cispro", "iou"])
    assert table.loc["cispro", "reason"] == (
        "found has 24 residues, fewer than 200; truth has 24 residues, fewer than 200"
    )
    known = table.loc[["general", "glycine"], "iou"]
    assert report.summary["iou[favored]"] == pytest.approx(known.mean())
    assert np.isnan(report.summary["iou[cispro favored]"])
    enough = ov.evaluate.conformation(
        found=sample_path("angles_found"), truth=sample_path("angles_truth"), levels="allowed",
        min_residues=20,
    )  # fmt: skip
    assert enough.table["iou"].notna().all()
    assert any("allowed leaves out less than one residue of general (600), glycine (252), cispro "
               "(24)" in note for note in enough.settings["notes"])  # fmt: skip
    assert "SHA-256: A " in report.methods()
    assert "general, glycine, cispro at the level favored" in report.methods()


def test_draws_are_evaluations_of_the_drawn_chains():
    """A draw is what `conformation` gives for the rows of the drawn chains."""
    found, truth = (read_angles(sample_path(f"angles_{side}")) for side in ("found", "truth"))
    report = ov.evaluate.conformation(found=found, truth=truth, levels="favored")
    drawn = report.evidence.drawn
    rng = np.random.default_rng(0)
    weights = rng.multinomial(12, np.full(12, 1 / 12), size=2).ravel().astype(float)[None]
    numbers = drawn.statistics(weights)
    again = [
        table.taken(np.repeat(np.arange(len(table)), part[table.groups("chain")[0]].astype(int)))
        for table, part in ((found, weights[0, :12]), (truth, weights[0, 12:]))
    ]
    direct = ov.evaluate.conformation(found=again[0], truth=again[1], levels="favored")
    for name in drawn.names():
        if "cispro" not in name:
            assert numbers[name][0] == pytest.approx(direct.summary[name], abs=0.01), name
    ones = drawn.statistics(np.ones((1, 24)))
    assert ones["iou[favored]"][0] == pytest.approx(report.summary["iou[favored]"], abs=0.003)
    assert len(report.evidence.items) == 24
    assert report.evidence.items[0] == "found A"


@pytest.mark.slow
def test_intervals():
    options = {"truth": sample_path("angles_truth"), "levels": "favored", "bootstrap": 50, "rng": 1}
    one, two = (ov.evaluate.conformation(found=sample_path("angles_found"), **options)
                for _ in range(2))  # fmt: skip
    assert one.summary.equals(two.summary)
    # the same draws again: estimate minus bias, plus and minus 1.96 standard errors
    rng, even = np.random.default_rng(1), np.full(12, 1 / 12)
    weights = np.array([[rng.multinomial(12, even) for _ in range(2)] for _ in range(50)])
    draws = one.evidence.statistics(weights.reshape(50, 24).astype(float))
    for name in ("iou[favored]", "giou[general favored]", "density_overlap[glycine favored]"):
        middle = 2.0 * one.summary[name] - draws[name].mean()
        reach = 1.959964 * draws[name].std(ddof=1)
        assert one.summary[f"{name} low"] == pytest.approx(middle - reach, abs=1e-6)
        assert one.summary[f"{name} high"] == pytest.approx(middle + reach, abs=1e-6)
    row = one.table.set_index("category").loc["general"]
    assert row["iou_low"] == one.summary["iou[general favored] low"]
    assert one.settings["resample"]["found"] == {"unit": "chain", "units": 12}
    assert "50 resamples of 12 chains (A) and 12 chains (B)" in one.methods()
    grid = read_angles(sample_path("angles_truth"))
    grid = grid.taken(grid.category == "general")
    fixed = {"general": ov.PeriodicGrid.from_angles(grid.phi, grid.psi)}
    half = ov.evaluate.conformation(
        found=sample_path("angles_found"), truth=fixed, levels="favored", bootstrap=50,
        interval="percentile", resample="residue",
    )  # fmt: skip
    assert list(half.settings["resample"]) == ["found"]
    assert half.summary["iou[general favored] low"] < half.summary["iou[general favored] high"]
    assert half.evidence.items == ()
    with pytest.raises(ValueError, match="neither side is made of any"):
        ov.evaluate.conformation(found=fixed, truth=fixed, bootstrap=50)


def test_geojson_there_and_back(tmp_path):
    report = ov.evaluate.conformation(
        found=sample_path("angles_found"), truth=sample_path("angles_truth")
    )
    path = tmp_path / "regions.geojson"
    report.to_geojson(path)
    again = ov.evaluate.conformation(found=path, truth=sample_path("angles_truth"))
    mine, theirs = (one.table.set_index(["category", "level"]) for one in (report, again))
    for name in ("area_a", "intersection", "iou", "giou", "diou", "mass_iou", "islands_a"):
        known = theirs[name].dropna()
        assert len(known) == 4
        np.testing.assert_allclose(known, mine[name].dropna(), rtol=1e-9)
    truth = ov.evaluate.conformation(
        found=path, truth=json.loads(report.to_geojson(side="truth")) and path
    )
    assert (truth.table["iou"].dropna() == 1.0).all()
    path.write_text(path.read_text().replace('"favored"', '" Favored"'))
    other = ov.evaluate.conformation(found=path, truth=sample_path("angles_truth"))
    assert other.table["iou"].equals(again.table["iou"])
    with pytest.raises(ValueError, match="side = 'both' is not"):
        report.regions("both")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "invalid JSON at line 1"),
        ("[1]", "is no GeoJSON"),
        ('{"type": "Point", "coordinates": [1, 2]}', "is a Point, which has no area"),
        ('{"type": "FeatureCollection", "features": []}', "has no polygons"),
        ('{"type": "Feature", "properties": {"category": "odd"}, "geometry": {"type": "Polygon", '
         '"coordinates": []}}', "there is no category 'odd'"),
        ('{"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": null}, 3]}',
         r"features\[1\]: is int"),
    ],
    ids=["damaged", "list", "point", "none", "category", "number"],
)  # fmt: skip
def test_bad_geojson(tmp_path, text, message):
    path = tmp_path / "a.geojson"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        ov.evaluate.conformation(found=path, truth=sample_path("angles_truth"))


def test_levels():
    assert [level.name for level in read_levels("favored, allowed ,0.98", Cutoffs())] == [
        "favored", "allowed", "0.98",
    ]  # fmt: skip
    assert read_levels(0.98, Cutoffs())[0].cutoffs["glycine"] == 0.02
    for levels, message in (
        ("98", "'98' is not favored, allowed, or a fraction"),
        ("favoured", "'favoured' is not"),
        (["favored", "favored"], "favored is there twice"),
        ([], "levels is empty"),
    ):
        with pytest.raises(ValueError, match=message):
            read_levels(levels, Cutoffs())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mass": "a"}, "mass = 'a' is not one of truth, found"),
        ({"level_by": "rank"}, "level_by = 'rank'"),
        ({"interval": "bca"}, "interval = 'bca'"),
        ({"bootstrap": 1.5}, "bootstrap = 1.5; wanted a whole number of draws, 50"),
        ({"min_residues": 0}, "min_residues = 0; wanted a whole number, 1 or more"),
        ({"tolerance": 0.0}, "tolerance = 0.0; wanted a positive number of degrees"),
        ({"step": 7.0}, "step = 7.0 does not divide"),
        ({"kappa": -1.0}, "kappa = -1.0"),
        ({"truth": {"glycine": blocks((0, 2, 0, 2))}}, "found has general and truth glycine: no "),
        ({"found": {"phi": [1.0], "psi": [2.0]}}, "found does not say which residues it is of"),
        ({"found": {"phi": [None], "psi": [2.0]}}, "none of the 1 residues has both angles"),
        ({"truth": {"general": ov.PeriodicGrid([[1.0, 2.0], [3.0, 4.0]], quantity="other")}},
         "holds neither ranks nor a density"),
        ({"truth": {"general": ov.PeriodicGrid(np.ones((4, 4)), period=(1.0, 1.0))}},
         r"has the period \(1.0, 1.0\); wanted degrees"),
        ({"truth": ov.Polygons([box(0, 0, 1, 1)])}, "has the period None; wanted degrees"),
        ({"truth": ov.Polygons([box(0, 0, 1, 1)] * 2, period=PERIOD)}, "are 2; wanted one"),
    ],
    ids=["mass", "level_by", "interval", "bootstrap", "least", "tolerance", "step", "kappa",
         "categories", "unnamed", "undefined", "other", "period", "plane", "two"],
)  # fmt: skip
def test_what_is_refused(options, message):
    angles = {**sampled(0, ONE, 300), "category": ["general"] * 300}
    with pytest.raises(ValueError, match=message):
        ov.evaluate.conformation(**{"found": angles, "truth": angles, **options})


def test_pictures_and_pages(tmp_path):
    from matplotlib.figure import Figure

    report = ov.evaluate.conformation(
        found=sample_path("angles_found"), truth=sample_path("angles_truth")
    )
    report.plot(tmp_path / "all.png", category="general", points=True)
    assert (tmp_path / "all.png").read_bytes()[:4] == b"\x89PNG"
    ax = Figure().add_subplot()
    assert report.plot(ax=ax, category="glycine") is ax
    assert f"IoU {report.summary['iou[glycine favored]']:.3f} (favored)" in ax.get_title()
    with pytest.raises(ValueError, match="there is no picture of 'cispro'; there are general, gly"):
        report.plot(category="cispro")
    assert "Islands without a partner" in [s.title for s in report.sections()]
    assert repr(report).startswith("<ConformationReport IoU 0.")


@pytest.mark.reference
def test_points_of_cis_prolines_against_the_published_region(reference_data):
    """IoU found with other software: by points and by mass, with two bandwidths."""
    folder = reference_data / "rama"
    for kappa, by, iou in ((50, "points", 0.936), (50, "mass", 0.714), (100, "points", 0.886),
                           (100, "mass", 0.859)):  # fmt: skip
        report = ov.evaluate.conformation(
            found=folder / "points/cispro_phi_psi.csv.gz", category="cis-Pro", kappa=kappa,
            truth=folder / "top8000/rama8000-cispro.data.gz", levels="favored", level_by=by,
        )  # fmt: skip
        assert report.summary["iou[favored]"] == pytest.approx(iou, abs=0.0015)


@pytest.mark.reference
def test_published_regions(reference_data):
    """Areas and numbers of islands of all Top8000 regions, and each against itself."""
    folder = reference_data / "rama"
    known = json.loads((folder / "reference_regions_top8000.json").read_text())["regions"]
    report = ov.evaluate.conformation(found=folder / "top8000", truth=folder / "top8000")
    assert len(report.table) == 12
    for row in report.rows():
        level = {"favored": "favoured"}.get(row["level"], row["level"])
        area = known[f"top8000/{row['category']}/{level}"]["area_deg2"]
        assert row["area_a"] == row["area_b"] == pytest.approx(area, abs=0.01)
        assert (row["iou"], row["mass_iou"], row["hausdorff"] < 1e-6) == (1.0, 1.0, True)
    favored = report.table[report.table["level"] == "favored"]
    assert favored["islands_a"].tolist() == [4, 3, 2, 3, 3, 2]


def test_corners_that_look_like_radians_are_a_finding(tmp_path):
    for name, factor in (("degrees", 1.0), ("radians", np.pi / 180.0)):
        ring = [[x * factor, y * factor] for x, y in (*box(-90, -50, -10, 20), (-90, -50))]
        text = json.dumps({"type": "Polygon", "coordinates": [ring], "wrapped": False})
        (tmp_path / f"{name}.geojson").write_text(text)
    paths = {name: tmp_path / f"{name}.geojson" for name in ("degrees", "radians")}
    report = ov.evaluate.conformation(
        found=paths["radians"], truth=paths["degrees"], levels="favored", tolerance=None
    )
    assert report.findings == (
        f"A: {paths['radians']}: no corner is beyond 1.571; if these are radians, turn them "
        "into degrees",
    )
