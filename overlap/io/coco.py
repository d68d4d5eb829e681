"""Boxes and masks of COCO: annotations of images, and lists of results."""

from __future__ import annotations

import hashlib
import itertools
import math
import operator
import re
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from overlap._common.numbers import is_finite
from overlap.io._json import LINES, is_json_lines, parse_json, refuse_repeated
from overlap.io._json_rows import JsonRows, json_rows
from overlap.io._source import Source, read_source
from overlap.io.coco_ids import zero_ids
from overlap.io.detections import Detections
from overlap.io.name_match import closest
from overlap.io.printable import brief, number_of, some
from overlap.regions.boxes import Boxes
from overlap.regions.interval_sets import IntervalSets
from overlap.regions.interval_sets.interval_sets import sets_of_edges
from overlap.regions.intervals import Intervals
from overlap.regions.masks.run_lengths import edges_of_texts, runs_of_rles

__all__ = [
    "Categories",
    "CocoContent",
    "coco_content",
    "coco_rows",
    "has_masks",
    "is_coco",
    "parsed_coco",
    "read_coco_results",
    "read_coco_truth",
]

#: Groups of the categories of LVIS, by the number of images of the training set.
_FREQUENCIES = {"r": "rare", "c": "common", "f": "frequent"}
_PARTS = ("images", "annotations", "categories")
_QUOTE, _LONGEST_SIDE = ord('"'), 1 << 26
_ANNOTATIONS = re.compile(rb'"annotations"[ \t\n\r]*:[ \t\n\r]*(?=\[)')
_LARGEST = 1e300  # of a side of an image
_BLANK = b" \t\r\n"  # what may stand around JSON
_LONG = 1 << 20  # bytes from which on columns are read: less is read at once anyhow
_FIELDS: Mapping[str, str | Mapping[str, str]] = {
    "image_id": "whole", "category_id": "whole", "bbox": "four",
    "segmentation": {"size": "pair", "counts": "place"},
}  # fmt: skip
_OF_RESULTS = {**_FIELDS, "score": "number"}
_OF_ANNOTATIONS = {
    **_FIELDS, "id": "whole", "iscrowd": "whole", "ignore": "whole", "area": "number",
    "keypoints": "place",
}  # fmt: skip
_NO_NUMBERS = (str, bytes, bool, np.bool_)  # although NumPy would make numbers of them
#: Other names that results give to their score.
_CONFIDENCES = ("confidence", "conf", "probability", "prob")


class Categories:
    """Numbers of the images and categories of a truth, and the sizes of images.

    Parameters
    ----------
    images : sequence of mapping
    categories : sequence of mapping
    where : str
        The file, for messages.
    """

    def __init__(self, images: Sequence[Any], categories: Sequence[Any], where: str) -> None:
        image_ids = _ids(images, "images", where)
        self.image = {name: k for k, name in enumerate(sorted(image_ids))}
        by_id = dict(zip(_ids(categories, "categories", where), categories, strict=True))
        self.category = {name: k for k, name in enumerate(sorted(by_id))}
        self.items = tuple(map(str, self.image))
        names = [str(by_id[name].get("name", name)) for name in self.category]
        twice = [name for name, count in Counter(names).items() if count > 1]
        if twice:
            raise ValueError(
                f"{where}: categories: two have the name {brief(twice[0])}; give each its own"
            )
        self.labels = tuple(names)
        self.files = {
            image["file_name"]: name
            for name, image in zip(image_ids, images, strict=True)
            if isinstance(image.get("file_name"), str)
        }
        self.extent = np.full((len(images), 2), math.nan)
        places = [self.image[name] for name in image_ids]
        for axis, key in enumerate(("width", "height")):
            sides = (image.get(key) for image in images)
            self.extent[places, axis] = [
                x if isinstance(x, (int, float)) and x < _LARGEST else math.nan for x in sides
            ]
        self.federated = any("neg_category_ids" in image for image in images)
        self.judged = self._pairs(image_ids, images, "neg_category_ids", where)
        self.partial = self._pairs(image_ids, images, "not_exhaustive_category_ids", where)
        given = [by_id[name].get("frequency") for name in self.category]
        self.groups = {
            word: np.array([letter == one for one in given])
            for letter, word in _FREQUENCIES.items()
            if letter in given
        }

    def codes(self, item: NDArray[np.int64], label: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return one number for each pair of an image and a category.

        Parameters
        ----------
        item, label : ndarray, dtype=int64
        """
        return item * (len(self.labels) + 1) + label

    def _pairs(
        self, image_ids: Sequence[Any], images: Sequence[Any], key: str, where: str
    ) -> NDArray[np.int64]:
        """Return the pairs of each image and the categories that it lists."""
        item, label = [], []
        for k, (name, image) in enumerate(zip(image_ids, images, strict=True)):
            if key not in image:
                continue
            listed = image[key]
            known = isinstance(listed, list) and all(
                isinstance(entry, int | str) and entry in self.category for entry in listed
            )
            if not known:
                raise ValueError(
                    f"{where}: images[{k}]: {key} is {brief(listed)}; wanted a list of ids of "
                    "categories"
                )
            item += [self.image[name]] * len(listed)
            label += [self.category[entry] for entry in listed]
        return self.codes(np.array(item, dtype=np.int64), np.array(label, dtype=np.int64))


def is_coco(content: Any) -> bool:
    """Whether parsed JSON looks like annotations of COCO.

    Parameters
    ----------
    content : Any
    """
    return isinstance(content, Mapping) and {"images", "annotations"} <= set(content)


class CocoContent(NamedTuple):
    """Parsed JSON with the name and the digest of its file.

    Of long files, results or annotations are `JsonRows`, and `source` is the file itself.
    """

    content: Any
    where: str
    digest: str | None
    source: Source | None = None

    def parsed(self) -> CocoContent:
        """Return the content as objects of Python."""
        if self.source is None:
            return self
        return parsed_coco(self.source, parse_json(self.source, checked=False))


def coco_content(source: Any) -> CocoContent:
    """Parse a JSON file; content in memory stays as it is.

    Parameters
    ----------
    source : path, or content
    """
    if isinstance(source, CocoContent):
        return source
    if isinstance(source, str | Path):
        file = read_source(source)
        return parsed_coco(file, parse_json(file, checked=False))
    return CocoContent(source, type(source).__name__, None)


def parsed_coco(source: Source, payload: Any) -> CocoContent:
    """Return the content of a JSON file.

    Parameters
    ----------
    source : Source
    payload : object
        What it holds.

    Raises
    ------
    ValueError
        A key that is read is there twice in an object, with different values.
    """
    if not is_json_lines(source):
        refuse_repeated(source, payload, _is_read)
    return CocoContent(payload, source.name, source.sha256)


def _is_read(path: Sequence[Any], key: str) -> bool:
    """Whether a key is read of the object to which a path leads, by columns and by rows alike."""
    if not path:
        return key in (*_PARTS, "results")
    of_rows = path[0] == "annotations"
    row = path[1:] if of_rows else path
    if len(row) == 2 and row[1] == "segmentation":
        return key in ("size", "counts")
    if len(row) == 1 and isinstance(row[0], int):
        return key in (_OF_ANNOTATIONS if of_rows else _OF_RESULTS)
    return path[0] in ("images", "categories")


def has_masks(found: CocoContent) -> bool:
    """Whether the first result has a segmentation and no box.

    Parameters
    ----------
    found : CocoContent
        Results, or anything else.
    """
    rows = found.content
    if not isinstance(rows, list | JsonRows) or not len(rows):
        return False
    if isinstance(rows, JsonRows):
        there = _have(rows, "segmentation")[0]
    else:
        there = isinstance(rows[0], Mapping) and "segmentation" in rows[0]
    return bool(there) and not _boxed(rows)


def coco_rows(source: Source) -> CocoContent | None:
    """Read long results, or the annotations of a long file, as columns; None for any other file.

    Parameters
    ----------
    source : Source
    """
    data = source.data
    if len(data) < _LONG or source.suffix in LINES:
        return None
    content: Any
    if data[:1] == b"[":
        content = rows = json_rows(data, 0, _OF_RESULTS)
        if rows is None or data[rows.end :].strip(_BLANK):
            return None
    else:
        content = _annotations(source)
        if content is None:
            return None
        rows = content["annotations"]
    if not all(rows.has[name].all() for name in ("image_id", "category_id")):
        return None
    return CocoContent(content, source.name, source.sha256, source)


def _annotations(source: Source) -> dict[str, Any] | None:
    """Return the parts of a file, of which annotations are columns."""
    data = source.data
    found = _ANNOTATIONS.search(data)
    rows = None if found is None else json_rows(data, found.end(), _OF_ANNOTATIONS)
    if found is None or rows is None:
        return None
    at = found.end()
    # the file without its annotations is an object that has an empty list at this very place
    rest = b"[" + data[: at + 1] + data[rows.end - 1 :] + b"]"
    whole = json_rows(rest, 0, dict.fromkeys((*_PARTS, "results"), "place"))
    if whole is None or len(whole) != 1 or whole.end != len(rest):
        return None
    there = {name: bool(has[0]) for name, has in whole.has.items()}
    places = {name: whole.columns[name][0].tolist() for name in _PARTS}
    begin, end = places.pop("annotations")
    if there.pop("results") or not all(there.values()) or (begin, end) != (at + 1, at + 3):
        return None  # results: as nuScenes has them
    try:
        parts = {
            name: parse_json(Source(source.name, rest[start:stop], source.sha256))
            for name, (start, stop) in places.items()
        }
    except ValueError:
        return None  # the message of the whole file names the place
    return {**parts, "annotations": rows}


def _ids(rows: Sequence[Any], part: str, where: str) -> list[Any]:
    ids = []
    for k, row in enumerate(rows):
        if not isinstance(row, (dict, Mapping)) or "id" not in row:  # dict: at once
            raise ValueError(f"{where}: {part}[{k}] has no id: {brief(row)}")
        ids.append(row["id"])
    if len({type(name) for name in ids} - {int}) > 0 and len({type(name) for name in ids}) > 1:
        raise ValueError(f"{where}: {part}: some ids are numbers and others texts; use one type")
    twice = [name for name, count in Counter(ids).items() if count > 1]
    if twice:
        raise ValueError(f"{where}: {part}: the id {brief(twice[0])} appears twice")
    return ids


def read_coco_truth(source: Any, kind: str = "boxes") -> tuple[Detections, Categories]:
    """Read boxes or masks of annotations.

    Parameters
    ----------
    source : path, mapping or CocoContent
        A JSON file, plain or gzipped, or its content: images, annotations and categories.
    kind : {"boxes", "masks"}
        Masks, of polygons or run lengths, become sets of intervals of their cells, columns first:
        `IntervalSets`, whose ratios are those of the masks.

    Returns
    -------
    truth : Detections
        Regions with the flags crowd and ignore and the annotated area; boxes also with ``extent``:
        width times height. Images are in the order of their ids, classes in that of the ids of
        categories.
    names : Categories
        By which results are read.

    Raises
    ------
    ValueError
        Something is missing or no number, an image or category is unknown, or a size is negative.
    """
    known = coco_content(source)
    if known.source is not None:
        try:
            return _truth(known, kind)
        except ValueError:
            pass  # read again below: the message then names the row
    return _truth(known.parsed(), kind)


def _truth(source: CocoContent, kind: str) -> tuple[Detections, Categories]:
    content, where, digest, _ = source
    if isinstance(content, list | JsonRows):
        raise ValueError(
            f"{where}: is a list, as results are; wanted annotations, a mapping with images, "
            "annotations and categories. Are truth and found exchanged?"
        )
    if not isinstance(content, Mapping):
        advice = "; give its .dataset" if hasattr(content, "dataset") else ""
        raise ValueError(f"{where}: is {type(content).__name__}, not annotations of COCO{advice}")
    for part in _PARTS:
        if not isinstance(content.get(part), list | JsonRows):
            raise ValueError(
                f"{where}: has no list {part!r}{closest(part, content)}; annotations of COCO have "
                f"{', '.join(_PARTS)}"
            )
    names = Categories(content["images"], content["categories"], where)
    rows = content["annotations"]
    item, label = _places(rows, names, where, "annotations")
    if (label < 0).any():
        row = int(np.argmax(label < 0))
        raise ValueError(
            f"{where}: annotations[{row}]: category_id {brief(_first_of(rows, row))} is not "
            f"one of the categories: {some(list(names.category))}"
        )
    findings = []
    crowd = _flags(rows, "iscrowd", where)
    if (crowd < 0).any() and not names.federated:
        findings.append(
            f"{where}: {number_of(int((crowd < 0).sum()), 'annotation')} without iscrowd, read as 0"
        )
    regions, sizes = _regions(rows, kind, where, "annotations", names, item)
    area = given = _numbers(rows, "area", where, "annotations", missing=math.nan)
    lacking = np.isnan(area)
    if lacking.any():
        area = np.where(lacking, regions.measure(), area)
        findings.append(
            f"{where}: {number_of(int(lacking.sum()), 'annotation')} without area; that of the "
            f"{'box' if kind == 'boxes' else 'mask'} is used"
        )
    if isinstance(regions, Boxes):
        findings += _mixed_up(regions, names.extent, item, where, given)
    empty = regions.measure() == 0
    if empty.any():
        findings.append(
            f"{where}: {number_of(int(empty.sum()), 'region')} of area 0, which nothing can match "
            f"(first: annotations[{int(np.argmax(empty))}])"
        )
    if _have(rows, "keypoints")[:1000].any():
        findings.append(f"{where}: keypoints are not used: {kind} are compared")
    zero, said = zero_ids(_column(rows, "id", None), where)
    findings += said
    flags = {"crowd": crowd > 0, **zero}
    if _have(rows, "ignore").any():
        flags["ignore"] = _flags(rows, "ignore", where) > 0
    if names.federated:
        names.judged = np.union1d(names.judged, names.codes(item, label))
    table = Detections(
        names.items, names.labels, item, label, regions, None, flags, {**sizes, "area": area},
        np.arange(len(rows)), where, digest, tuple(findings), kind, names.groups,
        {str(name): file for file, name in names.files.items()}, _digest_of_judged(names),
    )  # fmt: skip
    return table, names


def read_coco_results(
    source: Any, names: Categories, kind: str = "boxes", *, ranked: bool = True
) -> Detections:
    """Read boxes or masks of results.

    Parameters
    ----------
    source : path, list of mapping or CocoContent
        A JSON file, plain or gzipped, or its content: results with image_id, category_id, score,
        and bbox or segmentation.
    names : Categories
        Of the truth.
    kind : {"boxes", "masks"}
    ranked : bool
        Whether results must have a score; without, none may have one.

    Returns
    -------
    Detections
        Results of categories that the truth lacks belong to no class: their label is -1. Of a truth
        of LVIS, they have the flags ``"unjudged"``, where nobody looked for the category in the
        image, and ``"partial"``, where not all of its objects are annotated.

    Raises
    ------
    ValueError
        Something is missing or no number, an image is unknown, or a size is negative.
    """
    known = coco_content(source)
    if known.source is not None:
        try:
            return _results(known, names, kind, ranked)
        except ValueError:
            pass  # read again below: the message then names the row
    return _results(known.parsed(), names, kind, ranked)


def _results(source: CocoContent, names: Categories, kind: str, ranked: bool) -> Detections:
    content, where, digest, _ = source
    if is_coco(content):
        raise ValueError(
            f"{where}: has images and annotations, as a truth has; wanted a list of results. Are "
            "truth and found exchanged?"
        )
    if not isinstance(content, list | JsonRows):
        raise ValueError(
            f"{where}: is {type(content).__name__}; wanted a list of results with image_id, "
            "category_id, bbox and score"
        )
    item, label = _places(content, names, where, "result")
    regions, sizes = _regions(content, kind, where, "result", names, item)
    score = None
    scored = bool(_have(content, "score").any())
    if ranked and len(content) and not scored:
        keys = () if isinstance(content, JsonRows) else content[0]
        other = next((name for name in _CONFIDENCES if name in keys), "")
        raise ValueError(
            f"{where}: no result has a score; "
            + (f"rename {other!r} to 'score'" if other else "give one for each")
            + ", or use protocol='f1', which needs none"
        )
    if ranked or scored:
        score = _numbers(content, "score", where, "result")
    findings = []
    if isinstance(regions, Boxes):
        findings += _mixed_up(regions, names.extent, item, where)
    elif len(content) and _boxed(content):
        xywh = _boxes(content, where, "result")
        sizes["area"] = xywh[:, 2] * xywh[:, 3]
        findings.append(
            f"{where}: results have bbox beside segmentation; as in COCO's program, they are small "
            "or large by the area of the box. Leave bbox out for that of the mask"
        )
    unknown = label < 0
    if unknown.any():
        first = _first_of(content, int(np.argmax(unknown)))
        hint = ""
        if first in names.labels:
            hint = ". Write the ids of categories, not their names"
        elif isinstance(first, str) and first.isdigit() and int(first) in names.category:
            hint = ". There is a category with this number: write ids as the truth does"
        elif type(first) is int and first == 0:
            hint = ". Do results count categories from 0? Write the ids of the truth"
        findings.append(
            f"{where}: {number_of(int(unknown.sum()), 'result')} of categories that the truth "
            f"lacks (first: {brief(first)}); they belong to no class{hint}"
        )
    flags = {}
    if names.federated:
        code = names.codes(item, label)
        flags = {
            # the program leaves out results of area 0 as well
            "unjudged": ~np.isin(code, names.judged) | (sizes["area"] <= 0),
            "partial": np.isin(code, names.partial),
        }
    return Detections(
        names.items, names.labels, item, label, regions, score, flags, sizes,
        np.arange(len(content)), where, digest, tuple(findings), kind, names.groups,
    )  # fmt: skip


def _digest_of_judged(names: Categories) -> str:
    """Return a digest of the categories that were looked for in each image, wholly or in part."""
    if not names.federated:
        return ""
    state = hashlib.sha256(names.judged.astype("<i8").tobytes() + b"partial")
    state.update(names.partial.astype("<i8").tobytes())
    return state.hexdigest()


def _first_of(rows: Sequence[Any] | JsonRows, row: int) -> Any:
    """Return the category of a row."""
    if isinstance(rows, JsonRows):
        return int(rows.columns["category_id"][row])
    return rows[row]["category_id"]


def _regions(
    rows: Sequence[Any] | JsonRows,
    kind: str,
    where: str,
    part: str,
    names: Categories,
    item: NDArray,
) -> tuple[Boxes | IntervalSets, dict[str, NDArray[np.float64]]]:
    """Return regions, and their areas."""
    if kind == "boxes":
        xywh = _boxes(rows, where, part)
        try:
            boxes = Boxes.from_xywh(xywh)
        except ValueError as error:  # too large or too small for float64
            raise ValueError(f"{where}: {part}: {str(error).removeprefix('Boxes: ')}") from None
        area = xywh[:, 2] * xywh[:, 3]
        return boxes, {"area": area, "extent": area}
    if isinstance(rows, JsonRows):
        masks = _masks_of_texts(rows, item)
        if masks is not None:
            return masks, {"area": masks.measure()}
        rows = _segmentations(rows)
    rles = [_run_lengths(row, k, where, part, names, item[k]) for k, row in enumerate(rows)]
    try:
        pointer, begin, end, sizes = runs_of_rles(rles)
    except (TypeError, ValueError) as error:
        words = str(error).removeprefix("Masks.from_rle: ").replace("rles[", f"{part}[")
        raise ValueError(f"{where}: segmentation: {words}") from None
    if len(set(sizes)) > 1:
        grids = dict[int, set[tuple[int, int]]]()
        for image, size in zip(item.tolist(), sizes, strict=True):
            grids.setdefault(image, set()).add(size)
        several = sorted(image for image, own in grids.items() if len(own) > 1)
        if several:
            raise ValueError(
                f"{where}: masks of the image {names.items[several[0]]} have different sizes: "
                f"{some(sorted(grids[several[0]]))}"
            )
    runs = np.stack([begin, end], axis=1).astype(np.float64)
    owner = np.repeat(np.arange(len(rows)), np.diff(pointer))
    masks = IntervalSets.from_intervals(Intervals(runs), owner, size=len(rows))
    return masks, {"area": masks.measure()}


def _segmentations(rows: JsonRows) -> list[dict[str, Any]]:
    """Return rows that have a segmentation alone."""
    if not _have(rows, "segmentation").all():
        raise ValueError("a segmentation is missing")
    texts = (rows.text[start:stop] for start, stop in rows.columns["segmentation"].tolist())
    values = parse_json(Source("", b"[%b]" % b",".join(texts), ""), checked=False)
    return [{"segmentation": value} for value in values]


def _masks_of_texts(rows: JsonRows, item: NDArray[np.int64]) -> IntervalSets | None:
    """Return the masks of run lengths that are all compressed; None for others."""
    if not _have(rows, "segmentation").all():
        return None
    if not all(_have(rows, f"segmentation.{name}").all() for name in ("size", "counts")):
        return None
    text = np.frombuffer(rows.text, np.uint8)
    sizes, places = rows.columns["segmentation.size"], rows.columns["segmentation.counts"]
    usual = (sizes >= 1) & (sizes <= _LONGEST_SIDE) & (sizes == np.floor(sizes))
    if not usual.all() or not (text[places[:, 0]] == _QUOTE).all():
        return None
    sides = sizes.astype(np.int64)
    if (sides[1:] != sides[:-1]).any():
        order = np.argsort(item, kind="stable")
        other = (sides[order[1:]] != sides[order[:-1]]).any(axis=1)
        if (other & (item[order[1:]] == item[order[:-1]])).any():
            raise ValueError("masks of one image have different sizes")
    starts, ends = places[:, 0] + 1, places[:, 1] - 1
    return sets_of_edges(*edges_of_texts(rows.text, starts, ends, sides.prod(axis=1)))


def _run_lengths(
    row: Any, k: int, where: str, part: str, names: Categories, image: int
) -> Mapping[str, Any]:
    """Return the run lengths of a segmentation; polygons are drawn as COCO's program draws them."""
    value = row.get("segmentation")
    if isinstance(value, Mapping):
        return value
    if not isinstance(value, list) or not value:
        raise ValueError(
            f"{where}: {part}[{k}]: segmentation is {brief(value)}; wanted run lengths or polygons"
        )
    try:
        from pycocotools import mask
    except ImportError as error:
        raise ImportError(
            f"{where}: polygons of segmentations are drawn by pycocotools: pip install "
            "'overlap-metrics[detection]'"
        ) from error
    width, height = names.extent[image]
    if math.isnan(width) or math.isnan(height):
        raise ValueError(
            f"{where}: {part}[{k}]: segmentation has polygons, and its image "
            f"{names.items[image]} no width and height"
        )
    try:
        polygons = [[float(x) for x in polygon] for polygon in value]
        if any(len(polygon) < 6 or len(polygon) % 2 for polygon in polygons):
            raise ValueError("a polygon needs three points or more")
    except (TypeError, ValueError):
        raise ValueError(
            f"{where}: {part}[{k}]: segmentation is {brief(value)}; wanted lists of x, y, x, y, "
            "..., with three points or more"
        ) from None
    return mask.merge(mask.frPyObjects(polygons, int(height), int(width)))


def _places(
    rows: Sequence[Any] | JsonRows, names: Categories, where: str, part: str
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the number of the image and of the category of each row; -1 if unknown."""
    if isinstance(rows, JsonRows):
        item = _looked_up(rows.columns["image_id"], names.image)
        label = _looked_up(rows.columns["category_id"], names.category)
        if (item < 0).any():
            raise ValueError(f"{where}: an image_id is unknown")
        return item, label
    try:
        images = list(map(operator.itemgetter("image_id"), rows))
        categories = list(map(operator.itemgetter("category_id"), rows))
    except (KeyError, TypeError):
        for k, row in enumerate(rows):
            if not isinstance(row, Mapping) or not {"image_id", "category_id"} <= set(row):
                raise ValueError(
                    f"{where}: {part}[{k}] has no image_id or category_id: {brief(row)}"
                ) from None
        raise
    try:
        unknown = itertools.repeat(-1)
        item = np.fromiter(map(names.image.get, images, unknown), np.int64, len(rows))
        label = np.fromiter(map(names.category.get, categories, unknown), np.int64, len(rows))
    except TypeError:
        raise ValueError(f"{where}: an image_id or category_id is a list or mapping") from None
    if (item < 0).any():
        k = int(np.argmax(item < 0))
        other = images[k]
        hint = ""
        if isinstance(other, str) and other.isdigit() and int(other) in names.image:
            hint = "; there is an image with this number: write ids as the truth does"
        elif other in names.files:
            hint = f"; it is the file of image {brief(names.files[other])}: write ids"
        raise ValueError(
            f"{where}: {part}[{k}]: image_id {brief(other)} is not one of the truth's "
            f"{len(names.image):,} images{hint}"
        )
    return item, label


def _looked_up(ids: NDArray[np.int64], known: Mapping[Any, int]) -> NDArray[np.int64]:
    """Return the number of each id; -1 if unknown."""
    least, most = (int(ids.min()), int(ids.max())) if len(ids) else (0, 0)
    if most - least <= 8 * len(ids) and all(type(one) is int for one in known):
        table = np.full(most - least + 1, -1)
        for one, number in known.items():
            if least <= one <= most:
                table[one - least] = number
        return table[ids - least]
    each, place = np.unique(ids, return_inverse=True)
    return np.array([known.get(one, -1) for one in each.tolist()], dtype=np.int64)[place]


def _boxes(rows: Sequence[Any] | JsonRows, where: str, part: str) -> NDArray[np.float64]:
    """Return x, y, width and height of each row."""
    if isinstance(rows, JsonRows):
        four = rows.columns["bbox"]
        if not rows.has["bbox"].all() or not np.isfinite(four).all() or (four[:, 2:] < 0).any():
            raise ValueError(f"{where}: a bbox is missing, not finite, or has a negative size")
        return four
    try:
        boxes = list(map(operator.itemgetter("bbox"), rows))
        unordered = any(issubclass(kind, str | Set | Mapping) for kind in set(map(type, boxes)))
        if set(map(len, boxes)) <= {4} and not unordered:
            numbers = list(itertools.chain.from_iterable(boxes))
            if any(issubclass(kind, _NO_NUMBERS) for kind in set(map(type, numbers))):
                raise TypeError
            flat = np.array(numbers, dtype=np.float64)
            result = flat.reshape(-1, 4)
            wrong = ~np.isfinite(result).all(axis=1) | (result[:, 2:] < 0).any(axis=1)
            if not wrong.any():
                return result
    except (KeyError, TypeError, ValueError, OverflowError):
        pass
    for k, row in enumerate(rows):
        box = row.get("bbox")
        box = box.tolist() if hasattr(box, "tolist") else box
        if not (isinstance(box, list | tuple) and len(box) == 4 and all(map(is_finite, box))):
            raise ValueError(
                f"{where}: {part}[{k}]: bbox is {brief(box)}; wanted four numbers: x, y, width, "
                "height"
            )
        if box[2] < 0 or box[3] < 0:
            raise ValueError(
                f"{where}: {part}[{k}]: bbox {brief(box)} has a negative width or height; wanted "
                "x, y, width, height"
            )
    raise ValueError(f"{where}: the boxes could not be read")


def _numbers(
    rows: Sequence[Any] | JsonRows, name: str, where: str, part: str, missing: float | None = None
) -> NDArray[np.float64]:
    """Return one number of each row."""
    if isinstance(rows, JsonRows):
        column, has = rows.columns[name], rows.has[name]
        if not np.isfinite(column[has]).all() or (missing is None and not has.all()):
            raise ValueError(f"{where}: a {name} is missing, or not finite")
        if missing is None or has.all():
            return column.copy()  # a view would keep all columns
        return np.where(has, column, missing)
    values = _column(rows, name, missing)
    try:
        result = np.array(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError, RuntimeError):
        result = np.array([float(x) if is_finite(x) else math.inf for x in values])
    if result.ndim != 1:
        result = np.full(len(rows), math.inf)
    strange = ~np.isfinite(result) & ~(np.isnan(result) if missing is not None else False)
    texts = any(issubclass(kind, str | bool) for kind in set(map(type, values)))
    if strange.any() or texts:
        for k, value in enumerate(values):
            if not (is_finite(value) or (missing is not None and value is missing)):
                raise ValueError(
                    f"{where}: {part}[{k}]: {name} is {brief(value)}; wanted a finite number"
                )
    return result


def _have(rows: Sequence[Any] | JsonRows, name: str) -> NDArray[np.bool_]:
    """Return which rows have a key."""
    if isinstance(rows, JsonRows):
        return rows.has[name] if name in rows.has else np.zeros(len(rows), dtype=bool)
    return np.fromiter((name in row for row in rows), bool, len(rows))


def _boxed(rows: Sequence[Any] | JsonRows) -> bool:
    """Whether the first row has a box."""
    return bool(rows.has["bbox"][0] if isinstance(rows, JsonRows) else rows[0].get("bbox"))


def _column(rows: Sequence[Any] | JsonRows, name: str, missing: Any) -> list[Any]:
    """Return one value of each row."""
    if isinstance(rows, JsonRows):
        values, has = rows.columns[name].tolist(), rows.has[name]
        if has.all():
            return values
        return [x if there else missing for x, there in zip(values, has.tolist(), strict=True)]
    try:
        return list(map(operator.itemgetter(name), rows))
    except KeyError:
        return [row.get(name, missing) for row in rows]


def _flags(rows: Sequence[Any] | JsonRows, name: str, where: str) -> NDArray[np.int8]:
    """Return 0 or 1 for each row; -1 where the key is missing."""
    if isinstance(rows, JsonRows):
        given = np.where(rows.has[name], rows.columns[name], 0)
        if not np.isin(given, (0, 1)).all():
            raise ValueError(f"{where}: {name} is neither 0 nor 1")
        return np.where(rows.has[name], given, -1).astype(np.int8)
    values = _column(rows, name, None)
    if set(map(type, values)) <= {int} and set(values) <= {0, 1}:
        return np.array(values, dtype=np.int8)
    return np.array([_flag(row, k, where, name) for k, row in enumerate(rows)], dtype=np.int8)


def _flag(row: Any, k: int, where: str, name: str) -> int:
    value = row.get(name, -1)
    if value not in (0, 1, -1) or (value == -1 and name in row):
        raise ValueError(f"{where}: annotations[{k}]: {name} is {brief(value)}; wanted 0 or 1")
    return int(value)


def _mixed_up(
    boxes: Boxes,
    extent: NDArray[np.float64],
    item: NDArray,
    where: str,
    area: NDArray[np.float64] | None = None,
) -> list[str]:
    """Say that boxes look like shares of images, or like two corners.

    Two corners leave the images, where their sizes are known, and have other areas than those that
    are annotated.
    """
    low, high = boxes.bounds()
    side = high - low
    if len(boxes) and low.min() >= 0.0:
        first = high.max()
        if (len(boxes) >= 10 and first <= 2.0) or (first <= 1.0 and (side % 1.0 > 0.0).any()):
            return [
                f"{where}: all boxes lie in the first two pixels, as shares of the image do: write "
                "bbox in pixels"
            ]
    if area is not None and (said := _of_areas(low, side, area)):
        return [f"{where}: {said}"]
    size = np.array([sides[item] for sides in extent.T])
    known = ~np.isnan(size).any(axis=0)
    some = int(known.sum())
    if not some and area is not None and np.isnan(area).all() and len(area) >= 50:
        share = float(np.median((side - low).prod(axis=0) / np.maximum(side.prod(axis=0), 1e-300)))
        if (side > low).all() and share < 0.5:
            return [
                f"{where}: each of the {len(area):,} boxes could be two corners, as few others "
                "could: if they are, write bbox as x, y, width, height; width and height of the "
                "images, or areas, would tell"
            ]
    if some < 3:
        return []
    margin = 1.0 if some >= 10 else 1.0 + 0.1 * size  # of few boxes, one may be a little too large
    outside = ((high > size + margin) & known).any(axis=0)
    share = outside.sum() / some
    if share <= 0.2:
        return []
    corners = np.all((side >= low) & (side <= size + 1.0), axis=0)
    if corners[known].mean() > 0.98:
        return [
            f"{where}: {100 * share:.0f} % of the boxes leave their image when they are "
            "read as x, y, width, height, and none does as two corners: write bbox as x, y, width, "
            "height"
        ]
    return []


def _of_areas(
    low: NDArray[np.float64], side: NDArray[np.float64], area: NDArray[np.float64]
) -> str:
    """Say that areas are those of two corners; empty where they are not."""
    read, corners = side.prod(axis=0), (side - low).prod(axis=0)
    whole = (side > low).all(axis=0) & (area > 0)
    told = whole & (np.abs(read - corners) > 0.02 * area)
    if told.sum() < 0.5 * len(area) or not len(area):
        return ""
    fit, other = (np.abs(x - area)[told] <= 0.01 * area[told] for x in (corners, read))
    advice = "write bbox as x, y, width, height"
    if fit.mean() > 0.98 and other.mean() < 0.02:
        return (
            f"{100 * fit.mean():.0f} % of the areas are those of bbox as two corners, and "
            f"{100 * other.mean():.0f} % are width times height: {advice}"
        )
    # areas of masks are smaller than those of their boxes
    small = whole & (area <= 1.01 * corners)
    share = float(np.median(corners / np.maximum(read, 1e-300)))
    if len(area) >= 10 and small.mean() > 0.98 and share < 0.5:
        return (
            f"{100 * small.mean():.0f} % of the boxes hold their area as two corners, which are "
            f"{100 * share:.0f} % of width times height in the median: {advice}"
        )
    return ""
