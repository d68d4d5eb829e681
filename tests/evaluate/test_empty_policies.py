"""Policies for empty sets beside the programs of their names, and the direction of metrics."""

from __future__ import annotations

import math

import numpy as np
import pytest

import overlap as ov
from overlap.evaluate import EMPTY_POLICIES, METRICS, Answers, Empty, Metric, segmentation
from overlap.evaluate._segmentation.empties import SITUATIONS, as_empty

INF, NAN, ERROR = math.inf, math.nan, "raises"

FULL = np.zeros((8, 8, 8), np.uint8)
FULL[2:6, 2:6, 2:6] = 1
NONE = np.zeros_like(FULL)
SIDES = {"both": (NONE, NONE), "truth": (NONE, FULL), "found": (FULL, NONE), "same": (FULL, FULL)}
NAMES = tuple(METRICS)

# What each program returns for two empty sets, an empty truth and nothing found; an error where it
# has one. Run by hand on these volumes with MetricsReloaded (cb38dfc), medpy 0.5.2, MONAI 1.6.1,
# torchmetrics 1.9.0, SimpleITK 2.5.7 (its largest float64 is infinity here), surface-distance
# (1f805ce), panoptica 2.1.7 and scikit-image 0.26.0. Specificity and the like are 1 or a formula.
MONAI = {
    "precision": (NAN, 0, NAN),
    "recall": (NAN, NAN, 0),
    "false_negative_error": (NAN, NAN, 1),  # miss rate
    "f_score": (NAN, 0, 0),
    "hd": (NAN, INF, INF),
    "hd95": (NAN, NAN, NAN),
    "assd": (NAN, INF, INF),
    "asd_found": (NAN, INF, INF),
    "nsd@1": (NAN, 0, 0),
    "specificity": (1, "formula", 1),
    "false_positive_error": (0, "formula", 0),  # fall out
}
PROGRAMS = {
    "metrics-reloaded": {
        "dice": (1, 0, 0),
        "iou": (NAN, 0, 0),
        "recall": (NAN, NAN, 0),
        "precision": (NAN, 0, 0),
        "f_score": (1, 0, 0),
        "specificity": (1, "formula", 1),
        "false_positive_error": (0, "formula", 0),
        "relative_volume_difference_abs": (NAN, NAN, 1),
        "biou@2": (1, 0, 0),
        "nsd@1": (1, 0, 0),
        **dict.fromkeys(("hd", "hd95", "assd", "masd"), (0, NAN, NAN)),
    },
    "medpy": {
        "dice": (1, 0, 0),
        "iou": (1, 0, 0),
        "precision": (0, 0, 0),
        "recall": (0, 0, 0),
        "specificity": (1, "formula", 1),
        "relative_volume_difference": (ERROR, ERROR, -1),
        **dict.fromkeys(("hd", "hd95", "assd", "asd_found"), (ERROR, ERROR, ERROR)),
    },
    "monai": {"dice": (NAN, NAN, 0), "iou": (NAN, NAN, 0), **MONAI},
    "monai-keep-empty": {"dice": (1, 0, 0), "iou": (1, 0, 0), **MONAI},
    "torchmetrics": {
        "dice": (NAN, 0, 0),
        "precision": (0, 0, 0),
        "recall": (0, 0, 0),
        "f_score": (0, 0, 0),
        "specificity": (1, "formula", 1),
        "hd": (ERROR, INF, INF),
        "iou": (-1, 0, 0),
    },
    "simpleitk": {
        "dice": (0, 0, 0),
        "iou": (0, 0, 0),
        "volumetric_similarity_signed": (0, 2, -2),
        "false_negative_error": (0, INF, 1),
        "false_positive_error": (0, "formula", INF),
        "hd": (ERROR, ERROR, ERROR),
        "assd": (ERROR, ERROR, ERROR),
    },
    "surface-distance": {
        "dice": (NAN, 0, 0),
        "hd": (INF, INF, INF),
        "hd95": (INF, INF, INF),
        "asd_found": (NAN, INF, NAN),
        "asd_truth": (NAN, NAN, INF),
        "nsd@1": (NAN, 0, 0),
    },
    "panoptica": {
        "dice": (NAN, 0, 0),
        "iou": (NAN, 0, 0),
        "assd": (NAN, INF, INF),
        "relative_volume_difference": (NAN, NAN, NAN),
        "pq": (NAN, 0, 0),
        "sq": (NAN, 0, 0),
        "rq": (NAN, 0, 0),
        "instance_precision": (NAN, 0, NAN),
        "instance_recall": (NAN, NAN, 0),
        "hd": (ERROR, ERROR, ERROR),
        "hd95": (ERROR, ERROR, ERROR),
        "nsd@1": (ERROR, ERROR, ERROR),
    },
    "scikit-image": {"hd": (0, INF, INF)},
}
# where a policy does not answer as its program: -1 marks what torchmetrics leaves out of its mean,
# and an error for want of code is no convention
DEVIATIONS = {
    ("torchmetrics", "iou", "both"): NAN,
    ("torchmetrics", "hd", "both"): NAN,
    **{
        ("panoptica", metric, situation): value
        for metric, values in (
            ("hd", (NAN, INF, INF)), ("hd95", (NAN, INF, INF)), ("nsd@1", (NAN, 0, 0))
        )
        for situation, value in zip(("both", "truth", "found"), values, strict=True)
    },
}  # fmt: skip


def answers(policy, metrics=NAMES):
    """Value and situation by case and metric; an error where the policy has one."""
    truth, found = ({name: pair[k] for name, pair in SIDES.items()} for k in (0, 1))
    report = segmentation(
        truth=truth, found=found, labels=[1], metrics=metrics, empty=policy, spacing=(1.0, 1.0, 1.0)
    )
    assert report.summary["n_failed"] == 0
    table = {(row["case"], row["metric"]): (row["value"], row["empty"]) for row in report.rows()}
    policy = as_empty(policy)
    for case, metric in table:
        record = next(one for one in report.evidence.metrics if one.name == metric)
        if case != "same" and getattr(policy.answers(record), case) == "raise":
            assert math.isnan(table[case, metric][0])
            table[case, metric] = ERROR, case
    return {key: value for key, (value, _) in table.items()}


@pytest.mark.parametrize("name", PROGRAMS)
def test_answers_of_the_programs(name):
    expected = PROGRAMS[name]
    actual = answers(name, tuple(expected))
    plain = answers("default", tuple(expected))
    for metric, row in expected.items():
        for situation, wanted in zip(("both", "truth", "found"), row, strict=True):
            wanted = DEVIATIONS.get((name, metric, situation), wanted)
            if wanted == "formula":
                wanted = plain[situation, metric]
            assert actual[situation, metric] == pytest.approx(wanted, nan_ok=True), (
                metric, situation
            )  # fmt: skip


def test_every_program_is_held_beside_its_policy():
    assert {*PROGRAMS, "default"} == {*EMPTY_POLICIES}


# nothing found has no false voxels, so that these are right to be at their best
BLIND = {("specificity", "found"), ("false_positive_error", "found")}
# programs that give two empty sets the worst value of these
BOTH_WORST = {
    "medpy": {"precision", "recall"},
    "torchmetrics": {"precision", "recall", "f_score"},
    "surface-distance": {"hd", "hd95"},
    "simpleitk": {
        name for name, metric in METRICS.items()
        if metric.better == "higher" and metric.empty == "overlap"
    },
}  # fmt: skip


@pytest.mark.parametrize("name", EMPTY_POLICIES)
def test_what_is_wrong_is_never_the_best_and_what_is_right_never_the_worst(name):
    table = answers(name)
    checked = 0
    for metric in METRICS.values():
        if not metric.better:
            continue
        badness = {
            case: NAN if table[case, metric.name] == ERROR
            else float(metric.badness(np.array([table[case, metric.name]]))[0])
            for case in SIDES
        }  # fmt: skip
        assert badness["same"] == metric.badness(np.array([metric.best]))[0]
        for situation in ("truth", "found"):
            if not math.isnan(badness[situation]) and (metric.name, situation) not in BLIND:
                assert badness[situation] > badness["same"], (metric.name, situation)
                checked += 1
        if metric.name in BOTH_WORST.get(name, ()):
            assert badness["both"] > badness["same"]
        else:
            assert math.isnan(badness["both"]) or badness["both"] == badness["same"], metric.name
    assert checked > 20


@pytest.mark.parametrize("name", EMPTY_POLICIES)
def test_a_missed_structure_is_all_error(name):
    table = answers(name, ("recall", "false_negative_error"))
    assert table["found", "false_negative_error"] == 1.0 - table["found", "recall"] == 1.0
    assert table["same", "false_negative_error"] == 0.0


@pytest.mark.parametrize(
    ("better", "low", "high", "wanted"),
    [
        ("higher", 0.0, 1.0, [1.0, 0.0, 0.25]),
        ("lower", 0.0, 1.0, [0.0, 1.0, 0.75]),
        ("lower", 0.0, INF, [0.0, INF, INF]),
        ("lower", -1.0, 3.0, [-1.0, 3.0, 2.0]),
        ("zero", -2.0, 2.0, [0.0, 2.0, 1.5]),
    ],
)
def test_numbers_of_ratios_are_turned_for_errors(better, low, high, wanted):
    metric = Metric("mine", "", "", better=better, low=low, high=high)
    policy = Empty(overlap=Answers(1.0, 0.0, 0.25))
    values, _, _ = policy.apply(metric, np.full(3, NAN), np.array([1, 2, 3], np.int8))
    assert values.tolist() == wanted
    # what is said of one metric by name is meant for that metric
    named = Empty(metrics={"mine": Answers(1.0, 0.0, 0.25)})
    values, _, _ = named.apply(metric, np.full(3, NAN), np.array([1, 2, 3], np.int8))
    assert values.tolist() == [1.0, 0.0, 0.25]


def test_names_stand_for_all_of_their_kind():
    one = Answers(0.125, 0.125, 0.125)
    policy = Empty(metrics={"hd95": one, "nsd": one, "f_score": one, "tversky": one})
    metrics = ["hd99.5", "hd", "nsd@3mm", ov.f_score(beta=2), ov.tversky(alpha=0.3, beta=0.7)]
    truth, found = FULL, NONE
    report = segmentation(truth=truth, found=found, labels=[1], metrics=metrics, empty=policy,
                          spacing=(1.0,) * 3)  # fmt: skip
    assert report.table["value"].tolist() == [0.125, INF, 0.125, 0.125, 0.125]


def test_every_policy_answers_every_metric():
    for policy in EMPTY_POLICIES.values():
        for metric in METRICS.values():
            assert set(policy.answers(metric).listed()) == set(SITUATIONS[1:])


def lesions(*boxes):
    volume = np.zeros((40, 24, 24), np.uint8)
    for box in boxes:
        volume[tuple(slice(*ends) for ends in box)] = 1
    return volume


SMALL = ((4, 7), (4, 7), (4, 7))  # 27 mm^3: not counted
LARGE = ((20, 26), (4, 10), (4, 10))
AWAY = ((20, 26), (14, 20), (14, 20))
PART = ((20, 26), (4, 10), (4, 7))
# Dice, HD95 and what the policies call it; the numbers of the program of the challenge (commit
# 43c9052, BraTS-GLI, voxels of 1 mm^3), run by hand
BRATS = {
    "both empty": ((), (), 1.0, 0.0, "both"),
    "too small, nothing found": ((SMALL,), (), 1.0, 0.0, "both"),
    "too small, found": ((SMALL,), (SMALL,), 1.0, 0.0, "both"),
    "too small, and a false one": ((SMALL,), (AWAY,), 0.0, 374.0, "truth"),
    "empty truth, and a false one": ((), (AWAY,), 0.0, 374.0, "truth"),
    "missed": ((LARGE,), (), 0.0, 374.0, "found"),
    "the large one of two": ((LARGE, SMALL), (LARGE,), 1.0, 0.0, ""),
    "the small one of two": ((LARGE, SMALL), (SMALL,), 0.0, 374.0, "found"),
    "in part": ((LARGE,), (PART,), 2 / 3, 3.0, ""),
}


@pytest.mark.parametrize("policy", EMPTY_POLICIES)
def test_lesions_that_count_decide_under_every_policy(policy):
    truth = {name: lesions(*row[0]) for name, row in BRATS.items()}
    found = {name: lesions(*row[1]) for name, row in BRATS.items()}
    report = segmentation(
        truth=truth, found=found, labels=[1], metrics=["lesion_dice", "lesion_hd95"], empty=policy,
        spacing=(1.0, 1.0, 1.0),
    )  # fmt: skip
    rows = {(row["case"], row["metric"]): row["value"] for row in report.rows()}
    for name, (_, _, dice, hd95, _) in BRATS.items():
        assert rows[name, "lesion_dice"] == pytest.approx(dice), name
        assert rows[name, "lesion_hd95"] == pytest.approx(hd95), name


def test_a_policy_of_lesions_looks_at_what_counts():
    truth = {name: lesions(*row[0]) for name, row in BRATS.items()}
    found = {name: lesions(*row[1]) for name, row in BRATS.items()}
    mine = Answers(both=-1.0, truth=-2.0, found=-3.0)
    policy = Empty(metrics={"lesion_dice": mine, "lesion_hd95": mine})
    report = segmentation(
        truth=truth, found=found, labels=[1], metrics=["lesion_dice", "lesion_hd95"], empty=policy,
        spacing=(1.0, 1.0, 1.0),
    )  # fmt: skip
    number = {"both": -1.0, "truth": -2.0, "found": -3.0}
    for row in report.rows():
        _, _, dice, hd95, situation = BRATS[row["case"]]
        formula = dice if row["metric"] == "lesion_dice" else hd95
        assert row["value"] == pytest.approx(number.get(situation, formula)), row["case"]
        assert row["empty"] == situation
