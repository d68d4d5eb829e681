"""A report on segments without confidences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from overlap.evaluate.number_texts import percent_text
from overlap.evaluate.page import Section

from ..near_pairs import NearReport

__all__ = ["SegmentsReport"]

_TERMS = {
    "F1": "2 x matched pairs / (truths + predictions).",
    "precision": "Share of the predictions that are matched.",
    "recall": "Share of the truths that are matched.",
    "mean_iou": "Mean temporal IoU of the matched pairs; undefined where there are none.",
    "macro F1": "Mean of the F1 of the classes of the truth.",
    "macro precision": "Mean of the precision of the classes of the truth; 0 where a class is "
    "never predicted.",
    "macro recall": "Mean of the recall of the classes of the truth.",
}


@dataclass(frozen=True, eq=False, repr=False)
class SegmentsReport(NearReport):
    """A `Report` on matched segments; its parameters are those of `Report`."""

    def kind(self) -> str:
        """Return what was scored."""
        return f"Segments without confidences by {self.settings['protocol']}"

    def terms(self) -> Mapping[str, str]:
        """Return definitions of the numbers."""
        named = {n.name: _TERMS[n.metric] for n in self.numbers if n.metric in _TERMS}
        return {**_TERMS, **named}

    def tables(self) -> list[Section]:
        """Return the classes, the worst first."""
        metrics = ("F1", "precision", "recall", "mean_iou")
        rows = sorted(self.rows(), key=lambda row: (row["iou"], row["F1"]))
        cells = [
            [
                row["class"],
                f"{row['iou']:g}",
                *("" if row[name] != row[name] else percent_text(row[name]) for name in metrics),
                *(f"{row[name]:,}" for name in ("matched", "n_truth", "n_found")),
            ]
            for row in rows
        ]
        columns = ["class", "IoU", *metrics, "matched", "truths", "predictions"]
        return [Section("Classes, in %, the worst first", columns, cells)]
