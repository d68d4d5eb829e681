import gzip
import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from overlap.io import MissingConfidenceError, SegmentTable, as_segments

TRUTH = {
    "database": {
        "v1": {
            "subset": "test",
            "duration": 30,
            "annotations": [
                {"segment": [1, 4.5], "label": "jump"},
                {"segment": ["6.0", "9"], "label": "run"},
            ],
        },
        "v2": {"subset": "training", "annotations": []},
        "v3": {"subset": "test", "annotations": [{"segment": [0, 0], "label": "run"}]},
    }
}


@pytest.fixture
def truth() -> SegmentTable:
    return as_segments(TRUTH, role="truth")


def test_columns(truth):
    assert truth.videos == ("v1", "v2", "v3")
    assert truth.labels == ("jump", "run")
    np.testing.assert_array_equal(truth.video, [0, 0, 2])
    np.testing.assert_array_equal(truth.label, [0, 1, 1])
    np.testing.assert_array_equal(truth.start, [1, 6, 0])
    np.testing.assert_array_equal(truth.stop, [4.5, 9, 0])
    np.testing.assert_array_equal(truth.duration, [30, np.nan, np.nan])
    np.testing.assert_array_equal(truth.row, [0, 1, 2])
    assert truth.confidence is None
    assert truth.subset == ("test", "training", "test")
    assert truth.sha256 is None
    assert len(truth) == 3
    assert truth.start.dtype == np.float64
    assert truth.video.dtype == np.int64


def test_arrays_are_read_only(truth):
    with pytest.raises(ValueError, match="read-only"):
        truth.start[0] = 5.0
    with pytest.raises(ValueError, match="read-only"):
        truth.select([0]).start[0] = 5.0


def test_select_keeps_videos_labels_and_rows(truth):
    part = truth.select([False, True, True])
    assert part.videos == truth.videos
    assert part.labels == truth.labels
    np.testing.assert_array_equal(part.row, [1, 2])
    assert len(truth.select([])) == 0
    np.testing.assert_array_equal(truth.select([2, 0]).start, [0, 1])
    with pytest.raises(ValueError, match=r"shape \(2,\).*3 rows"):
        truth.select([True, False])


def test_of_subset_renumbers(truth):
    part = truth.of_subset("test")
    assert part.videos == ("v1", "v3")
    np.testing.assert_array_equal(part.video, [0, 0, 1])
    assert part.subset == ("test", "test")
    np.testing.assert_array_equal(part.duration, [30, np.nan])
    empty = truth.of_subset("training")
    assert empty.videos == ("v2",)
    assert empty.labels == ()
    assert len(empty) == 0


def test_of_subset_drops_labels_that_are_not_used():
    table = as_segments(
        pd.DataFrame(
            {
                "video": ["a", "b", "b"],
                "start": [0, 1, 2],
                "stop": [3, 4, 5],
                "label": ["x", "z", "y"],
                "subset": ["p", "q", "q"],
            }
        ),
        role="truth",
    )
    part = table.of_subset("q")
    assert part.labels == ("z", "y")
    np.testing.assert_array_equal(part.label, [0, 1])


def test_unknown_subset_lists_those_there_are(truth):
    with pytest.raises(ValueError, match="no video is of subset 'val'; it has 'test', 'training'"):
        truth.of_subset("val")
    without = as_segments({"database": {"v": {"annotations": []}}}, role="truth")
    with pytest.raises(ValueError, match="names no subsets"):
        without.of_subset("val")


def test_to_frame(truth):
    frame = truth.to_frame()
    assert list(frame.columns) == ["video", "label", "start", "stop"]
    again = as_segments(frame, role="truth")
    np.testing.assert_array_equal(again.stop, truth.stop)
    assert again.source == "DataFrame"
    assert again.videos == ("v1", "v3")  # a table of segments cannot name a video without any


def test_repr_and_where(truth):
    assert repr(truth) == "<SegmentTable dict: 3 segments, 3 videos, 2 labels, without confidences>"
    assert truth.where(1) == "dict, row 1 (video 'v1', label 'run', 6.0 to 9.0)"


def test_table_is_returned_as_it_is(truth):
    assert as_segments(truth, role="truth") is truth
    with pytest.raises(MissingConfidenceError, match="need a confidence"):
        as_segments(truth, role="found")


def test_wrong_type_and_role():
    with pytest.raises(TypeError, match=r"truth is a list; wanted a path"):
        as_segments([1, 2], role="truth")
    with pytest.raises(ValueError, match="role is 'gt'; wanted one of truth, found, ambiguous"):
        as_segments(TRUTH, role="gt")


@pytest.mark.parametrize("zipped", [False, True])
def test_file_digest_is_of_the_bytes_on_disk(tmp_path, zipped):
    data = json.dumps(TRUTH).encode()
    path = tmp_path / ("truth.json.gz" if zipped else "truth.json")
    path.write_bytes(gzip.compress(data, mtime=0) if zipped else data)
    table = as_segments(path, role="truth")
    assert table.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert table.source == str(path)
    np.testing.assert_array_equal(table.start, [1, 6, 0])


def test_gzip_is_told_by_content(tmp_path):
    path = tmp_path / "truth.json"
    path.write_bytes(gzip.compress(json.dumps(TRUTH).encode()))
    assert len(as_segments(str(path), role="truth")) == 3


def test_json_is_told_by_content_where_the_suffix_says_nothing(tmp_path):
    path = tmp_path / "truth"
    path.write_text("\n " + json.dumps(TRUTH))
    assert len(as_segments(path, role="truth")) == 3
    path.write_text("video,start,stop,label\nv,1,2,x\n")
    assert len(as_segments(path, role="truth")) == 1


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.json.gz", gzip.compress(json.dumps(TRUTH).encode(), mtime=0)[:-20], "truncated gzip"),
        ("a.json.gz", gzip.compress(b"{}" * 99, mtime=0)[:-8] + b"\xff" * 8, "damaged gzip"),
        ("a.json.gz", b'{"database": {}}', "not a gzip file"),
        ("a.json", b"", "the file is empty"),
        ("a.json", b" \n", "the file is empty"),
        ("a.json.gz", gzip.compress(b"", mtime=0), "the file is empty"),
        ("a.csv", b"", "the file is empty"),
    ],
)
def test_unreadable_files(tmp_path, name, data, message):
    path = write(tmp_path / name, data)
    with pytest.raises(ValueError, match=message) as caught:
        as_segments(path, role="truth")
    assert str(path) in str(caught.value)


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere.json: no such file"):
        as_segments(tmp_path / "nowhere.json", role="truth")
    with pytest.raises(ValueError, match="the folder has no files of segments"):
        as_segments(tmp_path, role="truth")


@pytest.mark.reference
def test_real_files(reference_data):
    folder = reference_data / "temporal" / "thumos14"
    truth = as_segments(folder / "gt_test210.json.gz", role="truth")
    assert (len(truth), len(truth.videos), len(truth.labels)) == (3311, 210, 20)
    assert set(truth.subset) == {"test"}
    found = as_segments(folder / "stpn_results.json.gz", role="found")
    assert (len(found), len(found.videos)) == (9151, 209)
    table = as_segments(folder / "test_Annotation_with_ambiguous.csv.gz", role="ambiguous")
    assert (len(table), len(table.videos), len(table.labels)) == (3457, 213, 21)
    other = as_segments(folder / "thumos14_test_groundtruth.csv.gz", role="truth")
    assert len(other) == 3457
    assert other.duration[0] == 215.166667
    flat = reference_data / "temporal" / "activitynet" / "mmaction2_eval_localization_gt.json"
    assert as_segments(flat, role="truth").duration.tolist() == [224.49, 76.23]
