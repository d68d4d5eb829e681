import gzip

import numpy as np
import pandas as pd
import pytest

from overlap.io import MissingConfidenceError, as_segments
from overlap.io.tables import COLUMN_NAMES


def csv_file(tmp_path, text: str, name: str = "rows.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def frame(**columns) -> pd.DataFrame:
    """Three predictions; `columns` replace or add some."""
    base = {
        "video-id": ["v1", "v1", "v2"],
        "t-start": [0.0, 2.0, 1.0],
        "t-end": [1.0, 4.0, 1.5],
        "label": ["a", "b", "a"],
        "score": [0.9, 0.8, 0.7],
    }
    return pd.DataFrame(base | columns).set_axis([10, 20, 30])


@pytest.mark.parametrize(
    "header",
    [
        "video-id,t-start,t-end,label,score",
        "video_id,start,stop,class,confidence",
        "Video,Begin,End,Type,Conf",
        "video-name,t-init,t-end,label-idx,probability",
        "filename;onset;offset;event_label;score",
        "vid\tstart_time\tend time\tcategory\tSCORE",
    ],
)
def test_column_names(tmp_path, header):
    delimiter = max(",;\t", key=header.count)
    rows = "".join(delimiter.join(cells) + "\n" for cells in (["v", "1", "2.5", "7", "0.5"],) * 2)
    table = as_segments(csv_file(tmp_path, header + "\n" + rows), role="found")
    assert table.videos == ("v",)
    assert table.labels == ("7",)
    np.testing.assert_array_equal(table.stop, [2.5, 2.5])
    np.testing.assert_array_equal(table.confidence, [0.5, 0.5])
    np.testing.assert_array_equal(table.row, [2, 3])


def test_every_documented_name_is_accepted():
    import overlap.io.tables

    for field, groups in COLUMN_NAMES.items():
        assert f"\n{field} " in overlap.io.tables.__doc__
        for group in groups:
            for name in group:
                plain = overlap.io.tables.__doc__.replace("-", "")
                assert f"``{name}``" in plain, (field, name)


def test_names_win_over_indices(tmp_path):
    text = "video,type,type_idx,start,end,startFrame,endFrame\nv,Cricket,23,0.2,1.1,6,33\n"
    table = as_segments(csv_file(tmp_path, text), role="truth")
    assert table.labels == ("Cricket",)


def test_file_details(tmp_path):
    lines = ["\ufeffvideo, start, stop, label, notes", "", 'v1 , 1, 2,"x","a,b"', " , , , , "]
    text = "\r\n".join([*lines, "v2,3,4,y,", ""])
    table = as_segments(csv_file(tmp_path, text), role="truth")
    assert table.videos == ("v1", "v2")
    assert table.labels == ("x", "y")
    np.testing.assert_array_equal(table.row, [3, 5])


def test_gzip(tmp_path):
    path = tmp_path / "rows.csv.gz"
    path.write_bytes(gzip.compress(b"video,start,stop,label\nv,1,2,x\n"))
    assert len(as_segments(path, role="truth")) == 1


def test_header_only(tmp_path):
    table = as_segments(csv_file(tmp_path, "video,start,stop,label,score\n"), role="found")
    assert len(table) == 0
    assert table.confidence.shape == (0,)


def test_duration_and_subset_of_videos(tmp_path):
    text = (
        "video,start,stop,label,video-duration,split\n"
        "a,0,1,x,20,test\nb,0,1,x,,\na,2,3,x,20,\n"
    )  # fmt: skip
    table = as_segments(csv_file(tmp_path, text), role="truth")
    np.testing.assert_array_equal(table.duration, [20, np.nan])
    assert table.subset == ("test", None)


def test_ambiguous_needs_no_label(tmp_path):
    path = csv_file(tmp_path, "video,start,stop\nv,1,2\n")
    assert as_segments(path, role="ambiguous").labels == ("Ambiguous",)
    with pytest.raises(ValueError, match=r"missing column for label \(label, class, type"):
        as_segments(path, role="truth")


def test_truth_may_have_confidences():
    assert as_segments(frame(), role="truth").confidence is not None


def test_found_without_confidence():
    with pytest.raises(MissingConfidenceError, match="DataFrame: predictions need a confidence"):
        as_segments(frame().drop(columns="score"), role="found")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("video,start,label\nv,1,x\n", r"missing column for stop \(stop, end.*columns are 'video'"),
        ("a,b\n1,2\n", r"missing column for video .*; start .*; stop .*; label"),
        ("video,start,stop,label,start\nv,1,2,x,1\n", "duplicate columns: 'start' and 'start' bot"),
        ("video,start,t-start,stop,label\nv,1,1,2,x\n", "duplicate columns: 'start' and 't-start'"),
        ("video,start,stop,label\nv,1,2\n", "line 2: has 3 cells; wanted 4"),
        ("video,start,stop,label\nv,1,2,x\nv,1,two,x\n", "line 3: stop is 'two'; wanted a finite"),
        ("video,start,stop,label\nv,,2,x\n", "line 2: start is ''"),
        ("video,start,stop,label\nv,nan,2,x\n", "line 2: start is nan"),
        ("video,start,stop,label\nv,1,inf,x\n", "line 2: stop is inf"),
        (
            "video,start,stop,label\nv,1,2,x\nv,5,2,x\nv,6,2,x\n",
            r"line 3: .*negative.* 2 such rows",
        ),
        ("video,start,stop,label\n,1,2,x\n", "line 2: video is ''"),
        ("video,start,stop,label\nv,1,2,\n", "line 2: label is ''"),
        (
            "video,start,stop,label,subset\nv,1,2,x,p\nv,1,2,x,q\n",
            "line 3: subset is 'q', but 'p' ",
        ),
        ("video,start,stop,label,video-duration\nv,1,2,x,-1\n", "line 2: duration is -1.0; wanted"),
        ("video,start,stop,label,video-duration\nv,1,2,x,?\n", r"line 2: duration is '\?'"),
        (
            'video,start,stop,label\nv,1,2,"x\n' + "x" * 140_000,
            "than 131,072 characters",
        ),
    ],
)
def test_bad_files(tmp_path, text, message):
    path = csv_file(tmp_path, text)
    with pytest.raises(ValueError, match=message) as caught:
        as_segments(path, role="truth")
    assert str(caught.value).startswith(str(path))


def test_binary_file(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_bytes(b"\x89PNG\r\n\xff\xfe")
    with pytest.raises(ValueError, match=r"is not text in UTF-8 .*: save it in UTF-8; wanted CSV"):
        as_segments(path, role="truth")


def test_frame():
    table = as_segments(frame(), role="found")
    np.testing.assert_array_equal(table.video, [0, 0, 1])
    np.testing.assert_array_equal(table.row, [0, 1, 2])
    assert table.sha256 is None


@pytest.mark.parametrize(
    "columns",
    [
        {"label": [1, 2, 1]},
        {"label": pd.Categorical(["1", "2", "1"]), "video-id": pd.Categorical(["v", "v", "w"])},
        {"score": pd.array([1, 2, 3], dtype="Int64"), "label": [1.0, 2.0, 1.0]},
        {"t-end": ["1", "4", "2"], "label": pd.array(["1", "2", "1"], dtype="string")},
        {"t-end": np.float32([1, 4, 2]), "label": np.uint8([1, 2, 1])},
    ],
)
def test_frame_column_types(columns):
    table = as_segments(frame(**columns), role="found")
    assert table.labels == ("1", "2")
    assert table.start.dtype == np.float64


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"t-start": [0.0, np.nan, 1.0]}, r"DataFrame, row 20: start is nan; wanted a finite"),
        ({"score": [0.1, 0.2, np.inf]}, r"DataFrame, row 30: confidence is inf"),
        ({"t-end": [1.0, 1.0, 2.0]}, r"DataFrame, row 20: stop 1.0 is before start 2.0"),
        ({"label": ["a", None, "b"]}, r"DataFrame, row 20: label is (None|nan)"),
        ({"t-end": [True, False, True]}, r"DataFrame, row 10: stop is True"),
        (
            {"t-end": pd.to_timedelta([1, 4, 2], unit="s")},
            r"row 10: start is .*; write both as",
        ),
        ({"t-end": pd.array([1, None, 2], dtype="Int64")}, r"row 20: stop is None"),
        ({"begin": [0, 0, 0]}, r"DataFrame: duplicate columns: 't-start' and 'begin' both"),
    ],
)
def test_bad_frames(columns, message):
    with pytest.raises(ValueError, match=message):
        as_segments(frame(**columns), role="found")


def test_same_name_twice():
    twice = pd.concat([frame(), frame()[["score"]]], axis=1)
    with pytest.raises(ValueError, match="duplicate columns: 'score' and 'score'"):
        as_segments(twice, role="found")


def test_missing_column():
    with pytest.raises(ValueError, match=r"DataFrame: missing column for video \(video, videoid"):
        as_segments(frame().drop(columns="video-id"), role="found")


def test_empty_frame():
    assert len(as_segments(frame().iloc[:0], role="found")) == 0


def test_rows_without_a_segment_name_a_video(tmp_path):
    path = tmp_path / "events.tsv"
    path.write_text(
        "filename\tonset\toffset\tevent_label\na.wav\t0\t1\tdog\nb.wav\t\t\t\nc.wav\t2\t5\tcat\n"
    )
    rows = pd.read_csv(path, sep="\t")
    for source in (path, rows, rows.convert_dtypes(), rows.astype(object)):
        table = as_segments(source, role="truth")
        assert table.videos == ("a.wav", "b.wav", "c.wav")
        assert table.video.tolist() == [0, 2]
        assert table.start.tolist() == [0.0, 2.0]
        assert table.labels == ("dog", "cat")
    assert as_segments(path, role="truth").row.tolist() == [2, 4]


def test_messages_count_rows_without_a_segment(tmp_path):
    path = tmp_path / "events.csv"
    path.write_text("video,start,stop,label,score\na,,,,\nb,1,,x,0.5\n")
    with pytest.raises(ValueError, match=r"line 3: stop is ''"):
        as_segments(path, role="found")


@pytest.mark.parametrize("row", ["a,,,run", "a,1,,", "a,,2,"])
def test_half_a_segment_is_refused(tmp_path, row):
    path = tmp_path / "rows.csv"
    path.write_text(f"video,start,stop,label\n{row}\n")
    with pytest.raises(ValueError, match="line 2"):
        as_segments(path, role="truth")


@pytest.mark.parametrize("form", ["int64", "object", "text"])
def test_whole_numbers_that_float64_cannot_hold(form: str) -> None:
    """Nanosecond timestamps would become empty segments."""
    import pandas as pd

    from overlap.io import as_segments

    start = 1_700_000_000_123_456_789
    frame = pd.DataFrame({"video": ["a"], "start": [start], "stop": [start + 1], "label": ["x"]})
    if form != "int64":
        frame = frame.astype({"start": object, "stop": object})
    if form == "text":
        frame = frame.astype({"start": str, "stop": str})
    with pytest.raises(ValueError, match=r"DataFrame, row 0: start is '?1700000000123456789"):
        as_segments(frame, role="truth")
    held = frame.assign(start=[2**53], stop=[2**53 + 2])
    assert as_segments(held, role="truth").stop[0] == 2.0**53 + 2


def test_line_endings_do_not_matter(tmp_path):
    text = "video;start;stop;label\nv;0;1;a, b, c\nv;1;2;d, e, f\n"
    tables = []
    for ending in ("\n", "\r\n", "\r"):
        path = tmp_path / "rows.csv"
        path.write_bytes(text.replace("\n", ending).encode())
        tables.append(as_segments(path, role="truth"))
    assert [table.labels for table in tables] == [("a, b, c", "d, e, f")] * 3
    assert [table.row.tolist() for table in tables] == [[2, 3]] * 3


def test_columns_that_are_not_used_may_have_line_breaks(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text('video,note,start,stop,label\nv,"two\nlines, ""quoted""",0,1,a\nv,,1,2,b\n')
    table = as_segments(path, role="truth")
    assert table.labels == ("a", "b")
    assert table.row.tolist() == [3, 4]


@pytest.mark.parametrize(
    "label",
    [
        pd.Series(["b", "a", "b", "a"], dtype="str"),
        pd.Series(["b", "a", "b", "a"], dtype="string"),
        pd.Series(["b", "a", "b", "a"], dtype="category"),
        pd.Series(["1", 1, "0", 1], dtype="category"),  # two values with one name
        pd.Series([3, -1, 3, 0], dtype="int16"),
        pd.Series([2**63, 1, 2**63, 0], dtype="uint64"),
        pd.Series([2.0, 1.0, 2.0, 0.0]),
        pd.Series(["b", None, "b", ""], dtype="str"),
        pd.Series(["b", "a", "", ""], dtype="str"),
        pd.Series(["b", "", "b", "a"], dtype="category"),
        pd.Series([1.5, 1.0, 2.5, 2.5], dtype="category"),
        pd.Series([], dtype="str"),
        pd.Series([], dtype="int64"),
    ],
)
def test_names_are_those_of_single_values(label):
    """Distinct names that pandas finds are those of a pass through the rows."""

    def read(names: pd.Series, field: str):
        n = len(names)
        rows = frame(score=0.5, label="a").iloc[np.zeros(n, int)].assign(**{field: names.array})
        try:
            return as_segments(rows, role="found")
        except ValueError as error:
            return str(error)

    for field in ("label", "video-id"):
        quick, slow = read(label, field), read(label.astype(object), field)
        assert quick == slow, field


def test_rows_without_a_segment_leave_their_label_out():
    rows = frame(label=pd.Series(["", "b", "a"], dtype="str").array)
    rows.iloc[0, 1:3] = np.nan
    rows = rows.astype({"score": object})
    rows.iloc[0, 4] = None
    table = as_segments(rows, role="found")
    assert (table.videos, table.labels, table.row.tolist()) == (("v1", "v2"), ("b", "a"), [1, 2])
