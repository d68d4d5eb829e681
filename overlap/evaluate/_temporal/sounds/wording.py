"""Settings, notes, findings and the sentence of a report on sound events."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from overlap.evaluate._temporal.digests import digest_of_segments
from overlap.evaluate.contract import Contract
from overlap.evaluate.numbers import Intervals, Number
from overlap.evaluate.report import plain
from overlap.evaluate.sentence import digests_text, intervals_text
from overlap.evaluate.task import Description
from overlap.io.name_match import mismatch
from overlap.io.printable import number_of, some
from overlap.io.segment_match import other_unit
from overlap.io.segments import SegmentTable

from .protocol import CountRules, EventRules, IntersectionRules, PsdsRules, SegmentRules
from .recordings import Events, Recordings
from .scored import Scored

__all__ = ["describe", "sentence"]

_ROUNDED = 1.0  # seconds that a duration may be short of its last event
_OTHER_UNIT = 500.0  # how much longer than its last event a recording may be


def _source(table: SegmentTable | None, events: Events) -> dict[str, Any]:
    return {
        "source": "" if table is None else table.source,
        "sha256": None if table is None else table.sha256,
        "recordings": len(np.unique(events.recording)),
        "events": len(events),
    }


def describe(
    rules: CountRules,
    labels: Sequence[str] | None,
    evidence: Any,
    numbers: Sequence[Number],
) -> Description:
    """Say what the numbers depend on.

    Parameters
    ----------
    rules : CountRules
    labels : sequence of str, optional
        Classes that were asked for.
    evidence : CountEvidence or PsdsEvidence
    numbers : sequence of Number
    """
    scored: Scored = evidence.scored
    given, inputs = scored.given, scored.inputs
    truth, tables = inputs.get("truth"), inputs.get("found") or [None] * len(given.found)
    rows = evidence.rows(Intervals())
    classes = [row["class"] for row in rows]
    notes = [*inputs.get("notes", ())]
    findings = [*inputs.get("findings", ())]
    notes += _notes(rules, given, rows)
    truth_names = _used(given, [given.truth])
    found_names = _used(given, given.found)
    findings += [
        said
        for what, have, wanted in (
            ("recordings", found_names[0], truth_names[0]),
            ("labels", found_names[1], truth_names[1]),
        )
        if (said := mismatch(what, tuple(wanted), tuple(have)))
    ]
    findings += _zero(rules, scored, numbers)
    if not isinstance(rules, EventRules):
        findings += _odd_durations(given, inputs.get("durations"))
    settings: dict[str, Any] = {
        "protocol": rules.name,
        "rules": plain(rules.settings()),
        "classes": classes,
        "recordings": len(given.names),
        "truth": _source(truth, given.truth),
        "found": _source(tables[0], given.found[0]),
    }
    if len(given.found) > 1:
        settings["found"]["source"] = ", ".join(
            dict.fromkeys(table.source for table in tables if table is not None)
        )
        settings["found"]["sha256"] = None
        settings["found"]["operating_points"] = [
            _source(table, events) for table, events in zip(tables, given.found, strict=True)
        ]
    if inputs.get("reading"):
        settings["reading"] = plain(inputs["reading"].settings())
    known = {
        name: seconds
        for name, seconds in zip(given.names, given.duration.tolist(), strict=True)
        if math.isfinite(seconds)
    }
    lengths = {"recordings": len(known), "seconds": math.fsum(known.values())}
    if inputs.get("durations") is not None or isinstance(rules, PsdsRules):
        settings["durations"] = {**lengths, **inputs.get("durations_file", {})}
    more: dict[str, Any] = {}
    if known and not isinstance(rules, EventRules):  # perhaps those of the truth
        lines = json.dumps(sorted(known.items()))
        more["durations"] = {**lengths, "sha256": hashlib.sha256(lines.encode()).hexdigest()}
    contract = Contract(
        "sound events",
        {
            "truth": {
                "events": len(given.truth),
                "sha256": digest_of_segments([scored.table(given.truth)]),
            },
            **more,
            "labels": classes if labels is not None or isinstance(rules, PsdsRules) else None,
            "protocol": plain(rules.settings()),
            **(inputs["reading"].contract() if inputs.get("reading") else {}),
        },
    )
    return Description(settings, contract, notes, list(dict.fromkeys(findings)))


def _odd_durations(given: Recordings, durations: Mapping[str, float] | None) -> list[str]:
    """Say that durations are of other recordings, of another unit, or too short."""
    findings = []
    used = _used(given, [given.truth])[0]
    if durations is not None:
        lacking = [name for name in used if name not in durations]
        if lacking:
            reason = mismatch("recordings", used, tuple(durations), "the durations", "the truth")
            findings.append(
                f"durations: {number_of(len(lacking), 'recording')} of the truth without one "
                f"({some(lacking, 3)})" + (f"; {reason}" if reason else "")
            )
    last = np.zeros(len(given.names))
    np.maximum.at(last, given.truth.recording, given.truth.offset)
    known = np.flatnonzero((last > 0) & np.isfinite(given.duration))
    longer = known[last[known] > given.duration[known] + _ROUNDED]
    if len(longer):
        first = int(longer[0])
        findings.append(
            f"durations: {number_of(len(longer), 'recording')} with true events behind the end "
            f"(first: {given.names[first]!r} lasts {given.duration[first]:g} s, and an event ends "
            f"at {last[first]:g} s)"
        )
    elif len(known) and np.median(given.duration[known] / last[known]) > _OTHER_UNIT:
        ratio = float(np.median(given.duration[known] / last[known]))
        findings.append(
            f"durations are about {ratio:,.0f} times as long as the last true event of a "
            "recording: are they in seconds?"
        )
    return findings


def _used(given: Recordings, sides: Sequence[Events]) -> tuple[list[str], list[str]]:
    """Return recordings and classes that have events."""
    recordings = np.unique(np.concatenate([side.recording for side in sides]))
    labels = np.unique(np.concatenate([side.label for side in sides]))
    return [given.names[k] for k in recordings], [given.classes[k] for k in labels]


def _notes(rules: CountRules, given: Recordings, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    notes = []
    with_truth = np.zeros(len(given.classes), dtype=bool)
    with_truth[given.truth.label] = True
    found = given.found[0]
    strange = sorted({given.classes[k] for k in np.unique(found.label) if not with_truth[k]})
    if strange:
        count = int((~with_truth[found.label]).sum())
        what = (
            "they are not scored"
            if isinstance(rules, IntersectionRules)
            else "they count as false in the numbers of all events; the means over classes leave "
            "these classes out of recall, F1 and error rate"
        )
        notes.append(
            f"{number_of(count, 'prediction')} of classes without a truth "
            f"({some(strange, 3)}): {what}"
        )
    if not isinstance(rules, IntersectionRules):
        silent = [row["class"] for row in rows if row["n_truth"] and not row["n_found"]]
        if silent and rules.no_output == "undefined":
            notes.append(
                f"{number_of(len(silent), 'class').replace('classs', 'classes')} with truths and "
                f"without predictions ({some(silent, 3)}): the means over classes of precision and "
                "F1 leave them out, which makes these means greater; no_output=zero counts 0"
            )
        return notes
    listed = np.where(np.isnan(given.duration), 0.0, given.duration)
    outside = (found.onset >= listed[found.recording]) | (found.offset <= 0.0)
    if outside.any():
        notes.append(
            f"{number_of(int(outside.sum()), 'prediction')} in recordings without a duration "
            "or behind their end: they are no false predictions"
        )
    empty = [int((side.offset <= side.onset).sum()) for side in (given.truth, found)]
    if any(empty):
        notes.append(
            f"events of length 0 left out: {number_of(empty[0], 'truth')}, "
            f"{number_of(empty[1], 'prediction')}"
        )
    if isinstance(rules, PsdsRules):
        count = len(given.found)
        if count > 1:
            notes.append(f"{count} operating points, one for each of the predictions given")
        elif given.ranked:
            levels = len(np.unique(found.confidence))
            notes.append(
                f"every confidence is an operating point: {number_of(levels, 'threshold')}"
            )
        else:
            notes.append(
                "the predictions have no confidences: PSDS of a single operating point; give "
                "confidences, or the predictions of several thresholds"
            )
    return notes


def _zero(rules: CountRules, scored: Scored, numbers: Sequence[Number]) -> list[str]:
    """Say why nothing matches."""
    given = scored.given
    if not len(given.truth):
        return ["the truth has no events: recall and what depends on it are undefined"]
    first = numbers[0]
    if not (first.value == 0.0 or first.value != first.value):
        return []
    if not any(map(len, given.found)):
        return [f"there are no predictions: {first.name} is {first.value:g}"]
    said = [f"no truth is found by the rules of {rules.name}"]
    other = other_unit(scored.table(given.truth), scored.table(given.found[0]))
    return [*said, other] if other else said


def sentence(rules: CountRules, settings: Mapping[str, Any]) -> str:
    """Return the sentence for a paper.

    Parameters
    ----------
    rules : CountRules
    settings : mapping
    """
    truth, found, versions = settings["truth"], settings["found"], settings["versions"]
    said = (
        f"Sound events were scored with overlap {versions['overlap-metrics']} by the protocol "
        f"'{rules.name}' ({rules.description}): {number_of(found['events'], 'prediction')} against "
        f"{number_of(truth['events'], 'annotated event')} in "
        f"{number_of(settings['recordings'], 'recording')}; {_told(rules)}"
    )
    digests = digests_text({"truth": truth, "predictions": found})
    return f"{said}{f'; {digests}' if digests else ''}.{intervals_text(settings, 'recordings')}"


def _told(rules: CountRules) -> str:
    if isinstance(rules, SegmentRules):
        return f"segments of {rules.resolution:g} s"
    if isinstance(rules, EventRules):
        sides = [
            f"onsets within {rules.collar:g} s" if rules.onset else "",
            f"offsets within {rules.collar:g} s or {100 * rules.share:g}% of the length"
            if rules.offset
            else "",
        ]
        return f"{' and '.join(filter(None, sides))}, {rules.matching} matching"
    assert isinstance(rules, IntersectionRules)
    said = f"DTC {rules.dtc:g}, GTC {rules.gtc:g}"
    if isinstance(rules, PsdsRules):
        said += (
            f", CTTC {rules.cttc:g}, alpha_CT {rules.alpha_ct:g}, alpha_ST {rules.alpha_st:g}, "
            f"at most {rules.max_efpr:g} false predictions per {rules.unit}"
        )
    return said
