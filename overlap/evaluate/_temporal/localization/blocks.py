"""Joining of what was measured of blocks of whole videos."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from overlap.evaluate._ranking.pairs import Pairs, joined_pairs
from overlap.io.segments import SegmentTable

from ..blocks import joined_tables
from .measure import Measured

__all__ = ["joined"]


def joined(
    parts: Sequence[Measured], by_truth: bool, whole: Mapping[str, SegmentTable] | None = None
) -> Measured:
    """Join measured videos.

    Parameters
    ----------
    parts : sequence of Measured
        Of different videos.
    by_truth : bool
        Whether truths are the agents of the pairs.
    whole : mapping, optional
        The input of which these are all blocks: rows and videos get its order. Otherwise each part
        follows the one before.

    Returns
    -------
    Measured

    Raises
    ------
    ValueError
        There are no parts, a video has truths or predictions in two of them, or one has datetimes
        and another seconds.
    """
    if not parts:
        raise ValueError("study: nothing was added; add truth and found first")
    result = parts[0] if len(parts) == 1 else _in_turn(parts, by_truth, whole is None)
    if whole is None:
        return result
    if len(parts) > 1:
        result = _as_given(result, by_truth, whole)
    # parts of an earlier run may be of a file that has got another name since
    return replace(
        result,
        truth=_from(result.truth, whole["truth"]),
        found=_from(result.found, whole["found"]),
        given_ambiguous=tuple(_from(table, whole["ambiguous"]) for table in result.given_ambiguous),
    )


def _from(table: SegmentTable, whole: SegmentTable) -> SegmentTable:
    """Say of a table where it is from."""
    return replace(table, source=whole.source, sha256=whole.sha256, findings=whole.findings)


def _in_turn(parts: Sequence[Measured], by_truth: bool, apart: bool) -> Measured:
    """Put parts one after the other; those that are apart get places one after the other too."""
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
    shifts = (truth_shift, found_shift) if by_truth else (found_shift, truth_shift)
    places = [
        np.concatenate(
            [
                getattr(part, name) + (shift if apart else 0)
                for part, shift in zip(parts, starts, strict=False)
            ]
        )
        for name, starts in (("truth_place", truth_shift), ("found_place", found_shift))
    ]
    return Measured(
        joined_tables([part.truth for part in parts]),
        joined_tables([part.found for part in parts]),
        joined_pairs([part.pairs for part in parts], *shifts),
        np.concatenate([part.ambiguous for part in parts]),
        places[0],
        places[1],
        {name: sum(part.left_out[name] for part in parts) for name in parts[0].left_out},
        tuple(table for part in parts for table in part.given),
        tuple(table for part in parts for table in part.given_ambiguous),
    )


def _as_given(measured: Measured, by_truth: bool, whole: Mapping[str, SegmentTable]) -> Measured:
    """Put rows and videos into the order of the input, so that nothing tells its blocks."""
    order = [np.argsort(place) for place in (measured.truth_place, measured.found_place)]
    back = [np.argsort(rows) for rows in order]
    agents, candidates = back if by_truth else back[::-1]
    return replace(
        measured,
        truth=_named_like(measured.truth.select(order[0]), whole["truth"]),
        found=_named_like(measured.found.select(order[1]), whole["found"]),
        pairs=_renumbered(measured.pairs, agents, candidates),
        ambiguous=measured.ambiguous[order[1]],
        truth_place=measured.truth_place[order[0]],
        found_place=measured.found_place[order[1]],
    )


def _named_like(table: SegmentTable, whole: SegmentTable) -> SegmentTable:
    """Give videos the numbers that they have in another table, as labels have already."""
    number = {name: k for k, name in enumerate(whole.videos)}
    place = np.array([number[name] for name in table.videos], dtype=np.int64)
    back = np.argsort(place)
    return replace(
        table,
        video=place[table.video],
        videos=whole.videos,
        subset=whole.subset,
        duration=table.duration[back],
        origin=None if table.origin is None else table.origin[back],
    )


def _renumbered(pairs: Pairs, agents: NDArray[np.int64], candidates: NDArray[np.int64]) -> Pairs:
    """Give agents and candidates new numbers."""
    order = np.argsort(agents)
    width = np.diff(pairs.pointer)[order]
    pointer = np.concatenate([[0], np.cumsum(width)])
    row = np.repeat(pairs.pointer[order] - pointer[:-1], width) + np.arange(pointer[-1])
    return Pairs(
        pointer,
        candidates[pairs.candidate[row]],
        candidates[pairs.official[row]],
        pairs.value[row],
        np.sort(agents[pairs.tied]),
    )
