"""Checks of files of label names."""

from __future__ import annotations

from typing import Any

from overlap.io.candidate import Candidate
from overlap.io.inspection import Inspection
from overlap.io.label_names import read_labels

__all__ = ["inspect_label_names", "is_label_names"]


def is_label_names(candidate: Candidate) -> bool:
    """Whether a file names labels: ``dataset.json``, an object or list of these, or CSV.

    Parameters
    ----------
    candidate : Candidate
    """
    if not candidate.is_json:
        return {"id", "name"} <= {cell.strip().lower() for cell in candidate.header}
    if {"id", "name"} <= candidate.entry_keys:
        return True
    whole = candidate.payload
    if not isinstance(whole, dict) or not whole:
        return False
    return isinstance(whole.get("labels"), dict) or all(map(_is_label, whole.values()))


def _is_label(value: Any) -> bool:
    """Whether this may be a name, a label, or the labels of a region."""
    members = value if isinstance(value, list) else [value]
    return bool(members) and all(isinstance(member, str | int) for member in members)


def inspect_label_names(candidate: Candidate) -> Inspection:
    """Look at a file of label names.

    Parameters
    ----------
    candidate : Candidate

    Returns
    -------
    Inspection
        Its content is a `LabelSet`.

    Raises
    ------
    ValueError
        It cannot be read; see `overlap.io.read_labels`.
    """
    labels = read_labels(candidate.path)
    facts = [
        (name, "label " + " + ".join(map(str, members)))
        for name, members in labels.groups().items()
    ]
    if labels.ignore is not None:
        facts.append(("ignored", f"label {labels.ignore}"))
    form = "JSON" if candidate.is_json else "CSV"
    return Inspection(f"names of labels, {form}", facts, [], content=labels)
