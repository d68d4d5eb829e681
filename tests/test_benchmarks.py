"""Every benchmark runs, and agrees with its peers, at a tiny size. Nothing is timed."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from benchmarks.growth import JOBS  # noqa: E402
from benchmarks.page import growth_table, page, race_table  # noqa: E402
from benchmarks.plot import draw  # noqa: E402
from benchmarks.results import Growth, Results, Section  # noqa: E402
from benchmarks.sections import SECTIONS, chosen, workloads  # noqa: E402
from benchmarks.workload import Case, Result, Timing, Workload, prepare, race  # noqa: E402

MODULES = sorted(
    path.stem for path in (ROOT / "benchmarks").glob("test_*.py") if path.stem != "test_cold_start"
)
WORKLOADS = [
    workload
    for module in MODULES
    for workload in importlib.import_module(f"benchmarks.{module}").WORKLOADS
]


def tiny(count: int) -> int:
    return max(count // 1000, 12)


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload.name)
def test_every_workload_agrees_with_its_peers(workload):
    case = workload.build(tiny)
    if case.floor is not None:
        case.floor()
    if not case.peers:
        assert case.ours() is not None
        return
    calls, _, missing = prepare(case)
    assert set(calls) | set(missing) == set(case.peers)
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")


def test_whole_processes_are_measured(tmp_path):
    from benchmarks import commands, detection_peers

    seconds, numba = commands.import_package()
    assert seconds > 0.0
    assert not numba
    taken, found = commands.join_memory(20_000, huge=20)
    assert found > 400_000
    assert taken > 8 * found
    paths = detection_peers.box_files(tmp_path, 36, 40)
    assert commands.detection_memory("overlap", paths, "bbox") > 2e7


@pytest.mark.parametrize("job", JOBS.values(), ids=JOBS)
def test_every_job_that_grows_runs(job):
    result = job.build(24)()
    assert job.count(result, 24) > 0


def test_every_module_has_its_section_of_the_page():
    others = {"growth", "processes"}
    assert sorted(f"test_{name}" for name in SECTIONS.keys() - others) == MODULES
    assert not any(workloads(name) for name in others)


def test_sections_are_chosen_by_how_they_begin():
    assert chosen([]) == list(SECTIONS)
    assert chosen(["rot", "pairs"]) == ["pairs", "rotated"]
    with pytest.raises(ValueError, match="no section begins with boxes; there are pairwise"):
        chosen(["boxes"])


def test_names_of_workloads_are_unique():
    names = [workload.name for workload in WORKLOADS]
    assert len(set(names)) == len(names)


def test_a_peer_that_disagrees_is_not_raced():
    def agree(ours, theirs):
        assert ours == theirs

    case = Case(lambda: 1, {"wrong": lambda: lambda: 2}, agree)
    with pytest.raises(AssertionError):
        prepare(case)


def test_a_peer_that_is_missing_is_listed():
    def missing():
        raise ImportError("no such program")

    workload = Workload("job", lambda count: Case(lambda: 1, {"peer": missing}))
    result = race(workload, seconds=0.0, least=2, most=5)
    assert result.missing == ("peer",)
    assert result.ours.rounds == 2
    assert not result.ranked()
    assert "peer not measured" in race_table([result])


PEERS = {"slow": Timing(2.0, 2.0, 9), "slower": Timing(9.0, 9.0, 9), "fast": Timing(1.0, 1.0, 9)}


def test_the_page_says_which_goals_are_missed():
    half = Timing(0.5, 0.25, 9)
    missed = Result("job", Timing(1.0, 0.5, 9), PEERS, goal=3.0)
    assert missed.ranked() == [("fast", 1.0), ("slow", 2.0), ("slower", 9.0)]
    assert "| fast **1** | 2 | 3, **missed** | slow 2, slower 9 |" in race_table([missed])
    assert "| fast **2** | 4 | 2, met |" in race_table([Result("job", half, PEERS, goal=2.0)])
    some = Result("job", half, PEERS, goal=3.0, against=("slow", "slower"))
    assert "| fast **2** | 4 | slow: 3, met |" in race_table([some])


@pytest.mark.parametrize(("within", "said"), [
    (None, "| 2 x copying |"), (1.5, "| 2 x copying; at most 1.5, **missed** |"),
    (2.5, "| 2 x copying; at most 2.5, met |"),
])  # fmt: skip
def test_a_limit_of_the_machine_has_its_column(within, said):
    floor = Timing(0.5, 0.5, 9)
    row = Result("job", Timing(1.0, 0.5, 9), floor=floor, limit="copying", within=within)
    assert said in race_table([row])


def test_growth_is_a_slope_of_logarithms(monkeypatch):
    from benchmarks import growth

    columns = {"sizes": [1, 10], "counts": [10, 1000], "seconds": [0.1, 1.0], "memory": [1, 5000],
               "given": [1, 3000], "kept": [1, 1000]}  # fmt: skip

    class Done:
        returncode, stdout = 0, json.dumps(columns)

    monkeypatch.setattr(growth.subprocess, "run", lambda *_, **__: Done)
    row = growth.measure("boxes")
    assert row.exponent == pytest.approx(0.5)
    assert (
        "| 1e0, 1e1 | 100 ms, 1 s | 0.50 | at most 1.1, met | pairs | 1 s | 5 kB | 3 kB | 1 kB |"
        in growth_table([row])
    )


def some_results() -> Results:
    one = Timing(1.0, 1.0, 9)
    race = Result("job < 2", Timing(1.5, 1.5, 9), PEERS, ("absent",), one, "x")
    growth = Growth("job", "box", (1, 10), (1, 10), (0.1, 2.0), (5, 50), 1.301, 1.1)
    return Results(
        {"Processor": "one"},
        [("bandwidth", "2 GB/s")],
        {
            "rotated": Section((race,), others=0.25),
            "growth": Section(growth=(growth,)),
            "processes": Section(facts=(("import", "1 s", "2 s"),)),
        },
    )


def test_results_are_kept_and_joined(tmp_path):
    results = some_results()
    results.write(tmp_path / "results.json")
    assert Results.read(tmp_path / "results.json") == results
    assert not Results.read(tmp_path / "none.json").sections
    results.check_machine({"Processor": "one"})
    with pytest.raises(ValueError, match=r"of another machine or of other versions \(Processor"):
        results.check_machine({"Processor": "two"})


def test_the_whole_page():
    text = page(some_results())
    for part in (
        "![3 ratios of times to ours", "overlap is the fastest in 0 of 1 jobs]",
        "## Rotated boxes", "fast **0.667**", "at most 1.1, **missed**", "| import | 1 s | 2 s |",
        "| bandwidth | 2 GB/s |", "0 to 25 %",
    ):  # fmt: skip
        assert part in text


def test_the_picture_has_a_dot_for_every_ratio():
    picture = ElementTree.fromstring(draw(some_results()))
    space = "{http://www.w3.org/2000/svg}"
    dots = picture.findall(f"{space}circle")
    assert [dot.get("class") for dot in dots] == ["behind", "ahead", "ahead"]
    places = [float(dot.get("cx", "")) for dot in dots]
    assert places == sorted(places)
    texts = [text.text for text in picture.findall(f"{space}text")]
    assert {"Rotated boxes", "fast", "slow", "slower"} <= set(texts)
    assert dots[0].findtext(f"{space}title") == "job < 2: 0.667"


def test_the_page_is_that_of_the_kept_results():
    kept = Results.read()
    docs = ROOT / "docs"
    assert (docs / "about" / "benchmarks.md").read_text(encoding="utf-8") == page(kept)
    assert (docs / "pictures" / "benchmarks.svg").read_text(encoding="utf-8") == draw(kept)
