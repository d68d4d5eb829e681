"""No page that the package writes has a fault in any view."""

import pytest

from .pages import PAGES


@pytest.mark.parametrize("name", PAGES)
def test_page_has_no_faults(name, chromium, tmp_path):
    page = tmp_path / f"{name}.html"
    PAGES[name](tmp_path).to_html(page)
    faults = chromium.faults(page)
    lines = "\n".join(str(fault)[:400] for fault in faults[:30])
    assert not faults, f"{len(faults)} faults, of which the first are:\n{lines}"
