"""Every kind of region once: random batches in general position, and maps that change nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numba
import numpy as np
import pytest

import overlap as ov


@dataclass(frozen=True)
class Kind:
    """One entry of the table of kinds.

    `exact` is false where the kernels must round, so that symmetry and identity hold to
    1e-12 and not to the bit; `dear` is true where kernels that are not compiled take long.
    `scores` are those of the usual run, and `compiled` those of a usual run that compiles: fewer
    for kinds that share their terms with another that goes through all; a `rare` kind is slow to
    compile. test_costly_kinds.py goes through the rest.
    """

    name: str
    make: Callable[[np.random.Generator, int], ov.Regions]
    transforms: dict[str, Callable] = field(default_factory=dict)
    exact: bool = True
    scores: tuple[ov.Score, ...] | None = None
    compiled: tuple[ov.Score, ...] | None = None
    dear: bool = False
    rare: bool = False

    @property
    def usual(self) -> tuple[ov.Score, ...] | None:
        """Scores of the usual run; None for all."""
        few = self.compiled is not None and not numba.config.DISABLE_JIT
        return self.compiled if few else self.scores


def _intervals(rng, n):
    start = 2.0 * rng.random(n)
    return ov.Intervals(np.stack([start, start + 0.1 + rng.random(n)], 1))


def _arcs(rng, n):
    start = rng.uniform(-5.0, 5.0, n)
    return ov.Intervals(np.stack([start, start + 0.1 + rng.random(n)], 1), period=1.7)


def _interval_sets(rng, n):
    """Up to four intervals each; a shift makes lengths round differently, but not identity."""
    return ov.IntervalSets([np.sort(3.0 * rng.random((rng.integers(1, 5), 2))) for _ in range(n)])


def _boxes(axes):
    def make(rng, n):
        lower = rng.random((n, axes))
        return ov.Boxes(np.hstack([lower, lower + 0.1 + rng.random((n, axes))]))

    return make


def _tubes(rng, n):
    return ov.Product(_boxes(2)(rng, n), _intervals(rng, n), scale=3.0)


def _annual(rng, n):
    """Seasons at heights: a product of which one factor wraps and so is not fused."""
    return ov.Product(_arcs(rng, n), _intervals(rng, n))


def _outlined_tubes(rng, n):
    """Outlines through time: terms of one factor come in blocks, and its gradient is ragged."""
    return ov.Product(_polygons()(rng, n), _intervals(rng, n), scale=3.0)


def _soft_frames(rng, n):
    return ov.Product(_soft_masks("minmax")(rng, n), _intervals(rng, n))


def _rotated(rng, n):
    center, size = rng.uniform(-0.7, 0.7, (n, 2)), 0.3 + rng.random((n, 2))
    return ov.RotatedBoxes(np.column_stack([center, size, rng.uniform(-4.0, 4.0, n)]))


def _gaussians(rng, n):
    return ov.Gaussians.from_boxes(_rotated(rng, n), variance=0.25)


def _upright(rng, n):
    plane, z, dz = _rotated(rng, n).to_array(), rng.random(n), 0.3 + rng.random(n)
    return ov.UprightBoxes(np.column_stack([plane[:, :2], z, plane[:, 2:4], dz, plane[:, 4]]))


def _smooth(make, **width):
    """Return the same regions smoothed, by ``sigma=`` or by ``alpha=``."""
    if "sigma" in width:
        return lambda rng, n: make(rng, n).blurred(**width)
    return lambda rng, n: make(rng, n).smooth_min(**width)


def _wrapped(transforms, *without):
    """Return the maps of a kind for its smoothed batches."""
    return {
        name: lambda batch, transform=transform: batch.with_base(transform(batch.base))
        for name, transform in transforms.items()
        if name not in without
    }


_WEIGHTS = np.random.default_rng(5).random(12)


def _sets(rng, n):
    return ov.FiniteSets(rng.random((n, 12)) < 0.4, weights=_WEIGHTS)


def _masks(rng, n):
    cells = np.zeros((n, 7, 6), bool)
    for k in range(n):
        x, y = rng.integers(0, 4, 2)
        cells[k, x : x + 3, y : y + 3] = rng.random((3, min(3, 6 - y))) < 0.8
    return ov.Masks(cells, spacing=(0.5, 2.0), origin=(-1.0, 3.0))


def _soft_masks(form):
    """On a line, so that a mask is a row of numbers; values stay away from 0 and 1."""

    def make(rng, n):
        return ov.Masks(rng.uniform(0.05, 0.95, (n, 6)), spacing=(0.5,), soft=form)

    return make


def _polygons(period=None):
    """Return a maker of star-shaped rings, some with a hole, some in two parts."""

    def make(rng, n):
        regions = []
        for _ in range(n):
            size = int(rng.integers(3, 8))
            angle = (np.arange(size) + 0.6 * rng.random(size)) * 2.0 * np.pi / size
            radius = 0.3 + 0.4 * rng.random(size)
            center = rng.uniform(-0.6, 0.6, 2) * (1.0 if period is None else 8.0)
            ring = center + radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)
            within = center + 0.3 * (ring - center)
            form = rng.integers(0, 3)
            regions.append([[ring], [ring, within], [[ring], [within + 1.1]]][form])
        return ov.Polygons(regions, period=period)

    return make


_LABELS = np.random.default_rng(6).integers(-1, 4, (2, 3, 5)).repeat(2, axis=1)


def _label_masks(rng, n):
    """Both batches are of one map, so that labels meet only themselves or what is flipped."""
    side = int(rng.integers(0, 2))
    return ov.Masks.from_labels(_LABELS[side], rng.integers(-1, 4, n), spacing=(0.5, 2.0))


def _affine(scale, shift):
    """Return a map of every end to scale * end + shift, with one shift per axis."""

    def transform(regions):
        ends = regions.ends * scale + np.resize(shift, regions.ends.shape[1])[None, :, None]
        if isinstance(regions, ov.Intervals) and regions.period is not None:
            return ov.Intervals(ends[:, 0], period=regions.period * scale)
        return regions.with_ends(ends)

    return transform


def _sets_moved(scale, shift):
    return lambda sets: ov.IntervalSets([np.sort(scale * x + shift) for x in sets.to_list()])


def _mirrored(regions):
    return regions.with_ends(-regions.ends[..., ::-1])


def _axes_exchanged(regions):
    return regions.with_ends(regions.ends[:, ::-1])


def _elements_exchanged(sets):
    return ov.FiniteSets(sets.to_array()[:, ::-1], weights=_WEIGHTS[::-1])


def _table(change):
    """Return a map of boxes from a map of the columns of their table."""
    return lambda boxes: type(boxes)(np.column_stack(change(*boxes.to_array().T)))


def _turned(x, y, *rest):
    c, s = np.cos(0.7), np.sin(0.7)
    return (c * x - s * y, s * x + c * y, *rest[:-1], rest[-1] + 0.7)


def _gaussians_turned(gaussians):
    x, y, xx, xy, yy = gaussians.to_array().T
    c, s = np.cos(0.7), np.sin(0.7)
    turned = np.array([[c, -s], [s, c]])
    covariance = turned @ np.array([[xx, xy], [xy, yy]]).transpose(2, 0, 1) @ turned.T
    mean = turned @ np.stack([x, y])
    return ov.Gaussians(np.column_stack([mean.T, covariance[:, [0, 0, 1], [0, 1, 1]]]))


def _masks_moved(masks):
    origin = (9.0, -2.0)[: masks.dimension]
    soft = {} if masks.soft is None else {"soft": masks.soft}
    return ov.Masks(masks.to_array(), spacing=masks.grid.spacing, origin=origin, **soft)


def _masks_mirrored(masks):
    return ov.Masks(masks.to_array()[:, ::-1], spacing=masks.grid.spacing)


def _rings(change):
    """Return a map of polygons from a map of their coordinates and periods."""

    def transform(polygons):
        x, y, period = change(polygons.x, polygons.y, polygons.period)
        ends = polygons.ring_offsets, polygons.region_offsets
        return ov.Polygons.from_rings(x, y, *ends, period=period)

    return transform


def _rotated_rings(x, y, period):
    return 0.8 * x - 0.6 * y, 0.6 * x + 0.8 * y, period


def _turned_round(polygons):
    turns = np.arange(2 * len(polygons)).reshape(-1, 2) % 7 - 3
    return polygons.translated(turns * np.array(polygons.period))


_LINE = {
    "translation": _affine(1.0, [3.7, -1.1, 0.3]),
    "scale": _affine(2.3, [0.0]),
    "reflection": _mirrored,
}
_PLANE = {**_LINE, "exchange of axes": _axes_exchanged}
_CIRCLE = {**_LINE, "whole turns": _affine(1.0, [3 * 1.7])}
_TURNING = {
    "translation": _table(lambda x, y, *rest: (x + 3.7, y - 1.1, *rest)),
    "scale": _table(lambda *columns: (*(2.3 * column for column in columns[:-1]), columns[-1])),
    "reflection": _table(lambda x, *rest: (-x, *rest[:-1], -rest[-1])),
    "rotation": _table(_turned),
    "half turns": _table(lambda *columns: (*columns[:-1], columns[-1] + np.pi)),
}
_SWAPPED = _table(lambda x, y, w, h, angle: (x, y, h, w, angle + np.pi / 2))
_NORMAL = {
    "translation": _table(lambda x, y, *rest: (x + 3.7, y - 1.1, *rest)),
    "reflection": _table(lambda x, y, xx, xy, yy: (-x, y, xx, -xy, yy)),
    "exchange of axes": _table(lambda x, y, xx, xy, yy: (y, x, yy, xy, xx)),
    "rotation": _gaussians_turned,
}
_SETS = {
    "translation": _sets_moved(1.0, 3.7),
    "scale": _sets_moved(2.3, 0.0),
    "reflection": _sets_moved(-1.0, 0.0),
}
_FLAT = {
    "translation": lambda polygons: polygons.translated((3.7, -1.1)),
    "reflection": _rings(lambda x, y, period: (-x, y, period)),
    "exchange of axes": _rings(lambda x, y, period: (y, x, period and period[::-1])),
}
_TORUS = {**_FLAT, "whole turns": _turned_round}
_RECTANGLE = ov.eiou.with_enclosure("min_rect")
_HULL = (ov.iou, ov.dice, ov.giou, ov.diou, ov.ciou, ov.iou - ov.enclosed_gap, _RECTANGLE)
_DISTANCES = (
    ov.iou,
    ov.kfiou,
    ov.nwd(scale=0.7),
    ov.gwd,
    ov.kld,
    ov.jd(root=True),
    ov.probiou,
)
_BRIEF = (ov.iou, ov.giou, ov.eiou)
_GROUPS = (ov.iou, ov.coverage, ov.giou, ov.diou, ov.eiou)  # one for each group of terms
_RAGGED = (ov.iou, ov.giou, ov.diou, ov.iou - ov.enclosed_gap)
_WRAPPED = (*_RAGGED, ov.eiou, (ov.giou - ov.center_gap).with_enclosure("hull"))

KINDS = (
    Kind("intervals", _intervals, _LINE, compiled=_GROUPS),
    Kind("arcs", _arcs, _CIRCLE, compiled=_GROUPS),
    Kind("interval sets", _interval_sets, _SETS, scores=(*_BRIEF, ov.iou - ov.enclosed_gap)),
    Kind("boxes-1", _boxes(1), _LINE, scores=_BRIEF),
    Kind("boxes-2", _boxes(2), _PLANE),
    Kind("boxes-3", _boxes(3), _PLANE, compiled=_GROUPS, rare=True),
    Kind("boxes-4", _boxes(4), _PLANE, scores=(ov.iou,), rare=True),
    Kind(
        "rotated boxes",
        _rotated,
        {**_TURNING, "sides exchanged": _SWAPPED},
        scores=_HULL,
        compiled=(ov.iou, ov.giou, ov.iou - ov.enclosed_gap),
        rare=True,
    ),
    Kind(
        "gaussians",
        _gaussians,
        _NORMAL,
        scores=_DISTANCES,
        compiled=(ov.iou, ov.nwd(scale=0.7), ov.kld),
        rare=True,
    ),
    Kind("upright boxes", _upright, _TURNING, scores=(ov.iou, ov.giou), rare=True),
    Kind("box x interval", _tubes, _LINE, compiled=_GROUPS, rare=True),
    Kind("arc x interval", _annual, scores=_BRIEF, rare=True),
    Kind("polygon x interval", _outlined_tubes, scores=(ov.iou, ov.giou, ov.diou), dear=True),
    Kind("soft mask x interval", _soft_frames, scores=_BRIEF),
    Kind(
        "blurred boxes",
        _smooth(_boxes(2), sigma=0.1),
        _wrapped(_PLANE, "scale"),
        scores=_BRIEF,
        compiled=(ov.iou, ov.giou),
        rare=True,
    ),
    Kind(
        "smooth boxes",
        _smooth(_boxes(2), alpha=0.1),
        _wrapped(_PLANE),
        scores=_BRIEF,
        compiled=(ov.iou, ov.giou),
        rare=True,
    ),
    Kind(
        "blurred rotated boxes",
        _smooth(_rotated, sigma=0.1),
        _wrapped({**_TURNING, "sides exchanged": _SWAPPED}, "scale"),
        scores=(ov.iou,),
        rare=True,
    ),
    Kind("sets", _sets, {"exchange of elements": _elements_exchanged}),
    Kind(
        "polygons",
        _polygons(),
        {**_FLAT, "rotation": _rings(_rotated_rings)},
        scores=_RAGGED,
        dear=True,
    ),
    Kind(
        "polygons on a torus",
        _polygons((2.7, 3.1)),
        _TORUS,
        scores=_WRAPPED,
        compiled=(ov.iou, ov.giou),
        dear=True,
    ),
    Kind("masks", _masks, {"translation": _masks_moved, "reflection": _masks_mirrored}),
    Kind("label masks", _label_masks, {"translation": _masks_moved}),
    Kind("soft masks", _soft_masks("minmax"), {"translation": _masks_moved}),
    Kind("soft masks, product", _soft_masks("product"), scores=(*_BRIEF, ov.tversky(alpha=0.3))),
    Kind("soft masks, squared", _soft_masks("squared"), {"translation": _masks_moved}),
)

#: For tests of every kind: rare ones are slow.
EVERY = [
    pytest.param(kind, id=kind.name, marks=pytest.mark.slow if kind.rare else ()) for kind in KINDS
]
