from __future__ import annotations

import itertools

import numba
import numpy as np
import pytest

import overlap as ov
from tests.laws.kinds import KINDS

BOXES = ov.Boxes([[0.0, 0.0, 2.0, 2.0], [1.0, 1.0, 3.0, 4.0]], unit="px")
SPANS = ov.Intervals([[0.0, 4.0], [3.0, 5.0]], unit="s")


def test_parts() -> None:
    tubes = ov.Product(BOXES, SPANS, scale=10)
    assert tubes.factors == (BOXES, SPANS)
    assert tubes.scale == 10.0
    np.testing.assert_array_equal(tubes.measure(), BOXES.measure() * SPANS.measure())
    assert tubes.scaled(1.0) == tubes
    assert list(tubes.to_frame().columns) == ["x0", "y0", "x1", "y1", "start", "stop"]
    twice = ov.Product(SPANS, SPANS)
    assert list(twice.to_frame().columns)[::2] == ["first_start", "second_start"]


def test_terms_of_the_factors() -> None:
    tubes, pair = ov.Product(BOXES, SPANS, scale=10.0), (slice(0, 1), slice(1, 2))
    terms, planar, line = (
        ov.terms(batch[pair[0]], batch[pair[1]]) for batch in (tubes, BOXES, SPANS)
    )
    for name in ("measure_a", "measure_b", "intersection", "hull"):
        assert getattr(terms, name) == getattr(planar, name) * getattr(line, name)
    for name in ("center_gap2", "diameter2"):
        assert getattr(terms, name) == getattr(planar, name) + 100.0 * getattr(line, name)


def test_distances_need_a_scale() -> None:
    tubes = ov.Product(BOXES, SPANS)
    assert ov.giou(tubes, tubes[::-1]).shape == (2,)
    for score in (ov.diou, ov.dice - 0.5 * ov.center_gap):
        with pytest.raises(TypeError, match=r"Product have different units; give Product\(..., sc"):
            score(tubes, tubes)
    same = ov.Product(ov.Intervals([[0, 1]]), ov.Intervals([[0, 1]]))
    assert ov.diou(same, same)[0] == 1.0


def test_a_factor_without_an_enclosure() -> None:
    labelled = ov.Product(SPANS, ov.FiniteSets([[1, 0], [1, 1]]))
    assert ov.iou(labelled[0], labelled[1])[0] == 1.0 / (4.0 + 4.0 - 1.0)
    with pytest.raises(TypeError, match="giou: Product have no common enclosure"):
        ov.giou(labelled, labelled)


def test_bad_input() -> None:
    with pytest.raises(TypeError, match="second is list; expected a batch of regions"):
        ov.Product(BOXES, [[0, 1]])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"first has 2 regions and second 1; .* must be equal"):
        ov.Product(BOXES, SPANS[0])
    for scale in (0.0, -1.0, np.nan, np.inf):
        with pytest.raises(ValueError, match=r"scale = .* is not a positive number"):
            ov.Product(BOXES, SPANS, scale=scale)


def test_products_that_cannot_be_compared() -> None:
    tubes = ov.Product(BOXES, SPANS, scale=1.0)
    with pytest.raises(ValueError, match=r"found has scale 1.0 and truth has scale 2.0; build"):
        ov.iou(tubes, ov.Product(BOXES, SPANS, scale=2.0))
    with pytest.raises(TypeError, match=r"found.first is Boxes and truth.first is Intervals"):
        ov.iou(tubes, ov.Product(SPANS, BOXES, scale=1.0))
    other = ov.Intervals(SPANS.to_array(), unit="frames")
    with pytest.raises(ValueError, match=r"found.second is in 's' and truth.second in 'frames'"):
        ov.iou(tubes, ov.Product(BOXES, other, scale=1.0))


# ------------------------------------------------- factors whose terms come in blocks


def _squares(corners: np.ndarray) -> ov.Polygons:
    return ov.Polygons([[(x, y), (z, y), (z, w), (x, w)] for x, y, z, w in corners.tolist()])


def _corners(rng: np.random.Generator, n: int) -> np.ndarray:
    lower = rng.random((n, 3))
    return np.hstack([lower, lower + 0.2 + rng.random((n, 3))])


@pytest.mark.kernels
@pytest.mark.slow  # to compile
@pytest.mark.parametrize("first", [True, False])
def test_tubes_of_polygons_are_boxes_in_space(first: bool) -> None:
    """A square outline through time has the values and the gradients of a box of three axes."""
    rng = np.random.default_rng(0)
    tables = [_corners(rng, 30) for _ in "ab"]

    def tubes(table: np.ndarray) -> ov.Product:
        factors = _squares(table[:, [0, 1, 3, 4]]), ov.Intervals(table[:, [2, 5]])
        return ov.Product(*(factors if first else factors[::-1]), scale=1.0)

    found, truth = map(tubes, tables)
    a, b = map(ov.Boxes, tables)
    scores = [ov.iou, ov.dice, ov.tversky(alpha=0.3, beta=0.6), ov.giou, ov.diou]
    for score in scores:
        score = score.with_enclosure("box")
        value, sides = score.value_and_grad(found, truth, wrt="both")
        wanted, box_sides = score.value_and_grad(a, b, wrt="both")
        np.testing.assert_allclose(value, wanted, atol=1e-12)
        for (one, other), expected in zip(sides, box_sides, strict=True):
            outline, span = (one, other) if first else (other, one)
            corner = outline.reshape(30, 4, 2)
            ends = [corner[:, [0, 3], 0], corner[:, [0, 1], 1], corner[:, [1, 2], 0]]
            ends += [corner[:, [2, 3], 1]]
            low_x, low_y, high_x, high_y = (part.sum(axis=1) for part in ends)
            columns = [low_x, low_y, span[:, 0], high_x, high_y, span[:, 1]]
            np.testing.assert_allclose(np.stack(columns, 1), expected, atol=1e-12)
    np.testing.assert_array_equal(
        ov.iou.pairwise(found, truth)[3, 4], ov.iou(found[3], truth[4])[0]
    )
    kept = ov.iou.pairs(found, truth, at_least=0.2)
    dense = ov.iou.pairwise(found, truth)
    np.testing.assert_array_equal(kept.toarray(), np.where(dense >= 0.2, dense, 0.0))
    order = rng.permutation(30) / 30.0
    kept, boxes_kept = (ov.nms(regions, order, threshold=0.3).index for regions in (found, a))
    np.testing.assert_array_equal(kept, boxes_kept)


@pytest.mark.kernels
def test_gradients_of_ragged_and_soft_products() -> None:
    """Against central differences, on each parameter of both factors."""
    rng = np.random.default_rng(1)
    spans = [ov.Intervals([[0.0, 3.0]]), ov.Intervals([[1.0, 3.5]])]
    rings = [
        np.array([(0.0, 0.1), (2.0, 0.3), (1.1, 2.2)]),
        np.array([(0.5, 0.2), (2.4, 1.0), (0.7, 1.9)]),
    ]
    cells = [rng.uniform(0.2, 0.8, (1, 2, 3)) for _ in "ab"]
    sets = [np.array([[0.0, 1.0], [2.0, 3.1]]), np.array([[0.4, 2.5]])]
    cases = [
        (rings, lambda ring: ov.Polygons([ring]), (ov.iou, ov.giou, ov.diou)),
        (cells, lambda values: ov.Masks(values, soft="product"), (ov.iou, ov.dice)),
        (sets, lambda rows: ov.IntervalSets([rows]), (ov.iou, ov.giou)),
    ]
    for (mine, its), make, scores in cases:
        truth = ov.Product(make(its), spans[1], scale=2.0)
        for score in scores:

            def value(table, span, score=score, truth=truth, make=make) -> float:
                return float(score(ov.Product(make(table), span, scale=2.0), truth)[0])

            found = ov.Product(make(mine), spans[0], scale=2.0)
            grad = score.value_and_grad(found, truth)[1]
            if found.ragged:
                grad = np.concatenate([grad[0].ravel(), grad[1].ravel()])
            wanted = []
            for k in range(mine.size):
                ends = []
                for step in (1e-6, -1e-6):
                    moved = mine.copy()
                    moved.flat[k] += step
                    ends.append(value(moved, spans[0]))
                wanted.append((ends[0] - ends[1]) / 2e-6)
            for k in range(2):
                move = np.eye(2)[k] * 1e-6
                ends = [value(mine, ov.Intervals(spans[0].to_array() + s * move)) for s in (1, -1)]
                wanted.append((ends[0] - ends[1]) / 2e-6)
            np.testing.assert_allclose(grad.ravel(), wanted, atol=1e-7)


@pytest.mark.kernels
@pytest.mark.skipif(not numba.config.DISABLE_JIT, reason="hundreds of kernels; run interpreted")
def test_any_two_kinds_have_a_product() -> None:
    rng = np.random.default_rng(2)
    batches = [(kind.make(rng, 3), kind.make(rng, 3)) for kind in KINDS]
    for (a, b), (c, d) in itertools.product(batches, batches):
        name = f"{type(a).__name__} x {type(c).__name__}"
        found, truth = ov.Product(a, c), ov.Product(b, d)
        one, other = ov.terms(a, b), ov.terms(c, d)
        shared = one.intersection * other.intersection
        union = one.measure_a * other.measure_a + one.measure_b * other.measure_b - shared
        np.testing.assert_allclose(ov.iou(found, truth), shared / union, err_msg=name)
        np.testing.assert_allclose(ov.iou.pairwise(found, truth).diagonal(), shared / union)
        if one.hull is not None and other.hull is not None:
            got = ov.terms(found, truth)
            np.testing.assert_allclose(got.hull, one.hull * other.hull, err_msg=name)
        try:
            ov.iou.value_and_grad(found, truth)
        except TypeError as error:
            assert "give no gradient of this score" in str(error)  # noqa: PT017


def test_losses_refuse_ragged_products_in_words() -> None:
    tubes = ov.Product(_squares(np.array([[0.0, 0.0, 1.0, 1.0]])), ov.Intervals([[0.0, 1.0]]))
    with pytest.raises(TypeError, match="losses take no Product with a factor that has no row"):
        ov.losses.overlap_loss(ov.iou, tubes, tubes)
    with pytest.raises(TypeError, match="Polygons have no row of parameters for each region"):
        tubes.to_array()


def test_rows_of_masks_in_products() -> None:
    frames = ov.Product(ov.Masks(np.eye(3)[None] * 0.5, soft="minmax"), ov.Intervals([[0.0, 2.0]]))
    assert frames.to_array().shape == (1, 11)
