"""Growth: the same jobs at sizes that are ten and a hundred times as large.

``python -m benchmarks.growth NAME`` measures one job, in a process of its own, and prints the
sizes, items, seconds and bytes as JSON.
"""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import overlap as ov
from benchmarks import scenes
from benchmarks.commands import peak_memory
from benchmarks.results import Growth
from overlap._kernels.plain import all_compiled

__all__ = ["JOBS", "Job", "measure"]

Call = Callable[[], Any]

_ROOT = Path(__file__).parents[1]
_ENOUGH = 1.0  # seconds of calls


@dataclass(frozen=True)
class Job:
    """A job at several sizes.

    Attributes
    ----------
    name : str
    unit : str
        The items that its time is divided by.
    sizes : tuple of int
    build : callable
        ``build(size)`` makes the input and returns the call.
    count : callable, optional
        ``count(result, size)`` is the number of items; by default the size.
    wanted : float, optional
        The exponent, at most.
    """

    name: str
    unit: str
    sizes: tuple[int, ...]
    build: Callable[[int], Call]
    count: Callable[[Any, int], int] = lambda result, size: size
    wanted: float | None = 1.1


def _pairs_found(result: Any, size: int) -> int:
    return result.nnz


# ------------------------------------------------------------------------------ regions


def _scattered(table: np.ndarray, seed: int) -> np.ndarray:
    """Move boxes to places whose density does not depend on their number."""
    span = 40.0 * len(table) ** 0.5
    place = np.random.default_rng(seed).uniform(0.0, span, (len(table), 2))
    return table + np.tile(place - table[:, :2], 2)


def _pairwise(size: int) -> Call:
    a, b = (ov.Boxes(scenes.boxes(n, seed)) for n, seed in ((1000, 1), (-(-size // 1000), 2)))
    return partial(ov.iou.pairwise, a, b)


def _paired(size: int) -> Call:
    return partial(ov.iou, *map(ov.Boxes, scenes.close_boxes(size, 3)))


def _interval_pairs(size: int) -> Call:
    a, b = (ov.Intervals(scenes.intervals(size, seed)) for seed in (4, 5))
    return partial(ov.iou.pairs, a, b, at_least=0.0, strict=True)


def _box_pairs(size: int) -> Call:
    a, b = (ov.Boxes(_scattered(scenes.boxes(size, seed), seed)) for seed in (4, 5))
    return partial(ov.iou.pairs, a, b, at_least=0.0, strict=True)


def _rotated_pairs(size: int) -> Call:
    a, b = (
        ov.RotatedBoxes.from_degrees(
            scenes.rotated_detections(size, 1, seed, 60.0 * size**0.5)[0], towards="+y"
        )
        for seed in (4, 5)
    )
    return partial(ov.iou.pairs, a, b, at_least=0.0, strict=True)


def _in_order(size: int) -> Call:
    """Do what any suppression does at least: read boxes by descending confidence."""
    boxes, confidence = scenes.detections(size, 5, 6)
    return lambda: boxes[np.argsort(-confidence)]


def _suppression(size: int) -> Call:
    boxes, confidence = scenes.detections(size, 5, 6)
    return partial(ov.nms, ov.Boxes(boxes), confidence, threshold=0.5)


def _matching(size: int, method: str) -> Call:
    found, truth = scenes.close_boxes(size, 3)
    place = _scattered(truth, 8) - truth
    regions = ov.Boxes(found + place), ov.Boxes(truth + place)
    return partial(ov.match, *regions, method=method)


# --------------------------------------------------------------------------- evaluators


def _segments(videos: int, each: int, seed: int, ranked: bool) -> Any:
    import pandas as pd

    rng = np.random.default_rng(seed)
    video = np.repeat(np.arange(videos), each)
    start = rng.uniform(0.0, 90.0, len(video))
    table = {
        "video": video,
        "label": np.array([f"class {k}" for k in range(20)])[rng.integers(0, 20, len(video))],
        "start": start,
        "stop": start + rng.uniform(1.0, 10.0, len(video)),
    }
    return pd.DataFrame(table | ({"score": rng.random(len(video))} if ranked else {}))


def _temporal(size: int) -> Call:
    truth, found = _segments(size, 2, 0, False), _segments(size, 10, 1, True)
    return partial(ov.evaluate.temporal, truth=truth, found=found, iou=0.5, progress=False)


def _boxes_of_images(images: int, each: int, seed: int, ranked: bool) -> Any:
    import pandas as pd

    rng = np.random.default_rng(seed)
    image = np.repeat(np.arange(images), each)
    lower = rng.uniform(0.0, 500.0, (len(image), 2))
    upper = lower + rng.uniform(10.0, 100.0, lower.shape)
    table = {
        "image": image,
        "label": np.array([f"class {k}" for k in range(20)])[rng.integers(0, 20, len(image))],
        **dict(zip(("x1", "y1", "x2", "y2"), (*lower.T, *upper.T), strict=True)),
    }
    return pd.DataFrame(table | ({"score": rng.random(len(image))} if ranked else {}))


def _detection(size: int) -> Call:
    truth, found = _boxes_of_images(size, 2, 0, False), _boxes_of_images(size, 10, 1, True)
    return partial(ov.evaluate.detection, truth=truth, found=found, progress=False)


def _segmentation(size: int) -> Call:
    rng = np.random.default_rng(0)
    volumes = rng.integers(0, 4, (20, 16, 16, 16))
    truth, found = (
        {f"case {k:07d}": volumes[(k + shift) % 20] for k in range(size)} for shift in (0, 1)
    )
    return partial(
        ov.evaluate.segmentation, truth=truth, found=found, metrics=["dice"], progress=False
    )


def _ramachandran(size: int) -> Call:
    angle = np.radians(np.arange(-179.0, 180.0, 2.0))
    ranks = (2.0 + np.cos(angle - 1.0)[:, None] + np.cos(angle + 0.5)) / 4.0
    library = ov.PeriodicGrid(ranks**4, quantity="rank")
    phi, psi = np.random.default_rng(0).uniform(-180.0, 180.0, (2, size))
    return partial(
        ov.evaluate.ramachandran, truth=library, found={"phi": phi, "psi": psi},
        category="general", unit="degrees", progress=False,
    )  # fmt: skip


_TEN = 10_000, 100_000, 1_000_000

JOBS = {
    "pairwise": Job("IoU of all pairs of 1,000 x n boxes", "pair",
                    (100_000, 1_000_000, 10_000_000), _pairwise, wanted=None),
    "paired": Job("IoU of n boxes, row by row", "pair", _TEN, _paired, wanted=None),
    "intervals": Job("overlapping pairs of n x n intervals", "pair", _TEN, _interval_pairs,
                     _pairs_found),
    "boxes": Job("overlapping pairs of n x n boxes", "pair", _TEN, _box_pairs, _pairs_found),
    "rotated": Job("overlapping pairs of n x n rotated boxes", "pair", _TEN, _rotated_pairs,
                   _pairs_found),
    "in_order": Job("n boxes read by confidence, in NumPy", "box", _TEN, _in_order, wanted=None),
    "suppression": Job("NMS of n boxes", "box", _TEN, _suppression, wanted=1.2),
    "greedy": Job("greedy matching of n x n boxes", "box", _TEN,
                  partial(_matching, method="greedy")),
    "optimal": Job("optimal matching of n x n boxes", "box", _TEN,
                   partial(_matching, method="optimal")),
    "temporal": Job("`evaluate.temporal`, n videos with 2 truths and 10 found", "video",
                    _TEN, _temporal),
    "detection": Job("`evaluate.detection`, n images with 2 truths and 10 found", "image",
                     (1_000, 10_000, 100_000), _detection),
    "segmentation": Job("`evaluate.segmentation`, n cases of 4,096 voxels, Dice", "case",
                        (100, 1_000, 10_000), _segmentation),
    "ramachandran": Job("`evaluate.ramachandran`, n residues", "residue", _TEN, _ramachandran),
}  # fmt: skip


# ------------------------------------------------------------------------------ measuring


def _measured(job: Job, most: int) -> dict[str, list]:
    """Measure a job in this process; sizes above `most` are left out."""
    job.build(min(job.sizes[0], most))()  # compiles what larger sizes take
    rows = [_of_one_size(job, size) for size in job.sizes if size <= most]
    return {name: [row[name] for row in rows] for name in rows[0]} if rows else {}


def _of_one_size(job: Job, size: int) -> dict[str, Any]:
    gc.collect()
    before = peak_memory(anew=True)  # what is held now
    call = job.build(size)
    gc.collect()
    given = peak_memory(anew=True) - before
    times: list[float] = []
    memory: list[int] = []
    while not times or (sum(times) < _ENOUGH and len(times) < 99):
        gc.collect()
        start = time.perf_counter()
        answer = call()
        times.append(time.perf_counter() - start)
        count = job.count(answer, size)
        if not memory:
            memory = [peak_memory() - before, peak_memory(anew=True) - before - given]
        del answer  # giving memory back is not part of the job
    return {"sizes": size, "counts": count, "seconds": min(times),
            "memory": memory[0], "given": given, "kept": memory[1]}  # fmt: skip


def measure(name: str, most: int = sys.maxsize) -> Growth:
    """Measure one of `JOBS` in a fresh process; sizes above `most` are left out."""
    command = [sys.executable, "-m", "benchmarks.growth", name, str(most)]
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[1:])} failed:\n{done.stderr}")
    found = {key: tuple(column) for key, column in json.loads(done.stdout).items()}
    logs = np.log(found["counts"]), np.log(found["seconds"])
    exponent = float(np.polyfit(*logs, 1)[0]) if len(found["sizes"]) > 1 else float("nan")
    job = JOBS[name]
    return Growth(job.name, job.unit, **found, exponent=exponent, wanted=job.wanted)


if __name__ == "__main__":
    with all_compiled():
        print(json.dumps(_measured(JOBS[sys.argv[1]], int(sys.argv[2]))))
