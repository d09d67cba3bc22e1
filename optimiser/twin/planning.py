"""Convex planning curves: the lower envelope of a load curve and how far it lies below."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class Envelope:
    """Lower convex envelopes of load curves, one row per kind of server.

    ``load`` (n,) load fractions of the points [1]; ``value_w`` (kind, n) envelope at the points
    [W]; ``is_vertex`` (kind, n) whether the envelope touches the curve there and bends;
    ``slope_w`` (kind, n−1) and ``intercept_w`` (kind, n−1) of the piece between two neighbouring
    points (pieces of one straight run repeat), so that on the whole range
    ``envelope(u) = max_s(intercept_s + slope_s·u)``; ``gap_w`` (kind,) largest distance of the
    curve above the envelope [W].
    """

    load: np.ndarray
    value_w: np.ndarray
    is_vertex: np.ndarray
    slope_w: np.ndarray
    intercept_w: np.ndarray
    gap_w: np.ndarray

    def segments(self, kind: int) -> list[tuple[float, float]]:
        """Return the distinct (slope [W], intercept [W]) of one kind, from low to high load."""
        ends = np.flatnonzero(self.is_vertex[kind])[:-1]
        return [(float(self.slope_w[kind, e]), float(self.intercept_w[kind, e])) for e in ends]


def convex_envelope(curve_w: np.ndarray, first_point: int = 0) -> Envelope:
    """Return the lower convex envelope of each 11-point curve from ``first_point`` on.

    ``curve_w`` (kind, 11) or (11,) [W]. ``first_point=0`` includes active idle (what planning
    uses); ``first_point=1`` starts at 10 % load, for formulations that model the jump from idle
    with the on/off binary. The envelope and the curve share their points, so the largest gap is
    found at a point. On 619 published results the gap from 10 % on is 1.2 % of peak (median).
    """
    curve = np.atleast_2d(np.asarray(curve_w, dtype=float))
    load = np.arange(first_point, curve.shape[1]) / (curve.shape[1] - 1)
    value, vertex = lower_envelope(load, curve[:, first_point:])
    slope = np.diff(value, axis=1) / np.diff(load)
    return Envelope(
        load=load,
        value_w=value,
        is_vertex=vertex,
        slope_w=slope,
        intercept_w=value[:, :-1] - slope * load[:-1],
        gap_w=(curve[:, first_point:] - value).max(axis=1),
    )


def planning_envelope(curve_w: np.ndarray) -> Envelope:
    """Return the envelope that optimiser, rules and verifier share for hosts that are on.

    ``curve_w`` (kind, 11) [W]. A host that is on pays the jump to its 10 % point: the idle point is
    raised to where the first piece of the 10–100 % envelope meets zero load (never below measured
    idle), and the envelope runs over the whole range. That keeps the working range within 1.2 %
    of peak (median of 619 published curves); below 10 % load it overstates, never understates.
    ``gap_w`` is measured against the true curve.
    """
    curve = np.atleast_2d(np.asarray(curve_w, dtype=float))
    working = convex_envelope(curve, first_point=1)
    raised = curve.copy()
    raised[:, 0] = np.maximum(curve[:, 0], working.intercept_w[:, 0])
    envelope = convex_envelope(raised)
    gap_w = np.maximum((curve - envelope.value_w).max(axis=1), 0.0)
    return replace(envelope, gap_w=gap_w)


def lower_envelope(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the lower convex envelope of sampled curves and where its vertices are.

    ``x`` (n,) rising or (row, n) with rising rows; ``y`` (row, n). Gift wrapping on all rows at
    once: from each vertex the next one is the point seen under the smallest slope (the farthest of
    equals), so the work is n passes over (row, n) whatever the number of rows.
    """
    x = np.broadcast_to(np.asarray(x, dtype=float), y.shape)
    rows, last = np.arange(len(y)), y.shape[1] - 1
    envelope, vertex = y.copy(), np.zeros(y.shape, dtype=bool)
    current = np.zeros(len(y), dtype=np.int64)
    columns = np.arange(y.shape[1])[None, :]
    while np.any(current < last):
        vertex[rows, current] = True
        x0, y0 = x[rows, current][:, None], y[rows, current][:, None]
        ahead = columns > current[:, None]
        slope = np.where(ahead, (y - y0) / np.where(ahead, x - x0, 1.0), np.inf)
        best = slope.min(axis=1, keepdims=True)
        best = np.where(np.isfinite(best), best, 0.0)  # rows that have reached their end
        tolerance = 1e-12 * np.maximum(1.0, np.abs(best))
        following = np.where(ahead & (slope <= best + tolerance), columns, -1).max(axis=1)
        between = ahead & (columns < following[:, None])
        envelope = np.where(between, y0 + best * (x - x0), envelope)
        current = np.maximum(current, following)
    vertex[:, last] = True
    return np.minimum(envelope, y), vertex


def planning_power_w(
    envelope: Envelope,
    kind: np.ndarray,
    utilisation: np.ndarray,
    gpu_span_w: np.ndarray | None = None,
    gpu_utilisation: np.ndarray | None = None,
) -> np.ndarray:
    """Return the planning power of hosts that are on: envelope plus gap, never below the curve.

    ``kind`` (host,); ``utilisation`` (host,) or (host, time); ``gpu_span_w`` (kind,) [W] with
    ``gpu_utilisation`` like ``utilisation``. Electrical, cooling and temperature rules are checked
    against this power because it is convex in the load and safe.
    """
    position = np.clip(utilisation, 0.0, 1.0)
    extra = (1,) * (position.ndim - np.ndim(kind))
    power = np.full(position.shape, -np.inf)
    for segment in range(envelope.slope_w.shape[1]):
        slope = envelope.slope_w[kind, segment].reshape(np.shape(kind) + extra)
        intercept = envelope.intercept_w[kind, segment].reshape(np.shape(kind) + extra)
        power = np.maximum(power, intercept + slope * position)
    power += envelope.gap_w[kind].reshape(np.shape(kind) + extra)
    if gpu_span_w is not None and gpu_utilisation is not None:
        power += gpu_span_w[kind].reshape(np.shape(kind) + extra) * gpu_utilisation
    return power
