"""The page of the twin's variables, made from a twin itself."""

from __future__ import annotations

from typing import Any

INTRO = (
    "The site in memory, and `twin.nc` in a run folder: one labelled xarray Dataset. Relations, "
    "such as the rack of a host, are integer indices, −1 for none. Sites without a power chain "
    "have `pdu`, `ups` and `feed` of size 0, sites without cooling `zone`. Sizes are those of the "
    "bundled site `small`."
)


def twin_page() -> str:
    """Return the page: dimensions with their sizes, then variables by their first dimension."""
    from optimiser.library.catalogue import site_folder
    from optimiser.workflow.loading import load

    twin = load(site_folder("small")).twin
    sizes = [f"| `{dim}` | {size:,} |" for dim, size in twin.sizes.items()]
    parts = ["# The twin", INTRO, "\n".join(["| dimension | size |", "|---|---|", *sizes])]
    for dim in twin.sizes:
        names = [n for n, v in twin.variables.items() if v.dims and v.dims[0] == dim and n != dim]
        if names:
            head = ["| variable | dimensions | unit | meaning |", "|---|---|---|---|"]
            rows = [_row(str(name), twin[name]) for name in names]
            parts += [f"## By {dim}", "\n".join([*head, *rows])]
    told = ", ".join(f"`{name}`" for name in twin.attrs)
    return "\n\n".join([*parts, f"Attributes: {told}."]) + "\n"


def _row(name: str, variable: Any) -> str:
    told = str(variable.attrs.get("units", ""))
    unit = "–" if told in ("", "1") else told
    dims = ", ".join(str(dim) for dim in variable.dims)
    return f"| `{name}` | {dims} | {unit} | {variable.attrs.get('long_name', '')} |"
