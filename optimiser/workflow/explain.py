"""Explain a stored plan, or a site before it is planned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import xarray as xr

from optimiser.analysis.bottlenecks import bottlenecks
from optimiser.analysis.verdict import Placement, placement_today
from optimiser.analysis.why import host_of, why_not
from optimiser.errors import CheckFailedError, InfeasibleError
from optimiser.schema.plan import Binding, Move, RulePrice, Term
from optimiser.store.manifest import MANIFEST
from optimiser.studies.transient import blocked_on_the_way
from optimiser.twin.rules import Rule
from optimiser.workflow.conflict import LIMIT_S, conflicts
from optimiser.workflow.loading import Loaded, load
from optimiser.workflow.verify import Opened, judge_placement, open_run

NEARLY_FULL = 0.95
"""Share of a limit from which it is told as what holds a plan back."""


@dataclass(frozen=True)
class Explanation:
    """What binds a plan, or why there is none; ``findings`` are contradictions in words."""

    subject: str
    currency: str
    sentences: list[str]
    findings: list[str] = field(default_factory=list)
    binding: Sequence[Binding] = ()
    terms: Sequence[Term] = ()
    rule_prices: Sequence[RulePrice] = ()

    def to_dict(self) -> dict[str, object]:
        """Return it as plain JSON types."""
        return {
            "subject": self.subject,
            "currency": self.currency,
            "sentences": self.sentences,
            "findings": self.findings,
            "binding": [found.model_dump(mode="json") for found in self.binding],
            "rule_prices": [price.model_dump(mode="json") for price in self.rule_prices],
            "terms": [term.model_dump(mode="json") for term in self.terms],
        }


def explain_path(path: Path) -> Explanation:
    """Explain a run folder or, for any other path, the site or study there."""
    return explain_run(path) if is_run(path) else explain_site(path)


def is_run(path: Path) -> bool:
    """Whether a path names a run rather than a site."""
    return path.name == "latest" or (path / MANIFEST).is_file()


def explain_run(path: Path) -> Explanation:
    """Say what holds a stored plan back. Raises ``InputError`` for a damaged run."""
    opened = open_run(path)
    plan = opened.run.plan
    placement, _, _ = judge_placement(opened)
    full = [
        f"{found.where}: {found.kind} at {found.fraction:.0%} of its limit"
        for found in bottlenecks(opened.twin, opened.loaded.rules, placement)
        if found.fraction >= NEARLY_FULL
    ]
    return Explanation(
        subject=str(opened.run.folder),
        currency=plan.currency,
        sentences=[plan.proof.sentence, *full],
        binding=plan.binding,
        terms=plan.terms,
        rule_prices=plan.rule_prices,
    )


def explain_site(path: Path, time_limit_s: float = LIMIT_S) -> Explanation:
    """Say whether any plan can keep every rule, and if none can, why and what would mend it.

    Arithmetic comes first, then the model in which rules may be broken at a price; on large sites
    the search looks for a plan that shows a way out to be enough. Raises ``InputError`` for a wrong
    site.
    """
    loaded = load(path)
    site = loaded.site_input.site
    try:
        found: Sequence[object] = conflicts(loaded, time_limit_s)
    except InfeasibleError as error:
        found = error.findings or (error.message,)
    if found:
        findings = [str(finding) for finding in found]
        return Explanation(site.name, site.currency, ["No plan can keep every rule."], findings)
    sentence = "Nothing stands in the way of a plan, as far as arithmetic and model can tell."
    return Explanation(site.name, site.currency, [sentence])


def explain_pair(path: Path, workload: str, host: str) -> list[str]:
    """Say in sentences what stands between a workload and a host, in a stored plan or today.

    Raises ``UsageError`` for unknown names and ``CheckFailedError`` when nothing is known to run.
    """
    if is_run(path):
        opened = open_run(path)
        placement, _, _ = judge_placement(opened)
        return _pair(opened.twin, opened.loaded.rules, placement, workload, host)
    loaded = load(path)
    _require_placement(loaded)
    return _pair(loaded.twin, loaded.rules, placement_today(loaded.twin), workload, host)


def explain_workload(path: Path, workload: str) -> list[str]:
    """Say in sentences why a workload moves in a stored plan, and what it would mean to leave it.

    Of a site, which has no moves yet, only where it runs. Raises ``UsageError`` for an unknown name
    and ``CheckFailedError`` when nothing is known to run.
    """
    if not is_run(path):
        loaded = load(path)
        _require_placement(loaded)
        host = host_of(loaded.twin, placement_today(loaded.twin), workload)
        return [f"{workload} runs on {host} today" if host else f"{workload} does not run today"]
    opened = open_run(path)
    placement, _, _ = judge_placement(opened)
    today = host_of(opened.twin, placement_today(opened.twin), workload)
    host = host_of(opened.twin, placement, workload)
    moves = [move for move in opened.run.moves() if move.workload == workload]
    told = [line for move in moves for line in _told(move, opened.run.plan.waves)]
    if host == today:
        where = f"stays on {host}" if host else "has no host, today and in the plan"
        told.append(f"{workload} {where}")
    elif not moves:
        told.append(f"{workload} goes to {host}" if host else f"{workload} has no host in the plan")
    if not host:
        told.append(_waits(opened, placement, workload))
    if not today or not host or host == today:
        return told
    left = _pair(opened.twin, opened.loaded.rules, placement, workload, today)
    return [*told, f"left on {today}, with everything else as planned:", *left]


def _waits(opened: Opened, placement: Placement, workload: str) -> str:
    """Return why a workload has no host in a stored plan."""
    from optimiser.studies.admission import Admission  # compiled, and seldom asked for

    loaded = opened.loaded
    asked = Admission(opened.twin, loaded.rules, loaded.study.weights, placement).admit(workload)
    if asked.host is None:
        return asked.reason
    return f"{asked.host} could take it by every hard rule; the plan saves more by leaving it out"


def _told(move: Move, waves: int) -> list[str]:
    """Return what a stored move is for and what it takes."""
    source = f"from {move.source} " if move.source else ""
    reason = f": {move.reason}" if move.reason else ""
    told = [f"wave {move.wave} of {waves}, {source}to {move.target}{reason}"]
    if move.seconds is not None and move.energy_kwh is not None:
        pays = ", a saving of its own is not expected"
        if move.payback_days is not None:
            pays = f", paid back after {move.payback_days:,.1f} days"
        told.append(f"it takes {move.seconds:,.0f} s and {move.energy_kwh:,.3g} kWh{pays}")
    return told


def _pair(
    twin: xr.Dataset, rules: Sequence[Rule], placement: Placement, workload: str, host: str
) -> list[str]:
    told = why_not(twin, rules, placement, workload, host)
    way = blocked_on_the_way(twin, rules, placement, workload, host)
    return [told[0], way, *told[1:]] if way and " may run on " in told[0] else told


def _require_placement(loaded: Loaded) -> None:
    if not loaded.has_placement:
        raise CheckFailedError(
            "nothing is known to run today", "make a plan first, and explain its run folder"
        )
