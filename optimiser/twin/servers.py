"""Server power: SPECpower curves, power supplies and accelerators."""

from __future__ import annotations

import numpy as np

from optimiser.schema.equipment import PsuCard, ServerCard

NUM_LOAD_POINTS = 11


def psu_input_w(output_w: np.ndarray, card: PsuCard, count: int = 1) -> np.ndarray:
    """Return the AC input of ``count`` power supplies that share ``output_w`` equally.

    The efficiency is interpolated linearly between the card's points, which are those of the
    80 PLUS certificates (10, 20, 50, 100 % load). Below the lowest point the *loss* stays what it
    is there, because a supply has a loss at no load; above the highest point the efficiency stays.

    Parameters: ``output_w`` any shape [W]; ``card`` rating per supply [W] and efficiency by load
    fraction (maker's data); ``count`` supplies in parallel.
    """
    loads = np.array(sorted(card.efficiency))
    efficiencies = np.array([card.efficiency[load] for load in loads])
    output = np.asarray(output_w, dtype=float)
    load = output / (count * card.rating_w)
    at_load = np.maximum(load, loads[0])
    efficiency = np.interp(at_load, loads, efficiencies)
    loss_w = at_load * count * card.rating_w * (1.0 / efficiency - 1.0)
    return output + loss_w


def ac_curve(card: ServerCard, psu_card: PsuCard | None) -> np.ndarray:
    """Return the AC input of a server at 0, 10 … 100 % load: (11,) [W].

    The idle power of accelerators is added to each point. ``idle_scale`` shifts the whole curve by
    ``(idle_scale − 1)·idle``: more memory, disks and NICs draw the same at any load. A curve
    measured at the DC output passes through the power supplies.

    Raises ``ValueError`` when a ``dc_output`` curve comes without a power supply.
    """
    curve = np.asarray(card.curve_w, dtype=float)
    curve = curve + (card.idle_scale - 1.0) * curve[0]
    if card.gpus is not None:
        curve = curve + card.gpus.count * card.gpus.idle_w
    if card.power_basis == "ac_input":
        return curve
    if psu_card is None:
        raise ValueError(f"server card {card.name} has a curve at dc_output and no psu")
    return psu_input_w(curve, psu_card, card.psu_count)


def gpu_span_w(card: ServerCard, psu_card: PsuCard | None) -> float:
    """Return what all accelerators draw above idle when they are fully used [W], at AC input.

    The model is linear in the use of the accelerators (RAPS; measured servers peak at about 82 %
    of their rating, so cards carry measured, not rated, module power). With a ``dc_output`` curve
    the span includes the extra loss of the power supplies at full load.
    """
    if card.gpus is None:
        return 0.0
    span = card.gpus.count * (card.gpus.max_w - card.gpus.idle_w)
    if card.power_basis == "ac_input" or psu_card is None:
        return float(span)
    full = card.curve_w[-1] + (card.idle_scale - 1.0) * card.curve_w[0]
    ends = full + card.gpus.count * card.gpus.idle_w + np.array([0.0, span])
    return float(np.diff(psu_input_w(ends, psu_card, card.psu_count))[0])


def interpolate_curve_w(
    curve_w: np.ndarray, kind: np.ndarray, utilisation: np.ndarray
) -> np.ndarray:
    """Return power on the 11-point curves, linear between the points.

    ``curve_w`` (kind, 11) [W]; ``kind`` (host,) row of the curve; ``utilisation`` (host,) or
    (host, time) share of the capacity [1]. A host cannot do more than all it has: above 1 it draws
    what it draws at 1. The lookup is on ``u·10``, so 50 % load returns the 50 % point exactly.
    """
    position = np.clip(utilisation, 0.0, 1.0) * (NUM_LOAD_POINTS - 1)
    left = np.minimum(position.astype(np.int32), NUM_LOAD_POINTS - 2)
    first = np.asarray(kind, dtype=np.int32) * NUM_LOAD_POINTS
    cell = left + first.reshape(first.shape + (1,) * (position.ndim - first.ndim))
    flat = np.ascontiguousarray(curve_w).reshape(-1)
    rise = np.append(np.diff(flat), 0.0)
    position -= left
    position *= rise[cell]
    position += flat[cell]
    return position


def host_power_w(
    curve_w: np.ndarray,
    kind: np.ndarray,
    utilisation: np.ndarray,
    *,
    gpu_span_w: np.ndarray | None = None,
    gpu_utilisation: np.ndarray | None = None,
) -> np.ndarray:
    """Return the power of hosts that are on: curve plus accelerators, (host, time) or (host,) [W].

    ``gpu_span_w`` (kind,) [W]; ``gpu_utilisation`` like ``utilisation`` [1].
    """
    power = interpolate_curve_w(curve_w, kind, utilisation)
    if gpu_span_w is not None and gpu_utilisation is not None:
        span = gpu_span_w[kind]
        share = np.clip(gpu_utilisation, 0.0, 1.0)
        power = power + span.reshape(span.shape + (1,) * (share.ndim - span.ndim)) * share
    return power
