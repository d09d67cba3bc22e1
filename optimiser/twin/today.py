"""Where workloads run today, as the hosts that they may not leave."""

from __future__ import annotations

import numpy as np
import xarray as xr


def hosts_of_today(twin: xr.Dataset, workloads: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (E, H) allowed hosts and the class (W,) of each workload that may not leave its host.

    ``workloads`` (W,) bool; class 0 is unrestricted.
    """
    num_hosts = twin.sizes["host"]
    today = np.where(workloads, twin["workload_host"].values, -1)
    used = np.unique(today[today >= 0])
    allowed = np.ones((len(used) + 1, num_hosts), dtype=bool)
    allowed[1:] = False
    allowed[np.arange(len(used)) + 1, used] = True
    renumber = np.zeros(num_hosts + 1, dtype=np.int32)
    renumber[used] = np.arange(len(used)) + 1
    return allowed, renumber[today]
