"""Instance masks, one large binary mask, and soft masks."""

from __future__ import annotations

import numpy as np

import overlap as ov
from benchmarks import mask_peers as peers
from benchmarks.peers import read_floor
from benchmarks.workload import Case, Workload

READING = "reading as many bytes"


def _agree(ours, theirs) -> None:
    np.testing.assert_allclose(theirs, ours, rtol=1e-12, atol=1e-12)


def _roughly(ours, theirs) -> None:
    np.testing.assert_allclose(theirs, ours, rtol=1e-4)


def _scene(count) -> tuple[np.ndarray, np.ndarray]:
    height, width = max(count(480), 24), max(count(640), 32)
    return tuple(peers.blobs(count(100), height, width, seed) for seed in (0, 1))  # type: ignore


def _dense(count) -> Case:
    a, b = _scene(count)
    return Case(
        lambda: ov.iou.pairwise(ov.Masks(a), ov.Masks(b)),
        {"pycocotools": lambda: peers.cocotools_dense(a, b)},
        _agree,
        read_floor(a.nbytes + b.nbytes),
        READING,
    )


def _encoded(count) -> Case:
    from pycocotools import mask  # noqa: F401  # that the input is made with

    a, b = (peers.encoded(masks) for masks in _scene(count))
    return Case(
        lambda: ov.iou.pairwise(ov.Masks.from_rle(a), ov.Masks.from_rle(b)),
        {"pycocotools": lambda: peers.cocotools_encoded(a, b)},
        _agree,
    )


def _binary(count, packed: bool) -> Case:
    shape = (count(200), count(512), count(512))
    grid = np.stack(np.meshgrid(*(np.linspace(-1.0, 1.0, n) for n in shape), indexing="ij"))
    a = (grid**2).sum(0) < 0.5
    b = ((grid - 0.05) ** 2).sum(0) < 0.45
    first, second = ov.Masks(a[None]), ov.Masks(b[None])

    def from_arrays():
        return ov.dice(ov.Masks(a[None]), ov.Masks(b[None]))

    return Case(
        (lambda: ov.dice(first, second)) if packed else from_arrays,
        {"numpy.count_nonzero": lambda: peers.numpy_binary_dice(a, b)},
        _agree,
        read_floor((a.nbytes + b.nbytes) // (8 if packed else 1)),
        READING,
    )


def _soft(count) -> Case:
    p, q = peers.soft_pair(count(26_000_000), 0)
    first, second = ov.Masks(p, axes=1), ov.Masks(q, axes=1)
    return Case(
        lambda: ov.dice(first, second),
        {
            "NumPy": lambda: peers.numpy_soft_dice(p, q),
            "torch": lambda: peers.torch_soft_dice(p, q),
        },
        _roughly,
        read_floor(p.nbytes + q.nbytes),
        READING,
    )


WORKLOADS = [
    Workload("IoU of 100 x 100 masks of 640 x 480 from dense arrays", _dense, 6.0),
    Workload("IoU of 100 x 100 masks of 640 x 480 from run lengths", _encoded, 3.0),
    Workload("Dice of two binary volumes of 512 x 512 x 200 from arrays",
             lambda count: _binary(count, False), within=1.5),
    Workload("Dice of two binary volumes, already packed", lambda count: _binary(count, True)),
    Workload("soft Dice of 26 million cells of float32", _soft, within=1.5),
]  # fmt: skip


def test_speed(run):
    assert np.isfinite(np.asarray(run)).all()
