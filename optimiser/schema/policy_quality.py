"""How well services work: response times and availability."""

from __future__ import annotations

import math
from typing import Literal

from pydantic import Field, model_validator

from optimiser.schema.policy_base import GroupLevel, PolicyBase, WorkloadSelector
from optimiser.schema.reliability import Component


class ResponseTime(PolicyBase):
    """Keep hosts so little busy that the requests of the workloads on them are answered in time.

    A host that runs any of the workloads keeps the use of a resource, by all that it runs, below
    the share at which a queue answers within the limit. Hosts without such workloads may be full.
    """

    kind: Literal["response_time"] = "response_time"
    workloads: WorkloadSelector = WorkloadSelector()
    """Workloads whose requests are meant, such as those of an SLA class."""
    domain: Literal["host"] = "host"
    """Each host is a queue of its own."""
    resource: str = "cpu"
    """Resource of the site whose use over capacity is how busy a host is."""
    service_ms: float = Field(gt=0)
    """Mean time that a request takes on an idle host [ms]."""
    limit_ms: float = Field(gt=0)
    """Longest response time [ms]."""
    percentile: float | None = Field(default=None, gt=0, lt=100)
    """Share of requests that must be answered in time [%]; the mean when absent."""
    queue: Literal["mg1_ps", "mmc"] = "mg1_ps"
    """``mg1_ps``: a server shared by all requests at hand, for any distribution of service times;
    ``mmc``: as many servers as the host has, one queue, exponential service times."""
    server_size: int = Field(default=1000, ge=1)
    """Amount of the resource that is one server of an ``mmc`` queue, such as 1000 millicores."""

    @model_validator(mode="after")
    def _is_possible(self) -> ResponseTime:
        if self.percentile is not None and self.queue != "mmc":
            raise ValueError("percentiles are known of queue: mmc; that of mg1_ps has a mean only")
        least = self.service_ms
        if self.percentile is not None:
            least *= -math.log1p(-self.percentile / 100.0)
        if self.limit_ms <= least:
            what = "mean" if self.percentile is None else f"{self.percentile:g} % percentile"
            raise ValueError(
                f"not even an idle host is fast enough: its {what} is {least:.6g} ms, "
                f"limit_ms is {self.limit_ms:g}"
            )
        return self


class Availability(PolicyBase):
    """Place the replicas of each service so that its predicted availability meets a target.

    A replica is up while its server and what its domain shares are; the service is while enough
    replicas are. A replica that has no host is down. Hardware only, which makes it an upper bound:
    people, maintenance and software cause most outages. The way to a plan may be less available.
    A soft target is paid for by the minute: how much longer a year each service is predicted to be
    down than the target allows, times the weight. Where replicas can share domains in more than a
    thousand ways, the bound leaves that price out, and the gap is wider.
    """

    kind: Literal["availability"] = "availability"
    workloads: WorkloadSelector = WorkloadSelector()
    """Workloads; each service among them has its availability."""
    domain: GroupLevel = "rack"
    """What replicas share; hosts outside any are taken as one more."""
    target: float = Field(gt=0, lt=1)
    """Share of the year in which the service is up, such as 0.9995."""
    needed: int | None = Field(default=None, ge=1)
    """Replicas that must be up; 1 when neither this nor the share is given."""
    needed_fraction: float | None = Field(default=None, gt=0, le=1)
    """Share of the replicas that must be up, rounded up."""
    components: list[str] = Field(min_length=1)
    """What every domain has one of and its replicas need, such as ``pdu`` and ``switch``: names of
    ``figures`` or of the library (``models/reliability/components.yaml``)."""
    server: str = "server"
    """What each replica runs on, also a component."""
    common_cause: float = Field(default=0.05, ge=0, le=1)
    """Share of the domains' failures that takes all of them down at once (beta factor)."""
    figures: list[Component] = []
    """Figures of your own, which come before those of the library."""

    @model_validator(mode="after")
    def _says_once_what_is_needed(self) -> Availability:
        if self.needed is not None and self.needed_fraction is not None:
            raise ValueError("give needed or needed_fraction, not both")
        return self
