"""What must agree between the tables of a site: racks, cards, services, profiles, placement."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from optimiser.library.columns import parse_labels
from optimiser.library.policy_checks import Labels
from optimiser.library.references import listed, names_in, nearest, refer_column
from optimiser.library.shelf import Shelf
from optimiser.library.tables import Table
from optimiser.schema.equipment import ServerCard
from optimiser.schema.site import Resource, Site


def check_racks(racks: Table, site: Site, pdus: Collection[str]) -> None:
    """Report zones and PDUs of racks that do not exist, and racks without power or cooling."""
    for side in ("pdu_a", "pdu_b"):
        refer_column(racks, side, pdus, "PDU")
    if pdus:
        bare = (racks.frame["pdu_a"] == "") & (racks.frame["pdu_b"] == "")
        _report(racks, "pdu_a", bare, "the rack has no PDU", "its power would be lost from sight")
    same = (racks.frame["pdu_a"] == racks.frame["pdu_b"]) & (racks.frame["pdu_a"] != "")
    expected = "another PDU, or nothing for a rack with one supply"
    _report(racks, "pdu_b", same, "is the PDU of side A as well", expected)
    if site.cooling is None:
        return
    zones = [zone.name for zone in site.cooling.zones]
    refer_column(racks, "zone", zones, "cooling zone")
    bare = racks.frame["zone"] == ""
    _report(racks, "zone", bare, "the rack is in no cooling zone", listed(zones))


def _report(
    table: Table, column: str, which: pd.Series | np.ndarray, what: str, expected: str | None = None
) -> None:
    table.findings.add(
        column, what, np.flatnonzero(which), table.frame[column].to_numpy(dtype=object), expected
    )


def check_cards(table: Table, kind: str, shelf: Shelf) -> None:
    """Report cards that are neither the site's nor the library's."""
    names = table.frame["card"]
    known = [name for name in pd.unique(names) if name and shelf.find(kind, name)]
    wrong = np.flatnonzero(~names.isin(known) & (names != ""))
    table.findings.add(
        "card",
        f"there is no such {kind} card",
        wrong,
        names.to_numpy(dtype=object),
        None,
        lambda value: shelf.advice(kind, str(value)),
    )


def server_cards(hosts: Table, shelf: Shelf) -> dict[str, ServerCard]:
    """Return the known server cards of the hosts, and put their PSU cards on the shelf."""
    cards: dict[str, ServerCard] = {}
    for name in pd.unique(hosts.frame["card"]):
        card = shelf.find("server", name) if name else None
        if isinstance(card, ServerCard):
            cards[name] = card
            if card.psu is not None:
                shelf.find("psu", card.psu)
    return cards


def fill_capacity(
    hosts: Table, resources: list[Resource], cards: dict[str, ServerCard]
) -> tuple[pd.DataFrame, list[str]]:
    """Return the hosts with whole-number capacity per resource, and the defaults used.

    The host's own column wins over its card. A host without devices has none of the device
    resource; any other amount that nobody states is reported.
    """
    frame, defaults = hosts.frame.copy(), []
    of_host = frame["card"]
    for resource in resources:
        on_card = {name: card.capacity.get(resource.name) for name, card in cards.items()}
        amount = of_host.map(on_card).to_numpy(dtype=float, na_value=np.nan)
        if resource.name in frame.columns:
            own = frame[resource.name].to_numpy(dtype=float)
            amount = np.where(np.isnan(own), amount, own)
        absent = np.isnan(amount) & of_host.isin(list(cards)).to_numpy()
        if resource.device_size is not None and absent.any():
            noun = "host" if absent.sum() == 1 else "hosts"
            defaults.append(f"{hosts.path.name}: {resource.name} = 0 on {absent.sum()} {noun}")
        elif absent.any():
            _report_absent(hosts, resource, absent)
        if resource.drives_power:
            bad = np.flatnonzero(amount == 0)
            hosts.findings.add(resource.name, "a host needs some of it", bad, amount, "at least 1")
        frame[resource.name] = np.nan_to_num(amount).astype(np.int64)
    return frame, defaults


def _report_absent(hosts: Table, resource: Resource, absent: np.ndarray) -> None:
    remedy = f"add the column {resource.name!r}, or 'capacity: {{{resource.name}: …}}' to the card"
    unit = f" [{resource.unit}]" if resource.unit else ""
    hosts.findings.add(
        resource.name,
        "neither the host nor its card says how much it offers",
        np.flatnonzero(absent),
        hosts.frame["card"].to_numpy(dtype=object),
        f"a whole number{unit}",
        remedy,
    )


def check_devices(
    hosts: Table, frame: pd.DataFrame, resource: Resource, cards: dict[str, ServerCard]
) -> None:
    """Report hosts that offer parts of devices, or more devices than their card has."""
    assert resource.device_size is not None
    amount, size = frame[resource.name].to_numpy(), resource.device_size
    odd = np.flatnonzero(amount % size)
    hosts.findings.add(
        resource.name, "is not a whole number of devices", odd, amount, f"a multiple of {size}"
    )
    counts = {name: card.gpus.count for name, card in cards.items() if card.gpus is not None}
    have = frame["card"].map(counts).to_numpy(dtype=float, na_value=np.nan)
    more = np.flatnonzero(amount > np.where(np.isnan(have), np.inf, have) * size)
    hosts.findings.add(
        resource.name,
        lambda row: f"the card {frame['card'][row]} has only {have[row]:.0f} GPUs",
        more,
        amount,
        f"{size} for each GPU",
    )


def check_workloads(
    table: Table,
    resources: list[Resource],
    services: Collection[str] | None,
    profiles: Collection[str] | None,
) -> None:
    """Report unknown services and profiles, and requests for parts of several devices."""
    if services is not None:
        refer_column(table, "service", set(services), "service")
    if profiles is None:
        named = table.frame["profile"] != ""
        _report(table, "profile", named, "the site has no demand table", "'tables: demand: …'")
    else:
        refer_column(table, "profile", set(profiles), "demand profile")
    for resource in resources:
        if resource.device_size is not None and resource.name in table.frame:
            amount = table.frame[resource.name].to_numpy()
            odd = (amount > resource.device_size) & (amount % resource.device_size != 0)
            expected = f"up to {resource.device_size}, or a multiple of it"
            what = "asks for a part of several devices"
            table.findings.add(resource.name, what, np.flatnonzero(odd), amount, expected)


def check_placement(
    table: Table, units: pd.DataFrame | None, components: pd.DataFrame, hosts: pd.DataFrame
) -> None:
    """Report workloads and hosts that do not exist, and workloads on hosts that are off."""
    refer_column(table, "host", names_in(hosts["name"]), "host")
    if units is not None:
        several = names_in(components.loc[components["replicas"] > 1, "name"])
        _check_placed(table, names_in(units["name"]), several)
    off = table.frame["host"].isin(names_in(hosts.loc[hosts["state"] == "off", "name"]))
    what = "a workload runs on a host that is off"
    _report(table, "host", off, what, "state 'on' in the hosts table, or another host")


def _check_placed(table: Table, units: set[str], several: set[str]) -> None:
    names = table.frame["workload"]
    whole = names.isin(several) & ~names.isin(units)
    table.findings.add(
        "workload", "has replicas, and each runs on a host of its own", np.flatnonzero(whole),
        names.to_numpy(dtype=object), None, lambda name: f"write {name}-1, {name}-2 …",
    )  # fmt: skip
    refer_column(table, "workload", units | several, "workload")


def check_needs(services: Table) -> None:
    """Report services that a service needs and that do not exist."""
    needs = services.frame["needs"]
    known = names_in(services.frame["name"])
    unknown = [[n for n in split_names(text) if n not in known] for text in needs]
    wrong = np.array([names[0] if names else "" for names in unknown], dtype=object)
    services.findings.add(
        "needs", "there is no such service", np.flatnonzero(wrong != ""), wrong, listed(known),
        lambda value: nearest(str(value), known),
    )  # fmt: skip


def split_names(text: str) -> list[str]:
    """Return the names in a cell written as ``a;b;c``."""
    return [name.strip() for name in text.split(";") if name.strip()]


def check_move_costs(table: Table, hosts: pd.DataFrame) -> None:
    """Report sources and targets of move costs that are neither a host nor a move class."""
    known = set(move_classes(hosts))
    for column in ("source", "target"):
        refer_column(table, column, known, "host or move class")


def move_classes(hosts: pd.DataFrame) -> pd.Series:
    """Return the move class of each host; its own name where none is given."""
    name = hosts["name"].astype(str)
    if "move_class" not in hosts.columns:
        return name
    given = hosts["move_class"].fillna("").astype(str)
    return given.where(given != "", name)


def check_profiles(table: Table) -> None:
    """Report demand profiles that lack some of the times that others have."""
    frame = table.frame
    count = frame.groupby("profile", sort=False)["time"].nunique()
    every = frame["time"].nunique()
    short = count[count < every]
    first = np.flatnonzero(~frame["profile"].duplicated() & frame["profile"].isin(short.index))
    names, times = frame["profile"], pd.unique(frame["time"])

    def what(row: int) -> str:
        """Return which times the series of a row lacks."""
        have = set(frame.loc[names == names[row], "time"])
        lacks = [str(time) for time in times if time not in have]
        more = f" and {len(lacks) - 1:,} more" if len(lacks) > 1 else ""
        return (
            f"has {count[names[row]]} of the {every} times in the table; {lacks[0]}{more} missing"
        )

    table.findings.add(
        "profile",
        what,
        first,
        names.to_numpy(dtype=object),
        "a value at every time for every profile",
        "add the missing rows, or remove the times that the others do not have",
    )


def check_weather(table: Table) -> None:
    """Report hours whose wet bulb is above the dry bulb."""
    above = table.frame["wet_bulb_c"] > table.frame["dry_bulb_c"] + 0.1
    _report(table, "wet_bulb_c", above, "is above the dry bulb", "at most dry_bulb_c")


def collect_labels(frame: pd.DataFrame, base: list[Labels] | None = None) -> Labels:
    """Return the values of each label key that occur in a table (and in ``base``)."""
    found: Labels = {}
    for labels in base or []:
        for key, values in labels.items():
            found.setdefault(key, set()).update(values)
    for text in pd.unique(frame["labels"]):
        try:
            labels_of_row = parse_labels(text)
        except ValueError:  # reported with its line already
            continue
        for key, value in labels_of_row.items():
            found.setdefault(key, set()).add(value)
    return found


def card_labels(cards: Collection[ServerCard]) -> list[Labels]:
    """Return the labels that server cards give their hosts."""
    models = [{"gpu_model": {card.gpus.model}} for card in cards if card.gpus is not None]
    own: list[Labels] = [{key: {value} for key, value in card.labels.items()} for card in cards]
    return own + models
