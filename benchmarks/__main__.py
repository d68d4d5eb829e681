"""Race everything for docs/about/benchmarks.md: ``python -m benchmarks [--quick] [WORD ...]``."""

from __future__ import annotations

import argparse
import importlib
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # read once, when OpenMP is loaded

from benchmarks import commands, machine
from benchmarks.page import fact_table, page, race_table
from benchmarks.workload import Result, race

PAGE = Path(__file__).parents[1] / "docs" / "about" / "benchmarks.md"
SECTIONS = {
    "test_pairwise": "All pairs of two lists of boxes",
    "test_paired": "Row by row",
    "test_pairs": "Sparse joins of intervals",
    "test_interval_sets": "Sets of intervals",
    "test_suppress": "Non-maximum suppression",
    "test_gradients": "Scores with gradients",
    "test_losses": "Losses",
    "test_classification": "Losses of logits",
    "test_torch": "Losses of torch tensors, forward and backward",
    "test_rotated": "Rotated boxes",
    "test_polygons": "Polygons",
    "test_contingency": "Label volumes",
    "test_surfaces": "Surface distances",
    "test_masks": "Masks",
    "test_temporal": "Temporal localization",
    "test_detection": "Detections",
}


def main() -> int:
    """Run, and return the number of missed goals that were asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("words", nargs="*", help="only sections whose module has such a word")
    parser.add_argument("--quick", action="store_true", help="few rounds, write nothing")
    parser.add_argument("--seconds", type=float, default=10.0, help="per workload (default 10)")
    parser.add_argument("--out", type=Path, default=PAGE, help="page to write")
    options = parser.parse_args()
    seconds, least = (1.0, 3) if options.quick else (options.seconds, 9)
    before = machine.load()
    sections = []
    results: dict[str, list[Result]] = {}
    for module, title in SECTIONS.items():
        if options.words and not any(word in module for word in options.words):
            continue
        results[module] = []
        for workload in importlib.import_module(f"benchmarks.{module}").WORKLOADS:
            print(f"{title}: {workload.name}", file=sys.stderr, flush=True)
            results[module].append(race(workload, seconds, least, 3000))
        sections.append((title, race_table(results[module])))
        if options.quick or options.words:
            print(f"\n{title}\n{sections[-1][1]}\n", flush=True)
    if not options.words:
        print("Processes", file=sys.stderr, flush=True)
        sections.append(("Processes and memory", fact_table(_facts(results, options.quick))))
    sections.append(("Machine", fact_table(_machine(before, 5 if options.quick else 21))))
    if options.quick or options.words:
        print(sections[-1][1] if options.words else page(sections[-2:]))
        return 0
    options.out.parent.mkdir(exist_ok=True)
    options.out.write_text(page(sections), encoding="utf-8")
    print(f"wrote {options.out}", file=sys.stderr)
    return 0


def _facts(results: dict[str, list[Result]], quick: bool) -> list[tuple[str, str, str]]:
    imports = [commands.import_package() for _ in range(3 if quick else 15)]
    seconds = statistics.median(t for t, _ in imports)
    numba = "with" if any(loaded for _, loaded in imports) else "without"
    rows = [("`import overlap`", f"{seconds:.3f} s, {numba} Numba", "0.2 s, without Numba")]
    with tempfile.TemporaryDirectory() as folder:
        cold = [_seconds(Path(folder) / str(k)) for k in range(1 if quick else 3)]
        warm = [_seconds(Path(folder) / "0") for _ in range(2 if quick else 7)]
    for name, times, wanted in (("no", cold, "6 s"), ("all", warm, "1.5 s")):
        text = f"{statistics.median(times):.2f} s (fastest {min(times):.2f} s)"
        title = f"`overlap temporal` on the sample data, {name} machine code in the cache"
        rows.append((title, text, wanted))
    for huge in (0, 100):
        taken, found = commands.join_memory(100_000, huge)
        title = f"peak memory of the join with {huge} intervals that cover everything"
        text = (
            f"{taken / 1e6:.0f} MB for {found / 1e6:.2f} million pairs, {taken / found:.0f} B each"
        )
        rows.append((title, text, "proportional to the pairs"))
    joins = results.get("test_pairs", [])
    for plain, covered in zip(joins[::2], joins[1::2], strict=False):
        ratio = covered.ours.median / plain.ours.median
        rows.append(
            (f"{plain.workload.name}: time with 100 huge ones / without", f"{ratio:.3g}", "3")
        )
    return rows


def _seconds(cache: Path) -> float:
    start = time.perf_counter()
    commands.temporal_command(cache)
    return time.perf_counter() - start


def _machine(before: float, rounds: int) -> list[tuple[str, str, str]]:
    rows = [(name, value, "") for name, value in machine.describe().items()]
    for size in (72, 320):
        for name, value in machine.bandwidth(size * 10**6, rounds).items():
            rows.append((f"memory bandwidth, {size} MB, {name}", f"{value:.3g} GB/s", ""))
    rows.append(("load average before and after", f"{before:.2f}, {machine.load():.2f}", "idle"))
    return rows


if __name__ == "__main__":
    sys.exit(main())
