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
    if raw or reuse or rows < 1000:
        return Case(call, contestants, agree)
    # The ratio to the union; for GIoU also that to the hull.
    divisions = {"iou": 1, "giou": 2}[name]
    floor = peers.division_floor(len(a), len(b), divisions)
    limit = f"{'one division' if divisions == 1 else 'two divisions'} for each pair"
    return Case(call, contestants, agree, floor, limit)


def _workload(
    name: str,
    rows: int,
    columns: int,
    goal: float | None,
    how: str = "",
    within: float | None = None,
) -> Workload:
    title = f"{ {'iou': 'IoU', 'giou': 'GIoU'}[name] }, {rows} x {columns}{how}"
    settings = {"name": name, "rows": rows, "columns": columns}
    build = partial(_pairwise, **settings, reuse="out=" in how, raw="arrays" in how)
    against = {10: ("NumPy",), 100: ("powerboxes", "powerboxes, parallel")}.get(rows, ())
    return Workload(title, build, goal, against=against, lone="lone" in how, within=within)


def _other_kinds(count, kind: str) -> Case:
    """Batches of 100 regions are made of arrays and scored; angles in degrees are the peers'."""
    tables = []
    for seed in (1, 2):
        plane, other = scenes.rotated(count(100), seed, dense=False), scenes.boxes(count(100), seed)
        upright = np.column_stack(
            [plane[:, :2], other[:, 0], plane[:, 2:4], 50 + other[:, 1], plane[:, 4]]
        )
        table = {"intervals": other[:, ::2], "rotated": plane, "upright": upright}[kind]
        tables.append(np.ascontiguousarray(table))
    make = {"intervals": ov.Intervals, "rotated": ov.RotatedBoxes, "upright": ov.UprightBoxes}[kind]
    radians = [table.copy() for table in tables]
    if kind != "intervals":
        for table in radians:
            table[:, -1] = np.deg2rad(table[:, -1])
    contestants = {
        "intervals": {"NumPy": lambda: peers.numpy_pairwise("iou", *tables)},
        "rotated": {
            "powerboxes": lambda: peers.powerboxes_pairwise("rotated_iou_distance", *tables)
        },
        "upright": {"powerboxes and NumPy": lambda: peers.powerboxes_upright(*tables)},
    }[kind]

    def agree(ours, theirs) -> None:
        score = theirs if kind == "intervals" else 1.0 - theirs
        np.testing.assert_allclose(score, ours, rtol=0, atol=1e-9)

    return Case(lambda: ov.iou.pairwise(*map(make, radians)), contestants, agree)


WORKLOADS = [
    workload
    for name in ("iou", "giou")
    for workload in (
        _workload(name, 10, 10, 1.0, " from arrays"),
        _workload(name, 100, 100, 2.0 if name == "iou" else 2.2),
        _workload(name, 100, 100, None, ", lone calls"),
        _workload(name, 100, 100, 1.2, " from arrays"),
        # GIoU is held to a fresh table with two divisions for each pair.
        _workload(name, 1000, 1000, 3.5)
        if name == "iou"
        else _workload(name, 1000, 1000, None, within=1.5),
        _workload(name, 10_000, 2000, 2.5),
        _workload(name, 10_000, 2000, 4.5, " into out="),
    )
]
WORKLOADS += [
    Workload(
        f"IoU, 100 x 100 {kind} from arrays", partial(_other_kinds, kind=kind.split()[0]), goal
    )
    for kind, goal in (("intervals", 1.2), ("rotated boxes", 1.2), ("upright boxes", 1.2))
]


def test_speed(run):
    assert np.isfinite(np.asarray(run)).all()
