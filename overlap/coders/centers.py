"""Centers and sizes: coders that need no anchor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap.coders._reading import (
    build,
    checked_grad,
    ends_of,
    finite_table,
    noun,
    one_of,
    period_of,
)
from overlap.regions.base import Regions
from overlap.regions.boxes import Boxes
from overlap.regions.intervals import Intervals

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["CenterSize", "LogSize"]


@dataclass(frozen=True)
class CenterSize:
    """Boxes or intervals as center and size: ``cx, cy, w, h`` in the plane (DETR).

    Parameters
    ----------
    kind : type
        `overlap.Boxes` (of any number D of dimensions) or `overlap.Intervals` (D = 1).
    period : float, optional
        Period of the intervals.

    Examples
    --------
    >>> import overlap as ov
    >>> coder = ov.coders.CenterSize(ov.Intervals)
    >>> coder.encode(ov.Intervals([[1.0, 5.0]]))
    array([[3., 4.]])
    >>> coder.decode([[3.0, 2.0]])
    Intervals([[2.0, 4.0]])
    >>> coder.pullback([[3.0, 2.0]], [[10.0, 1.0]])
    array([[11. , -4.5]])
    """

    kind: type[Boxes] | type[Intervals] = Boxes
    period: float | None = None

    def __post_init__(self) -> None:
        if not (isinstance(self.kind, type) and issubclass(self.kind, (Boxes, Intervals))):
            raise TypeError(f"{self._name}: kind = {self.kind!r}; expected Boxes or Intervals")
        if self.period is not None and not issubclass(self.kind, Intervals):
            raise ValueError(f"{self._name}: only intervals have a period")

    def encode(self, regions: Boxes | Intervals) -> NDArray[np.float64]:
        """Return centers and coded sizes, shape (N, 2 D).

        Parameters
        ----------
        regions : Boxes or Intervals
            N regions of this coder's kind.

        Raises
        ------
        ValueError
            For a size that has no code, and intervals with another period.
        """
        one_of(regions, (self.kind,), self._name)
        if period_of(regions) != self.period:
            raise ValueError(
                f"{self._name}: the intervals have period {period_of(regions)}, the coder "
                f"{self.period}; build both with the same period"
            )
        lower, upper = ends_of(regions)
        return np.hstack([lower + 0.5 * (upper - lower), self._coded(upper - lower)])

    def decode(self, values: ArrayLike, unit: str | None = None) -> Any:
        """Return the regions with these centers and coded sizes.

        Parameters
        ----------
        values : array_like, shape (N, 2 D)
            D centers, then D coded sizes.
        unit : str, optional
            Unit of the coordinates, such as ``"px"``.

        Raises
        ------
        ValueError
            For another shape, values that are not finite, and sizes that are negative or
            overflow.
        """
        center, size = self._read(values)
        return build(self.kind, center - 0.5 * size, center + 0.5 * size, unit, self.period)

    def pullback(
        self, regions_or_values: Boxes | Intervals | ArrayLike, grad: ArrayLike
    ) -> NDArray[np.float64]:
        """Return the gradient with respect to center and coded size.

        With the lower end ``c - size / 2`` and the upper one ``c + size / 2``, the gradient
        with respect to the center is the sum of those of the two ends, and that with respect
        to the size half their difference; a logarithm of the size multiplies it by the size.

        Parameters
        ----------
        regions_or_values : Boxes, Intervals, or array_like, shape (N, 2 D)
            The regions, or the numbers that they were decoded from.
        grad : array_like, shape (N, 2 D)
            Gradient with respect to the lower, then the upper ends, as
            `Score.value_and_grad` returns it.

        Returns
        -------
        ndarray, shape (N, 2 D)
            With respect to the D centers, then the D coded sizes. Zero in the logarithm of a
            size that is zero.
        """
        if isinstance(regions_or_values, Regions):
            lower, upper = ends_of(one_of(regions_or_values, (self.kind,), self._name))
            size = upper - lower
        else:
            _, size = self._read(regions_or_values)
        table = checked_grad(grad, (len(size), 2 * size.shape[1]), self._name)
        lower, upper = np.split(table, 2, axis=1)
        return np.hstack([lower + upper, 0.5 * self._slope(size) * (upper - lower)])

    def _coded(self, size: NDArray[np.float64]) -> NDArray[np.float64]:
        return size

    def _sizes(self, coded: NDArray[np.float64]) -> NDArray[np.float64]:
        bad = np.argwhere(coded < 0)
        if bad.size:
            row, axis = bad[0]
            raise ValueError(
                f"{self._name}: size {coded[row, axis]} on axis {axis} of "
                f"{noun(self.kind)} {row} is negative; sizes are lengths, so clip them, or "
                "let the model predict logarithms (LogSize)"
            )
        return coded

    def _slope(self, size: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.ones_like(size)

    def _read(self, values: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return centers and sizes."""
        line = issubclass(self.kind, Intervals)
        wanted = f"({'N, 2' if line else 'N, 2 D'}), centres then sizes"
        table = finite_table(values, self._name, wanted, 2 if line else None)
        center, coded = np.split(table, 2, axis=1)
        return center, self._sizes(coded)

    @property
    def _name(self) -> str:
        return type(self).__name__


@dataclass(frozen=True)
class LogSize(CenterSize):
    """Boxes or intervals as center and natural logarithm of the size: ``x, y, ln w, ln h``.

    The logarithm keeps every predicted size positive, and one step of it is the same
    relative change for small and large regions. Any number of dimensions D: first the D
    centers, then the D log sizes.

    Parameters
    ----------
    kind : type
        `overlap.Boxes` (of any number D of dimensions) or `overlap.Intervals` (D = 1).
    period : float, optional
        Period of the intervals.

    Examples
    --------
    >>> import overlap as ov
    >>> coder = ov.coders.LogSize()
    >>> boxes = coder.decode([[5.0, 5.0, 1.0, 2.0]])
    >>> coder.encode(boxes)
    array([[5., 5., 1., 2.]])
    >>> value, grad = ov.giou.value_and_grad(boxes, ov.Boxes([[5.0, 4.0, 9.0, 9.0]]))
    >>> coder.pullback(boxes, grad).shape
    (1, 4)
    """

    def _coded(self, size: NDArray[np.float64]) -> NDArray[np.float64]:
        bad = np.argwhere(size == 0)
        if bad.size:
            row, axis = bad[0]
            raise ValueError(
                f"LogSize: {noun(self.kind)} {row} has size 0 on axis {axis}, which has no "
                "logarithm; remove such regions or give them a size"
            )
        return np.log(size)

    def _sizes(self, coded: NDArray[np.float64]) -> NDArray[np.float64]:
        with np.errstate(over="ignore", under="ignore"):
            size = np.exp(coded)
        bad = np.argwhere(np.isinf(size))
        if bad.size:
            row, axis = bad[0]
            raise ValueError(
                f"LogSize: log size {coded[row, axis]} on axis {axis} of {noun(self.kind)} "
                f"{row} overflows float64; clip log sizes before decoding"
            )
        return size

    def _slope(self, size: NDArray[np.float64]) -> NDArray[np.float64]:
        return size
