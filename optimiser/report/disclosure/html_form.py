"""The disclosure as one page that opens offline, without any script."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from optimiser.report.disclosure import view
from optimiser.report.disclosure.json_form import digest_of
from optimiser.report.disclosure.table import Disclosure
from optimiser.report.html import tie


def to_html(disclosure: Disclosure) -> bytes:
    """Return the page; all text of the data is escaped, and nothing in it runs."""
    template = environment().get_template("disclosure.html.j2")
    return template.render(**view.page(disclosure, digest_of(disclosure))).encode()


@cache
def environment() -> Environment:
    """Return the template environment; text is escaped and nothing may be undefined."""
    env = Environment(
        loader=PackageLoader("optimiser.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters["tie"] = tie
    return env
