"""Collects variables with units before they become one Dataset."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr


class Variables:
    """A small builder, so that no variable enters the twin without units and a long name."""

    def __init__(self) -> None:
        self._data: dict[str, tuple[tuple[str, ...], np.ndarray, dict[str, str]]] = {}

    def add(
        self, name: str, dims: Sequence[str], values: Any, units: str = "", long_name: str = ""
    ) -> None:
        """Add one variable; a name equal to its only dimension becomes a coordinate."""
        array = np.asarray(values, dtype=object if _is_text(values) else None)
        if array.size == 0:
            array = array.reshape([self._size(dim, array) for dim in dims])
        self._data[name] = (tuple(dims), array, {"units": units, "long_name": long_name or name})

    def _size(self, dim: str, array: np.ndarray) -> int:
        return len(self._data[dim][1]) if dim in self._data else 0

    def coordinate(self, name: str) -> list[str]:
        """Return the labels of a dimension that was added before."""
        return [str(label) for label in self._data[name][1]]

    def arrays(self, name: str) -> np.ndarray:
        """Return the values of a variable that was added before."""
        return self._data[name][1]

    def dataset(self, attributes: dict[str, Any]) -> xr.Dataset:
        """Return the Dataset; text coordinates hold Python strings."""
        coords = {name: item for name, item in self._data.items() if item[0] == (name,)}
        data = {name: item for name, item in self._data.items() if name not in coords}
        return xr.Dataset(data, coords=coords, attrs=attributes)


def _is_text(values: Any) -> bool:
    return isinstance(values, list) and (not values or isinstance(values[0], str))
