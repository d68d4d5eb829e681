"""Laws of components: formulas agree with their records, on terms of random regions."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap._kernels import loops
from overlap._kernels.terms import Groups, Terms
from overlap.regions.boxes import Boxes
from overlap.regions.gaussians import Gaussians
from overlap.scores.component import Component, Part
from overlap.scores.evaluation import fill_block, scorer_of
from overlap.scores.score import Score
from overlap.scores.score import check_score as check_type
from overlap.testing._sample import ROUNDING, close, same

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["check_score"]

_GRADIENT = 1e-5  # relative, between a partial derivative and a central difference
_STEP = 1e-5
_ROWS = {  # of a block of terms
    Groups.OVERLAP: (0, 1, 2),
    Groups.ENCLOSURE: (3, 4, 5),
    Groups.OUTSIDE: (6,),
    Groups.DIVERGENCE: (3, 4, 5, 6),
}


def check_score(
    score: Score, *, partials: bool = True, pairs: int = 200, rng: int | np.random.Generator = 0
) -> None:
    """Check that the components of a score agree with their records.

    On terms of random boxes with one, two and three axes, or of random Gaussians: the range, the
    highest value apart, symmetry, the value of equal regions, growth with the intersection, the
    Tversky index above, that no other terms are read, the partial derivatives, and, where PyTorch
    is installed, its operations.

    Parameters
    ----------
    score : Score
        With a value for every parameter.
    partials : bool
        Compare partial derivatives with central differences. False for a formula that holds
        something constant in them on purpose, as `overlap.aspect_gap` does.
    pairs : int
        Number of random pairs for each number of axes.
    rng : int or numpy.random.Generator
        Seed.

    Raises
    ------
    AssertionError
        Names the law, the component and the numbers.

    Examples
    --------
    >>> import overlap as ov
    >>> from overlap.testing import check_score
    >>> check_score(ov.tversky(alpha=0.3, beta=0.7))
    """
    check_type(score)
    generator = np.random.default_rng(rng)
    for part in score.parts:
        axes = (1, 2, 3) if Groups.EXTENT in part.component.needs else (2,)
        for number in axes:
            _Terms(Part(1.0, part.component, part.parameters), number, pairs, generator).check(
                partials
            )


class _Terms:
    """Terms of random pairs, in blocks as kernels have them, and one component."""

    def __init__(self, part: Part, axes: int, pairs: int, rng: np.random.Generator) -> None:
        self.part, self.own, self.axes, self.rng = part, part.component, axes, rng
        needs = self.own.needs
        low = rng.uniform(0.0, 1.0, (2, pairs, axes))
        sides = rng.uniform(0.2, 1.5, (2, pairs, axes))
        found, truth = (Boxes(np.hstack([a, a + b])) for a, b in zip(low, sides, strict=True))
        a: Any = found
        b: Any = truth
        if Groups.DIVERGENCE in needs:
            a, b = (Gaussians.from_boxes(batch, variance=0.25) for batch in (found, truth))
        index = np.arange(pairs)
        geometry = a.pair_geometry(b, "natural")
        self.block = fill_block(a, index, b, index, geometry, geometry.groups)
        self.equal = fill_block(a, index, a, index, geometry, geometry.groups)
        rows = [row for group, some in _ROWS.items() if group in needs for row in some]
        if Groups.EXTENT in needs:
            rows += range(7, 7 + 4 * axes)
        self.rows = sorted(set(rows))
        self.kernel = scorer_of(loops.partial_block, (self.own,), axes, needs)

    def score(self, block: NDArray) -> tuple[NDArray, NDArray]:
        """Return values, and partial derivatives in rows as those of the block."""
        value, partials = np.empty(block.shape[1]), np.zeros_like(block)
        self.kernel(block, (1.0, *self.part.parameters), value, partials)
        return value, partials

    def hold(self, law: str, ok: ArrayLike, **numbers: NDArray) -> None:
        ok = np.asarray(ok)
        if ok.all():
            return
        k = int(np.flatnonzero(~ok)[0])
        shown = "".join(f"\n  {name}: {values[k]!r}" for name, values in numbers.items())
        where = f"{self.axes} axes" if Groups.EXTENT in self.own.needs else "pair"
        raise AssertionError(
            f"{law}: does not hold for {self.part.text()} ({where}, number {k}){shown}"
        )

    def check(self, partials: bool) -> None:
        value, slopes = self.score(self.block)
        self._range(value)
        self._record(value)
        self._other_terms(value)
        if partials:
            self._partials(slopes)
        if self.own.torch is not None and find_spec("torch") is not None:
            self._tensors(value)

    def _range(self, value: NDArray) -> None:
        own = self.own
        high = own.high * (self.axes if own.axis is not None else 1)
        self.hold("a number", np.isfinite(value), value=value)
        self.hold("highest", (value >= 0.0) & (value <= high * (1.0 + ROUNDING)), value=value)
        if Groups.DIVERGENCE not in own.needs:
            apart = self.block.copy()
            apart[2] = 0.0
            if not own.ratio:  # terms of pairs that do not touch, and no others
                apart = np.ascontiguousarray(apart[:, self.block[2] == 0.0])
            value = self.score(apart)[0]
            self.hold("highest_apart", value <= own.disjoint_max + ROUNDING, value=value)
        value = self.score(self.equal)[0]
        wanted = np.full_like(value, own.best)
        self.hold("the value of equal regions", close(value, wanted), value=value, wanted=wanted)
        if own.ratio:
            empty = np.zeros_like(self.block)
            value, slopes = self.score(empty)
            self.hold("NaN for two empty regions", np.isnan(value), value=value)
            self.hold("no slope of two empty regions", (slopes == 0.0).all(axis=0))
            empty[0] = self.block[0]
            value = self.score(empty)[0]
            self.hold("a number for one empty region", ~np.isnan(value), value=value)

    def _record(self, value: NDArray) -> None:
        own, block = self.own, self.block
        if self.part.symmetric:
            exchanged = block.copy()
            exchanged[[0, 1]] = block[[1, 0]]
            if Groups.DIVERGENCE in own.needs:
                exchanged[[5, 6]] = block[[6, 5]]
            for row in range(7, len(block), 4):
                exchanged[row] = -block[row]
                exchanged[[row + 1, row + 2]] = block[[row + 2, row + 1]]
            other = self.score(exchanged)[0]
            self.hold("symmetric", same(value, other), value=value, exchanged=other)
        shares = self.rng.uniform(0.0, 1.0, (2, block.shape[1]))
        largest = block[:2].min(axis=0) if own.bounded else block[:2].mean(axis=0)
        if own.grows:
            less, more = (block.copy() for _ in "ab")
            less[2], more[2] = np.sort(shares, axis=0) * largest
            below, above = self.score(less)[0], self.score(more)[0]
            ok = below <= above * (1.0 + ROUNDING)
            self.hold("grows with the intersection", ok, value=below, larger=above)
        if own.ratio and self.part.symmetric:
            most = block.copy()
            most[2] = largest
            shared = self.score(most)[0]
            ok = shared <= own.high * (1.0 + ROUNDING)
            self.hold("highest where half of the measures is shared ('bounded')", ok, value=shared)
        if self.part.at_most is not None:
            alpha, beta = self.part.at_most
            a, b, shared = block[:3]
            total = shared + alpha * (a - shared) + beta * (b - shared)
            index = np.divide(shared, total, out=np.zeros_like(total), where=total > 0.0)
            self.hold("at_most", value <= index * (1.0 + ROUNDING), value=value, tversky=index)

    def _other_terms(self, value: NDArray) -> None:
        others = [row for row in range(len(self.block)) if row not in self.rows]
        changed = self.block.copy()
        changed[others] = self.rng.uniform(0.5, 1.0, (len(others), self.block.shape[1]))
        got, slopes = self.score(changed)
        self.hold("needs names all terms that are read", same(got, value), value=got, wanted=value)
        self.hold("no slope of other terms", (slopes[others] == 0.0).all(axis=0))

    def _partials(self, slopes: NDArray) -> None:
        for row in self.rows:
            ends = []
            for step in (-_STEP, 0.0, _STEP):
                moved = self.block.copy()
                moved[row] += step
                ends.append(self.score(moved)[0])
            behind, ahead = np.diff(ends, axis=0) / _STEP
            wanted = 0.5 * (behind + ahead)
            smooth = abs(ahead - behind) <= 1e-3 * (1.0 + abs(wanted))  # a kink has two slopes
            self.hold("few pairs are near ties", smooth.mean() > 0.5)
            ok = abs(slopes[row] - wanted) <= _GRADIENT * (1.0 + abs(wanted))
            self.hold(
                f"partial derivative with respect to {_name(self.own, row)}",
                ok | ~smooth,
                partial=slopes[row],
                difference=wanted,
            )

    def _tensors(self, value: NDArray) -> None:
        import torch

        assert self.own.torch is not None
        rows = torch.from_numpy(self.block)
        names = ("measure_a", "measure_b", "intersection", "hull", "center_gap2", "diameter2")
        own: dict[str, Any] = dict(zip((*names, "outside"), rows, strict=False))
        for k, name in enumerate(("offset", "side_a", "side_b", "cover")):
            own[name] = rows[7 + k :: 4].T
        terms = Terms(**own)
        got = self.own.torch(terms, *self.part.parameters).numpy()
        self.hold("operations of PyTorch", close(got, value), torch=got, value=value)


def _name(own: Component, row: int) -> str:
    if row >= 7:
        return f"{('offset', 'side_a', 'side_b', 'cover')[(row - 7) % 4]}[{(row - 7) // 4}]"
    names = ["measure_a", "measure_b", "intersection", "hull", "center_gap2", "diameter2"]
    if Groups.DIVERGENCE in own.needs:
        names[3:] = ["transport2", "bhattacharyya", "kl_ba"]
    return [*names, "kl_ab" if Groups.DIVERGENCE in own.needs else "outside"][row]
