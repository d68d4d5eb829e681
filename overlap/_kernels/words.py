"""Bits of 64-bit words: how many are set, and where the first one is."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from overlap._kernels.jit import scalar

__all__ = ["first_bit", "popcount"]

_M1 = np.uint64(0x5555555555555555)
_M2 = np.uint64(0x3333333333333333)
_M4 = np.uint64(0x0F0F0F0F0F0F0F0F)
_ONES = np.uint64(0x0101010101010101)
_0, _1, _2, _4, _8, _16, _32, _56 = (np.uint64(k) for k in (0, 1, 2, 4, 8, 16, 32, 56))
_FULL = ~_0


def _counted(x):
    x = x - ((x >> _1) & _M1)
    x = (x & _M2) + ((x >> _2) & _M2)
    x = (x + (x >> _4)) & _M4
    return (x * _ONES) >> _56  # the compiler makes one instruction of all this


def _counted_by_sums(x):
    x = x - ((x >> _1) & _M1)
    x = (x & _M2) + ((x >> _2) & _M2)
    x = (x + (x >> _4)) & _M4
    x = x + (x >> _8)
    x = x + (x >> _16)
    return (x + (x >> _32)) & np.uint64(127)


# NumPy's scalars warn where a product wraps around, as it is meant to.
_config: Any = numba.config
popcount = scalar(_counted_by_sums if _config.DISABLE_JIT else _counted)


@scalar
def first_bit(x):
    """Return the position of the lowest bit of a word; 64 for an empty one."""
    return popcount(~x & (x ^ _FULL if x == _0 else x - _1))
