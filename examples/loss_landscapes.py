"""
Deserts and plateaus
====================

Where does a loss lead a box? First row: the loss of a box whose center is at that point, against
the white box. Arrows point where descent leads, red dots are places without a gradient. IoU is flat
on 86 % of the map. GIoU has a slope outside, but leads around corners, and is flat where one box is
inside the other; DIoU and CIoU lead to the center from everywhere. Second row: a box beside the
truth changes its width and height only. GIoU makes it long and about as high as the truth, DIoU
makes it larger, and CIoU leans from there towards the truth's shape.

``python examples/loss_landscapes.py`` draws this to ``loss_landscapes.png``.
"""

import sys

import numpy as np

import overlap as ov

SCORES = {"IoU": ov.iou, "GIoU": ov.giou, "DIoU": ov.diou, "CIoU": ov.ciou}
TRUTH = ov.Boxes([[-1.0, -1.0, 1.0, 1.0]])
SIZE = np.array([1.2, 0.7])  # of the found box in the first row
ASIDE = np.array([2.6, 0.6])  # its center in the second row
REACH, FINE, COARSE = 3.6, 121, 17
RANGE = 0.4, 1.9  # of the colors

# %%
# A coder makes boxes of what the maps have as axes, and brings gradients back to them: centers in
# the first row, logarithms of width and height in the second.

coder = ov.coders.LogSize()


def place_table(count):
    """Return codes of one box at a grid of places."""
    x, y = np.meshgrid(*[np.linspace(-REACH, REACH, count)] * 2)
    size = np.broadcast_to(np.log(SIZE), (count * count, 2))
    return np.column_stack([x.ravel(), y.ravel(), size])


def shape_table(count):
    """Return codes of boxes beside the truth, from a quarter to four times its sides."""
    w, h = np.meshgrid(*[np.log(2.0) + np.linspace(-np.log(4.0), np.log(4.0), count)] * 2)
    center = np.broadcast_to(ASIDE, (count * count, 2))
    return np.column_stack([center, w.ravel(), h.ravel()])


def landscape(score, table):
    """Return the losses, and the gradients with respect to the codes."""
    loss = ov.losses.overlap_loss(score, coder.decode(table), TRUTH, reduction="none")
    return loss.value, coder.pullback(table, loss.grad)


ROWS = {"place": (place_table, slice(0, 2)), "shape": (shape_table, slice(2, 4))}
flat = {}
for row, (table, columns) in ROWS.items():
    for name, score in SCORES.items():
        gradient = landscape(score, table(FINE))[1][:, columns]
        flat[row, name] = (np.linalg.norm(gradient, axis=1) < 1e-9).mean()
        print(f"{row}, {name}: {100 * flat[row, name]:.1f} % of the map is flat")

# %%
# The picture. Arrows show directions only; a dot is a place without any.


def draw(path):
    """Draw maps of four losses, with the directions of their gradients."""
    import matplotlib
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12.6, 6.2), layout="constrained")
    axes = figure.subplots(2, 4, sharey="row")
    for line, (row, (table, columns)) in zip(axes, ROWS.items(), strict=True):
        fine, coarse = table(FINE)[:, columns], table(COARSE)[:, columns]
        if row == "shape":
            fine, coarse = fine - np.log(2.0), coarse - np.log(2.0)
        grid = [column.reshape(FINE, FINE) for column in fine.T]
        line[0].set_ylabel("center y" if row == "place" else "ln (height / true height)")
        for axis, (name, score) in zip(line, SCORES.items(), strict=True):
            value = landscape(score, table(FINE))[0].reshape(FINE, FINE)
            axis.contourf(*grid, value, levels=np.linspace(*RANGE, 31), cmap="viridis_r")
            gradient = landscape(score, table(COARSE))[1][:, columns]
            size = np.linalg.norm(gradient, axis=1)
            steep = size > 1e-9
            arrow = -gradient[steep] / size[steep, None]
            axis.quiver(*coarse[steep].T, *arrow.T, color="black", scale=26, width=0.005,
                        pivot="middle")  # fmt: skip
            axis.plot(*coarse[~steep].T, ".", color="tab:red", ms=3)
            if row == "place":
                x = np.array([-1, 1, 1, -1, -1])
                axis.plot(x, np.array([-1, -1, 1, 1, -1]), color="white", lw=1.5)
                axis.set_xlabel("center x")
            else:
                axis.set_xlabel("ln (width / true width)")
            axis.set_title(f"1 - {name}: {100 * flat[row, name]:.0f} % flat")
            axis.set_aspect("equal")
    mappable = matplotlib.cm.ScalarMappable(matplotlib.colors.Normalize(*RANGE), "viridis_r")
    figure.colorbar(mappable, ax=axes, shrink=0.7, pad=0.01, label="loss")
    figure.savefig(path, dpi=80)


if __name__ == "__main__":
    where = sys.argv[1] if len(sys.argv) > 1 else "loss_landscapes.png"
    draw(where)
