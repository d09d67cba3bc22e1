"""Room that stays free: for the loss of a domain, and for what may still be sold."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from optimiser.schema.policy_base import GroupLevel, HostSelector, PolicyBase, Soft


class SurviveDomain(PolicyBase):
    """With any one domain lost, the hosts that are on elsewhere have enough for all demand.

    An aggregate: each resource is compared as a sum over hosts, so that it says what is left
    is enough, not that every workload finds one host which has all it needs.
    """

    kind: Literal["survive_domain"] = "survive_domain"
    domain: GroupLevel = "rack"
    """What may be lost."""
    resources: list[str] = []
    """Resources of the site that must suffice; all when empty."""


class SafetyCapacity(PolicyBase):
    """Keep the use of each host below a safe share of what it has, at a price for what is above.

    The same as a ``domain_capacity`` of single hosts with a price; the hosts' capacity stays hard.
    """

    kind: Literal["safety_capacity"] = "safety_capacity"
    resource: str = "cpu"
    """Resource of the site."""
    fraction: float = Field(default=0.8, gt=0, le=1)
    """Share of a host's capacity that is safe."""
    hosts: HostSelector = HostSelector()
    """Hosts that count."""
    soft: Soft
    """Price of one unit of the resource above that on one host, at its worst time."""


class FreeUnits(PolicyBase):
    """Keep room in one domain for so many more workloads of a size.

    Hosts count whether they are on or asleep, unless they are under maintenance; shares of devices
    count as amounts. What holds is the plan: the way there may have less room.
    """

    kind: Literal["free_units"] = "free_units"
    size: dict[str, Annotated[int, Field(ge=1)]] = Field(min_length=1)
    """What one more workload needs, by resource of the site [unit of the resource]."""
    count: int = Field(ge=0)
    """How many more must find room."""
    domain: GroupLevel = "site"
    """They find room in one domain of this level."""
    hosts: HostSelector = HostSelector()
    """Hosts that count."""
