"""A task: the rules of one evaluation, from items over measured parts to evidence.

A task knows its field and nothing of workers, resuming, bootstrap, files or pages: these are the
business of `overlap.evaluate.runner`. It is a frozen value that can be sent to another process.

1. `Task.items` reads the inputs, and splits them into items that can be measured alone.
2. `Task.measure` measures one of them, anywhere. The part that it returns is small.
3. `Task.finish` gets the parts in the order of their keys, and returns the evidence: everything
   that the numbers follow from. Nothing is added up before, so that neither order nor workers
   change a bit.
4. `Task.describe` says what the numbers depend on, and what another report must agree in.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Protocol

from .bootstrap import LEAST_ITEMS, Bootstrap, draw_weights, resampled_interval, too_few
from .contract import Contract
from .numbers import Intervals, Number
from .report import Evidence as Kept
from .report import Report, plain

__all__ = ["Description", "Evidence", "Inputs", "Task", "resampled"]


@dataclass(frozen=True)
class Inputs:
    """Items of an evaluation, and what is known of the inputs besides.

    Attributes
    ----------
    items : mapping
        By key; keys sort by `Task.order`. An item can be sent to another process.
    about : Any
        What `Task.finish` needs besides the parts, such as names of folders, or items that have no
        partner. None for items that came one by one.
    """

    items: Mapping[Any, Any]
    about: Any = None


@dataclass(frozen=True)
class Description:
    """What the numbers of an evaluation depend on.

    Attributes
    ----------
    settings : mapping
        Rules and inputs, as plain data.
    contract : Contract
        What another report must agree in.
    notes : sequence of str
        Shown below the numbers.
    findings : sequence of str
        Messages that must not be missed, shown above the numbers.
    """

    settings: Mapping[str, Any]
    contract: Contract
    notes: Sequence[str] = ()
    findings: Sequence[str] = ()


class Evidence(Kept, Protocol):
    """Everything that the numbers of a report follow from."""

    def numbers(self) -> Sequence[Number]:
        """Return the numbers of the summary, the most telling first, without intervals."""

    def intervals(self, numbers: Sequence[Number], bootstrap: Bootstrap) -> Intervals:
        """Return intervals of numbers, and of rows of the table.

        Parameters
        ----------
        numbers : sequence of Number
        bootstrap : Bootstrap
        """

    def rows(self, intervals: Intervals) -> Sequence[dict[str, Any]]:
        """Return the rows of the table.

        Parameters
        ----------
        intervals : Intervals
        """


class Task(ABC):
    """Rules of one evaluation; fields of the frozen dataclass that is derived from it."""

    #: Name of the evaluation in settings, contracts and messages.
    name: ClassVar[str]
    #: Word for several items.
    unit: ClassVar[str] = "items"
    #: Dataclasses that parts consist of.
    records: ClassVar[tuple[type, ...]] = ()
    #: Class of the reports.
    report: ClassVar[type[Report]] = Report

    @abstractmethod
    def items(self, pieces: int, **inputs: Any) -> Inputs:
        """Read inputs, and split them into items.

        Parameters
        ----------
        pieces : int
            Wanted number of items, for inputs that can be split anywhere.
        **inputs
            As the evaluation takes them.
        """

    @abstractmethod
    def measure(self, key: Any, item: Any) -> Any:
        """Measure one item.

        Parameters
        ----------
        key, item : Any

        Returns
        -------
        Any
            Part: a tree of records and arrays that `overlap.evaluate.parts.pack` can write.
        """

    @abstractmethod
    def finish(self, parts: Mapping[Any, Any], about: Any) -> Evidence:
        """Put parts together.

        Parameters
        ----------
        parts : mapping
            In the order of their keys.
        about : Any
            As in `Inputs`.
        """

    def describe(
        self, evidence: Any, numbers: Sequence[Number], bootstrap: Bootstrap
    ) -> Description:
        """Say what the numbers depend on.

        Parameters
        ----------
        evidence : Evidence
        numbers : sequence of Number
        bootstrap : Bootstrap
        """
        rules = self.rules()
        return Description(rules, Contract(self.name, rules))

    def sentence(self, evidence: Any, settings: Mapping[str, Any]) -> str:
        """Return the sentence for a paper.

        Parameters
        ----------
        evidence : Evidence
        settings : mapping
            All settings of the report.
        """
        version = settings["versions"]["overlap-metrics"]
        return f"{len(evidence.items)} {self.unit} were scored with overlap {version}."

    def rules(self) -> dict[str, Any]:
        """Return the rules on which parts depend, as plain data."""
        return {entry.name: plain(getattr(self, entry.name)) for entry in fields(self)}  # type: ignore[arg-type]

    def keeps(self, part: Any) -> bool:
        """Whether a part is worth keeping for a run that is resumed; failures are tried again.

        Parameters
        ----------
        part : Any
        """
        return True

    def order(self, key: Any) -> Any:
        """Return the sorting key of the key of an item; by default the key itself.

        Parameters
        ----------
        key : Any
        """
        return key

    @abstractmethod
    def holds(self, key: Any, part: Any, item: Any) -> bool:
        """Whether a part that an earlier run measured is of this very item.

        Parameters
        ----------
        key, part, item : Any
        """

    def extras(self, evidence: Any) -> dict[str, Any]:
        """Return arguments of the report besides those that all reports have.

        Parameters
        ----------
        evidence : Evidence
        """
        return {}


def resampled(
    evidence: Evidence, numbers: Sequence[Number], bootstrap: Bootstrap, unit: str
) -> Intervals:
    """Return intervals of numbers of the whole set, of which items are drawn with replacement.

    Parameters
    ----------
    evidence : Evidence
        Whose `statistics` weigh the items.
    numbers : sequence of Number
    bootstrap : Bootstrap
    unit : str
        Word for several items.

    Returns
    -------
    Intervals
        None where there are fewer than `LEAST_ITEMS` items.
    """
    count = len(evidence.items)
    if not bootstrap.resamples:
        return Intervals()
    if count < LEAST_ITEMS:
        return Intervals(notes=(too_few(count, unit),))
    draws = evidence.statistics(draw_weights(count, bootstrap.resamples, bootstrap.rng))
    made = [
        resampled_interval(
            number.name,
            number.value,
            draws[number.name],
            items=count,
            low=number.range.low,
            high=number.range.high,
            confidence_level=bootstrap.level,
        )
        for number in numbers
        if number.name in draws
    ]
    return Intervals(tuple(made), facts={"method": "percentile", "resampled": unit})
