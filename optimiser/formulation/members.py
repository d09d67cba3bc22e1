"""Counts of a rule's groups in its domains, as expressions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimiser.formulation.context import Context
from optimiser.formulation.grouping import Domains
from optimiser.formulation.linear import Linear
from optimiser.twin.rules import Rule


@dataclass(frozen=True, eq=False)
class Members:
    """Members of each group of a rule in each domain of the model.

    ``size`` (group,) all members of the site; ``groups`` those with members in the model;
    ``fixed`` (group, domain) and ``outside`` (group, true domains with hosts, none of them in the
    model) counts of fixed workloads; ``today`` (group, true domain) counts; ``has_hosts`` (true
    domain,) bool, since a domain without any host is never the emptiest; ``pairs`` (group, domain)
    → indices of pairs.
    """

    rule: Rule
    domains: Domains
    size: np.ndarray
    groups: np.ndarray
    fixed: np.ndarray
    outside: np.ndarray
    today: np.ndarray
    has_hosts: np.ndarray
    pairs: dict[tuple[int, int], np.ndarray]

    def count(self, context: Context, group: int, domain: int) -> Linear:
        """Return the number of members of a group in a domain."""
        body = Linear(float(self.fixed[group, domain]))
        found = self.pairs.get((group, domain))
        return body if found is None else body.extend(1.0, context.arrays["place"][found])

    def where(self, group: int, domain: int | None = None) -> str:
        """Return a label such as ``web in rack R1``."""
        name = self.rule.group_names[group]
        if domain is None:
            return f"{self.rule.name} {name}"
        level = self.rule.policy.domain  # type: ignore[union-attr]
        return f"{self.rule.name} {name} in {level} {self.domains.names[domain]}"


def members_of(context: Context, rule: Rule) -> Members:
    """Return the members of a rule's groups; kept, because several constraints ask."""
    key = f"members {rule.name}"
    if key not in context.shared:
        context.shared[key] = find_members(context, rule)
    found: Members = context.shared[key]
    return found


def find_members(context: Context, rule: Rule) -> Members:
    """Return the members of a rule's groups, found anew."""
    instance = context.instance
    domains = instance.domains(rule)
    of_group = instance.group_of_rule(rule)
    counts = instance.counts_fixed(rule)
    fixed = np.zeros((len(rule.group_names), domains.count), dtype=np.int64)
    inside = domains.of_true >= 0
    np.add.at(fixed.T, domains.of_true[inside], counts[:, inside].T)
    has_hosts = np.zeros(len(inside), dtype=bool)
    has_hosts[rule.domain[rule.domain >= 0]] = True
    in_model = np.unique(of_group[of_group >= 0])
    return Members(
        rule=rule,
        domains=domains,
        size=np.bincount(rule.group[rule.group >= 0], minlength=len(rule.group_names)),
        groups=in_model,
        fixed=fixed,
        outside=counts[:, ~inside & has_hosts],
        today=instance.counts_today(rule),
        has_hosts=has_hosts,
        pairs=_pairs_by_cell(context, of_group, domains),
    )


def _pairs_by_cell(
    context: Context, of_group: np.ndarray, domains: Domains
) -> dict[tuple[int, int], np.ndarray]:
    group = of_group[context.pair_group]
    domain = domains.of_host[context.pair_host]
    inside = np.flatnonzero((group >= 0) & (domain >= 0))
    if not len(inside):
        return {}
    key = group[inside].astype(np.int64) * domains.count + domain[inside]
    order = np.argsort(key, kind="stable")
    distinct, start = np.unique(key[order], return_index=True)
    parts = np.split(inside[order], start[1:])
    return {
        (int(k) // domains.count, int(k) % domains.count): part
        for k, part in zip(distinct, parts, strict=True)
    }


def rules_of(context: Context, kind: type) -> list[Rule]:
    """Return the rules whose policy is of a kind."""
    return [rule for rule in context.instance.frame.rules if isinstance(rule.policy, kind)]
