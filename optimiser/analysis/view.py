"""A twin whose arrays are looked up once: small verdicts are asked for by the thousand."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import xarray as xr


class TwinView:
    """Reads like a Dataset as far as the checker needs it: items, sizes and attributes.

    Looking up an item of a Dataset builds a new object each time (some 50 µs); here the
    values are kept after the first look. The arrays are those of the twin, not copies.
    """

    def __init__(self, twin: xr.Dataset) -> None:
        self.attrs, self.sizes = twin.attrs, dict(twin.sizes)
        self._twin = twin
        self._held: dict[str, SimpleNamespace] = {}
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> SimpleNamespace:
        if name not in self._held:
            self._held[name] = SimpleNamespace(values=self._twin.variables[name].values)
        return self._held[name]

    def derived(self, name: str, make: Callable[[xr.Dataset], Any]) -> Any:
        """Return what is made of the whole twin, kept after the first time."""
        if name not in self._made:
            self._made[name] = make(self._twin)
        return self._made[name]


def view_of(twin: xr.Dataset | TwinView) -> Any:
    """Return a view of a twin; a view stays what it is, so that callers can keep one."""
    return twin if isinstance(twin, TwinView) else TwinView(twin)
