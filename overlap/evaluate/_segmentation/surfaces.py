"""Surfaces inside one case: distances, shares within a tolerance, bands along boundaries."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap.labels.contingency import Contingency
from overlap.labels.surfaces import Convention, boundary_iou, surface_distances
from overlap.labels.surfaces.boundary import default_width
from overlap.labels.surfaces.conventions import as_convention

from .metrics import SURFACE_NAME
from .objects import window_of

__all__ = ["SurfaceRules", "measure_surfaces"]


@dataclass(frozen=True)
class SurfaceRules:
    """Metrics of surfaces, and the convention for them.

    Attributes
    ----------
    metrics : tuple of str
        Names, such as ``hd95`` and ``nsd@2mm``.
    convention : Convention
    """

    metrics: tuple[str, ...] = ()
    convention: Convention = field(default_factory=lambda: as_convention("metrics-reloaded"))

    def settings(self) -> dict[str, Any]:
        """Return the rules as plain data."""
        return {"metrics": list(self.metrics), "convention": self.convention.settings()}


def measure_surfaces(
    found: NDArray[Any],
    truth: NDArray[Any],
    counts: Contingency,
    groups: Mapping[str, Sequence[int]],
    rules: SurfaceRules,
    ignore: Sequence[int],
    unit: str | None,
) -> dict[str, dict[str, float]]:
    """Measure the surfaces of every group of labels.

    Parameters
    ----------
    found, truth : ndarray of integers
        Label volumes.
    counts : Contingency
        Of these, without the ignored voxels.
    groups : mapping from str to sequence of int
        Names and labels.
    rules : SurfaceRules
    ignore : sequence of int
        True labels whose voxels belong to neither set.
    unit : str or None
        Unit of the spacing.

    Returns
    -------
    dict
        Values by metric, by group.

    Raises
    ------
    ValueError
        If a metric is in millimeters and the spacing is not.
    """
    names = [(name, *_parts(name)) for name in rules.metrics]
    odd = next((name for name, _, _, millimeters in names if millimeters and unit != "mm"), None)
    if odd is not None:
        raise ValueError(
            f"{odd}: the voxels are of unknown size; give spacing, or {odd[:-2]} for voxels"
        )
    if ignore:
        void = np.isin(truth, ignore)
        found, truth = (np.where(void, 0, volume) for volume in (found, truth))
    result: dict[str, dict[str, float]] = {group: {} for group in groups}
    tolerances = [number for _, kind, number, _ in names if kind == "nsd"]
    others = [kind for _, kind, _, _ in names if kind not in ("nsd", "biou")]
    if tolerances or others:
        distances = surface_distances(
            found, truth, labels=groups, preset=rules.convention, counts=counts,
            at_most=None if others else max(tolerances),
        )  # fmt: skip
        for group, one in distances.items():
            for name, kind, number, _ in names:
                if kind == "hd":
                    result[str(group)][name] = one.hd(number)
                elif kind == "nsd":
                    result[str(group)][name] = one.nsd(number)
                elif kind in ("asd_found", "asd_truth"):
                    result[str(group)][name] = one.one_sided(kind[4:])
                elif kind != "biou":
                    result[str(group)][name] = getattr(one, kind)
    for group, members in groups.items():
        for name, kind, number, _ in names:
            if kind == "biou":
                result[group][name] = _band_iou(found, truth, counts, members, number)
    return result


def _band_iou(
    found: NDArray[Any],
    truth: NDArray[Any],
    counts: Contingency,
    members: Sequence[int],
    width: float,
) -> float:
    """Return the boundary IoU of some labels, looking at their box only."""
    window = window_of(counts, members, truth.shape)
    masks = [np.isin(volume[window], members) for volume in (found, truth)]
    if not (masks[0].any() or masks[1].any()):
        return float("nan")
    if np.isnan(width):
        return boundary_iou(*masks, width=default_width(truth.shape))
    return boundary_iou(*masks, width=width, spacing=counts.spacing, band="euclidean")


def _parts(name: str) -> tuple[str, float, bool]:
    """Split a name into kind, number, and whether it is in millimeters."""
    match = re.fullmatch(SURFACE_NAME, name)
    assert match is not None
    kind = match["kind"] or match["at"] or match["plain"]
    number = match["percentile"] or match["distance"]
    if kind == "hd" and number is None:
        return kind, 100.0, False
    return kind, float("nan" if number is None else number), match["mm"] is not None
