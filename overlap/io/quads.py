"""Quadrilaterals in lines of text, as polygons."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from overlap.io.line_folders import LineFolder
from overlap.io.printable import number_of
from overlap.regions.polygons import Polygons

__all__ = ["quads_of"]


def quads_of(corners: NDArray[np.float64], lines: LineFolder) -> tuple[Polygons, list[str]]:
    """Return quadrilaterals, and findings on them.

    Parameters
    ----------
    corners : ndarray, dtype=float64, shape (N, 8)
        x1, y1, ..., x4, y4, in either direction.
    lines : LineFolder
        Where they stand, for messages.
    """
    if not len(corners):
        return Polygons([]), []
    offsets = np.arange(len(corners) + 1)
    x, y = (np.ascontiguousarray(corners[:, k::2]) for k in range(2))
    quads = Polygons.from_rings(x.ravel(), y.ravel(), 4 * offsets, offsets)
    area = quads.measure()
    signed = 0.5 * (x * np.roll(y, -1, axis=1) - y * np.roll(x, -1, axis=1)).sum(axis=1)
    findings = []
    crossed = np.abs(area - np.abs(signed)) > 1e-6 * area + 1e-9
    for rows, what in (
        (crossed, "whose sides cross; their area is that of both parts"),
        (area == 0, "of area 0, which nothing can match"),
    ):
        if rows.any():
            findings.append(
                f"{lines.name}: {number_of(int(rows.sum()), 'quadrilateral')} {what} (first: "
                f"{lines.where(int(np.argmax(rows)))})"
            )
    return quads, findings
