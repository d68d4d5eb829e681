"""How far the points of one polygon get from another: a search with a guarantee.

The distance to a set changes by at most the way that one goes (its Lipschitz constant is 1), and
the distance to one edge is convex. So a piece of an edge, or a rectangle, is as far away as its
ends are from the edge that is nearest to its middle, or less (Tang, Lee and Kim, Interactive
Hausdorff distance computation for general polygonal models, 2009); what cannot beat the farthest
point known is left out, and the rest is cut in two. Away from the border, the distance has a local
maximum only in the convex hull of the nearest points (Lieutier, Any open bounded subset of R^n has
the same homotopy type as its medial axis, 2004): rectangles that see all of them on one side are
left out as well, so that little more than the border is looked at.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from overlap._jit import run_blocks, specialise, subroutine
from overlap.regions._polygon_edges import (
    LEAF,
    edges_of,
    farthest_corner,
    inside,
    nearest,
    plant,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from overlap.regions._rings import Rings

__all__ = ["Reach", "find_reaches"]

_SLANT = 1e-6  # what the cosine of an acute angle is at least
_BUDGET = 200_000  # pieces that are looked at before a search is cut off


@subroutine
def apart(px, py, mx, my, distance, radius, close, hint, edges, boxes, count, small, wide, high):
    """Return whether a rectangle around a point sees all that may be nearest on one side.

    Close to the other region, or inside of it, the sides are told by the normals of its edges.
    """
    ax, ay, bx, by = edges[0, hint], edges[1, hint], edges[2, hint], edges[3, hint]
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
            cx, cy = boxes[0, small + big], boxes[1, small + big]
            hx, hy = boxes[2, small + big], boxes[3, small + big]
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
                        gx = max(abs(qx - boxes[0, box]) - boxes[2, box], 0.0)
                        gy = max(abs(qy - boxes[1, box]) - boxes[3, box], 0.0)
                        if gx * gx + gy * gy > square:
                            continue
                        for k in range(LEAF * box, min(LEAF * (box + 1), count)):
                            ax, ay = edges[0, k] - qx, edges[1, k] - qy
                            vx, vy = edges[2, k] - qx - ax, edges[3, k] - qy - ay
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


def reach(a, first, last, following, b, first_b, last_b, outer, wide, high, bound, budget, place):
    """Return how far the points of one region get from another, and at most by how much more.

    `a` and `b` are tables of edges with the offsets of rings, and `outer` those edges of the
    second region that are not inside of it. The farthest point found is written to `place`.
    """
    table, rings = a
    others, rings_b = b
    room = max(rings[last] - rings[first], rings_b[last_b] - rings_b[first_b])
    edges_a, border_b, edges, boxes_a, spare, boxes = np.empty((6, 4, room + 2))
    away, stack = np.empty(room), np.empty((4, 256))
    size, small_a = plant(table, rings[first], rings[last], edges_a, boxes_a)
    size_b, _ = plant(others, rings_b[first_b], rings_b[last_b], border_b, spare)
    count, small = plant(outer, 0, outer.shape[1], edges, boxes)
    best, rest, hint = 0.0, 0.0, 0
    place[0], place[1] = edges_a[0, 0], edges_a[1, 0]
    if count == 0:
        return 0.0, 0.0  # the other covers everything
    start = rings[first]
    tiny = 0.0  # what is as near as rounding is inside
    for box in range(small_a):
        tiny = max(tiny, abs(boxes_a[0, box]) + boxes_a[2, box])
        tiny = max(tiny, abs(boxes_a[1, box]) + boxes_a[3, box])
    tiny = 4e-16 * (tiny + wide + high)
    for phase in range(3):  # corners, then edges, then the inside, piece by piece
        left = budget
        enough = bound if phase == 2 else 0.5 * bound
        for item in range(last - first if phase == 2 else size):
            if phase < 2:
                ax, ay, bx, by = (
                    edges_a[0, item], edges_a[1, item], edges_a[2, item], edges_a[3, item],
                )  # fmt: skip
                if phase == 0:
                    bx, by = ax, ay
                else:
                    upper = 0.5 * (math.hypot(bx - ax, by - ay) + away[item])
                    upper += 0.5 * away[following[start + item] - start]
                    if upper <= best + enough:
                        rest = max(rest, upper)
                        continue
            else:
                ax, ay, bx, by, area = math.inf, math.inf, -math.inf, -math.inf, 0.0
                begin = rings[first + item] - start
                for k in range(begin, rings[first + item + 1] - start):
                    x, y = edges_a[0, k], edges_a[1, k]
                    ax, ay, bx, by = min(ax, x), min(ay, y), max(bx, x), max(by, y)
                    x, y = x - edges_a[0, begin], y - edges_a[1, begin]
                    area += x * (edges_a[3, k] - edges_a[1, begin])
                    area -= y * (edges_a[2, k] - edges_a[0, begin])
                if area <= 0.0:
                    continue  # a hole
            stack[0, 0], stack[1, 0] = 0.5 * (ax + bx), 0.5 * (ay + by)
            stack[2, 0], stack[3, 0] = 0.5 * (bx - ax), 0.5 * (by - ay)
            depth = 1
            while depth > 0:
                depth -= 1
                px, py, hx, hy = stack[0, depth], stack[1, depth], stack[2, depth], stack[3, depth]
                radius = math.hypot(hx, hy)
                distance, hint, mx, my = nearest(
                    px, py, edges, boxes, count, small, wide, high, hint
                )
                left -= 1
                distance = distance if distance > tiny else 0.0
                upper = distance + radius
                known = distance
                if upper > best + enough:
                    upper = min(
                        upper,
                        farthest_corner(
                            px + mx, py + my, hx, hy, 4 if phase == 2 else 2,
                            edges[0, hint], edges[1, hint], edges[2, hint], edges[3, hint],
                        ),
                    )  # fmt: skip
                within = False
                if upper > best:
                    within = inside(px, py, border_b, size_b, wide, high)
                    if within:
                        upper, known = min(upper, max(radius - distance, 0.0)), 0.0
                if phase == 0:
                    away[item] = known
                if upper > best + enough and phase == 2:
                    close = within or distance <= radius
                    if apart(
                        px, py, mx, my, distance, radius, close, hint,
                        edges, boxes, count, small, wide, high,
                    ):  # fmt: skip
                        continue  # no local maximum
                    own = inside(px, py, edges_a, size, wide, high)
                    if not own:
                        known = 0.0
                        border, _, _, _ = nearest(
                            px, py, edges_a, boxes_a, size, small_a, wide, high, 0
                        )
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


class Reach(NamedTuple):
    """How far regions get from each other, pair by pair."""

    distances: NDArray[np.float64]
    slack: NDArray[np.float64]
    points: NDArray[np.float64]


def find_reaches(
    a: Rings, ia: NDArray[np.intp], b: Rings, jb: NDArray[np.intp], bounds: NDArray[np.float64]
) -> Reach:
    """Return how far the points of regions that are not empty get from each other.

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
    tables = {id(rings): rings.derived("edges", edges_of) for rings in (a, b)}

    def search(lo: int, hi: int) -> None:
        for k in range(lo, hi):
            for back, (mine, i, theirs, j) in enumerate(
                ((a, ia[k], b, jb[k]), (b, jb[k], a, ia[k]))
            ):
                (table, _, _), (others, outer, outers) = tables[id(mine)], tables[id(theirs)]
                result.distances[back, k], result.slack[back, k] = kernel(
                    (table, mine.ring_offsets),
                    *mine.region_offsets[i : i + 2],
                    mine.following,
                    (others, theirs.ring_offsets),
                    *theirs.region_offsets[j : j + 2],
                    np.ascontiguousarray(outer[:, outers[j] : outers[j + 1]]),
                    *(*periods, bounds[k], _BUDGET, result.points[back, k]),
                )

    run_blocks(search, pairs, 1e6 * pairs)
    return result
