"""Segmentation: metrics of surfaces, their conventions, empty sets and units."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

import overlap as ov
from overlap.cli import main
from overlap.evaluate import segmentation
from overlap.evaluate._segmentation.metrics import chosen_metrics

from .volume_cases import NAMES, random_cases, write_folders

SPACING = (1.5, 1.0, 2.0)
DISTANCES = ("hd", "hd95", "hd99.5", "assd", "masd", "asd_found", "asd_truth", "nsd@2mm", "nsd@0.7")


@pytest.fixture(scope="module")
def cases():
    return random_cases(0)


def by_key(report):
    return {(row["case"], row["label"], row["metric"]): row for row in report.rows()}


@pytest.mark.parametrize("preset", ov.SURFACE_PRESETS)
def test_values_are_those_of_surface_distances(cases, preset):
    truth, found = cases
    report = segmentation(
        truth=truth, found=found, labels=NAMES, metrics=DISTANCES, spacing=SPACING, surface=preset
    )
    rows = by_key(report)
    for case in truth:
        for label, members in NAMES.items():
            masks = (np.isin(side[case], members) for side in (found, truth))
            one = ov.surface_distances(*masks, spacing=SPACING, labels=[1], preset=preset)[1]
            values = (
                one.hd(), one.hd95, one.hd(99.5), one.assd, one.masd, one.one_sided("found"),
                one.one_sided("truth"), one.nsd(2.0), one.nsd(0.7),
            )  # fmt: skip
            actual = [rows[case, label, name]["value"] for name in DISTANCES]
            assert actual == pytest.approx(values, rel=1e-12, nan_ok=True), (case, label)
    assert {rows["case_0", "liver", name]["unit"] for name in DISTANCES[:7]} == {"mm"}
    assert rows["case_0", "liver", "nsd@0.7"]["unit"] == "1"
    assert report.settings["surface"] == ov.SURFACE_PRESETS[preset].settings()
    assert f"convention '{preset}'" in report.methods()


def test_shares_alone_are_the_same_as_beside_distances(cases):
    truth, found = cases
    one, other = (
        by_key(segmentation(truth=truth, found=found, metrics=names, spacing=SPACING))
        for names in (["nsd@1mm", "nsd@2mm"], ["hd", "nsd@1mm", "nsd@2mm"])
    )
    assert all(row["value"] == pytest.approx(other[key]["value"], nan_ok=True)
               for key, row in one.items())  # fmt: skip
    assert len(one) == 36


def test_bands_along_boundaries(cases):
    truth, found = cases
    names = ["biou", "biou@2mm", "biou@1.5"]
    rows = by_key(
        segmentation(truth=truth, found=found, labels=[1, 2], metrics=names, spacing=SPACING)
    )
    for case in truth:
        for label in (1, 2):
            masks = [side[case] == label for side in (found, truth)]
            values = [ov.boundary_iou(*masks)] + [
                ov.boundary_iou(*masks, width=width, spacing=SPACING, band="euclidean")
                for width in (2.0, 1.5)
            ]
            actual = [rows[case, str(label), name]["value"] for name in names]
            assert actual == pytest.approx(values, nan_ok=True)


def test_ignored_voxels_are_in_neither_set(cases):
    truth, found = cases
    rows = by_key(segmentation(truth=truth, found=found, labels=[1], metrics=["hd95"], ignore=2))
    for case in truth:
        kept = truth[case] != 2
        masks = ((side[case] == 1) & kept for side in (found, truth))
        expected = ov.surface_distances(*masks)[1].hd95
        assert rows[case, "1", "hd95"]["value"] == pytest.approx(expected)


def test_voxels_of_unknown_size_have_no_millimeters(cases):
    truth, found = cases
    with pytest.raises(ValueError, match="nsd@2mm: the voxels are of unknown size; give spacing"):
        segmentation(truth=truth, found=found, metrics=["nsd@2mm"])
    rows = segmentation(truth=truth, found=found, metrics=["nsd@2", "hd"]).rows()
    assert {row["unit"] for row in rows} == {"1", "voxels"}


def test_lesionwise_distances_of_a_challenge():
    truth, found = np.zeros((2, 40, 20, 20), np.uint8)
    truth[2:8, 2:8, 2:8] = found[2:8, 2:8, 2:6] = 1  # found without two layers
    truth[20:26, 2:8, 2:8] = 1  # missed
    found[33:36, 12:16, 12:16] = 1  # false
    names = ["lesion_dice", "lesion_hd95"]
    report = segmentation(truth=truth, found=found, labels=[1], metrics=names, spacing=(1, 1, 2))
    alone = [np.where(np.arange(40)[:, None, None] < 10, side, 0) for side in (found, truth)]
    one = ov.surface_distances(*alone, spacing=(1, 1, 2), preset="surface-distance")[1]
    assert one.hd95 == 4.0
    assert report.summary["lesion_hd95"] == pytest.approx((4.0 + 2 * 374.0) / 3)
    assert report.summary["lesion_dice"] == pytest.approx(0.8 / 3)
    none = np.zeros_like(truth)
    report = segmentation(truth=none, found=none, labels=[1], metrics=names[1], spacing=(1, 1, 2))
    assert report.summary["lesion_hd95"] == 0.0


def test_names():
    metrics = chosen_metrics("hd50,nsd@0.5mm,biou@3")
    assert [metric.family for metric in metrics] == ["surfaces"] * 3
    assert [metric.better for metric in metrics] == ["lower", "higher", "higher"]
    assert "0.5 mm" in metrics[1].meaning
    for name in ("hd101", "hd0.95", "hd9x", "nsd", "nsd@", "nsd@-1", "assd@2", "nsd@2cm"):
        with pytest.raises(ValueError, match="there is no"):
            chosen_metrics([name])
    with pytest.raises(ValueError, match="has no width"):
        chosen_metrics(["biou@0"])
    with pytest.raises(ValueError, match="there is no 'meddy'"):
        segmentation(truth=np.ones(3), found=np.ones(3), metrics=["hd"], surface="meddy")
    with pytest.raises(ValueError, match="needs labels"):
        segmentation(truth=np.ones(3), found=np.ones(3), metrics=["hd"], soft=True)


def test_missing_distances_become_the_diagonal():
    full, none = np.ones((3, 4), np.uint8), np.zeros((3, 4), np.uint8)
    sides = {"truth": {"a": full, "b": full}, "found": {"a": none, "b": full}}
    report = segmentation(**sides, labels=[1], metrics=["hd95"], spacing=(2.0, 2.0))
    assert report.summary["hd95"] == 0.0
    assert report.summary["hd95 n_inf"] == 1.0
    report = segmentation(
        **sides, labels=[1], metrics=["hd95"], spacing=(2.0, 2.0), missing="worst"
    )
    assert report.summary["hd95"] == pytest.approx(math.hypot(6.0, 8.0) / 2)


# name in the file of empty conventions: policy, preset, metric
ANSWERS = {
    "surface_distance.hd95": ("surface-distance", "surface-distance", "hd95"),
    "surface_distance.nsd1": ("surface-distance", "surface-distance", "nsd@1"),
    "medpy.hd95": ("medpy", "medpy", "hd95"),
    "monai.hd": ("monai", "monai", "hd"),
    "monai.hd95": ("monai", "monai", "hd95"),
    "monai.nsd1": ("monai", "monai", "nsd@1"),
    "skimage.hausdorff_distance": ("scikit-image", "metrics-reloaded", "hd"),
    "MetricsReloaded.measured_hausdorff_distance": ("metrics-reloaded", "metrics-reloaded", "hd"),
    "MetricsReloaded.measured_hausdorff_distance_perc": (
        "metrics-reloaded",
        "metrics-reloaded",
        "hd95",
    ),
    "MetricsReloaded.normalised_surface_distance": (
        "metrics-reloaded",
        "metrics-reloaded",
        "nsd@1",
    ),
    "MetricsReloaded.boundary_iou": ("metrics-reloaded", "metrics-reloaded", "biou@2"),
    "sitk.hd": ("simpleitk", "simpleitk", "hd"),
}


@pytest.mark.reference
@pytest.mark.parametrize("name", ANSWERS)
def test_empty_sets_as_other_programs_answer(reference_data, name):
    path = reference_data / "masks" / "reference_empty_conventions.json"
    expected = json.loads(path.read_text())
    full, none = np.zeros((2, 8, 8, 8), np.uint8)
    full[2:5, 2:5, 2:5] = 1
    sides = {"both_empty": (none, none), "ref_empty": (none, full), "pred_empty": (full, none),
             "identical": (full, full)}  # fmt: skip
    policy, preset, metric = ANSWERS[name]
    for situation, (truth, found) in sides.items():
        options = {"labels": [1], "metrics": [metric], "surface": preset, "empty": policy}
        answer = expected[situation][name]
        if isinstance(answer, str):
            assert answer.startswith("RuntimeError")
            with pytest.raises(ValueError, match="raises"):
                segmentation(truth=truth, found=found, **options)
            continue
        (row,) = segmentation(truth=truth, found=found, **options).rows()
        assert row["value"] == pytest.approx(answer, nan_ok=True), situation


def test_command(tmp_path, cases, capsys):
    def run(preset, out):
        code = main(
            ["segmentation", *map(str, write_folders(tmp_path, *cases)),
             "--labels", "1=liver,2=tumor", "--metrics", "dice,hd95,assd,nsd@2mm,biou",
             "--surface", preset, "--resume", str(tmp_path / "kept"),
             "--out", str(tmp_path / out)]
        )  # fmt: skip
        return code, capsys.readouterr()

    code, captured = run("surface-distance", "one.json")
    assert (code, captured.err) == (0, "")
    assert "hd95" in captured.out
    one = json.loads((tmp_path / "one.json").read_text())
    assert one["settings"]["surface"]["border"] == "surfel"
    report = segmentation(
        truth=str(tmp_path / "truth"), found=str(tmp_path / "found"), labels="1=liver,2=tumor",
        metrics="hd95,nsd@2mm", surface="surface-distance",
    )  # fmt: skip
    assert one["summary"]["hd95"] == pytest.approx(report.summary["hd95"])
    # in another convention, nothing that was kept holds
    assert run("medpy", "other.json")[0] == 0
    other = json.loads((tmp_path / "other.json").read_text())
    assert any("measured again" in note for note in other["settings"]["notes"])
    assert other["summary"]["hd95"] != one["summary"]["hd95"]
    code, captured = run("meddy", "none.json")
    assert code == 2
    assert "there is no 'meddy'" in captured.err
