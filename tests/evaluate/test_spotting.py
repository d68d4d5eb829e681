"""Spotting: the definitions of SoccerNet and E2E-Spot, written plainly; files; messages."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from overlap.evaluate import TEMPORAL_PROTOCOLS, temporal, temporal_study
from overlap.io.points import as_points

CLASSES = ("Goal", "Foul", "Corner")


def soccernet(truth, found, deltas, classes):
    """The average mAP of all, shown and hidden actions: (video, half, label, frame, value) rows."""
    averages = []
    for side in (0, 1, -1):
        means = []
        for delta in deltas:
            aps = []
            for name in classes:
                events, total = [], 0
                halves = {row[:2] for row in (*truth, *found)}
                for half in sorted(halves):
                    ours = {f: v for *h, c, f, v in truth if (*h,) == half and c == name}
                    theirs = {f: v for *h, c, f, v in found if (*h,) == half and c == name}
                    total += sum(not side or value == side for value in ours.values())
                    used = set()
                    for frame in sorted(ours):
                        near = [f for f in sorted(theirs)
                                if abs(f - frame) <= delta / 2 and f not in used]  # fmt: skip
                        if near:
                            used.add(max(near, key=lambda f: theirs[f]))
                    times = sorted(ours)
                    for frame, score in theirs.items():
                        place = sum((a + b) // 2 <= frame for a, b in pairwise(times))
                        nearest = ours[times[place]] if times else -1
                        if not side or nearest == side:
                            events.append((score, frame in used))
                points = []
                for level in np.linspace(0, 1, 200):
                    there = [hit for score, hit in events if score >= level]
                    points.append(
                        (
                            sum(there) / len(there) if there else 0.0,
                            sum(there) / total if total else 0,
                        )
                    )
                aps.append(
                    sum(max((p for p, r in points if r >= k / 10), default=0) for k in range(11))
                    / 11
                )
            means.append(float(np.mean(aps)))
        area = sum((a + b) / 2 for a, b in pairwise(means)) / (len(means) - 1)
        averages.append(area * (17 / 13 if side == -1 else 1))
    return averages


def random_games(seed):
    rng = np.random.default_rng(seed)
    truth, found = {}, {}
    for game in range(int(rng.integers(1, 4))):
        for _ in range(int(rng.integers(0, 12))):
            key = (f"g{game}", int(rng.integers(1, 3)), str(rng.choice(CLASSES)),
                   int(rng.integers(0, 60)))  # fmt: skip
            truth[key] = int(rng.choice([1, -1], p=[0.7, 0.3]))
            if rng.random() < 0.7:
                frame = max(0, key[3] + int(rng.integers(-4, 5)))
                found[*key[:3], frame] = round(float(rng.random()), int(rng.choice([1, 3])))
        for _ in range(int(rng.integers(0, 12))):
            key = (f"g{game}", int(rng.integers(1, 3)), str(rng.choice(CLASSES)),
                   int(rng.integers(0, 60)))  # fmt: skip
            found[key] = round(float(rng.random()), int(rng.choice([1, 3])))
    truth.setdefault(("g0", 1, "Goal", 5), 1)
    return [(*key, x) for key, x in truth.items()], [(*key, x) for key, x in found.items()]


def write_games(folder, truth, found):
    names = sorted({row[0] for row in (*truth, *found)})
    for game in names:
        rows = [
            {"gameTime": f"{half} - 00:00", "label": label, "position": str(500 * frame),
             "visibility": "visible" if shown == 1 else "not shown"}
            for name, half, label, frame, shown in truth if name == game
        ]  # fmt: skip
        place = folder / "t" / "league" / game
        place.mkdir(parents=True)
        (place / "Labels-v2.json").write_text(json.dumps({"annotations": rows}))
        rows = [
            {"half": str(half), "label": label, "position": str(500 * frame), "confidence": str(x)}
            for name, half, label, frame, x in found if name == game
        ]  # fmt: skip
        place = folder / "f" / "league" / game
        place.mkdir(parents=True)
        (place / "results_spotting.json").write_text(json.dumps({"predictions": rows}))
    return {"truth": folder / "t", "found": folder / "f"}


def check_games(seed, folder):
    truth, found = random_games(seed)
    inputs = write_games(folder, truth, found)
    classes = TEMPORAL_PROTOCOLS["spotting_tight"]
    report = temporal(**inputs, protocol=classes, labels=CLASSES)
    expected = soccernet(truth, found, [2 * x for x in range(1, 6)], CLASSES)
    got = [report.summary[f"a_mAP{side}"] for side in ("", "_visible", "_unshown")]
    assert got == pytest.approx(expected, abs=1e-12), seed


def test_soccernet(tmp_path):
    for seed in range(4):
        check_games(seed, tmp_path / str(seed))


@pytest.mark.slow
def test_soccernet_of_many(tmp_path):
    for seed in range(4, 204):
        check_games(seed, tmp_path / str(seed))


def e2e(truth, found, tolerances):
    """The mean over tolerances of mAP: lists of (video, label, frame[, score])."""
    means = []
    for reach in tolerances:
        aps = []
        for name in sorted({row[1] for row in truth}):
            ours = [(video, frame) for video, label, frame in truth if label == name]
            ranked = sorted((row for row in found if row[1] == name), key=lambda row: -row[3])
            taken, curve = set(), []
            for count, (video, _, frame, _) in enumerate(ranked, 1):
                free = [x for x in ours if x[0] == video and x not in taken]
                best = min(free, key=lambda x: abs(x[1] - frame), default=None)
                if best is not None and abs(best[1] - frame) <= reach:
                    taken.add(best)
                    curve.append(len(taken) / count)
            aps.append(sum(max(curve[k:]) for k in range(len(curve))) / len(ours))
        means.append(np.mean(aps))
    return float(np.mean(means))


def check_e2e(seed):
    rng = np.random.default_rng(seed)
    truth = [(f"v{rng.integers(3)}", str(rng.choice(CLASSES)), int(rng.integers(0, 30)))
             for _ in range(int(rng.integers(1, 20)))]  # fmt: skip
    found = [(f"v{rng.integers(3)}", str(rng.choice(CLASSES)), int(rng.integers(0, 30)),
              round(float(rng.random()), int(rng.choice([1, 3]))))
             for _ in range(int(rng.integers(0, 30)))]  # fmt: skip
    videos = [f"v{k}" for k in range(3)]
    truth, found = (sorted(side, key=lambda row: row[0]) for side in (truth, found))
    sides = [
        [{"video": v, "events": [dict(zip(keys, r[1:], strict=True)) for r in side if r[0] == v]}
         for v in videos]
        for side, keys in ((truth, ("label", "frame")), (found, ("label", "frame", "score")))
    ]  # fmt: skip
    report = temporal(truth=sides[0], found=sides[1], protocol="spotting_e2e")
    assert report.summary["a_mAP"] == pytest.approx(e2e(truth, found, (0, 1, 2, 4)), abs=1e-12), (
        seed
    )


def test_e2e_spot():
    for seed in range(10):
        check_e2e(seed)


@pytest.mark.slow
def test_e2e_spot_of_many():
    for seed in range(10, 210):
        check_e2e(seed)


def points(*rows, **more):
    frame = pd.DataFrame(rows, columns=["video", "time", "label", "score"][: len(rows[0])])
    return frame.assign(**more)


def test_one_second_late():
    found = points(("a", 11.0, "Goal", 0.9))
    report = temporal(
        truth=points(("a", 10.0, "Goal")), found=found, protocol="spotting_tight", classes="truth"
    )
    assert report.summary["a_mAP"] == 0.875
    assert report.summary["mAP@1s"] == 0.0
    assert "a_mAP_unshown" not in report.summary
    assert len(report.matches) == 1
    assert "AP of each class" in report.to_html()


def test_studies_and_intervals():
    rng = np.random.default_rng(0)
    truth = points(*((f"v{k % 6}", float(5 * k), "Goal") for k in range(30)))
    found = points(*((f"v{k % 6}", 5 * k + float(rng.integers(0, 4)), "Goal", float(rng.random()))
                     for k in range(30)))  # fmt: skip
    options = {"protocol": TEMPORAL_PROTOCOLS["spotting_tight"].with_fields(classes="truth"),
               "bootstrap": 50}  # fmt: skip
    whole = temporal(truth=truth, found=found, **options)
    assert whole.intervals[0].low < whole.summary["a_mAP"] < whole.intervals[0].high
    study = temporal_study(**options)
    for name in sorted(set(truth["video"])):
        study.update(name, truth=truth[truth["video"] == name], found=found[found["video"] == name])
    again = temporal_study(**options).from_bytes(study.to_bytes())
    assert again.compute().summary_items() == whole.summary_items()
    assert len(whole.influence()) == 6


def test_nothing_is_scored_without_a_word():
    truth, found = points(("a", 10.0, "jump")), points(("a", 10.0, "jump", 0.5))
    with pytest.raises(ValueError, match=r"none of the 17 classes of SoccerNet-v2.*classes=truth"):
        temporal(truth=truth, found=found, protocol="spotting_tight")
    with pytest.raises(ValueError, match="points are seconds, and tolerances are frames"):
        temporal(truth=truth, found=found, protocol="spotting_e2e")
    goal = {"protocol": "spotting_tight", "truth": points(("a", 10.0, "Goal"))}
    report = temporal(found=points(("a.mp4", 10.0, "Goal", 0.5)), **goal)
    said = " ".join(report.findings)
    assert "found: 1 video left out" in said
    assert "only by a file suffix" in said
    assert "no prediction hits a truth" in said
    assert "classes without a truth: 16, of which AP is 0" in " ".join(report.settings["notes"])
    late = temporal(found=points(("a", 10000.0, "Goal", 1.5)), **goal)
    assert "have both the same unit?" in " ".join(late.findings)
    assert "1 confidence outside of 0 to 1" in " ".join(late.findings)
    assert "1 point later than 7200 s" in " ".join(late.findings)


@pytest.mark.parametrize(
    ("content", "role", "message"),
    [
        ({"annotations": [{"label": "Goal"}]}, "truth", "entry 0: has no half"),
        ({"annotations": [{"label": "Goal", "half": "1"}]}, "truth", "neither position"),
        ({"predictions": []}, "truth", "has no list 'annotations'.*look swapped"),
        ({"predictions": [{"label": "Goal", "half": 1, "position": "x"}]}, "found", "position"),
        ([{"video": "a", "events": [{"label": "x", "frame": 1}]}], "found", "event 0: score"),
        (
            {"predictions": [{"label": "Goal", "half": 2, "gameTime": "1 - 00:31"}]},
            "found",
            "entry 0: half is 2, and gameTime is '1 - 00:31'; correct one",
        ),
        (
            {"annotations": [{"label": "Goal", "gameTime": "1 - 00:31", "visibility": "hidden"}]},
            "truth",
            "visibility is 'hidden'; wanted 'visible' or 'not shown'",
        ),
        ([{"video": "a"}], "truth", "wanted an object with video and events"),
        ([{"video": "a", "events": []}] * 2, "truth", "is there twice"),
        ({"other": 1}, "truth", "wanted annotations or predictions of SoccerNet"),
    ],
)
def test_bad_json(tmp_path, content, role, message):
    path = tmp_path / "bad.json"
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=message):
        as_points(path, role=role)


def test_a_position_that_is_not_its_time_is_a_finding(tmp_path):
    path = tmp_path / "labels.json"
    for position, count in (("31900", 0), ("31", 1), ("310000", 1)):
        row = {"label": "Goal", "gameTime": "1 - 00:31", "position": position}
        path.write_text(json.dumps({"annotations": [row]}))
        table = as_points(path, role="truth")
        assert table.time.tolist() == [float(position) / 1000]
        assert len(table.findings) == count
        assert all("position is not the time of their gameTime" in x for x in table.findings)


def test_bad_tables_and_folders(tmp_path):
    with pytest.raises(ValueError, match="neither time nor frame"):
        as_points(pd.DataFrame({"video": ["a"], "label": ["x"]}), role="truth")
    with pytest.raises(ValueError, match="need a confidence each"):
        as_points(points(("a", 1.0, "x")), role="found")
    with pytest.raises(ValueError, match="the time is -1"):
        as_points(points(("a", -1.0, "x")), role="truth")
    with pytest.raises(ValueError, match="has no folders of games"):
        as_points(tmp_path, role="truth")
    with pytest.raises(TypeError, match="truth is a int"):
        as_points(3, role="truth")
