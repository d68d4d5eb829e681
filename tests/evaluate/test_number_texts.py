"""Texts of numbers: only what is 0 or 1 reads so."""

from __future__ import annotations

import math

import numpy as np
import pytest

from overlap.evaluate import segmentation
from overlap.evaluate.number_texts import fixed_text, percent_text, short_text


@pytest.mark.parametrize(
    ("value", "percent", "four"),
    [
        (0.0, "0.00", "0.0000"),
        (1.0, "100.00", "1.0000"),
        (0.5, "50.00", "0.5000"),
        (0.99994, "99.99", "0.9999"),
        (0.999951, "99.995", "0.99995"),
        (1.0 - 1e-6, "99.9999", "0.999999"),
        (1.00003, "100.003", "1.00003"),
        (3e-5, "0.003", "0.00003"),
        (-3e-6, "-0.0003", "-0.000003"),
        (1.0 - 2e-16, "100.00", "1.0000"),
        (1e-17, "0.00", "0.0000"),
        (1234.5, "123,450.00", "1,234.5000"),
    ],
)
def test_what_is_nearly_0_or_1_has_more_digits(value, percent, four):
    assert percent_text(value) == percent
    assert fixed_text(value, 4) == four


def test_four_digits():
    assert short_text(0.99996) == "0.99996"
    assert short_text(1.0) == "1"
    assert percent_text(math.nan, "undefined") == "undefined"


def test_one_wrong_voxel_is_seen():
    truth = np.ones((40, 40, 40), np.uint8)
    found = truth.copy()
    found[0, 0, 0] = 0
    report = segmentation(truth=truth, found=found, metrics="dice")
    assert report.brief()[0].rows[0] == ["1", "1", "0.99999"]
