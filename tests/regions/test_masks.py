from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import overlap as ov
from overlap.regions.masks.bits import Bits
from overlap.testing import all_scores

GRID = ov.Grid(shape=(6, 4), spacing=(0.5, 2.0), origin=(-1.0, 3.0))


def test_terms_by_hand() -> None:
    cells = np.zeros((2, 6, 4), bool)
    cells[0, 1:3, 0:2] = True
    cells[1, 2:5, 1] = True
    masks = ov.Masks(cells, spacing=GRID.spacing, origin=GRID.origin)
    terms = ov.terms(masks[0], masks[1])
    assert (terms.measure_a[0], terms.measure_b[0], terms.intersection[0]) == (4.0, 3.0, 1.0)
    assert terms.hull[0] == 4 * 0.5 * 2 * 2.0
    assert terms.diameter2[0] == 2.0**2 + 4.0**2
    assert terms.center_gap2[0] == 0.75**2 + 1.0**2
    np.testing.assert_array_equal(terms.offset, [[-0.75, -1.0]])
    assert terms.outside[0] == 8.0 - (4.0 + 3.0 - 1.0)  # both fill their boxes of cells


def definition(a: np.ndarray, b: np.ndarray, spacing: tuple[float, ...]) -> dict[str, float]:
    """Terms of two dense masks, cell by cell."""
    cell = float(np.prod(spacing))
    found = {
        "measure_a": a.sum() * cell,
        "measure_b": b.sum() * cell,
        "intersection": (a & b).sum() * cell,
    }
    if not (a.any() and b.any()):
        return found
    places = [np.argwhere(x) * spacing for x in (a, b)]
    both = np.vstack(places)
    sides = both.max(0) + spacing - both.min(0)
    gap = places[0].mean(0) - places[1].mean(0)
    return found | {
        "hull": float(np.prod(sides)),
        "diameter2": float((sides**2).sum()),
        "center_gap2": float((gap**2).sum()),
    }


@pytest.mark.kernels
@settings(max_examples=60, deadline=None, database=None, derandomize=True)
@given(
    hnp.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=9).flatmap(
        lambda shape: st.tuples(
            hnp.arrays(np.bool_, (3, *shape)), hnp.arrays(np.bool_, (3, *shape))
        )
    ),
    st.booleans(),
)
@pytest.mark.slow  # to compile
def test_terms_are_those_of_the_cells(tables: tuple[np.ndarray, np.ndarray], turned: bool) -> None:
    a, b = tables
    spacing = (0.5, 2.0, 0.25, 3.0)[: a.ndim - 1]
    other = b
    if turned:  # each mask with its axes reversed in memory
        other = np.ascontiguousarray(b.transpose(0, *range(b.ndim - 1, 0, -1)))
        other = other.transpose(0, *range(b.ndim - 1, 0, -1))
    found, truth = ov.Masks(a, spacing=spacing), ov.Masks(other, spacing=spacing)
    terms = ov.terms(found, truth)
    for k in range(3):
        for name, value in definition(a[k], b[k], spacing).items():
            assert getattr(terms, name)[k] == pytest.approx(value, rel=1e-13, abs=1e-13), name


@pytest.mark.kernels
def test_masks_longer_than_a_word() -> None:
    rng = np.random.default_rng(0)
    cells = (
        rng.random((7, 11, 131)) < np.array([0.0, 0.001, 0.1, 0.5, 0.9, 1.0, 0.3])[:, None, None]
    )
    cells[6, :4] = False
    masks = ov.Masks(cells)
    flat = cells.reshape(7, -1).astype(float)
    np.testing.assert_array_equal(masks.to_array(), cells)
    np.testing.assert_array_equal(masks.measure(), flat.sum(1))
    shared = flat @ flat.T
    union = flat.sum(1)[:, None] + flat.sum(1) - shared
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(ov.iou.pairwise(masks, masks), shared / union)


@pytest.mark.parametrize("side", [64 * 700, 64 * 700 + 5, 64, 3])
def test_only_words_from_the_first_to_the_last_cell_are_kept(
    side: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(side)
    cells = np.zeros((30, side), bool)
    ends = np.sort(rng.integers(0, side, (30, 2)), axis=1)
    for row, (low, high) in zip(cells[:-4], ends, strict=False):
        row[low : high + 1] = rng.random(high + 1 - low) < rng.choice([0.001, 0.5, 1.0])
        row[[low, high]] = True
    cells[-3, 0] = cells[-2, -1] = cells[-1, [0, -1]] = True  # and one mask is empty
    monkeypatch.setenv("OVERLAP_THREADS", "3")
    unaligned = np.frombuffer(b"\0" + cells.tobytes(), bool, offset=1).reshape(cells.shape)
    for values in (cells, unaligned):
        masks = ov.Masks(values, axes=1)
        bits = masks._cells.data
        assert isinstance(bits, Bits)
        np.testing.assert_array_equal(masks.to_array(), cells)
        np.testing.assert_array_equal(masks.measure(), cells.sum(1))
        places = [np.flatnonzero(row) // 64 for row in cells]
        wanted = [(at[0], at[-1] - at[0] + 1) if len(at) else (0, 0) for at in places]
        assert list(zip(bits.first.tolist(), bits.length.tolist(), strict=True)) == wanted
        assert len(bits.words) == bits.length.sum()
    assert len(ov.Masks(cells[:0], axes=1)._cells.data) == 0


def test_a_mask_of_more_cells_than_are_packed_at_once() -> None:
    rng = np.random.default_rng(1)
    cells = rng.random((1, 3000, 1700)) < 0.4
    cells[0, :800] = False
    masks = ov.Masks(cells)
    np.testing.assert_array_equal(masks.to_array(), cells)
    assert masks.measure() == cells.sum()
    assert ov.Masks(np.zeros((1, 3000, 1700), bool)).measure() == 0
    both = np.concatenate([cells, np.roll(cells, 500, axis=1)])
    for many in (both, np.asfortranarray(both)):
        masks = ov.Masks(many)
        np.testing.assert_array_equal(masks.to_array(), both)
        assert masks.measure().tolist() == both.sum(axis=(1, 2)).tolist()


@pytest.mark.parametrize("size", [5 << 20, (5 << 20) + 64, (5 << 20) + 1000, (4 << 20) + 8])
def test_empty_stretches_of_a_large_mask_are_zeros(size: int) -> None:
    """Words between its cells are, whatever the memory held before."""
    rng = np.random.default_rng(size)
    cells = np.zeros(size, bool)
    for low, high in ((1_100_000, 1_100_010), (3_600_000, 3_700_000), (size - 200, size - 3)):
        cells[low:high] = rng.random(high - low) < 0.5
        cells[[low, high - 1]] = True
        for length in {size, high}:  # with and without parts behind it
            inside = np.where(np.arange(size) < length, cells, False)
            np.full(-(-size // 64), np.uint64(2**64 - 1))
            bits = ov.Masks(inside[None], axes=1)._cells.data
            padded = np.pad(inside, (0, -size % 64))
            wanted = np.packbits(padded, bitorder="little").view("<u8")
            some = np.flatnonzero(wanted)
            np.testing.assert_array_equal(bits.words, wanted[some[0] : some[-1] + 1])
            assert (bits.first[0], bits.count[0]) == (some[0], inside.sum())


def test_layouts_and_types_of_input() -> None:
    rng = np.random.default_rng(2)
    cells = rng.random((4, 9, 10)) < 0.4
    masks = ov.Masks(cells)
    wide = np.zeros((8, 9, 20), bool)
    wide[::2, :, ::2] = cells
    others = (
        np.asfortranarray(cells),
        wide[::2, :, ::2],
        cells.astype(np.uint8),
        cells.tolist(),
        np.moveaxis(np.moveaxis(cells, 0, -1).copy(), -1, 0),
    )
    for other in others:
        again = ov.Masks(other)
        assert again == masks
        np.testing.assert_array_equal(
            ov.giou.pairwise(again, masks), ov.giou.pairwise(masks, masks)
        )


def test_bytes_that_are_seen_as_bool() -> None:
    raw = np.random.default_rng(7).integers(0, 256, (2, 5, 70), dtype=np.uint8)
    raw[raw < 128] = 0
    raw[1, :, :64] = 255
    masks = ov.Masks(raw.view(bool))
    np.testing.assert_array_equal(masks.to_array(), raw > 0)
    np.testing.assert_array_equal(masks.measure(), (raw > 0).sum(axis=(1, 2)))


def test_the_batch_keeps_its_own_copy() -> None:
    for values in (np.ones((1, 2, 2), bool), np.ones((1, 2, 2))):
        masks = ov.Masks(values)
        values[:] = 0
        masks.to_array()[:] = 0
        assert masks.to_array().all()


def test_no_masks() -> None:
    masks = ov.Masks(np.zeros((0, 2, 3), bool))
    assert ov.iou.pairwise(masks, masks).shape == (0, 0)
    assert masks.to_frame().shape == (0, 6)
    assert ov.Masks(np.ones((2, 2, 3), bool)).to_frame().shape == (2, 6)


def test_one_empty_mask_is_as_far_as_can_be() -> None:
    cells = np.zeros((2, 3, 3), bool)
    cells[0, 1, 1] = True
    masks = ov.Masks(cells)
    for score in (ov.center_gap, ov.center_gap.with_enclosure("hull")):
        assert score(masks[0], masks[1])[0] == 1.0
        assert score(masks[1], masks[1])[0] == 0.0
    assert ov.iou(masks[0], masks[1])[0] == 0.0
    assert np.isnan(ov.iou(masks[1], masks[1])[0])


def test_batches_of_one_origin_join_without_their_cells() -> None:
    masks = ov.Masks(np.random.default_rng(3).random((5, 4, 4)) < 0.5)
    joined = ov.Masks.concat([masks[:2], masks[4:]])
    assert joined._cells is masks._cells
    assert joined == ov.Masks(masks.to_array()[[0, 1, 4]])
    apart = ov.Masks.concat([masks[:2], ov.Masks(masks.to_array()[4:])])
    assert apart == joined


def test_rasterised_regions() -> None:
    boxes = ov.Boxes([[-0.5, 3.0, 1.0, 7.0], [0.0, 5.0, 2.0, 11.0]])
    masks = ov.Masks.from_regions(boxes, GRID)
    np.testing.assert_array_equal(masks.measure(), boxes.measure())
    fine = ov.Masks.from_regions(boxes, GRID, supersample=3)
    assert fine.grid.shape == (18, 12)
    np.testing.assert_allclose(fine.measure(), boxes.measure(), rtol=1e-14)
    tubes = ov.Product(ov.Intervals([[-0.5, 1.0]]), ov.Intervals([[3.0, 7.0]]))
    assert ov.Masks.from_regions(tubes, GRID) == masks[0]


def test_rasterised_shares() -> None:
    boxes = ov.Boxes([[-0.9, 3.0, 1.1, 6.5], [0.05, 5.3, 1.75, 11.0]])
    soft = ov.Masks.from_regions(boxes, GRID, supersample=20, soft=True)
    assert soft.grid == GRID
    cells = soft.to_array()[0]
    np.testing.assert_allclose(cells[:, 0], [0.8, 1, 1, 1, 0.2, 0], atol=1e-14)
    np.testing.assert_allclose(cells[:, 1], cells[:, 0] * 0.75, atol=1e-14)
    np.testing.assert_allclose(soft.measure(), boxes.measure(), rtol=1e-13)
    parts = ov.Masks.from_regions(boxes, GRID, supersample=20).to_array()
    mean = parts.reshape(2, 6, 20, 4, 20).mean(axis=(2, 4))
    np.testing.assert_array_equal(soft.to_array(), mean)


def test_rasters_are_made_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    from overlap.regions.masks import rasters

    lower = np.random.default_rng(4).random((7, 2))
    boxes = ov.Boxes(np.hstack([lower, lower + 2.5]))
    whole = [ov.Masks.from_regions(boxes, GRID, supersample=3, soft=soft) for soft in (0, 1)]
    monkeypatch.setattr(rasters, "_POINTS", 50)
    monkeypatch.setattr(rasters, "_TESTS", 90)
    parts = [ov.Masks.from_regions(boxes, GRID, supersample=3, soft=soft) for soft in (0, 1)]
    assert whole == parts


@pytest.mark.slow  # to compile
def test_boxes_and_their_rasters_agree_to_the_bit() -> None:
    rng = np.random.default_rng(5)
    corners = np.sort(rng.integers(0, 9, (2, 150, 2, 2)), axis=2).reshape(2, 150, 4)
    corners[..., 2:] += corners[..., 2:] == corners[..., :2]
    found, truth = (ov.Boxes(table.astype(float)) for table in corners)
    grid = ov.Grid(shape=(20, 10), spacing=(0.5, 1.0), origin=(0.0, 0.0))
    masks = [ov.Masks.from_regions(boxes, grid) for boxes in (found, truth)]
    compared = 0
    for score in all_scores():
        try:
            value = score(*masks)
        except TypeError:
            continue  # what masks do not have
        np.testing.assert_array_equal(value, score(found, truth), err_msg=str(score))
        compared += 1
    assert compared >= 11


def test_threads_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(6)
    hard = rng.random((12, 300, 700)) < 0.3
    soft = rng.random((3, 900, 1000), dtype=np.float32)
    results = []
    for threads in ("1", "3"):
        monkeypatch.setenv("OVERLAP_THREADS", threads)
        masks, values = ov.Masks(hard), ov.Masks(soft)
        results.append((ov.giou.pairwise(masks, masks), ov.dice.pairwise(values, values)))
    for one, other in zip(*results, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow  # to compile
def test_masks_are_factors() -> None:
    cells = np.zeros((2, 4, 4), bool)
    cells[0, :2], cells[1, 1:3] = True, True
    times = ov.Intervals([[0.0, 2.0], [1.0, 4.0]])
    tubes = ov.Product(ov.Masks(cells), times, scale=1.0)
    assert ov.iou(tubes[0], tubes[1])[0] == 4.0 / (16.0 + 24.0 - 4.0)
    assert ov.giou(tubes[0], tubes[1])[0] == 4.0 / 36.0 - (48.0 - 36.0) / 48.0
    soft = ov.Product(ov.Masks(cells.astype(float)), times, scale=1.0)
    assert ov.iou(soft[0], soft[1])[0] == 4.0 / (16.0 + 24.0 - 4.0)


@pytest.mark.parametrize(
    ("values", "settings", "error", "message"),
    [
        (np.full((1, 2, 2), 3), {}, TypeError, r"values\[0, 0, 0\] = 3, .*Masks.from_labels"),
        (
            np.array([[0, 1], [1, -1]]),
            {"axes": 1},
            TypeError,
            r"values\[1, 1\] = -1, expected bool",
        ),
        (np.zeros((1, 2), complex), {"axes": 1}, TypeError, "got complex128"),
        (
            np.array([[0.5, 1.5]]),
            {"axes": 1},
            ValueError,
            r"values\[0, 1\] = 1.5 is not in \[0, 1\]",
        ),
        (
            np.array([[0.5], [np.nan]]),
            {"axes": 1},
            ValueError,
            r"values\[1, 0\] = nan is not in \[0, 1\]",
        ),
        (
            np.zeros(3, bool),
            {},
            ValueError,
            r"expected shape \(N, \*grid\), got \(3,\); .* give axes=1",
        ),
        (np.zeros((1, 2, 2), bool), {"spacing": (1.0,)}, ValueError, "expected 2 finite numbers"),
        (np.zeros((1, 2, 2), bool), {"origin": (0, np.nan)}, ValueError, "expected 2 finite"),
        (np.zeros((1, 2, 2), bool), {"spacing": (0, 1)}, ValueError, "spacing must be positive"),
        (
            np.zeros((1, 2, 1)),
            {"soft": "mean"},
            ValueError,
            "soft = 'mean'; expected one of minmax",
        ),
        (np.zeros((1, 2, 1)), {"support": 1.0}, ValueError, r"support = 1.0 is not in \[0, 1\)"),
        (np.zeros((1, 2, 1)), {"support": "0.5"}, TypeError, "support = '0.5' is not a number"),
        (np.ma.masked_equal([[[0, 1]]], 1), {}, ValueError, r"value at \[0, 0, 1\] is masked"),
    ],
)
def test_bad_input(values: object, settings: dict, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        ov.Masks(values, **settings)  # type: ignore[arg-type]


def test_grids_do_not_mix() -> None:
    a = ov.Masks(np.ones((1, 2, 2), bool))
    with pytest.raises(ValueError, match=r"found lies on Grid.* resample one"):
        ov.iou(a, ov.Masks(np.ones((1, 2, 2), bool), spacing=(2, 2)))
    with pytest.raises(ValueError, match="the grid has 2 axes and the Intervals 1"):
        ov.Masks.from_regions(ov.Intervals([[0, 1]]), GRID)
    with pytest.raises(ValueError, match="supersample = 0; expected >= 1"):
        ov.Masks.from_regions(ov.Boxes([[0, 0, 1, 1]]), GRID, supersample=0)
    with pytest.raises(TypeError, match="hard and soft masks do not go into one batch"):
        ov.Masks.concat([a, ov.Masks(np.ones((1, 2, 2)))])


def test_an_array_of_two_axes_must_say_what_it_is() -> None:
    image = np.zeros((4, 6), bool)
    image[1:3, 2:5] = True
    with pytest.raises(ValueError, match=r"one mask in the plane or 4 masks on a line; give axes"):
        ov.Masks(image)
    one = ov.Masks(image[None])
    for again in (ov.Masks(image, axes=2), ov.Masks(image, axes="yx")):
        assert again == one
        assert again.grid.shape == (4, 6)
        assert again.measure().tolist() == [6.0]
    many = ov.Masks(image, axes=1)
    assert many.measure().tolist() == [0.0, 3.0, 3.0, 0.0]
    assert many == ov.Masks(image, spacing=(1.0,)) == ov.Masks(image, origin=(0.0,))
    assert many == ov.Masks.concat([many[:2], many[2:]])
    assert ov.Masks(image[1], axes=1).measure().tolist() == [3.0]
    assert ov.Masks(np.ones((2, 3, 4), bool), axes=3).grid.shape == (2, 3, 4)
    assert eval(repr(many), {"Masks": ov.Masks}) == many
    for values, axes, message in (
        (image, 3, r"axes = 3, and values have shape \(4, 6\); expected 3 axes for one mask or 4"),
        (image, 0, "axes = 0"),
        (image, "yy", "Grid: axes = 'yy'; expected 2 different letters of 'xyzt', such as 'yx'"),
        (image, "ab", "Grid: axes = 'ab'"),
        (image[None], "x", "axes = 'x', and values have shape"),
    ):
        with pytest.raises(ValueError, match=message):
            ov.Masks(values, axes=axes)
    with pytest.raises(TypeError, match=r"axes = 2\.0; expected a number of axes, or names"):
        ov.Masks(image, axes=2.0)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="expected 1 finite numbers; give axes=2 if this is one"):
        ov.Masks(image, spacing=(1.0, 1.0))


def test_images_have_their_rows_first() -> None:
    boxes = ov.Boxes([[1.0, 0.0, 4.0, 2.0]])  # x from 1 to 4, y from 0 to 2
    image = ov.Masks.from_regions(boxes, ov.Grid.image(3, 5))
    wanted = np.zeros((1, 3, 5), bool)
    wanted[0, 0:2, 1:4] = True
    np.testing.assert_array_equal(image.to_array(), wanted)
    plain = ov.Masks.from_regions(boxes, ov.Grid((5, 3), (1.0, 1.0), (0.0, 0.0)))
    np.testing.assert_array_equal(plain.to_array(), wanted.transpose(0, 2, 1))
    assert (image.grid.axes, plain.grid.axes) == ("yx", "xy")
    counted = ov.Masks.from_rle(image.to_rle())
    assert ov.iou(image, counted)[0] == 1.0
    assert counted == image == ov.Masks(wanted)
    assert hash(counted) == hash(image) == hash(ov.Masks(wanted))
    assert ov.Masks.from_regions(boxes, counted.grid) == image
    # On a square grid of the same shape, x first against y first is a mistake.
    square = ov.Grid((5, 5), (1.0, 1.0), (0.0, 0.0))
    first = ov.Masks.from_regions(boxes, square)
    second = ov.Masks.from_rle(ov.Masks.from_regions(boxes, ov.Grid.image(5, 5)).to_rle())
    assert first != second
    with pytest.raises(ValueError, match=r"has the axes 'xy' and .* 'yx'; build both on one grid"):
        ov.iou(first, second)
    with pytest.raises(ValueError, match="has the axes"):
        ov.Masks.concat([first, second])
    spaced = ov.Grid.image(4, 2, spacing=(0.5, 2.0), origin=(0.0, 1.0))
    fine = ov.Masks.from_regions(boxes, spaced, supersample=2)
    assert fine.grid.shape == (8, 4)
    assert fine.measure()[0] == 2.0 * 3.0
    assert ov.Masks.from_labels([[1, 0], [1, 2]], axes="yx").grid.axes == "yx"


def test_named_axes_in_space_and_time() -> None:
    box = ov.Boxes([[0.0, 0.0, 0.0, 1.0, 2.0, 3.0]])
    for axes in ("xyz", "zyx", "yzx"):
        sides = tuple(3 + "xyz".index(name) for name in axes)
        grid = ov.Grid(sides, (1.0,) * 3, (0.0,) * 3, axes)
        cells = ov.Masks.from_regions(box, grid).to_array()[0]
        ends = tuple(1 + "xyz".index(name) for name in axes)
        assert cells.sum() == 6
        assert cells[tuple(map(slice, ends))].all(), axes
    tube = ov.Product(ov.Boxes([[0.0, 0.0, 1.0, 2.0]]), ov.Intervals([[0.0, 3.0]]), scale=1.0)
    frames = ov.Grid((4, 3, 2), (1.0,) * 3, (0.0,) * 3, "tyx")
    cells = ov.Masks.from_regions(tube, frames).to_array()[0]
    assert cells[:3, :2, :1].all()
    assert cells.sum() == 6


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (((2.5, 2), (1, 1), (0, 0)), TypeError, r"shape = \(2.5, 2\); expected whole numbers"),
        (((2, 2), ("1", "1"), (0, 0)), TypeError, "Grid: spacing: expected real numbers"),
        (((2, 2), (1, np.nan), (0, 0)), ValueError, "must be finite"),
        (((2, 2), (1, 1), (0, np.inf)), ValueError, "must be finite"),
        (((2, 2), (1, -1), (0, 0)), ValueError, "must be positive"),
        (((2, 0), (1, 1), (0, 0)), ValueError, "must be positive"),
        (((2, 2), (1,), (0, 0)), ValueError, "need one entry per axis"),
        (((2, 2), (1, 1), (0, 0), "x"), ValueError, "axes = 'x'; expected 2 different letters"),
        (((2, 2), (1, 1), (0, 0), 2), ValueError, "axes = 2; expected 2 different letters"),
    ],
)
def test_bad_grids(arguments: tuple, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        ov.Grid(*arguments)


def test_grids_by_value() -> None:
    one = ov.Grid([2, 3], np.array([1, 2]), [0, 0])  # type: ignore[arg-type]
    other = ov.Grid((2, 3), (1.0, 2.0), (0.0, 0.0), "yx")
    assert one == other
    assert hash(one) == hash(other)
    assert one.shape == (2, 3)
