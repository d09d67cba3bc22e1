"""Impossibilities found in milliseconds, named, before any solver starts."""

from __future__ import annotations

import numpy as np

from optimiser.distinct import distinct_rows
from optimiser.schema.policy import Availability
from optimiser.solve.finding import Finding
from optimiser.solve.problem import Problem
from optimiser.solve.uptime import out_of_reach


def precheck(problem: Problem) -> list[Finding]:
    """Return every impossibility that arithmetic alone can prove."""
    found = [*_homeless(problem), *_totals(problem), *_groups(problem)]
    return [*found, *out_of_reach(problem)]


def _homeless(problem: Problem) -> list[Finding]:
    """Find demands that no allowed host can ever hold, one finding per service."""
    elig = problem.eligibility
    optional = problem.frame.serving.is_optional
    key = np.column_stack([problem.flavour, elig.of_workload, optional])
    first, which = distinct_rows(key)
    findings = []
    for row, (flavour, host_class, may_wait) in enumerate(key[first]):
        if may_wait:
            continue
        fits = _holds(problem, int(flavour)) & elig.allowed[host_class]
        if not fits.any():
            who = np.flatnonzero(which == row)
            findings.append(_homeless_finding(problem, int(first[row]), who))
    return findings


def _holds(problem: Problem, flavour: int) -> np.ndarray:
    """Return which hosts have room for a demand when empty, or may keep it as it is (host,)."""
    room = (problem.use[flavour] <= problem.capacity).all(axis=1)
    request = problem.device_request[flavour]
    if request > 0:
        room &= problem.host_devices * problem.device_size >= request
    if request > 0 and problem.frame.capacity_not_worse:  # devices that failed, say
        runs = problem.today[problem.flavour == flavour]
        room[runs[runs >= 0]] = True
    return room


def _homeless_finding(problem: Problem, workload: int, who: np.ndarray) -> Finding:
    twin, flavour = problem.twin, int(problem.flavour[workload])
    allowed = problem.eligibility.allowed[problem.eligibility.of_workload[workload]]
    names = tuple(str(n) for n in twin["workload"].values[who])
    label = f"{names[0]}" + (f" and {len(names) - 1} more like it" if len(names) > 1 else "")
    if not allowed.any():
        sentence = f"workload {label}: the rules about hosts leave none to run on"
        return Finding("eligibility", names, 1.0, "host", sentence, _which_rules(problem, workload))
    best = problem.capacity[allowed].max(axis=0)
    lack = problem.use[flavour] - best
    column = int(np.argmax(lack / np.maximum(best, 1)))
    resource = str(twin["resource"].values[problem.column_resource[column]])
    needs, most = int(problem.use[flavour, column]), int(best[column])
    if lack[column] <= 0:
        sentence = f"workload {label}: no allowed host has all it needs at once"
        return Finding("capacity", names, 1.0, "host", sentence, "allow or add a larger host")
    sentence = (
        f"workload {label} needs {needs:,} {resource}, "
        f"the largest allowed host has {most:,}: {needs - most:,} short"
    )
    remedy = f"allow a host with {needs:,} {resource}, or ask for at most {most:,}"
    return Finding("capacity", names, float(needs - most), resource, sentence, remedy)


def _which_rules(problem: Problem, workload: int) -> str:
    named = [
        rule.name
        for rule in problem.rules
        if rule.allowed is not None
        and rule.allowed_class is not None
        and not rule.allowed[rule.allowed_class[workload]].all()
    ]
    return f"relax one of: {', '.join(named)}" if named else "bring hosts back from maintenance"


def _totals(problem: Problem) -> list[Finding]:
    """Find columns in which all demand exceeds all usable capacity."""
    usable = problem.eligibility.allowed.any(axis=0)
    must = ~problem.frame.serving.is_optional
    demand = problem.use[problem.flavour[must]].sum(axis=0)
    supply = problem.capacity[usable].sum(axis=0)
    short = demand - supply
    findings = []
    for resource in np.unique(problem.column_resource[short > 0]):
        columns = np.flatnonzero(problem.column_resource == resource)
        worst = columns[np.argmax(short[columns])]
        name = str(problem.twin["resource"].values[resource])
        sentence = (
            f"all workloads together need {int(demand[worst]):,} {name}, usable hosts have "
            f"{int(supply[worst]):,}: {int(short[worst]):,} short"
        )
        remedy = f"add {int(short[worst]):,} {name}, or take workloads away"
        findings.append(Finding("capacity", (), float(short[worst]), name, sentence, remedy))
    return findings


def _groups(problem: Problem) -> list[Finding]:
    """Find groups with more members than their domains may hold together."""
    counts, findings = problem.counts, []
    must = ~problem.frame.serving.is_optional
    usable = problem.eligibility.allowed.any(axis=0)
    for index, rule in enumerate(counts.rules):
        if isinstance(rule.policy, Availability):
            continue  # the table is narrower than the rule, and :func:`out_of_reach` tells
        groups, domains = int(counts.num_groups[index]), int(counts.num_domains[index])
        alive = np.zeros(domains, dtype=bool)
        used = counts.domain[index][usable]
        alive[used[used >= 0]] = True
        room = counts.room_of(index, alive)
        inside = must & (rule.group >= 0)
        size = np.bincount(rule.group[inside], minlength=groups)
        outside = bool((counts.domain[index][usable] < 0).any())
        for group in np.flatnonzero((size > room) & (not outside)):
            findings.append(
                _group_finding(
                    rule.name,
                    rule.group_names[group],
                    int(size[group]),
                    int(room[group]),
                    int(alive.sum()),
                )
            )
        for group in np.flatnonzero(counts.least[index, :groups] > alive.sum()):
            least = int(counts.least[index, group])
            sentence = (
                f"policy {rule.name}: {rule.group_names[group]} must use {least} domains, "
                f"only {int(alive.sum())} have usable hosts"
            )
            findings.append(
                Finding(
                    rule.name,
                    (rule.group_names[group],),
                    float(least - alive.sum()),
                    "domains",
                    sentence,
                    f"ask for at most {int(alive.sum())} domains",
                )
            )
    return findings


def _group_finding(rule: str, group: str, size: int, room: int, domains: int) -> Finding:
    sentence = (
        f"policy {rule}: {group} has {size:,} members, its {domains:,} domains may hold "
        f"{room:,}: {size - room:,} too many"
    )
    remedy = f"allow more per domain, or run at most {room:,} of {group}"
    return Finding(rule, (group,), float(size - room), "members", sentence, remedy)


__all__ = ["Finding", "precheck"]
