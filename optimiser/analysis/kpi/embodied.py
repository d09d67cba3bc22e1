"""Embodied carbon: estimates from parts, booked when acquired and amortised over life.

Two views that are never added: the corporate inventory books all of it in the year of acquisition
(GHG Protocol, scope 3 category 2), products and services carry a share of it for each hour
(ISO/IEC 21031). Source of the bottom-up estimate: Boavizta, constants in ``models/embodied``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from optimiser.analysis.kpi.quantity import Quality, Quantity, total
from optimiser.schema.embodied import BottomUp, EmbodiedCard, Parts

DAYS_PER_YEAR = 365.0
BLADES_PER_ENCLOSURE = 16
_LOW, _MID, _HIGH = range(3)
_MEASURED_TIERS = ("epd",)


@dataclass(frozen=True, slots=True)
class Footprint:
    """Embodied carbon of one asset [kgCO2e]: low, middle, high; where it comes from.

    ``status`` tells for each input of a bottom-up estimate whether it was given or a default.
    """

    low: float
    mid: float
    high: float
    tier: str
    source: str
    status: tuple[tuple[str, str], ...] = ()

    @property
    def quality(self) -> Quality:
        """Class: a supplier's declaration stands in for a measurement, all else is estimated."""
        return Quality.PROXY if self.tier in _MEASURED_TIERS else Quality.ESTIMATED

    def quantity(self, name: str, factor: float = 1.0) -> Quantity:
        """Return the footprint times a factor as a quantity [kgCO2e] with its interval."""
        return Quantity(
            name, self.mid * factor, "kgCO2e", self.quality, self.low * factor,
            self.high * factor, method=f"embodied-{self.tier}@1", sources=(self.source,),
        )  # fmt: skip


def estimate_server(parts: Parts, constants: BottomUp) -> Footprint:
    """Return the footprint of a server from its parts [kgCO2e].

    Facts that are not known take the range of the constants, which is all that low and high hold:
    the error of the constants is not in them.
    """
    low, mid, high = (_server(parts, constants, which) for which in (_LOW, _MID, _HIGH))
    return Footprint(low, mid, high, "bottom_up", constants.id, _status(parts))


def _server(parts: Parts, constants: BottomUp, which: int) -> float:
    """Add up a server; ``which`` picks the low, usual or high end of what is not known."""
    die = parts.die_mm2 or constants.die_mm2[which]
    amount = parts.cpus * (constants.cpu_per_mm2 * die + constants.cpu_base)
    for silicon, per_cm2, base, densities in (
        (parts.memory, constants.memory_per_cm2, constants.memory_base,
         constants.memory_gb_per_cm2),
        (parts.ssd, constants.ssd_per_cm2, constants.ssd_base, constants.ssd_gb_per_cm2),
    ):  # fmt: skip
        if silicon is not None:
            density = silicon.gb_per_cm2 or densities[which]
            amount += silicon.count * (per_cm2 * silicon.gb / density + base)
    amount += parts.hdds * constants.hdd + constants.motherboard + constants.assembly
    amount += parts.psus * constants.psu_per_kg * (parts.psu_kg or constants.psu_kg)
    if parts.case == "rack":
        return amount + constants.case_rack
    return amount + constants.case_blade + constants.blade_enclosure / BLADES_PER_ENCLOSURE


def _status(parts: Parts) -> tuple[tuple[str, str], ...]:
    told = {"die_mm2": parts.die_mm2, "psu_kg": parts.psu_kg}
    for name, silicon in (("memory", parts.memory), ("ssd", parts.ssd)):
        if silicon is not None:
            told[f"{name}.gb_per_cm2"] = silicon.gb_per_cm2
    return tuple((name, "DEFAULT" if value is None else "INPUT") for name, value in told.items())


def footprint_of(card: EmbodiedCard, constants: BottomUp) -> Footprint:
    """Return the footprint of a card, for one item or for one unit of ``card.per`` [kgCO2e]."""
    if card.parts is not None:
        return estimate_server(card.parts, constants)
    low, mid, high = card.low_kgco2e, card.mid_kgco2e, card.high_kgco2e
    assert low is not None and mid is not None and high is not None  # the card checks itself
    return Footprint(low, mid, high, card.tier, card.source)


@dataclass(frozen=True, slots=True)
class Asset:
    """``count`` equal assets: footprint of one, days of acquisition and retirement, life [a]."""

    name: str
    kind: str
    footprint: Footprint
    acquired: date
    lifetime_years: float
    count: float = 1.0
    retired: date | None = None

    @property
    def end(self) -> date:
        """First day on which nothing is left to amortise by plan."""
        return self.acquired + timedelta(days=round(self.lifetime_years * DAYS_PER_YEAR))

    def booked(self, start: date, end: date) -> Quantity:
        """Return what is booked from ``start`` to ``end`` (excluded): all of it when acquired."""
        share = 1.0 if start <= self.acquired < end else 0.0
        return self.footprint.quantity(f"{self.name} booked", share * self.count)

    def amortised(self, start: date, end: date) -> Quantity:
        """Return the straight-line share from ``start`` to ``end`` (excluded) [kgCO2e].

        What is left when an asset is retired early falls on the day of retirement, so that over all
        time as much is amortised as was booked. Raises ``ValueError`` for a life of no length or a
        retirement before the acquisition.
        """
        life = (self.end - self.acquired).days
        if life <= 0:
            raise ValueError(f"{self.name}: the life must be at least a day")
        if self.retired is not None and self.retired < self.acquired:
            raise ValueError(f"{self.name}: retired before it was acquired")
        stop = self.end if self.retired is None else min(self.end, self.retired)
        days = (min(end, stop) - max(start, self.acquired)).days
        share = max(0, days) / life
        if stop < self.end and start <= stop < end:
            share += (self.end - stop).days / life
        return self.footprint.quantity(f"{self.name} amortised", share * self.count)


def booked_in(assets: Sequence[Asset], start: date, end: date) -> Quantity:
    """Return embodied carbon acquired from ``start`` to ``end`` (excluded) [kgCO2e]."""
    return total("embodied booked", [asset.booked(start, end) for asset in assets], "kgCO2e")
