"""Exact checks of electrical power, rolled up from host to feed in whole microwatts.

Planning losses are linear: a stage that delivers P takes ``P + (b + c)·P + a·P_r``; a stage from
which no rack draws is switched off and takes nothing. Ratings are compared with what a stage
delivers, both in whole watts, rounded down.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from optimiser.analysis.loads import MICROWATT_PER_WATT, Loads, rack_sums, sum_by
from optimiser.analysis.rows import WATT_PER_KILOWATT, Rows, floor_limit
from optimiser.schema.policy import DomainCapacity, RedundantFeed
from optimiser.twin.rules import Rule

STAGES = ("pdu", "ups", "feed")


def whole_watts(power_uw: np.ndarray) -> np.ndarray:
    """Round microwatts down to whole watts."""
    return power_uw // MICROWATT_PER_WATT


def stage_input_uw(
    twin: xr.Dataset, stage: str, output_uw: np.ndarray, is_fed: np.ndarray
) -> np.ndarray:
    """Return what each element of a stage takes, (element, step) int64 [µW].

    ``is_fed`` (element,) says which elements are switched on.
    """
    moving = twin[f"{stage}_proportional_fraction"].values + twin[f"{stage}_square_fraction"].values
    idle = twin[f"{stage}_no_load_fraction"].values * twin[f"{stage}_nominal_w"].values
    loss = np.rint(output_uw * moving[:, None]).astype(np.int64)
    idle_uw = np.rint(idle * MICROWATT_PER_WATT).astype(np.int64)
    return np.where(is_fed[:, None], output_uw + loss + idle_uw[:, None], 0)


def paths(twin: xr.Dataset) -> dict[str, np.ndarray]:
    """Return the PDU, UPS and feed behind side A and B of each rack, (2, rack) each, −1 none."""
    pdu = np.stack([twin["rack_pdu_a"].values, twin["rack_pdu_b"].values])
    ups = np.append(twin["pdu_ups"].values, -1)[pdu]
    return {"pdu": pdu, "ups": ups, "feed": np.append(twin["ups_feed"].values, -1)[ups]}


def stage_loads_uw(
    twin: xr.Dataset, rack_uw: np.ndarray, lost_stage: str = "", lost: int = -1
) -> dict[str, np.ndarray]:
    """Return what every PDU, UPS and feed delivers, (element, step) int64 [µW] each.

    ``rack_uw`` (rack, step). A rack draws half from each side, all from one side when the other
    has no PDU or hangs on the lost element, nothing when both are gone.
    """
    path = paths(twin)
    alive = path["pdu"] >= 0
    if lost_stage:
        alive &= path[lost_stage] != lost
    side_uw = _split(rack_uw, alive)
    pdu = np.where(alive, path["pdu"], -1)
    output = sum_by(side_uw.reshape(-1, rack_uw.shape[1]), pdu.reshape(-1), twin.sizes["pdu"])
    fed = np.zeros(twin.sizes["pdu"], dtype=bool)
    fed[pdu[pdu >= 0]] = True
    loads = {"pdu": output}
    for stage, above, parent in (("pdu", "ups", "pdu_ups"), ("ups", "feed", "ups_feed")):
        taken = stage_input_uw(twin, stage, output, fed)
        index = twin[parent].values
        output = sum_by(taken, index, twin.sizes[above])
        fed = np.bincount(index[fed], minlength=twin.sizes[above]).astype(bool)
        loads[above] = output
    return loads


def _split(rack_uw: np.ndarray, alive: np.ndarray) -> np.ndarray:
    """Return the power on both sides of each rack, (2, rack, step); odd microwatts go to B."""
    half = rack_uw // 2
    both = (alive[0] & alive[1])[:, None]
    side_a = np.where(both, half, np.where(alive[0][:, None], rack_uw, 0))
    side_b = np.where(both, rack_uw - half, np.where(alive[1][:, None], rack_uw, 0))
    return np.stack([side_a, side_b])


def measure_domain_power(twin: xr.Dataset, rule: Rule, loads: Loads) -> list[Rows]:
    """Planning power of each domain, of the hosts that count, stays inside its limit."""
    policy = rule.policy
    assert isinstance(policy, DomainCapacity)
    level = policy.domain
    host_uw = loads.host_uw * rule.hosts[:, None]
    rack_uw = loads.rack_uw if rule.hosts.all() else rack_sums(twin, host_uw)
    if level in STAGES:
        value, rating = stage_loads_uw(twin, rack_uw)[level], twin[f"{level}_rating_w"].values
    elif level == "rack":
        value, rating = rack_uw, twin["rack_power_limit_w"].values
    else:
        value = sum_by(host_uw, rule.domain, len(rule.domain_names))
        rating = np.full(len(value), np.inf)
    names = rule.domain_names
    if policy.limit is not None:
        rating = np.full(len(value), policy.limit * 1e3)
    return [_power_rows(value, rating * policy.limit_fraction, lambda row: f"{level} {names[row]}")]


def _power_rows(value_uw: np.ndarray, limit_w: np.ndarray, label) -> Rows:  # type: ignore[no-untyped-def]
    limited = np.flatnonzero(np.isfinite(limit_w))
    return Rows(
        value=whole_watts(value_uw[limited]),
        limit=floor_limit(limit_w[limited])[:, None],
        label=lambda row: label(int(limited[row])),
        noun="power",
        unit="kW",
        scale=WATT_PER_KILOWATT,
    )


def measure_redundant_feed(twin: xr.Dataset, rule: Rule, loads: Loads) -> list[Rows]:
    """With any one element of the level lost, all others stay inside their rating."""
    policy = rule.policy
    assert isinstance(policy, RedundantFeed)
    found = []
    for lost in range(twin.sizes[policy.level]):
        outputs = stage_loads_uw(twin, loads.rack_uw, policy.level, lost)
        lost_name = f"{policy.level} {twin[policy.level].values[lost]}"
        for stage in STAGES:
            limit = twin[f"{stage}_rating_w"].values * policy.limit_fraction
            label = _lost_label(twin, stage, lost_name)
            found.append(_power_rows(outputs[stage], limit, label))
    return found


def _lost_label(twin: xr.Dataset, stage: str, lost_name: str):  # type: ignore[no-untyped-def]
    names = twin[stage].values
    return lambda row: f"{stage} {names[row]} with {lost_name} lost"
