"""PDB and mmCIF files become gemmi structures, with a clear error where they cannot."""

from __future__ import annotations

from typing import Any

import numpy as np

from overlap.io._paths import suffix_of
from overlap.io._source import Source

__all__ = ["STRUCTURE_SUFFIXES", "import_gemmi", "parse_structure"]

#: Suffixes of structure files, each also with ``.gz``.
STRUCTURE_SUFFIXES = (".pdb", ".ent", ".cif", ".mmcif")
_PDB_RECORDS = (b"HEADER", b"TITLE ", b"ATOM  ", b"HETATM", b"CRYST1", b"REMARK", b"MODEL ")


def import_gemmi() -> Any:
    """Return the module gemmi.

    Raises
    ------
    ImportError
        It is not installed.
    """
    try:
        import gemmi
    except ImportError as error:
        raise ImportError(
            "protein structures need gemmi: pip install 'overlap-metrics[protein]'"
        ) from error
    return gemmi


def parse_structure(content: Source) -> Any:
    """Return the structure that a file holds.

    Parameters
    ----------
    content : Source
        PDB or mmCIF, told by the suffix, or by the content where that says nothing.

    Returns
    -------
    gemmi.Structure

    Raises
    ------
    ValueError
        The file is neither, is damaged, or has no atoms.
    """
    gemmi = import_gemmi()
    name = content.name
    suffix = suffix_of(name)
    text = content.data.decode("utf-8", errors="replace")
    lines = content.data.lstrip()
    if suffix in (".cif", ".mmcif") or (suffix not in STRUCTURE_SUFFIXES and _is_cif(text)):
        try:
            document = gemmi.cif.read_string(text)
        except (ValueError, RuntimeError) as error:
            message = " ".join(str(error).split()).replace("string:", "line ", 1)
            raise ValueError(f"{name}: is no readable mmCIF file ({message})") from None
        for block in document:
            structure = gemmi.make_structure_from_block(block)
            if _atoms(structure):
                return structure
        raise ValueError(f"{name}: has no atoms (no _atom_site with coordinates)")
    if suffix not in STRUCTURE_SUFFIXES and not lines.startswith(_PDB_RECORDS):
        raise ValueError(f"{name}: is neither a PDB nor an mmCIF file")
    _check_coordinates(content)
    try:
        structure = gemmi.read_pdb_string(text)
    except (ValueError, RuntimeError) as error:
        raise ValueError(f"{name}: {' '.join(str(error).split())}") from None
    if not _atoms(structure):
        raise ValueError(f"{name}: has no atoms (no ATOM or HETATM record)")
    return structure


def _atoms(structure: Any) -> int:
    return sum(model.count_atom_sites() for model in structure)


def _is_cif(text: str) -> bool:
    return any(line[:5].lower() == "data_" for line in text.splitlines())


def _check_coordinates(content: Source) -> None:
    """Refuse coordinates that are no numbers, which gemmi would read as 0."""
    for number, line in enumerate(content.data.splitlines(), 1):
        if line[:6] in (b"ATOM  ", b"HETATM"):
            try:
                x, y, z = (float(line[start : start + 8]) for start in (30, 38, 46))
            except ValueError:
                x = y = z = np.nan
            if not np.isfinite(x + y + z):
                shown = line[30:54].decode("ascii", errors="replace")
                raise ValueError(
                    f"{content.name}, line {number}: {shown!r} are no coordinates; wanted three "
                    "numbers in columns 31 to 54"
                )
