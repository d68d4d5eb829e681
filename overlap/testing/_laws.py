"""Laws of terms, scores and batches; every law takes a sample, most of them a score."""

from __future__ import annotations

import copy
import pickle
import sys
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

import overlap as ov
from overlap._kernels.terms import Groups
from overlap.regions.base import Regions
from overlap.scores.score import Score
from overlap.testing._sample import ROUNDING, Sample, close, same, with_class

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["SCORE_LAWS", "batches", "order_of_scores", "refusal", "terms"]

# ------------------------------------------------------------------------ laws of terms


def terms(sample: Sample) -> None:
    """Check relations between the terms themselves, under every enclosure."""
    for enclosure in dict.fromkeys(("natural", *sample.found._enclosures())):
        _terms_under(sample, enclosure)


def _terms_under(sample: Sample, enclosure: str) -> None:
    found, truth = sample.found, sample.truth
    geometry = found.geometry(enclosure)
    got = ov.terms(found, truth, enclosure=enclosure)
    a, b, shared = got.measure_a, got.measure_b, got.intersection
    room = ROUNDING * np.maximum(a, b)

    def hold(law: str, ok: ArrayLike, **numbers: Any) -> None:
        sample.hold(law, ok, None, found, truth, **numbers)

    hold("0 <= intersection", shared >= 0, intersection=shared)
    smaller = np.minimum(a, b)
    if geometry.bounded:
        hold("intersection <= smaller measure", shared <= smaller + room, intersection=shared)
    else:
        mean = 0.5 * (a + b)
        hold("intersection <= mean measure", shared <= mean + room, intersection=shared)
    hold("terms agree with measure()", close(a, found.measure()), measure=found.measure())
    hull, gap, diameter = got.hull, got.center_gap2, got.diameter2
    if hull is not None and gap is not None and diameter is not None:
        room = ROUNDING * hull
        least = np.maximum(a, b) if geometry.bounded else 0.5 * (a + b)
        hold("hull >= measures", hull >= least - room, hull=hull)
        if geometry.filled:
            hold("hull >= union", hull >= got.union - room, hull=hull, union=got.union)
        if geometry.centers:
            hold("0 <= center_gap2 <= diameter2", (gap >= 0) & (diameter >= gap), gap=gap)
    if got.outside is not None and hull is not None:
        outside = got.outside
        hold("0 <= outside <= hull", (outside >= 0) & (outside <= hull + room), outside=outside)
    sided = geometry.sides
    if sided and got.cover is not None and got.side_a is not None and got.side_b is not None:
        sides = np.maximum(got.side_a, got.side_b)
        covered = got.cover >= sides * (1 - ROUNDING)
        if geometry.axes > found.geometry().axes:  # own sides, which nothing covers, come first
            covered |= ~got.cover.any(axis=0)
        hold("cover >= sides", covered, cover=got.cover)


# ----------------------------------------------------------------------- laws of scores


def _range(sample: Sample, score: Score) -> None:
    found, truth = sample.found, sample.truth
    value = score(found, truth)
    low, high = score.bounds(max(found.geometry().axes, 1))
    room = 0.0 if sample.exact else ROUNDING
    defined = ~((found.measure() == 0) & (truth.measure() == 0))
    sample.hold("a value unless both are empty", ~np.isnan(value) | ~defined, score, found, truth)
    inside = (value >= low - room) & (value <= high + room) | ~defined
    sample.hold(f"in [{low:g}, {high:g}]", inside, score, found, truth, value=value)
    limit = score.disjoint_max + ROUNDING
    sample.hold(
        "at most disjoint_max without an intersection",
        sample.overlapping | (value <= limit) | ~defined,
        score, found, truth, value=value, disjoint_max=score.disjoint_max,
    )  # fmt: skip


def _symmetry(sample: Sample, score: Score) -> None:
    if not score.symmetric:
        return
    found, truth = sample.found, sample.truth
    one, other = score(found, truth), score(truth, found)
    ok = same(one, other) if sample.exact else close(one, other)
    sample.hold("symmetry", ok, score, found, truth, value=one, exchanged=other)


def _identity(sample: Sample, score: Score) -> None:
    if sample.found.geometry().divergence is not None:
        _identity_of_distributions(sample, score)
        return
    if not sample.found.geometry().reflexive:
        return
    components = [part.component for part in score.parts]
    if any(own.filled for own in components) and not sample.found.geometry(score.enclosure).filled:
        return  # equal regions leave some of their enclosure free
    wanted = sum(part.coefficient * part.component.best for part in score.parts)
    value = score(sample.found, sample.found)
    positive = sample.found.measure() > 0
    ok = value == wanted if sample.exact else close(value, np.full_like(value, wanted))
    sample.hold("identity", ok | ~positive, score, sample.found, value=value, wanted=wanted)


def _identity_of_distributions(sample: Sample, score: Score) -> None:
    needs = [part.component.needs for part in score.parts]
    if not all(Groups.DIVERGENCE in group for group in needs):
        return  # two equal distributions share less than each of them is
    wanted = sum(part.coefficient * part.component.best for part in score.parts)
    value = score(sample.found, sample.found)
    ok = close(value, np.full_like(value, wanted)) | (sample.found.measure() == 0)
    sample.hold("identity", ok, score, sample.found, value=value, wanted=wanted)


def _ways_of_pairing(sample: Sample, score: Score) -> None:
    found, truth, rng = sample.found[:40], sample.truth[:30], sample.rng
    matrix = score.pairwise(found, truth)
    n = len(truth)
    paired = score(found[:n], truth)
    ok = same(np.diagonal(matrix), paired)
    sample.hold("pairwise diagonal = paired", ok, score, found, truth, paired=paired)
    single = score(found[0], truth)
    sample.hold("one region is repeated", same(matrix[0], single), score, found[0], truth)
    p, q = rng.permutation(len(found)), rng.permutation(n)
    ok = same(score.pairwise(found[p], truth[q]), matrix[np.ix_(p, q)])
    sample.hold("permutation equivariance", ok, score, found[p])
    for dtype in (np.float32, np.float64):
        out = np.empty(matrix.shape, dtype)
        returned = score.pairwise(found, truth, out=out)
        ok = same(out, matrix.astype(dtype))
        sample.hold(f"out= of {np.dtype(dtype)}", ok & (returned is out), score, found)


def _emptiness(sample: Sample, score: Score) -> None:
    found, truth = sample.found, sample.truth[:3]
    none = found[:0]
    shapes = (
        (score(none, none), (0,)),
        (score.pairwise(none, truth), (0, 3)),
        (score.pairwise(truth, none), (3, 0)),
        (score.pairwise(none, none), (0, 0)),
    )
    for got, wanted in shapes:
        sample.hold("no regions, no scores", got.shape == wanted, score, shape=np.array(got.shape))
    if score.prunes(0.5):
        for pair in ((none, truth), (truth, none)):
            got = score.pairs(*pair, at_least=0.5)
            ok = got.nnz == 0 and got.shape == tuple(map(len, pair))
            sample.hold("no regions, no pairs", ok, score, got=got.nnz)


def _sparse(sample: Sample, score: Score) -> None:
    found, truth, rng = sample.found[:60], sample.truth[:50], sample.rng
    dense = score.pairwise(found, truth)
    possible = dense[dense > score.disjoint_max]
    if not possible.size:
        return
    labels = rng.integers(0, 3, len(found)), rng.integers(0, 3, len(truth))
    together = labels[0][:, None] == labels[1][None, :]
    middle = float(np.sort(possible)[possible.size // 2])  # >= and > differ here
    for strict in (False, True):
        for groups, among in ((None, np.full(dense.shape, True)), (labels, together)):
            got = score.pairs(found, truth, at_least=middle, strict=strict, groups=groups)
            wanted = np.where(((dense > middle) if strict else (dense >= middle)) & among, dense, 0)
            ok = same(got.toarray(), wanted) & (got.nnz == np.count_nonzero(wanted))
            sample.hold(
                "sparse = dense", ok, score, found, at_least=middle, strict=strict, got=got.nnz
            )


def _invariance(sample: Sample, score: Score) -> None:
    found, truth = sample.found, sample.truth
    value = score(found, truth)
    absolute = any(part.component.absolute for part in score.parts)
    for name, transform in sample.transforms.items():
        if name == "scale" and absolute:
            continue
        moved = score(transform(found), transform(truth))
        ok = close(moved, value, 1e-9)
        sample.hold(f"invariance ({name})", ok, score, found, truth, value=value, moved=moved)


def _precision(sample: Sample, score: Score) -> None:
    if not sample.numeric:
        return
    tables = [batch.to_array().astype(np.float32) for batch in (sample.found, sample.truth)]
    legal = [sample.build(sample.found, table)[1] for table in tables]  # rounding can break rows
    rows = np.intersect1d(legal[0], legal[1])[:20]
    single, double = (
        score(*(sample.rebuild(sample.found, table[rows].astype(kind)) for table in tables))
        for kind in (np.float32, np.float64)
    )
    sample.hold("float32 input = float64 result", same(single, double), score, single=single)


def _fused(sample: Sample, score: Score) -> None:
    if not sample.fused:
        return
    kind = type(sample.found).__mro__[1]
    found, truth = with_class(sample.found, kind), with_class(sample.truth, kind)
    value, inside = score(sample.found, sample.truth), score(found, truth)
    sample.hold("fused = blocked", close(inside, value), score, found, truth, got=inside)


def order_of_scores(sample: Sample) -> None:
    """Check the inequalities between scores."""
    found, truth = sample.found, sample.truth
    iou, dice = ov.iou(found, truth), ov.dice(found, truth)
    undefined = np.isnan(iou)
    ok = (iou <= dice * (1 + ROUNDING)) & (dice <= 2 * iou * (1 + ROUNDING)) | undefined
    sample.hold("iou <= dice <= 2 iou", ok, None, found, truth, iou=iou, dice=dice)
    for score in (ov.giou, ov.diou, ov.ciou, ov.eiou):
        if sample.has(score):
            value = score(found, truth)
            sample.hold(f"{score} <= iou", (value <= iou) | undefined, None, found, truth, iou=iou)


# ---------------------------------------------------------------------- laws of batches


def refusal(sample: Sample, score: Score) -> None:
    """Check that a score which the kind cannot have is refused in clear words."""
    for call in (score, score.pairwise, score.value_and_grad):
        try:
            call(sample.found, sample.truth)
        except TypeError as error:
            clear = sample.kind in str(error) and str(score) in str(error)
            sample.hold("a refused score names score and kind", clear, score, message=error)
        else:
            sample.hold("a score without its terms is refused", False, score)


def batches(sample: Sample, batch: Regions) -> None:
    """Check that a batch behaves as a container of regions."""
    n = len(batch)
    sample.hold("measure() is not negative", batch.measure() >= 0, found=batch)
    sample.hold("measure() has shape (N,)", batch.measure().shape == (n,), shape=n)
    index = np.arange(n)[::-2]
    for name, part, rows in (
        ("slice", batch[1:5], np.arange(n)[1:5]),
        ("index array", batch[index], index),
        ("mask", batch[batch.measure() > 0], np.flatnonzero(batch.measure() > 0)),
        ("integer", batch[-1], np.array([n - 1])),
    ):
        sample.hold(f"indexing by {name} keeps the kind", type(part) is type(batch), got=type(part))
        ok = len(part) == len(rows) and same(part.measure(), batch.measure()[rows]).all()
        sample.hold(f"indexing by {name}", ok, got=len(part), wanted=len(rows))
    joined = type(batch).concat([batch[:3], batch[3:3], batch[3:]])
    sample.hold("concat of the pieces is the whole", joined == batch, got=len(joined))
    few = batch[:5]
    sample.hold("repr evaluates back", eval(repr(few), _names(few)) == few, got=repr(few))
    _values(sample, batch)
    if sample.numeric:
        _numbers(sample, batch)
        again = sample.rebuild(batch, batch.to_array())
        sample.hold("to_array() builds the batch again", again == batch, got=len(again))
        frame = batch.to_frame()
        ok = frame.shape == batch.to_array().shape and (frame.to_numpy() == batch.to_array()).all()
        sample.hold("to_frame() holds to_array()", ok, shape=np.array(frame.shape))


def _values(sample: Sample, batch: Regions) -> None:
    """Check that a batch is a value: copies are equal to it, and score alike."""
    copies = {"copy": copy.copy(batch), "deepcopy": copy.deepcopy(batch)}
    kind = type(batch)
    if getattr(sys.modules.get(kind.__module__), kind.__qualname__, None) is kind:
        copies["pickle"] = pickle.loads(pickle.dumps(batch))
        part = pickle.loads(pickle.dumps(batch[1:4]))
        sample.hold("a part that was pickled is equal", part == batch[1:4], got=len(part))
    value = ov.iou(batch, batch[::-1])
    for name, other in copies.items():
        sample.hold(f"{name} keeps the kind", type(other) is kind, got=type(other))
        sample.hold(f"{name} is equal", other == batch and batch == other, got=len(other))
        sample.hold(f"{name} has the same hash", hash(other) == hash(batch), got=hash(other))
        ok = same(ov.iou(other, other[::-1]), value)
        sample.hold(f"{name} has the same scores", ok, ov.iou, batch, value=value)
    sample.hold("a part is not the whole", batch[1:] != batch, got=len(batch) - 1)
    try:
        shown = batch.to_array()
    except TypeError:
        return  # a product has no table where a factor has none
    if shown.flags.writeable:
        shown[...] = shown.ravel()[::-1].reshape(shown.shape)
    sample.hold("a change of to_array() changes no batch", batch == copies["deepcopy"])


def _numbers(sample: Sample, batch: Regions) -> None:
    """Check that whole numbers are exact or refused, and sizes beyond float64 too."""
    table = np.round(batch.to_array() * 8.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that angles may be degrees
        whole, rows = sample.build(batch, table)
        for dtype in (np.int64, object) if len(rows) else ():
            given = table[rows].astype(np.int64).astype(dtype)
            other = sample.rebuild(batch, given)
            sample.hold("whole numbers = the same floats", other == whole, got=np.dtype(dtype))
    large = np.full((1, table.shape[1]), 2**53 + 1)
    try:
        sample.rebuild(batch, large)
    except (TypeError, ValueError):  # of masks, any but 0 and 1 is refused
        pass
    else:
        sample.hold("a whole number that float64 does not hold is refused", False, got=2**53 + 1)
    for factor in (1e-200, 1e200):
        try:
            measure = sample.build(batch, batch.to_array() * factor)[0].measure()
        except ValueError:
            continue
        ok = np.isfinite(measure)
        sample.hold(f"sizes times {factor:g} are refused or measured", ok, None, measure=measure)


def _names(batch: Regions) -> dict[str, Any]:
    names: dict[str, Any] = {name: getattr(ov, name) for name in dir(ov)}
    return {**names, type(batch).__name__: type(batch)}


SCORE_LAWS = (
    _range,
    _symmetry,
    _identity,
    _ways_of_pairing,
    _emptiness,
    _sparse,
    _invariance,
    _precision,
    _fused,
)
