"""Degenerate, touching, nested, identical, huge and tiny regions, and exact arithmetic."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest

import overlap as ov
from overlap._kernels.terms import Groups
from overlap.testing import all_scores

pytestmark = pytest.mark.kernels

COUNT = 1_000_000


# ------------------------------------------------------------------------ a million pairs


def _ends(
    rng: np.random.Generator, count: int, axes: int, extreme: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return ends of pairs, shape (2, axes, 2, count), and which pairs mix huge and tiny."""
    lower = rng.uniform(-1.0, 1.0, (2, axes, count))
    side = rng.uniform(0.01, 1.5, (2, axes, count))
    side[rng.random(side.shape) < 0.05] = 0.0
    # Scales: plain; both huge; both tiny; one of each; and side by side in one region.
    scale = np.ones((2, axes, count))
    how = rng.integers(0, 8, count)
    choices = np.array([extreme, 1.0 / extreme])
    scale[..., how == 1] = extreme
    scale[..., how == 2] = 1.0 / extreme
    scale[..., how == 3] = rng.choice(choices, (2, 1, (how == 3).sum()))
    scale[..., how == 4] = rng.choice(choices, (2, axes, (how == 4).sum()))
    ends = np.stack([lower * scale, (lower + side) * scale], axis=2)
    first, second = ends
    relation = rng.integers(0, 8, count)
    identical, touching, nested, edge, empty, both_empty = (relation == k for k in range(6))
    second[..., identical] = first[..., identical]
    length = second[0, 1] - second[0, 0]
    second[0, 0, touching] = first[0, 1, touching]
    second[0, 1, touching] = first[0, 1, touching] + length[touching]
    middle = 0.5 * first[:, 0] + 0.5 * first[:, 1]
    second[:, 0, nested] = 0.5 * first[:, 0, nested] + 0.5 * middle[:, nested]
    second[:, 1, nested] = middle[:, nested]
    second[-1, 0, edge] = np.minimum(first[-1, 0, edge], second[-1, 1, edge])
    second[:, 1, empty] = second[:, 0, empty]
    ends[..., 1, both_empty] = ends[..., 0, both_empty]
    return ends, (how == 3) | (how == 4)


def _boxes(ends: np.ndarray) -> ov.Boxes:
    return ov.Boxes(np.vstack([ends[:, 0], ends[:, 1]]).T)


def _intervals(ends: np.ndarray) -> ov.Intervals:
    return ov.Intervals(ends[0].T)


def _arcs(rng: np.random.Generator, count: int, period: float) -> tuple[ov.Intervals, ov.Intervals]:
    start = rng.uniform(-2.0, 2.0, (2, count))
    length = rng.random((2, count)) ** 2
    kind = rng.integers(0, 8, (2, count))
    length[kind == 0] = 0.0
    length[kind == 1] = 1.0
    length[kind == 2] = 1e-3
    relation = rng.integers(0, 6, count)
    identical, touching, opposite = (relation == k for k in range(3))
    start[1, identical], length[1, identical] = start[0, identical], length[0, identical]
    start[1, touching] = (start[0] + length[0])[touching]
    start[1, opposite] = start[0, opposite] + 0.5
    start[:, relation == 3] = np.round(start[:, relation == 3] * 4) / 4  # on a lattice: ties
    length[:, relation == 3] = np.round(length[:, relation == 3] * 4) / 4
    start *= period
    stop = start + length * period
    stop = np.where(stop - start > period, np.nextafter(stop, -np.inf), stop)
    return tuple(ov.Intervals(np.stack([start[k], stop[k]], 1), period=period) for k in (0, 1))


FEW = (ov.iou, ov.coverage, ov.giou, ov.eiou)
under_scores = pytest.mark.parametrize(
    "scores",
    [pytest.param(FEW, id="few"), pytest.param(all_scores(), id="all", marks=pytest.mark.slow)],
)


def _check(
    found: ov.Regions,
    truth: ov.Regions,
    scores: tuple[ov.Score, ...],
    mixed: np.ndarray | None = None,
) -> None:
    undefined = (found.measure() == 0) & (truth.measure() == 0)
    assert undefined.any()
    assert not undefined.all()
    axes = max(found.geometry().axes, 1)
    for score in scores:
        try:
            value, (by_found, by_truth) = score.value_and_grad(found, truth, wrt="both")
        except TypeError:
            aspect = any(part.component.aspect for part in score.parts)
            assert aspect or Groups.DIVERGENCE in score.plan.needs
            continue
        paired = score(found, truth)
        np.testing.assert_array_equal(np.isnan(paired), undefined, err_msg=f"NaN of {score}")
        np.testing.assert_array_equal(paired, value, err_msg=f"paths of {score}")
        low, high = score.bounds(axes)
        defined = paired[~undefined]
        assert defined.min() >= low, score
        assert defined.max() <= high, score
        if score.symmetric:
            np.testing.assert_array_equal(score(truth, found), paired, err_msg=f"{score}")
        for gradient in (by_found, by_truth):
            # The derivative of a huge side beside a tiny area can be larger than any number.
            fine = np.isfinite(gradient)
            fine |= np.isinf(gradient) & (False if mixed is None else mixed[:, None])
            broken = np.flatnonzero(~fine.all(axis=1))
            assert not broken.size, f"{score}: {found[broken[0]]}, {truth[broken[0]]}"


@pytest.mark.parametrize(
    ("axes", "extreme"), [(0, 1e145), (1, 1e145), (2, 1e145), (3, 1e100)], ids=lambda v: f"{v:g}"
)
@under_scores
def test_a_million_pairs(axes: int, extreme: float, scores: tuple[ov.Score, ...]) -> None:
    """Axes 0 stands for intervals; a quarter of a million under few scores."""
    count = (COUNT if len(scores) > len(FEW) else COUNT // 4) if not _interpreted() else 300
    (first, second), mixed = _ends(np.random.default_rng(axes), count, max(axes, 1), extreme)
    build = _boxes if axes else _intervals
    _check(build(first), build(second), scores, mixed)


@pytest.mark.parametrize("period", [1.0, 360.0, 1e150, 1e-140])
@under_scores
def test_a_million_arcs(period: float, scores: tuple[ov.Score, ...]) -> None:
    count = COUNT // 4 if not _interpreted() else 300
    _check(*_arcs(np.random.default_rng(7), count, period), scores)


def _interpreted() -> bool:
    import numba

    return bool(numba.config.DISABLE_JIT)


# ----------------------------------------------------------------------- exact arithmetic


def _exact_scores(a, b, shared, hull, gap2, diameter2, sides) -> dict[str, Fraction | None]:
    """Score with fractions; `sides` holds (side_a, side_b, cover) of every axis."""

    def over(x, y):
        return x / y if y else Fraction(0)

    union = a + b - shared
    if a + b == 0:
        return {}
    iou, dice = over(shared, union), over(2 * shared, a + b)
    fill, center = over(hull - union, hull), over(gap2, diameter2)
    return {
        "iou": iou,
        "dice": dice,
        "tversky": over(shared, shared + Fraction(1, 4) * (a - shared) + 2 * (b - shared)),
        "f_score": over(5 * shared, a + 4 * b),
        "coverage": over(shared, a),
        "overlap_coefficient": over(shared, min(a, b)),
        "volumetric_similarity": 1 - over(abs(a - b), a + b),
        "giou": iou - fill,
        "diou": iou - center,
        "eiou": iou - center - sum(over(u - v, cover) ** 2 for u, v, cover in sides),
        "enclosed": iou - fill,
        "mixed": dice - center / 2,
    }


SCORES = {
    "iou": ov.iou,
    "dice": ov.dice,
    "tversky": ov.tversky(alpha=0.25, beta=2.0),
    "f_score": ov.f_score(beta=2.0),
    "coverage": ov.coverage,
    "overlap_coefficient": ov.overlap_coefficient,
    "volumetric_similarity": ov.volumetric_similarity,
    "giou": ov.giou,
    "diou": ov.diou,
    "eiou": ov.eiou,
    "enclosed": ov.iou - ov.enclosed_gap,
    "mixed": ov.dice - 0.5 * ov.center_gap,
}


def _compare(found: ov.Regions, truth: ov.Regions, exact: list[dict], names: set[str]) -> None:
    for name in names:
        value = SCORES[name](found, truth)
        wanted = np.array([float(case[name]) if case else math.nan for case in exact])
        np.testing.assert_allclose(value, wanted, rtol=0, atol=4e-15, err_msg=name)


def _exact_boxes(a: np.ndarray, b: np.ndarray) -> dict[str, Fraction | None]:
    axes = len(a) // 2
    size_a, size_b, shared, hull = (Fraction(1),) * 4
    gap2 = diameter2 = Fraction(0)
    sides = []
    for k in range(axes):
        a0, a1, b0, b1 = (Fraction(float(x[m])) for x in (a, b) for m in (k, axes + k))
        cover = max(a1, b1) - min(a0, b0)
        size_a *= a1 - a0
        size_b *= b1 - b0
        shared *= max(min(a1, b1) - max(a0, b0), 0)
        hull *= cover
        gap2 += ((a0 + a1 - b0 - b1) / 2) ** 2
        diameter2 += cover**2
        sides.append((a1 - a0, b1 - b0, cover))
    return _exact_scores(size_a, size_b, shared, hull, gap2, diameter2, sides)


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.slow  # to compile
def test_boxes_against_fractions(axes: int) -> None:
    rng = np.random.default_rng(axes)
    count = 800 if not _interpreted() else 100
    lattice = rng.integers(0, 5, (2, count, 2 * axes)).astype(float)
    general = np.round(rng.random((2, count, 2 * axes)) * 1024) / 256
    tables = np.concatenate([lattice, general], axis=1)
    found, truth = (ov.Boxes.sorted(table) for table in tables)
    pairs = zip(found.to_array(), truth.to_array(), strict=True)
    exact = [_exact_boxes(a, b) for a, b in pairs]
    _compare(found, truth, exact, set(SCORES))
    if axes == 1:
        line = (ov.Intervals(boxes.to_array()) for boxes in (found, truth))
        _compare(*line, exact, set(SCORES))


def _cells(start: int, length: int, period: int) -> set[int]:
    return {(start + k) % period for k in range(length)}


def _exact_arcs(start_a: int, a: int, start_b: int, b: int, period: int) -> dict:
    """Count the unit cells of a circle; the cover is the shortest arc that holds both."""
    cells_a, cells_b = _cells(start_a, a, period), _cells(start_b, b, period)
    # Empty arcs are points, which a cover must hold as well: work with boundary points.
    points = {
        (start + k) % period for start, n in ((start_a, a), (start_b, b)) for k in range(n + 1)
    }
    cover = min(
        length
        for begin in range(period)
        for length in range(period + 1)
        if (cells_a | cells_b) <= _cells(begin, length, period)
        and (points <= {(begin + k) % period for k in range(length + 1)} or length == period)
    )
    if period in (a, b):
        gap = Fraction(0)  # a full circle has its centre everywhere
    else:
        apart = abs(Fraction(2 * start_a + a - 2 * start_b - b, 2)) % period
        gap = min(apart, period - apart)
    gap = min(gap, Fraction(cover))
    shared = len(cells_a & cells_b)
    values = map(Fraction, (a, b, shared, cover, gap**2, cover**2))
    return _exact_scores(*values, [(Fraction(a), Fraction(b), Fraction(cover))])


def test_arcs_against_counting() -> None:
    period = 6
    lengths = range(period + 1)
    cases = list(itertools.product([0], lengths, range(period), lengths))
    table = np.array(cases, float)
    rng = np.random.default_rng(0)
    turns = period * rng.integers(-2, 3, (2, len(cases)))  # whole turns and a common shift
    shift = rng.integers(0, period, len(cases))
    starts = [table[:, 0] + shift + turns[0], table[:, 2] + shift + turns[1]]
    found, truth = (
        ov.Intervals(np.stack([start, start + length], 1), period=period)
        for start, length in zip(starts, (table[:, 1], table[:, 3]), strict=True)
    )
    exact = [_exact_arcs(*case, period) for case in cases]
    _compare(found, truth, exact, set(SCORES))


def test_planar_boxes_against_shapely() -> None:
    import shapely

    rng = np.random.default_rng(3)
    tables = np.round(rng.random((2, 10_000, 4)) * 64) / 8
    found, truth = (ov.Boxes.sorted(table) for table in tables)
    shapes = [shapely.box(*boxes.to_array().T) for boxes in (found, truth)]
    terms = ov.terms(found, truth)
    shared = shapely.area(shapely.intersection(*shapes))
    # Shapely has no rectangle without an area.
    solid = (found.measure() > 0) & (truth.measure() > 0)
    assert solid.mean() > 0.9
    np.testing.assert_allclose(terms.intersection[solid], shared[solid], rtol=1e-13, atol=1e-13)
    union = shapely.area(shapely.union(*shapes))
    np.testing.assert_allclose(terms.union[solid], union[solid], rtol=1e-13, atol=1e-13)
    both = shapely.union_all(np.stack(shapes), axis=0)
    hull = shapely.area(shapely.envelope(both))
    np.testing.assert_allclose(terms.hull[solid], hull[solid], rtol=1e-13, atol=1e-13)


@pytest.mark.filterwarnings("ignore:overflow encountered")  # of kernels that are interpreted
@pytest.mark.parametrize("size", [5e-324, 1e-310, 2.0**-1002])
@pytest.mark.parametrize("score", [ov.iou, ov.dice, ov.giou], ids=str)
def test_gradients_beyond_float64_are_refused(score, size: float) -> None:
    """Values there are exact; slopes of about 1 / length would be infinite, and their sums NaN."""
    short, long = ov.Intervals([[0.0, 2 * size]]), ov.Intervals([[size, 3 * size]])
    assert np.isfinite(score(short, long)).all()
    with pytest.raises(
        ValueError, match=r"found\[0\] is .* long, and its gradient is beyond float64"
    ):
        score.value_and_grad(short, long)
    thin = ov.Boxes([[0.0, 0.0, 2.0**-1010, 1e200]])
    with pytest.raises(ValueError, match=r"truth\[0\] is .* long, and its gradient"):
        score.value_and_grad(ov.Boxes([[0.0, 0.0, 1.0, 1.0]]), thin)


@pytest.mark.parametrize("size", [2.0**-999, 1e-300, 1e-200, 1e300])
def test_gradients_of_short_intervals_are_those_of_long_ones(size: float) -> None:
    ends = (
        np.array([[0.0, 2.0], [1.0, 2.0], [0.0, 3.0]]),
        np.array([[1.0, 3.0], [1.0, 2.0], [1.0, 2.0]]),
    )
    scale = 2.0 ** np.floor(np.log2(size))
    value, grad = ov.iou.value_and_grad(*map(ov.Intervals, ends))
    small, steep = ov.iou.value_and_grad(*(ov.Intervals(side * scale) for side in ends))
    assert small.tolist() == value.tolist()
    assert (steep * scale).tolist() == grad.tolist()
