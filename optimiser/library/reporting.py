"""``reporting.yaml`` with all that it names, checked as a whole.

Meter files are read too when they are small; of large ones only layout and columns are checked, and
their values with each report.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from optimiser.errors import InputError, Problem, UsageError, raise_all
from optimiser.library.capacity_checks import demand_rules, resource_rules
from optimiser.library.documents import read_located
from optimiser.library.embodied import load_embodied
from optimiser.library.factors import load_factors
from optimiser.library.files import missing_file
from optimiser.library.meters.register import Register, read_register
from optimiser.library.references import DocumentCheck, refer_column
from optimiser.library.rulesets import load_rulesets
from optimiser.library.tables import Table, scan_table
from optimiser.schema.capacity import CAPACITY_TABLES
from optimiser.schema.disclosed import REPORTING_TABLES
from optimiser.schema.period import check_zone, parse_period
from optimiser.schema.reporting import Reporting
from optimiser.schema.tables import TableSpec

REPORTING_FILE = "reporting.yaml"
OWN_FACTORS, OWN_RULESETS = "factors.yaml", "rulesets"
_FACTORS = ("grid_location", "residual_mix", "supplier", "fuel", "district", "water", "upstream")


@dataclass(frozen=True)
class ReportingInput:
    """A reporting document with its ledgers and meter register, checked.

    ``tables`` are frames by name (``instruments``, ``assets``, ``services``), ``files`` the SHA-256
    of what was read, ``defaults_used`` what was filled in; ``zone`` is that of the calendar.
    """

    folder: Path
    document: Reporting
    zone: str
    register: Register | None
    tables: dict[str, pd.DataFrame]
    files: dict[str, str]
    defaults_used: tuple[str, ...]


def read_reporting(folder: Path, site_zone: str) -> ReportingInput:
    """Read ``reporting.yaml`` of a site's folder.

    Raises ``InputError`` with every mistake of the document, or when its fields are in order with
    every mistake of what it names.
    """
    path = folder / REPORTING_FILE
    document, marks, source = read_located(path, Reporting)
    zone = document.time_zone or site_zone
    reading = _Reading(folder, document, DocumentCheck(str(path), marks), zone)
    reading.files[REPORTING_FILE] = source.sha256
    reading.read()
    raise_all([*reading.check.problems, *reading.problems])
    return ReportingInput(
        folder, document, zone, reading.register,
        {name: table.frame for name, table in reading.tables.items()},
        dict(sorted(reading.files.items())), tuple(reading.defaults),
    )  # fmt: skip


@dataclass
class _Reading:
    """One document while it is checked."""

    folder: Path
    document: Reporting
    check: DocumentCheck
    zone: str
    register: Register | None = None
    tables: dict[str, Table] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    defaults: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def read(self) -> None:
        """Read and check everything; mistakes are kept."""
        self._check_fields()
        self._check_names()
        for name, spec in REPORTING_TABLES.items():
            self._read_table((name,), getattr(self.document, name), spec)
        if self.document.capacity is not None:
            for name, spec in CAPACITY_TABLES.items():
                self._read_table(("capacity", name), getattr(self.document.capacity, name), spec)
        self._check_tables()
        self._check_capacity()
        if self.document.meters is not None:
            self._read_meters(self.document.meters.table)

    def _check_fields(self) -> None:
        if self._is_zone(self.zone):
            self._check_savings()
        facility = self.document.facility
        rooms, floor = facility.computer_room_area_m2, facility.total_area_m2
        if rooms is not None and floor is not None and rooms > floor:
            expected = f"at most the floor area of {floor:g} m²"
            self.check.add(
                ("facility", "computer_room_area_m2"), "is larger than the whole", rooms, expected
            )

    def _is_zone(self, zone: str) -> bool:
        try:
            check_zone(zone)
        except UsageError as error:
            self.check.add(("time_zone",), error.message, zone, None, error.remedy)
            return False
        return True

    def _check_savings(self) -> None:
        savings = self.document.savings
        if savings is None:
            return
        try:
            parse_period(savings.baseline, self.zone)
        except UsageError as error:
            self.check.add(("savings", "baseline"), error.message, None, None, error.remedy)
        if savings.baseline_site is not None:
            site = self.folder / savings.baseline_site / "site.yaml"
            if not site.is_file():
                what = "there is no site in this folder"
                self.check.add(
                    ("savings", "baseline_site"), what, savings.baseline_site, f"the file {site}",
                    "keep a copy of the site as it was in the baseline",
                )  # fmt: skip
        for number, event in enumerate(savings.adjustments):
            if event.end is not None and event.end < event.start:
                place = ("savings", "adjustments", number, "end")
                self.check.add(place, "is before the start", event.end, f"after {event.start}")

    def _check_names(self) -> None:
        """Check rulesets, exemptions and factors against the library and the site's own."""
        rulesets = self._known(lambda: load_rulesets(self.folder / OWN_RULESETS))
        for number, name in enumerate(self.document.rulesets):
            self.check.refer(("rulesets", number), name, rulesets, "ruleset")
        rules = {rule.id for ruleset in rulesets.values() for rule in ruleset.rules}
        for number, exemption in enumerate(self.document.exemptions):
            self.check.refer(("exemptions", number, "rule"), exemption.rule, rules, "rule")
        factors = self._known(lambda: load_factors(self.folder / OWN_FACTORS))
        for use in _FACTORS:
            name = getattr(self.document.factors, use)
            self.check.refer(("factors", use), name, factors, "factor")
        for use, name in self.document.factors.extra.items():
            self.check.refer(("factors", "extra", use), name, factors, "factor")

    def _known(self, load: Any) -> dict[str, Any]:
        try:
            return dict(load())
        except InputError as error:
            self.problems += error.problems
            return {}

    def _read_table(self, place: tuple[str, ...], file: str | None, spec: TableSpec) -> None:
        if file is None:
            return
        path = self.folder / file
        if not path.is_file():
            what, remedy = "the file does not exist", missing_file(path).remedy
            self.check.add(place, what, str(path), None, remedy)
            return
        try:
            table = scan_table(path, spec)
        except InputError as error:
            self.problems += error.problems
            return
        self.files[file] = table.sha256
        self.defaults += table.defaults_used
        if table.problems:
            self.problems += table.problems
        else:
            self.tables[spec.name] = table

    def _check_tables(self) -> None:
        known = len(self.problems)
        for name, table in self.tables.items():
            for column, wrong, what, remedy in _RULES[name](table.frame):
                rows = np.flatnonzero(np.asarray(wrong, dtype=bool))
                values = table.frame[column].to_numpy()
                table.findings.add(column, what, rows, values, remedy=remedy)
        if "assets" in self.tables:
            refer_column(self.tables["assets"], "card", load_embodied(), "card of embodied carbon")
        if "capacity_demand" in self.tables:
            self._refer_demand(self.tables["capacity_demand"])
        self.problems[known:] = [p for table in self.tables.values() for p in table.problems]

    def _refer_demand(self, demand: Table) -> None:
        """Demand is that of a resource of the other table."""
        known = self.tables.get("capacity_resources")
        planning = self.document.capacity
        if known is not None:
            refer_column(demand, "resource", set(known.frame["resource"]), "resource")
        elif planning is not None and planning.resources is None:
            what, remedy = "there is demand but no table of resources", "write capacity.resources"
            self.check.add(("capacity", "demand"), what, planning.demand, None, remedy)

    def _check_capacity(self) -> None:
        """Classes without object have no rows, and options change resources that are told."""
        planning = self.document.capacity
        table = self.tables.get("capacity_resources")
        if planning is None or table is None:
            return
        for group in planning.not_applicable:
            if group in set(table.frame["resource_class"]):
                what = "the table of resources has rows of this class"
                self.check.add(("capacity", "not_applicable", group), what, None, None,
                               "leave one of them out")  # fmt: skip
        names = set(table.frame["resource"])
        for number, option in enumerate(planning.options):
            if option.resource is not None:
                place = ("capacity", "options", number, "resource")
                self.check.refer(place, option.resource, names, "resource")

    def _read_meters(self, file: str) -> None:
        meters = self.document.meters
        assert meters is not None
        path = self.folder / file
        if not path.is_file():
            what, remedy = "the file does not exist", missing_file(path).remedy
            self.check.add(("meters", "table"), what, str(path), None, remedy)
            return
        register, problems = read_register(path, self.zone, meters.default_accuracy_percent)
        self.problems += problems
        if register is None:
            return
        self.register = register
        self.files[file] = register.table.sha256
        self.defaults += register.defaults_used
        if not problems:
            from optimiser.library.meters.read import check_files  # compiles; only with meters

            self.problems += check_files(register)


_Rule = tuple[str, Any, str, str]


def _instrument_rules(frame: pd.DataFrame) -> Iterator[_Rule]:
    yield (
        "vintage_to", frame["vintage_to"] < frame["vintage_from"],
        "is before vintage_from", "correct one of them",
    )  # fmt: skip
    bare = (frame["kind"] == "supplier") & frame["factor_kgco2e_per_kwh"].isna()
    yield (
        "factor_kgco2e_per_kwh", bare, "a tariff of a supplier needs its own factor",
        "write the factor that the supplier discloses",
    )  # fmt: skip


def _asset_rules(frame: pd.DataFrame) -> Iterator[_Rule]:
    low, mid, high = (frame[f"{part}_kgco2e"] for part in ("low", "mid", "high"))
    yield (
        "card", (frame["card"] == "") & mid.isna(), "neither a card nor a figure of its own",
        "name a card, or write mid_kgco2e",
    )  # fmt: skip
    yield "low_kgco2e", low > mid, "is above the best estimate", "correct one of them"
    yield "high_kgco2e", high < mid, "is below the best estimate", "correct one of them"
    early = (frame["retired"] != "") & (frame["retired"] < frame["acquired"])
    yield "retired", early, "is before the acquisition", "correct one of them"


def _service_rules(frame: pd.DataFrame) -> Iterator[_Rule]:
    yield (
        "units", frame["units"] <= 0, "is not positive",
        "write how many functional units there were; a service without any has no SCI",
    )  # fmt: skip
    yield (
        "it_kwh", frame["it_kwh"].isna() & frame["it_share_fraction"].isna(),
        "neither energy nor a share of it", "write it_kwh or it_share_fraction",
    )  # fmt: skip
    more = frame["resources_reserved"] > frame["resources_total"]
    what = "more is reserved than the servers have"
    yield "resources_reserved", more, what, "give the total of all servers that it uses"


_RULES = {
    "instruments": _instrument_rules, "assets": _asset_rules, "services": _service_rules,
    "capacity_resources": resource_rules, "capacity_demand": demand_rules,
}  # fmt: skip
