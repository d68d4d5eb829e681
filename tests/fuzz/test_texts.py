"""A few thousand damaged texts, tables and reports; and those that went wrong once."""

# ruff: noqa: E501

from __future__ import annotations

import json
import signal

import numpy as np
import pandas as pd
import pytest

from .harness import FINDINGS, Counter, make, outcome
from .texts import (
    ANGLES_CSV,
    BALL,
    FOUND,
    FOUND_CSV,
    GEOJSON,
    GRID,
    PLAYERS,
    READERS_OF,
    SPELLS,
    TARGETS,
    TRUTH,
    TRUTH_CSV,
    fault_of,
    prepare,
    reports,
    structures,
    written,
)

#: Inputs of each group: about 20 seconds in all.
COUNTS = {"segments": 1000, "names": 600, "angles": 500, "structures": 300, "polygons": 500}
FEWER = 160


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("texts")
    prepare(folder)
    return folder


class TooLongError(BaseException):
    """An input took more than ten seconds."""


@pytest.fixture
def no_hang():
    def stop(*_):
        raise TooLongError

    before = signal.signal(signal.SIGALRM, stop)
    yield lambda: signal.setitimer(signal.ITIMER_REAL, 10.0)
    signal.setitimer(signal.ITIMER_REAL, 0.0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
@pytest.mark.slow  # many inputs
def test_damaged_inputs(target, folder, no_hang):
    path = folder / "input"
    seeds = target.seeds()
    for seed in seeds:
        path.write_bytes(seed)
        target.read(path)
    counts, findings = Counter(), []
    for number in range(COUNTS.get(target.name, FEWER)):
        path.write_bytes(make(target, seeds, 1, number)[0])
        no_hang()
        kind, text = outcome(target, path, (), False)
        counts[kind] += 1
        if kind in FINDINGS:
            findings.append(f"{number}: {kind}: {text[:300]}")
    assert not findings, "\n".join(findings)
    assert counts["refused"] > 0 < counts["read"]


def test_every_finding_can_be_made_again():
    for target in TARGETS:
        assert make(target, (), 1, 7) == make(target, (), 1, 7)
    assert {reader for target in TARGETS for reader in names_of(target)} == set(READERS_OF)


def names_of(target):
    return {seed.partition(b"\n")[0].decode() for seed in target.seeds()}


def test_the_oracle_sees_faults(folder):
    """Readers that raise, misread or say too much are findings."""
    from dataclasses import replace

    whole = READERS_OF["found.csv"]

    def kind(read):
        return fault_of(replace(whole, read=read), FOUND_CSV, folder / "oracle.csv")[0]

    def raising(error):
        def read(path):
            raise error

        return read

    assert kind(whole.read) == "read"
    assert kind(raising(KeyError("x"))) == "raised"
    assert kind(raising(ValueError("without a name"))) == "no name"
    assert kind(raising(ValueError(f"{folder / 'oracle.csv'}: " + "a" * 3000))) == "message"
    assert kind(lambda path: whole.read(path).select([0])) == "wrong"


# ------------------------------------------------------------------- once gone wrong


def changed(payload, *path, to):
    """Parsed JSON with one entry changed."""
    result = json.loads(json.dumps(payload))
    part = result
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = to
    return written(result)


def nested(depth):
    return b'{"type":' * depth + b"1" + b"}" * depth


ATOM = structures()[".pdb"].splitlines()[1]
LONG = "9" * 10_000

#: The reader, the content, and what the message says.
TEXTS = [
    ("truth.json", b'{"database": {"v": {"annotations": [{"segment": [0, %s], "label": "a"}]}}}' % LONG.encode(), "a number has thousands of digits"),
    ("truth.json", b"[" * 100_000, "nested too deeply"),
    ("truth.json", b"\xff\xfe\x00\x00", "not UTF-8|invalid JSON"),
    ("truth.json", b'{"database": {}', "invalid JSON at line 1"),
    ("truth.json", changed(TRUTH, "database", "v1", to=["x" * 5000] * 3), "is a list; wanted an object"),
    ("truth.json", changed(TRUTH, "database", "v1", "annotations", 0, "segment", to="x" * 5000), r"x\.\.\.x+'; wanted \[start"),
    ("truth.csv", b'video,start,stop,label\nv,0,1,"a\nv,2,3,b\nv,4,5,c\n', "line 2: a quotation mark opens a cell that does not end"),
    ("truth.csv", b'video,start,stop,label\nv,0,1,"a"b\n', "line 2: there is text behind a closing quotation mark"),
    ("truth.csv", b'video,start,stop,label\nv,0,1,"a\nv,2,3,b"\n', "line 3: the cell .* has a line break"),
    ("truth.csv", b"video;start;stop;label\nv;0,5;1,5;a\n", "'0,5'; wanted a finite number of seconds, with a point"),
    ("truth.csv", b"video\tstart\tstop\tlabel\nv\t0\t1,000.5\ta\n", "'1,000.5'; wanted a finite number of seconds, with a point"),
    ("truth.csv", b"video,start,stop,label\nv,0,1e400,a\n", "stop is inf"),
    ("truth.csv", b"video,start,stop,label\nv,0,true,a\n", "stop is 'true'"),
    ("found.json", changed(FOUND, "results", "v4", to={}), r"results\['v4'\] is a dict; wanted a list"),
    ("truth.csv", b"video,start,stop,label\nv,2024-01-31T10:00,2024-01-31T10:" + b"1" * 5000 + b",a\n", "stop is '2024-01-31T10:1+\\.\\.\\."),
    ("truth.csv", TRUTH_CSV.decode().encode("utf-16"), "is not text in UTF-8"),
    ("truth.csv", b"[" * 100_000, "missing column"),
    ("angles.csv", ANGLES_CSV.replace(b"4A", LONG.encode()), "line 5: seqid is '9+.*wanted a whole number"),
    ("angles.csv", ANGLES_CSV.replace(b"MET", b"a" * 5000), "line 2: 'a+.*is no name of a residue"),
    ("rama8000-cispro.data", GRID.replace(b"1.0", b"1_0"), "line 5: '-45 -45 1_0' is not three numbers"),
    ("rama8000-cispro.data", GRID.replace(b"180 4 true", b"180 %s true" % (b"9" * 400)), "16,777,216 bins"),
    ("rama8000-cispro.data", b"0.5 0 0\n0.5 5e-324 0\n0.5 0 90\n0.5 90 90\n", "neither the first nor the last two columns are nodes"),
    ("structure.cif", structures()[".cif"].replace(b"MET A", b"MET NA", 1).replace(b" . MET", b" NA MET", 1), "its atoms cannot be read|no readable mmCIF|number"),
    ("structure.pdb", structures()[".pdb"].replace(b"   1.458", b" 1_4_8_0"), "line 3: .* are no coordinates"),
    ("structure.pdb", structures()[".pdb"].replace(b"   1.458", b"   1.4e1"), "line 3: .* are no coordinates"),
    ("structure.pdb", structures()[".pdb"].replace(b"   1.458", b"1e300   "), "line 3: .* are no coordinates"),
    ("structure.cif", structures()[".cif"].replace(b"1.458", b"1e300", 1), "wanted a number of Ångström"),
    ("structure.cif", structures()[".cif"].replace(b"1.458", b"1_4", 1), "wanted a number of Ångström"),
    ("regions.geojson", nested(5000), "nested too deeply"),
    ("regions.geojson", changed(GEOJSON, "features", to=True), "needs a list of features"),
    ("regions.geojson", changed(GEOJSON, "features", 0, "properties", to=5), "properties is 5; wanted an object"),
    ("regions.geojson", changed(GEOJSON, "features", 0, "properties", "level", to=None), "category and level are .* wanted words"),
    ("regions.geojson", changed(GEOJSON, "features", 0, "geometry", "coordinates", 0, 0, to=[True, 0]), "is a bool; expected numbers"),
    ("regions.geojson", changed(GEOJSON, "wrapped", to=1), "expected true or false"),
    ("regions.geojson", b'{"type": "Polygon", "coordinates": [], "coordinates": [1]}', "'coordinates' is there twice"),
    ("polygons.geojson", changed(GEOJSON, "features", 0, "geometry", "coordinates", 0, 0, to=["1", 0]), "is a str; expected numbers"),
    ("polygons.geojson", b'{"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [NaN, 1]]]}', "is not finite"),
    ("polygons.geojson", b"\xff{}", "UTF-8|utf-8"),
    ("labels.json", b'{"labels": {"liver": %s}}' % LONG.encode(), "thousands of digits"),
    ("labels.json", b'{"labels": {"liver": "%s"}}' % LONG.encode(), "larger than a file can hold"),
    ("labels.json", b'{"labels": {"liver": 9223372036854775808}}', "wanted a whole number"),
    ("labels.json", b'{"labels": {"liver": 1, "liver": 2}}', "the key 'liver' is there twice"),
    ("labels.csv", b'id,name\n1,"liver\n2,tumor\n', "line 2: a quotation mark opens a cell that does not end"),
    ("labels.csv", b"id,name\n%s,liver\n" % LONG.encode(), "larger than a file can hold"),
    ("strata.csv", b'case,site\na,"x\nb,y\nc,z\n', "a quotation mark opens a cell that does not end"),
    ("labels in words", b"%s=liver" % LONG.encode(), "larger than a file can hold"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content", "message"), TEXTS)
def test_texts_that_went_wrong(folder, name, content, message):
    reader = READERS_OF[name]
    path = folder / f"past{reader.suffix}"
    kind, text = fault_of(reader, content, path)
    assert (kind, text.startswith(f"{path}") or name == "labels in words") == ("refused", True)
    pattern = f"(?s)({message})"
    with pytest.raises(ValueError, match=pattern):
        reader.read(path)


def report_cases():
    """Reports changed at each of some places, and the reader of each."""
    temporal, cases = reports()["temporal"], reports()["segmentation"]
    for value in (None, 5, "x", [], {}, [[]], True):
        for path in (
            ("settings",), ("summary",), ("table",), ("settings", "truth"), ("settings", "truth", "source"),
            ("settings", "truth", "sha256"), ("settings", "rules"), ("settings", "thresholds"),
            ("settings", "contract"), ("settings", "contract", "evaluation"), ("settings", "contract", "sizes"),
            ("settings", "classes"), ("settings", "ties"), ("summary", "mAP"), ("folder",),
        ):  # fmt: skip
            yield "temporal report", changed(temporal, *path, to=value)
            yield "explained report", changed(temporal, *path, to=value)
        for path in (
            ("settings", "metrics"), ("settings", "metrics", "dice"), ("settings", "metrics", "dice", "better"),
            ("settings", "metrics", "dice", "low"), ("settings", "inputs"), ("settings", "inputs", 0),
            ("settings", "inputs", 0, "case"), ("settings", "findings"), ("settings", "missing"),
            ("settings", "found"), ("settings", "contract", "items"), ("settings", "contract", "labels"),
            ("table", 0), ("table", 0, "case"), ("table", 0, "metric"), ("table", 0, "value"),
            ("table", 0, "used"), ("table", 0, "unit"), ("summary", "dice"),
        ):  # fmt: skip
            yield "segmentation report", changed(cases, *path, to=value)


def test_reports_that_were_changed(folder):
    """Reports with an entry of another type are read or refused, and never end the program."""
    faults = []
    for name, content in report_cases():
        kind, text = fault_of(READERS_OF[name], content, folder / "past.json")
        if kind not in ("read", "refused"):
            faults.append(f"{name}: {kind}: {text[:300]}: {content[:100]!r}")
    assert not faults, "\n".join(faults)


OBJECTS = [
    ("angles in memory", pd.DataFrame({"phi": [], "psi": [], "resname": []}), None),
    ("angles in memory", {"phi": [True, 5], "psi": [0, 0]}, "phi is True; wanted a finite number"),
    ("angles in memory", {"phi": [1, 5], "psi": [0, 0], "resname": [["A"], "G"]}, "resname is .'A'.; wanted a name"),
    ("found in memory", {"results": {"v": [{"segment": [0, 10**5000], "label": "a", "score": 1}]}}, "stop is a whole number of 16,610 bits"),
    ("possession", {"players": PLAYERS, "ball": {**BALL, "x": [np.complex128(1 + 2j), 0, 0]}}, "complex"),
    ("possession", {"players": PLAYERS, "ball": {**BALL, "x": np.array([np.complex64(1j), 0, 0], dtype=object)}}, "complex"),
    ("found in memory", {"results": {"": []}}, "a video has an empty name"),
    ("possession", {"players": PLAYERS, "ball": BALL, "truth": {**SPELLS, "start": pd.to_datetime([0, 1])}}, "truth: "),
]  # fmt: skip


@pytest.mark.parametrize(("name", "given", "message"), OBJECTS)
def test_objects_that_went_wrong(folder, name, given, message):
    kind, _ = fault_of(READERS_OF[name], given, folder / "object")
    assert kind == ("read" if message is None else "refused")
    if message is not None:
        with pytest.raises((ValueError, TypeError), match=message):
            READERS_OF[name].read(given)
