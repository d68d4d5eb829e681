"""Names of YOLO's classes and its folders of labels: ``classes.txt``, and data files in YAML."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from overlap._common.files import read_file
from overlap.io.boundary import decoding
from overlap.io.candidate import Candidate
from overlap.io.printable import brief

__all__ = ["class_names", "is_yolo_data", "label_folder"]

_LINES = "classes.txt"
_SUFFIXES = (".yaml", ".yml")
_ABOVE = 2  # folders: DATASET/data.yaml of DATASET/labels/val or DATASET/valid/labels


def is_yolo_data(candidate: Candidate) -> bool:
    """Whether a file is a data file of YOLO, as ``data.yaml``.

    Parameters
    ----------
    candidate : Candidate
    """
    return not candidate.is_folder and candidate.suffix in _SUFFIXES


def label_folder(path: str) -> str:
    """Return the folder of labels that a data file names as ``val``; a folder is returned as it is.

    Parameters
    ----------
    path : str
        A data file, whose ``val`` is a folder of images in or below ``images``, or of labels.
        Relative names are meant from ``path`` in the file, and this from the file.

    Raises
    ------
    ImportError
        PyYAML is not installed.
    ValueError
        The file names no such folder.
    """
    if Path(path).suffix.lower() not in _SUFFIXES:
        return path
    content = _content(Path(path))
    value = content.get("val")
    if not isinstance(value, str) or value.endswith(".txt"):
        raise ValueError(f"{path}: val is {brief(value)}; wanted one folder of images or of labels")
    root = Path(path).parent / str(content.get("path") or ".")
    # a data file may be meant from the folder where the training runs
    places = [root / value, Path(path).parent / value, Path(path).parent / value.lstrip("./")]
    for place in places:
        for folder in (_labels_of(place), place):
            if folder.is_dir() and any(x.suffix.lower() == ".txt" for x in folder.iterdir()):
                return str(folder)
    raise ValueError(
        f"{path}: val is {brief(value)}, and there are no labels in {_labels_of(places[0])}"
    )


def _labels_of(images: Path) -> Path:
    """Return the folder of labels of a folder of images, as YOLO finds it."""
    parts = list(images.parts)
    if "images" not in parts:
        return images
    at = len(parts) - 1 - parts[::-1].index("images")
    return Path(*parts[:at], "labels", *parts[at + 1 :])


def class_names(places: Iterable[str]) -> tuple[tuple[str, ...], str] | None:
    """Return names of classes by their numbers, and the file that has them; None without one.

    Parameters
    ----------
    places : iterable of str
        Data files, and folders: ``classes.txt`` in the folder or the one above, or a data file
        in the folder or up to two above.
    """
    for place in places:
        for path in _files(Path(place)):
            if path.suffix.lower() in _SUFFIXES:
                names = _given(path)
            else:
                lines = read_file(path).decode("utf-8-sig").splitlines()
                names = [line.strip() for line in lines if line.strip()]
            if names is None:
                continue
            if len(set(names)) < len(names):
                twice = next(name for name in names if names.count(name) > 1)
                raise ValueError(f"{path}: the name {brief(twice)} is there twice")
            return tuple(names), str(path)
    return None


def _files(place: Path) -> list[Path]:
    """Return the files that may have names, the nearest first."""
    if place.suffix.lower() in _SUFFIXES:
        return [place]
    folders = [place, *place.resolve().parents[:_ABOVE]]
    lines = [folder / _LINES for folder in folders[:2]]
    data = [folder / f"data{suffix}" for folder in folders for suffix in _SUFFIXES]
    return [path for path in (*lines, *data) if path.is_file()]


def _given(path: Path) -> list[str] | None:
    """Return the names of a data file; None if it has none."""
    names = _content(path).get("names")
    if names is None:
        return None
    if isinstance(names, Mapping):
        if sorted(map(str, names)) != sorted(map(str, range(len(names)))):
            raise ValueError(
                f"{path}: names have the numbers {brief(list(names))}; wanted 0, 1, 2, ..."
            )
        names = [names[key] for key in sorted(names, key=int)]
    if not isinstance(names, list) or not all(isinstance(x, str | int | float) for x in names):
        raise ValueError(f"{path}: names is {brief(names)}; wanted a list of names")
    return [str(name) for name in names]


def _content(path: Path) -> Mapping[str, Any]:
    try:
        import yaml  # type: ignore[import-untyped]
    except ImportError as error:
        raise ImportError(
            f"{path}: data files of YOLO need PyYAML: pip install 'overlap-metrics[detection]'; "
            "or give the folder of labels, with the names of the classes in classes.txt"
        ) from error
    data = read_file(path)
    with decoding(path, "YAML"):
        content = yaml.safe_load(data)
    if not isinstance(content, Mapping):
        raise ValueError(f"{path}: is no data file of YOLO, which has val and names")
    return content
