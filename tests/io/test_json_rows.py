"""Long JSON lists as columns: as every parser reads them, or not at all."""

import json

import numpy as np
import pytest

from overlap.evaluate import detection
from overlap.io import _json_rows, coco
from overlap.io._json_rows import JsonRows, json_rows

pytestmark = pytest.mark.kernels
FIELDS = {"k": "whole", "x": "number", "four": "four", "place": "place"}


def test_numbers_are_those_of_python_to_the_last_bit():
    rng = np.random.default_rng(0)
    values = np.concatenate(
        [rng.random(3000), rng.random(3000) * 10.0 ** rng.integers(-30, 30, 3000)]
    )
    texts = [repr(x) for x in values.tolist()] + [repr(float(np.float32(x))) for x in values[:3000]]
    digits = rng.integers(0, 10, (3000, 19)).astype(str)
    texts += [f"{int(''.join(row))}e-{k % 25}" for k, row in enumerate(digits)]
    texts += [f"0.{''.join(row)}" for row in digits]
    texts += ["-0.0", "0", "-0", "1e5", "1E+5", "0.1e-3", "9007199254740993", "1e-400", "4.9e-324"]
    text = "[" + ",".join(f'{{"x":{one}}}' for one in texts) + "]"
    rows = json_rows(text.encode(), 0, FIELDS)
    expected = np.array([float(one) for one in texts])
    np.testing.assert_array_equal(rows.columns["x"].view(np.int64), expected.view(np.int64))


def test_other_keys_are_passed_over_and_places_told():
    row = {"a": [1, {"k": 5, "b": [True, None, False, 'x\\"y']}], "k": -7, "four": [1, 2.5, -3, 4]}
    text = json.dumps([row, {"place": {"size": [1, 2]}, "k": 3}, {}, {"place": "t"}], indent=1)
    rows = json_rows(text.encode(), 0, FIELDS)
    assert (len(rows), rows.end) == (4, len(text))
    assert rows.has["k"].tolist() == [True, True, False, False]
    assert rows.columns["k"][:2].tolist() == [-7, 3]
    assert rows.columns["four"][0].tolist() == [1, 2.5, -3, 4]
    places = [text[a:b] for a, b in rows.columns["place"][[1, 3]].tolist()]
    assert [json.loads(one) for one in places] == [{"size": [1, 2]}, "t"]


UNUSUAL = """
[{"x":01}] [{"x":1.}] [{"x":.1}] [{"x":-}] [{"x":1e}] [{"x":+1}] [{"x":NaN}] [{"x":1,}]
[{"x":1},] [{"x":1}{"x":1}] [{"x":"1"}] [{"x":1,"x":2}] [{"x":true}] [{"four":[1,2,3]}]
[{"four":[1,2,3,4,5]}] [{"four":[1,2,[3],4]}] [{"four":[]}] [{"four":5}] [{"four":{}}]
[{"four":null}] [{"four":[1,2,3,"4"]}] [1] [[{}]] [null] ["a"] [{"a":tru}] [{"a":nulll}]
[{"k":1.0}] [{"k":1234567890123456789}] [{"a":[}] [{"a":{]}] [{ [{"a" [{"a":1 [ [{,}]
[{"a":1"b":2}] [,] [{}} [{"a":"\x01"}] [{"a":"b\\q"}] [{"\\u0061":1}] [{"a":"\\u00g1"}] {"a":1,}
[{a:1}] [{"a"1}] [{"a":1:2}] [{"a"}] [{"place":}]
"""


@pytest.mark.parametrize("text", UNUSUAL.split())
def test_whatever_is_unusual_is_left_to_the_parser(text):
    assert json_rows(text.encode(), 0, FIELDS) is None
    assert len(json_rows(b"[]", 0, FIELDS)) == 0


@pytest.mark.parametrize("threads", ["1", "3"])
def test_pieces_begin_at_objects_of_the_list_alone(monkeypatch, threads):
    monkeypatch.setenv("OVERLAP_THREADS", threads)
    monkeypatch.setattr(_json_rows, "_COST", 1e6)
    inside = [{"k": 1, "x": 0.1}, {"k": 2, "x": "},{"}, {"k": 3}]
    rows = [
        {"k": k, "x": k / 7, "four": [k, 0.1 * k, 0, -k], "place": (inside, '"},{', "ä")[k % 3]}
        for k in range(40)
    ]
    for how in ({}, {"indent": 1}, {"separators": (",", ":")}, {"ensure_ascii": False}):
        text = json.dumps(rows, **how).encode()
        behind = b', {"more": [' + text + b"]}"
        for piece in (1, 7, 50, 333, 1 << 20):
            read = json_rows(text + behind, 0, FIELDS, piece=piece)
            assert (len(read), read.end) == (40, len(text))
            assert read.columns["k"].tolist() == list(range(40))
            assert read.columns["x"].tolist() == [row["x"] for row in rows]
            assert read.columns["four"].tolist() == [row["four"] for row in rows]
            values = [json.loads(text[a:b]) for a, b in read.columns["place"].tolist()]
            assert values == [row["place"] for row in rows]
            for wrong in (text.replace(b'"k"', b"k", 1), text[: text.rindex(b"}")] + b"]"):
                assert json_rows(wrong, 0, FIELDS, piece=piece) is None


def test_text_is_utf_8():
    text = b'[{"\xc3\xa4":"\xc3\xa4\\u00e4\\ud800","k":1}]'
    assert json_rows(text, 0, FIELDS).columns["k"].tolist() == [1]
    assert json_rows(text.replace(b"\xa4", b"\xe4"), 0, FIELDS) is None


def test_objects_inside_and_names_that_begin_alike():
    rows = [{"si": 5, "k": 1, "in": {"size": [6, 8], "k": "b"}, "size": 3}, {"in": [{}], "si": 20}]
    rows += [{"in": {}}, {"s": 2, "in": {"b": [{"k": 1}], "k": {"k": 2}, "s": 1}}]
    text = json.dumps(rows).encode()
    fields = {"si": "whole", "in": {"size": "pair", "k": "place"}, "size": "whole"}
    read = json_rows(text, 0, fields)
    assert {name: has.tolist() for name, has in read.has.items()} == {
        "si": [True, True, False, False], "in": [True] * 4, "size": [True, False, False, False],
        "in.size": [True, False, False, False], "in.k": [True, False, False, True],
    }  # fmt: skip
    assert (read.columns["si"][:2].tolist(), read.columns["size"][0]) == ([5, 20], 3)
    assert read.columns["in.size"][0].tolist() == [6, 8]
    places = [text[a:b] for a, b in read.columns["in"].tolist()]
    assert [json.loads(one) for one in places] == [row["in"] for row in rows]
    assert [text[a:b] for a, b in read.columns["in.k"][[0, 3]].tolist()] == [b'"b"', b'{"k": 2}']
    assert json_rows(text, 0, {"size": "whole", "in": {"size": "whole"}}) is None


TRUTH = {
    "images": [{"id": 7, "width": 99, "height": 99}, {"id": 3, "width": 99, "height": 99}],
    "categories": [{"id": 2, "name": "a"}, {"id": 900, "name": "b"}],
    "annotations": [
        {"id": k + 1, "image_id": (7, 3)[k % 2], "category_id": (2, 900)[k % 2],
         "bbox": [k, k, 9, 9], "area": 81, "iscrowd": 0} for k in range(6)
    ],
}  # fmt: skip


def results(**changes):
    rows = [
        {"image_id": one["image_id"], "category_id": one["category_id"], "score": 0.1 + k / 7,
         "bbox": [x + 0.3 for x in one["bbox"]]} for k, one in enumerate(TRUTH["annotations"])
    ]  # fmt: skip
    rows[4] |= changes
    return rows


def read(tmp_path, monkeypatch, rows, long):
    monkeypatch.setattr(coco, "_LONG", 0 if long else 1 << 60)
    for name, content in (("truth", TRUTH), ("found", rows)):
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    return detection(truth=tmp_path / "truth.json", found=tmp_path / "found.json")


@pytest.mark.parametrize("changes", [{}, {"category_id": 5}, {"bbox": [0, 0, 0, 1]}, {"more": [1]}])
def test_long_results_are_read_as_short_ones(tmp_path, monkeypatch, changes):
    reports = [read(tmp_path, monkeypatch, results(**changes), long) for long in (False, True)]
    assert reports[0].numbers == reports[1].numbers
    assert reports[0].settings == reports[1].settings
    source = coco.read_source(tmp_path / "found.json")
    assert isinstance(coco.coco_rows(source).content, JsonRows)


@pytest.mark.parametrize(
    "changes",
    [{"image_id": 5}, {"image_id": "7"}, {"bbox": [0, 0, -1, 2]}, {"bbox": [0, 0, 1]},
     {"score": None}, {"score": "1"}, {"score": 1e999}, {"category_id": [1]}],
)  # fmt: skip
def test_errors_in_long_results_name_the_row(tmp_path, monkeypatch, changes):
    said = []
    for long in (False, True):
        with pytest.raises(ValueError, match=r"result\[4\]|is a list") as error:
            read(tmp_path, monkeypatch, results(**changes), long)
        said.append(str(error.value))
    assert said[0] == said[1]


def test_masks_of_one_image_have_one_size():
    images = [{"id": k} for k in range(2)]
    names = coco.Categories(images, [{"id": 1, "name": "a"}], "truth")
    rows = [
        {"image_id": k, "category_id": 1, "score": 0.5,
         "segmentation": {"size": [2 + k, 2], "counts": [1, 1, 2 + 2 * k]}} for k in (0, 1, 1)
    ]  # fmt: skip
    assert len(coco.read_coco_results(rows, names, "masks")) == 3
    rows[2]["image_id"] = 0
    with pytest.raises(ValueError, match="masks of the image 0 have different sizes"):
        coco.read_coco_results(rows, names, "masks")
