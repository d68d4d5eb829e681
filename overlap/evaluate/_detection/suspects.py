"""Detections that make one look at the truth again: it may lack an object, or name it wrongly."""

from __future__ import annotations

from typing import Any

import numpy as np

from .errors import KINDS, Errors

__all__ = ["suspect_rows"]

_SUSPICIONS = {"background": "nothing annotated", "class": "another class annotated"}


def suspect_rows(errors: Errors, confidence: float) -> list[dict[str, Any]]:
    """Return confident detections that no truth, or one of another class, agrees with.

    Parameters
    ----------
    errors : Errors
    confidence : float
        Smallest confidence of a detection.

    Returns
    -------
    list of dict
        The most confident first.
    """
    scene, names = errors.matched.scene, list(KINDS)
    numbers = [names.index(name) for name in _SUSPICIONS]
    rows = np.flatnonzero(np.isin(errors.kind, numbers) & (scene.confidence >= confidence))
    order = rows[np.lexsort((scene.found.place[rows], -scene.confidence[rows]))]
    result = []
    for row in order.tolist():
        partner = int(errors.truth[row])
        result.append({
            "item": scene.items[scene.found.item[row]],
            "suspicion": _SUSPICIONS[names[errors.kind[row]]],
            "found_label": scene.labels[scene.found.label[row]],
            "truth_label": scene.labels[scene.truth.label[partner]] if partner >= 0 else "",
            "confidence": float(scene.confidence[row]),
            "found": int(scene.found.place[row]),
            "truth": int(scene.truth.place[partner]) if partner >= 0 else -1,
        })  # fmt: skip
    return result
