"""The page of a report on detections: its head, tables and pictures."""

from __future__ import annotations

import pytest

from overlap.evaluate import detection

from .coco_sets import random_boxes


@pytest.fixture(scope="module")
def report():
    truth, found = random_boxes(7)
    return detection(truth=truth, found=found, bootstrap=60)


def table_of(report, title):
    return next(part for part in report.sections() if part.title == title)


def test_the_head_has_numbers_with_their_intervals_and_counts(report):
    summary = report.summary
    percent = {name: f"{100 * summary[name]:.2f}" for name in summary.index}
    assert report.kind() == "Detection by the protocol coco"
    assert report.headline() == f"coco: AP {percent['AP']} %"
    first, *others = report.results()
    assert (first.name, first.value) == ("AP", f"{percent['AP']} %")
    span = f"{percent['AP low']} to {percent['AP high']} (95 % interval)"
    truths, images = report.settings["truth"]["regions"], report.settings["truth"]["items"]
    assert first.note.startswith(f"{span}; ")
    assert first.note.endswith(f" classes; {truths} truths in {images} images")
    assert [result.name for result in others[:3]] == ["AP50", "AP75", "AP[small]"]
    small = sum(row["n_truth"] for row in report.rows() if row["area"] == "small") // 10
    assert 0 < small < truths
    assert others[2].note.endswith(f"; {small} truths in {images} images")  # at ten thresholds


def test_summary_and_classes_are_tables(report):
    summary = table_of(report, "Summary, %")
    assert list(summary.columns)[:3] == ["", "value", "95 % interval"]
    assert [row[0] for row in summary.rows] == [number.name for number in report.numbers]
    classes = table_of(report, "Classes, %, the worst first")
    at = list(classes.columns).index("AP")
    values = [float(row[at]) for row in classes.rows]
    assert values == sorted(values)
    assert len(set(values)) > 1
    mean = 100 * report.summary["AP"]
    assert sum(values) / len(values) == pytest.approx(mean, abs=0.01)


def test_curves_and_classes_are_pictures(report):
    curves, classes = report.pictures()[:2]
    assert f"AP {100 * report.summary['AP']:.2f} %" in curves.alt
    assert classes.title == "AP of each class at 0.50"
    assert [axes.get_title() for axes in classes.draw().axes]
