"""Checks of reports of this package: their numbers, and whether their inputs are there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from overlap.io._source import read_source
from overlap.io.candidate import Candidate
from overlap.io.inspection import Inspection
from overlap.io.printable import number_of
from overlap.io.volumes import read_header

from ._comparison.stored import stored_report
from ._conformation.sources import SEVERAL
from ._possession.report import stored_report as stored_possession
from ._possession.task import Possession
from ._possession.tracks import read_spells, read_tracks
from ._segmentation.sources import digest_of_files
from ._segmentation.task import Segmentation
from .contract import Contract, contract_of
from .report import package_versions
from .report_files import TYPES, check_unchanged, input_place, read_payload

__all__ = ["inspect_comparison", "inspect_report", "is_comparison", "is_report"]

_COMPARISON = {"settings", "table", "pairs", "stability"}
_EXPLANATION = {"metric", "table"}
_SHOWN = 3  # inputs that are not as they were, and numbers


@dataclass(frozen=True)
class _Input:
    """An input that a report names.

    Attributes
    ----------
    role : str
    source, digest : str
        As they are in the report; empty where it has none.
    now : callable
        Returns the digest of a path.
    """

    role: str
    source: str
    digest: str
    now: Callable[[str], str | None]


def is_report(candidate: Candidate) -> bool:
    """Whether a file has the entries of a report.

    Parameters
    ----------
    candidate : Candidate
    """
    return candidate.keys >= TYPES.keys()


def is_comparison(candidate: Candidate) -> bool:
    """Whether a file is what ``overlap compare`` or ``overlap explain`` wrote.

    Parameters
    ----------
    candidate : Candidate
    """
    return candidate.keys >= _COMPARISON or candidate.keys == _EXPLANATION


def inspect_comparison(candidate: Candidate) -> Inspection:
    """Look at a comparison or an explanation of reports, which no command reads.

    Parameters
    ----------
    candidate : Candidate
    """
    whole = candidate.payload
    rows = whole["table"] if isinstance(whole["table"], list) else []
    if candidate.keys == _EXPLANATION:
        facts = [("metric", str(whole["metric"])), ("steps", f"{len(rows):,}")]
        return Inspection("steps between two reports, written by overlap explain", facts, [])
    settings = whole["settings"] if isinstance(whole["settings"], dict) else {}
    facts = [("metric", str(settings.get("metric", "")))]
    names = [str(row.get("name", "")) for row in rows if isinstance(row, dict)]
    facts += [(f"rank {k}", name) for k, name in enumerate(names[:_SHOWN], 1)]
    return Inspection("ranks of reports, written by overlap compare", facts, [])


def inspect_report(candidate: Candidate) -> Inspection:
    """Look at a report: its evaluation, its version, and whether its inputs are as they were.

    Parameters
    ----------
    candidate : Candidate

    Returns
    -------
    Inspection
        Its findings are the errors with which ``overlap compare`` and ``overlap explain`` would
        end. Its content is what the file holds.

    Raises
    ------
    ValueError
        It is no whole report.
    """
    path = candidate.path
    payload = read_payload(path)
    settings, summary = payload["settings"], payload["summary"]
    what = f"report of the evaluation {settings.get('evaluation') or 'that it does not name'}"
    numbers = [f"{key} {x:.6g}" for key, x in summary.items() if isinstance(x, int | float)]
    shown = ", ".join(numbers[:_SHOWN]) + ", ..." * (len(numbers) > _SHOWN)
    facts = [("numbers", shown or "none")]
    facts.append(("rows", f"{len(payload['table']):,}"))
    versions = settings.get("versions")
    versions = versions if isinstance(versions, dict) else {}
    if versions:
        facts.append(("made with", ", ".join(f"{key} {x}" for key, x in versions.items())))
    findings: list[str] = []
    try:
        contract = contract_of(settings, path)
    except ValueError as error:
        return Inspection(what, facts, [_without_path(error, path)], content=payload)
    findings += _of_numbers(contract, payload)
    there, odd = _inputs(path, payload, contract)
    facts += there
    findings += odd
    here = package_versions().get("overlap-metrics")
    made = versions.get("overlap-metrics", here)
    if made != here:
        facts.append(("this is", f"overlap {here}"))
    if contract.reason:
        facts.append(("compare", f"not possible: it {contract.reason.partition('. ')[0]}"))
    findings += [x for x in settings.get("findings", ()) if isinstance(x, str)]
    return Inspection(what, facts, findings, content=payload)


def _of_numbers(contract: Contract, payload: Mapping[str, Any]) -> list[str]:
    """Say that the summary does not follow from the table, where the table has all it needs."""
    stored = {Segmentation.name: stored_report, Possession.name: stored_possession}
    if contract.evaluation not in stored or contract.reason:
        return []
    try:
        stored[contract.evaluation](payload)
    except Exception as error:  # an entry may be of any type
        return [str(error) or type(error).__name__]
    return []


def _inputs(
    path: str, payload: Mapping[str, Any], contract: Contract
) -> tuple[list[tuple[str, str]], list[str]]:
    """Return the inputs that are as they were, and findings on the others."""
    folder = str(payload.get("folder", "."))
    said, good, total = list[str](), list[str](), 0
    try:
        given = list(_named(payload["settings"], contract.evaluation))
    except (AttributeError, KeyError, TypeError) as error:
        return [], [f"the inputs that it names cannot be read ({type(error).__name__}: {error})"]
    facts = []
    for entry in given:
        total += 1
        if entry.source.endswith(SEVERAL):
            name = entry.source.removesuffix(SEVERAL)
            facts.append(("not compared", f"{entry.role}, several files, of which it names {name}"))
            continue
        try:
            place = input_place(path, folder, entry.role, entry.source, entry.digest)
            now = entry.now(place)
            check_unchanged(path, entry.role, entry.source, entry.digest, now)
            good.append(entry.role)
        except (ValueError, OSError, TypeError) as error:
            said.append(_without_path(error, path))
    if total:
        words = "all as they were" if len(good) == total else f"{len(good):,} as they were"
        facts.append(("inputs", f"{total:,}, {words}"))
        again = "yes" if len(good) == total else "no"
        facts.append(("can be recomputed", again))
    if len(said) > _SHOWN:
        said[_SHOWN:] = [f"{number_of(len(said) - _SHOWN, 'more input')} that cannot be read again"]
    return facts, said


def _named(settings: Mapping[str, Any], evaluation: str) -> Iterator[_Input]:
    """Yield the inputs that a report names."""
    if evaluation == Segmentation.name:
        for row in settings["inputs"]:
            for role in ("truth", "found"):
                name, digest = f"{role} of {row['case']}", row[f"{role}_sha256"]
                yield _Input(name, row[role] or "", digest or "", _digest_of_volume)
        return
    for role in ("truth", "found", "players", "ball", "ambiguous"):
        entry = settings.get(role) or {}
        if isinstance(entry.get("grids"), dict):
            for category, grid in entry["grids"].items():
                name, source, digest = f"grid of {category}", grid["file"], grid["sha256"]
                yield _Input(name, source or "", digest or "", _digest_of_text)
        elif entry:
            now = _digest_of_table(role) if evaluation == Possession.name else _digest_of_text
            yield _Input(role, entry.get("source") or "", entry.get("sha256") or "", now)


def _digest_of_volume(place: str) -> str:
    return digest_of_files(read_header(place).files)


def _digest_of_text(place: str) -> str:
    return read_source(place).sha256


def _digest_of_table(role: str) -> Callable[[str], str]:
    def digest(place: str) -> str:
        return (read_spells(place) if role == "truth" else read_tracks(place, role)).sha256

    return digest


def _without_path(error: Exception, path: str) -> str:
    text = " ".join(str(error).split())
    return text.removeprefix(f"{path}: ")
