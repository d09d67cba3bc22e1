"""The whole facility: from rack power and weather to every meter, with the heat that it makes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from scipy import sparse

from optimiser.errors import InputError, Problem
from optimiser.twin.air import VOLUMETRIC_HEAT_J_M3_K, air_flow_m3_s, crah_fan_w
from optimiser.twin.plant import CoolingPlant, PlantPower, plant_power, read_plant
from optimiser.twin.power_chain import ChainLoads, PowerChain, membership, read_chain, roll_up

DEFAULT_AIR_RISE_K = 12.0
METERS = (
    "it_w",
    "pdu_loss_w",
    "ups_loss_w",
    "transformer_loss_w",
    "crah_fan_w",
    "chiller_w",
    "chilled_water_pump_w",
    "condenser_pump_w",
    "rejection_fan_w",
)
"""Leaf meters; their sum is the facility's power."""


@dataclass(frozen=True)
class AirHandlers:
    """Air handlers of each cooling zone, all arrays (zone,).

    ``count`` installed and ``redundant`` units; per unit ``cooling_w`` [W], ``flow_m3_s`` [m³/s]
    and ``fan_w`` [W] at the rating; ``exponent`` of the fan law; ``min_flow`` [1]; ``bypass``
    supply air past the servers over server air [1]; ``supply_c`` [°C]; ``rise_k`` of the air
    through the servers of the zone [K].
    """

    count: np.ndarray
    redundant: np.ndarray
    cooling_w: np.ndarray
    flow_m3_s: np.ndarray
    fan_w: np.ndarray
    exponent: np.ndarray
    min_flow: np.ndarray
    bypass: np.ndarray
    supply_c: np.ndarray
    rise_k: np.ndarray

    def flow_for(self, room_heat_w: np.ndarray) -> np.ndarray:
        """Return the air flow of each zone for its room heat (zone, time) [m³/s]."""
        return air_flow_m3_s(room_heat_w, self.rise_k[:, None]) * (1.0 + self.bypass[:, None])

    def fan_power_w(self, room_heat_w: np.ndarray) -> np.ndarray:
        """Return the fan power of each zone for its room heat (zone, time) [W]."""
        return crah_fan_w(
            self.flow_for(room_heat_w),
            self.count[:, None],
            self.flow_m3_s[:, None],
            self.fan_w[:, None],
            self.exponent[:, None],
            self.min_flow[:, None],
        )

    def is_overloaded(self, room_heat_w: np.ndarray, coil_heat_w: np.ndarray) -> np.ndarray:
        """Return where a zone asks for more air or cooling than all its units have."""
        too_warm = coil_heat_w > (self.count * self.cooling_w)[:, None] * (1 + 1e-12)
        too_fast = self.flow_for(room_heat_w) > (self.count * self.flow_m3_s)[:, None] * (1 + 1e-12)
        return too_warm | too_fast


@dataclass(frozen=True)
class Facility:
    """What is needed to turn rack power into facility power.

    ``chain`` the power chain; ``zone_of_rack`` (zone, rack) 0/1; ``pdu_heat`` (zone, pdu) and
    ``ups_heat`` (zone, ups) shares of losses that become heat of a zone [1] (a PDU stands among
    the racks it feeds, by their number; UPS losses are shared by the zones' installed power);
    ``air`` the air handlers; ``plant`` or ``None``; ``rise_k_per_w`` (rack, rack_from);
    ``rack_zone`` (rack,); ``dry_bulb_c``, ``wet_bulb_c`` (time,) [°C]; ``rack_low_w`` and
    ``rack_high_w`` (rack,) power with all hosts asleep and with all at full load [W].
    """

    chain: PowerChain
    zone_of_rack: sparse.csr_array
    pdu_heat: np.ndarray
    ups_heat: np.ndarray
    air: AirHandlers
    plant: CoolingPlant | None
    rise_k_per_w: np.ndarray
    rack_zone: np.ndarray
    dry_bulb_c: np.ndarray
    wet_bulb_c: np.ndarray
    rack_low_w: np.ndarray
    rack_high_w: np.ndarray


@dataclass(frozen=True)
class FacilityPower:
    """Power and heat of the facility over time.

    ``meters`` name → (time,) [W], one per name of ``METERS``; ``loads`` of the power chain;
    ``room_heat_w`` racks and losses of each zone, ``coil_heat_w`` the same with the fans,
    ``fan_w``, all (zone, time) [W]; ``plant`` or ``None``; ``uncooled_w`` heat of racks and PDUs
    outside any zone (time,) [W]; ``is_extrapolated`` and ``is_overloaded`` (time,).
    """

    meters: dict[str, np.ndarray]
    loads: ChainLoads
    room_heat_w: np.ndarray
    coil_heat_w: np.ndarray
    fan_w: np.ndarray
    plant: PlantPower | None
    uncooled_w: np.ndarray
    is_extrapolated: np.ndarray
    is_overloaded: np.ndarray

    @property
    def total_w(self) -> np.ndarray:
        """Facility power (time,) [W]: the sum of the leaf meters."""
        return np.sum([self.meters[name] for name in METERS], axis=0)

    @property
    def water_l_per_h(self) -> np.ndarray:
        """Make-up water (time,) [L/h]."""
        if self.plant is None:
            return np.zeros_like(self.uncooled_w)
        return self.plant.water_l_per_h

    @property
    def heat_out_w(self) -> np.ndarray:
        """Heat that leaves the facility (time,) [W]; equals ``total_w`` (first law).

        Counted from the heat side: condenser or coil heat, transformers and rejector fans
        outdoors, and what no zone cools.
        """
        cooled = self.coil_heat_w.sum(axis=0)
        if self.plant is not None:
            cooled = self.plant.heat_rejected_w
        outdoors = self.meters["transformer_loss_w"] + self.meters["rejection_fan_w"]
        return cooled + outdoors + self.uncooled_w


def facility(twin: xr.Dataset) -> Facility:
    """Lift everything that facility power depends on out of the twin.

    Raises ``InputError`` when there is a plant and the weather has gaps.
    """
    chain = read_chain(twin)
    rack_zone = twin["rack_zone"].values
    zone_of_rack = membership(rack_zone, twin.sizes["zone"])
    low, high = _rack_range(twin)
    plant = read_plant(str(twin.attrs.get("plant", "")))
    if plant is not None:
        _check_weather(twin)
    ups_heat = _installed_shares(zone_of_rack @ high)
    return Facility(
        chain=chain,
        zone_of_rack=zone_of_rack,
        pdu_heat=_pdu_shares(chain, zone_of_rack, ups_heat),
        ups_heat=np.repeat(ups_heat[:, None], twin.sizes["ups"], axis=1),
        air=_air_handlers(twin),
        plant=plant,
        rise_k_per_w=twin["rack_rise_k_per_w"].values,
        rack_zone=rack_zone,
        dry_bulb_c=twin["dry_bulb_c"].values.astype(float),
        wet_bulb_c=twin["wet_bulb_c"].values.astype(float),
        rack_low_w=low,
        rack_high_w=high,
    )


def _check_weather(twin: xr.Dataset) -> None:
    for name in ("dry_bulb_c", "wet_bulb_c"):
        gaps = int(np.isnan(twin[name].values).sum())
        if gaps:
            raise InputError(
                Problem(
                    what=f"{name} is missing in {gaps} of {twin.sizes['time']} periods",
                    field="environment.weather",
                    expected="weather for every period, because the site has a cooling plant",
                    remedy="name a weather CSV or an EPW file",
                )
            )


def _rack_range(twin: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Return rack power with all hosts asleep and with all hosts at full load, (rack,) [W]."""
    kind, num = twin["host_kind"].values, twin.sizes["rack"]
    full = twin["kind_curve_w"].values[:, -1] + twin["kind_gpu_span_w"].values
    in_rack = membership(twin["host_rack"].values, num)
    return in_rack @ twin["kind_standby_w"].values[kind].astype(float), in_rack @ full[kind]


def _installed_shares(zone_high_w: np.ndarray) -> np.ndarray:
    total = zone_high_w.sum()
    if total > 0:
        return zone_high_w / total
    return np.full(len(zone_high_w), 1.0 / max(1, len(zone_high_w)))


def _pdu_shares(
    chain: PowerChain, zone_of_rack: sparse.csr_array, fallback: np.ndarray
) -> np.ndarray:
    """Return (zone, pdu): where a PDU's loss becomes heat, by the number of racks it feeds."""
    feeds = (chain.pdu_of_rack > 0).astype(float)
    num_racks = np.asarray(feeds.sum(axis=1)).reshape(-1)
    in_zone = (zone_of_rack @ feeds.T).toarray()
    shares = in_zone / np.maximum(num_racks, 1.0)
    return np.where(num_racks > 0, shares, fallback[:, None])


def _air_handlers(twin: xr.Dataset) -> AirHandlers:
    def column(name: str) -> np.ndarray:
        return twin[f"zone_{name}"].values.astype(float)

    return AirHandlers(
        count=column("crah_count"),
        redundant=column("crah_redundant"),
        cooling_w=column("crah_cooling_w"),
        flow_m3_s=column("crah_flow_m3_s"),
        fan_w=column("crah_fan_w"),
        exponent=column("crah_fan_exponent"),
        min_flow=column("crah_min_flow_fraction"),
        bypass=column("bypass_fraction"),
        supply_c=column("supply_c"),
        rise_k=_zone_air_rise_k(twin),
    )


def _zone_air_rise_k(twin: xr.Dataset) -> np.ndarray:
    """Return the mean air rise of a zone's servers (zone,) [K]: full heat over full air flow."""
    kind, rack = twin["host_kind"].values, twin["host_rack"].values
    full = (twin["kind_curve_w"].values[:, -1] + twin["kind_gpu_span_w"].values)[kind]
    flow = air_flow_m3_s(full, twin["kind_air_rise_k"].values[kind])
    zone = np.where(rack >= 0, twin["rack_zone"].values[rack], -1)
    in_zone = membership(zone, twin.sizes["zone"])
    heat, air = in_zone @ full, in_zone @ flow
    known = air > 0
    rise = heat / (VOLUMETRIC_HEAT_J_M3_K * np.where(known, air, 1.0))
    return np.where(known, rise, DEFAULT_AIR_RISE_K)


def facility_power(
    model: Facility,
    rack_power_w: np.ndarray,
    dry_bulb_c: np.ndarray | None = None,
    wet_bulb_c: np.ndarray | None = None,
) -> FacilityPower:
    """Return every meter of the facility for rack power (rack, time) [W].

    ``dry_bulb_c`` and ``wet_bulb_c`` (time,) [°C] default to the twin's own weather. PDU and UPS
    losses are heat of the zones; fans add theirs at the coil; transformers and rejectors stand
    outdoors. Sites without zones have no cooling meters, sites without a plant stop at the fans.
    """
    dry = model.dry_bulb_c if dry_bulb_c is None else dry_bulb_c
    wet = model.wet_bulb_c if wet_bulb_c is None else wet_bulb_c
    loads = roll_up(model.chain, rack_power_w)
    room = room_heat_w(model, rack_power_w, loads)
    fan = model.air.fan_power_w(room)
    coil = room + fan
    plant = None
    if model.plant is not None:
        plant = plant_power(model.plant, coil.sum(axis=0), dry, wet)
    made = rack_power_w.sum(axis=0) + loads.pdu_loss_w.sum(axis=0) + loads.ups_loss_w.sum(axis=0)
    overloaded = np.asarray(model.air.is_overloaded(room, coil).any(axis=0))
    none = np.zeros(rack_power_w.shape[1], dtype=bool)
    return FacilityPower(
        meters=_meters(rack_power_w, loads, fan, plant),
        loads=loads,
        room_heat_w=room,
        coil_heat_w=coil,
        fan_w=fan,
        plant=plant,
        uncooled_w=made - room.sum(axis=0),
        is_extrapolated=none if plant is None else plant.is_clamped,
        is_overloaded=overloaded if plant is None else overloaded | plant.is_overloaded,
    )


def room_heat_w(model: Facility, rack_power_w: np.ndarray, loads: ChainLoads) -> np.ndarray:
    """Return the heat of each zone's racks, PDUs and share of UPS losses (zone, time) [W]."""
    racks = model.zone_of_rack @ rack_power_w
    return racks + model.pdu_heat @ loads.pdu_loss_w + model.ups_heat @ loads.ups_loss_w


def _meters(
    rack_power_w: np.ndarray, loads: ChainLoads, fan_w: np.ndarray, plant: PlantPower | None
) -> dict[str, np.ndarray]:
    meters = {
        "it_w": rack_power_w.sum(axis=0),
        "pdu_loss_w": loads.pdu_loss_w.sum(axis=0),
        "ups_loss_w": loads.ups_loss_w.sum(axis=0),
        "transformer_loss_w": loads.feed_loss_w.sum(axis=0),
        "crah_fan_w": fan_w.sum(axis=0),
    }
    for name in METERS[len(meters) :]:
        meters[name] = np.zeros_like(meters["it_w"]) if plant is None else getattr(plant, name)
    return meters
