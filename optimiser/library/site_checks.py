"""What must agree inside ``site.yaml``: resources, power chain, cooling and cards."""

from __future__ import annotations

from collections.abc import Iterable
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from optimiser.errors import did_you_mean
from optimiser.library.locate import library_path
from optimiser.library.references import DocumentCheck
from optimiser.library.shelf import Shelf
from optimiser.schema.equipment import ChillerCard, ServerCard
from optimiser.schema.site import Plant, Power, Site
from optimiser.schema.study import Study
from optimiser.schema.tables import DEMAND, HOSTS, WORKLOADS

_RESERVED = {column.name for spec in (HOSTS, WORKLOADS, DEMAND) for column in spec.columns}


def check_site(check: DocumentCheck, site: Site, shelf: Shelf) -> None:
    """Report everything in a site document that contradicts itself or names what is not there."""
    _check_zone(check, site.location.time_zone)
    _check_resources(check, site)
    _check_unique(check.at("equipment"), [f"{card.kind} {card.name}" for card in site.equipment])
    for index, card in enumerate(site.equipment):
        if isinstance(card, ServerCard):
            shelf.refer(check.at("equipment", index), ("psu",), "psu", card.psu)
    if site.power is not None:
        _check_power(check.at("power"), site.power, shelf)
    if site.cooling is not None:
        _check_cooling(check, site, shelf)
    _check_classes(check, site)


def check_study(check: DocumentCheck, study: Study) -> None:
    """Report a recipe that does not exist and a horizon that is not a whole number of periods."""
    recipes = [file.stem for file in library_path("models", "formulations").glob("*.yaml")]
    check.refer(("recipe",), study.recipe, recipes, "recipe")
    minutes, step = study.horizon.hours * 60, study.horizon.step_minutes
    if abs(minutes / step - round(minutes / step)) > 1e-6:
        what = f"{study.horizon.hours:g} h are not a whole number of such periods"
        remedy = "give hours and step_minutes that fit, such as 24 and 15"
        check.add(("horizon", "step_minutes"), what, step, None, remedy)


def _check_zone(check: DocumentCheck, name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        expected = "a name of the IANA time zone database such as Europe/Berlin, or UTC"
        near = did_you_mean(name, available_timezones()) if "/" in name else None
        path = ("location", "time_zone")
        check.add(path, "there is no such time zone", name, expected, near)


def _check_unique(check: DocumentCheck, names: Iterable[str]) -> None:
    seen: dict[str, int] = {}
    for index, name in enumerate(names):
        if name in seen:
            line = check.marks.line((*check.prefix, seen[name]))
            what = f"the name {name!r} is given twice, first on line {line}"
            check.add((index, "name"), what, remedy="give each a name of its own")
        seen.setdefault(name, index)


def _check_resources(check: DocumentCheck, site: Site) -> None:
    here = check.at("resources")
    names = [resource.name for resource in site.resources]
    _check_unique(here, names)
    drivers = [resource.name for resource in site.resources if resource.drives_power]
    if len(drivers) != 1:
        what = "exactly one resource must move the hosts along their power curve"
        remedy = "set 'drives_power: true' on one resource, usually cpu"
        here.add((), what, ", ".join(drivers) or "none of them", None, remedy)
    devices = [resource.name for resource in site.resources if resource.device_size is not None]
    if len(devices) > 1:
        remedy = "keep device_size on one of them"
        here.add(
            (), "at most one resource can be made of devices", ", ".join(devices), None, remedy
        )
    for index, name in enumerate(names):
        if name in _RESERVED:
            here.add((index, "name"), "the tables use this name for another column", name)


def _check_power(check: DocumentCheck, power: Power, shelf: Shelf) -> None:
    feeds = [feed.name for feed in power.feeds]
    units = [unit.name for unit in power.ups]
    _check_unique(check.at("feeds"), feeds)
    _check_unique(check.at("ups"), units)
    _check_unique(check.at("pdus"), [pdu.name for pdu in power.pdus])
    for index, feed in enumerate(power.feeds):
        shelf.refer(check.at("feeds", index), ("transformer",), "transformer", feed.transformer)
    for index, unit in enumerate(power.ups):
        check.refer(("ups", index, "feed"), unit.feed, feeds, "feed")
        shelf.refer(check.at("ups", index), ("card",), "ups", unit.card)
    for index, pdu in enumerate(power.pdus):
        check.refer(("pdus", index, "ups"), pdu.ups, units, "UPS")
        shelf.refer(check.at("pdus", index), ("card",), "pdu", pdu.card)


def _check_cooling(check: DocumentCheck, site: Site, shelf: Shelf) -> None:
    assert site.cooling is not None
    here = check.at("cooling")
    _check_unique(here.at("zones"), [zone.name for zone in site.cooling.zones])
    for index, zone in enumerate(site.cooling.zones):
        spot = here.at("zones", index)
        shelf.refer(spot, ("crah",), "crah", zone.crah)
        if zone.crah_redundant >= zone.crah_count:
            what, expected = "no air handler would be left", f"less than {zone.crah_count}"
            spot.add(("crah_redundant",), what, zone.crah_redundant, expected)
    if site.cooling.plant is not None:
        _check_plant(here.at("plant"), site.cooling.plant, shelf)
        if site.environment.weather is None:
            remedy = "add 'weather: weather.csv' (time, dry_bulb_c, wet_bulb_c) or an .epw file"
            check.add(("environment",), "a cooling plant needs weather", None, None, remedy)


def _check_plant(check: DocumentCheck, plant: Plant, shelf: Shelf) -> None:
    chiller = shelf.refer(check, ("chiller",), "chiller", plant.chiller)
    shelf.refer(check, ("tower",), "tower", plant.tower)
    shelf.refer(check, ("dry_cooler",), "dry_cooler", plant.dry_cooler)
    shelf.refer(check, ("chilled_water_pump",), "pump", plant.chilled_water_pump)
    shelf.refer(check, ("condenser_pump",), "pump", plant.condenser_pump)
    if plant.chiller_redundant >= plant.chiller_count:
        what, expected = "no chiller would be left", f"less than {plant.chiller_count}"
        check.add(("chiller_redundant",), what, plant.chiller_redundant, expected)
    if plant.tower is not None and plant.dry_cooler is not None:
        check.add(("dry_cooler",), "give either a tower or a dry cooler, not both")
    rejects = plant.tower is not None or plant.dry_cooler is not None
    if isinstance(chiller, ChillerCard) and chiller.condenser == "water" and not rejects:
        remedy = "add 'tower: …' or 'dry_cooler: …'"
        check.add((), "a water-cooled chiller needs heat rejection", None, None, remedy)
    if plant.economiser == "waterside" and not rejects:
        check.add(("economiser",), "a waterside economiser needs a tower or a dry cooler")


def _check_classes(check: DocumentCheck, site: Site) -> None:
    _check_unique(check.at("sla_classes"), [sla.name for sla in site.sla_classes])
    resources = [resource.name for resource in site.resources]
    for index, sla in enumerate(site.sla_classes):
        for resource in sla.overcommit:
            path = ("sla_classes", index, "overcommit", resource)
            check.refer(path, resource, resources, "resource")
