"""Level sets of periodic grids: components of nodes, and their borders as polygons.

The set is that of marching squares. A node belongs to it if its value is at least the level, and a
border crosses an edge of the grid where linear interpolation along the edge gives the level. A cell
of which two opposite corners belong to it, and no other, joins them if the mean of its four corners
is at least the level. Nodes of the set are therefore connected if steps along edges, and along
diagonals of such cells, lead from one to the other; that is also how the polygons are connected.

Steps that leave the grid on one side enter it on the other. Every node gets the number of turns,
its *lift*, with which its component reached it. A closed way that comes back with another lift
winds around the torus. All such ways of a component are a lattice; a component without any can be
drawn in the plane in one piece. One that winds is cut along the first line of nodes of one axis or
of both: walls of nothing are put before the line and after its copy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from overlap._common.ragged import offsets_of
from overlap._kernels.jit import specialise
from overlap._kernels.plain import suited
from overlap.regions.polygons import Polygons
from overlap.regions.polygons.rings import Rings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    _Floats = NDArray[np.float64]
    _Whole = NDArray[np.int64]
    from overlap.regions.density import CellDensity

__all__ = ["GridComponent", "LevelSet", "components_of", "level_set", "polygons_of"]

# A border keeps this share of an edge away from nodes, so that rings never touch themselves:
# nodes whose value is the level are inside, and what it adds to an area is a billionth of it.
_APART = 1e-9


class LevelSet(NamedTuple):
    """A level set of a periodic grid, as rings and as components of nodes.

    Attributes
    ----------
    x, y : ndarray of float64, shape (V,)
        Vertices in units of the grid, so that 0 is the first node and 1 the next one.
    ring_offsets : ndarray of int64, shape (R + 1,)
        Where rings start. The outer ring of a piece, counter-clockwise, comes before its holes.
    ring_component : ndarray of int64, shape (R,)
        Which component a ring belongs to, in ascending order.
    labels : ndarray of int64, shape (M, K)
        Component of each node, -1 outside of the set. Components with more nodes come first.
    lattices : ndarray of int64, shape (components, 3)
        Ways around the torus, as a, b, c: all sums of multiples of (a, b) and (0, c), in turns
        along the first and the second axis.
    """

    x: _Floats
    y: _Floats
    ring_offsets: _Whole
    ring_component: _Whole
    labels: _Whole
    lattices: _Whole


def level_set(values: _Floats, level: float) -> LevelSet:
    """Return where a function on the nodes of a torus is at least `level`.

    Parameters
    ----------
    values : ndarray of float64, shape (M, K)
        Finite values at the nodes; the first node of an axis follows the last.
    level : float
        The lowest value inside.
    """
    labels, lifts, lattices = _components(values, values >= level, level)
    order = np.argsort(-np.bincount(labels[labels >= 0], minlength=len(lattices)), kind="stable")
    rank = np.empty(len(order) + 1, np.int64)
    rank[order], rank[-1] = np.arange(len(order)), -1
    winds = lattices.any(axis=1)
    plain = np.append(~winds, False)[labels]
    drawn = [_pieces(values, np.where(plain, labels, -1), lifts, level, (False, False))]
    # One cut is enough for a band; it crosses the axis along which the band has turns.
    a, _, c = lattices.T
    second = (lattices[:, 1] != 0) | (c != 0)
    for cut, chosen in (
        ((True, False), winds & ~second),
        ((False, True), second & ((a == 0) | (c == 0))),
        ((True, True), (a != 0) & (c != 0)),
    ):
        if chosen.any():
            drawn.append(_cut(values, np.append(chosen, False)[labels], level, cut))
    return _assembled(drawn, rank[labels], rank, lattices[order])


class _Drawn(NamedTuple):
    """Rings of some pieces: vertices, offsets, a node of the component, number of the piece."""

    x: _Floats
    y: _Floats
    offsets: _Whole
    node: _Whole
    piece: _Whole


def _components(
    values: _Floats, inside: NDArray[np.bool_], level: float
) -> tuple[_Whole, _Whole, _Whole]:
    labels = np.full(inside.shape, -1, np.int64)
    lifts = np.zeros((*inside.shape, 2), np.int64)
    queue = np.empty(inside.size, np.int64)
    lattices = np.zeros((inside.size // 2 + 2, 3), np.int64)
    kernel = suited(specialise(label_nodes), inside.size + 9 * int(np.count_nonzero(inside)))
    count = kernel(_fixed(values), inside, level, labels, lifts, queue, lattices)
    return labels, lifts, lattices[:count]


def _fixed(values: _Floats) -> _Floats:
    """Return a view that cannot be written: kernels are compiled for one kind of array only."""
    view = np.ascontiguousarray(values).view()
    view.flags.writeable = False
    return view


def _cut(
    values: _Floats, inside: NDArray[np.bool_], level: float, axes: tuple[bool, bool]
) -> _Drawn:
    """Draw pieces that wind around the torus, cut along the first line of nodes of some axes."""
    at = [np.arange(-int(cut), n + int(cut)) for n, cut in zip(values.shape, axes, strict=True)]
    rows, columns = (place % n for place, n in zip(at, values.shape, strict=True))
    walled, kept = values[np.ix_(rows, columns)], inside[np.ix_(rows, columns)]
    for axis, cut in enumerate(axes):
        if cut:
            wall = (0, slice(None)) if axis == 0 else (slice(None), 0)
            walled[wall], kept[wall] = -np.inf, False
    labels, lifts, _ = _components(walled, kept, level)
    drawn = _pieces(walled, labels, lifts, level, axes)
    i, j = np.divmod(drawn.node, walled.shape[1])
    node = rows[i] * values.shape[1] + columns[j]
    return drawn._replace(x=drawn.x - axes[0], y=drawn.y - axes[1], node=node)


def _pieces(
    values: _Floats, labels: _Whole, lifts: _Whole, level: float, cut: tuple[bool, bool]
) -> _Drawn:
    """Draw the rings of pieces that do not wind; the middle of a piece lies on the grid."""
    follower = np.full((*values.shape, 2), -1, np.int64)
    values = _fixed(values)
    link = suited(specialise(link_crossings), 2 * values.size)
    crossings = link(values, labels >= 0, level, follower)
    x, y = np.empty(crossings), np.empty(crossings)
    offsets, node = np.zeros(crossings + 1, np.int64), np.empty(crossings, np.int64)
    trace = suited(specialise(trace_rings), values.size + 6 * crossings)
    rings = trace(values, labels, lifts, level, follower, x, y, offsets, node)
    offsets, node = offsets[: rings + 1], node[:rings]
    piece = labels.ravel()[node]
    if rings and any(cut):
        x, y, offsets = _without_straight(x, y, offsets)
    for axis, place in enumerate((x, y)):
        if cut[axis] or not rings:
            continue
        lower = np.full(piece.max() + 1, np.inf)
        upper = -lower
        np.minimum.at(lower, piece, np.minimum.reduceat(place, offsets[:-1]))
        np.maximum.at(upper, piece, np.maximum.reduceat(place, offsets[:-1]))
        n = values.shape[axis]
        with np.errstate(invalid="ignore"):  # numbers of pieces that are drawn elsewhere
            turns = np.floor((0.5 * (lower + upper) + 0.5) / n)
        place -= np.repeat(n * turns[piece], np.diff(offsets))
    return _Drawn(x, y, offsets, node, piece)


def _without_straight(x: _Floats, y: _Floats, offsets: _Whole) -> tuple[_Floats, _Floats, _Whole]:
    """Drop vertices that are there twice, then those between two others on a line of the grid."""
    for step in ("twice", "straight"):
        before, after = np.arange(len(x)) - 1, np.arange(len(x)) + 1
        before[offsets[:-1]], after[offsets[1:] - 1] = offsets[1:] - 1, offsets[:-1]
        if step == "twice":
            drop = (x == x[after]) & (y == y[after])
        else:
            drop = ((x == x[before]) & (x == x[after])) | ((y == y[before]) & (y == y[after]))
        gone = np.concatenate([[0], np.cumsum(drop)])
        x, y, offsets = x[~drop], y[~drop], offsets - gone[offsets]
    return x, y, offsets


def _assembled(drawn: list[_Drawn], labels: _Whole, rank: _Whole, lattices: _Whole) -> LevelSet:
    """Put the rings in order: components, their pieces, outer rings before holes."""
    x, y, node = (np.concatenate([getattr(d, name) for d in drawn]) for name in ("x", "y", "node"))
    sizes = np.concatenate([np.diff(d.offsets) for d in drawn])
    piece = np.concatenate([d.piece for d in drawn])
    starts = np.concatenate([[0], np.cumsum(sizes)])
    if not len(sizes):
        return LevelSet(x, y, starts, node, labels, lattices)
    component = labels.ravel()[node]
    after = np.arange(len(x)) + 1
    after[starts[1:] - 1] = starts[:-1]
    first = np.repeat(starts[:-1], sizes)
    u, v = x - x[first], y - y[first]  # near 0, so that small rings have a sign
    hole = np.add.reduceat(u * v[after] - u[after] * v, starts[:-1]) < 0.0
    order = np.lexsort((hole, piece, component))
    moved = np.repeat(starts[order], sizes[order]) + np.arange(len(x))
    offsets = np.concatenate([[0], np.cumsum(sizes[order])])
    moved -= np.repeat(offsets[:-1], sizes[order])
    return LevelSet(x[moved], y[moved], offsets, component[order], labels, lattices)


# ------------------------------------------------------------------------------ kernels


def label_nodes(values, inside, level, labels, lifts, queue, lattices):
    """Label components, give every node its lift, and collect ways around the torus.

    Parameters
    ----------
    values, inside : ndarray, shape (M, K)
    level : float
    labels : ndarray of int64, shape (M, K)
        The result; -1 on entry.
    lifts : ndarray of int64, shape (M, K, 2)
        The result.
    queue : ndarray of int64, shape (M * K,)
        Working memory.
    lattices : ndarray of int64
        The result: a, b, c of `LevelSet`, with a row for each component; 0 on entry.

    Returns
    -------
    int
        Number of components.
    """
    n, m = values.shape
    count = 0
    for begin in range(n * m):
        i, j = begin // m, begin % m
        if not inside[i, j] or labels[i, j] >= 0:
            continue
        labels[i, j] = count
        queue[0] = begin
        read, written = 0, 1
        a, b, c = 0, 0, 0
        while read < written:
            i, j = queue[read] // m, queue[read] % m
            read += 1
            for direction in range(9):
                di, dj = direction // 3 - 1, direction % 3 - 1
                u, v = i + di, j + dj
                turn_u = 1 if u == n else (-1 if u < 0 else 0)
                turn_v = 1 if v == m else (-1 if v < 0 else 0)
                u, v = u - n * turn_u, v - m * turn_v
                if not inside[u, v] or (di == 0 and dj == 0):
                    continue
                if di != 0 and dj != 0:  # a diagonal: only across a saddle that is joined
                    if inside[u, j] or inside[i, v]:
                        continue
                    middle = (values[i, j] + values[u, v]) + (values[i, v] + values[u, j])
                    if 0.25 * middle < level:
                        continue
                p, q = lifts[i, j, 0] + turn_u, lifts[i, j, 1] + turn_v
                if labels[u, v] < 0:
                    labels[u, v] = count
                    lifts[u, v, 0], lifts[u, v, 1] = p, q
                    queue[written] = u * m + v
                    written += 1
                    continue
                p, q = p - lifts[u, v, 0], q - lifts[u, v, 1]
                while p != 0:  # Euclid, on the first coordinate
                    quotient = a // p
                    a, b, p, q = p, q, a - quotient * p, b - quotient * q
                while q != 0:
                    c, q = q, c % q
        if a < 0:
            a, b = -a, -b
        c = abs(c)
        if c != 0:
            b = b % c
        lattices[count, 0], lattices[count, 1], lattices[count, 2] = a, b, c
        count += 1
    return count


def link_crossings(values, inside, level, follower):
    """Link the crossings of borders with edges, with the set on the left; return their number.

    Parameters
    ----------
    values, inside : ndarray, shape (M, K)
    level : float
    follower : ndarray of int64, shape (M, K, 2)
        The result, for the edges from a node along the first and along the second axis: number
        of the edge that the border crosses next. -1 on entry.
    """
    n, m = values.shape
    count = 0
    for i in range(n):
        u = i + 1 if i + 1 < n else 0
        for j in range(m):
            v = j + 1 if j + 1 < m else 0
            corners = (inside[i, j], inside[u, j], inside[u, v], inside[i, v])
            within = 0
            for k in range(4):
                within += 1 if corners[k] else 0
            if within == 0 or within == 4:
                continue
            joined = False
            if within == 2 and corners[0] == corners[2]:
                middle = (values[i, j] + values[u, v]) + (values[i, v] + values[u, j])
                joined = 0.25 * middle >= level
            edges = (
                2 * (i * m + j),
                2 * (u * m + j) + 1,
                2 * (i * m + v),
                2 * (i * m + j) + 1,
            )
            for k in range(4):
                if not corners[k] or corners[(k + 1) % 4]:
                    continue
                to = (k + 1) % 4  # around the corner outside, or back around those inside
                if not joined:
                    to = k
                    while corners[to]:
                        to = (to + 3) % 4
                edge = edges[k]
                follower[edge // 2 // m, edge // 2 % m, edge % 2] = edges[to]
                count += 1
    return count


def trace_rings(values, labels, lifts, level, follower, x, y, offsets, node):
    """Follow the crossings around every ring; return the number of rings.

    Parameters
    ----------
    values, labels : ndarray, shape (M, K)
    lifts : ndarray of int64, shape (M, K, 2)
    level : float
    follower : ndarray of int64, shape (M, K, 2)
        From `link_crossings`; -1 on return.
    x, y : ndarray of float64, shape (V,)
        The result, in units of the grid.
    offsets, node : ndarray of int64
        The result: where rings start, and a node inside the border of each.
    """
    n, m = values.shape
    rings, written = 0, 0
    for begin in range(2 * n * m):
        edge = begin
        if follower[edge // 2 // m, edge // 2 % m, edge % 2] < 0:
            continue
        at = 0
        while follower[edge // 2 // m, edge // 2 % m, edge % 2] >= 0:
            i, j, axis = edge // 2 // m, edge // 2 % m, edge % 2
            u, v = (i + 1, j) if axis == 0 else (i, j + 1)
            turn_u, turn_v = 1 if u == n else 0, 1 if v == m else 0
            u, v = u - n * turn_u, v - m * turn_v
            low, high = values[i, j], values[u, v]
            if labels[i, j] >= 0:
                share = 0.0
                if high > -np.inf:
                    share = min(max((low - level) / (low - high), _APART), 1.0 - _APART)
                at = i * m + j
                p, q = lifts[i, j, 0], lifts[i, j, 1]
            else:
                share = 1.0
                if low > -np.inf:
                    share = 1.0 - min(max((high - level) / (high - low), _APART), 1.0 - _APART)
                at = u * m + v
                p, q = lifts[u, v, 0] - turn_u, lifts[u, v, 1] - turn_v
            x[written] = i + p * n + (share if axis == 0 else 0.0)
            y[written] = j + q * m + (share if axis == 1 else 0.0)
            written += 1
            following = follower[i, j, axis]
            follower[i, j, axis] = -1
            edge = following
        node[rings] = at
        rings += 1
        offsets[rings] = written
    return rings


@dataclass(frozen=True)
class GridComponent:
    """A connected part of a level set on the torus.

    Attributes
    ----------
    nodes : int
        How many nodes of the grid it has.
    turns : tuple of (int, int)
        Ways inside it around the torus, as turns along x (phi) and along y (psi): none for a part
        that can be drawn in one piece, one for a band, two for a part that winds both ways. All
        other ways inside it are sums of multiples of these.
    peak : tuple of float
        The node with the largest value, x and y; the first of several.
    peak_value : float
        The value there.
    """

    nodes: int
    turns: tuple[tuple[int, int], ...]
    peak: tuple[float, float]
    peak_value: float

    @property
    def winds(self) -> bool:
        """Whether it goes around the torus, so that it has no outline in the plane."""
        return bool(self.turns)


def components_of(
    found: LevelSet,
    values: NDArray[np.float64],
    axes: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> tuple[GridComponent, ...]:
    """Return size, turns and peak of each component of a level set."""
    labels, heights = found.labels.ravel(), values.ravel()
    inside = np.flatnonzero(labels >= 0)
    order = inside[np.lexsort((-heights[inside], labels[inside]))]
    counts = np.bincount(labels[inside], minlength=len(found.lattices))
    peaks = order[np.cumsum(counts) - counts]
    result = []
    for nodes, (a, b, c), peak in zip(
        counts.tolist(), found.lattices.tolist(), peaks.tolist(), strict=True
    ):
        i, j = divmod(peak, len(axes[1]))
        turns = tuple(turn for turn in ((a, b), (0, c)) if turn != (0, 0))
        place = float(axes[0][i]), float(axes[1][j])
        result.append(GridComponent(nodes, turns, place, float(heights[peak])))
    return tuple(result)


def polygons_of(
    sets: Sequence[LevelSet],
    rings: Sequence[int],
    origin: tuple[float, float],
    step: tuple[float, float],
    period: tuple[float, float],
    density: CellDensity | None,
) -> Polygons:
    """Return the rings of level sets as polygons, a row for every number of rings."""

    def joined(parts: list[NDArray]) -> NDArray:
        return np.concatenate(parts) if parts else np.empty(0)

    sizes = joined([np.diff(one.ring_offsets) for one in sets])
    # Rings of a level set are what `Polygons` wants; nothing has to be checked or turned.
    flat = Rings(
        origin[0] + step[0] * joined([one.x for one in sets]),
        origin[1] + step[1] * joined([one.y for one in sets]),
        offsets_of(sizes),
        offsets_of(np.array(rings, np.int64)),
        period,
        density,
    )
    return Polygons._of(flat, unit=None)
