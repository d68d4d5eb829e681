"""Distances from a point to the ends of a region: FCOS, ActionFormer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from overlap._common.numbers import as_numbers
from overlap._common.values import ByValue
from overlap.coders._reading import (
    build,
    checked_grad,
    ends_of,
    finite_table,
    noun,
    one_of,
    period_of,
    same_length,
)
from overlap.regions.boxes import Boxes
from overlap.regions.intervals import Intervals

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["EdgeDistances"]

_FORMS = ("linear", "clip", "log")


@dataclass(frozen=True, eq=False)
class EdgeDistances(ByValue):
    """Boxes or intervals as distances from a point to their ends: ``l, t, r, b`` (FCOS).

    With the point p and the ends of a region on every axis::

        d_lower = (p - lower) / scale        d_upper = (upper - p) / scale

    first the D distances to the lower ends, then the D to the upper ones: left, top, right,
    bottom of a box on an image (1904.01355), left and right of an interval (ActionFormer,
    2202.07925).

    Parameters
    ----------
    points : array_like, shape (N, D) or (N,)
        Points such as the centers of the cells of a feature map. Shape (N, D) is for boxes;
        shape (N,) for intervals. A single one serves all rows.
    scale : float or array_like, shape (N,)
        The stride of the feature map, > 0: distances are in units of it.
    form : {"linear", "clip", "log"}
        What is predicted: the distance (it may be negative, where the point is outside, but
        the region may not have a negative size); the distance, of which the negative part
        counts as 0 with no gradient (a ReLU); or the logarithm of the distance.
    unit : str, optional
        Unit of the decoded regions.

    Examples
    --------
    >>> import overlap as ov
    >>> coder = ov.coders.EdgeDistances([[4.0, 4.0]], scale=2.0)
    >>> coder.encode(ov.Boxes([[0.0, 2.0, 10.0, 6.0]]))
    array([[2., 1., 3., 1.]])
    >>> coder.decode([[1.0, 1.0, 1.0, 1.0]])
    Boxes([[2.0, 2.0, 6.0, 6.0]])
    >>> ov.coders.EdgeDistances([5.0]).encode(ov.Intervals([[4.0, 8.0]]))
    array([[1., 3.]])
    """

    points: ArrayLike
    scale: ArrayLike = 1.0
    form: Literal["linear", "clip", "log"] = "linear"
    unit: str | None = None
    _points: NDArray[np.float64] = field(init=False, repr=False, compare=False)
    _scale: NDArray[np.float64] = field(init=False, repr=False, compare=False)
    _kind: type[Boxes] | type[Intervals] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        points = np.array(as_numbers(self.points, "EdgeDistances: points"))
        if points.ndim not in (1, 2) or (points.ndim == 2 and points.shape[1] == 0):
            raise ValueError(
                "EdgeDistances: points have shape "
                f"{points.shape}; expected (N, D) for boxes or (N,) for intervals"
            )
        bad = np.argwhere(~np.isfinite(points))
        if bad.size:
            where = ", ".join(map(str, bad[0]))
            raise ValueError(f"EdgeDistances: points[{where}] is not finite")
        scale = np.array(as_numbers(self.scale, "EdgeDistances: scale"))
        if scale.shape not in ((), (len(points),)):
            raise ValueError(
                f"EdgeDistances: scale has shape {scale.shape}; expected a number, or one for "
                f"each point, shape ({len(points)},)"
            )
        if not ((scale > 0) & (scale < np.inf)).all():
            raise ValueError("EdgeDistances: scale must be finite and > 0 everywhere")
        if self.form not in _FORMS:
            raise ValueError(
                f"EdgeDistances: form = {self.form!r}; expected one of {', '.join(_FORMS)}"
            )
        object.__setattr__(self, "_kind", Intervals if points.ndim == 1 else Boxes)
        object.__setattr__(self, "_points", points[:, None] if points.ndim == 1 else points)
        object.__setattr__(self, "_scale", scale.reshape(-1, 1))

    def encode(self, regions: Boxes | Intervals) -> NDArray[np.float64]:
        """Return the distances, shape (N, 2 D).

        Parameters
        ----------
        regions : Boxes or Intervals
            One for each point, or one for all. Intervals with a period are not supported.

        Raises
        ------
        ValueError
            Where the form is not linear and a distance has no code: below 0 for ``"clip"``,
            not above 0 for ``"log"``.
        """
        distances = self._distances(regions)
        if self.form == "linear":
            return distances
        bad = np.argwhere(distances < 0 if self.form == "clip" else distances <= 0)
        if bad.size:
            row, column = bad[0]
            axes = distances.shape[1] // 2
            raise ValueError(
                f"EdgeDistances: point {row} is not inside {noun(self._kind)} {row}: its distance "
                f"to the {'lower' if column < axes else 'upper'} end of axis {column % axes} is "
                f"{distances[row, column]}, which form='{self.form}' cannot say; select the "
                "points inside first, or use form='linear'"
            )
        return np.log(distances) if self.form == "log" else distances

    def decode(self, values: ArrayLike) -> Any:
        """Return the Boxes or Intervals with these distances, shape (N, 2 D)."""
        distances, _ = self._decoded(values)
        below, above = np.split(self._scale * distances, 2, axis=1)
        lower, upper = self._points - below, self._points + above
        if self.form != "linear":  # then no distance is negative, and rounding is no error
            upper = np.maximum(lower, upper)
        return build(self._kind, lower, upper, self.unit)

    def pullback(self, values: ArrayLike, grad: ArrayLike) -> NDArray[np.float64]:
        """Return the gradient with respect to the predicted numbers.

        Parameters
        ----------
        values : array_like, shape (N, 2 D)
            What the regions were decoded from.
        grad : array_like, shape (N, 2 D)
            Gradient with respect to the lower, then the upper ends.

        Returns
        -------
        ndarray, shape (N, 2 D)
            For ``form="clip"`` zero where a number is negative, and half at 0.
        """
        distances, slope = self._decoded(values)
        table = checked_grad(grad, distances.shape, "EdgeDistances")
        lower, upper = np.split(table, 2, axis=1)
        return np.hstack([-lower, upper]) * self._scale * slope

    def centerness(self, regions: Boxes | Intervals) -> NDArray[np.float64]:
        """Return the centerness of the points in their regions, shape (N,), in [0, 1].

        The square root of the product over the axes of the smaller distance divided by the
        larger one (1904.01355): 1 in the middle, 0 at the border and outside.
        """
        below, above = np.split(self._distances(regions), 2, axis=1)
        near, far = np.minimum(below, above), np.maximum(below, above)
        inside = np.all(near > 0, axis=1)
        share = np.divide(near, far, out=np.zeros_like(near), where=inside[:, None])
        return np.sqrt(share.prod(axis=1))

    def _distances(self, regions: Boxes | Intervals) -> NDArray[np.float64]:
        """Return distances in units of the scale."""
        one_of(regions, (self._kind,), "EdgeDistances")
        if period_of(regions) is not None:
            raise ValueError(
                "EdgeDistances: the intervals have a period, on which a point has two distances "
                "to every end; use Deltas"
            )
        lower, upper = ends_of(regions)
        if lower.shape[1] != self._points.shape[1]:
            raise ValueError(
                f"EdgeDistances: points in {self._points.shape[1]} dimensions and boxes in "
                f"{lower.shape[1]}"
            )
        same_length(len(lower), len(self._points), "EdgeDistances", "points", either=True)
        return np.hstack([self._points - lower, upper - self._points]) / self._scale

    def _decoded(self, values: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return distances in units of the scale, and their slopes."""
        width = 2 * self._points.shape[1]
        wanted = f"(N, {width}), distances to lower, then to upper ends"
        table = finite_table(values, "EdgeDistances", wanted, width)
        same_length(len(table), len(self._points), "EdgeDistances", "points")
        if self.form == "clip":
            return np.maximum(table, 0.0), np.heaviside(table, 0.5)
        if self.form == "log":
            with np.errstate(over="ignore"):  # an infinite distance is an error of the kind
                distances = np.exp(table)
            return distances, distances
        return table, np.ones_like(table)
