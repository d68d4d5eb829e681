"""Evaluation of whole data sets: tasks, studies, reports, intervals.

An evaluator is a *task* (`overlap.evaluate.task`), the frozen rules of one field: how inputs
become items, what is measured of one, and which numbers follow from all. The *runner* does what
all share: workers, interrupted runs, bootstrap intervals, settings. A *study* is the same, fed
item by item. Parts stand in the order of their keys before anything is added up, so that no order
and no number of workers changes a bit. A *report* has the numbers, their parts and the settings;
a *protocol* is a frozen value that says how an evaluator counts. All fractions are in [0, 1], all
times in seconds.
"""

from typing import Any

import lazy_loader as _lazy

_load, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)


def __getattr__(name: str) -> Any:
    try:
        return _load(name)
    except AttributeError:
        if name.startswith("_"):
            raise
    evaluators = "detection, temporal, segmentation, ramachandran, conformation and possession"
    raise AttributeError(f"overlap.evaluate has no {name!r}; its evaluators are {evaluators}")
