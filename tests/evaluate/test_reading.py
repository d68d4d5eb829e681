"""Options of reading that families of segments share: videos, names, columns, frames, clipping."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from overlap import cli, evaluate
from overlap.evaluate._temporal.reading import Reading, findings_of, notes_of
from overlap.io.frame_rates import as_frame_rates
from overlap.io.name_lists import as_names
from overlap.io.name_repair import repair
from overlap.io.name_rules import as_rules, canonical, translated
from overlap.io.segment_match import odd_names

TRUTH = pd.DataFrame(
    {
        "video": ["a", "a", "b", "c"],
        "label": ["Run", "Jump", "Run", "Jump"],
        "start": [0.0, 5.0, 1.0, 2.0],
        "stop": [4.0, 9.0, 3.0, 8.0],
        "video-duration": [8.0, 8.0, 10.0, 10.0],
    }
)
FOUND = TRUTH.drop(columns="video-duration").assign(score=[0.9, 0.8, 0.7, 0.6])


def test_videos_are_filtered_on_both_sides_and_counted(tmp_path):
    found = pd.concat([FOUND, FOUND.assign(video="x")])
    tables = Reading(videos=["a", "b", "zz"]).tables(TRUTH, found)
    assert [tables[role].videos for role in ("truth", "found")] == [("a", "b")] * 2
    assert notes_of(tables) == [
        "DataFrame: 1 video with 1 segment left out by videos",
        "DataFrame: 2 videos with 5 segments left out by videos",
    ]
    assert findings_of(tables) == ["videos: 1 of 3 names is in neither input ('zz')"]
    plain = Reading(videos="a,b").tables(TRUTH, FOUND)
    left = Reading(exclude=["c"]).tables(TRUTH, FOUND)
    assert plain["truth"].videos == left["truth"].videos
    with pytest.raises(ValueError, match="leaves no video of the truth"):
        Reading(videos=["zz"]).tables(TRUTH, FOUND)
    with pytest.raises(ValueError, match="leaves no video of the truth"):
        Reading(exclude="a,b,c").tables(TRUTH, FOUND)


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.json", '["a", "b"]'), ("a.json", '{"a": 1, "b": {}}'), ("a.txt", "a\n\n b \n"),
     ("a.json", '{"database": {"a": {}, "b": {}}}'), ("a", "b\na\nb\n")],
)  # fmt: skip
def test_lists_of_names(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    assert sorted(as_names(tmp_path / name, "videos").names) == ["a", "b"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [("a.json", "[1.5]", "1.5 is no name"), ("a.json", "7", "wanted a JSON list of names"),
     ("a.json", "[]", "the list is empty"), ("a.txt", "a,1\n", "wanted one name in each line")],
)  # fmt: skip
def test_bad_lists(tmp_path, name, content, message):
    (tmp_path / name).write_text(content)
    with pytest.raises(ValueError, match=message):
        as_names(tmp_path / name, "videos")
    with pytest.raises(FileNotFoundError, match="no such file"):
        as_names("nowhere.txt", "videos")
    with pytest.raises(TypeError, match="videos is a int; wanted a file"):
        as_names(7, "videos")


def test_names_take_the_spelling_of_the_truth():
    found = FOUND.assign(video="v_" + FOUND["video"] + ".mp4", label=FOUND["label"].str.upper())
    reading = Reading(names=["suffix=.mp4", "prefix=v_", "labels:case"], exclude=["v_c"])
    tables = reading.tables(TRUTH, found)
    assert tables["truth"].labels == ("Run", "Jump")
    assert tables["found"].labels == ("Run", "Jump")
    assert tables["found"].videos == ("a", "b")
    assert notes_of(tables)[1] == (
        "DataFrame: 3 videos renamed by suffix=.mp4, prefix=v_ (first: 'v_a.mp4' is 'a')"
    )
    tables = Reading(names="folder").tables(TRUTH, FOUND)
    assert findings_of(tables) == ["names: folder changes no name"]


def test_names_with_a_table(tmp_path):
    (tmp_path / "classes.txt").write_text("0 Run\n1 Jump\n")
    found = FOUND.assign(label=[0, 1, 0, 1])
    tables = Reading(names=f"classes={tmp_path / 'classes.txt'}").tables(TRUTH, found)
    assert tables["found"].labels == ("Run", "Jump")
    (tmp_path / "map.json").write_text('{"Run": "Move", "Jump": "Move"}')
    with pytest.raises(ValueError, match=r"'Run' and 'Jump' both become 'Move'.*merge=FILE"):
        Reading(names=f"map={tmp_path / 'map.json'}").tables(TRUTH, FOUND)
    tables = Reading(names=f"merge={tmp_path / 'map.json'}").tables(TRUTH, FOUND)
    assert tables["truth"].labels == tables["found"].labels == ("Move",)
    truth = {"a": {"annotations": [{"segment": [0, 4], "label": "Run", "label_id": 7}]}}
    tables = Reading(names="ids").tables(truth, FOUND.assign(label=7))
    assert tables["found"].labels == ("Run",)
    assert odd_names(*Reading().tables(truth, FOUND.assign(label=7)).values())[0].endswith(
        "or repair them with --names ids"
    )
    with pytest.raises(ValueError, match="rule ids needs a truth with numbers"):
        Reading(names="ids").tables(TRUTH, found)


@pytest.mark.parametrize(
    ("rule", "message"),
    [("prefx=v_", "no rule 'prefx'; did you mean 'prefix'"), ("prefix", "lacks a text"),
     ("case=x", "takes no value"), ("map", "lacks a file"), (7, "7 is no rule")],
)  # fmt: skip
def test_bad_rules(rule, message):
    with pytest.raises((ValueError, TypeError), match=message):
        as_rules([rule])


def test_two_names_never_become_one():
    with pytest.raises(ValueError, match=r"found.csv: by the rules suffix, 'a.mp4' and 'a.avi'"):
        canonical(["a"], ["a.mp4", "a.avi"], as_rules("suffix"), "found.csv")
    with pytest.raises(ValueError, match="the truth: by the rules case, 'A' and 'a' become one"):
        canonical(["A", "a"], ["b"], as_rules("case"), "found.csv")
    assert translated(["a"], as_rules("case"), {}, "x") == ["a"]


@pytest.mark.parametrize(
    ("truth", "found", "rules"),
    [
        (["v_a1", "v_b2"], ["a1", "b2"], "--names prefix=v_"),
        (["video_test_1"], ["1"], "--names prefix=video_test_"),
        (["a1", "b2"], ["a1.mp4", "b2.mp4"], "--names suffix"),
        (["a1", "b2"], ["a1_out", "b2_out"], "--names suffix=_out"),
        (["x a", "x b"], ["X_A", "X_B"], "--names videos:case --names videos:separators"),
        (["a", "A"], ["x/a", "x/B"], "--names folder"),
        (["a"], ["b"], ""),
    ],
)  # fmt: skip
def test_rules_that_repair(truth, found, rules):
    assert repair("videos", truth, found) == rules


def test_columns_of_one_side_or_both():
    found = FOUND.rename(columns={"start": "t0", "stop": "t1"})
    tables = Reading(columns="found:start=t0,found:stop=t1").tables(TRUTH, found)
    assert tables["found"].start.tolist() == [0, 5, 1, 2]
    with pytest.raises(
        ValueError, match=r"has no column 't0' for start.*write truth:start=t0 or f"
    ):
        Reading(columns={"start": "t0"}).tables(TRUTH, found)
    with pytest.raises(ValueError, match="wanted FIELD=COLUMN"):
        Reading(columns="start")
    with pytest.raises(ValueError, match="no field 'strt'; did you mean 'start'"):
        Reading(columns="strt=t0").tables(TRUTH, FOUND)
    with pytest.raises(ValueError, match="before the colon stands truth or found"):
        Reading(columns="left:start=t0")


def test_frames_become_seconds(tmp_path):
    found = FOUND.assign(start=FOUND["start"] * 25, stop=FOUND["stop"] * 25)
    tables = Reading(fps={"found": 25}).tables(TRUTH, found)
    np.testing.assert_array_equal(tables["found"].stop, tables["truth"].stop)
    assert notes_of(tables) == ["DataFrame: frames were turned to seconds, at 25 frames a second"]
    (tmp_path / "rates.txt").write_text("video fps\na 25\nb 50\nc 12.5\n")
    for one in ("activitynet", "recall_kx", "segments_f1", "all"):
        given = found.drop(columns="score") if one == "segments_f1" else found
        report = evaluate.temporal(truth=TRUTH, found=given, protocol=one, fps={"found": 25})
        assert report.items[0][1] == 1.0, one  # not turned twice
    rates = {"found": tmp_path / "rates.txt"}
    assert Reading(fps=rates).tables(TRUTH, found)["found"].stop.tolist() == [4, 9, 1.5, 16]
    stated = TRUTH.assign(fps=[25, 25, 50, 12.5])
    tables = Reading(fps="found:field").tables(stated, found)
    assert tables["found"].stop.tolist() == [4, 9, 1.5, 16]
    with pytest.raises(ValueError, match=r"video 'a': 1000.* is no frame rate"):
        Reading(fps={"a": 10**400})
    with pytest.raises(ValueError, match="video 'c' has no frame rate in fps"):
        Reading(fps={"a": 25, "b": 25}).tables(TRUTH, found)
    for bad in (0, -1, "x", True, float("nan")):
        with pytest.raises(ValueError, match="is no frame rate; wanted a number such as 25"):
            as_frame_rates(bad)


def test_clipping_is_counted():
    found = FOUND.assign(stop=[4, 99, 3, 8], start=[-1, 50, 1, 2])
    tables = Reading(clip=True).tables(TRUTH, found)
    assert tables["truth"].stop.tolist() == [4, 8, 3, 8]
    assert tables["found"].start.tolist() == [0, 8, 1, 2]
    assert notes_of(tables) == [
        "DataFrame: 1 segment clipped to the video",
        "DataFrame: 2 segments clipped to the video; 1 of them lay outside, and are empty at its "
        "end",
    ]
    with pytest.raises(ValueError, match="clip: neither DataFrame nor DataFrame has durations"):
        Reading(clip=True).tables(TRUTH.drop(columns="video-duration"), found)


def test_files_of_one_recording_are_the_same_one(tmp_path):
    (tmp_path / "a_truth.txt").write_text("0.5\t2.0\tspeech\n")
    (tmp_path / "a_found.txt").write_text("0.5\t2.0\tspeech\t0.9\n")
    tables = Reading().tables(tmp_path / "a_truth.txt", tmp_path / "a_found.txt")
    assert tables["found"].videos == ("a_truth",)
    assert "does not name its recording" in notes_of(tables)[0]


def test_a_study_reads_each_part_alike():
    found = FOUND.assign(video="v_" + FOUND["video"])
    options = {"exclude": ["b"], "names": "prefix=v_", "clip": True, "iou": 0.5}
    study = evaluate.temporal_study(**options)
    for video in "abc":
        part = TRUTH[TRUTH["video"] == video]
        study.update(video, truth=part, found=found[found["video"] == f"v_{video}"])
    whole = evaluate.temporal(truth=TRUTH, found=found, **options)
    assert dict(study.compute().items) == dict(whole.items)
    assert study.compute().settings["reading"] == whole.settings["reading"]
    with pytest.raises(ValueError, match="a study sees a part at a time; limit it to videos"):
        evaluate.temporal_study(names="case")


def test_a_report_is_made_again_or_says_why_not(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    TRUTH.to_csv("truth.csv", index=False)
    found = FOUND.assign(video="v_" + FOUND["video"]).rename(columns={"start": "t0"})
    found.to_csv("found.csv", index=False)
    (tmp_path / "leave.txt").write_text("c\n")
    (tmp_path / "rates.csv").write_text("v_a,2\nv_b,2\nv_c,2\na,2\nb,2\nc,2\n")
    options = "--names prefix=v_ --columns found:start=t0 --fps rates.csv --clip"
    words = ["temporal", "truth.csv", "found.csv", "--exclude", "leave.txt", *options.split()]
    assert cli.main([*words, "--out", "r.json", "--quiet"]) == 0
    settings = json.loads((tmp_path / "r.json").read_text())["settings"]
    assert settings["reading"]["names"] == ["prefix=v_"]
    assert settings["reading"]["exclude"]["source"] == "leave.txt"
    assert any("left out by exclude" in note for note in settings["notes"])
    assert cli.main(["compare", "r.json", "r.json", "--resamples", "50", "--quiet"]) == 0
    assert cli.main(["explain", "r.json", "r.json", "--quiet"]) == 0
    assert cli.main([*words[:3], *words[5:], "--out", "all.json", "--quiet"]) == 0
    capsys.readouterr()
    assert cli.main(["compare", "r.json", "all.json"]) == 2
    assert "videos" in capsys.readouterr().err
    (tmp_path / "leave.txt").write_text("b\n")
    assert cli.main(["compare", "r.json", "r.json"]) == 2
    assert "leave.txt has changed since" in capsys.readouterr().err


def test_nothing_matches_and_it_says_why(capsys, tmp_path):
    TRUTH.to_csv(tmp_path / "truth.csv", index=False)
    found = FOUND.assign(start=FOUND["start"] * 25, stop=FOUND["stop"] * 25)
    report = evaluate.temporal(truth=TRUTH, found=found)
    assert any("are they in frames?" in said for said in report.settings["findings"])
    report = evaluate.temporal(truth=TRUTH, found=FOUND.assign(label=FOUND["label"].str.lower()))
    assert any("--names labels:case" in said for said in report.settings["findings"])
