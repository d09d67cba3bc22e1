"""What the exact checker is asked and what it answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import xarray as xr


@dataclass(frozen=True)
class Placement:
    """Where every workload runs and which hosts are on.

    ``host`` (W,) int32 with −1 for none; ``host_on`` (H,) bool; ``devices`` gives the devices of
    each workload, or is ``None`` when only their existence matters.
    """

    host: np.ndarray
    host_on: np.ndarray
    devices: Sequence[Sequence[int]] | None = None


@dataclass(frozen=True)
class Violation:
    """One limit that is not kept, at its worst moment.

    ``value`` and ``limit`` are in ``unit``; ``amount`` is the excess at that moment and
    ``price`` what it costs when the rule is soft (a violation that lasts counts once).
    """

    rule: str
    kind: str
    where: str
    limit: float
    value: float
    unit: str
    sentence: str
    amount: float = 0.0
    price: float = 0.0


@dataclass(frozen=True)
class Verdict:
    """The answer: hard rules broken, soft rules broken, and how much was checked.

    ``checked`` counts the limits by kind. Lists hold the worst violations of each rule, at most
    ``verify.MOST_LISTED``; ``broken`` counts all of them by rule. ``penalty`` is the price of all
    soft violations in the site's currency over the horizon.
    """

    violations: list[Violation]
    soft: list[Violation]
    checked: dict[str, int]
    broken: dict[str, int] = field(default_factory=dict)
    penalty: float = 0.0

    @property
    def is_legal(self) -> bool:
        """Whether every hard rule is kept."""
        return not self.violations

    def sentences(self) -> list[str]:
        """Return the violated hard rules in words, worst first within each rule."""
        return [violation.sentence for violation in self.violations]


def placement_today(twin: xr.Dataset) -> Placement:
    """Return where workloads run today."""
    return Placement(twin["workload_host"].values, twin["host_on"].values.astype(bool))


def placement_from_rows(
    twin: xr.Dataset, rows: pd.DataFrame, hosts_on: Sequence[str]
) -> tuple[Placement, list[Violation]]:
    """Read a placement from rows of names; what does not fit together comes back as violations.

    ``rows`` has the columns ``workload`` and ``host`` and perhaps ``devices`` (``0;1``);
    ``hosts_on`` are names. Unknown names and workloads named twice are violations of ``assign``;
    workloads without a row, or without a host in it, are left at −1 for the checker.
    """
    workload = pd.Index(twin["workload"].values.astype(str)).get_indexer(
        rows["workload"].astype(str)
    )
    names = pd.Index(twin["host"].values.astype(str))
    given = rows["host"].fillna("").astype(str).str.len().to_numpy() > 0
    host = names.get_indexer(rows["host"].astype(str))
    on = names.get_indexer(pd.Index(list(hosts_on), dtype=object))
    found = [
        *_unknown(rows["workload"], workload < 0, "workload"),
        *_unknown(rows["host"], given & (host < 0), "host"),
        *_unknown(pd.Series(list(hosts_on), dtype=object), on < 0, "host"),
        *_named_twice(rows["workload"].astype(str)),
    ]
    result = np.full(twin.sizes["workload"], -1, dtype=np.int32)
    known = (workload >= 0) & (host >= 0)
    result[workload[known]] = host[known]
    host_on = np.zeros(twin.sizes["host"], dtype=bool)
    host_on[on[on >= 0]] = True
    return Placement(result, host_on, _devices(twin, rows, workload)), found


def _devices(
    twin: xr.Dataset, rows: pd.DataFrame, workload: np.ndarray
) -> list[tuple[int, ...]] | None:
    if twin.attrs["device_resource"] < 0 or "devices" not in rows.columns:
        return None
    devices: list[tuple[int, ...]] = [()] * twin.sizes["workload"]
    texts = rows["devices"].fillna("").astype(str)
    if not texts.str.len().any():
        return None
    for index, text in zip(workload, texts, strict=True):
        if index >= 0 and text:
            devices[int(index)] = tuple(int(float(part)) for part in text.split(";") if part)
    return devices


def _unknown(names: pd.Series, wrong: np.ndarray, what: str) -> list[Violation]:
    return [
        assign_violation(str(name), f"{what} {name} does not exist on this site")
        for name in names[wrong]
    ]


def _named_twice(names: pd.Series) -> list[Violation]:
    counts = Counter(names[names.duplicated(keep=False)])
    return [
        assign_violation(name, f"workload {name} is placed {count} times", count)
        for name, count in counts.items()
    ]


def assign_violation(where: str, sentence: str, value: int = 0) -> Violation:
    """Return a violation of ``assign``: a workload that is not placed exactly once."""
    return Violation("assign", "assign", where, 1.0, float(value), "placements", sentence)
