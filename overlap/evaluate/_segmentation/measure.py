"""Measurement of one case: reads both volumes, checks that they match, and counts."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from overlap._common.label_arrays import as_array, check_axes, check_axis_order, image_of
from overlap.io.boundary import reading
from overlap.io.label_names import LabelSet
from overlap.io.volumes import RawVolume, Volume, drop_axes, read_volume, to_labels, to_shares
from overlap.io.volumes.check import size_findings
from overlap.io.volumes.grids import check_same_grid, reorient
from overlap.labels.contingency import contingency
from overlap.regions.masks import Masks
from overlap.scores.score import terms

from .cases import Failed, Measured
from .objects import ObjectRules, measure_objects
from .sources import Source
from .surfaces import SurfaceRules, measure_surfaces

__all__ = ["Measure", "as_volume"]


@dataclass(frozen=True)
class Measure:
    """Rules by which a case is measured. Fields are arguments of `segmentation`.

    Attributes
    ----------
    groups : mapping or None
        Labels by name; None for every label that occurs, by its number.
    complete : bool
        Labels that are in no group are an error.
    whole : bool
        Without groups: all labels together are one, ``"all"``.
    """

    groups: Mapping[str, tuple[int, ...]] | None = None
    complete: bool = False
    ignore: tuple[int, ...] = ()
    spacing: tuple[float, ...] | None = None
    tolerance: float = 1e-3
    soft: Literal["minmax", "product", "squared"] | None = None
    scale: tuple[float | None, float | None] = (None, None)
    rules: ObjectRules = field(default_factory=ObjectRules)
    surfaces: SurfaceRules = field(default_factory=SurfaceRules)
    whole: bool = False
    reorient: bool = False

    def settings(self) -> dict[str, Any]:
        """Return the rules on which measured cases depend, as plain data."""
        result: dict[str, Any] = {
            "ignore": list(self.ignore),
            "spacing": self.spacing and list(self.spacing),
            "tolerance": self.tolerance,
            "soft": self.soft,
            "scale": list(self.scale),
        }
        if self.reorient:
            result["reorient"] = True
        if self.complete:
            result["known"] = sorted({x for group in (self.groups or {}).values() for x in group})
        if self.rules.metrics or self.surfaces.metrics:
            groups = self.groups
            result["groups"] = groups and {name: list(group) for name, group in groups.items()}
        if self.rules.metrics:
            result["instances"] = self.rules.settings()
        if self.surfaces.metrics:
            result["surfaces"] = self.surfaces.settings()
        return result

    def named(self, present: Sequence[int]) -> dict[str, tuple[int, ...]]:
        """Return the scored labels by name; those that are ignored have no name of their own.

        Parameters
        ----------
        present : sequence of int
            Labels that occur.
        """
        if self.groups is not None:
            return dict(self.groups)
        if self.whole:
            return {"all": tuple(present)}
        return {str(label): (label,) for label in present if label not in self.ignore}

    def __call__(self, case: str, truth: Any, found: Any) -> Measured | Failed:
        """Measure a case; a fault of its volumes is returned, not raised.

        Parameters
        ----------
        case : str
            Its name.
        truth, found : str, array, image or Volume
            Found may be the failure of a case without a found volume.
        """
        try:
            return self._measure(case, truth, found)
        except MemoryError:
            return Failed(case, "needs more memory than there is")
        except _FoundError as error:
            diagonal = float(np.linalg.norm(np.multiply(error.truth.shape, error.truth.spacing)))
            labels: NDArray[Any] = np.empty(0)
            if self.soft is None:
                labels = np.setdiff1d(error.truth.values, (0, *self.ignore))
            source = Source.of(error.truth, truth)
            return Failed(case, _line(error), source, diagonal, tuple(labels.tolist()))
        except (ValueError, OSError) as error:
            return Failed(case, _line(error))

    def volumes(self, case: str, truth: Any, found: Any) -> tuple[Volume, Volume]:
        """Read both volumes of a case, and check that they lie on one grid.

        Parameters
        ----------
        case : str
        truth, found : str, array, image or Volume
        """
        soft = self.soft is not None
        sides = ("truth", truth), ("found", found)
        reference = as_volume(truth, f"truth of {case!r}", soft, self.scale[0], self.spacing)
        with _fault_of_found(reference):
            if isinstance(found, Failed):
                raise ValueError(found.reason)
            other = as_volume(found, f"found of {case!r}", soft, self.scale[1], self.spacing)
            if self.reorient:
                other = reorient(other, reference, self.tolerance)
            check_same_grid(reference, other, self.tolerance)
            objects = [
                None if isinstance(source, str | os.PathLike | Volume) else image_of(source, role)
                for role, source in sides
            ]
            if not any(isinstance(source, str | os.PathLike | Volume) for _, source in sides):
                check_axis_order((objects[0], objects[1]), reference.shape)
        return reference, other

    def _measure(self, case: str, truth: Any, found: Any) -> Measured:
        reference, other = self.volumes(case, truth, found)
        known = reference if reference.unit else other
        size = len(reference.shape)
        unit = "voxels" if known.unit is None else known.unit + (str(size) if size > 1 else "")
        common: dict[str, Any] = {
            "case": case,
            "voxel": float(np.prod(known.spacing)),
            "unit": unit,
            "extent": tuple(map(float, np.multiply(reference.shape, known.spacing))),
            "sources": (Source.of(reference, truth), Source.of(other, found)),
            "notes": tuple(
                f"{volume.path}: {note}"
                for volume in (reference, other)
                for note in (*volume.notes, *self._doubts(volume))
            ),
        }
        if self.soft is not None:
            return Measured(**common, **self._shares(reference.values, other.values))
        return Measured(**common, **self._labels(reference, other, known.spacing))

    def _doubts(self, volume: Volume) -> list[str]:
        """Return notes on a grid whose distances or volumes are hardly those that are meant."""
        doubts = size_findings(volume.grid.spacing)
        axes = [_odd_one(sides) for sides in (volume.shape, self.spacing or ())]
        if None not in axes and axes[0] != axes[1]:
            shape = " x ".join(map(str, volume.shape))
            doubts.append(
                f"has {shape} voxels, and spacing= has its odd side at another place, "
                f"{self.spacing}: it stands in the order of the axes of the array, which is z, y, "
                "x where SimpleITK made it (GetSpacing has x, y, z)"
            )
        if self.surfaces.metrics and volume.values.ndim > 2 and 1 in volume.shape:
            doubts.append(
                f"has one layer along {'xyz'[volume.shape.index(1)]}, so that every voxel of a set "
                "is on its surface; for distances of outlines give images with two axes"
            )
        return doubts

    def _shares(self, truth: NDArray[Any], found: NDArray[Any]) -> dict[str, Any]:
        a, b = (
            Masks(values, axes=values.ndim, soft=self.soft or "minmax") for values in (found, truth)
        )
        sizes = terms(a, b)
        sums = (sizes.measure_a, sizes.measure_b, sizes.intersection)
        return {
            "found": (1,), "truth": (1,), "voxels": (), "total": truth.size, "ignored": 0,
            "sums": tuple(float(values[0]) for values in sums), "values": {},
        }  # fmt: skip

    def _labels(self, truth: Volume, found: Volume, spacing: tuple[float, ...]) -> dict[str, Any]:
        counts = contingency(found.values, truth.values, spacing=spacing, ignore=self.ignore)
        if self.complete and self.groups is not None:
            known = LabelSet(tuple(self.groups), tuple(self.groups.values()))
            ignored = np.array(self.ignore, np.int64)
            known.check_known(np.setdiff1d(counts.labels_truth, ignored).tolist(), truth.path)
            with _fault_of_found(truth):
                known.check_known(np.setdiff1d(counts.labels_found, ignored).tolist(), found.path)
        cells = counts.cells
        values: dict[str, dict[str, float]] = {}
        groups = self.named(np.union1d(counts.labels_found, counts.labels_truth).tolist())
        sides = found.values, truth.values
        if self.rules.metrics:
            values = measure_objects(*sides, counts, groups, self.rules, self.ignore)
        if self.surfaces.metrics:
            unit = truth.unit or found.unit
            more = measure_surfaces(*sides, counts, groups, self.surfaces, self.ignore, unit)
            values = {name: {**values.get(name, {}), **more[name]} for name in groups}
        return {
            "found": tuple(cells.found.tolist()), "truth": tuple(cells.truth.tolist()),
            "voxels": tuple(cells.count.tolist()), "total": counts.voxels,
            "ignored": counts.ignored, "sums": (), "values": values,
        }  # fmt: skip


def _odd_one(sides: Sequence[float]) -> int | None:
    """Return the place of the one of three numbers that is not equal to the two others."""
    if len(sides) != 3 or len(set(sides)) != 2:
        return None
    return next(k for k, side in enumerate(sides) if list(sides).count(side) == 1)


class _FoundError(ValueError):
    """Fault of the found volume of a case, whose truth is good."""

    def __init__(self, reason: str, truth: Volume) -> None:
        super().__init__(reason)
        self.truth = truth


@contextmanager
def _fault_of_found(truth: Volume) -> Iterator[None]:
    try:
        yield
    except (ValueError, OSError) as error:
        raise _FoundError(str(error), truth) from error


def _line(error: Exception) -> str:
    return " ".join(str(error).split())


def as_volume(
    source: Any,
    name: str,
    soft: bool,
    scale: float | None,
    spacing: Sequence[float] | None,
) -> Volume:
    """Read a file, or check an array as a file would be.

    Parameters
    ----------
    source : str, path-like, Volume, image of SimpleITK, ITK or nibabel, or array_like
    name : str
        Name of an array or image, for messages.
    soft, scale, spacing
        As in `overlap.io.read_volume`.
    """
    if isinstance(source, str | os.PathLike):
        return read_volume(source, soft=soft, scale=scale, spacing=spacing)
    if isinstance(source, Volume):
        if spacing is not None:
            raise ValueError(f"{name}: is a Volume, which takes no spacing=; read_volume does")
        return source
    with reading(name):
        try:
            image = image_of(source, name)
            values = as_array(source if image is None else image.values, name)
        except TypeError as error:
            raise ValueError(str(error)) from None
    array = values.view()  # that cannot be written: nothing is converted in place
    array.flags.writeable = False
    if array.dtype.kind not in "buif":
        raise ValueError(f"{name}: is an array of {array.dtype}; wanted integers or reals")
    check_axes(array, name)
    raw = RawVolume(array)
    drop_axes(raw, name)
    affine = None
    sides: tuple[float, ...] | None = None
    if image is not None:
        raw.notes += image.notes
        affine, sides = image.grid.affine, image.grid.spacing
    values = to_shares(raw, name, scale) if soft else to_labels(raw, name)
    if sides is not None and spacing is not None:
        raise ValueError(
            f"{name}: has a spacing of its own, {sides}; give none, or correct the image"
        )
    if spacing is not None:
        sides = tuple(float(side) for side in spacing)
        if len(sides) != raw.data.ndim or not all(np.isfinite(sides)) or min(sides) <= 0:
            raise ValueError(
                f"{name}: spacing is {spacing!r}; wanted {raw.data.ndim} positive numbers"
            )
    unit = None if sides is None else "mm"
    return Volume(
        values, affine, sides or (1.0,) * raw.data.ndim, unit, name, notes=tuple(raw.notes)
    )
