"""All pairs of two lists of boxes."""

from __future__ import annotations

from functools import partial

import numpy as np

import overlap as ov
from benchmarks import peers, scenes
from benchmarks.workload import Case, Workload


def _pairwise(count, name: str, rows: int, columns: int, reuse: bool, raw: bool) -> Case:
    a, b = scenes.boxes(count(rows), 1), scenes.boxes(count(columns), 2)
    first, second = ov.Boxes(a), ov.Boxes(b)
    score = getattr(ov, name)
    out = np.zeros((len(a), len(b))) if reuse else None

    def from_arrays():
        return score.pairwise(ov.Boxes(a), ov.Boxes(b))

    contestants = {
        "powerboxes": lambda: peers.powerboxes_pairwise(f"{name}_distance", a, b),
        "powerboxes, parallel": lambda: peers.powerboxes_pairwise(
            f"parallel_{name}_distance", a, b
        ),
        "torchvision's expression": lambda: peers.torch_pairwise(name, a, b),
        "NumPy": lambda: peers.numpy_pairwise(name, a, b),
    }
    if name == "iou":
        contestants["pycocotools"] = lambda: peers.cocotools_iou(a, b)

    def agree(ours, theirs) -> None:
        theirs = np.asarray(theirs)
        # powerboxes gives a distance; the others a score
        if np.abs(theirs - ours).max() > 1e-6:
            theirs = 1.0 - theirs
        np.testing.assert_allclose(theirs, ours, rtol=1e-12, atol=1e-12)

    call = from_arrays if raw else partial(score.pairwise, first, second, out=out)
    return Case(call, contestants, agree)


def _workload(name: str, rows: int, columns: int, goal: float | None, how: str = "") -> Workload:
    title = f"{ {'iou': 'IoU', 'giou': 'GIoU'}[name] }, {rows} x {columns}{how}"
    settings = {"name": name, "rows": rows, "columns": columns}
    build = partial(_pairwise, **settings, reuse="out=" in how, raw="arrays" in how)
    small = ("powerboxes", "powerboxes, parallel") if rows == 100 else ()
    return Workload(title, build, goal, against=small, lone="lone" in how)


WORKLOADS = [
    workload
    for name in ("iou", "giou")
    for workload in (
        _workload(name, 100, 100, 2.0),
        _workload(name, 100, 100, None, ", lone calls"),
        _workload(name, 100, 100, None, " from arrays"),
        _workload(name, 1000, 1000, 3.5),
        _workload(name, 10_000, 2000, 2.5),
        _workload(name, 10_000, 2000, 4.5, " into out="),
    )
]


def test_speed(run):
    assert np.isfinite(np.asarray(run)).all()
