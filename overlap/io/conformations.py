"""Conformations from any source: structures, tables of angles, grids, and regions."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from overlap._common.values import ReadOnly
from overlap.io._paths import find_files, suffix_of
from overlap.io._source import read_source
from overlap.io.angles import is_angle_table, read_angles
from overlap.io.boundary import reads_file
from overlap.io.pdb_mmcif import STRUCTURE_SUFFIXES
from overlap.io.rama_grids import RamaGrids, read_rama_grids
from overlap.io.region_files import PERIOD, RegionSet, read_regions
from overlap.io.residue_categories import EVERYTHING, as_category
from overlap.io.residues import ResidueTable
from overlap.io.structure_rules import StructureRules
from overlap.io.structures import StructureFile, joined_structures, read_structure

__all__ = ["Conformations", "Piece", "Pieces", "joined", "kind_of", "pieces_of",
           "read_conformations", "read_piece"]  # fmt: skip

Conformations = ResidueTable | RamaGrids | RegionSet

_SUFFIXES = {
    **dict.fromkeys(STRUCTURE_SUFFIXES, "structures"),
    **dict.fromkeys((".csv", ".tsv", ".txt"), "angles"),
    **dict.fromkeys((".geojson", ".json"), "regions"),
    ".data": "grids",
}
_WANTED = (
    "PDB or mmCIF structures, a CSV table with the columns phi and psi, Ramachandran grids "
    "(.data), or GeoJSON polygons"
)


def kind_of(source: Any) -> str:
    """Tell which kind of input this is.

    Parameters
    ----------
    source : path, list of paths, or anything else that `read_conformations` takes

    Returns
    -------
    {"structures", "angles", "grids", "regions"}

    Raises
    ------
    ValueError
        It is none of them.
    OSError
        The file is missing.
    TypeError
        It is no input at all.
    """
    if isinstance(source, ResidueTable):
        return "structures" if source.settings.get("kind") == "structures" else "angles"
    if isinstance(source, RamaGrids | RegionSet):
        return "grids" if isinstance(source, RamaGrids) else "regions"
    if isinstance(source, str | os.PathLike):
        return _kind_of_path(os.fspath(source))
    if isinstance(source, Sequence):
        kinds = list(dict.fromkeys(_kind_of_path(os.fspath(entry)) for entry in source))
        if len(kinds) == 1 and kinds[0] in ("structures", "angles"):
            return kinds[0]
        raise ValueError(
            f"a list of {' and '.join(kinds) or 'nothing'}; wanted structures, or tables of angles"
        )
    from overlap.regions.polygons import Polygons
    from overlap.torus import PeriodicGrid

    if isinstance(source, PeriodicGrid):
        return "grids"
    if isinstance(source, Polygons):
        return "regions"
    if hasattr(source, "keys"):
        if isinstance(source, Mapping):
            values = list(source.values())
            if values and all(isinstance(value, PeriodicGrid) for value in values):
                return "grids"
            if values and all(isinstance(value, Polygons) for value in values):
                return "regions"
        return "angles"
    raise TypeError(f"conformations: got {type(source).__name__}; wanted {_WANTED}, or a DataFrame")


def _kind_of_path(name: str) -> str:
    path = Path(name)
    if path.is_dir():
        suffixes = {suffix_of(entry) for entry in path.iterdir() if entry.is_file()}
        for kind, wanted in (("grids", {".data"}), ("structures", set(STRUCTURE_SUFFIXES))):
            if suffixes & wanted:
                return kind
        raise ValueError(
            f"{name}: the folder has neither structures ({', '.join(STRUCTURE_SUFFIXES)}) nor "
            "grids (.data)"
        )
    files, _ = find_files(name, tuple(_SUFFIXES), "conformations")
    suffix = suffix_of(files[0])
    if suffix in _SUFFIXES:
        return _SUFFIXES[suffix]
    content = read_source(files[0])
    if is_angle_table(content):
        return "angles"
    head = content.data.lstrip()[:6]
    if head[:1] == b"{":
        return "regions"
    if head[:5].lower() == b"data_" or head in (b"HEADER", b"ATOM  ", b"HETATM", b"CRYST1"):
        return "structures"
    raise ValueError(f"{name}: cannot tell what this is; wanted {_WANTED}")


@reads_file
def read_conformations(
    source: Any,
    *,
    category: str | None = None,
    unit: Any = None,
    rules: StructureRules | None = None,
) -> Conformations:
    """Read structures, tables of angles, grids, or regions.

    Parameters
    ----------
    source : path, list of paths, DataFrame, mapping, PeriodicGrid, Polygons, or a result
        Structures (a file, folder, pattern or list); tables of angles; grids (a file, a folder,
        a `PeriodicGrid`, or a mapping from category to one); or regions (GeoJSON, `Polygons`, or
        a mapping from level, or from category and level, to `Polygons` of one region).
    category : str, optional
        Category of angles, of a single grid, and of regions that name none.
    unit : {"degrees", "radians"}, optional
        Of tables of angles; by default it is told.
    rules : StructureRules, optional
        How structures are read.

    Returns
    -------
    ResidueTable, RamaGrids or RegionSet

    Raises
    ------
    ValueError
        The input is bad; the message names the file and row.
    OSError
        A file is missing or unreadable.
    TypeError
        It is no input at all.
    """
    rules = StructureRules() if rules is None else rules
    found = pieces_of(source)
    read = [read_piece(x, category=category, unit=unit, rules=rules) for x in found.pieces]
    return joined(read, rules, found.ignored)


@dataclass(frozen=True)
class Piece:
    """One file or object of an input.

    Attributes
    ----------
    kind : {"structures", "angles", "grids", "regions", "read"}
    source : Any
    alone : bool
        Whether the input is this one file.
    """

    kind: str
    source: Any
    alone: bool = True

    @property
    def is_file(self) -> bool:
        """Whether it is read from one file."""
        return isinstance(self.source, str | os.PathLike) and self.kind in ("structures", "angles")


@dataclass(frozen=True)
class Pieces:
    """Files or objects that an input consists of.

    Attributes
    ----------
    pieces : tuple of Piece
    ignored : tuple of str
        Files of folders that are not read.
    """

    pieces: tuple[Piece, ...]
    ignored: tuple[str, ...] = ()


def pieces_of(source: Any) -> Pieces:
    """Return the files or objects of an input, without reading them.

    Parameters
    ----------
    source : Any
        As for `read_conformations`.
    """
    if isinstance(source, ResidueTable | RamaGrids | RegionSet):
        return Pieces((Piece("read", source),))
    kind = kind_of(source)
    in_memory = kind == "angles" and hasattr(source, "keys")
    if kind not in ("structures", "angles") or (in_memory and not isinstance(source, str)):
        return Pieces((Piece(kind, source),))
    suffixes = STRUCTURE_SUFFIXES if kind == "structures" else (".csv", ".tsv", ".txt")
    what = "structures" if kind == "structures" else "tables of angles"
    files, ignored = find_files(source, suffixes, what)
    pieces = (Piece(kind, str(file), len(files) == 1) for file in files)
    return Pieces(tuple(pieces), tuple(map(str, ignored)) if kind == "structures" else ())


def read_piece(
    piece: Piece, *, category: str | None, unit: Any, rules: StructureRules
) -> StructureFile | Conformations:
    """Read one file or object.

    Parameters
    ----------
    piece : Piece
    category, unit, rules
        As for `read_conformations`.
    """
    source = piece.source
    if piece.kind == "read":
        return source
    if piece.kind == "structures":
        return read_structure(source, rules, alone=piece.alone)
    if piece.kind == "angles":
        table = read_angles(source, unit=unit, category=category, cis_limit=rules.cis_limit)
        given = rules.of_structures()
        said = f"a table of angles, for which {', '.join(given)} means nothing"
        return replace(table, notes=(*table.notes, said)) if given else table
    if isinstance(source, str | os.PathLike):
        if piece.kind == "grids":
            return _grids(source, category)
        return read_regions(source, category=category)
    name = EVERYTHING if category is None else as_category(category)
    if piece.kind == "grids":
        grids = source if isinstance(source, Mapping) else {name: source}
        return _in_memory({as_category(str(key)): grid for key, grid in grids.items()})
    regions = source if isinstance(source, Mapping) else {"favored": source}
    return RegionSet(_named_regions(regions, name), "polygons")


def joined(
    read: Sequence[StructureFile | Conformations],
    rules: StructureRules,
    ignored: Sequence[str] = (),
) -> Conformations:
    """Put the contents of the pieces of an input together.

    Parameters
    ----------
    read : sequence
        Results of `read_piece`.
    rules : StructureRules
    ignored : sequence of str
        Files of folders that were not read.

    Raises
    ------
    TypeError
        Pieces are of different kinds, or several where one is wanted.
    """
    files = [one for one in read if isinstance(one, StructureFile)]
    tables = [one for one in read if isinstance(one, ResidueTable)]
    if len(files) == len(read):
        return joined_structures(files, rules, ignored)
    if len(tables) == len(read):
        return _joined(tables)
    if len(read) == 1 and not isinstance(read[0], StructureFile):
        return read[0]
    raise TypeError(
        "several inputs; wanted structures alone, tables of angles alone, or one library or set of "
        "regions"
    )


def _joined(tables: list[ResidueTable]) -> ResidueTable:
    """Join tables of angles; each note names its table."""
    if len(tables) == 1:
        return tables[0]
    units = list(dict.fromkeys(table.settings["unit"] for table in tables))
    mixed = ["some tables are in radians and some in degrees"] * (len(units) > 1)
    result = ResidueTable.joined(tables)
    return replace(
        result,
        settings={**result.settings, "unit": " and ".join(units)},
        notes=tuple(f"{x.sources[0][0]}: {note}" for x in tables for note in x.notes),
        findings=(*mixed, *(f"{x.sources[0][0]}: {said}" for x in tables for said in x.findings)),
    )


def _grids(path: str | os.PathLike[str], category: str | None) -> RamaGrids:
    """Read grids; `category` is for a file whose name does not tell one."""
    try:
        return read_rama_grids(path)
    except ValueError as error:
        if category is None or "does not tell a category" not in str(error):
            raise
    return read_rama_grids(path, category=category)


def _in_memory(grids: dict[str, Any]) -> RamaGrids:
    """Wrap grids that were given as objects."""
    for key, grid in grids.items():
        if grid.period != PERIOD:
            raise ValueError(
                f"the grid of {key} has the period {grid.period}; wanted degrees, {PERIOD}"
            )
    none: Mapping[str, str] = ReadOnly({})
    return RamaGrids(ReadOnly(grids), none, none, none, ())


def _named_regions(regions: Mapping[Any, Any], category: str) -> dict[tuple[str, str], Any]:
    result = {}
    for key, polygons in regions.items():
        pair = key if isinstance(key, tuple) else (category, key)
        if len(polygons) != 1:
            raise ValueError(
                f"the regions of {key!r} are {len(polygons)}; wanted one, in a mapping from level "
                "or (category, level)"
            )
        if polygons.period != PERIOD:
            raise ValueError(
                f"the region of {key!r} has the period {polygons.period}; wanted degrees, {PERIOD}"
            )
        result[as_category(str(pair[0])), str(pair[1])] = polygons
    return result
