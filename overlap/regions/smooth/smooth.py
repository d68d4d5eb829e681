"""Blurred and SmoothMin: regions whose overlap is smooth, for training by gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

import numpy as np

from overlap._common.numbers import one_number
from overlap._kernels.terms import Geometry
from overlap.regions.base import Bounded, Regions, check_pair
from overlap.regions.smooth.geometry import BLUR, SMOOTH_MIN, Method, Scalars, smoothed

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Blurred", "SmoothMin", "Smoothable", "smooth_scalars"]

Width = float | tuple["Width", "Width"]


class Smoothable(Regions):
    """Regions whose overlap can be smoothed."""

    def smooth_scalars(self, method: Method) -> Scalars | None:
        """Return the jitted scalars of an overlap smoothed by a method, and of its gradient.

        None where there are none. Their columns are those of the kind, then the settings.
        """
        return None

    def blurred(self, sigma: Width) -> Blurred:
        """Return the regions with overlaps blurred by a Gaussian, see `overlap.Blurred`."""
        return Blurred(self, sigma)

    def smooth_min(self, alpha: Width, *, relative: bool = True) -> SmoothMin:
        """Return the boxes with overlaps of smooth minima, see `overlap.SmoothMin`."""
        return SmoothMin(self, alpha, relative=relative)


def smooth_scalars(regions: Regions, method: Method) -> Scalars:
    """Return the scalars of an overlap smoothed by a method, or raise a TypeError."""
    scalars = regions.smooth_scalars(method) if isinstance(regions, Smoothable) else None
    if scalars is None:
        period = " with a period" if regions.arcs() is not None else ""
        raise TypeError(
            f"{method.name}: {type(regions).__name__}{period} cannot be smoothed this way; "
            f"{method.kinds} can"
        )
    return scalars


class _Smoothed(Regions):
    """Regions of another kind, with a smooth overlap of a given width."""

    _method: ClassVar[Method]
    _width_name: ClassVar[str]
    _base: Regions
    _width: Width
    _relative = False

    def __init__(self, base: Regions, width: Width) -> None:
        kind = type(self).__name__
        if not isinstance(base, Regions):
            raise TypeError(f"{kind}: expected a batch of regions, got {type(base).__name__}")
        smooth_scalars(base, self._method)
        self._take(base)
        self._width = self._checked_width(base, width)

    def _take(self, base: Regions) -> None:
        self._base = base
        self._extreme, self._shapeless = base._extreme, base._shapeless

    def _checked_width(self, base: Regions, width: Any) -> Width:
        """Return a width per factor of a product, each a positive number."""
        name = f"{type(self).__name__}: {self._width_name}"
        if base.factors:
            pair = isinstance(width, (tuple, list))
            if pair and len(width) != 2:
                raise ValueError(f"{name} = {width!r}; give one number for each of the two factors")
            first, second = base.factors
            if not pair and not self._relative and first.unit != second.unit:
                raise TypeError(
                    f"{name} = {width!r}, but the factors are in {first.unit!r} and "
                    f"{second.unit!r}; give a pair, one length in each unit"
                )
            widths = width if pair else (width, width)
            return (self._checked_width(first, widths[0]), self._checked_width(second, widths[1]))
        value = one_number(width, name)
        if not 0.0 < value < np.inf:
            raise ValueError(f"{name} = {width!r} is not a positive number")
        return value

    def _rebuilt(self, base: Regions) -> Self:
        result = type(self).__new__(type(self))
        result._take(base)
        result._width, result._relative = self._width, self._relative
        return result

    @property
    def base(self) -> Regions:
        """The regions themselves."""
        return self._base

    def with_base(self, base: Regions) -> Self:
        """Return other regions of the same kind, smoothed alike."""
        check_pair(self._base, base, "the base", "the new base")
        return self._rebuilt(base)

    def with_array(self, table: ArrayLike) -> Self:
        """Return other regions with these parameters, smoothed alike."""
        return self._rebuilt(self._base.with_array(table))

    # ---------------------------------------------------------------------- container

    @property
    def unit(self) -> str | None:  # type: ignore[override]
        """Unit of length of the regions."""
        return self._base.unit

    def __len__(self) -> int:
        return len(self._base)

    def __getitem__(self, index: Any) -> Self:
        return self._rebuilt(self._base[self._index(index)])

    def _contents(self) -> Sequence[Any]:
        return self._settings(), self._base

    def _settings(self) -> dict[str, Any]:
        return {self._width_name: self._width}

    def __repr__(self) -> str:
        settings = ", ".join(f"{name}={value!r}" for name, value in self._settings().items())
        return f"{type(self).__name__}({self._base!r}, {settings})"

    def to_array(self) -> NDArray[Any]:
        """Return the parameters of the regions, shape (N, P)."""
        return self._base.to_array()

    def _names(self) -> Sequence[str]:
        return self._base._names()

    @classmethod
    def concat(cls, batches: Sequence[Self]) -> Self:
        """Join batches of the same kind, unit and width into one."""
        batches = cls._alike(batches)
        kind = type(batches[0]._base)
        return batches[0]._rebuilt(kind.concat([batch._base for batch in batches]))

    def scaled(self, ratio: float) -> Self:
        """Return the regions scaled by `ratio` about their centers, smoothed alike."""
        return self._rebuilt(self._base.scaled(ratio))

    @property
    def dimension(self) -> int:
        """Number of coordinates of a point in a region."""
        return self._base.dimension

    @property
    def boundary(self) -> bool:
        """Whether all parameters are coordinates of the boundary."""
        return self._base.boundary

    @property
    def _bounded(self) -> Bounded:
        return cast("Bounded", self._base)

    @property
    def ends(self) -> NDArray[np.float64]:
        """Both ends of every axis, shape (N, axes, 2)."""
        return self._bounded.ends

    def with_ends(self, ends: NDArray[np.float64]) -> Self:
        """Return regions with other ends, shape (N, axes, 2)."""
        return self._rebuilt(self._bounded.with_ends(ends))

    def legal_ends(self, ends: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which ends, shape (N, axes, 2), make a legal region, shape (N,)."""
        return self._bounded.legal_ends(ends)

    def ends_to_parameters(self, move: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return one move of the ends, shape (axes, 2), in the order of the parameters."""
        return self._bounded.ends_to_parameters(move)

    def ties(self, other: Self) -> NDArray[np.bool_]:
        """Return where ends meet: there the enclosures, though not the overlaps, have kinks."""
        return self._bounded.ties(other._bounded)

    # ------------------------------------------------------------------------- kernels

    def geometry(self, enclosure: str = "natural") -> Geometry:
        """Return the jitted scalars; enclosures are those of the regions themselves."""
        self._check_enclosure(enclosure)
        scalars, size = smooth_scalars(self._base, self._method), len(self._base._names())
        return smoothed(self._base.geometry(enclosure), *scalars, self._method, size)

    def _enclosures(self) -> tuple[str, ...]:
        return self._base._enclosures()

    def kernel_columns(self) -> tuple[Any, ...]:
        """Return the columns of the regions, and the widths."""
        return self._base.kernel_columns(), _setting_columns(self._width, self._relative)

    def _check_partner(self, other: Regions, mine: str, theirs: str) -> None:
        assert isinstance(other, _Smoothed)
        check_pair(self._base, other._base, mine, theirs)
        if self._settings() != other._settings():
            raise ValueError(
                f"{mine} has {_texts(self._settings())} and {theirs} has "
                f"{_texts(other._settings())}; smooth both alike"
            )


def _setting_columns(width: Width, relative: bool) -> Any:
    if isinstance(width, tuple):
        return tuple(_setting_columns(part, relative) for part in width)
    return np.array([width, float(relative)])


def _texts(settings: dict[str, Any]) -> str:
    return ", ".join(f"{name} = {value!r}" for name, value in settings.items())


class Blurred(_Smoothed):
    r"""Regions whose overlap is blurred by a Gaussian.

    What two regions A and B share is the integral over B of the indicator of A convolved with
    a Gaussian of standard deviation s on every axis,

    .. math:: I_s(A, B) = \int_A \int_B g_s(x - y)\,dx\,dy,

    and the measures are the self-overlaps ``I_s(A, A)`` and ``I_s(B, B)``. The Gaussian is
    positive definite, so that ``I_s(A, B)`` is at most their geometric mean: IoU and Dice are
    in [0, 1], and 1 exactly where A = B. They are smooth in all parameters, invariant under
    rotation, positive for regions apart, and tend to the exact ratios for s -> 0, with an
    error in proportion to s.

    Intervals, `Boxes` and their products are in closed form, to rounding. For `RotatedBoxes`
    an integral along the edges is computed to 1e-10 of the geometric mean of both self-overlaps.
    Enclosures, sides and centers are those of the regions themselves.

    Parameters
    ----------
    base : Regions
        `Intervals` without a period, `Boxes`, `RotatedBoxes`, `UprightBoxes`, or products.
    sigma : float, or pair
        Standard deviation s > 0 in the unit of the regions; for a `Product` a pair, one for
        each factor, or one number where their units are the same.

    Raises
    ------
    TypeError
        For other kinds, and one number for a product with two units.
    ValueError
        For a width that is not positive.

    Notes
    -----
    A self-overlap loses what is blurred out of the region, and a region inside another loses
    nothing: the overlap can exceed the smaller self-overlap, though not the mean of both. So
    `coverage` and `overlap_coefficient` are TypeErrors, and `tversky` with unequal weights of
    sum 1 is at most ``1 / (2 sqrt(alpha beta))``.

    `giou` subtracts the share of the exact hull outside the *blurred* union, which is never
    larger than the exact one: equal regions are below 1 by the blurred part of their border.
    ``iou - enclosed_gap``, whose penalty is exact, is 1 for equal regions and nothing else.

    `measure` returns self-overlaps. All regions overlap a little, so that `Score.pairs` and
    `nms` look at every pair.

    Examples
    --------
    >>> import overlap as ov
    >>> a, b = ov.Boxes([[0, 0, 2, 2]]), ov.Boxes([[2.1, 0, 4, 2]])
    >>> ov.iou(a, b), ov.iou(a.blurred(0.2), b.blurred(0.2)).round(4)
    (array([0.]), array([0.0112]))
    >>> value, grad = ov.iou.value_and_grad(a.blurred(0.2), b.blurred(0.2))
    >>> grad.round(4)
    array([[ 0.0032,  0.0001,  0.0849, -0.0001]])
    """

    _method = BLUR
    _width_name = "sigma"

    def __init__(self, base: Regions, sigma: Width) -> None:
        super().__init__(base, sigma)

    @property
    def sigma(self) -> Width:
        """Standard deviation of the Gaussian; of a product, one for each factor."""
        return self._width


class SmoothMin(_Smoothed):
    r"""Boxes whose overlap is a product of smooth minima.

    On every axis the length shared by ``[a0, a1]`` and ``[b0, b1]`` is the positive part of the
    smallest of four lengths: both sides, ``a1 - b0`` and ``b1 - a0``. Here the minimum is a
    log-sum-exp and the positive part is softplus, at one temperature t:

    .. math:: L = t \log(1 + e^{m/t}), \quad
              m = -t \log\left(\sum_w \frac{1}{e^{w/t} - 1}
              + e^{-(a_1 - b_0)/t} + e^{-(b_1 - a_0)/t}\right),

    with the sum over both sides w. Sides enter through the inverse of softplus, so that
    ``0 <= L <= min(sides)``: every ratio stays in its range. Measures and enclosures are exact.

    Parameters
    ----------
    base : Regions
        `Intervals` without a period, `Boxes`, or products of these.
    alpha : float, or pair
        Temperature > 0; for a `Product` a pair, one for each factor, or one number.
    relative : bool
        Whether t is `alpha` times the mean of both sides on that axis, or `alpha` itself, in
        the unit of the regions.

    Raises
    ------
    TypeError
        For other kinds, and one absolute temperature for a product with two units.
    ValueError
        For a temperature that is not positive.

    Notes
    -----
    Equal boxes score below 1: on each axis ``L = w - t log(4)`` but for terms of the order
    ``t exp(-w / t)``. At alpha = 0.05 an axis loses 7 %, and the IoU of two equal planar boxes
    is 0.764. `Blurred` has no such bias, and the gradient of IoU is nevertheless zero for
    equal boxes with a relative temperature.

    Examples
    --------
    >>> import overlap as ov
    >>> a, b = ov.Intervals([[0.0, 2.0]]), ov.Intervals([[2.1, 4.1]])
    >>> ov.iou(a.smooth_min(0.05), b.smooth_min(0.05)).round(4)
    array([0.0079])
    >>> ov.iou(a.smooth_min(0.05), a.smooth_min(0.05)).round(4)
    array([0.8704])
    """

    _method = SMOOTH_MIN
    _width_name = "alpha"

    def __init__(self, base: Regions, alpha: Width, *, relative: bool = True) -> None:
        self._relative = bool(relative)
        super().__init__(base, alpha)

    @property
    def alpha(self) -> Width:
        """Temperature; of a product, one for each factor."""
        return self._width

    @property
    def relative(self) -> bool:
        """Whether the temperature is in mean sides, not in the unit of the regions."""
        return self._relative

    def _settings(self) -> dict[str, Any]:
        return {**super()._settings(), **({} if self._relative else {"relative": False})}
