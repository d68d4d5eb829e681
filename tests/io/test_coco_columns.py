"""Long files of COCO's form are read as columns: with the same tables and errors as short ones."""

import json
from functools import partial

import numpy as np
import pytest

from overlap.evaluate._detection.inputs import read_inputs
from overlap.io import coco
from overlap.io._json_rows import JsonRows, json_rows
from overlap.regions.masks import run_lengths
from overlap.regions.masks.run_lengths import edges_of_texts, runs_of_rles

pytestmark = pytest.mark.kernels

COUNTS = ["c033000005", "\\14", "63300000b0", "3200Y1", "5110013OM010O01021M10N01002O", "`1"]
TRUTH = {
    "info": {"n": [1, {"x": "}]"}], "text": 'a"\\'},
    "images": [{"id": k, "width": 8, "height": 6, "file_name": f"{k}.jpg"} for k in (7, 3, 5)],
    "categories": [{"id": 2, "name": "a"}, {"id": 900, "name": "b"}],
    "annotations": [
        {"id": k + 1, "image_id": (7, 3)[k % 2], "category_id": (2, 900)[k % 2], "iscrowd": k // 5,
         "bbox": [0.5 * k, 1, 3.25, 2], "area": 4.0 + k,
         "segmentation": {"size": [6, 8], "counts": text}}
        for k, text in enumerate(COUNTS)
    ],
}  # fmt: skip
FOUND = [
    {"image_id": one["image_id"], "category_id": one["category_id"], "score": (0.1 + k) / 7,
     "segmentation": one["segmentation"]} for k, one in enumerate(TRUTH["annotations"])
]  # fmt: skip


def outcome(tmp_path, monkeypatch, texts, kind, piece):
    """Return what is read: as short files without a `piece`, else as long ones in such pieces."""
    monkeypatch.setattr(coco, "_LONG", 0 if piece else 1 << 60)
    monkeypatch.setattr(coco, "json_rows", partial(json_rows, piece=piece))
    paths = [tmp_path / name for name in ("truth.json", "found.json")]
    for path, text in zip(paths, texts, strict=True):
        path.write_bytes(text)
    try:
        return read_inputs(*map(str, paths), kind=kind)
    except (ValueError, TypeError) as error:
        return type(error), str(error)


def encoded(content, **how):
    return json.dumps(content, **how).encode()


def changed(part, row, **changes):
    """Return texts of both files, with one row changed; None leaves a key out."""
    truth, found = json.loads(json.dumps([TRUTH, FOUND]))
    rows = truth["annotations"] if part == "truth" else found
    rows[row].update(changes)
    rows[row] = {name: value for name, value in rows[row].items() if value is not None}
    return [encoded(truth), encoded(found)]


def both(a=b"", b=b"", where=0):
    """Return texts of both files, with a piece of one of them replaced."""
    texts = [encoded(TRUTH), encoded(FOUND)]
    assert a in texts[where]
    texts[where] = texts[where].replace(a, b, 1)
    return texts


RLE = {"size": [6, 8], "counts": [3, 5, 40]}
POLYGON = [[1.0, 1.0, 5.0, 1.0, 5.0, 4.5]]
CASES = {
    "as written": both(),
    "indented": [encoded(TRUTH, indent=1), encoded(FOUND, indent=1)],
    "other order": [encoded(TRUTH, sort_keys=True), encoded(FOUND, sort_keys=True)],
    "blanks around": [b"  " + encoded(TRUTH), encoded(FOUND) + b" \n\t\r"],
    "byte order mark": [b"\xef\xbb\xbf" + encoded(TRUTH), b"\xef\xbb\xbf" + encoded(FOUND)],
    "UTF-16": [json.dumps(TRUTH).encode("utf-16"), json.dumps(FOUND).encode("utf-16")],
    "no annotations": [encoded({**TRUTH, "annotations": []}), encoded(FOUND)],
    "annotations are a mapping": [encoded({**TRUTH, "annotations": {"id": 1}}), encoded(FOUND)],
    "images are no list": [encoded({**TRUTH, "images": {}}), encoded(FOUND)],
    "no categories": [encoded({k: v for k, v in TRUTH.items() if k != "categories"}), b"[]"],
    "no results": [encoded(TRUTH), b"[]"],
    "exchanged": [encoded(FOUND), encoded(TRUTH)],
    "truth twice": [encoded(TRUTH), encoded(TRUTH)],
    "results in another list": [encoded(TRUTH), b"[" + encoded(FOUND) + b"]"],
    "annotations there twice": both(b'"images"', b'"annotations": [], "images"'),
    "results of nuScenes": both(b'"images"', b'"results": {}, "images"'),
    "garbage behind": both(b'"counts": "`1"}}]', b'"counts": "`1"}}]\x0b', 1),
    "more text behind": [encoded(TRUTH) + b"{}", encoded(FOUND)],
    "umlaut": both(b"7.jpg", "ä.jpg".encode()),
    "name of a class": both(b'"a"', '"ä\\u00e4"'.encode()),
    "lone surrogate": both(b'"a"', b'"\\ud800"'),
    "surrogate in UTF-8": both(b'"a"', b'"\xed\xa0\x80"'),
    "not UTF-8": both(b'"a"', b'"\xe4"'),
    "not UTF-8 in results": both(b'"score"', b'"\xe4": 1, "score"', 1),
    "bad escape": both(b'"a"', b'"\\u00g4"'),
    "key with an escape": both(b'"score"', b'"\\u0073core"', 1),
    "score twice": both(b'"score"', b'"score": 5, "score"', 1),
    "unknown key twice": both(b'"score"', b'"x": 5, "x": 6, "score"', 1),
    "score twice alike": both(b'"score": 0.0', b'"score": 0.0, "score": 0.0', 1),
    "box twice": both(b'"bbox"', b'"bbox": [0, 0, 1, 1], "bbox"'),
    "inside an unknown key twice": both(b'"score"', b'"x": {"y": 5, "y": 6}, "score"', 1),
    "image twice": both(b'"width"', b'"width": 5, "width"'),
    "info twice": both(b'"info"', b'"info": 5, "info"'),
    "annotations are other ones": both(b'"images"', b'"annotations": [{}], "images"'),
    "unknown values": both(b'"score"', b'"x": [{"score": [], "y": null}, true, -1e-5], "score"', 1),
    "deep": both(b'"score"', b'"x": ' + 70 * b"[" + 70 * b"]" + b', "score"', 1),
    "too deep": both(b'"score"', b'"x": ' + 9000 * b"[" + 9000 * b"]" + b', "score"', 1),
    "thousands of digits": both(b'"score"', b'"x": ' + 5000 * b"1" + b', "score"', 1),
    "counts there twice": both(b'"counts"', b'"counts": [], "counts"'),
    "size there twice": both(b'"counts"', b'"size": [6, 8], "counts"', 1),
    "counts with an escape": both(b'"c03', b'"\\u00630\\u0033'),
    "backslash alone": both(b'"\\\\14"', b'"\\/14"'),
    "truncated": [encoded(TRUTH)[:-4], encoded(FOUND)],
    "truncated results": [encoded(TRUTH), encoded(FOUND)[:-30]],
    "class 2.0": changed("found", 1, category_id=2.0),
    "class 2e0": both(b'"category_id": 2,', b'"category_id": 2e0,', 1),
    "id 0": changed("truth", 1, id=0),
    "id -0": both(b'"id": 1,', b'"id": -0,'),
    "id missing": changed("truth", 1, id=None),
    "id twice": changed("truth", 1, id=1),
    "id is a text": changed("truth", 1, id="x"),
    "id is a list": changed("truth", 1, id=[1]),
    "17 digits": changed("truth", 1, id=12345678901234567),
    "30 digits": changed("truth", 1, id=10**29),
    "crowd missing": changed("truth", 1, iscrowd=None),
    "crowd true": changed("truth", 1, iscrowd=True),
    "crowd 1.0": changed("truth", 1, iscrowd=1.0),
    "crowd 2": changed("truth", 1, iscrowd=2),
    "crowd -1": changed("truth", 1, iscrowd=-1),
    "ignored": changed("truth", 1, ignore=1),
    "ignored 3": changed("truth", 1, ignore=3),
    "keypoints": changed("truth", 1, keypoints=[1, 2, 2]),
    "area missing": changed("truth", 1, area=None),
    "area NaN": changed("truth", 1, area=float("nan")),
    "area infinite": both(b'"area": 5.0', b'"area": 1e999'),
    "area of 25 digits": both(b'"area": 5.0', b'"area": 0.1234567890123456789012345'),
    "area is a text": changed("truth", 1, area="5"),
    "bbox missing": changed("truth", 1, bbox=None),
    "bbox of three": changed("truth", 1, bbox=[1, 2, 3]),
    "bbox negative": changed("truth", 1, bbox=[1, 2, 3, -1]),
    "bbox empty": changed("truth", 1, bbox=[1, 2, 0, 1]),
    "bbox of results": changed("found", 0, bbox=[1, 2, 3, 1]),
    "bbox of results null": both(b'"score"', b'"bbox": null, "score"', 1),
    "bbox of results empty": changed("found", 0, bbox=[]),
    "image unknown": changed("found", 1, image_id=99),
    "image is a text": changed("found", 1, image_id="7"),
    "image missing": changed("truth", 1, image_id=None),
    "class unknown": changed("truth", 1, category_id=5),
    "class of results unknown": changed("found", 1, category_id=0),
    "score missing": changed("found", 1, score=None),
    "score is a text": changed("found", 1, score="1"),
    "score 0.00e1": both(b'"score": 0.0', b'"score": 0.00e1', 1),
    "segmentation missing": changed("found", 1, segmentation=None),
    "first segmentation missing": changed("found", 0, segmentation=None),
    "segmentation null": both(b'"segmentation": {', b'"x": {', 1),
    "segmentation empty": changed("truth", 1, segmentation=[]),
    "segmentation is a text": changed("truth", 1, segmentation="c033000005"),
    "list of counts": changed("truth", 1, segmentation=RLE),
    "counts of a wrong sum": changed("truth", 1, segmentation={**RLE, "counts": [3, 5]}),
    "counts null": changed("found", 1, segmentation={"size": [6, 8], "counts": None}),
    "counts that touch": changed("found", 1, segmentation={"size": [6, 8], "counts": "3200Y1"}),
    "counts missing": both(b'"counts"', b'"count"', 1),
    "counts damaged": changed("found", 1, segmentation={"size": [6, 8], "counts": "5110 013O"}),
    "counts cut": changed(
        "found", 1, segmentation={"size": [6, 8], "counts": "5110013OM010O01021M10N0100"}
    ),
    "counts with a quote": changed("found", 1, segmentation={"size": [6, 8], "counts": '7"7O0'}),
    "counts empty": changed("found", 1, segmentation={"size": [6, 8], "counts": ""}),
    "polygon": changed("truth", 1, segmentation=POLYGON),
    "polygon of two points": changed("truth", 1, segmentation=[[1, 1, 5, 1]]),
    "backslash twice": both(b'"\\\\14"', b'"\\\\\\\\14"'),
    "size exchanged": changed("truth", 0, segmentation={"size": [8, 6], "counts": "c033000005"}),
    "size other": changed("found", 0, segmentation={"size": [6, 9], "counts": "c033000005"}),
    "size of floats": both(b"[6, 8]", b"[6.0, 8e0]"),
    "size 6.5": both(b"[6, 8]", b"[6.5, 8]"),
    "size of texts": both(b"[6, 8]", b'["6", "8"]'),
    "size of three": both(b"[6, 8]", b"[6, 8, 1]", 1),
    "size of 0": both(b"[6, 8]", b"[0, 8]", 1),
    "size infinite": both(b"[6, 8]", b"[1e999, 8]", 1),
    "size huge": both(b"[6, 8]", b"[6e99, 8]", 1),
    "row is a number": both(b'{"image_id"', b'5, {"image_id"', 1),
}


@pytest.mark.parametrize("name", CASES)
def test_columns_are_read_as_rows(tmp_path, monkeypatch, name):
    for kind in ("masks", "boxes", None):
        results = [outcome(tmp_path, monkeypatch, CASES[name], kind, k) for k in (0, 1 << 20, 20)]
        assert results[0] == results[1] == results[2]


def test_long_files_are_read_as_columns(tmp_path, monkeypatch):
    monkeypatch.setattr(coco, "_LONG", 0)
    for content in (TRUTH, FOUND):
        (tmp_path / "a.json").write_text(json.dumps(content))
        source = coco.read_source(tmp_path / "a.json")
        read = coco.coco_rows(source).content
        assert isinstance(read if content is FOUND else read["annotations"], JsonRows)
        (tmp_path / "a.jsonl").write_text(json.dumps(content))
        assert coco.coco_rows(coco.read_source(tmp_path / "a.jsonl")) is None


@pytest.mark.parametrize("seed", [0, pytest.param(range(1, 7), marks=pytest.mark.slow)])
def test_damaged_files_have_the_same_outcome(tmp_path, monkeypatch, seed):
    seeds = [seed] if isinstance(seed, int) else seed
    pieces = [
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b":",
        b'"',
        b"0",
        b"-",
        b"e",
        b".",
        b" ",
        b"\\",
        b"null",
    ]
    names = [b'"size"', b'"counts"', b'"iscrowd"', b'"bbox"', b'"score"', b'"id"', b"\xff", b"1e5"]
    seen = 0
    for one in seeds:
        rng = np.random.default_rng(one)
        for _ in range(150):
            texts = [encoded(TRUTH), encoded(FOUND)]
            k = int(rng.integers(2))
            for _ in range(int(rng.integers(1, 3))):
                at = int(rng.integers(len(texts[k])))
                piece = [*pieces, *names][rng.integers(len(pieces) + len(names))]
                cut = at + int(rng.integers(0, 2) * len(piece))
                texts[k] = texts[k][:at] + piece * int(rng.integers(0, 2)) + texts[k][cut:]
            kind = ("masks", "boxes")[rng.integers(2)]
            piece = int(rng.integers(1, 200))
            results = [outcome(tmp_path, monkeypatch, texts, kind, k) for k in (0, piece)]
            assert results[0] == results[1], texts
            seen += isinstance(results[0], dict)
    assert seen > 5 * len(seeds)


def test_masks_are_decoded_alike_on_any_number_of_threads(monkeypatch):
    rng = np.random.default_rng(5)
    texts = [COUNTS[k].replace("\\", "\\\\") for k in rng.integers(0, len(COUNTS), 200)]
    sizes = np.array([*map(len, texts)])
    text, ends = "".join(texts).encode(), np.cumsum(sizes)
    monkeypatch.setattr(run_lengths, "_COST", 1e6)
    results = []
    for threads in ("1", "3"):
        monkeypatch.setenv("OVERLAP_THREADS", threads)
        results.append(edges_of_texts(text, ends - sizes, ends, np.full(200, 48)))
        damaged = bytearray(text)
        damaged[ends[70] - 1] = damaged[ends[150] - 1] = 33
        with pytest.raises(ValueError, match="counts of mask 70 are damaged"):
            edges_of_texts(bytes(damaged), ends - sizes, ends, np.full(200, 48))
    (edges, counts), (others, also) = results
    np.testing.assert_array_equal(edges[:-2], others[:-2], strict=True)
    np.testing.assert_array_equal(counts, also, strict=True)
    pointer, begin, end, _ = runs_of_rles(
        [{"size": [6, 8], "counts": one.replace("\\\\", "\\")} for one in texts]
    )
    np.testing.assert_array_equal(edges[:-2].reshape(-1, 2), np.stack([begin, end], axis=1))
    np.testing.assert_array_equal(counts, np.diff(pointer))
