"""The cooling plant: chillers, heat rejection, pumps and economiser for a given heat and hour."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np

from optimiser.errors import Problem, raise_all
from optimiser.schema.equipment import ChillerCard, DryCoolerCard, PumpCard, TowerCard
from optimiser.schema.site import Plant
from optimiser.twin.chiller import ChillerPower, chiller_power
from optimiser.twin.economiser import free_cooling_share, is_enabled
from optimiser.twin.pumps import PumpFlow, pump_loop
from optimiser.twin.rejection import Rejector
from optimiser.twin.tower import Rejection
from optimiser.units import WATER_HEAT_CAPACITY_J_KG_K

# condenser temperature and heat depend on each other; each pass shrinks the error some 20-fold
_PASSES = 8


@dataclass(frozen=True)
class CoolingPlant:
    """The plant of a site with its cards.

    ``rejector`` and ``condenser_pump`` are ``None`` when the chillers reject straight to air.
    """

    plant: Plant
    chiller: ChillerCard
    chilled_water_pump: PumpCard
    condenser_pump: PumpCard | None
    rejector: Rejector | None

    @property
    def design_heat_w(self) -> float:
        """Cooling that the loops are sized for [W]: machines without the redundant ones."""
        duty = max(1, self.plant.chiller_count - self.plant.chiller_redundant)
        return duty * self.chiller.rated_cooling_kw * 1e3

    @property
    def design_rejection_w(self) -> float:
        """Heat that the condenser loop is sized for [W]."""
        return self.design_heat_w * (1.0 + 1.0 / self.chiller.rated_cop)


@dataclass(frozen=True)
class PlantPower:
    """Power [W], water [L/h], state and flags of the plant, all of the shape of the heat.

    ``heat_rejected_w`` leaves through condenser or exchanger; ``free_share`` of the heat by the
    economiser [1]; ``condenser_c`` water entering the condensers, or outdoor air [°C].
    ``is_clamped``: a curve was held at the edge of its range; ``is_overloaded``: more heat than the
    installed machines can take.
    """

    chiller_w: np.ndarray
    chilled_water_pump_w: np.ndarray
    condenser_pump_w: np.ndarray
    rejection_fan_w: np.ndarray
    water_l_per_h: np.ndarray
    heat_rejected_w: np.ndarray
    free_share: np.ndarray
    condenser_c: np.ndarray
    is_clamped: np.ndarray
    is_overloaded: np.ndarray

    @property
    def power_w(self) -> np.ndarray:
        """Electrical power of the whole plant [W]."""
        return (
            self.chiller_w
            + self.chilled_water_pump_w
            + self.condenser_pump_w
            + self.rejection_fan_w
        )


def read_plant(document: str) -> CoolingPlant | None:
    """Return the plant from the twin's ``plant`` attribute (JSON), ``None`` when it is empty.

    Raises ``InputError`` when a water-cooled condenser has nothing to reject its heat to.
    """
    if not document:
        return None
    data = json.loads(document)
    plant, cards = Plant.model_validate(data["plant"]), data["cards"]
    chiller = ChillerCard.model_validate(cards["chiller"])
    tower = TowerCard.model_validate(cards["tower"]) if cards.get("tower") else None
    dry = DryCoolerCard.model_validate(cards["dry_cooler"]) if cards.get("dry_cooler") else None
    pump = PumpCard.model_validate(cards["condenser_pump"]) if cards.get("condenser_pump") else None
    raise_all(_problems(plant, chiller, tower, dry, pump))
    rejector = None
    if tower is not None or dry is not None:
        rejector = Rejector(tower, plant.tower_count, dry, plant.dry_cooler_count)
    return CoolingPlant(
        plant=plant,
        chiller=chiller,
        chilled_water_pump=PumpCard.model_validate(cards["chilled_water_pump"]),
        condenser_pump=pump,
        rejector=rejector,
    )


def _problems(
    plant: Plant,
    chiller: ChillerCard,
    tower: TowerCard | None,
    dry: DryCoolerCard | None,
    pump: PumpCard | None,
) -> list[Problem]:
    has_rejector = tower is not None or dry is not None
    found = []
    if chiller.condenser == "water" and not has_rejector:
        found.append(_missing("tower", "a tower or a dry_cooler", chiller))
    if chiller.condenser == "water" and pump is None:
        found.append(_missing("condenser_pump", "a pump card", chiller))
    if chiller.condenser == "air":
        unused = {
            "tower": tower is not None,
            "dry_cooler": dry is not None,
            "condenser_pump": pump is not None,
            "economiser": plant.economiser != "none",
        }
        found += [_unused(field, chiller) for field, given in unused.items() if given]
    if tower is not None and dry is not None:
        found.append(
            Problem(
                what="the plant has both towers and dry coolers",
                field="cooling.plant.dry_cooler",
                expected="one of the two",
                remedy="remove tower or dry_cooler",
            )
        )
    return found


def _missing(field: str, expected: str, chiller: ChillerCard) -> Problem:
    return Problem(
        what=f"the condenser of {chiller.name} is cooled by water, and nothing is given",
        field=f"cooling.plant.{field}",
        expected=expected,
        remedy="name the card, or choose a chiller with an air-cooled condenser",
    )


def _unused(field: str, chiller: ChillerCard) -> Problem:
    return Problem(
        what=f"the condenser of {chiller.name} is cooled by air, so this would have no effect",
        field=f"cooling.plant.{field}",
        expected="nothing",
        remedy=f"remove {field}, or choose a chiller with a water-cooled condenser",
    )


def plant_power(
    cooling: CoolingPlant, heat_w: np.ndarray, dry_bulb_c: np.ndarray, wet_bulb_c: np.ndarray
) -> PlantPower:
    """Return what the plant needs to remove ``heat_w`` [W] under the given weather [°C].

    The three arrays broadcast against each other, so that a whole curve over heat is one call.
    Pump work ends as heat: that of the chilled water must be cooled, that of the condenser loop
    rejected. Control: rejector fans hold wet bulb (dry cooler: entering air) plus the design
    approach, never below ``condenser_min_c`` at the chillers; the economiser opens when its water
    would be 1.1 K colder than the return at design and slows the fans once it carries all.
    """
    heat, dry, wet = np.broadcast_arrays(np.asarray(heat_w, dtype=float), dry_bulb_c, wet_bulb_c)
    rise = cooling.plant.chilled_water_rise_k
    chilled = pump_loop(cooling.chilled_water_pump, heat, cooling.design_heat_w, rise)
    load = heat + chilled.power_w
    if cooling.rejector is None or cooling.condenser_pump is None:
        return _to_air(cooling, load, chilled, dry)
    return _to_water(cooling, load, chilled, dry, wet)


def _to_air(
    cooling: CoolingPlant, load: np.ndarray, chilled: PumpFlow, dry: np.ndarray
) -> PlantPower:
    """Air-cooled condensers: their fans are part of the rated COP."""
    machines = chiller_power(
        cooling.chiller, cooling.plant.chiller_count, load, cooling.plant.chilled_water_c, dry
    )
    none = np.zeros_like(load)
    return PlantPower(
        chiller_w=machines.power_w,
        chilled_water_pump_w=chilled.power_w,
        condenser_pump_w=none,
        rejection_fan_w=none,
        water_l_per_h=none,
        heat_rejected_w=load + machines.power_w,
        free_share=none,
        condenser_c=dry,
        is_clamped=machines.is_clamped,
        is_overloaded=machines.is_overloaded,
    )


def _to_water(
    cooling: CoolingPlant, load: np.ndarray, chilled: PumpFlow, dry: np.ndarray, wet: np.ndarray
) -> PlantPower:
    assert cooling.rejector is not None
    plant, rejector = cooling.plant, cooling.rejector
    ground_c = rejector.ground_c(dry, wet)
    reset_c = ground_c + rejector.design_approach_k
    return_c = plant.chilled_water_c + load / (chilled.flow_kg_s * WATER_HEAT_CAPACITY_J_KG_K)
    rejected = load * (1.0 + 1.0 / cooling.chiller.rated_cop)
    enabled = _economiser_opens(cooling, reset_c)
    for _ in range(_PASSES):
        loop = _condenser_loop(cooling, rejected)
        first = rejector.reject(rejected, loop.flow_kg_s, ground_c, reset_c)
        available = first.leaving_c + plant.economiser_approach_k
        share = np.where(
            enabled, free_cooling_share(return_c, plant.chilled_water_c, available), 0.0
        )
        target = _target_c(cooling, share, enabled, reset_c)
        cooler = rejector.reject(rejected, loop.flow_kg_s, ground_c, target)
        condenser_c = np.maximum(cooler.leaving_c, plant.condenser_min_c)
        machines = chiller_power(
            cooling.chiller,
            plant.chiller_count,
            (1.0 - share) * load,
            plant.chilled_water_c,
            _at_curves_c(cooling, condenser_c, rejected, loop),
        )
        rejected = load + machines.power_w + loop.power_w
    water = rejector.water_l_per_h(rejected, loop.flow_kg_s, ground_c, target, dry, wet)
    return _assemble(chilled, loop, cooler, machines, rejected, share, condenser_c, water)


def _at_curves_c(
    cooling: CoolingPlant, entering_c: np.ndarray, rejected_w: np.ndarray, loop: PumpFlow
) -> np.ndarray:
    """Return the condenser temperature of the chiller model: entering water, Carnot leaving."""
    if cooling.chiller.carnot is None:
        return entering_c
    return entering_c + rejected_w / (loop.flow_kg_s * WATER_HEAT_CAPACITY_J_KG_K)


def _condenser_loop(cooling: CoolingPlant, rejected_w: np.ndarray) -> PumpFlow:
    card = cooling.condenser_pump
    assert card is not None
    return pump_loop(card, rejected_w, cooling.design_rejection_w, card.design_rise_k)


def _economiser_opens(cooling: CoolingPlant, reset_c: np.ndarray) -> np.ndarray:
    """Decide the mode by weather alone, on design temperatures, so that it cannot chatter."""
    plant = cooling.plant
    if plant.economiser == "none":
        return np.zeros(reset_c.shape, dtype=bool)
    return_c = np.array(plant.chilled_water_c + plant.chilled_water_rise_k)
    return is_enabled(return_c, reset_c + plant.economiser_approach_k)


def _target_c(
    cooling: CoolingPlant, share: np.ndarray, enabled: np.ndarray, reset_c: np.ndarray
) -> np.ndarray:
    """Return the water temperature that the rejector's fans hold."""
    plant = cooling.plant
    mechanical = np.maximum(reset_c, plant.condenser_min_c)
    free = np.maximum(reset_c, plant.chilled_water_c - plant.economiser_approach_k)
    return np.where(share >= 1.0, free, np.where(enabled, reset_c, mechanical))


def _assemble(
    chilled: PumpFlow,
    loop: PumpFlow,
    cooler: Rejection,
    machines: ChillerPower,
    rejected: np.ndarray,
    share: np.ndarray,
    condenser_c: np.ndarray,
    water: np.ndarray,
) -> PlantPower:
    return PlantPower(
        chiller_w=machines.power_w,
        chilled_water_pump_w=chilled.power_w,
        condenser_pump_w=loop.power_w,
        rejection_fan_w=cooler.fan_w,
        water_l_per_h=water,
        heat_rejected_w=rejected,
        free_share=share,
        condenser_c=condenser_c,
        is_clamped=machines.is_clamped | cooler.is_clamped,
        is_overloaded=machines.is_overloaded | cooler.is_overloaded,
    )
