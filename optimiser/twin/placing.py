"""Rules about single workloads as tables: which hosts are allowed, by class of equal answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd
import xarray as xr

from optimiser.distinct import distinct_rows
from optimiser.schema.policy import AnyPolicy, Latency, Pin, RequireLabel, Residency
from optimiser.twin.latency import UserFacts, near_places, users_of
from optimiser.twin.residency import DataFacts, Labels, allowed_places, facts_of
from optimiser.twin.today import hosts_of_today

PLACEMENT_KINDS = (
    "ban", "fence", "require_label", "pin", "drain", "quarantine", "preserve", "residency",
    "latency", "any_of", "all_of", "disruption_budget",
)  # fmt: skip


@dataclass(frozen=True)
class Declared:
    """What a site declares: labels of hosts (H,) and of rows, the row of each workload (W,)."""

    twin: xr.Dataset
    country: str
    host_labels: Sequence[Labels]
    row_labels: Sequence[Labels]
    row_of: np.ndarray


@dataclass(frozen=True)
class Placed:
    """``allowed`` (E, H) bool, ``allowed_class`` (W,) int32; class 0 is unrestricted.

    Only kinds about groups of all workloads, such as drain, restrict class 0.
    """

    allowed: np.ndarray | None = None
    allowed_class: np.ndarray | None = None
    facts: DataFacts | UserFacts | None = None


class Part(Protocol):
    """A rule inside a combination."""

    @property
    def allowed(self) -> np.ndarray | None: ...

    @property
    def allowed_class(self) -> np.ndarray | None: ...


def place_rule(
    declared: Declared,
    policy: AnyPolicy,
    workloads: np.ndarray,
    hosts: np.ndarray,
    parts: Sequence[Part],
) -> Placed:
    """Return where a policy lets workloads run; nothing for policies about something else.

    ``workloads`` (W,) and ``hosts`` (H,) bool are those selected, ``parts`` the rules of a
    combination.
    """
    if policy.kind not in PLACEMENT_KINDS:
        return Placed()
    if isinstance(policy, Residency):
        law = facts_of(
            policy, declared.twin, declared.country, declared.host_labels, declared.row_labels,
            declared.row_of,
        )  # fmt: skip
        return _by_facts(allowed_places(policy, law)[:, law.of_host], law, workloads)
    if isinstance(policy, Latency) and policy.services:
        return Placed()  # about several workloads at once, see nearness
    if isinstance(policy, Latency):
        users = users_of(policy, declared.host_labels, declared.row_labels, declared.row_of)
        return _by_facts(near_places(policy, users)[:, users.of_host], users, workloads)
    if policy.kind in ("any_of", "all_of"):
        return Placed(*_combined(parts, policy.kind == "any_of"))
    if isinstance(policy, RequireLabel):
        return Placed(*_labelled(declared, policy, workloads))
    return Placed(*_selected(declared.twin, policy, workloads, hosts))


def _by_facts(table: np.ndarray, facts: DataFacts | UserFacts, workloads: np.ndarray) -> Placed:
    free = np.ones((1, table.shape[1]), dtype=bool)
    chosen = np.where(workloads, facts.of_workload + 1, 0).astype(np.int32)
    return Placed(np.vstack([free, table]), chosen, facts)


def _combined(parts: Sequence[Part], either: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return the union or the intersection of what the parts allow."""
    tables = [part.allowed for part in parts if part.allowed is not None]
    classes = [part.allowed_class for part in parts if part.allowed_class is not None]
    table = np.column_stack(classes)
    first, which = distinct_rows(table)
    distinct = table[first]
    each = np.stack([table[distinct[:, i]] for i, table in enumerate(tables)])
    allowed = np.asarray(each.any(axis=0) if either else each.all(axis=0))
    return allowed, which.astype(np.int32)


def _selected(
    twin: xr.Dataset, policy: AnyPolicy, workloads: np.ndarray, hosts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    free, chosen = np.ones(len(hosts), dtype=bool), workloads.astype(np.int32)
    if policy.kind in ("preserve", "disruption_budget"):
        return hosts_of_today(twin, workloads)
    if policy.kind == "quarantine":
        return _quarantined(twin, hosts)
    if isinstance(policy, Pin):
        host = twin["host"].values.astype(str) == policy.host
        return np.stack([free, host]), chosen
    if policy.kind == "drain":
        return np.stack([~hosts]), np.zeros(len(workloads), dtype=np.int32)
    return np.stack([free, hosts if policy.kind == "fence" else ~hosts]), chosen


def _labelled(
    declared: Declared, policy: RequireLabel, workloads: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    have = np.array([labels.get(policy.label, "") for labels in declared.host_labels])
    if policy.values:
        row_value = pd.Series("|".join(policy.values), index=range(len(declared.row_labels)))
    else:
        row_value = pd.Series([labels.get(policy.label, "") for labels in declared.row_labels])
    values = ["", *sorted(set(row_value) - {""})]
    rows = [np.ones(len(have), dtype=bool)]
    rows += [np.isin(have, value.split("|")) for value in values[1:]]
    of_row = pd.Index(values).get_indexer(pd.Index(row_value)).astype(np.int32)
    return np.stack(rows), np.where(workloads, of_row[declared.row_of], 0).astype(np.int32)


def _quarantined(twin: xr.Dataset, hosts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Whoever is inside stays on its host; class 0, all others, keeps out."""
    today = twin["workload_host"].values
    allowed, allowed_class = hosts_of_today(twin, (today >= 0) & hosts[today])
    allowed[0] = ~hosts
    return allowed, allowed_class
