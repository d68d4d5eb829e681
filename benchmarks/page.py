"""The page of results, from what is stored of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from benchmarks.plot import seen
from benchmarks.results import Growth, Results
from benchmarks.sections import SECTIONS
from benchmarks.workload import Result

__all__ = ["fact_table", "growth_table", "page", "race_table"]

_HEAD = """---
html_theme.sidebar_secondary.remove: true
---

# Benchmarks

The time that other programs take, divided by the time that `overlap` takes, for the same job in
the same run. Above 1, `overlap` is faster.

![{seen}](../pictures/benchmarks.svg)

Every program does each job once per round, in changing order, and ratios are those of medians. One
that takes ten times as long as ours has three rounds, or one if it takes more than 0.1 s. Before
that, each result is compared with ours: the same numbers within 1e-9, the same pairs, the same kept
boxes; where this took more than a second and ten times our time, it is the only call.

Every program starts from data in its own form: ours from batches such as `ov.Boxes`, others from
arrays or tensors. NCLS builds its tree within the time, and returns pairs without their IoU.
Expressions of torchvision are written out in PyTorch, and the steps of ActivityNet's program in
NumPy.

{words}

`python -m benchmarks` measures all and writes this page; `--only rotated` measures one section
anew, and `--redraw` none.
"""

_WORDS = (
    ("overlap", "our median, and in brackets our fastest call"),
    ("fastest other", "the fastest of the other programs, and its median divided by ours"),
    (
        "fastest calls",
        "the same ratio of the fastest calls; where it is far from the one before it, the machine "
        "was busy with something else",
    ),
    ("goal", "the least ratio that we want"),
    (
        "limit",
        "our time divided by that of a job that the machine cannot avoid, such as copying as many "
        "bytes; near 1, no program can be faster, and there is no goal",
    ),
    ("from arrays", "the time contains the making and checking of our batches"),
    (
        "lone calls",
        "short jobs are otherwise repeated for half a millisecond at a time; here other programs "
        "work between any two calls, as in a program that calls once in a while",
    ),
    ("one thread", "every program is kept to one thread"),
)

_GROWTH = """The same job at three sizes. The exponent is the slope of log(time) over log(items), of
the fastest calls: 1 where ten times as many items take ten times as long. Time and memory of a
thousand items are those of the largest size. Memory is the most that the process held, with the
input, above what it held after the imports. Beside it stands what the input took of it, and what
the result keeps: of an evaluation also tables, matches and ranks, from which its report answers.

NMS reads boxes by descending confidence, each at another place in memory. Where boxes do not fit
into the processor's caches, sorting and reading alone grow faster than the number of boxes: the row
before NMS has nothing else, with an exponent of about 1.15. So 1.2 is wanted of NMS, not 1.1.
"""


def _units(value: float, units: Sequence[tuple[str, float]]) -> str:
    for unit, scale in units:
        if value >= scale:
            return f"{float(f'{value / scale:.3g}'):g} {unit}"
    unit, scale = units[-1]
    return f"{value / scale:.2g} {unit}"


def _time(seconds: float) -> str:
    return _units(seconds, (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6), ("ns", 1e-9)))


def _memory(size: float) -> str:
    return _units(size, (("GB", 1e9), ("MB", 1e6), ("kB", 1e3), ("B", 1.0)))


def _ratio(value: float) -> str:
    return f"{float(f'{value:.3g}'):,.10g}"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(header) + " |", "|---" * len(header) + "|"]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)


def _verdict(met: bool) -> str:
    return "met" if met else "**missed**"


def _goal(result: Result) -> str:
    wanted = result.ranked(result.against)
    if result.goal is None or not wanted:
        return "-"
    name, ratio = wanted[0]
    said = f"{result.goal:.3g}, {_verdict(ratio >= result.goal)}"
    return said if result.ranked()[0][0] == name else f"{name}: {said}"


def _limit(result: Result) -> str:
    if result.floor is None:
        return "-"
    ratio = result.ours.median / result.floor.median
    said = f"{_ratio(ratio)} x {result.limit}"
    if result.within is None:
        return said
    return f"{said}; at most {result.within:g}, {_verdict(ratio <= result.within)}"


def race_table(results: Sequence[Result]) -> str:
    """Return the Markdown table of one group of workloads."""
    peers = any(r.peers or r.missing for r in results)
    floors = any(r.floor for r in results)
    header = ["job", "overlap"]
    if peers:
        header += ["fastest other", "fastest calls", "goal", "others"]
    if floors:
        header.append("limit")
    rows = []
    for r in results:
        row = [r.name, f"{_time(r.ours.median)} ({_time(r.ours.fastest)})"]
        ranked = r.ranked()
        if peers:
            others = [f"{name} {_ratio(ratio)}" for name, ratio in ranked[1:]]
            others += [f"{name} not measured" for name in r.missing]
            best = ["-", "-"]
            if ranked:
                name, ratio = ranked[0]
                calls = r.peers[name].fastest / r.ours.fastest
                best = [f"{name} **{_ratio(ratio)}**", _ratio(calls)]
            row += [*best, _goal(r), ", ".join(others) or "-"]
        if floors:
            row.append(_limit(r))
        rows.append(row)
    return _table(header, rows)


def growth_table(results: Sequence[Growth]) -> str:
    """Return the Markdown table of jobs at growing sizes."""
    header = ["job", "n", "time", "exponent", "wanted", "a thousand", "take", "memory",
              "input", "result"]  # fmt: skip
    rows = []
    for r in results:
        thousands = r.counts[-1] / 1000
        wanted = "-"
        if r.wanted is not None and not math.isnan(r.exponent):
            wanted = f"at most {r.wanted:g}, {_verdict(r.exponent < r.wanted + 0.005)}"
        rows.append(
            [
                r.name,
                ", ".join(f"{size:.0e}".replace("e+0", "e") for size in r.sizes),
                ", ".join(map(_time, r.seconds)),
                f"{r.exponent:.2f}",
                wanted,
                f"{r.unit}s" if not r.unit.endswith("x") else f"{r.unit}es",
                _time(r.seconds[-1] / thousands),
                *(
                    _memory(max(sizes[-1], 0) / thousands) if sizes else "-"
                    for sizes in (r.memory, r.given, r.kept)
                ),
            ]
        )
    return _table(header, rows)


def fact_table(rows: Iterable[tuple[str, str, str]]) -> str:
    """Return the Markdown table of single measurements: name, value, what is wanted."""
    return _table(("measured", "value", "wanted"), rows)


def page(results: Results) -> str:
    """Return the whole page."""
    words = _table(("words", "meaning"), _WORDS)
    parts = [_HEAD.format(seen=seen(results), words=words)]
    for name, title in SECTIONS.items():
        section = results.sections.get(name)
        if section is None:
            continue
        parts.append(f"## {title}\n")
        if section.races:
            parts.append(race_table(section.races) + "\n")
        if section.growth:
            parts += [_GROWTH, growth_table(section.growth) + "\n"]
        if section.facts:
            parts.append(fact_table(section.facts) + "\n")
    busy = [section.others for section in results.sections.values()]
    rows = [*results.machine.items(), *results.speed]
    if busy:
        share = f"{100 * min(busy):.0f} to {100 * max(busy):.0f} %"
        rows.append(("Share of the processors that other programs had, by section", share))
    parts.append("## Machine\n\n" + _table(("measured", "value"), rows) + "\n")
    return "\n".join(parts)
