"""Together in one domain, or never together."""

from __future__ import annotations

from optimiser.formulation.context import Context
from optimiser.formulation.linear import Linear
from optimiser.formulation.members import members_of, rules_of
from optimiser.formulation.modelling import pyo
from optimiser.formulation.rows import at_most, below, declare_rows
from optimiser.formulation.spread import write_count_rows
from optimiser.schema.policy import Affinity, AntiAffinity


def declare_affinity(context: Context) -> None:
    """Declare which domains the groups of affinity rules use."""
    index, upper = [], []
    for rule in rules_of(context, Affinity):
        members = members_of(context, rule)
        for q in members.groups.tolist():
            index += [(rule.name, rule.group_names[q], d) for d in members.domains.names]
            upper += members.domains.size.tolist()
    context.declare("chosen", index, domain=pyo.NonNegativeIntegers, upper=upper)


def constrain_anti_affinity(context: Context) -> None:
    r"""Keep the members of a group apart: at most one in a domain.

    .. math:: \sum_{g \in q} \sum_{k \in d} x_{g,k} \le 1 \qquad \forall q, d

    Recipe entry: ``anti_affinity``. Dual: value of one more member in the domain.
    """
    declare_rows(context, "anti_affinity")
    for rule in rules_of(context, AntiAffinity):
        members = members_of(context, rule)
        for q in members.groups.tolist():
            write_count_rows(context, "anti_affinity", members, q, 1)


def constrain_affinity_members(context: Context) -> None:
    r"""Let members of a group be only in domains that the group uses.

    .. math:: \sum_{g \in q} \sum_{k \in d} x_{g,k} \le |q|\, c_{q,d} \qquad \forall q, d

    Recipe entry: ``affinity_members``. Dual: none worth reading.
    """
    declare_rows(context, "affinity_members")
    for rule in rules_of(context, Affinity):
        members = members_of(context, rule)
        for q in members.groups.tolist():
            for d, name in enumerate(members.domains.names):
                index = (rule.name, rule.group_names[q], name)
                body = members.count(context, q, d)
                body.add(-float(members.size[q]), context.model.chosen[index])
                below(context, "affinity_members", index, body)


def constrain_affinity(context: Context) -> None:
    r"""Keep the members of a group together: it uses one domain.

    .. math:: \sum_d c_{q,d} \le 1 \qquad \forall q

    Hosts that belong to no domain of the level do not count. Recipe entry: ``affinity``. Dual:
    value of one more domain.
    """
    declare_rows(context, "affinity")
    for rule in rules_of(context, Affinity):
        members = members_of(context, rule)
        for q in members.groups.tolist():
            group = rule.group_names[q]
            limit = 1
            if rule.not_worse:
                limit = max(1, int((members.today[q] > 0).sum()))
            chosen = [context.model.chosen[rule.name, group, d] for d in members.domains.names]
            body = Linear(float((members.outside[q] > 0).sum())).extend(1.0, chosen)
            at_most(
                context, "affinity", (rule.name, group), body, limit,
                rule=rule, where=members.where(q), unit="domains",
            )  # fmt: skip
