"""Checks of tables of possession: facts and findings, without scores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from overlap.io.candidate import Candidate
from overlap.io.inspection import Inspection
from overlap.io.printable import number_of
from overlap.io.segment_check import has_labels

from .findings import findings_of
from .scene import read_tables
from .tracks import Table, read_spells, read_tracks, role_of

__all__ = ["compare_tables", "inspect_table", "is_table"]

_WORDS = {
    "players": "regions of players by frame",
    "ball": "regions of the ball by frame",
    "truth": "annotated spells of possession",
}


def is_table(candidate: Candidate) -> bool:
    """Whether a table has the columns of players, of the ball or of annotated spells.

    Parameters
    ----------
    candidate : Candidate
    """
    role = role_of([name.strip().lower() for name in candidate.header])
    # segments of several videos have labels, and spells have players
    return bool(role) and not (role == "truth" and has_labels(candidate))


def inspect_table(candidate: Candidate) -> Inspection:
    """Look at a table of players, of the ball, or of annotated spells.

    Parameters
    ----------
    candidate : Candidate

    Returns
    -------
    Inspection
        Its content is the path.

    Raises
    ------
    ValueError
        It cannot be read; see `overlap.evaluate.possession`.

    Examples
    --------
    >>> from overlap.io import sample_path
    >>> seen = inspect_table(Candidate(str(sample_path("possession_truth"))))
    >>> seen.role, dict(seen.facts)["spells"]
    ('truth', '17 of 2 players')
    """
    role = role_of([name.strip().lower() for name in candidate.header])
    form = "Parquet" if candidate.suffix == ".parquet" else "CSV"
    what = f"{_WORDS[role]}, {form}"
    findings: list[str] = []
    if role == "truth":
        table = read_spells(candidate.path)
        facts = _of_spells(table, findings)
    else:
        table = read_tracks(candidate.path, role)
        facts = _of_regions(table)
        # the checks of one table are made where tables meet: here with one without rows
        other = _without_rows(table)
        sides = (table, other) if role == "players" else (other, table)
        read_tables(*(_given(side, candidate.path, table) for side in sides))
    if table.video is not None:
        facts.append(("videos", f"{len(table.video.names):,}: {_some(table.video.names)}"))
    return Inspection(what, facts, findings, role, candidate.path)


def compare_tables(sides: Mapping[str, str], fps: float | None = None) -> Inspection:
    """Say whether tables of players, ball and spells belong together.

    Parameters
    ----------
    sides : mapping from str to str
        Paths by role.
    fps : float, optional
        Frames per second.

    Returns
    -------
    Inspection
        What `overlap.evaluate.possession` finds in the same tables.
    """
    try:
        scenes = read_tables(**sides).scenes
    except (ValueError, TypeError) as error:
        return Inspection("tables of possession", [], [str(error)])
    shared = sum(int(np.isin(x.frame, x.ball_frame).sum()) for x in scenes.values())
    facts = [("together", f"{shared:,} rows of players have a ball in their frame")]
    return Inspection("tables of possession", facts, findings_of(scenes, shared > 0, fps))


def _without_rows(table: Table) -> dict[str, Any]:
    """Return columns of the other side, with the columns of videos that `table` has."""
    names = ("frame", "x0", "y0", "x1", "y1")
    columns: dict[str, Any] = {name: np.empty(0, np.int64) for name in names}
    if table.role == "ball":
        columns["track"] = np.empty(0, object)
    if table.video is not None:
        columns["video"] = np.empty(0, object)
    return columns


def _given(side: Any, path: str, table: Table) -> Any:
    return path if side is table else side


def _of_regions(table: Table) -> list[tuple[str, str]]:
    facts = [("rows", f"{len(table.frame):,}")]
    if table.track is not None:
        facts.append(("tracks", f"{len(table.track.names):,}: {_some(table.track.names)}"))
    if len(table.frame):
        facts.append(("frames", f"{table.frame.min():,} to {table.frame.max():,}"))
        ends = table.rows.bounds()
        assert ends is not None  # files have boxes
        facts.append(("places", f"x {_span(*ends, 0)}, y {_span(*ends, 1)}"))
    return facts


def _of_spells(table: Table, findings: list[str]) -> list[tuple[str, str]]:
    assert table.track is not None
    spans = table.rows.to_array()
    players = number_of(len(table.track.names), "player")
    facts = [("spells", f"{len(spans):,} of {players}")]
    if len(spans):
        length = spans[:, 1] - spans[:, 0]
        facts.append(("times", f"seconds, from {spans.min():g} to {spans.max():g}"))
        facts.append(("lengths", f"{length.min():g} to {length.max():g} s"))
        empty = int((length == 0).sum())
        if empty:
            findings.append(f"{number_of(empty, 'spell')} of zero length")
    return facts


def _span(low: Any, high: Any, axis: int) -> str:
    return f"{low[axis].min():g} to {high[axis].max():g}"


def _some(names: tuple[str, ...]) -> str:
    return ", ".join(names[:6]) + ", ..." * (len(names) > 6)
