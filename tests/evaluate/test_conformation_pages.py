"""Pages of reports on backbone angles: heads, goals, tables, pictures, terms and names."""

from __future__ import annotations

import html
import re
from dataclasses import replace

import numpy as np
import pytest

import overlap as ov
from overlap.evaluate._conformation.cutoffs import as_cutoffs
from overlap.evaluate._conformation.goals import GOALS, goals_of
from overlap.evaluate._conformation.naming import in_words_of, library_name, names_of
from overlap.evaluate.page import Picture, Section
from overlap.io import read_angles, read_rama_grids, sample_path

FOUND, TRUTH = sample_path("angles_found"), sample_path("angles_truth")
#: Residues behind the grids of the Top8000 library, and places of their highest points.
TOP8000 = {
    "general": (1_061_639, -65.0, -40.0), "glycine": (116_589, 80.0, 10.0),
    "cispro": (3_654, -80.0, 155.0), "transpro": (66_364, -65.0, 145.0),
    "prepro": (61_568, -75.0, 150.0), "ileval": (195_083, -64.0, -44.0),
}  # fmt: skip


def ranks_of(count, phi, psi):
    """A grid of ranks that are multiples of 1 / count, 1 at a place and 0 opposite of it."""
    at = np.arange(-175.0, 180.0, 10.0)
    x, y = np.cos(np.radians(at - phi)), np.cos(np.radians(at - psi))
    values = np.round(((2.0 + x[:, None] + y) / 4.0) ** 6 * count) / count
    return ov.PeriodicGrid(values, quantity="rank")


LIBRARY = {name: ranks_of(*entry) for name, entry in TOP8000.items()}


def residues(good, bad, *, structures=1):
    """Residues of the general category at the highest place of its grid, and opposite of it."""
    count = good + bad
    wrong = np.arange(count) >= good
    return {
        "phi": np.where(wrong, 115.0, -65.0),
        "psi": np.where(wrong, 140.0, -40.0),
        "category": ["general"] * count,
        "resname": ["LYS"] * count,
        "chain": ["B"] * count,
        "seqid": np.arange(1, count + 1),
        "structure": [f"model {k % structures}" for k in range(count)],
    }


def section(report, title):
    (found,) = [x for x in report.content() if isinstance(x, Section) and x.title.startswith(title)]
    return found


def pictures(report):
    return [part for part in report.content() if isinstance(part, Picture)]


def check_whole(report):
    """Hold what every page must have; return its text."""
    text = report.to_html()
    tables = [part for part in report.content() if isinstance(part, Section)]
    names = {name for table in tables for name in table.columns}
    names |= {name for row in report.rows() for name in row}
    names |= {result.name for result in report.results()}
    assert names - set(report.terms()) == set()
    assert all(meaning.endswith(".") for meaning in report.terms().values())
    keys = [picture.key for picture in pictures(report)]
    assert len(set(keys)) == len(keys)
    for table in tables:
        assert set(table.links) <= {*keys, ""}
        assert all(len(row) == len(table.columns) for row in table.rows)
    return text


def seen(text):
    """Return the words of a page that stand before all its numbers, and outside of tags."""
    body = text[text.index("<body>") : text.index("<summary>All numbers")]
    return html.unescape(re.sub(r"<[^>]*>", " ", body))


@pytest.fixture(scope="module")
def comparison():
    return ov.evaluate.conformation(
        found=FOUND, truth=TRUTH, levels="favored", tolerance=None, bootstrap=50
    )


def test_a_validation():
    report = ov.evaluate.ramachandran(found=residues(1990, 10), truth=LIBRARY, bootstrap=50)
    assert report.kind() == "Ramachandran validation"
    assert report.title() == "angles against Top8000"
    assert report.headline() == "99.50 % favored, 0.50 % outliers (2,000 residues)"
    favored, outliers = report.results()
    assert (favored.name, favored.value) == ("favored", "99.50 %")
    assert re.fullmatch(
        r"1,990 of 2,000 residues; 99\.\d\d to 99\.\d\d % \(95 % interval\); goal > 98 %: met",
        favored.note,
    )
    assert outliers.note.startswith("10 of 2,000 residues; ")
    assert outliers.note.endswith("goal < 0.05 %: not met")
    table = section(report, "All residues")
    assert table.columns == ["verdict", "count", "% of residues", "interval", "goal", "goal met"]
    assert [row[:3] + row[4:] for row in table.rows] == [
        ["favored", "1,990 of 2,000", "99.50", "> 98 %", "met"],
        ["allowed", "0 of 2,000", "0.00", "", ""],
        ["outliers", "10 of 2,000", "0.50", "< 0.05 %", "not met"],
    ]
    assert "MolProbity" in table.note
    (picture,) = pictures(report)
    assert "1,990 are favored, 0 allowed and 10 outliers: B 1991 LYS at phi 115, psi 140" in (
        picture.alt
    )
    assert picture.alt.endswith("and 5 more.")
    figure = picture.draw()
    assert [text.get_text() for text in figure.texts] == [
        "angles against Top8000\n2,000 residues: 99.50 % favored, 0.50 % outliers"
    ]
    assert figure.axes[0].get_title().splitlines()[:2] == [
        "General: 2,000 residues", "1,990 favored, 0 allowed, 10 outliers",
    ]  # fmt: skip
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [
        "Top8000, favored: 98 % of its residues", "Top8000, allowed: 99.95 % of its residues",
        "residues, favored or allowed", "outliers",
    ]  # fmt: skip
    check_whole(report)


def test_the_outliers_are_listed_up_to_a_number_that_is_said():
    report = ov.evaluate.ramachandran(found=residues(100, 200, structures=3), truth=LIBRARY)
    table = section(report, "Outliers")
    assert table.columns == ["structure", "chain", "residue", "category", "phi", "psi", "score %"]
    assert len(table.rows) == 200
    assert table.rows[0] == ["model 1", "B", "101 LYS", "general", "115.0", "140.0", "0.000"]
    assert set(table.links) == {"category-general"}
    (brief,) = [
        one for one in report.brief() if "outliers" in one.title and one.columns[-1] == "type"
    ]
    assert (brief.title, len(brief.rows)) == ("The first 20 of 200 outliers", 20)
    more = ov.evaluate.ramachandran(found=residues(0, 620), truth=LIBRARY)
    table = section(more, "The first 500 of 620 outliers")
    assert len(table.rows) == 500
    assert table.columns[0] == "chain"  # of one structure its name is not said again
    assert "--residues" in table.note


def test_a_model_without_outliers():
    report = ov.evaluate.ramachandran(found=residues(70, 0), truth=LIBRARY)
    assert report.results()[1].note == "0 of 70 residues; goal < 0.05 %: met"
    assert not [x for x in report.sections() if "utliers" in x.title]
    (picture,) = pictures(report)
    assert picture.alt.endswith("70 are favored, 0 allowed and 0 outliers.")
    check_whole(report)


def test_goals_of_structures():
    angles = residues(98, 2, structures=2)
    angles["structure"] = ["good"] * 50 + ["bad"] * 50
    report = ov.evaluate.ramachandran(found=angles, truth=LIBRARY)
    table = section(report, "Structures")
    assert table.columns[-1] == "goals met"
    assert [(row[0], row[-1]) for row in table.rows] == [("bad", "neither"), ("good", "both")]
    assert report.results()[-1].value == "2"
    assert report.results()[-1].note == "1 meets both goals"
    (facts,) = [one.rows for one in report.brief() if not one.columns]
    assert facts[-1] == [
        "goals",
        "favored > 98 %: not met; outliers < 0.05 %: not met (as MolProbity states them for "
        "Top8000)",
    ]


def test_the_bound_of_a_goal_is_no_part_of_it():
    assert [GOALS["favored"].met(share) for share in (0.98, 0.9801)] == [False, True]
    assert [GOALS["outlier"].met(share) for share in (0.0005, 0.0004)] == [False, True]


def test_goals_are_stated_for_their_library_and_cutoffs_only(tmp_path):
    report = ov.evaluate.ramachandran(found=residues(9, 1), truth=LIBRARY, allowed=0.001)
    assert report.title() == "angles against Top8000"
    table = section(report, "All residues")
    assert table.columns == ["verdict", "count", "% of residues"]
    assert table.note.startswith("No goals: ")
    assert table.note.endswith("the cutoffs are other ones.")
    other = {**LIBRARY, "prepro": LIBRARY["general"]}
    report = ov.evaluate.ramachandran(found=residues(9, 1), truth=other)
    assert report.title() == "angles against library"
    assert section(report, "All residues").note.endswith("this is another library.")
    assert not [row for one in report.brief() if not one.columns for row in one.rows[2:]]
    check_whole(report)


@pytest.mark.reference
def test_the_top8000_library_is_recognized(reference_data):
    library = read_rama_grids(reference_data / "rama" / "top8000")
    assert goals_of(library, as_cutoffs()) == GOALS
    assert goals_of(library, as_cutoffs(allowed=0.001)) == {}
    assert library_name(library, True) == "top8000"


def test_failures_are_in_the_head_and_whole_in_a_table(tmp_path):
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "good.pdb").write_bytes(sample_path("peptide").read_bytes())
    (folder / "bad.cif").write_text("junk")
    report = ov.evaluate.ramachandran(found=folder, truth=LIBRARY)
    assert report.title() == "good.pdb against Top8000"
    assert report.headline().endswith("(12 residues); 1 file could not be read")
    assert report.results()[-1].note == "1 chain; 0 meet both goals; 1 file could not be read"
    table = section(report, "Files that could not be read")
    ((source, reason),) = table.rows
    assert source.endswith("bad.cif")
    assert reason == report.failed[0].reason
    assert table.numeric == (False, False)
    assert "structures: 2 of 14 residues do not count" in seen(check_whole(report))
    both = ov.evaluate.conformation(found=folder, truth=FOUND, min_residues=1, tolerance=None)
    assert both.headline().endswith("; 1 file could not be read")
    ((source, letter, reason),) = section(both, "Files that could not be read").rows
    assert (letter, reason) == ("A", report.failed[0].reason)
    check_whole(both)


def test_a_comparison(comparison):
    assert comparison.kind() == "Comparison of backbone conformations"
    assert comparison.title() == "angles_found.csv and angles_truth.csv"
    iou = comparison.summary["iou[favored]"]
    assert comparison.headline() == f"IoU {iou:.4f}, favored (mean of 2 of 3 categories)"
    agreement, densities, counts = comparison.results()
    assert agreement.value == f"{iou:.4f}"
    low, high = (comparison.summary[f"iou[favored] {end}"] for end in ("low", "high"))
    assert agreement.note == (
        f"favored; mean of 2 of 3 categories; {low:.3f} to {high:.3f} (95 % interval)"
    )
    assert densities.value == f"{comparison.summary['density_overlap[favored]']:.4f}"
    assert counts.value == "876 / 876"
    assert counts.note == "A: 876 of 876 residues; B: 876 of 876 residues"
    mean = section(comparison, "Agreement of regions").rows[-1]
    assert mean[:2] == ["mean", "favored"]
    assert mean[2] == f"{iou:.4f} ({low:.3f} to {high:.3f})"
    islands = section(comparison, "Islands")
    assert len(islands.rows) == len(comparison.matches)
    assert [row[2] for row in islands.rows] == comparison.matches["kind"].tolist()
    assert islands.note == "A is angles_found.csv; B is angles_truth.csv."
    general, _ = pictures(comparison)
    row = comparison.table.iloc[0]
    assert f"A has {row['area_a']:,.0f} and B {row['area_b']:,.0f} squared degrees" in general.alt
    assert f"IoU {row['iou']:.3f}." in general.alt
    assert "Only A has an island at phi -83, psi 65." in general.alt
    assert "Only B has an island at phi 57, psi 43." in general.alt
    figure = general.draw()
    assert [text.get_text() for text in figure.texts] == [
        "A: angles_found.csv, 876 residues\nB: angles_truth.csv, 876 residues"
    ]
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [
        "A, favored", "B, favored", "both, favored",
    ]  # fmt: skip


def test_no_side_of_a_comparison_is_the_truth(comparison):
    text = seen(check_whole(comparison)).replace("angles_found", "").replace("angles_truth", "")
    text = text.replace("found is A and truth is B", "")
    assert not re.search(r"\b(found|truth)\b", text)
    assert "A has 24 residues, fewer than 200; B has 24 residues" in text
    assert comparison.table["reason"].iloc[-1].startswith("found has 24 residues")


def test_names_of_inputs(tmp_path):
    table = read_angles(FOUND)

    def read_from(*names):
        return replace(table, sources=tuple((name, "0") for name in names))

    for first, second, names in (
        (("/a/x.csv",), ("/a/y.csv",), ("x.csv", "y.csv")),
        (("/a/x.csv",), ("/b/x.csv",), ("a/x.csv", "b/x.csv")),
        (("x.csv",), ("./x.csv",), ("x.csv", "x.csv")),
        (("/a/b/1.pdb", "/a/b/2.pdb"), ("/a/c/1.pdb",), ("b (2 files)", "1.pdb")),
        (("1.pdb", "2.pdb"), ("/a/b/1.pdb", "/a/c/2.pdb"), ("2 files", "a (2 files)")),
        ((r"c:\a\x.csv",), ("y.csv",), ("x.csv", "y.csv")),
    ):
        assert names_of(read_from(*first), read_from(*second)) == names
    memory = replace(table, sources=(("a mapping", None),))
    assert names_of(memory, memory) == ("", "")
    report = ov.evaluate.conformation(
        found={"phi": table.phi, "psi": table.psi}, truth={"phi": table.phi, "psi": table.psi},
        levels="0.5", tolerance=None,
    )  # fmt: skip
    assert report.title() == "A and B"
    assert report.headline() == "IoU 1.0000, 0.5 (category all)"
    check_whole(report)


def test_messages_name_sides_as_readers_know_them():
    words = {"found": "A", "truth": "B"}
    for text, said in (
        ("only truth has cispro: not compared", "only B has cispro: not compared"),
        ("masses are by the density of found", "masses are by the density of A"),
        ("truth has no region at this level", "B has no region at this level"),
        ("found: 1 file could not be read (first: found.pdb: is empty)",
         "A: 1 file could not be read (first: found.pdb: is empty)"),
        ("the interval of found is wide", "the interval of found is wide"),
    ):  # fmt: skip
        assert in_words_of(words, text) == said


def test_polygons_have_pages_too():
    box = [(-100.0, -50.0), (-40.0, -50.0), (-40.0, 10.0), (-100.0, 10.0)]
    regions = {("general", "favored"): ov.Polygons([box], period=(360.0, 360.0))}
    report = ov.evaluate.conformation(
        found=regions, truth=regions, levels="favored,allowed", tolerance=None
    )
    assert len(report.results()) == 2  # and no numbers of residues
    check_whole(report)
