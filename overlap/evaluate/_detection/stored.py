"""Reports on detection, made again from their files.

A file has numbers and settings, but not the matches from which other numbers follow. The settings
name the inputs with their digests, and all rules.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from overlap.evaluate._ranking.strata import Range, Stratum
from overlap.evaluate.report import plain
from overlap.evaluate.report_files import ReportFile
from overlap.io.image_attributes import read_image_attributes

from .evaluate import by_protocols, score
from .protocol import DetectionProtocol
from .protocols import DETECTION_PROTOCOLS
from .report import DetectionReport

_RANGE = re.compile(r"(.+) in ([\[(])(\S+), (\S+?)([\])])")

__all__ = ["remade"]


def remade(path: str | Path, payload: Mapping[str, Any]) -> DetectionReport:
    """Evaluate the inputs of a report again, which must come out the same.

    Parameters
    ----------
    path : str or Path
        File of the report, from which its inputs are found.
    payload : mapping
        What the file holds.

    Raises
    ------
    ValueError
        The inputs were in memory or have changed, or the numbers come out differently.
    FileNotFoundError
        An input is missing.
    """
    file = ReportFile(path, payload)
    settings, first = file.settings, file.first
    options: dict[str, Any] = {role: file.place(role) for role in ("truth", "found")}
    options |= settings.get("reading") or {}
    options["ties"] = first.get("ties", "official")
    table = settings.get("strata") or {}
    if table:
        place = file.unchanged("table of strata", file.source("strata"), file.digest("strata"))
        options["strata"] = read_image_attributes(place)
    columns = table.get("columns", ())
    of_parts = (file.parts or {"": settings}).items()
    every = {name: _protocol(path, part, columns) for name, part in of_parts}

    def made(classes: Any) -> DetectionReport:
        if file.parts:
            report = by_protocols(every, **options, classes=classes)
        else:
            report = score(every[""], **options, classes=classes)
        for role in ("truth", "found"):
            file.check_input(role, report.settings[role]["sha256"])
        return report

    # classes are given only where they were chosen: else they follow from the truth
    return file.as_stored(map(made, (None, first.get("classes"))))  # type: ignore[return-value]


def _protocol(
    path: str | Path, settings: Mapping[str, Any], columns: Sequence[str]
) -> DetectionProtocol:
    """Return the protocol that settings describe, without the levels of columns of a table."""
    name = str(settings.get("protocol", ""))
    base = name.partition("[")[0]
    if base not in DETECTION_PROTOCOLS:
        known = ", ".join(DETECTION_PROTOCOLS)
        raise ValueError(f"{path}: no protocol {base!r}; known are {known}")
    usual = DETECTION_PROTOCOLS[base]
    before = plain(usual.settings())
    rules = dict(settings.get("rules", {}))
    if columns:
        rules["strata"] = [x for x in rules["strata"] if not _is_level(columns, *x)]
    changed = {field: value for field, value in rules.items() if before.get(field) != value}
    if "strata" in changed:
        changed["strata"] = tuple(_stratum(path, *entry) for entry in changed["strata"])
    for field in ("neighbors", "class_thresholds"):
        if field in changed:
            raise ValueError(
                f"{path}: its {field} were given in Python; compare or explain the reports there, "
                "with overlap.evaluate"
            )
    return usual.with_fields(**changed, thresholds=tuple(settings.get("thresholds", ())))


def _is_level(columns: Sequence[str], name: str, *ranges: str) -> bool:
    """Whether a stratum is the level of a column of a table."""
    sizes = [text.rpartition(" in ")[0] for text in ranges]
    return sizes == [name] and name.startswith(tuple(f"{column}=" for column in columns))


def _stratum(path: str | Path, name: str, *ranges: str) -> Stratum:
    """Return a part of the truths, and of the detections, that settings describe."""
    parts = []
    for text in ranges:
        words = _RANGE.fullmatch(text)
        if words is None:
            raise ValueError(f"{path}: {text!r} is no range of a stratum, as overlap writes them")
        closed = {"[]": "both", "[)": "left", "(]": "right", "()": "neither"}[words[2] + words[5]]
        parts.append(Range(words[1], float(words[3]), float(words[4]), closed))
    return Stratum(name, tuple(parts), tuple(parts))
