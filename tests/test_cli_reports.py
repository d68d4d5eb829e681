"""Every option of every command that writes reports: what they write can be compared and explained.

Options and choices are those of the commands themselves, so that a new one without an example
fails here.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import click
import numpy as np
import pytest

from overlap import cli
from overlap.io import sample_path

AMBIGUOUS = "video,start,stop,label\nsample_001,0,30,Ambiguous\nsample_002,5,9,Ambiguous\n"
TEMPORAL = ["truth.json", "found.json"]
FRAMES = ["frames_truth.json", "frames_found.json", "--protocol", "action_segmentation"]
SPEAKERS = ["truth.rttm", "found.rttm", "--protocol", "diarization"]
VOLUMES = ["volumes/truth", "volumes/found", "--labels", "1=organ,2=lesion,3=vessel"]
SOFT = ["soft/truth.npy", "soft/found.npy", "--metrics", "dice,iou"]
ARRAYS = ["soft/truth_labels.npy", "soft/found_labels.npy", "--metrics", "hd95,dice"]
ANGLES = ["found.csv", "truth.csv", "--levels", "favored", "--tolerance", "none"]
SCORED = ["peptide.pdb", "library"]
BOXES = ["boxes_truth.json", "boxes_found.json"]
LINES = ["lines/truth", "lines/found"]
YOLO = ["yolo/truth", "yolo/found"]
SPELLS = ["players.csv", "ball.csv", "spells.csv", "--fps", "10"]

#: Examples of values, with more words behind; None for all choices that the option has. Every
#: option of a command must be here.
SHARED_WORDS = {
    "--bootstrap": ["50"],
    "--seed": [("3", "--bootstrap", "50")],
    "--workers": ["2"],
    "--engine": [("threading", "--workers", "2")],
    "--address": [("ADDRESS", "--engine", "dask", "--workers", "2")],
    "--resume": ["kept"],
}
TEMPORAL_WORDS = {
    **SHARED_WORDS,
    "--sample": [()],
    "--protocol": ["activitynet", "opentad", "thumos14", "thumos14_updated", "all",
                   "proposals", "recall_kx", "moment_retrieval", "segments_f1"],
    "--subset": ["validation"],
    "--iou": ["0.3:0.7:0.1", "0.5", "0.123,0.5:0.9:0.2", "0.95,0.5"],
    "--labels": ["Diving,Surfing", "Surfing,Diving"],
    "--ambiguous": [
        ("ambiguous.csv", "--protocol", "thumos14"),
        ("ambiguous.csv", "--protocol", "all"),
    ],
    "--videos": ["keep.json", "sample_001,sample_002", ("keep.json", "--protocol", "all")],
    "--exclude": ["leave.txt"],
    "--names": [("prefix=v_", "--names", "map=renamed.csv"), "labels:case"],
    "--columns": ["label=label"],
    "--fps": ["25", "found:25", "rates.csv"],
    "--clip": [()],
    "--class-agnostic": [()],
    "--background": ["pour", "background,stir"],
    "--durations": [
        ("seconds.csv", "--protocol", "psds", "--set", "overlapping=sum"),
        ("seconds.csv", "--protocol", "sed_segment"),
        ("seconds.csv", "--diagnosis"),
    ],
    "--uem": ["scored.uem"],
    "--collar": ["0.5"],
    "--set": [
        ("recall_grid=octave", "--protocol", "thumos14"),
        ("recall_grid=0,0.5,1", "--protocol", "thumos14"),
        "union_floor=0.001", "comparison=>", "fallback=false", "duplicates=drop",
        "zero_length=drop", "thresholds=0.5", "ambiguous_label=Diving", "ambiguous_rows=ignore",
    ],
    "--diagnosis": [(), ("--bins", "activitynet")],
    "--nms": ["hard:0.5", "none,gaussian:0.5"],
    "--bins": [("length=0,10,inf", "--diagnosis")],
    "--ties": None,
    "--out": [("again.csv", "--out", "again.html"), ("again.html", "--protocol", "all")],
    "--plot": ["p.svg", ("p.svg", "--protocol", "all")],
    "--quiet": [()],
}  # fmt: skip
DETECTION_WORDS = {
    **SHARED_WORDS,
    "--sample": [()],
    "--protocol": ["voc2012", "openimages", "all"],
    "--iou": ["0.3:0.7:0.1", "0.5,0.75"],
    "--kind": ["boxes"],
    "--box-format": None,
    "--images": ["640x480"],
    "--classes": ["car,bus"],
    "--ties": None,
    "--mode": None,
    "--strata": ["weather.csv"],
    "--set": ["comparison=>", "thresholds=0.5", "max_detections=1,10"],
    "--confidence": [("0.5", "--points", "q.csv")],
    "--error-iou": [("0.75", "--errors", "e.csv")],
    "--picture": ["w.svg"],
    "--worst": [("2", "--out", "again.html")],
    "--points": ["p.csv"],
    "--confusions": ["c.csv"],
    "--errors": ["e.csv"],
    "--out": [("again.csv", "--out", "again.html"), ("again.html", "--protocol", "all")],
    "--plot": ["p.svg", ("p.svg", "--protocol", "all")],
    "--quiet": [()],
}  # fmt: skip
VOLUME_WORDS = {
    **SHARED_WORDS,
    "--sample": [()],
    "--labels": ["1=organ", "all=1+2+3", "2", "labels.csv"],
    "--metrics": ["dice", "hd95,assd,nsd@2mm", "pq,sq,rq", "biou,volume_difference"],
    "--ignore": [("3", "--labels", "1=organ,2=lesion")],
    "--strata": ["strata.csv"],
    "--empty": ["medpy", "monai-keep-empty"],
    "--missing": ["0.5", "worst", ("worst", "--metrics", "hd95,dice,volume_difference")],
    "--failed": None,
    "--soft": ["minmax", "squared"],
    "--scale": [("255", "--soft", "product")],
    "--instances": None,
    "--surface": ["monai", "medpy"],
    "--spacing": ["1,1,2"],
    "--tolerance": ["0.5"],
    "--reorient": [()],
    "--pattern": ["*.mha", "*.mha,*.mha"],
    "--interval": [("exact", "--bootstrap", "50")],
    "--out": [("again.csv", "--out", "again.html")],
    "--plot": ["p.svg"],
    "--picture": ["w.svg"],
    "--worst": [("2", "--out", "again.html")],
    "--images": [("volumes/truth", "--picture", "w.svg"), ("volumes/truth", "--out", "again.html")],
    "--quiet": [()],
}
ANGLE_WORDS = {
    **SHARED_WORDS,
    "--sample": [()],
    "--classify": [()],
    "--levels": ["allowed", "0.5:0.9:0.4", "0.123456789"],
    "--level-by": None,
    "--favored": ["0.05"],
    "--allowed": ["0.001", "general=0.002"],
    "--category": ["glycine"],
    "--kappa": ["80"],
    "--step": ["4"],
    "--mass": None,
    "--min-residues": ["100"],
    "--tolerance": ["none"],
    "--models": ["all", "1"],
    "--conformer": ["first", "highest", "all"],
    "--bond-limit": ["1.9"],
    "--cis-limit": ["80"],
    "--max-resolution": ["2"],
    "--max-b-factor": ["50"],
    "--min-occupancy": ["0.5"],
    "--unit": ["degrees", "A=degrees"],
    "--resample": [("residue", "--bootstrap", "50")],
    "--interval": [("basic", "--bootstrap", "50")],
    "--out": [("again.csv", "--out", "again.html")],
    "--plot": ["p.svg"],
    "--residues": ["r.csv"],
    "--geojson": ["g.geojson"],
    "--quiet": [()],
}
POSSESSION_WORDS = {
    **SHARED_WORDS,
    "--sample": [()],
    "--fps": ["25", "12.5"],
    "--score": ["iou", "Dice"],
    "--threshold": ["0.3"],
    "--release": ["0.2"],
    "--hold": ["0.2"],
    "--max-gap": ["0.3"],
    "--min-duration": ["0.4"],
    "--simultaneous": None,
    "--iou": ["0.3:0.7:0.2", "0.75"],
    "--out": [("again.csv", "--out", "again.html")],
    "--plot": ["p.svg"],
    "--quiet": [()],
}
COMPARE_WORDS = {
    "--metric": ["dice", "hd95"],
    "--label": ["organ", "lesion,organ"],
    "--common": [()],
    "--missing": ["none", "0.5", "worst"],
    "--allow": ["labels", "version,truth"],
    "--aggregate": None,
    "--resamples": ["60"],
    "--seed": ["4"],
    "--out": ["c.json"],
    "--plot": ["c.svg"],
    "--quiet": [()],
}
EXPLAIN_WORDS = {
    "--metric": ["mAP@0.50", "mAP tie low"],
    "--out": ["e.json", "e.csv", "e.html"],
    "--plot": ["e.svg"],
    "--quiet": [()],
}
WORDS = {
    "temporal": TEMPORAL_WORDS,
    "detection": DETECTION_WORDS,
    "segmentation": VOLUME_WORDS,
    "ramachandran": ANGLE_WORDS,
    "possession": POSSESSION_WORDS,
    "compare": COMPARE_WORDS,
    "explain": EXPLAIN_WORDS,
}
#: Options of the scoring of residues, which need structures and a library.
OF_RESIDUES = ("--classify", "--residues", "--models", "--conformer", "--bond-limit", "--cis-limit",
               "--max-resolution", "--max-b-factor", "--min-occupancy")  # fmt: skip
#: Settings that follow from the inputs, or only say how it was computed.
DERIVED = {"touched", "cases_in_means", "notes", "findings", "ignored_voxels", "inputs", "truth",
           "found", "failures", "contract", "tie_range", "versions"}  # fmt: skip


def options(command):
    return {p.opts[0]: p for p in cli.cli.commands[command].params if isinstance(p, click.Option)}


def examples(command):
    """Words of every example of every option; all choices of those that have some."""
    for name, option in options(command).items():
        values = WORDS[command].get(name, [])
        if values is None:
            values = getattr(option.type, "choices", ())
        for value in values:
            words = [value] if isinstance(value, str) else list(value)
            yield pytest.param(name, words, id=f"{name} {' '.join(words)}")


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inputs")
    for role in ("truth", "found"):
        shutil.copy(sample_path(f"temporal_{role}"), folder / f"{role}.json")
        shutil.copy(sample_path(f"angles_{role}"), folder / f"{role}.csv")
        shutil.copytree(sample_path(f"volumes_{role}"), folder / "volumes" / role)
    for role, name in (("players", "players"), ("ball", "ball"), ("truth", "spells")):
        shutil.copy(sample_path(f"possession_{role}"), folder / f"{name}.csv")
    head, rest = sample_path("peptide").read_text().split("\n", 1)
    resolution = "REMARK   2 RESOLUTION.    1.50 ANGSTROMS."
    (folder / "peptide.pdb").write_text("\n".join([head, resolution, rest]))
    for role, end in (("truth", ""), ("found", " 0.9")):
        shutil.copy(sample_path(f"detection_{role}"), folder / f"boxes_{role}.json")
        for form in ("lines", "yolo"):
            (folder / form / role).mkdir(parents=True)
        for k in range(3):
            words = f"car{end} {10 + k} 10 50 40\ncar{end} 70 {60 + k} 90 80\n"
            (folder / "lines" / role / f"{k}.txt").write_text(words)
            (folder / "yolo" / role / f"{k}.txt").write_text(f"0 0.5 0.5 0.2 0.{2 + k}{end}\n")
    days = [f"{k},{'rain' if k % 3 else 'sun'}\n" for k in range(1, 41)]
    (folder / "weather.csv").write_text("image,weather\n" + "".join(days))
    (folder / "soft").mkdir()
    rng = np.random.default_rng(0)
    for role in ("truth", "found"):
        np.save(folder / "soft" / f"{role}.npy", rng.random((3, 4, 5)))
        np.save(folder / "soft" / f"{role}_labels.npy", rng.integers(0, 2, (3, 4, 5)))
    (folder / "ambiguous.csv").write_text(AMBIGUOUS)
    (folder / "keep.json").write_text(json.dumps([f"sample_{k:03}" for k in range(9)]))
    (folder / "leave.txt").write_text("sample_000\nsample_003\n")
    (folder / "seconds.csv").write_text("".join(f"sample_{k:03},300\n" for k in range(60)))
    for role, labels in (("truth", "bbppss"), ("found", "bpppsb")):
        names = {"b": "background", "p": "pour", "s": "stir"}
        frames = {f"video {k}": [names[x] for x in k * labels] for k in range(1, 7)}
        (folder / f"frames_{role}.json").write_text(json.dumps(frames))
    for role, turns in (("truth", "0 8 8 9"), ("found", "1 8 9 7")):
        numbers = iter(turns.split())
        lines = [f"SPEAKER r 1 {a} {b} <NA> <NA> {x} <NA> <NA>\n"
                 for x, a, b in zip("ab", numbers, numbers, strict=False)]  # fmt: skip
        (folder / f"{role}.rttm").write_text("".join(lines))
    (folder / "scored.uem").write_text("r 1 0 15\n")
    (folder / "renamed.csv").write_text("Diving,Dive\nSurfing,Surf\n")
    rates = [f"sample_{k:03},{25 + k % 2}\n" for k in range(40)]
    (folder / "rates.csv").write_text("video,fps\n" + "".join(rates) + "sample_unknown,25\n")
    (folder / "labels.csv").write_text("id,name\n1,organ\n2,lesion\n3,vessel\n")
    cases = sorted(path.name.partition(".")[0] for path in (folder / "volumes/truth").iterdir())
    (folder / "strata.csv").write_text("case,site\n" + "".join(f"{c},x\n" for c in cases))
    (folder / "library").mkdir()
    rank = [f"{x} {y} {((x + y) % 360 + 1) / 361}" for x in range(-175, 180, 10)
            for y in range(-175, 180, 10)]  # fmt: skip
    head = ["# x1: -180 180 36 true", "# x2: -180 180 36 true"]
    for name in ("general", "gly-sym", "cispro", "transpro", "prepro", "ileval"):
        (folder / "library" / f"rama8000-{name}.data").write_text("\n".join([*head, *rank]) + "\n")
    return folder


@pytest.fixture(scope="module")
def address():
    """Address of a cluster in this process."""
    distributed = pytest.importorskip("dask.distributed")
    with distributed.LocalCluster(1, processes=False, dashboard_address=":0") as cluster:
        yield cluster.scheduler_address


@pytest.fixture
def run(inputs, tmp_path, monkeypatch, capsys, request):
    shutil.copytree(inputs, tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")

    def call(*words):
        if "ADDRESS" in words:
            at = words.index("ADDRESS")
            words = [*words[:at], request.getfixturevalue("address"), *words[at + 1 :]]
        code = cli.main([str(word) for word in words])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.mark.parametrize("command", WORDS)
def test_every_option_has_an_example(command):
    assert set(options(command)) == set(WORDS[command])
    assert {param.values[0] for param in examples(command)} == set(WORDS[command])


def made(run, command, words):
    code, _, err = run(command, *words, "--out", "r.json")
    assert (code, err) == (0, ""), err
    return json.loads(Path("r.json").read_text())


@pytest.fixture(scope="module")
def known():
    """Reports that were made already, by command and words."""
    return {}


def once(known, run, command, words):
    """The report of a command without the option, which is the same in every test."""
    key = (command, *words)
    if key not in known:
        known[key] = made(run, command, words)
    return known[key]


def rules(report):
    return {name: value for name, value in report["settings"].items() if name not in DERIVED}


def with_option(base, name, words):
    """The words of a command, with an option in place of a default of the example."""
    if name == "--sample":
        return [name]
    if name in base:
        base = base[: base.index(name)] + base[base.index(name) + 2 :]
    for word in words[1:]:
        if word in base:
            base = base[: base.index(word)] + base[base.index(word) + 2 :]
    return [*base, name, *words]


@pytest.mark.parametrize(("name", "words"), list(examples("temporal")))
def test_temporal(known, run, name, words):
    bases = {"--background": FRAMES, "--uem": SPEAKERS, "--collar": SPEAKERS}
    base = bases.get(name, TEMPORAL)
    plain = once(known, run, "temporal", base)
    report = made(run, "temporal", with_option(base, name, words))
    assert report["table"] == plain["table"] or rules(report) != rules(plain)
    code, out, err = run("compare", "r.json", "r.json", "--resamples", "50")
    assert (code, err) == (0, "")
    assert "1: r.json = 2: r.json" in out
    code, out, err = run("explain", "r.json", "r.json")
    assert (code, err) == (0, "")
    assert len(out.splitlines()) == 2  # the number, and no step


@pytest.mark.parametrize(("name", "words"), list(examples("detection")))
def test_detection(known, run, name, words):
    base = {"--images": YOLO, "--box-format": LINES}.get(name, BOXES)
    report = made(run, "detection", with_option(base, name, words))
    if base is BOXES:
        plain = once(known, run, "detection", base)
        assert report["table"] == plain["table"] or rules(report) != rules(plain)
    code, out, err = run("compare", "r.json", "r.json", "--resamples", "50")
    assert (code, err) == (0, "")
    assert "1: r.json = 2: r.json" in out
    code, out, err = run("explain", "r.json", "r.json")
    assert (code, err) == (0, "")
    assert len(out.splitlines()) == 2  # the number, and no step


@pytest.mark.parametrize(("name", "words"), list(examples("segmentation")))
def test_segmentation(known, run, name, words):
    base = {"--soft": SOFT, "--scale": SOFT, "--spacing": ARRAYS}.get(name, VOLUMES)
    compared = name not in ("--soft", "--scale")  # without them, the volumes have no labels
    plain = once(known, run, "segmentation", base) if compared else {}
    report = made(run, "segmentation", with_option(base, name, words))
    if compared:
        assert report["table"] == plain["table"] or rules(report) != rules(plain)
    for metric, record in report["settings"]["metrics"].items():
        if record["better"]:
            words = ("compare", "r.json", "r.json", "--resamples", "50", "--metric", metric)
            code, out, err = run(*words)
            assert (code, err) == (0, "")
            assert "1: r.json = 2: r.json" in out or "undefined" in out
    code, out, err = run("explain", "r.json", "r.json")
    assert code == 2
    assert "is a report of numbers per case" in err


@pytest.mark.parametrize(("name", "words"), list(examples("ramachandran")))
@pytest.mark.slow  # one report for every option
def test_ramachandran(known, run, name, words):
    base = SCORED if name in OF_RESIDUES else ANGLES
    plain = once(known, run, "ramachandran", base)
    report = made(run, "ramachandran", with_option(base, name, words))
    rules_of_reading = [one["settings"]["found"] for one in (report, plain)]
    assert (
        report["table"] == plain["table"]
        or rules(report) != rules(plain)
        or rules_of_reading[0] != rules_of_reading[1]
    )
    for command in ("compare", "explain"):
        code, out, err = run(command, "r.json", "r.json")
        assert (code, out) == (2, "")
        assert "r.json: is on backbone angles. What is drawn for its intervals" in err


@pytest.mark.parametrize(("name", "words"), list(examples("possession")))
def test_possession(known, run, name, words):
    plain = once(known, run, "possession", SPELLS)
    report = made(run, "possession", with_option(SPELLS, name, words))
    assert report["table"] == plain["table"] or rules(report) != rules(plain)
    code, out, err = run("compare", "r.json", "r.json", "--resamples", "50")
    assert (code, err) == (0, "")
    assert "1: r.json = 2: r.json" in out
    code, _, err = run("explain", "r.json", "r.json")
    assert code == 2
    assert "is a report of numbers per player" in err


@pytest.mark.parametrize(("name", "words"), list(examples("compare")))
def test_compare(run, name, words):
    made(run, "segmentation", [*VOLUMES, "--metrics", "dice,hd95"])
    code, _, err = run("compare", "r.json", "r.json", "--resamples", "50", name, *words)
    assert (code, err) == (0, "")


@pytest.mark.parametrize(("name", "words"), list(examples("explain")))
def test_explain(run, name, words):
    made(run, "temporal", TEMPORAL)
    code, _, err = run("explain", "r.json", "r.json", name, *words)
    assert (code, err) == (0, "")


#: Options that no output uses, or that the protocol or the input does not hear.
IDLE = {
    "detection": [
        (BOXES, "--confidence 0.5", "changes nothing without --points or --confusions"),
        (BOXES, "--confidence nan --points p.csv", "--confidence nan: wanted a finite number"),
        (BOXES, "--confidence 50 --points p.csv", "is above every confidence; the largest is 0.99"),
        (BOXES, "--error-iou 0.75", "--error-iou changes nothing without"),
        (BOXES, "--error-iou 75 --errors e.csv", "--error-iou 75: wanted an IoU above 0, up to 1"),
        (BOXES, "--error-iou nan --errors e.csv", "--error-iou nan: wanted an IoU above 0"),
        (BOXES, "--worst 2", "--worst changes nothing without a page"),
        (BOXES, "--worst 2 --out w.html --protocol all", "--worst needs one protocol, not all"),
    ],
    "segmentation": [
        (VOLUMES, "--worst 2 --picture w.svg", "--worst changes nothing without a page"),
        (VOLUMES, "--images volumes/truth", "--images changes nothing without --picture or a page"),
    ],
    "temporal": [
        (SPEAKERS, "--columns start=t0", "and RTTM has the same columns always; for the other"),
        (TEMPORAL, "--protocol sed_event --durations seconds.csv",
         "durations (--durations) changes no number of the protocol sed_event"),
        (["events", "found.json"], "--columns start=t0", "0.txt: columns names 't0' for start"),
        (["frame_folder", "found.json"], "--columns start=t0", "labels of frames have no columns"),
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("command", "base", "words", "said"),
    [(command, *one) for command, some in IDLE.items() for one in some],
)
def test_options_that_change_nothing_are_refused(run, command, base, words, said):
    Path("events").mkdir()
    Path("events/0.txt").write_text("0.0 1.0 dog\n2.0 3.0 dog\n")
    Path("frame_folder").mkdir()
    Path("frame_folder/v.txt").write_text("dog\ndog\ncat\n")
    code, out, err = run(command, *base, *words.split())
    assert (code, out) == (2, "")
    assert said in err
