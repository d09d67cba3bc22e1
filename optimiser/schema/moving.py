"""How workloads are moved: bandwidth, how many at once, and when not."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field

from optimiser.schema.base import Document
from optimiser.schema.equipment import NonNegative, Positive

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ClockTime = Annotated[str, Field(pattern=r"^(([01]?\d|2[0-3]):[0-5]\d|24:00)$")]


class Throttle(Document):
    """At most so many moves at the same time in each domain of a level."""

    domain: Literal["host", "rack", "row", "zone", "pdu", "ups", "feed", "service", "site"]
    """Level whose domains are counted one by one; ``service`` counts moves of one service."""
    limit: int = Field(ge=1)
    """Most moves at the same time."""
    counts: Literal["in", "out", "under way"] = "under way"
    """What counts in a domain: moves that end there, that begin there, or both. A move inside one
    domain counts once."""


class Freeze(Document):
    """Hours in which nothing moves, in the site's local time."""

    start: ClockTime
    """First minute, ``HH:MM``."""
    end: ClockTime
    """Last minute, ``HH:MM``; when not after ``start`` it is on the next day."""
    days: list[Weekday] = list(WEEKDAYS)
    """Days of the week on which the window begins."""
    first_day: date | None = None
    """First day on which it begins; default is every day."""
    last_day: date | None = None
    """Last day on which it begins; default is every day."""


class Moving(Document):
    """How workloads are moved; waves get their start and end from it."""

    begin: datetime | None = None
    """When the first wave may start (local time of the site when it has no offset); default is the
    first moment of the horizon."""
    bandwidth_gbit_s: Positive = 10.0
    """Bandwidth of each host for copying, into it and out of it [Gbit/s]."""
    copy_factor: float = Field(default=1.2, ge=1.0)
    """Data sent over memory size: what is written during the copy is sent again."""
    overhead_s: NonNegative = 5.0
    """Time of a move beside the copy: preparation and switching over [s]."""
    energy_j_per_gib: NonNegative = 525.0
    """Energy of sender, network and receiver for each GiB sent [J]; 0.512 J per MB were measured by
    Liu et al. 2011, https://doi.org/10.1145/1996130.1996154."""
    concurrent_per_host: int = Field(default=4, ge=1)
    """Most moves at the same time into one host, and as many out of it."""
    concurrent: int | None = Field(default=None, ge=1)
    """Most moves at the same time in the whole site."""
    throttle: list[Throttle] = []
    """Further limits on moves at the same time, by domain."""
    freeze: list[Freeze] = []
    """Hours in which nothing moves; a wave that would reach into one waits until it is over."""

    @property
    def limits(self) -> tuple[Throttle, ...]:
        """Every limit on moves at the same time."""
        each = self.concurrent_per_host
        found = [Throttle(domain="host", limit=each, counts=side) for side in ("in", "out")]
        if self.concurrent is not None:
            found.append(Throttle(domain="site", limit=self.concurrent))
        return (*found, *self.throttle)
