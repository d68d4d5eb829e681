"""The picture of one label of one case, read again from its volumes."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from overlap._common.label_arrays import as_array, image_of
from overlap._common.voxel_grid import VoxelGrid, axis_change, compare_grids
from overlap.io.folders import find_image
from overlap.io.volumes import read_image
from overlap.plot import draw_slice

from .sources import digest_of_array, digest_of_files

if TYPE_CHECKING:
    from .report import SegmentationReport

__all__ = ["draw_worst"]


def draw_worst(
    report: SegmentationReport,
    path: str | Path | None,
    *,
    metric: str | None,
    case: str | None,
    label: str | None,
    images: Any,
) -> Any:
    """Draw a case; see `SegmentationReport.picture`."""
    evidence = report.evidence
    lost = [part.case for part in evidence.lost]
    rows = [
        row
        for row in report.worst_rows(metric, None)
        if case in (None, row["case"]) and label in (None, row["label"]) and row["case"] not in lost
    ]
    if case in lost:
        raise ValueError(f"{case}: could not be evaluated, so that there is nothing to draw")
    if not rows:
        raise ValueError(
            f"there is no row of case {case!r} and label {label!r}; cases are "
            f"{', '.join(evidence.items[:5])} ..., labels {', '.join(evidence.groups)}"
        )
    row = rows[0]
    place = evidence.items.index(row["case"])
    measured = evidence.cases[place]
    measure = evidence.measure
    # a case that was added by itself is read again from its files, if it has any
    names = tuple(stored.name for stored in measured.sources)
    sources = evidence.sources.get(row["case"], names)
    for source, stored in zip(sources, measured.sources, strict=True):
        if isinstance(source, str) and not stored.files:
            raise ValueError(f"{stored.name}: was an array, which is not kept; add files instead")
        files = isinstance(source, str)
        digest = digest_of_files(stored.files) if files else digest_of_array(source)
        if digest != stored.sha256:
            raise ValueError(f"{stored.name}: has changed since it was evaluated")
    volumes = measure.volumes(row["case"], *sources)
    members = evidence.groups[row["label"]]
    masks: list[NDArray[np.bool_]] = []
    for volume in volumes:
        if measure.soft is not None:
            masks.append(volume.values > 0.5)
        else:
            masks.append(np.isin(volume.values, members))
    if measure.ignore:
        kept = ~np.isin(volumes[0].values, measure.ignore)
        masks = [mask & kept for mask in masks]
    title = f"{row['case']}, {row['label']}: {row['metric']} {row['value']:.4g}"
    if row["unit"] != "1":
        title += f" {row['unit']}"
    spacing = (volumes[0] if volumes[0].unit else volumes[1]).spacing
    return draw_slice(
        masks[1],
        masks[0],
        spacing=spacing,
        image=_image(
            images,
            row["case"],
            [x.name for x in measured.sources],
            volumes[0].grid,
            measure.tolerance,
        ),
        others=None if measure.soft else volumes[0].values != 0,
        title=title,
        path=path,
    )


def _image(
    images: Any, case: str, files: Sequence[str], labels: VoxelGrid, tolerance: float
) -> NDArray[Any] | None:
    """Return the image of a case, with its axes as those of the labels."""
    if images is None:
        return None
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
