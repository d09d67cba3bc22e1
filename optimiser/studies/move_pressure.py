"""Which moves should wait: power and cooling that is scarce goes first to those who give back.

A rack that fills up from everywhere may reach its limit before the half-empty hosts around it could
send their work there and fall asleep; then nobody can move. So while some move would relieve a
scarce row (its host gives back more than its target takes), moves that feed the row get only what
those that relieve it leave over.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from optimiser.studies.move_state import Transit


@dataclass(frozen=True)
class Pressure:
    """Scarce rows and what the pending moves do to them.

    ``rows`` (k,) indices of rows that are scarce and that some move relieves; ``waits`` (n,) bool
    the pending moves that only feed one of them; ``needs`` (k, n) sparse what each move that does
    not wait takes of each row while it is under way.
    """

    rows: np.ndarray
    waits: np.ndarray
    needs: sparse.csr_array

    def held_back(self, started: np.ndarray) -> np.ndarray:
        """Return what must stay free in each row for moves that have not started yet, (k,)."""
        return np.asarray(self.needs @ (~started).astype(float))


def pressure(transit: Transit, pending: np.ndarray, final: np.ndarray) -> Pressure:
    """Return which of the pending moves should let others go first, and what those need.

    ``pending`` (n,) workloads, ``final`` (W,) their hosts. A row is scarce when all pending moves
    together would take more than it has left.
    """
    source, target = transit.host[pending], final[pending]
    taken = _own_w(transit, pending, target)
    given = _given_w(transit, pending, source)
    rows = _scarce(transit, target, taken)
    scarce = sparse.csr_array(transit.racks.coefficient[rows])
    takes = _by_move(scarce, transit.rack[target], taken)
    # who runs nowhere gives nothing back
    net = takes - _by_move(scarce, transit.rack[np.maximum(source, 0)], given * (source >= 0))
    relieved = np.flatnonzero(_largest(-net, 1) > 0)
    waits = _largest(net[relieved], 0) > 0
    needs = takes[relieved] @ sparse.diags_array((~waits).astype(float))
    return Pressure(rows[relieved], waits, sparse.csr_array(needs))


def _by_move(rows: sparse.csr_array, rack: np.ndarray, watts: np.ndarray) -> sparse.csr_array:
    """Return what each move (n,) with so many watts in a rack means to each row (row, move)."""
    picked = sparse.csr_array(
        (watts, (rack, np.arange(len(rack)))), shape=(rows.shape[1], len(rack))
    )
    return sparse.csr_array(rows @ picked)


def _largest(values: sparse.csr_array, axis: int) -> np.ndarray:
    """Return the largest number along an axis, at least zero."""
    length = values.shape[1 - axis]
    found = np.zeros(length)
    entries = values.tocoo()
    np.maximum.at(found, entries.row if axis == 1 else entries.col, entries.data)
    return found


def _own_w(transit: Transit, workloads: np.ndarray, hosts: np.ndarray) -> np.ndarray:
    """Return about how much each workload adds to its host at its peak, (n,) [W]."""
    power, curves = transit.power, transit.power.envelope
    kind = power.kind[hosts]
    span = curves.value_w[:, -1] - curves.value_w[:, 0]
    peak = transit.usage.max(axis=2)[transit.flavour[workloads]]
    capacity = np.maximum(power.capacity[hosts], 1)
    own = span[kind] * peak[:, power.power_resource] / capacity[:, power.power_resource]
    if power.device_resource >= 0:
        share = peak[:, power.device_resource] / capacity[:, power.device_resource]
        own = own + power.gpu_span_w[kind] * share
    return np.asarray(own)


def _given_w(transit: Transit, workloads: np.ndarray, source: np.ndarray) -> np.ndarray:
    """Return what leaving gives back: its own power and its share of a host that will sleep."""
    runs, place = source >= 0, np.maximum(source, 0)
    power = transit.power
    idle = (power.envelope.value_w[:, 0] + power.envelope.gap_w - power.standby_w)[power.kind]
    share = idle / np.maximum(transit.members, 1) * ~transit.end_on
    return np.where(runs, _own_w(transit, workloads, place) + share[place], 0.0)


def _scarce(transit: Transit, target: np.ndarray, taken: np.ndarray) -> np.ndarray:
    """Return the rows that cannot take all pending arrivals at once."""
    wanted = np.bincount(transit.rack[target], weights=taken, minlength=transit.num_racks)
    asleep = np.unique(target[~transit.on[target]])
    idle = (transit.power.envelope.value_w[:, 0] + transit.power.envelope.gap_w)[
        transit.power.kind[asleep]
    ]
    wanted += np.bincount(transit.rack[asleep], weights=idle, minlength=transit.num_racks)
    left = (transit.racks.limit - transit.racks.value).min(axis=1)
    return np.flatnonzero(transit.racks.coefficient @ wanted > left)
