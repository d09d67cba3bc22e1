"""Emission and water factors: rows that say what they are of, from whom, for where and when."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator

from optimiser.schema.base import Document
from optimiser.schema.equipment import Fraction, Name

Use = Literal["grid_location", "residual_mix", "supplier", "fuel", "district", "water", "upstream",
              "refrigerant"]  # fmt: skip


class FactorRow(Document):
    """One factor. None of the fields that say where it comes from may be left out."""

    id: Name
    """Identifier, unique within the library."""
    use: Use
    """What it is multiplied with: electricity by grid average or residual mix, fuel and so on."""
    value: float = Field(ge=0)
    """Factor."""
    unit: Literal["kgCO2e/kWh", "kgCO2e/L", "kgCO2e/kg", "kgCO2e/m3", "m3/kWh"]
    """Unit, amount per activity."""
    gwp_set: Literal["AR4", "AR5", "AR6", "CO2_only", "none"]
    """Global warming potentials that turned gases into CO2e; ``CO2_only`` holds no other gas."""
    geography: Annotated[str, Field(pattern=r"^[A-Z]{2}(-[A-Z0-9-]+)?$|^GLOBAL$")]
    """Country, part of a country or bidding zone, or GLOBAL."""
    valid_from: date
    """First day of the activity it is for."""
    valid_to: date
    """Last day of the activity it is for."""
    publisher: str = Field(min_length=1)
    """Who published it."""
    version: str = Field(min_length=1)
    """Edition or hash of the publication."""
    licence: str = Field(min_length=1)
    """Licence or terms of the publication."""
    scope_basis: Literal["generation", "consumption", "residual", "lifecycle", "direct", "upstream"]
    """What is in it."""
    retrieved_at: date
    """Day on which it was read."""
    accuracy_fraction: Fraction = 0.0
    """Relative accuracy at 95 %, where the publisher tells it."""
    is_renewable: bool = False
    """Whether the energy is renewable (supplier tariffs)."""
    note: str = ""
    """Remark, such as where in the publication it stands."""

    @model_validator(mode="after")
    def _is_consistent(self) -> FactorRow:
        if self.valid_to < self.valid_from:
            raise ValueError("valid_to is before valid_from")
        if (self.use == "water") != (self.unit == "m3/kWh"):
            raise ValueError("water factors are in m3/kWh, and only these")
        return self


class FactorFile(Document):
    """A file of ``models/factors``, or ``factors.yaml`` beside a site."""

    format: Literal["dcopt.factors/1"] = "dcopt.factors/1"
    """Version of this document."""
    factors: list[FactorRow]
    """Rows."""
