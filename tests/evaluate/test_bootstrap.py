"""Weighted average precision, and intervals that hold what they promise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import overlap as ov
from overlap.evaluate import PROTOCOLS, mean_interval, temporal
from overlap.evaluate._comparison.significance import mean_difference
from overlap.evaluate._ranking.curves import CurveRule, Ranking, average_precision
from overlap.evaluate.bootstrap import (
    draw_weights,
    interval_notes,
    resampled_interval,
    share_interval,
)
from overlap.io import sample_path

from .helpers import frames, positives_of, random_scene, wide_scene

TRUTHS = "label", "item"


def random_ranking(rng):
    classes, videos, per_class = 3, 6, 15
    count = classes * per_class
    return Ranking.of(
        rng.choice([0, 1, 2], size=(2, count), p=[0.5, 0.35, 0.15]).astype(np.uint8),
        np.arange(classes + 1) * per_class,
        rng.integers(0, videos, (1, count)),
        positives_of(rng.integers(8, 12, (classes, videos))),
    )


def copied(ranking, weight):
    """The ranking of a data set in which each video stands as often as its weight says."""
    copies = weight.astype(int)[ranking.item[0]]
    label = np.repeat(np.arange(3), np.diff(ranking.pointer))
    positives = ranking.positives
    times = weight.astype(int)[positives.item]
    return Ranking.of(
        np.repeat(ranking.outcome, copies, axis=1),
        np.searchsorted(np.repeat(label, copies), np.arange(4)),
        np.repeat(ranking.item, copies, axis=1),
        replace(positives, **{x: np.repeat(getattr(positives, x), times) for x in TRUTHS}),
    )


@pytest.mark.kernels
@pytest.mark.parametrize("kind", ["all_points", "grid", "raw", "linear"])
def test_weights_are_copies(kind):
    rng = np.random.default_rng(0)
    grid = tuple(np.linspace(0, 1, 11))
    rule = CurveRule(kind, grid if kind in ("grid", "linear") else ())
    for _ in range(20):
        ranking = random_ranking(rng)
        weights = draw_weights(6, 4, rng)
        weighted = average_precision(ranking, rule, weights)
        for weight, value in zip(weights, weighted, strict=True):
            expected = average_precision(copied(ranking, weight), rule)
            np.testing.assert_allclose(value, expected, rtol=0, atol=1e-12)


@pytest.mark.kernels
def test_a_class_without_truth_is_undefined_and_one_without_hits_is_zero():
    ranking = Ranking.of(
        np.zeros((1, 2), np.uint8),
        np.array([0, 1, 2]),
        np.zeros((1, 2), int),
        positives_of(np.array([[1], [0]])),
    )
    value = average_precision(ranking, CurveRule())[0]
    assert value[0] == 0.0
    assert np.isnan(value[1])


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_unit_weights_give_the_estimate(protocol):
    for seed in range(10):
        truth, found = frames(*random_scene(seed))
        report = temporal(truth=truth, found=found, protocol=protocol, iou=[0.1, 0.5])
        ones = np.ones((1, len(report.evidence.items)))
        for name, value in report.evidence.statistics(ones).items():
            assert value[0] == pytest.approx(report.summary[name], abs=1e-12, nan_ok=True)


def test_intervals_are_reported_and_repeatable():
    truth, found = frames(*wide_scene(4))
    runs = [temporal(truth=truth, found=found, iou=0.3, bootstrap=60, rng=r) for r in (1, 1, 2)]
    assert runs[0].summary_items() == runs[1].summary_items()
    assert runs[0].summary_items() != runs[2].summary_items()
    summary = runs[0].summary
    assert summary["mAP low"] <= summary["mAP high"]
    assert runs[0].settings["bootstrap"]["resamples"] == 60
    assert "mAP of another draw" in runs[0].settings["bootstrap"]["estimand"]
    assert "percentile" in runs[0].settings["bootstrap"]["method"]
    assert {"low", "high"} <= set(runs[0].table.columns)


def test_few_videos_per_class_are_admitted():
    truth, found = frames(*wide_scene(4))
    few = temporal(truth=truth, found=found, iou=0.3, bootstrap=50)
    assert any("too narrow" in note for note in few.settings["notes"])
    rows = [(f"v{k}", "a", 0.0, 1.0) for k in range(200)]
    truth, found = frames(rows, [(*row, 0.5 + k / 1000) for k, row in enumerate(rows)])
    many = temporal(truth=truth, found=found, iou=0.3, bootstrap=50)
    assert not any("too narrow" in note for note in many.settings["notes"])


def test_methods_of_resampled_interval():
    draws = np.random.default_rng(0).normal(0.3, 0.1, 20_000)
    for method in ("percentile", "basic", "normal"):
        interval = resampled_interval("x", 0.3, draws, method=method)
        assert interval.low == pytest.approx(0.3 - 0.196, abs=0.01)
        assert interval.high == pytest.approx(0.3 + 0.196, abs=0.01)
    with pytest.raises(ValueError, match="'bca' is not one of"):
        resampled_interval("x", 0.3, draws, method="bca")


@pytest.mark.parametrize(
    ("values", "low", "high"),
    [
        ([0.5, 0.5, 0.5], np.nan, np.nan),
        ([0.5, 0.6], np.nan, np.nan),
        ([0.5], np.nan, np.nan),
        ([], np.nan, np.nan),
    ],
)
def test_mean_interval_without_spread(values, low, high):
    interval = mean_interval(values, rng=0)
    assert [interval.low, interval.high] == pytest.approx([low, high], nan_ok=True)


def test_mean_interval_shifts_and_scales_with_its_values():
    values = np.random.default_rng(3).beta(2, 1, 15)
    one = mean_interval(values, rng=5)
    other = mean_interval(1e6 + 10 * values, rng=5)
    assert (other.low - 1e6) / 10 == pytest.approx(one.low, abs=1e-6)
    assert (other.high - 1e6) / 10 == pytest.approx(one.high, abs=1e-6)
    assert mean_interval([*values, np.nan], rng=5) == one


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"values": [[1.0]]}, r"shape \(1, 1\)"),
        ({"values": [1.0, 2.0], "confidence_level": 95}, "confidence_level = 95"),
        ({"values": [1.0, 2.0], "resamples": 0}, "resamples = 0"),
        ({"values": [1.0, 2.0], "resamples": 199, "confidence_level": 0.99}, "200 or more"),
        ({"values": [2.0, 2.5, 3.0], "high": 1.0}, "the mean of mean is 2.5, outside its range"),
        ({"values": [1.0, 2.0], "low": 3.0, "high": 3.0}, "has no values inside"),
        ({"values": [1.0, 2.0], "method": "bca"}, "method = 'bca'"),
    ],
)
def test_mean_interval_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        mean_interval(**arguments)


# ------------------------------------------------------------------- inside the range of a number


def test_the_interval_of_a_ratio_stays_inside_and_holds_its_mean():
    """Nine perfect cases and one miss; ten perfect ones are ten of ten."""
    for seed in range(5):
        one = mean_interval([1.0] * 9 + [0.0], low=0.0, high=1.0, rng=seed)
        assert 0.0 < one.low < 0.9 < one.high < 1.0
        assert one.low == pytest.approx(0.4, abs=0.1)
        far = mean_interval([0.0] * 9 + [20.0], low=0.0, rng=seed)
        assert 0.0 < far.low < 2.0 < far.high < 60.0
    perfect = mean_interval([1.0] * 10, low=0.0, high=1.0)
    wanted = stats.binomtest(10, 10).proportion_ci(0.95, "exact")
    assert (perfect.low, perfect.high) == pytest.approx((wanted.low, wanted.high), rel=1e-12)
    # Without a second bound, equal values say nothing of how far the mean can be off.
    assert np.isnan(mean_interval([0.0] * 10, low=0.0).high)


@pytest.mark.parametrize(
    ("low", "high"), [(0.0, 1.0), (-1.0, 1.0), (0.0, np.inf), (-np.inf, 0.0), (-np.inf, np.inf)]
)
@pytest.mark.parametrize("method", ["studentised", "exact"])
def test_no_interval_leaves_its_range_or_its_mean_out(low, high, method):
    rng = np.random.default_rng(3)
    for _ in range(60):
        values = rng.beta(*rng.uniform(0.05, 3.0, 2), int(rng.integers(3, 30)))
        if rng.random() < 0.5:
            values = values.round()
        values[-1] = 1.0 - values[0]  # some spread
        least = max(low, -2.0)
        values = least + (min(high, 2.0) - least) * values
        one = mean_interval(values, low=low, high=high, method=method, resamples=99, rng=rng)
        assert low <= one.low <= values.mean() <= one.high <= high
        change = mean_difference(values, low=low, high=high)
        assert low <= change.low <= values.mean() <= change.high <= high


def test_a_range_is_mirrored_and_scaled():
    values = np.random.default_rng(1).beta(5, 1, 12)
    one = mean_interval(values, low=0.0, high=1.0, rng=2)
    turned = mean_interval(1.0 - values, low=0.0, high=1.0, rng=2)
    assert (1.0 - turned.high, 1.0 - turned.low) == pytest.approx((one.low, one.high), rel=1e-9)
    large = mean_interval(100.0 * values - 7.0, low=-7.0, high=93.0, rng=2)
    assert (large.low + 7.0, large.high + 7.0) == pytest.approx((100 * one.low, 100 * one.high))
    # Far from its bounds a number has the interval of one without.
    tame = np.random.default_rng(1).normal(0.5, 0.001, 12)
    free = mean_interval(tame, rng=2)
    near = mean_interval(tame, low=0.0, high=1.0, rng=2)
    assert (near.low, near.high) == pytest.approx((free.low, free.high), abs=1e-7)


def test_intervals_are_never_narrower_than_students():
    rng = np.random.default_rng(0)
    for _ in range(20):
        values = rng.normal(size=8)
        one = mean_interval(values, rng=rng)
        wanted = stats.ttest_1samp(values, 0.0).confidence_interval(0.95)
        assert one.low <= wanted.low + 1e-12
        assert one.high >= wanted.high - 1e-12


def test_the_exact_interval_of_two_values_is_clopper_and_pearsons():
    for hits, count in ((0, 5), (1, 10), (9, 10), (30, 60)):
        values = [1.0] * hits + [0.0] * (count - hits)
        one = mean_interval(values, low=0, high=1, method="exact", resamples=200_000, rng=1)
        wanted = stats.binomtest(hits, count).proportion_ci(0.95, "exact")
        assert (one.low, one.high) == pytest.approx((wanted.low, wanted.high), abs=0.004)


@pytest.mark.parametrize(("hits", "count"), [(0, 117), (1, 10), (9, 10), (117, 117), (3, 1000)])
def test_shares_of_independent_things_have_the_binomial_interval(hits, count):
    one = share_interval("outlier", hits / count, count, items=count)
    wanted = stats.binomtest(hits, count).proportion_ci(0.95, "exact")
    assert (one.low, one.high) == pytest.approx((wanted.low, wanted.high), abs=1e-12)


def test_shares_of_things_that_hang_together_have_wider_ones():
    alone = share_interval("x", 0.1, 200, items=200)
    error = np.sqrt(0.1 * 0.9 / 200)
    same = share_interval("x", 0.1, 200, items=20, error=error)
    twice = share_interval("x", 0.1, 200, items=20, error=2 * error)
    assert twice.low < same.low < alone.low < 0.1 < alone.high < same.high < twice.high
    none = share_interval("x", 0.0, 117, items=6, error=0.0)
    assert (none.low, none.high) == (0.0, pytest.approx(0.05, abs=0.01))
    assert np.isnan(share_interval("x", 0.5, 10, items=1, error=0.0).high)
    assert np.isnan(share_interval("x", np.nan, 0, items=9).high)


def test_draws_of_nothing_new_give_no_interval():
    one = resampled_interval("iou", 0.833, np.full(99, 0.833), items=1, low=0.0, high=1.0)
    assert np.isnan([one.low, one.high]).all()
    equal = resampled_interval("recall", 1.0, np.ones(99), items=12, low=0.0, high=1.0)
    wanted = stats.binomtest(12, 12).proportion_ci(0.95, "exact")
    assert (equal.low, equal.high) == pytest.approx((wanted.low, 1.0))
    seconds = resampled_interval("possession", 3.0, np.full(99, 3.0), items=12, low=0.0)
    assert np.isnan([seconds.low, seconds.high]).all()
    draws = np.random.default_rng(0).normal(0.9, 0.2, 999)
    for method in ("percentile", "basic", "normal"):
        within = resampled_interval("x", 0.9, draws, low=0.0, high=1.0, method=method)
        assert 0.0 <= within.low < within.high <= 1.0
    (said,) = interval_notes([one])
    assert said.startswith("no interval of iou: draws of so few")
    (said,) = interval_notes([resampled_interval("mAP", 0.9, draws - 0.5, items=9)])
    assert "leaves the number itself out" in said
    assert "mAP 0.9 (" in said
    assert interval_notes([equal]) == []


@pytest.mark.parametrize("draws", [-5, 1, 10, 49, 1.5, "many", True, np.nan, np.inf])
def test_too_few_draws_are_refused_everywhere(draws):
    truth, found = frames(*wide_scene(4))
    angles = sample_path("angles_found")
    library = ov.PeriodicGrid(np.full((9, 9), 0.5), quantity="rank")
    players = pd.DataFrame({"frame": [0], "track": 1, "x0": 0.0, "y0": 0, "x1": 2, "y1": 4})
    for run in (
        lambda n: temporal(truth=truth, found=found, bootstrap=n),
        lambda n: ov.evaluate.segmentation(truth=[[1]], found=[[1]], bootstrap=n),
        lambda n: ov.evaluate.conformation(truth=angles, found=angles, bootstrap=n),
        lambda n: ov.evaluate.ramachandran(truth=library, found=angles, bootstrap=n),
        lambda n: ov.evaluate.possession(
            players=players, ball=players.drop(columns="track"), fps=1, bootstrap=n
        ),
    ):
        with pytest.raises(ValueError, match=r"bootstrap = .*; wanted a whole number of draws, 50"):
            run(draws)
    report = temporal(truth=truth, found=found)
    with pytest.raises(ValueError, match=r"compare: resamples = .*; wanted a whole number"):
        ov.evaluate.compare(report, report, resamples=draws)


def test_few_items_have_no_interval_and_the_report_says_so():
    truth, found = frames(
        [(f"v{k}", "a", 0.0, 4.0) for k in range(4)],
        [(f"v{k}", "a", 0.0, 4.0 - k, 0.5) for k in range(4)],
    )
    report = temporal(truth=truth, found=found, iou=0.5, bootstrap=50)
    assert report.intervals == ()
    assert any("no intervals: there are 4 videos" in note for note in report.settings["notes"])


def test_a_perfect_class_has_the_interval_of_perfect_videos():
    rows = [(f"v{k}", "a", 0.0, 1.0) for k in range(12)] + [("v0", "b", 3.0, 4.0)]
    truth, found = frames(rows, [(*row, 0.5) for row in rows])
    report = temporal(truth=truth, found=found, iou=0.5, bootstrap=50)
    table = report.table.set_index("class")
    wanted = stats.binomtest(12, 12).proportion_ci(0.95, "exact")
    assert (table.loc["a", "low"], table.loc["a", "high"]) == pytest.approx((wanted.low, 1.0))
    assert np.isnan(table.loc["b", "low"])  # of one video


@pytest.mark.slow
@pytest.mark.parametrize("count", [20, 100])
def test_the_interval_of_a_mean_covers(count):
    """95 % intervals of a skewed per-video score hold its mean in 93 to 97 of 100 cases."""
    rng = np.random.default_rng(count)
    trials, hits = 2000, 0
    for _ in range(trials):
        interval = mean_interval(rng.beta(5, 2, count), low=0.0, high=1.0, resamples=499, rng=rng)
        hits += interval.low <= 5 / 7 <= interval.high
    assert 0.93 <= hits / trials <= 0.97


def test_progress_is_shown_when_asked_for(capsys):
    truth, found = frames(*wide_scene(4))
    temporal(truth=truth, found=found, iou=0.3, bootstrap=300, progress=True)
    assert "bootstrap" in capsys.readouterr().err
    temporal(truth=truth, found=found, iou=0.3, bootstrap=300)
    assert capsys.readouterr().err == ""
