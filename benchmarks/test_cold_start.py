"""What a process pays before it does anything: imports, and compiling with an empty cache."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import commands

SAMPLES = Path(commands.__file__).parents[1] / "overlap" / "samples"


def test_import(benchmark):
    assert not benchmark(commands.import_package)[1], "importing overlap has imported Numba"


@pytest.mark.parametrize("cache", ["cold", "warm"])
def test_command(benchmark, tmp_path, cache):
    folders = iter(tmp_path / str(k) for k in range(1000))
    warm = tmp_path / "warm"
    if cache == "warm":
        commands.temporal_command(warm)
    folder = (lambda: next(folders)) if cache == "cold" else (lambda: warm)
    benchmark.pedantic(lambda: commands.temporal_command(folder()), rounds=3)
