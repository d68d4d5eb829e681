"""Assignment of anchors against a plain definition in loops, and rules of other programs."""

from __future__ import annotations

import math

import numpy as np
import pytest

import overlap as ov
from tests.laws.kinds import EVERY


def plain(table, positive, negative, rule=None, least=0.0, mine=None, theirs=None):
    """Return labels, truths and scores by the rules, from a table of all scores.

    `least` is what the best anchors of a truth must exceed.
    """
    n, m = table.shape
    low, high = negative if isinstance(negative, tuple) else (-math.inf, negative)
    usable = [
        [not math.isnan(table[k, t]) and (mine is None or mine[k] == theirs[t]) for t in range(m)]
        for k in range(n)
    ]
    label, truth, score = [], [], []
    for k in range(n):
        row = [(table[k, t], -t) for t in range(m) if usable[k][t]]
        value, owner = max(row, default=(math.nan, 1))
        label.append(1 if value >= positive else -1 if value >= high or value < low else 0)
        truth.append(-owner)
        score.append(value)
    claims = {}
    for t in range(m if rule else 0):
        column = [table[k, t] for k in range(n) if usable[k][t]]
        top = max(column, default=-math.inf)
        for k in range(n):
            if usable[k][t] and table[k, t] == top and top > least:
                label[k] = 1
                claims.setdefault(k, []).append((top, -t))
    if rule == "truth":
        for k, owners in claims.items():
            score[k], t = max(owners)
            truth[k] = -t
    truth = [t if one == 1 else -1 for t, one in zip(truth, label, strict=True)]
    return label, truth, score


def check(result, wanted):
    label, truth, score = wanted
    assert result.label.tolist() == label
    assert result.truth.tolist() == truth
    np.testing.assert_array_equal(result.score, score)


def batches(kind, rng, n=40, m=9):
    """Return anchors and truths on a coarse lattice, with many ties and some empty ones."""
    if kind == "intervals":
        low, size = rng.integers(0, 12, n + m), rng.integers(0, 5, n + m)
        batch = ov.Intervals(np.column_stack([low, low + size]))
    elif kind == "boxes":
        low, size = rng.integers(0, 5, (n + m, 2)), rng.integers(0, 4, (n + m, 2))
        batch = ov.Boxes(np.hstack([low, low + size]))
    else:
        center, size = rng.integers(0, 4, (n + m, 2)), rng.integers(1, 4, (n + m, 2))
        turn = rng.integers(0, 4, n + m) * math.pi / 4
        batch = ov.RotatedBoxes(np.column_stack([center, size, turn]))
    return batch[:n], batch[n:]


@pytest.mark.parametrize("rule", [None, "anchor", "truth"])
@pytest.mark.parametrize("kind", ["intervals", "boxes", "rotated boxes"])
@pytest.mark.slow  # to compile
def test_the_rules_in_loops(kind, rule):
    rng = np.random.default_rng(3)
    anchors, truth = batches(kind, rng)
    mine, theirs = rng.integers(0, 3, len(anchors)), rng.integers(0, 3, len(truth))
    for negative in (0.3, (0.1, 0.4), 0.5, 0.0):
        options = {"positive": 0.5, "negative": negative, "low_quality": rule}
        for score in (ov.iou, ov.dice):
            table = score.pairwise(anchors, truth)
            got = ov.assign(anchors, truth, score=score, **options)
            check(got, plain(table, 0.5, negative, rule))
            got = ov.assign(anchors, truth, score=score, groups=(mine, theirs), **options)
            check(got, plain(table, 0.5, negative, rule, mine=mine, theirs=theirs))


@pytest.mark.parametrize("rule", [None, "anchor", "truth"])
def test_scores_that_are_negative_apart(rule):
    """All pairs are looked at, so the best score is known where nothing intersects."""
    rng = np.random.default_rng(4)
    anchors, truth = batches("boxes", rng)
    table = ov.giou.pairwise(anchors, truth)
    mine, theirs = rng.integers(0, 4, len(anchors)), rng.integers(1, 6, len(truth))
    options = {"positive": 0.3, "negative": -0.1, "low_quality": rule}
    got = ov.assign(anchors, truth, score=ov.giou, **options)
    check(got, plain(table, 0.3, -0.1, rule, -math.inf))
    got = ov.assign(anchors, truth, score=ov.giou, groups=(mine, theirs), **options)
    check(got, plain(table, 0.3, -0.1, rule, -math.inf, mine, theirs))
    assert np.isnan(got.score[mine == 0]).all()  # an image without truth
    assert (got.label[mine == 0] == 0).all()
    if rule is not None:
        bounded = ov.assign(anchors, truth, score=ov.giou, low_quality_at_least=0.2, **options)
        check(bounded, plain(table, 0.3, -0.1, rule, np.nextafter(0.2, 0)))


def test_blocks_of_all_pairs_are_one(monkeypatch):
    rng = np.random.default_rng(5)
    anchors, truth = batches("boxes", rng)
    options = {"score": ov.diou, "positive": 0.3, "negative": 0.1, "low_quality": "truth"}
    whole = ov.assign(anchors, truth, **options)
    import overlap.pairing.assignment

    monkeypatch.setattr(overlap.pairing.assignment, "_PAIRS", 30)
    parts = ov.assign(anchors, truth, **options)
    check(parts, (whole.label.tolist(), whole.truth.tolist(), whole.score))


def test_a_sparse_set_of_anchors_is_as_good_as_all_pairs():
    rng = np.random.default_rng(6)
    low = rng.uniform(0, 900, (3000, 2))
    boxes = ov.Boxes(np.hstack([low, low + rng.uniform(1, 40, (3000, 2))]))
    anchors, truth = boxes[:2500], boxes[2500:]
    got = ov.assign(anchors, truth, low_quality="anchor")
    table = ov.iou.pairwise(anchors, truth)
    np.testing.assert_array_equal(got.score, table.max(axis=1))
    top = table.max(axis=0)
    best = ((table == top) & (top > 0)).any(axis=1)
    np.testing.assert_array_equal(got.label == 1, best | (table.max(axis=1) >= 0.7))
    np.testing.assert_array_equal(got.truth[got.positive], table[got.positive].argmax(axis=1))


@pytest.mark.parametrize("score", [ov.iou, ov.giou])
def test_nothing_to_assign(score):
    none, some = ov.Intervals(np.empty((0, 2))), ov.Intervals([[0, 1], [2, 2]])
    for rule in (None, "truth"):
        empty = ov.assign(none, some, score=score, low_quality=rule)
        assert len(empty) == 0
        assert empty.missed.tolist() == [0, 1]
        lonely = ov.assign(some, none, score=score, low_quality=rule)
        assert lonely.label.tolist() == [0, 0]
        assert np.isnan(lonely.score).all()
        assert lonely.anchors_per_truth.tolist() == []
    # two empty regions have no ratio; an empty one and another have 0
    undefined = ov.assign(some[1], some[1])
    assert np.isnan(undefined.score).all()
    assert ov.assign(some, some[[1]]).score[0] == 0.0
    assert ov.assign(some[1], some).score.tolist() == [0.0]


def test_thresholds_at_zero_are_taken_at_their_word():
    anchors, truth = ov.Intervals([[0, 4], [8, 9]]), ov.Intervals([[20, 24], [2, 4]])
    everything = ov.assign(anchors, truth, positive=0.0, negative=0.0)
    assert everything.label.tolist() == [1, 1]
    assert everything.truth.tolist() == [1, 0]  # the first of equals
    rescued = ov.assign(anchors, truth, low_quality="truth", low_quality_at_least=0.0)
    assert rescued.truth.tolist() == [1, 0]


def test_low_quality_takes_every_anchor_that_is_as_good():
    anchors = ov.Intervals([[0, 4], [2, 6], [20, 24]])
    truth = ov.Intervals([[2, 4], [9, 10]])  # both of the first anchors have 1/2
    assert ov.assign(anchors, truth, low_quality="anchor").label.tolist() == [1, 1, 0]
    # without an anchor that intersects, the second truth gets none (not all of them)
    assert ov.assign(anchors, truth, low_quality="anchor").missed.tolist() == [1]
    bounded = ov.assign(anchors, truth, low_quality="anchor", low_quality_at_least=0.6)
    assert bounded.label.tolist() == [-1, -1, 0]


def test_to_whom_a_rescued_anchor_goes():
    """Detectron2 keeps an anchor with its own best truth; mmdetection gives it away."""
    anchors = ov.Intervals([[0.0, 10.0]])
    truth = ov.Intervals([[0.0, 9.0], [6.0, 12.0]])  # 0.9 and 1/3
    own = ov.assign(anchors, truth, low_quality="anchor")
    assert (own.truth.tolist(), own.score.tolist()) == ([0], [0.9])
    # it is the best anchor of both: the higher score wins
    assert ov.assign(anchors, truth, low_quality="truth").truth.tolist() == [0]
    both = ov.Intervals([[0.0, 10.0], [0.0, 9.0]])
    given = ov.assign(both, truth, low_quality="truth")
    assert given.truth.tolist() == [1, 0]
    np.testing.assert_allclose(given.score, [1 / 3, 1.0])


def test_regions_to_ignore():
    anchors = ov.Boxes([[0, 0, 4, 4], [2, 0, 6, 4], [3, 0, 7, 4], [20, 0, 24, 4]])
    truth, crowd = ov.Boxes([[0, 0, 4, 4]]), ov.Boxes([[0, 0, 5, 4], [30, 0, 34, 4]])
    assert ov.assign(anchors, truth).label.tolist() == [1, 0, 0, 0]
    ignored = ov.assign(anchors, truth, ignore=crowd)
    assert ignored.label.tolist() == [1, -1, -1, 0]
    assert ignored.counts == {"positive": 1, "negative": 1, "ignored": 2}
    more = ov.assign(anchors, truth, ignore=crowd, ignore_at_least=0.6)
    assert more.label.tolist() == [1, -1, 0, 0]
    by_iou = ov.assign(anchors, truth, ignore=crowd, ignore_score=ov.iou)
    assert by_iou.label.tolist() == [1, -1, 0, 0]  # 12/24, 8/28
    images = ["a", "a", "b", "b"], ["a"]
    grouped = ov.assign(anchors, truth, groups=images, ignore=crowd, ignore_groups=["a", "b"])
    assert grouped.label.tolist() == [1, -1, 0, 0]


def test_samples():
    anchors = ov.Intervals([[k, k + 4.0] for k in range(60)])
    result = ov.assign(anchors, anchors[:20], negative=(0.1, 0.4))
    assert result.counts == {"positive": 20, "negative": 2, "ignored": 38}
    result = ov.assign(anchors, anchors[:20])
    assert result.counts == {"positive": 20, "negative": 39, "ignored": 1}
    sample = result.sampled(16, positive_fraction=0.25, rng=3)
    assert sample.counts == {"positive": 4, "negative": 12, "ignored": 44}
    assert set(sample.positive) <= set(result.positive)
    assert set(sample.negative) <= set(result.negative)
    assert (sample.truth[sample.positive] == result.truth[sample.positive]).all()
    assert (sample.truth[sample.label != 1] == -1).all()
    again = result.sampled(16, positive_fraction=0.25, rng=np.random.default_rng(3))
    assert (again.label == sample.label).all()
    assert result.sampled(1000, rng=0).counts["positive"] == 20
    assert result.sampled(0, rng=0).counts["ignored"] == 60


def test_fuzzy_truth_by_soft_dice():
    """Anchors rasterised on the grid of a fuzzy truth, assigned by their soft Dice with it."""
    side = 24
    y, x = np.mgrid[:side, :side] + 0.5
    blobs = np.stack(
        [np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / 40.0) for cy, cx in ((7, 7), (17, 15))]
    )
    truth = ov.Masks(blobs)
    boxes = ov.Boxes([[0, 0, 9, 9], [2, 2, 12, 12], [10, 10, 24, 20], [15, 0, 24, 6]])
    anchors = ov.Masks.from_regions(boxes, truth.grid, soft=True)
    result = ov.assign(anchors, truth, score=ov.dice, positive=0.5, negative=0.3)
    # the definition, with the smaller of both values as what two cells share
    flat = anchors.to_array().reshape(4, -1), blobs.reshape(2, -1)
    shared = np.minimum(flat[0][:, None], flat[1][None]).sum(axis=2)
    dice = 2 * shared / (flat[0].sum(axis=1)[:, None] + flat[1].sum(axis=1))
    np.testing.assert_allclose(result.score, dice.max(axis=1), rtol=1e-12)
    assert result.label.tolist() == [-1, 1, 1, 0]  # 0.48, 0.70, 0.67, 0.03
    assert result.truth.tolist() == [-1, 0, 1, -1]


@pytest.mark.parametrize("score", [ov.nwd(scale=2.0), ov.kld])
@pytest.mark.slow  # to compile
def test_distributions_are_assigned(score):
    rng = np.random.default_rng(8)
    anchors, truth = (
        ov.Gaussians.from_boxes(boxes, variance=0.25) for boxes in batches("rotated", rng, 12, 4)
    )
    table = score.pairwise(anchors, truth)
    got = ov.assign(anchors, truth, score=score, positive=0.5, negative=0.3, low_quality="anchor")
    check(got, plain(table, 0.5, 0.3, "anchor", -math.inf))


@pytest.mark.parametrize("kind", EVERY)
def test_every_kind(kind):
    rng = np.random.default_rng(11)
    anchors, truth = kind.make(rng, 16), kind.make(rng, 4)
    table = ov.iou.pairwise(anchors, truth)
    middle = float(np.median(table))
    got = ov.assign(anchors, truth, positive=middle, negative=middle, low_quality="truth")
    check(got, plain(table, middle, middle, "truth"))


# --------------------------------------------------------------------------------- the dial


def test_the_dial_in_loops():
    rng = np.random.default_rng(9)
    anchors, truth = batches("boxes", rng)
    keep, solid = anchors.measure() > 0, truth.measure() > 0
    anchors, truth = anchors[keep], truth[solid]
    for score in (ov.iou, ov.giou):
        dial = ov.threshold_dial(anchors, truth, score=score)
        assert len(dial.threshold) == 19
        for k, threshold in enumerate(dial.threshold):
            result = ov.assign(anchors, truth, score=score, positive=threshold, negative=-1.0)
            chosen = result.positive
            assert dial.positive[k] == len(chosen)
            assert dial.recall[k] == pytest.approx(1 - len(result.missed) / len(truth))
            inside = ov.coverage(anchors[chosen], truth[result.truth[chosen]])
            want = inside.mean() if len(chosen) else math.nan
            assert dial.precision[k] == pytest.approx(want, nan_ok=True)
    assert (np.diff(dial.recall) <= 0).all()
    assert (np.diff(dial.positive) <= 0).all()


def test_the_dial_with_groups_and_without_regions():
    anchors, truth = ov.Intervals([[0, 4], [0, 4]]), ov.Intervals([[0, 4], [0, 4]])
    dial = ov.threshold_dial(anchors, truth, thresholds=[0.5], groups=([0, 1], [1, 2]))
    assert (dial.positive.tolist(), dial.recall.tolist()) == ([1], [0.5])
    assert list(dial.to_frame().columns) == ["threshold", "positive", "precision", "recall"]
    nothing = ov.threshold_dial(anchors, truth[:0], thresholds=[0.5, 0.6])
    assert nothing.positive.tolist() == [0, 0]
    assert np.isnan(nothing.recall).all()
    assert np.isnan(nothing.precision).all()
    assert len(ov.threshold_dial(anchors, truth, thresholds=[]).recall) == 0


# ----------------------------------------------------------------------------------- errors

SPAN, BOX = ov.Intervals([[0, 1]]), ov.Boxes([[0, 0, 1, 1]])


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: ov.assign(SPAN, BOX), TypeError, "anchors is Intervals and truth is Boxes"),
        (lambda: ov.assign([[0, 1]], SPAN), TypeError, "anchors: expected a batch"),
        (lambda: ov.assign(SPAN, SPAN, score="iou"), TypeError, "expected a Score"),
        (lambda: ov.assign(SPAN, SPAN, positive=math.nan), ValueError, "positive = nan"),
        (lambda: ov.assign(SPAN, SPAN, negative=0.8), ValueError, "negative at most positive"),
        (lambda: ov.assign(SPAN, SPAN, negative=(0.3, 0.2)), ValueError, "in order"),
        (lambda: ov.assign(SPAN, SPAN, negative=(0, 0.1, 0.2)), ValueError, "a pair of them"),
        (lambda: ov.assign(SPAN, SPAN, low_quality=True), ValueError, "'anchor', 'truth' or None"),
        (lambda: ov.assign(SPAN, SPAN, low_quality_at_least=0.1), ValueError, "no low_quality"),
        (lambda: ov.assign(SPAN, SPAN, groups=([1, 2], [1])), ValueError, r"shapes \(1,\)"),
        (lambda: ov.assign(SPAN, SPAN, ignore=BOX), TypeError, "anchors is Intervals and ignore"),
        (lambda: ov.assign(SPAN, SPAN, ignore=SPAN, ignore_at_least=0), ValueError, "> 0"),
        (lambda: ov.assign(SPAN, SPAN, ignore_groups=[1]), ValueError, "no regions to ignore"),
        (
            lambda: ov.assign(SPAN, SPAN, ignore=SPAN, groups=([1], [1])),
            ValueError,
            "give the labels of the regions to ignore",
        ),
        (lambda: ov.assign(SPAN, SPAN).sampled(-1, rng=0), ValueError, "count = -1"),
        (
            lambda: ov.assign(SPAN, SPAN).sampled(1, positive_fraction=2, rng=0),
            ValueError,
            r"not in \[0, 1\]",
        ),
        (lambda: ov.threshold_dial(SPAN, SPAN, thresholds=0.5), ValueError, r"shape \(T,\)"),
        (lambda: ov.threshold_dial(SPAN, BOX), TypeError, "anchors is Intervals"),
    ],
)
def test_bad_input(call, error, words):
    with pytest.raises(error, match=words):
        call()
