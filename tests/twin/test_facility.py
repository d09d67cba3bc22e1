"""The facility: meters, heat and where losses go."""

from __future__ import annotations

import numpy as np
import pytest
from handmade import make_twin

from optimiser.errors import InputError
from optimiser.twin.facility import METERS, facility, facility_power


def _power(twin, seed=5):
    model = facility(twin)
    share = np.random.default_rng(seed).uniform(0.1, 0.9, (twin.sizes["rack"], twin.sizes["time"]))
    rack = model.rack_low_w[:, None] + share * (model.rack_high_w - model.rack_low_w)[:, None]
    return model, rack, facility_power(model, rack)


@pytest.mark.parametrize(
    "options",
    [{}, {"zones": 0}, {"plant": ""}, {"chain": False}, {"zones": 1, "racks": 3}],
    ids=["whole", "no cooling", "no plant", "no chain", "small"],
)
def test_meters_and_heat_balance(options) -> None:
    """Facility power is the sum of its leaf meters and all of it leaves as heat, to 1e-9."""
    _, rack, found = _power(make_twin(**options))
    assert set(found.meters) == set(METERS)
    np.testing.assert_allclose(found.total_w, sum(found.meters.values()), rtol=1e-12)
    np.testing.assert_allclose(found.heat_out_w, found.total_w, rtol=1e-9)
    np.testing.assert_allclose(found.meters["it_w"], rack.sum(axis=0), rtol=1e-12)


def test_electricity_side_agrees_with_the_meters() -> None:
    """What feeds and mechanical equipment draw is the same total, counted another way."""
    _, _, found = _power(make_twin())
    assert found.plant is not None
    drawn = found.loads.grid_w + found.fan_w.sum(axis=0) + found.plant.power_w
    np.testing.assert_allclose(drawn, found.total_w, rtol=1e-12)


def test_indoor_losses_become_room_heat_and_transformers_do_not() -> None:
    """Racks, PDUs and UPS units heat the zones, fans the coils, transformers the yard."""
    _, rack, found = _power(make_twin())
    indoors = rack.sum(0) + found.meters["pdu_loss_w"] + found.meters["ups_loss_w"]
    np.testing.assert_allclose(found.room_heat_w.sum(0), indoors, rtol=1e-12)
    np.testing.assert_allclose(found.coil_heat_w, found.room_heat_w + found.fan_w, rtol=1e-12)
    np.testing.assert_allclose(found.uncooled_w, 0.0, atol=1e-6)


def test_pdu_losses_heat_the_zone_of_their_racks() -> None:
    """A PDU that feeds racks of one zone heats that zone alone; shares always sum to one."""
    twin = make_twin(racks=4)
    twin["rack_pdu_a"][:] = [0, 0, 1, 1]
    twin["rack_pdu_b"][:] = [2, 2, 3, 3]
    model = facility(twin)
    np.testing.assert_allclose(model.pdu_heat, [[1, 0, 1, 0], [0, 1, 0, 1]])
    np.testing.assert_allclose(model.ups_heat.sum(axis=0), 1.0)


def test_racks_outside_zones_are_uncooled_heat() -> None:
    """Heat that no zone removes is named, not lost."""
    twin = make_twin(racks=4)
    twin["rack_zone"][:] = [0, 0, 1, -1]
    _, rack, found = _power(twin)
    assert np.all(found.uncooled_w >= rack[3])
    np.testing.assert_allclose(found.heat_out_w, found.total_w, rtol=1e-9)


def test_zone_air_rise_is_the_flow_weighted_mean() -> None:
    """Equal peaks at 10 and 20 K share the air as 2 : 1, so the mixed rise is 13.3 K."""
    twin = make_twin(curves_w=[[100.0] * 11, [100.0] * 11])
    twin["kind_air_rise_k"][:] = [10.0, 20.0]
    np.testing.assert_allclose(facility(twin).air.rise_k, 40 / 3)


def test_zone_without_hosts_and_site_without_hosts_asleep() -> None:
    """An empty zone has the default rise and only its fans."""
    twin = make_twin(racks=2, zones=2)
    twin["rack_zone"][:] = 0
    model, _, found = _power(twin)
    assert model.air.rise_k[1] == 12.0
    np.testing.assert_allclose(found.room_heat_w[1], 0.0, atol=1e-9)


def test_missing_weather_is_refused_only_with_a_plant() -> None:
    """A plant needs weather in every period; without a plant weather is not read."""
    with pytest.raises(InputError, match="dry_bulb_c is missing in 24"):
        facility(make_twin(dry_bulb_c=np.nan))
    facility(make_twin(dry_bulb_c=np.nan, plant=""))


def test_overloaded_air_handlers_are_flagged() -> None:
    """A zone that asks for more air or cooling than installed is said."""
    twin = make_twin(plant="")
    twin["zone_crah_flow_m3_s"][0] = 0.1
    _, _, found = _power(twin)
    assert found.is_overloaded.all()
    _, _, fine = _power(make_twin(plant=""))
    assert not fine.is_overloaded.any()
