"""Where single workloads may run: policies that allow or forbid hosts, and combinations of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from optimiser.schema.base import Document
from optimiser.schema.equipment import Name
from optimiser.schema.policy_base import (
    Distance,
    HostSelector,
    LabelLevel,
    PolicyBase,
    WorkloadSelector,
)


class Ban(PolicyBase):
    """Never on these hosts."""

    kind: Literal["ban"] = "ban"
    workloads: WorkloadSelector = WorkloadSelector()
    """Workloads."""
    hosts: HostSelector
    """Hosts they may not use."""


class Fence(PolicyBase):
    """Only on these hosts."""

    kind: Literal["fence"] = "fence"
    workloads: WorkloadSelector
    """Workloads."""
    hosts: HostSelector
    """Hosts they may use."""


class RequireLabel(PolicyBase):
    """Only on hosts whose label has one of the values."""

    kind: Literal["require_label"] = "require_label"
    workloads: WorkloadSelector = WorkloadSelector()
    """Workloads."""
    label: str
    """Host label, such as gpu_model."""
    values: list[str] = []
    """Allowed values; when empty, the workload's own label of the same name (values joined by
    ``|``) says what it needs."""


class Pin(PolicyBase):
    """Keep the workloads on one host."""

    kind: Literal["pin"] = "pin"
    workloads: WorkloadSelector
    """Workloads."""
    host: str
    """Host they stay on."""


class Drain(PolicyBase):
    """Empty the hosts."""

    kind: Literal["drain"] = "drain"
    hosts: HostSelector
    """Hosts that end up empty."""


class Quarantine(PolicyBase):
    """Nothing moves onto the hosts and nothing leaves them."""

    kind: Literal["quarantine"] = "quarantine"
    hosts: HostSelector
    """Hosts that keep exactly what they hold."""


class Preserve(PolicyBase):
    """Do not move these workloads."""

    kind: Literal["preserve"] = "preserve"
    workloads: WorkloadSelector
    """Workloads that stay where they are."""


Place = Annotated[str, Field(pattern=r"^([A-Z]{2}|EU|EEA|adequacy)$")]


class DataClass(Document):
    """A class of data and where it may be processed."""

    name: Name
    """Name, as the labels of workloads give it."""
    allow: list[Place] = []
    """Countries (ISO 3166), or ``EU``, ``EEA``, ``adequacy`` of the dated ruleset; any when
    empty."""
    deny: list[Place] = []
    """Countries and sets of countries where it may not be processed whatever ``allow`` says."""
    special: bool = False
    """Special categories (GDPR Art. 9 and 10): an adequacy decision at risk does not count."""


class Residency(PolicyBase):
    """Process data only where it may be processed.

    What is not known never passes: a host without a country, or without the labels that are asked
    for, may hold no class that is restricted, and a workload that is selected and names no class
    counts as one that processes all of them. A decision has to be in force from the start of the
    horizon to its end.
    """

    kind: Literal["residency"] = "residency"
    workloads: WorkloadSelector = WorkloadSelector()
    """Workloads that process data."""
    classes: list[DataClass] = Field(min_length=1)
    """Classes of data."""
    data_label: str = "data_class"
    """Workload label with the classes that a workload processes, joined by ``|``."""
    place_label: str = "country"
    """Host label with the country; the site's country for hosts without it."""
    access_label: str = ""
    """Host label with the countries from which administrators reach the host, joined by ``|``:
    remote access counts as processing there. Not looked at when empty."""
    condition_label: str = ""
    """Host label with the conditions of adequacy decisions that its operator meets, joined by
    ``|``, such as ``dpf``; none are met when empty."""

    @field_validator("classes")
    @classmethod
    def _named_once(cls, classes: list[DataClass]) -> list[DataClass]:
        names = [one.name for one in classes]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"the class {twice[0]!r} is given twice")
        return classes


class Latency(PolicyBase):
    """Keep workloads near enough to their users, or to other services.

    A policy is about users or about ``services``, not both: two policies say both. With services,
    a workload of a named service is not asked about its own service, and a workload that has no
    host is near to nobody. What holds is the plan: on the way there services may be farther apart.
    """

    kind: Literal["latency"] = "latency"
    workloads: WorkloadSelector = WorkloadSelector()
    """Workloads that have users or need services."""
    limit_ms: float = Field(gt=0)
    """Longest round trip to any of the users, or to the services [ms]."""
    users: list[str] = []
    """Places of the users; when empty, those that ``users_label`` of the workload names, and
    workloads without that label are free."""
    users_label: str = "users"
    """Workload label with the places of its users, joined by ``|``."""
    services: list[str] = []
    """Services that the workloads must be near to, in place of users."""
    near_to: Literal["any", "all"] = "any"
    """``any``: at least one workload of each service is within the limit; ``all``: every workload
    of it that has a host is."""
    place_label: str = "pod"
    """Host label with the place of a host; hosts without it are near to nobody."""
    distances: list[Distance] = []
    """Ways between places; a pair without one is too far."""
    inside_ms: float = Field(default=0.0, ge=0)
    """Round trip inside one place [ms]."""

    @property
    def domain(self) -> LabelLevel | None:
        """Level of the places, where the policy is about several workloads at once."""
        return LabelLevel(label=self.place_label) if self.services else None

    @model_validator(mode="after")
    def _is_about_one_thing(self) -> Latency:
        if self.services and self.users:
            raise ValueError("give users or services; two policies say both")
        if self.near_to == "all" and not self.services:
            raise ValueError("near_to is about services; say which, or leave it out")
        return self


Placing = Ban | Fence | RequireLabel | Pin | Drain | Preserve | Residency | Latency


class AllOf(PolicyBase):
    """Keep every one of some rules about where workloads run, as one rule with one price."""

    kind: Literal["all_of"] = "all_of"
    rules: list[Annotated[Placing, Field(discriminator="kind")]] = Field(min_length=1)
    """The rules; they are not soft by themselves."""

    @model_validator(mode="after")
    def _one_price(self) -> AllOf:
        _refuse_prices(self.rules)
        return self


class AnyOf(PolicyBase):
    """Keep at least one of some rules, each workload the one that suits it.

    A rule that is not about a workload is kept by it.
    """

    kind: Literal["any_of"] = "any_of"
    rules: list[Annotated[Placing | AllOf, Field(discriminator="kind")]] = Field(min_length=2)
    """The rules; they are not soft by themselves."""

    @model_validator(mode="after")
    def _one_price(self) -> AnyOf:
        _refuse_prices(self.rules)
        return self


def _refuse_prices(rules: Sequence[PolicyBase]) -> None:
    for rule in rules:
        if isinstance(rule, Latency) and rule.services:
            raise ValueError(
                f"the rule {rule.name!r} inside is about services, hence about several workloads "
                "at once; combinations take rules about single workloads"
            )
        if rule.soft is not None:
            raise ValueError(f"the rule {rule.name!r} inside has a price; give one to the whole")
