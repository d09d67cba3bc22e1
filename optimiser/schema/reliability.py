"""How often components fail: ``models/reliability``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from optimiser.schema.base import Document
from optimiser.schema.equipment import Name


class Component(Document):
    """A component that fails and is repaired."""

    name: Name
    """Name by which policies ask for it."""
    failures_per_year: float = Field(ge=0)
    """Failures of one unit in a year of 8,760 h."""
    repair_h: float = Field(gt=0)
    """Mean time to restore [h]."""


class SourcedComponent(Component):
    """A component of the library, with where its figures come from."""

    title: str
    """What it is."""
    low: float | None = Field(default=None, ge=0)
    """Lower limit of the rate."""
    high: float | None = Field(default=None, ge=0)
    """Upper limit of the rate."""
    failures: int | None = Field(default=None, ge=0)
    """Failures that were counted …"""
    unit_years: float | None = Field(default=None, gt=0)
    """… in so many years of units."""
    evidence: Literal["measured", "reported", "judgement"]
    """Counted failures, a published figure, or a placeholder."""
    source: str
    """Where it was published."""


class Reliability(Document):
    """A file of components."""

    format: Literal["dcopt.reliability/1"] = "dcopt.reliability/1"
    """Version of this document."""
    title: str
    """What the figures are about."""
    components: list[SourcedComponent]
    """Components by name."""
