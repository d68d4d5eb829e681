"""Shapes: one category of one side, whose regions can be asked for by level."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np

from overlap._common.values import ByValue
from overlap.regions.polygons import Polygons
from overlap.regions.polygons.rings import Rings
from overlap.torus import PeriodicGrid

from .cutoffs import Level

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from overlap.regions.density import CellDensity

__all__ = ["GridShape", "PolygonShape", "Shape", "weighed"]

By = Literal["points", "mass"]


class Shape(Protocol):
    """What both kinds of shape can say."""

    @property
    def category(self) -> str:
        """Which residues it is of."""

    @property
    def density(self) -> CellDensity | None:
        """Probability of every cell, where it is known."""

    @property
    def points(self) -> int | None:
        """Number of residues that it was made of, where it is known."""

    def region(self, level: Level) -> Polygons | None:
        """Return the region of a level, a batch of one; None where there is none."""

    def islands(self, level: Level) -> Polygons:
        """Return its connected parts on the torus, the larger first."""

    def peaks(self, level: Level) -> NDArray[np.float64]:
        """Return where each part is highest, shape (parts, 2); NaN where that is not known."""


@dataclass(frozen=True, eq=False)
class GridShape(ByValue):
    """A shape by the values of a grid.

    Attributes
    ----------
    category : str
    grid : PeriodicGrid
        Ranks, or a density.
    by : {"points", "mass"}
        What a level holds a fraction of; for ranks always points.
    """

    category: str
    grid: PeriodicGrid
    by: By = "points"

    @cached_property
    def density(self) -> CellDensity:
        """Probability of every cell."""
        return self.grid.masses()

    @cached_property
    def points(self) -> int | None:
        """Number of residues."""
        return self.grid.point_count

    def cut(self, level: Level) -> float:
        """Value of the grid on the border of a region.

        Parameters
        ----------
        level : Level
        """
        rank = level.cutoffs[self.category]
        if self.grid.quantity == "rank":
            return rank
        return self.grid.level(1.0 - rank, by=self.by)

    def region(self, level: Level) -> Polygons:
        """Return the region of a level, a batch of one."""
        return self.grid.region([self.cut(level)])

    def islands(self, level: Level) -> Polygons:
        """Return its connected parts on the torus, those with more nodes first."""
        return self.grid.islands(self.cut(level))

    def peaks(self, level: Level) -> NDArray[np.float64]:
        """Return the highest node of each part, shape (parts, 2)."""
        parts = self.grid.components(self.cut(level))
        return np.array([part.peak for part in parts], dtype=np.float64).reshape(-1, 2)


@dataclass(frozen=True, eq=False)
class PolygonShape(ByValue):
    """A shape by polygons.

    Attributes
    ----------
    category : str
    regions : mapping from str to Polygons
        One region by level.
    """

    category: str
    regions: Mapping[str, Polygons]

    @property
    def density(self) -> None:
        """Polygons say nothing of probability."""
        return

    @property
    def points(self) -> None:
        """Polygons are made of no residues."""
        return

    def region(self, level: Level) -> Polygons | None:
        """Return the region of a level, a batch of one; None where there is none."""
        return self.regions.get(level.name)

    def islands(self, level: Level) -> Polygons:
        """Return its connected parts on the torus, the larger first."""
        parts, _ = self.regions[level.name].parts()
        return parts[np.argsort(-parts.area(), kind="stable")]

    def peaks(self, level: Level) -> NDArray[np.float64]:
        """Return NaN for each part."""
        return np.full((len(self.islands(level)), 2), np.nan)


def weighed(polygons: Polygons, density: CellDensity) -> Polygons:
    """Return the same regions, measured by their mass under a density.

    Parameters
    ----------
    polygons : Polygons
    density : CellDensity
    """
    columns = polygons.x, polygons.y, polygons.ring_offsets, polygons.region_offsets
    return Polygons._of(Rings(*columns, polygons.period, density), unit=polygons.unit)
