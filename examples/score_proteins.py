"""
Proteins: two sets of backbone angles
=====================================

The sample data are invented angles of two ensembles. Each becomes the favored regions of its
residues, on the torus of phi and psi, and the regions are compared. With your own files, ``truth``
and ``found`` are structures, tables of angles or grids.

``python examples/score_proteins.py`` draws this to ``score_proteins.png``.
"""

import sys

import overlap as ov
from overlap.io import sample_path

report = ov.evaluate.conformation(
    found=sample_path("angles_found"), truth=sample_path("angles_truth"), levels="favored"
)
shown = ["iou[general favored]", "density_overlap[general favored]", "iou[glycine favored]"]
print(report.summary[shown].round(3).to_string())


def draw(path):
    """Draw the favored regions of both ensembles, by category of residue."""
    report.plot(path)


if __name__ == "__main__":
    where = sys.argv[1] if len(sys.argv) > 1 else "score_proteins.png"
    draw(where)
