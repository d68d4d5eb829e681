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


def _ranked(count, truths: int, classes: int) -> Case:
    import pandas as pd

    truth, found = map(pd.DataFrame, scenes.videos(count(truths), 8, classes))
    tables = {
        role: ov.io.as_segments(table, role=role)
        for role, table in (("truth", truth), ("found", found))
    }

    def call():
        return ov.evaluate.temporal(**tables, protocol="activitynet", progress=False)

    return Case(call)


WORKLOADS = [
    Workload(
        f"3,500 truths, 42,000 found, 20 classes, 9 thresholds, {protocol}",
        partial(_evaluate, protocol=protocol),
    )
    for protocol in ("activitynet", "opentad", "thumos14")
] + [
    Workload(
        f"{12 * truths:,} found, {classes} classes, 10 thresholds, tables in memory",
        partial(_ranked, truths=truths, classes=classes),
    )
    for truths, classes in ((4_200, 200), (42_000, 20))
]


def _sounds(count, protocol: str, **options) -> Case:
    """Predictions of ten classes in recordings of a minute, half as many truths."""
    from overlap.io.segments import SegmentTable

    rng = np.random.default_rng(0)
    recordings = max(1, count(10_000))
    names = tuple(f"r{k}" for k in range(recordings))

    def table(n, ranked):
        recording, label = rng.integers(0, recordings, n), rng.integers(0, 10, n)
        key = recording * 10 + label
        key.sort()
        # the events of a class follow each other, four seconds apart
        start = 4 * (np.arange(n) - np.searchsorted(key, key)) + rng.random(n)
        return SegmentTable(
            names, tuple("abcdefghij"), key // 10, key % 10, start,
            start + 0.2 + 2.5 * rng.random(n), rng.random(n) if ranked else None,
            np.full(recordings, np.nan), (None,) * recordings, "memory", None, np.arange(n),
        )  # fmt: skip

    truth, found = table(50 * recordings, False), table(100 * recordings, True)
    if protocol.startswith("psds"):
        options["durations"] = dict.fromkeys(names, 600.0)

    def call():
        return ov.evaluate.temporal(
            truth=truth, found=found, protocol=protocol, progress=False, **options
        )

    return Case(call)


WORKLOADS += [
    Workload(
        f"10,000 recordings, 500,000 truths, 1,000,000 found, {protocol}",
        partial(_sounds, protocol=protocol),
    )
    for protocol in ("psds1", "sed_event")
]


def test_speed(run):
    first = run.items[0][1]
    assert 0.0 <= first <= 1.0
