"""Workloads, and the race between `overlap` and its peers."""

from __future__ import annotations

import gc
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Case", "Result", "Timing", "Workload", "one_thread", "prepare", "race"]

Call = Callable[[], Any]

_BATCH = 5e-4  # seconds
_TRIALS = 3
_FAR_BEHIND = 10.0
_LONG = 0.1  # seconds; one round so long says enough
_VERY_LONG = 1.0  # seconds; the call that was checked says enough


@dataclass(frozen=True)
class Case:
    """One job, as calls without arguments.

    Attributes
    ----------
    ours : callable
    peers : mapping of str to callable
        Makes each peer's call; raises ImportError where the peer is not installed.
    agree : callable
        ``agree(our_result, peer_result)`` raises AssertionError unless they are the same.
    floor : callable, optional
        Does what the machine must do at least, and nothing else, such as moving as many bytes.
    limit : str
        What `floor` does, as the page names it.
    """

    ours: Call
    peers: Mapping[str, Callable[[], Call]] = field(default_factory=dict)
    agree: Callable[[Any, Any], None] | None = None
    floor: Call | None = None
    limit: str = "copying as many bytes"


@dataclass(frozen=True)
class Workload:
    """One job at one size.

    Attributes
    ----------
    name : str
    build : callable
        ``build(count) -> Case``; every number of regions n is passed through ``count(n)``,
        so that tests can run the same job at a tiny size.
    goal : float, optional
        Wanted: fastest peer over ours, at least.
    against : tuple of str
        The peers that the goal is about; empty for all.
    within : float, optional
        Wanted: ours over the floor, at most. For jobs whose goal the machine's limit forbids.
    single : bool
        Everybody runs on one thread.
    lone : bool
        A round is one call even where calls are short, so that each one comes right after
        other programs' work.
    """

    name: str
    build: Callable[[Callable[[int], int]], Case]
    goal: float | None = None
    against: tuple[str, ...] = ()
    single: bool = False
    lone: bool = False
    within: float | None = None


@dataclass(frozen=True)
class Timing:
    """Seconds per call: median, fastest, and how many."""

    median: float
    fastest: float
    rounds: int

    @classmethod
    def of(cls, times: list[float]) -> Timing:
        """Summarise."""
        return cls(statistics.median(times), min(times), len(times))


@dataclass(frozen=True)
class Result:
    """Times of one workload, with its goals."""

    name: str
    ours: Timing
    peers: Mapping[str, Timing] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    floor: Timing | None = None
    limit: str = ""
    goal: float | None = None
    against: tuple[str, ...] = ()
    within: float | None = None

    def ranked(self, names: Sequence[str] = ()) -> list[tuple[str, float]]:
        """Return peers and their medians over ours, the fastest first."""
        ratios = {name: t.median / self.ours.median for name, t in self.peers.items()}
        return sorted(
            ((name, ratio) for name, ratio in ratios.items() if name in (names or ratios)),
            key=lambda pair: pair[1],
        )


@contextmanager
def one_thread(wanted: bool = True) -> Iterator[None]:
    """Let `overlap` and torch use one thread inside."""
    if not wanted:
        yield
        return
    before = os.environ.get("OVERLAP_THREADS")
    os.environ["OVERLAP_THREADS"] = "1"
    torch = sys.modules.get("torch")
    threads = torch.get_num_threads() if torch else 0
    if torch:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        if torch:
            torch.set_num_threads(threads)
        if before is None:
            del os.environ["OVERLAP_THREADS"]
        else:
            os.environ["OVERLAP_THREADS"] = before


def prepare(case: Case) -> tuple[dict[str, Call], dict[str, float], tuple[str, ...]]:
    """Check the installed peers against ours.

    Returns
    -------
    calls : dict
        By peer.
    far : dict
        Seconds of the first call of peers that are not worth another one: it took more than a
        second, and ten times as long as ours.
    missing : tuple of str
        Peers that are not installed.
    """
    expected = case.ours()
    _, ours = _timed(case.ours)
    calls: dict[str, Call] = {}
    far = {}
    missing = []
    for name, make in case.peers.items():
        try:
            call = make()
        except ImportError:
            missing.append(name)
            continue
        assert case.agree is not None, "a case with peers needs a check"
        result, seconds = _timed(call)
        case.agree(expected, result)
        calls[name] = call
        if seconds > max(_VERY_LONG, _FAR_BEHIND * ours):
            far[name] = seconds
    return calls, far, tuple(missing)


def _timed(call: Call) -> tuple[Any, float]:
    start = time.perf_counter()
    result = call()
    return result, time.perf_counter() - start


def race(workload: Workload, seconds: float, least: int, most: int) -> Result:
    """Run a workload: a call of each per round, in rotating order.

    Calls shorter than half a millisecond are repeated for as long in every round. Who is ten
    times slower than ours in three rounds, or in one round of a tenth of a second, takes no part in
    the others; if the call that was checked took more than a second, not in any.

    Parameters
    ----------
    workload : Workload
    seconds : float
        About how long.
    least, most : int
        Bounds of the number of rounds; three are enough for who runs alone.
    """
    case = workload.build(lambda n: n)
    if workload.single and any("torch" in name for name in case.peers):
        try:
            import torch  # noqa: F401  # so that one_thread finds it
        except ImportError:
            pass
    with one_thread(workload.single):
        calls, far, missing = prepare(case)
        runners = {"": case.ours, **{k: call for k, call in calls.items() if k not in far}}
        if case.floor is not None:
            runners["floor"] = case.floor
        batch = 0.0 if workload.lone else _BATCH
        fewest = least if calls else min(least, _TRIALS)
        times = _rounds(runners, seconds, fewest, most, batch)
    ours, floor = Timing.of(times.pop("")), times.pop("floor", None)
    times |= {name: [seconds] for name, seconds in far.items()}
    peers = {name: Timing.of(values) for name, values in times.items()}
    return Result(
        workload.name,
        ours,
        peers,
        missing,
        Timing.of(floor) if floor else None,
        case.limit if floor else "",
        workload.goal,
        workload.against,
        workload.within,
    )


def _calls_per_round(run: Call, batch: float) -> int:
    fastest = batch
    for _ in range(5):  # warm again: the checks have filled the caches with other things
        start = time.perf_counter()
        run()
        fastest = min(fastest, time.perf_counter() - start)
        if time.perf_counter() - start > 0.05:
            break
    return max(round(batch / fastest), 1) if fastest > 0.0 else 1


def _rounds(
    runners: Mapping[str, Call], seconds: float, least: int, most: int, batch: float
) -> dict[str, list[float]]:
    repeats = {name: range(_calls_per_round(run, batch)) for name, run in runners.items()}
    order = list(runners)
    times: dict[str, list[float]] = {name: [] for name in order}
    clock = time.perf_counter
    gc.collect()
    gc.disable()
    try:
        end = clock() + seconds
        for k in range(most):
            for name in order:
                run, again = runners[name], repeats[name]
                start = clock()
                if len(again) == 1:
                    result = run()
                    times[name].append(clock() - start)
                    del result  # giving memory back is not part of the job
                    continue
                for _ in again:
                    run()
                times[name].append((clock() - start) / len(again))
            order.append(order.pop(0))
            if k < _TRIALS:
                limit = _FAR_BEHIND * min(times[""])
                limit = limit if k + 1 == _TRIALS else max(limit, _LONG)
                order = [name for name in order if min(times[name]) <= limit]
            if k + 1 >= least and clock() > end:
                break
    finally:
        gc.enable()
    return times
