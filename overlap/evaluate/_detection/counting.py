"""Results that need no confidence: precision, recall, F1 and the mean IoU of matched pairs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap.evaluate._ranking.curves import IGNORED
from overlap.evaluate.numbers import Intervals, Number
from overlap.evaluate.page import Picture, Section
from overlap.evaluate.thresholds import threshold_names, threshold_values
from overlap.evaluate.value_range import UNIT

from .evidence import DetectionEvidence
from .report import DetectionReport
from .task import DetectionTask

__all__ = ["CountingEvidence", "CountingReport", "CountingTask"]

_METRICS = ("F1", "precision", "recall", "mean IoU", "mean F1")


@dataclass(frozen=True, eq=False)
class CountingEvidence(DetectionEvidence):
    """Matches of one evaluation, counted.

    Attributes
    ----------
    protocol, scene, about, inputs, groups, ties
        As in `DetectionEvidence`.
    """

    @property
    def has_ties(self) -> bool:
        """Whether confidences decide something: they do not."""
        return False

    def counts(
        self, weights: NDArray[np.float64], area: str = ""
    ) -> dict[str, NDArray[np.float64]]:
        """Return counts, and sums of values of matched pairs, for each row of weights.

        Parameters
        ----------
        weights : ndarray, dtype=float64, shape (B, items)
        area : str
            Part of the truths; ``""`` for all.

        Returns
        -------
        dict from str to ndarray of float64, shape (B, T, C)
            ``true``, ``found`` (that count), ``truth`` (that count) and ``value``.
        """
        import scipy.sparse

        ranked = self.ranked(area)
        scene = ranked.scene
        levels, classes = len(scene.thresholds), len(scene.labels)
        matched = ranked.matched
        true = matched.true & (scene.found.label[matched.found] >= 0)
        level, found = matched.level[true], matched.found[true]
        some = (ranked.outcome != IGNORED) & (scene.found.label >= 0)

        def summed(t: NDArray, row: NDArray, value: NDArray | None = None) -> NDArray[np.float64]:
            cell = t * classes + scene.found.label[row]
            value = np.ones(len(row)) if value is None else value
            shape = levels * classes, len(scene.items)
            table = scipy.sparse.coo_array((value, (cell, scene.found.item[row])), shape).tocsr()
            return np.asarray((table @ weights.T).T).reshape(-1, levels, classes)

        truth = scene.positives().drawn(weights)
        return {
            "true": summed(level, found),
            "found": summed(*np.nonzero(some)),
            "truth": np.repeat(truth[:, None, :], levels, axis=1),
            "value": summed(level, found, scene.values[matched.pair[true]]),
        }

    def numbers(self) -> list[Number]:
        """Return the numbers over all classes, and the mean F1 of classes, at each threshold."""
        values = self.statistics(np.ones((1, len(self.items))))
        count = int((self.scene.positives().by_class > 0).sum())
        return [
            Number(metric, float(values[f"{metric}@{name}"][0]), {"iou": name},
                   n=count, range=UNIT, better="higher")
            for name in threshold_names(self.protocol.thresholds) for metric in self._metrics()
        ]  # fmt: skip

    def _metrics(self) -> list[str]:
        return [*_METRICS, *(f"F1[{part}]" for part in self.protocol.parts[1:])]

    def statistics(self, weights: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """Return every number of the summary for each row of weights (B, items)."""
        counts = self.counts(weights)
        whole = _ratios({name: count.sum(axis=2) for name, count in counts.items()})
        each = np.where(counts["truth"] > 0, _ratios(counts)["F1"], np.nan)
        known = ~np.isnan(each)
        whole["mean F1"] = _over(np.nansum(each, axis=2), known.sum(axis=2))
        for part in self.protocol.parts[1:]:
            some = {name: x.sum(axis=2) for name, x in self.counts(weights, part).items()}
            whole[f"F1[{part}]"] = _ratios(some)["F1"]
        return {
            f"{metric}@{name}": whole[metric][:, t]
            for t, name in enumerate(threshold_names(self.protocol.thresholds))
            for metric in self._metrics()
        }

    def rows(self, intervals: Intervals) -> list[dict[str, Any]]:
        """Return F1, precision, recall, mean IoU and counts of each class, by threshold.

        Parameters
        ----------
        intervals : Intervals
        """
        counts = {
            name: count[0] for name, count in self.counts(np.ones((1, len(self.items)))).items()
        }
        ratios = _ratios(counts)
        found = np.bincount(self.scene.found.label + 1, minlength=len(self.scene.labels) + 1)[1:]
        result = []
        for c, label in enumerate(self.scene.labels):
            for t, threshold in enumerate(threshold_values(self.protocol.thresholds)):
                true, kept = int(counts["true"][t, c]), int(counts["found"][t, c])
                result.append({
                    "class": label,
                    self.axis: threshold,
                    "metric": "F1",
                    "value": float(ratios["F1"][t, c]),
                    "precision": float(ratios["precision"][t, c]),
                    "recall": float(ratios["recall"][t, c]),
                    "mean_iou": float(ratios["mean IoU"][t, c]),
                    "n_truth": int(counts["truth"][t, c]),
                    "n_found": int(found[c]),
                    "n_true": true,
                    "n_false": kept - true,
                    "n_ignored": int(found[c]) - kept,
                })  # fmt: skip
        return result


def _over(part: NDArray[np.float64], whole: NDArray[Any]) -> NDArray[np.float64]:
    """Divide; NaN where there is nothing to divide by."""
    result = np.full(part.shape, np.nan)
    np.divide(part, whole, out=result, where=whole > 0)
    return result


def _ratios(counts: Mapping[str, NDArray[np.float64]]) -> dict[str, NDArray[np.float64]]:
    true = counts["true"]
    return {
        "F1": _over(2 * true, counts["found"] + counts["truth"]),
        "precision": _over(true, counts["found"]),
        "recall": _over(true, counts["truth"]),
        "mean IoU": _over(counts["value"], true),
    }


_TERMS = {
    "F1": "Twice the true detections over the detections and truths that count: the harmonic mean "
    "of precision and recall.",
    "precision": "Share of the detections that match a truth.",
    "mean IoU": "Mean IoU of matched pairs.",
    "mean F1": "Mean of the F1 of the classes with a truth.",
}


@dataclass(frozen=True, eq=False, repr=False)
class CountingReport(DetectionReport):
    """A `Report` on detections without confidences.

    Its parameters are those of `Report`.
    """

    def sections(self) -> list[Section]:
        """Return the summary and the classes, the worst first."""
        lines = sorted(self.rows(), key=lambda row: (row["value"] != row["value"], row["value"]))
        first = threshold_values(self.settings["thresholds"])[0]
        names = ("value", "precision", "recall", "mean_iou")
        cells = [
            [row["class"], f"{row['n_truth']:,}", f"{row['n_found']:,}",
             *("" if row[name] != row[name] else f"{100 * row[name]:.2f}" for name in names)]
            for row in lines if row[self.evidence.axis] == first
        ]  # fmt: skip
        columns = ["class", "truths", "detections", "F1", "precision", "recall", "mean IoU"]
        title = f"Classes at {first:g}, %, the worst first"
        return [self._summary("Summary, %"), Section(title, columns, cells, keys=1)]

    def pictures(self) -> list[Picture]:
        """Return no pictures: curves need confidences."""
        return []

    def content(self, **options: Any) -> list[Section | Picture]:
        """Return the tables of the page; all else there is by confidence.

        Parameters
        ----------
        **options
            Not used.
        """
        return [*self.sections()]

    def terms(self) -> Mapping[str, str]:
        """Return definitions of the columns."""
        terms = {**super().terms(), **_TERMS}
        known = {name.partition("[")[0]: text for name, text in terms.items()}
        return terms | {
            number.name: known[number.metric.partition("[")[0]] for number in self.numbers
        }

    def draw(self, path: Any, ax: Any, **options: Any) -> Any:
        """Say that there is nothing to draw."""
        raise ValueError(
            f"protocol {self.settings['protocol']}: there are no curves without confidences; draw "
            "the report of another protocol"
        )


@dataclass(frozen=True)
class CountingTask(DetectionTask):
    """Rules of one evaluation that counts matches and ranks nothing."""

    report, evidence = CountingReport, CountingEvidence
