"""Rotated boxes: as vectors of numbers without a jump, and as offsets from an anchor."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from overlap._common.numbers import as_numbers
from overlap._common.values import ByValue
from overlap.coders._reading import (
    Scaling,
    checked_clamp,
    checked_grad,
    clamped,
    finite_table,
    one_of,
    same_length,
)
from overlap.coders.angles import AngleVector, wrapped
from overlap.regions.rotated import RotatedBoxes

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["RotatedDeltas", "RotatedVector"]


@dataclass(frozen=True)
class RotatedVector:
    """Rotated boxes as ``cx, cy, ln w, ln h, cos(fold a), sin(fold a)``.

    No number jumps where the angle wraps, and sizes are positive; see `AngleVector`.

    Parameters
    ----------
    fold : int
        2 for boxes, which half a turn maps onto themselves; 1 where width points somewhere;
        4 for squares.

    Examples
    --------
    >>> import math
    >>> import overlap as ov
    >>> coder = ov.coders.RotatedVector()
    >>> coder.encode(ov.RotatedBoxes([[3.0, 4.0, 1.0, 1.0, math.pi / 4]])).round(6) + 0.0
    array([[3., 4., 0., 0., 0., 1.]])
    >>> coder.decode([[3.0, 4.0, 0.0, 0.0, 2.0, 0.0]])
    RotatedBoxes([[3.0, 4.0, 1.0, 1.0, 0.0]])
    """

    fold: int = 2

    def __post_init__(self) -> None:
        AngleVector(self.fold)

    def encode(self, boxes: RotatedBoxes) -> NDArray[np.float64]:
        """Return center, log sizes and vector of the angle, shape (N, 6).

        Raises
        ------
        ValueError
            For a side of length 0, which has no logarithm.
        """
        table = one_of(boxes, (RotatedBoxes,), "RotatedVector").to_array()
        sides = _log_sides(table, "RotatedVector")
        return np.hstack([table[:, :2], sides, AngleVector(self.fold).encode(table[:, 4])])

    def decode(self, values: ArrayLike, unit: str | None = None) -> RotatedBoxes:
        """Return the boxes of numbers, shape (N, 6); the angle is in (-pi/fold, pi/fold]."""
        table = self._read(values)
        with np.errstate(over="ignore"):  # an infinite size is an error below
            sides = np.exp(table[:, 2:4])
        angle = AngleVector(self.fold).decode(table[:, 4:])
        return RotatedBoxes(np.column_stack([table[:, :2], sides, angle]), unit=unit)

    def pullback(self, values: ArrayLike, grad: ArrayLike) -> NDArray[np.float64]:
        """Return the gradient with respect to the six numbers.

        Parameters
        ----------
        values : array_like, shape (N, 6)
            What the boxes were decoded from.
        grad : array_like, shape (N, 5)
            Gradient with respect to ``cx, cy, w, h, angle``.

        Returns
        -------
        ndarray, shape (N, 6)
        """
        table = self._read(values)
        given = checked_grad(grad, (len(table), 5), "RotatedVector")
        turn = AngleVector(self.fold).pullback(table[:, 4:], given[:, 4])
        return np.hstack([given[:, :2], given[:, 2:4] * np.exp(table[:, 2:4]), turn])

    def _read(self, values: ArrayLike) -> NDArray[np.float64]:
        names = "(N, 6), cx, cy, ln w, ln h, cosine, sine"
        return finite_table(values, "RotatedVector", names, 6)


@dataclass(frozen=True, eq=False)
class RotatedDeltas(ByValue):
    """Rotated boxes as offsets from anchors: ``dx, dy, dw, dh, da``.

    With ``cx, cy, w, h, a`` of a box, and those of its anchor::

        dx = (cx - anchor_cx) / anchor_w     dw = ln(w / anchor_w)     da = a - anchor_a
        dy = (cy - anchor_cy) / anchor_h     dh = ln(h / anchor_h)

    where `da` is taken into ``[-period / 2, period / 2)``.

    Parameters
    ----------
    anchors : RotatedBoxes
        N anchors of positive sides; a single one serves all rows.
    means, stds : sequence of 5 float, optional
        A prediction is ``(d - mean) / std``. Default: 0 and 1. With ``stds[4] = pi * f``,
        that is ``norm_factor=f`` of mmrotate.
    weights : sequence of 5 float, optional
        Instead: a prediction is ``d * weight`` (detectron2).
    clamp : float, pair of float, or None
        Bounds of `dw` and `dh` when decoding, as in `Deltas`.
    frame : {"image", "anchor"}
        Directions in which dx and dy are measured: x and y (detectron2), or width and height of the
        anchor (``proj_xy`` of mmrotate), so that turning everything changes nothing.
    swap_edges : bool
        Encode a box with width and height exchanged where that makes `da` smaller
        (``edge_swap`` of mmrotate): then ``abs(da) <= pi / 4``.
    period : float
        After which angle a box is itself again: pi, or 2 pi for boxes that point somewhere
        (detectron2).

    Examples
    --------
    >>> import overlap as ov
    >>> coder = ov.coders.RotatedDeltas(ov.RotatedBoxes([[0.0, 0.0, 4.0, 2.0, 0.0]]))
    >>> coder.encode(ov.RotatedBoxes([[1.0, 0.0, 4.0, 2.0, 0.5]]))
    array([[0.25, 0.  , 0.  , 0.  , 0.5 ]])
    >>> coder.decode([[0.25, 0.0, 0.0, 0.0, 0.5]])
    RotatedBoxes([[1.0, 0.0, 4.0, 2.0, 0.5]])
    """

    anchors: RotatedBoxes
    means: Sequence[float] | None = None
    stds: Sequence[float] | None = None
    weights: Sequence[float] | None = None
    clamp: float | tuple[float, float] | None = math.log(1000 / 16)
    frame: Literal["image", "anchor"] = "image"
    swap_edges: bool = False
    period: float = math.pi
    _scaling: Scaling = field(init=False, repr=False, compare=False)
    _bounds: tuple[float, float] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        one_of(self.anchors, (RotatedBoxes,), "RotatedDeltas: anchors")
        _log_sides(self.anchors.to_array(), "RotatedDeltas: anchors")
        if self.frame not in ("image", "anchor"):
            raise ValueError(f"RotatedDeltas: frame = {self.frame!r}; expected 'image' or 'anchor'")
        period = as_numbers(self.period, "RotatedDeltas: period")
        if period.shape != () or not 0.0 < period < math.inf:
            raise ValueError(f"RotatedDeltas: period = {self.period!r}; expected an angle > 0")
        scaling = Scaling(5, self.means, self.stds, self.weights, "RotatedDeltas")
        object.__setattr__(self, "_scaling", scaling)
        object.__setattr__(self, "_bounds", checked_clamp(self.clamp, "RotatedDeltas"))

    def encode(self, boxes: RotatedBoxes) -> NDArray[np.float64]:
        """Return the offsets of boxes from their anchors, shape (N, 5).

        Raises
        ------
        ValueError
            For a side of length 0, which has no logarithm, and another number of boxes.
        """
        table = one_of(boxes, (RotatedBoxes,), "RotatedDeltas").to_array()
        same_length(len(table), len(self.anchors), "RotatedDeltas", either=True)
        anchor = self.anchors.to_array()
        sides = _log_sides(table, "RotatedDeltas")
        turn = wrapped(table[:, 4] - anchor[:, 4], self.period)
        if self.swap_edges:
            other = wrapped(table[:, 4] - anchor[:, 4] + 0.5 * math.pi, self.period)
            better = np.abs(other) < np.abs(turn)
            sides = np.where(better[:, None], sides[:, ::-1], sides)
            turn = np.where(better, other, turn)
        x, y = (table[:, :2] - anchor[:, :2]).T
        c, s = self._frame()
        shift = np.column_stack([c * x + s * y, c * y - s * x]) / anchor[:, 2:4]
        grown = sides - np.log(anchor[:, 2:4])
        return self._scaling.code(np.column_stack([shift, grown, turn]))

    def decode(self, values: ArrayLike) -> RotatedBoxes:
        """Return the boxes at these offsets, shape (N, 5), in the anchors' unit.

        The angle is that of the anchor plus `da`, without wrapping.
        """
        meaning, sides, _ = self._decoded(values)
        anchor = self.anchors.to_array()
        along, across = (meaning[:, :2] * anchor[:, 2:4]).T
        c, s = self._frame()
        x, y = anchor[:, 0] + (c * along - s * across), anchor[:, 1] + (s * along + c * across)
        angle = anchor[:, 4] + meaning[:, 4]
        return RotatedBoxes(np.column_stack([x, y, sides, angle]), unit=self.anchors.unit)

    def pullback(self, values: ArrayLike, grad: ArrayLike) -> NDArray[np.float64]:
        """Return the gradient with respect to the offsets.

        Parameters
        ----------
        values : array_like, shape (N, 5)
            What the boxes were decoded from.
        grad : array_like, shape (N, 5)
            Gradient with respect to ``cx, cy, w, h, angle``.

        Returns
        -------
        ndarray, shape (N, 5)
            Zero in `dw` and `dh` where the clamp holds them, half at the clamp itself.
        """
        _, sides, slope = self._decoded(values)
        given = checked_grad(grad, (len(sides), 5), "RotatedDeltas")
        c, s = self._frame()
        x, y = given[:, 0], given[:, 1]
        shift = np.column_stack([c * x + s * y, c * y - s * x]) * self.anchors.to_array()[:, 2:4]
        pulled = np.column_stack([shift, given[:, 2:4] * sides * slope, given[:, 4]])
        return pulled * self._scaling.step

    def _frame(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return cosine and sine of the direction of dx."""
        angle = self.anchors.to_array()[:, 4]
        if self.frame == "image":
            return np.ones_like(angle), np.zeros_like(angle)
        return np.cos(angle), np.sin(angle)

    def _decoded(self, values: ArrayLike) -> tuple[NDArray, NDArray, NDArray]:
        """Return offsets, sides, and the slopes of the clamp."""
        names = "(N, 5), offsets dx, dy, dw, dh, da"
        table = finite_table(values, "RotatedDeltas", names, 5)
        same_length(len(table), len(self.anchors), "RotatedDeltas")
        meaning = self._scaling.meaning(table)
        grown, slope = clamped(meaning[:, 2:4], *self._bounds)
        with np.errstate(over="ignore"):  # an infinite size is an error of the kind
            return meaning, self.anchors.to_array()[:, 2:4] * np.exp(grown), slope


def _log_sides(table: NDArray[np.float64], what: str) -> NDArray[np.float64]:
    """Return the logarithms of w and h."""
    sides = table[:, 2:4]
    bad = np.argwhere(sides == 0)
    if bad.size:
        row, side = bad[0]
        raise ValueError(
            f"{what}: box {row} has {'wh'[side]} = 0, which has no logarithm; remove such boxes "
            "or give them a size"
        )
    return np.log(sides)
