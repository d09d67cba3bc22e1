"""Scopes, ledger, hourly matching, software intensity and embodied carbon by worked numbers."""

from dataclasses import replace
from datetime import date
from itertools import pairwise

import numpy as np
import pytest
from analysis.kpi.reference_site import (
    DIESEL,
    FUEL,
    GRID,
    PARTS,
    RESIDUAL,
    YEAR,
    quantity,
)

from optimiser.analysis.kpi.instruments import Instrument, Load, allocate
from optimiser.analysis.kpi.inventory import (
    Inventory,
    capital_goods_line,
    emissions_by_line,
    fuel_line,
    location_based,
    market_based,
    network_lines,
    refrigerant_line,
    roll_up,
    scope3_line,
)
from optimiser.analysis.kpi.matching import (
    hourly_market_based,
    match_hours,
    netted_market_based,
)
from optimiser.analysis.kpi.quantity import Quality, missing
from optimiser.analysis.kpi.software import Hardware, software_intensity
from optimiser.errors import InputError

FIRST, LAST = date(2025, 1, 1), date(2025, 12, 31)
LOAD = Load("dc", "DE", FIRST, LAST, PARTS["e_grid"])


def lot(name: str, kind: str, kwh: float, **more: object) -> Instrument:
    """Return a lot of the year that was cancelled in the March after."""
    about = {"zone": "DE", "start": FIRST, "end": LAST, "technology": "wind",
             "cancelled": date(2026, 3, 1), **more}  # fmt: skip
    return Instrument(name, kind, kwh, **about)  # type: ignore[arg-type]


LOTS = [lot("go-1", "go", 20e6), lot("ppa-1", "ppa", 12e6)]


def test_scopes_of_the_reference_site():
    """S2 LB 15 747.480 t, S2 MB 6 236.544 t of the residual mix, S1 43.092 t."""
    ledger = allocate(LOTS, [LOAD])
    market = market_based(PARTS["e_grid"], ledger, "dc", RESIDUAL, GRID, ("rm", "lb"))
    whole = Inventory((fuel_line(FUEL, DIESEL), *location_based(PARTS["e_grid"], GRID),
                       *market.lines))  # fmt: skip
    assert whole.scope(2, "location").value == pytest.approx(15_747_480.0)
    assert whole.scope(2, "market").value == pytest.approx(6_236_544.0)
    assert whole.scope(1).value == pytest.approx(43_092.0)
    assert whole.total("location").value == pytest.approx(15_790_572.0)
    assert ledger.uncovered == {"dc": 12_992_800.0}
    assert market.lines[-1].factor_id == "rm"
    with pytest.raises(ValueError, match="never mixed"):
        whole.scope(2)


def test_the_residual_mix_is_chosen():
    """The grid average would give 4 547.48 t, 27 % too little; it stands in only with a flag."""
    ledger = allocate(LOTS, [LOAD])
    fallback = market_based(PARTS["e_grid"], ledger, "dc", None, GRID, ("rm", "lb"))
    assert fallback.scope(2, "market").value == pytest.approx(4_547_480.0)
    assert fallback.lines[-1].factor_id == "lb"
    assert [flag.code for flag in fallback.flags] == ["NO_RESIDUAL_MIX"]
    chosen = market_based(PARTS["e_grid"], ledger, "dc", RESIDUAL, GRID)
    assert 1 - 4_547_480.0 / chosen.scope(2, "market").value == pytest.approx(0.27, abs=0.005)


def test_location_based_does_not_know_certificates():
    """The same with and without lots; surplus lots give no negative emissions."""
    many = [*LOTS, lot("go-2", "go", 90e6)]
    ledger = allocate(many, [LOAD])
    market = market_based(PARTS["e_grid"], ledger, "dc", RESIDUAL, GRID)
    assert market.scope(2, "market").value == pytest.approx(0.0)
    assert sum(ledger.left.values()) == pytest.approx(122e6 - 44_992_800.0)
    assert [flag.code for flag in market.flags] == ["SURPLUS"]
    assert Inventory(tuple(location_based(PARTS["e_grid"], GRID))).scope(2, "location").value == (
        pytest.approx(15_747_480.0)
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"cancelled": None}, "NOT_CANCELLED"),
        ({"cancelled": date(2026, 9, 1)}, "CANCELLED_LATE"),
        ({"zone": "FR"}, "OTHER_MARKET"),
        ({"start": date(2023, 1, 1), "end": date(2023, 12, 31)}, "OTHER_VINTAGE"),
        ({"is_bundled": True}, "BUNDLED"),
        ({"serials": ("AB0150", "AB0250")}, "SAME_SERIALS"),
        ({"kind": "supplier"}, "NO_FACTOR"),
        ({"kind": "onsite"}, "OWN_GENERATION"),
    ],
)
def test_lots_that_do_not_meet_the_criteria(change, reason):
    """Each is refused with its reason and covers nothing."""
    first = lot("a", "go", 1e6, serials=("AB0100", "AB0199"))
    other = replace(lot("b", "go", 1e6), **change)
    ledger = allocate([other, first], [LOAD], as_of=date(2026, 5, 15))
    assert ledger.refused == {"b": reason}
    assert [use.instrument.name for use in ledger.uses] == ["a"]
    assert ledger.left == {"a": 0.0, "b": 1e6}


def test_each_unit_is_used_once_and_in_order():
    """Two sites share a lot; certificates go before contracts, contracts before tariffs."""
    loads = [replace(LOAD, site=site, energy=quantity("e", 100.0)) for site in ("s1", "s2")]
    lots = [
        lot("tariff", "supplier", 1000.0, factor=0.1), lot("ppa", "ppa", 60.0),
        lot("go", "go", 120.0),
    ]  # fmt: skip
    ledger = allocate(lots, loads)
    assert [(use.instrument.name, use.site, use.kwh) for use in ledger.uses] == [
        ("go", "s1", 100.0), ("go", "s2", 20.0), ("ppa", "s2", 60.0), ("tariff", "s2", 20.0),
    ]  # fmt: skip
    assert ledger == allocate(lots[::-1], loads[::-1])
    assert ledger.renewable("s2", ("go", "ppa")) == 80.0
    with pytest.raises(ValueError, match="listed twice; b has -1"):
        allocate([lots[0], lots[0], lot("b", "go", -1.0)], loads)
    with pytest.raises(ValueError, match="the load of dc is None"):
        allocate([], [replace(LOAD, energy=missing("e", "kWh"))])


def test_part_of_a_year_has_part_of_a_lot():
    """Of 3650 kWh of a year, 310 are there for January; two sites share them."""
    january = [
        Load(site, "DE", FIRST, date(2025, 1, 31), quantity(f"e {site}", 200.0))
        for site in ("s1", "s2")
    ]
    ledger = allocate([lot("go", "go", 3650.0)], january)
    assert [(use.site, use.kwh) for use in ledger.uses] == [("s1", 200.0), ("s2", 110.0)]
    assert ledger.uncovered == {"s1": 0.0, "s2": 90.0}
    months = [date(2025, month, 1) for month in range(1, 13)] + [date(2026, 1, 1)]
    used = 0.0
    for first, after in pairwise(months):
        load = Load("s", "DE", first, date.fromordinal(after.toordinal() - 1), quantity("e", 9e9))
        used += allocate([lot("go", "go", 3650.0)], [load]).uses[0].kwh
    assert used == pytest.approx(3650.0)
    with pytest.raises(ValueError, match="ends before it starts"):
        allocate([lot("go", "go", 1.0, end=date(2024, 1, 1))], january)


def test_nuclear_energy_is_no_renewable_energy():
    """It covers the load at 0 kgCO2e/kWh and does not count for the renewable share."""
    ledger = allocate([lot("n", "go", 10.0, technology="nuclear")], [LOAD])
    assert sum(use.kwh for use in ledger.uses) == 10.0
    assert ledger.renewable("dc", ("go",)) == 0.0


def test_tenants_electricity_is_counted_once_in_a_group():
    """The landlord's category 13 is the tenant's scope 2: in the group it stays there."""
    landlord = Inventory(tuple(location_based(quantity("e", 100.0), GRID, "", 0.6, "hall-1")))
    assert [line.scope for line in landlord.lines] == [2, 3]
    assert landlord.scope(3).value == pytest.approx(21.0)
    tenant = Inventory(tuple(location_based(quantity("hall-1", 60.0), GRID)))
    group = roll_up([("landlord", landlord), ("tenant", tenant)])
    assert group.inventory.total("location").value == pytest.approx(35.0)
    assert [(name, line.category) for name, line in group.eliminated] == [("landlord", "13")]
    with pytest.raises(ValueError, match="share"):
        location_based(quantity("e", 1.0), GRID, "", 1.5)


def test_further_lines():
    """Refrigerant kg × GWP, networks on both bases, scope 3 by category, sorted for the table."""
    lines = [
        scope3_line("3", quantity("e_grid", 10.0), quantity("wtt", 0.05, "kgCO2e/kWh")),
        capital_goods_line(quantity("servers", 1215.0, "kgCO2e")),
        *network_lines(quantity("e_district", 100.0), quantity("ef", 0.2, "kgCO2e/kWh")),
        refrigerant_line(quantity("R-134a", 2.0, "kg"), quantity("gwp", 1530.0, "kgCO2e/kg")),
    ]
    amounts = [
        (line.scope, line.category, amount.value) for line, amount in emissions_by_line(lines)
    ]
    assert amounts == [
        (1, "refrigerant", 3060.0), (2, "heat and cooling", 20.0), (2, "heat and cooling", 20.0),
        (3, "2", 1215.0), (3, "3", 0.5),
    ]  # fmt: skip
    assert Inventory(tuple(lines)).total("market").value == pytest.approx(4295.5)
    with pytest.raises(ValueError, match="1 to 15"):
        scope3_line("16", quantity("e", 1.0), quantity("f", 1.0, "kgCO2e/kWh"))


def test_uncovered_energy_keeps_its_interval():
    """100 ± 10 kWh with 80 covered leave 20 ± 10 kWh, not 20 ± 2."""
    energy = quantity("e", 100.0, relative=0.1)
    ledger = allocate([lot("go", "go", 80.0)], [replace(LOAD, energy=energy)])
    rest = market_based(energy, ledger, "dc", RESIDUAL, GRID).scope(2, "market")
    assert rest.bounds == pytest.approx((10 * 0.48, 30 * 0.48))


LOADS = np.array([4000.0, 4000.0, 4000.0, 5000.0])
CONTRACTED = np.array([6000.0, 3000.0, 0.0, 2000.0])
GRID_SHARE = np.array([0.6, 0.5, 0.3, 0.4])


def test_hourly_matching():
    """Scores 1, .875, .3, .64; CFE 0.700; matched 0.5294; volumetric 0.6471."""
    found = match_hours(LOADS, CONTRACTED, GRID_SHARE)
    assert found.score == pytest.approx([1.0, 0.875, 0.3, 0.64])
    assert found.cfe == pytest.approx(0.700, abs=1e-12)
    assert found.matched_share == pytest.approx(0.5294, abs=5e-5)
    assert found.volumetric_share == pytest.approx(0.6471, abs=5e-5)


def test_hourly_market_based():
    """3 700 kg hour by hour, 2 417.6 kg when netted over the whole time."""
    found = match_hours(LOADS, CONTRACTED, GRID_SHARE)
    residual = np.array([0.30, 0.35, 0.50, 0.45])
    assert hourly_market_based(found, residual) == pytest.approx(3700.0)
    assert netted_market_based(found, residual) == pytest.approx(2417.6, abs=0.1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ((LOADS[:3], CONTRACTED, GRID_SHARE), "same hours"),
        ((np.array([1.0, np.nan, 1, 1]), CONTRACTED, GRID_SHARE), "load has hours"),
        ((LOADS, -CONTRACTED, GRID_SHARE), "contracted has hours"),
        ((LOADS, CONTRACTED, GRID_SHARE * 2), "above 1"),
    ],
)
def test_hours_that_cannot_be_matched(change, message):
    """Unequal, missing or impossible hours are refused."""
    with pytest.raises(ValueError, match=message):
        match_hours(*change)
    nothing = match_hours(np.zeros(2), np.ones(2), np.ones(2))
    assert nothing.cfe is None and np.isnan(nothing.score).all()


def test_software_intensity():
    """VM 8 of 64 vCPU for 720 h: M 3 120.7 g, O 20 790 g, 11.95536 g per 1000 requests."""
    hardware = Hardware(quantity("te", 1215.0, "kgCO2e"), 4.0, 720.0, 8, 64)
    energy = quantity("e", 45.0).scaled(1.32)
    intensity = quantity("i", 0.350, "kgCO2e/kWh")
    found = software_intensity("vm", "request", 2e6, energy, intensity, (hardware,), YEAR,
                               unit_scale=1000.0)  # fmt: skip
    assert [term.value * 1000 for term in found.terms] == pytest.approx(
        [20_790.0, 3_120.7], abs=0.05
    )
    assert found.value == pytest.approx(11.95536, abs=5e-6)
    assert found.unit == "gCO2e/1000 request"


def test_embodied_part_of_the_standard():
    """1000 kg over 4 years: one hour carries 28.538813 g."""
    hardware = Hardware(quantity("te", 1000.0, "kgCO2e"), 4.0, 1.0)
    assert 1e6 * hardware.share == pytest.approx(28.538813, abs=5e-7)
    with pytest.raises(ValueError, match="more is reserved"):
        Hardware(quantity("te", 1000.0, "kgCO2e"), 4.0, 1.0, 65, 64).share  # noqa: B018
    with pytest.raises(ValueError, match="life"):
        Hardware(quantity("te", 1000.0, "kgCO2e"), 0.0, 1.0).share  # noqa: B018


def test_software_without_units_is_an_error():
    """Carbon per nothing is not carbon: R = 0 is refused; so are market-based intensities."""
    energy, intensity = quantity("e", 45.0), quantity("i", 0.35, "kgCO2e/kWh")
    with pytest.raises(InputError, match="no request was counted"):
        software_intensity("vm", "request", 0.0, energy, intensity, (), YEAR)
    with pytest.raises(ValueError, match="market"):
        software_intensity("vm", "request", 1.0, energy, intensity, (), YEAR, basis="market")
    modelled = replace(energy, quality=Quality.MODELLED)
    found = software_intensity("vm", "request", 1.0, modelled, intensity, (), YEAR)
    assert found.quality is Quality.MODELLED
