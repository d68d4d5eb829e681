"""NRRD: ``.nrrd``, and ``.nhdr`` with its data file.

The format is a few lines of text and then the voxels, plain or as one gzip stream. It is read
here. SimpleITK ends the whole process at some damaged headers. pynrrd leaves bytes that are not
ASCII out of numbers, refuses legal headers (capital letters, blanks in vectors, a key twice), and
copies voxels that could be mapped.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from overlap._common.voxel_grid import affine_from_lps
from overlap.io.volumes.headers import data_file, finite_numbers, shown
from overlap.io.volumes.stored import stored_voxels
from overlap.io.volumes.volume import RawVolume

__all__ = ["read_nrrd"]

_TYPES = {
    "i1": "signed char|int8|int8_t",
    "u1": "uchar|unsigned char|uint8|uint8_t",
    "i2": "short|short int|signed short|signed short int|int16|int16_t",
    "u2": "ushort|unsigned short|unsigned short int|uint16|uint16_t",
    "i4": "int|signed int|int32|int32_t",
    "u4": "uint|unsigned int|uint32|uint32_t",
    "i8": "longlong|long long|long long int|signed long long|signed long long int|int64|int64_t",
    "u8": "ulonglong|unsigned long long|unsigned long long int|uint64|uint64_t",
    "f4": "float",
    "f8": "double",
}
_CODES = {name: code for code, names in _TYPES.items() for name in names.split("|")}
# signs that take a space to LPS
_SPACES = {
    "left-posterior-superior": (1, 1, 1),
    "lps": (1, 1, 1),
    "right-anterior-superior": (-1, -1, 1),
    "ras": (-1, -1, 1),
    "left-anterior-superior": (1, -1, 1),
    "las": (1, -1, 1),
}
_LONGEST = 1 << 16  # a line of the header
_HEADER = 1 << 24


def read_nrrd(path: str, *, voxels: bool = True) -> RawVolume:
    """Read a NRRD file. Refused: text voxels, bzip2, several data files, several channels.

    Without `voxels`, compressed ones are not read.
    """
    fields, offset = _read_header(path)
    sides = _numbers(fields, path, "sizes", None)
    sizes = [int(side) for side in sides]
    if sizes != sides or min(sizes) < 0 or str(len(sizes)) != fields.get("dimension"):
        raise ValueError(
            f"{path}: has the dimension {fields.get('dimension', 'missing')[:40]} and the sizes "
            f"{shown(fields['sizes'])}; wanted a positive whole number for each axis"
        )
    kind = fields.get("type", "")
    if kind not in _CODES:
        raise ValueError(f"{path}: has voxels of type {shown(kind)}; wanted integers or reals")
    encoding = fields.get("encoding")
    if encoding not in ("raw", "gzip", "gz"):
        raise ValueError(
            f"{path}: its encoding {shown(encoding)} is not read; save it as raw or gzip"
        )
    source, more = path, tuple[str, ...]()
    detached = fields.get("data file", fields.get("datafile"))
    if detached is not None:
        source = data_file(path, detached)
        offset, more = 0, (source,)
    skip = fields.get("byte skip", fields.get("byteskip", "0"))
    lines = fields.get("line skip", fields.get("lineskip", "0"))
    if lines != "0" or not re.fullmatch("-1|[0-9]{1,18}" if encoding == "raw" else "0", skip):
        raise ValueError(
            f"{path}: voxels after a byte skip or line skip are not read in this form (byte skip "
            f"{shown(skip)}, line skip {shown(lines)}); save anew"
        )
    dtype = np.dtype(_CODES[kind])
    if dtype.itemsize > 1 or "endian" in fields:
        if fields.get("endian") not in ("little", "big"):
            raise ValueError(
                f"{path}: endian is {shown(fields.get('endian'))}; wanted little or big"
            )
        dtype = dtype.newbyteorder(fields["endian"])  # type: ignore[arg-type]
    data = stored_voxels(
        source, dtype, offset + max(int(skip), 0), tuple(sizes), name=path,
        deflated=encoding != "raw", at_end=skip == "-1", voxels=voxels,
    )  # fmt: skip
    return _place(RawVolume(data, more_files=more), fields, path)


def _read_header(path: str) -> tuple[dict[str, str], int]:
    """Return the fields up to the empty line, and the byte after it."""
    fields: dict[str, str] = {}
    with open(path, "rb") as stream:
        line = stream.readline(_LONGEST)
        if not re.match(rb"NRRD000[1-5]\s*$", line):
            raise ValueError(f"{path}: not a NRRD file: it starts with {line[:20]!r}")
        while line := stream.readline(_LONGEST):
            if not line.strip():
                break
            text = line.decode("utf-8", "replace").strip()
            key, colon, value = text.partition(":")
            if text.startswith("#") or value.startswith("="):
                continue
            if not colon or not line.endswith(b"\n"):
                raise ValueError(
                    f"{path}: the header has the line {line[:40]!r}; wanted 'key: value'"
                )
            key, value = key.strip().lower(), value.strip()
            value = value if key in ("data file", "datafile") else value.lower()
            if fields.setdefault(key, value) != value:
                raise ValueError(
                    f"{path}: {shown(key)} is {shown(fields[key])}, and again {shown(value)}; the "
                    "format has each field once"
                )
            if stream.tell() > _HEADER:
                raise ValueError(f"{path}: the header does not end in {_HEADER:,} bytes")
        return fields, stream.tell()


def _numbers(fields: dict[str, str], path: str, key: str, count: int | None) -> list[float]:
    if key not in fields:
        raise ValueError(f"{path}: the header has no {key!r}; is the file truncated?")
    values = finite_numbers(fields[key].split())
    if not values or (count is not None and len(values) != count):
        raise ValueError(
            f"{path}: {key!r} is {shown(fields[key])}; wanted numbers, one for each axis"
        )
    return values


def _vector(text: str, path: str) -> NDArray[np.float64] | None:
    """Read ``(1,0,0)``; None for ``none``."""
    if text == "none":
        return None
    vector = finite_numbers(text[1:-1].split(","))
    if not (text[:1] + text[-1:] == "()" and 0 < len(vector) <= 3):
        raise ValueError(
            f"{path}: the header has the vector {shown(text)}; wanted up to three numbers"
        )
    return np.array(vector)


def _place(raw: RawVolume, fields: dict[str, str], path: str) -> RawVolume:
    """Take affine and spacing from the header, and drop channel axes of length 1."""
    if "space directions" not in fields:
        if "spacings" in fields and "nan" not in fields["spacings"]:
            sides = _numbers(fields, path, "spacings", raw.data.ndim)
            raw.spacing = tuple(abs(side) for side in sides)
        return raw
    # blanks may stand inside of vectors too
    words = re.sub(
        r"\([^)]*\)", lambda match: "".join(match[0].split()), fields["space directions"]
    )
    vectors = [_vector(word, path) for word in words.replace(")(", ") (").split()]
    if len(vectors) != raw.data.ndim:
        raise ValueError(
            f"{path}: has {raw.data.ndim} axes and {len(vectors)} space directions "
            f"({fields['space directions'][:120]})"
        )
    for axis in range(raw.data.ndim - 1, -1, -1):
        if vectors[axis] is None:
            if raw.data.shape[axis] != 1:
                raise ValueError(
                    f"{path}: has {raw.data.shape[axis]} channels; wanted one number a voxel. "
                    "Segments that overlap are stored as channels: export each as a label map"
                )
            raw.data = raw.data.squeeze(axis)
            del vectors[axis]
    columns = [vector for vector in vectors if vector is not None]
    origin = _vector(fields.get("space origin", "(" + ",".join("0" * len(columns)) + ")"), path)
    if origin is None or {len(vector) for vector in columns} != {len(origin)}:
        raise ValueError(f"{path}: its space origin and space directions do not fit together")
    size = max(len(origin), len(columns))
    lps = np.zeros((size, size))
    lps[: len(origin), : len(columns)] = np.stack(columns, axis=1)
    space = fields.get("space", "").removesuffix("-time").removesuffix("t")
    if space not in _SPACES and len(origin) == 3:
        raw.notes.append("its space is not anatomical; it was read as left-posterior-superior")
    signs = np.array(_SPACES.get(space, (1, 1, 1)))[: len(origin)]
    lps[: len(signs)] *= signs[:, None]
    center = np.zeros(size)
    center[: len(origin)] = origin * signs
    raw.affine = affine_from_lps(lps, [1.0] * size, center.tolist())
    return raw
