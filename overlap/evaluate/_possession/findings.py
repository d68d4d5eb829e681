"""Findings on tables of possession: messages on inputs that do not belong together."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from overlap.io.name_match import mismatch

from .scene import Scene
from .video import Video

__all__ = ["findings_of"]


def findings_of(
    videos: Mapping[str, Scene | Video], scored: bool, fps: float | None = None
) -> list[str]:
    """Return messages on tables that do not belong together.

    Parameters
    ----------
    videos : mapping from str to Scene or Video
        By name; one empty name where there is no column of videos.
    scored : bool
        Whether players and ball are in a common frame.
    fps : float, optional
        Frames per second; without, ends of spells and of frames are not compared.
    """
    moving = {k: video for k, video in videos.items() if video.rows[0]}
    balls = [str(k) for k, video in videos.items() if video.rows[1]]
    several = tuple(map(str, videos)) != ("",)
    findings: list[str | None] = []
    if moving and balls and not scored:
        findings.append(
            "players and ball are in no common frame: are frames counted alike, from the same one?"
        )
    if several:
        findings.append(mismatch("videos", list(map(str, moving)), balls, "ball", "players"))
    ends = [video.spells[:, 1] for video in videos.values() if video.spells is not None]
    if ends and moving:
        tracks = [name for x in moving.values() for name in np.array(x.tracks, object)[x.moving]]
        spelled = [x.tracks[k] for x in videos.values() for k in np.unique(x.spell_row).tolist()]
        annotated = list(dict.fromkeys(spelled))
        findings.append(mismatch("tracks", annotated, list(dict.fromkeys(tracks)), "players"))
        if several:
            with_spells = [str(k) for k, video in videos.items() if len(video.spell_row)]
            findings.append(mismatch("videos", with_spells, list(map(str, moving)), "players"))
        if annotated and fps is not None:
            end = float(np.concatenate(ends).max())
            last = (max(0, *(video.end for video in videos.values())) + 1) / fps
            if end > 4.0 * last:
                findings.append(
                    f"annotated spells last until {end:g} s, and frames until {last:g} s: are "
                    "spells in frames or milliseconds, or is fps wrong?"
                )
    return [finding for finding in findings if finding]
