"""Reports on the recall of the best predictions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from overlap.evaluate.number_texts import percent_text
from overlap.evaluate.page import Picture, Section

from ..near_pairs import NearReport

__all__ = ["KxReport", "ProposalReport"]


@dataclass(frozen=True, eq=False, repr=False)
class ProposalReport(NearReport):
    """A `Report` on proposals; its parameters are those of `Report`."""

    def kind(self) -> str:
        """Return what was scored."""
        return f"Temporal proposals by {self.settings['protocol']}"

    def terms(self) -> Mapping[str, str]:
        """Return definitions of the numbers."""
        shown = {
            number.name: f"Average recall where videos have {number.name[3:]} proposals on average."
            for number in self.numbers
            if number.name.startswith("AR@")
        }
        return {
            "AUC": "Area below the average recall over the average number of proposals per video, "
            "from the first point on, divided by the largest number.",
            "AR": "Recall, mean over the IoU thresholds.",
            "proposals": "Average number of proposals per video.",
            **shown,
        }

    def pictures(self) -> list[Picture]:
        """Return the curve of recall over the number of proposals."""
        from overlap.plot.figures import panel
        from overlap.plot.lines import draw_lines

        rows = self.rows()
        lines = {
            name: ([row["proposals"] for row in rows], [row[name] for row in rows])
            for name in rows[0]
            if name != "proposals"
        }
        said = ", ".join(f"{n.name} {percent_text(n.value)} %" for n in self.numbers)
        return [
            Picture(
                "Recall by number of proposals",
                partial(
                    panel,
                    partial(draw_lines, lines, strong=("AR",), x="proposals per video", y="recall"),
                ),
                f"Lines of the recall over the average number of proposals per video: {said}.",
                "Strong: AR, the mean over the IoU thresholds. Faint: each threshold, the lowest "
                "on top.",
            )
        ]


@dataclass(frozen=True, eq=False, repr=False)
class KxReport(NearReport):
    """A `Report` on the recall at k times the truths; its parameters are those of `Report`."""

    def kind(self) -> str:
        """Return what was scored."""
        return f"Temporal recall by {self.settings['protocol']}"

    def terms(self) -> Mapping[str, str]:
        """Return definitions of the numbers."""
        return {
            "truths": "Truths of the class.",
            **{
                number.name: "Share of the truths that one of the best "
                f"{number.metric[7:-1]} predictions for each truth of the video and class finds."
                for number in self.numbers
            },
        }

    def tables(self) -> list[Section]:
        """Return the classes, the worst first."""
        rows = self.rows()
        heads = dict.fromkeys((row["iou"], row["k"]) for row in rows)
        lines: dict[str, list[dict[str, Any]]] = {}
        for row in rows:
            lines.setdefault(row["class"], []).append(row)
        cells = [
            [name, f"{line[0]['n_truth']:,}", *(percent_text(row["recall"]) for row in line)]
            for name, line in sorted(
                lines.items(), key=lambda entry: sum(row["recall"] for row in entry[1])
            )
        ]
        columns = ["class", "truths", *(f"@{k}x@{iou:g}" for iou, k in heads)]
        return [Section("Recall of classes, in %, the worst first", columns, cells)]
