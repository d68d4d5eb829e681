"""Pages run in an empty folder, where they can leave files."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
