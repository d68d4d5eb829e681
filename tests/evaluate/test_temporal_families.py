"""What all families of temporal scoring share: every protocol at once, explanations, files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from overlap import cli, evaluate

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


def test_options_in_memory_are_not_in_files(turns: tuple[str, str], tmp_path: Path) -> None:
    truth, found = turns
    uem = object()
    with pytest.raises((TypeError, ValueError)):
        evaluate.temporal(truth=truth, found=found, protocol="diarization", uem=uem)
    given = evaluate.temporal(
        truth=truth, found=found, protocol="diarization", uem={"a": [(0.0, 6.0)]}
    )
    assert given.settings["options"] == {"uem": {"a": [[0.0, 6.0]]}}
