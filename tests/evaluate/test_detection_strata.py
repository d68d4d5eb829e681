"""Strata of detection: ranges of sizes, and attributes of images or truths from a table."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import overlap as ov
from overlap import cli
from overlap.evaluate import Detections, compare, detection
from overlap.evaluate.checks import STRATA, Looking, inspect

from .coco_sets import random_boxes

WEATHER = {1: "rain", 2: "sun", 3: "rain", 4: "sun", 5: "fog", 6: "sun"}


def table():
    return pd.DataFrame({"image": list(WEATHER), "weather": list(WEATHER.values()),
                         "speed": [5.0, 7.5, 30, 31, 40, 2]})  # fmt: skip


def of_images(truth, found, images):
    """The part of a set that some images are."""
    part = {**truth, "images": [row for row in truth["images"] if row["id"] in images]}
    part["annotations"] = [row for row in truth["annotations"] if row["image_id"] in images]
    return part, [row for row in found if row["image_id"] in images]


@pytest.mark.parametrize("protocol", ["coco", "voc2012", "f1"])
def test_images_of_a_level_are_as_by_themselves(protocol):
    for seed in range(2):
        truth, found = random_boxes(seed)
        report = detection(truth=truth, found=found, protocol=protocol, strata=table())
        plain = detection(truth=truth, found=found, protocol=protocol)
        first = report.numbers[0]
        assert first.value == plain.numbers[0].value
        for name, value in plain.items:
            np.testing.assert_equal(report.summary[name], value)
        for level in ("rain", "sun", "fog"):
            images = [k for k, name in WEATHER.items() if name == level]
            part = of_images(truth, found, images)
            fields = {} if protocol == "coco" else {"class_without_truth": "leave_out"}
            alone = detection(truth=part[0], found=part[1], protocol=protocol, **fields)
            whole = detection(truth=truth, found=found, protocol=protocol, strata=table(),
                              **fields)  # fmt: skip
            front, at, level_name = first.name.partition("@")
            name = f"{front}[weather={level}]{at}{level_name}"
            np.testing.assert_equal(whole.summary[name], alone.numbers[0].value)


def test_numbers_of_a_table_are_ranges():
    truth, found = random_boxes(1)
    with pytest.raises(ValueError, match="DataFrame: lacks the images '3', '1'"):
        detection(truth=truth, found=found, strata=table()[["image", "weather"]].iloc[[1, 3, 4, 5]])
    text = "slow=speed:0:10,fast=speed:10:inf"
    rules = ov.evaluate.DETECTION_PROTOCOLS["coco"].with_fields(strata=text)
    one = detection(truth=truth, found=found, protocol=rules, strata=table())
    named = table().assign(speed=["slow", "slow", "fast", "fast", "fast", "slow"])
    other = detection(truth=truth, found=found, strata=named)
    for name in ("slow", "fast"):
        assert one.summary[f"AP[{name}]"] == other.summary[f"AP[speed={name}]"]
        assert one.summary[f"AR[{name}]"] == other.summary[f"AR[speed={name}]"]
    many = pd.DataFrame({"image": list(WEATHER), "time": list(range(6))})
    assert "AP[time=5]" in detection(truth=truth, found=found, strata=many).summary
    with pytest.raises(ValueError, match="is empty; give it a value such as 'unknown'"):
        detection(truth=truth, found=found, strata=named.assign(weather=""))
    for size in ("area", "width"):  # one that truths have, and one that boxes have
        with pytest.raises(ValueError, match=f"column '{size}' has the name of a size of the reg"):
            detection(truth=truth, found=found, strata=many.rename(columns={"time": size}))
    with pytest.raises(TypeError, match="strata is a int; wanted a file, a DataFrame"):
        detection(truth=truth, found=found, strata=3)


def test_attributes_of_truths_and_shapes():
    boxes = ov.Boxes([[0, 0, 10, 2], [20, 0, 22, 10], [40, 0, 46, 5]])
    truth = Detections.of(["a"] * 3, ["x"] * 3, boxes)
    found = Detections.of(["a"] * 3, ["x"] * 3, boxes, [0.9, 0.8, 0.7])
    found = found.select(np.array([0, 2]))
    far = ov.Boxes([[90, 0, 91, 9]])
    wrong = Detections.of(["a"] * 3, ["x"] * 3,
                          ov.Boxes(np.vstack([found.regions.to_array(), far.to_array()])),
                          [0.9, 0.8, 0.95])  # fmt: skip
    shapes = "tall=aspect:0:0.5,square=aspect:0.5:2,wide=aspect:2:inf"
    rules = ov.evaluate.DETECTION_PROTOCOLS["voc2012"].with_fields(strata=shapes)
    report = detection(truth=truth, found=wrong, protocol=rules)
    values = [report.summary[f"mAP[{name}]"] for name in ("tall", "square", "wide")]
    assert values == [0.0, 1.0, 1.0]  # the false one is tall, and counts there alone
    lit = pd.DataFrame({"item": "a", "row": [0, 1, 2], "light": ["day", "day", "night"]})
    report = detection(truth=truth, found=wrong, protocol="voc2012", strata=lit)
    assert report.summary["mAP[light=day]"] == pytest.approx(0.25)  # false ones count everywhere
    assert report.summary["mAP[light=night]"] == pytest.approx(0.5)
    with pytest.raises(ValueError, match=r"lacks the rows of the truth \('a', '2'\)"):
        detection(truth=truth, found=wrong, strata=lit.iloc[:2])
    with pytest.raises(ValueError, match="strata need the size 'distance', which its Boxes do not"):
        detection(truth=truth, found=wrong, protocol=rules.with_fields(strata="far=distance:9:inf"))
    with pytest.raises(ValueError, match="wanted NAME=SIZE:LEAST:MOST"):
        rules.with_fields(strata="far=distance:9")
    with pytest.raises(ValueError, match="two areas or strata have the name 'small'"):
        ov.evaluate.DETECTION_PROTOCOLS["coco"].with_fields(strata="small=area:0:9")


def test_strata_from_the_shell(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    truth, found = random_boxes(1)
    (tmp_path / "truth.json").write_text(json.dumps(truth))
    (tmp_path / "found.json").write_text(json.dumps(found))
    table().to_csv("weather.csv", index=False)
    words = ["detection", "truth.json", "found.json", "--strata", "weather.csv"]
    assert cli.main([*words, "--out", "a.json", "--out", "a.html", "--plot", "a.png"]) == 0
    shown = capsys.readouterr().out
    assert "AP[weather=fog]" in shown
    payload = json.loads((tmp_path / "a.json").read_text())
    assert payload["settings"]["strata"]["columns"] == ["weather", "speed"]
    assert inspect("weather.csv", Looking(progress=False))[0] is STRATA
    assert cli.main([*words, "--set", "strata=slow=speed:0:10", "--protocol", "voc2012"]) == 0
    assert "mAP[slow]" in capsys.readouterr().out
    assert cli.main([*words, "--protocol", "all"]) == 0


def test_reports_with_a_table_from_files(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    truth, found = random_boxes(1)
    (tmp_path / "truth.json").write_text(json.dumps(truth))
    (tmp_path / "found.json").write_text(json.dumps(found))
    table().to_csv("weather.csv", index=False)
    plain = ["detection", "truth.json", "found.json", "--quiet"]
    words = [*plain, "--strata", "weather.csv"]
    assert cli.main([*plain, "--out", "plain.json"]) == 0
    assert cli.main([*words, "--out", "a.json"]) == 0
    ranges = ["--set", "strata=slow=speed:0:10", "--set", "comparison=>"]
    assert cli.main([*words, *ranges, "--out", "b.json"]) == 0
    assert cli.main([*words, "--protocol", "all", "--out", "all.json"]) == 0
    for a, b, metric in (("a", "a", "AP[weather=rain]"), ("b", "b", "AP[slow]"), ("a", "b", "AP"),
                         ("plain", "a", "AP"), ("a", "plain", "AP50"),
                         ("all", "all", "voc2012 mAP[weather=sun]")):  # fmt: skip
        assert cli.main(["explain", f"{a}.json", f"{b}.json", "--metric", metric]) == 0
        assert ("ther.csv" in capsys.readouterr().out) == ("plain" in (a, b))
    assert (
        cli.main(["compare", "a.json", "b.json", "--allow", "protocol", "--resamples", "50"]) == 0
    )
    changed = table().assign(weather="sun")
    changed.to_csv("weather.csv", index=False)
    capsys.readouterr()
    assert cli.main(["explain", "a.json", "a.json"]) == 2
    assert "a.json: its table of strata weather.csv has changed since" in capsys.readouterr().err
    report = detection(truth="truth.json", found="found.json", strata=table())
    report.to_json("memory.json")
    assert cli.main(["explain", "memory.json", "memory.json"]) == 2
    assert "its table of strata was not a file" in capsys.readouterr().err


def offered(a, b):
    """Names of the differences that refuse a comparison."""
    with pytest.raises(ValueError, match="not comparable") as caught:
        compare(a, b, resamples=50)
    return str(caught.value).partition("--allow ")[2].partition(" ")[0].split(",")


def test_images_without_a_truth_are_in_the_contract_of_strata():
    truth, found = random_boxes(0)
    truth = {**truth, "annotations": [row for row in truth["annotations"] if row["image_id"] != 1]}
    assert any(row["image_id"] == 1 for row in found)
    other = table().replace({"weather": {"rain": "sun"}}).where(table()["image"] == 1, table())
    a, b = (detection(truth=truth, found=found, strata=one) for one in (table(), other))
    assert a.summary["AP[weather=sun]"] != b.summary["AP[weather=sun]"]
    assert offered(a, b) == ["strata"]


def test_what_makes_a_truth_federated_is_in_the_contract():
    truth, found = random_boxes(0)
    rest = [category["id"] for category in truth["categories"][1:]]
    reports = []
    for negative, letters in ((rest, "rcf"), ([], "rcf"), (rest, "fcr")):
        images = [{**image, "neg_category_ids": negative, "not_exhaustive_category_ids": []}
                  for image in truth["images"]]  # fmt: skip
        categories = [{**one, "frequency": letters[k % 3]}
                      for k, one in enumerate(truth["categories"])]  # fmt: skip
        given = {**truth, "images": images, "categories": categories}
        reports.append(detection(truth=given, found=found, protocol="lvis"))
    assert offered(*reports[:2]) == ["judged"]
    assert offered(reports[0], reports[2]) == ["groups"]
    assert compare(reports[0], reports[0], names=["a", "b"], resamples=50)
