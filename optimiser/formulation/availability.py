"""How replicas may share domains so that services are as available as they should be."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyomo.environ as pyo

from optimiser.formulation.context import Context
from optimiser.formulation.linear import Linear
from optimiser.formulation.members import Members, members_of, rules_of
from optimiser.formulation.rows import at_most, below, declare_rows
from optimiser.schema.policy import Availability
from optimiser.twin.rules import Rule
from optimiser.twin.standing import Standing, standings


def asked(context: Context) -> Iterator[tuple[Rule, Members, Standing]]:
    """Yield the services that have a target, hard or soft, and members in the model.

    An elastic model leaves out those whose target no placement meets: there nothing gives way.
    """
    key = "standings"
    if key not in context.shared:
        frame = context.instance.frame
        context.shared[key] = [
            (rule, standing)
            for rule in rules_of(context, Availability)
            for standing in standings(rule, frame.twin, frame.serving.is_optional)
        ]
    for rule, standing in context.shared[key]:
        members = members_of(context, rule)
        possible = standing.limits.is_possible or not context.elastic
        if possible and standing.group in members.groups:
            yield rule, members, standing


def services(context: Context) -> Iterator[tuple[Rule, Members, Standing]]:
    """Yield the services whose target must be met."""
    return (one for one in asked(context) if one[0].is_hard)


def sums_that_bind(standing: Standing) -> list[int]:
    """Return the numbers j of fullest domains whose sum the smaller ones do not limit already."""
    fullest, size = standing.limits.fullest, standing.size
    implied = [size, *(fullest[j - 1] * (j + 1) // j for j in range(1, len(fullest)))]
    return [j + 1 for j, most in enumerate(fullest) if most < min(size, implied[j])]


def limits_domains(standing: Standing) -> bool:
    """Whether a service may not use as many domains as it could."""
    return standing.limits.most < min(standing.size, standing.domains)


def declare_availability(context: Context) -> None:
    """Declare the level that the j fullest domains reach, what is above, and which are used."""
    levels, above, used = [], [], []
    for rule, members, standing in services(context):
        name = rule.group_names[standing.group]
        named = places(members, standing.group)
        for j in sums_that_bind(standing):
            if j == 1:  # a plain limit
                continue
            levels.append((rule.name, name, j))
            above += [(rule.name, name, j, place) for place in named]
        if limits_domains(standing):
            used += [(rule.name, name, d) for d in members.domains.names]
    context.declare("fullness_level", levels)
    context.declare("fullness_above", above)
    context.declare("carrying", used, domain=pyo.NonNegativeIntegers, upper=np.ones(len(used)))


def places(members: Members, group: int) -> list[str]:
    """Return the domains of the model and those that only fixed members are in."""
    outside = np.flatnonzero(members.outside[group])
    return [*members.domains.names, *(f"outside {index}" for index in outside.tolist())]


def constrain_availability_above(context: Context) -> None:
    r"""Define how far each domain is above the level of the j fullest ones.

    .. math:: a_{q,j,d} \ge \sum_{g \in q} \sum_{k \in d} x_{g,k} - |d|\, l_{q,j}
        \qquad \forall q, j, d

    Recipe entry: ``availability_above``. Dual: none worth reading.
    """
    declare_rows(context, "availability_above")
    model = context.model
    for rule, members, standing in services(context):
        q, name = standing.group, rule.group_names[standing.group]
        counts = [members.count(context, q, d) for d in range(members.domains.count)]
        fixed = members.outside[q][members.outside[q] > 0].tolist()
        counts += [Linear(float(value)) for value in fixed]
        widths = [*members.domains.size.tolist(), *(1 for _ in fixed)]
        for j in sums_that_bind(standing):
            if j == 1:
                continue
            level = model.fullness_level[rule.name, name, j]
            for place, count, width in zip(places(members, q), counts, widths, strict=True):
                body = Linear().plus(count).add(-float(width), level)
                body.add(-1.0, model.fullness_above[rule.name, name, j, place])
                below(context, "availability_above", (rule.name, name, j, place), body)


def constrain_availability(context: Context) -> None:
    r"""Keep so few replicas in any j domains that their loss leaves the service available enough.

    .. math:: \sum_{g \in q} \sum_{k \in d} x_{g,k} \le N_{q,1} \ \forall d, \qquad
        j\, l_{q,j} + \sum_d a_{q,j,d} \le N_{q,j} \qquad \forall q, j > 1

    The limits come from every way in which replicas can share domains, of which those are kept
    that meet the target by the probability itself. Recipe entry: ``availability``. Dual: value of
    one more replica in the fullest domains.
    """
    declare_rows(context, "availability")
    for rule, members, standing in services(context):
        for j in sums_that_bind(standing):
            if j == 1:
                _write_single(context, rule, members, standing)
            else:
                _write_sum(context, rule, members, standing, j)


def _write_single(context: Context, rule: Rule, members: Members, standing: Standing) -> None:
    q, most = standing.group, standing.limits.fullest[0]
    for d, name in enumerate(members.domains.names):
        index = (rule.name, rule.group_names[q], 1, name)
        at_most(
            context, "availability", index, members.count(context, q, d),
            float(most * members.domains.size[d]),
            rule=rule, where=members.where(q, d), unit="replicas",
        )  # fmt: skip


def _write_sum(context: Context, rule: Rule, members: Members, standing: Standing, j: int) -> None:
    q, name = standing.group, rule.group_names[standing.group]
    model = context.model
    body = Linear().add(float(j), model.fullness_level[rule.name, name, j])
    above = [model.fullness_above[rule.name, name, j, p] for p in places(members, q)]
    at_most(
        context, "availability", (rule.name, name, j, "together"), body.extend(1.0, above),
        float(standing.limits.fullest[j - 1]),
        rule=rule, where=members.where(q), unit="replicas",
    )  # fmt: skip


def constrain_availability_members(context: Context) -> None:
    r"""Let replicas be only in domains that count as used, where using many is too risky.

    .. math:: \sum_{g \in q} \sum_{k \in d} x_{g,k} \le |q|\, c_{q,d} \qquad \forall q, d

    Recipe entry: ``availability_members``. Dual: none worth reading.
    """
    declare_rows(context, "availability_members")
    for rule, members, standing in services(context):
        if not limits_domains(standing):
            continue
        q, name = standing.group, rule.group_names[standing.group]
        for d, domain in enumerate(members.domains.names):
            body = members.count(context, q, d)
            body.add(-float(members.size[q]), context.model.carrying[rule.name, name, domain])
            below(context, "availability_members", (rule.name, name, domain), body)


def constrain_availability_domains(context: Context) -> None:
    r"""Use few domains where the loss of any one is an outage.

    .. math:: \sum_d c_{q,d} \le D_q \qquad \forall q

    Recipe entry: ``availability_domains``. Dual: value of one more domain.
    """
    declare_rows(context, "availability_domains")
    for rule, members, standing in services(context):
        if not limits_domains(standing):
            continue
        q, name = standing.group, rule.group_names[standing.group]
        used = [context.model.carrying[rule.name, name, d] for d in members.domains.names]
        body = Linear(float((members.outside[q] > 0).sum())).extend(1.0, used)
        at_most(
            context, "availability_domains", (rule.name, name), body, float(standing.limits.most),
            rule=rule, where=members.where(q), unit="domains",
        )  # fmt: skip


def constrain_availability_served(context: Context) -> None:
    r"""Give a host to as many replicas as the target needs, where some may wait.

    .. math:: \sum_d \sum_{g \in q} \sum_{k \in d} x_{g,k} \ge R_q \qquad \forall q

    R is the least number over all ways to share domains that meet the target. Recipe entry:
    ``availability_served``. Dual: cost of one more replica that runs.
    """
    declare_rows(context, "availability_served")
    for rule, members, standing in services(context):
        fewest = standing.limits.fewest
        if not fewest:
            continue
        q, name = standing.group, rule.group_names[standing.group]
        body = Linear(-float(members.outside[q].sum()))
        for d in range(members.domains.count):
            body.plus(members.count(context, q, d), -1.0)
        at_most(
            context, "availability_served", (rule.name, name), body, -float(fewest),
            rule=rule, where=members.where(q), unit="replicas",
        )  # fmt: skip


def set_availability(context: Context) -> None:
    """Set the variables to what the counts of a placement imply."""
    model = context.model
    for rule, members, standing in services(context):
        q, name = standing.group, rule.group_names[standing.group]
        counts = [members.count(context, q, d).value() for d in range(members.domains.count)]
        if limits_domains(standing):
            for d, domain in enumerate(members.domains.names):
                model.carrying[rule.name, name, domain].set_value(int(counts[d] > 0.5))
        fixed = members.outside[q][members.outside[q] > 0].tolist()
        widths = [*members.domains.size.tolist(), *(1 for _ in fixed)]
        average = [c / w for c, w in zip([*counts, *fixed], widths, strict=True)]
        spread = np.sort(np.repeat(average, widths))[::-1]
        for j in sums_that_bind(standing):
            if j == 1:
                continue
            level = float(spread[j - 1]) if j <= len(spread) else 0.0
            model.fullness_level[rule.name, name, j].set_value(level)
            for place, each, width in zip(places(members, q), average, widths, strict=True):
                over = max(0.0, each - level) * width
                model.fullness_above[rule.name, name, j, place].set_value(over)
