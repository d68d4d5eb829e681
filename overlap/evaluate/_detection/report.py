"""A report on detections: its tables and pictures."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from overlap._common.frames import frame
from overlap.evaluate.number_texts import interval_text, level_text, percent_text, span_text
from overlap.evaluate.page import Picture, Result, Section
from overlap.evaluate.report import Report
from overlap.evaluate.thresholds import threshold_names
from overlap.io.printable import number_of

from .calibration import Calibration, calibration_of
from .confusion import Confusion
from .diagnosis import TERMS, Diagnosis
from .errors import Errors, errors_of
from .evidence import DetectionEvidence
from .outcomes import outcomes_at
from .suspects import suspect_rows
from .worst_images import background_of, outlines_of, worst_rows

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DetectionReport"]

_TERMS = {
    "class": "Label of the regions.",
    "truths": "Number of truths of the class that count.",
    "detections": "Number of detections of the class within the limit.",
    "value": "The number itself.",
    "AP": "Average precision: the area under the curve of precision against recall; in the summary "
    "the mean over classes and IoU thresholds.",
    "AP50": "The same at an IoU of 0.5.",
    "AP75": "The same at an IoU of 0.75.",
    "mAP": "Mean of the AP over classes and thresholds.",
    "over orders of ties": "Least and greatest value over the orders of detections of equal "
    "confidence, which the rules leave open; empty where no order moves it.",
    "recall": "Share of the truths that are found: by all detections, or by those of at least the "
    "confidence that the table names.",
    "area": "Range of areas of the truths that count.",
    "iou": "IoU from which a detection can match a truth.",
    "n_truth": "Number of truths that count.",
    "n_found": "Number of detections of the class.",
    "n_true": "Number of them that match a truth.",
    "n_false": "Number of them that match none, or one that is taken.",
    "n_ignored": "Number of them that do not count, such as those on crowds.",
}


def _class_words(count: int) -> str:
    return f"{count:,} class{'' if count == 1 else 'es'}"


@dataclass(frozen=True, eq=False, repr=False)
class DetectionReport(Report):
    """A `Report` on detections.

    Its parameters are those of `Report`.
    """

    evidence: DetectionEvidence = field(repr=False)

    def curve(self, label: str, iou: float) -> tuple[NDArray, NDArray]:
        """Return recall and precision after each counted detection of one class.

        Parameters
        ----------
        label : str
            Class.
        iou : float
            One of the thresholds.

        Returns
        -------
        recall, precision : ndarray, dtype=float64, shape (n,)

        Examples
        --------
        >>> from overlap.evaluate import detection
        >>> from overlap.io import sample_path
        >>> truth, found = sample_path("detection_truth"), sample_path("detection_found")
        >>> report = detection(truth=truth, found=found)
        >>> recall, precision = report.curve("car", 0.5)
        >>> len(recall), recall[-1].round(2).tolist(), precision[-1].round(2).tolist()
        (47, 0.92, 0.77)
        """
        return self.evidence.curve(label, iou)

    def operating_points(
        self, iou: float | None = None, confidence: float | None = None
    ) -> pd.DataFrame:
        r"""Return precision, recall and F1 of the detections that are confident enough.

        A detection is true if it matches a truth by the rules of the report. Of the detections of
        at least a confidence, precision is the share that is true, recall the share of the truths
        that they match, and

        .. math:: F_1 = \frac{2\,true}{2\,true + false + missed}.

        Parameters
        ----------
        iou : float, optional
            Threshold of a match, not below those of the report; by default 0.5, or the first of the
            report if 0.5 is none of them.
        confidence : float, optional
            Smallest confidence that counts; by default the one with the largest F1 of all classes
            together.

        Returns
        -------
        pandas.DataFrame
            One row for ``all classes`` together and one for each class, with ``n_truth``,
            ``confidence``, ``precision``, ``recall``, ``f1``, ``n_true``, ``n_false`` and
            ``n_missed``. ``best_confidence`` is the one with the largest F1 of the row, of equal
            ones the highest; ``best_precision``, ``best_recall`` and ``best_f1`` are the values
            there. NaN: nothing is there to divide by, or nothing is true.

        Raises
        ------
        ValueError
            Pairs were not measured down to this IoU.

        Examples
        --------
        >>> from overlap.evaluate import detection
        >>> from overlap.io import sample_path
        >>> truth, found = sample_path("detection_truth"), sample_path("detection_found")
        >>> report = detection(truth=truth, found=found)
        >>> points = report.operating_points()
        >>> points[["class", "confidence", "precision", "recall", "f1"]].round(2).head(3)
                 class  confidence  precision  recall    f1
        0  all classes        0.45       0.90    0.76  0.82
        1       person        0.45       0.93    0.74  0.83
        2          car        0.45       0.92    0.90  0.91
        """
        return frame(Diagnosis(self.evidence, iou).points.rows(confidence))

    def confusion(self, iou: float | None = None, confidence: float | None = None) -> Confusion:
        """Return the confusion matrix of truths and detections, with the background.

        First, detections of at least the confidence match truths of their class as in the report:
        these are the diagonal. What is left over is then matched across classes, the largest
        overlap first; of equal overlaps the more confident detection, then the first truth. What
        is still left is background: false detections in its row, missed truths in its column.
        Truths and detections that do not count, such as crowds, are not in the matrix.

        Parameters
        ----------
        iou, confidence : float, optional
            As in `operating_points`.

        Returns
        -------
        Confusion
            With ``table`` (pandas), ``counts`` (NumPy), ``rows()`` and ``plot(path)``.

        Examples
        --------
        >>> from overlap.evaluate import detection
        >>> from overlap.io import sample_path
        >>> truth, found = sample_path("detection_truth"), sample_path("detection_found")
        >>> report = detection(truth=truth, found=found)
        >>> print(report.confusion().table)
                    person  car  bus  truck  bicycle  background
        person          70    0    0      0        0          24
        car              0   35    0      0        0           4
        bus              0    0   12      0        0           2
        truck            0    0    2     16        0           8
        bicycle          0    0    0      0       12           5
        background       5    3    4      1        2           0
        """
        return Diagnosis(self.evidence, iou, confidence).confusion

    def errors(
        self, iou: float | None = None, background: float = 0.1, mode: str = "corrected"
    ) -> Errors:
        """Classify all errors, and say how much AP each kind costs.

        A false detection is one of: *location* (its IoU with a truth of its class is from
        `background` to `iou`), *class* (IoU of at least `iou` with a truth of another class),
        *duplicate* (the same with a truth of its class that a more confident one has taken),
        *background* (no IoU above `background`), *both* (the rest); the first that holds, in this
        order. A truth is *missed* if nothing matches it and no error of location or class does.

        The cost of a kind is what the mean AP gains if its errors alone are corrected: errors of
        class get the class of the truth and are true; errors of location are true; of several for
        one truth the most confident is, and those of a truth that is matched already are left out;
        duplicates and those of background and both are left out; missed truths are left out.

        Parameters
        ----------
        iou : float, optional
            As in `operating_points`.
        background : float
            IoU from which a detection is near a truth, above 0 and below `iou`.
        mode : {"corrected", "strict"}
            ``"strict"`` gives the numbers of the program tidecv to the last digits: its own AP of
            at most 100 detections an image, whose mean also has classes that are detected and
            have no truth (with 0, and without them once their errors are corrected); errors also
            among detections that are not counted; and equal confidences in another order after
            a correction. ``"corrected"`` has the AP of the report, and none of these.

        Returns
        -------
        Errors
            With ``counts``, ``costs``, ``table`` (pandas, by kind), ``each`` (pandas, one row for
            each error) and ``plot(path)``.

        Raises
        ------
        ValueError
            The protocol measures distances, or an IoU is out of range.

        Notes
        -----
        Kinds and costs are those of D. Bolya and others, "TIDE: A General Toolbox for Identifying
        Object Detection Errors", ECCV 2020.

        Examples
        --------
        >>> from overlap.evaluate import detection
        >>> from overlap.io import sample_path
        >>> truth, found = sample_path("detection_truth"), sample_path("detection_found")
        >>> report = detection(truth=truth, found=found)
        >>> report.errors().table.round(3).head(4)
               error   n   cost
        0      class   2  0.041
        1   location   1  0.000
        2       both   4  0.000
        3  duplicate  13  0.010
        """
        return errors_of(self.evidence, iou, background, mode)

    def worst(self, iou: float | None = None, confidence: float | None = None) -> pd.DataFrame:
        """Return the images with errors, those with most first.

        Parameters
        ----------
        iou, confidence : float, optional
            As in `operating_points`.

        Returns
        -------
        pandas.DataFrame
            Columns ``item``, ``n_errors`` (false and missed), ``n_false``, ``n_missed``, ``n_true``
            and ``n_truth``.

        Examples
        --------
        >>> from overlap.evaluate import detection
        >>> from overlap.io import sample_path
        >>> truth, found = sample_path("detection_truth"), sample_path("detection_found")
        >>> report = detection(truth=truth, found=found)
        >>> report.worst().head(2)
          item  n_errors  n_false  n_missed  n_true  n_truth
        0   25         6        1         5       4        9
        1    8         5        0         5       4        9
        """
        diagnosis = Diagnosis(self.evidence, iou, confidence)
        return frame(worst_rows(diagnosis.matched, diagnosis.least))

    def picture(
        self,
        path: str | Path | None = None,
        *,
        item: str | None = None,
        iou: float | None = None,
        confidence: float | None = None,
        images: str | os.PathLike[str] | None = None,
    ) -> Any:
        """Draw the outlines of the truths and detections of one image.

        Parameters
        ----------
        path : str or Path, optional
            File to write, all or nothing; the suffix is the format.
        item : str, optional
            Name of the image; by default the one with most errors.
        iou, confidence : float, optional
            As in `operating_points`.
        images : path, optional
            Folder of the images, to draw over them. Their files have the names that the truth
            says, or those of its items.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        ValueError
            There is no such image, none has an error, or regions do not lie on a plane.
        """
        from overlap.plot.detection import draw_outlines

        diagnosis = Diagnosis(self.evidence, iou, confidence)
        if item is None:
            rows = worst_rows(diagnosis.matched, diagnosis.least)
            if not rows:
                raise ValueError("no image has an error; give the name of one as item")
            item = rows[0]["item"]
        outlines = outlines_of(diagnosis.matched, diagnosis.least, item)
        behind = background_of(diagnosis.matched, item, images)
        return draw_outlines(outlines, path=path, **behind)

    def calibration(self, iou: float | None = None, bins: int = 10) -> Calibration:
        """Compare confidences with the share of detections that are true.

        Parameters
        ----------
        iou : float, optional
            As in `operating_points`.
        bins : int
            Number of bins of confidence, of equal width.

        Returns
        -------
        Calibration
            With ``error`` (the expected calibration error), ``table`` (pandas) and ``plot(path)``.

        Raises
        ------
        ValueError
            A confidence is not in [0, 1].

        Examples
        --------
        >>> from overlap.evaluate import detection
        >>> from overlap.io import sample_path
        >>> truth, found = sample_path("detection_truth"), sample_path("detection_found")
        >>> report = detection(truth=truth, found=found)
        >>> report.calibration(bins=4).table.round(2)
            low  high   n  confidence  true
        0  0.00  0.25  12        0.14  0.08
        1  0.25  0.50  50        0.41  0.38
        2  0.50  0.75  72        0.64  0.90
        3  0.75  1.00  69        0.86  0.97
        """
        return calibration_of(outcomes_at(self.evidence, iou), bins)

    def suspects(self, iou: float | None = None, confidence: float | None = None) -> pd.DataFrame:
        """Return detections that make one look at the truth again, the most confident first.

        They are errors of the kinds background and class (see `errors`): nothing is annotated where
        they are, or an object of another class.

        Parameters
        ----------
        iou, confidence : float, optional
            As in `operating_points`.

        Returns
        -------
        pandas.DataFrame
            Columns ``item``, ``suspicion``, ``found_label``, ``truth_label``, ``confidence``,
            ``found`` and ``truth`` (rows of the inputs, -1 for none).

        Examples
        --------
        >>> from overlap.evaluate import detection
        >>> from overlap.io import sample_path
        >>> truth, found = sample_path("detection_truth"), sample_path("detection_found")
        >>> report = detection(truth=truth, found=found)
        >>> report.suspects()[["item", "suspicion", "found_label", "truth_label"]].head(2)
          item                suspicion found_label truth_label
        0   33  another class annotated         bus       truck
        1   22  another class annotated         bus       truck
        """
        least = Diagnosis(self.evidence, iou, confidence).least
        return frame(suspect_rows(self.errors(iou), least))

    def headline(self) -> str:
        """Name the protocol and the first number."""
        name, value = self.items[0]
        return f"{self.settings['protocol']}: {name} {percent_text(value)} %"

    def kind(self) -> str:
        """Return what was done, and by which rules."""
        return f"Detection by the protocol {self.settings['protocol']}"

    def results(self) -> list[Result]:
        """Return the first numbers with what they count."""
        truth = self.settings["truth"]
        parts = self.evidence.truths_in_parts()
        images = f"in {number_of(truth['items'], 'image')}"
        return [
            Result(
                number.name,
                "undefined" if math.isnan(number.value) else f"{percent_text(number.value)} %",
                "; ".join(
                    filter(
                        None,
                        [
                            interval_text(number.interval, percent_text),
                            _class_words(number.n or 0),
                            f"{number_of(parts.get(number.name, truth['regions']), 'truth')} "
                            f"{images}",
                        ],
                    )
                ),
            )
            for number in self.numbers[:4]
        ]

    def sections(self) -> list[Section]:
        """Return the summary and the classes, the worst first."""
        return [self._summary("Summary, %"), self._classes()]

    def brief(self) -> list[Section]:
        """Return the summary and the inputs."""
        settings = self.settings
        truth, found = settings["truth"], settings["found"]
        flags = "".join(f", {count:,} {name}" for name, count in truth["flags"].items())
        facts = [
            ["protocol", settings["protocol"]],
            ["truth", f"{truth['regions']:,} {truth['kind']} in {truth['items']:,} images, "
                      f"{_class_words(len(settings['classes']))}{flags}"],
            ["found", f"{found['regions']:,} {found['kind']}"],
        ]  # fmt: skip
        return [self._summary(""), Section("", (), facts)]

    def pictures(self) -> list[Picture]:
        """Return the curves, and the classes."""
        from overlap.plot.figures import panel
        from overlap.plot.localization import draw_classes, draw_curves, shown_classes

        whole = WholeRange(self)
        values = ", ".join(f"{n.name} {percent_text(n.value)} %" for n in self.numbers[:3])
        first = threshold_names(self.settings["thresholds"])[0]
        word = self._word
        height = max(3.5, 1.2 + 0.22 * shown_classes(whole))
        return [
            Picture(
                "Precision against recall",
                partial(panel, partial(draw_curves, whole, measure=word), 4.3),
                f"Curves of precision, mean over classes, against recall: {values}.",
                "One line for each threshold. The further a line stays high, the better.",
            ),
            Picture(
                f"AP of each class at {first}",
                partial(panel, partial(draw_classes, whole), height),
                f"Bars of the AP of each class at the threshold {first}.",
                "In brackets: the number of truths.",
            ),
        ]

    def content(
        self,
        *,
        iou: float | None = None,
        confidence: float | None = None,
        worst: int = 4,
        images: str | os.PathLike[str] | None = None,
    ) -> list[Section | Picture]:
        """Return the tables and pictures of the page.

        Parameters
        ----------
        iou, confidence, worst, images
            As in `to_html`.
        """
        first, *tables = self.sections()
        diagnosis = Diagnosis(self.evidence, iou, confidence)
        return [first, *self.pictures(), *diagnosis.content(tables, worst, images)]

    def to_html(
        self,
        path: str | Path | None = None,
        *,
        iou: float | None = None,
        confidence: float | None = None,
        worst: int = 4,
        images: str | os.PathLike[str] | None = None,
    ) -> str:
        """Return the report as one HTML page with its pictures; with `path`, write it there.

        Parameters
        ----------
        path : str or Path, optional
        iou, confidence : float, optional
            At which errors are shown, as in `operating_points`.
        worst : int
            Number of the images with most errors that are drawn.
        images : path, optional
            Folder of the images, as in `picture`.

        Raises
        ------
        ImportError
            jinja2 is not installed.
        """
        shown = self.content(iou=iou, confidence=confidence, worst=worst, images=images)
        return self._page_of(shown, path)

    def terms(self) -> Mapping[str, str]:
        """Return definitions of the columns."""
        return {**_TERMS, **TERMS, **self._terms_of_numbers()}

    def _terms_of_numbers(self) -> dict[str, str]:
        """Return definitions of the numbers of the summary, by their names."""
        result = {}
        for interval in self.intervals[:1]:
            result[level_text(interval.level)] = (
                "Percentile bootstrap interval of the number, from draws of the images."
            )
        names = [number.name for number in self.numbers]
        names += [f"AP@{name}" for name in threshold_names(self.settings["thresholds"])]
        for name in dict.fromkeys(names):
            front, _, part = name.rstrip("]").partition("[")
            front, _, level = front.partition("@")
            if front in ("AP", "mAP") and level:
                result[name] = f"AP of detections that match at this {self._word}."
            elif front == "AR":
                of = "image" if self.evidence.protocol.limit == "item" else "image and class"
                result[name] = "Average recall: mean of the recall over classes and thresholds" + (
                    f", with at most {level} detections of an {of}." if level else "."
                )
            if part and front in ("AP", "mAP", "AR"):
                text = "Recall" if front == "AR" else "AP"
                result[name] = f"{text} of the truths in the part {part}, mean over classes."
        return result

    def draw(self, path: str | Path | None, ax: Any, **options: Any) -> Any:
        """Draw curves and classes."""
        from overlap.plot import draw_report

        return draw_report(WholeRange(self), path=path, ax=ax, measure=self._word, **options)

    @property
    def _word(self) -> str:
        """What thresholds are of."""
        return "distance" if self.evidence.protocol.distance else "IoU"

    def _summary(self, title: str) -> Section:
        columns, rows = ["", "value"], []
        level = level_text(self.intervals[0].level) if self.intervals else None
        columns += [level] if level else []
        moved = any(number.ties for number in self.numbers)
        columns += ["over orders of ties"] if moved else []
        for number in self.numbers:
            row = [number.name, percent_text(number.value)]
            ends = number.interval
            row += [span_text(ends.low, ends.high, percent_text) if ends else ""] if level else []
            low, high = number.ties or (None, None)
            row += [span_text(low, high, percent_text)] if moved else []
            rows.append(row)
        return Section(title, columns, rows, keys=1)

    def _classes(self) -> Section:
        rows = WholeRange(self).rows()
        lines: dict[str, list[dict[str, Any]]] = {}
        for row in rows:
            lines.setdefault(row["class"], []).append(row)
        names = threshold_names(self.settings["thresholds"])
        shown = [k for k, name in enumerate(names) if name in ("0.50", "0.75")] or [0]
        cells = []
        for label, line in lines.items():
            mean = sum(row["value"] for row in line) / len(line)
            recall = sum(row["recall"] for row in line) / len(line)
            cells.append((
                mean,
                [label, f"{line[0]['n_truth']:,}", f"{line[0]['n_found']:,}", percent_text(mean),
                 *(percent_text(line[k]["value"]) for k in shown), percent_text(recall)],
            ))  # fmt: skip
        cells.sort(key=lambda cell: (math.isnan(cell[0]), cell[0]))
        columns = ["class", "truths", "detections", "AP",
                   *(f"AP@{names[k]}" for k in shown), "recall"]  # fmt: skip
        return Section("Classes, %, the worst first", columns, [line for _, line in cells], keys=1)


@dataclass(frozen=True)
class WholeRange:
    """A report without ranges of areas and without classes that have no truth, for pictures.

    Parameters
    ----------
    report : DetectionReport
    """

    report: DetectionReport

    @property
    def settings(self) -> dict[str, Any]:
        """Settings of the report."""
        return self.report.settings

    def rows(self) -> list[dict[str, Any]]:
        """Return the rows of the first range of areas, which holds all."""
        rules = self.settings["rules"]
        whole = (rules["areas"] or rules["strata"])[:1]
        axis = self.report.evidence.axis  # pictures call every threshold iou
        return [
            {**row, "iou": row[axis]}
            for row in self.report.rows()
            if (not whole or row["area"] == whole[0][0]) and not math.isnan(row["value"])
        ]

    def summary_items(self) -> list[tuple[str, float]]:
        """Return the summary, in which the first number is called mAP."""
        items = self.report.summary_items()
        return [("mAP", items[0][1]), *items]

    def curve(self, label: str, iou: float) -> tuple[NDArray, NDArray]:
        """Return recall and precision of one class."""
        return self.report.curve(label, iou)
