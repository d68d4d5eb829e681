"""Detection of lesions, and the lesion-wise Dice of the BraTS challenges."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from overlap._common.decimals import above
from overlap._common.label_arrays import read_label_pair
from overlap._common.numbers import checked_number
from overlap._common.values import ByValue
from overlap.labels.components import connected_components, neighborhood
from overlap.labels.contingency import Contingency, contingency, places
from overlap.labels.instances import match_instances

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

__all__ = ["BRATS_2023", "LesionDetection", "LesionwiseScores", "detect_lesions", "lesionwise_dice"]

_PENALTY = 374.0  # millimeters, of a missed or false lesion

#: Iterations of the dilation and smallest counted volume (mm^3) of each BraTS-2023 challenge.
BRATS_2023: dict[str, tuple[int, float]] = {
    "GLI": (3, 50.0),
    "SSA": (3, 50.0),
    "PED": (3, 50.0),
    "MEN": (1, 50.0),
    "MET": (1, 2.0),
}


@dataclass(frozen=True, eq=False)
class LesionDetection(ByValue):
    """Detected and missed true lesions, and real and false found ones.

    Attributes
    ----------
    detected, missed : ndarray of int64
        Labels of true lesions.
    real, false : ndarray of int64
        Labels of found lesions.
    """

    detected: NDArray[np.int64]
    missed: NDArray[np.int64]
    real: NDArray[np.int64]
    false: NDArray[np.int64]

    @property
    def sensitivity(self) -> float:
        """Share of the true lesions that were detected; NaN without any."""
        return _share(len(self.detected), len(self.missed))

    @property
    def precision(self) -> float:
        """Share of the found lesions that are real; NaN without any."""
        return _share(len(self.real), len(self.false))

    @property
    def f1(self) -> float:
        """Harmonic mean of both; NaN without lesions on either side, 0 if only one has any."""
        parts = [x for x in (self.sensitivity, self.precision) if not math.isnan(x)]
        if len(parts) < 2:
            return 0.0 if parts else math.nan
        return 2.0 * parts[0] * parts[1] / sum(parts) if sum(parts) > 0.0 else 0.0


def _share(part: int, rest: int) -> float:
    return part / (part + rest) if part + rest else math.nan


def detect_lesions(
    counts: Contingency,
    *,
    rule: Literal["any", "coverage", "iou"] = "any",
    at_least: float | None = None,
) -> LesionDetection:
    """Say which lesions were detected. There is no common rule; this one is named.

    Parameters
    ----------
    counts : Contingency
        Of two volumes in which every label but 0 is one lesion (`connected_components`).
    rule : {"any", "coverage", "iou"}
        ``"any"``: a true lesion is detected by a single voxel of any found one, and a found
        lesion is real if it has a voxel of any true one. ``"coverage"``: at least this share of
        the lesion must lie in the lesions of the other side, taken together. ``"iou"``: pairs of
        one and one with an IoU above the threshold, as in `match_instances`.
    at_least : float, optional
        Share for ``"coverage"`` (default 0.1) or IoU (default 0.5); ``"any"`` has none.

    Returns
    -------
    LesionDetection

    Examples
    --------
    >>> import overlap as ov
    >>> counts = ov.contingency([1, 1, 0, 2, 0, 3], [1, 0, 0, 2, 2, 0])
    >>> found = ov.detect_lesions(counts)
    >>> found.sensitivity, round(found.precision, 3), found.f1
    (1.0, 0.667, 0.8)
    >>> ov.detect_lesions(counts, rule="iou").detected
    array([], dtype=int64)
    """
    if rule not in ("any", "coverage", "iou"):
        raise ValueError(f"rule = {rule!r}; expected 'any', 'coverage' or 'iou'")
    if rule == "any" and at_least is not None:
        raise ValueError(f"at_least = {at_least!r}: rule 'any' has no threshold; leave it out")
    if rule == "iou":
        pairs = match_instances(counts, at_least=0.5 if at_least is None else at_least)
        return LesionDetection(
            np.sort(pairs.truth), pairs.unmatched_truth, pairs.found, pairs.unmatched_found
        )
    least = checked_number(0.1 if at_least is None else at_least, "at_least")
    if least > 1.0:
        raise ValueError(
            f"at_least = {least:g}, and no share is above 1; write a percentage as 0.5"
        )
    cells = counts.cells
    both = (cells.found != 0) & (cells.truth != 0)
    sides = []
    for side, labels in (("truth", counts.labels_truth), ("found", counts.labels_found)):
        total = cells.side(side)
        size = total.count[places(total.found, labels)]
        shared = np.zeros(len(labels), np.int64)
        np.add.at(shared, places(labels, getattr(cells, side)[both]), cells.count[both])
        # the quotient is the rounded share, as the threshold is: 7 of 100 voxels reach 0.07
        hit = shared > 0 if rule == "any" else (shared > 0) & (shared / size >= least)
        sides += [labels[hit], labels[~hit]]
    return LesionDetection(*sides)


@dataclass(frozen=True, eq=False)
class LesionwiseScores(ByValue):
    """Lesion-wise scores of one region of one case, as BraTS-2023 has them.

    Attributes
    ----------
    dice : float
        Sum of the Dice of counted true lesions over their number plus that of false ones.
    hd95 : float
        The same for the distance in millimeters, 374 for each missed or false lesion; NaN if
        no distance was asked for.
    tp, fn : int
        Counted true lesions that were detected and missed.
    fp : int
        Found lesions that touch no dilated true one.
    lesions : DataFrame
        One row per true lesion: volume, found (labels of the found components), dice, hd95 and
        counted (whether its volume is above the threshold).
    """

    dice: float
    hd95: float
    tp: int
    fp: int
    fn: int
    lesions: pd.DataFrame


def lesionwise_dice(
    found: ArrayLike,
    truth: ArrayLike,
    *,
    spacing: Sequence[float] | None = None,
    challenge: Literal["GLI", "SSA", "PED", "MEN", "MET"] = "GLI",
    dilation: int | None = None,
    smallest: float | None = None,
    hd95: Callable[[NDArray[np.bool_], NDArray[np.bool_]], float] | None = None,
) -> LesionwiseScores:
    """Lesion-wise Dice of one region, by the rules of the BraTS-2023 challenges.

    The truth is dilated (edges and faces, `dilation` times), and true components whose dilations
    are connected are one lesion. All found components that touch the dilated lesion are
    compared with the lesion together. Lesions of at most `smallest` mm^3 are left out, found or
    not; a found component that touches no dilated lesion is false. Components have 26
    neighbors.

    Parameters
    ----------
    found, truth : array_like of bool, shape (X, Y, Z), or image
        One region: whole tumour, tumour core or enhancing tumour. Images of SimpleITK, ITK and
        nibabel, and `overlap.io.Volume`, are read with x first and with their spacing.
    spacing : sequence of float, optional
        Side of a voxel per axis of arrays in millimeters; 1 where not given.
    challenge : {"GLI", "SSA", "PED", "MEN", "MET"}
        Chooses `dilation` and `smallest` (see `BRATS_2023`).
    dilation : int, optional
        Iterations, instead of the challenge's.
    smallest : float, optional
        Volume in mm^3, instead of the challenge's.
    hd95 : callable, optional
        ``hd95(found, truth)`` of two masks, in millimeters; called once per counted lesion that
        was detected.

    Returns
    -------
    LesionwiseScores
        With no counted and no false lesion the Dice is 1 and the distance 0, as in the challenge.

    Notes
    -----
    The rules are those of https://github.com/rachitsaluja/BraTS-2023-Metrics.

    Examples
    --------
    >>> import numpy as np
    >>> import overlap as ov
    >>> truth, found = np.zeros((2, 40, 20, 20), bool)
    >>> truth[2:8, 2:8, 2:8] = found[2:8, 2:8, 2:5] = True
    >>> found[30:33, 5:9, 5:9] = True
    >>> scores = ov.lesionwise_dice(found, truth)
    >>> round(scores.dice, 4), scores.tp, scores.fp
    (0.3333, 1, 1)
    """
    from scipy.ndimage import binary_dilation

    if challenge not in BRATS_2023:
        raise ValueError(f"challenge = {challenge!r}; expected one of {', '.join(BRATS_2023)}")
    rounds, volume = BRATS_2023[challenge]
    rounds = rounds if dilation is None else dilation
    volume = volume if smallest is None else checked_number(smallest, "smallest")
    if not (isinstance(rounds, (int, np.integer)) and rounds >= 0):
        raise ValueError(f"dilation = {dilation!r}; expected a whole number >= 0")
    pair = read_label_pair(found, truth, spacing)
    spacing = pair.spacing
    masks = [
        _region(values, what) for values, what in ((pair.found, "found"), (pair.truth, "truth"))
    ]
    pieces = connected_components(masks[0])
    wide = masks[1]
    if rounds and wide.any():
        wide = binary_dilation(wide, neighborhood(3, 18), iterations=int(rounds))
    zones = connected_components(wide)
    # The dilation of a lesion is its zone: zones are the components of all dilations.
    lesions = np.where(masks[1], zones, 0)
    near = contingency(pieces, zones, spacing=spacing).cells
    near = near.take((near.found != 0) & (near.truth != 0))
    counts = contingency(pieces, lesions, spacing=spacing)
    voxel = math.prod(counts.spacing)
    of_piece = dict(zip(counts.labels_found.tolist(), counts.measure_found.tolist(), strict=True))
    shared = {
        (a, b): n * voxel
        for a, b, n in zip(*(column.tolist() for column in counts.cells.columns()[:3]), strict=True)
    }
    rows: list[dict[str, Any]] = []
    for lesion, size in zip(
        counts.labels_truth.tolist(), counts.measure_truth.tolist(), strict=True
    ):
        parts = near.found[near.truth == lesion].tolist()
        both = sum(shared.get((part, lesion), 0.0) for part in parts)
        dice = 2.0 * both / (size + sum(of_piece[part] for part in parts))
        counted = bool(size > above(volume))
        distance = math.nan
        if hd95 is not None and counted:
            distance = _PENALTY
            if parts:
                distance = float(hd95(np.isin(pieces, parts), lesions == lesion))
                distance = _PENALTY if math.isinf(distance) else distance
        rows.append(
            {"volume": size, "found": parts, "dice": dice, "hd95": distance,
             "counted": counted}
        )  # fmt: skip
    false = len(set(of_piece) - set(near.found.tolist()))
    return _summary(rows, false, hd95 is not None)


def _summary(rows: list[dict[str, Any]], false: int, distances: bool) -> LesionwiseScores:
    import pandas as pd

    counted = [row for row in rows if row["counted"]]
    number = len(counted) + false
    dice = sum(row["dice"] for row in counted) / number if number else 1.0
    hd95 = math.nan
    if distances:
        total = sum(row["hd95"] for row in counted) + _PENALTY * false
        hd95 = total / number if number else 0.0
    tp = sum(bool(row["found"]) for row in counted)
    names = ("volume", "found", "dice", "hd95", "counted")
    table = pd.DataFrame(rows, columns=list(names))
    return LesionwiseScores(dice, hd95, tp, false, len(counted) - tp, table)


def _region(labels: NDArray[Any], what: str) -> NDArray[np.bool_]:
    if labels.ndim != 3:
        raise ValueError(f"{what}: expected a mask with 3 axes, got shape {labels.shape}")
    if labels.dtype.kind != "b" and labels.size and not np.isin(np.unique(labels), (0, 1)).all():
        raise ValueError(
            f"{what}: expected one region (a mask of 0 and 1), got labels from {labels.min()} to "
            f"{labels.max()}; "
            "choose it first, for example np.isin(labels, (1, 3))"
        )
    return labels.astype(np.bool_)
