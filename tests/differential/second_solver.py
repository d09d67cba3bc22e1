"""A second solver with a model of its own: OR-Tools CP-SAT, in a process of its own.

``python -m differential.second_solver FIRST COUNT`` prints a line of JSON per seed. The model is
written from twin and rules in whole numbers, a boolean per workload and host, and shares nothing
with the formulation; HiGHS must not be loaded in the same process.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

import numpy as np
import xarray as xr
from differential.linear_sites import linear_site, move_units, on_units
from ortools.sat.python import cp_model

from optimiser.analysis.loads import host_power
from optimiser.schema.policy import (
    Affinity,
    AntiAffinity,
    DomainCapacity,
    Headroom,
    MaxHostsOn,
    MaxMoves,
    Spread,
)
from optimiser.twin.limits import rack_rows
from optimiser.twin.rules import Rule

MILLION = 1_000_000


class Model:
    """Variables of one site: ``x[w, h]`` placed, ``on[h]``, ``use[h, r, s]`` as expressions."""

    def __init__(self, twin: xr.Dataset) -> None:
        self.twin, self.cp = twin, cp_model.CpModel()
        self.hosts, self.workloads = range(twin.sizes["host"]), range(twin.sizes["workload"])
        self.steps, self.resources = range(twin.sizes["step"]), range(twin.sizes["resource"])
        self.capacity = twin["host_capacity"].values.astype(int)
        usage = twin["flavour_usage"].values[twin["workload_flavour"].values].astype(int)
        self.usage, self.today = usage, twin["workload_host"].values
        self.x = {
            (w, h): self.cp.new_bool_var(f"x{w}_{h}") for w in self.workloads for h in self.hosts
        }
        self.on = [self.cp.new_bool_var(f"on{h}") for h in self.hosts]
        self._basics()
        self._devices()

    def use(self, h: int, r: int, s: int):
        """Return the use of a resource on a host in a step."""
        return sum(int(self.usage[w, r, s]) * self.x[w, h] for w in self.workloads)

    def _basics(self) -> None:
        usable = self.twin["host_usable"].values
        for w in self.workloads:
            self.cp.add_exactly_one(self.x[w, h] for h in self.hosts)
        for h in self.hosts:
            if not usable[h]:
                self.cp.add(self.on[h] == 0)
            for w in self.workloads:
                self.cp.add_implication(self.x[w, h], self.on[h])
            for r in self.resources:
                for s in self.steps:
                    self.cp.add(self.use(h, r, s) <= int(self.capacity[h, r]))

    def _devices(self) -> None:
        """Give each request below a whole device one device, and larger ones whole devices."""
        r, size = int(self.twin.attrs["device_resource"]), int(self.twin.attrs["device_size"])
        if r < 0:
            return
        for h in self.hosts:
            load: list[list] = [[] for _ in range(int(self.capacity[h, r]) // size)]
            for w in self.workloads:
                request = int(self.usage[w, r].max())
                if request == 0:
                    continue
                chosen = [self.cp.new_bool_var(f"d{w}_{h}_{d}") for d in range(len(load))]
                self.cp.add(sum(chosen) == max(1, request // size) * self.x[w, h])
                for d, variable in enumerate(chosen):
                    load[d].append(min(request, size) * variable)
            for parts in load:
                self.cp.add(sum(parts) <= size)

    def count(self, rule: Rule, group: int, domain: int):
        """Return how many members of a group are in a domain."""
        inside = np.flatnonzero(rule.domain == domain).tolist()
        members = np.flatnonzero(rule.group == group).tolist()
        return sum(self.x[w, h] for w in members for h in inside)

    def is_used(self, rule: Rule, group: int, domain: int) -> cp_model.IntVar:
        """Return whether a group uses a domain."""
        used, count = self.cp.new_bool_var(""), self.count(rule, group, domain)
        self.cp.add(count >= 1).only_enforce_if(used)
        self.cp.add(count == 0).only_enforce_if(~used)
        return used

    def power_uw(self, h: int, s: int):
        """Return the planning power of a host: a table over its load, plus its devices."""
        twin, curves = self.twin, host_power(self.twin)
        power, device = int(twin.attrs["power_resource"]), int(twin.attrs["device_resource"])
        top = int(self.capacity[h, power])
        usage = np.zeros((top + 1, len(self.resources), 1), dtype=np.int64)
        usage[:, power, 0] = np.arange(top + 1)
        table = curves.planning_uw(np.full(top + 1, h), usage, np.ones(top + 1, bool))[:, 0]
        asleep = curves.planning_uw(np.array([h]), usage[:1], np.zeros(1, bool))[0, 0]
        load = self.cp.new_int_var(0, top, "")
        self.cp.add(load == self.use(h, power, s))
        awake = self.cp.new_int_var(0, int(table.max()), "")
        self.cp.add_element(load, table.tolist(), awake)
        drawn = self.cp.new_int_var(0, max(int(table.max()), int(asleep)), "")
        self.cp.add(drawn == awake).only_enforce_if(self.on[h])
        self.cp.add(drawn == int(asleep)).only_enforce_if(~self.on[h])
        if device < 0:
            return drawn
        span = float(twin["kind_gpu_span_w"].values[int(twin["host_kind"].values[h])])
        per_unit = round(span * MILLION / max(1, int(self.capacity[h, device])))
        return drawn + per_unit * self.use(h, device, s)


def _floor(value: float) -> int:
    return int(np.floor(value + 1e-9))


def _kept_share(fraction: float) -> int:
    return MILLION - round(fraction * MILLION)


def add_headroom(m: Model, rule: Rule) -> None:
    """Keep a share and an amount of what is on free in each domain."""
    policy = rule.policy
    r = m.twin["resource"].values.tolist().index(policy.resource)
    for domain in np.unique(rule.domain[rule.hosts & (rule.domain >= 0)]).tolist():
        inside = np.flatnonzero(rule.hosts & (rule.domain == domain)).tolist()
        room = sum(int(m.capacity[h, r]) * m.on[h] for h in inside) * _kept_share(policy.fraction)
        for s in m.steps:
            used = sum(m.use(h, r, s) for h in inside) + int(policy.amount)
            m.cp.add(used * MILLION <= room)


def add_domain_capacity(m: Model, rule: Rule) -> None:
    """Keep a resource or the rack units of hosts that are on inside each domain."""
    policy, twin = rule.policy, m.twin
    units = twin["kind_rack_units"].values[twin["host_kind"].values].astype(int)
    for domain in np.unique(rule.domain[rule.hosts & (rule.domain >= 0)]).tolist():
        inside = np.flatnonzero(rule.hosts & (rule.domain == domain)).tolist()
        if policy.resource == "space":
            racks = np.unique(twin["host_rack"].values[rule.domain == domain])
            rating = float(twin["rack_units"].values[racks].sum())
            sums = [sum(int(units[h]) * m.on[h] for h in inside)]
        else:
            r = twin["resource"].values.tolist().index(policy.resource)
            rating = float(m.capacity[inside, r].sum())
            sums = [sum(m.use(h, r, s) for h in inside) for s in m.steps]
        rating = rating if policy.limit is None else policy.limit
        for total in sums:
            m.cp.add(total <= _floor(rating * policy.limit_fraction))


def add_rack_rows(m: Model, rule: Rule) -> None:
    """Keep each sum over rack power below its limit and half of the step it is read in."""
    rows, rack = rack_rows(m.twin, rule), m.twin["host_rack"].values
    if rows is None or not len(rows.names):
        return
    step = 1.0 if rows.unit == "W" else 0.01
    power = {(h, s): m.power_uw(h, s) for h in m.hosts for s in m.steps if rule.hosts[h]}
    for row in range(len(rows.names)):
        coefficient = rows.coefficient[row]
        largest = float(np.abs(coefficient).max())
        if largest == 0.0:
            continue
        for s in m.steps:
            if not np.isfinite(rows.limit[row, s]):
                continue
            limit = _floor(rows.limit[row, s] / step) * step + step / 2
            room = (limit - rows.offset[row]) * MILLION / largest * MILLION
            total = sum(
                round(float(coefficient[rack[h]]) / largest * MILLION) * power[h, s]
                for h in m.hosts
                if rule.hosts[h]
            )
            m.cp.add(total <= int(room))


def add_spread(m: Model, rule: Rule) -> None:
    """Keep members of a group apart: few in one domain, in enough domains, evenly."""
    policy = rule.policy
    alive = np.unique(rule.domain[rule.domain >= 0]).tolist()
    for group in range(len(rule.group_names)):
        size = int((rule.group == group).sum())
        counts = [m.count(rule, group, d) for d in alive]
        limit = size if policy.max_per_domain is None else policy.max_per_domain
        if policy.max_per_domain_fraction is not None:
            share = int(np.ceil(size * policy.max_per_domain_fraction - 1e-9))
            limit = min(limit, max(1, share))
        for count in counts:
            m.cp.add(count <= limit)
        if policy.min_domains is not None:
            used = sum(m.is_used(rule, group, d) for d in alive)
            m.cp.add(used >= min(policy.min_domains, size))
        if policy.max_skew is not None:
            for one in counts:
                for other in counts:
                    m.cp.add(one - other <= policy.max_skew)


def add_anti_affinity(m: Model, rule: Rule) -> None:
    """Allow one member of a group in a domain."""
    for group in range(len(rule.group_names)):
        for domain in range(len(rule.domain_names)):
            m.cp.add(m.count(rule, group, domain) <= 1)


def add_affinity(m: Model, rule: Rule) -> None:
    """Allow a group one domain."""
    for group in range(len(rule.group_names)):
        used = [m.is_used(rule, group, d) for d in range(len(rule.domain_names))]
        m.cp.add(sum(used) <= 1)


def add_max_moves(m: Model, rule: Rule) -> None:
    """Count workloads that leave their host."""
    counted = np.flatnonzero(rule.workloads & (m.today >= 0)).tolist()
    m.cp.add(sum(1 - m.x[w, int(m.today[w])] for w in counted) <= rule.policy.limit)


def add_max_hosts_on(m: Model, rule: Rule) -> None:
    """Count hosts that are on."""
    m.cp.add(sum(m.on[h] for h in np.flatnonzero(rule.hosts).tolist()) <= rule.policy.limit)


def add_allowed(m: Model, rule: Rule) -> None:
    """Bar workloads from hosts."""
    for w in m.workloads:
        for h in np.flatnonzero(~rule.allowed[rule.allowed_class[w]]).tolist():
            m.cp.add(m.x[w, h] == 0)


ADDERS: dict[type, Callable[[Model, Rule], None]] = {
    Headroom: add_headroom,
    Spread: add_spread,
    AntiAffinity: add_anti_affinity,
    Affinity: add_affinity,
    MaxMoves: add_max_moves,
    MaxHostsOn: add_max_hosts_on,
}


def add_rule(m: Model, rule: Rule) -> None:
    """Add one rule."""
    if rule.allowed is not None:
        add_allowed(m, rule)
    elif isinstance(rule.policy, DomainCapacity) and rule.policy.resource != "power":
        add_domain_capacity(m, rule)
    elif type(rule.policy) in ADDERS:
        ADDERS[type(rule.policy)](m, rule)
    else:
        add_rack_rows(m, rule)


def model_of(seed: int) -> Model | None:
    """Return the model of a seed with its objective in units; None for seeds left out."""
    site = linear_site(seed)
    if site is None:
        return None
    twin, rules, _ = site
    model = Model(twin)
    for rule in rules:
        add_rule(model, rule)
    units, today = move_units(twin).tolist(), model.today
    moves = [units[w] * (1 - model.x[w, int(today[w])]) for w in model.workloads if today[w] >= 0]
    on = [cost * host for cost, host in zip(on_units(twin).tolist(), model.on, strict=True)]
    model.cp.minimize(sum(on) + sum(moves))
    return model


def solve_by_cp_sat(model: Model) -> float | None:
    """Return the least cost by CP-SAT, ``None`` when it says that there is no plan."""
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 1
    status = solver.solve(model.cp)
    if status == cp_model.OPTIMAL:
        return float(solver.objective_value)
    if status == cp_model.INFEASIBLE:
        return None
    raise RuntimeError(f"CP-SAT: {solver.status_name(status)} {model.cp.validate()}")


def answer_seeds(solve: Callable[[Model], float | None], first: int, count: int) -> None:
    """Print one line of JSON per seed that is not left out: its cost in units, or null."""
    for seed in range(first, first + count):
        model = model_of(seed)
        if model is not None:
            print(json.dumps({"seed": seed, "units": solve(model)}), flush=True)


if __name__ == "__main__":
    answer_seeds(solve_by_cp_sat, int(sys.argv[1]), int(sys.argv[2]))
