"""Goals that come before money: each as small as it can be while those before it are kept."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from differential.goal_trial import complaints, draw

from optimiser.errors import InputError
from optimiser.library.site import read_study
from optimiser.schema.policy import NotWorse
from optimiser.solve.executor import InProcess
from optimiser.workflow.goals import solve_goals
from optimiser.workflow.plan import PlanOptions, plan_site
from tests.workflow.disk_sites import write_site

STUDY = "format: dcopt.study/1\nname: nightly\nsolver: {time_limit_s: 5}\n"
GOALS = "goals:\n- measure: hosts_on\n- {measure: carbon, tolerance: 0.0}\n"


def with_goals(folder: Path, goals: str = GOALS) -> Path:
    """Write the small site with goals in its study."""
    return write_site(folder, [("study.yaml", STUDY, STUDY + goals)])


@pytest.mark.parametrize("seed", range(20))
def test_every_goal_is_what_trying_all_placements_finds(seed):
    assert complaints(seed) == []


def test_a_plan_tells_its_goals_and_keeps_them_as_rules(tmp_path):
    outcome = plan_site(with_goals(tmp_path / "site"), PlanOptions(work_limit=2, time_limit_s=90))
    hosts, carbon = outcome.plan.goals
    assert (hosts.measure, hosts.today, hosts.value, hosts.bound) == ("hosts_on", 4, 2, 2)
    assert len(outcome.plan.hosts_on) == hosts.reached == 2
    assert carbon.unit == "kgCO2e"
    assert carbon.value == pytest.approx(carbon.bound, rel=1e-6)
    assert carbon.today > carbon.value
    told = json.loads((outcome.run / "plan.json").read_text())
    assert [goal["measure"] for goal in told["goals"]] == ["hosts_on", "carbon"]
    assert "Goals that come before money" in (outcome.run / "report.html").read_text()
    assert outcome.plan.proof.rules_checked["max_hosts_on"] == 1
    assert outcome.plan.proof.rules_checked["budget"] == 1
    assert outcome.report.before.sla_violation_count == 0  # goals ask nothing of today


def test_fewest_moves_first_leaves_all_as_it_is(tmp_path):
    site = with_goals(tmp_path / "site", "goals:\n- {measure: moves, tolerance: 0}\n")
    outcome = plan_site(site, PlanOptions(work_limit=2, time_limit_s=60))
    assert outcome.plan.moves == []
    assert outcome.plan.goals[0].limit == 0


def test_no_other_policy_excuses_a_goal(tmp_path):
    loaded = draw(3)
    lenient = loaded.study.model_copy(update={"policies": [NotWorse(name="lenient")]})
    reached = solve_goals(replace(loaded, study=lenient), InProcess(), lambda tick: None)
    kept = [rule for rule in reached.loaded.rules if rule.name.startswith("goal-")]
    assert len(kept) == len(loaded.study.goals)
    assert not any(rule.not_worse for rule in kept)


def test_a_goal_named_twice_is_refused(tmp_path):
    twice = "goals:\n- measure: carbon\n- measure: carbon\n"
    with pytest.raises(InputError, match="carbon is a goal twice") as error:
        read_study(with_goals(tmp_path / "site", twice))
    assert "study.yaml:4" in str(error.value)


def test_an_unknown_measure_is_refused_with_those_that_exist(tmp_path):
    with pytest.raises(InputError, match="hosts_on"):
        read_study(with_goals(tmp_path / "site", "goals:\n- measure: emissions\n"))
