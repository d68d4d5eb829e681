"""Work that a few numbers ask for is bounded before it begins."""

from __future__ import annotations

import numpy as np
import pytest

import overlap as ov
from overlap._common import limits as _bounds
from overlap.evaluate.bootstrap import check_drawn, checked_draws, draw_weights, mean_interval
from overlap.evaluate.number_lists import read_numbers
from overlap.torus import PeriodicGrid

FLAT = (360.0, 360.0)


# ------------------------------------------------------------------------------ circles


@pytest.mark.parametrize("axis", [0, 1])
def test_a_vertex_far_away_on_a_torus_is_no_endless_loop(axis: int) -> None:
    ring = np.array([(0.1, 0.1), (0.4, 0.1), (0.2, 0.4)])
    ring[1, axis] = 1e9
    with pytest.raises(ValueError, match=r"across 1e\+09 periods of 1 in [xy], at most 100"):
        ov.Polygons([ring], period=(1.0, 1.0))
    assert len(ov.Polygons([ring])) == 1  # a plane has no turns


def test_bands_of_many_turns_have_their_area() -> None:
    """A thin strip that goes around a hundred times, each time a little higher."""
    rise = 90.0 / 99.0
    strip = [(0.0, 0.0), (99.0, 90.0), (99.0, 90.0 + 0.5 * rise), (0.0, 0.5 * rise)]
    one = ov.Polygons([strip], period=(1.0, None))
    assert one.measure() == pytest.approx([99.0 * 0.5 * rise], rel=1e-12)
    assert ov.iou(one, one).tolist() == [1.0]
    # half of every turn is strip, but at the bottom the corner of a turn before the first is not
    column = ov.Polygons.from_rectangles([[0.0, 0.0, 1.0, 45.0]], period=(1.0, None))
    wanted = 0.5 - rise / 8.0 / 45.0
    assert ov.coverage(column, one) == pytest.approx([wanted], rel=1e-12)


@pytest.mark.parametrize("turns", [1 << 33, 10**15])
def test_places_that_float64_does_not_know_on_a_circle_are_refused(turns: int) -> None:
    with pytest.raises(ValueError, match=r"periods away from 0, at most 4\.29e\+09 are possible"):
        ov.Intervals([[360.0 * turns, 360.0 * turns + 90.0]], period=360.0)
    with pytest.raises(ValueError, match=r"vertex 1 = .* periods away from 0, at most 4\.29e\+09"):
        ov.Polygons([[(0.0, 0.0), (360.0 * turns, 0.0), (0.0, 9.0)]], period=FLAT)
    with pytest.raises(ValueError, match="periods away from 0"):
        PeriodicGrid.from_angles([360.0 * turns], [0.0], step=90.0, kappa=0.1)


def test_seconds_since_1970_are_places_on_a_minute() -> None:
    now = 60.0 * 28_000_000
    late = ov.Intervals([[now + 50.0, now + 70.0]], period=60.0)
    assert ov.iou(late, ov.Intervals([[-10.0, 10.0]], period=60.0)).tolist() == [1.0]


def test_densities_of_angles_do_not_depend_on_whole_turns() -> None:
    phi, psi = np.array([10.0, -170.0, 33.5]), np.array([5.0, 120.0, -77.25])
    near = PeriodicGrid.from_angles(phi, psi, step=10.0, kappa=5.0)
    for turns in (1, 3, 1 << 20):
        far = PeriodicGrid.from_angles(phi + 360.0 * turns, psi, step=10.0, kappa=5.0)
        np.testing.assert_allclose(far.values, near.values, rtol=1e-13)


# ----------------------------------------------------------------------------- densities


@pytest.mark.parametrize("far", [1e3, 1e6, 1e9])
def test_regions_far_larger_than_their_density(far: float) -> None:
    """16 cells of mass 1 and side 0.25; the region has the half below the diagonal."""
    density = ov.CellDensity(np.ones((4, 4)), origin=(0.0, 0.0), period=None, spacing=(0.25, 0.25))
    whole = ov.Polygons([[(-far, -far), (far, -far), (far, far), (-far, far)]], density=density)
    half = ov.Polygons([[(-far, -far), (far, -far), (far, far)]], density=density)
    assert whole.measure().tolist() == [16.0]
    assert half.measure() == pytest.approx([8.0], rel=1e-12)
    assert ov.iou(whole, half) == pytest.approx([0.5], rel=1e-12)
    with pytest.raises(ValueError, match=r"vertex 0 = .* is 4e\+12 cells away from the density"):
        ov.Polygons([[(-1e12, 0.0), (1.0, 0.0), (1.0, 1.0)]], density=density)
    cells = ov.Polygons.from_rectangles([[0.0, 0.0, 1.0, 0.5]], density=density)
    value, slope = ov.iou.value_and_grad(cells, half)
    # 8 in cells, of which the triangle (0, 0), (0, 0.5), (0.5, 0.5) is not below: 2
    assert value == pytest.approx([6.0 / 10.0], rel=1e-12)
    assert np.isfinite(slope).all()


@pytest.mark.parametrize("axis", [0, 1])
def test_edges_far_beside_a_density_have_no_mass(axis: int) -> None:
    density = ov.CellDensity(np.ones((2, 2)), origin=(0.0, 0.0), period=None, spacing=(1.0, 1.0))
    box = np.array([0.0, 0.0, 1.0, 1.0])
    box[[axis, axis + 2]] += 1e9
    beside = ov.Polygons.from_rectangles([box], density=density)
    assert beside.measure().tolist() == [0.0]


# ----------------------------------------------------------------------------- bootstrap


def test_draws_are_bounded_before_any_is_made() -> None:
    assert checked_draws(1_000_000, 0.95) == 1_000_000
    with pytest.raises(ValueError, match=r"bootstrap = 100000000000; at most 1,000,000 draws"):
        checked_draws(10**11, 0.95)
    with pytest.raises(ValueError, match=r"resamples = .*at most 1,000,000"):
        mean_interval([0.1, 0.2, 0.3], resamples=10**11)
    check_drawn(268, 1_000_000)
    check_drawn(0, 1_000_000)
    with pytest.raises(
        ValueError, match=r"draws of 269 items are 269,000,000 weights, .* at most 997,901 draws"
    ):
        draw_weights(269, 1_000_000, 0)
    check_drawn(269, 997_901)


def test_cases_times_draws_are_looked_at_before_cases_are_measured() -> None:
    one = np.zeros((2, 2), np.uint8)
    many = dict.fromkeys(map(str, range(300)), one)
    with pytest.raises(ValueError, match="at most 894,784 draws"):
        ov.evaluate.segmentation(truth=many, found=many, metrics=["dice"], bootstrap=1_000_000)


# -------------------------------------------------------------------- grids, lists, masks


@pytest.mark.parametrize(
    ("step", "said"),
    [(0.001, "360,000 x 360,000 nodes, at most 16,777,216"), (1e-300, "nodes on a period of 360")],
)
def test_steps_of_grids(step: float, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        PeriodicGrid.from_angles([0.0], [0.0], step=step)


def test_a_header_that_promises_many_nodes(tmp_path) -> None:
    path = tmp_path / "rama8000-cispro.data"
    path.write_text("# x1: -180 180 200000 true\n# x2: -180 180 200000 true\n-179.9991 0.0009 1\n")
    with pytest.raises(ValueError, match=r"cispro\.data: is a grid of 200,000 x 200,000 nodes"):
        ov.io.read_rama_grids(path)


def test_lists_of_thresholds() -> None:
    assert len(read_numbers("0:1:1e-4", "thresholds")) == 10_001
    with pytest.raises(ValueError, match="more than 10,000 numbers"):
        read_numbers("0:1:1e-9", "thresholds")
    boxes = ov.Intervals([[0.0, 1.0]])
    with pytest.raises(ValueError, match=r"thresholds: 10,001 numbers, at most 10,000"):
        ov.threshold_dial(boxes, boxes, thresholds=np.linspace(0.0, 1.0, 10_001))


def test_masks_that_a_few_numbers_promise() -> None:
    grid = ov.Grid((100_000, 100_000), (1.0, 1.0), (0.0, 0.0))
    boxes = ov.Boxes([[0.0, 0.0, 10.0, 10.0]])
    with pytest.raises(ValueError, match=r"1 regions on 100000 x 100000 cells need 9\.31 GiB"):
        ov.Masks.from_regions(boxes, grid)
    small = ov.Grid((10, 10), (1.0, 1.0), (0.0, 0.0))
    with pytest.raises(ValueError, match=r"need 90\.9 TiB, at most 8 GiB"):
        ov.Masks.from_regions(boxes, small, supersample=1_000_000)
    rle = {"size": [1_000_000, 1_000_000], "counts": [0, 10**12]}
    with pytest.raises(ValueError, match=r"1 masks .* need 116 GiB, at most 8 GiB"):
        ov.Masks.from_rle([rle])
    slide = {"size": [1_000_000, 1_000_000], "counts": [10**6, 5, 10**12 - 10**6 - 5]}
    assert ov.Masks.from_rle([slide]).measure().tolist() == [5.0]  # only what is inside is held


def test_pairwise_results_larger_than_memory(monkeypatch) -> None:
    def full(shape, dtype):
        raise MemoryError

    monkeypatch.setattr(_bounds.np, "empty", full)
    with pytest.raises(MemoryError, match=r"1,000,000 x 1,000,000 numbers needs 7\.28 TiB"):
        _bounds.allocated((10**6, 10**6), "pairwise", "use pairs(...)")
    monkeypatch.undo()
    with pytest.raises(MemoryError, match="EiB"):
        _bounds.allocated((10**10, 10**10), "pairwise", "use pairs(...)")


# ------------------------------------------------------------------------------ processes


def test_no_more_processes_than_items(monkeypatch) -> None:
    import joblib

    from overlap.evaluate import Study

    asked = []

    class Parallel:
        def __init__(self, n_jobs, **_):
            asked.append(n_jobs)

        def __call__(self, calls):
            return (function(*args) for function, args, _ in calls)

    monkeypatch.setattr(joblib, "Parallel", Parallel)
    monkeypatch.setattr(joblib, "effective_n_jobs", lambda n: 16)
    items = {k: {"obj": (k,)} for k in range(2)}
    study = Study(measure=_length, finalise=sum)
    for workers in (40, 3, 2, -1):
        assert study.add_all(items, workers=workers).report() == 2
    many = {k: {"obj": (k,)} for k in range(100)}
    assert study.add_all(many, workers=40).report() == 100
    assert asked == [2, 2, 2, 2, 16]


def _length(obj):
    return len(obj)


def test_gaps_longer_than_any_video() -> None:
    pd = pytest.importorskip("pandas")
    frames = [0, 1, 7]
    players = pd.DataFrame({"frame": frames, "track": 7, "x0": 0, "y0": 0, "x1": 2, "y1": 4})
    ball = pd.DataFrame({"frame": frames, "x0": 1.0, "y0": 0, "x1": 2.0, "y1": 1})
    for fps, longest, wanted in (
        (10.0, 0.1, 2),
        (10.0, 1.0, 1),
        (10.0, 1e300, 1),
        (1e20, 1e300, 1),
    ):
        report = ov.evaluate.possession(players=players, ball=ball, fps=fps, max_gap=longest)
        assert len(report.evidence.found.to_array()) == wanted
