"""Matching against its definitions, written here as plain Python over a matrix of scores."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import overlap as ov

pytestmark = pytest.mark.kernels


def reaches(value, at_least, strict):
    return value > at_least if strict else value >= at_least  # never for NaN


def plain_by_confidence(matrix, confidence, at_least, strict=False):
    free, pairs = set(range(matrix.shape[1])), {}
    for i in sorted(range(len(matrix)), key=lambda k: (-confidence[k], k)):
        able = [j for j in sorted(free) if reaches(matrix[i, j], at_least, strict)]
        if able:
            best = max(able, key=lambda j: matrix[i, j])  # the first of equals
            pairs[i] = best
            free.remove(best)
    return sorted(pairs.items())


def plain_by_score(matrix, at_least, strict=False):
    n, m = matrix.shape
    able = [
        (-matrix[i, j], i, j)
        for i in range(n)
        for j in range(m)
        if reaches(matrix[i, j], at_least, strict)
    ]
    pairs, taken_found, taken_truth = [], set(), set()
    for _, i, j in sorted(able):
        if i not in taken_found and j not in taken_truth:
            pairs.append((i, j))
            taken_found.add(i)
            taken_truth.add(j)
    return sorted(pairs)


def largest_total(matrix, at_least, strict=False):
    """Try every assignment; a place without a usable pair gains nothing."""
    gain = np.where(reaches(matrix, at_least, strict), matrix, 0.0)
    n, m = gain.shape
    if n > m:
        gain, n, m = gain.T, m, n
    gain = np.maximum(gain, 0.0)
    return max(sum(gain[i, j] for i, j in enumerate(p)) for p in permutations(range(m), n))


def as_pairs(matches):
    return list(zip(matches.found.tolist(), matches.truth.tolist(), strict=True))


def check_record(matches, n, m, matrix):
    """Whatever the rule: every region once, and the scores of the matrix."""
    assert matches.found.dtype == matches.truth.dtype == np.int64
    assert sorted([*matches.found, *matches.unmatched_found]) == list(range(n))
    assert sorted([*matches.truth, *matches.unmatched_truth]) == list(range(m))
    assert matches.unmatched_found.tolist() == sorted(matches.unmatched_found)
    assert matches.found.tolist() == sorted(matches.found)
    assert matches.score.tolist() == matrix[matches.found, matches.truth].tolist()


def random_intervals(rng, n, whole=True, period=None):
    start = rng.integers(0, 8, n) if whole else rng.random(n) * 8
    length = rng.integers(0, 5, n) if whole else rng.random(n) * 5
    return ov.Intervals(np.stack([start, start + length], 1).reshape(n, 2), period=period)


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("period", [None, 10.0])
def test_greedy_follows_the_definition(strict, period):
    rng = np.random.default_rng(1)
    for trial in range(30):
        n, m = rng.integers(0, 14, 2)
        found, truth = (random_intervals(rng, k, trial % 2 == 0, period) for k in (n, m))
        confidence = rng.integers(0, 4, n) / 4
        at_least = float(rng.choice([0.0, 0.25, 1 / 3, 0.5]))
        matrix = ov.iou.pairwise(found, truth)
        pairs = ov.match(found, truth, at_least=at_least, strict=strict, confidence=confidence)
        assert as_pairs(pairs) == plain_by_confidence(matrix, confidence, at_least, strict)
        check_record(pairs, n, m, matrix)
        pairs = ov.match(found, truth, at_least=at_least, strict=strict)
        assert as_pairs(pairs) == plain_by_score(matrix, at_least, strict)
        check_record(pairs, n, m, matrix)


@pytest.mark.parametrize("strict", [False, True])
def test_optimal_equals_all_permutations(strict):
    rng = np.random.default_rng(2)
    for trial in range(40):
        n, m = rng.integers(1, 7, 2)
        found, truth = (random_intervals(rng, k, trial % 2 == 0) for k in (n, m))
        at_least = float(rng.choice([0.0, 0.1, 0.25, 0.5]))
        matrix = ov.iou.pairwise(found, truth)
        pairs = ov.match(found, truth, at_least=at_least, strict=strict, method="optimal")
        check_record(pairs, n, m, matrix)
        assert reaches(pairs.score, at_least, strict).all()
        wanted = largest_total(np.nan_to_num(matrix, nan=-1.0), at_least, strict)
        assert pairs.score.sum() == pytest.approx(wanted, abs=1e-12)


def test_optimal_leaves_out_negative_scores():
    rng = np.random.default_rng(3)
    for _ in range(10):
        found, truth = (ov.Boxes(np.sort(rng.random((5, 2, 2)), 1).reshape(5, 4)) for _ in "ab")
        matrix = ov.giou.pairwise(found, truth)
        pairs = ov.match(found, truth, score=ov.giou, at_least=-0.5, method="optimal")
        check_record(pairs, 5, 5, matrix)
        assert (pairs.score >= 0).all()
        assert pairs.score.sum() == pytest.approx(largest_total(matrix, -0.5), abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), at_least=st.floats(0.01, 1))
def test_optimal_is_never_worse_than_greedy(seed, at_least):
    rng = np.random.default_rng(seed)
    found, truth = random_intervals(rng, 30, seed % 2 == 0), random_intervals(rng, 25)
    best = ov.match(found, truth, at_least=at_least, method="optimal").score.sum()
    for confidence in (None, rng.random(30)):
        greedy = ov.match(found, truth, at_least=at_least, confidence=confidence)
        assert best >= greedy.score.sum() - 1e-12


def test_optimal_finds_what_greedy_cannot():
    truth = ov.Intervals([[0, 10], [5, 15]])
    found = ov.Intervals([[1, 11], [-2.5, 7.5]])
    greedy = ov.match(found, truth, at_least=0.3)
    assert as_pairs(greedy) == [(0, 0)]
    optimal = ov.match(found, truth, at_least=0.3, method="optimal")
    assert as_pairs(optimal) == [(0, 1), (1, 0)]


@pytest.mark.parametrize("score", [ov.iou, ov.diou, ov.coverage, ov.volumetric_similarity])
@pytest.mark.parametrize("kind", ["line", "circle", "boxes"])
def test_groups_match_within_themselves(score, kind):
    rng = np.random.default_rng(4)
    labels = np.array(["v1", "v2", "v3", "only here"])
    if kind == "boxes":
        found, truth = (ov.Boxes(np.sort(rng.random((k, 2, 2)), 1).reshape(k, 4)) for k in (30, 20))
    else:
        period = 12.0 if kind == "circle" else None
        found, truth = (random_intervals(rng, k, period=period) for k in (30, 20))
    groups = labels[rng.integers(0, 4, 30)], labels[rng.integers(0, 3, 20)]
    confidence = rng.random(30)
    matrix = score.pairwise(found, truth)
    apart = np.where(groups[0][:, None] == groups[1][None], matrix, np.nan)
    for at_least in (-0.2, 0.3):
        common = {"score": score, "at_least": at_least, "groups": groups}
        pairs = ov.match(found, truth, confidence=confidence, **common)
        assert as_pairs(pairs) == plain_by_confidence(apart, confidence, at_least)
        check_record(pairs, 30, 20, matrix)
        assert as_pairs(ov.match(found, truth, **common)) == plain_by_score(apart, at_least)
    optimal = ov.match(found, truth, method="optimal", **common)
    total = 0.0
    for label in labels:
        rows, columns = groups[0] == label, groups[1] == label
        part = ov.match(
            found[rows], truth[columns], score=score, at_least=at_least, method="optimal"
        )
        total += part.score.sum()
    assert optimal.score.sum() == pytest.approx(total, abs=1e-12)


def test_undefined_scores_never_match():
    empty = ov.Intervals([[1, 1], [2, 2]])
    for method in ("greedy", "optimal"):
        for score in (ov.iou, ov.volumetric_similarity):
            pairs = ov.match(empty, empty, score=score, at_least=-1.0, method=method)
            assert len(pairs) == 0
            assert pairs.unmatched_truth.tolist() == [0, 1]


def test_finite_sets():
    members = np.eye(4, dtype=bool)
    members[0, 1] = True
    found, truth = ov.FiniteSets(members[::-1]), ov.FiniteSets(members)
    assert as_pairs(ov.match(found, truth, at_least=0.6)) == [(0, 3), (1, 2), (2, 1), (3, 0)]


def test_nothing_on_one_side():
    none, some = ov.Intervals([]), ov.Intervals([[0, 1], [1, 2]])
    for method in ("greedy", "optimal"):
        pairs = ov.match(none, some, method=method)
        assert len(pairs) == 0
        assert pairs.unmatched_truth.tolist() == [0, 1]
        assert ov.match(some, none, method=method).unmatched_found.tolist() == [0, 1]
        assert len(ov.match(none, none, method=method)) == 0


SOME = ov.Intervals([[0, 1], [1, 2]])


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"truth": ov.Boxes([[0, 0, 1, 1]])}, TypeError, "found is Intervals and truth is Boxes"),
        ({"truth": [[0, 1]]}, TypeError, "truth: expected a batch of regions, got list"),
        ({"at_least": np.nan}, ValueError, "at_least = nan is not finite"),
        ({"confidence": [0.1]}, ValueError, r"confidence: expected shape \(2,\).*of found"),
        ({"confidence": [0.1, np.nan]}, ValueError, r"confidence\[1\] is NaN"),
        ({"confidence": [0.1, 0.2], "method": "optimal"}, ValueError, "does not look at conf"),
        ({"method": "best"}, ValueError, "method = 'best'; expected 'greedy' or 'optimal'"),
        ({"groups": [1, 2, 3]}, TypeError, "groups: expected a pair of arrays"),
        ({"groups": ([1], [1, 2])}, ValueError, "groups: expected shapes"),
        ({"score": max}, TypeError, "expected a Score"),
    ],
)
def test_bad_input(arguments, error, words):
    with pytest.raises(error, match=words):
        ov.match(**{"found": SOME, "truth": SOME, **arguments})
