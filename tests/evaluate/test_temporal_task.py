"""Temporal localization on the common runner: blocks, resuming, studies from bytes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from overlap.evaluate import PROTOCOLS, temporal, temporal_study
from overlap.evaluate._temporal.localization.measure import ambiguous_only
from overlap.evaluate._temporal.localization.task import TemporalTask
from overlap.evaluate.bootstrap import Bootstrap
from overlap.evaluate.parts import pack, unpack
from overlap.evaluate.runner import report_of
from overlap.io import as_segments

from .helpers import frames, random_scene


def dated(table):
    """Seconds as times of a day that is another one in each video."""
    day = table["video"].map({name: k for k, name in enumerate(sorted(set(table["video"])))})
    start = pd.Timestamp("2024-01-01") + pd.to_timedelta(day, "D")
    return table.assign(**{x: start + pd.to_timedelta(table[x], "s") for x in ("start", "stop")})


@pytest.mark.parametrize("name", PROTOCOLS)
@pytest.mark.parametrize("times", [False, True])
def test_any_number_of_blocks_gives_the_same_bytes(name, times):
    protocol = PROTOCOLS[name].with_fields(thresholds=(0.1, 0.5))
    for seed, ties in ((0, "official"), (1, "stable"), (2, "expected")):
        truth, found = frames(*random_scene(seed, ambiguous=True))
        ambiguous = frames([("v1", "Ambiguous", 0.0, 3.0), ("gone", "Ambiguous", 1.0, 2.0)], [])[0]
        if times:
            truth, found, ambiguous = dated(truth), dated(found), dated(ambiguous)
        tables = {
            "truth": as_segments(truth, role="truth"),
            "found": as_segments(found, role="found"),
        }
        if protocol.ambiguous_rows == "ignore":
            tables["ambiguous"] = ambiguous_only(ambiguous, protocol)
        task = TemporalTask(protocol, ties)
        reports = []
        for pieces in (1, 2, 3, 64):
            given = task.items(pieces, **tables)
            parts = {
                key: unpack(pack(task.measure(key, item)), task.records)
                for key, item in reversed(given.items.items())
            }
            assert all(task.holds(key, parts[key], item) for key, item in given.items.items())
            reports.append(report_of(task, parts, given.about, Bootstrap(50)))
        assert len(parts) > 3
        first = reports[0]
        for report in reports[1:]:
            assert report.to_json() == first.to_json()
            assert report.methods() == first.methods()
            pd.testing.assert_frame_equal(report.matches, first.matches, check_exact=True)


def noted(report, text):
    return any(text in note for note in report.settings["notes"])


@pytest.mark.parametrize("protocol", ["opentad", "thumos14", "all"])
def test_an_interrupted_run_continues(protocol, tmp_path):
    truth, found = frames(*random_scene(3))
    options = {"protocol": protocol, "resume": tmp_path / "kept"}
    plain = temporal(truth=truth, found=found, protocol=protocol)
    first = temporal(truth=truth, found=found, **options)
    assert first.to_dict() == plain.to_dict()
    again = temporal(truth=truth, found=found, workers=2, **options)
    assert again.summary_items() == plain.summary_items()
    assert noted(again, "blocks of videos were measured by an earlier run")
    other = temporal(truth=truth, found=found, ties="stable", **options)
    assert noted(other, "blocks of videos were measured by an earlier run")
    moved = found.assign(stop=np.where(found["video"] == found["video"][0], 99.0, found["stop"]))
    changed = temporal(truth=truth, found=moved, **options)
    assert (
        changed.summary_items()
        == temporal(truth=truth, found=moved, protocol=protocol).summary_items()
    )
    assert noted(changed, "1 blocks of videos of the earlier run have changed since")


def test_studies_of_any_shards_and_order_have_the_same_bytes():
    truth, found = frames(*random_scene(5))
    names = sorted({*truth["video"], *found["video"]})

    def of(video):
        return {"truth": truth[truth["video"] == video], "found": found[found["video"] == video]}

    def study():
        return temporal_study(protocol="thumos14", iou=[0.1, 0.5], bootstrap=50)

    whole = study()
    for name in names:
        whole.update(name, **of(name))
    expected = whole.compute().to_json()
    rng = np.random.default_rng(0)
    for _ in range(3):
        shards = [study() for _ in range(3)]
        for name in rng.permutation(names).tolist():
            shards[rng.integers(3)].update(name, **of(name))
        first, second, third = shards
        assert first.merge(second).from_bytes(third.to_bytes()).compute().to_json() == expected
    with pytest.raises(ValueError, match="measured by other rules: order"):
        temporal_study(protocol="opentad", iou=[0.1, 0.5]).from_bytes(whole.to_bytes())
