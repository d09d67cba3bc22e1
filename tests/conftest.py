"""Fixtures that every part of the suite shares."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of public data kept beside the checkout, or skip with a reason."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("DCOPT_SHARED_DATA", beside))
    if not folder.is_dir():
        pytest.skip(f"public data not found at {folder}; set DCOPT_SHARED_DATA")
    return folder
