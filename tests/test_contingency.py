"""Contingencies against plain NumPy definitions."""

from __future__ import annotations

import pickle

import numba
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import overlap as ov

pytestmark = pytest.mark.kernels

SLOW = bool(numba.config.DISABLE_JIT)
EXAMPLES = settings(
    max_examples=20 if SLOW else 150, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
DTYPES = ("bool", "uint8", "int8", "uint16", ">i2", "int32", "uint32", "int64", "uint64", "float32")


def plain(found, truth):
    """Every pair of labels with its voxels, sums and box, by indexing."""
    found, truth = (np.asarray(x).astype(np.int64) for x in (found, truth))
    result = {}
    for a, b in sorted(set(zip(found.ravel().tolist(), truth.ravel().tolist(), strict=True))):
        where = np.argwhere((found == a) & (truth == b))
        result[a, b] = (
            len(where), where.sum(0).tolist(), where.min(0).tolist(), (where.max(0) + 1).tolist(),
        )  # fmt: skip
    return result


def as_dict(counts):
    cells = counts.cells
    return {
        (a, b): (n, s, low, high)
        for a, b, n, s, low, high in zip(*(x.tolist() for x in cells.columns()), strict=True)
    }


@st.composite
def volumes(draw):
    """Two volumes of one shape: few or many labels, runs or noise, any layout."""
    axes = draw(st.integers(1, 4))
    most = (60, 20, 8, 5)[axes - 1]
    shape = tuple(draw(st.lists(st.integers(1, most), min_size=axes, max_size=axes)))
    if draw(st.booleans()):
        shape = (*shape[:-1], draw(st.sampled_from((8, 16, 64, 72))))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    result = []
    for _ in range(2):
        dtype = np.dtype(draw(st.sampled_from(DTYPES)))
        low = -3 if dtype.kind in "if" else 0
        values = rng.integers(low, draw(st.sampled_from((2, 5, 90))), shape)
        if draw(st.booleans()):
            values = np.sort(values, axis=-1)
        array = values.astype(dtype)
        layout = draw(st.sampled_from(("C", "F", "sliced", "backwards", "transposed", "offset")))
        if layout == "F":
            array = np.asfortranarray(array)
        elif layout == "sliced":
            wide = np.zeros((*shape[:-1], 2 * shape[-1]), dtype)
            wide[..., ::2] = array
            array = wide[..., ::2]
        elif layout == "backwards":
            array = array[::-1].copy()[::-1]
        elif layout == "transposed":
            order = draw(st.permutations(range(axes)))
            array = array.transpose(order).copy().transpose(np.argsort(order))
        elif layout == "offset":
            larger = np.zeros(tuple(n + 1 for n in shape), dtype)
            larger[tuple(slice(1, None) for _ in shape)] = array
            array = larger[tuple(slice(1, None) for _ in shape)]
        result.append(array)
    return result


@EXAMPLES
@given(volumes())
def test_counts_sums_and_boxes_are_those_of_indexing(pair):
    assert as_dict(ov.contingency(*pair)) == plain(*pair)


@EXAMPLES
@given(volumes(), st.data())
def test_parts_add_up_to_the_bit(pair, data):
    whole = ov.contingency(*pair)
    parts = [((0,) * pair[0].ndim, pair)]
    for _ in range(3):
        corner, (a, b) = parts.pop(data.draw(st.integers(0, len(parts) - 1)))
        axis = data.draw(st.integers(0, a.ndim - 1))
        cut = data.draw(st.integers(0, a.shape[axis]))
        for piece in (slice(0, cut), slice(cut, None)):
            index = (slice(None),) * axis + (piece,)
            start = list(corner)
            start[axis] += piece.start
            parts.append((tuple(start), (a[index], b[index])))
    counted = [ov.contingency(a, b, offset=corner) for corner, (a, b) in parts]
    assert ov.Contingency.sum(counted) == whole
    assert ov.Contingency.sum(pickle.loads(pickle.dumps(counted[::-1]))) == whole
    assert counted[0] + counted[1] == counted[1] + counted[0]


@EXAMPLES
@given(volumes(), st.sets(st.integers(-3, 4), max_size=3), st.sets(st.integers(-3, 4), max_size=2))
def test_ignored_labels_leave_no_trace(pair, truth_labels, found_labels):
    counts = ov.contingency(*pair, ignore=sorted(truth_labels), ignore_found=sorted(found_labels))
    everything = plain(*pair)
    kept = {
        key: value
        for key, value in everything.items()
        if key[0] not in found_labels and key[1] not in truth_labels
    }
    assert as_dict(counts) == kept
    assert counts.voxels == sum(value[0] for value in kept.values())
    assert counts.voxels + counts.ignored == pair[0].size


def blobs(shape, labels, seed, dtype=np.uint8):
    """Boxes of labels over each other: long runs, as in real volumes."""
    rng = np.random.default_rng(seed)
    volume = np.zeros(shape, dtype)
    for label in range(1, labels + 1):
        ends = np.sort(rng.integers(0, np.array(shape) + 1, (2, len(shape))), axis=0)
        volume[tuple(slice(*pair) for pair in ends.T)] = label
    return volume


@pytest.mark.parametrize("dtype", ["uint8", "int16", "int32", "int64"])
def test_threads_change_nothing(dtype, monkeypatch):
    shape = (5, 6, 64) if SLOW else (70, 90, 128)
    found, truth = (blobs(shape, 9, seed).astype(dtype) for seed in (0, 1))
    results = []
    for threads in ("1", "2", "5"):
        monkeypatch.setenv("OVERLAP_THREADS", threads)
        results.append(ov.contingency(found, truth))
        results.append(ov.contingency(found, np.asfortranarray(truth)))
        results.append(ov.contingency(np.asfortranarray(found), np.asfortranarray(truth)))
    flat = [ov.contingency(found[0], truth[0]), ov.contingency(found[0, 0], truth[0, 0])]
    assert all(result == results[0] for result in results)
    assert as_dict(results[0]) == plain(found, truth)
    assert as_dict(flat[0]) == plain(found[0], truth[0])
    assert as_dict(flat[1]) == plain(found[0, 0], truth[0, 0])


def test_more_pairs_than_there_is_room_for_at_first(monkeypatch):
    rng = np.random.default_rng(0)
    found, truth = rng.integers(-(2**40), 2**40, (2, 4 if SLOW else 30, 20, 300))
    found[0] = 7
    monkeypatch.setenv("OVERLAP_THREADS", "2")
    counts = ov.contingency(found, truth)
    assert len(counts.cells) == found.size
    np.testing.assert_array_equal(np.sort(truth.ravel()), np.sort(counts.cells.truth))
    line = ov.contingency(found.ravel(), truth.ravel())
    np.testing.assert_array_equal(line.cells.found, counts.cells.found)
    np.testing.assert_array_equal(line.cells.truth, counts.cells.truth)
    order = np.lexsort((truth.ravel(), found.ravel()))
    np.testing.assert_array_equal(line.cells.lower[:, 0], order)
    runs = np.repeat(np.arange(200 if SLOW else 20_000), 7)  # runs that go on where it grows
    cells = ov.contingency(runs, runs + 1).cells
    first = 7 * cells.found
    assert set(cells.count.tolist()) == {7}
    np.testing.assert_array_equal(cells.lower[:, 0], first)
    np.testing.assert_array_equal(cells.upper[:, 0], first + 7)
    np.testing.assert_array_equal(cells.sums[:, 0], 7 * first + 21)


def test_memory_maps(tmp_path):
    found, truth = blobs((4, 9, 32), 4, 0), blobs((4, 9, 32), 4, 1)
    for name, array in (("found", found), ("truth", np.asfortranarray(truth))):
        np.save(tmp_path / f"{name}.npy", array)
    maps = [np.load(tmp_path / f"{name}.npy", mmap_mode="r") for name in ("found", "truth")]
    assert ov.contingency(*maps) == ov.contingency(found, truth)


@pytest.mark.slow  # to compile
def test_scores_are_those_of_masks():
    found, truth = blobs((6, 7, 9), 5, 3), blobs((6, 7, 9), 5, 4)
    truth[truth == 2] = 0
    settings_of = {"spacing": (0.5, 2.0, 1.5), "origin": (-3.0, 1.0, 7.0), "unit": "mm"}
    counts = ov.contingency(found, truth, **settings_of)
    labels = sorted(set(np.unique(found)) | set(np.unique(truth)) - {0})
    labels = [int(label) for label in labels if label]
    masks = [
        ov.Masks(np.stack([volume == label for label in labels]), **settings_of)
        for volume in (found, truth)
    ]
    assert counts.score(ov.iou).index.tolist() == labels
    for score in (
        ov.iou, ov.dice, ov.coverage, ov.tversky(alpha=0.3, beta=0.7), ov.giou, ov.diou,
        ov.iou - ov.enclosed_gap, ov.eiou,
    ):  # fmt: skip
        np.testing.assert_allclose(counts.score(score), score(*masks), rtol=1e-14, atol=1e-15)
    batches = counts.regions(labels, labels)
    expected = ov.giou.pairwise(*masks)
    np.testing.assert_allclose(ov.giou.pairwise(*batches), expected, rtol=1e-14)
    np.testing.assert_allclose(ov.giou.pairwise(*batches[::-1]), expected.T, rtol=1e-14)
    sparse = counts.pairs(ov.iou, at_least=0.0, strict=True).toarray()
    dense = ov.iou.pairwise(*counts.regions())
    np.testing.assert_array_equal(sparse, dense)
    part = ov.iou.pairs(batches[0][[2, 0, 2]], batches[1][::-1], at_least=0.0, strict=True)
    np.testing.assert_array_equal(
        part.toarray(), np.nan_to_num(ov.iou.pairwise(batches[0][[2, 0, 2]], batches[1][::-1]))
    )


def test_scores_of_the_overlap_are_those_of_regions_with_all_their_columns():
    rng = np.random.default_rng(6)
    for shape, high in (((7, 8, 9), 6), ((1, 50, 1), 3), ((4, 5, 1), 200), ((3, 3, 1), 1)):
        found, truth = rng.integers(0, high, (2, *shape))
        spacing = tuple(rng.uniform(0.1, 3.0, 3).tolist())
        counts = ov.contingency(found, truth, spacing=spacing, ignore=2)
        for labels in (None, [1, 2, 5, 300], [-4], []):
            own = np.union1d(counts.labels_found, counts.labels_truth) if labels is None else labels
            batches = counts.regions(own, own)
            for score in (ov.iou, ov.dice):
                got = counts.score(score, labels)
                assert got.index.tolist() == list(own)
                np.testing.assert_array_equal(got, score(*batches) if len(own) else [])


def test_physical_units():
    truth = np.zeros((4, 5), np.int16)
    truth[1:3, 2:5] = -7
    counts = ov.contingency(truth, truth, spacing=(2.0, 0.5), origin=(10.0, 20.0), unit="mm")
    assert counts.labels_truth.tolist() == [-7]
    assert counts.measure_truth.tolist() == [6.0]
    assert counts.centers_found.tolist() == [[14.0, 21.75]]
    assert counts.boxes_truth == ov.Boxes([[12.0, 21.0, 16.0, 22.5]], unit="mm")
    assert counts.boxes_found == counts.boxes_truth


def test_table_and_merged_regions():
    found, truth = blobs((8, 9, 10), 5, 7), blobs((8, 9, 10), 5, 8)
    counts = ov.contingency(found, truth, spacing=(2.0, 1.0, 1.0))
    groups = {"whole": (1, 2, 4), "core": (4, 1), "third": (3,), "none": (50,), "nothing": ()}
    table = counts.table(groups)
    for name, labels in groups.items():
        a, b = np.isin(found, labels), np.isin(truth, labels)
        expected = [(a & b).sum(), (a & ~b).sum(), (~a & b).sum(), (~a & ~b).sum()]
        assert table.loc[name, ["tp", "fp", "fn", "tn"]].tolist() == expected
        assert table.loc[name, "measure_found"] == 2.0 * a.sum()
        merged = counts.merged(groups)[name]
        assert merged == ov.contingency(a, b, spacing=(2.0, 1.0, 1.0))
    single = counts.table([3, 50])
    assert single.loc[3].tolist() == table.loc["third"].tolist()
    assert single.loc[50].tolist() == table.loc["none"].tolist()
    assert single["tn"].dtype == table["tn"].dtype == np.int64
    dice = counts.score(ov.dice, groups)
    both = [2 * row.tp / (2 * row.tp + row.fp + row.fn) for row in table[:3].itertuples()]
    np.testing.assert_allclose(dice[:3], both, rtol=1e-15)
    assert dice[3:].isna().all()


def test_empty_policy():
    truth = np.array([1, 0, 0, 3])
    counts = ov.contingency(np.array([0, 2, 0, 3]), truth)
    assert counts.score(ov.dice).to_dict() == {1: 0.0, 2: 0.0, 3: 1.0}
    assert np.isnan(counts.score(ov.dice, [9])[9])
    nothing = ov.contingency(np.zeros((0, 3), int), np.zeros((0, 3), bool))
    assert nothing.voxels == 0
    assert len(nothing.score(ov.iou)) == 0
    assert len(nothing.table()) == 0
    assert nothing.pairs(at_least=0.5).shape == (0, 0)
    assert len(nothing.boxes_found) == 0
    background = ov.contingency(np.zeros((2, 3), int), np.zeros((2, 3), int))
    assert len(background.labels_found) == 0
    assert len(background.score(ov.iou)) == 0


@pytest.mark.parametrize(
    ("found", "truth", "arguments", "error", "words"),
    [
        ([[1, 2]], [[1], [2]], {}, ValueError, r"found has shape \(1, 2\) and truth \(2, 1\)"),
        ([[1.0, 2.5]], [[1, 2]], {}, ValueError, r"found\[0, 1\] = 2.5 is not a whole number"),
        ([1, 2], [1.0, np.nan], {}, ValueError, r"truth\[1\] = nan is not a whole number"),
        ([1, 2], [1.0, 1e30], {}, ValueError, r"truth\[1\] = 1e\+30 is not a whole number"),
        (
            np.uint64([2**63, 1]),
            [1, 2],
            {},
            ValueError,
            r"found\[0\] = 9223372036854775808 does not fit",
        ),
        (["a"], [1], {}, TypeError, "found: expected integer labels"),
        (1, 1, {}, ValueError, "found: expected a label volume with at least 1 axis"),
        ([1], [1], {"spacing": (0.0,)}, ValueError, "spacing = .* expected 1 positive numbers"),
        ([1], [1], {"spacing": (1, 1)}, ValueError, "spacing = .* expected 1 positive numbers"),
        ([1], [1], {"origin": (np.nan,)}, ValueError, "origin = .* expected 1 finite numbers"),
        ([1], [1], {"offset": (1, 2)}, ValueError, "offset = .* expected 1 whole numbers"),
        ([1], [1], {"ignore": 0.5}, TypeError, "ignore: expected whole numbers"),
    ],
)
def test_bad_input(found, truth, arguments, error, words):
    with pytest.raises(error, match=words):
        ov.contingency(found, truth, **arguments)


def test_bad_use():
    counts = ov.contingency([1, 2], [1, 3])
    with pytest.raises(ValueError, match=r"part 1 has .* no parts of one volume"):
        counts + ov.contingency([1, 2], [1, 3], spacing=[2.0])
    with pytest.raises(ValueError, match="needs at least one part"):
        ov.Contingency.sum([])
    with pytest.raises(ValueError, match="label 1 comes after 2"):
        counts.score(ov.iou, [2, 1])
    found, _ = counts.regions()
    with pytest.raises(ValueError, match="not the two sides of one contingency"):
        ov.iou(found, found)
    with pytest.raises(ValueError, match="not the two sides of one contingency"):
        ov.iou(found, ov.contingency([1, 2], [1, 3]).regions()[1])
    with pytest.raises(TypeError, match=r"made by Contingency\.regions"):
        type(found)([[1.0]])
    with pytest.raises(TypeError):
        counts + 1


def test_labels_that_int64_does_not_hold_are_no_others():
    counts = ov.contingency([-(2**63) + 1, 0], [-(2**63) + 1, 0])
    with pytest.raises(ValueError, match="labels: label 9223372036854775809 does not fit"):
        counts.score(ov.iou, labels=np.array([2**63 + 1], np.uint64))
