"""Surface distances against plain definitions, closed forms and laws."""

from __future__ import annotations

import math

import numba
import numpy as np
import pytest

import overlap as ov

from . import plain

pytestmark = pytest.mark.kernels
INF, NAN = math.inf, math.nan


def random_pair(rng):
    """Two small masks of 2 or 3 axes with the sides of a voxel: some touch the edges, some are
    one voxel, some are noise."""
    axes = int(rng.integers(2, 4))
    shape = tuple(rng.integers(1, 9, axes))
    masks = []
    for _ in range(2):
        mask = np.zeros(shape, bool)
        kind = rng.integers(3)
        if kind == 0:
            mask[tuple(rng.integers(0, n) for n in shape)] = True
        elif kind == 1:
            mask |= rng.random(shape) < rng.random()
        else:
            low = [int(rng.integers(0, n)) for n in shape]
            mask[tuple(slice(k, k + int(rng.integers(1, 6))) for k in low)] = True
        mask[tuple(rng.integers(0, n) for n in shape)] = True
        masks.append(mask)
    return *masks, tuple(rng.choice([0.5, 1.0, 1.3, 3.3], axes).tolist())


def points_of(mask, border, spacing):
    if border == "surfel":
        return plain.surfels(mask, spacing)
    points = (plain.border_voxels if border == "voxel" else plain.all_voxels)(mask)
    return points, np.ones(len(points))


@pytest.mark.parametrize("border", ["voxel", "surfel", "region"])
@pytest.mark.parametrize("seed", range(3))
def test_random_masks_by_definition(border, seed):
    rng = np.random.default_rng([seed, len(border)])
    for _ in range(10 if numba.config.DISABLE_JIT else 100):
        a, b, spacing = random_pair(rng)
        one = ov.surface_distances(a, b, spacing=spacing, border=border)[1]
        (p, v), (q, w) = (points_of(mask, border, spacing) for mask in (a, b))
        there, back = plain.distances(p, q, spacing), plain.distances(q, p, spacing)
        assert one.hd() == pytest.approx(max(there.max(), back.max()), rel=1e-12)
        means = np.average(there, weights=v), np.average(back, weights=w)
        assert one.masd == pytest.approx(np.mean(means), rel=1e-6)
        assert one.one_sided("found") == pytest.approx(means[0], rel=1e-6)
        assert one.one_sided("truth", 100) == pytest.approx(back.max(), rel=1e-12)
        pooled = np.average(np.append(there, back), weights=np.append(v, w))
        assert one.assd == pytest.approx(pooled, rel=1e-6)
        for tolerance in (0.0, 0.7, 1.3, 2.9):
            within = v[there <= tolerance].sum() + w[back <= tolerance].sum()
            assert one.nsd(tolerance) == pytest.approx(within / (v.sum() + w.sum()), rel=1e-6)
        places = {tuple(place) for place in np.round(one.found.points / spacing, 6).tolist()}
        shift = 0.0 if border == "surfel" else 0.5
        assert places == {tuple(place) for place in (p + shift).tolist()}
        if border == "surfel":
            # off the jumps, where rounding decides
            for share in (0.3331, 0.9512):
                sides = ((there, v), (back, w))
                expected = max(plain.weighted_quantile(*side, share) for side in sides)
                value = ov.surface_distances(a, b, spacing=spacing, preset="surface-distance")[1]
                assert value.hd(100 * share) == pytest.approx(expected, rel=1e-12)
        else:
            expected = max(np.percentile(there, 95), np.percentile(back, 95))
            assert one.hd95 == pytest.approx(expected, rel=1e-12)
            rules = ov.Convention(border, "pooled", mean="directions", nsd="directions")
            other = ov.surface_distances(a, b, spacing=spacing, preset=rules)[1]
            pooled = np.percentile(np.append(there, back), 95)
            assert other.hd95 == pytest.approx(pooled, rel=1e-12)
            assert other.assd == one.masd
            shares = (there <= 1.3).mean(), (back <= 1.3).mean()
            assert other.nsd(1.3) == pytest.approx(np.mean(shares), rel=1e-12)


def test_memory_order_types_and_exchange_change_nothing():
    rng = np.random.default_rng(3)
    for _ in range(20):
        a, b, spacing = random_pair(rng)
        one = ov.surface_distances(a, b, spacing=spacing)[1]
        others = (np.asfortranarray(a), b.astype(np.int16)), (a.astype(float), np.asfortranarray(b))
        for other in (ov.surface_distances(*pair, spacing=spacing)[1] for pair in others):
            assert other.hd95 == pytest.approx(one.hd95, rel=1e-14)
            assert other.assd == pytest.approx(one.assd, rel=1e-14)
            places = (sorted(side.found.points.tolist()) for side in (other, one))
            assert np.allclose(*places)
        back = ov.surface_distances(b, a, spacing=spacing)[1]
        assert (back.hd(), back.hd95, back.assd, back.masd, back.nsd(1.0)) == (
            one.hd(), one.hd95, one.assd, one.masd, one.nsd(1.0),
        )  # fmt: skip


def test_worst_point_is_on_the_surface_and_has_the_distance():
    rng = np.random.default_rng(4)
    for _ in range(50):
        a, b, spacing = random_pair(rng)
        worst = ov.surface_distances(a, b, spacing=spacing).worst()
        sides = {"found": (a, b), "truth": (b, a)}
        own, other = (plain.border_voxels(mask) for mask in sides[worst.side])
        place = np.array(worst.point) / spacing - 0.5
        assert (np.abs(own - place) < 1e-9).all(axis=1).any()
        assert plain.distances(place[None], other, spacing)[0] == pytest.approx(worst.distance)


def test_more_axes_than_three():
    rng = np.random.default_rng(5)
    for shape in ((6, 5, 4, 3), (3, 3, 3, 3, 3)):
        a, b = rng.random((2, *shape)) < 0.3
        one = ov.surface_distances(a, b, spacing=range(1, len(shape) + 1))[1]
        points = [plain.border_voxels(mask) for mask in (a, b)]
        expected = plain.distances(*points, range(1, len(shape) + 1))
        assert one.one_sided("found") == pytest.approx(expected.mean(), rel=1e-12)
        with pytest.raises(ValueError, match="surfels are known for 2 and 3 axes"):
            ov.surface_distances(a, b, border="surfel", spacing=(1.0,) * len(shape))


def test_one_axis_is_intervals():
    truth, found = np.zeros((2, 50), bool)
    truth[10:20], found[13:30] = True, True
    one = ov.surface_distances(found, truth, spacing=[0.5])[1]
    assert sorted(one.found.distances.tolist()) == [1.5, 5.0]
    assert sorted(one.truth.distances.tolist()) == [1.5, 3.0]


def test_golden_surfels_of_two_pixels():
    # two pixels 2 apart, spacing (2, 1): the published case of surface-distance
    a, b = np.zeros((2, 1, 8), bool)
    a[0, 2], b[0, 4] = True, True
    one = ov.surface_distances(a, b, spacing=(2.0, 1.0), preset="surface-distance")[1]
    assert one.found.weights == pytest.approx([0.5 * math.sqrt(5.0)] * 4)
    assert sorted(one.found.distances.tolist()) == [1.0, 1.0, 2.0, 2.0]
    assert one.nsd(1.0) == 0.5


def test_golden_half_cubes():
    # two half cubes moved by a voxel, spacing (2, 1, 1): the published case of surface-distance
    a, b = np.zeros((2, 100, 100, 100), bool)
    a[:50], b[:51] = True, True
    one = ov.surface_distances(a, b, spacing=(2.0, 1.0, 1.0), preset="surface-distance")[1]
    sides = one.one_sided("truth"), one.one_sided("found")
    assert sides == pytest.approx([0.339, 0.322], abs=5e-4)
    assert one.hd95 == 2.0
    shares = sorted(side.within(1.0) / side.size for side in (one.truth, one.found))
    assert shares == pytest.approx([0.830, 0.842], abs=5e-4)
    assert one.nsd(1.0) == pytest.approx(0.836, abs=5e-4)


def test_labels_and_unions_are_measured_as_masks_are():
    rng = np.random.default_rng(6)
    truth = rng.integers(0, 4, (9, 8, 7))
    found = np.where(rng.random(truth.shape) < 0.2, rng.integers(0, 4, truth.shape), truth)
    spacing = (1.0, 0.5, 2.0)
    several = ov.surface_distances(found, truth, spacing=spacing)
    assert list(several) == [1, 2, 3]
    for label in several:
        alone = ov.surface_distances(found == label, truth == label, spacing=spacing)[1]
        assert several[label].hd95 == alone.hd95
        assert several.assd[label] == alone.assd
    union = ov.surface_distances(found, truth, spacing=spacing, labels={"both": (1, 3), "no": (9,)})
    masks = (np.isin(side, (1, 3)) for side in (found, truth))
    assert union["both"].nsd(0.5) == ov.surface_distances(*masks, spacing=spacing)[1].nsd(0.5)
    assert math.isnan(union.hd()["no"])
    counts = ov.contingency(found, truth, spacing=spacing)
    again = ov.surface_distances(found, truth, counts=counts)
    assert again.table([1.0]).equals(several.table([1.0]))
    assert list(again.table([1.0])) == ["hd", "hd95", "assd", "masd", "nsd@1"]
    assert several.worst().distance == several.hd().max()


@pytest.mark.parametrize("border", ["voxel", "surfel", "region"])
def test_empty_sets(border):
    full, none = np.ones((3, 3), bool), np.zeros((3, 3), bool)
    for found, truth, distance, share in ((none, full, INF, 0.0), (full, none, INF, 0.0),
                                          (none, none, NAN, NAN)):  # fmt: skip
        result = ov.surface_distances(found, truth, labels=[1], border=border)
        one = result[1]
        values = one.hd(), one.hd95, one.assd, one.masd
        assert values == pytest.approx([distance] * 4, nan_ok=True)
        # points that do not exist have no mean; those that do are infinitely far from nothing
        for side, points in (("found", found), ("truth", truth)):
            wanted = INF if points.any() else NAN
            directed = one.one_sided(side), one.one_sided(side, 95), one.one_sided(side, 100)
            assert directed == pytest.approx([wanted] * 3, nan_ok=True)
        assert one.nsd(1.0) == pytest.approx(share, nan_ok=True)
        assert one.worst() is None
        assert result.worst() is None
    assert len(ov.surface_distances(none, none)) == 0
    nothing = np.zeros((0, 5), bool)
    assert math.isnan(ov.surface_distances(nothing, nothing, labels=[1], border=border)[1].hd())


def test_bounded_search_gives_the_same_shares():
    rng = np.random.default_rng(7)
    for _ in range(30):
        a, b, spacing = random_pair(rng)
        exact = ov.surface_distances(a, b, spacing=spacing)[1]
        for limit in (0.0, 0.5, 1.3, 3.3):
            bounded = ov.surface_distances(a, b, spacing=spacing, at_most=limit)[1]
            assert bounded.nsd(limit) == exact.nsd(limit)


def test_errors():
    a = np.ones((3, 3), bool)
    with pytest.raises(ValueError, match="found has shape"):
        ov.surface_distances(a, a[:2])
    with pytest.raises(ValueError, match="spacing = "):
        ov.surface_distances(a, a, spacing=(1.0, -1.0))
    batch = np.ones((2, 2, 3, 3), bool)
    with pytest.raises(
        ValueError, match="call once for each case of a batch, or give spacing= with 4"
    ):
        ov.surface_distances(batch, batch)
    assert ov.surface_distances(batch, batch, spacing=(1.0,) * 4)[1].hd() == 0.0
    with pytest.raises(ValueError, match="there is no 'meddy'; there are metrics-reloaded"):
        ov.surface_distances(a, a, preset="meddy")
    with pytest.raises(TypeError, match="wanted a name or a Convention"):
        ov.surface_distances(a, a, preset=3)
    with pytest.raises(ValueError, match="mean = 'median'; wanted one of pooled, directions"):
        ov.Convention(mean="median")
    with pytest.raises(ValueError, match="border = 'edge'"):
        ov.surface_distances(a, a, border="edge")
    with pytest.raises(ValueError, match="at_most = -1"):
        ov.surface_distances(a, a, at_most=-1)
    with pytest.raises(ValueError, match="not a whole number"):
        ov.surface_distances(a * 0.5, a)
    counts = ov.contingency(a, a)
    with pytest.raises(ValueError, match="leave spacing out"):
        ov.surface_distances(a, a, counts=counts, spacing=(1.0, 2.0))
    with pytest.raises(ValueError, match="counts are of volumes with 2 axes"):
        ov.surface_distances(a[0], a[0], counts=counts)
    one = ov.surface_distances(a, a)[1]
    with pytest.raises(ValueError, match="percentile = 101"):
        one.hd(101)
    for call in (one.hd, lambda share: one.one_sided("found", share)):
        with pytest.raises(ValueError, match=r"percentile = 0.95; .* such as 95 \(and not 0.95\)"):
            call(0.95)
    assert one.hd(0) == one.hd(1) == one.hd(99.5) == 0.0
    with pytest.raises(ValueError, match="tolerance = nan"):
        one.nsd(NAN)
    with pytest.raises(ValueError, match="side = 'left'"):
        one.one_sided("left")
    with pytest.raises(KeyError, match="label 2 was not measured; there are 1"):
        ov.surface_distances(a, a)[2]


@pytest.mark.parametrize("seed", range(5))
def test_quantiles_of_many_distances_by_weight(seed):
    from overlap.labels.surfaces.surface import quantile

    rng = np.random.default_rng(seed)
    grid = np.sqrt(rng.integers(0, 40, (6000, 2)) @ np.array([1.0, 2.5]))
    values = (grid, rng.exponential(1.0, 6000) ** 4, np.ones(6000), np.zeros(6000))[seed % 4]
    weights = rng.uniform(0.2, 3.0, 6000)
    for share in (0.0, 1e-4, 0.3331, 0.5, 0.9512, 1.0 - 1e-6):
        expected = plain.weighted_quantile(values, weights, share)
        assert quantile(values, weights, share, "weighted") == expected
    assert quantile(values, weights, 1.0, "weighted") == values.max()
    # equal weights: shares that are reached exactly are sorted as a whole
    assert quantile(values, np.full(6000, 0.5), 0.25, "weighted") == np.sort(values)[1499]


def test_the_worst_of_several_labels_with_one_distance_is_the_first():
    truth = np.zeros((4, 30), int)
    truth[1:3, 3:6], truth[1:3, 13:16] = 1, 2
    found = np.roll(truth, 2, axis=1)
    result = ov.surface_distances(found, truth, labels={"b": (2,), "a": (1,), "none": (7,)})
    assert result.worst().label == "b"
    assert result.worst().distance == 2.0
