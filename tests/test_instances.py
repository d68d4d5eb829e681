"""Instances against the rules written out in plain Python, and against other programs."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import overlap as ov

EXAMPLES = settings(max_examples=150, deadline=None)


def coco_panoptic(found, truth, found_class, truth_class, void, crowd):
    """COCO's rules, segment by segment, from the paper and the description of the format."""
    result = {}
    taken_found, taken_truth = set(), set()
    truths = [t for t in np.unique(truth).tolist() if t and t not in void]
    founds = [f for f in np.unique(found).tolist() if f]
    names = {*found_class.values(), *truth_class.values()}
    rows = {name: {"tp": 0, "fp": 0, "fn": 0, "iou_sum": 0.0} for name in names}
    voids = np.isin(truth, void)
    for t in truths:
        for f in founds:
            a, b = found == f, truth == t
            if t in crowd or found_class[f] != truth_class[t]:
                continue
            union = ((a | b) & ~(a & voids)).sum()
            iou = (a & b).sum() / union
            if iou > 0.5:
                rows[truth_class[t]]["tp"] += 1
                rows[truth_class[t]]["iou_sum"] += iou
                taken_found.add(f)
                taken_truth.add(t)
                result[f, t] = iou
    for t in truths:
        rows[truth_class[t]]["fn"] += t not in taken_truth and t not in crowd
    for f in founds:
        if f in taken_found:
            continue
        crowds = [t for t in crowd if truth_class[t] == found_class[f]]
        a = found == f
        if (a & (voids | np.isin(truth, crowds))).sum() / a.sum() > 0.5:
            continue
        rows[found_class[f]]["fp"] += 1
    return result, rows


@EXAMPLES
@given(st.integers(0, 2**32), st.booleans())
def test_rules_of_coco(seed, void_is_zero):
    rng = np.random.default_rng(seed)
    shape = (12, 14)
    truth, found = np.zeros(shape, int), np.zeros(shape, int)
    for label in range(1, 9):
        y, x = rng.integers(0, 9, 2)
        size = rng.integers(2, 7, 2)
        truth[y : y + size[0], x : x + size[1]] = label
        y, x = np.maximum(np.array([y, x]) + rng.integers(-1, 2, 2), 0)
        found[y : y + size[0], x : x + size[1]] = 10 + label
    crowd, void = (7, 8), (0,) if void_is_zero else (6,)
    found_class = {int(label): ("car", "cat")[label % 2] for label in range(11, 19)}
    truth_class = {int(label): ("car", "cat")[label % 2] for label in range(1, 9)}
    del truth_class[6 if not void_is_zero else 5]
    truth[truth == 5] = 0
    truth[truth == 6] = 6 if not void_is_zero else 0
    counts = ov.contingency(found, truth)
    matches = ov.match_instances(counts, void=void, crowd=crowd, classes=(found_class, truth_class))
    pairs, rows = coco_panoptic(found, truth, found_class, truth_class, void, crowd)
    got = zip(matches.found.tolist(), matches.truth.tolist(), matches.iou.tolist(), strict=True)
    assert {(f, t): iou for f, t, iou in got} == pytest.approx(pairs, rel=1e-15)
    for name, row in rows.items():
        numbers = matches.by_class.loc[name]
        assert numbers[list(row)].to_dict() == pytest.approx(row)
        total = row["tp"] + row["fp"] / 2 + row["fn"] / 2
        pq = row["iou_sum"] / total if total else np.nan
        assert numbers["pq"] == pytest.approx(pq, nan_ok=True)
    assert matches.tp == sum(row["tp"] for row in rows.values())
    assert matches.fp == sum(row["fp"] for row in rows.values())
    assert matches.fn == sum(row["fn"] for row in rows.values())


@EXAMPLES
@given(st.integers(0, 2**32), st.sampled_from((0.1, 0.3, 0.5)), st.booleans())
def test_matching_is_that_of_masks(seed, at_least, strict):
    rng = np.random.default_rng(seed)
    found, truth = rng.integers(0, 5, (2, 30)).repeat(2, axis=1)
    counts = ov.contingency(found, truth)
    regions = (
        ov.FiniteSets([found == k for k in range(1, 5)]),
        ov.FiniteSets([truth == k for k in range(1, 5)]),
    )
    for method in ("greedy", "optimal"):
        got = ov.match_instances(counts, at_least=at_least, strict=strict, method=method)
        wanted = ov.match(*regions, at_least=at_least, strict=strict, method=method)
        assert got.iou.sum() == pytest.approx(wanted.score.sum(), rel=1e-14)
        if method == "greedy":
            assert got.found.tolist() == (wanted.found + 1).tolist()
            assert got.truth.tolist() == (wanted.truth + 1).tolist()
        own = ov.match(*counts.regions(), at_least=at_least, strict=strict, method=method)
        assert own.score.sum() == pytest.approx(got.iou.sum(), rel=1e-14)


def test_table_and_numbers():
    truth = np.repeat([1, 0, 2, 3, 4], [4, 1, 3, 2, 4])
    found = np.repeat([7, 0, 8, 0, 9, 6], [3, 2, 3, 2, 3, 1])
    counts = ov.contingency(found, truth, spacing=(0.5,))
    matches = ov.match_instances(counts)
    table = matches.table
    assert table["found"].tolist()[:4] == [7, 8, 9, 6]
    assert table["truth"].tolist()[:3] == [1, 2, 4]
    assert table["truth"].isna().tolist() == [False, False, False, True, False]
    assert table["outcome"].tolist() == ["matched"] * 3 + ["unmatched"] * 2
    assert table["volume_found"].tolist()[:4] == [1.5, 1.5, 1.5, 0.5]
    assert table["volume_truth"].tolist()[4] == 1.0
    assert table["iou"].tolist()[:3] == [0.75, 1.0, 0.75]
    np.testing.assert_allclose(table["dice"][:3], [6 / 7, 1.0, 6 / 7], rtol=1e-15)
    assert table["relative_difference"].tolist()[:2] == [-0.25, 0.0]
    assert (matches.tp, matches.fp, matches.fn) == (3, 1, 1)
    assert (matches.precision, matches.recall, matches.f1) == (0.75, 0.75, 0.75)
    assert matches.summary["sq"] == pytest.approx(2.5 / 3)
    assert matches.summary["pq"] == pytest.approx(2.5 / 4)
    named = ov.match_instances(
        counts, classes=({7: "a", 8: "b", 9: "a", 6: "c"}, {1: "a", 2: "b", 3: "c", 4: "b"})
    )
    assert named.table["class"].tolist() == ["a", "b", "c", "a", "c", "b"]
    assert named.by_class.loc["c", ["tp", "fp", "fn", "pq"]].tolist() == [0, 1, 1, 0]
    assert named.pq == pytest.approx((0.75 / 1.5 + 1 / 1.5 + 0) / 3)
    whole = ov.panoptic_quality([named, named])
    assert whole["tp"].tolist() == (2 * named.by_class["tp"]).tolist()
    np.testing.assert_allclose(whole["pq"], named.by_class["pq"], rtol=1e-15)


def test_ignored_instances_are_in_the_table():
    truth, found = np.repeat([1, 2, 0], 4), np.repeat([5, 6, 7, 7], 3)
    matches = ov.match_instances(ov.contingency(found, truth), void=2)
    assert matches.ignored_found.tolist() == [6]
    assert matches.unmatched_found.tolist() == [7]
    outcomes = dict(zip(matches.table["found"].tolist(), matches.table["outcome"], strict=True))
    assert outcomes == {5: "matched", 7: "unmatched", 6: "ignored"}


def test_empty_policy():
    some, none = np.array([1, 1, 0]), np.zeros(3, int)
    nothing = ov.match_instances(ov.contingency(none, none))
    assert all(np.isnan(nothing.summary[["precision", "recall", "f1", "sq", "rq", "pq"]]))
    assert len(nothing.table) == 0
    for pair in ((some, none), (none, some)):
        summary = ov.match_instances(ov.contingency(*pair)).summary
        assert summary[["precision", "recall", "f1", "sq", "rq", "pq"]].tolist() == [0.0] * 6


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"counts": 3}, TypeError, "expected a Contingency, got int"),
        ({"method": "best"}, ValueError, "method = 'best'"),
        ({"at_least": np.nan}, ValueError, "at_least = nan is not finite"),
        ({"at_least": 50}, ValueError, "at_least = 50, and no IoU is above 1; write a percentage"),
        ({"crowd": 0}, ValueError, "crowd = 0: these are void or background"),
        ({"crowd": 2, "void": (2,)}, ValueError, "crowd = 2: these are void or background"),
        ({"classes": {1: 1}}, TypeError, "classes: expected a pair of mappings"),
        ({"classes": ({1: 1}, {})}, ValueError, "classes: found label 2 has no class"),
        ({"classes": ({1: 1, 2: 1}, {1: 1})}, ValueError, "classes: truth label 3 has no class"),
    ],
)
def test_bad_input(arguments, error, words):
    counts = ov.contingency([1, 2, 0], [1, 1, 3])
    with pytest.raises(error, match=words):
        ov.match_instances(**{"counts": counts, **arguments})


# ------------------------------------------------------------------------- other programs


@pytest.fixture(scope="module")
def spine(reference_data):
    import nibabel

    folder = reference_data / "masks" / "panoptica_spine"

    def read(kind):
        images = [nibabel.load(folder / kind / f"{name}.nii.gz") for name in ("pred", "ref")]
        zooms = tuple(float(x) for x in images[0].header.get_zooms())
        pair = [np.asanyarray(image.dataobj) for image in images]
        return ov.contingency(*pair, spacing=zooms, unit="mm")

    return read


@pytest.mark.reference
def test_panoptic_quality_at_nine_thresholds(spine, reference_data):
    expected = json.loads((reference_data / "masks" / "reference_pq_numpy.json").read_text())
    counts = spine("unmatched_instance")
    assert len(counts.labels_truth) == expected["n_ref"]
    assert len(counts.labels_found) == expected["n_pred"]
    thresholds = [key for key in expected if key.startswith("0.")]
    assert len(thresholds) == 9
    for key in thresholds:
        for method in ("greedy", "optimal"):
            matches = ov.match_instances(counts, at_least=float(key), strict=False, method=method)
            summary = matches.summary[list(expected[key])].to_dict()
            assert summary == pytest.approx(expected[key], rel=1e-12)


@pytest.mark.reference
@pytest.mark.parametrize("kind", ["matched_instance", "unmatched_instance"])
def test_panoptica(spine, reference_data, kind):
    path = reference_data / "masks" / "reference_panoptica.json"
    expected = json.loads(path.read_text())[kind]["values"]
    counts = spine(kind)
    matches = ov.match_instances(counts, strict=False)
    table = matches.table
    pairs = table[table["outcome"] == "matched"]
    everything = {"all": [*counts.labels_found.tolist(), *counts.labels_truth.tolist()]}
    whole = counts.table(everything).loc["all"]
    numbers = {
        "n_ref_instances": len(counts.labels_truth),
        "n_pred_instances": len(counts.labels_found),
        "tp": matches.tp,
        "fp": matches.fp,
        "fn": matches.fn,
        "prec": matches.precision,
        "rec": matches.recall,
        "rq": matches.rq,
        "sq": matches.sq,
        "sq_std": pairs["iou"].std(ddof=0),
        "pq": matches.pq,
        "sq_dsc": pairs["dice"].mean(),
        "sq_dsc_std": pairs["dice"].std(ddof=0),
        "pq_dsc": pairs["dice"].mean() * matches.rq,
        "sq_rvd": pairs["relative_difference"].mean(),
        "sq_rvd_std": pairs["relative_difference"].std(ddof=0),
        "instance_voxel_count_ref": pairs["volume_truth"].mean() / np.prod(counts.spacing),
        "instance_volume_ref": pairs["volume_truth"].mean(),
        "global_bin_volume_pred": whole.tp + whole.fp,
        "global_bin_volume_ref": whole.tp + whole.fn,
        "global_bin_dsc": counts.score(ov.dice, everything)["all"],
    }
    distances = {"sq_assd", "sq_assd_std"}
    assert set(numbers) == set(expected) - distances
    # that program multiplies by the float32 of the header, not by the decimal that it stands for
    volume = numbers.pop("instance_volume_ref")
    assert volume == pytest.approx(expected["instance_volume_ref"], rel=1e-8)
    assert numbers == pytest.approx({key: expected[key] for key in numbers}, rel=1e-10)


@pytest.mark.reference
def test_overlap_numbers_of_simpleitk(spine, reference_data):
    path = reference_data / "masks" / "reference_simpleitk.json"
    every = json.loads(path.read_text())
    for kind in ("semantic", "matched"):
        expected = every[f"spine_{kind}"]
        counts = spine("semantic" if kind == "semantic" else "matched_instance")
        labels = sorted(map(int, expected))
        dice, iou = counts.score(ov.dice, labels), counts.score(ov.iou, labels)
        precision = counts.score(ov.coverage, labels)
        for label in labels:
            row = expected[str(label)]
            assert dice[label] == pytest.approx(row["dice"], rel=1e-12)
            assert iou[label] == pytest.approx(row["jaccard"], rel=1e-12)
            # Its source was the truth: its "false negatives" are voxels of found outside.
            assert 1.0 - precision[label] == pytest.approx(row["false_negative_error"], rel=1e-12)
