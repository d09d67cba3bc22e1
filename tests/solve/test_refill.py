"""Where more workloads ask than there is room for, hosts are filled with what is worth most."""

from __future__ import annotations

import numpy as np
import pytest
from instances.tiny import tiny
from solve.test_gangs import members, search, wait

from optimiser.schema.study import Study
from optimiser.solve.problem import lower
from optimiser.solve.search import Searcher

KINDS = {"big": (40, 81), "middle": (24, 65), "small": (30, 32)}
"""Number and size of the workloads of each service; 65 and 32 fill a host to 97, 81 to 81."""
HOSTS = 20


def _crowd():
    workloads = [row for name, (n, cpu) in KINDS.items() for row in members(name, n, cpu)]
    prices = [
        {**wait(10.0 * cpu, workloads={"services": [name]}), "name": f"wait-{name}"}
        for name, (_, cpu) in KINDS.items()
    ]
    return HOSTS, workloads, prices


def _filling(searcher, host):
    use = searcher.problem.use[searcher.problem.flavour][:, 0]
    return np.bincount(host[host >= 0], weights=use[host >= 0], minlength=HOSTS)


def test_hosts_full_of_the_largest_are_filled_anew():
    """One pass of refilling turns every host of 81 into one of 97 [% of a host's cpu]."""
    hosts, workloads, prices = _crowd()
    _, twin, rules = tiny(hosts, workloads, prices)
    searcher = Searcher(lower(twin, rules, Study().weights))
    largest = np.full(len(workloads), -1, dtype=np.int64)
    largest[:HOSTS] = np.arange(HOSTS)
    assert len(searcher.load(largest, np.zeros(HOSTS, dtype=np.bool_))) == len(workloads) - HOSTS
    before = _filling(searcher, searcher.candidate().host)
    searcher.settle(3_000_000, 0.0001, 1)
    after = searcher.candidate()
    full = _filling(searcher, after.host)
    assert (before == pytest.approx(before[0])) and (full == pytest.approx(before[0] * 97 / 81))


def test_a_plan_leaves_out_what_is_worth_least():
    """20 hosts take 20 of 65 and of 32: the rest waits, and no plan leaves less out."""
    hosts, workloads, prices = _crowd()
    plan = search(hosts, workloads, *prices)
    total = sum(10.0 * n * cpu for n, cpu in KINDS.values())
    assert plan.penalty == pytest.approx(total - 10.0 * HOSTS * 97)
