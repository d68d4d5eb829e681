"""The two sides of a comparison: shapes by category, whatever they were read from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from overlap._common.values import ByValue
from overlap.io.conformations import Conformations
from overlap.io.rama_grids import RamaGrids
from overlap.io.residue_categories import EVERYTHING
from overlap.io.residues import ResidueTable
from overlap.torus import PeriodicGrid

from .shapes import By, GridShape, PolygonShape, Shape

__all__ = ["Estimator", "Side", "as_sides", "shared_categories"]


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


def as_sides(
    found: Conformations, truth: Conformations, estimator: Estimator, least: int
) -> tuple[Side, Side]:
    """Make the shapes of both sides.

    Parameters
    ----------
    found, truth : ResidueTable, RamaGrids or RegionSet
    estimator : Estimator
    least : int
        Categories with fewer residues have no shape.
    """
    first = _side("found", found, estimator, least)
    return first, _side("truth", truth, estimator, least)


def _side(role: str, source: Conformations, estimator: Estimator, least: int) -> Side:
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
