"""Reports on sound events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from numpy.typing import NDArray

from overlap.evaluate._temporal.report import ScoreReport, written
from overlap.evaluate.number_texts import percent_text
from overlap.evaluate.page import Picture, Section
from overlap.io.printable import number_of

from .count_evidence import CountEvidence
from .psds_evidence import PsdsEvidence

__all__ = ["PsdsReport", "SoundReport"]


@dataclass(frozen=True, eq=False, repr=False)
class SoundReport(ScoreReport):
    """A `Report` on counts of sound events.

    Its parameters are those of `Report`.
    """

    evidence: CountEvidence = field(repr=False)

    def facts(self) -> Mapping[str, Any]:
        """Return facts of rules and inputs, for the screen."""
        return _facts(self.settings)

    def tables(self) -> list[Section]:
        """Return the classes, the least F1 first."""
        rows = sorted(self.rows(), key=lambda row: 2.0 if row["F1"] != row["F1"] else row["F1"])
        names = [name for name in ("F1", "precision", "recall", "ER") if rows and name in rows[0]]
        cells = [
            [
                row["class"],
                *(f"{row[key]:,}" for key in ("n_truth", "n_found", "n_true")),
                *(_cell(row[name]) for name in names),
            ]
            for row in rows
        ]
        columns = ["class", "n_truth", "n_found", "n_true", *names]
        return [Section("Classes, %, the least F1 first", columns, cells)]

    def pictures(self) -> list[Picture]:
        """Return the F1 of the classes."""
        from overlap.plot.figures import panel
        from overlap.plot.numbers import draw_numbers

        rows = sorted(
            (row for row in self.rows() if row["F1"] == row["F1"]), key=lambda row: row["F1"]
        )
        if not rows:
            return []
        values = {row["class"]: row["F1"] for row in rows[:_CLASSES]}
        said = ", ".join(f"{name} {percent_text(value)} %" for name, value in values.items())
        note = "The classes with the least F1." if len(rows) > _CLASSES else ""

        def draw(axes: Any) -> None:
            draw_numbers(values, ax=axes)
            axes.set_xlim(-0.02, 1.02)
            axes.set_xlabel("F1")

        return [
            Picture(
                "F1 of each class",
                partial(panel, draw, 1.2 + 0.28 * len(values)),
                f"Points of the F1 of classes: {said}.",
                note,
            )
        ]

    def terms(self) -> Mapping[str, str]:
        """Return definitions of the columns and numbers."""
        macro = {
            number.name: f"Mean over the classes of {number.metric}."
            for number in self.numbers
            if number.where
        }
        return {**_TERMS, **macro}


@dataclass(frozen=True, eq=False, repr=False)
class PsdsReport(ScoreReport):
    """A `Report` on PSDS, with its curve.

    Its parameters are those of `Report`.
    """

    evidence: PsdsEvidence = field(repr=False)

    def curve(self, label: str | None = None) -> tuple[NDArray, NDArray]:
        """Return the rates of the curve, in which it changes.

        Parameters
        ----------
        label : str, optional
            Class; by default the curve of which PSDS is the area.

        Returns
        -------
        rate, true : ndarray, dtype=float64, shape (n,)
            Effective rate of false predictions, per unit of the rules, and rate of true ones from
            there on: of all classes the effective one.

        Raises
        ------
        ValueError
            There is no such class.
        """
        roc = self.evidence.roc
        if label is None:
            return roc.rate, roc.effective
        classes = self.evidence.found.classes
        if label not in classes:
            raise ValueError(f"there is no class {label!r}; there are {', '.join(classes)}")
        return roc.curves[classes.index(label)]

    def facts(self) -> Mapping[str, Any]:
        """Return facts of rules and inputs, for the screen."""
        seconds = self.settings["durations"]["seconds"]
        return {**_facts(self.settings), "duration": f"{seconds / 3600:.4g} h"}

    def tables(self) -> list[Section]:
        """Return the classes, the least area first."""
        rows = sorted(self.rows(), key=lambda row: row["value"])
        ranked = self.evidence.found.ranked
        last = "best confidence" if ranked else "best point"
        cells = [
            [
                row["class"],
                *(f"{row[key]:,}" for key in ("n_truth", "n_covered", "n_false")),
                percent_text(row["value"]),
                percent_text(row["best F1"]),
                "" if row[last] is None else f"{row[last]:.4g}",
            ]
            for row in rows
        ]
        columns = ["class", "n_truth", "n_covered", "n_false", "value", "best F1", last]
        return [Section("Classes, %, the least area first", columns, cells)]

    def pictures(self) -> list[Picture]:
        """Return the curve of the score and those of the classes."""
        from overlap.plot.figures import panel
        from overlap.plot.psd_roc import draw_psd_roc

        number, rules = self.numbers[0], self.settings["rules"]
        roc = self.evidence.roc
        if not len(roc.rate):
            return []
        by_area = sorted(self.rows(), key=lambda row: row["value"])
        ends = [by_area[0], by_area[-1]]
        spread = " to ".join(f"{row['class']} {percent_text(row['value'])} %" for row in ends)
        unit = f"false predictions per {rules['unit']}"
        if rules["alpha_ct"]:
            unit = f"effective {unit}"
        draw = partial(
            draw_psd_roc, (roc.rate, roc.effective), roc.curves, limit=roc.limit, unit=unit
        )
        return [
            Picture(
                "PSD-ROC",
                partial(panel, draw),
                f"Curves of the rate of true predictions over {unit}; PSDS "
                f"{written(number.value, number)}, areas of classes from {spread}.",
                "Strong line: the effective rate of all classes; PSDS is the area under it, as "
                "part of the picture. Faint lines: single classes.",
            )
        ]

    def terms(self) -> Mapping[str, str]:
        """Return definitions of the columns."""
        return _TERMS | {
            "n_covered": "Truths that are covered when all predictions count.",
            "n_false": "False predictions when all of them count.",
            "value": "Mean rate of true predictions of the class, up to the greatest rate of false "
            "ones.",
            "best F1": "Greatest F1 over all operating points.",
            "best confidence": "Confidence from which on predictions count there.",
            "best point": "Number of the operating point, from 0.",
        }


_CLASSES = 30


def _facts(settings: Mapping[str, Any]) -> dict[str, str]:
    truth, found = settings["truth"], settings["found"]
    return {
        "protocol": settings["protocol"],
        "truth": f"{_counts(truth)}, {len(settings['classes'])} classes",
        "found": _counts(found),
    }


def _counts(side: Mapping[str, Any]) -> str:
    events, recordings = number_of(side["events"], "event"), side["recordings"]
    return f"{events} in {number_of(recordings, 'recording')}"


def _cell(value: float) -> str:
    return "" if value != value else percent_text(value)


_TERMS = {
    "psds": "Polyphonic sound detection score: area under the curve of the effective rate of true "
    "predictions over the effective rate of false ones, as part of its greatest value.",
    "value": "The number itself.",
    "class": "Label of the events.",
    "n_truth": "Number of truths: events, or segments in which the class sounds.",
    "n_found": "Number of predictions, counted alike.",
    "n_true": "Number of those that are right.",
    "F1": "2 · precision · recall / (precision + recall).",
    "precision": "Right predictions over all predictions.",
    "recall": "Truths that were found over all truths.",
    "ER": "Error rate: substitutions, deletions and insertions over the number of truths.",
    "substitution rate": "Truths for which another class was predicted at the same time, over all.",
    "deletion rate": "Truths that were missed over all truths.",
    "insertion rate": "Predictions that are too many, over the number of truths.",
    "sensitivity": "Segments that were found over those in which the class sounds.",
    "specificity": "Segments rightly left empty over those in which the class does not sound.",
    "accuracy": "Right segments over all segments.",
    "balanced accuracy": "Mean of sensitivity and specificity.",
}
