"""Policies about the order of moves, resolved against a twin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from optimiser.library.site import SiteInput
from optimiser.schema.policy import AnyPolicy, WorkloadSelector
from optimiser.schema.policy_moving import WayPolicy
from optimiser.twin.rules import Resolver


@dataclass(frozen=True)
class WayRule:
    """One policy about the order of moves.

    ``workloads`` (W,) bool says who it is about. ``group`` (W,) int32 is the set a workload belongs
    to (−1 none), named by ``group_names``; of ``precedence`` 0 are those that move first and 1
    those that move later.
    """

    name: str
    policy: WayPolicy
    workloads: np.ndarray
    group: np.ndarray
    group_names: tuple[str, ...]

    @property
    def kind(self) -> str:
        """Kind of the policy."""
        return self.policy.kind


def way_rules(
    site_input: SiteInput, policies: Sequence[AnyPolicy], twin: xr.Dataset
) -> tuple[WayRule, ...]:
    """Return one rule for each policy that orders moves."""
    chosen = [policy for policy in policies if isinstance(policy, WayPolicy)]
    if not chosen:
        return ()
    resolver = Resolver(site_input, twin)
    found = []
    for policy in chosen:
        workloads = resolver.workloads(getattr(policy, "workloads", WorkloadSelector()))
        group, names = resolver.groups(policy, workloads)
        if not len(group):  # kinds that look at each workload by itself
            group = np.where(workloads, 0, -1).astype(np.int32)
        found.append(WayRule(policy.name, policy, workloads, group, names))
    return tuple(found)
