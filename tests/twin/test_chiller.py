"""Chillers: DOE-2 curves, Carnot ratio, part load and sequencing."""

from __future__ import annotations

import numpy as np
import pytest
from handmade import carnot_chiller, york_chiller

from optimiser.schema.equipment import Carnot
from optimiser.twin.chiller import carnot_cop, chiller_power, machine_state, part_load_power
from optimiser.twin.pieces import fit_pieces, sample_grid

YORK_COPS = {
    13.0: (6.73, 9.38, 9.86, 9.49),
    18.0: (5.73, 7.98, 8.40, 8.09),
    24.0: (4.82, 6.72, 7.07, 6.80),
    29.44: (4.18, 5.83, 6.14, 5.91),
    35.0: (3.66, 5.11, 5.37, 5.17),
}


@pytest.mark.parametrize("condenser_c", YORK_COPS)
def test_york_golden_cops(condenser_c) -> None:
    """The York machine reaches its reference COPs at 6.67 °C and four part loads."""
    card = york_chiller()
    condenser = np.array(condenser_c)
    capacity = machine_state(card, 6.67, condenser).capacity_w
    for part_load, cop in zip((0.25, 0.5, 0.75, 1.0), YORK_COPS[condenser_c], strict=True):
        heat = part_load * capacity
        found = heat / chiller_power(card, 1, heat, 6.67, condenser).power_w
        assert found == pytest.approx(cop, abs=0.006)


@pytest.mark.parametrize(
    ("evaporator_c", "condenser_c", "cop"),
    [(7, 35, 4.35), (18, 35, 6.88), (22, 30, 12.2), (18, 25, 13.1)],
)
def test_carnot_golden_cops(evaporator_c, condenser_c, cop) -> None:
    """Half of Carnot with 2 K approaches gives the reference COPs of warm-water cooling."""
    found = carnot_cop(evaporator_c, np.array(condenser_c), Carnot(efficiency=0.5))
    assert found == pytest.approx(cop, abs=0.05)


def test_warmer_chilled_water_saves_compressor_power() -> None:
    """From 7 to 18 °C the COP rises by 58 %, which is 37 % less power."""
    half = Carnot(efficiency=0.5)
    cold, warm = carnot_cop(7, np.array(35.0), half), carnot_cop(18, np.array(35.0), half)
    assert warm / cold - 1 == pytest.approx(0.58, abs=0.005)
    assert 1 - cold / warm == pytest.approx(0.37, abs=0.005)


def test_lift_is_held_at_the_smallest_that_machines_run_at() -> None:
    """When it is colder outside than the chilled water, the COP stops growing."""
    card = carnot_chiller()
    state = machine_state(card, 18.0, np.array([10.0, 15.0, 30.0]))
    assert not state.is_clamped.any()
    assert state.full_power_w[0] == state.full_power_w[1]
    # 18 °C water is 289.15 K refrigerant; half of Carnot over the smallest lift of 8 K
    assert 400e3 / state.full_power_w[0] == pytest.approx(0.5 * 289.15 / 8)


@pytest.mark.parametrize("card", [york_chiller(), carnot_chiller(1000)])
def test_power_rises_with_load_and_with_condenser_temperature(card) -> None:
    """More heat or a warmer condenser never needs less power."""
    heat = np.linspace(0, 2.5e6, 300)
    power = chiller_power(card, 3, heat, 8.0, np.full(300, 25.0)).power_w
    assert np.all(np.diff(power) > 0)
    condenser = np.linspace(5, 45, 200)
    power = chiller_power(card, 3, np.full(200, 2e6), 8.0, condenser).power_w
    assert np.all(np.diff(power) >= -1e-6)


def test_part_load_ends() -> None:
    """Below the lowest part load a machine cycles; above full load the COP stays."""
    card = york_chiller(min_part_load_fraction=0.2)
    share = part_load_power(card, np.array([0.0, 0.1, 0.2, 1.0, 1.2]))
    assert share[0] == 0.0
    assert share[1] == pytest.approx(share[2] / 2)
    assert share[3] == pytest.approx(1.0001789)  # d1 + d2 + d3
    assert share[4] == pytest.approx(1.2 * share[3])


def test_as_many_machines_run_as_need_least_power() -> None:
    """Four York machines: the chosen number beats every other number that carries the load."""
    card = york_chiller()
    condenser = np.array(24.0)
    capacity = float(machine_state(card, 6.67, condenser).capacity_w)
    for heat in np.linspace(0.1, 3.9, 15) * capacity:
        chosen = chiller_power(card, 4, np.array(heat), 6.67, condenser)
        for number in range(int(np.ceil(heat / capacity)), 5):
            fixed = number * float(
                chiller_power(card, 1, np.array(heat / number), 6.67, condenser).power_w
            )
            assert chosen.power_w <= fixed + 1e-6
        assert heat <= chosen.num_running * capacity


def test_overload_is_flagged_not_hidden() -> None:
    """Heat beyond all machines is flagged and still costs power."""
    card = carnot_chiller(100)
    result = chiller_power(card, 2, np.array([150e3, 250e3]), 18.0, np.array([30.0, 30.0]))
    assert result.is_overloaded.tolist() == [False, True]
    assert result.power_w[1] > result.power_w[0]


def test_no_heat_no_power() -> None:
    """Machines that have nothing to cool are off."""
    result = chiller_power(york_chiller(), 2, np.zeros(2), 7.0, np.full(2, 25.0))
    assert result.power_w.tolist() == [0.0, 0.0]
    assert result.num_running.tolist() == [0, 0]


def test_doubling_machines_and_heat_doubles_power() -> None:
    """The plant has no size of its own."""
    heat, condenser = np.linspace(2e5, 2e6, 20), np.full(20, 26.0)
    small = chiller_power(york_chiller(1055), 2, heat, 8.0, condenser).power_w
    large = chiller_power(york_chiller(2110), 2, 2 * heat, 8.0, condenser).power_w
    np.testing.assert_allclose(large, 2 * small)


@pytest.mark.parametrize(("segments", "error"), [(2, 0.025), (3, 0.011), (4, 0.0063)])
def test_few_segments_represent_the_part_load_curve(segments, error) -> None:
    """Chords on 10 to 100 % load miss by 2.5, 1.1, 0.63 % of full power; ours by half."""
    x = sample_grid(np.array([100.0]), np.array([1000.0]), segments)
    pieces = fit_pieces(x, part_load_power(york_chiller(), x / 1000), segments)
    assert 2 * pieces.error[0] == pytest.approx(error, rel=0.03)
