"""Why a workload is not on a host: what would break there, and what it would cost."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from optimiser.analysis.nearness import how_far
from optimiser.analysis.placement_rules import objections
from optimiser.analysis.verdict import Placement, Verdict, Violation
from optimiser.analysis.verify import verify
from optimiser.errors import UsageError, did_you_mean
from optimiser.schema.policy import Latency, Pin, RequireLabel, Residency
from optimiser.twin.nearness import is_nearness
from optimiser.twin.rules import Rule
from optimiser.twin.simulate import simulate
from optimiser.twin.summary import summary
from optimiser.units import HOURS_PER_YEAR

WORSE = 1e-9


def why_not(
    twin: xr.Dataset, rules: Sequence[Rule], placement: Placement, workload: str, host: str
) -> list[str]:
    """Return what happens when one workload goes to a host and everything else stays.

    First every limit that the move breaks, or breaks further, rule by rule in the checker's words;
    then what it costs or saves a year by the full simulation. Both placements are checked exactly,
    so nothing that is broken already is held against the move. Raises ``UsageError`` with the
    nearest name when a name is unknown.
    """
    w, h = _find(twin, "workload", workload), _find(twin, "host", host)
    now = _plain(placement)
    here = int(now.host[w])
    if here == h:
        return [f"{workload} runs on {host} already"]
    moved = _moved(now, w, h)
    broken = new_violations(verify(twin, rules, now), verify(twin, rules, moved))
    verdict = f"{workload} may run on {host}: no rule would break"
    if broken:
        noun = "limit" if len(broken) == 1 else "limits"
        verdict = f"{workload} may not run on {host}: {len(broken)} {noun} would break"
    named = [rule for rule in rules if any(s.startswith(f"{rule.name}: ") for s in broken)]
    asked = [_wish(rule, w, h) for rule in named]
    asked += [how_far(rule, moved.host, w) for rule in named if is_nearness(rule)]
    told = [verdict, *broken, *filter(None, asked), _cost(twin, now, moved)]
    if here >= 0 and not (moved.host == here).any():
        asleep = np.array(moved.host_on)
        asleep[here] = False
        alone = _cost(twin, now, Placement(moved.host, asleep)).partition(" would ")[2]
        source = twin["host"].values[here]
        told.append(f"host {source} would be empty and could sleep; then the move would {alone}")
    if not now.host_on[h]:
        told.append(f"host {host} would have to wake")
    return told


def host_of(twin: xr.Dataset, placement: Placement, workload: str) -> str:
    """Return the host of a workload, empty without one. Raises ``UsageError`` as above."""
    host = int(placement.host[_find(twin, "workload", workload)])
    return str(twin["host"].values[host]) if host >= 0 else ""


def new_violations(before: Verdict, after: Verdict) -> list[str]:
    """Return the sentences of limits that are broken after and were not, or not as far, before."""
    known: dict[tuple[str, str], float] = {}
    for violation in before.violations:
        key = _key(violation)
        known[key] = max(known.get(key, 0.0), violation.amount)
    return [
        violation.sentence
        for violation in after.violations
        if violation.amount > known.get(_key(violation), 0.0) + WORSE
    ]


def _wish(rule: Rule, workload: int, host: int) -> str:
    """Return what a rule about single hosts asks for, and why it is there."""
    policy = rule.policy
    words = {
        "ban": "keeps it off this host",
        "fence": "keeps it on other hosts",
        "drain": "empties this host",
        "preserve": "keeps it where it runs",
        "disruption_budget": "lets nobody disturb it where it runs",
        "any_of": "asks it to keep one of " + _names_inside(rule),
        "all_of": "asks it to keep all of " + _names_inside(rule),
    }.get(rule.kind, "")
    if isinstance(policy, Pin):
        words = f"keeps it on {policy.host}"
    if isinstance(policy, RequireLabel):
        wanted = " or ".join(policy.values) or "the value it asks for itself"
        words = f"asks for a host with {policy.label} = {wanted}"
    if isinstance(policy, Residency | Latency) and rule.facts is not None:
        words = f"says {_objection(rule, workload, host)}"
    if words and policy.why:
        words = f"{words}: {policy.why}"
    return f"'{rule.name}' {words}" if words else ""


def _objection(rule: Rule, workload: int, host: int) -> str:
    reasons, which = objections(rule, np.full(len(rule.workloads), host))
    return reasons[which[workload]]


def _names_inside(rule: Rule) -> str:
    return ", ".join(f"'{part.name}'" for part in rule.parts)


def _key(violation: Violation) -> tuple[str, str]:
    return violation.rule, violation.where


def _plain(placement: Placement) -> Placement:
    """Return a copy without devices: whether some assignment exists is what counts here."""
    host = np.array(placement.host, dtype=np.int64)
    on = np.array(placement.host_on, dtype=bool)
    on[host[host >= 0]] = True
    return Placement(host, on)


def _moved(now: Placement, workload: int, host: int) -> Placement:
    target, on = np.array(now.host), np.array(now.host_on)
    target[workload], on[host] = host, True
    return Placement(target, on)


def _cost(twin: xr.Dataset, now: Placement, moved: Placement) -> str:
    """Return what the change costs a year, in money and energy, by the full simulation."""
    per_year = HOURS_PER_YEAR / float(twin["period_h"].values.sum())
    old, new = (summary(simulate(twin, side.host, side.host_on), twin) for side in (now, moved))
    money = (new["cost"] - old["cost"]) * per_year
    energy = (new["facility_kwh"] - old["facility_kwh"]) * per_year
    verb = "cost" if money >= 0 else "save"
    direction = "more" if energy >= 0 else "less"
    return (
        f"alone, the move would {verb} {abs(money):,.2f} {twin.attrs['currency']} a year "
        f"({abs(energy):,.0f} kWh {direction})"
    )


def _find(twin: xr.Dataset, dim: str, name: str) -> int:
    names = twin[dim].values.astype(str).tolist()
    if name not in names:
        near = did_you_mean(name, names) or f"names are like {names[0]}"
        raise UsageError(f"the site has no {dim} {name!r}", near)
    return int(names.index(name))
