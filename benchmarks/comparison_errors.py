"""Count false and missed alarms of comparisons, and draw the example of docs/guides/comparing.md.

Run ``python benchmarks/comparison_errors.py`` (a few minutes): it prints the table of the page
and writes docs/pictures/podium.png. ``--quick`` writes nothing, ``--picture`` only the picture.
"""

from __future__ import annotations

import argparse
from itertools import combinations
from pathlib import Path

import numpy as np

from overlap.evaluate import Report, compare, mean_interval
from overlap.evaluate._comparison.significance import holm, mean_difference, signed_rank
from overlap.evaluate.bootstrap import draw_weights, resampled_interval

PICTURE = Path(__file__).parents[1] / "docs" / "pictures" / "podium.png"
GAIN = 0.02
RULES = ("Student's t", "studentised bootstrap", "percentile", "signed rank", "two apart")


def dice(rng: np.random.Generator, reports: int, cases: int, missed: float) -> np.ndarray:
    """Dice of equally good methods: hard cases are hard for all; some structures are missed."""
    hard = rng.beta(14, 3, cases)
    values = np.clip(hard + rng.normal(0, 0.03, (reports, cases)), 0, 1)
    return np.where(rng.random(values.shape) < missed, 0.0, values)


def pair(cases: int, gain: float, missed: float, trials: int, seed: int) -> np.ndarray:
    """Share of experiments in which two methods are told apart, by each of `RULES`."""
    rng = np.random.default_rng(seed)
    alarms = np.zeros(len(RULES))
    for _ in range(trials):
        a, b = dice(rng, 2, cases, missed)
        a = np.where(a > 0, np.clip(a + gain, 0, 1), 0.0)
        change = a - b
        draws = draw_weights(cases, 999, rng) @ change / cases
        intervals = (
            mean_difference(change, low=-1.0, high=1.0),
            mean_interval(change, low=-1.0, high=1.0, resamples=999, rng=rng),
            resampled_interval("difference", float(change.mean()), draws),
        )
        one, other = (mean_interval(x, low=0.0, high=1.0, resamples=999, rng=rng) for x in (a, b))
        alarms += [
            *(not interval.low <= 0 <= interval.high for interval in intervals),
            signed_rank(change).p < 0.05,
            one.low > other.high or other.low > one.high,
        ]
    return alarms / trials


def family(reports: int, cases: int, trials: int, seed: int) -> np.ndarray:
    """Share of experiments with any false alarm among equal methods, plain and corrected."""
    rng = np.random.default_rng(seed)
    alarms = np.zeros(2)
    for _ in range(trials):
        values = dice(rng, reports, cases, 0.0)
        p = np.array([signed_rank(a - b).p for a, b in combinations(values, 2)])
        alarms += [(p < 0.05).any(), (holm(p) < 0.05).any()]
    return alarms / trials


def example() -> list[Report]:
    """Five invented reports on 30 cases and two labels."""
    rng = np.random.default_rng(5)
    reports = []
    hard = np.stack([rng.beta(30, 3, 30), rng.beta(9, 3, 30)])
    for loss, noise in zip((0.0, 0.01, 0.012, 0.03, 0.06), (2, 2, 4, 3, 3), strict=True):
        values = np.clip(hard - loss + rng.normal(0, 0.01 * noise, hard.shape), 0, 1)
        rows = tuple(
            {"case": f"case{n:02d}", "label": label, "metric": "dice", "value": float(value)}
            for label, row in zip(("liver", "tumor"), values, strict=True)
            for n, value in enumerate(row)
        )
        settings = {"metrics": {"dice": {"better": "higher", "low": 0.0, "high": 1.0}}}
        reports.append(Report((), rows, settings, "", None))
    return reports


def main() -> None:
    """Print the table; write the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few trials, nothing is written")
    parser.add_argument("--picture", action="store_true", help="the picture only")
    options = parser.parse_args()
    if not options.picture:
        print_table(options.quick)
    if not options.quick:
        names = ["alpha", "beta", "gamma", "delta", "epsilon"]
        figure = compare(*example(), names=names).plot()
        figure.savefig(PICTURE, dpi=68, pil_kwargs={"optimize": True})


def print_table(quick: bool) -> None:
    """Count alarms; with `quick`, in few experiments."""
    trials = 50 if quick else 1000
    print(f"| true gain | missed | cases | {' | '.join(RULES)} |")
    print("|---" * (3 + len(RULES)) + "|")
    for gain in (0.0, GAIN):
        for missed in (0.0, 0.05):
            for seed, cases in enumerate((10, 20, 50)):
                shares = pair(cases, gain, missed, trials, seed)
                cells = " | ".join(f"{100 * share:.1f} %" for share in shares)
                print(f"| {gain:g} | {100 * missed:.0f} % | {cases} | {cells} |", flush=True)
    for reports in (2, 5, 10):
        plain, corrected = family(reports, 30, trials, 7)
        print(f"{reports} equal reports: {100 * plain:.1f} % plain, {100 * corrected:.1f} % Holm")


if __name__ == "__main__":
    main()
