"""Both sides of an evaluation of tubes, with the same names, pixels and classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from overlap.io.name_match import closest
from overlap.io.printable import number_of, some
from overlap.io.tubes import TubeTable

from .protocol import TubeProtocol

__all__ = ["paired"]


def paired(
    protocol: TubeProtocol,
    truth: TubeTable,
    found: TubeTable,
    labels: Sequence[str] | None = None,
) -> tuple[TubeTable, TubeTable]:
    """Return both tables as a protocol compares them.

    Parameters
    ----------
    protocol : TubeProtocol
    truth, found : TubeTable
    labels : sequence of str, optional
        Classes to use; by default those of the truth.

    Raises
    ------
    ValueError
        Tubes are wanted and boxes are not linked, a query has two truths, boxes are shares on one
        side alone, or a class is unknown.
    """
    found = found.beside(truth)
    if truth.normalised != found.normalised and len(truth) and len(found):
        shares, pixels = (truth, found) if truth.normalised else (found, truth)
        raise ValueError(
            f"{shares.source} has boxes in shares of the frame, {pixels.source} in pixels; divide "
            "the pixels by the width and the height, and name the columns x1_norm, ..."
        )
    if protocol.of == "queries":
        truth, found = _by_query(truth), _by_query(found)
        twice = np.flatnonzero(np.bincount(truth.video, minlength=len(truth.videos)) > 1)
        if twice.size:
            raise ValueError(
                f"{truth.source}: the query {truth.videos[twice[0]]!r} has several tubes; each "
                "needs a name of its own, in the column query or video"
            )
        return truth, found
    if protocol.of == "tubes":
        for table in (truth, found):
            if len(table) and not table.linked:
                raise ValueError(
                    f"{table.source}: does not say which boxes belong together, and "
                    f"{protocol.name} compares whole tubes; add a column tube, or take a protocol "
                    "of boxes such as tubes_frame_map"
                )
    known = {*truth.labels, *found.labels}
    for label in labels or ():
        if label not in known:
            raise ValueError(
                f"labels: {label!r} is in neither truth nor predictions{closest(label, known)}"
            )
    return tuple(_of_classes(protocol, table, labels) for table in (truth, found))  # type: ignore[return-value]


def _by_query(table: TubeTable) -> TubeTable:
    """Return the table with one class, and the boxes of a video linked where nothing says how."""
    if table.linked or not len(table):
        return replace(table, labels=("all",), label=np.zeros_like(table.label))
    names = [table.videos[k] for k in table.video[table.owner]]
    score = table.box_confidence
    linked = TubeTable.of(
        names, table.frame, table.box, tube=["0"] * len(names), label=["all"] * len(names),
        confidence=score, source=table.source, sha256=table.sha256, normalised=table.normalised,
    )  # fmt: skip
    return replace(linked, notes=table.notes, findings=table.findings)


def _of_classes(
    protocol: TubeProtocol, table: TubeTable, labels: Sequence[str] | None
) -> TubeTable:
    """Leave out the tubes of classes that do not count."""
    out = [name in protocol.ignored_labels or not (labels is None or name in labels)
           for name in table.labels]  # fmt: skip
    left = np.array(out, dtype=bool)[table.label]
    if not left.any():
        return table
    names = [name for name, gone in zip(table.labels, out, strict=True) if gone]
    note = (
        f"{table.source}: {number_of(int(left.sum()), 'tube')} of {some(names, 6)} left out, "
        f"{'which ' + protocol.name + ' does not score' if labels is None else 'as labels says'}"
    )
    return replace(table.select(~left), notes=(*table.notes, note))
