"""Availability judged by the way in which replicas share domains, where plain limits are too weak.

A model chooses a way to share domains that its placement reaches: as many domains with as many
replicas, or more. A further replica never makes a service less available, so the best way within
reach is as available as the placement itself. Soft rules pay for what it misses.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from optimiser.formulation.availability import asked, places
from optimiser.formulation.context import Context
from optimiser.formulation.linear import Linear
from optimiser.formulation.members import Members
from optimiser.formulation.modelling import pyo
from optimiser.formulation.rows import at_most, below, declare_rows, equal
from optimiser.twin.availability import PARTS, Way
from optimiser.twin.rules import Rule
from optimiser.twin.standing import Standing


@dataclass(frozen=True, eq=False)
class Sharing:
    """A service whose availability is judged by ``ways`` to share domains.

    ``held`` are the numbers of replicas, other than 0, that a domain has in any of them.
    """

    rule: Rule
    members: Members
    standing: Standing
    ways: tuple[Way, ...]
    held: tuple[int, ...]

    @property
    def name(self) -> str:
        """The service."""
        return self.rule.group_names[self.standing.group]

    @property
    def places(self) -> list[str]:
        """Domains of the model, and those that only fixed members are in."""
        return places(self.members, self.standing.group)

    def chosen(self, context: Context) -> list[pyo.Var]:
        """Return the variable of each way."""
        number = range(len(self.ways))
        return [context.model.sharing_way[self.rule.name, self.name, s] for s in number]

    def holding(self, context: Context, place: str) -> list[pyo.Var]:
        """Return how many domains of a place count for each number of replicas."""
        index = (self.rule.name, self.name, place)
        return [context.model.domain_holding[(*index, number)] for number in self.held]

    def counts(self, context: Context) -> list[tuple[str, Linear, int]]:
        """Return each place with its replicas and how many domains it stands for."""
        members, group = self.members, self.standing.group
        found = [members.count(context, group, d) for d in range(members.domains.count)]
        fixed = members.outside[group][members.outside[group] > 0].tolist()
        found += [Linear(float(number)) for number in fixed]
        widths = [*members.domains.size.tolist(), *(1 for _ in fixed)]
        return list(zip(self.places, found, widths, strict=True))


def sharings(context: Context) -> Iterator[Sharing]:
    """Yield the services that are judged by ways: of soft rules, and where limits are too weak.

    Of more replicas than can be looked at in every way there are none. A hard rule has the ways
    that keep its target only, unless the model is elastic.
    """
    for rule, members, standing in asked(context):
        ways = standing.ways
        if ways is None or (rule.is_hard and standing.limits.is_exact):
            continue
        if rule.is_hard and not context.elastic:
            ways = tuple(way for way in ways if not way.missing)
        held = tuple(sorted({number for way in ways for number in way.shape}))
        yield Sharing(rule, members, standing, ways, held)


def declare_ways(context: Context) -> None:
    """Declare which way is chosen, and for how many replicas each domain counts in it."""
    chosen: list[tuple[str, str, int]] = []
    holding: list[tuple[str, str, str, int]] = []
    most: list[int] = []
    for one in sharings(context):
        chosen += [(one.rule.name, one.name, s) for s in range(len(one.ways))]
        for place, _, width in one.counts(context):
            holding += [(one.rule.name, one.name, place, number) for number in one.held]
            most += [width] * len(one.held)
    whole = pyo.NonNegativeIntegers
    context.declare("sharing_way", chosen, domain=whole, upper=np.ones(len(chosen)))
    context.declare("domain_holding", holding, domain=whole, upper=most)


def constrain_availability_way(context: Context) -> None:
    r"""Choose one way in which the replicas of a service share domains.

    .. math:: \sum_s w_{q,s} = 1 \qquad \forall q

    Recipe entry: ``availability_way``. Dual: none worth reading.
    """
    declare_rows(context, "availability_way")
    for one in sharings(context):
        body = Linear().extend(1.0, one.chosen(context))
        equal(context, "availability_way", (one.rule.name, one.name), body, 1.0)


def constrain_availability_holding(context: Context) -> None:
    r"""Let a domain count for no more replicas than it has, and once.

    .. math:: \sum_v v\, h_{q,d,v} \le \sum_{g \in q} \sum_{k \in d} x_{g,k}, \qquad
        \sum_v h_{q,d,v} \le |d| \qquad \forall q, d

    Recipe entry: ``availability_holding``. Dual: none worth reading.
    """
    declare_rows(context, "availability_holding")
    for one in sharings(context):
        for place, count, width in one.counts(context):
            index, holding = (one.rule.name, one.name, place), one.holding(context, place)
            body = Linear().extend(np.array(one.held, dtype=float), holding).plus(count, -1.0)
            below(context, "availability_holding", (*index, "replicas"), body)
            once = Linear().extend(1.0, holding)
            below(context, "availability_holding", (*index, "once"), once, float(width))


def constrain_availability_reach(context: Context) -> None:
    r"""Choose a way only where as many domains count for as many replicas as it has.

    .. math:: \sum_s m_{s,v}\, w_{q,s} \le \sum_d h_{q,d,v} \qquad \forall q, v

    Recipe entry: ``availability_reach``. Dual: none worth reading.
    """
    declare_rows(context, "availability_reach")
    for one in sharings(context):
        by_number = list(zip(*(one.holding(context, p) for p in one.places), strict=True))
        for number, holding in zip(one.held, by_number, strict=True):
            domains = [float(way.shape.count(number)) for way in one.ways]
            body = Linear().extend(np.array(domains), one.chosen(context)).extend(-1.0, holding)
            below(context, "availability_reach", (one.rule.name, one.name, number), body)


def constrain_missing_availability(context: Context) -> None:
    r"""Let no service be down longer than its target allows, or at a price for each minute a year.

    .. math:: \sum_s M_s\, w_{q,s} \le \epsilon_q \qquad \forall q

    M is what a way misses of the target by the probability itself; the slack :math:`\epsilon` is
    that of a soft rule. A hard rule has no ways that miss it. Recipe entry:
    ``missing_availability``. Dual: price of a minute.
    """
    declare_rows(context, "missing_availability")
    for one in sharings(context):
        missing = np.array([way.missing for way in one.ways]) / PARTS
        scale = float(missing.max(initial=0.0))
        if scale == 0.0:
            continue
        at_most(
            context, "missing_availability", (one.rule.name, one.name),
            Linear().extend(missing / scale, one.chosen(context)), 0.0, rule=one.rule,
            where=one.members.where(one.standing.group), unit="min/year", scale=scale,
            size=one.standing.allowed / PARTS,
        )  # fmt: skip


def set_ways(context: Context) -> None:
    """Set the variables to the best way within the reach of a placement."""
    for one in sharings(context):
        held = sorted(_held(one, context), key=lambda pair: -pair[1])
        number = np.array([count for _, count in held])
        within = [
            (way.missing, s) for s, way in enumerate(one.ways) if _is_within(way.shape, number)
        ]
        best = min(within)[1] if within else -1
        used = [] if best < 0 else [p for p, _ in held[: len(one.ways[best].shape)]]
        pairs = list(zip(used, one.ways[best].shape if used else (), strict=True))
        for s, variable in enumerate(one.chosen(context)):
            variable.set_value(int(s == best), skip_validation=True)
        for place in one.places:
            for count, variable in zip(one.held, one.holding(context, place), strict=True):
                variable.set_value(pairs.count((place, count)), skip_validation=True)


def _held(one: Sharing, context: Context) -> Iterator[tuple[str, int]]:
    """Yield the replicas of each domain; merged ones share theirs as evenly as they can."""
    for place, count, width in one.counts(context):
        total = round(count.value())
        for index in range(width):
            yield place, (total + index) // width


def _is_within(shape: tuple[int, ...], number: np.ndarray) -> bool:
    """Whether the fullest domains hold at least as much as the way asks."""
    return len(shape) <= len(number) and bool((number[: len(shape)] >= np.array(shape)).all())
