"""Numbers that users type, against exact fractions; thresholds as they are shown."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from overlap.evaluate import PROTOCOLS, temporal
from overlap.evaluate._conformation.cutoffs import Cutoffs, read_levels
from overlap.evaluate.number_lists import complement, read_numbers
from overlap.evaluate.thresholds import parse_thresholds, threshold_names, threshold_values
from overlap.io import sample_path


def plain_range(start, stop, step):
    """Count up in exact fractions; each number is the nearest float."""
    start, stop, step = map(Fraction, (start, stop, step))
    numbers = []
    while start <= stop:
        numbers.append(float(start))
        start += step
    return tuple(numbers)


@pytest.mark.parametrize(
    "text",
    ["0.3:0.7:0.1", "0.5:0.95:0.05", "0:1:0.001", "0.1:0.1:0.1", "0.07:0.91:0.07", "1e-3:5e-3:1e-3",
     "0.123456789012:0.123456789015:1e-12"],
)  # fmt: skip
def test_ranges_are_exact(text):
    assert read_numbers(text, "x") == plain_range(*text.split(":"))


def test_lists_and_ranges_mix():
    assert read_numbers("0.9, 0.1:0.3:0.1 ,0.5", "x") == (0.9, 0.1, 0.2, 0.3, 0.5)
    assert parse_thresholds("0.5:0.9:0.1")[-1] == 0.9
    assert parse_thresholds(0.5) == (0.5,)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0.5:0.95:0.1", r"not end at 0\.95: .* ends at 0\.9\. .*give 0\.5:0\.9:0\.1, or a step"
                         r" that fits, such as 0\.05"),
        ("0.3:0.8:0.2", "does not end at 0.8: the last step before it ends at 0.7"),
        ("0.5:0.4:0.1", "start <= stop"),
        ("0.5:0.6", "wanted start:stop:step"),
        ("0.1:0.9:0", "step > 0"),
        ("0:1:1e-9", "more than 10,000 numbers"),
        ("0:1:nan", "'nan', which is not finite"),
        ("0.5,", "'', which is not a number"),
        ("a", "x has 'a', which is not a number"),
        ("1e999", "not finite"),
    ],
)  # fmt: skip
def test_bad_numbers(text, message):
    with pytest.raises(ValueError, match=message):
        read_numbers(text, "x")


def test_every_syntax_is_read_by_the_same_rules():
    bad = "0.5:0.95:0.1"
    with pytest.raises(ValueError, match=r"thresholds '0.5:0.95:0.1' does not end at 0.95"):
        PROTOCOLS["activitynet"].with_fields(thresholds=bad)
    with pytest.raises(ValueError, match=r"recall_grid '0.5:0.95:0.1' does not end at 0.95"):
        PROTOCOLS["thumos14"].with_fields(recall_grid=bad)
    with pytest.raises(ValueError, match=r"levels '0.5:0.95:0.1' does not end at 0.95"):
        read_levels(f"favored,{bad}", Cutoffs())
    grid = PROTOCOLS["thumos14"].with_fields(recall_grid="0:1:0.1").recall_grid
    assert grid == plain_range("0", "1", "0.1")


def test_levels_of_a_range_keep_their_names_and_ranks():
    levels = read_levels("favored,0.5:0.98:0.16,0.1234567,0.1234568", Cutoffs())
    names = ["favored", "0.5", "0.66", "0.82", "0.98", "0.1234567", "0.1234568"]
    assert [level.name for level in levels] == names
    ranks = [level.cutoffs["general"] for level in levels]
    assert ranks == [0.02, 0.5, 0.34, 0.18, 0.02, 0.8765433, 0.8765432]


def test_complements_are_exact():
    for share in np.random.default_rng(0).integers(1, 10**6, 200) / 10**6:
        assert complement(share) == float(1 - Fraction(repr(float(share))))


def test_names_say_what_a_threshold_is():
    assert threshold_names([0.5, 0.75]) == ["0.50", "0.75"]
    assert threshold_names([0.501]) == ["0.501"]
    assert threshold_names([0.125, 0.5]) == ["0.125", "0.500"]
    assert threshold_names(np.linspace(0.5, 0.95, 10))[8:] == ["0.90", "0.95"]
    assert threshold_names([1 / 3]) == ["0.3333333333"]
    assert threshold_values([0.8999999999999999, 1 / 3]) == [0.9, 0.3333333333]
    close = [0.5, 0.5 + 1e-15]
    assert threshold_values(close) == close


def test_the_table_holds_thresholds_as_they_are_written():
    sample = {role: sample_path(f"temporal_{role}") for role in ("truth", "found")}
    report = temporal(**sample)
    assert set(report.table.iou) == set(plain_range("0.5", "0.95", "0.05"))
    assert len(report.table[report.table.iou == 0.9]) == len(report.settings["classes"])
    # matching keeps the numbers of the program
    assert 0.8999999999999999 in report.settings["thresholds"]
    assert "mAP@0.333" in temporal(**sample, iou=[0.333]).summary
