"""The reporting document: what a site discloses, from which meters, under which rules."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from optimiser.errors import did_you_mean
from optimiser.schema.base import Document
from optimiser.schema.capacity import CapacityPlanning
from optimiser.schema.equipment import Fraction, Name, NonNegative, Positive
from optimiser.schema.figures import OWN, TOLD

YEAR_MONTH = r"^\d{4}-(0[1-9]|1[0-2])$"
Redundancy = Literal["N", "N+1", "N+2", "2N", "2(N+1)", "other"]


class Contact(Document):
    """Who owns or operates the data centre."""

    name: str = Field(min_length=1)
    """Name of the organisation."""
    contact: str = ""
    """How to reach it."""


class Refrigerant(Document):
    """One refrigerant of the cooling of computer rooms."""

    name: Name
    """R-number, such as R-1234ze."""
    charge_kg: NonNegative
    """Charge [kg]."""
    leaked_kg: NonNegative | None = None
    """Top-up in the period [kg]; without it leakage is not known."""
    gwp: NonNegative | None = None
    """Global warming potential over 100 years; the library's when left out."""


class Facility(Document):
    """Facts of the data centre that no meter tells."""

    name: str = Field(min_length=1)
    """Name of the data centre."""
    owner: Contact
    """Owner."""
    operator: Contact
    """Operator."""
    kind: Literal["enterprise", "colocation", "co-hosting"]
    """Type by the definitions of Delegated Regulation (EU) 2024/1364."""
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    """Country code, two letters."""
    nuts3: str | None = None
    """NUTS 3 code of the place."""
    lau: str | None = None
    """LAU code of the place."""
    postcode: str | None = None
    """Postcode."""
    grid_zone: str | None = None
    """Bidding zone or balancing area of the grid connection."""
    start: Annotated[str, Field(pattern=YEAR_MONTH)]
    """Year and month of entry into operation, such as 2019-05."""
    redundancy_electrical: Redundancy = "other"
    """Redundancy of the electrical infrastructure."""
    redundancy_cooling: Redundancy = "other"
    """Redundancy of cooling."""
    rated_it_kw: Positive
    """Installed IT power demand (PDIT): nominal power of all IT equipment [kW]."""
    rated_connection_kw: Positive | None = None
    """Non-redundant rated connection power [kW]."""
    total_area_m2: Positive | None = None
    """Floor area of the data centre (SDC) [m²]."""
    computer_room_area_m2: Positive | None = None
    """Floor area of the computer rooms (SCR) [m²]."""
    refrigerants: list[Refrigerant] = []
    """Refrigerants of the cooling."""
    has_grid_functions: bool = False
    """Whether it offers services to the grid."""
    has_water_stress: bool | None = None
    """Whether the place is in a water-stressed basin."""
    water_source: Literal["potable", "fresh", "reclaimed"] | None = None
    """Source of the make-up water, used for modelled water only."""
    has_cool_climate: bool | None = None
    """Cool (``true``) or warm (``false``) climate in the sense of the Climate Neutral Data Centre
    Pact."""
    server_capacity_sert: NonNegative | None = None
    """Server capacity (CSERV): active performance by SERT of all servers."""
    storage_capacity_pb: NonNegative | None = None
    """Raw storage capacity (CSTOR) [PB]."""
    bandwidth_in_gbit_s: NonNegative | None = None
    """Provisioned incoming bandwidth [Gbit/s]."""
    bandwidth_out_gbit_s: NonNegative | None = None
    """Provisioned outgoing bandwidth [Gbit/s]."""
    floor_is_mixed_use: bool = False
    """Whether the building serves other purposes too (mPUE)."""

    @field_validator("start", mode="before")
    @classmethod
    def _is_text(cls, start: Any) -> Any:
        return start.isoformat()[:7] if isinstance(start, date) else start


class Gaps(Document):
    """What is done where a series has no value; nothing is filled unless it says so here."""

    bridge_minutes: NonNegative = 60.0
    """Power and levels are joined by a straight line over gaps up to this length [min]; such hours
    are INTERPOLATED. Longer ones are MISSING. Counters know what went through a gap."""
    estimate: Literal["none", "typical_hour"] = "none"
    """``typical_hour``: a missing hour takes the mean of the same hour of the week of its series
    within the period and is ESTIMATED. ``none``: it stays MISSING."""
    hour_coverage_fraction: Fraction = 0.95
    """An hour counts as seen from this share of it on; its amount is never scaled up."""
    late_days: NonNegative = 5.0
    """Values received later than this after their time are counted as late."""


class Meters(Document):
    """Where the measured series are."""

    table: str = "meters.csv"
    """Meter register (see the table ``meters``)."""
    default_accuracy_percent: NonNegative = 2.0
    """Accuracy at 95 % of meters whose own is not given [%]."""
    gaps: Gaps = Gaps()
    """Treatment of gaps."""
    correlations: dict[str, Fraction] = {}
    """Correlation of the errors of a group of the register, by the group's name, where it is not
    1."""


class Exemption(Document):
    """An exemption that the operator claims from a rule."""

    rule: str
    """Identifier of the rule in its ruleset."""
    reason: str = Field(min_length=1)
    """Ground of the exemption, with its document."""


class Practice(Document):
    """State of one practice of the European Code of Conduct."""

    number: Annotated[str, Field(pattern=r"^(3|4|5|6|7|8|9)\.\d{1,2}(\.\d{1,2})?$")]
    """Number of the practice, such as 5.1.2; in quotes."""
    status: Literal["implemented", "endorsed", "planned", "not_applicable"]
    """State: done, expected of others, to be done, or without object here."""
    planned: date | None = None
    """Day by which a planned one is done."""
    note: str = ""
    """Evidence, or why it does not apply."""

    @model_validator(mode="after")
    def _has_its_date(self) -> Practice:
        if (self.status == "planned") != (self.planned is not None):
            raise ValueError("a planned practice has a day in 'planned', no other one does")
        return self


class SertScores(Document):
    """Scores of the Server Efficiency Rating Tool, performance per watt, normalised."""

    cpu: Positive
    """Score of the CPU workloads."""
    memory: Positive
    """Score of the memory workloads."""
    storage: Positive
    """Score of the storage workloads."""


class ServerBenchmark(Document):
    """Equal servers with the result of a benchmark (ITEEsv)."""

    count: int = Field(ge=1)
    """Number of servers."""
    performance: Positive
    """Greatest performance of one [operations/s]."""
    power_w: Positive
    """Power of one at it [W]."""
    benchmark: str = Field(min_length=1)
    """Benchmark and its version; all servers need the same."""
    source: str = ""
    """Where the result stands."""
    form: Literal["1_socket", "2_socket", "blade"] | None = None
    """Form of the server in the sense of Regulation (EU) 2019/424."""
    sert: SertScores | None = None
    """Its SERT scores; with ``form`` they stand for its active state efficiency."""


class Change(Document):
    """A change of the energy baseline (EnB) and the criterion that called for it."""

    on: date
    """Day of the change."""
    reason: str = Field(min_length=1)
    """Criterion that was met, and what was changed."""


class Adjustment(Document):
    """A non-routine adjustment of the baseline."""

    name: Name
    """Name of the event, such as new-hall."""
    start: date
    """First day."""
    end: date | None = None
    """Last day; open when left out."""
    kwh_per_day: float
    """Energy to be added to the adjusted baseline [kWh/day]."""
    reason: str = Field(min_length=1)
    """Why, and how the amount was found."""


class SavingsVerification(Document):
    """How verified savings are found (IPMVP, ISO 50001)."""

    option: Literal["C", "D"] = "C"
    """``C``: regression of the whole facility; ``D``: calibrated simulation."""
    baseline: str
    """Baseline period, such as 2025 or 2025-01-01..2025-12-31."""
    variables: list[Literal["e_it", "cdd", "hdd", "t_outdoor"]] = ["e_it", "cdd"]
    """Relevant variables of the baseline model."""
    base_temperature_c: float = Field(default=18.0, ge=-10, le=40)
    """Base of degree days [°C]."""
    resolution: Literal["hour", "day", "month"] = "day"
    """Time step of the model."""
    static_factors: dict[str, str] = {}
    """Facts that must stay the same, by name with their state in the baseline, such as
    floor_area: 4000 m2."""
    static_factors_now: dict[str, str] = {}
    """Those of them that are otherwise in the reporting period; each needs an adjustment of its
    name, else the saving is not demonstrated."""
    baseline_site: str | None = None
    """Folder of the site as it was in the baseline, relative to this file; its twin stands for the
    baseline (option ``D``)."""
    adjustments: list[Adjustment] = []
    """Non-routine adjustments."""
    changes: list[Change] = []
    """Record of changes of the baseline; it changes for no other reason."""
    confidence: float = Field(default=0.90, gt=0.5, lt=1)
    """Confidence of the uncertainty."""

    @model_validator(mode="after")
    def _has_a_twin(self) -> SavingsVerification:
        if (self.option == "D") != (self.baseline_site is not None):
            raise ValueError("option D, and only it, needs baseline_site")
        unknown = sorted(set(self.static_factors_now) - set(self.static_factors))
        if unknown:
            raise ValueError(f"no static factors of the baseline: {', '.join(unknown)}")
        return self


class Factors(Document):
    """Emission and water factors that were chosen, by identifier in ``models/factors``."""

    grid_location: str | None = None
    """Location-based factor of the grid; the site's carbon series when left out."""
    residual_mix: str | None = None
    """Residual mix of the market."""
    supplier: str | None = None
    """Factor of the supplier's tariff."""
    fuel: str | None = None
    """Factor of the generator fuel."""
    district: str | None = None
    """Factor of heat or cold from a network."""
    water: str | None = None
    """Water used to generate grid electricity."""
    upstream: str | None = None
    """Losses and well-to-tank emissions of energy (scope 3, category 3)."""
    extra: dict[str, str] = {}
    """Further ones by use."""


class Scopes(Document):
    """Organisational boundary of the inventory."""

    control: Literal["operational", "financial", "equity"] = "operational"
    """Consolidation approach."""
    tenant_it_fraction: Fraction = 0.0
    """Share of IT energy that tenants control: it moves from scope 2 to scope 3, category 13."""


class SignOff(Document):
    """Who answers for the report."""

    prepared_by: str = ""
    """Preparer."""
    reviewed_by: str = ""
    """Reviewer."""


class Reporting(Document):
    """What a site discloses (``reporting.yaml``, optional, beside ``site.yaml``)."""

    format: Literal["dcopt.reporting/1"] = "dcopt.reporting/1"
    """Version of this document."""
    boundary: str = Field(min_length=1)
    """Boundary statement: what belongs to the data centre and where its meters stand."""
    facility: Facility
    """Facts of the data centre."""
    time_zone: str | None = None
    """Zone of the calendar of the report; the site's when left out."""
    jurisdictions: list[str] = []
    """Where the data centre reports, such as EU and DE."""
    rulesets: list[str] = []
    """Rulesets from ``models/rulesets``; the default ones of the jurisdictions when empty."""
    meters: Meters | None = None
    """Measured series; without them only the twin's own runs can be reported."""
    wue_category: Literal[1, 2] = 2
    """Category of water metering: 1 drinking water only, 2 all water."""
    energy_weighting: Literal["none", "tgg"] = "none"
    """Weights of energy carriers: none, or those of The Green Grid."""
    factors: Factors = Factors()
    """Factors."""
    scopes: Scopes = Scopes()
    """Inventory boundary."""
    instruments: str | None = None
    """Ledger of certificates and contracts (table ``instruments``)."""
    assets: str | None = None
    """Embodied carbon (table ``assets``)."""
    services: str | None = None
    """Functional units for software carbon intensity (table ``services``)."""
    exemptions: list[Exemption] = []
    """Exemptions claimed."""
    facts: dict[str, bool | float | date | str] = {}
    """Facts that rules ask for and that no other field tells, such as has_ems: true; see the page
    of rulesets for all of them. Those of own rulesets begin with own_."""
    servers: list[ServerBenchmark] = []
    """Servers whose efficiency was measured (ITEEsv)."""
    num_servers: int | None = Field(default=None, ge=1)
    """All servers that are installed; without it those of ``servers``."""
    work_values: str = ""
    """Table of task values that the owner approved; useful_work is counted by it (DCeP)."""
    electrical_segments: dict[str, Annotated[float, Field(gt=0, le=1)]] = {}
    """Efficiency of each segment of the electrical chain at design (ELC), such as ups: 0.955."""
    limits: dict[str, float] = {}
    """Limits from licensed texts by the name that rules use, such as mlc: 0.23."""
    limits_source: str = ""
    """Text and edition that the limits come from; needed with limits."""
    practices: list[Practice] = []
    """Practices of the European Code of Conduct with their state."""
    savings: SavingsVerification | None = None
    """Verification of savings."""
    capacity: CapacityPlanning | None = None
    """Capacity plan (ISO/IEC 20000-1, 8.4.3): what the model and the meters do not know."""
    sign_off: SignOff = SignOff()
    """Sign-off page."""

    @field_validator("facts")
    @classmethod
    def _are_asked_for(cls, facts: dict[str, Any]) -> dict[str, Any]:
        wrong = [name for name in facts if name not in TOLD and not name.startswith(OWN)]
        if wrong:
            near = "; ".join(f"{name}: {did_you_mean(name, TOLD) or 'unknown'}" for name in wrong)
            raise ValueError(f"no rule asks for these facts here ({near})")
        return facts

    @model_validator(mode="after")
    def _limits_have_a_source(self) -> Reporting:
        if self.limits and not self.limits_source.strip():
            raise ValueError("limits_source is needed: the text and edition of the limits")
        return self

    @model_validator(mode="after")
    def _servers_can_be_added(self) -> Reporting:
        names = sorted({one.benchmark for one in self.servers})
        if len(names) > 1:
            raise ValueError(f"servers of several benchmarks cannot be added: {', '.join(names)}")
        known = sum(one.count for one in self.servers)
        if self.num_servers is not None and self.num_servers < known:
            raise ValueError(f"num_servers is {self.num_servers}; servers lists {known}")
        return self

    @model_validator(mode="after")
    def _practices_are_told_once(self) -> Reporting:
        numbers = [one.number for one in self.practices]
        twice = sorted({number for number in numbers if numbers.count(number) > 1})
        if twice:
            raise ValueError(f"practices are told twice: {', '.join(twice)}")
        return self
