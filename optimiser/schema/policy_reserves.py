"""Room that stays free: for the loss of a domain, and for what may still be sold."""

from __future__ import annotations

from typing import Literal

from optimiser.schema.policy_base import GroupLevel, PolicyBase


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
