"""The conventions of one program that scores diarization, as a frozen value."""

from __future__ import annotations

import math
from dataclasses import dataclass

from overlap.evaluate.protocol import Rules

__all__ = ["DiarizationProtocol"]

CHOICES: dict[str, dict[str, str]] = {
    "collar_width": {
        "whole": "the collar is the whole width: half of it on each side of a boundary",
        "each_side": "the collar is on each side of a boundary",
    },
    "mapping_time": {
        "scored": "speakers are mapped by the time that is left after collars and overlaps",
        "evaluated": "speakers are mapped by all time of the evaluation map",
    },
    "without_uem": {
        "hull": "from the first to the last turn of either side",
        "truth_hull": "from the first to the last turn of the truth",
    },
    "own_overlap": {
        "twice": "two turns of one speaker at one time count twice",
        "once": "they count once; their boundaries have collars",
        "merged": "overlapping turns of one speaker are joined first",
    },
    "silent": {
        "count": "a recording without speech in the truth counts; all its found speech is false",
        "leave_out": "it is left out",
    },
    "channels": {
        "ignore": "all channels of a recording are one recording",
        "apart": "each channel is a recording of its own",
    },
    "jaccard": {
        "mapped": "exact times, the time that is scored, speakers paired by their common time",
        "frames": "frames of jaccard_step, all time of the evaluation map, speakers paired so that "
        "the sum of the errors is least",
    },
}


@dataclass(frozen=True)
class DiarizationProtocol(Rules):
    """The conventions by which turns of speakers become errors.

    Parameters
    ----------
    name : str
        Name, lower case.
    description : str
        One line: whose conventions these are.
    collar : float
        Seconds around each boundary of a turn of the truth that are not scored.
    collar_width : {"whole", "each_side"}
        What the collar measures.
    collar_at_cuts : bool
        Whether turns of the truth that the evaluation map cuts have collars at the cuts, too.
    skip_overlap : bool
        Whether time with two or more turns of the truth is not scored.
    mapping_time : {"scored", "evaluated"}
        Time by which speakers are mapped.
    without_uem : {"hull", "truth_hull"}
        What is evaluated of a recording where there is no evaluation map.
    own_overlap : {"twice", "once", "merged"}
        What overlapping turns of one speaker mean.
    silent : {"count", "leave_out"}
        What happens to recordings of the evaluation map that have no turn in the truth.
    channels : {"ignore", "apart"}
        What channels of RTTM and UEM mean.
    shortest : float
        Seconds; turns and pieces of time that are not longer are left out.
    decimals : int
        Decimals to which starts, lengths and ends are rounded; -1 for none.
    jaccard : {"mapped", "frames"}
        How the Jaccard error rate is computed.
    jaccard_step : float
        Seconds of a frame, for ``jaccard="frames"``.

    Examples
    --------
    >>> from overlap.evaluate import TEMPORAL_PROTOCOLS
    >>> TEMPORAL_PROTOCOLS["diarization"].with_fields(collar="0.5").name
    'diarization[collar=0.5]'
    """

    choices = CHOICES

    collar: float = 0.0
    collar_width: str = "whole"
    collar_at_cuts: bool = False
    skip_overlap: bool = False
    mapping_time: str = "scored"
    without_uem: str = "hull"
    own_overlap: str = "twice"
    silent: str = "count"
    channels: str = "ignore"
    shortest: float = 1e-6
    decimals: int = -1
    jaccard: str = "mapped"
    jaccard_step: float = 0.01

    def __post_init__(self) -> None:
        super().__post_init__()
        for field in ("collar", "shortest", "jaccard_step"):
            value = float(getattr(self, field))
            if not (math.isfinite(value) and value >= 0):
                raise ValueError(f"{self._called}: {field} = {value!r} is not a number >= 0")
            object.__setattr__(self, field, value)
        if self.jaccard_step == 0:
            raise ValueError(f"{self._called}: jaccard_step = 0; wanted seconds above 0")
        if not -1 <= self.decimals <= 12:
            raise ValueError(
                f"{self._called}: decimals = {self.decimals}; wanted 0 to 12, or -1 for none"
            )

    @property
    def margin(self) -> float:
        """Seconds that are not scored on each side of a boundary."""
        return self.collar / 2 if self.collar_width == "whole" else self.collar
