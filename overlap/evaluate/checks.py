"""Checks of all kinds of input: their readers, and the content that each is recognised by.

A file or folder is looked at by the first check of `CHECKS` that recognises it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from overlap.io import detection_forms
from overlap.io._paths import suffix_of
from overlap.io.angles import read_angles
from overlap.io.candidate import Candidate
from overlap.io.coco import read_coco_results, read_coco_truth
from overlap.io.coco_check import compare_boxes, inspect_boxes, is_boxes
from overlap.io.conformation_check import inspect_conformations, is_conformations
from overlap.io.conformations import read_conformations
from overlap.io.duration_check import inspect_durations, is_durations
from overlap.io.durations import as_durations
from overlap.io.folder_check import FolderContent, inspect_folder, is_folder_of_volumes
from overlap.io.folders import cases_of, find_image, pair_folders
from overlap.io.form_check import compare_forms, inspect_form, is_form
from overlap.io.frame_label_check import inspect_frame_labels, is_frame_labels
from overlap.io.frame_labels import as_frame_labels
from overlap.io.frame_rate_check import inspect_frame_rates, is_frame_rates
from overlap.io.frame_rates import as_frame_rates
from overlap.io.image_attributes import read_image_attributes
from overlap.io.inspection import Inspection
from overlap.io.label_name_check import inspect_label_names, is_label_names
from overlap.io.label_names import read_labels
from overlap.io.moment_check import compare_moments, inspect_moments, is_moments
from overlap.io.moments import as_moments
from overlap.io.name_list_check import inspect_name_list, is_name_list
from overlap.io.name_lists import as_names
from overlap.io.point_check import compare_points, inspect_points, is_points
from overlap.io.points import as_points
from overlap.io.printable import some
from overlap.io.rama_grids import read_rama_grids
from overlap.io.region_files import read_regions
from overlap.io.region_tables import read_region_table
from overlap.io.rttm import read_rttm
from overlap.io.rttm_check import compare_turns, inspect_turns, is_turns
from overlap.io.segment_check import inspect_segments, is_segment_npz, is_segments
from overlap.io.segment_columns import PICKLES, refused_pickle
from overlap.io.segment_match import compare
from overlap.io.segments import as_segments
from overlap.io.strata import read_strata
from overlap.io.strata_check import inspect_strata, is_strata
from overlap.io.structures import read_structures
from overlap.io.tube_check import compare_tubes, inspect_tubes, is_tubes
from overlap.io.tube_files import as_tubes, read_tubes
from overlap.io.uem import read_uem
from overlap.io.uem_check import inspect_map, is_map
from overlap.io.volumes import SUFFIXES, Volume, read_header, read_image, read_volume
from overlap.io.volumes.check import inspect_volume, is_volume, label_counts
from overlap.io.volumes.headers import finite_numbers
from overlap.regions.polygons import Polygons

from ._possession.check import compare_tables, inspect_table, is_table
from ._possession.scene import read_tables
from ._segmentation.check import compare_volumes
from ._segmentation.cohort import as_cohort
from .part_check import inspect_parts, is_folder_of_parts
from .parts import Store
from .progress import progress_bar
from .report_check import inspect_comparison, inspect_report, is_comparison, is_report
from .report_files import read_payload

__all__ = ["CHECKS", "Check", "Looking", "Together", "inspect", "inspect_together"]


class Looking(NamedTuple):
    """Settings of a check.

    Attributes
    ----------
    voxels : bool
        Read the voxels of folders of volumes; else the headers alone.
    pattern : str or (str, str), optional
        Path of the volumes inside folders; see `overlap.io.pair_folders`.
    fps : float, optional
        Frames per second of tables of possession.
    progress : bool, optional
        Show a bar; by default on a terminal only.
    """

    voxels: bool = True
    pattern: str | tuple[str, str] | None = None
    fps: float | None = None
    progress: bool | None = None

    def watched(self, cases: Iterable[Any], total: int) -> Iterable[Any]:
        """Show a bar for cases."""
        return progress_bar(cases, total=total, what="look", progress=self.progress)


_USUAL = Looking()


@dataclass(frozen=True)
class Check:
    """The check of one kind of input.

    Attributes
    ----------
    kind : str
        Word for it.
    readers : tuple of callable
        Readers whose inputs it looks at.
    recognises : callable
        Tells of a `Candidate` whether it is of this kind.
    look : callable
        Returns an `Inspection` of a `Candidate`, in a way (`Looking`).
    """

    kind: str
    readers: tuple[Callable[..., Any], ...]
    recognises: Callable[[Candidate], bool]
    look: Callable[[Candidate, Looking], Inspection]


class Together(NamedTuple):
    """Inspection of several inputs together.

    Attributes
    ----------
    paths : tuple of str
        In the order of the arguments of the command that takes them.
    seen : Inspection
    """

    paths: tuple[str, ...]
    seen: Inspection


_Looked = list[tuple[str, Inspection]]


def _look_at_folder(candidate: Candidate, how: Looking) -> Inspection:
    patterns = how.pattern if isinstance(how.pattern, tuple) else (how.pattern,)
    pattern = next((x for x in patterns if _has(candidate, x)), patterns[0])
    return inspect_folder(candidate, pattern=pattern, voxels=how.voxels, watched=how.watched)


def _has(candidate: Candidate, pattern: str | None) -> bool:
    """Whether a folder has volumes that a pattern names."""
    try:
        return bool(cases_of(candidate.path, pattern=pattern).cases)
    except ValueError:
        return False


def _one_way(
    inspect: Callable[[Candidate], Inspection],
) -> Callable[[Candidate, Looking], Inspection]:
    """Return the look of a check that has no settings."""
    return lambda candidate, how: inspect(candidate)


PARTS = Check("parts", (Store.load,), is_folder_of_parts, _one_way(inspect_parts))
VOLUME = Check(
    "volume", (read_volume, read_image, read_header),
    lambda candidate: is_volume(candidate) and not is_segment_npz(candidate),
    lambda candidate, how: inspect_volume(candidate, voxels=how.voxels),
)  # fmt: skip
CONFORMATIONS = Check(
    "conformations",
    (
        read_conformations,
        read_structures,
        read_angles,
        read_rama_grids,
        read_regions,
        Polygons.from_geojson,
    ),
    is_conformations,
    _one_way(inspect_conformations),
)
FOLDER = Check(
    "volumes", (pair_folders, cases_of, find_image), is_folder_of_volumes, _look_at_folder
)
REPORT = Check("report", (read_payload,), is_report, _one_way(inspect_report))
COMPARISON = Check("comparison", (), is_comparison, _one_way(inspect_comparison))
SEGMENTS = Check("segments", (as_segments,), is_segments, _one_way(inspect_segments))
FRAMES = Check("frame labels", (as_frame_labels,), is_frame_labels, _one_way(inspect_frame_labels))
DURATIONS = Check("durations", (as_durations,), is_durations, _one_way(inspect_durations))
BOXES = Check("boxes", (read_coco_truth, read_coco_results), is_boxes, _one_way(inspect_boxes))
FORMS = Check(
    "regions", tuple(form.reader for form in detection_forms.FORMS), is_form, _one_way(inspect_form)
)
TUBES = Check("tubes", (as_tubes, read_tubes), is_tubes, _one_way(inspect_tubes))
POSSESSION = Check(
    "possession", (read_region_table, read_tables), is_table, _one_way(inspect_table)
)
LABEL_NAMES = Check("label names", (read_labels,), is_label_names, _one_way(inspect_label_names))
MOMENTS = Check("moments", (as_moments,), is_moments, _one_way(inspect_moments))
TURNS = Check("turns", (read_rttm,), is_turns, _one_way(inspect_turns))
EVALUATED = Check("evaluation map", (read_uem,), is_map, _one_way(inspect_map))
NAME_LIST = Check("names", (as_names,), is_name_list, _one_way(inspect_name_list))
FRAME_RATES = Check("frame rates", (as_frame_rates,), is_frame_rates, _one_way(inspect_frame_rates))
POINTS = Check("points", (as_points,), is_points, _one_way(inspect_points))
STRATA = Check("strata", (read_strata, read_image_attributes), is_strata, _one_way(inspect_strata))

#: In the order in which they are asked. Names of labels are the least particular JSON.
CHECKS = (
    PARTS, VOLUME, MOMENTS, FRAMES, TURNS, EVALUATED, POINTS, TUBES, FORMS, CONFORMATIONS, FOLDER,
    REPORT, COMPARISON, BOXES, POSSESSION, SEGMENTS, DURATIONS, FRAME_RATES, STRATA,
    LABEL_NAMES, NAME_LIST,
)  # fmt: skip


def inspect(path: str, how: Looking = _USUAL) -> tuple[Check, Inspection]:
    """Look at a file or folder that any command takes.

    Parameters
    ----------
    path : str
    how : Looking

    Returns
    -------
    Check, Inspection

    Raises
    ------
    OSError
        It is missing, or may not be read.
    ValueError
        It is damaged, or nothing that the package reads.

    Examples
    --------
    >>> from overlap.io import sample_path
    >>> check, seen = inspect(str(sample_path("temporal_found")))
    >>> check.kind, seen.role
    ('segments', 'found')
    """
    candidate = Candidate(path)
    for check in CHECKS:
        if check.recognises(candidate):
            return check, check.look(candidate, how)
    raise ValueError(_unknown(candidate))


def inspect_together(
    looked: Sequence[tuple[str, Check, Inspection]], how: Looking = _USUAL
) -> list[Together]:
    """Say of inputs that belong to one command how they fit together.

    Parameters
    ----------
    looked : sequence of (str, Check, Inspection)
        Paths, and what `inspect` returned.
    how : Looking
    """
    of: dict[Check, _Looked] = {check: [] for check in CHECKS}
    for path, check, seen in looked:
        of[check].append((path, seen))
    result = _scored(_with_roles(of[SEGMENTS]), "overlap temporal", _fit_of_segments)
    result += _scored(of[MOMENTS], "overlap temporal", compare_moments)
    result += _scored(of[BOXES], "overlap detection", compare_boxes)
    result += _scored(of[FORMS], "overlap detection", compare_forms)
    result += _scored(of[POINTS], "overlap temporal", compare_points)
    turns = of[TURNS] + of[EVALUATED] if of[TURNS] else []
    for path, seen in turns[1:]:
        findings = compare_turns(turns[0][1].content, seen.content)
        result.append(
            Together((turns[0][0], path), Inspection("turns and recordings", [], findings))
        )
    result += _scored(of[TUBES], "overlap temporal", compare_tubes)
    result += _tables(of[POSSESSION], how)
    result += _volumes(of[FOLDER], of[VOLUME], how)
    if of[FOLDER]:
        result += [_strata(path, of[FOLDER], how) for path, _ in of[STRATA]]
    sides = of[FOLDER] + of[VOLUME] if how.voxels else []
    for names, named in of[LABEL_NAMES]:
        result += [_named(names, named.content, path, seen.content) for path, seen in sides]
    return result


def _scored(given: _Looked, command: str, fits: Callable[[Any, Any], Inspection]) -> list[Together]:
    """Compare each found input with each truth, and say where they come in the wrong order."""
    places = list(enumerate(given))
    sides = ([entry for entry in places if entry[1][1].role == role] for role in ("found", "truth"))
    result = []
    for (at, (found, mine)), (before, (truth, other)) in product(*sides):
        seen = fits(other.content, mine.content)
        if at < before:
            said = f"truth and found are swapped; give them as {command} {truth} {found}"
            seen = replace(seen, findings=[said, *seen.findings])
        result.append(Together((truth, found), seen))
    return result


def _with_roles(given: _Looked) -> _Looked:
    """Let the second of two inputs be the predictions, if neither has confidences."""
    if len(given) != 2 or any(seen.role != "truth" for _, seen in given):
        return given
    first, (path, second) = given
    return [first, (path, replace(second, role="found"))]


def _fit_of_segments(truth: Any, found: Any) -> Inspection:
    return Inspection("predictions and annotations", [], compare(truth, found))


def _tables(given: _Looked, how: Looking) -> list[Together]:
    sides = {seen.role: path for path, seen in reversed(given)}
    order = [role for role in ("players", "ball", "truth") if role in sides]
    if order[:2] != ["players", "ball"]:
        return []
    seen = compare_tables({role: sides[role] for role in order}, how.fps)
    return [Together(tuple(sides[role] for role in order), seen)]


def _volumes(folders: _Looked, files: _Looked, how: Looking) -> list[Together]:
    """Compare the first folder with each other one; and volumes, if there are two."""
    pairs = [(folders[0][0], other) for other, _ in folders[1:]]
    pairs += [(files[0][0], files[1][0])] if len(files) == 2 else []
    result = []
    for truth, found in pairs:
        pattern = how.pattern if Path(truth).is_dir() else None
        seen = compare_volumes(
            truth, found, pattern=pattern, voxels=how.voxels, watched=how.watched
        )
        result.append(Together((truth, found), seen))
    return result


def _strata(path: str, folders: _Looked, how: Looking) -> Together:
    """Say which cases have no row, or no volume."""
    paths = [folder for folder, _ in folders[:2]]
    findings = []
    try:
        if len(paths) == 2:
            as_cohort(paths[0], paths[1], how.pattern, path)
        else:
            read_strata(path, folders[0][1].content.cases)
    except ValueError as error:
        findings.append(str(error))
    return Together((path, *paths), Inspection("strata and cases", [], findings))


def _named(names: str, labels: Any, path: str, content: Any) -> Together:
    """Say which labels of volumes have no name, and which names have no voxel."""
    present = content.labels if isinstance(content, FolderContent) else ()
    if isinstance(content, Volume):
        present = label_counts(content.values)
    findings = []
    try:
        labels.check_known(present, path)
    except ValueError as error:
        findings.append(str(error))
    unused = [name for name, ids in labels.groups().items() if present and not {*ids} & {*present}]
    if unused:
        findings.append(f"{path}: has no voxel of {some(unused)}")
    return Together((names, path), Inspection("names and labels", [], findings))


_WANTED = (
    "annotations or predictions of time segments (ActivityNet JSON, CSV, lines of events, records, "
    "folders of these), points in time (SoccerNet, E2E-Spot, CSV), tables of possession "
    "(CSV, Parquet), tubes (MultiSports' and HC-STVG's JSON, CSV), structures (PDB, mmCIF), "
    "angles (CSV), grids (.data), regions (GeoJSON), "
    "boxes (COCO's JSON, folders of VOC, YOLO or DOTA), names of labels (JSON, CSV), strata (CSV), "
    "reports (JSON), volumes (NIfTI, MetaImage, NRRD, PNG, TIFF, NumPy), and folders of volumes, "
    "structures or grids"
)


def _unknown(candidate: Candidate) -> str:
    """Say that no check recognises an input, and what to do."""
    name = candidate.path
    if candidate.is_folder:
        suffixes = ", ".join(sorted({suffix_of(path) or path.name for path in candidate.files})[:6])
        there = f"its files are {suffixes}" if suffixes else "it has no files"
        return (
            f"{name}: the folder has no volumes ({', '.join(SUFFIXES)}), structures or grids; "
            f"{there}"
        )
    boxes = (
        "give the boxes as an array to overlap.Boxes (from_xywh, from_yolo), or save them as "
        "COCO's JSON of annotations and results"
    )
    header = candidate.header
    if header and len(header) == 1 and len(header[0].split()) >= 5:
        return f"{name}: looks like lines of boxes (YOLO, KITTI); {boxes}"
    if {"case", "metric", "value"} <= set(header) or {"class", "iou", "value"} <= set(header):
        return f"{name}: is the table of a report, which no command reads; give the report as .json"
    if any(map(_is_number, header)):
        return (
            f"{name}: its first line is {some(header, 6)}; wanted the names of the columns, such "
            "as video,start,stop,label"
        )
    if header:
        names = some(header, 6)
        return f"{name}: nothing that is read has the columns {names}; wanted {_WANTED}"
    if candidate.suffix in PICKLES:
        return str(refused_pickle(name))
    if candidate.is_json:
        keys = some(sorted(candidate.keys), 6)
        has = f"the keys {keys}" if candidate.keys else f"a {type(candidate.payload).__name__}"
        return f"{name}: is JSON that overlap does not read ({has}); wanted {_WANTED}"
    return f"{name}: unknown format; wanted {_WANTED}"


def _is_number(cell: str) -> bool:
    return bool(finite_numbers([cell]))
