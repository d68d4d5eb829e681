"""
Video: time segments against an annotation
==========================================

The sample data are invented predictions for 40 videos, and their annotation. Both are files, as an
evaluator of ActivityNet takes them. The curves show precision by recall for each class, and the
bars the average precision. With your own files, ``truth`` and ``found`` are their paths.

``python examples/score_videos.py`` draws this to ``score_videos.svg``.
"""

import sys

import overlap as ov
from overlap.io import sample_path

report = ov.evaluate.temporal(
    truth=sample_path("temporal_truth"),
    found=sample_path("temporal_found"),
    protocol="activitynet",
    iou="0.5:0.7:0.1",
)
print(report.summary.round(3).to_string())


def draw(path):
    """Draw precision by recall for each class, and the average precision of each."""
    report.plot(path)


if __name__ == "__main__":
    where = sys.argv[1] if len(sys.argv) > 1 else "score_videos.svg"
    draw(where)
