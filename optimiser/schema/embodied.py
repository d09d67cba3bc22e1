"""Cards of embodied carbon: what making a thing emitted, where the figure comes from, how sure."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from optimiser.schema.base import Document
from optimiser.schema.equipment import Name, NonNegative, Positive

Tier = Literal["epd", "vendor_lca", "bottom_up", "spend"]
TIERS: tuple[Tier, ...] = ("epd", "vendor_lca", "bottom_up", "spend")
"""Sources, the best first."""


class Silicon(Document):
    """Memory or solid-state storage modules of a server."""

    count: int = Field(ge=0)
    """Number of modules."""
    gb: Positive
    """Capacity of one [GB]."""
    gb_per_cm2: Positive | None = None
    """Density of its dies [GB/cm²]; the default range of the constants when left out."""


class Parts(Document):
    """What a server is made of, for the bottom-up estimate."""

    cpus: int = Field(default=2, ge=0)
    """Number of CPUs."""
    die_mm2: Positive | None = None
    """Area of the dies of one CPU [mm²]; the default range when left out."""
    memory: Silicon | None = None
    """Memory modules."""
    ssd: Silicon | None = None
    """Solid-state drives."""
    hdds: int = Field(default=0, ge=0)
    """Number of hard disks."""
    psus: int = Field(default=2, ge=0)
    """Number of power supplies."""
    psu_kg: Positive | None = None
    """Mass of one power supply [kg]."""
    case: Literal["rack", "blade"] = "rack"
    """Chassis."""


class EmbodiedCard(Document):
    """Embodied carbon of one kind of asset, cradle to gate, end of life excluded."""

    name: Name
    """Short name, unique within the library."""
    title: str
    """What it is, as a person would write it."""
    category: Literal["server", "rack", "storage", "network", "battery", "ups", "power", "cooling",
                      "building"]  # fmt: skip
    """Kind of asset."""
    per: Literal["item", "kWh", "kW", "kg", "m2"] = "item"
    """What the figures are for: one item, or a unit of capacity, mass or area."""
    tier: Tier
    """Kind of source: supplier declaration, maker's study, bottom-up estimate, spend."""
    source: str = Field(min_length=1)
    """Where the figures come from."""
    year: int | None = Field(default=None, ge=1980, le=2100)
    """Year of the source."""
    low_kgco2e: NonNegative | None = None
    """Low figure [kgCO2e]."""
    mid_kgco2e: NonNegative | None = None
    """Best estimate [kgCO2e]."""
    high_kgco2e: NonNegative | None = None
    """High figure [kgCO2e]."""
    parts: Parts | None = None
    """Parts of a server, when the figures follow from them."""
    lifetime_years: Positive = 5.0
    """Expected life [a]."""
    notes: str = ""
    """Validity and caveats."""

    @model_validator(mode="after")
    def _has_figures(self) -> EmbodiedCard:
        figures = (self.low_kgco2e, self.mid_kgco2e, self.high_kgco2e)
        given = [figure for figure in figures if figure is not None]
        if self.parts is not None:
            if given:
                raise ValueError("give figures or parts, not both")
            return self
        if len(given) < 3:
            raise ValueError("low_kgco2e, mid_kgco2e and high_kgco2e are needed, or parts")
        if given != sorted(given):
            raise ValueError("low, mid and high figures must rise")
        return self


Triple = Annotated[tuple[NonNegative, NonNegative, NonNegative], Field()]


class BottomUp(Document):
    """Constants of the bottom-up estimate of servers."""

    id: Name
    """Identifier and version."""
    source: str = Field(min_length=1)
    """Where the constants come from."""
    cpu_per_mm2: NonNegative
    """CPU die [kgCO2e/mm²]."""
    cpu_base: NonNegative
    """CPU package [kgCO2e]."""
    memory_per_cm2: NonNegative
    """Memory die [kgCO2e/cm²]."""
    memory_base: NonNegative
    """Memory module [kgCO2e]."""
    ssd_per_cm2: NonNegative
    """Flash die [kgCO2e/cm²]."""
    ssd_base: NonNegative
    """Solid-state drive [kgCO2e]."""
    hdd: NonNegative
    """Hard disk [kgCO2e]."""
    motherboard: NonNegative
    """Motherboard [kgCO2e]."""
    psu_per_kg: NonNegative
    """Power supply [kgCO2e/kg]."""
    psu_kg: NonNegative
    """Mass of a power supply whose own is not known [kg]."""
    case_rack: NonNegative
    """Rack chassis [kgCO2e]."""
    case_blade: NonNegative
    """Blade [kgCO2e]."""
    blade_enclosure: NonNegative
    """Enclosure of 16 blades [kgCO2e]."""
    assembly: NonNegative
    """Assembly [kgCO2e]."""
    die_mm2: Triple
    """CPU die area where it is not known: small, usual, large [mm²]."""
    memory_gb_per_cm2: Triple
    """Density of memory where it is not known: high, usual, low [GB/cm²]."""
    ssd_gb_per_cm2: Triple
    """Density of flash where it is not known: high, usual, low [GB/cm²]."""


class EmbodiedFile(Document):
    """A file of ``models/embodied``."""

    format: Literal["dcopt.embodied/1"] = "dcopt.embodied/1"
    """Version of this document."""
    constants: BottomUp | None = None
    """Constants of the bottom-up estimate; one file of the library has them."""
    cards: list[EmbodiedCard] = []
    """Cards."""
