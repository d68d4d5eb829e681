"""Pictures of one label of one case, read again from its volumes."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap._common.label_arrays import as_array, image_of
from overlap._common.voxel_grid import VoxelGrid, axis_change, compare_grids
from overlap.io.folders import find_image
from overlap.io.volumes import read_image
from overlap.plot import draw_slice

from .evidence import SegmentationEvidence

__all__ = ["draw_case"]


def draw_case(
    evidence: SegmentationEvidence,
    row: Mapping[str, Any],
    images: Any = None,
    path: str | Path | None = None,
) -> Any:
    """Draw the slice of a case with the largest wrong area.

    Parameters
    ----------
    evidence : SegmentationEvidence
    row : mapping
        Row of the table.
    images, path
        As in `SegmentationReport.picture`.

    Raises
    ------
    ValueError
        The volumes were not kept, or have changed.
    """
    measured = evidence.cases[evidence.items.index(row["case"])]
    measure = evidence.measurement
    names = [stored.name for stored in measured.sources]
    # a case that was added by itself is read again from its files, if it has any
    sources = evidence.cohort.cases.get(row["case"], names)
    for source, stored in zip(sources, measured.sources, strict=True):
        if isinstance(source, str) and not stored.files:
            raise ValueError(f"{stored.name}: was an array, which is not kept; add files instead")
        if stored.changed(source):
            raise ValueError(f"{stored.name}: has changed since it was evaluated")
    volumes = measure.volumes(row["case"], *sources)
    members = evidence.groups[row["label"]]
    if measure.soft is not None:
        truth, found = (volume.values > 0.5 for volume in volumes)
    else:
        truth, found = (np.isin(volume.values, members) for volume in volumes)
    if measure.ignore:
        kept = ~np.isin(volumes[0].values, measure.ignore)
        truth, found = truth & kept, found & kept
    unit = "" if row["unit"] == "1" else f" {row['unit']}"
    image = None
    if images is not None:
        image = _image(images, row["case"], names, volumes[0].grid, measure.tolerance)
    return draw_slice(
        found,
        truth,
        spacing=(volumes[0] if volumes[0].unit else volumes[1]).spacing,
        image=image,
        others=None if measure.soft else volumes[0].values != 0,
        title=f"{row['case']}, {row['label']}: {row['metric']} {row['value']:.4g}{unit}",
        path=path,
    )


def _image(
    images: Any, case: str, files: Sequence[str], labels: VoxelGrid, tolerance: float
) -> NDArray[Any]:
    """Return the image of a case, with its axes as those of the labels."""
    if isinstance(images, Mapping):
        source = images.get(case)
        if source is None:
            raise ValueError(f"images: has no image of the case {case!r}")
    else:
        source = find_image(images, case, files)
    grid = None
    if isinstance(source, str | os.PathLike):
        image, grid = read_image(source)
    elif (known := image_of(source, "image")) is not None:
        image, grid = known.values, known.grid
    else:
        image = as_array(source, "image")
    placed = grid is not None and grid.affine is not None and labels.affine is not None
    if grid is not None and placed and len(grid.shape) == len(labels.shape):
        apart = bool(compare_grids(labels, grid, tolerance)[1])
        change = axis_change(labels, grid, tolerance) if apart else None
        image = image if change is None else change.array(image)
    if image.shape != labels.shape:
        raise ValueError(
            f"the image of {case!r} has shape {image.shape}, its labels {labels.shape}"
        )
    return image
