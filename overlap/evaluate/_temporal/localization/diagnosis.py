"""What a detector finds and misses, by kind of error and by characteristics of the truths."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from overlap._common.frames import frame
from overlap._common.values import ByValue
from overlap.evaluate.report import plain
from overlap.io.durations import as_durations
from overlap.io.printable import some
from overlap.plot.segment_timelines import Bar

from .characteristics import Characteristic, characteristics_of
from .errors import FalsePositives, false_positives
from .evidence import TemporalEvidence
from .matches import Matches, matches_of
from .timelines import timeline_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Diagnosis", "diagnosis_of"]

_LEAST = 0.05  # normalised precision from which a truth counts as found
_COMMON = 0.5  # threshold at which single videos are looked at


@dataclass(frozen=True, eq=False)
class Diagnosis(ByValue):
    """Errors of a report on localization, after H. Alwassel and others, ECCV 2018 (DETAD).

    Attributes
    ----------
    matches : Matches
        Truths and predictions, matched by the rules of the report.
    characteristics : tuple of Characteristic
        Coverage (where durations are known), length and number of instances of the truths.
    left_out : int
        Truths of no length, or longer than their video, which are left out.
    most : int
        Of the predictions of a class with G truths, the first `most` times G are looked at for
        kinds of error.

    Notes
    -----
    The normalised mAP has the precision RN / (RN + F), with the recall R, the number F of false
    positives so far and the mean number N of truths of a class; AP is over all points of the curve.
    """

    matches: Matches
    characteristics: tuple[Characteristic, ...]
    left_out: int
    most: int

    @property
    def value(self) -> float:
        """Normalised mAP, in [0, 1]."""
        return self.matches.mean

    @cached_property
    def false_positives(self) -> FalsePositives:
        """False positives by kind."""
        return false_positives(self.matches, self.most)

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """One entry for each bin of each characteristic.

        Keys are ``characteristic``, ``bin``, ``range``, ``n_truth``, ``value`` (normalised mAP if
        these were the only truths; NaN without truths) and ``missed`` (share of them that no
        prediction finds while the normalised precision is above 0.05, mean over thresholds).
        """
        found = self.matches.found_truths(_LEAST)
        inside = self.matches.scene.truth.label >= 0
        result = []
        for one in self.characteristics:
            for number, (name, span) in enumerate(one.bins):
                chosen = inside & (one.bin == number)
                missed = 1.0 - found[:, chosen].mean(axis=1) if chosen.any() else np.array([np.nan])
                result.append({
                    "characteristic": one.name, "bin": name, "range": span,
                    "n_truth": int(chosen.sum()), "value": self.matches.mean_of(chosen),
                    "missed": float(missed.mean()),
                })  # fmt: skip
        return result

    @property
    def table(self) -> pd.DataFrame:
        """One row for each bin of each characteristic (pandas DataFrame); see `rows`."""
        return frame(self.rows)

    @property
    def errors(self) -> pd.DataFrame:
        """Kinds of false positive (pandas DataFrame).

        Columns are ``error``, ``n`` (mean over the thresholds), ``share`` of the predictions, and
        ``cost``: what the normalised mAP gains without them, in [0, 1].
        """
        return frame(self.false_positives.rows())

    @cached_property
    def level(self) -> int:
        """Place of the threshold for single videos: 0.5 where it is one, else the first."""
        near = np.flatnonzero(np.abs(self.matches.scene.thresholds - _COMMON) < 1e-9)
        return int(near[0]) if len(near) else 0

    @cached_property
    def videos(self) -> list[dict[str, Any]]:
        """Videos with missed truths: those with most of them first, of equals the larger share.

        Keys are ``video``, ``n_truth``, ``n_missed`` and ``n_found``, the number of predictions.
        """
        scene = self.matches.scene
        count = len(scene.items)
        inside = scene.truth.label >= 0
        missed = inside & ~self.hit
        truths = np.bincount(scene.truth.item[inside], minlength=count)
        lost = np.bincount(scene.truth.item[missed], minlength=count)
        found = np.bincount(scene.found.item[scene.found.label >= 0], minlength=count)
        order = np.lexsort((-lost / np.maximum(truths, 1), -lost))
        return [
            {"video": scene.items[k], "n_truth": int(truths[k]), "n_missed": int(lost[k]),
             "n_found": int(found[k])}
            for k in order.tolist() if lost[k]
        ]  # fmt: skip

    @cached_property
    def hit(self) -> NDArray[np.bool_]:
        """Truths that a prediction matches at the threshold `level`, shape (M,)."""
        partner = self.matches.partner[self.level]
        result = np.zeros(len(self.matches.scene.truth), dtype=bool)
        result[partner[partner >= 0]] = True
        return result

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data; NaN becomes None."""
        true = self.false_positives.true()
        return plain({
            "normalised_mAP": self.value,
            "truths_per_class": self.matches.typical,
            "truths_left_out": self.left_out,
            "predictions_per_truth": self.most,
            "characteristics": {one.name: list(one.edges) for one in self.characteristics},
            "bins": self.rows,
            "true": true,
            "errors": self.false_positives.rows(),
            "normalised_mAP_of_first": self.false_positives.value,
            "profile": self.false_positives.profile(),
            "videos": self.videos,
        })  # fmt: skip

    def bars(self, video: str) -> tuple[list[Bar], list[Bar]]:
        """Return the truths of a video and its most confident predictions, for a picture.

        Parameters
        ----------
        video : str
        """
        return timeline_of(self.matches, self.level, self.hit, video)

    def plot(self, path: Any = None, ax: Any = None) -> Any:
        """Draw what each kind of error costs.

        Parameters
        ----------
        path : str or Path, optional
            File to write, all or nothing; the suffix is the format.
        ax : matplotlib.axes.Axes, optional
            Where to draw; by default a new figure.
        """
        from overlap.plot.detection import draw_errors

        return draw_errors(self.false_positives.rows(), path=path, ax=ax)

    def timeline(self, video: str | None = None, path: Any = None, ax: Any = None) -> Any:
        """Draw truths and the most confident predictions of a video along the time.

        Parameters
        ----------
        video : str, optional
            By default the one with most missed truths.
        path : str or Path, optional
            File to write, all or nothing; the suffix is the format.
        ax : matplotlib.axes.Axes, optional
            Where to draw; by default a new figure.

        Raises
        ------
        ValueError
            There is no such video, or none has a missed truth.
        """
        from overlap.plot.segment_timelines import draw_segments

        if video is None:
            if not self.videos:
                raise ValueError("no truth is missed; give the name of a video")
            video = self.videos[0]["video"]
        return draw_segments(self.bars(video), path=path, ax=ax)


def diagnosis_of(
    evidence: TemporalEvidence,
    ties: str,
    bins: str | Mapping[str, Sequence[float]],
    durations: Mapping[str, float] | str | os.PathLike[str] | None,
    most: int,
) -> Diagnosis:
    """Diagnose the errors of a report; see `TemporalReport.diagnosis`.

    Parameters
    ----------
    evidence : TemporalEvidence
    ties : str
        Of the report.
    bins, durations, most
        As there.
    """
    if most < 1:
        raise ValueError(f"most = {most!r}: wanted a whole number of 1 or more")
    truth, scene = evidence.measured.truth, evidence.scene
    length = truth.stop - truth.start
    given = as_durations(durations) if durations else {}
    for video, seconds in given.items():
        if not seconds > 0:
            raise ValueError(f"durations: {video!r} has {seconds:g}; wanted seconds above 0")
    if given and not given.keys() & set(truth.videos):
        raise ValueError(
            f"durations: none of {some(list(given), 3)} is a video of the truth, which has "
            f"{some(truth.videos, 3)}; write names as they are there"
        )
    known = dict(zip(truth.videos, truth.duration.tolist(), strict=True)) | given
    duration = np.array([known[video] for video in truth.videos], dtype=np.float64)[truth.video]
    coverage = np.divide(length, duration, out=np.full_like(length, np.nan), where=duration > 0)
    instances = np.bincount(truth.video, minlength=len(truth.videos))[truth.video]
    left_out = (scene.truth.label >= 0) & ((length <= 0) | (coverage > 1.0))
    matches = matches_of(evidence, left_out, ties)
    if not len(matches.classes):
        raise ValueError("there is no class with a truth, and nothing to diagnose")
    values = {"coverage": coverage, "length": length, "instances": instances.astype(np.float64)}
    inside = matches.scene.truth.label >= 0
    if np.isnan(coverage[inside]).all():
        if not isinstance(bins, str) and "coverage" in bins:
            raise ValueError(
                "bins: coverage needs durations of videos, which the truth does not have; give "
                "durations, a file of videos and seconds"
            )
        del values["coverage"]
    values = {name: np.where(inside, column, np.nan) for name, column in values.items()}
    return Diagnosis(matches, characteristics_of(values, bins), int(left_out.sum()), most)
