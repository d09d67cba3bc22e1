"""One face for towers and dry coolers: what the condenser loop rejects its heat to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimiser.schema.equipment import DryCoolerCard, TowerCard
from optimiser.twin.dry_cooler import (
    air_ratio,
    dry_cooler_rejection,
    entering_air_c,
    pad_water_l_per_h,
)
from optimiser.twin.tower import Rejection, tower_rejection
from optimiser.twin.water import make_up_l_per_h


@dataclass(frozen=True)
class Rejector:
    """Towers or dry coolers; exactly one card is given."""

    tower: TowerCard | None
    tower_count: int
    dry_cooler: DryCoolerCard | None
    dry_cooler_count: int

    @property
    def design_approach_k(self) -> float:
        """Leaving water above the ground temperature at design [K]."""
        if self.tower is not None:
            return self.tower.design_approach_k
        assert self.dry_cooler is not None
        return self.dry_cooler.approach_k

    def ground_c(self, dry_bulb_c: np.ndarray, wet_bulb_c: np.ndarray) -> np.ndarray:
        """Return the temperature that cooling approaches [°C]: wet bulb, or air at the coil."""
        if self.tower is not None:
            return np.asarray(wet_bulb_c)
        assert self.dry_cooler is not None
        return entering_air_c(self.dry_cooler, dry_bulb_c, wet_bulb_c)

    def reject(
        self,
        heat_w: np.ndarray,
        water_kg_s: np.ndarray,
        ground_c: np.ndarray,
        target_c: np.ndarray,
    ) -> Rejection:
        """Return leaving water and fans when ``heat_w`` is rejected holding ``target_c``."""
        if self.tower is not None:
            return tower_rejection(
                self.tower, self.tower_count, heat_w, water_kg_s, ground_c, target_c
            )
        assert self.dry_cooler is not None
        return dry_cooler_rejection(
            self.dry_cooler, self.dry_cooler_count, heat_w, ground_c, target_c
        )

    def water_l_per_h(
        self,
        heat_w: np.ndarray,
        water_kg_s: np.ndarray,
        ground_c: np.ndarray,
        target_c: np.ndarray,
        dry_bulb_c: np.ndarray,
        wet_bulb_c: np.ndarray,
    ) -> np.ndarray:
        """Return the make-up of towers, or what the pads of dry coolers evaporate [L/h]."""
        if self.tower is not None:
            return make_up_l_per_h(
                heat_w,
                water_kg_s,
                latent_fraction=self.tower.latent_fraction,
                drift_fraction=self.tower.drift_fraction,
                cycles_of_concentration=self.tower.cycles_of_concentration,
            )
        assert self.dry_cooler is not None
        card, count = self.dry_cooler, self.dry_cooler_count
        flow = air_ratio(card, count, heat_w, ground_c, target_c)
        return pad_water_l_per_h(card, count, flow, dry_bulb_c, wet_bulb_c)
