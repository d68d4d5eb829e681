"""Names that users give go through every output unharmed, and harm none."""

from __future__ import annotations

import csv
import html
import json
import re
import unicodedata

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from overlap import cli, evaluate
from overlap.plot.figures import caption, legend_entry

NAMES = [
    "win $$",
    "$x_1$",
    "$\\frac{1$",
    "_hidden",
    "a\"b'c",
    "<b>bold</b> & more",
    "two\nlines",
    "=cmd|' /C calc'!A0",
    "@sum",
    "-1+2",
    "\x1b[2J\x07",
    unicodedata.normalize("NFC", "café"),
    unicodedata.normalize("NFD", "café"),
    "\u202egnp.exe",
    "שלום",
    "跳水",
    "\udcff.mp4",
]
CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\udc80-\udcff]")
pytestmark = pytest.mark.filterwarnings("ignore:Glyph")


@pytest.fixture
def report():
    """Every name is a class and a video."""
    names = pd.Series(NAMES, dtype=object)  # strings of Arrow are UTF-8
    truth = pd.DataFrame({"video": names, "label": names, "start": 0.0, "stop": 4.0})
    return evaluate.temporal(truth=truth, found=truth.assign(score=0.5, stop=3.0), bootstrap=50)


def segmentation(names=NAMES):
    grid = np.zeros((len(names), 8), dtype=np.uint8)
    grid[:, :4] = np.arange(1, len(names) + 1)[:, None]
    labels = {name: k + 1 for k, name in enumerate(names)}
    cases = {name: grid for name in names}
    return evaluate.segmentation(truth=cases, found=cases, labels=labels, metrics="dice")


@pytest.mark.parametrize("make", ["temporal", "segmentation"])
def test_every_output(make, request, tmp_path):
    report = request.getfixturevalue("report") if make == "temporal" else segmentation()
    column = "class" if make == "temporal" else "label"
    report.to_json(tmp_path / "x.json")
    content = json.loads((tmp_path / "x.json").read_text())
    assert set(NAMES) <= {row[column] for row in content["table"]}

    report.to_csv(tmp_path / "x.csv")
    with open(tmp_path / "x.csv", newline="", encoding="utf-8") as file:
        cells = {row[column] for row in csv.DictReader(file)}
    assert not any(cell.startswith(("=", "+", "@", "-1+")) for cell in cells)
    for name in NAMES:
        assert {name, f"'{name}", name.replace("\udcff", "\\udcff")} & cells

    report.to_html(tmp_path / "x.html")
    page = (tmp_path / "x.html").read_text()
    assert not CONTROLS.search(page)
    assert "<b>bold" not in page
    assert "<b>bold</b> & more" in html.unescape(page)
    assert "\\x1b[2J" in page

    for suffix in ("png", "svg", "pdf"):
        report.plot(tmp_path / f"x.{suffix}")
        assert (tmp_path / f"x.{suffix}").stat().st_size > 1000
    assert not CONTROLS.search((tmp_path / "x.svg").read_text())


def test_screen_shows_no_controls(tmp_path, capsys):
    rows = {
        f"v{k}": {"annotations": [{"segment": [0, 4], "label": name}]}
        for k, name in enumerate(NAMES)
    }
    truth, found = tmp_path / "truth.json", tmp_path / "found\x1b[2J.json"
    truth.write_text(json.dumps(rows))
    found.write_text(
        json.dumps(
            {"results": {"\x1b[31mother": [{"segment": [0, 4], "label": "\x07x", "score": 1}]}}
        )
    )
    assert cli.main(["temporal", str(truth), str(found)]) == 0
    assert cli.main(["check", str(truth), str(found)]) == 0
    assert cli.main(["temporal", str(truth), str(tmp_path / "none\x1b[2J")]) == 2
    captured = capsys.readouterr()
    assert not CONTROLS.search(captured.out + captured.err)
    assert "\\x1b[31mother" in captured.out


@pytest.mark.parametrize("name", NAMES)
def test_captions_are_drawn_as_they_are(name):
    figure = Figure()
    ax = figure.subplots()
    ax.set_title(caption(name))
    ax.plot([0, 1], label=legend_entry(name))
    legend = ax.legend()
    figure.canvas.draw()
    assert [text.get_text() for text in legend.get_texts()] == [legend_entry(name)]
    text, is_formula = ax.title._preprocess_math(ax.title.get_text())
    assert not is_formula
    assert text == name or CONTROLS.search(name) or "\n" in name


def test_a_failing_output_does_not_stop_the_others(tmp_path, monkeypatch, capsys):
    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("overlap.evaluate.report.csv_text", fail)
    json_file, csv_file, picture = (tmp_path / f"x.{s}" for s in ("json", "csv", "png"))
    words = ["temporal", "--sample", "--out", csv_file, "--out", json_file, "--plot", picture]
    assert cli.main([str(word) for word in words]) == 2
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    assert f"{csv_file}: could not be written: [Errno 28] No space left" in captured.err
    assert "mAP %" in captured.out
    assert json_file.exists()
    assert picture.exists()
    assert not csv_file.exists()
