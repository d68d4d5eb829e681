"""Values of voxels: checks of stored numbers, and their conversion to labels or shares."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap._common.label_arrays import NEAR, check_one_hot, plain_bool
from overlap.io.volumes.volume import RawVolume

__all__ = ["to_labels", "to_shares"]

_BLOCK = 1 << 18  # voxels: 2 MB as float64
_EXACT = 2.0**53  # above this a float64 does not tell neighboring integers apart
_SLACK = 1e-6  # how far float32 arithmetic takes a share out of [0, 1]
_INTEGERS = (
    np.uint8, np.int8, np.uint16, np.int16, np.uint32, np.int32, np.uint64, np.int64,
)  # fmt: skip


def _flat(data: NDArray[Any]) -> NDArray[Any]:
    """Return the voxels in memory order; a copy only where they are not contiguous."""
    return data.ravel("K")


def _order(data: NDArray[Any]) -> str:
    return "F" if data.flags.f_contiguous and not data.flags.c_contiguous else "C"


def _blocks(raw: RawVolume, flat: NDArray[Any]) -> Iterator[tuple[slice, NDArray[Any]]]:
    """Yield the values of the voxels, a block at a time; floats keep their precision."""
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
    """Check a label map, and convert it to integers.

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
        or scaled, become the smallest integer type that holds them. Numbers up to 0.01 from a
        whole one, as float32 and scaled integers have them, are rounded, and a note says so.

    Raises
    ------
    ValueError
        A voxel is not a whole number, or would become 0 although a number other than 0 is stored;
        the first in memory order is named. Or an axis is that of classes (see
        `overlap._common.label_arrays.check_one_hot`).
    """
    raw.data = plain_bool(raw.data)
    data = raw.data
    if data.dtype.kind in "bui" and raw.slope == 1.0 and raw.inter == 0.0:
        check_one_hot(data, name)
        return _native(data)
    _contiguous(raw)
    flat = _flat(raw.data)
    low, high, farthest, first = np.inf, -np.inf, 0.0, ""
    for part, values in _blocks(raw, flat):
        nearest = np.rint(values)
        exact = nearest == values  # False at NaN
        exact &= np.abs(values) <= _EXACT
        if not exact.all():
            with np.errstate(invalid="ignore"):  # infinite values
                apart = np.abs(values - nearest)
            wrong = ~((apart <= NEAR) & (np.abs(values) <= _EXACT))
            if wrong.any():
                where = _first(raw, part.start, wrong, values)
                scaled = "" if raw.slope == 1.0 else f" (stored number times {raw.slope!r})"
                raise ValueError(
                    f"{name}: {where}{scaled}; wanted whole numbers; {_advice(raw, flat)}"
                )
            lost = (nearest == 0.0) & (values != 0.0) & (raw.slope != 1.0) & (raw.inter == 0.0)
            if lost.any():
                raise ValueError(
                    f"{name}: {_first(raw, part.start, lost, values)} (stored number times "
                    f"{raw.slope!r}), which would become 0, the background; {_advice(raw, flat)}"
                )
            first = first or _first(raw, part.start, ~exact, values)
            farthest = max(farthest, float(apart.max()))
        low, high = min(low, float(nearest.min())), max(high, float(nearest.max()))
    if first:
        raw.notes.append(
            f"labels that are up to {farthest:.3g} from whole numbers were rounded (first: {first})"
        )
    dtype = next(
        kind for kind in _INTEGERS if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max
    )
    result: NDArray[Any] = np.empty(raw.data.shape, dtype, order=_order(raw.data))  # type: ignore[call-overload]
    target = _flat(result)
    for part, values in _blocks(raw, flat):
        target[part] = np.rint(values)
    check_one_hot(result, name)
    return result


def _advice(raw: RawVolume, flat: NDArray[Any]) -> str:
    """Advise on a volume whose values are no labels."""
    blocks = [values for _, values in _blocks(raw, flat)]
    if not all(np.isfinite(values).all() for values in blocks):
        return "it is no label map, or a damaged one"
    if any(np.abs(values).max() > _EXACT for values in blocks):
        return "a number above 2**53 is no label"
    if all(values.min() >= 0.0 and values.max() <= 1.0 for values in blocks):
        return (
            "it looks like a map of probabilities: compare it with soft=True (--soft), or write "
            "the labels of a threshold or an argmax"
        )
    return "fractions come from interpolation: resample label maps with nearest neighbors"


def to_shares(raw: RawVolume, name: str, scale: float | None) -> NDArray[Any]:
    """Check a soft volume, and convert it to floats.

    Parameters
    ----------
    raw : RawVolume
        Voxels as stored.
    name : str
        Name of the file, for messages.
    scale : float or None
        The stored number that stands for 1.

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
    raw.data = plain_bool(raw.data)
    dtype = np.dtype(np.float64 if raw.data.dtype.itemsize > 4 else np.float32)
    if raw.data.dtype.kind != "f":
        dtype = np.dtype(np.float32)
    _contiguous(raw)
    flat = _flat(raw.data)
    # rounding may leave [0, 1] by a little where numbers are floats, not where they are counts
    slack = 0.0 if raw.data.dtype.kind in "bui" and raw.slope == 1.0 else _SLACK
    clip, largest = False, 0.0
    for part, values in _blocks(raw, flat):
        inside = (values >= -slack) & (values <= 1.0 + slack)
        if not inside.all():
            where = _first(raw, part.start, ~inside, values)
            if scale is None and raw.data.dtype.kind in "ui":
                hint = f"give scale=, the number that stands for 1 (stored is {raw.data.dtype})"
            else:
                hint = "a soft volume holds probabilities or shares"
            raise ValueError(f"{name}: {where}; wanted values in [0, 1]; {hint}")
        largest = max(largest, float(values.max()))
        clip |= bool(values.min() < 0.0 or largest > 1.0)
    if scale is not None and 0.0 < largest * scale <= 1.0 < scale:
        raw.notes.append(
            f"its largest number is {largest * scale:g}, and scale says that {scale:g} stands for "
            "1: are they shares already?"
        )
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
