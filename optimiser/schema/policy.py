"""Policies: the placement language a person writes, one closed model per kind."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from optimiser.schema.policy_base import (
    DomainLevel,
    GroupLevel,
    HostSelector,
    LabelLevel,
    PolicyBase,
    SlaClass,
    Soft,
    WorkloadSelector,
)
from optimiser.schema.policy_budgets import Budget, MaxMovesPerService, MinHostsOn, MoveBudget
from optimiser.schema.policy_moving import (
    Deadline,
    DisruptionBudget,
    Precedence,
    Serialize,
    Sync,
    ThrottleMoves,
)
from optimiser.schema.policy_network import Flow, Route, RoutingLatency, Traffic
from optimiser.schema.policy_placing import (
    AllOf,
    AnyOf,
    Ban,
    DataClass,
    Distance,
    Drain,
    Fence,
    Latency,
    Pin,
    Preserve,
    Quarantine,
    RequireLabel,
    Residency,
)
from optimiser.schema.policy_quality import Availability, ResponseTime
from optimiser.schema.policy_reserves import FreeUnits, SafetyCapacity, SurviveDomain
from optimiser.schema.policy_serving import Assign, GroupTogether
from optimiser.schema.policy_sharing import (
    GroupBy,
    GroupCapacity,
    GroupCount,
    Isolation,
    IsolationLimit,
    Licence,
    PresenceOverhead,
    WorkloadLabel,
)


class DomainCapacity(PolicyBase):
    """Keep the sum over a domain below a limit."""

    kind: Literal["domain_capacity"] = "domain_capacity"
    domain: DomainLevel = "rack"
    """Level at which the sum is taken."""
    resource: str = "power"
    """``power``, ``space`` or a resource of the site."""
    limit: float | None = Field(default=None, ge=0)
    """Limit [kW for power, U for space, unit of the resource]; default is the ratings."""
    limit_fraction: float = Field(default=1.0, gt=0, le=1)
    """Share of the rating that may be used."""
    hosts: HostSelector = HostSelector()
    """Hosts that count."""

    @model_validator(mode="after")
    def _power_from_the_rack_up(self) -> DomainCapacity:
        if self.resource == "power" and self.domain == "host":
            raise ValueError("power is limited from the rack up; a host's limit is its own curve")
        return self


class RedundantFeed(PolicyBase):
    """With any one element of a level lost, the survivors stay inside their rating."""

    kind: Literal["redundant_feed"] = "redundant_feed"
    level: Literal["feed", "ups", "pdu"] = "feed"
    """What may be lost."""
    limit_fraction: float = Field(default=1.0, gt=0, le=1)
    """Share of the survivors' rating that may be used."""


class CoolingCapacity(PolicyBase):
    """Keep the heat of each zone and of the plant below what is left with units failed."""

    kind: Literal["cooling_capacity"] = "cooling_capacity"
    redundant: bool = True
    """Count only the capacity that is left when the redundant units have failed."""


class InletTemperature(PolicyBase):
    """Keep the air entering each rack below the limit of its hosts."""

    kind: Literal["inlet_temperature"] = "inlet_temperature"
    limit_c: float | None = Field(default=None, ge=10, le=45)
    """Limit [°C]; default is the ASHRAE recommended limit of the hosts' class."""
    envelope: Literal["recommended", "allowable"] = "recommended"
    """Which ASHRAE envelope sets the default limit."""


class Headroom(PolicyBase):
    """Keep room free on the hosts that are on."""

    kind: Literal["headroom"] = "headroom"
    resource: str = "cpu"
    """Resource of the site."""
    fraction: float = Field(default=0.0, ge=0, lt=1)
    """Share of the capacity that is on which stays free."""
    amount: int = Field(default=0, ge=0)
    """Amount that stays free in each domain, in the unit of the resource."""
    domain: DomainLevel = "site"
    """Level at which the reserve is kept."""
    hosts: HostSelector = HostSelector()
    """Hosts that count."""


class Spread(PolicyBase):
    """Spread the replicas of each service over domains."""

    kind: Literal["spread"] = "spread"
    workloads: WorkloadSelector = WorkloadSelector()
    """Workloads; each service among them is spread by itself."""
    domain: GroupLevel = "rack"
    """What the replicas are spread over."""
    min_domains: int | None = Field(default=None, ge=1)
    """At least so many domains are used (or as many as there are replicas)."""
    max_per_domain: int | None = Field(default=None, ge=1)
    """At most so many replicas in one domain."""
    max_per_domain_fraction: float | None = Field(default=None, gt=0, le=1)
    """At most this share of the service's replicas in one domain (rounded up)."""
    max_skew: int | None = Field(default=None, ge=0)
    """Largest difference between the fullest and the emptiest domain."""


class AntiAffinity(PolicyBase):
    """Never together in one domain."""

    kind: Literal["anti_affinity"] = "anti_affinity"
    workloads: WorkloadSelector
    """Workloads that must keep apart."""
    each: Literal["service", "all"] = "service"
    """Replicas of each service apart, or all selected workloads apart from each other."""
    domain: GroupLevel = "host"
    """Level at which they keep apart."""


class Affinity(PolicyBase):
    """All together in one domain."""

    kind: Literal["affinity"] = "affinity"
    workloads: WorkloadSelector
    """Workloads that stay together."""
    each: Literal["service", "all"] = "service"
    """Workloads of each service together, or all selected workloads."""
    domain: GroupLevel = "rack"
    """Level at which they are together."""


class Dependency(PolicyBase):
    """Keep each workload in one domain with a workload of every service that it needs."""

    kind: Literal["dependency"] = "dependency"
    workloads: WorkloadSelector = WorkloadSelector()
    """Workloads that need others."""
    needs: list[str] = []
    """Services they need; when empty, those that the services table names for their service."""
    domain: GroupLevel = "rack"
    """Level at which they are near enough."""


class TransientCapacity(PolicyBase):
    """Keep room for workloads that leave: all moves at once, counted at source and target."""

    kind: Literal["transient_capacity"] = "transient_capacity"
    resources: list[str] = []
    """Resources that stay in use at the source until the last move has ended; all when empty."""
    hosts: HostSelector = HostSelector()
    """Hosts that count."""


class MaxMoves(PolicyBase):
    """Move at most so many workloads."""

    kind: Literal["max_moves"] = "max_moves"
    limit: int = Field(ge=0)
    """Largest number of moves."""
    workloads: WorkloadSelector = WorkloadSelector()
    """Workloads that count."""


class MaxHostsOn(PolicyBase):
    """Keep at most so many hosts on."""

    kind: Literal["max_hosts_on"] = "max_hosts_on"
    limit: int = Field(ge=0)
    """Largest number of hosts on."""
    hosts: HostSelector = HostSelector()
    """Hosts that count."""


class NotWorse(PolicyBase):
    """A violation that exists today need not be mended but never grows."""

    kind: Literal["not_worse"] = "not_worse"
    policies: list[str] = []
    """Names of the policies; all when empty. ``capacity`` names the capacity of every host."""


AnyPolicy = Annotated[
    DomainCapacity
    | RedundantFeed
    | CoolingCapacity
    | InletTemperature
    | Headroom
    | Spread
    | AntiAffinity
    | Affinity
    | Dependency
    | TransientCapacity
    | Ban
    | Fence
    | RequireLabel
    | Pin
    | Drain
    | Quarantine
    | Preserve
    | Residency
    | Latency
    | AnyOf
    | AllOf
    | Assign
    | GroupTogether
    | MaxMoves
    | MaxHostsOn
    | MinHostsOn
    | MaxMovesPerService
    | MoveBudget
    | Budget
    | GroupCapacity
    | GroupCount
    | IsolationLimit
    | Isolation
    | Licence
    | PresenceOverhead
    | ResponseTime
    | Availability
    | Flow
    | RoutingLatency
    | SurviveDomain
    | FreeUnits
    | SafetyCapacity
    | ThrottleMoves
    | Precedence
    | Serialize
    | Sync
    | Deadline
    | DisruptionBudget
    | NotWorse,
    Field(discriminator="kind"),
]

__all__ = [
    "Affinity",
    "AllOf",
    "AntiAffinity",
    "AnyOf",
    "AnyPolicy",
    "Assign",
    "Availability",
    "Ban",
    "Budget",
    "CoolingCapacity",
    "DataClass",
    "Deadline",
    "Dependency",
    "DisruptionBudget",
    "Distance",
    "DomainCapacity",
    "DomainLevel",
    "Drain",
    "Fence",
    "Flow",
    "FreeUnits",
    "GroupBy",
    "GroupCapacity",
    "GroupCount",
    "GroupLevel",
    "GroupTogether",
    "Headroom",
    "HostSelector",
    "InletTemperature",
    "Isolation",
    "IsolationLimit",
    "LabelLevel",
    "Latency",
    "Licence",
    "MaxHostsOn",
    "MaxMoves",
    "MaxMovesPerService",
    "MinHostsOn",
    "MoveBudget",
    "NotWorse",
    "Pin",
    "PolicyBase",
    "Precedence",
    "PresenceOverhead",
    "Preserve",
    "Quarantine",
    "RedundantFeed",
    "RequireLabel",
    "Residency",
    "ResponseTime",
    "Route",
    "RoutingLatency",
    "SafetyCapacity",
    "Serialize",
    "SlaClass",
    "Soft",
    "Spread",
    "SurviveDomain",
    "Sync",
    "ThrottleMoves",
    "Traffic",
    "TransientCapacity",
    "WorkloadLabel",
    "WorkloadSelector",
]
