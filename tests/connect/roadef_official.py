"""The challenge's constraints and costs, recomputed from its statement, process by process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from optimiser.connect.roadef_files import Instance


@dataclass(frozen=True)
class Official:
    """Whether an assignment is feasible, and its costs as the challenge counts them."""

    is_feasible: bool
    load: int
    balance: int
    process_moves: int
    service_moves: int
    machine_moves: int

    @property
    def total(self) -> int:
        """The objective."""
        moves = self.process_moves + self.service_moves + self.machine_moves
        return self.load + self.balance + moves


def judge(instance: Instance, assignment: np.ndarray) -> Official:
    """Return the official verdict, in Python's own whole numbers."""
    machines, resources = instance.capacity.shape
    first = instance.assignment.tolist()
    use = [[0] * resources for _ in range(machines)]
    transit = [[0] * resources for _ in range(machines)]
    moves = [0] * len(instance.min_locations)
    process_moves = machine_moves = 0
    for process, machine in enumerate(assignment.tolist()):
        demand, came_from = instance.demand[process].tolist(), first[process]
        for r in range(resources):
            use[machine][r] += demand[r]
            if machine != came_from and instance.is_transient[r]:
                transit[came_from][r] += demand[r]
        if machine != came_from:
            moves[instance.service[process]] += 1
            process_moves += int(instance.process_move[process])
            machine_moves += int(instance.machine_move[came_from, machine])
    return Official(
        is_feasible=_fits(instance, use, transit) and _groups_hold(instance, assignment),
        load=_load(instance, use),
        balance=_balance(instance, use),
        process_moves=process_moves * instance.process_weight,
        service_moves=max(moves) * instance.service_weight,
        machine_moves=machine_moves * instance.machine_weight,
    )


def _fits(instance: Instance, use: list[list[int]], transit: list[list[int]]) -> bool:
    total = np.array(use) + np.array(transit)
    return bool((total <= instance.capacity).all())


def _load(instance: Instance, use: list[list[int]]) -> int:
    return sum(
        int(weight) * max(0, used[r] - int(safe[r]))
        for used, safe in zip(use, instance.safety, strict=True)
        for r, weight in enumerate(instance.load_weight)
    )


def _balance(instance: Instance, use: list[list[int]]) -> int:
    total = 0
    for first, second, target, weight in instance.balance.tolist():
        for used, capacity in zip(use, instance.capacity.tolist(), strict=True):
            free = [capacity[r] - used[r] for r in (first, second)]
            total += weight * max(0, target * free[0] - free[1])
    return total


def _groups_hold(instance: Instance, assignment: np.ndarray) -> bool:
    where: list[list[int]] = [[] for _ in instance.min_locations]
    for service, machine in zip(instance.service.tolist(), assignment.tolist(), strict=True):
        where[service].append(machine)
    near = [{int(instance.neighbourhood[m]) for m in machines} for machines in where]
    for service, machines in enumerate(where):
        if len(set(machines)) < len(machines):
            return False
        places = {int(instance.location[m]) for m in machines}
        if len(places) < instance.min_locations[service]:
            return False
        if any(near[service] - near[other] for other in instance.needs[service]):
            return False
    return True


def write_instance(folder: Path, seed: int = 1) -> tuple[Path, Path]:
    """Write a small random instance whose first assignment is feasible; return both files.

    8 machines in 4 locations and 2 neighbourhoods, 3 resources (the second transient), 9 services
    with up to 4 processes, two balance costs.
    """
    rng = np.random.default_rng(seed)
    machines, resources, services = 8, 3, 9
    size = [int(n) for n in rng.integers(1, 5, services)]
    service = np.repeat(np.arange(services), size)
    # one process after the other, so that no machine holds two of a service
    assignment = np.arange(len(service)) % machines
    demand = rng.integers(1, 60, (len(service), resources))
    use = np.zeros((machines, resources), dtype=np.int64)
    np.add.at(use, assignment, demand)
    capacity = use + rng.integers(20, 120, use.shape)
    near, needs = _needs(service, assignment, services)
    lines = [str(resources), "0 10", "1 5", "0 20", str(machines)]
    for m in range(machines):
        cost = [int(c) for c in rng.integers(1, 9, machines) * (np.arange(machines) != m)]
        safe = capacity[m] // 2
        lines.append(_line(near[m], m % 4, *capacity[m], *safe, *cost))
    lines.append(str(services))
    places = [len({int(m) % 4 for m in assignment[service == s]}) for s in range(services)]
    for s in range(services):
        least = places[s] if s % 2 else 1
        lines.append(_line(least, len(needs[s]), *needs[s]))
    lines.append(str(len(service)))
    for p in range(len(service)):
        lines.append(_line(service[p], *demand[p], int(rng.integers(1, 9))))
    lines += ["2", "0 1 2", "7", "1 2 1", "3", "1 10 100"]
    model, start = folder / "model_tiny.txt", folder / "assignment_tiny.txt"
    model.write_text("\n".join(lines) + "\n", encoding="ascii")
    start.write_text(_line(*assignment) + "\n", encoding="ascii")
    return model, start


def _needs(
    service: np.ndarray, assignment: np.ndarray, services: int
) -> tuple[list[int], list[list[int]]]:
    """Return the neighbourhood of each machine, and needs that the assignment keeps."""
    near = [m % 2 for m in range(8)]
    used = [{near[m] for m in assignment[service == s]} for s in range(services)]
    needs = [
        [o for o in range(services) if o != s and used[s] <= used[o]][:2] if s % 3 == 0 else []
        for s in range(services)
    ]
    return near, needs


def _line(*numbers: object) -> str:
    return " ".join(str(int(n)) for n in numbers)  # type: ignore[call-overload]
