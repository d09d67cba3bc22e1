"""Places of rules about latency: domains among which also those outside the model count."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimiser.formulation.context import Context
from optimiser.formulation.linear import Linear
from optimiser.formulation.members import Members, find_members, members_of
from optimiser.twin.rules import Rule


@dataclass(frozen=True, eq=False)
class Places:
    """The places of a rule: those of the model first, then others where fixed workloads are.

    ``index`` (true place,) is the place of each true one, −1 for those without workloads; true
    places that one host group spans are merged. ``outside`` are the true places beyond the model,
    ``fixed`` (group, true place) counts of fixed workloads.
    """

    rule: Rule
    members: Members
    index: np.ndarray
    outside: np.ndarray
    fixed: np.ndarray
    names: tuple[str, ...]

    def count(self, context: Context, group: int, place: int) -> Linear:
        """Return the members of a group in a place."""
        inside = self.members.domains.count
        if place < inside:
            return self.members.count(context, group, place)
        return Linear(float(self.fixed[group, self.outside[place - inside]]))

    def counts(self, context: Context, group: int) -> np.ndarray:
        """Return the members of a group in each place (place,), at the values of variables."""
        found = [self.count(context, group, p).value() for p in range(len(self.names))]
        return np.array(found, dtype=float)

    def nearest(self, ways_ms: np.ndarray) -> np.ndarray:
        """Return the shortest way between any two true places of two places (place, place)."""
        count, known = len(self.names), np.flatnonzero(self.index >= 0)
        table = np.full((count, count), np.inf)
        where = np.ix_(self.index[known], self.index[known])
        np.minimum.at(table, where, ways_ms[np.ix_(known, known)])
        return table

    def gathered(self, values: np.ndarray) -> np.ndarray:
        """Sum values of true places (true place,) over the places (place,)."""
        total, known = np.zeros(len(self.names)), self.index >= 0
        np.add.at(total, self.index[known], values[known])
        return total


def places_of(context: Context, rule: Rule) -> Places:
    """Return the places of a rule; kept, because several constraints ask."""
    key = f"places {rule.name}"
    if key not in context.shared:
        context.shared[key] = find_places(context, rule, members_of(context, rule))
    found: Places = context.shared[key]
    return found


def find_places(context: Context, rule: Rule, members: Members | None = None) -> Places:
    """Return the places of a rule, found anew."""
    members = members or find_members(context, rule)
    fixed, domains = context.instance.counts_fixed(rule), members.domains
    # by all groups of the site, so that rules about parts of them have the same places
    used = np.zeros(len(rule.domain_names), dtype=bool)
    host = context.instance.fixed.host_of_workload
    used[rule.domain[host[host >= 0]]] = True
    outside = np.flatnonzero((domains.of_true < 0) & used)
    index = domains.of_true.copy()
    index[outside] = domains.count + np.arange(len(outside))
    names = (*domains.names, *(rule.domain_names[d] for d in outside.tolist()))
    return Places(rule, members, index, outside, fixed, names)
