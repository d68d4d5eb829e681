import copy
import json
import re
import sys

import numpy as np
import pytest

from overlap.io import MissingConfidenceError, as_segments
from overlap.io._json import parse_json
from overlap.io._source import Source

TRUTH = {"database": {"v": {"annotations": [{"segment": [1, 2], "label": "a"}], "duration": 9}}}
FOUND = {"results": {"v": [{"label": "a", "score": 0.5, "segment": [1.0, 2.0]}]}}


def truth_with(change) -> dict:
    payload = copy.deepcopy(TRUTH)
    change(payload["database"]["v"])
    return payload


def found_with(**fields) -> dict:
    item = {"label": "a", "score": 0.5, "segment": [1.0, 2.0]} | fields
    return {"results": {"u": [], "v": [{"label": "b", "score": 1, "segment": [0, 1]}, item]}}


def without(key: str) -> dict:
    payload = found_with()
    del payload["results"]["v"][1][key]
    return payload


def test_results():
    table = as_segments(found_with(), role="found")
    assert table.videos == ("u", "v")
    assert table.labels == ("b", "a")
    np.testing.assert_array_equal(table.video, [1, 1])
    np.testing.assert_array_equal(table.confidence, [1, 0.5])


def test_flat_truth():
    flat = as_segments(TRUTH["database"], role="truth")
    nested = as_segments(TRUTH, role="truth")
    assert flat.videos == nested.videos
    assert flat.start == nested.start
    assert flat.duration == 9


def test_whole_numbers_are_labels():
    table = as_segments(found_with(label=3), role="found")
    assert table.labels == ("b", "3")


def test_empty_database_and_results():
    assert len(as_segments({"database": {}}, role="truth")) == 0
    assert as_segments({"results": {}}, role="found").confidence.shape == (0,)


def test_numbers_as_strings():
    table = as_segments(found_with(segment=["1.5", " 2.5 "], score="0.25"), role="found")
    assert (table.start[1], table.stop[1], table.confidence[1]) == (1.5, 2.5, 0.25)


def test_second_spelling_of_duration():
    def change(entry):
        entry["duration_second"] = entry.pop("duration")

    assert as_segments(truth_with(change), role="truth").duration == 9


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (without("segment"), r"results\['v'\]\[1\] has no key 'segment'; its keys are 'label', 's"),
        (without("label"), r"results\['v'\]\[1\] has no key 'label'"),
        (without("score"), r"results\['v'\]\[1\] has no key 'score'"),
        (found_with(segment=[1, 2, 3]), r"\[1\]: segment is \[1, 2, 3\]; wanted \[start, stop\]"),
        (found_with(segment="12"), r"\[1\]: segment is '12'; wanted"),
        (found_with(segment=None), r"\[1\]: segment is None"),
        (found_with(segment=[1, None]), r"results\['v'\]\[1\]: stop is None; wanted a finite num"),
        (found_with(segment=["x", 2]), r"\[1\]: start is 'x'"),
        (found_with(segment=[True, 2]), r"\[1\]: start is True"),
        (found_with(segment=["1_0", 20]), r"\[1\]: start is '1_0'"),
        (found_with(segment=[float("nan"), 2]), r"\[1\]: start is nan; wanted a finite number of"),
        (found_with(segment=[0, float("inf")]), r"\[1\]: stop is inf"),
        (found_with(segment=[0, 10**400]), r"\[1\]: stop is 10000"),
        (found_with(segment=[3.5, 2]), r"\[1\]: stop 2.0 is before start 3.5 \(a negative durati"),
        (found_with(score=float("nan")), r"\[1\]: confidence is nan; wanted a finite number"),
        (found_with(score="-inf"), r"\[1\]: confidence is -inf"),
        (found_with(score=[0.5]), r"\[1\]: confidence is \[0.5\]"),
        (found_with(label=None), r"\[1\]: label is None; wanted a name or a whole number"),
        (found_with(label=""), r"\[1\]: label is ''"),
        (found_with(label=True), r"\[1\]: label is True"),
        (found_with(label=1.5), r"\[1\]: label is 1.5"),
        ({"results": {"v": {"segment": [1, 2]}}}, r"results\['v'\] is a dict; wanted a list"),
        ({"results": {"v": [[1, 2]]}}, r"results\['v'\]\[0\] is a list; wanted an object"),
        ({"results": {"v": None}}, r"results\['v'\] is a null"),
        ({"results": []}, "'results' is a list; wanted an object"),
        ({"version": 1}, "has no key 'results'; its keys are 'version'"),
        ({}, "has no key 'results'; its keys are none"),
        (TRUTH, "is a truth file .*'database'.* given as found; swap TRUTH and FOUND"),
        (TRUTH["database"], "is a truth file .*'annotations'.* given as found; swap"),
    ],
)
def test_bad_results(payload, message):
    with pytest.raises(ValueError, match=message):
        as_segments(payload, role="found")


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (FOUND, "is a results file .* given as truth; swap TRUTH and FOUND"),
        ({"taxonomy": []}, "has no key 'database' and is not a flat truth .* are 'taxonomy'"),
        ({}, "has no key 'database'"),
        ({"database": [1]}, "'database' is a list"),
        ({"database": {"v": [1]}}, r"database\['v'\] is a list; wanted an object"),
        ({"database": {"v": {"subset": "t"}}}, r"database\['v'\] has no key 'annotations'"),
        (truth_with(lambda e: e["annotations"][0].pop("label")), r"annotations\[0\] has no key 'l"),
        (truth_with(lambda e: e.update(duration=-3)), r"\['v'\]: duration is -3.0; wanted seconds"),
        (truth_with(lambda e: e.update(duration="?")), r"\['v'\]: duration is '\?'"),
        (truth_with(lambda e: e.update(duration=float("nan"))), r"\['v'\]: duration is nan"),
        (truth_with(lambda e: e.update(subset=3)), r"\['v'\]: subset is 3; wanted a string"),
        (truth_with(lambda e: e.update(annotations=None)), r"\.annotations is a null"),
    ],
)
def test_bad_truth(payload, message):
    with pytest.raises(ValueError, match=message):
        as_segments(payload, role="truth")


def test_truth_annotations_have_no_confidence():
    assert as_segments(TRUTH, role="ambiguous").confidence is None
    with pytest.raises(MissingConfidenceError):
        as_segments(as_segments(TRUTH, role="truth"), role="found")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"database": {"v": }}', r"invalid JSON at line 1, column 20"),
        ('{"database":\n {"v": {"annot', r"invalid JSON at line 2"),
        ("[1, 2]", "the JSON is a list; wanted an object with the key 'database'"),
        ("3", "the JSON is a number"),
        ("video,start\n", "invalid JSON at line 1, column 1"),
        ("[" * 100_000, "nested too deeply"),
        (b'{"database": "\xff"}', "not UTF-8"),
    ],
)
@pytest.mark.parametrize("orjson", [True, False])
def test_bad_json_files_read_the_same_with_and_without_orjson(
    tmp_path, monkeypatch, text, message, orjson
):
    if not orjson:
        monkeypatch.setitem(__import__("sys").modules, "orjson", None)
    path = tmp_path / "truth.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ValueError, match=message) as caught:
        as_segments(path, role="truth")
    assert str(caught.value).startswith(str(path))


def test_numbers_read_the_same_with_and_without_orjson(monkeypatch):
    rng = np.random.default_rng(3)
    floats = rng.uniform(-1, 1, 2000) * 10.0 ** rng.integers(-300, 300, 2000)
    whole = rng.integers(-(2**63), 2**63 - 1, 500).tolist()
    edges = [2**63 - 1, 2**63, 2**64 - 1, 2**64, 2**64 + 1, -(2**63), -(2**63) - 1, 10**18, 10**19]
    edges += [-edge for edge in edges] + [10**30 + 1, 12345678901234567890123]
    written = [json.dumps(x) for x in [*floats.tolist(), *whole, *edges]]
    written += ["1E5", "-0", "-0.0", "1e400", "5e-324", "0.1000000000000000055511151231257827"]
    written += ["1.7976931348623159e308", "0.00012345678901234567", '"12345678901234567890"']
    parts = ["[" + "1," * k + text + "]" for text in written[-80:] for k in (0, 1)]
    parts += ["[" + ", ".join(written) + "]", '{"b": 1, "a": 18446744073709551616}', r'["\ud800"]']

    def parsed(text):
        return repr(parse_json(Source("a.json", text.encode(), "")))

    with_orjson = [parsed(text) for text in parts]
    monkeypatch.setitem(sys.modules, "orjson", None)
    assert with_orjson == [parsed(text) for text in parts]


def test_large_numbers_as_labels_stay_apart(tmp_path):
    path = tmp_path / "found.json"
    labels = 2**64, 2**64 + 1
    items = [{"segment": [0, 1], "label": label, "score": 0.5} for label in labels]
    path.write_text(json.dumps({"results": {"v": items}}))
    assert as_segments(path, role="found").labels == tuple(map(str, labels))


def test_nan_in_a_file_is_named(tmp_path):
    path = tmp_path / "found.json"
    path.write_text(json.dumps(found_with(segment=[float("nan"), 2])))
    with pytest.raises(ValueError, match=r"found.json: results\['v'\]\[1\]: start is nan"):
        as_segments(path, role="found")


def test_byte_order_mark(tmp_path):
    path = tmp_path / "truth.json"
    path.write_text(json.dumps(TRUTH), encoding="utf-8-sig")
    assert len(as_segments(path, role="truth")) == 1


TWICE = """{"database": {
  "v": {"annotations": [{"segment": [0, 1], "label": "a"}, {"segment": [2, 3], "label": "a"}]},
  "v": {"annotations": [{"segment": [4, 5], "label": "a"}]}
}}"""


def test_keys_that_are_there_twice_with_other_values_are_refused(tmp_path):
    """Other programs read the last list of a video alone, so that its other segments are lost."""
    truth, found = tmp_path / "truth.json", tmp_path / "found.json"
    truth.write_text(TWICE)
    said = f"{truth}: database: the key 'v' is there twice in one object, with "
    with pytest.raises(ValueError, match=re.escape(said)):
        as_segments(truth, role="truth")
    found.write_text(
        '{"results": {"v": [{"segment": [4, 5], "label": "a", "score": 1, "score":2}]}}'
    )
    said = (
        f"{found}: results['v'][0]: the key 'score' is there twice in one object, with 1 and with 2"
    )
    with pytest.raises(ValueError, match=re.escape(said)):
        as_segments(found, role="found")
    found.write_text(found.read_text().replace(":2", ":1"))
    assert as_segments(found, role="found").confidence.tolist() == [1.0]


def test_keys_are_counted_and_not_guessed(tmp_path):
    """Texts that look like keys, spaces and further entries are no keys there twice."""
    path = tmp_path / "truth.json"
    for video in ("v", '":', 'a": b', "\\", ' " : "'):
        for label in ("a", '":"', ":", '\\": '):
            payload = {
                "version": {"by": label, "parts": [{"a": 1}, {"a": 2}], "n": [1, {"a": 1}]},
                "database": {
                    video: {
                        "annotations": [{"segment": [0, 1], "label": label, "id": {"x": 1}}],
                        "url": "http://a:80/\":",
                    },
                    "w": {"annotations": []},
                },
            }  # fmt: skip
            for separators in ((",", ":"), (", ", " :\n ")):
                text = json.dumps(payload, separators=separators)
                path.write_text(text)
                assert as_segments(path, role="truth").findings == ()
                for again in ('"w": 5, "w"', '"\\u0077": 5, "w"'):
                    path.write_text(text.replace('"w"', again))
                    with pytest.raises(ValueError, match="database: the key 'w' is there twice"):
                        as_segments(path, role="truth")


def test_two_keys_of_the_confidence_are_not_chosen_from():
    item = {"label": "a", "score": 0.5, "confidence": 0.1, "segment": [1.0, 2.0]}
    found = {"results": {"u": [], "v": [item]}}
    with pytest.raises(ValueError, match=r"'score' and 'confidence', which both mean the conf"):
        as_segments(found, role="found")
    table = as_segments(found, role="found", columns={"confidence": "confidence"})
    assert table.confidence.tolist() == [0.1]


def test_a_number_and_its_digits_are_one_video():
    items = FOUND["results"]["v"]
    assert as_segments({"results": {1: items}}, role="found").videos == ("1",)
    with pytest.raises(ValueError, match="the video '1' is there twice"):
        as_segments({"results": {1: items, "1": items}}, role="found")


def test_a_byte_order_mark_is_no_text(tmp_path):
    path = tmp_path / "truth"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(TRUTH).encode())
    assert as_segments(path, role="truth").start.tolist() == [1.0]
