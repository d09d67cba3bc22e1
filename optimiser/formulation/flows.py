"""Traffic between services over the links of domains."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from optimiser.formulation.context import Context
from optimiser.formulation.linear import Linear
from optimiser.formulation.members import Members, members_of, rules_of
from optimiser.formulation.rows import at_most, below, declare_rows
from optimiser.schema.policy import Flow
from optimiser.twin.flows import PARTS, crossing_mbit_s
from optimiser.twin.rules import Rule

STEP_MBIT_S = 1.0 / PARTS


def _flows(context: Context) -> Iterator[tuple[Rule, Flow, Members]]:
    for rule in rules_of(context, Flow):
        assert isinstance(rule.policy, Flow)
        yield rule, rule.policy, members_of(context, rule)


def declare_crossing(context: Context) -> None:
    """Declare what each traffic sends out of each domain [Mbit/s]."""
    index = [
        (rule.name, number, name)
        for rule, policy, members in _flows(context)
        for number in range(len(policy.traffic))
        for name in members.domains.names
    ]
    context.declare("crossing", index)


def _surplus(context: Context, policy: Flow, members: Members, number: int, domain: int) -> Linear:
    """Return the rate that a domain has more to send than to receive [Mbit/s]."""
    rate, body = policy.traffic[number].mbit_s, Linear()
    sender, receiver = members.rule.needs[number].tolist()
    for group, sign in ((sender, 1.0), (receiver, -1.0)):
        share = sign * rate / max(1, int(members.size[group]))
        body.plus(members.count(context, group, domain), share)
    return body


def constrain_crossing_traffic(context: Context) -> None:
    r"""Let traffic leave a domain as far as it holds more of the senders than of the receivers.

    .. math:: f_{p,d} \ge T_p \Bigl( \frac{1}{|a|} \sum_{g \in a} \sum_{k \in d} x_{g,k}
        - \frac{1}{|b|} \sum_{g \in b} \sum_{k \in d} x_{g,k} \Bigr)
        \qquad \forall p = (a, b),\ d

    Recipe entry: ``crossing_traffic``. Dual: none worth reading.
    """
    declare_rows(context, "crossing_traffic")
    for rule, policy, members in _flows(context):
        for number in range(len(policy.traffic)):
            for d, name in enumerate(members.domains.names):
                index = (rule.name, number, name)
                body = _surplus(context, policy, members, number, d)
                body.add(-1.0, context.model.crossing[index])
                below(context, "crossing_traffic", index, body)


def constrain_flow(context: Context) -> None:
    r"""Keep the traffic over the link of each domain below its capacity, out and in.

    .. math:: \sum_p f_{p,d} \le L_d, \qquad
        \sum_p \bigl( f_{p,d} - T_p (a_{p,d} - b_{p,d}) \bigr) \le L_d \qquad \forall d

    a and b are the shares of the two services in the domain, as in ``crossing_traffic``. Recipe
    entry: ``flow``. Dual: value of one more Mbit/s of the link.
    """
    declare_rows(context, "flow")
    for rule, policy, members in _flows(context):
        room = _room(context, rule, policy, members)
        for d, name in enumerate(members.domains.names):
            out, into = Linear(), Linear()
            for number in range(len(policy.traffic)):
                crossing = context.model.crossing[rule.name, number, name]
                out.add(1.0, crossing)
                into.add(1.0, crossing)
                into.plus(_surplus(context, policy, members, number, d), -1.0)
            for side, (way, body) in enumerate((("outwards", out), ("inwards", into))):
                where = f"{rule.name} {policy.domain} {name} {way}"
                at_most(
                    context, "flow", (rule.name, name, way), body, float(room[d, side]),
                    rule=rule, where=where, unit="Mbit/s",
                )  # fmt: skip


def _room(context: Context, rule: Rule, policy: Flow, members: Members) -> np.ndarray:
    """Return the capacity of each domain (domain, 2); merged domains add theirs.

    The checker compares whole kbit/s, so a rate may come up to the next one.
    """
    limit = np.full((len(rule.domain_names), 2), policy.limit_mbit_s)
    if rule.not_worse:
        today = crossing_mbit_s(rule, context.instance.twin["workload_host"].values)
        limit = np.maximum(limit, today)
    room = np.zeros((members.domains.count, 2))
    inside = members.domains.of_true >= 0
    np.add.at(room, members.domains.of_true[inside], limit[inside] + STEP_MBIT_S)
    return room


def set_crossing(context: Context) -> None:
    """Set the variables to what the counts of a placement imply."""
    for rule, policy, members in _flows(context):
        for number in range(len(policy.traffic)):
            for d, name in enumerate(members.domains.names):
                surplus = _surplus(context, policy, members, number, d).value()
                context.model.crossing[rule.name, number, name].set_value(max(0.0, surplus))
