"""The page of a report on segmentation: its head, tables, pictures, links and words."""

from __future__ import annotations

import re

import numpy as np
import pytest

from overlap.evaluate import segmentation, segmentation_study
from overlap.evaluate.page import Picture, Section
from overlap.io import sample_path

from .volume_cases import random_cases, write_folders

METRICS = "dice,iou,hd95,nsd@2mm,biou,pq,lesion_hd95,volume_difference"
GROUPS = {"liver": 1, "tumor": 2}


@pytest.fixture(scope="module")
def sample():
    return segmentation(
        truth=sample_path("volumes_truth"), found=sample_path("volumes_found"),
        labels="1=organ,2=lesion,3=vessel", metrics=METRICS, empty="monai",
    )  # fmt: skip


@pytest.fixture
def folders(tmp_path):
    return write_folders(tmp_path, *random_cases(11))


def run(folders, **options):
    return segmentation(truth=folders[0], found=folders[1], labels=GROUPS, **options)


def tables(report, **options):
    parts = report.content(**options)
    return {part.title: part for part in parts if isinstance(part, Section)}


def photos(report, **options):
    return [part for part in report.content(**options) if getattr(part, "photo", False)]


def test_the_head_has_numbers_with_what_they_count(folders):
    (folders[1] / "case_3.nii.gz").write_bytes(b"no volume")
    report = run(folders, metrics="dice,volume_truth,hd95", bootstrap=50)
    assert (report.kind(), report.title()) == ("Segmentation", "found against truth")
    assert report.headline() == (
        f"dice {report.summary['dice']:.4f} over 2 labels and 5 cases; 1 of 6 cases failed and is "
        "left out"
    )
    dice, distance = report.results()  # a size is neither good nor bad
    assert (dice.name, dice.value) == ("dice", f"{report.summary['dice']:.4f}")
    ends = [f"{report.summary[f'dice {end}']:.4f}" for end in ("low", "high")]
    assert dice.note.startswith(f"{ends[0]} to {ends[1]} (95 % interval); 2 labels x 5 cases")
    rows = report.table[report.table["metric"] == "hd95"]
    known = int(np.isfinite(rows["value"]).sum())
    assert known < len(rows)
    assert distance.note.endswith(f"2 labels x 5 cases, {known} of {len(rows)} values")
    assert distance.value.endswith(" mm")
    text = report.to_html(worst=0)
    assert text.index(dice.note) < text.index("Cases that could not be evaluated")


@pytest.mark.parametrize("form", ["arrays", "mappings", "study"])
def test_inputs_without_names_are_called_by_their_sides(form):
    cube = np.ones((3, 3, 3), np.uint8)
    if form == "study":
        report = segmentation_study(metrics=["dice"]).add("a", truth=cube, found=cube).report()
    else:
        side = cube if form == "arrays" else {"a": cube}
        report = segmentation(truth=side, found=side, metrics=["dice"])
    assert report.title() == "found against truth"


def test_folders_of_one_name_are_told_apart(tmp_path):
    truth, found = random_cases(3)
    folders = [
        write_folders(tmp_path / side, volumes, volumes)[0]
        for side, volumes in (("model_a", found), ("experts", truth))
    ]
    report = segmentation(truth=folders[1], found=folders[0], metrics=["dice"])
    assert report.title() == "model_a/truth against experts/truth"


def test_every_word_has_a_definition(sample):
    terms = sample.terms()
    words = {name for part in tables(sample).values() for name in part.columns if name}
    words |= set(sample.rows()[0]) | {result.name for result in sample.results()}
    missing = {word for word in words if word.partition(", ")[0] not in terms}
    assert missing == set()
    strata = {f"case_{k}": {"site": "A"} for k in (1, 2)}
    other = segmentation(
        truth=sample_path("volumes_truth"), found=sample_path("volumes_found"), metrics=["dice"],
        strata=strata,
    )  # fmt: skip
    assert "site" in other.terms()
    text = sample.to_html(worst=0)
    assert re.search(r'title="95th percentile of the distances[^"]*">hd95, mm</a>', text)


def test_definitions_say_unit_direction_convention_and_policy(sample):
    terms = sample.terms()
    assert terms["dice"] == (
        "2 |A ∩ B| / (|A| + |B|); A the found set, B the true one. Higher is better, from 0 to 1. "
        "By the policy monai: undefined where both sets are empty, undefined where only the truth "
        "is, 0 where nothing is found. Source: Dice, Ecology 26 (1945)."
    )
    assert "Lower is better, from 0 without a limit, in mm." in terms["hd95"]
    assert "Convention metrics-reloaded: surfaces are the centers of voxels" in terms["hd95"]
    assert "they match above an IoU of 0.5" in terms["pq"]
    assert "Rules of the challenge GLI" in terms["lesion_hd95"]
    assert "Near 0 is better, in mm3." in terms["volume_difference"]
    assert "the same" not in " ".join(terms.values())


def test_every_metric_has_a_picture_with_words(sample):
    pictures = sample.pictures()
    assert [picture.title.partition(",")[0] for picture in pictures] == METRICS.split(",")
    assert pictures[2].title == "hd95, mm"
    assert "of 2 cases for 3 labels; means: organ" in pictures[2].alt
    assert pictures[0].note == "1 value undefined or infinite, not drawn."
    figure = pictures[2].draw()
    assert figure.get_size_inches()[0] == 4.6
    texts = [*figure.axes[0].texts, *figure.axes[0].get_yticklabels(),
             *figure.axes[0].get_xticklabels(), *figure.legends[0].get_texts()]  # fmt: skip
    assert min(text.get_fontsize() for text in texts) >= 10.0


def test_many_labels_are_described_by_their_ends():
    truth = np.arange(1, 61, dtype=np.uint8).reshape(3, 4, 5)
    found = truth.copy()
    found[0, 0, 0] = 2
    report = segmentation(truth=truth, found=found, metrics=["dice"])
    (picture,) = report.pictures()
    assert picture.alt == ("dice of 1 case for 60 labels; means from 1 to 9: 1 0.0000, 9 1.0000.")
    assert picture.draw().axes[0].get_title() == "40 of 60 labels"


def test_worst_rows_are_linked_to_their_pictures(folders):
    report = run(folders, metrics="dice,hd95")
    parts = report.content(worst=3)
    table = tables(report, worst=3)["Worst first, by dice"]
    drawn = photos(report, worst=3)
    assert len(drawn) == 3
    assert list(table.columns) == ["case", "label", "dice", "hd95, mm", "empty"]
    assert [link for link in table.links if link] == [picture.key for picture in drawn]
    worst = report.worst_rows("dice", 3)
    for row, line, link, picture in zip(worst, table.rows, table.links, drawn, strict=False):
        assert line[:3] == [row["case"], row["label"], f"{row['value']:.4f}"]
        assert link == picture.key
        assert picture.title.startswith(f"{row['case']}, {row['label']}: dice {row['value']:.4f}")
        assert "axial" in picture.alt
    at = parts.index(next(part for part in parts if getattr(part, "title", "") == table.title))
    assert all(isinstance(part, Picture) for part in parts[at + 1 : at + 4])
    text = report.to_html(worst=3)
    for picture in drawn:
        assert text.count(f'href="#{picture.key}"') >= 1
        assert text.count(f'id="{picture.key}"') == 1
    assert photos(report, worst=0) == []
    assert set(tables(report, worst=0)["Worst first, by dice"].links) == {""}


def test_what_cannot_be_drawn_is_said(folders):
    report = run(folders, metrics="dice")
    worst = report.worst_rows("dice", 2)
    changed = folders[1] / f"{worst[0]['case']}.nii.gz"
    changed.write_bytes(changed.read_bytes()[:-1])
    drawn = photos(report, worst=2)
    note = tables(report, worst=2)["Worst first, by dice"].note
    assert f"{worst[0]['case']}, {worst[0]['label']} is not drawn: " in note
    assert "has changed since it was evaluated" in note
    cases = [row["case"] for row in worst]
    assert len(drawn) == 2 - cases.count(worst[0]["case"])
    cube = np.zeros((4, 4, 4), np.uint8)
    cube[1:3] = 1
    study = segmentation_study(metrics=["dice"]).add("a", truth=cube, found=np.roll(cube, 1, 0))
    note = tables(study.report())["Worst first, by dice"].note
    assert "a, 1 is not drawn: " in note
    assert "was an array, which is not kept" in note


def test_a_missing_image_costs_the_background_and_not_the_picture():
    truth, found = random_cases(11)
    report = segmentation(truth=truth, found=found, labels={"liver": 1}, metrics=["dice"])
    first, second = report.worst_rows("dice", 2)
    images = {first["case"]: np.random.default_rng(0).random(truth[first["case"]].shape)}
    assert len(photos(report, worst=2, images=images)) == 2
    note = tables(report, worst=2, images=images)["Worst first, by dice"].note
    assert f"{second['case']}, liver is not drawn over its image: images: has no image" in note
    assert "is not drawn: " not in note
    assert f"{first['case']}, liver is not" not in note


def test_unions_of_labels_are_drawn_without_ignored_voxels(monkeypatch):
    rng = np.random.default_rng(2)
    truth, found = rng.integers(0, 4, (2, 6, 7, 5))
    drawn = []

    def keep(found, truth, **_):
        drawn.append((found, truth))

    monkeypatch.setattr("overlap.evaluate._segmentation.picture.draw_planes", keep)
    report = segmentation(truth=truth, found=found, labels={"both": (1, 2)}, ignore=3)
    report.picture()
    kept = truth != 3
    np.testing.assert_array_equal(drawn[0][0], np.isin(found, (1, 2)) & kept)
    np.testing.assert_array_equal(drawn[0][1], np.isin(truth, (1, 2)) & kept)


def test_perfect_and_undefined_rows_are_not_drawn():
    cube = np.zeros((4, 4, 4), np.uint8)
    cube[1:3] = 1
    report = segmentation(truth={"a": cube, "b": 0 * cube}, found={"a": cube, "b": 0 * cube},
                          metrics=["dice"])  # fmt: skip
    assert photos(report) == []


def test_hundreds_of_failures_come_first_and_whole(tmp_path):
    cube = np.ones((2, 2, 2), np.uint8)
    truth = {f"case_{k}": cube for k in range(120)}
    truth_dir, found_dir = write_folders(tmp_path, truth, {"case_0": cube})
    report = segmentation(truth=truth_dir, found=found_dir, metrics=["dice"])
    first = report.content()[0]
    assert first.title == "Cases that could not be evaluated"
    assert len(first.rows) == 50
    assert first.note == "The first 50 of 119 cases; the report as .json has all of them."
    assert len(report.to_dict()["settings"]["failures"]) == 119
    assert "119 of 120 cases failed and are left out" in report.headline()


def test_failed_cases_do_not_fill_the_worst_rows(folders):
    (folders[1] / "case_3.nii.gz").write_bytes(b"no volume")
    report = run(folders, metrics="dice", failed="worst")
    assert "case_3" in report.worst("dice", 12)["case"].tolist()
    worst = tables(report, worst=1)["Worst first, by dice"]
    assert "case_3" not in {row[0] for row in worst.rows}
    assert len(photos(report, worst=1)) == 1
    assert "1 of 6 cases failed and counts as the worst" in report.headline()


def test_reasons_are_words_whatever_they_begin_with():
    reasons = [["a", "2024/found/a.nii.gz: is damaged", "left out"]]
    assert Section("", ["case", "reason", ""], reasons).numeric == (False, True, False)
    assert Section("", ["case", "reason", ""], reasons, words=(1,)).numeric == (False,) * 3


def test_cases_and_spreads_are_those_of_the_values(folders):
    report = run(folders, metrics="dice,hd95")
    parts = tables(report, worst=0)
    cases = parts["Cases, means over labels, the worst dice first"]
    table = report.table[report.table["metric"] == "dice"]
    means = table.groupby("case")["used"].mean().sort_values()
    assert [row[2].partition(" ")[0] for row in cases.rows] == [f"{x:.4f}" for x in means]
    counts = table.groupby("case")["used"].count()
    for row in cases.rows:
        told = re.search(r"\[(\d+) label", row[2])
        assert int(told.group(1) if told else row[1]) == counts[row[0]]
    spread = parts["Spread over cases"]
    values = table[table["label"] == "tumor"]["used"].dropna()
    (line,) = [row for row in spread.rows if row[:2] == ["tumor", "dice"]]
    expected = [values.mean(), values.std(), *values.quantile([0.0, 0.25, 0.5, 0.75, 1.0])]
    assert line[2:] == [str(len(values)), *(f"{x:.4f}" for x in expected)]


def test_pages_without_matplotlib_have_no_dead_links(folders, monkeypatch):
    report = run(folders, metrics="dice")
    import importlib.util

    find = importlib.util.find_spec
    for module in ("overlap.evaluate.page", "overlap.evaluate._segmentation.picture"):
        monkeypatch.setattr(
            f"{module}.find_spec", lambda name: None if name == "matplotlib" else find(name)
        )
    text = report.to_html()
    assert "matplotlib is not installed" in text
    assert 'href="#case-' not in text
    assert "<img" not in text
