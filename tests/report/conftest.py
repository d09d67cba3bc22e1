"""A seeded, consistent report: 600 hosts in 30 racks, one day by the hour, 900 moves."""

from __future__ import annotations

import numpy as np
import pytest

from optimiser.report import payload as p

RACKS, HOURS, MOVES, WAVES, SERVICES = 30, 24, 900, 9, 150
HOSTS_PER_RACK = 20
SLA_CLASSES = ("gold", "silver", "bronze")
REASONS = (
    "empties its host, which can then sleep",
    "leaves a host of an older, less efficient generation",
    "makes room for a larger workload on the way to its target",
    "cools rack R{rack:02d}, which is close to its inlet limit",
)


def _floats(values: np.ndarray) -> tuple[float, ...]:
    return tuple(float(value) for value in values)


def _rack_state(rng: np.random.Generator, hosts_on: int, load: float, zone: int) -> p.RackState:
    peak = 0.12 * hosts_on + 0.25 * hosts_on * load + 0.1 + rng.uniform(0, 0.2)
    return p.RackState(
        mean_power_kw=0.83 * peak,
        peak_power_kw=peak,
        peak_inlet_c=21.0 + zone + 0.55 * peak + rng.uniform(0, 0.8),
        load_fraction=load,
        hosts_on=hosts_on,
    )


def _racks(rng: np.random.Generator) -> tuple[p.Rack, ...]:
    sleeping = set(rng.choice(RACKS, size=9, replace=False).tolist())
    racks = []
    for index in range(RACKS):
        zone = index // (RACKS // 2)
        before = int(rng.integers(17, HOSTS_PER_RACK + 1))
        after = 0 if index in sleeping else int(rng.integers(9, 18))
        load = float(rng.uniform(0.18, 0.45))
        racks.append(
            p.Rack(
                name=f"R{index + 1:02d}",
                row=index // 10 + 1,
                zone=f"zone-{'AB'[zone]}",
                position=index % 10,
                hosts_total=HOSTS_PER_RACK,
                power_limit_kw=9.0,
                inlet_limit_c=27.0,
                before=_rack_state(rng, before, load, zone),
                after=_rack_state(rng, after, 0.0 if after == 0 else load * 1.35, zone),
            )
        )
    return tuple(racks)


def _power(rng: np.random.Generator, it_mean_kw: float, overhead: float) -> p.PowerSeries:
    hour = np.arange(HOURS)
    swing = 1 + 0.16 * np.sin((hour - 8) / 24 * 2 * np.pi) + rng.normal(0, 0.01, HOURS)
    it = it_mean_kw * swing
    losses = 0.03 * it_mean_kw + 0.055 * it
    cooling = it * overhead * (1 + 0.25 * np.sin((hour - 9) / 24 * 2 * np.pi))
    return p.PowerSeries(
        it_kw=_floats(it),
        losses_kw=_floats(losses),
        cooling_kw=_floats(cooling),
        total_kw=_floats(it + losses + cooling),
    )


def _series(rng: np.random.Generator, it_kw: tuple[float, float]) -> p.Series:
    hour = np.arange(HOURS)
    bell = np.exp(-(((hour - 18.5) / 2.6) ** 2)) + 0.6 * np.exp(-(((hour - 8) / 2.2) ** 2))
    air = 17 + 7 * np.sin((hour - 9) / 24 * 2 * np.pi)
    return p.Series(
        time=tuple(f"2026-06-15T{h:02d}:00" for h in hour),
        before=_power(rng, it_kw[0], 0.36),
        after=_power(rng, it_kw[1], 0.33),
        price_per_kwh=_floats(0.09 + 0.13 * bell),
        carbon_g_per_kwh=_floats(250 + 140 * bell),
        dry_bulb_c=_floats(air),
        wet_bulb_c=_floats(air - 3.5 - 0.12 * (air - 10)),
    )


def _totals(series: p.Series, state: p.PowerSeries, hosts_on: int, broken: int) -> p.Totals:
    total, it = np.array(state.total_kw), np.array(state.it_kw)
    water_m3 = 0.0009 * total.sum()
    return p.Totals(
        energy_kwh=float(total.sum()),
        it_kwh=float(it.sum()),
        cost=float(total @ np.array(series.price_per_kwh)),
        co2e_kg=float(total @ np.array(series.carbon_g_per_kwh)) / 1000,
        water_m3=float(water_m3),
        pue=float(total.sum() / it.sum()),
        wue_l_per_kwh=float(water_m3 * 1000 / it.sum()),
        peak_kw=float(total.max()),
        hosts_on=hosts_on,
        sla_violation_count=broken,
        sla_violations=tuple(
            f"service svc-{7 * i + 3:03d} (gold) has both replicas in rack R{i + 4:02d}"
            for i in range(min(broken, 5))
        ),
    )


def _moves(rng: np.random.Generator) -> tuple[p.Move, ...]:
    waves = np.sort(rng.integers(0, WAVES, MOVES)) + 1
    memory = np.round(2.0 ** rng.integers(1, 7, MOVES), 1)
    saved = rng.gamma(2.0, 260.0, MOVES) - 90
    moves = []
    for i in range(MOVES):
        service, rack = int(rng.integers(0, SERVICES)), int(rng.integers(1, RACKS + 1))
        moves.append(
            p.Move(
                wave=int(waves[i]),
                order=i + 1,
                workload=f"svc-{service:03d}-{i % 40}-{i}",
                service=f"svc-{service:03d}",
                source=f"host-{rack:02d}-{int(rng.integers(1, 21)):02d}",
                target=f"host-{int(rng.integers(1, 31)):02d}-{int(rng.integers(1, 21)):02d}",
                memory_gib=float(memory[i]),
                seconds=float(memory[i] * 8.6),
                reason=REASONS[int(rng.integers(0, len(REASONS)))].format(rack=rack),
                saved_kwh_per_year=float(saved[i]),
                payback_days=float(4000 / saved[i]) if saved[i] > 20 else None,
            )
        )
    return tuple(moves)


def _waves(moves: tuple[p.Move, ...]) -> tuple[p.Wave, ...]:
    by_wave = {w: [m for m in moves if m.wave == w] for w in range(1, WAVES + 1)}
    return tuple(
        p.Wave(
            wave=wave,
            moves=len(steps),
            bounces=3 if wave == 4 else 0,
            memory_gib=sum(m.memory_gib for m in steps),
            seconds=sum(m.seconds or 0 for m in steps) / 6,
        )
        for wave, steps in by_wave.items()
    )


def _services(rng: np.random.Generator, moves: tuple[p.Move, ...]) -> tuple[p.ServiceSummary, ...]:
    moved = {f"svc-{i:03d}": 0 for i in range(SERVICES)}
    for move in moves:
        moved[move.service] += 1
    return tuple(
        p.ServiceSummary(
            service=name,
            sla_class=SLA_CLASSES[i % 3],
            workloads=count + int(rng.integers(8, 30)),
            moved=count,
            racks_before=int(rng.integers(6, 20)),
            racks_after=int(rng.integers(3, 12)),
        )
        for i, (name, count) in enumerate(moved.items())
    )


def _frontier(before: float, after: float) -> tuple[p.FrontierPoint, ...]:
    points = []
    for most in (0, 25, 50, 100, 200, 400, 650, MOVES):
        share = 1 - (1 - most / MOVES) ** 3.2
        objective = before - share * (before - after)
        bound = None if most == 0 else objective - 0.012 * after
        points.append(
            p.FrontierPoint(
                max_moves=most,
                moves=most,
                objective=objective,
                saving_fraction_of_full=share,
                bound=bound,
            )
        )
    return tuple(points)


def _proof(value: float) -> p.Proof:
    return p.Proof(
        value=value,
        bound=value * 0.987,
        gap_fraction=0.013,
        level="bound-checked",
        sentence="Column generation over host patterns gave the bound; the plan was replayed in "
        "integers against every rule, after each of its moves.",
        checks=tuple(
            p.Check(rule=rule, count=count)
            for rule, count in (
                ("assign", 4000),
                ("capacity", 57_600),
                ("rack_power_limit", 720),
                ("redundant_feed", 144),
                ("inlet_temperature", 720),
                ("spread", 150),
            )
        ),
        phases=tuple(
            p.Phase(phase=phase, seconds=seconds)
            for phase, seconds in (
                ("read", 0.9),
                ("twin", 0.4),
                ("start", 0.8),
                ("bound", 21.4),
                ("improve", 32.7),
                ("verify", 0.3),
                ("simulate", 0.5),
            )
        ),
        solver="HiGHS 1.15.1",
        versions={"dc-optimiser": "0.1.0", "pyomo": "6.10.1", "python": "3.11.7"},
        seed=1,
        inputs=tuple(
            p.InputFile(file=file, sha256=f"{i:02x}" * 32)
            for i, file in enumerate(("site.yaml", "hosts.csv", "workloads.csv", "demand.csv"), 161)
        ),
    )


def _binding() -> tuple[p.BindingRule, ...]:
    return (
        p.BindingRule(
            rule="rack_power_limit",
            sentence="Rack R12 is full at 19:00: one more kW there would let two more hosts sleep.",
            price=31.4,
            price_unit="EUR/year per kW",
            method="dual",
        ),
        p.BindingRule(
            rule="spread",
            sentence="Gold services must use at least 3 racks; this keeps 11 hosts awake.",
            price=1_912.0,
            price_unit="EUR/year",
            method="re-solve",
        ),
        p.BindingRule(rule="redundant_feed", sentence="Feed A alone must carry the whole site."),
    )


def _terms(before: p.Totals, after: p.Totals) -> tuple[p.Term, ...]:
    return (
        p.Term(
            term="energy cost",
            before=before.cost,
            believed=after.cost * 0.994,
            simulated=after.cost,
            unit="EUR",
        ),
        p.Term(
            term="carbon",
            before=before.co2e_kg * 0.09,
            believed=after.co2e_kg * 0.0893,
            simulated=after.co2e_kg * 0.09,
            unit="EUR",
        ),
        p.Term(term="migration", believed=18.5, simulated=18.5, unit="EUR"),
    )


def _bottlenecks() -> tuple[p.Bottleneck, ...]:
    rows = (
        ("rack power", "R12", 8.96, 9.0, "kW"),
        ("inlet temperature", "R27", 26.4, 27.0, "°C"),
        ("UPS with one feed lost", "UPS-A1", 188.0, 240.0, "kW"),
        ("memory", "awake hosts", 71_400.0, 98_000.0, "GiB"),
    )
    return tuple(
        p.Bottleneck(kind=k, where=w, used=u, limit=m, unit=unit) for k, w, u, m, unit in rows
    )


def make_report_data(seed: int = 7) -> p.ReportData:
    """Make a report whose parts agree with each other, from one seed."""
    rng = np.random.default_rng(seed)
    racks = _racks(rng)
    it_kw = tuple(
        sum(getattr(rack, side).mean_power_kw for rack in racks) for side in ("before", "after")
    )
    series, moves = _series(rng, it_kw), _moves(rng)
    hosts_on = [sum(getattr(r, side).hosts_on for r in racks) for side in ("before", "after")]
    before = _totals(series, series.before, hosts_on[0], 12)
    after = _totals(series, series.after, hosts_on[1], 0)
    return p.ReportData(
        site="Demo Helsinki 1",
        study="weekday-consolidation",
        created="2026-06-14T21:40:05+03:00",
        currency="EUR",
        horizon_h=24,
        hosts_total=RACKS * HOSTS_PER_RACK,
        before=before,
        after=after,
        racks=racks,
        series=series,
        services=_services(rng, moves),
        moves=moves,
        waves=_waves(moves),
        prefixes_checked=True,
        frontier=_frontier(before.cost, after.cost),
        binding=_binding(),
        rule_prices=(
            p.RulePrice(
                rule="cpu-reserve",
                kind="headroom",
                kwh_per_year=5444.0,
                cost_per_year=1062.0,
                co2e_kg_per_year=1711.0,
            ),
            p.RulePrice(
                rule="replicas-apart",
                kind="anti_affinity",
                kwh_per_year=0.0,
                cost_per_year=0.0,
                co2e_kg_per_year=0.0,
            ),
        ),
        terms=_terms(before, after),
        proof=_proof(after.cost),
        bottlenecks=_bottlenecks(),
        settings=(
            p.Setting(setting="supply air, zone-A", before=18.0, after=21.5, unit="°C"),
            p.Setting(setting="supply air, zone-B", before=18.0, after=20.0, unit="°C"),
            p.Setting(setting="chilled water", before=7.0, after=11.0, unit="°C"),
        ),
        notes=(
            "37 of 600 hosts name no power curve of their own; the card of their model was used.",
            "No price of water was given; water is counted but not priced.",
        ),
    )


@pytest.fixture(scope="session")
def report_data() -> p.ReportData:
    """The report of the demo-like site."""
    return make_report_data()


@pytest.fixture(scope="session")
def bare_data() -> p.ReportData:
    """The report of a site with no power chain, cooling, tariff, series or moves."""
    totals = p.Totals(energy_kwh=120.0, it_kwh=120.0, peak_kw=6.0, hosts_on=40)
    return p.ReportData(
        site="tiny",
        study="default",
        created="2026-06-14T21:40:05+03:00",
        currency="EUR",
        horizon_h=24,
        hosts_total=40,
        before=totals,
        after=totals,
        proof=p.Proof(value=120.0, level="verified-feasible"),
    )
