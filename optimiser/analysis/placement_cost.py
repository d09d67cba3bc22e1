"""What a placement costs by load and moves, in whole units, without model or search."""

from __future__ import annotations

import numpy as np
import xarray as xr

from optimiser.analysis.counts import moved
from optimiser.analysis.loads import host_usage
from optimiser.schema.study import Weights


def placement_terms(twin: xr.Dataset, weights: Weights, host: np.ndarray) -> dict[str, float]:
    """Return the objective terms that need no simulation, in money over the horizon.

    Amounts are summed as integers before they are priced; what a study does not price is 0.
    """
    away = moved(twin, host)
    share = float(twin["period_h"].values.sum()) / 24.0 / weights.hold_days
    return {
        **_by_load(twin, weights, host),
        "service_moves": most_moves(twin, away) * weights.service_move_cost * share,
        "host_moves": _between_hosts(twin, host, away) * weights.host_move_weight * share,
    }


def _by_load(twin: xr.Dataset, weights: Weights, host: np.ndarray) -> dict[str, float]:
    total = {"safety_load": 0.0, "balance": 0.0}
    if not (weights.safety or weights.balance):
        return total
    names = twin["resource"].values.astype(str).tolist()
    use = host_usage(twin, host)
    free = twin["host_capacity"].values.astype(np.int64)[:, :, None] - use
    for safety in weights.safety:
        r = names.index(safety.resource)
        above = use[:, r, :] - twin["host_safety"].values.astype(np.int64)[:, r, None]
        total["safety_load"] += safety.price * int(np.maximum(above.max(axis=1), 0).sum())
    for balance in weights.balance:
        wanted = balance.ratio * free[:, names.index(balance.per), :]
        missing = wanted - free[:, names.index(balance.resource), :]
        total["balance"] += balance.price * int(np.maximum(missing.max(axis=1), 0).sum())
    return total


def most_moves(twin: xr.Dataset, away: np.ndarray) -> int:
    """Return how many workloads move of the service that moves most."""
    count = np.bincount(twin["workload_service"].values[away], minlength=1)
    return int(count.max())


def _between_hosts(twin: xr.Dataset, host: np.ndarray, away: np.ndarray) -> float:
    if not twin.sizes["move_class"]:
        return 0.0
    away = away & (host >= 0)
    of_host = twin["host_move_class"].values
    source, target = of_host[twin["workload_host"].values[away]], of_host[host[away]]
    return float(twin["move_class_cost"].values[source, target].sum())
