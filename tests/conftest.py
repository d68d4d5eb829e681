"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REFERENCE_DATA = "OVERLAP_REFERENCE_DATA"


@pytest.hookimpl(tryfirst=True)  # before tests are chosen by their markers
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test that reads the real data, so that none runs with the usual ones."""
    for item in items:
        if "reference_data" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.reference)


@pytest.fixture(scope="session")
def reference_data() -> Path:
    """Folder of real data named by the environment variable, or a counted skip."""
    value = os.environ.get(REFERENCE_DATA)
    if not value:
        pytest.skip(f"reference data: {REFERENCE_DATA} is not set")
    folder = Path(value).resolve()
    if not folder.is_dir():
        pytest.fail(f"{REFERENCE_DATA}={value} is not a folder")
    return folder
