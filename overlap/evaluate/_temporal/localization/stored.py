"""Reports on temporal localization, made again from their files.

A file has numbers and settings, but not the matches from which other numbers follow. The settings
name the inputs with their digests, and all rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from overlap.evaluate.numbers import not_as_stored
from overlap.evaluate.report_files import check_unchanged, input_place, why_changed
from overlap.io._source import read_source
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
    settings, summary = payload["settings"], payload["summary"]
    parts = settings.get("protocols") if settings.get("protocol") == "all" else None
    first = next(iter(parts.values())) if parts else settings
    folder = str(payload.get("folder", "."))
    reading = _reading(path, folder, first)
    truth = _input(path, folder, settings, "truth", tables, reading)
    found = _input(path, folder, settings, "found", tables, reading)
    options: dict[str, Any] = {
        "reading": reading,
        "subset": first.get("subset"),
        "ties": first.get("ties", "official"),
    }
    if settings.get("ambiguous"):
        options["ambiguous"] = _input(path, folder, settings, "ambiguous", tables, reading)
    if settings.get("nms"):
        options["nms"] = settings["nms"]
    protocols = {name: _protocol(path, part) for name, part in (parts or {"": settings}).items()}
    # classes are given only where they were chosen: else they follow from the truth
    for labels in (None, first.get("classes")):
        options["labels"] = labels
        if parts:
            report = by_protocols(truth, found, options, protocols=protocols, progress=False)
        else:
            task: Any = FAMILY.task(protocols[""], options)
            report = evaluated(task, FAMILY.inputs(truth, found, options), progress=False)
        odd = not_as_stored(dict(report.items), summary)
        if not odd:
            return report
    raise ValueError(
        f"{path}: evaluating its inputs again gives another {odd[0]}; {why_changed(first)}"
    )


def _input(
    path: str | Path,
    folder: str,
    settings: dict[str, Any],
    role: Any,
    tables: dict[tuple[str, str], SegmentTable],
    reading: Reading,
) -> SegmentTable:
    stored = settings.get(role) or {}
    source, digest = (str(stored.get(key) or "") for key in ("source", "sha256"))
    place = input_place(path, folder, role, source, digest)
    how = {**reading.columns_of(role), "class_agnostic": str(reading.class_agnostic)}
    key = role + "".join(f" {x}={y}" for x, y in how.items()), place
    if key not in tables:
        tables[key] = replace(reading.table(place, role), source=source)
    table = tables[key]
    check_unchanged(path, role, source, digest, table.sha256)
    return table


def _reading(path: str | Path, folder: str, settings: Mapping[str, Any]) -> Reading:
    """Return how the inputs were read; lists and rules must be as they were."""

    def place(what: str, source: str, digest: str) -> str:
        now = input_place(path, folder, what, source, digest)
        check_unchanged(path, what, source, digest, read_source(now).sha256)
        return now

    return Reading.of_settings(settings.get("reading") or {}, place)


def _protocol(path: str | Path, settings: dict[str, Any]) -> Protocol:
    name = str(settings.get("protocol", ""))
    base = name.partition("[")[0]
    if base not in PROTOCOLS:
        raise ValueError(f"{path}: no protocol {base!r}; known are {', '.join(PROTOCOLS)}")
    rules = dict(settings.get("rules", {}), thresholds=settings.get("thresholds", ()))
    return PROTOCOLS[base].with_fields(**rules)
