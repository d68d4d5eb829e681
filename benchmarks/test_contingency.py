"""Label volumes: everything that overlap scores need, from one pass."""

from __future__ import annotations

import numpy as np

import overlap as ov
from benchmarks import peers, volumes
from benchmarks.workload import Call, Case, Workload

LABELS = 20


def _agree(ours, theirs) -> None:
    np.testing.assert_allclose(np.asarray(ours), theirs, rtol=1e-12)


def _reading(*arrays: np.ndarray) -> tuple[Call, str]:
    return peers.read_floor(sum(array.nbytes for array in arrays)), "reading as many bytes"


def _labels(count) -> Case:
    found, truth = volumes.organs(count(200), count(512), LABELS, 0)
    names = list(range(1, LABELS + 1))
    return Case(
        lambda: ov.contingency(found, truth).score(ov.dice, names),
        {
            "numpy.bincount": lambda: volumes.bincount_dice(found, truth, LABELS),
            "numpy.bincount by slices": lambda: volumes.bincount_slices_dice(found, truth, LABELS),
            "SimpleITK": lambda: volumes.itk_dice(found, truth, LABELS),
        },
        _agree,
        *_reading(found, truth),
    )


def _itk(count) -> Case:
    case = _labels(count)
    return Case(case.ours, {"SimpleITK": case.peers["SimpleITK"]}, _agree, case.floor, case.limit)


def _binary(count) -> Case:
    found, truth = (volume > 0 for volume in volumes.organs(count(200), count(512), LABELS, 0))
    return Case(
        lambda: ov.contingency(found, truth).score(ov.dice, [1])[1],
        {"numpy.count_nonzero": lambda: volumes.numpy_binary_dice(found, truth)},
        _agree,
        *_reading(found, truth),
    )


def _instances(count) -> Case:
    edge = count(2048) // 16 * 16 or 16
    rng = np.random.default_rng(0)
    grid = np.arange(1, (edge // 16) ** 2 + 1, dtype=np.int32).reshape(edge // 16, -1)
    truth = np.kron(grid, np.ones((16, 16), np.int32))
    truth[rng.random(truth.shape) < 0.01] = 0
    found = np.roll(truth, (2, 3), (0, 1))
    return Case(
        lambda: ov.match_instances(ov.contingency(found, truth)).pq,
        {"numpy.unique": lambda: volumes.numpy_panoptic(found, truth)},
        _agree,
    )


WORKLOADS = [
    Workload("Dice of 20 labels in 512 x 512 x 200 voxels", _labels, 15.0,
             ("numpy.bincount", "numpy.bincount by slices")),
    Workload("the same against SimpleITK", _itk, 35.0),
    Workload("binary Dice of 512 x 512 x 200 voxels", _binary),
    Workload("panoptic quality of 16384 cells in 2048 x 2048 pixels", _instances, 2.0),
]  # fmt: skip


def test_speed(run):
    assert run is not None
