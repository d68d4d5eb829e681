"""Distances from the points of one polygon to another: the farthest point, and percentiles.

The distance to a set changes by at most the way that one goes (its Lipschitz constant is 1), and
the distance to one edge is convex. So a piece of an edge, or a rectangle, is as far away as its
ends are from the edge that is nearest to its middle, or less (Tang, Lee and Kim, Interactive
Hausdorff distance computation for general polygonal models, 2009); what cannot beat the farthest
point known is left out, and the rest is cut in two. Away from the border, the distance has a local
maximum only in the convex hull of the nearest points (Lieutier, Any open bounded subset of R^n has
the same homotopy type as its medial axis, 2004): rectangles that see all of them on one side are
left out as well, so that little more than the border is looked at. Percentiles are those of the
distances of the border, by length, with a bound on their error.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from overlap._kernels.jit import run_blocks, specialise, subroutine
from overlap.regions.polygons.edge_trees import (
    LEAF,
    edges_of,
    empty_tree,
    farthest_corner,
    inside,
    nearest,
    plant,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from overlap.regions.polygons.rings import Rings

__all__ = ["Reach", "border_percentile", "find_reaches"]


_SLANT = 1e-6  # what the cosine of an acute angle is at least
_BUDGET = 200_000  # pieces that are looked at before a search is cut off


@subroutine
def apart(px, py, mx, my, distance, radius, close, hint, tree, count, small, wide, high):
    """Return whether a rectangle around a point sees all that may be nearest on one side.

    Close to the other region, or inside of it, the sides are told by the normals of its edges.
    """
    ax, ay, bx, by = tree[0, hint], tree[1, hint], tree[2, hint], tree[3, hint]
    ux, uy = ay - by, bx - ax
    if not close:
        square = (bx - ax) * (bx - ax) + (by - ay) * (by - ay)
        t = (px + mx - ax) * (bx - ax) + (py + my - ay) * (by - ay)
        t = min(max(t / square, 0.0), 1.0) if square > 0.0 else 0.0
        ux, uy = ax + t * (bx - ax) - px - mx, ay + t * (by - ay) - py - my
    around = distance + 2.0 * radius
    square = around * around
    for _ in range(2):  # towards the nearest point, then also towards the one farthest aside
        norm = math.hypot(ux, uy)
        if not norm > 0.0:
            return False
        ux, uy = ux / norm, uy / norm
        least, at_x, at_y = math.inf, 0.0, 0.0
        for big in range(-(-small // LEAF)):
            cx, cy = tree[4, small + big], tree[5, small + big]
            hx, hy = tree[6, small + big], tree[7, small + big]
            dx, dy = px - cx, py - cy
            many_x, many_y = 0, 0
            if wide > 0.0:
                dx -= wide * math.floor(dx / wide + 0.5)
                many_x = int((hx + around) / wide + 0.5) + 1
            if high > 0.0:
                dy -= high * math.floor(dy / high + 0.5)
                many_y = int((hy + around) / high + 0.5) + 1
            for image_x in range(-many_x, many_x + 1):
                sx = dx + image_x * wide
                gap_x = max(abs(sx) - hx, 0.0)
                if gap_x * gap_x > square:
                    continue
                for image_y in range(-many_y, many_y + 1):
                    sy = dy + image_y * high
                    gap_y = max(abs(sy) - hy, 0.0)
                    if gap_x * gap_x + gap_y * gap_y > square:
                        continue
                    qx, qy = sx + cx, sy + cy
                    for box in range(LEAF * big, min(LEAF * (big + 1), small)):
                        gx = max(abs(qx - tree[4, box]) - tree[6, box], 0.0)
                        gy = max(abs(qy - tree[5, box]) - tree[7, box], 0.0)
                        if gx * gx + gy * gy > square:
                            continue
                        for k in range(LEAF * box, min(LEAF * (box + 1), count)):
                            ax, ay = tree[0, k] - qx, tree[1, k] - qy
                            vx, vy = tree[2, k] - qx - ax, tree[3, k] - qy - ay
                            a, b = vx * vx + vy * vy, ax * vx + ay * vy
                            c = ax * ax + ay * ay - square
                            if a == 0.0 or b * b - a * c < 0.0:
                                continue
                            root = math.sqrt(b * b - a * c)
                            low, top = max((-b - root) / a, 0.0), min((-b + root) / a, 1.0)
                            if low > top:
                                continue
                            norm = math.sqrt(a)
                            for t in (low, top):
                                x, y = ax + t * vx, ay + t * vy
                                x, y = (-vy / norm, vx / norm) if close else (x, y)
                                if ux * x + uy * y < least:
                                    least, at_x, at_y = ux * x + uy * y, x, y
        if least > (_SLANT if close else radius):
            return True
        norm = math.hypot(at_x, at_y)
        ux, uy = ux + at_x / norm, uy + at_y / norm
    return False


def reach(a, i, b, j, wide, high, bound, budget, scratch, place):
    """Return the largest distance of the points of one region from another, and its largest error.

    `a` and `b` are batches: tables of edges, offsets of rings and of regions; then of the first
    what follows a vertex, and of the second the edges that are a border and their offsets. `i`
    and `j` are regions. The farthest point found is written to `place`.
    """
    table, rings, regions, following = a
    others, rings_b, regions_b, outer, outers = b
    own, border_b, tree, away, stack = scratch  # one type, so that nothing is compiled twice
    first, last = regions[i], regions[i + 1]
    size, small_a = plant(table, rings[first], rings[last], own)
    size_b, _ = plant(others, rings_b[regions_b[j]], rings_b[regions_b[j + 1]], border_b)
    count, small = plant(outer, outers[j], outers[j + 1], tree)
    best, rest = 0.0, 0.0
    hint = near = first - first  # of a literal 0, `nearest` would be compiled a second time
    place[0], place[1] = own[0, 0], own[1, 0]
    if count == 0:
        return 0.0, 0.0  # the other covers everything
    start = rings[first]
    tiny = 0.0  # what is as near as rounding is inside
    for box in range(small_a):
        tiny = max(tiny, abs(own[4, box]) + own[6, box])
        tiny = max(tiny, abs(own[5, box]) + own[7, box])
    tiny = 4e-16 * (tiny + wide + high)
    for phase in range(3):  # corners, then edges, then the inside, piece by piece
        left = budget
        enough = bound if phase == 2 else 0.5 * bound
        for item in range(last - first if phase == 2 else size):
            if phase < 2:
                ax, ay, bx, by = (
                    own[0, item], own[1, item], own[2, item], own[3, item],
                )  # fmt: skip
                if phase == 0:
                    bx, by = ax, ay
                else:
                    upper = 0.5 * (math.hypot(bx - ax, by - ay) + away[0, item])
                    upper += 0.5 * away[0, following[start + item] - start]
                    if upper <= best + enough:
                        rest = max(rest, upper)
                        continue
            else:
                ax, ay, bx, by, area = math.inf, math.inf, -math.inf, -math.inf, 0.0
                begin = rings[first + item] - start
                for k in range(begin, rings[first + item + 1] - start):
                    x, y = own[0, k], own[1, k]
                    ax, ay, bx, by = min(ax, x), min(ay, y), max(bx, x), max(by, y)
                    x, y = x - own[0, begin], y - own[1, begin]
                    area += x * (own[3, k] - own[1, begin])
                    area -= y * (own[2, k] - own[0, begin])
                if area <= 0.0:
                    continue  # a hole
            stack[0, 0], stack[1, 0] = 0.5 * (ax + bx), 0.5 * (ay + by)
            stack[2, 0], stack[3, 0] = 0.5 * (bx - ax), 0.5 * (by - ay)
            depth = 1
            while depth > 0:
                depth -= 1
                px, py, hx, hy = stack[0, depth], stack[1, depth], stack[2, depth], stack[3, depth]
                radius = math.hypot(hx, hy)
                distance, hint, mx, my = nearest(px, py, tree, count, small, wide, high, hint)
                left -= 1
                distance = distance if distance > tiny else 0.0
                upper = distance + radius
                known = distance
                if upper > best + enough:
                    upper = min(
                        upper,
                        farthest_corner(
                            px + mx, py + my, hx, hy, 4 if phase == 2 else 2,
                            tree[0, hint], tree[1, hint], tree[2, hint], tree[3, hint],
                        ),
                    )  # fmt: skip
                within = False
                if upper > best:
                    within = inside(px, py, border_b, size_b, wide, high)
                    if within:
                        upper, known = min(upper, max(radius - distance, 0.0)), 0.0
                if phase == 0:
                    away[0, item] = known
                if upper > best + enough and phase == 2:
                    close = within or distance <= radius
                    if apart(
                        px, py, mx, my, distance, radius, close, hint,
                        tree, count, small, wide, high,
                    ):  # fmt: skip
                        continue  # no local maximum
                    held = inside(px, py, own, size, wide, high)
                    if not held:
                        known = 0.0
                        border, near, _, _ = nearest(px, py, own, size, small_a, wide, high, near)
                        if border > radius:
                            continue
                elif phase == 2:
                    known = 0.0  # it may lie outside of the first
                if known > best and upper > best:
                    best, place[0], place[1] = known, px, py
                if upper <= best + enough or left < 0 or depth + 2 > stack.shape[1]:
                    rest = max(rest, upper)
                    continue
                hx, hy, ox, oy = 0.5 * hx, 0.5 * hy, 0.5 * hx, 0.5 * hy
                if phase == 2 and hx >= hy:
                    hy, oy = 2.0 * hy, 0.0
                elif phase == 2:
                    hx, ox = 2.0 * hx, 0.0
                for side in range(2):
                    stack[0, depth] = px + ox if side == 0 else px - ox
                    stack[1, depth] = py + oy if side == 0 else py - oy
                    stack[2, depth], stack[3, depth] = hx, hy
                    depth += 1
    return best, max(rest - best, 0.0)


def scratch_of(size: int) -> tuple[NDArray[np.float64], ...]:
    """Return the memory that the kernel needs for regions of so many vertices."""
    return (*(empty_tree(size) for _ in range(3)), np.empty((1, size)), np.empty((4, 256)))


class Reach(NamedTuple):
    """Largest distances of regions from each other, pair by pair."""

    distances: NDArray[np.float64]
    slack: NDArray[np.float64]
    points: NDArray[np.float64]


def find_reaches(
    a: Rings, ia: NDArray[np.intp], b: Rings, jb: NDArray[np.intp], bounds: NDArray[np.float64]
) -> Reach:
    """Return the largest distances of the points of regions from others; none may be empty.

    Parameters
    ----------
    a, b : Rings
    ia, jb : ndarray of int
        Which region of `a` and which of `b` a pair is.
    bounds : ndarray, shape (pairs,)
        How much too small a distance may be.

    Returns
    -------
    Reach
        Distances from the first to the second and back, shape (2, pairs); by how much these are
        too small at most; and the points where they are attained, shape (2, pairs, 2).
    """
    pairs = len(ia)
    periods = [period or 0.0 for period in a.period or (None, None)]
    result = Reach(np.empty((2, pairs)), np.empty((2, pairs)), np.empty((2, pairs, 2)))
    kernel = specialise(reach)

    batches = []
    for rings in (a, b):
        table, border, borders = rings.derived("edges", edges_of)
        ends = rings.ring_offsets, rings.region_offsets
        batches.append(((table, *ends, rings.following), (table, *ends, border, borders)))
    (a_from, a_to), (b_from, b_to) = batches
    sizes = np.maximum(np.diff(a.vertex_offsets)[ia], np.diff(b.vertex_offsets)[jb])

    def search(lo: int, hi: int) -> None:
        scratch = scratch_of(int(sizes[lo:hi].max(initial=0)))
        for k in range(lo, hi):
            i, j = ia[k], jb[k]
            for back, pair in enumerate(((a_from, i, b_to, j), (b_from, j, a_to, i))):
                result.distances[back, k], result.slack[back, k] = kernel(
                    *(*pair, *periods, bounds[k], _BUDGET, scratch, result.points[back, k])
                )

    run_blocks(search, pairs, 1e6 * pairs)
    return result


_MOST = 1_000_000  # pieces; a search that needs more stops, and says what its error is


def distances_of(points, half, b, first_b, last_b, outer, first, last, wide, high, trees, out):
    """Write the distances of the middles of pieces from a region, and bounds for all their points.

    A piece goes from ``points - half`` to ``points + half``; inside of the region all are 0. From
    `first` to `last`, `outer` are the edges of the border of the region.
    """
    others, rings_b = b
    border_b, tree = trees
    size_b, _ = plant(others, rings_b[first_b], rings_b[last_b], border_b)
    count, small = plant(outer, first, last, tree)
    hint = first - first  # of a literal 0, `nearest` would be compiled a second time
    for k in range(out.shape[1]):
        for c in range(3):
            out[c, k] = 0.0
        if count == 0:
            continue  # it covers everything
        x, y, hx, hy = points[0, k], points[1, k], half[0, k], half[1, k]
        distance, hint, mx, my = nearest(x, y, tree, count, small, wide, high, hint)
        ax, ay, bx, by = tree[0, hint], tree[1, hint], tree[2, hint], tree[3, hint]
        most = farthest_corner(x + mx, y + my, hx, hy, 2, ax, ay, bx, by)
        length = math.hypot(hx, hy)
        if inside(x, y, border_b, size_b, wide, high):
            distance = -distance
        out[0, k] = max(distance, 0.0)
        out[1, k] = max(distance - length, 0.0)
        out[2, k] = min(max(distance + length, 0.0), most)


def _percentile(
    values: NDArray[np.float64], weights: NDArray[np.float64], share: float
) -> tuple[float, int]:
    """Return the least value that a share of the weight does not exceed, and where it is."""
    order = np.argsort(values, kind="stable")
    sums = np.cumsum(weights[order])
    at = order[np.searchsorted(sums, share * sums[-1] * (1.0 - 1e-12))]
    return float(values[at]), int(at)


def border_percentile(
    a: Rings, i: int, b: Rings, j: int, share: float, bound: float
) -> tuple[float, float, NDArray[np.float64]]:
    """Return the distance from another region that a share of the border does not exceed.

    Pieces of the border are cut until the distances in none of those that may hold the
    percentile differ by more than the bound from that of its middle.

    Parameters
    ----------
    a, i, b, j
        A region of each batch.
    share : float
        In (0, 1): of the length of the border of ``a[i]``.
    bound : float
        How far the result may be off, either way.

    Returns
    -------
    distance, error : float
    point : ndarray, shape (2,)
        A point of the border at this distance. All are NaN without a border.
    """
    (_, own, owns), (others, outer, outers) = (r.derived("edges", edges_of) for r in (a, b))
    edges = own[:, owns[i] : owns[i + 1]]
    middle, half = 0.5 * (edges[:2] + edges[2:]), 0.5 * (edges[2:] - edges[:2])
    size = int(b.vertex_offsets[j + 1] - b.vertex_offsets[j])
    trees = empty_tree(size), empty_tree(size)
    periods = [period or 0.0 for period in b.period or (None, None)]
    rings = b.region_offsets[j : j + 2]
    kernel = specialise(distances_of)

    def away(points: NDArray[np.float64], half: NDArray[np.float64]) -> NDArray[np.float64]:
        out = np.empty((3, points.shape[1]))
        kernel(
            np.ascontiguousarray(points),
            np.ascontiguousarray(half),
            *((others, b.ring_offsets), *rings, outer, *outers[j : j + 2], *periods, trees, out),
        )
        return out

    distances, length = away(middle, half), np.hypot(*half)
    if not length.sum() > 0.0:
        return np.nan, np.nan, np.full(2, np.nan)
    while True:
        (value, at), (low, _), (high, _) = (_percentile(row, length, share) for row in distances)
        error = max(high - value, value - low)
        if error <= bound or len(length) > _MOST:
            return value, error, middle[:, at]
        cut = (distances[1] <= high) & (distances[2] >= low)
        cut &= distances[2] - distances[1] > 0.5 * bound
        quarter = 0.5 * half[:, cut]
        pieces = np.concatenate([middle[:, cut] - quarter, middle[:, cut] + quarter], axis=1)
        halves = np.concatenate([quarter, quarter], axis=1)
        middle = np.concatenate([middle[:, ~cut], pieces], axis=1)
        half = np.concatenate([half[:, ~cut], halves], axis=1)
        distances = np.concatenate([distances[:, ~cut], away(pieces, halves)], axis=1)
        length = np.hypot(*half)
