"""
From apart to equal
===================

Sixty boxes start apart from the truth, and descend by four losses. By IoU none of them moves. By
GIoU they touch the truth after 110 steps, on average with 6.7 times the area that they started
with; then they shrink onto it. DIoU and CIoU take 140 steps to the first contact and grow as much:
in a larger enclosure the same distance counts less. Their way is straighter. At the end all three
are at an IoU above 0.99. The weight alpha of the aspect term of CIoU is largest at the start, where
shapes are random, and fades.

``python examples/trajectories.py`` draws this to ``trajectories.svg``.
"""

import sys

import numpy as np

import overlap as ov

SCORES = {"IoU": ov.iou, "GIoU": ov.giou, "DIoU": ov.diou, "CIoU": ov.ciou}
TRUTH = ov.Boxes([[-1.0, -0.5, 1.0, 0.5]])
STEPS = 600

# %%
# Sixty boxes in all directions at a distance of 3 to 6, with sides from a third to three. The first
# one is drawn.

rng = np.random.default_rng(3)
angle, distance = rng.uniform(0.0, 2.0 * np.pi, 60), rng.uniform(3.0, 6.0, 60)
angle[0], distance[0] = 0.55, 4.5
center = np.column_stack([distance * np.cos(angle), distance * np.sin(angle)])
size = np.exp(rng.uniform(-np.log(3.0), np.log(3.0), (60, 2)))
size[0] = 0.8, 1.6
start = ov.Boxes.from_cxcywh(np.column_stack([center, size]))
assert (ov.iou(start, TRUTH) == 0.0).all()

# %%
# The step is weighted by 2 - IoU and made smaller twice, as in the simulation of arXiv:1911.08287.
# Descent is in center and size.

coder = ov.coders.CenterSize()


def descend(score):
    """Return the codes of all boxes at every step, shape (STEPS + 1, 60, 4)."""
    path = [coder.encode(start)]
    for step in range(STEPS):
        boxes = coder.decode(path[-1])
        loss = ov.losses.overlap_loss(score, boxes, TRUTH, reduction="sum")
        rate = 0.1 * (1.0 if step < 0.8 * STEPS else 0.1 if step < 0.9 * STEPS else 0.01)
        weight = rate * (2.0 - ov.iou(boxes, TRUTH))
        path.append(path[-1] - weight[:, None] * coder.pullback(path[-1], loss.grad))
    return np.array(path)


paths = {name: descend(score) for name, score in SCORES.items()}

# %%
# What came out: the IoU of the 60 boxes at every step, the largest area on the way, and the weight
# alpha of CIoU, from ``aspect_gap = alpha v`` and ``alpha = v / (1 - IoU + v)``.


def each_step(path, function):
    """Apply a function of boxes at every step, shape (STEPS + 1, 60)."""
    return function(coder.decode(path.reshape(-1, 4))).reshape(path.shape[:2])


ious = {k: each_step(path, lambda boxes: ov.iou(boxes, TRUTH)) for k, path in paths.items()}
areas = {k: each_step(path, ov.Boxes.measure) for k, path in paths.items()}
for name in SCORES:
    arrived = (ious[name] > 0.0).any(axis=0)
    touch = np.argmax(ious[name] > 0.0, axis=0)
    grown = areas[name][touch, np.arange(60)] / areas[name][0]
    print(
        f"{name}: {arrived.sum()} of 60 touch the truth, at step {touch.mean():.0f} and with "
        f"{grown.mean():.1f} times their area; mean IoU at the end {ious[name][-1].mean():.3f}"
    )


def alpha_of(boxes):
    """Return the weight of the aspect gap."""
    gap, distance = ov.aspect_gap(boxes, TRUTH), 1.0 - ov.iou(boxes, TRUTH)
    v = 0.5 * (gap + np.sqrt(gap * gap + 4.0 * gap * distance))  # gap = v^2 / (distance + v)
    return np.divide(v, distance + v, out=np.zeros_like(v), where=v > 0)


alpha = each_step(paths["CIoU"], alpha_of)


def draw(path):
    """Draw paths of a box by four losses; IoU, area and alpha by step."""
    import matplotlib
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12.0, 6.2), layout="constrained")
    top, bottom = figure.subfigures(2, 1)
    shade = matplotlib.colormaps["viridis"]
    shown = np.unique(np.geomspace(1, STEPS + 1, 14).astype(int) - 1)
    for axis, (name, codes) in zip(top.subplots(1, 4, sharey=True), paths.items(), strict=True):
        x0, y0, x1, y1 = TRUTH.to_array()[0]
        axis.fill([x0, x1, x1, x0], [y0, y0, y1, y1], color="tab:green", alpha=0.4, lw=0)
        for k, box in enumerate(coder.decode(codes[shown, 0]).to_array()):
            x0, y0, x1, y1 = box
            color = shade(k / (len(shown) - 1))
            axis.plot([x0, x1, x1, x0, x0], [y0, y0, y1, y1, y0], color=color, lw=1.2)
        axis.plot(*codes[:, 0, :2].T, color="black", lw=0.8)
        axis.set(title=f"{name}: IoU {ious[name][-1, 0]:.2f} at the end", aspect="equal",
                 xlim=(-2.2, 5.2), ylim=(-1.6, 3.9))  # fmt: skip
    first, second, third = bottom.subplots(1, 3)
    steps = np.arange(0, STEPS + 1, 6)
    for name, style in zip(SCORES, (":", "--", "-.", "-"), strict=True):
        first.plot(steps, ious[name][::6].mean(axis=1), style, label=name)
        grown = areas[name][::6] / areas[name][0]
        second.plot(steps, grown.mean(axis=1), style, label=name)
    third.plot(steps[::2], alpha[::12], color="tab:red", lw=0.5, alpha=0.25)
    third.plot(steps, alpha[::6].mean(axis=1), color="tab:red", lw=2.0, label="mean")
    first.set(title="IoU, mean of 60 boxes", xlabel="step")
    second.set(title="Area over area at the start, mean", xlabel="step")
    third.set(title="Weight alpha along the paths of CIoU", xlabel="step")
    for axis in (first, second, third):
        axis.grid(alpha=0.25)
        axis.legend(fontsize=8)
    figure.savefig(path)


if __name__ == "__main__":
    where = sys.argv[1] if len(sys.argv) > 1 else "trajectories.svg"
    draw(where)
