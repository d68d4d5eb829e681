"""Offsets from an anchor: boxes, and intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap._common.values import ByValue
from overlap.coders._reading import (
    Scaling,
    build,
    checked_clamp,
    checked_grad,
    clamped,
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

__all__ = ["Deltas"]

_FULL_TURN = 1.0 - 1e-12  # of a period: so that rounding makes no arc longer than it


@dataclass(frozen=True, eq=False)
class Deltas(ByValue):
    """Boxes or intervals as offsets from anchors: ``dx, dy, dw, dh`` (Faster R-CNN).

    With the center c and the size s of a region, and those of its anchor, on every axis::

        d_center = (c - anchor_c) / anchor_s        d_size = ln(s / anchor_s)

    first the D offsets of the center, then the D of the size (1506.01497). Intervals have
    two: the offset of the center and that of the duration.

    Parameters
    ----------
    anchors : Boxes or Intervals
        N anchors of positive size; a single one serves all rows.
    means, stds : sequence of 2 D float, optional
        A prediction is ``(d - mean) / std`` (mmdetection). Default: 0 and 1.
    weights : sequence of 2 D float, optional
        Instead: a prediction is ``d * weight`` (torchvision, detectron2). Their box heads
        use ``(10, 10, 5, 5)``, which is ``stds=(0.1, 0.1, 0.2, 0.2)``.
    clamp : float, pair of float, or None
        Bounds of ``d_size`` when decoding: the upper one, or both; beyond them the gradient
        is zero. The default, ``ln(1000 / 16)``, keeps a region within 62.5 times its
        anchor.

    Raises
    ------
    ValueError
        For an anchor of size zero, which offsets cannot be relative to.

    Examples
    --------
    >>> import overlap as ov
    >>> anchors = ov.Boxes([[0.0, 0.0, 10.0, 10.0]])
    >>> coder = ov.coders.Deltas(anchors, weights=(10.0, 10.0, 5.0, 5.0))
    >>> coder.encode(ov.Boxes([[1.0, 0.0, 11.0, 20.0]])).round(3)
    array([[1.   , 5.   , 0.   , 3.466]])
    >>> coder.decode([[1.0, 0.0, 0.0, 0.0]])
    Boxes([[1.0, 0.0, 11.0, 10.0]])
    >>> ov.coders.Deltas(ov.Intervals([[2.0, 4.0]])).decode([[0.5, 0.0]])
    Intervals([[3.0, 5.0]])
    """

    anchors: Boxes | Intervals
    means: Sequence[float] | None = None
    stds: Sequence[float] | None = None
    weights: Sequence[float] | None = None
    clamp: float | tuple[float, float] | None = math.log(1000 / 16)
    _scaling: Scaling = field(init=False, repr=False, compare=False)
    _bounds: tuple[float, float] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        one_of(self.anchors, (Boxes, Intervals), "Deltas: anchors")
        size = self._anchor()[1]
        bad = np.argwhere(size == 0)
        if bad.size:
            row, axis = bad[0]
            raise ValueError(
                f"Deltas: anchor {row} has size 0 on axis {axis}, and offsets are relative to "
                "the size; remove it or give it one"
            )
        scaling = Scaling(2 * size.shape[1], self.means, self.stds, self.weights, "Deltas")
        object.__setattr__(self, "_scaling", scaling)
        object.__setattr__(self, "_bounds", checked_clamp(self.clamp, "Deltas"))

    def encode(self, regions: Boxes | Intervals) -> NDArray[np.float64]:
        """Return the offsets of regions from their anchors, shape (N, 2 D).

        Parameters
        ----------
        regions : Boxes or Intervals
            One for each anchor, or one for all, of the anchors' kind. On a circle, the
            offset of the center is the shorter way round.

        Raises
        ------
        ValueError
            For a size of zero, whose logarithm does not exist, and another number of regions.
        """
        one_of(regions, (type(self.anchors),), "Deltas")
        self.anchors._check_partner(regions, "anchors", "regions")
        same_length(len(regions), len(self.anchors), "Deltas", either=True)
        lower, upper = ends_of(regions)
        size, (anchor, scale) = upper - lower, self._anchor()
        bad = np.argwhere(size == 0)
        if bad.size:
            row, axis = bad[0]
            raise ValueError(
                f"Deltas: {noun(type(regions))} {row} has size 0 on axis {axis}, which has no "
                "logarithm; remove such regions or give them a size"
            )
        shift = (lower + 0.5 * size) - anchor
        period = period_of(self.anchors)
        if period is not None:
            shift = np.mod(shift + 0.5 * period, period) - 0.5 * period
        return self._scaling.code(np.hstack([shift / scale, np.log(size) - np.log(scale)]))

    def decode(self, values: ArrayLike) -> Any:
        """Return the regions at these offsets: Boxes or Intervals, in the anchors' unit.

        Parameters
        ----------
        values : array_like, shape (N, 2 D)

        Raises
        ------
        ValueError
            For another shape, and values that are not finite.
        """
        center, size, _ = self._decoded(values)
        lower, upper = center - 0.5 * size, center + 0.5 * size
        period = period_of(self.anchors)
        return build(type(self.anchors), lower, upper, self.anchors.unit, period)

    def pullback(self, values: ArrayLike, grad: ArrayLike) -> NDArray[np.float64]:
        """Return the gradient with respect to the offsets.

        Parameters
        ----------
        values : array_like, shape (N, 2 D)
            What the regions were decoded from.
        grad : array_like, shape (N, 2 D)
            Gradient with respect to the lower, then the upper ends of the decoded regions.

        Returns
        -------
        ndarray, shape (N, 2 D)
            Zero in the size where the clamp holds it, half at the clamp itself.
        """
        _, size, slope = self._decoded(values)
        table = checked_grad(grad, (len(size), 2 * size.shape[1]), "Deltas")
        lower, upper = np.split(table, 2, axis=1)
        scale = self._anchor()[1]
        pulled = np.hstack([(lower + upper) * scale, 0.5 * size * slope * (upper - lower)])
        return pulled * self._scaling.step

    def _anchor(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return centers and sizes."""
        lower, upper = ends_of(self.anchors)
        return lower + 0.5 * (upper - lower), upper - lower

    def _decoded(self, values: ArrayLike) -> tuple[NDArray, NDArray, NDArray]:
        """Return centers, sizes, and the slopes of the clamp."""
        anchor, scale = self._anchor()
        width = 2 * scale.shape[1]
        table = finite_table(values, "Deltas", f"(N, {width}), offsets of centre and size", width)
        same_length(len(table), len(self.anchors), "Deltas")
        shift, grown = np.split(self._scaling.meaning(table), 2, axis=1)
        grown, slope = clamped(grown, *self._bounds)
        period = period_of(self.anchors)
        if period is not None:
            longest = np.broadcast_to(np.log(_FULL_TURN * period / scale), grown.shape)
            slope = np.where(grown > longest, 0.0, slope)
            grown = np.minimum(grown, longest)
        with np.errstate(over="ignore"):  # an infinite size is an error of the kind
            return anchor + scale * shift, scale * np.exp(grown), slope
