"""Assignment of anchors to true regions, for training a detector."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from overlap._common.numbers import as_numbers, checked_number
from overlap._common.values import ByValue
from overlap.regions.base import Regions, check_pair
from overlap.scores.groups import checked_groups
from overlap.scores.ratios import coverage, iou
from overlap.scores.score import Score, check_score
from overlap.scores.sparse import reaching

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray


__all__ = ["Assignment", "assign", "best_of", "useful_pairs", "without_pairs", "zero_apart"]

_PAIRS = 1 << 20  # scores of a block of all pairs


@dataclass(frozen=True, eq=False)
class Assignment(ByValue):
    """Labels of anchors for training: object, background or ignored.

    Attributes
    ----------
    label : ndarray of int8, shape (N,)
        1 for a positive anchor (an object), 0 for a negative one (background), -1 for one
        that takes no part.
    truth : ndarray of int64, shape (N,)
        Position of the true region of a positive anchor, -1 for the others.
    score : ndarray of float64, shape (N,)
        Score of a positive anchor with its true region; of the others, with the best one.
        NaN where there is nothing to compare with.
    truths : int
        Number M of true regions.
    """

    label: NDArray[np.int8]
    truth: NDArray[np.int64]
    score: NDArray[np.float64]
    truths: int

    def __len__(self) -> int:
        return len(self.label)

    def to_frame(self) -> pd.DataFrame:
        """Return a DataFrame, a row per anchor: ``label``, ``truth`` and ``score``."""
        import pandas as pd

        return pd.DataFrame({"label": self.label, "truth": self.truth, "score": self.score})

    @property
    def positive(self) -> NDArray[np.int64]:
        """Positions of the positive anchors, ascending."""
        return np.flatnonzero(self.label == 1)

    @property
    def negative(self) -> NDArray[np.int64]:
        """Positions of the negative anchors, ascending."""
        return np.flatnonzero(self.label == 0)

    @property
    def ignored(self) -> NDArray[np.int64]:
        """Positions of the anchors that take no part, ascending."""
        return np.flatnonzero(self.label == -1)

    @property
    def counts(self) -> dict[str, int]:
        """How many anchors are positive, negative and ignored."""
        return {
            "positive": int((self.label == 1).sum()),
            "negative": int((self.label == 0).sum()),
            "ignored": int((self.label == -1).sum()),
        }

    @property
    def anchors_per_truth(self) -> NDArray[np.int64]:
        """Number of positive anchors of every true region, shape (M,)."""
        return np.bincount(self.truth[self.positive], minlength=self.truths)

    @property
    def missed(self) -> NDArray[np.int64]:
        """Positions of the true regions without a positive anchor, ascending."""
        return np.flatnonzero(self.anchors_per_truth == 0)

    def sampled(
        self, count: int, *, positive_fraction: float = 0.5, rng: np.random.Generator | int
    ) -> Assignment:
        """Return the assignment with a random part of the anchors, the rest ignored.

        Parameters
        ----------
        count : int
            How many anchors stay, where there are as many.
        positive_fraction : float
            At most this part of `count` is positive; negative anchors fill up the rest
            (Faster R-CNN: 256 with a half, 512 with a quarter).
        rng : numpy.random.Generator or int
            Source of chance, or its seed.

        Examples
        --------
        >>> import overlap as ov
        >>> anchors = ov.Intervals([[k, k + 2.0] for k in range(20)])
        >>> all_of_them = ov.assign(anchors, ov.Intervals([[3.0, 5.0]]))
        >>> all_of_them.counts
        {'positive': 1, 'negative': 19, 'ignored': 0}
        >>> all_of_them.sampled(4, rng=0).counts
        {'positive': 1, 'negative': 3, 'ignored': 16}
        """
        if count < 0:
            raise ValueError(f"sampled: count = {count}; expected a number of anchors >= 0")
        if not 0.0 <= positive_fraction <= 1.0:
            raise ValueError(f"sampled: positive_fraction = {positive_fraction!r} is not in [0, 1]")
        rng = np.random.default_rng(rng)
        positive, negative = self.positive, self.negative
        keep = min(len(positive), int(count * positive_fraction))
        chosen = rng.choice(positive, keep, replace=False)
        rest = rng.choice(negative, min(len(negative), count - keep), replace=False)
        label, truth = np.full(len(self), -1, np.int8), np.full(len(self), -1, np.int64)
        label[chosen], label[rest] = 1, 0
        truth[chosen] = self.truth[chosen]
        return replace(self, label=label, truth=truth)


def assign(
    anchors: Regions,
    truth: Regions,
    *,
    positive: float = 0.7,
    negative: float | tuple[float, float] = 0.4,
    score: Score = iou,
    low_quality: Literal["anchor", "truth"] | None = None,
    low_quality_at_least: float | None = None,
    groups: tuple[ArrayLike, ArrayLike] | None = None,
    ignore: Regions | None = None,
    ignore_at_least: float = 0.5,
    ignore_score: Score = coverage,
    ignore_groups: ArrayLike | None = None,
) -> Assignment:
    """Say which anchors are positive, negative, or take no part in training.

    An anchor belongs to the true region with which its score is highest, the first of
    equals. It is positive where that score reaches `positive`, negative where it is below
    `negative`, and ignored in between. Unlike in `match`, a true region can have any number
    of anchors.

    Parameters
    ----------
    anchors, truth : Regions
        N and M regions of the same kind.
    positive : float
        Anchors with a score >= `positive` are positive.
    negative : float or pair of float
        Anchors with a score < `negative` are negative. Of a pair, those in between: from the
        first (included) to the second, as Fast R-CNN's ``(0.1, 0.5)``; those below it are
        ignored.
    score : Score
        Called as ``score(anchors, truth)``. Pairs whose score is NaN do not count.
    low_quality : {"anchor", "truth"}, optional
        Make the best anchors of every true region positive, all of equals, whatever their
        score (rule (i) of Faster R-CNN, 1506.01497). With ``"anchor"`` such an anchor keeps
        its own best true region, which may be another one (torchvision, detectron2); with
        ``"truth"`` it goes to the one whose best it is (mmdetection), the one with the
        highest score where there are several.
    low_quality_at_least : float, optional
        The best anchors must reach this score. By default they must intersect the true
        region where regions that do not intersect score 0 (all ratios), and other scores,
        such as `giou`, have no bound.
    groups : pair of array_like, shapes (N,) and (M,), optional
        Labels such as the image, of several columns as in `Score.pairs`; anchors are compared with
        true regions of their own.
    ignore : Regions, optional
        K regions in which nothing is known, such as crowds: negative anchors of which a part
        of `ignore_at_least` lies in one of them are ignored. Positive ones stay.
    ignore_at_least : float
        Threshold of `ignore_score`, > 0.
    ignore_score : Score
        Called as ``ignore_score(anchors, ignore)``; a ratio.
    ignore_groups : array_like, shape (K,), optional
        The labels of `ignore`, where there are `groups`.

    Returns
    -------
    Assignment
        Label, true region and score of every anchor.

    Raises
    ------
    ValueError
        For thresholds that are not finite or not in order, labels of other lengths, and
        groups of `ignore` that are missing.

    Examples
    --------
    >>> import overlap as ov
    >>> anchors = ov.Intervals([[0.0, 4.0], [1.0, 5.0], [3.0, 7.0], [8.0, 12.0], [9.0, 10.0]])
    >>> truth = ov.Intervals([[0.0, 4.0], [9.0, 14.0]])
    >>> result = ov.assign(anchors, truth)
    >>> result.label
    array([ 1, -1,  0, -1,  0], dtype=int8)
    >>> result.missed
    array([1])
    >>> ov.assign(anchors, truth, low_quality="truth").truth
    array([ 0, -1, -1,  1, -1])
    """
    check_pair(anchors, truth, "anchors", "truth")
    check_score(score)
    positive = checked_number(positive, "positive")
    score.plan.check_level(positive, "positive")
    least, most = _checked_negative(negative, positive)
    if low_quality not in (None, "anchor", "truth"):
        raise ValueError(f"low_quality = {low_quality!r}; expected 'anchor', 'truth' or None")
    if low_quality_at_least is not None:
        if low_quality is None:
            raise ValueError("low_quality_at_least: there is no low_quality rule to bound")
        low_quality_at_least = checked_number(low_quality_at_least, "low_quality_at_least")
    codes = None if groups is None else checked_groups(groups, len(anchors), len(truth))

    floor = positive if low_quality_at_least is None else min(positive, low_quality_at_least)
    i, j, value = useful_pairs(score, anchors, truth, codes, low_quality is not None, floor)
    best, owner = best_of(i, j, value, len(anchors))
    best = without_pairs(score, anchors, truth, codes, best)
    label = np.full(len(anchors), -1, np.int8)
    label[~((best >= most) | (best < least))] = 0  # and where nothing can be compared
    label[best >= positive] = 1
    if low_quality is not None:
        top, _ = best_of(j, i, value, len(truth))
        bound = low_quality_at_least
        if bound is None:
            bound = np.nextafter(0.0, 1.0) if zero_apart(score) else -np.inf
        rescued = (value == top[j]) & (value >= bound)
        i, j, value = i[rescued], j[rescued], value[rescued]
        label[i] = 1
        if low_quality == "truth":
            claimed, claimer = best_of(i, j, value, len(anchors))
            best[i], owner[i] = claimed[i], claimer[i]
    if ignore is not None:
        _ignore(label, anchors, ignore, ignore_score, ignore_at_least, groups, ignore_groups)
    elif ignore_groups is not None:
        raise ValueError("ignore_groups: there are no regions to ignore")
    owner[label != 1] = -1
    return Assignment(label, owner, best, len(truth))


def _checked_negative(
    negative: float | tuple[float, float], positive: float
) -> tuple[float, float]:
    """Return the lowest score of a negative anchor, and the bound above."""
    pair = as_numbers(negative, "negative")
    if pair.shape not in ((), (2,)) or not np.isfinite(pair).all():
        raise ValueError(f"negative = {negative!r}; expected a finite number or a pair of them")
    least, most = (-np.inf, float(pair)) if pair.shape == () else (float(pair[0]), float(pair[1]))
    if not least <= most <= positive:
        raise ValueError(
            f"negative = {negative!r}, positive = {positive!r}: thresholds must be in order, and "
            "negative at most positive"
        )
    return least, most


def _ignore(
    label: NDArray[np.int8],
    anchors: Regions,
    ignore: Regions,
    score: Score,
    at_least: float,
    groups: tuple[ArrayLike, ArrayLike] | None,
    ignore_groups: ArrayLike | None,
) -> None:
    """Label the negative anchors within regions to ignore."""
    check_pair(anchors, ignore, "anchors", "ignore")
    check_score(score)
    at_least = checked_number(at_least, "ignore_at_least")
    if at_least <= 0.0:
        raise ValueError(f"ignore_at_least = {at_least}; expected a number > 0")
    score.plan.check_level(at_least, "ignore_at_least")
    if (groups is None) != (ignore_groups is None):
        raise ValueError(
            "ignore_groups: give the labels of the regions to ignore, where there are groups, and "
            "only there"
        )
    codes = None
    if groups is not None:
        assert ignore_groups is not None
        codes = checked_groups((groups[0], ignore_groups), len(anchors), len(ignore))
    i, _, _ = reaching(score.plan, anchors, ignore, at_least, False, codes)
    label[i[label[i] == 0]] = -1


# ----------------------------------------------------------------------------------- best partners


def zero_apart(score: Score) -> bool:
    """Return whether regions that do not intersect score 0, all of them."""
    return score.disjoint_max == 0.0 and score.bounds()[0] == 0.0


def useful_pairs(
    score: Score,
    anchors: Regions,
    truth: Regions,
    codes: tuple[NDArray[np.int64], NDArray[np.int64]] | None,
    both: bool,
    floor: float,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return pairs among which are the best of every anchor and, for `both`, of every truth.

    Where `floor` > 0, pairs that score 0 because they are apart are not looked at.
    """
    if floor > 0.0 and zero_apart(score) and (codes is not None or anchors.bounds() is not None):
        return reaching(score.plan, anchors, truth, 0.0, True, codes)
    parts = list(_dense_best(score, anchors, truth, codes, both))
    if not parts:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
    i, j, value = (np.concatenate(column) for column in zip(*parts, strict=True))
    return i, j, value


def _dense_best(
    score: Score,
    anchors: Regions,
    truth: Regions,
    codes: tuple[NDArray[np.int64], NDArray[np.int64]] | None,
    both: bool,
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]]:
    """Yield the best pairs of blocks of all pairs, with the scores."""
    for rows, columns in _blocks(len(anchors), len(truth), codes):
        table = score.pairwise(anchors[rows], truth[columns])
        row = np.arange(len(rows))
        column = table.argmax(axis=1)  # NaN counts as the largest
        if np.isnan(table[row, column]).any():
            table[np.isnan(table)] = -np.inf
            column = table.argmax(axis=1)
        if both:
            tops, at = np.nonzero(table == table.max(axis=0))
            row, column = np.concatenate([row, tops]), np.concatenate([column, at])
        value = table[row, column]
        some = value > -np.inf
        yield rows[row[some]], columns[column[some]], value[some]


def _blocks(
    n: int, m: int, codes: tuple[NDArray[np.int64], NDArray[np.int64]] | None
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield anchors and all their truths, a limited number of pairs at a time."""
    if n == 0 or m == 0:
        return
    if codes is None:
        codes = np.zeros(n, np.int64), np.zeros(m, np.int64)
    order, columns = (np.argsort(code, kind="stable") for code in codes)
    labels = np.unique(codes[1])
    first = [np.searchsorted(codes[0][order], labels, side) for side in ("left", "right")]
    second = [np.searchsorted(codes[1][columns], labels, side) for side in ("left", "right")]
    for lo, hi, low, high in zip(*first, *second, strict=True):
        step = max(1, _PAIRS // int(high - low))
        for begin in range(lo, hi, step):
            yield order[begin : min(begin + step, hi)], columns[low:high]


def best_of(
    i: NDArray[np.int64], j: NDArray[np.int64], value: NDArray[np.float64], n: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the highest value of every `i` and its `j`, the first of equals; or -inf and -1."""
    best = np.full(n, -np.inf)
    np.maximum.at(best, i, value)
    hit = value == best[i]
    owner = np.full(n, np.iinfo(np.int64).max)
    np.minimum.at(owner, i[hit], j[hit])
    owner[best == -np.inf] = -1
    return best, owner


def without_pairs(
    score: Score,
    anchors: Regions,
    truth: Regions,
    codes: tuple[NDArray[np.int64], NDArray[np.int64]] | None,
    best: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the best scores with those of anchors that are in no pair: 0, or NaN."""
    alone = np.flatnonzero(best == -np.inf)
    best[alone] = np.nan
    if len(alone) and len(truth) and zero_apart(score):
        own, others = (None, None) if codes is None else (codes[0][alone], codes[1])
        solid = truth.measure() > 0.0
        some = _among(own, others, len(alone))
        apart = np.where(anchors[alone].measure() > 0.0, some, False)
        if solid.any():
            apart |= _among(own, None if others is None else others[solid], len(alone))
        best[alone[apart]] = 0.0
    return best


def _among(
    own: NDArray[np.int64] | None, others: NDArray[np.int64] | None, count: int
) -> NDArray[np.bool_]:
    """Return which labels are among the others; all of them without labels."""
    if own is None or others is None:
        return np.ones(count, np.bool_)
    return np.isin(own, others)
