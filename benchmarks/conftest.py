"""Every workload of a module, for ours and for each peer, as one parametrised test."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Parametrise `contestant` with (workload, name of the peer, or "overlap")."""
    if "contestant" not in metafunc.fixturenames:
        return
    contestants = []
    for workload in metafunc.module.WORKLOADS:
        peers = workload.build(lambda n: min(n, 8)).peers  # only their names are needed
        for name in ("overlap", *peers):
            contestants.append(pytest.param((workload, name), id=f"{workload.name}-{name}"))
    metafunc.parametrize("contestant", contestants)


@pytest.fixture
def run(contestant, benchmark):
    """Time one contestant with pytest-benchmark, grouped by workload."""
    from benchmarks.workload import one_thread
    from overlap._kernels.plain import all_compiled

    workload, name = contestant
    benchmark.group = workload.name
    case = workload.build(lambda n: n)
    try:
        call = case.ours if name == "overlap" else case.peers[name]()
    except ImportError as error:
        pytest.skip(f"{name} is not installed: {error}")
    with one_thread(workload.single), all_compiled():
        call()
        return benchmark(call)
