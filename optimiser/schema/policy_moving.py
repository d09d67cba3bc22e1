"""Policies about the way to a plan: they leave the plan as it is and order its moves."""

from __future__ import annotations

from typing import Literal

from optimiser.schema.moving import Throttle
from optimiser.schema.policy_base import PolicyBase


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
