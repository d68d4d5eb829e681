from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import overlap as ov
from overlap import cli
from overlap.evaluate import PossessionReport, possession, possession_study
from overlap.io import sample_path

FPS = 10.0


def plain_states(scores: dict[int, float], rules: dict, last: int) -> set[int]:
    """Frames with the ball: one player, one frame after the other."""
    state, missing, on = False, 0, set()
    for frame in range(last + 1):
        if frame in scores:
            if scores[frame] >= rules["threshold"]:
                state = True
            elif scores[frame] < rules["release"]:
                state = False
            missing = 0
        else:
            missing += 1
            state = state and missing <= rules["hold"]
        if state:
            on.add(frame)
    return on


def plain_best(scores: dict[str, dict[int, float]], on: dict[str, set[int]]) -> dict[str, set[int]]:
    """Each frame to the player seen last, then to the highest score, then to the first."""
    result: dict[str, set[int]] = {name: set() for name in on}
    for frame in set().union(*on.values()):
        claims = []
        for place, name in enumerate(on):
            if frame in on[name]:
                seen = max(f for f in scores[name] if f <= frame)
                claims.append((-seen, -scores[name][seen], place, name))
        result[min(claims)[-1]].add(frame)
    return result


def plain_runs(frames: set[int]) -> list[list[int]]:
    runs: list[list[int]] = []
    for frame in sorted(frames):
        if runs and runs[-1][1] == frame:
            runs[-1][1] = frame + 1
        else:
            runs.append([frame, frame + 1])
    return runs


def plain_clean(sets: dict[str, set[int]], rules: dict, apart: bool) -> dict[str, list[list[int]]]:
    taken = set().union(*sets.values())
    result = {}
    for name, frames in sets.items():
        filled = set(frames)
        for (_, stop), (start, _) in pairwise(plain_runs(frames)):
            gap = set(range(stop, start))
            if len(gap) <= rules["max_gap"] and not (apart and gap & taken):
                filled |= gap
        runs = plain_runs(filled)
        result[name] = [run for run in runs if run[1] - run[0] >= rules["min_duration"]]
    return result


def scene(rng: np.random.Generator, count: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Players and a ball on a line of quarters; frames of both are missing now and then."""
    parts = []
    for name in "cab"[: rng.integers(1, 4)]:
        frame = np.flatnonzero(rng.random(count) < 0.85)
        x = rng.integers(-3, 4, len(frame)) / 4
        parts.append(pd.DataFrame({"frame": frame, "track": name, "x": x, "y": 0, "w": 1, "h": 1}))
    frame = np.flatnonzero(rng.random(count) < 0.85)
    ball = pd.DataFrame({"frame": frame, "x": 0.0, "y": 0.0, "w": 1.0, "h": 1.0})
    return pd.concat(parts).sample(frac=1.0, random_state=3), ball.iloc[::-1]


def test_against_a_plain_walk() -> None:
    rng = np.random.default_rng(7)
    several = 0
    for trial in range(60):
        players, ball = scene(rng, 30)
        if not len(players) or not len(ball):
            continue
        threshold = rng.integers(2, 5) / 4
        rules = {
            "threshold": threshold,
            "release": threshold - rng.integers(0, 3) / 4,
            "hold": int(rng.integers(0, 3)),
            "max_gap": int(rng.integers(0, 4)),
            "min_duration": int(rng.integers(0, 4)),
        }
        seconds = {k: v if k in ("threshold", "release") else v / FPS for k, v in rules.items()}
        best = bool(trial % 2)
        report = possession(
            players=players, ball=ball, fps=FPS, simultaneous="best" if best else "all", **seconds
        )
        seen = set(ball["frame"])
        last = int(max(players["frame"].max(), ball["frame"].max()))
        names = list(dict.fromkeys(players["track"]))
        scores = {
            name: {
                int(row.frame): 1.0 - abs(row.x)
                for row in players[players["track"] == name].itertuples()
                if row.frame in seen
            }
            for name in names
        }
        on = {name: plain_states(scores[name], rules, last) for name in names}
        if best:
            on = plain_best(scores, on)
        wanted = plain_clean(on, rules, best)
        assert report.tracks == tuple(names)
        for name, got in zip(names, report.found.to_list(), strict=True):
            np.testing.assert_array_equal(got * FPS, np.reshape(wanted[name], (-1, 2)))
        both = sum(
            sum(start <= f < stop for runs in wanted.values() for start, stop in runs) > 1
            for f in range(last + 1)
        )
        assert report.summary["simultaneous"] == pytest.approx(both / FPS)
        assert not (best and both)
        several += both > 0
        frames = report.frames
        inside = {(name, f) for name, runs in wanted.items() for a, b in runs for f in range(a, b)}
        got = {(row.track, row.frame) for row in frames[frames["possession"]].itertuples()}
        assert got == {(name, f) for name, f in inside if f in scores[name]}
    assert several > 5


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    """Two matches: spells of 0.2-0.6 and 0.8-1.0 s by 7, 1.2-1.6 s by 9, then 0-0.5 s by 7."""
    runs = {("m1", 7): [(2, 6), (8, 10)], ("m1", 9): [(12, 16)], ("m2", 7): [(0, 5)]}
    rows, balls = [], []
    for video in ("m1", "m2"):
        for frame in range(20):
            balls.append((video, frame, 0.0, 0.0, 1.0, 1.0))
            for (match, track), spells in runs.items():
                if match == video:
                    x = 0.25 if any(a <= frame < b for a, b in spells) else 5.0
                    rows.append((video, frame, track, x, 0.0, x + 2.0, 2.0))
    corners = ["x0", "y0", "x1", "y1"]
    return {
        "players": pd.DataFrame(rows, columns=["video", "frame", "track", *corners]),
        "ball": pd.DataFrame(balls, columns=["video", "frame", *corners]),
        "truth": pd.DataFrame(
            [("m1", 7, 0.2, 0.5), ("m1", 7, 0.5, 0.7), ("m1", 9, 0.0, 0.1), ("m1", 9, 1.0, 1.4),
             ("m2", 11, 1.0, 1.5)],
            columns=["video", "track", "start", "stop"],
        ),
    }  # fmt: skip


@pytest.fixture(scope="module")
def report(tables: dict[str, pd.DataFrame]) -> PossessionReport:
    return possession(**tables, fps=10, iou=[0.25, 0.7], bootstrap=50, rng=1)


def test_numbers_by_hand(report: PossessionReport) -> None:
    """The touching annotations of player 7 are one; player 11 of the second match is unseen."""
    assert report.tracks == ("m1/7", "m1/9", "m2/7", "m2/11")
    wanted = {
        "iou": 0.6 / 2.4,
        "mean_iou": (0.4 / 0.7 + 0.2 / 0.7 + 0.0 + 0.0) / 4,
        "time_precision": 0.6 / 1.5,
        "time_recall": 0.6 / 1.5,
        # 0.2-0.6 with 0.2-0.7 is 0.8, 1.2-1.6 with 1.0-1.4 is a third; nothing else touches.
        "F1": (4 / 8 + 2 / 8) / 2,
        "F1@0.25": 4 / 8,
        "precision@0.25": 2 / 4,
        "recall@0.25": 2 / 4,
        "F1@0.70": 2 / 8,
        "precision@0.70": 1 / 4,
        "recall@0.70": 1 / 4,
        "possession": 1.5,
        "truth_possession": 1.5,
        "simultaneous": 0.0,
    }
    summary = {k: v for k, v in report.summary.items() if not k.endswith((" low", " high"))}
    assert summary == pytest.approx(wanted)
    table = report.table.set_index(["video", "track", "metric"])["value"]
    assert table["m1", "7", "iou"] == pytest.approx(0.4 / 0.7)
    assert table["m1", "7", "longest"] == pytest.approx(0.4)
    assert table["m2", "11", "seen"] == 0.0
    assert np.isnan(table["m2", "11", "time_precision"])
    assert any("m2/11" in note for note in report.settings["notes"])
    assert any(
        "1 annotated spells are empty, or overlap" in note for note in report.settings["notes"]
    )


def test_matches_give_the_summary(report: PossessionReport) -> None:
    matches = report.matches
    assert len(matches) == 6
    found, annotated = matches["start"].notna(), matches["truth_start"].notna()
    hits = (matches["outcome@0.25"] == "true").sum()
    assert report.summary["F1@0.25"] == 2 * hits / (found.sum() + annotated.sum())
    shared, total = matches["shared"].sum(), matches["duration"].sum()
    length = (matches["truth_stop"] - matches["truth_start"]).sum()
    assert report.summary["iou"] == pytest.approx(shared / (total + length - shared))
    assert matches["frames"].dropna().tolist() == [4, 2, 4, 5]
    assert matches["mean_score"].dropna().tolist() == [0.75] * 4
    assert matches["outcome@0.70"].tolist() == ["true", "false", "false", "false", *["missed"] * 2]
    assert matches.loc[4:, "track"].tolist() == ["9", "11"]


def test_weights_are_videos(report: PossessionReport) -> None:
    assert report.evidence.items == ("m1", "m2")
    numbers = report.evidence.statistics(np.array([[1.0, 0.0], [0.0, 1.0], [2.0, 3.0]]))
    np.testing.assert_allclose(numbers["iou"], [0.6 / 1.4, 0.0, 1.2 / (2.8 + 3.0)])
    np.testing.assert_allclose(numbers["recall@0.25"], [2 / 3, 0.0, 4 / 9])
    influence = report.influence("iou").set_index("item")["without"]
    np.testing.assert_allclose(influence[["m1", "m2"]], [0.0, 0.6 / 1.4])
    # Draws of two videos are no sample of others.
    assert report.intervals == ()
    assert any("no intervals: there are 2 videos" in note for note in report.settings["notes"])


def test_reports_are_compared(tables: dict[str, pd.DataFrame], report: PossessionReport) -> None:
    """With half of every spell cut off the same annotations are met less well."""
    ball = tables["ball"]
    worse = possession(**{**tables, "ball": ball[ball["frame"] % 2 == 0]}, fps=10, iou=[0.25, 0.7])
    result = ov.evaluate.compare(worse, report, names=["worse", "better"], resamples=50)
    assert result.table["name"].tolist() == ["better", "worse"]
    assert result.table["iou"].tolist() == [report.summary["iou"], worse.summary["iou"]]


def test_a_report_is_written(report: PossessionReport, tmp_path: Path) -> None:
    content = json.loads(report.to_json(tmp_path / "report.json"))
    assert content["summary"]["iou"] == pytest.approx(0.25)
    assert content["settings"]["score"] == "coverage"
    assert len(report.to_csv().splitlines()) == 1 + 4 * 14
    page = report.to_html(tmp_path / "report.html")
    assert "data:image/svg+xml" in page
    assert "m2/11" in page
    text = report.methods()
    for words in (
        "coverage(ball, player) >= 0.5",
        "several players can have",
        "one to one within a player",
    ):
        assert words in text
    assert "possession: iou 0.2500 (4 players)" in repr(report)


def test_picture(report: PossessionReport, tmp_path: Path) -> None:
    figure = report.plot(tmp_path / "spells.png", track="m1/9")
    top, bottom = figure.axes
    assert top.get_title(loc="left") == "Player m1/9"
    labels = [text.get_text() for text in bottom.get_yticklabels()]
    assert labels == list(report.tracks)
    line = top.lines[0].get_xydata()
    np.testing.assert_allclose(line[:2], [[0.0, 0.0], [0.1, 0.0]])
    other = report.plot(ax=figure.add_subplot())
    assert len(other.get_yticks()) == 4
    with pytest.raises(ValueError, match="no player 'm3/1'; there are 'm1/7'"):
        report.plot(track="m3/1")


def test_without_annotations(tables: dict[str, pd.DataFrame]) -> None:
    """Arrays instead of tables, any kind of region, any score."""
    players, ball = (tables[name][tables[name]["video"] == "m1"] for name in ("players", "ball"))
    corners = ["x0", "y0", "x1", "y1"]
    rotated = {
        name: {
            "frame": table["frame"].to_numpy(),
            "regions": ov.RotatedBoxes.from_boxes(ov.Boxes(table[corners])),
            **({"track_id": list(table["track"])} if name == "players" else {}),
        }
        for name, table in (("players", players), ("ball", ball))
    }
    report = possession(**rotated, fps=10, score=ov.giou, threshold=0.1)
    assert report.truth is None
    assert report.found == ov.IntervalSets([[[0.2, 0.6], [0.8, 1.0]], [[1.2, 1.6]]], unit="s")
    assert dict(report.items) == pytest.approx({"possession": 1.0, "simultaneous": 0.0})
    assert report.matches["frames"].tolist() == [4, 2, 4]
    assert report.evidence.items == ("7", "9")
    assert report.plot() is not None


def test_nothing_to_see(tables: dict[str, pd.DataFrame]) -> None:
    none = {name: table.iloc[:0] for name, table in tables.items()}
    for given in ({**tables, "ball": none["ball"]}, {**tables, "players": none["players"]}, none):
        report = possession(**given, fps=10)
        assert report.summary["possession"] == 0.0
        assert report.found.counts.sum() == 0
        assert report.plot() is not None
        assert len(report.frames) == 0


def test_numbers_and_words_are_one_label(tables: dict[str, pd.DataFrame]) -> None:
    words = {
        **tables,
        "players": tables["players"].assign(track=tables["players"]["track"].astype(float)),
        "truth": tables["truth"].assign(track=tables["truth"]["track"].astype(str)),
    }
    first, second = possession(**tables, fps=10), possession(**words, fps=10)
    assert second.tracks == first.tracks
    assert second.summary.equals(first.summary)
    # Frames far from 0 are the same frames, later.
    later = {name: table.assign(frame=table["frame"] + 10**12) for name, table in tables.items()
             if name != "truth"}  # fmt: skip
    moved = possession(**later, fps=10).found
    assert moved.counts.tolist() == first.found.counts.tolist()[:3]


def changed(name: str, **columns: object) -> Callable[[dict], dict]:
    return lambda tables: {**tables, name: tables[name].assign(**columns)}


def without(name: str, *columns: str) -> Callable[[dict], dict]:
    return lambda tables: {**tables, name: tables[name].drop(columns=list(columns))}


def settings(**fields: object) -> Callable[[dict], dict]:
    return lambda tables: {**tables, **fields}


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (settings(players=[1, 2]), TypeError, "players: expected a DataFrame or a mapping"),
        (without("players", "frame"), ValueError, "players: there is no column 'frame'; there are"),
        (without("players", "track"), ValueError, "players: there is no column 'track'"),
        (without("players", "x1"), ValueError, "players: there are no boxes; wanted columns x0"),
        (without("truth", "stop"), ValueError, "truth: there is no column 'stop'"),
        (without("ball", "video"), ValueError, "players has a column of videos and ball has none"),
        (changed("players", id=1), ValueError, "columns 'track' and 'id' mean the same"),
        (changed("ball", frame=0.5), ValueError, "ball: frame 0.5 in row 0 is not a whole"),
        (changed("ball", frame="a"), TypeError, "ball: frames are"),
        (changed("players", track=None), ValueError, "players: row 0 has no track"),
        (changed("players", frame=3), ValueError,
         "rows 0 and 2 are both of track m1/7 in frame 3; a track"),
        (changed("ball", frame=3), ValueError, "ball: rows 0 and 1 are both of frame 3; keep"),
        (changed("ball", x1=-1.0), ValueError, "ball: Boxes: "),
        (lambda t: {**t, "truth": {"track": [1, 2], "video": ["m1"] * 2, "start": [0.0],
                                   "stop": [1.0]}}, ValueError,
         "truth: there are 2 tracks and 1 starts"),
        (changed("ball", frame=lambda t: np.arange(len(t)) * 2**41), ValueError, "too far apart"),
        (changed("truth", stop=0.05), ValueError, r"truth: Intervals: stop\[0\] = 0.05 is before"),
        (lambda t: {**t, "ball": {"frame": [0], "video": ["m1"], "regions": 3}}, TypeError,
         "ball: regions are int"),
        (lambda t: {**t, "ball": {"frame": [0, 1], "video": ["m1", "m1"],
                                  "regions": ov.Boxes([[0, 0, 1, 1]])}}, ValueError,
         "ball: there are 2 frames and 1 regions"),
        (lambda t: {**t, "ball": {"frame": [0], "video": ["m1"],
                                  "regions": ov.Intervals([[0, 1]])}}, TypeError,
         "found is Intervals and truth is Boxes"),
        (settings(fps=0), ValueError, "fps = 0 is not a positive"),
        (settings(release=0.7), ValueError, r"release = 0.7 is above threshold = 0.5"),
        (settings(threshold=50), ValueError, "threshold = 50, and no score is above 1"),
        (settings(hold=-1), ValueError, "hold = -1 seconds is negative"),
        (settings(simultaneous="none"), ValueError, "simultaneous = 'none'"),
        (settings(score="iou"), TypeError, "expected a Score"),
        (settings(iou=2.0), ValueError, "2"),
        (settings(bootstrap=1.5), ValueError, "bootstrap = 1.5"),
    ],
)  # fmt: skip
def test_errors(tables: dict, change: Callable, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        possession(**{"fps": 10, **change(tables)})


def test_inputs_that_do_not_match_are_findings(
    tables: dict[str, pd.DataFrame], report: PossessionReport
) -> None:
    assert report.findings == ()
    truth, ball = tables["truth"], tables["ball"]
    renamed = {**tables, "truth": truth.assign(track=[f" {x}" for x in truth["track"]])}
    assert "only by spaces around it" in possession(**renamed, fps=10).findings[0]
    in_frames = {**tables, "truth": truth.assign(start=truth.start * 100, stop=truth.stop * 100)}
    assert "annotated spells last until" in possession(**in_frames, fps=10).findings[0]
    apart = {**tables, "ball": ball.assign(frame=ball["frame"] + 10_000)}
    assert "in no common frame" in possession(**apart, fps=10).findings[0]


# ----------------------------------------------------- workers, earlier runs, studies, files

RULES = {"fps": 10, "release": 0.2, "hold": 0.2, "iou": [0.25, 0.7], "bootstrap": 50, "rng": 1}


@pytest.fixture(scope="module")
def sample() -> dict[str, pd.DataFrame]:
    roles = ("players", "ball", "truth")
    return {role: pd.read_csv(sample_path(f"possession_{role}")) for role in roles}


def by_video(tables: dict[str, pd.DataFrame]) -> dict[str, dict[str, pd.DataFrame]]:
    videos = tables["players"]["video"].unique()
    return {v: {role: x[x["video"] == v] for role, x in tables.items()} for v in videos}


def numbers_of(report: PossessionReport) -> tuple:
    """Everything but the digests and the notes on earlier runs."""
    content = report.to_dict()
    for role in ("players", "ball", "truth"):
        content["settings"][role].pop("sha256", None)
    content["settings"].pop("notes")
    return content, report.matches.to_dict("list"), report.frames.to_dict("list")


def test_workers_and_earlier_runs_change_nothing(sample, tmp_path: Path) -> None:
    report = possession(**sample, **RULES)
    assert possession(**sample, **RULES, workers=2).to_json() == report.to_json()
    part = {role: x[x["video"] != "match_2"] for role, x in sample.items()}
    possession(**part, **RULES, resume=tmp_path)
    again = possession(**sample, **RULES, resume=tmp_path)
    assert "4 videos were measured by an earlier run" in again.settings["notes"]
    assert str(numbers_of(again)) == str(numbers_of(report))
    # Thresholds of the IoU are asked of measured videos; those of scores are not.
    other = possession(**sample, **RULES | {"iou": 0.9}, resume=tmp_path)
    assert "5 videos were measured" in " ".join(other.settings["notes"])
    moved = sample | {"ball": sample["ball"].assign(x=sample["ball"]["x"] + 0.01)}
    for given, rules in ((moved, RULES), (sample, RULES | {"release": 0.1})):
        changed = possession(**given, **rules, resume=tmp_path)
        assert "5 videos of the earlier run have changed" in " ".join(changed.settings["notes"])
        assert str(numbers_of(changed)) == str(numbers_of(possession(**given, **rules)))


def test_studies_of_any_shards_and_order(sample, tmp_path: Path) -> None:
    items = by_video(sample)
    plain = possession(**sample, **RULES)
    for _ in range(2):
        whole = possession_study(**RULES).update_all(items, resume=tmp_path).compute()
        assert str(numbers_of(whole)) == str(numbers_of(plain))
    assert "5 videos were measured by an earlier run" in whole.settings["notes"]
    rng = np.random.default_rng(0)
    for _ in range(4):
        shards = [possession_study(**RULES) for _ in range(3)]
        for video in rng.permutation(list(items)):
            tables = items[str(video)]
            if rng.random() < 0.5:  # the name alone says which video it is
                tables = {role: x.drop(columns="video") for role, x in tables.items()}
            shards[rng.integers(3)].update(str(video), **tables)
        joined = possession_study(**RULES)
        for k in rng.permutation(3):
            joined.from_bytes(shards[k].to_bytes())
        assert str(numbers_of(joined.compute())) == str(numbers_of(whole))


def test_items_of_studies_are_videos(sample) -> None:
    items, study = by_video(sample), possession_study(fps=10)
    with pytest.raises(ValueError, match="the item 'match_2' has rows of the video 'match_1'"):
        study.update("match_2", **items["match_1"])
    with pytest.raises(ValueError, match="has no rows; leave the column of videos out"):
        study.update("match_2", **{role: x.iloc[:0] for role, x in sample.items()})
    study.update("match_1", **items["match_1"])
    study.update("match_2", **{**items["match_2"], "truth": None})
    with pytest.raises(ValueError, match="'match_1' has annotated spells and 'match_2' has none"):
        study.compute()


def test_files(sample, tmp_path: Path) -> None:
    plain = possession(**sample, fps=10)
    paths = {role: sample_path(f"possession_{role}") for role in sample}
    report = possession(**paths, fps=10)
    assert report.summary.equals(plain.summary)
    assert report.settings["ball"]["sha256"] == plain.settings["ball"]["sha256"]
    assert report.settings["ball"]["source"] == str(paths["ball"])
    odd = tmp_path / "ball.csv"
    sample["ball"].rename(columns=str.upper).to_csv(odd, index=False, sep=";")
    floats = tmp_path / "truth.csv"
    sample["truth"].assign(track=sample["truth"]["track"].astype(float)).to_csv(floats, index=False)
    again = possession(**paths | {"ball": odd, "truth": floats}, fps=10)
    assert again.summary.equals(plain.summary)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("video,frame,x,y,w,h\nm,1,2,0,0.2\n", "line 2: has 5 cells"),
        ("video,frame,x,y,w,h\nm,1,2,0,0.2,much\n", "line 2: h is 'much'; wanted a finite number"),
        ("video,frame,x,X,w,h\nm,1,2,0,0.2,1\n", "there are two columns 'x'"),
        ("video,x,y,w,h\nm,2,0,0.2,1\n", r"ball\.csv: there is no column 'frame'"),
        ("video,frame,x,y,w,h\n,1,2,0,0.2,1\n", r"ball\.csv: row 0 has no video"),
        (
            "video,frame,x,y,w,h,x0,y0,x1,y1\nm,1,2,0,1,1,2,0,3,1\n",
            "in the columns x0, y0, x1, y1 and in x, y, w, h; keep one of them",
        ),
    ],
)
def test_damaged_files(sample, tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "ball.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        possession(**sample | {"ball": path}, fps=10)


def test_parquet(sample, tmp_path: Path) -> None:
    path = tmp_path / "ball.parquet"
    try:
        sample["ball"].to_parquet(path)
    except ImportError:
        path.write_bytes(b"PAR1")
        with pytest.raises(ImportError, match=r"ball\.parquet: Parquet files need pyarrow"):
            possession(**sample | {"ball": path}, fps=10)
        return
    report = possession(**sample | {"ball": path}, fps=10)
    assert report.summary.equals(possession(**sample, fps=10).summary)


def test_command(sample, tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    for role, table in sample.items():
        table.to_csv(f"{role}.csv", index=False)
    words = ["possession", "players.csv", "ball.csv", "truth.csv", "--fps", "10"]
    rules = ["--release", "0.2", "--hold", "0.2", "--iou", "0.25,0.7", "--bootstrap", "50"]
    assert cli.main([*words, *rules, "--seed", "1", "--out", "r.json"]) == 0
    screen = capsys.readouterr().out
    report = possession(**sample, **RULES)
    assert json.loads(Path("r.json").read_text())["summary"] == dict(report.summary_items())
    for words_shown in ("95 % interval", f"{report.summary['iou']:.4g}", "match_5/9",
                        "500 regions of 10 players in 5 videos", "17 spells"):  # fmt: skip
        assert words_shown in screen
    assert cli.main([*words[:3], "--fps", "10", "--quiet"]) == 0
    assert capsys.readouterr().out == ""
    for bad, said in (
        (words[:1], "PLAYERS and BALL missing"),
        (words[:2], "BALL missing"),
        (words[:3], "--fps missing"),
        ([*words, "--score", "cover"], "no score 'cover'; did you mean 'coverage'"),
        ([*words, "--fps", "0"], "fps = 0.0 is not a positive number"),
        ([*words, "--out", "ball.csv"], "would overwrite the input ball.csv"),
        (["possession", "no.csv", *words[2:]], "no.csv: no such file"),
        ([*words, "--sample"], "--sample brings its own files"),
    ):
        assert cli.main(bad) == 2
        assert said in capsys.readouterr().err
