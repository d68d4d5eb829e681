"""
Equal distances, different overlaps
===================================

A loss of coordinates counts how far four numbers are off, and cannot see what these numbers are.
All blue boxes are 5 pixels off in the L2 sense; their IoU is 0.25, 0.39, 0.44 and 0.67. Of 20,000
random ones at this distance, IoU spans 0.25 to 0.66 and GIoU 0.18 to 0.66. Below: `ov.losses.l1`,
`ov.losses.l2` and `ov.losses.smooth_l1`. The gradient of L2 grows with the error, so that one wrong
measurement among ten pulls the best constant to 1.27. That of L1 does not, and its best constant is
the median, at -0.03. Smooth L1 (0.19) is a square near 0 and a distance elsewhere.

``python examples/equal_distance.py`` draws this to ``equal_distance.svg``.
"""

import sys

import numpy as np

import overlap as ov

losses = ov.losses
TRUTH = ov.Boxes([[0.0, 0.0, 10.0, 10.0]], unit="px")
DISTANCE = 5.0

# %%
# Four ways to be five pixels off.

MOVES = {
    "shrunk": [1.0, 1.0, -1.0, -1.0],
    "shifted": [1.0, 1.0, 1.0, 1.0],
    "grown": [-1.0, -1.0, 1.0, 1.0],
    "one side": [-1.0, 0.0, 0.0, 0.0],
}
moves = np.array(list(MOVES.values()))
moves *= DISTANCE / np.linalg.norm(moves, axis=1, keepdims=True)
found = ov.Boxes(TRUTH.to_array() + moves, unit="px")
for name, l2, iou, giou in zip(
    MOVES,
    np.linalg.norm(found.to_array() - TRUTH.to_array(), axis=1),
    ov.iou(found, TRUTH),
    ov.giou(found, TRUTH),
    strict=True,
):
    print(f"{name}: L2 {l2:.1f} px, IoU {iou:.3f}, GIoU {giou:.3f}")

# %%
# All directions at this distance.

rng = np.random.default_rng(0)
direction = rng.normal(size=(20_000, 4))
direction *= DISTANCE / np.linalg.norm(direction, axis=1, keepdims=True)
around = ov.Boxes(TRUTH.to_array() + direction, unit="px")
spread = {"IoU": ov.iou(around, TRUTH), "GIoU": ov.giou(around, TRUTH)}
for name, values in spread.items():
    print(f"{name} at L2 {DISTANCE:g} px: from {values.min():.3f} to {values.max():.3f}")

# %%
# The losses of numbers: a square, a distance, and a square that becomes a distance.

NUMBERS = {
    "L1": losses.l1,
    "L2": losses.l2,
    "smooth L1": lambda pred, target, **more: losses.smooth_l1(pred, target, beta=1.0, **more),
}
error = np.linspace(-3.0, 3.0, 241)
curves = {name: loss(error, np.zeros(241), reduction="none") for name, loss in NUMBERS.items()}

# %%
# Ten measurements of an edge, of which one is wrong. The best constant of each loss is found where
# its gradient changes sign: the median, the mean, and something near the median.

edges = np.append(rng.normal(0.0, 0.6, 9), 12.0)
guess = np.linspace(-2.0, 13.0, 3001)
fits = {}
for name, loss in NUMBERS.items():
    slope = loss(np.repeat(guess, 10), np.tile(edges, 3001), reduction="none").grad
    fits[name] = guess[np.argmax(slope.reshape(3001, 10).sum(axis=1) >= 0.0)]
    print(f"{name}: best constant {fits[name]:.2f} with the outlier")


def draw(path):
    """Draw four boxes at one distance from the truth; losses of numbers and their gradients."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12.0, 6.4), layout="constrained")
    top, bottom = figure.subfigures(2, 1, height_ratios=(1.0, 1.05))
    axes = top.subplots(1, 5, width_ratios=(1, 1, 1, 1, 1.5))
    for k, (axis, name) in enumerate(zip(axes, MOVES, strict=False)):
        for boxes, color in ((TRUTH, "tab:green"), (found[k], "tab:blue")):
            x0, y0, x1, y1 = boxes.to_array()[0]
            axis.fill([x0, x1, x1, x0], [y0, y0, y1, y1], color=color, alpha=0.35, lw=0)
            axis.plot([x0, x1, x1, x0, x0], [y0, y0, y1, y1, y0], color=color, lw=1.8)
        iou, giou = ov.iou(found[k], TRUTH)[0], ov.giou(found[k], TRUTH)[0]
        axis.set(aspect="equal", xlim=(-6, 14), ylim=(-6, 14), xticks=[], yticks=[])
        axis.set_title(f"{name}: L2 5.0 px\nIoU {iou:.3f}, GIoU {giou:.3f}", fontsize=10)
    for name, values in spread.items():
        axes[4].hist(values, bins=60, alpha=0.55, label=name)
    axes[4].set(title="20,000 boxes, all at L2 5.0 px", xlabel="score", yticks=[])
    axes[4].legend(fontsize=8)
    first, second, third = bottom.subplots(1, 3)
    for name, style in zip(NUMBERS, ("-", "--", "-."), strict=True):
        first.plot(error, curves[name].value, style, label=name)
        second.plot(error, curves[name].grad, style, label=name)
        third.axvline(fits[name], ls=style, color=f"C{list(NUMBERS).index(name)}", label=name)
    first.set(title="Loss of one number", xlabel="error", ylim=(0.0, 4.0))
    second.set(title="Gradient", xlabel="error", ylim=(-4.0, 4.0))
    third.plot(edges, np.zeros(10), "k|", ms=16, label="measurements")
    third.set(title="Best constant with one outlier", xlabel="edge (px)", yticks=[], ylim=(-1, 1))
    for axis in (first, second, third):
        axis.legend(fontsize=8)
        axis.grid(alpha=0.25)
    figure.savefig(path)


if __name__ == "__main__":
    where = sys.argv[1] if len(sys.argv) > 1 else "equal_distance.svg"
    draw(where)
