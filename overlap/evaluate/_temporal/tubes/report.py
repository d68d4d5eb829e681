"""A report on tubes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from overlap.evaluate.number_texts import percent_text
from overlap.evaluate.page import Section

from ..report import ScoreReport

__all__ = ["TubeReport"]

_TERMS = {
    "m_tIoU": "Mean over queries of the IoU of the two time spans.",
    "m_vIoU": "Mean over queries of the sum of the box IoU over common frames, divided by the "
    "number of frames of either tube.",
}
_SHOWN = 10


@dataclass(frozen=True, eq=False, repr=False)
class TubeReport(ScoreReport):
    """A `ScoreReport` on boxes of frames, tubes, or tubes of queries.

    Its parameters are those of `Report`.
    """

    def kind(self) -> str:
        """Return what was scored, and the protocol."""
        what = {"boxes": "Boxes of frames", "tubes": "Tubes", "queries": "Tubes of queries"}
        return f"{what[self.settings['rules']['of']]} by {self.settings['protocol']}"

    def facts(self) -> Mapping[str, Any]:
        """Return rules and counts of the inputs, for the screen."""
        result = {"protocol": self.settings["protocol"]}
        for role in ("truth", "found"):
            counts = {key: x for key, x in self.settings[role].items() if isinstance(x, int)}
            result[role] = ", ".join(f"{count:,} {word}" for word, count in counts.items())
        return result

    def tables(self) -> list[Section]:
        """Return the AP of each class, or the worst queries."""
        rows = self.rows()
        if self.settings["rules"]["of"] == "queries":
            worst = sorted(rows, key=lambda row: row["vIoU"])[:_SHOWN]
            cells = [
                [row["query"], percent_text(row["tIoU"]), percent_text(row["vIoU"])]
                for row in worst
            ]
            return [Section("Worst queries", ("query", "tIoU %", "vIoU %"), cells, keys=1)]
        levels = self.settings["thresholds"]
        values = {(row["class"], row["iou"]): row["value"] for row in rows}
        truths = {row["class"]: row["n_truth"] for row in rows}
        cells = [
            [name, str(truths[name]), *(percent_text(values[name, x]) for x in levels)]
            for name in sorted(truths, key=lambda name: values[name, levels[0]])
        ]
        title = "Classes, AP in %, the worst first"
        columns = ("class", "truths", *(f"IoU {x:g}" for x in levels))
        return [Section(title, columns, cells, keys=1)]

    def terms(self) -> Mapping[str, str]:
        """Return definitions of the numbers."""
        means = {
            one.name: f"Mean over classes of the AP at IoU {one.where['iou']}."
            for one in self.numbers
            if "iou" in one.where and one.metric in ("frameAP", "v_map")
        }
        ranges = {
            one.name: "Mean over classes and over this range of IoU thresholds."
            for one in self.numbers
            if one.metric.startswith("v_map_")
        }
        shares = {
            one.name: f"Share of the queries with a vIoU above {one.where['iou']}."
            for one in self.numbers
            if one.metric == "vIoU"
        }
        used = {one.name for one in self.numbers}
        own = {name: text for name, text in _TERMS.items() if name in used}
        return {**means, **ranges, **own, **shares}
