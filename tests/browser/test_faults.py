"""The checker finds each kind of fault on a page that has it, and none on a page without."""

from pathlib import Path

import pytest

from .chromium import PAPER, SCREENS, Fault, View

GOOD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>A good page</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ background: #fff; color: #111; line-height: 2; }}
@media screen and (prefers-color-scheme: dark) {{
  body {{ background: #111; color: #eee; }}
  a {{ color: #9cf; }}
}}
.wide {{ overflow-x: auto; }}
.long {{ width: 1400px; }}
.spoken {{ position: absolute; width: 1px; height: 1px; overflow: hidden; }}
@media print {{ .long {{ width: auto; }} }}
{style}
</style>
</head>
<body>
<main>
<h1>A good page</h1>
<p>See <a href="#last">the end</a><span class="spoken">of the page, which is short</span>.</p>
<div class="wide" tabindex="0" role="region" aria-label="wide"><p class="long">Wide.</p></div>
<img alt="a dot" src="data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==">
<svg role="img" aria-label="a line" width="90" height="20"><path id="p" d="M 0 9 H 90"/>
<use href="#p"/><text font-size="12" y="12">text</text></svg>
<details><summary id="last">More</summary>{body}</details>
</main>
</body>
</html>
"""


@pytest.fixture
def check(chromium, tmp_path):
    def faults(body="", style="", views=SCREENS[-1:], **options):
        page = tmp_path / "page.html"
        page.write_text(GOOD.format(body=body, style=style), "utf-8")
        return chromium.faults(page, views=views, **options)

    return faults


def test_good_page(check):
    assert check(views=(*SCREENS, PAPER)) == []


WIDE = '<p id="wide" style="width: 900px">wide</p>'
OUTLINE = '<g><!-- 0.5 --><g transform="translate(5 9) scale({})"><use href="#p"/></g></g>'
SVG = '<svg role="img" aria-label="a picture" width="90" height="20">{}</svg>'
EMBEDDED = (
    "<img alt='x' src='data:image/svg+xml,<svg xmlns=%22http://www.w3.org/2000/svg%22 "
    "viewBox=%220 0 90 20%22><text x=%22{x}%22 y=%2215%22 font-size=%2214%22>{text}</text></svg>'>"
)
DARK = View(1300, "dark")

#: A page's body and style, the view, and what must be said of it: kind, element, measure.
FAULTY = {
    "sticks out": (WIDE, "", SCREENS[-2], "overflow", "p#wide", "of 400 px"),
    "sticks out of a small window": (WIDE, "", SCREENS[-3], "overflow", "p#wide", "of 800 px"),
    "starts left of the window": (
        '<p style="margin-left: -3rem">left</p>', "", SCREENS[0], "cut text", "p", "starts at -",
    ),
    "console": (
        "<script>console.warn('beware')</script>", "", SCREENS[0], "console", "warning", "beware",
    ),
    "console error": (
        "<script>console.error('no')</script>", "", SCREENS[0], "console", "error", "no",
    ),
    "exception": ("<script>nothing()</script>", "", SCREENS[0], "console", "exception", "nothing"),
    "dialog": ("<script>alert(1)</script>", "", SCREENS[0], "console", "alert", "asks '1'"),
    "network": (
        '<script src="https://example.org/x.js"></script>', "", SCREENS[0],
        "network", "script", "https://example.org/x.js",
    ),
    "network of style": (
        "", "body { background: url(https://example.org/x.png) }", SCREENS[0],
        "network", "image", "https://example.org/x.png",
    ),
    "another file": (
        '<img alt="x" src="other.png">', "", SCREENS[0], "network", "image", "other.png",
    ),
    "preconnect": (
        '<link rel="preconnect" href="https://example.org">', "", SCREENS[0],
        "network", "link", "example.org",
    ),
    "contrast": (
        '<p style="color: #aaa; background: #fff">pale</p>', "", SCREENS[0],
        "axe color-contrast", "p", "insufficient color contrast",
    ),
    "contrast in the dark": (
        '<p class="pale">pale</p>',
        "@media (prefers-color-scheme: dark) { .pale { color: #333 } }", DARK,
        "axe color-contrast", ".pale", "insufficient color contrast",
    ),
    "contrast on paper": (
        '<p class="pale">pale</p>', "@media print { .pale { color: #ddd } }", PAPER,
        "axe color-contrast", ".pale", "insufficient color contrast",
    ),
    "heading is skipped": ("<h4>deep</h4>", "", SCREENS[0], "axe heading-order", "h4", "order"),
    "box that keys do not scroll": (
        '<div class="wide"><p class="long">' + "many words " * 30 + "</p></div>",
        ".long { white-space: nowrap }", SCREENS[0],
        "axe scrollable-region-focusable", "div", "focusable",
    ),
    "term without a name": (
        "<dl><dt id='none'></dt><dd>text</dd></dl>", "", SCREENS[0], "no text", "dt#none", "words",
    ),
    "small text": (
        '<p style="font-size: 9px">small</p>', "", SCREENS[0], "small text", "p", "9 px",
    ),
    "small text in a picture": (
        SVG.format('<g transform="scale(.5)"><text y="20" font-size="12">small</text></g>'), "",
        SCREENS[0], "small text", "svg", '"small" has 6 px',
    ),
    "small outlines": (
        SVG.format(OUTLINE.format("0.08 -0.08")), "", SCREENS[0], "small text", "svg",
        '"0.5" has 8 px',
    ),
    "small text in an image": (
        EMBEDDED.format(text="small", x=9), "img { width: 45px }", SCREENS[0],
        "small text", "img", '"small" has 7 px',
    ),
    "text cut by an image": (
        EMBEDDED.format(text="too long", x=60), "", SCREENS[0], "cut text", "img", '"too long"',
    ),
    "image without words": (
        '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==">',
        "", SCREENS[0], "no alternative text", "img", "alt",
    ),
    "picture without words": (
        '<svg role="img" width="9" height="9"></svg>', "", SCREENS[0],
        "no alternative text", "svg", "without title",
    ),
    "picture without a role": (
        '<svg width="9" height="9"><title>a</title></svg>', "", SCREENS[0],
        "no alternative text", "svg", "role=img",
    ),
    "broken picture": (
        '<img alt="x" src="data:image/png;base64,AAAA">', "", SCREENS[0],
        "broken picture", "img", "data:image/png",
    ),
    "link to nothing": (
        '<a href="#none">to it</a>', "", SCREENS[0], "link", "a", "there is no #none",
    ),
    "link to no file": ('<a href="no.csv">to it</a>', "", SCREENS[0], "link", "a", "/no.csv"),
    "part of a picture to nothing": (
        SVG.format('<path clip-path="url(#none)" d="M0 0H9"/>'), "", SCREENS[0],
        "link", "path", "there is no #none",
    ),
    "name twice": ('<p id="last">x</p>', "", SCREENS[0], "id", "p#last", "2 elements"),
    "not dark": (
        "", ":root body { background: #eee; color: #000 } :root a { color: #00f }", DARK,
        "not dark", "body", "0.93",
    ),
    "cut by a box": (
        '<p style="overflow: hidden; width: 50px; white-space: nowrap">too long for it</p>', "",
        SCREENS[0], "cut text", "p", "outside of its box",
    ),
    "cut by a picture": (
        SVG.format('<text font-size="14" x="60" y="12">too long</text>'), "", SCREENS[0],
        "cut text", "svg", '"too long" is ',
    ),
    "scrolls on paper": (
        '<div class="wide" tabindex="0"><p style="width: 900px; text-align: right">x</p></div>',
        "", PAPER, "cut text", "p", "outside of its box",
    ),
    "scrolls down on paper": (
        '<div style="height: 5rem; overflow: auto" tabindex="0">' + "<p>line</p>" * 9 + "</div>",
        "", PAPER, "cut text", "p", "texts are cut by",
    ),
    "wider than paper": (
        '<p style="width: 900px; text-align: right">x</p>', "", PAPER,
        "cut text", "p", "of 718 px",
    ),
}  # fmt: skip


#: What else is wrong with such a page.
ALSO = {
    "another file": ["broken picture"],
    "image without words": ["axe image-alt"],
    "picture without words": ["axe svg-img-alt"],
}


@pytest.mark.parametrize("name", FAULTY)
def test_fault_is_found(check, name):
    body, style, view, kind, element, measure = FAULTY[name]
    faults = check(body, style, [view])
    alike = [fault for fault in faults if fault.kind == kind]
    assert any(element in f.element and measure in f.measure for f in alike), faults
    assert {fault.kind for fault in faults} <= {kind, *ALSO.get(name, ())}


def test_files_of_the_folder_may_be_loaded(check, tmp_path):
    (tmp_path / "style.css").write_text("p { margin: 0 }")
    body = '<link rel="stylesheet" href="style.css">'
    assert check(body, folder=tmp_path) == []
    assert [fault.kind for fault in check(body)] == ["network"]


def test_fault_says_where():
    fault = Fault("a.html", View(400, "dark"), "overflow", "p", "ends at 900 px of 400 px")
    assert str(fault) == "a.html, 400 px, dark: overflow: p: ends at 900 px of 400 px"
    assert str(PAPER) == "718 px, print"


def test_picture(chromium, tmp_path):
    page = tmp_path / "page.html"
    page.write_text(GOOD.format(body="", style="body { height: 3000px }"), "utf-8")
    file = tmp_path / "page.png"
    chromium.picture(page, View(400), file)
    content = Path(file).read_bytes()
    width, height = (int.from_bytes(content[at : at + 4], "big") for at in (16, 20))
    assert width == 400
    assert height >= 3000
