"""Checks of folders of ``--resume``, which hold the measured parts of a run."""

from __future__ import annotations

import json
from collections import Counter

from overlap.io.candidate import Candidate
from overlap.io.inspection import Inspection
from overlap.io.printable import number_of

from ._conformation.conformation_task import Conformation
from ._detection.task import DetectionTask
from ._possession.task import Possession
from ._segmentation.task import Segmentation
from ._temporal.localization.task import TemporalTask
from .parts import SUFFIX, unpack
from .task import Task

__all__ = ["inspect_parts", "is_folder_of_parts"]

# Both evaluations of conformations keep the same parts: the content of files.
_TASKS: tuple[type[Task], ...] = (
    TemporalTask, DetectionTask, Segmentation, Possession, Conformation,
)  # fmt: skip
_SHOWN = 3


def is_folder_of_parts(candidate: Candidate) -> bool:
    """Whether there are measured parts in a folder, or this is one of them.

    Parameters
    ----------
    candidate : Candidate
    """
    if candidate.is_folder:
        return any(path.suffix == SUFFIX for path in candidate.files)
    return candidate.suffix == SUFFIX


def inspect_parts(candidate: Candidate) -> Inspection:
    """Look at the measured parts of a run.

    Parameters
    ----------
    candidate : Candidate
        A folder of ``--resume``.

    Raises
    ------
    ValueError
        It is a file.
    """
    if not candidate.is_folder:
        raise ValueError(
            f"{candidate.path}: is one measured part of a run; give the folder that --resume names"
        )
    kinds, rules, damaged, keys = Counter[type[Task]](), Counter[str](), list[str](), list[str]()
    parts = [path for path in candidate.files if path.suffix == SUFFIX]
    for path in parts:
        content = path.read_bytes()
        for task in _TASKS:
            try:
                stored = unpack(content, task.records)
                of_task = isinstance(stored["part"], task.records)
            except Exception:  # bytes from elsewhere, or records of another task
                continue
            if of_task:
                kinds[task] += 1
                rules[json.dumps(stored["rules"], sort_keys=True)] += 1
                keys.append(str(stored["key"]))
                break
        else:
            damaged.append(path.name)
    facts = [("parts", f"{len(parts):,}, {sum(p.stat().st_size for p in parts):,} bytes")]
    for task, count in kinds.items():
        facts.append((task.name, f"{count:,} {task.unit}"))
    if keys:
        shown = ", ".join(keys[:_SHOWN])
        facts.append(("items", shown + ", ..." * (len(keys) > _SHOWN)))
    findings = []
    if len(kinds) > 1:
        findings.append(f"parts of {len(kinds)} evaluations lie here: keep a folder for each")
    if len(rules) > len(kinds):
        findings.append(
            f"the parts were measured by {len(rules)} sets of rules: those of other rules than a "
            "run's are measured again"
        )
    if damaged:
        findings.append(
            f"{number_of(len(damaged), 'part')} damaged or of another version (first: "
            f"{damaged[0]}): a run measures them again"
        )
    others = [path.name for path in candidate.files if path.suffix != SUFFIX]
    if others:
        findings.append(f"{number_of(len(others), 'file')} that are no parts (first: {others[0]})")
    return Inspection("measured parts of a run, for --resume", facts, findings)
