"""PeriodicGrid: a function on a doubly periodic plane, such as the density of two angles."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np

from overlap._common.numbers import as_numbers
from overlap._common.values import ByValue
from overlap.regions.density import CellDensity
from overlap.torus.densities import AngleSample, density_of, likeliest, read_sample
from overlap.torus.level_sets import GridComponent, LevelSet, components_of, level_set, polygons_of
from overlap.torus.ranks import (
    highest_level,
    masses_of_ranks,
    number_of_points,
    ranks_of,
)

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from overlap.regions.polygons import Polygons

__all__ = ["PeriodicGrid", "read_pair", "read_period", "read_values"]

_FEW = 10  # fewer angles may all be near 0

#: What values may be: least, most, and in words.
_QUANTITIES = {
    "density": (0.0, math.inf, "a finite number >= 0, as a density has to be"),
    "rank": (0.0, 1.0, "in [0, 1], as a rank has to be"),
    "other": (-math.inf, math.inf, "a finite number"),
}


class PeriodicGrid(ByValue):
    """Values at the nodes of a grid on a doubly periodic plane, bilinear in between.

    Parameters
    ----------
    values : array_like, shape (nx, ny)
        Finite values. Rows go along x (phi), columns along y (psi).
    origin : pair of float, optional
        Place of ``values[0, 0]``. By default half a step above minus half a period, so that the
        cells around the nodes fill the plane from -180 to 180: (-179, -179) for 180 by 180.
    period : pair of float
        Periods of both axes; by default degrees.
    quantity : {"density", "rank", "other"}
        What the values are: a density, up to a factor; the fraction of data points that lie at
        this density or a lower one; or something else, which has levels but no masses.

    Attributes
    ----------
    values : ndarray of float64, shape (nx, ny)
    origin, period, step : tuple of float
    quantity : str
    sample : AngleSample or None
        Of a grid `from_angles`: the angles, their weights, and the bandwidth.

    Raises
    ------
    ValueError
        For fewer than 2 nodes on an axis, values that are not finite, negative densities, ranks
        outside [0, 1], and a last row and column that repeat the first ones.

    Notes
    -----
    `region` is the set of marching squares: its border crosses an edge of the grid where linear
    interpolation along the edge gives the level, and is straight inside a cell. The level is
    inclusive. A cell of which two opposite corners are inside, and no other, joins them if the
    mean of its corners is at least the level. What winds around the torus has no outline in the
    plane; it is cut along the first line of nodes of an axis around which it winds.

    Examples
    --------
    >>> import numpy as np
    >>> import overlap as ov
    >>> angle = np.radians(np.arange(-179.0, 180.0, 2.0))
    >>> grid = ov.PeriodicGrid(2.0 + np.cos(angle)[:, None] + np.cos(angle))
    >>> grid
    PeriodicGrid(180 x 180 nodes, origin=(-179.0, -179.0), period=(360.0, 360.0), density)
    >>> grid.at([0.0, 180.0], 180.0).round(2)
    array([2., 0.])
    >>> grid.region([1.0, 3.0]).area().round(-2)
    array([105700.,  23900.])
    >>> [part.turns for part in grid.components(1.0)]
    [((1, 0), (0, 1))]
    >>> round(grid.level(0.5), 2)
    2.47
    """

    def __init__(
        self,
        values: ArrayLike,
        *,
        origin: Sequence[float] | None = None,
        period: Sequence[float] = (360.0, 360.0),
        quantity: Literal["density", "rank", "other"] = "density",
    ) -> None:
        self.values = read_values(values, quantity)
        self.period, (nx, ny) = read_period(period), self.values.shape
        self.step = self.period[0] / nx, self.period[1] / ny
        middle = [0.5 * (h - length) for h, length in zip(self.step, self.period, strict=True)]
        self.origin = read_pair(middle if origin is None else origin, "origin")
        self.quantity = quantity
        self.sample: AngleSample | None = None
        self._last: tuple[float, LevelSet] | None = None

    @classmethod
    def from_angles(
        cls,
        phi: ArrayLike,
        psi: ArrayLike,
        *,
        kappa: float | Literal["likelihood"] = 50.0,
        step: float = 2.0,
        weights: ArrayLike | None = None,
        period: Sequence[float] = (360.0, 360.0),
    ) -> Self:
        """Estimate the density of pairs of angles, with a von Mises kernel on both axes.

        Parameters
        ----------
        phi, psi : array_like, shape (N,)
            Angles in the unit of `period`, anywhere on the line.
        kappa : float or "likelihood"
            Concentration of the kernel, per squared radian. The bandwidth is ``kappa ** -0.5``
            radians: 8.1 degrees for the default of 50. A larger kappa smooths less.
            ``"likelihood"`` takes that with the largest leave-one-out likelihood.
        step : float
            Distance of the nodes, of which both periods are whole multiples.
        weights : array_like, shape (N,), optional
            Weights >= 0 of the pairs.
        period : pair of float
            Periods of both axes.

        Returns
        -------
        PeriodicGrid
            Density per unit of area. `sample` keeps angles, weights and bandwidth.

        Raises
        ------
        ValueError
            For angles that are not finite or not as many, no angles, bad weights, a step that
            does not divide the periods, and a kernel too narrow for the step.

        Warns
        -----
        UserWarning
            For ten pairs or more of which an angle is never beyond 2 pi, with periods of 360.

        Notes
        -----
        The density at (x, y) is the weighted mean over i of
        ``exp(kappa (cos(x - x_i) + cos(y - y_i))) / (2 pi I0(kappa))^2``, here with angles in
        radians; I0 is the modified Bessel function (Mardia & Jupp, Directional Statistics, 2000).
        The sum at the nodes is exact, not one over bins: it is a product of two tables.

        The likelihood is that of the values between the nodes, without what a pair adds at its own
        place. The search over kappa computes about 18 densities, and angles that were rounded or
        repeated draw it to narrow kernels.

        Examples
        --------
        >>> import overlap as ov
        >>> grid = ov.PeriodicGrid.from_angles([-60.0, -63.0, 179.0], [-45.0, -41.0, 180.0])
        >>> grid.sample.kappa, round(grid.sample.bandwidth[0], 2)
        (50.0, 8.1)
        >>> round(float(grid.values.sum() * 4.0), 8)
        1.0
        >>> bool(grid.at(-179.0, -179.0) > grid.at(150.0, 150.0))
        True
        """
        lengths = read_period(period)
        sample, shape = read_sample(phi, psi, weights, kappa, step, lengths)
        for name, angles in (("phi", sample.phi), ("psi", sample.psi)):
            farthest = np.abs(angles).max()
            if len(angles) >= _FEW and farthest <= 2.0 * math.pi and lengths == (360.0, 360.0):
                warnings.warn(
                    f"PeriodicGrid.from_angles: {name} is never beyond {farthest:.4g}, as radians "
                    "are, and the period is 360; for radians give numpy.degrees(angles), or "
                    "period=(2 * numpy.pi, 2 * numpy.pi) with a step in radians",
                    stacklevel=2,
                )
        if kappa == "likelihood":
            sample = likeliest(sample, shape)
        result = cls(density_of(sample, shape), period=lengths)
        result.sample = sample
        return result

    def __repr__(self) -> str:
        nx, ny = self.values.shape
        return (
            f"{type(self).__name__}({nx} x {ny} nodes, origin={self.origin}, "
            f"period={self.period}, {self.quantity})"
        )

    def _contents(self) -> Sequence[Any]:
        return self._frame, self.quantity, self.values

    @property
    def _frame(self) -> tuple:
        return self.values.shape, self.origin, self.period

    @property
    def axes(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Places of the nodes along x (phi) and along y (psi)."""
        (x, y), (dx, dy), (nx, ny) = self.origin, self.step, self.values.shape
        return x + dx * np.arange(nx), y + dy * np.arange(ny)

    def at(self, phi: ArrayLike, psi: ArrayLike) -> NDArray[np.float64]:
        """Return values at any places, by periodic bilinear interpolation.

        Parameters
        ----------
        phi, psi : array_like
            Places, anywhere on the line, of shapes that can be broadcast.

        Returns
        -------
        ndarray of float64
            NaN where an angle is NaN or infinite.
        """
        x, y = np.broadcast_arrays(as_numbers(phi, "phi"), as_numbers(psi, "psi"))
        known = np.isfinite(x) & np.isfinite(y)
        i, u, t = self._between(np.where(known, x, 0.0), 0)
        j, v, s = self._between(np.where(known, y, 0.0), 1)
        f = self.values
        lower = f[i, j] * (1.0 - t) + f[u, j] * t
        upper = f[i, v] * (1.0 - t) + f[u, v] * t
        return np.where(known, lower * (1.0 - s) + upper * s, np.nan)

    def _between(
        self, z: NDArray[np.float64], axis: int
    ) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
        """Return the nodes before and behind a place, and the share of the step between them."""
        n = self.values.shape[axis]
        steps = np.mod((z - self.origin[axis]) / self.step[axis], n)
        before = np.floor(steps)
        node = before.astype(np.intp) % n  # the remainder can be rounded up to n
        return node, (node + 1) % n, steps - before

    # -------------------------------------------------------------------------- level sets

    def region(
        self, level: float | Sequence[float], *, density: CellDensity | None = None
    ) -> Polygons:
        """Return the set where the function is at least `level`, as polygons on the torus.

        Parameters
        ----------
        level : float or sequence of float
            Inclusive; one region for each.
        density : CellDensity, optional
            By which the regions are to be measured; by default their area.

        Returns
        -------
        Polygons
            A row for each level, its parts in the order of `components`. A region that no node
            reaches is empty.
        """
        levels = as_numbers(level, "PeriodicGrid.region: level")
        sets = [self._level_set(one) for one in np.ravel(levels).tolist()]
        return self._polygons(sets, [len(one.ring_component) for one in sets], density)

    def islands(self, level: float, *, density: CellDensity | None = None) -> Polygons:
        """Return the connected parts of a region on the torus, a row for each.

        Parameters
        ----------
        level, density
            As in `region`; one level.

        Returns
        -------
        Polygons
            In the order of `components`.
        """
        found = self._level_set(level)
        rings = np.bincount(found.ring_component, minlength=len(found.lattices))
        return self._polygons([found], rings.tolist(), density)

    def components(self, level: float) -> tuple[GridComponent, ...]:
        """Return the connected parts of a region as nodes, those with more nodes first.

        Nodes are connected along edges of the grid, and along the diagonals of cells that join
        them, just as the polygons of `region` are.
        """
        return components_of(self._level_set(level), self.values, self.axes)

    def _level_set(self, level: float) -> LevelSet:
        level = float(level)
        if not math.isfinite(level):
            raise ValueError(f"PeriodicGrid: level = {level} is not a finite number")
        if self._last is None or self._last[0] != level:
            self._last = level, level_set(self.values, level)
        return self._last[1]

    def _polygons(
        self, sets: Sequence[LevelSet], rings: Sequence[int], density: CellDensity | None
    ) -> Polygons:
        return polygons_of(sets, rings, self.origin, self.step, self.period, density)

    # ------------------------------------------------------------------------------ masses

    def masses(self) -> CellDensity:
        """Return the probability of the cell around every node; they sum to 1.

        For ranks they are the masses that never fall from a node to one of a higher rank and whose
        sums follow the ranks: the slope of the greatest convex function at or below the rank as a
        function of the area of lower or equal rank (Grenander, Skandinavisk Aktuarietidskrift 39,
        1956; the isotonic regression of the differences of sorted ranks). A table of ranks gives
        the order of densities and the mass below each level, so this is all of the density but
        for what differs between nodes of equal rank, and what lies above the highest rank. Nodes
        of rank 0 have no mass.

        Ranks count data points. Those of a smoothed density (`ranks`) hence give back the
        distribution of the points over its levels, which is narrower than the smoothed one.

        Raises
        ------
        ValueError
            The values are neither densities nor ranks, or all 0.
        """
        if self.quantity == "other":
            raise ValueError(
                "PeriodicGrid.masses: the values are neither densities nor ranks; say what they "
                "are with quantity="
            )
        share = masses_of_ranks(self.values) if self.quantity == "rank" else self.values
        total = share.sum()
        if not total > 0.0:
            raise ValueError("PeriodicGrid.masses: all values are 0, so there is no mass")
        corner = self.origin[0] - 0.5 * self.step[0], self.origin[1] - 0.5 * self.step[1]
        return CellDensity(share / total, origin=corner, period=self.period)

    @property
    def point_count(self) -> int | None:
        """Number of data points: of the sample, or the least N with ranks of whole points of N.

        None if it cannot be known.
        """
        if self.sample is not None:
            return len(self.sample.phi)
        return number_of_points(self.values) if self.quantity == "rank" else None

    def level(self, fraction: float, *, by: Literal["mass", "points"] = "mass") -> float:
        """Return the highest level whose region holds a fraction of the whole.

        Parameters
        ----------
        fraction : float
            In (0, 1].
        by : {"mass", "points"}
            Of the mass of the cells, so that the region is the highest-density region of the
            smooth density; or of the data points themselves. Smoothing moves mass out to where
            few points are, so the region by mass is larger.

        Raises
        ------
        ValueError
            For a fraction outside (0, 1], and where there are no data points to count.

        Notes
        -----
        A level is a value at a node, and a point counts for the cell around its nearest node. The
        level of ranks is ``1 - fraction``: 0.02 for what is called favored.
        """
        if not 0.0 < fraction <= 1.0:
            raise ValueError(f"PeriodicGrid.level: fraction = {fraction!r} is not in (0, 1]")
        if by not in ("mass", "points"):
            raise ValueError(f"PeriodicGrid.level: by = {by!r}; expected 'mass' or 'points'")
        if self.quantity == "rank":
            return 1.0 - fraction
        share = self.masses().masses if by == "mass" else self._points_in_cells("level")
        return highest_level(self.values, share, fraction)

    def ranks(self) -> PeriodicGrid:
        """Return the fraction of the sample that lies at the density of every node or below.

        Such a grid scores residues as validation programs do: `at` gives how usual a pair of
        angles is, and ``region(0.02)`` holds 98 % of the sample.

        Raises
        ------
        ValueError
            The grid was not made from angles.
        """
        if self.quantity == "rank":
            return self
        ranks = ranks_of(self.values, self._points_in_cells("ranks"))
        return type(self)(ranks, origin=self.origin, period=self.period, quantity="rank")

    def _points_in_cells(self, caller: str) -> NDArray[np.float64]:
        """Return the weight of the sample in the cell around every node."""
        if self.sample is None:
            raise ValueError(
                f"PeriodicGrid.{caller}: the grid does not know its data points; make it with "
                "PeriodicGrid.from_angles, or ask by mass"
            )
        return self.sample.binned(self.values.shape)

    def overlap_with(self, other: PeriodicGrid) -> float:
        """Return the sum of the lesser of the cell masses: 1 for equal distributions, least 0.

        Raises
        ------
        ValueError
            The grids have other nodes, or no masses.
        """
        if self._frame != other._frame:
            raise ValueError(
                f"PeriodicGrid.overlap_with: {self} and {other} have different nodes; make both "
                "with the same step, origin and period"
            )
        one, two = self.masses().masses, other.masses().masses
        # Sums of shares are 1 but for rounding, in the same order the same.
        return float(np.minimum(one, two).sum() / max(one.sum(), two.sum()))


# ------------------------------------------------------------------------------------------ checks


def read_values(values: ArrayLike, quantity: str) -> NDArray[np.float64]:
    """Return a copy of the values at nodes that cannot be changed, or say which is wrong."""
    table = np.array(as_numbers(values, "PeriodicGrid"), order="C")
    if table.ndim != 2 or min(table.shape) < 2:
        raise ValueError(
            f"PeriodicGrid: values have shape {table.shape}; expected (nx, ny), at least 2 by 2"
        )
    if quantity not in _QUANTITIES:
        raise ValueError(
            f"PeriodicGrid: quantity = {quantity!r}; expected one of {', '.join(_QUANTITIES)}"
        )
    least, most, wanted = _QUANTITIES[quantity]
    bad = np.argwhere(~(np.isfinite(table) & (table >= least) & (table <= most)))
    if len(bad):
        i, j = bad[0].tolist()
        raise ValueError(f"PeriodicGrid: values[{i}, {j}] = {table[i, j]} is not {wanted}")
    if all(map(_repeats, (table, table.T))):
        raise ValueError(
            f"PeriodicGrid: values have shape {table.shape}, and the last row and column are the "
            "first ones again, as -180 and 180 are one place; give values[:-1, :-1]"
        )
    table.flags.writeable = False
    return table


def _repeats(table: NDArray[np.float64]) -> bool:
    """Tell whether the last row is the first one again, as in a grid with both ends of a period.

    An even function has such rows, too, but between them as many steps as a circle is cut into.
    """
    steps = len(table) - 1
    ends = steps >= 12 and 360 % steps == 0 and 360 % (steps + 1) != 0
    first, last = table[0], table[-1]
    return ends and np.ptp(first) > 0.0 and np.allclose(first, last, rtol=1e-9, atol=0.0)


def read_period(values: Sequence[float]) -> tuple[float, float]:
    """Return two positive periods."""
    period = read_pair(values, "period")
    if min(period) <= 0.0:
        raise ValueError(f"PeriodicGrid: period = {values!r}; both periods must be positive")
    return period


def read_pair(values: Sequence[float], name: str) -> tuple[float, float]:
    """Return two finite numbers."""
    array = as_numbers(values, f"PeriodicGrid: {name}")
    if array.shape != (2,) or not np.isfinite(array).all():
        raise ValueError(f"PeriodicGrid: {name} = {values!r}; expected a pair of finite numbers")
    return float(array[0]), float(array[1])
