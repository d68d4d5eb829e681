"""Temporal localization: from tables in memory to the report."""

from __future__ import annotations

from functools import partial

import numpy as np

import overlap as ov
from benchmarks import scenes
from benchmarks.workload import Case, Workload


def _evaluate(count, protocol: str) -> Case:
    import pandas as pd

    truth, found = map(pd.DataFrame, scenes.videos(count(3_500), 8))
    thresholds = np.linspace(0.1, 0.9, 9)

    def call():
        return ov.evaluate.temporal(
            truth=truth, found=found, protocol=protocol, iou=thresholds, progress=False
        )

    return Case(call)


WORKLOADS = [
    Workload(
        f"3,500 truths, 42,000 found, 20 classes, 9 thresholds, {protocol}",
        partial(_evaluate, protocol=protocol),
    )
    for protocol in ("activitynet", "opentad", "thumos14")
]


def test_speed(run):
    assert 0.0 <= run.summary["mAP"] <= 1.0
