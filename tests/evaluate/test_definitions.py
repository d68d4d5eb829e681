"""Every protocol against its definition, on small inputs full of special cases."""

from __future__ import annotations

import numpy as np
import pytest

from overlap.evaluate import temporal

from . import plain
from .helpers import ap_table, frames, random_scene

pytestmark = pytest.mark.kernels
THRESHOLDS = (0.0, 0.1, 0.25, 0.5, 0.75, 1.0)
ORACLES = {
    "activitynet": plain.activitynet,
    "opentad": plain.opentad,
    "thumos14": lambda *scene: plain.thumos(*scene, "thumos14"),
    "thumos14_updated": lambda *scene: plain.thumos(*scene, "thumos14_updated"),
}


def check(protocol, truth, found, **fields):
    truth_frame, found_frame = frames(truth, found)
    report = temporal(
        truth=truth_frame, found=found_frame, protocol=protocol, iou=THRESHOLDS, **fields
    )
    return report, ap_table(report)


@pytest.mark.parametrize("protocol", ORACLES)
@pytest.mark.parametrize(
    "block", [0, 1, *(pytest.param(block, marks=pytest.mark.slow) for block in range(2, 10))]
)
def test_equals_the_definition(protocol, block):
    """300 random scenes per protocol, of which 60 in the usual run."""
    for seed in range(30 * block, 30 * block + 30):
        truth, found = random_scene(seed, ambiguous=protocol.startswith("thumos"))
        if protocol == "opentad" and not plain.without_repeats(truth):
            continue
        expected = ORACLES[protocol](truth, found, THRESHOLDS)
        report, (actual, classes) = check(protocol, truth, found)
        if protocol == "opentad":
            truth = plain.without_repeats(truth)
        counted = [row for row in truth if row[1] != "Ambiguous"]
        assert classes == plain.classes_of(counted), seed
        exact = protocol in ("activitynet", "opentad")
        np.testing.assert_allclose(actual, expected, rtol=0, atol=0 if exact else 1e-12)
        assert report.summary["mAP"] == pytest.approx(expected.mean(), abs=1e-12)
        low, high = report.settings["tie_range"]["mAP"]
        assert low - 1e-12 <= report.summary["mAP"] <= high + 1e-12


def test_octave_grid_equals_the_definition():
    for seed in range(40):
        truth, found = random_scene(seed, ambiguous=True)
        expected = plain.thumos(truth, found, THRESHOLDS, "thumos14", grid="octave")
        _, (actual, _) = check("thumos14", truth, found, recall_grid="octave")
        np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-12)


def test_the_two_grids_differ_where_recall_is_three_fifths():
    truth = [("v", "jump", 10.0 * k, 10.0 * k + 5) for k in range(5)]
    found = [(*row, 1.0 - 0.1 * k) for k, row in enumerate(truth[:3])]
    values = [
        check("thumos14", truth, found, recall_grid=g)[1][0][0, 0] for g in ("matlab", "octave")
    ]
    assert values == pytest.approx([7 / 11, 6 / 11])


def test_undefined_iou_matches_first_under_the_activitynet_rule():
    truth = [("v", "jump", 3.0, 3.0)]
    found = [("v", "jump", 3.0, 3.0, 0.5)]
    assert check("activitynet", truth, found)[0].summary["mAP"] == 1.0
    assert check("activitynet", truth, found, undefined="zero")[0].summary["mAP@0.10"] == 0.0
    assert check("thumos14", truth, found)[0].summary["mAP@0.10"] == 0.0


@pytest.mark.parametrize(("exact", "expected"), [(">=", 1.0), (">", 0.0)])
def test_comparison_at_the_threshold(exact, expected):
    truth, found = [("v", "a", 0.0, 2.0)], [("v", "a", 0.0, 1.0, 0.9)]
    report = temporal(
        **dict(zip(("truth", "found"), frames(truth, found), strict=True)),
        iou=0.5,
        comparison=exact,
    )
    assert report.summary["mAP"] == expected


def test_fallback_takes_the_next_free_truth():
    truth = [("v", "a", 0.0, 10.0), ("v", "a", 1.0, 10.0)]
    found = [("v", "a", 0.0, 10.0, 0.9), ("v", "a", 0.0, 10.0, 0.8)]
    on, off = (check("activitynet", truth, found, fallback=f)[1][0][0, 0] for f in (True, False))
    assert (on, off) == (1.0, 0.5)


def test_many_candidates_per_prediction_grow_the_buffers():
    truth = [("v", "a", 0.0, 100.0 + k) for k in range(60)]
    found = [("v", "a", 0.0, 100.5 + k, 1.0 - k / 100) for k in range(60)]
    expected = plain.activitynet(truth, found, THRESHOLDS)
    np.testing.assert_array_equal(check("activitynet", truth, found)[1][0], expected)
    expected = plain.thumos(truth, found, THRESHOLDS, "thumos14")
    np.testing.assert_allclose(check("thumos14", truth, found)[1][0], expected, atol=1e-12)


@pytest.mark.parametrize(
    ("protocol", "change"),
    [
        ("activitynet", {"ties": "stable"}),
        ("activitynet", {"undefined": "zero"}),
        ("activitynet", {"comparison": ">"}),
        ("activitynet", {"fallback": False}),
        ("activitynet", {"interpolation": "grid"}),
        ("opentad", {"duplicates": "keep"}),
        ("opentad", {"zero_length": "keep"}),
        ("thumos14", {"tie_rule": "file"}),
        ("thumos14", {"order": "confidence"}),
        ("thumos14", {"ambiguous_rows": "drop"}),
        ("thumos14_updated", {"tie_rule": "file"}),
        ("thumos14_updated", {"interpolation": "all_points"}),
    ],
)
def test_the_scenes_can_tell_the_rules_apart(protocol, change):
    """If a rule were not followed, the comparison above would fail on some scene."""
    for seed in range(60):
        truth, found = random_scene(seed, ambiguous=protocol.startswith("thumos"))
        changed = check(protocol, truth, found, **change)[1][0]
        same = check(protocol, truth, found)[1][0]
        if changed.shape != same.shape or not np.allclose(changed, same, atol=1e-9, equal_nan=True):
            return
    pytest.fail(f"{change} makes no difference to {protocol}")
