"""Bits of 64-bit words: how many are set, where the first one is, and those made of bytes."""

from __future__ import annotations

import sys
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from overlap._kernels.jit import scalar, with_plain

__all__ = ["differing", "first_bit", "gathered", "popcount"]

_M1 = np.uint64(0x5555555555555555)
_M2 = np.uint64(0x3333333333333333)
_M4 = np.uint64(0x0F0F0F0F0F0F0F0F)
_ONES = np.uint64(0x0101010101010101)
_GATHER = np.uint64(0x0102040810204080)
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


def _gathered(x):
    return (x * _GATHER) >> _56


def _gathered_by_shifts(x):
    x = (x | (x >> np.uint64(7))) & np.uint64(0x0003000300030003)
    x = (x | (x >> np.uint64(14))) & np.uint64(0x0000000F0000000F)
    return (x | (x >> np.uint64(28))) & np.uint64(0xFF)


_collected = scalar(_gathered_by_shifts if _config.DISABLE_JIT else _gathered)


@scalar
def gathered(x):
    """Return a number with a bit for every byte of a word that is not 0."""
    x = x | ((x >> _4) & _M4)
    x = x | ((x >> _2) & _M2)
    return _collected((x | ((x >> _1) & _M1)) & _ONES)


@intrinsic
def _differing(context, a, i, b, j):
    def generate(context, builder, signature, arguments):
        block = ir.VectorType(ir.IntType(8), 64)
        sides = []
        for k in (0, 2):
            array = context.make_array(signature.args[k])(context, builder, arguments[k])
            place = builder.gep(array.data, [arguments[k + 1]])
            sides.append(builder.load(builder.bitcast(place, block.as_pointer()), align=1))
        bits = builder.bitcast(builder.icmp_unsigned("!=", *sides), ir.IntType(64))
        return bits if sys.byteorder == "little" else builder.bitreverse(bits)

    return types.uint64(a, i, b, j), generate


def _differing_in_plain(a, i, b, j):
    differ = a[int(i) : int(i) + 64] != b[int(j) : int(j) + 64]
    return np.packbits(differ, bitorder="little").view("<u8").astype(np.uint64)[0]


#: ``differing(a, i, b, j)``: which of the 64 bytes from ``a[i]`` on differ from those from ``b[j]``
#: on, the first in the lowest bit. Few instructions do it, which compilers make of no loop.
differing = with_plain(_differing, _differing_in_plain)
