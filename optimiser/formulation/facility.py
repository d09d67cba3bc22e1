"""From rack power to the meter: losses, fans, cooling plant and water as convex pieces."""

from __future__ import annotations

import numpy as np

from optimiser.formulation.aggregate import Elements, Stage, aggregate
from optimiser.formulation.context import Context
from optimiser.formulation.linear import Linear
from optimiser.formulation.modelling import pyo
from optimiser.formulation.rows import below, declare_rows, equal


def declare_facility(context: Context) -> None:
    """Declare the input of power elements, heat and fans of zones, plant power, water, import."""
    instance = context.instance
    elements = aggregate(instance)
    context.shared["facility"] = elements
    steps = instance.num_steps
    for name, names in (
        ("pdu_input_kw", elements.pdu.names),
        ("ups_input_kw", elements.ups.names),
        ("feed_input_kw", elements.feed.names),
        ("room_heat_kw", elements.zones.names),
        ("zone_fan_kw", elements.zones.names),
    ):
        index = [(element, s) for element in names for s in range(steps)]
        context.declare(name, index, shape=(len(names), steps))
    times = range(instance.twin.sizes["time"])
    plant = list(times) if instance.frame.surrogate.has_plant else []
    context.declare("plant_power_kw", plant, domain=pyo.Reals)
    context.declare("water_l_per_h", plant)
    context.declare("import_kw", [t for t in times if instance.frame.is_metered[t]])


def elements_of(context: Context) -> Elements:
    """Return the facility as the model sees it."""
    found: Elements = context.shared["facility"]
    return found


def rack_energy(context: Context, coefficient: np.ndarray, step: int) -> Linear:
    """Return the weighted sum of the cells' power without reserve in a step [kW]."""
    used = np.flatnonzero(coefficient)
    body = Linear().extend(coefficient[used], context.arrays["rack_power_kw"][used, step])
    return body.extend(-coefficient[used], context.arrays["rack_reserve_kw"][used])


def _output(context: Context, stage: Stage, source: str | None, group: int, step: int) -> Linear:
    """Return the output load of an element group [kW]."""
    coefficient = stage.coefficient[group]
    if source is None:
        body = rack_energy(context, coefficient, step)
    else:
        used = np.flatnonzero(coefficient)
        body = Linear().extend(coefficient[used], context.arrays[source][used, step])
    body.constant += float(stage.constant_kw[group, step])
    return body


def _constrain_stage(context: Context, name: str, stage: Stage, source: str | None) -> None:
    declare_rows(context, name)
    inputs = context.arrays[f"{name}_kw"]
    for e, element in enumerate(stage.names):
        slopes, intercepts = stage.lines[e]
        for s in range(context.instance.num_steps):
            output = _output(context, stage, source, e, s)
            for i, (slope, intercept) in enumerate(zip(slopes, intercepts, strict=True)):
                body = Linear().plus(output, float(slope)).add(-1.0, inputs[e, s])
                body.constant += float(intercept)
                below(context, name, (element, s, i), body)


def constrain_pdu_input(context: Context) -> None:
    r"""Let a PDU draw what it delivers and its losses.

    .. math:: I_{e,t} \ge \alpha_{e,i} \sum_r c_{e,r} (P_{r,t} - e_r) + \beta_{e,i}
        \qquad \forall e, t, i

    Energy leaves the reserve out. Recipe entry: ``pdu_input``. Dual: price of a kWh at the PDU.
    """
    _constrain_stage(context, "pdu_input", elements_of(context).pdu, None)


def constrain_ups_input(context: Context) -> None:
    r"""Let a UPS draw what it delivers and its losses.

    .. math:: I_{e,t} \ge \alpha_{e,i} \sum_{f \in e} I_{f,t} + \beta_{e,i} \qquad \forall e, t, i

    Recipe entry: ``ups_input``. Dual: price of a kWh at the UPS.
    """
    _constrain_stage(context, "ups_input", elements_of(context).ups, "pdu_input_kw")


def constrain_feed_input(context: Context) -> None:
    r"""Let a feed draw what it delivers and the losses of its transformer.

    .. math:: I_{e,t} \ge \alpha_{e,i} \sum_{f \in e} I_{f,t} + \beta_{e,i} \qquad \forall e, t, i

    Recipe entry: ``feed_input``. Dual: price of a kWh at the feed.
    """
    _constrain_stage(context, "feed_input", elements_of(context).feed, "ups_input_kw")


def constrain_room_heat(context: Context) -> None:
    r"""Define the heat of a zone: its racks and the losses among them.

    .. math:: H_{z,t} = \sum_{r \in z} (P_{r,t} - e_r)
        + \sum_e h_{z,e} (I_{e,t} - O_{e,t}) \qquad \forall z, t

    O is the output of the PDU or UPS. Recipe entry: ``room_heat``. Dual: cost of one more kWh of
    heat.
    """
    declare_rows(context, "room_heat")
    zones, facility = elements_of(context).zones, elements_of(context)
    for z, name in enumerate(zones.names):
        for s in range(context.instance.num_steps):
            body = rack_energy(context, zones.rack[z], s)
            for stage, source, share, inputs in (
                (facility.pdu, None, zones.pdu[z], "pdu_input_kw"),
                (facility.ups, "pdu_input_kw", zones.ups[z], "ups_input_kw"),
            ):
                for e in np.flatnonzero(share).tolist():
                    body.add(float(share[e]), context.arrays[inputs][e, s])
                    body.plus(_output(context, stage, source, e, s), -float(share[e]))
            body.constant += float(zones.constant_kw[z, s])
            body.add(-1.0, context.arrays["room_heat_kw"][z, s])
            # what goes in and comes out of merged elements may cancel but for a rounding error
            equal(context, "room_heat", (name, s), body.collected())


def constrain_zone_fan(context: Context) -> None:
    r"""Let the fans of a zone draw what moving its heat needs.

    .. math:: F_{z,t} \ge \alpha_{z,i}\, H_{z,t} + \beta_{z,i} \qquad \forall z, t, i

    Recipe entry: ``zone_fan``. Dual: price of a kWh at the fans.
    """
    declare_rows(context, "zone_fan")
    zones, arrays = elements_of(context).zones, context.arrays
    for z, name in enumerate(zones.names):
        slopes, intercepts = zones.lines[z]
        for s in range(context.instance.num_steps):
            for i, (slope, intercept) in enumerate(zip(slopes, intercepts, strict=True)):
                body = Linear(float(intercept)).add(float(slope), arrays["room_heat_kw"][z, s])
                below(
                    context, "zone_fan", (name, s, i), body.add(-1.0, arrays["zone_fan_kw"][z, s])
                )


def _coil_heat(context: Context, step: int) -> Linear:
    zones, arrays = elements_of(context).zones, context.arrays
    body = Linear(float(zones.fixed_coil_kw[step]))
    body.extend(1.0, arrays["room_heat_kw"][:, step])
    return body.extend(1.0, arrays["zone_fan_kw"][:, step])


def _constrain_plant(context: Context, name: str, variable: str, per_kw: float) -> None:
    declare_rows(context, name)
    if not context.instance.frame.surrogate.has_plant:
        return
    pieces = getattr(context.instance.frame.surrogate, "plant" if per_kw == 1.0 else "water")
    values = context.arrays[variable]
    for t, s in enumerate(context.instance.twin["step_of_time"].values.tolist()):
        heat = _coil_heat(context, s)
        for i in range(pieces.slope.shape[1]):
            body = Linear(float(pieces.intercept[t, i]) * per_kw / 1e3)
            body.plus(heat, float(pieces.slope[t, i]) * per_kw)
            below(context, name, (t, i), body.add(-1.0, values[t]))


def constrain_plant_power(context: Context) -> None:
    r"""Let the cooling plant draw what the hour's weather and heat need.

    .. math:: K_t \ge \alpha_{t,i} \sum_z (H_{z,t} + F_{z,t}) + \beta_{t,i} \qquad \forall t, i

    Recipe entry: ``plant_power``. Dual: price of a kWh at the plant.
    """
    _constrain_plant(context, "plant_power", "plant_power_kw", 1.0)


def constrain_water_use(context: Context) -> None:
    r"""Let the towers evaporate and blow down what the hour's weather and heat need.

    .. math:: W_t \ge \alpha_{t,i} \sum_z (H_{z,t} + F_{z,t}) + \beta_{t,i} \qquad \forall t, i

    Recipe entry: ``water_use``. Dual: price of a litre.
    """
    _constrain_plant(context, "water_use", "water_l_per_h", 1e3)


def constrain_grid_import(context: Context) -> None:
    r"""Define what the site draws from the grid.

    .. math:: G_t = \sum_f I_{f,t} + \sum_r d_r (P_{r,t} - e_r) + \sum_z F_{z,t} + K_t
        \qquad \forall t

    d is the share of a rack that no PDU feeds. A site without a power chain or cooling draws its
    IT power. Recipe entry: ``grid_import``. Dual: price of a kWh at the meter.
    """
    declare_rows(context, "grid_import")
    instance, arrays, facility = context.instance, context.arrays, elements_of(context)
    step_of_time = instance.twin["step_of_time"].values
    for t, imported in context.model.import_kw.items():
        s = int(step_of_time[t])
        body = rack_energy(context, facility.direct, s)
        body.extend(1.0, arrays["feed_input_kw"][:, s]).extend(1.0, arrays["zone_fan_kw"][:, s])
        if instance.frame.surrogate.has_plant:
            body.add(1.0, arrays["plant_power_kw"][t])
        body.constant += float(facility.direct_kw[s] + facility.zones.fixed_fan_kw[s])
        body.constant += float(facility.feed.fixed_input_kw[:, s].sum())
        equal(context, "grid_import", t, body.add(-1.0, imported))
