from __future__ import annotations

import copy
import doctest
import math
import pickle
import pydoc

import numpy as np
import pytest

import overlap as ov
from overlap.scores import evaluation
from overlap.testing import all_scores

pytestmark = pytest.mark.kernels

FOUND = ov.Intervals([[0.0, 2.0], [0.0, 1.0], [3.0, 7.0], [5.0, 5.0]])
TRUTH = ov.Intervals([[1.0, 4.0], [0.0, 1.0], [8.0, 9.0], [5.0, 5.0]])


@pytest.mark.parametrize(
    ("score", "wanted"),
    [
        (ov.iou, [1 / 4, 1.0, 0.0, math.nan]),
        (ov.dice, [2 / 5, 1.0, 0.0, math.nan]),
        (ov.tversky(alpha=0.5, beta=1.5), [1 / 4.5, 1.0, 0.0, math.nan]),
        (ov.f_score(beta=2.0), [5 / 14, 1.0, 0.0, math.nan]),
        (ov.f_score(beta=1e200), [1 / 3, 1.0, 0.0, math.nan]),
        (ov.coverage, [1 / 2, 1.0, 0.0, math.nan]),
        (ov.overlap_coefficient, [1 / 2, 1.0, 0.0, math.nan]),
        (ov.volumetric_similarity, [4 / 5, 1.0, 2 / 5, math.nan]),
    ],
    ids=lambda value: str(value) if isinstance(value, ov.Score) else "",
)
def test_ratios_by_hand(score: ov.Score, wanted: list[float]) -> None:
    np.testing.assert_allclose(score(FOUND, TRUTH), wanted, rtol=1e-15)


def test_one_empty_region_scores_zero() -> None:
    point, span = ov.Intervals([[1.0, 1.0]]), ov.Intervals([[0.0, 2.0]])
    for score in all_scores()[:6]:
        assert score(point, span)[0] == score(span, point)[0] == 0.0


# --------------------------------------------------------------------------- composition


@pytest.mark.parametrize(
    ("score", "text"),
    [
        (ov.iou, "iou"),
        (ov.giou, "giou"),
        (ov.iou - ov.enclosure_gap, "iou - enclosure_gap"),
        (ov.dice - 0.5 * ov.center_gap, "dice - 0.5 * center_gap"),
        (ov.dice * 2 + ov.iou, "2 * dice + iou"),
        (-ov.iou, "-iou"),
        (-0.1 * ov.iou - (ov.dice - ov.iou), "-0.1 * iou - dice + iou"),
        (1 / 3 * ov.iou, "0.33333333333333331 * iou"),
        (ov.tversky, "tversky"),
        (ov.tversky(alpha=0.3, beta=0.7), "tversky(alpha=0.3, beta=0.7)"),
        (ov.tversky(alpha=1 / 3), f"tversky(alpha={1 / 3!r})"),
        (ov.ciou(alpha_grad=True), "ciou(alpha_grad=True)"),
        (ov.giou.with_enclosure("box"), "giou.with_enclosure('box')"),
        ((ov.dice - ov.enclosure_gap).with_enclosure("box"),
         "(dice - enclosure_gap).with_enclosure('box')"),
    ],
    ids=str,
)  # fmt: skip
def test_repr_evaluates_back(score: ov.Score, text: str) -> None:
    assert repr(score) == str(score) == text
    names = {name: getattr(ov, name) for name in ov.__all__}
    assert eval(text, names).parts == score.parts
    assert eval(text, names).enclosure == score.enclosure


def test_combinations_are_linear() -> None:
    wanted = 0.25 * ov.dice(FOUND, TRUTH) - 2.0 * ov.center_gap(FOUND, TRUTH)
    score = 0.25 * ov.dice - ov.center_gap * 2
    np.testing.assert_allclose(score(FOUND, TRUTH), wanted, rtol=1e-15)
    np.testing.assert_allclose((-score)(FOUND, TRUTH), -wanted, rtol=1e-15)
    grad = score.value_and_grad(FOUND, TRUTH)[1]
    parts = [part.value_and_grad(FOUND, TRUTH)[1] for part in (ov.dice, ov.center_gap)]
    np.testing.assert_allclose(grad, 0.25 * parts[0] - 2.0 * parts[1], atol=1e-15)


def test_names_do_not_make_a_difference() -> None:
    assert ov.giou == ov.iou - ov.enclosure_gap
    assert (ov.iou - ov.enclosure_gap).named("mine").name == "mine"
    assert len({ov.giou, ov.iou - ov.enclosure_gap, ov.diou}) == 2


def test_properties() -> None:
    assert ov.iou.symmetric
    assert not ov.coverage.symmetric
    assert ov.tversky(alpha=0.3, beta=0.3).symmetric
    assert not ov.tversky(alpha=0.3).symmetric
    assert ov.f_score.symmetric
    assert not (ov.iou + ov.coverage).symmetric
    assert ov.giou.disjoint_max == ov.iou.disjoint_max == 0.0
    assert ov.volumetric_similarity.disjoint_max == 1.0
    assert (2.0 * ov.volumetric_similarity + ov.iou).disjoint_max == 2.0
    assert ov.giou.bounds() == (-1.0, 1.0)
    assert ov.eiou.bounds(3) == (-4.0, 1.0)
    assert (-ov.iou).bounds() == (-1.0, 0.0)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: ov.tversky(gamma=1.0), TypeError, "no parameter gamma; it has alpha, beta"),
        (lambda: ov.iou(beta=1.0), TypeError, "iou has no parameter beta; it has none"),
        (lambda: ov.f_score(beta=-1.0), ValueError, "beta = -1.0 is not a finite number >= 0"),
        (lambda: ov.f_score(beta=math.nan), ValueError, "beta = nan is not a finite number"),
        (lambda: ov.f_score(beta=[1.0]), ValueError, r"beta = \[1.0\] is not a finite number"),
        (lambda: ov.f_score(FOUND, TRUTH, beta=2.0), TypeError, "give parameters first, then reg"),
        (lambda: math.inf * ov.iou, ValueError, "coefficient inf is not finite"),
        (lambda: ov.iou * ov.dice, TypeError, "unsupported operand"),
        (lambda: ov.iou + 1.0, TypeError, "unsupported operand"),
        (lambda: 1.0 - ov.iou, TypeError, "unsupported operand"),
        (lambda: ov.giou.with_enclosure("box") - ov.center_gap.with_enclosure("hull"), ValueError,
         "have different enclosures; choose one for the sum with .with_enclosure"),
        (lambda: ov.iou.value_and_grad(FOUND, TRUTH, wrt="found, truth"), ValueError,
         "wrt = 'found, truth'; expected 'found', 'truth' or 'both'"),
    ],
)  # fmt: skip
def test_what_cannot_be_composed(make, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        make()


# ---------------------------------------------------------------------- ways of pairing


def test_out_is_written_into() -> None:
    for dtype in (np.float64, np.float32):
        out = np.full((4, 4), 9.0, dtype)
        assert ov.iou.pairwise(FOUND, TRUTH, out=out) is out
        np.testing.assert_array_equal(out, ov.iou.pairwise(FOUND, TRUTH).astype(dtype))


@pytest.mark.parametrize(
    ("n", "m"), [(1, 1), (1, 16), (3, 7), (9, 17), (64, 8), (70, 13), (130, 3)]
)
def test_rows_of_every_length_equal_pair_by_pair(n: int, m: int) -> None:
    """Whole groups of eight columns are scored along rows, and what is left down the columns."""
    rng = np.random.default_rng(n)
    found, truth = (
        ov.Intervals(np.sort(rng.integers(0, 6, (size, 2)), axis=1) / 3) for size in (n, m)
    )
    i, j = np.indices((n, m)).reshape(2, -1)
    for score in (ov.iou, ov.giou):
        wanted = score(found[i], truth[j]).reshape(n, m)
        np.testing.assert_array_equal(score.pairwise(found, truth), wanted)
        out = np.empty((n, m), np.float32)
        np.testing.assert_array_equal(score.pairwise(found, truth, out=out), wanted.astype("f4"))


@pytest.mark.parametrize(
    ("out", "error", "message"),
    [
        (
            np.empty((4, 3)),
            ValueError,
            r"out: expected a writable C-con.* shape \(4, 4\), got .*3\)",
        ),
        (np.empty((4, 4)).T[::-1], ValueError, "out: expected a writable C-contiguous"),
        (np.empty((4, 4), order="F"), ValueError, "C-contiguous"),
        (np.broadcast_to(0.0, (4, 4)), ValueError, "writable"),
        (np.empty((4, 4), int), TypeError, "out: expected a NumPy array of float64 or float32"),
        ([[0.0] * 4] * 4, TypeError, "out: expected a NumPy array"),
    ],
    ids=["shape", "strides", "order", "read-only", "dtype", "list"],
)
def test_bad_out(out: object, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        ov.iou.pairwise(FOUND, TRUTH, out=out)  # type: ignore[arg-type]


def test_thresholds_that_pairs_cannot_keep() -> None:
    with pytest.raises(ValueError, match=r"iou: regions that do not .* up to 0, .* use .pairwise"):
        ov.iou.pairs(FOUND, TRUTH, at_least=0.0)
    assert ov.iou.pairs(FOUND, TRUTH, at_least=0.0, strict=True).nnz == 4
    with pytest.raises(ValueError, match="can score up to 1, so"):
        ov.volumetric_similarity.pairs(FOUND, TRUTH, at_least=0.9)
    with pytest.raises(ValueError, match="at_least = nan"):
        ov.iou.pairs(FOUND, TRUTH, at_least=math.nan)
    with pytest.raises(ValueError, match=r"at_least = -0\.5"):
        ov.giou.pairs(FOUND, TRUTH, at_least=-0.5)


def test_groups() -> None:
    labels = ["cat", "dog", "cat", "dog"]
    found = ov.iou.pairs(FOUND, TRUTH, at_least=0.1, groups=(labels, ["cat", "cat", "cat", "dog"]))
    wanted = np.nan_to_num(ov.iou.pairwise(FOUND, TRUTH))
    wanted[np.ix_([0, 2], [3])] = wanted[np.ix_([1, 3], [0, 1, 2])] = 0.0
    np.testing.assert_array_equal(found.toarray(), wanted)
    assert found.nnz == 3
    assert found.undefined == 1
    with pytest.raises(ValueError, match=r"groups: expected shapes \(4,\) and \(4,\), got \(2,\)"):
        ov.iou.pairs(FOUND, TRUTH, at_least=0.1, groups=(labels[:2], labels))
    for groups in (labels, 3, (labels,)):
        with pytest.raises((TypeError, ValueError), match="groups: expected"):
            ov.iou.pairs(FOUND, TRUTH, at_least=0.1, groups=groups)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [ov.Intervals, ov.Boxes, ov.RotatedBoxes])
def test_later_calls_of_usual_batches_equal_the_long_way(kind: type) -> None:
    """The first call finds the machine code that later ones go to."""
    rng = np.random.default_rng(7)
    rotated = kind is ov.RotatedBoxes
    width = {ov.Intervals: 2, ov.Boxes: 4, ov.RotatedBoxes: 5}[kind]
    tables = rng.integers(0, 9, (2, 12, width)).astype(float)
    found, truth = (kind(np.sort(table, axis=1)) for table in tables)
    score = (ov.iou if rotated else ov.iou - 0.5 * ov.enclosure_gap).named("fresh")
    sides = [
        (found, truth),
        (found[:0], truth[:1]),
        (found[3], truth),
        (found[3], truth[3]),
        (found[::-2], truth[[1, 0, 5, 5, 2, 3]]),
        (found[2:9], kind.concat([truth[:3], truth[5:9]])),
        (pickle.loads(pickle.dumps(found)), copy.deepcopy(truth)),
    ]
    for first, second in 3 * sides:
        long = [batch[:] for batch in (first, second)]
        for batch in long:
            batch._sort = None
        for way in (score, score.pairwise):
            values, wanted = way(first, second), way(*long)
            assert values.tobytes() == wanted.tobytes()
            assert values.shape == wanted.shape
        if not rotated:
            narrow = score.pairwise(first, second, out=np.zeros(values.shape, np.float32))
            np.testing.assert_array_equal(narrow, wanted.astype(np.float32))
    seconds, meters = kind(tables[0] * 0.0, unit="s"), kind(tables[0] * 0.0, unit="m")
    np.testing.assert_array_equal(score.pairwise(seconds, truth), score.pairwise(truth, seconds).T)
    space = ov.Boxes([[0.0, 0.0, 0.0, 1.0, 1.0, 1.0]] * 12)
    for way in (score, score.pairwise):
        for a, b, message in [
            (seconds, meters, "found is in 's' and truth in 'm'"),
            (found, space, rf"found (is {kind.__name__} and truth is Boxes|.* 2 dimensions)"),
            (space, found, rf"found (is Boxes and truth is {kind.__name__}|.* 3 dimensions)"),
            (found, tables[1], "truth: expected a batch of regions"),
            (tables[0], truth, "found: expected a batch of regions"),
        ]:
            with pytest.raises((TypeError, ValueError), match=message):
                way(a, b)
    with pytest.raises(ValueError, match="found has 12 regions and truth 5"):
        score(found, truth[:5])


def test_undefined_pairs_are_counted() -> None:
    assert ov.iou.pairs(FOUND, TRUTH, at_least=0.1).undefined == 1
    assert ov.iou.pairs(FOUND[[3, 3]], TRUTH[[3, 0, 3]], at_least=0.1).undefined == 4


def test_gradients_by_hand() -> None:
    """IoU of [0, 2) and [1, 4) is (2 - 1) / (4 - 0)."""
    value, (found, truth) = ov.iou.value_and_grad(FOUND[0], TRUTH[0], wrt="both")
    assert value[0] == 0.25
    np.testing.assert_allclose(found, [[1 / 16, 1 / 4]], rtol=1e-15)
    np.testing.assert_allclose(truth, [[-1 / 4, -1 / 16]], rtol=1e-15)
    np.testing.assert_array_equal(ov.iou.value_and_grad(FOUND[0], TRUTH[0])[1], found)
    np.testing.assert_array_equal(ov.iou.value_and_grad(FOUND[0], TRUTH[0], wrt="truth")[1], truth)


def test_a_touching_edge_shares_the_derivative() -> None:
    """From [0, 1) to [1, 2): to the right the IoU grows by 1/2, to the left not at all."""
    a, b = ov.Intervals([[0.0, 1.0]]), ov.Intervals([[1.0, 2.0]])
    np.testing.assert_array_equal(ov.iou.value_and_grad(a, b)[1], [[0.0, 0.25]])


def test_undefined_pairs_have_no_gradient() -> None:
    value, grad = ov.iou.value_and_grad(FOUND[3], TRUTH[3])
    assert np.isnan(value[0])
    np.testing.assert_array_equal(grad, [[0.0, 0.0]])


def test_results_do_not_depend_on_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    batch = ov.Intervals(np.sort(rng.random((700, 2)), axis=1))
    results = []
    for threads in ("1", "3"):
        monkeypatch.setenv("OVERLAP_THREADS", threads)
        results.append((ov.iou.pairwise(batch, batch), ov.iou(batch, batch[::-1])))
    for one, other in zip(*results, strict=True):
        np.testing.assert_array_equal(one, other)
    monkeypatch.setenv("OVERLAP_THREADS", "many")
    with pytest.raises(ValueError, match="OVERLAP_THREADS = 'many' is not a positive whole number"):
        ov.iou.pairwise(batch, batch)


PUBLIC = sorted(name for name in ov.__all__ if isinstance(getattr(ov, name), ov.Score))


@pytest.mark.parametrize("name", PUBLIC)
def test_help_of_a_score(name):
    """Each score says its formula, its range and an example, which gives what it says."""
    score = getattr(ov, name)
    text = score.__doc__
    assert text != ov.Score.__doc__
    assert pydoc.render_doc(score, renderer=pydoc.plaintext).count(text.partition("\n")[0]) == 1
    assert "\nRange: " in text
    example = doctest.DocTestParser().get_doctest(text, {}, name, None, None)
    assert len(example.examples) >= 3
    output = []
    assert doctest.DocTestRunner().run(example, out=output.append).failed == 0, "".join(output)


def test_help_follows_parameters_and_names():
    assert ov.tversky(alpha=0.3).__doc__ == ov.tversky.__doc__
    assert (ov.iou - ov.center_gap).__doc__ == ov.Score.__doc__
    assert ov.iou.named("mine", "My own.").__doc__ == "My own."


BOXES = ov.Boxes([[0.0, 0.0, 1.0, 1.0]])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ov.iou(np.zeros((3, 4)), BOXES), r"shape \(3, 4\), float64; .*Boxes\.from_xywh"),
        (lambda: ov.iou(np.zeros((3, 2)), BOXES), r"overlap\.Intervals\(\[\[start, stop\]"),
        (lambda: ov.iou(np.zeros((3, 5)), BOXES), r"overlap\.RotatedBoxes\("),
        (lambda: ov.iou(np.zeros((3, 6)), BOXES), r"overlap\.Boxes\(\[\[x0, y0, z0"),
        (lambda: ov.iou(np.zeros((3, 7)), BOXES), r"overlap\.UprightBoxes\("),
        (lambda: ov.iou([0, 0, 1, 1], BOXES), r"one row per region: overlap\.Boxes"),
        (lambda: ov.iou(np.zeros((2, 8, 8), bool), BOXES), r"overlap\.Masks\(array\)"),
        (lambda: ov.iou([[1, 2], [3]], BOXES), r"FiniteSets\.from_lists"),
        (lambda: ov.iou("boxes", BOXES), r"got str 'boxes'; wrap it in a kind"),
        (lambda: ov.iou(BOXES), r"truth: .* give both sides"),
        (lambda: ov.iou(pred=BOXES, target=BOXES), r"no pred=; .* score\(found, truth\)"),
        (lambda: ov.giou(BOXES, BOXES, out=np.zeros(1)), r"out= is for all pairs: score\.pairwise"),
        (lambda: ov.tversky(alfa=1.0), r"no parameter alfa; it has alpha, beta"),
        (lambda: ov.iou.pairs(BOXES, BOXES, at_least=0.5, groups=5), r"\(labels of found, labels"),
        (lambda: ov.IoU, r"no 'IoU'; did you mean overlap\.iou\?"),
        (lambda: ov.Box, r"did you mean overlap\.Boxes\?"),
    ],
)
def test_guesses_of_a_newcomer(call, message):
    with pytest.raises((TypeError, AttributeError), match=message):
        call()


def test_geometries_of_shapely_are_pointed_to_polygons():
    shapely = pytest.importorskip("shapely")
    with pytest.raises(TypeError, match=r"Polygons\.from_shapely"):
        ov.iou([shapely.box(0, 0, 1, 1)], BOXES)


def test_blocks_of_pairs_are_put_together(monkeypatch):
    """However many pairs are scored at once, results are the same to the bit."""
    rng = np.random.default_rng(5)
    steps = rng.uniform(0.1, 2.0, (30, 6)).cumsum(1) + rng.uniform(0.0, 9.0, (30, 1))
    sets = ov.IntervalSets([row.reshape(-1, 2).tolist() for row in steps])
    others = sets[::-1]
    boxes = ov.RotatedBoxes(np.c_[rng.uniform(0, 4, (30, 2)), rng.uniform(1, 4, (30, 3))])

    def everything():
        value, gradient = ov.giou.value_and_grad(boxes, boxes[::-1])
        parts = *ov.ciou.value_and_grad(boxes, boxes[::-1]), value, gradient
        return ov.giou(sets, others), ov.giou.pairwise(sets, others), *parts

    whole = everything()
    for block in (7, 30, 31):
        monkeypatch.setattr(evaluation, "BLOCK", block)
        for one, other in zip(whole, everything(), strict=True):
            np.testing.assert_array_equal(one, other)
