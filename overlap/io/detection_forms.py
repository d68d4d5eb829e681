"""Forms of files with regions of images: a name, a reader, and a function that recognises each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from overlap.io.box_lines import is_box_lines, read_box_lines
from overlap.io.box_tables import is_box_table, read_box_table
from overlap.io.candidate import Candidate
from overlap.io.detections import Detections
from overlap.io.dota import (
    is_dota_results,
    is_dota_truth,
    read_dota_results,
    read_dota_truth,
)
from overlap.io.kitti import is_kitti, read_kitti
from overlap.io.nuscenes import is_nuscenes, read_nuscenes
from overlap.io.voc import is_voc_results, is_voc_truth, read_voc_results, read_voc_truth
from overlap.io.yolo import is_yolo, read_yolo
from overlap.io.yolo_data import is_yolo_data

__all__ = ["FORMS", "Form", "Reading", "form_of"]


class Reading(NamedTuple):
    """Facts that files leave out: the user gives them.

    Attributes
    ----------
    box_format : {"xywh", "xyxy"}, optional
        What the four numbers of a box are.
    images : Any
        Sizes of images; see `overlap.io.image_sizes.image_sizes`.
    kind : {"boxes", "birdseye", "upright"}, optional
        Which of the regions of KITTI's labels, or of DOTA's files.
    truth : Detections, optional
        The truth that results belong to.
    """

    box_format: str | None = None
    images: Any = None
    kind: str | None = None
    truth: Detections | None = None


@dataclass(frozen=True)
class Form:
    """One form of files.

    Attributes
    ----------
    name : str
        What such files are called.
    role : {"truth", "found", ""}
        Which side they are; empty where their content says it.
    recognises : callable
        Tells of a `Candidate` whether it is of this form.
    reader : callable
        Function that reads it.
    read : callable
        Calls it with a path and a `Reading`.
    takes : tuple of str
        The fields of `Reading` that say how its files are read.
    """

    name: str
    role: str
    recognises: Callable[[Candidate], bool]
    reader: Callable[..., Any]
    read: Callable[[str, Reading], Detections]
    takes: tuple[str, ...] = ()


def _lines(path: str, how: Reading) -> Detections:
    """Read lines of boxes; those of results are by image or by class."""
    names = {file.stem for file in Candidate(path).files if file.suffix.lower() == ".txt"}
    if how.truth is not None and not names & set(how.truth.items) and names & set(how.truth.labels):
        return read_voc_results(path)
    return read_box_lines(path, how.box_format)


def _yolo(path: str, how: Reading) -> Detections:
    return read_yolo(path, how.images, [how.truth.source] if how.truth is not None else [])


#: In the order in which they are asked.
FORMS = (
    Form("XML annotations of VOC", "truth", is_voc_truth, read_voc_truth,
         lambda path, how: read_voc_truth(path)),
    Form("text results of VOC", "found", is_voc_results, read_voc_results,
         lambda path, how: read_voc_results(path)),
    Form("quadrilaterals of DOTA", "truth", is_dota_truth, read_dota_truth,
         lambda path, how: read_dota_truth(path, how.kind), ("kind",)),
    Form("results of DOTA", "found", is_dota_results, read_dota_results,
         lambda path, how: read_dota_results(path, how.kind), ("kind",)),
    Form("labels of YOLO", "", is_yolo, read_yolo, _yolo, ("images",)),
    Form("data file of YOLO", "truth", is_yolo_data, read_yolo, _yolo, ("images",)),
    Form("labels of KITTI", "", is_kitti, read_kitti, lambda path, how: read_kitti(path, how.kind),
         ("kind",)),
    Form("boxes of nuScenes", "", is_nuscenes, read_nuscenes,
         lambda path, how: read_nuscenes(path)),
    Form("table of boxes", "", is_box_table, read_box_table,
         lambda path, how: read_box_table(path)),
    Form("lines of boxes", "", is_box_lines, read_box_lines, _lines,
         ("box_format",)),
)  # fmt: skip


def form_of(candidate: Candidate) -> Form | None:
    """Return the form of a file or folder; None if it is of no form.

    Parameters
    ----------
    candidate : Candidate
    """
    return next((form for form in FORMS if form.recognises(candidate)), None)
