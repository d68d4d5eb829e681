"""One report on detections with the numbers of every protocol that the input allows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from overlap.evaluate.number_texts import interval_text, percent_text
from overlap.evaluate.page import Picture, Result, Section
from overlap.evaluate.several_reports import SeveralProtocols
from overlap.evaluate.several_reports import SeveralReports as Several
from overlap.evaluate.several_reports import together as put_together
from overlap.io.detections import Detections
from overlap.regions.upright.upright import UprightBoxes

from .inputs import of_protocol
from .measure import plane_boxes
from .protocol import DetectionProtocol
from .report import DetectionReport, WholeRange
from .strata import lacking_sizes

__all__ = ["SeveralReports", "refusal", "together"]

_SHARED = ("item", "label", "confidence")
#: Numbers of the overview, by the names that protocols have for them.
_COLUMNS = {
    "mean AP": ("AP", "mAP"),
    "AP@0.50": ("AP50", "mAP@0.50"),
    "AP@0.75": ("AP75", "mAP@0.75"),
    "F1@0.50": ("F1@0.50",),
}


def refusal(protocol: DetectionProtocol, both: Mapping[str, Detections]) -> str | None:
    """Say why an input does not allow a protocol; None if it does.

    Parameters
    ----------
    protocol : DetectionProtocol
    both : mapping of Detections
        ``truth`` and ``found``, as `overlap.evaluate._detection.inputs.read_inputs` returns them.
    """
    truth, found = both["truth"], both["found"]
    sides = truth.regions, found.regions
    if protocol.ranks and found.confidence is None:
        return "detections have no confidences"
    if protocol.federated and "unjudged" not in found.flags:
        return "the truth does not say which classes were looked for in each image"
    if protocol.measure == "pixel_iou" and not plane_boxes(*sides):
        return "pixels are counted of boxes in images"
    if protocol.distance and not all(isinstance(side, UprightBoxes) for side in sides):
        return "distances in meters are measured between boxes in space"
    for part in protocol.strata:
        for table, ranges in ((truth, part.truth), (found, part.found)):
            lacking = lacking_sizes(table, ranges)
            if lacking:
                return f"regions have no {lacking[0]}"
    if protocol.classes and not of_protocol(both, protocol)["truth"].label.max(initial=-1) >= 0:
        return f"the truth has none of its classes {', '.join(protocol.classes)}"
    return None


@dataclass(frozen=True, eq=False, repr=False)
class SeveralReports(Several, DetectionReport):
    """A `DetectionReport` with the numbers of several protocols.

    Its parameters are those of `Report`.
    """

    evidence: SeveralProtocols = field(repr=False)  # type: ignore[assignment]

    def kind(self) -> str:
        """Return what was done."""
        return "Detection by every protocol"

    def results(self) -> list[Result]:
        """Return the first number of every protocol."""
        return [
            Result(
                f"{name} {report.numbers[0].name}",
                f"{percent_text(report.numbers[0].value)} %",
                interval_text(report.numbers[0].interval, percent_text),
            )
            for name, report in self.evidence.reports.items()
        ]

    def headline(self) -> str:
        """Return the first number of every protocol."""
        return ", ".join(f"{result.name} {result.value}" for result in self.results())

    def brief(self) -> list[Section]:
        """Return the main numbers of every protocol, and the inputs."""
        first: Any = next(iter(self.evidence.reports.values()))
        facts = first.brief()[-1]
        return [self.overview(""), replace(facts, rows=facts.rows[1:])]  # without the protocol

    def overview(self, title: str) -> Section:
        """Return the main numbers of all protocols in one table."""
        rows = []
        for name, report in self.evidence.reports.items():
            known = dict(report.items)
            there = [next((x for x in names if x in known), None) for names in _COLUMNS.values()]
            cells = ["" if one is None else percent_text(known[one]) for one in there]
            others = "" if any(there) else ", ".join(
                f"{x.name} {percent_text(x.value)}" for x in report.numbers
            )  # fmt: skip
            rows.append([name, *cells, others])
        used = [k for k in range(len(_COLUMNS) + 2) if any(row[k] for row in rows)]
        columns = ["protocol", *(f"{name} %" for name in _COLUMNS), "others, %"]
        note = (
            "Protocols differ in their thresholds, and in rules where they share one; overlap "
            "explain walks from one to another."
        )
        lines = [[row[k] for k in used] for row in rows]
        return Section(title, [columns[k] for k in used], lines, keys=1, note=note)

    def content(self, **options: Any) -> list[Section | Picture]:
        """Return the tables and pictures of the page: numbers of all, then the tables of each.

        Parameters
        ----------
        **options
            Not used: errors are shown by the report of one protocol.
        """
        first, *tables = self.sections()
        return [first, *self.pictures(), *tables]

    def pictures(self) -> list[Picture]:
        """Return the AP of every protocol over the IoU thresholds."""
        from overlap.plot.figures import panel
        from overlap.plot.localization import draw_protocols

        reports = self._curved()
        if not reports:
            return []
        return [
            Picture(
                "AP by IoU threshold",
                partial(panel, lambda ax: draw_protocols(reports, ax=ax)),
                f"A line of AP over the IoU threshold for each protocol: {self.headline()}.",
                "Mean over classes. Protocols with one threshold are a point.",
            )
        ]

    def terms(self) -> Mapping[str, str]:
        """Return definitions of the columns and numbers of all protocols."""
        every = [report.terms() for report in self.evidence.reports.values()]
        mean = {"mean AP": "Mean of the AP over classes and the thresholds of the protocol."}
        return {word: text for terms in (*every[::-1], mean) for word, text in terms.items()}

    def draw(self, path: str | Path | None, ax: Any, **options: Any) -> Any:
        """Draw the AP of every protocol over the IoU thresholds."""
        from overlap.plot.localization import draw_protocols

        reports = self._curved()
        if not reports:
            raise ValueError("no protocol has an AP at thresholds of the IoU; nothing to draw")
        return draw_protocols(reports, path=path, ax=ax, **options)

    def _curved(self) -> dict[str, Any]:
        """Return the reports that have an AP over all classes at thresholds of the IoU."""
        kept = {}
        for name, report in self.evidence.reports.items():
            protocol = report.evidence.protocol  # type: ignore[attr-defined]
            if not protocol.distance and protocol.summary in ("coco", "map"):
                kept[name] = WholeRange(report)  # type: ignore[arg-type]
        return kept


def together(reports: Mapping[str, DetectionReport], left_out: Mapping[str, str]) -> SeveralReports:
    """Put reports on one input together.

    Parameters
    ----------
    reports : mapping from str to DetectionReport
        By the name that stands before their numbers.
    left_out : mapping from str to str
        Protocols that the input does not allow, with the reason.
    """
    notes = [f"{name} is left out: {reason}" for name, reason in left_out.items()]
    result: SeveralReports = put_together(reports, SeveralReports, _SHARED, notes)
    return result
