"""Conventions of programs for surface distances."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

from .borders import Kind

__all__ = ["SURFACE_PRESETS", "Convention", "as_convention"]

_RULES: dict[str, tuple[str, ...]] = {
    "border": ("voxel", "surfel", "region"),
    "percentile": ("max", "pooled"),
    "quantile": ("linear", "weighted"),
    "mean": ("pooled", "directions"),
    "nsd": ("pooled", "directions"),
}


@dataclass(frozen=True)
class Convention:
    """A convention for surface distances. Take one of `SURFACE_PRESETS`, and change a field.

    Attributes
    ----------
    border : {"voxel", "surfel", "region"}
        What the points are: centers of voxels that have a neighbor, across a face, outside the
        set (outside the array there is nothing); corners around which some voxels are in the set
        and some are not, with the area of the surface there; or all voxels of the set.
    percentile : {"max", "pooled"}
        The percentile of a Hausdorff distance is the larger of those of both directions, or that
        of all distances of both.
    quantile : {"linear", "weighted"}
        Between two distances, interpolate (NumPy's rule; every point counts alike), or take the
        smallest distance up to which there is that share of the area.
    mean : {"pooled", "directions"}
        The average distance is the mean of all distances of both directions (ASSD), or the mean
        of the two means (MASD).
    nsd : {"pooled", "directions"}
        The share of both surfaces that is within the tolerance, or the mean of the two shares.
        At the tolerance is within it.
    name : str
    """

    border: Kind = "voxel"
    percentile: Literal["max", "pooled"] = "max"
    quantile: Literal["linear", "weighted"] = "linear"
    mean: Literal["pooled", "directions"] = "pooled"
    nsd: Literal["pooled", "directions"] = "pooled"
    name: str = "custom"

    def __post_init__(self) -> None:
        for field, allowed in _RULES.items():
            value = getattr(self, field)
            if value not in allowed:
                raise ValueError(f"{field} = {value!r}; wanted one of {', '.join(allowed)}")

    def settings(self) -> dict[str, str]:
        """Return the convention as plain data."""
        return asdict(self)


#: Conventions by the name of the program that has them.
SURFACE_PRESETS: dict[str, Convention] = {
    convention.name: convention
    for convention in (
        Convention(name="metrics-reloaded"),
        Convention(name="monai"),
        Convention(border="surfel", quantile="weighted", name="surface-distance"),
        Convention(border="surfel", quantile="weighted", name="monai-subvoxels"),
        Convention(percentile="pooled", name="medpy"),
        Convention(percentile="pooled", mean="directions", name="medpy-0.4"),
        Convention(percentile="pooled", mean="directions", nsd="directions", name="panoptica"),
        Convention(border="region", mean="directions", name="simpleitk"),
    )
}


def as_convention(preset: str | Convention, border: Kind | None = None) -> Convention:
    """Look a convention up.

    Parameters
    ----------
    preset : str or Convention
        A name in `SURFACE_PRESETS`, or a convention.
    border : {"voxel", "surfel", "region"}, optional
        Another border than that of the preset.

    Raises
    ------
    ValueError
        If the name is unknown.

    Examples
    --------
    >>> from overlap.labels.surfaces.conventions import as_convention
    >>> as_convention("medpy").percentile
    'pooled'
    """
    if isinstance(preset, str):
        if preset not in SURFACE_PRESETS:
            known = ", ".join(SURFACE_PRESETS)
            raise ValueError(f"preset: there is no {preset!r}; there are {known}")
        preset = SURFACE_PRESETS[preset]
    elif not isinstance(preset, Convention):
        raise TypeError(f"preset is {preset!r}; wanted a name or a Convention")
    if border is None or border == preset.border:
        return preset
    return Convention(**{**asdict(preset), "border": border, "name": f"{preset.name}, {border}"})
