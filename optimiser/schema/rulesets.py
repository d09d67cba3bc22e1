"""Dated legal facts as documents: ``models/rulesets``."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import Field

from optimiser.schema.base import Document

Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]


class Adequacy(Document):
    """One adequacy decision (GDPR Art. 45)."""

    country: Country
    """Country it is about (ISO 3166)."""
    condition: str = ""
    """What an importer must meet to be covered; everybody is when empty."""
    valid_from: dt.date
    """First day in force."""
    valid_to: dt.date | None = None
    """Last day in force; open when absent."""
    at_risk: bool = False
    """Whether it is under appeal."""
    citation: str
    """The decision."""


class Transfers(Document):
    """Where personal data may be processed."""

    format: Literal["dcopt.transfers/1"] = "dcopt.transfers/1"
    """Version of this document."""
    title: str
    """What the facts are about."""
    retrieved: dt.date
    """Day on which the facts were looked up."""
    eu: list[Country]
    """Members of the European Union."""
    eea_besides_eu: list[Country]
    """Members of the European Economic Area that are not in the Union."""
    adequacy: list[Adequacy]
    """Adequacy decisions."""
