"""Polygons cut along lines of the lattice of their periods."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from overlap._common.ragged import offsets_of
from overlap.regions.polygons.rings import Rings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ring = NDArray[np.float64]

__all__ = ["folded_rings"]


def folded_rings(rings: Rings, origin: tuple[float, float]) -> Rings:
    """Return all regions cut and moved into the period that begins at `origin`."""
    assert rings.period is not None
    vertices = np.split(np.stack([rings.x, rings.y], 1), rings.ring_offsets[1:-1])
    ends = rings.region_offsets
    regions = [
        _folded(vertices[ends[n] : ends[n + 1]], rings.period, origin) for n in range(len(rings))
    ]
    pieces = [ring for region in regions for ring in region]
    xy = np.concatenate(pieces) if pieces else np.empty((0, 2))
    ring_offsets = offsets_of(np.array([len(ring) for ring in pieces], np.int64))
    region_offsets = offsets_of(np.array([len(region) for region in regions], np.int64))
    columns = xy[:, 0], xy[:, 1], ring_offsets, region_offsets
    return Rings(*columns, rings.period, rings.density)


def _folded(
    rings: list[Ring], period: tuple[float | None, float | None], origin: tuple[float, float]
) -> list[Ring]:
    """Return the rings of one region cut and moved into the period that begins at `origin`."""
    for axis, length in enumerate(period):
        if length is None or not rings:
            continue
        values = np.concatenate([ring[:, axis] for ring in rings]) - origin[axis]
        low, high = math.floor(values.min() / length), math.ceil(values.max() / length)
        pieces: list[Ring] = []
        for turn in range(low, max(high, low + 1)):
            below, rings = cut(rings, axis, origin[axis] + (turn + 1) * length)
            move = np.zeros(2)
            move[axis] = -turn * length
            pieces += [ring + move for ring in below] if turn else below
        rings = _joined(pieces)
    return rings


def _joined(rings: list[Ring]) -> list[Ring]:
    """Return rings without the edges along an axis that two of them run in opposite directions.

    Regions that go round the torus come cut at a seam, which need not be where the period begins.
    """
    points = [tuple(point) for ring in rings for point in ring.tolist()]
    after, first = [], 0
    for ring in rings:
        after += [*range(first + 1, first + len(ring)), first]
        first += len(ring)
    edges = {}
    for i, j in enumerate(after):
        p, q = points[i], points[j]
        if (p[0] == q[0]) != (p[1] == q[1]):
            edges[p, q] = i
    gone = [False] * len(points)
    for p, q in list(edges):
        if (p, q) not in edges or (q, p) not in edges:
            continue
        i, j = edges.pop((p, q)), edges.pop((q, p))
        a, b = after[i], after[j]  # at q as j is, at p as i is
        after[i], after[j] = after[b], after[a]
        gone[a] = gone[b] = True
        for old, new in ((a, j), (b, i)):
            edge = points[old], points[after[new]]
            if edges.get(edge) == old:
                edges[edge] = new
    if not any(gone):
        return rings
    result = []
    for i in range(len(points)):
        loop = []
        while not gone[i]:
            gone[i] = True
            loop.append(points[i])
            i = after[i]
        piece = _without_repeats(np.array(loop).reshape(-1, 2))
        if len(piece) > 2 and _twice_area(piece) != 0.0:
            result.append(piece)
    return result


def cut(rings: list[Ring], axis: int, at: float) -> tuple[list[Ring], list[Ring]]:
    """Return the rings of one region below a line and those above it.

    Where a boundary crosses the line upwards, the inside begins on the left of it; so that the
    crossings up and the crossings down, each in the order along the line, are ends of the same
    stretches of the line inside the region, which close the pieces on both sides.
    """
    sides: tuple[list[Ring], list[Ring]] = [], []
    chains: tuple[list[Ring], list[Ring]] = [], []  # below the line, above it
    for ring in rings:
        above = ring[:, axis] >= at
        following = np.roll(above, -1)
        turns = np.flatnonzero(above != following)
        if not turns.size:
            sides[int(above[0])].append(ring)
            continue
        p, q = ring[turns], ring[(turns + 1) % len(ring)]
        share = (at - p[:, axis]) / (q[:, axis] - p[:, axis])
        points = p + share[:, None] * (q - p)
        points[:, axis] = at
        for k, turn in enumerate(turns):
            stop = turns[(k + 1) % len(turns)]
            place = np.arange(turn + 1, stop + 1 + (len(ring) if stop <= turn else 0)) % len(ring)
            end = points[(k + 1) % len(turns)]
            chain = np.concatenate([points[k : k + 1], ring[place], end[None]])
            chains[int(following[turn])].append(chain)
    other = 1 - axis
    for side, own in zip(sides, chains, strict=True):
        # Chains begin at crossings of one way and end at crossings of the other.
        begins = np.argsort([chain[0, other] for chain in own], kind="stable")
        ends = np.argsort([chain[-1, other] for chain in own], kind="stable")
        after = dict(zip(ends.tolist(), begins.tolist(), strict=True))
        while after:
            first, chain_at = next(iter(after.items()))
            loop = [own[first]]
            del after[first]
            while chain_at != first:
                loop.append(own[chain_at])
                chain_at = after.pop(chain_at)
            piece = _without_repeats(np.concatenate(loop))
            if len(piece) > 2 and _twice_area(piece) != 0.0:
                side.append(piece)
    return sides


def _without_repeats(ring: Ring) -> Ring:
    return ring[(ring != np.roll(ring, 1, axis=0)).any(axis=1)]


def _twice_area(ring: Ring) -> float:
    x, y = (ring - ring[0]).T
    return float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum())
