"""
Five pixels
===========

Five pixels cost an object of 20 pixels four tenths of its IoU (0.600), and one of 100 pixels a
tenth (0.905). `ov.tolerance` tells beforehand what annotations that are exact to a pixel can say:
below 8 pixels, IoU is uncertain by more than 0.5, below 40 pixels by more than 0.1. Ten per cent
off is the same at 20 and at 200 pixels: the IoU is 0.75 at both, and so is its gradient with
respect to the logarithm of the width (`ov.coders.LogSize`), while that with respect to the width
itself falls as one over the size.

``python examples/pixels.py`` draws this to ``pixels.svg``.
"""

import sys

import numpy as np

import overlap as ov

SIZES = np.geomspace(5.0, 400.0, 120)


def squares(sizes, shift=0.0):
    """Return squares, shifted along x."""
    sizes = np.asarray(sizes, float)
    x, zero = np.broadcast_to(shift, sizes.shape), np.zeros(sizes.shape)
    return ov.Boxes(np.column_stack([x, zero, x + sizes, sizes]), unit="px")


# %%
# A shift of 1, 2, 5 and 10 pixels.

for size in (20.0, 100.0):
    value = ov.iou(squares([size], 5.0), squares([size]))[0]
    slack = ov.tolerance(ov.iou, squares([size]), squares([size]), eps=1.0)[0]
    print(
        f"{size:g} px: IoU {value:.3f} after 5 px; up to {slack:.3f} is lost by 1 px on every side"
    )

# %%
# ``ov.tolerance`` is the most that a score can lose, to first order, if every side of the box moves
# by at most one pixel: here four pixels over the size. It tells from which size on a threshold
# means anything where annotations are exact to a pixel.

slack = ov.tolerance(ov.iou, squares(SIZES), squares(SIZES), eps=1.0)
smallest = SIZES[np.argmax(slack <= 0.5)], SIZES[np.argmax(slack <= 0.1)]
print(f"IoU is uncertain by 0.5 below {smallest[0]:.0f} px and by 0.1 below {smallest[1]:.0f} px")

# %%
# Ten per cent too wide and too far right, which is the same move of the logarithms at 20 and at 200
# pixels. Gradients with respect to the width fall as one over the size, those with respect to its
# logarithm do not know the scale.

by_size, by_log = ov.coders.CenterSize(), ov.coders.LogSize()


def slopes(sizes):
    """Return IoU, and its derivatives by width and by log width."""
    wrong = np.outer(sizes, [0.1, 0.0, 0.2, 0.0])  # 10 % to the right, 10 % wider
    found, truth = ov.Boxes(squares(sizes).to_array() + wrong), ov.Boxes(squares(sizes).to_array())
    value, grad = ov.iou.value_and_grad(found, truth)
    pulled = {
        "d IoU / d w": by_size.pullback(by_size.encode(found), grad),
        "d IoU / d ln w": by_log.pullback(by_log.encode(found), grad),
    }
    return value, {name: slope[:, 2] for name, slope in pulled.items()}


both, slope_of = slopes(np.array([20.0, 200.0]))
print("IoU at 20 and 200 px:", both.round(6))
for name, slope in slope_of.items():
    print(f"{name} at 20 and 200 px: {slope[0]:.5f}, {slope[1]:.5f}")


def draw(path):
    """Draw IoU, tolerance and gradients against the size of the object."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12.0, 3.8), layout="constrained")
    first, second, third = figure.subplots(1, 3)
    for shift in (1.0, 2.0, 5.0, 10.0):
        first.plot(SIZES, ov.iou(squares(SIZES, shift), squares(SIZES)), label=f"{shift:g} px")
    for size in (20.0, 100.0):
        value = ov.iou(squares([size], 5.0), squares([size]))[0]
        first.plot(size, value, "ko", ms=4)
        first.annotate(f"{value:.3f}", (size, value), (7, -13), textcoords="offset points",
                       bbox={"facecolor": "white", "alpha": 0.85, "lw": 0, "pad": 0.5})  # fmt: skip
    first.set(title="IoU after a shift", ylim=(0.0, 1.02), ylabel="IoU")
    first.legend(fontsize=8, title="shift", loc="lower right")
    second.plot(SIZES, slack, color="tab:red")
    for limit in (0.5, 0.1):
        second.axhline(limit, color="gray", lw=0.8, ls="--")
    second.set(title="ov.tolerance: 1 px on every side", ylabel="IoU that can be lost")
    second.set_ylim(0.0, 0.85)
    for (name, slope), color in zip(
        slopes(SIZES)[1].items(), ("tab:blue", "tab:green"), strict=True
    ):
        third.semilogy(SIZES, abs(slope), color=color, label=f"|{name}|")
    third.set(title="Gradients, box 10 % off")
    third.legend(fontsize=8)
    for axis in (first, second, third):
        axis.set(xscale="log", xlabel="size of the object (px)")
        ticks = [5, 10, 20, 50, 100, 200, 400]
        axis.set_xticks(ticks, [str(tick) for tick in ticks])
        axis.minorticks_off()
        axis.grid(alpha=0.25)
    figure.savefig(path)


if __name__ == "__main__":
    where = sys.argv[1] if len(sys.argv) > 1 else "pixels.svg"
    draw(where)
