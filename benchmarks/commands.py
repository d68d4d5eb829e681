"""Whole processes: the import, a command, the memory of a join."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

__all__ = ["import_package", "join_memory", "peak_memory", "temporal_command"]

ROOT = Path(__file__).parents[1]

_IMPORT = """
import sys, time
start = time.perf_counter()
import overlap
print(time.perf_counter() - start, "numba" in sys.modules)
"""

_MEMORY = """
import sys
import overlap as ov
from benchmarks import scenes
from benchmarks.commands import peak_memory as peak
size, huge = int(sys.argv[1]), int(sys.argv[2])
a = ov.Intervals(scenes.intervals(size, 4, huge=huge))
b = ov.Intervals(scenes.intervals(size, 5))
for _ in range(2):
    ov.iou.pairs(a[:3000], b[:3000], at_least=0.0, strict=True)
before = peak()
found = ov.iou.pairs(a, b, at_least=0.0, strict=True).nnz
print(peak() - before, found)
"""


def _python(*arguments: str, cache: Path | None = None) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    if cache is not None:
        environment["OVERLAP_CACHE"] = str(cache)
    done = subprocess.run(
        [sys.executable, *arguments], env=environment, cwd=ROOT, capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments)[:80]} failed:\n{done.stderr}")
    return done.stdout


def peak_memory() -> int:
    """Return the most memory that this process has held so far, in bytes."""
    status = Path("/proc/self/status")
    if status.exists():  # getrusage would count what the parent held when it forked
        line = next(x for x in status.read_text().splitlines() if x.startswith("VmHWM"))
        return 1024 * int(line.split()[1])
    import resource

    scale = 1 if sys.platform == "darwin" else 1024
    return scale * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def import_package() -> tuple[float, bool]:
    """Return seconds of ``import overlap`` in a fresh process, and whether Numba came along."""
    seconds, numba = _python("-c", _IMPORT).split()
    return float(seconds), numba == "True"


def temporal_command(cache: Path) -> str:
    """Run ``overlap temporal`` on the sample data with machine code in `cache`."""
    samples = ROOT / "overlap" / "samples"
    files = (str(samples / "temporal_truth.json"), str(samples / "temporal_found.json"))
    return _python("-m", "overlap", "temporal", *files, "--quiet", cache=cache)


def join_memory(size: int, huge: int) -> tuple[int, int]:
    """Return bytes that the join of `size` intervals takes at its peak, and its pairs."""
    taken, found = _python("-c", _MEMORY, str(size), str(huge)).split()
    if int(taken) <= 0:
        raise RuntimeError("the join did not raise the process's peak memory; enlarge it")
    return int(taken), int(found)
