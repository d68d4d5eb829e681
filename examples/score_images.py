"""
Images: boxes of a detector against an annotation
=================================================

The sample data are 40 invented images of a street: what people drew, and what a detector found.
Both are files as pycocotools takes them, and so are the numbers. The picture shows the image with
most errors. With your own files, ``truth`` and ``found`` are their paths.

``python examples/score_images.py`` draws this to ``score_images.svg``.
"""

import sys

import overlap as ov
from overlap.io import sample_path

report = ov.evaluate.detection(
    truth=sample_path("detection_truth"),
    found=sample_path("detection_found"),
    protocol="coco",
)
print(report.summary[["AP", "AP50", "AR@100"]].round(3).to_string())

# %%
# What each kind of error costs, in AP: most would be won by the objects that the detector missed.

print(report.errors().table.round(3).to_string(index=False))


def draw(path):
    """Draw the image with most errors, with outlines of missed truths and false detections."""
    report.picture(path)


if __name__ == "__main__":
    where = sys.argv[1] if len(sys.argv) > 1 else "score_images.svg"
    draw(where)
