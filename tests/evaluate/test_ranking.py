"""The ranking core on sets and boxes, against plain loops and pycocotools."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from itertools import pairwise, permutations

import numpy as np
import pytest

import overlap as ov
from overlap._kernels.jit import scalar
from overlap.evaluate._ranking import pairs as pairs_of
from overlap.evaluate._ranking import scene as scene_module
from overlap.evaluate._ranking.curves import (
    FALSE,
    IGNORED,
    TRUE,
    CurveRule,
    Ranking,
    average_precision,
    average_precision_ends,
    count_outcomes,
    final_recall,
    sampled_precision,
)
from overlap.evaluate._ranking.evidence import RankingEvidence, reported_precision
from overlap.evaluate._ranking.expectation import expected_precision, shared_candidates
from overlap.evaluate._ranking.limits import Limits
from overlap.evaluate._ranking.matching import MatchRule, match_pairs
from overlap.evaluate._ranking.measures import Ratio, WithCrowds
from overlap.evaluate._ranking.pairs import find_pairs, joined_pairs, touched
from overlap.evaluate._ranking.rules import Rules
from overlap.evaluate._ranking.scene import Scene
from overlap.evaluate._ranking.strata import Range, Stratum
from overlap.evaluate._ranking.table import Table, joined_tables, order_by
from overlap.evaluate._ranking.ties import tie_spread
from overlap.evaluate.numbers import Intervals

from .coco_sets import pycocotools_numbers, random_boxes
from .helpers import positives_of

pytestmark = pytest.mark.kernels
THRESHOLDS = (0.2, 0.5, 2 / 3)
ITEMS, LABELS, ELEMENTS = 4, 2, 6


# ------------------------------------------------------------------------- toy scenes: words


def words(rng, count, confidences=None):
    """Sets of few elements in few items: ties, crowds, unwanted ones."""
    members = rng.random((count, ELEMENTS)) < 0.5
    members[:, 0] |= ~members.any(axis=1)
    return Table(
        rng.integers(0, ITEMS, count),
        rng.integers(-1 if confidences else 0, LABELS, count),
        rng.permutation(count),
        rng.integers(0, confidences, count) / confidences if confidences else None,
        ov.FiniteSets(members),
        {"crowd": rng.random(count) < 0.2, "ignore": rng.random(count) < 0.2},
        {"size": members.sum(axis=1).astype(float)},
    )


def toy(seed, rules, thresholds=THRESHOLDS):
    rng = np.random.default_rng(seed)
    truth = words(rng, int(rng.integers(1, 25)))
    found = words(rng, int(rng.integers(0, 40)), int(rng.choice([1, 4, 1000])))
    order = np.argsort(truth.place)
    truth = replace(rows_of(truth, order), place=np.arange(len(truth)))
    order = np.argsort(found.place)
    found = replace(rows_of(found, order), place=np.arange(len(found)))
    return scene_of(rules, found, truth, thresholds)


def rows_of(table, rows):
    return Table(
        table.item[rows],
        table.label[rows],
        table.place[rows],
        None if table.confidence is None else table.confidence[rows],
        table.regions[rows],
        {name: values[rows] for name, values in table.flags.items()},
        {name: values[rows] for name, values in table.sizes.items()},
    )


def scene_of(rules, found, truth, thresholds, labels=LABELS, items=ITEMS):
    names = tuple(f"c{k}" for k in range(labels)), tuple(f"i{k}" for k in range(items))
    return Scene.of(rules, np.array(thresholds), *names, found, truth)


def members(table):
    return [frozenset(np.flatnonzero(row).tolist()) for row in table.regions.to_array()]


# ------------------------------------------------------------------ rules as plain definitions


def groups(scene):
    """Rows of detections (most confident first) and of truths, by item and class."""
    found, truth = scene.found, scene.truth
    for label in range(len(scene.labels)):
        for item in range(len(scene.items)):
            mine = [
                i for i in range(len(found)) if (found.item[i], found.label[i]) == (item, label)
            ]
            mine.sort(key=lambda i: -found.confidence[i])
            theirs = [
                j for j in range(len(truth)) if (truth.item[j], truth.label[j]) == (item, label)
            ]
            yield mine, theirs


def activitynet(iou, mine, theirs, threshold, flag):
    taken = {}
    for i in mine:
        for j in sorted(theirs, key=lambda j: -iou[i, j]):
            if iou[i, j] >= threshold and j not in taken.values():
                taken[i] = j
                break
    return taken


def coco(iou, mine, theirs, threshold, flag):
    ignored = flag["crowd"] | flag["ignore"]
    theirs = sorted(theirs, key=lambda j: ignored[j])
    taken, used = {}, set()
    for i in mine:
        best, match = threshold, None
        for j in theirs:
            if j in used and not flag["crowd"][j]:
                continue
            if match is not None and not ignored[match] and ignored[j]:
                break
            if iou[i, j] < best:
                continue
            best, match = iou[i, j], j
        if match is not None:
            taken[i] = match
            used.add(match)
    return taken


def voc(iou, mine, theirs, threshold, flag):
    taken, used = {}, set()
    for i in mine:
        best = max(theirs, key=lambda j: iou[i, j], default=None)
        if best is None or not iou[i, best] > threshold:
            continue
        if flag["ignore"][best]:
            taken[i] = best
        elif best not in used:
            taken[i] = best
            used.add(best)
    return taken


def openimages(iou, mine, theirs, threshold, flag):
    taken = voc(iou, mine, [j for j in theirs if not flag["crowd"][j]], threshold, flag)
    for i in mine:
        best = max((j for j in theirs if flag["crowd"][j]), key=lambda j: iou[i, j], default=None)
        if i not in taken and best is not None and iou[i, best] > threshold:
            taken[i] = best
    return taken


def truths_choose(iou, mine, theirs, threshold, flag):
    taken = {}
    for j in theirs:
        free = [i for i in mine if i not in taken]
        best = max(free, key=lambda i: iou[i, j], default=None)
        if best is not None and iou[best, j] > threshold:
            taken[best] = j
    return taken


def spotting(iou, mine, theirs, threshold, flag):
    taken = {}
    for j in theirs:
        near = [i for i in mine if i not in taken and iou[i, j] >= threshold]
        if near:
            taken[near[0]] = j
    return taken


RULES = {
    "activitynet": (MatchRule(), activitynet),
    "coco": (
        MatchRule(
            of_equal="last",
            ignored=("crowd", "ignore"),
            crowds=("crowd",),
            last=("crowd", "ignore", "outside"),
        ),
        coco,
    ),
    "voc": (MatchRule(fallback=False, strict=True, ignored=("ignore",), crowds=("ignore",)), voc),
    "openimages": (
        MatchRule(
            fallback=False,
            strict=True,
            ignored=("ignore", "crowd"),
            crowds=("ignore", "crowd"),
            last=("crowd",),
        ),
        openimages,
    ),
    "thumos": (MatchRule(chooser="truth", strict=True), truths_choose),
    "spotting": (MatchRule(chooser="truth", prefers="confidence"), spotting),
}


def outcomes(scene, definition):
    """Pairs and outcomes of every detection by a plain definition."""
    found, truth = members(scene.found), members(scene.truth)
    iou = np.array([len(a & b) / len(a | b) for a in found for b in truth])
    iou = iou.reshape(len(found), len(truth))
    if "crowd" in scene.rules.match.crowds:
        for j in np.flatnonzero(scene.truth.flags["crowd"]):
            iou[:, j] = [len(a & truth[j]) / len(a) for a in found]
    names = scene.rules.match.ignored
    ignored, alone = (
        sum((side.flags[name] for name in names), start=np.zeros(len(side), dtype=bool))
        for side in (scene.truth, scene.found)
    )
    result = np.zeros((len(scene.thresholds), len(found)), dtype=np.uint8)
    partner = np.full(result.shape, -1)
    for t, threshold in enumerate(scene.thresholds):
        for mine, theirs in groups(scene):
            for i, j in definition(iou, mine, theirs, threshold, scene.truth.flags).items():
                partner[t, i] = j
                result[t, i] = IGNORED if ignored[j] else TRUE
    result[(partner < 0) & alone] = IGNORED
    return partner, result


def partners(scene, pair, candidate):
    row = scene.pairs.agent if scene.by_truth else candidate
    return np.where(pair >= 0, row[pair], -1) if len(row) else pair


def measure_of(match):
    return WithCrowds(ov.iou, ov.coverage) if "crowd" in match.crowds else ov.iou


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("thresholds", [THRESHOLDS, (0.0, 0.5)])
def test_match_rules_equal_their_definitions(name, thresholds):
    """A threshold of 0 also pairs what does not touch."""
    match, definition = RULES[name]
    different = 0
    for seed in range(60):
        scene = toy(seed, Rules(measure_of(match), match), thresholds)
        ranked = scene.ranked()
        partner, outcome = outcomes(scene, definition)
        inside = scene.found.label >= 0
        np.testing.assert_array_equal(
            partners(scene, ranked.pair, ranked.candidate)[:, inside], partner[:, inside], str(seed)
        )
        np.testing.assert_array_equal(ranked.outcome[:, inside], outcome[:, inside])
        np.testing.assert_array_equal(ranked.ranking.outcome, ranked.outcome[:, ranked.visit])
        different += not np.array_equal(outcomes(scene, activitynet)[0], partner)
    assert different > 10 or name == "activitynet"


def test_pairs_of_scores_and_of_ratios_are_the_same(monkeypatch):
    for seed in range(20):
        rng = np.random.default_rng(seed)
        boxes = [rng.integers(0, 6, (n, 2)) for n in (30, 20)]
        sides = [np.hstack([x, x + rng.integers(1, 4, x.shape)]).astype(float) for x in boxes]
        found, truth = (
            Table(
                rng.integers(-1, 3, len(x)), rng.integers(-1, 2, len(x)), np.arange(len(x)),
                rng.integers(0, 3, len(x)).astype(float), ov.Boxes(x),
            )
            for x in sides
        )  # fmt: skip
        for match in (
            MatchRule(),
            MatchRule(of_equal="last"),
            MatchRule(chooser="truth"),
            MatchRule(chooser="truth", prefers="confidence"),
        ):
            options = {"official": seed % 2 == 0}
            one = find_pairs(ov.iou, found, truth, match, np.array([0.1]), **options)
            other = find_pairs(Ratio(_iou), found, truth, match, np.array([0.1]), **options)
            assert one == other
            assert len(one.value)
            with monkeypatch.context() as threads:
                threads.setattr(pairs_of, "_STEP", 1e9)  # any number of rows is worth threads
                threads.setenv("OVERLAP_THREADS", "3")
                threads.setattr(pairs_of, "_AGENTS_AT_ONCE", 7 + seed)
                assert other == find_pairs(
                    Ratio(_iou), found, truth, match, np.array([0.1]), **options
                )
            parts = []
            for item in range(3):
                part = [rows_of(x, np.flatnonzero(x.item == item)) for x in (found, truth)]
                parts.append(find_pairs(Ratio(_iou), *part, match, np.array([0.1]), **options))
            sizes = [[np.sum(x.item == item) for item in range(3)] for x in (found, truth)]
            shifts = [np.cumsum([0, *size]) for size in sizes]
            if match.chooser == "truth":
                shifts.reverse()
            joined = joined_pairs(parts, *shifts)
            together = [
                joined_tables([rows_of(x, np.flatnonzero(x.item == k)) for k in range(3)])
                for x in (found, truth)
            ]
            boxes = [
                x.regions[np.concatenate([np.flatnonzero(x.item == k) for k in range(3)])]
                for x in (found, truth)
            ]
            together = [replace(x, regions=y) for x, y in zip(together, boxes, strict=True)]
            assert joined == find_pairs(ov.iou, *together, match, np.array([0.1]), **options)


@pytest.mark.parametrize(
    "draw",
    [
        lambda rng: rng.random(20_000),
        lambda rng: rng.random(20_000).round(3),
        lambda rng: rng.random(20_000) ** 40,  # nearly all in one place
        lambda rng: rng.normal(0.0, 1.0, 20_000) * 1e300,
        lambda rng: rng.choice([-0.0, 0.0, 5e-324, np.inf], 20_000),
        lambda rng: rng.choice([0.0, -0.0, 1.0, 1.0 + 2**-52], 20_000),
        lambda rng: rng.random(9_000),
        lambda rng: np.full(20_000, 0.5),
        lambda rng: np.empty(0),
    ],
)
def test_confidences_are_ranked_as_by_sorting(draw):
    rng = np.random.default_rng(0)
    confidence = draw(rng)
    count = len(confidence)
    for place in (np.arange(count), rng.permutation(count)):
        table = Table(*rng.integers(0, 9, (2, count)), place, confidence)
        expected = np.lexsort((place, -confidence))
        np.testing.assert_array_equal(table.by_confidence, expected)
        known = np.unique(-confidence)  # -0.0 is 0.0
        np.testing.assert_array_equal(table.rank, np.searchsorted(known, -confidence))


@pytest.mark.parametrize("most", [0, 1, 900, 40_000, 2**60])
def test_whole_numbers_are_sorted_in_one_pass_or_two_or_as_usual(most):
    rng = np.random.default_rng(0)
    for count in (1, 50):
        keys = rng.integers(-most, most + 1, (2, count))
        rows = rng.permutation(count)[: max(1, count // 2)]
        order = order_by(rows, *keys)
        np.testing.assert_array_equal(order, rows[np.lexsort(keys[:, rows])])
        assert order is not rows


def test_matches_at_many_thresholds_are_those_of_each_alone():
    rng = np.random.default_rng(0)
    for rule in (MatchRule(), MatchRule(fallback=False, strict=True), MatchRule(once=False)):
        width = rng.integers(0, 5, 40)
        pointer = np.append(0, np.cumsum(width))
        candidate = np.concatenate([rng.permutation(9)[:k] for k in width])
        value = np.concatenate([np.sort(rng.integers(0, 20, k) / 20)[::-1] for k in width])
        crowd, last = rng.random((2, 9)) < 0.3
        levels = rng.permutation(np.repeat(np.arange(20) / 20, 8))
        given = rule, pointer, candidate, value, rng.permutation(40)
        whole = match_pairs(*given, levels, crowd, last)
        for t in range(len(levels)):
            one = match_pairs(*given, levels[t : t + 1], crowd, last)
            part = slice(*whole.pointer[t : t + 2])
            np.testing.assert_array_equal(whole.pair[part], one.pair)
            np.testing.assert_array_equal(whole.agent[part], one.agent)
        assert len(whole.pair) > 500
        assert len(match_pairs(*given, levels[:0], crowd, last).pair) == 0


@pytest.mark.parametrize("apart", [1, 1_000_000])
def test_numbers_of_items_and_classes_may_be_far_apart(apart):
    rules = Rules(ov.iou, ties="item")
    for seed in range(5):
        one = toy(seed, rules)
        found, truth = (
            replace(x, item=x.item * apart, label=x.label * apart) for x in (one.found, one.truth)
        )
        other = find_pairs(ov.iou, found, truth, rules.match, one.thresholds)
        assert other == one.pairs
        order = order_by(np.arange(len(found))[::2], -found.place, found.rank, found.label)
        keys = -found.place[::2], -found.confidence[::2], found.label[::2]
        np.testing.assert_array_equal(order, 2 * np.lexsort(keys))
        inside = Limits(per_item_and_label=2, per_label=5)
        np.testing.assert_array_equal(inside.within(found), inside.within(one.found))


def test_unstable_orders_are_those_of_numpy():
    """Equal confidences of a class, and equal values of a group, as argsort()[::-1] leaves them."""
    rules = Rules(ov.iou, ties="argsort_reversed")
    for seed in range(40):
        scene = toy(seed, rules)
        found, truth = scene.found, scene.truth
        ranked, sets, others = scene.ranked(), members(found), members(truth)
        partner = partners(scene, ranked.pair, ranked.candidate)
        for label in range(LABELS):
            rows = np.flatnonzero(found.label == label)
            rows = rows[found.confidence[rows].argsort()[::-1]]
            assert rows.tolist() == ranked.visit[found.label[ranked.visit] == label].tolist()
            for t, threshold in enumerate(scene.thresholds):
                taken = set()
                for i in rows:
                    here = np.flatnonzero((truth.label == label) & (truth.item == found.item[i]))
                    value = [len(sets[i] & others[j]) / len(sets[i] | others[j]) for j in here]
                    order = [k for k in np.array(value).argsort()[::-1] if value[k] >= threshold]
                    free = [here[k] for k in order if here[k] not in taken]
                    assert partner[t, i] == (free[0] if free else -1)
                    taken.update(free[:1])
        some = np.random.default_rng(seed).random(len(truth)) < 0.5
        part = scene.pairs.among(np.ones(len(found), dtype=bool), some)
        for lo, hi in pairwise(part.pointer):
            assert set(part.official[lo:hi]) == set(part.candidate[lo:hi])


@scalar
def _iou(a, i, b, j, parameters):
    width = min(a[2][i], b[2][j]) - max(a[0][i], b[0][j])
    height = min(a[3][i], b[3][j]) - max(a[1][i], b[1][j])
    if width <= 0.0 or height <= 0.0:
        return 0.0
    shared = width * height
    area = (a[2][i] - a[0][i]) * (a[3][i] - a[1][i]) + (b[2][j] - b[0][j]) * (b[3][j] - b[1][j])
    return shared / (area - shared)


@scalar
def _distance(a, i, b, j, parameters):
    return abs(a[0][i] - b[0][j])


@pytest.mark.parametrize("ties", ["file", "file_reversed"])
def test_distances_match_below_their_threshold(ties):
    """Centers in one dimension by nuScenes' rule: the nearest free truth, if nearer than d."""
    rules = Rules(
        Ratio(_distance, (), distance=True),
        MatchRule(strict=True),
        CurveRule("linear", tuple(np.linspace(0, 1, 101)[11:]), least=0.1),
        ties=ties,
    )
    for seed in range(30):
        rng = np.random.default_rng(seed)
        x, y = rng.integers(0, 30, 25) / 2, rng.integers(0, 30, 15) / 2
        confidence = rng.integers(0, 6, 25) / 6
        item, other = rng.integers(0, 2, 25), rng.integers(0, 2, 15)
        found = Table(item, np.zeros(25, int), np.arange(25), confidence, (x,))
        truth = Table(other, np.zeros(15, int), np.arange(15), None, (y,))
        scene = scene_of(rules, found, truth, (0.5, 1.0, 2.0), 1, 2)
        values = scene.ranked().precision()[:, 0]
        for limit, value in zip(scene.thresholds, values, strict=True):
            order = sorted(range(25), key=lambda i: (confidence[i], i), reverse=True)
            if ties == "file":
                order = sorted(range(25), key=lambda i: -confidence[i])
            taken, hits = set(), []
            for i in order:
                free = [j for j in range(15) if other[j] == item[i] and j not in taken]
                near = min(free, key=lambda j: abs(x[i] - y[j]), default=None)
                hits.append(near is not None and abs(x[i] - y[near]) < limit)
                if hits[-1]:
                    taken.add(near)
            true = np.cumsum(hits).astype(float)
            precision = np.interp(
                np.linspace(0, 1, 101), true / 15, true / np.arange(1, 26), right=0
            )[11:]
            assert value == np.mean(np.maximum(precision - 0.1, 0)) / 0.9


@pytest.mark.parametrize("method", ["optimal", "most"])
def test_assignments_at_once(method):
    """No other assignment has a larger sum of values, or more pairs."""
    rules = Rules(ov.iou, MatchRule(method=method))
    for seed in range(25):
        scene = toy(seed, rules)
        ranked = scene.ranked()
        found, truth = members(scene.found), members(scene.truth)
        for t, threshold in enumerate(scene.thresholds):
            row = partners(scene, ranked.pair, ranked.candidate)[t]
            for mine, theirs in groups(scene):
                if not mine or len(mine) * len(theirs) > 24:
                    continue
                near = {
                    (i, j): len(found[i] & truth[j]) / len(found[i] | truth[j])
                    for i in mine for j in theirs
                }  # fmt: skip
                near = {pair: value for pair, value in near.items() if value >= threshold}
                taken = [(i, row[i]) for i in mine if row[i] >= 0]
                assert len({j for _, j in taken}) == len(taken)
                assert all(pair in near for pair in taken)
                worth = (lambda p: near[p]) if method == "optimal" else (lambda p: 1)  # noqa: B023
                assert sum(map(worth, taken)) == pytest.approx(best_sum(mine, theirs, near, worth))


def best_sum(mine, theirs, near, worth):
    if not mine:
        return 0.0
    first, *rest = mine
    options = [best_sum(rest, theirs, near, worth)]
    options += [
        worth((first, j)) + best_sum(rest, [k for k in theirs if k != j], near, worth)
        for j in theirs
        if (first, j) in near
    ]
    return max(options)


def test_recall_of_truths_that_share_detections():
    """Proposals: a truth is found if any kept one reaches the threshold (ActivityNet's AR)."""
    rules = Rules(ov.iou, MatchRule(chooser="truth", once=False))
    for seed in range(20):
        scene = toy(seed, rules).limited(Limits(per_item=3))
        found, truth = members(scene.found), members(scene.truth)
        hit = scene.hit(scene.choose(scene.order("file")[0], scene.pairs.candidate),
                        scene.pairs.candidate)  # fmt: skip
        for item in range(ITEMS):
            rows = np.flatnonzero((scene.found.item == item) & (scene.found.label >= 0))
            assert len(rows) <= 3
        for t, threshold in enumerate(scene.thresholds):
            for mine, theirs in groups(scene):
                for j in theirs:
                    expected = any(
                        len(found[i] & truth[j]) / len(found[i] | truth[j]) >= threshold
                        for i in mine
                    )
                    assert hit[t, j] == expected


# -------------------------------------------------------------------------- limits and strata


@pytest.mark.parametrize("in_input_order", [False, True])
def test_limits_keep_the_first(in_input_order):
    for seed in range(20):
        found = toy(seed, Rules(ov.iou)).found
        rows = [i for i in range(len(found)) if found.label[i] >= 0]
        if not in_input_order:
            rows.sort(key=lambda i: -found.confidence[i])
        limits = Limits(
            per_item=7, per_item_and_label=4, per_label=11, total=15, in_input_order=in_input_order
        )
        item, label = found.item.tolist(), found.label.tolist()
        nothing = [0] * len(found)
        pairs = list(zip(item, label, strict=True))
        for most, key in zip((7, 4, 11, 15), (item, pairs, label, nothing), strict=True):
            kept = []
            for i in rows:
                if sum(key[j] == key[i] for j in kept) < most:
                    kept.append(i)
            rows = kept
        np.testing.assert_array_equal(np.flatnonzero(limits.within(found)), sorted(rows))


@pytest.mark.parametrize("chooser", ["found", "truth"])
def test_strata_that_drop_truths_are_scenes_without_them(chooser):
    rules = Rules(ov.iou, MatchRule(chooser=chooser))
    large = Stratum("large", (Range("size", 3, 6, "left"),), outside="drop")
    few = Limits(per_item_and_label=2)
    for seed in range(20):
        scene = toy(seed, rules)
        rows = np.flatnonzero((scene.truth.sizes["size"] >= 3) & (scene.truth.sizes["size"] < 6))
        if not len(rows):
            continue
        one = scene.limited(few).within(large).ranked()
        kept = scene.found.without(~few.within(scene.found))
        other = scene_of(rules, kept, rows_of(scene.truth, rows), THRESHOLDS).ranked()
        np.testing.assert_array_equal(one.ranking.outcome, other.ranking.outcome)
        np.testing.assert_array_equal(one.precision(), other.precision())


@pytest.mark.parametrize("name", ["coco", "openimages", "thumos"])
@pytest.mark.parametrize("kind", ["all_points", "grid", "raw"])
def test_ends_over_orders_of_ties_are_those_of_rankings_in_that_order(name, kind):
    match = RULES[name][0]
    recalls = (0.0, 0.3, 0.6, 1.0) if kind == "grid" else ()
    moved = 0
    for seed in range(20):
        scene = toy(seed, Rules(measure_of(match), match, CurveRule(kind, recalls)))
        ranked = scene.ranked()
        ends = average_precision_ends(ranked.ranking, scene.rules.curve, ranked.block)
        for end, first in zip(ends, ("false", "true"), strict=True):
            order = ranked.visit, ranked.ranking.pointer
            ranking = scene.rank(*order, ranked.matched, scene.positives(), first)
            np.testing.assert_array_equal(end, scene.precision(ranking))
        moved += not np.array_equal(*ends, equal_nan=True)
    assert moved > 5


@pytest.mark.parametrize("ties", ["file", "item", "file_reversed", "argsort_negated", "true_first"])
def test_narrower_limits_keep_matches(ties):
    few = Limits(per_item_and_label=2)
    for seed in range(20):
        scene = toy(seed, Rules(measure_of(RULES["coco"][0]), RULES["coco"][0], ties=ties))
        one, other = scene.ranked().limited(few), scene.limited(few).ranked()
        np.testing.assert_array_equal(one.outcome, other.outcome)
        np.testing.assert_array_equal(one.ranking.outcome, other.ranking.outcome)
        np.testing.assert_array_equal(one.precision(), other.precision())
        ranking = scene.ranked().limited_ranking(few)
        weights = np.random.default_rng(seed).integers(0, 3, (4, ITEMS)).astype(float)
        for weight in (None, weights):
            given = [(ranking, weight), (other.ranking, weight)]
            np.testing.assert_array_equal(*(final_recall(*both) for both in given))
            np.testing.assert_array_equal(*(scene.precision(*both) for both in given))


@pytest.mark.parametrize("chooser", ["found", "truth"])
@pytest.mark.parametrize("first", [None, "true", "false"])
def test_classes_are_ranked_alone_as_beside_others(chooser, first):
    """Regions of other classes are still there, with pairs of their own."""
    rules = Rules(ov.iou, MatchRule(chooser=chooser))
    for seed in range(20):
        scene = toy(seed, rules)
        both = []
        for part in (scene, scene.only(np.array([1]))):
            visit, pointer = part.order("file")
            matched = part.match(visit, part.pairs.candidate)
            both.append(part.rank(visit, pointer, matched, part.positives(), first))
        whole, alone = both
        begin, end = whole.pointer[1:3]
        np.testing.assert_array_equal(alone.outcome, whole.outcome[:, begin:end])
        items = [np.broadcast_to(x.item, x.outcome.shape) for x in both]
        np.testing.assert_array_equal(items[1], items[0][:, begin:end])
        for kind in (FALSE, TRUE, IGNORED):
            expected = (alone.outcome == kind).sum(axis=1)
            np.testing.assert_array_equal(count_outcomes(alone, kind)[:, 0], expected)
            np.testing.assert_array_equal(count_outcomes(whole, kind)[:, 1], expected)


def test_regions_without_annotation_absorb_what_touches_them():
    for seed in range(10):
        scene = toy(seed, Rules(ov.iou))
        others = toy(seed + 100, Rules(ov.iou)).truth
        sets, unsure = members(scene.found), members(others)
        for any_label in (True, False):
            near = touched(ov.iou, scene.found, others, 0.5, any_label=any_label)
            for i in range(len(sets)):
                expected = any(
                    len(sets[i] & unsure[j]) / len(sets[i] | unsure[j]) >= 0.5
                    for j in range(len(unsure))
                    if others.item[j] == scene.found.item[i]
                    and (any_label or others.label[j] == scene.found.label[i])
                )
                assert near[i] == expected


# -------------------------------------------------------------------------------------- curves


def plain_average(hits, positives, rule):
    """AP of one class from its counted detections, best first."""
    true = np.cumsum(hits)
    seen = np.arange(1, len(hits) + 1) + rule.spacing
    recall, precision = true / positives, true / seen
    if rule.kind == "raw":
        return sum(p for p, hit in zip(precision, hits, strict=True) if hit) / positives
    if rule.kind == "grid":
        return np.mean([max(precision[recall >= x], default=0.0) for x in rule.recalls])
    steps = [0.0, *recall]
    return sum((b - a) * max(precision[recall >= b]) for a, b in pairwise(steps) if b > a)


@pytest.mark.parametrize(
    "rule",
    [
        CurveRule(),
        CurveRule("raw"),
        CurveRule("grid", tuple(np.linspace(0, 1, 11))),
        CurveRule("grid", tuple(0.01 * np.arange(101)), spacing=0.5),
    ],
    ids=lambda rule: f"{rule.kind}{len(rule.recalls)}",
)
def test_curve_rules_equal_their_definitions(rule):
    rng = np.random.default_rng(3)
    for _ in range(20):
        pointer = np.array([0, 12, 12, 20])
        outcome = rng.choice([FALSE, TRUE, IGNORED], (2, 20))
        positives = np.array([[9, 4], [0, 0], [3, 6]])
        items = rng.integers(0, 2, (1, 20))
        ranking = Ranking.of(outcome, pointer, items, positives_of(positives))
        value = average_precision(ranking, rule)
        assert np.isnan(value[:, 1]).all()
        true = count_outcomes(ranking, TRUE)
        for t in range(2):
            for c in (0, 2):
                row = outcome[t, pointer[c] : pointer[c + 1]]
                hits = row[row != IGNORED] == TRUE
                assert value[t, c] == pytest.approx(plain_average(hits, positives[c].sum(), rule))
                assert true[t, c] == hits.sum()
                assert final_recall(ranking)[t, c] == hits.sum() / positives[c].sum()
        if rule.recalls:
            samples = sampled_precision(ranking, rule)
            np.testing.assert_allclose(samples.mean(axis=-1), value, rtol=1e-13)
        weights = rng.integers(1, 3, (5, 2)).astype(float)
        for weight, values in zip(weights, final_recall(ranking, weights), strict=True):
            hits = (outcome == TRUE) * weight[ranking.item[0]]
            assert values[1, 2] == hits[1, 12:].sum() / (positives[2] @ weight)


# ----------------------------------------------------------------------------- boxes in images


@scalar
def _coco_iou(a, i, b, j, parameters):
    width = min(a[0][i] + a[2][i], b[0][j] + b[2][j]) - max(a[0][i], b[0][j])
    height = min(a[1][i] + a[3][i], b[1][j] + b[3][j]) - max(a[1][i], b[1][j])
    if width <= 0.0 or height <= 0.0:
        return 0.0
    shared, area = width * height, a[2][i] * a[3][i]
    if b[4][j] > 0.0:
        return shared / area
    return shared / (area + b[2][j] * b[3][j] - shared)


AREAS = {"all": (0, 1e10), "small": (0, 32**2), "medium": (32**2, 96**2), "large": (96**2, 1e10)}
STRATA = tuple(
    Stratum(name, (Range("area", *ends),), (Range("area", *ends),)) for name, ends in AREAS.items()
)
COCO = Rules(
    Ratio(_coco_iou),
    RULES["coco"][0],
    CurveRule("grid", tuple(np.linspace(0, 1, 101)), spacing=np.spacing(1)),
    "item",
    Limits(per_item_and_label=100),
    STRATA,
)
COCO = replace(COCO, match=replace(COCO.match, ignored=("crowd",)))
COCO_THRESHOLDS = np.linspace(0.5, 0.95, 10)


def coco_scene(truth, found, rules):
    """Tables of COCO's dictionaries, ready to be ranked."""
    items = {x: k for k, x in enumerate(sorted(image["id"] for image in truth["images"]))}
    labels = {x: k for k, x in enumerate(sorted(entry["id"] for entry in truth["categories"]))}

    def table(rows, areas, confidence, crowd):
        boxes = np.array([row["bbox"] for row in rows], dtype=float).reshape(-1, 4)
        columns = (*np.ascontiguousarray(boxes.T), crowd.astype(float))
        if not isinstance(rules.measure, Ratio):
            columns = ov.Boxes.from_xywh(boxes)
        return Table(
            np.array([items[row["image_id"]] for row in rows], dtype=np.int64),
            np.array([labels[row["category_id"]] for row in rows], dtype=np.int64),
            np.arange(len(rows)),
            confidence,
            columns,
            {"crowd": crowd},
            {"area": areas},
        )

    truths = truth["annotations"]
    crowd = np.array([row["iscrowd"] == 1 for row in truths], dtype=bool)
    right = table(truths, np.array([row["area"] for row in truths], dtype=float), None, crowd)
    score = np.array([row["score"] for row in found], dtype=float)
    area = np.array([row["bbox"][2] * row["bbox"][3] for row in found], dtype=float)
    left = table(found, area, score, np.zeros(len(found), dtype=bool))
    return scene_of(
        rules, left, right, np.minimum(COCO_THRESHOLDS, 1 - 1e-10), len(labels), len(items)
    )


def coco_numbers(scene):
    """COCO's twelve: means over thresholds, classes and recalls of what is defined."""
    rankings = {name: part.ranked().ranking for name, part in scene.strata().items()}

    def mean(values):
        values = values[~np.isnan(values)]
        return np.mean(values) if len(values) else -1.0

    def precision(area, levels=slice(None)):
        samples = sampled_precision(rankings[area], scene.rules.curve)
        return mean(samples[levels].transpose(0, 2, 1))

    def recall(area, most=None):
        if most is None:
            return mean(final_recall(rankings[area]))
        few = scene.limited(Limits(per_item_and_label=most)).within(STRATA[0])
        return mean(final_recall(few.ranked().ranking))

    return [
        precision("all"), precision("all", slice(0, 1)), precision("all", slice(5, 6)),
        precision("small"), precision("medium"), precision("large"),
        recall("all", 1), recall("all", 10), recall("all"),
        recall("small"), recall("medium"), recall("large"),
    ]  # fmt: skip


def test_boxes_in_images_by_the_rules_of_coco():
    """Every digit of pycocotools' numbers, with the ratio of its own arithmetic."""
    for seed in range(25):
        truth, found = random_boxes(seed)
        np.testing.assert_array_equal(
            coco_numbers(coco_scene(truth, found, COCO)),
            pycocotools_numbers(truth, found),
            str(seed),
        )


@pytest.mark.reference
@pytest.mark.parametrize("measure", [Ratio(_coco_iou), WithCrowds(ov.iou, ov.coverage)])
def test_the_twelve_numbers_of_coco(reference_data, measure):
    folder = reference_data / "boxes" / "coco_val2014_100"
    truth = json.loads((folder / "instances_val2014_100.json").read_text())
    found = json.loads((folder / "instances_val2014_fakebbox100_results.json").read_text())
    known = {image["id"] for image in truth["images"]}
    assert {row["image_id"] for row in found} <= known
    numbers = coco_numbers(coco_scene(truth, found, replace(COCO, measure=measure)))
    published = [
        0.5045806987249628, 0.6969727247299577, 0.5729816669904824, 0.5856257209410443,
        0.5193996948036719, 0.5013978986347466, 0.38681277964578054, 0.5936795762842003,
        0.595352982877607, 0.6398109626113442, 0.5664205978994309, 0.5642905982905982,
    ]  # fmt: skip
    np.testing.assert_array_equal(numbers, published)


@scalar
def _pixel_iou(a, i, b, j, parameters):
    """Boxes of inclusive pixels, as in VOC."""
    width = min(a[2][i], b[2][j]) - max(a[0][i], b[0][j]) + 1.0
    height = min(a[3][i], b[3][j]) - max(a[1][i], b[1][j]) + 1.0
    if width <= 0.0 or height <= 0.0:
        return 0.0
    shared = width * height
    area = (a[2][i] - a[0][i] + 1.0) * (a[3][i] - a[1][i] + 1.0)
    other = (b[2][j] - b[0][j] + 1.0) * (b[3][j] - b[1][j] + 1.0)
    return shared / (area + other - shared)


@pytest.mark.reference
@pytest.mark.parametrize(
    ("curve", "published"),
    [
        (
            CurveRule("grid", tuple(np.linspace(0, 1, 11))),
            [0.3333333333, 0.2683982683, 0.0303030303, 0.0],
        ),
        (CurveRule(), [0.3371980676, 0.2456866804, 0.0222222222, 0.0]),
    ],
    ids=["11 points", "all points"],
)
def test_the_numbers_of_padilla(reference_data, curve, published):
    """VOC's rule: a detection is compared with its best truth alone, taken or not."""

    def table(folder):
        rows = [
            (int(path.stem), *map(float, line.split()[1:]))
            for path in sorted((reference_data / "boxes" / "padilla_voc" / folder).iterdir())
            for line in path.read_text().splitlines()
        ]
        values = np.array(rows)
        x, y, width, height = values[:, -4:].T
        confidence = values[:, 1] if values.shape[1] == 6 else None
        item = values[:, 0].astype(np.int64) - 1
        columns = x, y, x + width, y + height
        return Table(item, np.zeros_like(item), np.arange(len(item)), confidence, columns)

    rules = Rules(Ratio(_pixel_iou), MatchRule(fallback=False), curve)
    scene = scene_of(rules, table("dets"), table("gts"), (0.1, 0.3, 0.5, 0.75), 1, 7)
    assert (len(scene.found), len(scene.truth)) == (24, 15)
    np.testing.assert_allclose(scene.ranked().precision()[:, 0], published, atol=1e-10)


# ---------------------------------------------------------------------------------------- ties

GRIDS = {
    "raw": CurveRule("raw"),
    "all points": CurveRule(),
    "101": CurveRule("grid", tuple(np.linspace(0, 1, 101))),
    "11": CurveRule("grid", tuple(k / 10 for k in range(11))),
}


def tied_scene(runs, positives, rule):
    """Runs of (detections, true ones) of equal confidence, each true one in its own item."""
    size, true = np.array(runs).T
    count, hits = int(size.sum()), int(true.sum())
    is_true = np.concatenate([np.arange(n) < t for n, t in runs])
    item = np.full(count, positives)
    item[is_true] = np.arange(hits)
    confidence = -np.repeat(np.arange(len(runs)), size).astype(float)
    zeros = np.zeros(count, int)
    found = Table(item, zeros, np.arange(count), confidence, (np.zeros(count),))
    there = np.arange(positives)
    truth = Table(there, np.zeros(positives, int), there, None, (np.zeros(positives),))
    rules = Rules(Ratio(_distance, (), distance=True), curve=rule)
    return scene_of(rules, found, truth, (0.5,), 1, positives + 1)


@pytest.mark.parametrize(
    ("name", "share"),
    [
        ("raw", 27983 / 45360),
        ("all points", 56941 / 90720),
        ("101", 479251 / 763560),
        ("11", 104387 / 166320),
    ],
)
@pytest.mark.slow  # to compile
def test_mean_over_orders_of_ties_in_fractions(name, share):
    """Enumerated in fractions: runs of 1, 4, 2 and 3 detections with 1, 2, 1, 1 true of 6."""
    ranked = tied_scene([(1, 1), (4, 2), (2, 1), (3, 1)], 6, GRIDS[name]).ranked()
    assert expected_precision(ranked)[0, 0] == pytest.approx(share, abs=1e-14)


@pytest.mark.parametrize("name", GRIDS)
def test_mean_over_orders_of_ties_is_that_of_all_orders(name):
    rng = np.random.default_rng(4)
    for _ in range(12):
        size = rng.integers(1, 5, 2)
        runs = [(int(n), int(rng.integers(0, n + 1))) for n in size]
        scene = tied_scene(runs, 1 + sum(t for _, t in runs), GRIDS[name])
        ranked = scene.ranked()
        assert not shared_candidates(ranked).any()
        values = []
        for one in permutations(range(size[0])):
            for other in permutations(range(size[0], size.sum())):
                order = np.array([*one, *other])
                given = ranked.ranking
                ranking = Ranking.of(
                    given.outcome[:, order],
                    given.pointer,
                    np.ascontiguousarray(given.item[:, order]),
                    given.positives,
                )
                values.append(scene.precision(ranking)[0, 0])
        expected = expected_precision(ranked)[0, 0]
        assert expected == pytest.approx(np.mean(values), abs=1e-13)
        spread = tie_spread(ranked, ranked.precision(), 4)
        assert spread["low"].min() == pytest.approx(min(values), abs=1e-13)
        assert spread["high"].max() == pytest.approx(max(values), abs=1e-13)


def test_detections_of_equal_confidence_that_want_one_truth_are_told():
    tables = [Table(*np.zeros((2, n), int), np.arange(n), c, (np.zeros(n),)) for n, c in (
        (2, np.ones(2)), (1, None),
    )]  # fmt: skip
    rules = Rules(Ratio(_distance, (), distance=True))
    assert shared_candidates(scene_of(rules, *tables, (0.5,), 1, 1).ranked()).tolist() == [[True]]


# --------------------------------------------------------------------------------------- rules


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MatchRule(method="best"), "method = 'best' is not one of 'greedy', 'optimal'"),
        (lambda: MatchRule(prefers="confidence"), "set chooser='truth'"),
        (lambda: CurveRule("area"), "kind = 'area' is not one of"),
        (lambda: CurveRule("grid"), "'grid' with recalls = "),
        (lambda: CurveRule("raw", (0.5,)), "'raw' with recalls = "),
        (lambda: Limits(per_item=-1), "per_item = -1 is not a whole number >= 0, or None"),
        (lambda: Range("area", closed="all"), "closed = 'all' is not 'both', 'left'"),
        (lambda: Stratum("small", outside="keep"), "outside = 'keep' is not 'ignore' or 'drop'"),
        (lambda: Rules(ov.iou, ties="random"), "ties = 'random' is not one of 'argsort_reversed'"),
        (
            lambda: Rules(Ratio(_distance, (), True), MatchRule(method="optimal")),
            "the measure is a distance",
        ),
        (
            lambda: toy(0, Rules(ov.iou)).within(Stratum("small", (Range("area"),))),
            "there is no size 'area' of the regions; there are 'size'",
        ),
    ],
)
def test_bad_rules_say_what_was_wanted(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_rules_are_values():
    """Protocols are compared, hashed, and sent to other processes."""
    for rules in (COCO, Rules(WithCrowds(ov.iou, ov.coverage), ties="item")):
        again = pickle.loads(pickle.dumps(rules))
        assert again == rules
        assert hash(again) == hash(rules)
        assert replace(rules, ties="file") != rules


# ------------------------------------------------------------------------------------ evidence


class OfTexts(RankingEvidence):
    unit = "texts"


def test_evidence_of_words():
    """Numbers, intervals and rows of a kind of region that no evaluator here has."""
    for seed in range(8):
        scene = toy(seed, Rules(ov.iou, ties="item", curve=CurveRule("raw")), (0.2, 0.5, 0.75))
        evidence = OfTexts(scene.ranked(), *reported_precision(scene.ranked(), "official"))
        numbers = {number.name: number for number in evidence.numbers()}
        ones = evidence.statistics(np.ones((1, ITEMS)))
        assert list(numbers) == list(ones) == ["mAP", "mAP@0.20", "mAP@0.50", "mAP@0.75"]
        for name, number in numbers.items():
            assert number.value == pytest.approx(ones[name][0])
        low, high = numbers["mAP"].ties
        assert low <= numbers["mAP"].value <= high
        rows = evidence.rows(Intervals())
        assert [row["iou"] for row in rows[:3]] == [0.2, 0.5, 0.75]
        outcomes = evidence.outcomes(np.arange(len(scene.truth)))
        for row in rows:
            here = scene.found.label == scene.labels.index(row["class"])
            true = outcomes[f"outcome@{row['iou']:.2f}"][here] == "true"
            assert row["n_true"] == true.sum()
            assert row["n_true"] + row["n_false"] == row["n_found"] == here.sum()
    with pytest.raises(ValueError, match=r"IoU 0\.3 is not one of the thresholds 0\.20, 0\.50"):
        evidence.curve("c0", 0.3)
    weights = np.array([[1.0, 0.0, 2.0, 0.0]])
    assert set(evidence.statistics(weights)) == set(numbers)


def test_classes_without_a_truth_are_left_out_of_the_mean():
    scene = toy(3, Rules(ov.iou))
    rows = np.flatnonzero(scene.truth.label == 0)
    part = scene_of(scene.rules, scene.found, rows_of(scene.truth, rows), THRESHOLDS)
    alone = part.only(np.array([0]))
    both, one = (OfTexts(x.ranked(), *reported_precision(x.ranked(), "official"))
                 for x in (part, alone))  # fmt: skip
    assert both.numbers() == one.numbers()
    assert np.isfinite(both.numbers()[0].value)


# ------------------------------------------------------------------- large inputs, by blocks


@pytest.mark.parametrize("way", ["in order", "shuffled", "far apart"])
@pytest.mark.parametrize("size", [0, 1, 7, 200])
def test_groups_end_where_a_search_finds_them(way, size, monkeypatch):
    monkeypatch.setattr(pairs_of, "_ROWS", 16)
    rng = np.random.default_rng(size)
    for _ in range(20):
        step = 10**9 if way == "far apart" else 1
        codes = np.sort(rng.integers(-2, 60, size).clip(-1)) * step
        ordered = np.sort(rng.integers(-1, 50, size // 2)) * step
        codes = np.maximum(rng.permutation(codes) if way != "in order" else codes, -1)
        first, last = pairs_of._group_ends(np.maximum(ordered, -1), codes)
        inside = codes >= 0
        for side, ends in (("left", first), ("right", last)):
            expected = np.searchsorted(ordered, codes, side=side)
            np.testing.assert_array_equal(ends[inside], expected[inside])


def test_spans_of_rows_in_order_are_many_and_else_one(monkeypatch):
    monkeypatch.setattr(pairs_of, "_ROWS", 10)
    codes = np.arange(100)
    spans = pairs_of._spans(codes)
    assert [(low, high) for _, low, high in spans] == [(k, k + 9) for k in range(0, 100, 10)]
    assert len(pairs_of._spans(np.random.default_rng(0).permutation(codes))) == 1
    codes[:25] = -1  # of no group
    assert [low for _, low, _ in pairs_of._spans(codes)[:4]] == [0, 0, 25, 30]


@pytest.mark.parametrize("ties", ["argsort_reversed", "argsort_negated"])
@pytest.mark.parametrize("values", [10**9, 3000, 1])
def test_orders_of_many_confidences_are_those_of_numpy(ties, values, monkeypatch):
    monkeypatch.setattr(scene_module, "_MANY", 100)
    rng = np.random.default_rng(values)
    confidence = rng.integers(0, values, 20_000) / values
    expected = confidence.argsort()[::-1] if ties == "argsort_reversed" else (-confidence).argsort()
    np.testing.assert_array_equal(scene_module._ranks(confidence, ties), expected)


def test_repeats_and_columns_are_what_they_say(monkeypatch):
    monkeypatch.setattr(scene_module, "_AT_ONCE", 8)
    rng = np.random.default_rng(5)
    for size in (0, 1, 2, 8, 9, 100):
        place = np.arange(size)
        found = Table(
            rng.integers(0, ITEMS, size), rng.integers(-1, LABELS, size), place,
            rng.integers(0, 5, size).astype(float), ov.Intervals(np.zeros((size, 2))),
        )  # fmt: skip
        scene = scene_of(Rules(ov.iou), found, rows_of(found, place[:0]), THRESHOLDS)
        visit = scene.order("file")[0]
        label, score = found.label[visit], scene.confidence[visit]
        expected = (label[1:] == label[:-1]) & (score[1:] == score[:-1])
        np.testing.assert_array_equal(scene.repeats(visit), expected)
        runs = np.append(0, np.cumsum(~expected))[: len(visit)]
        np.testing.assert_array_equal(scene.blocks(visit), runs)
        column = np.full(size, -1)
        column[visit] = np.arange(len(visit))
        for count in (0, 1, 3, size):
            some = rng.integers(0, max(size, 1), count if size else 0)
            for few in (1, 10**9):
                monkeypatch.setattr(scene_module, "_FEW", few)
                along = scene_module._Along(visit, size)
                np.testing.assert_array_equal(along.columns(some), column[some])


def test_listed_positives_are_those_of_a_table(monkeypatch):
    rng = np.random.default_rng(6)
    for shape in ((3, 5), (1, 1), (0, 4), (2, 0)):
        counts = rng.integers(0, 3, shape)
        positives = positives_of(counts)
        np.testing.assert_array_equal(positives.by_class, counts.sum(axis=1))
        for cells in (1, 2 * shape[1], 10**6):  # a class at a time, two, all
            monkeypatch.setattr("overlap.evaluate._ranking.positives._CELLS", cells)
            np.testing.assert_array_equal(positives.items_by_class(), (counts > 0).sum(axis=1))
        weights = rng.integers(0, 4, (6, shape[1])).astype(float)
        np.testing.assert_array_equal(positives.drawn(weights), weights @ counts.T)
