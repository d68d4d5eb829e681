"""A few hundred damaged volumes; ``python -m fuzz`` reads any number."""

from __future__ import annotations

import os

import pytest

from .harness import campaign
from .volumes import TARGETS

#: Inputs for each reader.
COUNT = int(os.environ.get("OVERLAP_FUZZ", "40"))


#: Readers of the usual run: each has a process of its own.
USUAL = ("nii.gz", "png")


@pytest.mark.parametrize(
    "target",
    [
        pytest.param(target, id=target.name, marks=() if target.name in USUAL else pytest.mark.slow)
        for target in TARGETS
    ],
)
def test_damage_is_refused_in_one_line_and_in_bounds(target):
    counts = campaign([target.name], count=COUNT)
    assert counts.findings == []
    assert counts.inputs[f"{target.name} inputs"] == COUNT
    assert counts.inputs[f"{target.name} refused"] > COUNT // 4
