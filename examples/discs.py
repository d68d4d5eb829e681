"""
A kind of region of your own: discs
===================================

Two jitted functions make a kind: what a pair shares, and what encloses it. Every ratio,
penalty, pairwise and sparse evaluation, suppression and matching then works for it.
"""

import math

import numpy as np

import overlap as ov
from overlap.testing import check_regions

# %%
# A disc is ``x, y, r``. In kernels, `a` and `b` are tuples of the columns, and the pair is
# ``a[.][i], b[.][j]``.


@ov.scalar
def disc_overlap(a, i, b, j):
    """Return both areas and the area of the lens that two discs share."""
    r, s = max(a[2][i], b[2][j]), min(a[2][i], b[2][j])
    d = math.hypot(a[0][i] - b[0][j], a[1][i] - b[1][j])
    lens = math.pi * s * s if d <= r - s else 0.0
    if r - s < d < r + s:
        t = 2.0 * math.acos(min((d * d + r * r - s * s) / (2.0 * d * r), 1.0))
        u = 2.0 * math.acos(max((d * d + s * s - r * r) / (2.0 * d * s), -1.0))
        lens = 0.5 * (r * r * (t - math.sin(t)) + s * s * (u - math.sin(u)))
    return math.pi * a[2][i] * a[2][i], math.pi * b[2][j] * b[2][j], min(lens, math.pi * s * s)


@ov.scalar
def disc_enclosure(a, i, b, j):
    """Return area of the convex hull, squared distance of centers, squared diameter."""
    r, s = max(a[2][i], b[2][j]), min(a[2][i], b[2][j])
    d = math.hypot(a[0][i] - b[0][j], a[1][i] - b[1][j])
    if d <= r - s:  # the larger one holds the smaller
        return math.pi * r * r, d * d, 4.0 * r * r
    t = math.acos((r - s) / d)  # where the common tangents touch
    hull = (math.pi - t) * r * r + t * s * s + (r + s) * math.sqrt(d * d - (r - s) ** 2)
    return hull, d * d, (d + r + s) ** 2


class Discs(ov.Regions):
    """Discs in the plane, one ``x, y, r`` per row."""

    columns = ("x", "y", "r")
    overlap = disc_overlap
    enclosure = disc_enclosure


# %%
# That is all. The penalties tell discs that miss each other by a little from discs that
# miss by far, for which IoU is 0 alike.

truth = Discs([[0.0, 0.0, 1.0]])
found = Discs([[0.0, 0.0, 1.0], [0.5, 0.0, 1.0], [2.5, 0.0, 1.0], [9.0, 0.0, 1.0]])

print("iou ", ov.iou(found, truth).round(3))
print("giou", ov.giou(found, truth).round(3))
print("diou", ov.diou(found, truth).round(3))

# %%
# Non-maximum suppression keeps the best of every crowd.

kept = ov.nms(found, [0.7, 0.9, 0.8, 0.6], threshold=0.5)
print("kept", kept.index)

# %%
# The law suite checks the kind under every score that it has: symmetry, ranges, identity,
# agreement between ways of pairing, and what the kind must refuse (here gradients, for which
# it would add one more function, `pullback`).

rng = np.random.default_rng(0)
random_discs = Discs(np.column_stack([rng.random((60, 2)), rng.uniform(0.1, 0.5, 60)]))
shift, double = [7.0, -3.0, 0.0], 2.0
summary = check_regions(
    random_discs,
    transforms={
        "translation": lambda discs: Discs(discs.to_array() + shift),
        "scale": lambda discs: Discs(discs.to_array() * double),
    },
)
print("all laws hold;", summary)
