"""Small work in plain Python gives the numbers of compiled code, to the last bit."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from overlap import evaluate
from overlap._kernels import plain
from overlap._kernels.cache import KernelCache
from overlap._kernels.jit import _specialised, interpreted, scalar, specialise
from overlap._kernels.plain import all_compiled, plain_form, suited
from overlap._kernels.words import differing, filled
from overlap.io import sample_path

pytestmark = [
    pytest.mark.kernels,
    pytest.mark.skipif(interpreted(), reason="there is only plain Python"),
]


@dataclass
class Both:
    """An account whose plain form runs the kernel as well, on a copy of what it writes to."""

    plain: Callable[..., Any]
    left: float = math.inf


def flat(value: Any) -> list[bytes]:
    """Return the bytes of all numbers in arguments and results."""
    if isinstance(value, tuple):
        return [part for item in value for part in flat(item)]
    return [np.asarray(value).tobytes()]


def of_both(kernel: Callable[..., Any], seen: dict[str, int]) -> Both:
    function = plain_form(kernel)
    assert function is not None, kernel.__name__

    def run(*arguments: Any) -> Any:
        copied = copied_of(arguments, {})
        result = function(*arguments)
        assert flat(kernel(*copied)) == flat(result), kernel.__name__
        assert flat(copied) == flat(arguments), kernel.__name__
        seen[kernel.__name__] = seen.get(kernel.__name__, 0) + 1
        return result

    return Both(run)


def copied_of(value: Any, memory: dict[int, NDArray]) -> Any:
    """Return copies that share memory where the arrays do, and are as writable."""
    if isinstance(value, tuple):
        return tuple(copied_of(item, memory) for item in value)
    if not isinstance(value, np.ndarray):
        return value
    whole = value
    while isinstance(whole.base, np.ndarray):
        whole = whole.base
    held = memory.setdefault(id(whole), whole.copy())
    at = value.__array_interface__["data"][0] - whole.__array_interface__["data"][0]
    result = np.ndarray(value.shape, value.dtype, held.data, at, value.strides)
    result.flags.writeable = value.flags.writeable
    return result


@pytest.fixture
def compared(monkeypatch) -> Iterator[dict[str, int]]:
    """Every kernel that is asked for by size runs both ways; the fixture counts them."""
    seen: dict[str, int] = {}
    accounts: dict[Any, Any] = {}

    def account(kernel: Any) -> Any:
        if kernel not in accounts:
            accounts[kernel] = of_both(kernel, seen)
        return accounts[kernel]

    monkeypatch.setattr(plain, "_account", account)
    yield seen
    assert seen


def test_temporal(compared):
    files = {"truth": sample_path("temporal_truth"), "found": sample_path("temporal_found")}
    evaluate.temporal(**files, bootstrap=50, progress=False)
    evaluate.temporal(**files, protocol="thumos14", progress=False)
    assert {"_pairs", "_listed", "_counted", "_greedy", "_average", "_average_ends"} <= set(
        compared
    )


def test_detection(compared):
    evaluate.detection(
        truth=sample_path("detection_truth"), found=sample_path("detection_found"), progress=False
    )
    assert {"_keep_first", "_counted", "_greedy", "_average"} <= set(compared)


def test_segmentation(compared):
    evaluate.segmentation(
        truth=sample_path("volumes_truth"), found=sample_path("volumes_found"), progress=False
    )
    assert {"count_runs", "term_block", "score_overlaps"} <= set(compared)


@pytest.mark.slow
def test_ramachandran(compared):
    evaluate.conformation(
        found=sample_path("angles_found"), truth=sample_path("angles_truth"), progress=False
    )
    assert {
        "areas", "center_ways", "compare", "cut_gaps", "enter", "join_arcs", "label_nodes",
        "link_crossings", "means", "outside_boxes", "pair_masses", "region_masses", "sections",
        "trace_rings",
    } <= set(compared)  # fmt: skip


# ------------------------------------------------------------------ which kernels, and when


@scalar
def halved(x):
    return x / 2.0


@scalar
def grown(x):
    return math.exp(x)


def loop(x, out):
    for k in range(len(x)):
        out[k] = F(x[k]) if x[k] > 0.0 else 1.0 / (2.0 * 0.0)  # noqa: F821


def powers(x, out):
    for k in range(len(x)):
        out[k] = x[k] ** 2


def totals(x, out):
    out[0] = np.sum(x)


def own_loop(value: float) -> Callable[..., Any]:
    """Return a kernel that no other test has: `loop` has a free name for this."""
    return specialise(constant, C=value)


def constant(x, out):
    for k in range(len(x)):
        out[k] = x[k] + C  # noqa: F821


def test_a_division_by_zero_is_infinite():
    plain_loop = plain_form(specialise(loop, F=halved))
    out = np.empty(2)
    plain_loop(np.array([3.0, -1.0]), out)
    assert out.tolist() == [1.5, math.inf]


@pytest.mark.parametrize(
    "kernel",
    [
        specialise(loop, F=grown),
        specialise(powers),
        specialise(totals),
        specialise(loop, sums=True, F=halved),
    ],
    ids=["exp", "power", "NumPy's sum", "sums in any order"],
)
def test_what_may_differ_in_the_last_bit_is_compiled(kernel):
    assert plain_form(kernel) is None
    assert suited(kernel, 1) is kernel


def test_what_takes_long_is_compiled():
    kernel = own_loop(1.0)
    assert suited(kernel, 10) is not kernel
    assert suited(kernel, plain.PATIENCE - 11) is not kernel
    assert suited(kernel, 10) is kernel
    assert suited(kernel, 1) is kernel
    large = own_loop(2.0)
    assert suited(large, plain.PATIENCE + 1) is large


def test_all_can_be_compiled():
    kernel = own_loop(3.0)
    with all_compiled():
        assert suited(kernel, 1) is kernel
    assert suited(kernel, 1) is not kernel


def test_machine_code_on_disk_is_used(tmp_path, monkeypatch):
    monkeypatch.setenv("OVERLAP_CACHE", str(tmp_path))
    kernel = own_loop(4.0)
    kernel(np.zeros(1), np.zeros(1))
    assert len(list(tmp_path.glob("*.kernel"))) == 1
    specialise.cache_clear()
    _specialised.cache_clear()
    again = own_loop(4.0)
    assert again is not kernel
    assert suited(again, 1) is again


def test_threads_that_ask_at_once_get_one_kernel():
    together = threading.Barrier(8)

    def asked(number: float) -> object:
        together.wait()
        return own_loop(number)

    with ThreadPoolExecutor(8) as pool:
        for k in range(20):
            assert len(set(map(id, pool.map(asked, [100.0 + k] * 8)))) == 1


def test_a_dry_run_compiles_nothing(tmp_path):
    def said(*words: str) -> list[str]:
        command = [sys.executable, "-m", "overlap", "warm", *words]
        done = subprocess.run(
            command, env={**os.environ, "OVERLAP_CACHE": str(tmp_path)}, capture_output=True,
            text=True, check=True,
        )  # fmt: skip
        return done.stdout.splitlines()

    first, *rest = said("--dry-run", "temporal")
    assert first == "temporal: 8 kernels"
    assert all(line.endswith(": not compiled yet") for line in rest)
    assert not list(tmp_path.iterdir())


def differences(a, b, places, out):
    for k in range(len(places)):
        out[0, k] = differing(a, places[k], b, np.uintp(k))
        out[1, k] = filled(a, places[k])


def test_bytes_are_compared_as_in_compiled_code():
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 2, (2, 150), dtype=np.uint8) * np.uint8(255)
    places = rng.permutation(80).astype(np.uintp)
    kernel = specialise(differences)
    assert isinstance(kernel._cache, KernelCache)  # an intrinsic has a key as well
    compiled, plain_out = np.empty((2, 2, 80), np.uint64)
    kernel(a, b, places, compiled)
    plain_form(kernel)(a, b, places, plain_out)
    assert compiled.tolist() == plain_out.tolist()
    for j, (i, words) in enumerate(zip(places, compiled.T.tolist(), strict=True)):
        bits = [[word >> k & 1 for k in range(64)] for word in words]
        block = a[i : i + 64]
        assert bits == [(block != b[j : j + 64]).tolist(), (block != 0).tolist()]


def extremes(x, y, out):
    for k in range(len(x)):
        out[0, k] = min(x[k], y[k])
        out[1, k] = max(x[k], y[k])
        out[2, k] = min(max(x[k], 0.0), 1.0)
        out[3, k] = abs(x[k]) / y[k]
        out[4, k] = x[k] * (y[k] > 0.0) - x[k]
        out[5, k] = math.sqrt(x[k])


def test_zeros_infinities_and_nan_are_as_in_compiled_code():
    numbers = np.array([0.0, -0.0, 1.0, -2.5, math.inf, -math.inf, math.nan, 5e-324, 1e308])
    x, y = (grid.ravel().copy() for grid in np.meshgrid(numbers, numbers))
    kernel = specialise(extremes)
    compiled, plain_out = np.empty((2, 6, len(x)))
    kernel(x, y, compiled)
    plain_form(kernel)(x, y, plain_out)
    both = np.isnan(compiled) & np.isnan(plain_out)  # a NaN has no sign that is read
    np.testing.assert_array_equal(np.isnan(compiled), np.isnan(plain_out))
    assert compiled[~both].tobytes() == plain_out[~both].tobytes()
