"""Empty sets: one policy, all four situations, and nothing silent."""

from __future__ import annotations

import math

import numpy as np
import pytest

from overlap.evaluate import EMPTY_POLICIES, METRICS, Answers, Empty, segmentation
from overlap.evaluate._segmentation.empties import SITUATIONS, as_empty

FULL, NONE = np.array([[0, 1, 1, 0]]), np.array([[0, 0, 0, 0]])
SIDES = {"both": (NONE, NONE), "truth": (NONE, FULL), "found": (FULL, NONE), "": (FULL, FULL)}


def values(empty="default", metrics=tuple(METRICS), **options):
    """Values of every metric in every situation, by situation and metric."""
    metrics = [name for name in metrics if name[:8] not in ("lesion_d", "lesion_h")]  # 3 axes only
    sides = [dict(zip(SIDES, [pair[k] for pair in SIDES.values()], strict=True)) for k in (0, 1)]
    sides = [{name or "none": volume for name, volume in side.items()} for side in sides]
    report = segmentation(
        truth=sides[0], found=sides[1], labels=[1], metrics=metrics, empty=empty,
        spacing=(1.0, 1.0), **options,
    )  # fmt: skip
    table = {}
    for row in report.rows():
        case = "" if row["case"] == "none" else row["case"]
        table[case, row["metric"]] = (row["value"], row["empty"])
    return report, table


# by hand: both empty, truth empty, nothing found, identical; the grid has 4 voxels, 2 of them true
INF, NAN = math.inf, math.nan
BY_HAND = {
    "dice": (NAN, 0, 0, 1),
    "iou": (NAN, 0, 0, 1),
    "precision": (NAN, 0, 0, 1),
    "recall": (NAN, 0, 0, 1),
    "f_score": (NAN, 0, 0, 1),
    "specificity": (1, 0.5, 1, 1),
    "false_negative_error": (NAN, 1, 1, 0),
    "false_positive_error": (0, 0.5, 0, 0),
    "volumetric_similarity": (NAN, 0, 0, 1),
    "volumetric_similarity_signed": (NAN, 2, -2, 0),
    "volume_truth": (0, 0, 2, 2),
    "volume_found": (0, 2, 0, 2),
    "volume_difference": (0, 2, -2, 0),
    "volume_difference_abs": (0, 2, 2, 0),
    "relative_volume_difference": (NAN, INF, -1, 0),
    "relative_volume_difference_abs": (NAN, INF, 1, 0),
    "pq": (NAN, 0, 0, 1),
    "sq": (NAN, 0, 0, 1),
    "rq": (NAN, 0, 0, 1),
    "instance_precision": (NAN, 0, 0, 1),
    "instance_recall": (NAN, 0, 0, 1),
    "lesion_f1": (NAN, 0, 0, 1),
    **dict.fromkeys(("hd", "hd95", "assd", "masd"), (NAN, INF, INF, 0)),
    "asd_found": (NAN, INF, NAN, 0),
    "asd_truth": (NAN, NAN, INF, 0),
    **dict.fromkeys(("nsd@2mm", "biou", "biou@2mm"), (NAN, 0, 0, 1)),
}


def test_default_by_hand():
    _, table = values()
    assert {metric for _, metric in table} == set(BY_HAND)
    for metric, expected in BY_HAND.items():
        actual = [table[situation, metric][0] for situation in ("both", "truth", "found", "")]
        assert actual == pytest.approx(expected, nan_ok=True), metric


def test_rows_name_the_situation_where_the_policy_answered():
    _, table = values(metrics=["dice", "volume_found", "relative_volume_difference"])
    assert [table[name, "dice"][1] for name in SIDES] == list(SIDES)
    assert {table[name, "volume_found"][1] for name in SIDES} == {""}
    # the formula gives -1 for nothing found: there is no need of an answer
    named = [table[name, "relative_volume_difference"][1] for name in SIDES]
    assert named == ["both", "truth", "", ""]


def test_zero_by_zero_of_sets_that_are_not_empty():
    full = np.ones((2, 2), int)
    report = segmentation(truth=full, found=full, metrics=["specificity", "dice"])
    assert math.isnan(report.summary["specificity"])
    assert report.table["empty"].tolist() == ["undefined", ""]
    answers = Empty(metrics={"specificity": Answers("formula", "formula", "formula", 1.0)})
    report = segmentation(truth=full, found=full, metrics=["specificity"], empty=answers)
    assert report.summary["specificity"] == 1.0
    assert report.settings["touched"]["specificity"]["undefined"] == 1


def test_words_and_numbers():
    policy = Empty(overlap=Answers("best", 0.25, "formula"), name="mine")
    report, table = values(policy, metrics=["dice", "false_negative_error"])
    assert [table[name, "dice"][0] for name in ("both", "truth", "found")] == [1.0, 0.25, 0.0]
    assert table["both", "false_negative_error"][0] == 0.0
    assert report.settings["empty"]["name"] == "mine"
    assert report.settings["empty"]["overlap"]["truth"] == 0.25
    # what each metric took of it is said, too
    answers = [report.settings["metrics"][name]["empty"]["truth"] for name in
               ("dice", "false_negative_error")]  # fmt: skip
    assert answers == [0.25, 0.75]


def test_an_answer_that_raises_is_one_undefined_value_and_no_failed_case():
    report, table = values("medpy", metrics=["dice", "relative_volume_difference", "hd95"])
    assert [table[name, "dice"][0] for name in SIDES] == [1.0, 0.0, 0.0, 1.0]
    relative = [table[name, "relative_volume_difference"][0] for name in SIDES]
    assert relative == pytest.approx([NAN, NAN, -1.0, 0.0], nan_ok=True)
    distances = [table[name, "hd95"] for name in SIDES]
    assert [name for _, name in distances] == list(SIDES)
    assert [value for value, _ in distances] == pytest.approx([NAN, NAN, NAN, 0.0], nan_ok=True)
    assert not len(report.failures)
    alone, _ = values("medpy", metrics=["dice"])
    assert report.summary["dice"] == alone.summary["dice"] == 0.5
    assert report.settings["touched"]["hd95"]["raised"] == 3
    notes = [note for note in report.settings["notes"] if "'medpy' raises" in note]
    assert [note.partition("undefined: ")[2] for note in notes] == [
        "2 of relative_volume_difference (first: both, 1, of two empty sets)",
        "3 of hd95 (first: both, 1, of two empty sets)",
    ]
    with pytest.raises(ValueError, match="'medpy' raises for all; the first: case: hd95 of '1'"):
        segmentation(truth=FULL, found=NONE, labels=[1], metrics=["hd95"], empty="medpy")


@pytest.mark.parametrize("name", EMPTY_POLICIES)
def test_policies_have_their_names_and_answer_everything(name):
    policy = as_empty(name)
    assert policy.name == name
    for metric in METRICS.values():
        assert set(policy.answers(metric).listed()) == set(SITUATIONS[1:])


def test_distances_have_their_answers():
    from overlap.evaluate import Metric

    distance = Metric("hd95", "", "", better="lower", empty="distance", unit="length", high=INF)
    numbers, situation = np.full(4, NAN), np.arange(4, dtype=np.int8)
    expected = {
        "default": [NAN, INF, INF],
        "surface-distance": [INF, INF, INF],
        "monai": [NAN, NAN, NAN],
        "metrics-reloaded": [0.0, NAN, NAN],
    }
    for name, wanted in expected.items():
        actual, _, raised = as_empty(name).apply(distance, numbers, situation)
        assert actual[1:].tolist() == pytest.approx(wanted, nan_ok=True), name
        assert not raised.any()
    for name in ("medpy", "simpleitk"):
        _, _, raised = as_empty(name).apply(distance, numbers, situation)
        assert raised.tolist() == [False, True, True, True]
    assert distance.unit_in("mm3") == "mm"
    assert distance.unit_in("voxels") == "voxels"


@pytest.mark.parametrize(
    ("missing", "dice", "relative"),
    [(None, 1 / 3, -0.5), (0.5, 0.375, 0.0), ("worst", 1 / 3, -0.5)],
)
def test_what_stands_for_missing_values(missing, dice, relative):
    report, _ = values(metrics=["dice", "relative_volume_difference"], missing=missing)
    # dice: NaN, 0, 0, 1; relative difference: NaN, inf, -1, 0, and no worst value that is finite
    assert report.summary["dice"] == pytest.approx(dice)
    assert report.summary["relative_volume_difference"] == pytest.approx(relative)
    assert report.summary["dice n_nan"] == 1
    assert report.summary["relative_volume_difference n_inf"] == 1
    touched = report.settings["touched"]
    # two empty sets are right: there is nothing that is missing
    assert touched["dice"]["left_out"] == (0 if missing == 0.5 else 1)
    assert touched["relative_volume_difference"]["left_out"] == (0 if missing == 0.5 else 2)
    words = " ".join(report.settings["notes"])
    assert ("left out of the means" in words) == (missing != 0.5)
    assert ("stands for missing values" in words) == (missing == 0.5)
    assert ("1 of dice (1 of them where both sets are empty)" in words) == (missing == 0.5)


def test_the_worst_distance_is_the_diagonal_of_the_case():
    from overlap.evaluate import Metric

    distance = Metric(
        "gap", "", "", better="lower", empty="distance", unit="length", high=INF,
        formula=lambda counts: np.zeros(len(counts)),
    )  # fmt: skip
    truth = {"a": FULL, "b": np.ones((3, 4), int)}
    found = {"a": NONE, "b": np.ones((3, 4), int)}
    for missing, expected in ((None, 0.0), ("worst", np.hypot(2.0, 4.0) / 2), (7, 3.5)):
        report = segmentation(
            truth=truth, found=found, metrics=[distance], missing=missing, spacing=(2.0, 1.0)
        )
        assert report.table["value"].tolist() == [INF, 0.0]
        assert report.table["unit"].tolist() == ["mm", "mm"]
        assert report.summary["gap"] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"empty": "medpi"}, r"no policy 'medpi'; did you mean 'medpy'\?; there are default, "),
        ({"missing": math.inf}, "missing = inf; wanted a finite number"),
        ({"missing": True}, "missing = True"),
        ({"missing": "best"}, "missing = 'best'; wanted a finite number"),
    ],
)
def test_wrong_policies(options, match):
    with pytest.raises(ValueError, match=match):
        values(metrics=["dice"], **options)


def test_wrong_answers():
    with pytest.raises(ValueError, match="answer for 'truth' is 'zero'; wanted a number or one of"):
        Answers("nan", "zero")
