"""Who shares a domain with whom: policies about groups of workloads in domains."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from optimiser.schema.base import Document
from optimiser.schema.policy_base import GroupLevel, PolicyBase, WorkloadSelector


class WorkloadLabel(Document):
    """Groups made by a workload label: workloads without it belong to none."""

    label: str
    """Workload label, such as security_zone."""

    def __str__(self) -> str:
        return self.label


def _form_of_group(value: object) -> str:
    return "by label" if isinstance(value, dict | WorkloadLabel) else "by table"


GroupBy = Annotated[
    Annotated[Literal["service", "tenant", "sla_class", "all"], Tag("by table")]
    | Annotated[WorkloadLabel, Tag("by label")],
    Discriminator(_form_of_group),
]


class GroupCount(PolicyBase):
    """Let at most so many groups, such as tenants, share a domain."""

    kind: Literal["group_count"] = "group_count"
    workloads: WorkloadSelector = WorkloadSelector()
    """Workloads that count."""
    each: GroupBy = "tenant"
    """What makes a group; workloads that have none do not count."""
    domain: GroupLevel = "host"
    """Level at which groups are counted."""
    limit: int = Field(ge=0)
    """Largest number of groups in one domain."""


class GroupCapacity(PolicyBase):
    """Let each group, such as a tenant, use only so much of a resource in each domain."""

    kind: Literal["group_capacity"] = "group_capacity"
    workloads: WorkloadSelector = WorkloadSelector()
    """Workloads that count."""
    each: GroupBy = "tenant"
    """What makes a group; workloads that have none do not count."""
    domain: GroupLevel = "site"
    """Level at which the sum is taken."""
    resource: str = "cpu"
    """Resource of the site."""
    limit: float | None = Field(default=None, ge=0)
    """Limit [unit of the resource]; default is what the hosts of the domain have."""
    limit_fraction: float = Field(default=1.0, gt=0, le=1)
    """Share of the limit that may be used."""


class IsolationLimit(PolicyBase):
    """Keep each group, such as a tenant, on at most so many domains."""

    kind: Literal["isolation_limit"] = "isolation_limit"
    workloads: WorkloadSelector = WorkloadSelector()
    """Workloads that count."""
    each: GroupBy = "tenant"
    """What makes a group; workloads that have none do not count."""
    domain: GroupLevel = "host"
    """Level at which domains are counted; the way to a plan may use more."""
    limit: int = Field(ge=1)
    """Largest number of domains that one group uses."""


class Isolation(PolicyBase):
    """Keep each group, such as a tenant, alone in the domains that it uses."""

    kind: Literal["isolation"] = "isolation"
    workloads: WorkloadSelector = WorkloadSelector()
    """Workloads that want to be alone; all others form one more group."""
    each: GroupBy = "tenant"
    """What makes a group; workloads that have none belong to the others."""
    domain: GroupLevel = "host"
    """Level at which groups keep apart."""


class PresenceOverhead(PolicyBase):
    """Keep room on each host for what every group there costs once, such as an agent or a cache."""

    kind: Literal["presence_overhead"] = "presence_overhead"
    workloads: WorkloadSelector = WorkloadSelector()
    """Workloads whose groups cost something."""
    each: GroupBy = "service"
    """What makes a group; workloads that have none cost nothing but their own use."""
    domain: Literal["host"] = "host"
    """The cost arises once on each host."""
    resource: str = "memory"
    """Resource of the site."""
    amount: int = Field(ge=1)
    """What one group costs on a host [unit of the resource]."""


class Licence(PolicyBase):
    """Run licensed software on no more hosts, or sockets, than there are licences."""

    kind: Literal["licence"] = "licence"
    workloads: WorkloadSelector
    """Workloads that run the software."""
    domain: Literal["host"] = "host"
    """Licences are bought for whole hosts."""
    units_label: str = ""
    """Host label with the licences that a host takes, such as sockets; one without it."""
    limit: int = Field(ge=0)
    """Licences at hand; with ``soft``, each one more costs its weight."""
