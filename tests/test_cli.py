"""The command line, run in this process; a few things need a process of their own."""

import csv
import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from overlap import cli, evaluate
from overlap.cli import outputs as _outputs
from overlap.io import sample_path

TRUTH = str(sample_path("temporal_truth"))
FOUND = str(sample_path("temporal_found"))


@pytest.fixture
def run(capsys):
    """Run the command line; gives exit code, stdout and stderr."""

    def call(*words: str) -> tuple[int, str, str]:
        code = cli.main([str(word) for word in words])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture
def refused(run):
    """Run a command that must fail with exit code 2, one line and no output."""

    def call(*words: str) -> str:
        code, out, err = run(*words)
        assert code == 2
        assert out == ""
        assert err.count("\n") == 1
        assert err.startswith("overlap: error: ")
        return err

    return call


# ------------------------------------------------------------------ overlap temporal


def test_sample(run):
    code, out, err = run("temporal", "--sample")
    report = evaluate.temporal(truth=TRUTH, found=FOUND)
    assert code == 0
    assert err == ""
    lines = out.splitlines()
    assert lines[0].split() == ["IoU", "mAP", "%", "over", "ties"]
    assert lines[1].split()[:2] == ["0.50", f"{100 * report.summary['mAP@0.50']:.2f}"]
    mean = next(line for line in lines if line.startswith("mean"))
    assert mean.split()[1] == f"{100 * report.summary['mAP']:.2f}"
    assert "230 segments in 40 videos, 8 classes" in out
    assert "393 in 41 videos; 1 outside the truth's videos" in out
    assert "sample_unknown" in out


def test_report_files_hold_the_numbers(run, tmp_path):
    paths = [tmp_path / f"report{suffix}" for suffix in (".json", ".csv", ".html")]
    words = [word for path in paths for word in ("--out", str(path))]
    code, out, _ = run("temporal", TRUTH, FOUND, "--iou", "0.3:0.7:0.1", *words)
    assert code == 0
    assert out
    report = evaluate.temporal(truth=TRUTH, found=FOUND, iou=[0.3, 0.4, 0.5, 0.6, 0.7])
    written = json.loads(paths[0].read_text())
    assert set(written) == {"settings", "summary", "table", "folder"}
    assert written["summary"] == report.to_dict()["summary"]
    assert written["settings"]["thresholds"] == [0.3, 0.4, 0.5, 0.6, 0.7]
    with paths[1].open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [float(row["value"]) for row in rows] == report.table["value"].tolist()
    assert "<table>" in paths[2].read_text()
    assert sorted(os.listdir(tmp_path)) == ["report.csv", "report.html", "report.json"]


def test_upper_and_lower_case_do_not_matter(run):
    words = ("temporal", "--sample", "--iou", "0.5")
    plain = run(*words, "--protocol", "thumos14", "--ties", "stable")
    assert run(*words, "--protocol", "THUMOS14", "--ties", "Stable") == plain
    assert run("list", "Protocols") == run("list", "protocols")


def test_table_as_parquet(run, tmp_path):
    pytest.importorskip("pyarrow")
    path = tmp_path / "r.parquet"
    assert run("temporal", TRUTH, FOUND, "--iou", "0.5", "--out", path)[0] == 0
    report = evaluate.temporal(truth=TRUTH, found=FOUND, iou=0.5)
    written = pd.read_parquet(path)
    pd.testing.assert_frame_equal(written, report.table)
    assert written.attrs["summary"] == report.to_dict()["summary"]
    assert written.attrs["settings"]["protocol"] == "activitynet"


def test_quiet(run, tmp_path):
    code, out, err = run(
        "temporal", TRUTH, FOUND, "--quiet", "--iou", "0.5", "--out", tmp_path / "r.json"
    )
    assert (code, out, err) == (0, "", "")
    assert json.loads((tmp_path / "r.json").read_text())["summary"]["mAP"] > 0


def test_plot(run, tmp_path):
    code, _, _ = run("temporal", "--sample", "--iou", "0.5", "--plot", tmp_path / "p.png")
    assert code == 0
    assert (tmp_path / "p.png").read_bytes()[:4] == b"\x89PNG"


def test_bootstrap_and_seed(run, tmp_path):
    outputs = []
    for seed in (0, 0, 1):
        code, out, _ = run("temporal", "--sample", "--bootstrap", "50", "--seed", seed)
        assert code == 0
        assert "95 % interval" in out
        outputs.append(out)
    assert outputs[0] == outputs[1] != outputs[2]


def test_options_reach_the_evaluation(run, tmp_path):
    path = tmp_path / "r.json"
    code, _, _ = run(
        "temporal", TRUTH, FOUND, "--protocol", "thumos14", "--subset", "validation",
        "--set", "recall_grid=octave", "--set", "comparison=>=", "--ties", "stable",
        "--labels", "Diving, PoleVault", "--iou", "0.5,0.75", "--workers", "2", "--out", path,
    )  # fmt: skip
    assert code == 0
    settings = json.loads(path.read_text())["settings"]
    assert settings["rules"]["recall_grid"] == "octave"
    assert settings["rules"]["comparison"] == ">="
    assert settings["subset"] == "validation"
    assert settings["ties"] == "stable"
    assert sorted(settings["classes"]) == ["Diving", "PoleVault"]
    assert settings["thresholds"] == [0.5, 0.75]
    assert settings["truth"]["videos"] == 30


def test_ambiguous_file(run, tmp_path):
    path = tmp_path / "ambiguous.csv"
    path.write_text("video,start,stop,label\nsample_000,0,400,Ambiguous\nsample_000,0,1,Diving\n")
    words = ("temporal", TRUTH, FOUND, "--protocol", "thumos14", "--iou", "0.5")
    values = []
    for extra in ((), ("--ambiguous", path)):
        out = tmp_path / f"{len(extra)}.json"
        assert run(*words, *extra, "--out", out)[0] == 0
        values.append(json.loads(out.read_text()))
    ignored = [sum(row["n_ignored"] for row in value["table"]) for value in values]
    assert ignored[0] == 0
    assert ignored[1] > 0


def test_csv_and_gzip(run, tmp_path):
    truth = tmp_path / "truth.json.gz"
    truth.write_bytes(gzip.compress(Path(TRUTH).read_bytes()))
    found = tmp_path / "found.csv"
    rows = ["video-id,t-start,t-end,label,score"]
    for video, items in json.loads(Path(FOUND).read_text())["results"].items():
        for item in items:
            cells = (video, *item["segment"], item["label"], item["score"])
            rows.append(",".join(map(str, cells)))
    found.write_text("\n".join(rows) + "\n")
    for number, pair in enumerate([(TRUTH, FOUND), (truth, found)]):
        assert run("temporal", *pair, "--quiet", "--out", tmp_path / f"{number}.json")[0] == 0
    first, second = (json.loads((tmp_path / f"{n}.json").read_text()) for n in (0, 1))
    assert first["table"] == second["table"]


def test_all_protocols(run):
    code, out, _ = run("temporal", TRUTH, FOUND, "--protocol", "all")
    assert code == 0
    lines = out.splitlines()
    assert lines[0].replace("%", "").split() == ["IoU", *evaluate.PROTOCOLS]
    means = next(line for line in lines if line.startswith("mean")).split()[1:]
    for name, shown in zip(evaluate.PROTOCOLS, means, strict=True):
        report = evaluate.temporal(truth=TRUTH, found=FOUND, protocol=name)
        assert shown == f"{100 * report.summary['mAP']:.2f}"


@pytest.mark.reference
def test_real_predictions(run, reference_data, tmp_path):
    folder = reference_data / "temporal" / "thumos14"
    truth, found = folder / "gt_test210.json.gz", folder / "stpn_results.json.gz"
    path = tmp_path / "report.json"
    code, out, _ = run(
        "temporal", truth, found, "--protocol", "activitynet", "--iou", "0.1:0.9:0.1", "--out", path
    )
    assert code == 0
    shown = [line.split()[1] for line in out.splitlines()[1:10]]
    assert shown == ["52.12", "44.20", "34.70", "26.06", "17.70", "10.09", "4.99", "1.34", "0.10"]
    official = json.loads((folder.parent / "reference_activitynet_official.json").read_text())
    summary = json.loads(path.read_text())["summary"]
    values = [summary[f"mAP@{k / 10:.2f}"] for k in range(1, 10)]
    assert values == pytest.approx(official["runs"]["thumos14_stpn_gt210"]["mAP"], abs=1e-12)


# ------------------------------------------------------------------------ bad input


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["temporal"], "TRUTH and FOUND missing; give two files, or --sample"),
        (["temporal", TRUTH], "FOUND missing"),
        (["temporal", TRUTH, FOUND, "--sample"], "--sample brings its own files"),
        (["temporal", "no.json", FOUND], "no.json: no such file"),
        (["temporal", FOUND, TRUTH], "given as truth; swap TRUTH and FOUND"),
        (["temporal", TRUTH, TRUTH], "given as found; swap"),
        (["temporal", "--sample", "--protocol", "voc"], "no protocol 'voc'; known are activitynet"),
        (["temporal", "--sample", "--protocol", "all", "--set", "a=1"], "--set needs one protocol"),
        (["temporal", "--sample", "--subset", "test"], "subset 'test'; it has 'training', 'valid"),
        (["temporal", "--sample", "--labels", "Chess"], "none of 'Chess' is in the truth"),
        (["temporal", "--sample", "--iou", "0.5:0.3:0.1"], "wanted start:stop:step"),
        (["temporal", "--sample", "--iou", "half"], "'half', which is not a number"),
        (["temporal", "--sample", "--iou", "1.5"], "1.5 is not in [0, 1]"),
        (["temporal", "--sample", "--set", "ties"], "--set ties: wanted FIELD=VALUE"),
        (["temporal", "--sample", "--set", "self=1"], "--set self=1: wanted FIELD=VALUE"),
        (["temporal", "--sample", "--set", "truth=x"], "there is no field 'truth'; the fields are"),
        (["temporal", "--sample", "--set", "union=a"], "union = 'a' is not one of 'sum', 'hull'"),
        (["temporal", "--sample", "--set", "a=1", "--set", "a=2"], "--set a is given twice"),
        (["temporal", "--sample", "--ties", "no"], "Invalid value for '--ties'"),
        (["temporal", "--sample", "--bootstrap", "-1"], "Invalid value for '--bootstrap'"),
        (["temporal", "--sample", "--workers", "0"], "Invalid value for '--workers'"),
        (["temporal", "--sample", "--ambiguous", FOUND], "does not use ambiguous intervals"),
        (["temporal", "--sample", "--out", "report.txt"], "wanted a name in .json, .csv, .html"),
        (["temporal", "--sample", "--out", "no/r.json"], "does not exist"),
        (["temporal", "--sample", "--plot", "plot.txt"], "wanted a name in .png, .pdf, .svg"),
        (["temporal", "--sample", "--out", "r.csv", "--out", "./r.csv"], "overwrite the output"),
        (["temporal", "--sample", "--speed", "9"], "No such option"),
        (["list", "colors"], "'colors' is not one of 'scores', 'metrics', 'protocols', 'kinds'"),
        (["list"], "Missing argument"),
        (["check"], "Missing argument"),
        (["sing"], "No such command 'sing'"),
        (["list", "scorse"], "did you mean 'scores'?"),
        (["temporal", "--sample", "--protocol", "Thumos41"], "did you mean 'thumos14'?"),
        (["temporal", "--sample", "--ties", "stabel"], "did you mean 'stable'?"),
        (["temporal", "--sample", "--engine", "locky"], "engine = 'locky'"),
        (["temporal", "--sample", "--address", "tcp://a:1"], "is for the engine 'dask'"),
    ],
)  # fmt: skip
def test_bad_words(refused, words, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert message in refused(*words)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        (
            "t.json.gz",
            gzip.compress(Path(TRUTH).read_bytes(), mtime=0)[:-100],
            "truncated gzip file",
        ),
        ("t.json", b'{"database": {"v": {"subset": "x"}}}', "['v'] has no key 'annotations'"),
        ("t.json", b'{"database": ', "invalid JSON at line 1, column 14"),
        ("t.json", b"", "the file is empty"),
        ("t.csv", b"video,start,stop,label\nv,nan,2,x\n", "line 2: start is nan"),
        ("t.csv", b"video,start,stop,label\nv,3,2,x\n", "line 2: stop 2.0 is before start 3.0"),
        ("t.csv", b"video,start,label\nv,3,x\n", "missing column for stop"),
    ],
)
def test_bad_truth_files(refused, tmp_path, name, data, message):
    path = tmp_path / name
    path.write_bytes(data)
    err = refused("temporal", path, FOUND)
    assert message in err
    assert str(path) in err


def test_swapped_tables(refused, tmp_path):
    truth, found = tmp_path / "truth.csv", tmp_path / "found.csv"
    truth.write_text("video,start,stop,label\nv,1,2,x\n")
    found.write_text("video,start,stop,label,score\nv,1,2,x,0.5\n")
    assert "look swapped" in refused("temporal", found, truth)


def test_inputs_are_never_overwritten(refused, tmp_path):
    truth, found = tmp_path / "truth.json", tmp_path / "found.json"
    truth.write_text(Path(TRUTH).read_text())
    found.write_text(Path(FOUND).read_text())
    (tmp_path / "soft.json").symlink_to(truth)
    os.link(found, tmp_path / "hard.json")
    for target in ("truth.json", "found.json", "soft.json", "hard.json"):
        err = refused("temporal", truth, found, "--out", tmp_path / target)
        assert "would overwrite the input" in err
    assert truth.read_text() == Path(TRUTH).read_text()
    assert found.read_text() == Path(FOUND).read_text()


def test_messages_are_one_line(refused, tmp_path):
    path = tmp_path / "a\nb.json"
    assert "a b.json: no such file" in refused("temporal", path, FOUND)


def test_missing_extra_is_named(refused, monkeypatch, tmp_path):
    monkeypatch.setattr(_outputs.util, "find_spec", lambda name: None)
    err = refused("temporal", "--sample", "--plot", tmp_path / "p.png")
    assert "pip install 'overlap-metrics[plot]'" in err
    err = refused("temporal", "--sample", "--out", tmp_path / "r.parquet")
    assert "r.parquet needs pyarrow: pip install 'overlap-metrics[report]'" in err


def test_traceback_on_request(monkeypatch):
    monkeypatch.setenv("OVERLAP_TRACEBACK", "1")
    with pytest.raises(FileNotFoundError):
        cli.main(["temporal", "no.json", FOUND])


# ---------------------------------------------------------------- compare, explain


@pytest.fixture
def reports(run, tmp_path, monkeypatch) -> Path:
    """Folder with copies of the samples and three reports on them."""
    monkeypatch.chdir(tmp_path)
    Path("truth.json").write_text(Path(TRUTH).read_text())
    Path("found.json").write_text(Path(FOUND).read_text())
    words = ("temporal", "truth.json", "found.json", "--iou", "0.5", "--quiet")
    changes = ("--set", "comparison=>=", "--labels", "Diving,Surfing")
    assert run(*words, "--bootstrap", "50", "--out", "a.json")[0] == 0
    assert run(*words, "--protocol", "thumos14", "--out", "b.json")[0] == 0
    assert run(*words, "--protocol", "thumos14_updated", *changes, "--out", "c.json")[0] == 0
    return tmp_path


def test_compare(run, reports):
    words = ("compare", "c.json", "a.json", "--resamples", "50", "--out", "out.json")
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    for difference in ("labels: only in the second", "protocol order: truth against confidence",
                       "protocol interpolation: none against all_points"):  # fmt: skip
        assert difference in err
    assert "--allow labels,protocol" in err
    code, out, err = run(*words, "--allow", "labels,protocol")
    assert (code, err) == (0, "")
    assert "attention: 'c.json' and 'a.json' differ, as allowed: labels: " in out
    maps = {
        name: json.loads(Path(name).read_text())["summary"]["mAP"] for name in ("a.json", "c.json")
    }
    written = json.loads(Path("out.json").read_text())
    assert {row["name"]: row["mAP"] for row in written["table"]} == maps
    best = max(maps, key=maps.get)
    assert out.splitlines()[1].startswith(best)
    assert f"{100 * abs(maps['a.json'] - maps['c.json']):.2f}" in out
    assert run(*words, "--allow", "labels,protocol", "--metric", "map")[1] == out
    assert written["settings"]["resamples"] == 50


def test_explain(run, reports):
    words = ("--out", "out.json", "--out", "out.html", "--out", "out.csv", "--plot", "out.svg")
    code, out, err = run("explain", "a.json", "b.json", *words)
    assert (code, err) == (0, "")
    assert "From a.json to b.json" in Path("out.html").read_text()
    assert Path("out.csv").read_text().startswith("field,before,after,mAP,change\n(a),")
    assert "<svg" in Path("out.svg").read_text()
    steps = json.loads(Path("out.json").read_text())["table"]
    summaries = [
        json.loads(Path(name).read_text())["summary"]["mAP"] for name in ("a.json", "b.json")
    ]
    assert sum(row["change"] for row in steps) == pytest.approx(
        summaries[1] - summaries[0], abs=1e-12
    )
    assert "interpolation" in out
    assert "input" not in [row["field"] for row in steps]  # both are on the same files


def test_explain_follows_changed_fields_and_labels(run, reports):
    _, out, _ = run("explain", "a.json", "c.json")
    fields = [line.split()[0] for line in out.splitlines()[1:]]
    assert "labels" in fields
    assert "comparison" not in fields  # set to what the first report has


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["compare", "a.json"], "give at least two"),
        (["compare", "a.json", "truth.json"], "truth.json: is not a report of overlap"),
        (["compare", "a.json", "no.json"], "no.json: no such file"),
        (["compare", "a.json", "b.json", "--out", "a.json"], "would overwrite the input a.json"),
        (["compare", "a.json", "b.json", "--out", "x.parquet"], "wanted a name in .json"),
        (["compare", "a.json", "b.json", "--metric", "AP"], "has no metric 'AP'; did you mean"),
        (["explain", "a.json"], "Missing argument 'REPORT_B'"),
        (["explain", "a.json", "b.json", "--metric", "AP"], "has no metric 'AP'"),
    ],
)  # fmt: skip
def test_bad_words_for_reports(refused, reports, words, message):
    assert message in refused(*words)


def test_changed_inputs_and_numbers_are_noticed(refused, reports):
    text = Path("found.json").read_text()
    Path("found.json").write_text(text + " ")
    assert "found.json has changed since" in refused("compare", "a.json", "b.json")
    Path("found.json").write_text(text)
    report = json.loads(Path("a.json").read_text())
    report["summary"]["mAP"] += 1e-9
    Path("a.json").write_text(json.dumps(report))
    assert "gives another mAP" in refused("compare", "a.json", "b.json")
    report["settings"]["truth"]["sha256"] = None
    Path("a.json").write_text(json.dumps(report))
    assert "its truth was not a file" in refused("explain", "a.json", "b.json")


# --------------------------------------------------------------- check, list, warm


def test_check(run):
    code, out, err = run("check", TRUTH, FOUND)
    assert code == 0
    assert err == ""
    assert f"{TRUTH}: annotations of time segments" in " ".join(out.split())
    assert "230 in 40 videos (1 without segments), 8 labels" in out
    assert "odd: 1 segment repeats another of its video and label" in out
    assert "odd: 1 segment has zero length" in out
    assert f"{FOUND}: predictions of time segments" in " ".join(out.split())
    assert "confidences are tied" in out
    assert f"{TRUTH} and {FOUND}: " in " ".join(out.split())
    assert "videos that are not in the truth: 'sample_unknown'" in out


def test_check_strict(run, tmp_path):
    assert run("check", "--strict", TRUTH)[0] == 1
    clean = tmp_path / "clean.csv"
    clean.write_text("video,start,stop,label\nv,1,2,x\n")
    assert run("check", "--strict", clean)[0] == 0


def test_check_goes_on_after_a_bad_file(run, tmp_path):
    code, out, err = run("check", tmp_path / "no.json", TRUTH)
    assert code == 2
    assert "no.json: no such file" in err
    assert "230 in 40 videos" in out


def test_list(run):
    code, out, _ = run("list", "scores")
    assert code == 0
    names = [line.split()[0].partition("(")[0] for line in out.splitlines()]
    assert {"iou", "giou", "ciou", "tversky", "center_gap"} <= set(names)
    assert "iou - enclosure_gap" in out
    code, out, _ = run("list", "metrics")
    assert "dice" in [line.split()[0] for line in out.splitlines()]
    code, out, _ = run("list", "protocols")
    known = [*evaluate.TEMPORAL_PROTOCOLS, *evaluate.DETECTION_PROTOCOLS]
    assert [line.split()[0] for line in out.splitlines()] == known
    code, out, _ = run("list", "kinds")
    assert {"Intervals", "Boxes"} <= {line.split()[0] for line in out.splitlines()}


def test_warm(run):
    assert run("warm", "--quiet")[:2] == (0, "")
    code, out, _ = run("warm", "Temporal", "scores")
    assert code == 0
    *lines, last = out.splitlines()
    assert last.startswith("kernels are compiled (")
    assert [line.partition(" (")[0] for line in lines] == [
        "temporal: nothing to compile", "scores: nothing to compile"
    ]  # fmt: skip
    code, _, err = run("warm", "tempral")
    assert code == 2
    assert "did you mean 'temporal'?" in err


def test_no_words_show_the_help(run):
    code, out, err = run()
    assert code == 0
    assert err == ""
    assert "temporal" in out


def test_every_option_has_help(run):
    _, out, _ = run("temporal", "--help")
    for option in cli.cli.commands["temporal"].params:
        if option.param_type_name == "option":
            assert option.help, option.name
            assert option.opts[0] in out


# -------------------------------------------------------------- processes of their own


def test_module_is_the_command():
    words = [sys.executable, "-m", "overlap", "list", "protocols"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0
    assert done.stdout.startswith("activitynet")
    done = subprocess.run([*words[:3], "sing"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1


def test_reader_that_goes_away(tmp_path):
    command = f"{sys.executable} -m overlap list scores | head -n 1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=120)
    assert done.stderr == ""
    assert done.stdout.count("\n") == 1
