"""Integrated waterside economiser: how much heat the heat exchanger takes from the chillers."""

from __future__ import annotations

import numpy as np

DEADBAND_K = 1.1
"""The return water must be warmer than what the heat exchanger can deliver by this much before the
economiser opens (control sequence after Stein 2009)."""


def free_cooling_share(
    return_c: np.ndarray, supply_c: float, available_c: np.ndarray
) -> np.ndarray:
    """Return the share of heat removed without chillers [1]: 0 off, 1 fully free.

    ``return_c`` and ``supply_c`` chilled water [°C]; ``available_c`` what the heat exchanger can
    deliver: tower or dry-cooler water plus the approach of the exchanger [°C]. The exchanger stands
    before the chillers in the return, so it takes ``(T_ret − T_avail)/(T_ret − T_sup)``.
    """
    span_k = np.maximum(np.asarray(return_c, dtype=float) - supply_c, 1e-9)
    return np.clip((return_c - available_c) / span_k, 0.0, 1.0)


def is_enabled(
    return_c: np.ndarray, available_c: np.ndarray, deadband_k: float = DEADBAND_K
) -> np.ndarray:
    """Return where the economiser opens: the return is warmer than its water plus a band."""
    return np.asarray(return_c) > available_c + deadband_k
