"""How well services work: response times."""

from __future__ import annotations

import math
from typing import Literal

from pydantic import Field, model_validator

from optimiser.schema.policy_base import PolicyBase, WorkloadSelector


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
