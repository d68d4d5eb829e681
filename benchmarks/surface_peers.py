"""Pairs of organs, and their surface distances by other programs.

Every function that needs a peer imports it inside and returns a call without arguments, or
raises ImportError.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

__all__ = ["deepmind", "medpy", "monai", "organ_pair"]

Call = Callable[[], Any]


@cache
def organ_pair(shape: tuple[int, int, int], far: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return a found and a true wobbly ellipsoid: rough and nearly in place, or elsewhere."""
    truth = _organ(shape, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25), (1.0, 2.0, 3.0), 0.0)
    if far:
        return _organ(shape, (0.5, 0.62, 0.55), (0.16, 0.17, 0.15), (2.0, 1.0, 0.0), 0.0), truth
    return _organ(shape, (0.505, 0.495, 0.5), (0.25, 0.25, 0.25), (1.0, 2.0, 3.0), 0.08), truth


def _organ(shape, center, radius, phase, rough) -> np.ndarray:
    axes = np.ix_(*(np.linspace(0.0, 1.0, n, dtype=np.float32) for n in shape))
    distance = sum(
        ((x - c) / r) ** 2 + 0.12 * np.sin(rate * x + turn)
        for x, c, r, rate, turn in zip(axes, center, radius, (40, 35, 45), phase, strict=True)
    )
    return distance + rough * np.sin(50 * axes[0] + 70 * axes[1] + 90 * axes[2]) < 1.0


def monai(found: np.ndarray, truth: np.ndarray, labels: int, spacing: tuple[float, ...]) -> Call:
    """HD95, ASSD and NSD at 1 of labels 1 to `labels` by MONAI, from one-hot tensors."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import torch
        from monai import metrics
    numbers = np.arange(labels + 1)[:, None, None, None]
    pair = [torch.from_numpy(volume == numbers)[None] for volume in (found, truth)]

    def run() -> np.ndarray:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            columns = (
                metrics.compute_hausdorff_distance(*pair, percentile=95, spacing=spacing),
                metrics.compute_average_surface_distance(*pair, symmetric=True, spacing=spacing),
                metrics.compute_surface_dice(*pair, [1.0] * labels, spacing=spacing),
            )
        return np.stack([column[0].numpy() for column in columns], axis=1)

    return run


def deepmind(found: np.ndarray, truth: np.ndarray, spacing: tuple[float, ...]) -> Call:
    """HD95, both average distances and NSD at 1 of a mask by surface-distance."""
    import surface_distance as peer

    def run() -> np.ndarray:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            distances = peer.compute_surface_distances(truth, found, spacing)
        return np.array(
            [
                peer.compute_robust_hausdorff(distances, 95),
                *peer.compute_average_surface_distance(distances),
                peer.compute_surface_dice_at_tolerance(distances, 1.0),
            ]
        )

    return run


def medpy(found: np.ndarray, truth: np.ndarray, spacing: tuple[float, ...]) -> Call:
    """HD95 and ASSD of a mask by medpy, which has no NSD."""
    from medpy.metric import binary

    return lambda: np.array(
        [binary.hd95(found, truth, spacing), binary.assd(found, truth, spacing)]
    )
