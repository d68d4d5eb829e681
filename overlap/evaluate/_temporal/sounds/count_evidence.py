"""Evidence of counts: F1 and error rates that follow from sums over recordings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap.evaluate._temporal.tally import Tally
from overlap.evaluate.numbers import Number
from overlap.evaluate.value_range import UNIT, Range

from .counts import BY_CLASS, OVERALL, Counts
from .protocol import CountRules, EventRules, SegmentRules
from .scored import Scored

__all__ = ["CountEvidence", "count_evidence"]

Values = dict[str, NDArray[np.float64]]

_EPS = float(np.spacing(1))  # what sed_eval adds to denominators
_RATE = Range(0.0)


@dataclass(frozen=True, eq=False, kw_only=True)
class CountEvidence(Tally):
    """Counts of every recording.

    Attributes
    ----------
    rules : CountRules
    classes : tuple of str
        In alphabetical order.
    scored : Scored
    """

    rules: CountRules
    classes: tuple[str, ...]
    scored: Scored

    def finalised(
        self, sums: Mapping[str, NDArray[np.float64]]
    ) -> Mapping[str, tuple[Number, NDArray[np.float64]]]:
        """Return F1, error rates and what they are made of, with their values in each draw.

        Parameters
        ----------
        sums : mapping from str to ndarray, shape (B, ...)
        """
        overall = dict(zip(OVERALL, np.moveaxis(sums["overall"], -1, 0), strict=True))
        result = {}
        for name, values in self._numbers(overall, micro=True).items():
            result[name] = _number(name, {}, values)
        classes = dict(zip(BY_CLASS, np.moveaxis(sums["by_class"], -1, 0), strict=True))
        for name, values in self._numbers(classes, micro=False).items():
            number, means = _number(name, {"mean": "macro"}, _mean(values))
            result[number.name] = number, means
        return result

    def of_classes(self) -> Values:
        """Return the numbers of every class.

        Returns
        -------
        dict from str to ndarray, shape (classes,)
        """
        sums = self.sums["by_class"].sum(axis=0)
        return self._numbers(dict(zip(BY_CLASS, sums.T, strict=True)), micro=False)

    def _numbers(self, of: Mapping[str, NDArray[np.float64]], *, micro: bool) -> Values:
        """Return numbers of counts, of all classes together or of each."""
        rules, truth, found = self.rules, of["truth"], of["found"]
        precision = _over(of["both"], found)
        if rules.no_output == "zero":
            precision = np.where(found == 0, 0.0, precision)
        recall = _over(of["right"], truth)
        with np.errstate(invalid="ignore"):
            both = precision + recall
            f1 = np.divide(2 * precision * recall, both, out=0.0 * both, where=both != 0)
        result = {"F1": f1, "precision": precision, "recall": recall}
        published = rules.no_truth == "published"

        def rate(count: NDArray[np.float64]) -> NDArray[np.float64]:
            return count / (truth + _EPS) if published else _over(count, truth)

        if isinstance(rules, SegmentRules | EventRules):
            if micro:
                parts = {name: rate(of[name]) for name in ("substituted", "deleted", "inserted")}
                total = (parts["substituted"] + parts["deleted"]) + parts["inserted"]
                result["ER"] = total
                result["substitution rate"] = parts["substituted"]
                result["deletion rate"] = parts["deleted"]
                result["insertion rate"] = parts["inserted"]
            else:
                deleted, inserted = rate(truth - of["right"]), rate(found - of["right"])
                result["ER"] = deleted + inserted
                result["deletion rate"], result["insertion rate"] = deleted, inserted
        if isinstance(rules, SegmentRules):
            cells = of["cells"] * (len(self.classes) if micro else 1)
            neither = cells - truth - found + of["right"]
            sensitivity = rate(of["right"])
            out = cells - truth
            # sed_eval's value where nothing can be divided is 0
            specificity = neither / (out + _EPS) if published else _over(neither, out)
            result["sensitivity"], result["specificity"] = sensitivity, specificity
            result["balanced accuracy"] = (sensitivity + specificity) / 2
            result["accuracy"] = _over(of["right"] + neither, cells)
        return result


def _over(count: NDArray[np.float64], total: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(count, total, out=np.full(np.shape(total), np.nan), where=total > 0)


def _mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean over classes, of those that have a value."""
    there = ~np.isnan(values)
    return _over(np.where(there, values, 0.0).sum(axis=-1), there.sum(axis=-1).astype(np.float64))


def _number(
    name: str, where: dict[str, str], values: NDArray[np.float64]
) -> tuple[Number, NDArray[np.float64]]:
    error = name == "ER" or name.endswith("rate")
    number = Number(
        name,
        float(values[0]),
        where,
        range=_RATE if error else UNIT,
        better="lower" if error else "higher",
    )
    return number, values


def count_evidence(rules: CountRules, counts: Counts, scored: Scored) -> CountEvidence:
    """Return the evidence of counts.

    Parameters
    ----------
    rules : CountRules
    counts : Counts
        Of all recordings.
    scored : Scored
    """
    order = sorted(range(len(counts.classes)), key=lambda k: counts.classes[k])
    classes = tuple(counts.classes[k] for k in order)
    number = np.empty(len(order), dtype=np.int64)
    number[order] = np.arange(len(order))
    by_class = np.zeros((len(counts.names), len(order), len(BY_CLASS)))
    by_class[counts.recording, number[counts.label]] = counts.by_class
    if isinstance(rules, SegmentRules):  # segments count for classes that do not sound, too
        by_class[:, :, BY_CLASS.index("cells")] = counts.length[:, None]
    evidence = CountEvidence(
        items=counts.names,
        sums={"overall": counts.overall, "by_class": by_class},
        counted=_columns(rules, counts),
        unit="recordings",
        rules=rules,
        classes=classes,
        scored=scored,
    )
    return replace(evidence, table_rows=tuple(_rows(evidence)))


def _rows(evidence: CountEvidence) -> list[dict[str, Any]]:
    """Return the numbers of each class."""
    totals = evidence.sums["by_class"].sum(axis=0)
    numbers = evidence.of_classes()
    return [
        {
            "class": name,
            "n_truth": int(totals[k, 1]),
            "n_found": int(totals[k, 2]),
            "n_true": int(totals[k, 3]),
            **{key: float(values[k]) for key, values in numbers.items()},
        }
        for k, name in enumerate(evidence.classes)
    ]


def _columns(rules: CountRules, counts: Counts) -> dict[str, Any]:
    """Return the counts of each recording."""
    shown = [*OVERALL[:3]]
    if isinstance(rules, SegmentRules | EventRules):
        shown += OVERALL[4:7]
    if isinstance(rules, SegmentRules):
        shown += OVERALL[7:]
    columns: dict[str, Any] = {"recording": list(counts.names)}
    for name in shown:
        columns[f"n_{name}"] = counts.overall[:, OVERALL.index(name)].astype(np.int64)
    return columns
