"""Resuming: measured cases on disk, one JSON file each, valid for the same inputs and rules."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from overlap.io._atomic import write_text

from .cases import Measured, Source
from .sources import digest_of_array, digest_of_files

__all__ = ["load_case", "store_case"]

_FORMAT = 3


def _path(folder: str, case: str) -> Path:
    """Name of the file of a case: the part of its name that is safe, and a digest."""
    safe = "".join(c if c.isalnum() or c in "-_." else "_" for c in case)[:60]
    return (
        Path(folder)
        / f"{safe}.{hashlib.sha256(case.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}.json"
    )


def _seal(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def store_case(folder: str, measured: Measured, settings: dict[str, Any]) -> None:
    """Write a measured case, all or nothing.

    Parameters
    ----------
    folder : str
        Folder, which exists.
    measured : Measured
    settings : dict
        Rules by which it was measured.

    Raises
    ------
    OSError
        It cannot be written, or there is something else in its place.
    """
    path = _path(folder, measured.case)
    if path.exists() and not path.is_file():
        raise OSError(f"{path}: is no plain file; remove it")
    content = {"format": _FORMAT, "settings": settings, "measured": measured.to_dict()}
    content = json.loads(json.dumps(content))
    write_text(path, json.dumps({**content, "sha256": _seal(content)}) + "\n")


def load_case(
    folder: str, case: str, settings: dict[str, Any], sources: tuple[Any, Any]
) -> tuple[Measured | None, str]:
    """Read a measured case if it still holds.

    Parameters
    ----------
    folder : str
    case : str
        Its name.
    settings : dict
        Rules of now.
    sources : tuple
        Truth and found of now.

    Returns
    -------
    measured : Measured or None
        None if it has to be measured.
    state : str
        ``"read"``; or ``""``, ``"changed"``, ``"damaged"``: why it has to be measured.
    """
    path = _path(folder, case)
    try:
        if path.exists() and not path.is_file():  # a pipe would keep a read waiting
            return None, "damaged"
        content = json.loads(path.read_bytes())
        seal = content.pop("sha256")
        if seal != _seal(content):
            return None, "damaged"
        measured = Measured.from_dict(content["measured"])
    except FileNotFoundError:
        return None, ""
    except Exception:  # whatever it holds, the case can be measured
        return None, "damaged"
    same = (
        content.get("format") == _FORMAT
        and content.get("settings") == json.loads(json.dumps(settings))
        and measured.case == case
        and all(map(_unchanged, measured.sources, sources))
    )
    if not same:
        return None, "changed"
    return Measured.from_dict({**content["measured"], "resumed": "read"}), "read"


def _unchanged(stored: Source, source: Any) -> bool:
    """Whether a side is what it was."""
    if not isinstance(source, str):
        return stored.sha256 == digest_of_array(source)
    if not stored.files or stored.files[0] != source:
        return False
    try:
        return stored.sha256 == digest_of_files(stored.files)
    except OSError:
        return False
