"""Every law under every score also for the kinds whose kernels take long to compile."""

from __future__ import annotations

import pytest

from overlap.testing import check_regions

from .kinds import KINDS, Kind

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if kind.scores is not None], ids=lambda kind: kind.name
)
def test_random_pairs_under_every_score(kind: Kind) -> None:
    check_regions(kind.make, transforms=kind.transforms, exact=kind.exact, pairs=100)
