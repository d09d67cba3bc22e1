"""The plan document (``plan.json``): the answer of one run, as plain data."""

from __future__ import annotations

from typing import Literal

from optimiser.schema.base import Document

ProofLevel = Literal["bound-checked", "verified-feasible", "solver-claimed", "none"]


class Term(Document):
    """One objective term."""

    name: str
    """Name of the term in the recipe."""
    before: float
    """Value today, in the site's currency over the horizon."""
    believed: float
    """Value of the plan as the optimiser sees it."""
    simulated: float | None = None
    """Value of the plan in the full simulation."""


class Proof(Document):
    """How good the plan is and how that is known."""

    level: ProofLevel
    """What has been proven."""
    objective: float
    """Objective of the plan, in the site's currency over the horizon."""
    bound: float | None
    """No legal plan is cheaper than this."""
    gap: float | None
    """(objective − bound) / |objective|."""
    sentence: str
    """The same in words."""
    rules_checked: dict[str, int]
    """Number of limits checked exactly, by kind of rule."""


class Binding(Document):
    """A rule that stands in the way of a better plan."""

    rule: str
    """Name of the policy, or ``capacity``."""
    where: str
    """Host, rack, feed or service."""
    sentence: str
    """The price in plain words."""
    price: float
    """Worth of one more unit, in the site's currency a year."""
    unit: str
    """Unit of the limit."""
    method: Literal["dual", "re-solve"]
    """How the price was found."""


class RulePrice(Document):
    """What one rule costs a year."""

    rule: str
    """Name of the policy."""
    kind: str
    """Kind of the policy."""
    kwh_per_year: float
    """Energy that the site would need less without the rule [kWh/year]; negative where cheaper
    plans take more of it."""
    cost_per_year: float
    """What plans would be cheaper by, all terms of the objective, in the site's currency a year."""
    kgco2e_per_year: float
    """Emissions that would be less [kg CO2e/year]."""
    method: Literal["dual", "re-solve"]
    """``re-solve``: the linear relaxation was solved again without the rule."""


class Move(Document):
    """One workload moves once."""

    wave: int
    """Waves follow each other; moves of one wave may run together."""
    order: int
    """Position in the whole sequence; every prefix is legal."""
    workload: str
    """Workload."""
    service: str
    """Service of the workload."""
    source: str
    """Host it leaves; empty when it was not running."""
    target: str
    """Host it goes to."""
    memory_gib: float
    """Data to copy [GiB]."""
    bounce: bool = False
    """A detour that breaks a deadlock; the workload moves again later."""
    reason: str = ""
    """Why it moves."""
    start: str = ""
    """When it starts, local time with offset; empty on the way back, which has no date."""
    seconds: float | None = None
    """How long it takes beside the other moves of its wave [s]."""
    energy_kwh: float | None = None
    """Energy of copying and of running twice meanwhile, at the servers [kWh]."""
    saved_kwh_per_year: float | None = None
    """Energy that the move saves [kWh/year]; negative where it makes other moves possible, nothing
    for a detour."""
    payback_days: float | None = None
    """Days until the saving has paid for the move and its detours; nothing if it never does."""


class FrontierPoint(Document):
    """The best plan found with at most so many moves."""

    max_moves: int
    """Budget."""
    moves: int
    """Moves used."""
    objective: float
    """Objective, one-off costs included."""
    hosts_on: int
    """Hosts on."""
    bound: float | None = None
    """No legal plan with at most so many moves is cheaper; nothing if that was not proven."""


class GoalValue(Document):
    """What became of a goal that comes before money."""

    measure: str
    """What was made as small as possible."""
    unit: str
    """Unit of the values, over the horizon."""
    today: float | None
    """Value today; nothing where not every workload runs today."""
    value: float
    """Best value found while the goals before it kept theirs."""
    bound: float | None
    """No legal plan that keeps the goals before it has less; where soft rules have prices, no
    less in sum with them. Nothing if that was not proven."""
    gap: float | None
    """(value − bound) / value, prices of soft rules included."""
    limit: float
    """What later goals had to keep."""
    reached: float
    """Value of the plan."""


class TradeOffPoint(Document):
    """The cheapest plan found within a limit on a measure."""

    measure: str
    """What is limited."""
    unit: str
    """Unit of limit and amount, over the horizon."""
    limit: float
    """Most that was allowed."""
    amount: float
    """What the plan has."""
    objective: float
    """Objective of the plan, in the site's currency over the horizon."""
    bound: float | None
    """No legal plan within the limit is cheaper; nothing if that was not proven."""
    gap: float | None
    """(objective − bound) / |objective|."""
    hosts_on: int
    """Hosts on."""
    moves: int
    """Workloads that leave their host of today."""


class Plan(Document):
    """A verified plan."""

    format: Literal["dcopt.plan/1"] = "dcopt.plan/1"
    """Version of this document."""
    site: str
    """Name of the site."""
    study: str
    """Name of the study."""
    currency: str
    """Currency of every price."""
    hosts_on: list[str]
    """Hosts that stay on."""
    hosts_asleep: list[str]
    """Hosts that go to sleep."""
    proof: Proof
    """How good the plan is."""
    terms: list[Term]
    """Objective by term."""
    goals: list[GoalValue] = []
    """Goals that come before money, in their order."""
    trade_off: list[TradeOffPoint] = []
    """Plans between the cheapest and the one with least of a measure, tightest limit first."""
    binding: list[Binding] = []
    """Rules that bind, dearest first."""
    rule_prices: list[RulePrice] = []
    """What each hard rule costs a year, dearest first; empty when that was not found in the
    time."""
    moves: list[Move] = []
    """Ordered moves."""
    waves: int = 0
    """Number of waves."""
    frontier: list[FrontierPoint] = []
    """Best plans under move budgets."""
    settings: dict[str, float] = {}
    """Facility settings, such as ``zone Z1 supply_air_c``."""
    phase_seconds: dict[str, float] = {}
    """How the time was spent."""
