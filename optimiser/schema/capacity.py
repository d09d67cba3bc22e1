"""The capacity plan that a reporting document may hold (ISO/IEC 20000-1, 8.4.3).

Technical resources come from the twin and the meters; what only people know (operator hours,
licences, budgets, lead times, options) is told here and in two tables.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator

from optimiser.schema.base import Document
from optimiser.schema.equipment import Name, NonNegative
from optimiser.schema.tables import Column, TableSpec

ResourceClass = Literal["human", "technical", "information", "financial"]
RESOURCE_CLASSES: tuple[ResourceClass, ...] = ("human", "technical", "information", "financial")
OptionKind = Literal[
    "do_nothing", "consolidate", "re_place", "retrofit_cooling", "buy", "burst_to_cloud", "other"
]


class CapacityOption(Document):
    """One way to meet demand, with what it brings and costs."""

    name: Name
    """Name of the option."""
    kind: OptionKind
    """What it does."""
    resource: str | None = None
    """Resource it changes: one of the table of resources or one of the model."""
    adds: float | None = None
    """Usable capacity it adds, in the unit of the resource."""
    ready: date | None = None
    """Day from which it counts."""
    capex: NonNegative | None = None
    """Investment [currency]."""
    opex_per_year: float | None = None
    """Change of running cost [currency/a]."""
    kwh_per_year: float | None = None
    """Change of energy [kWh/a]."""
    operational_kgco2e_per_year: float | None = None
    """Change of operational emissions [kgCO2e/a]."""
    embodied_kgco2e: NonNegative | None = None
    """Embodied carbon of what is bought [kgCO2e]."""
    risk: str = ""
    """What may go wrong."""
    sla_effect: str = ""
    """Effect on service levels."""


class CapacityChoice(Document):
    """The option that was chosen."""

    option: str
    """Name of the option."""
    approved_by: str = ""
    """Who approved it."""
    approved_on: date | None = None
    """When."""
    changes: list[str] = []
    """Numbers of the requests for change."""
    depends_on: list[str] = []
    """What must happen before."""


class CapacityWatch(Document):
    """A figure that is watched."""

    metric: str = Field(min_length=1)
    """What is measured."""
    frequency: str = Field(min_length=1)
    """How often, such as daily."""
    owner: str = ""
    """Who looks at it."""


class CapacityPlanning(Document):
    """What a capacity plan needs beyond the model and the meters."""

    horizon_months: int = Field(default=24, ge=1, le=120)
    """How far the forecast reaches [months after the period]."""
    owner: str = ""
    """Who answers for the plan."""
    approver: str = ""
    """Who approves it."""
    review: date | None = None
    """Day of the next review."""
    warn_fraction: Annotated[float, Field(gt=0, le=1)] = 0.8
    """Share of the usable capacity from which demand is warned of, where a resource has none of
    its own."""
    act_fraction: Annotated[float, Field(gt=0, le=1)] = 0.9
    """Share from which capacity must be changed, where a resource has none of its own."""
    resources: str | None = None
    """Table of resources (``capacity_resources``)."""
    demand: str | None = None
    """Table of past demand by month (``capacity_demand``)."""
    not_applicable: dict[ResourceClass, Annotated[str, Field(min_length=1)]] = {}
    """Classes of resources that the service does not need, with the reason."""
    options: list[CapacityOption] = []
    """Options beside doing nothing, which is always told."""
    chosen: CapacityChoice | None = None
    """The option that was chosen."""
    monitoring: list[CapacityWatch] = []
    """What is watched."""
    assumptions: list[Annotated[str, Field(min_length=1)]] = []
    """Assumptions and limits of the plan."""

    @model_validator(mode="after")
    def _hangs_together(self) -> CapacityPlanning:
        if self.warn_fraction > self.act_fraction:
            raise ValueError("warn_fraction is above act_fraction")
        names = [one.name for one in self.options]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"options share a name: {', '.join(twice)}")
        if self.chosen is not None and self.chosen.option not in names:
            raise ValueError(
                f"chosen.option {self.chosen.option!r} is none of the options "
                f"({', '.join(names) or 'there are none'})"
            )
        return self


def _number(name: str, description: str, unit: str = "", maximum: float | None = None) -> Column:
    return Column(
        name, "number", description, unit, required=False, default=None, minimum=0, maximum=maximum
    )


def _growth(name: str, description: str) -> Column:
    return Column(name, "number", description, "unit/month", required=False, default=None)


RESOURCES = TableSpec(
    "capacity_resources",
    "Resources of the capacity plan: one row each. Those that the model knows need no figures of "
    "their own, only growth, thresholds and lead times.",
    (
        Column("resource", "text", "Name of the resource."),
        Column("resource_class", "choice", "Class of the resource.", choices=RESOURCE_CLASSES),
        Column(
            "known_from", "choice",
            "Where use and capacity come from: told in this table, a meter's role (capacity is "
            "told, use is metered) or the model.",
            required=False, default="told", choices=("told", "meter", "model"),
        ),
        Column(
            "series", "text",
            "Role of the meters, such as e_it_ups, or resource of the model, such as 'feed a'; "
            "the report lists them.",
            required=False,
        ),
        Column("unit", "text", "Unit of the figures; kW where energy is metered.", required=False),
        _number("nameplate", "Capacity by nameplate."),
        _number("derated", "Capacity after derating; the nameplate when empty."),
        _number("usable", "Capacity left with the agreed redundancy (N-1); derated when empty."),
        _number("use_mean", "Mean use in the period."),
        _number("use_p95", "Use that is exceeded 5 % of the time."),
        _number("use_peak", "Greatest use in the period."),
        _growth("growth_p10", "Growth of demand that is exceeded with a probability of 90 %."),
        _growth("growth_p50", "Growth of demand, best estimate."),
        _growth("growth_p90", "Growth of demand that is exceeded with a probability of 10 %."),
        _number("warn_fraction", "Share of the usable capacity that is warned of.", maximum=1),
        _number("act_fraction", "Share from which capacity must be changed.", maximum=1),
        _number("lead_months", "Time from order to delivery.", "months"),
        _number("commissioning_months", "Time from delivery to use.", "months"),
        Column("source", "text", "Document the figures come from.", required=False),
        Column(
            "quality", "choice", "How told use was found.", required=False, default="estimated",
            choices=("measured", "proxy", "estimated"),
        ),
        Column("note", "text", "Remark.", required=False),
    ),
    ("resource",),
    may_be_empty=True,
)  # fmt: skip
DEMAND = TableSpec(
    "capacity_demand",
    "Past demand for a resource by month, and what an earlier plan foresaw for it.",
    (
        Column("resource", "text", "Resource, as in the table of resources."),
        Column("month", "text", "Month, such as 2025-03."),
        _number("demand", "Greatest demand of the month, in the unit of the resource."),
        _number("planned", "Demand that the last plan foresaw for the month (P50)."),
    ),
    ("resource", "month"),
    may_be_empty=True,
)
CAPACITY_TABLES = {"resources": RESOURCES, "demand": DEMAND}
"""The tables by the field that names their file."""
