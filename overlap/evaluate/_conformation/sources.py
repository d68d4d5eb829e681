"""Sources of conformations: their settings, notes and findings in reports, and their categories."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from overlap.io.conformation_check import findings_of as said_of
from overlap.io.conformations import Conformations
from overlap.io.rama_grids import RamaGrids
from overlap.io.residues import ResidueTable

__all__ = ["NOT_PAIRED", "SEVERAL", "described", "digests_of", "findings_of", "in_same_categories",
           "is_four", "library_settings", "notes_of", "source_settings",
           "table_settings"]  # fmt: skip

#: Ends the name of the first of several files.
SEVERAL = " ..."
#: Why reports on angles are not ranked beside each other.
NOT_PAIRED = (
    "is on backbone angles. What is drawn for its intervals are its own chains or residues, which "
    "no other report shares, so that nothing pairs two reports; compare the two sets of angles "
    "with each other (`overlap ramachandran A B --regions`, evaluate.conformation), or look at "
    "the intervals of each report"
)


def source_settings(source: Conformations) -> dict[str, Any]:
    """Return name, digest and counts of an input, as plain data.

    Parameters
    ----------
    source : ResidueTable, RamaGrids or RegionSet
    """
    if isinstance(source, ResidueTable):
        return table_settings(source)
    if isinstance(source, RamaGrids):
        return library_settings(source)
    regions = [f"{category}, {level}" for category, level in source.regions]
    return {
        "source": source.source, "kind": "regions", "sha256": source.sha256, "regions": regions,
    }  # fmt: skip


def table_settings(table: ResidueTable) -> dict[str, Any]:
    """Return name, digest, rules and counts of a table of residues.

    Parameters
    ----------
    table : ResidueTable
    """
    names = [name for name, _ in table.sources]
    few = len(names) <= 1
    return {
        "source": names[0] if few else names[0] + SEVERAL,
        "sha256": table.sources[0][1] if few else _digest_of(table.sources),
        **table.settings,
        "residues": len(table),
        "counted": int(table.counted.sum()),
        "left_out": table.left_out_counts(),
        "failures": [vars(failure) for failure in table.failures],
    }


def library_settings(library: RamaGrids) -> dict[str, Any]:
    """Return names, digests and sizes of the grids of a library.

    Parameters
    ----------
    library : RamaGrids
    """
    entries = {
        category: {
            "file": library.files.get(category, ""),
            "title": library.titles.get(category, ""),
            "sha256": library.digests.get(category),
            "nodes": list(grid.values.shape),
            "quantity": grid.quantity,
            "points": grid.point_count,
        }
        for category, grid in library.grids.items()
    }
    names = list(library.files.values())
    return {
        "source": _common(names) if names else "grids in memory",
        "kind": "grids",
        "sha256": _digest_of((name, library.digests[key]) for key, name in library.files.items()),
        "grids": entries,
    }


def _common(names: list[str]) -> str:
    """Return the folder of several files, or the file itself."""
    if len(names) == 1:
        return names[0]
    return os.path.dirname(names[0]) or "."


def _digest_of(sources: Iterable[tuple[str, str | None]]) -> str | None:
    known = [digest for _, digest in sources if digest]
    if not known:
        return None
    return hashlib.sha256("".join(f"{digest}\n" for digest in sorted(known)).encode()).hexdigest()


def notes_of(source: Conformations, role: str) -> list[str]:
    """Return remarks on the reading of an input, with its role before each.

    Parameters
    ----------
    source : ResidueTable, RamaGrids or RegionSet
    role : str
    """
    notes: list[str] = []
    if isinstance(source, ResidueTable):
        notes += source.notes
        if source.failures:
            first = source.failures[0]
            count = len(source.failures)
            notes.append(
                f"{count} file{'s' * (count != 1)} could not be read and "
                f"{'are' if count != 1 else 'is'} in no number (first: {first.source}: "
                f"{first.reason})"
            )
    elif isinstance(source, RamaGrids) and source.ignored:
        others = ", ".join(source.ignored[:3]) + (" ..." if len(source.ignored) > 3 else "")
        notes.append(f"{len(source.ignored)} files of the folder were not read ({others})")
    return [f"{role}: {note}" for note in notes]


def findings_of(source: Conformations, role: str) -> list[str]:
    """Return messages on an input that must not be missed, with its role before each.

    Parameters
    ----------
    source : ResidueTable, RamaGrids or RegionSet
    role : str
    """
    return [f"{role}: {finding}" for finding in said_of(source)]


def is_four(source: Conformations) -> bool:
    """Whether an input is a library of four categories.

    Parameters
    ----------
    source : ResidueTable, RamaGrids or RegionSet
    """
    return isinstance(source, RamaGrids) and source.four


def in_same_categories(
    inputs: Sequence[Conformations],
) -> tuple[list[Conformations], list[str]]:
    """Put residues into four categories where the other side has four, and say so.

    Parameters
    ----------
    inputs : sequence of (ResidueTable, RamaGrids or RegionSet)
        Of found and truth.
    """
    four = [is_four(source) for source in inputs]
    if not any(four):
        return list(inputs), []
    result: list[Conformations] = []
    notes = [
        "there are four categories: prolines are in one, and isoleucine and valine are general"
    ]
    for source, role, is_its_own in zip(inputs, ("found", "truth"), four, strict=True):
        if isinstance(source, ResidueTable):
            source = source.in_four_categories()
        elif not is_its_own:
            notes.append(
                f"{role} has other categories: its general may be without isoleucine and valine"
            )
        result.append(source)
    return result, notes


def digests_of(settings: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """Write the digests of inputs for a sentence.

    Parameters
    ----------
    settings : mapping
        Of a report, with an entry for each role.
    names : mapping from str to str
        What the sides are called, by role.
    """
    known = [
        f"{name} {settings[role]['sha256'][:16]}"
        for role, name in names.items()
        if settings[role]["sha256"]
    ]
    return f"SHA-256: {'; '.join(known)}." if known else ""


def described(entry: Mapping[str, Any]) -> str:
    """Return the name of an input, with its counts, for the screen.

    Parameters
    ----------
    entry : mapping
        What `source_settings` returned.
    """
    name = str(entry["source"])
    for kind in ("grids", "regions"):
        if entry["kind"] == kind:
            count = len(entry[kind])
            return f"{name} ({count} {kind[:-1]}{'s' * (count != 1)})"
    counts = entry.get("counts", {})
    words = [
        f"{counts[key]:,} {word}{'s' * (counts[key] != 1)}"
        for key, word in (("files", "file"), ("chains", "chain"))
        if key in counts
    ]
    words.append(f"{entry['counted']:,} of {entry['residues']:,} residues")
    return f"{name} ({', '.join(words)})"
