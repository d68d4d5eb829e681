"""Connected components."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

import overlap as ov

EXAMPLES = settings(max_examples=60, deadline=None)
NEIGHBORS = {1: (2,), 2: (4, 8), 3: (6, 18, 26)}


def flooded(labels, rank):
    """Components by flooding, in the order of their first voxels."""
    result = np.zeros(labels.shape, int)
    steps = [
        step
        for step in np.ndindex(*(3,) * labels.ndim)
        if 0 < sum(abs(k - 1) for k in step) <= rank
    ]
    count = 0
    for start in np.ndindex(*labels.shape):
        if labels[start] == 0 or result[start]:
            continue
        count += 1
        result[start] = count
        todo = [start]
        while todo:
            at = todo.pop()
            for step in steps:
                to = tuple(a + s - 1 for a, s in zip(at, step, strict=True))
                inside = all(0 <= k < n for k, n in zip(to, labels.shape, strict=True))
                if inside and not result[to] and labels[to] == labels[start]:
                    result[to] = count
                    todo.append(to)
    return result


@EXAMPLES
@given(st.integers(0, 2**32), st.integers(1, 3), st.data())
def test_both_backends_flood(seed, axes, data):
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(1, (30, 9, 6)[axes - 1], axes))
    labels = rng.integers(0, data.draw(st.sampled_from((2, 3))), shape)
    labels = labels.astype(data.draw(st.sampled_from(("bool", "uint8", "int16", ">i4", "int64"))))
    if data.draw(st.booleans()):
        labels = np.asfortranarray(labels)
    rank = data.draw(st.integers(1, axes))
    connectivity = NEIGHBORS[axes][rank - 1]
    expected = flooded(labels, rank)
    for backend in ("cc3d", "scipy", "auto"):
        got = ov.connected_components(labels, connectivity=connectivity, backend=backend)
        np.testing.assert_array_equal(got, expected)
        assert got.dtype == np.int32
    if rank == axes:
        np.testing.assert_array_equal(ov.connected_components(labels), expected)


def by_scipy(labels, rank):
    """Components by scipy, label by label, in the order of their first voxels."""
    structure = ndimage.generate_binary_structure(labels.ndim, rank)
    result = np.zeros(labels.shape, int)
    for value in set(labels.ravel().tolist()) - {0}:
        part, _ = ndimage.label(labels == value, structure)
        result[part > 0] = part[part > 0] + result.max()
    _, first, number = np.unique(result, return_index=True, return_inverse=True)
    rank_of = np.argsort(np.argsort(np.where(result.ravel()[first] == 0, -1, first)))
    return rank_of[number].reshape(labels.shape) + (0 if (result == 0).any() else 1)


DTYPES = ("bool", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", ">i2", ">u4", ">i8", "f4", ">f8")


def laid_out(labels):
    """The same labels as arrays that lie in memory in other ways."""
    yield labels
    yield np.asfortranarray(labels)
    wide = np.zeros([2 * n for n in labels.shape], labels.dtype)
    part = wide[tuple(slice(None, None, 2) for _ in labels.shape)]
    part[...] = labels
    yield part
    yield labels[::-1].copy()[::-1]
    turned = np.ascontiguousarray(np.moveaxis(labels, 0, -1))
    yield np.moveaxis(turned, -1, 0)
    frozen = labels.copy()
    frozen.flags.writeable = False
    yield frozen
    yield part.view(np.ndarray)[...] if labels.ndim > 1 else memoryview(labels.astype("i4"))


@pytest.mark.parametrize("dtype", DTYPES)
def test_both_backends_for_every_type_and_layout(dtype):
    rng = np.random.default_rng(8)
    for axes in (1, 2, 3):
        for rank in range(1, axes + 1):
            for _ in range(12):
                shape = tuple(rng.integers(1, (30, 8, 5)[axes - 1], axes))
                labels = rng.integers(0, rng.choice((2, 3, 5)), shape).astype(dtype)
                if np.dtype(dtype).kind == "i" and rng.random() < 0.3:
                    labels = -labels
                expected = by_scipy(labels, rank)
                for layout in laid_out(labels):
                    for backend in ("cc3d", "scipy"):
                        got = ov.connected_components(
                            layout, connectivity=NEIGHBORS[axes][rank - 1], backend=backend
                        )
                        np.testing.assert_array_equal(got, expected, f"{backend} {labels!r}")


@pytest.mark.parametrize("backend", ["cc3d", "scipy"])
def test_background_stays_background(backend):
    # connected-components-3d 4.1.1 labels the pixel [1, 1] of this array of bool.
    mask = np.array([[0, 0, 0], [0, 0, 1], [0, 0, 1]], bool)
    np.testing.assert_array_equal(ov.connected_components(mask, backend=backend), mask)
    bytes_of_255 = (mask * np.uint8(255)).view(bool)
    bytes_of_255.view(np.uint8)[1, 2] = 1
    np.testing.assert_array_equal(ov.connected_components(bytes_of_255, backend=backend), mask)
    rng = np.random.default_rng(1)
    for _ in range(1500):
        mask = rng.random(rng.integers(2, 7, 2)) < 0.5
        got = ov.connected_components(mask, backend=backend)
        np.testing.assert_array_equal(got > 0, mask)
        np.testing.assert_array_equal(got, by_scipy(mask, 2))


def test_many_components():
    board = np.indices((500, 500)).sum(0) % 2  # more than 2**16
    for backend in ("cc3d", "scipy"):
        got = ov.connected_components(board == 1, connectivity=4, backend=backend)
        assert got.max() == 125_000
        np.testing.assert_array_equal(got[board == 1], np.arange(1, 125_001))


def test_nothing_and_errors(monkeypatch):
    assert ov.connected_components(np.zeros((0, 3), bool)).shape == (0, 3)
    assert ov.connected_components(np.zeros((2, 3), bool)).max() == 0
    with pytest.raises(ValueError, match=r"connectivity = 5; in 2 dimensions .* 4 or 8 neighbours"):
        ov.connected_components(np.ones((2, 2), bool), connectivity=5)
    with pytest.raises(ValueError, match="in 1, 2 or 3 dimensions, not 4"):
        ov.connected_components(np.ones((2, 2, 2, 2), bool))
    with pytest.raises(ValueError, match="backend = 'itk'"):
        ov.connected_components(np.ones((2, 2), bool), backend="itk")
    monkeypatch.setitem(sys.modules, "cc3d", None)
    assert ov.connected_components(np.ones((2, 2), bool)).tolist() == [[1, 1], [1, 1]]
    with pytest.raises(ImportError, match=r"overlap-metrics\[medical\]"):
        ov.connected_components(np.ones((2, 2), bool), backend="cc3d")
