"""Which workloads must have a host at all: prices of leaving some out, and gangs."""

from __future__ import annotations

from typing import Literal

from optimiser.schema.policy_base import PolicyBase, Soft, WorkloadSelector
from optimiser.schema.policy_sharing import GroupBy


class Assign(PolicyBase):
    """Give each workload a host or, at a price, none.

    Without such a policy every workload has to have one. A workload that runs today keeps running;
    other rules count who is left out as running nowhere.
    """

    kind: Literal["assign"] = "assign"
    workloads: WorkloadSelector = WorkloadSelector()
    """Workloads that may be left out."""
    soft: Soft
    """Price of each workload that has no host."""


class GroupTogether(PolicyBase):
    """Give all workloads of a group a host, or none of them.

    Groups may be left out where a policy ``assign`` lets every one of their workloads; one that
    runs in part today has to run as a whole.
    """

    kind: Literal["group_together_or_not_at_all"] = "group_together_or_not_at_all"
    workloads: WorkloadSelector = WorkloadSelector()
    """Workloads that count."""
    each: GroupBy = "service"
    """What makes a group; workloads that have none are free."""
    soft: None = None
    """A group has no price of its own; those of its workloads say what leaving it out costs."""
