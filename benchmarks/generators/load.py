"""Services, components with replicas, and how their demand runs over the day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from benchmarks.generators.fleet import GIB

HOURS_PER_DAY = 24
# family -> (lowest fraction, peaks as (hour, height, half width in hours))
Shape = tuple[float, tuple[tuple[float, float, float], ...]]
SHAPES: dict[str, Shape] = {
    "office": (0.12, ((10.5, 0.62, 2.6), (15.0, 0.60, 2.4))),
    "shop": (0.20, ((12.5, 0.30, 2.5), (20.0, 0.62, 2.6))),
    "evening": (0.15, ((20.5, 0.75, 2.8),)),
    "night": (0.06, ((2.5, 0.85, 2.2),)),
    "morning": (0.14, ((7.5, 0.70, 2.0),)),
    "overseas": (0.18, ((23.0, 0.45, 3.5), (4.0, 0.60, 3.0))),
    "flat": (0.55, ()),
}


@dataclass(frozen=True)
class ServiceGroup:
    """Services that share a role, an SLA class and the shape of their demand."""

    name: str
    """Role, the second half of the services' names."""
    sla_class: str
    families: Sequence[str]
    """Demand families of its components, taken in turn."""
    services: int
    components: tuple[int, int] = (1, 3)
    """Fewest and most components of a service."""
    replicas: tuple[int, int] = (4, 24)
    """Fewest and most replicas of a component."""
    cores: Sequence[int] = (1, 2, 4, 8)
    gib_per_core: Sequence[int] = (2, 4, 8)
    labels: str = ""
    """Labels of its workloads, ``key=value;key=value``."""


@dataclass(frozen=True)
class LoadSpec:
    """The demand of a site."""

    groups: Sequence[ServiceGroup]
    areas: Sequence[str]
    """First halves of the services' names; each service takes the next one."""
    profiles_per_family: Mapping[str, int] = field(default_factory=dict)
    workloads: int | None = None
    """Total number of workloads; the replicas are scaled to meet it exactly."""


@dataclass(frozen=True)
class Load:
    """Tables of services, workload components and demand profiles."""

    services: pd.DataFrame
    workloads: pd.DataFrame
    demand: pd.DataFrame

    @property
    def cpu_fraction(self) -> pd.DataFrame:
        """Fraction of the requested cpu, one row per profile, one column per hour."""
        return self.demand.pivot(index="profile", columns="time", values="cpu")


def make_load(spec: LoadSpec, rng: np.random.Generator) -> Load:
    """Return services, components and profiles drawn with ``rng``."""
    profiles = make_profiles(spec.profiles_per_family, rng)
    services: list[dict[str, str]] = []
    components: list[dict[str, object]] = []
    for group in spec.groups:
        for number in range(group.services):
            name = _service_name(spec, group, len(services), number)
            services.append(
                {"name": name, "sla_class": group.sla_class, "tenant": name.split("-")[0]}
            )
            components += _components(name, group, spec.profiles_per_family, rng)
    workloads = pd.DataFrame(components)
    if spec.workloads is not None:
        workloads["replicas"] = _scaled_to(workloads, spec.workloads)
    return Load(pd.DataFrame(services), workloads, profiles)


def make_profiles(counts: Mapping[str, int], rng: np.random.Generator) -> pd.DataFrame:
    """Return ``time, profile, cpu``: the variants of each family, hour by hour.

    A variant shifts the family's peaks by up to an hour and a half and scales them by ±12 %.
    """
    hours = np.arange(HOURS_PER_DAY) + 0.5
    frames = []
    for family, count in counts.items():
        for number in range(count):
            fraction = _variant(SHAPES[family], hours, rng)
            times = [f"{hour:02d}:00" for hour in range(HOURS_PER_DAY)]
            name = f"{family}-{number + 1}"
            frames.append(pd.DataFrame({"time": times, "profile": name, "cpu": fraction}))
    return pd.concat(frames, ignore_index=True)


def _variant(shape: Shape, hours: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    base, peaks = shape
    shift_h, scale = rng.uniform(-1.5, 1.5), rng.uniform(0.88, 1.12)
    fraction = np.full(HOURS_PER_DAY, base * scale)
    for hour, height, half_width_h in peaks:
        away_h = np.abs((hours - hour - shift_h + 12) % 24 - 12)
        fraction += scale * height * np.exp(-0.5 * (away_h / half_width_h) ** 2)
    if not peaks:
        fraction += rng.uniform(-0.2, 0.2)
    noisy = fraction + rng.normal(0.0, 0.015, HOURS_PER_DAY)
    return np.round(np.clip(noisy, 0.02, 1.0), 2)


def _service_name(spec: LoadSpec, group: ServiceGroup, total: int, number: int) -> str:
    area = spec.areas[total % len(spec.areas)]
    lap = number // len(spec.areas)
    return f"{area}-{group.name}" + (f"-{lap + 1}" if lap else "")


def _components(
    service: str, group: ServiceGroup, profile_counts: Mapping[str, int], rng: np.random.Generator
) -> list[dict[str, object]]:
    count = int(rng.integers(group.components[0], group.components[1] + 1))
    tiers = ("", "worker", "cache", "store", "index")
    rows: list[dict[str, object]] = []
    for number in range(count):
        family = group.families[number % len(group.families)]
        cores = int(rng.choice(group.cores))
        gib = min(cores * int(rng.choice(group.gib_per_core)), 64)
        rows.append(
            {
                "name": f"{service}-{tiers[number]}" if number else service,
                "service": service,
                "profile": f"{family}-{int(rng.integers(profile_counts[family])) + 1}",
                "replicas": int(rng.integers(group.replicas[0], group.replicas[1] + 1)),
                "cpu": cores * 1000,
                "memory": gib * GIB,
                "labels": group.labels,
            }
        )
    return rows


def _scaled_to(workloads: pd.DataFrame, total: int) -> np.ndarray:
    """Scale replica counts above one to a total, keeping single workloads single."""
    replicas = workloads["replicas"].to_numpy()
    is_many = replicas > 1
    wanted = replicas * (total - (~is_many).sum()) / replicas[is_many].sum()
    scaled = np.where(is_many, np.maximum(np.round(wanted), 2), 1).astype(int)
    largest_first = np.argsort(-scaled, kind="stable")
    short = total - int(scaled.sum())
    step = 1 if short > 0 else -1
    for turn in range(abs(short)):
        scaled[largest_first[turn % max(is_many.sum() // 2, 1)]] += step
    return scaled
