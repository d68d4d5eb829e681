"""Readers of volumes and images in any format."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap._common.decimals import as_meant
from overlap._common.files import check_file
from overlap._common.voxel_grid import VoxelGrid, axis_length
from overlap.io.boundary import reads_file
from overlap.io.volumes.metaimage import read_metaimage
from overlap.io.volumes.nifti import read_nifti
from overlap.io.volumes.npy import read_numpy
from overlap.io.volumes.nrrd import read_nrrd
from overlap.io.volumes.png import read_png
from overlap.io.volumes.tiff import read_tiff
from overlap.io.volumes.values import to_labels, to_shares
from overlap.io.volumes.volume import RawVolume, Volume, VolumeHeader, stamp_of

__all__ = [
    "SUFFIXES",
    "drop_axes",
    "read_header",
    "read_image",
    "read_volume",
    "split_suffix",
]

#: The reader of each format takes a path, and raises ValueError for a damaged file, or a form of
#: the format that it refuses. Axis 0 is x, or columns; axis 1 is y, or rows.
_READERS: dict[str, Callable[..., RawVolume]] = {
    ".nii.gz": read_nifti,
    ".nii": read_nifti,
    ".mha": read_metaimage,
    ".mhd": read_metaimage,
    ".nrrd": read_nrrd,
    ".nhdr": read_nrrd,
    ".png": read_png,
    ".tif": read_tiff,
    ".tiff": read_tiff,
    ".npy": read_numpy,
    ".npz": read_numpy,
}

# Their readers take ``voxels=False``, and then decompress nothing.
_HEADER_FIRST = (read_nifti, read_metaimage, read_nrrd, read_numpy)

_AGREES = 1e-3  # relative difference of spacings that are one

#: Suffixes of the formats that are read, in lower case.
SUFFIXES = tuple(_READERS)


def split_suffix(name: str) -> tuple[str, str]:
    """Split a file name before the suffix of its format.

    Parameters
    ----------
    name : str
        Name of a file.

    Returns
    -------
    stem : str
    suffix : str
        In lower case; empty if the format is not one of `SUFFIXES`.

    Examples
    --------
    >>> from overlap.io.volumes import split_suffix
    >>> split_suffix("case_1.5.nii.gz")
    ('case_1.5', '.nii.gz')
    """
    lower = name.lower()
    for suffix in SUFFIXES:
        if lower.endswith(suffix):
            return name[: -len(suffix)], suffix
    return name, ""


@reads_file
def read_volume(
    path: str | os.PathLike[str],
    *,
    soft: bool = False,
    scale: float | None = None,
    spacing: Sequence[float] | None = None,
) -> Volume:
    """Read a label map, or a map of probabilities.

    Parameters
    ----------
    path : str or path-like
        NIfTI (``.nii``, ``.nii.gz``), MetaImage (``.mha``, ``.mhd``), NRRD (``.nrrd``,
        ``.nhdr``), PNG, TIFF (one image or a stack of pages), ``.npy``, or ``.npz`` with one array.
    soft : bool, default False
        Read values in [0, 1] instead of labels.
    scale : float, optional
        With ``soft=True``, the stored number that stands for 1, such as 255. Numbers are never
        scaled unasked.
    spacing : sequence of float, optional
        Sides of a voxel in millimeters, for a file that does not say.

    Returns
    -------
    Volume
        Values with x first, in the order of the file; integers keep their type; whole numbers
        stored as floats become the smallest integer type. Trailing axes of length 1 after the
        third are dropped, and `Volume.notes` says so.

    Raises
    ------
    OSError
        The file is missing or may not be read.
    ValueError
        The file is empty, damaged, truncated or of another format; has more than three axes or
        several channels; a label is not a whole number; a share is NaN or outside [0, 1]; the
        spacing is not positive, or was given although the file knows it.
    ImportError
        The format needs a package that is not installed.

    Notes
    -----
    Reading takes the memory of the stored array and of the returned one; these are one and the
    same unless numbers are converted. A NIfTI, MetaImage, NRRD, TIFF or ``.npy`` file that is not
    compressed is mapped and takes none.

    Examples
    --------
    >>> from overlap.io import read_volume, sample_path
    >>> truth = read_volume(sample_path("volumes_truth") / "case_1.mha")
    >>> truth.shape, truth.spacing, truth.values.dtype
    ((24, 20, 12), (1.5, 1.5, 3.0), dtype('uint8'))
    """
    name = os.fspath(path)
    if scale is not None and not soft:
        raise ValueError("scale= is for soft=True; labels are never scaled")
    reader = _choose_reader(name)
    # numbers of damaged headers and voxels overflow; the results are checked
    with np.errstate(all="ignore"):
        raw = reader(name)
        drop_axes(raw, name)
        values = to_shares(raw, name, scale) if soft else to_labels(raw, name)
        affine = raw.affine
        sides, unit = _spacing(raw, name, spacing)
    files = (name, *raw.more_files)
    values.flags.writeable = False
    if affine is not None:
        affine.flags.writeable = False
    return Volume(values, affine, sides, unit, name, tuple(raw.notes), files, stamp_of(files))


@reads_file
def read_image(path: str | os.PathLike[str]) -> tuple[NDArray[Any], VoxelGrid]:
    """Read the numbers of an image, and where its voxels lie.

    Parameters
    ----------
    path : str or path-like
        As for `read_volume`.

    Returns
    -------
    image : ndarray, shape (x, y, z), or fewer axes
        As stored; float64 where the file says how to scale them.
    grid : VoxelGrid

    Raises
    ------
    OSError, ValueError, ImportError
        As `read_volume`.

    Examples
    --------
    >>> from overlap.io import sample_path
    >>> from overlap.io.volumes import read_image
    >>> image, grid = read_image(sample_path("volumes_truth") / "case_1.mha")
    >>> image.shape, grid.spacing
    ((24, 20, 12), (1.5, 1.5, 3.0))
    """
    name = os.fspath(path)
    reader = _choose_reader(name)
    with np.errstate(all="ignore"):
        raw = reader(name)
        drop_axes(raw, name)
        sides, unit = _spacing(raw, name, None)
    grid = VoxelGrid(raw.data.shape, sides if unit else None, raw.affine)
    if raw.slope == 1.0 and raw.inter == 0.0:
        return raw.data, grid
    return raw.data * raw.slope + raw.inter, grid


@reads_file
def read_header(path: str | os.PathLike[str]) -> VolumeHeader:
    """Read the header of a volume, without decompressing the voxels.

    Pictures (PNG, TIFF) are read as a whole.

    Parameters
    ----------
    path : str or path-like
        As for `read_volume`.

    Returns
    -------
    VolumeHeader

    Raises
    ------
    OSError, ValueError, ImportError
        As `read_volume`, but for faults of the voxels.

    Examples
    --------
    >>> from overlap.io import sample_path
    >>> from overlap.io.volumes import read_header
    >>> read_header(sample_path("volumes_truth") / "case_1.mha").grid.shape
    (24, 20, 12)
    """
    name = os.fspath(path)
    reader = _choose_reader(name)
    with np.errstate(all="ignore"):
        raw = reader(name, voxels=False) if reader in _HEADER_FIRST else reader(name)
        drop_axes(raw, name)
        sides, unit = _spacing(raw, name, None)
    grid = VoxelGrid(raw.data.shape, sides if unit else None, raw.affine)
    stated = raw.spacing if raw.affine is not None else None
    files = (name, *raw.more_files)
    return VolumeHeader(grid, raw.data.dtype, stated, name, tuple(raw.notes), files)


def _choose_reader(name: str) -> Callable[..., RawVolume]:
    if os.path.isdir(name):
        raise ValueError(
            f"{name}: is a folder; give a file (a series of DICOM files has to be converted)"
        )
    size = check_file(name)
    suffix = split_suffix(name)[1]
    if not suffix:
        raise ValueError(f"{name}: unknown format; wanted one of {', '.join(SUFFIXES)}")
    if not size:
        raise ValueError(f"{name}: the file is empty")
    return _READERS[suffix]


def drop_axes(raw: RawVolume, name: str) -> None:
    """Drop axes of length 1 after the third, with a note.

    Parameters
    ----------
    raw : RawVolume
        Is changed.
    name : str
        Its name, for messages.

    Raises
    ------
    ValueError
        There are more than three others, or no voxels.
    """
    shape = raw.data.shape
    count = len(shape)
    while count > 3 and shape[count - 1] == 1:
        count -= 1
    if count > 3:
        raise ValueError(
            f"{name}: has {len(shape)} axes ({' x '.join(map(str, shape))}); wanted at most 3: "
            "save each time or channel by itself, and class scores as the label map of their argmax"
        )
    if 0 in shape or not shape:
        raise ValueError(f"{name}: has no voxels (its shape is {shape})")
    if count < len(shape):
        raw.data = raw.data.reshape(shape[:count], order="A")
        was, now = (" x ".join(map(str, sides)) for sides in (shape, shape[:count]))
        raw.notes.append(f"its shape {was} was read as {now}")


def _shown(sides: Iterable[float]) -> str:
    return " x ".join(f"{float(side):.6g}" for side in sides)


def _spacing(
    raw: RawVolume, name: str, given: Sequence[float] | None
) -> tuple[tuple[float, ...], str | None]:
    ndim = raw.data.ndim
    if raw.affine is not None:
        if not np.isfinite(raw.affine).all():
            raise ValueError(f"{name}: its header says no finite place and direction of voxels")
        columns = raw.affine[:3, :ndim].T
        stated = (raw.spacing or (np.inf,) * ndim)[:ndim]
        sides = tuple(map(axis_length, columns, stated, (raw.single,) * ndim))
        lengths = np.linalg.norm(columns, axis=1)
        if raw.spacing and not np.allclose(stated, lengths, rtol=_AGREES, atol=0.0):
            raw.notes.append(
                f"its header says a spacing of {_shown(stated)} mm, and its affine one of "
                f"{_shown(lengths)} mm; the affine is used"
            )
    elif raw.spacing is not None:
        sides = tuple(map(as_meant, raw.spacing[:ndim]))
    else:
        if given is None:
            return (1.0,) * ndim, None
        sides = tuple(as_meant(float(side)) for side in given)
        if len(sides) != ndim:
            raise ValueError(f"{name}: spacing has {len(sides)} numbers; wanted {ndim}")
        if not all(np.isfinite(sides)) or min(sides) <= 0:
            raise ValueError(f"{name}: spacing is {sides}; wanted positive numbers")
        return sides, "mm"
    if not all(np.isfinite(sides)) or min(sides) <= 0:
        raise ValueError(f"{name}: its header has the spacing {sides}; wanted positive numbers")
    if given is not None:
        raise ValueError(
            f"{name}: has a spacing of its own, {sides}; give none, or correct the file"
        )
    return sides, "mm"
