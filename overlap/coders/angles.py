"""Angles as points on a circle, without a jump."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from overlap._common.numbers import as_numbers
from overlap.coders._reading import checked_grad, finite_table

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["AngleVector", "wrapped"]


@dataclass(frozen=True)
class AngleVector:
    """Angles as ``cos(fold a), sin(fold a)``.

    A model that predicts the angle itself meets a jump where it wraps: two boxes that are
    nearly the same have angles that are far apart. On the circle they are neighbors. `fold`
    is the number of turns by 2 pi / fold after which the region is itself again.

    Parameters
    ----------
    fold : int
        1 for a direction (the heading of a car), 2 for a rectangle or an ellipse, 4 for a
        square.

    Examples
    --------
    >>> import math
    >>> import overlap as ov
    >>> coder = ov.coders.AngleVector(fold=2)
    >>> coder.encode([0.0, math.pi / 4, math.pi]).round(6) + 0.0
    array([[1., 0.],
           [0., 1.],
           [1., 0.]])
    >>> coder.decode([[0.0, 3.0], [-1.0, 0.0]])
    array([0.78539816, 1.57079633])
    """

    fold: int = 2

    def __post_init__(self) -> None:
        if isinstance(self.fold, bool) or not isinstance(self.fold, (int, np.integer)):
            raise TypeError(f"AngleVector: fold = {self.fold!r}; expected a whole number")
        if self.fold < 1:
            raise ValueError(f"AngleVector: fold = {self.fold}; expected 1, 2, 4, ...")

    def encode(self, angles: ArrayLike) -> NDArray[np.float64]:
        """Return cosine and sine, shape (N, 2), of angles in radians, shape (N,)."""
        array = as_numbers(angles, "AngleVector")
        if array.ndim != 1:
            raise ValueError(
                f"AngleVector: expected shape (N,), one angle a row; got {array.shape}"
            )
        bad = np.flatnonzero(~np.isfinite(array))
        if bad.size:
            raise ValueError(f"AngleVector: angle[{bad[0]}] = {array[bad[0]]} is not finite")
        turned = self.fold * array
        return np.stack([np.cos(turned), np.sin(turned)], axis=1)

    def decode(self, values: ArrayLike) -> NDArray[np.float64]:
        """Return the angles of vectors, shape (N,), in (-pi / fold, pi / fold].

        Parameters
        ----------
        values : array_like, shape (N, 2)
            Vectors of any length, not only 1; the vector (0, 0) has the angle 0.
        """
        c, s = self._read(values).T
        angle = np.arctan2(s + 0.0, c) / self.fold  # + 0.0: -0.0 would be the angle -pi
        return np.where((c == 0.0) & (s == 0.0), 0.0, angle)

    def pullback(self, values: ArrayLike, grad: ArrayLike) -> NDArray[np.float64]:
        """Return the gradient with respect to the vectors.

        Parameters
        ----------
        values : array_like, shape (N, 2)
            What the angles were decoded from.
        grad : array_like, shape (N,)
            Gradient with respect to the angles.

        Returns
        -------
        ndarray, shape (N, 2)
            ``grad / (fold r^2) (-sin, cos)``, across the vector, whose length r has no
            influence. Zero for the vector (0, 0), which has no direction.
        """
        vector = self._read(values)
        table = checked_grad(grad, (len(vector),), "AngleVector")
        c, s = vector.T
        length = np.hypot(c, s)
        nonzero = length > 0.0
        length = np.where(nonzero, length, 1.0)
        with np.errstate(over="ignore"):
            share = np.where(nonzero, table / self.fold / length, 0.0)
        largest = np.finfo(np.float64).max  # a vector of almost no length
        share = np.clip(share, -largest, largest)
        return np.stack([-share * (s / length), share * (c / length)], axis=1)

    def _read(self, values: ArrayLike) -> NDArray[np.float64]:
        return finite_table(values, "AngleVector", "(N, 2), cosine and sine", 2)


def wrapped(angles: NDArray[np.float64], period: float) -> NDArray[np.float64]:
    """Return the angles less whole periods, in [-period / 2, period / 2)."""
    inside = np.mod(angles + 0.5 * period, period) - 0.5 * period
    return np.where(inside >= 0.5 * period, -0.5 * period, inside)
