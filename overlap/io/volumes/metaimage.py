"""MetaImage: ``.mha``, and ``.mhd`` with its data file.

The format is a few lines of text and then the voxels, plain or as one zlib stream. It is read
here, not through SimpleITK, which returns wrong voxels without an error where compressed data is
damaged, ends the whole process at some damaged headers, and copies voxels that could be mapped.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap._common.voxel_grid import affine_from_lps
from overlap.io.volumes.headers import data_file, finite_numbers, shown
from overlap.io.volumes.stored import stored_voxels
from overlap.io.volumes.volume import RawVolume

__all__ = ["read_metaimage"]

# MetaIO counts a MET_LONG as four bytes on every machine.
_TYPES = {
    "MET_CHAR": "i1",
    "MET_UCHAR": "u1",
    "MET_SHORT": "i2",
    "MET_USHORT": "u2",
    "MET_INT": "i4",
    "MET_UINT": "u4",
    "MET_LONG": "i4",
    "MET_ULONG": "u4",
    "MET_LONG_LONG": "i8",
    "MET_ULONG_LONG": "u8",
    "MET_FLOAT": "f4",
    "MET_DOUBLE": "f8",
}
_FLAGS = dict.fromkeys(("true", "1", "t", "y", "yes"), True) | dict.fromkeys(
    ("false", "0", "f", "n", "no"), False
)
_LONGEST = 4096  # a line of the header
_HEADER = 1 << 24
_AXES = 16


def read_metaimage(path: str, *, voxels: bool = True) -> RawVolume:
    """Read a MetaImage file. Refused: text voxels, several data files, several channels.

    Without `voxels`, compressed ones are not read.
    """
    fields, offset = _read_header(path)
    ndim = _whole(fields, path, "NDims", 1)[0]
    if not 1 <= ndim <= _AXES:
        raise ValueError(f"{path}: NDims is {ndim}; wanted 1 to {_AXES}")
    shape = tuple(_whole(fields, path, "DimSize", ndim))
    if min(shape) < 0:
        raise ValueError(f"{path}: DimSize is {shown(fields['DimSize'])}; wanted positive numbers")
    channels = fields.get("ElementNumberOfChannels", "1")
    if channels != "1":
        raise ValueError(f"{path}: has {channels[:40]} channels; wanted one number a voxel")
    element = fields.get("ElementType", "")
    if element not in _TYPES:
        raise ValueError(
            f"{path}: ElementType is {shown(element)}; wanted one of {', '.join(_TYPES)}"
        )
    big = any(_flag(fields, path, f"{what}ByteOrderMSB") for what in ("BinaryData", "Element"))
    dtype = np.dtype((">" if big else "<") + _TYPES[element])
    if not _flag(fields, path, "BinaryData", default="True"):
        raise ValueError(f"{path}: voxels as text (BinaryData = False) are not read; save binary")
    local = fields["ElementDataFile"].upper() == "LOCAL"
    source, more = path, tuple[str, ...]()
    if not local:
        source, offset = data_file(path, fields["ElementDataFile"]), 0
        more = (source,)
    data = _voxels(fields, path, source, offset, dtype, shape, voxels)
    spacing = _numbers(fields, path, ("ElementSpacing", "ElementSize"), ndim, [1.0] * ndim)
    matrix = _numbers(
        fields, path, ("TransformMatrix", "Rotation", "Orientation"), ndim * ndim, np.eye(ndim).flat
    )
    origin = _numbers(fields, path, ("Offset", "Position", "Origin"), ndim, [0.0] * ndim)
    # each row of the stored matrix is the direction of one axis
    direction = np.reshape(matrix, (ndim, ndim)).T
    affine = affine_from_lps(direction, spacing, origin)
    return RawVolume(data, affine, tuple(map(abs, spacing)), more_files=more)


def _read_header(path: str) -> tuple[dict[str, str], int]:
    """Return the fields up to ElementDataFile, and the byte after them."""
    fields: dict[str, str] = {}
    with open(path, "rb") as stream:
        while "ElementDataFile" not in fields:
            line = stream.readline(_LONGEST)
            key, equals, value = line.partition(b"=")
            if not equals or (not line.endswith(b"\n") and b"ElementDataFile" not in key):
                if not fields:
                    raise ValueError(f"{path}: not a MetaImage file: it starts with {line[:20]!r}")
                if not line.strip():
                    reason = "the header ends before ElementDataFile; the file is truncated"
                else:
                    reason = f"the header has the line {line[:40]!r}; wanted 'key = value'"
                raise ValueError(f"{path}: {reason}")
            fields[key.decode("latin-1").strip()] = value.decode("utf-8", "replace").strip()
            if stream.tell() > _HEADER:
                raise ValueError(f"{path}: the header has no ElementDataFile in {_HEADER:,} bytes")
        return fields, stream.tell()


def _voxels(
    fields: dict[str, str],
    path: str,
    source: str,
    offset: int,
    dtype: np.dtype[Any],
    shape: tuple[int, ...],
    wanted: bool,
) -> NDArray[Any]:
    stored = os.path.getsize(source)
    (skip,) = _whole(fields, path, "HeaderSize", 1, [0.0])
    if not -1 <= skip <= stored:
        raise ValueError(f"{path}: HeaderSize is {skip}; wanted -1, or at most {stored:,}")
    return stored_voxels(
        source, dtype, offset + max(skip, 0), shape, name=path,
        deflated=_flag(fields, path, "CompressedData"), at_end=skip == -1, voxels=wanted,
    )  # fmt: skip


def _flag(fields: dict[str, str], path: str, key: str, default: str = "False") -> bool:
    word = fields.get(key, default).lower()
    if word not in _FLAGS:
        raise ValueError(f"{path}: {key} is {shown(fields[key])}; wanted True or False")
    return _FLAGS[word]


def _whole(
    fields: dict[str, str], path: str, key: str, count: int, default: Any = None
) -> list[int]:
    values = _numbers(fields, path, (key,), count, default)
    if not all(value.is_integer() for value in values):
        raise ValueError(f"{path}: {key} is {shown(fields[key])}; wanted whole numbers")
    return list(map(int, values))


def _numbers(
    fields: dict[str, str], path: str, keys: tuple[str, ...], count: int, default: Any = None
) -> list[float]:
    """Return the numbers of the first key that is there, or `default`."""
    key = next((key for key in keys if key in fields), None)
    if key is None:
        if default is None:
            raise ValueError(f"{path}: the header has no {keys[0]}")
        return list(default)
    values = finite_numbers(fields[key].split())
    if len(values) != count:
        raise ValueError(f"{path}: {key} is {shown(fields[key])}; wanted {count} numbers")
    return values
