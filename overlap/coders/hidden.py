"""Visible parts of regions and their hidden sides, as whole regions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap.coders._reading import (
    build,
    checked_clamp,
    checked_grad,
    clamped,
    ends_of,
    finite_table,
    one_of,
    period_of,
    same_length,
)
from overlap.regions.base import check_pair
from overlap.regions.boxes import Boxes
from overlap.regions.intervals import Intervals

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["HiddenSide"]

_SAME = 1e-9  # of a side: ends that differ by less are the same


@dataclass(frozen=True)
class HiddenSide:
    """Whole boxes or intervals as their visible part and the fraction hidden at one side.

    With the visible ends ``v0, v1`` on the axis of the hidden side, and the fraction `h` of
    the whole that is hidden there, the whole is ``(v1 - v0) / (1 - h)`` long, and the
    additional ``(v1 - v0) h / (1 - h)`` lies beyond the hidden side. On the other sides the
    whole ends where the visible part does. A region that is hidden on several sides is
    `Deltas` with the visible parts as anchors.

    Parameters
    ----------
    side : str, int, or sequence of them
        The hidden side of every region, or one for all: ``"x0"``, ``"y0"``, ``"x1"``,
        ``"y1"`` (left, top, right, bottom on an image) of boxes in the plane, ``"start"`` or
        ``"stop"`` of intervals, or the position of that number among the parameters.
    kind : type
        `overlap.Boxes` or `overlap.Intervals`.
    most : float
        Fractions are clamped to ``[0, most]``, with no gradient beyond; at 0.95 the whole is
        at most 20 times as long as the visible part.
    unit : str, optional
        Unit of the decoded regions.

    Examples
    --------
    >>> import overlap as ov
    >>> coder = ov.coders.HiddenSide("y1")
    >>> visible, whole = ov.Boxes([[0.0, 0.0, 4.0, 6.0]]), ov.Boxes([[0.0, 0.0, 4.0, 8.0]])
    >>> coder.encode(visible, whole)
    array([[0.  , 0.  , 4.  , 6.  , 0.25]])
    >>> coder.decode([[0.0, 0.0, 4.0, 6.0, 0.25]])
    Boxes([[0.0, 0.0, 4.0, 8.0]])
    """

    side: str | int | Sequence[str | int]
    kind: type[Boxes] | type[Intervals] = Boxes
    most: float = 0.95
    unit: str | None = None

    def __post_init__(self) -> None:
        if not (isinstance(self.kind, type) and issubclass(self.kind, (Boxes, Intervals))):
            raise TypeError(f"HiddenSide: kind = {self.kind!r}; expected Boxes or Intervals")
        checked_clamp((0.0, self.most), "HiddenSide")
        if not self.most < 1.0:
            raise ValueError(f"HiddenSide: most = {self.most!r}; a part that is visible is < 1")

    def encode(self, visible: Boxes | Intervals, whole: Boxes | Intervals) -> NDArray[np.float64]:
        """Return visible ends and hidden fraction, shape (N, 2 D + 1).

        Parameters
        ----------
        visible, whole : Boxes or Intervals
            N visible parts, and the regions that they are parts of.

        Raises
        ------
        ValueError
            Where the whole ends elsewhere than the visible part on another side, where the
            visible part reaches beyond the whole, and where nothing is visible.
        """
        for regions in (visible, whole):
            one_of(regions, (self.kind,), "HiddenSide")
            self._no_period(regions)
        check_pair(visible, whole, "visible", "whole")
        same_length(len(whole), len(visible), "HiddenSide", "visible parts")
        part, full = np.hstack(ends_of(visible)), np.hstack(ends_of(whole))
        part = np.broadcast_to(part, full.shape)
        axes = full.shape[1] // 2
        rows, column = np.arange(len(full)), self._columns(len(full), axes)
        size = full[:, axes:] - full[:, :axes]
        length = size[rows, column % axes]
        seen = (part[:, axes:] - part[:, :axes])[rows, column % axes]
        differs = np.abs(part - full) > _SAME * np.tile(size, 2)
        differs[rows, column] = seen > length * (1.0 + _SAME)
        bad = np.argwhere(differs)
        if bad.size:
            row, end = bad[0]
            raise ValueError(
                f"HiddenSide: end {self._name(end, axes)} of visible[{row}] is {part[row, end]} "
                f"and that of the whole {full[row, end]}, and only the side "
                f"{self._name(column[row], axes)} may be hidden; use Deltas(visible) for regions "
                "hidden on several sides"
            )
        empty = np.flatnonzero(seen <= 0)
        if empty.size:
            raise ValueError(
                f"HiddenSide: nothing of visible[{empty[0]}] is visible, so no whole follows "
                "from it; remove such rows"
            )
        hidden = np.clip(1.0 - seen / length, 0.0, None)
        return np.column_stack([part, hidden])

    def decode(self, values: ArrayLike) -> Any:
        """Return the whole regions, Boxes or Intervals.

        Parameters
        ----------
        values : array_like, shape (N, 2 D + 1)
            Lower, then upper ends of the visible parts, then the hidden fractions.

        Raises
        ------
        ValueError
            For another shape, and values that are not finite.
        """
        table, column, length, hidden, _ = self._decoded(values)
        axes = (table.shape[1] - 1) // 2
        ends, rows = table[:, :-1].copy(), np.arange(len(table))
        away = np.where(column < axes, -1.0, 1.0)
        ends[rows, column] += away * length * hidden / (1.0 - hidden)
        return build(self.kind, ends[:, :axes], ends[:, axes:], self.unit)

    def pullback(self, values: ArrayLike, grad: ArrayLike) -> NDArray[np.float64]:
        """Return the gradient with respect to visible ends and hidden fraction.

        Parameters
        ----------
        values : array_like, shape (N, 2 D + 1)
            What the regions were decoded from.
        grad : array_like, shape (N, 2 D)
            Gradient with respect to the lower, then the upper ends of the whole.

        Returns
        -------
        ndarray, shape (N, 2 D + 1)
            Zero in the fraction beyond its bounds, half at them.
        """
        table, column, length, hidden, slope = self._decoded(values)
        axes = (table.shape[1] - 1) // 2
        given = checked_grad(grad, (len(table), 2 * axes), "HiddenSide")
        rows, axis = np.arange(len(table)), column % axes
        outward = given[rows, column] * np.where(column < axes, -1.0, 1.0)
        pulled = np.column_stack([given, outward * slope * length / (1.0 - hidden) ** 2])
        stretch = outward * hidden / (1.0 - hidden)
        pulled[rows, axis] -= stretch
        pulled[rows, axes + axis] += stretch
        return pulled

    def _decoded(self, values: ArrayLike) -> tuple[NDArray, ...]:
        """Return the table, hidden columns, visible lengths there, fractions and slopes."""
        wanted = "(N, 2 D + 1), visible ends and hidden fraction"
        table = finite_table(values, "HiddenSide", wanted, odd=True)
        axes = (table.shape[1] - 1) // 2
        if issubclass(self.kind, Intervals) and axes != 1:
            raise ValueError(f"HiddenSide: expected shape (N, 3) for Intervals; got {table.shape}")
        column = self._columns(len(table), axes)
        rows, axis = np.arange(len(table)), column % axes
        length = table[rows, axes + axis] - table[rows, axis]
        bad = np.flatnonzero(length < 0)
        if bad.size:
            raise ValueError(
                f"HiddenSide: the visible part of row {bad[0]} ends before it begins, by "
                f"{-length[bad[0]]}; sort its ends"
            )
        return table, column, length, *clamped(table[:, -1], 0.0, float(self.most))

    def _columns(self, count: int, axes: int) -> NDArray[np.int64]:
        """Return the position of the hidden end of every row."""
        names = [self._name(k, axes) for k in range(2 * axes)]
        single = isinstance(self.side, (str, int, np.integer))
        sides: Sequence[str | int] = [self.side] if single else self.side  # type: ignore
        columns = np.empty(len(sides), np.int64)
        for row, side in enumerate(sides):
            known = side in names if isinstance(side, str) else 0 <= side < 2 * axes
            if not known:
                raise ValueError(
                    f"HiddenSide: side {side!r} of row {row} is none of {', '.join(names)}"
                )
            columns[row] = names.index(side) if isinstance(side, str) else side
        same_length(count, len(columns), "HiddenSide", "sides")
        return np.broadcast_to(columns, (count,))

    def _name(self, column: int, axes: int) -> str:
        if issubclass(self.kind, Intervals):
            return ("start", "stop")[column]
        return Boxes(np.zeros((0, 2 * axes)))._names()[column]

    def _no_period(self, regions: Boxes | Intervals) -> None:
        if period_of(regions) is not None:
            raise ValueError("HiddenSide: the intervals have a period; unroll them first")
