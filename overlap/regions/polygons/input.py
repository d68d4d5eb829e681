"""Reading polygons: nested lists and ragged arrays become flat columns, with checks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap._common.numbers import as_numbers, described
from overlap._common.ragged import offsets_of
from overlap.regions.base import Regions
from overlap.regions.polygons.rings import Rings, blocks_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Flat", "read_nested", "read_ragged", "reverse", "turned"]

# x, y, ring offsets, region offsets, and the part of every ring: within a part rings count
# by even-odd, and a region is the union of its parts.
Flat = tuple[
    "NDArray[np.float64]",
    "NDArray[np.float64]",
    "NDArray[np.int64]",
    "NDArray[np.int64]",
    "NDArray[np.int64]",
]

_TOGETHER = 128  # rings: all at once would need fresh memory, which costs more than the copies
_FLOAT64 = np.dtype(np.float64)
_WANTED = (
    "one entry per region: a ring [(x, y), ...], a list of rings (the holes after the outer "
    "one), or a list of parts, each a list of rings"
)


def read_nested(values: Any) -> Flat:
    """Return the flat columns of nested rings; the first ring of every part is positive.

    Parameters
    ----------
    values : sequence
        One entry per region: a ring, a list of rings, or a list of parts.
    """
    if isinstance(values, Regions):
        raise TypeError(f"Polygons: expected rings, got {type(values).__name__}")
    first = values[0] if isinstance(values, (list, tuple)) and len(values) else values
    if type(first).__module__.partition(".")[0] == "shapely":
        raise TypeError(
            f"Polygons: got {described(first)}; Polygons.from_shapely(geometries) takes it"
        )
    if isinstance(values, (str, bytes, dict)) or not hasattr(values, "__len__"):
        raise TypeError(f"Polygons: expected {_WANTED}; got {described(values)}")
    usual = _usual_rings(values)
    if usual is not None:
        return usual
    rings: list[NDArray[np.float64]] = []
    parts: list[int] = []
    counts = np.zeros(len(values), np.int64)
    part = 0
    for n, entry in enumerate(values):
        for group in _parts(entry, n):
            for ring in group:
                rings.append(_ring(ring, n, int(counts[n])))
                parts.append(part)
                counts[n] += 1
            part += 1
    offsets = offsets_of(np.array([len(ring) for ring in rings], np.int64))
    xy = np.concatenate(rings) if rings else np.empty((0, 2))
    return xy[:, 0].copy(), xy[:, 1].copy(), offsets, offsets_of(counts), np.array(parts, np.int64)


def _usual_rings(values: Any) -> Flat | None:
    """Return the columns of arrays, or of lists of them, that need no other look, or None."""
    if not isinstance(values, list | tuple) or not len(values):
        return None
    rings: list[NDArray[np.float64]] = []
    numbers: list[int] = []
    for entry in values:
        group = entry if type(entry) in (list, tuple) else (entry,)
        for ring in group:
            if (
                type(ring) is not np.ndarray
                or ring.dtype is not _FLOAT64
                or ring.ndim != 2
                or ring.shape[1] != 2
                or len(ring) < 3
            ):
                return None
        rings += group
        numbers.append(len(group))
    if not rings:
        return None
    counts = np.array([len(ring) for ring in rings], np.int64)
    offsets = offsets_of(counts)
    x, y = columns = np.empty((2, offsets[-1]))
    for lo in range(0, len(rings), _TOGETHER):
        xy = np.concatenate(rings[lo : lo + _TOGETHER])
        columns[:, offsets[lo] : offsets[lo] + len(xy)] = xy.T
    if not np.isfinite(columns).all():
        return None
    first, last = offsets[:-1], offsets[1:] - 1
    closed = (counts > 3) & (x[first] == x[last]) & (y[first] == y[last])
    if closed.any():
        kept = np.ones(len(x), bool)
        kept[last[closed]] = False
        x, y, counts = x[kept], y[kept], counts - closed
    several = np.array(numbers, np.int64)
    parts = np.repeat(np.arange(len(values)), several)
    return x, y, offsets_of(counts), offsets_of(several), parts


def _parts(entry: Any, n: int) -> Iterator[Sequence[Any]]:
    """Yield the parts of a region, each a sequence of rings."""
    depth = _depth(entry)
    if depth == 1 and len(entry):
        raise ValueError(
            f"Polygons: region {n} is {described(entry)}; expected {_WANTED}. For one region, "
            "wrap its ring in a list: Polygons([ring])"
        )
    if depth == 1:
        return
    if depth == 2 and len(entry[0]) > 3:
        raise ValueError(
            f"Polygons: region {n} has lists of numbers where vertices (x, y) were expected; "
            "Polygons.from_coco takes COCO's lists [x0, y0, x1, y1, ...]"
        )
    if depth == 2:
        yield [entry]
    elif depth == 3:
        yield entry
    elif depth == 4:
        yield from entry
    else:
        raise ValueError(
            f"Polygons: region {n} is nested {depth} deep, {described(entry)}; expected {_WANTED}"
        )


def _depth(entry: Any) -> int:
    """Return the depth of nested numbers; 1 for an empty list, 0 for a number."""
    depth = 0
    while True:
        dimensions = getattr(entry, "ndim", None)
        if isinstance(dimensions, int) and dimensions != 1:
            return depth + dimensions
        if isinstance(entry, (str, bytes, dict)) or not hasattr(entry, "__len__"):
            return depth
        depth += 1
        if not len(entry):
            return depth
        entry = entry[0]


def _ring(values: Any, n: int, k: int) -> NDArray[np.float64]:
    what = f"Polygons: ring {k} of region {n}"
    ring = as_numbers(values, what)
    if ring.ndim != 2 or ring.shape[1] != 2:
        raise ValueError(f"{what} has shape {ring.shape}; expected (V, 2), one (x, y) per vertex")
    if len(ring) > 3 and (ring[0] == ring[-1]).all():
        ring = ring[:-1]  # closed rings are taken as well
    if len(ring) < 3:
        raise ValueError(f"{what} has {len(ring)} vertices; a ring needs at least 3")
    _check_finite(ring, what)
    return ring


def _check_finite(ring: NDArray[np.float64], what: str) -> None:
    if not np.isfinite(ring).all():
        row = int(np.argwhere(~np.isfinite(ring))[0, 0])
        raise ValueError(
            f"{what}: vertex {row} = {tuple(ring[row].tolist())} is not finite; remove it"
        )


def read_ragged(
    x: ArrayLike, y: ArrayLike, ring_offsets: ArrayLike, region_offsets: ArrayLike
) -> Flat:
    """Return checked copies of flat columns; every region is one part."""
    columns = [np.array(as_numbers(column, "Polygons.from_rings")) for column in (x, y)]
    if columns[0].ndim != 1 or columns[0].shape != columns[1].shape:
        raise ValueError(
            f"Polygons.from_rings: x has shape {columns[0].shape} and y {columns[1].shape}; "
            "expected two columns of equal length"
        )
    rings = _offsets(ring_offsets, "ring_offsets", len(columns[0]), "vertices", 3)
    regions = _offsets(region_offsets, "region_offsets", len(rings) - 1, "rings", 0)
    bad = np.flatnonzero(~(np.isfinite(columns[0]) & np.isfinite(columns[1])))
    if bad.size:
        point = columns[0][bad[0]], columns[1][bad[0]]
        raise ValueError(
            f"Polygons.from_rings: vertex {bad[0]} = ({point[0]}, {point[1]}) is not finite"
        )
    parts = np.repeat(np.arange(len(regions) - 1), np.diff(regions))
    return columns[0], columns[1], rings, regions, parts


def _offsets(values: ArrayLike, name: str, total: int, of: str, least: int) -> NDArray[np.int64]:
    offsets = np.asarray(values)
    if offsets.ndim != 1 or not len(offsets) or offsets.dtype.kind not in "iu":
        raise ValueError(
            f"Polygons.from_rings: expected {name} as a column of whole numbers that begins with "
            f"0; got {described(values)}"
        )
    offsets = offsets.astype(np.int64)
    if offsets[0] != 0 or offsets[-1] != total:
        raise ValueError(
            f"Polygons.from_rings: {name} runs from {offsets[0]} to {offsets[-1]}; expected 0 to "
            f"{total}, the number of {of}"
        )
    short = np.flatnonzero(np.diff(offsets) < least)
    if short.size:
        k = short[0]
        raise ValueError(
            f"Polygons.from_rings: {name}[{k}] = {offsets[k]} and {name}[{k + 1}] = "
            f"{offsets[k + 1]}; "
            + (f"a ring needs at least {least} vertices" if least else "offsets never fall")
        )
    return offsets


def turned(flat: Flat) -> Flat:
    """Turn rings round, in place: the first of every part is positive, and others negative."""
    x, y, rings, regions, parts = flat
    areas = Rings(x.view(), y.view(), rings, regions).ring_areas  # which locks its own views
    first = np.ones(len(parts), bool)
    first[1:] = parts[1:] != parts[:-1]
    wrong = np.where(first, areas < 0, areas > 0)
    if wrong.any():
        reverse(x, y, rings, wrong)
    return flat


def reverse(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    offsets: NDArray[np.int64],
    turned: NDArray[np.bool_],
) -> None:
    """Let some rings run backwards from their first vertex, in place."""
    rows = np.flatnonzero(turned & (offsets[1:] > offsets[:-1]))
    start, stop = offsets[rows], offsets[rows + 1]
    places = offsets_of(stop - start)
    for lo, hi in blocks_of(places):
        first, counts = places[lo:hi] - places[lo], np.diff(places[lo : hi + 1])
        along = np.arange(places[hi] - places[lo]) - np.repeat(first, counts)
        place = np.repeat(start[lo:hi], counts) + along
        source = np.repeat(stop[lo:hi], counts) - along
        source[first] = start[lo:hi]
        x[place], y[place] = x[source], y[source]
