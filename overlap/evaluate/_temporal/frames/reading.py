"""Labels of frames of both sides, and where they are from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from overlap.io.frame_labels import FrameLabels, as_frame_labels

from ..reading import Reading, notes_of
from .protocol import FrameRules

__all__ = ["Sources", "read_inputs"]


@dataclass(frozen=True)
class Sources:
    """Where the inputs of an evaluation are from; empty for items that come one by one.

    Attributes
    ----------
    truth, found : mapping
        Source, digest and counts.
    truth_videos, found_videos : tuple of str
    reading : Reading, optional
    notes, findings : tuple of str
        Of reading.
    """

    truth: Mapping[str, Any] | None = None
    found: Mapping[str, Any] | None = None
    truth_videos: tuple[str, ...] = ()
    found_videos: tuple[str, ...] = ()
    reading: Reading | None = None
    notes: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()


def read_inputs(
    protocol: FrameRules, reading: Reading, truth: Any, found: Any
) -> tuple[FrameLabels, FrameLabels, Sources]:
    """Read both sides.

    Parameters
    ----------
    protocol : FrameRules
    reading : Reading
        Videos to use, and repair of names.
    truth, found : path or mapping
        Folders or files of frame labels, see `overlap.io.frame_labels`.

    Raises
    ------
    ValueError
        An input is bad, or an option of reading is for segments with times.
    """
    sides = {"truth": as_frame_labels(truth), "found": as_frame_labels(found)}
    used: Reading | None = None
    notes: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    if reading:
        if reading.columns or reading.fps or reading.clip or reading.class_agnostic:
            raise ValueError(
                f"{protocol.name}: columns, fps, clip and class_agnostic are for segments with "
                "times; leave them out"
            )
        used = _bare(reading)
        read = used.applied({role: table.segments() for role, table in sides.items()})
        sides = {role: FrameLabels.from_segments(table) for role, table in read.items()}
        notes = tuple(notes_of(read))
        findings = tuple(dict.fromkeys(said for table in read.values() for said in table.findings))
    ours, theirs = sides["truth"], sides["found"]
    sources = Sources(
        _source_of(ours), _source_of(theirs), ours.videos, theirs.videos, used, notes, findings
    )
    return ours, theirs, sources


def _bare(reading: Reading) -> Reading:
    """Return options whose lists may name the files of videos, as MS-TCN's splits do."""
    lists: dict[str, Any] = {}
    for name in ("videos", "exclude"):
        chosen = getattr(reading, name)
        if chosen is not None:
            bare = tuple(dict.fromkeys(x.removesuffix(".txt") for x in chosen.names))
            lists[name] = replace(chosen, names=bare)
    return Reading(**lists, names=reading.names)


def _source_of(table: FrameLabels) -> dict[str, Any]:
    return {
        "source": table.source,
        "sha256": table.sha256,
        "videos": len(table),
        "frames": sum(map(len, table.frames)),
        "labels": list(table.labels),
    }
