"""Parts that sentences for a paper share: digests of the inputs, and what intervals are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["digests_text", "intervals_text"]


def digests_text(inputs: Mapping[str, Mapping[str, Any] | None]) -> str:
    """Return the digests of the inputs; empty where there are none.

    Parameters
    ----------
    inputs : mapping from str to mapping
        What settings say of each, by the word for it; None for one that was not given.

    Examples
    --------
    >>> digests_text({"truth": {"sha256": "0123456789abcdef0123"}, "predictions": None})
    'truth SHA-256 0123456789abcdef'
    """
    return "; ".join(
        f"{word} SHA-256 {given['sha256'][:16]}"
        for word, given in inputs.items()
        if given and given["sha256"]
    )


def intervals_text(settings: Mapping[str, Any], unit: str) -> str:
    """Return the sentence on intervals, after a blank; empty where there are none.

    Parameters
    ----------
    settings : mapping
        All settings of the report.
    unit : str
        What was drawn.

    Examples
    --------
    >>> intervals_text({"bootstrap": {"confidence_level": 0.95, "resamples": 100}}, "videos")
    ' Intervals are 95% percentile bootstrap intervals over videos (100 resamples).'
    """
    bootstrap = settings.get("bootstrap")
    if not bootstrap:
        return ""
    return (
        f" Intervals are {100 * bootstrap['confidence_level']:g}% percentile bootstrap intervals "
        f"over {unit} ({bootstrap['resamples']} resamples)."
    )
