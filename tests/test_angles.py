"""The angle of a vector against the C library and the corners of floating point."""

from __future__ import annotations

import math

import numpy as np
import pytest

from overlap._kernels.arithmetic import angle
from overlap._kernels.jit import specialise

pytestmark = pytest.mark.kernels


def each(y, x, out):
    for k in range(len(out)):
        out[k] = angle(y[k], x[k])


def angles(y, x):
    y, x = np.asarray(y, float), np.asarray(x, float)
    out = np.empty(len(y))
    with np.errstate(over="ignore", invalid="ignore"):  # as compiled
        specialise(each)(y, x, out)
    return out


def test_equals_the_library():
    rng = np.random.default_rng(0)
    y, x = rng.normal(size=(2, 2000)) * 10.0 ** rng.integers(-9, 10, (2, 2000))
    x[::4] = abs(y[::4]) * rng.choice([1.0, math.sqrt(2.0) - 1.0, math.sqrt(2.0) + 1.0], 500)
    x = abs(x)
    np.testing.assert_allclose(angles(y, x), np.arctan2(y, x), rtol=6e-16, atol=0)


def test_exact_values():
    y = [0.0, -0.0, 3.0, -3.0, 0.0, 1.0, -1.0, 5e-324, 1e308, math.inf, 2.0]
    x = [0.0, 0.0, 0.0, 0.0, 2.0, 1.0, 1.0, 5e-324, 1e308, math.inf, math.inf]
    quarter = math.pi / 4
    wanted = [0, 0, 2 * quarter, -2 * quarter, 0, quarter, -quarter, quarter, quarter, quarter, 0]
    assert angles(y, x).tolist() == wanted


def test_odd_to_the_bit():
    y, x = abs(np.random.default_rng(1).normal(size=(2, 500)))
    assert (angles(y, x) == -angles(-y, x)).all()
