"""The part of a page that shows errors: operating points, kinds, confusions, images, suspects."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from importlib.util import find_spec
from typing import Any

import numpy as np

from overlap._common.values import ByValue
from overlap.evaluate.number_texts import percent_text
from overlap.evaluate.page import Picture, Section
from overlap.io.printable import number_of

from .calibration import Calibration, calibration_of
from .confusion import Confusion, confusion_of
from .errors import KINDS, Errors, errors_of
from .evidence import DetectionEvidence
from .operating_points import OperatingPoints, operating_points
from .outcomes import Outcomes, outcomes_at
from .suspects import suspect_rows
from .worst_images import background_of, outlines_of, worst_rows

__all__ = ["TERMS", "Diagnosis"]

_MOST_CLASSES = 20  # of a confusion matrix that can be read on a page
_MOST_ROWS = 20  # of a table of single images or detections

TERMS: Mapping[str, str] = {
    "precision": "Share of the detections that are true.",
    "F1": "2 true / (2 true + false + missed): the harmonic mean of precision and recall.",
    "best confidence": "Smallest confidence that counts at which the class has its largest F1; of "
    "equal ones the highest.",
    "best precision": "Precision at the best confidence.",
    "best recall": "Recall at the best confidence.",
    "best F1": "F1 at the best confidence.",
    "true": "Detections that match a truth of their class.",
    "false": "Detections that match none, or one that is taken.",
    "missed": "Truths without a true detection.",
    "error": "; ".join(f"{name}: {text[0].lower()}{text[1:-1]}" for name, text in KINDS.items())
    + ". Kinds are looked for in the order location, class, duplicate, background, both.",
    "errors": "Number of errors.",
    "AP lost": "What the mean AP at this IoU gains if the errors of this kind alone are corrected, "
    "in percentage points. Class: the detection gets the class of the truth. Location: it counts "
    "as true; of several for one truth, the most confident. Duplicate, background and both: it is "
    "left out. Missed: the truth is left out. The costs do not add up to what AP lacks.",
    "truth class": "Class of the annotated region; background where there is none.",
    "detected as": "Class of the detection; background where there is none.",
    "share of the truths": "Share of all truths of the class.",
    "image": "Name of the image.",
    "suspicion": "Why the truth may be wrong: nothing is annotated where the detection is, or an "
    "object of another class.",
    "confidence": "Of the detection.",
    "row of truth": "Place in the list of annotations, from 0.",
    "row of found": "Place in the list of detections, from 0.",
}


@dataclass(frozen=True, eq=False)
class Diagnosis(ByValue):
    """Errors of a report at one IoU and one confidence.

    Attributes
    ----------
    evidence : DetectionEvidence
    iou, confidence : float or None
        None for the defaults: an IoU of 0.5, and the confidence with the largest F1.
    """

    evidence: DetectionEvidence
    iou: float | None = None
    confidence: float | None = None

    @cached_property
    def matched(self) -> Outcomes:
        """Matches at the IoU."""
        return outcomes_at(self.evidence, self.iou)

    @cached_property
    def points(self) -> OperatingPoints:
        """Counts at every confidence."""
        return operating_points(self.matched)

    @cached_property
    def least(self) -> float:
        """Smallest confidence that counts."""
        return self.points.chosen(self.confidence)

    @cached_property
    def confusion(self) -> Confusion:
        """The confusion matrix."""
        return confusion_of(self.matched, self.least)

    @cached_property
    def errors(self) -> Errors | None:
        """Kinds of error; None for protocols that measure distances, and very small IoU."""
        if self.evidence.protocol.distance or self.matched.threshold <= 0.1:
            return None
        return errors_of(self.evidence, self.iou)

    @cached_property
    def calibration(self) -> Calibration | None:
        """Bins of confidence; None for confidences that are no probabilities."""
        inside = self.matched.scene.confidence
        if len(inside) and not (inside.min() >= 0.0 and inside.max() <= 1.0):
            return None
        return calibration_of(self.matched)

    @cached_property
    def _at(self) -> str:
        word = "a distance" if self.evidence.protocol.distance else "IoU"
        return f"at {word} of {self.matched.threshold:g}".replace("at IoU of", "at IoU")

    @property
    def _above(self) -> str:
        return f"confidence {self.least:.3g} or more"

    def content(
        self,
        classes: Sequence[Section | Picture] = (),
        worst: int = 4,
        images: str | os.PathLike[str] | None = None,
    ) -> list[Section | Picture]:
        """Return the tables and pictures.

        Parameters
        ----------
        classes : sequence of Section or Picture
            What stands before the first table of all classes.
        worst : int
            Number of images that are drawn.
        images : path, optional
            Folder of the images, as in `background_of`.
        """
        if not len(self.matched.scene.truth) or not len(self.matched.scene.found):
            return [*classes]
        parts: list[Section | Picture] = [*self._pictures()]
        if self.evidence.inputs is not None and self.errors is not None:
            parts.append(_errors(self.errors, self._at))
        parts += [*classes, self._points()]
        if self.evidence.inputs is None:
            return parts
        parts += [self._confusions(), *self._worst(worst, images)]
        if self.errors is not None:
            parts += self._suspects(self.errors)
        return parts

    def _pictures(self) -> list[Picture]:
        from overlap.plot.detection import (
            draw_confusion,
            draw_errors,
            draw_operating_points,
            draw_reliability,
        )
        from overlap.plot.figures import panel

        whole, at = self.points.whole, self.points.whole.at(self.least)
        seen = whole.true + whole.false
        lines = {
            "precision": whole.true / np.maximum(seen, 1),
            "recall": whole.true / max(whole.truths, 1),
            "F1": whole.f1,
        }
        drawn = partial(draw_operating_points, whole.confidence, lines, self.least)
        pictures = [
            Picture(
                f"Precision, recall and F1 {self._at}",
                lambda: panel(lambda ax: drawn(ax=ax), 4.2),
                f"Lines over the confidence. At {self.least:.3g}, precision is "
                f"{percent_text(at['precision'])} %, recall {percent_text(at['recall'])} %, F1 "
                f"{percent_text(at['f1'])} %.",
                "All classes together, if only detections of at least this confidence count. The "
                "dotted line is "
                + ("the confidence with the largest F1." if self.confidence is None else
                   "the confidence that was chosen."),
            )
        ]  # fmt: skip
        if self.evidence.inputs is not None and self.errors is not None:
            rows = self.errors.rows()[: len(KINDS)]
            said = ", ".join(f"{row['error']} {100 * row['cost']:.1f}" for row in rows)
            pictures.append(
                Picture(
                    f"AP that each kind of error costs, {self._at}",
                    lambda: panel(lambda ax: draw_errors(rows, ax=ax), 3.4),
                    f"Bars of percentage points: {said}.",
                    "How much AP would gain if only this kind of error was corrected. In brackets: "
                    "the number of errors, of any confidence. The longest bar is what to work on.",
                )
            )
        if self.evidence.inputs is not None:
            confusion = self.confusion
            some = confusion.worst(_MOST_CLASSES)
            note = (
                f"Rows: class of the truth; columns: class of the detection, with {self._above}. "
                "Dark on the diagonal is good. The column background has truths that nothing "
                "found, the row background detections of nothing. The color is the share of the "
                "row."
            )
            if some is not confusion:
                note += (
                    f" Shown are the {_MOST_CLASSES} of {len(confusion.labels)} classes with most "
                    "errors."
                )
            pictures.append(
                Picture(
                    f"Confusion matrix {self._at}",
                    lambda: panel(lambda ax: draw_confusion(some.names, some.counts, ax=ax), 4.4),
                    f"Matrix of {len(some.labels)} classes and the background; "
                    f"{int(np.trace(confusion.counts)):,} matches of the same class.",
                    note,
                )
            )
        if self.calibration is not None:
            bins = self.calibration
            pictures.append(
                Picture(
                    f"Calibration {self._at}",
                    lambda: panel(
                        lambda ax: draw_reliability(bins.mean, bins.share, bins.count, ax=ax), 4.0
                    ),
                    f"Share of true detections over confidence; expected calibration error "
                    f"{percent_text(bins.error)} %.",
                    "On the dotted line, the confidence is the probability that a detection is "
                    "true. Below it the detector is too sure. Larger dots are more detections. "
                    f"Expected calibration error: {percent_text(bins.error)} %, the mean distance "
                    "from the line over all detections.",
                )
            )
        return pictures

    def _points(self) -> Section:
        rows = []
        whole, *classes = self.points.rows(self.confidence)
        classes.sort(key=lambda row: (math.isnan(row["f1"]), row["f1"]))
        for row in (whole, *classes):
            rows.append([
                row["class"], f"{row['n_truth']:,}", f"{row['n_true']:,}", f"{row['n_false']:,}",
                f"{row['n_missed']:,}",
                *(percent_text(row[x]) for x in ("precision", "recall", "f1")),
                "" if math.isnan(row["best_confidence"]) else f"{row['best_confidence']:.3f}",
                *(percent_text(row[f"best_{x}"]) for x in ("precision", "recall", "f1")),
            ])  # fmt: skip
        columns = ["class", "truths", "true", "false", "missed", "precision", "recall", "F1",
                   "best confidence", "best precision", "best recall", "best F1"]  # fmt: skip
        note = (
            f"Detections with {self._above} count; the last four columns have for each class the "
            "confidence with its largest F1."
        )
        return Section(
            f"Precision, recall and F1 {self._at}, %, the worst first",
            columns,
            rows,
            keys=1,
            note=note,
        )

    def _confusions(self) -> Section:
        confusion = self.confusion
        totals = confusion.counts.sum(axis=1)
        names = list(confusion.names)
        cells = [row for row in confusion.rows() if row["truth"] != row["found"]]
        cells.sort(key=lambda row: -row["n"])
        rows = []
        for row in cells[:_MOST_ROWS]:
            total = totals[names.index(row["truth"])]
            share = "" if row["truth"] == names[-1] else percent_text(row["n"] / total)
            rows.append([row["truth"], row["found"], f"{row['n']:,}", share])
        note = (
            f"Detections with {self._above}. First, matches are those of the report, in a class; "
            "then what is left over is matched across classes, the largest overlap first."
        )
        if len(cells) > _MOST_ROWS:
            note += f" The largest {_MOST_ROWS} of {len(cells):,} cells off the diagonal."
        columns = ["truth class", "detected as", "errors", "share of the truths"]
        return Section(f"Confusions {self._at}, shares in %", columns, rows, note=note)

    def _worst(self, count: int, images: str | os.PathLike[str] | None) -> list[Section | Picture]:
        from overlap.plot.detection import draw_outlines
        from overlap.plot.figures import panel

        rows = worst_rows(self.matched, self.least)
        if not rows:
            return []
        drawn = rows[:count] if find_spec("matplotlib") else []
        without = "" if images is not None else "Outlines only, without the image; y runs down. "
        pictures: list[Section | Picture] = []
        for k, row in enumerate(drawn):
            try:
                outlines = outlines_of(self.matched, self.least, row["item"])
            except ValueError:  # regions that do not lie on a plane
                break
            behind = background_of(self.matched, row["item"], images)
            words = f"{row['n_false']} false, {row['n_missed']} missed, {row['n_true']} true"
            pictures.append(
                Picture(
                    f"Image {row['item']}",
                    partial(_outlined, panel, draw_outlines, outlines, behind),
                    f"Outlines of truths and detections: {words}.",
                    f"{words}. {without}False detections have their class and confidence, missed "
                    "truths their class.",
                    f"image-{k}",
                )
            )
        shown = rows[:_MOST_ROWS]
        cells = [
            [row["item"], *(f"{row[x]:,}" for x in ("n_errors", "n_false", "n_missed", "n_true"))]
            for row in shown
        ]
        note = (
            f"The worst {len(shown):,} of {number_of(len(rows), 'image')} with errors; detections "
            f"with {self._above}."
        ) + (" Linked images are drawn below." if pictures else "")
        links = [f"image-{k}" if k < len(pictures) else "" for k in range(len(shown))]
        columns = ["image", "errors", "false", "missed", "true"]
        title = f"Images with most errors {self._at}"
        return [Section(title, columns, cells, keys=1, note=note, links=links), *pictures]

    def _suspects(self, errors: Errors) -> list[Section]:
        rows = suspect_rows(errors, self.least)
        if not rows:
            return []
        cells = [
            [row["item"], row["suspicion"], row["found_label"], row["truth_label"],
             f"{row['confidence']:.3g}", str(row["found"]),
             str(row["truth"]) if row["truth"] >= 0 else ""]
            for row in rows[:_MOST_ROWS]
        ]  # fmt: skip
        note = (
            f"Look at these first: the {len(cells):,} most confident of "
            f"{number_of(len(rows), 'detection')} with {self._above} that overlap nothing, or an "
            "object of another class. The truth may be wrong there, and so may the detector."
        )
        columns = ["image", "suspicion", "detected as", "truth class", "confidence",
                   "row of found", "row of truth"]  # fmt: skip
        title = "Truths that may be wrong"
        return [Section(title, columns, cells, keys=1, note=note, words=(2, 3))]


def _outlined(panel: Any, draw: Any, outlines: Sequence[Any], behind: Any) -> Any:
    return panel(lambda ax: draw(outlines, ax=ax, **behind), 4.2)


def _errors(errors: Errors, at: str) -> Section:
    rows = [[row["error"], f"{row['n']:,}", f"{100 * row['cost']:.2f}"] for row in errors.rows()]
    note = (
        f"Of all detections. The mean AP is {percent_text(errors.ap)} %. A detection is near a "
        f"truth from an IoU of {errors.background:g}. The last two rows are all false detections, "
        "ranked last, and all truths that nothing matches, left out."
    )
    columns = ["error", "errors", "AP lost"]
    return Section(f"Kinds of error {at}", columns, rows, keys=1, note=note)
