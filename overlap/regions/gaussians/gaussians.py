"""Gaussians: normal distributions in the plane, also those of boxes."""

from __future__ import annotations

from numbers import Real
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from overlap._common.numbers import checked_ratio
from overlap.regions.base import Regions
from overlap.regions.boxes import Boxes
from overlap.regions.gaussians import terms as _gaussians
from overlap.regions.rotated import RotatedBoxes

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Gaussians", "checked_variance"]

_ROUNDING = 8.0 * np.finfo(np.float64).eps


_LEAST, _MOST = 2.0**-960, 2.0**960  # of a variance
_FARTHEST = 2.0**500


def _check_range(table: NDArray[np.float64]) -> None:
    """Raise where a size or a squared distance is beyond float64; the rows are x, y, xx, yy."""
    if not table.size:
        return
    far, wide = np.abs(table[:2]), table[2:]
    if far.max() <= _FARTHEST and wide.min() >= _LEAST and wide.max() <= _MOST:
        return
    bad = np.vstack([far > _FARTHEST, (wide > _MOST) | ((wide > 0.0) & (wide < _LEAST))])
    if bad.any():
        row, k = np.argwhere(bad)[0]
        raise ValueError(
            f"Gaussians: {('x', 'y', 'xx', 'yy')[row]}[{k}] = {table[row, k]} is so large or so "
            "small that sizes or squared distances are beyond float64; multiply all lengths by the "
            "same number, and covariances by its square"
        )


def _product(a: NDArray, b: NDArray) -> tuple[NDArray, NDArray]:
    """Return ``a b`` as a rounded number, and its rounding error (Dekker 1971)."""
    p = a * b
    t = 134217729.0 * a
    ah = t - (t - a)
    t = 134217729.0 * b
    bh = t - (t - b)
    al, bl = a - ah, b - bh
    return p, ((ah * bh - p) + ah * bl + al * bh) + al * bl


def _line(xx: NDArray, xy: NDArray, yy: NDArray) -> tuple[NDArray, NDArray]:
    """Return the slope of y on x, and the variance about that line, relative to yy.

    The last is ``det / (xx yy)``, exact but for one rounding: of a thin Gaussian that is
    turned, it is a small difference of large numbers.
    """
    ex, ey = np.frexp(xx)[1], np.frexp(yy)[1]
    ex -= (ex + ey) % 2
    with np.errstate(all="ignore"):  # a covariance that cannot be gives NaN or -inf
        x, y, z = np.ldexp(xx, -ex), np.ldexp(yy, -ey), np.ldexp(xy, -((ex + ey) // 2))
        (p, p_error), (q, q_error) = _product(x, y), _product(z, z)
        about = np.where(xy == 0.0, 1.0, ((p - q) + (p_error - q_error)) / p)
        slope = np.where(xy == 0.0, 0.0, xy / xx)
    return slope, about


class Gaussians(Regions):
    """Normal distributions in the plane, each a mean and a covariance.

    The measure is the size ``sqrt(det)`` of the covariance, and what two share is the size of
    the product of their densities, so that `overlap.iou` is the KFIoU: 1/3, not 1, for equal
    Gaussians, and blind to the means. Distances between Gaussians are the scores
    `overlap.nwd`, `overlap.gwd`, `overlap.kld`, `overlap.jd` and `overlap.probiou`. There is no
    common enclosure, and so no `overlap.giou`.

    Parameters
    ----------
    values : array_like, shape (N, 5)
        Mean x, mean y, then the covariance: variance of x, covariance, variance of y.
        Variances are in the square of the unit.
    unit : str, optional
        Unit of the coordinates, such as ``"px"``.

    Raises
    ------
    ValueError
        For another shape, values that are not finite, and a covariance that has a negative
        eigenvalue.

    Notes
    -----
    A singular covariance (a point, a line) is legal and has measure 0; see
    `overlap.scores.divergences` for what is defined there. The variance across a thin Gaussian that
    is turned is a small difference of large numbers, whose rounding no later arithmetic can
    mend: five float64 numbers know it to about 1e-16 times the squared ratio of its axes, and
    above a ratio of some ten million it counts as singular.

    Examples
    --------
    >>> import overlap as ov
    >>> a = ov.Gaussians.from_boxes(ov.Boxes([[0.0, 0.0, 4.0, 2.0]]), variance=0.25)
    >>> b = ov.Gaussians.from_boxes(ov.Boxes([[1.0, 0.0, 5.0, 2.0]]), variance=0.25)
    >>> a
    Gaussians([[2.0, 1.0, 4.0, 0.0, 1.0]])
    >>> ov.nwd(scale=10.0)(a, b).round(4), ov.probiou(a, b).round(4), ov.iou(a, b).round(4)
    (array([0.9048]), array([0.8246]), array([0.3333]))
    """

    columns = ("x", "y", "xx", "xy", "yy")
    fused = True
    overlap = _gaussians.gaussian_overlap
    divergence = _gaussians.gaussian_divergence
    pullback = _gaussians.gaussian_pullback

    def __init__(self, values: ArrayLike, *, unit: str | None = None) -> None:
        table = self._read(values, 5)
        x, y, xx, xy, yy = np.array(table.T, order="C")  # a copy, always
        for variance, name in ((xx, "xx"), (yy, "yy")):
            bad = np.flatnonzero(variance < 0.0)
            if bad.size:
                raise ValueError(
                    f"Gaussians: {name}[{bad[0]}] = {variance[bad[0]]} is a negative variance"
                )
        slope, about = _line(xx, xy, yy)
        bad = np.flatnonzero(~(about >= -_ROUNDING))
        if bad.size:
            k = bad[0]
            raise ValueError(
                f"Gaussians: the covariance of row {k}, xx = {xx[k]}, xy = {xy[k]}, yy = {yy[k]}, "
                "has a negative eigenvalue: xy^2 must not exceed xx yy (values are x, y, xx, xy, "
                "yy, with variances rather than standard deviations)"
            )
        _check_range(np.stack([x, y, xx, yy]))
        about = np.where(about > _ROUNDING, about, 0.0)
        self._fill((x, y, xx, xy, yy, np.sqrt(xx), slope, np.sqrt(yy) * np.sqrt(about)), unit)

    @classmethod
    def from_boxes(cls, boxes: Boxes | RotatedBoxes, *, variance: float) -> Self:
        """Build Gaussians with the centers and axes of planar boxes.

        The covariance is ``R diag(variance w^2, variance h^2) R^T``. A square keeps no angle.

        Parameters
        ----------
        boxes : Boxes of the plane, or RotatedBoxes
            A box without width or height becomes a singular Gaussian.
        variance : float
            Variance along an axis of a box of side 1: 1/4 is that of the papers on `nwd`, `gwd`,
            `kld` and `kfiou`, in which half a side is the standard deviation; 1/12, that of the
            uniform distribution on the box, is that of `probiou`. `kfiou` does not depend on it.

        Raises
        ------
        TypeError
            For anything but boxes of the plane.
        ValueError
            Unless the variance is positive and finite.
        """
        if isinstance(boxes, Boxes) and boxes.dimension == 2:
            boxes = RotatedBoxes.from_boxes(boxes)
        if not isinstance(boxes, RotatedBoxes):
            raise TypeError(
                f"Gaussians.from_boxes: expected Boxes of the plane or RotatedBoxes, got {boxes!r}"
            )
        factor = checked_variance(variance)
        x, y, w, h, _, c, s = boxes._arrays[:7]
        thin = np.argwhere((factor * np.square([w, h]) < _LEAST) & (np.array([w, h]) > 0.0))
        if len(thin):
            raise ValueError(
                f"Gaussians.from_boxes: the variance of box {thin[:, 1].min()} becomes 0 in "
                "float64; multiply all lengths by the same large number"
            )
        with np.errstate(over="ignore", invalid="ignore"):  # the constructor refuses infinity
            xx = factor * ((c * w) ** 2 + (s * h) ** 2)
            yy = factor * ((s * w) ** 2 + (c * h) ** 2)
            xy = factor * (c * s) * ((w - h) * (w + h))
        return cls(np.stack([x, y, xx, xy, yy], axis=1), unit=boxes.unit)

    @property
    def dimension(self) -> int:
        """Number of coordinates of a point: 2."""
        return 2

    def scaled(self, ratio: float) -> Self:
        """Return the Gaussians with standard deviations times `ratio` >= 0."""
        table = self.to_array()
        table[:, 2:] *= checked_ratio(ratio) ** 2
        return type(self)(table, unit=self.unit)

    def kernel_columns(self) -> tuple[Any, ...]:
        """Return the columns that the jitted scalars index."""
        return self._arrays


def checked_variance(variance: float) -> float:
    """Return the variance of a box of side 1, or raise a ValueError."""
    if not (isinstance(variance, Real) and 0.0 < variance < np.inf):
        raise ValueError(
            f"variance = {variance!r} is not a finite number > 0; papers take 1/4 or 1/12"
        )
    return float(variance)
