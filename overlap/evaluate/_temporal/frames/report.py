"""A report on action segmentation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from overlap.evaluate._temporal.report import ScoreReport
from overlap.evaluate.number_texts import percent_text
from overlap.evaluate.page import Picture, Section
from overlap.io.printable import number_of

from .evidence import FrameEvidence, f1_name

__all__ = ["FrameReport"]

_SHOWN = 4  # videos whose segments are drawn
_LISTED = 20  # videos in the table


@dataclass(frozen=True, eq=False, repr=False)
class FrameReport(ScoreReport):
    """A `Report` on action segmentation, with the segments of every video.

    Its parameters are those of `Report`.
    """

    evidence: FrameEvidence = field(repr=False)

    def facts(self) -> Mapping[str, Any]:
        """Return facts of rules and inputs, for the screen."""
        truth, rules = self.settings["truth"], self.settings["rules"]
        return {
            "protocol": self.settings["protocol"],
            "truth": f"{number_of(truth['frames'], 'frame')} in "
            f"{number_of(truth['videos'], 'video')}, "
            f"{len(truth['labels'])} labels",
            "background": ", ".join(rules["background"]) or "none",
        }

    def worst(self) -> list[str]:
        """Return the names of all videos, the one with the least F1 at the last threshold first."""
        columns = self.evidence.counted
        name = f1_name(self.evidence.thresholds[-1])
        order = np.lexsort((columns["accuracy"], np.nan_to_num(columns[name], nan=1.0)))
        return [self.evidence.items[k] for k in order]

    def tables(self) -> list[Section]:
        """Return the classes, and the worst videos."""
        names = [f1_name(x) for x in self.evidence.thresholds]
        classes = [
            [
                row["class"],
                f"{row['frames']:,}",
                *(percent_text(row[key]) for key in ("recall", "precision", "iou")),
                str(row["n_truth"]),
                str(row["n_found"]),
                *(_or_empty(row[name]) for name in names),
            ]
            for row in sorted(self.rows(), key=lambda row: _last(row["iou"]))
        ]
        columns = self.evidence.counted
        place = {video: k for k, video in enumerate(self.evidence.items)}
        worst = self.worst()
        videos = [
            [
                video,
                f"{columns['frames'][place[video]]:,}",
                percent_text(columns["accuracy"][place[video]]),
                percent_text(columns["edit"][place[video]]),
                *(percent_text(columns[name][place[video]]) for name in names),
            ]
            for video in worst[:_LISTED]
        ]
        note = f"The first {_LISTED} of {len(worst):,}." if len(worst) > _LISTED else ""
        return [
            Section(
                "Classes, %, the least IoU of frames first",
                ["class", "frames", "recall", "precision", "iou", "n_truth", "n_found", *names],
                classes,
            ),
            Section(
                f"Videos, %, the least {names[-1]} first",
                ["video", "frames", "accuracy", "edit", *names],
                videos,
                note=note,
            ),
        ]

    def pictures(self) -> list[Picture]:
        """Return the segments of the worst videos."""
        from overlap.plot.figures import panel
        from overlap.plot.stripes import draw_stripes

        shown = self.worst()[:_SHOWN]
        stripes = []
        for video in shown:
            part = self.evidence.parts[video]
            for side, runs in (("truth", part.truth), ("found", part.found)):
                spans = [
                    (int(a), int(b), part.labels[k])
                    for k, a, b in zip(runs.label, runs.start, runs.stop, strict=True)
                ]
                stripes.append((video, side, spans))
        rules = self.settings["rules"]
        return [
            Picture(
                f"Segments of the {'video' if len(shown) == 1 else 'worst videos'}",
                partial(
                    panel,
                    partial(draw_stripes, stripes, blank=rules["background"]),
                    1.6 + 0.62 * len(shown),
                ),
                f"Stripes of the segments of {', '.join(shown)}, truth above predictions.",
                "Each pair of stripes is a video: above the truth, below the predictions, from the "
                "first frame to the last. A colour is a label; background is left white.",
            ),
        ]

    def terms(self) -> Mapping[str, str]:
        """Return definitions of the columns."""
        return _TERMS | {
            f1_name(x): "F1 of segments: a predicted segment is right if its IoU with a truth of "
            f"its label is at least {x:g} and no earlier one was right with that truth."
            for x in self.evidence.thresholds
        }


def _or_empty(value: float) -> str:
    return "" if value != value else percent_text(value)


def _last(value: float) -> float:
    return 2.0 if value != value else value


_TERMS = {
    "accuracy": "Part of the frames of the truth, of all videos together, whose label is right.",
    "edit": "1 - edit distance of the labels of the segments / number of segments of the side with "
    "more; mean over videos. Lengths do not count.",
    "value": "The number itself.",
    "class": "Label.",
    "frames": "Number of frames of the truth.",
    "recall": "Part of the frames of the label in the truth that are right.",
    "precision": "Part of the frames predicted as the label that are right.",
    "iou": "Right frames of the label over all that have it in the truth or the predictions.",
    "n_truth": "Number of segments of the truth.",
    "n_found": "Number of predicted segments.",
}
