"""Reports read back from ``report.json``.

A report of temporal scoring or detection has numbers and settings on disk, but not the matches from
which other numbers follow. The settings name the inputs with their digests and all rules, so the
report is made again, and must come out the same. A report with numbers per case, as of
segmentations, or per player, as of possession, has all that a comparison needs; its summary must
follow from its table.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from overlap.evaluate import Report
    from overlap.evaluate._comparison.case_table import StoredReport
    from overlap.evaluate.contract import Contract
    from overlap.io import SegmentTable

__all__ = ["load_compared", "load_reports"]

_LONGEST = 1000  # characters of a message


def load_compared(paths: Sequence[str | Path]) -> list[Report | StoredReport]:
    """Read ``report.json`` files for a comparison.

    Parameters
    ----------
    paths : sequence of str or Path
        Files that `Report.to_json` wrote. The inputs of temporal scoring and detection are
        evaluated again, as by `load_reports`; those with numbers per case or player are used as
        they are.

    Returns
    -------
    list of Report or StoredReport

    Raises
    ------
    ValueError
        The file is not such a report, or its summary does not follow from its table; and what
        `load_reports` raises.
    OSError
        A file is missing.
    """
    from overlap.evaluate import temporal as evaluate
    from overlap.evaluate._comparison import stored as numbers_per_case
    from overlap.evaluate._detection import stored as detection
    from overlap.evaluate._possession import report as possession
    from overlap.evaluate._temporal import stored as families
    from overlap.evaluate._temporal.families import of_family
    from overlap.evaluate._temporal.localization import stored as temporal
    from overlap.evaluate.report_files import read_payload

    tables: dict[tuple[str, str], SegmentTable] = {}
    loaded: list[Report | StoredReport] = []
    for path, payload in [(path, read_payload(path)) for path in paths]:
        kind = _contract(path, payload).evaluation
        with _whole(path):
            if kind == "temporal":
                loaded.append(temporal.remade(path, payload, tables))
            elif kind == "detection":
                loaded.append(detection.remade(path, payload))
            elif of_family(payload["settings"]):
                loaded.append(families.remade(path, payload, evaluate))
            else:
                stored = possession if kind == "possession" else numbers_per_case
                loaded.append(stored.stored_report(payload))
    return loaded


def load_reports(paths: Sequence[str | Path]) -> list[Report]:
    """Evaluate again what ``report.json`` files report.

    Parameters
    ----------
    paths : sequence of str or Path
        Files that `Report.to_json` wrote. The inputs that they name must still be there, under
        the same names and unchanged.

    Returns
    -------
    list of Report
        Reports on one input file share its table.

    Raises
    ------
    ValueError
        The file is not such a report, its inputs were in memory or have changed, or the numbers
        come out differently.
    OSError
        A file is missing.
    """
    from overlap.evaluate import temporal as evaluate
    from overlap.evaluate._detection import stored as detection
    from overlap.evaluate._temporal import stored as families
    from overlap.evaluate._temporal.families import of_family
    from overlap.evaluate._temporal.localization import stored as temporal
    from overlap.evaluate.report_files import read_payload

    tables: dict[tuple[str, str], SegmentTable] = {}
    reports: list[Report] = []
    for path in paths:
        payload = read_payload(path)
        kind = _contract(path, payload).evaluation
        family = of_family(payload["settings"])
        if kind not in ("temporal", "detection") and not family:
            word = "case" if kind == "segmentation" else "player"
            raise ValueError(
                f"{path}: is a report of numbers per {word}; wanted one of temporal scoring "
                "or detection, whose protocol can be changed"
            )
        with _whole(path):
            if kind == "temporal":
                reports.append(temporal.remade(path, payload, tables))
            elif family:
                reports.append(families.remade(path, payload, evaluate))
            else:
                reports.append(detection.remade(path, payload))
    return reports


@contextmanager
def _whole(path: str | Path) -> Iterator[None]:
    """Say of which file it is that an entry is missing or of another type."""
    try:
        yield
    except (OSError, ImportError):
        raise
    except ValueError as error:
        text = str(error)
        if len(text) <= _LONGEST and f"{path}" in text:
            raise
        text = text.removeprefix(f"{path}: ")
        if len(text) > _LONGEST:  # a value that someone wrote into the report
            text = f"{text[: _LONGEST // 2]} ... {text[-_LONGEST // 4 :]}"
        raise ValueError(f"{path}: {text}") from error
    except Exception as error:
        what = f"{type(error).__name__}: {error}"
        raise ValueError(
            f"{path}: an entry is missing or is not what overlap writes ({what}); the file was "
            "changed, or written by another version"
        ) from error


def _contract(path: str | Path, payload: dict[str, Any]) -> Contract:
    """Return the contract of a report that can be compared or explained."""
    from overlap.evaluate._temporal.families import of_family
    from overlap.evaluate.contract import contract_of

    contract = contract_of(payload["settings"], str(path))
    if contract.reason:
        raise ValueError(f"{path}: {contract.reason}")
    known = contract.evaluation in ("detection", "possession", "segmentation", "temporal")
    if not known and not of_family(payload["settings"]):
        raise ValueError(
            f"{path}: is a report on {contract.evaluation[:40]}, whose file has not all that a "
            "comparison needs; compare the reports in Python, with overlap.evaluate.compare"
        )
    return contract
