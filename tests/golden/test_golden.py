"""Reports are what they were: every name, word and digit of the kept ones."""

from __future__ import annotations

import json

import pytest

from .reports import (
    FOLDER,
    REFERENCE,
    ROUNDED,
    SAMPLES,
    differences,
    reference_summary,
    sample_report,
)

AGAIN = "; if this is meant, run `python -m golden` in tests/ and look at the difference"


def test_every_report_is_kept():
    assert {path.stem for path in FOLDER.iterdir()} == {*SAMPLES, "reference"}


@pytest.mark.parametrize("name", SAMPLES)
def test_sample(name, tmp_path):
    kept = json.loads((FOLDER / f"{name}.json").read_text())
    made = sample_report(SAMPLES[name], tmp_path)
    found = list(differences(kept, made, rounded=name in ROUNDED))
    assert not found, "\n".join(found[:20]) + AGAIN


@pytest.mark.reference
@pytest.mark.parametrize("name", REFERENCE)
def test_reference(name, reference_data):
    kept = json.loads((FOLDER / "reference.json").read_text())[name]
    made = reference_summary(REFERENCE[name], reference_data)
    found = list(differences(kept, made, rounded=name in ROUNDED))
    assert not found, "\n".join(found[:20]) + AGAIN


def test_differences_are_found():
    kept = {"a": [1.0, 2.0], "b": {"c": "x"}, "d": None}
    assert not list(differences(kept, {"d": None, "b": {"c": "x"}, "a": [1.0, 2.0]}))
    made = {"a": [1.0, 2.0000000000000004], "b": {"c": "y", "e": 1}}
    assert list(differences(kept, made)) == [
        "a[1]: 2.0 -> 2.0000000000000004", "b.c: 'x' -> 'y'", "b.e is new", "d is missing",
    ]  # fmt: skip
    assert not list(differences(kept["a"], made["a"], rounded=True))
    assert list(differences([1], [1, 2])) == [": [1] -> [1, 2]"]
