"""Tables that a reporting document may name: instruments, assets, services."""

from __future__ import annotations

from optimiser.schema.tables import Column, TableSpec


def _number(
    name: str,
    description: str,
    unit: str = "",
    *,
    required: bool = False,
    minimum: float | None = 0,
    maximum: float | None = None,
) -> Column:
    return Column(
        name, "number", description, unit,
        required=required, default=None, minimum=minimum, maximum=maximum,
    )  # fmt: skip


def _text(name: str, description: str, *, required: bool = False) -> Column:
    return Column(name, "text", description, required=required)


def _date(name: str, description: str, *, required: bool = False) -> Column:
    return Column(name, "date", description, required=required)


def _flag(name: str, description: str, default: str = "no") -> Column:
    return Column(name, "choice", description, required=False, default=default,
                  choices=("yes", "no"))  # fmt: skip


INSTRUMENTS = TableSpec(
    "instruments",
    "The ledger of energy attribute certificates and contracts: one row per lot.",
    (
        Column("instrument", "name", "Name of the lot, such as its first serial number."),
        Column(
            "kind",
            "choice",
            "Guarantee of origin or other certificate, power purchase agreement, supplier tariff "
            "with its own factor, or on-site attributes.",
            choices=("go", "rec", "irec", "ppa", "supplier", "onsite"),
        ),
        _text("serial_from", "First serial number of the lot."),
        _text("serial_to", "Last serial number of the lot."),
        _number("mwh", "Energy of the lot.", "MWh", required=True),
        Column("zone", "name", "Bidding zone or market in which it was issued."),
        Column(
            "technology",
            "choice",
            "Source of the energy; nuclear is carbon-free and not renewable.",
            choices=("solar", "wind", "hydro", "biomass", "geothermal", "nuclear", "other"),
        ),
        _date("vintage_from", "First day of generation.", required=True),
        _date("vintage_to", "Last day of generation.", required=True),
        _date("cancelled", "Day of cancellation for the use of this site; not cancelled if empty."),
        _text("beneficiary", "For whom it was cancelled."),
        _number("factor_kgco2e_per_kwh", "Emission factor it conveys.", "kgCO2e/kWh"),
        _flag("from_ppa", "Whether the certificate arises from a PPA or on-site plant listed too."),
        _text("note", "Remark."),
    ),
    ("instrument",),
    may_be_empty=True,
)
ASSETS = TableSpec(
    "assets",
    "Embodied carbon: one row per asset or group of equal assets.",
    (
        Column("asset", "name", "Name of the asset."),
        _text("kind", "Kind, such as server, rack, battery, chiller, building.", required=True),
        Column(
            "card", "name", "Card of embodied carbon; not needed with own figures.", required=False
        ),
        Column("count", "integer", "Number of equal assets.", required=False, default=1, minimum=1),
        _number("low_kgco2e", "Embodied carbon of one, low.", "kgCO2e"),
        _number("mid_kgco2e", "Embodied carbon of one, best estimate.", "kgCO2e"),
        _number("high_kgco2e", "Embodied carbon of one, high.", "kgCO2e"),
        Column(
            "tier",
            "choice",
            "Source: supplier declaration, maker's study, bottom-up estimate or spend.",
            required=False,
            choices=("epd", "vendor_lca", "bottom_up", "spend"),
        ),
        _text("source", "Document the figures come from."),
        _date("acquired", "Day of acquisition.", required=True),
        _number("lifetime_years", "Expected life.", "a", maximum=100),
        _date("retired", "Day of retirement."),
    ),
    ("asset",),
    may_be_empty=True,
)
SERVICES_SCI = TableSpec(
    "services",
    "Software carbon intensity: one row per service and functional unit.",
    (
        Column("service", "name", "Name of the service."),
        _text("unit", "Functional unit, such as 'request'.", required=True),
        _number("units", "Functional units in the period.", required=True),
        _number(
            "unit_scale",
            "Units per printed value, such as 1000 for 'per 1000 requests'.",
            minimum=1,
        ),
        _number(
            "it_kwh", "IT energy of the service in the period, reserve and idle included.", "kWh"
        ),
        _number(
            "it_share_fraction",
            "Share of the site's IT energy, where it_kwh is not known.",
            maximum=1,
        ),
        _number("embodied_kgco2e", "Embodied carbon of all servers that it uses.", "kgCO2e"),
        _number("lifetime_years", "Expected life of those servers.", "a", maximum=100),
        _number("reserved_h", "Hours reserved in the period; all of it when empty.", "h"),
        _number("resources_reserved", "Resources reserved, such as vCPU."),
        _number("resources_total", "Resources of those servers in the same unit."),
        _text("boundary", "What is included."),
    ),
    ("service", "unit"),
    may_be_empty=True,
)
REPORTING_TABLES: dict[str, TableSpec] = {
    table.name: table for table in (INSTRUMENTS, ASSETS, SERVICES_SCI)
}
