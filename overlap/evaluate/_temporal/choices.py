"""Choices that protocols of several families have, with what they mean."""

from __future__ import annotations

__all__ = ["CLASSES", "COMPARISON", "IOU"]

COMPARISON = {">=": "an IoU equal to the threshold matches", ">": "it does not"}
#: Fields of the IoU.
IOU = {
    "comparison": COMPARISON,
    "union": {
        "sum": "length + length - intersection",
        "hull": "last end - first start, where the two overlap; otherwise the IoU is 0",
    },
    "undefined": {
        "match": "0/0 (two zero-length intervals) matches at every threshold",
        "zero": "0/0 counts as 0",
    },
}
CLASSES = {
    "classes": {
        "labels": "a prediction matches truths of its own label",
        "ignore": "labels are not looked at: there is one class",
    },
}
