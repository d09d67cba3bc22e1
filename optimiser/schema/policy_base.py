"""What all policies share: selectors, levels of domains, prices of broken rules."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from optimiser.schema.base import Document
from optimiser.schema.equipment import Name

DomainLevel = Literal["host", "rack", "row", "pdu", "ups", "feed", "zone", "site"]


class LabelLevel(Document):
    """Domains made by a host label: hosts with the same value form one, hosts without it none."""

    label: str
    """Host label, such as location or security_zone."""

    def __str__(self) -> str:
        return self.label


def _form_of_level(value: object) -> str:
    """Say which form a level has, so that a mistake in one is not told about the other too."""
    return "by label" if isinstance(value, dict | LabelLevel) else "by level"


GroupLevel = Annotated[
    Annotated[DomainLevel, Tag("by level")] | Annotated[LabelLevel, Tag("by label")],
    Discriminator(_form_of_level),
]


class SlaClass(Document):
    """A class of service: how its demand is read."""

    name: Name
    """Name, such as gold."""
    overcommit: dict[str, Annotated[float, Field(ge=1.0, le=16.0)]] = {}
    """Requested over reserved amount by resource; 1 reserves everything that is asked for."""
    peak: bool = False
    """Reserve each profile's peak at all times instead of following the profile."""


class WorkloadSelector(Document):
    """Which workloads a policy is about; conditions are joined by "and", none means all."""

    names: list[str] = []
    """Workload names; ``web`` also selects its replicas ``web-1``, ``web-2`` …"""
    services: list[str] = []
    """Services."""
    sla_classes: list[str] = []
    """SLA classes."""
    labels: dict[str, str] = {}
    """Labels that must all match."""


class Distance(Document):
    """How long the way between two places takes, in either direction."""

    a: str
    """One place."""
    b: str
    """The other place."""
    ms: float = Field(ge=0)
    """Round-trip time [ms]."""


class HostSelector(Document):
    """Which hosts a policy is about; conditions are joined by "and", none means all."""

    names: list[str] = []
    """Host names."""
    racks: list[str] = []
    """Racks."""
    rows: list[str] = []
    """Rows."""
    zones: list[str] = []
    """Cooling zones."""
    cards: list[str] = []
    """Server cards."""
    labels: dict[str, str] = {}
    """Labels that must all match."""


class Soft(Document):
    """A rule that may be broken at a price."""

    weight: float = Field(gt=0)
    """Price of one unit of violation over the horizon, in the site's currency."""


class PolicyBase(Document):
    """What all policies share."""

    name: Name
    """Name used in messages, the dual table and the report."""
    why: str = ""
    """Reason, shown where the rule binds."""
    soft: Soft | None = None
    """Price per unit of violation; hard when absent."""
