import pytest

from overlap.io import read_strata


def write(tmp_path, text: str):
    path = tmp_path / "strata.csv"
    path.write_text(text, "utf-8-sig" if text else "utf-8")
    return path


def test_one_row_for_each_case_in_their_order(tmp_path):
    path = write(tmp_path, 'site, case ,scanner\n01,b,X\n\n02,a,"Y, 3T"\n')
    frame = read_strata(path, ["a", "b"])
    assert frame.index.tolist() == ["a", "b"]
    assert frame.index.name == "case"
    assert frame.columns.tolist() == ["site", "scanner"]
    assert frame["site"].tolist() == ["02", "01"]
    assert frame["scanner"].tolist() == ["Y, 3T", "X"]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("case,site\na,1\n", "lacks the cases 'b'$"),
        ("case,site\na,1\nb,1\nc,1\n", "has the unknown cases 'c'$"),
        ("case,site\na,1\nb,1\na,2\n", "line 4: the case 'a' is there twice"),
        ("case,site\na,1\nb,\n", "line 3: site is empty; give it a value"),
        ("case,site\na,1\nb\n", "line 3: has 1 cells; wanted 2"),
        ("id,site\na,1\n", "its first line is 'id,site'; wanted 'case'"),
        ("case\na\nb\n", "its first line is 'case'; wanted 'case' and one or more strata"),
        ("case,site,site\na,1,1\n", "the column 'site' is there twice"),
        ("case,\na,1\n", "the column '' is there twice or has no name"),
        ("", "the file is empty"),
    ],
)
def test_faults(tmp_path, text, wanted):
    with pytest.raises(ValueError, match=rf"strata\.csv.*{wanted}"):
        read_strata(write(tmp_path, text), ["a", "b"])


def test_long_lists_are_cut(tmp_path):
    cases = [f"c{number}" for number in range(9)]
    with pytest.raises(ValueError, match=r"lacks the cases 'c0', .*, 'c4', \.\.\. \(9 in all\)"):
        read_strata(write(tmp_path, "case,site\nx,1\n"), cases)
