"""A report on possession: it has the sets of intervals and the scores behind them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from overlap.evaluate.report import Report
from overlap.regions.interval_sets import IntervalSets

from .evidence import PossessionEvidence

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PossessionReport"]


@dataclass(frozen=True, eq=False, repr=False)
class PossessionReport(Report):
    """A `Report` on possession: who has the ball, and when.

    Its parameters are those of `Report`.
    """

    evidence: PossessionEvidence = field(repr=False)

    @property
    def tracks(self) -> tuple[str, ...]:
        """Player of every set in `found` and `truth`, with the video where there are several."""
        return self.evidence.players.labels

    @property
    def found(self) -> IntervalSets:
        """When each player has the ball, in seconds; one set per player."""
        return self.evidence.found

    @property
    def truth(self) -> IntervalSets | None:
        """When each player has it by annotation; None without annotations."""
        return self.evidence.truth

    @cached_property
    def frames(self) -> pd.DataFrame:
        """Every scored frame: video, track, frame, time in seconds, score, and possession.

        The last column says whether the frame is in the player's set.
        """
        import pandas as pd

        evidence = self.evidence
        players, frames = evidence.players, evidence.frames
        columns = {
            "video": np.array(players.videos, object)[players.video[frames.row]],
            "track": np.array(players.names, object)[frames.row],
            "frame": frames.frame,
            "time": frames.frame / evidence.fps,
            "score": frames.score,
            "possession": evidence.inside,
        }
        if players.videos == ("",):
            del columns["video"]
        return pd.DataFrame(columns)
