"""What a day of CPU traces costs under a controller: energy, moves and what was not served.

Definitions are those of CloudSim's power package and of A. Beloglazov and R. Buyya, Optimal online
deterministic algorithms and adaptive heuristics for energy and performance efficient dynamic
consolidation of virtual machines in cloud data centers, Concurrency and Computation: Practice and
Experience 24(13), 2012, doi:10.1002/cpe.1867:

- a VM has one virtual core, so it gets at most what one core of its host gives; a host that is
  asked for more than it has gives everyone the same share;
- a migration takes RAM over half of a link of 1 Gbit/s, in which the VM stays on its old host, is
  served 10 % less, and the new host is awake;
- overall SLA violation: (requested - allocated) / requested;
- SLATAH: share of a host's time awake that it is asked for all it has, mean over hosts; PDM: what a
  VM lost by migrations over what it requested, mean over VMs.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

STEP_S = 300.0
LINK_MB_PER_S = 1e9 / 8e6 / 2.0
DEGRADATION = 0.1


@dataclass(frozen=True)
class Fleet:
    """Hosts and VMs: ``core`` (host,) MIPS of one of two cores, ``curve_w`` (host, 11) power by
    tenth of load, ``memory_mb`` (vm,)."""

    core: np.ndarray
    curve_w: np.ndarray
    memory_mb: np.ndarray

    @property
    def capacity(self) -> np.ndarray:
        """MIPS of each host (host,)."""
        return 2.0 * self.core

    def power_w(self, load: np.ndarray) -> np.ndarray:
        """Return the power of awake hosts with a load (host,) in MIPS [W]."""
        tenth = np.clip(load / self.capacity, 0.0, 1.0) * 10.0
        piece = np.minimum(tenth.astype(np.int64), 9)
        low = np.take_along_axis(self.curve_w, piece[:, None], axis=1)[:, 0]
        high = np.take_along_axis(self.curve_w, piece[:, None] + 1, axis=1)[:, 0]
        return np.asarray(low + (high - low) * (tenth - piece))


@dataclass(frozen=True)
class Day:
    """What came out of a day; percentages as published."""

    kwh: float
    moves: int
    sla_percent: float
    slatah_percent: float
    pdm_percent: float
    mean_hosts_on: float


class Account:
    """Sums up steps, each with demand and the hosts before and after its moves."""

    def __init__(self, fleet: Fleet) -> None:
        count = len(fleet.memory_mb)
        self.fleet = fleet
        self.joule, self.moves, self.seconds = 0.0, 0, 0.0
        self.requested, self.allocated, self.degraded = np.zeros((3, count))
        self.awake_s, self.full_s = np.zeros((2, len(fleet.core)))

    def step(self, mips: np.ndarray, before: np.ndarray, after: np.ndarray, lags: bool) -> None:
        """Add a step with demand ``mips`` (vm,) and hosts (vm,) before and after the moves.

        ``lags``: moves are decided as the step begins and take effect when the memory is copied;
        otherwise they have been made in the step before, which is charged for them here.
        """
        moving = before != after
        self.moves += int(moving.sum())
        copy_s = np.where(moving, self.fleet.memory_mb / LINK_MB_PER_S, 0.0)
        cuts = np.unique(np.concatenate([[0.0, STEP_S], copy_s]))
        for start, end in pairwise(cuts.tolist()):
            copies = copy_s > start
            self._span(mips, np.where(copies & lags, before, after), copies, after, end - start)

    def _span(
        self, mips: np.ndarray, host: np.ndarray, copies: np.ndarray, after: np.ndarray, span: float
    ) -> None:
        fleet, count = self.fleet, len(self.fleet.core)
        wanted = np.bincount(host, weights=mips, minlength=count)
        capped = np.minimum(mips, fleet.core[host])
        load = np.bincount(host, weights=capped, minlength=count)
        share = np.minimum(1.0, fleet.capacity / np.maximum(load, 1e-9))
        given = capped * share[host]
        lost = np.where(copies, DEGRADATION * given, 0.0)
        awake = (np.bincount(host, minlength=count) + np.bincount(after, minlength=count)) > 0
        self.seconds += span
        self.joule += float((fleet.power_w(load) * awake).sum()) * span
        self.requested += mips * span
        self.allocated += (given - lost) * span
        self.degraded += lost * span
        self.awake_s += awake * span
        self.full_s += (awake & (wanted >= fleet.capacity * (1.0 - 1e-12))) * span

    @property
    def day(self) -> Day:
        """The sums so far."""
        awake, asked = self.awake_s > 0.0, self.requested > 0.0
        return Day(
            kwh=self.joule / 3.6e6,
            moves=self.moves,
            sla_percent=100.0 * float(1.0 - self.allocated.sum() / self.requested.sum()),
            slatah_percent=100.0 * float((self.full_s[awake] / self.awake_s[awake]).mean()),
            pdm_percent=100.0 * float((self.degraded[asked] / self.requested[asked]).mean()),
            mean_hosts_on=float(self.awake_s.sum() / self.seconds),
        )
