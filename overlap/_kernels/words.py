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

__all__ = ["differing", "filled", "first_bit", "popcount"]

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


def _bytes_from(context, builder, array_type, array, place):
    """Generate the reading of 64 bytes."""
    start = builder.gep(context.make_array(array_type)(context, builder, array).data, [place])
    block = ir.VectorType(ir.IntType(8), 64)
    return builder.load(builder.bitcast(start, block.as_pointer()), align=1)


def _bits_of(builder, truths):
    """Generate a number with a bit for each of 64 truths."""
    bits = builder.bitcast(truths, ir.IntType(64))
    return bits if sys.byteorder == "little" else builder.bitreverse(bits)


@intrinsic
def _filled(context, a, i):
    def generate(context, builder, signature, arguments):
        block = _bytes_from(context, builder, a, *arguments)
        return _bits_of(builder, builder.icmp_unsigned("!=", block, block.type(None)))

    return types.uint64(a, i), generate


@intrinsic
def _differing(context, a, i, b, j):
    def generate(context, builder, signature, arguments):
        first = _bytes_from(context, builder, a, *arguments[:2])
        second = _bytes_from(context, builder, b, *arguments[2:])
        return _bits_of(builder, builder.icmp_unsigned("!=", first, second))

    return types.uint64(a, i, b, j), generate


def _filled_in_plain(a, i):
    bits = np.packbits(a[int(i) : int(i) + 64] != 0, bitorder="little")
    return bits.view("<u8").astype(np.uint64)[0]


def _differing_in_plain(a, i, b, j):
    return _filled_in_plain(a[int(i) : int(i) + 64] ^ b[int(j) : int(j) + 64], 0)


#: ``filled(a, i)``: which of the 64 bytes from ``a[i]`` on are not 0, the first in the lowest bit.
#: Few instructions do it, which compilers make of no loop.
filled = with_plain(_filled, _filled_in_plain)

#: ``differing(a, i, b, j)``: which of the 64 bytes from ``a[i]`` on differ from those from ``b[j]``
#: on, likewise.
differing = with_plain(_differing, _differing_in_plain)
