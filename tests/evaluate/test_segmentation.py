"""Segmentation: values against plain definitions, means, intervals, reports."""

from __future__ import annotations

import csv
import json
import math

import numpy as np
import pandas as pd
import pytest

import overlap as ov
from overlap.evaluate import METRICS, Report, mean_interval, segmentation
from overlap.evaluate._segmentation.evidence import SegmentationEvidence
from overlap.evaluate._segmentation.measure import Measure

from .volume_cases import NAMES, plain, random_cases, write_folders

PLAIN = [metric.name for metric in METRICS.values() if metric.family == "voxels"]


@pytest.fixture(scope="module")
def cases():
    return random_cases(5)


@pytest.fixture(scope="module")
def report(cases):
    return segmentation(
        truth=cases[0], found=cases[1], labels=NAMES, metrics=PLAIN, spacing=(1.5, 1.0, 2.0)
    )


@pytest.mark.parametrize("ignore", [(), (2,), (2, 9)])
def test_every_metric_against_sets_of_voxels(ignore):
    for seed in range(3):
        truth, found = random_cases(seed)
        groups = {name: members for name, members in NAMES.items() if not {*members} & {*ignore}}
        result = segmentation(
            truth=truth, found=found, labels=groups, metrics=PLAIN, spacing=(1.5, 1.0, 2.0),
            ignore=ignore or None,
        )  # fmt: skip
        assert len(result.rows()) == len(truth) * len(groups) * len(PLAIN)
        expected = {
            (case, label): plain(truth[case], found[case], members, 3.0, ignore)
            for case in truth
            for label, members in groups.items()
        }
        for row in result.rows():
            wanted = expected[row["case"], row["label"]][row["metric"]]
            assert row["value"] == pytest.approx(wanted, rel=1e-13, abs=1e-13, nan_ok=True), row
            assert row["unit"] == ("mm3" if METRICS[row["metric"]].unit == "volume" else "1")


def test_values_are_in_their_range_and_worst_is_its_end(report):
    for metric in METRICS.values():
        values = [row["value"] for row in report.rows() if row["metric"] == metric.name]
        known = [value for value in values if not math.isnan(value)]
        assert all(metric.low <= value <= metric.high for value in known)
        assert not metric.better or metric.worst in (metric.low, metric.high, math.inf)


def test_a_metric_that_is_a_score_is_that_score(cases):
    score = ov.tversky(alpha=0.3, beta=0.7)
    result = segmentation(truth=cases[0], found=cases[1], metrics=["dice", score], labels=[1])
    for row in result.rows():
        counts = ov.contingency(cases[1][row["case"]], cases[0][row["case"]])
        used = ov.dice if row["metric"] == "dice" else score
        assert row["value"] == counts.score(used, [1])[1]
    assert score.name in result.summary


def test_means_are_over_cases_then_over_labels(report):
    table = report.table
    for metric in PLAIN:
        values = table[table.metric == metric].pivot(index="case", columns="label", values="value")
        values = values.replace([np.inf, -np.inf], np.nan)
        means = values.mean()
        for label in NAMES:
            expected = pytest.approx(means[label], nan_ok=True, rel=1e-12)
            assert report.summary[f"{metric}[{label}]"] == expected
        assert report.summary[metric] == pytest.approx(means.mean(), rel=1e-12)
    assert report.summary["n_cases"] == 6
    assert report.summary["n_failed"] == 0
    assert dict(report.summary_items()) == pytest.approx(report.summary.to_dict(), nan_ok=True)


def test_numbers_know_their_place_and_their_cases(report):
    numbers = {number.name: number for number in report.numbers}
    assert list(numbers) == [name for name, _ in report.summary_items()]
    for name, n in report.settings["cases_in_means"].items():
        assert (numbers[name].n, numbers[name].n_undefined) == (n, 6 - n)
    rare = numbers["dice[rare]"]
    assert (rare.metric, dict(rare.where), rare.better) == ("dice", {"label": "rare"}, "higher")
    assert (rare.n, rare.range.low, rare.range.high, rare.unit) == (1, 0.0, 1.0, "1")
    volume = numbers["volume_difference"]
    assert (volume.unit, volume.better) == ("mm3", "zero")
    undefined = report.table.query("metric == 'dice'")["value"].isna().sum()
    assert (numbers["dice n_nan"].metric, numbers["dice n_nan"].value) == ("n_nan", undefined)
    assert numbers["n_cases"].unit == "cases"


def test_labels_by_default_are_those_that_occur(cases):
    result = segmentation(truth=cases[0], found=cases[1], metrics="dice")
    assert result.settings["labels"] == {"1": [1], "2": [2], "9": [9]}
    some = segmentation(truth=cases[0], found=cases[1], metrics="dice", labels=[2])
    assert some.summary["dice[2]"] == result.summary["dice[2]"]
    assert any("the labels 1, 9 occur and have no name" in note for note in some.settings["notes"])


def test_one_case_as_arrays_and_as_files(cases, tmp_path):
    truth, found = cases[0]["case_1"], cases[1]["case_1"]
    folders = write_folders(tmp_path, {"a": truth}, {"a": found})
    arrays = segmentation(truth=truth, found=found, spacing=(1.5, 1.0, 2.0))
    files = segmentation(truth=folders[0] / "a.nii.gz", found=folders[1] / "a.nii.gz")
    both = segmentation(truth=folders[0], found=folders[1])
    lists = segmentation(truth=truth.tolist(), found=found.astype(float), spacing=(1.5, 1.0, 2.0))
    for other in (files, both, lists):
        pd.testing.assert_series_equal(arrays.summary, other.summary)
    assert files.table["case"].unique().tolist() == ["a"]
    assert arrays.table["case"].unique().tolist() == ["case"]
    assert segmentation(truth=truth, found=found).table["unit"].unique().tolist() == ["1", "voxels"]


def test_volumes_without_any_label(tmp_path):
    report = segmentation(truth=[[0, 0]], found=[[0, 0]])
    assert math.isnan(report.summary["dice"])
    assert report.rows() == report.worst_rows("dice") == []
    assert any("no volume has a label" in note for note in report.settings["notes"])
    assert "no volume has a label" in report.to_html()
    assert np.isnan(report.influence()["influence"]).all()


def test_arrays_are_left_as_they_are(cases):
    truth = cases[0]["case_1"].astype(">i2")
    before = truth.copy()
    segmentation(truth=truth, found=cases[1]["case_1"].astype(">f4"))
    assert (truth == before).all()
    assert truth.dtype == ">i2"
    assert truth.flags.writeable


def test_planes_and_lines():
    report = segmentation(truth=[[0, 1], [1, 1]], found=[[0, 1], [0, 1]], spacing=(0.5, 2.0))
    assert report.table.query("metric == 'volume_truth'")[["value", "unit"]].values.tolist() == [
        [3.0, "mm2"]
    ]
    report = segmentation(truth=[0, 1, 1], found=[1, 1, 1], spacing=(0.5,))
    assert report.table.query("metric == 'volume_truth'")[["value", "unit"]].values.tolist() == [
        [1.0, "mm"]
    ]


@pytest.mark.parametrize("form", ["minmax", "product", "squared"])
def test_soft_volumes(form):
    rng = np.random.default_rng(3)
    p, q = rng.random((2, 4, 5, 6))
    metrics = ["dice", "iou", "precision"][: 2 if form == "squared" else 3]
    report = segmentation(truth=q, found=p, soft=form, metrics=metrics)
    if form == "minmax":
        both, a, b = np.minimum(p, q).sum(), p.sum(), q.sum()
    else:
        power = 1 if form == "product" else 2
        both, a, b = (p * q).sum(), (p**power).sum(), (q**power).sum()
    assert report.summary["dice"] == pytest.approx(2 * both / (a + b), rel=1e-12)
    assert report.summary["iou"] == pytest.approx(both / (a + b - both), rel=1e-12)
    if form != "squared":
        assert report.summary["precision"] == pytest.approx(both / a, rel=1e-12)
    assert list(report.settings["labels"]) == ["foreground"]
    hard = (q > 0.5).astype(np.uint8)
    scaled = segmentation(
        truth=hard, found=np.round(255 * p).astype(np.uint8), soft=True, scale=255
    )
    assert scaled.summary["volume_found"] == pytest.approx(np.round(255 * p).sum() / 255, rel=1e-6)


def test_objects_are_components_of_every_label():
    truth = np.zeros((12, 12, 3), np.uint8)
    truth[1:4, 1:4], truth[6:9, 6:9], truth[1:3, 8:10] = 1, 1, 2
    found = np.zeros_like(truth)
    found[1:4, 1:4], found[6:9, 6:7], found[10:12, 0:2] = 1, 1, 1
    metrics = ["pq", "sq", "rq", "instance_precision", "instance_recall", "lesion_f1"]
    report = segmentation(truth=truth, found=found, labels=[1, 2], metrics=metrics)
    # label 1: one of two is found with IoU 1, one with 1/3, and one found object is false
    expected = {"pq": 0.4, "sq": 1.0, "rq": 0.4, "instance_precision": 1 / 3}
    expected |= {"instance_recall": 0.5, "lesion_f1": 0.8}
    for name, value in expected.items():
        assert report.summary[f"{name}[1]"] == pytest.approx(value), name
        assert report.summary[f"{name}[2]"] == 0.0
    looser = segmentation(truth=truth, found=found, labels=[1], metrics="f1", at_least=0.3)
    assert looser.summary["rq"] == pytest.approx(0.8)
    void = segmentation(truth=truth, found=found, labels=[2], metrics="instance_recall", ignore=1)
    assert void.settings["ignored_voxels"] == 54
    lesion = segmentation(
        truth=truth, found=found, labels=[1], metrics="lesion_dice", challenge="MET"
    )
    direct = ov.lesionwise_dice(found == 1, truth == 1, challenge="MET").dice
    assert lesion.summary["lesion_dice"] == pytest.approx(direct)


def test_objects_that_are_labels():
    truth, found = np.array([[1, 1, 0, 2, 2]]), np.array([[5, 5, 0, 0, 7]])
    report = segmentation(truth=truth, found=found, metrics=["pq", "dice"], instances="labels")
    assert report.summary["pq"] == pytest.approx(1.0 * 2 / 4)
    assert report.summary["dice[all]"] == pytest.approx(6 / 7)


def test_worst_rows_come_first(report):
    worst = report.worst("dice", 4)
    assert worst["value"].is_monotonic_increasing
    values = report.table.query("metric == 'dice'")["value"].dropna()
    assert worst["value"].iloc[0] == values.min()
    assert report.worst("dice", None)["value"].isna().iloc[-1]
    assert report.worst("false_positive_error", None)["value"].is_monotonic_decreasing
    signed = report.worst("volume_difference", None)["value"].abs()
    assert signed.is_monotonic_decreasing
    with pytest.raises(ValueError, match="volume_truth is a size"):
        report.worst("volume_truth")
    with pytest.raises(ValueError, match="n = -1: wanted a whole number of rows"):
        report.worst("dice", -1)
    with pytest.raises(ValueError, match="no metric 'hd95'; there are dice"):
        report.worst("hd95")


def test_influence_is_what_leaving_a_case_out_does(cases, report):
    table = report.influence("dice").set_index("item")
    for case in cases[0]:
        rest = [{k: v for k, v in side.items() if k != case} for side in cases]
        expected = segmentation(truth=rest[0], found=rest[1], labels=NAMES, metrics=["dice"])
        assert table.loc[case, "without"] == pytest.approx(expected.summary["dice"])
    assert table["influence"].abs().is_monotonic_decreasing


def test_intervals_are_those_of_means_over_cases(cases):
    report = segmentation(
        truth=cases[0], found=cases[1], labels=NAMES, metrics=["dice"], bootstrap=300, rng=4
    )
    values = report.table.pivot(index="case", columns="label", values="value")
    expected = mean_interval(values["liver"], low=0.0, high=1.0, resamples=300, rng=4)
    assert report.summary["dice[liver] low"] == expected.low
    assert report.summary["dice[liver] high"] == expected.high
    # four cases have a tumor, one has the rare label: no interval of so few
    assert "dice[rare] low" not in report.summary
    parts = report.evidence.parts(0)
    assert parts.mean() == pytest.approx(report.summary["dice"], rel=1e-13)
    assert report.summary["dice low"] < report.summary["dice"] < report.summary["dice high"]
    whole = segmentation(
        truth=cases[0], found=cases[1], labels={"a": 1, "b": (1, 2)}, metrics="iou"
    )
    by_case = whole.table.pivot(index="case", columns="label", values="value").mean(axis=1)
    assert whole.evidence.parts(0) == pytest.approx(by_case.to_numpy())
    assert [interval.name for interval in report.intervals][:2] == ["dice", "dice[liver]"]


def test_parts_follow_the_change_of_weights(report):
    """Each part is what a little more weight of its case adds to the mean."""
    evidence = report.evidence
    parts, count = evidence.parts(0), len(evidence.items)
    estimate = report.summary["dice"]
    for k in range(count):
        slopes = []
        for step in (1e-6, -1e-6):
            weights = np.ones((1, count))
            weights[0, k] += step
            slopes.append(float(evidence.statistics(weights)["dice"][0]) / step)
        slope = (slopes[0] + slopes[1]) / 2
        assert slope * count == pytest.approx(parts[k] - estimate, abs=1e-4)


@pytest.mark.slow
def test_the_interval_over_labels_holds_the_truth_where_values_are_missing():
    """Skewed values that hang together, and a label that is missing where cases are poor."""
    rng = np.random.default_rng(7)

    def draw(count):
        quality = rng.beta(6, 1.5, (count, 1))
        values = quality * rng.beta(8, 2, (count, 3)) * [1.0, 0.9, 0.7]
        values[:, 2] *= rng.random(count) > 0.15
        values[rng.random(count) < 0.4 * (1.2 - quality[:, 0]), 2] = np.nan
        return values

    expected = np.nanmean(draw(400_000), axis=0).mean()
    hits = 0
    for seed in range(400):
        values = draw(20)[None]
        groups = {"a": (1,), "b": (2,), "c": (3,)}
        evidence = SegmentationEvidence(
            (METRICS["dice"],), (), groups, values, np.zeros(values.shape, np.int8), values,
            Measure(),
        )  # fmt: skip
        interval = mean_interval(evidence.parts(0), low=0.0, high=1.0, resamples=499, rng=seed)
        hits += interval.low <= expected <= interval.high
    assert 0.92 <= hits / 400 <= 0.98


def test_strata(cases, tmp_path):
    sites = {case: {"site": "A" if k < 4 else "B"} for k, case in enumerate(cases[0])}
    report = segmentation(
        truth=cases[0], found=cases[1], labels=NAMES, metrics=["dice"], strata=sites
    )
    assert report.table.groupby("case")["site"].first().to_dict() == {
        case: entry["site"] for case, entry in sites.items()
    }
    frame = report.by_stratum.query("label == ''").set_index("level")
    for level, n in (("A", 4), ("B", 2)):
        chosen = [case for case in sites if sites[case]["site"] == level]
        part = [{case: side[case] for case in chosen} for side in cases]
        alone = segmentation(truth=part[0], found=part[1], labels=NAMES, metrics=["dice"])
        assert frame.loc[level, "value"] == pytest.approx(alone.summary["dice"])
        assert frame.loc[level, "n"] == n
    path = tmp_path / "strata.csv"
    path.write_text("case,site\n" + "".join(f"{c},{e['site']}\n" for c, e in sites.items()))
    same = segmentation(truth=cases[0], found=cases[1], labels=NAMES, metrics=["dice"], strata=path)
    pd.testing.assert_frame_equal(same.table, report.table)
    for strata, match in (
        ({"case_0": {"site": "A"}}, "strata: lacks the case 'case_1'"),
        ({case: {"label": "A"} for case in sites}, "'label' is one of the table's"),
    ):
        with pytest.raises(ValueError, match=match):
            segmentation(truth=cases[0], found=cases[1], strata=strata)


def test_settings_and_sentence(report):
    settings = report.settings
    assert settings["evaluation"] == "segmentation"
    assert settings["metrics"]["volume_truth"]["unit"] == "mm3"
    assert settings["metrics"]["dice"]["better"] == "higher"
    assert settings["labels"]["whole"] == [1, 2]
    assert [entry["case"] for entry in settings["inputs"]] == [f"case_{k}" for k in range(6)]
    assert all(len(entry["truth_sha256"]) == 64 for entry in settings["inputs"])
    sentence = report.methods()
    for part in ("6 pairs of label volumes", "4 labels", "over cases", "policy 'default'", "NumPy"):
        assert part in sentence
    assert isinstance(report, Report)
    assert repr(report).startswith("<SegmentationReport dice 0.")


def test_digests_tell_arrays_apart(cases):
    truth, found = cases[0]["case_1"], cases[1]["case_1"]
    first = segmentation(truth=truth, found=found).settings
    assert (
        first["truth"]["sha256"]
        == segmentation(truth=truth, found=truth).settings["truth"]["sha256"]
    )
    assert (
        first["found"]["sha256"]
        != segmentation(truth=truth, found=truth).settings["found"]["sha256"]
    )


def test_files_of_a_report(report, tmp_path):
    report.to_json(tmp_path / "report.json")
    content = json.loads((tmp_path / "report.json").read_text())
    assert list(content) == ["settings", "summary", "table", "folder"]
    assert list(content["table"][0])[:5] == ["case", "label", "metric", "value", "unit"]
    assert content["summary"]["dice"] == report.summary["dice"]
    report.to_csv(tmp_path / "report.csv")
    with (tmp_path / "report.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == len(report.table)
    infinite = next(row for row in rows if row["missing"] == "inf")
    assert infinite["value"] == ""
    text = report.to_html(tmp_path / "report.html")
    assert "Worst first, by dice" in text
    assert "data:image/svg+xml" in text
    odd = segmentation(truth=[1, 0], found=[1, 0], labels={"<b>&": 1}, metrics="dice")
    assert "&lt;b&gt;&amp;" in odd.to_html()
    assert "<b>&" not in odd.to_html()


def test_counts_are_what_was_counted(cases, report):
    counts = report.matches.set_index(["case", "label"])
    for case in cases[0]:
        a, b = cases[1][case] == 2, cases[0][case] == 2
        row = counts.loc[(case, "tumor")]
        assert [row.tp, row.fp, row.fn, row.tn] == [
            (a & b).sum(), (a & ~b).sum(), (b & ~a).sum(), (~a & ~b).sum(),
        ]  # fmt: skip
        assert row.voxel_volume == 3.0


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"metrics": ["dise"]}, r"no 'dise'; did you mean 'dice'\?; there are dice, iou"),
        ({"metrics": ["dice", "dsc"]}, "'dice' is there twice"),
        ({"metrics": []}, "metrics is empty"),
        ({"labels": {"a": ()}}, "wanted labels other than 0"),
        ({"labels": [0, 1]}, "wanted labels other than 0"),
        ({"labels": []}, "labels is empty"),
        ({"labels": [1], "ignore": 1}, "1 is to be scored, and is ignored"),
        ({"scale": 255}, "scale= is for soft=True"),
        ({"soft": "sum"}, "soft = 'sum'"),
        ({"soft": True, "ignore": 3}, "ignore needs labels"),
        ({"soft": "squared"}, "precision needs volumes, and soft='squared' measures sums of"),
        ({"soft": True, "metrics": "pq"}, "the metric pq needs labels"),
        ({"soft": True, "labels": [1, 2]}, "of one label, not of 2"),
        ({"bootstrap": 1.5}, "bootstrap = 1.5; wanted a whole number of draws, 50 or more"),
        ({"instances": "blobs", "metrics": "pq"}, "wanted 'components' or 'labels'"),
        ({"instances": "labels", "metrics": "lesion_dice"}, "is of components"),
        ({"challenge": "XYZ"}, "challenge = 'XYZ'"),
        ({"at_least": 1.5}, "at_least = 1.5"),
        ({"pattern": "*.nii"}, "is for folders; truth is a volume"),
    ],
)
def test_wrong_arguments(options, match):
    with pytest.raises(ValueError, match=match):
        segmentation(truth=[[0, 1]], found=[[0, 1]], **options)


def test_a_score_with_geometry_is_refused():
    with pytest.raises(TypeError, match=r"giou|enclosure_gap.*more than volumes"):
        segmentation(truth=[[0, 1]], found=[[0, 1]], metrics=[ov.giou])
