"""What the evaluator says about its input, its ties, and its parts."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from itertools import permutations

import numpy as np
import pandas as pd
import pytest

from overlap.cli.screen import report_lines
from overlap.evaluate import PROTOCOLS, temporal, temporal_study
from overlap.io import as_segments

from .helpers import ap_table, frames, random_scene

TRUTH = [
    ("v1", "jump", 0.0, 10.0),
    ("v1", "jump", 20.0, 30.0),
    ("v2", "throw", 5.0, 9.0),
]
FOUND = [
    ("v1", "jump", 0.0, 9.0, 0.9),
    ("v2", "jump", 0.0, 9.0, 0.8),
    ("v1", "jump", 21.0, 30.0, 0.7),
    ("v2", "throw", 5.0, 8.0, 0.6),
]


def run(truth=TRUTH, found=FOUND, **options):
    truth, found = frames(truth, found)
    return temporal(truth=truth, found=found, **options)


# ------------------------------------------------------------------------- the input


def test_predictions_for_other_videos_are_counted_and_false():
    extra = [*FOUND, ("v9", "jump", 0.0, 10.0, 0.95)]
    report = run(found=extra, iou=0.5)
    assert report.settings["found"]["videos_not_in_truth"] == 1
    assert report.settings["found"]["segments_of_videos_not_in_truth"] == 1
    assert any("not in the truth" in note and "'v9'" in note for note in report.settings["notes"])
    row = next(row for row in report.rows() if row["class"] == "jump")
    assert (row["n_found"], row["n_true"], row["n_false"]) == (4, 2, 2)
    assert report.summary["mAP"] < run(iou=0.5).summary["mAP"]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_unknown_labels_are_counted_and_excluded(protocol):
    extra = [*FOUND, ("v1", "swim", 0.0, 10.0, 0.95)]
    report = run(found=extra, iou=0.5, protocol=protocol)
    assert report.settings["found"]["labels_not_in_truth"] == ["swim"]
    assert report.settings["found"]["segments_excluded_by_label"] == 1
    assert report.rows() == run(iou=0.5, protocol=protocol).rows()
    assert report.matches["outcome@0.50"].tolist()[-1] == "excluded"


def test_unknown_subset_lists_the_subsets():
    database = {
        name: {"subset": subset, "annotations": [{"segment": [0, 4], "label": "jump"}]}
        for name, subset in (("a", "training"), ("b", "validation"))
    }
    truth = {"database": database}
    _, found = frames([], [("b", "jump", 0.0, 4.0, 0.5), ("a", "jump", 0.0, 4.0, 0.9)])
    with pytest.raises(ValueError, match=r"'test'.*'training'.*'validation'"):
        temporal(truth=truth, found=found, subset="test")
    one = temporal(truth=truth, found=found, subset="validation")
    assert one.summary["mAP"] == 0.5  # the prediction for the training video is false
    assert one.settings["truth"]["videos"] == 1
    everything = temporal(truth=truth, found=found)
    assert any("all subsets" in note for note in everything.settings["notes"])


def test_swapped_files_are_refused():
    truth, found = frames(TRUTH, FOUND)
    with pytest.raises(ValueError, match="swapped"):
        temporal(truth=found, found=truth)


def test_predictions_without_confidence_are_refused():
    truth, _ = frames(TRUTH, FOUND)
    with pytest.raises(ValueError, match="confidence"):
        temporal(truth=truth, found=truth)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"protocol": "thumos"},
            "no protocol 'thumos'; did you mean 'thumos14'\\?; known are activitynet",
        ),
        ({"ties": "random"}, "ties = 'random' is not one of 'official', 'stable', 'expected'"),
        ({"iou": 1.5}, r"1\.5 is not in \[0, 1\]"),
        ({"iou": [0.5, 0.5]}, "appears twice"),
        ({"iou": "0.5:0.3:0.1"}, "start <= stop"),
        ({"iou": "0.5;0.7"}, "not a number"),
        ({"iou": []}, "empty"),
        ({"labels": "jump"}, "one string"),
        ({"labels": []}, "labels is empty"),
        ({"labels": ["jump", "jump"]}, "appears twice"),
        ({"labels": ["swim"]}, "none of 'swim' is in the truth"),
        ({"labels": ["jump", "swim"], "protocol": "thumos14"}, "'swim' has no truth"),
        ({"bootstrap": -1}, "bootstrap = -1"),
        ({"bootstrap": 10, "confidence_level": 1.0}, "confidence_level"),
        ({"grid": "octave"}, "no field 'grid'; the fields are thresholds, order"),
        ({"comparison": "="}, "'=' is not one of '>=', '>'"),
        ({"recall_grid": "python"}, "'python' is not one of 'matlab', 'octave'"),
        ({"recall_grid": "0,0.5,0.2"}, "must rise"),
        ({"fallback": "maybe"}, "not true or false"),
        ({"union_floor": "-1"}, "union_floor"),
        ({"union_floor": "one"}, "not a number"),
    ],
)
def test_bad_options_say_what_was_wanted(options, message):
    error = TypeError if options.get("labels") == "jump" else ValueError
    with pytest.raises(error, match=message):
        run(**options)


def test_ambiguous_rows_by_protocol():
    truth = [*TRUTH, ("v2", "Ambiguous", 0.0, 3.0)]
    ignored = run(truth, protocol="thumos14", iou=0.5)
    row = next(row for row in ignored.rows() if row["class"] == "jump")
    assert (row["n_true"], row["n_false"], row["n_ignored"]) == (2, 0, 1)
    dropped = run(truth, iou=0.5)
    assert dropped.rows() == run(iou=0.5).rows()
    assert dropped.settings["truth"]["left_out"]["ambiguous"] == 1
    assert "Ambiguous" in run(truth, iou=0.5, ambiguous_label="other").settings["classes"]
    kept = ap_table(run(truth, iou=0.5, **{"ambiguous_label": "Ambiguous"}))[1]
    assert kept == ["jump", "throw"]


def test_ambiguous_file_needs_its_label_and_a_protocol_that_uses_it():
    truth, found = frames(TRUTH, FOUND)
    marked = truth.assign(label="Ambiguous")
    with pytest.raises(ValueError, match="no row has the label 'Ambiguous'"):
        temporal(truth=truth, found=found, protocol="thumos14", ambiguous=truth)
    with pytest.raises(ValueError, match="does not use ambiguous intervals"):
        temporal(truth=truth, found=found, ambiguous=marked)
    report = temporal(truth=truth, found=found, protocol="thumos14", iou=0.5, ambiguous=marked)
    row = next(row for row in report.rows() if row["class"] == "jump")
    assert row["n_ignored"] == 1  # the prediction in v2 overlaps one
    assert report.settings["ambiguous_intervals"] == 3
    assert "one of 3 ambiguous intervals" in report.methods()


def test_protocols_are_known_without_a_compiler():
    code = "import sys; from overlap.evaluate import PROTOCOLS; print('numba' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


# ------------------------------------------------------------------------ empty inputs


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_no_predictions_score_zero(protocol):
    report = run(found=[], protocol=protocol)
    assert report.summary["mAP"] == 0.0
    assert any("no predictions" in note for note in report.settings["notes"])
    assert len(report.matches) == 0


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_no_truth_is_undefined(protocol):
    report = run(truth=[], protocol=protocol, bootstrap=50)
    assert np.isnan(report.summary["mAP"])
    assert json.loads(report.to_json())["summary"]["mAP"] is None
    assert any("undefined" in note for note in report.settings["notes"])


# ------------------------------------------------------------------- protocols, studies


def test_a_new_protocol_is_one_value():
    strict = replace(PROTOCOLS["activitynet"], name="ours", comparison=">", fallback=False)
    assert run(protocol=strict).settings["protocol"] == "ours"


def test_fields_are_parsed_and_named():
    protocol = PROTOCOLS["thumos14"].with_fields(
        recall_grid="0,0.5,1", fallback="no", thresholds="0.3:0.5:0.1", union_floor="1e-8"
    )
    assert protocol.recall_grid == (0.0, 0.5, 1.0)
    assert protocol.fallback is False
    assert protocol.thresholds == (0.3, 0.4, 0.5)
    assert protocol.name == "thumos14[recall_grid=0/0.5/1,fallback=false,union_floor=1e-08]"
    assert protocol.with_fields(order="confidence").name.endswith("1e-08,order=confidence]")
    assert PROTOCOLS["thumos14"].with_fields(order="truth").name == "thumos14"


def tables(truth, found):
    truth, found = frames(truth, found)
    return as_segments(truth, role="truth"), as_segments(found, role="found")


def test_a_study_does_not_depend_on_the_order_of_its_items():
    parts = {}
    for seed in range(6):
        truth, found = random_scene(seed)
        rename = {f"v{k}": f"{seed}-{k}" for k in range(10)}
        parts[f"part {seed}"] = (
            [(rename[row[0]], *row[1:]) for row in truth],
            [(rename[row[0]], *row[1:]) for row in found],
        )
    start = temporal_study(iou=[0.1, 0.5], bootstrap=50)
    for truth, found in parts.values():
        assert truth
        assert found
    whole = temporal(
        truth=tables([row for part in parts.values() for row in part[0]], [])[0],
        found=tables([], [row for part in parts.values() for row in part[1]])[1],
        iou=[0.1, 0.5],
        bootstrap=50,
    )
    forward, left, right = start, start, start
    for k, (key, part) in enumerate(parts.items()):
        truth, found = tables(*part)
        forward = forward.add(key, truth=truth, found=found)
        if k % 2:
            left = left.add(key, truth=truth, found=found)
        else:
            right = right.add(key, truth=truth, found=found)
    for study in (forward, left | right, right | left):
        report = study.report()
        assert report.summary_items() == whole.summary_items()
        assert report.rows() == whole.rows()
    with pytest.raises(ValueError, match="already added"):
        forward.add("part 1", truth=truth, found=found)
    with pytest.raises(ValueError, match="both have 'part 0'"):
        forward | right
    with pytest.raises(ValueError, match="different rules"):
        forward | temporal_study(iou=0.5)
    with pytest.raises(ValueError, match="two items"):
        forward.add("again", truth=truth, found=found).report()


def test_a_study_reads_what_temporal_reads():
    truth, found = frames(TRUTH, FOUND)
    marked = truth.assign(label="Ambiguous")
    study = temporal_study(protocol="thumos14", iou=0.5)
    study = study.add("all", truth=truth, found=found, ambiguous=marked)
    alone = temporal(truth=truth, found=found, ambiguous=marked, protocol="thumos14", iou=0.5)
    assert study.report().rows() == alone.rows()


# -------------------------------------------------------------------------------- ties


def test_tie_range_is_exact_for_ties_between_videos():
    truth = [(f"v{k}", "a", 0.0, 1.0) for k in range(4)]
    found = [(f"v{k}", "a", 0.0 if k < 2 else 5.0, 1.0 if k < 2 else 6.0, 0.5) for k in range(4)]
    report = run(truth, found, iou=0.5)
    # the two hits first: recall 1/2 at precision 1; last: recall 1/2 at precision 1/2
    assert report.summary["mAP tie high"] == pytest.approx(0.5)
    assert report.summary["mAP tie low"] == pytest.approx(0.25)
    expected = run(truth, found, iou=0.5, ties="expected").summary["mAP"]
    # mean over the 6 places of the two hits among four
    places = [(a, b) for a in range(1, 5) for b in range(a + 1, 5)]
    mean = np.mean([0.25 * max(1 / a, 2 / b) + 0.25 * 2 / b for a, b in places])
    assert expected == pytest.approx(mean, abs=1e-14)  # exact, not a sample


def test_stable_ties_follow_the_file():
    truth = [("v", "a", 0.0, 2.0), ("v", "a", 1.0, 3.0)]
    found = [("v", "a", 0.5, 2.5, 0.9), ("v", "a", 1.0, 3.0, 0.1)]
    report = run(truth, found, iou=0.6, ties="stable")
    # equal IoUs: the first row is taken, so the second stays free for its own
    assert report.matches["truth@0.60"].tolist() == [0, 1]
    assert report.summary["mAP"] == 1.0
    assert report.summary["mAP tie low"] < 1.0 == report.summary["mAP tie high"]


def test_without_ties_the_range_is_a_point():
    report = run(iou=0.5)
    assert report.summary["mAP tie low"] == report.summary["mAP"] == report.summary["mAP tie high"]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("ties", ["official", "stable", "expected"])
def test_every_tie_rule_lies_in_the_range(protocol, ties):
    for seed in range(15):
        truth, found = random_scene(seed)
        report = run(truth, found, protocol=protocol, ties=ties, iou=[0.1, 0.5])
        value = report.summary["mAP"]
        if np.isnan(value):
            continue
        assert report.summary["mAP tie low"] - 1e-12 <= value
        assert value <= report.summary["mAP tie high"] + 1e-12


@pytest.mark.parametrize("protocol", ["thumos14", "thumos14_updated"])
def test_the_range_holds_every_order_of_truths_that_choose(protocol):
    """All orders of the rows, of truths and predictions that have no equal values."""
    rng = np.random.default_rng(5)
    moved = 0
    for _ in range(6):
        starts = rng.uniform(0.0, 4.0, 4)
        truth = [("v", "a", s, s + rng.uniform(3, 6)) for s in starts[:3]]
        truth.append(("w", "ab"[int(rng.integers(2))], starts[3], 9.0))
        found = [
            (video, label, s + rng.uniform(-1, 1), e + rng.uniform(-1, 1), rng.random())
            for video, label, s, e in [*truth, truth[0]]
        ]
        report = run(truth, found, protocol=protocol, iou=[0.1, 0.4])
        assert report.settings["tie_range"]["all_orders"]
        values = [
            run(list(rows), found, protocol=protocol, iou=[0.1, 0.4]).summary["mAP":"mAP@0.40"]
            for rows in permutations(truth)
        ]
        lows, highs = np.min(values, axis=0), np.max(values, axis=0)
        assert report.summary["mAP tie low"] == pytest.approx(lows[0], abs=1e-12)
        assert report.summary["mAP tie high"] == pytest.approx(highs[0], abs=1e-12)
        for name, end in (("low", lows), ("high", highs)):
            assert report.settings["tie_range"][name] == pytest.approx(end[1:], abs=1e-12)
        said = [note for note in report.settings["notes"] if "order of their rows" in note]
        assert len(said) == (highs[0] > lows[0])
        moved += highs[0] > lows[0]
    assert moved


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_range_holds_the_orders_of_rows(protocol):
    """Equal confidences and IoUs, repeats: each order of rows is inside, or said to be missing."""
    rng = np.random.default_rng(3)
    for seed in range(6):
        truth, found = random_scene(seed)
        report = run(truth, found, protocol=protocol, iou=[0.1, 0.5])
        low, high = report.settings["tie_range"]["mAP"]
        if not np.isfinite(low):
            continue
        for _ in range(8):
            rows = [truth[k] for k in rng.permutation(len(truth))]
            predictions = [found[k] for k in rng.permutation(len(found))]
            value = run(rows, predictions, protocol=protocol, iou=[0.1, 0.5]).summary["mAP"]
            inside = low - 1e-12 <= value <= high + 1e-12
            assert inside or not report.settings["tie_range"]["all_orders"], seed


# ----------------------------------------------------------------------------- matches


@pytest.mark.parametrize("protocol", ["activitynet", "opentad", "thumos14_updated"])
def test_the_summary_follows_from_the_matches(protocol):
    for seed in range(10):
        truth, found = random_scene(seed, ambiguous=protocol.startswith("thumos"))
        report = run(truth, found, protocol=protocol, iou=[0.1, 0.5])
        matches, table = report.matches, report.table
        for row in table.itertuples():
            ranked = matches[(matches.label == row[1]) & (matches["rank"] >= 0)].sort_values("rank")
            outcome = ranked[f"outcome@{row.iou:.2f}"]
            hits = (outcome[outcome != "ignored"] == "true").to_numpy()
            assert hits.sum() == row.n_true
            assert (outcome == "ignored").sum() == row.n_ignored
            precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
            if protocol != "thumos14_updated":
                precision = np.maximum.accumulate(precision[::-1])[::-1]
            value = precision[hits].sum() / row.n_truth
            assert value == pytest.approx(row.value, abs=1e-12)
            taken = ranked[f"truth@{row.iou:.2f}"][ranked[f"outcome@{row.iou:.2f}"] == "true"]
            assert taken.is_unique
            assert (taken >= 0).all()


def test_matches_name_rows_and_ious():
    matches = run(iou=[0.5, 0.95]).matches
    assert list(matches.columns[:6]) == ["video", "label", "start", "stop", "confidence", "rank"]
    assert matches["truth@0.50"].tolist() == [0, -1, 1, 2]
    assert matches["iou@0.50"].tolist() == pytest.approx([0.9, np.nan, 0.9, 0.75], nan_ok=True)
    assert matches["outcome@0.95"].tolist() == ["false"] * 4
    assert matches["rank"].tolist() == [0, 1, 2, 0]
    assert isinstance(matches, pd.DataFrame)


def _scored(truth, found, **options):
    return temporal(truth=truth, found=found.assign(score=0.5), **options)


@pytest.fixture
def two_videos():
    return pd.DataFrame(
        {"video": ["v_a", "v_b"], "label": ["Run", "Jump"], "start": [0.0, 1.0], "stop": [5.0, 9.0]}
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"video": ["a", "b"]}, "0 of 2 videos .* only by the prefix 'v_'"),
        ({"video": ["v_a.mp4", "v_b.mp4"]}, "0 of 2 videos .* only by a file suffix"),
        ({"video": ["V_A", "V_B"]}, "only by upper and lower case"),
        ({"label": ["run", "jump"]}, "0 of 2 labels .* only by upper and lower case"),
        ({"label": [0, 1]}, "whole numbers where the other has names"),
        ({"start": [0.0, 25.0], "stop": [125.0, 225.0]}, "about 25.00 times .* in frames"),
        ({"start": [0.0, 1e3], "stop": [5e3, 9e3]}, "about 1,000 times .* in milliseconds"),
        ({"start": [0.0, 0.1], "stop": [0.5, 0.9]}, "parts of the video's length"),
    ],
)
def test_inputs_that_do_not_match_are_a_finding(two_videos, changes, said):
    report = _scored(two_videos, two_videos.assign(**changes))
    assert report.summary["mAP"] == 0.0
    assert re.search(said, " ".join(report.findings))
    assert any("no prediction counts as true" in finding for finding in report.findings)
    assert any("attention: " + report.findings[0] == line for line in report_lines(report))


def test_inputs_that_match_have_no_findings(two_videos):
    assert _scored(two_videos, two_videos).findings == ()
    late = two_videos.assign(start=[20.0, 20.0], stop=[21.0, 22.0])
    several = _scored(two_videos, late, protocol="all")
    assert several.findings[0].startswith("no prediction counts as true")


def test_unknown_labels_are_refused(two_videos):
    with pytest.raises(ValueError, match=r"'Jmup' is in neither .*; did you mean 'Jump'\?"):
        _scored(two_videos, two_videos, labels=["Run", "Jmup"])
    found = two_videos.assign(label=["Run", "Swim"])
    report = _scored(two_videos, found, labels=["Run", "Swim"])
    assert "labels without a truth: 1 (first: 'Swim')" in " ".join(report.settings["notes"])


def test_rounding_is_no_tie():
    """Sums over classes and thresholds in another order are rounded otherwise."""
    rng = np.random.default_rng(0)
    for seed in range(10):
        truth, found = frames(*random_scene(seed))
        found = found.assign(score=rng.permutation(len(found)) + 0.5)
        report = temporal(truth=truth, found=found)
        low, high = report.settings["tie_range"]["mAP"]
        assert high == low or high - low > 1e-9
