"""Boundary IoU against erosions one by one, and against distances."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import ndimage

import overlap as ov

from . import plain

pytestmark = pytest.mark.kernels


def iou(a, b):
    return (a & b).sum() / (a | b).sum() if (a | b).any() else math.nan


@pytest.mark.parametrize("seed", range(4))
def test_chessboard_is_what_erosions_take_away(seed):
    rng = np.random.default_rng(seed)
    for _ in range(20):
        shape = tuple(rng.integers(3, 20, rng.integers(1, 4)))
        masks = rng.random((2, *shape)) < rng.choice([0.3, 0.9, 0.99])
        width = int(rng.integers(1, 4))
        bands = []
        for mask in masks:
            full = np.ones((3,) * mask.ndim)
            kept = ndimage.binary_erosion(np.pad(mask, 1), full, iterations=width)
            bands.append(mask & ~kept[(slice(1, -1),) * mask.ndim])
        value = ov.boundary_iou(*masks, width=width)
        assert value == pytest.approx(iou(*bands), nan_ok=True)


@pytest.mark.parametrize("seed", range(4))
def test_euclidean_is_by_distance_to_border_voxels(seed):
    rng = np.random.default_rng(seed)
    for _ in range(20):
        axes = int(rng.integers(1, 4))
        shape, spacing = tuple(rng.integers(3, 9, axes)), tuple(rng.choice([0.5, 1.0, 3.3], axes))
        masks = rng.random((2, *shape)) < rng.choice([0.3, 0.9, 0.99])
        width = float(rng.choice([0.5, 1.0, 2.2]))
        bands = []
        for mask in masks:
            band = np.zeros(shape, bool)
            inside, border = np.argwhere(mask), plain.border_voxels(mask)
            if len(inside):
                band[tuple(inside.T)] = plain.distances(inside, border, spacing) < width
            bands.append(band)
        value = ov.boundary_iou(*masks, width=width, spacing=spacing, band="euclidean")
        assert value == pytest.approx(iou(*bands), nan_ok=True)


def test_default_width_is_two_percent_of_the_diagonal():
    rng = np.random.default_rng(0)
    masks = ndimage.gaussian_filter(rng.random((2, 90, 120)), (0, 9, 9)) > 0.5
    assert ov.boundary_iou(*masks) == ov.boundary_iou(*masks, width=3)
    spacing = (0.5, 2.0)
    diagonal = math.hypot(90 * 0.5, 120 * 2.0)
    assert ov.boundary_iou(*masks, spacing=spacing, band="euclidean") == ov.boundary_iou(
        *masks, width=0.02 * diagonal, spacing=spacing, band="euclidean"
    )


def test_empty_masks_and_errors():
    full, none = np.ones((4, 4), bool), np.zeros((4, 4), bool)
    assert math.isnan(ov.boundary_iou(none, none))
    assert ov.boundary_iou(full, none) == ov.boundary_iou(none, full) == 0.0
    assert ov.boundary_iou(full, full) == 1.0
    with pytest.raises(ValueError, match="wanted a whole number of voxels"):
        ov.boundary_iou(full, full, width=1.5)
    with pytest.raises(ValueError, match="wanted a positive number"):
        ov.boundary_iou(full, full, width=0.0, band="euclidean")
    with pytest.raises(ValueError, match="spacing is for band='euclidean'"):
        ov.boundary_iou(full, full, spacing=(1.0, 1.0))
    with pytest.raises(ValueError, match="wanted 2 positive numbers"):
        ov.boundary_iou(full, full, spacing=(1.0,), band="euclidean")
    with pytest.raises(ValueError, match="found has shape"):
        ov.boundary_iou(full, full[1:])
    batch = np.ones((1, 1, 4, 4), bool)
    with pytest.raises(ValueError, match="call once for each case of a batch, or give width="):
        ov.boundary_iou(batch, batch)
    assert ov.boundary_iou(batch, batch, width=1) == 1.0
    with pytest.raises(ValueError, match="wanted 'chessboard' or 'euclidean'"):
        ov.boundary_iou(full, full, band="city")
