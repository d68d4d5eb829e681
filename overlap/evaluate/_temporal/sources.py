"""What settings say of the inputs."""

from __future__ import annotations

from typing import Any

from overlap.io.segments import SegmentTable

__all__ = ["source_of"]


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
