"""Plans between the cheapest and the one with least of something."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from differential.goal_trial import amounts, draw, legal
from instances.brute_force import objective

from optimiser.errors import InputError
from optimiser.library.site import read_study
from optimiser.report.goals import trade_sentence
from optimiser.schema.plan import TradeOffPoint
from optimiser.schema.study import TradeOff
from optimiser.solve.executor import InProcess
from optimiser.workflow.goals import solve_goals
from optimiser.workflow.plan import PlanOptions, plan_site
from optimiser.workflow.trade_off import trade_off
from tests.workflow.disk_sites import write_site

STUDY = "format: dcopt.study/1\nname: nightly\nsolver: {time_limit_s: 5}\n"


def _on_disk(folder: Path, text: str) -> Path:
    return write_site(folder, [("study.yaml", STUDY, STUDY + text)])


@pytest.mark.parametrize("seed", [41, 45, 46, 50, 51, 52])
@pytest.mark.parametrize("measure", ["hosts_on", "carbon"])
def test_every_point_is_the_cheapest_of_all_placements_within_its_limit(seed, measure):
    loaded = draw(seed)
    loaded = replace(loaded, study=loaded.study.model_copy(update={"goals": []}))
    host, on = legal(loaded)
    assert len(host), "choose a seed with legal placements"
    best = solve_goals(loaded, InProcess(), lambda tick: None).result
    points = trade_off(loaded, TradeOff(measure=measure, points=4), best, InProcess())
    amount = amounts(loaded, measure, host, on)
    money = objective(loaded.twin, loaded.study.weights, host, on)
    assert points[0].amount == pytest.approx(amount.min(), rel=1e-6, abs=1e-6)
    assert points[-1].objective == pytest.approx(money.min(), rel=1e-6, abs=1e-6)
    for point in points:
        cheapest = money[amount <= point.limit + 1e-9].min()
        assert point.objective == pytest.approx(cheapest, rel=1e-6, abs=1e-6)
        assert point.bound <= cheapest + 1e-6 * max(1.0, abs(cheapest))
        assert point.amount <= point.limit * (1.0 + 1e-6) + 1e-6
    assert (np.diff([point.objective for point in points]) <= 1e-9).all()


def test_a_plan_tells_its_trade_off(tmp_path):
    site = _on_disk(tmp_path / "site", "trade_off: {measure: hosts_on, points: 3}\n")
    outcome = plan_site(site, PlanOptions(work_limit=2, time_limit_s=60))
    points = outcome.plan.trade_off
    assert points[-1].objective == pytest.approx(outcome.plan.proof.objective)
    assert points[0].hosts_on == points[0].amount == 2
    page = (outcome.run / "report.html").read_text()
    assert ("What less of it costs" in page) == (len(points) > 1)


def test_the_sentence_tells_the_price_of_a_unit():
    least = point(amount=10.0, objective=130.0)
    cheapest = point(amount=30.0, objective=100.0)
    told = trade_sentence([least, cheapest], "EUR")
    assert told == (
        "The plan with the least emissions that was found has 20.0 kg CO₂e less than the cheapest "
        "one and costs 30.0 EUR more: 1.50 EUR for each kg CO₂e."
    )
    assert "also the one with the least emissions" in trade_sentence([cheapest], "EUR")
    assert trade_sentence([], "EUR") == ""


def point(amount: float, objective: float) -> TradeOffPoint:
    """Return a point of a trade-off with carbon."""
    return TradeOffPoint(
        measure="carbon", unit="kgCO2e", limit=amount, amount=amount, objective=objective,
        bound=None, gap=None, hosts_on=2, moves=1,
    )  # fmt: skip


def test_one_point_is_refused(tmp_path):
    with pytest.raises(InputError, match="points"):
        read_study(_on_disk(tmp_path / "site", "trade_off: {measure: carbon, points: 1}\n"))
