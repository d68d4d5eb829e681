"""The law suite: what must be true of every kind of region under every score.

Whoever adds a kind runs `check_regions` on it; the project's own kinds pass the same laws.
A law that fails raises an AssertionError that names the law, the kind, the score and the
pair of regions.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

import overlap as ov
from overlap._terms import Groups
from overlap.regions.base import Regions
from overlap.scores import Part, Score

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["all_scores", "central_difference", "check_regions"]

_ROUNDING = 1e-12  # of laws between two ways of computing one number
_GRADIENT = 1e-6  # relative, between a gradient and a central difference


def all_scores() -> tuple[Score, ...]:
    """Return the scores that the law suite goes through."""
    return (
        ov.iou,
        ov.dice,
        ov.tversky(alpha=0.3, beta=0.7),
        ov.f_score(beta=2.0),
        ov.coverage,
        ov.overlap_coefficient,
        ov.volumetric_similarity,
        ov.giou,
        ov.diou,
        ov.ciou,
        ov.eiou,
        ov.iou - ov.enclosed_gap,
        ov.dice - 0.5 * ov.center_gap,
    )


# ------------------------------------------------------------------------------- sample


@cache
def _blocked_class(kind: type[Regions]) -> type[Regions]:
    """Return the kind with scores evaluated on blocks of terms instead of inside loops."""

    def geometry(self: Regions, enclosure: str = "natural"):
        return replace(kind.geometry(self, enclosure), fused=False)

    return type(kind.__name__, (kind,), {"geometry": geometry, "__module__": kind.__module__})


def _with_class(batch: Regions, kind: type[Regions]) -> Regions:
    result = copy.copy(batch)
    result.__class__ = kind
    return result


def _rebuild(batch: Regions, table: ArrayLike) -> Regions:
    return type(batch)(table, **batch._settings())


@dataclass(frozen=True, eq=False)
class _Sample:
    """Random pairs of one kind, and what the laws may do with them."""

    kind: str
    found: Regions
    truth: Regions
    fused: bool
    exact: bool
    numeric: bool
    rebuild: Callable[[Regions, ArrayLike], Regions]
    transforms: Mapping[str, Callable[[Regions], Regions]]
    rng: np.random.Generator
    overlapping: NDArray[np.bool_] = field(init=False)

    def __post_init__(self) -> None:
        shared = ov.terms(self.found, self.truth).intersection > 0
        object.__setattr__(self, "overlapping", shared)

    def has(self, score: Score) -> bool:
        """Return whether the kind has what the score needs."""
        try:
            score._plan().geometry(self.found, self.truth)
        except TypeError:
            return False
        return True

    def build(self, batch: Regions, table: NDArray) -> tuple[Regions, NDArray[np.intp]]:
        """Build the rows of `table` that are legal regions; return their numbers as well."""
        try:
            return self.rebuild(batch, table), np.arange(len(table))
        except ValueError:
            legal = [k for k in range(len(table)) if self._legal(batch, table[k : k + 1])]
            return self.rebuild(batch, table[legal]), np.array(legal, np.intp)

    def _legal(self, batch: Regions, row: NDArray) -> bool:
        try:
            self.rebuild(batch, row)
        except ValueError:
            return False
        return True

    def hold(
        self,
        law: str,
        ok: ArrayLike,
        score: Score | None = None,
        found: Regions | None = None,
        truth: Regions | None = None,
        **numbers: Any,
    ) -> None:
        """Raise an AssertionError about the first pair for which `ok` is false."""
        ok = np.asarray(ok)
        if ok.all():
            return
        where = np.argwhere(~ok)[0]
        lines = [f"{law}: does not hold for {self.kind}" + (f" under {score}" if score else "")]
        for name, batch in (("found", found), ("truth", truth)):
            if batch is not None and len(batch):
                lines.append(f"  {name} {where[0]}: {batch[int(where[0]) % len(batch)]!r}")
        for name, values in numbers.items():
            values = np.asarray(values)
            shown = values[tuple(where)] if values.ndim == len(where) else values
            lines.append(f"  {name}: {shown!r}")
        raise AssertionError("\n".join(lines))


def _same(a: NDArray, b: NDArray) -> NDArray[np.bool_]:
    """Return where two results are equal to the bit, NaN being equal to NaN."""
    if np.shape(a) != np.shape(b):
        return np.array(False)
    return (a == b) | (np.isnan(a) & np.isnan(b))


def _close(a: NDArray, b: NDArray, tolerance: float = _ROUNDING) -> NDArray[np.bool_]:
    with np.errstate(invalid="ignore"):
        return _same(a, b) | (abs(a - b) <= tolerance * (1.0 + abs(b)))


# ------------------------------------------------------------------------ laws of terms


def _terms(sample: _Sample) -> None:
    found, truth = sample.found, sample.truth
    terms = ov.terms(found, truth)
    a, b, shared = terms.measure_a, terms.measure_b, terms.intersection
    room = _ROUNDING * np.maximum(a, b)

    def hold(law: str, ok: ArrayLike, **numbers: Any) -> None:
        sample.hold(law, ok, None, found, truth, **numbers)

    hold("0 <= intersection", shared >= 0, intersection=shared)
    smaller = np.minimum(a, b)
    hold("intersection <= smaller measure", shared <= smaller + room, intersection=shared)
    hold("terms agree with measure()", _close(a, found.measure()), measure=found.measure())
    if terms.hull is not None:
        hull, gap, diameter = terms.hull, terms.center_gap2, terms.diameter2
        room = _ROUNDING * hull
        hold("hull >= measures", hull >= np.maximum(a, b) - room, hull=hull)
        if found.geometry().outside is None:
            hold("hull >= union", hull >= terms.union - room, hull=hull, union=terms.union)
        if found.geometry().centers:
            hold("0 <= center_gap2 <= diameter2", (gap >= 0) & (gap <= diameter), gap=gap)
        outside = terms.outside
        hold("0 <= outside <= hull", (outside >= 0) & (outside <= hull + room), outside=outside)
    if terms.cover is not None:
        sides = np.maximum(terms.side_a, terms.side_b)
        hold("cover >= sides", terms.cover >= sides * (1 - _ROUNDING), cover=terms.cover)


# ------------------------------------------------------------------------ laws of scores


def _range(sample: _Sample, score: Score) -> None:
    found, truth = sample.found, sample.truth
    value = score(found, truth)
    low, high = score.bounds(max(found.geometry().axes, 1))
    room = 0.0 if sample.exact else _ROUNDING
    defined = ~((found.measure() == 0) & (truth.measure() == 0))
    sample.hold("a value unless both are empty", ~np.isnan(value) | ~defined, score, found, truth)
    inside = (value >= low - room) & (value <= high + room) | ~defined
    sample.hold(f"in [{low:g}, {high:g}]", inside, score, found, truth, value=value)
    limit = score.disjoint_max + _ROUNDING
    sample.hold(
        "at most disjoint_max without an intersection",
        sample.overlapping | (value <= limit) | ~defined,
        score, found, truth, value=value, disjoint_max=score.disjoint_max,
    )  # fmt: skip


def _symmetry(sample: _Sample, score: Score) -> None:
    if not score.symmetric:
        return
    found, truth = sample.found, sample.truth
    one, other = score(found, truth), score(truth, found)
    ok = _same(one, other) if sample.exact else _close(one, other)
    sample.hold("symmetry", ok, score, found, truth, value=one, exchanged=other)


def _identity(sample: _Sample, score: Score) -> None:
    names = {part.component.name for part in score.parts}
    ratios = {part.component.name for part in score.parts if _is_ratio(part)}
    legal = ratios | {"center_gap", "aspect_gap", "sides_gap", "enclosed_gap"}
    if sample.found.geometry().outside is None:
        legal |= {"enclosure_gap"}  # the region fills its own enclosure
    if not names <= legal:
        return
    wanted = sum(part.coefficient for part in score.parts if _is_ratio(part))
    value = score(sample.found, sample.found)
    positive = sample.found.measure() > 0
    ok = value == wanted if sample.exact else _close(value, np.full_like(value, wanted))
    sample.hold("identity", ok | ~positive, score, sample.found, value=value, wanted=wanted)


def _is_ratio(part: Part) -> bool:
    return part.component.needs == Groups.OVERLAP


def _ways_of_pairing(sample: _Sample, score: Score) -> None:
    found, truth, rng = sample.found[:40], sample.truth[:30], sample.rng
    matrix = score.pairwise(found, truth)
    n = len(truth)
    paired = score(found[:n], truth)
    ok = _same(np.diagonal(matrix), paired)
    sample.hold("pairwise diagonal = paired", ok, score, found, truth, paired=paired)
    single = score(found[0], truth)
    sample.hold("one region is repeated", _same(matrix[0], single), score, found[0], truth)
    p, q = rng.permutation(len(found)), rng.permutation(n)
    ok = _same(score.pairwise(found[p], truth[q]), matrix[np.ix_(p, q)])
    sample.hold("permutation equivariance", ok, score, found[p])
    for dtype in (np.float32, np.float64):
        out = np.empty(matrix.shape, dtype)
        returned = score.pairwise(found, truth, out=out)
        ok = _same(out, matrix.astype(dtype))
        sample.hold(f"out= of {np.dtype(dtype)}", ok & (returned is out), score, found)


def _emptiness(sample: _Sample, score: Score) -> None:
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


def _sparse(sample: _Sample, score: Score) -> None:
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
            ok = _same(got.toarray(), wanted) & (got.nnz == np.count_nonzero(wanted))
            sample.hold(
                "sparse = dense", ok, score, found, at_least=middle, strict=strict, got=got.nnz
            )


def _invariance(sample: _Sample, score: Score) -> None:
    found, truth = sample.found, sample.truth
    value = score(found, truth)
    for name, transform in sample.transforms.items():
        moved = score(transform(found), transform(truth))
        ok = _close(moved, value, 1e-9)
        sample.hold(f"invariance ({name})", ok, score, found, truth, value=value, moved=moved)


def _precision(sample: _Sample, score: Score) -> None:
    if not sample.numeric:
        return
    tables = [batch.to_array().astype(np.float32) for batch in (sample.found, sample.truth)]
    single, double = (
        score(*(sample.build(sample.found, table.astype(kind))[0][:20] for table in tables))
        for kind in (np.float32, np.float64)
    )
    sample.hold("float32 input = float64 result", _same(single, double), score, single=single)


def _fused(sample: _Sample, score: Score) -> None:
    if not sample.fused:
        return
    kind = type(sample.found).__mro__[1]
    found, truth = _with_class(sample.found, kind), _with_class(sample.truth, kind)
    value, inside = score(sample.found, sample.truth), score(found, truth)
    sample.hold("fused = blocked", _close(inside, value), score, found, truth, got=inside)


# -------------------------------------------------------------------- laws of gradients


def central_difference(
    function: Callable[[Regions], NDArray], batch: Regions, rebuild: Callable = _rebuild
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return central differences of a function of N regions, and where they can be trusted.

    Parameters
    ----------
    function : callable
        From a batch of N regions to N numbers, region by region.
    batch : Regions
        Where to differentiate.
    rebuild : callable
        ``(batch, table)`` -> a batch of the same kind from a table of parameters.

    Returns
    -------
    gradient : ndarray, shape (N, P)
        Five-point differences.
    smooth : ndarray of bool, shape (N, P)
        False where two step sizes disagree: near a tie, where the derivative jumps.
    """
    table = batch.to_array()
    gradient, other = np.empty_like(table), np.empty_like(table)
    spread = table.std(axis=0)
    for column, size in enumerate(np.where(spread > 0, spread, 1.0)):
        at = {}
        for step in (-2.0, -1.0, -0.5, 0.5, 1.0, 2.0):
            moved = table.copy()
            moved[:, column] += step * 1e-4 * size
            at[step] = function(rebuild(batch, moved))
        for result, h in ((other, 1.0), (gradient, 0.5)):
            near, far = at[h] - at[-h], at[2 * h] - at[-2 * h]
            result[:, column] = (8.0 * near - far) / (12.0 * h * 1e-4 * size)
    return gradient, abs(gradient - other) <= 0.1 * _GRADIENT * _sizes(gradient)


def _sizes(gradient: NDArray) -> NDArray:
    """Return what errors of a gradient are relative to: its largest entry, pair by pair."""
    return np.maximum(abs(gradient).max(axis=1, keepdims=True), 1e-3 * abs(gradient).max())


def _frozen(score: Score, found: Regions, truth: Regions) -> Callable[[Regions], NDArray]:
    """Return the score as a function of found, with the weight of every aspect gap held."""
    rest = tuple(part for part in score.parts if part.component.name != "aspect_gap")
    weight = sum(part.coefficient for part in score.parts if part not in rest)

    def difference(regions: Regions) -> tuple[NDArray, NDArray]:
        gap, distance = ov.aspect_gap(regions, truth), 1.0 - ov.iou(regions, truth)
        v = 0.5 * (gap + np.sqrt(gap * gap + 4.0 * gap * distance))  # gap = v^2 / (distance + v)
        return v, np.divide(v, distance + v, out=np.zeros_like(v), where=v > 0)

    alpha = difference(found)[1]
    others = Score(rest, score.enclosure)
    return lambda regions: others(regions, truth) + weight * alpha * difference(regions)[0]


def _gradient(sample: _Sample, score: Score) -> None:
    sizes = [batch.measure() for batch in (sample.found, sample.truth)]
    large = np.logical_and(*(size > 0.05 * np.median(size) for size in sizes))
    found, truth = sample.found[large], sample.truth[large]
    aspect = any(part.component.name == "aspect_gap" for part in score.parts)
    # Alpha as published is constant in the gradient; the score itself has alpha_grad=True.
    cases = [(score(alpha_grad=1.0) if aspect else score, lambda regions: score(regions, truth))]
    if aspect:
        cases.append((score, _frozen(score, found, truth)))
    for variant, function in cases:
        value, (grad, swapped) = variant.value_and_grad(found, truth, wrt="both")
        sample.hold("value_and_grad's value", _same(value, score(found, truth)), score, found)
        wanted, smooth = central_difference(function, found, sample.rebuild)
        sample.hold("few pairs are near ties", smooth.mean() > 0.8, score, smooth=smooth.mean())
        ok = abs(grad - wanted) <= _GRADIENT * _sizes(wanted)
        sample.hold(
            "gradient = central difference",
            ok | ~smooth,
            variant, found, truth, gradient=grad, difference=wanted,
        )  # fmt: skip
        if score.symmetric:
            back = variant.value_and_grad(truth, found, wrt="both")[1][0]
            ok = abs(swapped - back) <= _ROUNDING * _sizes(back)
            sample.hold("wrt truth = found exchanged", ok, variant, found, truth, wrt_truth=swapped)


def _gradient_at_ties(sample: _Sample, score: Score) -> None:
    found, truth = sample.found, sample.truth
    grad = score.value_and_grad(found, found, wrt="both")[1][0]
    sample.hold("finite gradient of identical regions", np.isfinite(grad), score, found)
    if score.symmetric:
        general = score.value_and_grad(found, truth, wrt="both")[1][0]
        room = _ROUNDING * max(1.0, abs(general).max(initial=0.0))
        ok = abs(grad) <= room
        sample.hold("zero gradient of identical regions", ok, score, found, gradient=grad)
    for column in range(found.to_array().shape[1]):
        table = found.to_array()
        table[:, column] = truth.to_array()[:, column]
        tied, rows = sample.build(found, table)
        partner = truth[rows]
        grad = np.hstack(score.value_and_grad(tied, partner, wrt="both")[1])
        sample.hold("finite gradient at ties", np.isfinite(grad), score, tied, partner)


def _order_of_scores(sample: _Sample, scores: Sequence[Score]) -> None:
    found, truth = sample.found, sample.truth
    iou, dice = ov.iou(found, truth), ov.dice(found, truth)
    undefined = np.isnan(iou)
    ok = (iou <= dice * (1 + _ROUNDING)) & (dice <= 2 * iou * (1 + _ROUNDING)) | undefined
    sample.hold("iou <= dice <= 2 iou", ok, None, found, truth, iou=iou, dice=dice)
    for score in (ov.giou, ov.diou, ov.ciou, ov.eiou):
        if sample.has(score):
            value = score(found, truth)
            sample.hold(f"{score} <= iou", (value <= iou) | undefined, None, found, truth, iou=iou)


# ------------------------------------------------------------------------ laws of batches


def _batch(sample: _Sample, batch: Regions) -> None:
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
        ok = len(part) == len(rows) and _same(part.measure(), batch.measure()[rows]).all()
        sample.hold(f"indexing by {name}", ok, got=len(part), wanted=len(rows))
    joined = type(batch).concat([batch[:3], batch[3:3], batch[3:]])
    sample.hold("concat of the pieces is the whole", joined == batch, got=len(joined))
    few = batch[:5]
    sample.hold("repr evaluates back", eval(repr(few), _names(few)) == few, got=repr(few))
    if sample.numeric:
        again = sample.rebuild(batch, batch.to_array())
        sample.hold("to_array() builds the batch again", again == batch, got=len(again))
        frame = batch.to_frame()
        ok = frame.shape == batch.to_array().shape and (frame.to_numpy() == batch.to_array()).all()
        sample.hold("to_frame() holds to_array()", ok, shape=np.array(frame.shape))


def _names(batch: Regions) -> dict[str, Any]:
    names: dict[str, Any] = {name: getattr(ov, name) for name in ov.__all__}
    return {**names, type(batch).__name__: type(batch)}


# ----------------------------------------------------------------------------- the suite

_SCORE_LAWS = (
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
_GRADIENT_LAWS = (_gradient, _gradient_at_ties)


def _pairs(
    example: Regions | Callable[[np.random.Generator, int], Regions],
    rng: np.random.Generator,
    count: int,
) -> Iterator[Regions]:
    if isinstance(example, Regions):
        if len(example) < 8:
            raise ValueError(f"check_regions: {len(example)} regions are too few; give at least 8")
        for _ in range(2):
            yield example[rng.integers(0, len(example), count)]
    else:
        for _ in range(2):
            yield example(rng, count)


def check_regions(
    example: Regions | Callable[[np.random.Generator, int], Regions],
    *,
    scores: Sequence[Score] | None = None,
    transforms: Mapping[str, Callable[[Regions], Regions]] | None = None,
    rebuild: Callable[[Regions, ArrayLike], Regions] | None = None,
    exact: bool = True,
    pairs: int = 200,
    rng: int | np.random.Generator = 0,
) -> None:
    """Check every law that applies to a kind of region, under every score that it has.

    Parameters
    ----------
    example : Regions or callable
        A batch of at least 8 regions to draw pairs from, or ``(rng, n)`` -> a batch of n
        random regions. Many of the pairs should intersect.
    scores : sequence of Score, optional
        Default: of `all_scores`, those that the kind can have.
    transforms : mapping of str to callable, optional
        Maps from batch to batch that change no score, such as a translation.
    rebuild : callable, optional
        ``(batch, table)`` -> a batch from what ``to_array`` gives. Default: the class
        itself, with the settings of the batch.
    exact : bool
        Symmetry and identity hold to the bit. False: to 1e-12, for kinds whose kernels
        must round.
    pairs : int
        Number of random pairs.
    rng : int or numpy.random.Generator
        Seed.

    Raises
    ------
    AssertionError
        Names the law, the kind, the score, the pair and the numbers.

    Examples
    --------
    >>> import numpy as np, overlap as ov
    >>> from overlap.testing import check_regions
    >>> ends = np.sort(np.random.default_rng(1).random((50, 2)), axis=1)
    >>> check_regions(ov.Intervals(ends), scores=[ov.iou])
    """
    rng = np.random.default_rng(rng)
    found, truth = _pairs(example, rng, pairs)
    kind, fused = type(found), found.geometry().fused
    blocked = _blocked_class(kind)
    sample = _Sample(
        kind=kind.__name__,
        found=_with_class(found, blocked),
        truth=_with_class(truth, blocked),
        fused=fused,
        exact=exact,
        numeric=hasattr(found, "to_array"),
        rebuild=_rebuild if rebuild is None else rebuild,
        transforms=transforms or {},
        rng=rng,
    )
    shared = int(sample.overlapping.sum())
    if 20 * shared < pairs:
        raise ValueError(
            f"check_regions: only {shared} of {pairs} pairs of {kind.__name__} intersect, which "
            "would check little; give regions that lie closer together"
        )
    _batch(sample, found)
    _terms(sample)
    chosen = all_scores() if scores is None else scores
    chosen = [score for score in chosen if scores is not None or sample.has(score)]
    _order_of_scores(sample, chosen)
    for score in chosen:
        for law in _SCORE_LAWS:
            law(sample, score)
        if found.geometry(score.enclosure).pullback is not None:
            for law in _GRADIENT_LAWS:
                law(sample, score)
