"""Both sides of an evaluation of sound events, where predictions may be of several thresholds."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from overlap.io._paths import natural_key
from overlap.io._source import read_source
from overlap.io.durations import as_durations
from overlap.io.segments import SegmentTable

from ..reading import Reading, notes_of

__all__ = ["read_inputs"]


def read_inputs(reading: Reading, truth: Any, found: Any, durations: Any = None) -> dict[str, Any]:
    """Read both sides, and every operating point by itself.

    Parameters
    ----------
    reading : Reading
    truth : path, mapping, DataFrame or SegmentTable
    found : the same, or a list or folder of them
        Several are operating points.
    durations : path or mapping, optional
        Seconds of recordings.

    Returns
    -------
    dict
        Table of the truth, list of tables of predictions, durations and their file, notes and
        findings of reading, and the reading itself.
    """
    truths: SegmentTable | None = None
    tables, notes, findings = [], list[str](), list[str]()
    for point in _points(found):
        sides = reading.tables(truth if truths is None else truths, point, ranked=False)
        truths = sides["truth"]
        tables.append(sides["found"])
        notes += notes_of(sides)
        findings += [said for table in sides.values() for said in table.findings]
    result: dict[str, Any] = {
        "truth": truths,
        "found": tables,
        "notes": list(dict.fromkeys(notes)),
        "findings": list(dict.fromkeys(findings)),
        "reading": reading,
    }
    if durations is not None:
        result["durations"] = as_durations(durations)
    if isinstance(durations, str | os.PathLike):
        digest = read_source(Path(durations)).sha256
        result["durations_file"] = {"source": os.fspath(durations), "sha256": digest}
    return result


def _points(found: Any) -> list[Any]:
    """Return the predictions of each operating point."""
    if isinstance(found, list | tuple):
        if not found:
            raise ValueError("found: is an empty list; wanted the predictions of one or more "
                             "operating points")  # fmt: skip
        return list(found)
    if isinstance(found, str | os.PathLike) and Path(found).is_dir():
        files = [
            path for path in Path(found).iterdir()
            if path.is_file() and not path.name.startswith(".")
        ]  # fmt: skip
        if not files:
            raise ValueError(
                f"{found}: the folder has no files; wanted one file of predictions for each "
                "operating point"
            )
        return sorted(files, key=lambda path: natural_key(path.name))
    return [found]
