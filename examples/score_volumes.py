"""
Medicine: label volumes against an annotation
=============================================

The sample data are two folders of invented label volumes: what a program found, and the truth.
Files are paired by name. The picture shows the worst lesion: the slice with the largest wrong area,
and two planes across it. With your own files, ``truth`` and ``found`` are two folders.

``python examples/score_volumes.py`` draws this to ``score_volumes.png``.
"""

import sys

import overlap as ov
from overlap.io import sample_path

report = ov.evaluate.segmentation(
    truth=sample_path("volumes_truth"),
    found=sample_path("volumes_found"),
    labels="1=organ,2=lesion,3=vessel",
    metrics="dice,hd95",
)
print(report.summary.round(3).to_string())

# %%
# The worst cases, and why: an empty set has a value of its own.

print(report.worst("dice", 3)[["case", "label", "value", "empty"]].round(3).to_string(index=False))


def draw(path):
    """Draw planes of the worst lesion, with the outlines of found and truth."""
    report.picture(path, label="lesion")


if __name__ == "__main__":
    where = sys.argv[1] if len(sys.argv) > 1 else "score_volumes.png"
    draw(where)
