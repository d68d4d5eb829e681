"""Errors of one recording, in seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from overlap._common.values import ByValue

from .protocol import DiarizationProtocol
from .timeline import Spans, Timeline, Turns, count_spans

__all__ = ["SUMS", "Measured", "evaluated_spans", "measure_recording"]

#: Sums of a recording: seconds, but for the counts of speakers and their Jaccard errors.
SUMS = (
    "total", "missed detection", "false alarm", "confusion", "correct", "scored", "speech",
    "missed speech", "false speech", "found", "largest share of found", "truth",
    "largest share of truth", "speakers", "jaccard errors", "found speakers",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Measured(ByValue):
    """What one recording adds to the numbers.

    Attributes
    ----------
    name : str
        The recording.
    digest, truth_digest, map_digest : str
        Of all inputs, of the turns of the truth, and of the evaluation map, if there is one.
    sums : ndarray, float64
        In the order of `SUMS`.
    speakers : tuple of str
        Speakers of the truth whose Jaccard error counts.
    mapped : tuple of str
        The found speaker of each; empty for none.
    seconds, common, jaccard : ndarray, float64
        Scored time of each, that together with the mapped speaker, and its Jaccard error.
    counts : ndarray, int64
        Turns of the truth, found turns, and those of both sides that are too short.
    evaluated : ndarray, float64, shape (n, 2)
        Parts that are evaluated.
    """

    name: str
    digest: str
    truth_digest: str
    map_digest: str
    sums: NDArray[np.float64]
    speakers: tuple[str, ...]
    mapped: tuple[str, ...]
    seconds: NDArray[np.float64]
    common: NDArray[np.float64]
    jaccard: NDArray[np.float64]
    counts: NDArray[np.int64]
    evaluated: NDArray[np.float64]


def evaluated_spans(
    rules: DiarizationProtocol, truth: Turns, found: Turns, spans: Spans | None
) -> Spans:
    """Return the parts of a recording that are evaluated.

    Parameters
    ----------
    rules : DiarizationProtocol
    truth, found : Turns
    spans : ndarray, shape (n, 2), optional
        Of the evaluation map.
    """
    if spans is not None:
        return spans
    sides = [truth] if rules.without_uem == "truth_hull" else [truth, found]
    sides = [side for side in sides if len(side)]
    if not sides:
        return np.empty((0, 2))
    start = min(float(side.start.min()) for side in sides)
    return np.array([[start, max(float(side.stop.max()) for side in sides)]])


def measure_recording(
    rules: DiarizationProtocol,
    name: str,
    truth: Turns,
    found: Turns,
    spans: Spans | None,
    digests: tuple[str, str, str],
) -> Measured:
    """Add up the errors of one recording.

    Parameters
    ----------
    rules : DiarizationProtocol
    name : str
    truth, found : Turns
    spans : ndarray, shape (n, 2), optional
        Parts to evaluate; by default what the rules say.
    digests : (str, str, str)
        Of all inputs, of the truth, and of the evaluation map.
    """
    given = [truth, found]
    truth, found = (side.longer_than(rules.shortest) for side in given)
    counts = [*map(len, given), len(given[0]) - len(truth), len(given[1]) - len(found)]
    spans = evaluated_spans(rules, truth, found, spans)
    if rules.collar_at_cuts:
        truth, found = (side.cut(spans).longer_than(0.0) for side in (truth, found))
    if rules.own_overlap == "merged":
        truth, found = truth.joined(), found.joined()
    pieces = _pieces(rules, truth, found, spans)
    by = pieces.evaluated if rules.mapping_time == "evaluated" else pieces.scored
    mapping = _paired(pieces.common(by).T)
    mapping = {one: other for other, one in mapping.items()}
    common = pieces.once().common(pieces.scored)
    truth_time, found_time = pieces.times()
    if rules.jaccard == "frames":
        speakers, errors = _frame_errors(truth, found, spans, rules.jaccard_step)
    else:
        # pyannote pairs the other way round here: of equal sums it may take another one
        again = rules.mapping_time == "scored"
        pairs = _paired(pieces.common(by)) if again else mapping
        speakers = np.flatnonzero(truth_time > 0)
        errors = np.ones(len(speakers))
        for k, one in enumerate(speakers.tolist()):
            if one in pairs:
                shared = common[one, pairs[one]]
                errors[k] = 1.0 - shared / (truth_time[one] + found_time[pairs[one]] - shared)
    sums = {
        **pieces.errors(mapping),
        "found": found_time.sum(),
        "largest share of found": common.max(axis=0, initial=0.0).sum(),
        "truth": truth_time.sum(),
        "largest share of truth": common.max(axis=1, initial=0.0).sum(),
        "speakers": len(speakers),
        "jaccard errors": errors.sum(),
        "found speakers": np.count_nonzero(found_time),
    }
    shown = speakers.tolist()
    return Measured(
        name,
        *digests,
        np.array([sums[key] for key in SUMS], dtype=np.float64),
        tuple(truth.speakers[k] for k in shown),
        tuple(found.speakers[mapping[k]] if k in mapping else "" for k in shown),
        truth_time[speakers],
        np.array([common[k, mapping[k]] if k in mapping else 0.0 for k in shown], np.float64),
        errors,
        np.array(counts, dtype=np.int64),
        spans,
    )


@dataclass(frozen=True, eq=False)
class _Pieces:
    """Pieces of a recording between neighbouring ends.

    Attributes
    ----------
    evaluated, scored : ndarray, float64, shape (n,)
        Seconds of each piece; 0 where it does not count.
    truth, found : ndarray or sparse array, float64, shape (n, speakers)
        How often each speaker speaks in each piece.
    """

    evaluated: NDArray[np.float64]
    scored: NDArray[np.float64]
    truth: Any
    found: Any

    def once(self) -> _Pieces:
        """Return the same with at most one turn of a speaker at a time."""
        return _Pieces(self.evaluated, self.scored, *(_least(x, 1.0) for x in self._sides))

    @property
    def _sides(self) -> tuple[Any, Any]:
        return self.truth, self.found

    def common(self, seconds: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the time that speakers have in common, shape (speakers, found speakers)."""
        if not isinstance(self.truth, np.ndarray):
            weighed = self.found.multiply(seconds[:, None])
            return np.asarray((self.truth.T @ weighed.tocsr()).toarray())
        weighed = self.found * seconds[:, None]
        return np.array([_sums(weighed, row) for row in self.truth.T]).reshape(
            self.truth.shape[1], self.found.shape[1]
        )

    def times(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the scored time of each speaker of both sides."""
        once = self.once()
        return _sums(once.truth, self.scored), _sums(once.found, self.scored)

    def errors(self, mapping: Mapping[int, int]) -> dict[str, float]:
        """Return the sums of seconds that depend on how many speak, and who is who."""
        there, given = (np.asarray(x.sum(axis=1)).ravel() for x in self._sides)
        speakers = np.array(list(mapping), dtype=np.int64)
        mapped = np.array(list(mapping.values()), dtype=np.int64)
        right = _least(self.truth[:, speakers], self.found[:, mapped]).sum(axis=1)
        right = np.asarray(right).ravel()
        speech, heard = there > 0, given > 0
        of = {
            "total": there,
            "missed detection": np.maximum(there - given, 0.0),
            "false alarm": np.maximum(given - there, 0.0),
            "confusion": np.minimum(there, given) - right,
            "correct": right,
            "scored": np.ones(len(there)),
            "speech": speech,
            "missed speech": speech & ~heard,
            "false speech": heard & ~speech,
        }
        return {name: float((self.scored * count).sum()) for name, count in of.items()}


def _least(table: Any, other: Any) -> Any:
    """Return the smaller value in each cell."""
    return np.minimum(table, other) if isinstance(table, np.ndarray) else table.minimum(other)


def _sums(table: Any, weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weighted sum of each column, added piece by piece on every machine."""
    if not isinstance(table, np.ndarray):
        return np.asarray(table.T @ weight)
    rows = np.flatnonzero(weight)
    if not len(rows):
        return np.zeros(table.shape[1])
    return np.asarray(np.cumsum(table[rows] * weight[rows, None], axis=0)[-1])


def _pieces(rules: DiarizationProtocol, truth: Turns, found: Turns, spans: Spans) -> _Pieces:
    """Cut a recording at all ends, and say what is scored."""
    if rules.decimals >= 0:
        truth, found = (side.rounded(rules.decimals) for side in (truth, found))
        spans = np.round(spans, rules.decimals)
    boundaries = np.concatenate([truth.start, truth.stop])
    collars = np.stack([boundaries - rules.margin, boundaries + rules.margin], axis=1)
    if not rules.margin:
        collars = np.empty((0, 2))
    sides = (truth, found)
    ends = [time for side in sides for time in (side.start, side.stop)]
    line = Timeline.of(spans, collars, *ends)
    inside = (count_spans(line.edges, spans) > 0) & (line.length > rules.shortest)
    scored = inside & (count_spans(line.edges, collars) == 0)
    if rules.skip_overlap:
        turns = np.stack([truth.start, truth.stop], axis=1)
        scored &= count_spans(line.edges, turns) < 2
    twice = rules.own_overlap == "twice"
    there, given = (line.presence(side, twice=twice) for side in sides)
    return _Pieces(
        np.where(inside, line.length, 0.0), np.where(scored, line.length, 0.0), there, given
    )


def _paired(common: NDArray[np.float64]) -> dict[int, int]:
    """Pair rows and columns so that the sum is greatest; what has nothing in common stays alone."""
    pairs = zip(*linear_sum_assignment(common, maximize=True), strict=True)
    return {int(one): int(other) for one, other in pairs if common[one, other] > 0}


def _frame_errors(
    truth: Turns, found: Turns, spans: Spans, step: float
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the speakers of the truth, and their Jaccard errors in frames.

    A frame belongs to a turn that begins at its time or before, and ends behind it.
    """
    end = float(spans[:, 1].max(initial=0.0))
    times = step * np.arange(int(end / step))
    framed = [
        replace(side, start=_places(times, side.start), stop=_places(times, side.stop))
        for side in (truth, found)
    ]
    parts = _places(times, spans)
    line = Timeline.of(parts, *(time for side in framed for time in (side.start, side.stop)))
    inside = np.where(count_spans(line.edges, parts) > 0, line.length, 0.0)
    pieces = _Pieces(inside, inside, *map(line.presence, framed))
    common = pieces.common(inside)
    truth_time, found_time = pieces.times()
    speakers, others = np.unique(truth.who), np.unique(found.who)
    errors = np.ones(len(speakers))
    shared = common[np.ix_(speakers, others)]
    union = truth_time[speakers][:, None] + found_time[others] - shared
    apart = 1.0 - np.divide(shared, union, out=np.zeros_like(union), where=union > 0)
    rows, columns = linear_sum_assignment(apart)
    errors[rows] = apart[rows, columns]
    return speakers, errors


def _places(times: NDArray[Any], values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.searchsorted(times, values).astype(np.float64)
