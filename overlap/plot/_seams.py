"""Periodic regions in a window: their copies, and their border without the cuts."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from overlap.regions.polygons import Polygons

    _Floats = NDArray[np.float64]

__all__ = ["copies_of", "outline"]

_SAME = 1e-6  # of a period: places closer than this are one


def copies_of(region: Polygons, window: _Floats) -> Iterator[_Floats]:
    """Yield the rings of one region, moved by whole periods, as far as they lie in the window.

    Rings are cut at the window here, because not every format clips what is clipped twice. A ring
    that leaves the window and enters it again runs back along its edge; that encloses nothing.

    Parameters
    ----------
    region : Polygons
        One row.
    window : ndarray, shape (2, 2)
        Lower and upper corner.
    """
    vertices = np.stack([region.x, region.y], axis=1)
    for start, stop in itertools.pairwise(region.ring_offsets.tolist()):
        ring = vertices[start:stop]
        for shift in _shifts(region.period, ring.min(axis=0), ring.max(axis=0), window):
            part = _inside(ring + shift, window)
            if len(part) > 2:
                yield part


def _inside(ring: _Floats, window: _Floats) -> _Floats:
    """Return the part of a ring in a window, cut at one side after the other.

    The algorithm of Sutherland and Hodgman (Communications of the ACM 17, 32-42, 1974).
    """
    for sign, corner in ((1.0, window[0]), (-1.0, window[1])):
        for axis in (0, 1):
            if not len(ring):
                return ring
            above = sign * (ring[:, axis] - corner[axis])
            following = np.roll(above, -1)
            crosses = (above < 0.0) != (following < 0.0)
            share = np.divide(above, above - following, out=np.zeros_like(above), where=crosses)
            border = ring + share[:, None] * (np.roll(ring, -1, axis=0) - ring)
            border[:, axis] = corner[axis]
            kept = np.stack([above >= 0.0, crosses], axis=1).ravel()
            ring = np.stack([ring, border], axis=1).reshape(-1, 2)[kept]
    return ring


def outline(region: Polygons, window: _Floats) -> list[_Floats]:
    """Return the border of one region as lines, each of shape (V, 2), that reach into the window.

    What a region was cut along has it on both sides, a period apart or not, and is no border.
    Cuts are parallel to an axis.
    """
    vertices = np.stack([region.x, region.y], axis=1)
    following = np.arange(1, len(vertices) + 1)
    following[region.ring_offsets[1:] - 1] = region.ring_offsets[:-1]
    edges = np.stack([vertices, vertices[following]], axis=1)
    period = region.period or (None, None)
    whole = np.ones(len(edges), bool)
    lines: list[_Floats] = []
    for axis in (0, 1):
        straight = np.flatnonzero(edges[:, 0, axis] == edges[:, 1, axis])
        cut, left = _cuts(edges[straight], axis, period)
        whole[straight[cut]] = False
        lines.extend(left)
    for start, stop in itertools.pairwise(region.ring_offsets.tolist()):
        lines.extend(_runs(vertices[start:stop], whole[start:stop]))
    return [
        line + shift
        for line in lines
        for shift in _shifts(region.period, line.min(axis=0), line.max(axis=0), window)
    ]


def _runs(ring: _Floats, whole: NDArray[np.bool_]) -> Iterator[_Floats]:
    """Yield the lines that are left of a ring of which some edges are taken out."""
    gaps = np.flatnonzero(~whole)
    if not len(gaps):
        yield np.concatenate([ring, ring[:1]])
        return
    for gap, following in itertools.pairwise([*gaps.tolist(), int(gaps[0]) + len(ring)]):
        if following - gap > 1:
            yield ring[np.arange(gap + 1, following + 1) % len(ring)]


def _shifts(
    period: tuple[float | None, float | None] | None,
    lower: _Floats,
    upper: _Floats,
    window: _Floats,
) -> Iterator[_Floats]:
    """Yield the moves by whole periods that bring a box into the window."""
    choices = []
    for axis, length in enumerate(period or (None, None)):
        if length is None:
            choices.append([0.0])
            continue
        first = math.ceil((window[0, axis] - upper[axis]) / length)
        last = math.floor((window[1, axis] - lower[axis]) / length)
        choices.append([k * length for k in range(first, last + 1)])
    for shift in itertools.product(*choices):
        yield np.array(shift)


def _cuts(
    edges: _Floats, axis: int, period: tuple[float | None, float | None]
) -> tuple[NDArray[np.intp], list[_Floats]]:
    """Return which edges have others on them that run back, and the rest of these.

    Parameters
    ----------
    edges : ndarray, shape (E, 2, 2)
        Edges along which coordinate `axis` does not change.
    axis : int
    period : pair of (float or None)
    """
    across, along = period[axis], period[1 - axis]
    scale = _SAME * (across or 1.0)
    on_line: dict[int, list[tuple[float, float, int, int]]] = {}
    for number, edge in enumerate(edges):
        place = float(edge[0, axis])
        key = round((place if across is None else place % across) / scale)
        if across is not None:
            key %= round(across / scale)
        start, stop = sorted(edge[:, 1 - axis].tolist())
        sign = 1 if edge[1, 1 - axis] > edge[0, 1 - axis] else -1
        on_line.setdefault(key, []).extend(
            (a, b, sign, number) for a, b in _within(start, stop, along)
        )
    cut: set[int] = set()
    left = []
    for key, spans in on_line.items():
        both = [n for a, b, sign, n in spans if any(
            sign != other and a < d and c < b for c, d, other, _ in spans)]  # fmt: skip
        if not both:
            continue
        taken = set(both)
        spans = [span for span in spans if span[3] in taken]
        cut |= taken
        for a, b in itertools.pairwise(sorted({end for span in spans for end in span[:2]})):
            if sum(sign for c, d, sign, _ in spans if c <= a and b <= d):
                line = np.empty((2, 2))
                line[:, axis], line[:, 1 - axis] = key * scale, (a, b)
                left.append(line)
    return np.array(sorted(cut), np.intp), left


def _within(start: float, stop: float, length: float | None) -> Iterator[tuple[float, float]]:
    """Yield a span, in one period and rounded so that equal places are equal."""
    if length is None:
        yield start, stop
        return
    digits = _SAME * length
    for turn in range(math.floor(start / length), math.floor(stop / length) + 1):
        a, b = max(start - turn * length, 0.0), min(stop - turn * length, length)
        a, b = round(a / digits) * digits, round(b / digits) * digits
        if a < b:
            yield a, b
