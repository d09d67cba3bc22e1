"""Policies about the way to a plan: they order its moves, and say who may not move at all."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field, field_validator, model_validator

from optimiser.schema.equipment import Positive
from optimiser.schema.moving import Freeze, Throttle
from optimiser.schema.policy_base import PolicyBase, WorkloadSelector
from optimiser.schema.policy_sharing import GroupBy


class ThrottleMoves(Throttle, PolicyBase):
    """Let at most so many moves take place at the same time in each domain of a level.

    The same as an entry of ``moving.throttle`` of the study, but part of the site.
    """

    kind: Literal["throttle"] = "throttle"
    soft: None = None
    """A limit of the way there has no price."""

    def as_throttle(self) -> Throttle:
        """Return the limit as the study writes it."""
        return Throttle(domain=self.domain, limit=self.limit, counts=self.counts)


class Precedence(PolicyBase):
    """Let the moves of some workloads end before those of others begin.

    Who stays where it is waits for nobody and keeps nobody waiting. The way back undoes the last
    moves first, so there the rule holds the other way round.
    """

    kind: Literal["precedence"] = "precedence"
    before: WorkloadSelector
    """Workloads that move first."""
    after: WorkloadSelector
    """Workloads that move later; who is selected on both sides moves first."""
    soft: None = None
    """An order has no price."""


class Serialize(PolicyBase):
    """Never let two workloads of a group be under way at the same time."""

    kind: Literal["serialize"] = "serialize"
    workloads: WorkloadSelector = WorkloadSelector()
    """Workloads that move one after the other."""
    each: GroupBy = "all"
    """What makes a group; workloads that have none are free."""
    soft: None = None
    """An order has no price."""


class Sync(PolicyBase):
    """Let all moves of a group begin at the same moment.

    Nobody of the group makes a detour, for that would be a move at another time.
    """

    kind: Literal["sync"] = "sync"
    workloads: WorkloadSelector = WorkloadSelector()
    """Workloads that move together."""
    each: GroupBy = "all"
    """What makes a group; workloads that have none are free."""
    soft: None = None
    """An order has no price."""


class Deadline(PolicyBase):
    """Let the moves of some workloads end by a time.

    Who cannot be there in time stays where it is. The way back has no dates, so no deadline.
    """

    kind: Literal["deadline"] = "deadline"
    workloads: WorkloadSelector = WorkloadSelector()
    """Workloads whose moves end in time."""
    by: datetime | None = None
    """Last moment (local time of the site when it has no offset)."""
    within_h: Positive | None = None
    """The same as a time after the first wave may begin [h]."""
    soft: None = None
    """A deadline has no price."""

    @field_validator("by", mode="before")
    @classmethod
    def _is_no_number(cls, by: object) -> object:
        """Refuse what pydantic would read as seconds since 1970."""
        if isinstance(by, int | float) or (isinstance(by, str) and by.strip().isdigit()):
            raise ValueError(f"{by} is a number; write a date and time such as 2026-01-31T06:00")
        return by

    @model_validator(mode="after")
    def _one_time(self) -> Deadline:
        if (self.by is None) == (self.within_h is None):
            raise ValueError("give either by or within_h")
        return self


class DisruptionBudget(PolicyBase):
    """Disturb services only so far: replicas left alone, hours without moves, who never moves.

    What a number of replicas, an age or ``never_evict`` forbids for good no plan asks for; the rest
    orders the moves. A workload that starts is not disturbed. With a price, each workload that
    moves all the same pays it; only ``min_age_h`` and ``never_evict`` may have one.
    """

    kind: Literal["disruption_budget"] = "disruption_budget"
    workloads: WorkloadSelector = WorkloadSelector()
    """Workloads that are protected."""
    each: GroupBy = "service"
    """What makes a group of replicas; workloads that have none are free of ``min_up``."""
    min_up: int | None = Field(default=None, ge=0)
    """Replicas of each group that run and are not under way, at every moment."""
    min_up_fraction: float | None = Field(default=None, gt=0, le=1)
    """The same as a share of the group (rounded up)."""
    freeze: list[Freeze] = []
    """Hours in which none of them is under way."""
    min_age_h: Positive | None = None
    """Who has run for less than this where it runs (column ``age_h`` of the placement table) stays
    there [h]."""
    never_evict: bool = False
    """Whether none of them leaves the host on which it runs."""

    @model_validator(mode="after")
    def _says_something(self) -> DisruptionBudget:
        given = (self.min_up, self.min_up_fraction, self.min_age_h)
        if all(one is None for one in given) and not self.freeze and not self.never_evict:
            names = "min_up, min_up_fraction, freeze, min_age_h or never_evict"
            raise ValueError(f"the budget allows everything; give {names}")
        if self.soft is not None and self.orders_moves:
            raise ValueError("min_up and freeze have no price; give never_evict one of its own")
        return self

    @property
    def orders_moves(self) -> bool:
        """Whether it asks anything of the order of moves."""
        return bool(self.freeze or self.min_up or self.min_up_fraction)


WayPolicy = Precedence | Serialize | Sync | Deadline | DisruptionBudget
"""Policies that order moves."""
WAY_ONLY = (ThrottleMoves, Precedence, Serialize, Sync, Deadline)
"""Policies that leave the plan as it is."""
