"""Coders: other parameters for regions, and gradients with respect to them.

A coder turns regions into the numbers that a model predicts (`encode`) and back
(`decode`), and turns gradients with respect to the regions' own parameters into gradients
with respect to these numbers (`pullback`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from overlap.regions.base import Regions, as_numbers
from overlap.regions.boxes import Boxes
from overlap.regions.gaussians import Gaussians, checked_variance
from overlap.regions.rotated import RotatedBoxes

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["GaussianBox", "LogSize"]


@dataclass(frozen=True)
class LogSize:
    """Boxes as centre and natural logarithm of the size: ``x, y, ln w, ln h`` in the plane.

    The logarithm keeps every predicted size positive, and one step of it is the same
    relative change for small and large boxes. Any number of dimensions D: first the D
    centres, then the D log sizes.

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

    def encode(self, boxes: Boxes) -> NDArray[np.float64]:
        """Return centre and log size, shape (N, 2 D).

        Parameters
        ----------
        boxes : Boxes
            N boxes in D dimensions, none of them empty.

        Raises
        ------
        ValueError
            For a box of size zero on some axis, whose logarithm does not exist.
        """
        if not isinstance(boxes, Boxes):
            raise TypeError(f"LogSize: expected Boxes, got {type(boxes).__name__}")
        center, size = np.split(boxes.to_cxcywh(), 2, axis=1)
        bad = np.argwhere(size == 0)
        if bad.size:
            row, axis = bad[0]
            raise ValueError(
                f"LogSize: box {row} has size 0 on axis {axis}, which has no logarithm; remove "
                "such boxes or give them a size"
            )
        return np.hstack([center, np.log(size)])

    def decode(self, values: ArrayLike, unit: str | None = None) -> Boxes:
        """Return the boxes with these centres and log sizes.

        Parameters
        ----------
        values : array_like, shape (N, 2 D)
            D centres, then D natural logarithms of sizes.
        unit : str, optional
            Unit of the coordinates, such as ``"px"``.

        Raises
        ------
        ValueError
            For another shape, values that are not finite, and sizes that overflow.
        """
        center, size = self._read(values)
        return Boxes(np.hstack([center - 0.5 * size, center + 0.5 * size]), unit=unit)

    def pullback(self, boxes_or_values: Boxes | ArrayLike, grad: ArrayLike) -> NDArray[np.float64]:
        """Return the gradient with respect to centre and log size.

        With the lower corner ``c - exp(l) / 2`` and the upper one ``c + exp(l) / 2``, the
        gradient with respect to the centre is the sum of those of the two corners, and that
        with respect to ``l`` is half their difference times the size.

        Parameters
        ----------
        boxes_or_values : Boxes or array_like, shape (N, 2 D)
            The boxes, or the numbers that they were decoded from.
        grad : array_like, shape (N, 2 D)
            Gradient with respect to the lower, then the upper corners, as
            `Score.value_and_grad` returns it.

        Returns
        -------
        ndarray, shape (N, 2 D)
            With respect to the D centres, then the D log sizes. Zero in the log size of a
            box that has size zero.
        """
        if isinstance(boxes_or_values, Boxes):
            size = boxes_or_values.upper - boxes_or_values.lower
        else:
            _, size = self._read(boxes_or_values)
        table = as_numbers(grad, "LogSize: grad")
        if table.shape != (len(size), 2 * size.shape[1]):
            raise ValueError(
                f"LogSize: expected a gradient of shape {(len(size), 2 * size.shape[1])}, one row "
                f"for each box and its corners; got {table.shape}"
            )
        lower, upper = np.split(table, 2, axis=1)
        return np.hstack([lower + upper, 0.5 * size * (upper - lower)])

    def _read(self, values: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return centres and sizes."""
        table = as_numbers(values, "LogSize")
        if table.size == 0 and table.ndim < 2:
            table = table.reshape(0, 4)
        if table.ndim != 2 or table.shape[1] % 2 or table.shape[1] == 0:
            raise ValueError(
                f"LogSize: expected shape (N, 2 D), centres then log sizes; got {table.shape}"
            )
        bad = np.argwhere(~np.isfinite(table))
        if bad.size:
            row, column = bad[0]
            raise ValueError(
                f"LogSize: value {table[row, column]} in row {row}, column {column} is not finite"
            )
        center, log_size = np.split(table, 2, axis=1)
        with np.errstate(over="ignore", under="ignore"):
            size = np.exp(log_size)
        bad = np.argwhere(np.isinf(size))
        if bad.size:
            row, axis = bad[0]
            raise ValueError(
                f"LogSize: log size {log_size[row, axis]} on axis {axis} of box {row} overflows "
                "float64; clip log sizes before decoding"
            )
        return center, size


@dataclass(frozen=True)
class GaussianBox:
    """Gaussians as rotated boxes: ``cx, cy, w, h, angle``.

    The covariance of a box is ``R diag(variance w^2, variance h^2) R^T``. `pullback` brings
    gradients of the scores in `overlap.divergences` back to the parameters of boxes.

    Parameters
    ----------
    variance : float
        As in `overlap.Gaussians.from_boxes`: 1/4 or 1/12.

    Examples
    --------
    >>> import overlap as ov
    >>> coder = ov.coders.GaussianBox(variance=0.25)
    >>> found = ov.RotatedBoxes([[0.0, 0.0, 4.0, 2.0, 0.5]])
    >>> truth = ov.RotatedBoxes([[0.0, 0.0, 4.0, 2.0, 0.0]])
    >>> value, grad = ov.kld.value_and_grad(coder.decode(found), coder.decode(truth))
    >>> coder.pullback(found, grad).round(3)
    array([[ 0.   ,  0.   , -0.023,  0.181, -0.497]])
    """

    variance: float

    def __post_init__(self) -> None:
        checked_variance(self.variance)

    def encode(self, gaussians: Gaussians) -> NDArray[np.float64]:
        """Return the rotated boxes of Gaussians, shape (N, 5).

        The width is the longer side and the angle in (-pi/2, pi/2]. Gaussians without a longer
        axis have the angle 0.

        Parameters
        ----------
        gaussians : Gaussians
        """
        if not isinstance(gaussians, Gaussians):
            raise TypeError(f"GaussianBox: expected Gaussians, got {type(gaussians).__name__}")
        x, y, xx, xy, yy = gaussians.to_array().T
        long = 0.5 * (xx + yy) + np.hypot(0.5 * (xx - yy), xy)
        w = np.sqrt(long)
        h = np.divide(gaussians.measure(), w, out=np.zeros_like(w), where=w > 0.0)
        sides = np.stack([w, h], axis=1) / np.sqrt(self.variance)
        return np.column_stack([x, y, sides, 0.5 * np.arctan2(2.0 * xy, xx - yy)])

    def decode(self, boxes_or_values: RotatedBoxes | Boxes | ArrayLike) -> Gaussians:
        """Return the Gaussians of boxes.

        Parameters
        ----------
        boxes_or_values : RotatedBoxes, planar Boxes, or array_like, shape (N, 5)
            Boxes, or the numbers ``cx, cy, w, h, angle`` of rotated ones.
        """
        return Gaussians.from_boxes(self._boxes(boxes_or_values), variance=self.variance)

    def pullback(
        self, boxes_or_values: RotatedBoxes | Boxes | ArrayLike, grad: ArrayLike
    ) -> NDArray[np.float64]:
        """Return the gradient with respect to the parameters of the boxes.

        Parameters
        ----------
        boxes_or_values : RotatedBoxes, planar Boxes, or array_like, shape (N, 5)
            What the Gaussians were decoded from.
        grad : array_like, shape (N, 5)
            Gradient with respect to x, y, xx, xy, yy, as `Score.value_and_grad` returns it.

        Returns
        -------
        ndarray, shape (N, 5), or (N, 4) for Boxes
            With respect to ``cx, cy, w, h, angle``, or to ``x0, y0, x1, y1``.
        """
        boxes = self._boxes(boxes_or_values)
        table = as_numbers(grad, "GaussianBox: grad")
        if table.shape != (len(boxes), 5):
            raise ValueError(
                f"GaussianBox: expected a gradient of shape {(len(boxes), 5)}, one row for each "
                f"Gaussian and its x, y, xx, xy, yy; got {table.shape}"
            )
        gx, gy, gxx, gxy, gyy = table.T
        if isinstance(boxes, Boxes):
            w, h = (boxes.upper - boxes.lower).T
            gw, gh = 2.0 * self.variance * w * gxx, 2.0 * self.variance * h * gyy
            return np.stack([0.5 * gx - gw, 0.5 * gy - gh, 0.5 * gx + gw, 0.5 * gy + gh], axis=1)
        w, h, angle = boxes.to_array().T[2:]
        c, s = np.cos(angle), np.sin(angle)
        gw = 2.0 * self.variance * w * (c * c * gxx + c * s * gxy + s * s * gyy)
        gh = 2.0 * self.variance * h * (s * s * gxx - c * s * gxy + c * c * gyy)
        turn = 2.0 * c * s * (gyy - gxx) + (c - s) * (c + s) * gxy
        return np.stack([gx, gy, gw, gh, self.variance * (w - h) * (w + h) * turn], axis=1)

    def _boxes(self, boxes_or_values: RotatedBoxes | Boxes | ArrayLike) -> RotatedBoxes | Boxes:
        if isinstance(boxes_or_values, Regions):
            flat = isinstance(boxes_or_values, Boxes) and boxes_or_values.dimension == 2
            if not (flat or isinstance(boxes_or_values, RotatedBoxes)):
                raise TypeError(
                    "GaussianBox: expected RotatedBoxes or planar Boxes, got "
                    f"{type(boxes_or_values).__name__}"
                )
            return boxes_or_values
        return RotatedBoxes(boxes_or_values)
