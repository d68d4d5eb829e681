"""Occluded regions: bounds of scores by the hidden fraction, and errors that are due to it.

The *whole* (amodal) region of an object includes parts behind something else, or outside the
picture; the *visible* (modal) region is the part that can be seen. A detector that can only see the
visible part is scored against the whole; the functions here say how much of its loss that explains.

>>> import overlap as ov
>>> whole, visible = ov.Boxes([[0.0, 0.0, 10.0, 4.0]]), ov.Boxes([[0.0, 0.0, 6.0, 4.0]])
>>> ov.amodal.hidden_fraction(visible, whole)
array([0.4])
>>> found = ov.Boxes([[0.0, 0.0, 6.0, 4.0]])
>>> errors = ov.amodal.occlusion_errors(found, visible, whole)
>>> errors.loss, errors.occlusion, errors.localization
(array([0.4]), array([0.4]), array([0.]))

`overlap.coders.HiddenSide` goes the other way: from the visible part, the hidden fraction and the
hidden side to the whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap._common.numbers import as_numbers
from overlap._common.values import ByValue
from overlap.pairing.matching import Matches
from overlap.regions.base import Regions, check_pair
from overlap.scores.ratios import coverage, iou

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from overlap.regions.boxes import Boxes
    from overlap.regions.intervals import Intervals

__all__ = [
    "OcclusionErrors",
    "clipped",
    "hidden_fraction",
    "hidden_sides",
    "iou_bound",
    "occlusion_errors",
    "recall_bound",
]

_SAME = 1e-9  # of the measure: a visible part that sticks out by less is inside


def hidden_fraction(visible: Regions, whole: Regions) -> NDArray[np.float64]:
    """Return the hidden fraction of every whole region, shape (N,), in [0, 1].

    Parameters
    ----------
    visible, whole : Regions
        N visible parts, and the regions that they are parts of, of one kind.

    Returns
    -------
    ndarray, shape (N,)
        ``1 - |visible| / |whole|``; NaN for a whole of measure 0.

    Raises
    ------
    ValueError
        Where the visible part is not inside the whole; `clipped` cuts it.

    Examples
    --------
    >>> import overlap as ov
    >>> ov.amodal.hidden_fraction(ov.Intervals([[2.0, 5.0]]), ov.Intervals([[1.0, 5.0]]))
    array([0.25])
    """
    check_pair(visible, whole, "visible", "whole")
    if len(visible) != len(whole):
        raise ValueError(f"{len(visible)} visible parts of {len(whole)} whole regions")
    inside = coverage(visible, whole)
    bad = np.flatnonzero((inside < 1.0 - _SAME) & (visible.measure() > 0.0))
    if bad.size:
        k = bad[0]
        raise ValueError(
            f"visible[{k}] is not inside whole[{k}]: {1.0 - inside[k]:.3g} of it is outside; cut "
            "it with overlap.amodal.clipped(visible, whole)"
        )
    return 1.0 - coverage(whole, visible)


def iou_bound(hidden: ArrayLike) -> NDArray[np.float64]:
    """Return the largest IoU with the whole of a region within the visible part.

    Let V be the visible part of W and ``alpha = 1 - |V| / |W|`` the hidden fraction. For
    every D within V, the intersection of D with W is D and their union is W, so that::

        IoU(D, W) = |D| / |W| <= |V| / |W| = 1 - alpha

    with equality for ``D = V`` only, up to measure 0. A perfect detector of visible parts
    has the IoU ``1 - alpha`` with the whole, and at a threshold t it misses every object of
    which more than ``1 - t`` is hidden.

    For any other region D, ``1 - IoU`` is a metric (the Jaccard distance, see 1612.02696),
    and ``1 - IoU(V, W) = alpha``. By the triangle inequality::

        IoU(D, V) - alpha <= IoU(D, W) <= IoU(D, V) + alpha

    so occlusion explains at most alpha of the loss ``1 - IoU(D, W)``.

    Parameters
    ----------
    hidden : array_like
        Hidden fractions in [0, 1].

    Returns
    -------
    ndarray
        ``1 - hidden``.

    Examples
    --------
    >>> import overlap as ov
    >>> ov.amodal.iou_bound([0.0, 0.3, 0.6])
    array([1. , 0.7, 0.4])
    """
    array = as_numbers(hidden, "iou_bound")
    bad = np.argwhere((array < 0.0) | (array > 1.0))
    if bad.size:
        where = tuple(bad[0])
        raise ValueError(f"iou_bound: hidden fraction {array[where]} is not in [0, 1]")
    return 1.0 - array


def recall_bound(hidden: ArrayLike, thresholds: ArrayLike) -> NDArray[np.float64]:
    """Return the largest recall of a detector of visible parts, at thresholds of the IoU.

    Objects of which more than ``1 - t`` is hidden are missed at the threshold t, however
    well their visible part is found, see `iou_bound`.

    Parameters
    ----------
    hidden : array_like, shape (N,)
        Hidden fractions of all true regions, in [0, 1].
    thresholds : array_like, shape (T,)
        Thresholds t; a true region is found where the IoU is >= t.

    Returns
    -------
    ndarray, shape (T,)
        Part of the true regions with ``1 - hidden >= t``; NaN without any.

    Examples
    --------
    >>> import overlap as ov
    >>> ov.amodal.recall_bound([0.0, 0.1, 0.3, 0.6], [0.5, 0.75, 0.95])
    array([0.75, 0.5 , 0.25])
    """
    bound, steps = iou_bound(hidden), as_numbers(thresholds, "recall_bound: thresholds")
    if bound.ndim != 1 or steps.ndim != 1:
        raise ValueError(
            "recall_bound: expected hidden fractions, shape (N,), and thresholds, shape (T,); got "
            f"shapes {bound.shape} and {steps.shape}"
        )
    if not len(bound):
        return np.full(len(steps), np.nan)
    return np.mean(bound[:, None] >= steps, axis=0)


def hidden_sides(visible: Boxes | Intervals, whole: Boxes | Intervals) -> NDArray[np.float64]:
    """Return the fraction of every whole region that is hidden at each of its sides.

    Parameters
    ----------
    visible, whole : Boxes or Intervals
        N visible parts, and the regions that they are parts of.

    Returns
    -------
    ndarray, shape (N, 2 D)
        Part of the length along the axis that is hidden beyond the lower, then the upper end
        of the visible part, in the order of the parameters: left, top, right, bottom of a
        box on an image. The position of the largest is the `side` for
        `overlap.coders.HiddenSide`. NaN where the whole has no length.

    Examples
    --------
    >>> import overlap as ov
    >>> whole, visible = ov.Boxes([[0.0, 0.0, 10.0, 4.0]]), ov.Boxes([[0.0, 1.0, 5.0, 4.0]])
    >>> ov.amodal.hidden_sides(visible, whole)
    array([[0.  , 0.25, 0.5 , 0.  ]])
    """
    parts, wholes = _ends(visible, whole, "hidden_sides")
    hidden_fraction(visible, whole)  # says where a part is outside
    axes = wholes.shape[1] // 2
    size = wholes[:, axes:] - wholes[:, :axes]
    gap = np.hstack([parts[:, :axes] - wholes[:, :axes], wholes[:, axes:] - parts[:, axes:]])
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.maximum(gap, 0.0) / np.tile(size, 2)
    return np.where(np.tile(size, 2) > 0.0, share, np.nan)


def clipped(visible: Boxes | Intervals, whole: Boxes | Intervals) -> Boxes | Intervals:
    """Return the visible parts cut to the whole regions.

    Annotated visible parts often stick out by a pixel. Where nothing is left, the result is
    empty, at the end of the whole that is nearest.

    Parameters
    ----------
    visible, whole : Boxes or Intervals
        N visible parts, and the regions that they are parts of.

    Examples
    --------
    >>> import overlap as ov
    >>> ov.amodal.clipped(ov.Intervals([[-1.0, 3.0]]), ov.Intervals([[0.0, 8.0]]))
    Intervals([[0.0, 3.0]])
    """
    parts, wholes = _ends(visible, whole, "clipped")
    axes = wholes.shape[1] // 2
    lower, upper = np.tile(wholes[:, :axes], 2), np.tile(wholes[:, axes:], 2)
    like: Any = whole if whole.unit else visible
    return like.with_ends(np.clip(parts, lower, upper).reshape(-1, 2, axes).swapaxes(1, 2))


@dataclass(frozen=True, eq=False)
class OcclusionErrors(ByValue):
    """The loss ``1 - IoU`` of found regions, split into occlusion and localization.

    Attributes
    ----------
    found, truth : ndarray of int64, shape (K,)
        Positions of the matched regions.
    iou_visible, iou_whole : ndarray, shape (K,)
        IoU of the found region with the visible part, and with the whole.
    hidden : ndarray, shape (K,)
        Hidden fraction of the true region.

    Notes
    -----
    The found region shows one of two things: the visible part or the whole. What it misses of
    the nearer one is an error of localization; what it misses in addition of the whole, is
    due to occlusion::

        localization = 1 - max(iou_visible, iou_whole)
        occlusion    = max(iou_visible - iou_whole, 0)

    Both are >= 0 and their sum is the loss. A perfect detector of visible parts has no
    error of localization and ``occlusion = hidden``; of whole regions, neither. Occlusion is
    never more than the hidden fraction, see `iou_bound`.
    """

    found: NDArray[np.int64]
    truth: NDArray[np.int64]
    iou_visible: NDArray[np.float64]
    iou_whole: NDArray[np.float64]
    hidden: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.found)

    @property
    def loss(self) -> NDArray[np.float64]:
        """``1 - iou_whole``, shape (K,)."""
        return 1.0 - self.iou_whole

    @property
    def localization(self) -> NDArray[np.float64]:
        """Error with respect to the nearer of visible part and whole, shape (K,)."""
        return 1.0 - np.maximum(self.iou_visible, self.iou_whole)

    @property
    def occlusion(self) -> NDArray[np.float64]:
        """Loss of a region near the visible part in addition, because of the whole, shape (K,)."""
        return np.maximum(self.iou_visible - self.iou_whole, 0.0)

    @property
    def bound(self) -> NDArray[np.float64]:
        """The largest IoU with the whole of a region within the visible part, shape (K,)."""
        return 1.0 - self.hidden

    @property
    def explained(self) -> float:
        """Part of the summed loss that occlusion explains; NaN where there is no loss."""
        defined = self._defined()
        total = float(self.loss[defined].sum())
        return float(self.occlusion[defined].sum()) / total if total > 0.0 else float("nan")

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each match."""
        import pandas as pd

        names = ("found", "truth", "hidden", "iou_visible", "iou_whole", "bound")
        errors = ("loss", "occlusion", "localization")
        return pd.DataFrame({name: getattr(self, name) for name in (*names, *errors)})

    def summary(self) -> pd.Series:
        """Return number of matches, means over those with a defined IoU, and `explained`."""
        import pandas as pd

        defined = self._defined()
        names = ("hidden", "iou_visible", "iou_whole", "loss", "occlusion", "localization")
        rows: dict[str, float] = {"matches": len(self), "undefined": int((~defined).sum())}
        for name in names:
            values = getattr(self, name)[defined]
            rows[name] = float(values.mean()) if len(values) else float("nan")
        return pd.Series({**rows, "explained": self.explained}, name="value")

    def _defined(self) -> NDArray[np.bool_]:
        """Return which matches have all numbers: not those of regions without a measure."""
        return ~np.isnan(self.iou_whole + self.iou_visible + self.hidden)


def occlusion_errors(
    found: Regions, visible: Regions, whole: Regions, *, matches: Matches | None = None
) -> OcclusionErrors:
    """Split the loss of found regions into errors of occlusion and of localization.

    Parameters
    ----------
    found : Regions
        N found regions.
    visible, whole : Regions
        The visible parts of M true regions, and all of them, of the same kind.
    matches : Matches, optional
        Which found region belongs to which true one, from `overlap.match`. A match with the
        visible parts keeps what is found of objects that are hidden for the most part.
        Without it, found and true regions belong together row by row.

    Returns
    -------
    OcclusionErrors

    Raises
    ------
    ValueError
        Where a visible part is not inside its whole; `clipped` cuts it.

    Examples
    --------
    >>> import overlap as ov
    >>> whole = ov.Boxes([[0.0, 0.0, 10.0, 4.0], [20.0, 0.0, 24.0, 4.0]])
    >>> visible = ov.Boxes([[0.0, 0.0, 6.0, 4.0], [20.0, 0.0, 24.0, 4.0]])
    >>> found = ov.Boxes([[21.0, 0.0, 25.0, 4.0], [0.0, 0.0, 5.0, 4.0]])
    >>> matches = ov.match(found, visible)
    >>> errors = ov.amodal.occlusion_errors(found, visible, whole, matches=matches)
    >>> errors.occlusion.round(3), errors.localization.round(3)
    (array([0.   , 0.333]), array([0.4  , 0.167]))
    >>> round(errors.explained, 3)
    0.37
    """
    check_pair(found, whole, "found", "whole")
    hidden = hidden_fraction(visible, whole)
    if matches is None:
        if len(found) != len(whole):
            raise ValueError(
                f"found has {len(found)} regions and whole {len(whole)}; give matches= from "
                "overlap.match, or one found region for each true one"
            )
        i = j = np.arange(len(found))
    else:
        if not isinstance(matches, Matches):
            raise TypeError(
                f"matches: expected Matches from overlap.match, got {type(matches).__name__}"
            )
        i, j = matches.found, matches.truth
        for index, size, name in ((i, len(found), "found"), (j, len(whole), "truth")):
            if len(index) and index.max() >= size:
                raise ValueError(
                    f"matches: {name} {index.max()} is out of range for {size} regions; were these "
                    "other batches?"
                )
    mine = found[i]
    return OcclusionErrors(
        i, j, iou(mine, visible[j]), iou(mine, whole[j]), np.clip(hidden[j], 0.0, 1.0)
    )


def _ends(
    visible: Regions, whole: Regions, what: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return both ends of visible parts and whole regions, each of shape (N, 2 D)."""
    check_pair(visible, whole, "visible", "whole")
    sides: Any = visible, whole  # `Bounded`, as are all kinds with a boundary
    bounds = whole.bounds() if whole.boundary and whole.geometry().filled else None
    if bounds is None or len(bounds[0]) != whole.dimension:  # an axis without bounds is a circle
        raise TypeError(
            f"{what}: expected Boxes, or Intervals without a period, got {type(whole).__name__}"
        )
    if len(visible) != len(whole):
        raise ValueError(f"{len(visible)} visible parts of {len(whole)} whole regions")
    first, second = (np.hstack([x.ends[..., 0], x.ends[..., 1]]) for x in sides)
    return first, second
