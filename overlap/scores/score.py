"""Scores of agreement between two sets, composed of ratios and penalties.

A score is a linear combination of ratios (`overlap.scores.ratios`) and of penalties
(`overlap.scores.penalties`). Every combination can be evaluated pair by pair, pairwise, sparsely
and with gradients, for every kind of region that has the terms that it needs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import cached_property
from inspect import cleandoc
from numbers import Real
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np

from overlap._common.numbers import checked_number
from overlap._kernels.terms import Groups, Terms
from overlap.regions.base import Regions, check_pair
from overlap.scores import evaluation, sparse
from overlap.scores.component import Part, read_component
from overlap.scores.evaluation import row_gradients
from overlap.scores.groups import GroupScores, checked_groups, pairwise_by_group
from overlap.scores.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    import scipy.sparse
    from numpy.typing import NDArray

    from overlap.scores.component import Weights

__all__ = ["Score", "check_score", "component", "shared_terms", "terms"]

#: What other packages call found and truth.
_OTHER_WORDS = frozenset(
    "pred preds prediction predictions input inputs detection detections y_pred boxes1 a "
    "target targets label labels gt ground_truth reference y_true boxes2 b".split()
)
_ENCLOSURES = ("natural", "box", "hull", "min_rect")


@dataclass(frozen=True, repr=False)
class Score:
    """A linear combination of ratios and penalties.

    Scores add, subtract and scale: ``iou - enclosure_gap`` is `giou`, and
    ``dice - 0.5 * center_gap`` is as good a score as any. Calling a score with two batches
    evaluates it; calling it with keywords only returns the score with these parameters.

    Attributes
    ----------
    parts : tuple of Part
        Coefficient, component and parameters.
    enclosure : str
        Name of the common enclosure; ``"natural"`` is the kind's own.
    label : str or None
        A name of its own (``"giou"``); otherwise the expression is the name.
    doc : str
        What ``help`` shows of the score: formula, range, source and an example.

    Examples
    --------
    >>> import overlap as ov
    >>> score = ov.dice - 0.5 * ov.center_gap
    >>> score
    dice - 0.5 * center_gap
    >>> score(ov.Intervals([[0.0, 2.0]]), ov.Intervals([[1.0, 3.0]]))
    array([0.44444444])
    """

    parts: tuple[Part, ...]
    enclosure: str = "natural"
    label: str | None = field(default=None, compare=False)
    doc: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if self.doc:
            object.__setattr__(self, "__doc__", cleandoc(self.doc))

    def __reduce__(self) -> tuple[Any, ...]:
        # without the plan and its kernels, which are made when they are needed
        return Score, (self.parts, self.enclosure, self.label, self.doc)

    # --------------------------------------------------------------------- evaluation

    @overload
    def __call__(self, found: Regions, truth: Regions) -> NDArray[np.float64]: ...
    @overload
    def __call__(self, **parameters: float) -> Score: ...
    def __call__(
        self, found: Any = None, truth: Any = None, **parameters: float
    ) -> NDArray[np.float64] | Score:
        """Score pair by pair, or return the score with other parameters.

        Parameters
        ----------
        found, truth : Regions
            Batches of the same kind and length; a batch of one region is repeated.
        **parameters
            Instead of the batches: parameters such as ``alpha=0.3, beta=0.7``.

        Returns
        -------
        ndarray, shape (N,), or Score
            NaN where both regions are empty.
        """
        if parameters:
            self._refuse_other_words(parameters)
            if found is not None or truth is not None:
                raise TypeError(f"{self}: give parameters first, then regions: score(...)(a, b)")
            return self._with_parameters(parameters)
        return evaluation.paired(self.plan, found, truth)

    @overload
    def pairwise(
        self,
        found: Regions,
        truth: Regions,
        *,
        out: NDArray[Any] | None = None,
        groups: None = None,
    ) -> NDArray[np.float64]: ...
    @overload
    def pairwise(
        self, found: Regions, truth: Regions, *, out: None = None, groups: tuple[Any, Any]
    ) -> list[GroupScores]: ...
    def pairwise(
        self,
        found: Regions,
        truth: Regions,
        *,
        out: NDArray[Any] | None = None,
        groups: tuple[Any, Any] | None = None,
    ) -> NDArray[np.float64] | list[GroupScores]:
        """Score all pairs, or all pairs within groups.

        Parameters
        ----------
        found, truth : Regions
            N and M regions.
        out : ndarray, shape (N, M), optional
            C-contiguous float64 or float32 array to write into. A large fresh result costs
            more than its arithmetic, so reuse one in loops.
        groups : pair of array_like, shapes (N,) and (M,), optional
            Labels such as the image, of several columns as in `pairs`; regions with different
            labels are not scored.

        Returns
        -------
        ndarray, shape (N, M), or list of GroupScores
            With `groups`, one matrix for each group, with the positions of its regions, in the
            order of the labels. A group that only one side has gives a matrix without rows or
            columns.

        Examples
        --------
        >>> import overlap as ov
        >>> found = ov.Boxes([[0, 0, 2, 2], [0, 0, 2, 2], [1, 0, 3, 2]])
        >>> truth = ov.Boxes([[0, 0, 2, 2], [0, 0, 2, 1]])
        >>> images = ["a.png", "b.png", "a.png"], ["a.png", "b.png"]
        >>> for image in ov.iou.pairwise(found, truth, groups=images):
        ...     print(image.group, image.found, image.truth, image.score.round(2).tolist())
        a.png [0 2] [0] [[1.0], [0.33]]
        b.png [1] [1] [[0.5]]
        """
        if groups is None:
            return evaluation.pairwise(self.plan, found, truth, out)
        if out is not None:
            raise TypeError(
                f"{self}: out= is for one matrix of all pairs; leave it out with groups="
            )
        return pairwise_by_group(self.plan, found, truth, groups)

    def pairs(
        self,
        found: Regions,
        truth: Regions,
        *,
        at_least: float,
        strict: bool = False,
        groups: tuple[Any, Any] | None = None,
    ) -> scipy.sparse.coo_array:
        """Return the pairs that reach a threshold, without looking at all of them.

        Parameters
        ----------
        found, truth : Regions
            N and M regions.
        at_least : float
            Threshold; it must exclude pairs that do not intersect.
        strict : bool
            Keep scores > `at_least` instead of >=.
        groups : pair of array_like, shapes (N,) and (M,), optional
            Labels such as the video or the class; only equal labels are paired. Labels of several
            columns have shapes (N, K) and (M, K), or each side is a tuple of K columns, as in
            ``groups=((image, label), (image_of_truth, label_of_truth))``.

        Returns
        -------
        scipy.sparse.coo_array, shape (N, M)
            Scores of the pairs, in no particular order; `tocsr` sorts them. Its attribute
            ``undefined`` counts the pairs of two empty regions, which have no score.

        Raises
        ------
        ValueError
            Where regions that do not intersect could reach the threshold.
        """
        import scipy.sparse

        plan = self.plan
        at_least = checked_number(at_least, "at_least")
        plan.check_level(at_least, "at_least")
        if not self.prunes(at_least, strict):
            raise ValueError(
                f"{self}: regions that do not intersect can score up to {self.disjoint_max:g}, so "
                f"at_least = {at_least:g} keeps pairs that are never looked at; use .pairwise"
            )
        plan.geometry(found, truth)
        codes = None if groups is None else checked_groups(groups, len(found), len(truth))
        i, j, value = sparse.sparse_pairs(plan, found, truth, at_least, strict, codes)
        result = scipy.sparse.coo_array((value, (i, j)), shape=(len(found), len(truth)))
        result.undefined = sparse.count_undefined(found, truth, codes)
        return result

    def prunes(self, at_least: float, strict: bool = False) -> bool:
        """Return whether only intersecting regions can reach the threshold."""
        return self.plan.prunes(at_least, strict)

    @overload
    def value_and_grad(
        self, found: Regions, truth: Regions, *, wrt: Literal["found", "truth"] = "found"
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...
    @overload
    def value_and_grad(
        self, found: Regions, truth: Regions, *, wrt: Literal["both"]
    ) -> tuple[NDArray[np.float64], tuple[NDArray[np.float64], NDArray[np.float64]]]: ...
    def value_and_grad(
        self, found: Regions, truth: Regions, *, wrt: Literal["found", "truth", "both"] = "found"
    ) -> tuple[NDArray[np.float64], Any]:
        """Score pair by pair with exact gradients.

        At ties, such as a shared edge, half of the derivative goes to each side; the
        gradient of identical regions is zero. Where the score is undefined it is NaN with
        a zero gradient.

        Parameters
        ----------
        found, truth : Regions
            Batches of the same kind and length; a batch of one region is repeated.
        wrt : {"found", "truth", "both"}
            Whose parameters.

        Returns
        -------
        value : ndarray, shape (N,)
        grad : ndarray, shape (N, P), or two of them for ``wrt="both"``
            Per pair, in the order of the constructor's columns; of polygons (V, 2), the vertices
            of one pair after those of the other; of a product with polygons or interval sets, a
            pair of the gradients of both factors.
        """
        if wrt not in ("found", "truth", "both"):
            raise ValueError(f"wrt = {wrt!r}; expected 'found', 'truth' or 'both'")
        value, grads = row_gradients(self.plan, found, truth, wrt)
        return value, grads if wrt == "both" else grads[0]

    # -------------------------------------------------------------------- composition

    def with_enclosure(self, enclosure: str) -> Score:
        """Return the score with another common enclosure.

        Parameters
        ----------
        enclosure : {"natural", "box", "hull", "min_rect"}
            The kind's own; the smallest axis-aligned box; of boxes in the plane the convex hull,
            and the smallest rectangle at any angle.
        """
        if enclosure not in _ENCLOSURES:
            raise ValueError(f"enclosure = {enclosure!r}; expected one of {', '.join(_ENCLOSURES)}")
        return replace(self, enclosure=enclosure)

    def named(self, label: str, doc: str = "") -> Score:
        """Return the score under a name of its own.

        Parameters
        ----------
        label : str
        doc : str
            What ``help`` shows of it.
        """
        return replace(self, label=label, doc=doc)

    def __add__(self, other: Score) -> Score:
        if not isinstance(other, Score):
            return NotImplemented
        if len({self.enclosure, other.enclosure, "natural"}) > 2:
            raise ValueError(
                f"{self} and {other} have different enclosures; choose one for the sum with "
                ".with_enclosure"
            )
        enclosure = other.enclosure if self.enclosure == "natural" else self.enclosure
        return Score(self.parts + other.parts, enclosure)

    def __sub__(self, other: Score) -> Score:
        return self + -other if isinstance(other, Score) else NotImplemented

    def __neg__(self) -> Score:
        return -1.0 * self

    def __mul__(self, factor: float) -> Score:
        if not isinstance(factor, Real):
            return NotImplemented
        if not math.isfinite(factor):
            raise ValueError(f"{self}: coefficient {factor} is not finite")
        scaled = (
            replace(part, coefficient=part.coefficient * float(factor)) for part in self.parts
        )
        return Score(tuple(scaled), self.enclosure)

    __rmul__ = __mul__

    def _refuse_other_words(self, parameters: dict[str, Any]) -> None:
        """Raise for words that other packages have for the two sides, and for `out`."""
        other = next((word for word in parameters if word in _OTHER_WORDS), None)
        if other is not None:
            raise TypeError(
                f"{self}: there is no {other}=; the two batches are found (predictions) and truth "
                "(targets): score(found, truth)"
            )
        if "out" in parameters:
            raise TypeError(f"{self}: out= is for all pairs: score.pairwise(found, truth, out=...)")

    def _with_parameters(self, parameters: dict[str, float]) -> Score:
        owners = {name: [] for name in parameters}  # type: dict[str, list[int]]
        parts = list(self.parts)
        for k, part in enumerate(parts):
            names = [name for name, _ in part.component.parameters]
            values = list(part.parameters)
            for name in set(names) & set(parameters):
                at = names.index(name)
                required = math.isnan(part.component.parameters[at][1])
                values[at] = _checked_parameter(self, name, parameters[name], required)
                owners[name].append(k)
            parts[k] = replace(part, parameters=tuple(values))
        unknown = [name for name, where in owners.items() if not where]
        if unknown:
            known = sorted({name for part in parts for name, _ in part.component.parameters})
            raise TypeError(
                f"{self} has no parameter {', '.join(unknown)}; it has {', '.join(known) or 'none'}"
            )
        label = None if self.label is None else f"{self.label}({_texts(parameters)})"
        return Score(tuple(parts), self.enclosure, label, self.doc)

    # --------------------------------------------------------------------- properties

    @property
    def name(self) -> str:
        """The label, or the expression."""
        return self.label or self.expression

    @property
    def expression(self) -> str:
        """The combination as one would type it."""
        text = ""
        for part in self.parts:
            size = abs(part.coefficient)
            term = part.text() if size == 1.0 else f"{size:.17g} * {part.text()}"
            short = f"{size:g} * {part.text()}"
            term = short if size != 1.0 and float(f"{size:g}") == size else term
            if not text:
                text = f"-{term}" if part.coefficient < 0 else term
            else:
                text += f" {'-' if part.coefficient < 0 else '+'} {term}"
        return text

    def __repr__(self) -> str:
        if self.enclosure == "natural":
            return self.name
        text = self.name if self.label or len(self.parts) == 1 else f"({self.name})"
        return f"{text}.with_enclosure({self.enclosure!r})"

    __str__ = __repr__

    @property
    def signature(self) -> str:
        """The name with the parameters and their defaults, ``tversky(alpha=0.5, beta=0.5)``."""
        known = {key: value for part in self.parts for key, value in part.component.parameters}
        texts = (
            f"{key}=" if math.isnan(value) else f"{key}={value:g}" for key, value in known.items()
        )
        return f"{self.name}({', '.join(texts)})" if known else self.name

    @property
    def symmetric(self) -> bool:
        """Whether exchanging found and truth changes nothing."""
        return all(part.symmetric for part in self.parts)

    @property
    def needs(self) -> Groups:
        """The groups of terms that the score reads."""
        return self.plan.needs

    @property
    def disjoint_max(self) -> float:
        """An upper bound of the score of two regions that do not intersect."""
        return self.plan.disjoint_max

    def bounds(self, axes: int = 1) -> tuple[float, float]:
        """Return a lower and an upper bound of the score.

        Parameters
        ----------
        axes : int
            Number of axes of the regions, for scores that are sums over axes.
        """
        low = high = 0.0
        for part in self.parts:
            reach = part.component.high * (axes if part.component.axis is not None else 1)
            low += min(part.coefficient, 0.0) * reach
            high += max(part.coefficient, 0.0) * reach
        return low, high

    @cached_property
    def plan(self) -> Plan:
        """The score made ready for evaluation."""
        overlap_only = all(part.component.needs == Groups.OVERLAP for part in self.parts)
        return Plan(repr(self), self.parts, "natural" if overlap_only else self.enclosure)


def component(
    formula: Callable,
    *,
    needs: str | Iterable[str],
    name: str | None = None,
    doc: str = "",
    symmetric: bool | Callable[[tuple[float, ...]], bool] = True,
    highest: float = 1.0,
    highest_apart: float | None = None,
    penalty: bool | None = None,
    grows: bool = False,
    at_most: Weights | None = None,
    parameters: Mapping[str, float | None] | None = None,
    absolute: bool = False,
    axis: Callable | None = None,
    torch: Callable | None = None,
) -> Score:
    """Return a score of your own, from one compiled formula and its metadata.

    The result is as good a score as `iou`: it adds to others, and has pairwise evaluation, sparse
    pairs, gradients, suppression, matching and losses, for every kind of region that has the terms.
    These trust the metadata; `overlap.testing.check_score` checks them.

    Parameters
    ----------
    formula : callable
        Decorated with `overlap.scalar`: ``(o, e, s, x, p)``, the terms of one pair and the
        parameters, to ``(value, do, de, ds, dx)``, the value >= 0 and its partial derivatives. The
        terms are ``o = (measure_a, measure_b, intersection)``, ``e = (hull, center_gap2,
        diameter2)``, ``s = outside`` and for each axis ``x[k] = (offset, side_a, side_b, cover)``.
        For distributions ``e = (transport2, bhattacharyya, kl_ba)`` and ``s = kl_ab``. Partials of
        terms that are not read are zeros, and ``()`` for `x`; otherwise `dx` has one tuple for each
        axis. Free names of the formula are then AXES, their number, and ZEROS, tuples of zeros for
        all axes after the second. The value is NaN for two empty regions if only the overlap is
        read; else, where a denominator is 0, it is 0.
    needs : str or iterable of str
        The groups of terms that the formula reads: ``"overlap"``, ``"enclosure"``, ``"outside"``,
        ``"extent"``, ``"divergence"`` (see `terms`). And conditions on the kind: ``"centers"``
        (distances between centers mean something), ``"sides"`` (of the enclosure), ``"aspect"`` (a
        width and a height), ``"corners"``, ``"bounded"`` (an intersection that is at most either
        measure).
    name : str, optional
        By default that of the function.
    doc : str
        What ``help`` shows. The first line is the meaning, which ``overlap list scores`` prints.
    symmetric : bool or callable
        Exchanging the two regions changes nothing; or a function of the tuple of parameters.
    highest : float
        The largest value; for each axis with `axis`.
    highest_apart : float, optional
        The largest value of two regions that do not intersect, by default `highest`. `Score.pairs`
        and `nms` leave out pairs that cannot reach a threshold because of it.
    penalty : bool, optional
        0 for equal regions, and to be subtracted; otherwise `highest` for equal regions. By
        default so if an enclosure, what is outside or the extent is read.
    grows : bool
        The value never falls where the intersection grows and both measures stay. Suppression then
        skips pairs by cheap bounds of the intersection.
    at_most : pair of float or callable, optional
        Weights alpha and beta of a Tversky index ``I / (I + alpha (A - I) + beta (B - I))`` that
        the value never exceeds, or a function from the tuple of parameters to them. Suppression
        then looks only at regions that are as near, and as alike in size, as that needs.
    parameters : mapping from str to float or None, optional
        Names and defaults >= 0 of run-time parameters, in the order of `p`; None for one that must
        be given, and be > 0.
    absolute : bool
        The value depends on the unit of length.
    axis, torch : callable, optional
        For a sum over axes, the template of the partials of axis K, see ``sides_gap`` in
        ``overlap/_kernels/formulas.py``. And the value as operations of PyTorch, as a function of
        the `Terms`, whose arrays are tensors, and of the parameters.

    Returns
    -------
    Score

    Raises
    ------
    TypeError, ValueError
        For a formula that is not compiled or takes other arguments, and metadata out of range.

    Examples
    --------
    The mean of precision and recall:

    >>> import math
    >>> import overlap as ov
    >>> @ov.scalar
    ... def kulczynski(o, e, s, x, p):
    ...     a, b, shared = o
    ...     u, v = 1.0 / a if a > 0.0 else 0.0, 1.0 / b if b > 0.0 else 0.0
    ...     value = 0.5 * shared * (u + v) if a + b > 0.0 else math.nan
    ...     do = (-0.5 * shared * u * u, -0.5 * shared * v * v, 0.5 * (u + v))
    ...     return value, do, (0.0, 0.0, 0.0), 0.0, ()
    >>> kulczynski = ov.component(
    ...     kulczynski,
    ...     needs=("overlap", "bounded"),
    ...     doc="Mean of precision and recall: ``(I / A + I / B) / 2``.",
    ...     highest_apart=0.0,
    ...     grows=True,
    ... )
    >>> found, truth = ov.Boxes([[0.0, 0.0, 4.0, 4.0]]), ov.Boxes([[2.0, 0.0, 8.0, 4.0]])
    >>> kulczynski(found, truth).round(3)
    array([0.417])
    >>> (kulczynski - ov.center_gap).value_and_grad(found, truth)[1].round(3)
    array([[ 0.078,  0.005,  0.183, -0.005]])
    """
    own = read_component(
        formula,
        needs=needs,
        name=name,
        penalty=penalty,
        symmetric=symmetric,
        highest=highest,
        highest_apart=highest_apart,
        grows=grows,
        at_most=at_most,
        parameters=parameters,
        torch=torch,
        axis=axis,
        absolute=absolute,
    )
    return Score((Part(1.0, own, tuple(value for _, value in own.parameters)),), doc=doc)


def check_score(score: object) -> None:
    """Raise a TypeError unless `score` is a Score."""
    if not isinstance(score, Score):
        raise TypeError(
            f"score: expected a Score such as overlap.iou or overlap.dice, got {score!r}"
        )


def _texts(parameters: dict[str, float]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in parameters.items())


def _checked_parameter(score: Score, name: str, value: float, positive: bool) -> float:
    least = "> 0" if positive else ">= 0"
    if not (isinstance(value, Real) and math.isfinite(value) and value >= 0) or (
        positive and value == 0
    ):
        raise ValueError(f"{score}: {name} = {value!r} is not a finite number {least}")
    return float(value)


def terms(found: Regions, truth: Regions, *, enclosure: str = "natural") -> Terms:
    """Return the named terms of pairs.

    Parameters
    ----------
    found, truth : Regions
        Batches of the same kind and length; a batch of one region is repeated.
    enclosure : str
        The common enclosure, see `Score.with_enclosure`.

    Returns
    -------
    Terms
        One array per term; None where the kind does not have it.

    Examples
    --------
    >>> import overlap as ov
    >>> terms = ov.terms(ov.Intervals([[0.0, 2.0]]), ov.Intervals([[1.0, 4.0]]))
    >>> terms.intersection, terms.hull
    (array([1.]), array([4.]))
    """
    return _terms(found, truth, enclosure, None)


def shared_terms(found: Regions, truth: Regions) -> Terms:
    """Return the measures and intersections of pairs, and none of the terms of their enclosures.

    Parameters
    ----------
    found, truth : Regions
        As for `terms`.
    """
    return _terms(found, truth, "natural", Groups.OVERLAP)


def _terms(found: Regions, truth: Regions, enclosure: str, needs: Groups | None) -> Terms:
    check_pair(found, truth)
    found, truth = evaluation.broadcast(found, truth)
    index = np.arange(len(found))
    geometry = found.pair_geometry(truth, enclosure)
    return evaluation.term_block(found, index, truth, index, geometry, needs)
