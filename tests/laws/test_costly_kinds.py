"""All scores for the kinds that go through few in the usual run."""

from __future__ import annotations

import pytest

import overlap as ov
from overlap.testing import check_regions

from .kinds import KINDS, Kind

pytestmark = pytest.mark.slow

# Boxes on other numbers of axes and smoothed boxes have the terms of boxes in the plane, which go
# through every score: one score for each group of terms says what there is to say of theirs.
_GROUPS = (ov.diou, ov.iou - ov.enclosed_gap)
ALIKE = {
    "boxes-1": (ov.coverage, *_GROUPS, ov.eiou),
    "boxes-4": (ov.coverage, *_GROUPS, ov.eiou),
    "blurred boxes": (*_GROUPS, ov.ciou),
    "smooth boxes": (*_GROUPS, ov.ciou),
    "blurred rotated boxes": (ov.diou, ov.ciou),
}


@pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if kind.usual is not None], ids=lambda kind: kind.name
)
def test_random_pairs_under_more_scores(kind: Kind) -> None:
    every = [ALIKE.get(kind.name)]  # None: every score
    if kind.scores and (kind.rare or kind.compiled):
        every.append(kind.scores)
    for scores in every:
        check_regions(
            kind.make, transforms=kind.transforms, exact=kind.exact, pairs=100, scores=scores
        )
