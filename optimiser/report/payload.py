"""Everything the report shows, as plain numbers with their units in the names.

Nothing here is formatted and no ratio is stored that follows from two numbers kept here. Parts a
site does not have (power chain, cooling, tariff, waves, …) are ``None`` or empty, and the page
leaves them out.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from optimiser.schema.base import Document
from optimiser.schema.plan import GoalValue, TradeOffPoint
from optimiser.units import HOURS_PER_YEAR

Count = Annotated[int, Field(ge=0)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Label = Annotated[str, BeforeValidator(str)]
Numbers = tuple[Number, ...]
ProofLevel = Literal["bound-checked", "verified-feasible", "solver-claimed", "none"]


class Totals(Document):
    """The site over the horizon, from the full simulation, for one of the two placements."""

    energy_kwh: Number
    """Facility energy over the horizon [kWh]."""
    it_kwh: Number
    """Energy of the servers over the horizon [kWh]."""
    cost: Number | None = None
    """Cost over the horizon, in the currency of the report."""
    co2e_kg: Number | None = None
    """Emissions over the horizon [kg CO2e]."""
    water_m3: Number | None = None
    """Water drawn on site over the horizon [m3]."""
    pue: Number | None = None
    """Facility energy over IT energy; ``None`` without a power chain and cooling."""
    wue_l_per_kwh: Number | None = None
    """Water drawn on site over IT energy [l/kWh]."""
    peak_kw: Number
    """Largest facility power of any period [kW]."""
    hosts_on: Count
    """Hosts that are awake."""
    hosts_cost_per_h: Number | None = None
    embodied_kg: Number | None = None
    """What they cost besides energy [currency/h]; ``None`` where none has a cost of its own."""
    sla_violation_count: Count = 0
    """Service-level rules that are broken."""
    sla_violations: tuple[str, ...] = ()
    """Those rules as sentences; may be shorter than the count."""


class RackState(Document):
    """One rack under one of the two placements."""

    mean_power_kw: Number
    """Mean electrical power [kW]."""
    peak_power_kw: Number
    """Largest electrical power of any period [kW]."""
    peak_inlet_c: Number | None = None
    """Warmest air entering the rack [°C]; ``None`` without cooling."""
    load_fraction: Share
    """Mean use over capacity of the resource that drives power, over all hosts of the rack."""
    hosts_on: Count
    """Hosts that are awake."""


class Rack(Document):
    """One rack: its place, its limits and its state before and after."""

    name: str
    row: Label = ""
    """Row; racks of one row are drawn side by side."""
    zone: str | None = None
    """Cooling zone."""
    position: int = 0
    """Place in the row, counted from one end."""
    hosts_total: Count
    """Hosts in the rack."""
    power_limit_kw: Number | None = None
    """Limit of the rack [kW]."""
    inlet_limit_c: Number | None = None
    """Warmest air its hosts may breathe [°C]."""
    before: RackState
    after: RackState


class PowerSeries(Document):
    """Power by period [kW]; each tuple is as long as the time labels."""

    it_kw: Numbers
    losses_kw: Numbers | None = None
    """Losses of transformers, UPS and PDUs [kW]."""
    cooling_kw: Numbers | None = None
    """Fans, pumps and chillers [kW]."""
    total_kw: Numbers


class Series(Document):
    """What happens period by period."""

    time: tuple[str, ...]
    """Start of each period in local time, ISO 8601."""
    before: PowerSeries
    after: PowerSeries
    price_per_kwh: Numbers | None = None
    """Electricity price [currency/kWh]."""
    carbon_g_per_kwh: Numbers | None = None
    """Carbon intensity of the grid [g CO2e/kWh]."""
    dry_bulb_c: Numbers | None = None
    """Outside air [°C]."""
    wet_bulb_c: Numbers | None = None
    """Wet-bulb temperature of the outside air [°C]."""

    @field_validator("time")
    @classmethod
    def _clock_times(cls, time: tuple[str, ...]) -> tuple[str, ...]:
        for label in time:
            datetime.fromisoformat(label)
        return time

    @model_validator(mode="after")
    def _equal_lengths(self) -> Self:
        given = {name: getattr(self, name) for name in _SERIES_FIELDS}
        for side in ("before", "after"):
            state: PowerSeries = getattr(self, side)
            given |= {f"{side}.{name}": getattr(state, name) for name in PowerSeries.model_fields}
        wrong = [n for n, v in given.items() if v is not None and len(v) != len(self.time)]
        if wrong:
            raise ValueError(f"{', '.join(wrong)}: expected {len(self.time)} values, one a period")
        return self


_SERIES_FIELDS = ("price_per_kwh", "carbon_g_per_kwh", "dry_bulb_c", "wet_bulb_c")


class ServiceSummary(Document):
    """One service and what the plan does to it."""

    service: str
    sla_class: str = ""
    workloads: Count
    """Workloads of the service."""
    moved: Count
    """Workloads that end on another host."""
    racks_before: Count
    """Racks it runs in today."""
    racks_after: Count
    """Racks it runs in after the plan."""


class Unserved(Document):
    """Workloads of one service that a price lets wait, and those of them that have no host."""

    service: str
    may_wait: Count
    """Workloads that may have no host."""
    before: Count
    """Without a host today."""
    after: Count
    """Without a host in the plan."""
    cost: Number
    """What those of the plan cost, over the horizon."""
    names: tuple[str, ...] = ()
    """The first of those of the plan."""


class Move(Document):
    """One step of the way: a workload goes from one host to another."""

    wave: Count
    order: Count
    """Place in the whole sequence."""
    workload: str
    service: str = ""
    source: str
    target: str
    memory_gib: Number = 0.0
    seconds: Number | None = None
    """Time of the copy at the given bandwidth [s]."""
    energy_kwh: Number | None = None
    """Energy of copying and of running twice meanwhile [kWh]."""
    reason: str = ""
    saved_kwh_per_year: Number | None = None
    """Energy that this move saves [kWh/year]; negative when it costs energy."""
    payback_days: Number | None = None
    """Days until the saving has paid for the move; ``None`` when it never does."""


class Wave(Document):
    """Moves that may run together."""

    wave: Count
    moves: Count
    bounces: Count = 0
    """Moves to a host where the workload does not stay, to break a swap deadlock."""
    memory_gib: Number = 0.0
    start: str = ""
    """When it starts, local time, ISO 8601; empty when that is not known."""
    seconds: Number | None = None
    """Duration of the wave [s]."""
    energy_kwh: Number = 0.0
    """Energy of its moves [kWh]."""


class FrontierPoint(Document):
    """The best plan with at most so many moves."""

    max_moves: Count
    moves: Count
    """Moves it really makes."""
    objective: Number
    """Objective, in the currency of the report over the horizon."""
    saving_fraction_of_full: Number
    """Its saving over the saving of the plan without a limit on moves."""
    bound: Number | None = None
    """Proven lower limit of the objective with so many moves."""


class BindingRule(Document):
    """A rule that holds the plan back."""

    rule: str
    sentence: str
    price: Number | None = None
    """What one unit of relief is worth, or what the rule costs."""
    price_unit: str = ""
    """Unit of the price, such as ``EUR/year per kW``."""
    method: str = ""
    """How the price was found: ``dual`` or ``re-solve``."""


class RulePrice(Document):
    """What one rule costs a year."""

    rule: str
    kind: str
    kwh_per_year: Number
    """Energy that the site would need less without it [kWh/year]."""
    cost_per_year: Number
    """Money a year, in the currency of the report."""
    co2e_kg_per_year: Number
    """Emissions [kg CO2e/year]."""


class Term(Document):
    """One term of the objective: today, as the optimiser believed it, as the twin simulates it."""

    term: str
    before: Number | None = None
    believed: Number
    simulated: Number
    unit: str


class Check(Document):
    """One rule that the exact checker went through."""

    rule: str
    count: Count
    """Comparisons made."""
    violations: Count = 0
    """Comparisons that failed."""


class Phase(Document):
    """Time spent in one phase of the run."""

    phase: str
    seconds: Number


class InputFile(Document):
    """One file that was read."""

    file: str
    sha256: str


class Proof(Document):
    """How good the plan is and why it can be believed."""

    value: Number
    """Objective of the plan, in the currency of the report over the horizon."""
    bound: Number | None = None
    """Proven lower limit of the objective."""
    gap_fraction: Share | None = None
    """Distance between value and bound over the value."""
    level: ProofLevel
    sentence: str = ""
    """What was proven and how."""
    checks: tuple[Check, ...] = ()
    phases: tuple[Phase, ...] = ()
    solver: str = ""
    versions: dict[str, str] = Field(default_factory=dict)
    """Version by program."""
    seed: int | None = None
    inputs: tuple[InputFile, ...] = ()


class Bottleneck(Document):
    """What is fullest of its kind after the plan."""

    kind: str
    """Such as rack power, UPS, cooling, memory."""
    where: str
    used: Number
    limit: Number
    unit: str

    @property
    def fraction(self) -> float:
        """Used over limit; infinite when something is used of a limit of zero."""
        if self.limit == 0:
            return float("inf") if self.used > 0 else 0.0
        return self.used / self.limit


class Setting(Document):
    """A setting of the facility that the plan may change."""

    setting: str
    before: Number | None = None
    after: Number | None = None
    unit: str = ""


class ReportData(Document):
    """The report of one plan."""

    site: str
    study: str
    created: str
    """When the plan was made, ISO 8601 with its offset."""
    currency: str
    horizon_h: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    """Length of the horizon [h]."""
    hosts_total: Count
    before: Totals
    after: Totals
    is_first_placement: bool = False
    """Whether nothing is known to run today, so that there is nothing to compare the plan with."""
    racks: tuple[Rack, ...] = ()
    series: Series | None = None
    services: tuple[ServiceSummary, ...] = ()
    unserved: tuple[Unserved, ...] = ()
    """Services with workloads that may wait; empty where no price lets anybody wait."""
    moves: tuple[Move, ...] = ()
    waves: tuple[Wave, ...] = ()
    prefixes_checked: bool = False
    """Whether every rule was replayed after each single move."""
    goals: tuple[GoalValue, ...] = ()
    trade_off: tuple[TradeOffPoint, ...] = ()
    frontier: tuple[FrontierPoint, ...] = ()
    binding: tuple[BindingRule, ...] = ()
    rule_prices: tuple[RulePrice, ...] = ()
    terms: tuple[Term, ...] = ()
    proof: Proof
    bottlenecks: tuple[Bottleneck, ...] = ()
    settings: tuple[Setting, ...] = ()
    notes: tuple[str, ...] = ()
    """Defaults that were used and other remarks, as sentences."""

    @model_validator(mode="after")
    def _hosts_fit(self) -> Self:
        most = max(self.before.hosts_on, self.after.hosts_on)
        if most > self.hosts_total:
            raise ValueError(f"{most} hosts are on, but the site has {self.hosts_total}")
        return self

    @model_validator(mode="after")
    def _waves_fit(self) -> Self:
        told = sum(wave.moves for wave in self.waves)
        if self.waves and told != len(self.moves):
            raise ValueError(f"the waves tell of {told} moves, but {len(self.moves)} are given")
        return self

    @property
    def workloads_moved(self) -> int:
        """Distinct workloads that move, whichever way they take."""
        return len({move.workload for move in self.moves})

    @property
    def wave_count(self) -> int:
        """Waves in which the moves run."""
        return len({move.wave for move in self.moves})

    @property
    def per_year(self) -> float:
        """Factor from an amount over the horizon to a year of such horizons."""
        return HOURS_PER_YEAR / self.horizon_h
