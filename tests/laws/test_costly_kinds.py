"""More scores for the kinds whose kernels take long to compile."""

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
    "kind", [kind for kind in KINDS if kind.scores is not None], ids=lambda kind: kind.name
)
def test_random_pairs_under_more_scores(kind: Kind) -> None:
    check_regions(
        kind.make,
        transforms=kind.transforms,
        exact=kind.exact,
        pairs=100,
        scores=ALIKE.get(kind.name),  # None: every score
    )
