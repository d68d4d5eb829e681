"""Ranges over orders of equal confidences are those of all orders, tried one by one."""

from __future__ import annotations

from functools import reduce
from itertools import combinations, permutations, product
from operator import or_
from typing import Any

import numpy as np
import pandas as pd
import pytest

from overlap import evaluate
from overlap.evaluate._temporal.recall import cover
from overlap.evaluate._temporal.unranked import orders as orders_of

EXACT = "this is the range over all orders"


def drawn(rng: np.random.Generator, labels: list[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Up to three truths and five predictions of two videos, with three confidences."""

    def segments(count: int) -> pd.DataFrame:
        start = rng.integers(0, 6, count).astype(float)
        return pd.DataFrame({
            "video": rng.choice(["a", "b"], count), "label": rng.choice(labels, count),
            "start": start, "stop": start + rng.integers(1, 7, count),
        })  # fmt: skip

    truth, found = segments(int(rng.integers(1, 4))), segments(int(rng.integers(2, 6)))
    found["score"] = rng.integers(1, 4, len(found)) / 4
    return truth, found


def ranges(reports: list[Any], names: list[str]) -> dict[str, tuple[float, float]]:
    values = {name: [report.summary[name] for report in reports] for name in names}
    return {name: (min(x), max(x)) for name, x in values.items()}


def stated(report: Any) -> dict[str, tuple[float, float]]:
    return {n.name: n.ties or (n.value, n.value) for n in report.numbers}


def assert_all_orders(report: Any, others: list[Any]) -> None:
    mine = stated(report)
    every = ranges(others, list(mine))
    for name, ends in mine.items():
        np.testing.assert_allclose(ends, every[name], rtol=0, atol=1e-15, err_msg=name)
    moved = any(low < high for low, high in mine.values())
    assert any(EXACT in note for note in report.settings["notes"]) == moved


def matched(seed: int) -> None:
    """Segments of integers, of which many have equal IoUs."""
    rng = np.random.default_rng(seed)
    truth, found = drawn(rng, ["x", "y"])
    if seed % 3:
        truth["video"] = found["video"] = "a"
    how = {"protocol": "segments_f1", "iou": [0.1, 0.3],
           "classes": ["labels", "ignore"][seed % 2]}  # fmt: skip
    found = found.drop(columns="score")
    # pairs of equal IoU come by the rows of the predictions, then by those of the truth
    orders = product(permutations(range(len(found))), permutations(range(len(truth))))
    others = [evaluate.temporal(found=found.iloc[list(a)], truth=truth.iloc[list(b)], **how)
              for a, b in orders]  # fmt: skip
    assert_all_orders(others[0], others)


def answered(seed: int) -> None:
    """Two queries with some windows each, of which many have equal scores."""
    rng = np.random.default_rng(seed)

    def windows(count: int) -> list[list[float]]:
        start = rng.integers(0, 6, count)
        return np.stack([start, start + rng.integers(1, 7, count)], axis=1).tolist()

    truth = [{"qid": q, "vid": "v", "duration": 20, "relevant_windows": windows(q + 1)}
             for q in range(2)]  # fmt: skip
    given = [[[*window, int(rng.integers(1, 3)) / 4] for window in windows(rng.integers(1, 5))]
             for _ in range(2)]  # fmt: skip
    how = {"truth": truth, "protocol": "moment_retrieval", "order": "confidence", "k": (1, 2),
           "iou": [0.2, 0.5], "truths": 1 + seed % 2}  # fmt: skip
    others = [
        evaluate.temporal(
            found=[{"qid": q, "pred_relevant_windows": list(rows)} for q, rows in enumerate(both)],
            **how,
        )
        for both in product(*map(permutations, given))
    ]
    assert_all_orders(others[0], others)


def recalled(seed: int) -> None:
    truth, found = drawn(np.random.default_rng(seed), ["x", "y"])
    how = {"truth": truth, "protocol": "recall_kx", "tie_rule": "file", "iou": [0.2, 0.5],
           "mean": ["classes", "truths"][seed % 2], "classes": ["labels", "ignore"][seed // 2 % 2],
           "k": (1, 2)}  # fmt: skip
    others = [evaluate.temporal(found=found.iloc[list(order)], **how)
              for order in permutations(range(len(found)))]  # fmt: skip
    assert_all_orders(others[0], others)


@pytest.mark.parametrize("seed", range(4))
def test_recall_at_k_has_the_range_of_all_orders(seed: int) -> None:
    recalled(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4, 24))
def test_recall_at_k_has_the_range_of_all_orders_of_many_sets(seed: int) -> None:
    recalled(seed)


@pytest.mark.parametrize("seed", [0, 1, 5])
def test_greedy_matching_has_the_range_of_all_orders(seed: int) -> None:
    matched(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6, 18))
def test_greedy_matching_has_the_range_of_all_orders_of_many_sets(seed: int) -> None:
    matched(seed)


def greedy(pairs: list[tuple[float, int, int]]) -> tuple[int, float]:
    """Take pairs in the order given, as long as both segments are free."""
    i, j, taken = set[int](), set[int](), list[float]()
    for value, one, other in pairs:
        if one not in i and other not in j:
            i.add(one)
            j.add(other)
            taken.append(value)
    return len(taken), sum(taken)


def test_outcomes_are_those_of_all_orders() -> None:
    rng = np.random.default_rng(1)
    several = 0
    for _ in range(60):
        cells = [(i, j) for i in range(3) for j in range(3) if rng.random() < 0.6][:6]
        pairs = [(float(rng.choice([0.25, 0.5])), *cell) for cell in cells]
        orders = (sorted(order, key=lambda pair: -pair[0]) for order in permutations(pairs))
        every = {greedy(order) for order in orders}
        assert orders_of.outcomes(pairs) == every
        several += len(every) > 1
        columns = (np.array([pair[k] for pair in pairs]) for k in (1, 2, 0))
        groups = list(orders_of.contended(*columns))
        assert bool(groups) or len(every) == 1
    assert several > 10


def test_means_are_those_of_all_choices() -> None:
    rng = np.random.default_rng(2)
    for _ in range(50):
        groups = [
            {(int(n), float(n * rng.uniform(0.1, 1.0))) for n in rng.integers(1, 4, 3)}
            for _ in range(3)
        ]
        means = [
            (0.5 + sum(total for _, total in some)) / (1 + sum(n for n, _ in some))
            for some in product(*groups)
        ]
        ends = orders_of.mean_ends((1, 0.5), groups)
        assert ends == pytest.approx((min(means), max(means)), abs=1e-12)


def test_groups_with_too_many_orders_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders_of, "_STATES", 1)
    truth = {"video": "a", "label": "x", "start": [0.0, 2.0], "stop": [4.0, 6.0]}
    found = {"video": "a", "label": "x", "start": [1.0, 0.0], "stop": [5.0, 3.0]}
    report = evaluate.temporal(
        truth=pd.DataFrame(truth), found=pd.DataFrame(found), protocol="segments_f1", iou=0.3
    )
    assert any("1 group of segments with too many pairs" in note
               for note in report.settings["notes"])  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_first_windows_have_the_range_of_all_orders(seed: int) -> None:
    answered(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3, 15))
def test_first_windows_have_the_range_of_all_orders_of_many_sets(seed: int) -> None:
    answered(seed)


def test_windows_in_the_order_of_the_file_have_no_ties() -> None:
    truth = [{"qid": 0, "vid": "v", "duration": 9, "relevant_windows": [[0, 4]]}]
    found = [{"qid": 0, "pred_relevant_windows": [[5, 6, 0.5], [0, 4, 0.5]]}]
    numbers = evaluate.temporal(truth=truth, found=found, protocol="moment_retrieval").numbers
    assert not any(number.ties for number in numbers)


def test_a_choice_of_predictions_finds_so_many_truths(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    for _ in range(300):
        found = rng.choice([0, 1, 2, 4, 3, 6, 7], rng.integers(2, 7)).tolist()
        chosen = int(rng.integers(1, len(found)))
        counts = [reduce(or_, some).bit_count() for some in combinations(found, chosen)]
        assert cover.least_and_most(found, chosen) == (min(counts), max(counts), True)
        monkeypatch.setattr(cover, "_TRIED", 0)
        low, high, exact = cover.least_and_most(found, chosen)
        assert low <= min(counts)
        assert max(counts) <= high
        assert exact == all(truths in (0, 1, 2, 4) for truths in found)
        monkeypatch.undo()


def test_ends_that_are_bounds_are_named_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cover, "_TRIED", 0)
    truth = {"video": "a", "label": "x", "start": [0.0, 0.0, 20.0], "stop": [9.0, 8.0, 30.0]}
    found = {"video": "a", "label": "x", "start": [0.0, 20.0, 20.0, 50.0, 50.0],
             "stop": [9.0, 30.0, 31.0, 60.0, 60.0], "score": 0.5}  # fmt: skip
    report = evaluate.temporal(truth=pd.DataFrame(truth), found=pd.DataFrame(found), iou=[0.5],
                               protocol="recall_kx", k=(1,), duplicates="keep")  # fmt: skip
    (note,) = (note for note in report.settings["notes"] if note.startswith("ties"))
    assert note.endswith("no order moves it further, and perhaps none that far")
