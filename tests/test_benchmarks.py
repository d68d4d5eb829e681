"""Every benchmark runs, and agrees with its peers, at a tiny size. Nothing is timed."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from benchmarks.page import fact_table, page, race_table  # noqa: E402
from benchmarks.workload import Case, Timing, Workload, prepare, race  # noqa: E402

MODULES = sorted(
    path.stem for path in (ROOT / "benchmarks").glob("test_*.py") if path.stem != "test_cold_start"
)
WORKLOADS = [
    workload
    for module in MODULES
    for workload in importlib.import_module(f"benchmarks.{module}").WORKLOADS
]


def tiny(count: int) -> int:
    return max(count // 1000, 12)


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload.name)
def test_every_workload_agrees_with_its_peers(workload):
    case = workload.build(tiny)
    if case.floor is not None:
        case.floor()
    if not case.peers:
        assert case.ours() is not None
        return
    calls, missing = prepare(case)
    assert set(calls) | set(missing) == set(case.peers)
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")


def test_whole_processes_are_measured():
    from benchmarks import commands

    seconds, numba = commands.import_package()
    assert seconds > 0.0
    assert not numba
    taken, found = commands.join_memory(20_000, huge=20)
    assert found > 400_000
    assert taken > 8 * found


def test_every_section_of_the_page_has_its_module():
    from benchmarks.__main__ import SECTIONS

    assert sorted(SECTIONS) == MODULES


def test_names_of_workloads_are_unique():
    names = [workload.name for workload in WORKLOADS]
    assert len(set(names)) == len(names)


def test_a_peer_that_disagrees_is_not_raced():
    def agree(ours, theirs):
        assert ours == theirs

    case = Case(lambda: 1, {"wrong": lambda: lambda: 2}, agree)
    with pytest.raises(AssertionError):
        prepare(case)


def test_a_peer_that_is_missing_is_listed():
    def missing():
        raise ImportError("no such program")

    workload = Workload("job", lambda count: Case(lambda: 1, {"peer": missing}))
    result = race(workload, seconds=0.0, least=2, most=5)
    assert result.missing == ("peer",)
    assert result.ours.rounds == 2
    assert result.fastest_peer() is None
    assert "not measured" in race_table([result])


def test_the_page_says_which_goals_are_missed():
    from benchmarks.workload import Result

    workload = Workload("job", lambda count: Case(lambda: 1), goal=3.0, against=("slow", "slower"))
    peers = {
        "slow": Timing(2.0, 2.0, 9),
        "slower": Timing(9.0, 9.0, 9),
        "fast": Timing(1.0, 1.0, 9),
    }
    missed = Result(workload, Timing(1.0, 0.5, 9), peers, (), Timing(0.5, 0.5, 9))
    assert missed.fastest_peer() == ("slow", 2.0)
    text = race_table([missed])
    assert "2, wanted 3: **missed**" in text
    assert "2, wanted 1.5: **missed**" in text
    met = Result(workload, Timing(0.5, 0.5, 9), peers, (), Timing(0.5, 0.5, 9))
    assert "4, wanted 3: met" in race_table([met])
    whole = page([("Title", text), ("Facts", fact_table([("a", "1 s", "2 s")]))])
    assert "## Title" in whole
    assert "| a | 1 s | 2 s |" in whole
