"""From segment tables to candidate pairs: everything that one set of videos decides alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap._common.values import ByValue
from overlap.evaluate._ranking.pairs import Pairs, find_pairs, joined_pairs, touched
from overlap.evaluate._ranking.table import Table
from overlap.io.segments import SegmentTable, as_segments, on_one_clock

from .protocol import Protocol
from .rules import TOUCH, rules_of

__all__ = ["Measure", "Measured", "ambiguous_only", "combine"]


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


@dataclass(frozen=True)
class Measure:
    """The rules that turn the segments of some videos into candidate pairs.

    Parameters
    ----------
    protocol : Protocol
        The rules.
    at_least : float
        Smallest IoU threshold that will be asked for.
    """

    protocol: Protocol
    at_least: float

    def __call__(
        self,
        truth: Any,
        found: Any,
        ambiguous: Any = None,
        places: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None,
    ) -> Measured:
        """Measure the videos of two tables (and of one with ambiguous intervals).

        `places` tells where the rows stand in the whole input, if they are a part of it.
        """
        protocol = self.protocol
        given = {
            "truth": as_segments(truth, role="truth"),
            "found": as_segments(found, role="found"),
        }
        if ambiguous is not None:
            given["ambiguous"] = ambiguous_only(ambiguous, protocol)
        aligned = on_one_clock(given)
        truth, found = aligned["truth"], aligned["found"]
        if places is None:
            places = np.arange(len(truth)), np.arange(len(found))
        keep, marked, left_out = _clean(truth, protocol)
        whole, ambiguities = truth, [truth.select(marked)]
        if ambiguous is not None:
            ambiguities.append(aligned["ambiguous"])
            left_out["ambiguous_given"] = len(ambiguities[1])
        if not keep.all():
            truth, places = truth.select(keep), (places[0][keep], places[1])
        number = {video: k for k, video in enumerate(truth.videos)}
        label = {name: k for k, name in enumerate(truth.labels)}
        found_video = _renumber(found.videos, number)[found.video]
        found_label = _renumber(found.labels, label)[found.label]
        rules = rules_of(protocol)
        ends = found.start, found.stop
        predictions = Table(found_video, found_label, places[1], found.confidence, ends)
        truths = Table(truth.video, truth.label, places[0], None, (truth.start, truth.stop))
        pairs = find_pairs(
            rules.measure, predictions, truths, rules.match, np.array([self.at_least]),
            official=rules.ties == "argsort_reversed",
        )  # fmt: skip
        near = np.zeros(len(found), dtype=bool)
        for table in ambiguities if protocol.ambiguous_rows == "ignore" else ():
            if len(table):
                numbers = {video: k for k, video in enumerate(table.videos)}
                here = replace(predictions, item=_renumber(found.videos, numbers)[found.video])
                ends = table.start, table.stop
                others = Table(table.video, table.label, table.row, None, ends)
                near |= touched(TOUCH, here, others, np.nextafter(0, 1))
        return Measured(
            truth, found, pairs, near, *places, left_out, (whole,), tuple(ambiguities[1:])
        )


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


def _renumber(names: Sequence[str], number: dict[str, int]) -> NDArray[np.int64]:
    return np.array([number.get(name, -1) for name in names], dtype=np.int64)


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
        repeated = _repeated(truth, keep, protocol.duplicate_tolerance)
        left_out["duplicates"] = int(repeated.sum())
        keep &= ~repeated
    return keep, marked, left_out


def _repeated(truth: SegmentTable, keep: NDArray[np.bool_], tolerance: float) -> NDArray[np.bool_]:
    """Return the rows within `tolerance` of an earlier row that stays, in file order."""
    result = np.zeros(len(truth), dtype=bool)
    rows = np.flatnonzero(keep)
    key = truth.label[rows] * len(truth.videos) + truth.video[rows]
    order = np.lexsort((rows, truth.start[rows], key))
    rows, key = rows[order], key[order]
    # Only runs of neighbouring starts can hold repeats, and there are few of them.
    near = (key[1:] == key[:-1]) & (np.abs(np.diff(truth.start[rows])) <= tolerance)
    runs = np.split(rows, np.flatnonzero(~near) + 1) if near.any() else []
    for run in runs:
        kept: list[int] = []
        for row in np.sort(run).tolist() if len(run) > 1 else ():
            if any(
                abs(truth.start[row] - truth.start[other]) <= tolerance
                and abs(truth.stop[row] - truth.stop[other]) <= tolerance
                for other in kept
            ):
                result[row] = True
            else:
                kept.append(row)
    return result


def combine(parts: Sequence[Measured], order: str, *, whole: bool = False) -> Measured:
    """Concatenate measured sets of videos.

    Parameters
    ----------
    parts : sequence of Measured
        Sets of different videos, in key order.
    order : {"confidence", "truth"}
        Which side are the agents.
    whole : bool
        The parts are of one input, and know their places in it; otherwise each part
        follows the one before.

    Returns
    -------
    Measured

    Raises
    ------
    ValueError
        If nothing was measured, a video has truths or predictions in two parts, or one part has
        datetimes and another seconds.
    """
    if not parts:
        raise ValueError("study: nothing was added; add truth and found first")
    if len(parts) == 1:
        return parts[0]
    owner: dict[str, int] = {}
    for k, part in enumerate(parts):
        for video in {*part.truth.videos, *part.found.videos}:
            if owner.setdefault(video, k) != k:
                raise ValueError(
                    f"study: video {video!r} is in two items; a video must be added as a whole"
                )
    clocks = {
        (table.times is not None, table.zoned)
        for part in parts
        for table in (part.truth, part.found)
        if len(table)
    }
    if len(clocks) > 1:
        raise ValueError(
            "study: some items have datetimes and others plain seconds, or some a time zone and "
            "others none; give all alike"
        )
    truth_shift = np.cumsum([0, *(len(part.truth) for part in parts)])
    found_shift = np.cumsum([0, *(len(part.found) for part in parts)])
    agent_shift, shift = (
        (found_shift, truth_shift) if order == "confidence" else (truth_shift, found_shift)
    )
    places = [
        np.concatenate(
            [getattr(p, name) + (0 if whole else at) for p, at in zip(parts, ats, strict=False)]
        )
        for name, ats in (("truth_place", truth_shift), ("found_place", found_shift))
    ]
    return Measured(
        _concatenate([part.truth for part in parts]),
        _concatenate([part.found for part in parts]),
        joined_pairs([part.pairs for part in parts], agent_shift, shift),
        np.concatenate([part.ambiguous for part in parts]),
        places[0],
        places[1],
        {name: sum(part.left_out[name] for part in parts) for name in parts[0].left_out},
        tuple(table for part in parts for table in part.given),
        tuple(table for part in parts for table in part.given_ambiguous),
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


def _concatenate(tables: Sequence[SegmentTable]) -> SegmentTable:
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
        **together,
    )
