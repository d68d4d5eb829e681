"""Reports: tables, files, figures, influence, comparison, explanation."""

from __future__ import annotations

import csv
import json
import math

import numpy as np
import pytest

from overlap.evaluate import compare, explain, temporal, temporal_study

from .helpers import frames, random_scene, wide_scene


@pytest.fixture(scope="module")
def pair():
    truth, found = wide_scene(7)
    better = found + [(*row, 2.0 + k) for k, row in enumerate(truth)]
    truth_frame, found_frame = frames(truth, found)
    options = {"truth": truth_frame, "iou": [0.3, 0.5], "bootstrap": 50}
    return (
        temporal(found=found_frame, **options),
        temporal(found=frames(truth, better)[1], **options),
    )


@pytest.fixture
def report(pair):
    return pair[0]


def test_summary_is_the_mean_of_the_table(report):
    table = report.table
    assert list(table.columns[:4]) == ["class", "iou", "metric", "value"]
    for iou in (0.3, 0.5):
        mean = table.value[table.iou == iou].mean()
        assert report.summary[f"mAP@{iou:.2f}"] == pytest.approx(mean, abs=1e-15)
    assert report.summary["mAP"] == pytest.approx(table.value.mean(), abs=1e-15)
    assert (table.n_true + table.n_false + table.n_ignored == table.n_found).all()
    assert (table.n_true <= table.n_truth).all()
    assert dict(report.summary_items()) == report.summary.to_dict()


def test_json_has_settings_summary_and_table(report, tmp_path):
    path = tmp_path / "report.json"
    text = report.to_json(path)
    assert path.read_text() == text
    assert list(tmp_path.iterdir()) == [path]
    content = json.loads(text)
    assert list(content) == ["settings", "summary", "table", "folder"]
    assert content["summary"]["mAP"] == report.summary["mAP"]
    assert len(content["table"]) == len(report.table)
    assert content["settings"]["protocol"] == "activitynet"
    assert content["settings"]["rules"]["comparison"] == ">="


def test_csv_is_the_table(report, tmp_path):
    path = tmp_path / "report.csv"
    report.to_csv(path)
    with path.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [float(row["value"]) for row in rows] == report.table["value"].tolist()


def test_html_escapes_names(tmp_path):
    truth, found = frames([("v", "<b>&", 0.0, 1.0)], [("v", "<b>&", 0.0, 1.0, 0.5)])
    text = temporal(truth=truth, found=found).to_html(tmp_path / "report.html")
    assert "&lt;b&gt;&amp;" in text
    assert "<b>&" not in text


def test_a_report_that_cannot_be_written_leaves_nothing(report, tmp_path):
    with pytest.raises(OSError, match="missing"):
        report.to_json(tmp_path / "missing" / "report.json")


def test_long_names_of_close_thresholds(pair):
    truth, found = frames(*random_scene(7))
    report = temporal(truth=truth, found=found, iou=[0.5, 0.501])
    assert {"mAP@0.500", "mAP@0.501"} <= set(report.summary.index)


def test_curve_and_plot(report, tmp_path):
    label = report.settings["classes"][0]
    recall, precision = report.curve(label, 0.3)
    row = report.table.query("`class` == @label and iou == 0.3").iloc[0]
    assert len(recall) == row.n_found
    assert recall[-1] == pytest.approx(row.n_true / row.n_truth)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    area = np.sum(np.diff(recall, prepend=0.0) * envelope)
    assert area == pytest.approx(row.value, abs=1e-12)
    figure = report.plot(tmp_path / "curve.png")
    assert figure.axes[0].get_xlabel() == "recall"
    assert (tmp_path / "curve.png").stat().st_size > 1000
    with pytest.raises(ValueError, match="no class 'swim'"):
        report.curve("swim", 0.3)
    with pytest.raises(ValueError, match=r"0\.4 is not one of the thresholds 0\.30, 0\.50"):
        report.curve(label, 0.4)


def test_methods_names_rules_and_counts(report):
    sentence = report.methods()
    for part in (
        "activitynet",
        "0.30, 0.50",
        "annotated segments",
        "percentile bootstrap",
        "NumPy",
    ):
        assert part in sentence


def test_influence_leaves_one_video_out():
    truth, found = random_scene(12)
    report = temporal(**dict(zip(("truth", "found"), frames(truth, found), strict=True)), iou=0.3)
    table = report.influence().set_index("item")
    assert table["influence"].abs().is_monotonic_decreasing
    for video in table.index:
        rest = frames(
            [row for row in truth if row[0] != video], [row for row in found if row[0] != video]
        )
        expected = temporal(truth=rest[0], found=rest[1], iou=0.3, ties="stable")
        low, high = expected.settings["tie_range"]["mAP"]
        assert low - 1e-9 <= table.loc[video, "without"] <= high + 1e-9
    with pytest.raises(ValueError, match="no metric 'mIoU'"):
        report.influence("mIoU")


def test_compare_ranks_and_pairs(pair):
    poor, good = pair
    result = compare(poor, good, names=["poor", "good"], resamples=200)
    assert result.table["name"].tolist() == ["good", "poor"]
    assert result.table["rank"].tolist() == [1, 2]
    assert result.table["best_in"].sum() == pytest.approx(1.0)
    (row,) = result.pair_rows
    assert row["difference"] == pytest.approx(good.summary["mAP"] - poor.summary["mAP"])
    assert row["low"] <= row["difference"] <= row["high"]
    same = compare(poor, poor, names=["a", "b"], resamples=50).pair_rows[0]
    # Draws that are all equal do not say how far the difference can be off.
    assert same["difference"] == 0.0
    assert np.isnan([same["low"], same["high"]]).all()


def test_compare_refuses_other_truths_and_metrics(pair):
    truth, found = frames([("x", "a", 0.0, 1.0)], [("x", "a", 0.0, 1.0, 0.5)])
    other = temporal(truth=truth, found=found, iou=0.3)
    with pytest.raises(ValueError, match=r"differ in truth videos: \d+ against 1; truth segments"):
        compare(pair[0], other)
    with pytest.raises(ValueError, match=r"no metric 'mAP@0\.90'"):
        compare(*pair, metric="mAP@0.90")
    with pytest.raises(ValueError, match="at least two"):
        compare(pair[0])
    with pytest.raises(ValueError, match="2 different names"):
        compare(*pair, names=["a", "a"])


def test_explain_adds_up():
    truth, found = frames(*random_scene(3, ambiguous=True))
    a = temporal(truth=truth, found=found, iou=[0.1, 0.3])
    b = temporal(truth=truth, found=found.iloc[5:], iou=0.1, protocol="thumos14", ties="stable")
    steps = explain(a, b)
    change = steps.table["change"]
    assert change.sum() == pytest.approx(b.summary["mAP"] - a.summary["mAP"], abs=1e-12)
    fields = steps.table["field"].tolist()
    assert fields[0] == "(a)"
    assert fields[-1] == "input"
    assert {"thresholds", "order", "ties", "interpolation"} <= set(fields)
    same = explain(a, temporal(truth=truth, found=found, iou=[0.1, 0.3]))
    assert all(row["change"] == 0 for row in same.rows())


def test_explain_needs_the_input(pair):
    with pytest.raises(ValueError, match=r"no metric 'mAP@0\.10'"):
        explain(*pair, metric="mAP@0.10")
    truth, found = frames(*random_scene(3))
    fed = temporal_study(iou=0.3).add("all", truth=truth, found=found).report()
    whole = temporal(truth=truth, found=found, iou=0.3)
    assert fed.summary["mAP"] == whole.summary["mAP"]
    for a, b, name in ((fed, whole, "a"), (whole, fed, "b")):
        with pytest.raises(ValueError, match=rf"report {name} cannot be computed again; make it"):
            explain(a, b)
    empty = temporal_study(iou=0.3)
    with pytest.raises(ValueError, match="nothing was added"):
        empty.report()


def test_every_protocol_at_once():
    scene = dict(zip(("truth", "found"), frames(*random_scene(5, ambiguous=True)), strict=True))
    together = temporal(**scene, protocol="all", iou=[0.3, 0.5])
    for name in ("activitynet", "opentad", "thumos14", "thumos14_updated"):
        alone = temporal(**scene, protocol=name, iou=[0.3, 0.5])
        assert together.summary[f"{name} mAP"] == alone.summary["mAP"]
        rows = together.table[together.table.protocol == name]
        assert rows["value"].tolist() == alone.table["value"].tolist()
    assert f"{name} outcome@0.30" in together.matches
    assert not math.isnan(together.influence(f"{name} mAP@0.50")["without"].iloc[0])
