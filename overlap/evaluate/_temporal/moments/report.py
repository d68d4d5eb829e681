"""Reports on moments and highlights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from overlap.evaluate.number_texts import percent_text
from overlap.evaluate.page import Result, Section

from ..report import ScoreReport

__all__ = ["HighlightReport", "MomentReport"]


@dataclass(frozen=True, eq=False, repr=False)
class MomentReport(ScoreReport):
    """A `Report` on windows of queries; its parameters are those of `Report`."""

    def kind(self) -> str:
        """Return what was scored."""
        return f"Moments by {self.settings['protocol']}"

    def terms(self) -> Mapping[str, str]:
        """Return definitions of the numbers."""
        return {
            "mIoU": "Mean over the queries of the temporal IoU of the first window.",
            **{
                number.name: f"Share of the queries of which one of the first {number.metric[1:]} "
                "windows matches a truth."
                for number in self.numbers
                if number.metric.startswith("R")
            },
        }

    def facts(self) -> Mapping[str, Any]:
        """Return rules and counts of the inputs."""
        return {"protocol": self.settings["protocol"]} | {
            role: f"{self.settings[role]['windows']:,} windows of "
            f"{self.settings[role]['queries']:,} queries"
            for role in ("truth", "found")
        }


_RANGES = {
    "full": "all truths",
    "short": "truths of up to 10 s",
    "middle": "truths of more than 10 s and up to 30 s",
    "long": "truths of more than 30 s and up to 150 s",
}
_FIRST = ("MR-full-mAP", "MR-full-R1@0.5", "HL-min-VeryGood-mAP", "HL-min-VeryGood-Hit1")
_LEVELS = {"Fair": 2, "Good": 3, "VeryGood": 4}


@dataclass(frozen=True, eq=False, repr=False)
class HighlightReport(MomentReport):
    """A `Report` on QVHighlights; its parameters are those of `Report`."""

    def printed(self) -> dict[str, dict[str, Any]]:
        """Return the numbers as the program writes them, in per cent with two decimals.

        Returns
        -------
        dict
            With the keys ``brief``, ``full``, ``long``, ``middle``, ``short`` and ``HL-min-Fair``
            to ``HL-min-VeryGood``, as far as the predictions have windows and scores of clips.
        """

        def text(value: float) -> float:
            return float(f"{100 * value:.2f}")

        result: dict[str, dict[str, Any]] = {
            "brief": {number.name: text(number.value) for number in self.numbers}
        }
        for row in self.table_rows:
            front, part, metric = row["metric"].rsplit("-", 2)
            key = str(row["iou"]) if row["iou"] is not None else "average"
            if front == "MR":
                result.setdefault(part, {}).setdefault(f"MR-{metric}", {})[key] = text(row["value"])
            else:
                result.setdefault(f"{front}-{part}", {})[f"HL-{metric}"] = text(row["value"])
        return result

    def results(self) -> list[Result]:
        """Return the numbers that papers compare."""
        first = [n for n in self.numbers if n.name in _FIRST]
        return [self.result_of(number) for number in first or self.numbers[:4]]

    def terms(self) -> Mapping[str, str]:
        """Return definitions of the numbers."""
        result = {}
        for number in self.numbers:
            front, part, metric = number.metric.rsplit("-", 2)
            if front == "MR" and metric == "mAP":
                said = f"Average precision of the windows, mean over queries; {_RANGES[part]}."
            elif front == "MR":
                said = "Share of the queries whose first window matches a truth."
            elif metric == "mAP":
                said = (
                    f"Average precision of the clips; highlights are rated {_LEVELS[part]} or more."
                )
            else:
                said = (
                    "Share of the queries whose clip of the highest score some rater gave "
                    f"{_LEVELS[part]} or more."
                )
            result[number.name] = said
        return result

    def tables(self) -> list[Section]:
        """Return the numbers of all ranges and thresholds."""
        rows = [row for row in self.table_rows if row["metric"].startswith("MR")]
        if not rows:
            return []
        levels = list(dict.fromkeys(row["iou"] for row in rows if row["iou"] is not None))
        lines: dict[str, dict[Any, str]] = {}
        for row in rows:
            lines.setdefault(row["metric"], {})[row["iou"]] = (
                "" if row["value"] != row["value"] else percent_text(row["value"])
            )
        cells = [
            [name, line.get(None, ""), *(line.get(level, "") for level in levels)]
            for name, line in lines.items()
        ]
        columns = ["", "mean", *(f"{level:g}" for level in levels)]
        return [Section("Moments by IoU threshold, in %", columns, cells, keys=1)]
