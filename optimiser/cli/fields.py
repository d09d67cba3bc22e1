"""Field pages made from the schema documents: name, form, default, limits, description."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from optimiser.schema.capacity import CAPACITY_TABLES
from optimiser.schema.descriptions import described_schema
from optimiser.schema.disclosed import REPORTING_TABLES
from optimiser.schema.meter import METERS
from optimiser.schema.roles import ROLES, Role
from optimiser.schema.tables import Column, TableSpec

Schema = Mapping[str, Any]
_LIMITS = {
    "minimum": "≥ {}", "exclusiveMinimum": "> {}", "maximum": "≤ {}", "exclusiveMaximum": "< {}",
    "minItems": "at least {} items", "maxItems": "at most {} items", "pattern": "matches `{}`",
}  # fmt: skip
_WORDS = {"string": "text", "integer": "whole number", "boolean": "yes or no", "null": "nothing"}


def document_page(
    title: str, intro: str, model: type[BaseModel], elsewhere: Mapping[str, str] | None = None
) -> str:
    """Return the page of a document with a section for every model it is made of.

    ``elsewhere`` maps models to the page that has their section; they are linked, not repeated.
    """
    elsewhere, schema = elsewhere or {}, described_schema(model)
    parts = {model.__name__: schema, **schema.get("$defs", {})}
    own = {name: part for name, part in parts.items() if name not in elsewhere}
    sections = [_section(name, part) for name, part in own.items() if "properties" in part]
    text = "\n\n".join([f"# {title}", intro, *sections]) + "\n"
    for name, page in elsewhere.items():
        text = text.replace(f"](#{name.lower()})", f"]({page}#{name.lower()})")
    return text


def models_of(model: type[BaseModel]) -> list[str]:
    """Return the names of the models that a document is made of, itself left out."""
    return list(model.model_json_schema().get("$defs", {}))


def _section(name: str, schema: Schema) -> str:
    required = schema.get("required", [])
    rows = [_row(field, form, field in required) for field, form in schema["properties"].items()]
    text = " ".join(str(schema.get("description", "")).split())
    head = "| field | form | default | meaning |\n|---|---|---|---|"
    return "\n".join([f"## {name}", "", text, "", head, *rows])


def _row(field: str, form: Schema, required: bool) -> str:
    default = "**required**" if required else _default(form.get("default"))
    text = " ".join(str(form.get("description", "")).split())
    return f"| `{field}` | {_cell(_form(form))} | {_cell(default)} | {_cell(text)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _default(value: Any) -> str:
    if value is None or value in ("", [], {}):
        return ""
    return "see there" if isinstance(value, (dict, list)) else f"`{value}`"


def _form(form: Schema) -> str:
    limits = [text.format(form[key]) for key, text in _LIMITS.items() if key in form]
    return ", ".join([_kind(form), *limits])


def _kind(form: Schema) -> str:
    if "$ref" in form:
        name = str(form["$ref"]).rsplit("/", 1)[-1]
        return f"[{name}](#{name.lower()})"
    if "const" in form:
        return f"`{form['const']}`"
    if "enum" in form:
        return "one of " + ", ".join(f"`{value}`" for value in form["enum"])
    for key in ("anyOf", "oneOf", "allOf"):
        if key in form:
            kinds = dict.fromkeys(_form(one) for one in form[key] if one.get("type") != "null")
            return " or ".join(kinds)
    return _plain_kind(form)


def _plain_kind(form: Schema) -> str:
    kind = str(form.get("type", "any value"))
    if kind == "array":
        return f"list of {_form(form['items'])}" if "items" in form else "list"
    if kind == "object":
        values = form.get("additionalProperties")
        return f"mapping to {_form(values)}" if isinstance(values, Mapping) else "mapping"
    times = {"date-time": "date and time", "date": "date"}
    return times.get(str(form.get("format")), _WORDS.get(kind, kind))


def tables_page(tables: Mapping[str, TableSpec]) -> str:
    """Return the page of the tables beside ``site.yaml``."""
    intro = (
        "CSV in UTF-8 with a header line, or Parquet with the same columns. `site.yaml` names the "
        "files. Columns may stand in any order; unknown ones are refused."
    )
    return "\n\n".join(["# Tables", intro, *(_table(t) for t in tables.values())]) + "\n"


def reporting_tables_page() -> str:
    """Return the page of the tables beside ``reporting.yaml``, with the vocabulary of roles."""
    tables = [METERS, *REPORTING_TABLES.values(), *CAPACITY_TABLES.values()]
    intro = "`reporting.yaml` names the files; the same rules hold as for the tables of a site."
    head = "| role | unit | averaged or added | meaning |\n|---|---|---|---|"
    rows = [
        f"| `{role.name}` | {role.unit} | {'added' if role.is_amount else _averaged(role)} "
        f"| {_cell(role.description)} |"
        for role in ROLES.values()
    ]
    roles = "\n".join(["## Roles", "", "What a series measures.", "", head, *rows])
    return "\n\n".join(["# Tables of reporting", intro, *map(_table, tables), roles]) + "\n"


def _averaged(role: Role) -> str:
    return f"averaged, by `{role.weight}`" if role.weight else "averaged"


def _table(table: TableSpec) -> str:
    head = "| column | form | unit | default | meaning |\n|---|---|---|---|---|"
    key = ", ".join(f"`{name}`" for name in table.key)
    title = f"## {table.name}\n\n{table.description} One row per {key}."
    return "\n".join([title, "", head, *_columns(table)])


def _columns(table: TableSpec) -> Iterator[str]:
    for column in table.columns:
        yield _column(f"`{column.name}`", column, column.description)
    for form in table.per_resource:
        name = form.name.format("*each resource*")
        yield _column(name, form, form.description.format("the resource"))


def _column(name: str, column: Column, text: str) -> str:
    kind: str = column.kind
    if column.choices:
        kind = "one of " + ", ".join(f"`{choice}`" for choice in column.choices)
    limits = [f"≥ {column.minimum:g}"] if column.minimum is not None else []
    limits += [f"≤ {column.maximum:g}"] if column.maximum is not None else []
    default = "**required**" if column.required else _default(column.default)
    form = ", ".join([kind, *limits])
    return f"| {name} | {_cell(form)} | {column.unit} | {default} | {_cell(text)} |"
