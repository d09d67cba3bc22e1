"""A folder with a register and meter files, read in one call."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from optimiser.analysis.kpi.components import Components
from optimiser.errors import InputError
from optimiser.library.meters.read import read_meters
from optimiser.library.meters.register import read_register
from optimiser.schema.period import parse_period
from optimiser.schema.reporting import Gaps

ZONE = "Europe/Berlin"
Read = Callable[..., Components]


def read_folder(
    folder: Path, register: str, files: dict[str, str], period: str, *, zone: str = ZONE,
    as_of: datetime | None = None, **gaps: object,
) -> Components:  # fmt: skip
    """Write register and files, read them over a period."""
    (folder / "meters.csv").write_text(register, encoding="utf-8")
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    found, problems = read_register(folder / "meters.csv", zone, 2.0)
    if problems or found is None:
        raise InputError(problems)
    return Components(read_meters(found, parse_period(period, zone), Gaps(**gaps), as_of))


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Read a register and files from a fresh folder."""

    def reader(register: str, files: dict[str, str], period: str, **more: object) -> Components:
        return read_folder(tmp_path, register, files, period, **more)  # type: ignore[arg-type]

    return reader
