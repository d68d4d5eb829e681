"""
A head that learns
==================

A small convolutional network finds the one bright shape in a noisy picture. It is trained from
the same start with each overlap loss, and with a loss of the four numbers, and judged by the mean
IoU on pictures that it has not seen. The network predicts a center and the logarithms of the
sides; that is a line of torch, and autograd goes through it to `overlap.interop.torch`. See
:doc:`PyTorch </guides/torch>`.

.. image:: /pictures/torch_head.png
   :alt: Mean IoU during training with six losses; six pictures with boxes

``python examples/torch_head.py`` draws this to ``torch_head.png``. It needs torch.
"""
# sphinx_gallery_thumbnail_path = 'pictures/torch_head.png'

import sys

import numpy as np
import torch

import overlap as ov
from overlap.interop.torch import OverlapLoss, score

SIZE, STEPS, BATCH = 32, 240, 64
torch.set_num_threads(1)  # the network is too small for more
LOSSES = {
    "smooth L1": lambda pred, target: torch.nn.functional.smooth_l1_loss(pred, target),
    "IoU": OverlapLoss(ov.iou),
    "GIoU": OverlapLoss(ov.giou),
    "DIoU": OverlapLoss(ov.diou),
    "CIoU": OverlapLoss(ov.ciou),
    "EIoU": OverlapLoss(ov.eiou),
}

# %%
# Ellipses and rectangles with sides from 4 to 20 pixels, anywhere on a picture of 32 by 32,
# brighter than the noise.


def pictures(rng, count):
    """Return pictures (N, 1, 32, 32) and the boxes of their shapes (N, 4), in pixels."""
    side = np.exp(rng.uniform(np.log(4.0), np.log(20.0), (count, 2)))
    lower = rng.random((count, 2)) * (SIZE - side)
    center, half = lower + 0.5 * side, 0.5 * side
    y, x = np.mgrid[:SIZE, :SIZE] + 0.5
    u, v = (
        np.abs(grid - center[:, k, None, None]) / half[:, k, None, None]
        for k, grid in enumerate((x, y))
    )
    ellipse = rng.random(count) < 0.5
    inside = np.where(ellipse[:, None, None], u * u + v * v < 1.0, np.maximum(u, v) < 1.0)
    image = inside * rng.uniform(0.6, 1.0, (count, 1, 1)) + rng.normal(0.0, 0.3, inside.shape)
    boxes = np.hstack([lower, lower + side])
    return (
        torch.from_numpy(image[:, None].astype(np.float32)),
        torch.from_numpy(boxes.astype(np.float32)),
    )


rng = np.random.default_rng(0)
images, targets = pictures(rng, 2048)
unseen, truth = pictures(rng, 512)

# %%
# The head gives center and log sides in the unit of half a picture, at first a box of 8 pixels in
# the middle.


def network():
    """Return the network, the same one every time."""
    torch.manual_seed(0)
    layers = torch.nn.Sequential(
        torch.nn.Conv2d(1, 8, 5, stride=2, padding=2),
        torch.nn.ReLU(),
        torch.nn.Conv2d(8, 16, 3, stride=2, padding=1),
        torch.nn.ReLU(),
        torch.nn.Conv2d(16, 16, 3, stride=2, padding=1),
        torch.nn.ReLU(),
        torch.nn.Flatten(),
        torch.nn.Linear(256, 4),
    )
    torch.nn.init.normal_(layers[-1].weight, std=0.01)
    with torch.no_grad():
        layers[-1].bias.copy_(torch.tensor([1.0, 1.0, np.log(0.5), np.log(0.5)]))
    return layers


def decode(numbers):
    """Return boxes in pixels."""
    center, side = 0.5 * SIZE * numbers[:, :2], 0.5 * SIZE * numbers[:, 2:].clamp(max=1.0).exp()
    return torch.cat([center - 0.5 * side, center + 0.5 * side], 1)


def train(criterion, steps=STEPS):
    """Return the mean IoU on unseen pictures every ten steps, and the boxes at the end."""
    head = network()
    optimizer = torch.optim.Adam(head.parameters(), lr=3e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-2, total_steps=steps)
    curve = []
    for step in range(steps):
        if step % 10 == 0:
            curve.append(judged(head)[0])
        batch = slice(step * BATCH % len(images), step * BATCH % len(images) + BATCH)
        optimizer.zero_grad()
        criterion(decode(head(images[batch])), targets[batch]).backward()
        optimizer.step()
        schedule.step()
    value, boxes = judged(head)
    return [*curve, value], boxes


def judged(head):
    """Return the mean IoU on unseen pictures, and the boxes there."""
    with torch.no_grad():
        boxes = decode(head(unseen))
        return score(ov.iou, boxes, truth).mean().item(), boxes


def compare(steps=STEPS):
    """Train with each loss; return curves and boxes by the name of the loss."""
    curves, found = {}, {}
    for name, criterion in LOSSES.items():
        curves[name], found[name] = train(criterion, steps)
        print(f"{name}: mean IoU {curves[name][-1]:.3f} on {len(truth)} unseen pictures")
    return curves, found


def draw(path, curves, found):
    """Draw the mean IoU during training with six losses; six pictures with boxes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11.0, 4.2), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(1.0, 1.05))
    axis = left.subplots()
    colors = ["0.5", "tab:blue", "tab:orange", "tab:green", "tab:red", "tab:purple"]
    for (name, curve), color in zip(curves.items(), colors, strict=True):
        axis.plot(10 * np.arange(len(curve)), curve, color=color, label=f"{name}, {curve[-1]:.3f}")
    axis.set(title="Mean IoU on unseen pictures", xlabel="step", ylim=(0.0, 1.0))
    axis.grid(alpha=0.25)
    axis.legend(title="trained with, and at the end", fontsize=8, loc="lower right")
    shown = {"smooth L1": "0.85", "CIoU": "tab:red"}
    for k, axis in enumerate(right.subplots(2, 3).ravel()):
        axis.imshow(
            unseen[k, 0].numpy(), cmap="gray", vmin=-0.8, vmax=1.6, extent=(0, SIZE, SIZE, 0)
        )
        for boxes, color in ((truth, "tab:cyan"), *((found[n], c) for n, c in shown.items())):
            x0, y0, x1, y1 = boxes[k].tolist()
            axis.plot([x0, x1, x1, x0, x0], [y0, y0, y1, y1, y0], color=color, lw=1.4)
        axis.set(xticks=[], yticks=[])
    right.suptitle("Truth (cyan), smooth L1 (light), CIoU (red)", fontsize=10)
    figure.savefig(path, dpi=90)


if __name__ == "__main__":
    where = sys.argv[1] if len(sys.argv) > 1 else "torch_head.png"
    draw(where, *compare())
