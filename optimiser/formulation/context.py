"""What is known about a model while it is built and after: arrays of variables, slacks, rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from optimiser.formulation.instance import Instance
from optimiser.formulation.linear import Linear, objects
from optimiser.formulation.modelling import pyo
from optimiser.formulation.recipe import Recipe


@dataclass(frozen=True, eq=False)
class Slack:
    """One amount by which a rule may be broken, at a price.

    ``constraint`` and ``rule`` say which, ``where`` at what host, rack or service; ``unit`` that of
    the limit; ``weight`` its price per unit in the objective; ``is_elastic`` when only the elastic
    model has it.
    """

    constraint: str
    rule: str
    where: str
    variable: Any
    weight: float
    unit: str
    is_elastic: bool
    bodies: list[tuple[Linear, float]] = field(default_factory=list)

    def needed(self) -> float:
        """Return the least value that keeps every row, at the present values of the variables."""
        return max([0.0, *(body.value() - limit for body, limit in self.bodies)])


@dataclass(eq=False)
class Context:
    """Everything beside the Pyomo components of one model.

    ``arrays`` variables by name as object arrays; ``pair_group`` and ``pair_host`` (pair,) the
    pairs of workload group and host group in the model, sorted by host; ``terms`` the objective
    terms as expressions; ``sums`` left sides and limits of rows that several slacks pay for
    together; ``shared`` what several functions of a block look at.
    """

    model: pyo.ConcreteModel
    instance: Instance
    recipe: Recipe
    elastic: bool
    pair_group: np.ndarray
    pair_host: np.ndarray
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    slacks: dict[tuple[str, str, str], Slack] = field(default_factory=dict)
    terms: dict[str, Linear] = field(default_factory=dict)
    sums: list[tuple[Linear, float, list[Slack]]] = field(default_factory=list)
    shared: dict[str, Any] = field(default_factory=dict)
    host_start: np.ndarray = field(init=False)
    group_order: np.ndarray = field(init=False)
    group_start: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        grouping = self.instance.grouping
        self.host_start = np.searchsorted(self.pair_host, np.arange(grouping.num_hosts + 1))
        self.group_order = np.argsort(self.pair_group, kind="stable")
        self.group_start = np.searchsorted(
            self.pair_group[self.group_order], np.arange(grouping.num_groups + 1)
        )

    def pairs_of_host(self, host_group: int) -> slice:
        """Return the pairs of a host group."""
        return slice(int(self.host_start[host_group]), int(self.host_start[host_group + 1]))

    def pairs_of_group(self, group: int) -> np.ndarray:
        """Return the pairs of a workload group."""
        return self.group_order[self.group_start[group] : self.group_start[group + 1]]

    def declare(
        self,
        name: str,
        index: Sequence[Any],
        *,
        domain: Any = pyo.NonNegativeReals,
        upper: Iterable[float] | None = None,
        shape: tuple[int, ...] | None = None,
    ) -> np.ndarray:
        """Declare an indexed variable and return it as an object array, also kept in ``arrays``."""
        variable = pyo.Var(index, domain=domain)
        self.model.add_component(name, variable)
        array = objects(variable.values())
        if upper is not None:
            for data, limit in zip(array, upper, strict=True):
                data.setub(float(limit))
        if shape is not None:
            array = array.reshape(shape)
        self.arrays[name] = array
        return array


def context_of(model: pyo.ConcreteModel) -> Context:
    """Return the context that :func:`build` left on a model."""
    context: Context = model.context
    return context
