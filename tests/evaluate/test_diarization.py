"""Diarization: measured examples, plain definitions, files, messages."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from overlap.evaluate import TEMPORAL_PROTOCOLS, compare, temporal, temporal_study
from overlap.evaluate._temporal.speakers import timeline
from overlap.io import as_segments
from overlap.io.uem import as_map, read_uem

from . import diarization_programs as programs

COLUMNS = ["video", "start", "stop", "label"]


def turns(text, recording="a"):
    """Rows of ``speaker start stop`` with commas between."""
    rows = [row.split() for row in text.split(",")]
    return pd.DataFrame(
        [(recording, float(start), float(stop), who) for who, start, stop in rows], columns=COLUMNS
    )


def numbers(truth, found, protocol="diarization", **options):
    report = temporal(truth=turns(truth), found=turns(found), protocol=protocol, **options)
    return dict(report.items)


FIRST = (
    "A 0 10, B 12 20, A 24 27, C 30 40",
    "a 2 13, d 13 14, b 14 20, c 22 38, d 38 40",
)
PROTOCOLS = ("diarization", "diarization_md_eval", "diarization_dscore")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_parts_of_a_usual_error(protocol):
    got = numbers(*FIRST, protocol)
    parts = [got[name] for name in ("total", "missed detection", "false alarm", "confusion")]
    assert parts == [31.0, 2.0, 7.0, 7.0]
    assert got["DER"] == pytest.approx(0.516129, abs=5e-7)
    assert got["JER"] == pytest.approx(0.435185, abs=5e-7)
    collar = 0.5 if protocol == "diarization" else 0.25
    got = numbers(*FIRST, protocol, collar=collar)
    parts = [got[name] for name in ("total", "missed detection", "false alarm", "confusion")]
    assert parts == [29.0, 1.75, 5.75, 6.0]
    assert got["DER"] == pytest.approx(0.465517, abs=5e-7)


@pytest.mark.parametrize(
    ("truth", "found", "options", "expected"),
    [
        ("A 0 10, B 5 15", "x 0 8, y 8 16", {}, (0.3, 0.25, 0.3)),
        ("A 0 10, B 5 15", "x 0 8, y 8 16", {"uem": {"a": [(0, 16)]}}, (0.3, 0.3, 0.3)),
        ("A 0 10, B 5 15", "x 0 8, y 8 16", {"skip_overlap": True}, (0.1, 0.0, 0.1)),
        ("A 0 10, A 8 12", "x 0 12", {}, (2 / 14, 0.0, 0.0)),
    ],
)
def test_programs_differ(truth, found, options, expected):
    got = [numbers(truth, found, protocol, **options)["DER"] for protocol in PROTOCOLS]
    assert got == pytest.approx(expected, abs=1e-12)


def test_the_time_by_which_speakers_are_mapped():
    truth = "A 0 .4, A 2 2.4, A 4 4.4, B 6 9"
    found = "x 0 .4, x 2 2.4, x 4 4.4, x 7 8"
    assert numbers(truth, found, collar=0.5)["DER"] == pytest.approx(0.6)
    assert numbers(truth, found, "diarization_md_eval", collar=0.25)["DER"] == pytest.approx(1.0)


def test_two_jaccard_error_rates():
    sides = "A 0 100, B 100 110", "x 80 110"
    assert numbers(*sides)["JER"] == pytest.approx(0.909091, abs=5e-7)
    assert numbers(*sides, "diarization_dscore")["JER"] == pytest.approx(0.833333, abs=5e-7)
    assert numbers("A 0 10, B 5 15", "x 0 8, y 8 16")["JER"] == pytest.approx(0.281818, abs=5e-7)


def test_no_time_at_all():
    empty = {"a": [(20, 30)]}
    assert numbers("A 0 10", "x 0 10", uem=empty)["DER"] == 0.0
    got = numbers("A 0 10", "x 0 25", uem=empty)
    assert (got["DER"], got["JER"], got["false alarm"]) == (1.0, 1.0, 5.0)


def random_case(seed):
    """Turns on a coarse grid: ties, repeats, touching turns, zero lengths, empty sides."""
    rng = np.random.default_rng(seed)
    grid = (0.5, 0.25)[seed % 2]

    def some(names):
        rows = []
        for _ in range(int(rng.integers(0, 12))):
            start, length = int(rng.integers(0, 40)), int(rng.choice([0, 1, 2, 3, 8, 15]))
            rows.append((start * grid, (start + length) * grid, str(rng.choice(names))))
        if rows and rng.random() < 0.4:
            rows.append(rows[0])
        if rows and rng.random() < 0.5:
            rows.append((rows[-1][1], rows[-1][1] + 2 * grid, rows[-1][2]))
        return rows

    truth = some(list("ABCD")[: int(rng.integers(1, 5))])
    found = some(list("xyzwv")[: int(rng.integers(1, 6))])
    if rng.random() < 0.6:
        shift = [grid * int(rng.integers(0, 2)) for _ in truth]
        new = dict(zip("ABCD", "xyzw", strict=True))
        found += [(a + s, b + grid, new[who]) for (a, b, who), s in zip(truth, shift, strict=True)]
    spans = None
    if rng.random() < 0.6:
        cuts = np.sort(rng.choice(60, size=2 * int(rng.integers(1, 4)), replace=False)) * grid
        spans = [tuple(pair) for pair in cuts.reshape(-1, 2).tolist()]
    collar = float(rng.choice([0, 0, grid, 2 * grid, 0.25]))
    return truth, [row for row in found if row[1] >= row[0]], spans, collar, rng.random() < 0.35


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_sparse_tables_give_the_same_bits(protocol, monkeypatch):
    rng = np.random.default_rng(4)
    start = rng.uniform(0, 60, (2, 40))
    sides = [
        pd.DataFrame(
            {
                "recording": rng.choice(["a", "b"], 40),
                "start": row,
                "stop": row + rng.uniform(0.05, 9, 40),
                "speaker": rng.choice(list("wxyz"), 40),
            }
        )
        for row in start
    ]
    rows = []
    for cells in (200_000, -1):
        monkeypatch.setattr(timeline, "_DENSE", cells)
        rows.append(temporal(truth=sides[0], found=sides[1], protocol=protocol).rows())
    assert rows[0] == rows[1]


def check_case(seed, protocol):
    truth, found, spans, collar, skip = random_case(seed)
    frames = [
        pd.DataFrame([("a", *row) for row in rows] or [("a", None, None, None)], columns=COLUMNS)
        for rows in (truth, found)
    ]
    report = temporal(
        truth=frames[0], found=frames[1], protocol=protocol, collar=collar, skip_overlap=skip,
        uem=None if spans is None else {"a": spans}, silent="count",
    )  # fmt: skip
    rules = TEMPORAL_PROTOCOLS[protocol].with_fields(collar=collar, skip_overlap=skip)
    expected = programs.diarization(rules, truth, found, spans)
    got = dict(report.items)
    for name, value in expected.items():
        assert got[name] == pytest.approx(value, abs=1e-9), (seed, name)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_against_plain_definitions(protocol):
    for seed in range(12):
        check_case(seed, protocol)


@pytest.mark.slow
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_against_plain_definitions_of_many(protocol):
    for seed in range(12, 212):
        check_case(seed, protocol)


def write(path, *lines):
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def spoken(recording, start, length, who, channel=1):
    return f"SPEAKER {recording} {channel} {start} {length} <NA> <NA> {who} <NA> <NA>"


def test_files(tmp_path):
    truth = write(
        tmp_path / "truth.rttm", ";; a comment", spoken("a", 0, 5, "NA"), spoken("a", 5, 5, "B"),
        "SPKR-INFO a 1 <NA> <NA> <NA> unknown B <NA> <NA>", spoken("rec.b", 0, 4, "C"),
        spoken("rec.b", 4, 0, "C"),
    )  # fmt: skip
    found = write(tmp_path / "found.rttm", spoken("a", 0, 10, "x"), spoken("gone", 0, 9, "y"))
    uem = write(tmp_path / "all.uem", "a 1 0 10", "rec.b 1 0 6")
    report = temporal(truth=truth, found=found, protocol="diarization", uem=uem)
    assert report.summary["DER"] == pytest.approx((5 + 4) / 14)
    assert [row["recording"] for row in report.rows()] == ["a", "rec.b"]
    assert list(report.matches["speaker"]) == ["B", "NA", "C"]
    assert report.settings["uem"]["recordings"] == 2
    said = " ".join(report.findings)
    assert "found: 1 recording left out, because the UEM file does not have it ('gone')" in said
    assert "1 turn of 1e-06 s or less left out" in " ".join(report.settings["notes"])
    nothing = tmp_path / "nothing.rttm"
    nothing.write_text("")
    assert temporal(truth=truth, found=nothing, protocol="diarization").summary["DER"] == 1.0


def test_channels(tmp_path):
    truth = write(tmp_path / "t.rttm", spoken("a", 0, 5, "A", 1), spoken("a", 0, 5, "B", 2))
    found = write(tmp_path / "f.rttm", spoken("a", 0, 5, "x", 1), spoken("a", 0, 5, "y", 2))
    uem = write(tmp_path / "u.uem", "a 1 0 5")
    together = temporal(truth=truth, found=found, protocol="diarization", uem=uem)
    apart = temporal(truth=truth, found=found, protocol="diarization_md_eval", uem=uem)
    assert (together.summary["total"], apart.summary["total"]) == (10.0, 5.0)
    assert "1 recording with several channels, which are read as one" in together.findings[0]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["SPEAKER a 1 0 5 <NA> <NA>"], r"line 1: has 7 words; wanted 8 to 10: SPEAKER recording"),
        ([spoken("a", 0, 1, "A"), spoken("my file", 0, 1, "A")], "line 2: has 11 words.*no spaces"),
        ([spoken("a", 0, -1, "A")], "line 1: the duration is -1, which is negative"),
        ([spoken("a", "x", 1, "A")], "line 1: start is 'x'"),
        ([spoken("a", 0, 1, "<NA>")], "line 1: the speaker has no name"),
        (["TALK a 1 0 5 <NA> <NA> A <NA> <NA>"], "line 1: begins with 'TALK', which is no type"),
    ],
)
def test_bad_rttm(tmp_path, lines, message):
    path = write(tmp_path / "bad.rttm", *lines)
    with pytest.raises(ValueError, match=message):
        as_segments(path, role="truth")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("a 1 5", "line 1: has 3 words; wanted 4: recording channel start end"),
        ("a 1 5 2", "line 1: the end 2.0 is before the start 5.0"),
        ("a 1 x 2", "line 1: start is 'x'"),
    ],
)
def test_bad_uem(tmp_path, line, message):
    with pytest.raises(ValueError, match=message):
        read_uem(write(tmp_path / "bad.uem", line))
    with pytest.raises(TypeError, match="uem is a int; wanted the path"):
        as_map(3)
    with pytest.raises(ValueError, match=r"'a' has .*; wanted finite"):
        as_map({"a": [1, 2, 3]})


def test_turns_that_look_odd_are_findings(tmp_path):
    lines = [f"SPEAKER r 1 {10 * k} 8 <NA> <NA> a <NA> <NA>\n" for k in range(1, 12)]
    (tmp_path / "found.rttm").write_text("".join(lines))
    said = {}
    for name, text in {
        "good": "".join(lines),
        "twice": "".join([*lines, lines[4]]),
        "ends": "".join(line.replace(" 8 ", f" {10 * k + 8} ") for k, line in enumerate(lines, 1)),
        "milliseconds": "".join(lines).replace("0 8 ", "0000 8000 "),
    }.items():
        (tmp_path / "truth.rttm").write_text(text)
        sides = {role: tmp_path / f"{role}.rttm" for role in ("truth", "found")}
        said[name] = temporal(**sides, protocol="diarization").findings
    assert said["good"] == ()
    assert "turns there twice: 1 (first: line 12 repeats line 5)" in said["twice"][0]
    assert "no duration is smaller than the start of its turn" in said["ends"][0]
    assert any(
        "about 0.001 times those of the truth" in one
        and "are those of the truth in milliseconds?" in one
        for one in said["milliseconds"]
    )


def test_nothing_is_scored_without_a_word():
    truth, found = turns("A 0 10", "rec"), turns("x 0 10", "rec")
    with pytest.raises(ValueError, match=r"names no recording of the truth.*a file suffix"):
        temporal(truth=truth, found=found, protocol="diarization", uem={"rec.wav": [(0, 10)]})
    report = temporal(truth=truth, found=turns("x 0 10", "rec.wav"), protocol="diarization")
    assert report.summary["DER"] == 1.0
    assert any("differs from a name there only by a file suffix" in x for x in report.findings)
    late = temporal(truth=truth, found=turns("x 5000 10000", "rec"), protocol="diarization")
    assert any("are they in milliseconds?" in said for said in late.findings)
    with pytest.raises(ValueError, match=r"collar = -1.0 is not a number >= 0"):
        temporal(truth=truth, found=found, protocol="diarization", collar=-1)


def several(seed, count=8):
    rng = np.random.default_rng(seed)
    rows = []
    for k, who in itertools.product(range(count), "AB"):
        start = np.sort(rng.integers(0, 50, 4)) / 2
        rows += [(f"r{k}", float(x), float(x) + 2.0, who) for x in start]
    return pd.DataFrame(rows, columns=COLUMNS)


def test_intervals_studies_workers_resuming_and_comparison(tmp_path):
    truth, found = several(0), several(1)
    whole = temporal(truth=truth, found=found, protocol="diarization", bootstrap=50)
    assert [interval.name for interval in whole.intervals][:2] == ["DER", "JER"]
    study = temporal_study(protocol="diarization", bootstrap=50)
    for name in sorted(set(truth["video"])):
        study.update(name, truth=truth[truth["video"] == name], found=found[found["video"] == name])
    assert study.compute().summary_items() == whole.summary_items()
    again = temporal_study(protocol="diarization", bootstrap=50).from_bytes(study.to_bytes())
    assert again.compute().to_json() == study.compute().to_json()
    for _ in range(2):
        kept = temporal(
            truth=truth, found=found, protocol="diarization", bootstrap=50, resume=tmp_path
        )
        assert kept.summary_items() == whole.summary_items()
    assert "8 recordings were measured by an earlier run" in kept.settings["notes"][0]
    other = temporal(truth=truth, found=several(2), protocol="diarization")
    comparison = compare(whole, other, names=["one", "other"], resamples=50)
    assert comparison.metric == "DER"
    assert comparison.table_rows[0]["DER"] <= comparison.table_rows[1]["DER"]
    with pytest.raises(ValueError, match="differ in"):
        compare(whole, temporal(truth=found, found=found, protocol="diarization"))
    with pytest.raises(ValueError, match="protocol collar"):
        compare(whole, temporal(truth=truth, found=found, protocol="diarization", collar=1))


def test_the_page_and_the_sentence():
    report = temporal(truth=several(0), found=several(1), protocol="diarization", collar=0.25)
    page = report.to_html()
    assert "Parts of DER" in page
    assert "Recordings, the worst first" in page
    assert "a collar of 0.25 s in all, with overlapped speech and no UEM" in report.methods()


@pytest.mark.parametrize("options", [{"columns": {"start": "t0"}}, {"class_agnostic": True}])
def test_options_that_rttm_cannot_follow_are_refused(tmp_path, options):
    path = tmp_path / "a.rttm"
    path.write_text("SPEAKER r 1 0 8 <NA> <NA> a <NA> <NA>\n")
    with pytest.raises(ValueError, match="RTTM has the same columns always"):
        temporal(truth=path, found=path, protocol="diarization_md_eval", **options)
