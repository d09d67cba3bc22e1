"""What a disclosure is made of, once everything has been read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import pandas as pd

from optimiser.analysis.inventory import Element
from optimiser.analysis.kpi.components import Components
from optimiser.analysis.kpi.energy import Weighting
from optimiser.analysis.kpi.quantity import Quality, Quantity, missing
from optimiser.analysis.kpi.ratio import Window
from optimiser.schema.period import Period
from optimiser.schema.reporting import Reporting
from optimiser.schema.roles import ROLES
from optimiser.schema.ruleset import Ruleset
from optimiser.store.runs import StoredRun

MEASURED, MODELLED, FORECAST = "measured", "modelled", "forecast"
SECTIONS = (MEASURED, MODELLED, FORECAST)
"""Bases that never share a table."""


def section_of(quality: Quality) -> str:
    """Return the section a value belongs to: its worst class decides."""
    if quality is Quality.FORECAST:
        return FORECAST
    return MODELLED if quality is Quality.MODELLED else MEASURED


@dataclass(frozen=True)
class Settings:
    """What the caller asked for, as far as it decides over the figures.

    ``run`` names a stored plan; the newest one when ``None``, none at all when empty. ``basis`` is
    where figures come from: the meters if the site names some, else the model.
    """

    period: str
    frameworks: tuple[str, ...] = ()
    rulesets: tuple[str, ...] = ()
    as_of: date | None = None
    allow_partial: bool = False
    weighting: Weighting | None = None
    run: str | None = None
    basis: Literal["meters", "model", "both"] | None = None


@dataclass(frozen=True)
class Source:
    """One basis of the figures: components over the period, all of one section."""

    section: str
    components: Components
    period: Period
    window: Window

    def parts(self, *roles: str) -> dict[str, Quantity]:
        """Return the components of those roles that the site has, over the same hours (G6)."""
        known = [role for role in roles if role in self.components.roles]
        return self.components.window(self.period, known) if known else {}

    def part(self, role: str) -> Quantity:
        """Return one component, missing where the site has no series of the role."""
        return self.parts(role).get(role) or missing(role, ROLES[role].unit)


@dataclass(frozen=True)
class ChosenFactor:
    """An emission or water factor: its value per unit of activity, identifier and description."""

    value: Quantity
    id: str
    told: str = ""


@dataclass(frozen=True)
class Material:
    """Documents, tables and sources of one site and period.

    ``tables`` holds the ledgers that the reporting document names (``instruments``, ``assets``,
    ``services``), ``files`` the SHA-256 of every input, ``defaults`` what was filled in, ``texts``
    the documents that go into the assurance pack. ``rulesets`` were chosen, ``previews`` are drafts
    of the same jurisdictions. ``factors`` are those that the document names, by use; ``baseline``
    is the measured source of the baseline period of savings, ``twin_of_baseline`` its simulation
    over the baseline and the reporting period, ``run`` the plan whose prediction is told,
    ``capacity`` the limited elements of the model with today's use, or why they are not known.
    """

    site: str
    reporting: Reporting
    period: Period
    settings: Settings
    sources: tuple[Source, ...]
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    defaults: tuple[str, ...] = ()
    texts: Mapping[str, bytes] = field(default_factory=dict)
    rulesets: tuple[Ruleset, ...] = ()
    previews: tuple[Ruleset, ...] = ()
    factors: Mapping[str, ChosenFactor] = field(default_factory=dict)
    baseline: Source | None = None
    twin_of_baseline: tuple[Source, Source] | None = None
    run: StoredRun | None = None
    capacity: Sequence[Element] | str = "not computed"

    @property
    def weighting(self) -> Weighting:
        """Weights of energy carriers: of the call, else of the document."""
        return self.settings.weighting or self.reporting.energy_weighting

    @property
    def first_day(self) -> date:
        """The first local day of the period."""
        return self.period.start.astimezone(ZoneInfo(self.period.zone)).date()

    @property
    def last_day(self) -> date:
        """The last local day of the period."""
        end = self.period.end.astimezone(ZoneInfo(self.period.zone)).date()
        return end - timedelta(days=1)

    @property
    def as_of(self) -> date:
        """The day whose rules apply; the last day of the period unless told otherwise."""
        return self.settings.as_of or self.last_day

    @property
    def best(self) -> Source:
        """The source that filings are made from: measured where there is one."""
        return self.sources[0]
