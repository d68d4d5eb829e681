"""CellDensity: mass spread evenly over the cells of a grid, by which regions can be weighed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap._common.limits import MOST_AWAY
from overlap._common.numbers import as_numbers
from overlap._common.values import ByValue

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["CellDensity", "check_density", "check_reach", "read_period"]


class CellDensity(ByValue):
    """A density on the plane that is constant in every cell of a grid.

    Parameters
    ----------
    masses : array_like, shape (nx, ny)
        Mass >= 0 of every cell; rows go along x (phi), columns along y (psi). It is kept as
        given: divide by the total for probabilities.
    origin : pair of float
        Lower corner of the first cell.
    period : pair of float or None
        Period of both axes. The grid covers one period of an axis that has one; beside
        the grid of an axis without a period there is no mass.
    spacing : pair of float, optional
        Sides of a cell. Needed for axes without a period; with one it is ``period / n``.

    Attributes
    ----------
    masses : ndarray, shape (nx, ny)
    origin, spacing : tuple of float
    period : tuple of (float or None), or None

    Examples
    --------
    >>> import overlap as ov
    >>> density = ov.CellDensity([[1.0, 3.0], [0.0, 0.0]], origin=(-180.0, -180.0))
    >>> density.spacing, density.total
    ((180.0, 180.0), 4.0)
    >>> square = ov.Polygons([[(-90.0, -90.0), (90.0, -90.0), (90.0, 90.0), (-90.0, 90.0)]],
    ...                      period=(360.0, 360.0), density=density)
    >>> square.measure()
    array([1.])
    """

    def __init__(
        self,
        masses: ArrayLike,
        origin: Sequence[float] = (0.0, 0.0),
        period: Sequence[float | None] | None = (360.0, 360.0),
        spacing: Sequence[float] | None = None,
    ) -> None:
        table = np.array(as_numbers(masses, "CellDensity"), order="C")
        if table.ndim != 2 or not table.size:
            raise ValueError(f"CellDensity: expected masses of shape (nx, ny), got {table.shape}")
        bad = np.argwhere(~(np.isfinite(table) & (table >= 0)))
        if len(bad):
            row, column = bad[0]
            raise ValueError(
                f"CellDensity: masses[{row}, {column}] = {table[row, column]} is not a finite "
                "number >= 0"
            )
        self.masses = table
        self.masses.flags.writeable = False
        self.period = read_period(period, "CellDensity")
        self.origin = _pair(origin, "origin")
        sides: list[float] = []
        for axis in range(2):
            length = None if self.period is None else self.period[axis]
            if length is not None:
                sides.append(length / table.shape[axis])
            elif spacing is None:
                raise ValueError(
                    f"CellDensity: the {'xy'[axis]} axis has no period, so give spacing=, the "
                    "sides of a cell"
                )
            else:
                sides.append(float(spacing[axis]))
        self.spacing = _pair(sides, "spacing")
        given = self.spacing if spacing is None else _pair(spacing, "spacing")
        if min(self.spacing) <= 0 or not np.allclose(given, self.spacing, rtol=1e-12, atol=0.0):
            raise ValueError(
                f"CellDensity: spacing = {spacing}; expected positive sides, and period / n on "
                f"axes with a period, which here makes {self.spacing}"
            )

    @cached_property
    def total(self) -> float:
        """Sum of the masses."""
        return float(self.masses.sum())

    @cached_property
    def heights(self) -> NDArray[np.float64]:
        """Mass per area of every cell, shape (nx, ny)."""
        return self.masses / (self.spacing[0] * self.spacing[1])

    @cached_property
    def below(self) -> NDArray[np.float64]:
        """Mass per length of x below every cell of its column of cells, shape (nx, ny + 1)."""
        result = np.zeros((self.masses.shape[0], self.masses.shape[1] + 1))
        np.cumsum(self.masses / self.spacing[0], axis=1, out=result[:, 1:])
        return result

    def _contents(self) -> Sequence[Any]:
        return self.origin, self.period, self.spacing, self.masses

    def __repr__(self) -> str:
        spacing = "" if self.period and None not in self.period else f", spacing={self.spacing}"
        return (
            f"CellDensity({self.masses.tolist()!r}, origin={self.origin}, period={self.period}"
            f"{spacing})"
        )


def read_period(
    period: Sequence[float | None] | None, what: str
) -> tuple[float | None, float | None] | None:
    """Return a checked pair of periods, or None for the plane."""
    if period is None:
        return None
    if isinstance(period, str) or not hasattr(period, "__len__") or len(period) != 2:
        raise ValueError(
            f"{what}: period = {period!r}; expected a pair such as (360.0, 360.0), with None for "
            "an axis without a period"
        )
    pair = tuple(None if length is None else float(length) for length in period)
    for length in pair:
        if length is not None and not (np.isfinite(length) and length > 0):
            raise ValueError(f"{what}: period = {period!r}; a period is a finite number > 0")
    return None if pair == (None, None) else pair  # type: ignore[return-value]


def check_density(
    density: CellDensity, period: tuple[float | None, float | None] | None, what: str
) -> None:
    """Raise unless a density has the period of the regions."""
    if not isinstance(density, CellDensity):
        raise TypeError(f"{what}: density is {type(density).__name__}; expected a CellDensity")
    if density.period != period:
        raise ValueError(
            f"{what}: the density has period = {density.period} and the regions {period}; give "
            "both the same"
        )


def check_reach(density: CellDensity, vertices: Sequence[NDArray[np.float64]], what: str) -> None:
    """Raise where edges go so far that float64 does not know their place in a cell."""
    for axis, place in enumerate(vertices):
        if density.period is None or density.period[axis] is None:
            cells = np.abs(place - density.origin[axis]) / density.spacing[axis]
            far = np.flatnonzero(cells > MOST_AWAY)
            if far.size:
                v = far[0]
                raise ValueError(
                    f"{what}: vertex {v} = ({vertices[0][v]}, {vertices[1][v]}) is {cells[v]:.3g} "
                    f"cells away from the density, at most {MOST_AWAY:.3g} are possible: "
                    "float64 does not know where edges from farther out cross a cell; cut regions "
                    "to the surroundings of the density"
                )


def _pair(values: Sequence[float], name: str) -> tuple[float, float]:
    try:
        first, second = (float(value) for value in values)
    except (TypeError, ValueError):
        raise ValueError(f"CellDensity: {name} = {values!r}; expected a pair of numbers") from None
    if not np.isfinite([first, second]).all():
        raise ValueError(f"CellDensity: {name} = {values!r} is not finite")
    return first, second
