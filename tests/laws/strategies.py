"""Hypothesis strategies: batches of every kind, full of ties, empties and nested regions."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import overlap as ov

# A coarse lattice makes shared ends, identical and empty regions common; the rest is general.
_LATTICE = st.integers(-4, 8).map(float)
# Sides stay above 1e-75, so that the product of four is still a normal number: the gradient
# of a subnormal measure has lost its digits.
_REALS = st.floats(-5.0, 9.0).map(lambda x: x if abs(x) > 1e-75 else 0.0)
_NUMBERS = st.one_of(_LATTICE, _REALS)
SIZE = 6


def tables(columns: int) -> st.SearchStrategy[np.ndarray]:
    return hnp.arrays(np.float64, (SIZE, columns), elements=_NUMBERS)


def intervals() -> st.SearchStrategy[ov.Intervals]:
    return tables(2).map(ov.Intervals.sorted)


def interval_sets() -> st.SearchStrategy[ov.IntervalSets]:
    spans = st.lists(st.tuples(_NUMBERS, _NUMBERS).map(sorted), max_size=3)
    return st.lists(spans, min_size=SIZE, max_size=SIZE).map(ov.IntervalSets)


def arcs(period: float) -> st.SearchStrategy[ov.Intervals]:
    def build(table: np.ndarray) -> ov.Intervals:
        length = np.minimum(abs(table[:, 1] - table[:, 0]), period)
        stop = table[:, 0] + length
        # Rounding of start + length must not make the arc longer than a turn.
        stop = np.where(stop - table[:, 0] > period, np.nextafter(stop, -np.inf), stop)
        return ov.Intervals(np.stack([table[:, 0], stop], 1), period=period)

    return tables(2).map(build)


def boxes(axes: int) -> st.SearchStrategy[ov.Boxes]:
    return tables(2 * axes).map(ov.Boxes.sorted)


def tubes() -> st.SearchStrategy[ov.Product]:
    return st.builds(lambda box, span: ov.Product(box, span, scale=2.0), boxes(2), intervals())


def finite_sets(elements: int = 5) -> st.SearchStrategy[ov.FiniteSets]:
    weights = np.array([1.0, 0.5, 2.0, 0.0, 3.25])[:elements]
    table = hnp.arrays(np.bool_, (SIZE, elements))
    return table.map(lambda rows: ov.FiniteSets(rows, weights=weights))


def masks() -> st.SearchStrategy[ov.Masks]:
    table = hnp.arrays(np.bool_, (SIZE, 4, 3))
    return table.map(lambda cells: ov.Masks(cells, spacing=(0.5, 2.0)))


def soft_masks(form: str) -> st.SearchStrategy[ov.Masks]:
    """Return batches of soft masks with many ties and values at the edge of the support."""
    values = st.one_of(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]), st.floats(0.0, 1.0, width=32))
    table = hnp.arrays(np.float32, (SIZE, 2, 3), elements=values)
    return table.map(lambda cells: ov.Masks(cells, spacing=(0.5, 2.0), soft=form))
