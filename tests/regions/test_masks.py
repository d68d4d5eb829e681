from __future__ import annotations

import numpy as np
import pytest

import overlap as ov

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


def test_the_batch_keeps_its_own_copy() -> None:
    cells = np.ones((1, 2, 2), bool)
    masks = ov.Masks(cells)
    cells[:] = False
    assert masks.to_array().all()
    assert masks.to_array().flags.writeable is False


def test_no_masks() -> None:
    masks = ov.Masks(np.zeros((0, 2, 3), bool))
    assert ov.iou.pairwise(masks, masks).shape == (0, 0)
    assert masks.to_frame().shape == (0, 6)
    assert ov.Masks(np.ones((2, 2, 3), bool)).to_frame().shape == (2, 6)


def test_one_empty_mask_is_as_far_as_can_be() -> None:
    cells = np.zeros((2, 3, 3), bool)
    cells[0, 1, 1] = True
    masks = ov.Masks(cells)
    assert ov.center_gap(masks[0], masks[1])[0] == 1.0
    assert ov.iou(masks[0], masks[1])[0] == 0.0
    assert np.isnan(ov.iou(masks[1], masks[1])[0])
    assert ov.center_gap(masks[1], masks[1])[0] == 0.0


def test_rasterised_regions() -> None:
    boxes = ov.Boxes([[-0.5, 3.0, 1.0, 7.0], [0.0, 5.0, 2.0, 11.0]])
    masks = ov.Masks.from_regions(boxes, GRID)
    np.testing.assert_array_equal(masks.measure(), boxes.measure())
    fine = ov.Masks.from_regions(boxes, GRID, supersample=3)
    assert fine.grid.shape == (18, 12)
    np.testing.assert_allclose(fine.measure(), boxes.measure(), rtol=1e-14)
    tubes = ov.Product(ov.Intervals([[-0.5, 1.0]]), ov.Intervals([[3.0, 7.0]]))
    assert ov.Masks.from_regions(tubes, GRID) == masks[0]


@pytest.mark.parametrize(
    ("values", "settings", "error", "message"),
    [
        (np.zeros((2, 3, 3)), {}, TypeError, "expected an array of bool, got float64; compare lab"),
        (np.zeros(3, bool), {}, ValueError, r"expected shape \(N, \*grid\), got \(3,\); add an"),
        (np.zeros((1, 2, 2), bool), {"spacing": (1.0,)}, ValueError, "expected 2 finite numbers"),
        (np.zeros((1, 2, 2), bool), {"origin": (0, np.nan)}, ValueError, "expected 2 finite"),
        (np.zeros((1, 2, 2), bool), {"spacing": (0, 1)}, ValueError, "spacing must be positive"),
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
