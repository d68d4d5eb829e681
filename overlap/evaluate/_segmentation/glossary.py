"""Definitions of the words on the page of a report on segmentation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .evidence import SegmentationEvidence
from .metrics import Metric

__all__ = ["terms_of"]

_WORDS = {
    "label": "Structure that is scored: one value of the label volumes, or several together.",
    "cases": "Number of cases with a value. A number in brackets behind a mean is that of the "
    "mean, where it is another one.",
    "case": "Pair of a found and a true volume.",
    "labels": "Number of labels of the case with a value. A number in brackets behind a mean is "
    "that of the mean, where it is another one.",
    "reason": "What was wrong with the volumes of the case.",
    "counts as": "What the case is in the means: left out, or the worst value of every label.",
    "stratum": "Column of the table of strata, such as the site.",
    "level": "Value of that column, such as one site. Means are over its cases.",
    "mean": "Mean over the cases of the label.",
    "sd": "Standard deviation over the cases of the label, with n - 1.",
    "minimum": "Smallest value of a case.",
    "25 %": "Lower quartile: a quarter of the cases is not above it.",
    "median": "Half of the cases is not above it.",
    "75 %": "Upper quartile: three quarters of the cases are not above it.",
    "maximum": "Largest value of a case.",
    "metric": "What is measured; each has a definition of its own in this list.",
    "value": "Value of the metric for one label of one case.",
    "unit": "Unit of the value; 1 for pure numbers.",
    "empty": "Which set is empty, where the policy for empty sets answered instead of the formula: "
    "both, the truth, or found; or that the case failed.",
    "missing": "nan or inf where the value is undefined or infinite.",
    "used": "Number in the means: the value, or what stands for a missing one. Nothing where the "
    "value is left out.",
}
# Meanings that lean on another metric's, told in full.
_TOLD = {
    "hd95": "95th percentile of the distances of one surface from the other (robust Hausdorff "
    "distance)",
    "lesion_hd95": "mean over lesions, by the rules of BraTS 2023, of the 95th percentile of "
    "distances; 374 mm for each missed or false lesion, 0 without any",
}
_BETTER = {
    "higher": "Higher is better",
    "lower": "Lower is better",
    "zero": "Near 0 is better",
    "": "No value is better than another",
}
_BORDERS = {
    "voxel": "surfaces are the centers of voxels with a neighbor outside",
    "surfel": "surfaces are elements with areas between voxels",
    "region": "distances are between all voxels of the sets",
}
_PERCENTILES = {
    "max": "the larger of the percentiles of both directions",
    "pooled": "one percentile of the distances of both directions",
}
_SITUATIONS = {
    "both": "where both sets are empty",
    "truth": "where only the truth is",
    "found": "where nothing is found",
}


def terms_of(evidence: SegmentationEvidence, settings: Mapping[str, Any]) -> dict[str, str]:
    """Return definitions of metrics, columns and other words, by word.

    Parameters
    ----------
    evidence : SegmentationEvidence
    settings : mapping
        Of the report.
    """
    metrics = {metric.name: _definition(metric, settings) for metric in evidence.metrics}
    columns = {
        name: f"Column of the table of strata: the {name} of the case."
        for name in settings["strata"]
    }
    return {**metrics, **_WORDS, **columns}


def _definition(metric: Metric, settings: Mapping[str, Any]) -> str:
    """Return what a metric is, which values are good, by which convention, and its source."""
    facts = settings["metrics"][metric.name]
    meaning = _TOLD.get(metric.name, metric.meaning)
    meaning = meaning.replace(" n ", " ∩ ").replace(" u ", " ∪ ").replace(" - ", " \N{MINUS SIGN} ")
    sets = {"A": "A the found set", "B": "B the true one", "V": "V the volume"}
    named = [words for letter, words in sets.items() if letter in meaning.replace("ASSD", "")]
    if "|" in meaning and named:
        meaning += f"; {', '.join(named)}"
    unit = facts["unit"]
    known = [f"{end:g}" for end in (facts["low"], facts["high"]) if end is not None]
    ends = f", from {' to '.join(known)}" if facts["low"] is not None else ""
    if facts["low"] is not None and facts["high"] is None:
        ends += " without a limit"
    sentences = [
        meaning[:1].upper() + meaning[1:],
        f"{_BETTER[metric.better]}{ends}{'' if unit == '1' else f', in {unit}'}",
        *_convention(metric, settings),
    ]
    if metric.empty:
        answers = [
            f"{_answer(facts['empty'][key], metric)} {words}" for key, words in _SITUATIONS.items()
        ]
        sentences.append(f"By the policy {settings['empty']['name']}: {', '.join(answers)}")
    if metric.source:
        sentences.append(f"Source: {metric.source}")
    return ". ".join(sentences) + "."


def _convention(metric: Metric, settings: Mapping[str, Any]) -> list[str]:
    """Return by whose convention surfaces are measured, or how objects are matched."""
    if metric.family == "surfaces" and not metric.name.startswith("biou"):
        convention = settings["surface"]
        words = [_BORDERS[convention["border"]]]
        if metric.name.startswith("hd"):
            words.append(_PERCENTILES[convention["percentile"]])
        return [f"Convention {convention['name']}: {', '.join(words)}"]
    if metric.family != "objects":
        return []
    if metric.name.startswith("lesion_") and metric.name != "lesion_f1":
        return [f"Rules of the challenge {settings['instances']['challenge']}"]
    objects = settings["instances"]["objects"]
    kind = "connected components of the label" if objects == "components" else "the labels"
    if metric.name == "lesion_f1":
        return [f"Objects are {kind}"]
    return [f"Objects are {kind}; they match above an IoU of {settings['instances']['at_least']:g}"]


def _answer(answer: float | str, metric: Metric) -> str:
    """Write an answer of the policy as a value."""
    words = {"worst": metric.worst, "best": metric.best}
    value = words.get(answer, answer) if isinstance(answer, str) else answer
    if value == float("inf"):
        return "infinite"
    named = {"nan": "undefined", "formula": "as the formula has it", "raise": "an error"}
    return named[value] if isinstance(value, str) else f"{value:g}"
