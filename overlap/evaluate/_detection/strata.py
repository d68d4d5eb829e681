"""Strata of a user's table: attributes of images or of truths, and sizes of regions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap.evaluate._ranking.strata import Range, Stratum
from overlap.io._paths import natural_key
from overlap.io.detections import Detections
from overlap.io.image_attributes import ImageAttributes
from overlap.io.line_folders import is_number
from overlap.io.printable import brief, some
from overlap.regions.base import Regions

from .protocol import DetectionProtocol

__all__ = ["lacking_sizes", "with_attributes", "with_sizes"]

_MOST = 20  # levels of a column


def with_attributes(
    protocol: DetectionProtocol, both: Mapping[str, Detections], attributes: ImageAttributes
) -> tuple[DetectionProtocol, dict[str, Detections]]:
    """Give regions the attributes of a table as sizes, and a protocol a stratum for each level.

    Columns of numbers become sizes of their name, and those whose sizes the protocol has in a
    stratum have no levels.

    Parameters
    ----------
    protocol : DetectionProtocol
    both : mapping of Detections
        ``truth`` and ``found``, numbered alike.
    attributes : ImageAttributes

    Raises
    ------
    ValueError
        An image, or a truth, has no row; a column has too many levels; or a column of numbers has
        the name of a size of the regions themselves.
    """
    used = {one.size for part in protocol.strata for one in part.truth}
    roles = ("truth",) if attributes.by_row else ("truth", "found")
    sizes: dict[str, dict[str, NDArray[np.float64]]] = {role: {} for role in roles}
    strata = []
    cells = {role: _cells(both[role], attributes) for role in roles}
    there = cells["truth"]
    if not attributes.by_row:  # images without regions, too
        there = [attributes.cells[x] for x in both["truth"].items if x in attributes.cells]
    for k, column in enumerate(attributes.columns):
        every = [row[k] for row in attributes.cells.values()]
        if all(map(is_number, every)):
            for role in roles:
                if not lacking_sizes(both[role], (Range(column),)):
                    raise ValueError(
                        f"{attributes.source}: the column {brief(column)} has the name of a size "
                        f"of the regions in {both[role].source}; give it another name"
                    )
                sizes[role][column] = np.array([float(row[k]) for row in cells[role]])
        if column in used:
            continue
        levels = sorted({row[k] for row in there}, key=natural_key)
        if len(levels) > _MOST:
            raise ValueError(
                f"{attributes.source}: {column} has {len(levels)} levels: {some(levels, 4)}; of "
                f"numbers give ranges (--set strata=low={column}:0:5,high={column}:5:inf), and of "
                f"texts at most {_MOST}"
            )
        for level in levels:
            name = f"{column}={level}"
            for role in roles:
                sizes[role][name] = np.array([row[k] == level for row in cells[role]], dtype=float)
            ends = (Range(name, least=1.0),)
            strata.append(Stratum(name, ends, () if attributes.by_row else ends))
    tables = dict(both)
    for role in roles:
        tables[role] = replace(both[role], sizes={**both[role].sizes, **sizes[role]})
    if attributes.by_row and used & set(attributes.columns):
        # detections have no attribute of a truth: those that match nothing are false in every part
        own = set(attributes.columns)
        kept = tuple(
            replace(part, found=tuple(one for one in part.found if one.size not in own))
            for part in protocol.strata
        )
        protocol = replace(protocol, strata=kept)
    return protocol.with_strata(strata), tables


def _cells(table: Detections, attributes: ImageAttributes) -> list[tuple[str, ...]]:
    """Return the row of the table of each region."""
    if attributes.by_row:
        keys = [(table.items[i], str(r)) for i, r in zip(table.item, table.row, strict=True)]
    else:
        keys = [table.items[i] for i in table.item]
    missing = dict.fromkeys(key for key in keys if key not in attributes.cells)
    if missing:
        what = "rows of the truth" if attributes.by_row else "images"
        raise ValueError(f"{attributes.source}: lacks the {what} {some(list(missing), 4)}")
    return [attributes.cells[key] for key in keys]


def with_sizes(protocol: DetectionProtocol, table: Detections, role: str) -> Detections:
    """Give a table the sizes of its regions that strata ask for and its input does not have.

    Parameters
    ----------
    protocol : DetectionProtocol
    table : Detections
    role : {"truth", "found"}
    """
    ranges = [one for part in protocol.strata for one in getattr(part, role)]
    lacking = lacking_sizes(table, ranges)
    if lacking:
        there = [*table.sizes, *(x for x in _SIZES if _SIZES[x](table.regions) is not None)]
        raise ValueError(
            f"{table.source}: strata need the size {brief(lacking[0])}, which its {table.kind} do "
            f"not have; there are {', '.join(dict.fromkeys(there))}"
        )
    wanted = dict.fromkeys(one.size for one in ranges if one.size not in table.sizes)
    known: dict[str, Any] = {name: _SIZES[name](table.regions) for name in wanted}
    return replace(table, sizes={**table.sizes, **known}) if known else table


def lacking_sizes(table: Detections, ranges: Iterable[Range]) -> list[str]:
    """Return the sizes of ranges that a table neither has nor can compute.

    Parameters
    ----------
    table : Detections
    ranges : iterable of Range
    """
    wanted = dict.fromkeys(one.size for one in ranges if one.size not in table.sizes)
    return [x for x in wanted if x not in _SIZES or _SIZES[x](table.regions) is None]


def _sides(regions: Regions) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Return width and height; None of regions that are not planar."""
    names = list(regions.columns)
    if "w" in names and "h" in names:
        values = regions.to_array()
        return values[:, names.index("w")], values[:, names.index("h")]
    bounds = regions.bounds()
    if bounds is None or len(bounds[0]) != 2:
        return None
    (left, top), (right, bottom) = bounds
    return right - left, bottom - top


def _width(regions: Regions) -> NDArray[np.float64] | None:
    sides = _sides(regions)
    return None if sides is None else sides[0]


def _height(regions: Regions) -> NDArray[np.float64] | None:
    sides = _sides(regions)
    return None if sides is None else sides[1]


def _aspect(regions: Regions) -> NDArray[np.float64] | None:
    sides = _sides(regions)
    if sides is None:
        return None
    result = np.full(len(sides[0]), np.inf)
    np.divide(sides[0], sides[1], out=result, where=sides[1] > 0)
    return result


def _distance(regions: Regions) -> NDArray[np.float64] | None:
    if tuple(regions.columns[:2]) != ("x", "y"):
        return None
    return np.asarray(np.hypot(*regions.to_array()[:, :2].T))


#: Sizes by name: width, height, width over height, and distance of the center from the origin.
_SIZES: dict[str, Callable[[Regions], NDArray[np.float64] | None]] = {
    "width": _width,
    "height": _height,
    "aspect": _aspect,
    "distance": _distance,
}
