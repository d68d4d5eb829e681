"""The command ``overlap possession``."""

from __future__ import annotations

from typing import Any

import click

from overlap.cli.options import Choice, Shared, evaluating, known_name

__all__ = ["possession_command"]

_SAMPLE_FPS = 10.0


@click.command("possession")
@click.argument("players", required=False)
@click.argument("ball", required=False)
@click.argument("truth", required=False)
@click.option("--sample", is_flag=True, help="Use the sample data that comes with the package.")
@click.option("--fps", type=float, metavar="N", help="Frames per second; needed but for --sample.")
@click.option("--score", default="coverage", show_default=True, metavar="NAME",
              help="Score of ball and player; see `overlap list scores`.")  # fmt: skip
@click.option("--threshold", default=0.5, show_default=True, metavar="X",
              help="A player has the ball from a frame with this score on.")  # fmt: skip
@click.option("--release", type=float, metavar="X",
              help="The ball is lost below this score; by default the threshold.")  # fmt: skip
@click.option("--hold", default=0.0, show_default=True, metavar="SECONDS",
              help="For how long a state is held through missing frames.")  # fmt: skip
@click.option("--max-gap", default=0.0, show_default=True, metavar="SECONDS",
              help="Gaps between spells that are closed.")  # fmt: skip
@click.option("--min-duration", default=0.0, show_default=True, metavar="SECONDS",
              help="Shorter spells are dropped.")  # fmt: skip
@click.option("--simultaneous", default="all", show_default=True,
              type=Choice(["all", "best"]),
              help="Whether several players can have the ball, or one at most.")  # fmt: skip
@click.option("--iou", default="0.5", show_default=True, metavar="A:B:STEP",
              help="Thresholds from which two spells match, or 0.5,0.75.")  # fmt: skip
@evaluating("videos", "Draw scores and spells")
def possession_command(
    players: str | None,
    ball: str | None,
    truth: str | None,
    sample: bool,
    fps: float | None,
    score: str,
    shared: Shared,
    **rules: Any,
) -> int:
    """Say when each of PLAYERS has the BALL, and compare that with the spells in TRUTH.

    All are tables, CSV or Parquet: PLAYERS with the columns frame, track and x0, y0, x1, y1 or
    x, y, w, h; BALL the same without track; TRUTH with track, start, stop in seconds. A column
    video tells several videos apart.
    """
    if sample:
        if players is not None:
            raise click.UsageError("--sample brings its own files; leave PLAYERS and BALL out")
        from overlap.io import sample_path

        players, ball, truth = (
            str(sample_path(f"possession_{role}")) for role in ("players", "ball", "truth")
        )
        fps = _SAMPLE_FPS if fps is None else fps
    if players is None or ball is None:
        lacking = "PLAYERS and BALL" if players is None else "BALL"
        raise click.UsageError(f"{lacking} missing; give two tables or three, or --sample")
    if fps is None:
        raise click.UsageError("--fps missing; give the frames per second of the video")
    shared.check([path for path in (players, ball, truth) if path is not None])
    from overlap import evaluate

    report = evaluate.possession(
        players=players,
        ball=ball,
        truth=truth,
        fps=fps,
        score=_score(score),
        **rules,
        **shared.options(),
    )
    return 2 if shared.finish(report) else 0


def _score(name: str) -> Any:
    """Return a score by its public name."""
    import overlap

    scores = {x: y for x in dir(overlap) if isinstance(y := getattr(overlap, x), overlap.Score)}
    return scores[known_name(name.strip(), tuple(scores), "score")]
