"""One set in several kinds has one score under the same enclosure."""

from __future__ import annotations

import numpy as np
import pytest

import overlap as ov
from overlap.testing import all_scores

pytestmark = pytest.mark.kernels

FEW = (ov.iou, ov.dice, ov.coverage, ov.giou, ov.diou, ov.eiou)  # every group of terms
under_scores = pytest.mark.parametrize(
    "scores",
    [pytest.param(FEW, id="few"), pytest.param(all_scores(), id="all", marks=pytest.mark.slow)],
)


def lattice(rng: np.random.Generator, n: int, axes: int, cells: int = 6) -> np.ndarray:
    return rng.integers(0, cells + 1, (n, 2 * axes)).astype(float)


def same(found: tuple, truth: tuple, scores, *, gradients: bool = False) -> None:
    """Compare the first kind with the others, under every score that both have."""
    compared = 0
    for score in scores:
        try:
            values = [score(a, b) for a, b in zip(found, truth, strict=True)]
        except TypeError:
            continue
        for value in values[1:]:
            np.testing.assert_allclose(value, values[0], atol=2e-15, err_msg=str(score))
        if gradients:
            first, *others = (
                score.value_and_grad(a, b)[1] for a, b in zip(found, truth, strict=True)
            )
            for other in others:
                np.testing.assert_allclose(other, first, atol=1e-14, err_msg=str(score))
        compared += 1
    assert compared >= min(7, len(scores))


@under_scores
def test_interval_is_box_is_mask(scores) -> None:
    rng = np.random.default_rng(0)
    lines = [ov.Intervals.sorted(lattice(rng, 80, 1)) for _ in range(2)]
    boxes = [ov.Boxes.from_intervals(line) for line in lines]
    same((lines[0], boxes[0]), (lines[1], boxes[1]), scores, gradients=True)
    solid = np.logical_and(*(line.measure() > 0 for line in lines))
    lines = [line[solid] for line in lines]
    grid = ov.Grid(shape=(6,), spacing=(1.0,), origin=(0.0,))
    masks = [ov.Masks.from_regions(line, grid) for line in lines]
    same((lines[0], masks[0]), (lines[1], masks[1]), scores)


@under_scores
@pytest.mark.slow  # to compile
def test_box_is_product_is_mask(scores) -> None:
    rng = np.random.default_rng(1)
    boxes = [ov.Boxes.sorted(lattice(rng, 120, 2)) for _ in range(2)]

    def sides(batch: ov.Boxes) -> ov.Product:
        axes = (np.stack([batch.lower[:, k], batch.upper[:, k]], 1) for k in range(2))
        return ov.Product(*map(ov.Intervals, axes))

    products = [sides(batch) for batch in boxes]
    same((boxes[0], products[0]), (boxes[1], products[1]), scores)
    order = [0, 2, 1, 3]  # x0, x1, y0, y1 of the product
    for score in (ov.giou, ov.eiou):
        grad, other = (score.value_and_grad(*pair)[1] for pair in (boxes, products))
        np.testing.assert_allclose(other, grad[:, order], atol=1e-14)
    solid = np.logical_and(*(batch.measure() > 0 for batch in boxes))
    boxes = [batch[solid] for batch in boxes]
    grid = ov.Grid(shape=(12, 6), spacing=(0.5, 1.0), origin=(0.0, 0.0))
    masks = [ov.Masks.from_regions(batch, grid) for batch in boxes]
    same((boxes[0], masks[0]), (boxes[1], masks[1]), scores)


@under_scores
def test_tube_is_box(scores) -> None:
    """A planar box times an interval is a spatial box, x0 y0 t0 x1 y1 t1."""
    rng = np.random.default_rng(2)
    boxes = [ov.Boxes.sorted(lattice(rng, 100, 3)) for _ in range(2)]
    tubes = [
        ov.Product(ov.Boxes(x[:, [0, 1, 3, 4]]), ov.Intervals(x[:, [2, 5]]))
        for x in (batch.to_array() for batch in boxes)
    ]
    same((boxes[0], tubes[0]), (boxes[1], tubes[1]), scores)


@under_scores
def test_arcs_far_from_the_seam_are_intervals(scores) -> None:
    rng = np.random.default_rng(3)
    lines = [ov.Intervals.sorted(lattice(rng, 80, 1)) for _ in range(2)]
    arcs = [ov.Intervals(line.to_array(), period=16.0) for line in lines]
    same((lines[0], arcs[0]), (lines[1], arcs[1]), scores)
    # An empty interval can only grow: how much of that counts is each kind's own choice.
    solid = np.logical_and(*(line.measure() > 0 for line in lines))
    lines, arcs = ([batch[solid] for batch in pair] for pair in (lines, arcs))
    same((lines[0], arcs[0]), (lines[1], arcs[1]), scores, gradients=True)


def test_arcs_across_the_seam_are_masks() -> None:
    """The overlap alone: a mask's box does not wrap."""
    rng = np.random.default_rng(4)
    arcs = []
    for _ in range(2):
        start, length = rng.integers(-20, 20, 80), rng.integers(0, 9, 80)
        arcs.append(ov.Intervals(np.stack([start, start + length], 1), period=8.0))
    grid = ov.Grid(shape=(8,), spacing=(1.0,), origin=(0.0,))
    masks = [ov.Masks.from_regions(arc, grid) for arc in arcs]
    same((arcs[0], masks[0]), (arcs[1], masks[1]), all_scores()[:7])


def test_mask_is_set_of_cells() -> None:
    rng = np.random.default_rng(5)
    table = rng.random((2, 50, 9)) < 0.4
    masks = [ov.Masks(cells, axes=1) for cells in table]
    others = [ov.FiniteSets(cells) for cells in table]
    same((masks[0], others[0]), (masks[1], others[1]), all_scores()[:7])
