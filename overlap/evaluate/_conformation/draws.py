"""Bootstrap of regions: residues are drawn anew, and with them densities, levels and regions.

For speed, the density of a draw is made of counts in cells finer than the grid. A count stands for
the middle of its cell, which makes the variance of the kernel larger, by 0.13 per cent at most; the
estimate itself is made of the angles as they are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np

from overlap._common.limits import MOST_NODES
from overlap._common.values import ByValue
from overlap.regions.polygons import Polygons
from overlap.torus import PeriodicGrid
from overlap.torus.ranks import highest_level

from .compared import mean_of, name_of, overlap_of, scores_of
from .cutoffs import Level
from .sides import GridShape, Side
from .units import Units

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["DRAWN", "Drawn", "DrawnSide"]

#: Numbers that have intervals.
DRAWN = ("iou", "giou", "diou", "giou_enclosed", "density_overlap")
_MOST_CELLS = 4 * MOST_NODES  # twice 512 MiB for each draw
_WIDENED = 1.3e-3  # the largest share by which cells widen a kernel


@dataclass(frozen=True, eq=False)
class _Rows(ByValue):
    """The residues of a category: unit, weight, fine cell and node of each; nodes and kernel."""

    unit: NDArray[np.int64]
    weight: NDArray[np.float64]
    cell: NDArray[np.intp]
    node: NDArray[np.intp]
    nodes: tuple[int, ...]
    spectra: tuple[NDArray[np.complex128], ...]


@dataclass(frozen=True, eq=False)
class DrawnSide(ByValue):
    """A side whose residues are drawn; or one that is fixed, without units.

    Attributes
    ----------
    side : Side
    units : Units or None
    """

    side: Side
    units: Units | None

    @property
    def count(self) -> int:
        """Number of units."""
        return 0 if self.units is None else len(self.units.names)

    @cached_property
    def _rows(self) -> dict[str, _Rows]:
        table = self.side.table
        assert table is not None
        assert self.units is not None
        result = {}
        for category, shape in self.side.shapes.items():
            assert isinstance(shape, GridShape)
            sample, nodes = shape.grid.sample, shape.grid.values.shape
            assert sample is not None
            rows = np.flatnonzero(table.category == category)
            fine = tuple(n * _cells_per_node(sample.kappa, n) for n in nodes)
            if math.prod(fine) > _MOST_CELLS:
                raise ValueError(
                    f"bootstrap: draws of {category} with kappa = {sample.kappa:g} on "
                    f"{nodes[0]:,} x {nodes[1]:,} nodes need {math.prod(fine):,} cells, at most "
                    f"{_MOST_CELLS:,} are possible; give a larger step or a smaller kappa"
                )
            places = []
            for angle, n in zip((table.phi[rows], table.psi[rows]), fine, strict=True):
                places.append(np.minimum(((angle + 180.0) * (n / 360.0)).astype(np.intp), n - 1))
            coarse = [at * n // m for at, n, m in zip(places, nodes, fine, strict=True)]
            result[category] = _Rows(
                unit=self.units.index[rows],
                weight=table.weight[rows],
                cell=places[0] * fine[1] + places[1],
                node=coarse[0] * nodes[1] + coarse[1],
                nodes=nodes,
                spectra=tuple(
                    _spectrum(sample.kappa, n, m) for n, m in zip(nodes, fine, strict=True)
                ),
            )
        return result

    def units_with(self, category: str) -> int | None:
        """Count the units that have residues of a category; None on a fixed side."""
        return None if self.units is None else len(np.unique(self._rows[category].unit))

    def grid(self, category: str, weights: NDArray[np.float64] | None) -> PeriodicGrid | None:
        """Return the density of a category in a draw; None where no residue was drawn.

        Parameters
        ----------
        category : str
        weights : ndarray of float64, shape (units,), optional
            How often each unit was drawn; not for a fixed side.
        """
        if weights is None:
            shape = self.side.shapes[category]
            return shape.grid if isinstance(shape, GridShape) else None
        rows = self._rows[category]
        drawn = rows.weight * weights[rows.unit]
        if not drawn.sum() > 0.0:
            return None
        fine = len(rows.spectra[0]), len(rows.spectra[1])
        counts = np.bincount(rows.cell, drawn, fine[0] * fine[1]).reshape(fine)
        # A convolution by way of Fourier: small products of matrices would keep all cores busy.
        waves = np.fft.rfft2(counts)
        waves *= rows.spectra[0][:, None]
        waves *= rows.spectra[1][: waves.shape[1]]
        density = np.fft.irfft2(waves, fine)[
            :: fine[0] // rows.nodes[0], :: fine[1] // rows.nodes[1]
        ]
        return PeriodicGrid(np.maximum(density, 0.0))

    def region(
        self, category: str, level: Level, grid: PeriodicGrid | None, weights: NDArray | None
    ) -> Polygons | None:
        """Return the region of a level in a draw.

        Parameters
        ----------
        category : str
        level : Level
        grid : PeriodicGrid or None
            What `grid` returned.
        weights : ndarray of float64, shape (units,), optional
        """
        shape = self.side.shapes[category]
        if weights is None:
            return shape.region(level)
        if grid is None:
            return None
        assert isinstance(shape, GridShape)
        rank = level.cutoffs[category]
        if shape.by == "mass":
            return grid.region([grid.level(1.0 - rank, by="mass")])
        rows = self._rows[category]
        held = np.bincount(rows.node, rows.weight * weights[rows.unit], grid.values.size)
        return grid.region([highest_level(grid.values, held.astype(np.float64), 1.0 - rank)])


def _cells_per_node(kappa: float, nodes: int) -> int:
    """Return into how many cells a step between nodes is cut, so that kernels stay narrow."""
    widened = (2.0 * math.pi / nodes) ** 2 * kappa / 12.0
    return max(1, math.ceil(math.sqrt(widened / _WIDENED)))


@lru_cache(maxsize=16)
def _spectrum(kappa: float, nodes: int, cells: int) -> NDArray[np.complex128]:
    """Fourier transform of a von Mises kernel, up to a factor.

    A node lies in the middle of its cells, so that the kernel is moved by half of them: the first
    cell of each node then has the value of the node.
    """
    steps = np.arange(cells) + 0.5 * (cells // nodes - 1)
    return np.fft.fft(np.exp(kappa * (np.cos(2.0 * np.pi / cells * steps) - 1.0)))


@dataclass(frozen=True, eq=False)
class Drawn(ByValue):
    """Draws of both sides.

    Attributes
    ----------
    found, truth : DrawnSide
    categories : sequence of str
        That both sides have a shape of.
    levels : tuple of Level
    """

    found: DrawnSide
    truth: DrawnSide
    categories: Sequence[str]
    levels: tuple[Level, ...]

    def statistics(self, weights: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """Every number of `DRAWN`, by category and level, for each row of `weights`.

        Parameters
        ----------
        weights : ndarray of float64, shape (B, units of found + units of truth)

        Returns
        -------
        dict
            Under names such as ``iou[general favored]``.
        """
        split = self.found.count
        result = {name: np.full(len(weights), np.nan) for name in self.names()}
        for draw, row in enumerate(weights):
            parts = (
                row[:split] if self.found.units is not None else None,
                row[split:] if self.truth.units is not None else None,
            )
            for name, value in self._one(parts).items():
                result[name][draw] = value
        return result

    def names(self) -> list[str]:
        """Return the names of all numbers: means over categories, then each category."""
        return [
            name_of(score, category, level.name)
            for category in ("", *self.categories)
            for level in self.levels
            for score in DRAWN
        ]

    def _one(self, weights: tuple[NDArray | None, NDArray | None]) -> Mapping[str, float]:
        """Return the numbers of one draw; those that are undefined are left out."""
        values = {}
        parts: dict[str, list[float]] = {}
        sides = self.found, self.truth
        for category in self.categories:
            grids = [side.grid(category, drawn) for side, drawn in zip(sides, weights, strict=True)]
            shared = overlap_of(*grids)
            for level in self.levels:
                a, b = (
                    side.region(category, level, grid, drawn)
                    for side, grid, drawn in zip(sides, grids, weights, strict=True)
                )
                if a is None or b is None:
                    continue
                for name, value in {**scores_of(a, b), "density_overlap": shared}.items():
                    values[name_of(name, category, level.name)] = value
                    parts.setdefault(name_of(name, "", level.name), []).append(value)
        return {**values, **{name: mean_of(numbers) for name, numbers in parts.items()}}

    def fewest_units(self) -> dict[str, int]:
        """Count the units that say something of each number, on the side that has fewer."""
        result = {}
        for category in ("", *self.categories):
            names = (category,) if category else self.categories
            counts = [side.units_with(name) for side in (self.found, self.truth) for name in names]
            fewest = min((count for count in counts if count is not None), default=0)
            for level in self.levels:
                result.update({name_of(score, category, level.name): fewest for score in DRAWN})
        return result
