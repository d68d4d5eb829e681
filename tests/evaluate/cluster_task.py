"""A task whose worker dies, in a module that workers can import."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from overlap.evaluate.numbers import Number
from overlap.evaluate.task import Inputs, Task, resampled


@dataclass(frozen=True)
class Evidence:
    parts: dict

    @property
    def items(self):
        return tuple(map(str, self.parts))

    def statistics(self, weights):
        values = np.array(list(self.parts.values()), dtype=float)
        return {"mean": weights @ values / weights.sum(axis=1)}

    def numbers(self):
        return [Number("mean", float(self.statistics(np.ones((1, len(self.parts))))["mean"][0]))]

    def intervals(self, numbers, bootstrap):
        return resampled(self, numbers, bootstrap, "items")

    def rows(self, intervals):
        return [{"item": key, "value": part} for key, part in self.parts.items()]

    def columns(self):
        return {"value": list(self.parts.values())}


@dataclass(frozen=True)
class Squares(Task):
    """Squares of numbers; the worker of one item dies the first time."""

    marker: str = ""
    seconds: float = 0.0
    name = "squares"

    def items(self, pieces, numbers):
        return Inputs({number: number for number in numbers})

    def measure(self, key, item):
        time.sleep(self.seconds)
        if self.marker and item == 5 and not Path(self.marker).exists():
            Path(self.marker).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return float(item * item)

    def finish(self, parts, about):
        return Evidence(parts)

    def rules(self):
        return {}

    def holds(self, key, part, item):
        return True
