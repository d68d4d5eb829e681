"""Every way to the candidates gives the pairs of the dense matrix, each once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import overlap as ov
from overlap.scores import candidates, sparse

pytestmark = pytest.mark.kernels


def intervals(rng: np.random.Generator, n: int) -> ov.Intervals:
    """Starts on a lattice, so that many are equal; some empty, some covering everything."""
    start = rng.integers(0, 40, n) / 2.0
    length = rng.choice([0.0, 0.5, 1.0, 2.5, 60.0], n, p=[0.1, 0.4, 0.3, 0.15, 0.05])
    return ov.Intervals(np.stack([start, start + length], 1))


def arcs(rng: np.random.Generator, n: int) -> ov.Intervals:
    line = intervals(rng, n)
    length = np.minimum(line.measure(), 8.0)
    start = line.start - 9.0
    return ov.Intervals(np.stack([start, start + length], 1), period=8.0)


def boxes(axes: int) -> Callable[[np.random.Generator, int], ov.Boxes]:
    def make(rng: np.random.Generator, n: int) -> ov.Boxes:
        ends = [intervals(rng, n) for _ in range(axes)]
        return ov.Boxes(np.stack([x.start for x in ends] + [x.stop for x in ends], 1))

    return make


def tubes(rng: np.random.Generator, n: int) -> ov.Product:
    return ov.Product(boxes(2)(rng, n), intervals(rng, n))


def seasons(rng: np.random.Generator, n: int) -> ov.Product:
    return ov.Product(arcs(rng, n), intervals(rng, n))


def sets(rng: np.random.Generator, n: int) -> ov.FiniteSets:
    return ov.FiniteSets(rng.random((n, 20)) < 0.1)


KINDS = {
    "intervals": intervals,
    "arcs": arcs,
    "boxes-1": boxes(1),
    "boxes-2": boxes(2),
    "boxes-3": boxes(3),
    "box x interval": tubes,
    "arc x interval": seasons,
    "sets": sets,
}


def check(found: ov.Regions, truth: ov.Regions, at_least: float, groups=None) -> None:
    dense = np.nan_to_num(ov.iou.pairwise(found, truth))
    wanted = dense >= at_least
    if groups is not None:
        wanted &= groups[0][:, None] == groups[1][None, :]
    got = ov.iou.pairs(found, truth, at_least=at_least, groups=groups)
    i, j = got.coords
    assert len(set(zip(i.tolist(), j.tolist(), strict=True))) == got.nnz, "a pair came twice"
    np.testing.assert_array_equal(got.toarray(), np.where(wanted, dense, 0.0))
    undefined = (found.measure() == 0)[:, None] & (truth.measure() == 0)[None, :]
    if groups is not None:
        undefined &= groups[0][:, None] == groups[1][None, :]
    assert got.undefined == undefined.sum()


def as_if_large(monkeypatch: pytest.MonkeyPatch, dense: int = 0) -> None:
    """Send small problems through join and grid, or with `dense` pairs through lists of all."""
    monkeypatch.setattr(sparse, "_TABLE", 0)
    monkeypatch.setattr(sparse, "_SIEVED_TABLE", 0)
    monkeypatch.setattr(sparse, "_PART", 16)
    monkeypatch.setattr(candidates, "_DENSE_PAIRS", dense)


@pytest.mark.parametrize("way", ["table", "dense", "search"])
@pytest.mark.parametrize("kind", KINDS)
def test_pairs_equal_the_dense_matrix(kind: str, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if way != "table":
        as_if_large(monkeypatch, 1000 if way == "dense" else 0)
    rng = np.random.default_rng(1)
    for n, m in ((1, 1), (1, 40), (40, 1), (37, 53), (0, 5), (5, 0)) + ((25, 25),) * 4:
        found, truth = KINDS[kind](rng, n), KINDS[kind](rng, m)
        check(found, truth, 1e-9)
        check(found, truth, 0.5)
        labels = rng.integers(0, 3, n), rng.integers(1, 4, m)
        check(found, truth, 1e-9, labels)


def test_labels_of_any_type() -> None:
    rng = np.random.default_rng(2)
    found, truth = intervals(rng, 30), intervals(rng, 20)
    names = np.array(["cat", "dog", "kangaroo"])
    first, second = rng.integers(0, 3, 30), rng.integers(0, 3, 20)
    wanted = ov.iou.pairs(found, truth, at_least=0.1, groups=(first, second)).toarray()
    for labels in (names, names.astype(object), np.array([-5.5, 0.0, 1e300])):
        got = ov.iou.pairs(found, truth, at_least=0.1, groups=(labels[first], labels[second]))
        np.testing.assert_array_equal(got.toarray(), wanted)
    lists = (names[first].tolist(), names[second].tolist())
    got = ov.iou.pairs(found, truth, at_least=0.1, groups=lists)
    np.testing.assert_array_equal(got.toarray(), wanted)


@pytest.mark.parametrize("kind", ["intervals", "arcs", "boxes-2", "boxes-3"])
def test_large_problems(kind: str) -> None:
    """More than a million pairs, a few of the regions huge."""
    rng = np.random.default_rng(3)
    count = 1100 if not _interpreted() else 60
    check(KINDS[kind](rng, count), KINDS[kind](rng, count), 0.9)


def test_large_sparse_problem_against_a_sweep() -> None:
    """Far more pairs than could be looked at one by one."""
    count = 20_000 if not _interpreted() else 200
    rng = np.random.default_rng(4)
    start = [np.sort(rng.uniform(0.0, 10.0 * count, count)) for _ in range(2)]
    found, truth = (ov.Intervals(np.stack([x, x + rng.uniform(0, 30, count)], 1)) for x in start)
    got = ov.iou.pairs(found, truth, at_least=1e-12)
    # A truth meets all found that start before its stop, except those that stop by its start.
    before = np.searchsorted(np.sort(found.start), truth.stop, "left")
    over = np.searchsorted(np.sort(found.stop), truth.start, "right")
    assert got.nnz == (before - over).sum()
    i, j = got.coords
    np.testing.assert_array_equal(got.data, ov.iou(found[i], truth[j]))


@pytest.mark.parametrize(
    "table",
    [
        np.tile([0.0, 0.0, 1.0, 1.0], (8, 1)),
        np.tile([5.0, 5.0, 5.0, 5.0], (8, 1)),
        np.array([[x, 0.0, x + 1.5, 0.0] for x in range(8)], float),
        np.array([[x, 0.0, x + 1.5, 1.0] for x in range(8)], float),
        np.array([[0.0, 0.0, 10.0**k, 10.0 ** (8 - k)] for k in range(8)]),
        np.array([[-(10.0**k), 0.0, 10.0**k, 1.0] for k in range(0, 160, 20)]),
    ],
    ids=["identical", "one point", "flat", "a row", "all shapes", "all sizes"],
)
def test_grids_of_awkward_scenes(table: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    as_if_large(monkeypatch)
    batch = ov.Boxes(table)
    check(batch, batch, 1e-9)


def _interpreted() -> bool:
    import numba

    return bool(numba.config.DISABLE_JIT)


@pytest.mark.parametrize(("output", "job"), [(1 << 24, 500), (0, 500), (3000, 1 << 19)])
def test_neither_jobs_nor_a_growing_output_change_the_pairs(monkeypatch, output, job) -> None:
    rng = np.random.default_rng(3)
    size = 400 if _interpreted() else 1200
    start = rng.uniform(0, size / 4, (2, size))
    a, b = (ov.Intervals(np.stack([s, s + rng.uniform(0, 8, size)], axis=1)) for s in start)
    expected = ov.iou.pairwise(a, b)
    expected[expected < 0.2] = 0.0
    monkeypatch.setattr("overlap.scores.sparse._OUTPUT", output)
    monkeypatch.setattr("overlap.scores.sparse._CANDIDATES", job)
    monkeypatch.setenv("OVERLAP_THREADS", "3")
    pairs = ov.iou.pairs(a, b, at_least=0.2)
    assert pairs.nnz == np.count_nonzero(expected)
    assert np.array_equal(pairs.toarray(), expected)


@pytest.mark.slow  # to compile
def test_a_table_of_rotated_boxes_has_the_pairs_of_lists(monkeypatch) -> None:
    rng = np.random.default_rng(4)
    sides = rng.choice([0.0, 1.0, 2.0], (2, 60, 2), p=[0.1, 0.5, 0.4])
    place, angle = rng.uniform(0, 9, (2, 60, 2)), rng.uniform(0, 3, (2, 60, 1))
    found, truth = map(ov.RotatedBoxes, np.concatenate([place, sides, angle], axis=2))
    for strict in (False, True):
        pairs = ov.iou.pairs(found, truth, at_least=0.2, strict=strict)
        with monkeypatch.context() as patch:
            as_if_large(patch, 10_000)
            wanted = ov.iou.pairs(found, truth, at_least=0.2, strict=strict)
        assert pairs.nnz == wanted.nnz > 20
        for mine, other in zip(
            (*pairs.coords, pairs.data), (*wanted.coords, wanted.data), strict=True
        ):
            assert mine.dtype == other.dtype
            assert np.array_equal(mine, other)


@pytest.mark.parametrize("grouped", [False, True])
def test_threads_do_not_change_the_order_of_pairs(monkeypatch, grouped) -> None:
    rng = np.random.default_rng(8)
    a, b = intervals(rng, 1500), intervals(rng, 1200)
    groups = (rng.integers(0, 5, 1500), rng.integers(0, 5, 1200)) if grouped else None
    found = []
    for most in (1 << 17, 0):
        monkeypatch.setattr(candidates, "_SOON_SORTED", most)
        monkeypatch.setattr(candidates, "_SORTED", 1e4)
        near = ov.iou.pairs(a, b, at_least=0.0, strict=True, groups=groups)
        found.append((near.row, near.col, near.data))
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)


def test_neither_threads_nor_parts_change_the_pairs_of_a_grid(monkeypatch) -> None:
    rng = np.random.default_rng(9)
    a, b = boxes(2)(rng, 400), boxes(2)(rng, 300)
    monkeypatch.setattr(sparse, "_TABLE", 0)
    monkeypatch.setattr(candidates, "_DENSE_PAIRS", 0)
    found = []
    for threads, part in ((1, 1 << 15), (1, 30), (3, 30)):
        monkeypatch.setenv("OVERLAP_THREADS", str(threads))
        monkeypatch.setattr(sparse, "_PART", part)
        near = ov.iou.pairs(a, b, at_least=0.0, strict=True)
        found.append((near.row, near.col, near.data))
    for column in zip(*found, strict=True):
        for other in column[1:]:
            np.testing.assert_array_equal(column[0], other)
