"""Names that do not match: what is said, and when nothing is."""

from __future__ import annotations

import unicodedata

import pytest

from overlap.io.name_match import closest, mismatch, missing_names

TRUTH = ["v_Run_01", "v_Jump_02", "v_Dive_03", "v_Swim_04"]


@pytest.mark.parametrize(
    ("respelt", "difference"),
    [
        (lambda name: name.removeprefix("v_"), "the prefix 'v_'"),
        (lambda name: f"{name}.mp4", "a file suffix"),
        (lambda name: f"{name}.nii.gz", "a file suffix"),
        (lambda name: f"clips/{name}", "a folder in front"),
        (lambda name: f"clips\\{name}", "a folder in front"),
        (str.upper, "upper and lower case"),
        (lambda name: f" {name} ", "spaces around it"),
        (lambda name: name.replace("_", " "), "spaces, '_' and '-'"),
        (
            lambda name: f"x/{name[2:].lower()}.mkv",
            "a folder in front, a file suffix, upper and lower case and the prefix 'v_'",
        ),
        (lambda name: str(int(name[-2:])), "everything but its last number"),
    ],
)
def test_what_would_make_names_match(respelt, difference):
    found = [respelt(name) for name in TRUTH]
    text = mismatch("videos", TRUTH, found)
    assert text.startswith("0 of 4 videos of the predictions are in the truth; 4 differ from")
    assert f"only by {difference}" in text
    assert f"({found[0]!r} for {TRUTH[0]!r})" in text


def test_one_name_of_many():
    text = mismatch("labels", TRUTH, [*TRUTH[:3], "v_swim_04"])
    assert text.startswith("3 of 4 labels of the predictions are in the truth; 1 differs from")


def test_twins_of_unicode():
    composed, apart = (unicodedata.normalize(form, "café") for form in ("NFC", "NFD"))
    assert "only by Unicode composition" in mismatch("labels", [composed], [apart])


def test_characters_that_cannot_be_seen():
    said = mismatch("labels", ("jump\u200b", "run"), ("jump", "run"))
    assert "differs from a name there only by characters that cannot be seen" in said


def test_names_that_look_like_missing_values():
    assert missing_names(("none", "Nan", "jump")) is None
    said = missing_names(("jump", "nan", "None", "nan"))
    assert said == "names that look like missing values: 'nan', 'None'"


def test_nothing_alike():
    assert mismatch("labels", TRUTH, ["a", "b"]) == (
        "0 of 2 labels of the predictions are in the truth ('a', and there 'v_Run_01')"
    )
    assert "replace numbers by names" in mismatch("labels", ["run", "jump"], ["0", "1"])


@pytest.mark.parametrize(
    ("truth", "found"),
    [
        (TRUTH, TRUTH),
        (TRUTH, TRUTH[:1]),
        (TRUTH, [*TRUTH, "another", "v_run_01"]),
        (TRUTH[:2], [*TRUTH, *map(str, range(100))]),
        (TRUTH, []),
        ([], TRUTH),
        ([*TRUTH, "x1"], [*TRUTH, "another 1", "y2"]),
    ],
)
def test_silent_where_names_match(truth, found):
    assert mismatch("videos", truth, found) is None


def test_spellings_that_are_not_unique_prove_nothing():
    assert mismatch("labels", ["Run", "RUN", "a"], ["run", "a"]) is None


def test_closest():
    assert closest("Jmup", ["Run", "Jump"]) == "; did you mean 'Jump'?"
    assert closest("THUMOS14", ["activitynet", "thumos14"]) == "; did you mean 'thumos14'?"
    assert closest("xyz", ["Run", "Jump"]) == ""
