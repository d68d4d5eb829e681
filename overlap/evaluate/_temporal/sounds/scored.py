"""What was scored: recordings, and where they are from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from overlap._common.values import ByValue
from overlap.io.segments import SegmentTable

from .recordings import Events, Recordings

__all__ = ["Scored"]


@dataclass(frozen=True, eq=False)
class Scored(ByValue):
    """What was scored, and where it is from.

    Attributes
    ----------
    given : Recordings
    inputs : mapping
        Tables of truth and predictions, durations, and options of reading; empty for recordings
        that came one by one.
    """

    given: Recordings
    inputs: Mapping[str, Any]

    def table(self, events: Events) -> SegmentTable:
        """Return events of one side as a table."""
        given = self.given
        return SegmentTable(
            given.names,
            given.classes,
            events.recording,
            events.label,
            events.onset,
            events.offset,
            events.confidence,
            duration=given.duration,
            subset=(None,) * len(given.names),
            source="",
            sha256=None,
            row=np.arange(len(events)),
        )
