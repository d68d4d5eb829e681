"""Limits on how many detections count, the most confident ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overlap._kernels.jit import specialise
from overlap._kernels.plain import suited

from .table import Table

__all__ = ["Limits"]


def _keep_first(order, group, most, count, inside):
    """Leave out the rows of each group after the first ones; `group` is that of ``order[k]``."""
    for k in range(len(order)):
        count[group[k]] += 1
        inside[order[k]] = count[group[k]] <= most


@dataclass(frozen=True)
class Limits:
    """Largest numbers of detections; None for no limit.

    They are applied in the order of the parameters. Equal confidences keep the order of the
    input.

    Parameters
    ----------
    per_item : int, optional
        Of an item, over all classes (LVIS: 300).
    per_item_and_label : int, optional
        Of an item and class (COCO: 100).
    per_label : int, optional
        Of a class, over all items.
    total : int, optional
        Of everything.
    in_input_order : bool
        Keep the first ones of the input instead of the most confident (QVHighlights).
    """

    per_item: int | None = None
    per_item_and_label: int | None = None
    per_label: int | None = None
    total: int | None = None
    in_input_order: bool = False

    def __post_init__(self) -> None:
        for name in ("per_item", "per_item_and_label", "per_label", "total"):
            value = getattr(self, name)
            if value is not None and (not isinstance(value, int) or value < 0):
                raise ValueError(f"Limits: {name} = {value!r} is not a whole number >= 0, or None")

    def within(self, found: Table, visit: NDArray[np.int64] | None = None) -> NDArray[np.bool_]:
        """Return which detections are inside the limits.

        Parameters
        ----------
        found : Table
            Detections; those of no class count for no limit, and are outside.
        visit : ndarray, dtype=int64, optional
            The detections in ranked order, class after class, where equal ones of an item and
            class are as in the input. It need not be found again if there is no other limit.
        """
        inside = found.label >= 0
        if self == Limits() or not len(found):
            return inside
        for most, group in (
            (self.per_item, lambda: found.item),
            (self.per_item_and_label, lambda: found.label * (1 + found.item.max()) + found.item),
            (self.per_label, lambda: found.label),
            (self.total, lambda: np.zeros(len(found), dtype=np.int64)),
        ):
            if most is None:
                continue
            number = group()
            number = number - number.min()
            if number.max() > 16 * len(found) + 1000:
                number = np.unique(number, return_inverse=True)[1]
            count = np.bincount(number[inside], minlength=int(number.max()) + 1)
            beyond = count > most
            if not beyond.any():
                continue
            if self.in_input_order:
                order = found.by_place
            elif visit is not None and self == Limits(per_item_and_label=most):
                order = visit
            else:
                order = found.by_confidence
            order = order[np.flatnonzero((inside & beyond[number])[order])]
            keep = suited(specialise(_keep_first), len(order))
            keep(order, number[order], most, np.zeros_like(count), inside)
        return inside
