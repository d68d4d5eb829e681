"""Temporal localization: from tables in memory to the report."""

from __future__ import annotations

from functools import partial

import numpy as np

import overlap as ov
from benchmarks import scenes, temporal_peers
from benchmarks.workload import Case, Workload


def _evaluate(count, protocol: str) -> Case:
    import pandas as pd

    columns = scenes.videos(count(3_500), 8)
    truth, found = map(pd.DataFrame, columns)
    thresholds = np.linspace(0.1, 0.9, 9)

    def call():
        return ov.evaluate.temporal(
            truth=truth, found=found, protocol=protocol, iou=thresholds, progress=False
        )

    def agree(ours, theirs) -> None:
        np.testing.assert_allclose(list(ours.summary)[1:10], theirs.mean(axis=1), rtol=1e-9)

    if protocol != "activitynet":
        return Case(call)
    steps = temporal_peers.activitynet_steps
    return Case(call, {"ActivityNet's steps": lambda: steps(*columns, thresholds)}, agree)


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
        20.0 if protocol == "activitynet" else None,
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


def _highlights(count) -> Case:
    """Queries of QVHighlights: 10 windows and 75 clips each, three raters."""
    rng = np.random.default_rng(0)
    truth, found = [], []
    for qid in range(max(2, count(1_550))):
        start = np.sort(rng.integers(0, 70, (10, 2)) * 2, axis=1)
        stop = start[:, 1] + 2
        windows = [[int(a), int(b), float(c)]
                   for a, b, c in zip(start[:, 0], stop, rng.random(10), strict=True)]  # fmt: skip
        truth.append({
            "qid": qid, "vid": "v", "duration": 150,
            "relevant_windows": [x[:2] for x in windows[:2]], "relevant_clip_ids": list(range(20)),
            "saliency_scores": rng.integers(0, 5, (20, 3)).tolist(),
        })  # fmt: skip
        found.append({
            "qid": qid, "pred_relevant_windows": windows[2:] + windows[:2],
            "pred_saliency_scores": rng.random(75).tolist(),
        })  # fmt: skip
    tables = {
        role: ov.io.as_moments(side, role=role)
        for role, side in (("truth", truth), ("found", found))
    }

    def call():
        return ov.evaluate.temporal(**tables, protocol="qvhighlights", progress=False)

    return Case(call)


def _best(count, protocol: str) -> Case:
    """Videos of ActivityNet's validation set with 100 predictions each."""
    from overlap.io.segments import SegmentTable

    rng = np.random.default_rng(0)
    videos = max(2, count(4_700))
    names = tuple(f"v{k}" for k in range(videos))

    def table(n, ranked):
        video = np.sort(rng.integers(0, videos, n))
        start = 100 * rng.random(n)
        return SegmentTable(
            names, ("a", "b"), video, rng.integers(0, 2, n), start, start + 40 * rng.random(n),
            rng.random(n) if ranked else None, np.full(videos, np.nan), (None,) * videos, "memory",
            None, np.arange(n),
        )  # fmt: skip

    truth, found = table(2 * videos, False), table(100 * videos, True)

    def call():
        return ov.evaluate.temporal(truth=truth, found=found, protocol=protocol, progress=False)

    return Case(call)


WORKLOADS += [
    Workload("QVHighlights, 1,550 queries, windows and clips", _highlights),
    *(
        Workload(
            f"4,700 videos, 9,400 truths, 470,000 found, {protocol}",
            partial(_best, protocol=protocol),
        )
        for protocol in ("proposals", "recall_kx", "segments_f1")
    ),
]


def test_speed(run):
    first = run.items[0][1]
    assert 0.0 <= first <= 1.0
