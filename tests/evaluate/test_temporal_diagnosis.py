"""Diagnosis of localization: beside a plain definition, published numbers, bins and files."""

from __future__ import annotations

import gzip
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from overlap import cli, evaluate
from overlap.evaluate._temporal.localization.characteristics import (
    BINS,
    characteristics_of,
    parse_bins,
)
from overlap.io import sample_path

EDGES = {"coverage": [0, 0.25, 0.5, 1.0], "length": [0, 2, 4, math.inf], "instances": [-1, 2, 9]}
NAMES = ["duplicate", "class", "location", "both", "background"]


# ------------------------------------------------------------------------ a plain definition


def iou(a: Any, b: Any) -> float:
    shared = max(min(a["stop"], b["stop"]) - max(a["start"], b["start"]), 0.0)
    union = a["stop"] - a["start"] + b["stop"] - b["start"] - shared
    return shared / union if union > 0 else 0.0


def ranked(rows: list[dict]) -> list[dict]:
    """The most confident first; equal ones as NumPy sorts them from behind."""
    scores = np.array([row["confidence"] for row in rows])
    return [rows[k] for k in np.argsort(scores)[::-1]]


def curve(outcomes: list[bool], positives: float, typical: float) -> tuple[list, list]:
    recall, precision, true, false = [], [], 0, 0
    for hit in outcomes:
        true, false = true + hit, false + (not hit)
        recall.append(true / positives)
        gain = recall[-1] * typical
        precision.append(gain / (gain + false))
    return recall, precision


def area(outcomes: list[bool], positives: float, typical: float) -> float:
    recall, precision = curve(outcomes, positives, typical)
    total, before = 0.0, 0.0
    for k, value in enumerate(recall):
        total += (value - before) * max(precision[k:])
        before = value
    return total


def matched(truths: list[dict], found: list[dict], classes: list, levels: list) -> dict:
    """Ranked predictions of each class, with the truth of each at each threshold."""
    result = {}
    for label in classes:
        rows = ranked([row for row in found if row["label"] == label])
        taken: set[tuple[float, int]] = set()
        for row in rows:
            near = [x for x in truths if x["label"] == label and x["video"] == row["video"]]
            values = np.array([iou(row, x) for x in near])
            row["match"] = {}
            for level in levels:
                row["match"][level] = None
                for k in np.argsort(values)[::-1]:
                    if values[k] < level:
                        break
                    if (level, near[k]["id"]) not in taken:
                        taken.add((level, near[k]["id"]))
                        row["match"][level] = near[k]["id"]
                        break
        result[label] = rows
    return result


def plain_diagnosis(truths: list[dict], found: list[dict], levels: list, most: int) -> dict:
    classes = list(dict.fromkeys(x["label"] for x in truths))
    count = {x: sum(t["label"] == x for t in truths) for x in classes}
    typical = len(truths) / len(classes)

    def mean(by_class: dict, keep: Any, positives: dict) -> float:
        values = []
        for label, rows in by_class.items():
            if not positives.get(label):
                continue
            for level in levels:
                outcomes = [x["match"][level] is not None for x in rows if keep(x, level)]
                values.append(area(outcomes, positives[label], typical))
        return float(np.mean(values)) if values else math.nan

    everything = matched(truths, [dict(x) for x in found], classes, levels)
    result: dict[str, Any] = {"value": mean(everything, lambda x, t: True, count)}
    bins = {}
    for name, edges in EDGES.items():
        for k, (low, high) in enumerate(zip(edges, edges[1:])):  # noqa: B905, RUF007
            mine = [t for t in truths if low < t[name] <= high or (k == 0 and t[name] == low)]
            ids = {t["id"] for t in mine}
            value = mean(
                everything,
                lambda x, t, ids=ids: all(m is None or m in ids for m in x["match"].values()),
                {x: sum(t["label"] == x for t in mine) for x in classes},
            )
            missed = []
            for level in levels:
                seen = set()
                for label, rows in everything.items():
                    outcomes = [x["match"][level] is not None for x in rows]
                    _, precision = curve(outcomes, count[label], typical)
                    seen |= {x["match"][level] for x, p in zip(rows, precision, strict=True)
                             if p > 0.05}  # fmt: skip
                missed.append(1 - len(ids & seen) / len(ids) if ids else math.nan)
            bins[name, k] = (len(ids), value, float(np.mean(missed)))
    result["bins"] = bins
    first = []
    for label in classes:
        rows = sorted((x for x in found if x["label"] == label), key=lambda x: -x["confidence"])
        first += [dict(x) for x in rows[: most * count[label]]]
    first.sort(key=lambda x: x["id"])
    some = matched(truths, first, classes, levels)
    number = dict.fromkeys(["true", *NAMES], 0.0)
    for rows in some.values():
        for row in rows:
            near = [t for t in truths if t["video"] == row["video"]]
            values = [iou(row, t) for t in near]
            best = int(np.argmax(values)) if near else -1
            row["kind"] = {}
            for level in levels:
                value = values[best] if near else 0.0
                right = bool(near) and near[best]["label"] == row["label"]
                kind = "background"
                if row["match"][level] is not None:
                    kind = "true"
                elif value >= level:
                    kind = "duplicate" if right else "class"
                elif value >= 0.1:
                    kind = "location" if right else "both"
                row["kind"][level] = kind
                number[kind] += 1 / len(levels)
    base = mean(some, lambda x, t: True, count)
    result["n"] = number
    result["costs"] = {
        kind: mean(some, lambda x, t, kind=kind: x["kind"][t] != kind, count) - base
        for kind in NAMES
    }
    return result


def drawn(rng: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, float]]:
    """Small inputs on a grid: ties, repeated and empty segments, truths longer than the video."""
    videos = [f"v{k}" for k in range(rng.integers(1, 5))]

    def segments(count: int, names: list[str]) -> pd.DataFrame:
        start = rng.integers(0, 8, count) / 2
        return pd.DataFrame({
            "video": rng.choice(names, count), "label": rng.choice(["a", "b", "c"], count),
            "start": start, "stop": start + rng.integers(0, 9, count) / 2,
        })  # fmt: skip

    truth = segments(int(rng.integers(1, 12)), videos)
    truth.loc[0, "stop"] = truth.loc[0, "start"] + 1.0  # one counts
    found = segments(int(rng.integers(0, 15)), [*videos, "elsewhere"])
    found["confidence"] = rng.integers(0, 6, len(found)) / 5
    return truth, found, {video: 5.0 + k for k, video in enumerate(videos)}


def beside(seed: int) -> None:
    rng = np.random.default_rng([17, seed])
    truth, found, durations = drawn(rng)
    levels = [0.5] if seed % 2 else [0.25, 0.5, 0.75]
    most = 1 if seed % 3 == 0 else 10
    there = {video: durations[video] for video in truth["video"].unique()}
    report = evaluate.temporal(truth=truth, found=found, iou=levels)
    diagnosis = report.diagnosis(EDGES, there, most)
    rows = truth.to_dict("records")
    for k, row in enumerate(rows):
        length = row["stop"] - row["start"]
        row |= {"id": k, "length": length, "coverage": length / durations[row["video"]]}
        row["instances"] = sum(x["video"] == row["video"] for x in rows)
    rows = [row for row in rows if row["length"] > 0 and row["coverage"] <= 1]
    assert diagnosis.left_out == len(truth) - len(rows)
    predictions = [{**row, "id": k} for k, row in enumerate(found.to_dict("records"))]
    plain = plain_diagnosis(rows, predictions, levels, most)
    assert diagnosis.value == pytest.approx(plain["value"], abs=1e-12)
    got = [(row["n_truth"], row["value"], row["missed"]) for row in diagnosis.rows]
    np.testing.assert_allclose(np.array(got), np.array(list(plain["bins"].values())), atol=1e-12)
    kinds = diagnosis.false_positives
    number = {row["error"]: row["n"] for row in kinds.rows()} | {"true": kinds.true()["n"]}
    assert number == pytest.approx(plain["n"])
    costs = {row["error"]: row["cost"] for row in kinds.rows()}
    assert costs == pytest.approx(plain["costs"], abs=1e-12)
    shares = [sum(row[name] for name in ("true", *NAMES)) for row in kinds.profile()]
    assert shares == pytest.approx([1.0] * len(shares))


@pytest.mark.parametrize("seed", range(12))
def test_diagnosis_is_its_plain_definition(seed: int) -> None:
    beside(seed)


@pytest.mark.slow
def test_diagnosis_is_its_plain_definition_on_many_sets() -> None:
    for seed in range(12, 220):
        beside(seed)


def test_diagnosis_has_the_numbers_of_the_published_program(reference_data: Path) -> None:
    folder = reference_data / "temporal" / "thumos14"
    name = folder / "detad_thumos14_test_extra_characteristics.json.gz"
    content = json.loads(gzip.decompress(name.read_bytes()))["database"]
    durations = {
        video: entry["annotations"][0]["length"] / entry["annotations"][0]["coverage"]
        for video, entry in content.items()
    }
    report = evaluate.temporal(truth=name, found=folder / "stpn_results.json.gz", iou=0.5)
    assert report.summary["mAP"] == pytest.approx(0.173364878314652, abs=1e-15)
    diagnosis = report.diagnosis("thumos14", durations)
    assert diagnosis.value == 0.1923957481967707
    kinds = diagnosis.false_positives
    assert kinds.true()["n"] == 1230
    assert [row["n"] for row in kinds.rows()] == [63, 617, 1903, 1281, 4057]
    costs = [row["cost"] for row in kinds.rows()]
    published = [0.0014897481, 0.0027969733, 0.0628729891, 0.0054353110, 0.0297005180]
    assert costs == pytest.approx(published, abs=5e-11)
    lengths = [row["value"] for row in diagnosis.rows if row["characteristic"] == "length"]
    assert lengths == pytest.approx([0.094037, 0.237303, 0.292454, 0.312329, 0.198424], abs=5e-7)


# ----------------------------------------------------------------------------------- the rest


def sample(**options: Any) -> Any:
    files = {role: sample_path(f"temporal_{role}") for role in ("truth", "found")}
    return evaluate.temporal(**files, iou=[0.5, 0.75], **options)


@pytest.mark.parametrize("protocol", evaluate.PROTOCOLS)
def test_every_protocol_is_diagnosed(protocol: str) -> None:
    report = sample(protocol=protocol)
    diagnosis = report.diagnosis()
    assert sum(row["n_truth"] for row in diagnosis.rows if row["characteristic"] == "length") == (
        report.settings["truth"]["segments"] - diagnosis.left_out
    )
    assert all(cost >= 0 for cost in diagnosis.errors["cost"])


def test_bins_have_their_upper_edges_and_the_first_its_lower_one() -> None:
    (one,) = characteristics_of({"length": np.array([0, 3, 3.1, 6, 18, 19, np.nan])}, "thumos14")
    assert one.bin.tolist() == [0, 0, 1, 1, 3, 4, -1]
    assert one.bins[0] == ("XS", "0 to 3")
    assert BINS["activitynet"]["coverage"] == tuple(np.linspace(0, 1, 6))
    (one,) = characteristics_of({"length": np.arange(1, 11.0)}, "quantiles")
    assert np.bincount(one.bin).tolist() == [2, 2, 2, 2, 2]
    (one,) = characteristics_of({"instances": np.array([1.0, 1, 1, 1, 7])}, "quantiles")
    assert one.edges == (1.0, 7.0)
    assert parse_bins(["length=0,3,inf", "coverage=0,1"])["length"] == (0.0, 3.0, math.inf)


@pytest.mark.parametrize(
    ("bins", "message"),
    [
        ("thumos", "'thumos'; did you mean 'thumos14'"),
        ({"lenght": [0, 1]}, "no characteristic 'lenght'"),
        ({"length": [0, 3, 3]}, "edges .* must be two or more, and rise"),
        ({"length": [0]}, "two or more"),
    ],
)
def test_bins_that_are_none_are_refused(bins: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        sample().diagnosis(bins)


def test_durations_must_be_above_zero_and_videos_known() -> None:
    report = sample()
    with pytest.raises(ValueError, match="durations: 'sample_001' has 0; wanted seconds above 0"):
        report.diagnosis(durations={"sample_001": 0})
    with pytest.raises(ValueError, match="there is no video 'nowhere'"):
        report.diagnosis().timeline("nowhere")
    with pytest.raises(ValueError, match="none of 'x' is a video of the truth, which has 's"):
        report.diagnosis(durations={"x": 4.0})


def test_durations_of_a_file_give_coverage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = {"video": ["a", "a", "b"], "label": "x", "start": [0.0, 6.0, 1.0],
            "stop": [4.0, 7.0, 3.0]}  # fmt: skip
    truth, found, seconds, out = (
        tmp_path / name for name in ("truth.csv", "found.csv", "seconds.csv", "report.json")
    )
    pd.DataFrame(rows).to_csv(truth, index=False)
    pd.DataFrame({**rows, "score": 0.5}).to_csv(found, index=False)
    seconds.write_text("video,duration\na,8\nb,8\n")
    words = ["temporal", str(truth), str(found), "--quiet", "--out", str(out)]
    more = ["--diagnosis", "--bins", "coverage=0,0.125,0.25,1"]
    assert cli.main([*words, *more]) == 2
    assert "coverage needs durations of videos" in capsys.readouterr().err
    assert cli.main([*words, *more, "--durations", str(seconds)]) == 0
    bins = json.loads(out.read_text())["diagnosis"]["bins"]
    counts = [row["n_truth"] for row in bins if row["characteristic"] == "coverage"]
    assert counts == [1, 1, 1]
    assert cli.main([*words, "--durations", str(seconds)]) == 2
    assert "--durations does not change the numbers of activitynet" in capsys.readouterr().err


def test_page_and_json_have_the_diagnosis(tmp_path: Path) -> None:
    words = ["temporal", "--sample", "--iou", "0.5", "--diagnosis", "--bins", "length=0,10,inf",
             "--out", str(tmp_path / "a.json"), "--out", str(tmp_path / "a.html"),
             "--quiet"]  # fmt: skip
    assert cli.main(words) == 0
    written = json.loads((tmp_path / "a.json").read_text())["diagnosis"]
    assert [row["error"] for row in written["errors"]] == NAMES
    assert written["characteristics"]["length"] == [0.0, 10.0, None]
    page = (tmp_path / "a.html").read_text()
    worst = written["videos"][0]
    assert f"Number 1 of the videos by missed truths: {worst['n_missed']} of" in page
    assert "mAP that each kind of false positive costs, at IoU 0.50" in page


def test_diagnosis_is_of_one_protocol_of_localization(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["temporal", "--sample", "--protocol", "all", "--diagnosis"]) == 2
    assert "--diagnosis needs one protocol of localization" in capsys.readouterr().err
    assert cli.main(["temporal", "--sample", "--bins", "thumos14"]) == 2
    assert "--bins is of --diagnosis" in capsys.readouterr().err
