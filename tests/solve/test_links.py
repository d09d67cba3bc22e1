"""Links between domains in the search: one line keeps the traffic of today."""

from __future__ import annotations

import numpy as np
from differential.engine_trial import Site, run_engine, search_alone
from instances.constraint_cases import fanned_out
from instances.tiny import tiny

from optimiser.schema.study import SolverSettings, Study
from optimiser.solve.engine import prepare
from optimiser.solve.links import Links, kept_links
from optimiser.twin.flows import crossing_mbit_s

STUDY = Study(solver=SolverSettings(work_limit=3, threads=1, time_limit_s=60.0))


def linked_site(limit: float):
    """Return two racks of two hosts; a and b talk across, four others could share one host."""
    hosts = [{"rack": "r1"}, {"rack": "r1"}, {"rack": "r2"}, {"rack": "r2"}]
    workloads = [{"service": "a", "host": "h1"}, {"service": "b", "host": "h3"}]
    workloads += [{"service": f"c{i}", "host": f"h{i + 1}"} for i in range(4)]
    traffic = [{"sender": "a", "receiver": "b", "mbit_s": 50.0}]
    policy = {"kind": "flow", "limit_mbit_s": limit, "traffic": traffic}
    return tiny(hosts, workloads, [policy], weights={"move_cost": 0.0})


def test_senders_and_receivers_keep_their_domains():
    """Where today keeps the links, those with traffic may go to hosts of their rack only."""
    _, twin, rules = linked_site(50.0)
    kept = kept_links(prepare(twin, rules, STUDY))
    assert kept is not None
    allowed = kept.eligibility.allowed[kept.eligibility.of_workload]
    assert allowed[0].tolist() == [True, True, False, False]
    assert allowed[1].tolist() == [False, False, True, True]
    assert allowed[2:].all()


def test_there_is_no_such_line_where_today_breaks_a_link():
    """Then what links carry has to change."""
    _, twin, rules = linked_site(49.0)
    assert kept_links(prepare(twin, rules, STUDY)) is None
    assert not Links(prepare(twin, rules, STUDY)).holds(twin["workload_host"].values)


def test_the_search_finds_plans_within_the_links():
    """Without the exact model too; each plan that is offered keeps every link."""
    _, twin, rules = linked_site(50.0)
    with search_alone():
        result = run_engine(Site(0, twin, rules, STUDY))
    assert not isinstance(result, str)
    assert result.dropped == 0
    assert result.candidate.on.sum() < 4
    assert (crossing_mbit_s(rules[0], result.candidate.host) <= 50.0).all()


def test_the_exact_model_pays_for_a_narrow_link():
    """At 40 Mbit/s a and b may not be apart: they move although that is dear."""
    _, twin, rules = tiny(**fanned_out(40.0))
    result = run_engine(Site(0, twin, rules, STUDY))
    assert not isinstance(result, str)
    assert (crossing_mbit_s(rules[0], result.candidate.host) <= 40.0).all()
    assert np.any(result.candidate.host != twin["workload_host"].values)
