"""Targets of availability: refused with the best possible number, met where one placement can."""

from __future__ import annotations

import pytest
from differential.engine_trial import Site, run_engine
from instances.constraint_cases import available
from instances.tiny import tiny

from optimiser.errors import InfeasibleError
from optimiser.schema.study import SolverSettings, Study
from optimiser.solve.engine import prepare, solve_study
from optimiser.solve.mend import find_leaving
from optimiser.solve.uptime import Uptime

STUDY = Study(solver=SolverSettings(work_limit=2, threads=1))


def test_a_target_out_of_reach_is_refused_with_the_best_possible():
    """Two replicas in two racks that are down 4 % of the time: 0.9984 and no more."""
    _, twin, rules = tiny(**available(needed=1, target=0.9985))
    with pytest.raises(InfeasibleError) as caught:
        solve_study(twin, rules, STUDY)
    told = [(f.rule, f.who, f.unit) for f in caught.value.findings]
    assert told == [("rule-0", ("web",), "min/year")]
    assert caught.value.findings[0].short_by == pytest.approx(0.0001 * 365 * 24 * 60)
    assert "the best possible target is 0.9984" in caught.value.findings[0].remedy


def test_the_best_possible_target_is_met():
    """The very number that was told is reached by one replica in each rack."""
    _, twin, rules = tiny(**available(needed=1, target=0.9984))
    result = run_engine(Site(0, twin, rules, STUDY))
    assert not isinstance(result, str)
    assert sorted(result.candidate.host.tolist()) == [0, 1]
    assert Uptime(prepare(twin, rules, STUDY)).holds(result.candidate.host)


def test_limits_of_the_search_prove_no_moves():
    """They are narrower than the rule, so how many must leave does not follow from them."""
    case = available(needed=1, target=0.99)
    case["workloads"][0]["host"] = "h1"
    _, twin, rules = tiny(**case)
    leaving = find_leaving(prepare(twin, rules, STUDY))
    assert leaving is None or not leaving.chosen.any()
