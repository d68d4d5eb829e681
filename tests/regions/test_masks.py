from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import overlap as ov
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


def test_a_mask_of_more_cells_than_are_packed_at_once() -> None:
    rng = np.random.default_rng(1)
    cells = rng.random((1, 3000, 1700)) < 0.4
    cells[0, :800] = False
    masks = ov.Masks(cells)
    np.testing.assert_array_equal(masks.to_array(), cells)
    assert masks.measure() == cells.sum()
    assert ov.Masks(np.zeros((1, 3000, 1700), bool)).measure() == 0


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
    from overlap.regions import _rasters

    lower = np.random.default_rng(4).random((7, 2))
    boxes = ov.Boxes(np.hstack([lower, lower + 2.5]))
    whole = [ov.Masks.from_regions(boxes, GRID, supersample=3, soft=soft) for soft in (0, 1)]
    monkeypatch.setattr(_rasters, "_POINTS", 50)
    monkeypatch.setattr(_rasters, "_TESTS", 90)
    parts = [ov.Masks.from_regions(boxes, GRID, supersample=3, soft=soft) for soft in (0, 1)]
    assert whole == parts


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


def test_hard_masks_are_factors() -> None:
    cells = np.zeros((2, 4, 4), bool)
    cells[0, :2], cells[1, 1:3] = True, True
    times = ov.Intervals([[0.0, 2.0], [1.0, 4.0]])
    tubes = ov.Product(ov.Masks(cells), times, scale=1.0)
    assert ov.iou(tubes[0], tubes[1])[0] == 4.0 / (16.0 + 24.0 - 4.0)
    assert ov.giou(tubes[0], tubes[1])[0] == 4.0 / 36.0 - (48.0 - 36.0) / 48.0
    soft = ov.Product(ov.Masks(cells.astype(float)), times, scale=1.0)
    with pytest.raises(TypeError, match="soft values cannot be a factor"):
        ov.iou(soft, soft)


@pytest.mark.parametrize(
    ("values", "settings", "error", "message"),
    [
        (np.full((1, 2, 2), 3), {}, TypeError, r"values\[0, 0, 0\] = 3, .*Masks.from_labels"),
        (np.array([[0, 1], [1, -1]]), {}, TypeError, r"values\[1, 1\] = -1, expected bool"),
        (np.zeros((1, 2), complex), {}, TypeError, "got complex128"),
        (np.array([[0.5, 1.5]]), {}, ValueError, r"values\[0, 1\] = 1.5 is not in \[0, 1\]"),
        (np.array([[0.5], [np.nan]]), {}, ValueError, r"values\[1, 0\] = nan is not in \[0, 1\]"),
        (np.zeros(3, bool), {}, ValueError, r"expected shape \(N, \*grid\), got \(3,\); add an"),
        (np.zeros((1, 2, 2), bool), {"spacing": (1.0,)}, ValueError, "expected 2 finite numbers"),
        (np.zeros((1, 2, 2), bool), {"origin": (0, np.nan)}, ValueError, "expected 2 finite"),
        (np.zeros((1, 2, 2), bool), {"spacing": (0, 1)}, ValueError, "spacing must be positive"),
        (np.zeros((1, 2)), {"soft": "mean"}, ValueError, "soft = 'mean'; expected one of minmax"),
        (np.zeros((1, 2)), {"support": 1.0}, ValueError, r"support = 1.0 is not in \[0, 1\)"),
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
