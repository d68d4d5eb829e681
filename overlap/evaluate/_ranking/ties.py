"""Other orders of ties, and of truths that choose: what they do to the average precision."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import permutations, product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .curves import average_precision_ends
from .positives import Positives
from .scene import Matched, Ranked, Scene

__all__ = ["tie_spread"]

_ENDS = 19  # matchings in which ends are looked for: more random ones are for their mean alone
_ALL_ORDERS = 24  # of the truths of a class, up to which all are tried


def tie_spread(
    ranked: Ranked,
    ap: NDArray[np.float64],
    samples: int,
    sampled: NDArray[np.bool_] | None = None,
    *,
    equal_values: bool = True,
) -> dict[str, NDArray[Any]]:
    """Recompute the AP under other orders of ties, and of truths that choose.

    Parameters
    ----------
    ranked : Ranked
        The reported order of detections and of candidates.
    ap : ndarray, dtype=float64, shape (T, C)
        The AP as reported; classes without ties keep it.
    samples : int
        Number of random orders.
    sampled : ndarray, dtype=bool, shape (C,), optional
        Classes that are matched anew in each order. In others no order may change who matches
        what, so that one matching gives their ends. By default all.
    equal_values : bool
        Whether candidates that are preferred equally are put into other orders too.

    Returns
    -------
    dict
        ``low`` and ``high`` (K, T, C): the AP with, in each run of equal confidence, all
        false and all true positives first, for matchings made in the reported order, in that of
        the input, its reverse and in random ones, and where truths choose also for other orders
        of truths; ``random`` (samples, T, C): the AP of the random orders of ties;
        ``tried_all``: whether these are all orders there are. Without ties all are `ap`.
    """
    scene, visit = ranked.scene, ranked.visit
    result = _spread_of_ties(ranked, ap, samples, sampled, equal_values)
    rule = scene.rules.match
    if not (scene.by_truth and rule.once and rule.method == "greedy"):
        return result
    contested = _contested(scene, float(scene.levels.min()))
    if not contested.any():
        return result
    # Only at some thresholds, and in some classes, truths can take detections from each other.
    levels = np.array([_contested(scene, level).any() for level in scene.levels.tolist()])
    classes = np.unique(scene.truth.label[contested])
    part = replace(scene.only(classes), thresholds=scene.thresholds[levels])
    orders, tried_all = _orders_of_truths(part, contested, samples)
    place = np.empty(len(scene.found), np.int64)
    place[visit] = np.arange(len(visit))
    order = part.order("shuffle", place)
    positives = part.positives()
    low, high = (np.repeat(ap[None], len(orders), axis=0) for _ in range(2))
    for k, truths in enumerate(orders):
        matched = part.match(order[0], ranked.candidate, truths)
        here = np.ix_(np.array([k]), levels, classes)
        low[here], high[here] = _ends(part, order, matched, positives)
    return {
        "low": np.concatenate([result["low"], low]),
        "high": np.concatenate([result["high"], high]),
        "random": result["random"],
        "tried_all": result["tried_all"] & np.array(tried_all),
    }


def _contested(scene: Scene, level: float) -> NDArray[np.bool_]:
    """Return the truths that want a detection which another one wants, from a level on."""
    pairs = scene.pairs
    near = pairs.value >= level
    wanted = np.bincount(pairs.candidate[near], minlength=len(scene.found))
    result = np.zeros(len(scene.truth), dtype=bool)
    result[pairs.agent[near][wanted[pairs.candidate[near]] > 1]] = True
    return result & (scene.truth.label >= 0)


def _orders_of_truths(
    scene: Scene, contested: NDArray[np.bool_], samples: int
) -> tuple[list[NDArray[np.int64]], bool]:
    """Return orders in which truths may choose, and whether these are all that matter.

    Contested truths of a class and item can take detections from each other. Classes do not
    meet, so that one order serves all of them at once.
    """
    base = scene.truths_in_order()
    label_of, last = scene.truth.label, scene.truth.flagged(scene.rules.match.last)
    group_of = 2 * scene.truth.item + last  # these choose after all others
    position = np.empty_like(base)
    position[base] = np.arange(len(base))
    best = _most_confident(scene)
    rng = np.random.default_rng(0)
    tried_all = True
    choices: list[tuple[list[NDArray], list[tuple[NDArray, ...]]]] = []
    for label in np.unique(label_of[contested]).tolist():
        rows = base[contested[base] & (label_of[base] == label)]
        groups = [rows[group_of[rows] == v] for v in np.unique(group_of[rows])]
        if math.prod(math.factorial(len(group)) for group in groups) <= _ALL_ORDERS:
            each = [[group[list(p)] for p in permutations(range(len(group)))] for group in groups]
            choices.append((groups, list(product(*each))))
            continue
        tried_all = False
        drawn = [
            tuple(group[::-1] for group in groups),
            tuple(group[np.argsort(best[group], kind="stable")] for group in groups),
            tuple(group[np.argsort(-best[group], kind="stable")] for group in groups),
        ]
        drawn += [tuple(rng.permutation(group) for group in groups) for _ in range(samples)]
        choices.append((groups, drawn))
    orders = []
    for k in range(max((len(drawn) for _, drawn in choices), default=0)):
        order = base.copy()
        for groups, drawn in choices:
            for group, again in zip(groups, drawn[k % len(drawn)], strict=True):
                order[position[group]] = again
        orders.append(order)
    return orders, tried_all


def _most_confident(scene: Scene) -> NDArray[np.float64]:
    """Return the highest confidence among the candidates of each truth."""
    result = np.full(len(scene.truth), -np.inf)
    np.maximum.at(result, scene.pairs.agent, scene.confidence[scene.pairs.candidate])
    return result


def _ends(
    scene: Scene,
    order: tuple[NDArray[np.int64], NDArray[np.int64]],
    matched: Matched,
    positives: Positives,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the AP with the true positives of each run of equal confidences last, and first."""
    if scene.rules.curve.joins:
        low, high = (
            scene.precision(scene.rank(*order, matched, positives, first))
            for first in ("false", "true")
        )
    else:
        ranking = scene.rank(*order, matched, positives)
        low, high = average_precision_ends(ranking, scene.rules.curve, scene.blocks(order[0]))
    return low, high


def _ends_of(given: Ranked) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the same with matches as reported."""
    scene, visit, ranking = given.scene, given.visit, given.ranking
    rules = scene.rules
    if rules.curve.joins or rules.ties == "true_first":
        order = visit, ranking.pointer
        return _ends(scene, order, given.matched, ranking.positives)
    low, high = average_precision_ends(ranking, rules.curve, given.block)
    return low, high


def _spread_of_ties(
    given: Ranked,
    ap: NDArray[np.float64],
    samples: int,
    sampled: NDArray[np.bool_] | None,
    equal_values: bool,
) -> dict[str, NDArray[Any]]:
    """Return the AP under other orders of equal values, with truths as in the input."""
    scene, visit = given.scene, given.visit
    repeated = np.flatnonzero(scene.repeats(visit))
    touched = np.zeros(len(scene.labels) + 1, dtype=bool)  # the last is "no class"
    touched[scene.found.label[visit[repeated]]] = True
    if equal_values and not scene.by_truth:
        touched[scene.found.label[scene.pairs.tied]] = True
    some = np.flatnonzero(touched[:-1])
    if not len(some):
        same = ap[None]
        return {"low": same, "high": same, "random": same, "tried_all": np.array(True)}
    count = len(scene.found)
    reported = np.zeros(count, dtype=np.int64)
    reported[visit] = np.arange(len(visit))
    ends = {name: ap.copy() for name in ("low", "high")}
    if sampled is not None:
        settled = np.flatnonzero(touched[:-1] & ~sampled)
        if len(settled):
            for name, end in zip(ends, _ends_of(given), strict=True):
                ends[name][:, settled] = end[:, settled]
        some = np.flatnonzero(touched[:-1] & sampled)
        if not len(some):
            whole = {name: end[None] for name, end in ends.items()}
            return {**whole, "random": ap[None], "tried_all": np.array(False)}
    part = scene.only(some)
    positives = part.positives()
    rng = np.random.default_rng(0)
    place = scene.found.place
    shuffles = [reported, place, -place, *(rng.permutation(count) for _ in range(samples))]
    ties = _Ties(part)
    result = {name: np.repeat(end[None], len(shuffles), axis=0) for name, end in ends.items()}
    random = np.repeat(ap[None], len(shuffles), axis=0)
    order = part.order("file")
    for k, shuffle in enumerate(shuffles):
        if len(repeated):
            order = part.order("shuffle", shuffle)
        again = (equal_values or scene.by_truth) and k > 0
        matched = given.matched
        if k > 0:
            candidate = ties.reorder(shuffle, k, rng) if again else given.candidate
            matched = part.match(order[0], candidate)
        if k >= 3 or not len(repeated):
            random[k][:, some] = part.precision(part.rank(*order, matched, positives))
        if k >= _ENDS:
            result["low"][k], result["high"][k] = result["low"][0], result["high"][0]
        elif len(repeated):
            both = _ends(part, order, matched, positives)
            result["low"][k][:, some], result["high"][k][:, some] = both
        else:
            result["low"][k][:, some] = result["high"][k][:, some] = random[k][:, some]
    return {**result, "random": random[3:], "tried_all": np.array(False)}


class _Ties:
    """Pairs of agents that prefer two candidates equally, to be put into other orders."""

    def __init__(self, scene: Scene) -> None:
        pairs = self.pairs = scene.pairs
        self.by_truth = scene.by_truth
        self.by_value = scene.rules.match.prefers == "value"
        width = np.diff(pairs.pointer)[pairs.tied]
        first = np.repeat(pairs.pointer[pairs.tied] - np.cumsum(width) + width, width)
        self.rows = first + np.arange(width.sum())
        self.agent = np.repeat(pairs.tied, width)
        self.confidence = scene.confidence

    def reorder(
        self, shuffle: NDArray[np.int64], k: int, rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """Order equal candidates: as in the input (k = 1), reversed (2), or at random."""
        pairs, rows = self.pairs, self.rows
        if not len(rows):
            return pairs.candidate
        chosen = pairs.candidate[rows]
        keys: list[NDArray] = [self.agent]
        if self.by_value:
            keys.insert(0, -pairs.value[rows])
        if self.by_truth:  # the more confident comes first; only equal ones are free
            keys = [shuffle[chosen], -self.confidence[chosen], *keys]
        elif k > 1:
            keys = [-chosen if k == 2 else rng.permutation(len(rows)), *keys]
        candidate = pairs.candidate.copy()
        candidate[rows] = chosen[np.lexsort(keys)]
        return candidate
