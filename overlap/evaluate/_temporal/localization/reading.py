"""Both sides of an evaluation of temporal localization, and ambiguous intervals."""

from __future__ import annotations

from typing import Any

from overlap.io.segments import MissingConfidenceError, SegmentTable

from ..reading import Reading
from .measure import ambiguous_only
from .protocol import Protocol

__all__ = ["read_found", "read_inputs"]


def read_inputs(
    protocol: Protocol, reading: Reading, truth: Any, found: Any, ambiguous: Any = None
) -> dict[str, SegmentTable]:
    """Read all inputs.

    Parameters
    ----------
    protocol : Protocol
    reading : Reading
    truth, found : path, mapping, DataFrame or SegmentTable
    ambiguous : the same, optional
        Intervals beside those of the truth.

    Raises
    ------
    ValueError
        An input is bad, truth and found look swapped, or the protocol does not use ambiguous
        intervals.
    """
    tables = {"truth": reading.table(truth, "truth")}
    tables["found"] = read_found(reading, tables["truth"], found)
    if ambiguous is not None:
        if protocol.ambiguous_rows != "ignore":
            raise ValueError(
                f"protocol {protocol.name} does not use ambiguous intervals; leave ambiguous out, "
                "or set ambiguous_rows=ignore"
            )
        tables["ambiguous"] = ambiguous_only(reading.table(ambiguous, "ambiguous"), protocol)
    return reading.applied(tables)


def read_found(reading: Reading, truth: SegmentTable, found: Any) -> SegmentTable:
    """Read the predictions.

    Parameters
    ----------
    reading : Reading
    truth : SegmentTable
    found : path, mapping, DataFrame or SegmentTable

    Raises
    ------
    ValueError
        They are bad, or truth and found look swapped.
    """
    try:
        return reading.table(found, "found")
    except MissingConfidenceError as error:
        if truth.confidence is None:
            raise
        raise ValueError(
            f"truth ({truth.source}) has confidences and found has none: the two look swapped; "
            "exchange them, or add confidences to found"
        ) from error
