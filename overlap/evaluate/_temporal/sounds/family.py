"""The family of sound events."""

from dataclasses import replace

from ..family import Family
from ..options import LABELS, READING, Option
from .protocol import EventRules, IntersectionRules, PsdsRules, SegmentRules
from .task import PsdsTask, SoundTask

__all__ = ["FAMILY"]

#: Seconds of recordings; see `overlap.io.durations.as_durations`.
DURATIONS = Option("durations", is_input=True, idle=(EventRules,))

FAMILY = Family(
    {
        SegmentRules: SoundTask,
        EventRules: SoundTask,
        IntersectionRules: SoundTask,
        PsdsRules: PsdsTask,
    },
    (DURATIONS, LABELS, replace(READING, of_whole=True)),
)
