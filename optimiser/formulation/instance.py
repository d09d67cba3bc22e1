"""One model's worth of data: a frame, a grouping and, for sub-models, what stays as it is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import xarray as xr

from optimiser.distinct import distinct_rows
from optimiser.formulation.frame import Frame
from optimiser.formulation.grouping import Domains, Grouping, merge_domains
from optimiser.formulation.quantities import Quantities, measure
from optimiser.twin.devices import overfilled
from optimiser.twin.rules import Rule


@dataclass(frozen=True, eq=False)
class Background:
    """The part of the site that a neighbourhood model leaves alone.

    ``host_of_workload`` (W,) and ``host_on`` (H,) bool are the whole placement the neighbourhood
    starts from; workloads and hosts outside the grouping keep their place and state.
    """

    host_of_workload: np.ndarray
    host_on: np.ndarray


@dataclass(frozen=True, eq=False)
class Fixed:
    """Constant parts of a model.

    ``host_of_workload`` (W,) the host of each fixed workload, −1 for free ones; ``usage`` (H, R, S)
    of fixed workloads; ``rack_power_kw`` (rack, step) and ``rack_reserve_kw`` (rack,) of hosts
    outside the model; ``host_on`` (H,) bool of those; ``must_be_on`` (H,) bool hosts of the model
    that hold a fixed workload.
    """

    host_of_workload: np.ndarray
    usage: np.ndarray
    rack_power_kw: np.ndarray
    rack_reserve_kw: np.ndarray
    host_on: np.ndarray
    must_be_on: np.ndarray


@dataclass(frozen=True, eq=False)
class Instance:
    """What :func:`optimiser.formulation.model.build` turns into a model."""

    frame: Frame
    grouping: Grouping
    background: Background | None = None

    @property
    def twin(self) -> xr.Dataset:
        """The twin."""
        return self.frame.twin

    @property
    def num_steps(self) -> int:
        """Number of distinct demand steps."""
        return int(self.twin.sizes["step"])

    @cached_property
    def group_names(self) -> list[str]:
        """Name of the first workload of each group."""
        return [str(n) for n in self.twin["workload"].values[self.grouping.first_workload]]

    def some_members(self, share: np.ndarray) -> list[str]:
        """Return the names of as many workloads of each group as ``share`` (group,) says.

        Parts of workloads are rounded so that the sum stays what it is, to the next whole one;
        groups with larger shares come first.
        """
        number = np.floor(share + 1e-6)
        missing = int(np.ceil(share.sum() - 1e-6) - number.sum())
        number[np.argsort(number - share, kind="stable")[: max(0, missing)]] += 1.0
        names = self.twin["workload"].values.astype(str)
        found: list[str] = []
        for group in np.argsort(-number, kind="stable")[: int((number > 0).sum())].tolist():
            members = np.flatnonzero(self.grouping.workload_group == group)
            found += names[members[: int(number[group])]].tolist()
        return found

    @cached_property
    def host_names(self) -> list[str]:
        """Name of the first host of each host group."""
        return [str(n) for n in self.twin["host"].values[self.grouping.first_host]]

    @cached_property
    def cell_names(self) -> list[str]:
        """Name of the first rack of each cell."""
        cell = self.grouping.rack_cell
        first = [int(np.argmax(cell == c)) for c in range(self.grouping.num_cells)]
        return [str(self.twin["rack"].values[r]) for r in first]

    @cached_property
    def demand(self) -> np.ndarray:
        """Use of one workload of each group (group, resource, step) int64."""
        flavour = self.twin["workload_flavour"].values[self.grouping.first_workload]
        return self.twin["flavour_usage"].values[flavour]

    @cached_property
    def capacity(self) -> np.ndarray:
        """Capacity of one host of each host group (host group, resource) int64."""
        return self.twin["host_capacity"].values[self.grouping.first_host]

    @cached_property
    def usable_capacity(self) -> np.ndarray:
        """Capacity with devices counted whole (host group, resource) int64."""
        capacity, device = self.capacity.copy(), int(self.twin.attrs["device_resource"])
        if device >= 0:
            size = int(self.twin.attrs["device_size"])
            capacity[:, device] = capacity[:, device] // size * size
        return capacity

    @cached_property
    def kind(self) -> np.ndarray:
        """Server card of each host group."""
        return self.twin["host_kind"].values[self.grouping.first_host]

    @cached_property
    def excess(self) -> np.ndarray:
        """How far today's use may stay above capacity (host group, resource, step)."""
        shape = (self.grouping.num_hosts, *self.demand.shape[1:])
        total = np.zeros(shape, dtype=np.int64)
        if not self.frame.capacity_not_worse:
            return total
        inside = self.grouping.host_group >= 0
        capacity = self.twin["host_capacity"].values[:, :, None]
        above = np.maximum(self.frame.today.usage - capacity, 0)[inside]
        np.add.at(total, self.grouping.host_group[inside], above)
        return total

    @cached_property
    def overfull_devices(self) -> np.ndarray:
        """Whether devices hold more today than fits them and may stay so (host group,) bool.

        Shares that cannot be split between devices may not fit although their sum does.
        """
        found = np.zeros(self.grouping.num_hosts, dtype=bool)
        device = int(self.twin.attrs["device_resource"])
        if device < 0 or not self.frame.capacity_not_worse:
            return found
        request = self.twin["flavour_usage"].values[:, device, :].max(axis=1)
        hosts, wrong = overfilled(
            self.twin["workload_host"].values,
            request[self.twin["workload_flavour"].values],
            self.twin["host_capacity"].values[:, device] // int(self.twin.attrs["device_size"]),
            int(self.twin.attrs["device_size"]),
        )
        group = self.grouping.host_group[hosts[wrong]]
        found[group[group >= 0]] = True
        return found

    @cached_property
    def today(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Today's counts as (group, host group, count), for pairs that have some."""
        host = self.twin["workload_host"].values
        group = self.grouping.workload_group
        known = (group >= 0) & (host >= 0)
        k = self.grouping.host_group[np.where(known, host, 0)]
        known &= k >= 0
        key = group[known].astype(np.int64) * self.grouping.num_hosts + k[known]
        distinct, count = np.unique(key, return_counts=True)
        return distinct // self.grouping.num_hosts, distinct % self.grouping.num_hosts, count

    @cached_property
    def placed_today(self) -> np.ndarray:
        """Number of workloads of each group that run anywhere today (group,)."""
        group = self.grouping.workload_group
        known = (group >= 0) & (self.twin["workload_host"].values >= 0)
        return np.bincount(group[known], minlength=self.grouping.num_groups)

    @cached_property
    def allowed(self) -> np.ndarray:
        """Whether a workload of a group may ever be on a host (group, host group) bool."""
        elig, grouping = self.frame.eligibility, self.grouping
        of_group = elig.of_workload[grouping.first_workload]
        return elig.allowed[of_group][:, grouping.first_host] & self.fits

    @cached_property
    def fits(self) -> np.ndarray:
        """Whether one workload of a group fits an empty host (group, host group) bool."""
        grouping = self.grouping
        peak = self.demand.max(axis=2)
        first, of_host = distinct_rows(self.capacity)
        distinct = self.capacity[first]
        room = (peak[:, None, :] <= distinct[None, :, :]).all(axis=2)[:, of_host]
        if self.frame.capacity_not_worse:
            g, k, _ = self.today
            room[g, k] = True
        assert room.shape == (grouping.num_groups, grouping.num_hosts)
        return room

    @cached_property
    def fixed(self) -> Fixed:
        """The constant parts: everything outside the grouping."""
        twin, grouping = self.twin, self.grouping
        in_model = grouping.host_group >= 0
        host = np.full(twin.sizes["workload"], -1)
        host_on = np.zeros(twin.sizes["host"], dtype=bool)
        if self.background is not None:
            outside = grouping.workload_group < 0
            host[outside] = self.background.host_of_workload[outside]
            host_on = np.where(in_model, False, self.background.host_on)
        found = measure(twin, self.frame.envelope, host, host_on, counted=~in_model)
        must = np.zeros(twin.sizes["host"], dtype=bool)
        must[host[host >= 0]] = True
        return Fixed(
            host_of_workload=host,
            usage=found.usage,
            rack_power_kw=found.rack_power_kw,
            rack_reserve_kw=found.rack_reserve_kw,
            host_on=host_on,
            must_be_on=must & in_model,
        )

    @cached_property
    def host_base(self) -> np.ndarray:
        """Use of fixed workloads on the hosts of the model (host group, resource, step)."""
        total = np.zeros((self.grouping.num_hosts, *self.demand.shape[1:]), dtype=np.int64)
        inside = self.grouping.host_group >= 0
        np.add.at(total, self.grouping.host_group[inside], self.fixed.usage[inside])
        return total

    def measure(self, host_of_workload: np.ndarray, host_on: np.ndarray) -> Quantities:
        """Return the quantities of a placement of the whole site."""
        return measure(self.twin, self.frame.envelope, host_of_workload, host_on)

    def fixed_rack_power_kw(self, hosts: np.ndarray) -> np.ndarray:
        """Return planning power (rack, step) of those of ``hosts`` (H,) outside the model."""
        in_model = self.grouping.host_group >= 0
        found = measure(
            self.twin, self.frame.envelope, self.fixed.host_of_workload, self.fixed.host_on,
            counted=hosts & ~in_model,
        )  # fmt: skip
        return found.rack_power_kw

    def domains(self, rule: Rule) -> Domains:
        """Return the domains of a rule as this grouping sees them."""
        return merge_domains(self.grouping, rule)

    def counts(self, rule: Rule, host_of_workload: np.ndarray) -> np.ndarray:
        """Return members of each group in each true domain (rule group, domain) of a placement."""
        table = np.zeros((len(rule.group_names), len(rule.domain_names)), dtype=np.int64)
        placed = (host_of_workload >= 0) & (rule.group >= 0)
        domain = rule.domain[np.where(placed, host_of_workload, 0)]
        placed &= domain >= 0
        np.add.at(table, (rule.group[placed], domain[placed]), 1)
        return table

    def counts_today(self, rule: Rule) -> np.ndarray:
        """Return today's counts (rule group, domain)."""
        return self.counts(rule, self.twin["workload_host"].values)

    def counts_fixed(self, rule: Rule) -> np.ndarray:
        """Return counts of the fixed workloads (rule group, domain)."""
        return self.counts(rule, self.fixed.host_of_workload)

    def group_of_rule(self, rule: Rule) -> np.ndarray:
        """Return the rule group of each workload group, −1 none."""
        return rule.group[self.grouping.first_workload]
