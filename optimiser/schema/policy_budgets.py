"""Budgets: policies that count hosts that are on, moves, and what the site draws."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from optimiser.schema.policy_base import HostSelector, PolicyBase, WorkloadSelector


class MinHostsOn(PolicyBase):
    """Keep at least so many hosts on, with or without work."""

    kind: Literal["min_hosts_on"] = "min_hosts_on"
    limit: int = Field(ge=0)
    """Smallest number of hosts on."""
    hosts: HostSelector = HostSelector()
    """Hosts that count."""


class MaxMovesPerService(PolicyBase):
    """Move at most so many workloads of each service."""

    kind: Literal["max_moves_per_service"] = "max_moves_per_service"
    limit: int = Field(ge=0)
    """Largest number of moves of one service."""
    workloads: WorkloadSelector = WorkloadSelector()
    """Workloads that count."""


class MoveBudget(PolicyBase):
    """Move only as much as a budget of money or memory allows."""

    kind: Literal["move_budget"] = "move_budget"
    limit: float = Field(ge=0)
    """Largest sum over the moves [currency of the site, or GiB]."""
    measure: Literal["cost", "gib"] = "cost"
    """``cost`` adds up what each move costs at once, ``gib`` the memory that moves."""
    workloads: WorkloadSelector = WorkloadSelector()
    """Workloads that count."""


class Budget(PolicyBase):
    """Keep what the site draws from the grid, emits, uses or pays for below a number.

    Counted as plans are: power of hosts along their planning curve through the facility's curves;
    the report has the full simulation beside it. Hours in which energy costs less than nothing
    count as free. The way there may draw more.
    """

    kind: Literal["budget"] = "budget"
    measure: Literal["energy", "carbon", "water", "cost", "power"] = "energy"
    """``energy`` [kWh], ``carbon`` [kgCO2e], ``water`` [m³] and ``cost`` of energy and water
    [currency of the site] are sums; ``power`` [kW] holds in every period."""
    limit: float = Field(ge=0)
    """Largest sum, or largest power, in the unit of the measure."""
    per: Literal["horizon", "day", "year"] = "horizon"
    """Time that a sum is for; that of a day or a year of 8,760 h counts in proportion to the
    horizon."""
    from_hour: int = Field(default=0, ge=0, le=23)
    """First local hour of the day that counts."""
    until_hour: int = Field(default=24, ge=1, le=24)
    """End of the hours that count; before ``from_hour`` it is on the next day."""

    @model_validator(mode="after")
    def _hours_differ(self) -> Budget:
        if self.from_hour == self.until_hour:
            raise ValueError(f"no hour lies between {self.from_hour} and {self.until_hour} o'clock")
        return self
