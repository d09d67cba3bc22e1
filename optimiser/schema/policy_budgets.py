"""Budgets: policies that count hosts that are on, and moves."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

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
