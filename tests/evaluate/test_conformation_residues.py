"""Residues against a library of grids: scores, verdicts, outliers, structures, intervals."""

from __future__ import annotations

import csv
import io
import json
import math

import numpy as np
import pytest
from scipy import stats

import overlap as ov
from overlap.evaluate._conformation.cutoffs import as_cutoffs
from overlap.io import CATEGORIES, read_angles, read_rama_grids, read_structures, sample_path

PERIOD = 360.0


def bump(phi, psi, *, nodes=36):
    """A grid of ranks that falls from 1 at a place to 0 opposite of it."""
    at = (np.arange(nodes) + 0.5) * PERIOD / nodes - 180.0
    x, y = np.cos(np.radians(at - phi)), np.cos(np.radians(at - psi))
    return ov.PeriodicGrid(((2.0 + x[:, None] + y) / 4.0) ** 6, quantity="rank")


LIBRARY = {
    "general": bump(-65.0, -40.0),
    "glycine": bump(80.0, 10.0),
    "cispro": bump(-80.0, 155.0),
    "transpro": bump(-65.0, 145.0),
    "prepro": bump(-75.0, 150.0),
    "ileval": bump(-64.0, -44.0),
}


def looked_up(grid, phi, psi):
    """Bilinear interpolation of one pair, node by node, with periods added by hand."""
    n, m = grid.values.shape
    u, v = (phi + 180.0) / (PERIOD / n) - 0.5, (psi + 180.0) / (PERIOD / m) - 0.5
    i, j = math.floor(u), math.floor(v)
    t, s = u - i, v - j
    corners = [(i, j, (1 - t) * (1 - s)), (i + 1, j, t * (1 - s)),
               (i, j + 1, (1 - t) * s), (i + 1, j + 1, t * s)]  # fmt: skip
    return math.fsum(share * float(grid.values[a % n, b % m]) for a, b, share in corners)


def random_angles(seed=0, count=400, categories=tuple(CATEGORIES)):
    rng = np.random.default_rng(seed)
    return {
        "phi": rng.uniform(-180, 180, count),
        "psi": rng.uniform(-180, 180, count),
        "category": rng.choice(categories, count),
        "chain": np.array(list("ABCDEFG"))[np.sort(rng.integers(0, 7, count))],
        "weight": rng.integers(1, 4, count),
    }


def test_scores_and_verdicts_by_hand():
    angles = random_angles()
    report = ov.evaluate.ramachandran(found=angles, truth=LIBRARY)
    limits = {"general": 0.0005, "cispro": 0.002}
    verdicts = []
    for row in range(400):
        category = str(angles["category"][row])
        score = looked_up(LIBRARY[category], angles["phi"][row], angles["psi"][row])
        assert report.evidence.score[row] == pytest.approx(score, abs=1e-13)
        low = limits.get(category, 0.001)
        verdicts.append("favored" if score >= 0.02 else "allowed" if score >= low else "outlier")
    assert report.matches["verdict"].tolist() == verdicts
    weight = angles["weight"]
    for name in ("favored", "allowed", "outlier"):
        mine = np.array([verdict == name for verdict in verdicts])
        assert report.summary[name] == pytest.approx(weight[mine].sum() / weight.sum())
        for category in CATEGORIES:
            there = angles["category"] == category
            share = weight[mine & there].sum() / weight[there].sum()
            assert report.summary[f"{name}[{category}]"] == pytest.approx(share)
            row = report.table.set_index("category").loc[category]
            assert row[name] == (mine & there).sum()
            assert row["residues"] == there.sum()
    assert report.table.iloc[-1]["category"] == "all residues"
    assert report.summary["n"] == 400
    told = "shares are of weights, and counts of residues"
    assert any(told in note for note in report.notes())
    equal = ov.evaluate.ramachandran(found=angles | {"weight": np.full(400, 3)}, truth=LIBRARY)
    assert not any(told in note for note in equal.notes())
    assert len({"favored", "allowed", "outlier"} & set(verdicts)) == 3


def test_a_score_on_a_cutoff_is_on_its_good_side():
    flat = {
        value: ov.PeriodicGrid(np.full((4, 4), value), quantity="rank") for value in (0.02, 0.0005)
    }
    for value, verdict in ((0.02, "favored"), (0.0005, "allowed")):
        found = {"phi": [10.0], "psi": [20.0], "category": ["general"]}
        report = ov.evaluate.ramachandran(found=found, truth={"general": flat[value]})
        assert report.matches["verdict"].tolist() == [verdict]


def test_a_structure_and_its_outliers():
    report = ov.evaluate.ramachandran(found=sample_path("peptide"), truth=LIBRARY)
    assert report.summary["n"] == 12
    rows = report.residue_rows()
    assert rows[1]["residue"] == " A   3  GLY"
    assert [row["type"] for row in rows] == [
        "Isoleucine or valine", "Glycine", "General", "General", "Isoleucine or valine", "General",
        "General", "Pre-proline", "Cis-proline", "Pre-proline", "Trans-proline", "General",
    ]  # fmt: skip
    assert list(report.outliers.columns) == [
        "structure", "model", "residue", "score%", "phi", "psi", "evaluation", "type",
    ]  # fmt: skip
    out = [row for row in rows if row["evaluation"] == "OUTLIER"]
    assert report.residue_rows("outlier") == out
    assert report.by_structure["residues"].tolist() == [12]
    assert any("no Ramachandran Z-score" in note for note in report.settings["notes"])
    assert report.settings["found"]["left_out"] == {"end of chain": 2}
    assert "Residues are bonded where C and N are within 2 Å" in report.methods()
    with pytest.raises(ValueError, match="verdict = 'odd' is not one of outlier, allowed, favored"):
        report.residue_rows("odd")


def test_what_a_report_writes(tmp_path):
    angles = random_angles(categories=("glycine",))
    report = ov.evaluate.ramachandran(found=angles, truth=LIBRARY, bootstrap=50)
    content = json.loads(report.to_json(tmp_path / "report.json"))
    assert set(content) == {
        "settings", "summary", "table", "outliers", "structures", "folder",
    }  # fmt: skip
    assert len(content["outliers"]) == len(report.outliers) == report.table["outlier"].iloc[-1]
    assert content["settings"]["evaluation"] == "ramachandran"
    listed = list(csv.DictReader(io.StringIO(report.residues_to_csv(tmp_path / "all.csv"))))
    assert len(listed) == 400
    assert (tmp_path / "all.csv").read_text() == report.residues_to_csv()
    page = report.to_html()
    assert "Residues by category, with 95 % intervals" in page
    assert "data:image/svg+xml" in page


def test_intervals_are_those_of_the_drawn_chains():
    angles = random_angles(3)
    report = ov.evaluate.ramachandran(found=angles, truth=LIBRARY, bootstrap=300, rng=5)
    assert report.settings["resample"] == {"unit": "chain", "units": 7}
    # the same draws, with rows repeated as often as their chain was drawn
    rng = np.random.default_rng(5)
    draws = rng.multinomial(7, np.full(7, 1 / 7), size=300)
    chain = np.array([ord(name) - 65 for name in angles["chain"]])
    favored = (report.evidence.verdict == 2) * angles["weight"]
    shares = [
        (favored * draw[chain]).sum() / (angles["weight"] * draw[chain]).sum() for draw in draws
    ]
    # Korn and Graubard: Clopper and Pearson's interval for the effective number of residues
    share = favored.sum() / angles["weight"].sum()
    kish = angles["weight"].sum() ** 2 / (angles["weight"] ** 2).sum()
    effective = min(kish, share * (1.0 - share) / np.var(shares, ddof=1))
    effective *= (stats.t.ppf(0.975, kish - 1) / stats.t.ppf(0.975, 6)) ** 2
    hits = share * effective
    low = stats.beta.ppf(0.025, hits, effective - hits + 1.0)
    high = stats.beta.ppf(0.975, hits + 1.0, effective - hits)
    assert report.summary["favored low"] == pytest.approx(low)
    assert report.summary["favored high"] == pytest.approx(high)
    left = report.influence("favored").set_index("item")
    kept = chain != 2
    without = favored[kept].sum() / angles["weight"][kept].sum()
    assert left.loc["C", "without"] == pytest.approx(without)


def test_few_chains_are_not_drawn():
    angles = {**random_angles(4), "chain": np.repeat(["A", "B"], 200)}
    by_rows = ov.evaluate.ramachandran(found=angles, truth=LIBRARY, bootstrap=50)
    assert by_rows.settings["resample"] == {"unit": "residue", "units": 400}
    assert any("intervals are too narrow" in note for note in by_rows.settings["notes"])
    asked = ov.evaluate.ramachandran(found=angles, truth=LIBRARY, bootstrap=50, resample="chain")
    assert asked.intervals == ()  # of two chains there is no interval


def test_libraries_of_other_kinds():
    angles = random_angles(5)
    one = ov.evaluate.ramachandran(found=angles, truth=LIBRARY["general"])
    assert "the library has one grid for all categories" in one.settings["notes"]
    assert one.table["category"].tolist() == ["all", "all residues"]
    few = {name: LIBRARY[name] for name in ("general", "glycine")}
    some = ov.evaluate.ramachandran(found=angles, truth=few)
    there = np.isin(angles["category"], list(few))
    assert some.summary["n"] == there.sum()
    assert any("the library has no grid for" in finding for finding in some.findings)
    # a density of angles becomes ranks of its own points
    table = read_angles(sample_path("angles_truth"))
    own = {
        name: ov.PeriodicGrid.from_angles(
            table.phi[table.category == name], table.psi[table.category == name]
        )
        for name in ("general", "glycine")
    }
    favored = ov.evaluate.ramachandran(found=sample_path("angles_truth"), truth=own)
    for name in own:
        assert favored.summary[f"favored[{name}]"] == pytest.approx(0.98, abs=0.01)


def test_a_category_for_those_that_name_none(tmp_path):
    path = tmp_path / "my grid.data"
    path.write_text("# x1: -180 180 4 true\n# x2: -180 180 4 true\n-45 -45 1.0\n45 45 0.01\n")
    angles = {"phi": [-45.0, 45.0, 135.0], "psi": [-45.0, 45.0, 135.0]}
    report = ov.evaluate.ramachandran(found=angles, truth=path, category="Gly")
    assert report.matches["category"].tolist() == ["glycine"] * 3
    assert report.matches["verdict"].tolist() == ["favored", "allowed", "outlier"]
    with pytest.raises(ValueError, match="its name does not tell a category"):
        ov.evaluate.ramachandran(found=angles, truth=path)


def test_cutoffs_can_be_changed():
    angles = random_angles(6)
    report = ov.evaluate.ramachandran(
        found=angles, truth=LIBRARY, favored=0.05, allowed={"Gly": 0.002, "cis-Pro": 0.03}
    )
    score, category = report.evidence.score, angles["category"]
    low = np.select([category == "glycine", category == "cispro", category == "general"],
                    [0.002, 0.03, 0.0005], 0.001)  # fmt: skip
    assert (report.evidence.verdict == (score >= 0.05) + (score >= low).astype(int)).all()
    assert as_cutoffs(None, 0.01).allowed["ileval"] == 0.01
    for options, message in (
        ({"favored": 1.5}, "favored = 1.5; wanted a fraction"),
        ({"allowed": {"gly": 0.5}}, "allowed for glycine is 0.5, above that of favored, 0.02"),
        ({"allowed": {"odd": 0.1}}, "there is no category 'odd'"),
        ({"allowed": "x"}, "allowed = 'x'"),
    ):
        with pytest.raises(ValueError, match=message):
            as_cutoffs(**options)


def test_what_is_refused(tmp_path):
    good = {"phi": [1.0], "psi": [2.0], "category": ["general"]}
    with pytest.raises(ValueError, match=r"found does not say the categories.*--category"):
        ov.evaluate.ramachandran(found={"phi": [1.0], "psi": [2.0]}, truth=LIBRARY)
    with pytest.raises(ValueError, match="found has no residues, but grids or regions"):
        ov.evaluate.ramachandran(found=LIBRARY, truth=LIBRARY)
    with pytest.raises(ValueError, match="truth is no library of grids"):
        ov.evaluate.ramachandran(found=good, truth=good)
    with pytest.raises(ValueError, match=r"residues of general, and the library only glycine"):
        ov.evaluate.ramachandran(found=good, truth={"glycine": LIBRARY["glycine"]})
    with pytest.raises(ValueError, match="none of the 1 residues has both angles"):
        ov.evaluate.ramachandran(found={"phi": [None], "psi": [2.0]}, truth=LIBRARY)
    with pytest.raises(ValueError, match="the grid of general has no ranks"):
        ov.evaluate.ramachandran(found=good, truth={"general": ov.PeriodicGrid(np.ones((4, 4)))})
    with pytest.raises(ValueError, match="unit = 'model' is not one of"):
        ov.evaluate.ramachandran(found=good, truth=LIBRARY, resample="model")
    with pytest.raises(TypeError, match="got int; wanted PDB or mmCIF structures"):
        ov.evaluate.ramachandran(found=3, truth=LIBRARY)


def test_pictures(tmp_path):
    from matplotlib.figure import Figure

    angles = random_angles(7, categories=("general", "glycine"))
    report = ov.evaluate.ramachandran(found=angles, truth=LIBRARY)
    report.plot(tmp_path / "all.png")
    assert (tmp_path / "all.png").read_bytes()[:4] == b"\x89PNG"
    ax = Figure().add_subplot()
    assert report.plot(ax=ax, category="glycine") is ax
    assert "Glycine" in ax.get_title()
    with pytest.raises(ValueError, match="there is no picture of 'all'; there are general"):
        report.plot(category="all")


@pytest.mark.reference
def test_published_structures(reference_data):
    """Every residue's score and class, and the counts, as gemmi and NumPy gave them."""
    folder = reference_data / "rama"
    known = json.loads((folder / "reference_structure_classification.json").read_text())
    library = read_rama_grids(folder / "top8000")
    for name, expected in known["structures"].items():
        table = read_structures(folder / "structures" / name, cis_limit=30)
        report = ov.evaluate.ramachandran(found=table, truth=library)
        counts = dict(
            zip("FAO", report.table.iloc[-1][["favored", "allowed", "outlier"]], strict=True)
        )
        assert counts == expected["top8000"], name
        assert len(report.outliers) == len(expected["outliers8000"])
        for row, entry in zip(
            report.residue_rows("outlier"), expected["outliers8000"], strict=True
        ):
            assert row["residue"].split() == entry[:3]
            assert row["score%"] == pytest.approx(entry[7], abs=5.1e-5)
        if expected["residues"] is not None:
            scores = [entry[7] for entry in expected["residues"]]
            np.testing.assert_allclose(100.0 * report.evidence.score, scores, atol=5.1e-5)
            classes = ["FAO".index(entry[8]) for entry in expected["residues"]]
            assert (2 - report.evidence.verdict).tolist() == classes


#: Residues, favored and outliers that ramalyze of cctbx-base 2025.11 counts.
RAMALYZE = {
    "biopython_1A8O.pdb.gz": (68, 67, 0),
    "biopython_2BEG.pdb.gz": (120, 88, 5),
    "biotite_1aki.cif.gz": (127, 125, 0),
    "biotite_1l2y.cif.gz": (684, 642, 5),
    "biotite_2d0f.cif.gz": (635, 608, 1),
    "biotite_3o5r.cif.gz": (126, 123, 0),
    "gemmi_1orc.pdb": (62, 61, 0),
    "gemmi_5i55.cif": (20, 20, 0),
}


@pytest.mark.reference
def test_counts_of_ramalyze(reference_data):
    library = read_rama_grids(reference_data / "rama" / "top8000")
    for name, counts in RAMALYZE.items():
        structure = reference_data / "rama" / "structures" / name
        rows = ov.evaluate.ramachandran(found=structure, truth=library, models="all").matches
        verdicts = rows.verdict.value_counts()
        got = len(rows), verdicts.get("favored", 0), verdicts.get("outlier", 0)
        assert got == counts, name


FOUR = {
    "general": bump(-65.0, -40.0),
    "glycine": bump(80.0, 10.0),
    "pro": bump(-65.0, 145.0),
    "prepro": bump(-75.0, 150.0),
}


def test_a_library_of_four_categories_scores_every_residue():
    six = random_angles(seed=4)
    merged = {"ileval": "general", "cispro": "pro", "transpro": "pro"}
    report = ov.evaluate.ramachandran(found=six, truth=FOUR)
    assert report.summary["n"] == 400
    for row in range(400):
        category = merged.get(str(six["category"][row]), str(six["category"][row]))
        score = looked_up(FOUR[category], six["phi"][row], six["psi"][row])
        assert report.evidence.score[row] == pytest.approx(score, abs=1e-13)
        low = 0.0005 if category == "general" else 0.002
        verdict = "favored" if score >= 0.02 else "allowed" if score >= low else "outlier"
        assert report.matches["verdict"][row] == verdict
    assert report.evidence.categories == ("general", "glycine", "proline", "prepro")
    assert report.settings["cutoffs"]["allowed"]["prepro"] == 0.002
    assert any("the library has four categories" in note for note in report.settings["notes"])
    assert {row["type"] for row in report.residue_rows()} == {
        "General", "Glycine", "Proline", "Pre-proline",
    }  # fmt: skip
    stated = ov.evaluate.ramachandran(found=six, truth=FOUR, allowed={"proline": 0.01})
    assert stated.settings["cutoffs"]["allowed"]["proline"] == 0.01


def test_prolines_that_may_be_cis_or_trans_count_where_that_is_one_category():
    found = {"phi": [-60.0, -60.0], "psi": [140.0, -40.0], "resname": ["PRO", "ILE"]}
    assert ov.evaluate.ramachandran(found=found, truth=LIBRARY).summary["n"] == 1
    report = ov.evaluate.ramachandran(found=found, truth=FOUR)
    assert report.matches["category"].tolist() == ["proline", "general"]


def test_grids_of_four_and_of_six_categories_in_one_library():
    with pytest.raises(ValueError, match=r"are of four categories .*, and of six: ileval; give"):
        ov.evaluate.ramachandran(found=random_angles(), truth={**FOUR, "ileval": FOUR["general"]})


@pytest.mark.parametrize(
    "names",
    [
        ("rama500-general", "rama500-gly-sym", "rama500-pro", "rama500-prepro"),
        ("pref_general", "pref_glycine", "pref_proline", "pref_preproline"),
    ],
)
def test_files_of_four_categories(tmp_path, names):
    from overlap.io import read_rama_grids

    head = "# x1: -180.0 180.0 4 true\n# x2: -180.0 180.0 4 true\n"
    for name in names:
        (tmp_path / f"{name}.data").write_text(head + "-45 -45 1.0\n-45 45 0.25\n")
    library = read_rama_grids(tmp_path)
    assert list(library.grids) == ["general", "glycine", "proline", "prepro"]
    assert library.four
    assert library.missing == ()
    alone = read_rama_grids(tmp_path / f"{names[0]}.data")
    assert alone.four
    found = random_angles(categories=("general", "ileval"))
    report = ov.evaluate.ramachandran(found=found, truth=tmp_path / f"{names[0]}.data")
    assert report.summary["n"] == 400
    renamed = tmp_path / "rama8000-general.data"
    renamed.write_text((tmp_path / f"{names[0]}.data").read_text())
    assert not read_rama_grids(renamed).four
    with pytest.raises(ValueError, match="is another grid of the category general; keep one"):
        read_rama_grids(tmp_path)


def test_regions_of_four_categories_against_residues_of_six():
    six = random_angles(seed=9, count=3000)
    report = ov.evaluate.conformation(
        found=six, truth=FOUR, levels="favored", step=10.0, kappa=20.0, tolerance=None
    )
    table = report.table.set_index("category")
    assert table.index.tolist() == ["general", "glycine", "proline", "prepro"]
    counts = {name: int((six["category"] == name).sum()) for name in CATEGORIES}
    assert table.loc["general", "residues_a"] == counts["general"] + counts["ileval"]
    assert table.loc["proline", "residues_a"] == counts["cispro"] + counts["transpro"]
    assert any("four categories" in note for note in report.settings["notes"])
    mixed = ov.evaluate.conformation(found=LIBRARY, truth=FOUR, levels="favored", tolerance=None)
    assert any("found has other categories" in note for note in mixed.settings["notes"])


def test_units_of_each_side():
    degrees = random_angles(seed=2, categories=("general",), count=300)
    radians = {**degrees, "phi": np.radians(degrees["phi"]), "psi": np.radians(degrees["psi"])}
    options = {"levels": "favored", "tolerance": None, "step": 5.0, "kappa": 60.0}
    report = ov.evaluate.conformation(
        found=radians, truth=degrees, unit={"found": "radians", "truth": "degrees"}, **options
    )
    assert report.summary["iou[general favored]"] == pytest.approx(1.0)
    with pytest.raises(ValueError, match="unit: there is no side 'a'; wanted 'found', 'truth' or"):
        ov.evaluate.conformation(found=radians, truth=degrees, unit={"a": "radians"}, **options)
    one = ov.evaluate.ramachandran(found=radians, truth=LIBRARY, unit={"found": "radians"})
    assert one.summary["n"] == 300


def test_rules_for_structures_are_refused_where_there_is_none(tmp_path):
    angles = {"phi": [-60.0] * 30, "psi": [-40.0] * 30}
    options = {"found": angles, "truth": angles, "tolerance": None}
    with pytest.raises(ValueError, match=r"max_resolution = 2\.0 .* no input is one; leave it out"):
        ov.evaluate.conformation(**options, max_resolution=2.0)
    with pytest.raises(ValueError, match="models = 'all' "):
        ov.evaluate.conformation(**options, models="all")
    ov.evaluate.conformation(**options, cis_limit=30.0)
    sides = {"found": sample_path("peptide"), "truth": sample_path("angles_truth")}
    few = {"levels": "favored", "tolerance": None, "min_residues": 1}
    report = ov.evaluate.conformation(**sides, **few, min_occupancy=0.5)
    assert "truth: a table of angles, for which min_occupancy means nothing" in str(
        report.settings["notes"]
    )
