"""Checks of one volume: its grid, its labels and findings, without scores."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap.io.candidate import Candidate
from overlap.io.inspection import Inspection
from overlap.io.printable import number_of
from overlap.io.volumes.reader import read_header, read_image, read_volume, split_suffix
from overlap.io.volumes.volume import Volume, VolumeHeader

__all__ = ["LISTED", "grid_words", "header_findings", "inspect_volume", "is_volume",
           "label_counts", "label_words", "orientation", "size_findings"]  # fmt: skip

_FORMATS = {
    ".nii.gz": "NIfTI", ".nii": "NIfTI", ".mha": "MetaImage", ".mhd": "MetaImage",
    ".nrrd": "NRRD", ".nhdr": "NRRD", ".png": "PNG", ".tif": "TIFF", ".tiff": "TIFF",
    ".npy": "NumPy", ".npz": "NumPy",
}  # fmt: skip
_WAYS = (("R", "L"), ("A", "P"), ("S", "I"))
#: So many labels have a line each.
LISTED = 20
_SQUARE = 1e-3  # cosine between axes that are at right angles
_GRAY = 128  # labels of a map of probabilities in bytes, or an image
_DENSE = 1 << 16  # labels counted in a table
_BLOCK = 1 << 22  # voxels


def is_volume(candidate: Candidate) -> bool:
    """Whether the suffix of a file is that of volumes.

    Parameters
    ----------
    candidate : Candidate
    """
    return not candidate.is_folder and bool(split_suffix(candidate.path)[1])


def inspect_volume(candidate: Candidate, *, voxels: bool = True) -> Inspection:
    """Look at a label map; of maps of probabilities and images, it is said that they are none.

    Parameters
    ----------
    candidate : Candidate
    voxels : bool, default True
        Read them; else the header alone.

    Returns
    -------
    Inspection
        Its content is a `Volume`; without voxels, or if they are no labels, a `VolumeHeader`.

    Raises
    ------
    OSError, ValueError, ImportError
        It cannot be read; see `overlap.io.read_volume`.

    Examples
    --------
    >>> from overlap.io import sample_path
    >>> seen = inspect_volume(Candidate(str(sample_path("volumes_truth") / "case_1.mha")))
    >>> dict(seen.facts)["grid"], dict(seen.facts)["orientation"]
    ('24 x 20 x 12 voxels of 1.5 x 1.5 x 3 mm', 'LPS')
    """
    header = read_header(candidate.path)
    form = _FORMATS[split_suffix(candidate.path)[1]]
    facts, findings = _header_facts(header), header_findings(header)
    if not voxels:
        return Inspection(f"volume, {form}", facts, findings, content=header)
    try:
        volume = read_volume(candidate.path)
    except ValueError as error:
        # a damaged file cannot be read as an image either, and that is its error
        image, _ = read_image(candidate.path)
        low, high = float(image.min()), float(image.max())
        facts.append(("values", f"{low:g} to {high:g}, mean {float(image.mean()):.4g}"))
        kind = "map of probabilities" if 0.0 <= low and high <= 1.0 else "image"
        said = str(error).removeprefix(f"{candidate.path}: ")
        return Inspection(f"{kind}, {form}", facts, [said, *findings], content=header)
    counted, odd = _labels(volume)
    # reading the voxels adds notes of its own
    findings += [note for note in volume.notes if note not in header.notes]
    return Inspection(f"label map, {form}", facts + counted, findings + odd, content=volume)


@np.errstate(all="ignore")  # of numbers of damaged headers
def orientation(affine: NDArray[np.float64], ndim: int) -> str:
    """Return for each axis the letter of the side to which it points most.

    Parameters
    ----------
    affine : ndarray, shape (4, 4)
        From voxel indices to RAS+.
    ndim : int
        Number of axes.

    Examples
    --------
    >>> orientation(np.diag([-1.0, -1.0, 2.0, 1.0]), 3)
    'LPS'
    """
    columns = affine[:3, :ndim] / np.linalg.norm(affine[:3, :ndim], axis=0)
    size = np.abs(columns)
    letters = [""] * ndim
    for _ in range(ndim):
        side, axis = np.unravel_index(int(np.argmax(size)), size.shape)
        letters[axis] = _WAYS[side][int(columns[side, axis] < 0)]
        size[side], size[:, axis] = -1.0, -1.0
    return "".join(letters)


def grid_words(header: VolumeHeader | Volume) -> str:
    """Write shape and spacing.

    Parameters
    ----------
    header : VolumeHeader or Volume
    """
    shape, spacing, _ = header.grid
    noun = "voxels" if len(shape) > 2 else "pixels"
    size = f"{' x '.join(map(str, shape))} {noun}"
    if spacing is None:
        return f"{size}, of a size that the file does not say"
    return f"{size} of {' x '.join(f'{side:.6g}' for side in spacing)} mm"


@np.errstate(all="ignore")  # of numbers of damaged headers
def header_findings(header: VolumeHeader) -> list[str]:
    """Return the findings on a header: notes of the reader, and contradictions.

    Parameters
    ----------
    header : VolumeHeader
    """
    findings = list(header.notes)
    shape, spacing, affine = header.grid
    if affine is not None:
        columns = affine[:3, : len(shape)]
        lengths = np.linalg.norm(columns, axis=0)
        unit = columns / lengths
        skew = np.abs(unit.T @ unit - np.eye(len(shape)))
        if skew.max(initial=0.0) > _SQUARE:
            angle = np.degrees(np.arccos(min(skew.max(), 1.0)))
            findings.append(
                f"its axes are not at right angles ({angle:.1f} degrees): the affine is sheared"
            )
    return findings + size_findings(spacing)


def size_findings(spacing: Sequence[float] | None) -> list[str]:
    """Return a finding on voxels of a size that hardly any image has.

    Parameters
    ----------
    spacing : sequence of float or None
        In millimeters.
    """
    if spacing is None or 1e-3 <= min(spacing) <= max(spacing) <= 100.0:
        return []
    sides = " x ".join(f"{side:.6g}" for side in spacing)
    return [f"its voxels have sides of {sides} mm: is the unit right?"]


def label_words(labels: Collection[int]) -> str:
    """Write how many labels there are, and their range where they are not listed.

    Parameters
    ----------
    labels : collection of int
        Without 0.
    """
    words = f"{len(labels):,} besides 0, the background"
    return words if len(labels) <= LISTED else f"{words}; {min(labels)} to {max(labels)}"


def label_counts(values: NDArray[Any]) -> dict[int, int]:
    """Count the voxels of each label.

    Parameters
    ----------
    values : ndarray
        Integers or bool.
    """
    flat = values.ravel("K")
    low, high = int(flat.min()), int(flat.max())
    if high - low < _DENSE:
        counts = np.zeros(high - low + 1, np.int64)
        for start in range(0, flat.size, _BLOCK):
            part = flat[start : start + _BLOCK].astype(np.int64) - low
            counts += np.bincount(part, minlength=len(counts))
        there = np.flatnonzero(counts)
        return dict(zip((there + low).tolist(), counts[there].tolist(), strict=True))
    labels, voxels = np.unique(flat, return_counts=True)
    return dict(zip(map(int, labels.tolist()), voxels.tolist(), strict=True))


@np.errstate(all="ignore")  # of numbers of damaged headers
def _header_facts(header: VolumeHeader) -> list[tuple[str, str]]:
    shape, _, affine = header.grid
    facts = [("grid", grid_words(header))]
    if affine is not None:
        words = orientation(affine, len(shape))
        columns = affine[:3, : len(shape)]
        along = np.abs(columns).max(axis=0) / np.linalg.norm(columns, axis=0)
        turn = float(np.degrees(np.arccos(min(float(along.min()), 1.0))))
        facts.append(("orientation", words + (f", turned by {turn:.1f} degrees" * (turn > 0.05))))
    facts.append(("numbers", str(header.dtype.newbyteorder("="))))
    return facts


def _labels(volume: Volume) -> tuple[list[tuple[str, str]], list[str]]:
    """Return facts and findings on labels."""
    counts = label_counts(volume.values)
    background = counts.pop(0, 0)
    unit = {3: "mm3", 2: "mm2", 1: "mm"}.get(volume.values.ndim, "") if volume.unit else ""
    one = float(np.prod(volume.spacing))

    noun = "voxel" if volume.values.ndim > 2 else "pixel"

    def size(count: int) -> str:
        return number_of(count, noun) + (f", {_decimal(count * one)} {unit}" * bool(unit))

    facts = [("labels", label_words(counts))]
    if len(counts) <= LISTED:
        facts += [(f"label {label}", size(count)) for label, count in counts.items()]
    else:
        facts.append(("smallest", size(min(counts.values()))))
        facts.append(("largest", size(max(counts.values()))))
    facts.append(("background", size(background)))
    findings = []
    if not counts:
        findings.append("has no label but 0")
    if not background:
        findings.append(f"no {noun} is 0, the background")
    negative = sum(label < 0 for label in counts)
    if negative:
        findings.append(
            f"{number_of(negative, 'label')} {'is' if negative == 1 else 'are'} negative, the "
            f"first {min(counts)}"
        )
    if volume.values.dtype == np.uint8 and len(counts) >= _GRAY and max(counts) == 255:
        findings.append(
            f"{len(counts)} labels up to 255: if these are probabilities, compare them with "
            "soft=True, scale=255 (--soft --scale 255)"
        )
    elif len(counts) > 1 and 4 * len(counts) > volume.values.size - background:
        findings.append(
            f"{len(counts):,} labels have fewer than 4 voxels each on average: is it an image?"
        )
    return facts, findings


def _decimal(value: float) -> str:
    """Write a volume with a decimal, or with three digits if it is small."""
    return f"{value:,.1f}".removesuffix(".0") if value >= 10.0 else f"{value:.3g}"
