"""A thousand damaged plans, each illegal by construction: the checker refuses every one.

The plans sit exactly on their limits (see ``instances.tight_sites``), so the smallest damage is
already too much, and the reason is known beforehand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from instances.tight_sites import (
    EMPTY,
    HOSTS_PER_RACK,
    SPARE,
    WORKING,
    Tight,
    tight_site,
)

from optimiser.analysis.verdict import Placement, placement_from_rows
from optimiser.analysis.verify import verify

NUM_SITES = 20
PER_SITE = 50
Mutant = tuple[Placement, str]
Mutator = Callable[[Tight, np.random.Generator], Mutant]


def move(plan: Placement, workload: int, host: int) -> Placement:
    """Return the plan with one workload elsewhere; its devices are left for the checker to find."""
    changed = plan.host.copy()
    changed[workload] = host
    return Placement(changed, plan.host_on.copy(), None)


def one_of(rng: np.random.Generator, options) -> int:
    """Draw one entry."""
    return int(rng.choice(np.asarray(options)))


def other_working_host(tight: Tight, rng: np.random.Generator, workload: int) -> int:
    """Draw a full host that the workload is not on."""
    return one_of(rng, [h for h in range(WORKING) if h != tight.plan.host[workload]])


def overfilled_by_one(tight: Tight, rng: np.random.Generator) -> Mutant:
    """A workload of one unit goes to a host that is exactly full."""
    workload = one_of(rng, tight.members["unit"])
    return move(tight.plan, workload, other_working_host(tight, rng, workload)), "capacity"


def swapped(tight: Tight, rng: np.random.Generator) -> Mutant:
    """A unit and a big workload of two full hosts change places: one host is overfull."""
    unit = one_of(rng, tight.members["unit"])
    big = one_of(
        rng, [b for b in tight.members["big"] if tight.plan.host[b] != tight.plan.host[unit]]
    )
    changed = tight.plan.host.copy()
    changed[[unit, big]] = changed[[big, unit]]
    return Placement(changed, tight.plan.host_on, None), "capacity"


def dropped(tight: Tight, rng: np.random.Generator) -> Mutant:
    """A workload is nowhere."""
    return move(tight.plan, one_of(rng, np.arange(len(tight.plan.host))), -1), "assign"


def out_of_range(tight: Tight, rng: np.random.Generator) -> Mutant:
    """A workload is on a host that does not exist."""
    return move(tight.plan, one_of(rng, np.arange(len(tight.plan.host))), 99), "assign"


def together_torn(tight: Tight, rng: np.random.Generator) -> Mutant:
    """One of three that stay in one rack goes to another rack."""
    workload = one_of(rng, tight.members["together"])
    rack = tight.plan.host[workload] // HOSTS_PER_RACK
    away = [h for h in range(WORKING) if h // HOSTS_PER_RACK != rack]
    return move(tight.plan, workload, one_of(rng, away)), "affinity"


def apart_met(tight: Tight, rng: np.random.Generator) -> Mutant:
    """One of four that keep apart joins another."""
    first, second = rng.choice(tight.members["apart"], 2, replace=False)
    return move(tight.plan, int(first), int(tight.plan.host[second])), "anti_affinity"


def wide_narrowed(tight: Tight, rng: np.random.Generator) -> Mutant:
    """Both replicas that need two racks end up in one."""
    first, second = rng.permutation(tight.members["wide"])
    mate = int(tight.plan.host[second])
    return move(tight.plan, int(first), mate), "spread"


def fence_broken(tight: Tight, rng: np.random.Generator) -> Mutant:
    """The fenced workload leaves rack r1."""
    return move(tight.plan, tight.members["fenced"][0], one_of(rng, range(2, WORKING))), "fence"


def pin_broken(tight: Tight, rng: np.random.Generator) -> Mutant:
    """The pinned workload leaves its host."""
    workload = tight.members["pinned"][0]
    return move(tight.plan, workload, other_working_host(tight, rng, workload)), "pin"


def drained_host_used(tight: Tight, rng: np.random.Generator) -> Mutant:
    """A workload goes to the host that must be empty."""
    workload = one_of(rng, np.arange(len(tight.plan.host)))
    mutant = move(tight.plan, workload, EMPTY)
    mutant.host_on[EMPTY] = True
    return mutant, "drain"


def asleep_with_work(tight: Tight, rng: np.random.Generator) -> Mutant:
    """A host that holds workloads is put to sleep."""
    on = tight.plan.host_on.copy()
    on[one_of(rng, range(WORKING))] = False
    return replace(tight.plan, host_on=on), "assign"


def rack_power_broken(tight: Tight, rng: np.random.Generator) -> Mutant:
    """A big workload moves to a rack that draws exactly its limit.

    Ten units of at most 200 cpu draw at least 5 W more, and no host of that rack falls asleep.
    """
    workload = one_of(rng, tight.members["big"])
    rack = tight.plan.host[workload] // HOSTS_PER_RACK
    away = [h for h in range(WORKING) if h // HOSTS_PER_RACK != rack]
    return move(tight.plan, workload, one_of(rng, away)), "domain_capacity"


def feed_broken(tight: Tight, rng: np.random.Generator) -> Mutant:
    """The last host wakes: its 100 W overload the feed that survives the other."""
    on = tight.plan.host_on.copy()
    on[EMPTY] = True
    return replace(tight.plan, host_on=on), "redundant_feed"


def one_host_too_many(tight: Tight, rng: np.random.Generator) -> Mutant:
    """The last host wakes although only seven may be on."""
    return feed_broken(tight, rng)[0], "max_hosts_on"


def one_move_too_many(tight: Tight, rng: np.random.Generator) -> Mutant:
    """A third workload moves although two may."""
    stays = [w for w in range(len(tight.plan.host)) if w not in tight.members["moved"]]
    return move(tight.plan, one_of(rng, stays), SPARE), "max_moves"


def reserve_spent(tight: Tight, rng: np.random.Generator) -> Mutant:
    """The spare host sleeps, and with it the reserve."""
    on = tight.plan.host_on.copy()
    on[SPARE] = False
    return replace(tight.plan, host_on=on), "headroom"


def device_taken_twice(tight: Tight, rng: np.random.Generator) -> Mutant:
    """Two workloads of one host are given the same whole device."""
    workload = one_of(rng, tight.members["gpu"])
    devices = list(tight.plan.devices or ())
    devices[workload] = (1 - devices[workload][0],)
    return replace(tight.plan, devices=devices), "devices"


def device_missing(tight: Tight, rng: np.random.Generator) -> Mutant:
    """A workload gets a device that its host does not have, or none."""
    workload = one_of(rng, tight.members["gpu"])
    devices = list(tight.plan.devices or ())
    devices[workload] = () if rng.random() < 0.5 else (2,)
    return replace(tight.plan, devices=devices), "devices"


def third_on_two_devices(tight: Tight, rng: np.random.Generator) -> Mutant:
    """A third whole-device workload joins a host with two devices, none named."""
    workload = one_of(rng, tight.members["gpu"])
    return move(tight.plan, workload, other_working_host(tight, rng, workload)), "devices"


MUTATORS: list[Mutator] = [
    overfilled_by_one, swapped, dropped, out_of_range, together_torn, apart_met, wide_narrowed,
    fence_broken, pin_broken, drained_host_used, asleep_with_work, rack_power_broken, feed_broken,
    one_host_too_many, one_move_too_many, reserve_spent, device_taken_twice, device_missing,
    third_on_two_devices,
]  # fmt: skip


@pytest.fixture(scope="module")
def sites() -> list[Tight]:
    """Return the tight sites of all seeds."""
    return [tight_site(seed) for seed in range(NUM_SITES)]


def test_every_tight_plan_is_legal(sites):
    """The plans that mutants are made of pass, with their devices named and without."""
    for tight in sites:
        for plan in (tight.plan, replace(tight.plan, devices=None)):
            assert verify(tight.twin, tight.rules, plan).sentences() == []


def test_a_thousand_mutants_of_a_thousand_are_refused(sites):
    """Each mutant is refused, and for the reason it was made for."""
    refused: Counter[str] = Counter()
    for seed, tight in enumerate(sites):
        rng = np.random.default_rng([seed, 7])
        for number in range(PER_SITE):
            mutator = MUTATORS[(seed * PER_SITE + number) % len(MUTATORS)]
            mutant, reason = mutator(tight, rng)
            verdict = verify(tight.twin, tight.rules, mutant)
            kinds = {violation.kind for violation in verdict.violations}
            assert reason in kinds, (seed, mutator.__name__, kinds)
            refused[mutator.__name__] += not verdict.is_legal
    assert sum(refused.values()) == 1000
    assert len(refused) == len(MUTATORS)


def test_duplicated_rows_are_refused(sites):
    """A stored plan that places a workload twice is refused, whichever row comes first."""
    for seed, tight in enumerate(sites):
        rng = np.random.default_rng([seed, 9])
        names, hosts = tight.twin["workload"].values, tight.twin["host"].values
        rows = pd.DataFrame({"workload": names, "host": hosts[tight.plan.host]})
        again = rows.iloc[[int(rng.integers(len(rows)))]]
        table = pd.concat([rows, again]).sample(frac=1, random_state=seed)
        on = hosts[tight.plan.host_on].tolist()
        assert placement_from_rows(tight.twin, rows, on)[1] == []
        found = placement_from_rows(tight.twin, table, on)[1]
        assert [violation.where for violation in found] == again["workload"].tolist()
