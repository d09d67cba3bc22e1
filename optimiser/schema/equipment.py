"""Equipment cards: ratings, curves and where each number comes from.

Every field's docstring is its public description (the JSON Schema and the field pages carry it).
Loss stages share one form, ``P_in = P_out + a·P_r + b·P_out + c·P_out²/P_r``.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from optimiser.schema.base import Document

Positive = Annotated[float, Field(gt=0)]
NonNegative = Annotated[float, Field(ge=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]
NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._/+-]*$"
Name = Annotated[str, Field(min_length=1, pattern=NAME_PATTERN)]
InletClass = Literal["A1", "A2", "A3", "A4", "B", "C", "H1"]


class Card(Document):
    """What all cards say about themselves."""

    name: Name
    """Short name that sites refer to, unique within its kind."""
    title: str = ""
    """Maker and model as a person would write it."""
    source: str = ""
    """Where the numbers come from: measured result, maker's data, literature or default."""
    year: int | None = Field(default=None, ge=1980, le=2100)
    """Year in which the model became available."""
    notes: str = ""
    """Validity, caveats, how a value was derived."""


class Gpus(Document):
    """Accelerators of a server; power is linear between idle and maximum for each module."""

    model: str
    """Accelerator model; becomes the host label ``gpu_model``."""
    count: int = Field(ge=1, le=64)
    """Number of accelerator modules."""
    idle_w: NonNegative
    """Power of one idle module [W]."""
    max_w: Positive
    """Power of one fully used module [W]; use the measured, not the rated, value for energy."""


class ServerCard(Card):
    """A server model with its load curve."""

    kind: Literal["server"] = "server"
    curve_w: Annotated[list[NonNegative], Field(min_length=11, max_length=11)]
    """Power at active idle, 10 %, 20 % … 100 % load [W], accelerators left out."""
    power_basis: Literal["ac_input", "dc_output"] = "ac_input"
    """Where the curve was measured: SPECpower is AC input, so the PSU is already in it."""
    psu: Name | None = None
    """PSU card, needed when the curve is ``dc_output``."""
    psu_count: int = Field(default=2, ge=1, le=16)
    """Number of PSUs that share the load equally."""
    standby_w: NonNegative = 5.0
    """Power while the host sleeps (management controller) [W]."""
    idle_scale: float = Field(default=1.0, ge=0.5, le=3.0)
    """Factor on the idle point for fleets with more memory, disks and NICs than measured."""
    capacity: dict[str, int] = Field(default_factory=dict)
    """Usable amount of each site resource, in the unit of that resource."""
    rack_units: int = Field(default=1, ge=1, le=60)
    """Height in the rack [U]."""
    inlet_class: InletClass = "A2"
    """ASHRAE class that limits the inlet temperature."""
    air_rise_k: Positive = 12.0
    """Design temperature rise of the air through the server [K]."""
    gpus: Gpus | None = None
    """Accelerators, if any."""
    embodied_kgco2e: NonNegative | None = None
    """Carbon of making and shipping one server [kgCO2e], instead of the study's."""
    lifetime_years: Positive | None = None
    """Expected life, over which that carbon is spread [a], instead of the study's."""
    on_cost_per_h: NonNegative | None = None
    """Cost of a host of this model that is on, per hour, instead of the study's."""
    labels: dict[str, str] = Field(default_factory=dict)
    """Labels every host of this model carries, such as ``cpu_family: epyc``."""

    @model_validator(mode="after")
    def _consistent(self) -> ServerCard:
        if self.power_basis == "dc_output" and self.psu is None:
            raise ValueError("a curve at dc_output needs a psu card")
        if any(high < low for low, high in zip(self.curve_w, self.curve_w[1:], strict=False)):
            raise ValueError("curve_w must not fall as the load rises")
        return self


class PsuCard(Card):
    """A power supply unit with its efficiency points."""

    kind: Literal["psu"] = "psu"
    rating_w: Positive
    """Rated output [W]."""
    efficiency: dict[float, Fraction]
    """Efficiency by load fraction, for example ``{0.1: 0.9, 0.2: 0.94, 0.5: 0.96, 1.0: 0.91}``."""


class LossCard(Card):
    """A stage of the power chain: ``P_in = P_out + a·P_r + b·P_out + c·P_out²/P_r``."""

    rating_kw: Positive
    """Rated output P_r [kW]."""
    no_load_fraction: NonNegative
    """a: loss at no load as a fraction of the rating."""
    proportional_fraction: NonNegative
    """b: loss proportional to the load."""
    square_fraction: NonNegative
    """c: square-law loss at full load as a fraction of the rating."""


class PduCard(LossCard):
    """A power distribution unit, with or without a transformer."""

    kind: Literal["pdu"] = "pdu"
    derating_fraction: Fraction = 1.0
    """Share of the rating that may be used continuously (0.8 under North American practice)."""


class UpsCard(LossCard):
    """An uninterruptible power supply in one operating mode."""

    kind: Literal["ups"] = "ups"
    mode: Literal["double_conversion", "eco", "line_interactive"] = "double_conversion"
    """Operating mode; eco modes save energy and carry a transfer risk."""


class TransformerCard(LossCard):
    """A transformer; a and c follow from the efficiency at its optimum load."""

    kind: Literal["transformer"] = "transformer"


class CrahCard(Card):
    """A computer-room air handler with a variable-speed fan."""

    kind: Literal["crah"] = "crah"
    rated_cooling_kw: Positive
    """Sensible cooling at the rated flow and temperatures [kW]."""
    rated_flow_m3_s: Positive
    """Air flow at full speed [m³/s]."""
    rated_fan_kw: Positive
    """Fan power at full speed [kW]."""
    fan_exponent: float = Field(default=2.7, ge=1.0, le=3.0)
    """Exponent of the fan law; 3 ideal, 2.5 to 2.8 with constant plenum pressure."""
    min_flow_fraction: Fraction = 0.3
    """Lowest flow the fan can be turned down to."""


class Carnot(Document):
    """Carnot-ratio efficiency for warm chilled water, valid beyond the DOE-2 curves."""

    efficiency: float = Field(gt=0, le=0.8)
    """Share of the Carnot COP reached at the rated point."""
    approach_k: NonNegative = 2.0
    """Distance between leaving water and refrigerant temperature on both sides [K]."""
    min_lift_k: Positive = 8.0
    """Lift below which the COP no longer grows [K]."""


class ChillerCard(Card):
    """A chiller by DOE-2 curves (with their validity range) or by a Carnot ratio."""

    kind: Literal["chiller"] = "chiller"
    rated_cooling_kw: Positive
    """Cooling at reference temperatures [kW]."""
    rated_cop: Positive
    """COP at reference temperatures and full load."""
    reference_evaporator_c: float = 6.67
    """Leaving chilled-water temperature of the rating [°C]."""
    reference_condenser_c: float = 29.44
    """Condenser temperature of the rating [°C]: entering water for curves, leaving water for
    ``carnot``, outdoor air for air-cooled machines."""
    capacity_curve: Annotated[list[float], Field(min_length=6, max_length=6)] | None = None
    """CapFT: c1 + c2·x + c3·x² + c4·y + c5·y² + c6·x·y, x evaporator, y condenser [°C]."""
    efficiency_curve: Annotated[list[float], Field(min_length=6, max_length=6)] | None = None
    """EIRFT in the same form."""
    part_load_curve: Annotated[list[float], Field(min_length=3, max_length=3)] = [0.0, 0.5, 0.5]
    """EIRFPLR: d1 + d2·PLR + d3·PLR²."""
    valid_evaporator_c: tuple[float, float] = (4.4, 24.0)
    """Range of leaving chilled water in which the curves were fitted [°C]."""
    valid_condenser_c: tuple[float, float] = (12.8, 35.0)
    """Range of entering condenser water in which the curves were fitted [°C]."""
    min_part_load_fraction: Fraction = 0.1
    """Part load below which the machine cycles or bypasses hot gas."""
    carnot: Carnot | None = None
    """Used instead of the DOE-2 curves when given."""
    condenser: Literal["water", "air"] = "water"
    """What cools the condenser."""

    @model_validator(mode="after")
    def _ranges_rise(self) -> ChillerCard:
        for name in ("valid_evaporator_c", "valid_condenser_c"):
            low, high = getattr(self, name)
            if low >= high:
                raise ValueError(f"{name} is [{low:g}, {high:g}]; the lower end comes first")
        return self

    @model_validator(mode="after")
    def _one_model(self) -> ChillerCard:
        curves = self.capacity_curve is not None and self.efficiency_curve is not None
        if curves == (self.carnot is not None):
            raise ValueError("give either both DOE-2 curves or carnot, not both or neither")
        return self


class TowerCard(Card):
    """A wet cooling tower with a variable-speed fan."""

    kind: Literal["tower"] = "tower"
    rated_heat_kw: Positive
    """Heat rejected at design [kW]."""
    rated_fan_kw: Positive
    """Fan power at full speed [kW]."""
    design_approach_k: Positive = 3.9
    """Leaving water above wet bulb at design [K]."""
    design_range_k: Positive = 5.56
    """Water temperature fall at design [K]."""
    min_air_fraction: Fraction = 0.2
    """Lowest fan air flow ratio."""
    cycles_of_concentration: float = Field(default=4.0, gt=1.0)
    """Dissolved solids in blowdown over make-up."""
    drift_fraction: NonNegative = 0.00002
    """Drift as a fraction of the circulated water."""
    latent_fraction: Fraction = 0.75
    """Share of the rejected heat carried by evaporation."""


class DryCoolerCard(Card):
    """A dry or adiabatically assisted cooler."""

    kind: Literal["dry_cooler"] = "dry_cooler"
    rated_heat_kw: Positive
    """Heat rejected at design [kW]."""
    rated_fan_kw: Positive
    """Fan power at full speed [kW]."""
    approach_k: Positive = 7.0
    """Leaving fluid above the entering air [K]."""
    adiabatic_effectiveness: Fraction = 0.0
    """Effectiveness of the wetted pads; 0 is a plain dry cooler."""
    adiabatic_above_c: float = 24.0
    """Dry-bulb temperature above which the pads are wetted [°C]."""


class PumpCard(Card):
    """A variable-speed pump."""

    kind: Literal["pump"] = "pump"
    head_kpa: Positive
    """Head at design flow [kPa]."""
    efficiency: float = Field(default=0.75, gt=0, le=1)
    """Hydraulic efficiency."""
    motor_efficiency: float = Field(default=0.9, gt=0, le=1)
    """Motor and drive efficiency."""
    flow_exponent: float = Field(default=2.7, ge=1.0, le=3.0)
    """Exponent of power over flow."""
    design_rise_k: Positive = 6.0
    """Water temperature difference at design, which sets the flow [K]."""
    min_flow_fraction: Fraction = 0.3
    """Lowest flow ratio."""


class RackCard(Card):
    """A rack type."""

    kind: Literal["rack"] = "rack"
    rack_units: int = Field(default=42, ge=1, le=100)
    """Usable height [U]."""
    max_load_kg: Positive = 1000.0
    """Static load [kg]."""


AnyCard = Annotated[
    ServerCard
    | PsuCard
    | PduCard
    | UpsCard
    | TransformerCard
    | CrahCard
    | ChillerCard
    | TowerCard
    | DryCoolerCard
    | PumpCard
    | RackCard,
    Field(discriminator="kind"),
]

CARD_TYPES: dict[str, type[Card]] = {
    "server": ServerCard, "psu": PsuCard, "pdu": PduCard, "ups": UpsCard,
    "transformer": TransformerCard, "crah": CrahCard, "chiller": ChillerCard,
    "tower": TowerCard, "dry_cooler": DryCoolerCard, "pump": PumpCard, "rack": RackCard,
}  # fmt: skip


class CardFile(Document):
    """A file of cards, as kept in ``models/equipment``."""

    cards: list[AnyCard]
    """The cards of this file."""
