"""Boxes regressed by one loss each: the simulation of the DIoU paper (arXiv:1911.08287, 3.1).

Targets of unit area and 7 aspect ratios stand at (10, 10). Anchors of 7 scales and 7 aspect ratios
start from points spread evenly over the disc of radius 3 around it. Each is moved for 200 steps by
``eta (2 - IoU)`` times the negative gradient of its loss, with eta = 0.1, and 0.01 and 0.001
after 80 and 90 per cent of the steps. The error is the mean over all anchors of
``|x - x'| + |y - y'| + |w - w'| + |h - h'|``.

As in the authors' program (github.com/Zzh-tju/DIoU), a size moves by the difference of the
gradients of its two ends, which is twice the derivative. That program has another gradient of
GIoU: its intersection is not cut off at 0, so that boxes apart have one all the same. It is here
as "GIoU, not cut off".

With ``--corners`` the four corners move instead, which are the parameters of `overlap.Boxes`: each
moves by its own derivative, so that a box covers less way in as many steps.

    python -m benchmarks.descent [--points 5000] [--corners]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np

import overlap as ov

__all__ = ["LOSSES", "anchors", "regress", "run"]

ASPECTS = (1 / 4, 1 / 3, 1 / 2, 1.0, 2.0, 3.0, 4.0)
SCALES = (0.5, 0.67, 0.75, 1.0, 1.33, 1.5, 2.0)
CENTER = 10.0
LEAST = 1e-3  # sizes stay positive
STEPS = 200

Gradient = Callable[[ov.Boxes, ov.Boxes], np.ndarray]


def exact(score: ov.Score) -> Gradient:
    """Return the gradient of one minus a score with respect to the corners, shape (N, 4)."""
    return lambda found, truth: ov.losses.overlap_loss(score, found, truth, reduction="none").grad


def giou_not_cut_off(found: ov.Boxes, truth: ov.Boxes) -> np.ndarray:
    """Return the gradient of 1 - GIoU in which boxes apart share what is between them."""
    a, b = found.to_array().T, truth.to_array().T
    side = a[2:] - a[:2]
    shared = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    cover = np.maximum(a[2:], b[2:]) - np.minimum(a[:2], b[:2])
    union = side.prod(0) + (b[2:] - b[:2]).prod(0) - shared.prod(0)
    hull = cover.prod(0)
    # Derivatives by the four ends: of the area, the "intersection" and the hull.
    of_area = np.concatenate([-side[::-1], side[::-1]])
    of_shared = np.concatenate(
        [np.where(a[:2] > b[:2], -shared[::-1], 0.0), np.where(a[2:] < b[2:], shared[::-1], 0.0)]
    )
    of_hull = np.concatenate(
        [np.where(a[:2] < b[:2], -cover[::-1], 0.0), np.where(a[2:] > b[2:], cover[::-1], 0.0)]
    )
    of_union = of_area - of_shared
    grad = (hull * of_union - union * of_hull) / hull**2
    meet = (shared > 0.0).all(0)
    grad += np.where(meet, (union * of_shared - shared.prod(0) * of_union) / union**2, 0.0)
    return -grad.T


LOSSES: dict[str, Gradient] = {
    "IoU": exact(ov.iou),
    "GIoU, not cut off": giou_not_cut_off,
    "GIoU": exact(ov.giou),
    "DIoU": exact(ov.diou),
    "CIoU": exact(ov.ciou),
    "EIoU": exact(ov.eiou),
    "SIoU": exact(ov.siou),
}


def anchors(points: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return starts and targets as cx, cy, w, h, each of shape (points * 343, 4)."""
    radius, turn = 3.0 * np.sqrt(rng.random(points)), 2.0 * np.pi * rng.random(points)
    place = np.stack([CENTER + radius * np.cos(turn), CENTER + radius * np.sin(turn)], 1)
    index = np.indices((points, len(SCALES), len(ASPECTS), len(ASPECTS))).reshape(4, -1)
    area, root = np.array(SCALES)[index[1]], np.sqrt(np.array(ASPECTS))
    width, other = root[index[2]], root[index[3]]
    start = np.column_stack([place[index[0]], np.sqrt(area) * width, np.sqrt(area) / width])
    return start, np.column_stack([np.full((len(other), 2), CENTER), other, 1.0 / other])


def regress(
    gradient: Gradient, start: np.ndarray, target: np.ndarray, corners: bool = False
) -> np.ndarray:
    """Return the mean error after every step, shape (STEPS + 1,)."""
    step_of = moved_corners if corners else moved_sizes
    boxes = start.copy()
    truth = ov.Boxes.from_cxcywh(target)
    errors = [np.abs(boxes - target).sum() / len(start)]
    for step in range(STEPS):
        rate = 0.1 if step < 0.8 * STEPS else 0.01 if step < 0.9 * STEPS else 0.001
        found = ov.Boxes.from_cxcywh(boxes)
        move = -rate * (2.0 - ov.iou(found, truth))[:, None] * gradient(found, truth)
        boxes = step_of(boxes, move)
        errors.append(np.abs(boxes - target).sum() / len(start))
    return np.array(errors)


def moved_sizes(boxes: np.ndarray, move: np.ndarray) -> np.ndarray:
    """Return centers and sizes after a step, as the authors' program makes it."""
    lower, upper = move[:, :2], move[:, 2:]
    sizes = np.maximum(boxes[:, 2:] + (upper - lower), LEAST)
    return np.hstack([boxes[:, :2] + (lower + upper), sizes])


def moved_corners(boxes: np.ndarray, move: np.ndarray) -> np.ndarray:
    """Return centers and sizes after a step of the corners."""
    lower = boxes[:, :2] - 0.5 * boxes[:, 2:] + move[:, :2]
    upper = boxes[:, :2] + 0.5 * boxes[:, 2:] + move[:, 2:]
    return np.hstack([0.5 * (lower + upper), np.maximum(upper - lower, LEAST)])


def run(
    points: int, losses: dict[str, Gradient] = LOSSES, seed: int = 0, corners: bool = False
) -> dict[str, np.ndarray]:
    """Return the mean errors after every step, for every loss."""
    start, target = anchors(points, np.random.default_rng(seed))
    return {name: regress(gradient, start, target, corners) for name, gradient in losses.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description="Regress boxes by one loss each.")
    parser.add_argument("--points", type=int, default=5000)
    parser.add_argument("--corners", action="store_true", help="move corners, not center and size")
    given = parser.parse_args()
    points = given.points
    begin = time.perf_counter()
    marks = (0, 50, 100, 150, 200)
    print("| loss |", " | ".join(f"step {k}" for k in marks), "|")
    print("|---" * (1 + len(marks)), "|", sep="")
    for name, errors in run(points, corners=given.corners).items():
        print(f"| {name} |", " | ".join(f"{errors[k]:.3f}" for k in marks), "|")
    print(f"\n{343 * points} anchors, {time.perf_counter() - begin:.0f} s")


if __name__ == "__main__":
    main()
