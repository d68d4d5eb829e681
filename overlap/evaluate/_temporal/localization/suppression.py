"""Predictions after suppression, and one report on several ways to suppress them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from overlap.evaluate.page import Picture, Section
from overlap.evaluate.thresholds import threshold_names
from overlap.io.printable import number_of, some
from overlap.io.segments import SegmentTable
from overlap.pairing.segment_suppression import SegmentNms, suppress_segments

from .report import TemporalReport
from .several_reports import SeveralReports, together

__all__ = ["Sweep", "suppressed", "swept"]


def suppressed(found: SegmentTable, truth: SegmentTable, rule: SegmentNms | None) -> SegmentTable:
    """Return predictions after suppression, the most confident of each video first.

    Parameters
    ----------
    found, truth : SegmentTable
        The truth has the durations of videos, for BMN.
    rule : SegmentNms or None
        None leaves the predictions as they are.

    Raises
    ------
    ValueError
        BMN's method lacks a duration, or times are datetimes.
    """
    if rule is None:
        return found
    if found.times is not None:
        raise ValueError(f"nms: {found.source} has datetimes; give seconds")
    duration = None
    if rule.method == "bmn":
        known = {
            video: float(seconds)
            for table in (found, truth)
            for video, seconds in zip(table.videos, table.duration, strict=True)
            if seconds > 0
        }
        lacking = [found.videos[k] for k in np.unique(found.video) if found.videos[k] not in known]
        if lacking:
            raise ValueError(
                f"nms: bmn needs the duration of each video, and neither {truth.source} nor "
                f"{found.source} has that of {some(lacking, 3)}; add "
                "durations to the truth, or take gaussian"
            )
        duration = np.array([known.get(video, 1.0) for video in found.videos])[found.video]
    assert found.confidence is not None
    kept = suppress_segments(
        found.start, found.stop, found.confidence, rule, video=found.video, label=found.label,
        duration=duration,
    )  # fmt: skip
    note = (
        f"{found.source}: {number_of(len(found) - len(kept), 'prediction')} of {len(found):,} "
        f"suppressed by {rule.text}"
    )
    return replace(
        found.select(kept.index), start=kept.start, stop=kept.stop, confidence=kept.confidence,
        notes=(*found.notes, note),
    )  # fmt: skip


@dataclass(frozen=True, eq=False, repr=False)
class Sweep(SeveralReports):
    """A `TemporalReport` with the numbers after several ways to suppress predictions.

    Its parameters are those of `Report`.
    """

    def kind(self) -> str:
        """Return what was done."""
        first = next(iter(self.evidence.reports.values()))
        return f"Temporal localization by {first.settings['protocol']} after suppression"

    def headline(self) -> str:
        """Return the best setting."""
        summary = dict(self.items)
        best = max(self.evidence.reports, key=lambda name: summary[f"{name} mAP"])
        return f"best mAP {100 * summary[f'{best} mAP']:.2f} % with {best}"

    def overview(self, title: str) -> Section:
        """Return one row for each setting.

        Parameters
        ----------
        title : str
        """
        summary, reports = dict(self.items), self.evidence.reports
        first = next(iter(reports.values()))
        metrics = [f"mAP@{x}" for x in threshold_names(first.settings["thresholds"])] + ["mAP"]
        rows = [
            [
                name,
                f"{report.settings['found']['segments']:,}",
                *(f"{100 * summary[f'{name} {metric}']:.2f}" for metric in metrics),
            ]
            for name, report in reports.items()
        ]
        columns = ["nms", "predictions", *(f"{metric} %" for metric in metrics)]
        return Section(title, columns, rows, keys=1)

    def sections(self) -> list[Section]:
        """Return one row for each setting, then the tables of each."""
        first, *others = super().sections()
        return [replace(first, title="All settings"), *others]

    def pictures(self) -> list[Picture]:
        """Return the numbers of every setting over the thresholds."""
        from overlap.plot.figures import panel
        from overlap.plot.localization import draw_protocols

        reports = self.evidence.reports
        means = ", ".join(f"{one.name} {one.value}" for one in self.results())
        return [
            Picture(
                "mAP by IoU threshold",
                partial(panel, lambda ax: draw_protocols(reports, ax=ax)),  # type: ignore[arg-type]
                f"A line of mAP over the IoU threshold for each setting: {means}.",
                "One line for each way to suppress predictions.",
            )
        ]


def swept(reports: Mapping[str, TemporalReport]) -> Sweep:
    """Put the reports of several settings together.

    Parameters
    ----------
    reports : mapping from str to TemporalReport
        By the text of the setting.
    """
    whole = together(reports)
    first = next(iter(reports.values()))
    shared = ("protocol", "rules", "thresholds", "subset", "ties", "classes")
    settings = {**whole.settings, **{name: first.settings[name] for name in shared},
                "nms": list(reports)}  # fmt: skip
    return Sweep(whole.numbers, whole.table_rows, settings, whole.sentence, whole.evidence)
