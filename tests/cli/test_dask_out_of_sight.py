"""The command keeps Dask out of xarray's sight, unless xarray has looked for it already."""

from __future__ import annotations

import subprocess
import sys

import pytest

CALL = """
import sys
{before}
from optimiser.cli import main
sys.argv = ["dcopt", "--version"]
try:
    main()
except SystemExit:
    print("dask" in sys.modules and sys.modules["dask"] is None)
"""


@pytest.mark.parametrize(("before", "is_hidden"), [("", True), ("import xarray", False)])
def test_a_program_that_uses_xarray_keeps_its_dask(before: str, is_hidden: bool) -> None:
    """Whoever loads xarray before calling the command finds Dask as it was."""
    done = subprocess.run(
        [sys.executable, "-c", CALL.format(before=before)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == str(is_hidden)
