"""
What is hidden cannot be seen
=============================

A detector that boxes what it sees is scored against the whole object. Here objects are hidden from
one side. A box of what is visible (blue) stays at or below the bound ``1 - hidden`` of
`ov.amodal.iou_bound` (points a little above it are boxes that reach beyond what is visible), and
none counts at 0.5 once half is hidden. `ov.coders.HiddenSide` completes the box from the side and a
guess of the fraction, exact to a tenth (orange): 94 % of the objects instead of 52 % are found at
an IoU of 0.5. `ov.amodal.occlusion_errors` says that occlusion explains 76 % of the loss of the
first detector.

``python examples/occlusion.py`` draws this to ``occlusion.svg``.
"""

import sys

import numpy as np

import overlap as ov

rng = np.random.default_rng(11)

# %%
# Three hundred objects, each hidden from one side by up to nine tenths.

COUNT = 300
size = np.exp(rng.uniform(np.log(20.0), np.log(80.0), (COUNT, 2)))
corner = rng.uniform(0.0, 400.0, (COUNT, 2))
whole = ov.Boxes(np.hstack([corner, corner + size]), unit="px")
fraction, side = rng.uniform(0.0, 0.9, COUNT), rng.integers(0, 4, COUNT)
table = whole.to_array().copy()
cut = fraction * np.tile(size, 2)[np.arange(COUNT), side]
table[np.arange(COUNT), side] += np.where(side < 2, cut, -cut)
visible = ov.Boxes(table, unit="px")
np.testing.assert_allclose(ov.amodal.hidden_fraction(visible, whole), fraction)

# %%
# A detector of visible boxes, exact to 4 per cent of a side, ...

noise = rng.normal(0.0, 0.04, (COUNT, 4)) * np.tile(visible.upper - visible.lower, 2)
seen = ov.Boxes(visible.to_array() + noise, unit="px")
errors = ov.amodal.occlusion_errors(seen, visible, whole)
print(
    f"mean IoU with what is visible {errors.iou_visible.mean():.3f}, with the whole "
    f"{errors.iou_whole.mean():.3f}; occlusion explains {100 * errors.explained:.0f} % of the loss"
)

# %%
# ... and one that adds the side, and the fraction to a tenth.

guess = np.clip(fraction + rng.normal(0.0, 0.1, COUNT), 0.0, 0.95)
coder = ov.coders.HiddenSide(side.tolist(), unit="px")
completed = coder.decode(np.column_stack([seen.to_array(), guess]))
LINES = {"box of what is visible": seen, "completed box": completed}
for name, boxes in LINES.items():
    iou = ov.iou(boxes, whole)
    print(f"{name}: mean IoU {iou.mean():.3f}, {100 * (iou >= 0.5).mean():.0f} % at 0.5 or above")


def draw(path):
    """Draw one occluded object; IoU and recall against the hidden fraction."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12.4, 3.9), layout="constrained")
    first, second, third = figure.subplots(1, 3, width_ratios=(0.8, 1.2, 1.2))
    k = int(np.argmin(abs(fraction - 0.45) + 10.0 * (side != 3)))
    shown = {"whole": (whole, "tab:green"), "visible part": (visible, "0.45"),
             "found": (seen, "tab:blue"), "completed": (completed, "tab:orange")}  # fmt: skip
    for name, (boxes, color) in shown.items():
        x0, y0, x1, y1 = boxes.to_array()[k]
        xs, ys = [x0, x1, x1, x0], [y0, y0, y1, y1]
        if name in ("whole", "visible part"):
            first.fill(xs, ys, color=color, alpha=0.35, lw=0, label=name)
        else:
            first.plot([*xs, x0], [*ys, y0], color=color, lw=2.0, label=name)
    first.set(aspect="equal", xticks=[], yticks=[], title=f"{100 * fraction[k]:.0f} % hidden")
    first.invert_yaxis()
    first.margins(0.12)
    first.legend(fontsize=8, loc="upper left", bbox_to_anchor=(0.0, -0.02), ncols=2)
    level = np.linspace(0.0, 0.9, 10)
    place = np.clip(np.digitize(fraction, level) - 1, 0, 8)
    for (name, boxes), color in zip(LINES.items(), ("tab:blue", "tab:orange"), strict=True):
        iou = ov.iou(boxes, whole)
        second.plot(fraction, iou, ".", ms=3, alpha=0.6, color=color, label=name)
        rates = [(iou[place == b] >= 0.5).mean() for b in range(9)]
        third.stairs(rates, level, color=color, lw=2.0, label=name)
    second.plot([0.0, 0.9], ov.amodal.iou_bound([0.0, 0.9]), "k-", label="bound: 1 - hidden")
    second.axhline(0.5, color="gray", lw=0.8, ls="--")
    second.set(title="IoU with the whole object", xlabel="hidden fraction", ylim=(0.0, 1.02))
    third.set(title="Part of the objects at IoU 0.5 or above", xlabel="hidden fraction")
    for axis in (second, third):
        axis.grid(alpha=0.25)
        axis.legend(fontsize=8, loc="lower left")
    figure.savefig(path)


if __name__ == "__main__":
    where = sys.argv[1] if len(sys.argv) > 1 else "occlusion.svg"
    draw(where)
