"""Sound events: segment-based, event-based and intersection-based scores, and PSDS."""

from __future__ import annotations

import json
import math
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from overlap import cli, evaluate
from overlap.io.durations import as_durations

COLUMNS = ["video", "start", "stop", "label"]


def table(rows, confidence=None):
    kinds = {"video": str, "start": float, "stop": float, "label": str}
    frame = pd.DataFrame(rows, columns=COLUMNS).astype(kinds)
    return frame if confidence is None else frame.assign(score=confidence)


def scored(protocol, truth, found, confidence=None, **options):
    return evaluate.temporal(
        truth=table(truth), found=table(found, confidence), protocol=protocol, **options
    )


def random_events(seed, *, apart=False):
    """A few recordings; some predictions are near truths, some are the same, some are empty."""
    rng = np.random.default_rng(seed)
    files = [f"r{k}" for k in range(rng.integers(1, 4))]
    classes = list("abcd")[: rng.integers(2, 5)]
    step = (0.1, 0.25, 0.01)[seed % 3]

    def some(most):
        rows = []
        for name in files:
            for _ in range(rng.integers(1, most)):
                start = round(rng.integers(0, 100) * step, 6)
                stop = round(start + rng.integers(0, 40) * step, 6)
                rows.append((name, start, stop, rng.choice(classes)))
        return rows

    truth, found = some(8), some(5)
    for name, start, stop, label in truth:
        start = max(0.0, round(start + rng.integers(-3, 4) * step, 6))
        stop = max(start, round(stop + rng.integers(-3, 4) * step, 6))
        found.append((name, start, stop, label if rng.random() < 0.8 else rng.choice(classes)))
    found += truth[:1]
    if apart:
        truth, found = ([*separated(rows)] for rows in (truth, found))
    return truth, found, rng


def separated(rows):
    """Leave out events that overlap an earlier one of their class."""
    kept = []
    for row in rows:
        name, start, stop, label = row
        if not any(
            (name, label) == (n, c) and start < b and a < stop and row != (n, a, b, c)
            for n, a, b, c in kept
        ):
            kept.append(row)
            yield row


# ------------------------------------------------------------------- plain definitions


def plain_rates(right, truth, found):
    precision = right / found if found else math.nan
    recall = right / truth if truth else math.nan
    f1 = 0.0 if precision + recall == 0 else 2 * precision * recall / (precision + recall)
    return f1, precision, recall


def plain_segments(truth, found, step):
    """Counts of segments: right, truth, found, substituted, deleted, inserted."""
    total = np.zeros(6)
    for name in {row[0] for row in truth + found}:
        cells = []
        for side in (truth, found):
            cells.append(
                {
                    (k, label)
                    for n, start, stop, label in side
                    if n == name
                    for k in range(math.floor(start / step), math.ceil(stop / step))
                }
            )
        for k in {k for k, _ in cells[0] | cells[1]}:
            one, two = ({c for j, c in side if j == k} for side in cells)
            both, n, m = len(one & two), len(one), len(two)
            total += both, n, m, min(n, m) - both, max(n - m, 0), max(m - n, 0)
    return total


def plain_events(truth, found, collar, share, optimal):
    """Counts of events: right, truth, found; and substitutions of the greedy rule."""
    right = substituted = 0
    for name in {row[0] for row in truth}:
        sides = [[row for row in side if row[0] == name] for side in (truth, found)]
        close = np.array(
            [
                [
                    abs(a - c) <= collar and abs(b - d) <= max(collar, share * (b - a))
                    for _, c, d, _ in sides[1]
                ]
                for _, a, b, _ in sides[0]
            ]
        ).reshape(len(sides[0]), len(sides[1]))
        alike = np.array([[x[3] == y[3] for y in sides[1]] for x in sides[0]]).reshape(close.shape)
        if optimal:
            right += int((maximum_bipartite_matching(csr_array(close & alike)) >= 0).sum())
            continue
        taken, matched = set(), set()
        for allowed in (close & alike, close):
            for j in range(len(sides[0])):
                free = [
                    i for i in np.flatnonzero(allowed[j]) if i not in taken and j not in matched
                ]
                if free:
                    taken.add(free[0])
                    matched.add(j)
                    right += allowed is not close
                    substituted += allowed is close
    return right, len(truth), len(found), substituted


def plain_points(rules, truth, found, seconds):
    """True and effective false rates of each class, at one operating point."""
    long = [[row for row in side if row[2] > row[1]] for side in (truth, found)]
    classes = sorted({row[3] for row in long[0]})

    def shared(a, b):
        return max(0.0, min(a[2], b[2]) - max(a[1], b[1])) if a[0] == b[0] else 0.0

    def part(row, others):
        return math.fsum(shared(row, one) / (row[2] - row[1]) for one in others)

    rates = []
    valid = [
        row for row in long[1]
        if any(shared(row, one) for one in long[0] if one[3] == row[3])
        and part(row, [one for one in long[0] if one[3] == row[3]]) >= rules["dtc"]
    ]  # fmt: skip
    hour = 3600 / sum(seconds.values())
    for name in classes:
        own = [row for row in long[0] if row[3] == name]
        covers = [row for row in valid if row[3] == name]
        right = sum(
            any(shared(row, one) for one in covers) and part(row, covers) >= rules["gtc"]
            for row in own
        )
        false = [row for row in long[1] if row[3] == name and row not in valid]
        cross = []
        for other in classes:
            theirs = [row for row in long[0] if row[3] == other]
            if other != name:
                count = sum(
                    any(shared(row, one) for one in theirs) and part(row, theirs) >= rules["cttc"]
                    for row in false
                )
                cross.append(count * 3600 / math.fsum(row[2] - row[1] for row in theirs))
        heard = sum(row[1] < seconds[row[0]] and row[2] > 0 for row in false)
        taken = math.fsum(cross) / len(cross) if cross else 0.0
        rates.append((heard * hour + rules["alpha_ct"] * taken, right / len(own)))
    return rates


def plain_psds(rules, truth, points, seconds):
    """The area under the curve of several operating points, rate by rate."""
    each = [plain_points(rules, truth, found, seconds) for found in points]
    limit = rules["max_efpr"]
    grid = sorted({0.0, limit, *(x for point in each for x, _ in point if x < limit)})
    area = 0.0
    for low, high in pairwise(grid):
        heights = [
            max((point[c][1] for point in each if point[c][0] <= low), default=0.0)
            for c in range(len(each[0]))
        ]
        area += (high - low) * max(np.mean(heights) - rules["alpha_st"] * np.std(heights), 0.0)
    return area / limit


SEEDS = [range(6), pytest.param(range(6, 206), marks=pytest.mark.slow)]
NAMES = ["few", "many"]


@pytest.mark.parametrize("seeds", SEEDS, ids=NAMES)
def test_segments(seeds):
    for seed in seeds:
        truth, found, _ = random_events(seed)
        for step in (1.0, 0.1):
            report = scored("sed_segment", truth, found, resolution=step)
            right, n, m, *errors = plain_segments(truth, found, step)
            got = [report.summary[x] for x in ("F1", "precision", "recall")]
            np.testing.assert_allclose(got, plain_rates(right, n, m), atol=1e-13)
            got = [report.summary[f"{x} rate"] for x in ("substitution", "deletion", "insertion")]
            np.testing.assert_allclose(got, np.array(errors) / n if n else np.nan, atol=1e-13)
            classes = sorted({row[3] for row in truth + found})
            each = []
            for name in classes:
                sides = [[row for row in side if row[3] == name] for side in (truth, found)]
                each.append(plain_rates(*plain_segments(*sides, step)[:3]))
            got = [report.summary[f"{x}[macro]"] for x in ("F1", "precision", "recall")]
            np.testing.assert_allclose(got, pd.DataFrame(each).mean(), atol=1e-13)


@pytest.mark.parametrize("seeds", SEEDS, ids=NAMES)
def test_events(seeds):
    for seed in seeds:
        truth, found, _ = random_events(seed)
        for matching in ("optimal", "greedy"):
            for collar, share in ((0.2, 0.5), (1.0, 0.2)):
                report = scored(
                    "sed_event", truth, found, collar=collar, share=share, matching=matching
                )
                right, n, m, substituted = plain_events(
                    truth, found, collar, share, matching == "optimal"
                )
                got = [report.summary[x] for x in ("F1", "precision", "recall")]
                np.testing.assert_allclose(got, plain_rates(right, n, m), atol=1e-13)
                if matching == "greedy":
                    assert report.summary["substitution rate"] == pytest.approx(substituted / n)
                    rate = (n + m - 2 * right - substituted) / n
                    assert report.summary["ER"] == pytest.approx(rate)


def test_greedy_finds_fewer_pairs():
    truth = [("r", 1.0, 3.0, "a"), ("r", 1.1, 3.0, "a")]
    found = [("r", 1.15, 3.0, "a"), ("r", 0.85, 3.0, "a")]
    assert scored("sed_event", truth, found).summary["F1"] == 1.0
    assert scored("sed_event", truth, found, matching="greedy").summary["F1"] == 0.5


def test_the_order_of_the_file_decides_the_error_rate():
    """Numbers of sed_eval 0.2.1: of several largest matchings it takes that of its search."""
    truth = [("r", 1.0, 2.0, "a"), ("r", 1.1, 2.0, "a")]
    found = [("r", 1.2, 2.0, "a"), ("r", 1.25, 2.0, "b")]
    assert scored("sed_event", truth, found).summary["ER"] == 0.5
    assert scored("sed_event", truth[::-1], found).summary["ER"] == 1.0


def test_differences_are_compared_as_they_are():
    """0.2 is less than 2.2 - 2.0 in floating-point numbers."""
    truth, found = [("r", 2.0, 3.0, "a")], [("r", 2.2, 3.0, "a")]
    assert scored("sed_event", truth, found).summary["F1"] == 0.0
    assert scored("sed_event", truth, found, collar=0.21).summary["F1"] == 1.0
    assert scored("sed_event", truth, found, onset=False).summary["F1"] == 1.0


def test_classes_without_output_or_truth():
    truth = [("r", 0.0, 1.0, "a"), ("r", 2.0, 3.0, "b")]
    found = [("r", 0.0, 1.0, "a"), ("r", 4.0, 5.0, "c")]
    report = scored("sed_event", truth, found)
    assert report.summary["F1[macro]"] == 1.0
    assert report.summary["ER[macro]"] == 0.5
    assert any("no_output=zero counts 0" in note for note in report.settings["notes"])
    assert scored("sed_event", truth, found, no_output="zero").summary["F1[macro]"] == 0.5
    published = scored("sed_event", truth, found, no_truth="published").summary["ER[macro]"]
    assert published == pytest.approx((0 + 1 + 1 / np.spacing(1)) / 3)


RULES = {
    "psds": {"dtc": 0.5, "gtc": 0.5, "cttc": 0.3, "alpha_ct": 0.0, "alpha_st": 0.0},
    "psds1": {"dtc": 0.7, "gtc": 0.7, "cttc": 0.3, "alpha_ct": 0.0, "alpha_st": 1.0},
    "psds2": {"dtc": 0.1, "gtc": 0.1, "cttc": 0.3, "alpha_ct": 0.5, "alpha_st": 1.0},
}


@pytest.mark.parametrize("seeds", SEEDS, ids=NAMES)
def test_psds(seeds):
    for seed in seeds:
        truth, found, rng = random_events(seed, apart=True)
        confidence = rng.integers(1, 6, len(found)) / 5
        seconds = {row[0]: 5.0 + 5 * k for k, row in enumerate(truth)}
        for name, rules in RULES.items():
            options = {"durations": seconds, "max_efpr": 900.0}
            if not any(row[2] > row[1] for row in truth):
                continue
            report = scored(name, truth, found, confidence, **options)
            points = [
                [row for row, x in zip(found, confidence, strict=True) if x >= level]
                for level in sorted(set(confidence))
            ]
            wanted = plain_psds({**rules, "max_efpr": 900.0}, truth, points, seconds)
            assert report.summary["psds"] == pytest.approx(wanted, abs=1e-12)
            files = [table(found), table(found[::2])]
            report = evaluate.temporal(truth=table(truth), found=files, protocol=name, **options)
            wanted = plain_psds({**rules, "max_efpr": 900.0}, truth, [found, found[::2]], seconds)
            assert report.summary["psds"] == pytest.approx(wanted, abs=1e-12)


def test_psds_of_blocks_and_draws(tmp_path):
    truth, found, rng = random_events(11, apart=True)
    truth = [(f"{row[0]}{k}", *row[1:]) for k in range(3) for row in truth]
    found = [(f"{row[0]}{k}", *row[1:]) for k in range(3) for row in found]
    confidence = rng.random(len(found))
    seconds = {row[0]: 20.0 for row in truth}
    options = {"durations": seconds, "bootstrap": 50}
    whole = scored("psds2", truth, found, confidence, **options)
    blocks = scored("psds2", truth, found, confidence, **options, resume=tmp_path)
    assert whole.items == blocks.items
    without = whole.influence().set_index("item")["without"]
    name = without.index[0]
    rest = [[row for row in side if row[0] != name] for side in (truth, found)]
    left = [x for row, x in zip(found, confidence, strict=True) if row[0] != name]
    options = {"durations": {key: 20.0 for key in seconds if key != name}}
    assert scored("psds2", *rest, left, **options).summary["psds"] == pytest.approx(without[name])
    rate, height = whole.curve()
    area = (np.diff(np.append(rate, 100.0)) * height).sum() / 100
    assert area == pytest.approx(whole.summary["psds"])
    assert "PSD-ROC" in whole.to_html()


def test_intersections_count_without_confidences():
    truth = [("r", 0.0, 10.0, "a"), ("r", 0.0, 4.0, "b")]
    found = [("r", 0.0, 6.0, "a"), ("r", 8.0, 9.0, "b")]
    report = scored("sed_intersection", truth, found, durations={"r": 20})
    assert report.summary["F1"] == 0.5
    assert report.summary["F1[macro]"] == 0.5  # psds_eval leaves b out, and has 1


def test_intersections_count_false_predictions_where_no_duration_is_known():
    truth = [("r", 0.0, 4.0, "a"), ("s", 1.0, 5.0, "a")]
    found = [*truth, ("s", 20.0, 22.0, "a"), ("t", 0.0, 1.0, "a")]
    numbers = scored("sed_intersection", truth, found).summary
    assert numbers["precision"] == 0.5
    # as by psds_eval, not in recordings that no duration is known of
    report = scored("sed_intersection", truth, found, durations={"r": 60, "s": 60})
    assert report.summary["precision"] == 2 / 3
    assert "1 prediction in recordings without a duration or behind" in report.settings["notes"][0]
    with pytest.raises(ValueError, match="sed_intersection: no duration of 's'; a prediction"):
        scored("sed_intersection", truth, found, durations={"r": 60})
    study = evaluate.temporal_study(protocol="sed_intersection")
    for name in "rst":
        sides = ([row for row in side if row[0] == name] for side in (truth, found))
        study.update(name, **dict(zip(("truth", "found"), map(table, sides), strict=True)))
    assert study.compute().items == tuple(numbers.items())


@pytest.mark.parametrize(
    ("protocol", "durations", "said"),
    [
        ("psds1", {"r": 10, "s": 10}, ""),
        ("sed_event", None, ""),
        ("psds1", {"r": 10_000, "s": 10_000}, "durations are about 2,250 times as long"),
        ("sed_segment", {"r": 2, "s": 10}, "1 recording with true events behind the end (first: "),
        ("sed_segment", {"r.wav": 10, "s.wav": 10}, "2 recordings of the truth without one ('r'"),
        ("sed_segment", {"r.wav": 10, "s.wav": 10}, "only by a file suffix ('r.wav' for 'r')"),
    ],
)  # fmt: skip
def test_odd_durations_are_told(protocol, durations, said):
    truth = [("r", 0.0, 4.0, "a"), ("s", 1.0, 5.0, "a")]
    options = {} if durations is None else {"durations": durations}
    findings = " ".join(scored(protocol, truth, truth, **options).findings)
    assert said in findings
    assert said or not findings


def test_a_single_class_has_no_cross_triggers():
    """psds_eval has 0 here: the mean over no other class is NaN."""
    rows = [("r", 0.0, 10.0, "a")]
    assert scored("psds2", rows, rows, durations={"r": 20}).summary["psds"] == 1.0


def test_a_study_gives_the_same_report():
    truth, found, _ = random_events(8)
    names = sorted({row[0] for row in truth})
    for protocol in ("sed_event", "sed_segment"):
        study = evaluate.temporal_study(protocol=protocol)
        for name in reversed(names):
            sides = ([row for row in side if row[0] == name] for side in (truth, found))
            one, other = map(table, sides)
            study.update(name, truth=one, found=other)
        assert study.compute().items == scored(protocol, truth, found).items


def test_reports_are_compared():
    truth, found, _ = random_events(5)
    reports = [scored("sed_event", truth, found), scored("sed_event", truth, found[::2])]
    comparison = evaluate.compare(*reports)
    assert "F1" in repr(comparison.table)
    with pytest.raises(ValueError, match="collar"):
        evaluate.compare(reports[0], scored("sed_event", truth, found, collar=1.0))


# ------------------------------------------------------------------------- bad inputs


def test_psds_needs_durations_and_events_apart():
    rows = [("r", 0.0, 10.0, "a")]
    with pytest.raises(ValueError, match=r"no duration of 'r'.*give durations"):
        scored("psds", rows, rows)
    twice = [*rows, ("r", 5.0, 12.0, "a")]
    with pytest.raises(ValueError, match=r"found: recording 'r' has overlapping events.*sum"):
        scored("psds", rows, twice, durations={"r": 20})
    report = scored("psds", rows, twice, durations={"r": 20}, overlapping="sum")
    assert report.summary["psds"] == 1.0
    with pytest.raises(ValueError, match="2 sets of predictions; sed_event scores one"):
        evaluate.temporal(truth=table(rows), found=[table(rows)] * 2, protocol="sed_event")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("filename\tduration\n", "has no recording"),
        ("filename\tduration\na\tlong\n", r"line 2: the duration of 'a' is 'long'"),
        ("a\t-1\n", "wanted seconds, 0 or more"),
        ("a\t1\na\t2\n", "line 2: 'a' has 2 s here and 1 s before"),
        ("a\n", "line 1: 'a'; wanted a recording and its seconds"),
        ('["a"]', "is a JSON list"),
    ],
)
def test_bad_durations(text, message, tmp_path):
    (tmp_path / "d.txt" if text[0] != "[" else tmp_path / "d.json").write_text(text)
    with pytest.raises(ValueError, match=message):
        as_durations(next(tmp_path.iterdir()))


def test_nothing_is_zero_without_a_reason():
    truth = [("r", 10.0, 12.0, "a"), ("r", 20.0, 25.0, "a")]
    found = [(name, 1000 * start, 1000 * stop, label) for name, start, stop, label in truth]
    findings = " ".join(scored("sed_event", truth, found).findings)
    assert "no truth is found" in findings
    assert "milliseconds" in findings


# -------------------------------------------------------------------- published numbers


def run(words, folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert cli.main(["temporal", *map(str, words), "--out", "r.json"]) == 0
    return json.loads((folder / "r.json").read_text())["summary"]


PEER = {
    "F1": ("f_measure", "f_measure"), "precision": ("f_measure", "precision"),
    "recall": ("f_measure", "recall"), "ER": ("error_rate", "error_rate"),
    "substitution rate": ("error_rate", "substitution_rate"),
    "deletion rate": ("error_rate", "deletion_rate"),
    "insertion rate": ("error_rate", "insertion_rate"),
    "sensitivity": ("accuracy", "sensitivity"), "specificity": ("accuracy", "specificity"),
    "balanced accuracy": ("accuracy", "balanced_accuracy"), "accuracy": ("accuracy", "accuracy"),
}  # fmt: skip


@pytest.mark.reference
def test_numbers_of_sed_eval(reference_data, tmp_path, monkeypatch):
    folder = reference_data / "temporal"
    known = json.loads((folder / "reference_sed_eval.json").read_text())["runs"]
    for name, runs in known.items():
        other = name.replace("_reference", "").replace(".txt", "_detected.txt")
        for kind, wanted in runs.items():
            words = [folder / "sed" / name, folder / "sed" / other]
            if kind.startswith("segment"):
                step = kind.removeprefix("segment_").removesuffix("s")
                words += ["--protocol", "sed_segment", "--set", f"resolution={step}"]
            elif kind.startswith("event"):
                collar = kind.partition("collar")[2].partition("_")[0]
                words += ["--protocol", "sed_event", "--set", f"collar={collar}"]
                words += ["--set", "matching=greedy"] * kind.endswith("greedy")
                words += ["--set", "offset=false"] * ("onset_only" in kind)
            else:
                continue
            summary = run(words, tmp_path, monkeypatch)
            for mine, (group, theirs) in PEER.items():
                for side, key in (("overall", mine), ("class_average", f"{mine}[macro]")):
                    value = wanted[side].get(group, {}).get(theirs)
                    if value is not None:
                        assert summary[key] == pytest.approx(value, abs=1e-12), (name, kind, key)


@pytest.mark.reference
def test_numbers_of_psds_eval(reference_data, tmp_path, monkeypatch):
    folder = reference_data / "temporal" / "psds"
    known = {
        "test_1": 0.9142857142857143, "test_2": 0.29047619047619044, "test_3": 0.6238095238095237,
        "test_4": 0.5, "Y23R6_ppquxs_247.000_257000": 0.6089285714285714,
    }  # fmt: skip
    for name, value in known.items():
        words = [folder / f"{name}.gt", folder / f"{name}.det", "--protocol", "psds"]
        words += ["--durations", folder / "test.metadata"]
        assert run(words, tmp_path, monkeypatch)["psds"] == pytest.approx(value, abs=1e-9)
