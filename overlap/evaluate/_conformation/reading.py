"""Reading of both sides: files and objects as items, and their contents put together."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from overlap._common.values import same
from overlap.evaluate.task import Inputs, Task
from overlap.io._source import read_source
from overlap.io.conformations import Conformations, Piece, Pieces, joined, pieces_of, read_piece
from overlap.io.rama_grids import RamaGrids
from overlap.io.region_files import RegionSet
from overlap.io.residues import ResidueTable
from overlap.io.structure_rules import StructureRules
from overlap.io.structures import StructureFile

from .parts import RECORDS, LibraryArrays, Part, RegionArrays, SideContent

__all__ = ["Order", "ReadingTask"]

_ROLES = ("found", "truth")


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
class ReadingTask(Task):
    """Task whose items are files or objects with conformations, and whose parts are their contents.

    Attributes
    ----------
    structures : StructureRules
    category : str or None
        Of inputs that name none.
    angle_unit : str, mapping from side to str, or None
        Of tables of angles.
    """

    structures: StructureRules
    category: str | None
    angle_unit: Any
    unit, records = "files", RECORDS

    def __post_init__(self) -> None:
        if isinstance(self.angle_unit, Mapping):
            other = next((key for key in self.angle_unit if key not in _ROLES), None)
            if other is not None:
                raise ValueError(
                    f"unit: there is no side {other!r}; wanted 'found', 'truth' or both"
                )

    def rules(self) -> dict[str, Any]:
        """Return the rules of reading."""
        units = {f"unit of {role}": self._unit(role) for role in _ROLES}
        return {**self.structures.settings(), "category": self.category, **units}

    def keeps(self, part: Part) -> bool:
        """Whether all could be read; failures are tried again."""
        return not part.failed

    def items(self, pieces: int, **inputs: Any) -> Inputs:
        """Return files and objects of both sides."""
        items: dict[str, _Item] = {}
        keys, ignored = {}, {}
        for role, source in inputs.items():
            found = _pieces(role, source)
            files = len(found.pieces) > 1
            keys[role] = [f"{role} {piece.source}" if files else role for piece in found.pieces]
            own = (_Item(role, piece) for piece in found.pieces)
            items.update(zip(keys[role], own, strict=True))
            ignored[role] = found.ignored
        self._check_used(item.piece for item in items.values())
        return Inputs(items, Order(keys, ignored))

    def measure(self, key: Any, item: _Item | Mapping[str, Any]) -> Part:
        """Read a file or object, or the inputs by side that the caller of a study gives."""
        if isinstance(item, _Item):
            return Part({item.role: SideContent((self._read(item.role, item.piece),))})
        sides = {}
        for role, source in item.items():
            if role not in _ROLES:
                raise TypeError(f"study: there is no side {role!r}; give found= or truth=")
            pieces = _pieces(role, source)
            read = tuple(self._read(role, piece) for piece in pieces.pieces)
            sides[role] = SideContent(read, pieces.ignored)
        return Part(sides)

    def holds(self, key: Any, part: Part, item: _Item | Mapping[str, Any]) -> bool:
        """Whether an item is the same as when it was read."""
        if isinstance(item, _Item) and item.role in part.sides and item.piece.is_file:
            (known,) = part.sides[item.role].pieces
            table = known.table if isinstance(known, StructureFile) else known
            if isinstance(table, ResidueTable):
                digest = read_source(item.piece.source).sha256
                return table.sources == ((os.fspath(item.piece.source), digest),)
        return same(self.measure(key, item), part)

    def joined(self, parts: Mapping[Any, Part], role: str, order: Order | None) -> Conformations:
        """Put the contents of one side together.

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
        made = [x.made() if isinstance(x, LibraryArrays | RegionArrays) else x for x in pieces]
        try:
            return joined(made, self.structures, tuple(ignored))
        except TypeError as error:
            raise ValueError(f"{role}: {error}") from None

    def _check_used(self, pieces: Iterable[Piece]) -> None:
        """Refuse rules for structures, and a unit of tables, where there is none."""
        kinds = {piece.kind for piece in pieces}
        if self.angle_unit and not kinds & {"angles", "read"}:
            raise ValueError(
                f"unit = {self.angle_unit!r} (--unit) is for tables of angles, and no input is "
                "one; leave it out"
            )
        given = self.structures.of_structures()
        if given and not kinds & {"structures", "read"}:
            name = given[0]
            raise ValueError(
                f"{name} = {getattr(self.structures, name)!r} (--{name.replace('_', '-')}) is a "
                "rule for structures, and no input is one; leave it out, or give PDB or mmCIF files"
            )

    def _read(self, role: str, piece: Piece) -> Any:
        read = read_piece(
            piece, category=self.category, unit=self._unit(role), rules=self.structures
        )
        if isinstance(read, RamaGrids):
            return LibraryArrays.of(read)
        return RegionArrays.of(read) if isinstance(read, RegionSet) else read

    def _unit(self, role: str) -> Any:
        unit = self.angle_unit
        return unit.get(role) if isinstance(unit, Mapping) else unit


def _pieces(role: str, source: Any) -> Pieces:
    try:
        return pieces_of(source)
    except TypeError as error:
        raise TypeError(f"{role}: {error}") from None
