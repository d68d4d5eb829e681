"""Sample data that comes with the package; ``tools/make_samples.py`` made it."""

from __future__ import annotations

from pathlib import Path

__all__ = ["SAMPLES", "sample_path"]

_FOLDER = Path(__file__).resolve().parent.parent / "samples"

#: File or folder of each sample by name.
SAMPLES = {
    "temporal_truth": "temporal_truth.json",
    "temporal_found": "temporal_found.json",
    "volumes_truth": "volumes/truth",
    "volumes_found": "volumes/found",
}


def sample_path(name: str) -> Path:
    """Return the path of a sample file or folder.

    Parameters
    ----------
    name : {"temporal_truth", "temporal_found", "volumes_truth", "volumes_found"}
        Annotations of 40 invented videos, or predictions for them, as ActivityNet JSON; or the
        folder of two invented label volumes, ``case_1.mha`` and ``case_2.mha``, with the labels
        1 organ, 2 lesion, 3 vessel.

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
