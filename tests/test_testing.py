"""The law suite finds what is wrong with a kind, and says it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import overlap as ov
from overlap.regions.intervals.intervals import (
    interval_enclosure,
    interval_overlap,
    interval_pullback,
)
from overlap.testing import all_scores, check_pairs, check_regions, check_score

pytestmark = pytest.mark.kernels


class Spans(ov.Regions):
    """Intervals once more, as somebody else would write them."""

    columns = ("start", "stop")
    overlap = interval_overlap
    enclosure = interval_enclosure
    pullback = interval_pullback


@ov.scalar
def lopsided_overlap(a, i, b, j):
    first, second, shared = interval_overlap(a, i, b, j)
    return first, second, shared * (1.0 if a[0][i] <= b[0][j] else 0.99)


@ov.scalar
def generous_overlap(a, i, b, j):
    first, second, shared = interval_overlap(a, i, b, j)
    return first, second, 1.2 * shared


@ov.scalar
def shifted_overlap(a, i, b, j):
    first, second, shared = interval_overlap(a, i, b, j)
    return first, second, shared * (1.0 - 1e-3 * abs(a[0][i] - b[0][j]) * a[0][i] * b[0][j])


@ov.scalar
def tight_enclosure(a, i, b, j):
    hull, gap, diameter = interval_enclosure(a, i, b, j)
    return 0.9 * hull, gap, diameter


@ov.scalar
def near_enclosure(a, i, b, j):
    hull, gap, _ = interval_enclosure(a, i, b, j)
    return hull, gap, 0.1 * gap


@ov.scalar
def careless_pullback(a, i, b, j, do, de, ds, dx):
    start, stop = interval_pullback(a, i, b, j, do, de, ds, dx)
    return start, 1.00001 * stop


class Renamed(Spans):
    def __repr__(self) -> str:
        return f"Renamed({self.to_array()[::-1].tolist()})"


class Forgetful(Spans):
    def __reduce__(self):
        return type(self), (np.nextafter(self.to_array(), 9.0),)


class Alike(Spans):
    def __eq__(self, other: object) -> bool:
        return isinstance(other, Alike)

    __hash__ = Spans.__hash__


class Restless(Spans):
    def __hash__(self) -> int:
        return id(self)


class Open(Spans):
    """The table that it gives away is its own memory."""

    def to_array(self) -> np.ndarray:
        if not hasattr(self, "_table"):
            self._table = super().to_array()
        return self._table

    def _contents(self):
        return (self.to_array(),)


class Rounded(Spans):
    def __init__(self, values, **settings) -> None:
        super().__init__(np.asarray(values, np.float64), **settings)


def _broken(name: str, **scalars) -> type[ov.Regions]:
    return type(name, (Spans,), scalars)


def _values(rng: np.random.Generator, n: int) -> np.ndarray:
    start = rng.random(n)
    return np.stack([start, start + 0.1 + rng.random(n)], 1)


SCORES = [ov.iou, ov.giou, ov.diou]


def test_a_sound_kind_passes() -> None:
    check_regions(Spans(_values(np.random.default_rng(0), 50)), scores=SCORES, pairs=60)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (
            _broken("Lopsided", overlap=lopsided_overlap, enclosure=None),
            "symmetry: .* Lopsided under iou",
        ),
        (_broken("Generous", overlap=generous_overlap), "intersection <= smaller measure: .* Gen"),
        (_broken("Tight", enclosure=tight_enclosure), "hull >= .*: does not hold for Tight"),
        (_broken("Near", enclosure=near_enclosure), "0 <= center_gap2 <= diameter2: .* Near"),
        (_broken("Careless", pullback=careless_pullback), "gradient = central difference: .* iou"),
        (
            _broken("Shifted", overlap=shifted_overlap, enclosure=None),
            r"invariance \(shift\): .* iou",
        ),
        (Renamed, "repr evaluates back: does not hold for Renamed"),
        (Forgetful, "is equal: does not hold for Forgetful"),
        (Alike, "a part is not the whole: does not hold for Alike"),
        (Restless, "has the same hash: does not hold for Restless"),
        (Open, "to_array.. changes no batch: does not hold for Open"),
        (Rounded, "float64 does not hold is refused: does not hold for Rounded"),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
@pytest.mark.slow  # to compile
def test_a_broken_kind_is_found_out(kind: type[ov.Regions], message: str) -> None:
    shift = {"shift": lambda spans: type(spans)(spans.to_array() + 3.0)}
    scores = SCORES[:1] if kind.enclosure is None else SCORES
    with pytest.raises(AssertionError, match=message):
        check_regions(
            lambda rng, n: kind(_values(rng, n)), scores=scores, pairs=60, transforms=shift
        )


def test_the_message_shows_the_pair() -> None:
    kind = _broken("Lopsided", overlap=lopsided_overlap, enclosure=None)
    batch = kind(_values(np.random.default_rng(1), 20))
    with pytest.raises(AssertionError) as caught:
        check_pairs(batch, batch[::-1], scores=[ov.dice])
    lines = str(caught.value).splitlines()
    assert lines[0] == "symmetry: does not hold for Lopsided under dice"
    assert lines[1].startswith("  found ")
    assert "Lopsided([[" in lines[1]
    assert lines[2].startswith("  truth ")
    assert lines[3].startswith("  value: ")
    assert lines[4].startswith("  exchanged: ")


def test_too_little_to_check() -> None:
    apart = Spans([[k, k + 0.5] for k in range(400)])
    with pytest.raises(ValueError, match=r"of 200 pairs of Spans intersect.* lie closer together"):
        check_regions(apart)
    with pytest.raises(ValueError, match="3 regions are too few; give at least 8"):
        check_regions(apart[:3])


def _parts() -> list[ov.Score]:
    """Every component of the package as a score, with a value for each parameter."""
    parts = {part.component.name: part for score in all_scores() for part in score.parts}
    return [ov.Score((dataclasses.replace(part, coefficient=1.0),)) for part in parts.values()]


@pytest.mark.slow
@pytest.mark.parametrize("score", _parts(), ids=str)
def test_records_of_components_are_true(score: ov.Score) -> None:
    held = "aspect_gap" in str(score)  # alpha is constant in its gradient, as published
    check_score(score(alpha_grad=1.0) if held else score)


def test_laws_go_through_every_public_component() -> None:
    public = {
        part.component
        for score in (getattr(ov, name) for name in dir(ov))
        if isinstance(score, ov.Score)
        for part in score.parts
    }
    assert public
    assert public <= {part.component for score in all_scores() for part in score.parts}
