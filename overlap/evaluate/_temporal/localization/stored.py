"""Reports on temporal localization, made again from their files.

A file has numbers and settings, but not the matches from which other numbers follow. The settings
name the inputs with their digests, and all rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from overlap.evaluate.report_files import ReportFile
from overlap.io.segments import SegmentTable

from ..reading import Reading
from .family import FAMILY, by_protocols, evaluated
from .protocol import Protocol
from .protocols import PROTOCOLS
from .report import TemporalReport

__all__ = ["remade"]


def remade(
    path: str | Path, payload: Mapping[str, Any], tables: dict[tuple[str, str], SegmentTable]
) -> TemporalReport:
    """Evaluate the inputs of a report again, which must come out the same.

    Parameters
    ----------
    path : str or Path
        File of the report, from which its inputs are found.
    payload : mapping
        What the file holds.
    tables : dict
        Inputs that were read already, by role and path; those that are read here are added.

    Raises
    ------
    ValueError
        The inputs were in memory or have changed, or the numbers come out differently.
    FileNotFoundError
        An input is missing.
    """
    file = ReportFile(path, payload)
    settings, first = file.settings, file.first
    reading = Reading.of_settings(file.first.get("reading") or {}, file.unchanged)
    truth, found = (_input(file, role, tables, reading) for role in ("truth", "found"))
    options: dict[str, Any] = {
        "reading": reading,
        "subset": first.get("subset"),
        "ties": first.get("ties", "official"),
    }
    if settings.get("ambiguous"):
        options["ambiguous"] = _input(file, "ambiguous", tables, reading)
    if settings.get("nms"):
        options["nms"] = settings["nms"]
    of_parts = (file.parts or {"": settings}).items()
    protocols = {name: _protocol(path, part) for name, part in of_parts}

    def made(labels: Any) -> TemporalReport:
        chosen = {**options, "labels": labels}
        if file.parts:
            return by_protocols(truth, found, chosen, protocols=protocols, progress=False)
        task: Any = FAMILY.task(protocols[""], chosen)
        return evaluated(task, FAMILY.inputs(truth, found, chosen), progress=False)

    # classes are given only where they were chosen: else they follow from the truth
    return file.as_stored(map(made, (None, first.get("classes"))))  # type: ignore[return-value]


def _input(
    file: ReportFile,
    role: Any,
    tables: dict[tuple[str, str], SegmentTable],
    reading: Reading,
) -> SegmentTable:
    place = file.place(role)
    how = {**reading.columns_of(role), "class_agnostic": str(reading.class_agnostic)}
    key = role + "".join(f" {x}={y}" for x, y in how.items()), place
    if key not in tables:
        tables[key] = replace(reading.table(place, role), source=file.source(role))
    file.check_input(role, tables[key].sha256)
    return tables[key]


def _protocol(path: str | Path, settings: dict[str, Any]) -> Protocol:
    name = str(settings.get("protocol", ""))
    base = name.partition("[")[0]
    if base not in PROTOCOLS:
        raise ValueError(f"{path}: no protocol {base!r}; known are {', '.join(PROTOCOLS)}")
    rules = dict(settings.get("rules", {}), thresholds=settings.get("thresholds", ()))
    return PROTOCOLS[base].with_fields(**rules)
