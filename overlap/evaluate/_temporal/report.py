"""A report of numbers of temporal scoring that are not ranked localization."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from overlap.evaluate.number_texts import interval_text, level_text, percent_text, span_text
from overlap.evaluate.numbers import Number
from overlap.evaluate.page import Picture, Result, Section
from overlap.evaluate.report import Report

__all__ = ["ScoreReport", "written"]

_MAIN = 4  # numbers in large type


def written(value: float, number: Number) -> str:
    """Write a value of a number: fractions in per cent, others with four digits or more.

    The unit ``"ratio"`` is for fractions that can exceed 1 and are written in per cent too.

    Parameters
    ----------
    value : float
    number : Number
    """
    if math.isnan(value):
        return "undefined"
    if number.range.bounded or number.unit == "ratio":
        return f"{percent_text(value)} %"
    text = f"{value:,.1f}" if abs(value) >= 1000.0 else f"{value:.4g}"
    return text + (f" {number.unit}" if number.unit != "1" else "")


@dataclass(frozen=True, eq=False, repr=False)
class ScoreReport(Report):
    """A `Report` on temporal scoring; families derive from it to say more.

    Its parameters are those of `Report`.
    """

    def headline(self) -> str:
        """Name the protocol and the first number."""
        first = self.numbers[0]
        return f"{self.settings['protocol']}: {first.name} {written(first.value, first)}"

    def kind(self) -> str:
        """Return the kind of evaluation, and the protocol."""
        return f"{self.settings['evaluation'].capitalize()} by {self.settings['protocol']}"

    def results(self) -> list[Result]:
        """Return the first numbers, with their intervals."""
        return [self.result_of(number) for number in self.numbers[:_MAIN]]

    def result_of(self, number: Number) -> Result:
        """Return a number in large type, with its interval.

        Parameters
        ----------
        number : Number
        """
        interval = interval_text(number.interval, partial(written, number=number))
        return Result(number.name, written(number.value, number), interval)

    def sections(self) -> list[Section]:
        """Return the numbers with their intervals, then the rows."""
        return [self._summary("Summary"), *self.tables()]

    def tables(self) -> list[Section]:
        """Return the tables below the summary."""
        return []

    def brief(self) -> list[Section]:
        """Return the numbers, and facts of the inputs."""
        facts = [[name, str(value)] for name, value in self.facts().items()]
        return [self._summary(""), Section("", (), facts)]

    def facts(self) -> Mapping[str, Any]:
        """Return facts of rules and inputs, for the screen."""
        return {"protocol": self.settings["protocol"]}

    def pictures(self) -> list[Picture]:
        """Return the pictures of the page."""
        from overlap.plot.figures import panel

        said = ", ".join(
            f"{number.name} {written(number.value, number)}" for number in self.numbers
        )
        height = 1.0 + 0.3 * len(self.numbers)
        drawn = partial(panel, partial(self.draw, None), height)
        note = "Lines are the intervals." if self.intervals else ""
        return [Picture("Numbers", drawn, f"Points of the numbers: {said}.", note)]

    def draw(self, path: str | Path | None, ax: Any, **options: Any) -> Any:
        """Draw the numbers."""
        return super().draw(path, ax, **options)

    def _summary(self, title: str) -> Section:
        columns, rows = ["", "value"], []
        if self.intervals:
            columns.append(level_text(self.intervals[0].level))
        for number in self.numbers:
            row = [number.name, written(number.value, number)]
            if self.intervals:
                ends = number.interval
                row.append(
                    span_text(ends.low, ends.high, partial(written, number=number)) if ends else ""
                )
            rows.append(row)
        return Section(title, columns, rows, keys=1)
