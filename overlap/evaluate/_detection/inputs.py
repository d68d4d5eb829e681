"""Inputs of an evaluation of detections: tables numbered alike, from files or from memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from overlap.io.coco import coco_content, read_coco_results, read_coco_truth
from overlap.io.detections import Detections

__all__ = ["Detections", "read_inputs"]


def read_inputs(truth: Any, found: Any, kind: str | None = None) -> dict[str, Detections]:
    """Read truths and detections, and number their items and classes alike.

    Parameters
    ----------
    truth, found : path, mapping, list or Detections
    kind : {"boxes", "masks"}, optional
        What of files is compared; by default masks where results have a segmentation and no bbox.

    Returns
    -------
    dict of Detections
        ``truth`` and ``found``; classes are those of the truth.

    Raises
    ------
    ValueError
        An input cannot be read, or detections have no confidences.
    """
    if kind not in (None, "boxes", "masks"):
        raise ValueError(f"kind = {kind!r} is not 'boxes' or 'masks'")
    if isinstance(truth, Detections) and isinstance(found, Detections):
        return _aligned(truth, found)
    if isinstance(truth, Detections) or isinstance(found, Detections):
        raise ValueError("truth and found: one is a table of Detections; give both as tables")
    given, results = coco_content(truth), coco_content(found)
    if kind is None:
        rows = results.content if isinstance(results.content, list) else []
        first = rows[0] if rows and isinstance(rows[0], Mapping) else {}
        kind = "masks" if "segmentation" in first and not first.get("bbox") else "boxes"
    known, names = read_coco_truth(given, kind)
    return {"truth": known, "found": read_coco_results(results, names, kind)}


def _aligned(truth: Detections, found: Detections) -> dict[str, Detections]:
    """Give both tables the classes of the truth, and the items of either."""
    if found.confidence is None:
        swapped = truth.confidence is not None
        raise ValueError(
            f"found ({found.source}) has no confidences"
            + (", and truth has: exchange them" if swapped else "; give one for each region")
        )
    items = dict.fromkeys((*truth.items, *found.items))
    place = {name: k for k, name in enumerate(items)}
    number = {name: k for k, name in enumerate(truth.labels)}

    def renumbered(table: Detections) -> Detections:
        item = np.array([place[name] for name in table.items], dtype=np.int64)
        label = np.array([*(number.get(name, -1) for name in table.labels), -1], dtype=np.int64)
        return replace(
            table,
            items=tuple(items),
            labels=truth.labels,
            item=item[table.item],
            label=label[table.label],
        )

    return {"truth": renumbered(truth), "found": renumbered(found)}
