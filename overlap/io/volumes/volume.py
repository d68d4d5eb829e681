"""Volumes: values, and where their voxels lie."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap._common.values import ByValue
from overlap._common.voxel_grid import VoxelGrid

__all__ = ["COLORED", "RawVolume", "Volume", "VolumeHeader", "stamp_of"]

#: End of a message about a picture with colors.
COLORED = (
    "wanted one number a pixel. A picture painted with label colors has to be turned into "
    "label numbers first"
)


@dataclass
class RawVolume:
    """Voxels as stored, as the reader of a format returns them, before any check of values.

    The values are ``data * slope + inter``. `affine` maps indices to millimeters in RAS+;
    `spacing` is the one that the header states; `single` says that it stores lengths as float32.
    """

    data: NDArray[Any]
    affine: NDArray[np.float64] | None = None
    spacing: tuple[float, ...] | None = None
    slope: float = 1.0
    inter: float = 0.0
    notes: list[str] = field(default_factory=list)
    more_files: tuple[str, ...] = ()
    single: bool = False


@dataclass(frozen=True, eq=False)
class VolumeHeader(ByValue):
    """Header of a volume: everything before the voxels.

    Attributes
    ----------
    grid : VoxelGrid
    dtype : dtype
        Of the stored numbers.
    stated : tuple of float or None
        Sides of a voxel as they stand beside the affine; None where there is no affine.
    path : str
    notes : tuple of str
        As in `Volume`.
    files : tuple of str
        `path`, and the file with the voxels where that is another one.
    """

    grid: VoxelGrid
    dtype: np.dtype[Any]
    stated: tuple[float, ...] | None
    path: str
    notes: tuple[str, ...]
    files: tuple[str, ...]


def stamp_of(files: Sequence[str]) -> tuple[tuple[int, int], ...]:
    """Return size and time of change of each file."""
    stats = map(os.stat, files)
    return tuple((entry.st_size, entry.st_mtime_ns) for entry in stats)


@dataclass(frozen=True, eq=False, repr=False)
class Volume(ByValue):
    """Label map or map of probabilities, and where its voxels lie.

    Attributes
    ----------
    values : ndarray, shape (x, y, z), or fewer axes
        Integers or bool for label maps, float32 or float64 in [0, 1] for soft volumes.
        Read-only where it is mapped from the file.
    affine : ndarray, shape (4, 4), or None
        From voxel indices to millimeters in RAS+; voxel centers are at whole numbers. None
        where the file does not say.
    spacing : tuple of float
        Side of a voxel along each axis, in `unit`; ones where the file does not say.
    unit : {"mm", None}
        None where the file says nothing about size.
    path : str
        The file as it was named.
    notes : tuple of str
        Choices made while reading, such as dropped axes, one sentence each.
    files : tuple of str
        `path`, and the file with the voxels where that is another one.
    stamp : tuple of (int, int)
        Size and time of change of each of them when they were read.
    """

    values: NDArray[Any]
    affine: NDArray[np.float64] | None
    spacing: tuple[float, ...]
    unit: str | None
    path: str
    notes: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    stamp: tuple[tuple[int, int], ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        """Voxels along each axis."""
        return self.values.shape

    @property
    def grid(self) -> VoxelGrid:
        """Shape, and where known, spacing and affine."""
        return VoxelGrid(self.shape, self.spacing if self.unit else None, self.affine)

    @cached_property
    def sha256(self) -> str:
        """Digest of the file as stored, computed when it is first asked for.

        That of a header and its separate data file is the digest of the one followed by the
        other. If a file has changed since it was read, this is a RuntimeError.
        """
        digest = hashlib.sha256()
        for name in self.files:
            with open(name, "rb") as stream:
                while block := stream.read(1 << 20):
                    digest.update(block)
        if stamp_of(self.files) != self.stamp:
            raise RuntimeError(f"{self.path}: has changed since it was read; read it again")
        return digest.hexdigest()

    def __repr__(self) -> str:
        sides = " x ".join(f"{side:.6g}" for side in self.spacing)
        return (
            f"<Volume {self.path}: {' x '.join(map(str, self.shape))} {self.values.dtype}, "
            f"spacing {sides}{' ' + self.unit if self.unit else ' (not in the file)'}>"
        )
