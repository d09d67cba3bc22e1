"""Why a workload found no host, in words: what keeps it off how many hosts, and how short."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from optimiser.solve import admit_kernel as kernel
from optimiser.solve.arrays import State
from optimiser.solve.problem import Problem
from optimiser.twin.nearness import is_nearness
from optimiser.twin.rules import Rule


@dataclass(frozen=True)
class Refused:
    """A workload without a host: ``codes`` (host,) say what keeps it off each host."""

    problem: Problem
    state: State
    workload: int
    codes: np.ndarray

    def hosts(self, code: int) -> np.ndarray:
        """Return the hosts that something keeps it off, by index."""
        return np.flatnonzero(self.codes == code)

    @property
    def hard(self) -> list[Rule]:
        """The rules that may not be broken."""
        return [rule for rule in self.problem.rules if rule.is_hard]


def refusal(refused: Refused) -> str:
    """Return one sentence: every reason with the number of hosts it rules out."""
    total = len(refused.codes)
    parts = [
        f"{len(hosts):,} {words(refused, hosts)}"
        for code, words in _WORDS.items()
        if len(hosts := refused.hosts(code))
    ]
    return f"none of {total:,} hosts can take it: " + "; ".join(parts)


def _barred(refused: Refused, hosts: np.ndarray) -> str:
    """Name the rules that forbid these hosts."""
    names = []
    for rule in refused.hard:
        if rule.allowed is None or rule.allowed_class is None:
            continue
        if not rule.allowed[rule.allowed_class[refused.workload], hosts].all():
            names.append(rule.name)
    if not refused.problem.twin["host_usable"].values[hosts].all():
        names.append("maintenance")
    return f"may not be used ({', '.join(names)})"


def _full(refused: Refused, hosts: np.ndarray) -> str:
    """Tell how much is missing on the host that comes nearest."""
    problem = refused.problem
    use = problem.use[problem.flavour[refused.workload]]
    short = np.maximum(refused.state.load[hosts] + use - problem.capacity[hosts], 0)
    relative = short / np.maximum(problem.rated[hosts], 1)
    nearest = int(relative.max(axis=1).argmin())
    column = int(relative[nearest].argmax())
    resource = int(problem.column_resource[column])
    twin = problem.twin
    unit = json.loads(twin.attrs["resource_units"])[resource]
    host = twin["host"].values[hosts[nearest]]
    missing = f"{int(short[nearest, column]):,} {unit} of {twin['resource'].values[resource]}"
    return f"lack capacity (nearest is {host}, short of {missing})"


def _no_device(refused: Refused, _: np.ndarray) -> str:
    problem = refused.problem
    name = problem.twin["resource"].values[int(problem.twin.attrs["device_resource"])]
    request = int(problem.device_request[problem.flavour[refused.workload]])
    if request < problem.device_size:
        return f"have no {name} device with {request:,} of its {problem.device_size:,} free"
    return f"have fewer than {request // problem.device_size} free {name} devices"


def _of_kinds(*kinds: str) -> Callable[[Refused, np.ndarray], str]:
    return _named(lambda rule: rule.kind in kinds)


def _named(is_meant: Callable[[Rule], bool]) -> Callable[[Refused, np.ndarray], str]:
    def words(refused: Refused, _: np.ndarray) -> str:
        names = [r.name for r in refused.hard if is_meant(r) and _concerns(refused, r)]
        return f"would break {' or '.join(names) or 'a rule'}"

    return words


def _concerns(refused: Refused, rule: Rule) -> bool:
    """Whether a rule about sets has the workload in one of them; other rules concern all."""
    return not len(rule.group) or bool(rule.group[refused.workload] >= 0)


def _rack_row(refused: Refused, hosts: np.ndarray) -> str:
    """Name the limits with least room on the racks of these hosts."""
    rows, names = refused.problem.rows, []
    for rack in np.unique(refused.problem.twin["host_rack"].values[hosts]):
        some = slice(rows.start[rack], rows.start[rack + 1])
        index = rows.index[some][rows.value[some] > 0.0]
        left = (rows.room[index] - refused.state.row_load[index]).min(axis=1)
        names.append(_row_name(refused.problem, int(index[left.argmin()])))
    distinct = list(dict.fromkeys(names))
    more = f" and {len(distinct) - 3} more" if len(distinct) > 3 else ""
    return f"would break {', '.join(distinct[:3])}{more}"


def _row_name(problem: Problem, row: int) -> str:
    block = int(problem.rows.block_of[row])
    first = int(np.searchsorted(problem.rows.block_of, block))
    return (
        f"{problem.rows.blocks[block].rule.name} ({problem.rows.blocks[block].names[row - first]})"
    )


_SETS: Sequence[str] = (
    "spread", "anti_affinity", "affinity", "group_count", "isolation", "isolation_limit",
)  # fmt: skip
_SUMS: Sequence[str] = (
    "domain_capacity", "group_capacity", "presence_overhead", "response_time",
)  # fmt: skip
_WORDS: dict[int, Callable[[Refused, np.ndarray], str]] = {
    kernel.NOT_ALLOWED: _barred,
    kernel.CAPACITY: _full,
    kernel.DEVICES: _no_device,
    kernel.COUNTS: _of_kinds(*_SETS, "presence_overhead", "response_time"),
    kernel.SUMS: _of_kinds(*_SUMS),
    kernel.TRANSIT: _of_kinds("transient_capacity"),
    kernel.ROWS: _rack_row,
    kernel.BUDGETS: _of_kinds(
        "headroom", "max_hosts_on", "survive_domain", "free_units", "licence"
    ),
    kernel.GROUPS: _of_kinds(*_SETS),
    kernel.NEARNESS: _named(is_nearness),
}
