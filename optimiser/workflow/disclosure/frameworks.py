"""Which outputs each framework needs."""

from __future__ import annotations

from collections.abc import Sequence

from optimiser.errors import UsageError, did_you_mean
from optimiser.report.disclosure.table import Output

FRAMEWORKS: dict[str, tuple[str, ...]] = {
    "iso30134": ("water",),
    "eed": ("eed_annex", "eed_label_preview", "water", "rule_verdicts"),
    "enefg": ("enefg_annex3", "rule_verdicts"),
    "ghgp": ("ghg_inventory", "instrument_ledger", "cfe_hourly", "embodied_assets"),
    "sci": ("sci_services", "embodied_assets"),
    "e1": ("esrs_e1", "ghg_inventory", "instrument_ledger"),
    "iso20000": ("capacity_plan",),
    "ipmvp": ("savings_verification",),
    "plan": ("plan_vs_baseline",),
}
"""Framework -> the outputs that it asks for."""
ALWAYS = ("kpi_summary", "energy_balance", "data_quality", "assumptions", "change_log")
"""Outputs that every report holds."""


def check_frameworks(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names sorted and once each. Raises ``UsageError`` for an unknown one."""
    for name in names:
        if name not in FRAMEWORKS:
            near = did_you_mean(name, FRAMEWORKS)
            raise UsageError(
                f"there is no framework {name!r}",
                near or f"the frameworks are {', '.join(FRAMEWORKS)}",
            )
    return tuple(sorted(set(names)))


def wanted(outputs: Sequence[Output], frameworks: Sequence[str]) -> tuple[Output, ...]:
    """Return the outputs of some frameworks; all of them when none is named."""
    if not frameworks:
        return tuple(outputs)
    names = {*ALWAYS, *(name for one in frameworks for name in FRAMEWORKS[one])}
    return tuple(output for output in outputs if output.name in names)
