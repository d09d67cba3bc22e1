"""The study document: one run over one site. Every default is good enough to start with."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from optimiser.schema.base import Document
from optimiser.schema.equipment import NonNegative, Positive
from optimiser.schema.moving import Moving
from optimiser.schema.policy import AnyPolicy
from optimiser.units import MOST_HOURS

FIRST_YEAR, LAST_YEAR = 1900, 2200


class Horizon(Document):
    """The time a plan is judged over."""

    start: datetime | None = None
    """First moment (local time of the site when it has no offset); default is the first moment of
    the demand table, or the next day's midnight of a year without leap day."""
    hours: float = Field(default=24.0, gt=0, le=MOST_HOURS)
    """Length [h]."""
    step_minutes: int = Field(default=60, ge=1, le=1440)
    """Length of one period [min]."""

    @field_validator("start", mode="before")
    @classmethod
    def _is_no_number(cls, start: Any) -> Any:
        """Refuse what pydantic would read as seconds since 1970."""
        if isinstance(start, int | float) or (isinstance(start, str) and start.strip().isdigit()):
            raise ValueError(f"{start} is a number; write a date and time such as 2026-01-31T00:00")
        return start

    @field_validator("start")
    @classmethod
    def _is_of_our_time(cls, start: datetime | None) -> datetime | None:
        if start is not None and not FIRST_YEAR <= start.year <= LAST_YEAR:
            raise ValueError(f"the year {start.year} is not from {FIRST_YEAR} to {LAST_YEAR}")
        return start


class SafetyPrice(Document):
    """Load above the safety capacity of hosts (columns ``…_safety`` of the hosts table)."""

    resource: str
    """Resource of the site."""
    price: NonNegative
    """Price over the horizon of one unit above it at the host's worst moment."""


class BalancePrice(Document):
    """Free amounts that are of use only together, such as memory for each free core."""

    resource: str
    """Resource of which so much should stay free …"""
    per: str
    """… for each free unit of this one."""
    ratio: int = Field(ge=0)
    """Units of ``resource`` for one of ``per``."""
    price: NonNegative
    """Price over the horizon of one unit that is missing at the host's worst moment."""


class Weights(Document):
    """What counts, and for how much."""

    carbon_price_per_t: NonNegative = 80.0
    """Price of one tonne of CO2e, in the site's currency."""
    energy_bill: NonNegative = 1.0
    """Factor on the energy bill; 0 where it does not matter."""
    energy_per_kwh: NonNegative = 0.0
    """Price of each kWh besides the bill, whatever the hour, in the site's currency."""
    water: bool = True
    """Whether water is paid at the site's price."""
    water_per_m3: NonNegative = 0.0
    """Price of each m³ of make-up water besides the site's, in the site's currency."""
    move_cost: NonNegative = 0.02
    """Cost of moving one workload, in the site's currency."""
    move_cost_per_gib: NonNegative = 0.002
    """Additional cost of moving one GiB of memory."""
    host_on_cost_per_h: NonNegative = 0.004
    """Wear and administration of a host that is on, per hour, unless the host or its card says."""
    embodied: bool = False
    """Whether a host that is on pays for its hourly share of embodied carbon at the carbon price:
    an attribution, for it is saved only where a host that is left off is used or sold elsewhere."""
    server_embodied_kgco2e: NonNegative = 1215.0
    """Embodied carbon of a server whose card states none [kgCO2e]; the median of 48 models in a
    public data set of makers' studies."""
    server_lifetime_years: Positive = 4.0
    """Expected life of a server whose card states none [a]."""
    safety: list[SafetyPrice] = []
    """Prices of load above the safety capacity, host by host."""
    balance: list[BalancePrice] = []
    """Prices of free amounts out of balance, host by host."""
    service_move_cost: NonNegative = 0.0
    """Cost of each move of the one service that moves most workloads."""
    host_move_weight: NonNegative = 1.0
    """Factor on the site's table of costs of a move from host to host."""
    hold_days: Positive = 30.0
    """Days over which a plan stays in force; one-off costs are spread over them."""


class SolverSettings(Document):
    """How long and how hard to search."""

    time_limit_s: Positive = 60.0
    """Wall-clock time for the search [s]."""
    gap: float = Field(default=0.001, ge=0, lt=1)
    """Stop when the plan is proven to be within this fraction of the best possible."""
    seed: int = Field(default=1, ge=0, lt=2**31)
    """Seed of every random choice."""
    threads: int = Field(default=2, ge=1, le=256)
    """Threads."""
    work_limit: int | None = Field(default=None, ge=1)
    """Limit on search rounds instead of time, for reproducible runs."""
    restarts: int = Field(default=1, ge=1, le=1000)
    """Searches with seeds of their own, each with the whole limit, of which the best plan is taken;
    side by side on workers (``dcopt plan --workers``), else one after the other."""


class Goal(Document):
    """Something that comes before money."""

    measure: Literal["energy", "carbon", "water", "cost", "hosts_on", "moves"]
    """``energy`` from the grid [kWh], ``carbon`` [kgCO2e], make-up ``water`` [m³], ``cost`` of
    energy and water [currency of the site], number of ``hosts_on`` or of ``moves``; each over the
    horizon and counted as policies of kind ``budget`` count."""
    tolerance: float = Field(default=0.001, ge=0, le=1)
    """Share of the best value that later goals may add to it."""


class TradeOff(Document):
    """Plans between the cheapest and the one with least of something."""

    measure: Literal["energy", "carbon", "water", "hosts_on"]
    """What is held against money, counted as goals are."""
    points: int = Field(default=5, ge=2, le=100)
    """Number of plans, both ends counted. Each takes its share of the time limit once more."""


class Study(Document):
    """One question asked of one site (``study.yaml``, optional)."""

    format: Literal["dcopt.study/1"] = "dcopt.study/1"
    """Version of this document."""
    name: str = "plan"
    """Name, part of the run folder's name."""
    site: str = "."
    """Folder of the site, relative to this file."""
    horizon: Horizon = Horizon()
    """Time the plan is judged over."""
    recipe: str = "placement"
    """Formulation from ``models/formulations``."""
    weights: Weights = Weights()
    """Objective weights."""
    solver: SolverSettings = SolverSettings()
    """Solver settings."""
    goals: list[Goal] = []
    """Goals in order of importance: each is made as small as it can be while those before it keep
    their value, within their tolerance, and what is left is decided by money. Soft rules keep
    their price against every goal, at what a unit of its measure costs on average today."""
    trade_off: TradeOff | None = None
    """Plans between the cheapest and the one with least energy, carbon, water or hosts."""
    moving: Moving = Moving()
    """How workloads are moved."""
    policies: list[AnyPolicy] = []
    """Policies added to the site's for this run."""
    moves: Literal["ordered", "at_once"] = "ordered"
    """``ordered``: waves after each of which every hard rule holds. ``at_once``: one wave, of which
    only ``transient_capacity`` policies ask anything on the way."""
    frontier: list[Annotated[int, Field(ge=0)]] | None = None
    """Move budgets k for which the best plan with at most k moves is shown; by default 0, 1, 2, 5,
    10, 20, 50 and so on up to all moves of the plan. An empty list asks for none."""

    @field_validator("goals")
    @classmethod
    def _each_goal_once(cls, goals: list[Goal]) -> list[Goal]:
        measures = [goal.measure for goal in goals]
        twice = sorted({one for one in measures if measures.count(one) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)} is a goal twice; name each measure once")
        return goals
