"""Mismatches between predictions and truth: names of videos and labels, units of times."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from overlap.io.name_match import mismatch, missing_names
from overlap.io.name_repair import repair
from overlap.io.segments import SegmentTable, on_one_clock

__all__ = ["compare", "odd_names", "other_unit"]


def compare(truth: SegmentTable, found: SegmentTable) -> list[str]:
    """Say how the names of predictions and truth differ.

    Parameters
    ----------
    truth, found : SegmentTable
        Annotations and predictions.

    Returns
    -------
    list of str
        Empty where every prediction is for a video and label of the truth.
    """
    findings = []
    for what, have, wanted in (
        ("videos", found.videos, truth.videos),
        ("labels", found.labels, truth.labels),
    ):
        known, given = set(wanted), set(have)
        extra = [name for name in have if name not in known]
        if extra:
            findings.append(f"{what} that are not in the truth: {_first(extra)}")
        silent = [name for name in wanted if name not in given]
        if silent:
            findings.append(f"{what} of the truth without predictions: {_first(silent)}")
    findings += odd_names(truth, found)
    try:
        on_one_clock({"truth": truth, "found": found})
    except ValueError as error:
        return [*findings, str(error)]
    times = other_unit(truth, found)
    return [*findings, times] if times else findings


def odd_names(
    truth: SegmentTable, found: SegmentTable, labels: Sequence[str] | None = None
) -> list[str]:
    """Say why names of predictions are not among those of the truth, and what repairs them.

    Parameters
    ----------
    truth, found : SegmentTable
    labels : sequence of str, optional
        Labels of the truth that are scored; by default all.

    Returns
    -------
    list of str
        Empty where enough names match, no more would if they were spelt alike, none looks like a
        missing value, and the truth has no confidences.
    """
    wanted = truth.labels if labels is None else labels
    sides = (("videos", truth.videos, found.videos), ("labels", wanted, found.labels))
    findings = []
    for what, known, given in sides:
        reason = mismatch(what, known, given)
        if reason:
            rules = repair(what, known, given, dict(truth.label_ids))
            if not rules and "replace numbers by names" in reason:
                rules = "--names classes=FILE, a file of lines `id name`"
            findings.append(reason + (f"; or repair them with {rules}" if rules else ""))
    for table in (truth, found):
        missing = missing_names((*table.videos, *table.labels))
        findings += [f"{table.source}: {missing}"] if missing else []
    if truth.confidence is not None:
        findings.append(
            f"{truth.source}: the truth has confidences, which are not used: are these predictions?"
        )
    return findings


def other_unit(truth: SegmentTable, found: SegmentTable) -> str | None:
    """Tell whether the times of predictions seem to have another unit than those of the truth.

    Parameters
    ----------
    truth, found : SegmentTable
        Annotations and predictions; both have datetimes, or none has.

    Returns
    -------
    str or None
        A sentence where, in half of the videos that both have, the last prediction ends later
        than four times the last annotation, or earlier than a quarter of it. Of datetimes,
        where half of the videos have predictions only before or after all annotations.
    """
    if truth.times is not None or found.times is not None:
        return _other_day(truth, found)
    ends = []
    for table in (truth, found):
        last = np.full(len(table.videos), -np.inf)
        np.maximum.at(last, table.video, table.stop)
        ends.append({name: x for name, x in zip(table.videos, last.tolist(), strict=True) if x > 0})
    shared = [(ends[0][name], ends[1][name]) for name in ends[0] if name in ends[1]]
    if not shared:
        return None
    ratio = float(np.median([b / a for a, b in shared]))
    if 0.25 <= ratio <= 4.0:
        return None
    whose = "they"
    if ratio > 4.0:
        unit = "milliseconds" if ratio > 500 else "frames"
    elif max(b for _, b in shared) <= 1.0:
        unit = "parts of the video's length"
    elif ratio < 1 / 500:
        whose, unit = "those of the truth", "milliseconds"
    else:
        unit = "minutes"
    usual = 0.01 <= ratio < 1e6
    times = f"{ratio:,.{0 if ratio > 100 else 2}f}" if usual else f"{ratio:.3g}"
    ends_at = f"the last of a video end at {shared[0][1]:g} and {shared[0][0]:g}"
    return (
        f"times of the predictions are about {times} times those of the truth ({ends_at}): "
        f"are {whose} in {unit}?"
    )


def _other_day(truth: SegmentTable, found: SegmentTable) -> str | None:
    """Say by how much datetimes differ, if they hardly meet."""
    if not (len(truth) and len(found)):
        return None
    from overlap.io.clocks import text_of

    spans = []
    for table in (truth, found):
        assert table.times is not None
        span: dict[str, list[Any]] = {}
        for index, (start, stop) in zip(table.video.tolist(), table.times, strict=True):
            low, high = span.setdefault(table.videos[index], [start, stop])
            span[table.videos[index]] = [min(low, start), max(high, stop)]
        spans.append(span)
    shared = [(spans[0][name], spans[1][name]) for name in spans[0] if name in spans[1]]
    apart = [b[0] > a[1] or b[1] < a[0] for a, b in shared]
    if 2 * sum(apart) <= len(apart):
        return None
    begins = [text_of(span[0], truth.zoned) for span in shared[0]]
    shift = float(np.median([(b[0] - a[0]) / np.timedelta64(1, "h") for a, b in shared]))
    side = "after" if shift > 0 else "before"
    return (
        f"times of the predictions are about {abs(shift):.3g} h {side} those of the truth (the "
        f"first of a video begin at {begins[1]} and {begins[0]}): are they of another time zone "
        "or day?"
    )


def _first(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:3])
    return shown + (f", ... ({len(names):,} in all)" if len(names) > 3 else "")
