"""Inputs of an evaluation of detections: tables numbered alike, from files or from memory."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from overlap._common.values import content_hash, same
from overlap.io.box_tables import read_box_frame, read_box_table
from overlap.io.candidate import Candidate
from overlap.io.coco import (
    CocoContent,
    coco_content,
    coco_rows,
    has_masks,
    parsed_coco,
    read_coco_results,
    read_coco_truth,
)
from overlap.io.detection_forms import FORMS, Reading, form_of
from overlap.io.detections import Detections
from overlap.io.name_match import mismatch
from overlap.io.printable import brief, number_of, some
from overlap.regions.base import Regions

from .corner_boxes import one_side_as_corners
from .measure import plane_boxes
from .protocol import DetectionProtocol
from .rules import NEIGHBOR
from .strata import with_sizes

__all__ = ["KINDS", "Detections", "digest_of", "of_protocol", "read_inputs", "same_regions"]

#: What files that hold several kinds of region are read for.
KINDS = ("boxes", "masks", "birdseye", "upright")


def read_inputs(
    truth: Any,
    found: Any,
    kind: str | None = None,
    *,
    box_format: str | None = None,
    images: Any = None,
    ranked: bool = True,
) -> dict[str, Detections]:
    """Read truths and detections, and number their items and classes alike.

    Parameters
    ----------
    truth, found : path, mapping, list or Detections
    kind : {"boxes", "masks", "birdseye", "upright"}, optional
        What of COCO's, KITTI's or DOTA's files is compared; by default masks where COCO's results
        have a segmentation and no bbox.
    box_format : {"xywh", "xyxy"}, optional
        What the four numbers of a line of text are.
    images : path, mapping, pair of int or str, optional
        Sizes of images whose regions are shares of them.
    ranked : bool
        Whether detections must have confidences.

    Returns
    -------
    dict of Detections
        ``truth`` and ``found``.

    Raises
    ------
    ValueError
        An input cannot be read, or detections have no confidences.
    """
    if kind not in (None, *KINDS):
        raise ValueError(f"kind = {kind!r} is not one of {', '.join(map(repr, KINDS))}")
    how = Reading(box_format, images, kind)
    known, taken = _table(truth, how)
    if isinstance(known, Detections):
        table, also = _table(found, how._replace(truth=known))
        if not isinstance(table, Detections):
            raise ValueError(
                f"found ({table.where}) is in COCO's form, or in none, and truth ({known.source}) "
                "is not; give both in one form"
            )
        if kind == "boxes" and plane_boxes(known.regions, table.regions):
            taken = (*taken, "kind")  # they are
        _check_taken(how, {*taken, *also}, f"{known.source} and {table.source}")
        return _aligned(known, table, ranked)
    results, _ = _table(found, how)
    if isinstance(results, Detections):
        raise ValueError(
            f"truth ({known.where}) is in COCO's form, or in none, and found "
            f"({results.source}) is not; give both in one form"
        )
    _check_taken(how, {"kind"}, f"{known.where} and {results.where} (JSON of COCO)")
    if kind not in (None, "boxes", "masks"):
        raise ValueError(f"kind = {kind!r}: JSON of COCO has boxes and masks")
    sides = {"truth": known, "found": results}
    del known, results  # so that the file of each is let go once it is read
    return _coco(sides, kind, ranked)


def of_protocol(
    both: Mapping[str, Detections],
    protocol: DetectionProtocol,
    classes: Sequence[str] | None = None,
) -> dict[str, Detections]:
    """Give both tables the classes that are evaluated.

    Parameters
    ----------
    both : mapping of Detections
        As `read_inputs` returns them.
    protocol : DetectionProtocol
        Truths of a class like an evaluated one get this class and the flag neighbor.
    classes : sequence of str, optional
        The classes, in their order; by default those of the protocol, or of the truth.
    """
    result = dict(both)
    if protocol.neighbors:
        result["truth"] = _with_neighbors(both["truth"], protocol.neighbors)
    if classes and len(both["truth"]):
        known = {name.casefold() for name in both["truth"].labels}
        if not any(str(name).casefold() in known for name in classes):
            raise ValueError(
                f"classes = {brief(classes)}: the truth has none of them; it has "
                f"{some(list(both['truth'].labels))}"
            )
    names = classes or protocol.classes or None
    result = result if names is None else _of_classes(result, names)
    return {role: with_sizes(protocol, table, role) for role, table in result.items()}


def same_regions(a: Detections, b: Detections) -> bool:
    """Whether two tables have the same regions in the same order, confidences included.

    Parameters
    ----------
    a, b : Detections
    """

    def content(table: Detections) -> tuple[Any, ...]:
        label = np.array([*table.labels, ""], dtype=object)[table.label].tolist()
        columns = table.item, table.confidence, dict(table.flags), dict(table.sizes)
        return table.items, label, type(table.regions), content_hash(table.regions), *columns

    return same(content(a), content(b))


def digest_of(truth: Detections) -> str:
    """Return a digest of what the truth is, whatever its file, without sizes.

    Parameters
    ----------
    truth : Detections
    """
    columns = [np.asarray(truth.item), np.asarray(truth.label)]
    columns += [np.asarray(truth.flags[name]) for name in sorted(truth.flags)]
    state = hashlib.sha256()
    texts = "\0".join((*truth.items, *truth.labels, ""))
    state.update(texts.encode("utf-8", "surrogateescape"))
    for column in columns:
        state.update(np.ascontiguousarray(column).tobytes())
    state.update(str(content_hash(truth.regions)).encode())
    return state.hexdigest()


def _table(source: Any, how: Reading) -> tuple[Detections | CocoContent, tuple[str, ...]]:
    """Read an input that names its items and classes; JSON of COCO needs both sides.

    Return also which facts of `how` were asked for.
    """
    if isinstance(source, Detections):
        return source, ()
    if isinstance(source, Regions):
        raise TypeError(
            f"{type(source).__name__} have no images and classes; give "
            "Detections.of(images, classes, regions, confidences)"
        )
    if hasattr(source, "iloc"):
        return read_box_frame(source), ()
    if not isinstance(source, str | os.PathLike):
        return coco_content(source), ()
    candidate = Candidate(os.fspath(source))
    rows = coco_rows(candidate.source) if candidate.is_json else None
    if rows is not None:
        return rows, ()
    form = form_of(candidate)
    if form is not None:
        return form.read(candidate.path, how), form.takes
    if candidate.is_folder:
        lines = candidate.first_lines
        first = f"; its first line of text is {brief(' '.join(lines[0]))}" if lines else ""
        raise ValueError(
            f"{candidate.path}: a folder of no known form{first}; known are "
            f"{', '.join(form.name for form in FORMS)}"
        )
    if not candidate.is_json:
        return read_box_table(candidate.path), ()  # an error that says what its columns lack
    return parsed_coco(candidate.source, candidate.payload), ()


def _check_taken(how: Reading, taken: Collection[str], which: str) -> None:
    """Raise if a fact was given that no file asks for: it would change nothing.

    A folder of images may be given for any form: it states no sizes, and is drawn.
    """
    if isinstance(how.images, str | os.PathLike) and os.path.isdir(how.images):
        taken = {*taken, "images"}
    for name, what in (
        ("box_format", "text files with lines of boxes"),
        ("images", "labels of YOLO, or a folder of images to draw"),
        ("kind", "JSON of COCO, labels of KITTI and files of DOTA"),
    ):
        value = getattr(how, name)
        if value is not None and name not in taken:
            option = "" if name == "kind" else f" (--{name.replace('_', '-')})"
            raise ValueError(
                f"{name} = {brief(value)}{option} is for {what}, and changes nothing of {which}; "
                "leave it out"
            )


def _coco(sides: dict[str, CocoContent], kind: str | None, ranked: bool) -> dict[str, Detections]:
    """Read annotations and results of COCO, and empty the mapping."""
    if kind is None:
        kind = "masks" if has_masks(sides["found"]) else "boxes"
    truth, names = read_coco_truth(sides.pop("truth"), kind)
    found = read_coco_results(sides.pop("found"), names, kind, ranked=ranked)
    both = {"truth": truth, "found": found}
    for role, said in one_side_as_corners(both).items():
        both[role] = replace(both[role], findings=(*both[role].findings, said))
    return both


def _with_neighbors(truth: Detections, neighbors: Sequence[tuple[str, str]]) -> Detections:
    """Give truths of similar classes the class that they are not counted in."""
    place = {name.casefold(): k for k, name in enumerate(truth.labels)}
    labels, label = list(truth.labels), truth.label.copy()
    near = np.zeros(len(truth), dtype=bool)
    for name, other in neighbors:
        if other.casefold() not in place:
            continue
        if name.casefold() not in place:
            place[name.casefold()] = len(labels)
            labels.append(name)
        rows = truth.label == place[other.casefold()]
        label[rows] = place[name.casefold()]
        near |= rows
    flags = {**truth.flags, NEIGHBOR: near}
    return replace(truth, labels=tuple(labels), label=label, flags=flags)


def _of_classes(both: Mapping[str, Detections], classes: Sequence[str]) -> dict[str, Detections]:
    """Give both tables other classes; regions of those left out belong to none."""
    names = tuple(map(str, classes))
    if len(set(names)) < len(names) or not names or "" in names:
        raise ValueError(f"classes = {brief(classes)}: give one name or more, each once")
    place = {name: k for k, name in enumerate(names)}
    folded = {name.casefold(): k for k, name in enumerate(names)}
    number = np.array(
        [*(place.get(x, folded.get(x.casefold(), -1)) for x in both["truth"].labels), -1]
    )
    known = {name: k for k, name in enumerate(both["truth"].labels)}
    groups = {
        name: np.array([bool(entry in known and chosen[known[entry]]) for entry in names])
        for name, chosen in both["truth"].groups.items()
    }
    return {
        role: replace(table, labels=names, label=number[table.label], groups=groups)
        for role, table in both.items()
    }


def _aligned(truth: Detections, found: Detections, ranked: bool) -> dict[str, Detections]:
    """Give both tables the classes of the truth, and the items of either."""
    if found.confidence is None and (ranked or truth.confidence is not None):
        swapped = truth.confidence is not None
        raise ValueError(
            f"found ({found.source}) has no confidences"
            + (
                ", and truth has: exchange them"
                if swapped
                else "; give one for each region, or use protocol='f1', which needs none"
            )
        )
    if truth.confidence is not None:
        raise ValueError(
            f"truth ({truth.source}) has confidences, as detections have; give the annotated "
            "regions. Are truth and found exchanged?"
        )
    items = dict.fromkeys((*truth.items, *found.items))
    place = {name: k for k, name in enumerate(items)}
    number = {name: k for k, name in enumerate(truth.labels)}

    def renumbered(table: Detections) -> Detections:
        item = np.array([place[name] for name in table.items], dtype=np.int64)
        label = np.array([*(number.get(name, -1) for name in table.labels), -1], dtype=np.int64)
        return replace(
            table,
            items=tuple(items),
            labels=truth.labels,
            item=item[table.item],
            label=label[table.label],
        )

    said = _strangers(truth, found)
    found = replace(found, findings=(*found.findings, *said))
    return {"truth": renumbered(truth), "found": renumbered(found)}


def _strangers(truth: Detections, found: Detections) -> list[str]:
    """Say which items and classes of detections the truth lacks."""
    findings = []
    for index, names, known, what, fate in (
        (found.item, found.items, truth.items, "items", "they are false"),
        (found.label, found.labels, truth.labels, "classes", "they belong to no class"),
    ):
        there = set(known)
        strange = np.array([name not in there for name in names] + [False])[index]
        if strange.any():
            first = names[index[int(np.argmax(strange))]]
            findings.append(
                f"{found.source}: {number_of(int(strange.sum()), 'detection')} of {what} that the "
                f"truth lacks (first: {brief(first)}); {fate}"
            )
            used = [names[k] for k in np.unique(index) if k >= 0]
            why = mismatch("images" if what == "items" else what, known, used, "the detections")
            findings += [] if why is None else [why]
    return findings
