"""Ends: what kinds have whose parameters are all coordinates of their boundary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Ends"]


class Ends:
    """Both ends of a region on every axis; a kind that has them overrides all of it."""

    @property
    def boundary(self) -> bool:
        """Whether all parameters are coordinates of the boundary."""
        return False

    @property
    def ends(self) -> NDArray[np.float64]:
        """Both ends of every axis, shape (N, axes, 2)."""
        raise self._no_boundary()

    def with_ends(self, ends: NDArray[np.float64]) -> Self:
        """Return regions with other ends, shape (N, axes, 2)."""
        raise self._no_boundary()

    def legal_ends(self, ends: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which ends, shape (N, axes, 2), make a legal region, shape (N,)."""
        raise self._no_boundary()

    def ends_to_parameters(self, move: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return one move of the ends, shape (axes, 2), in the order of the parameters."""
        raise self._no_boundary()

    def ties(self, other: Self) -> NDArray[np.bool_]:
        """Return where an end meets an end of `other` on the same axis, shape (N,)."""
        raise self._no_boundary()

    def _no_boundary(self) -> TypeError:
        kind = type(self).__name__
        return TypeError(f"{kind}: its parameters are not coordinates of a boundary")
