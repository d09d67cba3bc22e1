"""The twin survives being stored."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from optimiser.errors import InputError
from optimiser.store.twin_file import read_twin, write_twin
from tests.instances.tiny import tiny


def test_a_tiny_twin_is_read_back_as_it_was(tmp_path: Path) -> None:
    """Every variable, coordinate and attribute of a built twin comes back."""
    _, twin, _ = tiny()
    write_twin(twin, tmp_path / "twin.nc")
    again = read_twin(tmp_path / "twin.nc")
    assert again.equals(twin)
    assert again.attrs == twin.attrs
    assert {k: v.attrs for k, v in again.variables.items()} == {
        k: v.attrs for k, v in twin.variables.items()
    }
    assert {k: v.dtype for k, v in again.data_vars.items()} == {
        k: v.dtype for k, v in twin.data_vars.items()
    }


def test_awkward_values_survive(tmp_path: Path) -> None:
    """NaN, infinity, −1, booleans, letters beyond ASCII, empty text and empty dimensions stay."""
    twin = xr.Dataset(
        {
            "limit": ("host", np.array([np.nan, np.inf]), {"units": "W", "long_name": "limit"}),
            "on": ("host", np.array([True, False]), {"units": "", "long_name": ""}),
            "rack": ("host", np.array([-1, 3], dtype=np.int32)),
            "rating": ("feed", np.zeros(0)),
            "big": ("step", np.arange(9000.0)),
        },
        coords={
            "host": np.array(["a", "Zürich-1"], dtype=object),
            "time": ("time", np.array(["2026-03-29T00:00"], dtype="datetime64[s]")),
        },
        attrs={"plant": "", "cards": json.dumps({"a": [1]}), "size": 3, "share": 0.5},
    )
    write_twin(twin, tmp_path / "twin.nc")
    again = read_twin(tmp_path / "twin.nc")
    assert again.identical(twin)
    assert again["rack"].dtype == np.int32
    assert again["on"].dtype == bool
    assert again["time"].values[0] == np.datetime64("2026-03-29T00:00")


def test_the_twin_that_is_stored_is_left_as_it_was(tmp_path: Path) -> None:
    """Storing changes nothing in memory."""
    _, twin, _ = tiny()
    before = twin.copy(deep=True)
    write_twin(twin, tmp_path / "twin.nc")
    assert twin.identical(before)


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    """A truncated file is an input error that names it."""
    path = tmp_path / "twin.nc"
    _, twin, _ = tiny()
    write_twin(twin, path)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(InputError, match=r"twin\.nc"):
        read_twin(path)


FULL = """
import resource, sys
from pathlib import Path
import numpy as np, xarray as xr
from optimiser.store.twin_file import write_twin
twin = xr.Dataset({"noise": ("x", np.random.default_rng(1).random(50_000))})
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
try:
    write_twin(twin, Path(sys.argv[1]))
except OSError as error:
    print(error.strerror)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs limits on the size of files")
@pytest.mark.parametrize("size", [1, 2_000, 94_292, 300_000])
def test_a_disk_that_is_full_is_an_error_of_the_file_system(tmp_path: Path, size: int) -> None:
    """Wherever in the file it happens it is told, and the process goes on and ends as others do."""
    line = [sys.executable, "-c", FULL, str(tmp_path / "twin.nc"), str(size)]
    home = Path(__file__).parents[2]
    done = subprocess.run(line, capture_output=True, text=True, check=True, cwd=home)
    assert done.stdout.strip() == "File too large"
    assert done.stderr == ""
