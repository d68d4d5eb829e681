"""Inspection of an input without scores: facts and findings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["Inspection"]


@dataclass(frozen=True)
class Inspection:
    """Content of one file or folder, or of several together.

    Attributes
    ----------
    what : str
        Kind of the input, for the first line.
    facts : sequence of (str, str)
        Names, and counts, ranges or units.
    findings : sequence of str
        Oddities that do not prevent a score.
    role : str
        Its place among the inputs of a command, such as ``"truth"``; empty where only the user
        knows it.
    content : Any
        The value that the reader returned, for checks with other inputs.
    """

    what: str
    facts: tuple[tuple[str, str], ...] | list[tuple[str, str]]
    findings: tuple[str, ...] | list[str]
    role: str = ""
    content: Any = None
