"""Reports of any family, made again from their files."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from overlap.evaluate.protocol import Rules
from overlap.evaluate.report import Report, plain
from overlap.evaluate.report_files import ReportFile

from .families import TEMPORAL_PROTOCOLS, family_of
from .family import READING_FIELDS
from .reading import Reading

__all__ = ["remade", "stored_options"]


def stored_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options as a file of a report has them; those that it cannot have are None.

    Parameters
    ----------
    options : mapping
        As they were given.
    """
    return {name: _stored(value) for name, value in options.items()}


def _stored(value: Any) -> Any:
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, list | tuple):
        parts = [_stored(part) for part in value]
        return None if any(part is None for part in parts) else parts
    if isinstance(value, dict):
        return plain({name: _stored(part) for name, part in value.items()})
    return value if isinstance(value, str | int | float | bool) else None


def remade(path: str | Path, payload: Mapping[str, Any], evaluate: Callable[..., Report]) -> Report:
    """Evaluate the inputs of a report again, which must come out the same.

    Parameters
    ----------
    path : str or Path
        File of the report, from which its inputs are found.
    payload : mapping
        What the file holds.
    evaluate : callable
        `overlap.evaluate.temporal`.

    Raises
    ------
    ValueError
        The inputs were in memory or have changed, or the numbers come out differently.
    FileNotFoundError
        An input is missing.
    """
    file = ReportFile(path, payload)
    rules = _rules(path, file.first)
    given: dict[str, Any] = {}
    for name, value in (file.settings.get("options") or {}).items():
        if name in READING_FIELDS:  # the settings of reading have these, with digests of files
            continue
        if value is None:
            raise ValueError(
                f"{path}: its option {name} was in memory; compare or explain the reports in "
                "Python, with overlap.evaluate"
            )
        stated = file.first.get(name)
        if isinstance(stated, Mapping) and stated.get("source") and stated.get("sha256"):
            given[name] = file.unchanged(name, str(stated["source"]), str(stated["sha256"]))
        else:
            given[name] = _placed(path, file.folder, value)
    stated = file.settings.get("reading") or file.first.get("reading") or {}
    reading = Reading.of_settings(stated, file.unchanged)
    given |= {name: getattr(reading, name) for name in READING_FIELDS if getattr(reading, name)}
    given |= {role: file.place(role) for role in ("truth", "found")}
    chosen: Any = f"all:{family_of(rules)[0]}" if file.parts else rules
    report = evaluate(protocol=chosen, progress=False, **given)
    for role in ("truth", "found"):
        file.check_input(role, report.settings[role].get("sha256"))
    return file.as_stored([report])


def _placed(path: str | Path, folder: str, value: Any) -> Any:
    """Return an option, with a file that it names as it is seen from the report."""
    if not isinstance(value, str):
        return value
    here = os.path.join(os.path.dirname(os.path.realpath(path)), folder)
    place = os.path.normpath(os.path.join(here, value))
    return place if os.path.exists(place) else value


def _rules(path: str | Path, settings: Mapping[str, Any]) -> Rules:
    name = str(settings.get("protocol", ""))
    base = name.partition("[")[0]
    if base not in TEMPORAL_PROTOCOLS:
        known = ", ".join(TEMPORAL_PROTOCOLS)
        raise ValueError(f"{path}: no protocol {base!r}; known are {known}")
    usual = TEMPORAL_PROTOCOLS[base]
    before, stored = plain(usual.settings()), dict(settings.get("rules", {}))
    changed = {field: value for field, value in stored.items() if before.get(field) != value}
    if hasattr(usual, "thresholds") and settings.get("thresholds"):
        changed["thresholds"] = tuple(settings["thresholds"])
    return usual.with_fields(**changed)
