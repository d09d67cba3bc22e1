"""A simulated year as components."""

from __future__ import annotations

from pathlib import Path

import pytest

from optimiser.analysis.kpi.modelled import modelled_series
from optimiser.analysis.kpi.quantity import Quality
from optimiser.library.catalogue import list_sites
from optimiser.schema.period import parse_period
from optimiser.twin.summary import summary
from optimiser.workflow.modelled import model_today

ZONE = "Europe/Berlin"
WEEK = parse_period("2024-03-28..2024-04-03", ZONE)


@pytest.fixture(scope="module")
def small() -> Path:
    """The bundled small site."""
    return next(entry.path for entry in list_sites() if entry.name == "small")


@pytest.fixture(scope="module")
def modelled(small: Path):
    """A week with a day of 23 hours, with fresh water."""
    return model_today(small, WEEK, "fresh")


def test_components_add_up_to_what_the_simulation_says(modelled) -> None:
    """Facility, IT, losses, cooling and water, over 167 hours."""
    told = summary(modelled.simulation, modelled.loaded.twin)
    found = modelled.components.window(WEEK, modelled.components.roles)
    assert told["hours"] == 167
    assert found["e_grid"].value == pytest.approx(told["facility_kwh"])
    for role in ("e_it_device", "e_it_pdu"):
        assert found[role].value == pytest.approx(told["it_kwh"])
    assert found["e_it_ups"].value == pytest.approx(told["it_kwh"] + told["kwh"]["pdu_loss"])
    parts = sum(found[role].value for role in ("e_it_device", "e_losses", "e_cooling"))
    assert parts == pytest.approx(found["e_grid"].value)
    assert found["win"].value == pytest.approx(told["water_l"] / 1e3)


def test_the_model_is_never_taken_for_a_meter(modelled) -> None:
    """G10: every series and every window is MODELLED, and complete."""
    found = modelled.components.window(WEEK, modelled.components.roles)
    assert {quantity.quality for quantity in found.values()} == {Quality.MODELLED}
    assert {quantity.completeness for quantity in found.values()} == {1.0}
    assert (modelled.components.checks["modelled"] == 167).all()


def test_the_source_of_water_decides_over_its_roles(small: Path, modelled) -> None:
    """Fresh water that nobody drinks is no drinking water; reclaimed water is neither."""
    assert "win_fre" in modelled.components.roles and "win_pot" not in modelled.components.roles
    day = parse_period("2024-04-01", ZONE)
    assert not {"win_fre", "win_pot"} & set(model_today(small, day, "reclaimed").components.roles)


def test_utilisation_is_that_of_the_hosts_that_are_on(modelled) -> None:
    """The mean over time of the mean over hosts, as the simulation has it."""
    replay = modelled.simulation
    on = replay["host_on"].values.astype(bool)
    expected = replay["host_mean_utilisation"].values[on].mean()
    found = modelled.components.window(WEEK, ["it_cpu"])["it_cpu"].value
    assert found == pytest.approx(expected, rel=1e-6)


def test_without_a_plant_there_is_no_total(modelled) -> None:
    """A total that lacks a part is not a total."""
    replay = modelled.simulation.copy()
    replay.attrs = {**replay.attrs, "has_plant": 0}
    data = modelled_series(modelled.loaded.twin, replay, WEEK)
    assert not {"e_grid", "win"} & set(data.facts["role"])


def test_another_period_is_refused(modelled) -> None:
    """Hours must be those of the period."""
    with pytest.raises(ValueError, match="steps of the period"):
        modelled_series(modelled.loaded.twin, modelled.simulation, parse_period("2024-04", ZONE))
