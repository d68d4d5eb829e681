from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numba
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import overlap as ov
from overlap._kernels.terms import Groups
from overlap.regions.interval_sets import interval_sets
from overlap.regions.interval_sets.interval_sets import sets_of_edges
from overlap.testing import all_scores

pytestmark = pytest.mark.kernels

EXAMPLES = 25 if numba.config.DISABLE_JIT else 60

# Quarters: sums of a few of them are exact, and ends meet often.
END = st.integers(-12, 12).map(lambda k: k / 4)
SET = st.lists(st.tuples(END, END).map(sorted), max_size=5)
BATCH = st.lists(SET, min_size=1, max_size=4)
LAW = settings(max_examples=EXAMPLES, deadline=None, database=None, derandomize=True)
WINDOW = (-3.0, 3.0)


def cells(sets: ov.IntervalSets | list) -> list[set[int]]:
    """Return the quarters of [-3, 3) in each set: the sets themselves, by another way."""
    rows = sets.to_list() if isinstance(sets, ov.IntervalSets) else sets
    return [{k for s, t in row for k in range(round(4 * s), round(4 * t))} for row in rows]


def normal(batch: ov.IntervalSets) -> bool:
    """Whether every set is disjoint, increasing, without empty or touching intervals."""
    return all((np.diff(row.ravel()) > 0).all() for row in batch.to_list())


@LAW
@given(BATCH)
def test_normalised(rows: list) -> None:
    batch = ov.IntervalSets(rows)
    assert normal(batch)
    assert cells(batch) == cells(rows)
    assert ov.IntervalSets([row[::-1] for row in rows]) == batch
    assert eval(repr(batch), {"IntervalSets": ov.IntervalSets}) == batch
    np.testing.assert_array_equal(batch.measure(), [len(row) / 4 for row in cells(rows)])


@LAW
@given(SET, SET, SET)
def test_algebra(first: list, second: list, third: list) -> None:
    a, b, c = (ov.IntervalSets([row]) for row in (first, second, third))
    p, q = cells([first])[0], cells([second])[0]
    whole = set(range(-12, 12))
    for got, wanted in ((a | b, p | q), (a & b, p & q), (a - b, p - q), (a ^ b, p ^ q),
                        (a.complement(within=WINDOW), whole - p)):  # fmt: skip
        assert normal(got)
        assert cells(got) == [wanted]
        assert set(got.to_array().ravel()) <= {
            *WINDOW,
            *a.to_array().ravel(),
            *b.to_array().ravel(),
        }

    def without(sets: ov.IntervalSets) -> ov.IntervalSets:
        return sets.complement(within=WINDOW)

    assert without(a | b) == without(a) & without(b)
    assert without(a & b) == without(a) | without(b)
    assert without(without(a)) == a
    assert a | (a & b) == a
    assert a & (a | b) == a
    assert a & (b | c) == (a & b) | (a & c)
    assert (a | b) - b == a - b == a - (a & b)
    size = [float(batch.measure()[0]) for batch in (a | b, a & b, a, b)]
    assert size[0] + size[1] == size[2] + size[3]


@LAW
@given(BATCH, BATCH)
def test_scores_in_exact_arithmetic(first: list, second: list) -> None:
    found, truth = ov.IntervalSets(first), ov.IntervalSets(second)
    got = ov.iou.pairwise(found, truth)
    for i, p in enumerate(cells(first)):
        for j, q in enumerate(cells(second)):
            wanted = float(Fraction(len(p & q), len(p | q))) if p | q else np.nan
            np.testing.assert_equal(got[i, j], wanted)
    shared = ov.terms(found[:1], truth).intersection
    np.testing.assert_array_equal(shared, (found[:1] & truth).measure())
    depth = np.array([sum(k in row for row in cells(first)) for k in range(-12, 12)])
    for count in (1, 2, 3):
        assert cells(found.where_at_least(count)) == [set(np.flatnonzero(depth >= count) - 12)]


@LAW
@given(BATCH, st.integers(0, 8).map(lambda k: k / 4))
def test_gaps_and_short_intervals(rows: list, size: float) -> None:
    batch = ov.IntervalSets(rows)
    filled, long = batch.filled(size), batch.without_short(size)
    assert normal(filled)
    assert (filled.gaps().intervals().measure() > size).all()
    assert (filled - batch) == batch.gaps() - batch.gaps().without_short(size + 0.125)
    assert (long.intervals().measure() >= size).all()
    assert (batch - long).without_short(size) == batch - batch
    assert batch.gaps() | batch == batch.span()


FEW = (ov.iou, ov.coverage, ov.giou, ov.diou, ov.eiou)  # one for each group of terms


@pytest.mark.parametrize(
    ("scores", "count"),
    [
        pytest.param(FEW, len(FEW), id="few"),
        pytest.param(all_scores(), 13, id="all", marks=pytest.mark.slow),
    ],
)
@pytest.mark.slow  # to compile
def test_one_interval_is_an_interval(scores: tuple[ov.Score, ...], count: int) -> None:
    rng = np.random.default_rng(0)
    lines = [ov.Intervals.sorted(rng.integers(0, 7, (80, 2)).astype(float)) for _ in range(2)]
    sets = [ov.IntervalSets.from_intervals(line, np.arange(80), size=80) for line in lines]
    solid = np.logical_and(*(line.measure() > 0 for line in lines))
    compared = 0
    for score in scores:
        try:
            wanted, slopes = score.value_and_grad(*(line[solid] for line in lines), wrt="both")
            got, grads = score.value_and_grad(*(batch[solid] for batch in sets), wrt="both")
        except TypeError:
            continue
        np.testing.assert_allclose(got, wanted, atol=2e-15, err_msg=str(score))
        # An interval fills its enclosure and knows that what is outside is hull minus union.
        if ov.enclosed_gap.parts[0].component not in score.plan.components:
            for grad, slope in zip(grads, slopes, strict=True):
                np.testing.assert_allclose(grad, slope, atol=1e-14, err_msg=str(score))
        compared += 1
    assert compared >= count


@pytest.mark.slow  # to compile
def test_sets_are_masks() -> None:
    """Under every score that masks on a line have; their box is the covering interval."""
    cells = np.random.default_rng(1).random((2, 60, 9)) < 0.4
    cells[0, :4] = False  # empty sets
    masks = [ov.Masks(rows, spacing=(0.5,), origin=(-1.0,)) for rows in cells]
    sets = [ov.IntervalSets.from_frames(rows, fps=2.0, start=-1.0) for rows in cells]
    grid = ov.Grid(shape=(9,), spacing=(0.5,), origin=(-1.0,))
    assert ov.Masks.from_regions(sets[0], grid) == ov.Masks(cells[0], spacing=(0.5,), origin=(-1,),
                                                            unit="s")  # fmt: skip
    compared = 0
    for score in (*all_scores(), ov.giou.with_enclosure("box")):
        try:
            wanted = score(*masks)
        except TypeError:
            continue
        got = score(*sets)
        # Where a set is empty, its center along an axis is anywhere.
        rows = cells.any(2).all(0) if Groups.EXTENT in score.needs else slice(None)
        np.testing.assert_allclose(got[rows], wanted[rows], atol=2e-15, err_msg=str(score))
        compared += 1
    assert compared >= 11
    np.testing.assert_array_equal(ov.diou.pairwise(*sets).diagonal(), ov.diou(*sets))


def test_many_intervals_against_a_raster() -> None:
    rng = np.random.default_rng(2)
    size = 200 if numba.config.DISABLE_JIT else 5000
    cells = rng.random((2, 3, size)) < 0.5
    sets = [ov.IntervalSets.from_frames(rows, fps=1.0) for rows in cells]
    both = (cells[0][:, None] & cells[1][None]).sum(2)
    np.testing.assert_array_equal(
        ov.iou.pairwise(*sets), both / (cells[0][:, None] | cells[1][None]).sum(2)
    )
    both = sets[0] & sets[1]
    assert both == ov.IntervalSets.from_frames(cells[0] & cells[1], fps=1.0)
    mixed = rng.random((4, 50, 2)) * 1e3
    a, b = ov.IntervalSets(np.sort(mixed[:2], 2)), ov.IntervalSets(np.sort(mixed[2:], 2))
    # An interval set is at its own value to the bit, however its lengths round.
    assert (ov.iou(a, a) == 1.0).all()
    assert (ov.giou(a, b) == ov.giou(b, a)).all()
    assert (a | b) - b == a - b


@pytest.mark.slow  # to compile
def test_pairs_matches_and_suppression() -> None:
    rows = [[[0, 4], [6, 10]], [[0, 4], [6, 9]], [[20, 22], [30, 31]], []]
    sets = ov.IntervalSets(rows)
    dense = ov.iou.pairwise(sets, sets)
    pairs = ov.iou.pairs(sets, sets, at_least=0.5)
    np.testing.assert_array_equal(pairs.toarray(), np.where(dense >= 0.5, dense, 0.0))
    assert pairs.undefined == 1
    assert ov.nms(sets, [0.5, 0.9, 0.8, 0.1], threshold=0.5).index.tolist() == [1, 2, 3]
    matches = ov.match(sets[:3], sets[1:], at_least=0.5)
    assert list(zip(matches.found, matches.truth, strict=True)) == [(1, 0), (2, 1)]
    tubes = ov.Product(ov.Boxes([[0, 0, 2, 2]] * 4), sets)  # boxes that are there now and then
    np.testing.assert_allclose(ov.iou(tubes[:1], tubes[1:]), [7 / 8, 0.0, 0.0])
    value, (of_boxes, of_sets) = ov.iou.value_and_grad(tubes[:1], tubes[1:2])
    assert value == pytest.approx(7 / 8)
    np.testing.assert_allclose(of_boxes, ov.iou.value_and_grad(tubes[:1], tubes[1:2])[1][0])
    assert of_sets.shape == sets[:1].to_array().shape
    with pytest.raises(TypeError, match=r"IntervalSets have no row .* take \.factors"):
        tubes.to_array()


def test_ways_in_and_out() -> None:
    spells = ov.Intervals([[5, 6], [0, 2], [1, 3], [4, 4]], unit="s")
    assert ov.IntervalSets.from_intervals(spells) == ov.IntervalSets([[[0, 3], [5, 6]]], unit="s")
    sets = ov.IntervalSets.from_intervals(spells, [2, 0, 0, 1], size=4)
    assert sets == ov.IntervalSets([[[0, 3]], [], [[5, 6]], []], unit="s")
    assert sets.counts.tolist() == [1, 0, 1, 0]
    back = ov.IntervalSets.from_intervals(sets.intervals(), sets.region, size=4)
    assert back == sets
    pd.testing.assert_frame_equal(
        sets.to_frame(),
        pd.DataFrame({"region": [0, 2], "start": [0.0, 5.0], "stop": [3.0, 6.0]}),
    )
    assert sets[[2, 0]].start.tolist() == [5.0, 0.0]
    assert sets[-2] == sets[2:3]
    assert ov.IntervalSets.concat([sets[2:], sets[:1]]) == sets[[2, 3, 0]]
    assert sets[:0].to_list() == []
    assert len(sets[:0] | sets[:1]) == 0
    np.testing.assert_array_equal(
        sets.contains([0.0, 2.9, 3.0, 5.5])[0], [True, True, False, False]
    )
    assert (sets & ov.Intervals([[1.0, 5.5]])).to_array().tolist() == [[1.0, 3.0], [5.0, 5.5]]
    within = ov.Intervals([[0.0, 6.0], [0.0, 0.0], [5.5, 6.0], [0.0, 1.0]])
    np.testing.assert_array_equal(sets.coverage(within=within), [0.5, np.nan, 1.0, 0.0])
    np.testing.assert_array_equal(sets.scaled(2.0)[2].to_array(), [[4.5, 6.5]])
    assert sets.scaled(0.0).counts.sum() == 0


FRAMES = "IntervalSets.from_frames"


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: ov.IntervalSets([[0, 2], [5, 7]]), ValueError, r"set 0 has shape \(2,\).*\[\[\["),
        (lambda: ov.IntervalSets([[], [[1, 2], [5, 4]]]), ValueError,
         r"interval 1 of set 1 has stop = 4.0 before start = 5.0; exchange"),
        (lambda: ov.IntervalSets([[[0, np.nan]]]), ValueError, "0 of set 0 .* not finite"),
        (lambda: ov.IntervalSets([[[-1e308, 0], [1, 1e308]]]), ValueError, "set 0 overflows"),
        (lambda: ov.IntervalSets([["ab"]]), TypeError, "set 0: expected real numbers"),
        (lambda: ov.IntervalSets(3), TypeError, "expected a list of sets, got int 3"),
        (lambda: ov.IntervalSets(ov.Intervals([[0, 1]])), TypeError, "from_intervals"),
        (lambda: ov.IntervalSets.from_intervals([[0, 1]]), TypeError, "wrap it in Intervals"),
        (lambda: ov.IntervalSets.from_intervals(ov.Intervals([[0, 1]], period=2.0)), TypeError,
         "cut the arcs at the seam"),
        (lambda: ov.IntervalSets.from_intervals(ov.Intervals([[0, 1]]), [0, 1]), ValueError,
         r"groups of shape \(1,\)"),
        (lambda: ov.IntervalSets.from_intervals(ov.Intervals([[0, 1]]), [3], size=2), ValueError,
         r"groups\[0\] = 3 is not in 0 to 1"),
        (lambda: ov.IntervalSets.from_intervals(ov.Intervals([[0, 1]]), size=2), ValueError,
         "size = 2 without groups"),
        (lambda: ov.IntervalSets.from_intervals(ov.Intervals([[0, 1]]), ["a"], size=2), TypeError,
         "groups are numbers of sets"),
        (lambda: ov.IntervalSets.from_frames([0.2, 0.9], fps=5), TypeError, "expected booleans"),
        (lambda: ov.IntervalSets.from_frames([[[True]]], fps=5), ValueError, "expected shape"),
        (lambda: ov.IntervalSets.from_frames([True], fps=0), ValueError, "fps = 0 is not"),
        (lambda: ov.IntervalSets.from_frames([True], fps=1, start=np.inf), ValueError, "= inf is"),
        (lambda: ov.IntervalSets([[[0, 1]]]).filled(-1), ValueError, "gap = -1 is not"),
        (lambda: ov.IntervalSets([[[0, 1]]]).without_short(np.nan), ValueError, "duration = nan"),
        (lambda: ov.IntervalSets([[[0, 1]]]).where_at_least(0), ValueError, "count = 0"),
        (lambda: ov.IntervalSets([[], []]) | ov.IntervalSets([[], [], []]), ValueError,
         "2 sets and the second 3"),
        (lambda: ov.IntervalSets([[]]) | [[1, 2]], TypeError, "second operand"),
        (lambda: ov.IntervalSets([[]], unit="s") & ov.IntervalSets([[]], unit="m"), ValueError,
         "in 's' and the second operand in 'm'"),
        (lambda: ov.IntervalSets.concat([]), ValueError, "at least one batch"),
    ],
)  # fmt: skip
def test_errors(call, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_gradients_are_central_differences() -> None:
    rng = np.random.default_rng(5)
    rows = [np.sort(3.0 * rng.random((rng.integers(1, 5), 2))) for _ in range(24)]
    found = ov.IntervalSets([*rows[:12], [], [[0, 1], [2, 3]]])
    truth = ov.IntervalSets([*rows[12:], [[0.5, 1.5]], []])
    h, enclosed = 1e-6, ov.iou - ov.enclosed_gap
    for score in (ov.iou, ov.tversky(alpha=0.3, beta=0.7), ov.giou, ov.eiou, enclosed):
        value, grads = score.value_and_grad(found, truth, wrt="both")
        np.testing.assert_array_equal(value, score(found, truth))
        for side, batch in enumerate((found, truth)):
            assert grads[side].shape == (batch.counts.sum(), 2)
            np.testing.assert_array_equal(
                score.value_and_grad(found, truth, wrt=("found", "truth")[side])[1], grads[side]
            )
            # One edge of every set at a time.
            rank = np.arange(len(batch.region)) - np.repeat(
                np.cumsum(batch.counts) - batch.counts, batch.counts
            )
            for k in range(int(batch.counts.max())):
                for column in range(2):
                    ends = []
                    for step in (h, -h):
                        table = batch.to_array()
                        table[rank == k, column] += step
                        moved = ov.IntervalSets.from_intervals(
                            ov.Intervals(table), batch.region, size=len(batch)
                        )
                        ends.append(score(moved, truth) if side == 0 else score(found, moved))
                    slope = ((ends[0] - ends[1]) / (2 * h))[batch.region[rank == k]]
                    got = grads[side][rank == k, column]
                    np.testing.assert_allclose(got, slope, atol=1e-8, err_msg=str(score))
    loss = ov.losses.overlap_loss(ov.iou, found, truth, reduction="sum")
    np.testing.assert_allclose(loss.grad, -ov.iou.value_and_grad(found, truth)[1])
    for score in (ov.iou, ov.diou, enclosed):
        assert (score.value_and_grad(found, found)[1] == 0.0).all()


def test_long_batches_have_a_short_repr() -> None:
    batch = ov.IntervalSets([[[k, k + 0.5] for k in range(600)]], unit="s")
    assert repr(batch) == "<IntervalSets with 1 sets of 600 intervals, unit='s'>"


@pytest.mark.reference
def test_annotations_of_a_video(reference_data: Path) -> None:
    """Real times with three digits: the algebra agrees with milliseconds as integers."""
    import json

    path = reference_data / "temporal/activitynet/mmaction2_eval_localization_gt.json"
    videos = json.loads(path.read_text()).values()
    rows = [[note["segment"] for note in video["annotations"]] for video in videos][:60]
    sets = ov.IntervalSets([np.sort(np.round(row, 3), axis=1) for row in rows])
    marks = [{k for s, t in row for k in range(*(round(1000 * x) for x in sorted((s, t))))}
             for row in rows]  # fmt: skip
    np.testing.assert_allclose(sets.measure(), [len(mark) / 1000 for mark in marks], atol=1e-9)
    both = [len(p & q) / 1000 for p, q in pairwise(marks)]
    np.testing.assert_allclose((sets[:-1] & sets[1:]).measure(), both, atol=1e-9)


@pytest.mark.parametrize("dtype", [np.int32, np.float64])
def test_edges_of_their_own_are_the_sets(dtype):
    listed = ov.IntervalSets([[[2, 5], [7, 9]], [], [[0, 1]], [[1, 4], [5, 6]]])
    edges = np.array([2, 5, 7, 9, 0, 1, 1, 4, 5, 6, 77, 88], dtype)
    sets = sets_of_edges(edges, np.array([2, 0, 1, 2]))
    assert sets._store.given is edges  # not copied
    assert hash(sets) == hash(listed)
    assert hash(sets[1:]) == hash(listed[1:])
    assert hash(sets[::-1]) == hash(listed[::-1])
    assert "wide" not in vars(sets._store)  # nothing above needed float64
    assert sets == listed
    assert sets & listed == listed
    for mine, theirs in zip(sets.kernel_columns(), listed.kernel_columns(), strict=True):
        np.testing.assert_array_equal(mine, theirs, strict=True)


def test_edges_that_touch_are_joined():
    edges = np.array([2, 5, 5, 9, 9, 11, 0, 0], np.int32)
    sets = sets_of_edges(edges, np.array([2, 1]))
    assert sets == ov.IntervalSets([[[2, 9]], [[9, 11]]])


@pytest.mark.parametrize("dtype", [np.float64, np.int32])
def test_moments_of_many_edges_are_those_of_few(monkeypatch, dtype):
    rng = np.random.default_rng(3)
    counts = rng.integers(0, 9, 300)
    parts = [np.sort(rng.choice(10**6, 2 * n, replace=False)) for n in counts]
    edges = np.concatenate([*parts, [0, 0]]) / (3.0 if dtype is np.float64 else 1.0)
    edges = edges.astype(dtype)
    columns = []
    for many in (0, len(edges)):
        monkeypatch.setattr(interval_sets, "_MANY", many)
        columns.append(sets_of_edges(edges.copy(), counts)._arrays)
    for one, other in zip(*columns, strict=True):
        np.testing.assert_array_equal(one, other)
