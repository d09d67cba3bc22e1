"""Linear expressions: terms of one variable are added up, and what cancels is gone."""

from __future__ import annotations

from optimiser.formulation.linear import Linear
from optimiser.formulation.modelling import pyo


def test_collected_has_one_term_per_variable():
    """A hundred shares of a hundredth less one leave a rounding error, which is no coefficient."""
    model = pyo.ConcreteModel()
    model.x, model.y = pyo.Var(initialize=3.0), pyo.Var(initialize=5.0)
    body = Linear(2.0).add(-1.0, model.x).add(1.5, model.y)
    for _ in range(100):
        body.add(0.01, model.x)
    body.add(0.25, model.y)
    assert sum(body.coefs[:1] + body.coefs[2:-1]) != 0.0  # what is left of adding up hundredths
    found = body.collected()
    assert found.constant == 2.0
    assert found.coefs == [1.75]
    assert found.variables[0] is model.y
    assert abs(found.value() - body.value()) < 1e-12
