"""Routes between services in the search: ways kept as today, or services brought together."""

from __future__ import annotations

import numpy as np
from differential.engine_trial import Site, run_engine, search_alone
from instances.constraint_cases import routed
from instances.tiny import tiny

from optimiser.schema.study import SolverSettings, Study
from optimiser.solve.engine import prepare
from optimiser.solve.links import kept_links
from optimiser.solve.routing import Routes, together
from optimiser.twin.routing import route

STUDY = Study(solver=SolverSettings(work_limit=3, threads=1, time_limit_s=60.0))
WAYS = [{"a": "p1", "b": "p2", "ms": 9.0}, {"a": "p2", "b": "p3", "ms": 2.0},
        {"a": "p1", "b": "p3", "ms": 9.0}]  # fmt: skip


def routed_site(limit_ms, **policy):
    """Return six hosts in three places; a in p1 asks b in p2, and four others could share."""
    hosts = [{"labels": f"pod=p{1 + i // 2}"} for i in range(6)]
    workloads = [{"service": "a", "host": "h1", "cpu": 60}, {"service": "b", "host": "h3"}]
    workloads += [{"service": f"c{i}", "host": f"h{i + 1}"} for i in range(4)]
    policy = {"kind": "routing_latency", "routes": [{"sender": "a", "receiver": "b"}],
              "limit_ms": limit_ms, "distances": WAYS, **policy}  # fmt: skip
    return tiny(hosts, workloads, [policy], weights={"move_cost": 0.0})


def allowed_of(problem):
    return problem.eligibility.allowed[problem.eligibility.of_workload]


def test_senders_and_receivers_keep_their_places():
    """Where today keeps the limit, those on the route may go to hosts of their place only."""
    _, twin, rules = routed_site(9.0)
    kept = kept_links(prepare(twin, rules, STUDY))
    assert kept is not None
    allowed = allowed_of(kept)
    assert allowed[0].tolist() == [True, True, False, False, False, False]
    assert allowed[1].tolist() == [False, False, True, True, False, False]
    assert allowed[2:].all()


def test_services_come_together_where_the_way_is_too_long():
    """p2 and p3 are near each other and have more room than p1 alone."""
    _, twin, rules = routed_site(5.0)
    problem = prepare(twin, rules, STUDY)
    assert not Routes(problem).holds(problem.today)
    assert together(rules[0], problem).tolist() == [False, True, True]
    allowed = allowed_of(kept_links(problem))
    assert allowed[:2].tolist() == [[False, False, True, True, True, True]] * 2
    assert allowed[2:].all()


def test_nowhere_is_together_where_no_place_is_near_itself():
    """Then nothing keeps the limit, and the line has no plan; the exact model says so."""
    _, twin, rules = routed_site(5.0, inside_ms=6.0)
    assert not together(rules[0], prepare(twin, rules, STUDY)).any()


def test_the_search_finds_plans_within_the_limit():
    """Without the exact model too, although today breaks it; each offer keeps the limit."""
    for policy in ({}, {"percentile": 90.0}):
        _, twin, rules = routed_site(5.0, **policy)
        with search_alone():
            result = run_engine(Site(0, twin, rules, STUDY))
        assert not isinstance(result, str)
        assert result.dropped == 0
        assert all(one.cost <= one.limit for one in route(rules[0], result.candidate.host))


def test_what_is_too_long_today_may_stay_so():
    """With not_worse the average may be today's 6 ms and no more."""
    case = routed(5.0)
    case["policies"] = [*case["policies"], {"kind": "not_worse"}]
    _, twin, rules = tiny(**case)
    routes = Routes(prepare(twin, rules, STUDY))
    assert routes.holds(twin["workload_host"].values)
    assert not routes.holds(np.array([0, 2, 2]))


def test_the_exact_model_pays_for_a_short_way():
    """At 5 ms a replica of b has to move although that is dear."""
    _, twin, rules = tiny(**routed(5.0))
    result = run_engine(Site(0, twin, rules, STUDY))
    assert not isinstance(result, str)
    assert (result.candidate.host != twin["workload_host"].values).sum() == 1
    assert all(one.cost <= one.limit for one in route(rules[0], result.candidate.host))
