"""Small label volumes, and every metric of them in plain NumPy."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np

NAMES = {"liver": (1,), "tumor": (2,), "whole": (1, 2), "rare": (9,)}


def random_cases(seed, count=6, shape=(7, 6, 5)):
    """Truth and found by case: blobs with noise; some labels are missing in some cases."""
    rng = np.random.default_rng(seed)
    truth, found = {}, {}
    for k in range(count):
        volume = np.zeros(shape, np.uint8)
        volume[1:5, 1:5, 1:4] = 1
        if k % 3:
            volume[2:4, 2:4, 2:4] = 2
        if k == 1:
            volume[6, 5, 4] = 9
        noise = rng.random(shape)
        other = np.where(noise < 0.15, rng.integers(0, 3, shape), volume).astype(np.uint8)
        name = f"case_{k}"
        truth[name], found[name] = volume, np.roll(other, int(rng.integers(0, 2)), 0)
    return truth, found


def plain(truth, found, members, voxel=1.0, ignore=()):
    """Metrics of one label from sets of voxels, without any shared code."""
    kept = ~np.isin(truth, list(ignore))
    a, b = np.isin(found, members)[kept], np.isin(truth, members)[kept]
    tp, fp = float((a & b).sum()), float((a & ~b).sum())
    fn, tn = float((~a & b).sum()), float((~a & ~b).sum())

    def ratio(part, whole):
        return part / whole if whole else float("nan")

    empty = not (a.any() or b.any())
    one_sided = bool(a.any()) != bool(b.any())
    result = {
        "dice": ratio(2 * tp, 2 * tp + fp + fn),
        "iou": ratio(tp, tp + fp + fn),
        "precision": 0.0 if one_sided else ratio(tp, tp + fp),
        "recall": 0.0 if one_sided else ratio(tp, tp + fn),
        "f_score": ratio(2 * tp, 2 * tp + fp + fn),
        "specificity": ratio(tn, tn + fp),
        "false_negative_error": 1.0 if one_sided else ratio(fn, tp + fn),
        "false_positive_error": ratio(fp, tn + fp),
        "volumetric_similarity": float("nan") if empty else 1 - abs(fp - fn) / (2 * tp + fp + fn),
        "volumetric_similarity_signed": ratio(2 * (fp - fn), 2 * tp + fp + fn),
        "volume_truth": (tp + fn) * voxel,
        "volume_found": (tp + fp) * voxel,
        "volume_difference": (fp - fn) * voxel,
        "volume_difference_abs": abs(fp - fn) * voxel,
        "relative_volume_difference": ratio(fp - fn, tp + fn),
        "relative_volume_difference_abs": ratio(abs(fp - fn), tp + fn),
    }
    if fp and not tp + fn:
        result["relative_volume_difference"] = float("inf")
        result["relative_volume_difference_abs"] = float("inf")
    return result


def write_nifti(path, values, affine=None, compress=True):
    """Write a volume as NIfTI; return the path."""
    import nibabel

    affine = np.diag([1.5, 1.0, 2.0, 1.0]) if affine is None else affine
    image = nibabel.Nifti1Image(np.asarray(values), affine)
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    data = image.to_bytes()
    path.write_bytes(gzip.compress(data, mtime=0) if compress else data)
    return path


def write_folders(folder, truth, found):
    """Write all cases as NIfTI below truth/ and found/; return both folders."""
    for side, volumes in (("truth", truth), ("found", found)):
        for case, values in volumes.items():
            write_nifti(folder / side / f"{case}.nii.gz", values)
    return folder / "truth", folder / "found"
