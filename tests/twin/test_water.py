"""Water of wet heat rejection."""

from __future__ import annotations

import numpy as np
import pytest

from optimiser.twin.water import (
    blowdown_l_per_h,
    drift_l_per_h,
    evaporation_l_per_h,
    make_up_l_per_h,
)

KWH = np.array(1000.0)  # one kilowatt for one hour


def test_all_latent_evaporation() -> None:
    """1 kWh evaporates 1.482 L at 30 °C when all heat is latent."""
    assert evaporation_l_per_h(KWH, 1.0) == pytest.approx(1.482, abs=5e-4)


@pytest.mark.parametrize(("cycles", "litres"), [(4.0, 1.48), (6.0, 1.33)])
def test_make_up_per_kilowatt_hour(cycles, litres) -> None:
    """At a latent share of 0.75 four cycles need 1.48 L/kWh and six 1.33 L/kWh."""
    found = make_up_l_per_h(
        KWH,
        np.array(0.0),
        latent_fraction=0.75,
        drift_fraction=0.0,
        cycles_of_concentration=cycles,
    )
    assert found == pytest.approx(litres, abs=0.005)


def test_rule_of_thumb_of_evaporation() -> None:
    """0.00085 · gpm · ΔT[°F] is the evaporation at a latent share near 0.85."""
    gpm, fall_f = 1000.0, 10.0
    heat_w = gpm * 0.0630902 * 0.998 * 4186 * fall_f / 1.8
    rule_l_h = 0.00085 * gpm * fall_f * 3.785412 * 60
    assert evaporation_l_per_h(np.array(heat_w), 0.9) == pytest.approx(rule_l_h, rel=0.02)


def test_drift_counts_towards_blowdown_which_never_turns_negative() -> None:
    """Make-up is E·CoC/(CoC − 1) whatever the drift, until drift alone bleeds enough."""
    evaporation = np.array(100.0)
    assert blowdown_l_per_h(evaporation, np.array(10.0), 5.0) == pytest.approx(15.0)
    assert blowdown_l_per_h(evaporation, np.array(40.0), 5.0) == 0.0
    assert drift_l_per_h(np.array(50.0), 0.00002) == pytest.approx(3.6)


def test_water_is_proportional_to_heat() -> None:
    """Twice the heat and flow need twice the water (no constant hides in it)."""
    settings = {"latent_fraction": 0.8, "drift_fraction": 2e-5, "cycles_of_concentration": 4.0}
    one = make_up_l_per_h(np.array(1e6), np.array(40.0), **settings)
    assert make_up_l_per_h(np.array(2e6), np.array(80.0), **settings) == pytest.approx(2 * one)
