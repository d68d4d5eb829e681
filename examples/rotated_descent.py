"""
Gradient descent of rotated boxes
=================================

Boxes anywhere on the plane are moved onto their targets by the gradients of GIoU, DIoU and
CIoU, without an automatic differentiation library: Adam in a few lines of NumPy. See
:doc:`rotated boxes </guides/rotated>`.

``python examples/rotated_descent.py`` prints how many of 1,000 boxes arrive, for each score,
and writes the animation ``rotated_descent.gif`` of twelve of them.
"""

import math
import sys
from collections.abc import Iterator

import numpy as np

import overlap as ov

SCORES = {"GIoU": ov.giou, "DIoU": ov.diou, "CIoU": ov.ciou}


def scene(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return n starts and n targets: tables of center, sides and angle.

    Any angle, aspects from 1 to 4, sizes that differ by up to 3, and centers up to 5
    diagonals (of the larger box of the two) apart.
    """
    tables = np.zeros((2, n, 5))
    for table in tables:
        size = np.exp(rng.uniform(0.0, math.log(3.0), n))
        root = rng.uniform(1.0, 4.0, n) ** rng.choice([-0.5, 0.5], n)
        table[:, 2:] = np.column_stack(
            [size * root, size / root, rng.uniform(-math.pi, math.pi, n)]
        )
    far = 5.0 * np.hypot(tables[..., 2], tables[..., 3]).max(axis=0) * rng.random(n)
    bearing = rng.uniform(-math.pi, math.pi, n)
    tables[0, :, :2] = np.column_stack([far * np.cos(bearing), far * np.sin(bearing)])
    return tables[0], tables[1]


# %%
# What is moved are five numbers of about one size: the center in diagonals of the target, the
# logarithms of the sides, eight of which are one unit, and the angle. A score rises with a box
# that grows until it reaches its target, because what encloses both grows less; where sizes
# follow as fast as the center, one box in ten gets so large that no gradient brings it back.

SIDES = 8.0


def descend(
    score: ov.Score,
    start: np.ndarray,
    target: np.ndarray,
    *,
    steps: int = 1000,
    rate: float = 0.1,
    sides: float = SIDES,
) -> Iterator[np.ndarray]:
    """Yield the table of boxes before each step of Adam, and after the last one.

    The rate falls to 0 along a cosine. `sides` is how many times slower the logarithms of
    the sides move than the center and the angle.
    """
    truth = ov.RotatedBoxes(target)
    unit = np.ones_like(start)
    unit[:, :2] = np.hypot(target[:, 2], target[:, 3])[:, None]
    unit[:, 2:4] = 1.0 / sides
    at = start.copy()
    at[:, 2:4] = np.log(at[:, 2:4])
    at /= unit
    mean, square = np.zeros_like(at), np.zeros_like(at)
    for step in range(steps + 1):
        table = at * unit
        table[:, 2:4] = np.exp(table[:, 2:4])
        yield table
        gradient = -score.value_and_grad(ov.RotatedBoxes(table), truth)[1]
        gradient[:, 2:4] *= table[:, 2:4]  # d/d log w = w d/dw
        gradient *= unit
        mean = 0.9 * mean + 0.1 * gradient
        square = 0.999 * square + 0.001 * gradient**2
        size = rate * 0.5 * (1.0 + math.cos(math.pi * step / steps))
        slope = mean / (1.0 - 0.9 ** (step + 1))
        at -= size * slope / (np.sqrt(square / (1.0 - 0.999 ** (step + 1))) + 1e-8)


def arrived(score: ov.Score, start: np.ndarray, target: np.ndarray, **options: float) -> np.ndarray:
    """Return the IoU of every box with its target after the last step."""
    *_, last = descend(score, start, target, **options)
    return ov.iou(ov.RotatedBoxes(last), ov.RotatedBoxes(target))


# %%
# The animation: targets on a grid, one color each; all three scores start alike.


def twelve(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return a scene of twelve boxes whose targets stand on a grid."""
    start, target = scene(rng, 12)
    start[:, :2] *= 0.4
    place = 5.0 * np.stack(np.meshgrid(np.arange(4) - 1.5, np.arange(3) - 1.0), -1).reshape(12, 2)
    start[:, :2] += place
    target[:, :2] += place
    return start, target


def draw(path: str, start: np.ndarray, target: np.ndarray, shown: np.ndarray) -> None:
    """Draw twelve boxes that move onto their targets, as a GIF of the steps named by `shown`."""
    from matplotlib import colormaps
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from PIL import Image

    tracks = {name: list(descend(score, start, target)) for name, score in SCORES.items()}
    figure = Figure(figsize=(9.6, 2.7), dpi=75, layout="constrained")
    canvas, axes = FigureCanvasAgg(figure), figure.subplots(1, 3)
    colors = colormaps["turbo"](np.linspace(0.05, 0.95, len(target)))
    drawn = []
    for axis, name in zip(axes, tracks, strict=True):
        for corners, color in zip(ov.RotatedBoxes(target).corners(), colors, strict=True):
            axis.fill(*corners.T, facecolor="none", edgecolor=color, linewidth=1.6)
        drawn.append([axis.fill(*np.zeros((2, 4)), color=color, alpha=0.45)[0] for color in colors])
        axis.set(xlim=(-12.0, 12.0), ylim=(-9.0, 9.0), aspect="equal", xticks=[], yticks=[])
        axis.set_title(name, fontsize=10)

    frames = []
    for step in shown:
        for axis, patches, (name, track) in zip(axes, drawn, tracks.items(), strict=True):
            boxes = ov.RotatedBoxes(track[step])
            for patch, corners in zip(patches, boxes.corners(), strict=True):
                patch.set_xy(corners)
            mean = ov.iou(boxes, ov.RotatedBoxes(target)).mean()
            axis.set_title(f"{name}, step {step}: mean IoU {mean:.3f}", fontsize=10)
        canvas.draw()
        picture = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
        frames.append(picture.quantize(48, dither=Image.Dither.NONE))
    hold = [130] * (len(frames) - 1) + [2000]  # milliseconds
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=hold, loop=0)


if __name__ == "__main__":
    start, target = scene(np.random.default_rng(0), 1000)
    for name, score in SCORES.items():
        iou = arrived(score, start, target)
        print(f"{name}: IoU > 0.99 for {(iou > 0.99).mean():.1%}, the least {iou.min():.4f}")
    shown = np.concatenate([np.arange(0, 121, 5), [180, 400, 1000]])
    where = sys.argv[1] if len(sys.argv) > 1 else "rotated_descent.gif"
    draw(where, *twelve(np.random.default_rng(3)), shown)
