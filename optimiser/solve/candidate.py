"""A placement that the engine offers, with what it costs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Candidate:
    """A placement with its objective.

    ``host`` (workload,) int32, ``on`` (host,) bool, ``devices`` (workload,) uint64 bit masks;
    ``penalty`` the price of the soft rules it breaks, once a check has found it, and until then
    that of the workloads it leaves out.
    """

    host: np.ndarray
    on: np.ndarray
    devices: np.ndarray
    terms: dict[str, float]
    penalty: float = 0.0

    @property
    def objective(self) -> float:
        """Sum of the terms and the penalty, in money over the horizon."""
        return sum(self.terms.values()) + self.penalty
