"""The runner: evaluates a task, on any number of workers, and makes its report.

Everything that all evaluations share is here: processes through joblib, progress, parts of an
earlier run, intervals, settings, contract and sentence.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from .bootstrap import NO_BOOTSTRAP, Bootstrap, check_drawn, interval_notes
from .numbers import with_intervals
from .parts import Store, checked_folder
from .progress import progress_bar
from .report import Report, package_versions
from .task import Task

__all__ = ["engine", "measured", "report_of", "run"]

#: Items for inputs that can be split anywhere, for several workers or a run to be resumed.
PIECES = 64


def run(
    task: Task,
    inputs: Mapping[str, Any],
    *,
    bootstrap: Bootstrap = NO_BOOTSTRAP,
    workers: int = 1,
    resume: str | os.PathLike[str] | None = None,
    progress: bool | None = None,
) -> Report:
    """Evaluate inputs by the rules of a task.

    Parameters
    ----------
    task : Task
    inputs : mapping
        Arguments of `Task.items`.
    bootstrap : Bootstrap
    workers : int
        Number of processes, through joblib: ``joblib.parallel_config`` chooses another engine. -1
        for all processors. There are never more than items or processors. No number depends on it.
    resume : path, optional
        Folder for measured parts. A run that was interrupted continues; items that have changed
        are measured again.
    progress : bool, optional
        Show a bar; by default on a terminal only.

    Returns
    -------
    Report
    """
    folder = checked_folder(resume)
    given = task.items(1 if workers == 1 and folder is None else PIECES, **inputs)
    check_drawn(len(given.items), bootstrap.resamples)  # before hours of measuring
    parts, states = {}, {}
    for key, part, state in measured(task, given.items, workers, folder, progress):
        parts[key], states[key] = part, state
    return report_of(task, parts, given.about, bootstrap, states)


def measured(
    task: Task,
    items: Mapping[Any, Any],
    workers: int = 1,
    folder: str | None = None,
    progress: bool | None = None,
) -> Iterator[tuple[Any, Any, str]]:
    """Measure items, each anywhere.

    Parameters
    ----------
    task : Task
    items : mapping
        Items by key.
    workers : int
    folder : str, optional
        Folder with parts of an earlier run, and for those of this one.
    progress : bool, optional

    Yields
    ------
    key, part : Any
    state : str
        ``"read"``, if an earlier run measured the item; ``"changed"`` or ``"damaged"``, if its
        part is not valid any more; ``"not kept: ..."``, if it could not be written; or empty.
    """
    store = None if folder is None else Store(folder, task.rules(), task.records)
    results: Iterable
    if workers == 1 or len(items) < 2:
        results = (_measured(task, store, key, item) for key, item in items.items())
    else:
        from joblib import Parallel, delayed, effective_n_jobs

        here = os.getcwd()
        jobs = min(workers if workers > 0 else effective_n_jobs(workers), len(items))
        jobs = min(jobs, effective_n_jobs(-1))
        results = Parallel(n_jobs=jobs, return_as="generator")(
            delayed(_measured_in)(here, task, store, key, item) for key, item in items.items()
        )
    if len(items) > 1:
        results = progress_bar(results, total=len(items), what="measure", progress=progress)
    for key, (part, state) in zip(items, results, strict=True):
        yield key, part, state


def _measured(task: Task, store: Store | None, key: Any, item: Any) -> tuple[Any, str]:
    if store is None:
        return task.measure(key, item), ""
    part, state = store.load(key)
    if state == "read":
        if task.holds(key, part, item):
            return part, state
        state = "changed"
    part = task.measure(key, item)
    if not task.keeps(part):
        return part, ""
    try:
        store.save(key, part)
    except OSError as error:
        state = f"not kept: {' '.join(str(error).split())}"
    return part, state


def _measured_in(folder: str, *arguments: Any) -> tuple[Any, str]:
    """Measure an item in another process, which may have been started in another folder.

    Processes are kept for later runs. Without this, relative names would be those of files of the
    first run's folder.
    """
    if os.path.isdir(folder) and os.getcwd() != folder:
        os.chdir(folder)
    return _measured(*arguments)


def report_of(
    task: Task,
    parts: Mapping[Any, Any],
    about: Any = None,
    bootstrap: Bootstrap = NO_BOOTSTRAP,
    states: Mapping[Any, str] | None = None,
) -> Report:
    """Put measured parts together, and make the report.

    Parameters
    ----------
    task : Task
    parts : mapping
        Parts by key, in any order.
    about : Any
        As in `overlap.evaluate.task.Inputs`.
    bootstrap : Bootstrap
    states : mapping from key to str, optional
        How parts came about; see `measured`.

    Returns
    -------
    Report
    """
    evidence = task.finish({key: parts[key] for key in sorted(parts, key=task.order)}, about)
    numbers = list(evidence.numbers())
    intervals = evidence.intervals(numbers, bootstrap)
    numbers = with_intervals(numbers, intervals.numbers)
    said = task.describe(evidence, numbers, bootstrap)
    notes = [*_resumed(task, states or {}), *said.notes]
    settings: dict[str, Any] = {
        "evaluation": task.name,
        **said.settings,
        "contract": said.contract.settings(),
        "versions": package_versions(),
    }
    if intervals.numbers or intervals.facts:
        settings["bootstrap"] = {**bootstrap.settings(), **intervals.facts}
        notes += interval_notes(intervals.numbers)
    settings["notes"] = [*notes, *intervals.notes]
    settings["findings"] = list(said.findings)
    return task.report(
        numbers=tuple(numbers),
        table_rows=tuple(evidence.rows(intervals)),
        settings=settings,
        sentence=task.sentence(evidence, settings),
        evidence=evidence,
        **task.extras(evidence),
    )


def _resumed(task: Task, states: Mapping[Any, str]) -> list[str]:
    """Say what became of the parts of an earlier run."""
    notes, keys = [], sorted(states, key=task.order)
    for state, words in (("changed", "have changed since"), ("damaged", "were damaged on disk")):
        again = [key for key in keys if states[key] == state]
        if again:
            notes.append(
                f"{len(again)} {task.unit} of the earlier run {words} and were measured again "
                f"(first: {again[0]})"
            )
    unkept = [key for key in keys if states[key].startswith("not kept")]
    if unkept:
        reason = states[unkept[0]].removeprefix("not kept: ")
        notes.append(
            f"{len(unkept)} {task.unit} could not be kept for a later run (first: {unkept[0]}, "
            f"{reason})"
        )
    read = sum(state == "read" for state in states.values())
    if read:
        notes.append(f"{read} {task.unit} were measured by an earlier run")
    return notes


@contextmanager
def engine(name: str | None = None, address: str | None = None) -> Iterator[None]:
    """Choose the engine that runs the workers.

    Parameters
    ----------
    name : str, optional
        A backend of joblib: ``"loky"`` (processes of this machine, the default), ``"dask"``,
        ``"threading"``, or one that another library has registered, such as ``"ray"``.
    address : str, optional
        For ``"dask"``: address of the scheduler, such as ``"tcp://10.0.0.1:8786"``; by default a
        cluster on this machine is started.

    Raises
    ------
    ValueError
        There is no such engine, or an address is given for one that has none.
    ImportError
        It is not installed.
    """
    if address is not None and name != "dask":
        raise ValueError(f"address = {address!r} is for the engine 'dask'")
    if name is None:
        yield
        return
    from joblib import parallel_config

    if name == "dask":
        try:
            from dask.distributed import Client
        except ImportError as error:
            raise ImportError(
                "the engine dask needs dask.distributed: pip install 'overlap-metrics[dask]'"
            ) from error
        with Client(address), parallel_config(backend="dask"):
            yield
        return
    try:
        config = parallel_config(backend=name)
    except ValueError as error:
        raise ValueError(f"engine = {name!r}: {error}") from None
    with config:
        yield
