"""Pages run in an empty folder, where they can leave files, and have the files that they show."""

from __future__ import annotations

import re

import pytest

_FILE = re.compile(r"^```python\n(# (\w+\.py)\n.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(autouse=True)
def _folder_of_a_page(request, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    if request.node.path.suffix == ".md":
        monkeypatch.syspath_prepend(tmp_path)
        for text, name in _FILE.findall(request.node.path.read_text(encoding="utf-8")):
            (tmp_path / name).write_text(text, encoding="utf-8")
