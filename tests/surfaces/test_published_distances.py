"""Surface distances: the values of other programs, under the presets with their names."""

from __future__ import annotations

import json

import numpy as np
import pytest

import overlap as ov
from overlap.io import read_volume

pytestmark = pytest.mark.reference

# entry of the reference files: truth, found, below masks/
PAIRS = {
    "meshmetrics_2d": ("meshmetrics/example_2d_ref_mask", "meshmetrics/example_2d_pred_mask"),
    "meshmetrics_3d": ("meshmetrics/example_3d_ref_mask", "meshmetrics/example_3d_pred_mask"),
    "spine_semantic": ("panoptica_spine/semantic/ref", "panoptica_spine/semantic/pred"),
    "spine_matched": (
        "panoptica_spine/matched_instance/ref",
        "panoptica_spine/matched_instance/pred",
    ),
    "evalseg_20_vs_50": ("evaluatesegmentation/20_perc", "evaluatesegmentation/50_perc"),
    "evalseg_50_vs_90": ("evaluatesegmentation/50_perc", "evaluatesegmentation/90_perc"),
}


def of_deepmind(one):
    values = {
        "asd_ref_to_pred": one.one_sided("truth"),
        "asd_pred_to_ref": one.one_sided("found"),
        "hd100": one.hd(),
        "hd95": one.hd95,
        "surface_area_ref": one.truth.size,
        "surface_area_pred": one.found.size,
    }
    for tolerance in (0.5, 1.0, 2.0):
        values[f"surface_dice_{tolerance}"] = one.nsd(tolerance)
        sides = one.truth, one.found
        values[f"surface_overlap_{tolerance}"] = [
            side.within(tolerance) / side.size for side in sides
        ]
    return values


def of_medpy(one):
    return {
        "hd95": one.hd95,
        "hd": one.hd(),
        "asd_pred_to_ref": one.one_sided("found"),
        "asd_ref_to_pred": one.one_sided("truth"),
    }


def of_simpleitk(one):
    return {"hd_HausdorffDistanceImageFilter": one.hd(), "avg_hd": one.assd}


def of_reloaded(one):
    return {
        "hd": one.hd(), "assd": one.assd, "hd95": one.hd95, "masd": one.masd,
        "nsd_1.0": one.nsd(1.0),
    }  # fmt: skip


def of_monai(one):
    return {"hd95": one.hd95, "asd_sym": one.assd, "hd": one.hd(), "nsd_1.0": one.nsd(1.0)}


def of_monai_subvoxels(one):
    return {"nsd_sub_1.0": one.nsd(1.0)}


# preset: file, relative difference, values by the names of the file
PROGRAMS = {
    "surface-distance": ("surface_distance", 1e-6, of_deepmind),
    "medpy": ("medpy", 1e-6, of_medpy),
    "simpleitk": ("simpleitk", 1e-6, of_simpleitk),
    "metrics-reloaded": ("metricsreloaded", 1e-6, of_reloaded),
    "monai": ("monai", 1e-4, of_monai),
    "monai-subvoxels": ("monai", 1e-4, of_monai_subvoxels),
}
# what is in the files and is no surface distance, or is compared in another test
OTHERS = {
    "n_ref", "n_pred", "dice", "iou", "dsc", "jaccard", "ravd", "precision", "recall",
    "volume_similarity", "false_negative_error", "false_positive_error", "com_dist",
    "boundary_iou_d2",
}  # fmt: skip


@pytest.fixture(scope="module")
def volumes(reference_data):
    def read(name):
        volume = read_volume(reference_data / "masks" / f"{name}.nii.gz")
        values = np.asarray(volume.values)
        if name.startswith("evaluatesegmentation"):
            values = (values > 0).astype(np.uint8)
        return values, volume.spacing

    return {name: read(name) for pair in PAIRS.values() for name in pair}


def reference(reference_data, name):
    content = json.loads((reference_data / "masks" / f"reference_{name}.json").read_text())
    return {entry: values for entry, values in content.items() if entry in PAIRS}


@pytest.mark.parametrize("preset", PROGRAMS)
def test_values_of_other_programs(volumes, reference_data, preset):
    name, tolerance, values_of = PROGRAMS[preset]
    compared = set()
    for entry, expected in reference(reference_data, name).items():
        (truth, spacing), (found, _) = (volumes[side] for side in PAIRS[entry])
        measured = ov.surface_distances(
            found, truth, spacing=spacing, labels=sorted(map(int, expected)), preset=preset
        )
        for label, values in expected.items():
            ours = values_of(measured[int(label)])
            for key, value in ours.items():
                message = f"{entry} {label} {key}"
                assert value == pytest.approx(values[key], rel=tolerance, abs=1e-12), message
            compared |= values.keys() & ours.keys()
            other = {"nsd_sub_1.0", *OTHERS} if preset == "monai" else OTHERS
            assert preset == "monai-subvoxels" or values.keys() == ours.keys() | (
                values.keys() & other
            )
    assert compared


def test_boundary_iou_of_metrics_reloaded(volumes, reference_data):
    compared = 0
    for entry, expected in reference(reference_data, "metricsreloaded").items():
        (truth, _), (found, _) = (volumes[side] for side in PAIRS[entry])
        for label, values in expected.items():
            value = ov.boundary_iou(
                found == int(label), truth == int(label), width=2, band="euclidean"
            )
            assert value == pytest.approx(values["boundary_iou_d2"], rel=1e-6), (entry, label)
            compared += 1
    assert compared >= 10


@pytest.mark.parametrize("entry", ["matched_instance", "unmatched_instance"])
def test_assd_of_matched_instances_of_panoptica(reference_data, entry):
    folder = reference_data / "masks" / "panoptica_spine" / entry
    truth, found = (read_volume(folder / f"{side}.nii.gz") for side in ("ref", "pred"))
    path = reference_data / "masks" / "reference_panoptica.json"
    expected = json.loads(path.read_text())[entry]["values"]
    counts = ov.contingency(found.values, truth.values, spacing=truth.spacing)
    pairs = counts.pairs(at_least=0.5, strict=True).tocoo()
    values = [
        ov.surface_distances(
            found.values == counts.labels_found[i], truth.values == counts.labels_truth[j],
            spacing=truth.spacing, preset="panoptica",
        )[1].assd
        for i, j in zip(pairs.row, pairs.col, strict=True)
    ]  # fmt: skip
    assert len(values) == expected["tp"]
    assert np.mean(values) == pytest.approx(expected["sq_assd"], rel=1e-6)
    assert np.std(values) == pytest.approx(expected["sq_assd_std"], rel=1e-6)


def test_concentric_spheres_are_15_mm_apart(volumes):
    (truth, spacing), (found, _) = (volumes[side] for side in PAIRS["meshmetrics_3d"])
    assert spacing == (1.0, 1.0, 1.0)
    for preset in ("medpy", "metrics-reloaded", "panoptica"):
        one = ov.surface_distances(found, truth, spacing=spacing, preset=preset)[1]
        values = [one.hd(), one.hd95, one.assd, one.masd]
        assert values == pytest.approx([15.0] * 4, abs=0.5), preset
        assert one.nsd(2.0) == 0.0
