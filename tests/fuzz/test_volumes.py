"""A few hundred damaged volumes; ``python -m fuzz`` reads any number."""

from __future__ import annotations

import os

import pytest

from .harness import campaign
from .volumes import TARGETS

#: Inputs for each reader.
COUNT = int(os.environ.get("OVERLAP_FUZZ", "40"))


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_damage_is_refused_in_one_line_and_in_bounds(target):
    counts = campaign([target.name], count=COUNT)
    assert counts.findings == []
    assert counts.inputs[f"{target.name} inputs"] == COUNT
    assert counts.inputs[f"{target.name} refused"] > COUNT // 4
