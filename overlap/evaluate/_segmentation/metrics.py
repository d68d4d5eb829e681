"""Metrics: records of a name, a formula, a unit and a direction.

A ratio that is a `Score` of the package is that score; nothing is defined twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from overlap._common.other_programs import METRICS as OTHER_NAMES
from overlap._kernels.terms import Groups
from overlap.io.name_match import closest
from overlap.scores import ratios
from overlap.scores.score import Score

from .counts import Counts

__all__ = ["DEFAULT_METRICS", "METRICS", "SURFACE_NAME", "Metric", "chosen_metrics"]

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Metric:
    """A metric of one label of one case.

    Attributes
    ----------
    name : str
        Name in tables and summaries.
    meaning : str
        The formula, in words or symbols: A is the found set, B the true one, V the volume.
    source : str
        Publication or program that defines it.
    better : {"higher", "lower", "zero", ""}
        Better values: ``"zero"`` for signed differences, ``""`` for sizes.
    empty : {"overlap", "distance", "relative", ""}
        Answers of an `Empty` policy that it takes; with ``""`` the formula always holds.
    unit : {"1", "length", "volume"}
        Dimension; ``"1"`` for pure numbers.
    low, high : float
        Range.
    family : {"voxels", "objects", "surfaces"}
        Things that it compares.
    formula : Score or callable, optional
        A ratio of the package, or a function of `Counts`. None for metrics that need the volumes,
        and are measured with them.
    points : {"found", "truth", ""}
        The side whose points are averaged; without points there is no mean.
    penalty : float, optional
        Value of a failed case where the worst value is infinite.
    """

    name: str
    meaning: str
    source: str
    better: Literal["higher", "lower", "zero", ""] = "higher"
    empty: Literal["overlap", "distance", "relative", ""] = "overlap"
    unit: Literal["1", "length", "volume"] = "1"
    low: float = 0.0
    high: float = 1.0
    family: Literal["voxels", "objects", "surfaces"] = "voxels"
    formula: Score | Callable[[Counts], Values] | None = None
    points: Literal["found", "truth", ""] = ""
    penalty: float | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        # formulas of counts have no names of their own
        if METRICS.get(self.name) is self:
            return _metric_named, (self.name,)
        return Metric, tuple(getattr(self, entry.name) for entry in fields(self))

    @property
    def worst(self) -> float:
        """Worst value; NaN where no direction is better."""
        if self.better == "zero":
            return max(abs(self.low), abs(self.high))
        return {"higher": self.low, "lower": self.high}.get(self.better, float("nan"))

    @property
    def best(self) -> float:
        """Best value; NaN where no direction is better."""
        if self.better == "zero":
            return 0.0
        return {"higher": self.high, "lower": self.low}.get(self.better, float("nan"))

    @property
    def any_form(self) -> bool:
        """Whether the value holds for sums of squares, whose intersection may exceed a set."""
        score = self.formula
        return isinstance(score, Score) and not any(p.component.bounded for p in score.parts)

    def unit_in(self, volume: str) -> str:
        """Return the unit of the values, given that of volumes.

        Parameters
        ----------
        volume : str
            ``"mm3"``, ``"mm2"``, ``"mm"`` or ``"voxels"``.
        """
        return {"1": "1", "volume": volume, "length": volume.rstrip("23")}[self.unit]

    def evaluate(self, counts: Counts) -> Values:
        """Return the value of the formula for every row; may be NaN or infinite.

        Parameters
        ----------
        counts : Counts
        """
        if self.formula is None:
            raise TypeError(f"{self.name} is not made of counts of voxels")
        if not len(counts):
            return np.empty(0)
        if isinstance(self.formula, Score):
            return self.formula(*counts.regions())
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.formula(counts)

    def when_failed(self, diagonal: float) -> float:
        """Return the value of a case without a usable found volume; NaN if there is none.

        Parameters
        ----------
        diagonal : float
            Length of the diagonal of the volume, the largest distance.
        """
        if not self.better or np.isfinite(self.worst):
            return self.worst
        if self.penalty is not None:
            return self.penalty
        return diagonal if self.unit == "length" else float("nan")

    def badness(self, values: Values) -> Values:
        """Return numbers that grow as values get worse.

        Parameters
        ----------
        values : ndarray

        Raises
        ------
        ValueError
            For a metric without a better direction.
        """
        if not self.better:
            raise ValueError(f"{self.name} is a size: no value of it is better than another")
        return {"higher": -values, "lower": values, "zero": np.abs(values)}[self.better]


def _recall(counts: Counts) -> Values:
    found, truth = counts.regions()
    return ratios.coverage(truth, found)


_TAHA = "Taha and Hanbury, BMC Medical Imaging 15:29 (2015)"
_ITK = "ITK LabelOverlapMeasuresImageFilter, source = found and target = truth"
_VOC = "Van Rijsbergen, Information Retrieval (1979)"
_PQ = "Kirillov et al., Panoptic Segmentation, CVPR 2019"
_NIKOLOV = "Nikolov et al., arXiv:1809.04430 (2018)"
_MAIER = "Maier-Hein et al., Metrics Reloaded, Nature Methods 21 (2024)"
_CHENG = "Cheng et al., Boundary IoU, CVPR 2021"
_INF = float("inf")


def _distance(name: str, meaning: str, points: Literal["found", "truth", ""] = "") -> Metric:
    return Metric(
        name, meaning, _MAIER, better="lower", empty="distance", unit="length", high=_INF,
        family="surfaces", points=points,
    )  # fmt: skip


_RECORDS = (
    Metric("dice", "2 |A n B| / (|A| + |B|)", "Dice, Ecology 26 (1945)", formula=ratios.dice),
    Metric("iou", "|A n B| / |A u B|", "Jaccard (1901)", formula=ratios.iou),
    Metric("precision", "|A n B| / |A|", _VOC, formula=ratios.coverage),
    Metric("recall", "|A n B| / |B|, sensitivity", _VOC, formula=_recall),
    Metric("f_score", "weighted harmonic mean of precision and recall; beta = 1 is Dice", _VOC,
           formula=ratios.f_score),
    Metric("specificity", "|V - A - B| / |V - B|", _TAHA, empty="",
           formula=lambda c: c.rest / (c.total - c.truth)),
    Metric("false_negative_error", "|B - A| / |B|, 1 - recall", _ITK, better="lower",
           formula=lambda c: c.missed / c.truth),
    Metric("false_positive_error", "|A - B| / |V - B|, 1 - specificity", _ITK, better="lower",
           empty="", formula=lambda c: c.false / (c.total - c.truth)),
    Metric("volumetric_similarity", "1 - ||A| - |B|| / (|A| + |B|)", _TAHA,
           formula=ratios.volumetric_similarity),
    Metric("volumetric_similarity_signed", "2 (|A| - |B|) / (|A| + |B|)", _ITK, better="zero",
           empty="", low=-2.0, high=2.0,
           formula=lambda c: 2.0 * (c.found - c.truth) / (c.found + c.truth)),
    Metric("volume_truth", "|B|", "", better="", empty="", unit="volume", high=_INF,
           formula=lambda c: c.truth * c.voxel),
    Metric("volume_found", "|A|", "", better="", empty="", unit="volume", high=_INF,
           formula=lambda c: c.found * c.voxel),
    Metric("volume_difference", "|A| - |B|", "", better="zero", empty="", unit="volume",
           low=-_INF, high=_INF, formula=lambda c: (c.found - c.truth) * c.voxel),
    Metric("volume_difference_abs", "||A| - |B||", "", better="lower", empty="", unit="volume",
           high=_INF, formula=lambda c: np.abs(c.found - c.truth) * c.voxel),
    Metric("relative_volume_difference", "(|A| - |B|) / |B|", "medpy ravd", better="zero",
           empty="relative", low=-1.0, high=_INF, formula=lambda c: (c.found - c.truth) / c.truth),
    Metric("relative_volume_difference_abs", "||A| - |B|| / |B|", "VOL2BRAIN", better="lower",
           empty="relative", high=_INF, formula=lambda c: np.abs(c.found - c.truth) / c.truth),
    Metric("pq", "panoptic quality of the objects: sq rq", _PQ, family="objects"),
    Metric("sq", "mean IoU of matched objects", _PQ, family="objects"),
    Metric("rq", "tp / (tp + fp / 2 + fn / 2) of the objects", _PQ, family="objects"),
    Metric("instance_precision", "tp / (tp + fp) of the objects", _PQ, family="objects"),
    Metric("instance_recall", "tp / (tp + fn) of the objects", _PQ, family="objects"),
    Metric("lesion_f1", "F1 of objects that touch one of the other side",
           "overlap.detect_lesions, rule any", family="objects"),
    Metric("lesion_dice", "lesion-wise Dice of BraTS 2023; 1 without any lesion that counts",
           "overlap.lesionwise_dice", empty="", family="objects"),
    Metric("lesion_hd95", "the same for the 95th percentile of distances; 374 mm for each missed "
           "or false lesion, 0 without any", "overlap.lesionwise_dice", better="lower", empty="",
           unit="length", high=_INF, family="objects", penalty=374.0),
    _distance("hd", "largest distance of one surface from the other (Hausdorff)"),
    _distance("hd95", "the same at the 95th percentile; hd99 at the 99th, and so on"),
    _distance("assd", "mean distance of both surfaces from the other"),
    _distance("masd", "mean of the mean distances of both directions"),
    _distance("asd_found", "mean distance of the found surface from the true one", "found"),
    _distance("asd_truth", "mean distance of the true surface from the found one", "truth"),
    Metric("nsd@2mm", "share of both surfaces within 2 mm of the other; nsd@3 in voxels if the "
           "size of voxels is not known", _NIKOLOV, family="surfaces"),
    Metric("biou", "IoU of the bands along boundaries, 2 % of the diagonal wide, in voxels",
           _CHENG, family="surfaces"),
    Metric("biou@2mm", "IoU of the bands within 2 mm of the boundary", _MAIER, family="surfaces"),
)  # fmt: skip

#: Names of metrics of surfaces: hd99.5, nsd@2mm, nsd@0.7, biou@3mm, ...
SURFACE_NAME = (
    r"(?P<kind>hd)(?P<percentile>\d+(\.\d+)?)?|(?P<plain>assd|masd|asd_found|asd_truth|biou)|"
    r"(?P<at>nsd|biou)@(?P<distance>\d+(\.\d+)?)(?P<mm>mm)?"
)

#: All metrics by name.
METRICS = {metric.name: metric for metric in _RECORDS}


def _metric_named(name: str) -> Metric:
    return METRICS[name]


_ALIASES = {"sensitivity": "recall", "jaccard": "iou", "dsc": "dice", "f1": "rq"}

#: Metrics by default.
DEFAULT_METRICS = ("dice", "iou", "precision", "recall", "volume_truth", "volume_found")


def chosen_metrics(metrics: Iterable[str | Score | Metric]) -> tuple[Metric, ...]:
    """Look metrics up.

    Parameters
    ----------
    metrics : iterable of str, Score or Metric
        Names (``sensitivity``, ``jaccard``, ``dsc`` and ``f1`` are known by their other names,
        too), or ratios such as ``ov.tversky(alpha=0.3, beta=0.7)``.

    Returns
    -------
    tuple of Metric

    Raises
    ------
    TypeError, ValueError
        A name is unknown or there twice; a score needs more than sizes and intersections.

    Examples
    --------
    >>> import overlap as ov
    >>> from overlap.evaluate._segmentation.metrics import chosen_metrics
    >>> [metric.name for metric in chosen_metrics(["dice", ov.f_score(beta=2)])]
    ['dice', 'f_score(beta=2)']
    """
    if isinstance(metrics, str):
        metrics = [name.strip() for name in metrics.split(",")]
    chosen = tuple(_metric(metric) for metric in metrics)
    names = [metric.name for metric in chosen]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"metrics: {twice!r} is there twice; keep one")
    if not chosen:
        raise ValueError(f"metrics is empty; there are {', '.join(METRICS)}")
    return chosen


def _metric(metric: str | Score | Metric) -> Metric:
    if isinstance(metric, Metric):
        return metric
    if isinstance(metric, Score):
        if metric.needs != Groups.OVERLAP:
            raise TypeError(
                f"metrics: {metric} needs more than volumes and what they share; here are ratios "
                "such as dice or tversky(alpha=0.3, beta=0.7)"
            )
        return Metric(metric.name, metric.expression, "overlap", formula=metric)
    name = _ALIASES.get(metric, metric)
    if name not in METRICS:
        return _of_surfaces(name)
    return METRICS[name]


def _of_surfaces(name: str) -> Metric:
    """Return a metric of surfaces with a percentile, tolerance or width of its own."""
    match = re.fullmatch(SURFACE_NAME, name)
    percentile = match is not None and match["percentile"]
    share = percentile and 0.0 < float(percentile) < 1.0  # hd0.95 for hd95
    if match is None or share or (percentile and float(percentile) > 100.0):
        here = OTHER_NAMES.get(name.casefold())
        hint = f", here it is {here!r}" if here else closest(name, METRICS)
        raise ValueError(f"metrics: there is no {name!r}{hint}; there are {', '.join(METRICS)}")
    if percentile:
        meaning = f"percentile {percentile} of the distances of one surface from the other"
        return replace(METRICS["hd95"], name=name, meaning=meaning)
    distance = match["distance"]
    if match["at"] == "biou" and not float(distance):
        raise ValueError(f"metrics: the band of {name!r} has no width; wanted a positive number")
    standard = METRICS[f"{match['at']}@2mm"]
    meaning = {
        "nsd": "share of both surfaces within {} of the other",
        "biou": "IoU of the bands within {} of the boundary",
    }[match["at"]]
    width = f"{distance} mm" if match["mm"] else f"{distance} of the unit of the spacing"
    return replace(standard, name=name, meaning=meaning.format(width))
