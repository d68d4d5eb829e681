"""Weighted average precision, and intervals that hold what they promise."""

from __future__ import annotations

import numpy as np
import pytest

from overlap.evaluate import PROTOCOLS, mean_interval, temporal
from overlap.evaluate.bootstrap import draw_weights, resampled_interval
from overlap.evaluate.ranking import INTERPOLATIONS, Ranking, average_precision

from .helpers import frames, random_scene


def random_ranking(rng):
    classes, videos, per_class = 3, 6, 15
    count = classes * per_class
    return Ranking(
        rng.choice([0, 1, 2], size=(2, count), p=[0.5, 0.35, 0.15]).astype(np.uint8),
        np.arange(classes + 1) * per_class,
        rng.integers(0, videos, (1, count)),
        rng.integers(8, 12, (classes, videos)).astype(float),
    )


def copied(ranking, weight):
    """The ranking of a data set in which each video stands as often as its weight says."""
    copies = weight.astype(int)[ranking.item[0]]
    label = np.repeat(np.arange(3), np.diff(ranking.pointer))
    return Ranking(
        np.repeat(ranking.outcome, copies, axis=1),
        np.searchsorted(np.repeat(label, copies), np.arange(4)),
        np.repeat(ranking.item, copies, axis=1),
        ranking.positives * weight,
    )


@pytest.mark.kernels
@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
def test_weights_are_copies(interpolation):
    rng = np.random.default_rng(0)
    grid = tuple(np.linspace(0, 1, 11))
    for _ in range(20):
        ranking = random_ranking(rng)
        weights = draw_weights(6, 4, rng)
        weighted = average_precision(ranking, interpolation, grid, weights)
        for weight, value in zip(weights, weighted, strict=True):
            expected = average_precision(copied(ranking, weight), interpolation, grid)
            np.testing.assert_allclose(value, expected, rtol=0, atol=1e-12)


@pytest.mark.kernels
def test_a_class_without_truth_is_undefined_and_one_without_hits_is_zero():
    ranking = Ranking(
        np.zeros((1, 2), np.uint8),
        np.array([0, 1, 2]),
        np.zeros((1, 2), int),
        np.array([[1.0], [0.0]]),
    )
    value = average_precision(ranking, "all_points")[0]
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
    truth, found = frames(*random_scene(4))
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
    truth, found = frames(*random_scene(4))
    few = temporal(truth=truth, found=found, iou=0.3, bootstrap=20)
    assert any("too narrow" in note for note in few.settings["notes"])
    rows = [(f"v{k}", "a", 0.0, 1.0) for k in range(200)]
    truth, found = frames(rows, [(*row, 0.5 + k / 1000) for k, row in enumerate(rows)])
    many = temporal(truth=truth, found=found, iou=0.3, bootstrap=20)
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
        ([0.5, 0.5, 0.5], 0.5, 0.5),
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
    ],
)
def test_mean_interval_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        mean_interval(**arguments)


@pytest.mark.slow
@pytest.mark.parametrize("count", [20, 100])
def test_the_interval_of_a_mean_covers(count):
    """95 % intervals of a skewed per-video score hold its mean in 93 to 97 of 100 cases."""
    rng = np.random.default_rng(count)
    trials, hits = 2000, 0
    for _ in range(trials):
        interval = mean_interval(rng.beta(5, 2, count), resamples=499, rng=rng)
        hits += interval.low <= 5 / 7 <= interval.high
    assert 0.93 <= hits / trials <= 0.97


def test_progress_is_shown_when_asked_for(capsys):
    truth, found = frames(*random_scene(4))
    temporal(truth=truth, found=found, iou=0.3, bootstrap=300, progress=True)
    assert "bootstrap" in capsys.readouterr().err
    temporal(truth=truth, found=found, iou=0.3, bootstrap=300)
    assert capsys.readouterr().err == ""
