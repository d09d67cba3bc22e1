"""Each workload has exactly one host, or none where it may be left out."""

from __future__ import annotations

from optimiser.errors import InfeasibleError
from optimiser.formulation.context import Context
from optimiser.formulation.linear import Linear
from optimiser.formulation.modelling import pyo
from optimiser.formulation.rows import declare_rows, equal


def declare_place(context: Context) -> None:
    """Declare how many workloads of each group run on each host group."""
    instance = context.instance
    groups, hosts = instance.group_names, instance.host_names
    index = [
        (groups[g], hosts[k])
        for g, k in zip(context.pair_group.tolist(), context.pair_host.tolist(), strict=True)
    ]
    upper = instance.grouping.workload_count[context.pair_group]
    context.declare("place", index, domain=pyo.NonNegativeIntegers, upper=upper.tolist())


def constrain_assign(context: Context) -> None:
    r"""Give each workload exactly one host, or leave it out where it may be.

    .. math:: \sum_k x_{g,k} + v_g = m_g \qquad \forall g

    Recipe entry: ``assign``. Dual: cost of one more workload like this one.
    """
    declare_rows(context, "assign")
    instance = context.instance
    place = context.arrays["place"]
    for g, count in enumerate(instance.grouping.workload_count.tolist()):
        pairs = context.pairs_of_group(g)
        unserved = context.shared["unserved"].get(g)
        if not len(pairs) and unserved is None:
            raise InfeasibleError(
                f"workload {instance.group_names[g]} has no host: none that it may use can hold it",
                "add a host that fits, or relax the rules that keep it from the others",
            )
        body = Linear().extend(1.0, place[pairs])
        if unserved is not None:
            body.add(1.0, unserved)
        equal(context, "assign", instance.group_names[g], body, count)
