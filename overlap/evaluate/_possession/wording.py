"""Settings and the sentence of a report on possession."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap.evaluate.bootstrap import LEAST_ITEMS, interval_notes
from overlap.evaluate.contract import Contract
from overlap.evaluate.report import package_versions
from overlap.evaluate.thresholds import threshold_names, threshold_values
from overlap.io.name_match import mismatch
from overlap.scores.score import Score

from .evidence import PossessionEvidence

if TYPE_CHECKING:
    from overlap.evaluate.bootstrap import Seed
    from overlap.evaluate.numbers import Interval

__all__ = ["describe"]


def describe(
    evidence: PossessionEvidence,
    score: Score,
    asked: dict[str, float],
    inputs: dict[str, Any],
    intervals: list[Interval],
    resamples: int,
    rng: Seed,
) -> dict[str, Any]:
    """Return everything that the numbers depend on, and under ``methods`` the sentence."""
    rules, known = evidence.rules, evidence.players
    result: dict[str, Any] = {
        "evaluation": "possession",
        "score": repr(score),
        "threshold": rules.threshold,
        "release": rules.release,
        **{name: float(value) for name, value in asked.items()},
        "simultaneous": rules.simultaneous,
        "fps": evidence.fps,
        "iou": list(evidence.thresholds),
        "matching": "one to one within a player, in order of descending IoU",
        "videos": len(known.videos),
        "tracks": len(known),
        "scored_frames": len(evidence.frames.row),
        **{
            role: {"rows": len(inputs[role].frame), "sha256": inputs[role].sha256}
            for role in ("players", "ball")
        },
        "versions": package_versions(),
    }
    notes = []
    unseen = np.flatnonzero(np.bincount(evidence.frames.row, minlength=len(known)) == 0)
    if unseen.size:
        names = ", ".join(known.labels[k] for k in unseen[:5])
        notes.append(
            f"{unseen.size} players are in no frame together with the ball: {names}"
            + (" ..." if unseen.size > 5 else "")
        )
    truth = inputs["truth"]
    if evidence.truth is not None:
        result["truth"] = {
            "rows": len(truth.track),
            "spells": int(evidence.truth.counts.sum()),
            "sha256": truth.sha256,
        }
        joined = len(truth.track) - int(evidence.truth.counts.sum())
        if joined:
            notes.append(
                f"{joined} annotated spells are empty, or overlap or touch others of the same "
                "player and are joined with them"
            )
        neither = int(((evidence.counts["found"] == 0) & (evidence.counts["truth"] == 0)).sum())
        result["without_any_spell"] = neither
    result["contract"] = _contract(evidence).settings()
    if resamples and not intervals:
        what = "videos" if len(known.videos) > 1 else "players, in one video"
        notes.append(
            f"no intervals: there are {len(evidence.items)} {what}, and draws of fewer than "
            f"{LEAST_ITEMS} are all but the same"
        )
    result["notes"] = notes + interval_notes(intervals)
    result["findings"] = _findings(evidence, inputs)
    if intervals:
        result["bootstrap"] = {
            "method": "percentile",
            "resampled": "videos" if len(known.videos) > 1 else "players",
            "resamples": resamples,
            "confidence_level": intervals[0].level,
            "seed": rng if isinstance(rng, int) else None,
        }
    result["methods"] = _sentence(evidence, score, asked, result)
    return result


def _findings(evidence: PossessionEvidence, inputs: dict[str, Any]) -> list[str]:
    """Say what in the inputs does not belong together."""
    players, ball, truth = inputs["players"], inputs["ball"], inputs["truth"]
    findings: list[str | None] = []
    if len(players.frame) and len(ball.frame) and not len(evidence.frames.row):
        findings.append(
            "players and ball are in no common frame: are frames counted alike, from the same one?"
        )
    if players.video is not None and ball.video is not None:
        findings.append(
            mismatch("videos", players.video.names, ball.video.names, "ball", "players")
        )
    if truth is not None and len(players.frame):
        findings.append(mismatch("tracks", truth.track.names, players.track.names, "players"))
        if truth.video is not None and players.video is not None:
            findings.append(mismatch("videos", truth.video.names, players.video.names, "players"))
        if len(truth.track):
            end = float(truth.intervals.to_array()[:, 1].max())
            last = (int(max(players.frame.max(), ball.frame.max(initial=0))) + 1) / evidence.fps
            if end > 4.0 * last:
                findings.append(
                    f"annotated spells last until {end:g} s, and frames until {last:g} s: are "
                    "spells in frames or milliseconds, or is fps wrong?"
                )
    return [finding for finding in findings if finding]


def _contract(evidence: PossessionEvidence) -> Contract:
    """Return what another report must agree in: thresholds of scores are part of a method."""
    if evidence.truth is None:
        reason = "has no annotated spells, so that no value in it is better than another"
        return Contract("possession", {}, reason=reason)
    spells = sorted(
        (evidence.players.labels[k], start, stop)
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
    return Contract(
        "possession",
        {
            "truth": {
                "spells": len(spells),
                "sha256": hashlib.sha256(json.dumps(spells).encode()).hexdigest(),
            },
            "items": "videos" if len(evidence.players.videos) > 1 else "players",
        },
        numbers,
        sizes=("possession", "truth_possession"),
    )


def _sentence(
    evidence: PossessionEvidence, score: Score, asked: dict[str, float], settings: dict[str, Any]
) -> str:
    rules = evidence.rules
    version = settings["versions"]["overlap-metrics"]
    parts = [
        f"Possession was computed with overlap {version}: a player has the ball from a frame with "
        f"{score}(ball, player) >= {rules.threshold:g} until one with a value below "
        f"{rules.release:g}"
    ]
    if asked["hold"]:
        parts.append(f"states are held through missing frames for up to {asked['hold']:g} s")
    if asked["max_gap"]:
        parts.append(f"gaps of up to {asked['max_gap']:g} s are closed")
    if asked["min_duration"]:
        parts.append(f"spells shorter than {asked['min_duration']:g} s are dropped")
    parts.append(
        "several players can have the ball at once"
        if rules.simultaneous == "all"
        else "a frame belongs to one player at most, the one seen with the ball last, of several "
        "the one with the highest score"
    )
    text = (
        "; ".join(parts) + f" ({evidence.fps:g} frames per second, {settings['tracks']} players, "
    )
    text += f"{settings['scored_frames']} scored frames)."
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
