"""Files of reports: their content, and the inputs that they name."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from overlap.io._json import parse_json
from overlap.io._source import read_source

from .numbers import not_as_stored
from .report import Report, package_versions

__all__ = ["TYPES", "ReportFile", "check_unchanged", "input_place", "read_payload"]

#: Entries that every report has.
TYPES = {"settings": dict, "summary": dict, "table": list}


def read_payload(path: str | Path) -> dict[str, Any]:
    """Read the content of a report.

    Parameters
    ----------
    path : str or Path
        File that `Report.to_json` wrote.

    Raises
    ------
    ValueError
        It is no report.
    OSError
        It is missing.
    """
    try:
        payload = parse_json(read_source(path))
    except ValueError as error:
        raise ValueError(
            f"{error}; a report is written whole, so the file was cut or changed afterwards, or is "
            "none"
        ) from None
    if not isinstance(payload, dict) or not all(
        isinstance(payload.get(key), kind) for key, kind in TYPES.items()
    ):
        raise ValueError(f"{path}: is not a report of overlap, which has {', '.join(TYPES)}")
    return payload


def input_place(path: str | Path, folder: str, role: str, source: str, digest: str) -> str:
    """Return where an input of a report lies.

    Parameters
    ----------
    path : str or Path
        File of the report.
    folder : str
        What relative names are meant from, seen from the file.
    role : str
        What the input is, for messages.
    source, digest : str
        Its name and digest in the report; empty for what was in memory.

    Raises
    ------
    ValueError
        It was in memory.
    FileNotFoundError
        It is not there.
    """
    if not source or not digest:
        raise ValueError(f"{path}: its {role} was not a file, so it cannot be evaluated again")
    here = os.path.join(os.path.dirname(os.path.realpath(path)), folder)
    place = os.path.normpath(os.path.join(here, source))
    if not os.path.exists(place):
        raise FileNotFoundError(
            f"{path}: its {role} {source} is not there any more (looked for {place}); relative "
            "names are meant from the report, so move both together"
        )
    return place


def check_unchanged(
    path: str | Path, role: str, source: str, digest: str, found: str | None
) -> None:
    """Refuse an input that is not as it was.

    Parameters
    ----------
    path : str or Path
        File of the report.
    role, source, digest : str
        As for `input_place`.
    found : str or None
        Its digest as it is.

    Raises
    ------
    ValueError
        The digests differ.
    """
    if found != digest:
        raise ValueError(
            f"{path}: its {role} {source} has changed since "
            f"(SHA-256 {digest[:12]}... in the report, {str(found)[:12]}... now); evaluate "
            "it again"
        )


@dataclass(frozen=True)
class ReportFile:
    """The file of a report that is made again, and must come out the same.

    Attributes
    ----------
    path : str or Path
    payload : mapping
        What it holds; see `read_payload`.
    """

    path: str | Path
    payload: Mapping[str, Any]

    @property
    def settings(self) -> dict[str, Any]:
        """Settings of the report."""
        return self.payload["settings"]

    @property
    def parts(self) -> dict[str, dict[str, Any]] | None:
        """Settings by protocol, if the report is of all; else None."""
        return self.settings.get("protocols") if self.settings.get("protocol") == "all" else None

    @property
    def first(self) -> dict[str, Any]:
        """Settings of the report, or of its first protocol."""
        return next(iter(self.parts.values())) if self.parts else self.settings

    @property
    def folder(self) -> str:
        """What relative names are meant from, seen from the file."""
        return str(self.payload.get("folder", "."))

    def source(self, role: str) -> str:
        """Return the name of an input; empty for what was in memory.

        Parameters
        ----------
        role : str
        """
        return str((self.settings.get(role) or {}).get("source") or "")

    def digest(self, role: str) -> str:
        """Return the digest of an input; empty for what was in memory.

        Parameters
        ----------
        role : str
        """
        return str((self.settings.get(role) or {}).get("sha256") or "")

    def place(self, role: str) -> str:
        """Return where an input lies; see `input_place`.

        Parameters
        ----------
        role : str
        """
        return input_place(self.path, self.folder, role, self.source(role), self.digest(role))

    def check_input(self, role: str, found: str | None) -> None:
        """Refuse an input that is not as it was; see `check_unchanged`.

        Parameters
        ----------
        role : str
        found : str or None
            Its digest as it is.
        """
        check_unchanged(self.path, role, self.source(role), self.digest(role), found)

    def unchanged(self, what: str, source: str, digest: str) -> str:
        """Return where another file lies that the report names; it must be as it was.

        Parameters
        ----------
        what : str
            What the file is, for messages.
        source, digest : str
            Its name and digest in the report.
        """
        place = input_place(self.path, self.folder, what, source, digest)
        check_unchanged(self.path, what, source, digest, read_source(place).sha256)
        return place

    def as_stored(self, made: Iterable[Report]) -> Report:
        """Return the first of some reports that has the numbers of the file.

        Parameters
        ----------
        made : iterable of Report
            One or more ways to make the report again; a later one is made if those before differ.

        Raises
        ------
        ValueError
            None has them.
        """
        odd: list[str] = []
        for report in made:
            odd = not_as_stored(dict(report.items), self.payload["summary"])
            if not odd:
                return report
        raise ValueError(
            f"{self.path}: evaluating its inputs again gives another {odd[0]}; {self._reason()}"
        )

    def _reason(self) -> str:
        """Say what may be the reason for other numbers."""
        before, now = self.first.get("versions") or {}, package_versions()
        changed = [
            f"{name} {before[name]}, here {now.get(name)}"
            for name in before
            if before[name] != now.get(name)
        ]
        if changed:
            return f"it was made with {'; '.join(changed)}. Make it again here"
        return "the file was changed, or was made with input that it does not name; make it again"
