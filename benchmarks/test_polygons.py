"""Polygons: all pairs of outlines that nearly all overlap."""

from __future__ import annotations

from functools import partial

import numpy as np

import overlap as ov
from benchmarks import polygon_peers
from benchmarks.workload import Case, Workload


def outlines(count: int, vertices: int, seed: int) -> list[np.ndarray]:
    """Return smooth outlines of organs, nuclei, islands: waves around a circle."""
    rng = np.random.default_rng(seed)
    angle = np.arange(vertices) * 2.0 * np.pi / vertices
    rings = []
    for _ in range(count):
        radius = np.ones(vertices)
        for wave in range(1, 8):
            radius += 0.25 / wave * rng.normal() * np.cos(wave * angle + rng.uniform(0.0, 7.0))
        around = np.stack([np.cos(angle), np.sin(angle)], 1)
        rings.append(rng.uniform(-1.0, 1.0, 2) + np.clip(radius, 0.2, 3.0)[:, None] * around)
    return rings


def _agree(ours, theirs) -> None:
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)


def _pairwise(count, size: int, vertices: int) -> Case:
    a, b = (outlines(count(size), vertices, seed) for seed in (1, 2))
    first, second = ov.Polygons(a), ov.Polygons(b)
    return Case(
        partial(ov.iou.pairwise, first, second),
        {"shapely": partial(polygon_peers.shapely_pairwise, a, b)},
        _agree,
    )


def _built(count, size: int, vertices: int, hole: bool = False) -> Case:
    """What comes before: reading and checking the rings."""
    a = outlines(count(size), vertices, 1)
    holes = [ring.mean(axis=0) + 0.15 * (ring - ring.mean(axis=0)) for ring in a]

    def one_by_one():
        import shapely

        if hole:
            return lambda: shapely.is_valid(
                np.array([shapely.Polygon(r, [h]) for r, h in zip(a, holes, strict=True)])
            )
        return lambda: shapely.is_valid(np.array([shapely.Polygon(ring) for ring in a]))

    def at_once():
        import shapely

        def call():
            rings = [r for pair in zip(a, holes, strict=True) for r in pair] if hole else a
            of = np.repeat(np.arange(len(rings)), [len(ring) for ring in rings])
            loops = shapely.linearrings(np.concatenate(rings), indices=of)
            made = (
                shapely.polygons(loops, indices=np.arange(len(loops)) // 2)
                if hole
                else shapely.polygons(loops)
            )
            return shapely.is_valid(made)

        return call

    def agree(ours, theirs) -> None:
        assert len(ours) == theirs.sum()

    values = [list(pair) for pair in zip(a, holes, strict=True)] if hole else a
    peers = {
        "shapely, one by one, with is_valid": one_by_one,
        "shapely, at once, with is_valid": at_once,
    }
    return Case(lambda: ov.Polygons(values), peers, agree)


def _torus(count, size: int) -> Case:
    """Everything that wraps, with the enclosure, which no peer has."""
    a, b = (
        ov.Polygons(outlines(count(size), 60, seed), period=(8.0, 8.0)).translated((4.0, 4.0))
        for seed in (1, 2)
    )
    return Case(partial(ov.giou.pairwise, a, b))


def _gradient(count, size: int) -> Case:
    a, b = (ov.Polygons(outlines(count(size), 60, seed)) for seed in (1, 2))
    return Case(partial(ov.iou.value_and_grad, a, b))


WORKLOADS = (
    Workload(
        "IoU, 200 x 200 polygons of 60 vertices, one thread",
        partial(_pairwise, size=200, vertices=60),
        goal=20.0,
        single=True,
    ),
    Workload(
        "IoU, 60 x 60 of 256 vertices, one thread",
        partial(_pairwise, size=60, vertices=256),
        goal=3.0,
        single=True,
    ),
    Workload(
        "IoU, 30 x 30 of 1,024 vertices, one thread",
        partial(_pairwise, size=30, vertices=1024),
        goal=2.0,
        single=True,
    ),
    Workload(
        "IoU, 200 x 200 polygons of 60 vertices",
        partial(_pairwise, size=200, vertices=60),
        goal=20.0,
    ),
    Workload(
        "1,000 polygons of 60 vertices from rings",
        partial(_built, size=1000, vertices=60),
        goal=1.5,
    ),
    Workload(
        "1,000 polygons of 60 vertices with a hole from rings",
        partial(_built, size=1000, vertices=60, hole=True),
        goal=1.0,
    ),
    Workload("GIoU on a torus, 100 x 100 of 60 vertices", partial(_torus, size=100)),
    Workload("IoU with gradient, 1,000 pairs of 60 vertices", partial(_gradient, size=1000)),
)
