"""Matches and rankings of detections, by area and by number of detections."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap._common.background import in_background
from overlap._common.values import ByValue
from overlap._kernels.jit import run_blocks
from overlap.evaluate._ranking.curves import (
    Ranking,
    curve,
    final_recall,
    true_and_ignored,
)
from overlap.evaluate._ranking.expectation import shared_in_order
from overlap.evaluate._ranking.pairs import Pairs
from overlap.evaluate._ranking.sampling import ANGLE, SampledRule, sampled_average
from overlap.evaluate._ranking.scene import Ranked, Scene
from overlap.evaluate.bootstrap import Bootstrap
from overlap.evaluate.numbers import Intervals, Number
from overlap.evaluate.task import resampled
from overlap.evaluate.thresholds import threshold_names, threshold_values
from overlap.evaluate.value_range import UNIT
from overlap.io.detections import Detections

from .inputs import digest_of
from .orders import Orders, orders_of
from .protocol import DetectionProtocol
from .rules import limits_of

_COST = 1000.0  # nanoseconds of a detection in all tasks, about
_STEPS = 40  # of recall, of a sampled curve

__all__ = ["DetectionEvidence", "Statistic", "statistics_of"]


@dataclass(frozen=True)
class Statistic:
    """A number of the summary: a mean over classes and thresholds.

    Attributes
    ----------
    name : str
        As the field writes it, such as ``"AP50"``.
    of : {"AP", "AR", "AOS"}
        Average precision, the recall of all detections, or the average orientation similarity.
    levels : tuple of int
        Places of the thresholds.
    area : str
        Name of the range of areas; ``""`` for all truths.
    most : int or None
        Largest number of detections.
    group : str
        Group of classes; ``""`` for all.
    """

    name: str
    of: str
    levels: tuple[int, ...]
    area: str = ""
    most: int | None = None
    group: str = ""


def statistics_of(protocol: DetectionProtocol, *, angles: bool = False) -> list[Statistic]:
    """Return the numbers of the summary of a protocol, the most telling first.

    Parameters
    ----------
    protocol : DetectionProtocol
    angles : bool
        Whether both sides say at which angles objects are seen.
    """
    names = threshold_names(protocol.thresholds)
    every = tuple(range(len(names)))
    most = protocol.max_detections[-1] if protocol.max_detections else None
    whole, *parts = protocol.parts or ("",)
    if protocol.summary == "map":
        each = [Statistic(f"mAP@{name}", "AP", (k,), whole, most) for k, name in enumerate(names)]
        strata = [Statistic(f"mAP[{part}]", "AP", every, part, most) for part in parts]
        return [Statistic("mAP", "AP", every, whole, most), *each, *strata]
    if protocol.summary == "classes":
        ap = [
            Statistic(f"{label} {part}", "AP", (_level(protocol, threshold),), part, most, label)
            for label, threshold in protocol.class_thresholds
            for part in protocol.parts
        ]
        if not angles or protocol.interpolation != "sampled":
            return ap
        return [*ap, *(replace(one, name=f"AOS {one.name}", of="AOS") for one in ap)]
    result = [Statistic("AP", "AP", every, whole, most)]
    for name, word in (("0.50", "AP50"), ("0.75", "AP75")):
        if name in names:
            result.append(Statistic(word, "AP", (names.index(name),), whole, most))
    result += [Statistic(f"AP[{part}]", "AP", every, part, most) for part in parts]
    result += [Statistic(f"AP[{name}]", "AP", every, whole, most, name) for name in protocol.groups]
    result += [Statistic(f"AR@{k}", "AR", every, whole, k) for k in protocol.max_detections]
    if not protocol.max_detections:
        result.append(Statistic("AR", "AR", every, whole, None))
    return result + [Statistic(f"AR[{part}]", "AR", every, part, most) for part in parts]


def _level(protocol: DetectionProtocol, threshold: float) -> int:
    """Return the place of the threshold of a class."""
    if threshold not in protocol.thresholds:
        raise ValueError(
            f"class_thresholds: {threshold:g} is not one of the thresholds "
            f"{', '.join(threshold_names(protocol.thresholds))}"
        )
    return protocol.thresholds.index(threshold)


@dataclass(frozen=True, eq=False)
class DetectionEvidence(ByValue):
    """Matches and rankings of one evaluation.

    Attributes
    ----------
    protocol : DetectionProtocol
    scene : Scene
        Detections and truths with their pairs, all that the limits let through.
    about : mapping
        Facts of the inputs.
    inputs : mapping of Detections, optional
        The inputs themselves, where they are at hand.
    groups : mapping from str to ndarray of bool
        Which classes belong to a group.
    ties : {"official", "stable", "expected"}
        Order of detections of equal confidence: the protocol's, that of the input, or all.
    crossing : Pairs, optional
        Pairs of truths and detections of any class, for sampled curves.
    """

    protocol: DetectionProtocol
    scene: Scene
    about: Mapping[str, Any]
    inputs: Mapping[str, Detections] | None = None
    groups: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    ties: str = "official"
    crossing: Pairs | None = None

    @property
    def items(self) -> tuple[str, ...]:
        """Names of the items."""
        return self.scene.items

    @cached_property
    def _statistics(self) -> list[Statistic]:
        return statistics_of(self.protocol, angles=self.without_angle == (0, 0))

    @cached_property
    def without_angle(self) -> tuple[int, int] | None:
        """How many truths and detections do not say at which angle they are seen; None for all."""
        sides = self.scene.truth, self.scene.found
        if any(ANGLE not in side.sizes for side in sides):
            return None
        truth, found = (int(np.isnan(side.sizes[ANGLE][side.label >= 0]).sum()) for side in sides)
        return truth, found

    @cached_property
    def digest(self) -> str:
        """Digest of the truth, whatever its file; empty where it is not at hand."""
        return digest_of(self.inputs["truth"]) if self.inputs else ""

    @cached_property
    def _rankings(self) -> dict[tuple[str, int | None], Ranked]:
        return {}

    @property
    def _most(self) -> int | None:
        return self.protocol.max_detections[-1] if self.protocol.max_detections else None

    def ranked(self, area: str = "", most: int | None = None) -> Ranked:
        """Return matches and rankings of one range of areas.

        Parameters
        ----------
        area : str
            Its name; ``""`` for all truths.
        most : int, optional
            Largest number of detections; by default that of the protocol.
        """
        most = self._most if most is None else most
        if (area, most) not in self._rankings:
            official = self.ties == "official"
            if most is not None and most != self._most:
                whole = self.ranked(area)
                ranked = whole.limited(limits_of(self.protocol, most), official=official)
            else:
                scene = self.scene
                if area:
                    stratum = next(one for one in scene.rules.strata if one.name == area)
                    scene = scene.within(stratum)
                ranked = scene.ranked(official=official)
            self._rankings[area, most] = ranked
        return self._rankings[area, most]

    @cached_property
    def has_ties(self) -> bool:
        """Whether detections of a class have the same confidence."""
        # a sampled curve has a point for all detections of a confidence or above
        sampled = self.protocol.interpolation == "sampled"
        return not sampled and bool(self.scene.repeats(self._visit).any())

    @cached_property
    def _visit(self) -> NDArray[np.int64]:
        """Detections in ranked order, which is that of all areas."""
        return self.scene.prepare(official=self.ties == "official")

    @property
    def _whole(self) -> str:
        return next(iter(self.protocol.parts), "")

    @cached_property
    def _orders(self) -> dict[str, Orders]:
        return {}

    def orders(self, area: str) -> Orders:
        """Return the AP over orders of equal confidences.

        Parameters
        ----------
        area : str
            Name of the range of areas; ``""`` for all truths.
        """
        if area not in self._orders:
            self._orders[area] = orders_of(self.ranked(area), self.ties)
        return self._orders[area]

    @cached_property
    def _known(self) -> dict[tuple[str, str, int | None], NDArray[np.float64]]:
        return {}

    def _cells(
        self, of: str, area: str, most: int | None, weights: NDArray[np.float64] | None = None
    ) -> NDArray[np.float64]:
        """Return AP or recall per threshold and class, for each row of weights if given.

        Of an AP that is the mean over a grid, the precision at each of its recalls (last axis).
        """
        key = of, area, most
        if weights is None and key in self._known:
            return self._known[key]
        if of == "AR":
            cells = final_recall(self._within(area, most), weights)
        elif self.protocol.interpolation == "sampled":
            assert self.crossing is not None
            sampled = SampledRule(_STEPS, self.protocol.recalls)
            scene = self.ranked(area, most).scene
            cells = sampled_average(scene, self.crossing, sampled, weights, by_angle=of == "AOS")
        elif self._expected and weights is None:
            cells = self.orders(area).ap
        elif self._sampled(of) and weights is None:
            samples = self.ranked(area, most).averages[1]
            assert samples is not None
            cells = samples
        else:
            cells = self.ranked(area, most).precision(weights)
        if self.protocol.class_without_truth == "zero":
            cells = np.nan_to_num(cells, nan=0.0)
        if weights is None:
            self._known[key] = cells
        return cells

    def _within(self, area: str, most: int | None) -> Ranking:
        """Return a ranking in which no more detections count."""
        if most in (None, self._most) or (area, most) in self._rankings:
            return self.ranked(area, most).ranking
        limits, official = limits_of(self.protocol, most), self.ties == "official"
        return self.ranked(area).limited_ranking(limits, official=official)

    def _sampled(self, of: str) -> bool:
        """Whether cells have an axis of recalls: means of COCO's are over these as well."""
        grid = self.protocol.interpolation == "grid" and self.protocol.summary != "map"
        return of == "AP" and grid and not self._expected

    @property
    def _expected(self) -> bool:
        return self.ties == "expected" and self.has_ties

    def _prepare(self) -> None:
        """Compute what numbers are made of, on all processors."""
        most = self._most
        areas = self.protocol.parts or ("",)
        digest = in_background(partial(getattr, self, "digest"))
        _ = self._visit  # all else reads it
        tasks: list[Callable[[], Any]] = [partial(self._averages, area) for area in areas]
        if self.has_ties:
            tasks.append(partial(shared_in_order, self.scene, self._visit))
        self._at_once(tasks)
        self.scene.forget("turns")  # all is matched
        keys = dict.fromkeys((one.of, one.area, one.most) for one in self._statistics)
        keys |= dict.fromkeys((of, area, most) for area in areas for of in ("AP", "AR"))
        orders = [partial(self.orders, area) for area in areas if self.has_ties]
        self._at_once([*orders, *(partial(self._cells, *key) for key in keys)])
        digest()

    def _averages(self, area: str) -> Any:
        ranked = self.ranked(area)
        return None if self.protocol.interpolation == "sampled" else ranked.averages

    def _at_once(self, tasks: Sequence[Callable[[], Any]]) -> None:
        """Call functions that do not wait for one another."""

        def work(low: int, high: int) -> None:
            for task in tasks[low:high]:
                task()

        run_blocks(work, len(tasks), _COST * len(self.scene.confidence))

    def numbers(self) -> list[Number]:
        """Return the numbers of the summary."""
        return [*self._numbers]

    @cached_property
    def _numbers(self) -> list[Number]:
        self._prepare()
        facts: dict[str, Any] = {"range": UNIT, "better": "higher"}
        result = []
        for statistic in self._statistics:
            value = self._value(statistic)
            ends = None
            if statistic.of == "AP" and self.has_ties:
                without = self.protocol.class_without_truth
                ends = self.orders(statistic.area).ends(
                    list(statistic.levels), self._members(statistic), without, value
                )
            counted = self._classes(statistic)
            result.append(Number(statistic.name, value, ties=ends, n=counted, **facts))
        return result

    def _value(self, statistic: Statistic) -> float:
        cells = self._cells(statistic.of, statistic.area, statistic.most)[list(statistic.levels)]
        cells = cells[:, self._members(statistic)]
        if self._sampled(statistic.of):
            # over thresholds, recalls and classes at once, in the order of COCO's program
            cells = cells.transpose(0, 2, 1)
        known = cells[~np.isnan(cells)]
        return float(np.mean(known)) if len(known) else math.nan

    def _members(self, statistic: Statistic) -> NDArray[np.int64]:
        """Return the classes of a mean."""
        count = len(self.scene.labels)
        if not statistic.group:
            return np.arange(count)
        if statistic.group in self.scene.labels:
            return np.array([self.scene.labels.index(statistic.group)])
        return np.flatnonzero(self.groups.get(statistic.group, np.zeros(count, dtype=bool)))

    def truths_in_parts(self) -> dict[str, int]:
        """Return how many truths there are behind each number of a part of them."""
        whole = "" if self.protocol.summary == "classes" else self._whole
        return {
            one.name: int(self.ranked(one.area).ranking.truths[self._members(one)].sum())
            for one in self._statistics
            if one.area and one.area != whole
        }

    def _classes(self, statistic: Statistic) -> int:
        """Return the number of classes in a mean."""
        cells = self._cells(statistic.of, statistic.area, statistic.most)
        cells = cells.mean(axis=-1) if self._sampled(statistic.of) else cells
        cells = cells[:, self._members(statistic)]
        return int((~np.isnan(cells[0])).sum()) if len(cells) else 0

    def statistics(self, weights: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """Return every number of the summary for each row of weights (B, items)."""
        result, cells = {}, dict[tuple[str, str, int | None], NDArray[np.float64]]()
        for statistic in self._statistics:
            key = statistic.of, statistic.area, statistic.most
            if key not in cells:
                cells[key] = self._cells(*key, weights)
            some = cells[key][:, list(statistic.levels)][:, :, self._members(statistic)]
            some = some.reshape(len(weights), -1)
            count = (~np.isnan(some)).sum(axis=1)
            value = np.full(len(weights), np.nan)
            np.divide(np.nansum(some, axis=1), count, out=value, where=count > 0)
            result[statistic.name] = value
        return result

    def intervals(self, numbers: Sequence[Number], bootstrap: Bootstrap) -> Intervals:
        """Return intervals of the summary, by drawing items.

        Parameters
        ----------
        numbers : sequence of Number
        bootstrap : Bootstrap
        """
        return resampled(self, numbers, bootstrap, "items")

    def rows(self, intervals: Intervals) -> list[dict[str, Any]]:
        """Return AP, recall and counts of each class, by area and threshold.

        Parameters
        ----------
        intervals : Intervals
        """
        shown, axis = threshold_values(self.protocol.thresholds), self.axis
        result: list[dict[str, Any]] = []
        for area in self.protocol.parts or ("",):
            ranking = self.ranked(area).ranking
            ap, recall = (self._cells(of, area, self._most) for of in ("AP", "AR"))
            ap = ap.mean(axis=-1) if self._sampled("AP") else ap
            true, ignored = true_and_ignored(ranking)
            found = np.diff(ranking.pointer)
            columns = ap, recall, true, found - true - ignored, ignored
            cells = zip(*(column.T.ravel().tolist() for column in columns), strict=True)
            where = {"area": area} if area else {}
            truths = ranking.truths.astype(int).tolist()
            for label, truth, count in zip(self.scene.labels, truths, found.tolist(), strict=True):
                result += [
                    {
                        "class": label,
                        **where,
                        axis: threshold,
                        "metric": "AP",
                        "value": value,
                        "recall": share,
                        "n_truth": truth,
                        "n_found": count,
                        "n_true": hits,
                        "n_false": false,
                        "n_ignored": unseen,
                    }
                    for threshold, (value, share, hits, false, unseen) in zip(
                        shown, cells, strict=False
                    )
                ]
        return result

    @property
    def axis(self) -> str:
        """Name of the column of thresholds."""
        return "distance" if self.protocol.distance else "iou"

    def columns(self) -> Mapping[str, Any]:
        """Return one entry per detection, in the order of the input.

        At each threshold there are ``outcome`` (``"true"``, ``"false"``, ``"ignored"``, or
        ``"excluded"``) and ``truth``, the row of the truth in its input, -1 for none.
        """
        scene, ranked = self.scene, self.ranked()
        order = np.argsort(scene.found.place)
        words = np.array(["false", "true", "ignored", "excluded"], dtype=object)
        inside = scene.found.label >= 0
        known = self.about["found"].get("confidences", True)
        result: dict[str, Any] = {
            "item": np.array(scene.items, dtype=object)[scene.found.item[order]],
            "label": np.array([*scene.labels, ""], dtype=object)[scene.found.label[order]],
            "confidence": np.where(known, scene.confidence, np.nan)[order],
        }
        for t, name in enumerate(threshold_names(self.protocol.thresholds)):
            pair = np.where(inside, ranked.pair[t], -1)
            hit = pair >= 0
            row, value = np.full(len(pair), -1), np.full(len(pair), np.nan)
            row[hit] = scene.truth.place[ranked.truth[pair[hit]]]
            value[hit] = scene.values[pair[hit]]
            result[f"outcome@{name}"] = words[np.where(inside, ranked.outcome[t], 3)[order]]
            result[f"truth@{name}"] = row[order]
            result[f"{self.axis}@{name}"] = value[order]
        return result

    def curve(self, label: str, threshold: float) -> tuple[NDArray, NDArray]:
        """Return recall and precision after each counted detection of one class.

        Parameters
        ----------
        label : str
            Class.
        threshold : float
            One of the thresholds.
        """
        if label not in self.scene.labels:
            known = ", ".join(self.scene.labels[:20])
            raise ValueError(f"there is no class {label!r}; there are {known}")
        levels = np.array(threshold_values(self.protocol.thresholds))
        level = int(np.argmin(np.abs(levels - threshold)))
        if abs(levels[level] - threshold) > 1e-9:
            known = ", ".join(threshold_names(self.protocol.thresholds))
            raise ValueError(f"{threshold!r} is not one of the thresholds {known}")
        area = next(iter(self.protocol.parts), "")
        ranking: Ranking = self.ranked(area).ranking
        return curve(ranking, level, self.scene.labels.index(label))
