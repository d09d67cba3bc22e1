"""What the site uses today, by the full simulation."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from optimiser.analysis.bottlenecks import Bottleneck, bottlenecks
from optimiser.errors import CheckFailedError
from optimiser.report.text import horizon, number, quantity
from optimiser.schema.study import Horizon
from optimiser.workflow.inlets import finite, inlet_limits_of
from optimiser.workflow.judgement import Side, judge_today
from optimiser.workflow.loading import Loaded, load

METER_WORDS = {
    "it": "servers", "pdu_loss": "PDU losses", "ups_loss": "UPS losses",
    "transformer_loss": "transformer losses", "crah_fan": "air handler fans",
    "chiller": "chillers", "chilled_water_pump": "chilled-water pumps",
    "condenser_pump": "condenser pumps", "rejection_fan": "tower and dry cooler fans",
}  # fmt: skip


@dataclass(frozen=True)
class HotRack:
    """One rack at its warmest moment."""

    rack: str
    inlet_c: float
    limit_c: float | None
    peak_kw: float


@dataclass(frozen=True)
class SimulateResult:
    """The present of a site; ``summary`` as the twin's ``summary`` describes it."""

    site: str
    currency: str
    period: str
    summary: dict[str, Any]
    hottest: list[HotRack]
    bottlenecks: list[Bottleneck]
    broken: dict[str, int]
    violations: list[str]
    notes: list[str]

    def to_dict(self) -> dict[str, object]:
        """Return it as plain JSON types."""
        return dataclasses.asdict(self)

    def figures(self) -> list[tuple[str, str]]:
        """Return the main figures as (name, value with unit); what is not known is left out."""
        told = self.summary
        rows: list[tuple[str, float | None, str]] = [
            ("facility energy", told["facility_kwh"], "kWh"),
            ("IT energy", told["it_kwh"], "kWh"),
            ("PUE", told["pue"], ""),
            ("pPUE of the power chain", told["ppue_power"], ""),
            ("pPUE of cooling", told["ppue_cooling"], ""),
            ("WUE", told["wue_l_per_kwh"], "L/kWh"),
            ("water", told["water_l"] / 1e3 if told["wue_l_per_kwh"] is not None else None, "m3"),
            ("carbon", told["kgco2e"], "kg CO2e"),
            ("cost of energy and water", told["cost"], self.currency),
            ("peak power", told["peak_kw"], "kW"),
            ("mean power", told["mean_kw"], "kW"),
            ("warmest inlet", told["max_inlet_c"], "°C"),
        ]
        hosts = ("hosts on", f"{told['hosts_on']:,} of {told['hosts']:,}")
        named = [(name, _with_unit(value, unit)) for name, value, unit in rows if value is not None]
        return [*named, hosts]

    def meters(self) -> list[tuple[str, str, str]]:
        """Return energy by meter as (name, kWh, share)."""
        total = max(sum(self.summary["kwh"].values()), 1e-12)
        return [
            (METER_WORDS.get(name, name), f"{kwh:,.1f}", f"{kwh / total:.1%}")
            for name, kwh in self.summary["kwh"].items()
            if kwh > 0
        ]


def _with_unit(value: float, unit: str) -> str:
    return quantity(value, unit) if unit else f"{value:.3f}"


def simulate_site(
    path: Path, *, hours: float | None = None, from_new_year: bool = False
) -> SimulateResult:
    """Replay today's placement with the full model.

    ``hours`` replaces the length of the study's horizon, at hourly steps when it is longer than a
    week; ``from_new_year`` starts at the first of January. Raises ``InputError`` for a wrong site
    and ``CheckFailedError`` when no placement is known.
    """
    loaded = _loaded(path, hours, from_new_year)
    if not loaded.has_placement:
        raise CheckFailedError(
            "nothing is known to run today, so there is nothing to simulate",
            "give placement.csv, or make a plan first: dcopt plan",
        )
    today = judge_today(loaded.twin, loaded.rules)
    hard = {violation.rule for violation in today.verdict.violations}
    return SimulateResult(
        site=loaded.site_input.site.name,
        currency=loaded.site_input.site.currency,
        period=_period(loaded),
        summary=today.summary,
        hottest=_hottest(loaded, today),
        bottlenecks=list(bottlenecks(loaded.twin, loaded.rules, today.placement)),
        broken={rule: n for rule, n in today.verdict.broken.items() if rule in hard},
        violations=today.verdict.sentences(),
        notes=_notes(loaded, today),
    )


def _loaded(path: Path, hours: float | None, from_new_year: bool) -> Loaded:
    if hours is None:
        return load(path)
    study = load_study_horizon(path)
    start = study.start
    if from_new_year:
        start = datetime(start.year if start else 2026, 1, 1)
    step = 60 if hours > 168 else study.step_minutes
    return load(path, Horizon(start=start, hours=hours, step_minutes=step))


def load_study_horizon(path: Path) -> Horizon:
    """Return the horizon of the study at ``path``; the default one of a site without a study."""
    from optimiser.library.documents import read_document
    from optimiser.schema.study import Study

    file = path / "study.yaml" if path.is_dir() else path
    if path.name == "site.yaml":
        file = path.parent / "study.yaml"
    return read_document(file, Study).horizon if file.is_file() else Horizon()


def _period(loaded: Loaded) -> str:
    twin = loaded.twin
    zone = str(twin.attrs["time_zone"])
    first = pd.Timestamp(twin["time"].values[0], tz="UTC").tz_convert(zone)
    hours = float(twin["period_h"].values.sum())
    step = float(twin["period_h"].values[0]) * 60
    start = first.strftime("%Y-%m-%d %H:%M")
    return f"{horizon(hours)} from {start} ({zone}) in steps of {step:g} min"


def _hottest(loaded: Loaded, side: Side) -> list[HotRack]:
    replay, twin = side.simulation, loaded.twin
    if "inlet_c" not in replay:
        return []
    inlet = np.where(np.isnan(replay["inlet_c"].values), -np.inf, replay["inlet_c"].values)
    peak, limit = inlet.max(axis=1), inlet_limits_of(twin, loaded.rules)
    power_kw = replay["rack_power_w"].values.max(axis=1) / 1e3
    names = twin["rack"].values.astype(str)
    order = np.argsort(-peak, kind="stable")
    return [
        HotRack(names[i], float(peak[i]), finite(limit[i]), float(power_kw[i]))
        for i in order
        if np.isfinite(peak[i])
    ]


def _notes(loaded: Loaded, side: Side) -> list[str]:
    told = side.summary
    found = []
    for name, text in (
        ("extrapolated_h", "a cooling curve was held at the edge of its range for {} h"),
        ("cooling_overload_h", "the cooling was overloaded for {} h"),
        ("host_overload_h", "hosts were above their capacity for {} host-hours"),
    ):
        if told[name]:
            found.append(text.format(number(told[name])))
    if told["pue"] is None:
        found.append("no PUE: the site describes no cooling plant")
    num_waiting = int((loaded.twin["workload_host"].values < 0).sum())
    if num_waiting:
        found.append(f"{num_waiting:,} workloads run nowhere today and use nothing")
    defaults = loaded.defaults_used
    return [*found, f"{len(defaults)} defaults are used; dcopt check --json lists them"]
