"""
A fuzzy lesion and crisp boxes
==============================

The truth is a probability map: a disc with a soft edge, as several readers would outline it. How
good is a crisp box against it? Soft Dice and soft IoU say so, and can weight the anchors of a
detector. Both also prefer boxes that are too large, the more so the softer the edge. See
:doc:`masks </guides/masks>`.

``python examples/fuzzy_lesion.py`` draws this to ``fuzzy_lesion.svg``.
"""

import sys

import numpy as np
from scipy.ndimage import gaussian_filter

import overlap as ov

SIZE, RADIUS = 96, 12.0
GRID = ov.Grid(shape=(SIZE, SIZE), spacing=(1.0, 1.0), origin=(0.0, 0.0))
SIDES = np.arange(2.0, 80.0, 2.0)
BLURS = np.arange(0.0, 17.0)

# %%
# A disc of radius 12 in the middle of a square, blurred. Its mass stays the same.

center = 0.5 * SIZE
inside = np.hypot(*(GRID.centers() - center).T).reshape(SIZE, SIZE) < RADIUS


def lesion(blur, form="minmax"):
    """Return the blurred disc as one soft mask."""
    values = gaussian_filter(inside.astype(float), blur) if blur else inside.astype(float)
    return ov.Masks(np.clip(values, 0.0, 1.0)[None], soft=form)


# %%
# Anchors anywhere, weighted by their soft Dice with the lesion. A hard and a soft mask on one
# grid can be compared.

rng = np.random.default_rng(0)
lower, side = rng.uniform(0.0, SIZE - 10.0, (400, 2)), rng.uniform(10.0, 50.0, (400, 1))
anchors = ov.Boxes(np.hstack([lower, np.minimum(lower + side, SIZE)]))
weight = ov.dice(ov.Masks.from_regions(anchors, GRID), lesion(6.0))
best = np.argsort(weight)[::-1][:5]
print("five best anchors:", weight[best].round(3), "of 400; median", np.median(weight).round(3))

# %%
# Squares in the middle, from 2 to 78 wide. The square with the area of the disc would be the
# natural answer; it is about 21 wide.

squares = ov.Boxes(np.column_stack([center - SIDES / 2] * 2 + [center + SIDES / 2] * 2))
masks = ov.Masks.from_regions(squares, GRID)
natural = np.sqrt(inside.sum())


def best_side(score, blur, form="minmax"):
    """Return the side of the square with the highest score, refined by a parabola."""
    value = score(masks, lesion(blur, form))
    k = int(np.clip(np.argmax(value), 1, len(SIDES) - 2))
    left, middle, right = value[k - 1 : k + 2]
    return SIDES[k] + (left - right) / (left - 2.0 * middle + right)


LINES = {
    "soft Dice": (ov.dice, "minmax"),
    "soft IoU": (ov.iou, "minmax"),
    "soft Dice, squared": (ov.dice, "squared"),
    "soft IoU, squared": (ov.iou, "squared"),
}
best_sides = {
    name: np.array([best_side(score, blur, form) for blur in BLURS])
    for name, (score, form) in LINES.items()
}
for name, sides in best_sides.items():
    print(f"{name}: best side {sides[0]:.1f} without blur, {sides[8]:.1f} with a blur of 8")

# %%
# Why: against a crisp set S, soft Dice is ``2 q(S) / (|S| + Q)``. A cell is worth adding as long
# as its value is more than half of the score, so the best set is the one of all cells above half
# of the best Dice, not above one half; the blurrier the truth, the lower the best Dice and the
# larger the set. Among sets of cells above a level, that is so to the last digit.

fuzzy = lesion(8.0).to_array()[0]
levels = np.unique(fuzzy)[::-1]
order = np.sort(fuzzy, axis=None)[::-1]
dice = 2.0 * np.cumsum(order) / (np.arange(1, order.size + 1) + order.sum())
top = int(dice.argmax())
print(f"best level {order[top]:.4f}, half of the best Dice {dice[top] / 2:.4f}")
above = ov.Masks(fuzzy[None] >= order[top])
assert abs(ov.dice(above, lesion(8.0))[0] - dice[top]) < 1e-12

# %%
# The picture. Soft IoU is ``D / (2 - D)`` of soft Dice, so both have the same best square.


def draw(path):
    """Draw anchors weighted by soft Dice, scores of squares, and the best one by blur."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, (first, second, third) = plt.subplots(1, 3, figsize=(12.0, 3.9), layout="constrained")
    picture = lesion(6.0).to_array()[0].T
    first.imshow(picture, cmap="gray", extent=(0, SIZE, 0, SIZE), origin="lower")
    shade = plt.get_cmap("viridis")
    for k in np.argsort(weight)[-60:]:
        x0, y0, x1, y1 = anchors.to_array()[k]
        xs, ys = [x0, x1, x1, x0, x0], [y0, y0, y1, y1, y0]
        color, width = shade(weight[k] / weight.max()), 0.5 + 2.5 * weight[k] ** 2
        first.plot(xs, ys, color=color, linewidth=width)
    first.set(title="60 best of 400 anchors, by soft Dice", xlabel="x (cells)", ylabel="y (cells)")
    for (name, (score, form)), style in zip(LINES.items(), ("-", "--", "-.", ":"), strict=True):
        second.plot(SIDES, score(masks, lesion(8.0, form)), style, label=name)
        third.plot(BLURS, best_sides[name], style, label=name)
    second.set(title="Centered squares, blur 8", xlabel="side (cells)", ylabel="score", ylim=(0, 1))
    second.axvline(natural, color="gray", linewidth=0.8)
    third.axhline(natural, color="gray", linewidth=0.8, label="same area as the disc")
    third.set(title="Best square", xlabel="blur: standard deviation (cells)", ylabel="side (cells)")
    third.legend(fontsize=8)
    with matplotlib.rc_context({"svg.hashsalt": "fuzzy lesion"}):
        figure.savefig(path, metadata={"Date": None} if path.endswith(".svg") else None)
    plt.close(figure)


if __name__ == "__main__":
    where = sys.argv[1] if len(sys.argv) > 1 else "fuzzy_lesion.svg"
    draw(where)
