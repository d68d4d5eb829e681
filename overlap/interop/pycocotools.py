"""Evaluation of COCO's boxes and masks through the class that programs call: ``COCOeval``.

Exchange the import, ``from overlap.interop.pycocotools import COCOeval``, or call `patch` before
the libraries that import it. Numbers, arrays and printed lines are those of pycocotools; images
and categories are read from its ``COCO`` objects.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overlap.evaluate._detection.evidence import DetectionEvidence
from overlap.evaluate._detection.protocol import Area, DetectionProtocol
from overlap.evaluate._detection.protocols import DETECTION_PROTOCOLS, in_mode
from overlap.evaluate._detection.task import DetectionTask
from overlap.evaluate._ranking.curves import final_recall, sampled_precision
from overlap.evaluate._ranking.scene import Ranked
from overlap.io.coco_ids import ZERO_ID
from overlap.io.detections import Detections
from overlap.regions.boxes import Boxes
from overlap.regions.interval_sets import IntervalSets
from overlap.regions.intervals import Intervals
from overlap.regions.masks.run_lengths import runs_of_rles

__all__ = ["COCOeval", "Params", "patch"]

_LITERAL = 100  # the number of detections that AP is asked for, whatever maxDets says


class Params:
    """Parameters of an evaluation; each can be set.

    Parameters
    ----------
    iouType : {"segm", "bbox"}
        What is compared: masks or boxes.

    Attributes
    ----------
    imgIds, catIds : list
        Images and categories that are evaluated.
    iouThrs, recThrs : ndarray
        Thresholds of the IoU, and recalls at which precision is read.
    maxDets : list of int
        Largest numbers of detections of an image and category.
    areaRng : list of [float, float]
        Ranges of areas, both ends included.
    areaRngLbl : list of str
        Their names.
    useCats : int
        Whether categories are told apart.
    """

    def __init__(self, iouType: str = "segm") -> None:
        if iouType == "keypoints":
            raise ValueError(
                "iouType = 'keypoints': similarity of keypoints is not supported; use pycocotools, "
                "or iouType 'bbox' or 'segm'"
            )
        if iouType not in ("segm", "bbox"):
            raise ValueError(f"iouType = {iouType!r} is not 'segm' or 'bbox'")
        self.iouType = iouType
        self.useSegm: int | None = None
        self.imgIds: list[Any] = []
        self.catIds: list[Any] = []
        self.iouThrs = np.linspace(0.5, 0.95, 10)
        self.recThrs = np.linspace(0.0, 1.0, 101)
        self.maxDets = [1, 10, 100]
        areas = DETECTION_PROTOCOLS["coco"].areas
        self.areaRng = [[area.least, area.most] for area in areas]
        self.areaRngLbl = [area.name for area in areas]
        self.useCats = 1


class COCOeval:
    """Evaluation of results against annotations.

    Parameters
    ----------
    cocoGt, cocoDt : COCO
        Annotations, and results as ``cocoGt.loadRes`` returns them.
    iouType : {"segm", "bbox"}
    mode : {"corrected", "strict"}
        ``"strict"`` counts detections of an annotation whose id is 0 as false, as pycocotools does.

    Attributes
    ----------
    params : Params
        Rules; change them before `evaluate`.
    eval : dict
        After `accumulate`: ``precision`` and ``scores``, shape (thresholds, recalls, categories,
        areas, maxDets), ``recall`` without the axis of recalls, and ``counts``, ``params``.
    stats : ndarray, shape (12,)
        After `summarize`.

    Notes
    -----
    ``evalImgs`` and ``ious`` are made when they are asked for.

    One fault of pycocotools is repeated in the mode ``"strict"`` only: it counts the detection of
    an annotation whose id is 0 as false. In ``evalImgs`` that match has the id 0 in both modes.
    """

    def __init__(
        self,
        cocoGt: Any = None,
        cocoDt: Any = None,
        iouType: str = "segm",
        *,
        mode: str = "corrected",
    ) -> None:
        self._usual = in_mode(DETECTION_PROTOCOLS["coco"], mode)
        self.cocoGt, self.cocoDt = cocoGt, cocoDt
        self.params = Params(iouType)
        self.eval: dict[str, Any] = {}
        self.stats: NDArray[np.float64] = np.empty(0)
        self._paramsEval: Params | None = None
        if cocoGt is not None:
            self.params.imgIds = sorted(cocoGt.getImgIds())
            self.params.catIds = sorted(cocoGt.getCatIds())

    def evaluate(self) -> None:
        """Match detections with annotations in every image, category and range of areas."""
        p = self.params
        if p.useSegm is not None:
            p.iouType = "segm" if p.useSegm == 1 else "bbox"
        p.imgIds = list(np.unique(p.imgIds).tolist())
        if p.useCats:
            p.catIds = list(np.unique(p.catIds).tolist())
        p.maxDets = sorted(map(_whole, p.maxDets))
        for name in ("evalImgs", "ious"):
            self.__dict__.pop(name, None)
        truth, found = self._tables()
        task = DetectionTask(_protocol(p, self._usual))
        given = task.items(1, truth=truth, found=found)
        parts = {key: task.measure(key, item) for key, item in given.items.items()}
        self._evidence: DetectionEvidence = task.finish(parts, given.about)
        self._paramsEval = _copied(p)

    def accumulate(self, p: Params | None = None) -> None:
        """Make curves of the matches.

        Parameters
        ----------
        p : Params, optional
            By default those of `evaluate`.
        """
        if self._paramsEval is None:
            raise RuntimeError("COCOeval: call evaluate() before accumulate()")
        p = self._paramsEval if p is None else p
        evidence = self._evidence
        counts = (len(p.iouThrs), len(p.recThrs), len(self._categories), len(p.areaRng),
                  len(p.maxDets))  # fmt: skip
        precision, scores = -np.ones(counts), -np.ones(counts)
        recall = -np.ones((counts[0], *counts[2:]))
        rule = evidence.scene.rules.curve
        for a, area in enumerate(evidence.protocol.areas):
            for m, most in enumerate(p.maxDets):
                ranked = evidence.ranked(area.name, most)
                known = ranked.ranking.truths > 0
                samples = sampled_precision(ranked.ranking, rule).transpose(0, 2, 1)
                precision[:, :, known, a, m] = samples[:, :, known]
                recall[:, known, a, m] = final_recall(ranked.ranking)[:, known]
                scores[:, :, known, a, m] = _scores_at(ranked, p.recThrs)[:, :, known]
        self.eval = {
            "params": p,
            "counts": list(counts),
            "date": "",
            "precision": precision,
            "recall": recall,
            "scores": scores,
        }

    def summarize(self) -> None:
        """Compute `stats`, and print a line for each."""
        if not self.eval:
            raise RuntimeError("COCOeval: call accumulate() before summarize()")
        p = self.params
        rows: list[tuple[int, float | None, str, int]] = [
            (1, None, "all", _LITERAL),
            (1, 0.5, "all", p.maxDets[2]),
            (1, 0.75, "all", p.maxDets[2]),
            *((1, None, name, p.maxDets[2]) for name in ("small", "medium", "large")),
            *((0, None, "all", most) for most in p.maxDets[:3]),
            *((0, None, name, p.maxDets[2]) for name in ("small", "medium", "large")),
        ]  # fmt: skip
        self.stats = np.array([self._summary(*row) for row in rows])

    def _summary(self, of_precision: int, iou: float | None, area: str, most: int) -> float:
        p = self.params
        cells = self.eval["precision" if of_precision else "recall"]
        if iou is not None:
            cells = cells[np.where(iou == np.asarray(p.iouThrs))[0]]
        areas = [k for k, name in enumerate(p.areaRngLbl) if name == area]
        limits = [k for k, number in enumerate(p.maxDets) if number == most]
        cells = cells[..., areas, :][..., limits]
        known = cells[cells > -1]
        value = float(np.mean(known)) if len(known) else -1.0
        name, short = ("Average Precision", "(AP)") if of_precision else ("Average Recall", "(AR)")
        levels = f"{p.iouThrs[0]:0.2f}:{p.iouThrs[-1]:0.2f}" if iou is None else f"{iou:0.2f}"
        print(
            f" {name:<18} {short} @[ IoU={levels:<9} | area={area:>6s} | maxDets={most:>3d} ] = "
            f"{value:0.3f}"
        )
        return value

    def __str__(self) -> str:
        self.summarize()
        return ""

    # --------------------------------------------------------------------------- inputs

    @property
    def _categories(self) -> list[Any]:
        return self.params.catIds if self.params.useCats else [-1]

    def _rows(self, coco: Any) -> list[dict[str, Any]]:
        p = self.params
        if not p.imgIds:  # for pycocotools an empty list of ids is all images
            return []
        chosen = {"imgIds": p.imgIds}
        if p.useCats:
            chosen["catIds"] = p.catIds
        rows = coco.loadAnns(coco.getAnnIds(**chosen))
        if p.useCats:
            return rows
        order = {name: k for k, name in enumerate(p.catIds)}  # pooled in the order of categories
        return sorted(
            (row for row in rows if row["category_id"] in order),
            key=lambda row: order[row["category_id"]],
        )

    def _tables(self) -> tuple[Detections, Detections]:
        """Read annotations and results as tables numbered alike."""
        p = self.params
        image = {name: k for k, name in enumerate(p.imgIds)}
        category = {name: k for k, name in enumerate(p.catIds)}
        sides = []
        self._given = []
        for coco, scored in ((self.cocoGt, False), (self.cocoDt, True)):
            rows = self._rows(coco)
            self._given.append(rows)
            item = np.array([image[row["image_id"]] for row in rows], dtype=np.int64)
            label = np.array([category[row["category_id"]] for row in rows], dtype=np.int64)
            area = np.array([row["area"] for row in rows], dtype=np.float64)
            regions: Boxes | IntervalSets
            sizes = {"area": area}
            if p.iouType == "bbox":
                xywh = np.array([row["bbox"] for row in rows], dtype=np.float64).reshape(-1, 4)
                regions = Boxes.from_xywh(xywh)
                sizes["extent"] = xywh[:, 2] * xywh[:, 3]
            else:
                pointer, begin, end, _ = runs_of_rles([coco.annToRLE(row) for row in rows])
                owner = np.repeat(np.arange(len(rows)), np.diff(pointer))
                runs = Intervals(np.stack([begin, end], axis=1).astype(np.float64))
                regions = IntervalSets.from_intervals(runs, owner, size=len(rows))
            flags, score = {}, None
            if scored:
                score = np.array([row["score"] for row in rows], dtype=np.float64)
            else:
                crowd = [bool(row["iscrowd"]) for row in rows]
                flags["crowd"] = np.array(crowd, dtype=bool)
                flags[ZERO_ID] = np.array([row["id"] == 0 for row in rows], dtype=bool)
            sides.append(
                Detections(
                    tuple(map(str, p.imgIds)),
                    tuple(map(str, p.catIds)),
                    item,
                    label,
                    regions,
                    score,
                    flags,
                    sizes,
                    np.arange(len(rows)),
                    "COCO",
                )
            )
        return sides[0], sides[1]

    # --------------------------------------------------------------------------- details

    @cached_property
    def ious(self) -> dict[tuple[Any, Any], Any]:
        """IoU of the sorted detections (rows) and the annotations of each image and category."""
        import overlap as ov

        p, evidence = self.params, self._evidence
        inputs = evidence.inputs or {}
        truth, found = inputs["truth"].regions, inputs["found"].regions
        crowd = inputs["truth"].flags["crowd"]
        result: dict[tuple[Any, Any], Any] = {}
        for (image, label), (mine, theirs) in self._cells().items():
            mine = self._sorted(mine)
            key = p.imgIds[image], self._categories[label]
            if not len(mine) and not len(theirs):
                result[key] = []
                continue
            values = np.asarray(ov.iou.pairwise(found[mine], truth[theirs]))
            some = crowd[theirs]
            if some.any():
                values[:, some] = ov.coverage.pairwise(found[mine], truth[theirs[some]])
            result[key] = np.nan_to_num(values) if len(mine) and len(theirs) else []
        for image in p.imgIds:
            for name in self._categories:
                result.setdefault((image, name), [])
        return result

    def _cells(self) -> dict[tuple[int, int], tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Return rows of detections and of annotations of each image and category."""
        inputs = self._evidence.inputs or {}
        result: dict[tuple[int, int], list[list[int]]] = {}
        for side, table in enumerate((inputs["found"], inputs["truth"])):
            labels = table.label if self.params.useCats else np.zeros(len(table), dtype=np.int64)
            for row, key in enumerate(zip(table.item.tolist(), labels.tolist(), strict=True)):
                result.setdefault(key, [[], []])[side].append(row)
        return {
            key: (np.array(mine, dtype=np.int64), np.array(theirs, dtype=np.int64))
            for key, (mine, theirs) in result.items()
        }

    def _sorted(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the most confident detections of one image and category, best first."""
        score = self._evidence.scene.confidence[rows]
        return rows[np.argsort(-score, kind="stable")][: self.params.maxDets[-1]]

    @cached_property
    def evalImgs(self) -> list[dict[str, Any] | None]:
        """Matches of each category, range of areas and image, in this order; None for none."""
        return list(self._images())

    def _images(self) -> Iterator[dict[str, Any] | None]:
        p, evidence, cells = self.params, self._evidence, self._cells()
        truths, founds = self._given
        for label, category in enumerate(self._categories):
            for area, ends in zip(evidence.protocol.areas, p.areaRng, strict=True):
                ranked = evidence.ranked(area.name)
                outside = ranked.scene.ignored(ranked.scene.truth)
                for image, name in enumerate(p.imgIds):
                    if (image, label) not in cells:
                        yield None
                        continue
                    mine, theirs = cells[image, label]
                    mine = self._sorted(mine)
                    theirs = theirs[np.argsort(outside[theirs], kind="stable")]
                    place = {row: k for k, row in enumerate(theirs.tolist())}
                    truth_ids = np.array([truths[k]["id"] for k in theirs])
                    found_ids = [founds[k]["id"] for k in mine]
                    pair = ranked.pair[:, mine]
                    partner = (
                        np.where(pair >= 0, ranked.candidate[np.maximum(pair, 0)], -1)
                        if len(ranked.candidate)
                        else np.full(pair.shape, -1)
                    )
                    found_match = np.zeros((len(p.iouThrs), len(mine)))
                    truth_match = np.zeros((len(p.iouThrs), len(theirs)))
                    for t, d in zip(*np.nonzero(partner >= 0), strict=True):
                        g = place[int(partner[t, d])]
                        found_match[t, d] = truth_ids[g]
                        truth_match[t, g] = found_ids[d]
                    yield {
                        "image_id": name,
                        "category_id": category,
                        "aRng": ends,
                        "maxDet": p.maxDets[-1],
                        "dtIds": found_ids,
                        "gtIds": truth_ids.tolist(),
                        "dtMatches": found_match,
                        "gtMatches": truth_match,
                        "dtScores": [founds[k]["score"] for k in mine],
                        "gtIgnore": outside[theirs].astype(int),
                        "dtIgnore": ranked.outcome[:, mine] == 2,
                    }


def _whole(value: Any) -> Any:
    """Return a whole number of NumPy as one of Python."""
    return int(value) if isinstance(value, np.integer) else value


def _protocol(p: Params, coco: DetectionProtocol) -> DetectionProtocol:
    """Return the protocol with the parameters' thresholds, recalls, limits and areas."""
    if len(p.areaRng) != len(p.areaRngLbl):
        raise ValueError(
            f"COCOeval: params.areaRng has {len(p.areaRng)} ranges, and params.areaRngLbl "
            f"{len(p.areaRngLbl)} names; give each range its name"
        )
    areas = tuple(
        Area(f"{k}: {name}", float(low), float(high))
        for k, (name, (low, high)) in enumerate(zip(p.areaRngLbl, p.areaRng, strict=True))
    )
    return replace(
        coco,
        thresholds=tuple(float(x) for x in p.iouThrs),
        recalls=tuple(float(x) for x in p.recThrs),
        max_detections=tuple(dict.fromkeys(int(most) for most in p.maxDets)),
        areas=areas,
        class_agnostic=not p.useCats,
    )


def _copied(p: Params) -> Params:
    result = Params(p.iouType)
    for name, value in vars(p).items():
        setattr(result, name, value.copy() if hasattr(value, "copy") else value)
    return result


def _scores_at(ranked: Ranked, recalls: Sequence[float] | NDArray) -> NDArray[np.float64]:
    """Return the confidence at which each recall is reached, shape (T, R, C); 0 where it is not."""
    ranking = ranked.ranking
    confidence = ranked.scene.confidence[ranked.visit]
    wanted = np.asarray(recalls, dtype=np.float64)
    levels, classes = ranking.shape
    result = np.zeros((levels, len(wanted), classes))
    for c in range(classes):
        begin, end = ranking.pointer[c], ranking.pointer[c + 1]
        truths = ranking.truths[c]
        if begin == end or not truths:
            continue
        for t in range(levels):
            some = slice(*ranking.bounds[t, c : c + 2])
            hits = ranking.column[some][ranking.true[some]]
            at = np.searchsorted(np.arange(1, len(hits) + 1) / truths, wanted)
            reached = at < len(hits)
            result[t, reached, c] = confidence[hits[at[reached]]]
            result[t, wanted <= 0.0, c] = confidence[begin]
    return result


@contextlib.contextmanager
def _restored(module: Any, before: dict[str, Any]) -> Iterator[None]:
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(module, name, value)


def patch() -> contextlib.AbstractContextManager[None]:
    """Exchange ``COCOeval`` and ``Params`` of pycocotools for those of this module.

    Libraries that import them afterwards, or that look them up in the module, get these. Libraries
    that have imported the name ``COCOeval`` before keep theirs.

    Returns
    -------
    context manager
        Used in a ``with`` statement, it puts pycocotools' own classes back at the end.

    Raises
    ------
    ImportError
        pycocotools is not installed.

    Examples
    --------
    >>> from overlap.interop.pycocotools import COCOeval, patch
    >>> from pycocotools import cocoeval
    >>> with patch():
    ...     cocoeval.COCOeval is COCOeval
    True
    >>> cocoeval.COCOeval is COCOeval
    False
    """
    try:
        from pycocotools import cocoeval
    except ImportError as error:
        raise ImportError(
            "patch() needs pycocotools: pip install 'overlap-metrics[detection]'"
        ) from error
    before = {name: getattr(cocoeval, name) for name in ("COCOeval", "Params")}
    cocoeval.COCOeval, cocoeval.Params = COCOeval, Params
    return _restored(cocoeval, before)
