import random
from pathlib import Path

import pytest

from overlap.io import pair_folders
from overlap.io.folders import AFFIXES, natural_key


def make(folder: Path, *names: str) -> Path:
    """A folder with empty files."""
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def cases(pairs) -> dict[str, tuple[str, str]]:
    return {pair.case: (pair.truth.name, pair.found.name) for pair in pairs}


def test_names_without_the_suffix_of_the_format(tmp_path):
    truth = make(tmp_path / "truth", "b.nii.gz", "a.1.5.mha", "c.nii", "set.json", ".hidden.nii")
    found = make(tmp_path / "found", "a.1.5.NII.GZ", "b.mhd", "b.raw", "d.npy")
    pairs = pair_folders(truth, found)
    assert cases(pairs) == {"a.1.5": ("a.1.5.mha", "a.1.5.NII.GZ"), "b": ("b.nii.gz", "b.mhd")}
    assert pairs.missing_found == ("c",)
    assert pairs.missing_truth == ("d",)
    assert pairs.ignored == (str(found / "b.raw"), str(truth / "set.json"))
    assert pairs.notes == ()
    assert len(pairs) == 2


def test_natural_order(tmp_path):
    names = ["case_2", "case_10", "case_100", "case_1a", "case_1b", "Case_3", "7"]
    wanted = ["7", "case_1a", "case_1b", "case_2", "Case_3", "case_10", "case_100"]
    for seed in range(5):
        random.Random(seed).shuffle(names)
        assert sorted(names, key=natural_key) == wanted
    files = [f"{name}.nii" for name in names]
    pairs = pair_folders(make(tmp_path / "t", *files), make(tmp_path / "f", *files))
    assert [pair.case for pair in pairs] == wanted


def test_keys_of_any_names_can_be_compared():
    rng = random.Random(1)
    names = ["".join(rng.choice("a1_A.0é") for _ in range(rng.randrange(5))) for _ in range(300)]
    ordered = sorted(set(names), key=natural_key)
    assert sorted(reversed(ordered), key=natural_key) == ordered
    assert len({tuple(natural_key(name)) for name in ordered}) == len(ordered)


def test_words_at_the_ends_only_where_plain_names_do_not_match(tmp_path):
    truth = make(tmp_path / "t", "p1_seg.nii.gz", "p2_seg.nii.gz", "p3.nii.gz", "mask-P4.nii.gz")
    found = make(tmp_path / "f", "p1_0000_pred.mha", "p2.mha", "p3.mha", "p3_pred.mha", "P4.mha")
    pairs = pair_folders(truth, found)
    assert cases(pairs) == {
        "p1": ("p1_seg.nii.gz", "p1_0000_pred.mha"),
        "p2": ("p2_seg.nii.gz", "p2.mha"),
        "p3": ("p3.nii.gz", "p3.mha"),
        "P4": ("mask-P4.nii.gz", "P4.mha"),
    }
    assert pairs.missing_truth == ("p3_pred",)
    (note,) = pairs.notes
    assert note.startswith("3 matched without such words as _seg and _pred, for example ")


def test_numbered_cases_are_not_stripped_where_they_match(tmp_path):
    names = ["case_0000.nii", "case_0001.nii"]
    pairs = pair_folders(make(tmp_path / "t", *names), make(tmp_path / "f", *names))
    assert [pair.case for pair in pairs] == ["case_0000", "case_0001"]
    assert pairs.notes == ()


def test_ambiguous_names_stay_unmatched_and_are_said(tmp_path):
    truth = make(tmp_path / "t", "a_seg.nii", "a_mask.nii", "b.nii", "c_gt.nii")
    found = make(tmp_path / "f", "a_pred.nii", "b.nii", "c.nii", "c_out.nii")
    pairs = pair_folders(truth, found)
    assert [pair.case for pair in pairs] == ["b"]
    assert pairs.missing_found == ("a_mask", "a_seg", "c_gt")
    assert pairs.missing_truth == ("a_pred", "c", "c_out")
    assert len(pairs.notes) == 2
    assert all(note.startswith("not matched, because each could be") for note in pairs.notes)


def test_a_matched_name_is_not_used_again(tmp_path):
    truth = make(tmp_path / "t", "a.nii", "a_gt.nii")
    found = make(tmp_path / "f", "a.nii", "a_pred.nii")
    pairs = pair_folders(truth, found)
    assert cases(pairs) == {"a": ("a.nii", "a.nii")}
    assert pairs.missing_found == ("a_gt",)


def test_upper_and_lower_case(tmp_path):
    truth = make(tmp_path / "t", "Case1.nii", "x.nii")
    pairs = pair_folders(truth, make(tmp_path / "f", "case1.nii", "x.nii"))
    assert cases(pairs)["Case1"] == ("Case1.nii", "case1.nii")
    (note,) = pairs.notes
    assert "1 matched without regard to upper and lower case, for example 'Case1'" in note
    if len(set(map(str, make(tmp_path / "u", "A.nii", "a.nii").iterdir()))) == 2:
        with pytest.raises(ValueError, match=r"A\.nii and a\.nii differ only by case; keep one"):
            pair_folders(tmp_path / "u", tmp_path / "f")


def test_two_files_of_one_case(tmp_path):
    truth = make(tmp_path / "t", "a.nii.gz", "a.mha")
    with pytest.raises(ValueError, match=r"t: a\.mha and a\.nii\.gz are one case; keep one"):
        pair_folders(truth, make(tmp_path / "f", "a.nii"))


@pytest.mark.parametrize("affix", AFFIXES)
@pytest.mark.parametrize("form", ["{x}_{a}", "{x}-{a}", "{x}.{a}", "{x} {a}", "{a}_{x}"])
def test_each_word(tmp_path, affix, form):
    truth = make(tmp_path / "t", form.format(x="p7", a=affix.upper()) + ".nii.gz")
    pairs = pair_folders(truth, make(tmp_path / "f", "p7.nii.gz"))
    assert [pair.case for pair in pairs] == ["p7"]


def test_words_inside_a_name_are_part_of_it(tmp_path):
    truth = make(tmp_path / "t", "segment1.nii", "a_seg_b.nii", "pred.nii", "z.nii")
    pairs = pair_folders(truth, make(tmp_path / "f", "ment1.nii", "a_b.nii", "gt.nii", "z.nii"))
    assert [pair.case for pair in pairs] == ["z"]


def test_patterns(tmp_path):
    names = "p1_seg.nii.gz", "p2_seg.nii.gz", "p1_img.nii.gz"
    both = make(tmp_path / "all", *names, "p1_auto.mha", "p3_auto.mha")
    pairs = pair_folders(both, both, pattern=("*_seg.nii.gz", "*_auto.mha"))
    assert cases(pairs) == {"p1": ("p1_seg.nii.gz", "p1_auto.mha")}
    assert (pairs.missing_found, pairs.missing_truth) == (("p2",), ("p3",))
    truth = make(tmp_path / "t", "p1/seg.nii", "p2/seg.nii", "p2/img.nii")
    found = make(tmp_path / "f", "p2/seg.nii", "p1/seg.nii")
    pairs = pair_folders(truth, found, pattern="*/seg.nii")
    assert [(pair.case, pair.truth.parent.name) for pair in pairs] == [("p1", "p1"), ("p2", "p2")]
    for pattern in ("seg.nii", "*/*.nii", "*_seg"):
        with pytest.raises(ValueError, match=r"wanted one '\*' for the case, and a suffix"):
            pair_folders(truth, found, pattern=pattern)
    with pytest.raises(ValueError, match=r"t: has no files like \*\.mha"):
        pair_folders(truth, found, pattern="*.mha")
    with pytest.raises(ValueError, match="truth and found are one folder; give two"):
        pair_folders(both, both)


def test_folders_that_cannot_be_paired(tmp_path):
    truth = make(tmp_path / "t", *(f"a{number}.nii" for number in range(12)))
    with pytest.raises(FileNotFoundError, match="missing: no such folder"):
        pair_folders(truth, tmp_path / "missing")
    with pytest.raises(NotADirectoryError, match=r"a1\.nii: is a file; give a folder"):
        pair_folders(truth / "a1.nii", truth)
    with pytest.raises(ValueError, match=r"empty: has no volumes; volumes are files that end in"):
        pair_folders(truth, make(tmp_path / "empty", "notes.txt"))
    wanted = r"no case in common: the one has a0, a1, a2 \.\.\. \(12 in all\), the other b"
    with pytest.raises(ValueError, match=wanted):
        pair_folders(truth, make(tmp_path / "f", "b.nii"))
