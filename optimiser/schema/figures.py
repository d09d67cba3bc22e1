"""Names that rulesets may use: figures that are calculated or measured, and facts that are told.

A ruleset that misspells one would never be decided; the reader refuses it. Names that begin with
``own_`` are free for facts of a user's own rulesets.
"""

from __future__ import annotations

from optimiser.schema.roles import ROLES

OWN = "own_"
_INDICATORS = {
    "pue": "PUE of the year, IT at the UPS outputs where it is known there.",
    "erf": "Energy reuse factor.",
    "ere": "Energy reuse effectiveness.",
    "ref": "Renewable energy factor.",
    "cer": "Cooling efficiency ratio.",
    "cue": "Carbon usage effectiveness, location-based [kgCO2e/kWh].",
    "cue_mb": "Carbon usage effectiveness, market-based [kgCO2e/kWh].",
    "wue": "Water usage effectiveness, all water [L/kWh].",
    "wue_pot": "Water usage effectiveness, drinking water [L/kWh].",
    "wue_fre": "Water usage effectiveness, fresh water [L/kWh].",
    "cfe": "Carbon-free share, hour by hour.",
    "renewable_share": "Renewable share of the electricity on the balance sheet.",
    "clean_share": "Share of energy that is renewable, or carbon-free by the hour.",
    "power_use": "Peak IT power over rated IT power.",
    "mlc": "Mechanical load component of ASHRAE 90.4.",
    "elc": "Electrical loss component of ASHRAE 90.4.",
    "mlc_plus_elc": "Both components together.",
}
_AMOUNTS = {
    "e_dc": "Energy of the data centre [kWh].",
    "e_it": "Energy of IT equipment [kWh].",
    "eres_tot": "Renewable energy [kWh].",
    "eres_goo": "Renewable energy by cancelled certificates [kWh].",
    "eres_ppa": "Renewable energy by contracts [kWh].",
    "eres_os": "Renewable energy generated and used on site [kWh].",
    "e_fossil": "Energy from fossil sources [kWh].",
    "e_nuclear": "Energy from nuclear sources [kWh].",
    "e_renewable": "Energy from renewable sources [kWh].",
    "e_renewable_fuel": "Renewable fuels [kWh].",
    "e_renewable_bought": "Renewable energy that was bought [kWh].",
    "e_renewable_own": "Renewable energy generated without fuel [kWh].",
    "q_rejected": "Heat removed and not handed over [kWh].",
    "t_waste_heat": "Mean temperature of waste heat [°C].",
    "cdd": "Cooling degree days of the place [K d].",
    "ghg_scope1": "Scope 1 [kgCO2e].",
    "ghg_scope2_location": "Scope 2, location-based [kgCO2e].",
    "ghg_scope2_market": "Scope 2, market-based [kgCO2e].",
    "ghg_scope2_market_hourly": "Scope 2, market-based with hourly matching [kgCO2e].",
    "ghg_scope3": "Scope 3 [kgCO2e].",
    "ghg_total_location": "Scopes 1 to 3, location-based [kgCO2e].",
    "ghg_total_market": "Scopes 1 to 3, market-based [kgCO2e].",
}
FIGURES: dict[str, str] = {
    **_INDICATORS, **_AMOUNTS, **{role.name: role.description for role in ROLES.values()},
}  # fmt: skip
"""Figures by name."""
_FACILITY = {
    "name": "Name of the data centre.",
    "owner": "Owner and contact.",
    "operator": "Operator and contact.",
    "kind": "Type: enterprise, colocation, co-hosting.",
    "country": "Country code.",
    "nuts3": "NUTS 3 code.",
    "lau": "LAU code.",
    "postcode": "Postcode.",
    "start": "First day of the month of entry into operation.",
    "redundancy_electrical": "Redundancy of the electrical infrastructure.",
    "redundancy_cooling": "Redundancy of cooling.",
    "rated_it_kw": "Installed IT power demand [kW].",
    "rated_connection_kw": "Non-redundant rated connection power [kW].",
    "total_area_m2": "Floor area of the data centre [m²].",
    "computer_room_area_m2": "Floor area of computer rooms [m²].",
    "refrigerants": "Refrigerants of the cooling.",
    "has_grid_functions": "Whether it offers services to the grid.",
    "has_water_stress": "Whether the place is under water stress.",
    "has_cool_climate": "Whether the climate is cool in the sense of the pact.",
    "server_capacity_sert": "Server capacity by SERT performance.",
    "storage_capacity_pb": "Raw storage capacity [PB].",
    "bandwidth_in_gbit_s": "Provisioned incoming bandwidth [Gbit/s].",
    "bandwidth_out_gbit_s": "Provisioned outgoing bandwidth [Gbit/s].",
    "size_class": "Size class of the German register.",
    "max_refrigerant_gwp": "Largest global warming potential among the refrigerants.",
}
TOLD = {
    "is_network_node": "Whether it is a node of a telecommunications network.",
    "is_defence": "Whether it serves defence or civil protection.",
    "rated_input_kw": "Total rated energy input [kW].",
    "is_published": "Whether the information of the directive was published.",
    "uses_or_assessed_waste_heat": "Whether waste heat is used or its use was assessed.",
    "follows_code_of_conduct": "Whether the European Code of Conduct is followed.",
    "has_ems": "Whether an energy or environmental management system is in operation.",
    "has_audited_ems": "Whether that system was audited by an independent body.",
    "uses_potable_water": "Whether drinking water is used for cooling.",
    "assessed_servers_share": "Share of leaving servers assessed for reuse, repair or recycling.",
    "sert_1_socket": "Lowest active state efficiency of one-socket servers.",
    "sert_2_socket": "Lowest active state efficiency of two-socket servers.",
    "sert_blade": "Lowest active state efficiency of blade and multi-node servers.",
    "explored_heat_reuse": "Whether reuse of heat was explored.",
    "employees": "Employees of the group.",
    "turnover_eur": "Net turnover of the group [EUR].",
    "revenue_usd": "Revenue of the group [USD].",
    "is_us_entity": "Whether the reporting entity is one of the United States.",
    "does_business_in_california": "Whether it does business in California.",
}
"""Facts that no other field of a reporting document tells."""
FACTS: dict[str, str] = {**_FACILITY, **TOLD}
"""Facts by name."""


def is_known(name: str) -> bool:
    """Return whether a ruleset may use a name."""
    return name in FIGURES or name in FACTS or name.startswith(OWN)
