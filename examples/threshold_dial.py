"""
The dial of a detector
======================

From which IoU on does an anchor learn an object? `ov.threshold_dial` gives what the threshold of
`ov.assign` trades, here for 46,240 anchors on 40 images with 221 objects. At 0.3 there are 5,330
positive anchors, of whose areas 60 % lie inside their objects, and 99 % of the objects have one. At
0.7 there are 43, 85 % inside, for 13 % of the objects. With ``low_quality="truth"``, the rule of
Faster R-CNN, every object has its best anchor whatever the threshold.

``python examples/threshold_dial.py`` draws this to ``threshold_dial.svg``.
"""

import sys

import numpy as np

import overlap as ov

SIDE = 256.0

# %%
# Anchors of three sizes and three shapes, every 16 pixels of a square image, as in Faster R-CNN.
# Forty images with three to eight objects each, all of them scored in one call: groups keep the
# images apart.

at = np.arange(8.0, SIDE, 16.0)
sizes = np.array([[s * np.sqrt(r), s / np.sqrt(r)] for s in (32, 64, 128) for r in (0.5, 1, 2)])
x, y, k = (axis.ravel() for axis in np.meshgrid(at, at, np.arange(9), indexing="ij"))
one_image = np.column_stack([x, y, sizes[k]])
one_image = one_image[
    (one_image[:, :2] - one_image[:, 2:] / 2 >= 0).all(axis=1)
    & (one_image[:, :2] + one_image[:, 2:] / 2 <= SIDE).all(axis=1)
]
anchors_of_one = len(one_image)
anchors = ov.Boxes.from_cxcywh(np.tile(one_image, (40, 1)))
image_of_anchor = np.repeat(np.arange(40), anchors_of_one)

rng = np.random.default_rng(2)
counts = rng.integers(3, 9, 40)
image_of_truth = np.repeat(np.arange(40), counts)
width, height = np.exp(rng.uniform(np.log(16.0), np.log(150.0), (2, counts.sum())))
left, top = rng.random((2, counts.sum())) * (SIDE - np.stack([width, height]))
truth = ov.Boxes(np.column_stack([left, top, left + width, top + height]))
groups = image_of_anchor, image_of_truth
print(f"{len(anchors)} anchors, {len(truth)} objects")

# %%
# The dial, and for comparison the assignment with the best anchor of every object.

dial = ov.threshold_dial(anchors, truth, groups=groups)
rescued = []
for t in dial.threshold:
    result = ov.assign(
        anchors, truth, positive=t, negative=min(t, 0.3), groups=groups, low_quality="truth"
    )
    rescued.append(1.0 - len(result.missed) / len(truth))
for k in (5, 9, 13):
    print(
        f"threshold {dial.threshold[k]:.2f}: {dial.positive[k]} positive anchors, "
        f"precision {dial.precision[k]:.3f}, recall {dial.recall[k]:.3f}"
    )


def draw(path):
    """Draw the positive anchors at two thresholds; precision and recall by threshold."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12.6, 4.0), layout="constrained")
    first, second, third = figure.subplots(1, 3, width_ratios=(1.0, 1.0, 1.35))
    own = ov.Boxes.from_cxcywh(one_image)
    objects = truth[image_of_truth == 1]
    for axis, threshold in ((first, 0.3), (second, 0.7)):
        result = ov.assign(own, objects, positive=threshold, negative=0.3)
        for boxes, color, width in ((own[result.positive], "tab:blue", 0.6), (objects, "k", 2.0)):
            for x0, y0, x1, y1 in boxes.to_array():
                axis.plot([x0, x1, x1, x0, x0], [y0, y0, y1, y1, y0], color=color, lw=width)
        axis.set(aspect="equal", xlim=(0, SIDE), ylim=(SIDE, 0), xticks=[], yticks=[])
        axis.set_title(
            f"positive from IoU {threshold}: {result.counts['positive']} anchors,\n"
            f"{len(result.missed)} of {len(objects)} objects without any",
            fontsize=10,
        )
    third.plot(dial.threshold, dial.precision, label="precision: part of an anchor inside")
    third.plot(dial.threshold, dial.recall, label="recall: objects with an anchor")
    third.plot(dial.threshold, rescued, "--", label="recall with the best anchor of each")
    third.set(xlabel="threshold of the assignment", ylim=(0.0, 1.05), title="40 images")
    other = third.twinx()
    other.semilogy(dial.threshold, np.maximum(dial.positive, 0.5), ":", color="gray")
    other.set_ylabel("positive anchors (dotted)")
    third.legend(fontsize=8, loc="lower left")
    third.grid(alpha=0.25)
    figure.savefig(path)


if __name__ == "__main__":
    where = sys.argv[1] if len(sys.argv) > 1 else "threshold_dial.svg"
    draw(where)
