"""Detections by COCO's protocol: evaluation of inputs that are read, and from files to numbers."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks import detection_peers as peers
from benchmarks.workload import Case, Workload
from overlap.evaluate import detection
from overlap.evaluate._detection.inputs import read_inputs

_NAMES = ("hotcoco", "ultrafast-pycocotools", "faster-coco-eval", "pycocotools")


def _agree(ours, theirs) -> None:
    np.testing.assert_allclose(ours, np.where(np.equal(theirs, -1.0), np.nan, theirs), atol=1e-12)


def _case(count, each: int, files: bool) -> Case:
    folder = tempfile.mkdtemp()
    paths = peers.box_files(Path(folder), count(36_000), count(each))
    inputs = read_inputs(*map(str, paths))

    def call():
        given = read_inputs(*map(str, paths)) if files else inputs
        numbers = detection(**given, progress=False).evidence.numbers()
        return [number.value for number in numbers]

    weakref.finalize(call, shutil.rmtree, folder)
    known = {name: partial(peers.cocoeval_of_files if files else peers.cocoeval, name, *paths)
             for name in _NAMES[: 3 if each > 100_000 else 4]}  # fmt: skip
    if files:
        known["vernier"] = partial(peers.vernier_of_files, *paths)
    return Case(call, known, _agree)


WORKLOADS = [
    Workload(
        f"36,000 truths, {each:,} found, 80 classes, {'from files' if files else 'read before'}",
        partial(_case, each=each, files=files),
        goal,
        ("hotcoco", "ultrafast-pycocotools"),
    )
    for each in (36_000, 365_000)
    for files, goal in ((False, 1.0), (True, 1 / 1.5))
]


def _mask_case(count, files: bool) -> Case:
    folder = tempfile.mkdtemp()
    paths = peers.mask_files(Path(folder), count(36_000), count(36_000))
    inputs = read_inputs(*map(str, paths), kind="masks")

    def call():
        given = read_inputs(*map(str, paths), kind="masks") if files else inputs
        numbers = detection(**given, progress=False).evidence.numbers()
        return [number.value for number in numbers]

    weakref.finalize(call, shutil.rmtree, folder)
    made = peers.cocoeval_of_files if files else peers.cocoeval
    known = {name: partial(made, name, *paths, "segm") for name in _NAMES}
    return Case(call, known, _agree)


WORKLOADS += [
    Workload(
        f"36,000 truths and found, 80 classes, masks, {'from files' if files else 'read before'}",
        partial(_mask_case, files=files),
        goal,
        ("hotcoco", "ultrafast-pycocotools"),
    )
    for files, goal in ((False, 1.0), (True, 1 / 1.5))
]


def test_speed(run):
    assert len(run) == 12
