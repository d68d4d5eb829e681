"""A study: measure items one by one, in any order and anywhere; put them together once.

``measure(item)`` gives the rows of one item, `combine` concatenates the rows in the order
of their keys, and ``finalise(rows)`` computes the report. Since nothing is summed before
all rows stand in key order, a report depends neither on the order in which items came nor
on the number of workers.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from overlap._common.values import ByValue, ReadOnly

__all__ = ["Study", "progress_bar"]

Rows = TypeVar("Rows")
Result = TypeVar("Result")


def progress_bar(steps: Iterable, *, total: int, what: str, progress: bool | None) -> Iterable:
    """Show a bar for long work.

    Parameters
    ----------
    steps : iterable
        The work.
    total : int
        Its length.
    what : str
        Words before the bar.
    progress : bool or None
        None shows it on a terminal only, and only after a second.

    Returns
    -------
    iterable
    """
    if progress is False:
        return steps
    from tqdm.auto import tqdm

    return tqdm(
        steps,
        total=total,
        desc=what,
        leave=False,
        disable=None if progress is None else False,
        delay=1.0 if progress is None else 0.0,
    )


@dataclass(frozen=True, eq=False)
class Study(ByValue, Generic[Rows, Result]):
    """An evaluation that can be built up piece by piece.

    Parameters
    ----------
    measure : callable
        ``measure(**item) -> rows``. For several workers it must be picklable.
    finalise : callable
        ``finalise([rows, ...]) -> result``; gets the rows in the order of their keys.
    rows : mapping
        Rows by key; keys are strings or numbers that sort.

    Examples
    --------
    >>> from overlap.evaluate import Study
    >>> study = Study(measure=lambda values: values, finalise=lambda rows: sum(rows, []))
    >>> later = study.add("b", values=[3]).add("a", values=[1, 2])
    >>> later.report()
    [1, 2, 3]
    """

    measure: Callable[..., Rows]
    finalise: Callable[[list[Rows]], Result]
    rows: Mapping[Any, Rows] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", ReadOnly(dict(self.rows)))

    def add(self, key: Any, **item: Any) -> Study[Rows, Result]:
        """Measure one item; return the study that has it too.

        Raises
        ------
        ValueError
            If the study already has this key.
        """
        return self.add_all({key: item})

    def add_all(
        self,
        items: Mapping[Any, Mapping[str, Any]],
        *,
        workers: int = 1,
        progress: bool | None = None,
    ) -> Study[Rows, Result]:
        """Measure several items; return the study that has them too.

        Parameters
        ----------
        items : mapping
            Arguments of `measure` by key.
        workers : int
            Number of processes, through joblib: ``joblib.parallel_config`` chooses
            another engine. -1 for all processors. There are never more than items
            or processors.
        progress : bool, optional
            Show a bar; by default on a terminal only.

        Returns
        -------
        Study

        Raises
        ------
        ValueError
            If the study already has one of the keys.
        """
        twice = [key for key in items if key in self.rows]
        if twice:
            raise ValueError(f"study: {twice[0]!r} was already added; give each item its own key")
        if workers == 1 or len(items) < 2:
            results: Iterable = (self.measure(**item) for item in items.values())
        else:
            from joblib import Parallel, delayed, effective_n_jobs

            folder = os.getcwd()
            jobs = min(workers, len(items), effective_n_jobs(-1))
            results = Parallel(n_jobs=jobs, return_as="generator")(
                delayed(_measured)(folder, self.measure, item) for item in items.values()
            )
        if len(items) > 1:
            results = progress_bar(results, total=len(items), what="measure", progress=progress)
        added = dict(zip(items, results, strict=True))
        return replace(self, rows={**self.rows, **added})

    def __or__(self, other: Study[Rows, Result]) -> Study[Rows, Result]:
        """Return the study with the items of both."""
        if not isinstance(other, Study):
            return NotImplemented
        if self.measure != other.measure or self.finalise != other.finalise:
            raise ValueError("study: the two measure by different rules; use one set of rules")
        twice = [key for key in other.rows if key in self.rows]
        if twice:
            raise ValueError(f"study: both have {twice[0]!r}; give each item its own key")
        return replace(self, rows={**self.rows, **other.rows})

    def report(self) -> Result:
        """Put all rows together, in key order, and compute the result."""
        return self.finalise([self.rows[key] for key in sorted(self.rows)])


def _measured(folder: str, measure: Callable[..., Any], item: Mapping[str, Any]) -> Any:
    """Measure an item in another process, which may have been started in another folder.

    Processes are kept for later runs. Without this, relative names would be those of files of the
    first run's folder.
    """
    if os.path.isdir(folder) and os.getcwd() != folder:
        os.chdir(folder)
    return measure(**item)
