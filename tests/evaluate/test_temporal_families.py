"""What all families of temporal scoring share: every protocol at once, explanations, files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from overlap import cli, evaluate
from overlap.evaluate._temporal.families import family_of
from tests.golden import simulated

TURNS = [("a", 0.0, 5.0, "A"), ("a", 5.0, 4.0, "B"), ("b", 0.0, 5.0, "A")]


@pytest.fixture
def turns(tmp_path: Path) -> tuple[str, str]:
    files = []
    for name, later in (("truth", 0.0), ("found", 0.4)):
        lines = [
            f"SPEAKER {video} 1 {start} {length + later} <NA> <NA> {label} <NA> <NA>"
            for video, start, length, label in TURNS
        ]
        path = tmp_path / f"{name}.rttm"
        path.write_text("\n".join(lines) + "\n")
        files.append(str(path))
    return files[0], files[1]


def test_all_protocols_of_a_family_are_one_report(turns: tuple[str, str]) -> None:
    truth, found = turns
    every = evaluate.temporal(truth=truth, found=found, protocol="all:speakers")
    for name in ("diarization", "diarization_md_eval", "diarization_dscore"):
        alone = evaluate.temporal(truth=truth, found=found, protocol=name)
        assert every.summary[f"{name} DER"] == alone.summary["DER"]
    first = every.overview("").rows[0]
    assert first[0] == "DER"
    assert all(cell.endswith(" %") for cell in first[1:])
    assert every.influence("diarization DER")["item"].tolist() == ["a", "b"]
    assert every.methods().count("scored") == 3
    assert "diarization DER" in every.to_html()


def test_steps_between_protocols_of_a_family_add_up(turns: tuple[str, str]) -> None:
    truth, found = turns
    ends = [
        evaluate.temporal(truth=truth, found=found, protocol=name)
        for name in ("diarization", "diarization_md_eval")
    ]
    steps = evaluate.explain(*ends)
    gap = ends[1].summary["DER"] - ends[0].summary["DER"]
    assert steps.table["change"].sum() == pytest.approx(gap, abs=1e-12)
    fields = steps.table.set_index("field")["change"]
    assert fields["without_uem"] == pytest.approx(-0.8 / 14)
    spotted = evaluate.temporal(
        truth=[{"video": "a", "label": "x", "start": 0, "stop": 1}],
        found=[{"video": "a", "label": "x", "start": 0, "stop": 1, "score": 1}],
    )
    with pytest.raises(ValueError, match="report b has no metric 'DER'"):
        evaluate.explain(ends[0], spotted)


def test_reports_of_families_are_made_again_from_files(
    turns: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "some.uem").write_text("a 1 0.0 6.0\nb 1 0.0 5.0\n")
    names = [str(tmp_path / f"{k}.json") for k in range(3)]
    more = [["--uem", str(tmp_path / "some.uem")], ["--collar", "0.5"], []]
    for name, words in zip(names, more, strict=True):
        assert cli.main(["temporal", *turns, "--protocol", "diarization", *words, "--out", name,
                         "--quiet"]) == 0  # fmt: skip
    assert json.loads(Path(names[0]).read_text())["settings"]["options"] == {"uem": more[0][1]}
    for other in names[:2]:
        capsys.readouterr()
        assert cli.main(["explain", names[2], other]) == 0
        assert ("uem" if other == names[0] else "collar") in capsys.readouterr().out
    assert cli.main(["compare", names[2], names[2]]) == 0
    Path(turns[1]).write_text(Path(turns[1]).read_text().replace("5.4", "5.5"))
    assert cli.main(["explain", names[2], names[1]]) == 2
    assert "has changed since" in capsys.readouterr().err


#: Inputs of the families; all others take segments.
SIDES = {
    "frames": simulated.frame_sides,
    "moments": simulated.highlight_sides,
    "speakers": simulated.speaker_sides,
    "spotting": simulated.spotting_sides,
    "tubes": simulated.tube_sides,
}
#: A rule of each kind of protocol, with a choice of two.
CHANGED = ("comparison", "no_truth", "missing", "tolerance_width", "collar_width")
#: What protocols need, so that the inputs above fit.
NEEDED = {
    "spotting_tight": ["--set", "classes=truth"],
    "spotting_loose": ["--set", "classes=truth"],
    "spotting_e2e": ["--set", "fps=25"],
    **{name: ["--durations", "seconds.csv"] for name in ("psds", "psds1", "psds2")},
}


def written(path: Path, content: Any) -> str:
    """Write an input into a file of its form, and return its name."""
    if isinstance(content, pd.DataFrame):
        content.to_csv(path.with_suffix(".csv"), index=False)
        return f"{path}.csv"
    entries = content if isinstance(content, list) else [content]
    path.with_suffix(".json").write_text("\n".join(map(json.dumps, entries)) + "\n")
    return f"{path}.json"


def worse(found: Any) -> Any:
    """Return other predictions: every other row, fewer windows, or the labels of the next frame."""
    if isinstance(found, pd.DataFrame):
        return found.iloc[::2]
    if isinstance(found, list):
        return [{**row, "pred_relevant_windows": row["pred_relevant_windows"][:1]} for row in found]
    return {video: labels[1:] + labels[:1] for video, labels in found.items()}


@pytest.mark.parametrize("protocol", evaluate.TEMPORAL_PROTOCOLS)
def test_files_of_reports_are_explained_and_compared_from_another_folder(
    protocol: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    rules = evaluate.TEMPORAL_PROTOCOLS[protocol]
    truth, found = SIDES.get(family_of(protocol)[0], simulated.sound_sides)()
    if protocol == "tubes_grounding":  # one tube for each query
        truth, found = (side[side["tube"] == 0] for side in (truth, found))
    field = next(name for name in CHANGED if hasattr(rules, name))
    other = next(x for x in rules.choices[field] if x != getattr(rules, field))
    for folder in ("given", "made", "elsewhere"):
        (tmp_path / folder).mkdir()
    monkeypatch.chdir(tmp_path)
    given = Path("given")
    sides = written(given / "truth", truth), written(given / "found", found)
    fewer = written(given / "fewer", worse(found))
    Path("seconds.csv").write_text("".join(f"{name},50\n" for name in simulated.NAMES))
    common = ["--protocol", protocol, "--quiet", *NEEDED.get(protocol, [])]
    for name, words in {
        "first": sides,
        "fewer": (sides[0], fewer),
        "changed": (sides[0], fewer, "--set", f"{field}={other}"),
    }.items():
        assert cli.main(["temporal", *words, *common, "--out", f"made/{name}.json"]) == 0
    monkeypatch.chdir("elsewhere")
    reports = {name: f"../made/{name}.json" for name in ("first", "fewer", "changed")}
    assert cli.main(["explain", reports["first"], reports["changed"], "--out", "steps.json"]) == 0
    steps = json.loads(Path("steps.json").read_text())
    assert [row["field"] for row in steps["table"]] == ["(a)", field, "input"]
    numbers = {name: json.loads(Path(path).read_text())["summary"][steps["metric"]]
               for name, path in reports.items()}  # fmt: skip
    gap = sum(row["change"] for row in steps["table"])
    assert gap == pytest.approx(numbers["changed"] - numbers["first"], abs=1e-12)
    capsys.readouterr()
    words = ["--resamples", "50", "--out", "ranks.json"]
    assert cli.main(["compare", reports["first"], reports["fewer"], *words]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in ("first.json", "fewer.json"))


def test_files_of_rules_are_found_from_another_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    truth, found = simulated.sound_sides()
    monkeypatch.chdir(tmp_path)
    sides = written(tmp_path / "truth", truth), written(tmp_path / "found", found)
    Path("renamed.csv").write_text("cat,Cat\n")
    Path("keep.json").write_text('["a", "b"]')
    common = ["temporal", *sides, "--protocol", "recall_kx", "--quiet"]
    reading = ["--names", "map=renamed.csv", "--videos", "keep.json"]
    assert cli.main([*common, "--out", "all.json"]) == 0
    assert cli.main([*common, *reading, "--out", "some.json"]) == 0
    Path("elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    words = ["explain", "../all.json", "../some.json", "--out", "steps.json"]
    assert cli.main(words) == 0
    rows = json.loads(Path("steps.json").read_text())["table"]
    assert rows[1]["field"] == "reading"
    assert rows[1]["after"] == "videos keep.json, map=renamed.csv"
    Path("../keep.json").write_text('["a", "c"]')
    capsys.readouterr()
    assert cli.main(words) == 2
    assert "../some.json: its videos keep.json has changed since" in capsys.readouterr().err


def test_options_that_do_not_act_are_refused(turns: tuple[str, str]) -> None:
    truth, found = turns
    acting = {
        "activitynet": "iou, subset, ambiguous, ties, labels, nms, videos, exclude, names, columns",
        "recall_kx": "subset, videos, exclude, names, columns, fps, clip, class_agnostic",
        "diarization": "uem, videos, exclude, names, columns, fps, clip, class_agnostic",
        "sed_event": "durations, labels, videos",
        "spotting_tight": "labels, tolerances",
    }
    for name, words in acting.items():
        wrong = words.split(", ")[0] + "s"
        with pytest.raises(TypeError, match=f"no option or field '{wrong}'.* have {words}"):
            evaluate.temporal(truth=truth, found=found, protocol=name, **{wrong: 1})


def test_a_study_is_of_one_protocol() -> None:
    for name, first in (("all", "activitynet"), ("all:speakers", "diarization")):
        with pytest.raises(ValueError, match=f"there is no protocol '{name}'; known are {first}"):
            evaluate.temporal_study(protocol=name)


def test_classes_that_can_be_read_once_count_by_every_protocol() -> None:
    truth = {"video": ["a", "a"], "label": ["x", "y"], "start": [1.0, 2.0], "stop": [4.0, 4.0]}
    found = {**truth, "stop": [5.0, 5.0], "score": [1.0, 1.0]}
    sides = {"truth": truth, "found": found, "durations": {"a": 9.0}}
    once = evaluate.temporal(protocol="all:sounds", labels=iter(["x"]), **sides)
    listed = evaluate.temporal(protocol="all:sounds", labels=["x"], **sides)
    assert once.items == listed.items
    assert {row["class"] for row in once.table_rows} == {"x"}


def test_all_of_spotting_are_those_of_seconds() -> None:
    every = simulated.spotting("all:spotting", labels=("Corner", "Foul", "Goal"))
    names = ("spotting_tight", "spotting_loose")
    alone = [simulated.spotting(name, labels=("Corner", "Foul", "Goal")) for name in names]
    assert [every.summary[f"{name} a_mAP"] for name in names] == [
        report.summary["a_mAP"] for report in alone
    ]


def test_options_in_memory_are_not_in_files(turns: tuple[str, str], tmp_path: Path) -> None:
    truth, found = turns
    uem = object()
    with pytest.raises((TypeError, ValueError)):
        evaluate.temporal(truth=truth, found=found, protocol="diarization", uem=uem)
    given = evaluate.temporal(
        truth=truth, found=found, protocol="diarization", uem={"a": [(0.0, 6.0)]}
    )
    assert given.settings["options"] == {"uem": {"a": [[0.0, 6.0]]}}
