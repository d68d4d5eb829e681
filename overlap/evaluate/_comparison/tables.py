"""Tables of a comparison, for the page and the screen."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from overlap.evaluate.number_texts import level_text, percent_text, short_text, span_text
from overlap.evaluate.page import Section

__all__ = ["TERMS", "ComparisonTables", "share_words"]

_OTHER_WAY = "the other way"
_ZEROS = {"wilcox": "left out", "pratt": "ranked, then left out", "zsplit": "split"}

TERMS = {
    "rank": "Place by the number; equal ones share the better place.",
    "best in": "Share of the bootstrap draws in which the report is the best.",
    "by cases": "Place by the mean of the places that the report takes in each case.",
    "mean rank": "Mean of the places that the report takes in each case.",
    "difference": "Number of the better report minus that of the worse.",
    "better in": "Share of the bootstrap draws in which the difference has the same sign.",
    "p": "Probability of ranks that differ so much, or more, if both reports were equally good: "
    "two-sided signed-rank test of the differences of cases.",
    "Holm": "p, corrected by Holm's method for the number of pairs.",
    "significant": "Whether the corrected p is below 1 minus the confidence level, and whom the "
    "ranks favor.",
    "report": "Name of the report.",
    "pair": "The better report first; = stands between equal ones.",
}


@dataclass(frozen=True)
class ComparisonTables:
    """Words and tables of a comparison.

    Attributes
    ----------
    metric : str
    settings : mapping
    table, pairs, labels, stability, agreement : sequence of mapping
        Rows of the comparison.
    by_cases : bool
        Whether reports have numbers per case.
    """

    metric: str
    settings: Mapping[str, Any]
    table: Sequence[Mapping[str, Any]]
    pairs: Sequence[Mapping[str, Any]]
    labels: Sequence[Mapping[str, Any]]
    stability: Sequence[Mapping[str, Any]]
    agreement: Sequence[Mapping[str, Any]]
    by_cases: bool

    @property
    def percent(self) -> bool:
        """Whether numbers are shares, which are shown in per cent."""
        return self.settings.get("unit", "") in ("", "1")

    @property
    def unit(self) -> str:
        """Unit of the numbers as they are shown."""
        return "%" if self.percent else str(self.settings["unit"])

    @property
    def level(self) -> str:
        """Head of the column of intervals."""
        return level_text(self.settings["confidence_level"])

    @property
    def names(self) -> list[str]:
        """Names of the reports, the best first."""
        return [row["name"] for row in self.table]

    @property
    def tested(self) -> bool:
        """Whether there is a test of differences."""
        return "p_holm" in self.pairs[0]

    def number(self, value: float) -> str:
        """Write a number.

        Parameters
        ----------
        value : float
        """
        if self.percent:
            return percent_text(value, "undefined")
        return "undefined" if math.isnan(value) else short_text(value)

    def span(self, row: Mapping[str, Any]) -> str:
        """Write the interval of a row.

        Parameters
        ----------
        row : mapping
            With low and high.
        """
        return span_text(row["low"], row["high"], self.number) or "unknown"

    def ranking(self) -> Section:
        """Return one row per report, the best first."""
        rows = []
        for row in self.table:
            cells = [row["name"], str(row["rank"]), self.number(row[self.metric]), self.span(row)]
            cells.append(share_words(row["best_in"]))
            if self.by_cases:
                rank = row["case_rank"]
                cells += [str(row["rank_by_cases"]), "" if math.isnan(rank) else f"{rank:.2f}"]
            rows.append(cells)
        columns = ["report", "rank", f"{self.metric} {self.unit}", self.level, "best in"]
        columns += ["by cases", "mean rank"] * self.by_cases
        return Section("Ranking", columns, rows, keys=1)

    def of_labels(self) -> Section:
        """Return one row per label, one column per report, with its rank in brackets."""
        cells = {
            (row["label"], row["name"]): f"{self.number(row[self.metric])} ({row['rank']})"
            for row in self.labels
        }
        rows = [
            [label, *(cells[label, name] for name in self.names)]
            for label in dict.fromkeys(label for label, _ in cells)
        ]
        note = f"{self.metric} {self.unit} of each label, with the rank in brackets."
        return Section("Labels", ["label", *self.names], rows, keys=1, note=note)

    def ranks(self) -> Section:
        """Return one row per report: the share of draws in which it has each rank."""
        shares = {
            (row["name"], row["rank"]): row["share"]
            for row in self.stability
            if row["by"] == "values"
        }
        places = range(1, len(self.names) + 1)
        rows = [
            [name, *(share_words(shares[name, place], zero="") for place in places)]
            for name in self.names
        ]
        columns = ["rank in draws", *(f"{place}." for place in places)]
        return Section("Ranks in draws", columns, rows, keys=1, note=self.tau())

    def tau(self) -> str:
        """Return how much the rankings of draws agree with the full one, of three or more."""
        agreement = self.agreement[0]
        if len(self.names) < 3 or math.isnan(agreement["tau"]):
            return ""
        return (
            f"Kendall's tau of draws {agreement['tau']:.2f} ({agreement['low']:.2f} to "
            f"{agreement['high']:.2f}), same ranking in "
            f"{share_words(agreement['same_ranking_in'])}"
        )

    def differences(self) -> Section:
        """Return one row per pair of reports."""
        rows = []
        for row in self.pairs:
            sign = "=" if row["difference"] == 0 else ">"
            cells = [f"{row['better']} {sign} {row['worse']}", self.number(row["difference"])]
            cells += [self.span(row), share_words(row["better_in"])]
            if self.tested:
                cells += [_p(row["p"]), _p(row["p_holm"]), _significance(row)]
            rows.append(cells)
        columns = ["pair", f"difference, {'points' if self.percent else self.unit}", self.level]
        columns += ["better in", *["p", "Holm", "significant"] * self.tested]
        return Section("Differences", columns, rows, keys=1)

    def facts(self) -> list[str]:
        """Return how numbers and tests were made."""
        settings = self.settings
        facts = [
            f"{settings['method']}, {settings['resamples']:,} resamples of "
            f"{settings['items']:,}; intervals: {settings['intervals']}"
        ]
        if self.tested:
            alpha = 1 - settings["confidence_level"]
            zeros = _ZEROS[settings["zero_method"]]
            facts.append(
                f"{settings['test']}, zeros {zeros}; Holm over the pairs; significant at "
                f"{alpha:.2g}"
            )
            if any(_significance(row) == _OTHER_WAY for row in self.pairs):
                facts.append(f"{_OTHER_WAY}: most cases favor the one behind in the mean")
        return facts


def _significance(row: Mapping[str, Any]) -> str:
    if not row["significant"]:
        return "no"
    return "yes" if row["favors"] == row["better"] else _OTHER_WAY


def share_words(value: float, zero: str = "0 %") -> str:
    """Write a share in per cent without digits; only exact shares are written as 0 or 100 %.

    Parameters
    ----------
    value : float
    zero : str
        Text of exactly 0.

    Examples
    --------
    >>> share_words(0.999), share_words(1.0), share_words(0.001)
    ('>99 %', '100 %', '<1 %')
    """
    if value in (0.0, 1.0):
        return zero if value == 0.0 else "100 %"
    percent = min(max(100 * value, 1.0), 99.0)
    return f"{'<' * (100 * value < 1)}{'>' * (100 * value > 99)}{percent:.0f} %"


def _p(value: float) -> str:
    return "" if math.isnan(value) else "<0.001" if value < 0.001 else f"{value:.3f}"
