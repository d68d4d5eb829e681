"""The evaluators of temporal localization that are known by name.

A new one is one more `Protocol` in `PROTOCOLS`.
"""

from __future__ import annotations

from .protocol import Protocol

__all__ = ["PROTOCOLS"]


def _linspace(first: float, last: float, count: int) -> tuple[float, ...]:
    # numpy.linspace's own arithmetic: the evaluators use its unrounded values.
    step = (last - first) / (count - 1)
    return (*(k * step + first for k in range(count - 1)), last)


_TENTHS = (0.1, 0.2, 0.3, 0.4, 0.5)

PROTOCOLS: dict[str, Protocol] = {
    protocol.name: protocol
    for protocol in (
        Protocol(
            name="activitynet",
            description="the detection task of the ActivityNet challenge's evaluation script",
            thresholds=_linspace(0.5, 0.95, 10),
        ),
        Protocol(
            name="opentad",
            description="OpenTAD's mAP: ActivityNet's, repeated and zero-length truths left out",
            thresholds=_linspace(0.3, 0.7, 5),
            union_floor=1e-8,
            duplicates="drop",
            zero_length="drop",
        ),
        Protocol(
            name="thumos14",
            description="the evaluation kit of the THUMOS'14 challenge (MATLAB), 11-point AP",
            thresholds=_TENTHS,
            order="truth",
            tie_rule="true_first",
            comparison=">",
            union="hull",
            undefined="zero",
            interpolation="grid",
            ambiguous_rows="ignore",
            class_without_truth="error",
        ),
        Protocol(
            name="thumos14_updated",
            description="TH14evalDet_Updated (MATLAB), used with S-CNN and R-C3D, plain AP",
            thresholds=_TENTHS,
            order="truth",
            tie_rule="video_name",
            comparison=">",
            union="hull",
            undefined="zero",
            interpolation="none",
            ambiguous_rows="ignore",
            class_without_truth="error",
        ),
    )
}
