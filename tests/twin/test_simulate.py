"""Full replay of placements: IT power, bills and the summary."""

from __future__ import annotations

import numpy as np
import pytest
from handmade import CLASSIC_W, MODERN_W, make_twin

from optimiser.errors import InputError
from optimiser.twin.it_power import it_power
from optimiser.twin.simulate import simulate, summary


def _today(twin):
    return twin["workload_host"].values, np.ones(twin.sizes["host"], dtype=bool)


def test_host_power_equals_a_plain_loop() -> None:
    """The vectorised replay agrees with a loop over hosts, steps and workloads."""
    twin = make_twin(racks=2, hosts_per_rack=3, times=5)
    host, on = _today(twin)
    found = it_power(twin, host, on, hosts=True)
    use, flavour = twin["flavour_usage"].values, twin["workload_flavour"].values
    for h in range(6):
        for s in range(5):
            load = sum(use[flavour[w], 0, s] for w in np.flatnonzero(host == h)) / 64_000
            curve = [MODERN_W, CLASSIC_W][h % 2]
            expected = np.interp(min(load, 1.0) * 10, np.arange(11), curve)
            assert found.host_utilisation[h, s] == pytest.approx(load)
            assert found.host_power_w[h, s] == pytest.approx(expected)
    np.testing.assert_allclose(found.rack_power_w[0], found.host_power_w[:3].sum(axis=0))
    np.testing.assert_allclose(found.host_energy_kwh, found.host_power_w.sum(axis=1) / 1e3)
    np.testing.assert_allclose(found.host_peak_utilisation, found.host_utilisation.max(axis=1))


def test_hosts_asleep_draw_standby_power() -> None:
    """With everything asleep the racks draw 5 W per host at all times."""
    twin = make_twin(racks=2, hosts_per_rack=3)
    nowhere = np.full(twin.sizes["workload"], -1)
    found = it_power(twin, nowhere, np.zeros(6, dtype=bool))
    np.testing.assert_allclose(found.rack_power_w, 15.0)
    np.testing.assert_allclose(found.host_energy_kwh, 5.0 * 24 / 1e3)


def test_idle_hosts_draw_active_idle() -> None:
    """Hosts that are on without work draw the first point of their curve."""
    twin = make_twin(racks=1, hosts_per_rack=2)
    nowhere = np.full(twin.sizes["workload"], -1)
    found = it_power(twin, nowhere, np.ones(2, dtype=bool))
    np.testing.assert_allclose(found.rack_power_w, MODERN_W[0] + CLASSIC_W[0])


def test_accelerators_follow_the_devices_in_use() -> None:
    """Half of a host's devices in use draw half of the span."""
    twin = make_twin(racks=1, hosts_per_rack=1, workloads_per_host=1, flavours=1)
    twin.attrs["device_resource"] = 1
    twin["host_capacity"][0, 1] = 8000
    twin["flavour_usage"][0, 1, :] = 4000
    twin["kind_gpu_span_w"][:] = 2496.0
    host, on = _today(twin)
    with_gpu = it_power(twin, host, on).rack_power_w
    twin["kind_gpu_span_w"][:] = 0.0
    np.testing.assert_allclose(with_gpu - it_power(twin, host, on).rack_power_w, 1248.0)


def test_repeated_days_cost_one_day_each() -> None:
    """Three equal days read one set of steps, and give three times one day's energy."""
    day = make_twin(times=24, dry_bulb_c=15.0)
    three = make_twin(times=72, steps=24, dry_bulb_c=15.0)
    one = summary(simulate(day, *_today(day)), day)
    all_days = summary(simulate(three, *_today(three)), three)
    assert three.sizes["step"] == 24
    assert all_days["facility_kwh"] == pytest.approx(3 * one["facility_kwh"])
    assert all_days["pue"] == pytest.approx(one["pue"])


def test_chunks_do_not_change_the_result(monkeypatch) -> None:
    """Small chunks of hosts × steps and of periods give the same simulation."""
    twin = make_twin()
    whole = simulate(twin, *_today(twin))
    monkeypatch.setattr("optimiser.twin.it_power._CELLS", 300)
    monkeypatch.setattr("optimiser.twin.simulate._PERIODS", 7)
    parts = simulate(twin, *_today(twin))
    for name in whole.data_vars:
        np.testing.assert_allclose(whole[name].values, parts[name].values, rtol=1e-12)


def test_unplaceable_input_is_refused_in_words() -> None:
    """A workload on a sleeping or unknown host is a mistake with a name."""
    twin = make_twin(racks=1, hosts_per_rack=3)
    host, on = _today(twin)
    off = on.copy()
    off[1] = False
    with pytest.raises(InputError, match="1 hosts are off and still have workloads") as caught:
        simulate(twin, host, off)
    assert caught.value.problems[0].value == "h1"
    wrong = host.copy()
    wrong[0] = 3
    with pytest.raises(InputError, match="do not exist"):
        simulate(twin, wrong, on)


def test_hosts_without_a_rack_are_refused() -> None:
    """Power that belongs to no rack would vanish from every meter."""
    twin = make_twin(racks=1, hosts_per_rack=3)
    twin["host_rack"][2] = -1
    with pytest.raises(InputError, match="1 hosts stand in no rack"):
        simulate(twin, *_today(twin))


def test_every_variable_has_units_and_a_long_name() -> None:
    """The result explains itself."""
    twin = make_twin()
    result = simulate(twin, *_today(twin), hosts=True)
    for name in result.data_vars:
        assert result[name].attrs["units"], name
        assert result[name].attrs["long_name"], name
    assert result["host_power_w"].dims == ("host", "step")


def test_bills_are_energy_times_price_and_water_times_price() -> None:
    """Cost, carbon and water of a period are its own prices times its own amounts."""
    twin = make_twin(times=48)
    twin["period_h"][:] = 0.5
    result = simulate(twin, *_today(twin))
    kwh = result["facility_w"].values * 0.5 / 1e3
    np.testing.assert_allclose(result["energy_cost"], kwh * twin["price_per_kwh"])
    np.testing.assert_allclose(result["carbon_g"], kwh * twin["carbon_g_per_kwh"])
    litres = result["water_l_per_h"].values * 0.5
    np.testing.assert_allclose(result["water_cost"], litres / 1e3 * 2.0)
    np.testing.assert_allclose(result["cost"], result["energy_cost"] + result["water_cost"])


def test_summary_adds_up() -> None:
    """Energies by meter sum to the facility, PUE and WUE are their ratios."""
    twin = make_twin()
    result = simulate(twin, *_today(twin))
    found = summary(result, twin)
    assert sum(found["kwh"].values()) == pytest.approx(found["facility_kwh"])
    assert found["pue"] == pytest.approx(found["facility_kwh"] / found["it_kwh"])
    assert found["wue_l_per_kwh"] == pytest.approx(found["water_l"] / found["it_kwh"])
    source = (found["water_l"] + 1.5 * found["facility_kwh"]) / found["it_kwh"]
    assert found["wue_source_l_per_kwh"] == pytest.approx(source)
    assert found["pue"] - 1 == pytest.approx(found["ppue_power"] + found["ppue_cooling"] - 2)
    assert found["peak_kw"] == pytest.approx(float(result["facility_w"].max()) / 1e3)
    assert found["hottest_rack"] in twin["rack"].values
    assert 20.0 < found["max_inlet_c"] < 27.0


def test_summary_does_not_invent_figures() -> None:
    """Without a plant there is no PUE and no WUE; without zones no inlet temperature."""
    twin = make_twin(plant="")
    found = summary(simulate(twin, *_today(twin)), twin)
    assert found["pue"] is None and found["wue_l_per_kwh"] is None
    assert found["ppue_cooling"] > 1.0
    bare = make_twin(zones=0, chain=False)
    found = summary(simulate(bare, *_today(bare)), bare)
    assert found["max_inlet_c"] is None and found["ppue_power"] is None
    assert found["facility_kwh"] == pytest.approx(found["it_kwh"])


def test_overloaded_hosts_are_counted() -> None:
    """Demand above capacity is reported in host-hours."""
    twin = make_twin(racks=1, hosts_per_rack=2)
    everything_on_one = np.zeros(twin.sizes["workload"], dtype=int)
    twin["host_capacity"][0, 0] = 1000
    found = summary(simulate(twin, everything_on_one, np.ones(2, dtype=bool)), twin)
    assert found["host_overload_h"] == 24.0


def test_a_year_of_distinct_hours_is_replayed() -> None:
    """600 hosts for 8,760 hours, none like another: no heat is lost on the way."""
    twin = make_twin(racks=30, hosts_per_rack=20, times=8760, flavours=100)
    result = simulate(twin, *_today(twin))
    assert result.sizes["time"] == 8760
    np.testing.assert_allclose(result["heat_out_w"], result["facility_w"], rtol=1e-9)
