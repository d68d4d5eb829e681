"""Measure how often programs fail on pairs of rotated boxes; write it into docs/guides/rotated.md.

Run ``python benchmarks/rotated_peers.py`` (under a minute), or with ``--quick`` for a look that
writes nothing. Needs shapely, powerboxes and opencv-python-headless.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np

import overlap as ov

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.regions.rotated_pairs import exact, pairs  # noqa: E402

PAGE = ROOT / "docs" / "guides" / "rotated.md"
BEGIN, END = "<!-- measured by benchmarks/rotated_peers.py -->", "<!-- end of what was measured -->"
CLASSES = ("general", "identical", "jittered", "shared edges")
ROOM = 1e-6  # outside [0, 1] counts from here, so that rounding of float32 does not

Program = Callable[[np.ndarray, np.ndarray], np.ndarray]


def ours(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return ov.iou(ov.RotatedBoxes(a), ov.RotatedBoxes(b))


def with_shapely(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    import shapely

    one, two = (shapely.polygons(ov.RotatedBoxes(table).corners()) for table in (a, b))
    return shapely.area(shapely.intersection(one, two)) / shapely.area(shapely.union(one, two))


def with_powerboxes(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """One pair per call, because a panic ends a call; NaN stands for a panic."""
    import powerboxes

    tables = [np.column_stack([t[:, :4], np.rad2deg(t[:, 4])]) for t in (a, b)]
    result = np.full(len(a), np.nan)
    for k in range(len(a)):
        try:
            distance = powerboxes.rotated_iou_distance(*(table[k : k + 1] for table in tables))
        except BaseException as error:  # a panic in Rust is no Exception
            if type(error).__name__ != "PanicException":
                raise
        else:
            result[k] = 1.0 - distance[0, 0]
    return result


def with_opencv(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    import cv2

    def rectangle(row: np.ndarray) -> tuple:
        x, y, w, h, angle = row.tolist()
        return (x, y), (w, h), float(np.rad2deg(angle))

    shared = np.zeros(len(a))
    for k in range(len(a)):
        kind, corners = cv2.rotatedRectangleIntersection(rectangle(a[k]), rectangle(b[k]))
        if kind != cv2.INTERSECT_NONE:
            shared[k] = cv2.contourArea(cv2.convexHull(corners))
    return shared / (a[:, 2] * a[:, 3] + b[:, 2] * b[:, 3] - shared)


def sorted_corners(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return IoU from the corners of the common part, in the precision of the input.

    The corners are the crossings of sides, and the corners of each box inside the other; they
    are sorted around their mean.
    """
    middle = (a[:, :2] + b[:, :2]) / 2
    corners = []
    for table in (a, b):
        c, s = np.cos(table[:, 4]), np.sin(table[:, 4])
        wide = np.stack([c, s], 1) * table[:, 2:3] / 2
        high = np.stack([-s, c], 1) * table[:, 3:4] / 2
        at = table[:, :2] - middle
        corners.append(
            np.stack([at - wide - high, at + wide - high, at + wide + high, at - wide + high], 1)
        )

    def cross(u: np.ndarray, v: np.ndarray) -> np.ndarray:
        return u[..., 0] * v[..., 1] - u[..., 1] * v[..., 0]

    p, q = corners[0][:, :, None], corners[1][:, None]
    u, v = np.roll(p, -1, 1) - p, np.roll(q, -1, 2) - q
    with np.errstate(divide="ignore", invalid="ignore"):
        t, w = cross(q - p, v) / cross(u, v), cross(q - p, u) / cross(u, v)
        points = [(p + t[..., None] * u).reshape(len(a), 16, 2)]
    valid = [((t >= 0) & (t <= 1) & (w >= 0) & (w <= 1)).reshape(len(a), 16)]
    for one, two in (corners, corners[::-1]):
        side, across = (two[:, k, None] - two[:, :1] for k in (1, 3))
        along, up = (((one - two[:, :1]) * d).sum(-1) for d in (side, across))
        inside = (
            (along >= 0) & (along <= (side**2).sum(-1)) & (up >= 0) & (up <= (across**2).sum(-1))
        )
        points.append(one)
        valid.append(inside)
    ok = np.concatenate(valid, 1)
    every = np.where(ok[..., None], np.concatenate(points, 1), a.dtype.type(0))
    count = np.maximum(ok.sum(1), 1).astype(a.dtype)
    every -= every.sum(1, keepdims=True) / count[:, None, None]
    order = np.argsort(np.where(ok, np.arctan2(every[..., 1], every[..., 0]), np.inf), axis=1)
    every = np.take_along_axis(every, order[..., None], 1)
    ok = np.take_along_axis(ok, order, 1)
    every = np.where(ok[..., None], every, every[:, :1])  # the rest repeat the first
    shared = cross(every, np.roll(every, -1, 1)).sum(1) / 2
    return shared / (a[:, 2] * a[:, 3] + b[:, 2] * b[:, 3] - shared)


def single(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return sorted_corners(a.astype(np.float32), b.astype(np.float32)).astype(float)


PROGRAMS: dict[str, Program] = {
    "overlap": ours,
    "shapely": with_shapely,
    "powerboxes": with_powerboxes,
    "OpenCV (float32)": with_opencv,
    "sorted corners, float64": sorted_corners,
    "sorted corners, float32": single,
}


def share(fraction: float) -> str:
    return "0" if fraction == 0.0 else f"{100.0 * fraction:.2f} %"


def measured(count: int) -> list[str]:
    lines = [
        "| pairs | program | no number | outside [0, 1] | off by > 1e-6 | > 1e-3 | largest error |",
        "|---|---|---|---|---|---|---|",
    ]
    drawn = pairs(np.random.default_rng(11), count)
    for name in CLASSES:
        a, b = drawn[name]
        wanted = exact(ov.RotatedBoxes(a), ov.RotatedBoxes(b))[0]
        for label, program in PROGRAMS.items():
            got = program(a, b)
            known = np.isfinite(got)
            error = abs(got - wanted)[known]
            outside = (got[known] < -ROOM) | (got[known] > 1.0 + ROOM)
            shares = [
                (~known).mean(),
                *(part.sum() / count for part in (outside, error > 1e-6, error > 1e-3)),
            ]
            cells = [name, label, *map(share, shares), f"{error.max():.1e}"]
            lines.append("| " + " | ".join(cells) + " |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer pairs, and write nothing")
    quick = parser.parse_args().quick
    count = 300 if quick else 5000
    names = ("shapely", "powerboxes", "opencv-python-headless", "numpy")
    head = [
        f"{count} pairs of each class; " + ", ".join(f"{n} {version(n)}" for n in names) + ".",
        "",
    ]
    lines = head + measured(count)
    print("\n".join(lines))
    if not quick:
        page = PAGE.read_text()
        before, rest = page.split(BEGIN)
        after = rest.split(END)[1]
        PAGE.write_text(before + "\n".join([BEGIN, "", *lines, "", END]) + after)


if __name__ == "__main__":
    main()
