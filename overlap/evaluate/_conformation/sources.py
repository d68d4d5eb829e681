"""Sources of conformations: items of both sides, their parts, and what reports say of them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from overlap._common.values import ByValue, ReadOnly, same
from overlap.evaluate.task import Inputs
from overlap.io._source import read_source
from overlap.io.conformations import Conformations, Piece, joined, pieces_of, read_piece
from overlap.io.rama_grids import RamaGrids
from overlap.io.region_files import RegionSet
from overlap.io.residues import Failure, ResidueTable
from overlap.io.structures import StructureFile, StructureRules
from overlap.regions.polygons import Polygons
from overlap.regions.polygons.rings import Rings
from overlap.torus import PeriodicGrid
from overlap.torus.densities import AngleSample

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["NOT_PAIRED", "RECORDS", "Order", "Part", "Reader", "described", "digests_of",
           "findings_of", "in_same_categories", "is_four", "library_settings", "notes_of",
           "source_settings", "table_settings"]  # fmt: skip

_ROLES = ("found", "truth")
#: Why reports on angles are not ranked beside each other.
NOT_PAIRED = (
    "is on backbone angles. What is drawn for its intervals are its own chains or residues, which "
    "no other report shares, so that nothing pairs two reports; compare the two sets of angles "
    "with each other (`overlap ramachandran A B --regions`, evaluate.conformation), or look at "
    "the intervals of each report"
)


# ------------------------------------------------------------------------------- parts


@dataclass(frozen=True, eq=False)
class _Grid(ByValue):
    """Arrays and settings of a `PeriodicGrid`."""

    values: NDArray[np.float64]
    origin: tuple[float, float]
    period: tuple[float, float]
    quantity: Any
    sample: AngleSample | None

    @classmethod
    def of(cls, grid: PeriodicGrid) -> _Grid:
        return cls(grid.values, grid.origin, grid.period, grid.quantity, grid.sample)

    def made(self) -> PeriodicGrid:
        grid = PeriodicGrid(
            self.values, origin=self.origin, period=self.period, quantity=self.quantity
        )
        grid.sample = self.sample
        return grid


@dataclass(frozen=True, eq=False)
class _Grids(ByValue):
    """Content of `RamaGrids`."""

    grids: Mapping[str, _Grid]
    files: Mapping[str, str]
    titles: Mapping[str, str]
    digests: Mapping[str, str]
    ignored: tuple[str, ...]

    def made(self) -> RamaGrids:
        grids = ReadOnly({name: grid.made() for name, grid in self.grids.items()})
        return RamaGrids(grids, self.files, self.titles, self.digests, self.ignored)


@dataclass(frozen=True, eq=False)
class _Region(ByValue):
    """Arrays of a batch of one polygon."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    ring_offsets: NDArray[np.int64]
    region_offsets: NDArray[np.int64]
    period: tuple[float, float]
    unit: str | None

    @classmethod
    def of(cls, polygons: Polygons) -> _Region:
        if polygons.density is not None:
            raise ValueError("regions have a density of their own; give polygons without one")
        columns = polygons.x, polygons.y, polygons.ring_offsets, polygons.region_offsets
        return cls(*columns, polygons.period, polygons.unit)  # type: ignore[arg-type]

    def made(self) -> Polygons:
        columns = self.x, self.y, self.ring_offsets, self.region_offsets
        return Polygons._of(Rings(*columns, self.period), unit=self.unit)


@dataclass(frozen=True, eq=False)
class _Regions(ByValue):
    """Content of a `RegionSet`."""

    regions: Mapping[tuple[str, str], _Region]
    source: str
    sha256: str | None
    findings: tuple[str, ...]

    def made(self) -> RegionSet:
        regions = {key: region.made() for key, region in self.regions.items()}
        return RegionSet(regions, self.source, self.sha256, self.findings)


@dataclass(frozen=True, eq=False)
class _Read(ByValue):
    """What was read of one side: files of structures, tables of angles, a library or regions."""

    pieces: tuple[StructureFile | ResidueTable | _Grids | _Regions, ...]
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Part(ByValue):
    """What was read of an item, by side.

    Attributes
    ----------
    sides : mapping from {"found", "truth"} to what was read
    """

    sides: Mapping[str, _Read]

    @property
    def failed(self) -> bool:
        """Whether a file could not be read."""
        pieces = [piece for read in self.sides.values() for piece in read.pieces]
        return any(isinstance(one, StructureFile) and one.failure for one in pieces)


#: Dataclasses that parts consist of.
RECORDS = (Part, _Read, StructureFile, ResidueTable, Failure, _Grids, _Grid, AngleSample,
           _Regions, _Region)  # fmt: skip


# ------------------------------------------------------------------------------ reader


@dataclass(frozen=True)
class _Item:
    """One file or object of one side."""

    role: str
    piece: Piece


@dataclass(frozen=True)
class Order:
    """Order of items, and names in folders that were not read, by side."""

    keys: Mapping[str, Sequence[str]]
    ignored: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Reader:
    """Rules by which both sides are read.

    Attributes
    ----------
    structures : StructureRules
    category : str or None
        Of inputs that name none.
    unit : str, mapping from side to str, or None
        Of tables of angles.
    """

    structures: StructureRules
    category: str | None
    unit: Any

    def __post_init__(self) -> None:
        if isinstance(self.unit, Mapping):
            other = next((key for key in self.unit if key not in _ROLES), None)
            if other is not None:
                raise ValueError(
                    f"unit: there is no side {other!r}; wanted 'found', 'truth' or both"
                )

    def rules(self) -> dict[str, Any]:
        """Return the rules as plain data."""
        units = {f"unit of {role}": self._unit(role) for role in _ROLES}
        return {**self.structures.settings(), "category": self.category, **units}

    def items(self, **sources: Any) -> Inputs:
        """Return files and objects of both sides as items.

        Parameters
        ----------
        **sources
            Inputs by side.
        """
        items: dict[str, _Item] = {}
        keys, ignored = {}, {}
        for role, source in sources.items():
            pieces = _pieces(role, source)
            files = len(pieces.pieces) > 1
            names = [f"{role} {piece.source}" if files else role for piece in pieces.pieces]
            items.update(
                (name, _Item(role, x)) for name, x in zip(names, pieces.pieces, strict=True)
            )
            keys[role], ignored[role] = names, pieces.ignored
        return Inputs(items, Order(keys, ignored))

    def measure(self, item: _Item | Mapping[str, Any]) -> Part:
        """Read an item.

        Parameters
        ----------
        item : item of `items`, or mapping from side to an input
        """
        if isinstance(item, _Item):
            return Part({item.role: _Read((self._read(item.role, item.piece),))})
        sides = {}
        for role, source in item.items():
            if role not in _ROLES:
                raise TypeError(f"study: there is no side {role!r}; give found= or truth=")
            pieces = _pieces(role, source)
            read = tuple(self._read(role, piece) for piece in pieces.pieces)
            sides[role] = _Read(read, pieces.ignored)
        return Part(sides)

    def holds(self, part: Part, item: _Item | Mapping[str, Any]) -> bool:
        """Whether an item is what it was when it was read.

        Parameters
        ----------
        part : Part
        item : item of `items`, or mapping from side to an input
        """
        if isinstance(item, _Item) and item.role in part.sides and item.piece.is_file:
            (known,) = part.sides[item.role].pieces
            table = known.table if isinstance(known, StructureFile) else known
            if isinstance(table, ResidueTable):
                digest = read_source(item.piece.source).sha256
                return table.sources == ((os.fspath(item.piece.source), digest),)
        return same(self.measure(item), part)

    def joined(self, parts: Mapping[Any, Part], role: str, order: Order | None) -> Conformations:
        """Put what was read of one side together.

        Parameters
        ----------
        parts : mapping
        role : {"found", "truth"}
        order : Order, optional
            By default that of the parts.

        Raises
        ------
        ValueError
            There is nothing of this side, or it does not belong together.
        """
        keys: Iterable[Any] = parts if order is None else order.keys[role]
        read = [parts[key].sides[role] for key in keys if role in parts[key].sides]
        pieces = [piece for one in read for piece in one.pieces]
        if not pieces:
            raise ValueError(f"study: there is no {role} yet; add an item with {role}=")
        ignored = [name for one in read for name in one.ignored]
        ignored += () if order is None else order.ignored[role]
        made = [x.made() if isinstance(x, _Grids | _Regions) else x for x in pieces]
        try:
            return joined(made, self.structures, tuple(ignored))
        except TypeError as error:
            raise ValueError(f"{role}: {error}") from None

    def _read(self, role: str, piece: Piece) -> Any:
        read = read_piece(
            piece, category=self.category, unit=self._unit(role), rules=self.structures
        )
        if isinstance(read, RamaGrids):
            grids = {name: _Grid.of(grid) for name, grid in read.grids.items()}
            return _Grids(
                grids, dict(read.files), dict(read.titles), dict(read.digests), read.ignored
            )
        if isinstance(read, RegionSet):
            regions = {key: _Region.of(region) for key, region in read.regions.items()}
            return _Regions(regions, read.source, read.sha256, read.findings)
        return read

    def _unit(self, role: str) -> Any:
        return self.unit.get(role) if isinstance(self.unit, Mapping) else self.unit


def _pieces(role: str, source: Any) -> Any:
    try:
        return pieces_of(source)
    except TypeError as error:
        raise TypeError(f"{role}: {error}") from None


# ------------------------------------------------------------------------------- words


def source_settings(source: Conformations) -> dict[str, Any]:
    """Name, digest and counts of an input, as plain data.

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
    """Name, digest, rules and counts of a table of residues.

    Parameters
    ----------
    table : ResidueTable
    """
    names = [name for name, _ in table.sources]
    few = len(names) <= 1
    return {
        "source": names[0] if few else f"{names[0]} ...",
        "sha256": table.sources[0][1] if few else _digest_of(table.sources),
        **table.settings,
        "residues": len(table),
        "counted": int(table.counted.sum()),
        "left_out": table.left_out_counts(),
        "failures": [vars(failure) for failure in table.failures],
    }


def library_settings(library: RamaGrids) -> dict[str, Any]:
    """Names, digests and sizes of the grids of a library.

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
    """Folder of several files, or the file itself."""
    if len(names) == 1:
        return names[0]
    return os.path.dirname(names[0]) or "."


def _digest_of(sources: Iterable[tuple[str, str | None]]) -> str | None:
    known = [digest for _, digest in sources if digest]
    if not known:
        return None
    return hashlib.sha256("".join(f"{digest}\n" for digest in sorted(known)).encode()).hexdigest()


def notes_of(source: Conformations, role: str) -> list[str]:
    """Say what was seen while an input was read, with its role before it.

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
    """Say what must not be missed of an input, with its role before it.

    Parameters
    ----------
    source : ResidueTable, RamaGrids or RegionSet
    role : str
    """
    said = () if isinstance(source, RamaGrids) else source.findings
    return [f"{role}: {finding}" for finding in said]


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


def digests_of(settings: Mapping[str, Any], roles: Iterable[str]) -> str:
    """Write the digests of inputs for a sentence.

    Parameters
    ----------
    settings : mapping
        Of a report, with an entry for each role.
    roles : iterable of str
    """
    known = [
        f"{role} {settings[role]['sha256'][:16]}" for role in roles if settings[role]["sha256"]
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
