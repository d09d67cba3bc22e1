"""What every model of one study shares: the twin, its rules and the data derived from both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import xarray as xr

from optimiser.distinct import distinct_rows
from optimiser.formulation.quantities import Quantities, load_fraction, measure
from optimiser.schema.study import Weights
from optimiser.twin.eligibility import Eligibility, eligibility
from optimiser.twin.limits import RackRows, all_rack_rows
from optimiser.twin.nearness import is_nearness
from optimiser.twin.on_cost import embodied_cost_per_h, on_cost_per_h
from optimiser.twin.paying import energy_price_per_kwh, water_price_per_m3
from optimiser.twin.planning import Envelope, planning_envelope
from optimiser.twin.rules import Rule
from optimiser.twin.serving import Serving, serving
from optimiser.twin.surrogate import Surrogate, build_surrogate, surrogate_power

LARGEST_COEFFICIENT = 2**13
RESOLUTION = {"W": 1.0, "degC": 0.01}
"""Step in which limits are compared: whole watts and hundredths of a kelvin, rounded down."""
MARGIN = {"W": 2e-3, "degC": 4e-6}
"""What solvers may exceed a row by, kept free below the next step."""
ROUNDING = {"W": 1e-5, "degC": 1e-8}
"""How far a sum over racks may be from that of the verifier, which counts in microwatts."""


@dataclass(frozen=True, eq=False)
class LimitRows:
    """Rows of one rule over rack planning power, ready for a model.

    ``coefficient`` (row, rack) per kW, ``room`` (row, step) what the racks may use up, in kW or K;
    infinite where the row cannot bind. ``names`` (row,). Unless ``counts_all`` the rule is about
    some hosts only, and the coefficients apply to the power of these.
    """

    rule: Rule
    coefficient: np.ndarray
    room: np.ndarray
    names: tuple[str, ...]
    unit: str
    counts_all: bool = True


@dataclass(frozen=True, eq=False)
class Frame:
    """Shared data of all models of a study; build it once with :func:`prepare`.

    ``scale`` (resource,) powers of two that keep coefficients small; ``limit_rows`` the rows over
    rack power; ``today`` quantities of the present placement; ``workload_class`` (W,) equal for
    interchangeable workloads; ``host_highest_kw`` (H,) planning power of a host as full as it may
    be; ``net_price`` (time,) money per kW of import in the whole period, carbon included;
    ``import_ceiling_kw`` (time,) import with every host at full load.
    """

    twin: xr.Dataset
    rules: tuple[Rule, ...]
    weights: Weights
    eligibility: Eligibility
    serving: Serving
    surrogate: Surrogate
    envelope: Envelope
    capacity_not_worse: bool
    scale: np.ndarray
    limit_rows: tuple[LimitRows, ...]
    today: Quantities
    workload_class: np.ndarray
    host_highest_kw: np.ndarray
    net_price: np.ndarray
    import_ceiling_kw: np.ndarray

    @cached_property
    def horizon_h(self) -> float:
        """Length of the horizon [h]."""
        return float(self.twin["period_h"].values.sum())

    @cached_property
    def host_wear_cost(self) -> np.ndarray:
        """(H,) wear and administration of each host that is on, over the horizon."""
        return on_cost_per_h(self.twin, self.weights) * self.horizon_h

    @cached_property
    def host_embodied_cost(self) -> np.ndarray:
        """(H,) embodied carbon of each host that is on, in money over the horizon."""
        return embodied_cost_per_h(self.twin, self.weights) * self.horizon_h

    @cached_property
    def host_on_cost(self) -> np.ndarray:
        """(H,) what each host costs when it is on, over the horizon, energy left out."""
        return self.host_wear_cost + self.host_embodied_cost

    @property
    def water_price(self) -> float:
        """Price of water per m³, 0 when the study does not count it."""
        return water_price_per_m3(self.twin, self.weights)

    @property
    def is_priced(self) -> np.ndarray:
        """(time,) bool, whether saving energy saves money in that period.

        Where it does not, the model counts the import ceiling: a constant that keeps every bound
        valid and does not reward waste.
        """
        return self.net_price >= 0.0

    @property
    def is_metered(self) -> np.ndarray:
        """(time,) bool, whether the model has the import of that period: where it is priced, and
        everywhere when some rule asks for it."""
        budgeted = any(rule.kind == "budget" for rule in self.rules)
        return self.is_priced | budgeted


def prepare(
    twin: xr.Dataset,
    rules: Sequence[Rule],
    weights: Weights | None = None,
    *,
    capacity_not_worse: bool | None = None,
    surrogate: Surrogate | None = None,
) -> Frame:
    """Return the shared data of all models of a study.

    ``capacity_not_worse`` defaults to the twin's attribute of that name.
    """
    weights = weights or Weights()
    excused = bool(twin.attrs.get("capacity_not_worse", False))
    elig = eligibility(twin, rules)
    envelope = planning_envelope(twin["kind_curve_w"].values)
    surrogate = surrogate or build_surrogate(twin)
    today = measure(twin, envelope, twin["workload_host"].values, twin["host_on"].values)
    host_highest = _highest_host_power_kw(twin, envelope, today)
    highest = np.bincount(
        twin["host_rack"].values, weights=host_highest, minlength=twin.sizes["rack"]
    )
    ceiling_w, _ = surrogate_power(
        surrogate, np.repeat(highest[:, None] * 1e3, twin.sizes["time"], axis=1)
    )
    rows = [
        limit_rows(block, _counted_today(twin, envelope, block.rule, today), highest)
        for block in all_rack_rows(twin, rules)
    ]
    return Frame(
        twin=twin,
        rules=tuple(rules),
        weights=weights,
        eligibility=elig,
        serving=serving(twin, rules),
        surrogate=surrogate,
        envelope=envelope,
        capacity_not_worse=excused if capacity_not_worse is None else capacity_not_worse,
        scale=_scales(twin),
        limit_rows=tuple(rows),
        today=today,
        workload_class=workload_classes(twin, rules, elig, weights),
        host_highest_kw=host_highest,
        net_price=_net_price(twin, weights),
        import_ceiling_kw=ceiling_w / 1e3,
    )


def without_groups(frame: Frame) -> Frame:
    """Return the frame of a relaxation that no longer tells services apart.

    Rules about sets of workloads (spread, affinity, anti-affinity) are left out, so workloads of
    equal demand, hosts and move cost are one class whatever they belong to.
    """
    rules = tuple(rule for rule in frame.rules if not len(rule.group))
    classes = workload_classes(frame.twin, rules, frame.eligibility, frame.weights)
    left_out = serving(frame.twin, rules)
    return replace(frame, rules=rules, workload_class=classes, serving=left_out)


def limit_rows(block: RackRows, today: Quantities, highest_kw: np.ndarray) -> LimitRows:
    """Return rows in kW or K, with today's violations excused where the rule says so.

    The verifier compares whole watts and hundredths of a kelvin, rounded down, so a value keeps a
    limit while it stays below the next step; a margin for the solver's tolerance is left free.
    """
    limit, offset = _below_next_step(block.limit, block.unit), block.offset[:, None]
    if block.rule.not_worse:
        carried = block.coefficient @ (1e3 * today.rack_power_kw) + offset
        allowed = _below_next_step(carried + ROUNDING[block.unit], block.unit)
        # what is a hair below the next step today may stay so, too
        limit = np.maximum(limit, np.maximum(allowed, carried + 0.1 * ROUNDING[block.unit]))
    if block.unit == "W":
        coefficient, room = block.coefficient, (limit - offset) / 1e3
    else:
        coefficient, room = block.coefficient * 1e3, limit - offset
    idle = (np.maximum(coefficient, 0.0) @ highest_kw)[:, None] <= room
    return LimitRows(
        rule=block.rule,
        coefficient=coefficient,
        room=np.where(idle, np.inf, room),
        names=block.names,
        unit="kW" if block.unit == "W" else "K",
        counts_all=bool(block.rule.hosts.all()),
    )


def _below_next_step(limit: np.ndarray, unit: str) -> np.ndarray:
    """Return the largest value that a limit allows when both are compared in whole steps."""
    step = RESOLUTION[unit]
    return (np.floor(limit / step + 1e-9) + 1.0) * step - MARGIN[unit]


def _counted_today(
    twin: xr.Dataset, envelope: Envelope, rule: Rule, today: Quantities
) -> Quantities:
    """Return today's quantities with only the hosts of the rule in the racks."""
    if rule.hosts.all() or not rule.not_worse:
        return today
    host, on = twin["workload_host"].values, twin["host_on"].values
    return measure(twin, envelope, host, on, counted=rule.hosts)


def workload_classes(
    twin: xr.Dataset, rules: Sequence[Rule], elig: Eligibility, weights: Weights
) -> np.ndarray:
    """Return a class per workload (W,): equal demand, hosts, move costs and part in every rule."""
    columns = [twin["workload_flavour"].values, elig.of_workload]
    columns.append(np.unique(twin["workload_move_cost"].values, return_inverse=True)[1].reshape(-1))
    for rule in rules:
        if len(rule.group):
            columns.append(rule.group)
        if rule.allowed_class is not None:
            columns.append(rule.allowed_class)
        if rule.kind in ("max_moves", "assign") or is_nearness(rule):
            columns.append(rule.workloads)
        if len(rule.amount):
            columns.append(rule.amount)
    left_out = serving(twin, rules)
    columns += [left_out.is_optional, left_out.gang]
    if weights.service_move_cost > 0:
        columns.append(twin["workload_service"].values)
    if twin.sizes["move_class"] and weights.host_move_weight > 0:
        columns.append(twin["workload_host"].values)
    table = np.column_stack([np.asarray(column, dtype=np.int64) for column in columns])
    return distinct_rows(table)[1]


def _scales(twin: xr.Dataset) -> np.ndarray:
    largest = np.maximum(twin["host_capacity"].values.max(axis=0, initial=0), 1)
    power = np.ceil(np.log2(largest / LARGEST_COEFFICIENT))
    return 2.0 ** np.maximum(power, 0.0)


def _highest_host_power_kw(twin: xr.Dataset, envelope: Envelope, today: Quantities) -> np.ndarray:
    """Return the planning power of each host as full as it may be (H,) [kW].

    A host that is over its capacity today may stay so where ``not_worse`` covers it.
    """
    kind = twin["host_kind"].values
    load = _fullest(twin, today, int(twin.attrs["power_resource"]))
    power = (
        envelope.intercept_w[kind, -1] + envelope.slope_w[kind, -1] * load + envelope.gap_w[kind]
    )
    if int(twin.attrs["device_resource"]) >= 0:
        share = _fullest(twin, today, int(twin.attrs["device_resource"]))
        power = power + twin["kind_gpu_span_w"].values[kind] * share
    return np.maximum(power, twin["kind_standby_w"].values[kind]) / 1e3


def _fullest(twin: xr.Dataset, today: Quantities, resource: int) -> np.ndarray:
    return np.maximum(1.0, load_fraction(twin, today.usage, resource).max(axis=1))


def _net_price(twin: xr.Dataset, weights: Weights) -> np.ndarray:
    carbon = twin["carbon_g_per_kwh"].values / 1e6 * weights.carbon_price_per_t
    return (energy_price_per_kwh(twin, weights) + carbon) * twin["period_h"].values
