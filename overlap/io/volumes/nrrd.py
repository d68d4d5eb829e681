"""NRRD, through SimpleITK."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from overlap.io.volumes.volume import RawVolume, affine_from_lps

__all__ = ["read_nrrd"]


class _Kept:
    """The buffer of an image, with the image, which owns it."""

    def __init__(self, image: Any, interface: dict[str, Any]) -> None:
        self.image = image
        self.__array_interface__ = interface


def read_nrrd(path: str) -> RawVolume:
    """Read a NRRD file.

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
        The file is damaged, truncated, something else, or has several channels.
    ImportError
        SimpleITK is not installed.
    """
    try:
        with warnings.catch_warnings():
            # some builds of its wrapper warn about themselves
            warnings.simplefilter("ignore", DeprecationWarning)
            import SimpleITK
    except ImportError:
        raise ImportError(
            f"{path}: reading NRRD needs SimpleITK: pip install 'overlap-metrics[medical]'"
        ) from None
    reader = SimpleITK.ImageFileReader()
    reader.SetFileName(path)
    reader.SetImageIO("NrrdImageIO")
    try:
        reader.ReadImageInformation()
        channels = reader.GetNumberOfComponents()
        image = reader.Execute() if channels == 1 else None
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[-1].strip()
        raise ValueError(f"{path}: not a readable NRRD file: {reason}") from None
    if image is None:
        raise ValueError(
            f"{path}: has {channels} channels; wanted one number a voxel. Segments that overlap "
            "are stored as channels: export each as a label map"
        )
    view = SimpleITK.GetArrayViewFromImage(image)
    data = np.asarray(_Kept(image, view.__array_interface__)).T
    if data.dtype.kind not in "buif":
        raise ValueError(f"{path}: has voxels of type {data.dtype}; wanted integers or reals")
    ndim = image.GetDimension()
    direction = np.reshape(image.GetDirection(), (ndim, ndim))
    return RawVolume(data, affine=affine_from_lps(direction, image.GetSpacing(), image.GetOrigin()))
