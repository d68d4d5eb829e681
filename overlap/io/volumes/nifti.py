"""NIfTI-1 and NIfTI-2: ``.nii`` and ``.nii.gz``.

nibabel reads the header. The voxels are read here, because nibabel stops before the checksum of a
``.nii.gz`` file, allocates the size that a damaged header promises, fails at damaged
extensions, which nobody needs, and takes a file that holds more voxels than its header says.
"""

from __future__ import annotations

import gzip
import zlib
from fractions import Fraction
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from overlap._common.decimals import as_meant, scaled
from overlap._common.files import check_file, check_size, most_voxels
from overlap._common.label_arrays import TO_MM
from overlap.io.boundary import decoding, one_line
from overlap.io.volumes.stored import decompress_voxels, stored_voxels, unread_voxels
from overlap.io.volumes.volume import RawVolume

__all__ = ["read_nifti"]

_GZIP = b"\x1f\x8b"
_LENGTHS = ("unknown", "meter", "mm", "micron")  # by code
_LARGEST_HEADER = 540  # of NIfTI-2


def read_nifti(path: str, *, voxels: bool = True) -> RawVolume:
    """Read a NIfTI file; without its voxels where they are compressed and not wanted.

    The affine is the sform if there is one, else the qform; without either only the spacing is
    known. Lengths in meters or microns become millimeters.
    """
    try:
        import nibabel
    except ImportError:
        raise ImportError(
            f"{path}: reading NIfTI needs nibabel: pip install 'overlap-metrics[medical]'"
        ) from None
    with open(path, "rb") as stream:
        zipped = stream.read(2) == _GZIP
    if zipped != path.lower().endswith(".gz"):
        was, name = ("gzip", ".nii.gz") if zipped else ("not gzip", ".nii")
        raise ValueError(f"{path}: its content is {was} data; rename it to end in {name}")
    with gzip.open(path) if zipped else open(path, "rb") as stream:
        with decoding(path, "NIfTI", "nibabel.global"):
            block = stream.read(_LARGEST_HEADER)
            size = block[:4]
            kinds = {348: nibabel.Nifti1Header, 540: nibabel.Nifti2Header}
            kind = kinds.get(min(int.from_bytes(size, "little"), int.from_bytes(size, "big")))
            if kind is None or len(block) < kind.template_dtype.itemsize:
                raise ValueError(f"it starts with {block[:8]!r}")
            header: Any = kind(block[: kind.template_dtype.itemsize])
            shape, dtype = header.get_data_shape(), header.get_data_dtype()
            offset = header.get_data_offset()
            slope, inter = header.get_slope_inter()
        if dtype.fields is not None or dtype.kind not in "buif":
            raise ValueError(
                f"{path}: has voxels of type {header.get_value_label('datatype')}; wanted one "
                "integer or real number a voxel"
            )
        if not shape or min(shape) < 0 or offset < 0:
            raise ValueError(f"{path}: its header has the shape {shape}, from byte {offset}")
        if zipped and not voxels:
            data = unread_voxels(dtype, shape)
        elif zipped:
            stored = check_file(path)
            check_size(path, offset, most_voxels(stored), " before the voxels")
            try:
                stream.seek(offset)
            except (EOFError, OSError, zlib.error) as error:
                raise ValueError(f"{path}: truncated or damaged ({one_line(error)})") from None
            data = decompress_voxels(cast(BinaryIO, stream), dtype, shape, name=path, stored=stored)
        else:
            data = stored_voxels(path, dtype, offset, shape, name=path)
    slope, inter = (1.0, 0.0) if slope is None else (float(slope), float(inter or 0.0))
    raw = RawVolume(data, slope=slope, inter=inter)
    _place(raw, header, path)
    return raw


def _place(raw: RawVolume, header: Any, path: str) -> None:
    """Take affine and spacing from the header."""
    units = int(header["xyzt_units"])
    if units % 8 >= len(_LENGTHS):  # the rest is the unit of times
        raise ValueError(
            f"{path}: its header has a unit of length that the format does not know (xyzt_units is "
            f"{units}); correct it, 2 is millimeters"
        )
    factor = TO_MM.get(_LENGTHS[units % 8], Fraction(1))
    raw.single = header["pixdim"].dtype.itemsize == 4
    raw.spacing = tuple(scaled(as_meant(float(side)), factor) for side in header.get_zooms()[:3])
    sform, qform = _usable(header.get_sform, raw, "sform"), _usable(header.get_qform, raw, "qform")
    chosen = qform if sform is None else sform
    if sform is not None and qform is not None:
        far = np.abs(sform - qform).max() / np.linalg.norm(sform[:3, :3], axis=0).min()
        if not far <= 1e-3:
            raw.notes.append(
                f"sform and qform differ by {far:.3g} of the smallest spacing; the sform was used"
            )
    if chosen is None:
        raw.notes.append("has neither a qform nor an sform: position and direction are not known")
        return
    raw.affine = chosen.copy()
    raw.affine[:3] *= float(factor)


def _usable(get: Any, raw: RawVolume, what: str) -> NDArray[np.float64] | None:
    """Return the form if it is set and can be inverted."""
    try:
        affine, code = get(coded=True)
    except Exception as error:  # nibabel raises several types at a bad quaternion
        raw.notes.append(f"the {what} cannot be used ({one_line(error)})")
        return None
    if not code or affine is None:
        return None
    affine = np.asarray(affine, np.float64)
    if not (np.isfinite(affine).all() and abs(np.linalg.det(affine[:3, :3])) > 0.0):
        raw.notes.append(f"the {what} cannot be inverted and was not used")
        return None
    return affine
