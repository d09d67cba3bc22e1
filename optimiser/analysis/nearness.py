"""Exact check of rules about who must be near whom."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import xarray as xr

from optimiser.analysis.loads import sum_by
from optimiser.analysis.rows import Rows
from optimiser.schema.policy import Dependency, Latency
from optimiser.twin.rules import Rule


def measure_dependency(twin: xr.Dataset, rule: Rule, host: np.ndarray) -> list[Rows]:
    """No workload is in a domain without a workload of a service that it needs."""
    assert isinstance(rule.policy, Dependency)
    present = members_by_domain(rule, host)
    return [_rows(rule, host, present == 0, lambda needed: f"without {needed}")]


def measure_service_latency(twin: xr.Dataset, rule: Rule, host: np.ndarray) -> list[Rows]:
    """No workload is in a place from where a service that it needs takes too long."""
    policy = rule.policy
    assert isinstance(policy, Latency)
    present = members_by_domain(rule, host)
    ms, shape = policy.limit_ms, present.shape
    if policy.near_to == "all":
        far = np.array([farthest_ms(rule, one) > ms for one in present], dtype=bool).reshape(shape)
        return [_rows(rule, host, far, lambda needed: f"with {needed} beyond {ms:g} ms")]
    alone = np.array([nearest_ms(rule, one) > ms for one in present], dtype=bool).reshape(shape)
    return [_rows(rule, host, alone, lambda needed: f"without {needed} within {ms:g} ms")]


def nearest_ms(rule: Rule, present: np.ndarray) -> np.ndarray:
    """Return the round trip from each place to the nearest member (place,) [ms].

    ``present`` (place,) are the members there; infinite where none is or the way is not known.
    """
    used = present > 0
    return np.asarray(rule.ways_ms[:, used].min(axis=1, initial=np.inf))


def farthest_ms(rule: Rule, present: np.ndarray) -> np.ndarray:
    """Return the round trip from each place to the farthest member (place,) [ms], 0 if none is."""
    used = present > 0
    return np.asarray(rule.ways_ms[:, used].max(axis=1, initial=0.0))


def how_far(rule: Rule, host: np.ndarray, workload: int) -> str:
    """Say how far a workload is from the services that it needs at a placement; empty if not asked.

    ``host`` (W,) is where everything runs.
    """
    policy, group = rule.policy, int(rule.group[workload])
    if not isinstance(policy, Latency) or not rule.workloads[workload] or host[workload] < 0:
        return ""
    here, present = int(rule.domain[host[workload]]), members_by_domain(rule, host)
    measure, which = (nearest_ms, "nearest")
    if policy.near_to == "all":
        measure, which = (farthest_ms, "farthest")
    far = []
    for needed in rule.needs[rule.needs[:, 0] == group, 1].tolist():
        name, ms = rule.group_names[needed], float(measure(rule, present[needed])[here])
        if not present[needed].any():
            far.append(f"no {name} runs anywhere")
        elif np.isfinite(ms):
            far.append(f"{ms:g} ms from the {which} {name}")
        else:
            far.append(f"no known way to the {which} {name}")
    place = rule.domain_names[here]
    told = (
        f"'{rule.name}' asks for at most {policy.limit_ms:g} ms: from {policy.place_label} {place} "
    )
    return told + ", ".join(far) if far else ""


def _rows(rule: Rule, host: np.ndarray, lacks: np.ndarray, words: Callable[[str], str]) -> Rows:
    """Return for each need and domain the workloads there whose need is not met.

    ``lacks`` (group, domain) tells where a group that is needed counts as not near.
    """
    width, names = len(rule.domain_names), rule.domain_names
    level = rule.policy.domain  # type: ignore[union-attr]
    needing = members_by_domain(rule, np.where(rule.workloads, host, -1))
    user, needed = rule.needs[:, 0], rule.needs[:, 1]
    without = np.where(lacks[needed], needing[user], 0)
    return Rows(
        value=without.reshape(-1, 1),
        limit=np.zeros((without.size, 1), dtype=np.int64),
        label=lambda row: (
            f"{rule.group_names[user[row // width]]} in {level} {names[row % width]} "
            f"{words(rule.group_names[needed[row // width]])}"
        ),
        noun="workloads",
        unit="",
    )


def members_by_domain(rule: Rule, host: np.ndarray) -> np.ndarray:
    """Return placed members of each group by domain, (group, domain) int64."""
    width = len(rule.domain_names)
    inside = (rule.group >= 0) & (host >= 0)
    domain = rule.domain[np.where(inside, host, 0)].astype(np.int64)
    cell = np.where(inside, rule.group.astype(np.int64) * width + domain, -1)
    ones = np.ones(len(cell), dtype=np.int64)
    return sum_by(ones, cell, len(rule.group_names) * width).reshape(-1, width)
