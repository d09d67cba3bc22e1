"""What the presence of a group takes of a resource on each host."""

from __future__ import annotations

import numpy as np
import xarray as xr

from optimiser.schema.policy import AnyPolicy, PresenceOverhead, ResponseTime
from optimiser.twin.queueing import largest_utilisation

ROUNDING = 1e-9


def overhead_of(policy: AnyPolicy, twin: xr.Dataset) -> np.ndarray:
    """Return what the presence of a group takes on each host (host,) int64, in resource units.

    A ``presence_overhead`` takes the same everywhere; a ``response_time`` what must stay free for
    its queue. Empty for other kinds.
    """
    num_hosts = twin.sizes["host"]
    if isinstance(policy, PresenceOverhead):
        return np.full(num_hosts, policy.amount, dtype=np.int64)
    if isinstance(policy, ResponseTime):
        return _kept_free(policy, twin)
    return np.empty(0, dtype=np.int64)


def _kept_free(policy: ResponseTime, twin: xr.Dataset) -> np.ndarray:
    names = twin["resource"].values.astype(str).tolist()
    capacity = twin["host_capacity"].values[:, names.index(policy.resource)].astype(np.int64)
    sizes, which = np.unique(capacity, return_inverse=True)
    share = np.array(
        [
            largest_utilisation(
                policy.queue,
                policy.service_ms,
                policy.limit_ms,
                max(1, int(size) // policy.server_size),
                policy.percentile,
            )
            for size in sizes
        ]
    )
    usable = np.floor(sizes * share + ROUNDING).astype(np.int64)
    return np.asarray(capacity - usable[which.reshape(-1)])
