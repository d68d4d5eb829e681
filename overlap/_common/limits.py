"""Bounds on the work that a few numbers may ask for, compared before any work is done.

A slip of the keyboard or a damaged file can ask for years or for terabytes. What a caller already
holds in memory has no bound here. Every message says the bound and another way.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import DTypeLike, NDArray

__all__ = [
    "MOST_AWAY",
    "MOST_BYTES",
    "MOST_DRAWN",
    "MOST_DRAWS",
    "MOST_NODES",
    "MOST_NUMBERS",
    "MOST_RADIANS",
    "MOST_TURNS",
    "allocated",
    "in_bytes",
]

#: Four turns: larger angles are hardly radians, and likely degrees.
MOST_RADIANS = 8.0 * math.pi
#: Draws of a bootstrap: the ends of an interval then vary by less than a thousandth of its width.
MOST_DRAWS = 1_000_000
#: Draws times items, whose weights are held together: 4 GiB while they are made.
MOST_DRAWN = 1 << 28
#: Nodes of a periodic grid: 4096 x 4096, 0.09 degrees apart; 128 MiB, and contours of minutes.
MOST_NODES = 1 << 24
#: Numbers that a list of thresholds holds.
MOST_NUMBERS = 10_000
#: Periods that one region of a torus reaches across: it is cut and compared turn by turn.
MOST_TURNS = 100
#: Periods from 0 to a place on a circle, and cells from a density to a vertex: farther out, float64
#: knows places to less than a millionth of a period or cell.
MOST_AWAY = 1 << 32
#: Bytes of masks that are described by a few numbers.
MOST_BYTES = 1 << 33

_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")


def in_bytes(size: float) -> str:
    """Return a number of bytes as people read it.

    Parameters
    ----------
    size : float

    Examples
    --------
    >>> in_bytes(8e12)
    '7.28 TiB'
    """
    step = min(int(math.log2(max(size, 1.0))) // 10, len(_UNITS) - 1)
    return f"{size / 1024.0**step:.3g} {_UNITS[step]}"


def allocated(
    shape: Sequence[int], what: str, advice: str, dtype: DTypeLike = np.float64
) -> NDArray:
    """Return an array to be filled.

    Parameters
    ----------
    shape : sequence of int
    what : str
        Who asks, for messages.
    advice : str
        What to do instead.
    dtype : dtype

    Raises
    ------
    MemoryError
        There is not so much memory.
    """
    try:
        return np.empty(shape, dtype)
    except (MemoryError, ValueError):
        size = in_bytes(math.prod(map(float, shape)) * np.dtype(dtype).itemsize)
        sides = " x ".join(f"{side:,}" for side in shape)
        raise MemoryError(
            f"{what}: a result of {sides} numbers needs {size}, more memory than there is; {advice}"
        ) from None
