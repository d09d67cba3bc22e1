"""The tables beside ``site.yaml``: their columns, units, limits and defaults.

The one truth about columns: the reader checks against it and the documentation is made from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from optimiser.schema.site import Resource

ColumnKind = Literal[
    "name", "text", "labels", "devices", "choice", "integer", "number", "time", "date"
]
LARGEST_INTEGER = 2**53
MAX_REPLICAS = 100_000


@dataclass(frozen=True)
class Column:
    """One column of a table.

    ``kind`` is the form of its values; ``default`` stands where an optional value is left empty
    (``None`` for numbers means: not given, NaN in the frame). ``minimum`` and ``maximum`` bound
    numbers, in ``unit``.
    """

    name: str
    kind: ColumnKind
    description: str
    unit: str = ""
    required: bool = True
    default: str | float | None = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()

    @property
    def is_number(self) -> bool:
        """Whether the values are numbers."""
        return self.kind in ("integer", "number")


@dataclass(frozen=True)
class TableSpec:
    """A table: its columns, the columns that identify a row, and its columns per resource.

    ``per_resource`` are forms of columns named after each resource, ``{}`` standing for it. A table
    that is left out altogether is another matter than one without rows: only those that
    ``may_be_empty`` have none.
    """

    name: str
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    per_resource: tuple[Column, ...] = ()
    may_be_empty: bool = False

    def with_resources(self, resources: Sequence[Resource]) -> TableSpec:
        """Return the table with one column for each resource of a site, named after it."""
        if not self.per_resource:
            return self
        extra = [_resource_column(form, r) for form in self.per_resource for r in resources]
        return replace(self, columns=(*self.columns, *extra), per_resource=())


def _resource_column(form: Column, resource: Resource) -> Column:
    unit = form.unit or resource.unit
    name, description = form.name.format(resource.name), form.description.format(resource.name)
    return replace(form, name=name, unit=unit, description=description)


def _name(name: str, description: str) -> Column:
    return Column(name, "name", description)


def _optional(name: str, description: str) -> Column:
    return Column(name, "name", description, required=False)


_LABELS = Column("labels", "labels", "Labels as key=value;key=value.", required=False)
_TIME = Column("time", "time", "HH:MM, repeated every day, or a date and time in ISO 8601.")

HOSTS = TableSpec(
    "hosts",
    "One row per host.",
    (
        _name("name", "Name of the host."),
        _name("rack", "Rack it stands in."),
        _name("card", "Server card of the site or the library."),
        Column(
            "state",
            "choice",
            "Today's state; a host in maintenance takes no workload.",
            required=False,
            default="on",
            choices=("on", "off", "maintenance"),
        ),
        _LABELS,
        _optional(
            "move_class",
            "Source and target in the table of move costs; the host's own name when empty.",
        ),
        Column(
            "on_cost_per_h",
            "number",
            "Cost of the host while it is on; its card's or the study's when empty.",
            "currency/h",
            required=False,
            default=None,
            minimum=0,
        ),
    ),
    ("name",),
    (
        Column(
            "{0}",
            "integer",
            "Amount of {0} the host offers, instead of its card's.",
            required=False,
            default=None,
            minimum=0,
            maximum=LARGEST_INTEGER,
        ),
        Column(
            "{0}_safety",
            "integer",
            "Use of {0} above which a study may price it; all the host offers when empty.",
            required=False,
            default=None,
            minimum=0,
            maximum=LARGEST_INTEGER,
        ),
    ),
)
RACKS = TableSpec(
    "racks",
    "One row per rack.",
    (
        _name("name", "Name of the rack."),
        _optional("row", "Row it stands in."),
        _optional("zone", "Cooling zone."),
        _optional("pdu_a", "PDU of the A side."),
        _optional("pdu_b", "PDU of the B side."),
        Column(
            "power_limit_kw",
            "number",
            "Breaker rating of the rack; no limit when empty.",
            "kW",
            required=False,
            default=None,
            minimum=0,
        ),
        Column(
            "units",
            "integer",
            "Usable height.",
            "U",
            required=False,
            default=42,
            minimum=1,
            maximum=100,
        ),
        Column(
            "airflow_m3_s",
            "number",
            "Air flow through the rack; from its hosts when empty.",
            "m³/s",
            required=False,
            default=None,
            minimum=0,
        ),
    ),
    ("name",),
)
SERVICES = TableSpec(
    "services",
    "One row per service.",
    (
        _name("name", "Name of the service."),
        _optional("sla_class", "SLA class of the site."),
        Column("tenant", "text", "Who it belongs to.", required=False),
        _LABELS,
        Column(
            "needs",
            "text",
            "Services it needs near it, as a;b;c (policy dependency).",
            required=False,
        ),
    ),
    ("name",),
    may_be_empty=True,
)
WORKLOADS = TableSpec(
    "workloads",
    "One row per workload component; a component may have replicas.",
    (
        _name("name", "Name; replicas of ``web`` are called ``web-1``, ``web-2`` …"),
        _name("service", "Service it is part of."),
        _optional("profile", "Demand profile; the request at all times when empty."),
        Column(
            "replicas",
            "integer",
            "Number of equal copies.",
            required=False,
            default=1,
            minimum=1,
            maximum=MAX_REPLICAS,
        ),
        _LABELS,
        Column(
            "move_cost",
            "number",
            "Cost of one move in the site's currency; the study's when empty.",
            required=False,
            default=None,
            minimum=0,
        ),
    ),
    ("name",),
    (
        Column(
            "{0}",
            "integer",
            "Amount of {0} that one copy asks for.",
            minimum=0,
            maximum=LARGEST_INTEGER,
        ),
    ),
)
PLACEMENT = TableSpec(
    "placement",
    "Where each workload runs today; workloads without a row run nowhere yet.",
    (
        _name("workload", "Workload, with the number of the replica."),
        _name("host", "Host it runs on."),
        Column("devices", "devices", "Devices it uses, as 0;1;2.", required=False),
        Column(
            "age_h",
            "number",
            "How long it has run there when the first wave may begin.",
            "h",
            required=False,
            default=None,
            minimum=0,
        ),
    ),
    ("workload",),
    may_be_empty=True,
)
DEMAND = TableSpec(
    "demand",
    "Demand profiles; every profile has the same times.",
    (_TIME, _name("profile", "Name of the profile.")),
    ("time", "profile"),
    (
        Column(
            "{0}",
            "number",
            "Share of the requested {0} in use from this time on; 1 when the column is absent.",
            "fraction",
            required=False,
            default=1.0,
            minimum=0,
            maximum=1,
        ),
    ),
)
PDUS = TableSpec(
    "pdus",
    "PDUs, where a site has too many to list in site.yaml.",
    (
        _name("name", "Name of the PDU."),
        _name("card", "PDU card."),
        _name("ups", "UPS that supplies it."),
    ),
    ("name",),
    may_be_empty=True,
)
MOVE_COSTS = TableSpec(
    "move_costs",
    "What a move costs besides the workload's own move cost; pairs without a row cost nothing.",
    (
        _name("source", "Host or move class that the workload leaves."),
        _name("target", "Host or move class that it goes to."),
        Column("cost", "number", "Cost of one move in the site's currency.", minimum=0),
    ),
    ("source", "target"),
    may_be_empty=True,
)
WEATHER = TableSpec(
    "weather",
    "Outdoor air by the hour.",
    (
        _TIME,
        Column("dry_bulb_c", "number", "Dry-bulb temperature.", "°C", minimum=-90, maximum=60),
        Column("wet_bulb_c", "number", "Wet-bulb temperature.", "°C", minimum=-90, maximum=60),
    ),
    ("time",),
)
PRICES = TableSpec(
    "prices",
    "Energy price.",
    (_TIME, Column("price_per_kwh", "number", "Price; may be negative.", "currency/kWh")),
    ("time",),
)
CARBON = TableSpec(
    "carbon",
    "Grid carbon intensity.",
    (_TIME, Column("carbon_g_per_kwh", "number", "Carbon intensity.", "gCO2e/kWh", minimum=0)),
    ("time",),
)

TABLES: dict[str, TableSpec] = {
    table.name: table
    for table in (
        HOSTS, RACKS, SERVICES, WORKLOADS, PLACEMENT, DEMAND, PDUS, MOVE_COSTS, WEATHER, PRICES,
        CARBON,
    )
}  # fmt: skip
