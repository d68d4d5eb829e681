"""What reports must agree in: every difference is named, and each is lifted by its name alone."""

from __future__ import annotations

import gzip
import json
import os
import shutil

import numpy as np
import pandas as pd
import pytest

from overlap import cli
from overlap.cli.reload import load_compared
from overlap.evaluate import compare, conformation, explain, possession, segmentation, temporal
from overlap.evaluate._temporal.digests import digest_of_segments
from overlap.io import as_segments, sample_path

TRUTH, FOUND = (sample_path(f"temporal_{role}") for role in ("truth", "found"))


def refusal(a, b, **options):
    with pytest.raises(ValueError, match="the numbers are not comparable") as caught:
        compare(a, b, names=["a", "b"], resamples=50, **options)
    return str(caught.value)


def offered(message):
    """Names that a refusal offers to allow."""
    return message.partition("--allow ")[2].partition(" ")[0].split(",")


# -------------------------------------------------------------------- localization


@pytest.fixture(scope="module")
def sample():
    return temporal(truth=TRUTH, found=FOUND, iou=[0.5, 0.7])


def without_one_segment():
    data = json.loads(TRUTH.read_text())
    data["database"][min(data["database"])]["annotations"].pop()
    return data


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({"truth": without_one_segment()}, ["truth"]),
        ({"labels": ["Diving"]}, ["labels"]),
        ({"ties": "stable"}, ["ties"]),
        ({"iou": [0.5]}, ["iou"]),
        ({"comparison": ">"}, ["protocol"]),
        ({"protocol": "opentad"}, ["protocol"]),
        ({"ties": "stable", "labels": ["Diving"], "fallback": False, "iou": 0.6},
         ["labels", "protocol", "ties", "iou"]),
        ({"ambiguous": {"database": {"sample_001": {"annotations": [
            {"segment": [0, 9], "label": "Ambiguous"}]}}}, "ambiguous_rows": "ignore"},
         ["ambiguous", "protocol"]),
    ],
)  # fmt: skip
def test_each_rule_of_localization_is_lifted_by_its_name(sample, options, names):
    other = temporal(**{"truth": TRUTH, "found": FOUND, "iou": [0.5, 0.7]} | options)
    message = refusal(sample, other)
    assert offered(message) == names
    result = compare(sample, other, resamples=50, allow=names)
    assert result.settings["allowed"] == names
    (finding,) = result.settings["findings"]
    assert all(f"{name}" in finding for name in names)
    for k in range(len(names)):  # all but one are not enough
        rest = names[:k] + names[k + 1 :]
        assert offered(refusal(sample, other, allow=rest)) == [names[k]]


def test_what_may_differ_does(sample):
    found = as_segments(FOUND, role="found")
    other = temporal(
        truth=TRUTH,
        found=found.select(np.arange(100)),
        iou=[0.7, 0.5],
        bootstrap=50,
        rng=5,
        workers=2,
        confidence_level=0.9,
        progress=False,
    )
    assert "findings" not in compare(sample, other, resamples=50).settings


def test_a_number_needs_its_own_thresholds_only(sample):
    other = temporal(truth=TRUTH, found=FOUND, iou=[0.3, 0.5, 0.9])
    assert offered(refusal(sample, other)) == ["iou"]
    assert compare(sample, other, metric="mAP@0.50", resamples=50).metric == "mAP@0.50"
    # a program's 0.8999999999999999 is the 0.9 that a user types
    default = temporal(truth=TRUTH, found=FOUND)
    typed = temporal(truth=TRUTH, found=FOUND, iou="0.5:0.95:0.05")
    assert compare(default, typed, resamples=50).settings["allowed"] == []


def test_truth_is_known_by_its_content(sample, tmp_path):
    frame = as_segments(TRUTH, role="truth").to_frame()
    copies = {
        "t.csv": frame.to_csv(index=False).encode(),
        "t.json.gz": gzip.compress(TRUTH.read_bytes()),
        "back.csv": frame.iloc[::-1].to_csv(index=False).encode(),
    }
    digests = set()
    for name, content in copies.items():
        (tmp_path / name).write_bytes(content)
        table = as_segments(tmp_path / name, role="truth")
        digests.add(digest_of_segments([table]))
        half = len(table) // 2
        parts = table.select(np.arange(half)), table.select(np.arange(half, len(table)))
        digests.add(digest_of_segments(parts))
    assert digests == {sample.settings["contract"]["rules"]["truth"]["sha256"]}
    for column, change in (("start", -0.001), ("stop", 0.001)):
        moved = frame.assign(**{column: frame[column] + change})
        assert digest_of_segments([as_segments(moved, role="truth")]) not in digests
    assert digest_of_segments([as_segments(frame.iloc[1:], role="truth")]) not in digests


TURNS = "".join(
    f"SPEAKER {name} 1 {start} 4 <NA> <NA> {who} <NA> <NA>\n"
    for name in "xy" for start, who in ((0, "A"), (5, "B"), (10, "A"))
)  # fmt: skip


@pytest.fixture
def side_files(tmp_path, monkeypatch):
    """Inputs whose numbers hang on a file beside them, of which there are two."""
    monkeypatch.chdir(tmp_path)
    for name, text in {
        "truth.rttm": TURNS,
        "found.rttm": TURNS.replace("5 4", "6 5"),
        "one.uem": "x 1 0 15\ny 1 0 15\n",
        "two.uem": "x 1 2 9\ny 1 0 15\n",
        "truth.csv": "video,start,stop,label\na,0,4,dog\nb,1,3,dog\n",
        "found.csv": "video,start,stop,label,score\na,0,3,dog,0.9\nb,5,8,dog,0.8\n",
        "one.csv": "a,10\nb,20\n",
        "two.csv": "a,24\nb,6\n",  # of one sum
    }.items():
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("protocol", "option", "suffix"),
    [
        ("diarization", "uem", "rttm"),
        ("diarization_md_eval", "uem", "rttm"),
        ("sed_segment", "durations", "csv"),
        ("psds1", "durations", "csv"),
    ],
)
def test_files_beside_the_inputs_are_known_by_their_content(
    side_files, run, protocol, option, suffix
):
    kind = "uem" if option == "uem" else "csv"
    for name, used in (("a", "one"), ("b", "two")):
        words = ["--protocol", protocol, f"--{option}", f"{used}.{kind}", "--quiet"]
        made = run(
            "temporal", f"truth.{suffix}", f"found.{suffix}", *words, "--out", f"{name}.json"
        )
        assert made == (0, "")
    a, b = (temporal(truth=f"truth.{suffix}", found=f"found.{suffix}", protocol=protocol,
                     **{option: f"{name}.{kind}"}) for name in ("one", "two"))  # fmt: skip
    assert offered(refusal(a, b)) == [option]
    code, err = run("compare", "a.json", "b.json", "--resamples", "50")
    assert (code, offered(err)) == (2, [option])
    assert run("compare", "a.json", "b.json", "--resamples", "50", "--allow", option)[0] == 0
    steps = explain(a, b).table
    assert steps["field"].tolist() == ["(a)", option]
    assert steps["change"].iloc[-1] == b.items[0][1] - a.items[0][1]
    # a copy with another name is no other file
    shutil.copy(f"one.{kind}", f"copy.{kind}")
    copied = temporal(truth=f"truth.{suffix}", found=f"found.{suffix}", protocol=protocol,
                      **{option: f"copy.{kind}"})  # fmt: skip
    assert compare(a, copied, resamples=50).settings["allowed"] == []
    assert len(explain(a, copied).table) == 1
    with open(f"one.{kind}", "a") as file:
        file.write("\n")
    code, err = run("explain", "a.json", "b.json")
    assert (code, f"its {option} one.{kind} has changed since" in err) == (2, True)


def test_durations_of_the_truth_count_where_they_move_a_number():
    segments = [{"segment": [0, 4], "label": "dog"}]
    truths = [{"database": {"a": {"duration": length, "annotations": segments},
                            "b": {"duration": 30 - length, "annotations": segments}}}
              for length in (10, 12)]  # fmt: skip
    found = {"results": {"a": [{"segment": [0, 3], "label": "dog", "score": 0.5}]}}
    for protocol, names in (("sed_segment", ["durations"]), ("sed_event", [])):
        a, b = (temporal(truth=truth, found=found, protocol=protocol) for truth in truths)
        if names:
            assert offered(refusal(a, b)) == names
        else:
            assert compare(a, b, resamples=50).settings["allowed"] == []


def test_a_subset_is_part_of_the_truth(sample):
    other = temporal(truth=TRUTH, found=FOUND, iou=[0.5, 0.7], subset="validation")
    videos = len(as_segments(TRUTH, role="truth").videos)
    if len(as_segments(TRUTH, role="truth").of_subset("validation").videos) == videos:
        compare(sample, other, resamples=50)  # the same truth by another name
    else:
        assert "truth subset: none against validation" in refusal(sample, other)


def test_findings_of_the_reports_are_repeated(sample):
    data = json.loads(FOUND.read_text())
    data["results"] = {f"v_{name}.mp4": rows for name, rows in data["results"].items()}
    other = temporal(truth=TRUTH, found=data, iou=[0.5, 0.7])
    assert other.findings
    result = compare(sample, other, names=["a", "b"], resamples=50)
    assert result.settings["findings"] == [f"b: {finding}" for finding in other.findings]


def test_unknown_names_are_refused(sample):
    with pytest.raises(
        ValueError, match="no difference 'rules' to allow; there are version, truth"
    ):
        compare(sample, sample, resamples=50, allow="rules")


def test_kinds_do_not_mix(sample):
    volumes = segmentation(truth=[[1, 0]], found=[[1, 1]], metrics="dice")
    with pytest.raises(ValueError, match="are of different kinds: temporal and segmentation"):
        compare(sample, volumes)


# -------------------------------------------------------------------- segmentation


CASES = {f"case{k}": np.random.default_rng(k).integers(0, 3, (6, 6, 6)) for k in range(6)}
OTHER = {name: np.roll(volume, 1, axis=0) for name, volume in CASES.items()}
CHANGED = CASES | {"case3": CASES["case2"]}
BASE = {"truth": CASES, "found": OTHER, "labels": {"a": 1, "b": 2}, "metrics": "dice,pq,hd95"}


@pytest.fixture(scope="module")
def volumes():
    return segmentation(**BASE)


@pytest.mark.parametrize(
    ("options", "names", "metric"),
    [
        ({"truth": CHANGED}, ["truth"], "dice"),
        ({"labels": {"a": (1, 2), "b": 2}}, ["labels"], "dice"),
        ({"empty": "medpy"}, ["empty"], "dice"),
        ({"missing": 0.0}, ["missing"], "dice"),
        ({"ignore": 5}, ["ignore"], "dice"),
        ({"failed": "worst"}, ["failed"], "dice"),
        ({"spacing": (1, 1, 2)}, ["spacing", "metric"], "hd95"),
        ({"surface": "monai"}, ["surface"], "hd95"),
        ({"at_least": 0.25}, ["instances"], "pq"),
        ({"connectivity": 6}, ["instances"], "pq"),
    ],
)  # fmt: skip
def test_each_rule_of_segmentation_is_lifted_by_its_name(volumes, options, names, metric):
    other = segmentation(**BASE | options)
    assert offered(refusal(volumes, other, metric=metric)) == names
    assert compare(volumes, other, metric=metric, resamples=50, allow=names).settings["findings"]
    if names in (["surface"], ["instances"]):  # dice does not know them
        assert "findings" not in compare(volumes, other, metric="dice", resamples=50).settings


def test_labels_that_are_not_compared_may_differ(volumes):
    other = segmentation(**BASE | {"labels": {"a": (1, 2), "b": 2}})
    assert offered(refusal(volumes, other)) == ["labels"]
    assert compare(volumes, other, label="b", resamples=50).metric == "dice"


def test_other_metrics_beside_do_not_matter(volumes):
    other = segmentation(**BASE | {"metrics": "pq,rq,dice"})
    assert compare(volumes, other, metric="pq", resamples=50).settings["allowed"] == []


# ---------------------------------------------------------------------- possession


def tracked(shift=0.0, **options):
    frames = range(40)
    players = pd.DataFrame(
        {"frame": [*frames, *frames], "track": [7] * 40 + [8] * 40, "x0": [0.0] * 40 + [10.0] * 40,
         "y0": 0.0, "x1": [4.0] * 40 + [14.0] * 40, "y1": 4.0}
    )  # fmt: skip
    left = np.linspace(0, 12, 40) + shift
    ball = pd.DataFrame({"frame": frames, "x0": left, "y0": 0.0, "x1": left + 1, "y1": 1.0})
    truth = pd.DataFrame({"track": [7, 8], "start": [0.0, 3.2], "stop": [1.0, 4.0]})
    return possession(**{"players": players, "ball": ball, "fps": 10, "truth": truth} | options)


def test_possession_is_compared_by_its_annotation():
    a, b = tracked(), tracked(0.8, threshold=0.6)  # another method: other thresholds of scores
    result = compare(a, b, names=["a", "b"], resamples=50)
    assert result.metric == "iou"
    assert result.table.set_index("name").loc["b", "iou"] == b.summary["iou"]
    shorter = pd.DataFrame({"track": [7, 8], "start": [0.0, 3.2], "stop": [1.0, 3.9]})
    assert offered(refusal(a, tracked(truth=shorter))) == ["truth"]
    with pytest.raises(ValueError, match="possession is a size"):
        compare(a, b, metric="possession")
    with pytest.raises(ValueError, match="has no annotated spells"):
        compare(tracked(truth=None), b)


def test_files_of_possession_are_compared_by_the_counts_of_their_players(tmp_path, capsys):
    paths = [str(tmp_path / name) for name in ("a.json", "b.json")]
    reports = [tracked(), tracked(0.8, threshold=0.6)]
    for path, report in zip(paths, reports, strict=True):
        report.to_json(path)
    for metric in ("iou", "mean_iou", "F1@0.50"):
        loaded = load_compared(paths)
        drawn = [
            compare(*pair, names=["a", "b"], metric=metric, resamples=50).to_dict()
            for pair in (reports, loaded)
        ]
        assert drawn[0] == drawn[1]
    assert cli.main(["compare", *paths, "--resamples", "50"]) == 0
    assert "b.json" in capsys.readouterr().out


def test_changed_files_of_possession_are_refused(tmp_path, capsys):
    path = tmp_path / "p.json"
    report = json.loads(tracked().to_json(path))
    shared = next(row for row in report["table"] if row["metric"] == "shared")
    shared["value"] += 0.1
    path.write_text(json.dumps(report))
    assert cli.main(["compare", str(path), str(path)]) == 2
    assert "its table gives iou = " in capsys.readouterr().err
    report["table"] = [row for row in report["table"] if row["track"] == "8"]
    path.write_text(json.dumps({**report, "settings": {**report["settings"], "videos": 2}}))
    assert cli.main(["compare", str(path), str(path)]) == 2
    assert "its table has rows of 1 of its 2 videos" in capsys.readouterr().err


def test_angles_have_nothing_that_pairs_them():
    rng = np.random.default_rng(0)
    sides = [{"phi": rng.normal(-63, 8, 300), "psi": rng.normal(-42, 9, 300)} for _ in range(2)]
    report = conformation(found=sides[0], truth=sides[1], levels="favored", tolerance=None)
    with pytest.raises(ValueError, match="which no other report shares, so that nothing pairs"):
        compare(report, report, names=["a", "b"])


# --------------------------------------------------------------- files and their folders


@pytest.fixture
def run(capsys):
    def call(*words):
        code = cli.main([str(word) for word in words])
        captured = capsys.readouterr()
        return code, captured.err

    return call


def test_reports_and_inputs_move_together(run, tmp_path, monkeypatch):
    project = tmp_path / "project"
    (project / "data").mkdir(parents=True)
    (project / "results" / "deep").mkdir(parents=True)
    shutil.copy(TRUTH, project / "data" / "truth.json")
    shutil.copy(FOUND, project / "found.json")
    monkeypatch.chdir(project)
    words = ("temporal", "data/truth.json", "found.json", "--quiet", "--out", "results/deep/r.json")
    assert run(*words) == (0, "")
    stored = json.loads((project / "results/deep/r.json").read_text())
    assert stored["folder"] == "../.."
    assert stored["settings"]["truth"]["source"] == "data/truth.json"
    report = "results/deep/r.json"
    assert run("compare", report, report, "--quiet", "--resamples", "50") == (0, "")
    monkeypatch.chdir(tmp_path)  # from somewhere else
    assert run("explain", f"project/{report}", f"project/{report}") == (0, "")
    os.rename(project, tmp_path / "moved")
    assert run("compare", *[f"moved/{report}"] * 2, "--quiet", "--resamples", "50") == (0, "")
    os.rename(tmp_path / "moved/found.json", tmp_path / "found.json")
    code, err = run("compare", *[f"moved/{report}"] * 2)
    assert code == 2
    assert "its found found.json is not there any more (looked for " in err
    assert "move both together" in err


def test_a_report_knows_its_folder_when_it_is_written_later(tmp_path, monkeypatch, run):
    (tmp_path / "a").mkdir()
    shutil.copy(TRUTH, tmp_path / "a" / "truth.json")
    shutil.copy(FOUND, tmp_path / "a" / "found.json")
    monkeypatch.chdir(tmp_path / "a")
    report = temporal(truth="truth.json", found="found.json", iou=0.5)
    monkeypatch.chdir(tmp_path)
    report.to_json("r.json")
    assert json.loads((tmp_path / "r.json").read_text())["folder"] == "a"
    assert run("explain", "r.json", "r.json") == (0, "")


@pytest.mark.parametrize("cut", [0, 1, 100, -3])
def test_a_report_that_was_cut(run, tmp_path, cut, sample):
    path = tmp_path / "r.json"
    text = sample.to_json(path)
    path.write_text(text[:cut])
    for command in ("compare", "explain"):
        code, err = run(command, path, path)
        assert code == 2
        assert err.count("\n") == 1
        assert ("r.json: invalid JSON" if cut else "r.json: the file is empty") in err
        assert "the file was cut or changed afterwards" in err


def test_other_versions_are_named(run, tmp_path, sample):
    path = tmp_path / "r.json"
    content = json.loads(sample.to_json(path))
    content["summary"]["mAP"] += 0.01
    content["settings"]["versions"]["numpy"] = "1.0.0"
    path.write_text(json.dumps(content))
    code, err = run("compare", path, path)
    assert code == 2
    assert f"it was made with numpy 1.0.0, here {np.__version__}" in err


# ------------------------------------------------------------------------- explanation


def test_equal_input_is_no_step():
    frame = as_segments(TRUTH, role="truth").to_frame()
    for truth in (TRUTH, frame, json.loads(TRUTH.read_text())):
        a, b = (temporal(truth=truth, found=FOUND, iou=0.5, subset=None) for _ in range(2))
        assert [row["field"] for row in explain(a, b).rows()] == ["(a)"]


def test_a_subset_is_a_step_and_other_confidences_are_input():
    data = json.loads(TRUTH.read_text())
    for k, entry in enumerate(data["database"].values()):
        entry["subset"] = "half" if k % 2 else "rest"
    whole = temporal(truth=data, found=FOUND, iou=0.5)
    half = temporal(truth=data, found=FOUND, iou=0.5, subset="half")
    steps = explain(whole, half).rows()
    assert [row["field"] for row in steps] == ["(a)", "subset"]
    assert steps[-1]["mAP"] == half.summary["mAP"]
    assert [row["field"] for row in explain(half, half).rows()] == ["(a)"]
    frame = as_segments(FOUND, role="found").to_frame()
    other = temporal(truth=data, found=frame.assign(confidence=0.5), iou=0.5)
    steps = explain(whole, other).rows()
    assert [row["field"] for row in steps] == ["(a)", "input"]
    assert steps[-1]["after"] == "DataFrame"


def test_all_protocols_are_drawn_shown_compared_and_explained(tmp_path):
    every = temporal(truth=TRUTH, found=FOUND, protocol="all", iou=[0.5, 0.7])
    page = every.to_html(tmp_path / "all.html")
    for name in ("activitynet", "opentad", "thumos14", "thumos14_updated"):
        assert f"{name}: Summary, %" in page
        assert f"{name}: Classes, AP in %, the worst first" in page
    axes = every.plot().axes[0]
    line = axes.get_lines()[1]
    assert line.get_xdata().tolist() == [0.5, 0.7]
    expected = [100 * every.summary[f"opentad mAP@{x}"] for x in ("0.50", "0.70")]
    assert line.get_ydata() == pytest.approx(expected)
    result = compare(every, every, names=["a", "b"], metric="opentad mAP@0.70", resamples=50)
    assert result.pair_rows[0]["difference"] == 0.0
    other = temporal(truth=TRUTH, found=FOUND, protocol="all", iou=[0.5, 0.7], ties="stable")
    assert offered(refusal(every, other, metric="opentad mAP")) == ["ties"]
    steps = explain(every, other, metric="opentad mAP@0.50").rows()
    assert [row["field"] for row in steps] == ["(a)", "ties"]
    assert steps[-1]["opentad mAP@0.50"] == other.summary["opentad mAP@0.50"]


def test_workers_read_the_files_of_the_folder_of_this_run(tmp_path, monkeypatch):
    expected = []
    for k, volume in enumerate((CASES["case0"], CASES["case1"])):
        for role, values in (("truth", CASES["case2"]), ("found", volume)):
            (tmp_path / f"{k}" / role).mkdir(parents=True)
            for name in ("a", "b"):
                np.save(tmp_path / f"{k}" / role / f"{name}.npy", values)
        monkeypatch.chdir(tmp_path / f"{k}")
        report = segmentation(truth="truth", found="found", metrics="dice", workers=2)
        alone = segmentation(truth="truth", found="found", metrics="dice")
        assert report.table_rows == alone.table_rows
        expected.append(report.summary["dice"])
    assert expected[0] != expected[1]
