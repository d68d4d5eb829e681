"""Digests of what was measured: of files as stored, and of arrays."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import numpy as np

from overlap._common.files import check_file
from overlap._common.label_arrays import image_of
from overlap.io.volumes import Volume

__all__ = ["digest_of_array", "digest_of_files"]

_BLOCK = 1 << 20


def digest_of_files(names: Iterable[str]) -> str:
    """SHA-256 of files, one after the other, as `Volume.sha256` has it.

    Parameters
    ----------
    names : iterable of str
    """
    digest = hashlib.sha256()
    for name in names:
        check_file(name)
        with open(name, "rb") as stream:
            while block := stream.read(_BLOCK):
                digest.update(block)
    return digest.hexdigest()


def digest_of_array(source: Any) -> str:
    """SHA-256 of a volume in memory: of its type, its shape, and its elements in memory order.

    Parameters
    ----------
    source : array_like, Volume, or image of SimpleITK, ITK or nibabel
        The digest of a volume that was read from a file is that of the file; that of an image
        is also of its grid.
    """
    if isinstance(source, Volume) and source.files:
        return source.sha256
    image = image_of(source, "volume")
    place = ""
    if image is not None:
        source, (_, spacing, affine) = image.values, image.grid
        place = f" {spacing} {None if affine is None else affine.tolist()}"
    array = np.asarray(source)
    order = "F" if array.flags.f_contiguous and not array.flags.c_contiguous else "C"
    digest = hashlib.sha256(f"{array.dtype.str} {array.shape} {order}{place}".encode())
    flat = array.ravel(order)  # type: ignore[arg-type]
    for start in range(0, flat.size, _BLOCK):
        digest.update(np.ascontiguousarray(flat[start : start + _BLOCK]).tobytes())
    return digest.hexdigest()
