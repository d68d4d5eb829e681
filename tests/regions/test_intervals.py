from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import overlap as ov


def test_constructors_agree() -> None:
    wanted = ov.Intervals([[1.0, 3.0], [2.0, 2.0]])
    assert ov.Intervals.sorted([[3.0, 1.0], [2.0, 2.0]]) == wanted
    assert ov.Intervals.from_center_duration([[2.0, 2.0], [2.0, 0.0]]) == wanted
    frames = ov.Intervals.from_frames([[10, 30], [20, 20]], fps=10.0)
    assert frames == ov.Intervals(wanted.to_array(), unit="s")
    last = ov.Intervals.from_frames([[10, 29], [20, 19]], fps=10.0, inclusive=True)
    assert last == frames


def test_wrapped_arcs() -> None:
    arcs = ov.Intervals.from_wrapped([[350.0, 10.0], [10.0, 350.0], [5.0, 5.0]], period=360.0)
    np.testing.assert_array_equal(arcs.measure(), [20.0, 340.0, 0.0])
    assert arcs.period == 360.0
    assert ov.Intervals.from_center_duration([[0.0, 20.0]], period=360.0).start[0] == -10.0


def test_scaled_about_the_centre() -> None:
    assert ov.Intervals([[0.0, 4.0]]).scaled(0.5) == ov.Intervals([[1.0, 3.0]])
    arcs = ov.Intervals([[0.0, 4.0]], period=6.0, unit="h")
    assert arcs.scaled(0.0) == ov.Intervals([[2.0, 2.0]], period=6.0, unit="h")
    with pytest.raises(ValueError, match=r"ratio = -1.0 is not a finite number >= 0"):
        arcs.scaled(-1.0)
    with pytest.raises(ValueError, match=r"more than the period 6.0"):
        arcs.scaled(2.0)


@pytest.mark.parametrize(
    "values",
    [
        [[1, 2], [3, 5]],
        ((1.0, 2.0), (3.0, 5.0)),
        np.array([[1, 2], [3, 5]], np.int8),
        np.asfortranarray([[1.0, 2.0], [3.0, 5.0]]),
        pd.DataFrame({"stop": [2, 5], "label": ["a", "b"], "start": [1, 3]}),
        pd.DataFrame({"t0": [1.0, 3.0], "t1": [2.0, 5.0]}),
    ],
    ids=["lists", "tuples", "int8", "fortran", "named frame", "frame"],
)
def test_array_likes(values: object) -> None:
    batch = ov.Intervals(values)  # type: ignore[arg-type]
    assert batch == ov.Intervals([[1.0, 2.0], [3.0, 5.0]])
    assert all(column.flags.c_contiguous for column in batch.kernel_columns())


def test_tensors() -> None:
    torch = pytest.importorskip("torch")
    values = torch.tensor([[1.0, 2.0]], requires_grad=True)
    assert ov.Intervals(values) == ov.Intervals([[1.0, 2.0]])


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("rows", [1, 2])
def test_the_batch_keeps_its_own_copy(rows: int, order: str) -> None:
    values = np.array([[1.0, 2.0], [3.0, 5.0]], order=order)[:rows]
    batch = ov.Intervals(values)
    values[0, 0] = -100.0
    assert batch.start[0] == 1.0
    with pytest.raises(ValueError, match="read-only"):
        batch.start[0] = 7.0


@pytest.mark.parametrize("values", [[], np.empty((0, 2)), pd.DataFrame({"start": [], "stop": []})])
def test_no_intervals(values: object) -> None:
    assert len(ov.Intervals(values)) == 0  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("values", "settings", "error", "message"),
    [
        ([[0, 1], [4.0, 3.2]], {}, ValueError,
         r"stop\[1\] = 3.2 is before start\[1\] = 4.0; use Intervals.sorted\(...\) to swap"),
        ([[350.0, 10.0]], {"period": 360}, ValueError, r"before start\[0\].*from_wrapped"),
        ([[0, 1], [np.nan, 2]], {}, ValueError, r"start\[1\] = nan is not finite; remove"),
        ([[0, np.inf]], {}, ValueError, r"stop\[0\] = inf is not finite"),
        ([[-1.7e308, 1.7e308]], {}, ValueError, "length of interval 0 overflows"),
        ([0, 1], {}, ValueError, r"expected shape \(N, 2\) with columns start, stop; .*\(2,\)"),
        ([[0, 1, 2]], {}, ValueError, r"expected shape \(N, 2\).*\(1, 3\)"),
        (np.zeros((2, 2, 2)), {}, ValueError, r"\(2, 2, 2\)"),
        ([["a", "b"]], {}, TypeError, "Intervals: expected real numbers"),
        ([[1 + 2j, 3]], {}, TypeError, "expected real numbers, got an array of complex128"),
        ([[0, 1], [2]], {}, TypeError, "row 1 has 1 values, and row 0 has 2; give each as many"),
        ([[0, "1"], [None, 2]], {}, TypeError, r"value at \[0, 1\] is str '1'; wanted a number"),
        ([[None, object()]], {}, TypeError, r"at \[0, 1\] is object .* wanted a number"),
        (ov.Intervals([[0, 1]]), {}, TypeError, "expected numbers, got Intervals"),
        ([[0, 5]], {"period": 4.0}, ValueError, "interval 0 is 5.0 long, more than the period 4.0"),
        ([[0, 5]], {"period": 0.0}, ValueError, "period = 0.0 is not a positive number"),
        ([[0, 5]], {"period": np.nan}, ValueError, "period = nan is not a positive number"),
    ],
)  # fmt: skip
def test_bad_input(values: object, settings: dict, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        ov.Intervals(values, **settings)  # type: ignore[arg-type]


def test_bad_input_of_the_other_constructors() -> None:
    with pytest.raises(ValueError, match=r"duration\[1\] = -2.0 is negative"):
        ov.Intervals.from_center_duration([[0, 1], [5, -2]])
    for fps in (0.0, -25.0, np.nan):
        with pytest.raises(ValueError, match=r"fps = .* is not a positive number"):
            ov.Intervals.from_frames([[0, 1]], fps=fps)
    with pytest.raises(ValueError, match="period = -1 is not a positive number"):
        ov.Intervals.from_wrapped([[3, 1]], period=-1)
    with pytest.raises(ValueError, match=r"before start\[0\]"):
        ov.Intervals.from_wrapped([[800.0, 10.0]], period=360.0)


def test_one_turn_of_a_tiny_negative_start() -> None:
    """Modulo rounds -1e-20 up to a whole turn, which must count as 0."""
    arcs = ov.Intervals([[-1e-20, 1.0]], period=2.0)
    assert ov.iou(arcs, ov.Intervals([[0.0, 1.0]], period=2.0))[0] == 1.0
