"""Localization of datetimes: the same numbers as of seconds, on any clock."""

from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from overlap import cli
from overlap.evaluate import compare, explain, possession, temporal, temporal_study

from .helpers import frames, random_scene

NOW = 1_700_000_000_123_456_789  # ns since 1970
ZONES = (None, "UTC", "Europe/Berlin", "Asia/Kolkata")


def dated(frame: pd.DataFrame, begins: dict[str, int], zone: str | None = None) -> pd.DataFrame:
    """The same segments as times after the beginning of each video, in nanoseconds."""
    result = frame.copy()
    for column in ("start", "stop"):
        ticks = [
            begins[video] + round(Fraction(value) * 10**9)
            for video, value in zip(frame["video"], frame[column], strict=True)
        ]
        times = pd.Series(np.array(ticks, "M8[ns]"))
        result[column] = times if zone is None else times.dt.tz_localize("UTC").dt.tz_convert(zone)
    return result


def scene(seed: int) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, int]]:
    truth, found = frames(*random_scene(seed))
    names = sorted({*truth["video"], *found["video"]})
    return truth, found, {name: NOW + k * 86_400 * 10**9 + 7 * k for k, name in enumerate(names)}


@pytest.mark.parametrize("protocol", ["activitynet", "opentad", "thumos14"])
@pytest.mark.parametrize("seed", range(4))
def test_the_numbers_are_those_of_seconds(protocol: str, seed: int) -> None:
    truth, found, begins = scene(seed)
    # Times of float64 seconds may be off by a rounding; these thresholds are no IoU of the scene.
    options = {"protocol": protocol, "iou": [0.317, 0.719], "ties": "stable"}
    plain = temporal(truth=truth, found=found, **options)
    zone = ZONES[seed % 4]
    mine = temporal(truth=dated(truth, begins, zone), found=dated(found, begins, zone), **options)
    assert mine.summary.to_dict() == pytest.approx(plain.summary.to_dict(), abs=1e-12)
    times = pd.DatetimeIndex(mine.matches["start"])
    assert (times.tz is None) == (zone is None)
    assert times.equals(pd.DatetimeIndex(dated(found, begins, zone and "UTC")["start"]))


def test_iou_against_fractions() -> None:
    rng = np.random.default_rng(3)
    truths = [(NOW + int(a), NOW + int(a + n)) for a, n in rng.integers(10**6, 10**12, (40, 2))]
    founds = [(a + int(s), b + int(t)) for (a, b), (s, t) in zip(
        truths, rng.integers(0, 10**6, (40, 2)), strict=True)]  # fmt: skip
    tables = [
        pd.DataFrame({
            "video": [f"v{k}" for k in range(40)], "label": "x",
            "start": np.array([a for a, _ in rows], "M8[ns]"),
            "stop": np.array([b for _, b in rows], "M8[ns]"),
        })
        for rows in (truths, founds)
    ]  # fmt: skip
    report = temporal(truth=tables[0], found=tables[1].assign(score=0.5), iou=0.01)
    for k, value in enumerate(report.matches["iou@0.01"]):
        (a, b), (c, d) = truths[k], founds[k]
        exact = Fraction(max(min(b, d) - max(a, c), 0), max(b, d) - min(a, c))
        assert value == pytest.approx(float(exact), rel=1e-9)


def test_one_truth_on_many_clocks() -> None:
    """Zone, resolution, order and format of a truth do not matter; the time of day does."""
    truth, found, begins = scene(1)
    begins = {name: tick // 10**6 * 10**6 for name, tick in begins.items()}  # whole milliseconds

    def report(zone: str | None = "UTC", shift: int = 0, change=lambda frame: frame):
        moved = {name: tick + shift for name, tick in begins.items()}
        given = change(dated(truth, moved, zone))
        return temporal(truth=given, found=dated(found, moved, zone), iou=0.317)

    def digest(report) -> str:
        return report.settings["contract"]["rules"]["truth"]["sha256"]

    first = report()
    text = {"start": str, "stop": str}
    same = [
        report("Europe/Berlin"),
        report(change=lambda frame: frame.sample(frac=1, random_state=1)),
        report(change=lambda frame: frame.astype({"start": "M8[us, UTC]", "stop": "M8[us, UTC]"})),
        report(change=lambda frame: frame.astype(text)),
    ]
    assert {digest(x) for x in same} == {digest(first)}
    assert digest(report(None)) != digest(first)
    assert digest(report(shift=1)) != digest(first)
    plain = temporal(truth=truth, found=found, iou=0.317)
    for other in (report(None), report(shift=10**9), plain):
        with pytest.raises(ValueError, match="differ in truth"):
            compare(first, other, names=["a", "b"])
    result = compare(first, same[0], names=["a", "b"])
    assert result.table["mAP"].nunique() == 1
    assert explain(first, same[2]).rows()[-1]["field"] == "(a)"
    assert first.settings["truth"]["times"] == first.settings["found"]["times"] == "UTC"


def test_parts_are_the_whole(tmp_path) -> None:
    """Videos one by one are on the clocks of the whole."""
    truth, found, begins = scene(2)
    truth, found = dated(truth, begins), dated(found, begins)
    whole = temporal(truth=truth, found=found, iou=[0.3, 0.5], protocol="thumos14")
    study = temporal_study(iou=[0.3, 0.5], protocol="thumos14")
    for name in sorted(begins):
        study = study.add(
            name, truth=truth[truth["video"] == name], found=found[found["video"] == name]
        )
    parts = study.report()
    assert parts.settings["contract"] == whole.settings["contract"]
    path = tmp_path / "report.json"
    whole.to_json(path)
    assert json.loads(path.read_text())["settings"]["truth"]["times"] == "without zone"
    plain = temporal_study(iou=0.5)
    rows = frames([("p", "jump", 0.0, 1.0)], [("p", "jump", 0.0, 1.0, 0.5)])
    plain = plain.add("p", truth=rows[0], found=rows[1])
    with pytest.raises(ValueError, match="some items have datetimes and others plain seconds"):
        plain.add("q", truth=truth, found=found).report()


def test_files_of_times_on_the_command_line(tmp_path, monkeypatch, capsys) -> None:
    """One truth written in two zones: reports are made, compared and explained."""
    monkeypatch.chdir(tmp_path)
    rows = "a,2024-03-31T0{}:59:59{},2024-03-31T0{}:00:09{},x\nb,,,\n"
    texts = {
        "utc.csv": rows.format(0, "Z", 1, "Z"),
        "berlin.csv": rows.format(1, "+01:00", 3, "+02:00"),  # the clock is put forward
        "found.csv": "a,2024-03-31 00:59:59+00:00,2024-03-31 01:00:04+00:00,x,0.5\n",
    }
    for name, text in texts.items():
        more = ",score" if name == "found.csv" else ""
        (tmp_path / name).write_text(f"video,start,stop,label{more}\n{text}")
    for name in ("utc", "berlin"):
        words = ["temporal", f"{name}.csv", "found.csv", "--iou", "0.5", "--out", f"{name}.json"]
        assert cli.main(words) == 0
        assert "100.00" in capsys.readouterr().out
    assert cli.main(["compare", "utc.json", "berlin.json"]) == 0
    assert cli.main(["explain", "utc.json", "berlin.json"]) == 0
    assert "input" not in capsys.readouterr().out
    (tmp_path / "plain.csv").write_text("video,start,stop,label\na,0,10,x\n")
    assert cli.main(["temporal", "plain.csv", "found.csv"]) == 2
    assert "found.csv) has datetimes and truth (plain.csv) has plain" in capsys.readouterr().err


@pytest.mark.slow  # starts processes
def test_workers_have_the_clocks_of_the_whole() -> None:
    truth, found, begins = scene(2)
    sides = {"truth": dated(truth, begins), "found": dated(found, begins)}
    one, two = (temporal(**sides, iou=[0.3, 0.5], workers=count) for count in (1, 2))
    assert two.summary.equals(one.summary)
    assert two.settings["contract"] == one.settings["contract"]


def test_ambiguous_intervals_have_the_same_clock() -> None:
    truth = pd.DataFrame({"video": ["a"], "label": "x", "start": [0.0], "stop": [4.0]})
    found = pd.DataFrame(
        {"video": ["a"] * 2, "label": "x", "start": [0.0, 60.0], "stop": [4.0, 64.0]}
    ).assign(score=[0.5, 0.9])
    unsure = truth.assign(label="Ambiguous", start=62.0, stop=70.0)
    begins = {"a": NOW}
    options = {"protocol": "thumos14", "iou": 0.5}
    sides = {"truth": dated(truth, begins), "found": dated(found, begins)}
    for more, wanted in (({}, 0.5), ({"ambiguous": dated(unsure, begins)}, 1.0)):
        report = temporal(**sides, **more, **options)
        assert report.summary["mAP"] == pytest.approx(wanted)
    with pytest.raises(ValueError, match=r"ambiguous .* has plain seconds"):
        temporal(**sides, ambiguous=unsure, **options)


def test_clocks_that_differ_are_refused() -> None:
    truth, found, begins = scene(0)
    with pytest.raises(ValueError, match=r"truth .* has datetimes and found .* plain seconds"):
        temporal(truth=dated(truth, begins), found=found)
    with pytest.raises(
        ValueError, match=r"found .* has times with a time zone and truth .* without"
    ):
        temporal(truth=dated(truth, begins), found=dated(found, begins, "UTC"))
    # Without rows there is nothing to differ.
    nothing = temporal(truth=dated(truth, begins), found=found[:0], iou=0.5)
    assert nothing.summary["mAP"] == 0.0
    late = {name: tick + 2 * 3600 * 10**9 for name, tick in begins.items()}
    report = temporal(truth=dated(truth, begins), found=dated(found, late), iou=0.5)
    assert any("of another time zone or day?" in finding for finding in report.findings)


def test_spells_of_possession() -> None:
    boxes = {"frame": [0, 1, 2, 3], "x0": 0.0, "y0": 0.0, "x1": 1.0, "y1": 1.0}
    players, ball = pd.DataFrame({**boxes, "track": 7}), pd.DataFrame(boxes)
    truth = pd.DataFrame({"track": [7], "start": [0.1], "stop": [0.3]})
    options = {"players": players, "ball": ball, "fps": 10}
    plain = possession(truth=truth, **options)
    spans = truth.assign(start=pd.to_timedelta(["100ms"]), stop=pd.to_timedelta(["300ms"]))
    for given in (spans, spans.astype({"start": object, "stop": object})):
        report = possession(truth=given, **options)
        assert report.truth == plain.truth
        assert report.settings["contract"] == plain.settings["contract"]
    times = truth.assign(start=pd.Timestamp("2024-01-01"), stop=pd.Timestamp("2024-01-02"))
    zoned = times.apply(lambda x: x.dt.tz_localize("UTC") if x.name != "track" else x)
    for given in (times, zoned):
        with pytest.raises(ValueError, match="give durations since the beginning of frame 0"):
            possession(truth=given, **options)
    with pytest.raises(ValueError, match="must both be seconds, or both durations"):
        possession(truth=spans.assign(stop=0.3), **options)
