"""Checks of all kinds of input: every reader has one, and findings are those of the evaluators."""

from __future__ import annotations

import contextlib
import importlib
import json
import pkgutil
import shutil

import nibabel
import numpy as np
import pytest

import overlap.io
from overlap import evaluate
from overlap.evaluate.checks import (
    BOXES,
    CHECKS,
    COMPARISON,
    CONFORMATIONS,
    FOLDER,
    LABEL_NAMES,
    PARTS,
    POSSESSION,
    REPORT,
    SEGMENTS,
    STRATA,
    VOLUME,
    Looking,
    inspect,
    inspect_together,
)
from overlap.io import sample_path, write_text
from overlap.io.boundary import reads_file
from overlap.io.coco import read_coco_results, read_coco_truth
from overlap.regions.polygons import Polygons

SIDES = "video,start,stop,label\nv,2,10,Run\nw,1,12,Jump\n"
SCORED = "video,start,stop,label,score\nv,2000,10000,run,.5\nw,1000,12000,jump,.6\n"
RING = '{"type": "Polygon", "coordinates": [[[0, 0], [40, 0], [40, 40], [0, 0]]]}'


def seen_of(path, **how):
    return inspect(str(path), Looking(progress=False, **how))


def together(*paths, **how):
    looked = [(str(path), *seen_of(path, **how)) for path in paths]
    return inspect_together(looked, Looking(progress=False, **how))


def facts(path, **how):
    return dict(seen_of(path, **how)[1].facts)


def save(path, values, affine=None):
    place = np.diag([1.0, 1.0, 2.0, 1.0]) if affine is None else affine
    nibabel.save(nibabel.Nifti1Image(values, place), path)


@pytest.fixture
def labels():
    return np.random.default_rng(0).integers(0, 4, (8, 7, 6)).astype(np.uint8)


# ------------------------------------------------------------------------ all readers


def readers_of(package):
    """Return the readers of files in the modules of a package: functions inside the boundary."""
    boundary = reads_file(len).__code__
    modules = [
        importlib.import_module(info.name)
        for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    ]
    return {
        value
        for module in modules
        for value in vars(module).values()
        if getattr(value, "__code__", None) is boundary
    }


def test_every_reader_has_a_check():
    readers = readers_of(overlap.io)
    assert {overlap.io.read_volume, overlap.io.as_segments, overlap.io.read_strata} <= readers
    checked = {reader for check in CHECKS for reader in check.readers}
    assert readers | {Polygons.from_geojson, read_coco_truth, read_coco_results} <= checked


def test_no_kind_is_there_twice():
    assert len({check.kind for check in CHECKS}) == len(CHECKS)


# ------------------------------------------------------------------------ recognition

TEXTS = {
    "truth.csv": (SIDES, SEGMENTS),
    "found.csv": (SCORED, SEGMENTS),
    "ignored.csv": ("video,start,stop\nv,0,1\n", SEGMENTS),
    "bare.json": ('{"v": {"annotations": [{"segment": [0, 1], "label": "a"}]}}', SEGMENTS),
    "spells.csv": ("track,start,stop\n7,0,1.5\n", POSSESSION),
    "names.csv": ("id,name\n1,liver\n", LABEL_NAMES),
    "dataset.json": ('{"labels": {"background": 0, "liver": 1}}', LABEL_NAMES),
    "old.json": ('{"1": "liver"}', LABEL_NAMES),
    "list.json": ('[{"id": 1, "name": "liver"}]', LABEL_NAMES),
    "strata.csv": ("case,site\ncase_1,a\ncase_2,b\n", STRATA),
    "shape.json": (RING, CONFORMATIONS),
    "angles.csv": ("phi,psi\n-60,-45\n", CONFORMATIONS),
    "steps.json": ('{"metric": "mAP", "table": []}', COMPARISON),
}


@pytest.mark.parametrize("name", TEXTS)
def test_texts_are_recognised_by_their_content(name, tmp_path):
    text, check = TEXTS[name]
    (tmp_path / name).write_text(text)
    assert seen_of(tmp_path / name)[0] is check


@pytest.mark.parametrize(
    ("name", "check", "role"),
    [
        ("temporal_truth", SEGMENTS, "truth"),
        ("temporal_found", SEGMENTS, "found"),
        ("possession_players", POSSESSION, "players"),
        ("possession_ball", POSSESSION, "ball"),
        ("possession_truth", POSSESSION, "truth"),
        ("volumes_truth", FOLDER, ""),
        ("peptide", CONFORMATIONS, ""),
        ("angles_truth", CONFORMATIONS, ""),
    ],
)
def test_samples_are_recognised(name, check, role):
    found, seen = seen_of(sample_path(name))
    assert (found, seen.role) == (check, role)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.json", '{"images": [], "annotations": []}', "has no list 'categories'"),
        ("b.json", '[{"image_id": 1, "category_id": 1}]', "bbox is None; wanted four numbers"),
        ("c.txt", "0 0.5 0.5 0.1 0.1\n", "lines of boxes"),
        ("d.csv", "1.2,two,event\n", "wanted the names of the columns"),
        ("e.csv", "case,label,metric,value\n", "the table of a report"),
        ("f.csv", "x,y\n1,2\n", "nothing that is read has the columns 'x', 'y'"),
        ("g.json", '{"a": {"b": 1}}', "is JSON that overlap does not read (the keys 'a')"),
        ("h.nifty", "\1", "unknown format; wanted"),
        ("i.csv", "", "the file is empty"),
        ("k.csv", "start,stop,label\n0,1,a\n", "video"),
        ("l.csv", "video,start,stop,label\nv,2,1,a\n", "is before start"),
        ("j.part", "x", "give the folder that --resume names"),
    ],
)
def test_what_nothing_reads_is_an_error(name, content, said, tmp_path):
    (tmp_path / name).write_text(content)
    with pytest.raises(ValueError, match=name) as error:
        seen_of(tmp_path / name)
    assert said in str(error.value)


def test_folders_and_missing_files(tmp_path):
    with pytest.raises(ValueError, match=r"the folder has no volumes .* it has no files"):
        seen_of(tmp_path)
    (tmp_path / "case").mkdir()
    shutil.copy(sample_path("volumes_truth") / "case_1.mha", tmp_path / "case" / "seg.mha")
    with pytest.raises(ValueError, match="give pattern="):
        seen_of(tmp_path)
    assert facts(tmp_path, pattern="*/seg.mha")["cases"] == "1: case"
    (tmp_path / "truth.csv").write_text(SIDES)
    with pytest.raises(FileNotFoundError, match=r"did you mean 'truth.csv'"):
        seen_of(tmp_path / "trut.csv")


# -------------------------------------------------------------------- facts and findings


def test_segments(tmp_path):
    (tmp_path / "a.csv").write_text(SIDES)
    (tmp_path / "b.csv").write_text(SCORED)
    assert facts(tmp_path / "a.csv") == {
        "segments": "2 in 2 videos, 2 labels",
        "times": "seconds, from 1 to 12",
        "lengths": "8 to 11 s, median 9.5 s",
    }
    (pair,) = together(tmp_path / "b.csv", tmp_path / "a.csv")
    assert pair.paths == (str(tmp_path / "a.csv"), str(tmp_path / "b.csv"))
    report = evaluate.temporal(truth=tmp_path / "a.csv", found=tmp_path / "b.csv")
    assert report.findings[0] in pair.seen.findings  # on the names of labels
    assert "truth and found are swapped" in pair.seen.findings[0]
    assert "milliseconds" in pair.seen.findings[-1]
    assert not any("swapped" in x for x in together(*pair.paths)[0].seen.findings)


def test_findings_of_a_reader_are_those_of_the_report(tmp_path):
    one = '{"segment": [0, 1], "label": "a", "score": 1}'
    (tmp_path / "found.json").write_text(f'{{"results": {{"v": [{one}]}}}}')
    (tmp_path / "truth.csv").write_text("v,0,1,a\n")  # without a line of names
    report = evaluate.temporal(truth=tmp_path / "truth.csv", found=tmp_path / "found.json")
    assert report.findings
    assert report.findings[0] in seen_of(tmp_path / "truth.csv")[1].findings
    (tmp_path / "angles.csv").write_text("phi,psi\n-1.1,-0.7\n-1.2,-0.8\n-2,2.4\n")
    said = seen_of(tmp_path / "angles.csv")[1].findings
    whole = evaluate.conformation(
        found=tmp_path / "angles.csv", truth=sample_path("angles_truth"), min_residues=1,
        levels={"favored": 0.5}, tolerance=None, category="general",
    )  # fmt: skip
    assert f"found: {said[0]}" in whole.settings["findings"]


def test_boxes(tmp_path):
    truth, found = tmp_path / "truth.json", tmp_path / "found.json"
    box = {"image_id": 1, "category_id": 2, "bbox": [0, 0, 4, 5]}
    whole = {
        "images": [{"id": 1, "width": 9, "height": 9}, {"id": 3, "width": 9, "height": 9}],
        "categories": [{"id": 2, "name": "cat"}, {"id": 7, "name": "dog"}],
        "annotations": [{"id": 1, **box, "iscrowd": 0}, {"id": 2, **box, "category_id": 7}],
    }
    truth.write_text(json.dumps(whole))
    found.write_text(json.dumps([{**box, "score": 0.5}, {**box, "category_id": 8, "score": 0.1}]))
    assert seen_of(truth)[0] is seen_of(found)[0] is BOXES
    assert dict(seen_of(found)[1].facts) == {
        "boxes": "2 in 1 image",
        "areas": "20 to 20, median 20",
        "classes": "2 (1), 8 (1)",
        "confidences": "0.1 to 0.5",
    }
    (pair,) = together(truth, found)
    assert dict(pair.seen.facts)["images"] == "1 of 2 have results"
    report = evaluate.detection(truth=truth, found=found)
    assert report.findings
    assert set(report.findings) <= {*pair.seen.findings, *seen_of(truth)[1].findings}
    assert "classes of the truth without results: 'dog'" in pair.seen.findings
    found.write_text(json.dumps([{**box, "image_id": 4, "score": 0.5}]))
    assert "is not one of the truth's 2 images" in together(truth, found)[0].seen.findings[0]


def test_possession(tmp_path):
    paths = [sample_path(f"possession_{role}") for role in ("truth", "players", "ball")]
    (good,) = together(*paths, fps=10.0)
    assert [path.rpartition("_")[2] for path in good.paths] == [
        "players.csv", "ball.csv", "truth.csv",
    ]  # fmt: skip
    assert good.seen.findings == []
    assert facts(paths[1])["frames"] == "0 to 49"
    late = tmp_path / "ball.csv"
    late.write_text("video,frame,x,y,w,h\nmatch 1,900,0,0,1,1\n")
    spells = tmp_path / "spells.csv"
    spells.write_text("video,track,start,stop\nmatch_1,7,0,900\n")
    (pair,) = together(paths[1], late, spells, fps=10.0)
    report = evaluate.possession(players=paths[1], ball=late, truth=spells, fps=10.0)
    assert list(report.findings) == list(pair.seen.findings)
    assert len(pair.seen.findings) == 3
    assert len(together(paths[1], late, spells)[0].seen.findings) == 2  # the rate is not known


def test_a_table_alone_is_checked_as_with_the_others(tmp_path):
    twice = tmp_path / "ball.csv"
    twice.write_text("frame,x0,y0,x1,y1\n3,0,0,1,1\n3,0,0,2,2\n")
    with pytest.raises(ValueError, match="are both of frame 3"):
        seen_of(twice)
    (tmp_path / "lacks.csv").write_text("frame,track\n3,7\n")
    with pytest.raises(ValueError, match="there are no boxes"):
        seen_of(tmp_path / "lacks.csv")


def test_two_folders(tmp_path, labels):
    truth, found = tmp_path / "gt", tmp_path / "pred"
    for folder in (truth, found):
        folder.mkdir()
    wrong = np.where(labels == 3, 5, labels).astype(np.uint8)
    for case in ("a", "b", "c"):
        save(truth / f"{case}.nii.gz", labels)
        save(found / f"{case}_pred.nii.gz", wrong)
    save(found / "b_pred.nii.gz", wrong, np.eye(4))
    save(truth / "d.nii.gz", labels)
    (found / "readme.txt").write_text("x")
    (pair,) = together(truth, found)
    report = evaluate.segmentation(truth=truth, found=found)
    said = dict(pair.seen.facts)
    assert said["pairs"] == "3 of 4 cases"
    assert said["grids"] == "the same in 2 of 3 pairs"
    assert set(report.findings) <= set(pair.seen.findings)
    assert "found seems to have the label 5 for 3" in report.findings[0]
    for case, reason in report.failures[["case", "reason"]].values.tolist():
        assert f"{case}: {reason}" in pair.seen.findings
    assert "label that only the truth has: 3" in pair.seen.findings
    (headers,) = together(truth, found, voxels=False)
    assert "found labels" not in dict(headers.seen.facts)
    assert not any("label" in finding for finding in headers.seen.findings)
    (swapped,) = together(found, truth)
    assert f"give {truth} {found}" in swapped.seen.findings[0]


def test_folders_without_a_common_case(tmp_path, labels):
    for folder, case in (("one", "a"), ("two", "b")):
        (tmp_path / folder).mkdir()
        save(tmp_path / folder / f"{case}.nii", labels)
    (pair,) = together(tmp_path / "one", tmp_path / "two")
    assert "have no case in common" in pair.seen.findings[0]


def test_names_and_strata_of_volumes(tmp_path):
    truth = sample_path("volumes_truth")
    (tmp_path / "names.csv").write_text("id,name\n1,organ\n2,lesion\n9,none\n")
    (tmp_path / "strata.csv").write_text("case,site\ncase_1,a\n")
    strata, names = together(truth, tmp_path / "names.csv", tmp_path / "strata.csv")
    assert "lacks the cases 'case_2'" in strata.seen.findings[0]
    assert "has the labels 3, which have no name" in names.seen.findings[0]
    assert "has no voxel of 'none'" in names.seen.findings[1]
    assert facts(tmp_path / "strata.csv") == {"cases": "1", "site": "a (1)"}
    both = together(truth, sample_path("volumes_found"), tmp_path / "strata.csv")
    with pytest.raises(ValueError, match="lacks") as error:
        evaluate.segmentation(
            truth=truth, found=sample_path("volumes_found"), strata=tmp_path / "strata.csv"
        )
    assert str(error.value) in both[-1].seen.findings


# ----------------------------------------------------------------- reports and their parts


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """Reports of two evaluations in a folder with their inputs, and the parts of both runs."""
    folder = tmp_path_factory.mktemp("reports")
    for role in ("truth", "found"):
        shutil.copytree(sample_path(f"volumes_{role}"), folder / f"volumes_{role}")
        shutil.copy(sample_path(f"temporal_{role}"), folder / f"{role}.json")
    with contextlib.chdir(folder):  # so that the names of inputs are relative
        evaluate.temporal(truth="truth.json", found="found.json", iou=0.5, resume="parts").to_json(
            "temporal.json"
        )
        evaluate.segmentation(
            truth="volumes_truth", found="volumes_found", metrics="dice", resume="cases"
        ).to_json("segmentation.json")
    return folder


def test_reports(reports):
    for name in ("temporal.json", "segmentation.json"):
        check, seen = seen_of(reports / name)
        assert check is REPORT
        assert dict(seen.facts)["can be recomputed"] == "yes"
        stored = json.loads((reports / name).read_text())
        assert list(seen.findings) == stored["settings"]["findings"]


def test_inputs_that_are_not_as_they_were(reports, tmp_path):
    moved = tmp_path / "moved"
    shutil.copytree(reports, moved)
    (moved / "truth.json").unlink()
    write_text(moved / "found.json", (moved / "found.json").read_text() + " ")
    said = seen_of(moved / "temporal.json")[1].findings
    assert "its truth" in said[0]
    assert "is not there any more" in said[0]
    assert "has changed since" in said[1]
    shutil.copy(moved / "volumes_found" / "case_2.mha", moved / "volumes_found" / "case_1.mha")
    (said,) = seen_of(moved / "segmentation.json")[1].findings
    assert "its found of case_1" in said


def test_reports_that_were_changed(reports, tmp_path):
    report = json.loads((reports / "segmentation.json").read_text())
    report["summary"]["dice"] += 0.1
    path = tmp_path / "report.json"
    path.write_text(json.dumps(report))
    assert any("one of them was changed" in x for x in seen_of(path)[1].findings)
    del report["settings"]["contract"]
    path.write_text(json.dumps(report))
    assert "have no contract" in seen_of(path)[1].findings[0]
    report["settings"] = {}
    path.write_text(json.dumps(report))
    assert seen_of(path)[1].findings


def test_parts(reports, tmp_path):
    check, seen = seen_of(reports / "cases")
    assert check is PARTS
    assert dict(seen.facts)["segmentation"] == "2 cases"
    assert seen.findings == []
    assert "blocks of videos" in facts(reports / "parts")["temporal"]
    both = tmp_path / "both"
    shutil.copytree(reports / "cases", both)
    for path in (reports / "parts").iterdir():
        shutil.copy(path, both)
    first = min(both.iterdir())
    first.write_bytes(first.read_bytes()[:-1])
    (both / "notes.txt").write_text("x")
    said = seen_of(both)[1].findings
    assert "2 evaluations" in said[0]
    assert f"1 part damaged or of another version (first: {first.name})" in said[1]
    assert "1 file" in said[2]


def test_volumes_of_two_files():
    paths = [sample_path(f"volumes_{role}") / "case_1.mha" for role in ("truth", "found")]
    assert seen_of(paths[0])[0] is VOLUME
    (pair,) = together(*paths)
    assert dict(pair.seen.facts)["grids"] == "the same in 1 of 1 pair"


# ------------------------------------------------------------------------------ real data


def test_real_data_of_each_field(reference_data):
    thumos = reference_data / "temporal" / "thumos14"
    truth, found = thumos / "gt_test210.json.gz", thumos / "stpn_results.json.gz"
    assert facts(truth)["counts of"].startswith("THUMOS14 test without videos 270, 1292 and 1496")
    (pair,) = together(truth, found)
    assert pair.seen.findings == ["videos of the truth without predictions: 'video_test_0000664'"]
    spine = reference_data / "masks" / "panoptica_spine" / "semantic"
    (pair,) = together(spine / "ref.nii.gz", spine / "pred.nii.gz")
    report = evaluate.segmentation(
        truth=spine / "ref.nii.gz", found=spine / "pred.nii.gz", metrics="dice"
    )
    assert list(report.findings) == list(pair.seen.findings)
    assert facts(spine / "ref.nii.gz")["orientation"] == "PIR"
    rama = reference_data / "rama"
    assert facts(rama / "structures")["residues"].startswith("1,200 in 12 chains")
    assert facts(rama / "top8000")["cispro"].startswith("180 x 180 nodes, rank, 3,654 residues")
    coco = reference_data / "boxes" / "coco_val2014_100"
    truth, found = (
        coco / f"instances_val2014_{name}.json" for name in ("100", "fakebbox100_results")
    )
    assert facts(truth)["boxes"] == "839 in 100 images"
    assert facts(truth)["crowds"] == "9"
    assert facts(found)["boxes"].startswith("734 in ")
    (pair,) = together(found, truth)
    report = evaluate.detection(truth=truth, found=found)
    shown = {*pair.seen.findings, *seen_of(truth)[1].findings}
    assert set(report.findings) <= shown
    assert "overlap detection" in pair.seen.findings[0]


@pytest.mark.parametrize(
    ("rows", "kind", "role"),
    [
        ("video,time,label\na,1.5,Goal\na,1.5,Foul\n", "points", "truth"),
        ("game,half,seconds,event,conf\nx,1,3,Goal,0.5\n", "points", "found"),
        ("video,frame,label,score\na,15,Goal,0.5\n", "points", "found"),
        ("video,frame,label\na,15,Goal\na,90,Goal\nb,3,Foul\n", "points", "truth"),
        ("video,frame,label\na,15,Goal\n", "points", "truth"),
        ("video,frame,label\na,0,pour\na,1,pour\n", "frame labels", ""),
        ("video,frame,label\na,0,pour\na,5,pour\na,10,stir\n", "frame labels", ""),
        ("video,frame,label\na,a_1.jpg,pour\n", "frame labels", ""),
        ("video,time,start,stop,label\na,1,1,2,x\n", "segments", "truth"),
        ("video,label,tube,frame,x1,y1,x2,y2\na,dive,0,1,0,0,5,5\n", "tubes", "truth"),
    ],
)
def test_tables_of_points_are_told_from_frames_segments_and_boxes(rows, kind, role, tmp_path):
    (tmp_path / "a.csv").write_text(rows)
    check, seen = seen_of(tmp_path / "a.csv")
    assert (check.kind, seen.role) == (kind, role)


def test_tables_of_points_are_compared(tmp_path):
    (tmp_path / "truth.csv").write_text("video,time,label\na,1,Goal\n")
    (tmp_path / "found.csv").write_text("video,time,label,score\na.mp4,1,Goal,0.5\n")
    (one,) = together(tmp_path / "truth.csv", tmp_path / "found.csv")
    assert "'a.mp4'" in one.seen.findings[0]


def test_files_of_psds_eval_have_their_roles(tmp_path):
    head = "filename\tonset\toffset\tevent_label\n"
    (tmp_path / "t.gt").write_text(f"{head}a.wav\t0.0\t1.0\tdog\n")
    (tmp_path / "t.det").write_text(f"{head}b.wav\t0.1\t1.0\tdog\n")
    (tmp_path / "t.metadata").write_text("filename\tduration\na.wav\t10.0\n")
    seen = [seen_of(tmp_path / f"t.{end}") for end in ("gt", "det", "metadata")]
    assert [check.kind for check, _ in seen] == ["segments", "segments", "durations"]
    assert [one.role for _, one in seen[:2]] == ["truth", "found"]
    (one,) = together(tmp_path / "t.gt", tmp_path / "t.det")
    assert one.paths == (str(tmp_path / "t.gt"), str(tmp_path / "t.det"))
    assert any("a.wav" in said for said in one.seen.findings)
