"""Numbers of an evaluation: the value, its place, its interval and its range of ties."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from overlap._common.values import ByValue, ReadOnly

from .value_range import EVERYTHING, Range

__all__ = ["Interval", "Intervals", "Number", "not_as_stored", "summary_of", "with_intervals"]

_TOLERANCE = 1e-12


@dataclass(frozen=True)
class Interval:
    """A bootstrap interval of one number.

    Attributes
    ----------
    name : str
        Name of the number in the summary.
    estimate : float
        The number itself.
    low, high : float
        Ends.
    level : float
        Confidence level asked for, in (0, 1).
    method : str
        How the ends were found.
    error : float
        Bootstrap standard error.
    bias : float
        Mean of the resamples minus the estimate.
    """

    name: str
    estimate: float
    low: float
    high: float
    level: float
    method: str
    error: float
    bias: float


@dataclass(frozen=True, eq=False)
class Number(ByValue):
    """One number of an evaluation, with everything that is known of it.

    Attributes
    ----------
    metric : str
        Such as ``"dice"``.
    value : float
    where : mapping from str to str
        The place of the number: label, class, threshold and the like. An ``iou`` is written behind
        an @; a ``protocol``, or the number ``of`` which this is a count, in front; all else in
        brackets.
    interval : Interval, optional
    ties : (float, float), optional
        Least and greatest value over the orders of equal confidences.
    n : int, optional
        Number of items with a value.
    n_undefined : int
        Number of items without one.
    unit : str
    range : Range
        Values that it can have.
    better : {"higher", "lower", "zero", ""}
        Better values: ``"zero"`` for signed differences; empty where none is better than another.

    Examples
    --------
    >>> Number("mAP", 0.5, {"iou": "0.50"}).name, Number("dice", 0.9, {"label": "liver"}).name
    ('mAP@0.50', 'dice[liver]')
    >>> Number("n_nan", 2.0, {"of": "dice"}).name
    'dice n_nan'
    """

    metric: str
    value: float
    where: Mapping[str, str] = field(default_factory=dict)
    interval: Interval | None = None
    ties: tuple[float, float] | None = None
    n: int | None = None
    n_undefined: int = 0
    unit: str = "1"
    range: Range = EVERYTHING
    better: Literal["higher", "lower", "zero", ""] = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "where", ReadOnly(self.where))

    @property
    def name(self) -> str:
        """Name in the summary and in files."""
        where = dict(self.where)
        front = [where.pop(key) for key in ("protocol", "of") if key in where]
        iou = where.pop("iou", "")
        name = " ".join([*front, self.metric]) + (f"@{iou}" if iou else "")
        return f"{name}[{' '.join(where.values())}]" if where else name


@dataclass(frozen=True, eq=False)
class Intervals(ByValue):
    """Intervals of one evaluation.

    Attributes
    ----------
    numbers : tuple of Interval
        Of numbers of the summary, by their names.
    rows : object
        Of rows of the table, as the evidence wants them.
    facts : mapping
        Facts for the settings, besides resamples, level and seed.
    notes : tuple of str
    """

    numbers: tuple[Interval, ...] = ()
    rows: object = None
    facts: Mapping[str, object] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def with_intervals(numbers: Iterable[Number], intervals: Sequence[Interval]) -> list[Number]:
    """Return numbers with their intervals, by name.

    Parameters
    ----------
    numbers : iterable of Number
    intervals : sequence of Interval
    """
    known = {interval.name: interval for interval in intervals}
    return [replace(number, interval=known.get(number.name)) for number in numbers]


def summary_of(numbers: Iterable[Number]) -> list[tuple[str, float]]:
    """Return names and values of numbers, each followed by its interval; ranges of ties are last.

    Parameters
    ----------
    numbers : iterable of Number

    Examples
    --------
    >>> summary_of([Number("mAP", 0.5, ties=(0.4, 0.6))])
    [('mAP', 0.5), ('mAP tie low', 0.4), ('mAP tie high', 0.6)]
    """
    result, ties = [], []
    for number in numbers:
        name = number.name
        result.append((name, number.value))
        if number.interval is not None:
            result += [
                (f"{name} low", number.interval.low),
                (f"{name} high", number.interval.high),
            ]
        if number.ties is not None:
            ties += [(f"{name} tie low", number.ties[0]), (f"{name} tie high", number.ties[1])]
    return result + ties


def not_as_stored(numbers: Mapping[str, float], stored: Mapping[str, float | None]) -> list[str]:
    """Return the names of numbers that are not as a file has them.

    Parameters
    ----------
    numbers : mapping
        Numbers by name; those that only the file has, such as ends of intervals, do not count.
    stored : mapping
        Summary of the file, with None for undefined numbers.
    """
    odd = []
    for name, number in numbers.items():
        value = stored.get(name)
        value = math.nan if value is None else float(value)
        if not (abs(number - value) <= _TOLERANCE or (math.isnan(number) and math.isnan(value))):
            odd.append(name)
    return odd
