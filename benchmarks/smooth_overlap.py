"""Measure error, gradient and time of smooth overlaps; write docs/guides/smooth.md and its figure.

Run ``python benchmarks/smooth_overlap.py`` (a minute or two), or with ``--quick`` for a look
that writes nothing.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

import overlap as ov

DOCS = Path(__file__).parents[1] / "docs"
SIDE = 1.0  # mean side of the boxes, in which all lengths are
GRIDS = (16, 64, 256)  # cells across the scene of two sides
ALPHAS = (0.1, 0.03, 0.01)
SIGMAS = (0.1, 0.03, 0.01)
STEP = 0.01  # finite difference of a rasterised score

TEXT = """# Smooth overlaps

This page and its figure are written by `python benchmarks/smooth_overlap.py`; do not edit it.

The exact IoU has kinks where edges meet, is flat in the position of a box inside another, and is
0 for boxes apart. Its smooth relatives are kinds that wrap another kind, so that all scores,
gradients, suppression and matching work with them:

```python
>>> import overlap as ov
>>> found, truth = ov.Boxes([[0, 0, 2, 2]]), ov.Boxes([[2.1, 0, 4.1, 2]])
>>> ov.iou(found, truth)
array([0.])
>>> ov.iou(found.blurred(0.2), truth.blurred(0.2)).round(4)
array([0.0109])
>>> ov.iou(found.smooth_min(0.1), truth.smooth_min(0.1)).round(4)
array([0.0208])
>>> value, grad = ov.iou.value_and_grad(found.blurred(0.2), truth.blurred(0.2))
>>> grad[0, 2].round(3)                      # moving the right edge to the right gains
np.float64(0.083)

```

- **`blurred(s)`**: the overlap of A with B convolved with a Gaussian of standard deviation s, over
  the same of A with itself and of B with itself. For intervals, boxes in any dimension, rotated
  and upright boxes, and products. It is 1 for equal regions and only for them, does not depend on
  the frame, and its error is in proportion to s.
- **`smooth_min(alpha)`**: on every axis, softplus of the smooth minimum of four lengths, at a
  temperature of alpha times the mean side. For intervals, boxes and products. It is never larger
  than either side, and equal boxes lose alpha log 4 of every side.
- **A grid**: `Masks.from_regions`, for any shape. Its score is a staircase, and only differences
  over more than a cell give a gradient.

![IoU of a unit box that slides past an equal one, derivative, tails](../pictures/smooth.svg)

Every additive smoothing decays: at a gap d the value falls like `exp(-d / t)` (smooth minimum) or
`exp(-d^2 / 4 s^2)` (Gaussian), as the right panel shows, and a few widths further nothing is left
to follow. No width is right for boxes far apart: penalties do that work. Subtract one
(`ov.iou - ov.center_gap`), or begin with a width of about the size of the gaps and lower it to 0.

Below are pairs that overlap, with lengths in mean sides. *Error* is against the exact IoU.
*Gradient error* is the median distance to the gradient of the exact IoU, relative to it; that of a
grid comes from differences of ±{step:g}. *Time* is of a value with its gradient, for a grid of the
value and all differences; only its order of magnitude travels to another machine.

{tables}

## Which one

- Scores that are reported: the exact ones. They cost the least, and their gradients are exact
  wherever they are defined.
- Training that stalls at kinks, in flat places or at gaps of about a width: `blurred(s)`, with s a
  tenth of the boxes or less. The gradient of IoU is 0 at equal boxes, so it ends in the right
  place.
- A loss of axis-aligned boxes whose best value need not be 1: `smooth_min(0.03)`.
- Shapes for which there is nothing else: a grid, as a check and not as a loss.

## What changes

- The measures of blurred regions are their self-overlaps. A region inside another shares more with
  it than with itself, so `coverage` and `overlap_coefficient`, which divide by one self-overlap,
  are TypeErrors, and a Tversky ratio with unequal weights of sum 1 may reach
  `1 / (2 sqrt(alpha beta))`.
- Enclosures, centers and sides stay those of the regions themselves, and so do `center_gap`,
  `enclosed_gap` and `sides_gap`. `enclosure_gap` reads the smooth union: `giou` of equal blurred
  boxes is a little below 1, and its gradient there is not 0. `ov.iou - ov.enclosed_gap` is 1 for
  equal boxes, with gradient 0.
- Everything overlaps a little, so `pairs`, `nms` and `match` look at all pairs within a group.
- The blurred overlap of rotated boxes is an integral along edges, computed to 1e-10 of the
  geometric mean of both self-overlaps. All other values are closed forms.
"""

Make = Callable[[np.random.Generator, int], ov.Regions]
Smooth = Callable[[ov.Regions], ov.Regions]


def boxes(rng: np.random.Generator, count: int) -> ov.Regions:
    center, size = rng.uniform(0.8, 1.2, (count, 2)), rng.uniform(0.6, 1.4, (count, 2))
    return ov.Boxes(np.hstack([center - 0.5 * size, center + 0.5 * size]))


def rotated(rng: np.random.Generator, count: int) -> ov.Regions:
    center, size = rng.uniform(0.8, 1.2, (count, 2)), rng.uniform(0.6, 1.0, (count, 2))
    return ov.RotatedBoxes(np.column_stack([center, size, rng.uniform(0.0, 3.0, count)]))


def rasterised(cells: int) -> Smooth:
    grid = ov.Grid(shape=(cells, cells), spacing=(2.4 / cells,) * 2, origin=(-0.2, -0.2))
    return lambda batch: ov.Masks.from_regions(batch, grid)


def exact(batch: ov.Regions) -> ov.Regions:
    return batch


def differences(smooth: Smooth, found: ov.Regions, truth: ov.Regions) -> np.ndarray:
    """Central differences, the only gradient of a score of cells."""
    table, other = found.to_array(), smooth(truth)
    grad = np.empty_like(table)
    for column in range(table.shape[1]):
        ends = []
        for sign in (-1, 1):
            moved = table.copy()
            moved[:, column] += sign * STEP * SIDE
            ends.append(ov.iou(smooth(type(found)(moved)), other))
        grad[:, column] = (ends[1] - ends[0]) / (2 * STEP * SIDE)
    return grad


def measured(smooth: Smooth, found: ov.Regions, truth: ov.Regions, cells: bool) -> dict:
    """Error against the exact IoU, error of the gradient's direction, microseconds a pair."""
    wanted, slope = ov.iou.value_and_grad(found, truth)

    def both() -> tuple[np.ndarray, np.ndarray]:
        if cells:
            value = ov.iou(smooth(found), smooth(truth))
            return value, differences(smooth, found, truth)
        return ov.iou.value_and_grad(smooth(found), smooth(truth))

    value, grad = both()
    seconds = []
    for _ in range(1 if cells else 5):
        begin = time.perf_counter()
        both()
        seconds.append(time.perf_counter() - begin)
    norms = np.linalg.norm(slope, axis=1), np.linalg.norm(grad - slope, axis=1)
    itself = ov.iou(smooth(truth), smooth(truth))
    return {
        "error": np.median(abs(value - wanted)),
        "worst": abs(value - wanted).max(),
        "itself": itself.mean(),
        "gradient": np.median(norms[1] / norms[0]),
        "time": 1e6 * min(seconds) / len(found),
    }


def methods(kind: Make) -> list[tuple[str, Smooth, bool]]:
    rows: list[tuple[str, Smooth, bool]] = [("exact", exact, False)]
    rows += [(f"grid {n} x {n}", rasterised(n), True) for n in GRIDS]
    if kind is boxes:
        rows += [(f"smooth_min({a:g})", lambda b, a=a: b.smooth_min(a), False) for a in ALPHAS]
    return rows + [(f"blurred({s:g})", lambda b, s=s: b.blurred(s), False) for s in SIGMAS]


def table(kind: Make, count: int) -> list[str]:
    rng = np.random.default_rng(0)
    found, truth = kind(rng, count), kind(rng, count)
    lines = [
        "| method | median error | worst error | IoU with itself | gradient error | us a pair |",
        "|---|---|---|---|---|---|",
    ]
    for name, smooth, cells in methods(kind):
        part = slice(0, min(count, 200)) if cells else slice(None)
        got = measured(smooth, found[part], truth[part], cells)
        if name == "exact":
            numbers = f"0 | 0 | 1 | 0 | {got['time']:.2g}"
        else:
            numbers = (
                f"{got['error']:.1e} | {got['worst']:.1e} | {got['itself']:.3f} "
                f"| {100 * got['gradient']:.1f} % | {got['time']:.2g}"
            )
        lines.append(f"| {name} | {numbers} |")
    return lines


def draw(path: Path) -> None:
    """IoU of two equal boxes, and its gradient, as one slides past the other."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    offset = np.linspace(-1.8, 1.8, 721)
    row = np.array([0.0, 0.0, 1.0, 1.0])
    found = ov.Boxes(row + offset[:, None] * [1.0, 0.0, 1.0, 0.0])
    truth = ov.Boxes([row])
    figure = Figure(figsize=(9.5, 3.4), layout="constrained")
    value_axes, slope_axes, log_axes = figure.subplots(1, 3)
    grid = ov.Grid(shape=(64, 24), spacing=(0.0875, 0.0875), origin=(-2.3, -0.55))
    cells = ov.iou(ov.Masks.from_regions(found, grid), ov.Masks.from_regions(truth, grid))
    lines: list[tuple[str, Smooth, str]] = [("exact", exact, "black")]
    lines += [
        (f"smooth_min({a:g})", lambda b, a=a: b.smooth_min(a), color)
        for a, color in ((0.1, "#d95f02"), (0.03, "#f4b183"))
    ]
    lines += [
        (f"blurred({s:g})", lambda b, s=s: b.blurred(s), color)
        for s, color in ((0.3, "#08519c"), (0.1, "#4292c6"), (0.03, "#9ecae1"))
    ]
    value_axes.plot(offset, cells, label="grid, 11 cells a side", color="0.7", linewidth=3)
    for name, smooth, color in lines:
        style = {"label": name, "color": color, "linewidth": 1.2}
        value, grad = ov.iou.value_and_grad(smooth(found), smooth(truth))
        value_axes.plot(offset, value, **style)
        slope_axes.plot(offset, grad[:, 0] + grad[:, 2], **style)
        log_axes.plot(offset, np.where(value > 0, value, np.nan), **style)
    value_axes.set(title="IoU", xlabel="offset / side")
    slope_axes.set(title="its derivative by the offset", xlabel="offset / side")
    log_axes.set(title="IoU, logarithmic", xlabel="offset / side", yscale="log")
    log_axes.set(xlim=(0.9, 1.8), ylim=(1e-12, 1.0))
    handles, labels = value_axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(handles), fontsize=8)
    for axes in (value_axes, slope_axes, log_axes):
        axes.grid(alpha=0.3)
    figure.set_canvas(FigureCanvasSVG(figure))
    figure.savefig(path, metadata={"Date": None})


def page(tables: dict[str, list[str]]) -> str:
    parts = ("\n".join((f"{name}:", "", *lines)) for name, lines in tables.items())
    return TEXT.format(tables="\n\n".join(parts), step=STEP)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    count = 50 if quick else 4000
    tables = {"Boxes": table(boxes, count), "Rotated boxes": table(rotated, count)}
    text = page(tables)
    print(text)
    if not quick:
        (DOCS / "guides" / "smooth.md").write_text(text, encoding="utf-8")
        draw(DOCS / "pictures" / "smooth.svg")


if __name__ == "__main__":
    main()
