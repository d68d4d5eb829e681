"""Protocols of sound event detection that are known by name."""

from __future__ import annotations

from .protocol import CountRules, EventRules, IntersectionRules, PsdsRules, SegmentRules

__all__ = ["PROTOCOLS"]

#: Rules by name.
PROTOCOLS: dict[str, CountRules] = {
    rules.name: rules
    for rules in (
        SegmentRules(
            name="sed_segment",
            description="sed_eval's segment-based F1 and error rate, segments of 1 s",
        ),
        EventRules(
            name="sed_event",
            description="sed_eval's event-based F1 and error rate, collar 0.2 s, optimal matching",
        ),
        IntersectionRules(
            name="sed_intersection",
            description="F1 by psds_eval's criteria of intersection",
            no_output="zero",
        ),
        PsdsRules(name="psds", description="psds_eval's PSDS with its default criteria"),
        PsdsRules(
            name="psds1",
            description="PSDS of DCASE's scenario 1: fast reaction",
            dtc=0.7,
            gtc=0.7,
            alpha_st=1.0,
        ),
        PsdsRules(
            name="psds2",
            description="PSDS of DCASE's scenario 2: no confusion of classes",
            dtc=0.1,
            gtc=0.1,
            cttc=0.3,
            alpha_ct=0.5,
            alpha_st=1.0,
        ),
    )
}
