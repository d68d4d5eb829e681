"""The simulation of the DIoU paper, with fewer anchors: which loss brings boxes to targets."""

from __future__ import annotations

import numpy as np

import overlap as ov
from benchmarks import descent

LOSSES = ("IoU", "GIoU, not cut off", "GIoU", "DIoU", "CIoU")


def test_order_of_the_losses():
    """IoU leaves boxes that are apart where they are, and CIoU ends nearest, as published.

    The published distance between GIoU and DIoU is that of a GIoU whose intersection is not cut
    off at 0; with the exact gradient both arrive.
    """
    errors = descent.run(4, {name: descent.LOSSES[name] for name in LOSSES})
    end = {name: row[-1] for name, row in errors.items()}
    assert end["CIoU"] < end["DIoU"] < end["GIoU, not cut off"] < end["IoU"]
    assert end["CIoU"] < end["GIoU"] < end["GIoU, not cut off"]
    assert end["IoU"] > 1.0
    for name in ("GIoU", "DIoU"):
        assert end[name] < 0.1 < errors[name][0]


def test_order_of_the_losses_where_corners_move():
    """With exact gradients all four order as published."""
    names = ("CIoU", "DIoU", "GIoU", "IoU")
    errors = descent.run(25, {name: descent.LOSSES[name] for name in names}, corners=True)
    end = [errors[name][-1] for name in names]
    assert end == sorted(end)


def test_giou_not_cut_off_is_giou_of_boxes_that_meet():
    boxes = descent.anchors(5, np.random.default_rng(1))
    start, target = (ov.Boxes.from_cxcywh(table) for table in boxes)
    meet = ov.iou(start, target) > 0
    exact, other = (descent.LOSSES[name](start, target) for name in ("GIoU", "GIoU, not cut off"))
    np.testing.assert_allclose(other[meet], exact[meet], rtol=1e-9, atol=1e-12)
    assert abs(other[~meet] - exact[~meet]).max() > 0.1
