"""Sections of the page, in its order, with the modules that have their workloads."""

from __future__ import annotations

import importlib
from collections.abc import Sequence

from benchmarks.workload import Workload

__all__ = ["SECTIONS", "chosen", "workloads"]

SECTIONS = {
    "pairwise": "All pairs of two lists of boxes",
    "paired": "Boxes and intervals, row by row",
    "pairs": "Sparse joins of intervals",
    "interval_sets": "Sets of intervals",
    "suppress": "Non-maximum suppression",
    "rotated": "Rotated boxes",
    "polygons": "Polygons",
    "masks": "Masks",
    "contingency": "Label volumes",
    "surfaces": "Surface distances",
    "gradients": "Scores with gradients",
    "losses": "Losses of boxes and masks",
    "classification": "Losses of logits",
    "torch": "Losses of PyTorch tensors, forward and backward",
    "detection": "Detections",
    "temporal": "Temporal localization",
    "growth": "Growth",
    "processes": "Processes and memory",
}
_OTHERS = ("growth", "processes")  # measured in processes of their own, without peers


def chosen(words: Sequence[str]) -> list[str]:
    """Return the sections whose name begins with one of the words; all for no words."""
    unknown = [word for word in words if not any(name.startswith(word) for name in SECTIONS)]
    if unknown:
        raise ValueError(
            f"no section begins with {', '.join(unknown)}; there are {', '.join(SECTIONS)}"
        )
    return [name for name in SECTIONS if not words or name.startswith(tuple(words))]


def workloads(section: str) -> Sequence[Workload]:
    """Return the workloads of a section; growth and processes have none."""
    if section in _OTHERS:
        return ()
    return importlib.import_module(f"benchmarks.test_{section}").WORKLOADS
