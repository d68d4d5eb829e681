"""Numbers of names, and orders of rows, against plain definitions."""

from collections import Counter

import numpy as np
import pytest

from overlap.evaluate._temporal.numbering import alphabetical, numbers_among, of_both, renumbered
from overlap.evaluate._temporal.recall.ranks import ranked_within
from overlap.evaluate._temporal.row_order import in_groups
from overlap.evaluate._temporal.tied import tied_spans


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


@pytest.mark.parametrize("count", [0, 1, 300, 12_000])
@pytest.mark.parametrize("equal", [False, True])
def test_ranks_of_predictions(count, equal):
    rng = np.random.default_rng(count)
    group, confidence = rng.integers(0, 7, count), rng.standard_normal(count)
    if equal:
        confidence = np.round(confidence, 1)
    rows = np.arange(count)
    for rule, last in (("file", rows), ("file_reversed", -rows)):
        order = np.lexsort((last, -confidence, group))
        sizes = np.bincount(group, minlength=7)
        expected = rows - np.repeat(np.cumsum(sizes) - sizes, sizes)
        np.testing.assert_array_equal(ranked_within(group, confidence, rule)[order], expected)
    begin, end = tied_spans(group, confidence)
    first, last = (ranked_within(group, confidence, x) for x in ("file", "file_reversed"))
    assert ((begin <= np.minimum(first, last)) & (np.maximum(first, last) < end)).all()
    alike = Counter(zip(group.tolist(), confidence.tolist(), strict=True))
    for cell, low, high in zip(zip(group.tolist(), confidence.tolist(), strict=True), begin, end,
                               strict=True):  # fmt: skip
        assert alike[cell] == high - low
