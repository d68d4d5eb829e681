"""From stored voxels to labels or shares: checks and conversion, block by block."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap.io.volumes.volume import RawVolume

__all__ = ["to_labels", "to_shares"]

_BLOCK = 1 << 18  # voxels: 2 MB as float64
_EXACT = 2.0**53  # above this a float64 does not tell neighboring integers apart
_SLACK = 1e-6  # how far float32 arithmetic takes a share out of [0, 1]
_INTEGERS = (
    np.uint8, np.int8, np.uint16, np.int16, np.uint32, np.int32, np.uint64, np.int64,
)  # fmt: skip


def _flat(data: NDArray[Any]) -> NDArray[Any]:
    """View in memory order; a copy only where the voxels are not contiguous."""
    return data.ravel("K")


def _order(data: NDArray[Any]) -> str:
    return "F" if data.flags.f_contiguous and not data.flags.c_contiguous else "C"


def _blocks(raw: RawVolume, flat: NDArray[Any]) -> Iterator[tuple[slice, NDArray[Any]]]:
    """Values of the voxels, a block at a time; floats stay in their precision."""
    for start in range(0, flat.size, _BLOCK):
        part = slice(start, start + _BLOCK)
        values = flat[part]
        if raw.slope != 1.0 or raw.inter != 0.0:
            values = values.astype(np.float64) * raw.slope + raw.inter
        yield part, values


def _first(raw: RawVolume, start: int, wrong: NDArray[np.bool_], values: NDArray[Any]) -> str:
    """Name the first wrong voxel of a block, and its value."""
    k = int(np.argmax(wrong))
    index = np.unravel_index(start + k, raw.data.shape, order=_order(raw.data))  # type: ignore[call-overload]
    return f"voxel ({', '.join(str(int(i)) for i in index)}) is {values[k].item()!r}"


def _native(data: NDArray[Any]) -> NDArray[Any]:
    """Bring bytes into the order of this machine, in place where the array is ours."""
    if data.dtype.isnative:
        return data
    native = data.dtype.newbyteorder("=")
    if data.flags.writeable:
        return data.byteswap(inplace=True).view(native)
    return data.astype(native, order="K")


def _contiguous(raw: RawVolume) -> None:
    if not (raw.data.flags.f_contiguous or raw.data.flags.c_contiguous):
        raw.data = np.ascontiguousarray(raw.data)


def to_labels(raw: RawVolume, name: str) -> NDArray[Any]:
    """Check and convert a label map.

    Parameters
    ----------
    raw : RawVolume
        Voxels as stored.
    name : str
        Name of the file, for messages.

    Returns
    -------
    ndarray
        The stored array itself if it holds integers; whole numbers that are stored as floats,
        or scaled, become the smallest integer type that holds them.

    Raises
    ------
    ValueError
        A voxel is not a whole number; the first in memory order is named.
    """
    data = raw.data
    if data.dtype.kind in "bui" and raw.slope == 1.0 and raw.inter == 0.0:
        return _native(data)
    _contiguous(raw)
    flat = _flat(raw.data)
    low, high = np.inf, -np.inf
    for part, values in _blocks(raw, flat):
        whole = np.rint(values) == values  # False at NaN
        whole &= np.abs(values) <= _EXACT
        if not whole.all():
            where = _first(raw, part.start, ~whole, values)
            scaled = "" if raw.slope == 1.0 else f" (stored number times {raw.slope!r})"
            raise ValueError(
                f"{name}: {where}{scaled}; wanted whole numbers. Read probabilities with "
                "soft=True, or write a label map"
            )
        low, high = min(low, float(values.min())), max(high, float(values.max()))
    dtype = next(
        kind for kind in _INTEGERS if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max
    )
    result: NDArray[Any] = np.empty(raw.data.shape, dtype, order=_order(raw.data))  # type: ignore[call-overload]
    target = _flat(result)
    for part, values in _blocks(raw, flat):
        target[part] = values
    return result


def to_shares(raw: RawVolume, name: str, scale: float | None) -> NDArray[Any]:
    """Check and convert a soft volume.

    Parameters
    ----------
    raw : RawVolume
        Voxels as stored.
    name : str
        Name of the file, for messages.
    scale : float or None
        What stands for 1.

    Returns
    -------
    ndarray
        float32 or float64 in [0, 1]: the stored array itself if it is that already.

    Raises
    ------
    ValueError
        A value is NaN or outside [0, 1]; the first in memory order is named.
    """
    if scale is not None:
        if not (np.isfinite(scale) and scale > 0):
            raise ValueError(f"scale is {scale!r}; wanted a positive number, such as 255")
        raw.slope, raw.inter = raw.slope / scale, raw.inter / scale
    dtype = np.dtype(np.float64 if raw.data.dtype.itemsize > 4 else np.float32)
    if raw.data.dtype.kind != "f":
        dtype = np.dtype(np.float32)
    _contiguous(raw)
    flat = _flat(raw.data)
    # rounding may leave [0, 1] by a little where numbers are floats, not where they are counts
    slack = 0.0 if raw.data.dtype.kind in "bui" and raw.slope == 1.0 else _SLACK
    clip = False
    for part, values in _blocks(raw, flat):
        inside = (values >= -slack) & (values <= 1.0 + slack)
        if not inside.all():
            where = _first(raw, part.start, ~inside, values)
            if scale is None and raw.data.dtype.kind in "ui":
                hint = f"give scale=, the number that stands for 1 (stored is {raw.data.dtype})"
            else:
                hint = "a soft volume holds probabilities or shares"
            raise ValueError(f"{name}: {where}; wanted values in [0, 1]; {hint}")
        clip |= bool(values.min() < 0.0 or values.max() > 1.0)
    if raw.data.dtype.newbyteorder("=") == dtype and raw.slope == 1.0 and raw.inter == 0.0:
        if not clip:
            return _native(raw.data)
    if clip:
        raw.notes.append("values up to 1e-6 outside [0, 1] were set to 0 or 1")
    result: NDArray[Any] = np.empty(raw.data.shape, dtype, order=_order(raw.data))  # type: ignore[call-overload]
    target = _flat(result)
    for part, values in _blocks(raw, flat):
        np.clip(values, 0.0, 1.0, out=target[part], casting="same_kind")
    return result
