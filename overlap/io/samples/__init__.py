"""Sample data that comes with the package; ``tools/make_samples.py`` made it."""

from __future__ import annotations

from pathlib import Path

__all__ = ["SAMPLES", "sample_path"]

_FOLDER = Path(__file__).resolve().parent

#: File or folder of each sample by name.
SAMPLES = {
    "temporal_truth": "temporal_truth.json",
    "temporal_found": "temporal_found.json",
    "detection_truth": "detection_truth.json",
    "detection_found": "detection_found.json",
    "volumes_truth": "volumes/truth",
    "volumes_found": "volumes/found",
    "angles_truth": "angles_truth.csv",
    "angles_found": "angles_found.csv",
    "peptide": "peptide.pdb",
    "possession_players": "possession_players.csv",
    "possession_ball": "possession_ball.csv",
    "possession_truth": "possession_truth.csv",
}


def sample_path(name: str) -> Path:
    """Return the path of a sample file or folder.

    Parameters
    ----------
    name : str
        ``"temporal_truth"`` and ``"temporal_found"``: annotations of 40 invented videos, and
        predictions for them, as ActivityNet JSON. ``"detection_truth"`` and
        ``"detection_found"``: annotations of 40 invented images of a street, and results, as JSON
        of COCO. ``"volumes_truth"`` and ``"volumes_found"``:
        folders of two invented label volumes, ``case_1.mha`` and ``case_2.mha``, with the labels
        1 organ, 2 lesion, 3 vessel. ``"angles_truth"`` and ``"angles_found"``: invented backbone
        angles of 12 chains, as CSV. ``"peptide"``: the backbone of an invented peptide, as PDB.
        ``"possession_players"``, ``"possession_ball"`` and ``"possession_truth"``: two players and
        a ball in five invented matches, 10 frames per second, and who has it, as CSV.

    Returns
    -------
    Path

    Raises
    ------
    ValueError
        There is no such sample.

    Examples
    --------
    >>> from overlap.io import as_segments, sample_path
    >>> len(as_segments(sample_path("temporal_truth"), role="truth").videos)
    40
    """
    if name not in SAMPLES:
        raise ValueError(f"there is no sample {name!r}; there are {', '.join(SAMPLES)}")
    return _FOLDER / SAMPLES[name]
