"""What a rule costs a year, compared with costs worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest
from instances.tiny import tiny

from optimiser.schema.plan import RulePrice
from optimiser.schema.study import Weights
from optimiser.solve.problem import lower
from optimiser.solve.rule_prices import rule_prices

FREE = Weights(carbon_price_per_t=0.0, water=False, move_cost=0.0, move_cost_per_gib=0.0,
               host_on_cost_per_h=0.0)  # fmt: skip
ENVIRONMENT = {"price_per_kwh": 0.1, "carbon_g_per_kwh": 200.0}


def priced(*args: Any) -> dict[str, RulePrice]:
    """Return the prices of the rules of a site by name; energy costs 0.1 and carbon nothing."""
    _, twin, rules = tiny(*args, environment=ENVIRONMENT, weights=FREE.model_dump())
    found = rule_prices(lower(twin, rules, FREE), 60.0)
    assert [price.cost_per_year for price in found] == sorted(
        (price.cost_per_year for price in found), reverse=True
    )
    assert {price.method for price in found} == {"re-solve"}
    return {price.rule: price for price in found}


def test_a_reserve_costs_the_hosts_that_it_keeps_on() -> None:
    """Two workloads of 10 units fit on one host; a reserve of 180 keeps the other on too.

    A host that is on takes 95 W more than asleep: 95 W · 8760 h a year.
    """
    prices = priced(2, 2, [{"kind": "headroom", "amount": 180, "name": "reserve"}])
    kwh = 0.095 * 8760
    assert prices["reserve"].kwh_per_year == pytest.approx(kwh, rel=1e-3)
    assert prices["reserve"].cost_per_year == pytest.approx(0.1 * kwh, rel=1e-3)
    assert prices["reserve"].kgco2e_per_year == pytest.approx(0.2 * kwh, rel=1e-3)


def test_a_rule_about_single_hosts_costs_the_worse_host() -> None:
    """Pinned to a host of 1 W for each unit instead of 0.5 W, 100 units cost 50 W and 50 W idle."""
    lean = {"kind": "server", "name": "lean", "curve_w": [50 + 5 * i for i in range(11)],
            "standby_w": 5.0, "capacity": {"cpu": 100, "memory": 1000}}  # fmt: skip
    hosts = [{"card": "plain"}, {"card": "lean"}]
    pin = {"kind": "pin", "workloads": {"names": ["w1"]}, "host": "h1", "name": "nailed"}
    _, twin, rules = tiny(hosts, [{"cpu": 100, "host": "h1"}], [pin], cards=[lean],
                          environment=ENVIRONMENT, weights=FREE.model_dump())  # fmt: skip
    (price,) = rule_prices(lower(twin, rules, FREE), 60.0)
    # 200 W against 100 W; the other host sleeps with 5 W either way
    assert price.kwh_per_year == pytest.approx(0.1 * 8760, rel=1e-3)


def test_a_rule_that_does_not_bind_costs_nothing() -> None:
    """A limit far away and one that no plan reaches are told with zero."""
    policies = [
        {"kind": "domain_capacity", "domain": "site", "limit": 99, "name": "grid"},
        {"kind": "max_hosts_on", "limit": 2, "name": "few"},
    ]
    prices = priced(2, 2, policies)
    assert {p.cost_per_year for p in prices.values()} == {0.0}
    assert set(prices) == {"grid", "few"}


def test_no_move_allowed_costs_the_host_that_could_sleep() -> None:
    """Two hosts of 10 units each: free, one suffices; without moves both stay on, 95 W more."""
    prices = priced(2, 2, [{"kind": "max_moves", "limit": 0, "name": "calm"}])
    assert prices["calm"].kwh_per_year == pytest.approx(0.095 * 8760, rel=1e-3)


def test_contradicting_rules_have_no_prices() -> None:
    """Where no plan exists no rule has a price."""
    _, twin, rules = tiny(2, 2, [{"kind": "drain", "hosts": {"names": ["h1", "h2"]}}])
    assert rule_prices(lower(twin, rules, FREE), 60.0) == []
