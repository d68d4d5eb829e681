"""Action segmentation: accuracy of frames, edit score and segmental F1."""

from __future__ import annotations

import json
import tarfile

import numpy as np
import pytest

from overlap import cli, evaluate
from overlap.io.frame_labels import as_frame_labels

NAMES = ("accuracy", "edit", "F1@10", "F1@25", "F1@50")


def scored(truth, found, **options):
    return evaluate.temporal(truth=truth, found=found, protocol="action_segmentation", **options)


# --------------------------------------------------------------------- a plain definition


def plain_segments(frames, background, cut):
    """Runs of equal labels, one frame after the other."""
    segments = []
    for k, label in enumerate(frames):
        if k and label == frames[k - 1]:
            segments[-1][2] = k + 1
        else:
            segments.append([label, k, k + 1])
    if cut:
        segments[-1][2] -= 1
    return [segment for segment in segments if segment[0] not in background]


def plain_distance(a, b):
    rows = [[max(i, j) if not i * j else 0 for j in range(len(b) + 1)] for i in range(len(a) + 1)]
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            rows[i][j] = min(
                rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + (a[i - 1] != b[j - 1])
            )
    return rows[-1][-1]


def plain_hits(truth, found, threshold):
    taken, right = set(), 0
    for label, start, stop in found:
        best, place = -1.0, None
        for k, (other, begin, end) in enumerate(truth):
            hull = max(stop, end) - min(start, begin)
            iou = (min(stop, end) - max(start, begin)) / hull if hull and other == label else 0.0
            if iou > best:
                best, place = iou, k
        if best >= threshold and place not in taken:
            taken.add(place)
            right += 1
    return right


def plain_numbers(truth, found, background=("background",), cut=False):
    right = frames = 0
    edits, counts = [], np.zeros((3, 3))
    for video, labels in truth.items():
        given = found[video]
        right += sum(a == b for a, b in zip(labels, given, strict=False))
        frames += len(labels)
        sides = [plain_segments(x, background, cut) for x in (labels, given)]
        if any(sides):
            names = [[label for label, _, _ in side] for side in sides]
            edits.append(1 - plain_distance(*names) / max(map(len, sides)))
        for k, threshold in enumerate((0.1, 0.25, 0.5)):
            counts[k] += plain_hits(*sides, threshold), len(sides[0]), len(sides[1])
    f1 = [2 * hit / (n + m) if n + m else np.nan for hit, n, m in counts]
    return [right / frames, np.mean(edits) if edits else np.nan, *f1]


def random_labels(seed):
    """Few videos with short runs of few labels; predictions like the truth, and longer."""
    rng = np.random.default_rng(seed)
    names = np.array(["background", "a", "b", "c"])[: rng.integers(1, 5)]
    truth, found = {}, {}
    for k in range(rng.integers(1, 4)):
        runs = rng.integers(1, 8)
        labels = np.repeat(rng.choice(names, runs), rng.integers(1, 9, runs))
        other = np.where(rng.random(len(labels)) < 0.25, rng.choice(names, len(labels)), labels)
        other = np.concatenate([np.roll(other, rng.integers(-2, 3)), other[: rng.integers(0, 3)]])
        truth[f"v{k}"], found[f"v{k}"] = labels.tolist(), other.tolist()
    return truth, found


@pytest.mark.parametrize(
    "seeds", [range(20), pytest.param(range(20, 220), marks=pytest.mark.slow)], ids=["few", "many"]
)
def test_numbers_are_those_of_the_definition(seeds):
    for seed in seeds:
        truth, found = random_labels(seed)
        for cut in (False, True):
            for background in (("background",), (), ("a", "b")):
                report = scored(
                    truth, found, background=background, last_frame="cut" if cut else "counted"
                )
                wanted = plain_numbers(truth, found, background, cut)
                np.testing.assert_allclose([x for _, x in report.items], wanted, atol=1e-13)


def test_the_last_frame_moves_the_iou():
    truth, found = {"v": ["a"] * 4 + ["b"] * 4}, {"v": ["a"] * 6 + ["b"] * 2}
    assert scored(truth, found).summary["F1@50"] == 1.0  # 4/6 and 2/4
    assert scored(truth, found, last_frame="cut").summary["F1@50"] == 0.5  # 4/6 and 1/3


def test_background_is_named_explicitly():
    truth = {"v": ["SIL", "SIL", "a", "a"]}
    assert scored(truth, truth).settings["notes"] == [
        "background 'background' is no label of these videos; every label makes segments"
    ]
    report = scored(truth, {"v": ["a"] * 4}, background="SIL,background")
    assert dict(report.items) == {
        "accuracy": 0.5, "edit": 1.0, "F1@10": 1.0, "F1@25": 1.0, "F1@50": 1.0
    }  # fmt: skip
    assert report.settings["protocol"] == "action_segmentation[background=SIL/background]"


def test_videos_without_predictions():
    truth = {"v": ["a"] * 4, "w": ["b"] * 4}
    report = scored(truth, {"v": ["a"] * 4})
    assert report.summary["accuracy"] == 0.5
    assert "1 of 2 videos of the truth has no predictions" in report.findings[0]
    report = scored(truth, {"v": ["a"] * 4}, missing="leave_out")
    assert report.summary["accuracy"] == 1.0
    assert not report.findings
    with pytest.raises(ValueError, match="has no video of the truth"):
        scored(truth, {"x": ["a"]}, missing="leave_out")


def test_nothing_is_zero_without_a_reason():
    report = scored({"v": ["a", "b"]}, {"v": ["0", "1"]})
    assert any("the predictions have the labels '0', '1'" in said for said in report.findings)


def test_folders_are_read(tmp_path, capsys, monkeypatch):
    truth, found = random_labels(3)
    for folder, side in (("truth", truth), ("found", found)):
        (tmp_path / folder).mkdir()
        for video, labels in side.items():
            text = "\n".join(labels) + "\n"
            name = f"{video}.txt"
            if folder == "found":
                text, name = "### Frame level recognition: ###\n" + " ".join(labels), video
            (tmp_path / folder / name).write_text(text)
    (tmp_path / "split.bundle").write_text("v0.txt\n")
    (tmp_path / "truth.json").write_text(json.dumps(truth))
    rows = [f"{video},{label}" for video, labels in truth.items() for label in labels]
    (tmp_path / "truth.csv").write_text("\n".join(["video,label", *rows]))
    monkeypatch.chdir(tmp_path)
    wanted = plain_numbers(truth, found, ("a",))
    for name in ("truth", "truth.json", "truth.csv"):
        words = [name, "found", "--protocol", "action_segmentation", "--background", "a"]
        assert cli.main(["temporal", *words, "--out", "r.json"]) == 0
        payload = json.loads((tmp_path / "r.json").read_text())
        np.testing.assert_allclose([payload["summary"][x] for x in NAMES], wanted)
        assert payload["settings"]["truth"]["sha256"]
    words = ["temporal", "truth", "found", "--protocol", "action_segmentation"]
    assert cli.main([*words, "--videos", "split.bundle", "--out", "r.json"]) == 0
    payload = json.loads((tmp_path / "r.json").read_text())
    assert payload["settings"]["videos"] == 1
    assert cli.main(["check", "truth", "found", "truth.json", "truth.csv"]) == 0
    assert capsys.readouterr().out.count("labels of frames") == 4


def test_ids_get_names(tmp_path):
    (tmp_path / "mapping.txt").write_text("0 pour\n1 take\n")
    report = scored(
        {"v": ["take", "pour"]}, {"v": ["1", "0"]}, names=[f"classes={tmp_path / 'mapping.txt'}"]
    )
    assert report.summary["accuracy"] == 1.0


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "the folder has no files of frame labels"),
        ({"v.txt": "a\n\nb\n"}, r"line 2: is empty; wanted a label"),
        ({"v.txt": "### labels ###\n"}, "has no labels below its first line"),
        ({"v.txt": "a\n", "v": "a\n"}, "has both v and v.txt"),
        ({"v.txt": b"\xff\n"}, "is not text in UTF-8"),
    ],
)
def test_bad_folders(files, message, tmp_path):
    for name, text in files.items():
        (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ValueError, match=message):
        as_frame_labels(tmp_path)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"v": "abc"}, "wanted a list with one label for each frame"),
        ({"v": []}, "video 'v' has no frame"),
        ({"v": ["a", 0.5]}, "frame 1: 0.5 is no label"),
        ({}, "has no video"),
    ],
)
def test_bad_mappings(source, message):
    with pytest.raises(ValueError, match=message):
        as_frame_labels(source)


def test_predictions_that_are_too_short():
    with pytest.raises(ValueError, match="video 'v' has 1 frames, and the truth 2"):
        scored({"v": ["a", "b"]}, {"v": ["a"]})


def test_a_study_gives_the_same_report():
    truth, found = random_labels(7)
    study = evaluate.temporal_study(protocol="action_segmentation")
    for video in reversed(truth):
        study.update(video, truth=truth[video], found=found[video])
    whole = scored(truth, found)
    assert study.compute().items == whole.items
    assert study.compute().settings["contract"] == whole.settings["contract"]


def test_the_page_and_other_parts_of_the_report(tmp_path):
    truth, found = random_labels(5)
    truth |= {f"w{k}": labels for k, labels in enumerate(truth.values())}
    found |= {f"w{k}": labels for k, labels in enumerate(found.values())}
    report = scored(truth, found, bootstrap=50, workers=1, resume=tmp_path / "parts")
    again = scored(truth, found, bootstrap=50, resume=tmp_path / "parts")
    assert report.items == again.items
    assert "Segments of the worst videos" in report.to_html()
    assert list(report.influence("F1@50")["item"].sort_values()) == sorted(truth)
    assert len(report.matches) == len(truth)


@pytest.mark.reference
def test_numbers_of_the_original_program(reference_data, tmp_path, monkeypatch):
    folder = reference_data / "temporal"
    with tarfile.open(folder / "action_segmentation" / "gtea_gt_splits_results.tar.gz") as file:
        file.extractall(tmp_path, filter="data")
    monkeypatch.chdir(tmp_path)
    known = json.loads((folder / "reference_action_segmentation.json").read_text())["runs"]
    for split in range(1, 5):
        words = ["data/gtea/groundTruth", f"results/gtea/split_{split}"]
        bundle = f"data/gtea/splits/test.split{split}.bundle"
        code = cli.main(["temporal", *words, "--protocol", "action_segmentation", "--background",
                         "background", "--videos", bundle, "--out", "r.json"])  # fmt: skip
        assert code == 0
        summary = json.loads((tmp_path / "r.json").read_text())["summary"]
        wanted = known[f"gtea_split{split}"]
        for name, key in zip(NAMES, ("Acc", "Edit", "F1@0.10", "F1@0.25", "F1@0.50"), strict=True):
            assert round(100 * summary[name], 4) == wanted[key]


def test_options_of_segments_are_refused():
    labels = {"v": ["a", "a", "b"]}
    with pytest.raises(ValueError, match="class_agnostic are for segments"):
        evaluate.temporal(
            truth=labels, found=labels, protocol="action_segmentation", class_agnostic=True
        )
