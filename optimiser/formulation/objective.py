"""The objective: money over the horizon, term by term."""

from __future__ import annotations

import numpy as np

from optimiser.formulation.context import Context
from optimiser.formulation.linear import Linear
from optimiser.formulation.modelling import pyo
from optimiser.formulation.moves import fixed_move_cost, moved
from optimiser.twin.paying import energy_price_per_kwh

HOURS_PER_DAY = 24.0


def price_energy_cost(context: Context) -> None:
    r"""Pay for energy by the hour.

    .. math:: \sum_t \tau_t\, \pi_t\, G_t

    In hours whose price, carbon included, is below zero the import ceiling counts instead of G:
    waste is never rewarded. Recipe entry: ``energy_cost``.
    """
    instance = context.instance
    price = energy_price_per_kwh(instance.twin, instance.frame.weights)
    context.terms["energy_cost"] = _per_kwh(context, price)


def price_carbon(context: Context) -> None:
    r"""Pay for the carbon of the grid by the hour.

    .. math:: \sum_t \tau_t\, \frac{\kappa\, \gamma_t}{10^6}\, G_t

    Recipe entry: ``carbon``.
    """
    grams = context.instance.twin["carbon_g_per_kwh"].values
    price = context.instance.frame.weights.carbon_price_per_t
    context.terms["carbon"] = _per_kwh(context, grams / 1e6 * price)


def _per_kwh(context: Context, price: np.ndarray) -> Linear:
    frame = context.instance.frame
    weight = price * frame.twin["period_h"].values
    unpriced = ~frame.is_priced
    imported = context.arrays["import_kw"][frame.is_priced[frame.is_metered]]
    body = Linear(float(weight[unpriced] @ frame.import_ceiling_kw[unpriced]))
    return body.extend(weight[~unpriced], imported)


def price_water(context: Context) -> None:
    r"""Pay for make-up water.

    .. math:: \sum_t \tau_t\, \frac{\omega}{10^3}\, W_t

    Recipe entry: ``water``.
    """
    frame = context.instance.frame
    body = Linear()
    if frame.surrogate.has_plant:
        weight = frame.twin["period_h"].values * frame.water_price / 1e3
        body.extend(weight, context.arrays["water_l_per_h"])
    context.terms["water"] = body


def price_migration(context: Context) -> None:
    r"""Pay for moves, spread over the days that the plan stays in force.

    .. math:: \frac{T}{24\, \theta} \sum_g \mu_g \Bigl( n_g - \sum_k s_{g,k} \Bigr)

    Recipe entry: ``migration``.
    """
    instance = context.instance
    share = instance.frame.horizon_h / HOURS_PER_DAY / instance.frame.weights.hold_days
    cost = instance.twin["workload_move_cost"].values[instance.grouping.first_workload]
    body = moved(context, cost * share)
    body.constant += fixed_move_cost(context) * share
    context.terms["migration"] = body


def price_host_on(context: Context) -> None:
    r"""Pay for wear and administration of hosts that are on.

    .. math:: T \sum_k \eta_k z_k

    Recipe entry: ``host_on``.
    """
    context.terms["host_on"] = _per_host(context, context.instance.frame.host_wear_cost)


def price_embodied(context: Context) -> None:
    r"""Pay for the embodied carbon of hosts that are on, spread over their life.

    .. math:: T\, \frac{\kappa}{10^3} \sum_k \frac{\varepsilon_k}{\Lambda_k} z_k

    Nothing unless the study asks for it. Recipe entry: ``embodied``.
    """
    context.terms["embodied"] = _per_host(context, context.instance.frame.host_embodied_cost)


def _per_host(context: Context, cost: np.ndarray) -> Linear:
    """Return a cost (H,) of the hosts that are on; hosts of a group have the same."""
    instance = context.instance
    body = Linear(float(cost[instance.fixed.host_on].sum()))
    if not cost.any():
        return body
    return body.extend(cost[instance.grouping.first_host], context.arrays["awake"])


def price_soft_rules(context: Context) -> None:
    r"""Pay for broken soft rules: the worst violation of each at each place.

    .. math:: \sum_j w_j\, b_j

    Recipe entry: ``soft_rules``.
    """
    body = Linear()
    for slack in context.slacks.values():
        if not slack.is_elastic:
            body.add(slack.weight, slack.variable)
    context.terms["soft_rules"] = body


def write_objective(context: Context) -> None:
    """Write each term as a named expression and minimise their sum.

    An elastic model minimises the weighted relaxation instead, so that it is zero exactly when all
    hard rules can be kept.
    """
    model, total = context.model, Linear()
    for name in context.recipe.term_names():
        model.add_component(name, pyo.Expression(expr=context.terms[name].expression()))
        total.plus(context.terms[name])
    if context.elastic:
        total = Linear()
        for slack in context.slacks.values():
            if slack.is_elastic:
                total.add(slack.weight, slack.variable)
    model.total = pyo.Objective(expr=total.expression(), sense=pyo.minimize)
