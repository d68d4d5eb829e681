"""What settings and sentences say of the inputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from overlap.io.segments import SegmentTable

__all__ = ["digests_text", "source_of"]


def source_of(table: SegmentTable) -> dict[str, Any]:
    """Return where segments are from, and how many there are.

    Parameters
    ----------
    table : SegmentTable
    """
    clock = {} if table.times is None else {"times": "UTC" if table.zoned else "without zone"}
    return {
        "source": table.source,
        "sha256": table.sha256,
        "videos": len(table.videos),
        "segments": len(table),
        **clock,
    }


def digests_text(truth: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    """Return the digests of the inputs for a sentence; empty where there are none.

    Parameters
    ----------
    truth, found : mapping
        As `source_of` returns them.
    """
    return "; ".join(
        f"{role} SHA-256 {source['sha256'][:16]}"
        for role, source in (("truth", truth), ("predictions", found))
        if source["sha256"]
    )
