"""The page of results."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks.workload import Result, Timing

__all__ = ["fact_table", "page", "race_table"]

_HEAD = """# Benchmarks

Written by `python -m benchmarks`. Every figure is the time of a peer divided by ours, both
medians over rounds of one run, in which each contestant is called once per round, in
rotating order; above 1, `overlap` is faster. Our own median stands beside it, and in
brackets our fastest call. The column "by fastest calls" compares the fastest calls instead
of the medians: where the two disagree, something else was running. Calls shorter than half a
millisecond are repeated for as long in every round; in "lone calls" they are not, and each
comes right after the work of others. A peer that was ten times slower in the first three
rounds is left out of the later ones.

Before the race every peer's answer is compared with ours: the same numbers within 1e-9, the
same pairs, the same boxes kept. Everybody starts from data in its own form: we from batches
(`ov.Boxes`), NumPy-based peers from arrays, torch from tensors; "from arrays" includes making
and checking our batches. NCLS is given whole numbers, and its time includes building its
tree; it returns pairs without scores, we return their IoU as well. The expressions of
torchvision are written out in torch. Idle OpenMP threads sleep (`OMP_WAIT_POLICY=passive`),
so that nobody pays for another's spinning.
"""


def _time(seconds: float) -> str:
    for unit, scale in (("s", 1.0), ("ms", 1e3), ("µs", 1e6)):
        if seconds * scale >= 1.0:
            return f"{seconds * scale:.3g} {unit}"
    return f"{seconds * 1e6:.2g} µs"


def _ours(timing: Timing) -> str:
    return f"{_time(timing.median)} ({_time(timing.fastest)})"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(header) + " |", "|---" * len(header) + "|"]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)


def _wanted(ratio: float, goal: float) -> str:
    return f"{ratio:.3g}, wanted {goal:g}: {'met' if ratio >= goal else '**missed**'}"


def race_table(results: Sequence[Result]) -> str:
    """Return the Markdown table of one group of workloads."""
    names = list(dict.fromkeys(name for r in results for name in (*r.peers, *r.missing)))
    floors = any(r.floor for r in results)
    header = ["workload", "ours", *names]
    if names:
        header += ["fastest peer", "by fastest calls"]
    if floors:
        header.append("ours / copying as many bytes")
    rows = []
    for r in results:
        row = [r.workload.name, _ours(r.ours)]
        for name in names:
            peer = r.peers.get(name)
            absent = "not measured" if name in r.missing else "-"
            row.append(f"{peer.median / r.ours.median:.3g}" if peer else absent)
        if names:
            best = r.fastest_peer()
            if best is None:
                row += ["-", "-"]
            else:
                goal = r.workload.goal
                row.append(f"{best[1]:.3g}" if goal is None else _wanted(best[1], goal))
                wanted = r.workload.against or tuple(r.peers)
                fastest = min(t.fastest for name, t in r.peers.items() if name in wanted)
                row.append(f"{fastest / r.ours.fastest:.3g}")
        if floors:
            goal = "-"
            if r.floor:
                ratio = r.ours.median / r.floor.median
                goal = f"{ratio:.3g}, wanted 1.5: {'met' if ratio <= 1.5 else '**missed**'}"
            row.append(goal)
        rows.append(row)
    return _table(header, rows)


def fact_table(rows: Iterable[tuple[str, str, str]]) -> str:
    """Return the Markdown table of single measurements: name, value, what is wanted."""
    return _table(("measured", "value", "wanted"), rows)


def page(sections: Iterable[tuple[str, str]]) -> str:
    """Return the whole page from titles and tables."""
    return _HEAD + "".join(f"\n## {title}\n\n{body}\n" for title, body in sections)
