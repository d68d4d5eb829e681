"""Words of a report on possession: settings, contract, notes, findings and the sentence."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from overlap.evaluate.contract import Contract
from overlap.evaluate.task import Description
from overlap.evaluate.thresholds import threshold_names, threshold_values

from .evidence import SECONDS, PossessionEvidence
from .findings import findings_of

__all__ = ["description", "sentence"]


def description(evidence: PossessionEvidence, rules: Mapping[str, Any]) -> Description:
    """Return everything that the numbers depend on.

    Parameters
    ----------
    evidence : PossessionEvidence
    rules : mapping
        The rules by which scores became spells.
    """
    known, parts = evidence.players, evidence.videos.values()
    settings: dict[str, Any] = {
        **rules,
        "iou": list(evidence.thresholds),
        "matching": "one to one within a player, in order of descending IoU",
        "videos": len(known.videos),
        "tracks": len(known),
        "scored_frames": len(evidence.row),
    }
    for k, role in enumerate(("players", "ball")):
        count = sum(part.rows[k] for part in parts)
        settings[role] = {"rows": count, **evidence.inputs[role]}
    notes = []
    unseen = np.flatnonzero(np.bincount(evidence.row, minlength=len(known)) == 0)
    if unseen.size:
        names = ", ".join(known.labels[k] for k in unseen[:5])
        notes.append(
            f"{unseen.size} players are in no frame together with the ball: {names}"
            + (" ..." if unseen.size > 5 else "")
        )
    if evidence.truth is not None:
        rows, spells = sum(len(part.spell_row) for part in parts), int(evidence.truth.counts.sum())
        settings["truth"] = {"rows": rows, "spells": spells, **evidence.inputs["truth"]}
        if rows > spells:
            notes.append(
                f"{rows - spells} annotated spells are empty, or overlap or touch others of the "
                "same player and are joined with them"
            )
        sums = evidence.counts.sums
        neither = int(((sums["found"] == 0) & (sums["truth"] == 0)).sum())
        settings["without_any_spell"] = neither
    findings = findings_of(evidence.videos, len(evidence.row) > 0, evidence.fps)
    return Description(settings, _contract(evidence), notes, findings)


def _contract(evidence: PossessionEvidence) -> Contract:
    """Return the contract: thresholds of scores are part of a method, and may differ."""
    if evidence.truth is None:
        reason = "has no annotated spells, so that no value in it is better than another"
        return Contract("possession", {}, reason=reason)
    labels = evidence.players.labels
    spells = sorted(
        (labels[k], start, stop)
        for k, start, stop in zip(
            evidence.truth.region.tolist(),
            evidence.truth.start.tolist(),
            evidence.truth.stop.tolist(),
            strict=True,
        )
    )
    values = threshold_values(evidence.thresholds)
    numbers: dict[str, dict[str, Any]] = {"F1": {"iou": sorted(values)}}
    for name, value in zip(threshold_names(evidence.thresholds), values, strict=True):
        for number in ("F1", "precision", "recall"):
            numbers[f"{number}@{name}"] = {"iou": [value]}
    digest = hashlib.sha256(json.dumps(spells).encode()).hexdigest()
    return Contract(
        "possession",
        {"truth": {"spells": len(spells), "sha256": digest}, "items": evidence.players.unit},
        numbers,
        sizes=SECONDS,
    )


def sentence(settings: Mapping[str, Any]) -> str:
    """Return the sentence for a paper.

    Parameters
    ----------
    settings : mapping
        Of the report.
    """
    version = settings["versions"]["overlap-metrics"]
    parts = [
        f"Possession was computed with overlap {version}: a player has the ball from a frame with "
        f"{settings['score']}(ball, player) >= {settings['threshold']:g} until one with a value "
        f"below {settings['release']:g}"
    ]
    if settings["hold"]:
        parts.append(f"states are held through missing frames for up to {settings['hold']:g} s")
    if settings["max_gap"]:
        parts.append(f"gaps of up to {settings['max_gap']:g} s are closed")
    if settings["min_duration"]:
        parts.append(f"spells shorter than {settings['min_duration']:g} s are dropped")
    parts.append(
        "several players can have the ball at once"
        if settings["simultaneous"] == "all"
        else "a frame belongs to one player at most, the one seen with the ball last, of several "
        "the one with the highest score"
    )
    text = (
        f"{'; '.join(parts)} ({settings['fps']:g} frames per second, {settings['tracks']} "
        f"players, {settings['scored_frames']} scored frames)."
    )
    if "truth" in settings:
        text += (
            f" Against {settings['truth']['spells']} annotated spells: intersection over union of "
            "the seconds of all players, and F1 of spells matched one to one within a player in "
            f"order of descending IoU (at {', '.join(f'{x:g}' for x in settings['iou'])})."
        )
    if "bootstrap" in settings:
        facts = settings["bootstrap"]
        text += (
            f" {100 * facts['confidence_level']:g} % intervals: {facts['method']} bootstrap over "
            f"{facts['resampled']}, {facts['resamples']} resamples."
        )
    return text
