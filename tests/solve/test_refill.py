"""Where more workloads ask than there is room for, hosts are filled with what is worth most."""

from __future__ import annotations

import numpy as np
import pytest
from instances.tiny import GPU_RESOURCES, tiny
from solve.test_gangs import members, search, wait

from optimiser.analysis.verify import verify
from optimiser.schema.study import SolverSettings, Study
from optimiser.solve.engine import solve_study
from optimiser.solve.problem import lower
from optimiser.solve.search import Searcher
from optimiser.workflow.plan_document import placement_of

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


def test_who_runs_has_devices_where_others_wait():
    """Of three requests for the only device two wait; the plan names the device of the third."""
    workloads = [{"gpu": 100, "host": None}] * 3
    _, twin, rules = tiny([{"gpu": 100}], workloads, [wait(5.0)], resources=GPU_RESOURCES)
    settings = SolverSettings(time_limit_s=60.0, work_limit=5, threads=1)

    def check(candidate):
        verdict = verify(twin, rules, placement_of(twin, candidate))
        return verdict.penalty if verdict.is_legal else None

    found = solve_study(twin, rules, Study(solver=settings), None, check)
    placement = placement_of(twin, found.candidate)
    assert placement.devices is not None
    assert sorted(placement.devices) == [(), (), (0,)]
    assert [bool(devices) for devices in placement.devices] == (placement.host >= 0).tolist()
