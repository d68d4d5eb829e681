"""Pages of the package have no fault in any view."""

import pytest

from overlap.evaluate import page as pages

from .pages import PAGES


def assert_good(chromium, path):
    faults = chromium.faults(path)
    lines = "\n".join(str(fault)[:400] for fault in faults[:30])
    assert not faults, f"{len(faults)} faults, of which the first are:\n{lines}"


@pytest.mark.parametrize("name", PAGES)
def test_page_has_no_faults(name, chromium, tmp_path):
    path = tmp_path / f"{name}.html"
    PAGES[name](tmp_path).to_html(path)
    assert_good(chromium, path)


def test_page_without_pictures_has_no_faults(chromium, tmp_path, monkeypatch):
    monkeypatch.setattr(pages, "find_spec", lambda _: None)  # as if matplotlib were missing
    path = tmp_path / "page.html"
    PAGES["temporal"](tmp_path).to_html(path)
    assert "matplotlib is not installed" in path.read_text("utf-8")
    assert_good(chromium, path)
