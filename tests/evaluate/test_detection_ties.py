"""Numbers over all orders of equal confidences, beside every permutation of small sets."""

from __future__ import annotations

import math
from itertools import permutations, product

import numpy as np
import pytest

import overlap as ov
from overlap.evaluate import DETECTION_PROTOCOLS, Detections, detection

COCO = DETECTION_PROTOCOLS["coco"].with_fields(thresholds=(0.5, 0.75))
PROTOCOLS = {
    "101": COCO,
    "11": COCO.with_fields(recalls=tuple(k / 10 for k in range(11))),
    "all points": COCO.with_fields(interpolation="all_points", recalls=()),
    "raw": COCO.with_fields(interpolation="raw", recalls=()),
}


def tied_set(seed):
    """Detections of two confidences near truths, crowds and truths of either size, and alone."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(2, 7))
    low = 100.0 * np.arange(count)[:, None] * [1, 0]
    truth = np.hstack([low, low + rng.choice([20.0, 40.0], (count, 2))])
    item, label = rng.integers(0, 2, count), rng.integers(0, 2, count)
    crowd = rng.random(count) < 0.2
    near = rng.permutation(count)
    found = truth[near] + rng.choice([0.0, 0.0, 3.0, 500.0], (count, 1))
    extra = int(rng.integers(0, 3))
    again = near[rng.integers(0, count, extra)]
    found = np.vstack([found, truth[again] + 1.0])
    near = np.append(near, again)
    return (
        Detections.of(item, label, ov.Boxes(truth), crowd=crowd, items=(0, 1), labels=(0, 1)),
        Detections.of(item[near], label[near], ov.Boxes(found), rng.integers(0, 2, len(near)),
                      items=(0, 1), labels=(0, 1)),
    )  # fmt: skip


def in_all_orders(report):
    """AP at each threshold of each area over all orders of equal confidences of each class."""
    evidence = report.evidence
    result = {}
    found = evidence.scene.found
    rows = np.arange(len(found))
    groups = [
        rows[(found.label == c) & (found.confidence == s)]
        for c in range(2) for s in np.unique(found.confidence)
    ]  # fmt: skip
    if math.prod(math.factorial(len(group)) for group in groups) > 200:
        return None
    for area in evidence.protocol.areas[:3]:
        scene = evidence.scene.within(
            next(one for one in evidence.scene.rules.strata if one.name == area.name)
        )
        positives, values = scene.positives(), []
        for orders in product(*(permutations(group) for group in groups)):
            place = np.empty(len(found), np.int64)
            place[np.concatenate([np.array(order, int) for order in orders])] = rows
            order = scene.order("shuffle", place)
            matched = scene.match(order[0], scene.pairs.candidate)
            matched = matched[1] if isinstance(matched, tuple) else matched
            values.append(scene.precision(scene.rank(*order, matched, positives)))
        values = np.array(values)
        known = ~np.isnan(values[0]).any(axis=0)
        result[area.name] = values[:, :, known]
    return result


@pytest.mark.parametrize("name", PROTOCOLS)
@pytest.mark.parametrize("seeds", [range(6), pytest.param(range(6, 131), marks=pytest.mark.slow)])
def test_every_permutation(name, seeds):
    known = 0
    for seed in seeds:
        truth, found = tied_set(seed)
        report = detection(truth=truth, found=found, protocol=PROTOCOLS[name], ties="expected")
        all_orders = in_all_orders(report)
        if all_orders is None:
            continue
        for statistic, levels, area in (
            ("AP", [0, 1], "all"), ("AP50", [0], "all"), ("AP75", [1], "all"),
            ("AP[small]", [0, 1], "small"), ("AP[medium]", [0, 1], "medium"),
        ):  # fmt: skip
            values = all_orders[area][:, levels]
            number = next(one for one in report.numbers if one.name == statistic)
            if not values.shape[2]:
                assert np.isnan(number.value)
                continue
            orders = report.evidence.orders(area)
            drawn = report.evidence.has_ties and orders.sampled.any()
            known += not drawn
            means = values.mean(axis=(1, 2))
            assert number.value == pytest.approx(means.mean(), abs=0.15 if drawn else 1e-12)
            ends = number.ties or (number.value, number.value)
            if drawn:
                continue
            if len(levels) == 1:
                np.testing.assert_allclose(ends, (means.min(), means.max()), rtol=0, atol=1e-12)
            assert ends[0] <= means.min() + 1e-12
            assert ends[1] >= means.max() - 1e-12
    assert known >= len(seeds) // 2
