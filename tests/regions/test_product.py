from __future__ import annotations

import numpy as np
import pytest

import overlap as ov

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
