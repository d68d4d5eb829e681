"""Forms of files of segments: what is read of each, and what is said of a bad one."""

from __future__ import annotations

import json
import pickle
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from overlap.evaluate.checks import inspect, inspect_together
from overlap.io import as_segments


@pytest.fixture
def write(tmp_path):
    def written(name, content):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(path)

    return written


def rows(table):
    """Content of a table as plain values."""
    scores = [None] * len(table) if table.confidence is None else table.confidence.tolist()
    return [
        (table.videos[v], table.labels[k], a, b, score)
        for v, k, a, b, score in zip(
            table.video.tolist(), table.label.tolist(), table.start.tolist(),
            table.stop.tolist(), scores, strict=True,
        )
    ]  # fmt: skip


ONE = [("v1", "jump", 0.5, 2.0, 0.9)]
SEGMENT = {"segment": [0.5, 2.0], "label": "jump", "score": 0.9}
EGO4D = {
    "clip_uid": "v1", "video_start_sec": 10, "video_end_sec": 40,
    "annotations": [{"labels": [
        {"label": "jump", "primary": True, "start_time": 0.5, "end_time": 2},
        {"label": "run", "primary": False, "start_time": 3, "end_time": 4}]}],
}  # fmt: skip
#: Name of a file, its content, and the rows that are read as predictions.
FOUND = {
    "results": ("a.json", {"results": {"v1": [SEGMENT]}}, ONE),
    "bare results": ("a.json", {"v1": [SEGMENT], "v2": []}, ONE),
    "Ego4D MQ": ("a.json", {"detect_results": {"v1": [SEGMENT]}, "retrieve_results": {}}, ONE),
    "ActionFormer": (
        "a.json", {"database": {"v1": [{"segment": [0.5, 2], "label_id": 3, "scores": 0.9}]}},
        [("v1", "3", 0.5, 2.0, 0.9)],
    ),
    "EPIC": (
        "a.json",
        {"version": "0.2", "results": {"P01_11": [
            {"verb": 3, "noun": 14, "action": "3,14", "score": 0.9, "segment": [0.5, 2]}]}},
        [("P01_11", "3,14", 0.5, 2.0, 0.9)],
    ),
    "records": ("a.json", [{"video": "v1", **SEGMENT}], ONE),
    "records of videos": (
        "a.json", [{"video_id": "v1", "duration": 30, "annotations": [SEGMENT]}], ONE),
    "JSON lines": (
        "a.jsonl",
        '{"video": "v1", "start": 0.5, "stop": 2, "label": "jump", "score": 0.9}\n\n'
        '{"video": "v1", "start": 3, "stop": 4, "label": "run", "score": 0.1}\n',
        [*ONE, ("v1", "run", 3.0, 4.0, 0.1)],
    ),
    "columns": (
        "a.json",
        {"video-id": ["v1"], "t-start": [0.5], "t-end": [2], "label": ["jump"], "score": [0.9]},
        ONE,
    ),
    "TSV": ("a.tsv", "filename\tonset\toffset\tevent_label\tscore\nv1\t0.5\t2\tjump\t.9\n", ONE),
    "THUMOS": (
        "Run-2-det.txt", "v1.mp4 2.0 0.5 22 0.9\nv1.mp4 -1 0.2 7 .1\n",
        [("v1.mp4", "22", 0.5, 2.0, 0.9), ("v1.mp4", "7", -1.0, 0.2, 0.1)],
    ),
    "onset first": ("v1.txt", "0.5\t2.0\tjump\t0.9\n", ONE),
}  # fmt: skip
TRUTH = {
    "flat": ("a.json", {"v1": {"annotations": [{"segment": [0.5, 2], "label": "jump"}]}}, ONE),
    "Ego4D, converted": (
        "a.json",
        {"v1": {"annotations": [{"start_time": 0.5, "end_time": 2, "label": "jump"}]}},
        ONE,
    ),
    "Ego4D": ("a.json", {"split": "val", "videos": [{"video_uid": "x", "clips": [EGO4D]}]}, ONE),
    "one recording": ("v1.ann", "0.5\t2.0\tjump\n", ONE),
    "blanks": ("v1.txt", "0.5 2.0 jump\n", ONE),
    "one letter": ("v1.txt", "0.5\t2.0\tj\n", [("v1", "j", 0.5, 2.0, None)]),
    "number as a label": ("v1.txt", "0.5\t2.0\t7\n", [("v1", "7", 0.5, 2.0, None)]),
    "scene": ("a.txt", "v1\tstreet\t0.5\t2.0\tjump\n", ONE),
    "label with a comma": (
        "a.txt", "v1\t0.5\t2.0\tAir horn, truck horn\n",
        [("v1", "Air horn, truck horn", 0.5, 2.0, None)],
    ),
    "THUMOS class": ("jump_test.txt", "v1  0.5 2.0\n", ONE),
    "EPIC": (
        "EPIC_100_validation.csv",
        "narration_id,video_id,start_timestamp,stop_timestamp,start_frame,stop_frame,verb,"
        "verb_class,noun,noun_class\nx_0,v1,00:00:00.50,00:00:02.00,30,120,take,3,cup,14\n",
        [("v1", "3,14", 0.5, 2.0, None)],
    ),
    "RTTM": ("a.rttm", "SPEAKER v1 1 0.5 1.5 <NA> <NA> jump <NA> <NA>\n", ONE),
}  # fmt: skip


@pytest.mark.parametrize("name", FOUND)
def test_predictions(write, name):
    file, content, wanted = FOUND[name]
    path = write(file, content)
    assert rows(as_segments(path, role="found")) == wanted
    check, seen = inspect(path)
    assert (check.kind, seen.role) == ("segments", "found")


@pytest.mark.parametrize("name", TRUTH)
def test_annotations(write, name):
    file, content, wanted = TRUTH[name]
    path = write(file, content)
    table = as_segments(path, role="truth")
    assert rows(table) == [(*row[:4], None) for row in wanted]
    if name != "RTTM":
        check, seen = inspect(path)
        assert (check.kind, seen.role) == ("segments", "truth")


def test_events_and_recordings_without_events(write):
    path = write(
        "a.tsv", "filename\tonset\toffset\tevent_label\na.wav\t0\t1\tx\nb.wav\nc.wav\t\t\t\n"
    )
    table = as_segments(path, role="truth")
    assert table.videos == ("a.wav", "b.wav", "c.wav")
    assert len(table) == 1
    table = as_segments(write("b.txt", "b.wav\na.wav\t0\t1\tx\n"), role="truth")
    assert (table.videos, len(table)) == (("b.wav", "a.wav"), 1)
    table = as_segments(write("empty.txt", ""), role="truth")
    assert (table.videos, len(table), table.unnamed) == (("empty",), 0, True)
    assert "is empty" in table.findings[0]
    with pytest.raises(ValueError, match="the file is empty"):
        as_segments(write("empty.csv", ""), role="truth")


def test_a_table_without_names_keeps_its_first_line(write):
    table = as_segments(write("a.csv", "v1,0.5,2.0,jump\nv1,3,4,run\n"), role="truth")
    assert len(table) == 2
    assert "has no line of names; its 2 lines were read as file onset offset label" in str(
        table.findings
    )


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", "0.5\t2.0\tx\n0,5\t2.0\tx\n", "the onset is '0,5'; wanted seconds"),
        ("a.txt", "0.5\t2.0\tx\n0.5\t2.0\n", "line 2: '0.5 2.0' has 2 cells; wanted onset offset"),
        ("a.txt", "v 0.5 2 dog barking\n", "line 1: 'v 0.5 2 dog barking' is no event; wanted on"),
        ("a.txt", "v 0.5 2 dog\nv 1 2 dog barking\n", "line 2.*of a label with blanks, write tabs"),
        ("a.txt", "0.5\t2.0\tx\nb.wav\n", "line 2: has one cell, 'b.wav', in a file of lines on"),
        ("a.txt", "v\t2.0\t0.5\tx\n", "line 1: stop 0.5 is before start 2.0"),
        ("a.txt", "v\t1\t2\n", "has no label; wanted onset offset label"),
        ("a.jsonl", '{"video": "v", "start": 1, "stop": 2, "label": "x"}\n{"video"\n',
         "a.jsonl, line 2: invalid JSON"),
        ("a.jsonl", '{"video": "v", "start": 1, "stop": 2, "label": "x"}\n{"start": 1, "stop": 2}',
         "line 2: has no key 'video'; its keys are start, stop"),
        ("a.json", [{"video": "v", "segment": [1], "label": "x"}],
         r"a.json\[0\]: segment is \[1\]; wanted \[start, stop\]"),
        ("a.json", [{"video": "v", "segment": [1, 2], "label": "x"}, 7],
         r"a.json\[1\] is 7; wanted an object"),
        ("a.json", [{"video": "v", "annotations": [[1, 2, "x"]]}],
         r"\[0\]: annotations\[0\] is \[1, 2, 'x'\]; wanted an object"),
        ("a.json", {"video-id": ["v"], "t-start": [1], "t-end": [2, 3], "label": ["x"]},
         "column 't-end' has 2 values and 'video-id' has 1"),
        ("a.json", {"video-id": "v", "t-start": [1], "t-end": [2], "label": ["x"]},
         "column 'video-id' is 'v'; wanted a list"),
        ("a.csv", "video,start_timestamp,stop_timestamp,label\nv,00:00:01,00:00:02,x\nv,3,4,x\n",
         "start is '3'; wanted hours, minutes and seconds as in the other rows"),
        ("a.csv", "video,start,stop,label\nv,0:01,0:02,x\n",
         "start is '0:01'; wanted a finite .* in every row hours, minutes and seconds such as 00"),
        ("a.csv", "filename,onset,label\nv,1,x\n", "missing column for stop"),
        ("a.json", {"videos": [{"clips": [EGO4D, {"annotations": []}]}]},
         r"videos\[0\].clips\[1\]: lacks 'clip_uid'"),
    ],
)  # fmt: skip
def test_bad_files(write, name, content, message):
    path = write(name, content)
    with pytest.raises(ValueError, match=message) as caught:
        as_segments(path, role="truth")
    assert path in str(caught.value)


def test_pickle_is_refused_and_the_advice_works(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    columns = {
        "video-id": ["v1"], "t-start": np.array([0.5]), "t-end": np.array([2.0]),
        "label": np.array([3]), "score": np.array([0.9]),
    }  # fmt: skip
    for name in ("eval_results.pkl", "renamed.dat"):
        (tmp_path / name).write_bytes(pickle.dumps(columns))
        with pytest.raises(ValueError, match="is a pickle file, which is not read") as caught:
            as_segments(name, role="found")
    with pytest.raises(ValueError, match="is a pickle file"):
        inspect("eval_results.pkl")
    with pytest.raises(ValueError, match="convert it in Python") as caught:
        as_segments("eval_results.pkl", role="found")
    code = re.search(r"in Python: (.*); and give", str(caught.value))[1]
    subprocess.run([sys.executable, "-c", code], check=True)
    assert rows(as_segments("eval_results.npz", role="found")) == [("v1", "3", 0.5, 2.0, 0.9)]
    check, seen = inspect("eval_results.npz")
    assert (check.kind, seen.role) == ("segments", "found")
    columns["video-id"] = np.array(["v1"], dtype=object)
    np.savez("objects.npz", **columns)
    with pytest.raises(ValueError, match=r"array of Python objects.*dtype=str"):
        as_segments("objects.npz", role="found")


def test_parquet(tmp_path):
    pytest.importorskip("pyarrow")
    frame = pd.DataFrame({"video": ["v1"], "start": [0.5], "stop": [2], "label": ["jump"]})
    frame.assign(score=0.9).to_parquet(tmp_path / "a.parquet")
    assert rows(as_segments(tmp_path / "a.parquet", role="found")) == ONE
    assert inspect(str(tmp_path / "a.parquet"))[1].what.endswith("Parquet")
    (tmp_path / "b.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(ValueError, match=r"b.parquet: not a readable Parquet file"):
        as_segments(tmp_path / "b.parquet", role="found")


def test_folder_of_classes_of_thumos(write, tmp_path):
    write("set/Diving_test.txt", "v1 0.5 2\nv2 1 2\n")
    write("set/Ambiguous_test.txt", "v1 5 6\n")
    write("set/detclasslist.txt", "7 Diving\n")
    table = as_segments(tmp_path / "set", role="truth")
    assert rows(table) == [
        ("v1", "Ambiguous", 5.0, 6.0, None), ("v1", "Diving", 0.5, 2.0, None),
        ("v2", "Diving", 1.0, 2.0, None),
    ]  # fmt: skip
    assert table.where(1).endswith("row 1 (video 'v1', label 'Diving', 0.5 to 2.0)")
    assert inspect(str(tmp_path / "set"))[0].kind == "segments"
    write("set/Diving_test.txt", "v1 0.5 x\n")
    with pytest.raises(ValueError, match=r"Diving_test.txt"):
        as_segments(tmp_path / "set", role="truth")


def test_folder_of_recordings(write, tmp_path):
    write("set/a.txt", "0.5\t2\tspeech\n")
    write("set/b.txt", "")
    write("set/notes.md", "x")
    table = as_segments(tmp_path / "set", role="truth")
    assert (table.videos, rows(table)) == (("a", "b"), [("a", "speech", 0.5, 2.0, None)])
    digest = table.sha256
    write("set/b.txt", "1\t2\tspeech\t0.5\n")
    with pytest.raises(ValueError, match=r"a.txt, line 1: has no score, and .*b.txt, line 1"):
        as_segments(tmp_path / "set", role="found", ranked=False)
    write("set/b.txt", "1\t2\tspeech\n")
    assert as_segments(tmp_path / "set", role="truth").sha256 != digest
    (tmp_path / "none").mkdir()
    with pytest.raises(ValueError, match="the folder has no files of segments"):
        as_segments(tmp_path / "none", role="truth")


def test_files_that_are_checked_together(write):
    one = {"annotations": [{"segment": [0, 9], "label": "Run"}]}
    truth = write("truth.json", {"v_a": one, "v_b": one})
    found = write("found.csv", "video,start,stop,label,score\na,0,225,run,.9\nb,25,200,run,.8\n")
    looked = [(path, *inspect(path)) for path in (truth, found)]
    said = " ".join(inspect_together(looked)[0].seen.findings)
    assert "repair them with --names prefix=v_" in said
    assert "repair them with --names labels:case" in said


def test_versions_of_a_known_truth():
    pytest.importorskip("pandas")
    from overlap.io.segment_check import _facts, _findings

    count = 3358
    videos = [f"video_test_{k % 212:07}" for k in range(count)]
    frame = pd.DataFrame({"video": videos, "label": [f"c{k % 20}" for k in range(count)]})
    frame["start"] = np.arange(count) * 1.0
    table = as_segments(frame.assign(stop=frame["start"] + 0.5), role="truth")
    assert ("counts of", "THUMOS14 test, complete (212 videos with actions, 3,358 segments)") in (
        _facts(table)
    )
    fewer = table.select(np.arange(count) != 7)
    assert "no known version of THUMOS14 test" in _findings(fewer)[0]


def test_ego4d_and_named_keys(write):
    path = write("a.json", {"split": "val", "videos": [{"clips": [EGO4D]}]})
    table = as_segments(path, role="truth")
    assert (table.duration.tolist(), table.subset) == ([30.0], ("val",))
    assert "1 label left out, because not primary" in table.findings[0]
    epic = FOUND["EPIC"][1]
    table = as_segments(epic, role="found", columns={"label": "verb"})
    assert table.labels == ("3",)
    with pytest.raises(ValueError, match="names 't0' for start, and JSON of videos has only"):
        as_segments(epic, role="found", columns={"start": "t0"})


def test_folder_of_frames(write, tmp_path):
    write("set/v1.txt", "bg\nbg\npour\npour\npour\nbg\n")
    table = as_segments(tmp_path / "set", role="truth")
    assert rows(table) == [
        ("v1", "bg", 0.0, 2.0, None), ("v1", "pour", 2.0, 5.0, None), ("v1", "bg", 5.0, 6.0, None)
    ]  # fmt: skip


def test_a_json_file_of_videos_is_read_as_its_content(tmp_path):
    """Columns that are named count in a file as in what was parsed of it."""
    payload = {"database": {"v": {"annotations": [{"segment": [0, 1], "label": "a", "kind": "b"}]}}}
    path = tmp_path / "truth.json"
    path.write_text(json.dumps(payload), encoding="utf-8")
    for columns in (None, {"label": "kind"}):
        read = [as_segments(given, role="truth", columns=columns) for given in (payload, path)]
        assert read[0].labels == read[1].labels == (("b",) if columns else ("a",))
    with pytest.raises(ValueError, match=r"truth.json: columns names 't0' for start, and JSON"):
        as_segments(path, role="truth", columns={"start": "t0"})
