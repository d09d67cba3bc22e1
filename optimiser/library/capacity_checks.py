"""What must hold between the cells of a row of the capacity plan's tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pandas as pd

from optimiser.schema.reporting import YEAR_MONTH
from optimiser.schema.roles import ROLES

TableRule = tuple[str, Any, str, str]
"""Column, rows that break the rule, what is wrong, remedy."""
_GROWTH = ("growth_p10", "growth_p50", "growth_p90")
_POWER_ROLES = {name for name, role in ROLES.items() if role.unit == "kWh"}


def resource_rules(frame: pd.DataFrame) -> Iterator[TableRule]:
    """Yield the rules of the table of resources."""
    one = "correct one of them"
    for column, most in (("derated", "nameplate"), ("usable", "derated"), ("use_p95", "use_peak"),
                         ("use_mean", "use_p95"), ("warn_fraction", "act_fraction")):  # fmt: skip
        yield column, frame[column] > frame[most], f"is above {most}", one
    bare = frame["derated"].isna() & (frame["usable"] > frame["nameplate"])
    yield "usable", bare, "is above nameplate", one
    yield from _origin_rules(frame)
    growth = frame[list(_GROWTH)]
    some = growth.notna().any(axis=1) & growth.isna().any(axis=1)
    yield "growth_p50", some, "growth is not told at P10, P50 and P90", "write all three or none"
    falls = (growth["growth_p10"] > growth["growth_p50"]) | (
        growth["growth_p50"] > growth["growth_p90"]
    )
    yield "growth_p50", falls, "growth falls from P10 over P50 to P90", "put them in order"
    bare = frame["lead_months"].isna() & frame["commissioning_months"].notna()
    yield "lead_months", bare, "commissioning without a lead time", "write the lead time too"


def _origin_rules(frame: pd.DataFrame) -> Iterator[TableRule]:
    """Yield the rules about where a row's figures come from."""
    origin, series = frame["known_from"], frame["series"]
    capacity = frame[["nameplate", "derated", "usable"]]
    bare = (origin != "model") & capacity.isna().all(axis=1)
    yield "usable", bare, "no capacity is told", "write nameplate, derated or usable"
    nameless = (origin != "told") & (series == "")
    yield "series", nameless, "says not what the figures are", "name the role or the resource"
    useless = (origin == "told") & (series != "")
    yield "series", useless, "belongs to a meter or the model", "write known_from, or leave it out"
    wrong = (origin == "meter") & (series != "") & ~series.isin(_POWER_ROLES)
    roles = "use a role in kWh: " + ", ".join(sorted(_POWER_ROLES))
    yield "series", wrong, "is no role of metered energy", roles
    unit = (origin == "meter") & ~frame["unit"].isin(["", "kW"])
    yield "unit", unit, "metered energy is shown as power", "write kW and capacities in kW"
    told = frame[["use_mean", "use_p95", "use_peak"]].notna().any(axis=1)
    twice = (origin != "told") & told
    yield "use_peak", twice, "use is known from elsewhere", "leave use out, or write told"


def demand_rules(frame: pd.DataFrame) -> Iterator[TableRule]:
    """Yield the rules of the table of demand."""
    form = re.compile(YEAR_MONTH)
    wrong = [form.match(month) is None for month in frame["month"]]
    yield "month", wrong, "is no month", "write it as 2025-03"
    empty = frame["demand"].isna() & frame["planned"].isna()
    yield "demand", empty, "neither demand nor what was planned", "write one of them"
