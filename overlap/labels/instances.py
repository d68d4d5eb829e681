"""Instances in label volumes: matches of found and true ones, and panoptic quality."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from overlap._common.numbers import checked_number
from overlap._common.values import ByValue
from overlap.labels.contingency import Contingency, checked_labels, places
from overlap.pairing.matching import greedy_pairs, optimal_pairs

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["InstanceMatches", "match_instances", "panoptic_quality"]

_COUNTS = ("tp", "fp", "fn", "iou_sum")


@dataclass(frozen=True, eq=False)
class InstanceMatches(ByValue):
    """Pairs of found and true instances, and the rest; every number comes from them.

    Attributes
    ----------
    found, truth : ndarray of int64, shape (K,)
        Labels of the matched pairs, in ascending order of `found`.
    iou : ndarray of float64, shape (K,)
        Their IoU; voxels where the truth is void are not part of the union.
    shared : ndarray of int64, shape (K,)
        Voxels that they share.
    unmatched_found, unmatched_truth : ndarray of int64
        The others: false positives and misses.
    ignored_found : ndarray of int64
        Found instances that lie mostly in void or crowd: neither right nor wrong.
    counts : Contingency
        What was matched.
    classes : pair of mappings, or None
        Class of every found and of every true instance.
    settings : dict
        Rules: threshold, comparison, method, void and crowd labels.
    """

    found: NDArray[np.int64]
    truth: NDArray[np.int64]
    iou: NDArray[np.float64]
    shared: NDArray[np.int64]
    unmatched_found: NDArray[np.int64]
    unmatched_truth: NDArray[np.int64]
    ignored_found: NDArray[np.int64]
    counts: Contingency
    classes: tuple[Mapping[int, Any], Mapping[int, Any]] | None
    settings: dict[str, Any]

    def __repr__(self) -> str:
        return f"<InstanceMatches: tp {self.tp}, fp {self.fp}, fn {self.fn}, pq {self.pq:.4f}>"

    def __len__(self) -> int:
        return len(self.found)

    @property
    def tp(self) -> int:
        """Matched pairs."""
        return len(self.found)

    @property
    def fp(self) -> int:
        """Unmatched found instances, without the ignored ones."""
        return len(self.unmatched_found)

    @property
    def fn(self) -> int:
        """Unmatched true instances."""
        return len(self.unmatched_truth)

    @property
    def precision(self) -> float:
        """``tp / (tp + fp)``; NaN without instances on either side, 0 if only one has any."""
        return _ratio(self.tp, self.tp + self.fp, self.fn)

    @property
    def recall(self) -> float:
        """``tp / (tp + fn)``; NaN without instances on either side, 0 if only one has any."""
        return _ratio(self.tp, self.tp + self.fn, self.fp)

    @property
    def f1(self) -> float:
        """``tp / (tp + fp / 2 + fn / 2)`` over all classes."""
        return _ratio(self.tp, self.tp + 0.5 * (self.fp + self.fn), 0)

    @property
    def sq(self) -> float:
        """Segmentation quality: mean IoU of matched pairs; mean over classes."""
        return self._mean("sq")

    @property
    def rq(self) -> float:
        """Recognition quality: ``tp / (tp + fp / 2 + fn / 2)``; mean over classes."""
        return self._mean("rq")

    @property
    def pq(self) -> float:
        """Panoptic quality: ``sq * rq`` of each class; mean over classes."""
        return self._mean("pq")

    def _mean(self, name: str) -> float:
        quality = self.by_class[name]
        return float(quality.mean()) if len(quality) else float("nan")  # the mean skips NaN

    @cached_property
    def by_class(self) -> pd.DataFrame:
        """Counts and qualities per class; NaN for a class that has no instance."""
        return panoptic_quality([self])

    @cached_property
    def summary(self) -> pd.Series:
        """All numbers by name (pandas Series, float64)."""
        import pandas as pd

        names = ("tp", "fp", "fn", "precision", "recall", "f1", "sq", "rq", "pq")
        return pd.Series({name: float(getattr(self, name)) for name in names})

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row per matched pair, then per instance that is left.

        Columns: found and truth (labels, NA where there is none), class, outcome
        ("matched", "unmatched" or "ignored"), iou, dice, volume_found, volume_truth and
        relative_difference, ``(volume_found - volume_truth) / volume_truth``. Volumes are in
        physical units; dice and volumes do not know of void.
        """
        import pandas as pd

        left = [*self.unmatched_found.tolist(), *self.ignored_found.tolist()]
        found = [*self.found.tolist(), *left, *[None] * self.fn]
        truth = [*self.truth.tolist(), *[None] * len(left), *self.unmatched_truth.tolist()]
        table = pd.DataFrame(
            {"found": pd.array(found, dtype="Int64"), "truth": pd.array(truth, dtype="Int64")}
        )
        outcomes = ("matched", "unmatched", "ignored", "unmatched")
        sizes = (self.tp, self.fp, len(self.ignored_found), self.fn)
        if self.classes is not None:
            of_found, of_truth = self.classes
            table["class"] = [
                of_truth[b] if a is None else of_found[a] for a, b in zip(found, truth, strict=True)
            ]
        table["outcome"] = np.repeat(outcomes, sizes)
        rest = np.full(len(table) - self.tp, np.nan)
        volume = float(np.prod(self.counts.spacing))
        for side in ("found", "truth"):
            total = self.counts.cells.side(side)
            known = dict(zip(total.found.tolist(), (total.count * volume).tolist(), strict=True))
            labels = found if side == "found" else truth
            table[f"volume_{side}"] = [known.get(label, np.nan) for label in labels]
        both = (table["volume_found"] + table["volume_truth"]).to_numpy()[: self.tp]
        table["iou"] = np.append(self.iou, rest)
        table["dice"] = np.append(2.0 * volume * self.shared / both, rest)
        difference = table["volume_found"] - table["volume_truth"]
        table["relative_difference"] = difference / table["volume_truth"]
        return table


def _ratio(part: float, whole: float, other: float) -> float:
    if whole > 0.0:
        return part / whole
    return 0.0 if other else float("nan")


def panoptic_quality(parts: Iterable[InstanceMatches]) -> pd.DataFrame:
    """Sum the matches of images by class, and give the qualities of every class.

    Parameters
    ----------
    parts : iterable of InstanceMatches
        One per image or volume.

    Returns
    -------
    pandas.DataFrame
        One row per class with tp, fp, fn, iou_sum, ``sq = iou_sum / tp``,
        ``rq = tp / (tp + fp / 2 + fn / 2)`` and ``pq = sq * rq``. All three are 0 for a class
        without a match, and NaN for one without instances, which so is in no mean
        (``.mean()`` of a column is the mean over classes).

    Notes
    -----
    Kirillov et al., Panoptic Segmentation, CVPR 2019.
    """
    import pandas as pd

    rows: dict[Any, list[float]] = defaultdict(lambda: [0, 0, 0, 0.0])
    for part in parts:
        if part.classes is None:
            numbers = part.tp, part.fp, part.fn, float(part.iou.sum())
            rows["all"] = [a + b for a, b in zip(rows["all"], numbers, strict=True)]
            continue
        of_found, of_truth = part.classes
        for name in (*of_found.values(), *of_truth.values()):
            rows[name]  # classes without an instance have a row as well
        for label, iou in zip(part.found.tolist(), part.iou.tolist(), strict=True):
            row = rows[of_found[label]]
            row[0] += 1
            row[3] += iou
        for label in part.unmatched_found.tolist():
            rows[of_found[label]][1] += 1
        for label in part.unmatched_truth.tolist():
            rows[of_truth[label]][2] += 1
    index = pd.Index(sorted(rows, key=lambda name: (str(type(name)), name)), name="class")
    table = pd.DataFrame([rows[name] for name in index], index=index, columns=list(_COUNTS))
    tp, fp, fn, total = (table[name].to_numpy() for name in _COUNTS)
    there = tp + fp + fn > 0
    table["sq"] = np.where(there, total / np.maximum(tp, 1.0), np.nan)
    table["rq"] = np.where(there, tp / np.maximum(tp + 0.5 * (fp + fn), 0.5), np.nan)
    table["pq"] = table["sq"] * table["rq"]
    return table.astype(dict.fromkeys(_COUNTS[:3], "int64"))


def match_instances(
    counts: Contingency,
    *,
    at_least: float = 0.5,
    strict: bool = True,
    method: Literal["greedy", "optimal"] = "greedy",
    void: int | Sequence[int] = (),
    crowd: int | Sequence[int] = (),
    classes: tuple[Mapping[int, Any], Mapping[int, Any]] | None = None,
) -> InstanceMatches:
    """Match the labels of two volumes as instances, each at most once, by their IoU.

    Above an IoU of 0.5 no instance has two partners, and both methods give the same. Below,
    ``"greedy"`` takes pairs in order of descending IoU (ties in order of the found, then of
    the true label), and ``"optimal"`` maximizes the sum of the IoUs. For matching by other
    scores see `overlap.match` with `Contingency.regions`.

    Parameters
    ----------
    counts : Contingency
        Of two volumes in which every label but 0 is one instance.
    at_least : float
        Threshold of the IoU.
    strict : bool
        Only pairs with an IoU > `at_least` match; otherwise >=.
    method : {"greedy", "optimal"}
    void : int or sequence of int
        True labels that say nothing, such as COCO's 0. Their voxels leave the union, and an
        unmatched found instance with more than half of its voxels in void or crowd is not
        counted.
    crowd : int or sequence of int
        True labels of crowds: they match nothing and are not missed.
    classes : pair of mappings, optional
        Class of every found label, and of every true one that is not void. Only equal classes
        match; crowds count for instances of their class.

    Returns
    -------
    InstanceMatches

    Raises
    ------
    ValueError
        For a label without a class, and a label that is void and crowd.

    Notes
    -----
    Kirillov et al., Panoptic Segmentation, CVPR 2019; void and crowd as in COCO's panoptic
    evaluation. Where a class has several crowd regions in an image, all of them count; COCO's
    program looks at the last.

    Examples
    --------
    >>> import overlap as ov
    >>> truth = [1, 1, 1, 1, 0, 2, 2, 2, 3, 0]
    >>> found = [7, 7, 7, 0, 0, 8, 8, 8, 0, 9]
    >>> matches = ov.match_instances(ov.contingency(found, truth))
    >>> matches
    <InstanceMatches: tp 2, fp 1, fn 1, pq 0.5833>
    >>> matches.found, matches.truth, matches.iou
    (array([7, 8]), array([1, 2]), array([0.75, 1.  ]))
    """
    if not isinstance(counts, Contingency):
        raise TypeError(
            f"counts: expected a Contingency, got {type(counts).__name__}; count the volumes "
            "with overlap.contingency(found, truth)"
        )
    at_least = checked_number(at_least, "at_least")
    if at_least > 1.0:
        raise ValueError(
            f"at_least = {at_least:g}, and no IoU is above 1; write a percentage as 0.5"
        )
    if method not in ("greedy", "optimal"):
        raise ValueError(f"method = {method!r}; expected 'greedy' or 'optimal'")
    void_labels = checked_labels(void, "void", ordered=False)
    crowd_labels = checked_labels(crowd, "crowd", ordered=False)
    if np.isin(crowd_labels, void_labels).any() or 0 in crowd_labels:
        raise ValueError(f"crowd = {crowd!r}: these are void or background; a crowd has a label")
    cells = counts.cells
    found, truth = counts.labels_found, counts.labels_truth
    truth = truth[~np.isin(truth, [*void_labels, *crowd_labels])]
    size_found, size_truth = (
        total.count[places(total.found, labels)]
        for total, labels in ((cells.side("found"), found), (cells.side("truth"), truth))
    )
    crowd_labels = np.intersect1d(crowd_labels, counts.labels_truth)
    named = np.union1d(truth, crowd_labels)
    code_found, code_named = _codes(classes, found, named)
    code_truth = code_named[places(named, truth)]

    i, j = places(found, cells.found), places(truth, cells.truth)
    void_found = _summed(i, cells.count, np.isin(cells.truth, void_labels), len(found))
    in_crowd = np.isin(cells.truth, crowd_labels) & (i >= 0)
    at = places(named, cells.truth[in_crowd])
    in_crowd[in_crowd] = code_found[i[in_crowd]] == code_named[at]
    crowd_found = _summed(i, cells.count, in_crowd, len(found))

    both = (i >= 0) & (j >= 0)
    both[both] = code_found[i[both]] == code_truth[j[both]]
    i, j, shared = i[both], j[both], cells.count[both]
    value = shared / (size_found[i] + size_truth[j] - shared - void_found[i])
    reach = value > at_least if strict else value >= at_least
    i, j, shared, value = i[reach], j[reach], shared[reach], value[reach]
    if method == "greedy":
        taken = greedy_pairs(i, j, value, i, True)
    else:
        taken = optimal_pairs(i, j, value, len(found), len(truth))
    taken = taken[np.argsort(i[taken])]
    i, j, shared, value = i[taken], j[taken], shared[taken], value[taken]

    free_found, free_truth = np.ones(len(found), np.bool_), np.ones(len(truth), np.bool_)
    free_found[i], free_truth[j] = False, False
    ignored = free_found & (2 * (void_found + crowd_found) > size_found)
    return InstanceMatches(
        found[i],
        truth[j],
        value,
        shared,
        found[free_found & ~ignored],
        truth[free_truth],
        found[ignored],
        counts,
        classes,
        {
            "at_least": at_least, "strict": bool(strict), "method": method,
            "void": void_labels.tolist(), "crowd": crowd_labels.tolist(),
        },
    )  # fmt: skip


def _summed(
    i: NDArray[np.int64], count: NDArray[np.int64], where: NDArray[np.bool_], size: int
) -> NDArray[np.int64]:
    """Return the voxels of every found label over some of the cells."""
    where = where & (i >= 0)
    result = np.zeros(size, np.int64)
    np.add.at(result, i[where], count[where])
    return result


def _codes(
    classes: tuple[Mapping[int, Any], Mapping[int, Any]] | None,
    found: NDArray[np.int64],
    truth: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return a number per class of every label of both sides."""
    if classes is None:
        return np.zeros(len(found), np.int64), np.zeros(len(truth), np.int64)
    if not (isinstance(classes, tuple) and len(classes) == 2):
        raise TypeError("classes: expected a pair of mappings from label to class, found first")
    numbers: dict[Any, int] = {}
    codes = []
    for labels, mapping, side in ((found, classes[0], "found"), (truth, classes[1], "truth")):
        for label in labels.tolist():
            if label not in mapping:
                raise ValueError(f"classes: {side} label {label} has no class; add it")
        codes.append(
            np.array(
                [numbers.setdefault(mapping[label], len(numbers)) for label in labels.tolist()],
                np.int64,
            )
        )
    return codes[0], codes[1]
