"""Connected components and centreline Dice."""

from __future__ import annotations

import math
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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


def tube(shape, start, stop):
    mask = np.zeros(shape, bool)
    middle = tuple(slice(n // 2 - 1, n // 2 + 2) for n in shape[:-1])
    mask[(*middle, slice(start, stop))] = True
    return mask


@pytest.mark.parametrize("shape", [(9, 40), (9, 9, 40)])
def test_cldice_of_tubes(shape):
    truth, found = tube(shape, 3, 37), tube(shape, 3, 20)
    same = ov.cldice(truth, truth)
    assert (same.value, same.precision, same.sensitivity) == (1.0, 1.0, 1.0)
    part = ov.cldice(found, truth)
    assert part.precision == 1.0
    assert part.sensitivity == pytest.approx(0.5, abs=0.05)
    assert float(part) == pytest.approx(2 * part.sensitivity / (1 + part.sensitivity))
    turned = ov.cldice(truth, found)
    assert (turned.precision, turned.sensitivity) == (part.sensitivity, part.precision)
    assert turned.value == part.value
    thin = truth & ~np.roll(truth, 1, 0) | truth & ~np.roll(truth, -1, 0)
    assert ov.cldice(truth, truth & ~thin).value > 0.9  # a third of the width: the same centreline
    apart = ov.cldice(np.roll(truth, 4, 0), truth)
    assert (apart.value, apart.precision, apart.sensitivity) == (0.0, 0.0, 0.0)


def test_cldice_of_nothing_and_errors():
    some, none = tube((9, 40), 3, 37), np.zeros((9, 40), bool)
    both = ov.cldice(none, none)
    assert all(map(math.isnan, (both.value, both.precision, both.sensitivity)))
    assert ov.cldice(some, none).value == ov.cldice(none, some).value == 0.0
    assert ov.cldice(some * 3.0, some.astype(np.uint8)).value == 1.0
    with pytest.raises(ValueError, match=r"found has shape \(9, 40\) and truth \(9, 39\)"):
        ov.cldice(some, some[:, 1:])
    with pytest.raises(ValueError, match=r"truth: expected a mask with 2 or 3 axes"):
        ov.cldice(some, some[0])
    with pytest.raises(ValueError, match=r"found\[0, 1\] is NaN"):
        ov.cldice([[0.0, np.nan]], [[0, 1]])
    with pytest.raises(TypeError, match="found: expected a mask"):
        ov.cldice([["a"]], [[1]])
