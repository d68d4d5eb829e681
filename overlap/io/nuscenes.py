"""Boxes in space in the form of nuScenes' results: JSON with a list for each sample."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from overlap._common.numbers import is_finite
from overlap.io._columns import alphabetical
from overlap.io._json import parse_json
from overlap.io._source import read_source
from overlap.io.boundary import reads_file
from overlap.io.candidate import Candidate
from overlap.io.detections import Detections
from overlap.io.printable import brief
from overlap.regions.upright.upright import UprightBoxes

__all__ = ["is_nuscenes", "read_nuscenes"]

_NUMBERS = {"translation": 3, "size": 3, "rotation": 4}


def is_nuscenes(candidate: Candidate) -> bool:
    """Whether a file has lists of boxes with a translation, by sample.

    Parameters
    ----------
    candidate : Candidate
    """
    results = candidate.payload.get("results") if "results" in candidate.keys else None
    if not isinstance(results, Mapping):
        return False
    boxes = (box for some in results.values() if isinstance(some, list) for box in some)
    first = next(boxes, None)
    return isinstance(first, Mapping) and "translation" in first


@reads_file
def read_nuscenes(path: str) -> Detections:
    """Read boxes of samples: results of nuScenes' detection task, or a truth in the same form.

    No box is left out: nuScenes' own program first removes those far from the car, those with no
    points, and bicycles in racks.

    Parameters
    ----------
    path : str
        JSON, plain or gzipped: ``{"results": {token: [{"translation": ..., "size": ...,
        "rotation": ..., "detection_name": ..., "detection_score": ...}]}}``.

    Returns
    -------
    Detections
        `UprightBoxes`; without confidences where no box has a ``detection_score``, or all have -1.

    Raises
    ------
    OSError, ValueError
        The file cannot be read, or a box lacks a field or has another value than numbers.

    Examples
    --------
    >>> import json, pathlib, tempfile
    >>> box = {"translation": [1, 2, 3], "size": [2, 4, 1.5], "rotation": [1, 0, 0, 0],
    ...        "detection_name": "car", "detection_score": 0.5}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "results.json"
    ...     _ = path.write_text(json.dumps({"results": {"a": [box]}}))
    ...     found = read_nuscenes(path)
    >>> found.labels, found.regions.to_array().tolist()
    (('car',), [[1.0, 2.0, 3.0, 4.0, 2.0, 1.5, 0.0]])
    """
    source = read_source(os.fspath(path))
    content = parse_json(source)
    results = content.get("results") if isinstance(content, Mapping) else None
    if not isinstance(results, Mapping):
        raise ValueError(f"{source.name}: has no mapping 'results' from samples to lists of boxes")
    item: list[int] = []
    names: list[str] = []
    score: list[Any] = []
    columns: dict[str, list[list[float]]] = {name: [] for name in _NUMBERS}
    for k, (token, boxes) in enumerate(results.items()):
        if not isinstance(boxes, list):
            raise ValueError(
                f"{source.name}: results[{brief(token)}] is {brief(boxes)}; wanted a list"
            )
        for number, box in enumerate(boxes):
            where = f"{source.name}: results[{brief(token)}][{number}]"
            if not isinstance(box, Mapping):
                raise ValueError(f"{where} is {brief(box)}; wanted a box")
            if box.get("sample_token", token) != token:
                raise ValueError(
                    f"{where}: sample_token is {brief(box['sample_token'])}, and the box stands "
                    f"under {brief(token)}; correct one"
                )
            for name, count in _NUMBERS.items():
                columns[name].append(_numbers(box.get(name), count, f"{where}: {name}"))
            if not isinstance(box.get("detection_name"), str):
                raise ValueError(
                    f"{where}: detection_name is {brief(box.get('detection_name'))}; wanted a name"
                )
            names.append(box["detection_name"])
            score.append(_numbers([box.get("detection_score", -1)], 1, f"{where}: detection_score"))
            item.append(k)
    shapes = (np.array(columns[name]).reshape(-1, count) for name, count in _NUMBERS.items())
    try:
        regions = UprightBoxes.from_nuscenes(*shapes)
    except ValueError as error:
        raise ValueError(f"{source.name}: boxes in the order of the file: {error}") from None
    confidence = np.array(score, dtype=np.float64).reshape(-1)
    labels, label = alphabetical(names)
    return Detections(
        tuple(results), labels, np.array(item, dtype=np.int64), label, regions,
        None if (confidence == -1).all() else confidence, {},
        {"area": regions.measure()}, np.arange(len(item)), source.name, source.sha256, (),
        "upright boxes",
    )  # fmt: skip


def _numbers(values: Any, count: int, where: str) -> list[float]:
    good = isinstance(values, list) and len(values) == count and all(map(is_finite, values))
    if not good:
        shown = values[0] if count == 1 else values
        wanted = "a finite number" if count == 1 else f"{count} finite numbers"
        raise ValueError(f"{where} is {brief(shown)}; wanted {wanted}")
    return list(map(float, values))
