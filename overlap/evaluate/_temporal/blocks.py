"""Blocks of whole videos, into which an input is split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap.io.segments import SegmentTable

__all__ = ["split"]


def split(tables: Mapping[str, SegmentTable], count: int) -> dict[int, dict[str, Any]]:
    """Split an input into blocks of whole videos, whose rows know their places in it.

    Parameters
    ----------
    tables : mapping
        ``truth`` and ``found``, perhaps ``ambiguous``.
    count : int
        Wanted number of blocks; there are never more than videos.

    Returns
    -------
    dict
        Tables of each block by its number; ``places`` says where their rows stand in the input.
    """
    names = list(dict.fromkeys(name for table in tables.values() for name in table.videos))
    count = min(len(names), count)
    if count < 2:
        return {0: dict(tables)}
    block = {name: k * count // len(names) for k, name in enumerate(names)}
    result: dict[int, dict[str, Any]] = {k: {} for k in range(count)}
    places: dict[str, list[NDArray[np.int64]]] = {}
    for role, table in tables.items():
        number = np.array([block[name] for name in table.videos], dtype=np.int64)
        row = number[table.video] if len(table) else np.empty(0, np.int64)
        places[role] = [np.flatnonzero(row == k) for k in range(count)]
        for k, item in result.items():
            item[role] = _some(table, number == k, places[role][k])
    for k, item in result.items():
        item["places"] = places["truth"][k], places["found"][k]
    return result


def _some(table: SegmentTable, inside: NDArray[np.bool_], rows: NDArray[np.int64]) -> SegmentTable:
    """Return the table of some videos, which have some rows."""
    part, kept = table.select(rows), np.flatnonzero(inside)
    return replace(
        part,
        video=(np.cumsum(inside) - 1)[part.video],
        videos=tuple(table.videos[k] for k in kept),
        subset=tuple(table.subset[k] for k in kept),
        duration=table.duration[kept],
        origin=None if table.origin is None else table.origin[kept],
    )
