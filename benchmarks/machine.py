"""The machine that the figures are from."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from overlap._kernels.jit import run_blocks, thread_count

__all__ = ["bandwidth", "describe", "others", "speed"]

PACKAGES = (
    "overlap-metrics",
    "numpy",
    "numba",
    "powerboxes",
    "pycocotools",
    "hotcoco",
    "ultrafast-pycocotools",
    "faster-coco-eval",
    "vernier",
    "ncls",
    "torch",
    "shapely",
    "opencv-python-headless",
    "SimpleITK",
    "monai",
    "medpy",
    "surface-distance",
)


def describe() -> dict[str, str]:
    """Return processor, cores, system and versions."""
    versions = []
    for name in PACKAGES:
        try:
            versions.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            if name != "overlap-metrics":  # a checkout
                versions.append(f"{name} not installed")
    return {
        "Processor": _processor(),
        "Cores used": str(thread_count()),
        "System": f"{platform.system()} {platform.machine()}",
        "Python": platform.python_version(),
        "Packages": ", ".join(versions),
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if not info.exists():
        return platform.processor() or platform.machine()
    fields = dict(
        (part.strip() for part in line.split(":", 1))
        for line in info.read_text().splitlines()
        if ":" in line
    )
    name = fields.get("model name", platform.machine())
    model = (
        f" (family {fields['cpu family']}, model {fields['model']})" if "model" in fields else ""
    )
    vectors = "AVX-512" if "avx512f" in fields.get("flags", "") else ""
    return ", ".join(filter(None, (name + model, vectors)))


def others() -> Callable[[], float]:
    """Return a call that says which share of the processors other programs have had since now."""
    start = _processor_times()

    def share() -> float:
        busy, total, ours = (b - a for a, b in zip(start, _processor_times(), strict=True))
        return min(max((busy - ours) / total, 0.0), 1.0) if total > 0.0 else float("nan")

    return share


def _processor_times() -> tuple[float, float, float]:
    """Return seconds of all processors: busy, altogether, and for this process and its children."""
    ours = sum(os.times()[:4])
    status = Path("/proc/stat")
    if not status.exists():
        return float("nan"), 0.0, ours
    words = status.read_text(encoding="ascii").splitlines()[0].split()[1:9]
    times = [int(word) / os.sysconf("SC_CLK_TCK") for word in words]
    return sum(times) - times[3] - times[4], sum(times), ours


def bandwidth(size: int, rounds: int) -> dict[str, float]:
    """Measure memory bandwidth over blocks of `size` bytes in GB/s, by the median round.

    A copy counts what it reads and what it writes.
    """
    words = size // 16
    source, target = np.ones(words), np.zeros(words)
    both = np.ones(2 * words)
    sums = np.zeros(2 * words)

    def copy(low: int, high: int) -> None:
        np.copyto(target[low:high], source[low:high])

    def read(low: int, high: int) -> None:
        sums[low] = both[low:high].max()

    calls: dict[str, Callable[[], None]] = {
        "copy, one thread": lambda: copy(0, words),
        "copy, all threads": lambda: run_blocks(copy, words, 1e9),
        "read, one thread": lambda: read(0, 2 * words),
        "read, all threads": lambda: run_blocks(read, 2 * words, 1e9),
    }
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            times[name].append(time.perf_counter() - start)
    return {name: size / statistics.median(values) / 1e9 for name, values in times.items()}


def speed(rounds: int) -> list[tuple[str, str]]:
    """Return rows of memory bandwidth, for data in the cache and beyond."""
    return [
        (f"memory bandwidth, {size} MB, {name}", f"{value:.3g} GB/s")
        for size in (72, 320)
        for name, value in bandwidth(size * 10**6, rounds).items()
    ]
