"""Pictures of one label of one case, read again from its volumes, and those of the worst cases."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap._common.label_arrays import as_array, image_of
from overlap._common.voxel_grid import VoxelGrid, axis_change, compare_grids
from overlap.evaluate.page import Picture
from overlap.io.folders import find_image
from overlap.io.volumes import read_image
from overlap.plot import draw_planes

from .evidence import SegmentationEvidence
from .tables import value_text

__all__ = ["draw_case", "worst_pictures"]


def draw_case(
    evidence: SegmentationEvidence,
    row: Mapping[str, Any],
    images: Any = None,
    path: str | Path | None = None,
    *,
    width: float = 6.4,
    titled: bool = True,
) -> Any:
    """Draw the planes of a case through its worst place.

    Parameters
    ----------
    evidence : SegmentationEvidence
    row : mapping
        Row of the table.
    images, path
        As in `SegmentationReport.picture`.
    width : float
        Of the figure, in inches.
    titled : bool
        Whether case, label and value stand above it.

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
        truth, found = (_any_of(volume.values, members) for volume in volumes)
    if measure.ignore:
        kept = ~_any_of(volumes[0].values, measure.ignore)
        truth, found = truth & kept, found & kept
    image = None
    if images is not None:
        image = _image(images, row["case"], names, volumes[0].grid, measure.tolerance)
    known = volumes[0] if volumes[0].unit else volumes[1]
    affines = [volume.affine for volume in volumes if volume.affine is not None]
    return draw_planes(
        found,
        truth,
        spacing=known.spacing,
        affine=affines[0] if affines else None,
        unit=known.unit or "voxels",
        image=image,
        others=None if measure.soft else volumes[0].values != 0,
        title=_title(row, f"{row['value']:.4g}") if titled else "",
        width=width,
        path=path,
    )


def _any_of(values: NDArray[Any], labels: Sequence[int]) -> NDArray[np.bool_]:
    """Return where a volume has one of some labels, in its own order in memory."""
    inside = np.equal(values, labels[0])
    for label in labels[1:]:
        inside |= values == label
    return inside


def _title(row: Mapping[str, Any], value: str) -> str:
    unit = "" if row["unit"] == "1" else f" {row['unit']}"
    return f"{row['case']}, {row['label']}: {row['metric']} {value}{unit}"


def worst_pictures(
    evidence: SegmentationEvidence, rows: Iterable[Mapping[str, Any]], images: Any, count: int
) -> tuple[list[Picture], dict[tuple[str, str], str], list[str]]:
    """Draw the first rows whose volumes can be read, for the page.

    Parameters
    ----------
    evidence : SegmentationEvidence
    rows : iterable of mapping
        Rows of the table of measured cases, the worst first.
    images : path or mapping, optional
        As in `SegmentationReport.picture`.
    count : int
        Number of rows that are tried.

    Returns
    -------
    pictures : list of Picture
    keys : dict
        Their keys, by case and label.
    missing : list of str
        One sentence for each row that could not be drawn, or not over its image.
    """
    pictures: list[Picture] = []
    keys: dict[tuple[str, str], str] = {}
    missing: list[str] = []
    if find_spec("matplotlib") is None:
        return pictures, keys, missing
    tried = [row for row in rows if not np.isnan(row["value"])]
    for number, row in enumerate(tried[:count], 1):
        what = f"{row['case']}, {row['label']}"
        figure = None
        for background in dict.fromkeys([images is not None, False]):
            try:
                figure = draw_case(
                    evidence, row, images if background else None, width=4.6, titled=False
                )
                break
            except (ValueError, OSError, MemoryError) as error:
                where = " over its image" if background else ""
                reason = " ".join(str(error).split()) or type(error).__name__
                missing.append(f"{what} is not drawn{where}: {reason}.")
        if figure is None:
            continue
        key = f"case-{number}"
        keys[row["case"], row["label"]] = key
        titles = [ax.get_title(loc="left").replace("\n", ", ") for ax in figure.axes]
        planes = "; ".join(filter(None, titles))
        alt = (
            f"{row['label']} in {row['case']}{', planes through the worst place: ' * bool(planes)}"
            f"{planes}. Outlines of the true and the found set; what is missed and what is false "
            "is filled."
        )
        title = _title(row, value_text(row["value"]))
        pictures.append(Picture(title, partial(_same, figure), alt, key=key, photo=True))
    return pictures, keys, missing


def _same(figure: Any) -> Any:
    return figure


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
