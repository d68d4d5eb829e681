"""Numbers of names, and orders of rows, against plain definitions."""

import numpy as np
import pytest

from overlap.evaluate._temporal.numbering import alphabetical, numbers_among, of_both, renumbered
from overlap.evaluate._temporal.row_order import in_groups


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ((), ()),
        (("b", "a"), ("b", "a")),
        (("b", "a"), ("a", "b", "c")),
        (("b", "a", "Z", "ä"), ("x", "Z", "b", "w")),
        ((), ("b", "a")),
        (("b",), ()),
    ],
)
def test_numbers_of_names(first, second):
    assert numbers_among(second, first).tolist() == [
        first.index(name) if name in first else -1 for name in second
    ]
    rows = np.arange(3 * len(second)) % max(len(second), 1)
    found = renumbered(rows, second, first)
    assert found.tolist() == numbers_among(second, first)[rows].tolist()
    both, number = of_both(first, second)
    assert both == tuple(dict.fromkeys((*first, *second)))
    assert [both[k] for k in number] == list(second)
    ordered, place = alphabetical(both)
    assert ordered == tuple(sorted(both))
    assert [ordered[k] for k in place] == list(both)


@pytest.mark.parametrize("groups", [1, 3, 40, 1000])
@pytest.mark.parametrize("count", [0, 1, 2, 200])
def test_order_in_groups(groups, count):
    rng = np.random.default_rng(groups + count)
    for ordered in (False, True):
        group = rng.integers(0, groups, count)
        start = rng.integers(0, 20, count) / 4 - 2.0
        stop = rng.integers(0, 3, count)
        if ordered:  # some rows are left out of order
            rows = np.lexsort((stop, start, group))
            rows[:10] = rng.permutation(rows[:10])
            group, start, stop = group[rows], start[rows], stop[rows]
        for keys in ((), (start,), (start, stop), (-start, stop, start)):
            expected = np.lexsort((*keys[::-1], group))
            np.testing.assert_array_equal(in_groups(group, *keys), expected)
