"""Reads the files of one site in order and collects every mistake on the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pandas as pd

from optimiser.errors import InputError, Problem
from optimiser.library import table_checks as checks
from optimiser.library.documents import read_located
from optimiser.library.files import read_text
from optimiser.library.policy_checks import Known, check_policies
from optimiser.library.references import DocumentCheck, names_in, refer_column
from optimiser.library.replicas import check_replicas
from optimiser.library.shelf import Shelf
from optimiser.library.site_checks import check_site
from optimiser.library.tables import Table, scan_table
from optimiser.library.weather import parse_epw
from optimiser.schema.equipment import ServerCard
from optimiser.schema.site import Site
from optimiser.schema.tables import CARBON, PRICES, TABLES, WEATHER, TableSpec

_SERIES = {
    "weather": WEATHER,
    "price_per_kwh": PRICES,
    "carbon_g_per_kwh": CARBON,
}


@dataclass
class Reading:
    """One site while it is read: what is known so far and what is wrong with it."""

    folder: Path
    site: Site
    check: DocumentCheck
    shelf: Shelf
    files: dict[str, str]
    tables: dict[str, Table] = field(default_factory=dict)
    series: dict[str, pd.DataFrame] = field(default_factory=dict)
    series_tables: list[Table] = field(default_factory=list)
    unreadable: list[Problem] = field(default_factory=list)
    defaults: list[str] = field(default_factory=list)
    hosts: pd.DataFrame | None = None
    units: pd.DataFrame | None = None
    pdus: pd.DataFrame = field(default_factory=pd.DataFrame)
    servers: dict[str, ServerCard] = field(default_factory=dict)

    @classmethod
    def of(cls, site_file: Path) -> Reading:
        """Start with ``site.yaml``. Raises ``InputError`` when its fields are wrong."""
        site, marks, source = read_located(site_file, Site)
        check = DocumentCheck(str(site_file), marks)
        files = {site_file.name: source.sha256}
        return cls(site_file.parent, site, check, Shelf(site.equipment), files)

    def read(self) -> None:
        """Read all files and check them; mistakes are kept, not raised."""
        check_site(self.check, self.site, self.shelf)
        for name in ("hosts", "racks", "services", "workloads", "placement", "demand", "pdus",
                     "move_costs"):  # fmt: skip
            self._read_table(name)
        for name, spec in _SERIES.items():
            source = getattr(self.site.environment, name)
            if isinstance(source, str):
                self._read_series(name, source, spec)
        self._gather_pdus()
        self._check_racks_and_hosts()
        self._check_load()
        if self.can_check_policies:
            check_policies(self.check, self.site.policies, self.known)

    @property
    def can_check_policies(self) -> bool:
        """Whether all that policies refer to could be read."""
        needed = {"hosts", "racks", "workloads"}
        needed |= {"services"} if self.site.tables.services is not None else set()
        return needed <= set(self.tables) and self.units is not None

    def problems(self) -> list[Problem]:
        """Return every mistake found, file by file."""
        tables = [*self.tables.values(), *self.series_tables]
        found = [problem for table in tables for problem in table.problems]
        return [*self.check.problems, *self.unreadable, *found]

    def frame(self, name: str) -> pd.DataFrame:
        """Return a table as it was read."""
        return self.tables[name].frame

    def optional_frame(self, name: str) -> pd.DataFrame | None:
        """Return a table as it was read, ``None`` when the site has none."""
        return self.frame(name) if name in self.tables else None

    def _read_table(self, name: str) -> None:
        file = getattr(self.site.tables, name)
        if file is None:
            return
        path = self.folder / file
        by_default = name not in self.site.tables.model_fields_set
        if name == "placement" and by_default and not path.exists():
            self.defaults.append(f"no {file}: no workload runs anywhere yet")
            return
        table = self._scan(path, TABLES[name].with_resources(self.site.resources), name)
        if table is None:
            return
        if table.is_whole:
            self.tables[name] = table
        else:  # what refers to it cannot be checked
            self.unreadable += table.problems

    def _scan(self, path: Path, spec: TableSpec, field_name: str) -> Table | None:
        try:
            table = scan_table(path, spec)
        except InputError as error:
            self._keep_unreadable(path, error, ("tables", field_name))
            return None
        self.files[_shown(path, self.folder)] = table.sha256
        self.defaults += table.defaults_used
        return table

    def _keep_unreadable(self, path: Path, error: InputError, where: tuple[str, str]) -> None:
        if path.exists() and not path.is_dir():
            self.unreadable += error.problems
            return
        what = "is a folder, not a file" if path.is_dir() else "the file does not exist"
        self.check.add(where, what, str(path), None, error.problems[0].remedy)

    def _read_series(self, name: str, source: str, spec: TableSpec) -> None:
        path = self.folder / source
        if path.suffix.lower() == ".epw":
            try:
                file = read_text(path)
                self.series[name] = parse_epw(file)
                self.files[_shown(path, self.folder)] = file.sha256
            except InputError as error:
                self._keep_unreadable(path, error, ("environment", name))
            return
        try:
            table = scan_table(path, spec)
        except InputError as error:
            self._keep_unreadable(path, error, ("environment", name))
            return
        self.files[_shown(path, self.folder)] = table.sha256
        self.series_tables.append(table)
        self.series[name] = table.frame
        if name == "weather":
            checks.check_weather(table)

    def _gather_pdus(self) -> None:
        """List the PDUs of ``site.yaml`` and of the table together."""
        power = self.site.power
        inline = [pdu.model_dump() for pdu in power.pdus] if power is not None else []
        self.pdus = pd.DataFrame(inline, columns=["name", "card", "ups"]).astype("str")
        if "pdus" not in self.tables:
            return
        table = self.tables["pdus"]
        units = [unit.name for unit in power.ups] if power is not None else []
        refer_column(table, "ups", units, "UPS")
        checks.check_cards(table, "pdu", self.shelf)
        both = table.frame["name"].isin(self.pdus["name"])
        names = table.frame["name"].to_numpy(dtype=object)
        table.findings.add("name", "is in site.yaml already", both.to_numpy().nonzero()[0], names)
        self.pdus = pd.concat([self.pdus, table.frame], ignore_index=True)

    def _check_racks_and_hosts(self) -> None:
        racks, hosts = self.tables.get("racks"), self.tables.get("hosts")
        if racks is not None:
            checks.check_racks(racks, self.site, names_in(self.pdus["name"]))
        if hosts is None:
            return
        if racks is not None:
            refer_column(hosts, "rack", names_in(racks.frame["name"]), "rack")
        checks.check_cards(hosts, "server", self.shelf)
        self.servers = checks.server_cards(hosts, self.shelf)
        if "move_costs" in self.tables:
            checks.check_move_costs(self.tables["move_costs"], hosts.frame)
        resources = self.site.resources
        self.hosts, filled = checks.fill_capacity(hosts, resources, self.servers)
        self.defaults += filled
        for resource in resources:
            if resource.device_size is not None:
                checks.check_devices(hosts, self.hosts, resource, self.servers)

    def _check_load(self) -> None:
        workloads, services = self.tables.get("workloads"), self.tables.get("services")
        demand, placement = self.tables.get("demand"), self.tables.get("placement")
        if services is not None:
            classes = [sla.name for sla in self.site.sla_classes]
            refer_column(services, "sla_class", classes, "SLA class")
            checks.check_needs(services)
        if demand is not None and not demand.problems:
            checks.check_profiles(demand)
        if workloads is None:
            return
        named = self.site.tables.demand is not None
        profiles = names_in(demand.frame["profile"]) if demand is not None else None
        if demand is not None or not named:  # an unreadable table is reported once
            named_services = None if services is None else names_in(services.frame["name"])
            checks.check_workloads(workloads, self.site.resources, named_services, profiles)
        self.units = check_replicas(workloads)
        if placement is not None and self.hosts is not None:
            checks.check_placement(placement, self.units, workloads.frame, self.hosts)

    def _tenants(self) -> set[str]:
        """Return the tenants that the services table names."""
        if "services" not in self.tables or "tenant" not in self.frame("services"):
            return set()
        return names_in(self.frame("services")["tenant"].fillna("")) - {""}

    @cached_property
    def known(self) -> Known:
        """The names that policies may refer to, once all tables are read."""
        site, empty = self.site, pd.DataFrame({"name": [], "row": [], "labels": [], "service": []})
        racks = self.frame("racks") if "racks" in self.tables else empty
        work = self.frame("workloads") if "workloads" in self.tables else empty
        hosts = self.hosts if self.hosts is not None else empty
        units = names_in(self.units["name"]) if self.units is not None else set()
        services = self.frame("services")["name"] if "services" in self.tables else work["service"]
        return Known(
            resources=[resource.name for resource in site.resources],
            sla_classes=[sla.name for sla in site.sla_classes],
            zones=[zone.name for zone in site.cooling.zones] if site.cooling else [],
            cards=set(self.servers),
            hosts=names_in(hosts["name"]),
            racks=names_in(racks["name"]),
            rows=names_in(racks["row"]) - {""},
            services=names_in(services),
            tenants=self._tenants(),
            workloads=names_in(work["name"]) | units,
            host_labels=checks.collect_labels(hosts, checks.card_labels(self.servers.values())),
            workload_labels=checks.collect_labels(work),
        )


def _shown(path: Path, folder: Path) -> str:
    """Return a path relative to the site's folder where it lies inside it."""
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path)
