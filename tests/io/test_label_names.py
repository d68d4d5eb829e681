import json

import pytest

from overlap.io import LabelSet, parse_labels, read_labels

TUMOR = LabelSet(("core", "edema", "whole"), ((1,), (2,), (1, 2)), 9)


@pytest.mark.parametrize(
    "text",
    [
        "1=core,2=edema,whole=1+2,9=ignore",
        " 1 = core , 2=edema,whole = core + edema, ignore=9",
        "0=background,core=1,edema=2,whole=core+2,ignore=9",
    ],
)
def test_text(text):
    assert parse_labels(text) == TUMOR
    assert TUMOR.ids == (1, 2)
    assert TUMOR.groups() == {"core": (1,), "edema": (2,), "whole": (1, 2)}


def test_a_region_needs_no_names_of_its_labels():
    assert parse_labels("whole=1+2+4") == LabelSet(("whole",), ((1, 2, 4),))


def test_a_region_may_come_before_its_labels():
    assert parse_labels("whole=core+edema,1=core,2=edema").groups()["whole"] == (1, 2)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", "'' is not understood; wanted ID=NAME or NAME=ID"),
        ("1=liver,", "'' is not understood"),
        ("liver", "'liver' is not understood"),
        ("1=liver;2=tumor", "'1=liver;2=tumor' is not understood"),
        ("1 = 1+2", "'1 = 1[+]2' is not understood"),
        ("1=", "'1=' is not understood"),
        ("1=liver,1=tumor", "the label 1 is 'liver' and 'tumor'; keep one"),
        ("1=liver,2=liver", "the name 'liver' is there twice"),
        ("1=2", "the name '2' is a number"),
        ("0=liver", "'liver' has the label 0, which is the background"),
        ("whole=0+1", "'whole' has the label 0"),
        ("3=background", "background is 3; it has to be 0"),
        ("1=a,whole=a+b", "the region 'whole' has the unknown label 'b'; known are 'a'"),
        ("1=a,whole=1+1", r"'whole' is \[1, 1\]; wanted different labels"),
        ("1=a,whole=1+a", r"'whole' is \[1, 'a'\]; wanted different labels"),
        ("1=a,ignore=2+3", r"ignore is \[2, 3\]; wanted one label"),
        ("1=a,2=ignore,whole=1+2", "'whole' has the label 2, which is ignored"),
        ("0=background,5=ignore", "names no label besides background and ignore"),
    ],
)
def test_text_that_makes_no_sense(text, wanted):
    with pytest.raises(ValueError, match=rf"^labels: .*{wanted}"):
        parse_labels(text)


@pytest.mark.parametrize(
    "payload",
    [
        {"labels": {"0": "background", "1": "core", "2": "edema"}, "numTraining": 3},
        {"labels": {"background": 0, "core": 1, "edema": 2}, "file_ending": ".nii.gz"},
        {"0": "background", "1": "core", "2": "edema"},
        {"core": "1", "edema": "2"},
        [{"id": 1, "name": "core"}, {"id": 2, "name": "edema", "color": "red"}],
        {"labels": [{"id": 1, "name": "core"}, {"id": 2, "name": "edema"}]},
    ],
)
def test_json(tmp_path, payload):
    path = tmp_path / "dataset.json"
    path.write_text(json.dumps(payload))
    assert read_labels(path) == LabelSet(("core", "edema"), ((1,), (2,)))


def test_regions_and_ignore_of_nnunet(tmp_path):
    labels = {"background": 0, "whole": [1, 2, 3], "core": [2, 3], "enhancing": 3, "ignore": 4}
    path = tmp_path / "dataset.json"
    path.write_text(json.dumps({"labels": labels, "regions_class_order": [1, 2, 3]}))
    assert read_labels(path) == LabelSet(
        ("whole", "core", "enhancing"), ((1, 2, 3), (2, 3), (3,)), 4
    )


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('{"labels": {"a": 1, "a": 2}}', "the key 'a' is there twice"),
        ('{"labels": {"a": 1.5}}', "the label of 'a' is 1.5; wanted a whole number"),
        ('{"labels": {"a": true}}', "the label of 'a' is True"),
        ('{"labels": {"a": null}}', "the label of 'a' is None"),
        ('{"labels": {"a": []}}', r"'a' is \[\]; wanted different labels"),
        ('{"labels": {"": 1}}', "'' is not a name"),
        ('[{"id": 1}]', r"\[0\] is \{'id': 1\}; wanted an object with id and name"),
        ('[{"id": 1, "name": 7}]', "7 is not a name"),
        ('"liver"', "wanted an object with 'labels'"),
        ('{"labels": ', "invalid JSON at line 1, column 12: Expecting value"),
    ],
)
def test_json_that_makes_no_sense(tmp_path, text, wanted):
    path = tmp_path / "labels.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=rf"labels\.json: .*{wanted}|labels\.json: {wanted}"):
        read_labels(path)


def test_csv(tmp_path):
    path = tmp_path / "labels.csv"
    rows = "color,ID,Name\nred,1,core\n\ngreen,2,edema\nblue,1+2,whole\n,9,ignore\n"
    path.write_text(rows, "utf-8-sig")
    assert read_labels(path) == TUMOR


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("1,liver\n", "its first line is '1,liver'; wanted id,name"),
        ("id,name,id\n", "wanted id,name"),
        ("id,name\n1\n", "line 2: has 1 cells; wanted 2"),
        ("id,name\n1,a\nx,b\n", "line 3: id is 'x'; wanted 1 or 1"),
        ("id,name\n1,a\n1,b\n", "the label 1 is 'a' and 'b'"),
        ("id,name\n", "names no label"),
    ],
)
def test_csv_that_makes_no_sense(tmp_path, text, wanted):
    path = tmp_path / "labels.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=rf"labels\.csv.*{wanted}"):
        read_labels(path)


def test_unknown_labels_of_a_volume():
    TUMOR.check_known([0, 1, 2, 9], "a.nii")
    with pytest.raises(ValueError, match=r"a\.nii: has the labels 3, 7, which have no name; known"):
        TUMOR.check_known([7, 1, 3], "a.nii")
    with pytest.raises(ValueError, match=r"known are 0, 1"):
        parse_labels("1=a").check_known([2], "a.nii")
