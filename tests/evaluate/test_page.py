"""The page of a report: order, escapes, links, terms and limits."""

from __future__ import annotations

import base64
import re

import pytest
from matplotlib.figure import Figure

from overlap.evaluate import temporal
from overlap.evaluate.page import Page, Picture, Section, input_name
from overlap.io import sample_path

NAME = "a <b>&'\"\x1b[1m\u202e"


def drawn() -> Figure:
    figure = Figure((4.6, 2.0))
    figure.subplots().plot([0, 1])
    return figure


def page(**given) -> str:
    parts = {
        "kind": "Words", "title": "found against truth", "headline": "dice 0.9", "results": (),
        "findings": (), "content": (), "notes": (), "methods": "", "terms": {}, "rows": (),
        "settings": {},
    }  # fmt: skip
    return Page(**(parts | given)).html()


def test_questions_are_answered_in_their_order():
    report = temporal(
        truth=sample_path("temporal_truth"), found=sample_path("temporal_found"), bootstrap=50
    )
    text = report.to_html()
    places = [
        text.index(words)
        for words in (
            "by the protocol activitynet",
            ">temporal_found.json against temporal_truth.json</h1>",
            "<strong>30.82 %</strong>",
            "Summary, %</h2>",
            "Precision against recall",
            "Classes, AP in %, the worst first</h2>",
            "<h2>Notes</h2>",
            "<h2>Methods</h2>",
            "<h2>Terms</h2>",
            "All numbers: 80 rows",
            "<summary>Settings",
        )
    ]
    assert places == sorted(places)
    assert "230 truths, 40 videos, 8 classes" in text


def test_names_are_text_and_not_markup():
    table = Section(NAME, ["case", NAME], [[NAME, "0.5"]], note=NAME)
    picture = Picture(NAME, drawn, NAME, NAME)
    text = page(
        title=NAME, headline=NAME, findings=[NAME], notes=[NAME], methods=NAME,
        content=[table, picture], terms={NAME: NAME}, rows=[{NAME: NAME}],
        settings={NAME: NAME},
    )  # fmt: skip
    assert "<b>" not in text
    assert not re.search("[\x1b\u202e]", text)


def test_every_term_that_is_linked_is_explained_and_no_other():
    table = Section("", ["case", "dice"], [["a", "0.5"]])
    text = page(content=[table], terms={"dice": "2 |A n B|", "hd95": "not on this page"})
    targets = set(re.findall('href="#([^"]+)"', text))
    assert targets == set(re.findall('<dt id="([^"]+)"', text)) != set()
    assert 'title="2 |A n B|"' in text
    assert "not on this page" not in text


def test_rows_link_to_their_pictures():
    table = Section("Worst", ["case", "dice"], [["a", "0.5"], ["b", "0.6"]], links=["shot-1", ""])
    text = page(content=[table, Picture("a", drawn, "case a", key="shot-1", photo=True)])
    assert '<a href="#shot-1">a</a>' in text
    assert '<figure id="shot-1" class="photo">' in text
    assert 'alt="case a"' in text


def test_pictures_are_inside_the_page_and_the_same_twice():
    pictures = [Picture("p", drawn, "a line"), Picture("q", drawn, "the same", photo=True)]
    text = page(content=pictures)
    svg, png = (base64.b64decode(data) for data in re.findall(r"base64,([^\"]+)", text))
    assert svg.startswith(b"<svg")
    assert b"<text" in svg
    assert png[:4] == b"\x89PNG"
    assert text == page(content=pictures)
    assert not re.search(r"(src|href)=\"(?!data:|#)", text)


def test_columns_of_numbers_are_on_the_right():
    table = Section("", ["n", "value", "why"], [["1", "0.5 (0.4 to 0.6)", "no file"],
                                                ["2", "undefined", ""]])  # fmt: skip
    assert table.numeric == (False, True, False)
    assert page(content=[table]).count('class="number') == 3


@pytest.mark.parametrize("count", [2000, 2001])
def test_of_very_many_rows_the_first_are_shown_and_it_is_said(count):
    text = page(rows=[{"n": k} for k in range(count)])
    assert text.count("<tr>") == 2001
    assert ("The first 2,000 of 2,001 rows" in text) == (count > 2000)


def test_inputs_without_a_name_are_called_by_their_role():
    assert input_name({"source": "C:\\runs\\model"}, "found") == "model"
    assert input_name({"source": "<DataFrame>"}, "truth") == "truth"
    assert input_name(None, "truth") == "truth"


def test_numbers_named_by_the_row_are_explained_too():
    text = page(content=[Section("Summary", ("", "value"), [["mean_iou", "0.5"]])],
                terms={"mean_iou": "Mean of the IoU."})  # fmt: skip
    assert 'title="Mean of the IoU."' in text
