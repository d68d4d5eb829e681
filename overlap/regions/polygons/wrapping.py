"""Rings from wrapped coordinates, bands and rectangles on a torus or cylinder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap._common.numbers import as_numbers, described
from overlap._common.ragged import offsets_of
from overlap.regions.polygons.input import Flat
from overlap.regions.polygons.repair import around

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Period = tuple[float | None, float | None]

__all__ = ["band", "between_loops", "lifted", "rectangles", "unwrapped"]


_SAME = 1e-9  # of a period: what is taken for a whole one


def unwrapped(flat: Flat, period: Period, what: str) -> Flat:
    """Return rings lifted by taking every step between vertices the shorter way round.

    A step of a whole period, such as from -180 to 180, is no way at all where a ring crosses the
    seam there. It is the whole way round where the ring would not close otherwise, or would have
    no area.
    """
    x, y, ring_offsets, region_offsets, parts = flat
    lifted = np.stack([x, y], 1)
    region = np.repeat(np.arange(len(region_offsets) - 1), np.diff(region_offsets))
    for r in range(len(ring_offsets) - 1):
        name = f"{what}: ring {r - region_offsets[region[r]]} of region {region[r]}"
        ring = lifted[ring_offsets[r] : ring_offsets[r + 1]]
        steps = np.roll(ring, -1, axis=0) - ring
        whole = np.zeros(steps.shape, bool)
        given = steps.copy()
        for axis, length in enumerate(period):
            if length is not None:
                whole[:, axis] = _shorten(steps[:, axis], ring[:, axis], length, axis, name)
        if whole.any() and abs(_area(steps)) <= _SAME * abs(_area(np.where(whole, given, steps))):
            steps = np.where(whole, given, steps)
        ring[1:] = ring[0] + np.cumsum(steps[:-1], axis=0)
    _move_holes(lifted, ring_offsets, parts, period)
    return lifted[:, 0].copy(), lifted[:, 1].copy(), ring_offsets, region_offsets, parts


def _area(steps: NDArray[np.float64]) -> float:
    """Return the signed area of a ring that takes some steps."""
    x, y = np.cumsum(steps, axis=0).T
    return 0.5 * float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum())


def _shorten(
    step: NDArray[np.float64], values: NDArray[np.float64], length: float, axis: int, name: str
) -> NDArray[np.bool_]:
    """Make the steps of a ring along an axis the shorter ones; return which can be a whole period.

    A step of a whole period is made one of 0, unless the ring would not close.
    """
    given = step.copy()
    step -= length * np.round(step / length)
    whole = np.abs(np.abs(given) - length) <= _SAME * length
    half = np.flatnonzero(np.abs(step) == 0.5 * length)
    if half.size:
        k, to = half[0], (half[0] + 1) % len(values)
        raise ValueError(
            f"{name}: from {'xy'[axis]}[{k}] = {values[k]} to {'xy'[axis]}[{to}] = {values[to]} is "
            "half a period, as far either way; put a vertex between, or give lifted coordinates "
            "to Polygons(...)"
        )
    turns = round(float(step.sum()) / length)
    if turns:
        round_ = np.flatnonzero(whole & (np.sign(given) == -np.sign(turns)))
        if len(round_) != abs(turns):
            raise ValueError(
                f"{name}: goes round the {'xy'[axis]} axis {abs(turns)} time(s), so that it bounds "
                "nothing alone; give lifted coordinates that are cut at a seam, use Polygons.band "
                "or Polygons.between_loops, or contours of a periodic grid"
            )
        step[round_] = given[round_]
        whole[round_] = False
    return whole


def lifted(flat: Flat, period: Period | None, wrapped: bool | None, what: str) -> Flat:
    """Return rings of another program in lifted coordinates.

    Parameters
    ----------
    flat : Flat
    period : pair of (float or None), or None
    wrapped : bool or None
        Whether every step is the shorter one of two. None where it is not known: then it must make
        no difference, or the coordinates take more than one period.
    what : str
        For messages.
    """
    if period is None:
        if wrapped:
            raise ValueError(f"{what}: wrapped=True needs a period on at least one axis")
        return flat
    if wrapped is not None:
        return unwrapped(flat, period, what) if wrapped else flat
    x, y, ring_offsets, region_offsets, _ = flat
    last = ring_offsets[1:] - 1
    for values, length, axis in zip((x, y), period, "xy", strict=True):
        if length is None or not len(values):
            continue
        if np.ptp(values) > length * (1.0 + _SAME):
            return flat  # wrapped coordinates lie within one period
        step = np.diff(values, append=0.0)
        step[last] = values[ring_offsets[:-1]] - values[last]
        far = np.flatnonzero(np.abs(step) > 0.5 * length * (1.0 + _SAME))
        if not far.size:
            continue
        try:
            other = unwrapped(flat, period, what)[:2]
        except ValueError:
            other = None
        if other is not None and np.allclose(np.diff(flat[:2]), np.diff(other)):
            return flat
        k = int(far[0])
        r = int(np.searchsorted(ring_offsets, k, side="right")) - 1
        n = int(np.searchsorted(region_offsets, r, side="right")) - 1
        to = k + 1 if k != last[r] else ring_offsets[r]
        raise ValueError(
            f"{what}: ring {r - region_offsets[n]} of region {n} steps from {axis} = {values[k]} "
            f"to {values[to]}, more than half a period of {length}. Say wrapped=True if the "
            "shorter way round is meant, and wrapped=False if the way is as written (lifted)"
        )
    return flat


def _move_holes(
    xy: NDArray[np.float64], offsets: NDArray[np.int64], parts: NDArray[np.int64], period: Period
) -> None:
    """Move holes by whole periods into the outer ring of their part."""
    outer = 0
    for r in range(1, len(parts)):
        if parts[r] != parts[outer]:
            outer = r
            continue
        shell, hole = xy[offsets[outer] : offsets[outer + 1]], xy[offsets[r] : offsets[r + 1]]
        ranges = []
        for axis, length in enumerate(period):
            low, high = shell[:, axis].min(), shell[:, axis].max()
            if length is None:
                ranges.append(np.zeros(1))
                continue
            first = np.ceil((low - hole[:, axis].min()) / length - 1e-9)
            last = np.floor((high - hole[:, axis].max()) / length + 1e-9)
            ranges.append(np.arange(first, last + 1) * length)
        moves = [np.array([u, v]) for u in ranges[0] for v in ranges[1]]
        inside = [2 * around(shell, hole + move).sum() > len(hole) for move in moves]
        if any(inside):
            hole += moves[inside.index(True)]


def band(axis: Any, lower: ArrayLike, upper: ArrayLike, period: Period | None) -> Flat:
    """Return bands that go all the way round one axis, between two bounds on the other."""
    if axis not in (0, 1, "x", "y"):
        raise ValueError(f"Polygons.band: axis = {axis!r}; expected 0 or 'x', 1 or 'y'")
    across = {"x": 0, "y": 1}.get(axis, axis)
    length = None if period is None else period[1 - across]
    if length is None:
        raise ValueError(
            f"Polygons.band: a band of {'xy'[across]} goes round the {'yx'[across]} axis, which "
            f"needs a period; got period = {period}"
        )
    low, high = np.broadcast_arrays(
        np.atleast_1d(as_numbers(lower, "Polygons.band: lower")),
        np.atleast_1d(as_numbers(upper, "Polygons.band: upper")),
    )
    zero, whole = np.zeros(low.shape), np.full(low.shape, length)
    corners = (low, zero, high, whole) if across == 0 else (zero, low, whole, high)
    return rectangles(np.stack(corners, 1), period, "Polygons.band")


def rectangles(values: ArrayLike, period: Period | None, what: str) -> Flat:
    """Return rectangles from start x, start y, stop x, stop y; a stop before its start wraps."""
    table = as_numbers(values, what)
    if table.size == 0:
        table = table.reshape(0, 4)
    if table.ndim != 2 or table.shape[1] != 4:
        raise ValueError(
            f"{what}: expected shape (N, 4), start x, start y, stop x, stop y; got {table.shape}"
        )
    start, stop = table[:, :2], table[:, 2:].copy()
    for axis in range(2):
        length = None if period is None else period[axis]
        back = np.flatnonzero(stop[:, axis] < start[:, axis])
        if back.size and length is None:
            n = back[0]
            raise ValueError(
                f"{what}: region {n} stops at {'xy'[axis]} = {stop[n, axis]}, before it starts at "
                f"{start[n, axis]}; only an axis with a period wraps"
            )
        if length is None:
            continue
        stop[back, axis] += length
        long = np.flatnonzero(~(stop[:, axis] - start[:, axis] <= length) | (stop < start)[:, axis])
        if long.size:
            n = long[0]
            raise ValueError(
                f"{what}: region {n} goes from {'xy'[axis]} = {table[n, axis]} to "
                f"{table[n, axis + 2]}, more than one period of {length}"
            )
    if not np.isfinite(table).all():
        n = int(np.argwhere(~np.isfinite(table))[0, 0])
        raise ValueError(f"{what}: region {n} = {table[n].tolist()} is not finite")
    x = np.stack([start[:, 0], stop[:, 0], stop[:, 0], start[:, 0]], 1).ravel()
    y = np.stack([start[:, 1], start[:, 1], stop[:, 1], stop[:, 1]], 1).ravel()
    count = len(table)
    return x, y, offsets_of(np.full(count, 4)), np.arange(count + 1), np.arange(count)


def between_loops(first: Any, second: Any, period: Period | None) -> Flat:
    """Return the regions between two loops that go round the torus the same way."""
    if len(first) != len(second):
        raise ValueError(
            f"Polygons.between_loops: {len(first)} first and {len(second)} second loops; expected "
            "as many of each, one of both per region"
        )
    rings: list[NDArray[np.float64]] = []
    for n, pair in enumerate(zip(first, second, strict=True)):
        classes, paths = [], []
        for name, values in zip(("first", "second"), pair, strict=True):
            what = f"Polygons.between_loops: the {name} loop of region {n}"
            path = as_numbers(values, what)
            if path.ndim != 2 or path.shape[1] != 2 or len(path) < 2:
                raise ValueError(f"{what} is {described(values)}; expected shape (V, 2), V > 1")
            paths.append(path)
            classes.append(_class(path[-1] - path[0], period, what))
        if classes[0] != classes[1]:
            raise ValueError(
                f"Polygons.between_loops: the loops of region {n} go round {classes[0]} and "
                f"{classes[1]} times; expected the same, in the same direction"
            )
        rings.append(np.concatenate([paths[0], paths[1][::-1]]))
    offsets = offsets_of(np.array([len(ring) for ring in rings], np.int64))
    xy = np.concatenate(rings) if rings else np.empty((0, 2))
    count = len(rings)
    return xy[:, 0].copy(), xy[:, 1].copy(), offsets, np.arange(count + 1), np.arange(count)


def _class(way: NDArray[np.float64], period: Period | None, what: str) -> tuple[int, int]:
    """Return the number of turns of a loop around both axes."""
    turns: Sequence[int] = [
        0 if length is None else round(float(step) / length)
        for step, length in zip(way, period or (None, None), strict=True)
    ]
    whole = [
        turn * (length or 0.0) for turn, length in zip(turns, period or (0.0, 0.0), strict=True)
    ]
    size = max(abs(length or 0.0) for length in period or (0.0, 0.0))
    if not any(turns) or max(abs(way - np.array(whole))) > 1e-9 * size:
        raise ValueError(
            f"{what} goes from its first to its last vertex by {way.tolist()}; expected whole "
            f"periods of {period}, in lifted coordinates, and not none"
        )
    return turns[0], turns[1]
