"""Limits on how many detections count, the most confident ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .table import Table, order_in_groups

__all__ = ["Limits"]


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

    def within(self, found: Table) -> NDArray[np.bool_]:
        """Return which detections are inside the limits.

        Parameters
        ----------
        found : Table
            Detections; those of no class count for no limit, and are outside.
        """
        inside = found.label >= 0
        keys: list[NDArray] = [*found.keys]
        if not self.in_input_order:
            assert found.confidence is not None
            keys.append(-found.confidence)
        items = 1 + int(found.item.max(initial=0))
        for most, group in (
            (self.per_item, found.item),
            (self.per_item_and_label, found.label * items + found.item),
            (self.per_label, found.label),
            (self.total, np.zeros(len(found), dtype=np.int64)),
        ):
            if most is None:
                continue
            rows = np.flatnonzero(inside)
            order = rows[order_in_groups(group[rows], [key[rows] for key in keys])]
            begins = np.append(True, group[order[1:]] != group[order[:-1]])[: len(order)]
            first = np.maximum.accumulate(np.where(begins, np.arange(len(order)), 0))
            inside[order[np.arange(len(order)) - first >= most]] = False
        return inside
