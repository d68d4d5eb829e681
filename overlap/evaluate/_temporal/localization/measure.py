"""Candidate pairs of the segments of some videos."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap._common.values import ByValue, same
from overlap.evaluate._ranking.pairs import Pairs, find_pairs, touched
from overlap.evaluate._ranking.table import Table
from overlap.io.segments import SegmentTable, as_segments, on_one_clock

from ..digests import same_input
from ..numbering import renumbered
from ..repeats import repeated_rows
from ..temporal_iou import TOUCH
from .protocol import Protocol
from .rules import rules_of

__all__ = ["Measured", "ambiguous_only", "measure_videos", "same_videos"]


@dataclass(frozen=True, eq=False)
class Measured(ByValue):
    """Cleaned segments of some videos and their candidate pairs.

    Attributes
    ----------
    truth, found : SegmentTable
        The truths that count, and all predictions.
    pairs : Pairs
        Between rows of the two tables.
    ambiguous : ndarray, dtype=bool
        Predictions that overlap an ambiguous interval.
    truth_place, found_place : ndarray, dtype=int64
        Position of each row in the input: the order of the file.
    left_out : dict
        How many truths the protocol leaves out, by reason; and under ``ambiguous_given``
        the number of ambiguous intervals given beside the truth.
    given : tuple of SegmentTable
        The truth as it was given, in parts, with what the protocol leaves out.
    given_ambiguous : tuple of SegmentTable
        Ambiguous intervals that were given beside the truth, in parts.
    """

    truth: SegmentTable
    found: SegmentTable
    pairs: Pairs
    ambiguous: NDArray[np.bool_]
    truth_place: NDArray[np.int64]
    found_place: NDArray[np.int64]
    left_out: dict[str, int]
    given: tuple[SegmentTable, ...] = ()
    given_ambiguous: tuple[SegmentTable, ...] = ()


def measure_videos(protocol: Protocol, given: Mapping[str, Any]) -> Measured:
    """Find the candidate pairs of some videos.

    Parameters
    ----------
    protocol : Protocol
    given : mapping
        ``truth`` and ``found``, perhaps ``ambiguous``, as `temporal` takes them. If they are a
        part of an input, ``places`` says where the rows of truth and found stand in it.

    Returns
    -------
    Measured
    """
    tables = _on_one_clock(protocol, given)
    truth, found = tables["truth"], tables["found"]
    places = given.get("places") or (np.arange(len(truth)), np.arange(len(found)))
    keep, marked, left_out = _clean(truth, protocol)
    whole, ambiguities = truth, [truth.select(marked)]
    if "ambiguous" in tables:
        ambiguities.append(tables["ambiguous"])
        left_out["ambiguous_given"] = len(ambiguities[1])
    if not keep.all():
        truth, places = truth.select(keep), (places[0][keep], places[1])
    found_video = renumbered(found.video, found.videos, truth.videos)
    found_label = renumbered(found.label, found.labels, truth.labels)
    rules = rules_of(protocol)
    ends = found.start, found.stop
    predictions = Table(found_video, found_label, places[1], found.confidence, ends)
    truths = Table(truth.video, truth.label, places[0], None, (truth.start, truth.stop))
    pairs = find_pairs(
        rules.measure, predictions, truths, rules.match, np.array([min(protocol.thresholds)]),
        official=rules.ties == "argsort_reversed",
    )  # fmt: skip
    near = np.zeros(len(found), dtype=bool)
    for table in ambiguities if protocol.ambiguous_rows == "ignore" else ():
        if len(table):
            here = replace(predictions, item=renumbered(found.video, found.videos, table.videos))
            ends = table.start, table.stop
            others = Table(table.video, table.label, table.row, None, ends)
            near |= touched(TOUCH, here, others, np.nextafter(0, 1))
    return Measured(
        truth, found, pairs, near, places[0], places[1], left_out, (whole,), tuple(ambiguities[1:])
    )


def same_videos(protocol: Protocol, part: Measured, given: Mapping[str, Any]) -> bool:
    """Whether a part was measured of the very same segments.

    Parameters
    ----------
    protocol : Protocol
    part : Measured
    given : mapping
        As for `measure_videos`.
    """
    tables = _on_one_clock(protocol, given)
    before = {"truth": part.given[0], "found": part.found}
    if part.given_ambiguous:
        before["ambiguous"] = part.given_ambiguous[0]
    return tables.keys() == before.keys() and all(
        same_input(tables[role], before[role]) and same(tables[role].row, before[role].row)
        for role in tables
    )


def _on_one_clock(protocol: Protocol, given: Mapping[str, Any]) -> dict[str, SegmentTable]:
    """Read the tables, whose times become seconds after one origin of each video."""
    tables = {role: as_segments(given[role], role=role) for role in ("truth", "found")}
    if given.get("ambiguous") is not None:
        tables["ambiguous"] = ambiguous_only(given["ambiguous"], protocol)
    return on_one_clock(tables)


def ambiguous_only(source: Any, protocol: Protocol) -> SegmentTable:
    """Read ambiguous intervals: the rows that have the protocol's ambiguous label.

    Raises
    ------
    ValueError
        If there are none.
    """
    table = as_segments(source, role="ambiguous")
    name = protocol.ambiguous_label
    if name not in table.labels:
        have = ", ".join(map(repr, table.labels[:5]))
        raise ValueError(f"{table.source}: no row has the label {name!r}; it has {have}")
    return table.select(table.label == table.labels.index(name))


def _clean(
    truth: SegmentTable, protocol: Protocol
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], dict[str, int]]:
    """Return the rows that count, the ambiguous ones, and the number left out by reason."""
    left_out = {"ambiguous": 0, "ambiguous_given": 0, "zero_length": 0, "duplicates": 0}
    marked = np.zeros(len(truth), dtype=bool)
    if protocol.ambiguous_rows != "class" and protocol.ambiguous_label in truth.labels:
        marked = truth.label == truth.labels.index(protocol.ambiguous_label)
    keep = ~marked
    left_out["ambiguous"] = int(marked.sum())
    if protocol.zero_length == "drop":
        empty = keep & (truth.stop - truth.start <= 0)
        left_out["zero_length"] = int(empty.sum())
        keep &= ~empty
    if protocol.duplicates == "drop":
        repeated = repeated_rows(truth, keep, protocol.duplicate_tolerance)
        left_out["duplicates"] = int(repeated.sum())
        keep &= ~repeated
    return keep, marked, left_out
