"""Count how often intervals of regions hold the true number, for docs/guides/ramachandran.md.

Run ``python benchmarks/conformation_coverage.py`` (about ten minutes), or with ``--quick`` for
few data sets. Angles are drawn from two known mixtures; the true number is that of 400,000 pairs
from each.
"""

from __future__ import annotations

import argparse

import numpy as np

import overlap as ov
from overlap.evaluate.bootstrap import resampled_interval

# share, then phi, psi and spread in degrees
FOUND = [(0.6, -63.0, -42.0, 12.0), (0.4, -110.0, 140.0, 20.0)]
TRUTH = [(0.5, -60.0, -38.0, 13.0), (0.4, -105.0, 145.0, 18.0), (0.1, 57.0, 42.0, 7.0)]
NUMBERS = ("iou[general favored]", "iou[general 0.9]", "density_overlap[general favored]")
METHODS = ("normal", "basic", "percentile")
DRAWS = 60


def angles(rng: np.random.Generator, parts: list, count: int) -> dict:
    """Draw pairs of angles from a mixture."""
    which = rng.choice(len(parts), count, p=[part[0] for part in parts])
    places = np.array([part[1:3] for part in parts])[which]
    drawn = rng.normal(places, np.array([part[3] for part in parts])[which, None])
    phi, psi = (drawn.T + 180.0) % 360.0 - 180.0
    return {"phi": phi, "psi": psi}


def report(rng: np.random.Generator, count: int) -> ov.evaluate.ConformationReport:
    """Compare drawn angles."""
    return ov.evaluate.conformation(
        found=angles(rng, FOUND, count), truth=angles(rng, TRUTH, count), category="general",
        levels=("favored", 0.9), tolerance=5.0, progress=False,
    )  # fmt: skip


def coverage(count: int, trials: int, true: dict, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Share of intervals that hold the true number (methods, numbers), and errors (numbers)."""
    rng = np.random.default_rng(seed)
    held, errors = np.zeros((len(METHODS), len(NUMBERS))), np.zeros(len(NUMBERS))
    for _ in range(trials):
        one = report(rng, count)
        weights = rng.multinomial(count, np.full(count, 1.0 / count), size=(DRAWS, 2))
        draws = one.evidence.statistics(weights.reshape(DRAWS, 2 * count).astype(np.float64))
        for k, name in enumerate(NUMBERS):
            errors[k] += one.summary[name] - true[name]
            for m, method in enumerate(METHODS):
                ends = resampled_interval(name, one.summary[name], draws[name], method=method)
                held[m, k] += ends.low <= true[name] <= ends.high
    return held / trials, errors / trials


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few data sets")
    trials = 5 if parser.parse_args().quick else 100
    truth = report(np.random.default_rng(0), 400_000).summary
    print(f"true: {', '.join(f'{name} {truth[name]:.3f}' for name in NUMBERS)}")
    print(f"| residues | number | bias | {' | '.join(METHODS)} |")
    print("|---" * (3 + len(METHODS)) + "|")
    for seed, count in enumerate((600, 5000), 1):
        held, errors = coverage(count, trials, dict(truth), seed)
        for k, name in enumerate(NUMBERS):
            shares = " | ".join(f"{100 * share:.0f} %" for share in held[:, k])
            print(f"| {count:,} | {name} | {errors[k]:+.3f} | {shares} |", flush=True)


if __name__ == "__main__":
    main()
