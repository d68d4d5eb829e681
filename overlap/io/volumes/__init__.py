"""Volumes in files: label maps and maps of probabilities, one module per format.

Every reader returns a `Volume`: the values, and where its voxels lie.

- Axis 0 is x, axis 1 y, axis 2 z, as NIfTI stores them; the columns of a picture are x and its
  rows y. Nothing is copied for this: the arrays are in Fortran order. A NumPy file is taken as
  it is.
- The affine maps voxel indices to millimeters in RAS+: x grows to the right, y to the front, z
  to the head. Places of MetaImage and NRRD files in LPS are converted, so that one volume
  saved in several formats is read with the same affine.
- Label maps keep their integer type. No float64 copy is ever made of them, and a file that is
  not compressed is mapped into memory instead of read.
"""

from overlap.io.volumes.reader import (
    SUFFIXES,
    drop_axes,
    read_header,
    read_image,
    read_volume,
    split_suffix,
)
from overlap.io.volumes.values import to_labels, to_shares
from overlap.io.volumes.volume import RawVolume, Volume, VolumeHeader

__all__ = ["SUFFIXES", "RawVolume", "Volume", "VolumeHeader", "drop_axes", "read_header",
           "read_image", "read_volume", "split_suffix", "to_labels", "to_shares"]  # fmt: skip
