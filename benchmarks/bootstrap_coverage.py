"""Measure how honest the bootstrap intervals are, and write docs/guides/bootstrap.md.

Run ``python benchmarks/bootstrap_coverage.py`` (about fifteen minutes), or with ``--quick`` for
a look that writes nothing.
"""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Callable
from pathlib import Path

import numpy as np

from overlap.evaluate._ranking.curves import CurveRule, Ranking, average_precision
from overlap.evaluate._temporal.localization.wording import FEW_VIDEOS
from overlap.evaluate.bootstrap import (
    INTERVALS,
    LEAST_DRAWS,
    LEAST_ITEMS,
    draw_weights,
    mean_interval,
    resampled_interval,
    share_interval,
)

CLASSES = 20
RESAMPLES = 499
METHODS = ("percentile", "basic", "normal")
PAGE = Path(__file__).parents[1] / "docs" / "guides" / "bootstrap.md"


Draw = Callable[[np.random.Generator, int], np.ndarray]


def sometimes(usual: Draw, other: Draw) -> Draw:
    """One case in ten is another kind of case."""
    return lambda rng, n: np.where(rng.random(n) < 0.1, other(rng, n), usual(rng, n))


def missed(rng: np.random.Generator, count: int) -> np.ndarray:
    return np.zeros(count)


#: What is simulated: its name, how values are drawn, their mean, and their upper bound.
MEANS: tuple[tuple[str, Draw, float, float], ...] = (
    ("perfect, 1 of 10 missed", sometimes(lambda rng, n: np.ones(n), missed), 0.9, 1.0),
    ("about 0.9, 1 of 10 missed", sometimes(lambda rng, n: rng.beta(45, 5, n), missed), 0.81, 1.0),
    ("skewed, 1 of 10 missed", sometimes(lambda rng, n: rng.beta(5, 2, n), missed), 4.5 / 7, 1.0),
    ("skewed, close to 1", lambda rng, n: rng.beta(9, 1, n), 0.9, 1.0),
    ("about 0.9", lambda rng, n: rng.beta(45, 5, n), 0.9, 1.0),
    ("distance, skewed", lambda rng, n: np.exp(rng.normal(1.0, 0.8, n)), np.exp(1.32), np.inf),
    ("distance, very skewed", lambda rng, n: np.exp(rng.normal(1.0, 1.2, n)), np.exp(1.72), np.inf),
    (
        "distance, 3 mm, 1 of 10 about 40 mm",
        sometimes(lambda rng, n: rng.gamma(4, 0.75, n), lambda rng, n: rng.gamma(4, 10, n)),
        6.7,
        np.inf,
    ),
    (
        "distance, 0, 1 of 10 about 20 mm",
        sometimes(missed, lambda rng, n: rng.gamma(4, 5, n)),
        2.0,
        np.inf,
    ),
)


def coverage_of_mean(
    draw: Draw, truth: float, high: float, count: int, trials: int, resamples: int
) -> tuple[np.ndarray, np.ndarray]:
    """Coverage and median width of studentised, exact and percentile intervals of a mean."""
    rng = np.random.default_rng(count)
    ends = np.empty((trials, 3, 2))
    for k in range(trials):
        values = draw(rng, count)
        options = {"low": 0.0, "high": high, "resamples": resamples, "rng": rng}
        found = [mean_interval(values, method=name, **options) for name in INTERVALS]
        draws = draw_weights(count, resamples, rng) @ values / count
        ends[k, :2] = [(one.low, one.high) for one in found]
        ends[k, 2] = np.quantile(draws, [0.025, 0.975])
    # No interval (equal values without a bound) says nothing wrong, and covers everything.
    ends = np.where(np.isnan(ends), [-np.inf, np.inf], ends)
    covered = ((ends[..., 0] <= truth) & (truth <= ends[..., 1])).mean(axis=0)
    return covered, np.median(ends[..., 1] - ends[..., 0], axis=0)


def coverage_of_share(
    truth: float, chains: int, each: int, alike: float, trials: int, resamples: int
) -> np.ndarray:
    """Coverage of the binomial and of the percentile interval of a share, and zero shares.

    `alike` is the correlation of two residues of a chain; 0 means that residues are drawn.
    """
    rng = np.random.default_rng([chains, each])
    hits = np.zeros(3)
    total = chains * each
    for _ in range(trials):
        if alike:
            odds = (1.0 - alike) / alike
            own = rng.binomial(each, rng.beta(truth * odds, (1.0 - truth) * odds, chains))
            draws = draw_weights(chains, resamples, rng) @ own / total
            share, error = own.sum() / total, float(draws.std(ddof=1))
            one = share_interval("x", share, total, items=chains, error=error)
        else:
            share = rng.binomial(total, truth) / total
            draws = rng.binomial(total, share, resamples) / total
            one = share_interval("x", share, total, items=total)
        low, high = np.quantile(draws, [0.025, 0.975])
        hits += one.low <= truth <= one.high, low <= truth <= high, share == 0.0
    return hits / trials


def simulate(rng: np.random.Generator, videos: int, uneven: bool) -> Ranking:
    """Ranked outcomes of a detector: each video has one class, and its own difficulty.

    `uneven` as in THUMOS'14: 15 truths in a video on average, and a few have over 100.
    Otherwise there are about 9 in each, and videos differ less in difficulty.
    """
    label = rng.integers(0, CLASSES, videos)
    ease = (1.5 if uneven else 1.0) * rng.normal(size=videos) + np.linspace(-1, 1, CLASSES)[label]
    if uneven:
        truths = 1 + np.floor(np.exp(rng.normal(2.1, 1.0, videos))).astype(int)
    else:
        truths = 1 + rng.poisson(8, videos)
    hits = rng.binomial(truths, 1 / (1 + np.exp(-ease)))
    misses = rng.poisson(10, videos)
    astray = rng.poisson(5, videos)  # false positives in classes that the video has not
    video = np.arange(videos)
    item = np.concatenate([np.repeat(video, k) for k in (hits, misses, astray)])
    true = np.arange(len(item)) < hits.sum()
    guess = label[item]
    guess[len(item) - astray.sum() :] = rng.integers(0, CLASSES, astray.sum())
    score = rng.normal(size=len(item)) + np.where(true, 1.0 + 0.5 * ease[item], 0.0)
    order = np.lexsort((-score, guess))
    positives = np.zeros((CLASSES, videos))
    positives[label, video] = truths
    return Ranking.of(
        true[order].astype(np.uint8)[None],
        np.searchsorted(guess[order], np.arange(CLASSES + 1)),
        item[order][None],
        positives,
    )


def mean_ap(ranking: Ranking, weights: np.ndarray | None = None) -> np.ndarray:
    ap = average_precision(ranking, CurveRule(), weights)
    return np.nanmean(ap[..., 0, :], axis=-1)


def study_map(videos: int, uneven: bool, trials: int, resamples: int, limit: float) -> dict:
    """Bias of the mAP of few videos, and coverage of its intervals.

    Targets: the expected mAP of as many videos, and the mAP of endlessly many.
    """
    rng = np.random.default_rng([videos, uneven])
    estimates = np.empty(trials)
    ends = np.empty((trials, len(METHODS), 2))
    bias = np.empty(trials)
    for k in range(trials):
        ranking = simulate(rng, videos, uneven)
        estimates[k] = mean_ap(ranking)
        draws = mean_ap(ranking, draw_weights(videos, resamples, rng))
        for m, method in enumerate(METHODS):
            found = resampled_interval("mAP", estimates[k], draws, method=method)
            ends[k, m] = found.low, found.high
            bias[k] = found.bias
    expected = estimates.mean()
    covered = {
        name: ((ends[..., 0] <= target) & (target <= ends[..., 1])).mean(axis=0)
        for name, target in (("expected", expected), ("limit", limit))
    }
    return {
        "videos": videos,
        "estimate": expected,
        "deviation": estimates.std(ddof=1),
        "bias": expected - limit,
        "bootstrap_bias": bias.mean(),
        "covered": covered,
    }


def prose(text: str) -> list[str]:
    return textwrap.wrap(text, 98, subsequent_indent="  " if text.startswith("* ") else "")


def page(means: list, proportions: list, maps: list, trials: tuple[int, int]) -> str:
    lines = [
        "# How honest are the bootstrap intervals?",
        "",
        "This page is written by `python benchmarks/bootstrap_coverage.py`; do not edit it.",
        "",
        "Three different things get an interval, by three methods. An interval at 95 % should hold",
        "the number that it is about in 95 of 100 repetitions of the whole experiment. Here the",
        "experiments are simulated, so that this can be counted.",
        "",
        "No interval has an end that its number cannot have: every number knows its range.",
        f"Reports give none for fewer than {LEAST_ITEMS} items, refuse fewer than {LEAST_DRAWS}",
        "draws, and note an interval that leaves its own number out.",
        "",
        "## A mean of one number per case",
        "",
        *prose(
            "*Estimand*: the mean over all cases of which these are a sample. *Methods*, both "
            "in `overlap.evaluate.mean_interval`: *studentised*, the default, is the bootstrap "
            "of t, never narrower than Student's t, on a scale on which the number has no "
            "bounds (logit, or logarithm for distances); *exact* is Gaffke's interval, which "
            "allows for rare values at the bounds that no case has, and for only two values is "
            'that of Clopper and Pearson (`interval="exact"`). *Percentile*, the most frequent '
            "one in papers, is here for comparison."
        ),
        "",
        f"{trials[0]} trials each, {RESAMPLES} draws; coverage, and in brackets the median width:",
        "",
        "| values | cases | studentised | exact | percentile |",
        "|---|---|---|---|---|",
        *(
            f"| {name} | {n} | "
            + " | ".join(f"{100 * c:.1f} % ({w:.3g})" for c, w in zip(covered, width, strict=True))
            + " |"
            for name, n, (covered, width) in means
        ),
        "",
        "What follows:",
        "",
        *prose(
            "* What no case of the sample shows, an interval made of its spread does not know: "
            'of 10 cases "about 0.9, 1 of 10 missed", 35 of 100 samples have no miss and look '
            'like "about 0.9". Only the exact interval covers then. It costs width where there '
            "is nothing to be missed, and is narrower where there is. Reports with few cases "
            "say how frequent a failure can be that none of them shows."
        ),
        *prose(
            "* Nothing says how large the rare ones of a distance are, so that no method keeps "
            "its level for few cases. Where all are equal there is no interval, which counts as "
            "covering here."
        ),
        *prose(
            "* Where all values are 1, the lower end is that of as many successes of as many "
            "trials, such as 0.692 for 10 of 10. A percentile interval has no width there."
        ),
        "",
        "## A share of residues",
        "",
        *prose(
            "*Estimand*: the share of all residues of which these are a sample, such as that of"
            " outliers. *Method*: the exact binomial interval (Clopper and Pearson) for "
            "independent residues; where chains are drawn, for the effective number of residues"
            " that the draws of chains show (Korn and Graubard). 0 of 117 is 0.0 % (0.0 to 3.1 "
            "%), not 0.0 to 0.0."
        ),
        "",
        "| share | residues | alike | binomial covers | percentile covers | samples with none |",
        "|---|---|---|---|---|---|",
        *(
            f"| {100 * p:g} % | "
            + (f"{each} in each of {chains} chains" if alike else f"{chains * each}")
            + f" | {alike:g} | "
            + " | ".join(f"{100 * x:.1f} %" for x in shares)
            + " |"
            for (p, chains, each, alike), shares in proportions
        ),
        "",
        *prose(
            "*Alike* is the correlation of two residues of a chain. An exact interval covers in"
            " at least 95 of 100; for few residues it must be wider than that. For chains that "
            "are alike it is an approximation."
        ),
        "",
        "## A mean average precision",
        "",
        "*Estimand*: the mAP of another draw of as many videos of the same kind (its expected",
        "value). *Method*: percentile bootstrap. Videos are drawn with replacement, and the",
        "stored matches are re-weighted; a video drawn twice counts as two videos with the same",
        "predictions. This is exact, because matching never crosses a video. Classes without a",
        "truth in a draw are left out of its mean, and the report says how often that happened.",
        "",
        "An mAP is not a mean over videos: each precision counts the false positives of all",
        "other videos. So with few videos it is *biased* against the mAP of many, upwards where",
        "maxima in the precision envelope prevail, downwards where a few videos hold most",
        "truths. And the interval is *too narrow*: it sees only the videos that were drawn.",
        "",
        f"Two simulated detectors with {CLASSES} classes and one class per video; {trials[1]}",
        "trials, 95 % intervals. *Even*: about 9 truths in every video. *Uneven*: 15 on average,",
        "over 100 in a few, and larger differences of difficulty, as in THUMOS'14. The first",
        "three coverages are of the expected mAP of as many videos; the last is of the mAP of",
        "endlessly many.",
    ]
    for name, limit, rows in maps:
        lines += [
            "",
            f"{name}, mAP of endlessly many videos {limit:.4f}:",
            "",
            "| videos | per class | mean mAP | standard deviation | bias "
            "| bias seen by bootstrap | "
            + " | ".join(f"{method} covers" for method in METHODS)
            + " | percentile covers the mAP of many |",
            "|---|---|---|---|---|---|" + "---|" * (len(METHODS) + 1),
        ]
        for row in rows:
            shares = " | ".join(f"{100 * x:.1f} %" for x in row["covered"]["expected"])
            lines.append(
                f"| {row['videos']} | {row['videos'] // CLASSES} | {row['estimate']:.4f} "
                f"| {row['deviation']:.4f} | {row['bias']:+.4f} | {row['bootstrap_bias']:+.4f} "
                f"| {shares} | {100 * row['covered']['limit'][0]:.1f} % |"
            )
    lines += [
        "",
        "What follows:",
        "",
        "* The percentile interval is the one reported: the mirrored (basic) and the",
        "  bias-corrected normal ones cover less where videos are few.",
        "* A report with bootstrap intervals whose median class has truths in fewer than",
        f"  {FEW_VIDEOS} videos says that its interval is too narrow and its mAP biased.",
        "* The bias that the bootstrap sees is in the report's settings (`bootstrap.bias`). It is",
        "  not subtracted: it does not reliably have the size, or even the sign, of the true one.",
        "* Two systems on the same videos are compared far more sharply by",
        "  `overlap.evaluate.compare`, which draws the same videos for both, than by two intervals",
        "  side by side.",
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    trials = (100, 50) if quick else (2000, 600)
    means = [
        (name, n, coverage_of_mean(draw, truth, high, n, trials[0], RESAMPLES))
        for name, draw, truth, high in MEANS
        for n in (10, 20, 100)
    ]
    proportions = [
        (row, coverage_of_share(*row, trials[0], RESAMPLES))
        for row in (
            (0.02, 1, 20, 0.0), (0.02, 1, 100, 0.0), (0.02, 1, 117, 0.0), (0.1, 1, 20, 0.0),
            (0.1, 1, 100, 0.0), (0.005, 6, 150, 0.02), (0.005, 20, 150, 0.02),
            (0.02, 6, 150, 0.02), (0.02, 20, 150, 0.02), (0.02, 100, 150, 0.02),
        )
    ]  # fmt: skip
    maps = []
    for name, uneven in (("Even", False), ("Uneven", True)):
        limit = float(mean_ap(simulate(np.random.default_rng(0), 200_000, uneven)))
        sizes = (40, 100, 200, 400, 1000)
        rows = [study_map(n, uneven, trials[1], 400, limit) for n in sizes]
        maps.append((name, limit, rows))
    text = page(means, proportions, maps, trials)
    print(text)
    if not quick:
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
