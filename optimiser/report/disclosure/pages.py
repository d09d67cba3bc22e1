"""Pages of the assurance pack: boundary statement with its diagram, sign-off."""

from __future__ import annotations

from collections.abc import Iterable

from optimiser.report.disclosure.html_form import environment
from optimiser.report.disclosure.plain import Cell, plain_text
from optimiser.report.disclosure.shown import shown
from optimiser.report.disclosure.table import Disclosure

_SIDES = (("source", "into"), ("use", "within"), ("export", "out"))


def boundary_page(disclosure: Disclosure, digest: str) -> bytes:
    """Return the boundary statement and a diagram of what crosses it."""
    sides = {side: list(_flows(disclosure, side)) for side, _ in _SIDES}
    template = environment().get_template("disclosure_boundary.html.j2")
    return template.render(disclosure=disclosure, digest=digest, sides=sides).encode()


def sign_off_page(disclosure: Disclosure, digest: str, preparer: str, reviewer: str) -> bytes:
    """Return the page that preparer and reviewer sign."""
    template = environment().get_template("disclosure_sign_off.html.j2")
    names = [("Prepared by", plain_text(preparer)), ("Reviewed by", plain_text(reviewer))]
    findings = [f for f in disclosure.findings if f.level.value == "failure"]
    return template.render(
        disclosure=disclosure, digest=digest, signers=names, failures=findings
    ).encode()


def _flows(disclosure: Disclosure, side: str) -> Iterable[tuple[str, str]]:
    """Yield role and amount of one side of the first energy balance."""
    known = {output.name: output for output in disclosure.outputs}
    tables = known["energy_balance"].tables if "energy_balance" in known else ()
    for table in tables[:1]:
        for row in table.rows:
            cells: dict[str, Cell] = dict(
                zip([column.name for column in table.columns], row, strict=True)
            )
            if cells["side"] == side:
                amount = f"{shown(cells['value'])} {cells['unit']}"
                told = amount if cells["value"] is not None else str(cells["reason"])
                yield str(cells["role"]), told
