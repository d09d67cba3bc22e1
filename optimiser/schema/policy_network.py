"""Traffic between services, the links that carry it, and how long its ways take."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from optimiser.schema.base import Document
from optimiser.schema.policy_base import Distance, GroupLevel, LabelLevel, PolicyBase


class Route(Document):
    """Two services of which one asks the other."""

    sender: str
    """Service that sends."""
    receiver: str
    """Service that receives."""

    @model_validator(mode="after")
    def _goes_somewhere(self) -> Route:
        if self.sender == self.receiver:
            raise ValueError(f"{self.sender} sends to itself, which leaves no domain")
        return self


class Traffic(Route):
    """What one service sends to another."""

    mbit_s: float = Field(gt=0)
    """Rate of all of it at the busiest time [Mbit/s]."""


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


class RoutingLatency(PolicyBase):
    """Keep the round trips of traffic between services short, on average or by a percentile.

    Replicas share the traffic of their service equally, as in ``flow``, and who asks whom is
    chosen as well as it can be: the routing between places that makes the average, or the share of
    traffic that takes too long, as small as possible. Each route keeps the limit by itself. What
    goes from or to a replica that has no host does not count; a route from or to a service that
    has no replicas has no length. The way to a plan may take longer. The exact model aims at this
    rule; the search of large sites drops plans that break it, and keeps one line of plans that
    leaves the ways as they are today, or brings the services together where those are too long.
    """

    kind: Literal["routing_latency"] = "routing_latency"
    routes: list[Route] = Field(min_length=1)
    """Who asks whom."""
    limit_ms: float = Field(gt=0)
    """Longest average round trip, or longest that traffic may take within the percentile [ms]."""
    percentile: float | None = Field(default=None, gt=0, lt=100)
    """Share of the traffic of a route that must be within the limit [%]; its average must be when
    absent."""
    place_label: str = "pod"
    """Host label with the place of a host."""
    distances: list[Distance] = []
    """Ways between places."""
    inside_ms: float = Field(default=0.0, ge=0)
    """Round trip inside one place [ms]."""
    unknown_ms: float = Field(default=1000.0, gt=0, le=1e6)
    """Round trip that counts where none is known: between places without a distance, which have to
    be accepted by giving this, and from or to hosts without a place [ms]."""

    @property
    def domain(self) -> LabelLevel:
        """Level of the places."""
        return LabelLevel(label=self.place_label)
