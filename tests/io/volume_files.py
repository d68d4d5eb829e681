"""A small label volume, and how each library writes it."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import SimpleITK
import tifffile
from PIL import Image

#: Three axes of different length, and directions that are not those of the axes.
SHAPE = (5, 7, 4)
SPACING = (0.75, 1.5, 3.25)


def labels(dtype=np.uint8, shape=SHAPE) -> np.ndarray:
    """Labels 0...5, x first, in Fortran order."""
    rng = np.random.default_rng(7)
    return np.asfortranarray(rng.integers(0, 6, shape).astype(dtype))


def oblique() -> np.ndarray:
    """Affine in RAS+ of the spacing, turned about two axes."""
    c, s, d, t = np.cos(0.3), np.sin(0.3), np.cos(-0.2), np.sin(-0.2)
    turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]]) @ [[1.0, 0, 0], [0, d, -t], [0, t, d]]
    affine = np.eye(4)
    affine[:3, :3] = turn * SPACING
    affine[:3, 3] = -12.5, 40.0, 7.75
    return affine


def write_nibabel(path: Path, values: np.ndarray, affine=None, **header) -> Path:
    """Write NIfTI through nibabel; `header` fields are set as they are."""
    image = nibabel.Nifti1Image(values, oblique() if affine is None else affine, dtype=values.dtype)
    for key, value in header.items():
        image.header[key] = value
    nibabel.save(image, path)
    return path


def itk_image(values: np.ndarray, affine=None) -> SimpleITK.Image:
    """Make an ITK image, which takes z first and describes places in LPS."""
    affine = oblique() if affine is None else affine
    image = SimpleITK.GetImageFromArray(np.ascontiguousarray(values.T))
    ndim = values.ndim
    lps = np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine
    sides = np.linalg.norm(lps[:ndim, :ndim], axis=0)
    image.SetSpacing(sides.tolist())
    image.SetOrigin(lps[:ndim, 3].tolist())
    image.SetDirection((lps[:ndim, :ndim] / sides).ravel().tolist())
    return image


def write_itk(path: Path, values: np.ndarray, affine=None, *, compressed=False) -> Path:
    """Write through SimpleITK in the format of the suffix."""
    SimpleITK.WriteImage(itk_image(values, affine), str(path), compressed)
    return path


def write_any(folder: Path, kind: str) -> tuple[Path, np.ndarray]:
    """Write the volume, or its first slice, in a format; its name says how."""
    values = labels()
    name, _, how = kind.partition(":")
    path = folder / f"volume{name}"
    if name in (".nii", ".nii.gz"):
        write_nibabel(path, values)
    elif name in (".mha", ".mhd", ".nrrd", ".nhdr"):
        write_itk(path, values, compressed=how == "zip")
    elif name == ".png":
        values = values[..., 0]
        Image.fromarray(values.T).save(path)
    elif name == ".tif":
        compression = {"": None, "zip": "zlib"}[how]
        tifffile.imwrite(path, values.T, compression=compression, photometric="minisblack")
    elif name == ".npy":
        np.save(path, values)
    else:
        (np.savez_compressed if how == "zip" else np.savez)(path, values)
    return path, values


#: Every format, plain and compressed.
KINDS = (
    ".nii", ".nii.gz", ".mha", ".mha:zip", ".mhd", ".mhd:zip", ".nrrd", ".nrrd:zip", ".nhdr",
    ".nhdr:zip", ".png", ".tif", ".tif:zip", ".npy", ".npz", ".npz:zip",
)  # fmt: skip
