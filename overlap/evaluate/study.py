"""Studies: evaluations that are fed item by item, in any order and anywhere."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from overlap._common.values import ByValue, ReadOnly, same

from .bootstrap import NO_BOOTSTRAP, Bootstrap
from .parts import checked_folder, pack, unpack
from .runner import measured, report_of
from .task import Task

__all__ = ["Study"]


@dataclass(frozen=True)
class _Functions:
    """Two functions in place of a task."""

    function: Callable[..., Any]
    finalise: Callable[[list[Any]], Any]

    def measure(self, key: Any, item: Mapping[str, Any]) -> Any:
        return self.function(**item)


class Study(ByValue):
    """An evaluation that is fed item by item, and computed when asked for.

    Nothing is added up before all parts stand in the order of their keys, so the result depends
    neither on the order in which items came, nor on how they were spread over studies.

    Parameters
    ----------
    task : Task
        The rules. Functions such as `overlap.evaluate.temporal_study` give studies that have some.
    bootstrap : Bootstrap
        Settings of the intervals.
    measure, finalise : callable
        In place of a task: ``measure(**item)`` gives the part of an item, ``finalise([part, ...])``
        the result.
    rows : mapping
        Parts by key.
    resume : path, optional
        Folder for measured parts, where `update_all` names none.

    Examples
    --------
    >>> from overlap.evaluate import segmentation_study
    >>> first, second = segmentation_study(metrics=["dice"]), segmentation_study(metrics=["dice"])
    >>> _ = first.update("a", truth=[[0, 1, 1]], found=[[0, 1, 0]])
    >>> _ = second.update("b", truth=[[0, 1, 1]], found=[[0, 1, 1]])
    >>> first.merge(second).compute().summary["dice"].round(4)
    np.float64(0.8333)

    Parts travel between processes, and wait on disk, as bytes:

    >>> later = segmentation_study(metrics=["dice"]).from_bytes(first.to_bytes())
    >>> later.update("c", truth=[[0, 1, 1]], found=[[0, 0, 1]])
    <Study segmentation of 3 items>
    """

    def __init__(
        self,
        task: Task | None = None,
        bootstrap: Bootstrap = NO_BOOTSTRAP,
        *,
        measure: Callable[..., Any] | None = None,
        finalise: Callable[[list[Any]], Any] | None = None,
        rows: Mapping[Any, Any] | None = None,
        resume: str | os.PathLike[str] | None = None,
    ) -> None:
        if task is None and (measure is None or finalise is None):
            raise TypeError("Study: give a task, or measure= and finalise=")
        self._task: Any = task if task is not None else _Functions(measure, finalise)  # type: ignore[arg-type]
        self._bootstrap = bootstrap
        self._parts: dict[Any, Any] = dict(rows or {})
        self._states: dict[Any, str] = {}
        self._folder = checked_folder(resume)

    @property
    def rows(self) -> Mapping[Any, Any]:
        """Measured parts by key."""
        return ReadOnly(self._parts)

    def __len__(self) -> int:
        return len(self._parts)

    def __repr__(self) -> str:
        name = getattr(self._task, "name", "")
        return f"<Study {name}{' of' if name else ''} {len(self)} items>"

    def _contents(self) -> tuple[Any, ...]:
        return self._task, self._bootstrap, self._parts

    __hash__ = None  # type: ignore[assignment]  # it changes

    def update(self, key: Any, /, **item: Any) -> Study:
        """Measure one item, and keep its part.

        Parameters
        ----------
        key : str or int
            Name of the item; parts stand in the order of their keys.
        **item
            The item, as the evaluation takes it.

        Returns
        -------
        Study
            This one.

        Raises
        ------
        ValueError
            The study already has this key, or the item is bad.
        """
        return self.update_all({key: item})

    def update_all(
        self,
        items: Mapping[Any, Mapping[str, Any]],
        *,
        workers: int = 1,
        resume: str | os.PathLike[str] | None = None,
        progress: bool | None = None,
    ) -> Study:
        """Measure several items, and keep their parts.

        Parameters
        ----------
        items : mapping
            Arguments of `update` by key.
        workers, resume, progress
            As for the evaluation itself.

        Returns
        -------
        Study
            This one.

        Raises
        ------
        ValueError
            The study already has one of the keys, or an item is bad.
        """
        twice = next((key for key in items if key in self._parts), None)
        if twice is not None:
            raise ValueError(f"study: {twice!r} was already added; give each item its own key")
        folder = self._folder if resume is None else checked_folder(resume)
        results = measured(self._task, items, workers, folder, progress)
        found = list(results)  # all or none
        for key, part, state in found:
            self._parts[key], self._states[key] = part, state
        return self

    def merge(self, other: Study) -> Study:
        """Take the parts of another study by the same rules.

        Parameters
        ----------
        other : Study

        Returns
        -------
        Study
            This one.

        Raises
        ------
        ValueError
            The two have other rules, or a key in common.
        """
        if not same(self._task, other._task):
            raise ValueError("study: the two measure by different rules; use one set of rules")
        twice = next((key for key in other._parts if key in self._parts), None)
        if twice is not None:
            raise ValueError(f"study: both have {twice!r}; give each item its own key")
        self._parts.update(other._parts)
        self._states.update(other._states)
        return self

    def reset(self) -> Study:
        """Forget all parts.

        Returns
        -------
        Study
            This one.
        """
        self._parts.clear()
        self._states.clear()
        return self

    def compute(self) -> Any:
        """Put all parts together in the order of their keys.

        Returns
        -------
        Report
        """
        if isinstance(self._task, _Functions):
            return self._task.finalise([self._parts[key] for key in sorted(self._parts)])
        return report_of(self._task, self._parts, None, self._bootstrap, self._states)

    report = compute

    def add(self, key: Any, /, **item: Any) -> Study:
        """Measure one item; return a new study that has it too. See `update`."""
        return self._copy().update(key, **item)

    def add_all(self, items: Mapping[Any, Mapping[str, Any]], **options: Any) -> Study:
        """Measure several items; return a new study that has them too. See `update_all`."""
        return self._copy().update_all(items, **options)

    def __or__(self, other: Study) -> Study:
        """Return a new study with the parts of both."""
        if not isinstance(other, Study):
            return NotImplemented
        return self._copy().merge(other)

    def _copy(self) -> Study:
        result = Study(self._task, self._bootstrap, rows=self._parts, resume=self._folder)
        result._states.update(self._states)
        return result

    def to_bytes(self) -> bytes:
        """Return all parts as bytes, without pickle.

        Returns
        -------
        bytes
            They say by which rules the parts were measured, and have a version and a checksum.

        Raises
        ------
        TypeError
            The study has functions in place of a task.
        """
        task = self._rules()
        return pack({"evaluation": task.name, "rules": task.rules(), "parts": self._parts})

    def from_bytes(self, data: bytes) -> Study:
        """Take parts that `to_bytes` wrote.

        Parameters
        ----------
        data : bytes
            Parts that were measured by the rules of this study.

        Returns
        -------
        Study
            This one.

        Raises
        ------
        ValueError
            The bytes are damaged or of another version, were measured by other rules, or have a
            key that the study has.
        """
        task = self._rules()
        stored = unpack(data, task.records)
        if stored["evaluation"] != task.name:
            raise ValueError(
                f"study: these bytes are of {stored['evaluation']}, not of {task.name}"
            )
        ours = task.rules()
        other = [name for name in {**ours, **stored["rules"]}
                 if not same(ours.get(name), stored["rules"].get(name))]  # fmt: skip
        if other:
            raise ValueError(
                f"study: the parts in these bytes were measured by other rules: {', '.join(other)}"
            )
        return self.merge(Study(task, rows=stored["parts"]))

    def _rules(self) -> Task:
        if isinstance(self._task, _Functions):
            raise TypeError("a study of functions has no bytes; make it of a task")
        return self._task
