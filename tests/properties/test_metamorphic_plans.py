"""Change a site in a way whose effect on the best plan is known, and look whether it has it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from instances.medium_sites import medium_parts
from instances.tiny import tiny

from optimiser.analysis.verify import verify
from optimiser.errors import InfeasibleError
from optimiser.schema.study import SolverSettings, Study, Weights
from optimiser.solve.engine import solve_study
from optimiser.workflow.plan_document import placement_of

SEEDS = range(4)
CLOSE = 1e-5
Row = dict[str, Any]


@dataclass(frozen=True)
class Parts:
    """A site as rows, ready to be changed by copy."""

    hosts: list[Row]
    workloads: list[Row]
    policies: list[Row]
    options: Row
    weights: Weights

    def with_policy(self, **policy: Any) -> Parts:
        """Return the site with one more policy."""
        return replace(self, policies=[*self.policies, policy])

    def best(self) -> float:
        """Return the cost of the proven best plan; infinity when there is none."""
        _, twin, rules = tiny(
            self.hosts, self.workloads, self.policies,
            weights=self.weights.model_dump(), **self.options,
        )  # fmt: skip
        settings = SolverSettings(time_limit_s=120.0, gap=0.0, work_limit=3, threads=1)
        study = Study(weights=self.weights, solver=settings)
        try:
            result = solve_study(
                twin, rules, study, None,
                lambda c: 0.0 if verify(twin, rules, placement_of(twin, c)).is_legal else None,
            )  # fmt: skip
        except InfeasibleError:
            return np.inf
        assert result.gap is not None and result.gap <= CLOSE
        return result.candidate.objective


def _parts(seed: int) -> Parts:
    weights = Weights(host_on_cost_per_h=0.004, move_cost=0.05, hold_days=2.0)
    return Parts(*medium_parts(seed, num_hosts=4, num_workloads=8, steps=2), weights)


def _permuted(parts: Parts, seed: int) -> Parts:
    rng = np.random.default_rng([seed, 3])
    hosts = [parts.hosts[i] for i in rng.permutation(len(parts.hosts))]
    workloads = [parts.workloads[i] for i in rng.permutation(len(parts.workloads))]
    return replace(parts, hosts=hosts, workloads=workloads)


def _scaled(parts: Parts, factor: float) -> Parts:
    """Return the site with every price multiplied."""
    environment = dict(parts.options["environment"])
    environment["price_per_kwh"] *= factor
    weights = parts.weights
    scaled = weights.model_copy(
        update={
            name: getattr(weights, name) * factor
            for name in ("carbon_price_per_t", "move_cost", "move_cost_per_gib",
                         "host_on_cost_per_h")
        }
    )  # fmt: skip
    return replace(parts, options={**parts.options, "environment": environment}, weights=scaled)


def _with_copy(parts: Parts) -> Parts:
    """Return the site twice: other racks, other hosts, the same services once more."""

    def copied(rows: list[Row], *fields: str) -> list[Row]:
        return [{**row, **{f: f"{row[f]}-b" for f in fields if f in row}} for row in rows]

    return replace(
        parts,
        hosts=parts.hosts + copied(parts.hosts, "name", "rack"),
        workloads=parts.workloads + copied(parts.workloads, "name", "service", "host"),
        options={
            **parts.options,
            "racks": parts.options["racks"] + copied(parts.options["racks"], "name"),
        },
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_order_of_hosts_and_workloads_does_not_matter(seed: int):
    """The best plan of a shuffled site costs the same."""
    parts = _parts(seed)
    assert _permuted(parts, seed).best() == pytest.approx(parts.best(), rel=CLOSE)


@pytest.mark.parametrize("factor", [1e-4, 0.1, 7.0])
def test_prices_scale_the_cost(factor: float):
    """All prices times a factor: the cost of the best plan times that factor."""
    parts = _parts(0)
    assert _scaled(parts, factor).best() == pytest.approx(factor * parts.best(), rel=CLOSE)


@pytest.mark.parametrize("seed", SEEDS)
def test_an_unused_host_never_hurts(seed: int):
    """One more host that draws nothing asleep leaves the best plan possible."""
    parts = _parts(seed)
    spare = {**parts.options["cards"][0], "name": "spare", "standby_w": 0.0}
    more = replace(
        parts,
        hosts=[*parts.hosts, {"name": "extra", "rack": "r1", "card": "spare", "state": "off"}],
        options={**parts.options, "cards": [*parts.options["cards"], spare]},
    )
    assert more.best() <= parts.best() * (1 + CLOSE)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_copy_of_the_site_at_most_doubles_the_cost(seed: int):
    """Planning two equal sites together costs no more than planning each alone."""
    parts = _parts(seed)
    assert _with_copy(parts).best() <= 2 * parts.best() * (1 + CLOSE)


TIGHTER: dict[str, tuple[Callable[[float], Row], list[float]]] = {
    "max_moves": (lambda n: {"kind": "max_moves", "limit": int(n)}, [8, 4, 2, 1, 0]),
    "max_hosts_on": (lambda n: {"kind": "max_hosts_on", "limit": int(n)}, [4, 3, 2, 1]),
    "headroom": (
        lambda f: {"kind": "headroom", "resource": "cpu", "fraction": f}, [0.0, 0.3, 0.5, 0.7],
    ),
    "rack_power": (
        lambda kw: {"kind": "domain_capacity", "domain": "rack", "resource": "power",
                    "limit": kw}, [0.9, 0.35, 0.25, 0.15],
    ),
    "per_domain": (
        lambda n: {"kind": "spread", "domain": "host", "max_per_domain": int(n)}, [8, 3, 2, 1],
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", sorted(TIGHTER))
def test_a_tighter_limit_never_helps(kind: str):
    """From slack to impossible, every turn of the screw costs the same or more."""
    make, values = TIGHTER[kind]
    parts = _parts(1)
    costs = [parts.best(), *(parts.with_policy(name="screw", **make(v)).best() for v in values)]
    for looser, tighter in pairwise(costs):
        assert tighter >= looser * (1 - CLOSE)
    assert costs[-1] > costs[0] * (1 + CLOSE)


def test_dearer_moves_move_fewer():
    """The best plan under a higher price of moving never costs less."""
    parts = _parts(2)
    prices = [0.0, 0.02, 0.2, 5.0]
    costs = [
        replace(parts, weights=parts.weights.model_copy(update={"move_cost": p})).best()
        for p in prices
    ]
    assert costs == sorted(costs)
    assert costs[-1] > costs[0]
