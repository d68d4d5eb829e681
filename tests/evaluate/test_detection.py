"""Detection by COCO's rules, beside pycocotools and published numbers."""

from __future__ import annotations

import json

import numpy as np
import pytest

import overlap as ov
from overlap import cli, evaluate
from overlap.evaluate import DETECTION_PROTOCOLS, Detections, detection
from overlap.evaluate._detection import evidence
from overlap.io import sample_path

from .coco_sets import pycocotools_numbers, random_boxes, random_masks

TWELVE = ("AP", "AP50", "AP75", "AP[small]", "AP[medium]", "AP[large]",
          "AR@1", "AR@10", "AR@100", "AR[small]", "AR[medium]", "AR[large]")  # fmt: skip


def assert_same(report, stats):
    mine = np.array([dict(report.summary_items())[name] for name in TWELVE])
    np.testing.assert_array_equal(np.where(np.isnan(mine), -1.0, mine), stats)


@pytest.mark.parametrize("seeds", [range(5), pytest.param(range(5, 300), marks=pytest.mark.slow)])
def test_every_digit_of_pycocotools(seeds):
    for seed in seeds:
        truth, found = random_boxes(seed)
        assert_same(detection(truth=truth, found=found), pycocotools_numbers(truth, found))


@pytest.mark.parametrize("seeds", [range(3), pytest.param(range(3, 100), marks=pytest.mark.slow)])
def test_every_digit_of_masks(seeds):
    for seed in seeds:
        truth, found = random_masks(seed)
        report = detection(truth=truth, found=found)
        assert report.settings["found"]["kind"] == "masks"
        assert_same(report, pycocotools_numbers(truth, found, "segm"))


@pytest.mark.reference
def test_the_published_twelve_of_masks(reference_data):
    folder = reference_data / "boxes" / "coco_val2014_100"
    report = detection(
        truth=folder / "instances_val2014_100.json",
        found=folder / "instances_val2014_fakesegm100_results.json",
    )
    printed = [0.320, 0.562, 0.299, 0.387, 0.310, 0.327, 0.268, 0.415, 0.417, 0.469, 0.377, 0.381]
    assert [round(report.summary[name], 3) for name in TWELVE] == printed


@pytest.mark.reference
def test_the_published_twelve_from_the_shell(reference_data, tmp_path):
    folder = reference_data / "boxes" / "coco_val2014_100"
    files = ("instances_val2014_100.json", "instances_val2014_fakebbox100_results.json")
    out = tmp_path / "report.json"
    words = ["detection", *(str(folder / name) for name in files), "--out", str(out), "--quiet"]
    assert cli.main(words) == 0
    summary = json.loads(out.read_text())["summary"]
    assert [summary[name] for name in TWELVE] == [
        0.5045806987249628, 0.6969727247299577, 0.5729816669904824, 0.5856257209410443,
        0.5193996948036719, 0.5013978986347466, 0.38681277964578054, 0.5936795762842003,
        0.595352982877607, 0.6398109626113442, 0.5664205978994309, 0.5642905982905982,
    ]  # fmt: skip


def test_blocks_of_images_give_the_same():
    truth, found = random_boxes(3)
    alone = detection(truth=truth, found=found, bootstrap=60)
    assert alone.to_dict() == detection(truth=truth, found=found, bootstrap=60, workers=2).to_dict()


@pytest.mark.parametrize("protocol", ["coco", "lvis", "voc2012", "nuscenes", "openimages"])
def test_threads_give_the_same(protocol, monkeypatch):
    chosen = DETECTION_PROTOCOLS[protocol].with_fields(federated=False)
    monkeypatch.setattr(evidence, "_COST", 1e9)  # any number of detections is worth threads
    for seed in range(3):
        truth, found = random_boxes(seed)
        reports = []
        for threads in ("1", "3"):
            monkeypatch.setenv("OVERLAP_THREADS", threads)
            reports.append(detection(truth=truth, found=found, protocol=chosen).to_dict())
        assert reports[0] == reports[1]


def test_any_kind_takes_any_protocol():
    """Rotated boxes that stand upright have the numbers of boxes."""
    truth, found = random_boxes(11)
    for row in truth["annotations"]:
        row["iscrowd"] = 0
    both = {}
    for name, rows in (("truth", truth["annotations"]), ("found", found)):
        xywh = np.array([row["bbox"] for row in rows])
        both[name] = (
            [row["image_id"] for row in rows], [row["category_id"] for row in rows],
            ov.Boxes.from_xywh(xywh), [row.get("score", 1.0) for row in rows],
        )  # fmt: skip
    numbers = []
    for turn in (lambda boxes: boxes, ov.RotatedBoxes.from_boxes):
        tables = {
            name: Detections.of(item, label, turn(boxes), score if name == "found" else None)
            for name, (item, label, boxes, score) in both.items()
        }
        numbers.append(detection(**tables).summary.to_numpy())
    with pytest.raises(ValueError, match=r"and the regions are RotatedBoxes; take measure='iou'"):
        detection(**tables, protocol="voc2012")
    np.testing.assert_allclose(*numbers, rtol=0, atol=1e-12)


def test_fields_change_the_rules_and_the_name():
    truth, found = random_boxes(5)
    report = detection(truth=truth, found=found, max_detections="1,2,3")
    assert report.settings["protocol"] == "coco[max_detections=1/2/3]"
    wanted = pycocotools_numbers(truth, found, maxDets=[1, 2, 3])[6:9]
    assert report.summary[["AR@1", "AR@2", "AR@3"]].tolist() == wanted.tolist()
    one = detection(truth=truth, found=found, class_agnostic=True)
    assert one.settings["classes"] == ["all"]
    with pytest.raises(ValueError, match="no field 'maxdets'"):
        detection(truth=truth, found=found, maxdets=100)
    with pytest.raises(ValueError, match="did you mean 'coco'"):
        detection(truth=truth, found=found, protocol="cocoo")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t, f: t["annotations"][0].pop("bbox"), r"annotations\[0\]: bbox is None"),
        (lambda t, f: t["annotations"][1]["bbox"].__setitem__(2, -1.0), r"negative width"),
        (lambda t, f: t["annotations"][1].update(category_id=99), "category_id 99 is not one of"),
        (lambda t, f: t["annotations"][1].update(iscrowd=2), "iscrowd is 2; wanted 0 or 1"),
        (lambda t, f: t["images"].append({"id": 1}), "the id 1 appears twice"),
        (lambda t, f: t.pop("categories"), "has no list 'categories'"),
        (lambda t, f: f[0].update(image_id=77), r"result\[0\]: image_id 77 is not one of"),
        (lambda t, f: f[0].update(image_id="1"), "write ids as the truth does"),
        (lambda t, f: f[2].update(score=float("nan")), r"result\[2\]: score is nan"),
        (lambda t, f: f[2].update(score="0.5"), r"result\[2\]: score is '0.5'"),
        (lambda t, f: f[0].pop("category_id"), r"result\[0\] has no image_id or category_id"),
        (lambda t, f: f[2].update(score=10**400), r"result\[2\]: score is 1000"),
        (lambda t, f: f[2].update(score=None), r"result\[2\]: score is None"),
        (lambda t, f: f[2].update(score=[0.5]), r"result\[2\]: score is \[0.5\]"),
        (lambda t, f: [row.update(score=[0.5]) for row in f], r"result\[0\]: score is \[0.5\]"),
        (lambda t, f: f[1].update(bbox={1, 2, 3, 4}), r"result\[1\]: bbox is \{1, 2, 3, 4\}"),
        (
            lambda t, f: [
                row.update(bbox=np.array(row["bbox"]) - 1e6 * (row is f[3])) for row in f
            ],
            r"result\[3\]: bbox .* negative width",
        ),
        (lambda t, f: f[0].update(bbox=[1, 2, 3]), r"result\[0\]: bbox is \[1, 2, 3\]"),
        (lambda t, f: f[1].update(bbox=["1", 2, 3, 4]), r"result\[1\]: bbox is \['1', 2, 3, 4\]"),
        (lambda t, f: f[1].update(bbox=[1, 2, 3, True]), r"result\[1\]: bbox is \[1, 2, 3, True\]"),
        (lambda t, f: f[1].update(bbox=[1, 2, 10**400, 4]), r"result\[1\]: bbox is \[1, 2, 1000"),
        (lambda t, f: f[1].update(bbox=[1, 2, 1e300, 1e300]), r"result: box 1 has sides 1e\+300"),
    ],
)
def test_bad_input_names_the_row(change, message):
    truth, found = random_boxes(0)
    change(truth, found)
    with pytest.raises(ValueError, match=message):
        detection(truth=truth, found=found)


def made(item=("a", "b"), label=(1, 2), confidence=(0.9, 0.8), **more):
    return Detections.of(item, label, ov.Boxes([[0, 0, 4, 4], [1, 1, 9, 9]]), confidence, **more)


def test_sides_of_images_that_float64_does_not_hold():
    truth, found = random_boxes(0)
    before = detection(truth=truth, found=found).summary
    truth["images"][0]["width"] = 10**400
    assert detection(truth=truth, found=found).summary.equals(before)


def test_names_are_equal_as_numbers_are():
    for label in ([1.0, 2.0], np.array([1, 2], np.uint8), ["1", "2"], [1, "2"], [1, 2.0]):
        assert made(label=label).labels == ("1", "2"), label
    for item in ([10.0, 9], [10, np.int64(9)], np.array([10, 9], dtype=object)):
        assert made(item=item).items == ("9", "10"), item  # in the order of numbers
    assert made(item=[0.5, "b"]).items == ("0.5", "b")


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("item", [None, "b"], "row 0: item is None; wanted a name or a whole number"),
        ("item", [1.0, np.nan], "row 1: item is nan"),
        ("item", ["a", np.nan], "row 1: item is nan"),
        ("item", np.array([b"a", b"b"]), "row 0: item is b'a'"),
        ("label", [2.0**60, 2**60 + 1], "row 0: label is 1.15"),
        ("label", np.ma.masked_array([1, 2], [0, 1]), r"label: the value at \[1\] is masked"),
        ("confidence", ["0.9", "0.8"], "confidence: expected real numbers, got an array of <U3"),
        ("confidence", [True, False], "confidence: expected real numbers, got an array of bool"),
        ("confidence", np.ma.masked_array([1.0, 2.0], [0, 1]), r"the value at \[1\] is masked"),
        ("confidence", np.array(["2024", "2025"], "M8[Y]"), "confidence: .* got times"),
        (
            "confidence",
            [1, 10**400],
            r"confidence: the value at \[1\] is int 1000.*; wanted a number",
        ),
        ("area", ["1", "2"], "area: expected real numbers"),
        ("crowd", np.ma.masked_array([0, 1], [0, 1]), r"crowd: the value at \[1\] is masked"),
    ],
)
def test_columns_are_not_misread(column, values, message):
    with pytest.raises((ValueError, TypeError), match=message):
        made(**{column: values})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"recalls": "0,50,100"}, r"recalls = .*: wanted 0 to 1"),
        ({"classes": [""]}, "the truth has none of them; it has"),
        ({"classes": ["c1", ""]}, "give one name or more"),
        ({"classes": ["nobody"]}, "the truth has none of them; it has"),
        ({"box_format": "xyxy"}, "is for text files with lines of boxes, and changes nothing of"),
        (
            {"images": (640, 480)},
            "is for labels of YOLO, or a folder of images to draw, and changes nothing of",
        ),
        ({"kind": "birdseye"}, "JSON of COCO has boxes and masks"),
    ],
)
def test_options_without_effect_are_refused(options, message):
    truth, found = random_boxes(0)
    with pytest.raises(ValueError, match=message):
        detection(truth=truth, found=found, **options)


def test_names_that_are_spelt_otherwise_are_said():
    report = detection(truth=made(confidence=None, label=("cat", "dog")),
                       found=made(item=("a.jpg", "b.jpg"), label=("Cat", "dog")))  # fmt: skip
    said = " ".join(report.findings)
    assert "0 of 2 images of the detections are in the truth; 2 differ from a name there" in said
    assert "only by upper and lower case ('Cat' for 'cat'): spell them alike" in said


def test_regions_alone_are_no_input():
    boxes = ov.Boxes([[0, 0, 1, 1]])
    with pytest.raises(TypeError, match=r"Boxes have no images and classes; give Detections\.of"):
        detection(truth=boxes, found=boxes)


def test_exchanged_sides_are_said():
    truth, found = random_boxes(0)
    with pytest.raises(ValueError, match="Are truth and found exchanged"):
        detection(truth=found, found=truth)
    with pytest.raises(ValueError, match="Are truth and found exchanged"):
        detection(truth=truth, found=truth)


def test_guesses_are_findings():
    truth, found = random_boxes(0)
    del truth["annotations"][0]["iscrowd"], truth["annotations"][1]["area"]
    truth["annotations"][2]["keypoints"] = []
    found.append({"image_id": 1, "category_id": 50, "bbox": [0, 0, 1, 1], "score": 0.5})
    said = " ".join(detection(truth=truth, found=found).findings)
    assert "1 annotation without iscrowd, read as 0" in said
    assert "1 annotation without area" in said
    assert "keypoints are not used" in said
    assert "1 result of categories that the truth lacks" in said


def test_ids_that_appear_twice_are_counted():
    truth, found = random_boxes(1)
    for row in truth["annotations"][:2]:
        row["id"] = 7
    said = " ".join(detection(truth=truth, found=found).findings)
    assert "annotations: 1 id there more than once (first: 7); each of these" in said
    truth["annotations"][0]["id"] = [1]
    with pytest.raises(ValueError, match="annotations: an id is a list or mapping"):
        detection(truth=truth, found=found)


def test_classes_are_no_string():
    """Its letters would be names of classes."""
    truth, found = random_boxes(0)
    with pytest.raises(TypeError, match="classes = 'ab' is one string; wanted a list"):
        detection(truth=truth, found=found, classes="ab")


def as_corners(rows):
    return [{**row, "bbox": [x, y, x + w, y + h]} for row in rows for x, y, w, h in [row["bbox"]]]


def told_of_corners(truth, found):
    report = detection(truth=truth, found=found)
    return [said for said in report.findings if "two corners" in said]


def without(truth, *keys, part="annotations"):
    rows = [{k: v for k, v in row.items() if k not in keys} for row in truth[part]]
    return {**truth, part: rows}


def test_corners_are_told_by_areas_and_by_the_other_side():
    """Nothing else may be known: neither areas nor sizes of images."""
    truth, found = (
        json.loads(sample_path(f"detection_{role}").read_text()) for role in ("truth", "found")
    )
    bare = without(without(truth, "area"), "width", "height", part="images")
    wrong = {**truth, "annotations": as_corners(truth["annotations"])}
    masks = [{**row, "area": 0.6 * row["area"]} for row in wrong["annotations"]]
    bare_wrong = without(without(wrong, "area"), "width", "height", part="images")
    few = {row["image_id"] for row in truth["annotations"][:9]}
    some = {**bare, "annotations": [r for r in bare["annotations"] if r["image_id"] in few]}
    for given, results in ((truth, found), (bare, found), (some, found[:3]), (bare, found[:1])):
        assert told_of_corners(given, results) == []
    for given, results, said in (
        (
            wrong,
            found[:1],
            "100 % of the areas are those of bbox as two corners, and 0 % are width",
        ),
        ({**wrong, "annotations": masks}, found[:1], "100 % of the boxes hold their area as two"),
        (
            bare,
            as_corners(found),
            "4 % of 206 boxes reach an IoU of 0.5 with one of dict, and 81 %",
        ),
        (
            bare_wrong,
            found,
            "3 % of 192 boxes reach an IoU of 0.5 with one of list, and 80 % would",
        ),
        (bare_wrong, as_corners(found), "each of the 192 boxes could be two corners"),
        (without(wrong, "area"), as_corners(found)[:3], "of the boxes leave their image"),
    ):
        assert any(said in one for one in told_of_corners(given, results)), said


def test_usual_boxes_are_not_taken_for_corners():
    for seed in range(12):
        truth, found = random_boxes(seed)
        assert told_of_corners(truth, found) == []
        assert told_of_corners(without(truth, "area"), found) == []


def test_corners_in_place_of_sizes_are_noticed():
    rng = np.random.default_rng(0)
    low = rng.uniform(100, 300, (50, 2))
    corners = np.hstack([low, low + rng.uniform(10, 100, (50, 2))])
    truth = {
        "images": [{"id": 1, "width": 420, "height": 420}],
        "categories": [{"id": 1, "name": "a"}],
        "annotations": [],
    }
    found = [
        {"image_id": 1, "category_id": 1, "bbox": row, "score": 0.5} for row in corners.tolist()
    ]
    assert "none does as two corners" in " ".join(detection(truth=truth, found=found).findings)
    turned = dict(truth)
    turned["annotations"] = [
        {"id": k + 1, "image_id": 1, "category_id": 1, "bbox": row, "iscrowd": 0}
        for k, row in enumerate(corners.tolist())
    ]
    said = " ".join(detection(truth=turned, found=found[:1]).findings)
    assert "none does as two corners" in said
    shares = [{**row, "bbox": [x / 420 for x in row["bbox"]]} for row in found]
    said = " ".join(detection(truth=truth, found=shares).findings)
    assert "all boxes lie in the first two pixels, as shares of the image do" in said
    from_zero = [{**row, "category_id": 0} for row in found]
    said = " ".join(detection(truth=truth, found=from_zero).findings)
    assert "Do results count categories from 0?" in said


def test_a_report_is_compared_and_drawn(tmp_path):
    truth, found = random_boxes(7)
    good = detection(truth=truth, found=found)
    poor = detection(truth=truth, found=found[: len(found) // 2])
    assert evaluate.compare(poor, good, names=["poor", "good"]).metric == "AP"
    assert "Precision against recall" in good.to_html(tmp_path / "page.html")
    assert len(good.matches) == len(found)
    assert set(good.matches["outcome@0.50"]) <= {"true", "false", "ignored", "excluded"}
    assert repr(DETECTION_PROTOCOLS["coco"].settings())
