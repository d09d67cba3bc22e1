"""The ledger and the inventory, on generated lots and loads."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from analysis.kpi.reference_site import GRID, RESIDUAL, quantity
from hypothesis import given
from hypothesis import strategies as st

from optimiser.analysis.kpi.instruments import Instrument, Ledger, Load, allocate
from optimiser.analysis.kpi.inventory import Inventory, location_based, market_based
from optimiser.analysis.kpi.matching import hourly_market_based, match_hours, netted_market_based

FIRST = date(2025, 1, 1)
kwh = st.integers(0, 1000).map(float)


@st.composite
def lots(draw: st.DrawFn) -> list[Instrument]:
    """Return up to eight lots of several kinds, markets and months."""
    found = []
    for index in range(draw(st.integers(0, 8))):
        start = FIRST + timedelta(days=draw(st.integers(-200, 400)))
        found.append(
            Instrument(
                f"lot{index}",
                draw(st.sampled_from(["go", "ppa", "supplier", "onsite"])),
                draw(kwh),
                draw(st.sampled_from(["DE", "FR"])),
                start,
                start + timedelta(days=60),
                draw(st.sampled_from(["wind", "nuclear"])),
                draw(st.sampled_from([None, date(2026, 2, 1)])),
                draw(st.sampled_from([None, 0.0, 0.2])),
                draw(st.booleans()),
            )
        )
    return found


@st.composite
def loads(draw: st.DrawFn) -> list[Load]:
    """Return the year of one to three sites."""
    return [
        Load(f"s{index}", draw(st.sampled_from(["DE", "FR"])), FIRST, date(2025, 12, 31),
             quantity(f"e{index}", draw(kwh)))
        for index in range(draw(st.integers(1, 3)))
    ]  # fmt: skip


def _used(ledger: Ledger, name: str) -> float:
    return sum(use.kwh for use in ledger.uses if use.instrument.name == name)


@given(lots(), loads())
def test_nothing_is_used_twice(instruments: list[Instrument], sites: list[Load]) -> None:
    """Used and left make up each lot, covered and uncovered each load; refused lots cover none."""
    ledger = allocate(instruments, sites)
    for one in instruments:
        assert _used(ledger, one.name) + ledger.left[one.name] == pytest.approx(one.kwh)
        assert ledger.left[one.name] >= 0.0
        assert one.name not in ledger.refused or _used(ledger, one.name) == 0.0
    for load in sites:
        covered = sum(use.kwh for use in ledger.of_site(load.site))
        assert covered + ledger.uncovered[load.site] == pytest.approx(load.energy.value)
        assert ledger.uncovered[load.site] >= 0.0


@given(lots(), loads(), st.randoms())
def test_rows_may_stand_in_any_order(
    instruments: list[Instrument], sites: list[Load], random
) -> None:
    """The ledger is that of its rows, whatever their order."""
    mixed, moved = list(instruments), list(sites)
    random.shuffle(mixed)
    random.shuffle(moved)
    assert allocate(mixed, moved) == allocate(instruments, sites)


@given(lots(), loads())
def test_certificates_move_the_market_based_figure_only(
    instruments: list[Instrument], sites: list[Load]
) -> None:
    """Market-based emissions are never negative nor above those without lots of at most 0.48."""
    load = sites[0]
    location = Inventory(tuple(location_based(load.energy, GRID)))
    assert location.scope(2, "location").value == pytest.approx(load.energy.value * 0.35)
    ledger = allocate(instruments, sites)
    found = market_based(load.energy, ledger, load.site, RESIDUAL, GRID).scope(2, "market")
    bare = market_based(load.energy, allocate([], sites), load.site, RESIDUAL, GRID)
    assert 0.0 <= found.value <= bare.scope(2, "market").value + 1e-9
    assert found.bounds[0] <= found.value <= found.bounds[1]


@given(lots(), loads())
def test_renewable_energy_is_the_sum_of_its_kinds(
    instruments: list[Instrument], sites: list[Load]
) -> None:
    """ERES of certificates and of contracts add up, nuclear lots and tariffs left out."""
    ledger = allocate(instruments, sites)
    for load in sites:
        parts = ledger.renewable(load.site, ("go",)) + ledger.renewable(load.site, ("ppa",))
        assert parts == pytest.approx(ledger.renewable(load.site, ("go", "ppa")))
        assert parts <= load.energy.value + 1e-9
    without = [replace(one, technology="nuclear") for one in instruments]
    assert allocate(without, sites).renewable(sites[0].site, ("go", "ppa")) == 0.0


hours = st.lists(
    st.tuples(st.integers(0, 100), st.integers(0, 200), st.floats(0, 1), st.floats(0, 1)),
    min_size=1, max_size=30,
)  # fmt: skip


@given(hours)
def test_hourly_matching_is_never_kinder_than_netting(rows: list[tuple[float, ...]]) -> None:
    """Shares stay within one, in order; at one factor netting never gives more than matching."""
    load, contracted, share, _ = (
        np.array(column, dtype=float) for column in zip(*rows, strict=True)
    )
    found = match_hours(load, contracted, share)
    flat = np.full(len(load), 0.4)
    assert netted_market_based(found, flat) <= hourly_market_based(found, flat) + 1e-9
    if load.sum() > 0:
        assert 0.0 <= found.matched_share <= found.volumetric_share + 1e-12 <= 1.0 + 1e-12
        assert found.matched_share - 1e-12 <= found.cfe <= 1.0 + 1e-12


@given(hours, st.integers(1, 29))
def test_splitting_hours_changes_no_total(rows: list[tuple[float, ...]], cut: int) -> None:
    """Emissions of the parts add up to those of the whole."""
    load, contracted, share, factor = (
        np.array(column, dtype=float) for column in zip(*rows, strict=True)
    )
    whole = hourly_market_based(match_hours(load, contracted, share), factor)
    parts = [
        hourly_market_based(match_hours(load[part], contracted[part], share[part]), factor[part])
        for part in (slice(0, cut), slice(cut, None))
    ]
    assert sum(parts) == pytest.approx(whole)
