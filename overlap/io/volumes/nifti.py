"""NIfTI-1 and NIfTI-2 in one file: ``.nii`` and ``.nii.gz``; nibabel reads the header."""

from __future__ import annotations

import gzip
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap._decimals import as_meant, scaled
from overlap._label_arrays import TO_MM
from overlap.io.volumes._bytes import decompress_voxels, stored_voxels
from overlap.io.volumes.volume import RawVolume

__all__ = ["read_nifti"]

_GZIP = b"\x1f\x8b"


def read_nifti(path: str) -> RawVolume:
    """Read a NIfTI file.

    The affine is the sform if there is one, else the qform; without either only the spacing is
    known. Lengths in meters or microns become millimeters.

    Parameters
    ----------
    path : str
        File to read.

    Returns
    -------
    RawVolume

    Raises
    ------
    ValueError
        The file is damaged, truncated or something else.
    ImportError
        nibabel is not installed.
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
    try:
        with _without_log(nibabel.imageglobals.logger):
            image: Any = nibabel.load(path)
        header, proxy = image.header, image.dataobj
        shape, dtype, offset = proxy.shape, proxy.dtype, proxy.offset
        slope, inter = float(proxy.slope), float(proxy.inter)
    except Exception as error:  # a damaged header can fail anywhere in the library
        raise ValueError(f"{path}: not a readable NIfTI file ({_line(error)})") from None
    if dtype.fields is not None or dtype.kind not in "buif":
        raise ValueError(
            f"{path}: has voxels of type {header.get_value_label('datatype')}; wanted one "
            "integer or real number a voxel"
        )
    if zipped:
        with gzip.open(path) as unzipped:
            try:
                unzipped.seek(offset)
            except (EOFError, OSError) as error:
                raise ValueError(f"{path}: truncated or damaged ({_line(error)})") from None
            data = decompress_voxels(
                unzipped,  # type: ignore[arg-type]
                dtype,
                shape,
                name=path,
                stored=os.path.getsize(path),
            )
    else:
        data = stored_voxels(path, dtype, offset, shape, name=path)
    raw = RawVolume(data, slope=slope, inter=inter)
    _place(raw, header, path)
    return raw


@contextmanager
def _without_log(logger: logging.Logger) -> Iterator[None]:
    """Keep a library from writing to stderr what its exception says, too."""

    def drop(_: logging.LogRecord) -> bool:
        return False

    logger.addFilter(drop)
    try:
        yield
    finally:
        logger.removeFilter(drop)


def _line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _place(raw: RawVolume, header: Any, path: str) -> None:
    """Take affine and spacing from the header."""
    factor = TO_MM.get(header.get_xyzt_units()[0], Fraction(1))
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
        raw.notes.append(f"the {what} cannot be used ({_line(error)})")
        return None
    if not code or affine is None:
        return None
    affine = np.asarray(affine, np.float64)
    if not (np.isfinite(affine).all() and abs(np.linalg.det(affine[:3, :3])) > 0.0):
        raw.notes.append(f"the {what} cannot be inverted and was not used")
        return None
    return affine
