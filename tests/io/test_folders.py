import random
import re
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
    for pattern in ("seg.nii", "*_seg", ("*/seg.nii", "seg.nii")):
        with pytest.raises(ValueError, match=r"wanted a '\*' for the case, and a suffix such as"):
            pair_folders(truth, found, pattern=pattern)
    with pytest.raises(ValueError, match=r"t: has no files like \*\.mha"):
        pair_folders(truth, found, pattern="*.mha")
    with pytest.raises(ValueError, match="truth and found are one folder; give two"):
        pair_folders(both, both)


def bids(folder: Path, suffix: str, *subjects: str) -> Path:
    return make(folder, *(f"sub-{x}/anat/sub-{x}_{suffix}.nii.gz" for x in subjects))


def test_patterns_with_several_stars(tmp_path):
    truth = bids(tmp_path / "t", "dseg", "01", "02", "10")
    found = bids(tmp_path / "f", "dseg", "10", "01", "03")
    inside = (
        r"has no volumes; .*; there are volumes in its folders, such as sub-\d+/anat/sub-.*: give"
    )
    with pytest.raises(ValueError, match=inside):
        pair_folders(truth, found)
    pairs = pair_folders(truth, found, pattern="sub-*/anat/sub-*_dseg.nii.gz")
    assert [(pair.case, pair.found.parts[-3]) for pair in pairs] == [
        ("sub-01", "sub-01"),
        ("sub-10", "sub-10"),
    ]
    assert (pairs.missing_found, pairs.missing_truth) == (("sub-02",), ("sub-03",))
    for pattern in ("**/sub-*_dseg.nii.gz", "sub-*/**/*_dseg.nii.gz", "**/anat/*_dseg.nii.gz"):
        again = pair_folders(truth, found, pattern=pattern)
        assert [pair.case for pair in again] == ["sub-01", "sub-10"]
    flat = make(tmp_path / "flat", "sub-01_pred.nii.gz", "sub-10_pred.nii.gz")
    pairs = pair_folders(truth, flat, pattern=("sub-*/anat/sub-*_dseg.nii.gz", "sub-*_pred.nii.gz"))
    assert [pair.case for pair in pairs] == ["sub-01", "sub-10"]
    visits = [f"sub-{s}/ses-{v}/anat/sub-{s}_ses-{v}_dseg.nii.gz" for s in (1, 2) for v in (1, 2)]
    both = make(tmp_path / "v", *visits), make(tmp_path / "w", *visits)
    pairs = pair_folders(*both, pattern="sub-*/ses-*/anat/sub-*_ses-*_dseg.nii.gz")
    assert [pair.case for pair in pairs] == [f"sub-{s}_ses-{v}" for s in (1, 2) for v in (1, 2)]
    with pytest.raises(ValueError, match=r"_dseg\.nii\.gz and .*_dseg\.nii\.gz are one case; keep"):
        pair_folders(*both, pattern="sub-*/ses-?/anat/*_ses-[12]_dseg.nii.gz")


def test_patterns_with_folders_of_any_depth(tmp_path):
    names = "a/p1/seg.nii", "a/b/p2/seg.nii", "a/b/p2/img.nii"
    both = make(tmp_path / "t", *names), make(tmp_path / "f", *names)
    pairs = pair_folders(*both, pattern="**/seg.nii")
    assert [pair.case for pair in pairs] == ["a/b/p2", "a/p1"]
    assert [pair.case for pair in pair_folders(*both, pattern="**/*/seg.nii")] == ["p1", "p2"]
    names = [pair.case for pair in pair_folders(*both, pattern="a/**/*/*.nii")]
    assert names == ["p1/seg", "p2/img", "p2/seg"]


def test_names_of_cases_do_not_depend_on_the_pattern(tmp_path):
    names = "case_1.nii", "case_2.nii"
    both = make(tmp_path / "t", *names), make(tmp_path / "f", *names)
    for pattern in (None, "*.nii", "case_*.nii", "c*.nii", "case_?*.nii", "**/case_*.nii"):
        pattern = None if pattern == "case_?*.nii" else pattern
        assert [pair.case for pair in pair_folders(*both, pattern=pattern)] == ["case_1", "case_2"]
    longer = make(tmp_path / "g", "pred_1.nii", "pred_2.nii")
    pairs = pair_folders(both[0], longer, pattern=("case_*.nii", "pred_*.nii"))
    assert [pair.case for pair in pairs] == ["1", "2"]


def test_probabilities_beside_labels_are_left_out(tmp_path):
    found = make(tmp_path / "f", *(f"p{k}{s}" for k in (1, 2) for s in (".nii.gz", ".npz", ".pkl")))
    truth = make(tmp_path / "t", "p1.nii.gz", "p2.nii.gz")
    pairs = pair_folders(truth, found)
    assert cases(pairs) == {f"p{k}": (f"p{k}.nii.gz", f"p{k}.nii.gz") for k in (1, 2)}
    (note,) = pairs.notes
    assert note.endswith(
        "f: 2 NumPy files beside volumes of the same name are not read: they hold probabilities or "
        "other things (first: p1.npz)"
    )
    assert pairs.ignored == tuple(str(found / f"p{k}.pkl") for k in (1, 2))
    arrays = make(tmp_path / "a", "p1.npz", "p2.npy")
    assert cases(pair_folders(truth, arrays))["p2"] == ("p2.nii.gz", "p2.npy")


@pytest.mark.parametrize(
    ("truth", "found", "words"),
    [
        (
            ["case_01.nii.gz", "case_02.nii.gz", "case_03.nii.gz"],
            ["ct01_unet.mha", "ct02_unet.mha", "ct03_unet.mha"],
            r"3 match with pattern=\('case_\*\.nii\.gz', 'ct\*_unet\.mha'\), which is --pattern '",
        ),
        (
            ["case_1.nii", "case_2.nii"],
            ["case_1.nii.nii", "case_2.nii.nii"],
            r"2 match .*,case_\*\.nii\.nii'",
        ),
        (["case_001.nii", "case_002.nii"], ["case_1.nii", "case_2.nii"], "2 differ .* last number"),
        (
            ["lung a.nii", "liver b.nii"],
            ["lung_a.nii", "liver_b.nii"],
            "2 differ .* by spaces, '_'",
        ),
    ],
)
def test_what_would_make_names_match(tmp_path, truth, found, words):
    folders = make(tmp_path / "t", *truth), make(tmp_path / "f", *found)
    with pytest.raises(ValueError, match=f"have no case in common: .*; {words}|{words}") as caught:
        pair_folders(*folders)
    if "--pattern" in str(caught.value):
        pattern = str(caught.value).rpartition("--pattern '")[2].removesuffix("'").split(",")
        assert len(pair_folders(*folders, pattern=tuple(pattern))) == len(truth)
    # with one case that matches, it is a finding
    for folder, suffix in zip(folders, (truth[0], found[0])):  # noqa: B905
        (folder / f"same.{suffix.partition('.')[2]}").touch()
    if truth[0] != "case_1.nii":
        (finding,) = pair_folders(*folders).findings
        assert finding.startswith(f"only 1 of {len(truth) + 1} cases of the truth have a partner")
        assert re.search(words, finding)


def test_few_partners_are_a_finding(tmp_path):
    truth = make(tmp_path / "t", *(f"{name}.nii" for name in ("ann", "bob", "eve", "kim", "lou")))
    found = make(tmp_path / "f", "ann.nii", "x7.nii", "q.nii")
    (finding,) = pair_folders(truth, found).findings
    assert finding == (
        "only 1 of 5 cases of the truth have a partner in found, and 2 of found have none in the "
        "truth (such as 'bob', and 'q')"
    )
    assert pair_folders(truth, make(tmp_path / "g", "ann.nii", "bob.nii")).findings == ()


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
