"""Comparison of reports on the same items: ranks, paired differences, tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap._common.frames import frame
from overlap._common.values import ByValue
from overlap.evaluate.bootstrap import Seed, checked_draws, draw_weights
from overlap.evaluate.contract import agreed, contract_of, same_kind
from overlap.evaluate.page import Page, Picture, Result, Section
from overlap.evaluate.report import Report, csv_text, json_text, plain
from overlap.io import write_text

from .case_scores import AGGREGATES, CaseScores
from .case_table import StoredReport, case_names, case_table, has_cases, renamed
from .contest import Contest
from .significance import ZERO_METHODS
from .tables import TERMS, ComparisonTables, share_words

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Comparison", "compare"]

_INTERVALS = "studentised; of differences Student's t"


@dataclass(frozen=True, eq=False)
class Comparison(ByValue):
    """Reports ranked by one number, with paired intervals and tests.

    Attributes
    ----------
    metric : str
        The number compared.
    table_rows : tuple of dict
        One row per report, best first.
    pair_rows : tuple of dict
        One row per pair of reports, the better one first.
    settings : dict
        How it was done.
    label_rows, label_pair_rows : tuple of dict
        The same for each label apart, where there are several.
    stability_rows : tuple of dict
        Share of draws in which each report has each rank.
    agreement_rows : tuple of dict
        Kendall's tau between the rankings of draws and the full one.
    scores : CaseScores, optional
        The numbers per case, for pictures; None where there are none.
    """

    metric: str
    table_rows: tuple[dict[str, Any], ...]
    pair_rows: tuple[dict[str, Any], ...]
    settings: dict[str, Any]
    label_rows: tuple[dict[str, Any], ...] = ()
    label_pair_rows: tuple[dict[str, Any], ...] = ()
    stability_rows: tuple[dict[str, Any], ...] = ()
    agreement_rows: tuple[dict[str, Any], ...] = ()
    scores: CaseScores | None = None

    @cached_property
    def table(self) -> pd.DataFrame:
        """Rank, name, number, its interval, and in what share of draws it is the best.

        Of numbers per case also ``rank_by_cases`` and ``case_rank``, the rank by and the mean
        (or median) of the ranks in each case, and ``defined``, the count of values used.
        """
        return frame(list(self.table_rows))

    @cached_property
    def pairs(self) -> pd.DataFrame:
        """Difference of each pair, its interval, and in what share of draws it has this sign.

        With a test also the median difference of cases, the number of ``pairs`` and of
        ``zeros`` among them, ``p``, ``p_holm``, whom the signed ranks favor, and whether that
        is significant.
        """
        return frame(list(self.pair_rows))

    @cached_property
    def labels(self) -> pd.DataFrame:
        """The table of each label."""
        return frame(list(self.label_rows))

    @cached_property
    def label_pairs(self) -> pd.DataFrame:
        """The pairs of each label, their p-values corrected for the pairs of that label."""
        return frame(list(self.label_pair_rows))

    @cached_property
    def stability(self) -> pd.DataFrame:
        """Columns ``by`` ("values" or "ranks"), ``name``, ``rank``, ``share``."""
        return frame(list(self.stability_rows))

    def beats(self, label: str | None = None) -> pd.DataFrame:
        """Who is significantly better than whom.

        Parameters
        ----------
        label : str, optional
            One label; by default all together.

        Returns
        -------
        pandas.DataFrame, dtype=bool
            Rows beat columns, both in the order of the table.

        Raises
        ------
        ValueError
            No test was made, or there is no such label.
        """
        import pandas as pd

        names = [row["name"] for row in self.table_rows]
        rows = list(self.pair_rows)
        if label is not None:
            rows = [row for row in self.label_pair_rows if row["label"] == label]
            if not rows:
                raise ValueError(f"beats: there are no pairs of a label {label!r}")
        if "significant" not in rows[0]:
            raise ValueError("beats: no test was made in this comparison")
        result = pd.DataFrame(False, index=names, columns=names)
        for row in rows:
            if row["significant"]:
                loser = row["worse"] if row["favors"] == row["better"] else row["better"]
                result.loc[row["favors"], loser] = True
        return result

    def rows(self) -> list[dict[str, Any]]:
        """Return the rows of the table."""
        return [dict(row) for row in self.table_rows]

    def to_dict(self) -> dict[str, Any]:
        """Return settings and all rows as plain data; NaN becomes None."""
        return plain(
            {
                "settings": self.settings,
                "table": self.table_rows,
                "pairs": self.pair_rows,
                "labels": self.label_rows,
                "label_pairs": self.label_pair_rows,
                "stability": self.stability_rows,
                "agreement": self.agreement_rows,
            }
        )

    def to_json(self, path: str | Path | None = None) -> str:
        """Return the comparison as JSON; with `path`, write it there (whole or not at all)."""
        return json_text(self.to_dict(), path)

    def to_csv(self, path: str | Path | None = None) -> str:
        """Return the table as CSV; with `path`, write it there (whole or not at all)."""
        return csv_text(self.table_rows, path)

    def to_html(self, path: str | Path | None = None) -> str:
        """Return the comparison as one HTML page; with `path`, write it there.

        Raises
        ------
        ImportError
            jinja2 is not installed.
        """
        tables = self.tables
        first, *others = self.sections()
        text = Page(
            kind=f"Comparison of {len(self.table_rows)} reports by {self.metric}",
            title=", ".join(row["name"] for row in self.table_rows),
            headline=self.headline(),
            results=self._results(),
            findings=self.settings.get("findings", ()),
            content=[first, *self._pictures(), *others],
            notes=self.settings["notes"],
            methods="; ".join(tables.facts()) + ".",
            terms={
                **TERMS,
                tables.level: "Bootstrap interval in other draws of as many items.",
                f"difference, {'points' if tables.percent else tables.unit}": TERMS["difference"],
            },
            rows=self.rows(),
            settings=plain(self.settings),
        ).html()
        if path is not None:
            write_text(path, text)
        return text

    @property
    def tables(self) -> ComparisonTables:
        """Words and tables for people."""
        return ComparisonTables(
            self.metric,
            self.settings,
            self.table_rows,
            self.pair_rows,
            self.label_rows,
            self.stability_rows,
            self.agreement_rows,
            self.scores is not None,
        )

    def headline(self) -> str:
        """Return one line that says which report is the best, and how sure that is."""
        first, tables = self.table_rows[0], self.tables
        tied = [row["name"] for row in self.table_rows if row["rank"] == first["rank"]]
        who = f"{first['name']} is the best" if len(tied) == 1 else f"{' and '.join(tied)} tie"
        return (
            f"{who} by {self.metric}: {tables.number(first[self.metric])} {tables.unit}, first in "
            f"{share_words(first['best_in'])} of the draws"
        )

    def sections(self) -> list[Section]:
        """Return the ranking, the labels if there are several, ranks in draws, differences."""
        tables = self.tables
        labels = [tables.of_labels()] if self.label_rows else []
        return [tables.ranking(), *labels, tables.ranks(), tables.differences()]

    def _results(self) -> list[Result]:
        tables, pair = self.tables, self.pair_rows[0]
        best = self.table_rows[0]
        unit = "points" if tables.percent else tables.unit
        return [
            Result(
                f"{self.metric} of {best['name']}",
                f"{tables.number(best[self.metric])} {tables.unit}",
                f"{tables.span(best)} ({tables.level}); {self.settings['items']:,} items",
            ),
            Result(
                f"{pair['better']} before {pair['worse']}",
                f"{tables.number(pair['difference'])} {unit}",
                f"{tables.span(pair)} ({tables.level}); better in "
                f"{share_words(pair['better_in'])} of the draws",
            ),
        ]

    def _pictures(self) -> list[Picture]:
        from overlap.plot.comparison import draw_beats, draw_podium, draw_ranking, draw_stability
        from overlap.plot.figures import panel

        names = ", ".join(row["name"] for row in self.table_rows)
        side = max(3.5, 0.45 * len(self.table_rows) + 1.8)
        values = ", ".join(
            f"{row['name']} {self.tables.number(row[self.metric])} ({self.tables.span(row)})"
            for row in self.table_rows
        )
        pictures = [
            Picture(
                f"{self.metric} of each report",
                partial(panel, partial(draw_ranking, self), 1.2 + 0.35 * len(self.table_rows)),
                f"A dot with its interval for each report: {values}.",
                f"Lines: {self.tables.level}s. Reports share the cases, so a difference can be "
                "certain although the lines overlap: see the table of differences.",
            ),
            Picture(
                f"Ranks in {self.settings['resamples']:,} draws",
                partial(panel, partial(draw_stability, self), side),
                f"Blobs for the share of draws in which each report has each rank; from the best: "
                f"{names}.",
                "The larger a blob, the more draws give the report this rank. The line spans the "
                "ranks of the interval, the cross is the median. If all blobs lie on the "
                "dotted diagonal, the ranking is certain.",
            ),
        ]
        if self.scores is not None:
            podium = Picture(
                "Values of all cases, by the place taken in the case",
                partial(panel, partial(draw_podium, self), 4.2),
                f"Dots for the value of each case, under the place that the report takes in it; "
                f"reports {names}.",
                "Each dot is a case; dots of one case are joined. Many dots of a color on the "
                "left: this report wins many cases.",
            )
            pictures.insert(1, podium)
        if "significant" in self.pair_rows[0]:
            pictures.append(
                Picture(
                    "Which report is better than which",
                    partial(panel, partial(draw_beats, self), side),
                    "Squares with corrected p-values, filled where the report of the row is "
                    "significantly better than that of the column.",
                    "A filled square: the report of the row is significantly better than that of "
                    "the column. Numbers are p-values after Holm's correction.",
                )
            )
        return pictures

    def plot(self, path: str | Path | None = None) -> Any:
        """Draw the podium, the stability of ranks and the significant differences.

        Parameters
        ----------
        path : str or Path, optional
            File to write, all or nothing; the suffix is the format.

        Returns
        -------
        matplotlib.figure.Figure
        """
        from overlap.plot.comparison import draw_comparison

        return draw_comparison(self, path=path)


def compare(
    *reports: Report | StoredReport,
    names: Sequence[str] | None = None,
    metric: str | None = None,
    label: str | Sequence[str] | None = None,
    cases: str = "same",
    missing: float | str | None = "report",
    allow: str | Sequence[str] = (),
    aggregate: str = "mean",
    test: str | None = "wilcoxon",
    zero_method: str = "wilcox",
    resamples: int = 1000,
    confidence_level: float = 0.95,
    rng: Seed = 0,
) -> Comparison:
    r"""Rank reports on the same items; each draw of items is used for all of them.

    Parameters
    ----------
    *reports : Report or StoredReport
        Two or more, whose truths are of the same items.
    names : sequence of str, optional
        Their names; by default the sources of the predictions, "report" for inputs in memory,
        with numbers in front where two are equal.
    metric : str, optional
        A metric of the tables, or a name of the summaries; by default the first.
    label : str or sequence of str, optional
        Labels to use, of reports on cases; by default all, whose numbers are averaged.
    cases : {"same", "common"}
        Whether different cases are an error, or the common ones are compared.
    missing : float, None, "worst" or "report"
        What an undefined or infinite value of a case becomes: a number, left out (None), the
        worst value of the metric, or what the reports say. All is counted in the settings.
    allow : str or sequence of str
        Differences of the reports that are accepted, by name, such as ``"protocol"``: which
        there are is in their ``settings["contract"]``, and in the message that refuses them.
    aggregate : {"mean", "median"}
        How the values of cases, and their ranks, become one number per label.
    test : {"wilcoxon", None}
        Test of the differences of cases, if the number is made of numbers per case.
    zero_method : {"wilcox", "pratt", "zsplit"}
        What the test does with differences of 0; see `scipy.stats.wilcoxon`.
    resamples : int
        Number of draws, 50 or more.
    confidence_level : float
        In (0, 1); differences are significant where the corrected p is below 1 minus this.
    rng : int, Generator, SeedSequence or None
        Source of randomness.

    Returns
    -------
    Comparison
        Differences are between the better and the worse report; intervals of them over
        items. Variation that both share cancels.

    Raises
    ------
    ValueError
        If there are fewer than two reports; they are of different kinds, or differ in their
        truth or in rules that are not in `allow`; their items differ; one lacks the metric; no
        value of the metric is better than another; or `label`, `cases` or `missing` are given
        for reports without numbers per case.

    Notes
    -----
    *By values* (aggregate, then rank): cases become one number per report and label, labels
    are averaged, and these numbers are ranked; equal ones share the better rank. *By ranks*
    (rank, then aggregate): reports are ranked in each case and label, equal ones share the
    mean rank, and mean ranks are ranked; a case in which any report is undefined is left out.
    The two can disagree (Wiesenfarth et al., Scientific Reports 11:2369, 2021).

    Reports must agree in their contract: what was measured, on which truth, by which rules. Of
    rules that count for some numbers only, such as the thresholds of a mean, those of the
    compared number must agree.

    The signed-rank test is two-sided, of differences averaged over the labels that both
    define in a case; p-values are corrected by Holm's method for the number of pairs.

    A mean of cases has a studentised bootstrap interval, a difference of two Student's
    interval of paired differences, both inside the range of the metric; all other intervals are
    quantiles of the draws. A mean
    average precision is no mean of numbers per video, so there is no test, and no ranks of
    videos, for reports on localization.

    Examples
    --------
    >>> import pandas as pd
    >>> from overlap import evaluate
    >>> truth = pd.DataFrame(
    ...     {"video": list("abc"), "label": "jump", "start": 0.0, "stop": [4.0, 5.0, 6.0]}
    ... )
    >>> good = evaluate.temporal(truth=truth, found=truth.assign(score=0.9))
    >>> poor = evaluate.temporal(truth=truth, found=truth.assign(score=0.9, stop=4.0))
    >>> evaluate.compare(poor, good, names=["poor", "good"]).table["name"].tolist()
    ['good', 'poor']
    """
    named = _names(reports, names)
    if aggregate not in AGGREGATES:
        raise ValueError(f"compare: aggregate = {aggregate!r} is neither 'mean' nor 'median'")
    if test not in ("wilcoxon", None):
        raise ValueError(f"compare: test = {test!r} is neither 'wilcoxon' nor None")
    if zero_method not in ZERO_METHODS:
        known = ", ".join(map(repr, ZERO_METHODS))
        raise ValueError(f"compare: zero_method {zero_method!r} is not one of {known}")
    try:
        resamples = checked_draws(resamples, confidence_level, name="resamples", or_none=False)
    except ValueError as error:
        raise ValueError(f"compare: {error}") from None
    generator = np.random.default_rng(rng)
    contracts = [contract_of(r.settings, name) for r, name in zip(reports, named, strict=True)]
    same_kind(contracts, named)
    if missing != "report":  # decided here, whatever the reports say
        contracts = [replace(c, rules={**c.rules, "missing": None}) for c in contracts]
    allowed = (allow,) if isinstance(allow, str) else tuple(allow)
    lifted: list[str] = []

    def agree(metric: str, labels: Sequence[str] = (), cases: Sequence[str] = ()) -> None:
        lifted.extend(
            agreed(contracts, named, metric=metric, labels=labels, items=cases, allow=allowed)
        )

    of_cases = [has_cases(report) for report in reports]
    if any(of_cases):
        others = case_names([contract.items for contract in contracts])
        for k, own in enumerate(others):
            if own:
                reports = (*reports[:k], renamed(reports[k], own), *reports[k + 1 :])
                truths = {own.get(case, case): x for case, x in contracts[k].items.items()}
                contracts[k] = replace(contracts[k], items=truths)
        table = case_table(
            reports, named, metric=metric, label=label, cases=cases, missing=missing, agree=agree
        )
        scores = CaseScores(
            named,
            table.labels,
            table.cases,
            table.values,
            table.better == "higher",
            aggregate,
            draw_weights(len(table.cases), resamples, generator),
            confidence_level,
            int(generator.integers(2**32)),
            table.range,
        )
        told = [
            f"{len(own)} cases of {name} have other names in {named[0]}, where their truth is the "
            f"same (first: {min(own)!r} is {own[min(own)]!r} there)"
            for name, own in zip(named, others, strict=True)
            if own
        ]
        zero = zero_method if test is not None else None
        contest = Contest.of_scores(table.metric, scores, zero)
        settings = table.settings(named) | {
            "aggregate": aggregate,
            "test": test and "Wilcoxon signed-rank, two-sided",
            "zero_method": zero,
            "correction": test and "Holm, over the pairs; for each label apart",
        }
        settings["notes"] = [*told, *settings["notes"]]
        interval = _INTERVALS if aggregate == "mean" else "percentile"
    elif any("metrics" in report.settings for report in reports):
        raise ValueError("compare: no report has a number: their tables have no row of a case")
    else:
        if label is not None or cases != "same" or missing != "report" or aggregate != "mean":
            raise ValueError(
                "compare: label, cases, missing and aggregate are for reports with numbers per "
                "case; these have none"
            )
        contest, items = Contest.of_evidence(
            [report for report in reports if isinstance(report, Report)],
            named,
            metric,
            resamples,
            confidence_level,
            generator,
            agree,
        )
        settings = {
            "items": items,
            "test": None,
            "notes": [f"no test and no ranks of items: {contest.metric} is no mean over items"],
        }
        interval = "percentile"
    settings = {
        "metric": contest.metric,
        "higher_is_better": contest.higher_is_better,
        "method": "paired bootstrap over items",
        "intervals": interval,
        "resamples": resamples,
        "confidence_level": confidence_level,
        "allowed": list(allowed),
        **settings,
    }
    settings["notes"] = [*settings["notes"], *contest.notes()]
    said = [
        f"{name}: {finding}"
        for report, name in zip(reports, named, strict=True)
        for finding in report.settings.get("findings", ())
    ]
    if said or lifted:
        settings["findings"] = [*said, *lifted]
    labels: list[dict[str, Any]] = []
    label_pairs: list[dict[str, Any]] = []
    if contest.scores is not None and len(contest.scores.labels) > 1:
        for place, name in enumerate(contest.scores.labels):
            of_label = contest.scores.of_label(place)
            part = Contest.of_scores(contest.metric, of_label, contest.zero_method)
            labels += [{"label": name, **row} for row in part.table()]
            label_pairs += [{"label": name, **row} for row in part.pairs()]
    return Comparison(
        contest.metric,
        tuple(contest.table()),
        tuple(contest.pairs()),
        settings,
        tuple(labels),
        tuple(label_pairs),
        tuple(contest.stability()),
        tuple(contest.agreement()),
        contest.scores,
    )


def _names(
    reports: Sequence[Report | StoredReport], names: Sequence[str] | None
) -> tuple[str, ...]:
    if len(reports) < 2:
        raise ValueError(f"compare: got {len(reports)} report; give at least two")
    if names is None:
        names = [
            str(report.settings.get("found", {}).get("source") or "report") for report in reports
        ]
        if len(set(names)) < len(names):
            names = [f"{k + 1}: {name}" for k, name in enumerate(names)]
    if len(names) != len(reports) or len(set(names)) < len(names):
        raise ValueError(f"compare: names {list(names)} must be {len(reports)} different names")
    return tuple(names)
