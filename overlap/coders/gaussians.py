"""Gaussians as rotated boxes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from overlap.coders._reading import checked_grad
from overlap.regions.base import Regions
from overlap.regions.boxes import Boxes
from overlap.regions.gaussians.gaussians import Gaussians, checked_variance
from overlap.regions.rotated import RotatedBoxes

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["GaussianBox"]


@dataclass(frozen=True)
class GaussianBox:
    """Gaussians as rotated boxes: ``cx, cy, w, h, angle``.

    The covariance of a box is ``R diag(variance w^2, variance h^2) R^T``. `pullback` brings
    gradients of the scores in `overlap.scores.divergences` back to the parameters of boxes.

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
        table = checked_grad(grad, (len(boxes), 5), "GaussianBox")
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
        if isinstance(boxes_or_values, RotatedBoxes):
            return boxes_or_values
        if isinstance(boxes_or_values, Boxes) and boxes_or_values.dimension == 2:
            return boxes_or_values
        if isinstance(boxes_or_values, Regions):
            raise TypeError(
                "GaussianBox: expected RotatedBoxes or planar Boxes, got "
                f"{type(boxes_or_values).__name__}"
            )
        return RotatedBoxes(boxes_or_values)
