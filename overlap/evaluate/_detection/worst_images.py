"""The images with most errors, and their outlines for a picture."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap.evaluate._ranking.curves import FALSE, TRUE
from overlap.io.image_files import find_image_file, image_pixels
from overlap.plot.detection import Outline
from overlap.regions.base import Regions
from overlap.regions.masks import Masks
from overlap.regions.rotated import RotatedBoxes

from .outcomes import Outcomes

__all__ = ["background_of", "outlines_of", "worst_rows"]

_MOST = 1280  # pixels of an image that is drawn, across and down


def worst_rows(matched: Outcomes, confidence: float) -> list[dict[str, Any]]:
    """Return the images with errors, those with most first.

    Parameters
    ----------
    matched : Outcomes
    confidence : float
        Smallest confidence of a detection.
    """
    scene, count = matched.scene, len(matched.scene.items)
    shown, lost = _shown(matched, confidence), _lost(matched, confidence)

    def per_item(item: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.bincount(item, minlength=count)

    false = per_item(scene.found.item[shown & (matched.outcome == FALSE)])
    true = per_item(scene.found.item[shown & (matched.outcome == TRUE)])
    missed = per_item(scene.truth.item[lost])
    truths = per_item(scene.truth.item[matched.counted])
    order = np.lexsort((np.arange(count), -missed, -(false + missed)))
    return [
        {
            "item": scene.items[k],
            "n_errors": int(false[k] + missed[k]),
            "n_false": int(false[k]),
            "n_missed": int(missed[k]),
            "n_true": int(true[k]),
            "n_truth": int(truths[k]),
        }
        for k in order[(false + missed)[order] > 0].tolist()
    ]


def _shown(matched: Outcomes, confidence: float) -> NDArray[np.bool_]:
    return (matched.outcome <= TRUE) & (matched.scene.confidence >= confidence)


def _lost(matched: Outcomes, confidence: float) -> NDArray[np.bool_]:
    result = matched.counted.copy()
    found = _shown(matched, confidence) & (matched.outcome == TRUE)
    result[matched.partner[found]] = False
    return result


def outlines_of(matched: Outcomes, confidence: float, item: str) -> list[Outline]:
    """Return the outlines of the truths and detections of one image.

    Parameters
    ----------
    matched : Outcomes
    confidence : float
        Smallest confidence of a detection.
    item : str
        Name of the image.

    Raises
    ------
    ValueError
        There is no such image, or its regions are not on a plane.
    """
    scene, inputs = matched.scene, matched.inputs
    if item not in scene.items:
        raise ValueError(f"there is no item {item!r}; there are {', '.join(scene.items[:10])}, ...")
    number = scene.items.index(item)
    lost = _lost(matched, confidence)
    truths = np.flatnonzero(matched.counted & (scene.truth.item == number))
    found = np.flatnonzero(_shown(matched, confidence) & (scene.found.item == number))
    result = []
    corners = _corners(inputs["truth"].regions[scene.truth.place[truths]])
    for row, line in zip(truths.tolist(), corners, strict=True):
        kind = "missed truth" if lost[row] else "found truth"
        text = scene.labels[scene.truth.label[row]] if lost[row] else ""
        result.append(Outline(line, kind, text))
    corners = _corners(inputs["found"].regions[scene.found.place[found]])
    for row, line in zip(found.tolist(), corners, strict=True):
        false = matched.outcome[row] == FALSE
        text = f"{scene.labels[scene.found.label[row]]} {scene.confidence[row]:.2f}"
        kind = "false detection" if false else "true detection"
        result.append(Outline(line, kind, text if false else ""))
    return result


def background_of(
    matched: Outcomes, item: str, images: str | os.PathLike[str] | None
) -> dict[str, Any]:
    """Return what is drawn below outlines: nothing without a folder of images.

    Parameters
    ----------
    matched : Outcomes
    item : str
        Name of the image.
    images : path, optional
        Folder of images. Files are named as the truth says, or as items.

    Returns
    -------
    dict
        Arguments ``image`` and ``size`` of `overlap.plot.draw_outlines`.

    Raises
    ------
    ValueError
        The folder has no such image, or several, or it cannot be read.
    """
    if images is None:
        return {}
    named = matched.inputs["truth"].files.get(item)
    pixels, size = image_pixels(find_image_file(images, item, named), _MOST)
    return {"image": pixels, "size": size}


def _corners(regions: Regions) -> list[NDArray[np.float64]]:
    """Return the corners of each region; of those that are no boxes, of the box around them."""
    if isinstance(regions, RotatedBoxes):
        return list(regions.corners())
    bounds = regions.bounds() if len(regions) else (np.empty((2, 0)), np.empty((2, 0)))
    if bounds is None or len(bounds[0]) != 2:
        raise ValueError(f"{type(regions).__name__} do not lie on a plane, and are not drawn")
    lower, upper = np.asarray(bounds[0]), np.asarray(bounds[1])
    if isinstance(regions, Masks):  # their first axis is that of the rows
        lower, upper = lower[::-1], upper[::-1]
    (x0, y0), (x1, y1) = lower, upper
    return list(np.stack([[x0, x1, x1, x0], [y0, y0, y1, y1]]).transpose(2, 1, 0))
