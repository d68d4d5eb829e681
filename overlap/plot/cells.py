"""Sets of cells of a plane as lines and areas, which run along the edges of the cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.path import Path

__all__ = ["area_of", "outlines"]


def outlines(cells: NDArray[np.bool_]) -> list[NDArray[np.float64]]:
    """Return the edges between the cells of a set and the others, as closed lines.

    Parameters
    ----------
    cells : ndarray of bool, shape (a, b)

    Returns
    -------
    list of ndarray, shape (corners + 1, 2)
        In cells: the first cell is from 0 to 1. Cells of the set are on the left of each line.

    Examples
    --------
    >>> import numpy as np
    >>> [line.tolist() for line in outlines(np.array([[True, True]]))]
    [[[0.0, 0.0], [1.0, 0.0], [1.0, 2.0], [0.0, 2.0], [0.0, 0.0]]]
    """
    padded = np.pad(cells, 1).astype(np.int8)
    starts, ways = [], []
    for axis in (0, 1):
        change = np.diff(padded, axis=axis)
        # where the set begins, lines run against axis 1, or along axis 0, and where it ends back
        for inside, along in ((1, axis == 1), (-1, axis == 0)):
            way = np.zeros(2, np.int64)
            way[1 - axis] = 1 if along else -1
            start = np.argwhere(change == inside)
            start[:, 1 - axis] -= 1 if along else 0
            starts.append(start)
            ways.append(np.broadcast_to(way, start.shape))
    after: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for (x, y), (u, v) in zip(
        np.concatenate(starts).tolist(), np.concatenate(ways).tolist(), strict=True
    ):
        after.setdefault((x, y), []).append((u, v))
    lines = []
    for first in sorted(after):
        while after.get(first):
            lines.append(_line(first, after))
    return lines


def _line(first: tuple[int, int], after: dict[tuple[int, int], list[tuple[int, int]]]) -> NDArray:
    """Take one closed line out of the edges that leave each corner."""
    corners = [first]
    way = after[first].pop()
    at = first[0] + way[0], first[1] + way[1]
    while at != first:
        turn = after[at].pop()
        if turn != way:
            corners.append(at)
        way = turn
        at = at[0] + way[0], at[1] + way[1]
    return np.array([*corners, first], np.float64)


def area_of(cells: NDArray[np.bool_], sides: tuple[float, float]) -> Path:
    """Return a set of cells as a path of rectangles.

    Parameters
    ----------
    cells : ndarray of bool, shape (a, b)
    sides : (float, float)
        Sides of a cell.
    """
    from matplotlib.path import Path

    change = np.diff(np.pad(cells.T, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    (row, start), stop = np.nonzero(change == 1), np.nonzero(change == -1)[1]
    corners = [(start, row), (stop, row), (stop, row + 1), (start, row + 1), (start, row)]
    vertices = np.array(corners, np.float64).transpose(2, 0, 1).reshape(-1, 2) * sides
    codes = np.array([Path.MOVETO, *[Path.LINETO] * 3, Path.CLOSEPOLY], np.uint8)
    return Path(vertices, np.tile(codes, len(start)))
