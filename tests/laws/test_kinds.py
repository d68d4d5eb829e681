"""Every law, for every kind of region under every score."""

from __future__ import annotations

from collections.abc import Sequence

import numba
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import overlap as ov
from overlap.testing import all_scores, check_pairs, check_regions

from . import strategies
from .kinds import EVERY, KINDS, Kind

pytestmark = pytest.mark.kernels

# Interpreted kernels are a thousand times slower.
INTERPRETED = bool(numba.config.DISABLE_JIT)
PAIRS = 24 if INTERPRETED else 200


@pytest.mark.parametrize("kind", EVERY)
def test_random_pairs(kind: Kind) -> None:
    check_regions(
        kind.make,
        transforms=kind.transforms,
        scores=kind.usual,
        exact=kind.exact,
        pairs=12 if kind.dear and INTERPRETED else PAIRS,
    )


BATCHES = {
    "intervals": strategies.intervals(),
    "arcs": strategies.arcs(period=4.0),
    "interval sets": strategies.interval_sets(),
    "boxes-1": strategies.boxes(1),
    "boxes-2": strategies.boxes(2),
    "boxes-3": strategies.boxes(3),
    "box x interval": strategies.tubes(),
    "sets": strategies.finite_sets(),
    "masks": strategies.masks(),
    "soft masks": strategies.soft_masks("minmax"),
    "soft masks, squared": strategies.soft_masks("squared"),
}


@pytest.mark.parametrize("name", BATCHES)
def test_awkward_pairs(name: str) -> None:
    """Ties, empty, nested and identical regions; gradients there are finite."""
    scores = next(kind.usual for kind in KINDS if kind.name == name)
    awkward(name, scores or all_scores(), 6 if INTERPRETED else 15)


@pytest.mark.slow
@pytest.mark.parametrize("name", BATCHES)
def test_more_awkward_pairs(name: str) -> None:
    awkward(name, all_scores(), 6 if INTERPRETED else 40)


def awkward(name: str, scores: Sequence[ov.Score], examples: int) -> None:
    batches = BATCHES[name]

    @settings(max_examples=examples, deadline=None, database=None, derandomize=True)
    @given(batches, batches, st.sampled_from(scores))
    def laws(found: ov.Regions, truth: ov.Regions, score: ov.Score) -> None:
        try:
            score(found, truth)
        except TypeError:
            return  # the refusal itself is a law of `check_regions`
        check_pairs(found, truth, scores=[score], differences=False)

    laws()
