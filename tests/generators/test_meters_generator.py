"""Generated meter data: the same every time, and read back to the generator's own totals."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from benchmarks.generators import meters
from benchmarks.generators.meters import ZONE, fleet, make_meters
from optimiser.analysis.kpi.components import Components
from optimiser.library.meters.read import read_meters
from optimiser.library.meters.register import read_register
from optimiser.schema.period import parse_period
from optimiser.schema.reporting import Gaps

YEAR = "2026"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A year of sixty meters by the hour."""
    return make_meters(tmp_path_factory.mktemp("meters") / "site", 60, 60)


def _hashes(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*.csv"))
    }


def test_one_seed_gives_one_set_of_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another seed gives another one; January shows it."""
    every = meters._months
    monkeypatch.setattr(meters, "_months", lambda *given: [next(every(*given))])
    one, again, other = (
        make_meters(tmp_path / str(number), 60, 1440, seed=seed, form="csv")
        for number, seed in enumerate((1, 1, 2))
    )
    assert _hashes(one) == _hashes(again)
    assert _hashes(one) != _hashes(other)


@pytest.mark.parametrize("num", [60, 500, 2_000])
def test_a_fleet_has_the_number_of_meters_that_was_asked_for(num: int) -> None:
    """Two grid connections among them, however many there are."""
    kinds = fleet(num)
    assert sum(kind.count for kind in kinds) == num
    assert next(kind.count for kind in kinds if kind.role == "e_grid") == 2


def test_too_few_meters_are_refused() -> None:
    """A data centre has more than that."""
    with pytest.raises(ValueError, match="40 meters"):
        fleet(12)


def test_counters_are_read_to_the_generators_own_totals(folder: Path) -> None:
    """With rollovers and gaps; the year has 8760 hours."""
    register, problems = read_register(folder / "meters.csv", ZONE, 2.0)
    assert register is not None and not problems
    period = parse_period(YEAR, ZONE)
    parts = Components(read_meters(register, period, Gaps()))
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))["amounts"]
    assert {"e_grid", "e_it_ups", "win"} <= set(truth)
    for role, total in truth.items():
        found = parts.window(period, [role])[role]
        assert found.value == pytest.approx(total, rel=1e-9), role
        assert found.completeness == 1.0
    assert parts.checks["rollovers"].sum() > 0 and parts.checks["gaps"].sum() > 0
