"""Hosts, racks, power chain and cooling zones as arrays of the twin."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TypeVar

import numpy as np
import pandas as pd

from optimiser.library.site import SiteInput
from optimiser.schema.equipment import Card, CrahCard, LossCard, PsuCard, ServerCard
from optimiser.schema.site import Zone
from optimiser.twin.envelopes import EnvelopeName, inlet_limit_c
from optimiser.twin.recirculation import rack_rise_matrix
from optimiser.twin.servers import ac_curve, gpu_span_w
from optimiser.twin.variables import Variables
from optimiser.units import AIR_DENSITY_KG_M3, AIR_HEAT_CAPACITY_J_KG_K

C = TypeVar("C", bound=Card)


def index_of(values: Iterable[object], names: Sequence[str]) -> np.ndarray:
    """Return the position of each value in ``names``, −1 where it is not among them."""
    return pd.Index(names).get_indexer(pd.Index(pd.Series(values).astype(str))).astype(np.int32)


def card_of(site_input: SiteInput, kind: str, name: str, form: type[C]) -> C:
    """Return a card of one kind; the reader has made sure that it is there."""
    card = site_input.cards[kind, name]
    assert isinstance(card, form)
    return card


def host_variables(variables: Variables, site_input: SiteInput) -> None:
    """Add hosts and their kinds: relations, capacity, state and power curves."""
    hosts, site = site_input.hosts, site_input.site
    kinds = list(dict.fromkeys(hosts["card"].astype(str)))
    host_kind = index_of(hosts["card"], kinds)
    cards = [card_of(site_input, "server", kind, ServerCard) for kind in kinds]
    add = variables.add
    add("host", ["host"], hosts["name"].astype(str).tolist(), "", "host")
    add("kind", ["kind"], kinds, "", "server card")
    add("rack", ["rack"], site_input.racks["name"].astype(str).tolist(), "", "rack")
    add("host_kind", ["host"], host_kind, "1", "server card of the host")
    add("host_rack", ["host"], index_of(hosts["rack"], variables.coordinate("rack")), "1", "rack")
    capacity = np.array(
        [[card.capacity.get(r.name, 0) for r in site.resources] for card in cards], dtype=np.int64
    )[host_kind]
    for position, resource in enumerate(site.resources):
        if resource.name in hosts.columns:
            own = hosts[resource.name].to_numpy(dtype=float, na_value=np.nan)
            column = capacity[:, position]
            capacity[:, position] = np.where(np.isnan(own), column, np.nan_to_num(own))
    add("host_capacity", ["host", "resource"], capacity, "resource unit", "usable capacity")
    safety = capacity.copy()
    for position, resource in enumerate(site.resources):
        if f"{resource.name}_safety" in hosts.columns:
            own = hosts[f"{resource.name}_safety"].to_numpy(dtype=float, na_value=np.nan)
            safety[:, position] = np.where(np.isnan(own), safety[:, position], np.nan_to_num(own))
    add("host_safety", ["host", "resource"], safety, "resource unit",
        "use above which a study may price it")  # fmt: skip
    add("host_own_on_cost_per_h", ["host"], _own_on_cost(hosts, cards, host_kind),
        f"{site.currency}/h", "cost of the host while it is on, NaN for the study's")  # fmt: skip
    state = hosts["state"].fillna("on").astype(str).to_numpy()
    add("host_on", ["host"], state == "on", "1", "whether the host is on today")
    add("host_usable", ["host"], state != "maintenance", "1", "whether a plan may use the host")
    _kind_variables(variables, cards, site_input)


def _own_on_cost(hosts: pd.DataFrame, cards: list[ServerCard], kind: np.ndarray) -> np.ndarray:
    """Return the on-cost that hosts or else their cards state (H,) [currency/h], NaN for none."""
    of_card = np.array([np.nan if c.on_cost_per_h is None else c.on_cost_per_h for c in cards])
    if "on_cost_per_h" not in hosts.columns:
        return of_card[kind]
    own = hosts["on_cost_per_h"].to_numpy(dtype=float, na_value=np.nan)
    return np.where(np.isnan(own), of_card[kind], own)


def _stated(values: Iterable[float | None]) -> np.ndarray:
    """Return what cards state, NaN where they state nothing."""
    return np.array([np.nan if value is None else value for value in values], dtype=float)


def _kind_variables(variables: Variables, cards: list[ServerCard], site_input: SiteInput) -> None:
    curves, spans = [], []
    for card in cards:
        psu = card_of(site_input, "psu", card.psu, PsuCard) if card.psu else None
        curves.append(ac_curve(card, psu))
        spans.append(gpu_span_w(card, psu))
    altitude = site_input.site.location.altitude_m
    classes = [card.inlet_class for card in cards]
    add = variables.add
    add("kind_curve_w", ["kind", "load_point"], np.array(curves), "W", "AC power at 0..100 % load")
    add("kind_gpu_span_w", ["kind"], np.array(spans), "W", "extra power when all GPUs are full")
    add("kind_standby_w", ["kind"], np.array([c.standby_w for c in cards]), "W", "power asleep")
    add("kind_embodied_kgco2e", ["kind"], _stated(c.embodied_kgco2e for c in cards), "kgCO2e",
        "carbon of making one server, NaN for the study's")  # fmt: skip
    add("kind_lifetime_years", ["kind"], _stated(c.lifetime_years for c in cards), "a",
        "expected life of a server, NaN for the study's")  # fmt: skip
    envelopes: dict[str, EnvelopeName] = {
        "kind_inlet_limit_c": "recommended",
        "kind_inlet_allowable_c": "allowable",
    }
    for name, envelope in envelopes.items():
        limits = [inlet_limit_c(c, envelope, altitude) for c in classes]
        add(name, ["kind"], np.array(limits, dtype=float), "degC", f"{envelope} inlet limit")
    add("kind_air_rise_k", ["kind"], np.array([c.air_rise_k for c in cards]), "K", "air rise")
    add("kind_rack_units", ["kind"], np.array([c.rack_units for c in cards]), "U", "height")


def rack_variables(variables: Variables, site_input: SiteInput) -> None:
    """Add racks: rows, limits and the design air flow of the servers in them."""
    racks = site_input.racks
    rows = racks["row"].fillna("").astype(str)
    row_names = list(dict.fromkeys(rows))
    add = variables.add
    add("row", ["row"], row_names, "", "row of racks")
    add("rack_row", ["rack"], index_of(rows, row_names), "1", "row of the rack")
    limit = racks["power_limit_kw"].to_numpy(dtype=float, na_value=np.nan) * 1e3
    add("rack_power_limit_w", ["rack"], np.where(np.isnan(limit), np.inf, limit), "W",
        "breaker rating of the rack")  # fmt: skip
    units = racks["units"].to_numpy(dtype=float, na_value=42.0)
    add("rack_units", ["rack"], units, "U", "height of the rack")
    add("rack_airflow_m3_s", ["rack"], _airflow(variables, site_input), "m3/s", "server air flow")


def _airflow(variables: Variables, site_input: SiteInput) -> np.ndarray:
    """Return the air flow of each rack [m³/s]: what its hosts need at full power, if not given."""
    data = variables.arrays
    kind, rack = data("host_kind"), data("host_rack")
    peak = data("kind_curve_w")[:, -1] + data("kind_gpu_span_w")
    heat = AIR_DENSITY_KG_M3 * AIR_HEAT_CAPACITY_J_KG_K * data("kind_air_rise_k")
    flow = np.bincount(rack, weights=(peak / heat)[kind], minlength=len(site_input.racks))
    flow = np.maximum(flow, 1e-3)  # an empty rack still leaks a little air
    if "airflow_m3_s" not in site_input.racks.columns:
        return flow
    own = site_input.racks["airflow_m3_s"].to_numpy(dtype=float, na_value=np.nan)
    return np.where(np.isnan(own), flow, own)


def power_variables(variables: Variables, site_input: SiteInput) -> None:
    """Add feeds, UPS units and PDUs with ratings and loss coefficients."""
    power, racks = site_input.site.power, site_input.racks
    feeds = list(power.feeds) if power else []
    units = list(power.ups) if power else []
    pdus = site_input.pdus
    add = variables.add
    add("feed", ["feed"], [f.name for f in feeds], "", "feed")
    add("ups", ["ups"], [u.name for u in units], "", "UPS")
    add("pdu", ["pdu"], pdus["name"].astype(str).tolist(), "", "PDU")
    transformers = [
        card_of(site_input, "transformer", f.transformer, LossCard) if f.transformer else None
        for f in feeds
    ]
    _loss_stage(variables, "feed", transformers, [1] * len(feeds), [f.rating_kw for f in feeds])
    ups_cards = [card_of(site_input, "ups", u.card, LossCard) for u in units]
    _loss_stage(variables, "ups", ups_cards, [u.count for u in units], [None] * len(units))
    pdu_cards = [card_of(site_input, "pdu", str(card), LossCard) for card in pdus["card"]]
    _loss_stage(variables, "pdu", pdu_cards, [1] * len(pdus), [None] * len(pdus))
    add(
        "ups_feed", ["ups"], index_of([u.feed for u in units], [f.name for f in feeds]), "1", "feed"
    )
    add("pdu_ups", ["pdu"], index_of(pdus["ups"], [u.name for u in units]), "1", "UPS of the PDU")
    for side in ("a", "b"):
        names = racks[f"pdu_{side}"].fillna("").astype(str)
        add(f"rack_pdu_{side}", ["rack"], index_of(names, variables.coordinate("pdu")), "1",
            f"PDU on side {side.upper()}")  # fmt: skip


def _loss_stage(
    variables: Variables,
    stage: str,
    cards: Sequence[LossCard | None],
    counts: Sequence[int],
    ratings_kw: Sequence[float | None],
) -> None:
    rating = np.array(
        [
            (own if own is not None else card.rating_kw * n if card else np.inf) * 1e3
            * getattr(card, "derating_fraction", 1.0)
            for card, n, own in zip(cards, counts, ratings_kw, strict=True)
        ]
    )  # fmt: skip
    nominal = np.array(
        [card.rating_kw * n * 1e3 if card else 1.0 for card, n in zip(cards, counts, strict=True)]
    )
    add = variables.add
    add(f"{stage}_rating_w", [stage], rating, "W", "largest output that may be drawn")
    add(f"{stage}_nominal_w", [stage], nominal, "W", "rating the loss coefficients refer to")
    for letter, field in (
        ("no_load", "no_load_fraction"),
        ("proportional", "proportional_fraction"),
        ("square", "square_fraction"),
    ):
        values = np.array([getattr(card, field) if card else 0.0 for card in cards])
        add(f"{stage}_{letter}_fraction", [stage], values, "1", f"{letter} loss coefficient")


def cooling_variables(variables: Variables, site_input: SiteInput) -> None:
    """Add cooling zones and the matrix of rack inlet rises."""
    cooling, racks = site_input.site.cooling, site_input.racks
    zones: list[Zone] = list(cooling.zones) if cooling else []
    cards = [card_of(site_input, "crah", zone.crah, CrahCard) for zone in zones]
    names = [zone.name for zone in zones]
    add = variables.add
    add("zone", ["zone"], names, "", "cooling zone")
    add("rack_zone", ["rack"], index_of(racks["zone"].fillna("").astype(str), names), "1", "zone")
    columns: dict[str, tuple[list[float], str]] = {
        "supply_c": ([z.supply_air_c for z in zones], "degC"),
        "bypass_fraction": ([z.bypass_fraction for z in zones], "1"),
        "crah_count": ([z.crah_count for z in zones], "1"),
        "crah_redundant": ([z.crah_redundant for z in zones], "1"),
        "crah_cooling_w": ([c.rated_cooling_kw * 1e3 for c in cards], "W"),
        "crah_flow_m3_s": ([c.rated_flow_m3_s for c in cards], "m3/s"),
        "crah_fan_w": ([c.rated_fan_kw * 1e3 for c in cards], "W"),
        "crah_fan_exponent": ([c.fan_exponent for c in cards], "1"),
        "crah_min_flow_fraction": ([c.min_flow_fraction for c in cards], "1"),
    }
    for name, (values, unit) in columns.items():
        add(f"zone_{name}", ["zone"], np.array(values, dtype=float), unit, name.replace("_", " "))
    rise = rack_rise_matrix(
        variables.arrays("rack_airflow_m3_s"),
        variables.arrays("rack_zone"),
        variables.arrays("rack_row"),
        [zone.recirculation for zone in zones],
    )
    add("rack_rise_k_per_w", ["rack", "rack_from"], rise, "K/W", "inlet rise of a rack per W")


def plant_document(site_input: SiteInput) -> str:
    """Return the plant and its cards as JSON, or an empty string when there is none."""
    cooling = site_input.site.cooling
    if cooling is None or cooling.plant is None:
        return ""
    plant, cards = cooling.plant, {}
    for role, kind in (
        ("chiller", "chiller"), ("tower", "tower"), ("dry_cooler", "dry_cooler"),
        ("chilled_water_pump", "pump"), ("condenser_pump", "pump"),
    ):  # fmt: skip
        name = getattr(plant, role)
        if name is not None:
            cards[role] = site_input.cards[kind, name].model_dump(mode="json")
    return json.dumps({"plant": plant.model_dump(mode="json"), "cards": cards})
