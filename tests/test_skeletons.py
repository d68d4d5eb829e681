"""Skeletons and centreline Dice."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import ndimage
from skimage.measure import euler_number
from skimage.morphology import skeletonize

import overlap as ov
from overlap.labels.skeletons import _thinned

SIDES = [(0, -1, 0), (0, 0, 1), (1, 0, 0), (0, 1, 0), (0, 0, -1), (-1, 0, 0)]


def skeleton_of(mask):
    """The skeleton that `cldice` takes, seen through its own results alone.

    The precision of a mask against one of its cells is 1 / its skeleton's size where this cell
    is in the skeleton and 0 where it is not.
    """
    line = np.zeros(mask.shape, bool)
    for cell in zip(*np.nonzero(mask), strict=True):
        one = np.zeros(mask.shape, bool)
        one[cell] = True
        line[cell] = ov.cldice(mask, one).precision > 0.0
    return line


def is_simple(cube):
    """Tell whether the middle of 3 x 3 x 3 cells can be removed without changing the topology."""
    solid = cube.copy()
    solid[1, 1, 1] = False
    if ndimage.label(solid, np.ones((3, 3, 3)))[1] != 1:
        return False
    empty = ~cube
    empty[np.ix_((0, 2), (0, 2), (0, 2))] = False
    parts, _ = ndimage.label(empty)
    at_faces = [parts[tuple(np.add(side, 1))] for side in SIDES if empty[tuple(np.add(side, 1))]]
    return len(set(at_faces)) == 1


def thinned(mask):
    """Lee's order of removal, with plain tests of what may be removed."""
    flat = mask.ndim == 2
    cells = np.pad(mask[None] if flat else mask, 1)

    def removable(at):
        cube = cells[tuple(slice(k - 1, k + 2) for k in at)]
        return cube.sum() > 2 and is_simple(cube)

    changed = True
    while changed:
        changed = False
        for side in SIDES:
            if flat and side[0]:
                continue
            border = cells & ~np.roll(cells, np.negative(side), (0, 1, 2))
            for at in [at for at in np.argwhere(border) if removable(at)]:
                if removable(at):
                    cells[tuple(at)] = False
                    changed = True
    cells = cells[1:-1, 1:-1, 1:-1]
    return cells[0] if flat else cells


def blob(rng, shape, width, share):
    field = ndimage.gaussian_filter(rng.normal(size=shape), width)
    return field > np.quantile(field, 1.0 - share)


@pytest.mark.parametrize("axes", [2, 3])
def test_skeleton_by_plain_thinning(axes):
    rng = np.random.default_rng(axes)
    for width, share in itertools.product((0.4, 1.0, 1.6), (0.15, 0.4, 0.7)):
        mask = blob(rng, (7,) * 3 if axes == 3 else (14, 14), width, share)
        np.testing.assert_array_equal(skeleton_of(mask), thinned(mask))


def own_skeleton(mask):
    return _thinned(mask)


@pytest.mark.parametrize("axes", [2, 3])
def test_skeleton_keeps_components_holes_and_cavities(axes):
    rng = np.random.default_rng(axes)
    everywhere = np.ones((3,) * axes)
    for _ in range(60):
        mask = blob(rng, rng.integers(3, 24, axes), rng.uniform(0.3, 2.0), rng.uniform(0.1, 0.9))
        line = own_skeleton(mask)
        assert not (line & ~mask).any()
        parts, count = ndimage.label(mask, everywhere)
        assert ndimage.label(line, everywhere)[1] == count
        assert set(parts[line]) == set(range(1, count + 1))
        outside = [ndimage.label(np.pad(~m, 1, constant_values=True))[1] for m in (mask, line)]
        assert outside[0] == outside[1]
        assert euler_number(mask, axes) == euler_number(line, axes)


def tube(shape, start, stop):
    mask = np.zeros(shape, bool)
    middle = tuple(slice(n // 2 - 1, n // 2 + 2) for n in shape[:-1])
    mask[(*middle, slice(start, stop))] = True
    return mask


def along(shape, start, stop, radius, order=2):
    """The cells no farther than `radius` from a segment, and their places on it from 0 to 1."""
    cells = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), -1)
    start, stop = np.asarray(start, float), np.asarray(stop, float)
    way = stop - start
    place = (cells - start) @ way / (way @ way)
    off = cells - (start + np.clip(place, 0.0, 1.0)[..., None] * way)
    return np.linalg.norm(off, order, axis=-1) <= radius, place


@pytest.mark.parametrize("first", range(1, 13))
def test_every_cross_section_has_a_centreline(first):
    for second in (None, *range(1, 13)):
        shape = (16, 44) if second is None else (16, 16, 44)
        mask = np.zeros(shape, bool)
        if second is None:
            mask[2 : 2 + first, 2:42] = True
        else:
            mask[2 : 2 + first, 2 : 2 + second, 2:42] = True
        line = own_skeleton(mask)
        per_slice = line.reshape(-1, 44).sum(0)
        thick = max(first, second or 0)
        assert (per_slice[2 + thick : 42 - thick] == 1).all(), (first, second)  # a line, no gaps
        assert line.sum() <= 40 + thick
        # A tube beside it that is missing: what is left counts by the cells of the lines.
        other = np.concatenate([mask, mask], axis=0)
        part = np.concatenate([mask, np.zeros_like(mask)], axis=0)
        result = ov.cldice(part, other)
        assert (result.precision, result.sensitivity) == (1.0, 0.5)
        assert result.value == pytest.approx(2 / 3)


@pytest.mark.parametrize("twice", range(1, 25))
def test_oblique_tubes_have_a_centreline(twice):
    radius = twice / 4.0
    ends = {
        (48, 56): [((10, 10), (36, 44)), ((10, 10.5), (36, 36.5)), ((38, 10), (10, 40.5))],
        (34, 34, 40): [((8, 8, 8), (24, 20, 30)), ((8.5, 8, 8.5), (8.5, 24.5, 30)),
                       ((8, 8.5, 8), (24, 24.5, 24.5)), ((17.5, 17.5, 8.5), (17.5, 17, 31))],
    }  # fmt: skip
    for shape, segments in ends.items():
        for (start, stop), order in itertools.product(segments, (2, np.inf)):
            mask, place = along(shape, start, stop, radius + 0.5, order)
            line = own_skeleton(mask)
            where = np.sort(np.clip(place[line], 0.0, 1.0))
            length = np.linalg.norm(np.subtract(stop, start))
            # From near one end to near the other without a gap; ends recede by about the radius.
            reach = 1.5 * (radius + 0.5) + 4.0
            gaps = np.diff(np.concatenate([[0.0], where, [1.0]])) * length
            assert gaps[[0, -1]].max() <= reach, (start, stop, radius, order)
            assert gaps[1:-1].max(initial=0.0) <= 2.0


def test_even_beside_odd():
    # The second tube has an even cross-section: the published program finds no line in it.
    truth = np.zeros((40, 30, 60), bool)
    truth[5:8, 5:8] = True
    found = truth.copy()
    truth[20:24, 10:14] = True
    result = ov.cldice(found, truth)
    assert result.precision == 1.0
    # 58 cells of a line of 60 in the first tube, 57 in the second: nothing near the ends of one
    assert (result.skeleton_found, result.skeleton_truth) == (58, 115)
    assert result.sensitivity == 58 / 115
    assert result.value == pytest.approx(2 * 58 / (58 + 115))
    program = ov.cldice(found, truth, skeleton=skeletonize)
    assert program.value == 1.0

    # A tube that is odd, even and odd again along the way has a line all the way.
    for widths in itertools.product(range(1, 7), repeat=3):
        mask = np.zeros((8, 8, 60), bool)
        for k, width in enumerate(widths):
            mask[1 : 1 + width, 1 : 1 + width, 20 * k : 20 * k + 20] = True
        per_slice = own_skeleton(mask).any((0, 1))
        assert per_slice[6:-6].all(), widths


@pytest.mark.parametrize("shape", [(9, 40), (9, 9, 40)])
def test_cldice_of_tubes(shape):
    truth, found = tube(shape, 3, 37), tube(shape, 3, 20)
    same = ov.cldice(truth, truth)
    assert (same.value, same.precision, same.sensitivity) == (1.0, 1.0, 1.0)
    part = ov.cldice(found, truth)
    assert part.precision == 1.0
    assert part.sensitivity == pytest.approx(0.5, abs=0.05)
    assert float(part) == pytest.approx(2 * part.sensitivity / (1 + part.sensitivity))
    turned = ov.cldice(truth, found)
    assert (turned.precision, turned.sensitivity) == (part.sensitivity, part.precision)
    assert turned.value == part.value
    thin = truth & ~np.roll(truth, 1, 0) | truth & ~np.roll(truth, -1, 0)
    assert ov.cldice(truth, truth & ~thin).value > 0.9  # a third of the width: the same centreline
    apart = ov.cldice(np.roll(truth, 4, 0), truth)
    assert (apart.value, apart.precision, apart.sensitivity) == (0.0, 0.0, 0.0)


def test_cldice_of_nothing_and_errors():
    some, none = tube((9, 40), 3, 37), np.zeros((9, 40), bool)
    both = ov.cldice(none, none)
    assert all(map(math.isnan, (both.value, both.precision, both.sensitivity)))
    assert ov.cldice(some, none).value == ov.cldice(none, some).value == 0.0
    assert ov.cldice(some * 3.0, some.astype(np.uint8)).value == 1.0
    with pytest.raises(ValueError, match=r"found has shape \(9, 40\) and truth \(9, 39\)"):
        ov.cldice(some, some[:, 1:])
    with pytest.raises(ValueError, match=r"found: expected a mask with 2 or 3 axes"):
        ov.cldice(some[0], some[0])
    with pytest.raises(ValueError, match=r"found\[0, 1\] is NaN"):
        ov.cldice([[0.0, np.nan]], [[0, 1]])
    with pytest.raises(ValueError, match=r"truth\[0, 1\] is 0.5; say what is inside"):
        ov.cldice([[0, 1]], [[0.0, 0.5]])
    with pytest.raises(ValueError, match=r"found\[0, 1\] is -inf; say what is inside"):
        ov.cldice([[0.0, -np.inf]], [[0, 1]])
    with pytest.raises(TypeError, match="found: expected a mask"):
        ov.cldice([["a"]], [[1]])


def test_skeleton_of_another_program():
    some = tube((9, 9, 40), 3, 37)
    assert ov.cldice(some, some, skeleton=skeletonize).skeleton_found == skeletonize(some).sum()
    assert ov.cldice(some, some, skeleton=lambda mask: mask * 255).value == 1.0
    for wrong in (lambda mask: mask[1:], lambda mask: ~mask):
        with pytest.raises(ValueError, match="skeleton: gave an array of shape"):
            ov.cldice(some, some, skeleton=wrong)
