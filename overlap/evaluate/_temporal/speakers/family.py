"""The family of diarization."""

from ..family import Family
from ..options import READING, Option
from .protocol import DiarizationProtocol
from .task import SpeakerTask

__all__ = ["FAMILY"]

#: Parts of recordings to evaluate: a UEM file, or starts and ends by recording.
UEM = Option("uem", is_input=True)

FAMILY = Family({DiarizationProtocol: SpeakerTask}, (UEM, READING))
