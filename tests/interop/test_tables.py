"""Boxes in tables of rows: the numbers of the batches, in the tables' own type."""

from __future__ import annotations

import numpy as np
import pytest

import overlap as ov
from overlap.interop._tables import table_scorer


def _tables(count, dtype):
    rng = np.random.default_rng(2)
    lower = rng.random((2, count, 2))
    return np.concatenate([lower, lower + 0.1 + rng.random((2, count, 2))], axis=2).astype(dtype)


@pytest.mark.kernels
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.slow  # to compile
def test_numbers(dtype):
    a, b = _tables(30, dtype)
    value, grad = ov.giou.value_and_grad(ov.Boxes(a), ov.Boxes(b))
    out, first, second, total = table_scorer(ov.giou.plan, ov.Boxes, 4, "found")(a, b, -0.5)
    assert second is None
    assert total == 0.0  # of losses, which need a best score
    assert first.dtype == dtype
    np.testing.assert_array_equal(out, value)
    np.testing.assert_array_equal(first, (-0.5 * grad).astype(dtype))
    loss, *_, total = table_scorer(ov.giou.plan, ov.Boxes, 4, "found")(a, b, -0.5, 1.0)
    np.testing.assert_array_equal(loss, 1.0 - value)
    np.testing.assert_allclose(total, loss.sum(), rtol=1e-14)
    out, first, second, _ = table_scorer(ov.giou.plan, ov.Boxes, 4, "")(a, b, 1.0)
    assert first is second is None
    np.testing.assert_array_equal(out, value)


def test_what_it_leaves_to_others():
    scorer = table_scorer(ov.giou.plan, ov.Boxes, 4, "found")
    a, b = _tables(5, np.float64)
    for column, value in ((2, -1.0), (0, np.nan), (3, np.inf)):
        bad = a.copy()
        bad[3, column] = value
        assert scorer(bad, b, 1.0) is None
        assert scorer(b, bad, 1.0) is None
    tiny = np.array([[0.0, 0.0, 1e-30, 1e-30]], np.float32)
    moved = (tiny + np.float32(5e-31)).astype(np.float32)
    assert scorer(tiny, moved, 1e12) is None  # too large a gradient for float32
    assert scorer(tiny.astype(float), moved.astype(float), 1e12) is not None
    assert not table_scorer(ov.giou.plan, lambda t: ov.Boxes(t).blurred(0.1), 4, "").usable
    assert [len(part) for part in scorer(a[:0], b[:0], 1.0)[:2]] == [0, 0]
