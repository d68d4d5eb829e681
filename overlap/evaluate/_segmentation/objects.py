"""Objects: connected components, or labels that are instances, matched inside one case."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from overlap.labels.components import connected_components, neighborhood
from overlap.labels.contingency import Contingency, contingency
from overlap.labels.instances import match_instances
from overlap.labels.lesions import BRATS_2023, detect_lesions, lesionwise_dice
from overlap.labels.surfaces import surface_distances

__all__ = ["COUNTED", "LESIONWISE", "ObjectRules", "measure_objects", "window_of"]

Mask = NDArray[np.bool_]

#: Metrics by the rules of a challenge.
LESIONWISE = ("lesion_dice", "lesion_hd95")
#: Names of the lesions that count: true ones, and found ones that are real or false.
COUNTED = ("lesions_truth", "lesions_found")

_MARGIN = 5  # voxels around the labels that are looked at: more than any dilation of a challenge


@dataclass(frozen=True)
class ObjectRules:
    """Rules for the objects of a label, and for matching them.

    Attributes
    ----------
    objects : {"components", "labels"}
        Connected components of a label's voxels, or the labels themselves.
    metrics : tuple of str
        Names of metrics.
    connectivity : int, optional
        Neighbours of a voxel; by default the largest number.
    at_least : float
        Objects match above this IoU.
    challenge : str
        Rules of ``lesion_dice`` and ``lesion_hd95``; see `overlap.lesionwise_dice`.
    """

    objects: Literal["components", "labels"] = "components"
    metrics: tuple[str, ...] = ()
    connectivity: int | None = None
    at_least: float = 0.5
    challenge: Literal["GLI", "SSA", "PED", "MEN", "MET"] = "GLI"

    def __post_init__(self) -> None:
        if self.objects not in ("components", "labels"):
            raise ValueError(f"instances = {self.objects!r}; wanted 'components' or 'labels'")
        if self.challenge not in BRATS_2023:
            raise ValueError(
                f"challenge = {self.challenge!r}; wanted one of {', '.join(BRATS_2023)}"
            )
        if not 0.0 <= self.at_least < 1.0:
            raise ValueError(f"at_least = {self.at_least!r}; wanted a number in [0, 1)")
        lesions = self.lesionwise()
        if self.objects == "labels" and lesions:
            raise ValueError(
                f"metrics: {lesions[0]} is of components; leave instances='labels' out"
            )

    def lesionwise(self) -> list[str]:
        """Return the names of metrics by the rules of a challenge."""
        return [name for name in self.metrics if name in LESIONWISE]

    def check_axes(self, axes: int) -> None:
        """Refuse a connectivity, or a metric, that volumes of so many axes do not have."""
        if self.objects == "components":
            neighborhood(axes, self.connectivity)
        lesions = self.lesionwise()
        if lesions and axes != 3:
            raise ValueError(f"{lesions[0]} is of volumes with 3 axes, not {axes}")

    def settings(self) -> dict[str, Any]:
        """Return the rules as plain data."""
        return asdict(self)


def measure_objects(
    found: NDArray[Any],
    truth: NDArray[Any],
    counts: Contingency,
    groups: Mapping[str, Sequence[int]],
    rules: ObjectRules,
    ignore: Sequence[int],
) -> dict[str, dict[str, float]]:
    """Match the objects of every group of labels.

    Parameters
    ----------
    found, truth : ndarray of integers
        Label volumes.
    counts : Contingency
        Of these, without the ignored voxels.
    groups : mapping from str to sequence of int
        Names and labels.
    rules : ObjectRules
    ignore : sequence of int
        True labels whose voxels do not count.

    Returns
    -------
    dict
        Values by metric, by group; with metrics of a challenge also the lesions that it counts,
        under the names `COUNTED`.
    """
    rules.check_axes(truth.ndim)
    result = {}
    for name, members in groups.items():
        if rules.objects == "labels":
            cells = counts.cells
            own = (np.where(np.isin(x, members), x, 0) for x in (cells.found, cells.truth))
            part = Contingency(cells.relabeled(*own), counts.spacing, counts.origin, counts.unit)
            result[name] = _qualities(part, rules)
            continue
        window = window_of(counts, members, truth.shape, _MARGIN)
        void = np.isin(truth[window], ignore) if ignore else None
        pieces = [
            _pieces(volume[window], members, void, rules.connectivity) for volume in (found, truth)
        ]
        part = contingency(*pieces, spacing=counts.spacing)
        result[name] = _qualities(part, rules)
        lesions = rules.lesionwise()
        if lesions:
            masks = [piece != 0 for piece in pieces]
            scores = lesionwise_dice(
                *masks, spacing=counts.spacing, challenge=rules.challenge,
                hd95=_robust_hd(counts.spacing) if "lesion_hd95" in lesions else None,
            )  # fmt: skip
            lesion_counts = dict(
                zip(COUNTED, (scores.tp + scores.fn, scores.tp + scores.fp), strict=True)
            )
            values = {"lesion_dice": scores.dice, "lesion_hd95": scores.hd95}
            result[name].update({key: values[key] for key in lesions})
            result[name].update(lesion_counts)
    return result


def _robust_hd(spacing: tuple[float, ...]) -> Callable[[Mask, Mask], float]:
    """Return the distance that the challenge takes: that of the program surface-distance."""

    def hd95(found: Mask, truth: Mask) -> float:
        distances = surface_distances(
            found, truth, spacing=spacing, labels=[1], preset="surface-distance"
        )
        return distances[1].hd95

    return hd95


def _pieces(
    volume: NDArray[Any],
    members: Sequence[int],
    void: NDArray[np.bool_] | None,
    connectivity: int | None,
) -> NDArray[Any]:
    """Return the components of some labels, in as few bytes as hold their numbers."""
    mask = np.isin(volume, members)
    if void is not None:
        mask &= ~void
    pieces = connected_components(mask, connectivity=connectivity)
    return pieces.astype(np.min_scalar_type(int(pieces.max(initial=0))))


def _qualities(counts: Contingency, rules: ObjectRules) -> dict[str, float]:
    matches = match_instances(counts, at_least=rules.at_least)
    values = {
        "pq": matches.pq,
        "sq": matches.sq,
        "rq": matches.rq,
        "instance_precision": matches.precision,
        "instance_recall": matches.recall,
    }
    if "lesion_f1" in rules.metrics:
        values["lesion_f1"] = detect_lesions(counts).f1
    return {name: float(value) for name, value in values.items() if name in rules.metrics}


def window_of(
    counts: Contingency, members: Sequence[int], shape: tuple[int, ...], margin: int = 0
) -> tuple[slice, ...]:
    """Return the box around labels of both sides; one voxel if there are none.

    Parameters
    ----------
    counts : Contingency
    members : sequence of int
        Labels.
    shape : tuple of int
        Of the volume.
    margin : int
        Voxels around them.
    """
    cells = counts.cells
    inside = np.isin(cells.found, members) | np.isin(cells.truth, members)
    if not inside.any():
        return (slice(0, 1),) * len(shape)
    lower = np.maximum(cells.lower[inside].min(axis=0) - margin, 0)
    upper = np.minimum(cells.upper[inside].max(axis=0) + margin, shape)
    return tuple(slice(int(a), int(b)) for a, b in zip(lower, upper, strict=True))
