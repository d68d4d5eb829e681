"""Readers of text: examples of what each reads, and what must hold of whatever it accepts."""

# ruff: noqa: E501

from __future__ import annotations

import contextlib
import csv
import decimal
import io
import json
import random
import re
import tempfile
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from overlap import Masks, Polygons, cli
from overlap.cli.reload import load_compared, load_reports
from overlap.evaluate import compare, conformation, explain, possession, segmentation, temporal
from overlap.evaluate.checks import inspect
from overlap.io import (
    as_moments,
    as_segments,
    parse_labels,
    read_angles,
    read_labels,
    read_rama_grids,
    read_regions,
    read_strata,
    read_structures,
    sample_path,
)
from overlap.io.box_lines import read_box_lines
from overlap.io.box_tables import read_box_table
from overlap.io.dota import read_dota_results, read_dota_truth
from overlap.io.frame_rates import as_frame_rates
from overlap.io.kitti import read_kitti
from overlap.io.name_lists import as_names
from overlap.io.name_rules import as_rules
from overlap.io.nuscenes import read_nuscenes
from overlap.io.region_files import regions_to_geojson
from overlap.io.voc import read_voc_results, read_voc_truth
from overlap.io.yolo import read_yolo

from .harness import Target
from .mutations import damage_frame, damage_json, damage_text, written

# ---------------------------------------------------------------------------- examples

TRUTH = {
    "version": "1",
    "database": {
        "v1": {"subset": "validation", "duration": 82.5, "annotations": [
            {"segment": [6.75, 40.125], "label": "Surfing"}, {"segment": [0, 3], "label": "Diving"}]},
        "v2": {"subset": "test", "duration": "31", "annotations": []},
        "v3": {"subset": "validation", "annotations": [{"segment": ["1.5", 4], "label": "Diving"}]},
    },
}  # fmt: skip
FOUND = {
    "results": {
        "v1": [{"label": "Surfing", "score": 0.9, "segment": [6.5, 41.0]},
               {"label": "Diving", "score": "0.25", "segment": [0.5, 2.5]}],
        "v3": [{"label": "Diving", "score": 1, "segment": [1, 4]}],
        "v4": [],
    }
}  # fmt: skip
QVH_TRUTH = b"""{"qid": 1, "vid": "a", "duration": 20, "relevant_windows": [[0, 10]], "relevant_clip_ids": [0, 1], "saliency_scores": [[4, 4, 3], [2, 2, 1]]}
{"qid": 2, "vid": "a", "duration": 20.5, "relevant_windows": [[4, 8], [12.5, 20]]}
"""
QVH_FOUND = b"""{"qid": 1, "pred_relevant_windows": [[0, 5, 0.9], [0, 9, 0.4]], "pred_saliency_scores": [0.9, -0.1, 0]}
{"qid": 2, "pred_relevant_windows": [[12, 20, 0.8]], "pred_saliency_scores": [0.5]}
"""
CHARADES = b"""AO8RW 0.0 6.9##a person is putting a book on a shelf.
AO8RW 5.2 9.75 ##person walks.
"""
NLQ = {"version": "1", "videos": [{"video_uid": "v", "clips": [{"clip_uid": "c", "annotations": [{"annotation_uid": "a", "language_queries": [
    {"clip_start_sec": 1.0, "clip_end_sec": 5.5, "query": "Where?"}, {"query": "none"}]}]}]}]}  # fmt: skip
NLQ_FOUND = {"version": "1.0", "challenge": "ego4d_nlq_challenge", "results": [
    {"clip_uid": "c", "annotation_uid": "a", "query_idx": 0, "predicted_times": [[1.0, 5.5], [7, 8]]}]}  # fmt: skip
TRUTH_CSV = b"""video-id,t-start,t-end,label,video-duration,subset
v1,6.75,40.125,Surfing,82.5,validation
v1,0,3,Diving,82.5,validation
v2,,,,31,test
v3,1.5,4,"Diving",,validation
"""
FOUND_CSV = b"""video;start;stop;label;score
v1;6.5;41.0;Surfing;0.9
v1;0.5;2.5;Diving;0.25
v3;1;4;Diving;1
"""
EVENTS = b"""a.wav\t0.5\t2.0\tspeech\t0.9
b.wav
a.wav\t3.25\t4\tdog\t1
"""
LONE_EVENTS = b"0.5\t2.0\tspeech\n3.25\t4\tdog barking\n"
THUMOS_LINES = b"video_test_0000004.mp4 12.5 10.0 7 0.5\nvideo_test_0000006.mp4 1.5 3 22 0.25\n"
JSON_LINES = b"""{"video": "v1", "start": 0.5, "stop": 2.0, "label": "Run", "score": 0.5}
{"video": "v2", "start": 1, "stop": 2, "label": "Jump", "score": 1}
"""
RECORDS = [
    {"video": "v1", "duration": 30, "annotations": [{"segment": [0.5, 2.0], "label": "Run"}]},
    {"video": "v2", "annotations": []},
]
COLUMNS = {"video-id": ["v1", "v2"], "t-start": [0.5, 1.0], "t-end": [2.0, 3.0], "label": [3, 4],
           "score": [0.5, 0.25]}  # fmt: skip
TIMED_CSV = b"""video,start,stop,label
v1,2024-01-31T10:00:00.5+01:00,2024-01-31T10:00:02+01:00,Surfing
v1,2024-01-31T10:01:00+01:00,2024-01-31T10:02:00+01:00,Diving
v2,2024-02-29T00:00:00Z,2024-03-01T00:00:00Z,Diving
"""
ANGLES_CSV = b"""structure,chain,resid,resname,next_resname,phi,psi,omega,weight
1abc,A,1,MET,VAL,nan,140.0,180.0,1
1abc,A,2,VAL,PRO,-110.5,120.25,179.0,0.5
1abc,A,3,PRO,GLY,-63.0,-42.0,2.5,1
1abc,B,4A,GLY,SER,85.0,10.0,-178.0,2
1abc,B,5,SER,,360.0,-30,175,1
"""
MDTRAJ = b"phi\tpsi\n-1.1\t-0.7\n-1.2\t-0.8\n-2.0\t2.4\n3.1\t-3.1\n"
GRID = b"""# Table name/description: "Top8000 cis-Pro"
# Number of dimensions: 2
# x1: -180 180 4 true
# x2: -180 180 4 true
-45 -45 1.0
-45 45 0.25
45.0 135.0 0.5
135 -135 0.125
"""
GEOJSON = {
    "type": "FeatureCollection", "wrapped": False,
    "features": [
        {"type": "Feature", "properties": {"category": "general", "level": "favored"},
         "geometry": {"type": "Polygon", "coordinates": [
             [[-100, -60], [-40, -60], [-40, -20], [-100, -20], [-100, -60]],
             [[-80, -50], [-80, -40], [-70, -40], [-80, -50]]]}},
        {"type": "Feature", "properties": {"category": "glycine", "level": "allowed"},
         "geometry": {"type": "MultiPolygon", "coordinates": [
             [[[50, 0], [100, 0], [100, 50.5], [50, 0]]], [[[170, 0], [190, 0], [190, 9], [170, 0]]]]}},
    ],
}  # fmt: skip
SHAPE = {"type": "GeometryCollection", "geometries": [
    {"type": "Polygon", "coordinates": [[[0, 0], [4, 0], [4, 3], [0, 0]]]},
    {"type": "Polygon", "coordinates": [[[10, 0, 5.0], [14, 0, 5], [14, 3, 5]]]}]}  # fmt: skip
DATASET = {
    "name": "x",
    "labels": {"background": 0, "liver": 1, "tumor": 2, "whole": [1, 2], "ignore": 3},
}
OLD_DATASET = {"labels": {"0": "background", "1": "liver", "2": "tumor"}}
NAMED = [{"id": 1, "name": "liver"}, {"id": 2, "name": "tumor"}]
NAMES_CSV = b"id,name\n1,liver\n2,tumor\n1+2,whole\n"
STRATA = b"case,site,scanner\na,01,x\nb,02,y\nc,01,x\n"
PLAYERS = {"frame": [0, 0, 1, 1, 2], "track": [1, 2, 1, 2, 1], "video": ["m"] * 5,
           "x": [0.0, 9, 1, 9, 2], "y": [0.0] * 5, "w": [2.0] * 5, "h": [2.0] * 5}  # fmt: skip
BALL = {"frame": [0, 1, 2], "video": ["m"] * 3, "x": [0.5, 1.5, 8.0], "y": [0.5] * 3,
        "w": [1.0] * 3, "h": [1.0] * 3}  # fmt: skip
SPELLS = {"video": ["m", "m"], "track": [1, 2], "start": [0.0, 0.05], "stop": [0.08, 0.1]}
VOC_XML = b"""<annotation><filename>a.jpg</filename><size><width>90</width><height>60</height></size>
<object><name>dog</name><difficult>0</difficult><bndbox><xmin>1</xmin><ymin>2.5</ymin><xmax>30</xmax><ymax>40</ymax></bndbox></object>
<object><name>cat</name><bndbox><ymax>9</ymax><xmin>1</xmin><ymin>2</ymin><xmax>30</xmax></bndbox></object>
</annotation>"""
VOC_LINES = b"a 0.9 1 2 30 40\na 0.25 1 2 30.5 40\nb 1e-3 5 5 6 7\n"
DOTA_LINES = b"imagesource:GoogleEarth\ngsd:0.5\n0 0 8 0 8 4 0 4 ship 0\n20 0 28.5 0 28 4 20 4 plane 1\n0 0 4 4 0 8 -4 4 ship\n"
DOTA_RESULTS = b"P1 0.9 0 0 8 0 8 4 0 4\nP1 0.25 20 0 28.5 0 28 4 20 4\n"
YOLO_LINES = b"0 0.5 0.5 0.2 0.4 0.9\n1 0.25 0.25 0.1 0.1 0.75\n"
YOLO_QUADS = b"0 0.5 0.25 0.75 0.5 0.5 0.75 0.25 0.5\n1 0.1 0.1 0.2 0.1 0.2 0.2 0.1 0.2\n"
YOLO_DATA = b"path: .\nval: labels\nnames:\n  0: cat\n  1: ox\n"
KITTI_LINES = b"""Car 0.00 1 -1.6 100 120 180 160 1.5 1.6 4.0 2.0 1.7 10.0 -1.57
Pedestrian 0.5 0 0.25 10 20 18 60 1.75 0.5 0.5 -2.0 1.5 8.0 0.5
DontCare -1 -1 -10 5 6 7 8 -1 -1 -1 -1000 -1000 -1000 -10
"""
BOX_LINES = b"cat 0.9 10 20 5 5\ndog 0.5 1.5 2 30 40\n"
BOX_TABLE = b"image,class,score,x1,y1,x2,y2\na,cat,0.5,1,2,3,4\nb,dog,0.25,0,0,10,10.5\nc,,,,,,\n"
NUSCENES = {"meta": {}, "results": {"t1": [
    {"translation": [1.0, 2, 3], "size": [2.0, 4.0, 1.5], "rotation": [1.0, 0, 0, 0], "velocity": [0.5, 0],
     "detection_name": "car", "detection_score": 0.5, "attribute_name": "vehicle.moving"}], "t2": []}}  # fmt: skip


def run_lengths() -> list[dict[str, Any]]:
    masks = Masks(np.random.default_rng(0).random((2, 40, 30)) < 0.3)
    return masks.to_rle()


def grid_without_header() -> bytes:
    """A grid of the other layout: value, phi, psi for every node."""
    places = [(-165 + 30 * i, -165 + 30 * k) for i in range(12) for k in range(12)]
    return "".join(f"{0.5 + i / 7:.6f} {p} {q}\n" for i, (p, q) in enumerate(places)).encode()


@cache
def structures() -> dict[str, bytes]:
    import gemmi

    pdb = sample_path("peptide").read_text().splitlines()
    short = "\n".join([*pdb[:19], "TER", "END", ""])
    cif = gemmi.read_pdb_string(short)
    cif.setup_entities()
    return {".pdb": short.encode(), ".cif": cif.make_mmcif_document().as_string().encode()}


@cache
def reports() -> dict[str, dict[str, Any]]:
    """Reports of each kind, as parsed JSON; their inputs are beside them."""
    with tempfile.TemporaryDirectory() as name, contextlib.chdir(name):
        write_inputs(Path("."))
        return _reports()


def write_inputs(folder: Path) -> None:
    (folder / "truth.json").write_bytes(written(TRUTH))
    (folder / "found.json").write_bytes(written(FOUND))
    (folder / "whole.geojson").write_bytes(written(GEOJSON))


def _reports() -> dict[str, dict[str, Any]]:
    sources = {"truth": "truth.json", "found": "found.json"}
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, (2, 5, 4, 3))
    found = np.where(rng.random(truth.shape) < 0.8, truth, 0)
    angles = {"found": sample_path("angles_found"), "truth": sample_path("angles_truth")}
    made = {
        "temporal": temporal(**sources, iou="0.5,0.75", progress=False),
        "all": temporal(**sources, protocol="all", progress=False),
        "segmentation": segmentation(
            truth=dict(zip("ab", truth, strict=True)), found=dict(zip("ab", found, strict=True)),
            labels={"one": 1, "two": 2}, metrics="dice,volume_difference", progress=False,
        ),
        "conformation": conformation(**angles, levels="favored"),
        "possession": possessed({"players": PLAYERS, "ball": BALL, "truth": SPELLS}),
    }  # fmt: skip
    result = {}
    for name, report in made.items():
        report.to_json("report.json")
        result[name] = json.loads(Path("report.json").read_bytes())
    return result


# ------------------------------------------------------------------------------- checks


def exact(value: Any) -> float:
    """A number or a text that holds one, by way of decimal digits."""
    return float(decimal.Decimal(str(value).strip()))


def check_segments(table: Any, data: bytes, path: Path) -> None:
    """Hold what a table of segments has against a plain reading, and read it a second time."""
    for column in (table.start, table.stop):
        assert np.isfinite(column).all()
    assert (table.start <= table.stop).all()
    assert table.confidence is None or np.isfinite(table.confidence).all()
    assert not (table.duration < 0).any()
    assert not np.isinf(table.duration).any()
    assert all(isinstance(name, str) and name for name in (*table.videos, *table.labels))
    if table.times is not None:
        assert not np.isnat(table.times).any()
        assert (table.times[:, 0] <= table.times[:, 1]).all()
        return
    coding = json.detect_encoding(data) if path.suffix == ".json" else "utf-8-sig"
    text = data.decode(coding, "surrogatepass")
    if path.suffix == ".json":
        whole = json.loads(text, parse_float=decimal.Decimal, parse_int=decimal.Decimal)
        lists = whole.get("results", whole.get("database", whole))
        lists = [x if isinstance(x, list) else x["annotations"] for x in lists.values()]
        rows = [row for one in lists for row in one]
        assert [exact(row["segment"][0]) for row in rows] == table.start.tolist()
        assert [exact(row["segment"][1]) for row in rows] == table.stop.tolist()
    elif '"' not in text:
        lines = [
            x
            for x in re.split("\r\n|\r|\n", text)
            if x.strip(" \t,;\x00\f\v\x1c\x1d\x1e\x1f\x85\xa0\u2028")
        ]
        blank = sum(any(not x.strip() for x in re.split("[,;\t]", line)) for line in lines[1:])
        # without a line of names, a table may be lines of events
        named = not any("no line of names" in said for said in table.findings)
        assert len(table) <= len(lines) - named
        assert not named or len(lines) - 1 - blank <= len(table)
        check_cells(table, lines)
    again = {"results": {}} if table.confidence is not None else {"database": {}}
    for k, video in enumerate(table.videos):
        rows = np.flatnonzero(table.video == k).tolist()
        entries: list[Any] = [
            {"segment": [table.start[i], table.stop[i]], "label": table.labels[table.label[i]]}
            | ({} if table.confidence is None else {"score": table.confidence[i]})
            for i in rows
        ]
        if table.confidence is not None:
            again["results"][video] = entries
        else:
            duration = table.duration[k]
            again["database"][video] = {
                "annotations": entries, "subset": table.subset[k],
                "duration": None if np.isnan(duration) else float(duration),
            }  # fmt: skip
    role = "truth" if table.confidence is None else "found"
    copy = path.with_name("again.json")
    copy.write_text(json.dumps(again))
    other = as_segments(copy, role=role)
    assert other.videos == table.videos
    order = np.argsort(table.video, kind="stable")
    for name in ("start", "stop", "confidence"):
        one, two = getattr(table, name), getattr(other, name)
        assert (one is None and two is None) or np.array_equal(one[order], two)
    names = [[x.labels[k] for k in x.label.tolist()] for x in (table, other)]
    assert [names[0][k] for k in order.tolist()] == names[1]
    if role == "truth":
        assert np.array_equal(table.duration, other.duration, equal_nan=True)
        assert table.subset == other.subset


def check_ends(table: Any, data: bytes, path: Path) -> None:
    """Hold what every table of segments has."""
    assert np.isfinite(table.start).all()
    assert np.isfinite(table.stop).all()
    assert (table.start <= table.stop).all()
    assert table.confidence is None or np.isfinite(table.confidence).all()
    assert not (table.duration < 0).any()
    assert all(isinstance(name, str) and name for name in (*table.videos, *table.labels))
    assert len(table.row) == len(table) == len(table.video) == len(table.label)
    for index in range(len(table)):
        table.where(index)


def check_cells(table: Any, lines: list[str]) -> None:
    """Hold a table against the cells of its file, where names of columns are plain."""
    mark = max(",\t;", key=lines[0].count)
    names = [name.strip().lower() for name in lines[0].split(mark)]
    starts, stops = (
        [name for name in names if name in known]
        for known in (("start", "t-start"), ("stop", "t-end"))
    )
    if len(starts) != 1 or len(stops) != 1:
        return
    rows = [line.split(mark) for line in lines[1:]]
    places = names.index(starts[0]), names.index(stops[0])
    rows = [row for row in rows if row[places[0]].strip()]
    assert [exact(row[places[0]]) for row in rows] == table.start.tolist()
    assert [exact(row[places[1]]) for row in rows] == table.stop.tolist()


def check_residues(table: Any, data: bytes, path: Path) -> None:
    counted = table.counted
    for name in ("phi", "psi", "omega"):
        angle = getattr(table, name)
        assert not np.isinf(angle).any()
        known = angle[~np.isnan(angle)]
        assert ((known >= -180) & (known < 180)).all()
    assert not np.isnan(table.phi + table.psi)[counted].any()
    assert np.isfinite(table.weight).all()
    assert (table.weight >= 0).all()
    assert len(table.left_out) == len(table)
    assert table.phi.size
    if path.suffix == ".csv" and b'"' not in data:
        lines = [x for x in re.split(rb"\r\n|\r|\n", data) if x.strip(b" \t,;\x00\xef\xbb\xbf\f\v")]
        assert len(lines) - 2 <= len(table) <= len(lines) - 1
        frame = table.to_frame().drop(columns=["file", "left_out", "category"])
        again = read_angles(frame.rename(columns={"icode": "x"}), unit="degrees")
        assert np.array_equal(again.phi, table.phi, equal_nan=True)
        assert np.array_equal(again.psi, table.psi, equal_nan=True)


def check_regions(regions: Any, data: bytes, path: Path) -> None:
    for polygons in regions.regions.values():
        area = polygons.area()
        assert np.isfinite(area).all()
        assert (0 <= area).all()
        assert (area <= 360.0 * 360.0 * (1 + 1e-9)).all()
    copy = path.with_name("again.geojson")
    copy.write_text(json.dumps(regions_to_geojson(regions.regions)))
    again = read_regions(copy)
    assert set(again.regions) == set(regions.regions)
    for key, polygons in regions.regions.items():
        assert np.allclose(again.regions[key].area(), polygons.area(), rtol=1e-9, atol=1e-9)


def check_polygons(polygons: Any, data: bytes, path: Path) -> None:
    assert np.isfinite(polygons.area()).all()
    again = Polygons.from_geojson(polygons.to_geojson())
    extent = max(np.abs(polygons.x).max(initial=0.0), np.abs(polygons.y).max(initial=0.0))
    assert np.allclose(again.area(), polygons.area(), rtol=0.0, atol=1e-15 * extent**2)


def check_grids(library: Any, data: bytes, path: Path) -> None:
    (grid,) = library.grids.values()
    assert np.isfinite(grid.values).all()
    if grid.quantity == "rank":
        assert ((grid.values >= 0) & (grid.values <= 1)).all()
    lines = [x for x in data.decode().splitlines() if x.partition("#")[0].strip()]
    assert np.count_nonzero(grid.values) <= len(lines)
    numbers = sorted(exact(x) for line in lines for x in line.partition("#")[0].split())
    assert np.isin(grid.values[grid.values != 0], numbers).all()


def check_labels(labels: Any, data: bytes, path: Path) -> None:
    assert labels.names
    assert len(set(labels.names)) == len(labels.names) == len(labels.members)
    for group in labels.members:
        assert group
        assert all(type(number) is int and number != 0 for number in group)
    content: dict[str, Any] = {name: list(group) for name, group in labels.groups().items()}
    if labels.ignore is not None:
        content["ignore"] = labels.ignore
    copy = path.with_name("again.json")
    copy.write_text(json.dumps({"labels": content}))
    again = read_labels(copy)
    assert (again.names, again.ignore) == (labels.names, labels.ignore)


def check_strata(frame: Any, data: bytes, path: Path) -> None:
    assert list(frame.index) == ["a", "b", "c"]
    assert all(isinstance(x, str) and x for x in frame.to_numpy().ravel())
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(["case", *frame.columns])
    writer.writerows([case, *row] for case, row in zip(frame.index, frame.to_numpy(), strict=True))
    copy = path.with_name("again.csv")
    copy.write_bytes(stream.getvalue().encode("utf-8", "surrogatepass"))
    assert read_strata(copy, "abc").equals(frame)


def check_detections(table: Any, data: bytes, path: Path) -> None:
    """Hold regions of images against the words of their lines."""
    assert len(table.item) == len(table.label) == len(table.regions) == len(table.row)
    assert set(table.item.tolist()) <= set(range(len(table.items)))
    assert set(table.label.tolist()) <= {-1, *range(len(table.labels))}
    assert np.isfinite(table.regions.measure()).all()
    assert table.confidence is None or np.isfinite(table.confidence).all()
    for name, values in {**table.flags, **table.sizes}.items():
        assert values.shape == table.item.shape, name
    if path.suffix != ".txt" or not len(table):
        return
    lines = [x.split() for x in data.decode("utf-8-sig").split("\n") if x.split()]
    lines = [x for x in lines if not x[0].lower().startswith(("imagesource", "gsd"))]
    assert len(table) == len(lines)
    if table.confidence is not None:
        columns = [[exact(line[place]) for line in lines] for place in (1, -1)]
        assert table.confidence.tolist() in columns


def check_masks(masks: Any, data: bytes, path: Path) -> None:
    again = Masks.from_rle(masks.to_rle())
    assert np.array_equal(again.to_array(), masks.to_array())


def check_compared(comparison: Any, data: bytes, path: Path) -> None:
    json.loads(comparison.to_json())


def check_explained(steps: Any, data: bytes, path: Path) -> None:
    assert steps.step_rows


def check_possession(report: Any, data: bytes, path: Path) -> None:
    json.loads(report.to_json(), parse_constant=lambda text: 1 / 0)


def check_moments(table: Any, data: bytes, path: Path) -> None:
    """Windows are finite and in order, and every one belongs to a query."""
    assert np.isfinite(table.start).all()
    assert np.isfinite(table.stop).all()
    assert (table.start <= table.stop).all()
    assert len(set(table.queries)) == len(table.queries) == len(table.duration)
    assert ((table.query >= 0) & (table.query < max(len(table.queries), 1))).all()


def check_nothing(result: Any, data: bytes, path: Path) -> None:
    pass


# ------------------------------------------------------------------------------ readers


@dataclass(frozen=True)
class Reader:
    """What reads an input, how damaged inputs are drawn, and what must hold of the result.

    Attributes
    ----------
    name : str
    suffix : str
        Of the file.
    examples : callable
        Parsed JSON or bytes, whole ones.
    read : callable
        ``read(path)``; of objects in memory, ``read(object)``.
    check : callable
        ``check(result, data, path)``.
    damage : callable, optional
        ``damage(rng, example)`` for objects in memory.
    """

    name: str
    suffix: str
    examples: Callable[[], Sequence[Any]]
    read: Callable[[Any], Any]
    check: Callable[[Any, bytes, Path], None]
    damage: Callable[[random.Random, Any], Any] | None = None

    def draw(self, rng: random.Random) -> Any:
        """Return a damaged input: bytes of a file, or an object."""
        example = rng.choice(self.examples())
        if self.damage is not None:
            return self.damage(rng, example)
        if isinstance(example, bytes):
            return damage_text(rng, example)
        if rng.random() < 0.6:
            return written(damage_json(rng, example))
        return damage_text(rng, json.dumps(example, indent=rng.choice((None, 1))).encode())


def as_truth(path: Path) -> Any:
    table = as_segments(path, role="truth")
    inspect(str(path))
    return table


def in_folder(read: Callable[[str], Any], name: str, **beside: bytes) -> Callable[[Path], Any]:
    """Read a folder with one file; messages name the file itself."""

    def of_folder(path: Path) -> Any:
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            copy = Path(folder) / "labels" / name
            copy.parent.mkdir()
            copy.write_bytes(path.read_bytes())
            for other, content in beside.items():
                (Path(folder) / other.replace("_", ".")).write_bytes(content)
            try:
                return read(str(copy.parent))
            except (ValueError, OSError) as error:
                text = str(error).replace(str(copy), str(path)).replace(folder, str(path))
                raise type(error)(text) from None

    return of_folder


def yolo_data(path: Path) -> Any:
    labels = path.parent / "labels"
    labels.mkdir(exist_ok=True)
    (labels / "a.txt").write_bytes(YOLO_LINES)
    return read_yolo(str(path), "100x50")


def as_unranked(path: Any) -> Any:
    table = as_segments(path, role="found", ranked=False)
    inspect(str(path))
    return table


def npz_of(columns: dict[str, Any]) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **columns)
    return stream.getvalue()


def as_found(path: Path) -> Any:
    return as_segments(path, role="found")


def from_labels_text(path: Path) -> Any:
    """Names as on the command line, which has no NUL and no bytes."""
    return parse_labels(path.read_bytes().decode("utf-8", "surrogateescape"))


def against_itself(name: str) -> Callable[[Path], Any]:
    def read(path: Path) -> Any:
        if name == "explain":
            whole = path.with_name("temporal_whole.json")
            return explain(*load_reports([path, whole]))
        whole = path.with_name(f"{name}_whole.json")
        return compare(*load_compared([path, whole]), resamples=50)

    return read


def words(*command: str) -> Callable[[Path], Any]:
    """Run a command on a file; an exit code for errors of the program is one."""

    def read(path: Path) -> Any:
        said, errors = io.StringIO(), io.StringIO()
        filled = [word.format(path=path, folder=path.parent) for word in command]
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(errors):
            code = cli.main(filled)
        text = errors.getvalue()
        assert code in (0, 1, 2), text
        assert "Traceback" not in text
        assert "\x1b" not in text + said.getvalue()
        assert all(line.startswith("overlap: ") for line in text.splitlines()), text
        if code == 2:
            assert text.count("\n") == 1 or command[0] == "check", text
            raise ValueError(text.removeprefix("overlap: error: ").strip())
        return said.getvalue()

    return read


def possessed(tables: dict[str, Any]) -> Any:
    return possession(**tables, fps=25.0, iou=0.5)


def csv_of(table: dict[str, Any], mark: str = ",") -> bytes:
    return pd.DataFrame(table).to_csv(index=False, sep=mark).encode()


def damage_one_table(rng: random.Random, tables: dict[str, Any]) -> dict[str, Any]:
    name = rng.choice(list(tables))
    return {**tables, name: damage_frame(rng, tables[name])}


def damage_payload(rng: random.Random, payload: Any) -> Any:
    """Parsed JSON, as a user has it in memory."""
    damaged = damage_json(rng, payload)
    return damaged if isinstance(damaged, dict) else {"database": damaged}


def table_of(data: bytes, mark: str = ",") -> dict[str, list[Any]]:
    frame = pd.read_csv(io.BytesIO(data), sep=mark)
    return {name: frame[name].tolist() for name in frame}


def _of(*examples: Any) -> Callable[[], Sequence[Any]]:
    return lambda: examples


READERS = [
    Reader("truth.json", ".json", _of(TRUTH, TRUTH["database"]), as_truth, check_segments),
    Reader("found.json", ".json", _of(FOUND), as_found, check_segments),
    Reader("truth.csv", ".csv", _of(TRUTH_CSV, TRUTH_CSV.replace(b",", b"\t"), TIMED_CSV), as_truth, check_segments),
    Reader("found.csv", ".csv", _of(FOUND_CSV), as_found, check_segments),
    Reader("ambiguous.csv", ".csv", _of(b"video,start,stop\nv1,0,3\nv2,1,2\n"),
           lambda path: as_segments(path, role="ambiguous"), check_nothing),
    Reader("lines of events", ".txt", _of(EVENTS, EVENTS.replace(b"\t", b" "), LONE_EVENTS), as_unranked, check_ends),
    Reader("lines of THUMOS", ".txt", _of(THUMOS_LINES), as_unranked, check_ends),
    Reader("folder of events", ".txt", _of(LONE_EVENTS), in_folder(as_unranked, "a.txt", b_ann=b""), check_ends),
    Reader("lines of JSON", ".jsonl", _of(JSON_LINES), as_unranked, check_ends),
    Reader("records of segments", ".json", _of(RECORDS), as_unranked, check_ends),
    Reader("columns of segments", ".json", _of(COLUMNS), as_unranked, check_ends),
    Reader("arrays of segments", ".npz", lambda: [npz_of(COLUMNS)], as_unranked, check_ends),
    Reader("list of videos", ".json", _of(["v1", "v2"]), lambda path: as_names(path, "videos"), check_nothing),
    Reader("lines of videos", ".txt", _of(b"v1\nv2\n"), lambda path: as_names(path, "videos"), check_nothing),
    Reader("class list", ".txt", _of(b"0 Run\n1 Jump\n"), lambda path: as_rules(f"classes={path}"), check_nothing),
    Reader("frame rates", ".csv", _of(b"video,fps\nv1,25\nv2,29.97\n"), as_frame_rates, check_nothing),
    Reader("map of labels", ".json", _of({"Run": "Walk", "1": "Jump"}),
           lambda path: as_rules(f"map={path}"), check_nothing),
    Reader("truth in memory", "", _of(TRUTH), lambda x: as_segments(x, role="truth"), check_nothing, damage_payload),
    Reader("found in memory", "", _of(FOUND), lambda x: as_segments(x, role="found"), check_nothing, damage_payload),
    Reader("frame of segments", "", _of(pd.DataFrame(table_of(FOUND_CSV, ";"))), lambda x: as_segments(x, role="found"), check_nothing, damage_frame),
    Reader("QVHighlights' truth", ".jsonl", _of(QVH_TRUTH), lambda path: as_moments(path, role="truth"), check_moments),
    Reader("QVHighlights' predictions", ".jsonl", _of(QVH_FOUND), lambda path: as_moments(path, role="found"), check_moments),
    Reader("Charades-STA", ".txt", _of(CHARADES), lambda path: as_moments(path, role="truth"), check_moments),
    Reader("Ego4D's queries", ".json", _of(NLQ), lambda path: as_moments(path, role="truth"), check_moments),
    Reader("Ego4D's predictions", ".json", _of(NLQ_FOUND), lambda path: as_moments(path, role="found"), check_moments),
    Reader("angles.csv", ".csv", _of(ANGLES_CSV, MDTRAJ, ANGLES_CSV.replace(b",", b";")), read_angles, check_residues),
    Reader("angles in memory", "", _of(table_of(ANGLES_CSV), table_of(MDTRAJ, "\t")), read_angles, check_nothing, damage_frame),
    Reader("structure.pdb", ".pdb", lambda: [structures()[".pdb"]], read_structures, check_residues),
    Reader("structure.cif", ".cif", lambda: [structures()[".cif"]], read_structures, check_residues),
    Reader("regions.geojson", ".geojson", _of(GEOJSON), read_regions, check_regions),
    Reader("polygons.geojson", ".geojson", _of(SHAPE, GEOJSON), Polygons.from_geojson, check_polygons),
    Reader("polygons in memory", "", _of(SHAPE, GEOJSON), Polygons.from_geojson, check_nothing, damage_payload),
    Reader("rama8000-cispro.data", ".data", lambda: [GRID, grid_without_header()],
           lambda path: read_rama_grids(path, category="cispro"), check_grids),
    Reader("labels.json", ".json", _of(DATASET, OLD_DATASET, NAMED), read_labels, check_labels),
    Reader("labels.csv", ".csv", _of(NAMES_CSV), read_labels, check_labels),
    Reader("labels in words", ".txt", _of(b"1=liver,2=tumor,whole=1+2,255=ignore"), from_labels_text, check_labels),
    Reader("strata.csv", ".csv", _of(STRATA), lambda path: read_strata(path, "abc"), check_strata),
    Reader("run lengths", "", _of(run_lengths()),
           lambda x: Masks.from_rle(x), check_masks, lambda rng, rles: [
               {**rle, "counts": damage_text(rng, rle["counts"] if isinstance(rle["counts"], bytes) else rle["counts"].encode())} for rle in rles]),
    Reader("temporal report", ".json", lambda: [reports()["temporal"]], against_itself("temporal"), check_compared),
    Reader("report of all protocols", ".json", lambda: [reports()["all"]], against_itself("all"), check_compared),
    Reader("segmentation report", ".json", lambda: [reports()["segmentation"]], against_itself("segmentation"), check_compared),
    Reader("explained report", ".json", lambda: [reports()["temporal"]], against_itself("explain"), check_explained),
    Reader("VOC's XML", ".xml", _of(VOC_XML), in_folder(read_voc_truth, "a.xml"), check_detections),
    Reader("VOC's results", ".txt", _of(VOC_LINES), in_folder(read_voc_results, "comp4_det_test_dog.txt"), check_detections),
    Reader("DOTA's labels", ".txt", _of(DOTA_LINES), in_folder(read_dota_truth, "P1.txt"), check_detections),
    Reader("DOTA's results", ".txt", _of(DOTA_RESULTS), in_folder(read_dota_results, "Task1_ship.txt"), check_detections),
    Reader("YOLO's labels", ".txt", _of(YOLO_LINES, YOLO_QUADS),
           in_folder(lambda folder: read_yolo(folder, "100x50"), "a.txt", data_yaml=YOLO_DATA), check_detections),
    Reader("YOLO's data file", ".yaml", _of(YOLO_DATA), yolo_data, check_detections),
    Reader("KITTI's labels", ".txt", _of(KITTI_LINES), in_folder(read_kitti, "a.txt"), check_detections),
    Reader("lines of boxes", ".txt", _of(BOX_LINES), in_folder(lambda folder: read_box_lines(folder, "xywh"), "a.txt"), check_detections),
    Reader("boxes.csv", ".csv", _of(BOX_TABLE, BOX_TABLE.replace(b",", b";")), lambda path: read_box_table(str(path)), check_detections),
    Reader("nuScenes' boxes", ".json", _of(NUSCENES), lambda path: read_nuscenes(str(path)), check_detections),
    Reader("possession", "", _of({"players": PLAYERS, "ball": BALL, "truth": SPELLS}), possessed, check_possession, damage_one_table),
    Reader("possession.csv", ".csv", _of(csv_of(BALL), csv_of(BALL, ";")),
           lambda path: possessed({"players": PLAYERS, "ball": path, "truth": SPELLS}), check_possession),
    Reader("spells.csv", ".csv", _of(csv_of(SPELLS)),
           lambda path: possessed({"players": PLAYERS, "ball": BALL, "truth": path}), check_possession),
    Reader("possession report", ".json", lambda: [reports()["possession"]], against_itself("possession"), check_compared),
    Reader("overlap check", ".json", lambda: [TRUTH, FOUND, DATASET, NAMED, SHAPE, *reports().values()], words("check", "{path}"), check_nothing),
    Reader("overlap check csv", ".csv", _of(TRUTH_CSV, FOUND_CSV, ANGLES_CSV, NAMES_CSV, STRATA, csv_of(PLAYERS), csv_of(SPELLS)), words("check", "{path}"), check_nothing),
    Reader("overlap temporal", ".json", _of(TRUTH), words("temporal", "{path}", "{folder}/found.json", "--iou", "0.5"), check_nothing),
    Reader("overlap temporal csv", ".csv", _of(FOUND_CSV), words("temporal", "{folder}/truth.json", "{path}", "--iou", "0.5"), check_nothing),
    Reader("overlap compare", ".json", lambda: [reports()[x] for x in ("temporal", "segmentation", "all")],
           words("compare", "{path}", "{path}", "--resamples", "50"), check_nothing),
    Reader("overlap explain", ".json", lambda: [reports()["temporal"]],
           words("explain", "{path}", "{folder}/temporal_whole.json"), check_nothing),
    Reader("overlap ramachandran", ".geojson", _of(GEOJSON), words("ramachandran", "{path}", "{folder}/whole.geojson", "--tolerance", "none"), check_nothing),
]  # fmt: skip


def prepare(folder: Path) -> None:
    """Write the whole inputs that are read beside a damaged one."""
    write_inputs(folder)
    for name, report in reports().items():
        (folder / f"{name}_whole.json").write_bytes(written(report))


def fault_of(reader: Reader, data: Any, path: Path) -> tuple[str, str]:
    """Read one input; return "read", "refused", or what is wrong with how it was refused.

    Errors have to be a ValueError or an OSError that begins with the name of the file and does not
    come from the last boundary; of objects in memory, also a TypeError.
    """
    source: Any = data
    if reader.damage is None:
        path.write_bytes(data)
        source = path
    kinds: tuple[type[Exception], ...] = (ValueError, OSError)
    if reader.damage is not None:
        kinds += (TypeError,)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            result = reader.read(source)
    except kinds as error:
        text = str(error)
        if "cannot be read (" in text and re.search(
            r"\((\w+Error|\w+Warning|\w+Exception): ", text
        ):
            return "surprise", text
        if "more memory" in text:
            return "memory", text
        if not text or len(text) > 2000:
            return "message", f"{len(text)} characters: {text[:200]}"
        if type(error).__module__ not in ("builtins",) and "overlap" not in type(error).__module__:
            return "foreign", f"{type(error)}: {text}"
        compared = text.startswith(("compare: ", "explain: ")) or "report '" in text
        named = reader.damage is not None or "words" in reader.name or str(path) in text or compared
        if not named:
            return "no name", text
        return "refused", text
    except Exception as error:
        return "raised", f"{type(error).__name__}: {error}"
    if reader.check is not check_nothing:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                reader.check(result, data, path)
        except Exception as error:
            import traceback

            where = traceback.extract_tb(error.__traceback__)[-1]
            return "wrong", f"{type(error).__name__}: {error} (line {where.lineno}: {where.line})"
    return "read", ""


def group_of(name: str, *members: str) -> Target:
    """Readers of one kind as a target of the harness.

    An input is the name of a reader in a line of its own and the content of a file, or the number
    from which an object in memory is drawn.
    """
    readers = {reader.name: reader for reader in READERS if reader.name in members}
    assert len(readers) == len(members)

    def seeds() -> list[bytes]:
        return [
            f"{reader.name}\n".encode() + (b"whole" if reader.damage else _bytes(example))
            for reader in readers.values()
            for example in (reader.examples()[:1] if reader.damage else reader.examples())
        ]

    def draw(rng: np.random.Generator) -> bytes:
        number = int(rng.integers(2**62))
        reader = READERS_OF[members[number % len(members)]]
        head = f"{reader.name}\n".encode()
        if reader.damage is not None:
            return head + b"%d" % number
        return head + reader.draw(random.Random(number))

    def read(path: Path) -> None:
        head, _, content = path.read_bytes().partition(b"\n")
        reader = READERS_OF[head.decode()]
        source: Any = content
        if reader.damage is not None and content == b"whole":
            source = reader.examples()[0]
        elif reader.damage is not None:
            source = reader.draw(random.Random(int(content)))
        kind, text = fault_of(reader, source, path.with_name(f"content{reader.suffix}"))
        if kind == "refused":
            raise ValueError(f"{path}: {text}")
        if kind != "read":
            raise AssertionError(f"{reader.name}: {kind}: {text}")

    return Target(name, "", seeds, read, beside=prepare, draw=draw)


def _bytes(example: Any) -> bytes:
    return example if isinstance(example, bytes) else written(example)


READERS_OF = {reader.name: reader for reader in READERS}
TARGETS = [
    group_of("segments", "truth.json", "found.json", "truth.csv", "found.csv", "ambiguous.csv",
             "truth in memory", "found in memory", "frame of segments"),
    group_of("events", "lines of events", "lines of THUMOS", "folder of events", "lines of JSON",
             "records of segments", "columns of segments", "arrays of segments", "list of videos", "lines of videos", "class list", "frame rates",
             "map of labels"),
    group_of("moments", "QVHighlights' truth", "QVHighlights' predictions", "Charades-STA",
             "Ego4D's queries", "Ego4D's predictions"),
    group_of("angles", "angles.csv", "angles in memory", "rama8000-cispro.data"),
    group_of("structures", "structure.pdb", "structure.cif"),
    group_of("polygons", "regions.geojson", "polygons.geojson", "polygons in memory", "run lengths"),
    group_of("names", "labels.json", "labels.csv", "labels in words", "strata.csv"),
    group_of("detections", "VOC's XML", "VOC's results", "DOTA's labels", "DOTA's results", "YOLO's labels",
             "YOLO's data file", "KITTI's labels", "lines of boxes", "boxes.csv", "nuScenes' boxes"),
    group_of("reports", "temporal report", "report of all protocols", "segmentation report",
             "explained report"),
    group_of("possession", "possession", "possession.csv", "spells.csv", "possession report"),
    group_of("commands", "overlap check", "overlap check csv", "overlap temporal",
             "overlap temporal csv", "overlap compare", "overlap explain", "overlap ramachandran"),
]  # fmt: skip
