"""Gradient descent of rotated boxes, as the example does it."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest

import overlap as ov

EXAMPLE = Path(__file__).parents[2] / "examples" / "rotated_descent.py"


@pytest.fixture(scope="module")
def example() -> dict:
    return runpy.run_path(str(EXAMPLE))


@pytest.mark.parametrize("name", ["GIoU", "DIoU", "CIoU"])
def test_a_thousand_boxes_reach_their_targets(example: dict, name: str) -> None:
    """One learning rate, 1,000 steps, no second try, and it is the gradient that does it."""
    start, target = example["scene"](np.random.default_rng(1), 1000)
    found, truth = ov.RotatedBoxes(start), ov.RotatedBoxes(target)
    assert np.median(ov.iou(found, truth)) == 0.0
    far = np.hypot(*(start - target)[:, :2].T) / np.maximum(found.measure(), truth.measure()) ** 0.5
    assert far.max() > 5.0
    iou = example["arrived"](example["SCORES"][name], start, target)
    assert (iou > 0.99).mean() >= 0.99


def test_iou_alone_does_not_move_what_is_apart(example: dict) -> None:
    start, target = example["scene"](np.random.default_rng(1), 50)
    apart = ov.iou(ov.RotatedBoxes(start), ov.RotatedBoxes(target)) == 0.0
    assert apart.sum() > 20
    assert (example["arrived"](ov.iou, start[apart], target[apart], steps=20) == 0.0).all()


def test_animation(example: dict, tmp_path: Path) -> None:
    from PIL import Image

    path = tmp_path / "few.gif"
    example["draw"](str(path), *example["twelve"](np.random.default_rng(3)), np.array([0, 9]))
    with Image.open(path) as picture:
        assert picture.n_frames == 2
        assert picture.size[0] == 720
