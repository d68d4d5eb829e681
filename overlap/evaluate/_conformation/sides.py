"""Sides of a comparison: shapes by category, whose regions can be asked for by level."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np

from overlap._common.values import ByValue
from overlap.io.conformations import Conformations
from overlap.io.rama_grids import RamaGrids
from overlap.io.residue_categories import EVERYTHING
from overlap.io.residues import ResidueTable
from overlap.regions.polygons import Polygons
from overlap.regions.polygons.rings import Rings
from overlap.torus import PeriodicGrid

from .cutoffs import Level

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from overlap.regions.density import CellDensity

__all__ = ["Estimator", "GridShape", "PolygonShape", "Shape", "Side", "as_side",
           "shared_categories", "weighed"]  # fmt: skip

By = Literal["points", "mass"]


class Shape(Protocol):
    """Regions of one category by level."""

    @property
    def category(self) -> str:
        """Which residues it is of."""

    @property
    def density(self) -> CellDensity | None:
        """Probability of every cell, where it is known."""

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
    def _cuts(self) -> dict[float, float]:
        """What `cut` has returned, by the share of the whole that lies outside."""
        return {}

    def cut(self, level: Level) -> float:
        """Value of the grid on the border of a region.

        Parameters
        ----------
        level : Level
        """
        rank = level.cutoffs[self.category]
        if self.grid.quantity == "rank":
            return rank
        if rank not in self._cuts:  # sorts all nodes, and three methods ask
            self._cuts[rank] = self.grid.level(1.0 - rank, by=self.by)
        return self._cuts[rank]

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


@dataclass(frozen=True)
class Estimator:
    """How a density is made of angles.

    Attributes
    ----------
    kappa : float or "likelihood"
        Concentration of the von Mises kernel.
    step : float
        Degrees between the nodes of the grid.
    by : {"points", "mass"}
        What a level holds a fraction of.
    """

    kappa: float | Literal["likelihood"]
    step: float
    by: By

    def grid_of(self, table: ResidueTable) -> PeriodicGrid:
        """Return the density of the angles of a table.

        Parameters
        ----------
        table : ResidueTable
            Of rows that count.
        """
        return PeriodicGrid.from_angles(
            table.phi, table.psi, kappa=self.kappa, step=self.step, weights=table.weight
        )


@dataclass(frozen=True, eq=False)
class Side(ByValue):
    """One side.

    Attributes
    ----------
    role : {"found", "truth"}
    source : ResidueTable, RamaGrids or RegionSet
        What was read.
    table : ResidueTable or None
        The rows that count, of a side made of residues.
    shapes : mapping from str to Shape
        By category.
    counts : mapping from str to int or None
        Residues by category.
    """

    role: str
    source: Conformations
    table: ResidueTable | None
    shapes: Mapping[str, Shape]
    counts: Mapping[str, int | None]


def as_side(role: str, source: Conformations, estimator: Estimator, least: int) -> Side:
    """Make the shapes of a side.

    Parameters
    ----------
    role : {"found", "truth"}
    source : ResidueTable, RamaGrids or RegionSet
    estimator : Estimator
    least : int
        Categories with fewer residues have no shape.
    """
    shapes: dict[str, Shape] = {}
    if isinstance(source, ResidueTable):
        table = source.taken(source.counted)
        if not len(table):
            raise ValueError(
                f"{role}: none of the {len(source)} residues has both angles and a category"
            )
        counts: dict[str, int | None] = {}
        for category in table.categories:
            rows = table.taken(table.category == category)
            counts[category] = len(rows)
            if len(rows) >= least:
                shapes[category] = GridShape(category, estimator.grid_of(rows), estimator.by)
        return Side(role, source, table, shapes, counts)
    if isinstance(source, RamaGrids):
        for category, grid in source.grids.items():
            if grid.quantity == "other":
                file = source.files.get(category, "")
                raise ValueError(
                    f"{role}: the grid of {category} {f'({file}) ' if file else ''}holds neither "
                    "ranks nor a density, so that it has no levels"
                )
            by = estimator.by if grid.sample is not None else "mass"
            shapes[category] = GridShape(category, grid, by)
        points = {category: grid.point_count for category, grid in source.grids.items()}
        return Side(role, source, None, shapes, points)
    levels: dict[str, dict[str, Any]] = {}
    for (category, level), polygons in source.regions.items():
        levels.setdefault(category, {})[level] = polygons
    for category, regions in levels.items():
        shapes[category] = PolygonShape(category, regions)
    return Side(role, source, None, shapes, dict.fromkeys(shapes))


def shared_categories(found: Side, truth: Side) -> tuple[list[str], list[str]]:
    """Return the categories that both sides have, and notes on the others.

    Parameters
    ----------
    found, truth : Side

    Raises
    ------
    ValueError
        There is none.
    """
    both = [category for category in truth.counts if category in found.counts]
    if not both:
        for side, other in ((found, truth), (truth, found)):
            if list(side.counts) == [EVERYTHING]:
                raise ValueError(
                    f"{side.role} does not say which residues it is of, and {other.role} has "
                    f"{', '.join(other.counts)}; name its category (category=, --category)"
                )
        raise ValueError(
            f"found has {', '.join(found.counts)} and truth {', '.join(truth.counts)}: no category "
            "in common"
        )
    notes = []
    for side in (found, truth):
        alone = [category for category in side.counts if category not in both]
        if alone:
            notes.append(f"only {side.role} has {', '.join(alone)}: not compared")
    return both, notes
