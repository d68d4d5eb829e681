"""Tables of numbers that coders read, and the ends of regions that have axes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from overlap._common.numbers import as_numbers
from overlap.regions.base import Bounded, Regions
from overlap.regions.intervals import Intervals

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "Coder",
    "Scaling",
    "build",
    "checked_clamp",
    "checked_grad",
    "clamped",
    "ends_of",
    "finite_table",
    "noun",
    "one_of",
    "period_of",
    "same_length",
]


class Coder(Protocol):
    """Interface of coders: regions to numbers, numbers to regions, gradients to gradients."""

    def encode(self, regions: Any, /) -> NDArray[np.float64]:
        """Return the numbers of regions, one row for each."""
        ...

    def decode(self, values: Any, /) -> Regions:
        """Return the regions with these numbers."""
        ...

    def pullback(self, values: Any, grad: Any, /) -> NDArray[np.float64]:
        """Return the gradient with respect to the numbers."""
        ...


def noun(kind: type[Regions]) -> str:
    """Return the name of one region in messages."""
    return "interval" if issubclass(kind, Intervals) else "box"


def one_of(regions: object, kinds: tuple[type[Regions], ...], what: str) -> Any:
    """Return `regions` if it is of one of the kinds."""
    if not isinstance(regions, kinds):
        names = " or ".join(kind.__name__ for kind in kinds)
        raise TypeError(f"{what}: expected {names}, got {type(regions).__name__}")
    return regions


def finite_table(
    values: ArrayLike, what: str, wanted: str, width: int | None = None, odd: bool = False
) -> NDArray[np.float64]:
    """Return a table of finite numbers; without `width`, of an even or `odd` number of columns."""
    table = as_numbers(values, what)
    if table.size == 0 and table.ndim < 2:
        table = table.reshape(0, width or 4 + odd)
    least = 3 if odd else 2
    if table.ndim != 2 or (
        table.shape[1] != width if width else table.shape[1] % 2 != odd or table.shape[1] < least
    ):
        raise ValueError(f"{what}: expected shape {wanted}; got {table.shape}")
    if not np.isfinite(table).all():
        row, column = np.argwhere(~np.isfinite(table))[0]
        raise ValueError(
            f"{what}: value {table[row, column]} in row {row}, column {column} is not finite"
        )
    return table


def checked_grad(grad: ArrayLike, shape: tuple[int, ...], what: str) -> NDArray[np.float64]:
    """Return a gradient of the wanted shape."""
    table = as_numbers(grad, f"{what}: grad")
    if table.shape != shape:
        raise ValueError(
            f"{what}: expected a gradient of shape {shape}, one row for each region and its "
            f"parameters; got {table.shape}"
        )
    return table


def same_length(
    rows: int, count: int, what: str, bases: str = "anchors", either: bool = False
) -> None:
    """Raise unless there is one anchor (or point), or one for each row.

    With `either`, a single row for all of them will do, too.
    """
    if count not in (1, rows) and not (either and rows == 1):
        raise ValueError(
            f"{what}: {rows} rows for {count} {bases}; there must be one of these for each row, "
            f"or a single one (take those of the rows first: {bases}[index])"
        )


def ends_of(regions: Bounded) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return lower and upper ends, each of shape (N, D)."""
    ends = regions.ends
    return ends[..., 0], ends[..., 1]


def period_of(regions: Regions) -> float | None:
    """Return the period of arcs of a circle, or None."""
    arcs = regions.arcs()
    return None if arcs is None else arcs[0]


def build(
    kind: Callable[..., Any],
    lower: NDArray[np.float64],
    upper: NDArray[np.float64],
    unit: str | None,
    period: float | None = None,
) -> Any:
    """Return boxes or intervals from their ends."""
    circle = {} if period is None else {"period": period}
    return kind(np.hstack([lower, upper]), unit=unit, **circle)


def checked_clamp(clamp: float | tuple[float, float] | None, what: str) -> tuple[float, float]:
    """Return the lower and the upper bound of a clamp."""
    low, high = -math.inf, math.inf
    if clamp is not None:
        numbers = as_numbers(clamp, f"{what}: clamp")
        if numbers.shape not in ((), (2,)) or np.isnan(numbers).any():
            raise ValueError(f"{what}: clamp = {clamp!r}; expected a number, a pair, or None")
        low, high = (-math.inf, float(numbers)) if numbers.shape == () else map(float, numbers)
        if low >= high:
            raise ValueError(f"{what}: clamp = {clamp!r}; the first must be below the second")
    return low, high


def clamped(
    values: NDArray[np.float64], low: float, high: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the values within the bounds, and the slope: 1, 0 outside, 1/2 at a bound."""
    inside = np.clip(values, low, high)
    slope = np.where((values < low) | (values > high), 0.0, 1.0)
    slope[(values == low) | (values == high)] = 0.5
    return inside, slope


class Scaling:
    """The affine map between predictions of a model and their meaning, column by column.

    Parameters
    ----------
    width : int
        Number of columns.
    means, stds : sequence of float or None
        A prediction is ``(meaning - mean) / std``.
    weights : sequence of float or None
        Or ``meaning * weight``.
    what : str
        Whose options they are, for messages.
    """

    def __init__(
        self,
        width: int,
        means: Sequence[float] | None,
        stds: Sequence[float] | None,
        weights: Sequence[float] | None,
        what: str,
    ) -> None:
        if weights is not None and (means is not None or stds is not None):
            raise ValueError(f"{what}: give weights, or means and stds, not both")
        self.mean = np.zeros(width)
        self.step = np.ones(width)
        for name, given in (("means", means), ("stds", stds), ("weights", weights)):
            if given is None:
                continue
            numbers = as_numbers(given, f"{what}: {name}")
            if numbers.shape != (width,) or not np.isfinite(numbers).all():
                raise ValueError(
                    f"{what}: {name} = {given!r}; expected {width} finite numbers, one for each "
                    "column"
                )
            if name == "means":
                self.mean = numbers
            elif (numbers <= 0).any():
                raise ValueError(f"{what}: {name} = {given!r}; all must be > 0")
            else:
                self.step = numbers if name == "stds" else 1.0 / numbers

    def code(self, meaning: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the numbers that a model should predict."""
        return (meaning - self.mean) / self.step

    def meaning(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the meaning of predictions."""
        return values * self.step + self.mean
