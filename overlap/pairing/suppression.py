"""Non-maximum suppression, hard and soft, for any score and kind of region."""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from overlap._common.numbers import as_numbers, checked_number
from overlap._common.values import ByValue
from overlap._kernels.jit import compose, specialise
from overlap._kernels.terms import Geometry, Groups, each_axis, terms_scalar
from overlap.pairing import _suppression_loops as loops
from overlap.pairing._confidence import descending, one_for_each, refuse_nan
from overlap.regions.base import Regions, check_pair
from overlap.scores.component import Component, combine
from overlap.scores.groups import codes_of, label_columns
from overlap.scores.plan import Plan
from overlap.scores.ratios import iou
from overlap.scores.score import Score, check_score
from overlap.scores.sparse import reaching

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray


__all__ = ["Bounds", "Kept", "boxes", "layout", "nms", "shares"]

Bounds = tuple["NDArray[np.float64]", "NDArray[np.float64]"]
_LEVELS = 30  # sizes that differ by more than 2^30 share the smallest cells
_FINER = 1  # cells are half as wide as the regions in them

_FEW = 1024  # up to here, looking at all kept regions in one compiled loop is faster
_SMALL_GROUP = 96  # up to here, looking at all kept regions is faster than a grid
_SMALL_BATCH = 256  # up to here, it is faster than laying out a grid
_NO_SHARES = 0.0, 0.0, math.inf
_NO_TILES = np.zeros(2), np.zeros(2), np.empty(0, np.int32)
_NO_GRID = np.zeros(2), np.ones(2), 0, np.ones((1, 2))
_INDEX = np.dtype(np.int64)
_NO_CODES = np.empty(0, _INDEX)
_BLOCK = 2048
_NEAR = 2**16  # from here on, regions are looked at tile by tile
_IN_TILE = 2**12  # regions whose neighbors lie in the nearest caches
_NARROWEST = 16.0  # tile, in sides of regions: narrower ones have more border than inside
_MOST_TILES = 200  # on each axis


@dataclass(frozen=True, eq=False, init=False)
class Kept(ByValue):
    """Kept regions, in order of descending confidence; ties in order of index.

    Attributes
    ----------
    index : ndarray of int64, shape (K,)
        Positions of the kept regions in the batch.
    confidence : ndarray of float64, shape (K,)
        Their confidences; lowered ones after soft suppression.

    Examples
    --------
    >>> import overlap as ov
    >>> boxes = ov.Boxes([[0, 0, 10, 10], [1, 0, 10, 10], [20, 0, 30, 10]])
    >>> kept = ov.nms(boxes, [0.8, 0.9, 0.7])
    >>> boxes[kept]
    Boxes([[1.0, 0.0, 10.0, 10.0], [20.0, 0.0, 30.0, 10.0]])
    """

    index: NDArray[np.int64]
    confidence: NDArray[np.float64]

    def __init__(self, index: NDArray[np.int64], confidence: NDArray[np.float64]) -> None:
        own = vars(self)  # a frozen class lets nobody set attributes; faster than its own way
        own["index"], own["confidence"] = index, confidence

    def __len__(self) -> int:
        return len(self.index)

    def __iter__(self) -> Iterator[int]:
        return iter(self.index.tolist())

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Return `index`, so that ``regions[kept]`` are the kept regions."""
        return np.array(self.index, dtype=dtype, copy=copy)

    def to_frame(self) -> pd.DataFrame:
        """Return a DataFrame with the columns ``index`` and ``confidence``."""
        import pandas as pd

        return pd.DataFrame({"index": self.index, "confidence": self.confidence})


def nms(
    regions: Regions,
    confidence: ArrayLike,
    threshold: float | ArrayLike | Mapping[Any, float] = 0.5,
    *,
    score: Score = iou,
    groups: Any = None,
    soft: Literal["linear", "gaussian"] | None = None,
    sigma: float = 0.5,
    min_confidence: float | None = None,
    max_per_group: int | None = None,
) -> Kept:
    """Suppress regions that overlap a more confident one.

    The most confident region is kept, all others whose score against it is greater than
    the threshold are dropped, and so on with the rest. Equal confidences are taken in
    the order of their index. A score that is NaN (two empty regions) suppresses nothing.

    Soft suppression (Bodla et al. 2017, arXiv:1704.04503) lowers confidences instead: when
    the most confident region m is taken, every other one is multiplied by ``1 - s`` where
    its score s against m exceeds the threshold (``"linear"``), or by ``exp(-s^2 / sigma)``
    (``"gaussian"``, which has no threshold); s is clipped to [0, 1].

    Parameters
    ----------
    regions : Regions
        N regions of any kind.
    confidence : array_like, shape (N,)
        Any order of magnitude; finite and not negative for soft suppression.
    threshold : float, mapping, or array_like of shape (N,)
        Regions with a score > `threshold` are suppressed; equality keeps both. A mapping has a
        threshold for every label of `groups`, of the last column if there are several, or
        for every tuple of labels. An array has that of every region's group.
    score : Score
        Called as ``score(candidate, kept)``: with `overlap.coverage`, a region is
        suppressed where more than that share of itself lies in a kept one.
    groups : array_like, shape (N,) or (N, K), or tuple of K array_like, optional
        Labels such as the class or the video; regions suppress only within their group. With
        several columns, such as ``(image, label)``, those with equal labels in all columns are a
        group.
    soft : {"linear", "gaussian"}, optional
        Lower confidences instead of dropping regions.
    sigma : float
        Width of the Gaussian, > 0.
    min_confidence : float, optional
        Drop regions whose confidence, after it was lowered, is below this.
    max_per_group : int, optional
        Keep at most so many regions of each group (of all, without groups), the most confident
        ones: COCO's ``maxDets``, if the groups are images and classes.

    Returns
    -------
    Kept
        ``index`` and ``confidence`` of the kept regions, most confident first.

    Raises
    ------
    ValueError
        For lengths that differ, a confidence or a label that is NaN, a threshold that is not
        finite, and labels without a threshold.

    Examples
    --------
    >>> import overlap as ov
    >>> boxes = ov.Boxes([[0, 0, 10, 10], [1, 0, 10, 10], [20, 0, 30, 10]])
    >>> ov.nms(boxes, [0.8, 0.9, 0.7]).index
    array([1, 2])
    >>> ov.nms(boxes, [0.8, 0.9, 0.7], groups=["cat", "dog", "cat"]).index
    array([1, 0, 2])
    >>> ov.nms(boxes, [0.8, 0.9, 0.7], soft="linear").confidence
    array([0.9 , 0.7 , 0.08])
    >>> image, label = [1, 1, 2], ["cat", "cat", "dog"]
    >>> ov.nms(boxes, [0.8, 0.9, 0.7], {"cat": 0.9, "dog": 0.5}, groups=(image, label)).index
    array([1, 0, 2])
    """
    if not isinstance(regions, Regions):
        check_pair(regions, regions, "regions", "regions")  # which raises
    check_score(score)
    several = not isinstance(threshold, (int, float)) and _are_several(threshold)
    common = 0.0 if several else checked_number(threshold, "threshold")
    if common > 2.0:
        score.plan.check_level(common, "threshold")
    if soft not in (None, "linear", "gaussian"):
        raise ValueError(f"soft = {soft!r}; expected 'linear', 'gaussian' or None")
    sigma = checked_number(sigma, "sigma")
    if sigma <= 0:
        raise ValueError(f"sigma = {sigma!r} is not positive")
    least = (
        -math.inf if min_confidence is None else checked_number(min_confidence, "min_confidence")
    )
    weight = one_for_each(confidence, regions, "regions")
    if len(weight) > _FEW or several or soft is not None:  # else a loop looks at them
        refuse_nan(weight)
    if soft is not None:
        bad = np.flatnonzero(~np.isfinite(weight) | (weight < 0))
        if bad.size:
            raise ValueError(
                f"confidence[{bad[0]}] = {weight[bad[0]]}: soft suppression multiplies "
                "confidences, which must be finite and not negative; give probabilities"
            )
    if max_per_group is not None:
        max_per_group = _checked_count(max_per_group)
    columns = None if groups is None else _columns(groups, len(regions))
    codes = None if columns is None else _codes(columns)
    rule = soft, sigma, least
    if several:
        thresholds = _thresholds(threshold, columns, codes, len(regions))
        score.plan.check_level(float(thresholds.max(initial=0.0)), "threshold")
        kept = _by_threshold(regions, weight, thresholds, score, codes, rule)
    else:
        kept = _suppressed(regions, weight, common, score, codes, rule)
    return kept if max_per_group is None else _limited(kept, codes, max_per_group)


def _suppressed(
    regions: Regions,
    weight: NDArray[np.float64],
    threshold: float,
    score: Score,
    codes: NDArray | None,
    rule: tuple[str | None, float, float],
) -> Kept:
    soft, sigma, least = rule
    plan = score.plan
    geometry = plan.geometry(regions, regions)
    if soft is None and len(weight) <= _FEW:
        kept = _few(regions, weight, threshold, plan, geometry, codes, least)
        if kept is not None:
            return kept
    refuse_nan(weight)

    order = descending(weight)
    if least > -math.inf:
        order = order[: np.count_nonzero(weight >= least)]
    if not len(order):
        return Kept(np.empty(0, np.int64), np.empty(0))
    place = np.arange(len(order))  # in the order of confidence
    if codes is None:
        edges = np.array([0, len(order)])
    else:
        place = np.argsort(codes[order], kind="stable")
        codes = codes[order][place]
        changes = np.flatnonzero(codes[1:] != codes[:-1])
        edges = np.empty(len(changes) + 2, np.int64)
        edges[0], edges[-1] = 0, len(order)
        np.add(changes, 1, out=edges[1:-1])
    starts, stops = edges[:-1], edges[1:]
    index = order[place]
    own = index
    if len(index) < len(regions):
        regions, own = regions[index], np.arange(len(index))
    task = _Task(regions, own, score, plan, geometry, threshold, starts, stops, codes)
    if soft is not None:
        current = weight[index]
        alive = _soft(task, current, index, soft == "linear", sigma, least)
        index, current = index[alive], current[alive]
        final = np.lexsort((index, -current))
        return Kept(index[final], current[final])
    chosen = np.empty(len(order), np.bool_)
    chosen[place] = _hard_fused(task) if geometry.fuses(plan.needs) else _hard_blocks(task)
    index = order[chosen]
    return Kept(index, weight[index])


def _few(
    regions: Regions,
    weight: NDArray[np.float64],
    threshold: float,
    plan: Plan,
    geometry: Geometry,
    codes: NDArray | None,
    least: float,
) -> Kept | None:
    """Suppress in one compiled call; None for what its loop does not take."""
    columns = regions.kernel_columns() if geometry.fused else ()
    kernel = _few_kernel(plan, geometry, len(columns))
    if kernel is None or columns is not getattr(regions, "_arrays", None):
        return None
    size = len(weight)
    order = np.empty(size, _INDEX) if size <= loops.SORTED_HERE else (-weight).argsort()
    confidence = weight.copy()
    groups = _NO_CODES if codes is None else codes.astype(np.int64)
    count = kernel(columns, plan.parameters, threshold, confidence, order, groups, least)
    return Kept(order[:count], confidence[:count]) if count >= 0 else None


@lru_cache(maxsize=64)
def _few_kernel(plan: Plan, geometry: Geometry, columns: int) -> Callable | None:
    if geometry.bound is not None or not geometry.fuses(plan.needs):
        return None
    return plan.kernel(loops.few, geometry, ROWS=each_axis(loops.table_row, columns))


# ------------------------------------------------------------------------------ groups


def _columns(groups: Any, size: int) -> list[NDArray[Any]]:
    """Return the labels of regions as columns."""
    columns = label_columns(groups, "groups")
    if columns[0].shape != (size,):
        raise ValueError(
            f"groups: expected shape ({size},), one label for each region, or a tuple of such "
            f"columns; got {columns[0].shape}"
        )
    return columns


def _codes(columns: list[NDArray[Any]]) -> NDArray:
    """Return whole numbers for labels; of many, in as few bits as they need: that sorts faster."""
    labels, codes = columns[0], None
    size = len(labels)
    if len(columns) == 1 and labels.dtype.kind in "iu" and size:
        if size <= _FEW:
            return labels
        low = int(labels.min())
        codes = labels if int(labels.max()) - low < 2**16 else None
        codes = None if codes is None else (labels.astype(np.int64) - low)
    if codes is None:
        codes = codes_of(columns)
    return codes.astype(np.uint16) if size and codes.max() < 2**16 else codes


def _are_several(threshold: Any) -> bool:
    return isinstance(threshold, Mapping) or np.ndim(threshold) > 0


def _thresholds(
    threshold: Any, columns: list[NDArray[Any]] | None, codes: NDArray | None, size: int
) -> NDArray[np.float64]:
    """Return the threshold of every region, which is one within a group."""
    if columns is None or codes is None:
        raise ValueError("threshold: several thresholds need groups=, the labels of the regions")
    if isinstance(threshold, Mapping):
        whole = len(threshold) > 0 and all(isinstance(key, tuple) for key in threshold)
        values = (column.tolist() for column in columns)
        labels = list(zip(*values, strict=True)) if whole else columns[-1].tolist()
        known: dict[Any, float] = {}
        for label in dict.fromkeys(labels):
            try:
                known[label] = checked_number(threshold[label], f"threshold of {label!r}")
            except KeyError:
                raise ValueError(
                    f"threshold: there is none for the label {label!r}; the mapping has "
                    f"{', '.join(map(repr, list(threshold)[:5])) or 'none'}"
                    f"{', ...' if len(threshold) > 5 else ''}"
                ) from None
        return np.array([known[label] for label in labels], float)
    array = as_numbers(threshold, "threshold")
    if array.shape != (size,):
        raise ValueError(
            f"threshold: expected a number, a mapping from labels, or shape ({size},), the "
            f"threshold of every region's group; got {array.shape}"
        )
    bad = np.flatnonzero(~np.isfinite(array))
    if bad.size:
        raise ValueError(f"threshold[{bad[0]}] = {array[bad[0]]} is not finite")
    order = np.argsort(codes, kind="stable")
    one, other = order[:-1], order[1:]
    bad = np.flatnonzero((codes[one] == codes[other]) & (array[one] != array[other]))
    if bad.size:
        i, j = one[bad[0]], other[bad[0]]
        raise ValueError(
            f"threshold[{i}] = {array[i]} and threshold[{j}] = {array[j]} are of one group, which "
            "has one threshold"
        )
    return array


def _by_threshold(
    regions: Regions,
    weight: NDArray[np.float64],
    thresholds: NDArray[np.float64],
    score: Score,
    codes: NDArray | None,
    rule: tuple[str | None, float, float],
) -> Kept:
    """Suppress the groups of one threshold after those of another."""
    assert codes is not None
    index, confidence = [np.empty(0, np.int64)], [np.empty(0)]
    for value in np.unique(thresholds).tolist():
        rows = np.flatnonzero(thresholds == value)
        kept = _suppressed(regions[rows], weight[rows], value, score, codes[rows], rule)
        index.append(rows[kept.index])
        confidence.append(kept.confidence)
    places, left = np.concatenate(index), np.concatenate(confidence)
    order = np.lexsort((places, -left))
    return Kept(places[order], left[order])


def _checked_count(value: Any) -> int:
    try:
        count = operator.index(value)
    except TypeError:
        raise TypeError(f"max_per_group = {value!r} is not a whole number") from None
    if count < 1 or isinstance(value, bool):
        raise ValueError(f"max_per_group = {value!r}; expected a whole number >= 1")
    return count


def _limited(kept: Kept, codes: NDArray | None, count: int) -> Kept:
    """Keep the first regions of each group."""
    if codes is None:
        return Kept(kept.index[:count], kept.confidence[:count])
    own = codes[kept.index]
    order = np.argsort(own, kind="stable")
    sorted_codes = own[order]
    first = np.searchsorted(sorted_codes, sorted_codes, "left")
    within = np.empty(len(own), np.bool_)
    within[order] = np.arange(len(own)) - first < count
    return Kept(kept.index[within], kept.confidence[within])


# ------------------------------------------------------------------------------- tasks


@dataclass(frozen=True, eq=False)
class _Task:
    """Regions, their order by group and descending confidence, and the rule of suppression."""

    regions: Regions
    index: NDArray[np.int64]
    score: Score
    plan: Plan
    geometry: Geometry
    threshold: float
    starts: NDArray[np.int64]
    stops: NDArray[np.int64]
    codes: NDArray | None

    @cached_property
    def ordered(self) -> Regions:
        """The regions in their order."""
        return self.regions[self.index]

    def kernel(self, template: Callable) -> Callable:
        # Where a score grows with the intersection, a bound of that bounds it.
        grows = all(part.coefficient >= 0.0 and part.component.grows for part in self.plan.parts)
        bounded = grows and self.plan.needs == Groups.OVERLAP
        bounded &= self.geometry.tight_bound is not None
        return _kernel(template, self.geometry, self.plan.components, self.plan.needs, bounded)

    def reaching(self, rows: NDArray, columns: NDArray, at_least: float):
        """Return positions and scores of pairs with a score > `at_least`."""
        groups = None
        if self.codes is not None:
            groups = self.codes[rows].astype(np.int64), self.codes[columns].astype(np.int64)
        a, b = self.ordered[rows], self.ordered[columns]
        i, j, value = reaching(self.plan, a, b, at_least, True, groups)
        return rows[i], columns[j], value

    def bounds(self, threshold: float) -> Bounds | None:
        """Return the outer boxes, or None where regions apart can exceed the threshold."""
        return self.regions.bounds() if self.score.prunes(threshold, strict=True) else None


@cache
def _kernel(
    template: Callable,
    geometry: Geometry,
    components: tuple[Component, ...],
    needs: Groups,
    bounded: bool,
) -> Callable:
    score = combine(components, max(geometry.axes, 1))

    def value(geometry: Geometry) -> Callable:
        terms = terms_scalar(geometry, needs)
        return compose(loops.value, TERMS=terms, SCORE=score)

    if template is not loops.hard:
        return specialise(template, VALUE=value(geometry))
    most = loops.no_bound
    if bounded:
        most = value(replace(geometry, overlap=geometry.tight_bound))
    return specialise(template, VALUE=value(geometry), MOST=most)


# -------------------------------------------------------------------------------- hard


def _hard_fused(task: _Task) -> NDArray[np.bool_]:
    n, regions = len(task.index), task.regions
    bounds = task.bounds(task.threshold) if n > _SMALL_BATCH else None
    sizes = task.stops - task.starts
    small = largest = int(sizes.max())
    limits, grid, tiles = _NO_SHARES, None, None
    if bounds is not None and largest > _SMALL_GROUP:
        sides = bounds[1] - bounds[0]
        limits = shares(regions, task.score, task.threshold, bounds)
        grid = layout(bounds, sides)
        if grid is not None:
            small = _SMALL_GROUP
            tiles = _tiles(bounds, sides, largest) if largest > _NEAR else None
    rows, tile, widest, place = task.index, *_NO_TILES
    passes: tuple[NDArray[np.int64], ...]
    passes = task.starts, task.stops, sizes, np.zeros_like(sizes)
    if tiles is not None:
        tile, widest, code = tiles
        place, passes = _by_tile(task, code[rows])
        rows = rows[place]
    state = np.empty(n, np.uint8)
    task.kernel(loops.hard)(
        _gathered(regions, rows),
        task.plan.parameters,
        task.threshold,
        boxes(bounds, len(regions)).take(rows, axis=0),
        *limits,
        *(grid or _NO_GRID),
        tile,
        widest,
        *passes,
        small,
        place,
        state,
        np.empty(len(place), np.int32),
    )
    kept = state == loops.KEPT
    if tiles is None:
        return kept
    alive = np.empty(n, np.bool_)
    alive[place] = kept
    return alive


def _tiles(
    bounds: Bounds, sides: NDArray[np.float64], size: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.uint16]] | None:
    """Return tiles for groups up to a size: inverse widths, the longest sides, each region's tile.

    None where the plane is too small for several, or ends are too coarse beside the sides.
    """
    if sides.min() <= 1e-9 * _farthest(bounds):
        return None
    lower, sides = bounds[0][:2] - bounds[0][:2].min(axis=1)[:, None], sides[:2]
    unit = sides.mean(axis=1)
    reach = lower.max(axis=1) / unit
    width = max(
        (reach.prod() * _IN_TILE / size) ** (1.0 / len(reach)),
        reach.max() / _MOST_TILES,
        _NARROWEST,
    )
    if reach.max() < width:
        return None
    inverse, widest, code = np.zeros(2), np.zeros(2), np.zeros(lower.shape[1], np.uint16)
    inverse[: len(unit)], widest[: len(unit)] = 1.0 / (width * unit), sides.max(axis=1)
    for axis in range(len(unit)):
        code *= _MOST_TILES + 1
        code += (lower[axis] * inverse[axis]).astype(np.uint16)
    return inverse, widest, code


def _by_tile(
    task: _Task, code: NDArray[np.uint16]
) -> tuple[NDArray[np.int32], tuple[NDArray[np.int64], ...]]:
    """Return an order by tile of large groups, and the passes over them.

    A few regions come first, and in the order of confidence. They suppress most of what crowds
    hold, so that little of that has to wait at the border of a tile.
    """
    place = np.arange(len(code), dtype=np.int32)
    starts, stops = task.starts, task.stops
    sizes = stops - starts
    large = np.flatnonzero(sizes > _NEAR)
    first = stops.copy()
    first[large] = starts[large] + sizes[large] // 128
    for lo, hi in zip(first[large].tolist(), stops[large].tolist(), strict=True):
        place[lo:hi] = np.argsort(code[lo:hi], kind="stable")
        place[lo:hi] += lo
    kinds = np.repeat([loops.WHOLE, loops.TILED, loops.REST], [len(sizes), len(large), len(large)])
    starts, stops, sizes = (
        np.concatenate([start, *(rest[large],) * 2])
        for start, rest in ((starts, first), (first, stops), (sizes, sizes))
    )
    order = np.lexsort((kinds, starts))
    return place, tuple(column[order] for column in (starts, stops, sizes, kinds))


def _hard_blocks(task: _Task) -> NDArray[np.bool_]:
    """Suppress by lists of pairs, a block of regions at a time to bound their number."""
    n = len(task.index)
    alive = np.ones(n, np.bool_)
    kept = np.empty(0, np.int64)
    suppress = specialise(loops.listed)
    for lo in range(0, n, _BLOCK):
        block = np.arange(lo, min(lo + _BLOCK, n))
        if len(kept):
            candidate, _, _ = task.reaching(block, kept, task.threshold)
            alive[candidate] = False
            block = block[alive[block]]
        candidate, other, _ = task.reaching(block, block, task.threshold)
        earlier = other < candidate
        candidate, other = candidate[earlier], other[earlier]
        ascending = np.argsort(candidate, kind="stable")
        suppress(candidate[ascending], other[ascending], alive)
        kept = np.concatenate([kept, block[alive[block]]])
    return alive


# -------------------------------------------------------------------------------- soft


def _soft(
    task: _Task,
    current: NDArray[np.float64],
    index: NDArray[np.int64],
    linear: bool,
    sigma: float,
    least: float,
) -> NDArray[np.bool_]:
    """Lower `current` in place; return which regions are kept."""
    n = len(task.index)
    alive, todo = np.zeros(n, np.bool_), np.empty(n, np.int64)
    threshold = max(task.threshold, 0.0) if linear else 0.0
    rule = (threshold, sigma, linear)
    rest = (least, index, task.starts, task.stops, todo, current, alive)
    if task.geometry.fuses(task.plan.needs):
        box = boxes(task.bounds(threshold), len(task.regions))[task.index]
        kernel = task.kernel(loops.soft_dense)
        kernel(task.ordered.kernel_columns(), task.plan.parameters, *rule, box, *rest)
        return alive
    everything = np.arange(n)
    neighbor, taken, value = task.reaching(everything, everything, threshold)
    ascending = np.lexsort((neighbor, taken))
    pointer = np.searchsorted(taken[ascending], np.arange(n + 1))
    kernel = specialise(loops.soft_listed)
    kernel(pointer, neighbor[ascending], value[ascending], *rule, *rest)
    return alive


# -------------------------------------------------------------------------------------------- grid


def boxes(bounds: Bounds | None, n: int) -> NDArray[np.float64]:
    """Return ``(x0, x1, y0, y1)`` of outer boxes; infinite where every pair counts."""
    if bounds is None:
        box = np.empty((n, 4))
        box[:, 0::2], box[:, 1::2] = -np.inf, np.inf
        return box
    box = np.empty((n, 4)) if len(bounds[0]) > 1 else np.zeros((n, 4))
    for axis in range(min(len(bounds[0]), 2)):
        box[:, 2 * axis], box[:, 2 * axis + 1] = bounds[0][axis], bounds[1][axis]
    return box


def _gathered(regions: Regions, rows: NDArray[np.integer]) -> tuple[Any, ...]:
    """Return columns of some regions side by side in memory: suppression jumps between regions."""
    columns = regions.kernel_columns()
    if any(not isinstance(column, np.ndarray) or column.ndim > 1 for column in columns):
        return regions[rows].kernel_columns()
    return tuple(np.array(columns, order="F").T.take(rows, axis=0).T)


def _farthest(bounds: Bounds) -> float:
    """Return the largest absolute value of an end."""
    return max(-float(bounds[0].min()), float(bounds[1].max()))


def shares(
    regions: Regions, score: Score, threshold: float, bounds: Bounds
) -> tuple[float, float, float]:
    """Return bounds on the regions that can suppress a candidate.

    The first is how far such a region reaches over the candidate, from each end of a side, the
    second the least share of the candidate's sides that both have in common, the third the largest
    ratio of the other region's sides to the candidate's. A box that has more than a share t in
    another one also shares more than t of its extent on every axis, so that nothing else needs to
    be looked at. Zero and infinite where the score does not say, and among boxes so small that
    their measure has no precision.
    """
    unknown, sides = _NO_SHARES, bounds[1] - bounds[0]
    positive = [part for part in score.parts if part.coefficient > 0]
    if len(positive) != 1 or not regions.side_share(1.0):
        return unknown
    part = positive[0]
    t = min(threshold / part.coefficient, 1.0)
    if not t > 1e-12 or sides.min() < 1e-270 ** (1.0 / len(sides)):
        return unknown
    if part.at_most is None:
        return unknown
    own, other = part.at_most
    # I / (I + own (A - I)) > t, solved for I / A; the margin is for rounding.
    own, other = ((1 - 1e-9) * t * w / (1.0 - t + t * w) if w else 0.0 for w in (own, other))
    # Ends of outer boxes are rounded.
    reach = regions.reach_share(own) - 1e-6 - 1e-15 * _farthest(bounds) / sides.min()
    own, other = regions.side_share(own), regions.side_share(other)
    return max(reach, 0.0), own, 1.0 / other if other else math.inf


def layout(
    bounds: Bounds, sides: NDArray[np.float64]
) -> tuple[NDArray, NDArray, int, NDArray] | None:
    """Return origin, scale of the sides, lowest level, and inverse cell widths by level.

    None where the coordinates reach so far that cells cannot be computed.
    """
    lower, upper, sides = bounds[0][:2], bounds[1][:2], sides[:2]
    axes = len(lower)
    origin, unit = np.zeros(2), np.ones(2)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        mean = sides.sum(axis=1) / sides.shape[1]
        unit[:axes] = np.where(mean > 0, mean, 1.0)
        origin[:axes] = lower.min(axis=1)
        reach = upper.max(axis=1) - origin[:axes]
        scale = 1.0 / unit
        top = int(np.frexp((sides.max(axis=1) * scale[:axes]).max())[1])
        lowest = top - _LEVELS
        inverse = 1.0 / np.ldexp(unit, np.arange(lowest, top + 1)[:, None] - _FINER)
    if not all(np.isfinite(array).all() for array in (unit, scale, inverse, reach)):
        return None
    return origin, scale, lowest, inverse
