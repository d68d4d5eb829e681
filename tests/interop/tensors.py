"""Tables of every kind that tensors can hold, as (N, P) arrays of random regions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

import overlap as ov
from overlap.testing import all_scores

Make = Callable[[np.random.Generator, int], np.ndarray]


@dataclass(frozen=True)
class Kind:
    """A kind of region: random tables of it, batches, and how torch is told of it.

    `expressed` says that operations of torch can compute it.
    """

    name: str
    make: Make
    build: Callable[[np.ndarray], ov.Regions]
    kind: Any
    options: dict[str, Any] = field(default_factory=dict)
    expressed: bool = False

    def table(self, seed: int, count: int) -> np.ndarray:
        return self.make(np.random.default_rng(seed), count)

    def batch(self, seed: int, count: int) -> ov.Regions:
        return self.build(self.table(seed, count))

    def tables(self, count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
        return self.table(seed, count), self.table(seed + 1, count)

    def __str__(self) -> str:
        return self.name


def _boxes(axes: int) -> Make:
    def make(rng, n):
        lower = rng.random((n, axes))
        return np.hstack([lower, lower + 0.1 + rng.random((n, axes))])

    return make


def _tube_rows(rng, n):
    return np.hstack([_boxes(2)(rng, n), _boxes(1)(rng, n)])


def _rotated(rng, n):
    center, size = rng.uniform(-0.7, 0.7, (n, 2)), 0.3 + rng.random((n, 2))
    return np.column_stack([center, size, rng.uniform(-4.0, 4.0, n)])


def _upright(rng, n):
    plane, z, dz = _rotated(rng, n), rng.random(n), 0.3 + rng.random(n)
    return np.column_stack([plane[:, :2], z, plane[:, 2:4], dz, plane[:, 4]])


def _gaussians(rng, n):
    return ov.Gaussians.from_boxes(ov.RotatedBoxes(_rotated(rng, n)), variance=0.25).to_array()


def _cells(rng, n):
    return rng.uniform(0.05, 0.95, (n, 6))


def _tubes(table: np.ndarray) -> ov.Product:
    return ov.Product(ov.Boxes(table[:, :4]), ov.Intervals(table[:, 4:]), scale=3.0)


def _masks(**settings: Any) -> Callable[[np.ndarray], ov.Masks]:
    return lambda cells: ov.Masks(cells, axes=cells.ndim - 1, **settings)


_PERIOD, _SIGMA, _ALPHA = {"period": 1.7}, {"sigma": 0.1}, {"alpha": 0.1}
TENSOR_KINDS = (
    Kind("intervals", _boxes(1), ov.Intervals, "intervals", expressed=True),
    Kind("boxes-2", _boxes(2), ov.Boxes, "boxes", expressed=True),
    Kind("boxes-3", _boxes(3), ov.Boxes, ov.Boxes, expressed=True),
    Kind("rotated boxes", _rotated, ov.RotatedBoxes, "rotated", expressed=True),
    Kind("upright boxes", _upright, ov.UprightBoxes, "upright", expressed=True),
    Kind("gaussians", _gaussians, ov.Gaussians, "gaussians"),
    Kind("arcs", _boxes(1), partial(ov.Intervals, **_PERIOD), "intervals", _PERIOD),
    Kind("box x interval", _tube_rows, _tubes, _tubes),
    Kind("blurred boxes", _boxes(2), lambda t: ov.Boxes(t).blurred(0.1), "boxes", _SIGMA),
    Kind("smooth boxes", _boxes(2), lambda t: ov.Boxes(t).smooth_min(0.1), "boxes", _ALPHA),
    Kind("soft masks", _cells, _masks(spacing=(0.5,)), "masks", {"spacing": (0.5,)}),
    Kind(
        "soft masks, product",
        _cells,
        _masks(spacing=(0.5,), soft="product"),
        "masks",
        {"spacing": [0.5], "soft": "product"},
    ),
    Kind(
        "soft masks, squared",
        _cells,
        _masks(soft="squared"),
        "masks",
        {"axes": 1, "soft": "squared"},
    ),
)


def scores_of(kind: Kind) -> list[ov.Score]:
    """Return the scores of the law suite that a kind has; of alpha, all of the gradient."""
    batch = kind.batch(0, 2)
    result = []
    for score in all_scores():
        score = ov.ciou(alpha_grad=True) if score == ov.ciou else score
        try:
            score.plan.geometry(batch, batch)
        except TypeError:
            continue
        result.append(score)
    return result
