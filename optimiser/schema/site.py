"""The site document: structure, power chain, cooling, environment and where the tables are."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from optimiser.schema.base import Document
from optimiser.schema.equipment import AnyCard, Fraction, Name, NonNegative, Positive
from optimiser.schema.policy import AnyPolicy, SlaClass


class Resource(Document):
    """One thing that hosts offer and workloads use, counted in integers."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    """Name, also the column name in the tables."""
    unit: str = ""
    """Unit of the integers, such as millicore or MiB."""
    drives_power: bool = False
    """Whether its utilisation moves a host along its power curve (exactly one resource does)."""
    device_size: int | None = Field(default=None, ge=1)
    """Set for devices such as GPUs: the amount that one device holds. Smaller requests share one
    device, larger ones are whole multiples and take whole devices."""


class Feed(Document):
    """One incoming supply with its transformer."""

    name: Name
    """Name of the feed, such as A."""
    transformer: Name | None = None
    """Transformer card; without one the feed has no losses and no limit."""
    rating_kw: Positive | None = None
    """Limit of the feed [kW]; default is the transformer's rating."""


class UpsUnit(Document):
    """One UPS between a feed and its PDUs."""

    name: Name
    """Name of the unit."""
    card: Name
    """UPS card."""
    feed: Name
    """Feed that supplies it."""
    count: int = Field(default=1, ge=1)
    """Modules in parallel; the rating is count times the card's."""


class PduUnit(Document):
    """One PDU between a UPS and the racks that name it."""

    name: Name
    """Name of the unit."""
    card: Name
    """PDU card."""
    ups: Name
    """UPS that supplies it."""


class Power(Document):
    """The power chain from the feeds down to the PDUs."""

    feeds: list[Feed] = []
    """Incoming supplies."""
    ups: list[UpsUnit] = []
    """UPS units."""
    pdus: list[PduUnit] = []
    """PDUs; a site with many gives them as the table ``pdus.csv`` instead."""


class Recirculation(Document):
    """How much exhaust air finds its way into inlets, when no measured matrix is given."""

    neighbour_fraction: Fraction = 0.03
    """Share of a rack's exhaust that enters the rack beside it."""
    own_fraction: Fraction = 0.04
    """Share of a rack's exhaust that enters its own inlet."""
    facing_fraction: Fraction = 0.01
    """Share that enters the rack two places away."""


class Zone(Document):
    """A cooling zone: a group of racks served by the same air handlers."""

    name: Name
    """Name of the zone."""
    crah: Name
    """CRAH card."""
    crah_count: int = Field(ge=1)
    """Installed units."""
    crah_redundant: int = Field(default=0, ge=0)
    """Units that may fail without losing cooling."""
    supply_air_c: float = Field(default=22.0, ge=5, le=40)
    """Supply air temperature [°C]."""
    bypass_fraction: Fraction = 0.1
    """Supply air that returns without passing a server, over the server air flow."""
    recirculation: Recirculation = Recirculation()
    """Generated cross-interference of the racks of the zone in their order."""


class Plant(Document):
    """What makes the cold: chillers, heat rejection, pumps and the economiser."""

    chiller: Name
    """Chiller card."""
    chiller_count: int = Field(ge=1)
    """Installed machines; the load is shared equally by those that run."""
    chiller_redundant: int = Field(default=0, ge=0)
    """Machines that may fail."""
    chilled_water_c: float = Field(default=18.0, ge=4, le=30)
    """Leaving chilled water [°C]."""
    chilled_water_rise_k: Positive = 6.0
    """Design temperature rise of the chilled water [K]."""
    tower: Name | None = None
    """Cooling tower card (water-cooled condenser)."""
    tower_count: int = Field(default=1, ge=1)
    """Installed tower cells."""
    dry_cooler: Name | None = None
    """Dry cooler card (instead of towers)."""
    dry_cooler_count: int = Field(default=1, ge=1)
    """Installed dry coolers."""
    condenser_min_c: float = Field(default=18.0, ge=5, le=35)
    """Lowest condenser water the controls allow in mechanical cooling [°C]."""
    chilled_water_pump: Name
    """Pump card of the chilled-water loop."""
    condenser_pump: Name | None = None
    """Pump card of the condenser loop."""
    economiser: Literal["none", "waterside"] = "none"
    """Whether a heat exchanger can bypass the chillers when the tower water is cold enough."""
    economiser_approach_k: Positive = 2.4
    """Approach of the heat exchanger [K]."""


class Cooling(Document):
    """Cooling zones and the plant behind them."""

    zones: list[Zone]
    """Cooling zones."""
    plant: Plant | None = None
    """Plant; without one only the air handlers are modelled."""


class Environment(Document):
    """Weather, prices, carbon and water by the hour; a number stands for a constant series."""

    weather: str | None = None
    """CSV with ``time, dry_bulb_c, wet_bulb_c`` or an EPW file; needed when there is a plant."""
    price_per_kwh: float | str = 0.15
    """Energy price in the site's currency, or a CSV with ``time, price_per_kwh``."""
    carbon_g_per_kwh: float | str = 350.0
    """Grid carbon intensity, or a CSV with ``time, carbon_g_per_kwh``."""
    carbon_basis: str = ""
    """What the carbon numbers are: location or market based, direct or life cycle, source."""
    water_price_per_m3: NonNegative = 2.0
    """Price of make-up water."""
    grid_water_l_per_kwh: NonNegative = 0.0
    """Water used by the grid per kWh, for source WUE."""


class Tables(Document):
    """Files beside ``site.yaml``, CSV or Parquet."""

    hosts: str = "hosts.csv"
    """One row per host."""
    racks: str = "racks.csv"
    """One row per rack."""
    services: str | None = None
    """One row per service."""
    workloads: str = "workloads.csv"
    """One row per workload component (with replicas)."""
    placement: str | None = "placement.csv"
    """Where each workload runs today."""
    demand: str | None = None
    """Demand profiles: fraction of the request by time."""
    pdus: str | None = None
    """PDUs as a table."""
    move_costs: str | None = None
    """Costs of a move from host to host, or from class to class of hosts."""


class Location(Document):
    """Where the site is."""

    country: str = ""
    """ISO 3166 code."""
    time_zone: str = "UTC"
    """IANA time zone of the local clock."""
    latitude: float | None = Field(default=None, ge=-90, le=90)
    """Latitude [°]."""
    longitude: float | None = Field(default=None, ge=-180, le=180)
    """Longitude [°]."""
    altitude_m: float = Field(default=0.0, ge=-500, le=6000)
    """Height above sea level [m]."""


class Site(Document):
    """A data centre as ``site.yaml`` describes it."""

    format: Literal["dcopt.site/1"] = "dcopt.site/1"
    """Version of this document."""
    name: str
    """Name of the site."""
    description: str = ""
    """A sentence about it."""
    location: Location = Location()
    """Where it is."""
    currency: str = Field(default="EUR", pattern=r"^[A-Z]{3}$")
    """Currency of every price."""
    resources: list[Resource] = [
        Resource(name="cpu", unit="millicore", drives_power=True),
        Resource(name="memory", unit="MiB"),
    ]
    """What hosts offer and workloads use."""
    equipment: list[AnyCard] = []
    """Cards of this site; they take precedence over the library's."""
    power: Power | None = None
    """Power chain; without one only the IT power is known."""
    cooling: Cooling | None = None
    """Cooling; without it PUE is not reported."""
    environment: Environment = Environment()
    """Weather, prices, carbon, water."""
    tables: Tables = Tables()
    """Files beside this one."""
    sla_classes: list[SlaClass] = []
    """Classes that services belong to."""
    policies: list[AnyPolicy] = []
    """Rules every plan keeps."""
