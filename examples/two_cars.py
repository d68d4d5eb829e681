"""
Two cars parked perpendicular
=============================

Suppression keeps one box of every crowd. The axis-aligned boxes of two cars that stand across
each other overlap although the cars do not touch, so one of them is lost; with
:doc:`rotated boxes </guides/rotated>` both stay.

``python examples/two_cars.py`` draws this to ``two_cars.svg``.
"""

import math
import sys

import overlap as ov

# %%
# Two cars of 4.5 by 1.8 meters, the second ten centimeters in front of the first and across.

ANGLE = 0.8
ahead = 0.5 * 4.5 + 0.1 + 0.5 * 1.8
cars = ov.RotatedBoxes(
    [
        [0.0, 0.0, 4.5, 1.8, ANGLE],
        [ahead * math.cos(ANGLE), ahead * math.sin(ANGLE), 4.5, 1.8, ANGLE + math.pi / 2],
    ],
    unit="m",
)
confidence = [0.9, 0.8]

# %%
# The same two, seen as axis-aligned boxes and as they are.

VIEWS = {"axis-aligned": cars.to_boxes(), "rotated": cars}
for name, boxes in VIEWS.items():
    kept = ov.nms(boxes, confidence, threshold=0.1).index
    print(f"{name}: IoU {ov.iou(boxes[0], boxes[1])[0]:.3f}, kept {kept.tolist()}")

# %%
# The picture: what is kept has a full outline, what is dropped a dashed one.


def draw(path: str) -> None:
    """Draw two cars: their axis-aligned boxes overlap, their rotated boxes do not."""
    import matplotlib
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.0, 4.4), layout="constrained")
    for axis, (name, boxes) in zip(figure.subplots(1, 2), VIEWS.items(), strict=True):
        kept = ov.nms(boxes, confidence, threshold=0.1).index
        frames = ov.RotatedBoxes.from_boxes(boxes) if name == "axis-aligned" else boxes
        for k, color in enumerate(("tab:blue", "tab:orange")):
            axis.fill(*cars.corners()[k].T, color=color, alpha=0.35, linewidth=0)
            axis.fill(
                *frames.corners()[k].T,
                facecolor="none",
                edgecolor=color,
                linewidth=2.0,
                linestyle="-" if k in kept else (0, (4, 3)),
            )
            state = "kept" if k in kept else "dropped"
            x, y = cars.to_array()[k, :2] + [(-0.7, -0.7), (0.5, -0.5)][k]
            axis.text(x, y, f"{confidence[k]}\n{state}", ha="center", va="center", fontsize=10)
        axis.set(aspect="equal", xlim=(-2.8, 4.9), ylim=(-2.8, 5.0), xlabel="x (m)", ylabel="y (m)")
        axis.set_title(f"{name} boxes: IoU {ov.iou(boxes[0], boxes[1])[0]:.2f}")
    with matplotlib.rc_context({"svg.hashsalt": "two cars"}):
        figure.savefig(path, metadata={"Date": None} if path.endswith(".svg") else None)


if __name__ == "__main__":
    where = sys.argv[1] if len(sys.argv) > 1 else "two_cars.svg"
    draw(where)
