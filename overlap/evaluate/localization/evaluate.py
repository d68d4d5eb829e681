"""`overlap.evaluate.temporal`: the detection task of temporal localization."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap.evaluate.bootstrap import Seed, draw_weights, resampled_interval
from overlap.evaluate.report import Interval, Report
from overlap.evaluate.study import Study, progress_bar
from overlap.io.segments import MissingConfidenceError, SegmentTable, as_segments

from .evidence import TemporalEvidence, threshold_names
from .measure import Measure, Measured, combine
from .protocol import Protocol, parse_thresholds
from .protocols import get_protocol
from .scored import Scene, tie_spread
from .wording import describe

__all__ = ["temporal", "temporal_study"]

TIES = ("official", "stable", "expected")
SPREAD_SAMPLES, EXPECTED_SAMPLES = 16, 100


@dataclass(frozen=True)
class Finalise:
    """The rules that turn measured videos into a report. Fields are those of `temporal`."""

    protocol: Protocol
    ties: str = "official"
    labels: tuple[str, ...] | None = None
    subset: str | None = None
    bootstrap: int = 0
    confidence_level: float = 0.95
    rng: Any = 0
    progress: bool | None = None
    whole: bool = False

    def __call__(self, parts: list[Measured]) -> Report:
        """Put the parts together, rank, and compute the numbers."""
        protocol = self.protocol
        measured = combine(parts, protocol.order, whole=self.whole)
        scene = _scene(measured, protocol, self.labels)
        official = self.ties == "official"
        rule = protocol.tie_rule if official else "file"
        candidate = measured.pairs.official if official else measured.pairs.candidate
        visit, pointer = scene.order(rule)
        pair, outcome = scene.match(visit, candidate)
        first = "true" if rule == "true_first" else None
        ranking = scene.rank(visit, pointer, outcome, scene.positives(), first)
        evidence = TemporalEvidence(scene, visit, pair, outcome, ranking, candidate)
        ap = scene.precision(ranking)
        expected = self.ties == "expected"
        samples = EXPECTED_SAMPLES if expected else SPREAD_SAMPLES
        spread = tie_spread(scene, ap, visit, candidate, samples)
        if expected:
            ap = spread["random"].mean(axis=0)
        means = _means(ap)
        tie_range = _tie_range(spread, means)
        names = threshold_names(scene.thresholds)
        items = [("mAP", float(means.mean()) if len(means) else float("nan"))]
        items += [(f"mAP@{n}", float(m)) for n, m in zip(names, means, strict=True)]
        items += [("mAP tie low", tie_range["mAP"][0]), ("mAP tie high", tie_range["mAP"][1])]
        intervals, class_ends, absent = self._intervals(evidence, dict(items))
        for interval in intervals:
            items += [
                (f"{interval.name} low", interval.low),
                (f"{interval.name} high", interval.high),
            ]
        rows = _rows(evidence, ap, class_ends)
        settings = describe(self, evidence, tie_range, intervals, absent)
        sentence = settings.pop("methods")
        return Report(tuple(items), tuple(rows), settings, sentence, evidence, tuple(intervals))

    def _intervals(
        self, evidence: TemporalEvidence, estimates: dict[str, float]
    ) -> tuple[list[Interval], NDArray[np.float64] | None, int]:
        """Bootstrap intervals of the summary and of each AP; draws that lack a class."""
        if not self.bootstrap:
            return [], None, 0
        weights = draw_weights(len(evidence.items), self.bootstrap, self.rng)
        blocks = np.array_split(weights, max(1, self.bootstrap // 100))
        steps = progress_bar(blocks, total=len(blocks), what="bootstrap", progress=self.progress)
        ap = np.concatenate([evidence.precision(block) for block in steps])
        intervals = [
            resampled_interval(name, estimates[name], draws, confidence_level=self.confidence_level)
            for name, draws in evidence.means(ap).items()
        ]
        tail = (1 - self.confidence_level) / 2
        missing = np.isnan(ap[:, :1, :]).any(axis=(1, 2))
        with np.errstate(invalid="ignore"):
            filled = (
                np.where(np.isnan(ap), np.nanmean(ap, axis=0, keepdims=True), ap)
                if (missing.any())
                else ap
            )
        return intervals, np.quantile(filled, [tail, 1 - tail], axis=0), int(missing.sum())


def _means(ap: NDArray[np.float64]) -> NDArray[np.float64]:
    if ap.shape[1] == 0:
        return np.full(ap.shape[0], np.nan)
    return ap.mean(axis=1)


def _tie_range(
    spread: dict[str, NDArray], means: NDArray[np.float64]
) -> dict[str, tuple[float, float]]:
    """Smallest and largest mAP over the orders of ties, and of each threshold."""
    result = {}
    if spread["low"].shape[2] == 0:
        return {"mAP": (float("nan"), float("nan")), "mAP@": ((), ())}  # type: ignore[dict-item]
    low, high = spread["low"].mean(axis=2), spread["high"].mean(axis=2)
    result["mAP"] = (
        min(float(low.mean(axis=1).min()), float(means.mean())),
        max(float(high.mean(axis=1).max()), float(means.mean())),
    )
    result["mAP@"] = (
        np.minimum(low.min(axis=0), means).tolist(),
        np.maximum(high.max(axis=0), means).tolist(),
    )
    return result


def _scene(measured: Measured, protocol: Protocol, labels: tuple[str, ...] | None) -> Scene:
    truth, found = measured.truth, measured.found
    in_order = truth.label[np.argsort(measured.truth_place, kind="stable")]
    present = [truth.labels[k] for k in dict.fromkeys(in_order.tolist())]
    classes = list(present)
    if labels is not None:
        classes = list(labels)
        lacking = [label for label in classes if label not in present]
        if lacking and protocol.class_without_truth == "error":
            raise ValueError(
                f"protocol {protocol.name}: class {lacking[0]!r} has no truth, which its program "
                "does not allow; leave it out of labels, or set class_without_truth=leave_out"
            )
        if lacking and len(lacking) == len(classes):
            raise ValueError(
                f"labels: none of {', '.join(map(repr, classes))} is in the truth, which has "
                f"{', '.join(map(repr, present))}"
            )
        classes = [label for label in classes if label in present]
    number = {label: k for k, label in enumerate(classes)}
    videos = tuple(sorted({*truth.videos, *found.videos}))
    place = {video: k for k, video in enumerate(videos)}

    def renumber(names: Iterable[str], numbers: dict[str, int]) -> NDArray[np.int64]:
        return np.array([numbers.get(name, -1) for name in names], dtype=np.int64)

    return Scene(
        protocol,
        np.array(protocol.thresholds),
        tuple(classes),
        videos,
        measured,
        renumber(truth.labels, number)[truth.label],
        renumber(found.labels, number)[found.label],
        renumber(truth.videos, place)[truth.video],
        renumber(found.videos, place)[found.video],
    )


def _rows(
    evidence: TemporalEvidence, ap: NDArray[np.float64], ends: NDArray[np.float64] | None
) -> list[dict[str, Any]]:
    """Rows of the table: AP and counts of each class at each threshold."""
    scene, ranking = evidence.scene, evidence.ranking
    truths = ranking.positives.sum(axis=1).astype(int).tolist()
    videos = (ranking.positives > 0).sum(axis=1).tolist()
    found = np.diff(ranking.pointer).tolist()
    counts = []
    for kind in (1, 2):
        total = np.zeros((len(ap), ranking.outcome.shape[1] + 1), dtype=np.int64)
        np.cumsum(ranking.outcome == kind, axis=1, out=total[:, 1:])
        counts.append(np.diff(total[:, ranking.pointer], axis=1).tolist())
    result = []
    for c, label in enumerate(scene.classes):
        for t, threshold in enumerate(scene.thresholds.tolist()):
            true, ignored = counts[0][t][c], counts[1][t][c]
            row = {
                "class": label,
                "iou": threshold,
                "metric": "AP",
                "value": float(ap[t, c]),
                "n_truth": truths[c],
                "n_found": found[c],
                "n_true": true,
                "n_false": found[c] - true - ignored,
                "n_ignored": ignored,
                "n_videos": videos[c],
            }
            if ends is not None:
                row["low"], row["high"] = float(ends[0, t, c]), float(ends[1, t, c])
            result.append(row)
    return result


def _resolve(
    protocol: str | Protocol, iou: Any, fields: dict[str, Any], ties: str, labels: Any
) -> tuple[Protocol, tuple[str, ...] | None]:
    chosen = get_protocol(protocol)
    if fields:
        chosen = chosen.with_fields(**fields)
    if iou is not None:
        chosen = replace(chosen, thresholds=parse_thresholds(iou))
    if ties not in TIES:
        raise ValueError(f"ties = {ties!r} is not one of {', '.join(map(repr, TIES))}")
    if labels is not None:
        if isinstance(labels, str):
            raise TypeError(f"labels = {labels!r} is one string; wanted a list of class names")
        labels = tuple(labels)
        twice = [label for label, count in Counter(labels).items() if count > 1]
        if twice or not labels:
            raise ValueError(f"labels: {twice[0]!r} appears twice" if twice else "labels is empty")
    return chosen, labels


def _read(
    truth: Any, found: Any, ambiguous: Any, subset: str | None, protocol: Protocol
) -> dict[str, SegmentTable]:
    tables = {"truth": as_segments(truth, role="truth")}
    try:
        tables["found"] = as_segments(found, role="found")
    except MissingConfidenceError as error:
        if tables["truth"].confidence is None:
            raise
        raise ValueError(
            f"truth ({tables['truth'].source}) has confidences and found has none: the two look "
            "swapped; exchange them, or add confidences to found"
        ) from error
    if subset is not None:
        tables["truth"] = tables["truth"].of_subset(subset)
    if ambiguous is not None:
        if protocol.ambiguous_rows != "ignore":
            raise ValueError(
                f"protocol {protocol.name} does not use ambiguous intervals; leave ambiguous out, "
                "or set ambiguous_rows=ignore"
            )
        table = as_segments(ambiguous, role="ambiguous")
        name = protocol.ambiguous_label
        if name not in table.labels:
            have = ", ".join(map(repr, table.labels[:5]))
            raise ValueError(f"{table.source}: no row has the label {name!r}; it has {have}")
        tables["ambiguous"] = table.select(table.label == table.labels.index(name))
    return tables


def _blocks(tables: dict[str, SegmentTable], workers: int) -> dict[int, dict[str, Any]]:
    """Split tables into blocks of whole videos that know their rows' places."""
    truth, found = tables["truth"], tables["found"]
    names = list(dict.fromkeys([*truth.videos, *found.videos]))
    count = min(len(names), 4 * workers) or 1
    block = {name: k * count // len(names) for k, name in enumerate(names)}
    result: dict[int, dict[str, Any]] = {}
    for k in range(count):
        item: dict[str, Any] = {}
        places = []
        for role, table in tables.items():
            inside = np.array([block.get(name, -1) == k for name in table.videos], dtype=bool)
            rows = np.flatnonzero(inside[table.video]) if len(table) else np.empty(0, np.int64)
            part = table.select(rows)
            kept = np.cumsum(inside) - 1
            item[role] = replace(
                part,
                video=kept[part.video],
                videos=tuple(name for name, k in zip(table.videos, inside, strict=True) if k),
                subset=tuple(name for name, k in zip(table.subset, inside, strict=True) if k),
                duration=table.duration[inside],
            )
            places.append(rows)
        item["places"] = tuple(places[:2])
        result[k] = item
    return result


def temporal(
    *,
    truth: Any,
    found: Any,
    protocol: str | Protocol = "activitynet",
    iou: Any = None,
    subset: str | None = None,
    ambiguous: Any = None,
    ties: str = "official",
    labels: Iterable[str] | None = None,
    rng: Seed = 0,
    bootstrap: int = 0,
    confidence_level: float = 0.95,
    progress: bool | None = None,
    workers: int = 1,
    **fields: Any,
) -> Report:
    """Score predicted segments of videos against annotated ones.

    Parameters
    ----------
    truth, found : path, mapping, DataFrame or SegmentTable
        Annotations, and predictions with confidences; see `overlap.io.as_segments`.
    protocol : str or Protocol
        Rules, by name (``overlap.evaluate.PROTOCOLS``) or as a value; ``"all"`` gives one
        report with the numbers of every protocol under names such as ``opentad mAP``.
    iou : str, float or iterable of float, optional
        Thresholds, as numbers or ``"0.3:0.7:0.1"``; by default the protocol's.
    subset : str, optional
        Truth videos to use; by default all. Predictions are not filtered: those for
        other videos count as the protocol says.
    ambiguous : path, mapping, DataFrame or SegmentTable, optional
        Rows with the protocol's ambiguous label are added to those of the truth.
    ties : {"official", "stable", "expected"}
        Order of equal confidences and equal IoUs. ``"official"``: as the evaluator's
        program leaves them, on this machine and NumPy. ``"stable"``: as in the file.
        ``"expected"``: the mean over 100 random orders (`matches` and intervals are then
        those of ``"stable"``).
    labels : iterable of str, optional
        Classes of the mean; by default those of the truth.
    rng : int, Generator, SeedSequence or None
        Source of randomness of the bootstrap.
    bootstrap : int
        Number of resamples of videos; 0 for no intervals.
    confidence_level : float
        Of the intervals, in (0, 1).
    progress : bool, optional
        Show a bar; by default on a terminal only.
    workers : int
        Processes that find candidate pairs; the result does not depend on it.
    **fields
        Fields of the protocol to change; see `Protocol`.

    Returns
    -------
    Report
        Its summary has ``mAP`` (mean over thresholds), ``mAP@0.50`` ..., ``mAP tie low``
        and ``mAP tie high``, and ends of bootstrap intervals. The tie range is the
        smallest and largest mAP over orders of ties: in each run of equal confidence all
        true or all false positives come first, for the reported order, the file's, its
        reverse, and 16 random matchings. It is exact where equal confidences are in
        different videos and no prediction has two truths of equal IoU; elsewhere the
        true range may be a little wider.

    Raises
    ------
    ValueError
        If the input is bad, a name is unknown, or truth and found look swapped.

    Examples
    --------
    >>> import pandas as pd
    >>> from overlap import evaluate
    >>> truth = pd.DataFrame(
    ...     {"video": ["a", "b"], "label": "jump", "start": [0.0, 5.0], "stop": [4.0, 9.0]}
    ... )
    >>> found = truth.assign(stop=[3.0, 6.0], score=[0.9, 0.8])
    >>> report = evaluate.temporal(truth=truth, found=found, iou=[0.5, 0.8])
    >>> report.summary["mAP"], report.summary["mAP@0.50"]
    (np.float64(0.25), np.float64(0.5))
    """
    if protocol == "all":
        from .every import every_protocol

        return every_protocol(
            truth=truth, found=found, iou=iou, subset=subset, ambiguous=ambiguous, ties=ties,
            labels=labels, rng=rng, bootstrap=bootstrap, confidence_level=confidence_level,
            progress=progress, workers=workers, **fields,
        )  # fmt: skip
    chosen, kept = _resolve(protocol, iou, fields, ties, labels)
    tables = _read(truth, found, ambiguous, subset, chosen)
    finalise = Finalise(
        chosen, ties, kept, subset, _whole(bootstrap), confidence_level, rng, progress,
        whole=workers != 1,
    )  # fmt: skip
    study = Study(Measure(chosen, min(chosen.thresholds)), finalise)
    if workers == 1:
        report = study.add(0, **tables).report()
    else:
        blocks = _blocks(tables, abs(workers))
        report = study.add_all(blocks, workers=workers, progress=progress).report()
    # `explain` walks from one set of rules to another on the same input.
    inputs = {**tables, "protocol": chosen, "ties": ties, "labels": kept}
    assert isinstance(report.evidence, TemporalEvidence)
    return replace(report, evidence=replace(report.evidence, inputs=inputs))


def _whole(bootstrap: Any) -> int:
    if isinstance(bootstrap, bool) or int(bootstrap) != bootstrap or bootstrap < 0:
        raise ValueError(f"bootstrap = {bootstrap!r} is not a whole number of resamples, 0 or more")
    return int(bootstrap)


def temporal_study(
    *,
    protocol: str | Protocol = "activitynet",
    iou: Any = None,
    ties: str = "official",
    labels: Iterable[str] | None = None,
    rng: Seed = 0,
    bootstrap: int = 0,
    confidence_level: float = 0.95,
    **fields: Any,
) -> Study[Measured, Report]:
    """Start an evaluation that is fed set of videos by set of videos.

    Parameters
    ----------
    protocol, iou, ties, labels, rng, bootstrap, confidence_level, **fields
        As for `temporal`.

    Returns
    -------
    Study
        ``study.add(key, truth=..., found=...)`` takes SegmentTables of whole videos. The
        order of rows that ties follow is the order of the keys.
    """
    chosen, kept = _resolve(protocol, iou, fields, ties, labels)
    finalise = Finalise(chosen, ties, kept, None, _whole(bootstrap), confidence_level, rng)
    return Study(Measure(chosen, min(chosen.thresholds)), finalise)
