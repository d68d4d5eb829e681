"""Scoring of tubes: each protocol beside a plain one, readers, and numbers of MultiSports."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest

from overlap import evaluate
from overlap.evaluate import TEMPORAL_PROTOCOLS
from overlap.io import as_tubes

from . import plain_tubes as plain

_RULES = {
    "tubes_video_map": (0, 0, {"delete": False, "strict": False, "linear": False}),
    "tubes_ucf": (1, 1, {"delete": True, "strict": False, "linear": True}),
    "tubes_gurkirt": (1, 0, {"delete": True, "strict": True, "linear": False, "unstable": False}),
    "tubes_frame_map": (0, 0, {"delete": False, "strict": False, "linear": False}),
    "tubes_ucf_frame": (1, 1, {"delete": True, "strict": False, "linear": True}),
}


def expected(name, truth, found, threshold):
    time, space, rules = _RULES[name]
    if TEMPORAL_PROTOCOLS[name].of == "boxes":
        sides = plain.as_boxes(truth), plain.as_boxes(found)
        return plain.mean_ap(*sides, lambda a, b: plain.box_iou(a, b, space), threshold, **rules)

    def iou(a, b):
        value = plain.tube_iou(a, b, time, space, name != "tubes_gurkirt")
        return 0.0 if name == "tubes_gurkirt" and np.isnan(value) else value

    return plain.mean_ap(truth, found, iou, threshold, **rules)


def compare(name, seed):
    rng = np.random.default_rng(seed)
    if name == "tubes_grounding":
        truth = plain.random_tubes(rng, confidences=False, one_each=True)
        found = [(t[0], t[1], c / 4, t[3]) for c, t in enumerate(
            plain.random_tubes(rng, confidences=True, one_each=True))]  # fmt: skip
        found += [(v, k, c + 0.1, boxes) for v, k, c, boxes in found[:2]]
        wanted = plain.grounding(truth, found, (0.3, 0.5))
    else:
        truth = plain.random_tubes(rng, confidences=False)
        found = plain.moved_tubes(rng, truth)
        wanted = [expected(name, truth, found, x) for x in (0.2, 0.5)]
    sides = [plain.columns(truth, confidences=False), plain.columns(found, confidences=True)]
    options = {} if name == "tubes_grounding" else {"thresholds": (0.2, 0.5)}
    report = evaluate.temporal(truth=sides[0], found=sides[1], protocol=name, **options)
    got = [number.value for number in report.numbers if "_0" not in number.metric]
    np.testing.assert_allclose(got, wanted, rtol=0, atol=1e-12, err_msg=f"seed {seed}")
    return wanted


@pytest.mark.parametrize("name", [*_RULES, "tubes_grounding"])
def test_as_a_plain_evaluator(name):
    values = [compare(name, seed) for seed in range(12)]
    assert np.std([value[0] for value in values]) > 0.05  # the sets differ


@pytest.mark.slow
@pytest.mark.parametrize("name", [*_RULES, "tubes_grounding"])
def test_as_a_plain_evaluator_on_200_sets(name):
    for seed in range(200):
        compare(name, seed)


def test_ava_counts_the_50_most_confident_boxes_of_a_frame():
    truth = {"video": ["v"], "frame": [1], "label": ["walk"], "x1_norm": [0.0], "y1_norm": [0.0],
             "x2_norm": [0.5], "y2_norm": [0.5]}  # fmt: skip
    far = [0.6] * 50
    found = {"video": ["v"] * 51, "frame": [1] * 51, "label": ["sit"] * 50 + ["walk"],
             "score": [0.9] * 50 + [0.8], "x1_norm": [*far, 0.0], "y1_norm": [*far, 0.0],
             "x2_norm": [0.9] * 50 + [0.5], "y2_norm": [0.9] * 50 + [0.5]}  # fmt: skip
    value = {n: evaluate.temporal(truth=truth, found=found, protocol="tubes_ava", per_frame=n)
             .numbers[0].value for n in (50, 51)}  # fmt: skip
    assert value == {50: 0.0, 51: 1.0}


def test_three_tube_ious():
    a = plain.columns([("v", "c", 1, np.array([[1, 0, 0, 4, 4], [2, 0, 0, 4, 4.0]]))],
                      confidences=False)  # fmt: skip
    b = plain.columns([("v", "c", 1, np.array([[2, 0, 0, 4, 2], [3, 0, 0, 8, 8.0]]))],
                      confidences=False)  # fmt: skip
    value = {name: evaluate.tube_iou(a, b, name)[0, 0]
             for name in ("mean_iou_x_tiou", "viou", "ratio_of_sums")}  # fmt: skip
    assert value["mean_iou_x_tiou"] == value["viou"] == 0.5 / 3
    assert value["ratio_of_sums"] == 8 / (16 + 16 + 64)
    assert evaluate.tube_iou(a, b, frames="exclusive")[0, 0] == 0.0
    assert evaluate.tube_iou(a, b, pixels="inclusive")[0, 0] == pytest.approx(15 / 25 / 3)
    with pytest.raises(ValueError, match="similarity = 'iou' is not one of mean_iou_x_tiou"):
        evaluate.tube_iou(a, b, "iou")


def _sides():
    rng = np.random.default_rng(3)
    truth = plain.random_tubes(rng, confidences=False)
    found = plain.moved_tubes(rng, truth)
    return [plain.columns(truth, confidences=False), plain.columns(found, confidences=True)]


def test_blocks_of_videos_and_studies_change_no_number(tmp_path):
    truth, found = (as_tubes(x, role=role) for x, role in zip(_sides(), ("truth", "found"),
                                                             strict=True))  # fmt: skip
    whole = evaluate.temporal(truth=truth, found=found, protocol="tubes_ucf")
    in_blocks = evaluate.temporal(truth=truth, found=found, protocol="tubes_ucf", resume=tmp_path)
    again = evaluate.temporal(truth=truth, found=found, protocol="tubes_ucf", resume=tmp_path)
    assert whole.items == in_blocks.items == again.items
    # a study has no order of videos but that of its keys
    truth, found = (
        table.select(np.argsort(np.array(table.videos)[table.video], kind="stable"))
        for table in (truth, found)
    )
    whole = evaluate.temporal(truth=truth, found=found, protocol="tubes_ucf")
    study = evaluate.temporal_study(protocol="tubes_ucf")
    for video in sorted({*truth.videos, *found.videos}):
        parts = [table.select(np.array([table.videos[k] == video for k in table.video]))
                 for table in (truth, found)]  # fmt: skip
        study.update(video, truth=parts[0], found=parts[1])
    assert dict(study.compute().items) == pytest.approx(dict(whole.items), nan_ok=True)


def test_report_compares_explains_and_names_influence():
    truth, found = _sides()
    report = evaluate.temporal(truth=truth, found=found, protocol="tubes_ucf", bootstrap=50)
    assert "tubes_ucf" in report.methods()
    assert len(report.influence()) == 3
    other = evaluate.temporal(truth=truth, found=found, protocol="tubes_gurkirt")
    steps = evaluate.explain(report, other)
    assert "comparison" in str(steps)
    both = evaluate.compare(report, report)
    assert [row["difference"] for row in both.pair_rows] == [0]
    every = evaluate.temporal(truth=truth, found=found, protocol="all:tubes")
    assert every.summary["tubes_ucf v_map@0.2"] == report.summary["v_map@0.2"]


def test_multisports_annotations_name_classes_and_give_sizes(tmp_path):
    truth = {"labels": ["run", "jump"], "test_videos": [["v"]], "nframes": {"v": 9},
             "resolution": {"v": [100, 200]},
             "gttubes": {"v": {"1": [[[3, 20, 10, 60, 50], [4, 20, 10, 60, 50]]]}}}  # fmt: skip
    (tmp_path / "truth.json").write_text(json.dumps(truth))
    lines = ["video,frame,label,score,x1_norm,y1_norm,x2_norm,y2_norm", "v,3,1,0.9,0.1,0.1,0.3,0.5"]
    (tmp_path / "found.csv").write_text("\n".join(lines))
    report = evaluate.temporal(truth=tmp_path / "truth.json", found=tmp_path / "found.csv",
                               protocol="tubes_frame_map")  # fmt: skip
    assert report.summary["frameAP@0.5"] == 0.5
    assert report.settings["classes"] == ["jump"]
    tubes = {"tubes": [{"video": "v", "label": 1, "score": 0.5,
                        "boxes": [[3, 20, 10, 60, 50], [4, 20, 10, 60, 50]]}]}  # fmt: skip
    (tmp_path / "found.json").write_text(json.dumps(tubes))
    report = evaluate.temporal(truth=tmp_path / "truth.json", found=tmp_path / "found.json",
                               protocol="tubes_video_map")  # fmt: skip
    assert report.summary["v_map@0.5"] == 1.0


def test_hc_stvg_and_ava_files(tmp_path):
    one = {"a.mp4": {"bbox": [[0, 0, 4, 4], [0, 0, 4, 4]], "st_frame": 5, "caption": "a man"}}
    (tmp_path / "truth.json").write_text(json.dumps(one))
    table = as_tubes(tmp_path / "truth.json", role="truth")
    assert table.frame.tolist() == [5, 6]
    assert table.box[0].tolist() == [0, 0, 4, 4]
    found = "query,frame,x1,y1,x2,y2,score\na.mp4,6,0,0,4,4,0.5\na.mp4,7,0,0,4,4,0.5\n"
    (tmp_path / "found.csv").write_text(found)
    report = evaluate.temporal(truth=table, found=tmp_path / "found.csv",
                               protocol="tubes_grounding")  # fmt: skip
    assert dict(report.items) == {"m_tIoU": 1 / 3, "m_vIoU": 1 / 3, "vIoU@0.3": 1, "vIoU@0.5": 0}
    (tmp_path / "ava.csv").write_text("v,0902,0.1,0.1,0.5,0.5,12,3\nv,903\nw,1\n")
    ava = as_tubes(tmp_path / "ava.csv", role="truth")
    assert ava.frame.tolist() == [902]
    assert ava.videos == ("v", "w")
    assert ava.normalised


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.pkl", pickle.dumps({}), "is a pickle, which can run any code"),
        ("a.json", b'{"a": 1}', "is JSON without tubes; wanted columns video,frame"),
        ("a.json", b'{"labels": ["x"], "gttubes": {"v": {"4": []}}}', "has the class '4'; labels"),
        ("a.json", b'{"tubes": [{"video": "v"}]}', "tube 0 is .*; wanted an object with video"),
        ("a.json", b'{"tubes": [{"video": "v", "boxes": [[1, 2]]}]}', "tube 0, of 'v', has the"),
        ("a.json", b'[{"vid": 1, "temporal_gt": {}}]', "is VidSTG's list of sentences"),
        ("a.csv", b"video,frame,x1,y1,x2\nv,1,0,0,1\n", "has no column 'y2'; it has"),
        ("a.csv", b"video,frame,x1,y1,x2,y2\nv,1,5,0,1,1\n", "line 2: the box is .5.0, 0.0"),
        ("a.csv", b"video,frame,x1,y1,x2,y2\nv,x,0,0,1,1\n", "line 2: frame is 'x'; wanted"),
        ("a.csv", b"video,tube,frame,x1,y1,x2,y2\nv,1,1,0,0,1,1\nv,1,1,0,0,1,1\n",
         "line 3: the tube has two boxes in frame 1; keep one"),
        ("a.csv", b"v,1,0,0,1,1,3\nv,1,0,0\n", "line 2: has 4 cells; wanted video,second"),
    ],
)  # fmt: skip
def test_bad_files(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        as_tubes(path, role="truth")


def test_bad_predictions(tmp_path):
    truth, found = _sides()
    with pytest.raises(ValueError, match="predictions have no confidences; add a column score"):
        evaluate.temporal(truth=truth, found=truth, protocol="tubes_ucf")
    (tmp_path / "a.csv").write_text("v,1,0,0,1,1,3\n")
    with pytest.raises(ValueError, match="line 1: a prediction has no score"):
        as_tubes(tmp_path / "a.csv")
    loose = {key: column for key, column in found.items() if key != "tube"}
    with pytest.raises(ValueError, match="does not say which boxes belong together"):
        evaluate.temporal(truth=truth, found=loose, protocol="tubes_ucf")
    with pytest.raises(ValueError, match="the query 'v0' has several tubes"):
        evaluate.temporal(truth={**truth, "video": ["v0"] * len(truth["video"])}, found=found,
                          protocol="tubes_grounding")  # fmt: skip
    shares = {key.replace("1", "1_norm").replace("2", "2_norm"): x for key, x in found.items()}
    with pytest.raises(ValueError, match="has pixels and no size of the video"):
        evaluate.temporal(truth=truth, found=shares, protocol="tubes_ucf")
    with pytest.raises(ValueError, match="labels: 'c9' is in neither"):
        evaluate.temporal(truth=truth, found=found, protocol="tubes_ucf", labels=["c9"])


def test_zero_says_why():
    truth, found = _sides()
    early = {**found, "frame": [frame + 1000 for frame in found["frame"]]}
    report = evaluate.temporal(truth=truth, found=early, protocol="tubes_ucf")
    assert report.summary["v_map@0.2"] == 0
    assert any("frames of the truth are from" in said for said in report.findings)
    other = {**found, "video": ["folder/" + name for name in found["video"]]}
    report = evaluate.temporal(truth=truth, found=other, protocol="tubes_ucf")
    assert any("a folder in front" in said for said in report.findings)


def test_multisports_reference(reference_data):
    folder = reference_data / "temporal"
    wanted = json.loads((folder / "reference_video_map.json").read_text())
    truth = folder / "tubes" / "multisports_gt.json.gz"
    video = evaluate.temporal(truth=truth, found=folder / "tubes/multisports_linked_tubes.json.gz",
                              protocol="tubes_video_map")  # fmt: skip
    frame = evaluate.temporal(truth=truth, found=folder / "tubes/multisports_frame_detections.csv",
                              protocol="tubes_frame_map")  # fmt: skip
    summary = {**video.summary, **frame.summary}
    for name in ("frameAP@0.5", "v_map@0.2", "v_map@0.5", "v_map_0.05:0.45", "v_map_0.10:0.90",
                 "v_map_0.50:0.95"):  # fmt: skip
        assert round(100 * summary[name], 4) == wanted[name]
