"""Fixtures that every part of the suite shares."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # a runner in the background ignores Ctrl-C, and so would the processes that tests interrupt
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of public data kept beside the checkout, or skip with a reason."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("DCOPT_SHARED_DATA", beside))
    if not folder.is_dir():
        pytest.skip(f"public data not found at {folder}; set DCOPT_SHARED_DATA")
    return folder
