"""Race everything for docs/about/benchmarks.md: ``python -m benchmarks [--only WORD ...]``."""

from __future__ import annotations

import argparse
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # read once, when OpenMP is loaded

from benchmarks import machine
from benchmarks.commands import process_facts
from benchmarks.growth import JOBS, measure
from benchmarks.page import fact_table, growth_table, page, race_table
from benchmarks.plot import draw
from benchmarks.results import Results, Section
from benchmarks.sections import SECTIONS, chosen, workloads
from benchmarks.workload import race
from overlap._kernels.plain import all_compiled

DOCS = Path(__file__).parents[1] / "docs"
_QUICK = 100_000  # largest size of growth


def main() -> int:
    """Measure, keep the results, and write the page from all that is kept."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Race overlap against other programs, keep the results in "
        "benchmarks/results.json, and write docs/about/benchmarks.md with its picture.",
        epilog=f"sections: {', '.join(SECTIONS)}",
    )
    parser.add_argument(
        "--only", nargs="+", default=[], metavar="WORD",
        help="measure only sections whose name begins so; the others stay as they are kept",
    )  # fmt: skip
    parser.add_argument("--quick", action="store_true", help="few rounds; show, and keep nothing")
    parser.add_argument("--redraw", action="store_true", help="measure nothing, write the page")
    parser.add_argument("--seconds", type=float, default=2.0, help="per job (default 2)")
    options = parser.parse_args()
    try:
        names = [] if options.redraw else chosen(options.only)
        found = machine.describe()
        kept = Results.read() if options.only or options.redraw else Results()
        if names and not options.quick:
            kept.check_machine(found)
    except ValueError as error:
        parser.error(str(error))
    seconds, least = (0.5, 3) if options.quick else (options.seconds, 7)
    for name in names:
        start, others = time.perf_counter(), machine.others()
        with all_compiled():  # small calls too, as in a loop that has run for a while
            section = _measure(name, seconds, least, options.quick)
        kept.sections[name] = section = replace(section, others=others())
        spent = time.perf_counter() - start
        print(f"{SECTIONS[name]}: {spent:.0f} s", file=sys.stderr, flush=True)
        if options.quick or options.only:
            print(f"\n{SECTIONS[name]}\n{_tables(section)}\n", flush=True)
        if not options.quick:
            kept.machine = found
            kept.write()
    if options.quick:
        return 0
    if names and (not kept.speed or not options.only):
        kept.speed = machine.speed(11)
        kept.write()
    _write(Results.read())  # with the digits that are kept
    return 0


def _measure(name: str, seconds: float, least: int, quick: bool) -> Section:
    if name == "processes":
        return Section(facts=tuple(process_facts(quick)))
    if name == "growth":
        rows = []
        for job in JOBS:
            print(f"{SECTIONS[name]}: {JOBS[job].name}", file=sys.stderr, flush=True)
            rows.append(measure(job, _QUICK) if quick else measure(job))
        return Section(growth=tuple(rows))
    races = []
    for workload in workloads(name):
        print(f"{SECTIONS[name]}: {workload.name}", file=sys.stderr, flush=True)
        races.append(race(workload, seconds, least, 3000))
    return Section(tuple(races))


def _tables(section: Section) -> str:
    if section.races:
        return race_table(section.races)
    return growth_table(section.growth) if section.growth else fact_table(section.facts)


def _write(results: Results) -> None:
    for path, text in (
        (DOCS / "pictures" / "benchmarks.svg", draw(results)),
        (DOCS / "about" / "benchmarks.md", page(results)),
    ):
        path.write_text(text, encoding="utf-8")
        print(f"wrote {path}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
