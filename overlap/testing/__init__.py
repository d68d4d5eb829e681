"""Laws of regions, scores and coders, as checks that other packages run as well.

A new kind of region has to pass `check_regions`, a new score `check_score` and a new coder
`check_coder`; those of this package pass the same laws.
A law that fails raises an AssertionError that names the law, the kind, the score and the
pair of regions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

import overlap as ov
from overlap.regions.base import Regions
from overlap.scores import divergences, penalties, ratios
from overlap.scores.component import Component
from overlap.scores.score import Score
from overlap.testing._capabilities import Capabilities, capabilities
from overlap.testing._coders import check_coder
from overlap.testing._gradients import central_difference, gradient, gradient_at_ties, no_gradient
from overlap.testing._laws import SCORE_LAWS, batches, order_of_scores, refusal, terms
from overlap.testing._sample import Sample, blocked_class, with_class
from overlap.testing._sample import rebuild as rebuilt
from overlap.testing._scores import check_score

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = [
    "Capabilities",
    "all_scores",
    "central_difference",
    "check_coder",
    "check_pairs",
    "check_regions",
    "check_score",
]


def all_scores() -> tuple[Score, ...]:
    """Return the scores that the law suite goes through: every component, alone or in a sum."""
    chosen = (
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
        ov.siou,
        ov.mpdiou(diagonal=1.3),
        ov.iou - ov.enclosed_gap,
        ov.dice - 0.5 * ov.center_gap,
        ov.kfiou,
        ov.nwd(scale=0.7),
        ov.gwd,
        ov.kld,
        ov.jd(root=True),
        ov.probiou,
    )
    covered = set().union(*map(_components, chosen))
    rest = [
        score
        for module in (ratios, penalties, divergences)
        for score in (getattr(module, name) for name in module.__all__)
        if not covered.issuperset(_components(score))
    ]
    return (*chosen, *map(_given, rest))


def _components(score: Score) -> set[Component]:
    return {part.component for part in score.parts}


def _given(score: Score) -> Score:
    """Return a score whose parameters all have a value."""
    missing = {
        key: 1.0 for own in _components(score) for key, value in own.parameters if math.isnan(value)
    }
    return score(**missing) if missing else score


def _draw(
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
) -> Capabilities:
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

    Returns
    -------
    Capabilities
        Capabilities of the kind, and its losses by those that it lacks: ``print`` shows them.

    Raises
    ------
    AssertionError
        Names the law, the kind, the score, the pair and the numbers.

    Examples
    --------
    >>> import numpy as np, overlap as ov
    >>> from overlap.testing import check_regions
    >>> ends = np.sort(np.random.default_rng(1).random((50, 2)), axis=1)
    >>> found = check_regions(ov.Intervals(ends), scores=[ov.iou])
    >>> found.lacks["scores"]
    'a TypeError from kfiou, nwd(scale=0.7), gwd, kld, jd(root=1), probiou'
    """
    generator = np.random.default_rng(rng)
    found, truth = _draw(example, generator, pairs)
    shared = int((ov.terms(found, truth).intersection > 0).sum())
    if 20 * shared < pairs:
        raise ValueError(
            f"check_regions: only {shared} of {pairs} pairs of {type(found).__name__} intersect, "
            "which would check little; give regions that lie closer together"
        )
    check_pairs(
        found,
        truth,
        scores=scores,
        transforms=transforms,
        rebuild=rebuild,
        exact=exact,
        rng=generator,
    )
    return capabilities(found, all_scores())


def check_pairs(
    found: Regions,
    truth: Regions,
    *,
    scores: Sequence[Score] | None = None,
    transforms: Mapping[str, Callable[[Regions], Regions]] | None = None,
    rebuild: Callable[[Regions, ArrayLike], Regions] | None = None,
    exact: bool = True,
    differences: bool = True,
    rng: int | np.random.Generator = 0,
) -> None:
    """Check every law that applies on given pairs of regions.

    Parameters
    ----------
    found, truth : Regions
        As many of each, at least one.
    scores, transforms, rebuild, exact, rng
        As in `check_regions`.
    differences : bool
        Compare gradients with central differences; most pairs must be away from ties.
    """
    kind = type(found)
    blocked = blocked_class(kind)  # type: ignore[arg-type]  # classes are hashable
    numeric = False
    if not found.ragged:
        array = found.to_array()
        numeric = array.ndim == 2 and array.dtype == np.float64
    sample = Sample(
        kind=kind.__name__,
        found=with_class(found, blocked),
        truth=with_class(truth, blocked),
        fused=found.geometry().fused,
        exact=exact,
        numeric=numeric,
        rebuild=rebuilt if rebuild is None else rebuild,
        transforms=transforms or {},
        rng=np.random.default_rng(rng),
    )
    batches(sample, found)
    terms(sample)
    order_of_scores(sample)
    for score in all_scores() if scores is None else scores:
        if scores is None and not sample.has(score):
            refusal(sample, score)
            continue
        for law in SCORE_LAWS:
            law(sample, score)
        if not found.geometry(score.enclosure).has_gradient(score.needs):
            no_gradient(sample, score)
            continue
        if found.ragged:
            continue  # parameters of single regions cannot be exchanged: such kinds have tests
        gradient_at_ties(sample, score)
        if differences:
            gradient(sample, score)
