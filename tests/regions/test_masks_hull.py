"""Convex hulls of masks against shapely, Qhull, boxes and each other."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

import overlap as ov

SPACING = (0.5, 2.0)
SCORES = tuple(
    score.with_enclosure("hull")
    for score in (ov.giou, ov.diou, ov.iou - ov.enclosed_gap, ov.dice - 0.5 * ov.center_gap)
)


def blobs(rng: np.random.Generator, n: int) -> np.ndarray:
    cells = np.zeros((n, 14, 12), bool)
    for k in range(n):
        x, y = rng.integers(0, 9, 2)
        w, h = rng.integers(1, 6, 2)
        part = cells[k, x : x + w, y : y + h]
        part[:] = rng.random(part.shape) < 0.6
        part[0, 0] = True
    return cells


def outline(cells: np.ndarray) -> shapely.Geometry:
    lower = np.argwhere(cells) * SPACING
    return shapely.union_all(shapely.box(*lower.T, *(lower + SPACING).T))


def test_planar_hulls_are_those_of_shapely() -> None:
    rng = np.random.default_rng(0)
    cells = blobs(rng, 60), blobs(rng, 60)
    masks = [ov.Masks(table, spacing=SPACING) for table in cells]
    terms = ov.terms(*masks, enclosure="hull")
    for k in range(60):
        a, b = (outline(table[k]) for table in cells)
        hull = shapely.convex_hull(shapely.union(a, b))
        assert terms.hull[k] == pytest.approx(hull.area, rel=1e-13)
        points = shapely.get_coordinates(hull)
        widest = ((points[:, None] - points) ** 2).sum(-1).max()
        assert terms.diameter2[k] == pytest.approx(widest, rel=1e-13)
        own = shapely.union(shapely.convex_hull(a), shapely.convex_hull(b))
        assert terms.outside is not None
        assert terms.outside[k] == pytest.approx(hull.area - own.area, abs=1e-11)


def test_hulls_are_symmetric_to_the_bit() -> None:
    rng = np.random.default_rng(1)
    first, second = (ov.Masks(blobs(rng, 40), spacing=SPACING) for _ in range(2))
    for score in SCORES:
        one = score.pairwise(first, second)
        np.testing.assert_array_equal(one, score.pairwise(second, first).T)
        assert (one <= 1.0).all()
    identical = (ov.iou - ov.enclosed_gap).with_enclosure("hull")
    assert (identical(first, first) == 1.0).all()


def test_hulls_of_boxes() -> None:
    rng = np.random.default_rng(2)
    corners = np.sort(rng.integers(0, 8, (2, 60, 2, 2)), axis=2).reshape(2, 60, 4)
    corners[..., 2:] += corners[..., 2:] == corners[..., :2]
    boxes = [ov.Boxes(table.astype(float)) for table in corners]
    grid = ov.Grid(shape=(9, 9), spacing=(1.0, 1.0), origin=(0.0, 0.0))
    masks = [ov.Masks.from_regions(batch, grid) for batch in boxes]
    for score in SCORES:
        np.testing.assert_allclose(score(*masks), score(*boxes), atol=1e-13)


def test_in_other_memory_orders_and_forms() -> None:
    rng = np.random.default_rng(3)
    cells = blobs(rng, 12)
    dense = ov.Masks(cells)
    others = ov.Masks.from_rle(dense.to_rle()), ov.Masks(cells.astype(np.float32))
    for score in SCORES:
        wanted = score.pairwise(dense, dense)
        for other in others:
            np.testing.assert_allclose(score.pairwise(other, dense), wanted, atol=1e-14)


@pytest.mark.slow  # to compile
def test_spatial_hulls() -> None:
    from scipy.spatial import ConvexHull

    rng = np.random.default_rng(4)
    cells = rng.random((2, 12, 5, 6, 4)) < 0.1
    cells[:, :, 2, 3, 1] = True
    spacing = np.array([1.0, 0.5, 3.0])
    found, truth = (ov.Masks(table, spacing=tuple(spacing)) for table in cells)
    terms = ov.terms(found, truth, enclosure="hull")
    corners = np.stack(np.meshgrid([0, 1], [0, 1], [0, 1], indexing="ij"), -1).reshape(-1, 3)
    for k in range(12):
        lower = np.argwhere(cells[0, k] | cells[1, k])
        points = (lower[:, None] + corners).reshape(-1, 3) * spacing
        assert terms.hull[k] == pytest.approx(ConvexHull(points).volume, rel=1e-12)
        widest = ((points[:, None] - points) ** 2).sum(-1).max()
        assert terms.diameter2[k] == pytest.approx(widest, rel=1e-12)
    giou = ov.giou.with_enclosure("hull")
    np.testing.assert_array_equal(giou(found, truth), giou(truth, found))
    with pytest.raises(TypeError, match="Masks have no enclosure of their own"):
        (ov.iou - ov.enclosed_gap).with_enclosure("hull")(found, truth)


def test_on_a_line_the_hull_is_the_box() -> None:
    found, truth = ov.Masks([[1, 0, 1, 0, 0]], axes=1), ov.Masks([[0, 0, 0, 0, 1]], axes=1)
    assert ov.giou.with_enclosure("hull")(found, truth) == ov.giou(found, truth) == -0.4


def test_empty_masks_and_sides() -> None:
    cells = np.zeros((2, 3, 3), bool)
    cells[0, 1, 1] = True
    masks = ov.Masks(cells)
    terms = ov.terms(masks, masks[1], enclosure="hull")
    np.testing.assert_array_equal(terms.hull, [1.0, 0.0])
    with pytest.raises(TypeError, match="the enclosure of these Masks has no sides"):
        ov.eiou.with_enclosure("hull")(masks, masks)
    deep = ov.Masks(np.ones((1, 2, 2, 2, 2), bool))
    with pytest.raises(TypeError, match="Masks has no 'hull' enclosure"):
        ov.giou.with_enclosure("hull")(deep, deep)
