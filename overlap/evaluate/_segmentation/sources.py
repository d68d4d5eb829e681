"""Sources of volumes: names and digests of files and arrays."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from overlap._common.files import check_file
from overlap._common.label_arrays import image_of
from overlap.io.volumes import Volume

__all__ = ["Source", "digest_of_files"]

_BLOCK = 1 << 20


@dataclass(frozen=True)
class Source:
    """The source of one volume of a case.

    Attributes
    ----------
    name : str
        Path, or name of an array in messages.
    sha256 : str
        Digest of the files as they are stored, or of the array.
    files : tuple of str
        Empty for arrays.
    """

    name: str
    sha256: str
    files: tuple[str, ...] = ()

    @classmethod
    def of(cls, volume: Volume, source: Any) -> Source:
        """Return the source of a volume.

        Parameters
        ----------
        volume : Volume
            As it was read.
        source : Any
            Path, array, image or volume that it was read from.
        """
        if volume.files:
            return cls(volume.path, volume.sha256, tuple(map(str, volume.files)))
        return cls(volume.path, _digest_of_array(source))

    def changed(self, source: Any) -> bool:
        """Whether the files, or an array, have another digest now.

        Parameters
        ----------
        source : Any
            Path, array, image or volume.

        Raises
        ------
        OSError
            A file cannot be read.
        """
        files = isinstance(source, str)
        return self.sha256 != (digest_of_files(self.files) if files else _digest_of_array(source))

    def holds(self, source: Any) -> bool:
        """Whether this is the source of a volume, unchanged.

        Parameters
        ----------
        source : Any
            Path, array, image or volume.
        """
        if isinstance(source, str) and self.files[:1] != (source,):
            return False
        try:
            return not self.changed(source)
        except (OSError, TypeError, ValueError):
            return False


def digest_of_files(names: Iterable[str]) -> str:
    """Return the SHA-256 of files, one after the other, as in `Volume.sha256`.

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


def _digest_of_array(source: Any) -> str:
    """Return the SHA-256 of a volume in memory: type, shape, and elements in memory order.

    A volume from a file has the digest of the file. The digest of an image has its grid, too.
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
