"""What people look at: operating points, confusions, kinds of error, calibration, worst images."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest

import overlap as ov
from overlap import cli
from overlap.evaluate import Detections, detection
from overlap.io import sample_path

from .coco_sets import random_boxes
from .plain_tide import ratio, tide

SEEDS = [range(4), pytest.param(range(4, 300), marks=pytest.mark.slow)]


def kept(found, least):
    return [row for row in found if row["score"] >= least]


@pytest.mark.parametrize("seeds", SEEDS)
def test_points_are_those_of_the_detections_that_are_left(seeds):
    """Evaluated anew without the less confident detections, counts are the same."""
    for seed in seeds:
        truth, found = random_boxes(seed)
        report = detection(truth=truth, found=found)
        least = 0.4
        points = report.operating_points(confidence=least).set_index("class")
        rows = detection(truth=truth, found=kept(found, least)).table
        rows = rows[(rows["iou"] == 0.5) & (rows["area"] == "all")].set_index("class")
        for label, row in rows.iterrows():
            mine = points.loc[label]
            assert mine[["n_truth", "n_true", "n_false"]].tolist() == [
                row["n_truth"], row["n_true"], row["n_false"],
            ]  # fmt: skip
        whole = points.loc["all classes"]
        assert whole["n_true"] == rows["n_true"].sum()
        assert whole["n_missed"] == rows["n_truth"].sum() - rows["n_true"].sum()


@pytest.mark.parametrize("seeds", SEEDS)
def test_no_confidence_has_a_larger_f1(seeds):
    for seed in seeds:
        truth, found = random_boxes(seed)
        report = detection(truth=truth, found=found)
        best = report.operating_points().set_index("class")
        tried = [report.operating_points(confidence=c).set_index("class")["f1"]
                 for c in sorted({row["score"] for row in found})]  # fmt: skip
        most = np.nanmax(np.nan_to_num(np.array(tried)), axis=0)
        np.testing.assert_array_equal(np.nan_to_num(best["best_f1"].to_numpy()), most)


def plain_confusion(truth, found, least, iou=0.5):
    names = [row["id"] for row in truth["categories"]]
    counts = np.zeros((len(names) + 1, len(names) + 1), dtype=int)
    for image in {row["id"] for row in truth["images"]}:
        known = [row for row in truth["annotations"] if row["image_id"] == image]
        some = [row for row in kept(found, least) if row["image_id"] == image]
        some.sort(key=lambda row: -row["score"])
        free, left = [row for row in known if not row["iscrowd"]], []
        for row in some:
            own = [one for one in free if one["category_id"] == row["category_id"]]
            best = max(own[::-1], key=lambda one: ratio(row["bbox"], one["bbox"]), default=None)
            if best and ratio(row["bbox"], best["bbox"]) >= iou:
                free.remove(best)
                k = names.index(row["category_id"])
                counts[k, k] += 1
            elif not any(
                one["iscrowd"]
                and one["category_id"] == row["category_id"]
                and ratio(row["bbox"], one["bbox"], crowd=True) >= iou
                for one in known
            ):
                left.append(row)
        pairs = [
            (ratio(a["bbox"], b["bbox"]), a["score"], -found.index(a), -k, a, b)
            for a in left
            for k, b in enumerate(free)
            if a["category_id"] != b["category_id"] and ratio(a["bbox"], b["bbox"]) >= iou
        ]
        for *_, a, b in sorted(pairs, key=lambda pair: pair[:4], reverse=True):
            if any(a is one for one in left) and b in free:
                left = [one for one in left if one is not a]
                free.remove(b)
                counts[names.index(b["category_id"]), names.index(a["category_id"])] += 1
        for a in left:
            counts[-1, names.index(a["category_id"])] += 1
        for b in free:
            counts[names.index(b["category_id"]), -1] += 1
    return counts


@pytest.mark.parametrize("seeds", SEEDS)
def test_confusions_as_defined(seeds):
    for seed in seeds:
        truth, found = random_boxes(seed)
        found = [dict(t) for t in {tuple({**r, "bbox": tuple(r["bbox"])}.items()) for r in found}]
        found = sorted(found, key=str)  # no two are the same
        report = detection(truth=truth, found=found)
        for least in (0.0, 0.5):
            mine = report.confusion(confidence=least)
            np.testing.assert_array_equal(mine.counts, plain_confusion(truth, found, least))
        assert mine.counts.sum() == sum(row["n"] for row in mine.rows())


@pytest.mark.parametrize("seeds", SEEDS)
def test_strict_errors_are_those_of_tide(seeds):
    for seed in seeds:
        truth, found = random_boxes(seed)
        iou = (0.5, 0.75)[seed % 2]
        ap, counts, costs = tide(truth, found, iou)
        mine = detection(truth=truth, found=found).errors(iou=iou, mode="strict")
        assert {name: mine.counts[name] for name in counts} == counts
        np.testing.assert_allclose(mine.ap, ap, rtol=0, atol=1e-12)
        assert mine.costs.keys() == costs.keys()
        for name, cost in costs.items():
            np.testing.assert_allclose(mine.costs[name], cost, rtol=0, atol=1e-12)


@pytest.mark.reference
def test_the_numbers_of_tidecv(reference_data):
    """tidecv 1.0.1 on COCO's sample, at an IoU of 0.5."""
    folder = reference_data / "boxes" / "coco_val2014_100"
    report = detection(
        truth=folder / "instances_val2014_100.json",
        found=folder / "instances_val2014_fakebbox100_results.json",
    )
    strict, mine = report.errors(0.5, mode="strict"), report.errors(0.5)
    names = ("class", "location", "both", "duplicate", "background", "missed")
    assert [strict.counts[name] for name in names] == [83, 1, 0, 1, 0, 97]
    tidecv = [0.22246039744168523, 0.002278910237071057, 0, 0.0001897297123702851, 0,
              0.08523573787723373, 0.06821587524510434, 0.17684978535217183]  # fmt: skip
    np.testing.assert_allclose(list(strict.costs.values()), tidecv, rtol=0, atol=1e-12)
    assert mine.counts == strict.counts
    np.testing.assert_allclose(mine.ap, report.summary["AP50"], rtol=0, atol=1e-12)
    assert round(mine.costs["class"], 4) == 0.1676  # and no gain from classes without truth


@pytest.mark.parametrize("seeds", SEEDS)
def test_errors_have_the_ap_of_the_report(seeds):
    for seed in seeds:
        report = detection(**dict(zip(("truth", "found"), random_boxes(seed), strict=True)))
        for iou, name in ((0.5, "AP50"), (0.75, "AP75")):
            errors = report.errors(iou=iou)
            assert errors.ap == report.summary[name]
            assert min(errors.costs.values()) >= 0.0
            assert (
                sum(errors.counts[kind] for kind in list(errors.counts)[:5])
                == errors.counts["false"]
            )
            assert len(errors.each) == errors.counts["false"] + errors.counts["missed"]


@pytest.fixture(scope="module")
def small():
    """One error of each kind, by hand."""
    truth = Detections.of(
        ["a", "a", "b", "b", "c"], ["cat", "dog", "cat", "cat", "dog"],
        ov.Boxes([[0, 0, 4, 4], [10, 0, 14, 4], [0, 0, 4, 4], [10, 0, 14, 4], [0, 0, 4, 4]]),
    )  # fmt: skip
    found = Detections.of(
        ["a", "a", "a", "b", "b", "b"], ["cat", "cat", "cat", "cat", "cat", "dog"],
        ov.Boxes([[0, 0, 4, 4], [0, 0, 4, 3], [10, 0, 14, 4], [2, 0, 6, 4], [30, 0, 34, 4],
                  [12, 0, 16, 4]]),
        [0.9, 0.8, 0.7, 0.6, 0.5, 0.4],
    )  # fmt: skip
    return detection(truth=truth, found=found, iou="0.5,0.75")


def test_kinds_by_hand(small):
    errors = small.errors()
    counts = {"class": 1, "location": 1, "both": 1, "duplicate": 1, "background": 1, "missed": 2}
    assert errors.counts == {**counts, "false": 5, "false negative": 4}
    rows = errors.each.set_index("found")
    assert rows["error"].tolist() == [
        "duplicate", "class", "location", "background", "both", "missed", "missed",
    ]  # fmt: skip
    assert rows.loc[2, ["found_label", "truth_label", "truth"]].tolist() == ["cat", "dog", 1]


def test_worst_suspects_and_calibration_by_hand(small):
    worst = small.worst(confidence=0.0)
    assert worst["item"].tolist() == ["b", "a", "c"]
    assert worst["n_errors"].tolist() == [5, 3, 1]
    assert worst[["n_false", "n_missed", "n_true", "n_truth"]].to_numpy().tolist() == [
        [3, 2, 0, 2], [2, 1, 1, 2], [0, 1, 0, 1],
    ]  # fmt: skip
    suspects = small.suspects(confidence=0.0)
    assert suspects["suspicion"].tolist() == ["another class annotated", "nothing annotated"]
    assert suspects["found"].tolist() == [2, 4]
    assert suspects["truth_label"].tolist() == ["dog", ""]
    bins = small.calibration(bins=2)
    assert bins.count.tolist() == [2, 4]
    np.testing.assert_allclose(bins.error, (2 * 0.45 + 4 * (0.75 - 0.25)) / 6)


def test_bad_questions_are_answered(small):
    with pytest.raises(ValueError, match=r"iou = 0\.3 is outside the thresholds 0\.50, 0\.75"):
        small.operating_points(iou=0.3)
    with pytest.raises(ValueError, match=r"not between 0 and the IoU of a match, 0\.5"):
        small.errors(background=0.5)
    with pytest.raises(ValueError, match="not 'corrected' or 'strict'"):
        small.errors(mode="tide")
    with pytest.raises(ValueError, match="there is no item 'd'"):
        small.picture(item="d")
    assert small.errors(iou=0.8).counts["location"] == 2  # no threshold of the report
    inputs = small.evidence.inputs
    loud = Detections.of(["a"], ["cat"], ov.Boxes([[0, 0, 4, 4]]), [7.0])
    with pytest.raises(ValueError, match="confidences are from 7 to 7"):
        detection(truth=inputs["truth"], found=loud).calibration()
    far = detection(protocol="nuscenes", **inputs)
    near = [[1, 0, 2], [1, 0, 1], [3, 1, 0]]  # two pairs are at the distance itself
    assert far.confusion(iou=2.0, confidence=0.0).counts.tolist() == near
    page = far.to_html()
    assert "Confusion matrix at a distance of 0.5" in page
    assert "Kinds of error" not in page
    with pytest.raises(ValueError, match="measures distances"):
        far.errors()


def test_pages_and_pictures_show_errors(small, tmp_path):
    page = small.to_html(tmp_path / "page.html", confidence=0.2, worst=2)
    for words in ("Kinds of error at IoU 0.5", "Confusion matrix", "Images with most errors",
                  "Truths that may be wrong", 'href="#image-1"', 'id="image-1"',
                  "Calibration", "best confidence"):  # fmt: skip
        assert words in page
    assert 'id="image-2"' not in page
    drawn = (small.picture, small.confusion().plot, small.errors().plot, small.calibration().plot)
    for k, draw in enumerate(drawn):
        draw(tmp_path / f"{k}.svg")
        assert (tmp_path / f"{k}.svg").stat().st_size > 1000
    turned = {
        name: Detections.of(
            np.array(table.items)[table.item], np.array(table.labels)[table.label],
            ov.RotatedBoxes.from_boxes(table.regions), table.confidence,
        )
        for name, table in small.evidence.inputs.items()
    }  # fmt: skip
    assert "Confusion matrix" in detection(iou="0.5,0.75", **turned).to_html()


def test_tables_from_the_shell(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    truth, found = random_boxes(3)
    for name, content in (("truth.json", truth), ("found.json", found)):
        (tmp_path / name).write_text(json.dumps(content))
    words = ["detection", "truth.json", "found.json", "--confidence", "0.4", "--error-iou", "0.75",
             "--points", "p.csv", "--confusions", "c.csv", "--errors", "e.csv",
             "--quiet"]  # fmt: skip
    assert cli.main(words) == 0
    report = detection(truth=truth, found=found)
    at = {"iou": 0.75, "confidence": 0.4}
    points = pd.read_csv("p.csv")
    pd.testing.assert_frame_equal(points, report.operating_points(**at))
    cells = pd.read_csv("c.csv")
    assert cells["n"].sum() == report.confusion(**at).counts.sum()
    pd.testing.assert_frame_equal(pd.read_csv("e.csv"), report.errors(0.75).table)
    assert cli.main([*words[:3], "--errors", "e.txt"]) == 2
    assert "--errors e.txt: wanted a name in .csv" in capsys.readouterr().err


@pytest.fixture
def street(tmp_path):
    """Folder with an image of each of the sample's names, white below black."""
    image = pytest.importorskip("PIL.Image")
    (tmp_path / "street").mkdir()
    pixels = np.zeros((480, 640, 3), dtype=np.uint8)
    pixels[240:] = 255
    for k in range(1, 41):
        image.fromarray(pixels).save(tmp_path / "street" / f"street_{k:03}.jpg")
    return tmp_path / "street"


def test_the_worst_image_is_drawn_over_its_file(street, tmp_path, monkeypatch, capsys):
    truth, found = sample_path("detection_truth"), sample_path("detection_found")
    report = detection(truth=truth, found=found)
    figure = report.picture(images=street)
    (drawn,) = figure.axes[0].images
    assert drawn.get_extent() == [0.0, 640, 480, 0.0]
    assert drawn.get_array().shape == (480, 640, 3)
    assert (drawn.get_array()[300:] == 255).all()
    assert not report.picture().axes[0].images
    shown = report.to_html(images=street, worst=2)
    assert shown.count("without the image") == 0
    assert report.to_html(worst=2).count("without the image") == 2

    (street / "street_025.jpg").rename(street / "25.jpg")
    with pytest.raises(ValueError, match=r"has no file street_025\.jpg, which is the image '25'"):
        report.picture(images=street)
    with pytest.raises(ValueError, match="is not a folder of images"):
        report.picture(images=street / "25.jpg")
    monkeypatch.chdir(tmp_path)
    words = ["detection", str(truth), str(found), "--images", "street", "--quiet"]
    assert cli.main([*words, "--out", "a.html"]) == 2
    assert "a.html: could not be written: street: has no file street_025.jpg" in (
        capsys.readouterr().err
    )
    assert not (tmp_path / "a.html").exists()
    (street / "25.jpg").rename(street / "street_025.jpg")
    assert cli.main([*words, "--out", "a.html", "--picture", "a.png"]) == 0


def test_images_are_named_as_items_where_nothing_else_is_said(street):
    truth = Detections.of(["street_001"], ["car"], ov.Boxes([[10.0, 10, 60, 40]]))
    found = Detections.of(["street_001"], ["car"], ov.Boxes([[300.0, 10, 360, 40]]), [0.9])
    report = detection(truth=truth, found=found, iou=0.5)
    assert report.picture(images=street).axes[0].images
    (street / "street_001.jpg").rename(street / "street_001.png")
    (street / "street_002.jpg").rename(street / "street_001.jpg")
    with pytest.raises(
        ValueError, match=r"street_001\.jpg and street_001\.png could both be the im"
    ):
        report.picture(images=street)
    (street / "street_001.jpg").rename(street / "x.jpg")
    (street / "street_001.png").unlink()
    with pytest.raises(ValueError, match="has no image 'street_001'; its images are"):
        report.picture(images=street)


def scattered(seed):
    """Boxes of three classes on a grid, with the sizes and flags that protocols ask for."""
    rng = np.random.default_rng(seed)
    corner = rng.integers(0, 6, (70, 2)) * 20.0
    item, label = rng.integers(0, 6, 70).astype(str), rng.integers(0, 3, 70)
    near = rng.integers(0, 30, 30)
    corner[40:], item[40:] = corner[near] + rng.integers(-1, 2, (30, 2)), item[near]
    label[40:60] = label[near[:20]]
    boxes = ov.Boxes(np.hstack([corner, corner + rng.integers(16, 20, (70, 2))]))
    names = np.array(["Car", "Pedestrian", "Cyclist"])[label]
    sizes = {
        "height": rng.integers(20, 60, 70) * 1.0,
        "occlusion": rng.integers(0, 4, 70) * 1.0,
        "truncation": rng.random(70),
    }
    rows, others = np.arange(30), np.arange(30, 70)
    truth = Detections.of(
        item[rows], names[rows], boxes[rows], items=list("012345"),
        crowd=rng.random(30) < 0.1, difficult=rng.random(30) < 0.1,
    )  # fmt: skip
    found = Detections.of(
        item[others], names[others], boxes[others], rng.permutation(40) / 40, items=list("012345")
    )
    return tuple(
        dataclasses.replace(
            table, sizes={**table.sizes, **{key: size[some] for key, size in sizes.items()}}
        )
        for table, some in ((truth, rows), (found, others))
    )


@pytest.mark.parametrize(
    "protocol",
    [name for name in ov.evaluate.DETECTION_PROTOCOLS if name not in ("lvis", "nuscenes")],
)
def test_rows_of_a_diagnosis_are_those_of_its_inputs(protocol):
    truth, found = scattered(3)
    report = detection(truth=truth, found=found, protocol=protocol)
    overlaps = ov.iou.pairwise(found.regions, truth.regions)
    least = 0.5 if protocol != "voc2007" and protocol != "voc2012" else 0.4  # of whole pixels
    matches = report.matches
    row = matches["truth@0.50"].to_numpy()
    true = np.flatnonzero(matches["outcome@0.50"] == "true")
    assert len(true) > 3
    assert len(set(row[true])) == len(true)
    assert (overlaps[true, row[true]] >= least).all()
    some = np.flatnonzero(row >= 0)
    assert (truth.item[row[some]] == found.item[some]).all()
    assert [truth.labels[k] for k in truth.label[row[some]]] == list(matches["label"][some])
    worst = report.worst()
    assert (worst["n_true"] + worst["n_missed"] == worst["n_truth"]).all()
    assert (worst["n_false"] + worst["n_missed"] == worst["n_errors"]).all()
    for one in report.suspects().itertuples():
        assert found.items[found.item[one.found]] == one.item
        assert found.labels[found.label[one.found]] == one.found_label
        if one.truth >= 0:
            assert truth.items[truth.item[one.truth]] == one.item
            assert truth.labels[truth.label[one.truth]] == one.truth_label
