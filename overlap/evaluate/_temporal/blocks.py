"""Blocks of whole videos: an input is split into them, and tables are joined again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap.io.segments import SegmentTable

__all__ = ["joined_tables", "split"]


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
        Tables of each block by its number; ``places`` says where their rows stand in the input,
        and that they were read already.
    """
    names: list[str] = []
    if count > 1:
        names += dict.fromkeys(chain.from_iterable(table.videos for table in tables.values()))
    count = min(len(names), count)
    if count < 2:
        rows = tuple(np.arange(len(tables[role])) for role in ("truth", "found"))
        return {0: {**tables, "places": rows}}
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


def _all_times(tables: Sequence[SegmentTable], field: str) -> NDArray[np.datetime64]:
    """Join times of parts; one without segments may have none."""
    parts = []
    for table in tables:
        values = getattr(table, field)
        if values is None:
            shape = (0, 2) if field == "times" else (len(table.videos),)
            values = np.full(shape, np.datetime64("NaT", "us"))
        parts.append(values)
    fine = all(values.dtype == "M8[ns]" for values in parts if not np.isnat(values).all())
    return np.concatenate([values.astype("M8[ns]" if fine else "M8[us]") for values in parts])


def joined_tables(tables: Sequence[SegmentTable]) -> SegmentTable:
    """Concatenate tables of different videos.

    Parameters
    ----------
    tables : sequence of SegmentTable
        One or more.
    """
    videos: dict[str, int] = {}
    labels: dict[str, int] = {}
    video, label = [], []
    for table in tables:
        numbers = np.array([videos.setdefault(v, len(videos)) for v in table.videos], np.int64)
        video.append(numbers[table.video])
        names = np.array([labels.setdefault(v, len(labels)) for v in table.labels], np.int64)
        label.append(names[table.label])
    first = next((table for table in tables if table.times is not None), tables[0])
    together: dict[str, Any] = {
        name: np.concatenate([getattr(table, name) for table in tables])
        for name in ("start", "stop", "row", "duration")
    }
    if first.confidence is not None:
        together["confidence"] = np.concatenate([table.confidence for table in tables])
    if first.times is not None:
        together |= {"times": _all_times(tables, "times"), "origin": _all_times(tables, "origin")}
    sources = list(dict.fromkeys(table.source for table in tables))
    digests = list(dict.fromkeys(table.sha256 for table in tables))
    return replace(
        first,
        videos=tuple(videos),
        labels=tuple(labels),
        video=np.concatenate(video),
        label=np.concatenate(label),
        subset=tuple(name for table in tables for name in table.subset),
        source=", ".join(sources),
        sha256=digests[0] if len(digests) == 1 else None,
        findings=tuple(dict.fromkeys(said for table in tables for said in table.findings)),
        notes=tuple(dict.fromkeys(said for table in tables for said in table.notes)),
        frame_rate=None,
        **together,
    )
