"""Traffic between services and the links that carry it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from optimiser.schema.base import Document
from optimiser.schema.policy_base import GroupLevel, PolicyBase


class Traffic(Document):
    """What one service sends to another."""

    sender: str
    """Service that sends."""
    receiver: str
    """Service that receives."""
    mbit_s: float = Field(gt=0)
    """Rate of all of it at the busiest time [Mbit/s]."""

    @model_validator(mode="after")
    def _goes_somewhere(self) -> Traffic:
        if self.sender == self.receiver:
            raise ValueError(f"{self.sender} sends to itself, which leaves no domain")
        return self


class Flow(PolicyBase):
    """Keep the traffic over the link of each domain, such as a rack's uplink, below its capacity.

    Replicas share the traffic of their service equally, and what can stay inside a domain does:
    a sender's replicas there are served by the receiver's replicas there as far as those have the
    same share. Each direction of a link counts by itself. A replica that has no host sends and
    receives nothing; traffic of a service that has no replicas at all comes from outside or goes
    there. The way to a plan may load links more. The exact model aims at this rule; the search of
    large sites drops plans that break it, and keeps one line that leaves traffic as it is today.
    """

    kind: Literal["flow"] = "flow"
    domain: GroupLevel = "rack"
    """Level whose domains have a link; hosts outside any are taken as one more."""
    limit_mbit_s: float = Field(ge=0)
    """Capacity of each link in each direction [Mbit/s]."""
    traffic: list[Traffic] = Field(min_length=1)
    """Who sends what to whom."""
