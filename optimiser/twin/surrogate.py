"""The facility as convex piecewise-linear curves, for linear models of it.

Every stage is convex and rising, and so is their composition, so that an optimiser that minimises
may write each as ``y ≥ slope_s·x + intercept_s``. The nonlinear twin remains the judge.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from scipy import sparse

from optimiser.twin.facility import Facility, facility, facility_power
from optimiser.twin.pieces import Pieces, fit_pieces, sample_grid
from optimiser.twin.plant import plant_power
from optimiser.twin.power_chain import LossStage

CHAIN_SEGMENTS = 2
FAN_SEGMENTS = 6
PLANT_SEGMENTS = 6
LOWEST_HEAT_SHARE = 0.1


@dataclass(frozen=True)
class Surrogate:
    """Piecewise-linear model of the facility; powers in W, water in L/h.

    ``pdu``, ``ups``, ``feed``: input of each element over its output (rows are elements).
    ``fan``: air-handler fans of each zone over its room heat (rows are zones). ``plant`` and
    ``water``: plant power and make-up over total coil heat (rows are times; all zero without a
    plant). Relations: ``pdu_of_rack`` (pdu, rack) shares of rack power, ``ups_of_pdu`` (ups, pdu)
    and ``feed_of_ups`` (feed, ups) 0/1, ``direct`` (rack,) share past all PDUs, ``zone_of_rack``
    (zone, rack) 0/1, ``pdu_heat`` (zone, pdu) and ``ups_heat`` (zone, ups) shares of loss that
    heat a zone.

    ``room heat_z = Σ P_r + Σ pdu_heat·(pdu in − out) + Σ ups_heat·(ups in − out)``,
    ``coil heat = Σ_z room heat_z + fan_z``,
    ``facility = Σ feed in + Σ direct·P_r + Σ fan + plant``.

    ``max_error_fraction``: largest plant error over the heat at which it occurs, at any time and
    any heat above a tenth of the largest (the last hosts of a site are never put to sleep).
    """

    pdu: Pieces
    ups: Pieces
    feed: Pieces
    fan: Pieces
    plant: Pieces
    water: Pieces
    pdu_of_rack: sparse.csr_array
    ups_of_pdu: sparse.csr_array
    feed_of_ups: sparse.csr_array
    direct: np.ndarray
    zone_of_rack: sparse.csr_array
    pdu_heat: np.ndarray
    ups_heat: np.ndarray
    has_plant: bool
    max_error_fraction: float


@dataclass(frozen=True)
class SurrogateState:
    """The flows of one evaluation: each stage's argument and value, (row, time) [W]."""

    pdu_output: np.ndarray
    pdu_input: np.ndarray
    ups_output: np.ndarray
    ups_input: np.ndarray
    feed_output: np.ndarray
    feed_input: np.ndarray
    room_heat: np.ndarray
    fan: np.ndarray
    coil_heat: np.ndarray


def build_surrogate(
    twin: xr.Dataset,
    *,
    chain_segments: int = CHAIN_SEGMENTS,
    fan_segments: int = FAN_SEGMENTS,
    plant_segments: int = PLANT_SEGMENTS,
) -> Surrogate:
    """Fit the surrogate of a twin over the loads that its hosts can cause.

    The range of every fit runs from all hosts asleep to all hosts at full load; beyond, the outer
    pieces go on as straight lines.
    """
    model = facility(twin)
    ends = facility_power(
        model,
        np.stack([model.rack_low_w, model.rack_high_w], axis=1),
        *(np.full(2, _typical(series)) for series in (model.dry_bulb_c, model.wet_bulb_c)),
    )
    loads, chain = ends.loads, model.chain
    coil_low, coil_high = ends.coil_heat_w.sum(axis=0)
    plant, water, worst = _fit_plant(model, coil_low, coil_high, plant_segments)
    return Surrogate(
        pdu=_fit_stage(chain.pdu, loads.pdu_output_w, chain_segments),
        ups=_fit_stage(chain.ups, loads.ups_output_w, chain_segments),
        feed=_fit_stage(chain.feed, loads.feed_output_w, chain_segments),
        fan=_fit_fans(model, ends.room_heat_w, fan_segments),
        plant=plant,
        water=water,
        pdu_of_rack=chain.pdu_of_rack,
        ups_of_pdu=chain.ups_of_pdu,
        feed_of_ups=chain.feed_of_ups,
        direct=chain.direct,
        zone_of_rack=model.zone_of_rack,
        pdu_heat=model.pdu_heat,
        ups_heat=model.ups_heat,
        has_plant=model.plant is not None,
        max_error_fraction=worst,
    )


def _typical(series: np.ndarray) -> float:
    known = series[~np.isnan(series)]
    return float(known.mean()) if len(known) else 0.0


def _fit_stage(stage: LossStage, ends_w: np.ndarray, num_segments: int) -> Pieces:
    x = sample_grid(ends_w[:, 0], ends_w[:, 1], num_segments)
    return fit_pieces(x, stage.input_w(x), num_segments)


def _fit_fans(model: Facility, ends_w: np.ndarray, num_segments: int) -> Pieces:
    x = sample_grid(ends_w[:, 0], ends_w[:, 1], num_segments)
    return fit_pieces(x, model.air.fan_power_w(x), num_segments)


def _fit_plant(
    model: Facility, low_w: float, high_w: float, num_segments: int
) -> tuple[Pieces, Pieces, float]:
    """Return plant power and water over coil heat for each time, and the largest error share."""
    num_times = len(model.dry_bulb_c)
    low, high = np.full(num_times, low_w), np.full(num_times, high_w)
    x = sample_grid(low, high, num_segments)
    if model.plant is None:
        flat = fit_pieces(x, np.zeros_like(x), num_segments)
        return flat, flat, 0.0
    found = plant_power(model.plant, x, model.dry_bulb_c[:, None], model.wet_bulb_c[:, None])
    pieces = fit_pieces(x, found.power_w, num_segments)
    share = np.abs(pieces.value(x) - found.power_w) / np.maximum(x, 1.0)
    worst = float(share[x >= LOWEST_HEAT_SHARE * high[:, None]].max(initial=0.0))
    return pieces, fit_pieces(x, found.water_l_per_h, num_segments), worst


def evaluate(surrogate: Surrogate, rack_power_w: np.ndarray) -> SurrogateState:
    """Return every stage of the surrogate for rack power (rack, time) [W]."""
    s = surrogate
    pdu_output = s.pdu_of_rack @ rack_power_w
    pdu_input = s.pdu.value(pdu_output)
    ups_output = s.ups_of_pdu @ pdu_input
    ups_input = s.ups.value(ups_output)
    feed_output = s.feed_of_ups @ ups_input
    room = (
        s.zone_of_rack @ rack_power_w
        + s.pdu_heat @ (pdu_input - pdu_output)
        + s.ups_heat @ (ups_input - ups_output)
    )
    fan = s.fan.value(room)
    return SurrogateState(
        pdu_output=pdu_output,
        pdu_input=pdu_input,
        ups_output=ups_output,
        ups_input=ups_input,
        feed_output=feed_output,
        feed_input=s.feed.value(feed_output),
        room_heat=room,
        fan=fan,
        coil_heat=(room + fan).sum(axis=0),
    )


def surrogate_power(
    surrogate: Surrogate, rack_power_w: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return (facility power [W], make-up water [L/h]), each (time,), for rack power (rack, time).

    Times must be those of the twin when there is a plant.
    """
    state = evaluate(surrogate, rack_power_w)
    power = state.feed_input.sum(axis=0) + surrogate.direct @ rack_power_w + state.fan.sum(axis=0)
    if not surrogate.has_plant:
        return power, np.zeros_like(power)
    water = np.maximum(surrogate.water.value(state.coil_heat), 0.0)
    return power + surrogate.plant.value(state.coil_heat), water


def marginal_w_per_w(surrogate: Surrogate, rack_power_w: np.ndarray) -> np.ndarray:
    """Return facility watts per watt of each rack (rack, time) [W/W], the surrogate's gradient.

    At a kink the piece with the lower slope counts.
    """
    s, state = surrogate, evaluate(surrogate, rack_power_w)
    pdu = s.pdu.slope_at(state.pdu_output)
    ups = s.ups.slope_at(state.ups_output)
    feed = s.feed.slope_at(state.feed_output)
    plant = s.plant.slope_at(state.coil_heat) if s.has_plant else 0.0
    # what one more watt of heat in a zone costs: its fans, and the plant that removes both
    fan = s.fan.slope_at(state.room_heat)
    per_heat = fan + plant * (1.0 + fan)
    ups_heat = s.ups_heat.T @ per_heat
    at_ups = (s.feed_of_ups.T @ feed) * ups + ups_heat * (ups - 1.0)
    at_pdu = (s.ups_of_pdu.T @ at_ups) * pdu + (s.pdu_heat.T @ per_heat) * (pdu - 1.0)
    at_rack = s.pdu_of_rack.T @ at_pdu + s.zone_of_rack.T @ per_heat
    return np.asarray(at_rack + s.direct[:, None])
