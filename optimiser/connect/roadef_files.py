"""Read and write the files of the ROADEF/EURO challenge 2012: whole numbers in free format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from optimiser.errors import InputError, Problem

LARGEST = 2**53


@dataclass(frozen=True)
class Instance:
    """A model file and its first assignment; R resources, M machines, S services, P processes.

    ``is_transient`` and ``load_weight`` (R,); ``neighbourhood`` and ``location`` (M,); ``capacity``
    and ``safety`` (M, R); ``machine_move`` (M, M) from, to; ``min_locations`` (S,); ``needs`` one
    list of services per service; ``service`` and ``process_move`` (P,); ``demand`` (P, R);
    ``balance`` rows of two resources, target and weight; ``assignment`` (P,) machine of each
    process.
    """

    is_transient: np.ndarray
    load_weight: np.ndarray
    neighbourhood: np.ndarray
    location: np.ndarray
    capacity: np.ndarray
    safety: np.ndarray
    machine_move: np.ndarray
    min_locations: np.ndarray
    needs: list[list[int]]
    service: np.ndarray
    demand: np.ndarray
    process_move: np.ndarray
    balance: np.ndarray
    process_weight: int
    service_weight: int
    machine_weight: int
    assignment: np.ndarray


class _Numbers:
    """The numbers of a file, taken one after the other."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.values = read_numbers(path)
        self.position = 0

    def take(self, *shape: int, what: str) -> np.ndarray:
        """Return the next numbers in a shape; raise ``InputError`` when the file ends first."""
        count = int(np.prod(shape))
        found = self.values[self.position : self.position + count]
        if len(found) < count:
            raise self.wrong("the file ends too early", what, len(self.values), "more numbers")
        self.position += count
        return found.reshape(shape)

    def one(self, what: str, least: int = 0) -> int:
        """Return the next number."""
        value = int(self.take(1, what=what)[0])
        if value < least:
            raise self.wrong("is too small", what, value, f"at least {least}")
        return value

    def end(self) -> None:
        """Raise ``InputError`` when numbers are left."""
        left = len(self.values) - self.position
        if left:
            raise self.wrong("numbers are left over", "end of file", left, "no more numbers")

    def wrong(self, what: str, field: str, value: object, expected: str) -> InputError:
        """Return the error for a place in the file."""
        remedy = "check that this is a model file of the challenge, whole and unchanged"
        return InputError(Problem(what, str(self.path), None, field, value, expected, remedy))


def read_numbers(path: Path) -> np.ndarray:
    """Return the whole numbers of a file, (n,) int64; raise ``InputError`` for anything else."""
    try:
        words = path.read_bytes().split()
    except OSError as error:
        raise InputError(
            Problem("cannot be read", str(path), value=str(error), expected="a text file")
        ) from error
    try:
        values = np.array(words, dtype=np.int64)
    except (ValueError, OverflowError):
        bad = next(word for word in words if not word.lstrip(b"-").isdigit() or len(word) > 18)
        raise InputError(
            Problem(
                "is not a whole number",
                str(path),
                value=bad.decode("ascii", "replace"),
                expected="numbers separated by blanks",
            )
        ) from None
    if len(values) and (values.min() < 0 or values.max() > LARGEST):
        odd = values[(values < 0) | (values > LARGEST)][0]
        raise InputError(
            Problem("is out of range", str(path), value=int(odd), expected=f"0 to {LARGEST}")
        )
    return values


def read_instance(model: Path, assignment: Path) -> Instance:
    """Return an instance. Raises ``InputError`` naming the file and the part that is wrong."""
    numbers = _Numbers(model)
    resources = numbers.one("number of resources", 1)
    kinds = numbers.take(resources, 2, what="resources")
    machines = numbers.one("number of machines", 1)
    rows = numbers.take(machines, 2 + 2 * resources + machines, what="machines")
    services = numbers.one("number of services", 1)
    least, needs = [], []
    for service in range(services):
        least.append(numbers.one(f"spread of service {service}"))
        count = numbers.one(f"dependencies of service {service}")
        needs.append(numbers.take(count, what=f"dependencies of service {service}").tolist())
    processes = numbers.one("number of processes", 1)
    work = numbers.take(processes, 2 + resources, what="processes")
    balances = numbers.one("number of balance costs")
    balance = numbers.take(balances, 4, what="balance costs")
    weights = numbers.take(3, what="weights of moves").tolist()
    numbers.end()
    instance = Instance(
        is_transient=kinds[:, 0] > 0,
        load_weight=kinds[:, 1],
        neighbourhood=rows[:, 0],
        location=rows[:, 1],
        capacity=rows[:, 2 : 2 + resources],
        safety=rows[:, 2 + resources : 2 + 2 * resources],
        machine_move=rows[:, 2 + 2 * resources :],
        min_locations=np.array(least, dtype=np.int64),
        needs=needs,
        service=work[:, 0],
        demand=work[:, 1 : 1 + resources],
        process_move=work[:, 1 + resources],
        balance=balance,
        process_weight=weights[0],
        service_weight=weights[1],
        machine_weight=weights[2],
        assignment=read_assignment(assignment, processes, machines),
    )
    _refer(numbers, "service of a process", instance.service, services)
    _refer(numbers, "service needed", _joined(needs), services)
    _refer(numbers, "resource of a balance cost", balance[:, :2], resources)
    return instance


def _joined(lists: list[list[int]]) -> np.ndarray:
    return np.array([index for part in lists for index in part], dtype=np.int64)


def _refer(numbers: _Numbers, field: str, index: np.ndarray, count: int) -> None:
    if index.size and index.max() >= count:
        raise numbers.wrong("there is no such number", field, int(index.max()), f"below {count}")


def read_assignment(path: Path, processes: int, machines: int) -> np.ndarray:
    """Return the machine of each process, (P,). Raises ``InputError`` when it does not fit."""
    found = read_numbers(path)
    if len(found) != processes:
        raise InputError(
            Problem(
                "has the wrong number of entries",
                str(path),
                value=len(found),
                expected=f"{processes}, one machine for each process of the model",
                remedy="give the assignment that belongs to the model",
            )
        )
    if found.max() >= machines:
        raise InputError(
            Problem(
                "there is no such machine",
                str(path),
                value=int(found.max()),
                expected=f"0 to {machines - 1}",
            )
        )
    return found


def assignment_text(machine: Sequence[int]) -> str:
    """Return an assignment as the challenge wants it: one line, blanks between."""
    return " ".join(str(int(index)) for index in machine) + "\n"
