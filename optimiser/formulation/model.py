"""Build a model from an instance and a recipe: declare everything, then constrain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from optimiser.errors import MissingError, did_you_mean
from optimiser.formulation import (
    affinity,
    assignment,
    availability,
    availability_ways,
    capacity,
    cooling,
    counts,
    domains,
    facility,
    feeds,
    flows,
    free_units,
    group_capacity,
    headroom,
    hosts,
    move_budgets,
    moves,
    nearness,
    objective,
    placement_prices,
    placement_rules,
    racks,
    routing,
    service_latency,
    serving,
    sharing,
    spending,
    spread,
    survival,
    transit,
)
from optimiser.formulation.context import Context
from optimiser.formulation.instance import Instance
from optimiser.formulation.modelling import PauseGC, pyo
from optimiser.formulation.recipe import Recipe, read_recipe

Step = Callable[[Context], None]


@dataclass(frozen=True)
class Block:
    """One family: what it declares, its constraints and its objective terms."""

    declare: tuple[Step, ...] = ()
    constrain: tuple[Step, ...] = ()
    price: tuple[Step, ...] = ()


BLOCKS: dict[str, Block] = {
    "assignment": Block(
        (assignment.declare_place, serving.declare_unserved),
        (
            assignment.constrain_assign,
            serving.constrain_unserved_workloads,
            serving.constrain_group_together_or_not_at_all,
        ),
    ),
    "hosts": Block(
        (hosts.declare_hosts,),
        (
            hosts.constrain_host_load,
            hosts.constrain_device_load,
            hosts.constrain_host_power,
            hosts.constrain_asleep_is_empty,
        ),
        (objective.price_host_on, objective.price_embodied),
    ),
    "capacity": Block(
        (capacity.declare_overfull,),
        (
            capacity.constrain_capacity,
            capacity.constrain_overfull_devices,
            capacity.constrain_device_packing,
        ),
    ),
    "racks": Block(
        (racks.declare_racks,), (racks.constrain_rack_reserve, racks.constrain_rack_power)
    ),
    "facility": Block(
        (facility.declare_facility,),
        (
            facility.constrain_pdu_input,
            facility.constrain_ups_input,
            facility.constrain_feed_input,
            facility.constrain_room_heat,
            facility.constrain_zone_fan,
            facility.constrain_plant_power,
            facility.constrain_water_use,
            facility.constrain_grid_import,
        ),
        (objective.price_energy_cost, objective.price_carbon, objective.price_water),
    ),
    "budgets": Block(constrain=(spending.constrain_budget,)),
    "domains": Block(constrain=(domains.constrain_domain_capacity,)),
    "feeds": Block(constrain=(feeds.constrain_redundant_feed,)),
    "cooling": Block(
        constrain=(cooling.constrain_cooling_capacity, cooling.constrain_inlet_temperature)
    ),
    "headroom": Block(constrain=(headroom.constrain_headroom, survival.constrain_survive_domain)),
    "free_units": Block(
        (free_units.declare_free_units,),
        (free_units.constrain_free_units_room, free_units.constrain_free_units),
    ),
    "spread": Block(
        (spread.declare_spread,),
        (
            spread.constrain_spread_max_per_domain,
            spread.constrain_spread_presence,
            spread.constrain_spread_min_domains,
            spread.constrain_spread_fullest,
            spread.constrain_spread_emptiest,
            spread.constrain_spread_max_skew,
        ),
    ),
    "availability": Block(
        (availability.declare_availability, availability_ways.declare_ways),
        (
            availability.constrain_availability_above,
            availability.constrain_availability,
            availability.constrain_availability_members,
            availability.constrain_availability_domains,
            availability.constrain_availability_served,
            availability_ways.constrain_availability_way,
            availability_ways.constrain_availability_holding,
            availability_ways.constrain_availability_reach,
            availability_ways.constrain_missing_availability,
        ),
    ),
    "affinity": Block(
        (affinity.declare_affinity,),
        (
            affinity.constrain_anti_affinity,
            affinity.constrain_affinity_members,
            affinity.constrain_affinity,
        ),
    ),
    "sharing": Block(
        (sharing.declare_hosting,),
        (
            sharing.constrain_hosting_members,
            sharing.constrain_isolation_limit,
            sharing.constrain_licence,
            sharing.constrain_group_count,
            sharing.constrain_isolation,
            group_capacity.constrain_group_capacity,
            group_capacity.constrain_presence_overhead,
            group_capacity.constrain_response_time,
        ),
    ),
    "placement_rules": Block(
        constrain=(
            placement_rules.constrain_ban,
            placement_rules.constrain_fence,
            placement_rules.constrain_require_label,
            placement_rules.constrain_pin,
            placement_rules.constrain_drain,
            placement_rules.constrain_quarantine,
            placement_rules.constrain_preserve,
            placement_rules.constrain_disruption_budget,
            placement_rules.constrain_residency,
            placement_rules.constrain_latency,
            placement_rules.constrain_any_of,
            placement_rules.constrain_all_of,
        )
    ),
    "moves": Block(
        (moves.declare_stay,),
        (
            moves.constrain_stay,
            moves.constrain_kept_hosts,
            moves.constrain_stay_where_on,
            moves.constrain_max_moves,
            move_budgets.constrain_max_moves_per_service,
            move_budgets.constrain_move_budget,
        ),
        (objective.price_migration,),
    ),
    "nearness": Block(
        (nearness.declare_nearby,),
        (nearness.constrain_dependency_presence, nearness.constrain_dependency),
    ),
    "service_latency": Block(
        (service_latency.declare_within_reach,),
        (
            service_latency.constrain_latency_to_any,
            service_latency.constrain_latency_to_all,
            service_latency.constrain_latency_to_services,
        ),
    ),
    "flows": Block(
        (flows.declare_crossing,), (flows.constrain_crossing_traffic, flows.constrain_flow)
    ),
    "routing": Block(
        (routing.declare_routed,),
        (
            routing.constrain_routed_out,
            routing.constrain_routed_in,
            routing.constrain_routed_whole,
            routing.constrain_routing_latency,
        ),
    ),
    "transit": Block(constrain=(transit.constrain_transient_capacity,)),
    "counts": Block(constrain=(counts.constrain_max_hosts_on, counts.constrain_min_hosts_on)),
    "placement_prices": Block(
        (placement_prices.declare_placement_prices,),
        (
            placement_prices.constrain_safety_excess,
            placement_prices.constrain_balance_shortage,
            placement_prices.constrain_service_most_moves,
        ),
        (
            placement_prices.price_safety_load,
            placement_prices.price_balance,
            placement_prices.price_service_moves,
            placement_prices.price_host_moves,
        ),
    ),
    "soft_rules": Block(price=(objective.price_soft_rules,)),
}


def build(
    instance: Instance, recipe: Recipe | None = None, *, elastic: bool = False
) -> pyo.ConcreteModel:
    """Return the model of an instance.

    ``recipe`` lists the blocks (the library's ``placement`` when not given). ``elastic`` gives
    every hard rule and capacity a named slack and minimises the weighted relaxation; placement
    rules then have rows of their own instead of leaving pairs out.

    Raises ``InfeasibleError`` when a workload has no host at all or a rule cannot be kept whatever
    is placed where, and ``MissingError`` for a block that does not exist.
    """
    recipe = recipe or read_recipe()
    model = pyo.ConcreteModel(name=recipe.name)
    group, host = pairs_of(instance, elastic)
    context = Context(model, instance, recipe, elastic, group, host)
    model.context = context
    model.slack = pyo.Var(pyo.Any, dense=False)
    blocks = [_block(name) for name in recipe.blocks]
    steps = [step for block in blocks for step in block.declare]
    steps += [step for block in blocks for step in block.constrain]
    steps += [step for block in blocks for step in block.price]
    with PauseGC():  # none of the many small objects becomes garbage here
        for step in steps:
            step(context)
        objective.write_objective(context)
    return model


def _block(name: str) -> Block:
    if name not in BLOCKS:
        raise MissingError(f"no block is called {name!r}", did_you_mean(name, BLOCKS))
    return BLOCKS[name]


def pairs_of(instance: Instance, elastic: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return the pairs of workload group and host group in the model, sorted by host.

    An elastic model has all usable hosts, because it prices what eligibility would forbid.
    """
    if elastic:
        allowed = np.ones((instance.grouping.num_groups, instance.grouping.num_hosts), dtype=bool)
    else:
        allowed = instance.allowed
    host, group = np.nonzero(allowed.T)
    return group, host
