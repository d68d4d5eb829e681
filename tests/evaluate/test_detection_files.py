"""Files of regions in all forms: their content and their faults."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import overlap as ov
from overlap import cli
from overlap.evaluate import Detections, detection
from overlap.evaluate.checks import FORMS, Looking, inspect, inspect_together
from overlap.io.box_lines import read_box_lines
from overlap.io.box_tables import read_box_frame, read_box_table
from overlap.io.dota import read_dota_truth
from overlap.io.kitti import read_kitti
from overlap.io.nuscenes import read_nuscenes
from overlap.io.voc import read_voc_results, read_voc_truth
from overlap.io.yolo import read_yolo

from . import detection_programs as programs
from .coco_sets import random_boxes


def write(folder, files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    return str(folder)


def xml(*objects):
    parts = [
        f"<object><name>{name}</name>{difficult}<bndbox><ymin>{b}</ymin><xmin>{a}</xmin>"
        f"<xmax>{c}</xmax><ymax>{d}</ymax></bndbox></object>"
        for name, difficult, a, b, c, d in objects
    ]
    return "<annotation><filename>x.jpg</filename>" + "".join(parts) + "</annotation>"


def voc_files(tmp_path):
    hard = "<difficult>1</difficult>"
    truth = write(
        tmp_path / "Annotations",
        {
            "01.xml": xml(("dog", "", 1, 1, 10, 10), ("dog", hard, 21, 1, 30, 10)),
            "02.xml": xml(("cat", "<difficult>0</difficult>", 1, 1, 4, 4)),
            "03.xml": xml(),
        },
    )
    found = write(
        tmp_path / "results",
        {
            "comp4_det_test_dog.txt": "01 0.9 1 1 10 10\n02 0.8 1 1 4 4\n01 .7 21 1 30 10\n",
            "comp4_det_test_cat.txt": "02 0.5 1 1 4 5\n",
        },
    )
    return truth, found


def test_voc_folders(tmp_path):
    truth, found = voc_files(tmp_path)
    known, results = read_voc_truth(truth), read_voc_results(found)
    assert known.items == ("01", "02", "03")
    assert known.labels == ("cat", "dog")
    assert known.flags["difficult"].tolist() == [False, True, False]
    assert known.regions.to_array()[2].tolist() == [1, 1, 4, 4]
    assert known.findings == (f"{truth}: 1 object without difficult, read as 0",)
    assert results.labels == ("cat", "dog")
    assert results.confidence.tolist() == [0.5, 0.9, 0.8, 0.7]
    report = detection(truth=truth, found=found, protocol="voc2012")
    assert report.summary["mAP"] == 1.0
    rows = {row["class"]: row for row in report.rows()}
    assert not any("does not read" in note for note in report.settings["notes"])
    notes = detection(truth=truth, found=found, protocol="coco").settings["notes"]
    assert any("flag difficult, which the protocol does not read" in note for note in notes)
    assert (rows["dog"]["n_true"], rows["dog"]["n_ignored"], rows["dog"]["n_false"]) == (1, 1, 1)
    bare = write(tmp_path / "bare", {"dog.txt": "01 0.9 1 1 10 10\n09 .1 1 1 2 2", "ox.txt": ""})
    said = detection(truth=truth, found=bare, protocol="voc2007").findings
    assert any("1 detection of items that the truth lacks (first: '09')" in x for x in said)


@pytest.mark.parametrize(
    ("side", "name", "text", "message"),
    [
        ("Annotations", "02.xml", "<annotation>", "02.xml: not readable XML"),
        ("Annotations", "02.xml", "<a></a>", "02.xml: holds <a>, not an <annotation>"),
        ("Annotations", "02.xml", xml(("", "", 1, 1, 2, 2)), "02.xml, object 1: has no <name>"),
        ("Annotations", "02.xml", xml(("a", "", 1, "x", 2, 2)), "object 1: ymin is 'x'"),
        ("Annotations", "02.xml", xml(("a", "", 1, 1, 2, 0)), "ends before it begins"),
        ("Annotations", "02.xml", xml(("a", "<difficult>2</difficult>", 1, 1, 2, 2)), "wanted 0"),
        ("results", "comp4_det_test_dog.txt", "\n01 0.9 1 1 10\n", "dog.txt, line 2: 5 words"),
        ("results", "comp4_det_test_dog.txt", "01 nan 1 1 10 10\n", "'nan' is not a finite"),
        (
            "results",
            "comp4_det_test_dog.txt",
            "01 0.9 1 5 10 4\n",
            "line 1: the box .* ends before",
        ),
        ("results", "comp3_det_val_dog.txt", "", "two files have results of the class 'dog'"),
    ],
)
def test_faults_of_voc_name_file_and_row(tmp_path, side, name, text, message):
    truth, found = voc_files(tmp_path)
    write(tmp_path / side, {name: text})
    with pytest.raises(ValueError, match=message):
        detection(truth=truth, found=found, protocol="voc2012")


def test_lines_of_boxes_say_what_their_numbers_are(tmp_path):
    lines = write(tmp_path / "a", {"1.txt": "cat 1 2 3 4\n", "2.txt": ""})
    with pytest.raises(ValueError, match="say which: box_format='xywh' or 'xyxy'"):
        read_box_lines(lines)
    assert read_box_lines(lines, "xyxy").regions.to_array().tolist() == [[1, 2, 3, 4]]
    assert read_box_lines(lines, "xywh").regions.to_array().tolist() == [[1, 2, 4, 6]]
    assert read_box_lines(lines, "xywh").items == ("1", "2")
    sure = write(tmp_path / "b", {"1.txt": "cat 9 2 3 4\n"})
    assert "1 of 1 boxes cannot be two corners" in read_box_lines(sure).findings[0]
    with pytest.raises(ValueError, match=r"1.txt, line 1: the box .* ends before it begins"):
        read_box_lines(sure, "xyxy")
    with pytest.raises(ValueError, match="negative width"):
        read_box_lines(write(tmp_path / "c", {"1.txt": "cat 9 2 -3 4\n"}), "xywh")
    with pytest.raises(ValueError, match=r"1.txt, line 1: .* confidence seems to stand at the end"):
        read_box_lines(write(tmp_path / "e", {"1.txt": "c 10 2 3 4 0.9\nc 5 6 3 4 1"}), "xywh")
    with pytest.raises(ValueError, match=r"2.txt, line 1: 6 words|1.txt, line 1: 5 words"):
        read_box_lines(
            write(tmp_path / "d", {"1.txt": "c 1 2 3 4", "2.txt": "c 1 1 2 3 4"}), "xywh"
        )


NUMPY = ",".join(map(repr, np.linspace(0, 1, 11).tolist()))


@pytest.mark.reference
@pytest.mark.parametrize(
    ("protocol", "fields", "wanted"),
    [
        ("voc2007", ["--set", f"recalls={NUMPY}"], [0.3333333333, 0.2683982683, 0.0303030303, 0]),
        ("voc2007", [], [0.3689064559, 0.2683982683, 0.0303030303, 0]),  # 9 of 15 reach 0.6
        ("voc2012", [], [0.3371980676, 0.2456866804, 0.0222222222, 0]),
        ("voc2012", ["--set", "measure=iou"], [None, 0.2253968254, None, 0]),
    ],
)
def test_published_numbers_from_the_shell(reference_data, tmp_path, protocol, fields, wanted):
    folder = reference_data / "boxes" / "padilla_voc"
    out = tmp_path / "report.json"
    words = ["detection", str(folder / "gts"), str(folder / "dets"), "--protocol", protocol]
    words += ["--iou", "0.1,0.3,0.5,0.75", "--out", str(out), "--quiet", *fields]
    assert cli.main(words) == 0
    summary = json.loads(out.read_text())["summary"]
    for name, value in zip(("0.10", "0.30", "0.50", "0.75"), wanted, strict=True):
        if value is not None:
            assert summary[f"mAP@{name}"] == pytest.approx(value, abs=1e-10)


def test_folders_are_checked_alone_and_together(tmp_path):
    truth, found = voc_files(tmp_path)
    looked = [(path, *inspect(path, Looking(progress=False))) for path in (truth, found)]
    assert [check for _, check, _ in looked] == [FORMS, FORMS]
    assert [seen.role for *_, seen in looked] == ["truth", "found"]
    (together,) = inspect_together(looked)
    assert dict(together.seen.facts)["images"] == "2 of 3 have results"


def test_sides_are_not_exchanged(tmp_path):
    truth, found = voc_files(tmp_path)
    with pytest.raises(ValueError, match=r"has no confidences|Are truth and found exchanged"):
        detection(truth=found, found=truth, protocol="voc2012")
    table = Detections.of(["a"], ["b"], ov.Boxes([[0, 0, 1, 1]]))
    with pytest.raises(ValueError, match="folder of no known form"):
        detection(truth=str(tmp_path), found=table)


def test_classes_are_chosen(tmp_path):
    truth, found = voc_files(tmp_path)
    report = detection(truth=truth, found=found, protocol="voc2012", classes=["dog", "ox"])
    assert report.settings["classes"] == ["dog", "ox"]
    assert report.summary["mAP"] == 0.5
    assert np.isclose(
        detection(truth=truth, found=found, protocol="voc2012", classes=["dog"]).summary["mAP"], 1
    )


def dota_files(tmp_path):
    head = "imagesource:GoogleEarth\ngsd:0.146\n"
    truth = write(
        tmp_path / "labelTxt",
        {
            "P1.txt": head + "0 0 8 0 8 4 0 4 ship 0\n20 0 28 0 28 4 20 4 ship 1\n",
            "P2.txt": head + "0 0 4 4 0 8 -4 4 plane\n",
            "P3.txt": head,
        },
    )
    found = write(
        tmp_path / "Task1",
        {
            "Task1_ship.txt": "P1 0.9 0 0 8 0 8 4 0 4\nP1 0.8 20 0 28 0 28 4 20 4\n",
            "Task1_plane.txt": "P2 0.4 0 0 4 4 0 8 -4 4\nP3 0.6 0 0 4 4 0 8 -4 4\n",
            "Task1_harbor.txt": "",
        },
    )
    return truth, found


def test_dota_folders(tmp_path):
    truth, found = dota_files(tmp_path)
    known = read_dota_truth(truth)
    assert known.items == ("P1", "P2", "P3")
    assert known.flags["difficult"].tolist() == [False, True, False]
    assert known.regions.measure().tolist() == [32, 32, 32]
    assert "1 line without difficult" in known.findings[0]
    report = detection(truth=truth, found=found, protocol="dota")
    values = {row["class"]: (row["value"], row["n_ignored"]) for row in report.rows()}
    assert values["plane"] == (pytest.approx(0.5), 0)
    assert values["ship"] == (pytest.approx(1.0), 1)
    many = detection(truth=truth, found=found, protocol="dota", classes=["plane", "ship", "harbor"])
    assert many.summary["mAP"] == pytest.approx(0.5)  # a class without truth has 0
    write(tmp_path / "Task1", {"Task1_ship.txt": "P1 0.9 0 0 8 4 8 0 0 4\nP1 1 1 1 1 1 1 1 1 1\n"})
    said = " ".join(detection(truth=truth, found=found, protocol="dota").findings)
    assert "1 quadrilateral whose sides cross" in said
    assert "1 quadrilateral of area 0" in said


def test_dota_folders_of_task_2(tmp_path):
    truth, _ = dota_files(tmp_path)
    lines = {
        "ship": "P1 0.9 0 0 8 4\nP1 0.8 20 0 28 4\n",
        "plane": "P2 0.4 -4 0 4 8\nP3 0.6 0 0 4 4\n",
    }
    found = write(tmp_path / "Task2", {f"Task2_{name}.txt": text for name, text in lines.items()})
    report = detection(truth=truth, found=found, protocol="dota_task2", kind="boxes")
    values = {row["class"]: (row["value"], row["n_ignored"]) for row in report.rows()}
    assert values == {"plane": (pytest.approx(0.5), 0), "ship": (pytest.approx(1.0), 1)}
    assert "1 quadrilateral not upright, whose outer boxes are taken" in " ".join(report.findings)
    write(tmp_path / "labelTxt", {"P4.txt": "0.7 0 8.9 0 8.9 4 0.7 4 ship 0\n"})
    cut = read_dota_truth(truth, "boxes")
    assert cut.regions.to_array()[-1].tolist() == [0, 0, 8, 4]
    assert "1 quadrilateral with fractions of pixels" in " ".join(cut.findings)
    for kind, name, text, message in (
        (None, "Task2_ship.txt", "", "results of task 2, upright boxes; give kind='boxes'"),
        ("boxes", "Task2_ship.txt", "P1 0.9 8 0 0 4", "line 1: .* a box ends before it begins"),
        ("boxes", "Task2_ship.txt", "P1 0.9 0 0 8", "line 1: 5 words: .* image score xmin ymin"),
        ("boxes", "Task1_ship.txt", "", "has results of task 1 and of task 2"),
        ("masks", "Task1_ship.txt", "", "files of DOTA have no masks"),
    ):
        write(tmp_path / "Task2", {name: text})
        with pytest.raises(ValueError, match=message):
            detection(truth=truth, found=found, protocol="dota_task2", kind=kind)
    polygons = read_dota_truth(truth)
    with pytest.raises(ValueError, match=r"kind = .boxes. is for JSON of COCO, .* changes"):
        detection(truth=polygons, found=polygons, protocol="f1", kind="boxes")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("P2.txt", "0 0 4 4 0 8 -4 4 plane 7", "P2.txt, line 1: difficult is '7'"),
        ("P2.txt", "0 0 4 4 0 8 -4 4", "P2.txt, line 1: 8 words"),
        ("P2.txt", "gsd:1\n0 0 4 inf 0 8 -4 4 plane 0", "P2.txt, line 2: corners: 'inf'"),
    ],
)
def test_faults_of_dota_name_file_and_row(tmp_path, name, text, message):
    truth, found = dota_files(tmp_path)
    write(tmp_path / "labelTxt", {name: text})
    with pytest.raises(ValueError, match=message):
        detection(truth=truth, found=found, protocol="dota")


def test_yolo_folders(tmp_path):
    from PIL import Image

    truth = write(
        tmp_path / "labels",
        {"a.txt": "0 0.5 0.5 0.2 0.4\n", "b.txt": "", "classes.txt": "cat\nox\n"},
    )
    found = write(tmp_path / "predictions", {"a.txt": "0 0.5 0.5 0.2 0.4 0.9\n1 .5 .5 .1 .1 .8\n"})
    with pytest.raises(ValueError, match="are shares of their image, and there are no images"):
        detection(truth=truth, found=found)
    (tmp_path / "images").mkdir()
    for name, size in (("a", (100, 50)), ("b", (30, 40))):
        Image.new("RGB", size).save(tmp_path / "images" / f"{name}.png")
    known = read_yolo(truth)
    assert known.labels == ("cat", "ox")
    assert known.regions.to_array().tolist() == [[40, 15, 60, 35]]
    assert detection(truth=truth, found=found).summary["AP"] == pytest.approx(1, abs=1e-9)
    table = tmp_path / "sizes.csv"
    table.write_text("image,width,height\na.jpg,10,5\nb.jpg,10,5\n")
    for sizes in (str(table), (10, 5), "10x5", {"a": (10, 5), "b": (10, 5)}):
        assert read_yolo(truth, sizes).regions.to_array().tolist() == [[4, 1.5, 6, 3.5]]
    table.write_text("image,width,height\nb.jpg,10,5\n")
    with pytest.raises(ValueError, match="have no size of the image 'a'"):
        read_yolo(truth, str(table))
    for text, message in (
        ("0 0.5 0.5 1.2 0.4", "a.txt, line 1: .* are no shares of an image"),
        ("2 0.5 0.5 0.2 0.4", "a.txt, line 1: the class is 2, and .*classes.txt has 2 names"),
        ("0 0.5 0.5 -.005 0.4", "a.txt, line 1: a width or height is negative"),
        ("x 0.5 0.5 0.2 0.4", "a.txt, line 1: the class is 'x'"),
    ):
        write(tmp_path / "labels", {"a.txt": text})
        with pytest.raises(ValueError, match=message):
            read_yolo(truth)


def test_yolo_data_files(tmp_path):
    labels = write(tmp_path / "labels" / "val", {"a.txt": "1 0.5 0.5 0.2 0.4\n", "b.txt": ""})
    found = write(tmp_path / "runs", {"a.txt": "1 0.5 0.5 0.2 0.4 0.9\n"})
    data = tmp_path / "data.yaml"
    options = {"found": found, "images": "100x50"}
    for text in (
        "path: .\nval: images/val\nnames: [cat, ox]\n",
        "val: ../images/val\nnames:\n  0: cat\n  1: ox\n",
        "val: labels/val\nnames: {1: ox, 0: cat}\nnc: 2\n",
    ):
        data.write_text(text)
        for truth in (str(data), labels):  # the names are found beside the labels as well
            report = detection(truth=truth, **options)
            assert report.settings["classes"] == ["cat", "ox"]
            assert report.summary["AP"] == pytest.approx(1, abs=1e-9)
    for text, message in (
        ("val: images/test\nnames: [cat, ox]\n", "data.yaml: val is 'images/test', and there are"),
        ("names: [cat, ox]\n", "data.yaml: val is None; wanted one folder"),
        ("val: images/val\nnames: [ox, ox]\n", "data.yaml: the name 'ox' is there twice"),
        ("val: images/val\nnames: {1: ox}\n", r"names have the numbers \[1\]; wanted 0, 1, 2"),
        ("val: images/val\nnames: cat\n", "names is 'cat'; wanted a list of names"),
        ("val: images/val\nnames: [cat]\n", "the class is 1, and .*data.yaml has 1 names"),
        ("val: [\n", "data.yaml: not a readable YAML file"),
        ("- a\n", "data.yaml: is no data file of YOLO"),
    ):
        data.write_text(text)
        with pytest.raises(ValueError, match=message):
            detection(truth=str(data), **options)


def test_classes_of_kitti_in_any_case(tmp_path):
    line = "{} 0 0 -10 10 10 60 60 1 1 1 0 0 9 0"
    truth = write(tmp_path / "a", {"1.txt": line.format("Car") + "\n" + line.format("dontcare")})
    found = write(tmp_path / "b", {"1.txt": line.format("car") + " 0.5\n"})
    assert read_kitti(truth).flags["dontcare"].tolist() == [False, True]
    assert detection(truth=truth, found=found, protocol="voc2012").summary["mAP"] == 1.0


def test_numbers_of_lines_are_plain(tmp_path):
    for word in ("1_0", "٣", "1e999", "0x1", "1,5"):
        folder = write(tmp_path / "a", {"1.txt": f"cat 0.5 1 2 {word} 4\n"})
        with pytest.raises(ValueError, match=r"1.txt, line 1: .* is not a finite number"):
            read_box_lines(folder, "xywh")


def test_yolo_corners_turn_in_pixels(tmp_path):
    """Shares of a wide image are no right angles."""
    quad = "0 0.5 0.25 0.75 0.5 0.5 0.75 0.25 0.5"
    truth = write(tmp_path / "labels", {"a.txt": quad, "b.txt": quad})
    found = write(tmp_path / "found", {"a.txt": quad + " 0.5\n", "b.txt": quad + " 0.25\n"})
    assert read_yolo(truth, "200x100").regions.measure().tolist() == [2500, 2500]
    report = detection(truth=truth, found=found, protocol="dota", images="200x100")
    assert report.summary["mAP"] == pytest.approx(1.0)
    assert report.settings["classes"] == ["0"]


def nuscenes_box(x, name="car", **fields):
    return {
        "translation": [x, 0.0, 1.0], "size": [2.0, 4.0, 1.5], "rotation": [1.0, 0.0, 0.0, 0.0],
        "detection_name": name, **fields,
    }  # fmt: skip


def test_nuscenes_files(tmp_path):
    truth = {"results": {"t1": [nuscenes_box(0.0), nuscenes_box(9.0)], "t2": []}}
    found = {"results": {"t1": [nuscenes_box(0.2, detection_score=0.9)], "t2": []}}
    paths = [tmp_path / "truth.json", tmp_path / "found.json"]
    for path, content in zip(paths, (truth, found), strict=True):
        path.write_text(json.dumps(content))
    report = detection(truth=paths[0], found=paths[1], protocol="nuscenes")
    assert report.settings["truth"]["kind"] == "upright boxes"
    assert report.summary["mAP"] == pytest.approx(40 / 90)  # recalls to 0.5 of 0.11 to 1
    assert [inspect(str(path))[0] for path in paths] == [FORMS, FORMS]
    for change, message in (
        ({"size": [1, 2]}, r"results\['t1'\]\[0\]: size is \[1, 2\]; wanted 3 finite numbers"),
        ({"detection_name": 3}, "detection_name is 3; wanted a name"),
        ({"detection_score": "a"}, "detection_score is 'a'; wanted a finite number"),
        ({"detection_score": 10**400}, "detection_score is 1000.*; wanted a finite number"),
        ({"rotation": [0.7, 0.7, 0, 0]}, "boxes in the order of the file"),
    ):
        bad = {"results": {"t1": [nuscenes_box(0.0, detection_score=0.9) | change]}}
        paths[1].write_text(json.dumps(bad))
        with pytest.raises(ValueError, match=message):
            detection(truth=paths[0], found=paths[1], protocol="nuscenes")


def kitti_line(rng, name, boxes, k, score=None):
    x, y, w, h = boxes
    truncated, occluded = float(rng.choice([0, 0, 0, 0.15, 0.2, 0.6])), int(rng.integers(0, 7)) // 2
    space = [1.5, 2.0, 4.0, x / 8, 1.6, y / 4, float(rng.integers(-1, 2))]
    if name == "DontCare":
        space = [-1, -1, -1, -1000, -1000, -1000, -10]
    alpha = -10 if name == "DontCare" else round(float(rng.uniform(-3.14, 3.14)), 2)
    words = [name, truncated, occluded, alpha, x, y, x + w, y + h, *space]
    return " ".join(map(str, words if score is None else [*words, score]))


def kitti_files(folder, seed):
    rng = np.random.default_rng(seed)
    names = [*["Car"] * 4, *["Pedestrian"] * 2, "Cyclist", "Van", "Person_sitting", "DontCare"]
    truth, found = {}, {}
    for image in range(6):
        lines, results = [], []
        for k in range(int(rng.integers(0, 12))):
            box = [*rng.integers(0, 8, 2) * 10.0, 40, rng.choice([24, 25, 26, 40, 45, 60])]
            name = names[rng.integers(0, len(names))]
            lines.append(kitti_line(rng, name, box, k))
            for _ in range(int(rng.integers(0, 3))):
                near = [x + float(rng.integers(-1, 2)) for x in box]
                other = name if rng.random() < 0.8 else names[rng.integers(0, 7)]
                other = "Car" if other == "DontCare" else other
                results.append(kitti_line(rng, other, near, k, int(rng.integers(0, 12)) / 12))
        truth[f"{image:06}.txt"] = "\n".join(lines)
        found[f"{image:06}.txt"] = "\n".join(rng.permutation(results).tolist())
    return write(folder / "label_2", truth), write(folder / "data", found)


@pytest.mark.parametrize("kind", ["boxes", "birdseye", "upright"])
@pytest.mark.parametrize("seeds", [range(2), pytest.param(range(2, 300), marks=pytest.mark.slow)])
def test_kitti(tmp_path, kind, seeds):
    for seed in seeds:
        truth, found = kitti_files(tmp_path / str(seed), seed)
        sides = [read_kitti(folder, kind) for folder in (truth, found)]
        overlap = ov.iou.pairwise(sides[1].regions, sides[0].regions)
        options = {"truth": truth, "found": found, "kind": kind}
        reports = {
            tuple(places): detection(protocol=name, **options).summary
            for name, places in (("kitti_r11", range(0, 41, 4)), ("kitti_r40", range(1, 41)))
        }
        for label, threshold in (("Car", 0.7), ("Pedestrian", 0.5), ("Cyclist", 0.5)):
            for level, difficulty in enumerate(("easy", "moderate", "hard")):
                curves = programs.kitti(*sides, label, level, threshold, overlap)
                for places, summary in reports.items():
                    ap, aos = (sum(curve[k] for k in places) / len(places) for curve in curves)
                    assert summary[f"{label} {difficulty}"] == ap, (seed, label, level)
                    name = f"AOS {label} {difficulty}"
                    assert (name in summary) == (kind == "boxes")
                    if kind == "boxes":
                        assert summary[name] == pytest.approx(aos, abs=1e-14), (seed, label, level)


def test_angles_of_kitti_that_are_unknown(tmp_path):
    line = "Car 0 0 {} 0 0 90 90 1.5 2 4 0 1.6 0 0"
    truth = write(tmp_path / "label_2", {"a.txt": line.format("0")})
    for alpha, wanted in (("0", 1.0), ("3.141592653589793", 0.0), ("-6.2", 0.998)):
        found = write(tmp_path / "data", {"a.txt": line.format(alpha) + " 0.5"})
        report = detection(truth=truth, found=found, protocol="kitti_r11")
        share = report.summary["AOS Car easy"] / report.summary["Car easy"]
        assert share == pytest.approx(wanted, abs=1e-3)
    for alpha in ("-10", "90"):
        found = write(tmp_path / "data", {"a.txt": line.format(alpha) + " 0.5"})
        report = detection(truth=truth, found=found, protocol="kitti_r11")
        assert "AOS Car easy" not in report.summary
        note = "no orientation similarity (AOS): alpha is unknown (-10), or no angle in radians, "
        assert note + "of 0 truths and 1 detection" in " ".join(report.settings["notes"])


def test_errors_where_truths_choose_are_those_where_detections_choose(tmp_path):
    line = "{0} 0 0 0 {1}00 0 {1}60 60 1.5 2 4 0 1.6 0 0"
    there = [("Car", 0), ("Pedestrian", 1), ("Car", 2), ("Cyclist", 3)]
    here = [("Cyclist", 3, 0.9), ("Car", 1, 0.8), ("Car", 0, 0.7), ("Car", 0, 0.6), ("Car", 7, 0.5)]
    sides = {
        name: write(
            tmp_path / name,
            {
                f"{image}.txt": "\n".join(
                    " ".join([line.format(*one), *map(str, one[2:])])
                    for one in rows[:: 1 - 2 * image]
                )
                for image in (0, 1)
            },
        )
        for name, rows in (("truth", there), ("found", here))
    }
    one, other = (detection(**sides, protocol=name) for name in ("kitti_r40", "voc2012"))
    assert one.errors().table.equals(other.errors().table)
    assert one.suspects().equals(other.suspects())
    assert one.worst().equals(other.worst())
    assert one.matches["truth@0.50"].equals(other.matches["truth@0.50"])
    assert one.suspects()["truth_label"].tolist() == ["Pedestrian"] * 2


def test_detections_in_regions_without_annotation_are_no_errors(tmp_path):
    line = "{} -1 -1 {} {} 0 {} 60 1 1 1 0 0 1 0"
    rows = line.format("DontCare", -10, 0, 300), line.format("Car", 0, 400, 460)
    truth = write(tmp_path / "truth", {"a.txt": "\n".join(rows)})
    rows = line.format("Car", 0, 10, 70), line.format("Car", 0, 250, 310)
    found = write(tmp_path / "found", {"a.txt": "\n".join(f"{row} 0.5" for row in rows)})
    report = detection(truth=truth, found=found, protocol="kitti_r40")
    assert report.matches["outcome@0.50"].tolist() == ["ignored", "ignored"]
    found = write(tmp_path / "found", {"a.txt": line.format("Car", 0, 270, 330) + " 0.5"})
    report = detection(truth=truth, found=found, protocol="kitti_r40")
    assert report.matches["outcome@0.50"].tolist() == ["false"]


def test_kitti_in_blocks_and_with_intervals(tmp_path):
    truth, found = kitti_files(tmp_path, 7)
    options = {"protocol": "kitti_r40", "bootstrap": 60}
    one = detection(truth=truth, found=found, **options)
    assert one.to_dict() == detection(truth=truth, found=found, workers=2, **options).to_dict()
    assert "Car easy" in one.to_html(tmp_path / "page.html")
    assert len(one.matches) == len(read_kitti(found))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Car 0 0 -10 1 1 9 9 1 1 1 0 0 9", "000001.txt, line 1: 14 words"),
        ("Car x 0 0 -10 1 1 9 9 1 1 1 0 0 9 0", "000001.txt, line 1: 16 words.* rotation_y$"),
        ("Car 0 0 -10 1 1 9 x 1 1 1 0 0 9 0", "line 1: .*'x' is not a finite number"),
        ("Car 0 0 -10 9 1 1 9 1 1 1 0 0 9 0", "line 1: .* ends before it begins"),
        ("Car 0 0 -10 1 1 9 9 1 1 1 0 0 9 -90", "line 1: rotation_y is -90, .* wanted radians"),
    ],
)
def test_faults_of_kitti_name_file_and_row(tmp_path, text, message):
    truth, found = kitti_files(tmp_path, 1)
    write(tmp_path / "label_2", {"000001.txt": text})
    with pytest.raises(ValueError, match=message):
        detection(truth=truth, found=found, protocol="kitti_r40", kind="birdseye")


TABLE = (
    "Image ID,class,x_min,y_min,x_max,y_max,difficult\na,cat,0,0,4,4,0\nb,cat,0,0,2,2,1\nc,,,,,,\n"
)
SCORED = "image;class;score;x;y;w;h\na;cat;0.9;0;0;4;4\nb;cat;0.8;0;0;2;2\nc;dog;0.7;0;0;2;2\n"


def test_tables_by_the_names_of_their_columns(tmp_path):
    paths = tmp_path / "truth.csv", tmp_path / "found.csv"
    for path, text in zip(paths, (TABLE, SCORED), strict=True):
        path.write_text(text)
    known = read_box_table(paths[0])
    assert known.items == ("a", "b", "c")
    assert known.flags["difficult"].tolist() == [False, True]
    assert known.row.tolist() == [2, 3]
    report = detection(truth=str(paths[0]), found=str(paths[1]), protocol="voc2012")
    assert report.summary["mAP"] == 1.0
    assert any("1 detection of classes that the truth lacks" in x for x in report.findings)
    frames = pd.read_csv(paths[0]), pd.read_csv(paths[1], sep=";")
    again = detection(truth=frames[0], found=frames[1], protocol="voc2012")
    assert again.rows() == report.rows()
    assert [inspect(str(path))[0] for path in paths] == [FORMS, FORMS]
    turned = pd.DataFrame({"image": ["a"], "class": ["x"], "cx": [2], "cy": [1], "w": [4], "h": [2],
                           "angle_degrees": [90]})  # fmt: skip
    assert read_box_frame(turned).regions.bounds()[1].ravel().round(9).tolist() == [3.0, 3.0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (TABLE.replace("0,0,4,4", "0,x,4,4"), "truth.csv, line 2: ymin is 'x'"),
        ("image,width,height,class,x,y,w,h\na,99,80,c,1,2,3,4", "line 2: the columns x, y, width"),
        ("image,width,height,class,x,y,x2,y2\na,99,80,c,1,2,3,4", "x, y, x2, y2 are another one"),
        ("image,class,cx,cy,w,h,angle_radians\na,c,1,2,3,4,90", "line 2: angle_radians is 90"),
        (TABLE.replace("0,0,4,4", "5,0,4,4"), "truth.csv, line 2: the box .* ends before"),
        (TABLE.replace("2,2,1", "2,2,7"), "truth.csv, line 3: difficult is '7'"),
        (TABLE.replace("a,cat", ",cat"), "truth.csv, line 2: image"),
        (TABLE.replace("a,cat", "a,"), "truth.csv, line 2: label"),
        (TABLE.replace("a,cat,0", "a,cat,"), "truth.csv, line 2: xmin is ''"),
    ],
)
def test_faults_of_tables_name_file_and_row(tmp_path, text, message):
    (tmp_path / "truth.csv").write_text(text)
    with pytest.raises(ValueError, match=message):
        read_box_table(str(tmp_path / "truth.csv"))


def test_a_box_may_stand_there_twice(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("image,class,x1,y1,x2,y2,left,top,width,height\na,c,1,2,9,8,1,2,8,6.001\n")
    assert read_box_table(str(path)).regions.to_array().tolist() == [[1, 2, 9, 8]]
    path.write_text("image,class,x,y,xmax,ymax\na,c,1,2,9,8\n")
    assert read_box_table(str(path)).regions.to_array().tolist() == [[1, 2, 9, 8]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("image class x1 y1 x2 y2\na c 1 2 3 4\n", "missing column for image"),
        ("a,c,1,2,3,4\n", "missing column for image"),
        ("image,class,cx,cy,w,h\na,c,1,2,3,4\n", "has no columns of boxes; wanted x1, y1, x2, y2"),
    ],
)
def test_tables_of_no_known_form_say_what_they_lack(tmp_path, text, message):
    path = tmp_path / "truth.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        detection(truth=str(path), found=str(path))


def test_sizes_of_images_are_certain(tmp_path):
    found = write(tmp_path / "found", {"a.txt": "\ufeff0 0.5 0.5 0.2 0.4 0.9\n"})
    truth = write(tmp_path / "truth", {"a.txt": "\ufeff0 0.5 0.5 0.2 0.4\n"})
    assert detection(truth=truth, found=found, images="100X50").summary["AP50"] > 0.999
    with pytest.raises(
        ValueError, match="images = '640,480' is no file or folder; wanted a folder"
    ):
        detection(truth=truth, found=found, images="640,480")
    sizes = tmp_path / "sizes.csv"
    sizes.write_text("image,width,height\na.png,10,20\na.jpg,10,30\n")
    with pytest.raises(
        ValueError, match=r"sizes.csv, line 3: the image 'a' has another size above"
    ):
        detection(truth=truth, found=found, images=str(sizes))
    for name, side in (("a.png", 20), ("a.jpg", 30)):
        Image.new("L", (10, side)).save(tmp_path / name)
    with pytest.raises(ValueError, match=r"a.jpg and .*a.png have different sizes"):
        detection(truth=truth, found=found, images=str(tmp_path))
    outside = write(tmp_path / "far", {"a.txt": "0 0.9 0.5 0.5 0.2 0.3\n" * 10})
    assert "100 % of the boxes leave their image" in read_yolo(outside, (100, 50)).findings[0]


def test_groups_of_open_images(tmp_path):
    head = "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded,IsGroupOf"
    truth = f"{head}\na,x,/m/1,1,0.1,0.3,0.1,0.3,0,0\na,x,/m/1,1,0.5,0.9,0.5,0.9,0,1\n"
    found = "ImageID,LabelName,Score,XMin,XMax,YMin,YMax\n"
    found += "a,/m/1,.9,.6,.7,.6,.7\na,/m/1,.8,.1,.3,.1,.3\n"
    paths = tmp_path / "truth.csv", tmp_path / "found.csv"
    for path, text in zip(paths, (truth, found), strict=True):
        path.write_text(text)
    report = detection(truth=paths[0], found=paths[1], protocol="openimages")
    (row,) = report.rows()
    assert (row["value"], row["n_truth"], row["n_ignored"]) == (1.0, 1, 1)


def test_a_folder_of_images_may_be_given_with_any_form(tmp_path):
    truth, found = random_boxes(0)
    detection(truth=truth, found=found, images=str(tmp_path))
    with pytest.raises(ValueError, match=r"images = '640x480' .* changes nothing of"):
        detection(truth=truth, found=found, images="640x480")


def test_labels_of_yolo_with_odd_classes_are_not_boxes_in_pixels(tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.txt").write_text("car 0.5 0.5 0.2 0.3\n")
    with pytest.raises(ValueError, match=r"all boxes lie in the first two pixels.* labels of YOLO"):
        read_box_lines(tmp_path, "xywh")


def test_sides_of_other_units_and_missing_names_are_told():
    boxes = np.array([[10.0, 10, 50, 40], [50, 50, 70, 80]])
    columns = {"x1": 0, "y1": 1, "x2": 2, "y2": 3}
    truth, found = (
        pd.DataFrame({"image": ["a", "b"], "label": ["car", "nan"],
                      **{name: scale * boxes[:, k] for name, k in columns.items()}})
        for scale in (1.0, 0.01)
    )  # fmt: skip
    said = " ".join(detection(truth=truth, found=found.assign(score=0.5)).findings)
    assert "half of the boxes of DataFrame end before 65, and half of those of" in said
    assert "names that look like missing values: 'nan'" in said


VOC = (
    "<annotation><object><name>dog</name>{name}<bndbox><xmin>1</xmin>{corner}<ymin>2</ymin>"
    "<xmax>30</xmax><ymax>40</ymax></bndbox>{box}</object></annotation>"
)  # fmt: skip


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        (
            {"name": "<name>cat</name>"},
            "object 1: <name> is there twice, with 'dog' and with 'cat'",
        ),
        ({"corner": "<xmin>5</xmin>"}, "object 1: <xmin> is there twice, with '1' and with '5'"),
        ({"box": "<bndbox><xmin>1</xmin></bndbox>"}, "object 1: has 2 <bndbox>; give each an"),
        ({"box": "<difficult>0</difficult><difficult>1</difficult>"}, "<difficult> is there twice"),
    ],
)
def test_elements_of_voc_that_are_there_twice(tmp_path, parts, said):
    usual = {"name": "", "corner": "", "box": ""}
    (tmp_path / "a.xml").write_text(VOC.format(**usual))
    assert len(read_voc_truth(tmp_path)) == 1
    (tmp_path / "a.xml").write_text(VOC.format(**usual | parts))
    with pytest.raises(ValueError, match=re.escape(said)):
        read_voc_truth(tmp_path)


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ("90 0", "truncated is 90; wanted a share from 0 to 1"),
        ("0 7", "occluded is 7; wanted 0, 1"),
    ],
)
def test_flags_of_kitti_are_those_of_its_form(tmp_path, flags, said):
    line = "Car {} -1.6 100 120 180 160 1.5 1.6 4.0 2.0 1.7 10.0 -1.57\n"
    (tmp_path / "0.txt").write_text(line.format("0.5 3") + line.format("-1 -1"))
    assert len(read_kitti(tmp_path)) == 2
    (tmp_path / "0.txt").write_text(line.format("0.5 3") + line.format(flags))
    with pytest.raises(ValueError, match=f"0.txt, line 2: {said}"):
        read_kitti(tmp_path)


def test_boxes_of_nuscenes_stand_under_their_sample(tmp_path):
    box = {"translation": [1, 2, 3], "size": [2, 4, 1.5], "rotation": [1, 0, 0, 0],
           "detection_name": "car", "sample_token": "b"}  # fmt: skip
    (tmp_path / "a.json").write_text(json.dumps({"results": {"a": [box]}}))
    with pytest.raises(ValueError, match=r"sample_token is 'b', and the box stands under 'a'"):
        read_nuscenes(tmp_path / "a.json")


@pytest.mark.parametrize("missing", [False, True])
def test_a_frame_of_numbers_and_codes_is_read_as_one_of_objects(missing):
    rng = np.random.default_rng(4)
    for size in (0, 1, 30):
        corner = rng.integers(0, 9, (size, 2))
        frame = pd.DataFrame(
            {
                "image": rng.integers(0, 5, size),
                "label": pd.Categorical(rng.choice(["b", "a", "c"], size), ["c", "d", "b", "a"]),
                **dict(zip(("x1", "y1"), corner.T.astype(np.float32), strict=True)),
                **dict(zip(("x2", "y2"), (corner + 2).T, strict=True)),
                "score": rng.random(size),
                "ignore": rng.integers(0, 2, size),
            }
        )
        if missing:  # an image without a box
            some = pd.DataFrame({"image": [7]})
            frame = pd.concat([frame[:10], some, frame[10:]], ignore_index=True)
        read = read_box_frame(frame)
        assert read == read_box_frame(frame.astype(object))
        assert len(read) == size
        if size > 1:
            assert read.labels == ("a", "b", "c")
            assert read.row.tolist() == [k for k in range(len(frame)) if not missing or k != 10]
            with pytest.raises(ValueError, match="row 3: x1 is inf; wanted a finite number"):
                read_box_frame(frame.assign(x1=frame.x1.where(frame.index != 3, np.inf)))
