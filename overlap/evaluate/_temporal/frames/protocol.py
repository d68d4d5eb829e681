"""Rules of action segmentation: a label for every frame of a video."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from overlap.evaluate.protocol import Rules

__all__ = ["FrameRules"]


@dataclass(frozen=True)
class FrameRules(Rules):
    """Rules by which labels of frames are compared.

    Parameters
    ----------
    name, description : str
    thresholds : tuple of float
        IoU from which a predicted segment can be right, each in (0, 1].
    background : tuple of str
        Labels that make no segment. Their frames count in the accuracy.
    last_frame : {"counted", "cut"}
        End of a segment that reaches the end of the video: N, the number of frames, or N - 1.
    missing : {"wrong", "leave_out"}
        Videos of the truth without predictions.
    """

    choices: ClassVar[Mapping[str, Mapping[str, str]]] = {
        "last_frame": {
            "counted": "the last segment ends at N, the number of frames (MS-TCN)",
            "cut": "the last segment ends at N - 1 (ASFormer): it is one frame short",
        },
        "missing": {
            "wrong": "every frame of it is wrong, and every segment missed",
            "leave_out": "it is not part of the evaluation",
        },
    }

    thresholds: tuple[float, ...] = (0.1, 0.25, 0.5)
    background: tuple[str, ...] = ("background",)
    last_frame: str = "counted"
    missing: str = "wrong"

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.background, str):
            raise TypeError(
                f"FrameRules: background = {self.background!r} is one text; wanted a list of labels"
            )
        object.__setattr__(self, "background", tuple(self.background))
        object.__setattr__(self, "thresholds", tuple(float(x) for x in self.thresholds))
        odd = [x for x in self.thresholds if not 0.0 < x <= 1.0]
        if odd or not self.thresholds:
            raise ValueError(
                f"FrameRules: thresholds = {list(self.thresholds)}; wanted numbers "
                "above 0, at most 1"
            )
