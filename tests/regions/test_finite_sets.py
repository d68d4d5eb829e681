from __future__ import annotations

import copy
import math
import pickle

import numpy as np
import pytest
import scipy.sparse

import overlap as ov


def test_against_python_sets() -> None:
    rng = np.random.default_rng(2)
    table = rng.random((30, 12)) < 0.3
    sets = ov.FiniteSets(table)
    plain = [set(np.flatnonzero(row)) for row in table]
    with np.errstate(invalid="ignore"):
        wanted = [[np.divide(len(a & b), len(a | b)) for b in plain] for a in plain]
    np.testing.assert_array_equal(ov.iou.pairwise(sets, sets), wanted)
    pairs = ov.iou.pairs(sets, sets, at_least=1e-9)
    np.testing.assert_array_equal(pairs.toarray(), np.nan_to_num(wanted))


def test_weights() -> None:
    sets = ov.FiniteSets([[1, 1, 0], [0, 1, 1]], weights=[1.0, 2.0, 5.0])
    np.testing.assert_array_equal(sets.measure(), [3.0, 7.0])
    assert ov.iou(sets[0], sets[1])[0] == 2.0 / 8.0


def test_sparse_input_is_not_changed() -> None:
    table = scipy.sparse.coo_array(([1.0, 1.0, 0.0], ([0, 0, 1], [1, 1, 0])), shape=(2, 3))
    sets = ov.FiniteSets(table)
    assert table.nnz == 3
    np.testing.assert_array_equal(sets.measure(), [1.0, 0.0])


def test_weights_are_a_copy() -> None:
    weights = np.array([1.0, 2.0])
    sets = ov.FiniteSets([[1, 1]], weights=weights)
    weights[0] = 50.0
    assert ov.iou(sets, sets)[0] == 1.0
    assert sets == ov.FiniteSets([[1, 1]], weights=[1.0, 2.0])


def test_lists() -> None:
    universe = ["cat", "dog", "fox"]
    a = ov.FiniteSets.from_lists([["cat", "dog", "cat"], []], universe=universe)
    b = ov.FiniteSets.from_lists([["dog", "fox"], ["fox"]], universe=universe)
    np.testing.assert_array_equal(ov.iou(a, b), [1.0 / 3.0, 0.0])
    with pytest.raises(ValueError, match="'cow' in list 1 is not in the universe"):
        ov.FiniteSets.from_lists([["cat"], ["cow"]], universe=universe)


def test_lists_over_other_universes_are_not_compared() -> None:
    a, b = (ov.FiniteSets.from_lists([words]) for words in (["cat", "dog"], ["dog", "fox"]))
    both = ov.FiniteSets.concat([a, a])
    for one in (a, a[:1], both[[1]], pickle.loads(pickle.dumps(a)), copy.copy(a)):
        with pytest.raises(ValueError, match="element 0 is 'cat' in one and 'dog' in the other"):
            ov.iou(one, b)
        assert ov.iou(one, a)[0] == 1.0
    assert ov.iou(a, ov.FiniteSets.from_lists([["dog", "cat"]], universe=["cat", "dog"]))[0] == 1.0
    assert ov.iou(a, ov.FiniteSets([[1, 0]]))[0] == 0.5


@pytest.mark.parametrize(
    ("lists", "message"),
    [
        (["cat", "dog"], "list 0 is the text 'cat'; give lists of elements"),
        ([[1.0], [2.0, math.nan]], "list 1 holds NaN"),
    ],
)
def test_what_is_no_list_of_elements(lists: list, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ov.FiniteSets.from_lists(lists)


def test_a_batch_of_empty_sets() -> None:
    empty = ov.FiniteSets(np.zeros((2, 3)))
    assert np.isnan(ov.iou(empty, empty)).all()
    assert ov.iou.pairs(empty, empty, at_least=0.5).undefined == 4


@pytest.mark.parametrize(
    ("membership", "settings", "error", "message"),
    [
        (
            [1, 0],
            {},
            ValueError,
            r"expected membership of shape \(N, U\), got \(2,\); .*from_lists",
        ),
        ([[np.nan, 1]], {}, ValueError, "not finite"),
        ([[1, 2, 3]], {}, ValueError, r"membership\[0, 1\] = 2; expected bool, .*from_lists"),
        ([[0, 0.5]], {}, ValueError, r"membership\[0, 1\] = 0.5; expected bool, or 0 and 1"),
        ([["a", "b"]], {}, TypeError, "expected real numbers"),
        ([[1, 0]], {"weights": [1.0]}, ValueError, r"expected 2 weights, one per element"),
        ([[1, 0]], {"weights": [1.0, -2.0]}, ValueError, r"weights\[1\] = -2.0 is not a finite"),
        ([[1, 0]], {"weights": [np.inf, 2.0]}, ValueError, r"weights\[0\] = inf"),
    ],
)
def test_bad_input(membership: object, settings: dict, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        ov.FiniteSets(membership, **settings)  # type: ignore[arg-type]


def test_universes_do_not_mix() -> None:
    a, b = ov.FiniteSets([[1, 0]]), ov.FiniteSets([[1, 0, 0]])
    with pytest.raises(ValueError, match="universe of 2 elements and truth of 3; give both the s"):
        ov.iou(a, b)
    with pytest.raises(ValueError, match="weigh the elements differently"):
        ov.iou(a, ov.FiniteSets([[1, 0]], weights=[1.0, 3.0]))
