"""What the optimiser believed against what the full simulation says, term by term."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr

from optimiser.analysis.counts import moved
from optimiser.analysis.placement_cost import placement_terms
from optimiser.analysis.verdict import Placement
from optimiser.schema.study import Weights
from optimiser.twin.on_cost import embodied_cost_per_h, on_cost_per_h
from optimiser.twin.paying import energy_price_per_kwh, water_price_per_m3


@dataclass(frozen=True)
class TermComparison:
    """One objective term, in the site's currency over the horizon."""

    name: str
    believed: float
    simulated: float

    @property
    def error_fraction(self) -> float:
        """How far the belief lies above the simulation, over the simulation; 0 when both are 0."""
        if self.believed == self.simulated:
            return 0.0
        return (self.believed - self.simulated) / max(abs(self.simulated), 1e-12)


def simulated_terms(
    twin: xr.Dataset, weights: Weights, placement: Placement, simulation: xr.Dataset
) -> dict[str, float]:
    """Return the objective terms of a placement as the simulation and the twin have them.

    Energy, carbon and water come from the simulated meters; loads, moves and hosts are counted.
    """
    hours = float(twin["period_h"].values.sum())
    migrating = moved(twin, np.asarray(placement.host))
    one_off = float(twin["workload_move_cost"].values[migrating].sum())
    grams, kwh = float(simulation["carbon_g"].sum()), simulation["energy_kwh"].values
    return {
        "energy_cost": float((kwh * energy_price_per_kwh(twin, weights)).sum()),
        "carbon": grams / 1e6 * weights.carbon_price_per_t,
        "water": float(simulation["water_l"].sum()) / 1e3 * water_price_per_m3(twin, weights),
        "migration": one_off * hours / 24.0 / weights.hold_days,
        "host_on": float(on_cost_per_h(twin, weights)[placement.host_on].sum()) * hours,
        "embodied": float(embodied_cost_per_h(twin, weights)[placement.host_on].sum()) * hours,
        **placement_terms(twin, weights, np.asarray(placement.host)),
    }


def compare_terms(
    twin: xr.Dataset,
    weights: Weights,
    placement: Placement,
    believed: Mapping[str, float],
    simulation: xr.Dataset,
) -> list[TermComparison]:
    """Return each believed term beside its simulated value, in the order of ``believed``.

    Raises ``KeyError`` for a term that the simulation does not know, because a term that nobody
    judges would pass unseen.
    """
    known = simulated_terms(twin, weights, placement, simulation)
    return [TermComparison(name, value, known[name]) for name, value in believed.items()]


def total_error_fraction(terms: list[TermComparison]) -> float:
    """Return the error of the whole objective over its simulated value."""
    believed = sum(term.believed for term in terms)
    simulated = sum(term.simulated for term in terms)
    return TermComparison("total", believed, simulated).error_fraction
