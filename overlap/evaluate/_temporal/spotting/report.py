"""A report on spotting: its tables and pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from overlap.evaluate.number_texts import percent_text
from overlap.evaluate.page import Picture, Section

from ..report import ScoreReport
from .evidence import SpottingEvidence

__all__ = ["SpottingReport"]

_SHOWN = 30  # classes in the picture


@dataclass(frozen=True, eq=False, repr=False)
class SpottingReport(ScoreReport):
    """A `Report` on spotting.

    Its parameters are those of `Report`. ``matches`` has one row for each prediction.
    """

    evidence: SpottingEvidence = field(repr=False)

    def facts(self) -> Mapping[str, Any]:
        """Return rules and counts of the inputs, for the screen."""
        truth, found = self.settings["truth"], self.settings["found"]
        return {
            "protocol": self.settings["protocol"],
            "truth": f"{truth['points']:,} points in {truth['videos']:,} videos, "
            f"{len(self.settings['classes'])} classes",
            "found": f"{found['points']:,} predictions",
        }

    def _classes(self) -> list[tuple[str, int, np.ndarray, float]]:
        """Return name, truths, AP at all tolerances and its average of each class, worst first."""
        values, totals = self.evidence.precisions(np.ones((1, len(self.evidence.items))))
        average = self.evidence.averaged(values)[0]
        rows = [
            (name, int(totals[0, k]), values[0, k], float(average[k]))
            for k, name in enumerate(self.evidence.classes)
        ]
        return sorted(rows, key=lambda row: row[3])

    def tables(self) -> list[Section]:
        """Return AP of each class at each tolerance, the worst class first."""
        names = self.evidence.protocol.tolerance_names()
        cells = [
            [name, str(count), *map(percent_text, values), percent_text(average)]
            for name, count, values, average in self._classes()
        ]
        columns = ["class", "truths", *names, "average"]
        return [
            Section("Classes, AP in %, the worst first", columns, cells,
                    note="One column for each tolerance.")
        ]  # fmt: skip

    def pictures(self) -> list[Picture]:
        """Return the average AP of each class."""
        from overlap.plot.figures import panel

        rows = self._classes()[:_SHOWN]
        if not rows:
            return []
        return [
            Picture(
                "AP of each class",
                partial(panel, partial(self.draw, None), 1.5 + 0.24 * len(rows)),
                f"Bars of the AP of classes ({len(rows)}), averaged over tolerances, from "
                f"{rows[0][0]} with {percent_text(rows[0][3])} % to {rows[-1][0]} with "
                f"{percent_text(rows[-1][3])} %.",
                "Average over the tolerances, the worst class first.",
            )
        ]

    def draw(self, path: Any, ax: Any, **options: Any) -> Any:
        """Draw the average AP of each class."""
        from overlap.plot.shares import draw_shares

        rows = self._classes()[:_SHOWN]
        shares = {"AP": [row[3] for row in rows]}
        return draw_shares(
            [row[0] for row in rows], shares, label="average AP, %", path=path, ax=ax, **options
        )

    def terms(self) -> Mapping[str, str]:
        """Return definitions of the columns."""
        return _TERMS | {
            number.name: f"Mean over classes of AP at a tolerance of "
            f"{number.name.partition('@')[2]}."
            for number in self.numbers
            if number.name.startswith("mAP@")
        }


_TERMS = {
    "a_mAP": "Average over the tolerances of the mean of AP over classes.",
    "a_mAP_visible": "The same of actions that are shown, with the predictions nearest to one.",
    "a_mAP_unshown": "The same of actions that are not shown, times 17/13 in SoccerNet; with the "
    "predictions nearest to one, and those in parts of videos without a truth of the class.",
    "class": "Label of the points.",
    "truths": "Number of annotated points of the class.",
    "average": "Average over the tolerances.",
    "value": "The number itself.",
    "tolerance": "How far a prediction may be from a truth; whether on each side or in all is the "
    "protocol's rule.",
    "metric": "AP: average precision, the area under the curve of precision against recall.",
    "n_truth": "Number of annotated points of the class.",
    "n_visible": "Number of them that are shown.",
    "n_unshown": "Number of them that are not shown.",
    "n_found": "Number of predictions of the class.",
    "n_true": "Number of them that hit a truth.",
}
