"""Suppression of segments beside the loops of ActionFormer, OpenTAD and BMN, written plainly."""

from __future__ import annotations

import json

import numpy as np
import pytest

import overlap as ov
from overlap import evaluate
from overlap.io import sample_path
from overlap.pairing.segment_suppression import SegmentNms, named_rules, parse_nms

f = np.float32


def iou32(a, b):
    shared = max(f(0), min(a[1], b[1]) - max(a[0], b[0]))
    lengths = [f(x[1] - x[0]) + f(1e-6) for x in (a, b)]
    return shared / (lengths[0] + lengths[1] - shared), lengths[0]


def plain_loop(rule, segments):
    """Swap the first maximum to the front; overwrite what falls below `least` with the last."""
    rows = [[f(a), f(b), f(s), k] for k, (a, b, s) in enumerate(segments)]
    i = 0
    while i < len(rows):
        best = i
        for k in range(i + 1, len(rows)):
            if rows[k][2] > rows[best][2]:
                best = k
        rows[i], rows[best] = rows[best], rows[i]
        k = i + 1
        while k < len(rows):
            iou, length = iou32(rows[i], rows[k])
            weight = f(1)
            if rule.method in ("hard", "linear"):
                if iou >= f(rule.parameter):
                    weight = f(0) if rule.method == "hard" else f(1) - iou
            elif rule.method == "gaussian" or iou >= f(rule.t1) + f(rule.t2) * length:
                weight = np.exp(-(iou * iou) / f(rule.parameter))
            rows[k][2] = rows[k][2] * weight
            if rows[k][2] < f(rule.least):
                rows[k] = rows[-1] if k < len(rows) - 1 else rows[k]
                rows.pop()
                continue
            k += 1
        i += 1
    return [(row[3], row[2]) for row in rows]


def plain_sorted(rule, segments):
    rows = [(f(s), k) for k, (_, _, s) in enumerate(segments) if f(s) > f(rule.least)]
    kept = []
    for score, k in sorted(rows, key=lambda row: -row[0]):
        mine = [f(x) for x in segments[k][:2]]
        others = [[f(x) for x in segments[j][:2]] for j, _ in kept]
        if not any(iou32(other, mine)[0] >= f(rule.parameter) for other in others):
            kept.append((k, score))
    return kept


def plain_bmn(rule, segments):
    rows = [[a, b, s, k] for k, (a, b, s) in enumerate(segments)]
    rows.sort(key=lambda row: -row[2])
    kept = []
    while len(rows) > 1 and len(kept) < 101:
        best = max(range(len(rows)), key=lambda k: (rows[k][2], -k))
        a, b, s, place = rows[best]
        for k, row in enumerate(rows):
            shared = max(min(b, row[1]) - max(a, row[0]), 0.0)
            union = (row[1] - row[0]) - shared + b - a
            value = shared / union if union else np.nan
            if k != best and value > rule.t1 + (rule.t2 - rule.t1) * (b - a):
                row[2] = row[2] * np.exp(-(value**2) / rule.parameter)
        kept.append((place, s))
        rows.pop(best)
    return sorted(kept, key=lambda row: -row[1])


def random_segments(rng):
    count = int(rng.integers(0, 30))
    start = rng.integers(0, 12, count) / 16
    stop = start + rng.integers(0, 8, count) / 16
    return list(zip(start, stop, rng.integers(1, 9, count) / 8, strict=True))


PROGRAMS = {
    "hard:0.5": plain_loop,
    "linear:0.25": plain_loop,
    "linear:0.25+least=0.2": plain_loop,
    "gaussian:0.5+least=0.1": plain_loop,
    "opentad_bmn:0.5+t1=0.3+t2=0.4+least=0.1": plain_loop,
    "sorted:0.5": plain_sorted,
    "sorted:0.3+least=0.25": plain_sorted,
    "bmn": plain_bmn,
    "bmn:0.3+t1=0.2+t2=0.6": plain_bmn,
}


def compare(text, seed):
    segments = random_segments(np.random.default_rng(seed))
    columns = np.array(segments, dtype=float).reshape(-1, 3).T
    wanted = PROGRAMS[text](parse_nms(text), segments)
    kept = ov.suppress_segments(*columns, text)
    assert kept.index.tolist() == [k for k, _ in wanted], seed
    np.testing.assert_array_equal(kept.confidence, [float(s) for _, s in wanted])
    return len(segments) - len(kept)


@pytest.mark.parametrize("text", PROGRAMS)
def test_as_the_loops_of_programs(text):
    assert sum(compare(text, seed) for seed in range(20)) > 10


@pytest.mark.slow
@pytest.mark.parametrize("text", PROGRAMS)
def test_as_the_loops_of_programs_on_200_sets(text):
    for seed in range(200):
        compare(text, seed)


def test_equal_confidences_depend_on_removals():
    """Measured with the programs themselves."""
    columns = [0, 1, 5, 20, 21], [10, 11, 15, 30, 29], [0.9, 0.8, 0.7, 0.5, 0.5]
    kept = {method: ov.suppress_segments(*columns, f"{method}:0.5") for method in
            ("hard", "linear", "gaussian", "sorted")}  # fmt: skip
    assert kept["hard"].index.tolist() == [0, 2, 4]
    assert kept["sorted"].index.tolist() == [0, 2, 3]
    for method in ("linear", "gaussian"):
        order = kept[method].index.tolist()
        assert order.index(3) < order.index(4)
    assert kept["linear"].confidence[order.index(3)] == f(0.5)


def test_votes():
    columns = [0.0, 1.0, 5.0], [10.0, 11.0, 6.0], [0.5, 0.25, 0.9]
    iou = 9 / 11
    for program, weights in (("actionformer", [0.5, 0.25 * iou]), ("opentad", [0.5, 0.25])):
        kept = ov.suppress_segments(*columns, f"hard:0.5+vote={program}:0.7")
        assert kept.index.tolist() == [2, 0]
        assert kept.start[1] == pytest.approx(weights[1] / sum(weights), rel=1e-6)
        assert kept.start[0] == 5.0
    assert ov.suppress_segments([1.0], [1.0], [1.0], "hard:0.5+vote=opentad").start == [1.0]


def test_videos_and_classes_stand_apart():
    columns = [0, 0, 0, 0], [4, 4, 4, 4], [0.9, 0.8, 0.7, 0.6]
    groups = {"video": [0, 0, 0, 1], "label": [0, 0, 1, 0]}
    assert ov.suppress_segments(*columns, "hard:0.5", **groups).index.tolist() == [0, 2, 3]
    assert ov.suppress_segments(*columns, "hard:0.5+most=1", **groups).index.tolist() == [0, 3]
    agnostic = ov.suppress_segments(*columns, "hard:0.5+agnostic", **groups)
    assert agnostic.index.tolist() == [0, 3]


def test_settings_are_read_and_written():
    for text in (*PROGRAMS, "gaussian:0.5+most=200", "hard:0.4+vote=opentad:0.7"):
        rule = parse_nms(text)
        assert parse_nms(rule.text) == rule
    assert list(named_rules("none,hard:0.5")) == ["none", "hard:0.5"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("soft:0.5", "'soft' is not one of hard, sorted"),
        ("hard:x", "'x' in 'hard:x' is not a number"),
        ("hard:0.5+much=3", "'much=3' in .* wanted METHOD:PARAMETER"),
        ("hard:0.5+most=1.5", "most = 1.5 in .* wanted a whole number"),
        ("gaussian:0", "the parameter of gaussian is 0.0; wanted > 0"),
        ("hard:50", "the parameter of hard is 50, an IoU .* write a percentage as 0.5"),
        ("hard:0.5+vote=me", "vote = 'me' is not one of actionformer, opentad"),
        ("hard:0.5,hard:0.5", "the setting hard:0.5 is given twice"),
    ],
)
def test_bad_settings(text, message):
    with pytest.raises(ValueError, match=message):
        named_rules(text)
    with pytest.raises(ValueError, match="vote needs agnostic"):
        SegmentNms("hard", vote="opentad")


@pytest.fixture(scope="module")
def sides():
    return {role: sample_path(f"temporal_{role}") for role in ("truth", "found")}


def test_settings_are_scored_together(sides):
    sweep = evaluate.temporal(**sides, nms="none,hard:0.5,gaussian:0.5", iou=[0.5, 0.75])
    plain = evaluate.temporal(**sides, iou=[0.5, 0.75])
    alone = evaluate.temporal(**sides, nms=SegmentNms("hard", 0.5), iou=[0.5, 0.75])
    assert sweep.summary["none mAP"] == plain.summary["mAP"]
    assert sweep.summary["hard:0.5 mAP"] == alone.summary["mAP"] != plain.summary["mAP"]
    assert sweep.settings["nms"] == ["none", "hard:0.5", "gaussian:0.5"]
    assert [row[0] for row in sweep.overview("").rows] == sweep.settings["nms"]
    assert any("suppressed by hard:0.5" in note for note in alone.settings["notes"])


def test_reports_are_made_again_from_files(sides, tmp_path):
    from overlap.cli.reload import load_reports

    report = evaluate.temporal(**sides, nms="none,hard:0.5", iou=[0.5, 0.75])
    report.to_json(tmp_path / "report.json")
    assert load_reports([tmp_path / "report.json"])[0].items == report.items


def test_suppression_needs_one_protocol_and_durations(sides):
    with pytest.raises(ValueError, match="needs one protocol, not all"):
        evaluate.temporal(**sides, protocol="all", nms="hard:0.5")
    truth = json.loads(sides["truth"].read_text())
    for video in truth["database"].values():
        video.pop("duration", None)
    with pytest.raises(ValueError, match="bmn needs the duration of each video"):
        evaluate.temporal(truth=truth, found=sides["found"], nms="bmn")
