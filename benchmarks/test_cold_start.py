"""What a process pays before it does anything: imports, and compiling with an empty cache.

Warm is a cache that `overlap warm` has filled.
"""

from __future__ import annotations

import pytest

from benchmarks import commands


def test_import(benchmark):
    assert not benchmark(commands.import_package)[1], "importing overlap has imported Numba"


@pytest.mark.parametrize("name", commands.COMMANDS)
@pytest.mark.parametrize("cache", ["cold", "warm"])
def test_command(benchmark, tmp_path, cache, name):
    folders = iter(tmp_path / str(k) for k in range(1000))
    warm = tmp_path / "warm"
    if cache == "warm":
        commands.warm_up(name, warm)
    folder = (lambda: next(folders)) if cache == "cold" else (lambda: warm)
    benchmark.pedantic(lambda: commands.sample_command(name, folder()), rounds=3)
