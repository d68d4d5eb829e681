"""Turns of both sides and the evaluation map, recording by recording."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap.io._source import read_source
from overlap.io.name_match import mismatch
from overlap.io.printable import number_of, some
from overlap.io.rttm import is_rttm, read_rttm
from overlap.io.segment_table import SegmentTable
from overlap.io.segments import on_one_clock, table_of
from overlap.io.uem import EvaluationMap, as_map

from ..reading import Reading
from .protocol import DiarizationProtocol
from .timeline import Spans, Turns

__all__ = ["Inputs", "Recording", "read_inputs"]


@dataclass(frozen=True, eq=False)
class Recording:
    """One recording, to be measured.

    Attributes
    ----------
    name : str
    truth, found : Turns
    spans : ndarray, shape (n, 2), or None
        Of the evaluation map.
    """

    name: str
    truth: Turns
    found: Turns
    spans: Spans | None

    def digests(self) -> tuple[str, str, str]:
        """Return digests of the whole, of the truth, and of the evaluation map ("" for none)."""
        whole = hashlib.sha256(self.name.encode("utf-8", "surrogateescape"))
        truth, known = whole.copy(), ""
        if self.spans is not None:
            whole.update(b"map" + self.spans.tobytes())
            known = whole.hexdigest()
        _add(truth, self.truth)
        for side in (self.truth, self.found):
            _add(whole, side)
        return whole.hexdigest(), truth.hexdigest(), known


def _add(state: Any, turns: Turns) -> None:
    state.update("\0".join(turns.speakers).encode("utf-8", "surrogateescape"))
    for column in (turns.start, turns.stop, turns.who):
        state.update(np.ascontiguousarray(column).tobytes() + b"\0")


@dataclass(frozen=True, eq=False)
class Inputs:
    """What is read.

    Attributes
    ----------
    truth, found : SegmentTable
    uem : EvaluationMap or None
    recordings : tuple of Recording
    findings, notes : tuple of str
    """

    truth: SegmentTable
    found: SegmentTable
    uem: EvaluationMap | None
    recordings: tuple[Recording, ...]
    findings: tuple[str, ...]
    notes: tuple[str, ...]


def read_inputs(
    protocol: DiarizationProtocol,
    reading: Reading,
    truth: Any,
    found: Any,
    uem: Any = None,
    *,
    whole: bool = True,
) -> Inputs:
    """Read both sides and the evaluation map.

    Parameters
    ----------
    protocol : DiarizationProtocol
    reading : Reading
    truth, found : path, mapping, DataFrame or SegmentTable
        RTTM, or segments whose labels are speakers.
    uem : path, mapping or EvaluationMap, optional
    whole : bool
        Whether these are all recordings.

    Raises
    ------
    ValueError
        An input is bad, or the evaluation map names no recording of the truth.
    """
    apart = protocol.channels == "apart"
    tables = {
        role: _table(source, role, reading, apart)
        for role, source in (("truth", truth), ("found", found))
    }
    tables = on_one_clock(reading.applied(tables, whole=whole))
    given = None if uem is None else as_map(uem, channels=apart)
    if given is not None and any(table.times is not None for table in tables.values()):
        raise ValueError("uem: its parts are seconds, and the turns have datetimes; give seconds")
    listed = tables["truth"].videos if given is None else tuple(given.spans)
    if given is not None:
        _check_names(given, tables["truth"])
    sides = {role: _by_recording(table) for role, table in tables.items()}
    nothing = _turns(tables["found"], np.empty(0, dtype=np.int64))
    recordings = tuple(
        Recording(
            name,
            sides["truth"].get(name, nothing),
            sides["found"].get(name, nothing),
            None if given is None else given.spans[name],
        )
        for name in listed
    )
    findings = _findings(tables, given, listed)
    notes = [note for table in tables.values() for note in table.notes]
    return Inputs(
        tables["truth"], tables["found"], given, recordings, tuple(findings), tuple(notes)
    )


def _table(source: Any, role: str, reading: Reading, apart: bool) -> SegmentTable:
    if apart and isinstance(source, str | os.PathLike) and not os.path.isdir(source):
        content = read_source(source, empty=True)  # type: ignore[arg-type]
        if is_rttm(content):
            if reading.columns_of(role) or reading.class_agnostic:
                raise ValueError(
                    f"{content.name}: RTTM has the same columns always, and its labels are "
                    "speakers; leave columns and class_agnostic out"
                )
            return table_of(read_rttm(content, channels=True))
    return reading.table(source, role, ranked=False)


def _turns(table: SegmentTable, rows: NDArray[np.int64]) -> Turns:
    numbers, who = np.unique(table.label[rows], return_inverse=True)
    names = [table.labels[k] for k in numbers.tolist()]
    order = sorted(range(len(names)), key=names.__getitem__)
    place = np.empty(len(names), dtype=np.int64)
    place[order] = np.arange(len(names))
    return Turns(
        np.array(table.start[rows]),
        np.array(table.stop[rows]),
        place[who] if len(rows) else np.empty(0, dtype=np.int64),
        tuple(names[k] for k in order),
    )


def _by_recording(table: SegmentTable) -> dict[str, Turns]:
    order = np.argsort(table.video, kind="stable")
    cuts = np.searchsorted(table.video[order], np.arange(1, len(table.videos)))
    parts = np.split(order, cuts) if table.videos else []
    return {name: _turns(table, rows) for name, rows in zip(table.videos, parts, strict=True)}


def _check_names(uem: EvaluationMap, truth: SegmentTable) -> None:
    """Refuse an evaluation map that names no recording of the truth."""
    if not truth.videos or set(uem.spans) & set(truth.videos):
        return
    reason = mismatch("recordings", truth.videos, tuple(uem.spans), "the UEM file", "the truth")
    raise ValueError(
        f"uem ({uem.source}): names no recording of the truth ({truth.source}): it has "
        f"{some(tuple(uem.spans), 3)}, and the truth {some(truth.videos, 3)}"
        + (f"; {reason.partition('; ')[2]}" if reason and "; " in reason else "")
    )


def _findings(
    tables: Mapping[str, SegmentTable], uem: EvaluationMap | None, listed: tuple[str, ...]
) -> list[str]:
    said = [one for table in tables.values() for one in table.findings]
    said += uem.findings if uem is not None else ()
    known, where = set(listed), "the truth" if uem is None else "the UEM file"
    truth, found = tables["truth"].videos, tables["found"].videos
    for role, names in (("truth", truth), ("found", found)):
        strange = [name for name in names if name not in known]
        if strange:
            hint = "; a UEM file that names them would let them count" if uem is None else ""
            said.append(
                f"{role}: {number_of(len(strange), 'recording')} left out, because "
                f"{where} does not have {'it' if len(strange) == 1 else 'them'} "
                f"({some(strange, 3)}){hint}"
            )
    silent = [name for name in listed if name not in set(found)]
    if silent:
        said.append(
            f"{number_of(len(silent), 'recording')} without found turns, of which all speech is "
            f"missed ({some(silent, 3)})"
        )
    reason = mismatch("recordings", listed, found, "found", where)
    return [*said, *([reason] if reason else [])]


def without(inputs: Inputs) -> Inputs:
    """Return what is known of inputs, without their recordings.

    Parameters
    ----------
    inputs : Inputs
    """
    return replace(inputs, recordings=())
