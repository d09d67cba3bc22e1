"""What the tables of a site declare of hosts, workloads and services, beside numbers."""

from __future__ import annotations

from collections import defaultdict

import pandas as pd

from optimiser.library.columns import parse_labels
from optimiser.library.site import SiteInput
from optimiser.library.table_checks import split_names


def labels_of(table: pd.DataFrame) -> list[dict[str, str]]:
    """Return each row's labels, written as ``key=value;key=value``."""
    if "labels" not in table.columns:
        return [{} for _ in range(len(table))]
    texts = table["labels"].fillna("").astype(str).to_numpy(dtype=object).tolist()
    cache = {text: parse_labels(text) for text in set(texts)}
    return [cache[text] for text in texts]


def needs_of(site_input: SiteInput) -> dict[str, list[str]]:
    """Return the services that each service needs, empty where none are named."""
    found: dict[str, list[str]] = defaultdict(list)
    table = site_input.services
    if table is not None and "needs" in table.columns:
        found |= {
            str(name): split_names(str(text))
            for name, text in zip(table["name"], table["needs"].fillna(""), strict=True)
        }
    return found


def tenant_of(site_input: SiteInput) -> dict[str, str]:
    """Return the tenant of each service that has one."""
    table = site_input.services
    if table is None or "tenant" not in table.columns:
        return {}
    pairs = zip(table["name"].astype(str), table["tenant"].fillna("").astype(str), strict=True)
    return {name: tenant for name, tenant in pairs if tenant}


def matches(have: dict[str, str], wanted: dict[str, str]) -> bool:
    """Whether labels have all the wanted values."""
    return all(have.get(key) == value for key, value in wanted.items())
