"""``twin.nc``: the twin as NetCDF, read back exactly as it was."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import xarray as xr

_EMPTY = "__empty__"
"""Stands for an empty string attribute, which HDF5 cannot tell from none."""
_TIME_UNITS = "time_units"
_COMPRESS_FROM = 4096
"""Variables with at least so many values are compressed."""


def write_twin(twin: xr.Dataset, path: Path) -> None:
    """Write a twin as NetCDF 4."""
    stored = twin.copy(deep=False)
    stored.attrs = {key: _packed(value) for key, value in twin.attrs.items()}
    encoding: dict[str, dict[str, Any]] = {}
    for name, variable in stored.variables.items():
        variable.attrs = {key: _packed(value) for key, value in variable.attrs.items()}
        if variable.dtype.kind == "M":  # NetCDF keeps "seconds since …" under this name
            variable.attrs[_TIME_UNITS] = variable.attrs.pop("units", _EMPTY)
            encoding[str(name)] = {"units": "seconds since 1970-01-01", "dtype": "int64"}
        if variable.dtype.kind in "biuf" and variable.size >= _COMPRESS_FROM:
            encoding[str(name)] = {"zlib": True, "complevel": 1, "shuffle": True}
        if variable.dtype.kind == "f":
            encoding.setdefault(str(name), {})["_FillValue"] = None
    # on a full disk HDF5 fails in its own words, or with the process: so the bytes are written here
    path.write_bytes(stored.to_netcdf(None, engine="h5netcdf", encoding=encoding))


def read_twin(path: Path) -> xr.Dataset:
    """Read a twin into memory.

    Raises ``InputError`` when the file is missing or damaged.
    """
    import xarray as xr

    from optimiser.errors import InputError, Problem

    try:
        coder = xr.coders.CFDatetimeCoder(time_unit="s")
        with xr.open_dataset(
            path, engine="h5netcdf", mask_and_scale=False, decode_times=coder
        ) as opened:
            twin = opened.load()
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        problem = Problem(
            what=f"cannot be read as a twin: {str(error).splitlines()[0]}",
            file=str(path),
            remedy="make the plan again; the file is damaged",
        )
        raise InputError(problem) from None
    twin.attrs = {key: _unpacked(value) for key, value in twin.attrs.items()}
    for variable in twin.variables.values():
        variable.attrs = {key: _unpacked(value) for key, value in variable.attrs.items()}
        if _TIME_UNITS in variable.attrs:
            units = variable.attrs.pop(_TIME_UNITS)
            variable.attrs = {"units": units, **variable.attrs} if units else variable.attrs
        variable.encoding = {}
    return twin


def _packed(value: Any) -> Any:
    return _EMPTY if isinstance(value, str) and value == "" else value


def _unpacked(value: Any) -> Any:
    if isinstance(value, str) and value == _EMPTY:
        return ""
    return value.item() if isinstance(value, np.generic) else value
