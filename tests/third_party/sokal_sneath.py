"""A score of another package, complete: the index of Sokal and Sneath (1963)."""

import math

import overlap as ov


@ov.scalar
def index(o, e, s, x, p):
    """Return ``I / (I + 2 (A - I) + 2 (B - I))`` and its partial derivatives."""
    a, b, shared = o
    total = shared + 2.0 * ((a - shared) + (b - shared))
    r = 1.0 / total if total > 0.0 else 0.0
    value = shared / total if total > 0.0 else math.nan
    d = shared * r * r
    return value, (-2.0 * d, -2.0 * d, r + 3.0 * d), (0.0, 0.0, 0.0), 0.0, ()


def of_tensors(terms):
    total = 2.0 * (terms.measure_a + terms.measure_b) - 3.0 * terms.intersection
    return terms.intersection / total.clamp(min=1e-300)


sokal_sneath = ov.component(
    index,
    name="sokal_sneath",
    needs="overlap",
    doc="""Sokal-Sneath index: ``I / (I + 2 (A - I) + 2 (B - I))``.

    Range: [0, 1]; 1 for equal sets, 0 for sets that share nothing, NaN for two empty sets.
    """,
    highest_apart=0.0,
    grows=True,
    at_most=(2.0, 2.0),
    torch=of_tensors,
)
