"""From one protocol of detection to another, and all protocols in one report."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest

import overlap as ov
from overlap import cli
from overlap.evaluate import DETECTION_PROTOCOLS, Detections, detection, explain

from .coco_sets import random_boxes

NAMES = ["coco", "voc2007", "voc2012", "dota", "openimages"]


@pytest.fixture(scope="module")
def sides():
    truth, found = random_boxes(3)
    return {"truth": truth, "found": found}


def test_every_protocol_that_the_input_allows(sides, tmp_path):
    report = detection(**sides, protocol="all")
    names = list(report.evidence.reports)
    assert sorted(names) == sorted([*NAMES, "f1", "dota_task2"])
    summary = report.summary
    for name in names:
        alone = detection(**sides, protocol=name).summary
        for metric, value in alone.items():
            np.testing.assert_equal(summary[f"{name} {metric}"], value)
    notes = " ".join(report.settings["notes"])
    assert "lvis is left out: the truth does not say which classes were looked for" in notes
    assert "kitti_r40 is left out: regions have no occlusion" in notes
    assert "nuscenes is left out: distances in meters are measured between boxes" in notes
    (table,) = report.brief()[:1]
    assert [row[0] for row in table.rows] == names
    text = report.to_html(tmp_path / "page.html")
    assert "All protocols" in text
    assert "voc2012: Summary" in text
    report.plot(tmp_path / "all.png")
    assert set(report.rows()[0]) >= {"protocol", "class", "value"}
    with pytest.raises(ValueError, match="takes no comparison: choose one protocol"):
        detection(**sides, protocol="all", comparison=">")
    assert json.loads(report.to_json())["settings"]["protocol"] == "all"


def test_other_inputs_allow_other_protocols():
    boxes = ov.UprightBoxes([[0, 0, 0, 4, 2, 1, 0]] * 2)
    truth = Detections.of(["a", "b"], ["car", "car"], boxes)
    found = Detections.of(["a"], ["car"], boxes[:1], [0.5])
    report = detection(truth=truth, found=found, protocol="all")
    assert list(report.evidence.reports) == ["coco", "f1", "dota", "openimages", "nuscenes"]
    assert "pixels are counted of boxes in images" in " ".join(report.settings["notes"])
    bare = Detections.of(["a"], ["car"], boxes[:1])
    assert list(detection(truth=truth, found=bare, protocol="all").evidence.reports) == ["f1"]


@pytest.mark.parametrize(("one", "other"), list(itertools.permutations(NAMES, 2)))
def test_steps_add_up(sides, one, other):
    a, b = (detection(**sides, protocol=name) for name in (one, other))
    steps = explain(a, b)
    rows = steps.rows()
    metric = a.items[0][0]
    assert rows[0][metric] == a.items[0][1]
    assert rows[-1][metric] == pytest.approx(b.items[0][1], abs=1e-12)
    assert sum(row["change"] for row in rows) == pytest.approx(
        b.items[0][1] - a.items[0][1], abs=1e-12
    )
    fields = [name for row in rows[1:] for name in row["field"].split(", ")]
    goal, start = DETECTION_PROTOCOLS[other], DETECTION_PROTOCOLS[one]
    known = [x for x in vars(goal) if x not in ("name", "description")]
    assert sorted(fields) == sorted(x for x in known if getattr(goal, x) != getattr(start, x))


def test_distances_options_and_inputs_are_steps(sides):
    boxes = ov.Boxes([[0, 0, 4, 2], [9, 9, 12, 12]])
    truth = Detections.of(["a", "b"], ["car", "ox"], boxes)
    found = Detections.of(["a", "b"], ["car", "ox"], boxes.scaled(1.1), [0.5, 0.4])
    a = detection(truth=truth, found=found)
    b = detection(truth=truth, found=found, protocol="nuscenes", classes=["car"], ties="stable")
    steps = explain(a, b, names=("x", "y"))
    named = {row["field"]: row for row in steps.rows()}
    assert "measure, thresholds, ceiling, comparison" in named
    assert named["classes"]["after"] == ("car",)
    assert "ties" in named
    assert "input" not in named
    c = detection(truth=truth, found=found.select(np.array([0])))
    assert explain(a, c).rows()[-1]["field"] == "input"
    assert "nothing" not in steps.headline()
    with pytest.raises(ValueError, match="report b has no metric 'AP'"):
        explain(a, detection(truth=truth, found=found, protocol="f1"))
    frame = {"video": ["a"], "label": ["x"], "start": [0.0], "stop": [1.0], "score": [0.5]}
    import pandas as pd

    other = ov.evaluate.temporal(truth=pd.DataFrame(frame).drop(columns="score"),
                                 found=pd.DataFrame(frame), iou=0.5)  # fmt: skip
    with pytest.raises(ValueError, match="different kinds of evaluation"):
        explain(other, detection(truth=truth, found=found, protocol="voc2012"))


def test_from_the_shell(sides, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name, content in sides.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    files = ["detection", "truth.json", "found.json", "--quiet"]
    for out, words in {
        "coco": [], "voc": ["--protocol", "voc2012", "--classes", "c1,c2"],
        "set": ["--set", "comparison=>", "--set", "areas=all=0:1e10,tiny=0:90"],
        "wide": ["--set", "strata=wide=aspect:1:inf,low=height:0:33.5"],
        "all": ["--protocol", "all"],
    }.items():  # fmt: skip
        assert cli.main([*files, *words, "--out", f"{out}.json"]) == 0
    words = ["--out", "why.csv", "--out", "why.html", "--plot", "why.png"]
    assert cli.main(["explain", "coco.json", "voc.json", *words]) == 0
    assert "class_without_truth" in capsys.readouterr().out
    assert (tmp_path / "why.csv").read_text().count("\n") > 8
    assert cli.main(["explain", "coco.json", "set.json"]) == 0
    assert cli.main(["explain", "wide.json", "coco.json", "--metric", "AP50"]) == 0
    assert cli.main(["explain", "wide.json", "wide.json", "--metric", "AP[wide]"]) == 0
    assert cli.main(["explain", "all.json", "all.json", "--metric", "dota mAP"]) == 0
    assert cli.main(["compare", "coco.json", "set.json", "--allow", "protocol"]) == 0
    assert cli.main(["compare", "coco.json", "voc.json"]) == 2
    found = sides["found"][:-1]
    (tmp_path / "found.json").write_text(json.dumps(found))
    capsys.readouterr()
    assert cli.main(["explain", "coco.json", "voc.json"]) == 2
    assert "its found found.json has changed since" in capsys.readouterr().err
    assert cli.main([*files, "--protocol", "all", "--iou", "0.5"]) == 2
    assert "--iou needs one protocol, not all" in capsys.readouterr().err
