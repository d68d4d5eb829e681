"""Numbers of the original programs on the predictions of STPN for THUMOS'14."""

from __future__ import annotations

import json

import numpy as np
import pytest

from overlap.evaluate import temporal
from overlap.io import as_segments

from .helpers import ap_table

pytestmark = pytest.mark.reference
NINE = "0.1:0.9:0.1"


@pytest.fixture(scope="module")
def scene(reference_data):
    folder = reference_data / "temporal" / "thumos14"
    return {
        "truth": as_segments(folder / "gt_test210.json.gz", role="truth"),
        "found": as_segments(folder / "stpn_results.json.gz", role="found"),
    }


@pytest.fixture(scope="module")
def reference(reference_data):
    def read(name):
        return json.loads((reference_data / "temporal" / f"reference_{name}.json").read_text())

    return read


def test_activitynet_to_the_bit(scene, reference):
    expected = reference("activitynet_official")["runs"]["thumos14_stpn_gt210"]
    report = temporal(**scene, iou=NINE)
    ap, classes = ap_table(report)
    assert sorted(classes) == sorted(expected["ap_per_class"])
    np.testing.assert_allclose(
        ap, np.transpose([expected["ap_per_class"][name] for name in classes]), rtol=0, atol=1e-12
    )
    means = [report.summary[f"mAP@{k / 10:.2f}"] for k in range(1, 10)]
    np.testing.assert_allclose(means, expected["mAP"], rtol=0, atol=1e-12)
    assert report.summary["mAP"] == pytest.approx(expected["average_mAP"], abs=1e-12)
    assert report.settings["truth"]["segments"] == expected["n_gt"]
    assert report.settings["found"]["segments"] == expected["n_pred"]


def test_unrounded_thresholds_give_the_same(scene, reference):
    expected = reference("activitynet_official")["runs"]["thumos14_stpn_gt210"]
    report = temporal(**scene, iou=expected["tiou"])
    means = [report.summary[f"mAP@{k / 10:.2f}"] for k in range(1, 10)]
    np.testing.assert_allclose(means, expected["mAP"], rtol=0, atol=1e-12)


def test_tie_range_holds_other_orders(scene):
    report = temporal(**scene, iou=0.1)
    assert report.summary["mAP tie low"] <= 0.52096 + 5e-6
    assert report.summary["mAP tie high"] >= 0.52171 - 5e-6
    assert temporal(**scene, iou=0.1, ties="stable").summary["mAP"] != report.summary["mAP"]


def test_opentad(scene, reference):
    expected = reference("opentad")["runs"]["thumos14_stpn_gt210"]
    report = temporal(**scene, protocol="opentad", iou=expected["tiou"])
    means = [report.summary[f"mAP@{threshold:.2f}"] for threshold in expected["tiou"]]
    np.testing.assert_allclose(means, expected["mAP"], rtol=0, atol=1e-12)


@pytest.mark.parametrize("variant", ["with_ambiguous", "without_ambiguous"])
@pytest.mark.parametrize(
    ("protocol", "program", "fields"),
    [
        ("thumos14", "kit", {"recall_grid": "octave"}),
        ("thumos14_updated", "updated", {}),
    ],
)
def test_thumos(scene, reference, reference_data, protocol, program, fields, variant):
    expected = reference("thumos14_matlab")["octave"][program][variant]
    table = reference_data / "temporal" / "thumos14" / "test_Annotation_with_ambiguous.csv.gz"
    ambiguous = table if variant == "with_ambiguous" else None
    report = temporal(**scene, protocol=protocol, iou=NINE, ambiguous=ambiguous, **fields)
    ap, classes = ap_table(report)
    np.testing.assert_allclose(
        ap, np.transpose([expected["AP_per_class"][name] for name in classes]), rtol=0, atol=1e-12
    )
    means = [report.summary[f"mAP@{k / 10:.2f}"] for k in range(1, 10)]
    np.testing.assert_allclose(means, expected["mAP"], rtol=0, atol=1e-12)


@pytest.mark.parametrize("variant", ["with_ambiguous", "without_ambiguous"])
def test_grid_of_matlab(scene, reference, reference_data, variant):
    derived = reference("thumos14_matlab")["kit_with_matlab_recall_grid"]
    table = reference_data / "temporal" / "thumos14" / "test_Annotation_with_ambiguous.csv.gz"
    ambiguous = table if variant == "with_ambiguous" else None
    report = temporal(**scene, protocol="thumos14", iou=NINE, ambiguous=ambiguous)
    means = [report.summary[f"mAP@{k / 10:.2f}"] for k in range(1, 10)]
    np.testing.assert_allclose(means, derived[variant]["mAP"], rtol=0, atol=1e-12)


def test_workers_change_nothing(scene):
    one = temporal(**scene, iou=NINE, bootstrap=50)
    two = temporal(**scene, iou=NINE, bootstrap=50, workers=2)
    assert one.summary_items() == two.summary_items()
    assert one.rows() == two.rows()
    assert one.matches.equals(two.matches)


def test_the_order_of_truths_moves_the_kit_and_the_range_knows(scene):
    """Reversed and random orders of the rows are inside the stated range, at every threshold."""
    report = temporal(**scene, protocol="thumos14", iou=[0.1, 0.5])
    stated = report.settings["tie_range"]
    low, high = stated["mAP"]
    assert high - low > 0.001
    assert not stated["all_orders"]
    assert any("the order of their rows" in note for note in report.settings["notes"])
    rng = np.random.default_rng(0)
    truth = scene["truth"]
    orders = [np.arange(len(truth))[::-1], *(rng.permutation(len(truth)) for _ in range(6))]
    for order in orders:
        other = temporal(
            truth=truth.select(order), found=scene["found"], protocol="thumos14", iou=[0.1, 0.5]
        )
        assert low - 1e-12 <= other.summary["mAP"] <= high + 1e-12
        for name, least, most in zip(
            ("mAP@0.10", "mAP@0.50"), stated["low"], stated["high"], strict=True
        ):
            assert least - 1e-12 <= other.summary[name] <= most + 1e-12
