"""From report data to what the page template and its scripts need."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from optimiser.report import charts, text
from optimiser.report.goals import (
    COLUMNS,
    TRADE_COLUMNS,
    goal_rows,
    trade_rows,
    trade_sentence,
)
from optimiser.report.payload import (
    BindingRule,
    FrontierPoint,
    Move,
    Rack,
    RackState,
    ReportData,
    Wave,
)
from optimiser.report.timeline import block_size

MOST_MOVES = 10_000
"""Moves that the page carries; the run folder's table has all of them."""
FIRST_CARDS = ("energy", "cost", "co2e", "water", "asleep", "hosts", "sla", "unserved", "peak")
_UNITS = {"energy", "cost", "co2e", "water", "peak", "it", "hosts"}
NEAR_LIMIT = 0.95


def page(data: ReportData) -> dict[str, Any]:
    """Everything the template reads beside the data themselves."""
    compared = text.comparisons(data)
    cards = [_card(c, data) for c in compared if c.key in FIRST_CARDS]
    return {
        "data": data,
        "text": text,
        "headline": text.headline(data),
        "sla_sentence": text.sla_sentence(data),
        "proof_sentence": text.proof_sentence(data),
        "unserved_sentence": text.unserved_sentence(data),
        "waiting": sorted(
            (s for s in data.unserved if s.after),
            key=lambda s: (-s.cost, -s.after, s.service),
        ),
        "cards": cards,
        "card_columns": _columns(len(cards) + 1),
        "details": [c for c in compared if c.key not in FIRST_CARDS],
        "pue_note": _pue_note(data),
        "rack_sentence": rack_sentence(data.racks),
        "way_sentence": way_sentence(data.waves),
        "frontier_sentence": frontier_sentence(data.frontier),
        "goal_rows": list(goal_rows(data.goals)),
        "goal_columns": COLUMNS,
        "trade_rows": list(trade_rows(data.trade_off, data.currency)),
        "trade_columns": TRADE_COLUMNS,
        "trade_sentence": trade_sentence(data.trade_off, data.currency),
        "binding": sorted(data.binding, key=_price_first),
        "bottlenecks": sorted(data.bottlenecks, key=lambda b: -b.fraction),
        "services": sorted(data.services, key=lambda s: (-s.moved, s.service)),
        "settings": [s for s in data.settings if s.before != s.after],
        "settings_kept": sum(s.before == s.after for s in data.settings),
        "check_count": sum(check.count for check in data.proof.checks),
        "refusals": sum(check.violations for check in data.proof.checks),
        "phase_seconds": sum(phase.seconds for phase in data.proof.phases),
        "block": 0 if data.series is None else block_size(data.series.time),
        "moves_shown": min(len(data.moves), MOST_MOVES),
    }


def payload(data: ReportData) -> dict[str, Any]:
    """What the scripts read: charts, racks and moves, with numbers cut to four digits."""
    return {
        "charts": charts.build(data),
        "racks": [_rack(rack) for rack in data.racks],
        "moves": pack_moves(data.moves[:MOST_MOVES]),
        "file": _file_stem(f"{data.site}-{data.study}"),
    }


def _card(c: text.Comparison, data: ReportData) -> dict[str, Any]:
    """A card with the lengths of its two bars in percent; counts of hosts are of all hosts."""
    full = data.hosts_total if c.key == "asleep" else max(c.before_value, c.after_value)
    bars = (
        None
        if c.key in ("sla", "unserved") or full <= 0
        else [round(100 * v / full, 1) for v in (c.before_value, c.after_value)]
    )
    value, _, unit = c.after.partition(" ") if c.key in _UNITS else (c.after, "", "")
    unit = f"of {text.count(data.hosts_total)}" if c.key == "asleep" else unit
    return {"row": c, "bars": bars, "value": value, "unit": unit}


def _columns(cards: int) -> int:
    """Columns in which that many cards leave the fewest holes, at most five."""
    return cards if cards <= 5 else min((4, 5, 3), key=lambda columns: -cards % columns)


def _pue_note(data: ReportData) -> str:
    before, after = data.before.pue, data.after.pue
    if data.is_first_placement or before is None or after is None or after <= before:
        return ""
    if data.after.energy_kwh >= data.before.energy_kwh:
        return ""
    return (
        "PUE rises although less energy is used: the servers save more than cooling and losses "
        "can follow. Energy is what is paid for."
    )


def _price_first(rule: BindingRule) -> float:
    return 0.0 if rule.price is None else -abs(rule.price)


def rack_sentence(racks: Sequence[Rack]) -> str:
    """Say which rack is closest to its power limit after the plan, and which is warmest."""
    told = []
    limited = [rack for rack in racks if rack.power_limit_kw]
    if limited:
        fullest = max(limited, key=_power_share)
        share, limit = (
            text.percent(_power_share(fullest)),
            text.quantity(fullest.power_limit_kw, "kW"),
        )
        told.append(f"After the plan, rack {fullest.name} is fullest with {share} of {limit}")
    measured = [rack for rack in racks if rack.after.peak_inlet_c is not None]
    if measured:
        warmest = max(measured, key=lambda rack: rack.after.peak_inlet_c or 0.0)
        limit_c = warmest.inlet_limit_c
        of_limit = "" if limit_c is None else f" of {limit_c:.1f} °C allowed"
        told.append(f"the warmest air enters {warmest.name}: {warmest.after.peak_inlet_c:.1f} °C")
        told[-1] += of_limit
    sentence = "; ".join(told)
    return f"{sentence[:1].upper()}{sentence[1:]}." if told else ""


def _power_share(rack: Rack) -> float:
    return rack.after.peak_power_kw / (rack.power_limit_kw or float("inf"))


def way_sentence(waves: Sequence[Wave]) -> str:
    """Say when the moves begin and end and what energy they take."""
    if not waves or not waves[0].start or waves[-1].seconds is None:
        return ""
    begin = datetime.fromisoformat(waves[0].start)
    end = datetime.fromisoformat(waves[-1].start) + timedelta(seconds=waves[-1].seconds)
    energy = text.quantity(sum(wave.energy_kwh for wave in waves), "kWh")
    return (
        f"They start at {text.clock(waves[0].start)}, take "
        f"{text.duration((end - begin).total_seconds())} and {energy}."
    )


def frontier_sentence(points: Sequence[FrontierPoint]) -> str:
    """Say how few moves bring most of the saving."""
    if not points:
        return ""
    full = max(point.moves for point in points)
    worthy = [p for p in points if p.saving_fraction_of_full >= 0.8 and p.moves < full]
    if not worthy:
        return "Every move counts: no shorter plan comes near the full saving."
    first = min(worthy, key=lambda point: point.moves)
    share = text.percent(min(first.saving_fraction_of_full, 1.0))
    told = (
        f"The best plan with {text.plural(first.moves, 'move')} already brings {share} of the "
        f"saving of the one with {text.count(full)}."
    )
    return f"{told} {_proof_of_frontier(points)}".strip()


def _proof_of_frontier(points: Sequence[FrontierPoint]) -> str:
    """Say how far the plans with few moves can be from the best with as many."""
    gaps = [
        (point.objective - point.bound) / abs(point.objective)
        for point in points
        if point.bound is not None and point.objective
    ]
    if len(gaps) < len(points) or not gaps:
        return ""
    return f"Each is proven to cost at most {text.percent(max(gaps))} more than the best there is."


def _short(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")


def _rack(rack: Rack) -> dict[str, Any]:
    return {
        "name": rack.name,
        "row": rack.row,
        "zone": rack.zone,
        "position": rack.position,
        "hosts": rack.hosts_total,
        "powerLimit": _short(rack.power_limit_kw),
        "inletLimit": _short(rack.inlet_limit_c),
        "before": _rack_state(rack.before),
        "after": _rack_state(rack.after),
    }


def _rack_state(state: RackState) -> dict[str, Any]:
    return {
        "power": _short(state.peak_power_kw),
        "mean": _short(state.mean_power_kw),
        "inlet": _short(state.peak_inlet_c),
        "load": _short(state.load_fraction),
        "on": state.hosts_on,
    }


def pack_moves(moves: Sequence[Move]) -> dict[str, Any]:
    """Moves as rows of numbers and indices into one list of the texts that repeat."""
    words: dict[str, int] = {}

    def index(word: str) -> int:
        return words.setdefault(word, len(words))

    rows = [
        [
            move.order,
            move.wave,
            move.workload,
            index(move.service),
            index(move.source),
            index(move.target),
            _short(move.memory_gib),
            _short(move.seconds),
            _short(move.saved_kwh_per_year),
            _short(move.payback_days),
            index(move.reason),
            _short(move.energy_kwh),
        ]
        for move in moves
    ]
    return {"words": list(words), "rows": rows}


def _file_stem(words: str) -> str:
    kept = "".join(c if c.isascii() and c.isalnum() else "-" for c in words.lower())
    return "-".join(part for part in kept.split("-") if part) or "plan"
