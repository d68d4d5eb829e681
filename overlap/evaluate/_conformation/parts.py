"""Parts of evaluations of conformations: contents of files, as records and arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from overlap._common.values import ByValue, ReadOnly
from overlap.io.rama_grids import RamaGrids
from overlap.io.region_files import RegionSet
from overlap.io.residues import Failure, ResidueTable
from overlap.io.structures import StructureFile
from overlap.regions.polygons import Polygons
from overlap.regions.polygons.rings import Rings
from overlap.torus import PeriodicGrid
from overlap.torus.densities import AngleSample

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["RECORDS", "LibraryArrays", "Part", "RegionArrays", "SideContent"]


@dataclass(frozen=True, eq=False)
class _GridArrays(ByValue):
    """Arrays and settings of a `PeriodicGrid`."""

    values: NDArray[np.float64]
    origin: tuple[float, float]
    period: tuple[float, float]
    quantity: Any
    sample: AngleSample | None

    @classmethod
    def of(cls, grid: PeriodicGrid) -> _GridArrays:
        return cls(grid.values, grid.origin, grid.period, grid.quantity, grid.sample)

    def made(self) -> PeriodicGrid:
        grid = PeriodicGrid(
            self.values, origin=self.origin, period=self.period, quantity=self.quantity
        )
        grid.sample = self.sample
        return grid


@dataclass(frozen=True, eq=False)
class LibraryArrays(ByValue):
    """Content of `RamaGrids`."""

    grids: Mapping[str, _GridArrays]
    files: Mapping[str, str]
    titles: Mapping[str, str]
    digests: Mapping[str, str]
    ignored: tuple[str, ...]

    @classmethod
    def of(cls, library: RamaGrids) -> LibraryArrays:
        """Take a library apart."""
        grids = {name: _GridArrays.of(grid) for name, grid in library.grids.items()}
        files, titles, digests = map(dict, (library.files, library.titles, library.digests))
        return cls(grids, files, titles, digests, library.ignored)

    def made(self) -> RamaGrids:
        """Return the library."""
        grids = ReadOnly({name: grid.made() for name, grid in self.grids.items()})
        return RamaGrids(grids, self.files, self.titles, self.digests, self.ignored)


@dataclass(frozen=True, eq=False)
class _PolygonArrays(ByValue):
    """Arrays of a batch of one polygon."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    ring_offsets: NDArray[np.int64]
    region_offsets: NDArray[np.int64]
    period: tuple[float, float]
    unit: str | None

    @classmethod
    def of(cls, polygons: Polygons) -> _PolygonArrays:
        if polygons.density is not None:
            raise ValueError("regions have a density of their own; give polygons without one")
        columns = polygons.x, polygons.y, polygons.ring_offsets, polygons.region_offsets
        return cls(*columns, polygons.period, polygons.unit)  # type: ignore[arg-type]

    def made(self) -> Polygons:
        columns = self.x, self.y, self.ring_offsets, self.region_offsets
        return Polygons._of(Rings(*columns, self.period), unit=self.unit)


@dataclass(frozen=True, eq=False)
class RegionArrays(ByValue):
    """Content of a `RegionSet`."""

    regions: Mapping[tuple[str, str], _PolygonArrays]
    source: str
    sha256: str | None
    findings: tuple[str, ...]

    @classmethod
    def of(cls, regions: RegionSet) -> RegionArrays:
        """Take regions apart."""
        arrays = {key: _PolygonArrays.of(region) for key, region in regions.regions.items()}
        return cls(arrays, regions.source, regions.sha256, regions.findings)

    def made(self) -> RegionSet:
        """Return the regions."""
        regions = {key: region.made() for key, region in self.regions.items()}
        return RegionSet(regions, self.source, self.sha256, self.findings)


@dataclass(frozen=True, eq=False)
class SideContent(ByValue):
    """Contents of one side: files of structures, tables of angles, a library or regions."""

    pieces: tuple[StructureFile | ResidueTable | LibraryArrays | RegionArrays, ...]
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Part(ByValue):
    """Contents of an item, by side.

    Attributes
    ----------
    sides : mapping from {"found", "truth"} to SideContent
    """

    sides: Mapping[str, SideContent]

    @property
    def failed(self) -> bool:
        """Whether a file could not be read."""
        pieces = [piece for read in self.sides.values() for piece in read.pieces]
        return any(isinstance(one, StructureFile) and one.failure for one in pieces)


#: Dataclasses that parts consist of.
RECORDS = (
    Part, SideContent, StructureFile, ResidueTable, Failure, LibraryArrays, _GridArrays,
    AngleSample, RegionArrays, _PolygonArrays,
)  # fmt: skip
