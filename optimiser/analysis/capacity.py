"""Exact checks of hosts: placement itself, capacity, devices, reserves, space and resources."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import xarray as xr

from optimiser.analysis.loads import Loads, sum_by
from optimiser.analysis.rows import ROUNDING, Rows, floor_limit, offenders
from optimiser.analysis.verdict import Placement
from optimiser.schema.policy import DomainCapacity, Headroom
from optimiser.twin.devices import overfilled
from optimiser.twin.rules import Rule

FRACTION_SCALE = 1_000_000


def measure_assign(
    twin: xr.Dataset, placement: Placement, may_wait: np.ndarray | None = None
) -> list[Rows]:
    """Every workload runs on exactly one host that exists, may be used and is on.

    Those that ``may_wait`` (W,) bool may have none.
    """
    host, num_hosts = np.asarray(placement.host), twin.sizes["host"]
    exists = (host >= 0) & (host < num_hosts)
    place = np.where(exists, host, 0)
    usable, on = twin["host_usable"].values, np.asarray(placement.host_on, dtype=bool)
    names, hosts = twin["workload"].values, twin["host"].values
    every = np.arange(len(host), dtype=np.int64)
    key = every * (num_hosts + 1) + np.where(exists, host, num_hosts)

    missing = ~exists if may_wait is None else ~exists & ~may_wait

    def label(index: int) -> str:
        at = f" on host {hosts[place[index]]}" if exists[index] else ""
        return f"workload {names[index]}{at}"

    return [
        offenders(None, missing, key, label, "has no host"),
        offenders(None, exists & ~usable[place], key, label, "the host is under maintenance"),
        offenders(None, exists & ~on[place], key, label, "the host is asleep"),
        offenders(
            None,
            on & ~usable,
            np.arange(num_hosts, dtype=np.int64),
            lambda index: f"host {hosts[index]}",
            "is on although it is under maintenance",
        ),
    ]


def measure_capacity(twin: xr.Dataset, loads: Loads) -> list[Rows]:
    """Use of each resource stays within each host's capacity at every step."""
    num_hosts, num_resources, num_steps = loads.usage.shape
    hosts, resources = twin["host"].values, twin["resource"].values
    return [
        Rows(
            value=loads.usage.reshape(num_hosts * num_resources, num_steps),
            limit=twin["host_capacity"].values.astype(np.int64).reshape(-1, 1),
            label=lambda row: (
                f"host {hosts[row // num_resources]}, {resources[row % num_resources]}"
            ),
            noun="use",
            unit=_common_unit(twin),
        )
    ]


def _common_unit(twin: xr.Dataset) -> str:
    units = set(json.loads(twin.attrs["resource_units"]))
    return units.pop() if len(units) == 1 else "units"


def resource_unit(twin: xr.Dataset, resource: int) -> str:
    """Return the unit of a resource as the site writes it."""
    return str(json.loads(twin.attrs["resource_units"])[resource])


def measure_devices(twin: xr.Dataset, placement: Placement) -> list[Rows]:
    """Devices such as GPUs: the given ones are not overfilled, or some assignment exists."""
    resource = int(twin.attrs["device_resource"])
    if resource < 0:
        return []
    size = int(twin.attrs["device_size"])
    usage = twin["flavour_usage"].values[:, resource, :].max(axis=1)
    request = usage[twin["workload_flavour"].values].astype(np.int64)
    count = twin["host_capacity"].values[:, resource] // size
    if placement.devices is None:
        return [_packable(twin, placement.host, request, count, size)]
    return _given_devices(twin, placement, request, count, size)


def _packable(
    twin: xr.Dataset, host: np.ndarray, request: np.ndarray, count: np.ndarray, size: int
) -> Rows:
    """Prove host by host that the requests fit; equal sets of requests are packed once."""
    hosts, wrong = overfilled(host, request, count, size)
    names = twin["host"].values
    return offenders(
        None,
        wrong,
        hosts,
        lambda i: f"host {names[hosts[i]]}",
        "the requests do not fit its devices",
    )


def excuse_devices(
    twin: xr.Dataset, rows: list[Rows], host: np.ndarray, today: np.ndarray
) -> list[Rows]:
    """Drop hosts that hold no device request which they do not hold today."""
    resource = int(twin.attrs["device_resource"])
    if resource < 0 or rows[0].key is None:
        return rows
    usage = twin["flavour_usage"].values[:, resource, :].max(axis=1)
    arrives = (usage[twin["workload_flavour"].values] > 0) & (host != today)
    new = np.isin(rows[0].key, host[arrives])
    packed, keep = rows[0], np.flatnonzero(new)
    return [
        replace(
            packed,
            value=packed.value[keep],
            limit=packed.limit[keep],
            key=packed.key[keep] if packed.key is not None else None,
            label=lambda row: packed.label(int(keep[row])),
        )
    ]


def _given_devices(
    twin: xr.Dataset, placement: Placement, request: np.ndarray, count: np.ndarray, size: int
) -> list[Rows]:
    assert placement.devices is not None
    lengths = np.array([len(d) for d in placement.devices], dtype=np.int64)
    device = np.array([x for d in placement.devices for x in d], dtype=np.int64)
    owner = np.repeat(np.arange(len(lengths)), lengths)
    host = placement.host[owner]
    whole = request >= size
    needed = np.where(whole, request // size, (request > 0).astype(np.int64))
    needed[placement.host < 0] = 0
    wrong_number = lengths != needed
    known = (host >= 0) & (host < len(count))
    exists = known & (device >= 0) & (device < count[np.where(known, host, 0)])
    wrong_number[owner[~exists]] = True
    widest = int(max(count.max(initial=0), 1))
    slot = host[exists] * widest + device[exists]
    twice = _listed_twice(owner[exists], slot)
    wrong_number[twice] = True
    amount = np.minimum(request[owner[exists]], size)
    slots, where = np.unique(slot, return_inverse=True)
    load = np.bincount(where.reshape(-1), weights=amount, minlength=len(slots)).astype(np.int64)
    names, hosts = twin["workload"].values, twin["host"].values
    return [
        offenders(
            None,
            wrong_number,
            np.arange(len(request), dtype=np.int64),
            lambda index: f"workload {names[index]}",
            "its devices do not fit its request",
        ),
        Rows(
            value=load.reshape(-1, 1),
            limit=np.full((len(slots), 1), size, dtype=np.int64),
            label=lambda row: f"host {hosts[slots[row] // widest]}, device {slots[row] % widest}",
            noun="use",
            unit=resource_unit(twin, int(twin.attrs["device_resource"])),
            key=slots,
        ),
    ]


def _listed_twice(owner: np.ndarray, slot: np.ndarray) -> np.ndarray:
    """Return the owners that name one device more than once."""
    pairs, counts = np.unique(np.column_stack([owner, slot]), axis=0, return_counts=True)
    return pairs[counts > 1, 0]


def measure_headroom(twin: xr.Dataset, rule: Rule, loads: Loads) -> list[Rows]:
    """``use + amount ≤ (1 − fraction) · capacity that is on`` in each domain, at every step."""
    policy = rule.policy
    assert isinstance(policy, Headroom)
    resource = twin["resource"].values.astype(str).tolist().index(policy.resource)
    domain = np.where(rule.hosts, rule.domain, -1)
    count = len(rule.domain_names)
    capacity = twin["host_capacity"].values[:, resource].astype(np.int64)
    scale = _safe_scale(int(capacity.sum()))
    on = np.where(loads.host_on, capacity, 0)
    used = sum_by(loads.usage[:, resource, :], domain, count)
    kept = scale - round(policy.fraction * scale)
    room = sum_by(on[:, None], domain, count) * kept - policy.amount * scale
    present = np.unique(domain[domain >= 0])
    return [
        Rows(
            value=used[present] * scale - room[present],
            limit=np.zeros((len(present), 1), dtype=np.int64),
            label=lambda row: f"{policy.domain} {rule.domain_names[present[row]]}",
            noun=f"{policy.resource} reserve short by",
            unit=resource_unit(twin, resource),
            scale=float(scale),
        )
    ]


def _safe_scale(total: int) -> int:
    """Return the largest power of ten up to a million at which sums stay far inside int64."""
    scale = FRACTION_SCALE
    while scale > 1 and total * scale > 2**60:
        scale //= 10
    return scale


def measure_domain_resource(twin: xr.Dataset, rule: Rule, loads: Loads) -> list[Rows]:
    """Sum of a resource, or of the rack units of hosts that are on, over each domain."""
    policy = rule.policy
    assert isinstance(policy, DomainCapacity)
    domain = np.where(rule.hosts, rule.domain, -1)
    count = len(rule.domain_names)
    if policy.resource == "space":
        units = twin["kind_rack_units"].values[twin["host_kind"].values].astype(np.int64)
        value = sum_by(np.where(loads.host_on, units, 0)[:, None], domain, count)
        rating, unit, noun = _space(twin, rule, count), "U", "rack units on"
    else:
        resource = twin["resource"].values.astype(str).tolist().index(policy.resource)
        value = sum_by(loads.usage[:, resource, :], domain, count)
        offered = twin["host_capacity"].values[:, [resource]].astype(np.int64)
        rating = sum_by(offered, domain, count)[:, 0].astype(float)
        unit, noun = resource_unit(twin, resource), f"{policy.resource} use"
    if policy.limit is not None:
        rating = np.full(count, policy.limit)
    present = np.unique(domain[domain >= 0])
    limit = floor_limit(rating * policy.limit_fraction)
    return [
        Rows(
            value=value[present],
            limit=limit[present, None],
            label=lambda row: f"{policy.domain} {rule.domain_names[present[row]]}",
            noun=noun,
            unit=unit,
        )
    ]


def _space(twin: xr.Dataset, rule: Rule, count: int) -> np.ndarray:
    """Return the height of the racks of each domain [U]."""
    rack = twin["host_rack"].values
    inside = rule.domain >= 0
    pairs = np.unique(np.column_stack([rule.domain[inside], rack[inside]]), axis=0)
    heights = twin["rack_units"].values[pairs[:, 1]]
    return np.floor(np.bincount(pairs[:, 0], weights=heights, minlength=count) + ROUNDING)
