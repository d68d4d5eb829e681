"""Reading of both sides of an evaluation of segments: which videos, which columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from overlap.io.segments import SegmentTable, as_segments

__all__ = ["Reading"]


@dataclass(frozen=True)
class Reading:
    """Options of reading that all families of segments share."""

    def tables(self, truth: Any, found: Any, *, ranked: bool = True) -> dict[str, SegmentTable]:
        """Read both sides.

        Parameters
        ----------
        truth, found : path, mapping, DataFrame or SegmentTable
        ranked : bool
            Whether predictions need confidences.

        Returns
        -------
        dict from "truth" and "found" to SegmentTable
        """
        return {
            "truth": as_segments(truth, role="truth"),
            "found": as_segments(found, role="found" if ranked else "truth"),
        }
