"""Lesions against the rules written out lesion by lesion."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

import overlap as ov

EXAMPLES = settings(max_examples=40, deadline=None)
CORNERS = ndimage.generate_binary_structure(3, 3)
EDGES = ndimage.generate_binary_structure(3, 2)


def specks(rng, shape, count, size):
    mask = np.zeros(shape, bool)
    for _ in range(count):
        corner = rng.integers(0, shape)
        ends = zip(corner, corner + rng.integers(1, size, 3), strict=True)
        mask[tuple(slice(*pair) for pair in ends)] = True
    return mask


def dice_of(a, b):
    return 2 * (a & b).sum() / (a.sum() + b.sum())


def brats(found, truth, voxel, rounds, smallest, distance):
    """One lesion after the other, with a dilation of its own for each."""
    pieces, _ = ndimage.label(found, CORNERS)
    wide = ndimage.binary_dilation(truth, EDGES, iterations=rounds)
    zones, number = ndimage.label(wide, CORNERS)
    touched, scores, distances, tp, fn = set(), [], [], 0, 0
    for zone in range(1, number + 1):
        lesion = truth & (zones == zone)
        near = ndimage.binary_dilation(lesion, EDGES, iterations=rounds)
        parts = set(np.unique(pieces[near]).tolist()) - {0}
        touched |= parts
        if lesion.sum() * voxel <= smallest:
            continue
        together = np.isin(pieces, sorted(parts))
        scores.append(dice_of(together, lesion))
        distances.append(distance(together, lesion) if parts else 374.0)
        tp += bool(parts)
        fn += not parts
    fp = len(set(np.unique(pieces).tolist()) - {0} - touched)
    total = len(scores) + fp
    if not total:
        return 1.0, 0.0, tp, fp, fn
    return sum(scores) / total, (sum(distances) + 374.0 * fp) / total, tp, fp, fn


def far(found, truth):
    return float(found.sum() - 0.25 * truth.sum())


@EXAMPLES
@given(st.integers(0, 2**32), st.sampled_from(("GLI", "SSA", "PED", "MEN", "MET")))
def test_lesionwise_dice(seed, challenge):
    rng = np.random.default_rng(seed)
    shape = (22, 18, 20)
    truth = specks(rng, shape, rng.integers(0, 6), 6)
    found = specks(rng, shape, rng.integers(0, 4), 6) | (truth & specks(rng, shape, 4, 15))
    spacing = (1.0, 1.5, 0.5)
    rounds, smallest = (3 if challenge in ("GLI", "SSA", "PED") else 1), 50.0
    smallest = 2.0 if challenge == "MET" else smallest
    got = ov.lesionwise_dice(found, truth, spacing=spacing, challenge=challenge, hd95=far)
    wanted = brats(found, truth, 0.75, rounds, smallest, far)
    assert (got.dice, got.hd95, got.tp, got.fp, got.fn) == pytest.approx(wanted, rel=1e-12)
    plain = ov.lesionwise_dice(found, truth, spacing=spacing, dilation=rounds, smallest=smallest)
    assert plain.dice == got.dice
    assert math.isnan(plain.hd95)
    assert got.lesions["counted"].sum() == got.tp + got.fn


def test_lesions_that_grow_together_are_one():
    truth = np.zeros((30, 9, 9), bool)
    truth[2:6, 2:6, 2:6] = truth[10:14, 2:6, 2:6] = True
    assert len(ov.lesionwise_dice(truth, truth, challenge="GLI").lesions) == 1
    apart = ov.lesionwise_dice(truth, truth, challenge="MEN")
    assert len(apart.lesions) == 2
    assert apart.dice == 1.0
    assert apart.lesions["found"].tolist() == [[1], [2]]
    half = ov.lesionwise_dice(truth & (np.arange(30) < 8)[:, None, None], truth, challenge="MEN")
    assert (half.dice, half.tp, half.fn, half.fp) == (0.5, 1, 1, 0)
    nothing = np.zeros_like(truth)
    assert ov.lesionwise_dice(nothing, nothing, hd95=far).dice == 1.0
    assert ov.lesionwise_dice(nothing, nothing, hd95=far).hd95 == 0.0
    assert ov.lesionwise_dice(truth, nothing, hd95=far).hd95 == 374.0
    infinite = ov.lesionwise_dice(truth, truth, hd95=lambda found, truth: math.inf)
    assert infinite.hd95 == 374.0


@EXAMPLES
@given(st.integers(0, 2**32), st.floats(0.0, 1.0))
def test_detection(seed, share):
    rng = np.random.default_rng(seed)
    found, truth = rng.integers(0, 6, (2, 40))
    counts = ov.contingency(found, truth)
    for rule, least in (("any", None), ("coverage", share)):
        got = ov.detect_lesions(counts, rule=rule, at_least=least)
        sides = ((truth, found, got.detected, got.missed), (found, truth, got.real, got.false))
        for own, other, hit, miss in sides:
            labels = [k for k in np.unique(own).tolist() if k]
            shared = {k: np.count_nonzero(other[own == k]) for k in labels}
            wanted = [
                k
                for k in labels
                if shared[k] and (least is None or shared[k] >= least * (own == k).sum())
            ]
            assert hit.tolist() == wanted
            assert miss.tolist() == [k for k in labels if k not in wanted]
        assert got.sensitivity == len(got.detected) / len(counts.labels_truth)
    pairs = ov.detect_lesions(counts, rule="iou", at_least=0.2)
    matches = ov.match_instances(counts, at_least=0.2)
    assert len(pairs.detected) == len(pairs.real) == matches.tp
    assert pairs.f1 == pytest.approx(matches.f1)


def test_detection_of_nothing():
    some, none = np.array([1, 1, 0]), np.zeros(3, int)
    nothing = ov.detect_lesions(ov.contingency(none, none))
    assert all(map(math.isnan, (nothing.sensitivity, nothing.precision, nothing.f1)))
    missed = ov.detect_lesions(ov.contingency(none, some))
    assert (missed.sensitivity, missed.f1) == (0.0, 0.0)
    assert math.isnan(missed.precision)
    false = ov.detect_lesions(ov.contingency(some, none))
    assert (false.precision, false.f1) == (0.0, 0.0)
    apart = ov.detect_lesions(ov.contingency([1, 0], [0, 1]))
    assert (apart.sensitivity, apart.precision, apart.f1) == (0.0, 0.0, 0.0)


CUBE = np.zeros((3, 3, 3), bool)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"challenge": "XYZ"}, ValueError, "challenge = 'XYZ'; expected one of GLI"),
        ({"dilation": -1}, ValueError, "dilation = -1"),
        ({"smallest": np.nan}, ValueError, "smallest = nan is not finite"),
        ({"found": CUBE[0]}, ValueError, r"found has shape \(3, 3\) and truth \(3, 3, 3\)"),
        ({"found": CUBE[0], "truth": CUBE[0]}, ValueError, r"3 axes, got shape \(3, 3\)"),
        ({"found": CUBE[:2]}, ValueError, r"found has shape \(2, 3, 3\) and truth \(3, 3, 3\)"),
        ({"truth": np.full((3, 3, 3), 4)}, ValueError, "truth: expected one region .* from 4 to 4"),
        ({"found": -np.ones((3, 3, 3), np.int8)}, ValueError, "got labels from -1 to -1; choose"),
    ],
)
def test_bad_input(arguments, error, words):
    with pytest.raises(error, match=words):
        ov.lesionwise_dice(**{"found": CUBE, "truth": CUBE, **arguments})


def test_bad_rules():
    counts = ov.contingency([1], [1])
    with pytest.raises(ValueError, match="rule = 'best'"):
        ov.detect_lesions(counts, rule="best")
    for rule in ("coverage", "iou"):
        with pytest.raises(
            ValueError, match=r"at_least = 10, and no .* is above 1; write a percentage"
        ):
            ov.detect_lesions(counts, rule=rule, at_least=10)
    with pytest.raises(ValueError, match="rule 'any' has no threshold"):
        ov.detect_lesions(counts, at_least=0.1)
