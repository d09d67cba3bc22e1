"""The closed vocabulary of what a series measures: one role, one meaning, one canonical unit.

Sustainability figures are made of components (kWh, m³, °C …), never of ratios. A role says which
component a meter or a modelled series contributes to. Several series may share a role: amounts are
added, levels averaged.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Role:
    """One component.

    ``unit`` is canonical. Amounts (energy, volume) are added over time and series; levels
    (temperature, share) are averaged over time, weighted by the amount of the role ``weight``
    in the same zone where there is one, else by time.
    """

    name: str
    description: str
    unit: str
    is_amount: bool = True
    weight: str | None = None


def _level(name: str, description: str, unit: str, weight: str | None = None) -> Role:
    return Role(name, description, unit, is_amount=False, weight=weight)


_ROLES = (
    Role("e_grid", "Electricity taken from the grid, before the transfer switch.", "kWh"),
    Role("e_onsite", "Electricity generated on site and not by back-up generators, gross.", "kWh"),
    Role("e_export", "Electricity fed into the grid; part of e_onsite that is not used.", "kWh"),
    Role("e_generator", "Electricity from back-up generators.", "kWh"),
    Role("e_fuel", "Fuel used for cooling or prime power, by heating value.", "kWh"),
    Role("e_district", "Heat or chilled water bought from a network, as energy.", "kWh"),
    Role("e_it_ups", "IT energy at the UPS outputs (category 1, basic).", "kWh"),
    Role("e_it_pdu", "IT energy at the PDU outputs (category 2, intermediate).", "kWh"),
    Role("e_it_device", "IT energy at the input of the devices (category 3, advanced).", "kWh"),
    Role("e_cooling", "Chillers, pumps, air handlers, towers, dry coolers and controls.", "kWh"),
    Role("e_losses", "Losses of transformers, UPS units and distribution.", "kWh"),
    Role("e_other", "Lighting, offices and all else inside the boundary.", "kWh"),
    Role("e_reuse", "Heat handed over outside the boundary that displaces other energy.", "kWh"),
    Role("q_removed", "Heat removed from the cooled rooms, metered thermally.", "kWh"),
    Role("fuel_l", "Liquid fuel burnt by back-up generators.", "L"),
    Role("win", "All water that crosses the boundary for functions of the data centre.", "m3"),
    Role("win_pot", "Drinking water among win.", "m3"),
    Role("win_fre", "Fresh water among win.", "m3"),
    Role("wout", "Water that leaves the boundary: blow-down and waste water.", "m3"),
    Role("cfe_contracted", "Carbon-free electricity under contract, same zone.", "kWh"),
    Role("useful_work", "Tasks completed, weighted as the owner approved.", "1"),
    Role("traffic_in_eb", "Data received.", "EB"),
    Role("traffic_out_eb", "Data sent.", "EB"),
    _level("t_reuse", "Temperature of reused heat at the hand-over.", "degC", "e_reuse"),
    _level("t_in_setpoint", "Set point of the IT intake air.", "degC", "e_it_device"),
    _level("t_outdoor", "Outdoor dry-bulb temperature.", "degC"),
    _level("it_cpu", "CPU utilisation of physical servers that are on.", "1"),
    _level("accel_util", "Utilisation of accelerators that are on.", "1"),
    _level("grid_carbon", "Carbon intensity of the grid, location based.", "kgCO2e/kWh", "e_grid"),
    _level("residual_carbon", "Carbon intensity of the residual mix.", "kgCO2e/kWh", "e_grid"),
    _level("grid_cfe", "Carbon-free share of the grid.", "1", "e_grid"),
    _level("battery_offered", "Battery power offered to the grid.", "kW"),
)  # fmt: skip
ROLES: dict[str, Role] = {role.name: role for role in _ROLES}
"""All roles by name."""
IT_ROLES = ("e_it_device", "e_it_pdu", "e_it_ups")
"""Places where IT energy is metered, the most advanced first."""
