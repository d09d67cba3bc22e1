"""Figures of a placement, taken from its full simulation and never from solver variables."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import xarray as xr

from optimiser.analysis.verdict import Placement
from optimiser.schema.study import Weights
from optimiser.twin.on_cost import embodied_kg_per_h, on_cost_per_h
from optimiser.twin.summary import summary

WATT_PER_KILOWATT = 1000.0


@dataclass(frozen=True)
class Metrics:
    """What a placement uses over the horizon; ``None`` where the site does not model it.

    ``mean_utilisation`` is the use of the resource that drives power over the capacity that is
    on, ``peak_utilisation`` that of the fullest host; both 0..1.
    """

    facility_kwh: float
    it_kwh: float
    cost: float
    co2e_kg: float
    water_l: float | None
    pue: float | None
    wue_l_per_kwh: float | None
    peak_kw: float
    hosts_on: int
    max_inlet_c: float | None
    mean_utilisation: float
    peak_utilisation: float


@dataclass(frozen=True)
class Change:
    """One figure before and after; ``fraction`` is the change over the value before."""

    name: str
    before: float
    after: float

    @property
    def fraction(self) -> float | None:
        """Change over the value before; ``None`` when that is 0."""
        return (self.after - self.before) / self.before if self.before else None


@dataclass(frozen=True)
class RackMetrics:
    """Figures of every rack, (rack,) each: powers [kW], warmest inlet [°C] (NaN unknown).

    ``load_fraction`` is the mean use of the power resource over the capacity installed.
    """

    mean_kw: np.ndarray
    peak_kw: np.ndarray
    max_inlet_c: np.ndarray
    hosts_on: np.ndarray
    load_fraction: np.ndarray


def measure_metrics(twin: xr.Dataset, simulation: xr.Dataset) -> Metrics:
    """Return the figures of one simulated placement."""
    found = summary(simulation, twin)
    has_water = found["wue_l_per_kwh"] is not None
    on = simulation["host_on"].values.astype(bool)
    mean, size = simulation["host_mean_utilisation"].values, _power_capacity(twin)
    return Metrics(
        facility_kwh=found["facility_kwh"],
        it_kwh=found["it_kwh"],
        cost=found["cost"],
        co2e_kg=found["kgco2e"],
        water_l=found["water_l"] if has_water else None,
        pue=found["pue"],
        wue_l_per_kwh=found["wue_l_per_kwh"],
        peak_kw=found["peak_kw"],
        hosts_on=int(on.sum()),
        max_inlet_c=found["max_inlet_c"],
        mean_utilisation=float(mean[on] @ size[on] / max(float(size[on].sum()), 1.0)),
        peak_utilisation=float(simulation["host_peak_utilisation"].values.max(initial=0.0)),
    )


def own_on_cost_per_h(twin: xr.Dataset, weights: Weights, placement: Placement) -> float | None:
    """Return what the hosts that are on cost besides energy [currency/h].

    ``None`` where no host has a cost of its own: the study's is the same for all.
    """
    own = twin.get("host_own_on_cost_per_h")
    if own is None or np.isnan(own.values).all():
        return None
    return float(on_cost_per_h(twin, weights)[np.asarray(placement.host_on, dtype=bool)].sum())


def embodied_in_use_kg(twin: xr.Dataset, weights: Weights, placement: Placement) -> float | None:
    """Return the share of embodied carbon of hosts that are on, over the horizon [kgCO2e].

    ``None`` where the study does not count it.
    """
    if not weights.embodied:
        return None
    on = np.asarray(placement.host_on, dtype=bool)
    return float(embodied_kg_per_h(twin, weights)[on].sum() * twin["period_h"].values.sum())


def measure_racks(twin: xr.Dataset, simulation: xr.Dataset) -> RackMetrics:
    """Return the figures of every rack of one simulated placement."""
    rack, count = twin["host_rack"].values, twin.sizes["rack"]
    power_kw = simulation["rack_power_w"].values / WATT_PER_KILOWATT
    size = _power_capacity(twin)
    used = np.bincount(rack, size * simulation["host_mean_utilisation"].values, minlength=count)
    installed = np.bincount(rack, size, minlength=count)
    unknown = np.full(count, np.nan)
    inlet = simulation["inlet_c"].values.max(axis=1) if "inlet_c" in simulation else unknown
    return RackMetrics(
        mean_kw=np.average(power_kw, axis=1, weights=twin["period_h"].values),
        peak_kw=power_kw.max(axis=1),
        max_inlet_c=inlet,
        hosts_on=np.bincount(rack, simulation["host_on"].values, minlength=count).astype(int),
        load_fraction=used / np.maximum(installed, 1.0),
    )


def _power_capacity(twin: xr.Dataset) -> np.ndarray:
    resource = int(twin.attrs["power_resource"])
    return twin["host_capacity"].values[:, resource].astype(float)


def changes(before: Metrics, after: Metrics) -> list[Change]:
    """Return every figure that both sides know, before and after, in the order of ``Metrics``."""
    found = []
    for field in dataclasses.fields(Metrics):
        old, new = getattr(before, field.name), getattr(after, field.name)
        if old is not None and new is not None:
            found.append(Change(field.name, float(old), float(new)))
    return found
