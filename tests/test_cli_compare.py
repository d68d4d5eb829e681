"""``overlap compare`` on reports of segmentations, through files."""

from __future__ import annotations

import json
from importlib import metadata

import numpy as np
import pytest

from overlap import cli, evaluate

SHAPE = (12, 12, 12)
SERIES = ".".join(metadata.version("overlap-metrics").split(".")[:2])


def ball(center, radius):
    grid = np.indices(SHAPE)
    return sum((grid[k] - center[k]) ** 2 for k in range(3)) < radius**2


def volumes(count=10, seed=0):
    """True label maps, and those of three methods of falling quality; some tumors are missed."""
    rng = np.random.default_rng(seed)
    truth, methods = {}, {"good": {}, "fair": {}, "poor": {}}
    for n in range(count):
        center = rng.uniform(5, 7, 3)
        labels = ball(center, 4).astype(np.uint8)
        if n != 3:
            labels[ball(center + 1, 1.5)] = 2
        truth[f"case{n}"] = labels
        for found, noise in zip(methods.values(), (0.2, 0.7, 1.5), strict=True):
            moved = center + rng.normal(0, noise, 3)
            labels = ball(moved, 4).astype(np.uint8)
            if n not in (3, 4):
                labels[ball(moved + 1, 1.5)] = 2
            found[f"case{n}"] = labels
    return truth, methods


@pytest.fixture(scope="module")
def made():
    truth, methods = volumes()
    return {
        name: evaluate.segmentation(
            truth=truth,
            found=found,
            labels={"organ": (1, 2), "tumor": (2,)},
            metrics=["dice", "false_negative_error", "volume_difference", "volume_truth"],
            spacing=(1.0, 1.0, 2.0),
        )
        for name, found in methods.items()
    }


@pytest.fixture
def folder(made, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, report in made.items():
        report.to_json(f"{name}.json")
    return tmp_path


@pytest.fixture
def run(capsys):
    def call(*words):
        code = cli.main(["compare", *map(str, words)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def test_files_and_reports_give_the_same(run, made, folder):
    names = ["poor.json", "good.json", "fair.json"]
    code, out, err = run(*names, "--out", "cmp.json", "--resamples", "100", "--seed", "3")
    assert (code, err) == (0, "")
    written = json.loads((folder / "cmp.json").read_text())
    direct = evaluate.compare(
        *[made[name.partition(".")[0]] for name in names], names=names, resamples=100, rng=3
    )
    assert written == json.loads(direct.to_json())
    assert [row["name"] for row in written["table"]] == ["good.json", "fair.json", "poor.json"]
    for row in written["table"]:
        summary = made[row["name"].partition(".")[0]].summary
        assert row["dice"] == pytest.approx(summary["dice"], abs=1e-12)
        for part in written["labels"]:
            if part["name"] == row["name"]:
                assert part["dice"] == pytest.approx(summary[f"dice[{part['label']}]"], abs=1e-12)
    lines = out.splitlines()
    assert lines[0].split() == (
        "report rank dice % 95 % interval best in by cases mean rank".split()
    )
    assert lines[1].startswith("good.json ")
    assert f"{100 * made['good'].summary['dice']:.2f}" in lines[1]
    assert any(line.startswith("organ ") for line in lines)
    assert "Wilcoxon signed-rank, two-sided, zeros left out; Holm over the pairs" in out
    assert "good.json > poor.json" in out
    assert written["settings"]["undefined"] == {name: 1 for name in names}  # tumor of case3
    assert "note: undefined or infinite values are left out: 1 in poor.json" in out


def test_one_label_and_a_metric_that_should_be_low(run, made, folder):
    code, out, _ = run(
        "good.json", "poor.json", "--metric", "false_negative_error", "--label", "tumor",
        "--out", "cmp.json",
    )  # fmt: skip
    assert code == 0
    table = json.loads((folder / "cmp.json").read_text())["table"]
    assert [row["name"] for row in table] == ["good.json", "poor.json"]
    assert table[0]["false_negative_error"] < table[1]["false_negative_error"]
    best = made["good"].summary["false_negative_error[tumor]"]
    assert table[0]["false_negative_error"] == pytest.approx(best, abs=1e-12)
    assert "organ" not in out


def test_volumes_keep_their_unit(run, folder):
    code, out, _ = run("good.json", "poor.json", "--metric", "volume_difference")
    assert code == 0
    unit = out.split("volume_difference ")[1].split()[0]
    assert unit != "%"
    assert "volume_difference is signed; its magnitude is compared" in out


def test_missing_and_aggregate_reach_the_comparison(run, folder):
    words = ("good.json", "fair.json", "--label", "tumor", "--out", "cmp.json", "--quiet")
    numbers = {}
    for missing in ("none", "worst", "1"):
        assert run(*words, "--missing", missing) == (0, "", "")
        settings, table = (
            json.loads((folder / "cmp.json").read_text())[key] for key in ("settings", "table")
        )
        assert settings["missing"] == {"none": None, "worst": "worst", "1": 1.0}[missing]
        numbers[missing] = table[0]["dice"]
    # nobody finds or has a tumor in case3: that is not missing
    assert numbers["worst"] == numbers["none"]
    assert numbers["1"] == pytest.approx(0.9 * numbers["none"] + 0.1)
    assert run(*words, "--aggregate", "median")[0] == 0
    assert json.loads((folder / "cmp.json").read_text())["settings"]["aggregate"] == "median"


def test_other_cases_need_common(run, folder):
    report = json.loads((folder / "fair.json").read_text())
    truth, methods = volumes()
    for part in (truth, methods["fair"]):
        del part["case7"]
    smaller = evaluate.segmentation(
        truth=truth,
        found=methods["fair"],
        labels={"organ": (1, 2), "tumor": (2,)},
        metrics=list(report["settings"]["metrics"]),
        spacing=(1.0, 1.0, 2.0),
    )
    smaller.to_json("fair.json")
    code, out, err = run("good.json", "fair.json")
    assert (code, out) == (2, "")
    assert "report 'fair.json' has no rows of 1 case that another has ('case7')" in err
    code, out, _ = run("good.json", "fair.json", "--common")
    assert code == 0
    assert "note: 1 case that only some reports have is left out" in out


def contract(report):
    return report["settings"]["contract"]


def change(path, edit):
    report = json.loads(path.read_text())
    edit(report)
    path.write_text(json.dumps(report))


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda r: r["table"][0].update(value=0.123), "its table gives dice = "),
        (lambda r: r["table"].append({"case": "x"}), "table[80] is not a row with case, label"),
        (lambda r: r["table"][2].update(value="0.5"), "table[2] is not a row with case, label"),
        (lambda r: r.update(table={}), "is not a report of overlap"),
        (lambda r: r["settings"]["metrics"].clear(), "not say which values of 'dice' are better"),
        (lambda r: r["settings"].pop("contract"), "does not say on which truth and by which rules"),
        (lambda r: r["settings"].update(contract=[1]), "does not say on which truth"),
        (lambda r: contract(r)["rules"].update(ignore=[255]), "differ in ignore: none against 255"),
        (lambda r: contract(r)["labels"].update(tumor=[3]), "labels tumor: 2 against 3"),
        (lambda r: contract(r)["rules"]["empty"].update(name="x"), "empty name: default against x"),
        (lambda r: contract(r)["items"].update(case4="0"), "differ in truth case4: "),
        (lambda r: contract(r)["numbers"]["dice"]["metric"].update(unit="mm"), "1 against mm"),
        (lambda r: contract(r).update(version="0.0"), f"version: {SERIES} against 0.0"),
    ],
)  # fmt: skip
def test_changed_reports_are_refused(run, folder, edit, message):
    change(folder / "fair.json", edit)
    names = ["good.json", "fair.json"] if "better" not in message else ["fair.json", "good.json"]
    code, out, err = run(*names)
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--missing", "best"], "--missing best: wanted a number, none or worst"),
        (["--metric", "volume_truth"], "volume_truth is a size"),
        (["--metric", "hd95"], "has no metric 'hd95'; it has dice, "),
        (["--label", "liver"], "has no label 'liver'; it has organ, tumor"),
        (["--out", "good.json"], "would overwrite the input good.json"),
        (["--plot", "p.gif"], "--plot p.gif: wanted a name in .png"),
    ],
)
def test_bad_words(run, folder, words, message):
    code, out, err = run("good.json", "fair.json", *words)
    assert (code, out) == (2, "")
    assert message in err


def test_explain_is_for_localization(folder, capsys):
    assert cli.main(["explain", "good.json", "fair.json"]) == 2
    assert "good.json: is a report of numbers per case" in capsys.readouterr().err


def test_equal_reports_and_few_cases_are_said_to_be(run, folder, made):
    made["good"].to_json("same.json")
    code, out, _ = run("good.json", "same.json")
    assert code == 0
    assert "good.json = same.json" in out
    assert out.split("good.json = same.json")[1].splitlines()[0].split()[-1] == "no"
    truth, methods = volumes(2)
    few = evaluate.segmentation(truth=truth, found=methods["good"], labels={"organ": (1, 2)})
    few.to_json("few.json")
    few.to_json("too.json")
    code, out, _ = run("few.json", "too.json")
    assert "unknown" in out.splitlines()[1]


def test_podium_and_page_are_written(run, folder):
    words = ("--plot", "p.png", "--out", "c.html", "--out", "c.csv", "--quiet")
    assert run("good.json", "fair.json", "poor.json", *words)[0] == 0
    assert (folder / "p.png").read_bytes()[:4] == b"\x89PNG"
    page = (folder / "c.html").read_text()
    assert "good.json is the best by dice" in page
    assert page.count("<img ") == 4
    assert page.index("Ranking") < page.index("Labels") < page.index("Differences")
    lines = (folder / "c.csv").read_text().splitlines()
    assert lines[0].startswith("rank,name,dice,low,high,best_in")
    assert [line.split(",")[1] for line in lines[1:]] == ["good.json", "fair.json", "poor.json"]
