"""Nearness between places in the compiled search, against a plain count."""

from __future__ import annotations

import numba
import numpy as np
import pytest
from differential.engine_trial import Site, run_engine, search_alone
from instances.constraint_cases import distant
from instances.tiny import tiny

from optimiser.analysis.nearness import members_by_domain
from optimiser.analysis.verdict import Placement
from optimiser.analysis.verify import verify
from optimiser.schema.study import SolverSettings, Study
from optimiser.solve.anneal import near_allow
from optimiser.solve.flat import is_flat
from optimiser.solve.problem import lower
from optimiser.solve.search import Searcher
from optimiser.twin.nearness import lacking

STUDY = Study(solver=SolverSettings(work_limit=3, threads=1, time_limit_s=60.0))
WAYS = [{"a": "p", "b": "q", "ms": 2}, {"a": "q", "b": "r", "ms": 3}, {"a": "p", "b": "r", "ms": 9}]


@numba.njit
def allowed(data, state, workload, source, target):
    """Ask the kernel, which only compiled code may call."""
    return near_allow(data, state, workload, source, target)


def wide_site(near_to):
    """Return the twin and rules of twelve workloads of three services on hosts in four places."""
    hosts = [{"labels": f"pod={place}"} for place in "ppqqrr"] + [{"labels": ""}]
    workloads = [
        {"service": name, "cpu": 1, "memory": 1, "host": "h3"} for name in "abc" for _ in range(4)
    ]
    common = {"kind": "latency", "limit_ms": 4, "distances": WAYS, "near_to": near_to}
    policies = [
        {**common, "workloads": {"services": ["a"]}, "services": ["b"]},
        {**common, "workloads": {"services": ["b", "c"]}, "services": ["c", "a"]},
    ]
    _, twin, rules = tiny(hosts, workloads, policies)
    return twin, rules


def is_kept(rules, host):
    """Whether all needs are met at a placement, counted anew."""
    for rule in rules:
        lacks = lacking(rule, members_by_domain(rule, host))
        want = members_by_domain(rule, np.where(rule.workloads, host, -1))
        if (lacks[rule.needs[:, 1]] & (want[rule.needs[:, 0]] > 0)).any():
            return False
    return True


@pytest.mark.parametrize("near_to", ["any", "all"])
def test_moves_are_judged_as_a_plain_count_does(near_to):
    """From one legal placement to the next, every trial move gets the answer of the count."""
    twin, rules = wide_site(near_to)
    problem = lower(twin, rules, STUDY.weights)
    searcher, rng = Searcher(problem), np.random.default_rng(5)
    host, answers = twin["workload_host"].values.copy(), set()
    assert not is_flat(searcher.data)  # the flat walk knows one domain at a time only
    for _ in range(60):
        searcher.load(host, problem.today_on)
        moves = [(int(w), int(t)) for w in rng.permutation(12) for t in rng.permutation(7)]
        legal = []
        for workload, target in moves:
            moved = host.copy()
            moved[workload] = target
            source = int(host[workload])
            told = allowed(searcher.data_ref, searcher.state_ref, workload, source, target)
            assert told == is_kept(rules, moved), (host, workload, target)
            answers.add(bool(told))
            if told and target != source:
                legal.append(moved)
        host = legal[0]
    assert answers == {True, False}


@pytest.mark.parametrize("near_to", ["any", "all"])
def test_counts_are_kept_move_by_move(near_to):
    """A loaded placement is legal exactly where the plain count says so."""
    twin, rules = wide_site(near_to)
    problem = lower(twin, rules, STUDY.weights)
    searcher, rng, found = Searcher(problem), np.random.default_rng(6), set()
    for _ in range(80):
        host = rng.choice(7, 12, p=[0.3, 0.3, 0.3, 0.06, 0.02, 0.01, 0.01]).astype(np.int32)
        searcher.load(host, problem.today_on)
        assert searcher.is_legal == is_kept(rules, host)
        assert (
            is_kept(rules, host) == verify(twin, rules, Placement(host, np.ones(7, bool))).is_legal
        )
        found.add(searcher.is_legal)
    assert found == {True, False}


@pytest.mark.parametrize("to_all", [False, True])
def test_plans_are_found_with_and_without_the_exact_model(to_all):
    """Today is too far apart; the exact model moves one workload, the search finds a legal plan."""
    _, twin, rules = tiny(**distant(9.0, to_all))
    exact = run_engine(Site(0, twin, rules, STUDY))
    assert not isinstance(exact, str)
    assert (exact.candidate.host != twin["workload_host"].values).sum() == 1
    with search_alone():
        found = run_engine(Site(0, twin, rules, STUDY))
    assert not isinstance(found, str)
    assert found.dropped == 0
    assert is_kept(rules, found.candidate.host)


def test_what_is_too_far_today_may_stay_so():
    """With not_worse today's one workload may stay too far, and no second one may join it."""
    case = distant(9.0)
    case["policies"] = [*case["policies"], {"kind": "not_worse"}]
    _, twin, rules = tiny(**case)
    result = run_engine(Site(0, twin, rules, STUDY))
    assert not isinstance(result, str)
    assert (result.candidate.host == twin["workload_host"].values).all()
