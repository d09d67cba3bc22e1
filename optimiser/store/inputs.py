"""``inputs/``: the site as it was read, complete with its cards, so that a run explains itself.

The folder is a site folder: ``dcopt plan RUN/inputs`` asks the same question again. Cards that
came from the library are written into ``site.yaml``, because the library may change later.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from optimiser.connect.yamltext import render, to_plain
from optimiser.schema.equipment import Card
from optimiser.schema.site import Site
from optimiser.schema.study import Study

INPUTS = "inputs"
_HEAD = ("# The site as this run read it; cards from the library are included.",)
_TABLE_FIELDS = (
    "hosts", "racks", "services", "workloads", "placement", "demand", "pdus", "move_costs",
)  # fmt: skip
_SERIES_FIELDS = ("weather", "price_per_kwh", "carbon_g_per_kwh")


def write_inputs(
    target: Path,
    site: Site,
    study: Study,
    cards: Mapping[tuple[str, str], Card],
    source: Path,
) -> None:
    """Write ``site.yaml``, ``study.yaml`` and every table that the site names into ``target``.

    ``cards`` are all cards in use, ``source`` is the folder the site was read from.
    """
    target.mkdir()
    names = _flat_names(_named_files(site, source))
    for name, flat in names.items():
        shutil.copyfile(source / name, target / flat)
    whole = _renamed(site, names).model_copy(update={"equipment": _sorted_cards(cards)})
    whole = Site.model_validate(to_plain(whole))
    alone = study.model_copy(update={"site": "."})
    _write_text(target / "site.yaml", render(to_plain(whole), {}, _HEAD))
    _write_text(target / "study.yaml", render(_all_fields(alone), {}, ()))


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _all_fields(study: Study) -> dict[str, object]:
    """Return the study with its defaults, which a later version may change."""
    plain = study.model_dump(mode="json", exclude_none=True)
    return {**plain, "policies": to_plain(list(study.policies))}


def _sorted_cards(cards: Mapping[tuple[str, str], Card]) -> list[Card]:
    return [cards[key] for key in sorted(cards)]


def _named_files(site: Site, source: Path) -> list[str]:
    """Return the names of the tables and series that exist (an optional default may not)."""
    tables = (getattr(site.tables, field) for field in _TABLE_FIELDS)
    series = (getattr(site.environment, field) for field in _SERIES_FIELDS)
    names = dict.fromkeys(name for name in (*tables, *series) if isinstance(name, str))
    return [name for name in names if (source / name).is_file()]


def _flat_names(names: Iterable[str]) -> dict[str, str]:
    """Return a file name without folders for each name; equal ones are numbered."""
    flat: dict[str, str] = {}
    for name in names:
        base, taken = Path(name).name, set(flat.values())
        while base in taken:
            base = f"x-{base}"
        flat[name] = base
    return flat


def _renamed(site: Site, names: Mapping[str, str]) -> Site:
    def flat(document: object, fields: Iterable[str]) -> dict[str, object]:
        values = {field: getattr(document, field) for field in fields}
        return {field: names.get(value, value) for field, value in values.items()}  # type: ignore[call-overload]

    tables = site.tables.model_copy(update=flat(site.tables, _TABLE_FIELDS))
    if tables.placement not in names.values():  # a default name where there is no such table
        tables = tables.model_copy(update={"placement": None})
    environment = site.environment.model_copy(update=flat(site.environment, _SERIES_FIELDS))
    return site.model_copy(update={"tables": tables, "environment": environment})
